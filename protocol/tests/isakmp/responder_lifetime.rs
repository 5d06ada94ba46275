//! RESPONDER-LIFETIME (RFC 2407 sections 4.5.4 and 4.6.3.1): both ends keep an SA for as long as the responder says.

use std::sync::Arc;
use std::time::Duration;

use l2tpspec_protocol::codec::Codec;
use l2tpspec_protocol::isakmp::policy::{Lifetime, LifetimePolicy};
use l2tpspec_protocol::isakmp::wire::{Body, Doi, Group, Message, Notification, NotifyType, ProtocolId};
use l2tpspec_protocol::isakmp::{BadLifetime, Command, Config, Editor, End, Event, Isakmp, Mode, Violation};

use super::support::{assert_joined, children, config, connect, pair, standing};
use crate::support::pair::{Pair, Side};

/// A supernode that keeps an ISAKMP SA for 300 s and a pair of ESP SAs for 100 s, and says so.
fn claiming() -> Config {
    let mut config = config(Group::Modp1024);
    let phase1 = config.phase1_acceptance.as_mut().expect("it answers");
    (phase1.lifetime, phase1.lifetime_policy) = (Lifetime::seconds(300), LifetimePolicy::Claim);
    let phase2 = config.phase2_acceptance.as_mut().expect("it answers");
    (phase2.lifetime, phase2.lifetime_policy) = (Lifetime::seconds(100), LifetimePolicy::Claim);
    config
}

/// The same, but it changes what it says.
fn saying(change: impl Fn(&mut Notification) + Send + Sync + 'static) -> Config {
    let edit = move |_, octets: &mut Vec<u8>| {
        // What is to be edited has no length yet.
        let length = u32::try_from(octets.len()).expect("a length");
        octets[24..28].copy_from_slice(&length.to_be_bytes());
        let mut message = Message::decode_all(octets).expect("a message in the clear");
        for payload in &mut message.payloads {
            if let Body::Notification(notification) = &mut payload.body
                && notification.notify_type == NotifyType::ResponderLifetime
            {
                change(notification);
            }
        }
        *octets = message.to_octets().expect("a message");
    };
    Config { editor: Editor(Some(Arc::new(edit))), ..claiming() }
}

fn aggressive() -> Config {
    Config { mode: Mode::Aggressive, ..config(Group::Modp1024) }
}

/// The lifetimes in seconds that an end was told of, of the ISAKMP SA and of the pair.
fn lifetimes(events: &[(l2tpspec_protocol::time::Instant, Event)]) -> [Option<u32>; 2] {
    let phase_1 = events.iter().find_map(|(_, event)| match event {
        Event::Phase1Established { lifetime, .. } => Some(*lifetime),
        _ => None,
    });
    [phase_1.and_then(|lifetime| lifetime.seconds), children(events)[0].lifetime.seconds]
}

/// What the left end has set aside.
fn set_aside(pair: &Pair<Isakmp>) -> Vec<Violation> {
    let rejected = pair.left.events.iter().filter_map(|(_, event)| match event {
        Event::Rejected { violation, .. } => Some(*violation),
        _ => None,
    });
    rejected.collect()
}

/// When SAs of the left end ended, in seconds, and why.
fn ends(pair: &Pair<Isakmp>) -> Vec<(u64, End)> {
    let ended = pair.left.events.iter().filter_map(|(moment, event)| match event {
        Event::ChildDeleted { why, .. } | Event::Phase1Deleted { why, .. } => {
            Some((moment.as_micros() / 1_000_000, *why))
        }
        _ => None,
    });
    ended.collect()
}

/// DOI-2407-4.5.4-a.
#[test]
fn the_shorter_lifetime_of_the_responder_is_that_of_both_ends() {
    let mut pair = pair(config(Group::Modp1024), claiming());
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    assert_joined(&pair, "claimed");
    assert_eq!(lifetimes(&pair.left.events), [Some(300), Some(100)]);
    assert_eq!(lifetimes(&pair.right.events), [Some(300), Some(100)]);
    assert_eq!(set_aside(&pair), []);
    pair.run(Duration::from_secs(400));
    let seconds: Vec<u64> = ends(&pair).into_iter().map(|(second, _)| second).collect();
    assert_eq!(seconds, [100, 300]);
}

