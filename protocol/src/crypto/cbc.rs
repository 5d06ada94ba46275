//! Block ciphers in CBC mode for ISAKMP and ESP (RFC 2405, RFC 2451, RFC 3602).

use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit,
};
use aes::{Aes128, Aes192, Aes256};
use core::fmt;
use des::{Des, TdesEde3};

/// A block cipher in CBC mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// DES-CBC (RFC 2405).
    DesCbc,
    /// 3DES-CBC (RFC 2451, CRYP-2451-2-a).
    TripleDesCbc,
    /// AES-CBC with keys of 128 bits (RFC 3602, CRYP-3602-2.2-a).
    AesCbc128,
    /// AES-CBC with keys of 192 bits.
    AesCbc192,
    /// AES-CBC with keys of 256 bits.
    AesCbc256,
}

impl Cipher {
    /// Every cipher.
    pub const ALL: [Self; 5] =
        [Self::DesCbc, Self::TripleDesCbc, Self::AesCbc128, Self::AesCbc192, Self::AesCbc256];

    /// The cipher that the encryption algorithm and key length attributes of phase 1 name (RFC 2409 appendix A,
    /// CRYP-3602-5.2-a). AES without a key length is AES-128, the default of RFC 3602 section 2.2; whether it may
    /// be missing is not decided here.
    #[must_use]
    pub const fn from_phase1(encryption: u16, key_length_bits: Option<u16>) -> Option<Self> {
        match (encryption, key_length_bits) {
            (1, None) => Some(Self::DesCbc),
            (5, None) => Some(Self::TripleDesCbc),
            (7, None | Some(128)) => Some(Self::AesCbc128),
            (7, Some(192)) => Some(Self::AesCbc192),
            (7, Some(256)) => Some(Self::AesCbc256),
            _ => None,
        }
    }

    /// The length of a key, in octets.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::DesCbc => 8,
            Self::TripleDesCbc | Self::AesCbc192 => 24,
            Self::AesCbc128 => 16,
            Self::AesCbc256 => 32,
        }
    }

    /// The length of a block and of an IV, in octets.
    #[must_use]
    pub const fn block_len(self) -> usize {
        match self {
            Self::DesCbc | Self::TripleDesCbc => 8,
            Self::AesCbc128 | Self::AesCbc192 | Self::AesCbc256 => 16,
        }
    }

    /// Encrypts whole blocks in place.
    ///
    /// # Errors
    /// A length that the cipher does not take; `octets` are then untouched.
    pub fn encrypt_cbc(self, key: &[u8], iv: &[u8], octets: &mut [u8]) -> Result<(), BadLength> {
        Key::new(self, key)?.encrypt(iv, octets)
    }

    /// Decrypts whole blocks in place.
    ///
    /// # Errors
    /// A length that the cipher does not take; `octets` are then untouched.
    pub fn decrypt_cbc(self, key: &[u8], iv: &[u8], octets: &mut [u8]) -> Result<(), BadLength> {
        Key::new(self, key)?.decrypt(iv, octets)
    }
}

/// A length that a cipher does not take, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLength {
    /// The key's.
    Key {
        /// The length given.
        got: usize,
        /// The length that the cipher takes.
        want: usize,
    },
    /// The IV's.
    Iv {
        /// The length given.
        got: usize,
        /// The length that the cipher takes.
        want: usize,
    },
    /// The text's, which is not a multiple of the block.
    Blocks {
        /// The length given.
        got: usize,
        /// The length of a block.
        block: usize,
    },
}

impl fmt::Display for BadLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { got, want } => write!(f, "key of {got} octets where {want} are needed"),
            Self::Iv { got, want } => write!(f, "IV of {got} octets where {want} are needed"),
            Self::Blocks { got, block } => write!(f, "{got} octets are not whole blocks of {block}"),
        }
    }
}

impl core::error::Error for BadLength {}

/// Whether a 3DES key is no stronger than a DES key: its first two or its last two parts are equal. Parity bits
/// do not count. Such a key is to be refused by whoever makes one (CRYP-2451-2.3-a); it still decrypts.
#[must_use]
pub fn is_degenerate_triple_des_key(key: &[u8]) -> bool {
    let same = |a: &[u8; 8], b: &[u8; 8]| a.iter().zip(b).all(|(a, b)| a | 1 == b | 1);
    match key.as_chunks::<8>() {
        ([first, second, third], []) => same(first, second) || same(second, third),
        _ => false,
    }
}

