//! The Database Description packet's body (RFC 2328 section A.3.3).

use core::fmt;

use super::code_point::Options;
use super::lsa::LsaHeader;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value, list};

/// What a database holds, in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseDescription {
    /// The largest datagram that the interface passes unfragmented, octets (requirement OSPF-2328-10.8-a).
    pub interface_mtu: u16,
    /// What the router can do.
    pub options: Options,
    /// The bits I, M and MS, and those without a meaning here.
    pub flags: u8,
    /// The number that the master counts up.
    pub dd_sequence_number: u32,
    /// Headers of LSAs that the database holds.
    pub lsa_headers: Vec<LsaHeader>,
}

impl DatabaseDescription {
    /// The first of the packets (Init bit).
    pub const I: u8 = 0x04;
    /// More packets follow (More bit).
    pub const M: u8 = 0x02;
    /// The sender is the master (Master/Slave bit).
    pub const MS: u8 = 0x01;

    /// Whether a flag is set.
    #[must_use]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn summarise(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " (")?;
        for (flag, word) in [(Self::I, "I "), (Self::M, "M "), (Self::MS, "MS ")] {
            f.write_str(if self.has(flag) { word } else { "" })?;
        }
        write!(f, "MTU {} sequence {}", self.interface_mtu, self.dd_sequence_number)?;
        write!(f, ", LSA headers {})", self.lsa_headers.len())
    }
}

impl Codec for DatabaseDescription {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            interface_mtu: r.u16("Interface MTU")?,
            options: Options(r.u8("Options")?),
            flags: r.u8("Flags")?,
            dd_sequence_number: r.u32("DD sequence number")?,
            lsa_headers: LsaHeader::decode_list(r)?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u16(self.interface_mtu);
        w.u8(self.options.0);
        w.u8(self.flags);
        w.u32(self.dd_sequence_number);
        for header in &self.lsa_headers {
            header.encode(w);
        }
    }
}

impl Show for DatabaseDescription {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("interface_mtu", Value::Number(u64::from(self.interface_mtu)));
        self.options.show(sink);
        sink.field("flags", Value::Number(u64::from(self.flags)));
        sink.field("flag_i", Value::Flag(self.has(Self::I)));
        sink.field("flag_m", Value::Flag(self.has(Self::M)));
        sink.field("flag_ms", Value::Flag(self.has(Self::MS)));
        sink.field("dd_sequence_number", Value::Number(u64::from(self.dd_sequence_number)));
        list(sink, "lsa_headers", &self.lsa_headers);
    }
}
