//! What the users of a host do: ping, talk over UDP, and transfer octets over TCP.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use l2tpspec_protocol::time::Instant;

use super::icmp::Problem;
use super::ip;
use super::tcp::Connection;

/// Where ephemeral ports begin (RFC 6335 section 6).
const FIRST_EPHEMERAL: u16 = 49_152;

/// A series of echoes to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// To whom.
    pub destination: Ipv4Addr,
    /// From which address; if none is named, that of the interface it leaves by.
    pub source: Option<Ipv4Addr>,
    /// How many.
    pub count: u16,
    /// How long after one the next is sent.
    pub interval: Duration,
    /// Octets of data in each.
    pub data_octets: usize,
    /// Time to Live.
    pub time_to_live: u8,
    /// Don't Fragment.
    pub dont_fragment: bool,
}

impl Ping {
    /// Three echoes of 56 octets of data, a second apart.
    #[must_use]
    pub const fn new(destination: Ipv4Addr) -> Self {
        Self {
            destination,
            source: None,
            count: 3,
            interval: Duration::from_secs(1),
            data_octets: 56,
            time_to_live: 64,
            dont_fragment: false,
        }
    }
}

/// Names a series of echoes of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PingId(pub(crate) u16);

/// A reply to an echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EchoReply {
    /// To the echo of this number, counted from zero.
    pub sequence: u16,
    /// After how long.
    pub round_trip: Duration,
    /// The Time to Live that was left.
    pub time_to_live: u8,
    /// Who replied.
    pub from: Ipv4Addr,
}

/// An error that was heard about something that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// When.
    pub at: Instant,
    /// Who reports it.
    pub from: Ipv4Addr,
    /// Which.
    pub problem: Problem,
}

/// What has become of a series of echoes so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PingReport {
    /// How many were sent.
    pub sent: u16,
    /// The replies, in the order in which they came. A repetition is one too.
    pub replies: Vec<EchoReply>,
    /// The errors.
    pub errors: Vec<Heard>,
}

impl PingReport {
    /// How many have had no reply.
    #[must_use]
    pub fn lost(&self) -> u16 {
        let mut sequences: Vec<_> = self.replies.iter().map(|reply| reply.sequence).collect();
        sequences.sort_unstable();
        sequences.dedup();
        self.sent - u16::try_from(sequences.len()).unwrap_or(self.sent)
    }
}

#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) ping: Ping,
    pub(crate) report: PingReport,
    sent_at: Vec<Instant>,
    next: Option<Instant>,
}

/// Names a UDP socket of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub(crate) u16);

impl SocketId {
    /// The port that the socket has.
    #[must_use]
    pub const fn port(self) -> u16 {
        self.0
    }
}

/// A datagram that a socket received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// From whom.
    pub from: SocketAddrV4,
    /// At which address.
    pub to: Ipv4Addr,
    /// The Time to Live that was left.
    pub time_to_live: u8,
    /// Its payload.
    pub octets: Vec<u8>,
}

#[derive(Debug, Default)]
pub(crate) struct Socket {
    pub(crate) received: VecDeque<Received>,
    pub(crate) errors: VecDeque<Heard>,
}

/// What the users of one host have open.
#[derive(Debug, Default)]
pub(crate) struct User {
    pub(crate) pings: BTreeMap<u16, Series>,
    /// By port.
    pub(crate) sockets: BTreeMap<u16, Socket>,
    /// By port of this host.
    pub(crate) connections: BTreeMap<u16, Connection>,
    next_ping: u16,
    next_port: u16,
}

/// An echo that is due.
#[derive(Debug)]
pub(crate) struct DueEcho {
    pub(crate) ping: Ping,
    pub(crate) identifier: u16,
    pub(crate) sequence: u16,
}

impl User {
    /// Starts a series of echoes.
    pub(crate) fn ping(&mut self, now: Instant, ping: Ping) -> PingId {
        self.next_ping = self.next_ping.wrapping_add(1);
        let next = (ping.count > 0).then_some(now);
        let series = Series { ping, report: PingReport::default(), sent_at: Vec::new(), next };
        self.pings.insert(self.next_ping, series);
        PingId(self.next_ping)
    }

    /// An ephemeral port that is free in UDP and TCP, if there is one.
    pub(crate) fn free_port(&mut self) -> Option<u16> {
        (FIRST_EPHEMERAL..=u16::MAX).find_map(|_| {
            self.next_port = self.next_port.checked_add(1).unwrap_or_default().max(FIRST_EPHEMERAL);
            let port = self.next_port;
            let is_free = !self.sockets.contains_key(&port) && !self.connections.contains_key(&port);
            is_free.then_some(port)
        })
    }

    /// The next echo whose moment has come.
    pub(crate) fn due_echo(&mut self, now: Instant) -> Option<DueEcho> {
        let (&identifier, series) =
            self.pings.iter_mut().find(|(_, series)| series.next.is_some_and(|next| next <= now))?;
        let sequence = series.report.sent;
        series.report.sent += 1;
        series.sent_at.push(now);
        let is_more = series.report.sent < series.ping.count;
        series.next = is_more.then(|| now + series.ping.interval);
        Some(DueEcho { ping: series.ping.clone(), identifier, sequence })
    }

    /// Takes a reply to an echo.
    pub(crate) fn on_echo_reply(
        &mut self,
        now: Instant,
        identifier: u16,
        sequence: u16,
        from: Ipv4Addr,
        ttl: u8,
    ) {
        let Some(series) = self.pings.get_mut(&identifier) else { return };
        let Some(sent_at) = series.sent_at.get(usize::from(sequence)) else { return };
        let round_trip = now.since(*sent_at);
        series.report.replies.push(EchoReply { sequence, round_trip, time_to_live: ttl, from });
    }

    /// Takes an error about something that a user sent.
    pub(crate) fn on_error(&mut self, heard: Heard, original: &[u8]) {
        let Ok((header, segment)) = etherparse::Ipv4Header::from_slice(original) else { return };
        match (header.protocol.0, segment) {
            (ip::ICMP, [8, _, _, _, high, low, ..]) => {
                if let Some(series) = self.pings.get_mut(&u16::from_be_bytes([*high, *low])) {
                    series.report.errors.push(heard);
                }
            }
            (ip::UDP, [high, low, ..]) => {
                if let Some(socket) = self.sockets.get_mut(&u16::from_be_bytes([*high, *low])) {
                    socket.errors.push_back(heard);
                }
            }
            (ip::TCP, [high, low, ..]) => {
                if let Some(connection) = self.connections.get_mut(&u16::from_be_bytes([*high, *low])) {
                    connection.on_error(heard);
                }
            }
            _ => {}
        }
    }

    /// When a user next does something by itself.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let echo = self.pings.values().filter_map(|series| series.next).min();
        let segment = self.connections.values().filter_map(Connection::next_timeout).min();
        [echo, segment].into_iter().flatten().min()
    }
}
