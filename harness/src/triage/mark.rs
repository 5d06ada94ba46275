//! When something was seen, and by which of the two ends it was sent.

use std::fmt;
use std::ops::{Index, IndexMut, Not};

/// A place in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Number of the frame.
    pub frame: u64,
    /// Nanoseconds since the first frame.
    pub time: i64,
}

/// One of the two ends. Which of them is the client may come to light late, so that it is no part of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Whoever was heard first.
    A,
    /// The other one.
    B,
}

impl Side {
    pub(super) const ALL: [Self; 2] = [Self::A, Self::B];
}

impl Not for Side {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Something of each end.
#[derive(Debug, Clone, Default)]
pub(super) struct Both<T>([T; 2]);

impl<T> Index<Side> for Both<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        let [a, b] = &self.0;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }
}

impl<T> IndexMut<Side> for Both<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        let [a, b] = &mut self.0;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }
}

impl<T> Both<T> {
    /// What `of` finds at each end, if it finds something at both.
    pub(super) fn zip<U>(&self, of: impl Fn(&T) -> Option<U>) -> Option<(U, U)> {
        let [a, b] = &self.0;
        of(a).zip(of(b))
    }

    /// When the second of two things was seen.
    pub(super) fn later(&self, of: impl Fn(&T) -> Option<Mark>) -> Option<Mark> {
        self.zip(of).map(|(a, b)| a.max(b))
    }

    /// When the first of two things was seen.
    pub(super) fn earlier(&self, of: impl Fn(&T) -> Option<Mark>) -> Option<Mark> {
        let [a, b] = &self.0;
        of(a).into_iter().chain(of(b)).min()
    }
}

/// Frames that show the same thing: the first few by number, and how many there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    named: Vec<u64>,
    count: u64,
    begin: Option<Mark>,
    last: Option<Mark>,
}

/// Frames named before the rest is only counted.
const NAMED: usize = 5;

impl Frames {
    pub(super) fn note(&mut self, mark: Mark) {
        if self.named.len() < NAMED {
            self.named.push(mark.frame);
        }
        self.count += 1;
        self.begin.get_or_insert(mark);
        self.last = Some(mark);
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) const fn begin(&self) -> Option<Mark> {
        self.begin
    }

    pub(super) const fn last(&self) -> Option<Mark> {
        self.last
    }

    /// Whether one of the frames comes after `mark`.
    pub(super) fn is_after(&self, mark: Option<Mark>) -> bool {
        matches!((self.last, mark), (Some(last), Some(mark)) if last > mark)
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let further = self.count - self.named.len() as u64;
        f.write_str(if self.count == 1 { "frame " } else { "frames " })?;
        for (i, frame) in self.named.iter().enumerate() {
            let is_last = i + 1 == self.named.len() && further == 0;
            f.write_str(match (i, is_last) {
                (0, _) => "",
                (_, true) => " and ",
                (_, false) => ", ",
            })?;
            write!(f, "{frame}")?;
        }
        if further > 0 { write!(f, " and {further} more") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(numbers: impl IntoIterator<Item = u64>) -> String {
        let mut frames = Frames::default();
        for frame in numbers {
            frames.note(Mark { frame, time: 0 });
        }
        frames.to_string()
    }

    #[test]
    fn frames_are_named_up_to_five_and_then_counted() {
        assert_eq!(frames([7]), "frame 7");
        assert_eq!(frames([7, 9]), "frames 7 and 9");
        assert_eq!(frames([7, 9, 12]), "frames 7, 9 and 12");
        assert_eq!(frames(1..=5), "frames 1, 2, 3, 4 and 5");
        assert_eq!(frames(1..=7), "frames 1, 2, 3, 4, 5 and 2 more");
    }
}
