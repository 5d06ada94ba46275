//! What is asked for, what waits for an acknowledgement, and what is too old: RFC 2328 sections 10.9, 13.3, 13.6 and 14.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::ospf::database::MAX_AGE;
use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::wire::{Body, LsType, Packet};
use l2tpspec_protocol::ospf::{Event, External, InterfaceId, Ospf, Unit};
use l2tpspec_protocol::time::Instant;

use super::forge::{external, full, hear_lsas, id, known, lsa, sent, updates};
use super::{LAN, LINK, OTHER, assert_learnt, other_up, router, routers, run, states, up};
use crate::support::pair::{Pair, Side};

/// When the neighbour of the left router on an interface became Full.
fn full_since(pair: &Pair<Ospf>, on: InterfaceId) -> Option<Instant> {
    pair.left.events.iter().find_map(|(moment, event)| match event {
        Event::Neighbor { interface, to: State::Full, .. } if *interface == on => Some(*moment),
        _ => None,
    })
}

/// RFC 2328 section 13.3 step 1b: an instance older than the one that was described does not satisfy the request for it, and the
/// request comes again after `RxmtInterval`.
#[test]
fn an_older_instance_than_the_one_described_is_no_answer() {
    let mut pair = routers();
    pair.link = Box::new(|side, _, mut unit| {
        if side == Side::Right
            && let Ok(mut packet) = Packet::decode_all(&unit.octets)
            && let Body::DatabaseDescription(description) = &mut packet.body
        {
            for header in &mut description.lsa_headers {
                header.ls_sequence_number += 1;
            }
            unit.octets = packet.to_octets().expect("it fits");
        }
        vec![(Duration::ZERO, unit)]
    });
    up(&mut pair, |_, _| {});
    run(&mut pair, 30);
    let is_full = |(_, event): &(_, Event)| matches!(event, Event::Neighbor { to: State::Full, .. });
    assert!(!pair.left.events.iter().any(is_full), "what was described has not come");
    let mut requests = pair.left.sent.iter().filter(|(_, unit)| unit.octets[1] == 3);
    let [first, second] = [requests.next(), requests.next()].map(|it| it.expect("a request").0);
    assert_eq!(second.since(first), Duration::from_secs(5));
}

/// OSPF-2328-10.9-a: one request at a time is under way, though the exchange ends meanwhile.
#[test]
fn what_was_asked_for_is_not_asked_for_again_when_loading_begins() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 30);
    for end in [&pair.left, &pair.right] {
        let requests = end.sent.iter().filter(|(_, unit)| unit.octets[1] == 3).count();
        assert_eq!(requests, 1, "all that is missing fits one request");
    }
}

/// OSPF-2328-13.6-a: an update that is not acknowledged comes again `RxmtInterval` after it was sent, not sooner, though another
/// was sent before it.
#[test]
fn each_update_is_repeated_by_its_own_time() {
    let mut pair = full();
    let silent = Rc::new(RefCell::new(true));
    let is_silent = Rc::clone(&silent);
    pair.link = Box::new(move |side, _, unit: Unit| {
        let is_lost = side == Side::Right && unit.octets[1] == 5 && *is_silent.borrow();
        if is_lost { Vec::new() } else { vec![(Duration::ZERO, unit)] }
    });
    let claim = |last: u8| {
        let network = Ipv4Addr::new(10, last, 0, 0);
        lsa(LsType::AsExternal, network, 1, 0x8000_0007, 5, external(1, true, Ipv4Addr::UNSPECIFIED))
    };
    let begun = pair.left.sent.len();
    hear_lsas(&mut pair, vec![claim(81)]);
    pair.run(Duration::from_secs(3));
    hear_lsas(&mut pair, vec![claim(82)]);
    pair.run(Duration::from_secs(7));
    for last in [81, 82] {
        let times: Vec<_> = pair.left.sent[begun..]
            .iter()
            .filter(|(_, unit)| {
                let Ok(Packet { body: Body::LinkStateUpdate(update), .. }) = Packet::decode_all(&unit.octets)
                else {
                    return false;
                };
                update.lsas.iter().any(|lsa| lsa.header.link_state_id == Ipv4Addr::new(10, last, 0, 0))
            })
            .map(|(moment, _)| *moment)
            .collect();
        assert!(times.len() >= 2, "{last} comes again: {times:?}");
        assert_eq!(times[1].since(times[0]), Duration::from_secs(5), "{last}");
    }
    *silent.borrow_mut() = false;
}

/// OSPF-2328-10.9-a: of more than one packet's worth the next is asked for as soon as what was asked for has come, and nothing
/// twice.
#[test]
fn a_long_list_is_asked_for_packet_by_packet() {
    let outside = |number: u8| External {
        network: Ipv4Addr::new(10, 200, number, 0),
        length: 24,
        cost: 1,
        is_type_2: false,
    };
    let externals: Vec<External> = (0..=u8::MAX).map(outside).collect();
    let mut pair = Pair::new(router(1, vec![LAN], Vec::new()), router(2, Vec::new(), externals));
    up(&mut pair, |_, _| {});
    run(&mut pair, 30);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    let requests: Vec<_> = sent(&pair.left, 0)
        .filter_map(|(moment, _, body)| match body {
            Body::LinkStateRequest(request) => Some((moment, request.entries)),
            _ => None,
        })
        .collect();
    assert!(requests.len() > 2, "{} requests", requests.len());
    for pair in requests.windows(2) {
        let gap = pair[1].0.since(pair[0].0);
        assert_eq!(gap, Duration::from_millis(20), "there and back, and no longer");
    }
    let asked: Vec<_> = requests.iter().flat_map(|(_, entries)| entries).collect();
    let keys: BTreeSet<_> =
        asked.iter().map(|entry| (entry.ls_type, entry.link_state_id, entry.advertising_router)).collect();
    assert_eq!((asked.len(), keys.len()), (257, 257), "the router-LSA and 256 networks, each once");
}

