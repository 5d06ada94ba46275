use l2tpspec_protocol::l2tp::wire::{AvpValue, ErrorCode, MessageType as M, ResultCode};

use super::story::{CLIENT, SUPERNODE, Story};
use crate::triage::{Outcome, Rung};

fn assert_failed(outcome: &Outcome, rung: Rung, words: &[&str]) {
    assert_eq!((outcome.rung, outcome.failed), (rung, true), "{:?}", outcome.causes);
    let cause = outcome.cause().expect("a failure has a cause");
    for word in words {
        assert!(cause.contains(word), "{word:?} is not in {cause:?}");
    }
}

fn result(result: u16, error: u16, message: &str) -> Vec<AvpValue> {
    let error = (error > 0).then(|| ErrorCode::from_number(error));
    vec![AvpValue::ResultCode(ResultCode { result, error, message: message.as_bytes().to_vec() })]
}

#[test]
fn an_sccrq_in_clear_that_nobody_answers() {
    let mut story = Story::default();
    story.l2tp(CLIENT, M::StartControlConnectionRequest);
    story.l2tp_copy(CLIENT, M::StartControlConnectionRequest, 0);
    let outcome = story.outcome();
    assert_failed(&outcome, Rung::NothingHeard, &["never answers SCCRQ", "frames 1 and 2"]);
    assert!(
        outcome.causes.iter().any(|cause| cause.contains("only inside of IPsec")),
        "{:?}",
        outcome.causes
    );
    story.unreachable(CLIENT, 3, 1701);
    assert_failed(&story.outcome(), Rung::NothingHeard, &["nobody listens on UDP port 1701"]);
}

#[test]
fn a_tunnel_that_is_refused() {
    let mut story = Story::default();
    story.l2tp(CLIENT, M::StartControlConnectionRequest);
    story.l2tp_with(SUPERNODE, M::StopControlConnectionNotification, result(2, 4, "no more tunnels"), None);
    let words = [
        "StopCCN",
        "result 2 (general error",
        "error 4 (insufficient resources)",
        "\"no more tunnels\"",
        "frame 2",
    ];
    assert_failed(&story.outcome(), Rung::NothingHeard, &words);
}

#[test]
fn an_sccrp_that_the_client_does_not_heed() {
    let mut story = Story::default();
    story.l2tp(CLIENT, M::StartControlConnectionRequest).l2tp(SUPERNODE, M::StartControlConnectionReply);
    story.l2tp_copy(SUPERNODE, M::StartControlConnectionReply, 0);
    assert_failed(&story.outcome(), Rung::NothingHeard, &["does not go on after SCCRP (frames 2 and 3)"]);
    story.l2tp(CLIENT, M::StartControlConnectionConnected);
    assert_failed(&story.outcome(), Rung::NothingHeard, &["never acknowledges SCCCN (frame 4)"]);
    story.acknowledge(SUPERNODE);
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::TunnelUp, false));
}

#[test]
fn a_call_that_is_refused() {
    let mut story = Story::default();
    story
        .l2tp(CLIENT, M::StartControlConnectionRequest)
        .l2tp(SUPERNODE, M::StartControlConnectionReply)
        .l2tp(CLIENT, M::StartControlConnectionConnected)
        .l2tp(CLIENT, M::IncomingCallRequest);
    assert_failed(&story.outcome(), Rung::NothingHeard, &["SCCCN"]);
    story.acknowledge(SUPERNODE);
    assert_failed(
        &story.outcome(),
        Rung::TunnelUp,
        &["never answers the call request of the client (frame 4)"],
    );
    story.l2tp_with(SUPERNODE, M::CallDisconnectNotify, result(4, 0, ""), None);
    let words =
        ["the supernode gives up the call with CDN", "result 4 (no facilities, temporarily)", "frame 6"];
    assert_failed(&story.outcome(), Rung::TunnelUp, &words);
}

#[test]
fn a_call_that_stands_and_its_end() {
    let mut story = Story::default();
    story.call();
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::SessionUp, false));
    story.l2tp_with(CLIENT, M::StopControlConnectionNotification, result(1, 0, ""), None);
    assert_eq!(story.outcome().rung, Rung::SessionUp, "the end is not acknowledged yet");
    story.acknowledge(SUPERNODE);
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed), (Rung::Ended, false));
    assert!(outcome.notes.is_empty(), "{:?}", outcome.notes);
}

#[test]
fn an_end_in_anger_is_noted() {
    let mut story = Story::default();
    story
        .call()
        .l2tp_with(SUPERNODE, M::CallDisconnectNotify, result(2, 6, "idle"), None)
        .acknowledge(CLIENT);
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed), (Rung::Ended, false));
    assert!(
        outcome.notes[0].contains("error 6 (vendor-specific error), message \"idle\""),
        "{:?}",
        outcome.notes
    );
}

#[test]
fn hellos_that_nobody_acknowledges_are_the_end_of_a_peer() {
    let mut story = Story::default();
    story.call().l2tp(CLIENT, M::Hello);
    for _ in 0..4 {
        story.l2tp_copy(CLIENT, M::Hello, 4);
    }
    assert_failed(
        &story.outcome(),
        Rung::SessionUp,
        &["the supernode fell silent", "HELLO", "and gets no answer"],
    );
}

#[test]
fn l2tp_in_clear_beside_ike_is_noted() {
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).call();
    let outcome = story.outcome();
    assert!(outcome.notes.iter().any(|note| note.contains("L2TP goes in clear")), "{:?}", outcome.notes);
}
