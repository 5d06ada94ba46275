//! What like connections of one side say of each field, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Side;
use super::blur;
use super::compare::Said;
use super::timing::Measure;
use crate::transcript::connection::Role;

/// Layer and field, and whose behaviour it is.
pub(super) type Key = (Arc<str>, Role);

/// Like connections of a side, by their indices.
pub(super) type Members<'a> = (&'a Side, &'a [usize]);

/// Frames named of a value.
pub(super) const FRAMES: usize = 5;

/// What one side says of one field.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Each value, `None` where it is absent: in how many connections, and frames that show it.
    pub(super) values: BTreeMap<Option<Arc<str>>, (usize, Vec<u64>)>,
    /// Connections that tell.
    pub(super) total: usize,
}

impl Tally {
    pub(super) fn add(&mut self, value: Option<Arc<str>>, frame: u64) {
        let (count, frames) = self.values.entry(value).or_default();
        *count += 1;
        if frames.len() < FRAMES {
            frames.push(frame);
        }
    }

    pub(super) fn said(&self) -> Vec<Said> {
        let said = |(value, (connections, frames)): (&Option<Arc<str>>, &(usize, Vec<u64>))| Said {
            value: value.clone(),
            connections: *connections,
            of: self.total,
            frames: frames.clone(),
        };
        let mut all: Vec<Said> = self.values.iter().map(said).collect();
        all.sort_by_key(|said| std::cmp::Reverse(said.connections));
        all
    }

    /// Whether it is another with each connection: nobody's policy.
    pub(super) fn varies(&self) -> bool {
        self.values.len() > 2 && 2 * self.values.len() > self.total
    }

    /// In which part of the connections a value is said.
    pub(super) fn share(&self, value: &Option<Arc<str>>) -> f64 {
        let count = self.values.get(value).map_or(0, |(count, _)| *count);
        if self.total == 0 { 0.0 } else { real(count) / real(self.total) }
    }

    /// The value that alone is said.
    pub(super) fn only(&self) -> Option<&str> {
        match self.values.keys().next() {
            Some(Some(value)) if self.values.len() == 1 => Some(value),
            _ => None,
        }
    }
}

pub(super) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Every field that is part of a message, and that message.
pub(super) fn parts((side, members): Members<'_>) -> BTreeMap<Key, Arc<str>> {
    let mut parts = BTreeMap::new();
    for observed in members.iter().filter_map(|at| side.connections.get(*at)) {
        for note in &observed.notes.list {
            if let Some(within) = note.within {
                parts.entry((side.words.text(note.key), note.by)).or_insert_with(|| side.words.text(within));
            }
        }
    }
    parts
}

/// What a side says of every field. `parts` are those of both sides, so that what is absent is counted too.
pub(super) fn tallies(
    (side, members): Members<'_>,
    parts: &BTreeMap<Key, Arc<str>>,
    is_blurred: bool,
) -> BTreeMap<Key, Tally> {
    let mut tallies: BTreeMap<Key, Tally> = BTreeMap::new();
    for observed in members.iter().filter_map(|at| side.connections.get(*at)) {
        let mut told: BTreeSet<Key> = BTreeSet::new();
        let mut messages: BTreeMap<Key, u64> = BTreeMap::new();
        for note in &observed.notes.list {
            let key = (side.words.text(note.key), note.by);
            let Some(value) = note.value else {
                messages.insert(key, note.frame);
                continue;
            };
            let tally = tallies.entry(key.clone()).or_default();
            let value = side.words.text(value);
            let value = if is_blurred { blur::blurred(&key.0, &value) } else { value };
            tally.add(Some(value), note.frame);
            if told.insert(key) {
                tally.total += 1;
            }
        }
        // A message that came without a part that it has elsewhere.
        for ((field, by), message) in parts {
            let key = (Arc::clone(field), *by);
            let Some(frame) = messages.get(&(Arc::clone(message), *by)) else { continue };
            if !told.contains(&key) {
                let tally = tallies.entry(key).or_default();
                tally.add(None, *frame);
                tally.total += 1;
            }
        }
    }
    tallies
}

/// What one side measured of one thing, and frames that show it.
pub(super) type Measured = Vec<(Measure, u64)>;

/// What a side measured.
pub(super) fn measures((side, members): Members<'_>) -> BTreeMap<Key, Measured> {
    let mut all: BTreeMap<Key, Measured> = BTreeMap::new();
    for observed in members.iter().filter_map(|at| side.connections.get(*at)) {
        for timed in &observed.notes.timed {
            let key = (side.words.text(timed.key), timed.by);
            all.entry(key).or_default().push((timed.measure.clone(), timed.frame));
        }
    }
    all
}
