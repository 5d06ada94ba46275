//! The algorithms of ESP SAs, and what Wireshark, the Linux kernel and charon call them.

/// An encryption algorithm of ESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EspEncryption {
    /// None (RFC 2410).
    Null,
    /// DES in CBC mode (RFC 2405).
    DesCbc,
    /// Triple DES in CBC mode (RFC 2451).
    TripleDesCbc,
    /// AES in CBC mode (RFC 3602).
    AesCbc,
    /// AES in counter mode (RFC 3686); four octets of nonce follow the key.
    AesCtr,
    /// AES in GCM mode (RFC 4106); four octets of salt follow the key.
    AesGcm {
        /// Octets of the ICV; `None` where the integrity algorithm tells.
        icv: Option<u8>,
    },
    /// `ChaCha20` with Poly1305 (RFC 7634); four octets of salt follow the key.
    ChaCha20Poly1305,
    /// CAST-128 in CBC mode (RFC 2451).
    Cast5Cbc,
    /// Blowfish in CBC mode (RFC 2451).
    BlowfishCbc,
    /// Twofish in CBC mode.
    TwofishCbc,
}

/// An integrity algorithm of ESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EspIntegrity {
    /// None, or that of the encryption algorithm.
    Null,
    /// HMAC-MD5-96 (RFC 2403).
    HmacMd5_96,
    /// HMAC-SHA-1-96 (RFC 2404).
    HmacSha1_96,
    /// HMAC-SHA-256 cut to 96 bits, as Linux did before RFC 4868.
    HmacSha256_96,
    /// HMAC-SHA-256-128 (RFC 4868).
    HmacSha256_128,
    /// HMAC-SHA-384-192 (RFC 4868).
    HmacSha384_192,
    /// HMAC-SHA-512-256 (RFC 4868).
    HmacSha512_256,
    /// HMAC-RIPEMD-160-96 (RFC 2857).
    HmacRipemd160_96,
    /// An ICV that is not to be checked.
    Any {
        /// Its octets.
        icv: u8,
    },
}

impl EspEncryption {
    /// Whether packets under it can be decrypted here.
    #[must_use]
    pub const fn is_opened(self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::DesCbc
                | Self::TripleDesCbc
                | Self::AesCbc
                | Self::AesCtr
                | Self::AesGcm { .. }
        )
    }

    /// Whether the algorithm also protects integrity.
    #[must_use]
    pub const fn is_combined(self) -> bool {
        matches!(self, Self::AesGcm { .. } | Self::ChaCha20Poly1305)
    }
}

impl EspIntegrity {
    /// Octets of the ICV at the end of each packet. A combined encryption algorithm has its own.
    #[must_use]
    pub const fn icv_length(self) -> usize {
        match self {
            Self::Null => 0,
            Self::HmacMd5_96 | Self::HmacSha1_96 | Self::HmacSha256_96 | Self::HmacRipemd160_96 => 12,
            Self::HmacSha256_128 => 16,
            Self::HmacSha384_192 => 24,
            Self::HmacSha512_256 => 32,
            Self::Any { icv } => icv as usize,
        }
    }
}

use l2tpspec_protocol::esp::{Encryption, Integrity};

use EspEncryption as E;
use EspIntegrity as I;

/// Wireshark's names of encryption algorithms.
pub(super) const WIRESHARK_ENCRYPTION: &[(&str, EspEncryption)] = &[
    ("NULL", E::Null),
    ("TripleDES-CBC [RFC2451]", E::TripleDesCbc),
    ("AES-CBC [RFC3602]", E::AesCbc),
    ("AES-CTR [RFC3686]", E::AesCtr),
    ("DES-CBC [RFC2405]", E::DesCbc),
    ("CAST5-CBC [RFC2144]", E::Cast5Cbc),
    ("BLOWFISH-CBC [RFC2451]", E::BlowfishCbc),
    ("TWOFISH-CBC", E::TwofishCbc),
    ("AES-GCM [RFC4106]", E::AesGcm { icv: None }),
    ("AES-GCM with 8 octet ICV [RFC4106]", E::AesGcm { icv: Some(8) }),
    ("AES-GCM with 12 octet ICV [RFC4106]", E::AesGcm { icv: Some(12) }),
    ("AES-GCM with 16 octet ICV [RFC4106]", E::AesGcm { icv: Some(16) }),
    ("ChaCha20 with Poly1305 [RFC7634]", E::ChaCha20Poly1305),
];

/// Wireshark's names of integrity algorithms.
pub(super) const WIRESHARK_INTEGRITY: &[(&str, EspIntegrity)] = &[
    ("NULL", I::Null),
    ("HMAC-SHA-1-96 [RFC2404]", I::HmacSha1_96),
    ("HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]", I::HmacSha256_96),
    ("HMAC-SHA-256-128 [RFC4868]", I::HmacSha256_128),
    ("HMAC-SHA-384-192 [RFC4868]", I::HmacSha384_192),
    ("HMAC-SHA-512-256 [RFC4868]", I::HmacSha512_256),
    ("HMAC-MD5-96 [RFC2403]", I::HmacMd5_96),
    ("MAC-RIPEMD-160-96 [RFC2857]", I::HmacRipemd160_96),
    ("ANY 64 bit authentication [no checking]", I::Any { icv: 8 }),
    ("ANY 96 bit authentication [no checking]", I::Any { icv: 12 }),
    ("ANY 128 bit authentication [no checking]", I::Any { icv: 16 }),
    ("ANY 192 bit authentication [no checking]", I::Any { icv: 24 }),
    ("ANY 256 bit authentication [no checking]", I::Any { icv: 32 }),
];

