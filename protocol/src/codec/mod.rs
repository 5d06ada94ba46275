//! Octets to values and back. A codec knows one wire format and nothing about policy or state.
//!
//! What decodes encodes back to the same octets; code points and reserved bits survive. Lengths and checksums
//! are the exception: `encode` writes the right ones and `decode` refuses wrong ones.

mod code_point;
mod malformed;
mod reader;
mod writer;

pub use malformed::{Malformed, Why};
pub use reader::Reader;
pub use writer::{Unencodable, Writer};

/// One wire format.
pub trait Codec: Sized {
    /// Takes one value from `r`, leaving `r` after its last octet.
    ///
    /// # Errors
    /// The first field that is not well-formed.
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed>;

    /// Appends the octets that [`Codec::decode`] accepts back as `self`.
    fn encode(&self, w: &mut Writer);

    /// Decodes a value that must fill `octets` exactly.
    ///
    /// # Errors
    /// The first field that is not well-formed, or [`Why::Trailing`].
    fn decode_all(octets: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(octets);
        let value = Self::decode(&mut r)?;
        r.finish("message")?;
        Ok(value)
    }

    /// The octets of this value.
    ///
    /// # Errors
    /// A field whose length field cannot hold its length.
    fn to_octets(&self) -> Result<Vec<u8>, Unencodable> {
        let mut w = Writer::new();
        self.encode(&mut w);
        w.into_octets()
    }
}
