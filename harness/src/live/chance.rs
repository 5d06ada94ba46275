//! Chance as the operating system gives it, and the clock on the wall: what the layers are lent when they speak for real.

use std::io;

use l2tpspec_protocol::cx::Entropy;
use l2tpspec_protocol::time::Instant;

/// How many octets are fetched at a time: every ESP packet wants an IV, and a system call for each would cost more than its
/// encryption.
const FETCHED: usize = 4096;

/// Random octets of the system.
pub(super) struct Chance {
    octets: Box<[u8; FETCHED]>,
    used: usize,
}

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chance").finish_non_exhaustive()
    }
}

impl Chance {
    /// The first octets.
    ///
    /// # Errors
    /// If the system has none.
    pub(super) fn new() -> io::Result<Self> {
        let mut octets = Box::new([0; FETCHED]);
        getrandom::fill(&mut octets[..]).map_err(io::Error::other)?;
        Ok(Self { octets, used: 0 })
    }
}

impl Entropy for Chance {
    /// # Panics
    /// If the system, which had random octets when this was made, has none any more: nothing may be sent then.
    fn fill(&mut self, _label: &'static str, out: &mut [u8]) {
        for chunk in out.chunks_mut(FETCHED) {
            if FETCHED - self.used < chunk.len() {
                getrandom::fill(&mut self.octets[..]).expect("the system has random octets");
                self.used = 0;
            }
            let fresh = &mut self.octets[self.used..self.used + chunk.len()];
            chunk.copy_from_slice(fresh);
            // What was given away is nobody else's to read.
            fresh.fill(0);
            self.used += chunk.len();
        }
    }
}

/// Time since the start of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(tokio::time::Instant);

impl Clock {
    /// A clock that starts now.
    pub(super) fn start() -> Self {
        Self(tokio::time::Instant::now())
    }

    /// The moment.
    pub(super) fn now(self) -> Instant {
        Instant::START + self.0.elapsed()
    }

    /// A moment, as the runtime waits for it.
    pub(super) fn when(self, moment: Instant) -> tokio::time::Instant {
        let after = moment.since(Instant::START);
        // A moment that no clock reaches is never waited for to its end.
        self.0.checked_add(after).unwrap_or_else(|| self.0 + std::time::Duration::from_secs(86_400))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_octets_are_given_twice() {
        let mut chance = Chance::new().expect("random octets");
        let mut seen = BTreeSet::new();
        for _ in 0..3 * FETCHED / 16 {
            let mut out = [0; 16];
            chance.fill("test", &mut out);
            assert!(seen.insert(out), "{out:x?} came twice");
        }
    }

    #[test]
    fn what_is_longer_than_what_is_fetched_is_filled_to_its_end() {
        let mut chance = Chance::new().expect("random octets");
        let mut out = vec![0; 3 * FETCHED + 5];
        chance.fill("test", &mut out);
        let empty = out.chunks(16).filter(|chunk| chunk.len() == 16 && chunk.iter().all(|octet| *octet == 0));
        assert_eq!(empty.count(), 0);
    }

    #[test]
    fn a_moment_without_end_is_still_one_to_wait_for() {
        let clock = Clock::start();
        assert!(clock.when(Instant::from_micros(u64::MAX)) > clock.when(Instant::from_micros(1_000_000)));
    }
}
