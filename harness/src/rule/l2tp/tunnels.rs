//! The tunnels of a connection and their sessions, as far as the recording shows how they were set up.

use std::collections::BTreeMap;

use l2tpspec_protocol::l2tp::wire::{AttributeType, AvpValue, ControlMessage, DataHeader, MessageType};

use super::ends::Ends;
use super::flow::Flow;
use super::path::{self, SECOND, Sequences};
use crate::rule::{Report, Rule, Seen};
use crate::transcript::connection::Role;

/// Tunnels remembered; later ones are not judged.
const MAX_TUNNELS: usize = 4096;
/// Sessions of a tunnel that are remembered.
const MAX_SESSIONS: usize = 65_536;
/// How long a peer repeats an SCCRQ at most: the full retransmission cycle, and some more.
const REPEATS: i64 = 40 * SECOND;
/// The window of a peer that does not say (RFC 2661 section 4.4.3).
const DEFAULT_WINDOW: u16 = 4;

/// The tunnels of a connection.
#[derive(Debug, Default)]
pub(in crate::rule) struct Tunnels {
    list: Vec<Tunnel>,
    by_id: Ends<BTreeMap<u16, usize>>,
    /// How many of the list are known to be blind, or to have a gap.
    blind: usize,
    gaps: usize,
}

/// What one end said about itself when the tunnel was opened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// The number by which it wants the tunnel called.
    pub(super) tunnel_id: Option<u16>,
    pub(super) window: Option<u16>,
    pub(super) framing_capabilities: Option<u32>,
    pub(super) has_challenged: bool,
}

impl Said {
    /// How many messages may be outstanding towards it.
    pub(super) fn window(self) -> u16 {
        self.window.unwrap_or(DEFAULT_WINDOW)
    }
}

/// A tunnel whose SCCRQ is in the recording.
#[derive(Debug)]
pub(super) struct Tunnel {
    /// Who sent the SCCRQ.
    pub(super) opener: Role,
    pub(super) frame: u64,
    time: i64,
    pub(super) ends: Ends<Said>,
    pub(super) flows: Ends<Flow>,
    pub(super) has_reply: bool,
    pub(super) is_connected: bool,
    is_stopped: bool,
    /// Something was said since that cannot be read: what is not seen may have been sent.
    pub(super) is_blind: bool,
    /// The recording lacks frames since.
    has_gap: bool,
    /// A session was connected that is not known, or not yet.
    pub(super) is_disordered: bool,
    sessions: Vec<Session>,
    by_id: Ends<BTreeMap<u16, usize>>,
}

/// A session whose request is in the recording.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The numbers by which the ends want the session called.
    pub(super) ids: Ends<Option<u16>>,
    /// Which end is the LAC.
    pub(super) lac: Role,
    /// When ICCN or OCCN was sent.
    pub(super) up_since: Option<i64>,
    /// Since when data must be numbered.
    pub(super) sequencing_since: Option<i64>,
    /// The LAC negotiated LCP with the peer before, out of sight.
    has_proxy_lcp: bool,
    is_ended: bool,
}

/// A session among all of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::rule) struct Place {
    pub(super) tunnel: usize,
    pub(super) session: usize,
}

impl Tunnels {
    pub(super) fn list(&self) -> &[Tunnel] {
        &self.list
    }

    /// The tunnel that a message of `sender` belongs to.
    pub(super) fn find(&self, sender: Role, message: &ControlMessage, time: i64) -> Option<usize> {
        match message.header.tunnel_id {
            0 if message.message_type() == Some(MessageType::StartControlConnectionRequest) => {
                let assigned = tunnel_id(message)?;
                let index = *self.by_id[sender].get(&assigned)?;
                let tunnel = &self.list[index];
                (!tunnel.is_stopped && tunnel.opener == sender && time - tunnel.time < REPEATS)
                    .then_some(index)
            }
            0 => self.list.iter().rposition(|tunnel| {
                tunnel.opener == sender && tunnel.ends[!sender].tunnel_id.is_none() && !tunnel.is_stopped
            }),
            id => self.by_id[!sender].get(&id).copied(),
        }
    }

    /// The session that a data message of `sender` belongs to.
    pub(in crate::rule) fn locate(&self, sender: Role, header: &DataHeader) -> Option<Place> {
        let tunnel = *self.by_id[!sender].get(&header.tunnel_id)?;
        let session = *self.list[tunnel].by_id[!sender].get(&header.session_id)?;
        Some(Place { tunnel, session })
    }

    /// Whether the recording has all that was said on a session's link when its first frame is sent.
    pub(in crate::rule) fn is_begun(&self, place: Place) -> bool {
        let (tunnel, session) = (&self.list[place.tunnel], self.session(place));
        let is_numbered = |role| tunnel.ends[role].tunnel_id.is_some() && session.ids[role].is_some();
        let is_two_way = is_numbered(Role::Client) && is_numbered(Role::Supernode);
        is_two_way && !tunnel.is_blind && !tunnel.has_gap && !session.has_proxy_lcp
    }

