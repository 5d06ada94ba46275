//! What was tried and what was reached, rung by rung.

use std::ops::RangeInclusive;

use super::mark::Mark;
use super::rung::Rung;

/// What is known of one rung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// The first frame that tries to reach it.
    pub tried: Option<Mark>,
    /// The frame that shows that it is reached.
    pub reached: Option<Mark>,
}

/// All rungs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ladder {
    steps: [Step; Rung::ALL.len()],
}

impl Ladder {
    /// What is known of a rung.
    #[must_use]
    pub fn step(&self, rung: Rung) -> Step {
        self.steps[rung as usize]
    }

    pub(super) fn set(&mut self, rung: Rung, tried: Option<Mark>, reached: Option<Mark>) {
        self.steps[rung as usize] = Step { tried: tried.or(reached), reached };
    }

    /// What came after lower rungs were tried, and needs them, shows that they were reached although the frame that
    /// would say so is not in the recording.
    pub(super) fn imply(&mut self, rungs: RangeInclusive<Rung>, proof: Rung) {
        let Some(shown) = self.step(proof).reached else { return };
        for rung in Rung::ALL.into_iter().filter(|rung| rungs.contains(rung)) {
            let step = &mut self.steps[rung as usize];
            if step.tried.is_some_and(|tried| tried <= shown) {
                step.reached.get_or_insert(shown);
            }
        }
    }

    /// The last rung reached before the first that was tried and not reached, and that one.
    #[must_use]
    pub fn verdict(&self) -> (Rung, Option<Rung>) {
        let mut last = Rung::NothingHeard;
        for rung in Rung::ALL.into_iter().skip(1) {
            match self.step(rung) {
                Step { reached: Some(_), .. } => last = rung,
                Step { tried: Some(_), reached: None } => return (last, Some(rung)),
                Step { tried: None, reached: None } => {}
            }
        }
        (last, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(frame: u64) -> Option<Mark> {
        Some(Mark { frame, time: 0 })
    }

    #[test]
    fn a_rung_that_was_never_tried_is_no_failure() {
        let mut ladder = Ladder::default();
        assert_eq!(ladder.verdict(), (Rung::NothingHeard, None));
        ladder.set(Rung::TunnelUp, at(1), at(3));
        ladder.set(Rung::DataBothWays, at(7), at(8));
        assert_eq!(ladder.verdict(), (Rung::DataBothWays, None));
    }

    #[test]
    fn the_first_rung_that_was_tried_in_vain_decides() {
        let mut ladder = Ladder::default();
        ladder.set(Rung::IkeAnswered, at(1), at(2));
        ladder.set(Rung::Phase1Up, at(5), None);
        ladder.set(Rung::TunnelUp, at(7), at(8));
        assert_eq!(ladder.verdict(), (Rung::IkeAnswered, Some(Rung::Phase1Up)));
    }

    #[test]
    fn what_follows_shows_what_the_recording_lacks_but_only_if_it_was_tried_before() {
        let mut ladder = Ladder::default();
        ladder.set(Rung::LcpUp, at(4), None);
        ladder.set(Rung::IpcpUp, at(9), None);
        ladder.set(Rung::DataBothWays, at(6), at(7));
        ladder.imply(Rung::LcpUp..=Rung::IpcpUp, Rung::DataBothWays);
        assert_eq!(ladder.step(Rung::LcpUp).reached, at(7));
        assert_eq!(ladder.step(Rung::Authenticated), Step::default());
        assert_eq!(ladder.verdict(), (Rung::LcpUp, Some(Rung::IpcpUp)));
    }
}
