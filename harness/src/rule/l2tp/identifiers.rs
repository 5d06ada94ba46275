//! The numbers of tunnels and sessions, and where messages go (RFC 2661 sections 3.1, 4.4.3, 4.4.4, 8.1).

use std::collections::BTreeMap;
use std::net::IpAddr;

use l2tpspec_protocol::l2tp::wire::MessageType;

use super::avps::kind;
use super::ends::Ends;
use super::path;
use super::tunnels::{
    Tunnels, Turn, judge, session_id as assigned_session_id, tunnel_id as assigned_tunnel_id,
};
use crate::rule::{Report, Rule, Seen};
use crate::transcript::connection::Role;

use MessageType as M;

/// Wrong numbers remembered until the end.
const MAX_PENDING: usize = 256;
/// The port of L2TP.
const PORT: u16 = 1701;

/// L2TP-2661-3.1-d.
pub(super) fn recipients() -> Box<dyn Rule> {
    judge(note_recipient, judge_recipients)
}

#[derive(Default)]
struct Recipients {
    /// Sessions that the recipient of a message has not assigned so far: frame by tunnel, sender and Session ID.
    sessions: BTreeMap<(usize, Role, u16), u64>,
    /// SCCRPs for no tunnel that is known: frame, sender, Tunnel ID.
    replies: Vec<(u64, Role, u16)>,
}

fn note_recipient(state: &mut Recipients, turn: &Turn<'_>, _: &mut Report<'_>) {
    let (tunnel_id, session_id) = match (turn.message, turn.data) {
        (Some(message), _) => (message.header.tunnel_id, message.header.session_id),
        (None, Some(header)) => (header.tunnel_id, header.session_id),
        (None, None) => return,
    };
    let tunnel =
        turn.tunnels.list().iter().rposition(|tunnel| tunnel.ends[!turn.sender].tunnel_id == Some(tunnel_id));
    match tunnel {
        Some(index) => {
            let is_known =
                session_id == 0 || turn.tunnels.list()[index].session_of(!turn.sender, session_id).is_some();
            if !is_known && state.sessions.len() < MAX_PENDING {
                state.sessions.entry((index, turn.sender, session_id)).or_insert(turn.frame);
            }
        }
        None if turn.kind() == Some(M::StartControlConnectionReply) && state.replies.len() < MAX_PENDING => {
            state.replies.push((turn.frame, turn.sender, tunnel_id));
        }
        None => {}
    }
}

/// Numbers are judged when all are known that the recording has, and only in tunnels of which it lacks no message.
fn judge_recipients(state: &mut Recipients, tunnels: &Tunnels, report: &mut Report<'_>) {
    for ((index, sender, session_id), frame) in &state.sessions {
        let tunnel = &tunnels.list()[*index];
        if tunnel.is_whole(!*sender) && tunnel.session_of(!*sender, *session_id).is_none() {
            let text = format!(
                "sent Session ID {session_id}; expected one that the recipient assigned in this tunnel"
            );
            report.violation(*frame, Some(*sender), text);
        }
    }
    for (frame, sender, tunnel_id) in &state.replies {
        let expected = tunnels.list().iter().find_map(|tunnel| {
            let is_waiting =
                tunnel.opener != *sender && !tunnel.has_reply && !tunnel.is_blind && tunnel.frame < *frame;
            tunnel.ends[tunnel.opener].tunnel_id.filter(|_| is_waiting)
        });
        let is_assigned =
            tunnels.list().iter().any(|tunnel| tunnel.ends[!*sender].tunnel_id == Some(*tunnel_id));
        // Tunnel ID 0 is a matter of its own.
        if let Some(expected) = expected.filter(|_| !is_assigned && *tunnel_id != 0) {
            report.violation(
                *frame,
                Some(*sender),
                format!("sent SCCRP with Tunnel ID {tunnel_id}; expected {expected}"),
            );
        }
    }
}

/// L2TP-2661-4.4.3-f.
pub(super) fn tunnel_id(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some(message) = path::control(seen) else { return };
    let mut violation = |text: String| report.violation(seen.entry.frame, seen.sender, text);
    let kind = kind(message);
    if assigned_tunnel_id(message) == Some(0) {
        violation(format!("sent Assigned Tunnel ID 0 in {kind}; expected another number"));
    }
    match (message.message_type(), message.header.tunnel_id) {
        (Some(M::StartControlConnectionRequest), id) if id != 0 => {
            violation(format!(
                "sent {kind} with Tunnel ID {id} in its header; expected 0, for none is assigned yet"
            ));
        }
        // A StopCCN may be the answer to an SCCRQ that assigns nothing.
        (Some(M::StartControlConnectionRequest | M::StopControlConnectionNotification) | None, _) => {}
        (Some(kind), 0) if kind.name().is_some() => {
            violation(format!("sent {kind} with Tunnel ID 0 in its header; expected the assigned one"));
        }
        (Some(_), _) => {}
    }
}

