//! What differs as JSON lines.

use super::baseline::Allowance;
use super::compare::{Compared, Difference, Shown};
use crate::report::json::Json;

/// A difference with what is to be said of it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The difference.
    pub difference: &'a Difference,
    /// The recording of the folders that it is in.
    pub recording: Option<&'a str>,
    /// Why it is allowed, if it is.
    pub why: Option<&'a str>,
    /// What it means for users.
    pub effects: &'a [String],
}

/// Counts of a whole run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// Connections compared, of the old recordings and of the new ones.
    pub connections: [usize; 2],
    /// Behaviours that both sides show.
    pub compared: usize,
    /// Differences that nobody allowed.
    pub differences: usize,
    /// Differences that somebody allowed.
    pub allowed: usize,
    /// Allowances that nothing needs.
    pub stale: usize,
}

impl Summary {
    /// Adds what came of one pair of recordings.
    pub fn add(&mut self, compared: &Compared) {
        self.connections[0] += compared.connections[0];
        self.connections[1] += compared.connections[1];
        self.compared += compared.compared.len();
    }
}

/// Writes a difference, and what follows from it.
pub fn write_difference(told: &Told<'_>, consequences: &[&Difference], out: &mut Vec<u8>) {
    let difference = told.difference;
    let mut json = begin(out, if told.why.is_some() { "allowed" } else { "difference" });
    write_names(difference, &mut json);
    write_seen("old_seen", &difference.old, &mut json);
    write_seen("new_seen", &difference.new, &mut json);
    for (key, value) in
        [("recording", told.recording), ("why", told.why), ("cause", difference.cause.as_deref())]
    {
        if let Some(value) = value {
            text(&mut json, key, value);
        }
    }
    json.key("effects");
    json.begin_array();
    told.effects.iter().for_each(|effect| json.string(effect));
    json.end_array();
    json.key("consequences");
    json.begin_array();
    for consequence in consequences {
        json.begin_object();
        write_names(consequence, &mut json);
        json.end_object();
    }
    json.end_array();
    end(json);
}

/// Writes what could not be compared.
pub fn write_unseen(unseen: &str, recording: Option<&str>, out: &mut Vec<u8>) {
    let mut json = begin(out, "not-compared");
    if let Some(recording) = recording {
        text(&mut json, "recording", recording);
    }
    text(&mut json, "text", unseen);
    end(json);
}

/// Writes an allowance that nothing needs any more.
pub fn write_stale(allowance: &Allowance, out: &mut Vec<u8>) {
    let mut json = begin(out, "stale-allowance");
    text(&mut json, "field", &allowance.field);
    text(&mut json, "role", &allowance.role);
    text(&mut json, "why", &allowance.why);
    end(json);
}

/// Writes why a recording could not be read to its end.
pub fn write_error(error: &str, out: &mut Vec<u8>) {
    let mut json = begin(out, "error");
    text(&mut json, "text", error);
    end(json);
}

impl Summary {
    /// Writes the last line.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut json = begin(out, "summary");
        for (key, number) in [
            ("old_connections", self.connections[0]),
            ("new_connections", self.connections[1]),
            ("compared", self.compared),
            ("differences", self.differences),
            ("allowed", self.allowed),
            ("stale_allowances", self.stale),
        ] {
            json.key(key);
            json.number(number as u64);
        }
        end(json);
    }
}

fn write_names(difference: &Difference, json: &mut Json<'_>) {
    text(json, "layer", &difference.layer);
    text(json, "field", &difference.field);
    text(json, "role", difference.role.word());
    maybe(json, "old", difference.old_text().as_deref());
    maybe(json, "new", difference.new_text().as_deref());
}

fn write_seen(key: &str, shown: &Shown, json: &mut Json<'_>) {
    json.key(key);
    json.begin_array();
    for value in &shown.values {
        json.begin_object();
        maybe(json, "value", value.text.as_deref());
        text(json, "seen", if value.connections == shown.of { "always" } else { "sometimes" });
        json.key("connections");
        json.number(value.connections as u64);
        json.key("of");
        json.number(shown.of as u64);
        json.key("frames");
        json.begin_array();
        value.frames.iter().for_each(|frame| json.number(*frame));
        json.end_array();
        json.end_object();
    }
    json.end_array();
}

fn begin<'a>(out: &'a mut Vec<u8>, kind: &str) -> Json<'a> {
    let mut json = Json::new(out, false);
    json.begin_object();
    text(&mut json, "type", kind);
    json
}

fn end(mut json: Json<'_>) {
    json.end_object();
    json.end_line();
}

fn text(json: &mut Json<'_>, key: &str, value: &str) {
    json.key(key);
    json.string(value);
}

fn maybe(json: &mut Json<'_>, key: &str, value: Option<&str>) {
    json.key(key);
    match value {
        Some(value) => json.string(value),
        None => json.null(),
    }
}
