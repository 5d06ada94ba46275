//! Options and the answers to them (RFC 1661 sections 5.1 to 5.4 and 6).

use std::collections::{BTreeMap, BTreeSet};

use l2tpspec_protocol::codec::Malformed;
use l2tpspec_protocol::ppp::Protocol;
use l2tpspec_protocol::ppp::control::Code;

use super::dialogue::{Dialogue, Request};
use super::judge::{Looks, judge};
use super::links::{AUTHENTICATION, DEFAULT_MRU, MAGIC, MRU, Turn};
use super::message::{Choice, Message, listed};
use crate::rule::l2tp::path::{self, SECOND};
use crate::rule::{Report, Rule, Seen};
use crate::transcript::connection::Role;

/// An answer, and the requests with its identifier that the recording has.
fn answered<'a>(turn: &'a Turn<'_>, code: Code) -> Option<(&'a Message, &'a [Choice], Vec<&'a Request>)> {
    let message = turn.message.as_ref()?;
    let options = message.options(code)?;
    let dialogue = turn.link.dialogue(!turn.sender, message.protocol);
    let requests = dialogue.into_iter().flat_map(|dialogue| dialogue.requests(message.identifier)).collect();
    Some((message, options, requests))
}

/// Reports an answer that none of the requests with its identifier allows, or whose identifier no request has.
fn judge_answer(
    turn: &Turn<'_>,
    code: Code,
    expected: &str,
    fits: impl Fn(&[Choice], &Request) -> bool,
    report: &mut Report<'_>,
) {
    let Some((message, options, requests)) = answered(turn, code) else { return };
    if let Some(last) = requests.last() {
        if !requests.iter().any(|request| fits(options, request)) {
            let (options, asked) = (listed(options), listed(&last.options));
            turn.violation(
                report,
                format!("sent {message} ({options}) for a request of {asked}; expected {expected}"),
            );
        }
    } else {
        turn.suspect(format!(
            "sent {message} while no Configure-Request had this identifier; expected a request's identifier"
        ));
    }
}

/// LCP-1661-5.2-a.
pub(super) fn ack() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let fits = |options: &[Choice], request: &Request| {
            options.len() == request.options.len()
                && options.iter().zip(&request.options).all(|(got, asked)| got.is_same(asked))
        };
        judge_answer(turn, Code::ConfigureAck, "the same options in the same order", fits, report);
    })
}

/// LCP-1661-5.3-a.
pub(super) fn nak() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let expected =
            "options of the request in its order, each with another value, and then perhaps wanted ones";
        judge_answer(turn, Code::ConfigureNak, expected, is_fit_nak, report);
    })
}

fn is_fit_nak(options: &[Choice], request: &Request) -> bool {
    let count = |list: &[Choice], number| list.iter().filter(|option| option.number == number).count();
    let mut reached = 0;
    options.iter().all(|option| {
        let number = option.number;
        // An option that may be there several times is beyond this judge.
        if count(&request.options, number) != 1 || count(options, number) != 1 {
            return true;
        }
        let Some(at) = request.options.iter().position(|asked| asked.number == number) else { return true };
        let is_in_order = at >= reached;
        reached = at;
        is_in_order && (option.data.is_empty() || option.data != request.options[at].data)
    })
}

/// LCP-1661-5.3-b.
pub(super) fn nak_without_value() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some((message, options, requests)) = answered(turn, Code::ConfigureNak) else { return };
        let Some(last) = requests.last() else { return };
        let is_boolean =
            |number| last.options.iter().any(|asked| asked.number == number && asked.data.is_empty());
        if let Some(option) = options.iter().find(|option| is_boolean(option.number)) {
            let text = format!(
                "sent {message} with {}, which has no value; expected Configure-Reject",
                option.shown
            );
            turn.violation(report, text);
        }
    })
}

/// LCP-1661-5.4-a.
pub(super) fn reject() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let fits = |options: &[Choice], request: &Request| {
            let mut asked = request.options.iter();
            options.iter().all(|option| asked.any(|asked| asked.is_same(option)))
        };
        let expected = "options of the request, unaltered and in its order";
        judge_answer(turn, Code::ConfigureReject, expected, fits, report);
    })
}

