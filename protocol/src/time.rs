//! Time as every layer knows it: microseconds since the start of the run, lent by the caller, and a table of what
//! a layer wants to be woken for.

use core::fmt;
use core::ops::Add;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

/// A moment, in microseconds since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of the run.
    pub const START: Self = Self(0);

    /// The moment that many microseconds after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; nothing if it is yet to come.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// The moment `wait` later, or the last moment there is.
    fn add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&(self.0 / 1_000_000), f)?;
        write!(f, ".{:06} s", self.0 % 1_000_000)
    }
}

/// What a layer wants to be woken for, at most one moment a reason. Setting, stopping and taking cost O(log n), and
/// asking for the next does too.
///
/// A reason is usually an enum whose variants say "When to ...", with the peer it concerns. Reasons due at the same
/// moment come in their own order.
#[derive(Debug, Clone)]
pub struct Deadlines<K> {
    by_reason: BTreeMap<K, Instant>,
    by_moment: BTreeSet<(Instant, K)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { by_reason: BTreeMap::new(), by_moment: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Deadlines<K> {
    /// Waits for `moment`, instead of the moment that the same reason waited for.
    pub fn set(&mut self, reason: K, moment: Instant) {
        if let Some(old) = self.by_reason.insert(reason.clone(), moment) {
            self.by_moment.remove(&(old, reason.clone()));
        }
        self.by_moment.insert((moment, reason));
    }

    /// Waits for this reason no longer. Whether it was waited for.
    pub fn stop(&mut self, reason: &K) -> bool {
        let Some(moment) = self.by_reason.remove(reason) else { return false };
        self.by_moment.remove(&(moment, reason.clone()))
    }

    /// Waits no longer for any reason of which `is_stopped` is true.
    pub fn stop_all(&mut self, mut is_stopped: impl FnMut(&K) -> bool) {
        self.by_reason.retain(|reason, _| !is_stopped(reason));
        let by_reason = &self.by_reason;
        self.by_moment.retain(|(_, reason)| by_reason.contains_key(reason));
    }

    /// The moment that this reason waits for.
    #[must_use]
    pub fn get(&self, reason: &K) -> Option<Instant> {
        self.by_reason.get(reason).copied()
    }

    /// The next moment of all.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.by_moment.first().map(|(moment, _)| *moment)
    }

    /// The reason that is waited for next, and its moment.
    #[must_use]
    pub fn next_reason(&self) -> Option<(Instant, &K)> {
        self.by_moment.first().map(|(moment, reason)| (*moment, reason))
    }

    /// Takes one reason whose moment has come.
    pub fn take_due(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, reason) = self.by_moment.pop_first()?;
        self.by_reason.remove(&reason);
        Some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn moments_are_counted_from_the_start_and_never_overflow() {
        assert_eq!(Instant::START + Duration::from_millis(2), at(2000));
        assert_eq!(at(2000).since(at(500)), Duration::from_micros(1500));
        assert_eq!(at(500).since(at(2000)), Duration::ZERO);
        assert_eq!(at(5) + Duration::MAX, at(u64::MAX));
        assert_eq!(at(1_000_042).to_string(), "1.000042 s");
    }

    #[test]
    fn a_reason_waits_for_one_moment_only() {
        let mut deadlines = Deadlines::default();
        deadlines.set('a', at(5));
        deadlines.set('a', at(3));
        deadlines.set('b', at(4));
        assert_eq!(deadlines.next_reason(), Some((at(3), &'a')));
        assert!(deadlines.stop(&'a'));
        assert!(!deadlines.stop(&'a'));
        assert_eq!((deadlines.get(&'a'), deadlines.get(&'b')), (None, Some(at(4))));
        assert_eq!(deadlines.take_due(at(3)), None);
        assert_eq!(deadlines.take_due(at(4)), Some('b'));
        assert_eq!(deadlines.next(), None);
    }

    #[test]
    fn reasons_of_one_moment_come_in_their_order() {
        let mut deadlines = Deadlines::default();
        for reason in ['c', 'a', 'b'] {
            deadlines.set(reason, at(1));
        }
        deadlines.stop_all(|reason| *reason == 'b');
        assert_eq!([(); 3].map(|()| deadlines.take_due(at(1))), [Some('a'), Some('c'), None]);
    }

    proptest! {
        #[test]
        fn what_is_taken_is_due_and_the_earliest(sets in prop::collection::vec((0u8..8, 0u64..50), 0..40), now in 0u64..50) {
            let mut deadlines = Deadlines::default();
            let mut plain = BTreeMap::new();
            for (reason, moment) in sets {
                deadlines.set(reason, at(moment));
                plain.insert(reason, at(moment));
            }
            let mut due: Vec<_> = plain.iter().filter(|(_, m)| **m <= at(now)).map(|(r, m)| (*m, *r)).collect();
            due.sort_unstable();
            let taken: Vec<_> = std::iter::from_fn(|| deadlines.take_due(at(now))).collect();
            prop_assert_eq!(taken, due.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>());
            prop_assert!(deadlines.next().is_none_or(|next| next > at(now)));
        }
    }
}
