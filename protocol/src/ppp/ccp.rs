//! Compression Control Protocol: its options (RFC 1962 section 4; RFC 1974 Stac, 1975 MVRCA, 1977 BSD, 1978 Predictor,
//! 1979 Deflate, 3078 MPPE).

use super::control::{self, Codes, OptionSet};
use super::text;
use crate::codec::{Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;
pub use number::OptionType;

/// A CCP packet.
pub type Packet = control::Packet<Option>;

mod number {
    use crate::code_points;

    code_points! {
        /// The Type of a CCP option.
        pub enum OptionType: u8 {
            Oui = 0 => "OUI",
            Predictor1 = 1 => "Predictor type 1",
            Predictor2 = 2 => "Predictor type 2",
            PuddleJumper = 3 => "Puddle Jumper",
            HewlettPackardPpc = 16 => "Hewlett-Packard PPC",
            StacLzs = 17 => "Stac LZS",
            Mppe = 18 => "MPPE",
            GandalfFza = 19 => "Gandalf FZA",
            V42bis = 20 => "V.42bis",
            BsdCompress = 21 => "BSD Compress",
            LzsDcp = 23 => "LZS-DCP",
            Mvrca = 24 => "MVRCA or draft Deflate",
            Dce = 25 => "DCE",
            Deflate = 26 => "Deflate",
        }
    }
}

/// A CCP option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Option {
    /// OUI (0): a compression of a vendor's own.
    Oui {
        /// OUI of the vendor.
        organizationally_unique_identifier: [u8; 3],
        /// Subtype, as the vendor numbers them.
        subtype: u8,
        /// Value(s).
        values: Vec<u8>,
    },
    /// Predictor type 1 (1).
    Predictor1,
    /// Predictor type 2 (2).
    Predictor2,
    /// Puddle Jumper (3).
    PuddleJumper(Vec<u8>),
    /// Stac LZS (17).
    StacLzs {
        /// History Count.
        history_count: u16,
        /// Check Mode in the low three bits: 0 none, 1 LCB, 2 CRC, 3 sequence number, 4 extended.
        check_mode: u8,
    },
    /// MPPE and MPPC (18).
    Mppe(SupportedBits),
    /// BSD Compress (21).
    BsdCompress {
        /// Version of the option in 3 bits, 1 so far.
        version: u8,
        /// Bits of the largest code, in 5 bits.
        dictionary_bits: u8,
    },
    /// MVRCA (24): its two octets of features, history and contexts.
    Mvrca([u8; 2]),
    /// Deflate as pppd's drafts numbered it (24). Told from MVRCA by the method.
    DraftDeflate(Deflate),
    /// Deflate (26).
    Deflate(Deflate),
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

/// The Data of a Deflate option (RFC 1979 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// Window in the high four bits, the binary logarithm of its octets less 8; Method in the low four, 8 for Deflate.
    pub window_and_method: u8,
    /// Six reserved bits and Chk in the low two, 0 for sequence numbers.
    pub check: u8,
}

impl Deflate {
    /// Method of Deflate, the same as in zlib's header.
    const METHOD: u8 = 8;

    /// Method, 8 for Deflate.
    #[must_use]
    pub const fn method(self) -> u8 {
        self.window_and_method & 0x0f
    }

    /// Binary logarithm of the octets in the window.
    #[must_use]
    pub const fn window_bits(self) -> u8 {
        (self.window_and_method >> 4).wrapping_add(8)
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { window_and_method: r.u8("Window and Method")?, check: r.u8("Chk")? })
    }

    fn show(self, sink: &mut dyn Sink) {
        sink.field("window", Value::Number(u64::from(self.window_and_method >> 4)));
        sink.field("method", Value::Number(u64::from(self.method())));
        sink.field("check", Value::Number(u64::from(self.check)));
    }
}

/// The Supported Bits of an MPPE option (RFC 3078 section 2, MPPE-3078-2-a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupportedBits(pub u32);

