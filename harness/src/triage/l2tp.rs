//! L2TP tunnels and their sessions (RFC 2661 sections 5 and 7).

use std::collections::VecDeque;

use l2tpspec_protocol::l2tp::wire::{
    AttributeType, AvpValue, CallDisconnectNotifyResult, ControlMessage, DataHeader, MessageType,
    StopControlConnectionNotificationResult,
};

use super::mark::{Both, Frames, Mark, Side};
use super::offer::quoted;
use super::ppp::Ppp;

/// Tunnels of one attempt, and sessions of a tunnel, that are remembered; further ones take the place of the last.
const MOST: usize = 256;
/// Messages of one end that may wait for their acknowledgement.
const MOST_OUTSTANDING: usize = 64;

/// The words of a `StopCCN` or CDN.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) side: Side,
    pub(super) frames: Frames,
    pub(super) is_tunnel: bool,
    /// Result, error and message, spelled out.
    pub(super) words: String,
    /// Whether the result is one of a normal end.
    pub(super) is_orderly: bool,
    pub(super) acknowledged: Option<Mark>,
    ns: Option<u16>,
}

/// One control connection.
#[derive(Debug, Default)]
pub(super) struct Tunnel {
    pub(super) opener: Option<Side>,
    assigned: Both<Option<u16>>,
    pub(super) request: Frames,
    pub(super) reply: Frames,
    pub(super) connected: Frames,
    connected_ns: Option<u16>,
    pub(super) established: Option<Mark>,
    pub(super) stop: Option<Stop>,
    pub(super) sessions: Vec<Session>,
    /// Messages that the other end did not acknowledge so far, by their Ns.
    outstanding: Both<VecDeque<Outstanding>>,
}

/// A message that waits for its acknowledgement.
#[derive(Debug)]
pub(super) struct Outstanding {
    ns: u16,
    pub(super) message: Option<MessageType>,
    pub(super) frames: Frames,
}

/// One call.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Who asked for it.
    pub(super) caller: Option<Side>,
    assigned: Both<Option<u16>>,
    pub(super) request: Frames,
    pub(super) reply: Frames,
    pub(super) connected: Frames,
    /// Who said so, and the Ns of that.
    connected_by: Option<(Side, u16)>,
    pub(super) established: Option<Mark>,
    pub(super) stop: Option<Stop>,
    pub(super) ppp: Ppp,
}

/// The tunnels of one attempt to connect.
#[derive(Debug, Default)]
pub(super) struct Tunnels {
    pub(super) list: Vec<Tunnel>,
    /// Control messages outside of IPsec.
    pub(super) in_clear: Frames,
    /// Control messages inside of IPsec.
    pub(super) protected: Frames,
    /// AVPs whose value is hidden.
    pub(super) hidden_avps: Frames,
    pub(super) names: Both<Option<String>>,
}

impl Tunnels {
    /// The tunnel that decides: the one begun last.
    pub(super) fn current(&self) -> Option<&Tunnel> {
        self.list.last()
    }

    pub(super) fn see(&mut self, message: &ControlMessage, side: Side, mark: Mark, is_protected: bool) {
        if is_protected { &mut self.protected } else { &mut self.in_clear }.note(mark);
        if message.avps.iter().any(|avp| matches!(avp.value, AvpValue::Hidden(_))) {
            self.hidden_avps.note(mark);
        }
        if let Some(name) = software(message) {
            self.names[side].get_or_insert(name);
        }
        let kind = message.message_type();
        let assigned = assigned_tunnel(message);
        let at = if kind == Some(MessageType::StartControlConnectionRequest) {
            self.open(side, assigned)
        } else {
            self.find(side, message.header.tunnel_id)
        };
        self.list[at].see(message, kind, side, mark);
    }

    /// The tunnel of an SCCRQ: a new one unless this is a copy.
    fn open(&mut self, side: Side, assigned: Option<u16>) -> usize {
        if let Some(last) = self.list.last()
            && last.opener == Some(side)
            && last.assigned[side] == assigned
            && (last.stop.is_none() || last.established.is_none())
        {
            return self.list.len() - 1;
        }
        self.push(Tunnel { opener: Some(side), ..Tunnel::default() })
    }

    fn push(&mut self, tunnel: Tunnel) -> usize {
        if self.list.len() == MOST {
            self.list.pop();
        }
        self.list.push(tunnel);
        self.list.len() - 1
    }

    /// The tunnel that `side` calls by this number, or the last one.
    fn find(&mut self, side: Side, tunnel_id: u16) -> usize {
        match self.list.iter().rposition(|tunnel| tunnel.assigned[!side] == Some(tunnel_id)) {
            Some(at) => at,
            None if self.list.is_empty() => self.push(Tunnel::default()),
            None => self.list.len() - 1,
        }
    }

