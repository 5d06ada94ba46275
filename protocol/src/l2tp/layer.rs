//! The L2TPv2 layer: any number of tunnels, as LAC and LNS at once.

use core::convert::Infallible;
use std::collections::{BTreeMap, VecDeque};

use super::config::{Config, Numbers};
use super::event::{Command, Datagram, End, Event, Path, Reason as EndReason, SessionId, TunnelId};
use super::read::assigned_tunnel;
use super::reliable::{Arrival, Channel};
use super::table::{self, TunnelEvent};
use super::tunnel::{Session, Tunnel};
use super::violation::Violation;
use super::wire::{ControlMessage, MessageType, Recognised, recognise};
use crate::codec::Codec;
use crate::cx::Cx;
use crate::layer::{Input, Layer, Output};
use crate::time::{Deadlines, Instant};

/// How long a tunnel that is over still acknowledges the peer's repeats (L2TP-2661-5.7-a).
const LINGER: core::time::Duration = core::time::Duration::from_secs(31);

/// What the layer wants to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// When to send the oldest message of a tunnel again.
    Resend(TunnelId),
    /// When to acknowledge without a message to travel with.
    Acknowledge(TunnelId),
    /// When to say Hello.
    Hello(TunnelId),
    /// When to forget a tunnel that is over.
    Forget(TunnelId),
}

/// The L2TPv2 layer of one host.
#[derive(Debug)]
pub struct L2tp {
    pub(super) config: Config,
    pub(super) tunnels: BTreeMap<TunnelId, Tunnel>,
    /// Tunnels that others have begun, by where they are and what they call them.
    pub(super) by_peer: BTreeMap<(Path, u16), TunnelId>,
    half_open: usize,
    next_tunnel: u16,
    pub(super) next_call: u32,
    pub(super) deadlines: Deadlines<Reason>,
    pub(super) outputs: VecDeque<Output<Datagram, Infallible, Event>>,
}

impl L2tp {
    /// A host without tunnels.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            tunnels: BTreeMap::new(),
            by_peer: BTreeMap::new(),
            half_open: 0,
            next_tunnel: 1,
            next_call: 1,
            deadlines: Deadlines::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The tunnels that are up.
    pub fn tunnels(&self) -> impl Iterator<Item = TunnelId> {
        let is_up = |tunnel: &&Tunnel| tunnel.state == table::Tunnel::Established && !tunnel.is_closing;
        self.tunnels.values().filter(is_up).map(|tunnel| TunnelId(tunnel.id))
    }

    /// The tunnels that are up and have no session, nor one that is being opened.
    pub fn bare_tunnels(&self) -> impl Iterator<Item = TunnelId> {
        let is_bare = |id: &TunnelId| self.tunnels.get(id).is_some_and(|tunnel| tunnel.sessions.is_empty());
        self.tunnels().filter(is_bare)
    }

