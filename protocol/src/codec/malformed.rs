//! Why octets are not a value. Never about policy.

use core::fmt;

/// A field that is not well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The RFC's name of the field being read.
    pub field: &'static str,
    /// Where it begins, in octets from the start of the outermost message given to the codec.
    pub offset: usize,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a [`Malformed`] field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Fewer octets are there than the field takes.
    Truncated {
        /// Octets that the field takes.
        need: usize,
        /// Octets that are there.
        have: usize,
    },
    /// Octets are left over after the last field.
    Trailing {
        /// How many.
        extra: usize,
    },
    /// A length field, or the length of a value, that its format forbids.
    Length {
        /// The length found, in the field's own unit.
        got: usize,
        /// The length, or the least length, that fits.
        want: usize,
    },
    /// A value that this format cannot have.
    Value {
        /// The value found.
        got: u64,
    },
    /// A checksum or digest that does not fit the octets it covers.
    Checksum {
        /// The checksum found.
        got: u16,
        /// The checksum of the octets.
        want: u16,
    },
    /// Longer, or more deeply nested, than this reader follows.
    Limit {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}: ", self.field, self.offset)?;
        match self.why {
            Why::Truncated { need, have } => write!(f, "needs {need} octets, {have} are left"),
            Why::Trailing { extra } => write!(f, "{extra} octets are left over"),
            Why::Length { got, want } => write!(f, "length {got} where {want} is needed"),
            Why::Value { got } => write!(f, "value {got} is impossible here"),
            Why::Checksum { got, want } => write!(f, "checksum {got:#06x}, the octets give {want:#06x}"),
            Why::Limit { limit } => write!(f, "exceeds the limit of {limit}"),
        }
    }
}

impl core::error::Error for Malformed {}
