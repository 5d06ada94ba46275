//! What is checked of every packet: RFC 2328 section 8.2 and appendix D.

use std::net::Ipv4Addr;

use l2tpspec_protocol::layer::Input;
use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::wire::Body;
use l2tpspec_protocol::ospf::{Authenticates, Command, Event, InterfaceConfig, Ospf, Unit, Violation};

use super::forge::{ALL, full, packet, violations};
use super::{LEFT, LINK, RIGHT, router, run, states, up};
use crate::support::pair::{Pair, Side};

/// RFC 2328 section 8.2: a packet for our address or for `AllSPFRouters` is taken; one for `AllDRouters` only by a designated router
/// or its backup, which nobody is on a link of two ends; one for anybody else, from ourselves, or of a type that is not known, by
/// nobody.
#[test]
fn who_a_packet_is_for_and_what_it_is() {
    let mut pair = full();
    let hello = pair.right.sent.iter().rev().map(|(_, unit)| unit).find(|unit| unit.octets[1] == 1);
    let hello = hello.expect("a Hello").octets.clone();
    let designated = Ipv4Addr::new(224, 0, 0, 6);
    let other = Ipv4Addr::new(10, 0, 0, 3);
    let unknown = packet(Body::Unknown { packet_type: 9, octets: vec![1, 2, 3, 4] });
    let cases = [
        (RIGHT, LEFT, &hello, None),
        (RIGHT, ALL, &hello, None),
        // OSPF-2328-8.2-b: on a link of two ends any other source will do.
        (other, ALL, &hello, None),
        (RIGHT, designated, &hello, Some(Violation::Destination(designated))),
        (RIGHT, other, &hello, Some(Violation::Destination(other))),
        (RIGHT, Ipv4Addr::BROADCAST, &hello, Some(Violation::Destination(Ipv4Addr::BROADCAST))),
        (LEFT, ALL, &hello, Some(Violation::Source(LEFT))),
        (RIGHT, ALL, &unknown, Some(Violation::PacketType(9))),
    ];
    for (source, destination, octets, wanted) in cases {
        let before = violations(&pair).len();
        let unit = Unit { interface: LINK, source, destination, octets: octets.clone() };
        pair.input(Side::Left, Input::FromBelow(unit));
        assert_eq!(violations(&pair)[before..], Vec::from_iter(wanted), "{source} to {destination}");
        assert_eq!(states(&mut pair), [State::Full; 2]);
    }
    assert!(
        [Violation::Destination(other), Violation::Source(LEFT), Violation::PacketType(9)]
            .iter()
            .all(|violation| violation.clause() == "OSPF-2328-8.2-a")
    );
}

fn authenticated(last_octet: u8) -> Ospf {
    router(last_octet, Vec::new(), Vec::new())
}

/// Two routers that authenticate by MD5, and are Full.
fn md5() -> Pair<Ospf> {
    let mut pair = Pair::new(authenticated(1), authenticated(2));
    up(&mut pair, |_, config| {
        config.authentication = Authenticates::Md5 { key_id: 1, key: b"mesh".to_vec() };
    });
    run(&mut pair, 60);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    pair
}

/// OSPF-2328-D.4.3-a: the sequence number of a neighbour may stay and rise, not fall, and one that does not authenticate counts for
/// nothing.
#[test]
fn cryptographic_sequence_numbers_of_a_neighbour_do_not_fall() {
    let mut pair = md5();
    let hellos: Vec<Unit> =
        pair.right.sent.iter().map(|(_, unit)| unit.clone()).filter(|unit| unit.octets[1] == 1).collect();
    let [.., older, last] = &hellos[..] else { panic!("two Hellos") };
    let heard = |pair: &mut Pair<Ospf>, unit: &Unit| {
        let before = violations(pair).len();
        pair.input(Side::Left, Input::FromBelow(unit.clone()));
        violations(pair)[before..].to_vec()
    };
    assert_eq!(heard(&mut pair, last), [], "the same number once more");
    assert_eq!(heard(&mut pair, older), [Violation::Replayed]);
    let mut forged = last.clone();
    // The sequence number is the second half of the Authentication field (section D.3).
    forged.octets[20..24].copy_from_slice(&[0xff; 4]);
    assert_eq!(heard(&mut pair, &forged), [Violation::Authentication]);
    assert_eq!(heard(&mut pair, last), [], "the forged number was not kept");
    assert_eq!(states(&mut pair), [State::Full; 2]);
}

