use l2tpspec_protocol::isakmp::wire::{Body, Delete, Doi, Id, NotifyType, ProtocolId};

use super::story::{CLIENT, SUPERNODE, Story, notification, phase2_sa};
use crate::triage::{Outcome, Rung};

fn assert_failed(outcome: &Outcome, rung: Rung, words: &[&str]) {
    assert_eq!((outcome.rung, outcome.failed), (rung, true), "{:?}", outcome.causes);
    let cause = outcome.cause().expect("a failure has a cause");
    for word in words {
        assert!(cause.contains(word), "{word:?} is not in {cause:?}");
    }
}

#[test]
fn message_1_without_an_answer() {
    let mut story = Story::default();
    story.repeat(3, |story| {
        story.main_mode(CLIENT, 1, 0);
    });
    assert_failed(&story.outcome(), Rung::NothingHeard, &["never answers", "3 times (frames 1, 2 and 3)"]);
    story.unreachable(CLIENT, 3, 500);
    let words = ["nobody listens on UDP port 500", "frame 4"];
    assert_failed(&story.outcome(), Rung::NothingHeard, &words);
}

#[test]
fn a_firewall_that_says_so() {
    let mut story = Story::default();
    story.main_mode(CLIENT, 1, 0).unreachable(CLIENT, 13, 500).wait(9).main_mode(CLIENT, 1, 0);
    assert_failed(&story.outcome(), Rung::NothingHeard, &["a firewall forbids UDP port 500"]);
}

#[test]
fn no_phase_1_transform_in_common() {
    let mut story = Story::default();
    story.main_mode(CLIENT, 1, 0).notify_in_clear(SUPERNODE, 1, NotifyType::NoProposalChosen);
    let words = ["NO-PROPOSAL-CHOSEN in frame 2", "AES-CBC 256, SHA1, MODP2048, pre-shared key"];
    assert_failed(&story.outcome(), Rung::IkeAnswered, &words);
}

#[test]
fn message_2_that_does_not_reach_the_client() {
    let mut story = Story::default();
    story.phase1_up_to(1, 2).main_mode(CLIENT, 1, 0).main_mode(SUPERNODE, 1, 1);
    assert_failed(&story.outcome(), Rung::ProposalChosen, &["does not reach the client", "message 1"]);
}

#[test]
fn message_3_without_an_answer() {
    let mut story = Story::default();
    story.phase1_up_to(1, 3).main_mode(CLIENT, 1, 2);
    assert_failed(&story.outcome(), Rung::ProposalChosen, &["never answers message 3", "frames 3 and 4"]);
}

#[test]
fn pre_shared_keys_that_differ() {
    let silent = |story: &mut Story| {
        story.phase1_up_to(1, 5).main_mode(CLIENT, 1, 4);
    };
    let mut story = Story::default();
    silent(&mut story);
    assert_failed(
        &story.outcome(),
        Rung::KeyExchanged,
        &["the pre-shared keys differ", "frames 5 and 6", "no answer"],
    );
    story.informational(SUPERNODE, 1, Vec::new());
    assert_failed(
        &story.outcome(),
        Rung::KeyExchanged,
        &["the pre-shared keys differ", "Informationals", "frame 7"],
    );
    let mut story = Story::default();
    silent(&mut story);
    story.notify_in_clear(SUPERNODE, 1, NotifyType::PayloadMalformed);
    assert_failed(
        &story.outcome(),
        Rung::KeyExchanged,
        &["the pre-shared keys differ", "PAYLOAD-MALFORMED (frame 7)"],
    );
}

#[test]
fn an_identity_that_nobody_knows() {
    let mut story = Story::default();
    story.phase1_up_to(1, 5).informational(
        SUPERNODE,
        1,
        vec![notification(NotifyType::InvalidIdInformation)],
    );
    assert_failed(
        &story.outcome(),
        Rung::KeyExchanged,
        &["no configuration for the client's identity", "frame 6"],
    );
}

#[test]
fn port_4500_that_is_blocked() {
    let mut story = Story::default();
    story.phase1_up_to(1, 4).float().repeat(4, |story| {
        story.main_mode(CLIENT, 1, 4);
    });
    let outcome = story.outcome();
    assert_failed(&outcome, Rung::KeyExchanged, &["UDP port 4500 is blocked", "frames 5, 6, 7 and 8"]);
    assert!(outcome.causes[1].contains("the pre-shared keys differ"), "{:?}", outcome.causes);
    assert!(outcome.is_translated);
}

