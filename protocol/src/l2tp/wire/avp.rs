//! One attribute-value pair (RFC 2661 section 4.1).
//!
//! ```text
//! |M|H| rsvd  |      Length       |           Vendor ID           |
//! |         Attribute Type        |        Attribute Value...
//! ```

use super::attribute::{AVP_HEADER, AVP_LIMIT, rule_for};
use super::header::number;
use super::{AttributeType, AvpValue, MessageType, ProxyAuthenType};
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value};

const M: u16 = 0x8000;
const H: u16 = 0x4000;
const RESERVED_SHIFT: u32 = 10;
const RESERVED_LIMIT: usize = 0x0f;
const LENGTH: u16 = 0x03ff;

/// An attribute-value pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avp {
    /// Whether a receiver that does not know it must give up the session or tunnel (M bit).
    pub mandatory: bool,
    /// Whether the value is hidden (H bit).
    pub hidden: bool,
    /// The reserved bits, four of them.
    pub reserved: u8,
    /// Whose number the attribute type is: an SMI network management private enterprise code, 0 for the IETF.
    pub vendor_id: u16,
    /// The attribute type. What it means depends on the Vendor ID: see [`Avp::attribute`].
    pub attribute_type: u16,
    /// The value.
    pub value: AvpValue,
}

/// What of a message decides how one of its AVPs is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    /// Which result codes are meant.
    pub(super) message_type: Option<MessageType>,
    /// Whether the Proxy Authen Response is a password.
    pub(super) proxy_authen_type: Option<ProxyAuthenType>,
}

impl Avp {
    /// An AVP of Vendor ID 0 with the M bit as the RFC lays down. A value without an attribute type of its own
    /// (hidden, opaque, ill-sized) gets type 0 and M clear, for the caller to set.
    #[must_use]
    pub fn new(value: AvpValue) -> Self {
        let attribute = value.attribute();
        let mandatory = attribute.and_then(rule_for).is_some_and(|rule| rule.must_be_mandatory);
        let hidden = matches!(value, AvpValue::Hidden(_));
        let attribute_type = attribute.map_or(0, AttributeType::number);
        Self { mandatory, hidden, reserved: 0, vendor_id: 0, attribute_type, value }
    }

    /// What the RFC calls this AVP; `None` if another vendor numbers it.
    #[must_use]
    pub const fn attribute(&self) -> Option<AttributeType> {
        match self.vendor_id {
            0 => Some(AttributeType::from_number(self.attribute_type)),
            _ => None,
        }
    }

    /// Whether a receiver of RFC 2661 understands it: known, of an allowed size, and no reserved bit set. Otherwise
    /// its M bit decides (requirements L2TP-2661-4.1-a to L2TP-2661-4.1-c and L2TP-2661-7.1-a).
    #[must_use]
    pub const fn is_recognised(&self) -> bool {
        let is_opaque = matches!(self.value, AvpValue::Opaque(_) | AvpValue::IllSized(_));
        self.reserved == 0 && self.vendor_id == 0 && !is_opaque
    }

    /// Octets of this AVP with its header.
    #[must_use]
    pub fn length(&self) -> usize {
        let mut w = Writer::new();
        self.value.encode(&mut w);
        w.len().saturating_add(AVP_HEADER)
    }

    pub(super) fn show_in(&self, context: Context, sink: &mut dyn Sink) {
        sink.field("mandatory", Value::Flag(self.mandatory));
        sink.field("hidden", Value::Flag(self.hidden));
        sink.field("reserved", Value::Number(u64::from(self.reserved)));
        sink.field("length", number(self.length()));
        sink.field("vendor_id", Value::Number(u64::from(self.vendor_id)));
        let number = Value::Number(u64::from(self.attribute_type));
        sink.field("avp_type", self.attribute().map_or(number, AttributeType::shown));
        self.value.show_in(context, sink);
    }
}

impl Codec for Avp {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut ahead = *r;
        let first = ahead.u16("AVP Length")?;
        let length = usize::from(first & LENGTH);
        // Requirement L2TP-2661-4.1-d.
        if length < AVP_HEADER {
            return Err(r.refuse("AVP Length", Why::Length { got: length, want: AVP_HEADER }));
        }
        let mut avp = r.sub("AVP Length", length)?;
        avp.u16("AVP Length")?;
        let vendor_id = avp.u16("Vendor ID")?;
        let attribute_type = avp.u16("Attribute Type")?;
        let octets = avp.take_rest();
        let hidden = first & H != 0;
        let value = match hidden {
            true => AvpValue::Hidden(octets.to_vec()),
            false => AvpValue::decode(vendor_id, attribute_type, octets),
        };
        let [reserved, _] = (first & !(M | H)).to_be_bytes();
        let reserved = reserved >> (RESERVED_SHIFT - u8::BITS);
        Ok(Self { mandatory: first & M != 0, hidden, reserved, vendor_id, attribute_type, value })
    }

    fn encode(&self, w: &mut Writer) {
        let at = w.len();
        let reserved = w.fit("AVP reserved bits", usize::from(self.reserved), RESERVED_LIMIT);
        w.u16(u16::MAX);
        w.u16(self.vendor_id);
        w.u16(self.attribute_type);
        self.value.encode(w);
        let length = w.written_from(at).len();
        let length = w.fit("AVP Length", length, AVP_LIMIT);
        let mut first = u16::try_from(length | (reserved << RESERVED_SHIFT)).unwrap_or(LENGTH);
        first |= if self.mandatory { M } else { 0 };
        first |= if self.hidden { H } else { 0 };
        w.patch_u16(at, first);
    }
}

impl Show for Avp {
    /// Without the message around it the AVP cannot tell whether a Proxy Authen Response is a password, so that it
    /// always counts as one.
    fn show(&self, sink: &mut dyn Sink) {
        self.show_in(Context::default(), sink);
    }
}
