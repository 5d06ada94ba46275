//! What links do to packets by rule and by rate.

use std::time::Duration;

use l2tpspec::world::link::{Chance, Conditions, Direction};
use l2tpspec::world::rule::{Nth, Swap, Verdict};
use l2tpspec_protocol::time::Instant;

use super::{Kept, Two};

fn forth(direction: Direction, _octets: &[u8]) -> bool {
    direction == Direction::Forth
}

/// The numbers that arrive of five that are sent, under a rule.
fn under(rule: impl l2tpspec::world::rule::Rule + 'static) -> Vec<u32> {
    let mut two = Two::new(b"", Conditions::default());
    two.world.add_rule(two.link.link, rule);
    two.send_numbers(5)
}

#[test]
fn a_rule_decides_about_the_nth_packet_and_no_other() {
    assert_eq!(under(Nth::new(3, Verdict::Drop, forth)), [0, 1, 3, 4]);
    assert_eq!(under(Nth::new(3, Verdict::Duplicate, forth)), [0, 1, 2, 2, 3, 4]);
    assert_eq!(under(Nth::new(3, Verdict::Delay(Duration::from_micros(1500)), forth)), [0, 1, 3, 2, 4]);
    assert_eq!(under(Nth::new(9, Verdict::Drop, forth)), [0, 1, 2, 3, 4]);
    assert_eq!(under(Swap::new(2, forth)), [0, 2, 1, 3, 4]);
}

#[test]
fn a_rule_puts_octets_in_the_place_of_a_packet_or_behind_it() {
    let mut two = Two::new(b"", Conditions::default());
    let tap = two.world.add_tap(Kept::default());
    two.send_numbers(1);
    let kept: Kept = two.world.remove_tap(tap).unwrap();
    let zero = kept.0[0].3.clone();
    assert_eq!(under(Nth::new(3, Verdict::Replace(zero.clone()), |_, _| true)), [0, 1, 0, 3, 4]);
    assert_eq!(under(Nth::new(3, Verdict::Also(zero), |_, _| true)), [0, 1, 2, 0, 3, 4]);
}

#[test]
fn the_first_rule_that_does_not_pass_wins_and_a_removed_one_no_longer_counts() {
    let mut two = Two::new(b"", Conditions::default());
    let link = two.link.link;
    let dropping = two.world.add_rule(link, |_: Instant, _: Direction, _: &[u8]| Verdict::Drop);
    let second = two.world.add_rule(link, |_: Instant, _: Direction, _: &[u8]| Verdict::Duplicate);
    assert!(two.send_numbers(2).is_empty());
    assert_eq!([dropping, second].map(|rule| two.world.rule_hits(link, rule)), [Some(2), Some(0)]);
    assert!(two.world.remove_rule(link, dropping));
    assert_eq!(two.world.rule_hits(link, dropping), None);
    assert!(!two.world.remove_rule(link, dropping));
    assert_eq!(two.send_numbers(2), [0, 0, 1, 1]);
    two.world.remove_rule(link, second);
    assert_eq!(two.send_numbers(2), [0, 1]);
}

#[test]
fn what_a_rule_holds_is_delivered_once_the_rule_is_removed() {
    let mut two = Two::new(b"", Conditions::default());
    let link = two.link.link;
    let holding = two.world.add_rule(link, |_: Instant, _: Direction, _: &[u8]| Verdict::Hold);
    assert!(two.send_numbers(3).is_empty());
    two.world.remove_rule(link, holding);
    two.world.run_for(Duration::from_secs(1)).unwrap();
    let numbers: Vec<_> = super::received(&mut two.world, two.b, two.numbers.unwrap())
        .into_iter()
        .map(|received| received.octets[3])
        .collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(two.world.link(link).counters.lost, 0);
}

#[test]
fn nothing_comes_through_a_link_that_is_down() {
    let mut two = Two::new(b"", Conditions { is_up: false, ..Conditions::default() });
    assert!(two.send_numbers(3).is_empty());
    assert_eq!(two.world.link(two.link.link).counters.lost, 3);
}

#[test]
fn rates_are_kept_and_the_same_for_the_same_seed() {
    let conditions = Conditions {
        loss: Chance::percent(10),
        duplication: Chance::percent(5),
        reordering: Chance::percent(20),
        corruption: Chance::per_million(30_000),
        ..Conditions::default()
    };
    let run = |seed: &[u8]| {
        let mut two = Two::new(seed, conditions);
        let tap = two.world.add_tap(Kept::default());
        let numbers = two.send_numbers(2000);
        let kept: Kept = two.world.remove_tap(tap).unwrap();
        (numbers, two.world.link(two.link.link).counters, kept.0)
    };
    let (numbers, counters, octets) = run(b"seed");
    let again = run(b"seed");
    assert_eq!(numbers, again.0);
    assert_eq!(counters, again.1);
    assert!(octets == again.2, "the same octets at the same moments");
    assert_ne!(numbers, run(b"other").0);
    let is_about = |count: u64, expected: u64| count.abs_diff(expected) < expected / 3;
    assert!(is_about(counters.lost, 200), "{counters:?}");
    assert!(is_about(counters.duplicated, 90), "{counters:?}");
    assert!(is_about(counters.reordered, 360), "{counters:?}");
    assert!(is_about(counters.corrupted, 54), "{counters:?}");
    assert!(!numbers.is_sorted(), "some overtook others");
}

#[test]
fn every_flipped_bit_is_caught_by_a_checksum() {
    let mut two = Two::new(b"", Conditions { corruption: Chance::percent(100), ..Conditions::default() });
    let numbers = two.send_numbers(1000);
    assert!(numbers.is_empty(), "{numbers:?}");
    let counters = two.world.host(two.b).counters;
    assert_eq!(counters.arrived, 1000);
    assert_eq!(counters.bad_headers + counters.bad_checksums, 1000);
    assert!(counters.bad_headers > 300 && counters.bad_checksums > 200, "{counters:?}");
}
