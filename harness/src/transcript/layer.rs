//! One layer of a frame. The kinds that user traffic is made of own no memory.

use l2tpspec_protocol::codec::{Codec as _, Reader};
use l2tpspec_protocol::isakmp::wire::{Header as IsakmpHeader, Payload};
use l2tpspec_protocol::ppp::chap::{self, mschap};
use l2tpspec_protocol::show::{self, Show, Sink, Value};
use l2tpspec_protocol::{esp, l2tp, ospf, ppp};

use super::ip::{Icmp, Ipv4, Ipv6, Tcp, Udp};

/// One layer. Its name is Wireshark's.
#[derive(Debug)]
pub enum Layer {
    /// IPv4.
    Ip(Ipv4),
    /// IPv6.
    Ipv6(Ipv6),
    /// UDP.
    Udp(Udp),
    /// TCP.
    Tcp(Tcp),
    /// ICMP for IPv4.
    Icmp(Icmp),
    /// UDP encapsulation of ESP and IKE (RFC 3948).
    UdpEncap(UdpEncap),
    /// ISAKMP.
    Isakmp(Box<Isakmp>),
    /// The header of a message of another version than IKEv1.
    IsakmpHeader {
        /// The header.
        header: IsakmpHeader,
        /// Which version.
        why: &'static str,
    },
    /// ESP.
    Esp(Esp),
    /// An L2TPv2 data message.
    L2tpData(l2tp::wire::DataHeader),
    /// An L2TPv2 control message.
    L2tpControl(Box<l2tp::wire::ControlMessage>),
    /// PPP framing.
    Ppp(ppp::frame::FrameHeader),
    /// PPP framing around a control packet that is no layer of its own: CBCP, Apple's ACSCP and the like.
    PppOther {
        /// The framing.
        header: ppp::frame::FrameHeader,
        /// The packet.
        packet: Box<ppp::Control>,
    },
    /// A PPP control packet: LCP, authentication, or a network control protocol.
    PppControl(Box<ppp::Control>),
    /// OSPF version 2.
    Ospf(Box<ospf::wire::Packet>),
    /// DNS.
    Dns(Box<Dns>),
    /// A layer that is named and not read: another version, or octets that were refused.
    Named(Named),
}

/// A layer of which only the name is known.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// Wireshark's name.
    pub layer: &'static str,
    /// Why it is not read.
    pub why: &'static str,
}

/// What UDP encapsulation carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UdpEncap {
    /// One octet FF.
    Keepalive,
    /// IKE behind a non-ESP marker.
    Ike,
    /// ESP.
    Esp,
}

/// How far an ISAKMP message could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// It was sent in clear.
    Clear,
    /// Encrypted and opened.
    Opened,
    /// Encrypted, and no key for these cookies is known.
    KeyAbsent,
    /// Encrypted, a key is known, but not what it takes to use it: the messages that negotiate the cipher are missing.
    NegotiationMissing,
    /// Encrypted, and the key given does not open it.
    KeyWrong,
}

/// Whether a hash within an ISAKMP message is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashVerdict {
    /// There is none, or SKEYID is not known.
    Unknown,
    /// It is right.
    Fits,
    /// It is wrong.
    Wrong,
}

/// An ISAKMP message as far as it could be read.
#[derive(Debug)]
pub struct Isakmp {
    /// The header.
    pub header: IsakmpHeader,
    /// The payloads, as far as they are readable.
    pub payloads: Vec<Payload>,
    /// Cipher padding.
    pub padding: Vec<u8>,
    /// Whether it could be opened.
    pub protection: Protection,
    /// Whether its HASH payload is right.
    pub hash: HashVerdict,
    /// Whether this is a whole message put together from fragments, of which this frame brought the last.
    pub is_reassembled: bool,
    /// A digest of the message as sent: equal for copies of it.
    pub digest: u64,
}

