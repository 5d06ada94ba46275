//! A link between two hosts: what it does to packets by rule, by rate and by nature.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use l2tpspec_protocol::cx::Entropy;
use l2tpspec_protocol::time::Instant;

use super::rule::{Rule, RuleId, Verdict};
use super::{HostId, InterfaceId};

/// Which way a packet goes through a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the end named first to the one named second.
    Forth,
    /// The other way.
    Back,
}

impl Direction {
    /// The end that a packet comes out of: 0 is the one named first.
    pub(crate) const fn to(self) -> usize {
        match self {
            Self::Forth => 1,
            Self::Back => 0,
        }
    }

    /// The direction of what is sent at an end.
    pub(crate) const fn from_end(end: usize) -> Self {
        if end == 0 { Self::Forth } else { Self::Back }
    }
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Chance(u32);

impl Chance {
    /// It never happens.
    pub const NEVER: Self = Self(0);
    const WHOLE: u32 = 1_000_000;

    /// It happens so many times in a million; more than a million is always.
    #[must_use]
    pub const fn per_million(times: u32) -> Self {
        Self(if times > Self::WHOLE { Self::WHOLE } else { times })
    }

    /// It happens so many times in a hundred.
    #[must_use]
    pub const fn percent(times: u32) -> Self {
        Self::per_million(times.saturating_mul(10_000))
    }

    /// Whether it happens this time. What never happens costs no draw.
    fn happens(self, entropy: &mut dyn Entropy, label: &'static str) -> bool {
        self != Self::NEVER && draw_below(entropy, label, Self::WHOLE) < self.0
    }
}

/// A number below `bound`, uniform but for a bias of less than one in four thousand.
fn draw_below(entropy: &mut dyn Entropy, label: &'static str, bound: u32) -> u32 {
    let mut octets = [0; 4];
    entropy.fill(label, &mut octets);
    let product = u64::from(u32::from_be_bytes(octets)) * u64::from(bound);
    // The high half of a product with a factor below `bound` is below `bound`.
    u32::try_from(product >> 32).unwrap_or_default()
}

/// What a link does to every packet, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// How long a packet is on its way.
    pub delay: Duration,
    /// How many bits enter the link in a second. Packets wait for their turn.
    pub bits_per_second: Option<u64>,
    /// How often a packet is lost.
    pub loss: Chance,
    /// How often a packet comes twice.
    pub duplication: Chance,
    /// How often a packet is late by `reordering_delay`, so that later ones overtake it.
    pub reordering: Chance,
    /// How late such a packet is.
    pub reordering_delay: Duration,
    /// How often one bit of a packet is flipped.
    pub corruption: Chance,
    /// The longest datagram, in octets.
    pub mtu: u16,
    /// Whether anything comes through.
    pub is_up: bool,
}

impl Default for Conditions {
    /// A perfect link with the MTU of Ethernet and a delay of one millisecond.
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(1),
            bits_per_second: None,
            loss: Chance::NEVER,
            duplication: Chance::NEVER,
            reordering: Chance::NEVER,
            reordering_delay: Duration::from_millis(10),
            corruption: Chance::NEVER,
            mtu: 1500,
            is_up: true,
        }
    }
}

/// What has happened on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkCounters {
    /// Packets that entered.
    pub entered: u64,
    /// Packets that were lost, by whatever cause.
    pub lost: u64,
    /// Packets that came twice by chance.
    pub duplicated: u64,
    /// Packets that were late by chance.
    pub reordered: u64,
    /// Packets of which a bit was flipped.
    pub corrupted: u64,
}

/// The copies of a packet that nothing happens to.
const ONE: [Option<Duration>; 2] = [Some(Duration::ZERO), None];
/// The copies of a packet that does not come out.
const LOST: [Option<Duration>; 2] = [None; 2];

/// What becomes of one packet, decided.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// The copies that come out, and how much later than a perfect link would let each.
    pub(crate) copies: [Option<Duration>; 2],
    /// Octets delivered in its place.
    pub(crate) instead: Option<Vec<u8>>,
    /// Octets delivered behind it.
    pub(crate) behind: Vec<(Direction, Vec<u8>)>,
    /// The bit that is flipped, counted from the first.
    pub(crate) flipped_bit: Option<usize>,
    /// Whether it is held rather than lost.
    pub(crate) is_held: bool,
}

/// A rule of a link, and how many packets it has decided about.
struct Entry {
    id: RuleId,
    hits: u64,
    rule: Box<dyn Rule>,
}

/// A link between two hosts.
#[derive(Default)]
pub struct Link {
    /// What it does to every packet.
    pub conditions: Conditions,
    /// What has happened.
    pub counters: LinkCounters,
    pub(crate) ends: [(HostId, InterfaceId); 2],
    rules: Vec<Entry>,
    held: BTreeMap<RuleId, Vec<(Direction, Vec<u8>)>>,
    next_rule: u32,
    /// When the last bit that waits to enter, in each direction, has entered.
    busy_until: [Instant; 2],
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("ends", &self.ends)
            .field("conditions", &self.conditions)
            .field("counters", &self.counters)
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(ends: [(HostId, InterfaceId); 2], conditions: Conditions) -> Self {
        Self { ends, conditions, ..Self::default() }
    }

