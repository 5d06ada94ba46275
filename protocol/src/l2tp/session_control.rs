//! Control messages of sessions: what is acceptable, and what the tables make of it.

use super::config::Numbers;
use super::data::Numbering;
use super::event::{End, Event, Reason, SessionId, TunnelId};
use super::layer::L2tp;
use super::read::{assigned_session, call_serial_number, reason_of, tx_connect_speed};
use super::table::{self, SessionAction, SessionEvent};
use super::tunnel::{Fill, Session, avps};
use super::violation::Violation;
use super::wire::{AttributeType, AvpValue, ControlMessage, MessageType};
use crate::cx::Cx;

impl L2tp {
    /// Wants a call in a tunnel.
    pub(super) fn ring(&mut self, cx: &mut Cx<'_>, id: TunnelId) {
        if self.tunnels.get(&id).is_none_or(|tunnel| tunnel.is_closing) {
            return;
        }
        let serial = match self.config.call_serial_numbers {
            Numbers::Random => u32::from_be_bytes(cx.draw("l2tp.call_serial")),
            Numbers::Sequential => self.next_call,
        };
        self.next_call = serial.wrapping_add(1);
        let Some(session) = self.insert_session(cx, id, true, serial) else { return };
        self.session_event(cx, session, SessionEvent::Ring, None);
        let is_up = self.tunnels.get(&id).is_some_and(|tunnel| tunnel.state == table::Tunnel::Established);
        if is_up {
            self.session_event(cx, session, SessionEvent::TunnelOpen, None);
        }
        self.flush(cx.now, id);
    }

    fn insert_session(
        &mut self,
        cx: &mut Cx<'_>,
        id: TunnelId,
        is_lac: bool,
        serial: u32,
    ) -> Option<SessionId> {
        let (ids, is_numbered) = (self.config.ids, self.config.data.is_numbered);
        let tunnel = self.tunnels.get_mut(&id)?;
        if tunnel.sessions.len() >= usize::from(u16::MAX) {
            return None;
        }
        let mut session = match ids {
            Numbers::Random => u16::from_be_bytes(cx.draw("l2tp.session_id")),
            Numbers::Sequential => tunnel.next_session,
        };
        // L2TP-2661-4.4.4-a
        while session == 0 || tunnel.sessions.contains_key(&session) {
            session = session.wrapping_add(1);
        }
        tunnel.next_session = session.wrapping_add(1);
        let state = Session {
            id: session,
            peer_id: 0,
            state: table::Session::Idle,
            is_lac,
            call_serial_number: serial,
            tx_connect_speed: None,
            numbering: Numbering::new(is_numbered),
        };
        tunnel.sessions.insert(session, state);
        Some(SessionId { tunnel: id, session })
    }

    /// A message about a call.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other message is of a tunnel")]
    pub(super) fn on_session_message(
        &mut self,
        cx: &mut Cx<'_>,
        id: TunnelId,
        message: &ControlMessage,
        kind: MessageType,
        unknown: Option<Violation>,
    ) {
        let Some(tunnel) = self.tunnels.get(&id) else { return };
        let path = tunnel.path;
        if tunnel.state != table::Tunnel::Established {
            // L2TP-2661-5.0-a
            return self.clear(cx, id, Violation::UnexpectedInTunnel(kind));
        }
        if kind == MessageType::IncomingCallRequest && message.header.session_id == 0 {
            return self.on_icrq(cx, id, message, unknown);
        }
        if kind == MessageType::OutgoingCallRequest {
            return self.refuse_call(cx, id, message, Violation::NoOutgoingCalls);
        }
        let session = SessionId { tunnel: id, session: message.header.session_id };
        if !tunnel.sessions.contains_key(&session.session) {
            return self.rejected(path, Violation::NoSuchSession(session.session));
        }
        match kind {
            MessageType::CallDisconnectNotify => {
                let why = End::ByPeer(reason_of(message));
                self.session_event(cx, session, SessionEvent::Cdn, Some(&(why, Reason::plain(0))));
            }
            MessageType::IncomingCallReply => self.on_icrp(cx, session, message, unknown),
            MessageType::IncomingCallConnected => self.on_iccn(cx, session, message, unknown),
            MessageType::IncomingCallRequest => {
                let violation = Violation::UnexpectedInSession(kind);
                self.refuse_session(cx, session, SessionEvent::IcrqNotAcceptable, violation);
            }
            // They tell of a line that is not there; nothing depends on them here.
            MessageType::WanErrorNotify | MessageType::SetLinkInfo => {}
            other => {
                let violation = Violation::UnexpectedInSession(other);
                self.refuse_session(cx, session, SessionEvent::LocalClose, violation);
            }
        }
    }

