//! The IKEv1 layer: any number of ISAKMP SAs, each found by its cookies, as initiator and responder at once.

use core::convert::Infallible;
use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::association::Association;
use super::config::{Config, Mode};
use super::event::{Command, Datagram, End, Event, Failure, NatSituation, Role, SaId};
use super::flight::{Flight, message};
use super::informational;
use super::keys::Cookies;
use super::phase1::{self, Fault, Peer, Stage, Terms};
use super::violation::Violation;
use super::wire::fragment::Reassembly;
use super::wire::{
    Body, ExchangeType, Fragment, Header, Message, NotifyType, Payload, PayloadType, Recognised, Sealed,
    recognise,
};
use crate::codec::Codec;
use crate::cx::Cx;
use crate::layer::{Input, Layer, Output};
use crate::time::{Deadlines, Instant};

/// What the layer wants to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// When to send the flight of an exchange again; zero stands for phase 1.
    Resend(SaId, u32),
    /// When to forget an exchange that is finished, or never was; zero stands for phase 1.
    Forget(SaId, u32),
    /// When to replace an ISAKMP SA.
    RekeyPhase1(SaId),
    /// When the life of an ISAKMP SA is over.
    ExpirePhase1(SaId),
    /// When to replace a pair of ESP SAs, by its inbound SPI.
    RekeyChild(u32),
    /// When the life of a pair of ESP SAs is over.
    ExpireChild(u32),
    /// When to send a keepalive.
    Keepalive(SaId),
    /// When to ask whether the peer is alive.
    Probe(SaId),
}

/// A pair of ESP SAs.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChildRecord {
    pub(super) sa: SaId,
    pub(super) outbound_spi: u32,
    pub(super) is_replaced: bool,
    /// Our role in the exchange.
    pub(super) role: Role,
    /// How many pairs stood before it, and one.
    pub(super) number: u64,
    /// The UDP ports that are protected, ours and the peer's.
    pub(super) ports: [u16; 2],
}

/// The IKEv1 layer of one host.
#[derive(Debug)]
pub struct Isakmp {
    pub(super) config: Config,
    /// Boxed, as a node of the map has room for eleven.
    pub(super) associations: BTreeMap<SaId, Box<Association>>,
    pub(super) by_cookies: BTreeMap<([u8; 8], [u8; 8]), SaId>,
    pub(super) children: BTreeMap<u32, ChildRecord>,
    /// The SAs that stand, by the address of their peers.
    by_address: BTreeSet<(IpAddr, SaId)>,
    pub(super) established_children: u64,
    half_open: BTreeSet<SaId>,
    next_id: u64,
    pub(super) deadlines: Deadlines<Reason>,
    /// SAs whose next keepalive is put off by what they have just sent.
    pub(super) pending_keepalives: Vec<SaId>,
    pub(super) outputs: VecDeque<Output<Datagram, Infallible, Event>>,
}

/// An SA that was not told of its other end yet.
const NO_COOKIE: [u8; 8] = [0; 8];

impl Isakmp {
    /// A host without SAs.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            associations: BTreeMap::new(),
            by_cookies: BTreeMap::new(),
            children: BTreeMap::new(),
            by_address: BTreeSet::new(),
            established_children: 0,
            half_open: BTreeSet::new(),
            next_id: 1,
            deadlines: Deadlines::default(),
            pending_keepalives: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The ISAKMP SAs that stand, in the order in which they were begun.
    pub fn established(&self) -> impl Iterator<Item = SaId> {
        self.associations.values().filter(|association| association.is_established()).map(|it| it.id)
    }

