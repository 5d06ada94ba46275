//! Diffie-Hellman over the MODP and elliptic curve groups of IKEv1 (RFC 2409 section 6, RFC 3526, RFC 5903).
//! Private values come from the caller; the time taken depends on their lengths, not on their octets.

mod ecp;
mod modp;
mod primes;

use core::fmt;
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;

/// A group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Group 1, a 768-bit prime.
    Modp768,
    /// Group 2, a 1024-bit prime.
    Modp1024,
    /// Group 5, a 1536-bit prime.
    Modp1536,
    /// Group 14, a 2048-bit prime.
    Modp2048,
    /// Group 15, a 3072-bit prime.
    Modp3072,
    /// Group 16, a 4096-bit prime.
    Modp4096,
    /// Group 19, the curve P-256.
    Ecp256,
    /// Group 20, the curve P-384.
    Ecp384,
    /// Group 21, the curve P-521.
    Ecp521,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 9] = [
        Self::Modp768,
        Self::Modp1024,
        Self::Modp1536,
        Self::Modp2048,
        Self::Modp3072,
        Self::Modp4096,
        Self::Ecp256,
        Self::Ecp384,
        Self::Ecp521,
    ];

    /// The group of a group description attribute.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.number() == number)
    }

    /// The number of its group description.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Modp768 => 1,
            Self::Modp1024 => 2,
            Self::Modp1536 => 5,
            Self::Modp2048 => 14,
            Self::Modp3072 => 15,
            Self::Modp4096 => 16,
            Self::Ecp256 => 19,
            Self::Ecp384 => 20,
            Self::Ecp521 => 21,
        }
    }

    /// The length of a public value, in octets: that of the prime (IKE-2409-5-c) or of two coordinates
    /// (CRYP-5903-7-a).
    #[must_use]
    pub const fn public_len(self) -> usize {
        match self {
            Self::Modp768 | Self::Ecp384 => 96,
            Self::Modp1024 => 128,
            Self::Modp1536 => 192,
            Self::Modp2048 => 256,
            Self::Modp3072 => 384,
            Self::Modp4096 => 512,
            Self::Ecp256 => 64,
            Self::Ecp521 => 132,
        }
    }

    /// The length of a shared secret, in octets: that of the prime or of the x coordinate alone
    /// (CRYP-5903-7-b). It is also the greatest length of a private value.
    #[must_use]
    pub const fn shared_len(self) -> usize {
        match self {
            Self::Ecp256 => 32,
            Self::Ecp384 => 48,
            Self::Ecp521 => 66,
            Self::Modp768
            | Self::Modp1024
            | Self::Modp1536
            | Self::Modp2048
            | Self::Modp3072
            | Self::Modp4096 => self.public_len(),
        }
    }

    /// The public value of a private one, left-padded with zeros to [`Group::public_len`].
    ///
    /// # Errors
    /// A private value that the group does not have.
    pub fn public(&self, private: &[u8]) -> Result<Vec<u8>, BadValue> {
        match self {
            Self::Modp768 => modp::public(primes::MODP_768, private),
            Self::Modp1024 => modp::public(primes::MODP_1024, private),
            Self::Modp1536 => modp::public(primes::MODP_1536, private),
            Self::Modp2048 => modp::public(primes::MODP_2048, private),
            Self::Modp3072 => modp::public(primes::MODP_3072, private),
            Self::Modp4096 => modp::public(primes::MODP_4096, private),
            Self::Ecp256 => ecp::public::<NistP256>(private),
            Self::Ecp384 => ecp::public::<NistP384>(private),
            Self::Ecp521 => ecp::public::<NistP521>(private),
        }
    }

    /// The secret shared with the owner of `peer_public`, left-padded with zeros to [`Group::shared_len`].
    ///
    /// # Errors
    /// A private value that the group does not have, or a public value that has another length than the group's,
    /// is 0, 1, p-1 or not below the prime, or is no point of the curve (CRYP-2412-2.3.1.1-a).
    pub fn shared(&self, private: &[u8], peer_public: &[u8]) -> Result<Vec<u8>, BadValue> {
        let (got, want) = (peer_public.len(), self.public_len());
        if got != want {
            return Err(BadValue::PublicLength { got, want });
        }
        match self {
            Self::Modp768 => modp::shared(primes::MODP_768, private, peer_public),
            Self::Modp1024 => modp::shared(primes::MODP_1024, private, peer_public),
            Self::Modp1536 => modp::shared(primes::MODP_1536, private, peer_public),
            Self::Modp2048 => modp::shared(primes::MODP_2048, private, peer_public),
            Self::Modp3072 => modp::shared(primes::MODP_3072, private, peer_public),
            Self::Modp4096 => modp::shared(primes::MODP_4096, private, peer_public),
            Self::Ecp256 => ecp::shared::<NistP256>(private, peer_public),
            Self::Ecp384 => ecp::shared::<NistP384>(private, peer_public),
            Self::Ecp521 => ecp::shared::<NistP521>(private, peer_public),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Modp768 => "MODP768",
            Self::Modp1024 => "MODP1024",
            Self::Modp1536 => "MODP1536",
            Self::Modp2048 => "MODP2048",
            Self::Modp3072 => "MODP3072",
            Self::Modp4096 => "MODP4096",
            Self::Ecp256 => "ECP256",
            Self::Ecp384 => "ECP384",
            Self::Ecp521 => "ECP521",
        })
    }
}

/// A value that a group does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadValue {
    /// The private value is longer than the group's shared secrets, in octets.
    PrivateLength {
        /// Its length.
        got: usize,
        /// The greatest length.
        limit: usize,
    },
    /// The private value is zero or not below the order of the curve.
    PrivateRange,
    /// The public value has not the length of the group's public values, in octets.
    PublicLength {
        /// Its length.
        got: usize,
        /// The group's.
        want: usize,
    },
    /// The public value is 0, 1, p-1 or not below p: it would fix the shared secret or is not reduced.
    PublicRange,
    /// The public value is not a point of the curve.
    NotOnCurve,
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrivateLength { got, limit } => {
                write!(f, "private value of {got} octets where at most {limit} fit")
            }
            Self::PrivateRange => f.write_str("private value out of range"),
            Self::PublicLength { got, want } => {
                write!(f, "public value of {got} octets where {want} are needed")
            }
            Self::PublicRange => f.write_str("public value is 0, 1, p-1 or not below p"),
            Self::NotOnCurve => f.write_str("public value is not a point of the curve"),
        }
    }
}

impl core::error::Error for BadValue {}

/// A private value, left-padded with zeros to `width` octets.
fn left_pad(private: &[u8], width: usize) -> Result<Vec<u8>, BadValue> {
    let Some(zeros) = width.checked_sub(private.len()) else {
        return Err(BadValue::PrivateLength { got: private.len(), limit: width });
    };
    let mut padded = vec![0; zeros];
    padded.extend_from_slice(private);
    Ok(padded)
}

#[cfg(test)]
mod tests;
