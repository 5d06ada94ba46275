//! Echo and Discard packets (RFC 1661 sections 5.8 and 6.4).

use std::collections::{BTreeMap, BTreeSet};

use l2tpspec_protocol::ppp::Protocol;
use l2tpspec_protocol::ppp::control::Code;

use super::judge::{Looks, judge, judge_with_end};
use super::links::{Links, MAGIC, Turn};
use super::message::Content;
use crate::rule::l2tp::path::{REORDERING, SECOND};
use crate::rule::{Report, Rule};
use crate::transcript::connection::Role;

/// Requests that a peer which is still there may leave unanswered before it is taken to answer none.
const PATIENCE: u32 = 3;

/// LCP-1661-5.8-a.
pub(super) fn replies() -> Box<dyn Rule> {
    judge_with_end(Looks::AtAll, reply, silence)
}

/// What was asked by one end of a link.
#[derive(Default)]
struct Asked {
    identifiers: BTreeSet<u8>,
    /// Requests a second apart.
    count: u32,
    last: Option<(u64, i64)>,
    is_answered: bool,
    /// Frame of the peer's that follows the last of those requests.
    peer: Option<u64>,
}

fn reply(asked: &mut BTreeMap<(usize, Role), Asked>, turn: &Turn<'_>, _: &mut Report<'_>) {
    let peers = asked.entry((turn.index, !turn.sender)).or_default();
    if peers.count >= PATIENCE && peers.last.is_some_and(|(_, time)| turn.time - time > REORDERING) {
        peers.peer.get_or_insert(turn.frame);
    }
    let Some(message) = turn.lcp() else { return };
    match message.code {
        Code::EchoReply => {
            peers.is_answered = true;
            if !peers.identifiers.contains(&message.identifier) {
                turn.suspect(format!(
                    "sent {message} while no Echo-Request had this identifier; expected a request's identifier"
                ));
            }
        }
        Code::EchoRequest => {
            let own = asked.entry((turn.index, turn.sender)).or_default();
            own.identifiers.insert(message.identifier);
            let is_open = turn.link.can_be_open(!turn.sender, Protocol::Lcp);
            if is_open && own.last.is_none_or(|(_, time)| turn.time - time > SECOND) {
                own.count += 1;
                own.last = Some((turn.frame, turn.time));
                own.peer = None;
            }
        }
        _ => {}
    }
}

fn silence(asked: &mut BTreeMap<(usize, Role), Asked>, links: &Links, report: &mut Report<'_>) {
    for ((index, role), asked) in asked {
        if let (true, false, Some(frame)) = (links.at(*index).is_whole, asked.is_answered, asked.peer) {
            let text =
                format!("sent no Echo-Reply to any of {} Echo-Requests; expected one to each", asked.count);
            report.violation(frame, Some(!*role), text);
        }
    }
}

/// LCP-1661-5.8-b.
pub(super) fn only_opened() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, _| {
        let Some(message) = turn.lcp().filter(|message| matches!(message.content, Content::Magic(_))) else {
            return;
        };
        if !turn.link.can_be_open(turn.sender, Protocol::Lcp) {
            turn.suspect(format!("sent {message} before LCP was Opened; expected it only while Opened"));
        }
    })
}

/// LCP-1661-6.4-e.
pub(super) fn magic() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some(message) = turn.lcp() else { return };
        let (Content::Magic(magic), Some(_)) = (&message.content, turn.link.agreed(turn.sender)) else {
            return;
        };
        let agreed =
            turn.link.agreed_option(turn.sender, MAGIC).and_then(|data| <[u8; 4]>::try_from(data).ok());
        let expected = agreed.map_or(0, u32::from_be_bytes);
        if *magic != expected {
            turn.violation(
                report,
                format!("sent {message} with Magic-Number {magic:#010x}; expected {expected:#010x}"),
            );
        }
    })
}