impl EspEncryption {
    /// What Wireshark calls it.
    pub(super) fn wireshark(self) -> Option<&'static str> {
        WIRESHARK_ENCRYPTION.iter().find(|(_, known)| *known == self).map(|(name, _)| *name)
    }
}

impl EspIntegrity {
    /// What Wireshark calls it.
    pub(super) fn wireshark(self) -> Option<&'static str> {
        WIRESHARK_INTEGRITY.iter().find(|(_, known)| *known == self).map(|(name, _)| *name)
    }
}

/// What Wireshark calls the algorithms of an association of ours.
pub(crate) fn wireshark_names(encryption: Encryption, integrity: Integrity) -> (&'static str, &'static str) {
    let encryption = match encryption {
        Encryption::Null => E::Null,
        Encryption::DesCbc => E::DesCbc,
        Encryption::TripleDesCbc => E::TripleDesCbc,
        Encryption::AesCbc => E::AesCbc,
        Encryption::AesCtr => E::AesCtr,
        Encryption::AesGcm8 => E::AesGcm { icv: Some(8) },
        Encryption::AesGcm12 => E::AesGcm { icv: Some(12) },
        Encryption::AesGcm16 => E::AesGcm { icv: Some(16) },
    };
    let integrity = match integrity {
        Integrity::None => I::Null,
        Integrity::HmacMd5_96 => I::HmacMd5_96,
        Integrity::HmacSha1_96 => I::HmacSha1_96,
        Integrity::HmacSha256_96 => I::HmacSha256_96,
        Integrity::HmacSha256_128 => I::HmacSha256_128,
        Integrity::HmacSha384_192 => I::HmacSha384_192,
        Integrity::HmacSha512_256 => I::HmacSha512_256,
    };
    (encryption.wireshark().unwrap_or("NULL"), integrity.wireshark().unwrap_or("NULL"))
}

/// charon's names of encryption algorithms.
pub(super) const CHARON_ENCRYPTION: &[(&str, EspEncryption)] = &[
    ("NULL", E::Null),
    ("DES_CBC", E::DesCbc),
    ("3DES_CBC", E::TripleDesCbc),
    ("AES_CBC", E::AesCbc),
    ("AES_CTR", E::AesCtr),
    ("AES_GCM_8", E::AesGcm { icv: Some(8) }),
    ("AES_GCM_12", E::AesGcm { icv: Some(12) }),
    ("AES_GCM_16", E::AesGcm { icv: Some(16) }),
    ("CHACHA20_POLY1305", E::ChaCha20Poly1305),
    ("CAST_CBC", E::Cast5Cbc),
    ("BLOWFISH_CBC", E::BlowfishCbc),
    ("TWOFISH_CBC", E::TwofishCbc),
];

/// charon's names of integrity algorithms.
pub(super) const CHARON_INTEGRITY: &[(&str, EspIntegrity)] = &[
    ("HMAC_MD5_96", I::HmacMd5_96),
    ("HMAC_SHA1_96", I::HmacSha1_96),
    ("HMAC_SHA2_256_96", I::HmacSha256_96),
    ("HMAC_SHA2_256_128", I::HmacSha256_128),
    ("HMAC_SHA2_384_192", I::HmacSha384_192),
    ("HMAC_SHA2_512_256", I::HmacSha512_256),
];

/// The algorithm of a name, whatever the case of its letters: charon's plugin writes `TripleDes-CBC`.
pub(super) fn named<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, algorithm)| algorithm)
}

/// The Linux kernel's name of an encryption algorithm without integrity.
pub(super) fn linux_encryption(name: &str) -> Option<EspEncryption> {
    Some(match name {
        "cbc(aes)" | "aes" => E::AesCbc,
        "cbc(des3_ede)" | "des3_ede" => E::TripleDesCbc,
        "cbc(des)" | "des" => E::DesCbc,
        "rfc3686(ctr(aes))" => E::AesCtr,
        "ecb(cipher_null)" | "cipher_null" => E::Null,
        "cbc(cast5)" | "cast5" => E::Cast5Cbc,
        "cbc(blowfish)" | "blowfish" => E::BlowfishCbc,
        "cbc(twofish)" | "twofish" => E::TwofishCbc,
        _ => return None,
    })
}

/// The Linux kernel's name of an encryption algorithm with integrity, and the bits of its ICV.
pub(super) fn linux_combined(name: &str, bits: u32) -> Option<EspEncryption> {
    match (name, bits) {
        ("rfc4106(gcm(aes))", 64 | 96 | 128) => Some(E::AesGcm { icv: u8::try_from(bits / 8).ok() }),
        ("rfc7539esp(chacha20,poly1305)", 128) => Some(E::ChaCha20Poly1305),
        _ => None,
    }
}

/// The Linux kernel's name of an integrity algorithm, and the bits of its ICV. One that cannot be checked still has
/// a length.
pub(super) fn linux_integrity(name: &str, bits: u32) -> Option<EspIntegrity> {
    Some(match (name, bits) {
        ("digest_null", _) => I::Null,
        ("hmac(md5)" | "md5", 96) => I::HmacMd5_96,
        ("hmac(sha1)" | "sha1", 96) => I::HmacSha1_96,
        ("hmac(sha256)" | "sha256", 96) => I::HmacSha256_96,
        ("hmac(sha256)" | "sha256", 128) => I::HmacSha256_128,
        ("hmac(sha384)" | "sha384", 192) => I::HmacSha384_192,
        ("hmac(sha512)" | "sha512", 256) => I::HmacSha512_256,
        ("hmac(rmd160)" | "rmd160", 96) => I::HmacRipemd160_96,
        (_, 8..=512) if bits.is_multiple_of(8) => I::Any { icv: u8::try_from(bits / 8).ok()? },
        _ => return None,
    })
}