    fn on_icrq(
        &mut self,
        cx: &mut Cx<'_>,
        id: TunnelId,
        message: &ControlMessage,
        unknown: Option<Violation>,
    ) {
        let serial = call_serial_number(message);
        let judged = match (unknown, assigned_session(message), serial) {
            (Some(violation), ..) => Err(violation),
            (None, Err(violation), _) => Err(violation),
            // L2TP-2661-6.6-a
            (None, Ok(_), None) => Err(Violation::MissingAvp(AttributeType::CallSerialNumber)),
            (None, Ok(_), Some(_)) if !self.config.accepts_tunnels => Err(Violation::NotAccepted),
            (None, Ok(peer_id), Some(serial)) => Ok((peer_id, serial)),
        };
        match judged {
            Ok((peer_id, serial)) => {
                let Some(session) = self.insert_session(cx, id, false, serial) else { return };
                if let Some(state) = self.session_mut(session) {
                    state.peer_id = peer_id;
                }
                self.session_event(cx, session, SessionEvent::IcrqAcceptable, None);
            }
            Err(violation) => self.refuse_call(cx, id, message, violation),
        }
    }

    /// Refuses a call of which nothing is kept.
    fn refuse_call(&mut self, cx: &mut Cx<'_>, id: TunnelId, message: &ControlMessage, violation: Violation) {
        let Some(path) = self.tunnels.get(&id).map(|tunnel| tunnel.path) else { return };
        self.rejected(path, violation);
        let Some(session) = self.insert_session(cx, id, false, 0) else { return };
        if let Some(state) = self.session_mut(session) {
            state.peer_id = assigned_session(message).unwrap_or_default();
        }
        self.push_cdn(cx, session, &violation.disconnect_reason());
        if let Some(tunnel) = self.tunnels.get_mut(&id) {
            tunnel.sessions.remove(&session.session);
        }
    }

    fn on_icrp(
        &mut self,
        cx: &mut Cx<'_>,
        session: SessionId,
        message: &ControlMessage,
        unknown: Option<Violation>,
    ) {
        let is_due = self.session_mut(session).is_some_and(|state| state.state == table::Session::WaitReply);
        let judged = match unknown {
            Some(violation) => Err(violation),
            None if !is_due => Err(Violation::UnexpectedInSession(MessageType::IncomingCallReply)),
            None => assigned_session(message),
        };
        match judged {
            Ok(peer_id) => {
                if let Some(state) = self.session_mut(session) {
                    state.peer_id = peer_id;
                }
                self.session_event(cx, session, SessionEvent::IcrpAcceptable, None);
            }
            Err(violation) => self.refuse_session(cx, session, SessionEvent::IcrpNotAcceptable, violation),
        }
    }

    fn on_iccn(
        &mut self,
        cx: &mut Cx<'_>,
        session: SessionId,
        message: &ControlMessage,
        unknown: Option<Violation>,
    ) {
        let speed = tx_connect_speed(message);
        let is_required = message.avps.iter().any(|avp| avp.value == AvpValue::SequencingRequired);
        let is_due =
            self.session_mut(session).is_some_and(|state| state.state == table::Session::WaitConnect);
        let violation = match (unknown, speed) {
            (Some(violation), _) => Some(violation),
            (None, _) if !is_due => Some(Violation::UnexpectedInSession(MessageType::IncomingCallConnected)),
            (None, None) => Some(Violation::MissingAvp(AttributeType::TxConnectSpeed)),
            // L2TP-2661-6.6-a
            (None, Some(_)) if message.find(AttributeType::FramingType).is_none() => {
                Some(Violation::MissingAvp(AttributeType::FramingType))
            }
            (None, Some(_)) => None,
        };
        if let Some(violation) = violation {
            return self.refuse_session(cx, session, SessionEvent::IccnNotAcceptable, violation);
        }
        if let Some(state) = self.session_mut(session) {
            state.tx_connect_speed = speed;
            state.numbering.is_on |= is_required;
            state.numbering.is_required = is_required;
        }
        self.session_event(cx, session, SessionEvent::IccnAcceptable, None);
    }

