//! Control messages (RFC 2661 sections 3.1 and 3.2): AVPs behind a header.

use core::fmt;

use super::avp::Context;
use super::header::Header;
use super::{AttributeType, Avp, AvpValue, MessageType, ProxyAuthenType};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// A control message. Without AVPs it is a ZLB, which acknowledges and nothing else.
///
/// Decodes without L or S bit as well: requirement L2TP-2661-3.1-a is for a rule to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlMessage {
    /// The header.
    pub header: Header,
    /// The attribute-value pairs, Message Type first.
    pub avps: Vec<Avp>,
    /// Octets of the datagram beyond the Length.
    pub padding: Vec<u8>,
}

impl ControlMessage {
    /// A message of AVPs whose M bits are as the RFC lays down.
    #[must_use]
    pub fn new(header: Header, values: impl IntoIterator<Item = AvpValue>) -> Self {
        Self { header, avps: values.into_iter().map(Avp::new).collect(), padding: Vec::new() }
    }

    /// Whether this is a zero-length body message.
    #[must_use]
    pub const fn is_zlb(&self) -> bool {
        self.avps.is_empty()
    }

    /// The number in the Message Type AVP, if that AVP comes first (requirement L2TP-2661-4.4.1-a).
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        match self.avps.first() {
            Some(Avp { value: AvpValue::MessageType(message_type), .. }) => Some(*message_type),
            _ => None,
        }
    }

    /// The first AVP of this type and Vendor ID 0.
    #[must_use]
    pub fn find(&self, attribute: AttributeType) -> Option<&Avp> {
        self.avps.iter().find(|avp| avp.attribute() == Some(attribute))
    }

    fn proxy_authen_type(&self) -> Option<ProxyAuthenType> {
        match self.find(AttributeType::ProxyAuthenType) {
            Some(Avp { value: AvpValue::ProxyAuthenType(kind), .. }) => Some(*kind),
            _ => None,
        }
    }

    fn encode_unpadded(&self, w: &mut Writer) {
        self.header.encode(w, true, |w| {
            for avp in &self.avps {
                avp.encode(w);
            }
        });
    }
}

impl Codec for ControlMessage {
    /// Takes the whole datagram.
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (header, mut body) = Header::decode(r, true)?;
        let mut avps = Vec::new();
        while !body.is_empty() {
            avps.push(Avp::decode(&mut body)?);
        }
        Ok(Self { header, avps, padding: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        self.encode_unpadded(w);
        w.put(&self.padding);
    }
}

impl Show for ControlMessage {
    fn show(&self, sink: &mut dyn Sink) {
        let mut w = Writer::new();
        self.encode_unpadded(&mut w);
        self.header.show(sink, "control", w.len());
        let context =
            Context { message_type: self.message_type(), proxy_authen_type: self.proxy_authen_type() };
        sink.begin_list("avps");
        for avp in &self.avps {
            sink.begin_item();
            avp.show_in(context, sink);
            sink.end_item();
        }
        sink.end_list();
        if !self.padding.is_empty() {
            sink.field("padding", Value::Octets(&self.padding));
        }
    }
}

impl fmt::Display for ControlMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message_type(), self.is_zlb()) {
            (Some(message_type), _) if message_type.name().is_some() => write!(f, "{message_type}")?,
            (Some(message_type), _) => write!(f, "message type {message_type}")?,
            (None, true) => f.write_str("ZLB")?,
            (None, false) => f.write_str("control message without Message Type")?,
        }
        write!(f, " tunnel {} session {}", self.header.tunnel_id, self.header.session_id)?;
        match self.header.sequence {
            Some(sequence) => write!(f, " Ns {} Nr {}", sequence.ns, sequence.nr),
            None => Ok(()),
        }
    }
}
