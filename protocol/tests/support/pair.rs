//! Two ends of one layer in virtual time: what one sends, the other receives after the latency of the link, and the
//! clock jumps to whatever comes first, an arrival or a deadline.

use std::collections::BTreeMap;
use std::time::Duration;

use l2tpspec_protocol::cx::{Cx, KeyLog, NoKeyLog};
use l2tpspec_protocol::entropy::Seeded;
use l2tpspec_protocol::layer::{Input, Layer, Output};
use l2tpspec_protocol::time::Instant;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

impl std::ops::Not for Side {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// What the link does with a unit: delivers each of these after its latency and the given delay more.
pub(crate) type Fate<B> = Vec<(Duration, B)>;

/// Decides what becomes of the unit that a side sends, the how many-th it is from that side, from 0.
pub(crate) type Link<B> = Box<dyn FnMut(Side, usize, B) -> Fate<B>>;

/// An end and what came out of it.
pub(crate) struct End<L: Layer> {
    pub(crate) layer: L,
    pub(crate) entropy: Seeded,
    /// When it said what.
    pub(crate) events: Vec<(Instant, L::Event)>,
    /// When it received what for the layer above.
    pub(crate) received: Vec<(Instant, L::Above)>,
    /// When it sent what.
    pub(crate) sent: Vec<(Instant, L::Below)>,
}

/// Two ends, a link and a clock.
pub(crate) struct Pair<L: Layer> {
    pub(crate) now: Instant,
    pub(crate) latency: Duration,
    pub(crate) left: End<L>,
    pub(crate) right: End<L>,
    pub(crate) link: Link<L::Below>,
    pub(crate) key_log: Box<dyn KeyLog>,
    arrivals: BTreeMap<(Instant, u64), (Side, L::Below)>,
    next_arrival: u64,
}

impl<L: Layer> Pair<L>
where
    L::Below: Clone,
{
    /// Two ends over a perfect link of 10 ms.
    pub(crate) fn new(left: L, right: L) -> Self {
        let end = |layer, seed: &[u8]| End {
            layer,
            entropy: Seeded::new(seed),
            events: Vec::new(),
            received: Vec::new(),
            sent: Vec::new(),
        };
        Self {
            now: Instant::START,
            latency: Duration::from_millis(10),
            left: end(left, b"left"),
            right: end(right, b"right"),
            link: Box::new(|_, _, unit| vec![(Duration::ZERO, unit)]),
            key_log: Box::new(NoKeyLog),
            arrivals: BTreeMap::new(),
            next_arrival: 0,
        }
    }

    pub(crate) fn end(&mut self, side: Side) -> &mut End<L> {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }

    /// Gives a side an input, now, and lets what it sends fall onto the link.
    pub(crate) fn input(&mut self, side: Side, input: Input<L::Below, L::Above, L::Command>) {
        let now = self.now;
        let end = match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        };
        let mut cx = Cx { now, entropy: &mut end.entropy, key_log: &mut *self.key_log };
        end.layer.handle_input(&mut cx, input);
        while let Some(output) = end.layer.poll_output() {
            match output {
                Output::ToBelow(unit) => {
                    let number = end.sent.len();
                    end.sent.push((now, unit.clone()));
                    for (delay, unit) in (self.link)(side, number, unit) {
                        let key = (now + self.latency + delay, self.next_arrival);
                        self.next_arrival += 1;
                        self.arrivals.insert(key, (!side, unit));
                    }
                }
                Output::ToAbove(unit) => end.received.push((now, unit)),
                Output::Event(event) => end.events.push((now, event)),
            }
        }
    }

    /// Gives a side a command, now.
    pub(crate) fn command(&mut self, side: Side, command: L::Command) {
        self.input(side, Input::Command(command));
    }

    /// Lets time pass up to the next arrival or deadline. Whether there was one before `until`.
    pub(crate) fn step(&mut self, until: Instant) -> bool {
        let arrival = self.arrivals.keys().next().map(|(moment, _)| *moment);
        let timers = [self.left.layer.next_timeout(), self.right.layer.next_timeout()];
        let Some(next) = arrival.into_iter().chain(timers.into_iter().flatten()).min() else { return false };
        if next > until {
            return false;
        }
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let (_, (side, unit)) = self.arrivals.pop_first().expect("an arrival");
            self.input(side, Input::FromBelow(unit));
        } else {
            let side = if timers[0] == Some(next) { Side::Left } else { Side::Right };
            self.input(side, Input::Timeout);
        }
        true
    }

    /// Lets `duration` pass. A live-lock, more than 100 000 steps, is a failure.
    pub(crate) fn run(&mut self, duration: Duration) {
        let until = self.now + duration;
        for _ in 0..100_000 {
            if !self.step(until) {
                self.now = until;
                return;
            }
        }
        panic!("the ends never come to rest before {until}");
    }
}
