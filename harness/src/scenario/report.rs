//! What came of a run, as JSON lines, as `JUnit`, and for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::json;

use super::hosted::Hosted;
use super::model::Case;
use super::verdict::{Failure, Verdict};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// Messages since the last expected one that are written out for people.
const SHOWN: usize = 12;

/// What came of one case, to be reported.
#[derive(Debug)]
pub struct Result<'a> {
    /// The case.
    pub case: &'a Case,
    /// The subject.
    pub subject: &'a str,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub failure: Option<&'a Failure>,
    /// Why it is known.
    pub known: Option<String>,
    /// How much time passed in the world.
    pub elapsed: Duration,
    /// Where its recording is.
    pub evidence: Option<String>,
}

impl Result<'_> {
    /// The object of type `case`.
    #[must_use]
    pub fn json(&self) -> String {
        let failure = self.failure.map(|failure| {
            json!({ "at": failure.at, "line": failure.line, "text": failure.text, "since": failure.since, "down": failure.is_down })
        });
        json!({
            "type": "case",
            "id": self.case.name(),
            "subject": self.subject,
            "verdict": self.verdict.word(),
            "requirements": self.case.cites,
            "elapsed_ms": u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
            "evidence": self.evidence,
            "scenario": self.case.id,
            "failure": failure,
            "known": self.known,
        })
        .to_string()
    }

    /// A case in the words of people: a line, and below it what to do about it.
    #[must_use]
    pub fn human(&self) -> String {
        let style = match self.verdict {
            Verdict::Pass => GOOD,
            Verdict::Fail | Verdict::UnexpectedPass => BAD,
            Verdict::Blocked | Verdict::KnownFailure | Verdict::Unsupported | Verdict::Skipped => WARNING,
        };
        let word = self.verdict.word().to_uppercase();
        let mut out = format!("{style}{word:>15}{style:#} {STRONG}{}{STRONG:#}\n", self.case.name());
        let mut put = |text: &str| {
            let _ = writeln!(out, "                {text}");
        };
        if self.verdict == Verdict::Pass {
            return out;
        }
        put(&format!("{FAINT}{}{FAINT:#}", self.case.title));
        if let Some(failure) = self.failure {
            let line = failure.line.map_or_else(String::new, |line| format!(":{line}"));
            put(&format!("{}{line}, {}: {}", self.case.path.display(), failure.at, failure.text));
            let hidden = failure.since.len().saturating_sub(SHOWN);
            if !failure.since.is_empty() {
                let more = if hidden > 0 {
                    format!(", the last {SHOWN} of {}", failure.since.len())
                } else {
                    String::new()
                };
                put(&format!("messages since the last one that was expected{more}:"));
            }
            for message in failure.since.iter().skip(hidden) {
                put(&format!("  {message}"));
            }
        }
        if let Some(known) = &self.known {
            put(&format!("known: {known}"));
        }
        if !self.case.cites.is_empty() {
            put(&format!("{FAINT}proves {}{FAINT:#}", self.case.cites.join(", ")));
        }
        match &self.evidence {
            Some(evidence) => put(&format!("evidence: {evidence}")),
            None => put(&format!("{FAINT}evidence: run it with --record DIR{FAINT:#}")),
        }
        out
    }
}

/// How many cases came to which verdict.
#[derive(Debug, Default)]
pub struct Tally {
    verdicts: BTreeMap<Verdict, usize>,
    folders: BTreeMap<String, BTreeMap<Verdict, usize>>,
}

impl Tally {
    /// Counts a case.
    pub fn add(&mut self, case: &Case, verdict: Verdict) {
        *self.verdicts.entry(verdict).or_default() += 1;
        let folder = case.id.split('/').next().unwrap_or_default().to_owned();
        *self.folders.entry(folder).or_default().entry(verdict).or_default() += 1;
    }

    /// How many came to this verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> usize {
        self.verdicts.get(&verdict).copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn all(&self) -> usize {
        self.verdicts.values().sum()
    }

