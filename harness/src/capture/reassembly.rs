//! Fragments of IPv4 (RFC 791 section 3.2) and IPv6 (RFC 8200 section 4.5) datagrams put together again.
//!
//! The frame that completes a datagram carries its whole payload, as in Wireshark; the frames before it carry
//! nothing. What was heard first wins: a fragment that overlaps octets already held is refused and the datagram
//! goes on without it; an exact repetition changes nothing. (RFC 5722 wants such an IPv6 datagram dropped by its
//! receiver. A reader of captures only has to be predictable.)
//!
//! Memory is bounded: 64 datagrams in progress, the oldest giving way, of 64 KiB each, which is 4 MiB in all; and
//! a datagram is given up 30 seconds of capture time after its first fragment.

use std::net::IpAddr;

use super::Timestamp;

/// The most datagrams in progress.
pub const DATAGRAMS: usize = 64;
/// The most octets of a datagram's payload.
pub const OCTETS: usize = 65_535;
/// Nanoseconds after its first fragment when a datagram is given up.
pub const TIME_OUT: i64 = 30_000_000_000;

/// One fragment of a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Who sent the datagram.
    pub source: IpAddr,
    /// For whom it is.
    pub destination: IpAddr,
    /// IPv4's Protocol, or the Next Header of IPv6's fragment header.
    pub protocol: u8,
    /// The Identification.
    pub identification: u32,
    /// Where the payload stands in the datagram's, in octets: the Fragment Offset times eight.
    pub offset: usize,
    /// The More Fragments flag.
    pub more: bool,
    /// The octets after the IP header, or after IPv6's fragment header.
    pub payload: &'a [u8],
    /// The number of its frame.
    pub frame: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
}

/// A datagram put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// IPv4's Protocol, or the Next Header of the first fragment in IPv6.
    pub protocol: u8,
    /// The whole payload.
    pub payload: Vec<u8>,
    /// The frames whose octets are in it, in the order of capture; the last one completed it.
    pub frames: Vec<u64>,
}

/// What became of a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It completed its datagram.
    Whole(Datagram),
    /// It is held until the others come.
    Pending,
    /// It is not held.
    Refused(Why),
}

/// Why a fragment is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It has no octets.
    #[error("the fragment is empty")]
    Empty,
    /// It is not the last one, and its length is no multiple of eight.
    #[error("a fragment that is not the last one has {length} octets, which is no multiple of 8")]
    Unaligned {
        /// Its octets.
        length: usize,
    },
    /// It ends beyond what a datagram can have.
    #[error("the fragment ends at octet {end}, beyond the {OCTETS} octets of a datagram")]
    TooLong {
        /// Where it ends.
        end: usize,
    },
    /// It overlaps octets that another frame carried.
    #[error("the fragment overlaps octets {start} to {end} that came before")]
    Overlap {
        /// The first octet of those that it overlaps.
        start: usize,
        /// The octet after them.
        end: usize,
    },
    /// It reaches beyond the last fragment, or is a last fragment that ends elsewhere.
    #[error("the fragment ends at octet {end}, the datagram at octet {known}")]
    EndDisagrees {
        /// Where it ends.
        end: usize,
        /// Where the datagram ends, or how far octets of it are known.
        known: usize,
    },
}

/// Datagrams in progress.
#[derive(Debug, Default)]
pub struct Reassembly {
    /// The oldest first.
    datagrams: Vec<Partial>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    /// `None` in IPv6, where it is not part of the key.
    protocol: Option<u8>,
    identification: u32,
}

#[derive(Debug)]
struct Partial {
    key: Key,
    started: Option<Timestamp>,
    protocol: u8,
    payload: Vec<u8>,
    /// The octets held, as ranges in ascending order that do not touch.
    held: Vec<(usize, usize)>,
    end: Option<usize>,
    frames: Vec<u64>,
}

