//! What must come before what (RFC 2661 sections 4.4.3, 4.4.4, 5.0).

use std::collections::{BTreeMap, BTreeSet};

use l2tpspec_protocol::l2tp::wire::{AttributeType, AvpValue, MessageType};

use super::avps::kind;
use super::path::{REORDERING, SECOND};
use super::tunnels::{Place, Tunnels, Turn, judge};
use crate::rule::{Report, Rule};
use crate::transcript::connection::Role;

use MessageType as M;

/// The bits of framing that have a meaning: synchronous and asynchronous.
const FRAMINGS: u32 = 3;
/// Frames remembered until the end.
const MAX_PENDING: usize = 256;

/// L2TP-2661-4.4.3-b.
pub(super) fn framing() -> Box<dyn Rule> {
    judge(
        |_: &mut (), turn, report| {
            let Some((message, tunnel)) = turn.control() else { return };
            let asked = message.avps.iter().find_map(|avp| match avp.value {
                AvpValue::FramingType(bits) => Some(bits & FRAMINGS),
                _ => None,
            });
            let (Some(asked), Some(able)) = (asked, tunnel.ends[!turn.sender].framing_capabilities) else {
                return;
            };
            if asked & !able != 0 {
                let able = able & FRAMINGS;
                let text = format!(
                    "sent Framing Type {asked} in {}; expected one of the peer's Framing Capabilities, {able}",
                    kind(message)
                );
                turn.violation(report, text);
            }
        },
        |_, _, _| {},
    )
}

/// L2TP-2661-4.4.3-i.
pub(super) fn challenge() -> Box<dyn Rule> {
    judge(
        |_: &mut (), turn, report| {
            if !matches!(
                turn.kind(),
                Some(M::StartControlConnectionReply | M::StartControlConnectionConnected)
            ) {
                return;
            }
            let Some((message, tunnel)) = turn.control() else { return };
            let is_challenged = tunnel.ends[!turn.sender].has_challenged;
            let wrong = match message.find(AttributeType::ChallengeResponse).map(|avp| &avp.value) {
                None => "without Challenge Response",
                Some(AvpValue::IllSized(_)) => "with a Challenge Response of another length",
                Some(_) => return,
            };
            if is_challenged {
                let text = format!(
                    "sent {} {wrong}; expected one of 16 octets, for the peer sent a Challenge",
                    kind(message)
                );
                turn.violation(report, text);
            }
        },
        |_, _, _| {},
    )
}

/// L2TP-2661-4.4.4-b.
pub(super) fn sequencing() -> Box<dyn Rule> {
    judge(
        |reported: &mut BTreeSet<(Place, Role)>, turn, report| {
            let Some(header) = turn.data.filter(|header| header.sequence.is_none()) else { return };
            let Some(place) = turn.tunnels.locate(turn.sender, &header) else { return };
            let since = turn.tunnels.session(place).sequencing_since;
            // What was on its way when the peer learnt of it does not count.
            if since.is_some_and(|since| turn.time - since > SECOND) && reported.insert((place, turn.sender))
            {
                turn.violation(
                    report,
                    "sent data without sequence numbers; expected them, for Sequencing Required was sent",
                );
            }
        },
        |_, _, _| {},
    )
}

/// L2TP-2661-5.0-a.
pub(super) fn up_first() -> Box<dyn Rule> {
    judge(note_early, judge_early)
}

#[derive(Default)]
struct Early {
    /// Call requests before the SCCCN: tunnel, sender, message, frame.
    calls: Vec<(usize, Role, String, u64)>,
    /// The first data of an LNS before the ICCN or OCCN: frame and time by session.
    data: BTreeMap<Place, (Role, u64, i64)>,
}

/// A LAC's data before its own ICCN proves nothing, for the first copy of the ICCN may have been lost on the way.
fn note_early(early: &mut Early, turn: &Turn<'_>, _: &mut Report<'_>) {
    if let Some(header) = turn.data
        && let Some(place) = turn.tunnels.locate(turn.sender, &header)
    {
        let session = turn.tunnels.session(place);
        if session.up_since.is_none() && session.lac != turn.sender && early.data.len() < MAX_PENDING {
            early.data.entry(place).or_insert((turn.sender, turn.frame, turn.time));
        }
    }
    if let Some((message, tunnel)) = turn.control()
        && matches!(message.message_type(), Some(M::IncomingCallRequest | M::OutgoingCallRequest))
        && !tunnel.is_connected
        && early.calls.len() < MAX_PENDING
        && let Some(index) = turn.tunnels.find(turn.sender, message, turn.time)
    {
        early.calls.push((index, turn.sender, kind(message), turn.frame));
    }
}

/// Without a message missing from the recording, what was not seen was not sent.
fn judge_early(early: &mut Early, tunnels: &Tunnels, report: &mut Report<'_>) {
    for (index, sender, kind, frame) in &early.calls {
        let tunnel = &tunnels.list()[*index];
        if tunnel.is_whole(tunnel.opener) {
            report.violation(
                *frame,
                Some(*sender),
                format!("sent {kind} before SCCCN; expected the tunnel to be up first"),
            );
        }
    }
    for (place, (sender, frame, time)) in &early.data {
        let session = tunnels.session(*place);
        let tunnel = &tunnels.list()[place.tunnel];
        let is_whole = tunnel.is_whole(session.lac) && !tunnel.is_disordered;
        let is_early = session.up_since.map_or(is_whole, |up| is_whole && up - time > REORDERING);
        if is_early {
            report.violation(
                *frame,
                Some(*sender),
                "sent a PPP frame before ICCN or OCCN; expected the session to be up first",
            );
        }
    }
}
