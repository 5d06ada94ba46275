//! Lost, repeated, late, damaged and forged messages.

use std::time::Duration;

use proptest::prelude::*;

use l2tpspec_protocol::l2tp::{Datagram, Event, Path};
use l2tpspec_protocol::layer::Input;

use super::support::{CLIENT, assert_up, config, joined, open, tunnels};
use crate::support::pair::Side;

#[test]
fn each_message_may_be_lost_or_doubled_or_late() {
    let fates: [(&str, Vec<Duration>); 3] = [
        ("lost", vec![]),
        ("doubled", vec![Duration::ZERO, Duration::from_millis(5)]),
        ("late", vec![Duration::from_millis(1500)]),
    ];
    for (what, fate) in &fates {
        for (side, number) in (0..5).flat_map(|number| [(Side::Left, number), (Side::Right, number)]) {
            let meant = fate.clone();
            let mut pair = joined(config("lac"), config("lns"), move |from, sent| {
                if (from, sent) == (side, number) { meant.clone() } else { vec![Duration::ZERO] }
            });
            open(&mut pair);
            pair.run(Duration::from_secs(20));
            assert_up(&pair, &format!("message {number} of {side:?} {what}"));
        }
    }
}

#[test]
fn a_replayed_conversation_changes_nothing() {
    let mut pair = joined(config("lac"), config("lns"), |_, _| vec![Duration::ZERO]);
    open(&mut pair);
    pair.run(Duration::from_secs(1));
    let sent: Vec<Datagram> = pair.left.sent.iter().map(|(_, datagram)| datagram.clone()).collect();
    for datagram in sent {
        pair.input(Side::Right, Input::FromBelow(super::support::crossed(datagram)));
    }
    pair.run(Duration::from_secs(1));
    assert_up(&pair, "replayed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Octets of any kind, to either end, from the right place or another, at any moment.
    #[test]
    fn random_datagrams_never_panic_and_never_break_what_stands(
        datagrams in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..120), 0_u8..4), 1..30),
    ) {
        let mut pair = joined(config("lac"), config("lns"), |_, _| vec![Duration::ZERO]);
        open(&mut pair);
        pair.run(Duration::from_secs(1));
        let (left, right) = (tunnels(&pair.left.events)[0], tunnels(&pair.right.events)[0]);
        for (to_left, random, kind) in datagrams {
            let (side, tunnel, path) = if to_left {
                (Side::Left, left, CLIENT)
            } else {
                (Side::Right, right, Path { local: CLIENT.peer, peer: CLIENT.local, link: CLIENT.link })
            };
            let mut octets = random;
            if kind > 0 {
                // A header of the right length, with or without the tunnel and a number that is due or not. One that is due
                // and well-formed is a message of the peer's, and may end what it likes.
                let length = u16::try_from(octets.len() + 12).unwrap().to_be_bytes();
                let id = if kind > 1 { tunnel.0.to_be_bytes() } else { [0, 0] };
                let ns = [0x40 + kind, 7];
                let mut whole = vec![0xc8, 0x02, length[0], length[1], id[0], id[1], 0, 0, ns[0], ns[1], 0, 0];
                whole.append(&mut octets);
                octets = whole;
            }
            pair.input(side, Input::FromBelow(Datagram { path, octets }));
            pair.run(Duration::from_millis(10));
        }
        assert_up(&pair, "random");
    }

    #[test]
    fn no_damage_panics(at in 0_usize..400, with in 1_u8..) {
        let mut pair = joined(config("lac"), config("lns"), |_, _| vec![Duration::ZERO]);
        pair.link = Box::new(move |_, _, datagram| {
            let arrives = super::support::crossed(datagram);
            let mut damaged = arrives.clone();
            let at = at % damaged.octets.len();
            damaged.octets[at] ^= with;
            vec![(Duration::ZERO, damaged), (Duration::from_millis(1), arrives)]
        });
        open(&mut pair);
        pair.run(Duration::from_secs(90));
        for end in [&pair.left, &pair.right] {
            let ups = end.events.iter().filter(|(_, event)| matches!(event, Event::TunnelUp { .. })).count();
            let downs = end.events.iter().filter(|(_, event)| matches!(event, Event::TunnelDown { .. })).count();
            prop_assert!(downs >= ups.saturating_sub(end.layer.tunnels().count()));
        }
    }
}
