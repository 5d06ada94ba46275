//! Cryptographic formulas of the RFCs as pure functions of named inputs. Nothing here draws random octets, keeps
//! state between calls or knows a message.

pub mod cbc;
pub mod ctr;
pub mod dh;
pub mod gcm;
pub mod hash;
pub mod hmac;
pub mod lanes;
pub mod mschap;

/// Whether two octet strings are equal. The time taken depends on their lengths alone.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |so_far, (a, b)| so_far | (a ^ b));
    a.len() == b.len() && core::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octet_strings_of_unequal_lengths_differ() {
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"abd"));
        assert!(!equal(b"abc", b"ab"));
        assert!(!equal(b"", b"a"));
        assert!(equal(b"", b""));
    }
}
