//! The reference as a station: an L2TP/IPsec endpoint that lives on a host of the world.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::ppp::LinkId;
use l2tpspec_protocol::stack::{Command, Config, Event, NoTap, Output, Stack, Tap};
use l2tpspec_protocol::time::Instant;

use crate::world::ip::{self, Fields};
use crate::world::station::{Claim, Station, StationOutput, TunnelId};

/// ESP as a protocol of IP.
const ESP: u8 = 50;

/// An endpoint and what has happened in it.
#[derive(Debug)]
pub struct Endpoint<T = NoTap> {
    stack: Stack<T>,
    next_identification: u16,
    /// Tunnels that a restart has ended.
    lost: Vec<LinkId>,
    /// What has happened, and when.
    pub events: Vec<(Instant, Event)>,
    now: Instant,
}

impl Endpoint {
    /// An endpoint without connections.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_tap(config, NoTap)
    }
}

impl<T: Tap> Endpoint<T> {
    /// An endpoint with somebody at the seams of its layers.
    #[must_use]
    pub fn with_tap(config: Config, tap: T) -> Self {
        let stack = Stack::with_tap(config, tap);
        Self { stack, next_identification: 0, lost: Vec::new(), events: Vec::new(), now: Instant::START }
    }

    /// Loses all that it knows, as a host that starts anew, and says nothing to anybody.
    pub fn restart(&mut self, config: Config, tap: T) {
        self.lost.extend(self.stack.links());
        self.stack = Stack::with_tap(config, tap);
    }

    /// The layers, to be looked at.
    #[must_use]
    pub const fn stack(&self) -> &Stack<T> {
        &self.stack
    }

    /// Does what is wanted.
    pub fn command(&mut self, cx: &mut Cx<'_>, command: Command) {
        self.now = cx.now;
        self.stack.command(cx, command);
    }

    /// Puts an IPv4 header before what is to be sent. Whether it is IPv4 and short enough.
    fn wrap(&mut self, packet: &mut Packet, source: IpAddr, destination: IpAddr, protocol: u8) -> bool {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) else { return false };
        self.next_identification = self.next_identification.wrapping_add(1);
        let identification = self.next_identification;
        // ESP-4303-3.3.4-a: the path may cut what is protected.
        let dont_fragment = false;
        ip::wrap(
            packet,
            &Fields { source, destination, protocol, identification, time_to_live: 64, dont_fragment },
        )
    }

    fn wrap_udp(&mut self, packet: &mut Packet, local: SocketAddr, peer: SocketAddr) -> bool {
        let (SocketAddr::V4(from), SocketAddr::V4(to)) = (local, peer) else { return false };
        ip::wrap_udp(packet, from, to) && self.wrap(packet, local.ip(), peer.ip(), ip::UDP)
    }
}

impl<T: Tap + 'static> Station for Endpoint<T> {
    fn claims(&self, claim: &Claim) -> bool {
        match claim.ports {
            Some((_, destination)) => {
                matches!(destination, 500 | 4500) || destination == self.stack.l2tp_port()
            }
            None => claim.protocol == ESP,
        }
    }

    fn on_datagram(&mut self, cx: &mut Cx<'_>, packet: &mut Packet) {
        self.now = cx.now;
        let Some(header) = ip::header(packet) else { return };
        let (source, destination) = (Ipv4Addr::from(header.source), Ipv4Addr::from(header.destination));
        let start = header.header_len();
        if header.protocol.0 == ESP {
            if packet.strip_front(start).is_some() {
                self.stack.esp_in(cx, destination.into(), source.into(), packet);
            }
            return;
        }
        let Some((udp, payload)) = ip::open_udp(&header, ip::payload(&header, packet.octets())) else {
            return;
        };
        let part = start + 8..start + 8 + payload.len();
        let local = SocketAddrV4::new(destination, udp.destination_port);
        let peer = SocketAddrV4::new(source, udp.source_port);
        if packet.narrow(part).is_some() {
            self.stack.udp_in(cx, local.into(), peer.into(), packet);
        }
    }

    fn on_user_packet(&mut self, cx: &mut Cx<'_>, tunnel: TunnelId, packet: &mut Packet) {
        self.now = cx.now;
        // A link that is going down takes no more; the packet is lost like any other.
        let _sent = self.stack.user_in(cx, LinkId(tunnel.0), packet);
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>) {
        self.now = cx.now;
        self.stack.on_timeout(cx);
    }

    fn poll_output(&mut self, packet: &mut Packet) -> Option<StationOutput> {
        if let Some(link) = self.lost.pop() {
            return Some(StationOutput::TunnelDown { tunnel: TunnelId(link.0) });
        }
        loop {
            match self.stack.poll_output(packet)? {
                Output::Udp { local, peer } => {
                    if self.wrap_udp(packet, local, peer) {
                        return Some(StationOutput::Datagram);
                    }
                }
                Output::Esp { local, peer } => {
                    if self.wrap(packet, local, peer, ESP) {
                        return Some(StationOutput::Datagram);
                    }
                }
                Output::User { link, version: 4 } => {
                    return Some(StationOutput::UserPacket { tunnel: TunnelId(link.0) });
                }
                // The world speaks IPv4 only.
                Output::User { .. } => {}
                Output::LinkUp { link, own, peer, mtu, .. } => {
                    return Some(StationOutput::TunnelUp {
                        tunnel: TunnelId(link.0),
                        address: own,
                        peer,
                        mtu,
                    });
                }
                Output::LinkDown { link } => {
                    return Some(StationOutput::TunnelDown { tunnel: TunnelId(link.0) });
                }
                Output::Event(event) => self.events.push((self.now, event)),
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.stack.next_timeout()
    }
}
