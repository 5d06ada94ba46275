//! Fields as indented lines for people.

use std::fmt::Write as _;

use l2tpspec_protocol::show::{Sink, Value};

/// An indented tree of fields.
#[derive(Debug)]
pub struct Tree<'a> {
    out: &'a mut String,
    depth: usize,
    /// An item has begun, and its first field stands beside the dash.
    is_first_of_item: bool,
    show_secrets: bool,
}

impl<'a> Tree<'a> {
    /// A tree whose top level is indented by `depth` steps.
    pub fn new(out: &'a mut String, depth: usize, show_secrets: bool) -> Self {
        Self { out, depth, is_first_of_item: false, show_secrets }
    }

    fn line(&mut self, name: &str, value: &str) {
        let dash = if std::mem::take(&mut self.is_first_of_item) { "- " } else { "  " };
        let indent = 2 * self.depth.saturating_sub(1);
        writeln!(self.out, "{:indent$}{dash}{name}: {value}", "").expect("a string takes every string");
    }

    fn value(&self, value: Value<'_>) -> String {
        match value {
            Value::Number(number) | Value::Code { number, name: None } => number.to_string(),
            Value::Code { number, name: Some(name) } => format!("{name} ({number})"),
            Value::Flag(flag) => flag.to_string(),
            Value::Text(octets) => text(octets),
            Value::Word(word) => word.to_owned(),
            Value::Octets(octets) => hex(octets),
            Value::Ipv4(address) => address.to_string(),
            Value::Ipv6(address) => address.to_string(),
            Value::Secret { .. } if !self.show_secrets => "(secret)".to_owned(),
            Value::Secret { octets, is_text: true } => text(octets),
            Value::Secret { octets, is_text: false } => hex(octets),
        }
    }
}

/// Octets meant as text, with what cannot be printed escaped: a peer does not get to steer the terminal.
fn text(octets: &[u8]) -> String {
    format!("\"{}\"", String::from_utf8_lossy(octets).escape_debug())
}

fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(*octet)]).collect()
}

impl Sink for Tree<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        let value = self.value(value);
        self.line(name, &value);
    }

    fn begin_list(&mut self, name: &'static str) {
        self.line(name, "");
        self.depth += 1;
    }

    fn begin_item(&mut self) {
        self.is_first_of_item = true;
        self.depth += 1;
    }

    fn end_item(&mut self) {
        if std::mem::take(&mut self.is_first_of_item) {
            self.is_first_of_item = true;
            self.line("(empty)", "");
        }
        self.depth -= 1;
    }

    fn end_list(&mut self) {
        self.depth -= 1;
    }

    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        let values: Vec<_> = values.map(|value| self.value(value)).collect();
        self.line(name, &values.join(", "));
    }
}
