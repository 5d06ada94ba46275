//! The endpoint: datagrams climb, events become commands, units descend.

use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, VecDeque};

use super::bonds::Bonds;
use super::checksum::checksum;
use super::config::{Config, Role};
use super::decide::{L2TP, Wish, decide, link_of, session_of};
use super::event::{Command, Event, Output, Reach};
use super::tap::{NoTap, Seam, Tap};
use crate::cx::Cx;
use crate::esp::nat_t::{self, KEEPALIVE, NON_ESP_MARKER};
use crate::esp::{self, Esp};
use crate::isakmp::{self, Isakmp};
use crate::l2tp::wire::{Recognised, recognise};
use crate::l2tp::{self, L2tp};
use crate::layer::{Input, Layer, Output as LayerOutput};
use crate::packet::Packet;
use crate::ppp::{self, LinkId, Ppp, Protocol, Received};
use crate::time::Instant;

/// The ports of IKE.
const IKE: u16 = 500;
const NAT_T: u16 = 4500;
/// UDP as a protocol of IP.
pub(super) const UDP: u8 = 17;
/// The length of a UDP header, in octets.
const UDP_HEADER: usize = 8;
/// Events that may follow from one input. More would be a circle of two layers that answer each other.
const BOUND: usize = 10_000;

/// What a link has agreed on.
#[derive(Debug, Clone, Copy)]
struct Up {
    own: core::net::Ipv4Addr,
    peer: core::net::Ipv4Addr,
    dns: [Option<core::net::Ipv4Addr>; 2],
    mtu: u16,
}

/// An endpoint.
#[derive(Debug)]
pub struct Stack<T = NoTap> {
    config: Config,
    isakmp: Option<Isakmp>,
    esp: Esp,
    l2tp: L2tp,
    ppp: Ppp,
    bonds: Bonds,
    tap: T,
    ups: BTreeMap<LinkId, Up>,
    /// Whom to connect to, and when to begin anew.
    target: Option<(IpAddr, IpAddr)>,
    restart: Option<Instant>,
    /// How far it goes by itself, and what waits to go further.
    reach: Reach,
    held: Vec<Wish>,
    heard: BTreeMap<u32, Instant>,
    events: VecDeque<Event>,
    outputs: VecDeque<(Output, Packet)>,
    spare: Vec<Packet>,
}

impl Stack {
    /// An endpoint without connections.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_tap(config, NoTap)
    }
}

impl<T: Tap> Stack<T> {
    /// An endpoint with somebody at its seams.
    #[must_use]
    pub fn with_tap(config: Config, tap: T) -> Self {
        Self {
            isakmp: config.isakmp.clone().map(Isakmp::new),
            esp: Esp::default(),
            l2tp: L2tp::new(config.l2tp.clone()),
            ppp: Ppp::new(),
            bonds: Bonds::default(),
            tap,
            ups: BTreeMap::new(),
            target: None,
            restart: None,
            reach: Reach::Link,
            held: Vec::new(),
            heard: BTreeMap::new(),
            events: VecDeque::new(),
            outputs: VecDeque::new(),
            spare: Vec::new(),
            config,
        }
    }

    /// Who stands at the seams.
    pub const fn tap_mut(&mut self) -> &mut T {
        &mut self.tap
    }

    /// IKE, to be looked at.
    #[must_use]
    pub const fn isakmp(&self) -> Option<&Isakmp> {
        self.isakmp.as_ref()
    }

    /// ESP, to be looked at.
    #[must_use]
    pub const fn esp(&self) -> &Esp {
        &self.esp
    }

    /// L2TP, to be looked at.
    #[must_use]
    pub const fn l2tp(&self) -> &L2tp {
        &self.l2tp
    }

    /// PPP, to be looked at.
    #[must_use]
    pub const fn ppp(&self) -> &Ppp {
        &self.ppp
    }

