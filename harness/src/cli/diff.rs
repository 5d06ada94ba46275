//! `l2tpspec diff`: what has changed in behaviour between two recordings.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::check::{write_out, write_page, write_text};
use super::journal::{self, Journal};
use super::progress::Progress;
use super::run::SCENARIOS;
use super::{args, keys};
use crate::check::human::{Page, WARNING};
use crate::diff::baseline::Baseline;
use crate::diff::compare::Difference;
use crate::diff::json::{self, Line, Summary};
use crate::diff::{self, Compared, Side, effect, human};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::profile::Profile;
use crate::scenario::hosted::Hosted;
use crate::transcript::connection::Role;

pub(super) fn run(args: &args::Diff) -> Result<u8, ExpectedError> {
    let pairs = pairs(&args.old, &args.new)?;
    let baseline = args.baseline.as_deref().map(Baseline::load).transpose()?.unwrap_or_default();
    let profiles = profiles(args.scenarios.as_deref())?;
    let mut journal = open(args, "diff", None)?;
    let done: Vec<_> = pairs
        .both
        .iter()
        .map(|(_, old, new)| journal.as_mut().and_then(|journal| journal.take(&[old, new])))
        .collect();
    let waiting = pairs.both.iter().zip(&done).filter(|(_, done)| done.is_none());
    let all = waiting.flat_map(|((_, old, new), _)| [old, new]);
    let total = all.filter_map(|path| std::fs::metadata(path).ok()).map(|data| data.len()).sum();
    let label = format!("{} and {}", args.old.display(), args.new.display());
    let progress = Mutex::new(Progress::new(label, total));
    let is_many = pairs.both.len() > 1 || !pairs.alone.is_empty();
    let mut report = Report {
        args,
        profiles,
        baseline,
        journal,
        is_many,
        only: None,
        summary: Summary::default(),
        all: Vec::new(),
    };
    let read = AtomicU64::new(0);
    for ((name, old, new), done) in pairs.both.iter().zip(done) {
        if let Some(done) = done {
            report.write(&done.out, &done.err, &done.result)?;
            continue;
        }
        let captures = [&**old, &**new];
        let (old, new) = read_both(args, captures, &read, &progress);
        let said = report.said(name, [&old, &new], None);
        report.keep(&captures, said)?;
    }
    drop(progress);
    report.finish(&pairs.alone)
}

/// The file that keeps what came of each recording, if the user wants one.
pub(super) fn open(
    args: &args::Diff,
    verb: &str,
    against: Option<&args::Against>,
) -> Result<Option<Journal<Outcome>>, ExpectedError> {
    let asks = (&args.keys, &args.baseline, &args.scenarios, args.json);
    let subject = against.map(|it| (&it.subject, &it.profile, &it.keys, &it.base));
    let lab = against.and_then(|it| it.subject.strip_prefix("lab:")).map(PathBuf::from);
    let scenarios = args.scenarios.clone().unwrap_or_else(|| PathBuf::from(SCENARIOS));
    let keys = args.keys.keys.iter().chain(against.iter().flat_map(|it| &it.keys.keys));
    let files = keys.chain(&args.baseline).chain(&lab).chain([&scenarios]);
    let asks = journal::question(verb, (asks, subject), files, args.resume.as_deref());
    args.resume.as_ref().map(|file| Journal::open(file, &asks)).transpose()
}

/// What counts of one comparison for the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Outcome {
    connections: [usize; 2],
    /// Differences that nobody has accepted.
    pub(super) differences: usize,
    accepted: usize,
    consequences: usize,
    unreadable: usize,
    all: Vec<Difference>,
}

/// What is written about one comparison, on standard output and on standard error, and what counts of it.
pub(super) type Said = (String, String, Outcome);

/// Recordings that belong together, by the name that both folders have for them.
struct Pairs {
    both: Vec<(String, PathBuf, PathBuf)>,
    alone: Vec<String>,
}

fn pairs(old: &Path, new: &Path) -> Result<Pairs, ExpectedError> {
    let (olds, news) = (keys::captures(old)?, keys::captures(new)?);
    if let ([one], [other]) = (olds.as_slice(), news.as_slice()) {
        return Ok(Pairs { both: vec![(String::new(), one.clone(), other.clone())], alone: Vec::new() });
    }
    if !old.is_dir() || !new.is_dir() {
        let (folder, file) = if old.is_dir() { (old, new) } else { (new, old) };
        return Err(ExpectedError::Usage(format!(
            "{} holds several recordings, and {} is one\nhint: name one of the folder, or two folders",
            folder.display(),
            file.display()
        )));
    }
    let named = |folder: &Path, all: Vec<PathBuf>| -> BTreeMap<String, PathBuf> {
        let name = |path: &PathBuf| {
            let parent = path.parent().unwrap_or(path);
            parent.strip_prefix(folder).unwrap_or(parent).display().to_string()
        };
        all.into_iter().map(|path| (name(&path), path)).collect()
    };
    let (olds, mut news) = (named(old, olds), named(new, news));
    let mut pairs = Pairs { both: Vec::new(), alone: Vec::new() };
    for (name, path) in olds {
        match news.remove(&name) {
            Some(other) => pairs.both.push((name, path, other)),
            None => pairs.alone.push(format!("{name}: only in {}", old.display())),
        }
    }
    pairs.alone.extend(news.into_keys().map(|name| format!("{name}: only in {}", new.display())));
    Ok(pairs)
}