#[test]
fn message_6_that_does_not_reach_the_client() {
    let mut story = Story::default();
    story.phase1(1).main_mode(CLIENT, 1, 4).main_mode(SUPERNODE, 1, 5);
    assert_failed(
        &story.outcome(),
        Rung::KeyExchanged,
        &["message 6 (frames 6 and 8) does not reach the client"],
    );
    story.quick_mode(1, 10);
    assert_eq!(story.outcome().rung, Rung::Phase2Up, "what follows shows that a copy got there");
}

#[test]
fn phase_1_alone_is_no_failure() {
    let mut story = Story::default();
    story.phase1(1);
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed, outcome.hidden), (Rung::Phase1Up, false, vec!["isakmp"]));
}

#[test]
fn a_recording_that_begins_within_phase_1_blames_nobody() {
    let mut story = Story::default();
    story.main_mode(CLIENT, 1, 2);
    let outcome = story.outcome();
    assert!(!outcome.failed, "{:?}", outcome.causes);
}

#[test]
fn aggressive_mode_whose_proof_the_client_refuses() {
    let mut story = Story::default();
    story.aggressive_mode(CLIENT, 0).aggressive_mode(SUPERNODE, 1).wait(10).aggressive_mode(SUPERNODE, 1);
    assert_failed(
        &story.outcome(),
        Rung::KeyExchanged,
        &["the pre-shared keys differ", "message 2 (frames 2 and 3)"],
    );
    story.aggressive_mode(CLIENT, 2).quick_mode(1, 10);
    assert_eq!(story.outcome().rung, Rung::Phase2Up);
}

#[test]
fn quick_mode_that_is_refused() {
    let offer = || {
        vec![
            phase2_sa(7),
            Body::Identification(Id::ipv4(CLIENT, 17, 1701)),
            Body::Identification(Id::ipv4(SUPERNODE, 17, 1701)),
        ]
    };
    let refused = |notify| {
        let mut story = Story::default();
        story.phase1(1).quick(1, 10, 0, offer()).informational(SUPERNODE, 1, vec![notification(notify)]);
        story.outcome()
    };
    let outcome = refused(NotifyType::NoProposalChosen);
    assert_failed(
        &outcome,
        Rung::Phase1Up,
        &["NO-PROPOSAL-CHOSEN in frame 8", "ESP AES-CBC 128, HMAC-SHA1, transport mode"],
    );
    assert!(outcome.causes[1].contains("PFS"), "{:?}", outcome.causes);
    let words = ["INVALID-ID-INFORMATION in frame 8", "192.0.2.2 udp/1701 to 192.0.2.1 udp/1701"];
    assert_failed(&refused(NotifyType::InvalidIdInformation), Rung::Phase1Up, &words);
}

#[test]
fn quick_mode_that_is_refused_and_nobody_can_read_it() {
    let mut story = Story::default();
    story.phase1(1).quick(1, 10, 0, Vec::new()).informational(SUPERNODE, 1, Vec::new());
    assert_failed(
        &story.outcome(),
        Rung::Phase1Up,
        &["encrypted Informationals (frame 8)", "NO-PROPOSAL-CHOSEN"],
    );
}

#[test]
fn quick_mode_without_an_answer_or_an_end() {
    let mut story = Story::default();
    story.phase1(1).quick(1, 10, 0, Vec::new()).quick(1, 10, 0, Vec::new());
    assert_failed(&story.outcome(), Rung::Phase1Up, &["never answers Quick Mode", "frames 7 and 8"]);
    story.quick(1, 10, 1, Vec::new());
    assert_failed(
        &story.outcome(),
        Rung::Phase1Up,
        &["does not go on after message 2 of Quick Mode (frame 9)"],
    );
}

#[test]
fn esp_that_goes_one_way() {
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).esp(CLIENT, 7).esp(CLIENT, 7);
    assert_failed(
        &story.outcome(),
        Rung::Phase2Up,
        &["only the client sends ESP (frames 10 and 11)", "IP protocol 50"],
    );
    let mut story = Story::default();
    story.float().phase1(1).quick_mode(1, 10).esp(SUPERNODE, 7);
    assert_failed(
        &story.outcome(),
        Rung::Phase2Up,
        &["only the supernode sends ESP inside of UDP port 4500"],
    );
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).esp_truncated(CLIENT, 7);
    assert_failed(&story.outcome(), Rung::Phase2Up, &["96 bits where the supernode wants 128"]);
}

