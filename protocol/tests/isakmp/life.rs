//! What happens to SAs in the course of their lives.

use std::time::Duration;

use l2tpspec_protocol::isakmp::policy::Lifetime;
use l2tpspec_protocol::isakmp::wire::Group;
use l2tpspec_protocol::isakmp::{Command, Config, DeadPeerDetection, End, Event, InitialContact};

use super::support::{assert_joined, at, children, config, connect, joined, pair, standing};
use crate::support::pair::Side;

fn short_lived() -> Config {
    let mut config = config(Group::Modp1024);
    config.phase2_offer.lifetime = Lifetime::seconds(100);
    config.phase1_offer.lifetime = Lifetime::seconds(1000);
    config
}

/// The pairs that an end may use at the end of what it was told, by inbound SPI.
fn alive(events: &[(l2tpspec_protocol::time::Instant, Event)]) -> Vec<u32> {
    let mut alive = Vec::new();
    for (_, event) in events {
        if let Event::ChildEstablished(child) = event {
            alive.push(child.inbound.spi);
        } else if let Event::ChildDeleted { inbound_spi, .. } = event {
            alive.retain(|spi| spi != inbound_spi);
        }
    }
    alive
}

#[test]
fn a_pair_is_replaced_before_its_end_and_both_overlap() {
    for rekeying in [Side::Left, Side::Right] {
        let (mut client, mut supernode) = (short_lived(), short_lived());
        let rekeys = if rekeying == Side::Left { &mut client } else { &mut supernode };
        rekeys.rekey.phase2_margin = Some(Duration::from_secs(10));
        let mut pair = pair(client, supernode);
        connect(&mut pair);
        for second in 1..=400 {
            pair.run(Duration::from_secs(1));
            for events in [&pair.left.events, &pair.right.events] {
                assert!((1..=2).contains(&alive(events).len()), "{rekeying:?} after {second} s: {events:?}");
            }
        }
        let (left, right) = (children(&pair.left.events), children(&pair.right.events));
        assert_eq!((left.len(), right.len()), (5, 5), "{rekeying:?}");
        for (number, (left, right)) in left.iter().zip(&right).enumerate() {
            assert!(left.inbound == right.outbound && left.outbound == right.inbound);
            assert_eq!((left.replaces.is_some(), right.replaces.is_some()), (number > 0, number > 0));
        }
        let replaced =
            |(_, event): &&(_, Event)| matches!(event, Event::ChildDeleted { why: End::Replaced, .. });
        let ended_by = if rekeying == Side::Left { &pair.left } else { &pair.right };
        assert_eq!(ended_by.events.iter().filter(replaced).count(), 4, "{rekeying:?}");
    }
}

#[test]
fn an_isakmp_sa_is_replaced_and_its_children_live_on() {
    for rekeying in [Side::Left, Side::Right] {
        let (mut client, mut supernode) = (short_lived(), short_lived());
        client.phase2_offer.lifetime = Lifetime::seconds(10_000);
        let rekeys = if rekeying == Side::Left { &mut client } else { &mut supernode };
        rekeys.rekey.phase1_margin = Some(Duration::from_secs(100));
        let mut pair = pair(client, supernode);
        connect(&mut pair);
        pair.run(Duration::from_secs(2000));
        for (side, end) in [(Side::Left, &pair.left), (Side::Right, &pair.right)] {
            assert_eq!(alive(&end.events).len(), 1, "{rekeying:?}, {side:?}: {:?}", end.events);
            assert_eq!(standing(&end.events).len(), 3, "{rekeying:?}, {side:?}");
            assert_eq!(end.layer.established().count(), 1, "{rekeying:?}, {side:?}");
        }
        let newest = *standing(&pair.left.events).last().expect("an SA");
        pair.command(Side::Left, Command::DeleteSa { sa: newest });
        pair.run(Duration::from_secs(1));
        assert_eq!((alive(&pair.left.events), alive(&pair.right.events)), (vec![], vec![]), "{rekeying:?}");
    }
}

#[test]
fn what_is_not_replaced_expires() {
    let mut pair = pair(short_lived(), short_lived());
    connect(&mut pair);
    pair.run(Duration::from_secs(1100));
    let ends: Vec<(u64, End)> = pair
        .left
        .events
        .iter()
        .filter_map(|(moment, event)| match event {
            Event::ChildDeleted { why, .. } | Event::Phase1Deleted { why, .. } => {
                Some((moment.as_micros() / 1_000_000, *why))
            }
            _ => None,
        })
        .collect();
    // The responder's SA stands a little longer by then, so it is the first to end and says so.
    assert_eq!(ends, [(100, End::Expired), (1000, End::DeletedByPeer)]);
    assert_eq!(pair.right.layer.established().count(), 0);
}