impl Reassembly {
    /// Nothing in progress.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many datagrams are in progress.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.datagrams.len()
    }

    /// Takes a fragment.
    pub fn push(&mut self, fragment: &Fragment<'_>) -> Outcome {
        if let Some(why) = fragment.impossible() {
            return Outcome::Refused(why);
        }
        if let Some(now) = fragment.time {
            let is_alive =
                |partial: &Partial| partial.started.is_none_or(|started| now.since(started) <= TIME_OUT);
            self.datagrams.retain(is_alive);
        }
        let key = Key {
            source: fragment.source,
            destination: fragment.destination,
            protocol: fragment.source.is_ipv4().then_some(fragment.protocol),
            identification: fragment.identification,
        };
        let at = match self.datagrams.iter().position(|partial| partial.key == key) {
            Some(at) => at,
            None => {
                if self.datagrams.len() == DATAGRAMS {
                    self.datagrams.remove(0);
                }
                self.datagrams.push(Partial::new(key, fragment));
                self.datagrams.len() - 1
            }
        };
        // `at` was found, or is that of the datagram just pushed.
        let partial = &mut self.datagrams[at];
        if let Err(why) = partial.insert(fragment) {
            return Outcome::Refused(why);
        }
        if !partial.is_whole() {
            return Outcome::Pending;
        }
        let whole = self.datagrams.remove(at);
        Outcome::Whole(Datagram { protocol: whole.protocol, payload: whole.payload, frames: whole.frames })
    }
}

impl Fragment<'_> {
    fn impossible(&self) -> Option<Why> {
        let end = self.offset.saturating_add(self.payload.len());
        if end > OCTETS {
            Some(Why::TooLong { end })
        } else if self.payload.is_empty() {
            Some(Why::Empty)
        } else if self.more && !self.payload.len().is_multiple_of(8) {
            Some(Why::Unaligned { length: self.payload.len() })
        } else {
            None
        }
    }
}

impl Partial {
    fn new(key: Key, fragment: &Fragment<'_>) -> Self {
        Self {
            key,
            started: fragment.time,
            protocol: fragment.protocol,
            payload: Vec::new(),
            held: Vec::new(),
            end: None,
            frames: Vec::new(),
        }
    }

    fn insert(&mut self, fragment: &Fragment<'_>) -> Result<(), Why> {
        let (start, end) = (fragment.offset, fragment.offset + fragment.payload.len());
        let heard = self.held.last().map_or(0, |&(_, end)| end);
        match self.end {
            Some(known) if end > known || (!fragment.more && end != known) => {
                return Err(Why::EndDisagrees { end, known });
            }
            None if !fragment.more && heard > end => return Err(Why::EndDisagrees { end, known: heard }),
            _ => {}
        }
        // The first range that does not end before this fragment begins.
        let at = self.held.partition_point(|&(_, held)| held <= start);
        if let Some(&(held, held_end)) = self.held.get(at)
            && held < end
        {
            let again =
                self.payload.get(start..end) == Some(fragment.payload) && held <= start && end <= held_end;
            return if again {
                Ok(())
            } else {
                Err(Why::Overlap { start: held.max(start), end: held_end.min(end) })
            };
        }
        if self.payload.len() < end {
            self.payload.resize(end, 0);
        }
        // The payload reaches at least to `end`.
        self.payload[start..end].copy_from_slice(fragment.payload);
        let joins_before = at > 0 && self.held[at - 1].1 == start;
        let joins_after = self.held.get(at).is_some_and(|&(held, _)| held == end);
        // `at` is at most the number of ranges, `at - 1` and `at` exist where they join.
        match (joins_before, joins_after) {
            (true, true) => {
                self.held[at - 1].1 = self.held[at].1;
                self.held.remove(at);
            }
            (true, false) => self.held[at - 1].1 = end,
            (false, true) => self.held[at].0 = start,
            (false, false) => self.held.insert(at, (start, end)),
        }
        if !fragment.more {
            self.end = Some(end);
        }
        if start == 0 {
            self.protocol = fragment.protocol;
        }
        self.frames.push(fragment.frame);
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.end.is_some_and(|end| self.held == [(0, end)])
    }
}