#[test]
fn a_lifetime_that_is_not_longer_than_the_responders_is_taken_without_a_word() {
    let mut client = config(Group::Modp1024);
    client.phase1_offer.lifetime = Lifetime::seconds(300);
    client.phase2_offer.lifetime = Lifetime::seconds(99);
    let mut pair = pair(client, saying(|_| panic!("nothing is to be said")));
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    assert_eq!(lifetimes(&pair.left.events), [Some(300), Some(99)]);
    assert_eq!(lifetimes(&pair.right.events), [Some(300), Some(99)]);
}

/// DOI-2407-4.6.3-a: no status is said within Aggressive Mode.
#[test]
fn in_aggressive_mode_the_lifetime_is_told_apart() {
    let mut pair = pair(aggressive(), claiming());
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    let told = pair.left.events.iter().filter(|(_, event)| {
        let notify = NotifyType::ResponderLifetime;
        matches!(event, Event::NotifyReceived { notify: it, is_authenticated: true, .. } if *it == notify)
    });
    assert_eq!(told.count(), 1);
    assert_eq!(set_aside(&pair), []);
    pair.run(Duration::from_secs(400));
    assert_eq!(ends(&pair).last().map(|(second, _)| *second), Some(300));
}

/// DOI-2407-4.6.3.1-a.
#[test]
fn a_malformed_one_is_set_aside_and_the_offered_lifetime_stands() {
    type Change = fn(&mut Notification);
    let cases: [(Change, BadLifetime); 6] = [
        (|it| it.doi = Doi::from(0), BadLifetime::Doi(Doi::from(0))),
        (|it| it.protocol = ProtocolId::Ah, BadLifetime::Protocol(ProtocolId::Ah)),
        (|it| it.spi[0] ^= 1, BadLifetime::Spi),
        (|it| it.spi.clear(), BadLifetime::Spi),
        (|it| it.data.truncate(7), BadLifetime::Data),
        (|it| it.data[4..].fill(0), BadLifetime::Data),
    ];
    for (change, why) in cases {
        for client in [config(Group::Modp1024), aggressive()] {
            let context = format!("{why:?}, {:?}", client.mode);
            let mut pair = pair(client, saying(change));
            connect(&mut pair);
            pair.run(Duration::from_secs(1));
            assert_eq!(set_aside(&pair), [Violation::ResponderLifetime(why); 2], "{context}");
            assert_joined(&pair, &context);
            assert_eq!(lifetimes(&pair.left.events), [Some(10_800), Some(3600)], "{context}");
        }
    }
}

#[test]
fn a_longer_one_lengthens_nothing() {
    let longer = |it: &mut Notification| {
        let type_octets = if it.protocol == ProtocolId::Isakmp { [0x80, 11] } else { [0x80, 1] };
        let duration_octets = if it.protocol == ProtocolId::Isakmp { [0x80, 12] } else { [0x80, 2] };
        it.data = [type_octets, [0, 1], duration_octets, [0xff, 0xff]].concat();
    };
    let mut pair = pair(config(Group::Modp1024), saying(longer));
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    assert_eq!(set_aside(&pair), []);
    assert_eq!(lifetimes(&pair.left.events), [Some(10_800), Some(3600)]);
}

/// An SA may end before the time that is left for replacing it: that is no reason to replace it at once, and again.
#[test]
fn a_lifetime_shorter_than_the_margin_is_half_used() {
    let mut client = config(Group::Modp1024);
    client.rekey.phase2_margin = Some(Duration::from_secs(500));
    let mut pair = pair(client, claiming());
    connect(&mut pair);
    pair.run(Duration::from_secs(175));
    assert_eq!(children(&pair.left.events).len(), 4, "at 0, 50, 100 and 150 s");
    let sa = standing(&pair.left.events)[0];
    pair.command(Side::Left, Command::DeleteSa { sa });
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.right.layer.established().count(), 0);
}
