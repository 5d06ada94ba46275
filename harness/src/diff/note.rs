//! What was noted of a connection: which end said or did what, and in which frame first.

use std::collections::HashMap;
use std::sync::Arc;

use super::timing::Measure;
use crate::transcript::connection::Role;

/// Every text of one side, kept once.
#[derive(Debug, Default)]
pub struct Words {
    list: Vec<Arc<str>>,
    // Only looked up, never walked.
    by_text: HashMap<Arc<str>, u32>,
}

/// A text of [`Words`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(u32);

impl Words {
    fn intern(&mut self, text: &str) -> Word {
        if let Some(found) = self.by_text.get(text) {
            return Word(*found);
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = Arc::from(text);
        self.list.push(Arc::clone(&text));
        self.by_text.insert(text, number);
        Word(number)
    }

    /// The text.
    #[must_use]
    pub fn text(&self, word: Word) -> Arc<str> {
        usize::try_from(word.0)
            .ok()
            .and_then(|at| self.list.get(at))
            .cloned()
            .unwrap_or_else(|| Arc::from(""))
    }
}

/// What is noted: a layer and a field, as in `l2tp/sccrp.host_name`.
pub type Key = Word;

/// One thing that an end said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub key: Key,
    /// Who said it.
    pub by: Role,
    /// What was said; `None` of the mere coming of a message.
    pub value: Option<Word>,
    /// The message that it is part of: where that came without it, it is absent.
    pub within: Option<Key>,
    /// The first frame.
    pub frame: u64,
}

/// Something measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// What it is about.
    pub key: Key,
    /// Who did it.
    pub by: Role,
    /// What was measured.
    pub measure: Measure,
    /// A frame that shows it.
    pub frame: u64,
}

/// The most that is noted of a connection: more is no behaviour but noise.
const MOST: usize = 4096;

/// What is known of one connection.
#[derive(Debug, Default)]
pub struct Notes {
    /// In the order in which it was first seen.
    pub list: Vec<Note>,
    /// What was measured.
    pub timed: Vec<Timed>,
}

impl Notes {
    /// The ends turn out to be the other way round.
    pub(super) fn turn(&mut self) {
        self.list.iter_mut().for_each(|note| note.by = !note.by);
        self.timed.iter_mut().for_each(|timed| timed.by = !timed.by);
    }
}

/// Notes being taken of one entry.
#[derive(Debug)]
pub(super) struct Notebook<'a> {
    pub(super) words: &'a mut Words,
    pub(super) notes: &'a mut Notes,
    pub(super) by: Role,
    pub(super) frame: u64,
}

/// A message whose parts are noted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carrier<'n> {
    layer: &'static str,
    name: &'n str,
    key: Key,
}

impl Notebook<'_> {
    fn key(&mut self, layer: &str, field: &str) -> Key {
        self.words.intern(&format!("{layer}/{field}"))
    }

    fn add(&mut self, key: Key, by: Role, value: Option<Word>, within: Option<Key>) {
        let is_same = |note: &Note| note.key == key && note.by == by && note.value == value;
        if self.notes.list.len() < MOST && !self.notes.list.iter().any(is_same) {
            self.notes.list.push(Note { key, by, value, within, frame: self.frame });
        }
    }

    /// Notes that a message came.
    pub(super) fn message<'n>(&mut self, layer: &'static str, name: &'n str) -> Carrier<'n> {
        let key = self.key(layer, name);
        self.add(key, self.by, None, None);
        Carrier { layer, name, key }
    }

    /// Notes a part of a message.
    pub(super) fn part(&mut self, carrier: Carrier<'_>, field: &str, value: &str) {
        let key = self.key(carrier.layer, &format!("{}.{field}", carrier.name));
        let value = self.words.intern(value);
        self.add(key, self.by, Some(value), Some(carrier.key));
    }

    /// Notes what stands for itself: where nothing is noted, nothing is known.
    pub(super) fn alone(&mut self, layer: &str, field: &str, value: &str) {
        self.of(self.by, layer, field, value);
    }

    /// Notes something about an end that did not send the entry at hand.
    pub(super) fn of(&mut self, by: Role, layer: &str, field: &str, value: &str) {
        let key = self.key(layer, field);
        let value = self.words.intern(value);
        self.add(key, by, Some(value), None);
    }

    /// Notes something measured.
    pub(super) fn timed(&mut self, by: Role, layer: &str, field: &str, measure: Measure) {
        let key = self.key(layer, field);
        let timed = Timed { key, by, measure, frame: self.frame };
        if self.notes.timed.len() < MOST {
            self.notes.timed.push(timed);
        }
    }
}
