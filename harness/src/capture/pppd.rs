//! The log that pppd's option `record` writes and pppdump reads: octets of a serial line in both directions, with
//! time steps of tenths of a second, in records of one type octet each. Frames are found in it by the rules of
//! RFC 1662 section 4: flags part them, an escape flips bit 5 of the octet that follows.

use super::error::Stop;
use super::file::Record;
use super::source::Source;
use super::{LinkType, Timestamp};

const SENT: u8 = 1;
const RECEIVED: u8 = 2;
const END_OF_SENT: u8 = 3;
const END_OF_RECEIVED: u8 = 4;
const LONG_STEP: u8 = 5;
const SHORT_STEP: u8 = 6;
const START: u8 = 7;

const FLAG: u8 = 0x7e;
const ESCAPE: u8 = 0x7d;
/// The frame check sequence over a frame and its own right frame check sequence (RFC 1662 section C.2).
const GOOD_FCS: u16 = 0xf0b8;

/// Reads the records of a pppd log.
#[derive(Debug, Default)]
pub(crate) struct PppdRecord {
    /// Tenths of a second since 1970.
    time: i64,
    sent: Line,
    received: Line,
    /// Octets left of the record of data that is being read, and whether they were sent.
    data: usize,
    is_sent: bool,
}

/// One direction of the line.
#[derive(Debug, Default)]
struct Line {
    frame: Vec<u8>,
    escaped: bool,
}

impl PppdRecord {
    /// Whether a file that begins so is a pppd log: a start time and then another record.
    pub(crate) const fn begins(octets: &[u8]) -> bool {
        matches!(octets, [START, _, _, _, _, SENT | RECEIVED | LONG_STEP | SHORT_STEP | START, ..])
    }

    /// Appends the next frame to `arena`. An error tells where its record begins.
    pub(crate) fn next(
        &mut self,
        source: &mut Source,
        limit: u32,
        arena: &mut Vec<u8>,
    ) -> Result<Option<Record>, (Stop, u64)> {
        loop {
            let offset = source.offset();
            let step = if self.data > 0 { self.line(source, limit, arena) } else { self.record(source) };
            match step.map_err(|stop| (stop, offset))? {
                Step::Frame(record) => return Ok(Some(record)),
                Step::More => {}
                Step::End => return Ok(None),
            }
        }
    }

    /// Takes a record up to its data.
    fn record(&mut self, source: &mut Source) -> Result<Step, Stop> {
        if source.fill(1)? == 0 {
            return Ok(Step::End);
        }
        // `need` puts at hand what is taken from `octets`.
        let kind = source.octets()[0];
        let head = match kind {
            SENT | RECEIVED => 3,
            LONG_STEP | START => 5,
            SHORT_STEP => 2,
            END_OF_SENT | END_OF_RECEIVED => 1,
            _ => return Err(Stop::corrupt(format!("a record of unknown type {kind}"))),
        };
        source.need(head)?;
        let number = source.octets()[1..head].iter().fold(0, |sum, octet| sum << 8 | i64::from(*octet));
        source.pass(head);
        match kind {
            SENT | RECEIVED => {
                // Two octets.
                self.data = usize::try_from(number).unwrap_or_default();
                self.is_sent = kind == SENT;
            }
            START => self.time = number * 10,
            LONG_STEP | SHORT_STEP => self.time = self.time.saturating_add(number),
            _ => {}
        }
        Ok(Step::More)
    }

    /// Takes data up to the next flag.
    fn line(&mut self, source: &mut Source, limit: u32, arena: &mut Vec<u8>) -> Result<Step, Stop> {
        if source.fill(1)? == 0 {
            return Err(Stop::Truncated { need: self.data as u64, have: 0 });
        }
        let line = if self.is_sent { &mut self.sent } else { &mut self.received };
        let mut taken = 0;
        let mut flag = false;
        for &octet in source.octets().iter().take(self.data) {
            taken += 1;
            match octet {
                // A flag ends a frame; two flags in a row, or a line that begins with one, end none.
                FLAG if line.frame.is_empty() => {}
                FLAG => {
                    flag = true;
                    break;
                }
                ESCAPE if !line.escaped => line.escaped = true,
                _ => {
                    line.frame.push(if line.escaped { octet ^ 0x20 } else { octet });
                    line.escaped = false;
                    if line.frame.len() > limit as usize {
                        return Err(Stop::TooLong { length: line.frame.len() as u64 });
                    }
                }
            }
        }
        source.pass(taken);
        self.data -= taken;
        if !flag {
            return Ok(Step::More);
        }
        line.escaped = false;
        // The limit is a 32-bit number.
        let length = u32::try_from(line.frame.len()).unwrap_or(u32::MAX);
        // The octets may be the dialogue that comes before PPP: nothing is taken off then.
        let body = match line.frame.split_last_chunk::<2>() {
            Some((body, _)) if fcs(&line.frame) == GOOD_FCS => body,
            _ => &line.frame,
        };
        let start = arena.len();
        arena.push(u8::from(self.is_sent));
        arena.extend_from_slice(body);
        line.frame.clear();
        let time = Timestamp::checked_from_nanoseconds(i128::from(self.time) * 100_000_000);
        // The direction counts as an octet of the link type, not of the frame.
        let length = length.saturating_add(1);
        Ok(Step::Frame(Record::new(time, LinkType::PppWithDirection, length, length, start..arena.len())))
    }
}

#[derive(Debug)]
enum Step {
    Frame(Record),
    More,
    End,
}

/// The 16-bit frame check sequence of RFC 1662 section C.2.
fn fcs(octets: &[u8]) -> u16 {
    octets.iter().fold(u16::MAX, |fcs, &octet| {
        (0..8).fold(fcs ^ u16::from(octet), |fcs, _| if fcs & 1 == 1 { fcs >> 1 ^ 0x8408 } else { fcs >> 1 })
    })
}
