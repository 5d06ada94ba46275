//! A layer as fields with their classes: those of the message itself, and those of its parts.

use std::net::Ipv4Addr;

use l2tpspec_protocol::show::{Show as _, Sink, Value};

use super::class::Class;
use crate::scenario::vocabulary::normalised;
use crate::transcript::Layer;

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The way to it through lists.
    pub path: String,
    /// What a difference in it means; `None` if the table lacks it.
    pub class: Option<Class>,
    /// Its value as it is compared and reported.
    pub text: String,
}

/// An item of the message's outermost list: an AVP, an option, a payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// Its fields, those of lists in it included.
    pub fields: Vec<Field>,
}

/// A layer as fields.
#[derive(Debug, Default)]
pub struct Flat {
    /// Those outside of every list.
    pub own: Vec<Field>,
    /// The items of lists.
    pub parts: Vec<Part>,
    layer: &'static str,
    way: Vec<&'static str>,
    depth: usize,
}

impl Flat {
    /// The fields of a layer.
    #[must_use]
    pub fn of(layer: &Layer) -> Self {
        let mut flat = Self { layer: layer.name(), ..Self::default() };
        layer.show(&mut flat);
        flat
    }

    /// Every field.
    pub fn all(&self) -> impl Iterator<Item = &Field> {
        self.own.iter().chain(self.parts.iter().flat_map(|part| &part.fields))
    }

    fn take(&mut self, name: &'static str, text: impl FnOnce(Option<Class>) -> String) {
        let mut path = String::new();
        for list in &self.way {
            path.push_str(list);
            path.push('.');
        }
        path.push_str(name);
        let class = Class::of(self.layer, &path);
        let field = Field { text: text(class), path, class };
        match self.parts.last_mut() {
            Some(part) if self.depth > 0 => {
                if self.depth == 1 && matches!(name, "payload" | "avp_type" | "option") {
                    part.name = normalised(&field.text);
                }
                part.fields.push(field);
            }
            _ => self.own.push(field),
        }
    }
}

impl Part {
    /// What it says, without what it is: the values that are compared, or that there is one.
    #[must_use]
    pub fn value(&self) -> String {
        let says = |field: &&Field| {
            let name = field.name();
            let is_head =
                matches!(name, "avp_type" | "option" | "payload" | "mandatory" | "hidden" | "reserved");
            let is_vendor = name == "vendor_id" && field.text == "0";
            matches!(field.class, Some(Class::Negotiated | Class::Policy | Class::Pool | Class::Timing))
                && !is_head
                && !is_vendor
        };
        let all: Vec<&Field> = self.fields.iter().filter(says).collect();
        let flags = all.iter().all(|field| matches!(field.text.as_str(), "true" | "false"));
        match all.as_slice() {
            [] => "present".to_owned(),
            [only] => only.text.clone(),
            many if flags => {
                let set = many.iter().filter(|field| field.text == "true").map(|field| field.name());
                set.collect::<Vec<_>>().join(" ")
            }
            many => many.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join(" "),
        }
    }

    /// The value of one of its fields.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name() == name).map(|field| field.text.as_str())
    }
}

impl Field {
    /// Its name without the way to it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}

/// An address as it is compared: inside its /24, unless it is none.
#[must_use]
pub fn pool(address: Ipv4Addr) -> String {
    let [a, b, c, _] = address.octets();
    if address.is_unspecified() { address.to_string() } else { format!("{a}.{b}.{c}.0/24") }
}

/// A value in words. Secrets stay hidden.
fn text(value: Value<'_>, class: Option<Class>) -> String {
    match value {
        Value::Number(number) | Value::Code { number, name: None } => number.to_string(),
        Value::Code { name: Some(name), .. } => name.to_owned(),
        Value::Flag(flag) => flag.to_string(),
        Value::Text(octets) => crate::triage::offer::quoted(octets),
        Value::Word(word) => word.to_owned(),
        Value::Octets(octets) => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
        Value::Ipv4(address) if class == Some(Class::Pool) => pool(address),
        Value::Ipv4(address) => address.to_string(),
        Value::Ipv6(address) => address.to_string(),
        Value::Secret { .. } => "(secret)".to_owned(),
    }
}

impl Sink for Flat {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        // What cannot differ need not be written out.
        self.take(name, |class| match class {
            Some(Class::Volatile | Class::Derived) => String::new(),
            class => text(value, class),
        });
    }

    fn begin_list(&mut self, name: &'static str) {
        self.way.push(name);
    }

    fn begin_item(&mut self) {
        self.depth += 1;
        if self.depth == 1 {
            self.parts.push(Part::default());
        }
    }

    fn end_item(&mut self) {
        self.depth -= 1;
    }

    fn end_list(&mut self) {
        self.way.pop();
    }

    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        self.take(name, |class| values.map(|value| text(value, class)).collect::<Vec<_>>().join(" "));
    }
}
