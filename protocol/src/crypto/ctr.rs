//! AES in counter mode as ESP uses it (RFC 3686).

use aes::cipher::{InnerIvInit, KeyInit, StreamCipherCore};
use aes::{Aes128, Aes192, Aes256};
use core::fmt;
use ctr::{CtrCore, flavors::Ctr32BE};

/// The length of the nonce that ends the keying material, in octets (CRYP-3686-5.1-a).
pub const NONCE_LEN: usize = 4;

/// The length of the IV of one packet, in octets (CRYP-3686-3-a).
pub const IV_LEN: usize = 8;

/// A key and nonce, with the key's schedule expanded once.
#[derive(Clone)]
pub struct Key {
    cipher: Aes,
    nonce: [u8; NONCE_LEN],
}

#[derive(Clone)]
enum Aes {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl Key {
    /// Expands a key of 16, 24 or 32 octets that its nonce follows. Any other length gives `None`.
    #[must_use]
    pub fn new(key_and_nonce: &[u8]) -> Option<Self> {
        let (key, nonce) = key_and_nonce.split_last_chunk::<NONCE_LEN>()?;
        let cipher = match key.len() {
            16 => Aes::Aes128(Aes128::new_from_slice(key).ok()?),
            24 => Aes::Aes192(Aes192::new_from_slice(key).ok()?),
            32 => Aes::Aes256(Aes256::new_from_slice(key).ok()?),
            _ => return None,
        };
        Some(Self { cipher, nonce: *nonce })
    }

    /// Encrypts or decrypts in place: the key stream of the IV is added to `octets`. The block counter starts at
    /// one (RFC 3686 section 4).
    pub fn apply(&self, iv: [u8; IV_LEN], octets: &mut [u8]) {
        let [n0, n1, n2, n3] = self.nonce;
        let [i0, i1, i2, i3, i4, i5, i6, i7] = iv;
        let block = [n0, n1, n2, n3, i0, i1, i2, i3, i4, i5, i6, i7, 0, 0, 0, 1].into();
        match &self.cipher {
            Aes::Aes128(aes) => {
                CtrCore::<_, Ctr32BE>::inner_iv_init(aes, &block).apply_keystream_partial(octets.into());
            }
            Aes::Aes192(aes) => {
                CtrCore::<_, Ctr32BE>::inner_iv_init(aes, &block).apply_keystream_partial(octets.into());
            }
            Aes::Aes256(aes) => {
                CtrCore::<_, Ctr32BE>::inner_iv_init(aes, &block).apply_keystream_partial(octets.into());
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_key_lengths_are_taken() {
        for length in 0..64 {
            assert_eq!(Key::new(&vec![0; length]).is_some(), [20, 28, 36].contains(&length), "{length}");
        }
    }

    /// RFC 3686 section 6, test vectors 1 and 2.
    #[test]
    fn reproduces_the_vectors_of_rfc_3686() {
        let key = [
            0xae, 0x68, 0x52, 0xf8, 0x12, 0x10, 0x67, 0xcc, 0x4b, 0xf7, 0xa5, 0x76, 0x55, 0x77, 0xf3, 0x9e,
            0, 0, 0, 0x30,
        ];
        let mut octets = *b"Single block msg";
        Key::new(&key).unwrap().apply([0; 8], &mut octets);
        assert_eq!(octets, 0xe409_5d4f_b7a7_b379_2d61_75a3_2613_11b8_u128.to_be_bytes());

        let key = [
            0x7e, 0x24, 0x06, 0x78, 0x17, 0xfa, 0xe0, 0xd7, 0x43, 0xd6, 0xce, 0x1f, 0x32, 0x53, 0x91, 0x63,
            0x00, 0x6c, 0xb6, 0xdb,
        ];
        let mut octets: [u8; 32] = core::array::from_fn(|n| n as u8);
        Key::new(&key).unwrap().apply(0xc054_3b59_da48_d90b_u64.to_be_bytes(), &mut octets);
        assert_eq!(octets[..16], 0x5104_a106_168a_72d9_790d_41ee_8eda_d388_u128.to_be_bytes());
        assert_eq!(octets[16..], 0xeb2e_1efc_46da_57c8_fce6_30df_9141_be28_u128.to_be_bytes());
    }
}