    /// The host at each end.
    #[must_use]
    pub const fn hosts(&self) -> [HostId; 2] {
        [self.ends[0].0, self.ends[1].0]
    }

    /// Adds a rule behind the others.
    pub(crate) fn add_rule(&mut self, rule: Box<dyn Rule>) -> RuleId {
        let id = RuleId(self.next_rule);
        self.next_rule += 1;
        self.rules.push(Entry { id, hits: 0, rule });
        id
    }

    /// How many packets a rule has decided about.
    pub(crate) fn rule_hits(&self, id: RuleId) -> Option<u64> {
        self.rules.iter().find(|entry| entry.id == id).map(|entry| entry.hits)
    }

    /// Removes a rule and gives what it held. `None` if there is no such rule.
    pub(crate) fn remove_rule(&mut self, id: RuleId) -> Option<Vec<(Direction, Vec<u8>)>> {
        let at = self.rules.iter().position(|entry| entry.id == id)?;
        self.rules.remove(at);
        Some(self.held.remove(&id).unwrap_or_default())
    }

    /// Decides about a packet.
    pub(crate) fn decide(
        &mut self,
        now: Instant,
        direction: Direction,
        octets: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Fate {
        self.counters.entered += 1;
        let mut fate = Fate { copies: ONE, ..Fate::default() };
        if !self.conditions.is_up {
            fate.copies = LOST;
        } else if let Some((id, verdict)) = self.verdict(now, direction, octets) {
            self.obey(&mut fate, id, verdict, direction, octets);
        } else {
            self.roll(&mut fate, octets.len(), entropy);
        }
        if fate.copies == LOST && !fate.is_held {
            self.counters.lost += 1;
        }
        fate
    }

    fn verdict(&mut self, now: Instant, direction: Direction, octets: &[u8]) -> Option<(RuleId, Verdict)> {
        self.rules.iter_mut().find_map(|entry| {
            let verdict = entry.rule.on_packet(now, direction, octets);
            if verdict == Verdict::Pass {
                return None;
            }
            entry.hits += 1;
            Some((entry.id, verdict))
        })
    }

    fn obey(&mut self, fate: &mut Fate, id: RuleId, verdict: Verdict, direction: Direction, octets: &[u8]) {
        match verdict {
            Verdict::Pass | Verdict::Deliver => {}
            Verdict::Drop => fate.copies = LOST,
            Verdict::Delay(wait) => fate.copies = [Some(wait), None],
            Verdict::Duplicate => fate.copies[1] = Some(Duration::ZERO),
            Verdict::Replace(other) => fate.instead = Some(other),
            Verdict::Also(other) => fate.behind.push((direction, other)),
            Verdict::Hold => {
                fate.copies = LOST;
                fate.is_held = true;
                self.held.entry(id).or_default().push((direction, octets.to_vec()));
            }
            Verdict::Release => fate.behind = self.held.remove(&id).unwrap_or_default(),
        }
    }

    /// Lets chance decide. Each kind of accident draws under a label of its own.
    fn roll(&mut self, fate: &mut Fate, length: usize, entropy: &mut dyn Entropy) {
        let conditions = self.conditions;
        if conditions.loss.happens(entropy, "link.loss") {
            fate.copies = LOST;
            return;
        }
        if conditions.corruption.happens(entropy, "link.corruption") {
            self.counters.corrupted += 1;
            let bits = u32::try_from(length * 8).unwrap_or(u32::MAX);
            fate.flipped_bit = usize::try_from(draw_below(entropy, "link.corrupted_bit", bits)).ok();
        }
        if conditions.reordering.happens(entropy, "link.reordering") {
            self.counters.reordered += 1;
            fate.copies[0] = Some(conditions.reordering_delay);
        }
        if conditions.duplication.happens(entropy, "link.duplication") {
            self.counters.duplicated += 1;
            fate.copies[1] = Some(Duration::ZERO);
        }
    }

    /// When a packet that enters now comes out, if nothing makes it late.
    pub(crate) fn arrival(&mut self, now: Instant, direction: Direction, octets: usize) -> Instant {
        let Some(rate) = self.conditions.bits_per_second else { return now + self.conditions.delay };
        let bits = u64::try_from(octets).unwrap_or(u64::MAX).saturating_mul(8);
        let micros = bits.saturating_mul(1_000_000).div_ceil(rate.max(1));
        let busy_until = &mut self.busy_until[direction.to()];
        *busy_until = now.max(*busy_until) + Duration::from_micros(micros);
        *busy_until + self.conditions.delay
    }
}
