//! One link and its phases (RFC 1661 section 3.2): LCP, then authentication, then the network protocols.
#![expect(clippy::wildcard_enum_match_arm, reason = "every other protocol or option is treated alike")]

mod frames;

use core::net::Ipv4Addr;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::authentication::{Applicant, Authenticator, Step};
use super::config::{Compression, Config, Echo, IpcpRequest, LcpRequest, Method};
use super::control::{Body, Code, Packet};
use super::desire::{CcpDesire, IpcpDesire, Ipv6cpDesire, Lcp};
use super::event::{End, Event, LinkId, Refusal, Violation};
use super::frame::FrameHeader;
use super::negotiation::{Desire, Effect, Negotiation};
use super::{Protocol, lcp};
use crate::codec::Codec;
use crate::cx::Cx;
use crate::time::Instant;

/// How often a peer's magic number may be ours before the link is taken for a loop (LCP-1661-6.4-a).
const LOOPS: u32 = 5;
/// The Maximum-Receive-Unit of a peer that states none, in octets (LCP-1661-6.1-a).
const DEFAULT_MRU: u16 = 1500;
/// The part of a rejected frame that a Protocol-Reject repeats, in octets.
const REJECTED: usize = 128;

/// What a link has to say.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) frames: Vec<Vec<u8>>,
    pub(super) events: Vec<Event>,
    /// Whether the link is over.
    pub(super) is_over: bool,
}

/// A link.
#[derive(Debug)]
pub(super) struct Link {
    id: LinkId,
    config: Arc<Config>,
    lcp: Negotiation<Lcp>,
    pub(super) ipcp: Option<Negotiation<IpcpDesire>>,
    ipv6cp: Option<Negotiation<Ipv6cpDesire>>,
    ccp: Option<Negotiation<CcpDesire>>,
    authenticator: Option<Authenticator>,
    applicant: Option<Applicant>,
    /// Whether network protocols may be spoken.
    is_network: bool,
    end: Option<End>,
    loops: u32,
    echo: Option<Instant>,
    unanswered: u32,
    /// What the pool has given for the peer.
    pub(super) lease: Option<Ipv4Addr>,
}

impl Link {
    pub(super) fn new(cx: &mut Cx<'_>, id: LinkId, config: Arc<Config>, lease: Option<Ipv4Addr>) -> Self {
        let lcp = Lcp {
            requests: config.lcp.clone(),
            magic_number: u32::from_be_bytes(cx.draw("ppp.magic")),
            asks: config.authentication.asks.clone(),
            does: config.authentication.does.clone(),
            grants_compression: config.grants_compression,
            rejected: BTreeSet::new(),
            mru: None,
            peer: Vec::new(),
            is_loop_suspected: false,
        };
        let mut lcp = Negotiation::new(lcp, config.timers, config.first_identifier);
        lcp.terminate_data.clone_from(&config.terminate_data);
        Self {
            id,
            lcp,
            ipcp: None,
            ipv6cp: None,
            ccp: None,
            authenticator: None,
            applicant: None,
            is_network: false,
            end: None,
            loops: 0,
            echo: None,
            unanswered: 0,
            lease,
            config,
        }
    }

    pub(super) fn begin(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        let mut effects = Vec::new();
        if self.config.is_passive {
            self.lcp.wait();
        } else {
            effects.extend(self.lcp.open(cx.now));
            effects.extend(self.lcp.up(cx.now));
        }
        self.on_lcp(cx, effects, out);
    }

    pub(super) fn close(&mut self, cx: &mut Cx<'_>, why: End, out: &mut Outbox) {
        self.end.get_or_insert(why);
        let effects = self.lcp.close(cx.now);
        self.on_lcp(cx, effects, out);
        if !self.lcp.is_alive() {
            self.finish(out);
        }
    }

    pub(super) fn down(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        self.end.get_or_insert(End::LinkGone);
        let effects = self.lcp.down(cx.now);
        self.on_lcp(cx, effects, out);
        self.finish(out);
    }

    fn finish(&mut self, out: &mut Outbox) {
        if !out.is_over {
            out.is_over = true;
            let why = self.end.take().unwrap_or(End::NotAgreed);
            out.events.push(Event::LinkDown { link: self.id, why });
        }
    }