/// LCP-1661-5.4-b.
pub(super) fn rejected_again() -> Box<dyn Rule> {
    judge(Looks::AtControl, again)
}

/// How often a rejected option was asked for again: by link, end, protocol and option.
type Again = BTreeMap<(usize, Role, Protocol, u8), u32>;

/// A request that crossed the Configure-Reject does not count: a repeat of the rejected one, or the first within a
/// second. Nor does the same request under another identifier as long as there was one Configure-Reject, which may be
/// lost.
fn again(counts: &mut Again, turn: &Turn<'_>, report: &mut Report<'_>) {
    let Some(message) = &turn.message else { return };
    let Some(options) = message.options(Code::ConfigureRequest) else { return };
    let Some(dialogue) = turn.link.dialogue(turn.sender, message.protocol) else { return };
    for option in options {
        let rejected = dialogue.rejected.iter().find(|rejected| rejected.number == option.number);
        let Some(rejected) = rejected.filter(|rejected| rejected.identifier != message.identifier) else {
            continue;
        };
        if rejected.times == 1 && *options == rejected.request {
            continue;
        }
        let count = counts.entry((turn.index, turn.sender, message.protocol, option.number)).or_default();
        *count += 1;
        if *count == 2 || (*count == 1 && turn.time - rejected.time > SECOND) {
            *count = 2;
            let (shown, frame) = (&option.shown, rejected.frame);
            let text = format!(
                "sent {message} with {shown}, which frame {frame} rejected; expected a request without it"
            );
            turn.violation(report, text);
        }
    }
}

/// LCP-1661-5.1-a.
pub(super) fn defaults() -> Box<dyn Rule> {
    judge(Looks::AtControl, |reported: &mut BTreeSet<(usize, Role)>, turn, report| {
        let Some(options) = turn.lcp().and_then(|message| message.options(Code::ConfigureRequest)) else {
            return;
        };
        let is_default = |option: &Choice| option.number == MRU && option.data == DEFAULT_MRU.to_be_bytes();
        let is_suggested = |dialogue: &Dialogue| dialogue.suggested.iter().any(is_default);
        let own = turn.link.dialogue(turn.sender, Protocol::Lcp);
        let is_wrong = options.iter().any(is_default) && !own.is_some_and(is_suggested);
        if is_wrong && reported.insert((turn.index, turn.sender)) {
            let text =
                "sent LCP Configure-Request with MRU 1500, the default; expected a request without MRU";
            turn.violation(report, text);
        }
    })
}

/// LCP-1661-6-b.
pub(super) fn beyond_packet(seen: &Seen<'_>, report: &mut Report<'_>) {
    for layer in ["lcp", "ipcp", "ipv6cp", "ccp", "ncp"] {
        if let Some(malformed @ Malformed { field: "Option Length", .. }) = path::refusal(seen, layer) {
            let text =
                format!("sent an option that does not fit ({malformed}); expected options within the packet");
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// LCP-1661-6.2-a.
pub(super) fn one_authentication() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some(options) = turn.lcp().and_then(|message| message.options(Code::ConfigureRequest)) else {
            return;
        };
        let asked: Vec<_> =
            options.iter().filter(|option| option.number == AUTHENTICATION).cloned().collect();
        if asked.len() > 1 {
            turn.violation(
                report,
                format!("sent a request of {}; expected at most one of them", listed(&asked)),
            );
        }
    })
}

/// LCP-1661-6.4-c.
pub(super) fn magic_zero() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some(message) = turn.lcp() else { return };
        let Some(options) = message.options(Code::ConfigureAck) else { return };
        if options.iter().any(|option| option.number == MAGIC && option.data == [0; 4]) {
            turn.violation(
                report,
                format!("sent {message} for Magic-Number 0; expected Configure-Nak or Configure-Reject"),
            );
        }
    })
}
