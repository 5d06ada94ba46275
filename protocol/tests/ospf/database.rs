//! What a database makes of LSAs that two well-behaved routers would not send, and the ways through it.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::layer::Input;
use l2tpspec_protocol::ospf::database::MAX_AGE;
use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::wire::{
    AsExternalLsa, Authentication, Body, ExternalRoute, LinkStateUpdate, LinkType, LsType, Lsa, LsaBody,
    LsaHeader, NetworkLsa, Options, Packet, RouterLink, RouterLsa, SummaryLsa,
};
use l2tpspec_protocol::ospf::{
    Authenticates, Command, Event, InterfaceConfig, Ospf, PathType, Unit, Violation,
};

use super::{LEFT, LINK, RIGHT, assert_learnt, own_key, router, routers, run, states, up};
use crate::support::pair::{Pair, Side};

/// `AllSPFRouters`.
const ALL: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 5);

const fn id(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(1, 1, 1, last)
}

fn lsa(ls_type: LsType, link_state_id: Ipv4Addr, by: u8, sequence: u32, ls_age: u16, body: LsaBody) -> Lsa {
    let header = LsaHeader {
        ls_age,
        options: Options(Options::E),
        ls_type,
        link_state_id,
        advertising_router: id(by),
        ls_sequence_number: sequence,
        ls_checksum: 0,
        length: 0,
    };
    Lsa { header, body }.with_checksum()
}

fn packet(body: Body) -> Vec<u8> {
    let authentication = Authentication::Null([0; 8]);
    let (router_id, area_id) = (id(2), Ipv4Addr::UNSPECIFIED);
    let packet = Packet { version: 2, router_id, area_id, authentication, body, lls: Vec::new() };
    packet.to_octets().expect("it fits")
}

/// Lets the left router hear something in the name of the right one.
fn hear(pair: &mut Pair<Ospf>, destination: Ipv4Addr, octets: Vec<u8>) {
    pair.input(Side::Left, Input::FromBelow(Unit { interface: LINK, source: RIGHT, destination, octets }));
}

fn hear_lsas(pair: &mut Pair<Ospf>, lsas: Vec<Lsa>) {
    hear(pair, ALL, packet(Body::LinkStateUpdate(LinkStateUpdate { lsas })));
}

fn link(link_type: LinkType, link_id: Ipv4Addr, link_data: Ipv4Addr, metric: u16) -> RouterLink {
    RouterLink { link_id, link_data, link_type, metric, tos_metrics: Vec::new() }
}

fn routing(links: Vec<RouterLink>) -> LsaBody {
    LsaBody::Router(RouterLsa { flags: 0, reserved: 0, links })
}

fn external(metric: u32, is_type_2: bool, forwarding_address: Ipv4Addr) -> LsaBody {
    let route = ExternalRoute { is_type_2, tos: 0, metric, forwarding_address, external_route_tag: 0 };
    LsaBody::AsExternal(AsExternalLsa {
        network_mask: Ipv4Addr::new(255, 255, 0, 0),
        route,
        tos_routes: Vec::new(),
    })
}

fn full() -> Pair<Ospf> {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 30);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    pair
}

fn violations(pair: &Pair<Ospf>) -> Vec<Violation> {
    let all = pair.left.events.iter();
    all.filter_map(|(_, event)| match event {
        Event::Rejected { violation, .. } => Some(*violation),
        _ => None,
    })
    .collect()
}

