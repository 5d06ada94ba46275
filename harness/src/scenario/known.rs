//! Known failures of a subject: cases that fail, where and saying what, why, and until when that is believed.
//!
//! ```json
//! { "format": 1, "subject": "self", "failures": [
//!     { "match": "l2tp/hidden-avp/*", "fails_at": "step 4", "saying": "Result Code", "why": "...", "link": "...",
//!       "until": "2027-03-01" } ] }
//! ```

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::model::Case;
use super::suite;
use super::verdict::{Failure, Verdict};
use crate::check::known::{format_1, schema_1};
use crate::check::lenient;
use crate::error::ExpectedError;

/// A file of known failures.
#[derive(Debug, Clone, Default)]
pub struct KnownFailures {
    /// The file.
    pub path: PathBuf,
    /// Whose failures they are.
    pub subject: String,
    entries: Vec<Entry>,
    matched: Vec<bool>,
}

/// A known failure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The id of the case, or a pattern with `*`.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The step; any if it is left out.
    pub fails_at: Option<String>,
    /// Part of the failure's text; any text if it is left out.
    pub saying: Option<String>,
    /// Whether the subject is down after it.
    #[serde(default)]
    pub down: bool,
    /// Why.
    pub why: String,
    /// Where that is written.
    pub link: Option<String>,
    /// The last day on which it is believed, as YYYY-MM-DD.
    pub until: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    #[serde(rename = "format", deserialize_with = "format_1")]
    #[schemars(schema_with = "schema_1")]
    _format: (),
    subject: String,
    /// Files beside this one whose failures the subject has as well, as it is made of the same daemons.
    #[serde(default)]
    also: Vec<String>,
    failures: Vec<Entry>,
}

/// The schema of files of known failures, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Written).to_value()
}

impl KnownFailures {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or says something that is not understood; the error names line and column.
    pub fn load(path: &Path) -> Result<Self, ExpectedError> {
        let Written { subject, also, failures: mut entries, .. } = lenient::read(path)?;
        for name in also {
            let shared: Written = lenient::read(&path.with_file_name(&name))?;
            if !shared.also.is_empty() {
                let (path, also) = (path.display(), shared.also.join(", "));
                return Err(ExpectedError::Usage(format!(
                    "{path} has the failures of {name}, which has those of {also} itself\nhint: name them all here"
                )));
            }
            entries.extend(shared.failures);
        }
        let matched = vec![false; entries.len()];
        Ok(Self { path: path.to_owned(), subject, entries, matched })
    }

    /// The file about a subject in the folder `known` of a directory of scenarios, if it has one.
    ///
    /// # Errors
    /// A file there that cannot be read or is not understood.
    pub fn about(subject: &str, scenarios: &Path) -> Result<Option<Self>, ExpectedError> {
        let folder = scenarios.join("known");
        let paths = if folder.is_dir() { crate::profile::json_files(&folder)? } else { Vec::new() };
        for path in paths {
            let file = Self::load(&path)?;
            if file.subject == subject {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// The verdict on a case, known failures considered, and why it is one. `today` is a date as YYYY-MM-DD.
    pub fn judge(
        &mut self,
        case: &Case,
        verdict: Verdict,
        failure: Option<&Failure>,
        today: &str,
    ) -> (Verdict, Option<String>) {
        for (entry, matched) in self.entries.iter().zip(&mut self.matched) {
            if !suite::is_chosen(case, &entry.pattern) || entry.is_over(today) {
                continue;
            }
            match (verdict, failure) {
                (Verdict::Pass, _) => {
                    *matched = true;
                    return (Verdict::UnexpectedPass, Some(entry.why.clone()));
                }
                (Verdict::Fail, Some(failure)) if entry.fits(failure) => {
                    *matched = true;
                    return (Verdict::KnownFailure, Some(entry.why.clone()));
                }
                _ => {}
            }
        }
        (verdict, None)
    }

    /// The entries that fit no case that was run.
    pub fn unmatched(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().zip(&self.matched).filter(|(_, matched)| !**matched).map(|(entry, _)| entry)
    }
}

impl Entry {
    fn is_over(&self, today: &str) -> bool {
        // Dates of this form compare as text.
        self.until.as_deref().is_some_and(|until| until < today)
    }

    fn fits(&self, failure: &Failure) -> bool {
        self.down == failure.is_down
            && self.fails_at.as_ref().is_none_or(|at| *at == failure.at)
            && self.saying.as_ref().is_none_or(|saying| failure.text.contains(&saying[..]))
    }
}