    fn refuse_session(
        &mut self,
        cx: &mut Cx<'_>,
        session: SessionId,
        event: SessionEvent,
        violation: Violation,
    ) {
        if let Some(path) = self.tunnels.get(&session.tunnel).map(|tunnel| tunnel.path) {
            self.rejected(path, violation);
        }
        let says = violation.disconnect_reason();
        self.session_event(cx, session, event, Some(&(End::Violated(violation), says)));
    }

    /// Ends a session.
    pub(super) fn close_session(&mut self, cx: &mut Cx<'_>, session: SessionId, why: End, says: &Reason) {
        self.session_event(cx, session, SessionEvent::LocalClose, Some(&(why, says.clone())));
        self.flush(cx.now, session.tunnel);
    }

    /// Moves a session through the table of its role.
    pub(super) fn session_event(
        &mut self,
        cx: &mut Cx<'_>,
        id: SessionId,
        event: SessionEvent,
        end: Option<&(End, Reason)>,
    ) {
        let Some(session) = self.session_mut(id) else { return };
        let table = if session.is_lac { table::lac } else { table::lns };
        let (state, actions) = table(session.state, event);
        session.state = state;
        for action in actions {
            match action {
                SessionAction::SendIcrq => self.push_call(cx, id, MessageType::IncomingCallRequest),
                SessionAction::SendIcrp => self.push_call(cx, id, MessageType::IncomingCallReply),
                SessionAction::SendIccn => self.push_call(cx, id, MessageType::IncomingCallConnected),
                SessionAction::SendCdn => {
                    let says = end.map_or(Reason::plain(3), |(_, says)| says.clone());
                    self.push_cdn(cx, id, &says);
                }
                SessionAction::PrepareForData => {
                    let Some(session) = self.session_mut(id) else { return };
                    let event = Event::SessionUp {
                        session: id,
                        peer_session: session.peer_id,
                        is_ours: session.is_lac,
                        tx_connect_speed: session.tx_connect_speed,
                    };
                    self.event(event);
                }
                SessionAction::CleanUp => {
                    if let Some(tunnel) = self.tunnels.get_mut(&id.tunnel) {
                        tunnel.sessions.remove(&id.session);
                    }
                    let why = end.map_or(End::TunnelDown, |(why, _)| why.clone());
                    self.event(Event::SessionDown { session: id, why });
                }
                SessionAction::OpenTunnel => {}
            }
        }
    }

    fn push_call(&mut self, cx: &mut Cx<'_>, id: SessionId, kind: MessageType) {
        let Some(session) = self.session_mut(id) else { return };
        let (peer_id, fill) = (session.peer_id, Some((session.id, session.call_serial_number)));
        let messages = &self.config.messages;
        let parts = if kind == MessageType::IncomingCallRequest {
            &messages.icrq
        } else if kind == MessageType::IncomingCallReply {
            &messages.icrp
        } else {
            &messages.iccn
        };
        let avps = avps(cx, &self.config, kind, parts, Fill { session: fill, ..Fill::default() });
        let is_required = avps.iter().any(|avp| avp.value == AvpValue::SequencingRequired);
        if let Some(session) = self.session_mut(id) {
            session.numbering.is_on |= is_required;
            session.numbering.is_required |= is_required;
        }
        self.push(id.tunnel, peer_id, avps);
    }

    fn push_cdn(&mut self, cx: &mut Cx<'_>, id: SessionId, reason: &Reason) {
        let Some(session) = self.session_mut(id) else { return };
        let (peer_id, fill) = (session.peer_id, Some((session.id, session.call_serial_number)));
        let fill = Fill { session: fill, reason: Some(reason), ..Fill::default() };
        let kind = MessageType::CallDisconnectNotify;
        let avps = avps(cx, &self.config, kind, &self.config.messages.cdn, fill);
        self.push(id.tunnel, peer_id, avps);
    }
}
