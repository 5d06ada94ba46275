//! Both ends replace SAs at the same time, or nearly: whatever each of them thinks of it, keys that both have are left.

use std::time::Duration;

use l2tpspec_protocol::isakmp::wire::Group;
use l2tpspec_protocol::isakmp::{Child, Command, Event};
use l2tpspec_protocol::time::Instant;

use super::support::{children, config, connect, pair, standing};
use crate::support::pair::Side;

/// The pairs that an end may use, as its inbound and outbound SPI.
fn alive(events: &[(Instant, Event)]) -> Vec<(u32, u32)> {
    let ended: Vec<u32> = events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::ChildDeleted { inbound_spi, .. } => Some(*inbound_spi),
            _ => None,
        })
        .collect();
    let spis = |child: Child| (child.inbound.spi, child.outbound.spi);
    children(events).into_iter().map(spis).filter(|(inbound, _)| !ended.contains(inbound)).collect()
}

/// Has each end replace something, the right one `skew` after the left one, and lets all that was replaced end.
fn cross(of_phase_1: bool, skew: Duration) {
    let mut pair = pair(config(Group::Modp1024), config(Group::Modp1024));
    connect(&mut pair);
    pair.run(Duration::from_secs(1));
    for side in [Side::Left, Side::Right] {
        let events = &pair.end(side).events;
        let command = if of_phase_1 {
            Command::RekeyPhase1 { sa: standing(events)[0] }
        } else {
            Command::RekeyChild { inbound_spi: children(events)[0].inbound.spi }
        };
        pair.command(side, command);
        pair.run(skew);
    }
    pair.run(Duration::from_secs(60));
    let context = format!("phase 1: {of_phase_1}, {skew:?} apart");
    let mut left = alive(&pair.left.events);
    let mut right: Vec<_> =
        alive(&pair.right.events).into_iter().map(|(inbound, outbound)| (outbound, inbound)).collect();
    left.sort_unstable();
    right.sort_unstable();
    assert!(!left.is_empty(), "{context}: {:?}", pair.left.events);
    assert_eq!(left, right, "{context}: both ends have the same pairs");
    assert!(pair.left.layer.established().count() >= 1, "{context}");
    // What is left can be ended and replaced like any other.
    let sa = pair.left.layer.established().last().expect("an SA");
    pair.command(Side::Left, Command::StartQuickMode { sa });
    pair.run(Duration::from_secs(1));
    assert_eq!(children(&pair.left.events).len(), children(&pair.right.events).len(), "{context}");
}

#[test]
fn pairs_that_both_ends_replace_at_once_leave_keys_that_both_have() {
    for milliseconds in 0..80 {
        cross(false, Duration::from_millis(milliseconds));
    }
}

#[test]
fn isakmp_sas_that_both_ends_replace_at_once_leave_keys_that_both_have() {
    for milliseconds in 0..80 {
        cross(true, Duration::from_millis(milliseconds));
    }
}
