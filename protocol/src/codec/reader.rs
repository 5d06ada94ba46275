//! A shrinking slice that remembers where it stands in the outermost message.

use super::{Malformed, Why};

/// Octets still to be read. There is no position to compute with: a length can only be used by splitting off a
/// sub-reader, which fails if it is too long and must be [finished](Reader::finish) if it is too short.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader of a whole message.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, offset: 0 }
    }

    /// A reader of octets that stand at `offset` of the outermost message.
    #[must_use]
    pub const fn at(octets: &'a [u8], offset: usize) -> Self {
        Self { rest: octets, offset }
    }

    /// Octets left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the next octet stands in the outermost message.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The octets left, without taking them.
    #[must_use]
    pub const fn peek(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes exactly `N` octets.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Malformed> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(field, N));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(N);
        Ok(*head)
    }

    /// Takes exactly `n` octets.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer are left.
    pub fn take(&mut self, field: &'static str, n: usize) -> Result<&'a [u8], Malformed> {
        let Some((head, rest)) = self.rest.split_at_checked(n) else {
            return Err(self.truncated(field, n));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(n);
        Ok(head)
    }

    /// Takes all that is left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        let head = self.rest;
        self.rest = &[];
        self.offset = self.offset.saturating_add(head.len());
        head
    }

    /// Splits off a reader of the next `n` octets.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer are left.
    pub fn sub(&mut self, field: &'static str, n: usize) -> Result<Self, Malformed> {
        let offset = self.offset;
        Ok(Self { rest: self.take(field, n)?, offset })
    }

    /// Splits off a reader of a structure whose length field counts `header` octets that were read already.
    ///
    /// # Errors
    /// [`Why::Length`] if `length` is less than `header`, [`Why::Truncated`] if fewer octets are left.
    pub fn sub_after_header(
        &mut self,
        field: &'static str,
        length: usize,
        header: usize,
    ) -> Result<Self, Malformed> {
        match length.checked_sub(header) {
            Some(n) => self.sub(field, n),
            None => Err(self.refuse(field, Why::Length { got: length, want: header })),
        }
    }

    /// Takes one octet.
    ///
    /// # Errors
    /// [`Why::Truncated`] if none is left.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Malformed> {
        self.array::<1>(field).map(|[octet]| octet)
    }

    /// Takes a big-endian 16-bit number.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer octets are left.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, Malformed> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// Takes a big-endian 24-bit number.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer octets are left.
    pub fn u24(&mut self, field: &'static str) -> Result<u32, Malformed> {
        self.array::<3>(field).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Takes a big-endian 32-bit number.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer octets are left.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// Takes a big-endian 64-bit number.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer octets are left.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, Malformed> {
        self.array(field).map(u64::from_be_bytes)
    }

    /// Takes an IPv4 address.
    ///
    /// # Errors
    /// [`Why::Truncated`] if fewer octets are left.
    pub fn ipv4(&mut self, field: &'static str) -> Result<core::net::Ipv4Addr, Malformed> {
        self.array::<4>(field).map(core::net::Ipv4Addr::from)
    }

    /// Ends the reading of a structure.
    ///
    /// # Errors
    /// [`Why::Trailing`] if octets are left.
    pub fn finish(self, field: &'static str) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(self.refuse(field, Why::Trailing { extra })),
        }
    }

    /// A refusal of the field that begins where this reader stands.
    #[must_use]
    pub const fn refuse(&self, field: &'static str, why: Why) -> Malformed {
        Malformed { field, offset: self.offset, why }
    }

    const fn truncated(&self, field: &'static str, need: usize) -> Malformed {
        self.refuse(field, Why::Truncated { need, have: self.rest.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_reader_keeps_the_offset_of_the_outermost_message() {
        let mut r = Reader::new(&[1, 2, 3, 4, 5]);
        assert_eq!(r.u8("a"), Ok(1));
        let mut inner = r.sub("b", 3).unwrap();
        assert_eq!(inner.u16("c"), Ok(0x0203));
        let refused = inner.u16("d").unwrap_err();
        assert_eq!(refused, Malformed { field: "d", offset: 3, why: Why::Truncated { need: 2, have: 1 } });
        assert_eq!(r.u8("e"), Ok(5));
        assert_eq!(r.finish("f"), Ok(()));
    }

    #[test]
    fn a_length_below_its_own_header_is_refused() {
        let mut r = Reader::new(&[0; 8]);
        let refused = r.sub_after_header("Payload Length", 3, 4).unwrap_err();
        assert_eq!(refused.why, Why::Length { got: 3, want: 4 });
    }

    #[test]
    fn octets_left_over_are_refused() {
        let mut r = Reader::new(&[0; 3]);
        r.u16("a").unwrap();
        assert_eq!(r.finish("b").unwrap_err().why, Why::Trailing { extra: 1 });
    }
}