/// OSPF-2328-10.9-a: of a request that was answered in part the rest is asked for again, `RxmtInterval` after it was sent.
#[test]
fn what_has_not_come_is_asked_for_again() {
    let mut pair = routers();
    let is_lost = Rc::new(Cell::new(false));
    pair.link = Box::new(move |side, _, mut unit: Unit| {
        if side == Side::Right
            && !is_lost.get()
            && let Ok(mut packet) = Packet::decode_all(&unit.octets)
            && let Body::LinkStateUpdate(update) = &mut packet.body
        {
            is_lost.set(true);
            update.lsas.retain(|lsa| lsa.header.ls_type != LsType::AsExternal);
            unit.octets = packet.to_octets().expect("it fits");
        }
        vec![(Duration::ZERO, unit)]
    });
    up(&mut pair, |_, _| {});
    run(&mut pair, 30);
    let requests: Vec<(Instant, Vec<u32>)> = sent(&pair.left, 0)
        .filter_map(|(moment, _, body)| match body {
            Body::LinkStateRequest(request) => {
                Some((moment, request.entries.iter().map(|entry| entry.ls_type).collect()))
            }
            _ => None,
        })
        .collect();
    let [(first, all), (second, rest)] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((&all[..], &rest[..]), (&[1, 5][..], &[5][..]));
    assert_eq!(second.since(*first), Duration::from_secs(5));
    assert_learnt(&mut pair);
}

/// RFC 2328 section 13.3 step 1b: what another neighbour brings meanwhile need not be asked for any more; who owes nothing else is
/// Full at once.
#[test]
fn what_another_neighbour_brings_is_not_waited_for() {
    let mut pair = routers();
    pair.link = Box::new(|side, _, unit: Unit| {
        let is_lost = side == Side::Right && unit.interface == OTHER && unit.octets[1] == 4;
        if is_lost { Vec::new() } else { vec![(Duration::ZERO, unit)] }
    });
    up(&mut pair, |_, _| {});
    other_up(&mut pair, |_| {});
    run(&mut pair, 30);
    let [one, other] = [LINK, OTHER].map(|link| full_since(&pair, link).expect("Full"));
    assert_eq!(other.since(one), Duration::ZERO, "{one} {other}");
}

/// OSPF-2328-14-a: an LSA of `MaxAge` stays until it is acknowledged, leads nowhere meanwhile, is not described to a new neighbour
/// but sent to it (section 10.3), stays while that neighbour is in Exchange or Loading, and goes then.
#[test]
fn what_is_too_old_stays_until_everybody_knows() {
    let mut pair = full();
    let is_deaf = Rc::new(RefCell::new(true));
    let deaf = Rc::clone(&is_deaf);
    pair.link = Box::new(move |side, _, unit: Unit| {
        let is_lost = side == Side::Right && unit.octets[1] == 5 && *deaf.borrow();
        if is_lost { Vec::new() } else { vec![(Duration::ZERO, unit)] }
    });
    let network = Ipv4Addr::new(10, 81, 0, 0);
    let claimed =
        lsa(LsType::AsExternal, network, 1, 0x8000_0007, 5, external(1, true, Ipv4Addr::UNSPECIFIED));
    // It is said to be ours, so that it is flushed.
    hear_lsas(&mut pair, vec![claimed]);
    let begun = pair.left.sent.len();
    run(&mut pair, 2);
    let old = |pair: &Pair<Ospf>| known(&pair.left, pair.now, LsType::AsExternal, network);
    assert_eq!(old(&pair), Some((0x8000_0007, MAX_AGE)), "nobody has acknowledged it");
    other_up(&mut pair, |_| {});
    let is_full = |pair: &Pair<Ospf>| full_since(pair, OTHER).is_some();
    while !is_full(&pair) {
        assert_eq!(old(&pair), Some((0x8000_0007, MAX_AGE)));
        pair.run(Duration::from_millis(1));
    }
    let described = sent(&pair.left, begun).any(|(_, _, body)| match body {
        Body::DatabaseDescription(description) => {
            description.lsa_headers.iter().any(|header| header.link_state_id == network)
        }
        _ => false,
    });
    assert!(!described, "it is not described");
    let is_sent = |(_, unit, lsa): &(Instant, Unit, l2tpspec_protocol::ospf::wire::Lsa)| {
        unit.interface == OTHER && lsa.header.link_state_id == network && lsa.header.ls_age == MAX_AGE
    };
    assert!(updates(&pair.left, begun).iter().any(is_sent), "but sent");
    *is_deaf.borrow_mut() = false;
    run(&mut pair, 10);
    assert_eq!(old(&pair), None);
    assert_eq!(known(&pair.right, pair.now, LsType::AsExternal, network), None);
    assert!(known(&pair.left, pair.now, LsType::Router, id(2)).is_some());
}
