//! Challenge responses: CHAP-MD5 (RFC 1994), the L2TP tunnel's (RFC 2661), MS-CHAP of both versions (RFC 2433,
//! RFC 2759), and the MPPE keys that MS-CHAPv2 leaves behind (RFC 3079).

use super::hash::Hash;
use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};
use md4::{Digest, Md4};

/// The value of a CHAP Response with the MD5 algorithm (RFC 1994 section 4.1).
#[must_use]
pub fn chap_md5_response(identifier: u8, secret: &[u8], challenge: &[u8]) -> [u8; 16] {
    md5(&[&[identifier], secret, challenge])
}

/// The value of an L2TP Challenge Response AVP; `message_type` is that of the message which carries it: 2 in an
/// SCCRP, 3 in an SCCCN (RFC 2661 section 4.4.3).
#[must_use]
pub fn l2tp_challenge_response(message_type: u8, secret: &[u8], challenge: &[u8]) -> [u8; 16] {
    md5(&[&[message_type], secret, challenge])
}

/// The MD4 digest of a password in little-endian UTF-16 (RFC 2433 section A.4, RFC 2759 section 8.3).
#[must_use]
pub fn nt_password_hash(password: &str) -> [u8; 16] {
    let octets: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Md4::digest(octets).into()
}

/// The MD4 digest of a password hash (RFC 2759 section 8.4).
#[must_use]
pub fn nt_password_hash_hash(password_hash: &[u8; 16]) -> [u8; 16] {
    Md4::digest(password_hash).into()
}

/// A DES key of 56 bits spread over eight octets, each with odd parity in its lowest bit (RFC 2759 sections 8.6
/// and 9.3).
#[must_use]
pub fn des_key_with_parity(key: &[u8; 7]) -> [u8; 8] {
    let [a, b, c, d, e, f, g] = *key;
    let bits = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
    core::array::from_fn(|n| {
        let shift = 49_usize.wrapping_sub(n.wrapping_mul(7));
        let [.., low] = (bits >> shift).to_be_bytes();
        let seven = low << 1;
        seven | u8::from(seven.count_ones() % 2 == 0)
    })
}

/// A challenge of eight octets encrypted under three DES keys that are cut from a password hash (RFC 2433 section
/// A.5, RFC 2759 section 8.5). It is the NT response of MS-CHAPv1.
#[must_use]
pub fn challenge_response(challenge: &[u8; 8], password_hash: &[u8; 16]) -> [u8; 24] {
    let mut padded = [0; 21];
    padded.iter_mut().zip(password_hash).for_each(|(octet, hash)| *octet = *hash);
    let mut response = [0; 24];
    for (block, key) in response.as_chunks_mut::<8>().0.iter_mut().zip(padded.as_chunks::<7>().0) {
        *block = *challenge;
        Des::new(&des_key_with_parity(key).into()).encrypt_block(block.into());
    }
    response
}

/// The NT response of MS-CHAPv1 (RFC 2433 section A.1, MSCHAP-2433-4-a).
#[must_use]
pub fn nt_response_v1(challenge: &[u8; 8], password: &str) -> [u8; 24] {
    challenge_response(challenge, &nt_password_hash(password))
}

/// A user name without the domain and backslash before it, which alone enters the computation
/// (MSCHAP-2759-4-b).
#[must_use]
pub fn without_domain(name: &[u8]) -> &[u8] {
    name.rsplit(|octet| *octet == b'\\').next().unwrap_or(name)
}

/// What the two ends of MS-CHAPv2 told each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenges<'a> {
    /// The challenge of the authenticator, of 16 octets (MSCHAP-2759-2-a).
    pub authenticator: &'a [u8; 16],
    /// The challenge of the peer, of 16 octets.
    pub peer: &'a [u8; 16],
    /// The user name as in the Name field. A domain before it is left out of the computation.
    pub user_name: &'a [u8],
}

