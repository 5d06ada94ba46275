//! The anti-replay window (RFC 4303 section 3.4.3, ESP-4303-3.4.3-a). It knows sequence numbers of 32 bits and
//! nothing of packets; extended sequence numbers are not covered.

/// What the window says of a sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was not accepted before.
    New,
    /// It was accepted before (ESP-4303-3.4.3-c).
    Duplicate,
    /// It stands left of the window, so nobody knows (ESP-4303-3.4.3-c).
    TooOld,
    /// It is zero, which no sender with anti-replay uses (ESP-4303-3.3.3-a).
    Zero,
}

/// The sequence numbers accepted lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayWindow {
    size: u32,
    highest: u32,
    /// A ring of bits, one for each sequence number of the window. It has a word more than the window needs, so
    /// that the word which the highest number stands in never holds numbers of the window's other end.
    words: Vec<u64>,
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self::with_size(Self::DEFAULT)
    }
}

impl ReplayWindow {
    /// The recommended size, in packets (ESP-4303-3.4.3-b).
    pub const DEFAULT: u32 = 64;
    /// The least size, in packets (ESP-4303-3.4.3-b).
    pub const LEAST: u32 = 32;

    /// A window of `size` packets that nothing was accepted into. `None` if that is below
    /// [`ReplayWindow::LEAST`].
    #[must_use]
    pub fn new(size: u32) -> Option<Self> {
        (size >= Self::LEAST).then(|| Self::with_size(size))
    }

    fn with_size(size: u32) -> Self {
        let words = usize::try_from(size.div_ceil(64)).unwrap_or(usize::MAX).saturating_add(1);
        Self { size, highest: 0, words: vec![0; words] }
    }

    /// The size, in packets.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// The highest sequence number accepted, the right edge of the window; zero before the first.
    #[must_use]
    pub const fn highest(&self) -> u32 {
        self.highest
    }

    /// Judges a sequence number and changes nothing: this comes before the Integrity Check Value is verified.
    #[must_use]
    pub fn check(&self, sequence_number: u32) -> Verdict {
        if sequence_number == 0 {
            return Verdict::Zero;
        }
        match self.highest.checked_sub(sequence_number) {
            None => Verdict::New,
            Some(behind) if behind >= self.size => Verdict::TooOld,
            Some(_) => {
                let (word, bit) = self.place(sequence_number);
                match self.words.get(word) {
                    Some(word) if word & bit == 0 => Verdict::New,
                    _ => Verdict::Duplicate,
                }
            }
        }
    }

    /// Judges a sequence number and, if it is new, accepts it and moves the window. Only for packets whose
    /// Integrity Check Value was verified (ESP-4303-3.4.3-d).
    pub fn accept(&mut self, sequence_number: u32) -> Verdict {
        let verdict = self.check(sequence_number);
        if verdict == Verdict::New {
            self.advance(sequence_number);
            let (word, bit) = self.place(sequence_number);
            if let Some(word) = self.words.get_mut(word) {
                *word |= bit;
            }
        }
        verdict
    }

    /// Moves the right edge, emptying the words that it enters.
    fn advance(&mut self, sequence_number: u32) {
        if sequence_number <= self.highest {
            return;
        }
        let first = (self.highest / 64).saturating_add(1);
        let last = sequence_number / 64;
        let ring = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let first = first.max(last.saturating_sub(ring.saturating_sub(1)));
        for number in first..=last {
            let at = self.ring_index(number);
            if let Some(word) = self.words.get_mut(at) {
                *word = 0;
            }
        }
        self.highest = sequence_number;
    }

    fn place(&self, sequence_number: u32) -> (usize, u64) {
        (self.ring_index(sequence_number / 64), 1 << (sequence_number % 64))
    }

    fn ring_index(&self, word: u32) -> usize {
        usize::try_from(word).ok().and_then(|word| word.checked_rem(self.words.len())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn sizes_below_32_are_refused_and_64_is_the_default() {
        assert!(ReplayWindow::new(31).is_none());
        assert_eq!(ReplayWindow::new(32).unwrap().size(), 32);
        assert_eq!(ReplayWindow::default().size(), 64);
    }

    #[test]
    fn zero_is_never_new() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.check(0), Verdict::Zero);
        assert_eq!(window.accept(0), Verdict::Zero);
        assert_eq!(window.accept(1), Verdict::New);
    }

    #[test]
    fn the_left_edge_is_exact_for_every_size() {
        for size in [32, 33, 63, 64, 65, 127, 128, 1000] {
            let mut window = ReplayWindow::new(size).unwrap();
            assert_eq!(window.accept(5000), Verdict::New);
            assert_eq!(window.check(5000 - size), Verdict::TooOld, "{size}");
            assert_eq!(window.accept(5000 - size + 1), Verdict::New, "{size}");
            assert_eq!(window.accept(5000 - size + 1), Verdict::Duplicate, "{size}");
            assert_eq!(window.accept(5001), Verdict::New, "{size}");
            assert_eq!(window.check(5000 - size + 1), Verdict::TooOld, "{size}");
            assert_eq!(window.check(5000), Verdict::Duplicate, "{size}");
        }
    }

    #[test]
    fn checking_moves_nothing() {
        let mut window = ReplayWindow::default();
        window.accept(1);
        let before = window.clone();
        assert_eq!(window.check(100_000), Verdict::New);
        assert_eq!(window, before, "a forged sequence number must not move the window");
        assert_eq!(window.accept(2), Verdict::New);
    }

    #[test]
    fn a_jump_forgets_all_and_the_greatest_number_is_reached() {
        let mut window = ReplayWindow::default();
        for sequence_number in 1..=200 {
            assert_eq!(window.accept(sequence_number), Verdict::New);
        }
        assert_eq!(window.accept(u32::MAX), Verdict::New);
        assert_eq!(window.accept(u32::MAX), Verdict::Duplicate);
        assert_eq!(window.accept(u32::MAX - 63), Verdict::New);
        assert_eq!(window.accept(u32::MAX - 64), Verdict::TooOld);
        assert_eq!(window.check(1), Verdict::TooOld);
        assert_eq!(window.highest(), u32::MAX);
    }

    proptest! {
        /// Compared with a window that remembers every number.
        #[test]
        fn agrees_with_a_window_of_perfect_memory(
            size in 32_u32..200,
            start in prop_oneof![Just(1_u32), Just(u32::MAX - 700), 1_u32..1_000_000],
            steps in prop::collection::vec(0_u32..600, 1..300),
        ) {
            let mut window = ReplayWindow::new(size).unwrap();
            let (mut seen, mut highest) = (BTreeSet::new(), 0_u32);
            for step in steps {
                let number = start + step;
                let want = match (number, highest.saturating_sub(number)) {
                    (0, _) => Verdict::Zero,
                    (_, behind) if behind >= size => Verdict::TooOld,
                    _ if seen.contains(&number) => Verdict::Duplicate,
                    _ => Verdict::New,
                };
                prop_assert_eq!(window.check(number), want);
                prop_assert_eq!(window.accept(number), want);
                if want == Verdict::New {
                    seen.insert(number);
                    highest = highest.max(number);
                }
            }
        }
    }
}
