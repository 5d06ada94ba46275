//! The ESP layer: security associations by SPI and by link, sequence numbers, replay windows and volume. Keys come
//! ready; who agreed on them is not known here.
//!
//! A *link* is what stays while pairs of SAs come and go: one peer behind one path. The layer above sends to a link,
//! and learns of every payload which link it came over, so two peers behind one translator are never mistaken.

use std::collections::{BTreeMap, VecDeque};

use arrayvec::ArrayVec;

use super::event::{Event, Path, Violation};
use super::replay_window::{ReplayWindow, Verdict};
use super::wire::Header;
use super::{Job, Opened, Sa, open_batch};
use crate::codec::{Codec, Reader};
use crate::cx::Cx;
use crate::packet::Packet;

/// A dummy packet, dropped without a word (ESP-4303-2.6-b).
const NO_NEXT_HEADER: u8 = 59;
/// Packets that are opened side by side.
const GROUP: usize = 64;
/// No transform here has a longer IV, in octets.
const LONGEST_IV: usize = 16;

/// A pair of SAs to be used.
#[derive(Debug)]
pub struct Pair {
    /// The link that it serves. Outbound packets take the pair that was installed last.
    pub link: u32,
    /// Where packets of the link travel from now on.
    pub path: Path,
    /// For packets that come in.
    pub inbound: Sa,
    /// For packets that go out.
    pub outbound: Sa,
    /// The size of the replay window, in packets; none where the peer was told that there is none
    /// (ESP-4303-3.4.3-e). An SA without integrity has none either (ESP-4303-3.4.3-a).
    pub replay_window: Option<u32>,
    /// After how many octets, of both directions together, to say [`Event::VolumeReached`].
    pub volume_octets: Option<u64>,
}

#[derive(Debug)]
struct Inbound {
    sa: Sa,
    window: Option<ReplayWindow>,
    link: u32,
    outbound: Outbound,
    volume: Volume,
    was_used: bool,
}

#[derive(Debug)]
struct Outbound {
    sa: Sa,
    /// The sequence number sent last (ESP-4303-3.3.3-a).
    last: u32,
}

#[derive(Debug)]
struct Volume {
    octets: u64,
    limit: Option<u64>,
}

impl Volume {
    /// Counts octets. Whether the limit was reached by them.
    fn count(&mut self, octets: usize) -> bool {
        let before = self.octets;
        self.octets = before.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        self.limit.is_some_and(|limit| before < limit && limit <= self.octets)
    }
}

#[derive(Debug)]
struct Link {
    path: Path,
    /// The inbound SPIs of its pairs, the one that sends last.
    pairs: Vec<u32>,
}

/// A packet that arrived, from its SPI on.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// Where it came from.
    pub path: Path,
    /// The packet; its payload alone if it was opened.
    pub packet: &'a mut Packet,
    /// What was opened.
    pub received: Option<Received>,
}

/// A payload that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The link that it came over.
    pub link: u32,
    /// The SPI of its SA.
    pub spi: u32,
    /// The protocol of the payload.
    pub next_header: u8,
}

/// Security associations of any number of links.
#[derive(Debug, Default)]
pub struct Esp {
    /// Boxed, as a node of the map has room for eleven.
    inbound: BTreeMap<u32, Box<Inbound>>,
    links: BTreeMap<u32, Link>,
    events: VecDeque<Event>,
}

impl Esp {
    /// Uses a pair of SAs, for outbound packets at once. A pair with the same inbound SPI is replaced.
    pub fn install(&mut self, pair: Pair) {
        let spi = pair.inbound.spi();
        self.remove(spi);
        let has_integrity = pair.inbound.icv_len() > 0;
        let window = pair
            .replay_window
            .filter(|_| has_integrity)
            .map(|size| ReplayWindow::new(size.max(ReplayWindow::LEAST)).unwrap_or_default());
        let link = self.links.entry(pair.link).or_insert(Link { path: pair.path, pairs: Vec::new() });
        link.path = pair.path;
        link.pairs.push(spi);
        let outbound = Outbound { sa: pair.outbound, last: 0 };
        let volume = Volume { octets: 0, limit: pair.volume_octets };
        let inbound =
            Inbound { sa: pair.inbound, window, link: pair.link, outbound, volume, was_used: false };
        self.inbound.insert(spi, Box::new(inbound));
    }

