//! Control messages of tunnels: what is acceptable, and what the table makes of it.

use super::authentication::challenge_response;
use super::config::Content;
use super::event::{End, Event, Path, Reason, SessionId, TunnelId};
use super::layer::L2tp;
use super::read::{Start, assigned_tunnel, is_of_session, reason_of, response, start_of};
use super::table::{self, SessionEvent, TunnelAction, TunnelEvent};
use super::tunnel::{Fill, avps, outgoing};
use super::violation::Violation;
use super::wire::{Avp, AvpValue, ControlMessage, MessageType};
use crate::crypto::equal;
use crate::cx::Cx;
use crate::time::Instant;

impl L2tp {
    /// A message in the clear: hidden AVPs are opened where the secret is shared.
    fn opened(&self, message: &ControlMessage) -> ControlMessage {
        match &self.config.secret {
            Some(secret) => message.open_hidden(secret),
            None => message.clone(),
        }
    }

    /// Begins a tunnel, for a session perhaps.
    pub(super) fn open(&mut self, cx: &mut Cx<'_>, path: Path, with_session: bool) {
        let Some(id) = self.insert(cx, path, true) else { return };
        let has_tie_breaker =
            self.config.messages.sccrq.iter().any(|part| part.content == Content::TieBreaker);
        if let Some(tunnel) = self.tunnels.get_mut(&id) {
            tunnel.tie_breaker = has_tie_breaker.then(|| cx.draw("l2tp.tie_breaker"));
        }
        if with_session {
            self.ring(cx, id);
        }
        self.tunnel_event(cx, id, TunnelEvent::LocalOpen, None);
    }

    /// The first message of a peer.
    pub(super) fn on_sccrq(
        &mut self,
        cx: &mut Cx<'_>,
        path: Path,
        message: &ControlMessage,
        assigned: Option<u16>,
    ) {
        let opened = self.opened(message);
        let start = start_of(&opened);
        if let Ok(start) = &start
            && self.ties(cx, path, start)
        {
            return;
        }
        if !self.config.accepts_tunnels {
            return self.rejected(path, Violation::NotAccepted);
        }
        if !self.has_room() {
            return self.rejected(path, Violation::TooManyHalfOpen);
        }
        let Some(id) = self.insert(cx, path, false) else { return };
        if let Some(tunnel) = self.tunnels.get_mut(&id) {
            tunnel.peer_id = assigned.unwrap_or_default();
        }
        self.by_peer.insert((path, assigned.unwrap_or_default()), id);
        self.on_sequenced(cx, id, message);
    }

    /// Whether the peer's request crosses one of ours and loses (L2TP-2661-4.4.3-d). If ours loses, it is dropped.
    fn ties(&mut self, cx: &mut Cx<'_>, path: Path, start: &Start) -> bool {
        let ours = self.tunnels.values().find(|tunnel| {
            tunnel.is_ours && tunnel.state == table::Tunnel::WaitCtlReply && tunnel.path == path
        });
        let Some(ours) = ours else { return false };
        let (id, own) = (TunnelId(ours.id), ours.tie_breaker);
        let (loses, wins) = match (own, start.tie_breaker) {
            (None, None) => (false, false),
            (Some(_), None) => (false, true),
            (None, Some(_)) => (true, false),
            (Some(own), Some(peer)) => (own >= peer, own <= peer),
        };
        if loses {
            // The requeue of the table is what the caller does with the peer's request.
            self.tunnel_event(cx, id, TunnelEvent::SccrqLosesTie, Some((End::LostTie, Reason::plain(0))));
        }
        wins
    }

    /// A message that has come in its turn.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other message is of a session")]
    pub(super) fn on_message(&mut self, cx: &mut Cx<'_>, id: TunnelId, message: &ControlMessage) {
        let message = &self.opened(message);
        let Some(tunnel) = self.tunnels.get(&id) else { return };
        let path = tunnel.path;
        let Some(message_type) = message.message_type() else {
            return self.clear(cx, id, Violation::NoMessageType);
        };
        if let MessageType::Unknown(number) = message_type {
            // L2TP-2661-4.4.1-b
            let violation = Violation::UnknownMessage(number);
            let is_mandatory = message.avps.first().is_some_and(|avp| avp.mandatory);
            return if is_mandatory { self.clear(cx, id, violation) } else { self.rejected(path, violation) };
        }
        let unknown = message.avps.iter().find(|avp| avp.mandatory && !avp.is_recognised()).map(|avp| {
            Violation::UnknownMandatory { vendor_id: avp.vendor_id, attribute_type: avp.attribute_type }
        });
        if is_of_session(message_type) {
            return self.on_session_message(cx, id, message, message_type, unknown);
        }
        // What says that all is over is heeded however it is written.
        if message_type == MessageType::StopControlConnectionNotification {
            let why = End::ByPeer(reason_of(message));
            return self.tunnel_event(cx, id, TunnelEvent::StopCcn, Some((why, Reason::plain(0))));
        }
        if let Some(violation) = unknown {
            return self.clear(cx, id, violation);
        }
        match message_type {
            MessageType::StartControlConnectionRequest | MessageType::StartControlConnectionReply => {
                self.on_start(cx, id, message, message_type);
            }
            MessageType::StartControlConnectionConnected => self.on_connected(cx, id, message),
            // L2TP-2661-6.5-a
            MessageType::Hello => {}
            other => self.clear(cx, id, Violation::UnexpectedInTunnel(other)),
        }
    }

