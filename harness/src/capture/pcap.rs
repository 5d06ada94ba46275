//! The pcap format, by way of `pcap-file`.
//!
//! Its reader is not used: it refuses frames longer than the file's own snapshot length, frames captured longer
//! than they were, and fractions of a second beyond a second, all of which real files contain; and it reports
//! a claimed length beyond its window as the end of the file. Its parser of raw records does none of that.

use pcap_file::pcap::{PcapHeader, PcapParser};
use pcap_file::{Endianness, TsResolution};

use super::error::Stop;
use super::file::Record;
use super::source::Source;
use super::{LinkType, Timestamp};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// Reads the records of a pcap file.
#[derive(Debug)]
pub(crate) struct Pcap {
    parser: PcapParser,
    header: PcapHeader,
    link_type: LinkType,
}

impl Pcap {
    /// Whether a file that begins so is a pcap file.
    pub(crate) const fn begins(octets: &[u8]) -> bool {
        matches!(
            octets,
            [0xa1, 0xb2, 0xc3, 0xd4, ..]
                | [0xa1, 0xb2, 0x3c, 0x4d, ..]
                | [0xd4, 0xc3, 0xb2, 0xa1, ..]
                | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        )
    }

    /// Takes the file header.
    pub(crate) fn open(source: &mut Source) -> Result<Self, Stop> {
        source.need(FILE_HEADER)?;
        let (_, parser) = PcapParser::new(source.octets())
            .map_err(|error| Stop::corrupt(format!("file header: {error}")))?;
        source.pass(FILE_HEADER);
        let header = parser.header();
        // The upper half of the field tells the length of a frame check sequence, not the link.
        let [_, _, high, low] = u32::from(header.datalink).to_be_bytes();
        let link_type = LinkType::from_number(u16::from_be_bytes([high, low]));
        Ok(Self { parser, header, link_type })
    }

    /// Appends the next frame to `arena`.
    pub(crate) fn next(
        &mut self,
        source: &mut Source,
        limit: u32,
        arena: &mut Vec<u8>,
    ) -> Result<Option<Record>, Stop> {
        if source.fill(RECORD_HEADER)? == 0 {
            return Ok(None);
        }
        source.need(RECORD_HEADER)?;
        // `need` put 16 octets at hand.
        let length: [u8; 4] = source.octets()[8..12].try_into().unwrap_or_default();
        let captured = match self.header.endianness {
            Endianness::Big => u32::from_be_bytes(length),
            Endianness::Little => u32::from_le_bytes(length),
        };
        if captured > limit {
            return Err(Stop::TooLong { length: captured.into() });
        }
        let whole = RECORD_HEADER + captured as usize;
        source.need(whole)?;
        let (_, packet) = self
            .parser
            .next_raw_packet(source.octets())
            .map_err(|error| Stop::corrupt(format!("record: {error}")))?;
        let fraction = match self.header.ts_resolution {
            TsResolution::MicroSecond => i64::from(packet.ts_frac) * 1000,
            TsResolution::NanoSecond => i64::from(packet.ts_frac),
        };
        let time = Timestamp::from_nanoseconds(i64::from(packet.ts_sec) * 1_000_000_000 + fraction);
        let start = arena.len();
        arena.extend_from_slice(&packet.data);
        let original = packet.orig_len;
        source.pass(whole);
        Ok(Some(Record::new(Some(time), self.link_type, captured, original, start..arena.len())))
    }
}
