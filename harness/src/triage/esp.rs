//! ESP security associations as they are used: which sequence numbers the recording lacks, and which packets could
//! not be opened.

use std::collections::BTreeMap;

use l2tpspec_protocol::esp::replay_window::{ReplayWindow, Verdict};

use super::mark::{Frames, Mark, Side};
use crate::transcript::layer::{Esp, Opening};

/// Associations remembered; packets of further ones are only counted as ESP.
const MOST: usize = 4096;
/// Sequence numbers that packets may be apart and out of order.
const WINDOW: u32 = 1024;

/// One security association: one direction, one SPI.
#[derive(Debug)]
pub(super) struct Association {
    pub(super) spi: u32,
    pub(super) sender: Side,
    pub(super) begin: Mark,
    pub(super) last: Mark,
    pub(super) packets: u64,
    pub(super) duplicates: u64,
    window: ReplayWindow,
    lowest: u32,
    distinct: u64,
    pub(super) key_absent: Frames,
    pub(super) key_wrong: Frames,
    /// Packets that opened only with an integrity check value of 96 bits where 128 are due.
    pub(super) truncated: Frames,
}

impl Association {
    /// Sequence numbers between the lowest and the highest that no packet of the recording has.
    pub(super) fn lost(&self) -> u64 {
        match self.distinct {
            0 => 0,
            distinct => {
                (u64::from(self.window.highest()) - u64::from(self.lowest) + 1).saturating_sub(distinct)
            }
        }
    }

    fn see(&mut self, packet: &Esp, mark: Mark) {
        self.packets += 1;
        self.last = mark;
        let number = packet.header.sequence_number;
        match self.window.accept(number) {
            Verdict::New => {
                self.distinct += 1;
                self.lowest = self.lowest.min(number);
            }
            Verdict::Duplicate => self.duplicates += 1,
            // So late that it may be either; counted as one that was not lost.
            Verdict::TooOld => {
                self.distinct += 1;
                self.lowest = self.lowest.min(number);
            }
            Verdict::Zero => {}
        }
        match packet.opening {
            Opening::KeyAbsent => self.key_absent.note(mark),
            Opening::KeyWrong => self.key_wrong.note(mark),
            Opening::OpenedTruncated { .. } => self.truncated.note(mark),
            Opening::Opened { .. } => {}
        }
    }
}

/// All security associations of a connection.
#[derive(Debug, Default)]
pub(super) struct Associations {
    pub(super) list: Vec<Association>,
    places: BTreeMap<(Side, u32), usize>,
    /// The one used last: user traffic comes in runs.
    last: Option<(Side, u32, usize)>,
}

impl Associations {
    /// Notes a packet, and says when its association was first seen.
    pub(super) fn see(&mut self, packet: &Esp, side: Side, mark: Mark) -> Mark {
        let spi = packet.header.security_parameters_index;
        let at = match self.last {
            Some((last_side, last_spi, at)) if (last_side, last_spi) == (side, spi) => at,
            _ => match self.place(spi, side, mark) {
                Some(at) => at,
                None => return mark,
            },
        };
        self.last = Some((side, spi, at));
        let association = &mut self.list[at];
        association.see(packet, mark);
        association.begin
    }

    fn place(&mut self, spi: u32, sender: Side, mark: Mark) -> Option<usize> {
        if let Some(at) = self.places.get(&(sender, spi)) {
            return Some(*at);
        }
        if self.list.len() == MOST {
            return None;
        }
        let window = ReplayWindow::new(WINDOW).unwrap_or_default();
        self.list.push(Association {
            spi,
            sender,
            begin: mark,
            last: mark,
            packets: 0,
            duplicates: 0,
            window,
            lowest: u32::MAX,
            distinct: 0,
            key_absent: Frames::default(),
            key_wrong: Frames::default(),
            truncated: Frames::default(),
        });
        let at = self.list.len() - 1;
        self.places.insert((sender, spi), at);
        Some(at)
    }

    /// How many associations the end with the more of them used.
    pub(super) fn generations(&self) -> u64 {
        let of = |side| self.list.iter().filter(|association| association.sender == side).count() as u64;
        of(Side::A).max(of(Side::B))
    }
}

#[cfg(test)]
mod tests {
    use l2tpspec_protocol::esp::wire::Header;

    use super::*;

    fn used(numbers: &[u32]) -> Association {
        let mut all = Associations::default();
        for (i, number) in numbers.iter().enumerate() {
            let header = Header { security_parameters_index: 7, sequence_number: *number };
            let packet = Esp { header, opening: Opening::KeyAbsent, length: 40 };
            all.see(&packet, Side::A, Mark { frame: i as u64, time: 0 });
        }
        all.list.remove(0)
    }

    #[test]
    fn numbers_that_the_recording_lacks_are_lost_and_late_ones_are_not() {
        assert_eq!(used(&[1, 2, 3]).lost(), 0);
        assert_eq!(used(&[1, 4, 5]).lost(), 2);
        assert_eq!(used(&[1, 4, 3, 2, 5]).lost(), 0);
        assert_eq!(used(&[100, 101, 104]).lost(), 2);
        assert_eq!(used(&[101, 100, 102]).lost(), 0);
    }

    #[test]
    fn copies_are_counted_and_hide_no_loss() {
        let association = used(&[1, 2, 2, 2, 5]);
        assert_eq!((association.lost(), association.duplicates, association.packets), (2, 2, 5));
    }
}
