//! The judge of captures: sorts a transcript into connections, shows every entry to triage and to the rules, and
//! sets apart what is known of a daemon.

pub mod expect;
pub mod human;
pub mod json;
pub mod known;
pub(crate) mod lenient;
mod shared;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::capture::file::{CaptureFile, Options as CaptureOptions};
use crate::capture::keys::Keys;
use crate::error::ExpectedError;
use crate::rule::catalogue::{self, Requirement, Strength};
use crate::rule::{self, Entered, Interest, Report, Rule, Seen, Violation};
use crate::transcript::connection::{Connections, Placed, Role};
use crate::transcript::{Entry, Layer, Options, pipeline};
use crate::triage::{Mark, Outcome, Triage};
use known::{Deviation, KnownFile};

/// Violations of one requirement by one end of one connection that are kept; the rest is counted.
const KEPT: usize = 100;

/// What came of one capture.
#[derive(Debug)]
pub struct Checked {
    /// The capture.
    pub path: PathBuf,
    /// Frames read.
    pub frames: u64,
    /// From the first frame to the last, nanoseconds.
    pub duration: i64,
    /// Every connection that could be judged.
    pub connections: Vec<Judged>,
    /// Connections of protocols that are not judged here.
    pub passed_over: u64,
    /// Why the capture could not be read, or not to its end. What came before that is judged.
    pub error: Option<ExpectedError>,
}

/// What came of one connection.
#[derive(Debug)]
pub struct Judged {
    /// Its number in the capture, from 1.
    pub number: usize,
    /// How far it got.
    pub outcome: Outcome,
    /// What broke a requirement, by requirement and role.
    pub findings: Vec<Finding>,
    /// The requirements whose rules had something to look at.
    pub looked_at: Vec<&'static str>,
}

/// Violations of one requirement by one end.
#[derive(Debug)]
pub struct Finding {
    /// The requirement.
    pub requirement: &'static Requirement,
    /// Who broke it, if the link tells.
    pub role: Option<Role>,
    /// The first violations.
    pub violations: Vec<Violation>,
    /// All of them, those that are not kept included.
    pub count: u64,
    /// The documented deviation that it is.
    pub known: Option<Known>,
}

/// Which entry of which file documents a deviation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The daemon.
    pub daemon: String,
    /// Its version.
    pub version: String,
    /// The entry.
    pub deviation: Deviation,
}

impl Checked {
    /// Findings that no file documents.
    pub fn unknown(&self) -> impl Iterator<Item = &Finding> {
        self.connections.iter().flat_map(|judged| &judged.findings).filter(|finding| finding.known.is_none())
    }
}

/// Judges one capture. `on_progress` is told how many octets of it were read, and returns whether to go on.
pub fn capture(
    path: &Path,
    keys: Result<Keys, ExpectedError>,
    options: Options,
    known: &[&KnownFile],
    on_progress: impl FnMut(u64) -> bool,
) -> Checked {
    capture_on(1, path, keys, options, known, on_progress)
}

/// Judges one capture on so many threads beside the one that reads it, each of which judges a share of its connections.
pub fn capture_on(
    threads: usize,
    path: &Path,
    keys: Result<Keys, ExpectedError>,
    options: Options,
    known: &[&KnownFile],
    mut on_progress: impl FnMut(u64) -> bool,
) -> Checked {
    let open = |keys: Result<Keys, ExpectedError>| {
        keys.and_then(|keys| Ok((CaptureFile::open(path, &CaptureOptions::default())?, keys)))
    };
    if threads <= 1 {
        let mut judge = Judge::new();
        let read = open(keys).and_then(|(mut file, keys)| {
            pipeline::run_in_batches(&mut file, &keys, options, |entries, count, octets| {
                entries.iter().take(count).for_each(|entry| judge.see(entry));
                on_progress(octets)
            })
        });
        return judge.end(path, known, read.err());
    }
    shared::capture(threads, path, open(keys), options, known, on_progress)
}

/// Judges all connections of a transcript.
#[derive(Debug)]
pub struct Judge {
    connections: Connections,
    /// The last connection between two addresses, for errors that quote it.
    by_pair: BTreeMap<(IpAddr, IpAddr), usize>,
    judges: Vec<ConnectionJudge>,
    rules: Vec<&'static Entered>,
    /// Which rules look at an entry that offers these layers.
    plans: Vec<(Interest, Vec<usize>)>,
    fresh: Vec<Violation>,
    frames: u64,
    end: Mark,
    share: Share,
}

