//! Internet headers as the transcript keeps them: the facts that judges and readers use, without allocation.
//!
//! Headers are read leniently, because recorders cut frames and offload lengths and checksums: what is there is
//! dissected and what is wrong is said.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice, TcpHeaderSlice, UdpHeaderSlice};
use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::show::{Show, Sink, Value};

/// An IPv4 header (RFC 791).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4 {
    /// Source Address.
    pub source: Ipv4Addr,
    /// Destination Address.
    pub destination: Ipv4Addr,
    /// Protocol.
    pub protocol: u8,
    /// Type of Service, precedence included.
    pub type_of_service: u8,
    /// Total Length, in octets.
    pub total_length: u16,
    /// Identification.
    pub identification: u16,
    /// Don't Fragment.
    pub dont_fragment: bool,
    /// More Fragments.
    pub more_fragments: bool,
    /// Fragment Offset, in octets.
    pub fragment_offset: u16,
    /// Time to Live.
    pub time_to_live: u8,
    /// Header length, in octets.
    pub header_length: u8,
}

/// An IPv6 header (RFC 8200).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv6 {
    /// Source Address.
    pub source: Ipv6Addr,
    /// Destination Address.
    pub destination: Ipv6Addr,
    /// Next Header of the fixed header.
    pub next_header: u8,
    /// Payload Length, in octets.
    pub payload_length: u16,
    /// Hop Limit.
    pub hop_limit: u8,
}

/// A UDP header (RFC 768).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Udp {
    /// Source Port.
    pub source_port: u16,
    /// Destination Port.
    pub destination_port: u16,
    /// Length, in octets.
    pub length: u16,
    /// Checksum; zero means none.
    pub checksum: u16,
}

/// A TCP header (RFC 9293).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcp {
    /// Source Port.
    pub source_port: u16,
    /// Destination Port.
    pub destination_port: u16,
    /// Sequence Number.
    pub sequence_number: u32,
    /// Acknowledgment Number.
    pub acknowledgment_number: u32,
    /// The flag bits, FIN lowest.
    pub flags: u8,
    /// Window.
    pub window: u16,
    /// Maximum segment size option, in octets.
    pub maximum_segment_size: Option<u16>,
}

/// An ICMP message (RFC 792).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icmp {
    /// Type.
    pub icmp_type: u8,
    /// Code.
    pub code: u8,
    /// Checksum.
    pub checksum: u16,
    /// The four octets after the checksum: identifier and sequence number, next-hop MTU, or unused.
    pub rest: [u8; 4],
    /// Octets after the header.
    pub data_length: usize,
}

impl Icmp {
    /// Whether it quotes a datagram that could not be delivered.
    #[must_use]
    pub const fn quotes(&self) -> bool {
        matches!(self.icmp_type, 3 | 4 | 5 | 11 | 12)
    }

    /// Whether it is an echo request or reply.
    #[must_use]
    pub const fn is_echo(&self) -> bool {
        matches!(self.icmp_type, 0 | 8)
    }
}

/// A header that was read, and the octets behind it that belong to it.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a, H> {
    /// The header.
    pub header: H,
    /// What it carries, cut to the length that it states.
    pub payload: &'a [u8],
    /// Octets that the header promises and the frame lacks.
    pub missing: usize,
    /// A length that does not even cover the header, so that nothing is its payload.
    pub refused: Option<Malformed>,
}

/// Reads an IPv4 header.
///
/// # Errors
/// A header that cannot be read to its end.
pub fn ipv4(octets: &[u8]) -> Result<Read<'_, Ipv4>, Malformed> {
    let slice = Ipv4HeaderSlice::from_slice(octets).map_err(|error| ipv4_refusal(&error, octets))?;
    let header_length = slice.slice().len();
    let header = Ipv4 {
        source: slice.source_addr(),
        destination: slice.destination_addr(),
        protocol: slice.protocol().0,
        type_of_service: octets[1],
        total_length: slice.total_len(),
        identification: slice.identification(),
        dont_fragment: slice.dont_fragment(),
        more_fragments: slice.more_fragments(),
        fragment_offset: slice.fragments_offset().byte_offset(),
        time_to_live: slice.ttl(),
        header_length: u8::try_from(header_length).unwrap_or(u8::MAX),
    };
    // A sender that leaves segmentation to its network card records a Total Length of zero.
    let total = match usize::from(header.total_length) {
        0 => octets.len(),
        total => total,
    };
    let why = Why::Length { got: total, want: header_length };
    let refused = (total < header_length).then_some(Malformed { field: "Total Length", offset: 2, why });
    Ok(Read { refused, ..cut(header, octets, header_length, total) })
}

