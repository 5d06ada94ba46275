//! The Notification payload (RFC 2408 section 3.14, RFC 2407 section 4.6.3, RFC 3706 section 5.3).

use super::attribute::show_list;
use super::{Attribute, AttributeRegistry, Doi, NotifyType, ProtocolId};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// An error or a status that a side reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Under whose rules the rest is read.
    pub doi: Doi,
    /// The protocol of the SA that it is about.
    pub protocol: ProtocolId,
    /// The SPI of that SA: both cookies, or four octets of ESP, or nothing.
    pub spi: Vec<u8>,
    /// What is reported.
    pub notify_type: NotifyType,
    /// What the type prescribes.
    pub data: Vec<u8>,
}

impl Notification {
    /// The sequence number of R-U-THERE and R-U-THERE-ACK (RFC 3706 section 5.3).
    #[must_use]
    pub fn sequence_number(&self) -> Option<u32> {
        let is_dpd = matches!(self.notify_type, NotifyType::RUThere | NotifyType::RUThereAck);
        if is_dpd { self.number() } else { None }
    }

    /// The value of REPLAY-STATUS, zero if replay detection is off (RFC 2407 section 4.6.3.2).
    #[must_use]
    pub fn replay_status(&self) -> Option<u32> {
        if self.notify_type == NotifyType::ReplayStatus { self.number() } else { None }
    }

    /// The attributes of RESPONDER-LIFETIME (RFC 2407 section 4.6.3.1), if they are well-formed.
    #[must_use]
    pub fn lifetime(&self) -> Option<Vec<Attribute>> {
        if self.notify_type != NotifyType::ResponderLifetime {
            return None;
        }
        Attribute::decode_list(&mut Reader::new(&self.data)).ok()
    }

    fn number(&self) -> Option<u32> {
        <[u8; 4]>::try_from(self.data.as_slice()).ok().map(u32::from_be_bytes)
    }
}

impl Codec for Notification {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let doi = r.u32("DOI")?.into();
        let protocol = r.u8("Protocol-ID")?.into();
        let spi_size = r.u8("SPI Size")?;
        let notify_type = r.u16("Notify Message Type")?.into();
        let spi = r.take("SPI", usize::from(spi_size))?.to_vec();
        Ok(Self { doi, protocol, spi, notify_type, data: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        w.u32(self.doi.number());
        w.u8(self.protocol.number());
        let spi_size = w.fit("SPI Size", self.spi.len(), usize::from(u8::MAX));
        w.u8(u8::try_from(spi_size).unwrap_or(u8::MAX));
        w.u16(self.notify_type.number());
        w.put(&self.spi);
        w.put(&self.data);
    }
}

impl Show for Notification {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("doi", self.doi.shown());
        sink.field("protocol_id", self.protocol.shown());
        sink.field("notify_message_type", self.notify_type.shown());
        sink.field("spi", Value::Octets(&self.spi));
        if let Some(number) = self.sequence_number() {
            sink.field("sequence_number", Value::Number(u64::from(number)));
        } else if let Some(status) = self.replay_status() {
            sink.field("replay_status", Value::Number(u64::from(status)));
        } else if let Some(attributes) = self.lifetime() {
            show_list(AttributeRegistry::of(self.protocol), &attributes, sink);
        } else {
            sink.field("notification_data", Value::Octets(&self.data));
        }
    }
}