/// L2TP-2661-4.4.3-g.
pub(super) fn stop_repeats() -> Box<dyn Rule> {
    judge(
        |_: &mut (), turn, report| {
            if turn.kind() != Some(M::StopControlConnectionNotification) {
                return;
            }
            let Some((message, tunnel)) = turn.control() else { return };
            if let (Some(first), Some(now)) =
                (tunnel.ends[turn.sender].tunnel_id, assigned_tunnel_id(message))
                && first != now
            {
                turn.violation(
                    report,
                    format!("sent Assigned Tunnel ID {now} in StopCCN; expected {first} as before"),
                );
            }
        },
        |_, _, _| {},
    )
}

/// L2TP-2661-4.4.4-a.
pub(super) fn session_id() -> Box<dyn Rule> {
    judge(
        |_: &mut (), turn, report| {
            let (Some(message), Some(message_type)) = (turn.message, turn.kind()) else { return };
            let (kind, header) = (kind(message), message.header.session_id);
            let assigned = assigned_session_id(message);
            if assigned == Some(0) {
                turn.violation(
                    report,
                    format!("sent Assigned Session ID 0 in {kind}; expected another number"),
                );
            }
            match message_type {
                M::IncomingCallRequest | M::OutgoingCallRequest if header != 0 => {
                    let text = format!(
                        "sent {kind} with Session ID {header} in its header; expected 0, for none is assigned yet"
                    );
                    turn.violation(report, text);
                }
                M::IncomingCallReply
                | M::IncomingCallConnected
                | M::OutgoingCallReply
                | M::OutgoingCallConnected
                | M::WanErrorNotify
                | M::SetLinkInfo
                    if header == 0 =>
                {
                    turn.violation(
                        report,
                        format!("sent {kind} with Session ID 0 in its header; expected the assigned one"),
                    );
                }
                M::CallDisconnectNotify => {
                    let tunnel = turn.control().map(|(_, tunnel)| tunnel);
                    let session = tunnel.and_then(|tunnel| tunnel.session_of(!turn.sender, header));
                    let first = session.and_then(|session| session.ids[turn.sender]);
                    if let (Some(first), Some(now)) = (first, assigned.filter(|now| *now != 0))
                        && first != now
                    {
                        turn.violation(
                            report,
                            format!("sent Assigned Session ID {now} in CDN; expected {first} as before"),
                        );
                    }
                }
                _ => {}
            }
        },
        |_, _, _| {},
    )
}

/// L2TP-2661-8.1-a. In clear a NAT may change the ports of a client at any time; inside ESP nothing does.
pub(super) fn ports() -> Box<dyn Rule> {
    judge(port, |_, _, _| {})
}

/// Where the messages of a tunnel go, by tunnel.
#[derive(Default)]
struct Paths(BTreeMap<usize, Path>);

#[derive(Default, Clone, Copy)]
struct Path {
    /// Address and port that the opener sent its SCCRQ from, and the frame.
    opener: Option<(Option<IpAddr>, u16)>,
    /// Ports that each end sends from.
    ports: Ends<Option<u16>>,
    is_reported: bool,
}

fn port(paths: &mut Paths, turn: &Turn<'_>, report: &mut Report<'_>) {
    let Some((udp, is_protected)) = path::udp(turn.seen) else { return };
    let (source, destination) = (udp.source_port, udp.destination_port);
    if turn.kind() == Some(M::StartControlConnectionRequest) {
        let index = turn.message.and_then(|message| turn.tunnels.find(turn.sender, message, turn.time));
        if destination != PORT && index.is_none() {
            turn.violation(report, format!("sent SCCRQ to UDP port {destination}; expected port {PORT}"));
        }
        let path = paths.0.entry(index.unwrap_or_else(|| turn.tunnels.list().len())).or_default();
        path.opener = Some((turn.seen.entry.source, source));
        path.ports[turn.sender] = Some(source);
        return;
    }
    let index = match (turn.message, turn.data) {
        (Some(message), _) => turn.tunnels.find(turn.sender, message, turn.time),
        (None, Some(header)) => turn.tunnels.locate(turn.sender, &header).map(|place| place.tunnel),
        (None, None) => None,
    };
    let Some(path) = index.and_then(|index| paths.0.get_mut(&index)).filter(|path| !path.is_reported) else {
        return;
    };
    if turn.kind() == Some(M::StartControlConnectionReply) {
        path.ports[turn.sender].get_or_insert(source);
        if let Some((address, port)) = path.opener
            && (address, port) != (turn.seen.entry.destination, destination)
        {
            path.is_reported = true;
            turn.violation(
                report,
                format!(
                    "sent SCCRP to UDP port {destination}; expected the source of the SCCRQ, port {port}"
                ),
            );
        }
        return;
    }
    let (own, peer) = (path.ports[turn.sender], path.ports[!turn.sender]);
    if let (true, Some(own), Some(peer)) = (is_protected, own, peer)
        && (source, destination) != (own, peer)
    {
        path.is_reported = true;
        let text = format!(
            "sent from UDP port {source} to {destination}; expected {own} to {peer} for the life of the tunnel"
        );
        turn.violation(report, text);
    }
}
