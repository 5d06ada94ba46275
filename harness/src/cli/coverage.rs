//! `l2tpspec coverage`: which requirements were proved, violated, exercised, by which case; and which faults are found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::json;

use super::args;
use super::progress::Progress;
use super::run::{load, root, write};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::rule::catalogue;
use crate::scenario::faults::{self, Fault};
use crate::scenario::model::Case;
use crate::scenario::play::Options;
use crate::scenario::suite::{self, Suite};
use crate::scenario::verdict::Verdict;

/// What is known of a requirement.
#[derive(Debug, Default)]
struct Entry {
    /// Scenarios that cite it and pass.
    proved: BTreeSet<String>,
    /// Scenarios that cite it and fail, or in which a rule found it broken that no file documents.
    violated: BTreeSet<String>,
    /// In how many cases a rule judged it.
    judged: usize,
}

impl Entry {
    fn word(&self) -> &'static str {
        match (self.violated.is_empty(), self.proved.is_empty(), self.judged) {
            (false, _, _) => "violated",
            (true, false, _) => "proved",
            (true, true, 0) => "not-exercised",
            (true, true, _) => "exercised",
        }
    }
}

/// What came of a fault.
struct Hunt<'a> {
    fault: &'a Fault,
    /// Cases that passed in spite of it and that failed.
    passed: usize,
    killers: Vec<String>,
}

pub(super) fn run(args: &args::Coverage) -> Result<u8, ExpectedError> {
    let root = root(args.scenarios.as_deref())?;
    let suite = load(&root)?;
    let ledger = ledger(&suite);
    let faults = if args.faults { faults::load(&root)? } else { Vec::new() };
    let hunts = hunts(&suite, &faults);
    let mut out = String::new();
    if args.json {
        write_json(&ledger, &hunts, &mut out);
    } else {
        write_human(&ledger, &hunts, args.all, &mut out);
    }
    write(&out)?;
    let is_violated = ledger.values().any(|entry| !entry.violated.is_empty());
    let survives = hunts.iter().any(|hunt| hunt.killers.is_empty());
    Ok(if is_violated || survives { exit_code::FOUND } else { exit_code::AS_EXPECTED })
}

fn ledger(suite: &Suite) -> BTreeMap<&'static str, Entry> {
    let all = catalogue::all().iter().map(|requirement| (&requirement.id[..], Entry::default()));
    let mut ledger: BTreeMap<&'static str, Entry> = all.collect();
    let cases: Vec<&Case> = suite.cases.iter().collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut progress = Progress::of_cases("cases".to_owned(), cases.len() as u64);
    suite::run(&cases, &suite.profiles, "1", Options::default(), threads, |at, played| {
        progress.at(at as u64 + 1);
        let case = cases[at];
        for id in &case.cites {
            let Some(entry) = ledger.get_mut(&id[..]) else { continue };
            match played.verdict {
                Verdict::Pass => entry.proved.insert(case.id.clone()),
                Verdict::Fail => entry.violated.insert(case.id.clone()),
                _ => false,
            };
        }
        let Some(checked) = &played.checked else { return };
        let judged: BTreeSet<&str> =
            checked.connections.iter().flat_map(|judged| judged.looked_at.iter().copied()).collect();
        for id in judged {
            if let Some(entry) = ledger.get_mut(id) {
                entry.judged += 1;
            }
        }
        if played.verdict == Verdict::Fail {
            for finding in checked.unknown() {
                if let Some(entry) = ledger.get_mut(&finding.requirement.id[..]) {
                    entry.violated.insert(case.id.clone());
                }
            }
        }
    });
    ledger
}

/// Lets every fault loose on the cases that cite what it breaks, and on those that connect.
fn hunts<'a>(suite: &Suite, faults: &'a [Fault]) -> Vec<Hunt<'a>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut progress = Progress::of_cases("faults".to_owned(), faults.len() as u64);
    let hunt = |(at, fault): (usize, &'a Fault)| {
        progress.at(at as u64);
        let concerns = |case: &&Case| {
            case.cites.iter().any(|id| fault.breaks.contains(id)) || case.id == "guides/connect"
        };
        let cases: Vec<&Case> = suite.cases.iter().filter(concerns).collect();
        let mut hunt = Hunt { fault, passed: 0, killers: Vec::new() };
        let options = Options { records: false, fault: Some(fault) };
        suite::run(&cases, &suite.profiles, "1", options, threads, |at, played| match played.verdict {
            Verdict::Pass => hunt.passed += 1,
            _ => hunt.killers.push(cases[at].name()),
        });
        hunt
    };
    faults.iter().enumerate().map(hunt).collect()
}

fn write_json(ledger: &BTreeMap<&'static str, Entry>, hunts: &[Hunt<'_>], out: &mut String) {
    for (id, entry) in ledger {
        let object = json!({
            "type": "coverage",
            "requirement": id,
            "subject": "self",
            "state": entry.word(),
            "proved_by": entry.proved,
            "violated_in": entry.violated,
            "judged_in": entry.judged,
        });
        let _ = writeln!(out, "{object}");
    }
    for hunt in hunts {
        let object = json!({
            "type": "fault",
            "id": hunt.fault.id,
            "state": if hunt.killers.is_empty() { "survived" } else { "killed" },
            "killed_by": hunt.killers.len(),
            "first": hunt.killers.first(),
            "passed": hunt.passed,
        });
        let _ = writeln!(out, "{object}");
    }
    let count = |word| ledger.values().filter(|entry| entry.word() == word).count();
    let survived = hunts.iter().filter(|hunt| hunt.killers.is_empty()).count();
    let summary = json!({
        "type": "summary",
        "subject": "self",
        "requirements": ledger.len(),
        "proved": count("proved"),
        "exercised": count("exercised"),
        "violated": count("violated"),
        "not_exercised": count("not-exercised"),
        "faults_killed": hunts.len() - survived,
        "faults_survived": survived,
    });
    let _ = writeln!(out, "{summary}");
}

fn write_human(ledger: &BTreeMap<&'static str, Entry>, hunts: &[Hunt<'_>], all: bool, out: &mut String) {
    for (id, entry) in ledger {
        let word = entry.word();
        if !all && word != "violated" {
            continue;
        }
        let by: Vec<&str> = entry.violated.iter().chain(&entry.proved).map(|id| &id[..]).take(3).collect();
        let judged =
            if entry.judged > 0 { format!("judged in {} cases", entry.judged) } else { String::new() };
        let _ = writeln!(out, "{word:>14}  {id:26} {:20} {}", judged, by.join(", "));
    }
    for hunt in hunts {
        let Hunt { fault, passed, killers } = hunt;
        let _ = match killers.first() {
            Some(first) => {
                writeln!(out, "        killed  {:30} by {} cases, first {first}", fault.id, killers.len())
            }
            None => writeln!(out, "      survived  {:30} {passed} cases passed: {}", fault.id, fault.title),
        };
    }
    let count = |word| ledger.values().filter(|entry| entry.word() == word).count();
    let (proved, exercised) = (count("proved"), count("exercised"));
    let (violated, rest) = (count("violated"), count("not-exercised"));
    let _ = writeln!(
        out,
        "{} requirements against self: {proved} proved by a scenario, {exercised} exercised under a rule, {violated} violated, {rest} not exercised",
        ledger.len()
    );
    if !hunts.is_empty() {
        let killed = hunts.iter().filter(|hunt| !hunt.killers.is_empty()).count();
        let _ = writeln!(out, "{} faults: {killed} found, {} not", hunts.len(), hunts.len() - killed);
    }
}