    /// The header of a frame that is sent (LCP-1661-6.5-a, LCP-1661-6.6-a).
    pub(super) fn header(&self, protocol: Protocol) -> FrameHeader {
        let is_lcp = protocol == Protocol::Lcp;
        let granted = |option: lcp::Option| self.lcp.is_opened() && self.lcp.desire.peer.contains(&option);
        let leaves_out = self.config.address_and_control == Compression::WhereAllowed
            && !is_lcp
            && granted(lcp::Option::AddressAndControlFieldCompression);
        let shortens = self.config.protocol_field == Compression::WhereAllowed
            && protocol.number() < 0x100
            && granted(lcp::Option::ProtocolFieldCompression);
        FrameHeader { has_address_and_control: !leaves_out, protocol, is_protocol_compressed: shortens }
    }

    fn send(&self, protocol: Protocol, packet: &[u8], out: &mut Outbox) {
        let (octets, length) = self.header(protocol).octets();
        let header = octets.get(..length).unwrap_or_default();
        out.frames.push([header, packet].concat());
    }

    /// Whether packets of a network protocol may travel.
    pub(super) fn carries(&self, protocol: Protocol) -> bool {
        if protocol == Protocol::Ipv4 {
            self.ipcp.as_ref().is_some_and(Negotiation::is_opened)
        } else if protocol == Protocol::Ipv6 {
            self.ipv6cp.as_ref().is_some_and(Negotiation::is_opened)
        } else {
            false
        }
    }

    fn on_lcp(&mut self, cx: &mut Cx<'_>, effects: Vec<Effect>, out: &mut Outbox) {
        for effect in effects {
            match effect {
                Effect::Send(packet) => self.send(Protocol::Lcp, &packet, out),
                Effect::Up => self.on_lcp_up(cx, out),
                Effect::Down => self.on_lcp_down(cx.now, out),
                Effect::Started => {}
                Effect::Finished => self.finish(out),
            }
        }
    }

    fn on_lcp_up(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        let desire = &self.lcp.desire;
        let (own, peer) = (desire.request(), desire.peer.clone());
        let (asked, demanded) = (desire.asked(), desire.demanded());
        let has_to_ask = self.config.lcp.contains(&LcpRequest::Authentication)
            && !self.config.authentication.asks.is_empty();
        out.events.push(Event::LcpUp { link: self.id, own, peer });
        self.unanswered = 0;
        self.echo =
            self.config.echo.map(|echo| if echo.is_at_once { cx.now } else { cx.now + echo.interval });
        if has_to_ask && asked.is_none() {
            let why = End::NotAuthenticated(Refusal::NoCommonMethod);
            return self.close(cx, why, out);
        }
        let config = self.config.clone();
        for message in &config.identification {
            self.say_identification(message, out);
        }
        if let Some(method) = asked {
            let (authenticator, step) = Authenticator::begin(cx, &config.authentication, method);
            self.authenticator = Some(authenticator);
            self.on_step(cx, step, true, method, out);
        }
        if let Some(method) = demanded {
            let (applicant, step) = Applicant::begin(cx.now, &config.authentication, method);
            self.applicant = Some(applicant);
            self.on_step(cx, step, false, method, out);
        }
        self.begin_network(cx, out);
    }

    fn on_lcp_down(&mut self, now: Instant, out: &mut Outbox) {
        self.is_network = false;
        self.echo = None;
        (self.authenticator, self.applicant) = (None, None);
        let was_up = self.carries(Protocol::Ipv4);
        if let Some(ipcp) = &mut self.ipcp {
            ipcp.down(now);
        }
        (self.ipcp, self.ipv6cp, self.ccp) = (None, None, None);
        if was_up {
            out.events.push(Event::IpcpDown { link: self.id });
        }
    }