    /// Uses the pair with this inbound SPI no more.
    pub fn remove(&mut self, inbound_spi: u32) {
        let Some(old) = self.inbound.remove(&inbound_spi) else { return };
        if let Some(link) = self.links.get_mut(&old.link) {
            link.pairs.retain(|spi| *spi != inbound_spi);
            if link.pairs.is_empty() {
                self.links.remove(&old.link);
            }
        }
    }

    /// Sends the packets of a link over another path from now on.
    pub fn move_path(&mut self, link: u32, path: Path) {
        if let Some(link) = self.links.get_mut(&link) {
            link.path = path;
        }
    }

    /// Where the packets of a link go, if it has SAs.
    #[must_use]
    pub fn path(&self, link: u32) -> Option<Path> {
        self.links.get(&link).map(|link| link.path)
    }

    /// The links that have SAs, in order.
    pub fn links(&self) -> impl Iterator<Item = u32> {
        self.links.keys().copied()
    }

    /// The inbound and the outbound SPI of each pair of a link, the one that sends last.
    pub fn pairs(&self, link: u32) -> impl Iterator<Item = (u32, u32)> {
        let spis = self.links.get(&link).map(|link| link.pairs.as_slice()).unwrap_or_default();
        spis.iter().filter_map(|spi| Some((*spi, self.inbound.get(spi)?.outbound.sa.spi())))
    }

    /// The octets that went through a pair, in both directions.
    #[must_use]
    pub fn volume(&self, inbound_spi: u32) -> Option<u64> {
        self.inbound.get(&inbound_spi).map(|inbound| inbound.volume.octets)
    }

    /// Opens one packet in place. `None` if it is discarded; an event then says why, unless it is a dummy.
    pub fn open(&mut self, path: Path, packet: &mut Packet) -> Option<Received> {
        let mut arrivals = [Arrival { path, packet, received: None }];
        self.open_batch(&mut arrivals);
        let [arrival] = arrivals;
        arrival.received
    }