    /// The links that carry IPv4.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.ups.keys().copied()
    }

    /// The UDP port of our L2TP.
    #[must_use]
    pub const fn l2tp_port(&self) -> u16 {
        self.config.l2tp_port
    }

    /// Does what is wanted.
    pub fn command(&mut self, cx: &mut Cx<'_>, command: Command) {
        match command {
            Command::Connect { local, peer } => {
                self.target = Some((local, peer));
                self.connect(cx);
            }
            Command::Disconnect => self.disconnect(cx),
            Command::Reach(reach) => self.go_on(cx, reach),
            Command::Isakmp(command) => self.tell_isakmp(cx, Input::Command(command)),
            Command::L2tp(command) => self.l2tp.handle_input(cx, Input::Command(command)),
            Command::Ppp(command) => self.ppp.handle_input(cx, Input::Command(command)),
        }
        self.settle(cx);
    }

    /// Goes as far as that by itself from now on.
    fn go_on(&mut self, cx: &mut Cx<'_>, reach: Reach) {
        self.reach = reach;
        for wish in core::mem::take(&mut self.held) {
            self.grant(cx, wish);
        }
        if reach >= Reach::Session && matches!(self.config.role, Role::Client { .. }) {
            for tunnel in self.l2tp.bare_tunnels().collect::<Vec<_>>() {
                self.l2tp.handle_input(cx, Input::Command(l2tp::Command::OpenSession { tunnel }));
            }
        }
    }

    fn connect(&mut self, cx: &mut Cx<'_>) {
        let Some((local, peer)) = self.target else { return };
        self.restart = None;
        if self.isakmp.is_some() {
            let (local, peer) = (SocketAddr::new(local, IKE), SocketAddr::new(peer, IKE));
            self.tell_isakmp(cx, Input::Command(isakmp::Command::Connect { local, peer }));
        } else {
            let local = SocketAddr::new(local, self.config.l2tp_port);
            let path = l2tp::Path { local, peer: SocketAddr::new(peer, L2TP), link: 0 };
            self.grant(cx, Wish::L2tp(l2tp::Command::Open { path }));
        }
    }

    /// Ends all from the top: what ends above ends what is below.
    fn disconnect(&mut self, cx: &mut Cx<'_>) {
        (self.target, self.restart) = (None, None);
        let links: Vec<LinkId> = self.ppp.links().collect();
        for link in &links {
            self.ppp.handle_input(cx, Input::Command(ppp::Command::Close { link: *link }));
        }
        if links.is_empty() {
            let sas: Vec<isakmp::SaId> = self.isakmp.iter().flat_map(Isakmp::established).collect();
            for sa in sas {
                self.tell_isakmp(cx, Input::Command(isakmp::Command::DeleteSa { sa }));
            }
        }
    }

    fn tell_isakmp(
        &mut self,
        cx: &mut Cx<'_>,
        input: Input<isakmp::Datagram, core::convert::Infallible, isakmp::Command>,
    ) {
        if let Some(isakmp) = &mut self.isakmp {
            isakmp.handle_input(cx, input);
        }
    }

    /// Takes the payload of a UDP datagram. The packet may be changed.
    pub fn udp_in(&mut self, cx: &mut Cx<'_>, local: SocketAddr, peer: SocketAddr, packet: &mut Packet) {
        match local.port() {
            IKE => {
                let octets = packet.octets().to_vec();
                self.tell_isakmp(cx, Input::FromBelow(isakmp::Datagram::Message { local, peer, octets }));
            }
            NAT_T => self.nat_t_in(cx, local, peer, packet),
            _ => {
                let path = l2tp::Path { local, peer, link: 0 };
                if self.isakmp.is_some() {
                    self.events.push_back(Event::ClearL2tp { peer });
                } else {
                    self.l2tp_in(cx, path, packet);
                }
            }
        }
        self.settle(cx);
    }

    fn nat_t_in(&mut self, cx: &mut Cx<'_>, local: SocketAddr, peer: SocketAddr, packet: &mut Packet) {
        match nat_t::Datagram::decode(packet.octets()) {
            Ok(nat_t::Datagram::Ike(message)) => {
                let octets = message.to_vec();
                self.tell_isakmp(cx, Input::FromBelow(isakmp::Datagram::Message { local, peer, octets }));
            }
            Ok(nat_t::Datagram::Esp(_)) => {
                let ports = esp::Ports { local: local.port(), peer: peer.port() };
                let path = esp::Path { local: local.ip(), peer: peer.ip(), ports: Some(ports) };
                self.open(cx, path, packet);
            }
            Ok(nat_t::Datagram::Keepalive) | Err(_) => {}
        }
    }

    /// Takes an ESP packet, protocol 50 of IP. The packet may be changed.
    pub fn esp_in(&mut self, cx: &mut Cx<'_>, local: IpAddr, peer: IpAddr, packet: &mut Packet) {
        self.open(cx, esp::Path { local, peer, ports: None }, packet);
        self.settle(cx);
    }

    fn open(&mut self, cx: &mut Cx<'_>, path: esp::Path, packet: &mut Packet) {
        let Some(received) = self.esp.open(path, packet) else { return };
        self.hear(cx, received.link);
        let Some(ports) = udp_ports(packet.octets()).filter(|_| received.next_header == UDP) else { return };
        if packet.strip_front(UDP_HEADER).is_none() {
            return;
        }
        let (source, destination) = ports;
        let path = l2tp::Path {
            local: SocketAddr::new(path.local, destination),
            peer: SocketAddr::new(path.peer, source),
            link: received.link,
        };
        self.l2tp_in(cx, path, packet);
    }

    /// Tells IKE that the peer lives, now and then (DPD-3706-5.4-a).
    fn hear(&mut self, cx: &mut Cx<'_>, link: u32) {
        const OFTEN: core::time::Duration = core::time::Duration::from_secs(1);
        let is_due = self.heard.get(&link).is_none_or(|heard| cx.now.since(*heard) >= OFTEN);
        if let (true, Some(bond)) = (is_due, self.bonds.bond(link)) {
            self.heard.insert(link, cx.now);
            self.tell_isakmp(cx, Input::Command(isakmp::Command::PeerHeard { sa: bond.sa }));
        }
    }

    fn l2tp_in(&mut self, cx: &mut Cx<'_>, path: l2tp::Path, packet: &mut Packet) {
        if recognise(packet.octets()) != Recognised::Version2Data {
            let octets = packet.octets().to_vec();
            return self.l2tp.handle_input(cx, Input::FromBelow(l2tp::Datagram { path, octets }));
        }
        let link = match self.l2tp.data_from_below(cx.now, path, packet) {
            Ok(session) => link_of(session),
            Err(dropped) => return self.events.push_back(Event::DataDropped(dropped)),
        };
        let version = match self.ppp.data_from_below(link, packet) {
            Received::Ipv4 => 4,
            Received::Ipv6 => 6,
            Received::Control => {
                let octets = packet.octets().to_vec();
                return self.ppp.handle_input(cx, Input::FromBelow(ppp::Frame { link, octets }));
            }
            Received::Dropped(violation) => {
                let event = ppp::Event::Rejected { link, violation };
                return self.events.push_back(Event::Ppp(event));
            }
        };
        let user = self.lend(packet);
        self.outputs.push_back((Output::User { link, version }, user));
    }

    /// Takes a user's packet for a link. `None` if it may not travel.
    pub fn user_in(&mut self, cx: &mut Cx<'_>, link: LinkId, packet: &mut Packet) -> Option<()> {
        let protocol = match packet.octets().first()? >> 4 {
            4 => Protocol::Ipv4,
            6 => Protocol::Ipv6,
            _ => return None,
        };
        self.ppp.data_from_above(link, protocol, packet)?;
        let sent = self.frame_down(cx, link, packet);
        self.settle(cx);
        sent
    }

    /// Sends a frame of a link.
    fn frame_down(&mut self, cx: &mut Cx<'_>, link: LinkId, packet: &mut Packet) -> Option<()> {
        let path = self.l2tp.data_from_above(session_of(link), packet)?;
        self.datagram_down(cx, path, packet)
    }

    /// Sends an L2TP datagram, protected if its path is.
    fn datagram_down(&mut self, cx: &mut Cx<'_>, path: l2tp::Path, packet: &mut Packet) -> Option<()> {
        if path.link == 0 {
            let sent = self.lend(packet);
            self.outputs.push_back((Output::Udp { local: path.local, peer: path.peer }, sent));
            return Some(());
        }
        prepend_udp(path, packet)?;
        let outer = self.esp.seal(cx, path.link, UDP, packet)?;
        let output = match outer.ports {
            Some(ports) => Output::Udp {
                local: SocketAddr::new(outer.local, ports.local),
                peer: SocketAddr::new(outer.peer, ports.peer),
            },
            None => Output::Esp { local: outer.local, peer: outer.peer },
        };
        let sent = self.lend(packet);
        self.outputs.push_back((output, sent));
        Some(())
    }

    /// Takes the octets of a packet and leaves a spare one in its place, so that nothing is copied.
    fn lend(&mut self, packet: &mut Packet) -> Packet {
        core::mem::replace(packet, self.spare.pop().unwrap_or_default())
    }

    /// The moment that [`Stack::next_timeout`] named has come. Harmless if it has not.
    pub fn on_timeout(&mut self, cx: &mut Cx<'_>) {
        self.tell_isakmp(cx, Input::Timeout);
        self.l2tp.handle_input(cx, Input::Timeout);
        self.ppp.handle_input(cx, Input::Timeout);
        if self.restart.is_some_and(|restart| restart <= cx.now) {
            self.connect(cx);
        }
        self.settle(cx);
    }

    /// When to come back with [`Stack::on_timeout`] if nothing happens before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let isakmp = self.isakmp.as_ref().and_then(Layer::next_timeout);
        [isakmp, self.l2tp.next_timeout(), self.ppp.next_timeout(), self.restart].into_iter().flatten().min()
    }

    /// Yields the next output, its octets in `packet`, or `None` once there are no more.
    pub fn poll_output(&mut self, packet: &mut Packet) -> Option<Output> {
        let (output, octets) = self.outputs.pop_front()?;
        let old = core::mem::replace(packet, octets);
        self.spare.push(old);
        Some(output)
    }

    fn output(&mut self, output: Output) {
        let packet = self.spare.pop().unwrap_or_default();
        self.outputs.push_back((output, packet));
    }

    /// Lets everything that was said go down and everything that happened have its consequences, until all is quiet.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        for _ in 0..BOUND {
            self.drain(cx);
            let Some(event) = self.events.pop_front() else { return };
            self.bonds.note(&event);
            if let Event::Ppp(ppp::Event::IpcpUp { link, own, peer, dns, mtu }) = &event {
                let mtu = match self.config.interface_mtu {
                    Some(own) if self.config.keeps_mtu => own,
                    Some(own) => own.min(*mtu),
                    None => *mtu,
                };
                self.ups.insert(*link, Up { own: *own, peer: *peer, dns: *dns, mtu });
            }
            let wishes = decide(&event, &self.bonds, &self.config);
            self.output(Output::Event(event));
            for wish in wishes {
                self.grant(cx, wish);
            }
        }
    }

    /// Sends what the layers have to send, and collects what has happened in them.
    fn drain(&mut self, cx: &mut Cx<'_>) {
        while let Some(output) = self.isakmp.as_mut().and_then(Layer::poll_output) {
            match output {
                LayerOutput::ToBelow(datagram) => self.ike_down(datagram),
                LayerOutput::Event(event) => self.events.push_back(Event::Isakmp(event)),
                LayerOutput::ToAbove(never) => match never {},
            }
        }
        while let Some(event) = self.esp.poll_event() {
            self.events.push_back(Event::Esp(event));
        }
        while let Some(output) = self.ppp.poll_output() {
            match output {
                LayerOutput::ToBelow(ppp::Frame { link, mut octets }) => {
                    self.tap.descending(Seam::Ppp, &mut octets);
                    if !octets.is_empty() {
                        let mut packet = self.spare.pop().unwrap_or_default();
                        packet.set(&octets);
                        self.frame_down(cx, link, &mut packet);
                        self.spare.push(packet);
                    }
                }
                LayerOutput::Event(event) => self.events.push_back(Event::Ppp(event)),
                LayerOutput::ToAbove(never) => match never {},
            }
        }
        while let Some(output) = self.l2tp.poll_output() {
            match output {
                LayerOutput::ToBelow(l2tp::Datagram { path, mut octets }) => {
                    self.tap.descending(Seam::L2tp, &mut octets);
                    if !octets.is_empty() {
                        let mut packet = self.spare.pop().unwrap_or_default();
                        packet.set(&octets);
                        self.datagram_down(cx, path, &mut packet);
                        self.spare.push(packet);
                    }
                }
                LayerOutput::Event(event) => self.events.push_back(Event::L2tp(event)),
                LayerOutput::ToAbove(never) => match never {},
            }
        }
    }

    fn ike_down(&mut self, datagram: isakmp::Datagram) {
        let mut packet = self.spare.pop().unwrap_or_default();
        let (local, peer) = match datagram {
            isakmp::Datagram::Message { local, peer, mut octets } => {
                self.tap.descending(Seam::Isakmp, &mut octets);
                if octets.is_empty() {
                    return self.spare.push(packet);
                }
                packet.set(&octets);
                // NATT-3947-4-b
                if local.port() == NAT_T {
                    packet.prepend(&NON_ESP_MARKER);
                }
                (local, peer)
            }
            isakmp::Datagram::Keepalive { local, peer } => {
                packet.set(&KEEPALIVE);
                (local, peer)
            }
        };
        self.outputs.push_back((Output::Udp { local, peer }, packet));
    }

    fn grant(&mut self, cx: &mut Cx<'_>, wish: Wish) {
        if wish.needs() > self.reach {
            return self.held.push(wish);
        }
        match wish {
            Wish::L2tp(l2tp::Command::Open { path }) if self.reach == Reach::Tunnel => {
                self.l2tp.handle_input(cx, Input::Command(l2tp::Command::OpenTunnel { path }));
            }
            Wish::Isakmp(command) => self.tell_isakmp(cx, Input::Command(command)),
            Wish::L2tp(command) => self.l2tp.handle_input(cx, Input::Command(command)),
            Wish::Ppp(command) => self.ppp.handle_input(cx, Input::Command(command)),
            Wish::Install { link, child } => self.install(link, &child),
            Wish::Remove { inbound_spi } => self.remove(cx, inbound_spi),
            Wish::Move { link, path } => self.esp.move_path(link, path),
            Wish::LinkUp(link) => {
                if let Some(Up { own, peer, dns, mtu }) = self.ups.get(&link).copied() {
                    self.output(Output::LinkUp { link, own, peer, dns, mtu });
                }
            }
            Wish::LinkDown(link) => {
                if self.ups.remove(&link).is_some() {
                    self.output(Output::LinkDown { link });
                }
            }
            Wish::Part(tunnel) => self.bonds.part_tunnel(tunnel),
            Wish::Restart => {
                if let Role::Client { restart: Some(wait) } = self.config.role
                    && self.target.is_some()
                {
                    self.restart.get_or_insert(cx.now + wait);
                }
            }
        }
    }

    fn install(&mut self, link: u32, child: &isakmp::Child) {
        let sa = |keys: &isakmp::DirectionKeys| {
            let (encryption, integrity) = (child.encryption, child.integrity);
            esp::Sa::new(keys.spi, encryption, &keys.encryption_key, integrity, &keys.integrity_key).ok()
        };
        let (Some(inbound), Some(outbound)) = (sa(&child.inbound), sa(&child.outbound)) else { return };
        let ports =
            child.is_encapsulated.then(|| esp::Ports { local: child.local.port(), peer: child.peer.port() });
        self.esp.install(esp::Pair {
            link,
            path: esp::Path { local: child.local.ip(), peer: child.peer.ip(), ports },
            inbound,
            outbound,
            replay_window: self.config.replay_window,
            volume_octets: child
                .lifetime
                .kilobytes
                .map(|kilobytes| u64::from(kilobytes).saturating_mul(1024)),
        });
    }

    fn remove(&mut self, cx: &mut Cx<'_>, inbound_spi: u32) {
        self.esp.remove(inbound_spi);
        let Some(link) = self.bonds.part_spi(inbound_spi) else { return };
        self.heard.remove(&link);
        let tunnels: Vec<l2tp::TunnelId> = self.bonds.tunnels_of(link).collect();
        for tunnel in tunnels {
            let reason = l2tp::Reason::plain(1);
            self.l2tp.handle_input(cx, Input::Command(l2tp::Command::CloseTunnel { tunnel, reason }));
        }
    }
}

/// The ports of a UDP segment, source and destination.
fn udp_ports(segment: &[u8]) -> Option<(u16, u16)> {
    let [a, b, c, d, ..] = segment else { return None };
    Some((u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])))
}

/// Puts a UDP header before an L2TP datagram, with its checksum over our addresses (L2TP-2661-8.1-b). Behind a translator
/// the peer cannot verify it, and does not (RFC 3948 section 3.1.2).
fn prepend_udp(path: l2tp::Path, packet: &mut Packet) -> Option<()> {
    let length = u16::try_from(packet.len().checked_add(UDP_HEADER)?).ok()?;
    let mut header = [0; UDP_HEADER];
    let fields = [path.local.port(), path.peer.port(), length];
    for (place, field) in header.chunks_exact_mut(2).zip(fields) {
        place.copy_from_slice(&field.to_be_bytes());
    }
    let checksum = checksum(path.local.ip(), path.peer.ip(), &header, packet.octets());
    if let Some(place) = header.get_mut(6..) {
        place.copy_from_slice(&checksum.to_be_bytes());
    }
    packet.prepend(&header);
    Some(())
}