    /// What came of a step of authentication.
    fn on_step(&mut self, cx: &mut Cx<'_>, step: Step, is_peer: bool, method: Method, out: &mut Outbox) {
        if let Some((client, server)) = step.missing {
            out.events.push(Event::SecretMissing { link: self.id, client, server });
        }
        let protocol = match method {
            Method::Pap => Protocol::Pap,
            Method::ChapMd5 | Method::MsChapV2 => Protocol::Chap,
            Method::EapMd5 | Method::EapMsChapV2 => Protocol::Eap,
        };
        if let Some(packet) = step.send {
            self.send(protocol, &packet, out);
        }
        match step.outcome {
            None => {}
            Some(Ok(name)) => {
                out.events.push(Event::Authenticated { link: self.id, method, is_peer, name });
                self.begin_network(cx, out);
            }
            Some(Err(refusal)) => self.close(cx, End::NotAuthenticated(refusal), out),
        }
    }

    /// Goes on to the network protocols once both ends have proved what they had to (LCP-1661-3.5-a).
    fn begin_network(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        let is_proved = self.authenticator.as_ref().is_none_or(|it| it.is_done)
            && self.applicant.as_ref().is_none_or(|it| it.is_done);
        if self.is_network || !is_proved || !self.lcp.is_opened() {
            return;
        }
        self.is_network = true;
        let config = self.config.clone();
        if let Some(requests) = &config.ccp {
            let mut ccp = Negotiation::new(CcpDesire { requests: requests.clone() }, config.timers, 1);
            let effects = [ccp.open(cx.now), ccp.up(cx.now)].concat();
            self.ccp = Some(ccp);
            self.on_ccp(effects, out);
        }
        if let Some(ipcp) = &config.ipcp {
            let own = ipcp.requests.iter().find_map(|request| match request {
                IpcpRequest::Address(address) => Some(*address),
                _ => None,
            });
            let desire = IpcpDesire {
                config: ipcp.clone(),
                own: own.unwrap_or(Ipv4Addr::UNSPECIFIED),
                dns: [None; 2],
                nbns: [None; 2],
                rejected: BTreeSet::new(),
                lease: self.lease,
                peer: Ipv4Addr::UNSPECIFIED,
            };
            let mut ipcp = Negotiation::new(desire, config.timers, 1);
            let effects = [ipcp.open(cx.now), ipcp.up(cx.now)].concat();
            self.ipcp = Some(ipcp);
            self.on_ipcp(effects, out);
        }
        if config.has_ipv6 {
            let mut own: [u8; 8] = cx.draw("ppp.interface_id");
            // IPV6CP-5072-4.1-f: the u bit is clear, for nobody has assigned it.
            own[0] &= !0x02;
            let desire = Ipv6cpDesire { own, peer: [0; 8], is_rejected: false };
            let mut ipv6cp = Negotiation::new(desire, config.timers, 1);
            let effects = [ipv6cp.open(cx.now), ipv6cp.up(cx.now)].concat();
            self.ipv6cp = Some(ipv6cp);
            self.on_ipv6cp(effects, out);
        }
    }

    fn peer_mru(&self) -> u16 {
        let stated = self.lcp.desire.peer.iter().find_map(|option| match option {
            lcp::Option::MaximumReceiveUnit(mru) => Some(*mru),
            _ => None,
        });
        stated.unwrap_or(DEFAULT_MRU)
    }

    fn on_ipcp(&mut self, effects: Vec<Effect>, out: &mut Outbox) {
        for effect in effects {
            match effect {
                Effect::Send(packet) => self.send(Protocol::Ipcp, &packet, out),
                Effect::Up => {
                    let mtu = self.peer_mru();
                    if let Some(ipcp) = &self.ipcp {
                        let desire = &ipcp.desire;
                        let (own, peer, dns) = (desire.own, desire.peer, desire.dns);
                        out.events.push(Event::IpcpUp { link: self.id, own, peer, dns, mtu });
                    }
                }
                Effect::Down => out.events.push(Event::IpcpDown { link: self.id }),
                Effect::Started | Effect::Finished => {}
            }
        }
    }

    fn on_ipv6cp(&mut self, effects: Vec<Effect>, out: &mut Outbox) {
        for effect in effects {
            match effect {
                Effect::Send(packet) => self.send(Protocol::Ipv6cp, &packet, out),
                Effect::Up => {
                    if let Some(ipv6cp) = &self.ipv6cp {
                        let (own, peer) = (ipv6cp.desire.own, ipv6cp.desire.peer);
                        out.events.push(Event::Ipv6cpUp { link: self.id, own, peer });
                    }
                }
                Effect::Down | Effect::Started | Effect::Finished => {}
            }
        }
    }