/// ISAKMP-2408-5.15-b.
#[test]
fn deletions_are_heeded_at_the_other_end() {
    let mut pair = pair(config(Group::Modp1024), config(Group::Modp1024));
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    let inbound_spi = children(&pair.right.events)[0].inbound.spi;
    pair.command(Side::Right, Command::DeleteChild { inbound_spi });
    pair.run(Duration::from_secs(1));
    let by_peer =
        |(_, event): &(_, Event)| matches!(event, Event::ChildDeleted { why: End::DeletedByPeer, .. });
    assert!(pair.left.events.iter().any(by_peer));
    let sa = standing(&pair.left.events)[0];
    pair.command(Side::Left, Command::StartQuickMode { sa });
    pair.run(Duration::from_secs(1));
    assert_eq!((alive(&pair.left.events).len(), alive(&pair.right.events).len()), (1, 1));
    pair.command(Side::Left, Command::DeleteSa { sa });
    pair.run(Duration::from_secs(1));
    assert_eq!((pair.left.layer.established().count(), pair.right.layer.established().count()), (0, 0));
    assert_eq!(alive(&pair.right.events), [0_u32; 0]);
}

/// DPD-3706-5.4-a, DPD-3706-5.4-b.
#[test]
fn a_silent_peer_is_asked_and_given_up_when_it_does_not_answer() {
    let mut client = config(Group::Modp1024);
    client.dead_peer_detection = Some(DeadPeerDetection {
        interval: Some(Duration::from_secs(30)),
        retry: Duration::from_secs(10),
        timeout: Duration::from_secs(35),
    });
    let outage = std::rc::Rc::new(std::cell::Cell::new(false));
    let is_out = outage.clone();
    let mut pair = joined(client, config(Group::Modp1024), None, move |_, _| {
        if is_out.get() { Vec::new() } else { vec![Duration::ZERO] }
    });
    connect(&mut pair);
    pair.run(Duration::from_secs(100));
    let answers: Vec<Duration> = pair
        .left
        .events
        .iter()
        .filter_map(|(_, event)| if let Event::PeerAlive { after, .. } = event { Some(*after) } else { None })
        .collect();
    assert_eq!(answers, [Duration::from_millis(20); 3]);
    assert_joined(&pair, "asked");
    outage.set(true);
    let before = pair.left.sent.len();
    pair.run(Duration::from_secs(100));
    let asked: Vec<u64> =
        pair.left.sent[before..].iter().map(|(moment, _)| moment.as_micros() / 1_000_000).collect();
    assert_eq!(asked, [120, 130, 140, 150]);
    let dead = pair.left.events.iter().find(|(_, event)| matches!(event, Event::PeerDead { .. }));
    assert_eq!(dead.map(|(moment, _)| moment.as_micros() / 1_000_000), Some(155));
    assert_eq!(alive(&pair.left.events), [0_u32; 0]);
}

/// DOI-2407-4.6.3.3-b.
#[test]
fn a_client_that_has_forgotten_all_replaces_its_old_sas() {
    let mut client = config(Group::Modp1024);
    client.initial_contact = InitialContact::InPhase1;
    let mut pair = pair(client.clone(), config(Group::Modp1024));
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    pair.left.layer = l2tpspec_protocol::isakmp::Isakmp::new(client);
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.right.layer.established().count(), 1);
    let forgotten =
        |(_, event): &(_, Event)| matches!(event, Event::Phase1Deleted { why: End::InitialContact, .. });
    assert!(pair.right.events.iter().any(forgotten));
    assert_eq!(alive(&pair.right.events).len(), 1);
}

/// NATT-3947-3-b: what is authenticated tells where the peer is now.
#[test]
fn a_translator_that_forgets_moves_the_peer_with_the_next_authenticated_message() {
    let mut pair = joined(config(Group::Modp1024), config(Group::Modp1024), Some(at(254, 40_000)), |_, _| {
        vec![Duration::ZERO]
    });
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    pair.link = Box::new(|side, _, datagram| {
        vec![(Duration::ZERO, super::support::crossed(datagram, side, Some(at(254, 50_000))))]
    });
    let sa = standing(&pair.left.events)[0];
    pair.command(Side::Left, Command::Probe { sa });
    pair.run(Duration::from_secs(1));
    let moved = pair.right.events.iter().find_map(|(_, event)| match event {
        Event::PeerMoved { peer, .. } => Some(*peer),
        _ => None,
    });
    assert_eq!(moved, Some(at(254, 50_001)));
    assert!(pair.left.events.iter().any(|(_, event)| matches!(event, Event::PeerAlive { .. })));
}
