//! The fields of an ESP packet that need no key to be read (RFC 4303 section 2).

use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

/// The header of an ESP packet. What follows it, from the IV to the Integrity Check Value, is laid out by the
/// association that the SPI names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// SPI. Zero is never on the wire, 1 to 255 are reserved (ESP-4303-2.1-a).
    pub security_parameters_index: u32,
    /// The low 32 bits of the sequence number; the first packet has 1.
    pub sequence_number: u32,
}

impl Header {
    /// Its length, in octets.
    pub const LEN: usize = 8;

    /// Its octets.
    #[must_use]
    pub const fn octets(self) -> [u8; Self::LEN] {
        let [a, b, c, d] = self.security_parameters_index.to_be_bytes();
        let [e, f, g, h] = self.sequence_number.to_be_bytes();
        [a, b, c, d, e, f, g, h]
    }
}

impl Codec for Header {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            security_parameters_index: r.u32("Security Parameters Index")?,
            sequence_number: r.u32("Sequence Number")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u32(self.security_parameters_index);
        w.u32(self.sequence_number);
    }
}

impl Show for Header {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("security_parameters_index", Value::Number(self.security_parameters_index.into()));
        sink.field("sequence_number", Value::Number(self.sequence_number.into()));
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ESP SPI {:#010x} sequence {}", self.security_parameters_index, self.sequence_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Why;

    // The beginning of RFC 3602 section 4, case 7.
    const SAMPLE: [u8; 8] = [0, 0, 0x87, 0x65, 0, 0, 0, 2];

    #[test]
    fn round_trips_the_sample() {
        let header = Header::decode_all(&SAMPLE).unwrap();
        assert_eq!(header, Header { security_parameters_index: 0x8765, sequence_number: 2 });
        assert_eq!(header.to_octets().unwrap(), SAMPLE);
        assert_eq!(header.octets(), SAMPLE);
        assert_eq!(header.to_string(), "ESP SPI 0x00008765 sequence 2");
    }

    #[test]
    fn rejects_every_truncation_of_the_sample_at_a_named_field() {
        for length in 0..SAMPLE.len() {
            let refused = Header::decode_all(&SAMPLE[..length]).unwrap_err();
            let (field, offset) =
                if length < 4 { ("Security Parameters Index", 0) } else { ("Sequence Number", 4) };
            assert_eq!(
                refused,
                Malformed { field, offset, why: Why::Truncated { need: 4, have: length - offset } }
            );
        }
    }
}