impl SupportedBits {
    /// H: stateless mode.
    pub const STATELESS: u32 = 0x0100_0000;
    /// M: keys of 56 bits.
    pub const STRENGTH_56: u32 = 0x80;
    /// S: keys of 128 bits.
    pub const STRENGTH_128: u32 = 0x40;
    /// L: keys of 40 bits.
    pub const STRENGTH_40: u32 = 0x20;
    /// D: obsolete.
    pub const OBSOLETE: u32 = 0x10;
    /// C: MPPC compression.
    pub const COMPRESSION: u32 = 0x01;
    /// Every bit with its letter and the name it is shown under.
    const NAMED: [(u32, &'static str, &'static str); 6] = [
        (Self::STATELESS, "H", "stateless"),
        (Self::STRENGTH_56, "M", "strength_56_bit"),
        (Self::STRENGTH_128, "S", "strength_128_bit"),
        (Self::STRENGTH_40, "L", "strength_40_bit"),
        (Self::OBSOLETE, "D", "obsolete"),
        (Self::COMPRESSION, "C", "compression"),
    ];

    /// Whether all of `bits` are set.
    #[must_use]
    pub const fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }

    /// The bits without a name, which should be zero.
    #[must_use]
    pub fn unnamed(self) -> u32 {
        Self::NAMED.iter().fold(self.0, |rest, (bit, _, _)| rest & !bit)
    }
}

impl fmt::Display for SupportedBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_none = true;
        for (bit, letter, _) in Self::NAMED {
            if self.has(bit) {
                f.write_str(letter)?;
                is_none = false;
            }
        }
        match (is_none, self.unnamed()) {
            (true, 0) => f.write_str("none"),
            (_, 0) => Ok(()),
            (_, rest) => write!(f, "+{rest:#x}"),
        }
    }
}

impl Option {
    /// The Type of the option.
    #[must_use]
    pub const fn option_type(&self) -> OptionType {
        match self {
            Self::Oui { .. } => OptionType::Oui,
            Self::Predictor1 => OptionType::Predictor1,
            Self::Predictor2 => OptionType::Predictor2,
            Self::PuddleJumper(_) => OptionType::PuddleJumper,
            Self::StacLzs { .. } => OptionType::StacLzs,
            Self::Mppe(_) => OptionType::Mppe,
            Self::BsdCompress { .. } => OptionType::BsdCompress,
            Self::Mvrca(_) | Self::DraftDeflate(_) => OptionType::Mvrca,
            Self::Deflate(_) => OptionType::Deflate,
            Self::Unknown { number, .. } | Self::IllSized { number, .. } => OptionType::from_number(*number),
        }
    }
}

impl OptionSet for Option {
    const CODES: Codes = Codes::Compression;

    fn number(&self) -> u8 {
        self.option_type().number()
    }