    /// The PPP link of a data message.
    pub(super) fn link(&mut self, header: &DataHeader, side: Option<Side>) -> &mut Ppp {
        let at = match side {
            Some(side) => self.find(side, header.tunnel_id),
            None if self.list.is_empty() => self.push(Tunnel::default()),
            None => self.list.len() - 1,
        };
        let tunnel = &mut self.list[at];
        let session = tunnel.session(side, header.session_id);
        &mut tunnel.sessions[session].ppp
    }

    /// The PPP link of a frame that no L2TP carries.
    pub(super) fn bare_link(&mut self) -> &mut Ppp {
        self.link(&DataHeader::default(), None)
    }
}

impl Tunnel {
    /// The session that decides: the one begun last.
    pub(super) fn current(&self) -> Option<&Session> {
        self.sessions.last()
    }

    /// What `side` sent last and again, and never saw acknowledged.
    pub(super) fn unacknowledged(&self, side: Side) -> Option<&Outstanding> {
        self.outstanding[side].iter().max_by_key(|message| message.frames.count())
    }

    fn see(&mut self, message: &ControlMessage, kind: Option<MessageType>, side: Side, mark: Mark) {
        if let Some(assigned) = assigned_tunnel(message) {
            self.assigned[side].get_or_insert(assigned);
        }
        let sequence = message.header.sequence;
        if let Some(sequence) = sequence {
            self.acknowledge(!side, sequence.nr, mark);
            if !message.is_zlb() {
                self.note_outstanding(side, sequence.ns, kind, mark);
            }
        }
        let ns = sequence.map(|sequence| sequence.ns);
        match kind {
            Some(MessageType::StartControlConnectionRequest) => self.request.note(mark),
            Some(MessageType::StartControlConnectionReply) => {
                self.reply.note(mark);
                // It was refused before, and tried again under the same number.
                self.stop = None;
            }
            Some(MessageType::StartControlConnectionConnected) => {
                self.connected.note(mark);
                self.connected_ns = ns;
            }
            Some(MessageType::StopControlConnectionNotification) => {
                stop(&mut self.stop, message, side, mark, ns);
            }
            Some(
                MessageType::IncomingCallRequest
                | MessageType::OutgoingCallRequest
                | MessageType::IncomingCallReply
                | MessageType::OutgoingCallReply
                | MessageType::IncomingCallConnected
                | MessageType::OutgoingCallConnected
                | MessageType::CallDisconnectNotify,
            ) => self.see_call(message, kind, side, mark, ns),
            _ => {}
        }
        // A session message, or an acknowledgement of SCCCN, shows that both ends call the tunnel established.
        let opener = self.opener;
        if self.established.is_none()
            && !self.connected.is_empty()
            && opener != Some(side)
            && kind.is_some_and(is_of_session)
        {
            self.established = Some(mark);
        }
    }

    fn see_call(
        &mut self,
        message: &ControlMessage,
        kind: Option<MessageType>,
        side: Side,
        mark: Mark,
        ns: Option<u16>,
    ) {
        let assigned = assigned_session(message);
        let at = match kind {
            Some(MessageType::IncomingCallRequest | MessageType::OutgoingCallRequest) => {
                self.call(side, assigned)
            }
            Some(MessageType::CallDisconnectNotify) if message.header.session_id == 0 => {
                self.session(Some(!side), assigned.unwrap_or(0))
            }
            _ => self.session(Some(side), message.header.session_id),
        };
        let session = &mut self.sessions[at];
        if let Some(assigned) = assigned {
            session.assigned[side].get_or_insert(assigned);
        }
        match kind {
            Some(MessageType::IncomingCallRequest | MessageType::OutgoingCallRequest) => {
                session.request.note(mark);
            }
            Some(MessageType::IncomingCallReply | MessageType::OutgoingCallReply) => session.reply.note(mark),
            Some(MessageType::CallDisconnectNotify) => stop(&mut session.stop, message, side, mark, ns),
            _ => {
                session.connected.note(mark);
                session.connected_by = ns.map(|ns| (side, ns));
            }
        }
    }

    /// The session of an ICRQ or OCRQ: a new one unless this is a copy.
    fn call(&mut self, side: Side, assigned: Option<u16>) -> usize {
        if let Some(last) = self.sessions.last()
            && last.caller == Some(side)
            && last.assigned[side] == assigned
            && last.stop.is_none()
        {
            return self.sessions.len() - 1;
        }
        self.push(Session { caller: Some(side), ..Session::default() })
    }

    fn push(&mut self, session: Session) -> usize {
        if self.sessions.len() == MOST {
            self.sessions.pop();
        }
        self.sessions.push(session);
        self.sessions.len() - 1
    }

    /// The session that `side` calls by this number, or the last one.
    fn session(&mut self, side: Option<Side>, session_id: u16) -> usize {
        let found = side.and_then(|side| {
            self.sessions.iter().rposition(|session| session.assigned[!side] == Some(session_id))
        });
        match found {
            Some(at) => at,
            None if self.sessions.is_empty() => self.push(Session::default()),
            None => self.sessions.len() - 1,
        }
    }

