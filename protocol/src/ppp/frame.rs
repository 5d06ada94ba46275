//! What stands before the information field of a PPP frame inside L2TP: no flags, no escapes, no check sequence
//! (RFC 1661 section 2, RFC 1662 section 3).
//!
//! ```text
//! [ FF 03 ]  Protocol (one or two octets)  Information ...
//! ```

use super::{Protocol, text};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

/// The address and control fields of every frame that has them: all stations, unnumbered information.
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];

/// The header of a PPP frame, with the compressions it was sent under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether address and control (FF 03) are there; left out after ACFC was agreed.
    pub has_address_and_control: bool,
    /// The protocol of the information field.
    pub protocol: Protocol,
    /// Whether the protocol takes one octet; so after PFC was agreed.
    pub is_protocol_compressed: bool,
}

impl FrameHeader {
    /// The header that every frame may have whatever was negotiated, and that LCP always has (LCP-1661-6.5-a,
    /// LCP-1661-6.6-a).
    #[must_use]
    pub const fn uncompressed(protocol: Protocol) -> Self {
        Self { has_address_and_control: true, protocol, is_protocol_compressed: false }
    }

    /// Reads the header of a frame and says how many octets it took, which is where the information begins.
    ///
    /// # Errors
    /// `Protocol` truncated.
    pub fn decode(frame: &[u8]) -> Result<(Self, usize), Malformed> {
        let mut r = Reader::new(frame);
        let header = <Self as Codec>::decode(&mut r)?;
        Ok((header, r.offset()))
    }

    /// The octets of the header that encodes without allocating: an array and how many of it count.
    #[must_use]
    pub const fn octets(self) -> ([u8; 4], usize) {
        let [address, control] = ADDRESS_AND_CONTROL;
        let [high, low] = self.protocol.number().to_be_bytes();
        match (self.has_address_and_control, self.is_protocol_compressed) {
            (true, false) => ([address, control, high, low], 4),
            (true, true) => ([address, control, low, 0], 3),
            (false, false) => ([high, low, 0, 0], 2),
            (false, true) => ([low, 0, 0, 0], 1),
        }
    }
}

impl Codec for FrameHeader {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        // FF 03 is always taken for address and control and anything else for the protocol (HDLC-1662-3.2-a).
        let has_address_and_control = r.peek().starts_with(&ADDRESS_AND_CONTROL);
        if has_address_and_control {
            r.take("Address", ADDRESS_AND_CONTROL.len())?;
        }
        // An odd first octet is the whole field (RFC 1661 section 6.5).
        let is_protocol_compressed = r.peek().first().is_some_and(|octet| octet & 1 == 1);
        let number = if is_protocol_compressed { u16::from(r.u8("Protocol")?) } else { r.u16("Protocol")? };
        Ok(Self { has_address_and_control, protocol: Protocol::from_number(number), is_protocol_compressed })
    }

    fn encode(&self, w: &mut Writer) {
        if self.has_address_and_control {
            w.put(&ADDRESS_AND_CONTROL);
        }
        let [_, low] = self.protocol.number().to_be_bytes();
        if self.is_protocol_compressed {
            w.fit("Protocol", usize::from(self.protocol.number()), usize::from(u8::MAX));
            w.u8(low);
        } else {
            w.u16(self.protocol.number());
        }
    }
}

impl Show for FrameHeader {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("address_and_control", Value::Flag(self.has_address_and_control));
        sink.field("protocol", self.protocol.shown());
        sink.field("protocol_compressed", Value::Flag(self.is_protocol_compressed));
    }
}

impl fmt::Display for FrameHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", text::Protocol(self.protocol))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Why;
    use proptest::prelude::*;

    fn header(frame: &[u8]) -> (FrameHeader, usize) {
        let (header, information) = FrameHeader::decode(frame).unwrap();
        assert_eq!(header.to_octets().unwrap(), &frame[..information]);
        let (octets, len) = header.octets();
        assert_eq!(&octets[..len], &frame[..information]);
        (header, information)
    }

    #[test]
    fn each_combination_of_compressions_is_kept() {
        for (frame, has_address_and_control, is_protocol_compressed) in [
            (&[0xff, 0x03, 0x00, 0x21, 0x45][..], true, false),
            (&[0xff, 0x03, 0x21, 0x45], true, true),
            (&[0x00, 0x21, 0x45], false, false),
            (&[0x21, 0x45], false, true),
        ] {
            let (header, information) = header(frame);
            assert_eq!(
                header,
                FrameHeader { has_address_and_control, protocol: Protocol::Ipv4, is_protocol_compressed }
            );
            assert_eq!(frame.get(information), Some(&0x45));
        }
    }

    /// HDLC-1662-3.2-a: without 03 after it, FF is a protocol field of one octet.
    #[test]
    fn another_control_field_makes_ff_the_protocol() {
        let (header, information) = header(&[0xff, 0x13, 0xc0, 0x21]);
        assert_eq!((header.protocol, information), (Protocol::Unknown(0xff), 1));
    }

    /// LCP-1661-2-a. At the head of a frame the odd first octet of 01 20 is a protocol of one octet.
    #[test]
    fn numbers_that_break_the_parity_rule_are_unknown() {
        for number in [0x0120_u16, 0x0122, 0x2145, 0x3030] {
            assert_eq!(Protocol::from_number(number), Protocol::Unknown(number));
            assert!(!Protocol::from_number(number).is_well_formed());
        }
        let (header, information) = header(&[0x01, 0x20]);
        assert_eq!((header.protocol, information), (Protocol::Padding, 1));
        assert!(Protocol::NAMED.iter().all(|protocol| protocol.is_well_formed()));
    }

    /// tcpdump tests/heapoverflow-ppp_hdlc_if_print.pcap is a frame of the two octets 30 30.
    #[test]
    fn a_frame_may_end_after_its_protocol_but_not_within() {
        assert_eq!(
            header(&[0x30, 0x30]),
            (
                FrameHeader {
                    has_address_and_control: false,
                    ..FrameHeader::uncompressed(Protocol::Unknown(0x3030))
                },
                2
            )
        );
        let refused = |frame: &[u8]| FrameHeader::decode(frame).unwrap_err();
        let truncated =
            |offset, need, have| Malformed { field: "Protocol", offset, why: Why::Truncated { need, have } };
        assert_eq!(refused(&[]), truncated(0, 2, 0));
        assert_eq!(refused(&[0xff, 0x03]), truncated(2, 2, 0));
        assert_eq!(refused(&[0xff, 0x03, 0xc0]), truncated(2, 2, 1));
        assert_eq!(refused(&[0x30]), truncated(0, 2, 1));
    }

    #[test]
    fn a_protocol_of_two_octets_does_not_fit_a_compressed_field() {
        let header = FrameHeader { is_protocol_compressed: true, ..FrameHeader::uncompressed(Protocol::Lcp) };
        assert_eq!(header.to_octets().unwrap_err().field, "Protocol");
    }

    proptest! {
        #[test]
        fn whatever_decodes_encodes_to_the_same_octets(frame in prop::collection::vec(any::<u8>(), 0..6)) {
            if let Ok((header, information)) = FrameHeader::decode(&frame) {
                prop_assert_eq!(header.to_octets().unwrap(), &frame[..information]);
            }
        }
    }
}