    /// A session that was located.
    pub(super) fn session(&self, place: Place) -> &Session {
        &self.list[place.tunnel].sessions[place.session]
    }

    /// Notes that something was said that cannot be read.
    pub(in crate::rule) fn miss(&mut self) {
        for tunnel in &mut self.list[self.blind..] {
            tunnel.is_blind = true;
        }
        self.blind = self.list.len();
    }

    /// Notes that the recording lacks frames.
    pub(in crate::rule) fn skip(&mut self) {
        for tunnel in &mut self.list[self.gaps..] {
            tunnel.has_gap = true;
        }
        self.gaps = self.list.len();
    }

    /// Notes a message.
    pub(in crate::rule) fn learn(&mut self, sender: Role, message: &ControlMessage, frame: u64, time: i64) {
        let found = self.find(sender, message, time);
        let is_request = message.message_type() == Some(MessageType::StartControlConnectionRequest);
        let index = match found {
            Some(index) => index,
            None if is_request && self.list.len() < MAX_TUNNELS => {
                self.list.push(Tunnel::new(sender, frame, time));
                self.list.len() - 1
            }
            None => return,
        };
        let tunnel = &mut self.list[index];
        tunnel.flows[sender].learn(message, frame, time);
        if let Some(sequence) = message.header.sequence {
            tunnel.flows[!sender].acknowledge(sequence.nr);
        }
        if let Some(assigned) = tunnel.learn(sender, message, time) {
            self.by_id[sender].insert(assigned, index);
        }
    }
}

impl Tunnel {
    fn new(opener: Role, frame: u64, time: i64) -> Self {
        Self {
            opener,
            frame,
            time,
            ends: Ends::default(),
            flows: Ends::default(),
            has_reply: false,
            is_connected: false,
            is_stopped: false,
            is_blind: false,
            has_gap: false,
            is_disordered: false,
            sessions: Vec::new(),
            by_id: Ends::default(),
        }
    }

    /// Whether the recording has every control message of `role`.
    pub(super) fn is_whole(&self, role: Role) -> bool {
        let can_be_found = self.ends[!role].tunnel_id.is_some();
        can_be_found && !self.is_blind && !self.has_gap && self.flows[role].is_whole()
    }

    /// The session whose number `owner` assigned.
    pub(super) fn session_of(&self, owner: Role, id: u16) -> Option<&Session> {
        self.by_id[owner].get(&id).and_then(|index| self.sessions.get(*index))
    }

    /// Notes a message; returns the number of the tunnel that it assigns.
    fn learn(&mut self, sender: Role, message: &ControlMessage, time: i64) -> Option<u16> {
        use MessageType as M;
        match message.message_type()? {
            kind @ (M::StartControlConnectionRequest | M::StartControlConnectionReply) => {
                self.has_reply |= kind == M::StartControlConnectionReply;
                let said = &mut self.ends[sender];
                *said = Said {
                    tunnel_id: tunnel_id(message).or(said.tunnel_id),
                    window: message.avps.iter().find_map(|avp| match avp.value {
                        AvpValue::ReceiveWindowSize(window) => Some(window),
                        _ => None,
                    }),
                    framing_capabilities: message.avps.iter().find_map(|avp| match avp.value {
                        AvpValue::FramingCapabilities(bits) => Some(bits),
                        _ => None,
                    }),
                    has_challenged: message.find(AttributeType::Challenge).is_some(),
                };
                return said.tunnel_id;
            }
            M::StartControlConnectionConnected => self.is_connected = true,
            M::StopControlConnectionNotification => self.is_stopped = true,
            kind @ (M::IncomingCallRequest | M::OutgoingCallRequest) => {
                let lac = if kind == M::IncomingCallRequest { sender } else { !sender };
                self.learn_request(sender, lac, message);
            }
            kind @ (M::IncomingCallReply | M::OutgoingCallReply) => {
                let lac = if kind == M::IncomingCallReply { !sender } else { sender };
                // A recorder may see the reply before the request.
                let index = self.session_index(!sender, message.header.session_id, lac);
                if let (Some(index), Some(id)) = (index, session_id(message)) {
                    self.sessions[index].ids[sender] = Some(id);
                    self.by_id[sender].insert(id, index);
                }
            }
            M::IncomingCallConnected | M::OutgoingCallConnected => {
                self.learn_connected(sender, message, time);
            }
            M::CallDisconnectNotify => {
                let index = self.by_id[!sender].get(&message.header.session_id).copied();
                if let Some(session) = index.and_then(|index| self.sessions.get_mut(index)) {
                    session.is_ended = true;
                }
            }
            _ => {}
        }
        None
    }

