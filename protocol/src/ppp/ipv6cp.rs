//! IPv6 Control Protocol: its options (RFC 5072 section 4, RFC 5172).

use super::Protocol;
use super::control::{self, Codes, OptionSet};
use super::text;
use crate::codec::{Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;
pub use number::OptionType;

/// An IPV6CP packet.
pub type Packet = control::Packet<Option>;

mod number {
    use crate::code_points;

    code_points! {
        /// The Type of an IPV6CP option.
        pub enum OptionType: u8 {
            InterfaceIdentifier = 1 => "Interface-Identifier",
            Ipv6CompressionProtocol = 2 => "IPv6-Compression-Protocol",
        }
    }
}

/// An IPV6CP option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Option {
    /// Interface-Identifier (1): the low half of the sender's link-local address.
    InterfaceIdentifier([u8; 8]),
    /// IPv6-Compression-Protocol (2).
    Ipv6CompressionProtocol {
        /// The protocol.
        protocol: Protocol,
        /// Data.
        data: Vec<u8>,
    },
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
            Self::InterfaceIdentifier(_) => OptionType::InterfaceIdentifier,
            Self::Ipv6CompressionProtocol { .. } => OptionType::Ipv6CompressionProtocol,
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
            OptionType::InterfaceIdentifier => Self::InterfaceIdentifier(r.array("Interface-Identifier")?),
            OptionType::Ipv6CompressionProtocol => Self::Ipv6CompressionProtocol {
                protocol: Protocol::from_number(r.u16("IPv6-Compression-Protocol")?),
                data: r.take_rest().to_vec(),
            },
            OptionType::Unknown(_) => Self::Unknown { number, data: r.take_rest().to_vec() },
        })
    }

    fn ill_sized(number: u8, data: Vec<u8>) -> Self {
        Self::IllSized { number, data }
    }

    fn encode_data(&self, w: &mut Writer) {
        match self {
            Self::InterfaceIdentifier(identifier) => w.put(identifier),
            Self::Ipv6CompressionProtocol { protocol, data } => {
                w.u16(protocol.number());
                w.put(data);
            }
            Self::Unknown { data, .. } | Self::IllSized { data, .. } => w.put(data),
        }
    }
}

impl Show for Option {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("option", self.option_type().shown());
        sink.field("length", control::shown_length(self));
        match self {
            Self::InterfaceIdentifier(identifier) => {
                sink.field("interface_identifier", Value::Octets(identifier));
            }
            Self::Ipv6CompressionProtocol { protocol, data } => {
                sink.field("ipv6_compression_protocol", protocol.shown());
                control::show_data(sink, data);
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
            Self::InterfaceIdentifier(identifier) => {
                write!(f, " {:016x}", u64::from_be_bytes(*identifier))
            }
            Self::Ipv6CompressionProtocol { protocol, .. } => write!(f, " {}", text::Protocol(*protocol)),
            Self::IllSized { data, .. } => write!(f, " of {}", text::Octets(data.len())),
            Self::Unknown { .. } => Ok(()),
        }
    }
}
