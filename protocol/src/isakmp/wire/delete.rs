//! The Delete payload (RFC 2408 section 3.15).

use super::{Doi, ProtocolId};
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value};

/// SAs that the sender has deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// Under whose rules the rest is read.
    pub doi: Doi,
    /// The protocol of all these SAs.
    pub protocol: ProtocolId,
    /// Octets of each SPI: 16 for ISAKMP, 4 for ESP.
    pub spi_size: u8,
    /// The SPIs, each of `spi_size` octets.
    pub spis: Vec<Vec<u8>>,
}

impl Codec for Delete {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let doi = r.u32("DOI")?.into();
        let protocol = r.u8("Protocol-Id")?.into();
        let spi_size = r.u8("SPI Size")?;
        let at_count = *r;
        let count = r.u16("# of SPIs")?;
        // Without this, 65535 empty SPIs would take no octets.
        if spi_size == 0 && count != 0 {
            return Err(at_count.refuse("# of SPIs", Why::Value { got: u64::from(count) }));
        }
        let mut spis = Vec::new();
        for _ in 0..count {
            spis.push(r.take("SPI", usize::from(spi_size))?.to_vec());
        }
        r.finish("SPI")?;
        Ok(Self { doi, protocol, spi_size, spis })
    }

    fn encode(&self, w: &mut Writer) {
        let size = usize::from(self.spi_size);
        w.u32(self.doi.number());
        w.u8(self.protocol.number());
        w.u8(self.spi_size);
        let count = w.fit("# of SPIs", self.spis.len(), usize::from(u16::MAX));
        w.u16(u16::try_from(count).unwrap_or(u16::MAX));
        for spi in &self.spis {
            if spi.len() != size || size == 0 {
                w.fit("SPI", spi.len().max(size).max(1), spi.len().min(size));
            }
            w.put(spi);
        }
    }
}

impl Show for Delete {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("doi", self.doi.shown());
        sink.field("protocol_id", self.protocol.shown());
        sink.field("spi_size", Value::Number(u64::from(self.spi_size)));
        sink.values("spis", &mut self.spis.iter().map(|spi| Value::Octets(spi)));
    }
}
