use std::net::Ipv4Addr;

use l2tpspec_protocol::l2tp::wire::{AvpValue, MessageType, ResultCode};
use l2tpspec_protocol::ppp::chap::{self, Algorithm};
use l2tpspec_protocol::ppp::control::{Body, Code, Packet};
use l2tpspec_protocol::ppp::{Control, Protocol, ipcp, lcp, pap};

use super::story::{CLIENT, SUPERNODE, Story, icmp};
use crate::triage::{Outcome, Rung};

fn assert_failed(outcome: &Outcome, rung: Rung, words: &[&str]) {
    assert_eq!((outcome.rung, outcome.failed), (rung, true), "{:?}", outcome.causes);
    let cause = outcome.cause().expect("a failure has a cause");
    for word in words {
        assert!(cause.contains(word), "{word:?} is not in {cause:?}");
    }
}

fn lcp(code: Code, identifier: u8, options: Vec<lcp::Option>) -> Control {
    Control::Lcp(Packet { code, identifier, body: Body::Options(options), padding: Vec::new() })
}

fn lcp_data(code: Code, body: Body<lcp::Option>) -> Control {
    Control::Lcp(Packet { code, identifier: 9, body, padding: Vec::new() })
}

fn terminate(text: &str) -> Control {
    lcp_data(Code::TerminateRequest, Body::Data(text.as_bytes().to_vec()))
}

fn ipcp(code: Code, identifier: u8, address: [u8; 4]) -> Control {
    let options = vec![ipcp::Option::IpAddress(Ipv4Addr::from(address))];
    Control::Ipcp(Packet { code, identifier, body: Body::Options(options), padding: Vec::new() })
}

const fn mru(octets: u16) -> lcp::Option {
    lcp::Option::MaximumReceiveUnit(octets)
}

fn chap_option() -> lcp::Option {
    let data = vec![Algorithm::MsChapV2.number()];
    lcp::Option::AuthenticationProtocol { protocol: Protocol::Chap, data }
}

fn chap(code: chap::Code, body: chap::Body) -> Control {
    Control::Chap(chap::Packet { code, identifier: 1, body, padding: Vec::new() })
}

fn challenge() -> Control {
    chap(chap::Code::Challenge, chap::Body::Value { value: vec![1; 16], name: b"sn1".to_vec() })
}

fn response() -> Control {
    chap(chap::Code::Response, chap::Body::Value { value: vec![2; 49], name: b"someone".to_vec() })
}

fn failure(text: &str) -> Control {
    chap(chap::Code::Failure, chap::Body::Message(text.as_bytes().to_vec()))
}

/// LCP up, with MS-CHAPv2 demanded of the client.
fn linked(story: &mut Story) -> &mut Story {
    let own = vec![mru(1400)];
    let demand = vec![mru(1400), chap_option()];
    story
        .call()
        .ppp(SUPERNODE, lcp(Code::ConfigureRequest, 1, demand.clone()))
        .ppp(CLIENT, lcp(Code::ConfigureRequest, 1, own.clone()))
        .ppp(SUPERNODE, lcp(Code::ConfigureAck, 1, own))
        .ppp(CLIENT, lcp(Code::ConfigureAck, 1, demand))
}

fn authenticated(story: &mut Story) -> &mut Story {
    let success = chap(chap::Code::Success, chap::Body::Message(b"S=00".to_vec()));
    linked(story).ppp(SUPERNODE, challenge()).ppp(CLIENT, response()).ppp(SUPERNODE, success)
}

fn addressed(story: &mut Story) -> &mut Story {
    authenticated(story)
        .ppp(CLIENT, ipcp(Code::ConfigureRequest, 1, [10, 70, 72, 2]))
        .ppp(SUPERNODE, ipcp(Code::ConfigureRequest, 1, [10, 70, 72, 1]))
        .ppp(SUPERNODE, ipcp(Code::ConfigureAck, 1, [10, 70, 72, 2]))
        .ppp(CLIENT, ipcp(Code::ConfigureAck, 1, [10, 70, 72, 1]))
}

#[test]
fn an_end_whose_ppp_is_silent() {
    let mut story = Story::default();
    story.call().repeat(3, |story| {
        story.ppp(SUPERNODE, lcp(Code::ConfigureRequest, 1, vec![mru(1400)]));
    });
    assert_failed(&story.outcome(), Rung::SessionUp, &["the client sends no PPP frame at all", "3 times"]);
}

#[test]
fn an_option_that_both_insist_on() {
    let mut story = Story::default();
    story.call();
    for identifier in 1..=4 {
        story.ppp(CLIENT, lcp(Code::ConfigureRequest, identifier, vec![mru(1500)]));
        story.ppp(SUPERNODE, lcp(Code::ConfigureNak, identifier, vec![mru(1400)]));
    }
    let words = ["LCP does not converge", "the supernode answers with Configure-Nak MRU 1400 4 times"];
    assert_failed(&story.outcome(), Rung::SessionUp, &words);
}

