//! LSAs that are said to be our own: RFC 2328 sections 12.4 and 13.4.

use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::ospf::database::MAX_AGE;
use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::wire::{Body, LsType, LsaBody, NetworkLsa, Packet};
use l2tpspec_protocol::ospf::{Unit, Violation};

use super::forge::{external, full, hear_lsas, id, known, lsa, routing, updates, violations};
use super::{LEFT, assert_learnt, own_key, routers, run, states, up};

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

/// OSPF-2328-13.4-a: whoever lets an LSA of ours grow too old is outbid by the number after his, though `MinLSInterval` is not
/// over when it comes.
#[test]
fn an_lsa_of_ours_that_was_flushed_is_said_again_under_the_next_number() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    while states(&mut pair) != [State::Full; 2] {
        pair.run(Duration::from_millis(100));
    }
    let claimed = 0x8000_0050;
    hear_lsas(&mut pair, vec![lsa(LsType::Router, id(1), 1, claimed, MAX_AGE, routing(Vec::new()))]);
    let at_once = known(&pair.left, pair.now, LsType::Router, id(1));
    assert_eq!(at_once, Some((claimed, MAX_AGE)), "it is kept until it is outbid");
    run(&mut pair, 20);
    for end in [&pair.left, &pair.right] {
        let (sequence, age) = known(end, pair.now, LsType::Router, id(1)).expect("the router-LSA");
        assert_eq!(sequence, claimed + 1);
        assert!(age < 20, "{age} s old");
    }
    assert_learnt(&mut pair);
}

/// OSPF-2328-13-c: `MinLSArrival` counts from what was received; what we have said ourselves a moment ago may be contradicted.
#[test]
fn what_we_said_a_moment_ago_may_be_contradicted() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    while states(&mut pair)[0] != State::Full {
        pair.run(Duration::from_millis(1));
    }
    let (_, age) = known(&pair.left, pair.now, LsType::Router, id(1)).expect("our router-LSA");
    assert_eq!(age, 0, "originated when the neighbour was Full");
    let said = |sequence| lsa(LsType::Router, id(1), 1, sequence, 1, routing(Vec::new()));
    hear_lsas(&mut pair, vec![said(0x8000_0050)]);
    assert_eq!(violations(&pair), []);
    hear_lsas(&mut pair, vec![said(0x8000_0060)]);
    assert_eq!(violations(&pair), [Violation::TooSoon], "what came a moment ago may not");
    run(&mut pair, 20);
    assert_eq!(
        known(&pair.right, pair.now, LsType::Router, id(1)).map(|(sequence, _)| sequence),
        Some(0x8000_0051)
    );
}

/// RFC 2328 section 13.4: a network-LSA whose Link State ID is one of our addresses is ours to flush, under whichever name it was
/// originated; we are nobody's designated router.
#[test]
fn a_network_lsa_with_our_address_is_flushed() {
    let mut pair = full();
    let begun = pair.left.sent.len();
    let network = |address| {
        let body =
            NetworkLsa { network_mask: Ipv4Addr::new(255, 255, 255, 0), attached_routers: vec![id(9)] };
        lsa(LsType::Network, address, 9, 0x8000_0004, 7, LsaBody::Network(body))
    };
    let other = Ipv4Addr::new(10, 0, 0, 77);
    hear_lsas(&mut pair, vec![network(LEFT), network(other)]);
    run(&mut pair, 20);
    let flushed: Vec<_> = updates(&pair.left, begun)
        .into_iter()
        .filter(|(.., lsa)| lsa.header.ls_age == MAX_AGE)
        .map(|(.., lsa)| {
            (lsa.header.link_state_id, lsa.header.advertising_router, lsa.header.ls_sequence_number)
        })
        .collect();
    assert_eq!(flushed, [(LEFT, id(9), 0x8000_0004)]);
    assert_eq!(known(&pair.left, pair.now, LsType::Network, LEFT), None);
    assert!(known(&pair.left, pair.now, LsType::Network, other).is_some(), "that of another is left alone");
}
