//! The authentication fields of a packet (RFC 2328 appendix D).

use super::code_point::AuthenticationType;
use crate::codec::{Malformed, Reader, Writer};
use crate::show::{Sink, Value};

/// How a packet is authenticated. Null and simple authentication leave the packet checksum to be computed; the others
/// keep the checksum field as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Not at all; the eight octets are not looked at.
    Null([u8; 8]),
    /// By a password in clear.
    Simple([u8; 8]),
    /// By a digest behind the packet.
    Cryptographic {
        /// The packet checksum field; zero if sent rightly (requirement OSPF-2328-D.4.3-a).
        checksum: u16,
        /// The octets before the Key ID; zero if sent rightly.
        zero: u16,
        /// Which key and algorithm.
        key_id: u8,
        /// The number that never falls.
        sequence: u32,
        /// The digest. Its length in octets is on the wire as the authentication data length.
        digest: Vec<u8>,
    },
    /// By a type without a name.
    Unknown {
        /// The type.
        authentication_type: u16,
        /// The packet checksum field.
        checksum: u16,
        /// The authentication field.
        octets: [u8; 8],
    },
}

impl Authentication {
    /// The type on the wire (`AuType`).
    #[must_use]
    pub const fn authentication_type(&self) -> AuthenticationType {
        match self {
            Self::Null(_) => AuthenticationType::Null,
            Self::Simple(_) => AuthenticationType::Simple,
            Self::Cryptographic { .. } => AuthenticationType::Cryptographic,
            Self::Unknown { authentication_type, .. } => {
                AuthenticationType::from_number(*authentication_type)
            }
        }
    }

    /// The checksum field, if it is not computed.
    pub(super) const fn checksum_as_found(&self) -> Option<u16> {
        match self {
            Self::Null(_) | Self::Simple(_) => None,
            Self::Cryptographic { checksum, .. } | Self::Unknown { checksum, .. } => Some(*checksum),
        }
    }

    /// Takes the eight octets behind `AuType`, and the digest from `behind`, which stands at the end of the packet.
    pub(super) fn decode(
        r: &mut Reader<'_>,
        authentication_type: AuthenticationType,
        checksum: u16,
        behind: &mut Reader<'_>,
    ) -> Result<Self, Malformed> {
        Ok(match authentication_type {
            AuthenticationType::Null => Self::Null(r.array("Authentication")?),
            AuthenticationType::Simple => Self::Simple(r.array("Authentication")?),
            AuthenticationType::Cryptographic => {
                let zero = r.u16("Authentication")?;
                let key_id = r.u8("Key ID")?;
                let length = usize::from(r.u8("Authentication Data Length")?);
                let sequence = r.u32("Cryptographic sequence number")?;
                let digest = behind.take("Message Digest", length)?.to_vec();
                Self::Cryptographic { checksum, zero, key_id, sequence, digest }
            }
            AuthenticationType::Unknown(authentication_type) => {
                Self::Unknown { authentication_type, checksum, octets: r.array("Authentication")? }
            }
        })
    }

    /// Appends the eight octets behind `AuType`.
    pub(super) fn encode(&self, w: &mut Writer) {
        match self {
            Self::Null(octets) | Self::Simple(octets) | Self::Unknown { octets, .. } => w.put(octets),
            Self::Cryptographic { zero, key_id, sequence, digest, .. } => {
                w.u16(*zero);
                w.u8(*key_id);
                let length = w.fit("Authentication Data Length", digest.len(), usize::from(u8::MAX));
                w.u8(u8::try_from(length).unwrap_or(u8::MAX));
                w.u32(*sequence);
            }
        }
    }

    /// The octets between packet and link-local signalling.
    pub(super) fn digest(&self) -> &[u8] {
        match self {
            Self::Cryptographic { digest, .. } => digest,
            Self::Null(_) | Self::Simple(_) | Self::Unknown { .. } => &[],
        }
    }

    pub(super) fn show(&self, sink: &mut dyn Sink) {
        sink.field("authentication_type", self.authentication_type().shown());
        match self {
            Self::Null(octets) | Self::Unknown { octets, .. } => {
                sink.field("authentication", Value::Octets(octets));
            }
            Self::Simple(octets) => {
                sink.field("authentication", Value::Secret { octets, is_text: true });
            }
            Self::Cryptographic { zero, key_id, sequence, digest, .. } => {
                sink.field("authentication_zero", Value::Number(u64::from(*zero)));
                sink.field("key_id", Value::Number(u64::from(*key_id)));
                let length = u64::try_from(digest.len()).unwrap_or(u64::MAX);
                sink.field("authentication_data_length", Value::Number(length));
                sink.field("cryptographic_sequence_number", Value::Number(u64::from(*sequence)));
            }
        }
    }
}
