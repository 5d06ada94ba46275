//! One side: a recording becomes what was noted of its connections.

use std::path::{Path, PathBuf};

use super::note::Words;
use super::observe::{Observed, Observer};
use crate::capture::file::{CaptureFile, Options as CaptureOptions};
use crate::capture::keys::Keys;
use crate::error::ExpectedError;
use crate::rule::Seen;
use crate::scenario::message::Namer;
use crate::transcript::connection::Connections;
use crate::transcript::{Entry, Options, pipeline};
use crate::triage::Mark;

/// What is known of a recording.
#[derive(Debug)]
pub struct Side {
    /// The capture.
    pub path: PathBuf,
    /// Frames read.
    pub frames: u64,
    /// Its connections, in the order of their first frame.
    pub connections: Vec<Observed>,
    /// The texts of the notes.
    pub words: Words,
    /// Why it could not be read, or not to its end. What came before that is known.
    pub error: Option<ExpectedError>,
}

/// Reads a recording. `on_progress` is told how many octets of it were read.
pub fn read(
    path: &Path,
    keys: Result<Keys, ExpectedError>,
    options: Options,
    mut on_progress: impl FnMut(u64),
) -> Side {
    const EVERY: u64 = 1024;
    let mut side = Reader::default();
    let read = keys.and_then(|keys| {
        let mut file = CaptureFile::open(path, &CaptureOptions::default())?;
        pipeline::run(&mut file, &keys, options, |entry, octets| {
            side.see(entry);
            if side.frames.is_multiple_of(EVERY) {
                on_progress(octets);
            }
            true
        })
    });
    side.end(path, read.err())
}

#[derive(Debug)]
struct Reader {
    connections: Connections,
    observers: Vec<Observer>,
    namer: Namer,
    words: Words,
    frames: u64,
    end: Mark,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            connections: Connections::default(),
            observers: Vec::new(),
            namer: Namer::default(),
            words: Words::default(),
            frames: 0,
            end: Mark { frame: 0, time: 0 },
        }
    }
}

impl Reader {
    fn see(&mut self, entry: &Entry) {
        self.frames += 1;
        self.end = Mark { frame: entry.frame, time: entry.time.max(self.end.time) };
        let Some(placed) = self.connections.place(entry) else { return };
        let at = placed.connection;
        if self.observers.len() <= at {
            self.observers.resize_with(at + 1, Observer::default);
        }
        let (Some(connection), Some(observer)) =
            (self.connections.list().get(at), self.observers.get_mut(at))
        else {
            return;
        };
        let layers = entry.layers.get(placed.from_layer..).unwrap_or_default();
        let seen = Seen { entry, layers, sender: placed.sender, connection };
        observer.see(&seen, &mut self.namer, &mut self.words);
    }

    fn end(mut self, path: &Path, error: Option<ExpectedError>) -> Side {
        let observers = std::mem::take(&mut self.observers).into_iter();
        let judged = self.connections.list().iter().zip(observers);
        let connections = judged
            .filter_map(|(connection, observer)| observer.end(connection, self.end, &mut self.words))
            .collect();
        Side { path: path.to_owned(), frames: self.frames, connections, words: self.words, error }
    }
}