    /// SCCRQ or SCCRP.
    fn on_start(&mut self, cx: &mut Cx<'_>, id: TunnelId, message: &ControlMessage, kind: MessageType) {
        let is_reply = kind == MessageType::StartControlConnectionReply;
        let judged = start_of(message).and_then(|start| {
            let tunnel = self.tunnels.get(&id).ok_or(Violation::NoSuchTunnel(id.0))?;
            let due = match (tunnel.state, is_reply) {
                (table::Tunnel::Idle, false) => !tunnel.is_ours,
                (table::Tunnel::WaitCtlReply, true) => true,
                _ => false,
            };
            if !due {
                return Err(Violation::UnexpectedInTunnel(kind));
            }
            if is_reply && !self.is_proved(id, kind, start.response) {
                return Err(Violation::NotAuthenticated);
            }
            // Without a secret of ours, a challenge cannot be answered (L2TP-2661-4.4.3-i).
            if start.challenge.is_some() && self.config.secret.is_none() {
                return Err(Violation::NotAuthenticated);
            }
            Ok(start)
        });
        let (good, bad) = if is_reply {
            (TunnelEvent::SccrpAcceptable, TunnelEvent::SccrpNotAcceptable)
        } else {
            (TunnelEvent::SccrqAcceptable, TunnelEvent::SccrqNotAcceptable)
        };
        match judged {
            Ok(start) => {
                if let Some(tunnel) = self.tunnels.get_mut(&id) {
                    tunnel.peer_id = start.peer_id;
                    tunnel.peer_challenge = start.challenge;
                    tunnel.host_name = start.host_name;
                    if let Some(window) = start.window {
                        tunnel.channel.set_peer_window(window);
                    }
                }
                self.tunnel_event(cx, id, good, None);
            }
            Err(violation) => {
                let assigned = assigned_tunnel(message);
                if let Some(tunnel) = self.tunnels.get_mut(&id)
                    && tunnel.peer_id == 0
                {
                    tunnel.peer_id = assigned.unwrap_or_default();
                }
                self.refuse(cx, id, bad, violation);
            }
        }
    }

    fn on_connected(&mut self, cx: &mut Cx<'_>, id: TunnelId, message: &ControlMessage) {
        let response = response(message);
        let is_due = self.tunnels.get(&id).is_some_and(|tunnel| tunnel.state == table::Tunnel::WaitCtlConn);
        let kind = MessageType::StartControlConnectionConnected;
        if !is_due {
            self.refuse(cx, id, TunnelEvent::ScccnNotAcceptable, Violation::UnexpectedInTunnel(kind));
        } else if self.is_proved(id, kind, response) {
            self.tunnel_event(cx, id, TunnelEvent::ScccnAcceptable, None);
        } else {
            self.refuse(cx, id, TunnelEvent::ScccnNotAcceptable, Violation::NotAuthenticated);
        }
    }

    /// Whether the peer has proved that it knows the secret, if it was asked to (L2TP-2661-5.1.1-a).
    fn is_proved(&self, id: TunnelId, kind: MessageType, response: Option<[u8; 16]>) -> bool {
        let challenge = self.tunnels.get(&id).and_then(|tunnel| tunnel.challenge.as_ref());
        let (Some(challenge), Some(secret)) = (challenge, &self.config.secret) else { return true };
        let Ok(number) = u8::try_from(kind.number()) else { return false };
        let expected = challenge_response(number, secret, challenge);
        response.is_some_and(|response| equal(&response, &expected))
    }

    /// Ends a tunnel because of what the peer did, by the table.
    pub(super) fn refuse(&mut self, cx: &mut Cx<'_>, id: TunnelId, event: TunnelEvent, violation: Violation) {
        let says = violation.stop_reason();
        let path = self.tunnels.get(&id).map(|tunnel| tunnel.path);
        if let Some(path) = path {
            self.rejected(path, violation);
        }
        self.tunnel_event(cx, id, event, Some((End::Violated(violation), says)));
    }

