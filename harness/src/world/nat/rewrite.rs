//! Where addresses and ports stand in a datagram, and how one is replaced with the checksums kept as right, or as
//! wrong, as they were.

use std::net::{Ipv4Addr, SocketAddrV4};

use etherparse::Ipv4Header;
use l2tpspec_protocol::packet::Packet;

use crate::world::{icmp, ip};

/// The flow of the datagram that an ICMP error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Embedded {
    pub(super) protocol: u8,
    pub(super) source: SocketAddrV4,
    pub(super) destination: SocketAddrV4,
    /// Where its own payload begins, from the start of the outer datagram.
    segment: usize,
}

/// Octets of an ICMP header.
const ICMP_HEADER: usize = 8;

impl Embedded {
    /// The flow that an ICMP error is about. `None` if the datagram is no such error, or not about a flow.
    pub(super) fn of(header: &Ipv4Header, packet: &Packet) -> Option<Self> {
        let message = ip::payload(header, packet.octets());
        if header.protocol.0 != ip::ICMP || !icmp::is_error(*message.first()?) {
            return None;
        }
        let (inner, rest) = Ipv4Header::from_slice(message.get(ICMP_HEADER..)?).ok()?;
        let (from, to) = match inner.protocol.0 {
            ip::UDP | ip::TCP => ip::ports(rest)?,
            ip::ICMP => {
                let identifier = echo_identifier(rest)?;
                (identifier, identifier)
            }
            _ => return None,
        };
        Some(Self {
            protocol: inner.protocol.0,
            source: SocketAddrV4::new(Ipv4Addr::from(inner.source), from),
            destination: SocketAddrV4::new(Ipv4Addr::from(inner.destination), to),
            segment: header.header_len() + ICMP_HEADER + inner.header_len(),
        })
    }
}

fn echo_identifier(message: &[u8]) -> Option<u16> {
    match *message {
        [0 | 8, _, _, _, high, low, ..] => Some(u16::from_be_bytes([high, low])),
        _ => None,
    }
}

/// The source port of UDP and TCP, or the identifier of an echo.
pub(super) fn source_port(header: &Ipv4Header, packet: &Packet) -> Option<u16> {
    let segment = ip::payload(header, packet.octets());
    match header.protocol.0 {
        ip::UDP | ip::TCP => ip::ports(segment).map(|(source, _)| source),
        ip::ICMP => echo_identifier(segment),
        _ => None,
    }
}

/// The destination port of UDP and TCP, or the identifier of an echo.
pub(super) fn destination_port(header: &Ipv4Header, packet: &Packet) -> Option<u16> {
    match header.protocol.0 {
        ip::ICMP => source_port(header, packet),
        _ => ip::ports(ip::payload(header, packet.octets()))
            .filter(|_| matches!(header.protocol.0, ip::UDP | ip::TCP))
            .map(|(_, destination)| destination),
    }
}

/// Replaces the source.
pub(super) fn source(header: &mut Ipv4Header, packet: &mut Packet, new: SocketAddrV4) {
    let old = Ipv4Addr::from(header.source);
    header.source = new.ip().octets();
    upper(header, packet, old, new, 0);
}

/// Replaces the destination.
pub(super) fn destination(header: &mut Ipv4Header, packet: &mut Packet, new: SocketAddrV4) {
    let old = Ipv4Addr::from(header.destination);
    header.destination = new.ip().octets();
    upper(header, packet, old, new, 2);
}

/// Replaces the port at an offset of the segment, and writes the header.
fn upper(header: &mut Ipv4Header, packet: &mut Packet, old: Ipv4Addr, new: SocketAddrV4, port_at: usize) {
    let (start, protocol) = (header.header_len(), header.protocol.0);
    segment(packet, start, protocol, port_at, old, new);
    ip::rewrite(packet, header);
}

/// Replaces a port and corrects the checksum of the segment that begins at `start`, as far as they are there.
fn segment(
    packet: &mut Packet,
    start: usize,
    protocol: u8,
    port_at: usize,
    old: Ipv4Addr,
    new: SocketAddrV4,
) {
    let (port_at, checksum_at, has_pseudo_header) = match protocol {
        ip::UDP => (start + port_at, start + 6, true),
        ip::TCP => (start + port_at, start + 16, true),
        _ => (start + 4, start + 2, false),
    };
    let octets = packet.octets_mut();
    let Some(old_port) = word(octets, port_at) else { return };
    put(octets, port_at, new.port());
    let Some(checksum) = word(octets, checksum_at) else { return };
    if protocol == ip::UDP && checksum == 0 {
        return;
    }
    let mut sum = Difference(checksum).replace(old_port, new.port());
    if has_pseudo_header {
        sum = sum.replace_address(old, *new.ip());
    }
    let is_zero = protocol == ip::UDP && sum.0 == 0;
    put(octets, checksum_at, if is_zero { 0xffff } else { sum.0 });
}

/// Translates an error from outside, about what the inside end sent.
pub(super) fn error_to_inside(
    header: &mut Ipv4Header,
    packet: &mut Packet,
    flow: Embedded,
    inside: SocketAddrV4,
) {
    inner(header, packet, flow, *flow.source.ip(), inside, true);
    header.destination = inside.ip().octets();
    ip::rewrite(packet, header);
}

/// Translates an error from inside, about what was sent to the inside end.
pub(super) fn error_to_outside(
    header: &mut Ipv4Header,
    packet: &mut Packet,
    flow: Embedded,
    address: Ipv4Addr,
    outside: SocketAddrV4,
) {
    inner(header, packet, flow, *flow.destination.ip(), outside, false);
    header.source = address.octets();
    ip::rewrite(packet, header);
}

/// Replaces one end of the datagram that an error is about, and makes the error's checksum right if it was.
fn inner(
    header: &Ipv4Header,
    packet: &mut Packet,
    flow: Embedded,
    old: Ipv4Addr,
    new: SocketAddrV4,
    is_source: bool,
) {
    let outer = header.header_len();
    let was_right = ip::checksum(&packet.octets()[outer..]) == 0;
    segment(packet, flow.segment, flow.protocol, if is_source { 0 } else { 2 }, old, new);
    let octets = packet.octets_mut();
    let at = outer + ICMP_HEADER;
    let address_at = at + if is_source { 12 } else { 16 };
    // `Embedded::of` has read the whole inner header.
    octets[address_at..address_at + 4].copy_from_slice(&new.ip().octets());
    if let Some(checksum) = word(octets, at + 10) {
        put(octets, at + 10, Difference(checksum).replace_address(old, *new.ip()).0);
    }
    if was_right {
        icmp::seal(&mut octets[outer..]);
    }
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?]))
}

fn put(octets: &mut [u8], at: usize, value: u16) {
    octets[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// A checksum that follows what it covers (RFC 1624 section 3).
#[derive(Clone, Copy)]
struct Difference(u16);

impl Difference {
    fn replace(self, old: u16, new: u16) -> Self {
        let sum = u32::from(!self.0) + u32::from(!old) + u32::from(new);
        let folded = (sum & 0xffff) + (sum >> 16);
        let folded = (folded & 0xffff) + (folded >> 16);
        Self(!u16::try_from(folded).unwrap_or(u16::MAX))
    }

    fn replace_address(self, old: Ipv4Addr, new: Ipv4Addr) -> Self {
        let halves = |address: Ipv4Addr| {
            let [a, b, c, d] = address.octets();
            (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
        };
        let ((old_high, old_low), (new_high, new_low)) = (halves(old), halves(new));
        self.replace(old_high, new_high).replace(old_low, new_low)
    }
}