    /// The sessions that are up.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.tunnels.values().flat_map(|tunnel| {
            let up = tunnel.sessions.values().filter(|session| session.is_up());
            up.map(|session| SessionId { tunnel: TunnelId(tunnel.id), session: session.id })
        })
    }

    /// How many tunnels begun by others are not up.
    #[must_use]
    pub const fn half_open(&self) -> usize {
        self.half_open
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn rejected(&mut self, path: Path, violation: Violation) {
        self.event(Event::Rejected { path, violation });
    }

    fn send(&mut self, path: Path, octets: Vec<u8>) {
        self.outputs.push_back(Output::ToBelow(Datagram { path, octets }));
    }

    /// Sends what the window of a tunnel admits, and sets its deadlines.
    pub(super) fn flush(&mut self, now: Instant, id: TunnelId) {
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        let (path, was_idle) = (tunnel.path, self.deadlines.get(&Reason::Resend(id)).is_none());
        let sent = tunnel.channel.take_sendable();
        if was_idle {
            self.arm_resend(now, id);
        }
        for octets in sent {
            self.send(path, octets);
        }
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        if tunnel.channel.owes_acknowledgment() {
            if self.config.acknowledgment_delay.is_zero() {
                self.acknowledge(id);
            } else if self.deadlines.get(&Reason::Acknowledge(id)).is_none() {
                self.deadlines.set(Reason::Acknowledge(id), now + self.config.acknowledgment_delay);
            }
        } else {
            self.deadlines.stop(&Reason::Acknowledge(id));
        }
    }

    fn acknowledge(&mut self, id: TunnelId) {
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        let (path, peer_id) = (tunnel.path, tunnel.peer_id);
        if let Some(octets) = tunnel.channel.acknowledgment(peer_id) {
            self.send(path, octets);
        }
    }

    fn arm_resend(&mut self, now: Instant, id: TunnelId) {
        let wait = self.tunnels.get(&id).and_then(|tunnel| tunnel.channel.wait(&self.config.retransmission));
        match wait {
            Some(wait) => self.deadlines.set(Reason::Resend(id), now + wait),
            None => {
                self.deadlines.stop(&Reason::Resend(id));
            }
        }
    }

    /// Sets the deadline of a Hello anew.
    pub(super) fn arm_hello(&mut self, id: TunnelId) {
        let Some(tunnel) = self.tunnels.get(&id) else { return };
        if let Some(hello) = self.config.hello
            && tunnel.state == table::Tunnel::Established
            && !tunnel.is_closing
        {
            self.deadlines.set(Reason::Hello(id), tunnel.heard + hello);
        }
    }

    /// An ID that no tunnel has.
    fn draw_tunnel_id(&mut self, cx: &mut Cx<'_>) -> Option<u16> {
        if self.tunnels.len() >= usize::from(u16::MAX) {
            return None;
        }
        let mut id = match self.config.ids {
            Numbers::Random => u16::from_be_bytes(cx.draw("l2tp.tunnel_id")),
            Numbers::Sequential => self.next_tunnel,
        };
        // L2TP-2661-4.4.3-f
        while id == 0 || self.tunnels.contains_key(&TunnelId(id)) {
            id = id.wrapping_add(1);
        }
        self.next_tunnel = id.wrapping_add(1);
        Some(id)
    }

    /// A tunnel of which nothing was said yet.
    pub(super) fn insert(&mut self, cx: &mut Cx<'_>, path: Path, is_ours: bool) -> Option<TunnelId> {
        let id = self.draw_tunnel_id(cx)?;
        let challenge = match (&self.config.secret, self.config.challenge_octets) {
            (Some(_), Some(octets)) => Some(cx.draw_vec("l2tp.challenge", octets)),
            _ => None,
        };
        let tunnel = Tunnel {
            id,
            peer_id: 0,
            path,
            state: table::Tunnel::Idle,
            channel: Channel::new(),
            is_ours,
            challenge,
            peer_challenge: None,
            tie_breaker: None,
            host_name: Vec::new(),
            sessions: BTreeMap::new(),
            next_session: 1,
            heard: cx.now,
            is_closing: false,
            is_settled: false,
        };
        self.tunnels.insert(TunnelId(id), tunnel);
        self.half_open = self.half_open.saturating_add(usize::from(!is_ours));
        Some(TunnelId(id))
    }

    /// Whether another tunnel of somebody else may be begun.
    pub(super) const fn has_room(&self) -> bool {
        self.half_open < self.config.half_open_limit
    }

    /// A tunnel that somebody else has begun is up, or over: it is unfinished no more.
    pub(super) fn on_finished(&mut self, id: TunnelId) {
        let is_theirs = self.tunnels.get(&id).is_some_and(|tunnel| !tunnel.is_ours);
        self.half_open = self.half_open.saturating_sub(usize::from(is_theirs));
    }

    /// Ends a tunnel with all its sessions. It stays to deliver its last words and to acknowledge the peer's.
    pub(super) fn end_tunnel(&mut self, cx: &mut Cx<'_>, id: TunnelId, why: &End, says: Option<&EndReason>) {
        let Some(tunnel) = self.tunnels.get(&id) else { return };
        if tunnel.is_closing {
            return;
        }
        let sessions: Vec<u16> = tunnel.sessions.keys().copied().collect();
        let (path, was_up) = (tunnel.path, tunnel.state == table::Tunnel::Established);
        if !was_up {
            self.on_finished(id);
        }
        for session in sessions {
            let why = if matches!(why, End::NoAnswer) { End::NoAnswer } else { End::TunnelDown };
            self.event(Event::SessionDown { session: SessionId { tunnel: id, session }, why });
        }
        if let Some(reason) = says {
            self.push_stop(cx, id, reason);
        }
        if let Some(tunnel) = self.tunnels.get_mut(&id) {
            tunnel.sessions.clear();
            tunnel.state = table::Tunnel::Idle;
            tunnel.is_closing = true;
        }
        self.deadlines.stop(&Reason::Hello(id));
        self.event(Event::TunnelDown { tunnel: id, path, why: why.clone() });
        self.flush(cx.now, id);
        if matches!(why, End::NoAnswer | End::LostTie) {
            self.forget(id);
        } else {
            self.deadlines.set(Reason::Forget(id), cx.now + LINGER);
        }
        self.settle(id, false);
    }

    /// Tells once of a tunnel that is over and has nothing more to say.
    fn settle(&mut self, id: TunnelId, is_given_up: bool) {
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        if tunnel.is_closing && !tunnel.is_settled && (is_given_up || tunnel.channel.is_idle()) {
            tunnel.is_settled = true;
            self.event(Event::TunnelSettled { tunnel: id });
        }
    }

    fn forget(&mut self, id: TunnelId) {
        self.settle(id, true);
        if let Some(tunnel) = self.tunnels.remove(&id) {
            self.by_peer.remove(&(tunnel.path, tunnel.peer_id));
        }
        for reason in [Reason::Resend(id), Reason::Acknowledge(id), Reason::Hello(id), Reason::Forget(id)] {
            self.deadlines.stop(&reason);
        }
    }

    fn on_datagram(&mut self, cx: &mut Cx<'_>, path: Path, octets: &[u8]) {
        match recognise(octets) {
            Recognised::Version2Control => {}
            Recognised::Version2Data => return self.rejected(path, Violation::NotControl),
            // L2TP-2661-3.1-c: silently so for L2F.
            Recognised::L2f => return,
            Recognised::Version3 | Recognised::Other => return self.rejected(path, Violation::Version),
        }
        let message = match ControlMessage::decode_all(octets) {
            Ok(message) => message,
            Err(malformed) => return self.rejected(path, malformed.into()),
        };
        let Some(sequence) = message.header.sequence else {
            return self.rejected(path, Violation::NotControl);
        };
        if message.header.tunnel_id == 0 {
            return self.on_unassigned(cx, path, &message, sequence.ns);
        }
        let id = TunnelId(message.header.tunnel_id);
        let Some(tunnel) = self.tunnels.get_mut(&id) else {
            return self.rejected(path, Violation::NoSuchTunnel(id.0));
        };
        if !tunnel.is_of(path) {
            return self.rejected(path, Violation::AnotherPath);
        }
        tunnel.path = path;
        tunnel.heard = cx.now;
        self.on_sequenced(cx, id, &message);
    }

    /// A message to nobody in particular: an SCCRQ, or a `StopCCN` of a peer that was not told our ID.
    fn on_unassigned(&mut self, cx: &mut Cx<'_>, path: Path, message: &ControlMessage, ns: u16) {
        let assigned = assigned_tunnel(message);
        let known = assigned.and_then(|assigned| self.by_peer.get(&(path, assigned)).copied());
        if let Some(id) = known {
            return self.on_sequenced(cx, id, message);
        }
        match message.message_type() {
            Some(MessageType::StartControlConnectionRequest) if ns == 0 => {
                self.on_sccrq(cx, path, message, assigned);
            }
            _ => self.rejected(path, Violation::NoSuchTunnel(0)),
        }
    }

    /// A message in its place among those of a tunnel.
    pub(super) fn on_sequenced(&mut self, cx: &mut Cx<'_>, id: TunnelId, message: &ControlMessage) {
        let Some(sequence) = message.header.sequence else { return };
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        let path = tunnel.path;
        let Some(acknowledged) = tunnel.channel.on_acknowledged(sequence.nr) else {
            return self.rejected(path, Violation::NotSent { nr: sequence.nr });
        };
        let is_any = !acknowledged.is_empty();
        for message in acknowledged {
            self.event(Event::Acknowledged { tunnel: id, message });
        }
        if is_any {
            self.arm_resend(cx.now, id);
        }
        self.arm_hello(id);
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        if !message.is_zlb() {
            match tunnel.channel.on_arrival(sequence.ns) {
                Arrival::InOrder if tunnel.is_closing => {}
                Arrival::InOrder => self.on_message(cx, id, message),
                Arrival::Duplicate => {}
                Arrival::Ahead => {
                    let expected = tunnel.channel.expected();
                    self.rejected(path, Violation::Ahead { ns: sequence.ns, expected });
                }
            }
        }
        self.flush(cx.now, id);
        self.settle(id, false);
        let is_over = self.tunnels.get(&id).is_some_and(|tunnel| {
            tunnel.is_closing && tunnel.is_ours && tunnel.peer_id == 0 && tunnel.channel.is_idle()
        });
        if is_over {
            self.forget(id);
        }
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: Command) {
        match command {
            Command::Open { path } => self.open(cx, path, true),
            Command::OpenTunnel { path } => self.open(cx, path, false),
            Command::OpenSession { tunnel } => self.ring(cx, tunnel),
            Command::CloseSession { session, reason } => {
                self.close_session(cx, session, End::Commanded(reason.clone()), &reason);
            }
            Command::CloseTunnel { tunnel, reason } => {
                let why = End::Commanded(reason.clone());
                self.tunnel_event(cx, tunnel, TunnelEvent::AdminClose, Some((why, reason)));
            }
            Command::SayHello { tunnel } => self.say_hello(cx.now, tunnel),
            Command::MovePath { link, path } => {
                for tunnel in self.tunnels.values_mut().filter(|tunnel| tunnel.path.link == link) {
                    tunnel.path = path;
                }
            }
        }
    }

    fn on_due(&mut self, cx: &mut Cx<'_>, reason: Reason) {
        match reason {
            Reason::Resend(id) => {
                let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
                let path = tunnel.path;
                match tunnel.channel.again(&self.config.retransmission) {
                    Some((octets, ns, times)) => {
                        self.event(Event::Retransmitted { tunnel: id, ns, times });
                        self.send(path, octets);
                        self.arm_resend(cx.now, id);
                    }
                    None if tunnel.is_closing => self.forget(id),
                    None => self.end_tunnel(cx, id, &End::NoAnswer, None),
                }
            }
            Reason::Acknowledge(id) => self.acknowledge(id),
            Reason::Hello(id) => {
                self.say_hello(cx.now, id);
            }
            Reason::Forget(id) => self.forget(id),
        }
    }

    /// The state of a session, for its messages.
    pub(super) fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.tunnels.get_mut(&id.tunnel)?.sessions.get_mut(&id.session)
    }
}

impl Layer for L2tp {
    type Below = Datagram;
    type Above = Infallible;
    type Command = Command;
    type Event = Event;

    fn handle_input(&mut self, cx: &mut Cx<'_>, input: Input<Datagram, Infallible, Command>) {
        match input {
            Input::FromBelow(Datagram { path, octets }) => self.on_datagram(cx, path, &octets),
            Input::FromAbove(never) => match never {},
            Input::Command(command) => self.on_command(cx, command),
            Input::Timeout => {
                while let Some(reason) = self.deadlines.take_due(cx.now) {
                    self.on_due(cx, reason);
                }
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output<Datagram, Infallible, Event>> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}