    fn note_outstanding(&mut self, side: Side, ns: u16, message: Option<MessageType>, mark: Mark) {
        let outstanding = &mut self.outstanding[side];
        match outstanding.iter_mut().find(|waiting| waiting.ns == ns) {
            Some(waiting) => waiting.frames.note(mark),
            None => {
                if outstanding.len() == MOST_OUTSTANDING {
                    outstanding.pop_front();
                }
                let mut frames = Frames::default();
                frames.note(mark);
                outstanding.push_back(Outstanding { ns, message, frames });
            }
        }
    }

    /// Takes every message of `side` before `nr` for received.
    fn acknowledge(&mut self, side: Side, nr: u16, mark: Mark) {
        let is_covered = |ns: u16| nr.wrapping_sub(ns).wrapping_sub(1) < 0x8000;
        self.outstanding[side].retain(|waiting| !is_covered(waiting.ns));
        if self.opener == Some(side) && self.connected_ns.is_some_and(is_covered) {
            self.established.get_or_insert(mark);
        }
        for session in &mut self.sessions {
            if session.connected_by.is_some_and(|(sender, ns)| sender == side && is_covered(ns)) {
                session.established.get_or_insert(mark);
            }
            acknowledge_stop(&mut session.stop, side, &is_covered, mark);
        }
        acknowledge_stop(&mut self.stop, side, &is_covered, mark);
    }
}

fn acknowledge_stop(stop: &mut Option<Stop>, side: Side, is_covered: &dyn Fn(u16) -> bool, mark: Mark) {
    if let Some(stop) = stop
        && stop.side == side
        && stop.ns.is_some_and(is_covered)
    {
        stop.acknowledged.get_or_insert(mark);
    }
}

fn stop(known: &mut Option<Stop>, message: &ControlMessage, side: Side, mark: Mark, ns: Option<u16>) {
    let is_tunnel = message.message_type() == Some(MessageType::StopControlConnectionNotification);
    let (words, is_orderly) = result(message, is_tunnel);
    let stop = known.get_or_insert_with(|| Stop {
        side,
        frames: Frames::default(),
        is_tunnel,
        words,
        is_orderly,
        acknowledged: None,
        ns,
    });
    if stop.side == side {
        stop.frames.note(mark);
    }
}

/// Result and error with their names, and the message.
fn result(message: &ControlMessage, is_tunnel: bool) -> (String, bool) {
    let code = message.avps.iter().find_map(|avp| match &avp.value {
        AvpValue::ResultCode(code) => Some(code),
        _ => None,
    });
    let Some(code) = code else { return ("without a readable Result Code".to_owned(), false) };
    let (name, is_orderly) = if is_tunnel {
        let result = StopControlConnectionNotificationResult::from_number(code.result);
        (result.name(), matches!(code.result, 1 | 6))
    } else {
        (CallDisconnectNotifyResult::from_number(code.result).name(), matches!(code.result, 1 | 3))
    };
    let named = |number: u16, name: Option<&str>| match name {
        Some(name) => format!("{number} ({name})"),
        None => number.to_string(),
    };
    let mut words = format!("result {}", named(code.result, name));
    if let Some(error) = code.error.filter(|error| error.number() != 0) {
        words.push_str(&format!(", error {}", named(error.number(), error.name())));
    }
    if !code.message.is_empty() {
        words.push_str(&format!(", message {}", quoted(&code.message)));
    }
    (words, is_orderly && code.error.is_none_or(|error| error.number() == 0))
}

fn is_of_session(kind: MessageType) -> bool {
    matches!(
        kind,
        MessageType::IncomingCallRequest
            | MessageType::IncomingCallReply
            | MessageType::OutgoingCallRequest
            | MessageType::OutgoingCallReply
    )
}

fn assigned_tunnel(message: &ControlMessage) -> Option<u16> {
    match message.find(AttributeType::AssignedTunnelId)?.value {
        AvpValue::AssignedTunnelId(id) => Some(id),
        _ => None,
    }
}

fn assigned_session(message: &ControlMessage) -> Option<u16> {
    match message.find(AttributeType::AssignedSessionId)?.value {
        AvpValue::AssignedSessionId(id) => Some(id),
        _ => None,
    }
}

/// Vendor, firmware and host name of an SCCRQ or SCCRP.
fn software(message: &ControlMessage) -> Option<String> {
    let text = |attribute| match &message.find(attribute)?.value {
        AvpValue::HostName(text) | AvpValue::VendorName(text) => Some(text.as_slice()),
        _ => None,
    };
    let host = text(AttributeType::HostName)?;
    let firmware = message.find(AttributeType::FirmwareRevision).and_then(|avp| match avp.value {
        AvpValue::FirmwareRevision(revision) => Some(format!(" firmware {revision:#06x}")),
        _ => None,
    });
    let vendor = text(AttributeType::VendorName).map(|vendor| {
        let vendor = quoted(vendor);
        format!(" by {}", vendor.trim_matches('"'))
    });
    Some(format!("L2TP host {}{}{}", quoted(host), vendor.unwrap_or_default(), firmware.unwrap_or_default()))
}
