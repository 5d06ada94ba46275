//! What came of captures as JSON lines.

use super::expect::Mismatch;
use super::{Checked, Finding, Judged};
use crate::report::json::Json;
use crate::transcript::connection::Role;
use crate::triage::{Outcome, Rung};

/// The counts of a whole run.
#[derive(serde::Serialize, serde::Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Captures given.
    pub captures: u64,
    /// Of these, those that could not be read, or not to their end.
    pub unreadable: u64,
    /// Connections judged.
    pub connections: u64,
    /// Of these, those that failed.
    pub failed: u64,
    /// Violations that no file documents.
    pub violations: u64,
    /// Violations that a file documents.
    pub known_deviations: u64,
    /// Outcomes that are not as expected.
    pub mismatches: u64,
}

impl Summary {
    /// Adds what came of one capture.
    pub fn add(&mut self, checked: &Checked, mismatches: &[Mismatch]) {
        self.captures += 1;
        self.unreadable += u64::from(checked.error.is_some());
        self.connections += checked.connections.len() as u64;
        self.failed += checked.connections.iter().filter(|judged| judged.outcome.failed).count() as u64;
        for finding in checked.connections.iter().flat_map(|judged| &judged.findings) {
            match finding.known {
                Some(_) => self.known_deviations += finding.count,
                None => self.violations += finding.count,
            }
        }
        self.mismatches += mismatches.len() as u64;
    }

    /// Adds what came of another part of a run.
    pub const fn join(&mut self, other: &Self) {
        self.captures += other.captures;
        self.unreadable += other.unreadable;
        self.connections += other.connections;
        self.failed += other.failed;
        self.violations += other.violations;
        self.known_deviations += other.known_deviations;
        self.mismatches += other.mismatches;
    }

    /// Writes the last line of a run.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut json = Json::new(out, false);
        begin(&mut json, "summary");
        for (key, number) in [
            ("captures", self.captures),
            ("unreadable", self.unreadable),
            ("connections", self.connections),
            ("failed", self.failed),
            ("violations", self.violations),
            ("known_deviations", self.known_deviations),
            ("mismatches", self.mismatches),
        ] {
            json.key(key);
            json.number(number);
        }
        end(&mut json);
    }
}

/// Writes what came of one capture: of each connection the violations and then the outcome.
pub fn write(checked: &Checked, mismatches: &[Mismatch], out: &mut Vec<u8>) {
    let file = checked.path.display().to_string();
    for judged in &checked.connections {
        for finding in &judged.findings {
            write_finding(&file, judged, finding, out);
        }
        write_outcome(&file, judged, out);
    }
    for mismatch in mismatches {
        let mut json = Json::new(out, false);
        begin(&mut json, "mismatch");
        text(&mut json, "file", &file);
        json.key("connection");
        match mismatch.connection {
            Some(connection) => json.number(connection as u64),
            None => json.null(),
        }
        text(&mut json, "field", mismatch.field);
        text(&mut json, "expected", &mismatch.expected);
        text(&mut json, "got", &mismatch.got);
        end(&mut json);
    }
    if let Some(error) = &checked.error {
        let mut json = Json::new(out, false);
        begin(&mut json, "error");
        text(&mut json, "file", &file);
        text(&mut json, "text", &error.to_string());
        end(&mut json);
    }
}

fn begin(json: &mut Json<'_>, kind: &str) {
    json.begin_object();
    text(json, "type", kind);
}

fn end(json: &mut Json<'_>) {
    json.end_object();
    json.end_line();
}

fn text(json: &mut Json<'_>, key: &str, value: &str) {
    json.key(key);
    json.string(value);
}

fn maybe_text(json: &mut Json<'_>, key: &str, value: Option<&str>) {
    json.key(key);
    match value {
        Some(value) => json.string(value),
        None => json.null(),
    }
}

fn texts<'a>(json: &mut Json<'_>, key: &str, values: impl IntoIterator<Item = &'a str>) {
    json.key(key);
    json.begin_array();
    for value in values {
        json.string(value);
    }
    json.end_array();
}