    /// How many exchanges of phase 1 others have begun and not finished.
    #[must_use]
    pub fn half_open(&self) -> usize {
        self.half_open.len()
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn rejected(&mut self, peer: SocketAddr, violation: Violation) {
        self.event(Event::Rejected { peer, violation });
    }

    /// Sends a message to the peer of an SA, in fragments if it is long and the peer takes them.
    pub(super) fn send(&mut self, id: SaId, octets: &[u8]) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        let (local, peer) = (association.peer.local, association.peer.peer);
        let limit = self.config.fragment_octets.filter(|limit| octets.len() > *limit);
        let pieces = match limit {
            Some(limit) if association.takes_fragments() => fragments(octets, limit),
            _ => vec![octets.to_vec()],
        };
        for octets in pieces {
            self.outputs.push_back(Output::ToBelow(Datagram::Message { local, peer, octets }));
        }
        self.arm_keepalive(id);
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, local: SocketAddr, peer: SocketAddr, octets: &[u8]) {
        let sealed = match recognise(octets) {
            Recognised::IkeV1 => match Sealed::decode_all(octets) {
                Ok(sealed) => sealed,
                Err(malformed) => return self.rejected(peer, malformed.into()),
            },
            Recognised::IkeV2(header) => return self.rejected(peer, Violation::Version(header.major())),
            Recognised::Other { major } => return self.rejected(peer, Violation::Version(major)),
            Recognised::Short(malformed) => return self.rejected(peer, malformed.into()),
        };
        let header = sealed.header;
        if header.next_payload == PayloadType::Fragment {
            return self.on_fragment(cx, local, peer, &sealed);
        }
        let found = self.find(&header);
        match (found, header.exchange_type) {
            (None, ExchangeType::IdentityProtection | ExchangeType::Aggressive)
                if header.responder_cookie == NO_COOKIE =>
            {
                self.on_first_message(cx, local, peer, octets, &sealed);
            }
            (None, _) => self.rejected(peer, Violation::UnknownCookies),
            (Some(id), ExchangeType::IdentityProtection | ExchangeType::Aggressive) => {
                self.on_phase_1(cx, id, (local, peer), octets, &sealed);
            }
            (Some(id), ExchangeType::QuickMode) => self.on_quick_mode(cx, id, (local, peer), octets, &sealed),
            (Some(id), ExchangeType::Informational) => self.on_informational(cx, id, (local, peer), &sealed),
            (Some(_), other) => self.rejected(peer, Violation::UnexpectedExchange(other)),
        }
    }

    /// The SA of a message: by both cookies; or, while the responder's is not known to us or to the peer, by the first.
    fn find(&self, header: &Header) -> Option<SaId> {
        let both = self.by_cookies.get(&(header.initiator_cookie, header.responder_cookie));
        both.copied().or_else(|| {
            let id = self.by_cookies.get(&(header.initiator_cookie, NO_COOKIE))?;
            let association = self.associations.get(id)?;
            matches!(association.stage, Stage::ExpectSa(_)).then_some(*id)
        })
    }

    fn on_fragment(&mut self, cx: &mut Cx<'_>, local: SocketAddr, peer: SocketAddr, sealed: &Sealed) {
        let header = sealed.header;
        let Some(id) = self.find(&header) else { return self.rejected(peer, Violation::UnknownCookies) };
        let fragment = sealed.to_octets().ok().and_then(|octets| Message::decode_all(&octets).ok());
        let Some(Message { payloads, .. }) = fragment else {
            return self.rejected(peer, Violation::MissingPayload(PayloadType::Fragment));
        };
        let [Payload { body: Body::Fragment(fragment), .. }] = payloads.as_slice() else {
            return self.rejected(peer, Violation::MissingPayload(PayloadType::Fragment));
        };
        let Some(association) = self.associations.get_mut(&id) else { return };
        match association.fragments.push(&header, fragment) {
            Ok(None) => {}
            Ok(Some(whole)) => {
                let is_fragment = whole.get(16) == Some(&PayloadType::Fragment.number());
                if is_fragment {
                    return self.rejected(peer, Violation::UnexpectedMessage(header.exchange_type));
                }
                self.on_message(cx, local, peer, &whole);
            }
            Err(malformed) => self.rejected(peer, malformed.into()),
        }
    }

