//! How a wire value shows its fields. One walk serves every reader of values: JSON, human text, matching by field
//! name, comparison of two transcripts, and redaction of secrets.
//!
//! Names are the RFC's own words in `snake_case`. A reader that wants a tree builds it from the calls.

use core::net::{Ipv4Addr, Ipv6Addr};

/// The value of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A number.
    Number(u64),
    /// A number that an RFC or registry names.
    Code {
        /// The number on the wire.
        number: u64,
        /// Its name, if it has one.
        name: Option<&'static str>,
    },
    /// A flag.
    Flag(bool),
    /// Octets meant as text. They need not be valid UTF-8.
    Text(&'a [u8]),
    /// A word of ours, not of the wire.
    Word(&'a str),
    /// Octets, shown as lower-case hexadecimal digits.
    Octets(&'a [u8]),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// Octets that must not reach a report unless the user asks for secrets. Text if `is_text`.
    Secret {
        /// The octets.
        octets: &'a [u8],
        /// Whether they are meant as text.
        is_text: bool,
    },
}

/// Who is shown the fields, in wire order.
pub trait Sink {
    /// A field.
    fn field(&mut self, name: &'static str, value: Value<'_>);
    /// The beginning of a list of structures named `name`.
    fn begin_list(&mut self, name: &'static str);
    /// The beginning of one structure of the list begun last.
    fn begin_item(&mut self);
    /// The end of the structure begun last.
    fn end_item(&mut self);
    /// The end of the list begun last.
    fn end_list(&mut self);
    /// A list of plain values.
    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>);
}

/// A value that can show its fields.
pub trait Show {
    /// Shows every field once, in wire order.
    fn show(&self, sink: &mut dyn Sink);
}

/// Shows `items` as a list of structures named `name`.
pub fn list<T: Show>(sink: &mut dyn Sink, name: &'static str, items: &[T]) {
    sink.begin_list(name);
    for item in items {
        sink.begin_item();
        item.show(sink);
        sink.end_item();
    }
    sink.end_list();
}