#[test]
fn a_method_of_authentication_that_is_refused() {
    let mut story = Story::default();
    story.call().ppp(SUPERNODE, lcp(Code::ConfigureRequest, 1, vec![chap_option()]));
    let mut naked = Story::default();
    naked.call().ppp(SUPERNODE, lcp(Code::ConfigureRequest, 1, vec![chap_option()]));
    story.ppp(CLIENT, lcp(Code::ConfigureReject, 1, vec![chap_option()]));
    assert_failed(
        &story.outcome(),
        Rung::SessionUp,
        &["the client refuses to authenticate itself by CHAP MS-CHAPv2 at all"],
    );
    let pap = lcp::Option::AuthenticationProtocol { protocol: Protocol::Pap, data: Vec::new() };
    naked.ppp(CLIENT, lcp(Code::ConfigureNak, 1, vec![pap]));
    assert_failed(&naked.outcome(), Rung::SessionUp, &["by CHAP MS-CHAPv2 and proposes PAP instead"]);
}

#[test]
fn errors_of_ms_chap_v2_are_told_apart() {
    for (code, words) in [
        (691, ["user name or password is wrong", "E=691 ERROR_AUTHENTICATION_FAILURE"]),
        (647, ["the account is disabled", "E=647 ERROR_ACCT_DISABLED"]),
        (648, ["the password has expired", "E=648 ERROR_PASSWD_EXPIRED"]),
        (649, ["no dial-in permission", "E=649 ERROR_NO_DIALIN_PERMISSION"]),
    ] {
        let mut story = Story::default();
        linked(&mut story).ppp(SUPERNODE, challenge()).ppp(CLIENT, response());
        let frame = story.next_frame();
        story.ppp(SUPERNODE, failure(&format!("E={code} R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=no")));
        let outcome = story.outcome();
        assert_failed(&outcome, Rung::LcpUp, &words);
        assert_failed(
            &outcome,
            Rung::LcpUp,
            &["user \"someone\"", "MS-CHAPv2 Failure", &format!("frame {frame}")],
        );
        assert!(!outcome.causes.concat().contains("00112233"), "the challenge is nobody's business");
    }
}

#[test]
fn a_second_response_that_is_accepted_is_no_failure() {
    let mut story = Story::default();
    linked(&mut story)
        .ppp(SUPERNODE, challenge())
        .ppp(CLIENT, response())
        .ppp(SUPERNODE, failure("E=691 R=1"));
    let success = chap(chap::Code::Success, chap::Body::Message(Vec::new()));
    story.ppp(CLIENT, response()).ppp(SUPERNODE, success);
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::Authenticated, false));
}

#[test]
fn challenges_and_responses_that_nobody_answers() {
    let mut story = Story::default();
    linked(&mut story).ppp(SUPERNODE, challenge()).ppp(SUPERNODE, challenge());
    assert_failed(&story.outcome(), Rung::LcpUp, &["the client never answers the MS-CHAPv2 challenge"]);
    story.ppp(CLIENT, response());
    assert_failed(&story.outcome(), Rung::LcpUp, &["never accepted nor refused", "RADIUS"]);
}

#[test]
fn an_authenticator_that_hangs_up_at_once_has_refused_and_one_that_does_later_has_waited() {
    let ends = |wait, who| {
        let mut story = Story::default();
        linked(&mut story).ppp(SUPERNODE, challenge()).ppp(CLIENT, response()).wait(wait);
        let result = ResultCode { result: 3, error: None, message: Vec::new() };
        let kind = MessageType::CallDisconnectNotify;
        story.l2tp_with(who, kind, vec![AvpValue::ResultCode(result)], None);
        story.outcome()
    };
    let words = ["user name or password is wrong", "the supernode gives up the call", "response of user"];
    assert_failed(&ends(1, SUPERNODE), Rung::LcpUp, &words);
    assert_failed(&ends(30, SUPERNODE), Rung::LcpUp, &["never accepted nor refused", "RADIUS"]);
    assert_failed(&ends(1, CLIENT), Rung::LcpUp, &["never accepted nor refused", "RADIUS"]);
}

#[test]
fn a_password_in_clear_is_never_told() {
    let mut story = Story::default();
    let body = pap::Body::Request { peer_id: b"someone".to_vec(), password: b"hunter2".to_vec() };
    let request =
        pap::Packet { code: pap::Code::AuthenticateRequest, identifier: 1, body, padding: Vec::new() };
    let body = pap::Body::Verdict(Some(b"go away".to_vec()));
    let nak = pap::Packet { code: pap::Code::AuthenticateNak, identifier: 1, body, padding: Vec::new() };
    story.call().ppp(CLIENT, Control::Pap(request)).ppp(SUPERNODE, Control::Pap(nak));
    let outcome = story.outcome();
    assert!(outcome.causes[0].contains("PAP Authenticate-Nak \"go away\""), "{:?}", outcome.causes);
    assert!(!format!("{outcome:?}").contains("hunter2"));
}

