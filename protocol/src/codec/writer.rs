//! Octets being written, with lengths patched in behind their bodies.

use core::fmt;

/// A value whose length does not fit its length field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unencodable {
    /// The RFC's name of the field.
    pub field: &'static str,
    /// Its length, in the unit of the length field.
    pub length: usize,
    /// The greatest length that the length field can state.
    pub limit: usize,
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of length {} does not fit a field of at most {}", self.field, self.length, self.limit)
    }
}

impl core::error::Error for Unencodable {}

/// Octets written so far, and the first length that did not fit.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    octets: Vec<u8>,
    unencodable: Option<Unencodable>,
}

impl Writer {
    /// A writer of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: Vec::new(), unencodable: None }
    }

    /// Octets written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Appends octets.
    pub fn put(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Appends one octet.
    pub fn u8(&mut self, value: u8) {
        self.octets.push(value);
    }

    /// Appends a big-endian 16-bit number.
    pub fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    /// Appends the low 24 bits of a number, big-endian.
    pub fn u24(&mut self, value: u32) {
        let [_, a, b, c] = value.to_be_bytes();
        self.put(&[a, b, c]);
    }

    /// Appends a big-endian 32-bit number.
    pub fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    /// Appends a big-endian 64-bit number.
    pub fn u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    /// Appends `octets`, preceded by their number in one octet.
    pub fn counted_u8(&mut self, field: &'static str, octets: &[u8]) {
        let count = self.fit(field, octets.len(), usize::from(u8::MAX));
        self.u8(u8::try_from(count).unwrap_or(u8::MAX));
        self.put(octets);
    }

    /// Appends a 16-bit length and what `body` writes. The length counts the body and `extra` octets more: two for
    /// the length field itself, further ones for a header that was written before it.
    pub fn length_u16(&mut self, field: &'static str, extra: usize, body: impl FnOnce(&mut Self)) {
        let at = self.octets.len();
        self.u16(u16::MAX);
        let start = self.octets.len();
        body(self);
        let length = self.octets.len().saturating_sub(start).saturating_add(extra);
        let length = self.fit(field, length, usize::from(u16::MAX));
        self.patch_u16(at, u16::try_from(length).unwrap_or(u16::MAX));
    }

    /// Appends an 8-bit length and what `body` writes; `extra` as in [`Writer::length_u16`].
    pub fn length_u8(&mut self, field: &'static str, extra: usize, body: impl FnOnce(&mut Self)) {
        let at = self.octets.len();
        self.u8(u8::MAX);
        let start = self.octets.len();
        body(self);
        let length = self.octets.len().saturating_sub(start).saturating_add(extra);
        let length = self.fit(field, length, usize::from(u8::MAX));
        if let Some(octet) = self.octets.get_mut(at) {
            *octet = u8::try_from(length).unwrap_or(u8::MAX);
        }
    }

    /// Overwrites two octets that were written at `at`.
    pub fn patch_u16(&mut self, at: usize, value: u16) {
        if let Some(place) = self.octets.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<2>()) {
            *place = value.to_be_bytes();
        }
    }

    /// Overwrites four octets that were written at `at`.
    pub fn patch_u32(&mut self, at: usize, value: u32) {
        if let Some(place) = self.octets.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
            *place = value.to_be_bytes();
        }
    }

    /// The octets written from `at` on.
    #[must_use]
    pub fn written_from(&self, at: usize) -> &[u8] {
        self.octets.get(at..).unwrap_or_default()
    }

    /// Notes that `length` had to fit into `limit`, and returns what does.
    pub fn fit(&mut self, field: &'static str, length: usize, limit: usize) -> usize {
        if length > limit && self.unencodable.is_none() {
            self.unencodable = Some(Unencodable { field, length, limit });
        }
        length.min(limit)
    }

    /// The octets written.
    ///
    /// # Errors
    /// The first length that did not fit its field.
    pub fn into_octets(self) -> Result<Vec<u8>, Unencodable> {
        match self.unencodable {
            None => Ok(self.octets),
            Some(unencodable) => Err(unencodable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_counts_body_and_header() {
        let mut w = Writer::new();
        w.u8(0xaa);
        w.length_u16("Length", 3, |w| w.put(b"abcd"));
        assert_eq!(w.into_octets().unwrap(), [0xaa, 0, 7, b'a', b'b', b'c', b'd']);
    }

    #[test]
    fn a_length_that_does_not_fit_is_reported() {
        let mut w = Writer::new();
        w.counted_u8("Name", &[0; 256]);
        assert_eq!(w.into_octets().unwrap_err(), Unencodable { field: "Name", length: 256, limit: 255 });
    }
}
