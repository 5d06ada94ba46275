//! Reliable delivery of control messages (RFC 2661 section 5.8).

use std::collections::{BTreeMap, BTreeSet};

use l2tpspec_protocol::l2tp::wire::{AttributeType, AvpValue, MessageType};

use super::avps::kind;
use super::flow::{Step, is_before};
use super::path::{MILLISECOND, REORDERING, SECOND};
use super::tunnels::{Tunnels, Turn, judge};
use crate::rule::{Report, Rule};
use crate::transcript::connection::Role;

/// Below this a ceiling on the interval between repeats is not allowed; a little less is the clock's.
const CEILING: i64 = 7_500 * MILLISECOND;
/// How long a peer must keep the state that acknowledges a repeated `StopCCN`.
const CYCLE: i64 = 31 * SECOND;

/// L2TP-2661-5.7-a.
pub(super) fn stop_acknowledged() -> Box<dyn Rule> {
    judge(note_heard, |state: &mut Heard, tunnels, report| {
        unacknowledged(MessageType::StopControlConnectionNotification, state, tunnels, report);
    })
}

/// L2TP-2661-6.5-a.
pub(super) fn hello() -> Box<dyn Rule> {
    judge(
        |state: &mut Heard, turn, report| {
            if turn.kind() == Some(MessageType::Hello)
                && let Some(session_id) = turn.message.map(|message| message.header.session_id)
                && session_id != 0
            {
                turn.violation(
                    report,
                    format!("sent HELLO with Session ID {session_id}; expected Session ID 0"),
                );
            }
            note_heard(state, turn, report);
        },
        |state, tunnels, report| unacknowledged(MessageType::Hello, state, tunnels, report),
    )
}

/// When and where each end was last heard.
#[derive(Default)]
struct Heard(super::ends::Ends<Option<(u64, i64)>>);

fn note_heard(heard: &mut Heard, turn: &Turn<'_>, _: &mut Report<'_>) {
    heard.0[turn.sender] = Some((turn.frame, turn.time));
}

/// Reports messages of a kind that were repeated again and again, while the peer, which was still there, acknowledged
/// none of the copies.
fn unacknowledged(kind: MessageType, heard: &mut Heard, tunnels: &Tunnels, report: &mut Report<'_>) {
    for tunnel in tunnels.list().iter().filter(|tunnel| !tunnel.is_blind) {
        for sender in [Role::Client, Role::Supernode] {
            let Some((frame, heard_at)) = heard.0[!sender] else { continue };
            let flow = &tunnel.flows[sender];
            // What is ahead of a number that was never sent waits for it, or is dropped (L2TP-2661-5.8-d).
            let is_in_turn = |ns| flow.missing.is_none_or(|missing| is_before(ns, missing));
            let sent = flow.recent().find(|sent| {
                sent.kind == Some(kind)
                    && is_in_turn(sent.ns)
                    && sent.unacknowledged >= 3
                    && sent.time - sent.unacknowledged_since < CYCLE
                    && heard_at > sent.time
            });
            if let Some(sent) = sent {
                let (first, copies, nr) = (sent.frame, sent.unacknowledged, sent.ns.wrapping_add(1));
                let text = format!(
                    "sent no acknowledgement of the {kind} of frame {first} in answer to {copies} copies of it; \
                     expected Nr {nr}"
                );
                report.violation(frame, Some(!sender), text);
            }
        }
    }
}

/// L2TP-2661-5.8-a.
pub(super) fn numbers() -> Box<dyn Rule> {
    judge(number, skipped)
}