    /// Ends a tunnel because of a message that no state admits (L2TP-2661-7.1-b).
    pub(super) fn clear(&mut self, cx: &mut Cx<'_>, id: TunnelId, violation: Violation) {
        if let Some(path) = self.tunnels.get(&id).map(|tunnel| tunnel.path) {
            self.rejected(path, violation);
        }
        self.end_tunnel(cx, id, &End::Violated(violation), Some(&violation.stop_reason()));
    }

    /// Moves a tunnel through its table.
    pub(super) fn tunnel_event(
        &mut self,
        cx: &mut Cx<'_>,
        id: TunnelId,
        event: TunnelEvent,
        end: Option<(End, Reason)>,
    ) {
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        if tunnel.is_closing {
            return;
        }
        let (state, actions) = table::tunnel(tunnel.state, event);
        let says_stop = actions.contains(&TunnelAction::SendStopCcn);
        if actions.contains(&TunnelAction::CleanUp) {
            let (why, says) = end.unwrap_or((End::NoAnswer, Reason::plain(1)));
            return self.end_tunnel(cx, id, &why, says_stop.then_some(&says));
        }
        tunnel.state = state;
        for action in actions {
            match action {
                TunnelAction::SendSccrq => {
                    self.push_start(cx, id, MessageType::StartControlConnectionRequest);
                }
                TunnelAction::SendSccrp => self.push_start(cx, id, MessageType::StartControlConnectionReply),
                TunnelAction::SendScccn => {
                    self.push_start(cx, id, MessageType::StartControlConnectionConnected);
                }
                TunnelAction::OpenSessions => self.on_tunnel_up(cx, id),
                TunnelAction::SendStopCcn | TunnelAction::CleanUp | TunnelAction::Requeue => {}
            }
        }
        self.flush(cx.now, id);
    }

    fn on_tunnel_up(&mut self, cx: &mut Cx<'_>, id: TunnelId) {
        self.on_finished(id);
        let Some(tunnel) = self.tunnels.get(&id) else { return };
        let event = Event::TunnelUp {
            tunnel: id,
            peer_tunnel: tunnel.peer_id,
            path: tunnel.path,
            host_name: tunnel.host_name.clone(),
            is_authenticated: tunnel.challenge.is_some(),
        };
        let waiting: Vec<u16> = tunnel.sessions.keys().copied().collect();
        self.event(event);
        self.arm_hello(id);
        for session in waiting {
            self.session_event(cx, SessionId { tunnel: id, session }, SessionEvent::TunnelOpen, None);
        }
    }

    fn push_start(&mut self, cx: &mut Cx<'_>, id: TunnelId, kind: MessageType) {
        let Some(tunnel) = self.tunnels.get(&id) else { return };
        let messages = &self.config.messages;
        let parts = if kind == MessageType::StartControlConnectionRequest {
            &messages.sccrq
        } else if kind == MessageType::StartControlConnectionReply {
            &messages.sccrp
        } else {
            &messages.scccn
        };
        let fill = Fill {
            tunnel_id: tunnel.id,
            challenge: tunnel.challenge.as_deref(),
            peer_challenge: tunnel.peer_challenge.as_deref(),
            tie_breaker: tunnel.tie_breaker,
            ..Fill::default()
        };
        let avps = avps(cx, &self.config, kind, parts, fill);
        self.push(id, 0, avps);
    }

    /// Queues the last message of a tunnel.
    pub(super) fn push_stop(&mut self, cx: &mut Cx<'_>, id: TunnelId, reason: &Reason) {
        let fill = Fill { tunnel_id: id.0, reason: Some(reason), ..Fill::default() };
        let kind = MessageType::StopControlConnectionNotification;
        let avps = avps(cx, &self.config, kind, &self.config.messages.stop_ccn, fill);
        self.push(id, 0, avps);
    }

    /// Queues a message.
    pub(super) fn push(&mut self, id: TunnelId, session: u16, avps: Vec<Avp>) {
        if let Some(tunnel) = self.tunnels.get_mut(&id) {
            let message = outgoing(tunnel.peer_id, session, avps);
            tunnel.channel.push(message);
        }
    }

    pub(super) fn say_hello(&mut self, now: Instant, id: TunnelId) {
        let Some(tunnel) = self.tunnels.get(&id) else { return };
        if tunnel.state != table::Tunnel::Established || tunnel.is_closing {
            return;
        }
        self.push(id, 0, vec![Avp::new(AvpValue::MessageType(MessageType::Hello))]);
        self.flush(now, id);
    }
}
