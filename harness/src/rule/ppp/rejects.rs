//! Code-Reject and Protocol-Reject (RFC 1661 sections 5.6 and 5.7).

use std::collections::BTreeMap;

use l2tpspec_protocol::ppp::Protocol;
use l2tpspec_protocol::ppp::control::Code;

use super::judge::{Looks, judge, judge_with_end};
use super::links::{Links, Turn};
use super::message::Content;
use crate::rule::l2tp::path::{REORDERING, SECOND};
use crate::rule::{Report, Rule};
use crate::transcript::connection::Role;

/// How long a peer that is still there may take to reject a code.
const PATIENCE: i64 = 3 * SECOND;

/// LCP-1661-5.6-a.
pub(super) fn code_of_lcp() -> Box<dyn Rule> {
    judge_with_end(
        Looks::AtAll,
        |codes: &mut Codes, turn, report| {
            codes.note(Protocol::Lcp, turn);
            codes.judge_identifier(turn, report);
        },
        |codes, links, report| codes.judge(links, report),
    )
}

/// IPCP-1332-2-b.
pub(super) fn code_of_ipcp() -> Box<dyn Rule> {
    judge_with_end(
        Looks::AtAll,
        |codes: &mut Codes, turn, _| codes.note(Protocol::Ipcp, turn),
        |codes, links, report| codes.judge(links, report),
    )
}

/// A packet of an unknown code.
struct Unknown {
    frame: u64,
    time: i64,
    /// The first frame of the peer's after it had time to answer.
    peer: Option<u64>,
}

/// Packets of unknown codes that were not rejected.
#[derive(Default)]
pub(super) struct Codes {
    unknown: BTreeMap<(usize, Role, Protocol, u8), Unknown>,
    /// The last Code-Reject of each end.
    last: BTreeMap<(usize, Role), (u8, Vec<u8>, u64)>,
}

impl Codes {
    pub(super) fn note(&mut self, protocol: Protocol, turn: &Turn<'_>) {
        for ((index, role, ..), unknown) in &mut self.unknown {
            if (*index, *role) == (turn.index, !turn.sender) && turn.time - unknown.time > PATIENCE {
                unknown.peer.get_or_insert(turn.frame);
            }
        }
        let Some(message) = &turn.message else { return };
        match (&message.content, message.code) {
            (Content::RejectedPacket(packet), _) if message.protocol == protocol => {
                if let Some(code) = packet.first() {
                    self.unknown.remove(&(turn.index, !turn.sender, protocol, *code));
                }
            }
            (Content::RejectedProtocol(rejected), _) if *rejected == protocol => {
                self.unknown.retain(|(index, role, ..), _| (*index, *role) != (turn.index, !turn.sender));
            }
            (_, Code::Unknown(code)) if message.protocol == protocol && self.unknown.len() < 64 => {
                let unknown = Unknown { frame: turn.frame, time: turn.time, peer: None };
                self.unknown.entry((turn.index, turn.sender, protocol, code)).or_insert(unknown);
            }
            _ => {}
        }
    }

    /// Every Code-Reject has an identifier of its own.
    fn judge_identifier(&mut self, turn: &Turn<'_>, report: &mut Report<'_>) {
        let Some(message) = turn.lcp() else { return };
        let Content::RejectedPacket(packet) = &message.content else { return };
        let now = (message.identifier, packet.clone(), turn.frame);
        if let Some((identifier, before, frame)) = self.last.insert((turn.index, turn.sender), now)
            && identifier == message.identifier
            && before != *packet
        {
            let text = format!(
                "sent {message} like that of frame {frame} for another packet; expected a new identifier"
            );
            turn.violation(report, text);
        }
    }

    pub(super) fn judge(&mut self, links: &Links, report: &mut Report<'_>) {
        for ((index, role, protocol, code), unknown) in &self.unknown {
            if let Some(frame) = unknown.peer.filter(|_| links.at(*index).is_whole) {
                let sent = unknown.frame;
                let text =
                    format!("sent no Code-Reject for {protocol} code {code} of frame {sent}; expected one");
                report.violation(frame, Some(!*role), text);
            }
        }
    }
}

/// LCP-1661-5.7-b.
pub(super) fn protocol() -> Box<dyn Rule> {
    judge(Looks::AtAll, judge_protocol)
}

/// Protocols rejected, by link and the end that may no longer send them, with frame and time.
type Rejected = BTreeMap<(usize, Role, Protocol), (u64, i64)>;

/// What was on its way when the Protocol-Reject was sent does not count.
fn judge_protocol(rejected: &mut Rejected, turn: &Turn<'_>, report: &mut Report<'_>) {
    const ON_ITS_WAY: i64 = SECOND + REORDERING;
    let key = (turn.index, turn.sender, turn.header.protocol);
    if let Some((frame, time)) = rejected.get(&key).copied()
        && turn.time - time > ON_ITS_WAY
    {
        rejected.remove(&key);
        let protocol = turn.header.protocol;
        let text = format!("sent {protocol}, which frame {frame} rejected; expected no more of it");
        turn.violation(report, text);
    }
    let Some(message) = turn.lcp() else { return };
    match (&message.content, message.code) {
        (Content::RejectedProtocol(protocol), _) => {
            rejected.insert((turn.index, !turn.sender, *protocol), (turn.frame, turn.time));
        }
        (_, Code::ConfigureRequest) => rejected.retain(|(index, ..), _| *index != turn.index),
        _ => {}
    }
}
