//! The key schedule of IKEv1: every formula of RFC 2409 sections 5 and 7 and appendix B as a function of named
//! inputs. The pseudo-random function is the HMAC over the negotiated hash. Nothing here knows a message or keeps
//! state; payload bodies (`_b` in the RFC) come without their generic headers.

use crate::crypto::hash::Hash;
use core::fmt;
use core::net::IpAddr;

/// The cookies of an ISAKMP SA, in the roles of phase 1 (IKE-2409-4-b).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookies {
    /// CKY-I.
    pub initiator: [u8; 8],
    /// CKY-R.
    pub responder: [u8; 8],
}

/// The nonces of one exchange, in the roles of that exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonces<'a> {
    /// `Ni_b`.
    pub initiator: &'a [u8],
    /// `Nr_b`.
    pub responder: &'a [u8],
}

/// SKEYID under a pre-shared key (RFC 2409 section 5, IKE-2409-5-h).
#[must_use]
pub fn skeyid_pre_shared_key(hash: Hash, pre_shared_key: &[u8], nonces: Nonces<'_>) -> Vec<u8> {
    hash.hmac(pre_shared_key, &[nonces.initiator, nonces.responder])
}

/// SKEYID with authentication by signatures; `shared_secret` is g^xy (RFC 2409 section 5).
#[must_use]
pub fn skeyid_signature(hash: Hash, nonces: Nonces<'_>, shared_secret: &[u8]) -> Vec<u8> {
    hash.hmac(&[nonces.initiator, nonces.responder].concat(), &[shared_secret])
}

/// SKEYID with authentication by public key encryption (RFC 2409 section 5).
#[must_use]
pub fn skeyid_public_key_encryption(hash: Hash, nonces: Nonces<'_>, cookies: &Cookies) -> Vec<u8> {
    let key = hash.digest(&[nonces.initiator, nonces.responder]);
    hash.hmac(&key, &[&cookies.initiator, &cookies.responder])
}

/// What the three keys below SKEYID are derived from.
#[derive(Clone, Copy)]
pub struct Derivation<'a> {
    /// SKEYID.
    pub skeyid: &'a [u8],
    /// g^xy, in the full length of the group (IKE-2409-5-c).
    pub shared_secret: &'a [u8],
    /// The cookies of the ISAKMP SA.
    pub cookies: Cookies,
}

impl fmt::Debug for Derivation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derivation").field("cookies", &self.cookies).finish_non_exhaustive()
    }
}

/// `SKEYID_d`, from which keys of other SAs are derived (RFC 2409 section 5, IKE-2409-5-i).
#[must_use]
pub fn skeyid_d(hash: Hash, from: &Derivation<'_>) -> Vec<u8> {
    below_skeyid(hash, from, &[], 0)
}

/// `SKEYID_a`, which authenticates messages (RFC 2409 section 5, IKE-2409-5-i).
#[must_use]
pub fn skeyid_a(hash: Hash, from: &Derivation<'_>, skeyid_d: &[u8]) -> Vec<u8> {
    below_skeyid(hash, from, skeyid_d, 1)
}

/// `SKEYID_e`, which encrypts messages (RFC 2409 section 5, IKE-2409-5-i).
#[must_use]
pub fn skeyid_e(hash: Hash, from: &Derivation<'_>, skeyid_a: &[u8]) -> Vec<u8> {
    below_skeyid(hash, from, skeyid_a, 2)
}

fn below_skeyid(hash: Hash, from: &Derivation<'_>, previous: &[u8], number: u8) -> Vec<u8> {
    let Cookies { initiator, responder } = from.cookies;
    hash.hmac(from.skeyid, &[previous, from.shared_secret, &initiator, &responder, &[number]])
}

/// The cipher key of an ISAKMP SA: the beginning of `SKEYID_e`, or if that is too short the beginning of its
/// expansion (RFC 2409 appendix B, IKE-2409-AppB-e). `length` is in octets.
#[must_use]
pub fn cipher_key(hash: Hash, skeyid_e: &[u8], length: usize) -> Vec<u8> {
    match skeyid_e.get(..length) {
        Some(key) => key.to_vec(),
        None => expand(length, |previous| {
            let input: &[u8] = if previous.is_empty() { &[0] } else { previous };
            hash.hmac(skeyid_e, &[input])
        }),
    }
}

/// The public values of phase 1, in its roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicValues<'a> {
    /// g^xi.
    pub initiator: &'a [u8],
    /// g^xr.
    pub responder: &'a [u8],
}

