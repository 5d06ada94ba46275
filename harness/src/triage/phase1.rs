//! One phase 1 exchange (RFC 2409 sections 5.4 and 5).

use l2tpspec_protocol::isakmp::wire::{Body, ExchangeType, NotifyType};

use super::ike::Message;
use super::ladder::Ladder;
use super::mark::{Both, Frames, Mark, Side};
use super::offer;
use super::rung::Rung;
use crate::transcript::layer::HashVerdict;

/// The initiator's cookie.
pub(super) type Cookie = [u8; 8];

/// How long an end may take until its silence counts, nanoseconds.
const PATIENCE: i64 = 5_000_000_000;

/// An error that was notified.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    pub(super) side: Side,
    pub(super) frame: u64,
    pub(super) notify: NotifyType,
}

/// One phase 1 exchange.
#[derive(Debug)]
pub(super) struct PhaseOne {
    pub(super) cookie: Cookie,
    pub(super) initiator: Side,
    pub(super) begin: Mark,
    /// Whether its first message is in the recording.
    pub(super) is_whole: bool,
    pub(super) is_aggressive: bool,
    pub(super) is_rekey: bool,
    pub(super) offered: Vec<String>,
    pub(super) chosen: Option<String>,
    /// The six messages of Main Mode or the three of Aggressive Mode, each with its copies.
    pub(super) messages: [Frames; 6],
    /// The first message of the responder, of any kind.
    pub(super) answered: Option<Mark>,
    /// What the responder said instead of its last message and nobody can read.
    pub(super) unreadable: Frames,
    pub(super) refusals: Vec<Refusal>,
    /// A frame whose HASH payload is wrong.
    pub(super) wrong_hash: Both<Option<u64>>,
    pub(super) identities: Both<Option<String>>,
    /// When it moved from UDP port 500 to 4500.
    pub(super) floated: Option<Mark>,
    begun_on_500: bool,
    pub(super) heard_on_4500: Both<bool>,
    /// The first message that needs this exchange to be complete.
    pub(super) after: Option<Mark>,
    pub(super) deleted: Option<Mark>,
}

impl PhaseOne {
    pub(super) fn new(message: &Message<'_>, is_rekey: bool) -> Self {
        Self {
            cookie: message.cookie(),
            initiator: message.side,
            begin: message.mark,
            is_whole: message.is_opening(),
            is_aggressive: message.isakmp.header.exchange_type == ExchangeType::Aggressive,
            is_rekey,
            offered: Vec::new(),
            chosen: None,
            messages: Default::default(),
            answered: None,
            unreadable: Frames::default(),
            refusals: Vec::new(),
            wrong_hash: Both::default(),
            identities: Both::default(),
            floated: None,
            begun_on_500: !message.on_4500,
            heard_on_4500: Both::default(),
            after: None,
            deleted: None,
        }
    }

    pub(super) fn see(&mut self, message: &Message<'_>) {
        let Message { side, mark, .. } = *message;
        let is_initiator = side == self.initiator;
        if !is_initiator {
            self.answered.get_or_insert(mark);
        }
        self.heard_on_4500[side] |= message.on_4500;
        if message.on_4500 && self.begun_on_500 {
            self.floated.get_or_insert(mark);
        }
        if let Some(number) = self.number(message) {
            self.messages[number].note(mark);
        }
        for body in message.bodies() {
            match body {
                Body::SecurityAssociation(sa) if is_initiator && self.offered.is_empty() => {
                    self.offered = offer::transforms(sa);
                }
                Body::SecurityAssociation(sa) if !is_initiator && self.chosen.is_none() => {
                    self.chosen = offer::transforms(sa).into_iter().next();
                }
                Body::Identification(id) => self.identities[side] = Some(offer::identity(id)),
                Body::Notification(notification)
                    if (1..8192).contains(&notification.notify_type.number()) =>
                {
                    self.refusals.push(Refusal { side, frame: mark.frame, notify: notification.notify_type });
                }
                _ => {}
            }
        }
        if message.is_readable && message.isakmp.hash == HashVerdict::Wrong {
            self.wrong_hash[side].get_or_insert(mark.frame);
        }
    }

    /// Which message of the exchange it is, from 0.
    fn number(&self, message: &Message<'_>) -> Option<usize> {
        let is_initiator = message.side == self.initiator;
        let is_encrypted = message.isakmp.header.has_encrypted_body();
        let has_sa = message.has(|body| matches!(body, Body::SecurityAssociation(_)));
        if self.is_aggressive {
            return match (is_initiator, has_sa) {
                (true, true) => Some(0),
                (false, _) => Some(1),
                (true, false) => Some(2),
            };
        }
        if is_encrypted {
            return Some(if is_initiator { 4 } else { 5 });
        }
        let has_key = message.has(|body| matches!(body, Body::KeyExchange(_)));
        match (is_initiator, has_sa, has_key) {
            (true, true, _) => Some(0),
            (false, true, _) => Some(1),
            (true, false, true) => Some(2),
            (false, false, true) => Some(3),
            (_, false, false) => None,
        }
    }

    /// When both ends were satisfied. Without keys, the last message and what follows it decide.
    pub(super) fn up(&self) -> Option<Mark> {
        let (own, last) = if self.is_aggressive { (1, 2) } else { (4, 5) };
        let done = self.messages[last].begin();
        if self.after.is_some() {
            return done.or(self.after);
        }
        let done = done?;
        // The message before it is sent again, or its receiver complains: it was lost or refused.
        let is_contradicted = self.messages[own].is_after(Some(done))
            || Side::ALL.iter().any(|side| self.wrong_hash[*side].is_some())
            || self.refusals.iter().any(|refusal| refusal.frame > done.frame);
        (!is_contradicted).then_some(done)
    }

    /// Whether the exchange came to a halt after message `number`: it is repeated, or the message before it, or
    /// nothing came for long.
    fn is_stalled_after(&self, number: usize, end: Mark) -> bool {
        let reached = &self.messages[number];
        let Some(last) = reached.last() else { return false };
        reached.count() > 1
            || number > 0 && self.messages[number - 1].is_after(reached.begin())
            || !self.refusals.is_empty()
            || end.time - last.time >= PATIENCE
    }

    /// Writes the rungs of phase 1.
    pub(super) fn climb(&self, ladder: &mut Ladder, end: Mark) {
        let begin = |number: usize| self.messages[number].begin();
        // Of an exchange that the recording shows in part, only what was reached can be told.
        let tried = |mark: Option<Mark>| mark.filter(|_| self.is_whole);
        let stalled = |number: usize| begin(number).filter(|_| self.is_stalled_after(number, end));
        let first = tried(begin(0));
        if self.is_aggressive {
            ladder.set(Rung::IkeAnswered, first, self.answered.or_else(|| begin(2)));
            ladder.set(Rung::ProposalChosen, first, begin(1).or_else(|| begin(2)));
            ladder.set(Rung::KeyExchanged, first, begin(1).or_else(|| begin(2)));
            ladder.set(Rung::Phase1Up, tried(begin(1)), self.up());
            return;
        }
        ladder.set(Rung::IkeAnswered, first, self.answered.or_else(|| begin(2)));
        ladder.set(Rung::ProposalChosen, first, begin(1).or_else(|| begin(2)));
        let keys = begin(2).or_else(|| stalled(1));
        ladder.set(Rung::KeyExchanged, tried(keys), begin(3).or_else(|| begin(4)));
        let proofs = begin(4).or_else(|| stalled(3));
        ladder.set(Rung::Phase1Up, tried(proofs), self.up());
    }
}
