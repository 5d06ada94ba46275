//! The end of a link (RFC 1661 section 5.5).

use std::collections::BTreeMap;

use l2tpspec_protocol::ppp::control::Code;

use super::judge::{Looks, judge_with_end};
use super::links::{Links, Turn};
use crate::rule::l2tp::path::REORDERING;
use crate::rule::{Report, Rule};
use crate::transcript::connection::Role;

/// LCP-1661-5.5-a.
pub(super) fn answered() -> Box<dyn Rule> {
    judge_with_end(Looks::AtAll, note, judge_silence)
}

/// Terminate-Requests of one end of a link without answer.
struct Unanswered {
    identifiers: Vec<u8>,
    frame: u64,
    time: i64,
    is_repeated: bool,
    /// The peer has sent something since.
    is_peer_there: bool,
}

/// Those of all ends.
type Ends = BTreeMap<(usize, Role), Unanswered>;

fn note(ends: &mut Ends, turn: &Turn<'_>, _: &mut Report<'_>) {
    let asked_by_peer = (turn.index, !turn.sender);
    if let Some(unanswered) = ends.get_mut(&asked_by_peer)
        && turn.time - unanswered.time > REORDERING
    {
        unanswered.is_peer_there = true;
    }
    let Some(message) = turn.lcp() else { return };
    match message.code {
        Code::TerminateRequest => {
            let (frame, time) = (turn.frame, turn.time);
            let new = || Unanswered {
                identifiers: Vec::new(),
                frame,
                time,
                is_repeated: false,
                is_peer_there: false,
            };
            let unanswered = ends.entry((turn.index, turn.sender)).or_insert_with(new);
            unanswered.is_repeated |= time - unanswered.time > REORDERING;
            if !unanswered.identifiers.contains(&message.identifier) {
                unanswered.identifiers.push(message.identifier);
            }
        }
        Code::TerminateAck => {
            let is_answer = |unanswered: &Unanswered| unanswered.identifiers.contains(&message.identifier);
            if ends.get(&asked_by_peer).is_some_and(is_answer) {
                ends.remove(&asked_by_peer);
            }
        }
        // A new beginning: the end was not one.
        Code::ConfigureRequest => {
            ends.remove(&(turn.index, turn.sender));
            ends.remove(&asked_by_peer);
        }
        _ => {}
    }
}

/// One that was repeated got no answer indeed; of a single one the recording may lack the answer.
fn judge_silence(ends: &mut Ends, links: &Links, report: &mut Report<'_>) {
    for ((index, role), unanswered) in ends {
        let is_repeated = unanswered.is_repeated;
        if !is_repeated || !unanswered.is_peer_there || links.at(*index).is_blind {
            continue;
        }
        let identifiers: Vec<_> = unanswered.identifiers.iter().map(ToString::to_string).collect();
        let text = format!(
            "sent nothing in answer to LCP Terminate-Request id {} (frame {}); expected Terminate-Ack",
            identifiers.join(" and id "),
            unanswered.frame
        );
        report.violation(unanswered.frame, Some(!*role), text);
    }
}
