//! A buffer that a user packet travels in: room before it for every header below, room behind it for a trailer, so
//! that layers add and take off what is theirs in place and nothing is copied or allocated on the way.

use core::ops::Range;

/// Octets with room around them. Reuse one with [`Packet::set`]: its memory stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet {
    memory: Vec<u8>,
    used: Range<usize>,
}

impl Packet {
    /// Room for IPv4 with options, UDP, ESP with an IV of 16 octets, UDP, L2TP with every field, and PPP.
    pub const HEAD_ROOM: usize = 160;

    /// A packet of these octets behind [`Packet::HEAD_ROOM`] free ones.
    #[must_use]
    pub fn new(octets: &[u8]) -> Self {
        let mut packet = Self::default();
        packet.set(octets);
        packet
    }

    /// Replaces the packet by these octets behind [`Packet::HEAD_ROOM`] free ones.
    pub fn set(&mut self, octets: &[u8]) {
        self.memory.clear();
        self.memory.resize(Self::HEAD_ROOM, 0);
        self.memory.extend_from_slice(octets);
        self.used = Self::HEAD_ROOM..self.memory.len();
    }

    /// The packet.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.memory.get(self.used.clone()).unwrap_or_default()
    }

    /// The packet, to be changed in place.
    pub fn octets_mut(&mut self) -> &mut [u8] {
        self.memory.get_mut(self.used.clone()).unwrap_or_default()
    }

    /// Its length, in octets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.octets().len()
    }

    /// Whether it has no octets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// Puts a header before the packet. Only one that exceeds the room costs a copy of the packet.
    pub fn prepend(&mut self, header: &[u8]) {
        if self.used.start < header.len() {
            let missing = header.len().saturating_sub(self.used.start);
            self.memory.splice(..0, core::iter::repeat_n(0, missing));
            self.used = self.used.start.saturating_add(missing)..self.used.end.saturating_add(missing);
        }
        let start = self.used.start.saturating_sub(header.len());
        if let Some(room) = self.memory.get_mut(start..self.used.start) {
            room.copy_from_slice(header);
        }
        self.used.start = start;
    }

    /// Puts a trailer behind the packet.
    pub fn append(&mut self, trailer: &[u8]) {
        self.memory.truncate(self.used.end);
        self.memory.extend_from_slice(trailer);
        self.used.end = self.memory.len();
    }

    /// Lengthens the packet by zeros, or shortens it, to `length` octets.
    pub fn resize(&mut self, length: usize) {
        let end = self.used.start.saturating_add(length);
        self.memory.resize(end, 0);
        self.used.end = end;
    }

    /// Takes octets off the front. `None`, and no change, if there are not so many.
    pub fn strip_front(&mut self, count: usize) -> Option<()> {
        self.narrow(count..self.len())
    }

    /// Keeps only this part of the packet. `None`, and no change, if it does not lie within.
    pub fn narrow(&mut self, part: Range<usize>) -> Option<()> {
        let start = self.used.start.checked_add(part.start)?;
        let end = self.used.start.checked_add(part.end)?;
        (start <= end && end <= self.used.end).then(|| self.used = start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_trailers_come_and_go_in_place() {
        let mut packet = Packet::new(b"payload");
        let memory = packet.memory.as_ptr();
        packet.prepend(b"inner ");
        packet.prepend(b"outer ");
        assert_eq!(packet.octets(), b"outer inner payload");
        assert_eq!(packet.strip_front(6), Some(()));
        assert_eq!(packet.narrow(6..10), Some(()));
        assert_eq!(packet.octets(), b"payl");
        packet.set(b"other");
        assert_eq!((packet.octets(), packet.memory.as_ptr()), (&b"other"[..], memory));
        packet.append(b" end");
        packet.resize(6);
        assert_eq!(packet.octets(), b"other ");
    }

    #[test]
    fn what_does_not_lie_within_is_refused_and_changes_nothing() {
        let mut packet = Packet::new(b"abc");
        assert_eq!(packet.strip_front(4), None);
        assert_eq!(packet.narrow(1..4), None);
        assert_eq!(packet.narrow(usize::MAX..usize::MAX), None);
        assert_eq!(packet.octets(), b"abc");
    }

    #[test]
    fn a_header_beyond_the_room_still_fits() {
        let mut packet = Packet::new(b"end");
        packet.prepend(&[7; 200]);
        assert_eq!(packet.len(), 203);
        assert_eq!(packet.octets().split_at(200), (&[7; 200][..], &b"end"[..]));
        packet.prepend(b"x");
        assert_eq!(packet.len(), 204);
    }
}
