//! The algorithms of ESP by their sizes (RFC 2403, 2404, 2405, 2410, 2451, 3602, 3686, 4106, 4868).

use crate::crypto::hash::Hash;
use crate::crypto::{ctr, gcm};
use core::fmt;

/// An ESP transform. The key size of AES is that of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encryption {
    /// NULL (RFC 2410).
    Null,
    /// DES-CBC with an IV of 64 bits (RFC 2405).
    DesCbc,
    /// 3DES-CBC (RFC 2451).
    TripleDesCbc,
    /// AES-CBC (RFC 3602).
    AesCbc,
    /// AES-CTR (RFC 3686).
    AesCtr,
    /// AES-GCM with integrity check values of 8 octets (RFC 4106).
    AesGcm8,
    /// AES-GCM with integrity check values of 12 octets (RFC 4106).
    AesGcm12,
    /// AES-GCM with integrity check values of 16 octets (RFC 4106).
    AesGcm16,
}

impl Encryption {
    /// Every transform.
    pub const ALL: [Self; 8] = [
        Self::Null,
        Self::DesCbc,
        Self::TripleDesCbc,
        Self::AesCbc,
        Self::AesCtr,
        Self::AesGcm8,
        Self::AesGcm12,
        Self::AesGcm16,
    ];

    /// The transform of an ESP transform identifier (RFC 2407 section 4.4.4 and its registry).
    #[must_use]
    pub const fn from_transform(identifier: u8) -> Option<Self> {
        match identifier {
            2 => Some(Self::DesCbc),
            3 => Some(Self::TripleDesCbc),
            11 => Some(Self::Null),
            12 => Some(Self::AesCbc),
            13 => Some(Self::AesCtr),
            18 => Some(Self::AesGcm8),
            19 => Some(Self::AesGcm12),
            20 => Some(Self::AesGcm16),
            _ => None,
        }
    }

    /// The lengths of keying material that it takes, in octets, nonce or salt included.
    #[must_use]
    pub const fn key_lens(self) -> &'static [usize] {
        match self {
            Self::Null => &[0],
            Self::DesCbc => &[8],
            Self::TripleDesCbc => &[24],
            Self::AesCbc => &[16, 24, 32],
            Self::AesCtr | Self::AesGcm8 | Self::AesGcm12 | Self::AesGcm16 => &[20, 28, 36],
        }
    }

    /// The length of keying material for a Key Length attribute in bits, in octets, nonce or salt included. AES
    /// without the attribute takes 128 bits, the default of RFC 3602 section 2.2; whether it may be missing
    /// (CRYP-3602-5.3-a) is not decided here. `None` if the transform has no such key.
    #[must_use]
    pub fn key_len(self, key_length_bits: Option<u16>) -> Option<usize> {
        let (extra, default) = match self {
            Self::Null | Self::DesCbc | Self::TripleDesCbc => {
                return if key_length_bits.is_none() { self.key_lens().first().copied() } else { None };
            }
            Self::AesCbc => (0, 128),
            Self::AesCtr => (ctr::NONCE_LEN, 128),
            Self::AesGcm8 | Self::AesGcm12 | Self::AesGcm16 => (gcm::SALT_LEN, 128),
        };
        match key_length_bits.unwrap_or(default) {
            bits @ (128 | 192 | 256) => usize::from(bits / 8).checked_add(extra),
            _ => None,
        }
    }

    /// Whether the IV only has to be used once, not to be unforeseeable.
    #[must_use]
    pub const fn is_counter_mode(self) -> bool {
        matches!(self, Self::AesCtr | Self::AesGcm8 | Self::AesGcm12 | Self::AesGcm16)
    }

    /// The length of the IV in each packet, in octets.
    #[must_use]
    pub const fn iv_len(self) -> usize {
        match self {
            Self::Null => 0,
            Self::DesCbc | Self::TripleDesCbc => 8,
            Self::AesCbc => 16,
            Self::AesCtr => ctr::IV_LEN,
            Self::AesGcm8 | Self::AesGcm12 | Self::AesGcm16 => gcm::IV_LEN,
        }
    }

    /// What the length of the ciphertext is a multiple of, in octets: the cipher's block, and four at least
    /// (RFC 4303 section 2.4, ESP-4303-2.4-c).
    #[must_use]
    pub const fn alignment(self) -> usize {
        match self {
            Self::DesCbc | Self::TripleDesCbc => 8,
            Self::AesCbc => 16,
            Self::Null | Self::AesCtr | Self::AesGcm8 | Self::AesGcm12 | Self::AesGcm16 => 4,
        }
    }

    /// The length of the integrity check value of a transform that brings its own, in octets.
    #[must_use]
    pub const fn own_icv_len(self) -> Option<usize> {
        match self {
            Self::AesGcm8 => Some(8),
            Self::AesGcm12 => Some(12),
            Self::AesGcm16 => Some(16),
            Self::Null | Self::DesCbc | Self::TripleDesCbc | Self::AesCbc | Self::AesCtr => None,
        }
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "NULL",
            Self::DesCbc => "DES-CBC",
            Self::TripleDesCbc => "3DES-CBC",
            Self::AesCbc => "AES-CBC",
            Self::AesCtr => "AES-CTR",
            Self::AesGcm8 => "AES-GCM-8",
            Self::AesGcm12 => "AES-GCM-12",
            Self::AesGcm16 => "AES-GCM-16",
        })
    }
}

