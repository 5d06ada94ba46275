//! Cryptographic authentication of packets (RFC 2328 appendix D.4.3): one digest of named inputs.

use md5::{Digest as _, Md5};

/// Octets of a key.
const KEY: usize = 16;

/// Computes the MD5 digest that follows a packet. `packet` ends where its Packet Length says; a shorter `key` is
/// filled with zeros and of a longer one only the first 16 octets count (requirement OSPF-2328-D.4.3-a).
#[must_use]
pub fn authenticate_md5(packet: &[u8], key: &[u8]) -> [u8; 16] {
    let mut padded = [0; KEY];
    for (place, octet) in padded.iter_mut().zip(key) {
        *place = *octet;
    }
    Md5::new().chain_update(packet).chain_update(padded).finalize().into()
}
