//! Sources of chance that are pure functions of what they are given, for runs that can be repeated.

use std::collections::{BTreeMap, VecDeque};

use crate::crypto::hash::Hash;
use crate::cx::Entropy;

/// Octets that follow from a seed. Each label has a stream of its own, so that one more draw under one label changes
/// nothing under another. Not for keys that have to be secret.
#[derive(Debug, Clone)]
pub struct Seeded {
    seed: Vec<u8>,
    streams: BTreeMap<&'static str, Stream>,
}

#[derive(Debug, Clone, Default)]
struct Stream {
    next_block: u64,
    rest: VecDeque<u8>,
}

impl Seeded {
    /// The streams of a seed.
    #[must_use]
    pub fn new(seed: &[u8]) -> Self {
        Self { seed: seed.to_vec(), streams: BTreeMap::new() }
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, label: &'static str, out: &mut [u8]) {
        let stream = self.streams.entry(label).or_default();
        for octet in out {
            if stream.rest.is_empty() {
                let block = stream.next_block.to_be_bytes();
                stream.rest.extend(Hash::Sha256.hmac(&self.seed, &[label.as_bytes(), &[0], &block]));
                stream.next_block = stream.next_block.wrapping_add(1);
            }
            *octet = stream.rest.pop_front().unwrap_or_default();
        }
    }
}

/// Octets that are laid down for some draws, as those of a recording are, and come from elsewhere for the others.
#[derive(Debug, Clone)]
pub struct Scripted<E> {
    draws: BTreeMap<&'static str, VecDeque<Vec<u8>>>,
    /// Where the other draws come from.
    pub otherwise: E,
}

impl<E: Entropy> Scripted<E> {
    /// A script without a draw.
    pub const fn new(otherwise: E) -> Self {
        Self { draws: BTreeMap::new(), otherwise }
    }

    /// Lays down what the next draw under this label gives that is not laid down yet.
    #[must_use]
    pub fn then(mut self, label: &'static str, octets: &[u8]) -> Self {
        self.draws.entry(label).or_default().push_back(octets.to_vec());
        self
    }

    /// How many draws were laid down and not made.
    #[must_use]
    pub fn left(&self) -> usize {
        self.draws.values().map(VecDeque::len).sum()
    }
}

impl<E: Entropy> Entropy for Scripted<E> {
    /// A draw of another length than was laid down takes its beginning, and zeros beyond its end.
    fn fill(&mut self, label: &'static str, out: &mut [u8]) {
        let Some(octets) = self.draws.get_mut(label).and_then(VecDeque::pop_front) else {
            return self.otherwise.fill(label, out);
        };
        out.fill(0);
        for (to, from) in out.iter_mut().zip(octets) {
            *to = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(entropy: &mut impl Entropy, label: &'static str, length: usize) -> Vec<u8> {
        let mut octets = vec![0; length];
        entropy.fill(label, &mut octets);
        octets
    }

    #[test]
    fn streams_follow_from_seed_and_label_and_not_from_each_other() {
        let (mut one, mut other) = (Seeded::new(b"seed"), Seeded::new(b"seed"));
        let first = draw(&mut one, "a", 40);
        draw(&mut other, "b", 7);
        assert_eq!([draw(&mut other, "a", 3), draw(&mut other, "a", 37)].concat(), first);
        assert_ne!(draw(&mut one, "a", 40), first);
        assert_ne!(draw(&mut Seeded::new(b"other"), "a", 40), first);
        assert_ne!(draw(&mut Seeded::new(b"seed"), "c", 40), first);
    }

    #[test]
    fn a_script_gives_what_is_laid_down_and_then_the_rest() {
        let mut script = Scripted::new(Seeded::new(b"")).then("a", &[1, 2, 3]).then("a", &[4]);
        assert_eq!(script.left(), 2);
        assert_eq!(draw(&mut script, "a", 2), [1, 2]);
        assert_eq!(draw(&mut script, "b", 8), draw(&mut Seeded::new(b""), "b", 8));
        assert_eq!(draw(&mut script, "a", 2), [4, 0]);
        assert_eq!(draw(&mut script, "a", 8), draw(&mut Seeded::new(b""), "a", 8));
        assert_eq!(script.left(), 0);
    }
}