fn ipv4_refusal(error: &etherparse::err::ipv4::HeaderSliceError, octets: &[u8]) -> Malformed {
    use etherparse::err::ipv4::{HeaderError, HeaderSliceError};
    match error {
        HeaderSliceError::Len(length) => Malformed {
            field: "IPv4 header",
            offset: 0,
            why: Why::Truncated { need: length.required_len, have: octets.len() },
        },
        HeaderSliceError::Content(HeaderError::UnexpectedVersion { version_number }) => {
            Malformed { field: "Version", offset: 0, why: Why::Value { got: u64::from(*version_number) } }
        }
        HeaderSliceError::Content(HeaderError::HeaderLengthSmallerThanHeader { ihl }) => {
            Malformed { field: "IHL", offset: 0, why: Why::Length { got: usize::from(*ihl), want: 5 } }
        }
    }
}

/// Reads an IPv6 header, without extension headers.
///
/// # Errors
/// A header that cannot be read.
pub fn ipv6(octets: &[u8]) -> Result<Read<'_, Ipv6>, Malformed> {
    let slice = Ipv6HeaderSlice::from_slice(octets).map_err(|error| match error {
        etherparse::err::ipv6::HeaderSliceError::Len(length) => Malformed {
            field: "IPv6 header",
            offset: 0,
            why: Why::Truncated { need: length.required_len, have: octets.len() },
        },
        etherparse::err::ipv6::HeaderSliceError::Content(_) => Malformed {
            field: "Version",
            offset: 0,
            why: Why::Value { got: octets.first().map_or(0, |octet| u64::from(octet >> 4)) },
        },
    })?;
    let header = Ipv6 {
        source: slice.source_addr(),
        destination: slice.destination_addr(),
        next_header: slice.next_header().0,
        payload_length: slice.payload_length(),
        hop_limit: slice.hop_limit(),
    };
    let total = match usize::from(header.payload_length) {
        0 => octets.len(),
        length => 40 + length,
    };
    Ok(cut(header, octets, 40, total))
}

/// Reads a UDP header.
///
/// # Errors
/// Fewer than eight octets.
pub fn udp(octets: &[u8]) -> Result<Read<'_, Udp>, Malformed> {
    let Ok(slice) = UdpHeaderSlice::from_slice(octets) else {
        let why = Why::Truncated { need: 8, have: octets.len() };
        return Err(Malformed { field: "UDP header", offset: 0, why });
    };
    let header = Udp {
        source_port: slice.source_port(),
        destination_port: slice.destination_port(),
        length: slice.length(),
        checksum: slice.checksum(),
    };
    let length = match usize::from(header.length) {
        0 => octets.len(),
        length => length,
    };
    let why = Why::Length { got: length, want: 8 };
    let refused = (length < 8).then_some(Malformed { field: "Length", offset: 4, why });
    Ok(Read { refused, ..cut(header, octets, 8, length) })
}

/// Reads a TCP header.
///
/// # Errors
/// A header that cannot be read.
pub fn tcp(octets: &[u8]) -> Result<Read<'_, Tcp>, Malformed> {
    let slice = TcpHeaderSlice::from_slice(octets).map_err(|error| match error {
        etherparse::err::tcp::HeaderSliceError::Len(length) => Malformed {
            field: "TCP header",
            offset: 0,
            why: Why::Truncated { need: length.required_len, have: octets.len() },
        },
        etherparse::err::tcp::HeaderSliceError::Content(_) => Malformed {
            field: "Data Offset",
            offset: 12,
            why: Why::Length { got: octets.get(12).map_or(0, |octet| usize::from(octet >> 4)), want: 5 },
        },
    })?;
    let maximum_segment_size = slice.options_iterator().find_map(|option| match option {
        Ok(etherparse::TcpOptionElement::MaximumSegmentSize(size)) => Some(size),
        _ => None,
    });
    let header = Tcp {
        source_port: slice.source_port(),
        destination_port: slice.destination_port(),
        sequence_number: slice.sequence_number(),
        acknowledgment_number: slice.acknowledgment_number(),
        flags: octets[13],
        window: slice.window_size(),
        maximum_segment_size,
    };
    let header_length = slice.slice().len();
    Ok(cut(header, octets, header_length, octets.len()))
}