/// RFC 2328 sections 16.1 to 16.4, over an area of three routers: the left one, the right one at cost 10, and a third behind a
/// network with many routers, at the border of the area and of the system.
#[test]
fn ways_lead_over_networks_into_other_areas_and_outside() {
    let mut pair = full();
    let (net, third) = (|a, b| Ipv4Addr::new(a, b, 0, 0), id(3));
    let mask = Ipv4Addr::new(255, 255, 0, 0);
    let (dr, far) = (Ipv4Addr::new(10, 9, 0, 1), Ipv4Addr::new(10, 9, 0, 99));
    let any = Ipv4Addr::UNSPECIFIED;
    let summary = |metric| {
        LsaBody::Summary(SummaryLsa { network_mask: mask, reserved: 0, metric, tos_metrics: Vec::new() })
    };
    let first = 0x8000_0001;
    let to_left = link(LinkType::PointToPoint, id(1), RIGHT, 10);
    let to_network = |own, metric| link(LinkType::Transit, dr, own, metric);
    let stub = link(LinkType::Stub, net(172, 16), mask, 1);
    hear_lsas(
        &mut pair,
        vec![
            lsa(
                LsType::Router,
                id(2),
                2,
                0x8000_0100,
                0,
                routing(vec![to_left, to_network(Ipv4Addr::new(10, 9, 0, 2), 3)]),
            ),
            lsa(LsType::Router, third, 3, first, 0, routing(vec![to_network(dr, 40), stub])),
            lsa(
                LsType::Network,
                dr,
                3,
                first,
                0,
                LsaBody::Network(NetworkLsa {
                    network_mask: Ipv4Addr::new(255, 255, 255, 0),
                    attached_routers: vec![id(2), third],
                }),
            ),
            lsa(LsType::SummaryNetwork, net(10, 50), 3, first, 0, summary(4)),
            lsa(LsType::SummaryNetwork, net(10, 51), 3, first, 0, summary(0x00ff_ffff)),
            // A border of the system in another area, known by a summary.
            lsa(LsType::SummaryBoundaryRouter, id(4), 3, first, 0, summary(6)),
            lsa(LsType::AsExternal, net(10, 60), 4, first, 0, external(5, false, any)),
            // Datagrams go straight to a neighbour of the third router.
            lsa(LsType::AsExternal, net(10, 61), 3, first, 0, external(5, false, far)),
            // Nobody knows the way to where they should go.
            lsa(LsType::AsExternal, net(10, 62), 3, first, 0, external(5, false, Ipv4Addr::new(9, 9, 9, 9))),
            // The first type is better than the second, however dear it is.
            lsa(LsType::AsExternal, net(10, 63), 3, first, 0, external(1, true, any)),
            lsa(LsType::AsExternal, net(10, 63), 2, first, 0, external(900, false, any)),
            // Inside is better than outside.
            lsa(LsType::AsExternal, net(10, 50), 2, first, 0, external(1, false, any)),
            // Who says so is not to be found.
            lsa(LsType::AsExternal, net(10, 64), 9, first, 0, external(1, true, any)),
        ],
    );
    let ways = pair.left.layer.routes();
    let found: Vec<_> = ways.iter().map(|way| (way.network, way.length, way.kind, way.cost)).collect();
    let outside = (any, 0, PathType::External2, 3);
    let expected = [
        outside,
        (Ipv4Addr::new(10, 9, 0, 0), 24, PathType::IntraArea, 13),
        (net(10, 50), 16, PathType::InterArea, 17),
        (net(10, 60), 16, PathType::External1, 13 + 6 + 5),
        (net(10, 61), 16, PathType::External1, 13 + 5),
        (net(10, 63), 16, PathType::External1, 10 + 900),
        (net(172, 16), 16, PathType::IntraArea, 14),
    ];
    assert_eq!(found, expected);
}

/// OSPF-2328-12.4-a, OSPF-2328-13.4-a: an LSA of ours that comes back newer, and old enough to be renewed, within
/// `MinLSInterval` of its origination is outbid as soon as that is over, once.
#[test]
fn an_old_lsa_of_ours_that_comes_back_soon_is_outbid_once() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    while states(&mut pair) != [State::Full; 2] {
        pair.run(Duration::from_millis(100));
    }
    pair.run(Duration::from_millis(1500));
    let sent = pair.left.sent.len();
    let claimed = 0x8000_0050;
    hear_lsas(&mut pair, vec![lsa(LsType::Router, id(1), 1, claimed, 1900, routing(Vec::new()))]);
    run(&mut pair, 20);
    let now = pair.now;
    let own = pair.left.layer.database(now).find(|(key, _, _)| *key == own_key()).expect("ours");
    assert_eq!(own.1, claimed + 1);
    assert!(own.2 < 20, "{} s old", own.2);
    assert!(pair.left.sent.len() - sent < 12, "{} packets", pair.left.sent.len() - sent);
    assert_learnt(&mut pair);
}