    /// Opens packets in place, side by side where that is faster. Nothing is allocated.
    pub fn open_batch(&mut self, arrivals: &mut [Arrival<'_>]) {
        for arrivals in arrivals.chunks_mut(GROUP) {
            self.open_group(arrivals);
        }
    }

    fn open_group(&mut self, arrivals: &mut [Arrival<'_>]) {
        let mut jobs = ArrayVec::<Job<'_>, GROUP>::new();
        let mut headers = ArrayVec::<Option<Header>, GROUP>::new();
        for arrival in arrivals.iter_mut() {
            let header = Header::decode(&mut Reader::new(arrival.packet.octets())).ok();
            match admit(&self.inbound, header) {
                Ok(sa) => {
                    jobs.push(Job::new(sa, arrival.packet.octets_mut()));
                    headers.push(header);
                }
                Err(why) => {
                    self.events.push_back(discarded(arrival.path, header, why));
                    headers.push(None);
                }
            }
        }
        open_batch(&mut jobs);
        let outcomes: ArrayVec<_, GROUP> = jobs.into_iter().map(|job| job.outcome).collect();
        let mut outcomes = outcomes.into_iter();
        for (arrival, header) in arrivals.iter_mut().zip(headers) {
            let Some(header) = header else { continue };
            let Some(outcome) = outcomes.next() else { continue };
            let accepted = match outcome {
                Ok(opened) => self.accept(header, arrival, &opened),
                Err(refused) => Err(Violation::NotOpened(refused)),
            };
            match accepted {
                Ok(received) => arrival.received = received,
                Err(why) => self.events.push_back(discarded(arrival.path, Some(header), why)),
            }
        }
    }

    /// Takes note of a packet that verified. The window moves only now (ESP-4303-3.4.3-d), and judges again: a batch
    /// may hold a packet twice.
    fn accept(
        &mut self,
        header: Header,
        arrival: &mut Arrival<'_>,
        opened: &Opened,
    ) -> Result<Option<Received>, Violation> {
        let spi = header.security_parameters_index;
        let inbound = self.inbound.get_mut(&spi).ok_or(Violation::NoSuchSa)?;
        if let Some(window) = &mut inbound.window {
            match window.accept(header.sequence_number) {
                Verdict::New => {}
                verdict @ (Verdict::Duplicate | Verdict::TooOld | Verdict::Zero) => {
                    return Err(Violation::NotNew(verdict));
                }
            }
        }
        let link = inbound.link;
        if !core::mem::replace(&mut inbound.was_used, true) {
            self.events.push_back(Event::FirstOpened { link, inbound_spi: spi });
        }
        if inbound.volume.count(opened.payload.len()) {
            self.events.push_back(Event::VolumeReached { link, inbound_spi: spi });
        }
        if self.links.get(&link).is_some_and(|link| link.path != arrival.path) {
            self.events.push_back(Event::PeerMoved { link, path: arrival.path });
        }
        if opened.next_header == NO_NEXT_HEADER || arrival.packet.narrow(opened.payload.clone()).is_none() {
            return Ok(None);
        }
        Ok(Some(Received { link, spi, next_header: opened.next_header }))
    }

    /// Seals a payload in place for a link and says where the packet goes. `None` if the link has no SA, or has sent
    /// all that its SA can number.
    pub fn seal(&mut self, cx: &mut Cx<'_>, link: u32, next_header: u8, packet: &mut Packet) -> Option<Path> {
        let at = self.links.get(&link)?;
        let spi = *at.pairs.last()?;
        let path = at.path;
        let pair = self.inbound.get_mut(&spi)?;
        let Some(sequence_number) = pair.outbound.last.checked_add(1) else {
            self.events.push_back(Event::SequenceNumbersUsedUp { link, inbound_spi: spi });
            return None;
        };
        let sa = &pair.outbound.sa;
        let payload_len = packet.len();
        let mut iv = [0; LONGEST_IV];
        let iv = iv.get_mut(..sa.encryption().iv_len())?;
        if sa.encryption().is_counter_mode() {
            // It has to be used once, and may be foreseen (RFC 3686 section 3.1, RFC 4106 section 3.1).
            iv.copy_from_slice(&u64::from(sequence_number).to_be_bytes());
        } else {
            cx.entropy.fill("esp.iv", iv);
        }
        let header = [0; Header::LEN + LONGEST_IV];
        packet.prepend(header.get(..sa.header_len())?);
        packet.resize(sa.sealed_len(payload_len));
        sa.seal_in_place(sequence_number, iv, next_header, payload_len, packet.octets_mut()).ok()?;
        pair.outbound.last = sequence_number;
        if pair.volume.count(payload_len) {
            self.events.push_back(Event::VolumeReached { link, inbound_spi: spi });
        }
        Some(path)
    }

    /// Yields the next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

/// The SA of a packet whose sequence number is new (ESP-4303-3.4.2-a, ESP-4303-3.4.3-c).
fn admit(inbound: &BTreeMap<u32, Box<Inbound>>, header: Option<Header>) -> Result<&Sa, Violation> {
    let header = header.ok_or(Violation::NoHeader)?;
    let inbound = inbound.get(&header.security_parameters_index).ok_or(Violation::NoSuchSa)?;
    match inbound.window.as_ref().map(|window| window.check(header.sequence_number)) {
        None | Some(Verdict::New) => Ok(&inbound.sa),
        Some(verdict) => Err(Violation::NotNew(verdict)),
    }
}

fn discarded(path: Path, header: Option<Header>, why: Violation) -> Event {
    Event::Discarded { path, spi: header.map(|header| header.security_parameters_index), why }
}