/// The IV of the first encrypted message of phase 1, of `block_length` octets (RFC 2409 appendix B,
/// IKE-2409-AppB-a). Each later message of an exchange takes the last ciphertext block before it
/// (IKE-2409-AppB-b).
#[must_use]
pub fn phase_1_iv(hash: Hash, public_values: PublicValues<'_>, block_length: usize) -> Vec<u8> {
    leftmost(hash.digest(&[public_values.initiator, public_values.responder]), block_length)
}

/// The IV of the first message of an exchange under an ISAKMP SA, of `block_length` octets.
/// `last_phase_1_block` is the last ciphertext block of phase 1 (RFC 2409 appendix B, IKE-2409-AppB-c).
#[must_use]
pub fn phase_2_iv(hash: Hash, last_phase_1_block: &[u8], message_id: u32, block_length: usize) -> Vec<u8> {
    leftmost(hash.digest(&[last_phase_1_block, &message_id.to_be_bytes()]), block_length)
}

/// What both ends prove at the end of phase 1.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// SKEYID.
    pub skeyid: &'a [u8],
    /// The public values of phase 1.
    pub public_values: PublicValues<'a>,
    /// The cookies of the ISAKMP SA.
    pub cookies: Cookies,
    /// `SAi_b`: the body of the initiator's SA payload, with every proposal and transform that it offered.
    pub initiator_sa: &'a [u8],
    /// `IDii_b` for `HASH_I`, `IDir_b` for `HASH_R`.
    pub identification: &'a [u8],
}

impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("cookies", &self.cookies).finish_non_exhaustive()
    }
}

/// `HASH_I` (RFC 2409 section 5, IKE-2409-5-j).
#[must_use]
pub fn hash_i(hash: Hash, of: &Proof<'_>) -> Vec<u8> {
    let (public, cookies) = (&of.public_values, &of.cookies);
    hash.hmac(
        of.skeyid,
        &[
            public.initiator,
            public.responder,
            &cookies.initiator,
            &cookies.responder,
            of.initiator_sa,
            of.identification,
        ],
    )
}

/// `HASH_R` (RFC 2409 section 5, IKE-2409-5-j).
#[must_use]
pub fn hash_r(hash: Hash, of: &Proof<'_>) -> Vec<u8> {
    let (public, cookies) = (&of.public_values, &of.cookies);
    hash.hmac(
        of.skeyid,
        &[
            public.responder,
            public.initiator,
            &cookies.responder,
            &cookies.initiator,
            of.initiator_sa,
            of.identification,
        ],
    )
}

/// HASH(1) of Quick Mode over all that follows the HASH payload, generic headers included and cipher padding not
/// (RFC 2409 section 5.5, IKE-2409-5.5-c).
#[must_use]
pub fn hash_1(hash: Hash, skeyid_a: &[u8], message_id: u32, rest: &[u8]) -> Vec<u8> {
    hash.hmac(skeyid_a, &[&message_id.to_be_bytes(), rest])
}

/// HASH(2) of Quick Mode, over what [`hash_1`] covers with `Ni_b` before it (RFC 2409 section 5.5,
/// IKE-2409-5.5-c).
#[must_use]
pub fn hash_2(hash: Hash, skeyid_a: &[u8], message_id: u32, initiator_nonce: &[u8], rest: &[u8]) -> Vec<u8> {
    hash.hmac(skeyid_a, &[&message_id.to_be_bytes(), initiator_nonce, rest])
}

/// HASH(3) of Quick Mode (RFC 2409 section 5.5, IKE-2409-5.5-d).
#[must_use]
pub fn hash_3(hash: Hash, skeyid_a: &[u8], message_id: u32, nonces: Nonces<'_>) -> Vec<u8> {
    hash.hmac(skeyid_a, &[&[0], &message_id.to_be_bytes(), nonces.initiator, nonces.responder])
}

/// The hash of a protected Informational over all that follows its HASH payload, cipher padding left out (RFC
/// 2409 section 5.7, IKE-2409-5.7-a).
#[must_use]
pub fn informational_hash(hash: Hash, skeyid_a: &[u8], message_id: u32, rest: &[u8]) -> Vec<u8> {
    hash_1(hash, skeyid_a, message_id, rest)
}

/// What the keying material of one SA is derived from.
#[derive(Clone, Copy)]
pub struct KeymatInputs<'a> {
    /// `SKEYID_d`.
    pub skeyid_d: &'a [u8],
    /// g(qm)^xy, the shared secret of Quick Mode if it carried KE payloads (perfect forward secrecy).
    pub shared_secret: Option<&'a [u8]>,
    /// The protocol of the SA, 3 for ESP (RFC 2407 section 4.4.1).
    pub protocol: u8,
    /// The SPI that the receiver of the SA chose, in network order (IKE-2409-5.5-k).
    pub spi: &'a [u8],
    /// The nonces of Quick Mode.
    pub nonces: Nonces<'a>,
}