fn number(_: &mut (), turn: &Turn<'_>, report: &mut Report<'_>) {
    use MessageType as M;
    let Some(message) = turn.message else { return };
    let Some(sequence) = message.header.sequence else { return };
    let ns = sequence.ns;
    let is_first = matches!(
        message.message_type(),
        Some(M::StartControlConnectionRequest | M::StartControlConnectionReply)
    );
    if is_first && ns != 0 {
        return turn.violation(report, format!("sent {} with Ns {ns}; expected Ns 0", kind(message)));
    }
    let Some((_, tunnel)) = turn.control() else { return };
    let flow = &tunnel.flows[turn.sender];
    if let Step::Copy(index) = flow.step(message)
        && let Some(sent) = flow.at(index)
        && sent.kind != message.message_type()
    {
        let before = sent.kind.map_or_else(|| "a message without type".to_owned(), |kind| kind.to_string());
        let (kind, first) = (kind(message), sent.frame);
        let text =
            format!("sent {kind} with Ns {ns}, which {before} of frame {first} had; expected a higher Ns");
        turn.violation(report, text);
    }
}

/// A number that was never given: the peer waits for it for ever, so that the messages behind it are repeated.
fn skipped(_: &mut (), tunnels: &Tunnels, report: &mut Report<'_>) {
    for tunnel in tunnels.list().iter().filter(|tunnel| !tunnel.is_blind) {
        for sender in [Role::Client, Role::Supernode] {
            let flow = &tunnel.flows[sender];
            let Some(missing) = flow.missing else { continue };
            let is_waited_for = tunnel.flows[!sender].acknowledged.is_some_and(|known| known.nr == missing);
            let stuck = flow.recent().find(|sent| is_before(missing, sent.ns) && sent.unacknowledged >= 3);
            if let Some(stuck) = stuck.filter(|_| is_waited_for) {
                let text =
                    format!("sent Ns {} while Ns {missing} was not sent; expected Ns {missing}", stuck.ns);
                report.violation(stuck.frame, Some(sender), text);
            }
        }
    }
}

/// L2TP-2661-5.8-b. That an Nr lags behind what the recording shows proves nothing, for messages cross.
pub(super) fn acknowledgements() -> Box<dyn Rule> {
    judge(acknowledgement, |_: &mut Ahead, _, _| {})
}

/// Numbers acknowledged before they were sent: tunnel, who acknowledged, Nr, frame, time.
#[derive(Default)]
struct Ahead(Vec<(u64, Role, u16, u64, i64)>);

fn acknowledgement(ahead: &mut Ahead, turn: &Turn<'_>, report: &mut Report<'_>) {
    let Some((message, tunnel)) = turn.control() else { return };
    let Some(sequence) = message.header.sequence else { return };
    let own = &tunnel.flows[turn.sender];
    // A message that is first recorded after it was acknowledged.
    if matches!(own.step(message), Step::Next | Step::Skip) {
        ahead.0.retain(|(opened_in, by, nr, frame, time)| {
            let is_proven = *opened_in == tunnel.frame
                && *by == !turn.sender
                && is_before(sequence.ns, *nr)
                && turn.time - time > REORDERING;
            if is_proven {
                let text = format!(
                    "sent Nr {nr} before Ns {} was sent; expected at most Nr {}",
                    sequence.ns, sequence.ns
                );
                report.violation(*frame, Some(*by), text);
            }
            !is_proven
        });
    }
    let next = tunnel.flows[!turn.sender].next();
    if is_before(next, sequence.nr) && tunnel.is_whole(!turn.sender) && ahead.0.len() < 64 {
        ahead.0.push((tunnel.frame, turn.sender, sequence.nr, turn.frame, turn.time));
    }
    if !matches!(own.step(message), Step::Next | Step::Unnumbered) {
        return;
    }
    if let Some(known) = own.acknowledged
        && is_before(sequence.nr, known.nr)
        && turn.time - known.time > SECOND
    {
        let text = format!(
            "sent {} with Nr {} after Nr {}; expected Nr {}",
            kind(message),
            sequence.nr,
            known.nr,
            known.nr
        );
        turn.violation(report, text);
    }
}

