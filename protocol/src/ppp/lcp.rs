//! Link Control Protocol: its options (RFC 1661 section 6, RFC 1570 section 2, RFC 1990 section 5, RFC 2125,
//! RFC 2153, RFC 2686).

use super::Protocol;
use super::chap::Algorithm;
use super::control::{self, Codes, OptionSet};
use super::text;
use crate::codec::{Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;
pub use number::{CallbackOperation, EndpointClass, OptionType};

/// An LCP packet.
pub type Packet = control::Packet<Option>;

mod number {
    use crate::code_points;

    code_points! {
        /// The Type of an LCP option.
        pub enum OptionType: u8 {
            VendorSpecific = 0 => "Vendor-Specific",
            MaximumReceiveUnit = 1 => "MRU",
            AsyncControlCharacterMap = 2 => "ACCM",
            AuthenticationProtocol = 3 => "Authentication-Protocol",
            QualityProtocol = 4 => "Quality-Protocol",
            MagicNumber = 5 => "Magic-Number",
            ProtocolFieldCompression = 7 => "Protocol-Field-Compression",
            AddressAndControlFieldCompression = 8 => "Address-and-Control-Field-Compression",
            FcsAlternatives = 9 => "FCS-Alternatives",
            SelfDescribingPad = 10 => "Self-Describing-Pad",
            NumberedMode = 11 => "Numbered-Mode",
            MultilinkProcedure = 12 => "Multi-Link-Procedure",
            Callback = 13 => "Callback",
            ConnectTime = 14 => "Connect-Time",
            CompoundFrames = 15 => "Compound-Frames",
            NominalDataEncapsulation = 16 => "Nominal-Data-Encapsulation",
            MaximumReceivedReconstructedUnit = 17 => "MRRU",
            ShortSequenceNumberHeaderFormat = 18 => "Short-Sequence-Number-Header-Format",
            EndpointDiscriminator = 19 => "Endpoint-Discriminator",
            Proprietary = 20 => "Proprietary",
            DceIdentifier = 21 => "DCE-Identifier",
            MultilinkPlusProcedure = 22 => "Multi-Link-Plus-Procedure",
            LinkDiscriminator = 23 => "Link-Discriminator",
            LcpAuthentication = 24 => "LCP-Authentication",
            ConsistentOverheadByteStuffing = 25 => "COBS",
            PrefixElision = 26 => "Prefix-Elision",
            MultilinkHeaderFormat = 27 => "Multilink-Header-Format",
            Internationalization = 28 => "Internationalization",
            SimpleDataLink = 29 => "Simple-Data-Link",
        }
    }

    code_points! {
        /// How a Callback option says where to call (RFC 1570 section 2.3).
        pub enum CallbackOperation: u8 {
            UserAuthentication = 0 => "location by user authentication",
            DialingString = 1 => "dialing string",
            LocationIdentifier = 2 => "location identifier",
            E164Number = 3 => "E.164 number",
            DistinguishedName = 4 => "distinguished name",
            Cbcp = 6 => "CBCP",
        }
    }

    code_points! {
        /// The address space of an endpoint discriminator (RFC 1990 section 5.1.3).
        pub enum EndpointClass: u8 {
            Null = 0 => "null",
            LocallyAssigned = 1 => "locally assigned",
            IpAddress = 2 => "IP address",
            MacAddress = 3 => "IEEE 802.1 MAC address",
            MagicNumberBlock = 4 => "PPP magic number block",
            DirectoryNumber = 5 => "directory number",
        }
    }
}

/// An LCP option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Option {
    /// Vendor-Specific (0).
    VendorSpecific {
        /// OUI of the vendor.
        organizationally_unique_identifier: [u8; 3],
        /// Kind, as the vendor numbers them.
        kind: u8,
        /// Value(s).
        values: Vec<u8>,
    },
    /// MRU (1): octets of the largest information field that the sender takes.
    MaximumReceiveUnit(u16),
    /// ACCM (2): a bit for each control character to be escaped, which means nothing inside L2TP (HDLC-1662-7.1-a).
    AsyncControlCharacterMap(u32),
    /// Authentication-Protocol (3): how the sender wants its peer to authenticate.
    AuthenticationProtocol {
        /// The protocol.
        protocol: Protocol,
        /// Data, of CHAP the algorithm in one octet.
        data: Vec<u8>,
    },
    /// Quality-Protocol (4).
    QualityProtocol {
        /// The protocol.
        protocol: Protocol,
        /// Data, of LQR the Reporting-Period in hundredths of a second.
        data: Vec<u8>,
    },
    /// Magic-Number (5).
    MagicNumber(u32),
    /// PFC (7).
    ProtocolFieldCompression,
    /// ACFC (8).
    AddressAndControlFieldCompression,
    /// FCS-Alternatives (9): 1 none, 2 of 16 bits, 4 of 32 bits, added up.
    FcsAlternatives(u8),
    /// Self-Describing-Pad (10): the greatest number of padding octets.
    SelfDescribingPad(u8),
    /// Callback (13).
    Callback {
        /// Operation.
        operation: CallbackOperation,
        /// Message: the location in the form that the operation says.
        message: Vec<u8>,
    },
    /// MRRU (17): octets of the largest packet put together from fragments; asks for multilink.
    MaximumReceivedReconstructedUnit(u16),
    /// Short-Sequence-Number-Header-Format (18).
    ShortSequenceNumberHeaderFormat,
    /// Endpoint-Discriminator (19).
    EndpointDiscriminator {
        /// Class of the address.
        class: EndpointClass,
        /// Address.
        address: Vec<u8>,
    },
    /// Link-Discriminator (23).
    LinkDiscriminator(u16),
    /// Multilink-Header-Format (27).
    MultilinkHeaderFormat {
        /// Code: 2 long sequence numbers, 6 short ones.
        code: u8,
        /// Number of suspendable classes.
        suspendable_classes: u8,
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
    /// The algorithm of an Authentication-Protocol option that names CHAP.
    #[must_use]
    pub fn algorithm(&self) -> core::option::Option<Algorithm> {
        let Self::AuthenticationProtocol { protocol: Protocol::Chap, data } = self else { return None };
        data.first().copied().map(Algorithm::from_number)
    }

    /// The Type of the option.
    #[must_use]
    pub const fn option_type(&self) -> OptionType {
        match self {
            Self::VendorSpecific { .. } => OptionType::VendorSpecific,
            Self::MaximumReceiveUnit(_) => OptionType::MaximumReceiveUnit,
            Self::AsyncControlCharacterMap(_) => OptionType::AsyncControlCharacterMap,
            Self::AuthenticationProtocol { .. } => OptionType::AuthenticationProtocol,
            Self::QualityProtocol { .. } => OptionType::QualityProtocol,
            Self::MagicNumber(_) => OptionType::MagicNumber,
            Self::ProtocolFieldCompression => OptionType::ProtocolFieldCompression,
            Self::AddressAndControlFieldCompression => OptionType::AddressAndControlFieldCompression,
            Self::FcsAlternatives(_) => OptionType::FcsAlternatives,
            Self::SelfDescribingPad(_) => OptionType::SelfDescribingPad,
            Self::Callback { .. } => OptionType::Callback,
            Self::MaximumReceivedReconstructedUnit(_) => OptionType::MaximumReceivedReconstructedUnit,
            Self::ShortSequenceNumberHeaderFormat => OptionType::ShortSequenceNumberHeaderFormat,
            Self::EndpointDiscriminator { .. } => OptionType::EndpointDiscriminator,
            Self::LinkDiscriminator(_) => OptionType::LinkDiscriminator,
            Self::MultilinkHeaderFormat { .. } => OptionType::MultilinkHeaderFormat,
            Self::Unknown { number, .. } | Self::IllSized { number, .. } => OptionType::from_number(*number),
        }
    }
}

impl OptionSet for Option {
    const CODES: Codes = Codes::Link;

    fn number(&self) -> u8 {
        self.option_type().number()
    }

    fn decode_data(number: u8, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match OptionType::from_number(number) {
            OptionType::VendorSpecific => Self::VendorSpecific {
                organizationally_unique_identifier: r.array("OUI")?,
                kind: r.u8("Kind")?,
                values: r.take_rest().to_vec(),
            },
            OptionType::MaximumReceiveUnit => Self::MaximumReceiveUnit(r.u16("Maximum-Receive-Unit")?),
            OptionType::AsyncControlCharacterMap => Self::AsyncControlCharacterMap(r.u32("ACCM")?),
            OptionType::AuthenticationProtocol => Self::AuthenticationProtocol {
                protocol: Protocol::from_number(r.u16("Authentication-Protocol")?),
                data: r.take_rest().to_vec(),
            },
            OptionType::QualityProtocol => Self::QualityProtocol {
                protocol: Protocol::from_number(r.u16("Quality-Protocol")?),
                data: r.take_rest().to_vec(),
            },
            OptionType::MagicNumber => Self::MagicNumber(r.u32("Magic-Number")?),
            OptionType::ProtocolFieldCompression => Self::ProtocolFieldCompression,
            OptionType::AddressAndControlFieldCompression => Self::AddressAndControlFieldCompression,
            OptionType::FcsAlternatives => Self::FcsAlternatives(r.u8("Options")?),
            OptionType::SelfDescribingPad => Self::SelfDescribingPad(r.u8("Maximum")?),
            OptionType::Callback => Self::Callback {
                operation: CallbackOperation::from_number(r.u8("Operation")?),
                message: r.take_rest().to_vec(),
            },
            OptionType::MaximumReceivedReconstructedUnit => {
                Self::MaximumReceivedReconstructedUnit(r.u16("Max-Receive-Reconstructed-Unit")?)
            }
            OptionType::ShortSequenceNumberHeaderFormat => Self::ShortSequenceNumberHeaderFormat,
            OptionType::EndpointDiscriminator => Self::EndpointDiscriminator {
                class: EndpointClass::from_number(r.u8("Class")?),
                address: r.take_rest().to_vec(),
            },
            OptionType::LinkDiscriminator => Self::LinkDiscriminator(r.u16("Link-Discriminator")?),
            OptionType::MultilinkHeaderFormat => Self::MultilinkHeaderFormat {
                code: r.u8("Code")?,
                suspendable_classes: r.u8("# Susp Clses")?,
            },
            OptionType::NumberedMode
            | OptionType::MultilinkProcedure
            | OptionType::ConnectTime
            | OptionType::CompoundFrames
            | OptionType::NominalDataEncapsulation
            | OptionType::Proprietary
            | OptionType::DceIdentifier
            | OptionType::MultilinkPlusProcedure
            | OptionType::LcpAuthentication
            | OptionType::ConsistentOverheadByteStuffing
            | OptionType::PrefixElision
            | OptionType::Internationalization
            | OptionType::SimpleDataLink
            | OptionType::Unknown(_) => Self::Unknown { number, data: r.take_rest().to_vec() },
        })
    }

    fn ill_sized(number: u8, data: Vec<u8>) -> Self {
        Self::IllSized { number, data }
    }

    fn encode_data(&self, w: &mut Writer) {
        match self {
            Self::VendorSpecific { organizationally_unique_identifier, kind, values } => {
                w.put(organizationally_unique_identifier);
                w.u8(*kind);
                w.put(values);
            }
            Self::MaximumReceiveUnit(number)
            | Self::MaximumReceivedReconstructedUnit(number)
            | Self::LinkDiscriminator(number) => w.u16(*number),
            Self::AsyncControlCharacterMap(number) | Self::MagicNumber(number) => w.u32(*number),
            Self::AuthenticationProtocol { protocol, data } | Self::QualityProtocol { protocol, data } => {
                w.u16(protocol.number());
                w.put(data);
            }
            Self::ProtocolFieldCompression
            | Self::AddressAndControlFieldCompression
            | Self::ShortSequenceNumberHeaderFormat => {}
            Self::FcsAlternatives(octet) | Self::SelfDescribingPad(octet) => w.u8(*octet),
            Self::Callback { operation, message } => {
                w.u8(operation.number());
                w.put(message);
            }
            Self::EndpointDiscriminator { class, address } => {
                w.u8(class.number());
                w.put(address);
            }
            Self::MultilinkHeaderFormat { code, suspendable_classes } => {
                w.put(&[*code, *suspendable_classes]);
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
            Self::VendorSpecific { organizationally_unique_identifier, kind, values } => {
                sink.field(
                    "organizationally_unique_identifier",
                    Value::Octets(organizationally_unique_identifier),
                );
                sink.field("kind", Value::Number(u64::from(*kind)));
                sink.field("values", Value::Octets(values));
            }
            Self::MaximumReceiveUnit(octets) => sink.field("mru", Value::Number(u64::from(*octets))),
            Self::AsyncControlCharacterMap(map) => {
                sink.field("async_control_character_map", Value::Number(u64::from(*map)));
            }
            Self::AuthenticationProtocol { protocol, data } => {
                sink.field("authentication_protocol", protocol.shown());
                let rest = match self.algorithm() {
                    None => data.as_slice(),
                    Some(algorithm) => {
                        sink.field("algorithm", algorithm.shown());
                        data.get(1..).unwrap_or_default()
                    }
                };
                control::show_data(sink, rest);
            }
            Self::QualityProtocol { protocol, data } => {
                sink.field("quality_protocol", protocol.shown());
                match (protocol, <[u8; 4]>::try_from(data.as_slice())) {
                    (Protocol::LinkQualityReport, Ok(period)) => {
                        sink.field("reporting_period", Value::Number(u64::from(u32::from_be_bytes(period))));
                    }
                    _ => control::show_data(sink, data),
                }
            }
            Self::MagicNumber(number) => sink.field("magic_number", Value::Number(u64::from(*number))),
            Self::ProtocolFieldCompression
            | Self::AddressAndControlFieldCompression
            | Self::ShortSequenceNumberHeaderFormat => {}
            Self::FcsAlternatives(bits) => sink.field("fcs_alternatives", Value::Number(u64::from(*bits))),
            Self::SelfDescribingPad(maximum) => sink.field("maximum", Value::Number(u64::from(*maximum))),
            Self::Callback { operation, message } => {
                sink.field("operation", operation.shown());
                if !message.is_empty() {
                    sink.field("message", Value::Octets(message));
                }
            }
            Self::MaximumReceivedReconstructedUnit(octets) => {
                sink.field("mrru", Value::Number(u64::from(*octets)));
            }
            Self::EndpointDiscriminator { class, address } => {
                sink.field("class", class.shown());
                sink.field("address", Value::Octets(address));
            }
            Self::LinkDiscriminator(number) => {
                sink.field("link_discriminator", Value::Number(u64::from(*number)));
            }
            Self::MultilinkHeaderFormat { code, suspendable_classes } => {
                sink.field("code", Value::Number(u64::from(*code)));
                sink.field("suspendable_classes", Value::Number(u64::from(*suspendable_classes)));
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
            Self::MaximumReceiveUnit(octets) | Self::MaximumReceivedReconstructedUnit(octets) => {
                write!(f, " {octets}")
            }
            Self::AuthenticationProtocol { protocol, .. } | Self::QualityProtocol { protocol, .. } => {
                write!(f, " {}", text::Protocol(*protocol))?;
                self.algorithm().map_or(Ok(()), |algorithm| write!(f, " {algorithm}"))
            }
            Self::Callback { operation, .. } => write!(f, " {operation}"),
            Self::IllSized { data, .. } => write!(f, " of {}", text::Octets(data.len())),
            Self::VendorSpecific { .. }
            | Self::AsyncControlCharacterMap(_)
            | Self::MagicNumber(_)
            | Self::ProtocolFieldCompression
            | Self::AddressAndControlFieldCompression
            | Self::FcsAlternatives(_)
            | Self::SelfDescribingPad(_)
            | Self::ShortSequenceNumberHeaderFormat
            | Self::EndpointDiscriminator { .. }
            | Self::LinkDiscriminator(_)
            | Self::MultilinkHeaderFormat { .. }
            | Self::Unknown { .. } => Ok(()),
        }
    }
}
