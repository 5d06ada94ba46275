//! What all hosts share while one of them acts: the clock, the queue, the links, chance, the taps, and buffers that
//! are used again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use l2tpspec_protocol::cx::{Cx, KeyLog};
use l2tpspec_protocol::entropy::Seeded;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::host::Work;
use super::link::{Direction, Link};
use super::queue::{Event, Queue};
use super::record::{Observed, Place, Tap, TapId};
use super::{HostId, LinkId};

/// How many buffers are kept to be used again.
const SPARE_PACKETS: usize = 256;

pub(crate) struct Fabric {
    pub(crate) now: Instant,
    pub(crate) queue: Queue,
    pub(crate) links: Vec<Link>,
    pub(crate) entropy: Seeded,
    pub(crate) key_log: Box<dyn KeyLog>,
    pub(crate) taps: BTreeMap<TapId, Box<dyn Tap>>,
    pub(crate) next_tap: usize,
    /// What the host that acts has still to do.
    pub(crate) work: VecDeque<Work>,
    spare: Vec<Packet>,
}

impl fmt::Debug for Fabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fabric")
            .field("now", &self.now)
            .field("events", &self.queue.len())
            .field("links", &self.links.len())
            .finish_non_exhaustive()
    }
}

impl Fabric {
    pub(crate) fn new(seed: &[u8], key_log: Box<dyn KeyLog>) -> Self {
        Self {
            now: Instant::START,
            queue: Queue::default(),
            links: Vec::new(),
            entropy: Seeded::new(seed),
            key_log,
            taps: BTreeMap::new(),
            next_tap: 0,
            work: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// Time, chance and the key log, for a station or service.
    pub(crate) fn cx(&mut self) -> Cx<'_> {
        Cx { now: self.now, entropy: &mut self.entropy, key_log: &mut *self.key_log }
    }

    /// A buffer with these octets.
    pub(crate) fn packet(&mut self, octets: &[u8]) -> Packet {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.set(octets);
        packet
    }

    /// Takes a buffer back.
    pub(crate) fn recycle(&mut self, packet: Packet) {
        if self.spare.len() < SPARE_PACKETS {
            self.spare.push(packet);
        }
    }

    /// Shows a packet to the taps.
    pub(crate) fn observe(&mut self, place: Place, is_lost: bool, octets: &[u8]) {
        for tap in self.taps.values_mut() {
            tap.on_packet(&Observed { now: self.now, place, is_lost, octets });
        }
    }

    /// Wakes a host at a moment.
    pub(crate) fn wake(&mut self, host: HostId, moment: Instant) {
        self.queue.push(moment.max(self.now), Event::Wake { host });
    }

    /// Puts a packet into a link.
    pub(crate) fn transmit(&mut self, id: LinkId, direction: Direction, mut packet: Packet) {
        let link = &mut self.links[id.index()];
        let mut fate = link.decide(self.now, direction, packet.octets(), &mut self.entropy);
        if let Some(octets) = fate.instead.take() {
            packet.set(&octets);
        }
        if let Some(bit) = fate.flipped_bit
            && let Some(octet) = packet.octets_mut().get_mut(bit / 8)
        {
            *octet ^= 0x80 >> (bit % 8);
        }
        if !fate.is_held {
            let place = Place::Link { link: id, direction };
            self.observe(place, fate.copies == [None; 2], packet.octets());
        }
        let [first, second] = fate.copies;
        if let Some(wait) = second {
            let copy = self.packet(packet.octets());
            self.deliver(id, direction, copy, wait);
        }
        match first {
            Some(wait) => self.deliver(id, direction, packet, wait),
            None => self.recycle(packet),
        }
        for (direction, octets) in fate.behind {
            self.inject(id, direction, &octets);
        }
    }

    /// Lets octets come out of a link as if they had been put in, past rules and rates.
    pub(crate) fn inject(&mut self, link: LinkId, direction: Direction, octets: &[u8]) {
        self.observe(Place::Link { link, direction }, false, octets);
        let packet = self.packet(octets);
        self.deliver(link, direction, packet, Duration::ZERO);
    }

    fn deliver(&mut self, link: LinkId, direction: Direction, packet: Packet, late: Duration) {
        let moment = self.links[link.index()].arrival(self.now, direction, packet.len()) + late;
        self.queue.push(moment, Event::Arrival { link, direction, packet });
    }
}
