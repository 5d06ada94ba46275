//! What will happen, in the order of time; what is due at one moment happens in the order in which it was put in.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::link::Direction;
use super::{HostId, LinkId};

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// A packet comes out of a link.
    Arrival { link: LinkId, direction: Direction, packet: Packet },
    /// A host looks at its clock.
    Wake { host: HostId },
}

#[derive(Debug)]
struct Entry {
    moment: Instant,
    order: u64,
    event: Event,
}

impl Entry {
    const fn key(&self) -> (Instant, u64) {
        (self.moment, self.order)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Events that wait for their moment.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BinaryHeap<Reverse<Entry>>,
    next_order: u64,
}

impl Queue {
    /// Puts an event in.
    pub(crate) fn push(&mut self, moment: Instant, event: Event) {
        self.entries.push(Reverse(Entry { moment, order: self.next_order, event }));
        self.next_order += 1;
    }

    /// The moment of the next event.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse(entry)| entry.moment)
    }

    /// Takes the next event out.
    pub(crate) fn pop(&mut self) -> Option<(Instant, Event)> {
        self.entries.pop().map(|Reverse(entry)| (entry.moment, entry.event))
    }

    /// How many events wait.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_moment_come_in_the_order_they_were_put_in() {
        let mut queue = Queue::default();
        for (micros, host) in [(5, 0), (3, 1), (5, 2), (3, 3)] {
            queue.push(Instant::from_micros(micros), Event::Wake { host: HostId(host) });
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop())
            .map(|(moment, event)| match event {
                Event::Wake { host } => (moment.as_micros(), host.0),
                Event::Arrival { .. } => unreachable!("none was put in"),
            })
            .collect();
        assert_eq!(order, [(3, 1), (3, 3), (5, 0), (5, 2)]);
    }
}