fn write_finding(file: &str, judged: &Judged, finding: &Finding, out: &mut Vec<u8>) {
    let kind = if finding.known.is_some() { "known-deviation" } else { "violation" };
    let mut further = finding.count - finding.violations.len() as u64;
    for (i, violation) in finding.violations.iter().enumerate() {
        let mut json = Json::new(out, false);
        begin(&mut json, kind);
        text(&mut json, "requirement", violation.requirement);
        text(&mut json, "strength", finding.requirement.strength.word());
        maybe_text(&mut json, "role", violation.role.map(Role::word));
        json.key("frame");
        json.number(violation.frame);
        text(&mut json, "text", &violation.text);
        if let Some(known) = &finding.known {
            text(&mut json, "daemon", &known.daemon);
            text(&mut json, "version", &known.version);
            text(&mut json, "clause", &known.deviation.clause);
            text(&mut json, "why", &known.deviation.why);
        }
        text(&mut json, "file", file);
        json.key("connection");
        json.number(judged.number as u64);
        if i + 1 == finding.violations.len() && further > 0 {
            json.key("further");
            json.number(std::mem::take(&mut further));
        }
        end(&mut json);
    }
}

fn write_outcome(file: &str, judged: &Judged, out: &mut Vec<u8>) {
    let outcome = &judged.outcome;
    let mut json = Json::new(out, false);
    begin(&mut json, "outcome");
    json.key("connection");
    json.number(judged.number as u64);
    for (key, address) in [("client", outcome.client), ("supernode", outcome.supernode)] {
        json.key(key);
        match address {
            Some(address) => json.address(address),
            None => json.null(),
        }
    }
    text(&mut json, "rung", outcome.rung.word());
    json.key("failed");
    json.boolean(outcome.failed);
    maybe_text(&mut json, "cause", outcome.cause());
    texts(&mut json, "causes", outcome.causes.iter().map(String::as_str));
    texts(&mut json, "hidden", outcome.hidden.iter().copied());
    texts(&mut json, "hidden_because", outcome.hidden_because.iter().map(String::as_str));
    texts(&mut json, "notes", outcome.notes.iter().map(String::as_str));
    write_rungs(outcome, &mut json);
    for (key, number) in [
        ("attempts", outcome.attempts),
        ("phase1_generations", outcome.phase1_generations),
        ("phase2_generations", outcome.phase2_generations),
        ("lost", outcome.lost()),
    ] {
        json.key(key);
        json.number(number);
    }
    write_associations(outcome, &mut json);
    json.key("translated");
    json.boolean(outcome.is_translated);
    json.key("inside");
    match outcome.inside {
        Some(inside) => json.ipv4(inside),
        None => json.null(),
    }
    text(&mut json, "file", file);
    end(&mut json);
}

fn write_rungs(outcome: &Outcome, json: &mut Json<'_>) {
    json.key("rungs");
    json.begin_array();
    for rung in Rung::ALL {
        let step = outcome.ladder.step(rung);
        if step.tried.is_none() {
            continue;
        }
        json.begin_object();
        text(json, "rung", rung.word());
        for (key, mark) in [("tried", step.tried), ("reached", step.reached)] {
            json.key(key);
            match mark {
                Some(mark) => json.number(mark.frame),
                None => json.null(),
            }
        }
        if let Some((_, detail)) = outcome.details.iter().find(|(of, _)| *of == rung) {
            text(json, "detail", detail);
        }
        json.end_object();
    }
    json.end_array();
}

fn write_associations(outcome: &Outcome, json: &mut Json<'_>) {
    json.key("associations");
    json.begin_array();
    for used in &outcome.associations {
        json.begin_object();
        text(json, "spi", &format!("{:#010x}", used.spi));
        maybe_text(json, "sender", used.sender.map(Role::word));
        for (key, number) in [("packets", used.packets), ("lost", used.lost), ("duplicates", used.duplicates)]
        {
            json.key(key);
            json.number(number);
        }
        json.end_object();
    }
    json.end_array();
}
