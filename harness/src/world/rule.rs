//! Exact rules of a link: each packet is put to them in order, and the first that does not pass decides.

use std::time::Duration;

use l2tpspec_protocol::time::Instant;

use super::link::Direction;

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The next rule decides, and after the last one the rates of the link.
    Pass,
    /// It is delivered as if the link were perfect: no rate applies.
    Deliver,
    /// It is lost.
    Drop,
    /// It is delivered that much later.
    Delay(Duration),
    /// It is delivered twice.
    Duplicate,
    /// These octets, an IPv4 datagram, are delivered in its place.
    Replace(Vec<u8>),
    /// It is delivered, and after it these octets, an IPv4 datagram.
    Also(Vec<u8>),
    /// It is kept until the same rule says [`Verdict::Release`], or is removed.
    Hold,
    /// It is delivered, and after it all that the same rule holds.
    Release,
}

/// Decides about the packets of one link.
pub trait Rule {
    /// Decides about one packet: an IPv4 datagram that enters the link now.
    fn on_packet(&mut self, now: Instant, direction: Direction, octets: &[u8]) -> Verdict;
}

impl<F: FnMut(Instant, Direction, &[u8]) -> Verdict> Rule for F {
    fn on_packet(&mut self, now: Instant, direction: Direction, octets: &[u8]) -> Verdict {
        self(now, direction, octets)
    }
}

/// Names a rule of a link for as long as the link exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u32);

/// A rule that gives one verdict to the nth packet of those that match, counted from one, and passes the others.
pub struct Nth<M> {
    matches: M,
    nth: u64,
    seen: u64,
    verdict: Verdict,
}

impl<M: FnMut(Direction, &[u8]) -> bool> Nth<M> {
    /// The verdict for the nth packet for which `matches` is true.
    pub const fn new(nth: u64, verdict: Verdict, matches: M) -> Self {
        Self { matches, nth, seen: 0, verdict }
    }

    /// How many packets matched.
    pub const fn seen(&self) -> u64 {
        self.seen
    }
}

impl<M> std::fmt::Debug for Nth<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nth")
            .field("nth", &self.nth)
            .field("seen", &self.seen)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

impl<M: FnMut(Direction, &[u8]) -> bool> Rule for Nth<M> {
    fn on_packet(&mut self, _now: Instant, direction: Direction, octets: &[u8]) -> Verdict {
        if !(self.matches)(direction, octets) {
            return Verdict::Pass;
        }
        self.seen += 1;
        if self.seen == self.nth { self.verdict.clone() } else { Verdict::Pass }
    }
}

/// A rule that lets the nth packet of those that match overtake none: it and the one after it change places.
pub struct Swap<M> {
    matches: M,
    nth: u64,
    seen: u64,
}

impl<M: FnMut(Direction, &[u8]) -> bool> Swap<M> {
    /// Swaps the nth packet for which `matches` is true, counted from one, with the next one.
    pub const fn new(nth: u64, matches: M) -> Self {
        Self { matches, nth, seen: 0 }
    }
}

impl<M> std::fmt::Debug for Swap<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Swap").field("nth", &self.nth).field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl<M: FnMut(Direction, &[u8]) -> bool> Rule for Swap<M> {
    fn on_packet(&mut self, _now: Instant, direction: Direction, octets: &[u8]) -> Verdict {
        if !(self.matches)(direction, octets) {
            return Verdict::Pass;
        }
        self.seen += 1;
        if self.seen == self.nth {
            Verdict::Hold
        } else if self.seen == self.nth + 1 {
            Verdict::Release
        } else {
            Verdict::Pass
        }
    }
}
