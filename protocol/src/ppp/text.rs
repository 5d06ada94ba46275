//! How octets stand in a one-line summary.

use core::fmt;

/// A protocol by its name, or by its number in the way RFCs write it.
pub(super) struct Protocol(pub(super) super::Protocol);

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "protocol {:#06x}", self.0.number()),
        }
    }
}

/// The name of a code point, or what it is and its number.
pub(super) fn name(f: &mut fmt::Formatter<'_>, name: Option<&str>, what: &str, number: u8) -> fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None => write!(f, "{what} {number}"),
    }
}

/// Code and identifier.
pub(super) fn head(
    f: &mut fmt::Formatter<'_>,
    code: Option<&str>,
    number: u8,
    identifier: u8,
) -> fmt::Result {
    name(f, code, "code", number)?;
    write!(f, " id {identifier}")
}

/// Octets in quotes if all of them are printable, else their number.
pub(super) struct Quoted<'a>(pub(super) &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ') {
            write!(f, "\"{}\"", self.0.escape_ascii())
        } else {
            write!(f, "{}", Octets(self.0.len()))
        }
    }
}

/// A number of octets.
pub(super) struct Octets(pub(super) usize);

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octet{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// Values in parentheses with commas between, or nothing if there are none.
pub(super) fn parenthesised<T: fmt::Display>(f: &mut fmt::Formatter<'_>, values: &[T]) -> fmt::Result {
    let mut before = " (";
    for value in values {
        write!(f, "{before}{value}")?;
        before = ", ";
    }
    f.write_str(if values.is_empty() { "" } else { ")" })
}
