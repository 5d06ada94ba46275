//! Exchanges that others begin and do not finish (RFC 2408 section 2.5.3): their number is bounded, and those who forge
//! addresses keep nobody out.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use l2tpspec_protocol::isakmp::wire::Group;
use l2tpspec_protocol::isakmp::{Command, Config, Datagram, Event, Isakmp, Mode, Violation};

use super::support::{SUPERNODE, children, config, connect, crossed, standing};
use crate::support::pair::{Pair, Side};

/// How many exchanges are kept.
const LIMIT: usize = 10;

/// A first message as somebody would forge it: from an address and with a cookie of its own each time.
fn forged(first: &[u8], number: u32) -> Datagram {
    let mut octets = first.to_vec();
    octets[..8].copy_from_slice(&(u64::from(number) + 1).to_be_bytes());
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + number);
    Datagram::Message { local: SUPERNODE, peer: SocketAddr::new(IpAddr::V4(address), 500), octets }
}

/// Two ends. Once something is in the cell, that many forged first messages arrive before each message of the left end.
fn flooded(client: &Config, each: Rc<RefCell<u32>>) -> Pair<Isakmp> {
    let mut pair = Pair::new(Isakmp::new(client.clone()), Isakmp::new(config(Group::Modp1024)));
    let (mut number, mut first) = (0, None::<Vec<u8>>);
    pair.link = Box::new(move |side, _, datagram| {
        if let (None, Datagram::Message { octets, .. }) = (&first, &datagram) {
            first = Some(octets.clone());
        }
        let arrives = (Duration::ZERO, crossed(datagram, side, None));
        let (Side::Left, Some(first)) = (side, &first) else { return vec![arrives] };
        let numbers = number..number + *each.borrow();
        number = numbers.end;
        numbers.map(|number| (Duration::ZERO, forged(first, number))).chain([arrives]).collect()
    });
    pair
}

#[test]
fn a_flood_of_forged_first_messages_takes_no_more_room_than_is_given_and_keeps_nobody_out() {
    for mode in [Mode::Main, Mode::Aggressive] {
        // Aggressive Mode costs a key exchange for each.
        let number = if mode == Mode::Main { 10_000 } else { 200 };
        let each = Rc::new(RefCell::new(0));
        let client = Config { mode, ..config(Group::Modp1024) };
        let mut pair = flooded(&client, each.clone());
        connect(&mut pair);
        pair.run(Duration::from_secs(1));
        assert_eq!(children(&pair.right.events).len(), 1, "{mode:?}");

        each.replace(number);
        let sa = standing(&pair.left.events)[0];
        pair.command(Side::Left, Command::Probe { sa });
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.right.layer.half_open(), LIMIT, "{mode:?}");
        let is_alive = |(_, event): &(_, Event)| matches!(event, Event::PeerAlive { .. });
        assert!(pair.left.events.iter().any(is_alive), "{mode:?}: the SA stands");
        assert_eq!(pair.right.layer.established().count(), 1, "{mode:?}");

        // As many as do not fill the room between two messages of one who finishes what it begins.
        each.replace(9);
        connect(&mut pair);
        pair.run(Duration::from_secs(1));
        assert_eq!(children(&pair.right.events).len(), 2, "{mode:?}: {:?}", pair.left.events);
        pair.run(Duration::from_secs(31));
        assert_eq!(pair.right.layer.half_open(), 0, "{mode:?}: forgotten");
    }
}

/// Whoever answers has shown that it hears us, and is not forgotten for somebody who has not.
#[test]
fn exchanges_of_those_who_answer_are_not_forgotten_for_others() {
    let mut pair = Pair::new(Isakmp::new(config(Group::Modp1024)), Isakmp::new(config(Group::Modp1024)));
    // Message 5, the first that is encrypted, is lost.
    pair.link = Box::new(move |side, _, datagram| {
        let is_encrypted = matches!(&datagram, Datagram::Message { octets, .. } if octets[19] & 1 != 0);
        if is_encrypted { Vec::new() } else { vec![(Duration::ZERO, crossed(datagram, side, None))] }
    });
    for _ in 0..LIMIT + 5 {
        connect(&mut pair);
        pair.run(Duration::from_millis(50));
    }
    assert_eq!(pair.right.layer.half_open(), LIMIT);
    let refused = |(_, event): &(_, Event)| {
        matches!(event, Event::Rejected { violation: Violation::TooManyHalfOpen, .. })
    };
    assert!(pair.right.events.iter().any(refused));
    let failed = |(_, event): &(_, Event)| matches!(event, Event::Failed { .. });
    assert!(!pair.right.events.iter().any(failed), "none was forgotten");
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.right.layer.half_open(), 0);
}