/// The integrity algorithm of an SA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Integrity {
    /// None, as with AES-GCM.
    None,
    /// HMAC-MD5-96 (RFC 2403).
    HmacMd5_96,
    /// HMAC-SHA-1-96 (RFC 2404, CRYP-2404-2-a).
    HmacSha1_96,
    /// HMAC-SHA-256-128 (RFC 4868, CRYP-4868-2.3-a).
    HmacSha256_128,
    /// HMAC-SHA-256 cut to 96 bits: not a standard but a fault of old kernels, found in Android before 8 among
    /// others.
    HmacSha256_96,
    /// HMAC-SHA-384-192 (RFC 4868).
    HmacSha384_192,
    /// HMAC-SHA-512-256 (RFC 4868).
    HmacSha512_256,
}

impl Integrity {
    /// Every algorithm.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::HmacMd5_96,
        Self::HmacSha1_96,
        Self::HmacSha256_128,
        Self::HmacSha256_96,
        Self::HmacSha384_192,
        Self::HmacSha512_256,
    ];

    /// The algorithm of an Authentication Algorithm attribute (RFC 2407 section 4.5, RFC 4868 section 2.6).
    #[must_use]
    pub const fn from_authentication_algorithm(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::HmacMd5_96),
            2 => Some(Self::HmacSha1_96),
            5 => Some(Self::HmacSha256_128),
            6 => Some(Self::HmacSha384_192),
            7 => Some(Self::HmacSha512_256),
            _ => None,
        }
    }

    /// The hash under its HMAC.
    #[must_use]
    pub const fn hash(self) -> Option<Hash> {
        match self {
            Self::None => None,
            Self::HmacMd5_96 => Some(Hash::Md5),
            Self::HmacSha1_96 => Some(Hash::Sha1),
            Self::HmacSha256_128 | Self::HmacSha256_96 => Some(Hash::Sha256),
            Self::HmacSha384_192 => Some(Hash::Sha384),
            Self::HmacSha512_256 => Some(Hash::Sha512),
        }
    }

    /// The length of its key, in octets: that of the hash (RFC 2403 section 3, CRYP-2404-3-a,
    /// CRYP-4868-2.1.1-a).
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self.hash() {
            None => 0,
            Some(hash) => hash.len(),
        }
    }

    /// The length of its integrity check value, in octets.
    #[must_use]
    pub const fn icv_len(self) -> usize {
        match self {
            Self::None => 0,
            Self::HmacMd5_96 | Self::HmacSha1_96 | Self::HmacSha256_96 => 12,
            Self::HmacSha256_128 => 16,
            Self::HmacSha384_192 => 24,
            Self::HmacSha512_256 => 32,
        }
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "NONE",
            Self::HmacMd5_96 => "HMAC-MD5-96",
            Self::HmacSha1_96 => "HMAC-SHA-1-96",
            Self::HmacSha256_128 => "HMAC-SHA-256-128",
            Self::HmacSha256_96 => "HMAC-SHA-256-96",
            Self::HmacSha384_192 => "HMAC-SHA-384-192",
            Self::HmacSha512_256 => "HMAC-SHA-512-256",
        })
    }
}
