//! Lost, repeated, late, damaged and forged messages.

use std::time::Duration;

use proptest::prelude::*;

use l2tpspec_protocol::codec::Codec;
use l2tpspec_protocol::isakmp::policy::Phase1Suite;
use l2tpspec_protocol::isakmp::wire::{Body, EncryptionAlgorithm, Group, HashAlgorithm, Message};
use l2tpspec_protocol::isakmp::{Config, Datagram, Event, Isakmp, Mode, Violation};
use l2tpspec_protocol::layer::Input;

use super::support::{CLIENT, SUPERNODE, assert_joined, children, config, connect, joined, standing};
use crate::support::pair::{Pair, Side};

fn configs() -> [Config; 2] {
    let main = config(Group::Modp1024);
    let aggressive = Config { mode: Mode::Aggressive, ..main.clone() };
    [main, aggressive]
}

#[test]
fn each_message_may_be_lost_or_doubled_or_late() {
    let late = Duration::from_millis(1500);
    let fates: [(&str, Vec<Duration>); 3] =
        [("lost", vec![]), ("doubled", vec![Duration::ZERO, Duration::from_millis(5)]), ("late", vec![late])];
    for client in configs() {
        for (what, fate) in &fates {
            for (side, number) in (0..5).flat_map(|number| [(Side::Left, number), (Side::Right, number)]) {
                let meant = fate.clone();
                let mut pair = joined(client.clone(), config(Group::Modp1024), None, move |from, sent| {
                    if (from, sent) == (side, number) { meant.clone() } else { vec![Duration::ZERO] }
                });
                connect(&mut pair);
                pair.run(Duration::from_secs(10));
                assert_joined(&pair, &format!("{:?}: message {number} of {side:?} {what}", client.mode));
            }
        }
    }
}

/// Everything of a handshake comes again, from where it first came, while the SA stands: nothing is begun twice.
#[test]
fn a_replayed_handshake_changes_nothing() {
    let mut pair =
        joined(config(Group::Modp1024), config(Group::Modp1024), None, |_, _| vec![Duration::ZERO]);
    connect(&mut pair);
    pair.run(Duration::from_secs(100));
    let sent: Vec<Datagram> = pair.left.sent.iter().map(|(_, sent)| sent.clone()).collect();
    for datagram in sent {
        pair.input(Side::Right, Input::FromBelow(super::support::crossed(datagram, Side::Left, None)));
    }
    pair.run(Duration::from_secs(100));
    assert_joined(&pair, "replayed");
    assert_eq!(pair.right.layer.established().count(), 1);
}

/// ISAKMP-2408-5.11-a, IKE-2409-5-j: somebody on the way takes the strongest suite out of the offer. Both ends share the key
/// and agree on what is left, and only the hashes, which cover the offer, tell.
#[test]
fn an_offer_that_was_weakened_on_the_way_is_found_out() {
    let weak = Phase1Suite::psk(EncryptionAlgorithm::AesCbc, Some(128), HashAlgorithm::Sha1, Group::Modp1024);
    let accepts = |mut config: Config| {
        config.phase1_offer.suites.push(weak);
        if let Some(acceptance) = &mut config.phase1_acceptance {
            acceptance.suites.push(weak);
        }
        config
    };
    for client in configs() {
        let mode = client.mode;
        let mut pair = Pair::new(Isakmp::new(accepts(client)), Isakmp::new(accepts(config(Group::Modp1024))));
        pair.link = Box::new(|side, number, datagram| {
            let arrives = super::support::crossed(datagram, side, None);
            let arrives = if (side, number) == (Side::Left, 0) { weakened(arrives) } else { arrives };
            vec![(Duration::ZERO, arrives)]
        });
        connect(&mut pair);
        pair.run(Duration::from_secs(60));
        assert!(
            standing(&pair.left.events).is_empty() && standing(&pair.right.events).is_empty(),
            "{mode:?}"
        );
        let is_found = |(_, event): &(_, Event)| {
            matches!(event, Event::Rejected { violation: Violation::WrongHash, .. })
        };
        let found = pair.left.events.iter().chain(&pair.right.events).any(is_found);
        assert!(found, "{mode:?}: {:?}", pair.right.events);
    }
}

