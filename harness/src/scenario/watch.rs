//! Whoever stands at the wire before the supernode: dissects every datagram as it enters, names it, lets exact rules
//! decide about it, shows it to the judges, and records it.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use l2tpspec_protocol::cx::{KeyLog, Secret};
use l2tpspec_protocol::time::Instant;

use super::message::{Message, Namer};
use super::model::{Act, Rule};
use super::record::Recording;
use crate::check::Judge;
use crate::transcript::Entry;
use crate::transcript::connection::Role;
use crate::transcript::live::Live;
use crate::world::LinkId;
use crate::world::link::Direction;
use crate::world::record::{Observed, Place, Tap};
use crate::world::rule::{Rule as WorldRule, Verdict};

/// What the wire has carried so far.
#[derive(Debug)]
pub struct Watch {
    live: Live,
    namer: Namer,
    judge: Option<Judge>,
    /// Every message, in order.
    pub messages: Vec<Message>,
    /// The exact rules in force.
    rules: Vec<Armed>,
    /// Whether a rule wants the translator to forget.
    pub rebinds: bool,
    supernode: Ipv4Addr,
    wire: LinkId,
    /// The datagram that a rule has just decided about, and its message.
    decided: Option<(Vec<u8>, Message)>,
    entry: Entry,
    seen: Vec<(String, Role, u64)>,
    /// What is recorded of it.
    pub recording: Option<Recording>,
}

/// A rule and how many messages it has met.
#[derive(Debug)]
struct Armed {
    rule: Rule,
    met: u64,
}

/// A share in the watch.
pub type Shared = Rc<RefCell<Watch>>;

impl Watch {
    /// A watch over a wire that has carried nothing yet.
    #[must_use]
    pub fn new(wire: LinkId, supernode: Ipv4Addr, recording: Option<Recording>) -> Shared {
        Rc::new(RefCell::new(Self {
            live: Live::new(),
            namer: Namer::default(),
            judge: Some(Judge::new()),
            messages: Vec::new(),
            rules: Vec::new(),
            rebinds: false,
            supernode,
            wire,
            decided: None,
            entry: Entry::default(),
            seen: Vec::new(),
            recording,
        }))
    }

    /// Puts other rules in place of those before.
    pub fn set_rules(&mut self, rules: Vec<Rule>) {
        self.rules = rules.into_iter().map(|rule| Armed { rule, met: 0 }).collect();
    }

    /// The rules for certain messages that have not met one of them.
    #[must_use]
    pub fn idle_rules(&self) -> Vec<String> {
        let is_idle = |armed: &&Armed| {
            let due = armed.rule.nth.iter().max().copied().unwrap_or(1);
            armed.met < due
        };
        self.rules.iter().filter(is_idle).map(|armed| armed.rule.selector.to_string()).collect()
    }

    /// The judge, when all is over.
    pub fn take_judge(&mut self) -> Option<Judge> {
        self.judge.take()
    }

    /// The recording, when all is over.
    pub fn take_recording(&mut self) -> Option<Recording> {
        self.recording.take()
    }

    /// Dissects a datagram, shows it to the judges and records it.
    fn see(&mut self, at: Instant, octets: &[u8]) -> Message {
        let opened = self.live.see(at.as_micros(), octets, &mut self.entry);
        if let Some(recording) = &mut self.recording {
            recording.packet(at, octets, opened);
        }
        if let Some(judge) = &mut self.judge {
            judge.see(&self.entry);
        }
        let is_supernode = self.entry.source == Some(IpAddr::V4(self.supernode));
        let from = if is_supernode { Role::Supernode } else { Role::Client };
        let name = self.namer.name(&self.entry, from);
        let digest = digest(&self.entry, octets);
        let key = (name.clone(), from, digest);
        let is_repeated = self.seen.contains(&key);
        if !is_repeated && !name.starts_with("icmp") && !name.starts_with("tcp") {
            self.seen.push(key);
        }
        let layers = std::mem::take(&mut self.entry.layers);
        Message { frame: self.entry.frame, at, from, name, is_lost: false, is_repeated, layers }
    }

