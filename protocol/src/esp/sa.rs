//! A security association: keys expanded once, for any number of packets.

use super::algorithm::{Encryption, Integrity};
use super::wire::Header;
use crate::crypto::{cbc, ctr, gcm, hmac};
use core::fmt;

/// One direction of an ESP association with its keys. It holds no sequence number and no replay window.
pub struct Sa {
    spi: u32,
    encryption: Encryption,
    integrity: Integrity,
    pub(super) cipher: Cipher,
    pub(super) mac: Option<hmac::Key>,
}

pub(super) enum Cipher {
    Null,
    Cbc(cbc::Key),
    Ctr(ctr::Key),
    Gcm(gcm::Key),
}

impl Sa {
    /// Expands the keys of an association. `encryption_key` includes the nonce or salt.
    ///
    /// # Errors
    /// A key of a length that its algorithm does not take, or two integrity algorithms at once.
    pub fn new(
        spi: u32,
        encryption: Encryption,
        encryption_key: &[u8],
        integrity: Integrity,
        integrity_key: &[u8],
    ) -> Result<Self, BadKey> {
        let got = encryption_key.len();
        let bad = BadKey::Encryption { got, want: encryption.key_lens() };
        let cipher = match encryption {
            Encryption::Null if got == 0 => Cipher::Null,
            Encryption::Null => return Err(bad),
            Encryption::DesCbc => {
                Cipher::Cbc(cbc::Key::new(cbc::Cipher::DesCbc, encryption_key).map_err(|_| bad)?)
            }
            Encryption::TripleDesCbc => {
                Cipher::Cbc(cbc::Key::new(cbc::Cipher::TripleDesCbc, encryption_key).map_err(|_| bad)?)
            }
            Encryption::AesCbc => {
                let cipher = match got {
                    16 => cbc::Cipher::AesCbc128,
                    24 => cbc::Cipher::AesCbc192,
                    _ => cbc::Cipher::AesCbc256,
                };
                Cipher::Cbc(cbc::Key::new(cipher, encryption_key).map_err(|_| bad)?)
            }
            Encryption::AesCtr => Cipher::Ctr(ctr::Key::new(encryption_key).ok_or(bad)?),
            Encryption::AesGcm8 => Cipher::Gcm(gcm::Key::new(encryption_key, 8).ok_or(bad)?),
            Encryption::AesGcm12 => Cipher::Gcm(gcm::Key::new(encryption_key, 12).ok_or(bad)?),
            Encryption::AesGcm16 => Cipher::Gcm(gcm::Key::new(encryption_key, 16).ok_or(bad)?),
        };
        if integrity != Integrity::None && encryption.own_icv_len().is_some() {
            return Err(BadKey::SecondIntegrity);
        }
        if integrity_key.len() != integrity.key_len() {
            return Err(BadKey::Integrity { got: integrity_key.len(), want: integrity.key_len() });
        }
        let mac = integrity.hash().map(|hash| hmac::Key::new(hash, integrity_key));
        Ok(Self { spi, encryption, integrity, cipher, mac })
    }

    /// The Security Parameters Index.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        self.spi
    }

    /// The transform.
    #[must_use]
    pub const fn encryption(&self) -> Encryption {
        self.encryption
    }

    /// The integrity algorithm.
    #[must_use]
    pub const fn integrity(&self) -> Integrity {
        self.integrity
    }

    /// The length of the Integrity Check Value that ends each packet, in octets.
    #[must_use]
    pub const fn icv_len(&self) -> usize {
        match self.encryption.own_icv_len() {
            Some(length) => length,
            None => self.integrity.icv_len(),
        }
    }

    /// The length of all that stands before the ciphertext, in octets: SPI, sequence number and IV.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        Header::LEN.saturating_add(self.encryption.iv_len())
    }

    /// Whether `packet` ends in an HMAC of the rest that is cut to `icv_len` octets, whatever length the
    /// algorithm asks for. A peer with the truncation fault of old kernels sends HMAC-SHA-256-128 whose packets
    /// verify with 12 octets (CRYP-4868-2.3-a). Never true of an association without an HMAC.
    #[must_use]
    pub fn verifies_at(&self, packet: &[u8], icv_len: usize) -> bool {
        let Some(covered_len) = packet.len().checked_sub(icv_len) else { return false };
        match (&self.mac, packet.split_at_checked(covered_len)) {
            (Some(mac), Some((covered, icv))) => mac.verifies(covered, icv),
            _ => false,
        }
    }
}

impl fmt::Debug for Sa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sa")
            .field("spi", &format_args!("{:#010x}", self.spi))
            .field("encryption", &self.encryption)
            .field("integrity", &self.integrity)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Sa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ESP SPI {:#010x} {} {}", self.spi, self.encryption, self.integrity)
    }
}

/// A key that an association cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadKey {
    /// The encryption key has a wrong length, in octets.
    Encryption {
        /// The length given.
        got: usize,
        /// The lengths that the transform takes.
        want: &'static [usize],
    },
    /// The integrity key has a wrong length, in octets.
    Integrity {
        /// The length given.
        got: usize,
        /// The length that the algorithm takes.
        want: usize,
    },
    /// An integrity algorithm beside a transform that brings its own.
    SecondIntegrity,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encryption { got, want } => {
                write!(f, "encryption key of {got} octets where one of {want:?} is needed")
            }
            Self::Integrity { got, want } => {
                write!(f, "integrity key of {got} octets where {want} are needed")
            }
            Self::SecondIntegrity => f.write_str("integrity algorithm beside a transform with its own"),
        }
    }
}

impl core::error::Error for BadKey {}
