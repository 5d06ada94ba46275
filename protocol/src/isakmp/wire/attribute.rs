//! Data attributes (RFC 2408 section 3.3): a class and a value, either in two octets or behind a length.

use super::ConfigClass;
use super::registry::AttributeRegistry;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Sink, Value};

/// The bit of the type field that marks the short form.
const BASIC: u16 = 0x8000;

/// One attribute of a transform, a notification or a mode configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute type, 15 bits; what it means depends on the protocol.
    pub class: u16,
    /// The value, and how it is written.
    pub form: Form,
}

/// How an attribute's value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// In the two octets that otherwise hold the length.
    Basic(u16),
    /// Behind its length.
    Variable(Vec<u8>),
}

impl Attribute {
    /// An attribute of the short form.
    #[must_use]
    pub const fn basic(class: u16, value: u16) -> Self {
        Self { class, form: Form::Basic(value) }
    }

    /// An attribute of the long form.
    #[must_use]
    pub fn variable(class: u16, value: impl Into<Vec<u8>>) -> Self {
        Self { class, form: Form::Variable(value.into()) }
    }

    /// Octets of the whole attribute.
    #[must_use]
    pub fn length(&self) -> usize {
        match &self.form {
            Form::Basic(_) => 4,
            Form::Variable(value) => value.len().saturating_add(4),
        }
    }

    /// The value as a number, if it is one of at most 64 bits.
    #[must_use]
    pub fn value_u64(&self) -> Option<u64> {
        match &self.form {
            Form::Basic(value) => Some(u64::from(*value)),
            Form::Variable(octets) if octets.is_empty() => None,
            Form::Variable(octets) => octets.iter().try_fold(0_u64, |sum, octet| {
                sum.checked_mul(256).map(|shifted| shifted | u64::from(*octet))
            }),
        }
    }

    /// Reads attributes until nothing is left.
    pub(super) fn decode_list(r: &mut Reader<'_>) -> Result<Vec<Self>, Malformed> {
        let mut attributes = Vec::new();
        while !r.is_empty() {
            attributes.push(Self::decode(r)?);
        }
        Ok(attributes)
    }

    pub(in crate::isakmp) fn encode_list(attributes: &[Self], w: &mut Writer) {
        for attribute in attributes {
            attribute.encode(w);
        }
    }

    /// Shows an attribute with the names of `registry`.
    pub(super) fn show(&self, registry: AttributeRegistry, sink: &mut dyn Sink) {
        sink.field(
            "class",
            Value::Code { number: u64::from(self.class), name: registry.class_name(self.class) },
        );
        match &self.form {
            Form::Basic(_) => sink.field("form", Value::Word("basic")),
            Form::Variable(octets) => {
                sink.field("form", Value::Word("variable"));
                sink.field("length", Value::Number(u64::try_from(octets.len()).unwrap_or(u64::MAX)));
            }
        }
        sink.field("value", self.value(registry));
    }

    fn value(&self, registry: AttributeRegistry) -> Value<'_> {
        let octets: &[u8] = match &self.form {
            Form::Basic(_) => &[],
            Form::Variable(octets) => octets,
        };
        if registry == AttributeRegistry::Config {
            return match (ConfigClass::from_number(self.class), &self.form) {
                (_, Form::Basic(value)) => Value::Number(u64::from(*value)),
                (
                    ConfigClass::XauthUserPassword
                    | ConfigClass::XauthPasscode
                    | ConfigClass::XauthNextPin
                    | ConfigClass::XauthAnswer,
                    Form::Variable(_),
                ) => Value::Secret { octets, is_text: true },
                (
                    ConfigClass::XauthUserName
                    | ConfigClass::XauthMessage
                    | ConfigClass::XauthDomain
                    | ConfigClass::ApplicationVersion,
                    Form::Variable(_),
                ) => Value::Text(octets),
                (_, Form::Variable(_)) => Value::Octets(octets),
            };
        }
        match (self.value_u64(), registry.value_names(self.class)) {
            (Some(number), Some(_)) => Value::Code { number, name: registry.value_name(self.class, number) },
            (Some(number), None) => Value::Number(number),
            (None, _) => Value::Octets(octets),
        }
    }
}

/// Shows a list of attributes with the names of `registry`.
pub(super) fn show_list(registry: AttributeRegistry, attributes: &[Attribute], sink: &mut dyn Sink) {
    sink.begin_list("attributes");
    for attribute in attributes {
        sink.begin_item();
        attribute.show(registry, sink);
        sink.end_item();
    }
    sink.end_list();
}

impl Codec for Attribute {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        // ISAKMP-2408-3.3-a
        let class = r.u16("Attribute Type")?;
        if class & BASIC != 0 {
            return Ok(Self::basic(class & !BASIC, r.u16("Attribute Value")?));
        }
        let length = r.u16("Attribute Length")?;
        Ok(Self::variable(class, r.take("Attribute Value", usize::from(length))?))
    }

    fn encode(&self, w: &mut Writer) {
        w.fit("Attribute Type", usize::from(self.class), usize::from(!BASIC));
        match &self.form {
            Form::Basic(value) => {
                w.u16(self.class | BASIC);
                w.u16(*value);
            }
            Form::Variable(octets) => {
                w.u16(self.class & !BASIC);
                w.length_u16("Attribute Length", 0, |w| w.put(octets));
            }
        }
    }
}