/// L2TP-2661-5.8-e.
pub(super) fn refreshed() -> Box<dyn Rule> {
    judge(
        |_: &mut (), turn, report| {
            let Some((message, tunnel)) = turn.control() else { return };
            let Some(sequence) = message.header.sequence else { return };
            let flow = &tunnel.flows[turn.sender];
            let Step::Copy(index) = flow.step(message) else { return };
            if let (Some(known), Some(sent)) = (flow.acknowledged, flow.at(index))
                && turn.time - sent.time > REORDERING
                && is_before(sequence.nr, known.nr)
                && turn.time - known.time > REORDERING
            {
                let (kind, first, nr) = (kind(message), sent.frame, sequence.nr);
                let text = format!(
                    "sent {kind} of frame {first} again with Nr {nr}; expected the Nr reached since, {}",
                    known.nr
                );
                turn.violation(report, text);
            }
        },
        |_, _, _| {},
    )
}

/// L2TP-2661-5.8-f.
pub(super) fn back_off() -> Box<dyn Rule> {
    judge(
        |reported: &mut BTreeSet<u64>, turn, report| {
            let Some((message, tunnel)) = turn.control() else { return };
            let flow = &tunnel.flows[turn.sender];
            let Step::Copy(index) = flow.step(message) else { return };
            let Some(sent) = flow.at(index) else { return };
            let Some(before) = sent.interval else { return };
            let interval = turn.time - sent.time;
            let is_repeat = interval >= REORDERING / 2;
            // Copies that the recording lacks make intervals longer, and never make a doubling one shorter.
            let has_grown = interval > before + before / 10 || interval >= CEILING;
            if is_repeat && !has_grown && reported.insert(sent.frame) {
                let (kind, first) = (kind(message), sent.frame);
                let text = format!(
                    "sent {kind} of frame {first} again after {}, and before that after {}; expected intervals that double",
                    seconds(interval),
                    seconds(before)
                );
                turn.violation(report, text);
            }
        },
        |_, _, _| {},
    )
}

fn seconds(nanoseconds: i64) -> String {
    format!("{}.{:03} s", nanoseconds / SECOND, nanoseconds % SECOND / MILLISECOND)
}

/// L2TP-2661-5.8-i.
pub(super) fn window() -> Box<dyn Rule> {
    judge(outstanding, |crowded: &mut Crowded, tunnels, report| {
        for ((index, sender), (frame, text)) in std::mem::take(crowded) {
            let tunnel = &tunnels.list()[index];
            // An acknowledgement may be among what the recording lacks.
            if tunnel.is_whole(sender) && tunnel.is_whole(!sender) {
                report.violation(frame, Some(sender), text);
            }
        }
    })
}

/// The first message beyond the window, by tunnel and sender: its frame, and what to say of it.
type Crowded = BTreeMap<(usize, Role), (u64, String)>;

fn outstanding(crowded: &mut Crowded, turn: &Turn<'_>, report: &mut Report<'_>) {
    let Some(message) = turn.message else { return };
    if let Some(avp) = message.find(AttributeType::ReceiveWindowSize)
        && avp.value == AvpValue::ReceiveWindowSize(0)
    {
        turn.violation(
            report,
            format!("sent Receive Window Size 0 in {}; expected at least 1", kind(message)),
        );
    }
    let Some(index) = turn.tunnels.find(turn.sender, message, turn.time) else { return };
    let tunnel = &turn.tunnels.list()[index];
    let (own, peer) = (&tunnel.flows[turn.sender], &tunnel.flows[!turn.sender]);
    if own.step(message) != Step::Next {
        return;
    }
    let acknowledged = peer.acknowledged.map_or(0, |known| known.nr);
    let outstanding = own.next().wrapping_add(1).wrapping_sub(acknowledged);
    let window = tunnel.ends[!turn.sender].window().max(1);
    if is_before(window, outstanding) {
        let kind = kind(message);
        let text = format!(
            "sent {kind} as message {outstanding} without acknowledgement; expected at most {window}"
        );
        crowded.entry((index, turn.sender)).or_insert((turn.frame, text));
    }
}