impl Challenges<'_> {
    /// The challenge of eight octets that both challenges and the name give (RFC 2759 section 8.2).
    #[must_use]
    pub fn challenge_hash(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] =
            sha1(&[self.peer, self.authenticator, without_domain(self.user_name)]);
        [a, b, c, d, e, f, g, h]
    }

    /// The NT-Response (RFC 2759 section 8.1, MSCHAP-2759-8-a).
    #[must_use]
    pub fn nt_response(&self, password: &str) -> [u8; 24] {
        challenge_response(&self.challenge_hash(), &nt_password_hash(password))
    }

    /// The digest behind the authenticator response (RFC 2759 section 8.7).
    #[must_use]
    pub fn authenticator_digest(&self, password: &str, nt_response: &[u8; 24]) -> [u8; 20] {
        let hash_hash = nt_password_hash_hash(&nt_password_hash(password));
        let first = sha1(&[&hash_hash, nt_response, MAGIC_SERVER]);
        sha1(&[&first, &self.challenge_hash(), MAGIC_ITERATION])
    }

    /// The authenticator response as the Success message has it: `S=` and 40 upper-case hexadecimal digits (RFC
    /// 2759 sections 5 and 8.7, MSCHAP-2759-5-a).
    #[must_use]
    pub fn authenticator_response(&self, password: &str, nt_response: &[u8; 24]) -> String {
        let digest = self.authenticator_digest(password, nt_response);
        digest.iter().fold(String::from("S="), |text, octet| text + &format!("{octet:02X}"))
    }
}

const MAGIC_SERVER: &[u8; 39] = b"Magic server to client signing constant";
const MAGIC_ITERATION: &[u8; 41] = b"Pad to make it do more than one iteration";

/// Which way packets go that an MPPE key protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MppeDirection {
    /// From the client, which is the peer of MS-CHAPv2, to the server.
    ToServer,
    /// From the server, which is the authenticator, to the client.
    ToClient,
}

/// The master key of MPPE (RFC 3079 section 3.4, MPPE-3079-3.3-a).
#[must_use]
pub fn mppe_master_key(password_hash_hash: &[u8; 16], nt_response: &[u8; 24]) -> [u8; 16] {
    first_16(sha1(&[password_hash_hash, nt_response, b"This is the MPPE Master Key"]))
}

/// The start key of 128 bits for one direction (RFC 3079 section 3.4, `GetAsymmetricStartKey`).
#[must_use]
pub fn mppe_start_key_128(master_key: &[u8; 16], direction: MppeDirection) -> [u8; 16] {
    let magic: &[u8] = match direction {
        MppeDirection::ToServer => {
            b"On the client side, this is the send key; on the server side, it is the receive key."
        }
        MppeDirection::ToClient => {
            b"On the client side, this is the receive key; on the server side, it is the send key."
        }
    };
    first_16(sha1(&[master_key, &[0; 40], magic, &[0xf2; 40]]))
}

/// The session key of 128 bits that follows `session_key`; the first one follows the start key itself (RFC 3079
/// section 3.4, `GetNewKeyFromSHA`).
#[must_use]
pub fn mppe_session_key_128(start_key: &[u8; 16], session_key: &[u8; 16]) -> [u8; 16] {
    first_16(sha1(&[start_key, &[0; 40], session_key, &[0xf2; 40]]))
}

const fn first_16(digest: [u8; 20]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = digest;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    Hash::Md5.digest(parts).try_into().unwrap_or_default()
}

fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    Hash::Sha1.digest(parts).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MSCHAP-2759-4-b.
    #[test]
    fn a_domain_before_the_name_changes_nothing() {
        let challenges = |user_name| Challenges { authenticator: &[1; 16], peer: &[2; 16], user_name };
        assert_eq!(challenges(b"DOMAIN\\user").challenge_hash(), challenges(b"user").challenge_hash());
        assert_ne!(challenges(b"user@domain").challenge_hash(), challenges(b"user").challenge_hash());
        assert_eq!(without_domain(b"\\"), b"");
    }

    #[test]
    fn passwords_outside_ascii_are_hashed_as_utf_16() {
        assert_eq!(
            nt_password_hash("pässwörd🗝"),
            <[u8; 16]>::from(Md4::digest(b"p\0\xe4\0s\0s\0w\0\xf6\0r\0d\0\x3d\xd8\xdd\xdd"))
        );
    }

    #[test]
    fn every_octet_of_an_expanded_des_key_has_odd_parity() {
        for key in [[0; 7], [0xff; 7], [1, 2, 3, 4, 5, 6, 7], [0x80; 7]] {
            assert!(des_key_with_parity(&key).iter().all(|octet| octet.count_ones() % 2 == 1), "{key:?}");
        }
    }
}