#[test]
fn an_sccrq_inside_of_esp_that_nobody_answers() {
    use l2tpspec_protocol::l2tp::wire::MessageType::StartControlConnectionRequest;
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).protect();
    story.l2tp(CLIENT, StartControlConnectionRequest).l2tp_copy(CLIENT, StartControlConnectionRequest, 0);
    assert_failed(
        &story.outcome(),
        Rung::Phase2Up,
        &["never answers the SCCRQ inside of ESP (frames 10 and 11)"],
    );
}

#[test]
fn a_second_attempt_that_works_is_no_failure() {
    let mut story = Story::default();
    story.phase1_up_to(1, 5).repeat(3, |story| {
        story.main_mode(CLIENT, 1, 4);
    });
    story.phase1(2).quick_mode(2, 10).esp(CLIENT, 7).esp(SUPERNODE, 8);
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed, outcome.attempts), (Rung::EspBothWays, false, 2));
    assert_eq!((outcome.phase1_generations, outcome.phase2_generations), (1, 1));
}

#[test]
fn an_attempt_that_the_recording_cuts_short_does_not_hide_the_one_before() {
    let mut story = Story::default();
    story.phase1_up_to(1, 5).main_mode(CLIENT, 1, 4).wait(30).main_mode(CLIENT, 2, 0);
    let outcome = story.outcome();
    assert_failed(&outcome, Rung::KeyExchanged, &["the pre-shared keys differ"]);
    assert_eq!(outcome.attempts, 2);
}

#[test]
fn rekeys_are_counted_and_belong_to_the_same_attempt() {
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).esp(CLIENT, 7).esp(SUPERNODE, 8);
    story.quick_mode(1, 11).esp(CLIENT, 17).esp(SUPERNODE, 18);
    story.phase1(2).quick_mode(2, 12).esp(CLIENT, 27).esp(SUPERNODE, 28);
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed, outcome.attempts), (Rung::EspBothWays, false, 1));
    assert_eq!((outcome.phase1_generations, outcome.phase2_generations), (2, 3));
}

#[test]
fn a_renewal_that_fails_kills_only_a_connection_that_falls_silent() {
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).esp(CLIENT, 7).esp(SUPERNODE, 8);
    story.quick(1, 11, 0, Vec::new()).wait(10);
    let frame = story.next_frame() - 1;
    story.esp(CLIENT, 7);
    assert_failed(
        &story.outcome(),
        Rung::EspBothWays,
        &["the renewal of phase 2", &format!("frame {frame}")],
    );
    story.esp(SUPERNODE, 8);
    let outcome = story.outcome();
    assert!(!outcome.failed);
    assert!(outcome.notes.iter().any(|note| note.contains("renewal of phase 2")), "{:?}", outcome.notes);
}

fn delete_isakmp(cookie: u8) -> Body {
    let spi = [[cookie; 8], [0x99; 8]].concat();
    Body::Delete(Delete { doi: Doi::Ipsec, protocol: ProtocolId::Isakmp, spi_size: 16, spis: vec![spi] })
}

#[test]
fn a_delete_of_the_newest_association_is_the_end_and_of_an_older_one_is_not() {
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).esp(CLIENT, 7).esp(SUPERNODE, 8);
    story.phase1(2).informational(CLIENT, 1, vec![delete_isakmp(1)]);
    assert_eq!(story.outcome().rung, Rung::EspBothWays);
    story.informational(CLIENT, 2, vec![delete_isakmp(2)]);
    assert_eq!(story.outcome().rung, Rung::Ended);
    story.esp(CLIENT, 7).esp(SUPERNODE, 8);
    assert_eq!(story.outcome().rung, Rung::EspBothWays, "both ends go on");
}

#[test]
fn a_peer_that_answers_no_more_is_dead() {
    let mut story = Story::default();
    story.phase1(1).quick_mode(1, 10).esp(CLIENT, 7).esp(SUPERNODE, 8);
    let heard = story.next_frame() - 1;
    story.repeat(3, |story| {
        story.informational(CLIENT, 1, vec![notification(NotifyType::RUThere)]);
    });
    let words = [&*format!("the supernode fell silent after frame {heard}"), "R-U-THERE"];
    assert_failed(&story.outcome(), Rung::EspBothWays, &words);
    story.informational(SUPERNODE, 1, vec![notification(NotifyType::RUThereAck)]);
    assert!(!story.outcome().failed);
}
