//! Connections made by hand, for what no recording shows.

mod ike;
mod l2tp;
mod ospf;
mod ppp;
mod story;

use super::Rung;
use story::{CLIENT, SUPERNODE, Story};

#[test]
fn a_recording_of_a_standing_connection_alone_is_no_failure() {
    let mut story = Story::default();
    for _ in 0..4 {
        story.esp(CLIENT, 7).esp(SUPERNODE, 8);
    }
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed), (Rung::EspBothWays, false));
    assert_eq!(outcome.hidden, ["esp", "l2tp", "ppp"]);
    assert_eq!(outcome.phase2_generations, 1);
}

#[test]
fn two_clients_behind_one_translator_are_two_connections() {
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10);
    story.client_port(4711).phase1(2).repeat(3, |story| {
        story.main_mode(CLIENT, 2, 4);
    });
    let checked = story.checked();
    let verdicts: Vec<_> =
        checked.connections.iter().map(|judged| (judged.outcome.rung, judged.outcome.failed)).collect();
    assert_eq!(verdicts.len(), 2, "{verdicts:?}");
    assert_eq!(verdicts[0], (Rung::Phase2Up, false));
}

#[test]
fn a_recording_without_anything_of_ours_has_no_outcome() {
    let mut story = Story::default();
    story.nothing();
    assert!(story.checked().connections.is_empty());
}