/// Which connections a judge judges: those whose number leaves a remainder.
#[derive(Debug, Clone, Copy)]
struct Share {
    remainder: usize,
    of: usize,
}

impl Share {
    const ALL: Self = Self { remainder: 0, of: 1 };

    const fn has(self, connection: usize) -> bool {
        connection % self.of == self.remainder
    }
}

/// What a judge has found: the connections that could be judged, by their numbers among all, and how many there are of all.
struct Verdicts {
    judged: Vec<(usize, Outcome, Vec<Finding>, Vec<&'static str>)>,
    passed_over: u64,
    frames: u64,
    duration: i64,
}

/// The first violations of each requirement by each end, and how many there are.
type Found = BTreeMap<(&'static str, Option<Role>), (Vec<Violation>, u64)>;

#[derive(Default)]
struct ConnectionJudge {
    triage: Triage,
    /// A rule is made when it first has something to look at.
    rules: Vec<Option<Box<dyn Rule>>>,
    violations: Found,
}

impl std::fmt::Debug for ConnectionJudge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionJudge").field("triage", &self.triage).finish_non_exhaustive()
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self::new()
    }
}

impl Judge {
    /// A judge by every rule.
    #[must_use]
    pub fn new() -> Self {
        Self::by(rule::all())
    }

    /// A judge that says how far connections get and why, and is shown only part of what travels: rules would accuse an end of
    /// what they were not shown.
    #[must_use]
    pub fn without_rules() -> Self {
        Self::by(std::iter::empty())
    }

    /// A judge by these rules. Those of a MAY judge nothing that could be wrong and are left out.
    fn by(rules: impl Iterator<Item = &'static Entered>) -> Self {
        let binds = |entered: &&'static Entered| {
            catalogue::find(entered.requirement).is_some_and(|found| found.strength != Strength::May)
        };
        Self {
            connections: Connections::default(),
            by_pair: BTreeMap::new(),
            judges: Vec::new(),
            rules: rules.filter(binds).collect(),
            plans: Vec::new(),
            fresh: Vec::new(),
            frames: 0,
            end: Mark { frame: 0, time: 0 },
            share: Share::ALL,
        }
    }

    /// Looks at the next entry.
    pub fn see(&mut self, entry: &Entry) {
        self.frames += 1;
        self.end = Mark { frame: entry.frame, time: entry.time.max(self.end.time) };
        match self.connections.place(entry) {
            Some(placed) => self.see_placed(entry, placed),
            None => self.see_error(entry),
        }
    }

    fn see_placed(&mut self, entry: &Entry, placed: Placed) {
        let at = placed.connection;
        let connection = &self.connections.list()[at];
        if self.judges.len() <= at {
            self.judges.resize_with(at + 1, ConnectionJudge::default);
            if let Some((client, supernode)) = connection.client.zip(connection.supernode) {
                self.by_pair.insert((client.min(supernode), client.max(supernode)), at);
            }
        }
        if !self.share.has(at) {
            return;
        }
        let layers = &entry.layers[placed.from_layer..];
        let seen = Seen { entry, layers, sender: placed.sender, connection };
        let judge = &mut self.judges[at];
        judge.triage.see(&seen);
        let interest = Interest::of(&seen);
        let plan = match self.plans.iter().position(|(of, _)| *of == interest) {
            Some(plan) => plan,
            None => {
                let meets = |(_, entered): &(usize, &&Entered)| entered.interest.meets(interest);
                let rules = self.rules.iter().enumerate().filter(meets).map(|(i, _)| i).collect();
                self.plans.push((interest, rules));
                self.plans.len() - 1
            }
        };
        let rules = &self.plans[plan].1;
        if rules.is_empty() {
            return;
        }
        judge.rules.resize_with(self.rules.len(), || None);
        for i in rules {
            let entered = self.rules[*i];
            let rule = judge.rules[*i].get_or_insert_with(entered.make);
            let requirement = entered.requirement;
            rule.see(&seen, &mut Report { requirement, connection: at, violations: &mut self.fresh });
            judge.keep(&mut self.fresh);
        }
    }

    /// An ICMP error about a datagram of a connection is no part of it, and tells much of it.
    fn see_error(&mut self, entry: &Entry) {
        let is_error = |layer: &Layer| matches!(layer, Layer::Icmp(icmp) if icmp.quotes());
        let Some(at) = entry.layers.iter().position(is_error) else { return };
        let quoted = match entry.layers.get(at + 1) {
            Some(Layer::Ip(ip)) => (IpAddr::from(ip.source), IpAddr::from(ip.destination)),
            _ => return,
        };
        let pair = (quoted.0.min(quoted.1), quoted.0.max(quoted.1));
        if let Some(connection) = self.by_pair.get(&pair).filter(|connection| self.share.has(**connection)) {
            self.judges[*connection].triage.unreachable(entry, &entry.layers[at..]);
        }
    }

    /// Looks back when the transcript has ended.
    #[must_use]
    pub fn end(self, path: &Path, known: &[&KnownFile], error: Option<ExpectedError>) -> Checked {
        Verdicts::checked(vec![self.finish(known)], path, error)
    }

    fn finish(mut self, known: &[&KnownFile]) -> Verdicts {
        let mut judged = Vec::new();
        let mut passed_over = 0;
        for (at, mut judge) in self.judges.into_iter().enumerate().filter(|(at, _)| self.share.has(*at)) {
            let mut looked_at = Vec::new();
            for (entered, rule) in self.rules.iter().zip(&mut judge.rules) {
                if let Some(rule) = rule {
                    let requirement = entered.requirement;
                    looked_at.push(requirement);
                    rule.end(&mut Report { requirement, connection: at, violations: &mut self.fresh });
                }
            }
            judge.keep(&mut self.fresh);
            let findings = findings(judge.violations, known);
            match judge.triage.end(&self.connections.list()[at], self.end) {
                Some(outcome) => judged.push((at, outcome, findings, looked_at)),
                None => passed_over += 1,
            }
        }
        Verdicts { judged, passed_over, frames: self.frames, duration: self.end.time }
    }
}