/// How far an ESP packet could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// No key for this security association is known.
    KeyAbsent,
    /// The key given does not open it: the integrity check value is wrong, or the padding is noise.
    KeyWrong,
    /// Verified and decrypted.
    Opened {
        /// Next Header.
        next_header: u8,
        /// Pad Length, in octets.
        pad_length: u8,
        /// Whether the padding is 1, 2, 3 and so on.
        padding_is_sequential: bool,
        /// Whether an integrity check value was there and right.
        is_verified: bool,
    },
    /// The packet opened only with an integrity check value cut to 96 bits where RFC 4868 wants 128.
    OpenedTruncated {
        /// Next Header.
        next_header: u8,
    },
}

/// An ESP packet.
#[derive(Debug, Clone, Copy)]
pub struct Esp {
    /// SPI and sequence number.
    pub header: esp::wire::Header,
    /// What could be made of the rest.
    pub opening: Opening,
    /// Octets behind the header.
    pub length: usize,
}

/// A DNS message.
#[derive(Debug)]
pub struct Dns {
    /// Transaction ID.
    pub id: u16,
    /// Whether it is a response.
    pub is_response: bool,
    /// Response code.
    pub response_code: u16,
    /// The flags, as they stand on the wire.
    pub flags: u16,
    /// Whether it was truncated.
    pub is_truncated: bool,
    /// Names and types asked for.
    pub questions: Vec<(String, u16)>,
    /// Number of answers.
    pub answers: usize,
    /// Addresses answered.
    pub addresses: Vec<std::net::IpAddr>,
}

impl Layer {
    /// Wireshark's name of the layer.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ip(_) => "ip",
            Self::Ipv6(_) => "ipv6",
            Self::Udp(_) => "udp",
            Self::Tcp(_) => "tcp",
            Self::Icmp(_) => "icmp",
            Self::UdpEncap(_) => "udpencap",
            Self::Isakmp(_) | Self::IsakmpHeader { .. } => "isakmp",
            Self::Esp(_) => "esp",
            Self::L2tpData(_) | Self::L2tpControl(_) => "l2tp",
            Self::Ppp(_) | Self::PppOther { .. } => "ppp",
            Self::PppControl(control) => super::dissect::control_layer(control),
            Self::Ospf(_) => "ospf",
            Self::Dns(_) => "dns",
            Self::Named(named) => named.layer,
        }
    }
}

impl Protection {
    /// A word for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Opened => "opened",
            Self::KeyAbsent => "key absent",
            Self::NegotiationMissing => "negotiation missing",
            Self::KeyWrong => "key wrong",
        }
    }
}

impl Show for Layer {
    fn show(&self, sink: &mut dyn Sink) {
        match self {
            Self::Ip(header) => header.show(sink),
            Self::Ipv6(header) => header.show(sink),
            Self::Udp(header) => header.show(sink),
            Self::Tcp(header) => header.show(sink),
            Self::Icmp(message) => message.show(sink),
            Self::UdpEncap(what) => what.show(sink),
            Self::Isakmp(message) => message.show(sink),
            Self::IsakmpHeader { header, why } => {
                header.show(sink);
                sink.field("not_read", Value::Word(why));
            }
            Self::Esp(packet) => packet.show(sink),
            Self::L2tpData(header) => header.show(sink),
            Self::L2tpControl(message) => message.show(sink),
            Self::Ppp(header) => header.show(sink),
            Self::PppOther { header, packet } => {
                header.show(sink);
                packet.show(sink);
            }
            Self::PppControl(control) => {
                control.show(sink);
                if let ppp::Control::Chap(packet) = &**control
                    && let Some(parts) = microsoft(packet)
                {
                    show::list(sink, "mschap", &[parts]);
                }
            }
            Self::Ospf(packet) => packet.show(sink),
            Self::Dns(message) => message.show(sink),
            Self::Named(named) => sink.field("not_read", Value::Word(named.why)),
        }
    }
}

/// What a CHAP packet says under MS-CHAP, told by its shape: the algorithm stands in LCP, which may not be recorded.
enum Microsoft {
    Response1(mschap::Response1),
    Response2(mschap::Response2),
    Success(mschap::Success),
    Failure(mschap::Failure),
}

