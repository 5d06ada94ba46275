//! HMAC under a key that many messages share: the states after the inner and the outer pad are computed once
//! (RFC 2104 section 4).

use super::hash::Hash;
use core::fmt;

/// The longest digest, in octets.
const LONGEST: usize = 64;

/// A key with its two keyed states.
#[derive(Clone)]
pub struct Key(Keyed);

#[derive(Clone)]
enum Keyed {
    Md5(States<Md5, 64>),
    Sha1(States<Sha1, 64>),
    Sha256(States<Sha256, 64>),
    Sha384(States<Sha384, 128>),
    Sha512(States<Sha512, 128>),
}

impl Key {
    /// Prepares a key of any length.
    #[must_use]
    pub fn new(hash: Hash, key: &[u8]) -> Self {
        Self(match hash {
            Hash::Md5 => Keyed::Md5(States::new(hash, key)),
            Hash::Sha1 => Keyed::Sha1(States::new(hash, key)),
            Hash::Sha256 => Keyed::Sha256(States::new(hash, key)),
            Hash::Sha384 => Keyed::Sha384(States::new(hash, key)),
            Hash::Sha512 => Keyed::Sha512(States::new(hash, key)),
        })
    }

    /// The hash it is for.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        match self.0 {
            Keyed::Md5(_) => Hash::Md5,
            Keyed::Sha1(_) => Hash::Sha1,
            Keyed::Sha256(_) => Hash::Sha256,
            Keyed::Sha384(_) => Hash::Sha384,
            Keyed::Sha512(_) => Hash::Sha512,
        }
    }

    /// The states after the inner and the outer pad, for [many messages at once](super::lanes); only of SHA-1.
    #[must_use]
    pub const fn sha1_states(&self) -> Option<(&super::lanes::State, &super::lanes::State)> {
        match &self.0 {
            Keyed::Sha1(states) => Some((&states.inner, &states.outer)),
            Keyed::Md5(_) | Keyed::Sha256(_) | Keyed::Sha384(_) | Keyed::Sha512(_) => None,
        }
    }

    /// The HMAC of a message, followed by zeros if the digest is shorter than 64 octets.
    #[must_use]
    pub fn tag(&self, message: &[u8]) -> [u8; LONGEST] {
        match &self.0 {
            Keyed::Md5(states) => states.tag(message),
            Keyed::Sha1(states) => states.tag(message),
            Keyed::Sha256(states) => states.tag(message),
            Keyed::Sha384(states) => states.tag(message),
            Keyed::Sha512(states) => states.tag(message),
        }
    }

    /// Whether `truncated` is the beginning of the HMAC of `message`. An empty or an overlong one never is.
    #[must_use]
    pub fn verifies(&self, message: &[u8], truncated: &[u8]) -> bool {
        if truncated.is_empty() || truncated.len() > self.hash().len() {
            return false;
        }
        self.tag(message).get(..truncated.len()).is_some_and(|tag| super::equal(tag, truncated))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("hash", &self.hash()).finish_non_exhaustive()
    }
}

/// An iterated hash by its compression function.
trait Compression<const BLOCK: usize> {
    type State: Copy;
    /// The state before the first block.
    const INITIAL: Self::State;
    fn compress(state: &mut Self::State, blocks: &[[u8; BLOCK]]);
    /// The digest that a final state stands for, and its length in octets.
    fn digest(state: &Self::State) -> ([u8; LONGEST], usize);
    /// The number of message bits as the last eight octets of the last block hold it.
    fn length_field(bits: u64) -> [u8; 8] {
        bits.to_be_bytes()
    }
    /// Octets of the length field, of which those before the last eight are zero.
    const LENGTH_OCTETS: usize = 8;
}

#[derive(Clone)]
struct States<C: Compression<BLOCK>, const BLOCK: usize> {
    inner: C::State,
    outer: C::State,
}

impl<C: Compression<BLOCK>, const BLOCK: usize> States<C, BLOCK> {
    fn new(hash: Hash, key: &[u8]) -> Self {
        let hashed;
        let key = if key.len() > BLOCK {
            hashed = hash.digest(&[key]);
            &hashed
        } else {
            key
        };
        let padded = |pad: u8| {
            let mut block = [pad; BLOCK];
            block.iter_mut().zip(key).for_each(|(octet, key)| *octet ^= key);
            let mut state = C::INITIAL;
            C::compress(&mut state, &[block]);
            state
        };
        Self { inner: padded(0x36), outer: padded(0x5c) }
    }

    fn tag(&self, message: &[u8]) -> [u8; LONGEST] {
        let mut state = self.inner;
        let (blocks, tail) = message.as_chunks::<BLOCK>();
        C::compress(&mut state, blocks);
        let (digest, length) = Self::finish(state, tail, message.len());
        let digest = digest.get(..length).unwrap_or(&digest);
        Self::finish(self.outer, digest, length).0
    }

    /// Pads and compresses the last octets of a message of `message_octets` that followed one block of key.
    fn finish(mut state: C::State, tail: &[u8], message_octets: usize) -> ([u8; LONGEST], usize) {
        let mut last = [[0; BLOCK]; 2];
        let needs_two = tail.len().saturating_add(C::LENGTH_OCTETS) >= BLOCK;
        let used = last.get_mut(..if needs_two { 2 } else { 1 }).unwrap_or_default();
        let octets = used.as_flattened_mut();
        for (octet, value) in octets.iter_mut().zip(tail.iter().chain(&[0x80])) {
            *octet = *value;
        }
        let bits = (message_octets as u64).wrapping_add(BLOCK as u64).wrapping_mul(8);
        if let Some(field) = octets.last_chunk_mut::<8>() {
            *field = C::length_field(bits);
        }
        C::compress(&mut state, used);
        C::digest(&state)
    }
}