    fn on_ccp(&mut self, effects: Vec<Effect>, out: &mut Outbox) {
        for effect in effects {
            match effect {
                Effect::Send(packet) => self.send(Protocol::Ccp, &packet, out),
                Effect::Up => out.events.push(Event::CcpUp { link: self.id }),
                Effect::Down | Effect::Started | Effect::Finished => {}
            }
        }
    }

    fn rejected(&self, violation: Violation, out: &mut Outbox) {
        out.events.push(Event::Rejected { link: self.id, violation });
    }

    fn send_lcp(&self, code: Code, identifier: u8, body: Body<lcp::Option>, out: &mut Outbox) {
        let packet = Packet { code, identifier, body, padding: Vec::new() };
        if let Ok(octets) = packet.to_octets() {
            self.send(Protocol::Lcp, &octets, out);
        }
    }

    fn say_identification(&mut self, message: &[u8], out: &mut Outbox) {
        let identifier = self.lcp.next_identifier();
        let magic_number = self.lcp.desire.magic();
        let body = Body::Identification { magic_number, message: message.to_vec() };
        self.send_lcp(Code::Identification, identifier, body, out);
    }

    pub(super) fn say_echo(&mut self, out: &mut Outbox) {
        if self.lcp.is_opened() {
            let identifier = self.lcp.next_identifier();
            let body = Body::Echo { magic_number: self.lcp.desire.magic(), data: Vec::new() };
            self.send_lcp(Code::EchoRequest, identifier, body, out);
        }
    }

    pub(super) fn reauthenticate(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        let config = self.config.clone();
        if let Some(authenticator) = self.authenticator.as_mut().filter(|it| it.method != Method::Pap) {
            let (step, method) = (authenticator.ask_anew(cx, &config.authentication), authenticator.method);
            self.on_step(cx, step, true, method, out);
        }
    }

    /// The next moment at which something is to be done.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let ncps = [
            self.ipcp.as_ref().and_then(|it| it.deadline),
            self.ipv6cp.as_ref().and_then(|it| it.deadline),
            self.ccp.as_ref().and_then(|it| it.deadline),
        ];
        let others = [
            self.lcp.deadline,
            self.authenticator.as_ref().and_then(|it| it.deadline),
            self.applicant.as_ref().and_then(|it| it.deadline),
            self.echo,
        ];
        ncps.into_iter().chain(others).flatten().min()
    }

    pub(super) fn on_timeout(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        let now = cx.now;
        let effects = self.lcp.on_timeout(now);
        self.on_lcp(cx, effects, out);
        let effects = self.ipcp.as_mut().map(|it| it.on_timeout(now)).unwrap_or_default();
        self.on_ipcp(effects, out);
        let effects = self.ipv6cp.as_mut().map(|it| it.on_timeout(now)).unwrap_or_default();
        self.on_ipv6cp(effects, out);
        let effects = self.ccp.as_mut().map(|it| it.on_timeout(now)).unwrap_or_default();
        self.on_ccp(effects, out);
        let config = self.config.clone();
        let is_due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if self.authenticator.as_ref().is_some_and(|it| it.asks_anew_at_deadline() && is_due(it.deadline)) {
            self.reauthenticate(cx, out);
        } else if let Some(authenticator) = &mut self.authenticator {
            let (step, method) =
                (authenticator.on_timeout(now, &config.authentication), authenticator.method);
            self.on_step(cx, step, true, method, out);
        }
        if let Some(applicant) = &mut self.applicant {
            let (step, method) = (applicant.on_timeout(now, &config.authentication), applicant.method);
            self.on_step(cx, step, false, method, out);
        }
        if is_due(self.echo) {
            self.on_echo_due(cx, out);
        }
    }

    fn on_echo_due(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        let Some(Echo { interval, failures: limit, .. }) = self.config.echo else { return };
        if limit > 0 && self.unanswered >= limit {
            self.echo = None;
            return self.close(cx, End::PeerSilent, out);
        }
        self.unanswered = self.unanswered.saturating_add(1);
        self.echo = Some(cx.now + interval);
        self.say_echo(out);
    }
}
