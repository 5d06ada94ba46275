//! TCP for users: one connection that sends octets, checks those it receives, and closes. The protocol is smoltcp's;
//! here are its device, the pattern of the octets, and path MTU discovery (RFC 1191), which smoltcp leaves to others.

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use l2tpspec_protocol::time::Instant;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration as Wait, Instant as Moment};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpListenEndpoint};

use super::HostId;
use super::icmp::Problem;
use super::user::Heard;

/// Octets of each buffer of a connection.
const BUFFER: usize = 65_535;
/// How long without a sign of the other end before a connection is given up.
const TIME_OUT: Wait = Wait::from_secs(300);
/// The least MTU that an error is believed about (RFC 791 section 3.2).
const LEAST_MTU: u16 = 68;

/// Names a connection of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(crate) u16);

/// What a connection is to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Octets to send.
    pub send: u64,
    /// Octets that are expected.
    pub receive: u64,
}

/// The two ends of a transfer over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// The host that opened it, and its connection.
    pub client: (HostId, ConnectionId),
    /// The host that waited, and its connection.
    pub server: (HostId, ConnectionId),
}

/// What has become of a connection so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransferReport {
    /// Octets handed to TCP.
    pub sent: u64,
    /// Octets received.
    pub received: u64,
    /// The position of the first received octet that is not what was sent.
    pub first_wrong: Option<u64>,
    /// When all that is expected had come and all that was sent was acknowledged.
    pub finished_at: Option<Instant>,
    /// Whether the connection ended before that.
    pub is_broken: bool,
    /// The errors that were heard.
    pub errors: Vec<Heard>,
}

/// The octet at a position of what is sent.
fn pattern(position: u64) -> u8 {
    let [low, middle, high, ..] = position.to_le_bytes();
    low.wrapping_mul(31) ^ middle.wrapping_mul(17) ^ high
}

/// The packets of a connection on their way between smoltcp and the host.
#[derive(Debug)]
struct Wire {
    arrived: VecDeque<Vec<u8>>,
    to_send: VecDeque<Vec<u8>>,
    mtu: u16,
}

struct Arrived(Vec<u8>);

struct ToSend<'a>(&'a mut VecDeque<Vec<u8>>);

impl smoltcp::phy::RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl smoltcp::phy::TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut octets = vec![0; length];
        let result = write(&mut octets);
        self.0.push_back(octets);
        result
    }
}

impl Device for Wire {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = ToSend<'a>;

    fn receive(&mut self, _now: Moment) -> Option<(Arrived, ToSend<'_>)> {
        let octets = self.arrived.pop_front()?;
        Some((Arrived(octets), ToSend(&mut self.to_send)))
    }

    fn transmit(&mut self, _now: Moment) -> Option<ToSend<'_>> {
        Some(ToSend(&mut self.to_send))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(self.mtu);
        capabilities
    }
}

/// One connection.
pub(crate) struct Connection {
    interface: Interface,
    wire: Wire,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    local: Ipv4Addr,
    seed: u64,
    load: Load,
    was_open: bool,
    next: Option<Instant>,
    pub(crate) report: TransferReport,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("local", &self.local)
            .field("load", &self.load)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

fn moment(now: Instant) -> Moment {
    Moment::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}

fn interface(wire: &mut Wire, local: Ipv4Addr, seed: u64, now: Instant) -> Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = seed;
    let mut interface = Interface::new(config, wire, moment(now));
    // The lists have room for one address and one route; the host routes in earnest.
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(local), 32));
    });
    let _ = interface.routes_mut().add_default_ipv4_route(local);
    interface
}

