//! What is checked of every packet: RFC 2328 section 8.2 and appendix D.

use std::net::Ipv4Addr;

use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::wire::Body;
use l2tpspec_protocol::ospf::{Authenticates, Command, Event, InterfaceConfig, Violation};

use super::forge::{ALL, full, hear, packet, violations};
use super::{LEFT, LINK, RIGHT, router, run, states, up};
use crate::support::pair::{Pair, Side};

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
