//! The numbered control messages of one end of a tunnel (RFC 2661 section 5.8).

use std::collections::VecDeque;

use l2tpspec_protocol::l2tp::wire::{ControlMessage, MessageType};

use crate::rule::l2tp::path::REORDERING;

/// Messages remembered, the latest ones.
const REMEMBERED: usize = 64;

/// A message and its repeats.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) ns: u16,
    pub(super) kind: Option<MessageType>,
    /// Frame of the first copy.
    pub(super) frame: u64,
    /// When the last copy was sent.
    pub(super) time: i64,
    /// What passed between the last two copies.
    pub(super) interval: Option<i64>,
    /// Copies, first one included, since the peer last acknowledged it.
    pub(super) unacknowledged: u32,
    /// When the first of those was sent.
    pub(super) unacknowledged_since: i64,
}

/// An acknowledgement: the highest Nr so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) nr: u16,
    pub(super) time: i64,
}

/// What a message is to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It takes no number, or has none.
    Unnumbered,
    /// The next one.
    Next,
    /// One or more before it are not in the recording.
    Skip,
    /// A repeat of the remembered message at this index; the recorder may have seen one datagram twice.
    Copy(usize),
    /// Too old to be remembered.
    Old,
}

/// What one end has sent.
#[derive(Debug, Default)]
pub(super) struct Flow {
    recent: VecDeque<Sent>,
    /// The number after the highest.
    next: Option<u16>,
    /// A number that the recording lacks.
    pub(super) missing: Option<u16>,
    pub(super) acknowledged: Option<Acknowledged>,
}

/// Whether `a` comes before `b` in the space of sequence numbers.
pub(super) const fn is_before(a: u16, b: u16) -> bool {
    a != b && b.wrapping_sub(a) < 0x8000
}

impl Flow {
    /// The number that the next message takes.
    pub(super) fn next(&self) -> u16 {
        self.next.unwrap_or(0)
    }

    /// Whether the recording has every message from number 0 on.
    pub(super) fn is_whole(&self) -> bool {
        self.missing.is_none()
    }

    pub(super) fn recent(&self) -> impl DoubleEndedIterator<Item = &Sent> {
        self.recent.iter()
    }

    pub(super) fn at(&self, index: usize) -> Option<&Sent> {
        self.recent.get(index)
    }

    /// What `message` is to those before it.
    pub(super) fn step(&self, message: &ControlMessage) -> Step {
        let Some(sequence) = message.header.sequence.filter(|_| !message.is_zlb()) else {
            return Step::Unnumbered;
        };
        let next = self.next();
        if sequence.ns == next {
            Step::Next
        } else if is_before(next, sequence.ns) {
            Step::Skip
        } else {
            self.recent.iter().position(|sent| sent.ns == sequence.ns).map_or(Step::Old, Step::Copy)
        }
    }

    /// Notes a message.
    pub(super) fn learn(&mut self, message: &ControlMessage, frame: u64, time: i64) {
        let Some(sequence) = message.header.sequence else { return };
        match self.step(message) {
            Step::Unnumbered | Step::Old => {}
            Step::Copy(index) => {
                let sent = &mut self.recent[index];
                let interval = time - sent.time;
                if interval >= REORDERING / 2 {
                    sent.interval = Some(interval);
                    sent.time = time;
                    sent.unacknowledged_since =
                        if sent.unacknowledged == 0 { time } else { sent.unacknowledged_since };
                    sent.unacknowledged += 1;
                }
            }
            step @ (Step::Next | Step::Skip) => {
                if step == Step::Skip && self.missing.is_none() {
                    self.missing = Some(self.next());
                }
                self.next = Some(sequence.ns.wrapping_add(1));
                if self.recent.len() == REMEMBERED {
                    self.recent.pop_front();
                }
                self.recent.push_back(Sent {
                    ns: sequence.ns,
                    kind: message.message_type(),
                    frame,
                    time,
                    interval: None,
                    unacknowledged: 1,
                    unacknowledged_since: time,
                });
            }
        }
        let is_higher = self.acknowledged.is_none_or(|known| is_before(known.nr, sequence.nr));
        if is_higher {
            self.acknowledged = Some(Acknowledged { nr: sequence.nr, time });
        }
    }

    /// Notes that the peer has said it expects `nr` next.
    pub(super) fn acknowledge(&mut self, nr: u16) {
        for sent in self.recent.iter_mut().filter(|sent| is_before(sent.ns, nr)) {
            sent.unacknowledged = 0;
        }
    }
}
