//! The bodies of Link State Request, Update and Acknowledgment packets (RFC 2328 sections A.3.4 to A.3.6).

use core::net::Ipv4Addr;

use super::lsa::{Lsa, LsaHeader};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value, list};

/// Which LSAs are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStateRequest {
    /// The LSAs, each by its key.
    pub entries: Vec<LinkStateRequestEntry>,
}

/// The key of a wanted LSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStateRequestEntry {
    /// Its type, here in 32 bits. [`super::LsType`] names those up to 255.
    pub ls_type: u32,
    /// Its Link State ID.
    pub link_state_id: Ipv4Addr,
    /// Who originated it.
    pub advertising_router: Ipv4Addr,
}

/// LSAs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStateUpdate {
    /// The LSAs, those included with a wrong checksum (requirement OSPF-2328-13-b). Their number is computed.
    pub lsas: Vec<Lsa>,
}

/// Which LSAs have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStateAcknowledgment {
    /// Their headers.
    pub lsa_headers: Vec<LsaHeader>,
}

impl Codec for LinkStateRequestEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            ls_type: r.u32("LS type")?,
            link_state_id: r.ipv4("Link State ID")?,
            advertising_router: r.ipv4("Advertising Router")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u32(self.ls_type);
        w.put(&self.link_state_id.octets());
        w.put(&self.advertising_router.octets());
    }
}

impl Show for LinkStateRequestEntry {
    fn show(&self, sink: &mut dyn Sink) {
        let name = u8::try_from(self.ls_type).ok().and_then(|number| super::LsType::from(number).name());
        sink.field("ls_type", Value::Code { number: u64::from(self.ls_type), name });
        sink.field("link_state_id", Value::Ipv4(self.link_state_id));
        sink.field("advertising_router", Value::Ipv4(self.advertising_router));
    }
}

impl Codec for LinkStateRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut entries = Vec::new();
        while !r.is_empty() {
            entries.push(LinkStateRequestEntry::decode(r)?);
        }
        Ok(Self { entries })
    }

    fn encode(&self, w: &mut Writer) {
        for entry in &self.entries {
            entry.encode(w);
        }
    }
}

impl Show for LinkStateRequest {
    fn show(&self, sink: &mut dyn Sink) {
        list(sink, "requests", &self.entries);
    }
}

impl Codec for LinkStateUpdate {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut lsas = Vec::new();
        for _ in 0..r.u32("# LSAs")? {
            lsas.push(Lsa::decode(r)?);
        }
        Ok(Self { lsas })
    }

    fn encode(&self, w: &mut Writer) {
        let count = w.fit("# LSAs", self.lsas.len(), usize::from(u16::MAX));
        w.u32(u32::try_from(count).unwrap_or(u32::MAX));
        for lsa in &self.lsas {
            lsa.encode(w);
        }
    }
}

impl Show for LinkStateUpdate {
    fn show(&self, sink: &mut dyn Sink) {
        let count = u64::try_from(self.lsas.len()).unwrap_or(u64::MAX);
        sink.field("number_of_lsas", Value::Number(count));
        list(sink, "lsas", &self.lsas);
    }
}

impl Codec for LinkStateAcknowledgment {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { lsa_headers: LsaHeader::decode_list(r)? })
    }

    fn encode(&self, w: &mut Writer) {
        for header in &self.lsa_headers {
            header.encode(w);
        }
    }
}

impl Show for LinkStateAcknowledgment {
    fn show(&self, sink: &mut dyn Sink) {
        list(sink, "lsa_headers", &self.lsa_headers);
    }
}