fn weakened(datagram: Datagram) -> Datagram {
    let Datagram::Message { local, peer, octets } = datagram else { return datagram };
    let mut message = Message::decode_all(&octets).expect("a message in the clear");
    for payload in &mut message.payloads {
        if let Body::SecurityAssociation(sa) = &mut payload.body {
            sa.proposals[0].transforms.remove(0);
        }
    }
    Datagram::Message { local, peer, octets: message.to_octets().expect("shorter than it was") }
}

fn damaged(octets: &[u8], at: usize, with: u8) -> Vec<u8> {
    let mut octets = octets.to_vec();
    let at = at % octets.len();
    octets[at] ^= with;
    octets
}

/// An attacker who sees everything sends a damaged copy of each message ahead of the true one.
fn attacked(client: Config, at: usize, with: u8) -> Pair<Isakmp> {
    let mut pair = Pair::new(Isakmp::new(client), Isakmp::new(config(Group::Modp1024)));
    pair.link = Box::new(move |side, number, datagram| {
        let arrives = super::support::crossed(datagram, side, None);
        let mut all = vec![(Duration::from_millis(1), arrives.clone())];
        // The first message decides about what is negotiated, and nothing protects it.
        if let (true, Datagram::Message { local, peer, octets }) = (number > 0, arrives) {
            let octets = damaged(&octets, at, with);
            all.push((Duration::ZERO, Datagram::Message { local, peer, octets }));
        }
        all
    });
    connect(&mut pair);
    pair.run(Duration::from_secs(10));
    pair
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// From the moment at which keys protect the messages, damage changes nothing. The last block is spared: it may be
    /// padding, which no hash covers, and yet decides about the IV of the next message (IKE-2409-AppB-b).
    #[test]
    fn a_damaged_copy_of_a_protected_message_changes_nothing(at in 28_usize..2000, with in 1_u8..) {
        let mut pair = Pair::new(Isakmp::new(config(Group::Modp1024)), Isakmp::new(config(Group::Modp1024)));
        pair.link = Box::new(move |side, number, datagram| {
            let arrives = super::support::crossed(datagram, side, None);
            let mut all = vec![(Duration::from_millis(1), arrives.clone())];
            if let (true, Datagram::Message { local, peer, octets }) = (number > 1, arrives) {
                let at = 28 + at % (octets.len() - 28 - 16);
                all.push((Duration::ZERO, Datagram::Message { local, peer, octets: damaged(&octets, at, with) }));
            }
            all
        });
        connect(&mut pair);
        pair.run(Duration::from_secs(10));
        assert_joined(&pair, "damaged");
    }

    #[test]
    fn no_damage_panics(at in 0_usize..2000, with in 1_u8.., aggressive: bool) {
        let client = configs()[usize::from(aggressive)].clone();
        let pair = attacked(client, at, with);
        prop_assert!(children(&pair.left.events).len() <= 1);
    }

    /// Octets of any kind, to either end, at any moment, leave an SA that stands standing.
    #[test]
    fn random_datagrams_never_panic_and_never_break_what_stands(
        datagrams in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200), 0_usize..4), 1..40),
    ) {
        let mut pair = joined(config(Group::Modp1024), config(Group::Modp1024), None, |_, _| vec![Duration::ZERO]);
        connect(&mut pair);
        pair.run(Duration::from_secs(1));
        let cookies: Vec<u8> = match &pair.left.sent[2].1 {
            Datagram::Message { octets, .. } => octets[..28].to_vec(),
            Datagram::Keepalive { .. } => unreachable!("message 5"),
        };
        for (left, random, known) in datagrams {
            // Some know the cookies, and the exchange, and state the right length.
            let mut octets = [&cookies[..[0, 16, 24, 28][known]], &random[..]].concat();
            if octets.len() >= 28 && known > 0 {
                let length = u32::try_from(octets.len()).unwrap().to_be_bytes();
                octets[24..28].copy_from_slice(&length);
            }
            let (side, local, peer) =
                if left { (Side::Left, CLIENT, SUPERNODE) } else { (Side::Right, SUPERNODE, CLIENT) };
            pair.input(side, Input::FromBelow(Datagram::Message { local, peer, octets }));
            pair.run(Duration::from_millis(50));
        }
        assert_joined(&pair, "random");
        let ends = |(_, event): &(_, Event)| matches!(event, Event::ChildDeleted { .. } | Event::Phase1Deleted { .. });
        prop_assert!(!pair.left.events.iter().chain(&pair.right.events).any(ends));
        prop_assert_eq!(standing(&pair.left.events).len(), 1);
    }
}
