//! Any packet of a control or authentication protocol, told by the protocol number of its frame.

use super::{Protocol, cbcp, ccp, chap, eap, ipcp, ipv6cp, lcp, pap, raw};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink};
use core::fmt;

/// A packet of a control or authentication protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Link Control Protocol.
    Lcp(lcp::Packet),
    /// Password Authentication Protocol.
    Pap(pap::Packet),
    /// Challenge Handshake Authentication Protocol.
    Chap(chap::Packet),
    /// Extensible Authentication Protocol.
    Eap(eap::Packet),
    /// Callback Control Protocol.
    Cbcp(cbcp::Packet),
    /// IP Control Protocol.
    Ipcp(ipcp::Packet),
    /// IPv6 Control Protocol.
    Ipv6cp(ipv6cp::Packet),
    /// Compression Control Protocol, of the bundle or of one link.
    Ccp(ccp::Packet),
    /// Another protocol that negotiates by RFC 1661.
    Other {
        /// Which one.
        protocol: Protocol,
        /// The packet.
        packet: raw::Packet,
    },
}

/// Reads the information field of a frame, which stands at `offset` of the outermost message, as a packet of
/// `protocol`; `None` if that is no control protocol that is known here.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not listed carries no control packets")]
pub fn decode_control(
    protocol: Protocol,
    information: &[u8],
    offset: usize,
) -> Option<Result<Control, Malformed>> {
    let r = &mut Reader::at(information, offset);
    let packet = match protocol {
        Protocol::Lcp => Codec::decode(r).map(Control::Lcp),
        Protocol::Pap => Codec::decode(r).map(Control::Pap),
        Protocol::Chap => Codec::decode(r).map(Control::Chap),
        Protocol::Eap => Codec::decode(r).map(Control::Eap),
        Protocol::Cbcp => Codec::decode(r).map(Control::Cbcp),
        Protocol::Ipcp => Codec::decode(r).map(Control::Ipcp),
        Protocol::Ipv6cp => Codec::decode(r).map(Control::Ipv6cp),
        Protocol::Ccp | Protocol::IndividualLinkCcp => Codec::decode(r).map(Control::Ccp),
        other if other.is_network_control() || other == Protocol::Bacp => {
            Codec::decode(r).map(|packet| Control::Other { protocol, packet })
        }
        _other => return None,
    };
    Some(packet)
}

impl Control {
    /// Appends the octets of the packet.
    pub fn encode(&self, w: &mut Writer) {
        match self {
            Self::Lcp(packet) => packet.encode(w),
            Self::Pap(packet) => packet.encode(w),
            Self::Chap(packet) => packet.encode(w),
            Self::Eap(packet) => packet.encode(w),
            Self::Cbcp(packet) => packet.encode(w),
            Self::Ipcp(packet) => packet.encode(w),
            Self::Ipv6cp(packet) => packet.encode(w),
            Self::Ccp(packet) => packet.encode(w),
            Self::Other { packet, .. } => packet.encode(w),
        }
    }
}

impl Show for Control {
    fn show(&self, sink: &mut dyn Sink) {
        match self {
            Self::Lcp(packet) => packet.show(sink),
            Self::Pap(packet) => packet.show(sink),
            Self::Chap(packet) => packet.show(sink),
            Self::Eap(packet) => packet.show(sink),
            Self::Cbcp(packet) => packet.show(sink),
            Self::Ipcp(packet) => packet.show(sink),
            Self::Ipv6cp(packet) => packet.show(sink),
            Self::Ccp(packet) => packet.show(sink),
            Self::Other { packet, .. } => packet.show(sink),
        }
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lcp(packet) => write!(f, "LCP {packet}"),
            Self::Pap(packet) => write!(f, "PAP {packet}"),
            Self::Chap(packet) => write!(f, "CHAP {packet}"),
            Self::Eap(packet) => write!(f, "EAP {packet}"),
            Self::Cbcp(packet) => write!(f, "CBCP {packet}"),
            Self::Ipcp(packet) => write!(f, "IPCP {packet}"),
            Self::Ipv6cp(packet) => write!(f, "IPV6CP {packet}"),
            Self::Ccp(packet) => write!(f, "CCP {packet}"),
            Self::Other { protocol, packet } => write!(f, "{protocol} {packet}"),
        }
    }
}
