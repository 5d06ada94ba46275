//! IPv4 datagrams in buffers: headers read and checked, written, and the few upper headers that hosts make.

use std::net::{Ipv4Addr, SocketAddrV4};

use etherparse::{IpNumber, Ipv4Header, UdpHeader};
use l2tpspec_protocol::packet::Packet;

/// IPv4's Protocol number of ICMP.
pub const ICMP: u8 = 1;
/// IPv4's Protocol number of TCP.
pub const TCP: u8 = 6;
/// IPv4's Protocol number of UDP.
pub const UDP: u8 = 17;
/// IPv4's Protocol number of ESP.
pub const ESP: u8 = 50;

/// What a host sets in the header of a datagram that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    /// Source Address.
    pub source: Ipv4Addr,
    /// Destination Address.
    pub destination: Ipv4Addr,
    /// Protocol.
    pub protocol: u8,
    /// Identification.
    pub identification: u16,
    /// Time to Live.
    pub time_to_live: u8,
    /// Don't Fragment.
    pub dont_fragment: bool,
}

/// Reads the header of a datagram and cuts off what lies behind its Total Length. `None` if the octets are no
/// datagram with a right header checksum (RFC 1122 section 3.2.1.2).
pub fn header(packet: &mut Packet) -> Option<Ipv4Header> {
    let header = peek(packet.octets())?;
    packet.resize(usize::from(header.total_len));
    Some(header)
}

/// Reads the header of a datagram, as [`header`] does.
#[must_use]
pub fn peek(octets: &[u8]) -> Option<Ipv4Header> {
    let (header, _) = Ipv4Header::from_slice(octets).ok()?;
    let total = usize::from(header.total_len);
    let is_sound = header.header_len() <= total && total <= octets.len();
    // Over the octets: the header as a value has no place for the reserved flag.
    (is_sound && checksum(octets.get(..header.header_len())?) == 0).then_some(header)
}

/// Writes a header over the one of the same length that the packet has, with the right checksum.
pub fn rewrite(packet: &mut Packet, header: &mut Ipv4Header) {
    header.header_checksum = header.calc_header_checksum();
    let octets = header.to_bytes();
    packet.octets_mut()[..octets.len()].copy_from_slice(&octets);
}

/// Puts an IPv4 header before a payload. `false`, and no change, if the payload is too long for a datagram.
pub fn wrap(packet: &mut Packet, fields: &Fields) -> bool {
    let Ok(length) = u16::try_from(packet.len()) else { return false };
    let (source, destination) = (fields.source.octets(), fields.destination.octets());
    let header = Ipv4Header::new(length, fields.time_to_live, IpNumber(fields.protocol), source, destination);
    let Ok(mut header) = header else { return false };
    header.identification = fields.identification;
    header.dont_fragment = fields.dont_fragment;
    header.header_checksum = header.calc_header_checksum();
    packet.prepend(&header.to_bytes());
    true
}

/// Puts an IPv4 header before a packet of a routing protocol: it goes to the next router and no further, with the precedence of
/// Internetwork Control (RFC 2328 appendix A.1).
#[must_use]
pub fn wrap_control(packet: &mut Packet, fields: &Fields) -> bool {
    /// Class selector 6, which is precedence 6.
    const INTERNETWORK_CONTROL: u8 = 48;
    let Ok(length) = u16::try_from(packet.len()) else { return false };
    let (source, destination) = (fields.source.octets(), fields.destination.octets());
    let header = Ipv4Header::new(length, 1, IpNumber(fields.protocol), source, destination);
    let Ok(mut header) = header else { return false };
    header.dscp = etherparse::IpDscp::try_new(INTERNETWORK_CONTROL).unwrap_or_default();
    header.identification = fields.identification;
    header.header_checksum = header.calc_header_checksum();
    packet.prepend(&header.to_bytes());
    true
}

/// Puts a UDP header before a payload. `false`, and no change, if the payload is too long.
pub fn wrap_udp(packet: &mut Packet, source: SocketAddrV4, destination: SocketAddrV4) -> bool {
    let Some(length) = u16::try_from(packet.len()).ok().and_then(|length| length.checked_add(8)) else {
        return false;
    };
    let mut header =
        UdpHeader { source_port: source.port(), destination_port: destination.port(), length, checksum: 0 };
    let (from, to) = (source.ip().octets(), destination.ip().octets());
    let Ok(checksum) = header.calc_checksum_ipv4_raw(from, to, packet.octets()) else { return false };
    header.checksum = checksum;
    packet.prepend(&header.to_bytes());
    true
}

/// A UDP datagram that arrived, its checksum right or absent (RFC 768).
#[must_use]
pub fn open_udp<'a>(header: &Ipv4Header, segment: &'a [u8]) -> Option<(UdpHeader, &'a [u8])> {
    let (udp, rest) = UdpHeader::from_slice(segment).ok()?;
    let payload = rest.get(..usize::from(udp.length).checked_sub(8)?)?;
    let right = udp.calc_checksum_ipv4_raw(header.source, header.destination, payload).ok()?;
    (udp.checksum == 0 || udp.checksum == right).then_some((udp, payload))
}

/// What lies behind the header.
#[must_use]
pub fn payload<'a>(header: &Ipv4Header, octets: &'a [u8]) -> &'a [u8] {
    octets.get(header.header_len()..).unwrap_or_default()
}

/// The two ports, source and destination, that a UDP or TCP segment begins with.
#[must_use]
pub fn ports(segment: &[u8]) -> Option<(u16, u16)> {
    let [a, b, c, d, ..] = *segment else { return None };
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

/// The Internet checksum (RFC 1071) of octets.
#[must_use]
pub fn checksum(octets: &[u8]) -> u16 {
    // `ones_complement` works on the sum as the octets lie in memory.
    etherparse::checksum::Sum16BitWords::new().add_slice(octets).ones_complement().to_be()
}