/// Section 8.2, appendix D: the number goes with the neighbour. A router that is gone for `RouterDeadInterval` and starts anew may
/// begin anew; one that comes back sooner, with lower numbers, is not heard before.
#[test]
fn cryptographic_sequence_numbers_are_forgotten_with_the_neighbour() {
    let mut pair = md5();
    run(&mut pair, 300);
    let config = InterfaceConfig {
        authentication: Authenticates::Md5 { key_id: 1, key: b"mesh".to_vec() },
        ..InterfaceConfig::new(RIGHT, LEFT, 1400)
    };
    pair.end(Side::Right).layer = authenticated(2);
    let begun = pair.now;
    pair.command(Side::Right, Command::InterfaceUp { interface: LINK, config });
    run(&mut pair, 30);
    let rejected = violations(&pair);
    assert!(rejected.len() >= 3 && rejected.iter().all(|why| *why == Violation::Replayed), "{rejected:?}");
    run(&mut pair, 60);
    let gone = pair.left.events.iter().find_map(|(moment, event)| match event {
        Event::Neighbor { to: State::Down, .. } => Some(*moment),
        _ => None,
    });
    let gone = gone.expect("the neighbour was given up").since(begun).as_secs();
    assert!((30..=40).contains(&gone), "{gone} s");
    assert_eq!(states(&mut pair), [State::Full; 2]);
    assert_eq!(violations(&pair).iter().filter(|why| **why != Violation::Replayed).count(), 0);
}

/// The first packet that makes a neighbour counts too: one before it is no news.
#[test]
fn the_first_cryptographic_sequence_number_counts() {
    let pair = md5();
    let hellos: Vec<Unit> =
        pair.right.sent.iter().map(|(_, unit)| unit.clone()).filter(|unit| unit.octets[1] == 1).collect();
    let [older, later, ..] = &hellos[..] else { panic!("two Hellos") };
    let mut fresh = Pair::new(authenticated(1), authenticated(2));
    let config = InterfaceConfig {
        authentication: Authenticates::Md5 { key_id: 1, key: b"mesh".to_vec() },
        ..InterfaceConfig::new(LEFT, RIGHT, 1400)
    };
    fresh.command(Side::Left, Command::InterfaceUp { interface: LINK, config });
    for unit in [later, older] {
        fresh.input(Side::Left, Input::FromBelow(unit.clone()));
    }
    assert_eq!(violations(&fresh), [Violation::Replayed]);
}

/// OSPF-2328-D.4.3-a: an interface that comes back within the life of its router goes on with its cryptographic sequence numbers,
/// so that the neighbour does not take them for replayed.
#[test]
fn cryptographic_sequence_numbers_outlive_the_interface() {
    let mut pair = md5();
    let authentication = Authenticates::Md5 { key_id: 1, key: b"mesh".to_vec() };
    pair.command(Side::Left, Command::InterfaceDown { interface: LINK });
    let config = InterfaceConfig { authentication, ..InterfaceConfig::new(LEFT, RIGHT, 1400) };
    pair.command(Side::Left, Command::InterfaceUp { interface: LINK, config });
    run(&mut pair, 15);
    let is_replayed =
        |(_, event): &(_, Event)| matches!(event, Event::Rejected { violation: Violation::Replayed, .. });
    assert!(!pair.right.events.iter().any(is_replayed));
    assert_eq!(states(&mut pair), [State::Full; 2]);
}
