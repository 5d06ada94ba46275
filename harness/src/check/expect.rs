//! What is expected of a recording: the file beside it that says what it shows.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::Error as _;

use super::known::{KnownFile, format_1};
use super::{Checked, Judged, lenient};
use crate::error::ExpectedError;
use crate::triage::Rung;

/// The file beside a recording.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The file.
    pub path: PathBuf,
    /// What is expected of each connection, in their order.
    pub expect: Vec<Expected>,
    /// Documented deviations of the daemons in it.
    pub known: Vec<KnownFile>,
}

/// What is expected of one connection. What is left out may be anything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// How far it gets.
    #[serde(deserialize_with = "rung")]
    pub rung: Rung,
    /// Whether it fails.
    pub failed: bool,
    /// What the likeliest cause contains.
    pub cause: Option<String>,
    /// Address of the client.
    pub client: Option<IpAddr>,
    /// Address of the supernode.
    pub supernode: Option<IpAddr>,
    /// How often the client tries.
    pub attempts: Option<u64>,
    /// Phase 1 exchanges completed.
    pub phase1_generations: Option<u64>,
    /// Quick Modes completed.
    pub phase2_generations: Option<u64>,
    /// Sequence numbers that the recording lacks.
    pub lost: Option<u64>,
    /// Layers that cannot be read for want of keys.
    pub hidden: Option<Vec<String>>,
}

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Number of the connection, from 1; `None` if the recording as a whole is meant.
    pub connection: Option<usize>,
    /// What differs.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
}

/// The file as it is written. What people read is required, and not looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    #[serde(rename = "format", deserialize_with = "format_1")]
    _format: (),
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "shows")]
    _shows: String,
    #[serde(rename = "made")]
    _made: String,
    #[serde(rename = "software")]
    _software: Ends,
    #[serde(rename = "topology")]
    _topology: String,
    #[serde(rename = "addresses")]
    _addresses: std::collections::BTreeMap<String, String>,
    #[serde(rename = "licence")]
    _licence: String,
    known: Vec<PathBuf>,
    expect: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    #[serde(rename = "client")]
    _client: Vec<String>,
    #[serde(rename = "supernode")]
    _supernode: Vec<String>,
}

impl Recording {
    /// Reads what `directory` says of a capture: NAME.json of NAME.pcap. Files of deviations are named relative to it.
    ///
    /// # Errors
    /// A file that cannot be read, or says something that is not understood.
    pub fn load(directory: &Path, capture: &Path) -> Result<Self, ExpectedError> {
        let name = capture.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let path = directory.join(format!("{stem}.json"));
        let written: Written = lenient::read(&path)?;
        let known = written
            .known
            .iter()
            .map(|file| KnownFile::load(&directory.join(file)))
            .collect::<Result<_, _>>()?;
        Ok(Self { path, expect: written.expect, known })
    }

    /// What of a capture is not as expected.
    #[must_use]
    pub fn compare(&self, checked: &Checked) -> Vec<Mismatch> {
        let (expected, got) = (self.expect.len(), checked.connections.len());
        let mut mismatches = Vec::new();
        if expected != got {
            mismatches.push(Mismatch {
                connection: None,
                field: "connections",
                expected: expected.to_string(),
                got: got.to_string(),
            });
        }
        for (expected, judged) in self.expect.iter().zip(&checked.connections) {
            expected.compare(judged, &mut mismatches);
        }
        mismatches
    }
}

impl Expected {
    fn compare(&self, judged: &Judged, mismatches: &mut Vec<Mismatch>) {
        let outcome = &judged.outcome;
        let mut differ = |field: &'static str, expected: Option<String>, got: String| {
            if let Some(expected) = expected.filter(|expected| *expected != got) {
                mismatches.push(Mismatch { connection: Some(judged.number), field, expected, got });
            }
        };
        let address = |address: Option<IpAddr>| address.map(|address| address.to_string());
        differ("client", address(self.client), address(outcome.client).unwrap_or_default());
        differ("supernode", address(self.supernode), address(outcome.supernode).unwrap_or_default());
        differ("rung", Some(self.rung.to_string()), outcome.rung.to_string());
        differ("failed", Some(self.failed.to_string()), outcome.failed.to_string());
        let count = |number: Option<u64>| number.map(|number| number.to_string());
        differ("attempts", count(self.attempts), outcome.attempts.to_string());
        differ("phase1_generations", count(self.phase1_generations), outcome.phase1_generations.to_string());
        differ("phase2_generations", count(self.phase2_generations), outcome.phase2_generations.to_string());
        differ("lost", count(self.lost), outcome.lost().to_string());
        let hidden = self.hidden.as_ref().map(|layers| layers.join(", "));
        differ("hidden", hidden, outcome.hidden.join(", "));
        let cause = outcome.cause().unwrap_or_default();
        if let Some(expected) = self.cause.as_ref().filter(|expected| !cause.contains(expected.as_str())) {
            differ("cause", Some(expected.clone()), cause.to_owned());
        }
    }
}

fn rung<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rung, D::Error> {
    let word = String::deserialize(deserializer)?;
    Rung::of(&word).ok_or_else(|| {
        let words = Rung::ALL.map(Rung::word).join(", ");
        D::Error::custom(format!("no rung is called {word:?}; the rungs are {words}"))
    })
}