impl Verdicts {
    /// Puts shares together.
    fn checked(shares: Vec<Self>, path: &Path, error: Option<ExpectedError>) -> Checked {
        let frames = shares.first().map_or(0, |share| share.frames);
        let duration = shares.first().map_or(0, |share| share.duration);
        let passed_over = shares.iter().map(|share| share.passed_over).sum();
        let mut judged: Vec<_> = shares.into_iter().flat_map(|share| share.judged).collect();
        judged.sort_by_key(|(at, ..)| *at);
        let connections = judged
            .into_iter()
            .enumerate()
            .map(|(at, (_, outcome, findings, looked_at))| Judged {
                number: at + 1,
                outcome,
                findings,
                looked_at,
            })
            .collect();
        Checked { path: path.to_owned(), frames, duration, connections, passed_over, error }
    }
}

impl ConnectionJudge {
    fn keep(&mut self, fresh: &mut Vec<Violation>) {
        for violation in fresh.drain(..) {
            let (kept, count) = self.violations.entry((violation.requirement, violation.role)).or_default();
            *count += 1;
            if kept.len() < KEPT {
                kept.push(violation);
            }
        }
    }
}

/// Sets apart what a file documents. Of one requirement, some violations may be known and others new.
fn findings(violations: Found, known: &[&KnownFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((id, role), (violations, count)) in violations {
        let Some(requirement) = catalogue::find(id) else { continue };
        let uncounted = count - violations.len() as u64;
        let mut sorted: Vec<(Option<Known>, Vec<Violation>)> = Vec::new();
        for violation in violations {
            let entry = known.iter().find_map(|file| file.find(&violation));
            match sorted.iter_mut().find(|(known, _)| *known == entry) {
                Some((_, same)) => same.push(violation),
                None => sorted.push((entry, vec![violation])),
            }
        }
        // What was not kept is like most of what was.
        let most = sorted.iter().enumerate().max_by_key(|(_, (_, same))| same.len()).map(|(i, _)| i);
        for (i, (known, violations)) in sorted.into_iter().enumerate() {
            let count = violations.len() as u64 + if Some(i) == most { uncounted } else { 0 };
            findings.push(Finding { requirement, role, violations, count, known });
        }
    }
    findings
}

#[cfg(test)]
mod tests;