/// The profiles, if they are at hand. Whoever names a folder means it.
fn profiles(named: Option<&Path>) -> Result<Vec<Profile>, ExpectedError> {
    let root = named.unwrap_or_else(|| Path::new(SCENARIOS));
    if named.is_none() && !root.join("clients").is_dir() {
        return Ok(Vec::new());
    }
    Profile::load_all(root)
}

/// Reads both recordings side by side.
fn read_both(
    args: &args::Diff,
    paths: [&Path; 2],
    read: &AtomicU64,
    progress: &Mutex<Progress>,
) -> (Side, Side) {
    let one = |path: &Path| {
        let keys = keys::load(&args.keys, path);
        let mut before = 0;
        diff::read(path, keys, keys::options(&args.keys), |position| {
            let done = read.fetch_add(position - before, Ordering::Relaxed) + position - before;
            before = position;
            if let Ok(mut progress) = progress.lock() {
                progress.at(done);
            }
        })
    };
    let [old, new] = paths;
    std::thread::scope(|scope| {
        let first = scope.spawn(|| one(old));
        let second = one(new);
        match first.join() {
            Ok(first) => (first, second),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Writes what comes of each pair of recordings.
pub(super) struct Report<'a> {
    args: &'a args::Diff,
    profiles: Vec<Profile>,
    baseline: Baseline,
    journal: Option<Journal<Outcome>>,
    is_many: bool,
    /// Whose behaviour is compared; that of both ends unless told.
    only: Option<Role>,
    summary: Summary,
    /// Every difference, accepted or to be.
    all: Vec<Difference>,
}

impl<'a> Report<'a> {
    /// A report of how one end behaves against recordings.
    pub(super) fn of_one_end(
        args: &'a args::Diff,
        only: Role,
        is_many: bool,
        journal: Option<Journal<Outcome>>,
    ) -> Result<Self, ExpectedError> {
        Ok(Self {
            args,
            profiles: profiles(args.scenarios.as_deref())?,
            baseline: args.baseline.as_deref().map(Baseline::load).transpose()?.unwrap_or_default(),
            journal,
            is_many,
            only: Some(only),
            summary: Summary::default(),
            all: Vec::new(),
        })
    }

    /// Compares two recordings. What is written of it, below a heading if there is one, and what counts.
    pub(super) fn said(&self, name: &str, [old, new]: [&Side; 2], note: Option<&str>) -> Said {
        let mut compared = diff::compare(old, new);
        if let Some(only) = self.only {
            leave_out_the_other(&mut compared, only);
        }
        let told = self.told(&compared, new);
        let accepted = told.iter().filter(|told| told.allowance.is_some()).count();
        let (mut out, mut err) = (String::new(), String::new());
        if let Some(note) = note {
            let of = if self.is_many { format!("{name}: ") } else { String::new() };
            err = format!("note: {of}{note}\n");
        }
        if self.args.json {
            let mut octets = Vec::new();
            write_json(self.is_many.then_some(name), &compared, &told, &mut octets);
            out = String::from_utf8_lossy(&octets).into_owned();
        } else {
            if self.only.is_some() && self.is_many {
                out = format!("{name}\n");
            }
            if !self.is_many || !told.is_empty() || !compared.unseen.is_empty() {
                let mut page = Page::default();
                human::write(old, new, &compared, &told, &mut page);
                out.push_str(page.text());
            }
        }
        let mut unreadable = 0;
        for side in [old, new] {
            if let Some(error) = &side.error {
                unreadable += 1;
                let _ = writeln!(err, "error: {error}");
            } else if side.connections.is_empty() {
                let _ = writeln!(err, "error: {}: no connection of L2TP or IKEv1", side.path.display());
            }
        }
        let differences = told.len() - accepted;
        let consequences = compared.consequences.len();
        let connections = compared.connections;
        let all = compared.differences;
        (out, err, Outcome { connections, differences, accepted, consequences, unreadable, all })
    }

    /// Writes what came of a comparison and counts it.
    pub(super) fn write(&mut self, out: &str, err: &str, outcome: &Outcome) -> Result<(), ExpectedError> {
        if self.args.json {
            write_out(out.as_bytes())?;
        } else {
            write_text(out)?;
        }
        eprint!("{err}");
        self.summary.recordings += 1;
        for (sum, count) in self.summary.connections.iter_mut().zip(outcome.connections) {
            *sum += count;
        }
        self.summary.differences += outcome.differences;
        self.summary.allowed += outcome.accepted;
        self.summary.consequences += outcome.consequences;
        self.summary.unreadable += outcome.unreadable;
        self.all.extend(outcome.all.iter().cloned());
        Ok(())
    }

    /// Does the same and keeps it for a run that takes up from here. How many differences nobody has accepted.
    pub(super) fn keep(&mut self, captures: &[&Path], said: Said) -> Result<usize, ExpectedError> {
        let (out, err, outcome) = said;
        self.write(&out, &err, &outcome)?;
        let differences = outcome.differences;
        if let Some(journal) = &mut self.journal {
            journal.keep(captures, out, err, outcome)?;
        }
        Ok(differences)
    }

    /// Writes what came of a recording before this run, if that is known. How many differences nobody has accepted.
    pub(super) fn write_before(&mut self, captures: &[&Path]) -> Result<Option<usize>, ExpectedError> {
        let Some(done) = self.journal.as_mut().and_then(|journal| journal.take(captures)) else {
            return Ok(None);
        };
        self.write(&done.out, &done.err, &done.result)?;
        Ok(Some(done.result.differences))
    }

    fn told<'c>(&'c self, compared: &'c Compared, new: &Side) -> Vec<human::Told<'c>> {
        let told = |(at, difference): (usize, &'c Difference)| human::Told {
            difference,
            effects: effect::of(difference, new, &self.profiles),
            consequences: compared
                .consequences
                .iter()
                .filter(|(_, of)| *of == at)
                .map(|(it, _)| it)
                .collect(),
            allowance: self.baseline.find(difference),
        };
        compared.differences.iter().enumerate().map(told).collect()
    }

    /// Counts a recording that could not be read.
    pub(super) const fn count_unreadable(&mut self) {
        self.summary.unreadable += 1;
    }

    /// Says who of the lab the new side is.
    pub(super) fn is_about(&mut self, hosted: Option<Hosted>) {
        self.summary.hosted = hosted;
    }

    /// Writes the sum of it. The exit status.
    pub(super) fn finish(mut self, alone: &[String]) -> Result<u8, ExpectedError> {
        let is_stale = |allowance: &&_| !self.all.iter().any(|it| self.baseline.find(it) == Some(*allowance));
        let stale: Vec<_> = self.baseline.allowances.iter().filter(is_stale).collect();
        self.summary.stale = stale.len();
        let mut out = Vec::new();
        let mut page = Page::default();
        for what in alone {
            json::unseen(None, what, &mut out);
            page.line(0, "not compared ", WARNING, what);
        }
        for allowance in stale {
            json::stale(allowance, &mut out);
            human::write_stale(allowance, &mut page);
        }
        self.summary.write(&mut out);
        human::write_summary(&self.summary, &mut page);
        if self.args.json {
            write_out(&out)?;
        } else {
            write_page(&page)?;
        }
        self.accept()?;
        let Summary { connections, differences, stale, unreadable, .. } = self.summary;
        Ok(if unreadable > 0 {
            exit_code::BAD_INPUT
        } else if differences + stale > 0 {
            exit_code::FOUND
        } else if connections.contains(&0) {
            exit_code::NOTHING_JUDGED
        } else {
            exit_code::AS_EXPECTED
        })
    }

    /// Writes what the user accepts into the baseline.
    fn accept(&mut self) -> Result<(), ExpectedError> {
        let Some(why) = &self.args.why else { return Ok(()) };
        for field in &self.args.accept {
            let is_meant = |difference: &&Difference| difference.name() == *field;
            if !self.all.iter().any(|difference| is_meant(&difference)) {
                return Err(ExpectedError::Usage(format!(
                    "nothing differs in `{field}`\nhint: a field is written as layer/field, as `isakmp/main.2.chosen`"
                )));
            }
            self.baseline.accept(self.all.iter().filter(is_meant), why);
        }
        self.baseline.save()
    }
}

/// The other end is re-enacted: where that is not exact, it is said, and is no behaviour of the end that is looked at.
fn leave_out_the_other(compared: &mut Compared, only: Role) {
    let mut kept = Vec::new();
    let mut places = Vec::new();
    for difference in std::mem::take(&mut compared.differences) {
        if difference.role == only {
            places.push(Some(kept.len()));
            kept.push(difference);
        } else {
            places.push(None);
            let (name, role) = (difference.name(), difference.role.word());
            compared.unseen.push(format!("{name}: the {role} is not re-enacted exactly in it"));
        }
    }
    compared.differences = kept;
    let place = |at: usize| places.get(at).copied().flatten();
    compared.consequences = std::mem::take(&mut compared.consequences)
        .into_iter()
        .filter(|(difference, _)| difference.role == only)
        .filter_map(|(difference, of)| Some((difference, place(of)?)))
        .collect();
}

fn write_json(recording: Option<&str>, compared: &Compared, told: &[human::Told<'_>], out: &mut Vec<u8>) {
    for told in told {
        let difference = told.difference;
        let kind = if told.allowance.is_some() { "allowed" } else { "difference" };
        let (effects, allowance) = (told.effects.as_slice(), told.allowance);
        Line { kind, recording, difference, effects, of: None, allowance }.write(out);
        for difference in &told.consequences {
            let of = Some(told.difference.name());
            Line { kind: "consequence", recording, difference, effects: &[], of, allowance: None }.write(out);
        }
    }
    for unseen in &compared.unseen {
        json::unseen(recording, unseen, out);
    }
}