    /// The object of type `summary`; `hosted` says who of the lab has played.
    #[must_use]
    pub fn json(&self, subject: &str, seed: &str, hosted: &[Hosted]) -> String {
        let mut summary = json!({ "type": "summary", "subject": subject, "seed": seed, "cases": self.all() });
        if let Some(object) = summary.as_object_mut() {
            for verdict in Verdict::ALL {
                object.insert(verdict.word().replace('-', "_"), json!(self.of(verdict)));
            }
            if !hosted.is_empty() {
                object.insert("hosted".to_owned(), hosted.iter().map(Hosted::json).collect());
            }
        }
        summary.to_string()
    }

    /// A table by folder, a line for all, and one for each of the lab that has played.
    #[must_use]
    pub fn human(&self, subject: &str, hosted: &[Hosted]) -> String {
        let mut out = String::new();
        let count = |verdicts: &BTreeMap<Verdict, usize>| {
            let words = Verdict::ALL.iter().filter_map(|verdict| {
                let count = verdicts.get(verdict)?;
                let style = match verdict {
                    Verdict::Pass => GOOD,
                    verdict if verdict.is_bad() => BAD,
                    _ => WARNING,
                };
                Some(format!("{style}{count} {}{style:#}", verdict.word()))
            });
            words.collect::<Vec<_>>().join(", ")
        };
        for (folder, verdicts) in &self.folders {
            let _ = writeln!(out, "{folder:>15} {}", count(verdicts));
        }
        let all = self.all();
        let cases = if all == 1 { "case" } else { "cases" };
        let _ =
            writeln!(out, "{STRONG}{all:>15} {cases} against {subject}{STRONG:#}: {}", count(&self.verdicts));
        for each in hosted {
            let _ = writeln!(out, "{each}");
        }
        out
    }
}

/// The results as `JUnit`.
#[derive(Debug)]
pub struct Junit {
    suite: TestSuite,
}

impl Junit {
    /// No results yet.
    #[must_use]
    pub fn new(subject: &str) -> Self {
        Self { suite: TestSuite::new(subject.to_owned()) }
    }

    /// Adds what came of a case.
    pub fn add(&mut self, result: &Result<'_>) {
        let text = result.failure.map(|failure| format!("{}: {}", failure.at, failure.text));
        let mut status = match result.verdict {
            Verdict::Pass => TestCaseStatus::success(),
            Verdict::Fail | Verdict::UnexpectedPass => TestCaseStatus::non_success(NonSuccessKind::Failure),
            _ => TestCaseStatus::skipped(),
        };
        status.set_type(result.verdict.word());
        if let Some(text) = text.or_else(|| result.known.clone()) {
            status.set_message(text);
        }
        if let Some(failure) = result.failure {
            status.set_description(failure.since.join("\n"));
        }
        let mut case = TestCase::new(result.case.name(), status);
        case.set_classname(result.case.id.clone());
        case.set_time(result.elapsed);
        self.suite.add_test_case(case);
    }

    /// Says who of the lab has played, as properties of the suite.
    pub fn say(&mut self, hosted: &[Hosted]) {
        for Hosted { subject, versions, .. } in hosted {
            for (name, version) in versions {
                self.suite.add_property((format!("{subject} {name}"), version.clone()));
            }
        }
    }

    /// Adds what came of something that is no case.
    pub fn add_plain(&mut self, name: &str, verdict: Verdict, text: &str) {
        let mut status = match verdict {
            Verdict::Pass => TestCaseStatus::success(),
            Verdict::Fail | Verdict::UnexpectedPass => TestCaseStatus::non_success(NonSuccessKind::Failure),
            _ => TestCaseStatus::skipped(),
        };
        status.set_type(verdict.word());
        if verdict != Verdict::Pass {
            status.set_message(text);
        }
        self.suite.add_test_case(TestCase::new(name, status));
    }

    /// The document.
    #[must_use]
    pub fn document(self) -> String {
        let mut report = Report::new("l2tpspec");
        report.add_test_suite(self.suite);
        report.to_string().unwrap_or_default()
    }
}

/// The directory of a case's recording.
#[must_use]
pub fn evidence(directory: &Path, case: &Case) -> std::path::PathBuf {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.[]=,/".contains(c) { c } else { '_' };
    directory.join(case.name().chars().map(safe).collect::<String>())
}