/// Lays 32-bit words out as octets.
fn octets_of<const N: usize>(words: &[u32], to_octets: fn(u32) -> [u8; 4]) -> ([u8; LONGEST], usize) {
    let mut digest = [0; LONGEST];
    for (octets, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *octets = to_octets(*word);
    }
    (digest, N)
}

/// Lays 64-bit words out as octets.
fn octets_of_long<const N: usize>(words: &[u64; 8]) -> ([u8; LONGEST], usize) {
    let mut digest = [0; LONGEST];
    for (octets, word) in digest.get_mut(..N).unwrap_or_default().as_chunks_mut::<8>().0.iter_mut().zip(words)
    {
        *octets = word.to_be_bytes();
    }
    (digest, N)
}

#[derive(Clone)]
struct Md5;

impl Compression<64> for Md5 {
    type State = [u32; 4];
    const INITIAL: Self::State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    fn compress(state: &mut Self::State, blocks: &[[u8; 64]]) {
        md5::block_api::compress(state, blocks);
    }
    fn digest(state: &Self::State) -> ([u8; LONGEST], usize) {
        octets_of::<16>(state, u32::to_le_bytes)
    }
    fn length_field(bits: u64) -> [u8; 8] {
        bits.to_le_bytes()
    }
}

#[derive(Clone)]
struct Sha1;

impl Compression<64> for Sha1 {
    type State = [u32; 5];
    const INITIAL: Self::State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    fn compress(state: &mut Self::State, blocks: &[[u8; 64]]) {
        sha1::block_api::compress(state, blocks);
    }
    fn digest(state: &Self::State) -> ([u8; LONGEST], usize) {
        octets_of::<20>(state, u32::to_be_bytes)
    }
}

#[derive(Clone)]
struct Sha256;

impl Compression<64> for Sha256 {
    type State = [u32; 8];
    const INITIAL: Self::State = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    fn compress(state: &mut Self::State, blocks: &[[u8; 64]]) {
        sha2::block_api::compress256(state, blocks);
    }
    fn digest(state: &Self::State) -> ([u8; LONGEST], usize) {
        octets_of::<32>(state, u32::to_be_bytes)
    }
}

#[derive(Clone)]
struct Sha384;

impl Compression<128> for Sha384 {
    type State = [u64; 8];
    const INITIAL: Self::State = [
        0xcbbb_9d5d_c105_9ed8,
        0x629a_292a_367c_d507,
        0x9159_015a_3070_dd17,
        0x152f_ecd8_f70e_5939,
        0x6733_2667_ffc0_0b31,
        0x8eb4_4a87_6858_1511,
        0xdb0c_2e0d_64f9_8fa7,
        0x47b5_481d_befa_4fa4,
    ];
    fn compress(state: &mut Self::State, blocks: &[[u8; 128]]) {
        sha2::block_api::compress512(state, blocks);
    }
    fn digest(state: &Self::State) -> ([u8; LONGEST], usize) {
        octets_of_long::<48>(state)
    }
    const LENGTH_OCTETS: usize = 16;
}

#[derive(Clone)]
struct Sha512;

impl Compression<128> for Sha512 {
    type State = [u64; 8];
    const INITIAL: Self::State = [
        0x6a09_e667_f3bc_c908,
        0xbb67_ae85_84ca_a73b,
        0x3c6e_f372_fe94_f82b,
        0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1,
        0x9b05_688c_2b3e_6c1f,
        0x1f83_d9ab_fb41_bd6b,
        0x5be0_cd19_137e_2179,
    ];
    fn compress(state: &mut Self::State, blocks: &[[u8; 128]]) {
        sha2::block_api::compress512(state, blocks);
    }
    fn digest(state: &Self::State) -> ([u8; LONGEST], usize) {
        octets_of_long::<64>(state)
    }
    const LENGTH_OCTETS: usize = 16;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepared_keys_give_the_same_hmac_as_the_formula_at_every_length() {
        let message: Vec<u8> = (0..400u32).map(|n| n.to_be_bytes()[3] ^ 0xa5).collect();
        for hash in Hash::ALL {
            for key_length in [0, 1, 20, 63, 64, 65, 127, 128, 129, 200] {
                let key = vec![0x5e; key_length];
                let prepared = Key::new(hash, &key);
                for length in 0..message.len() {
                    let want = hash.hmac(&key, &[&message[..length]]);
                    let tag = prepared.tag(&message[..length]);
                    assert_eq!(tag[..hash.len()], want, "{hash:?} key {key_length} message {length}");
                    assert!(tag[hash.len()..].iter().all(|octet| *octet == 0));
                }
            }
        }
    }

    #[test]
    fn only_a_beginning_of_the_hmac_verifies() {
        let key = Key::new(Hash::Sha1, b"key");
        let tag = key.tag(b"message");
        assert!(key.verifies(b"message", &tag[..12]));
        assert!(key.verifies(b"message", &tag[..20]));
        assert!(!key.verifies(b"message", &tag[..21]), "octets after the digest are no part of it");
        assert!(!key.verifies(b"message", &[]), "no octets prove nothing");
        assert!(!key.verifies(b"massage", &tag[..12]));
    }

    #[test]
    fn a_shown_key_tells_its_hash_alone() {
        assert_eq!(format!("{:?}", Key::new(Hash::Sha1, b"key")), "Key { hash: Sha1, .. }");
    }
}
