//! What the payload of a datagram on the NAT traversal port is: a keepalive, an IKE message or an ESP packet
//! (RFC 3948 section 2).

use crate::codec::{Malformed, Reader, Why};

/// What stands before an IKE message where an ESP packet has its SPI (NATT-3947-4-b, NATT-3948-1-a).
pub const NON_ESP_MARKER: [u8; 4] = [0; 4];

/// The payload of a keepalive (NATT-3948-2.3-a).
pub const KEEPALIVE: [u8; 1] = [0xff];

/// The payload of a UDP datagram on port 4500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// A keepalive. It is ignored and proves nothing about the peer (NATT-3948-2.3-b, NATT-3948-4-a).
    Keepalive,
    /// An IKE message, without the non-ESP marker.
    Ike(&'a [u8]),
    /// An ESP packet, from its SPI to the last octet of its Integrity Check Value.
    Esp(&'a [u8]),
}

impl<'a> Datagram<'a> {
    /// Tells the payload of a datagram apart.
    ///
    /// # Errors
    /// One that is no keepalive and shorter than eight octets: neither an IKE message behind its marker nor an
    /// ESP packet fits.
    pub fn decode(payload: &'a [u8]) -> Result<Self, Malformed> {
        if payload == KEEPALIVE {
            return Ok(Self::Keepalive);
        }
        if payload.len() < 8 {
            let why = Why::Truncated { need: 8, have: payload.len() };
            return Err(Reader::new(payload).refuse("UDP-encapsulated ESP or IKE", why));
        }
        Ok(match payload.strip_prefix(&NON_ESP_MARKER) {
            Some(message) => Self::Ike(message),
            None => Self::Esp(payload),
        })
    }

    /// Where the message or packet stands in the payload, in octets.
    #[must_use]
    pub const fn offset(&self) -> usize {
        match self {
            Self::Ike(_) => NON_ESP_MARKER.len(),
            Self::Keepalive | Self::Esp(_) => 0,
        }
    }

    /// The payload of the datagram.
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        match self {
            Self::Keepalive => KEEPALIVE.to_vec(),
            Self::Ike(message) => [&NON_ESP_MARKER, *message].concat(),
            Self::Esp(packet) => packet.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_octet_of_ones_alone_is_a_keepalive() {
        assert_eq!(Datagram::decode(&[0xff]), Ok(Datagram::Keepalive));
        assert!(Datagram::decode(&[0xfe]).is_err());
        assert!(Datagram::decode(&[0xff, 0xff]).is_err());
        assert!(matches!(Datagram::decode(&[0xff; 8]), Ok(Datagram::Esp(_))));
    }

    #[test]
    fn the_marker_decides_between_ike_and_esp() {
        let ike = [0, 0, 0, 0, 0x59, 0xce, 0xdc, 0x5d, 0xce];
        assert_eq!(Datagram::decode(&ike), Ok(Datagram::Ike(&ike[4..])));
        assert_eq!(Datagram::decode(&ike).unwrap().offset(), 4);
        let esp = [0, 0, 0, 1, 0, 0, 0, 1, 9];
        assert_eq!(Datagram::decode(&esp), Ok(Datagram::Esp(&esp)));
        assert_eq!(Datagram::decode(&esp).unwrap().offset(), 0);
    }

    #[test]
    fn payloads_below_eight_octets_are_refused() {
        for length in 0..8 {
            let refused = Datagram::decode(&[0; 8][..length]).unwrap_err();
            assert_eq!((refused.offset, refused.why), (0, Why::Truncated { need: 8, have: length }));
        }
    }

    proptest! {
        #[test]
        fn what_is_told_apart_is_put_together_again(payload: Vec<u8>) {
            if let Ok(datagram) = Datagram::decode(&payload) {
                prop_assert_eq!(datagram.to_octets(), payload);
            }
        }
    }
}
