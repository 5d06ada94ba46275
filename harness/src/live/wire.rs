//! The outside: UDP sockets for IKE, encapsulated ESP and L2TP, and a raw one for ESP as a protocol of IP.
//!
//! All are bound to one address, so that what is sent comes from where the peer expects it, and none blocks. Datagrams that
//! are longer than the path takes are cut by the system, which learns the path's MTU (RFC 1191) and sends with Don't Fragment
//! only what fits.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd as _, OwnedFd};
use std::sync::Arc;

use l2tpspec_protocol::packet::Packet;
use pnet_packet::Packet as _;
use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_sys::FileDesc;
use pnet_transport::{TransportChannelType, TransportReceiver, ipv4_packet_iter};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::error::{Capability, Obstacle};
use crate::world::ip;

const IKE: u16 = 500;
const NAT_T: u16 = 4500;
/// No datagram is longer, in octets.
const LONGEST: usize = 65_535;
/// What a socket may hold back while the loop is busy, in octets: some milliseconds of a fast network.
const HELD: usize = 4 << 20;

/// Which socket has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// One of the UDP sockets, by its place.
    Udp(usize),
    /// The raw one.
    Esp,
}

/// Where a datagram came from and went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Of UDP; the packet is its payload.
    Udp { local: SocketAddrV4, peer: SocketAddrV4 },
    /// Of ESP; the packet begins with the SPI.
    Esp { local: Ipv4Addr, peer: Ipv4Addr },
}

/// Protocol 50 of IP.
struct Esp {
    socket: AsyncFd<Socket>,
    /// Receives from another descriptor of the same socket.
    receiver: TransportReceiver,
}

/// The sockets.
pub(super) struct Wire {
    /// Each with the address that it is bound to.
    udp: Vec<(SocketAddrV4, AsyncFd<UdpSocket>)>,
    esp: Option<Esp>,
    buffer: Box<[u8]>,
    /// Datagrams that the system did not take.
    pub(super) unsent: u64,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("udp", &self.udp).field("unsent", &self.unsent).finish_non_exhaustive()
    }
}

impl Wire {
    /// Opens the sockets at an address. Without IPsec there is but that of L2TP, whose port the system chooses if it is 0.
    ///
    /// # Errors
    /// All that keeps one of them from being opened.
    pub(super) fn open(local: Ipv4Addr, l2tp_port: u16, has_ipsec: bool) -> Result<Self, Vec<Obstacle>> {
        let (mut udp, mut obstacles) = (Vec::new(), Vec::new());
        let ports: &[u16] = if has_ipsec { &[IKE, NAT_T, l2tp_port] } else { &[l2tp_port] };
        for port in ports {
            match bound(SocketAddrV4::new(local, *port)) {
                Ok(socket) => udp.push(socket),
                Err(obstacle) => obstacles.push(obstacle),
            }
        }
        let esp = has_ipsec.then(|| Esp::open(local)).transpose();
        match esp.map_err(|source| match source.kind() {
            ErrorKind::AddrNotAvailable => Obstacle::NotOurs(local),
            _ => Obstacle::of(Capability::NetRaw, "ESP, protocol 50 of IP,", source),
        }) {
            Ok(esp) if obstacles.is_empty() => {
                Ok(Self { udp, esp, buffer: vec![0; LONGEST].into_boxed_slice(), unsent: 0 })
            }
            Ok(_) => Err(obstacles),
            Err(obstacle) => {
                obstacles.push(obstacle);
                Err(obstacles)
            }
        }
    }

    /// The port of L2TP, as the system chose it.
    pub(super) fn l2tp_port(&self) -> u16 {
        self.udp.last().map_or(0, |(address, _)| address.port())
    }