    fn decide(&mut self, at: Instant, octets: &[u8]) -> Verdict {
        let message = self.see(at, octets);
        let mut verdict = Verdict::Pass;
        for armed in &mut self.rules {
            let Armed { rule, met } = armed;
            let is_meant =
                rule.selector.matches(&message.name) && rule.from.is_none_or(|from| from == message.from);
            let releases = rule.act == Act::Swap && *met > 0 && !is_meant && rule.nth.contains(met);
            if releases {
                // What was held is behind this one, whatever this one is.
                *met += 1_000_000;
                verdict = Verdict::Release;
                continue;
            }
            if !is_meant {
                continue;
            }
            *met += 1;
            if !rule.nth.is_empty() && !rule.nth.contains(met) {
                continue;
            }
            verdict = match rule.act {
                Act::Drop => Verdict::Drop,
                Act::Duplicate => Verdict::Duplicate,
                Act::Hold(time) => Verdict::Delay(time),
                Act::Swap => Verdict::Hold,
                Act::Corrupt => {
                    let mut octets = octets.to_vec();
                    if let Some(last) = octets.last_mut() {
                        *last ^= 0xff;
                    }
                    Verdict::Replace(octets)
                }
                Act::Rebind => {
                    self.rebinds = true;
                    Verdict::Pass
                }
            };
        }
        self.decided = Some((octets.to_vec(), message));
        verdict
    }

    fn observe(&mut self, observed: &Observed<'_>) {
        let Place::Link { link, .. } = observed.place else { return };
        if link != self.wire {
            return;
        }
        let mut message = match self.decided.take() {
            Some((_, message)) => message,
            None => self.see(observed.now, observed.octets),
        };
        message.is_lost = observed.is_lost;
        self.messages.push(message);
    }
}

/// What tells a message from a repetition of it, under encryption too: for what is protected by ESP, the sequence
/// numbers of L2TP and the identifiers of PPP.
fn digest(entry: &Entry, octets: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    use l2tpspec_protocol::show::Show as _;

    let mut hasher = DefaultHasher::new();
    let is_inner = entry.layers.iter().any(|layer| layer.name() == "esp");
    match entry.layers.last() {
        Some(last) if is_inner => {
            let mut out = Vec::new();
            let mut json = crate::report::json::Json::new(&mut out, true);
            json.begin_object();
            last.show(&mut json);
            json.end_object();
            // A retransmission may acknowledge more than the first (RFC 2661 section 5.8).
            let text = String::from_utf8_lossy(&out);
            let text = text.split("\"nr\":").next().unwrap_or_default().len();
            let (head, tail) = out.split_at(text);
            head.hash(&mut hasher);
            tail.iter().skip_while(|octet| **octet != b',').for_each(|octet| octet.hash(&mut hasher));
        }
        // Behind IPv4 and UDP, whose identification and checksum change.
        _ => octets.get(28..).unwrap_or(octets).hash(&mut hasher),
    }
    hasher.finish()
}

/// The watch as a rule of the wire.
#[derive(Debug)]
pub struct Gatekeeper(pub Shared);

impl WorldRule for Gatekeeper {
    fn on_packet(&mut self, now: Instant, _direction: Direction, octets: &[u8]) -> Verdict {
        self.0.borrow_mut().decide(now, octets)
    }
}

/// The watch as a tap of the world.
#[derive(Debug)]
pub struct Witness(pub Shared);

impl Tap for Witness {
    fn on_packet(&mut self, observed: &Observed<'_>) {
        self.0.borrow_mut().observe(observed);
    }
}

/// The log of secrets that lets the watch read along.
#[derive(Debug, Clone)]
pub struct Reader(pub Rc<RefCell<Option<Shared>>>);

impl KeyLog for Reader {
    fn log(&mut self, secret: Secret<'_>) {
        if let Some(watch) = &*self.0.borrow() {
            let mut watch = watch.borrow_mut();
            watch.live.learn(&secret);
            if let Some(recording) = &mut watch.recording {
                recording.secret(&secret);
            }
        }
    }
}