/// Reads an ICMP header.
///
/// # Errors
/// Fewer than eight octets.
pub fn icmp(octets: &[u8]) -> Result<Read<'_, Icmp>, Malformed> {
    let Some((&[icmp_type, code, high, low, a, b, c, d], data)) = octets.split_first_chunk::<8>() else {
        let why = Why::Truncated { need: 8, have: octets.len() };
        return Err(Malformed { field: "ICMP header", offset: 0, why });
    };
    let checksum = u16::from_be_bytes([high, low]);
    let header = Icmp { icmp_type, code, checksum, rest: [a, b, c, d], data_length: data.len() };
    Ok(Read { header, payload: data, missing: 0, refused: None })
}

fn cut<H>(header: H, octets: &[u8], header_length: usize, total: usize) -> Read<'_, H> {
    let end = total.min(octets.len());
    Read { header, payload: &octets[header_length.min(end)..end], missing: total - end, refused: None }
}

impl Show for Ipv4 {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("source", Value::Ipv4(self.source));
        sink.field("destination", Value::Ipv4(self.destination));
        sink.field("protocol", Value::Number(self.protocol.into()));
        sink.field("type_of_service", Value::Number(self.type_of_service.into()));
        sink.field("total_length", Value::Number(self.total_length.into()));
        sink.field("identification", Value::Number(self.identification.into()));
        sink.field("dont_fragment", Value::Flag(self.dont_fragment));
        sink.field("more_fragments", Value::Flag(self.more_fragments));
        sink.field("fragment_offset", Value::Number(self.fragment_offset.into()));
        sink.field("time_to_live", Value::Number(self.time_to_live.into()));
    }
}

impl Show for Ipv6 {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("source", Value::Ipv6(self.source));
        sink.field("destination", Value::Ipv6(self.destination));
        sink.field("next_header", Value::Number(self.next_header.into()));
        sink.field("payload_length", Value::Number(self.payload_length.into()));
        sink.field("hop_limit", Value::Number(self.hop_limit.into()));
    }
}

impl Show for Udp {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("source_port", Value::Number(self.source_port.into()));
        sink.field("destination_port", Value::Number(self.destination_port.into()));
        sink.field("length", Value::Number(self.length.into()));
        sink.field("checksum", Value::Number(self.checksum.into()));
    }
}

impl Show for Tcp {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("source_port", Value::Number(self.source_port.into()));
        sink.field("destination_port", Value::Number(self.destination_port.into()));
        sink.field("sequence_number", Value::Number(self.sequence_number.into()));
        sink.field("acknowledgment_number", Value::Number(self.acknowledgment_number.into()));
        sink.field("flags", Value::Number(self.flags.into()));
        sink.field("window", Value::Number(self.window.into()));
        if let Some(size) = self.maximum_segment_size {
            sink.field("maximum_segment_size", Value::Number(size.into()));
        }
    }
}

impl Show for Icmp {
    fn show(&self, sink: &mut dyn Sink) {
        let name = match self.icmp_type {
            0 => Some("Echo Reply"),
            3 => Some("Destination Unreachable"),
            4 => Some("Source Quench"),
            5 => Some("Redirect"),
            8 => Some("Echo"),
            11 => Some("Time Exceeded"),
            12 => Some("Parameter Problem"),
            13 => Some("Timestamp"),
            14 => Some("Timestamp Reply"),
            42 => Some("Extended Echo Request"),
            43 => Some("Extended Echo Reply"),
            _ => None,
        };
        sink.field("icmp_type", Value::Code { number: self.icmp_type.into(), name });
        sink.field("code", Value::Number(self.code.into()));
        sink.field("checksum", Value::Number(self.checksum.into()));
        let [a, b, c, d] = self.rest;
        if self.is_echo() {
            sink.field("identifier", Value::Number(u16::from_be_bytes([a, b]).into()));
            sink.field("sequence_number", Value::Number(u16::from_be_bytes([c, d]).into()));
        } else if (self.icmp_type, self.code) == (3, 4) {
            sink.field("next_hop_mtu", Value::Number(u16::from_be_bytes([c, d]).into()));
        }
        sink.field("data_length", Value::Number(self.data_length as u64));
    }
}

/// The addresses of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addresses {
    /// Source.
    pub source: IpAddr,
    /// Destination.
    pub destination: IpAddr,
}