/// A key with its schedule expanded once.
#[derive(Clone)]
pub struct Key(Schedule);

#[derive(Clone)]
enum Schedule {
    Des(Des),
    TripleDes(TdesEde3),
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl Key {
    /// Expands a key.
    ///
    /// # Errors
    /// [`BadLength::Key`].
    pub fn new(cipher: Cipher, key: &[u8]) -> Result<Self, BadLength> {
        Ok(Self(match cipher {
            Cipher::DesCbc => Schedule::Des(expand(cipher, key)?),
            Cipher::TripleDesCbc => Schedule::TripleDes(expand(cipher, key)?),
            Cipher::AesCbc128 => Schedule::Aes128(expand(cipher, key)?),
            Cipher::AesCbc192 => Schedule::Aes192(expand(cipher, key)?),
            Cipher::AesCbc256 => Schedule::Aes256(expand(cipher, key)?),
        }))
    }

    /// The cipher it is for.
    #[must_use]
    pub const fn cipher(&self) -> Cipher {
        match self.0 {
            Schedule::Des(_) => Cipher::DesCbc,
            Schedule::TripleDes(_) => Cipher::TripleDesCbc,
            Schedule::Aes128(_) => Cipher::AesCbc128,
            Schedule::Aes192(_) => Cipher::AesCbc192,
            Schedule::Aes256(_) => Cipher::AesCbc256,
        }
    }

    /// Encrypts whole blocks in place.
    ///
    /// # Errors
    /// [`BadLength::Iv`] or [`BadLength::Blocks`]; `octets` are then untouched.
    pub fn encrypt(&self, iv: &[u8], octets: &mut [u8]) -> Result<(), BadLength> {
        match &self.0 {
            Schedule::Des(cipher) => encrypt(cipher, iv, octets),
            Schedule::TripleDes(cipher) => encrypt(cipher, iv, octets),
            Schedule::Aes128(cipher) => encrypt(cipher, iv, octets),
            Schedule::Aes192(cipher) => encrypt(cipher, iv, octets),
            Schedule::Aes256(cipher) => encrypt(cipher, iv, octets),
        }
    }

    /// Decrypts whole blocks in place.
    ///
    /// # Errors
    /// [`BadLength::Iv`] or [`BadLength::Blocks`]; `octets` are then untouched.
    pub fn decrypt(&self, iv: &[u8], octets: &mut [u8]) -> Result<(), BadLength> {
        match &self.0 {
            Schedule::Des(cipher) => decrypt(cipher, iv, octets),
            Schedule::TripleDes(cipher) => decrypt(cipher, iv, octets),
            Schedule::Aes128(cipher) => decrypt(cipher, iv, octets),
            Schedule::Aes192(cipher) => decrypt(cipher, iv, octets),
            Schedule::Aes256(cipher) => decrypt(cipher, iv, octets),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("cipher", &self.cipher()).finish_non_exhaustive()
    }
}

fn expand<C: KeyInit>(cipher: Cipher, key: &[u8]) -> Result<C, BadLength> {
    C::new_from_slice(key).map_err(|_| BadLength::Key { got: key.len(), want: cipher.key_len() })
}

fn encrypt<C: BlockCipherEncrypt>(cipher: &C, iv: &[u8], octets: &mut [u8]) -> Result<(), BadLength> {
    let (iv, blocks) = split::<C::BlockSize>(iv, octets)?;
    cbc::Encryptor::<&C>::inner_iv_init(cipher, iv).encrypt_blocks(blocks);
    Ok(())
}

fn decrypt<C: BlockCipherDecrypt>(cipher: &C, iv: &[u8], octets: &mut [u8]) -> Result<(), BadLength> {
    let (iv, blocks) = split::<C::BlockSize>(iv, octets)?;
    cbc::Decryptor::<&C>::inner_iv_init(cipher, iv).decrypt_blocks(blocks);
    Ok(())
}

type Blocks<'a, N> = (&'a Array<u8, N>, &'a mut [Array<u8, N>]);

fn split<'a, N: aes::cipher::array::ArraySize>(
    iv: &'a [u8],
    octets: &'a mut [u8],
) -> Result<Blocks<'a, N>, BadLength> {
    let Some(iv) = Array::slice_as_array(iv) else {
        return Err(BadLength::Iv { got: iv.len(), want: N::USIZE });
    };
    let got = octets.len();
    match Array::slice_as_chunks_mut(octets) {
        (blocks, []) => Ok((iv, blocks)),
        _ => Err(BadLength::Blocks { got, block: N::USIZE }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cipher_decrypts_what_it_encrypted() {
        for cipher in Cipher::ALL {
            let key: Vec<u8> = (1..).take(cipher.key_len()).collect();
            let iv: Vec<u8> = (9..).take(cipher.block_len()).collect();
            let plain: Vec<u8> = (0..=255).cycle().take(cipher.block_len() * 37).collect();
            let mut octets = plain.clone();
            cipher.encrypt_cbc(&key, &iv, &mut octets).unwrap();
            assert_ne!(octets, plain);
            cipher.decrypt_cbc(&key, &iv, &mut octets).unwrap();
            assert_eq!(octets, plain, "{cipher:?}");
        }
    }

    #[test]
    fn wrong_lengths_are_refused_and_leave_the_octets_alone() {
        for cipher in Cipher::ALL {
            let (key, iv) = (vec![0; cipher.key_len()], vec![0; cipher.block_len()]);
            let mut octets = vec![7; cipher.block_len() + 1];
            let (got, block) = (octets.len(), cipher.block_len());
            assert_eq!(
                cipher.decrypt_cbc(&key, &iv, &mut octets),
                Err(BadLength::Blocks { got, block }),
                "{cipher:?}"
            );
            assert_eq!(
                cipher.encrypt_cbc(&key, &iv[1..], &mut octets),
                Err(BadLength::Iv { got: block - 1, want: block })
            );
            assert_eq!(
                cipher.encrypt_cbc(&key[1..], &iv, &mut octets),
                Err(BadLength::Key { got: key.len() - 1, want: key.len() })
            );
            assert!(octets.iter().all(|octet| *octet == 7));
            assert_eq!(cipher.decrypt_cbc(&key, &iv, &mut []), Ok(()));
        }
    }

    #[test]
    fn phase_1_numbers_name_ciphers_with_fixed_and_with_stated_key_lengths() {
        assert_eq!(Cipher::from_phase1(1, None), Some(Cipher::DesCbc));
        assert_eq!(Cipher::from_phase1(5, None), Some(Cipher::TripleDesCbc));
        assert_eq!(Cipher::from_phase1(5, Some(192)), None, "3DES has one key length and states none");
        assert_eq!(Cipher::from_phase1(7, Some(256)), Some(Cipher::AesCbc256));
        assert_eq!(Cipher::from_phase1(7, Some(192)), Some(Cipher::AesCbc192));
        assert_eq!(Cipher::from_phase1(7, None), Some(Cipher::AesCbc128));
        assert_eq!(Cipher::from_phase1(7, Some(129)), None);
        assert_eq!(Cipher::from_phase1(6, None), None);
    }

    /// CRYP-2451-2.3-a.
    #[test]
    fn triple_des_keys_with_equal_neighbours_are_degenerate() {
        let key = |a: u8, b: u8, c: u8| [[a; 8], [b; 8], [c; 8]].concat();
        assert!(is_degenerate_triple_des_key(&key(2, 2, 4)));
        assert!(is_degenerate_triple_des_key(&key(2, 4, 4)));
        assert!(is_degenerate_triple_des_key(&key(2, 3, 8)), "the lowest bit is parity");
        assert!(!is_degenerate_triple_des_key(&key(2, 4, 2)), "two-key 3DES is not refused");
        assert!(!is_degenerate_triple_des_key(&[0; 23]));
    }

    #[test]
    fn a_shown_key_tells_its_cipher_alone() {
        let key = Key::new(Cipher::AesCbc128, &[0xab; 16]).unwrap();
        assert_eq!(format!("{key:?}"), "Key { cipher: AesCbc128, .. }");
    }
}