    fn learn_request(&mut self, sender: Role, lac: Role, message: &ControlMessage) {
        let Some(id) = session_id(message) else { return };
        if self.session_of(sender, id).is_some_and(|session| session.is_ended) {
            self.by_id[sender].remove(&id);
        }
        self.session_index(sender, id, lac);
    }

    /// The session of this number of `owner`, a new one if there is none.
    fn session_index(&mut self, owner: Role, id: u16, lac: Role) -> Option<usize> {
        if let Some(index) = self.by_id[owner].get(&id) {
            return Some(*index);
        }
        if id == 0 || self.sessions.len() == MAX_SESSIONS {
            return None;
        }
        let mut ids = Ends::default();
        ids[owner] = Some(id);
        self.by_id[owner].insert(id, self.sessions.len());
        self.sessions.push(Session {
            ids,
            lac,
            up_since: None,
            sequencing_since: None,
            has_proxy_lcp: false,
            is_ended: false,
        });
        Some(self.sessions.len() - 1)
    }

    fn learn_connected(&mut self, sender: Role, message: &ControlMessage, time: i64) {
        let Some(index) = self.by_id[!sender].get(&message.header.session_id).copied() else {
            self.is_disordered = true;
            return;
        };
        let session = &mut self.sessions[index];
        session.up_since.get_or_insert(time);
        session.has_proxy_lcp |= message.find(AttributeType::LastSentLcpConfreq).is_some();
        if message.find(AttributeType::SequencingRequired).is_some() {
            session.sequencing_since.get_or_insert(time);
        }
    }
}

/// The value of the Assigned Tunnel ID AVP, if it can be read.
pub(super) fn tunnel_id(message: &ControlMessage) -> Option<u16> {
    match message.find(AttributeType::AssignedTunnelId)?.value {
        AvpValue::AssignedTunnelId(id) => Some(id),
        _ => None,
    }
}

/// The value of the Assigned Session ID AVP, if it can be read.
pub(super) fn session_id(message: &ControlMessage) -> Option<u16> {
    match message.find(AttributeType::AssignedSessionId)?.value {
        AvpValue::AssignedSessionId(id) => Some(id),
        _ => None,
    }
}

/// One entry, before the tunnels learn from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) tunnels: &'a Tunnels,
    pub(super) sender: Role,
    pub(super) frame: u64,
    pub(super) time: i64,
    pub(super) message: Option<&'a ControlMessage>,
    pub(super) data: Option<DataHeader>,
    pub(super) seen: &'a Seen<'a>,
}

impl<'a> Turn<'a> {
    /// The control message and the tunnel that it belongs to.
    pub(super) fn control(&self) -> Option<(&'a ControlMessage, &'a Tunnel)> {
        let message = self.message?;
        let index = self.tunnels.find(self.sender, message, self.time)?;
        Some((message, &self.tunnels.list[index]))
    }

    /// The type of the control message.
    pub(super) fn kind(&self) -> Option<MessageType> {
        self.message.and_then(ControlMessage::message_type)
    }

    pub(super) fn violation(&self, report: &mut Report<'_>, text: impl Into<String>) {
        report.violation(self.frame, Some(self.sender), text);
    }
}

/// A judge of what happens in tunnels.
struct Judge<S> {
    tunnels: Tunnels,
    sequences: Sequences,
    state: S,
    look: fn(&mut S, &Turn<'_>, &mut Report<'_>),
    look_back: fn(&mut S, &Tunnels, &mut Report<'_>),
}

/// Makes a judge that looks at each entry before the tunnels learn from it, and back at the end.
pub(super) fn judge<S: Default + 'static>(
    look: fn(&mut S, &Turn<'_>, &mut Report<'_>),
    look_back: fn(&mut S, &Tunnels, &mut Report<'_>),
) -> Box<dyn Rule> {
    Box::new(Judge {
        tunnels: Tunnels::default(),
        sequences: Sequences::default(),
        state: S::default(),
        look,
        look_back,
    })
}

impl<S> Rule for Judge<S> {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let Some(sender) = seen.sender else { return };
        if self.sequences.skip(seen) {
            self.tunnels.skip();
        }
        if path::is_unreadable(seen) {
            return self.tunnels.miss();
        }
        let (frame, time) = (seen.entry.frame, seen.entry.time);
        let message = path::control(seen);
        let data = if message.is_none() { path::data(seen) } else { None };
        let turn = Turn { tunnels: &self.tunnels, sender, frame, time, message, data, seen };
        (self.look)(&mut self.state, &turn, report);
        if let Some(message) = message {
            self.tunnels.learn(sender, message, frame, time);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        (self.look_back)(&mut self.state, &self.tunnels, report);
    }
}
