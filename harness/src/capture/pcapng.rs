//! The pcapng format (draft-ietf-opsawg-pcapng).
//!
//! `pcap-file` 2.0 is not used for it: it takes every time stamp as nanoseconds whatever the interface says,
//! refuses a block for the sake of an option that nobody reads (text that is not UTF-8, `if_tzone` always, a list
//! without its end mark), and reports a block longer than its window as the end of the file. The blocks that
//! matter have a fixed layout.

use super::error::Stop;
use super::file::Record;
use super::source::Source;
use super::{LinkType, Timestamp};
use crate::scenario::record::OPENED;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const SYSTEMD_JOURNAL_EXPORT: u32 = 9;

const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// Octets of block type and block length.
const HEAD: usize = 8;
/// Octets of the block length that is repeated at the end.
const TAIL: usize = 4;
/// Octets of the longest interface description that is believed, comments and all.
const DESCRIPTION_LIMIT: u32 = 128 * 1024;
/// The most interfaces that one section may describe.
const INTERFACE_LIMIT: usize = 65_536;

/// One interface of the current section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link_type: LinkType,
    /// The most octets captured of a frame, 0 for no limit.
    snapshot: u32,
    /// `if_tsresol`: a power of ten, or of two if the highest bit is set.
    resolution: u8,
    /// `if_tsoffset`: seconds to add to a time stamp.
    offset: i64,
    /// Whether its frames were opened out of those of another interface, as our recordings have them.
    is_opened: bool,
}

/// Reads the blocks of a pcapng file.
#[derive(Debug)]
pub(crate) struct Pcapng {
    little_endian: bool,
    interfaces: Vec<Interface>,
}

impl Pcapng {
    /// Whether a file that begins so is a pcapng file.
    pub(crate) const fn begins(octets: &[u8]) -> bool {
        matches!(octets, [0x0a, 0x0d, 0x0d, 0x0a, ..])
    }

    /// A reader that stands before the first section header.
    pub(crate) const fn new() -> Self {
        Self { little_endian: false, interfaces: Vec::new() }
    }

    /// Appends the next frame to `arena`. An error tells where its block begins.
    pub(crate) fn next(
        &mut self,
        source: &mut Source,
        limit: u32,
        arena: &mut Vec<u8>,
    ) -> Result<Option<Record>, (Stop, u64)> {
        let mut passed = 0;
        loop {
            let offset = source.offset();
            match self.block(source, limit, arena).map_err(|stop| (stop, offset))? {
                Block::End => return Ok(None),
                Block::Frame(record) => return Ok(Some(record.after(passed))),
                Block::Counted => passed += 1,
                Block::Other => {}
            }
        }
    }

    fn block(&mut self, source: &mut Source, limit: u32, arena: &mut Vec<u8>) -> Result<Block, Stop> {
        if source.fill(HEAD)? == 0 {
            return Ok(Block::End);
        }
        source.need(HEAD)?;
        let kind = self.u32_at(source, 0);
        if kind == SECTION_HEADER {
            source.need(HEAD + 4)?;
            // The section's byte order holds from its own length on.
            self.little_endian = match source.octets() {
                [_, _, _, _, _, _, _, _, 0x1a, 0x2b, 0x3c, 0x4d, ..] => false,
                [_, _, _, _, _, _, _, _, 0x4d, 0x3c, 0x2b, 0x1a, ..] => true,
                _ => return Err(Stop::corrupt("section header without a byte-order magic")),
            };
        }
        let length = self.u32_at(source, 4);
        let least = match kind {
            SECTION_HEADER => 28,
            INTERFACE_DESCRIPTION => 20,
            PACKET | ENHANCED_PACKET => 32,
            SIMPLE_PACKET => 16,
            _ => 12,
        };
        if length < least {
            return Err(Stop::corrupt(format!(
                "block of type {kind} has {length} octets, it needs at least {least}"
            )));
        }
        let block = match kind {
            SECTION_HEADER => self.section_header(source)?,
            INTERFACE_DESCRIPTION => self.interface_description(source, length)?,
            PACKET | ENHANCED_PACKET | SIMPLE_PACKET => self.packet(source, kind, length, limit, arena)?,
            SYSTEMD_JOURNAL_EXPORT => Block::Counted,
            _ => Block::Other,
        };
        // Some writers do not count the padding; Wireshark believes them too.
        let need = u64::from(length).next_multiple_of(4);
        let body = need - TAIL as u64;
        let missing = source.skip(body)?;
        if missing != 0 || source.fill(TAIL)? < TAIL {
            let have = body - missing + source.octets().len() as u64;
            return Err(Stop::Truncated { need, have });
        }
        let repeated = self.u32_at(source, 0);
        if repeated != length {
            return Err(Stop::corrupt(format!("block length {length} is repeated as {repeated}")));
        }
        source.pass(TAIL);
        Ok(block)
    }

    fn section_header(&mut self, source: &mut Source) -> Result<Block, Stop> {
        source.need(HEAD + 16)?;
        let major = self.u16_at(source, 12);
        if major != 1 {
            return Err(Stop::corrupt(format!("section of version {major}, where 1 is known")));
        }
        self.interfaces.clear();
        Ok(Block::Other)
    }

