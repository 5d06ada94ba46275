//! IP Control Protocol: its options (RFC 1332 section 3, RFC 1877 section 1, RFC 2290).

use super::Protocol;
use super::control::{self, Codes, OptionSet};
use super::text;
use crate::codec::{Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;
use core::net::Ipv4Addr;
pub use number::OptionType;

/// An IPCP packet.
pub type Packet = control::Packet<Option>;

mod number {
    use crate::code_points;

    code_points! {
        /// The Type of an IPCP option.
        pub enum OptionType: u8 {
            IpAddresses = 1 => "IP-Addresses",
            IpCompressionProtocol = 2 => "IP-Compression-Protocol",
            IpAddress = 3 => "IP-Address",
            MobileIpv4 = 4 => "Mobile-IPv4",
            PrimaryDnsAddress = 129 => "Primary-DNS-Address",
            PrimaryNbnsAddress = 130 => "Primary-NBNS-Address",
            SecondaryDnsAddress = 131 => "Secondary-DNS-Address",
            SecondaryNbnsAddress = 132 => "Secondary-NBNS-Address",
        }
    }
}

/// An IPCP option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Option {
    /// IP-Addresses (1), of RFC 1172.
    IpAddresses {
        /// Source-IP-Address: the sender's.
        source: Ipv4Addr,
        /// Destination-IP-Address: its peer's.
        destination: Ipv4Addr,
    },
    /// IP-Compression-Protocol (2).
    IpCompressionProtocol {
        /// The protocol.
        protocol: Protocol,
        /// Data, of Van Jacobson compression Max-Slot-Id and Comp-Slot-Id.
        data: Vec<u8>,
    },
    /// IP-Address (3): the sender's, or 0.0.0.0 to ask for one (IPCP-1332-3.3-a).
    IpAddress(Ipv4Addr),
    /// Primary-DNS-Address (129), or 0.0.0.0 to ask for one (IPCP-1877-1-a), as in the three that follow.
    PrimaryDnsAddress(Ipv4Addr),
    /// Primary-NBNS-Address (130).
    PrimaryNbnsAddress(Ipv4Addr),
    /// Secondary-DNS-Address (131).
    SecondaryDnsAddress(Ipv4Addr),
    /// Secondary-NBNS-Address (132).
    SecondaryNbnsAddress(Ipv4Addr),
    /// An option that has no fields here.
    Unknown {
        /// Type.
        number: u8,
        /// Data.
        data: Vec<u8>,
    },
    /// An option whose Data is too short or too long for its Type.
    IllSized {
        /// Type.
        number: u8,
        /// Data.
        data: Vec<u8>,
    },
}

impl Option {
    /// The Type of the option.
    #[must_use]
    pub const fn option_type(&self) -> OptionType {
        match self {
            Self::IpAddresses { .. } => OptionType::IpAddresses,
            Self::IpCompressionProtocol { .. } => OptionType::IpCompressionProtocol,
            Self::IpAddress(_) => OptionType::IpAddress,
            Self::PrimaryDnsAddress(_) => OptionType::PrimaryDnsAddress,
            Self::PrimaryNbnsAddress(_) => OptionType::PrimaryNbnsAddress,
            Self::SecondaryDnsAddress(_) => OptionType::SecondaryDnsAddress,
            Self::SecondaryNbnsAddress(_) => OptionType::SecondaryNbnsAddress,
            Self::Unknown { number, .. } | Self::IllSized { number, .. } => OptionType::from_number(*number),
        }
    }
}

impl OptionSet for Option {
    const CODES: Codes = Codes::Network;

    fn number(&self) -> u8 {
        self.option_type().number()
    }

