//! The Attributes payload of mode configuration and extended authentication (draft-dukes-ike-mode-cfg section
//! 3.2).

use super::attribute::show_list;
use super::{Attribute, AttributeRegistry, ConfigType};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// Settings that a side asks for or hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether it asks or tells.
    pub config_type: ConfigType,
    /// The RESERVED octet.
    pub reserved: u8,
    /// Which request a reply belongs to.
    pub identifier: u16,
    /// The settings, named by [`super::ConfigClass`].
    pub attributes: Vec<Attribute>,
}

impl Codec for Config {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            config_type: r.u8("Type")?.into(),
            reserved: r.u8("RESERVED")?,
            identifier: r.u16("Identifier")?,
            attributes: Attribute::decode_list(r)?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u8(self.config_type.number());
        w.u8(self.reserved);
        w.u16(self.identifier);
        Attribute::encode_list(&self.attributes, w);
    }
}

impl Show for Config {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("type", self.config_type.shown());
        sink.field("config_reserved", Value::Number(u64::from(self.reserved)));
        sink.field("identifier", Value::Number(u64::from(self.identifier)));
        show_list(AttributeRegistry::Config, &self.attributes, sink);
    }
}