    fn decode_data(number: u8, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match OptionType::from_number(number) {
            OptionType::Oui => Self::Oui {
                organizationally_unique_identifier: r.array("OUI")?,
                subtype: r.u8("Subtype")?,
                values: r.take_rest().to_vec(),
            },
            OptionType::Predictor1 => Self::Predictor1,
            OptionType::Predictor2 => Self::Predictor2,
            OptionType::PuddleJumper => Self::PuddleJumper(r.take_rest().to_vec()),
            OptionType::StacLzs => {
                Self::StacLzs { history_count: r.u16("History Count")?, check_mode: r.u8("Check Mode")? }
            }
            OptionType::Mppe => Self::Mppe(SupportedBits(r.u32("Supported Bits")?)),
            OptionType::BsdCompress => {
                let octet = r.u8("Vers and Dict")?;
                Self::BsdCompress { version: octet >> 5, dictionary_bits: octet & 0x1f }
            }
            OptionType::Mvrca => {
                let data = *r;
                match Deflate::decode(r)? {
                    deflate if deflate.method() == Deflate::METHOD => Self::DraftDeflate(deflate),
                    _other => Self::Mvrca(data.clone().array("Features")?),
                }
            }
            OptionType::Deflate => Self::Deflate(Deflate::decode(r)?),
            OptionType::HewlettPackardPpc
            | OptionType::GandalfFza
            | OptionType::V42bis
            | OptionType::LzsDcp
            | OptionType::Dce
            | OptionType::Unknown(_) => Self::Unknown { number, data: r.take_rest().to_vec() },
        })
    }

    fn ill_sized(number: u8, data: Vec<u8>) -> Self {
        Self::IllSized { number, data }
    }

    fn encode_data(&self, w: &mut Writer) {
        match self {
            Self::Oui { organizationally_unique_identifier, subtype, values } => {
                w.put(organizationally_unique_identifier);
                w.u8(*subtype);
                w.put(values);
            }
            Self::Predictor1 | Self::Predictor2 => {}
            Self::StacLzs { history_count, check_mode } => {
                w.u16(*history_count);
                w.u8(*check_mode);
            }
            Self::Mppe(bits) => w.u32(bits.0),
            Self::BsdCompress { version, dictionary_bits } => {
                w.fit("Vers", usize::from(*version), 0x07);
                w.fit("Dict", usize::from(*dictionary_bits), 0x1f);
                w.u8(version << 5 | dictionary_bits & 0x1f);
            }
            Self::Mvrca(octets) => w.put(octets),
            Self::DraftDeflate(deflate) | Self::Deflate(deflate) => {
                w.put(&[deflate.window_and_method, deflate.check]);
            }
            Self::PuddleJumper(data) | Self::Unknown { data, .. } | Self::IllSized { data, .. } => {
                w.put(data);
            }
        }
    }
}

impl Show for Option {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("option", self.option_type().shown());
        sink.field("length", control::shown_length(self));
        match self {
            Self::Oui { organizationally_unique_identifier, subtype, values } => {
                sink.field(
                    "organizationally_unique_identifier",
                    Value::Octets(organizationally_unique_identifier),
                );
                sink.field("subtype", Value::Number(u64::from(*subtype)));
                sink.field("values", Value::Octets(values));
            }
            Self::Predictor1 | Self::Predictor2 => {}
            Self::StacLzs { history_count, check_mode } => {
                sink.field("history_count", Value::Number(u64::from(*history_count)));
                sink.field("check_mode", Value::Number(u64::from(*check_mode)));
            }
            Self::Mppe(bits) => {
                sink.field("supported_bits", Value::Number(u64::from(bits.0)));
                for (bit, _, name) in SupportedBits::NAMED {
                    sink.field(name, Value::Flag(bits.has(bit)));
                }
            }
            Self::BsdCompress { version, dictionary_bits } => {
                sink.field("version", Value::Number(u64::from(*version)));
                sink.field("dictionary_bits", Value::Number(u64::from(*dictionary_bits)));
            }
            Self::Mvrca(octets) => control::show_data(sink, octets),
            Self::DraftDeflate(deflate) | Self::Deflate(deflate) => deflate.show(sink),
            Self::PuddleJumper(data) | Self::Unknown { data, .. } => control::show_data(sink, data),
            Self::IllSized { data, .. } => control::show_ill_sized(sink, data),
        }
    }
}

impl fmt::Display for Option {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option_type = self.option_type();
        match self {
            Self::Mppe(bits) => write!(f, "{option_type} {bits}"),
            Self::BsdCompress { dictionary_bits, .. } => write!(f, "{option_type} {dictionary_bits}"),
            Self::Mvrca(_) => f.write_str("MVRCA"),
            Self::DraftDeflate(deflate) => write!(f, "draft Deflate {}", deflate.window_bits()),
            Self::Deflate(deflate) => write!(f, "{option_type} {}", deflate.window_bits()),
            Self::IllSized { data, .. } => write!(f, "{option_type} of {}", text::Octets(data.len())),
            Self::Oui { .. }
            | Self::Predictor1
            | Self::Predictor2
            | Self::PuddleJumper(_)
            | Self::StacLzs { .. }
            | Self::Unknown { .. } => text::name(f, option_type.name(), "option", self.number()),
        }
    }
}
