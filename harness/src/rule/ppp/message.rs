//! Packets of the protocols that negotiate by RFC 1661, seen alike whatever their options mean.

use std::fmt;

use l2tpspec_protocol::codec::Writer;
use l2tpspec_protocol::ppp::control::{Body, Code, OptionSet, Packet};
use l2tpspec_protocol::ppp::{Control, Protocol};

/// An option as it stands in the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(super) number: u8,
    pub(super) data: Vec<u8>,
    /// The RFC's name and the value.
    pub(super) shown: String,
}

impl Choice {
    /// Whether both say the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.number == other.number && self.data == other.data
    }
}

/// What a packet carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Options(Vec<Choice>),
    /// Magic-Number of an Echo or Discard packet.
    Magic(u32),
    RejectedProtocol(Protocol),
    RejectedPacket(Vec<u8>),
    Other,
}

/// A packet.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) protocol: Protocol,
    pub(crate) code: Code,
    pub(crate) identifier: u8,
    pub(crate) content: Content,
}

impl Message {
    /// A packet of a protocol that negotiates; `None` of those that authenticate.
    pub(crate) fn of(control: &Control) -> Option<Self> {
        Some(match control {
            Control::Lcp(packet) => Self::read(Protocol::Lcp, packet),
            Control::Ipcp(packet) => Self::read(Protocol::Ipcp, packet),
            Control::Ipv6cp(packet) => Self::read(Protocol::Ipv6cp, packet),
            Control::Ccp(packet) => Self::read(Protocol::Ccp, packet),
            Control::Other { protocol, packet } => Self::read(*protocol, packet),
            Control::Pap(_) | Control::Chap(_) | Control::Eap(_) | Control::Cbcp(_) => return None,
        })
    }

    fn read<O: OptionSet>(protocol: Protocol, packet: &Packet<O>) -> Self {
        let content = match &packet.body {
            Body::Options(options) => Content::Options(options.iter().map(choice).collect()),
            Body::Echo { magic_number, .. } => Content::Magic(*magic_number),
            Body::RejectedProtocol { protocol, .. } => Content::RejectedProtocol(*protocol),
            Body::RejectedPacket(octets) => Content::RejectedPacket(octets.clone()),
            _ => Content::Other,
        };
        Self { protocol, code: packet.code, identifier: packet.identifier, content }
    }

    /// The options of a Configure packet of this code.
    pub(super) fn options(&self, code: Code) -> Option<&[Choice]> {
        match &self.content {
            Content::Options(options) if self.code == code => Some(options),
            _ => None,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} id {}", self.protocol, self.code, self.identifier)
    }
}

fn choice<O: OptionSet>(option: &O) -> Choice {
    let mut w = Writer::new();
    option.encode_data(&mut w);
    Choice {
        number: option.number(),
        // An option's Data always fits: it was read from one.
        data: w.into_octets().unwrap_or_default(),
        shown: option.to_string(),
    }
}

/// Options, one after the other, for a report.
pub(super) fn listed(options: &[Choice]) -> String {
    if options.is_empty() {
        return "no options".to_owned();
    }
    options.iter().map(|option| option.shown.as_str()).collect::<Vec<_>>().join(", ")
}
