//! The header of an LSA (RFC 2328 section A.4.1), which stands for it in descriptions and acknowledgments.

use core::net::Ipv4Addr;

use super::super::code_point::{LsType, Options};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// The header of a link state advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LsaHeader {
    /// Seconds since it was originated; 3600 (`MaxAge`) takes it out of the database. The top bit, `DoNotAge`, is kept.
    pub ls_age: u16,
    /// What the described part of the domain can do.
    pub options: Options,
    /// What kind of LSA it is.
    pub ls_type: LsType,
    /// Which part of the domain it describes.
    pub link_state_id: Ipv4Addr,
    /// The Router ID of who originated it.
    pub advertising_router: Ipv4Addr,
    /// Which of two instances is newer, once taken as a signed number.
    pub ls_sequence_number: u32,
    /// The Fletcher checksum of all but the age.
    pub ls_checksum: u16,
    /// Octets of the LSA with this header.
    pub length: u16,
}

impl LsaHeader {
    /// Octets of a header.
    pub(super) const LENGTH: usize = 20;
    /// Where the checksum stands.
    pub(super) const CHECKSUM_AT: usize = 16;

    /// Takes headers until nothing is left.
    pub(in super::super) fn decode_list(r: &mut Reader<'_>) -> Result<Vec<Self>, Malformed> {
        let mut headers = Vec::new();
        while !r.is_empty() {
            headers.push(Self::decode(r)?);
        }
        Ok(headers)
    }

    pub(super) fn encode_to_length(&self, w: &mut Writer) {
        w.u16(self.ls_age);
        w.u8(self.options.0);
        w.u8(self.ls_type.number());
        w.put(&self.link_state_id.octets());
        w.put(&self.advertising_router.octets());
        w.u32(self.ls_sequence_number);
        w.u16(self.ls_checksum);
    }
}

impl Codec for LsaHeader {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            ls_age: r.u16("LS age")?,
            options: Options(r.u8("Options")?),
            ls_type: r.u8("LS type")?.into(),
            link_state_id: r.ipv4("Link State ID")?,
            advertising_router: r.ipv4("Advertising Router")?,
            ls_sequence_number: r.u32("LS sequence number")?,
            ls_checksum: r.u16("LS checksum")?,
            length: r.u16("LSA length")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        self.encode_to_length(w);
        w.u16(self.length);
    }
}

impl Show for LsaHeader {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("ls_age", Value::Number(u64::from(self.ls_age)));
        self.options.show(sink);
        sink.field("ls_type", self.ls_type.shown());
        sink.field("link_state_id", Value::Ipv4(self.link_state_id));
        sink.field("advertising_router", Value::Ipv4(self.advertising_router));
        sink.field("ls_sequence_number", Value::Number(u64::from(self.ls_sequence_number)));
        sink.field("ls_checksum", Value::Number(u64::from(self.ls_checksum)));
        sink.field("length", Value::Number(u64::from(self.length)));
    }
}
