//! AES-GCM as ESP uses it (RFC 4106).

use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AeadInOut, AesGcm, KeyInit, TagSize};
use core::fmt;

/// The length of the salt that ends the keying material, in octets (CRYP-4106-3-a).
pub const SALT_LEN: usize = 4;

/// The length of the IV of one packet, in octets (CRYP-4106-3-a).
pub const IV_LEN: usize = 8;

/// A key and salt, with all that depends on the key alone computed once.
pub struct Key {
    cipher: Box<dyn Mode>,
    salt: [u8; SALT_LEN],
}

/// An integrity check value that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadIcv;

impl Key {
    /// Expands a key of 16, 24 or 32 octets that its salt follows, for integrity check values of 8, 12 or 16
    /// octets (CRYP-4106-6-a). Any other length gives `None`.
    #[must_use]
    pub fn new(key_and_salt: &[u8], icv_len: usize) -> Option<Self> {
        let (key, salt) = key_and_salt.split_last_chunk::<SALT_LEN>()?;
        let cipher = match icv_len {
            8 => mode::<U8>(key)?,
            12 => mode::<U12>(key)?,
            16 => mode::<U16>(key)?,
            _ => return None,
        };
        Some(Self { cipher, salt: *salt })
    }

    /// Verifies `icv` over `associated` and `octets` and then decrypts `octets` in place.
    ///
    /// # Errors
    /// [`BadIcv`]; `octets` are then untouched.
    pub fn open(
        &self,
        iv: [u8; IV_LEN],
        associated: &[u8],
        octets: &mut [u8],
        icv: &[u8],
    ) -> Result<(), BadIcv> {
        self.cipher.open(self.nonce(iv), associated, octets, icv).ok_or(BadIcv)
    }

    /// Encrypts `octets` in place and writes the integrity check value over them and `associated` to `icv`, or
    /// does nothing and gives `None` if `icv` has another length than the key was made for.
    pub fn seal(&self, iv: [u8; IV_LEN], associated: &[u8], octets: &mut [u8], icv: &mut [u8]) -> Option<()> {
        self.cipher.seal(self.nonce(iv), associated, octets, icv)
    }

    const fn nonce(&self, iv: [u8; IV_LEN]) -> [u8; 12] {
        let [s0, s1, s2, s3] = self.salt;
        let [i0, i1, i2, i3, i4, i5, i6, i7] = iv;
        [s0, s1, s2, s3, i0, i1, i2, i3, i4, i5, i6, i7]
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

/// One combination of key length and tag length.
trait Mode: Send + Sync {
    fn open(&self, nonce: [u8; 12], associated: &[u8], octets: &mut [u8], icv: &[u8]) -> Option<()>;
    fn seal(&self, nonce: [u8; 12], associated: &[u8], octets: &mut [u8], icv: &mut [u8]) -> Option<()>;
}

impl<C, T> Mode for AesGcm<C, U12, T>
where
    T: TagSize,
    Self: AeadInOut<NonceSize = U12, TagSize = T> + Send + Sync,
{
    fn open(&self, nonce: [u8; 12], associated: &[u8], octets: &mut [u8], icv: &[u8]) -> Option<()> {
        let icv = icv.try_into().ok()?;
        self.decrypt_inout_detached(&nonce.into(), associated, octets.into(), icv).ok()
    }

    fn seal(&self, nonce: [u8; 12], associated: &[u8], octets: &mut [u8], icv: &mut [u8]) -> Option<()> {
        let icv: &mut aes_gcm::Tag<T> = icv.try_into().ok()?;
        *icv = self.encrypt_inout_detached(&nonce.into(), associated, octets.into()).ok()?;
        Some(())
    }
}

fn mode<T: TagSize + Send + Sync + 'static>(key: &[u8]) -> Option<Box<dyn Mode>> {
    Some(match key.len() {
        16 => Box::new(AesGcm::<Aes128, U12, T>::new_from_slice(key).ok()?),
        24 => Box::new(AesGcm::<Aes192, U12, T>::new_from_slice(key).ok()?),
        32 => Box::new(AesGcm::<Aes256, U12, T>::new_from_slice(key).ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_opens_what_it_sealed_and_nothing_else() {
        for key_length in [20, 28, 36] {
            for icv_length in [8, 12, 16] {
                let key = Key::new(&vec![3; key_length], icv_length).unwrap();
                let (mut octets, mut icv) = (*b"some plain octets", vec![0; icv_length]);
                key.seal([1; 8], b"associated", &mut octets, &mut icv).unwrap();
                let sealed = octets;
                assert_eq!(key.open([1; 8], b"Associated", &mut octets, &icv), Err(BadIcv));
                assert_eq!(key.open([1; 8], b"associated", &mut octets, &icv[1..]), Err(BadIcv));
                assert_eq!(key.open([2; 8], b"associated", &mut octets, &icv), Err(BadIcv));
                assert_eq!(octets, sealed);
                assert_eq!(key.open([1; 8], b"associated", &mut octets, &icv), Ok(()));
                assert_eq!(&octets, b"some plain octets");
            }
        }
    }

    #[test]
    fn other_lengths_are_no_key() {
        assert!(Key::new(&[0; 16], 16).is_none());
        assert!(Key::new(&[0; 20], 13).is_none());
        assert!(Key::new(&[], 16).is_none());
    }
}
