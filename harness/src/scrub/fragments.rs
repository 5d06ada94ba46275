//! Frames that cannot be written before others have come: each brings a piece of a datagram, or of a message, that is
//! rewritten as a whole.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::ops::Range;

use crate::capture::file::FrameMeta;

/// Frames that wait at most; then what is missing of the oldest is given up.
const MOST_WAITING: usize = 4096;
/// Octets of the longest whole.
const LONGEST: usize = 1 << 17;

/// What a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A datagram: source, destination, protocol, identification.
    Ip(IpAddr, IpAddr, u8, u16),
    /// A message of the SA with an initiator's cookie: the number of the fragmentation.
    Isakmp([u8; 8], u16),
}

/// A frame to be written.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) meta: FrameMeta,
    pub(super) octets: Vec<u8>,
    /// What it waits for.
    waits: Option<(Key, Range<usize>)>,
    /// Where the UDP datagram around the piece stands, whose checksum is to be put right.
    pub(super) around: Option<Around>,
}

/// The UDP datagram around a piece.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) udp: Range<usize>,
    pub(super) new: (IpAddr, IpAddr),
    pub(super) was_right: bool,
}

/// Frames in their order.
#[derive(Debug, Default)]
pub(super) struct Frames {
    queue: VecDeque<Frame>,
    /// The place in the whole recording of the queue's first frame.
    first: usize,
    pieces: BTreeMap<Key, Pieces>,
}

/// The pieces of one whole: by their place in it, frames and ranges in them; several where one was sent again.
#[derive(Debug, Default)]
struct Pieces {
    at: BTreeMap<usize, Vec<(usize, Range<usize>)>>,
    end: Option<usize>,
}

impl Pieces {
    /// The length of the whole, once no octet is missing.
    fn complete(&self, is_counted: bool) -> Option<usize> {
        let mut reached = usize::from(is_counted);
        let mut length = 0;
        for (at, copies) in &self.at {
            let (_, range) = copies.first()?;
            if *at != reached {
                return None;
            }
            length += range.len();
            reached += if is_counted { 1 } else { range.len() };
        }
        (self.end == Some(reached)).then_some(length)
    }
}

impl Frames {
    /// Puts a frame behind the others.
    pub(super) fn push(&mut self, meta: FrameMeta, octets: Vec<u8>) {
        self.queue.push_back(Frame { meta, octets, waits: None, around: None });
    }

    /// Puts a frame behind the others that brings a piece: its place, where it stands, and whether it is the last. Places are
    /// octets of a datagram, and numbers from 1 of a message. Gives the whole as it was, if this completes a datagram.
    pub(super) fn push_piece(
        &mut self,
        (meta, octets): (FrameMeta, Vec<u8>),
        key: Key,
        place: usize,
        range: Range<usize>,
        is_last: bool,
    ) -> Option<Vec<u8>> {
        let number = self.first + self.queue.len();
        let pieces = self.pieces.entry(key).or_default();
        let copies = pieces.at.entry(place).or_default();
        let is_copy = copies.first().is_none_or(|(_, first)| first.len() == range.len());
        if is_copy && place + range.len() <= LONGEST {
            copies.push((number, range.clone()));
            if is_last {
                let is_counted = matches!(key, Key::Isakmp(..));
                pieces.end = Some(if is_counted { place + 1 } else { place + range.len() });
            }
        }
        self.queue.push_back(Frame { meta, octets, waits: Some((key, range)), around: None });
        matches!(key, Key::Ip(..)).then(|| self.whole(key)).flatten()
    }

    /// What stands in the frame pushed last.
    pub(super) fn last_mut(&mut self) -> Option<&mut Frame> {
        self.queue.back_mut()
    }

    fn whole(&self, key: Key) -> Option<Vec<u8>> {
        let pieces = self.pieces.get(&key)?;
        let length = pieces.complete(false)?;
        let mut whole = Vec::with_capacity(length);
        for (number, range) in pieces.at.values().filter_map(|copies| copies.first()) {
            whole.extend_from_slice(
                self.queue.get(number.checked_sub(self.first)?)?.octets.get(range.clone())?,
            );
        }
        Some(whole)
    }

    /// Writes a whole back into the frames that its pieces came in. `finish` is given each of them.
    pub(super) fn resolve(&mut self, key: Key, whole: &[u8], mut finish: impl FnMut(&mut Frame)) {
        let Some(pieces) = self.pieces.remove(&key) else { return };
        let mut rest = whole;
        for copies in pieces.at.into_values() {
            let length = copies.first().map_or(0, |(_, range)| range.len());
            let (piece, behind) = rest.split_at(length.min(rest.len()));
            for (number, range) in copies {
                let frame = number.checked_sub(self.first).and_then(|at| self.queue.get_mut(at));
                let Some(frame) = frame else { continue };
                if let Some(place) = frame.octets.get_mut(range).filter(|place| place.len() == piece.len()) {
                    place.copy_from_slice(piece);
                    frame.waits = None;
                    finish(frame);
                }
            }
            rest = behind;
        }
    }

    /// The next frame that can be written. At the end nothing is waited for: what has not come to be whole is given to `give_up`.
    pub(super) fn pop(
        &mut self,
        is_end: bool,
        mut give_up: impl FnMut(&mut Frame, Range<usize>),
    ) -> Option<Frame> {
        let must = is_end || self.queue.len() > MOST_WAITING;
        let front = self.queue.front_mut()?;
        if let Some((key, range)) = front.waits.clone() {
            if !must {
                return None;
            }
            give_up(front, range);
            front.waits = None;
            self.pieces.remove(&key);
        }
        self.first += 1;
        self.queue.pop_front()
    }
}