fn microsoft(packet: &chap::Packet) -> Option<Microsoft> {
    match (packet.code, &packet.body) {
        (chap::Code::Response, chap::Body::Value { value, .. }) => {
            // Version 1 sets its flag where it sends the NT response; version 2 keeps it zero.
            if value.last() == Some(&0) {
                mschap::Response2::decode_all(value).ok().map(Microsoft::Response2)
            } else {
                mschap::Response1::decode_all(value).ok().map(Microsoft::Response1)
            }
        }
        (chap::Code::Success, chap::Body::Message(text)) => {
            mschap::Success::parse(Reader::new(text)).ok().map(Microsoft::Success)
        }
        (chap::Code::Failure, chap::Body::Message(text)) => {
            mschap::Failure::parse(Reader::new(text)).ok().map(Microsoft::Failure)
        }
        _ => None,
    }
}

impl Show for Microsoft {
    fn show(&self, sink: &mut dyn Sink) {
        match self {
            Self::Response1(parts) => parts.show(sink),
            Self::Response2(parts) => parts.show(sink),
            Self::Success(parts) => parts.show(sink),
            Self::Failure(parts) => parts.show(sink),
        }
    }
}

impl Show for UdpEncap {
    fn show(&self, sink: &mut dyn Sink) {
        let word = match self {
            Self::Keepalive => "NAT-keepalive",
            Self::Ike => "non-ESP marker",
            Self::Esp => "ESP",
        };
        sink.field("carries", Value::Word(word));
    }
}

impl Show for Isakmp {
    fn show(&self, sink: &mut dyn Sink) {
        self.header.show(sink);
        sink.field("protection", Value::Word(self.protection.word()));
        match self.hash {
            HashVerdict::Unknown => {}
            HashVerdict::Fits => sink.field("hash_is_right", Value::Flag(true)),
            HashVerdict::Wrong => sink.field("hash_is_right", Value::Flag(false)),
        }
        if self.is_reassembled {
            sink.field("reassembled", Value::Flag(true));
        }
        show::list(sink, "payloads", &self.payloads);
        if !self.padding.is_empty() {
            sink.field("padding", Value::Octets(&self.padding));
        }
    }
}

impl Show for Esp {
    fn show(&self, sink: &mut dyn Sink) {
        self.header.show(sink);
        sink.field("length", Value::Number(self.length as u64));
        match self.opening {
            Opening::KeyAbsent => sink.field("protection", Value::Word("key absent")),
            Opening::KeyWrong => sink.field("protection", Value::Word("key wrong")),
            Opening::Opened { next_header, pad_length, padding_is_sequential, is_verified } => {
                sink.field("protection", Value::Word("opened"));
                sink.field("integrity_verified", Value::Flag(is_verified));
                sink.field("pad_length", Value::Number(pad_length.into()));
                sink.field("padding_is_sequential", Value::Flag(padding_is_sequential));
                sink.field("next_header", Value::Number(next_header.into()));
            }
            Opening::OpenedTruncated { next_header } => {
                sink.field("protection", Value::Word("opened with the 96-bit truncation bug"));
                sink.field("next_header", Value::Number(next_header.into()));
            }
        }
    }
}

impl Show for Dns {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("id", Value::Number(self.id.into()));
        sink.field("flags", Value::Number(self.flags.into()));
        sink.field("is_response", Value::Flag(self.is_response));
        sink.field("response_code", Value::Number(self.response_code.into()));
        sink.field("is_truncated", Value::Flag(self.is_truncated));
        sink.begin_list("questions");
        for (name, record_type) in &self.questions {
            sink.begin_item();
            sink.field("name", Value::Word(name));
            sink.field("record_type", Value::Number((*record_type).into()));
            sink.end_item();
        }
        sink.end_list();
        sink.field("answers", Value::Number(self.answers as u64));
        sink.values(
            "addresses",
            &mut self.addresses.iter().map(|address| match address {
                std::net::IpAddr::V4(address) => Value::Ipv4(*address),
                std::net::IpAddr::V6(address) => Value::Ipv6(*address),
            }),
        );
    }
}
