//! What differs in behaviour between two recordings: what each end offers, chooses, asks for, grants, and when; not the
//! numbers of chance in which any two recordings differ.
//!
//! Each recording is read once. Of every connection, notes are taken ([`note`]); connections of like clients are put
//! together on each side and the two sides beside each other ([`align`]); what was always, sometimes or never so is then
//! compared ([`mod@compare`]), and what follows from another difference is set apart ([`cause`]).

pub mod align;
pub mod baseline;
mod blur;
pub mod cause;
pub mod class;
pub mod compare;
pub mod effect;
pub mod flat;
pub mod human;
pub mod json;
pub mod note;
pub mod observe;
mod relation;
mod tally;
pub mod timing;

use std::path::{Path, PathBuf};

use crate::capture::file::{CaptureFile, Options as CaptureOptions};
use crate::capture::keys::Keys;
use crate::error::ExpectedError;
use crate::rule::Seen;
use crate::scenario::message::Namer;
use crate::transcript::connection::Connections;
use crate::transcript::{Entry, Options, pipeline};
use crate::triage::Mark;
use note::Words;
use observe::{Observed, Observer};

/// One recording and what was noted of it.
#[derive(Debug)]
pub struct Side {
    /// The recording.
    pub path: PathBuf,
    /// Frames read.
    pub frames: u64,
    /// From the first frame to the last, nanoseconds.
    pub duration: i64,
    /// Every connection that could be judged.
    pub connections: Vec<Observed>,
    /// The texts of their notes.
    pub words: Words,
    /// Whether it is a copy that `scrub` made.
    pub is_scrubbed: bool,
    /// Why it could not be read, or not to its end. What came before that is noted.
    pub error: Option<ExpectedError>,
}

/// Reads a recording and takes notes. `on_progress` is told how many octets of it were read.
pub fn read(
    path: &Path,
    keys: Result<Keys, ExpectedError>,
    options: Options,
    mut on_progress: impl FnMut(u64),
) -> Side {
    const EVERY: u64 = 1024;
    let mut reader = Reader::default();
    let is_scrubbed = keys.as_ref().is_ok_and(|keys| blur::is_scrubbed(path, keys));
    let read = keys.and_then(|keys| {
        let mut file = CaptureFile::open(path, &CaptureOptions::default())?;
        pipeline::run(&mut file, &keys, options, |entry, octets| {
            reader.see(entry);
            if reader.frames.is_multiple_of(EVERY) {
                on_progress(octets);
            }
            true
        })
    });
    Side { is_scrubbed, ..reader.end(path, read.err()) }
}

/// Takes notes of all connections of a transcript.
#[derive(Debug, Default)]
pub struct Reader {
    connections: Connections,
    observers: Vec<Observer>,
    namer: Namer,
    words: Words,
    frames: u64,
    end: Option<Mark>,
}

impl Reader {
    /// Looks at the next entry.
    pub fn see(&mut self, entry: &Entry) {
        self.frames += 1;
        let time = self.end.map_or(entry.time, |end| end.time.max(entry.time));
        self.end = Some(Mark { frame: entry.frame, time });
        let Some(placed) = self.connections.place(entry) else { return };
        let at = placed.connection;
        if self.observers.len() <= at {
            self.observers.resize_with(at + 1, Observer::default);
        }
        let layers = entry.layers.get(placed.from_layer..).unwrap_or_default();
        let Some(connection) = self.connections.list().get(at) else { return };
        let seen = Seen { entry, layers, sender: placed.sender, connection };
        if let Some(observer) = self.observers.get_mut(at) {
            observer.see(&seen, &mut self.namer, &mut self.words);
        }
    }

    /// What is known when the transcript has ended.
    #[must_use]
    pub fn end(mut self, path: &Path, error: Option<ExpectedError>) -> Side {
        let end = self.end.unwrap_or(Mark { frame: 0, time: 0 });
        let words = &mut self.words;
        let connections = self.observers.into_iter().zip(self.connections.list());
        let connections =
            connections.filter_map(|(observer, connection)| observer.end(connection, end, words)).collect();
        let (path, frames, duration) = (path.to_owned(), self.frames, end.time);
        Side { path, frames, duration, connections, words: self.words, is_scrubbed: false, error }
    }
}

/// What came of two recordings.
#[derive(Debug)]
pub struct Compared {
    /// What differs.
    pub differences: Vec<compare::Difference>,
    /// What differs because something else does, and the number of that in `differences`.
    pub consequences: Vec<(compare::Difference, usize)>,
    /// What could not be compared, and why.
    pub unseen: Vec<String>,
    /// Connections that were compared, of each recording.
    pub connections: [usize; 2],
}

/// Compares two recordings.
#[must_use]
pub fn compare(old: &Side, new: &Side) -> Compared {
    let aligned = align::align(old, new);
    let mut all = Vec::new();
    let mut connections = [0; 2];
    for pair in &aligned.pairs {
        let [old_count, new_count] = &mut connections;
        *old_count += pair.old.len();
        *new_count += pair.new.len();
        all.push(cause::sorted(compare::compare((old, &pair.old), (new, &pair.new))));
    }
    let (differences, consequences) = compare::merged(all);
    let mut unseen = aligned.alone;
    for (side, what) in [(old, "old"), (new, "new")] {
        unseen.extend(hidden(side, what));
    }
    unseen.extend(blur::unseen(old, new));
    Compared { differences, consequences, unseen, connections }
}

/// What could not be read for want of keys.
fn hidden(side: &Side, what: &str) -> Option<String> {
    let mut layers: Vec<&str> = Vec::new();
    let mut count = 0;
    for observed in side.connections.iter().filter(|observed| !observed.outcome.hidden.is_empty()) {
        count += 1;
        for layer in &observed.outcome.hidden {
            if !layers.contains(layer) {
                layers.push(layer);
            }
        }
    }
    let all = side.connections.len();
    (count > 0)
        .then(|| format!("{what}: {} of {count} of {all} connections, for want of keys", layers.join(", ")))
}
