//! Packets sealed: padded, encrypted, then given an Integrity Check Value (RFC 4303 section 3.3.2,
//! ESP-4303-3.3.2-a). Sequence numbers and IVs come from the caller.

use super::sa::{Cipher, Sa};
use super::wire::Header;
use core::fmt;

/// Why a packet cannot be sealed: a misuse, never a property of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsealable {
    /// The IV has not the length that the transform asks for, in octets.
    Iv {
        /// The length given.
        got: usize,
        /// The transform's.
        want: usize,
    },
    /// The buffer has not the length of the sealed packet, in octets.
    Buffer {
        /// The length given.
        got: usize,
        /// The sealed packet's.
        want: usize,
    },
    /// The plaintext does not fill blocks or four-octet words.
    NotWholeBlocks {
        /// Its length, in octets.
        got: usize,
        /// What it has to be a multiple of.
        block: usize,
    },
}

impl fmt::Display for Unsealable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iv { got, want } => write!(f, "IV of {got} octets where {want} are needed"),
            Self::Buffer { got, want } => write!(f, "buffer of {got} octets where {want} are needed"),
            Self::NotWholeBlocks { got, block } => {
                write!(f, "plaintext of {got} octets does not fill blocks of {block}")
            }
        }
    }
}

impl core::error::Error for Unsealable {}

impl Sa {
    /// The Pad Length of a payload, in octets: the least that fills blocks and four-octet words
    /// (ESP-4303-2.4-c).
    #[must_use]
    pub const fn pad_length(&self, payload_len: usize) -> u8 {
        let block = self.encryption().alignment();
        match payload_len.wrapping_add(2).checked_rem(block) {
            // Less than a block, and no block is longer than 16 octets.
            #[expect(clippy::cast_possible_truncation, reason = "below 16")]
            Some(over) if over > 0 => block.saturating_sub(over) as u8,
            _ => 0,
        }
    }

    /// The length of the packet that a payload is sealed into, in octets.
    #[must_use]
    pub fn sealed_len(&self, payload_len: usize) -> usize {
        self.header_len()
            .saturating_add(payload_len)
            .saturating_add(usize::from(self.pad_length(payload_len)))
            .saturating_add(2)
            .saturating_add(self.icv_len())
    }

    /// Seals a payload, with the padding 1, 2, 3 and so on (ESP-4303-2.4-a).
    ///
    /// # Errors
    /// [`Unsealable::Iv`].
    pub fn seal(
        &self,
        sequence_number: u32,
        iv: &[u8],
        next_header: u8,
        payload: &[u8],
    ) -> Result<Vec<u8>, Unsealable> {
        let mut packet = vec![0; self.sealed_len(payload.len())];
        let place = packet.get_mut(self.header_len()..).unwrap_or_default();
        place.iter_mut().zip(payload).for_each(|(place, octet)| *place = *octet);
        self.seal_in_place(sequence_number, iv, next_header, payload.len(), &mut packet)?;
        Ok(packet)
    }

    /// Seals a payload that stands at [`Sa::header_len`] of a packet of [`Sa::sealed_len`] octets, writing all
    /// that surrounds it.
    ///
    /// # Errors
    /// [`Unsealable::Iv`] or [`Unsealable::Buffer`]; the packet is then untouched.
    pub fn seal_in_place(
        &self,
        sequence_number: u32,
        iv: &[u8],
        next_header: u8,
        payload_len: usize,
        packet: &mut [u8],
    ) -> Result<(), Unsealable> {
        let (got, want) = (packet.len(), self.sealed_len(payload_len));
        if got != want {
            return Err(Unsealable::Buffer { got, want });
        }
        self.check_iv(iv)?;
        let pad_length = self.pad_length(payload_len);
        let trailer = (1..=pad_length).chain([pad_length, next_header]);
        let place = packet.iter_mut().skip(self.header_len().saturating_add(payload_len));
        place.zip(trailer).for_each(|(place, octet)| *place = octet);
        self.seal_plaintext_in_place(sequence_number, iv, packet)
    }

    /// Seals a plaintext that has its own padding, Pad Length and Next Header, right or wrong ones: it stands
    /// between [`Sa::header_len`] octets before it and [`Sa::icv_len`] octets after it, which are written.
    ///
    /// # Errors
    /// A length that cannot be sealed; the packet is then untouched.
    pub fn seal_plaintext_in_place(
        &self,
        sequence_number: u32,
        iv: &[u8],
        packet: &mut [u8],
    ) -> Result<(), Unsealable> {
        self.check_iv(iv)?;
        let short =
            Unsealable::Buffer { got: packet.len(), want: self.header_len().saturating_add(self.icv_len()) };
        let covered_len = packet.len().checked_sub(self.icv_len()).ok_or(short)?;
        let (covered, icv) = packet.split_at_mut_checked(covered_len).ok_or(short)?;
        let (header, body) = covered.split_at_mut_checked(self.header_len()).ok_or(short)?;
        let block = self.encryption().alignment();
        let not_whole = Unsealable::NotWholeBlocks { got: body.len(), block };
        if !body.len().is_multiple_of(block) {
            return Err(not_whole);
        }
        let fields = Header { security_parameters_index: self.spi(), sequence_number };
        let octets = fields.octets();
        header.iter_mut().zip(octets.iter().chain(iv)).for_each(|(place, octet)| *place = *octet);
        let bad_iv = Unsealable::Iv { got: iv.len(), want: self.encryption().iv_len() };
        match &self.cipher {
            Cipher::Null => {}
            Cipher::Cbc(key) => key.encrypt(iv, body).map_err(|_| not_whole)?,
            Cipher::Ctr(key) => key.apply(iv.try_into().map_err(|_| bad_iv)?, body),
            Cipher::Gcm(key) => {
                let iv = iv.try_into().map_err(|_| bad_iv)?;
                key.seal(iv, &octets, body, icv).ok_or(short)?;
            }
        }
        if let Some(mac) = &self.mac {
            let tag = mac.tag(covered);
            icv.iter_mut().zip(tag).for_each(|(place, octet)| *place = octet);
        }
        Ok(())
    }

    const fn check_iv(&self, iv: &[u8]) -> Result<(), Unsealable> {
        let (got, want) = (iv.len(), self.encryption().iv_len());
        if got == want { Ok(()) } else { Err(Unsealable::Iv { got, want }) }
    }
}
