//! The hashes of IKEv1 and the HMACs over them, which are its pseudo-random functions (RFC 2104; RFC 2409
//! section 4). As a pseudo-random function an HMAC is never truncated (CRYP-4868-2.4-a).

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// A hash, and by way of HMAC a pseudo-random function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl Hash {
    /// Every hash.
    pub const ALL: [Self; 5] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The hash that a phase 1 hash algorithm attribute names (RFC 2409 appendix A, RFC 4868 section 2.6).
    #[must_use]
    pub const fn from_phase1(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Md5),
            2 => Some(Self::Sha1),
            4 => Some(Self::Sha256),
            5 => Some(Self::Sha384),
            6 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The length of a digest, in octets.
    #[expect(clippy::len_without_is_empty, reason = "no digest is empty")]
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `parts`, one after the other.
    #[must_use]
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md5 => digest::<Md5>(parts),
            Self::Sha1 => digest::<Sha1>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha384 => digest::<Sha384>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
        }
    }

    /// The HMAC of `parts`, one after the other, under a key of any length (RFC 2104 section 2).
    #[must_use]
    pub fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md5 => hmac::<Md5>(key, parts),
            Self::Sha1 => hmac::<Sha1>(key, parts),
            Self::Sha256 => hmac::<Sha256>(key, parts),
            Self::Sha384 => hmac::<Sha384>(key, parts),
            Self::Sha512 => hmac::<Sha512>(key, parts),
        }
    }
}

fn digest<H: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut state = H::new();
    for part in parts {
        state.update(part);
    }
    state.finalize().to_vec()
}

fn hmac<H: EagerHash>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // No key length is refused by HMAC, so the result has no other case.
    let Ok(mut state) = <Hmac<H> as KeyInit>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        state.update(part);
    }
    state.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_and_digests_have_the_stated_length() {
        for hash in Hash::ALL {
            assert_eq!(hash.digest(&[b"ab", b"", b"c"]), hash.digest(&[b"abc"]), "{hash:?}");
            assert_eq!(hash.hmac(b"key", &[b"ab", b"c"]), hash.hmac(b"key", &[b"abc"]), "{hash:?}");
            assert_eq!(hash.digest(&[]).len(), hash.len(), "{hash:?}");
            assert_eq!(hash.hmac(&[], &[]).len(), hash.len(), "{hash:?}");
            assert_eq!(hash.hmac(&[7; 300], &[]).len(), hash.len(), "{hash:?}");
        }
    }

    #[test]
    fn phase_1_numbers_of_other_hashes_name_none() {
        assert_eq!(Hash::from_phase1(3), None);
        assert_eq!(Hash::from_phase1(2), Some(Hash::Sha1));
    }
}