impl Connection {
    /// A connection that waits for the other end at a port, or opens itself to `remote`.
    pub(crate) fn new(
        now: Instant,
        local: SocketAddrV4,
        remote: Option<SocketAddrV4>,
        load: Load,
        mtu: u16,
        seed: u64,
    ) -> Option<Self> {
        let mut wire = Wire { arrived: VecDeque::new(), to_send: VecDeque::new(), mtu };
        let mut interface = interface(&mut wire, *local.ip(), seed, now);
        let mut socket = Socket::new(SocketBuffer::new(vec![0; BUFFER]), SocketBuffer::new(vec![0; BUFFER]));
        socket.set_timeout(Some(TIME_OUT));
        let local_end = IpListenEndpoint { addr: Some(IpAddress::Ipv4(*local.ip())), port: local.port() };
        match remote {
            Some(remote) => {
                let remote = (IpAddress::Ipv4(*remote.ip()), remote.port());
                socket.connect(interface.context(), remote, local_end).ok()?;
            }
            None => socket.listen(local_end).ok()?,
        }
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        let report = TransferReport::default();
        Some(Self {
            interface,
            wire,
            sockets,
            handle,
            local: *local.ip(),
            seed,
            load,
            was_open: false,
            next: Some(now),
            report,
        })
    }

    /// Takes a datagram of the connection.
    pub(crate) fn on_datagram(&mut self, now: Instant, octets: &[u8]) {
        self.wire.arrived.push_back(octets.to_vec());
        self.next = Some(now);
    }

    /// Takes an error about a datagram of the connection. A path MTU is heeded; the rest is only noted, as
    /// RFC 1122 section 4.2.3.9 wants of errors that may pass.
    pub(crate) fn on_error(&mut self, heard: Heard) {
        if let Problem::FragmentationNeeded { mtu } = heard.problem
            && (LEAST_MTU..self.wire.mtu).contains(&mtu)
        {
            self.wire.mtu = mtu;
            // smoltcp asks a device for its MTU only once.
            self.interface = interface(&mut self.wire, self.local, self.seed, heard.at);
            self.next = Some(heard.at);
        }
        self.report.errors.push(heard);
    }

    /// When the connection does something by itself.
    pub(crate) const fn next_timeout(&self) -> Option<Instant> {
        self.next
    }

    /// The next datagram to send.
    pub(crate) fn poll_output(&mut self) -> Option<Vec<u8>> {
        self.wire.to_send.pop_front()
    }

    /// Does what is due.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        loop {
            self.interface.poll(moment(now), &mut self.wire, &mut self.sockets);
            if !self.exchange(now) && self.wire.arrived.is_empty() {
                break;
            }
        }
        self.interface.poll(moment(now), &mut self.wire, &mut self.sockets);
        let next = self.interface.poll_at(moment(now), &self.sockets);
        // What is due at once was just done; a microsecond later time has moved on.
        self.next = next.map(|next| {
            let micros = u64::try_from(next.total_micros()).unwrap_or_default();
            Instant::from_micros(micros.max(now.as_micros().saturating_add(1)))
        });
    }

    /// Moves octets between the user and TCP. Whether any moved.
    fn exchange(&mut self, now: Instant) -> bool {
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        let report = &mut self.report;
        let before = (report.sent, report.received);
        while socket.can_recv() {
            let taken = socket.recv(|octets| {
                for (position, octet) in (report.received..).zip(octets.iter()) {
                    if *octet != pattern(position) {
                        report.first_wrong.get_or_insert(position);
                    }
                }
                report.received += u64::try_from(octets.len()).unwrap_or_default();
                (octets.len(), octets.len())
            });
            if taken.unwrap_or_default() == 0 {
                break;
            }
        }
        while socket.can_send() && report.sent < self.load.send {
            let left = usize::try_from(self.load.send - report.sent).unwrap_or(usize::MAX);
            let written = socket.send(|room| {
                let count = room.len().min(left);
                for (position, octet) in (report.sent..).zip(&mut room[..count]) {
                    *octet = pattern(position);
                }
                (count, count)
            });
            match written {
                Ok(count) if count > 0 => report.sent += u64::try_from(count).unwrap_or_default(),
                _ => break,
            }
        }
        let has_all = report.received >= self.load.receive;
        let is_said = report.sent == self.load.send;
        let is_opening = matches!(socket.state(), State::Listen | State::SynSent | State::SynReceived);
        let is_closed = socket.state() == State::Closed;
        self.was_open |= !is_opening && !is_closed;
        if report.finished_at.is_none() {
            if self.was_open && is_said && has_all && socket.send_queue() == 0 {
                report.finished_at = Some(now);
            } else if is_closed {
                report.is_broken = true;
            }
        }
        if !is_opening && is_said && has_all && socket.may_send() {
            socket.close();
        }
        before != (report.sent, report.received)
    }
}