    fn terms(&self, peer: SocketAddr) -> Terms<'_> {
        Terms { config: &self.config, is_first_contact: self.standing_with(peer.ip()).next().is_none() }
    }

    /// The SAs that stand with a peer at this address, in the order in which they were begun.
    pub(super) fn standing_with(&self, address: IpAddr) -> impl DoubleEndedIterator<Item = &Association> {
        let range = (address, SaId(0))..=(address, SaId(u64::MAX));
        self.by_address.range(range).filter_map(|(_, id)| self.associations.get(id).map(Box::as_ref))
    }

    /// Takes note of where the peer of an SA that stands is.
    pub(super) fn set_address(&mut self, id: SaId, old: IpAddr) {
        self.by_address.remove(&(old, id));
        if let Some(association) = self.associations.get(&id) {
            self.by_address.insert((association.peer.peer.ip(), id));
        }
    }

    /// Begins phase 1 as initiator.
    pub(super) fn begin(
        &mut self,
        cx: &mut Cx<'_>,
        local: SocketAddr,
        remote: SocketAddr,
        wants_child: bool,
        replaces: Option<SaId>,
    ) {
        let exchange = match self.config.mode {
            Mode::Main => ExchangeType::IdentityProtection,
            Mode::Aggressive => ExchangeType::Aggressive,
        };
        let cookies = Cookies { initiator: cx.draw("isakmp.cookie"), responder: NO_COOKIE };
        let mut peer = new_peer(Role::Initiator, exchange, local, remote, cookies);
        let next = phase1::begin(cx, &self.terms(remote), &mut peer);
        let id = self.insert(cx.now, peer);
        match next {
            Ok(next) => {
                let Some(association) = self.associations.get_mut(&id) else { return };
                association.stage = next.stage;
                association.wants_child = wants_child;
                association.replaces = replaces;
                if let Some(octets) = next.send {
                    association.flight.send(&octets, true);
                    self.send(id, &octets);
                }
                self.arm_resend(cx.now, id, 0);
            }
            Err(fault) => self.on_fault(cx, id, remote, fault),
        }
    }

    fn insert(&mut self, now: Instant, peer: Peer) -> SaId {
        let id = SaId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.by_cookies.insert((peer.cookies.initiator, NO_COOKIE), id);
        self.by_cookies.insert((peer.cookies.initiator, peer.cookies.responder), id);
        let association = Association {
            id,
            peer,
            stage: Stage::Idle,
            flight: Flight::default(),
            fragments: Reassembly::new(),
            exchanges: BTreeMap::new(),
            used_message_ids: BTreeSet::new(),
            children: BTreeSet::new(),
            wants_child: false,
            replaces: None,
            is_replaced: false,
            next_message_id: 1,
            heard: now,
            probe: None,
            asked_at: now,
            next_sequence_number: 1,
        };
        self.associations.insert(id, Box::new(association));
        id
    }

    /// A message of somebody who begins phase 1, or begins it again because our answer was lost.
    fn on_first_message(
        &mut self,
        cx: &mut Cx<'_>,
        local: SocketAddr,
        remote: SocketAddr,
        octets: &[u8],
        sealed: &Sealed,
    ) {
        let header = sealed.header;
        // ISAKMP-2408-2.4-a
        if header.initiator_cookie == NO_COOKIE {
            return self.rejected(remote, Violation::UnknownCookies);
        }
        if header.message_id != 0 {
            return self.rejected(remote, Violation::UnexpectedMessage(header.exchange_type));
        }
        if let Some(id) = self.by_cookies.get(&(header.initiator_cookie, NO_COOKIE)).copied() {
            return self.on_phase_1(cx, id, (local, remote), octets, sealed);
        }
        if self.half_open.len() >= self.config.half_open_limit && !self.make_room() {
            return self.rejected(remote, Violation::TooManyHalfOpen);
        }
        if !self.config.answers_strangers && self.standing_with(remote.ip()).next().is_none() {
            return self.rejected(remote, Violation::UnexpectedExchange(header.exchange_type));
        }
        let cookies = Cookies { initiator: header.initiator_cookie, responder: cx.draw("isakmp.cookie") };
        let mut peer = new_peer(Role::Responder, header.exchange_type, local, remote, cookies);
        match phase1::on_message(cx, &self.terms(remote), &mut peer, &Stage::Idle, sealed) {
            Ok(next) => {
                let is_awaited = header.exchange_type == ExchangeType::Aggressive;
                let id = self.insert(cx.now, peer);
                self.half_open.insert(id);
                self.deadlines.set(Reason::Forget(id, 0), cx.now + super::lifecycle::HALF_OPEN);
                let Some(association) = self.associations.get_mut(&id) else { return };
                association.flight.answer(octets, next.send.as_deref(), is_awaited);
                association.stage = next.stage;
                if let Some(octets) = next.send {
                    self.send(id, &octets);
                }
                self.arm_resend(cx.now, id, 0);
            }
            Err(fault) => {
                let (violation, why) = match fault {
                    Fault::SetAside(violation) => (Some(violation), None),
                    Fault::Over(why) => (None, Some(why)),
                };
                let answer =
                    violation.and_then(|violation| violation.answer()).or_else(|| why.and_then(told));
                if let Some(notify) = answer {
                    let message_id = u32::from_be_bytes(cx.draw("isakmp.message_id"));
                    let octets = informational::clear(&cookies, message_id, notify).unwrap_or_default();
                    self.outputs.push_back(Output::ToBelow(message(local, remote, &octets)));
                }
                if let Some(violation) = violation {
                    self.rejected(remote, violation);
                }
                if let Some(why) = why {
                    let id = SaId(self.next_id);
                    self.next_id = self.next_id.saturating_add(1);
                    self.event(Event::Failed { sa: id, message_id: 0, why });
                }
            }
        }
    }

    /// Forgets the oldest exchange whose initiator has not shown yet that it hears us: what is forged from other addresses
    /// never does, so it may take the room of its like only. Whether there was one.
    fn make_room(&mut self) -> bool {
        let is_unproven = |id: &SaId| {
            self.associations.get(id).is_some_and(|association| match association.stage {
                Stage::ExpectKe(_) => true,
                Stage::ExpectIdHash(_) => association.peer.exchange == ExchangeType::Aggressive,
                Stage::Idle | Stage::ExpectSa(_) | Stage::Established(_) => false,
            })
        };
        let Some(oldest) = self.half_open.iter().copied().find(is_unproven) else { return false };
        self.remove(oldest);
        self.event(Event::Failed { sa: oldest, message_id: 0, why: Failure::NoAnswer });
        true
    }

    /// Answers a message again if it was answered before: nothing else of it is done twice.
    fn repeat(&mut self, id: SaId, octets: &[u8]) -> bool {
        let Some(association) = self.associations.get(&id) else { return false };
        let Some(repeated) = association.flight.repeated(octets) else { return false };
        if let Some(octets) = repeated.map(<[u8]>::to_vec) {
            self.event(Event::Retransmitted { sa: id, message_id: 0, times: 0 });
            self.send(id, &octets);
        }
        true
    }

    fn on_phase_1(
        &mut self,
        cx: &mut Cx<'_>,
        id: SaId,
        (local, remote): (SocketAddr, SocketAddr),
        octets: &[u8],
        sealed: &Sealed,
    ) {
        if self.repeat(id, octets) {
            return;
        }
        let is_first_contact = self.terms(remote).is_first_contact;
        let Some(association) = self.associations.get_mut(&id) else { return };
        let exchange = sealed.header.exchange_type;
        if exchange != association.peer.exchange || sealed.header.message_id != 0 {
            return self.rejected(remote, Violation::UnexpectedExchange(exchange));
        }
        if association.peer.peer.ip() != remote.ip() {
            return self.rejected(remote, Violation::AnotherAddress);
        }
        let before = (association.peer.local, association.peer.peer);
        // The answer goes where the message came from (NATT-3947-3-a).
        (association.peer.local, association.peer.peer) = (local, remote);
        let terms = Terms { config: &self.config, is_first_contact };
        match phase1::on_message(cx, &terms, &mut association.peer, &association.stage, sealed) {
            Ok(next) => {
                let stands = matches!(next.stage, Stage::Established(_));
                let is_awaited = !stands
                    && (association.peer.role == Role::Initiator || exchange == ExchangeType::Aggressive);
                association.flight.answer(octets, next.send.as_deref(), is_awaited);
                association.stage = next.stage;
                association.heard = cx.now;
                let cookies = association.peer.cookies;
                self.by_cookies.insert((cookies.initiator, cookies.responder), id);
                if let Some(octets) = next.send {
                    self.send(id, &octets);
                }
                self.arm_resend(cx.now, id, 0);
                if stands {
                    self.half_open.remove(&id);
                    self.set_address(id, remote.ip());
                    self.deadlines.stop(&Reason::Forget(id, 0));
                    self.on_established(cx, id);
                }
            }
            Err(fault) => {
                if matches!(fault, Fault::SetAside(_)) {
                    (association.peer.local, association.peer.peer) = before;
                }
                self.on_fault(cx, id, remote, fault);
            }
        }
    }

    /// Tells of a fault in phase 1, and ends the exchange if it is over.
    fn on_fault(&mut self, cx: &mut Cx<'_>, id: SaId, remote: SocketAddr, fault: Fault) {
        let answer = match fault {
            Fault::SetAside(violation) => violation.answer(),
            Fault::Over(why) => told(why),
        };
        let Some(association) = self.associations.get(&id) else { return };
        let (local, cookies) = (association.peer.local, association.peer.cookies);
        if let Some(notify) = answer {
            let message_id = u32::from_be_bytes(cx.draw("isakmp.message_id"));
            let octets = informational::clear(&cookies, message_id, notify).unwrap_or_default();
            self.outputs.push_back(Output::ToBelow(message(local, remote, &octets)));
        }
        match fault {
            Fault::SetAside(violation) => self.rejected(remote, violation),
            Fault::Over(why) => {
                self.remove(id);
                self.event(Event::Failed { sa: id, message_id: 0, why });
            }
        }
    }

    /// Forgets an SA. Its children have to be gone, or to belong to another one.
    pub(super) fn remove(&mut self, id: SaId) {
        let Some(association) = self.associations.remove(&id) else { return };
        let cookies = association.peer.cookies;
        self.by_cookies.remove(&(cookies.initiator, NO_COOKIE));
        self.by_cookies.remove(&(cookies.initiator, cookies.responder));
        self.by_address.remove(&(association.peer.peer.ip(), id));
        self.half_open.remove(&id);
        for message_id in association.exchanges.keys().chain(&[0]) {
            self.deadlines.stop(&Reason::Resend(id, *message_id));
            self.deadlines.stop(&Reason::Forget(id, *message_id));
        }
        for reason in
            [Reason::RekeyPhase1(id), Reason::ExpirePhase1(id), Reason::Keepalive(id), Reason::Probe(id)]
        {
            self.deadlines.stop(&reason);
        }
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: Command) {
        match command {
            Command::Connect { local, peer } => self.begin(cx, local, peer, true, None),
            Command::StartQuickMode { sa } => self.start_quick_mode(cx, sa, None),
            Command::RekeyChild { inbound_spi } => {
                if let Some(child) = self.children.get(&inbound_spi).copied() {
                    self.start_quick_mode(cx, child.sa, Some(inbound_spi));
                }
            }
            Command::RekeyPhase1 { sa } => self.rekey_phase_1(cx, sa),
            Command::DeleteChild { inbound_spi } => self.delete_child(cx, inbound_spi, End::Commanded),
            Command::DeleteSa { sa } => self.delete_sa(cx, sa, End::Commanded),
            Command::Probe { sa } => self.probe(cx, sa),
            Command::PeerHeard { sa } => self.on_heard(cx.now, sa),
            Command::PeerMoved { sa, peer } => {
                if let Some(association) = self.associations.get_mut(&sa) {
                    let old = core::mem::replace(&mut association.peer.peer, peer);
                    self.set_address(sa, old.ip());
                }
            }
        }
    }
}