/// OSPF-2328-13.4-a, OSPF-2328-14-a: what we are said to have said, and do not want to say, is flushed and forgotten.
#[test]
fn an_lsa_of_ours_that_we_do_not_want_is_flushed() {
    let mut pair = full();
    let network = Ipv4Addr::new(10, 77, 0, 0);
    let claimed =
        lsa(LsType::AsExternal, network, 1, 0x8000_0007, 5, external(1, true, Ipv4Addr::UNSPECIFIED));
    hear_lsas(&mut pair, vec![claimed]);
    let is_flush = |unit: &Unit| {
        let Ok(Packet { body: Body::LinkStateUpdate(update), .. }) = Packet::decode_all(&unit.octets) else {
            return false;
        };
        update.lsas.iter().any(|lsa| lsa.header.link_state_id == network && lsa.header.ls_age == MAX_AGE)
    };
    assert!(pair.left.sent.iter().any(|(_, unit)| is_flush(unit)), "it is said to be too old");
    run(&mut pair, 20);
    let now = pair.now;
    for end in [&pair.left, &pair.right] {
        assert!(!end.layer.database(now).any(|(key, ..)| key.link_state_id == network), "it is gone");
    }
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

/// OSPF-2328-8.2-a: a packet for somebody else, and one of a type that is not known.
#[test]
fn packets_for_others_and_of_unknown_types_are_set_aside() {
    let mut pair = full();
    let hello = pair.right.sent.iter().rev().map(|(_, unit)| unit).find(|unit| unit.octets[1] == 1);
    let hello = hello.expect("a Hello").octets.clone();
    let before = violations(&pair).len();
    hear(&mut pair, LEFT, hello.clone());
    hear(&mut pair, ALL, hello.clone());
    assert_eq!(violations(&pair).len(), before, "to us, and to all");
    let others = Ipv4Addr::new(224, 0, 0, 6);
    hear(&mut pair, others, hello);
    hear(&mut pair, ALL, packet(Body::Unknown { packet_type: 9, octets: vec![1, 2, 3, 4] }));
    assert_eq!(violations(&pair)[before..], [Violation::Destination(others), Violation::PacketType(9)]);
    assert_eq!(states(&mut pair), [State::Full; 2]);
}

/// OSPF-2328-D.4.3-a: an interface that comes back within the life of its router goes on with its cryptographic sequence numbers,
/// so that the neighbour does not take them for replayed.
#[test]
fn cryptographic_sequence_numbers_outlive_the_interface() {
    let mut pair = Pair::new(router(1, Vec::new(), Vec::new()), router(2, Vec::new(), Vec::new()));
    let authentication = Authenticates::Md5 { key_id: 1, key: b"mesh".to_vec() };
    up(&mut pair, |_, config| config.authentication = authentication.clone());
    run(&mut pair, 60);
    pair.command(Side::Left, Command::InterfaceDown { interface: LINK });
    let config = InterfaceConfig { authentication, ..InterfaceConfig::new(LEFT, RIGHT, 1400) };
    pair.command(Side::Left, Command::InterfaceUp { interface: LINK, config });
    run(&mut pair, 15);
    let is_replayed =
        |(_, event): &(_, Event)| matches!(event, Event::Rejected { violation: Violation::Replayed, .. });
    assert!(!pair.right.events.iter().any(is_replayed));
    assert_eq!(states(&mut pair), [State::Full; 2]);
}
