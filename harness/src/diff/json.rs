//! What differs, as JSON lines.

use super::baseline::Allowance;
use super::compare::{Difference, Said};
use crate::report::json::Json;
use crate::scenario::hosted::Hosted;

fn text(json: &mut Json<'_>, key: &str, value: Option<&str>) {
    json.key(key);
    match value {
        Some(value) => json.string(value),
        None => json.null(),
    }
}

/// One difference, or what became of it.
#[derive(Debug)]
pub struct Line<'a> {
    /// The type of the object: `difference`, `consequence` or `allowed`.
    pub kind: &'a str,
    /// The recording, where a folder holds several.
    pub recording: Option<&'a str>,
    /// What differs.
    pub difference: &'a Difference,
    /// What it means for users.
    pub effects: &'a [String],
    /// What it follows from.
    pub of: Option<String>,
    /// Who accepted it, and why.
    pub allowance: Option<&'a Allowance>,
}

impl Line<'_> {
    /// Appends the line.
    pub fn write(&self, out: &mut Vec<u8>) {
        let difference = self.difference;
        let mut json = Json::new(out, false);
        json.begin_object();
        text(&mut json, "type", Some(self.kind));
        if self.recording.is_some() {
            text(&mut json, "recording", self.recording);
        }
        text(&mut json, "layer", Some(&difference.layer));
        text(&mut json, "field", Some(&difference.field));
        text(&mut json, "role", Some(difference.role.word()));
        text(&mut json, "old", difference.old_text().as_deref());
        text(&mut json, "new", difference.new_text().as_deref());
        for (key, all) in [("old_seen", &difference.old), ("new_seen", &difference.new)] {
            json.key(key);
            json.begin_array();
            all.iter().for_each(|said| seen(&mut json, said));
            json.end_array();
        }
        if difference.because.is_some() {
            text(&mut json, "cause", difference.because.as_deref());
        }
        json.key("effects");
        json.begin_array();
        self.effects.iter().for_each(|effect| json.string(effect));
        json.end_array();
        if self.of.is_some() {
            text(&mut json, "of", self.of.as_deref());
        }
        if let Some(allowance) = self.allowance {
            text(&mut json, "why", Some(&allowance.why));
        }
        json.end_object();
        json.end_line();
    }
}

fn seen(json: &mut Json<'_>, said: &Said) {
    json.begin_object();
    text(json, "value", said.value.as_deref());
    let frequency = if said.connections == said.of { "always" } else { "sometimes" };
    text(json, "seen", Some(frequency));
    for (key, number) in [("connections", said.connections), ("of", said.of)] {
        json.key(key);
        json.number(number as u64);
    }
    json.key("frames");
    json.begin_array();
    said.frames.iter().for_each(|frame| json.number(*frame));
    json.end_array();
    json.end_object();
}

/// An allowance that accepts nothing any more.
pub fn stale(allowance: &Allowance, out: &mut Vec<u8>) {
    let mut json = Json::new(out, false);
    json.begin_object();
    text(&mut json, "type", Some("stale-allowance"));
    text(&mut json, "field", Some(&allowance.field));
    text(&mut json, "role", Some(&allowance.role));
    text(&mut json, "old", allowance.old.as_deref());
    text(&mut json, "new", allowance.new.as_deref());
    text(&mut json, "why", Some(&allowance.why));
    json.end_object();
    json.end_line();
}

/// Something that could not be compared.
pub fn unseen(recording: Option<&str>, what: &str, out: &mut Vec<u8>) {
    let mut json = Json::new(out, false);
    json.begin_object();
    text(&mut json, "type", Some("not-compared"));
    if recording.is_some() {
        text(&mut json, "recording", recording);
    }
    text(&mut json, "text", Some(what));
    json.end_object();
    json.end_line();
}

/// Counts of a whole run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Pairs of recordings.
    pub recordings: usize,
    /// Connections compared, of the old and the new side.
    pub connections: [usize; 2],
    /// Differences that nobody accepted.
    pub differences: usize,
    /// Differences that follow from others.
    pub consequences: usize,
    /// Differences that are accepted.
    pub allowed: usize,
    /// Allowances that accept nothing any more.
    pub stale: usize,
    /// Recordings that could not be read to their ends.
    pub unreadable: usize,
    /// Who of the lab the new side is.
    pub hosted: Option<Hosted>,
}

impl Summary {
    /// Appends the last line of a run.
    pub fn write(&self, out: &mut Vec<u8>) {
        let [old, new] = self.connections;
        let mut json = Json::new(out, false);
        json.begin_object();
        text(&mut json, "type", Some("summary"));
        for (key, number) in [
            ("recordings", self.recordings),
            ("old_connections", old),
            ("new_connections", new),
            ("differences", self.differences),
            ("consequences", self.consequences),
            ("allowed", self.allowed),
            ("stale_allowances", self.stale),
            ("unreadable", self.unreadable),
        ] {
            json.key(key);
            json.number(number as u64);
        }
        if let Some(hosted) = &self.hosted {
            json.key("hosted");
            json.tree(&hosted.json());
        }
        json.end_object();
        json.end_line();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_summary_says_who_of_the_lab_was_compared() {
        let versions = vec![("xl2tpd".to_owned(), "1.3.18-1".to_owned())];
        let subject = "lab:xl2tpd".to_owned();
        let hosted = Hosted { subject, versions, boot: Duration::ZERO, resets: 2, resetting: Duration::ZERO };
        let written = |hosted: Option<Hosted>| {
            let mut out = Vec::new();
            Summary { hosted, ..Summary::default() }.write(&mut out);
            serde_json::from_slice::<serde_json::Value>(&out).expect("it is JSON")
        };
        assert_eq!(written(Some(hosted.clone()))["hosted"], hosted.json());
        assert_eq!(written(None).get("hosted"), None);
    }
}
