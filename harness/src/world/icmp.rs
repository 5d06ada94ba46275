//! ICMP (RFC 792) as hosts and routers use it: echo, and the errors that a packet can cause (RFC 1122 section 3.2.2,
//! RFC 1812 section 4.3).

use etherparse::Ipv4Header;
use l2tpspec_protocol::packet::Packet;

use super::ip;

/// The longest error, IPv4 header and all (RFC 1812 section 4.3.2.3).
const ERROR_LENGTH: usize = 576;

const ECHO_REPLY: u8 = 0;
const DESTINATION_UNREACHABLE: u8 = 3;
const ECHO: u8 = 8;
const TIME_EXCEEDED: u8 = 11;

/// An error that ICMP reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// No route leads there.
    NetUnreachable,
    /// The way there is cut off.
    HostUnreachable,
    /// The host does not speak the protocol.
    ProtocolUnreachable,
    /// Nothing listens on the port.
    PortUnreachable,
    /// The datagram is too long and may not be fragmented.
    FragmentationNeeded {
        /// The longest that would go on, in octets (RFC 1191 section 4).
        mtu: u16,
    },
    /// A filter forbids it.
    Prohibited,
    /// The Time to Live ran out.
    TimeExceeded,
    /// Another error.
    Other {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
    },
}

/// An ICMP message that hosts understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// An echo, or the reply to one.
    Echo {
        /// Whether it is the reply.
        is_reply: bool,
        /// Identifier.
        identifier: u16,
        /// Sequence Number.
        sequence: u16,
        /// The data.
        data: &'a [u8],
    },
    /// An error.
    Error {
        /// Which.
        problem: Problem,
        /// The beginning of the datagram that caused it.
        original: &'a [u8],
    },
}

impl Problem {
    const fn wire(self) -> (u8, u8, u16) {
        match self {
            Self::NetUnreachable => (DESTINATION_UNREACHABLE, 0, 0),
            Self::HostUnreachable => (DESTINATION_UNREACHABLE, 1, 0),
            Self::ProtocolUnreachable => (DESTINATION_UNREACHABLE, 2, 0),
            Self::PortUnreachable => (DESTINATION_UNREACHABLE, 3, 0),
            Self::FragmentationNeeded { mtu } => (DESTINATION_UNREACHABLE, 4, mtu),
            Self::Prohibited => (DESTINATION_UNREACHABLE, 13, 0),
            Self::TimeExceeded => (TIME_EXCEEDED, 0, 0),
            Self::Other { kind, code } => (kind, code, 0),
        }
    }

    const fn from_wire(kind: u8, code: u8, low: u16) -> Self {
        match (kind, code) {
            (DESTINATION_UNREACHABLE, 0) => Self::NetUnreachable,
            (DESTINATION_UNREACHABLE, 1) => Self::HostUnreachable,
            (DESTINATION_UNREACHABLE, 2) => Self::ProtocolUnreachable,
            (DESTINATION_UNREACHABLE, 3) => Self::PortUnreachable,
            (DESTINATION_UNREACHABLE, 4) => Self::FragmentationNeeded { mtu: low },
            (DESTINATION_UNREACHABLE, 13) => Self::Prohibited,
            (TIME_EXCEEDED, 0) => Self::TimeExceeded,
            _ => Self::Other { kind, code },
        }
    }
}

/// Whether a type is that of an error.
pub(crate) const fn is_error(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

/// Reads a message whose checksum is right.
#[must_use]
pub fn open(octets: &[u8]) -> Option<Message<'_>> {
    let [kind, code, _, _, a, b, c, d, ref rest @ ..] = *octets else { return None };
    if ip::checksum(octets) != 0 {
        return None;
    }
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    match kind {
        ECHO | ECHO_REPLY => {
            Some(Message::Echo { is_reply: kind == ECHO_REPLY, identifier: high, sequence: low, data: rest })
        }
        _ if is_error(kind) => {
            Some(Message::Error { problem: Problem::from_wire(kind, code, low), original: rest })
        }
        _ => None,
    }
}

/// Puts the header of an echo, or of the reply to one, before the data that a packet holds.
pub fn wrap_echo(data: &mut Packet, is_reply: bool, identifier: u16, sequence: u16) {
    let ([a, b], [c, d]) = (identifier.to_be_bytes(), sequence.to_be_bytes());
    data.prepend(&[if is_reply { ECHO_REPLY } else { ECHO }, 0, 0, 0, a, b, c, d]);
    seal(data.octets_mut());
}

/// Puts the header of an error before the datagram that it is about, of which the beginning is kept.
pub fn wrap_error(datagram: &mut Packet, problem: Problem) {
    let (kind, code, low) = problem.wire();
    let [high, low] = low.to_be_bytes();
    let header = [kind, code, 0, 0, 0, 0, high, low];
    datagram.resize(datagram.len().min(ERROR_LENGTH - Ipv4Header::MIN_LEN - header.len()));
    datagram.prepend(&header);
    seal(datagram.octets_mut());
}

/// Whether an error may be sent about a datagram (RFC 1122 section 3.2.2): never about an error, a fragment other
/// than the first, or what was sent to or from more than one host.
#[must_use]
pub fn may_cause_error(header: &Ipv4Header, payload: &[u8]) -> bool {
    let is_about_error = header.protocol.0 == ip::ICMP && payload.first().is_none_or(|kind| is_error(*kind));
    let (source, destination) =
        (std::net::Ipv4Addr::from(header.source), std::net::Ipv4Addr::from(header.destination));
    let is_single = !source.is_unspecified() && !source.is_multicast() && !source.is_broadcast();
    let is_for_one = !destination.is_multicast() && !destination.is_broadcast();
    !is_about_error && header.fragment_offset.value() == 0 && is_single && is_for_one
}

/// Sets the checksum of a message.
pub(crate) fn seal(octets: &mut [u8]) {
    octets[2..4].fill(0);
    let checksum = ip::checksum(octets);
    octets[2..4].copy_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written_and_not_once_a_bit_is_wrong() {
        let mut packet = Packet::new(b"odd");
        wrap_echo(&mut packet, true, 7, 8);
        let message = Message::Echo { is_reply: true, identifier: 7, sequence: 8, data: b"odd" };
        assert_eq!(open(packet.octets()), Some(message));
        let mut packet = Packet::new(b"original");
        wrap_error(&mut packet, Problem::FragmentationNeeded { mtu: 1400 });
        let message =
            Message::Error { problem: Problem::FragmentationNeeded { mtu: 1400 }, original: b"original" };
        assert_eq!(open(packet.octets()), Some(message));
        packet.octets_mut()[9] ^= 1;
        assert_eq!(open(packet.octets()), None);
    }
}
