//! What can live on a host besides its users: stations, which hold tunnels, and services, which answer UDP.

use std::any::Any;
use std::net::{Ipv4Addr, SocketAddrV4};

use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::interface::InterfaceId;
use super::ip;
use super::route::Route;
use super::user::Heard;

/// Names a tunnel among those of one station; the station gives the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelId(pub u32);

/// Names a station among those of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(pub(crate) usize);

/// What a station has to know to claim a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// For which address of the host it is.
    pub destination: Ipv4Addr,
    /// IPv4's Protocol.
    pub protocol: u8,
    /// The ports, source and destination, of a UDP datagram.
    pub ports: Option<(u16, u16)>,
}

impl Claim {
    /// What the answer to a datagram would be, if the datagram begins so.
    pub(crate) fn of_answer(original: &[u8]) -> Option<Self> {
        let (header, segment) = etherparse::Ipv4Header::from_slice(original).ok()?;
        let ports = if header.protocol.0 == ip::UDP { ip::ports(segment) } else { None };
        Some(Self {
            source: Ipv4Addr::from(header.destination),
            destination: Ipv4Addr::from(header.source),
            protocol: header.protocol.0,
            ports: ports.map(|(source, destination)| (destination, source)),
        })
    }
}

/// What a station gives; the packet lent to [`Station::poll_output`] holds the octets that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StationOutput {
    /// The packet is an IPv4 datagram to send.
    Datagram,
    /// The packet is a user's IPv4 datagram that came out of a tunnel.
    UserPacket {
        /// Out of which.
        tunnel: TunnelId,
    },
    /// A tunnel is up: the host gets an interface for it. Said again, it changes address, peer or MTU.
    TunnelUp {
        /// Which.
        tunnel: TunnelId,
        /// The address of this end.
        address: Ipv4Addr,
        /// The address of the other end, to which the host gets a route.
        peer: Ipv4Addr,
        /// The longest datagram that goes through, in octets.
        mtu: u16,
    },
    /// A tunnel is down: its interface and the routes through it go.
    TunnelDown {
        /// Which.
        tunnel: TunnelId,
    },
}

/// An endpoint that turns datagrams of the network into users' packets and back.
///
/// After each call but `claims` and `next_timeout` the host polls outputs until there are none.
pub trait Station: Any {
    /// Whether a datagram addressed to the host is for this station.
    fn claims(&self, claim: &Claim) -> bool;

    /// Takes a datagram that it claims: a whole IPv4 datagram. The buffer may be changed or swapped for another.
    fn on_datagram(&mut self, cx: &mut Cx<'_>, packet: &mut Packet);

    /// Takes a user's IPv4 datagram that is routed to a tunnel. The buffer may be changed or swapped for another.
    fn on_user_packet(&mut self, cx: &mut Cx<'_>, tunnel: TunnelId, packet: &mut Packet);

    /// Hears of an error about a datagram that it sent: from the network, or from its own host, which has no route
    /// or would have to cut what may not be cut. `original` is the beginning of that datagram.
    fn on_error(&mut self, _cx: &mut Cx<'_>, _heard: &Heard, _original: &[u8]) {}

    /// The moment that [`Station::next_timeout`] named has come. Harmless if it has not.
    fn on_timeout(&mut self, cx: &mut Cx<'_>);

    /// Yields the next output, its octets in `packet`, or `None` once there are no more.
    fn poll_output(&mut self, packet: &mut Packet) -> Option<StationOutput>;

    /// When to come back with [`Station::on_timeout`] if nothing happens before.
    fn next_timeout(&self) -> Option<Instant>;
}

/// A tunnel interface of a host, as a routing protocol sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelInterface {
    /// The interface.
    pub interface: InterfaceId,
    /// The host's own address.
    pub address: Ipv4Addr,
    /// The other end's.
    pub peer: Ipv4Addr,
    /// The longest datagram that goes through, in octets.
    pub mtu: u16,
}

/// What a routing protocol gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutingOutput {
    /// A packet for the other end of an interface.
    Packet {
        /// By which interface.
        interface: InterfaceId,
        /// From which address.
        source: Ipv4Addr,
        /// To which.
        destination: Ipv4Addr,
        /// What stands behind the IPv4 header.
        octets: Vec<u8>,
    },
    /// All the ways that it knows now.
    Routes(Vec<Route>),
}

/// A routing protocol of a host, over its tunnel interfaces. What it learns comes after what the host knows otherwise.
pub trait Routing: Any {
    /// IPv4's Protocol.
    fn protocol(&self) -> u8;

    /// A tunnel interface is there, or is another one now.
    fn on_up(&mut self, cx: &mut Cx<'_>, tunnel: TunnelInterface);

    /// A tunnel interface is there no more.
    fn on_down(&mut self, cx: &mut Cx<'_>, interface: InterfaceId);

    /// Takes what stands behind the IPv4 header of a packet.
    fn on_packet(
        &mut self,
        cx: &mut Cx<'_>,
        interface: InterfaceId,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        octets: &[u8],
    );

    /// The moment that [`Routing::next_timeout`] named has come. Harmless if it has not.
    fn on_timeout(&mut self, cx: &mut Cx<'_>);

    /// Yields the next output, or `None` once there are no more.
    fn poll_output(&mut self) -> Option<RoutingOutput>;

    /// When to come back with [`Routing::on_timeout`] if nothing happens before.
    fn next_timeout(&self) -> Option<Instant>;
}

/// A UDP datagram that a service sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// From which address and port of the host.
    pub source: SocketAddrV4,
    /// To whom.
    pub destination: SocketAddrV4,
    /// Its payload.
    pub octets: Vec<u8>,
}

/// Something that answers on a UDP port, such as a DNS server.
pub trait Service: Any {
    /// Whether it also takes what comes to a port that it has sent from.
    fn takes(&self, _port: u16) -> bool {
        false
    }

    /// Takes the payload of a datagram.
    fn on_datagram(
        &mut self,
        cx: &mut Cx<'_>,
        source: SocketAddrV4,
        destination: SocketAddrV4,
        octets: &[u8],
    );

    /// The moment that [`Service::next_timeout`] named has come. Harmless if it has not.
    fn on_timeout(&mut self, _cx: &mut Cx<'_>) {}

    /// Yields the next datagram to send, or `None` once there are no more.
    fn poll_output(&mut self) -> Option<Reply>;

    /// When to come back with [`Service::on_timeout`] if nothing happens before.
    fn next_timeout(&self) -> Option<Instant> {
        None
    }
}