impl fmt::Debug for KeymatInputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeymatInputs")
            .field("protocol", &self.protocol)
            .field("spi", &self.spi)
            .field("nonces", &self.nonces)
            .finish_non_exhaustive()
    }
}

/// KEYMAT of one SA, of `length` octets (RFC 2409 section 5.5, IKE-2409-5.5-i, IKE-2409-5.5-j).
#[must_use]
pub fn keymat(hash: Hash, from: &KeymatInputs<'_>, length: usize) -> Vec<u8> {
    expand(length, |previous| {
        hash.hmac(
            from.skeyid_d,
            &[
                previous,
                from.shared_secret.unwrap_or_default(),
                &[from.protocol],
                from.spi,
                from.nonces.initiator,
                from.nonces.responder,
            ],
        )
    })
}

/// The two keys of one SA.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SaKeys<'a> {
    /// The encryption key. For AES in counter or Galois/Counter mode its last four octets are the nonce or salt
    /// (CRYP-3686-5.1-a, CRYP-4106-3-a).
    pub encryption: &'a [u8],
    /// The integrity key.
    pub integrity: &'a [u8],
}

impl fmt::Debug for SaKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaKeys").finish_non_exhaustive()
    }
}

/// Splits KEYMAT: the encryption key is on the left, the integrity key after it (RFC 4301 section 4.5.2,
/// ESP-4301-4.5.2-a). `None` if it is too short for both.
#[must_use]
pub fn split_keymat(keymat: &[u8], encryption_length: usize, integrity_length: usize) -> Option<SaKeys<'_>> {
    let (encryption, rest) = keymat.split_at_checked(encryption_length)?;
    Some(SaKeys { encryption, integrity: rest.get(..integrity_length)? })
}

/// The value of a NAT-D payload for one end (RFC 3947 section 3.2). The hash is the negotiated one.
#[must_use]
pub fn nat_d(hash: Hash, cookies: &Cookies, address: IpAddr, port: u16) -> Vec<u8> {
    let (v4, v6);
    let address: &[u8] = match address {
        IpAddr::V4(address) => {
            v4 = address.octets();
            &v4
        }
        IpAddr::V6(address) => {
            v6 = address.octets();
            &v6
        }
    };
    hash.digest(&[&cookies.initiator, &cookies.responder, address, &port.to_be_bytes()])
}

/// The first `length` octets of K1 | K2 | ..., where `next` gives each from the one before, the first from
/// nothing.
fn expand(length: usize, next: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut all = Vec::with_capacity(length);
    let mut previous = Vec::new();
    while all.len() < length {
        previous = next(&previous);
        all.extend_from_slice(&previous);
    }
    leftmost(all, length)
}

fn leftmost(mut octets: Vec<u8>, length: usize) -> Vec<u8> {
    octets.truncate(length);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keymat_is_cut_from_the_left_and_never_padded() {
        let keymat = [1, 2, 3, 4, 5];
        let keys = split_keymat(&keymat, 2, 3).unwrap();
        assert_eq!((keys.encryption, keys.integrity), (&[1, 2][..], &[3, 4, 5][..]));
        assert_eq!(split_keymat(&keymat, 2, 2).unwrap().integrity, [3, 4]);
        assert!(split_keymat(&keymat, 5, 0).unwrap().integrity.is_empty());
        assert!(split_keymat(&keymat, 2, 4).is_none());
        assert!(split_keymat(&keymat, 6, 0).is_none());
    }

    #[test]
    fn keying_material_of_any_length_begins_alike() {
        let inputs = KeymatInputs {
            skeyid_d: &[1; 20],
            shared_secret: None,
            protocol: 3,
            spi: &[0, 0, 1, 0],
            nonces: Nonces { initiator: &[2; 16], responder: &[3; 16] },
        };
        let longest = keymat(Hash::Sha1, &inputs, 200);
        for length in 0..200 {
            assert_eq!(keymat(Hash::Sha1, &inputs, length), longest[..length], "{length}");
        }
        let with_secrecy = KeymatInputs { shared_secret: Some(&[9; 96]), ..inputs };
        assert_ne!(keymat(Hash::Sha1, &with_secrecy, 36), longest[..36]);
    }

    #[test]
    fn shown_inputs_tell_no_secret() {
        let cookies = Cookies { initiator: [1; 8], responder: [2; 8] };
        let derivation = Derivation { skeyid: &[77; 20], shared_secret: &[78; 96], cookies };
        let shown = format!("{derivation:?} {:?}", SaKeys { encryption: &[77; 16], integrity: &[78; 20] });
        assert!(!shown.contains("77") && !shown.contains("78"), "{shown}");
    }
}