    fn interface_description(&mut self, source: &mut Source, length: u32) -> Result<Block, Stop> {
        if length > DESCRIPTION_LIMIT {
            return Err(Stop::corrupt(format!("interface description of {length} octets")));
        }
        if self.interfaces.len() == INTERFACE_LIMIT {
            return Err(Stop::corrupt(format!("more than {INTERFACE_LIMIT} interfaces")));
        }
        source.need(length as usize)?;
        let mut interface = Interface {
            link_type: LinkType::from_number(self.u16_at(source, 8)),
            snapshot: self.u32_at(source, 12),
            resolution: 6,
            offset: 0,
            is_opened: false,
        };
        let end = length as usize - TAIL;
        let mut at = HEAD + 8;
        while at + 4 <= end {
            let (code, size) = (self.u16_at(source, at), usize::from(self.u16_at(source, at + 2)));
            at += 4;
            if code == 0 || at + size > end {
                break;
            }
            match (code, size) {
                // `at + size <= end`, and the whole block is at hand.
                (IF_NAME, _) => {
                    // Some writers count the zero that ends the text.
                    let name = source.octets()[at..at + size].split(|octet| *octet == 0).next();
                    interface.is_opened = name == Some(OPENED.as_bytes());
                }
                (IF_TSRESOL, 1) => interface.resolution = source.octets()[at],
                (IF_TSOFFSET, 8) => {
                    let (first, second) = (self.u32_at(source, at), self.u32_at(source, at + 4));
                    let (high, low) = if self.little_endian { (second, first) } else { (first, second) };
                    interface.offset = (u64::from(high) << 32 | u64::from(low)).cast_signed();
                }
                _ => {}
            }
            at += size.next_multiple_of(4);
        }
        self.interfaces.push(interface);
        Ok(Block::Other)
    }

    fn packet(
        &self,
        source: &mut Source,
        kind: u32,
        length: u32,
        limit: u32,
        arena: &mut Vec<u8>,
    ) -> Result<Block, Stop> {
        let header = if kind == SIMPLE_PACKET { HEAD + 4 } else { HEAD + 20 };
        source.need(header)?;
        let number = match kind {
            SIMPLE_PACKET => 0,
            PACKET => u32::from(self.u16_at(source, 8)),
            _ => self.u32_at(source, 8),
        };
        let Some(interface) = self.interfaces.get(number as usize) else {
            return Err(Stop::corrupt(format!(
                "a frame of interface {number}, where {} are described",
                self.interfaces.len()
            )));
        };
        // The least length of the block was checked, so that this is no less than nothing.
        let room = length - TAIL as u32 - header as u32;
        let (time, captured, original) = if kind == SIMPLE_PACKET {
            let original = self.u32_at(source, 8);
            let snapshot = if interface.snapshot == 0 { u32::MAX } else { interface.snapshot };
            (None, original.min(snapshot), original)
        } else {
            let units = u64::from(self.u32_at(source, 12)) << 32 | u64::from(self.u32_at(source, 16));
            (interface.time(units), self.u32_at(source, 20), self.u32_at(source, 24))
        };
        if captured > limit {
            return Err(Stop::TooLong { length: captured.into() });
        }
        if captured > room {
            return Err(Stop::corrupt(format!(
                "a frame of {captured} octets in a block with room for {room}"
            )));
        }
        if interface.is_opened {
            return Ok(Block::Counted);
        }
        let whole = header + captured as usize;
        source.need(whole)?;
        let start = arena.len();
        arena.extend_from_slice(&source.octets()[header..whole]);
        let record = Record::new(time, interface.link_type, captured, original, start..arena.len());
        Ok(Block::Frame(record))
    }

    /// The number at `at` of the block; every caller put it at hand first.
    fn u32_at(&self, source: &Source, at: usize) -> u32 {
        let octets: [u8; 4] = source.octets()[at..at + 4].try_into().unwrap_or_default();
        if self.little_endian { u32::from_le_bytes(octets) } else { u32::from_be_bytes(octets) }
    }

    /// The number at `at` of the block; every caller put it at hand first.
    fn u16_at(&self, source: &Source, at: usize) -> u16 {
        let octets: [u8; 2] = source.octets()[at..at + 2].try_into().unwrap_or_default();
        if self.little_endian { u16::from_le_bytes(octets) } else { u16::from_be_bytes(octets) }
    }
}

#[derive(Debug)]
enum Block {
    Frame(Record),
    /// No frame, but Wireshark gives it a number.
    Counted,
    Other,
    End,
}

impl Interface {
    /// The time that `units` of the interface's resolution stand for.
    fn time(self, units: u64) -> Option<Timestamp> {
        let exponent = u32::from(self.resolution & 0x7f);
        let scaled = u128::from(units) * 1_000_000_000;
        let nanoseconds = if self.resolution & 0x80 != 0 {
            scaled >> exponent
        } else {
            // 10^39 is beyond 128 bits, and what it divides is less than 10^29.
            10u128.checked_pow(exponent).map_or(0, |divisor| scaled / divisor)
        };
        let offset = i128::from(self.offset) * 1_000_000_000;
        Timestamp::checked_from_nanoseconds(i128::try_from(nanoseconds).ok()? + offset)
    }
}