/// What the peer is told of an exchange that is over.
pub(super) const fn told(why: Failure) -> Option<NotifyType> {
    match why {
        Failure::NothingChosen(_) => Some(NotifyType::NoProposalChosen),
        Failure::Violated(violation) => violation.answer(),
        Failure::NoAnswer | Failure::Refused(_) | Failure::NoKey => None,
    }
}

const fn new_peer(
    role: Role,
    exchange: ExchangeType,
    local: SocketAddr,
    peer: SocketAddr,
    cookies: Cookies,
) -> Peer {
    Peer {
        role,
        exchange,
        local,
        peer,
        cookies,
        sa_body: Vec::new(),
        vendor_ids: Vec::new(),
        nat_method: None,
        nat: NatSituation { own_end: false, peer_end: false },
        identity: None,
        says_initial_contact: false,
        responder_lifetime: None,
    }
}

/// The pieces of a message, each at most `limit` octets with its headers.
fn fragments(octets: &[u8], limit: usize) -> Vec<Vec<u8>> {
    /// The ISAKMP header, and those of the payload and the fragment.
    const HEADERS: usize = Header::LEN + 8;
    let Ok(sealed) = Sealed::decode_all(octets) else { return vec![octets.to_vec()] };
    let room = limit.saturating_sub(HEADERS).max(1);
    let count = octets.len().div_ceil(room);
    let pieces = octets.chunks(room).zip(1_u8..).map(|(data, number)| {
        let flags = if usize::from(number) == count { Fragment::LAST } else { 0 };
        let fragment = Fragment { id: 1, number, flags, data: data.to_vec() };
        let header = Header { flags: 0, ..sealed.header };
        let payload = Payload::new(PayloadType::Fragment, Body::Fragment(fragment));
        Message::new(header, vec![payload]).to_octets().unwrap_or_default()
    });
    pieces.collect()
}

impl Layer for Isakmp {
    type Below = Datagram;
    type Above = Infallible;
    type Command = Command;
    type Event = Event;

    fn handle_input(&mut self, cx: &mut Cx<'_>, input: Input<Datagram, Infallible, Command>) {
        match input {
            Input::FromBelow(Datagram::Message { local, peer, octets }) => {
                self.on_message(cx, local, peer, &octets);
            }
            // NATT-3948-4-a: a keepalive proves nothing.
            Input::FromBelow(Datagram::Keepalive { .. }) => {}
            Input::FromAbove(never) => match never {},
            Input::Command(command) => self.on_command(cx, command),
            Input::Timeout => {
                while let Some(reason) = self.deadlines.take_due(cx.now) {
                    self.on_due(cx, reason);
                }
            }
        }
        self.set_keepalives(cx.now);
    }

    fn poll_output(&mut self) -> Option<Output<Datagram, Infallible, Event>> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}