#[test]
fn a_supernode_without_addresses() {
    let mut story = Story::default();
    authenticated(&mut story)
        .ppp(CLIENT, ipcp(Code::ConfigureRequest, 1, [0; 4]))
        .ppp(SUPERNODE, ipcp(Code::ConfigureReject, 1, [0; 4]));
    assert_failed(&story.outcome(), Rung::Authenticated, &["the supernode has no address to give"]);
    let mut story = Story::default();
    authenticated(&mut story)
        .ppp(SUPERNODE, ipcp(Code::ConfigureRequest, 1, [10, 70, 72, 1]))
        .ppp(CLIENT, ipcp(Code::ConfigureRequest, 1, [0; 4]))
        .ppp(CLIENT, ipcp(Code::ConfigureRequest, 2, [0; 4]));
    assert_failed(&story.outcome(), Rung::Authenticated, &["the supernode gives the client no address"]);
}

#[test]
fn an_end_that_does_not_speak_ipcp() {
    let mut story = Story::default();
    authenticated(&mut story).ppp(CLIENT, ipcp(Code::ConfigureRequest, 1, [0; 4]));
    let body = Body::RejectedProtocol { protocol: Protocol::Ipcp, information: Vec::new() };
    story.ppp(SUPERNODE, lcp_data(Code::ProtocolReject, body));
    assert_failed(
        &story.outcome(),
        Rung::Authenticated,
        &["the supernode does not speak IPCP", "Protocol-Reject"],
    );
}

#[test]
fn pings_that_nobody_answers() {
    let host = Ipv4Addr::new(10, 10, 10, 10);
    let mut story = Story::default();
    addressed(&mut story);
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::IpcpUp, false));
    story.packet(CLIENT, host, icmp(8, 0));
    assert!(!story.outcome().failed, "there was no time for an answer");
    story.packet(CLIENT, host, icmp(8, 0));
    assert_failed(
        &story.outcome(),
        Rung::IpcpUp,
        &["nothing comes back to the client", "10.10.10.10", "ip_forward"],
    );
    story.packet(SUPERNODE, Ipv4Addr::new(10, 70, 72, 2), icmp(0, 0));
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::DataBothWays, false));
}

#[test]
fn an_acknowledgement_that_the_recording_lacks_is_shown_by_what_follows() {
    let mut story = Story::default();
    authenticated(&mut story).ppp(CLIENT, ipcp(Code::ConfigureRequest, 1, [10, 70, 72, 2]));
    story.packet(CLIENT, Ipv4Addr::new(10, 70, 72, 1), icmp(8, 0));
    story.packet(SUPERNODE, Ipv4Addr::new(10, 70, 72, 2), icmp(0, 0));
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::DataBothWays, false));
}

#[test]
fn lcp_that_begins_anew_has_to_come_up_again() {
    let mut story = Story::default();
    addressed(&mut story).ppp(SUPERNODE, lcp(Code::ConfigureRequest, 2, vec![mru(1400)]));
    story.ppp(SUPERNODE, lcp(Code::ConfigureRequest, 3, vec![mru(1400)]));
    story.ppp(CLIENT, lcp(Code::ConfigureAck, 3, vec![mru(1400)]));
    let outcome = story.outcome();
    assert_eq!(
        (outcome.rung, outcome.failed),
        (Rung::SessionUp, true),
        "the client acknowledges and never asks itself"
    );
}

#[test]
fn a_terminate_request_is_an_end() {
    let mut story = Story::default();
    addressed(&mut story).ppp(CLIENT, terminate("User request"));
    assert_eq!((story.outcome().rung, story.outcome().failed), (Rung::Ended, false));
}

#[test]
fn a_link_that_does_not_say_who_sends() {
    let mut story = Story::default();
    for (identifier, octets) in [(1, 1500), (7, 1492)] {
        story.bare_ppp(lcp(Code::ConfigureRequest, identifier, vec![mru(octets)]));
        story.bare_ppp(lcp(Code::ConfigureAck, identifier, vec![mru(octets)]));
    }
    let outcome = story.outcome();
    assert_eq!((outcome.rung, outcome.failed, outcome.client), (Rung::LcpUp, false, None));
    story.bare_ppp(challenge()).bare_ppp(response()).bare_ppp(failure("E=691 R=0"));
    assert_failed(&story.outcome(), Rung::LcpUp, &["E=691"]);
}
