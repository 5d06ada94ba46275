//! How the links of a connection are judged, and when a suspicion becomes a violation.

use super::links::{Links, Turn};
use crate::rule::l2tp::path;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::Layer;
use crate::transcript::connection::Role;

/// Whether a judge looks at user traffic too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// At what both ends negotiate.
    AtControl,
    /// At every frame.
    AtAll,
}

/// A judge of what happens on links.
struct Judge<S> {
    links: Links,
    suspicions: Suspicions,
    state: S,
    looks: Looks,
    look: fn(&mut S, &Turn<'_>, &mut Report<'_>),
    look_back: fn(&mut S, &Links, &mut Report<'_>),
}

/// Makes a judge that looks at each frame before its link learns from it.
pub(super) fn judge<S: Default + 'static>(
    looks: Looks,
    look: fn(&mut S, &Turn<'_>, &mut Report<'_>),
) -> Box<dyn Rule> {
    judge_with_end(looks, look, |_, _, _| {})
}

/// Makes a judge that looks at each frame before its link learns from it, and back at the end.
pub(super) fn judge_with_end<S: Default + 'static>(
    looks: Looks,
    look: fn(&mut S, &Turn<'_>, &mut Report<'_>),
    look_back: fn(&mut S, &Links, &mut Report<'_>),
) -> Box<dyn Rule> {
    let (links, suspicions, state) = (Links::default(), Suspicions::default(), S::default());
    Box::new(Judge { links, suspicions, state, looks, look, look_back })
}

impl<S> Rule for Judge<S> {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        self.suspicions.cross(seen);
        if self.links.watch(seen) {
            self.suspicions.explain(seen.entry.time);
        }
        let is_control = |layer: &Layer| matches!(layer, Layer::PppControl(_));
        if (self.looks == Looks::AtAll || seen.layers.iter().any(is_control))
            && let Some(turn) = self.links.turn(seen)
        {
            (self.look)(&mut self.state, &turn, report);
            self.suspicions.take(&turn);
        }
        self.links.learn(seen);
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.suspicions.report(report);
        (self.look_back)(&mut self.state, &self.links, report);
    }
}

/// A violation that a frame missing from the recording would explain.
#[derive(Debug)]
struct Suspicion {
    frame: u64,
    role: Role,
    time: i64,
    text: String,
}

/// Suspicions that wait for what the recording shows next: that a frame is missing, or was recorded late, is seen only
/// by the one after it.
#[derive(Debug, Default)]
pub(in crate::rule) struct Suspicions(Vec<Suspicion>);

impl Suspicions {
    /// How long a gap may take to show.
    const WAIT: i64 = 30 * path::SECOND;

    /// Frames closer than this may have been recorded in the wrong order.
    const CROSSING: i64 = path::MILLISECOND;

    /// Drops those of frames that crossed this one of the peer's.
    pub(in crate::rule) fn cross(&mut self, seen: &Seen<'_>) {
        let (now, sender) = (seen.entry.time, seen.sender);
        self.0.retain(|suspicion| now - suspicion.time > Self::CROSSING || Some(suspicion.role) == sender);
    }

    /// Takes those of a turn.
    pub(in crate::rule) fn take(&mut self, turn: &Turn<'_>) {
        let (frame, role, time) = (turn.frame, turn.sender, turn.time);
        let texts = turn.suspicions.take();
        self.0.extend(texts.into_iter().map(|text| Suspicion { frame, role, time, text }));
    }

    /// Drops those that a gap explains which shows now.
    pub(in crate::rule) fn explain(&mut self, now: i64) {
        self.0.retain(|suspicion| now - suspicion.time > Self::WAIT);
    }

    /// Reports those that are left.
    pub(in crate::rule) fn report(&mut self, report: &mut Report<'_>) {
        for Suspicion { frame, role, text, .. } in self.0.drain(..) {
            report.violation(frame, Some(role), text);
        }
    }
}
