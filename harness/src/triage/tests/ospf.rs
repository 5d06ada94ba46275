use std::net::Ipv4Addr;

use l2tpspec_protocol::ospf::wire::{
    Authentication, Body, DatabaseDescription, Hello, LinkStateRequest, LinkStateRequestEntry, Options,
    Packet,
};

use super::story::{CLIENT, SUPERNODE, Story};
use crate::triage::{Outcome, Rung};

const OWN: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 2);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 1);

fn assert_failed(outcome: &Outcome, rung: Rung, words: &[&str]) {
    assert_eq!((outcome.rung, outcome.failed), (rung, true), "{:?}", outcome.causes);
    let cause = outcome.cause().expect("a failure has a cause");
    for word in words {
        assert!(cause.contains(word), "{word:?} is not in {cause:?}");
    }
}

fn packet(router_id: Ipv4Addr, body: Body) -> Packet {
    let authentication = Authentication::Null([0; 8]);
    Packet { version: 2, router_id, area_id: Ipv4Addr::UNSPECIFIED, authentication, body, lls: Vec::new() }
}

fn hello(router_id: Ipv4Addr, neighbors: &[Ipv4Addr], hello_interval: u16) -> Packet {
    let hello = Hello {
        network_mask: Ipv4Addr::BROADCAST,
        hello_interval,
        options: Options(Options::E),
        router_priority: 1,
        router_dead_interval: 20,
        designated_router: Ipv4Addr::UNSPECIFIED,
        backup_designated_router: Ipv4Addr::UNSPECIFIED,
        neighbors: neighbors.to_vec(),
    };
    packet(router_id, Body::Hello(hello))
}

fn description(router_id: Ipv4Addr, interface_mtu: u16, flags: u8) -> Packet {
    let description = DatabaseDescription {
        interface_mtu,
        options: Options(Options::E),
        flags,
        dd_sequence_number: 1,
        lsa_headers: Vec::new(),
    };
    packet(router_id, Body::DatabaseDescription(description))
}

/// A tunnel, and Hellos in which both routers list each other.
fn neighbors() -> Story {
    let mut story = Story::default();
    story.call();
    story
        .ospf(SUPERNODE, hello(PEER, &[], 5))
        .ospf(CLIENT, hello(OWN, &[PEER], 5))
        .ospf(SUPERNODE, hello(PEER, &[OWN], 5));
    story
}

#[test]
fn neighbours_that_list_each_other() {
    let outcome = neighbors().outcome();
    assert_eq!((outcome.rung, outcome.failed), (Rung::OspfTwoWay, false));
}

#[test]
fn what_differs_between_neighbours_is_named() {
    let failed = |own: Packet| {
        let mut story = Story::default();
        story.call().ospf(SUPERNODE, hello(PEER, &[], 5)).ospf(CLIENT, own.clone()).ospf(CLIENT, own);
        story.outcome()
    };
    let words = ["hello intervals differ: 10 s at the client and 5 s at the supernode"];
    assert_failed(&failed(hello(OWN, &[], 10)), Rung::DataBothWays, &words);
    let mut other_area = hello(OWN, &[], 5);
    other_area.area_id = Ipv4Addr::new(0, 0, 0, 1);
    let words = ["areas differ: 0.0.0.1 at the client and 0.0.0.0 at the supernode"];
    assert_failed(&failed(other_area), Rung::DataBothWays, &words);
    let mut with_password = hello(OWN, &[], 5);
    with_password.authentication = Authentication::Simple(*b"hunter2\0");
    let outcome = failed(with_password);
    assert_failed(
        &outcome,
        Rung::DataBothWays,
        &["authentication types differ: simple password at the client and null"],
    );
    assert!(!format!("{outcome:?}").contains("hunter2"));
    assert_failed(
        &failed(hello(PEER, &[], 5)),
        Rung::DataBothWays,
        &["both routers call themselves 10.70.72.1"],
    );
}

#[test]
fn a_supernode_that_offers_ospf_to_a_phone_is_no_failure() {
    let mut story = Story::default();
    story.call().ospf(SUPERNODE, hello(PEER, &[], 5)).ospf(SUPERNODE, hello(PEER, &[], 5));
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed), (Rung::SessionUp, false));
    assert!(
        outcome.notes.iter().any(|note| note.contains("the supernode speaks OSPF")),
        "{:?}",
        outcome.notes
    );
    let mut story = Story::default();
    story.call().ospf(CLIENT, hello(OWN, &[], 5));
    assert_failed(&story.outcome(), Rung::SessionUp, &["only the client speaks OSPF"]);
}

#[test]
fn databases_that_are_exchanged() {
    const FIRST: u8 = DatabaseDescription::I | DatabaseDescription::M | DatabaseDescription::MS;
    let mut story = neighbors();
    story.ospf(CLIENT, description(OWN, 1400, FIRST)).ospf(SUPERNODE, description(PEER, 1400, FIRST));
    assert_failed(&story.outcome(), Rung::OspfTwoWay, &["comes to no end"]);
    story
        .ospf(SUPERNODE, description(PEER, 1400, 0))
        .ospf(CLIENT, description(OWN, 1400, DatabaseDescription::MS));
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::OspfFull, false));
    let entry = LinkStateRequestEntry { ls_type: 1, link_state_id: PEER, advertising_router: PEER };
    story.ospf(CLIENT, packet(OWN, Body::LinkStateRequest(LinkStateRequest { entries: vec![entry] })));
    assert_failed(
        &story.outcome(),
        Rung::OspfTwoWay,
        &["the client asked for LSAs and did not get 1 of them"],
    );
}

#[test]
fn descriptions_that_only_one_sends() {
    let mut story = neighbors();
    story.ospf(CLIENT, description(OWN, 1500, 7)).ospf(CLIENT, description(OWN, 1500, 7));
    let words = ["the supernode never answers the client's Database Descriptions", "differs from 1500"];
    assert_failed(&story.outcome(), Rung::OspfTwoWay, &words);
}