    /// Waits until a socket has something.
    ///
    /// # Errors
    /// If the runtime cannot wait for it.
    pub(super) async fn ready(&self) -> io::Result<Source> {
        let udp = |at: usize| async move {
            match self.udp.get(at) {
                Some((_, socket)) => {
                    socket.readable().await?.retain_ready();
                    Ok(Source::Udp(at))
                }
                None => std::future::pending().await,
            }
        };
        let esp = async {
            match &self.esp {
                Some(esp) => {
                    esp.socket.readable().await?.retain_ready();
                    Ok(Source::Esp)
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            source = udp(0) => source,
            source = udp(1) => source,
            source = udp(2) => source,
            source = esp => source,
        }
    }

    /// Takes what a socket has. `None` if that is nothing any more.
    pub(super) fn receive(&mut self, source: Source, packet: &mut Packet) -> Option<Arrival> {
        match source {
            Source::Udp(at) => {
                let (local, socket) = self.udp.get(at)?;
                let buffer = &mut self.buffer;
                let received = socket.try_io(Interest::READABLE, |socket| socket.recv_from(buffer));
                let (length, peer) = received.ok()?;
                let SocketAddr::V4(peer) = peer else { return None };
                packet.set(self.buffer.get(..length)?);
                Some(Arrival::Udp { local: *local, peer })
            }
            Source::Esp => self.esp.as_mut()?.receive(packet),
        }
    }

    /// Sends a UDP payload from one of our ports.
    pub(super) fn send_udp(&mut self, port: u16, peer: SocketAddr, payload: &[u8]) {
        let socket = self.udp.iter().find(|(address, _)| address.port() == port);
        let sent = socket.map(|(_, socket)| socket.get_ref().send_to(payload, peer));
        self.count(sent.as_ref());
    }

    /// Sends an ESP packet; the system puts the IP header before it.
    pub(super) fn send_esp(&mut self, peer: IpAddr, payload: &[u8]) {
        let peer = socket2::SockAddr::from(SocketAddr::new(peer, 0));
        let sent = self.esp.as_ref().map(|esp| esp.socket.get_ref().send_to(payload, &peer));
        self.count(sent.as_ref());
    }

    /// A datagram that the system does not take is lost like any other.
    fn count(&mut self, sent: Option<&io::Result<usize>>) {
        self.unsent += u64::from(!matches!(sent, Some(Ok(_))));
    }
}

/// A UDP socket at an address.
fn bound(address: SocketAddrV4) -> Result<(SocketAddrV4, AsyncFd<UdpSocket>), Obstacle> {
    let open = || {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        hold(&socket);
        socket.bind(&SocketAddr::V4(address).into())?;
        let socket = UdpSocket::from(socket);
        match socket.local_addr()? {
            SocketAddr::V4(address) => Ok((address, watched(socket)?)),
            SocketAddr::V6(_) => Err(io::Error::from(ErrorKind::AddrNotAvailable)),
        }
    };
    open().map_err(|source| Obstacle::of_port(address, source))
}

/// A socket that the runtime watches.
#[expect(
    deprecated,
    reason = "unsound for what changes its descriptor or does not own it, and what replaces it is an unsafe function;               a socket owns one descriptor for its life"
)]
fn watched<T: AsRawFd + Into<OwnedFd>>(socket: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::new(socket)
}

/// Lets a socket hold much back; who may not go beyond the system's limit stays at it.
fn hold(socket: &impl AsFd) {
    use rustix::net::sockopt;
    if sockopt::set_socket_recv_buffer_size_force(socket, HELD).is_err() {
        let _limited = sockopt::set_socket_recv_buffer_size(socket, HELD);
    }
}

impl Esp {
    fn open(local: Ipv4Addr) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(i32::from(ip::ESP))))?;
        socket.set_nonblocking(true)?;
        hold(&socket);
        socket.bind(&SocketAddr::new(local.into(), 0).into())?;
        let receiver = TransportReceiver {
            socket: Arc::new(FileDesc { fd: socket.try_clone()?.into_raw_fd() }),
            buffer: vec![0; LONGEST],
            // With the IP header, which alone tells our own address.
            channel_type: TransportChannelType::Layer3(IpNextHeaderProtocols::Esp),
        };
        Ok(Self { socket: watched(socket)?, receiver })
    }

    fn receive(&mut self, packet: &mut Packet) -> Option<Arrival> {
        let Self { socket, receiver } = self;
        let received = socket.try_io(Interest::READABLE, |_| {
            let mut packets = ipv4_packet_iter(receiver);
            let (datagram, _) = packets.next()?;
            let start = usize::from(datagram.get_header_length()) * 4;
            packet.set(datagram.packet().get(start..).unwrap_or_default());
            Ok(Arrival::Esp { local: datagram.get_destination(), peer: datagram.get_source() })
        });
        received.ok()
    }
}