    fn decode_data(number: u8, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match OptionType::from_number(number) {
            OptionType::IpAddresses => Self::IpAddresses {
                source: r.ipv4("Source-IP-Address")?,
                destination: r.ipv4("Destination-IP-Address")?,
            },
            OptionType::IpCompressionProtocol => Self::IpCompressionProtocol {
                protocol: Protocol::from_number(r.u16("IP-Compression-Protocol")?),
                data: r.take_rest().to_vec(),
            },
            OptionType::IpAddress => Self::IpAddress(r.ipv4("IP-Address")?),
            OptionType::PrimaryDnsAddress => Self::PrimaryDnsAddress(r.ipv4("Primary-DNS-Address")?),
            OptionType::PrimaryNbnsAddress => Self::PrimaryNbnsAddress(r.ipv4("Primary-NBNS-Address")?),
            OptionType::SecondaryDnsAddress => Self::SecondaryDnsAddress(r.ipv4("Secondary-DNS-Address")?),
            OptionType::SecondaryNbnsAddress => Self::SecondaryNbnsAddress(r.ipv4("Secondary-NBNS-Address")?),
            OptionType::MobileIpv4 | OptionType::Unknown(_) => {
                Self::Unknown { number, data: r.take_rest().to_vec() }
            }
        })
    }

    fn ill_sized(number: u8, data: Vec<u8>) -> Self {
        Self::IllSized { number, data }
    }

    fn encode_data(&self, w: &mut Writer) {
        match self {
            Self::IpAddresses { source, destination } => {
                w.put(&source.octets());
                w.put(&destination.octets());
            }
            Self::IpCompressionProtocol { protocol, data } => {
                w.u16(protocol.number());
                w.put(data);
            }
            Self::IpAddress(address)
            | Self::PrimaryDnsAddress(address)
            | Self::PrimaryNbnsAddress(address)
            | Self::SecondaryDnsAddress(address)
            | Self::SecondaryNbnsAddress(address) => w.put(&address.octets()),
            Self::Unknown { data, .. } | Self::IllSized { data, .. } => w.put(data),
        }
    }
}

impl Show for Option {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("option", self.option_type().shown());
        sink.field("length", control::shown_length(self));
        match self {
            Self::IpAddresses { source, destination } => {
                sink.field("source_ip_address", Value::Ipv4(*source));
                sink.field("destination_ip_address", Value::Ipv4(*destination));
            }
            Self::IpCompressionProtocol { protocol, data } => {
                sink.field("ip_compression_protocol", protocol.shown());
                match (protocol, data.as_slice()) {
                    (Protocol::VanJacobsonCompressed, [max_slot_id, comp_slot_id]) => {
                        sink.field("max_slot_id", Value::Number(u64::from(*max_slot_id)));
                        sink.field("comp_slot_id", Value::Number(u64::from(*comp_slot_id)));
                    }
                    _ => control::show_data(sink, data),
                }
            }
            Self::IpAddress(address) => sink.field("ip_address", Value::Ipv4(*address)),
            Self::PrimaryDnsAddress(address) => sink.field("primary_dns_address", Value::Ipv4(*address)),
            Self::PrimaryNbnsAddress(address) => sink.field("primary_nbns_address", Value::Ipv4(*address)),
            Self::SecondaryDnsAddress(address) => sink.field("secondary_dns_address", Value::Ipv4(*address)),
            Self::SecondaryNbnsAddress(address) => {
                sink.field("secondary_nbns_address", Value::Ipv4(*address));
            }
            Self::Unknown { data, .. } => control::show_data(sink, data),
            Self::IllSized { data, .. } => control::show_ill_sized(sink, data),
        }
    }
}

impl fmt::Display for Option {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::name(f, self.option_type().name(), "option", self.number())?;
        match self {
            Self::IpAddresses { source, destination } => write!(f, " {source} {destination}"),
            Self::IpCompressionProtocol { protocol, .. } => write!(f, " {}", text::Protocol(*protocol)),
            Self::IpAddress(address)
            | Self::PrimaryDnsAddress(address)
            | Self::PrimaryNbnsAddress(address)
            | Self::SecondaryDnsAddress(address)
            | Self::SecondaryNbnsAddress(address) => write!(f, " {address}"),
            Self::IllSized { data, .. } => write!(f, " of {}", text::Octets(data.len())),
            Self::Unknown { .. } => Ok(()),
        }
    }
}
