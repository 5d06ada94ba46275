//! Tunnel authentication (RFC 2661 sections 4.4.3 and 5.1.1): one digest of named inputs.

use md5::{Digest as _, Md5};

/// Computes the value of the Challenge Response AVP that the message numbered `message_type` carries: 2 in an SCCRP,
/// 3 in an SCCCN (RFC 2661 section 4.4.3, requirement L2TP-2661-4.4.3-j).
#[must_use]
pub fn challenge_response(message_type: u8, secret: &[u8], challenge: &[u8]) -> [u8; 16] {
    Md5::new().chain_update([message_type]).chain_update(secret).chain_update(challenge).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed independently with another MD5 implementation; no vector is published.
    #[test]
    fn response_depends_on_the_carrying_message() {
        let challenge: Vec<u8> = (0..16).collect();
        let in_sccrp = challenge_response(2, b"l2tp-secret", &challenge);
        let in_scccn = challenge_response(3, b"l2tp-secret", &challenge);
        assert_eq!(in_sccrp, 0x013b_c576_3253_141d_16b1_9f28_b55a_febd_u128.to_be_bytes());
        assert_eq!(in_scccn, 0x0046_17f4_18e6_f943_a055_a49d_f6e1_9bb0_u128.to_be_bytes());
    }
}
