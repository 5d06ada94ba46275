//! HASH payloads, where SKEYID is known: the transcript recomputes them, and these rules say whom a wrong one accuses.

use std::net::IpAddr;

use l2tpspec_protocol::isakmp::wire::{ExchangeType, PayloadType};

use super::judge::Memory;
use super::message::Message;
use super::negotiation::{Phase1, QuickModes};
use crate::rule::Report;
use crate::transcript::layer::HashVerdict;

/// What `HASH_I` and `HASH_R` cover, as far as it was recorded.
#[derive(Debug, Default)]
pub(super) struct Covered {
    phase1: Phase1,
    public: Vec<IpAddr>,
}

impl Memory for Covered {
    fn learn(&mut self, message: &Message<'_>) {
        self.phase1.learn(message);
        if message.is_phase1()
            && message.key_exchange().is_some()
            && message.nonce().is_some()
            && let Some(source) = message.source()
            && !self.public.contains(&source)
        {
            self.public.push(source);
        }
    }
}

fn is_wrong(message: &Message<'_>) -> bool {
    message.isakmp.hash == HashVerdict::Wrong && message.is_whole()
}

/// `HASH_I` and `HASH_R` are right (IKE-2409-5-j).
pub(super) fn proof(message: &Message<'_>, covered: &Covered, report: &mut Report<'_>) {
    let is_covered =
        covered.phase1.offer.is_some() && covered.phase1.chosen.is_some() && covered.public.len() == 2;
    if is_wrong(message) && message.is_phase1() && is_covered {
        message.violation(
            report,
            "sent a phase 1 HASH that the negotiation does not give; expected HASH_I or HASH_R",
        );
    }
}

/// HASH(1) and HASH(2) are right (IKE-2409-5.5-c).
pub(super) fn quick_mode(message: &Message<'_>, known: &QuickModes, report: &mut Report<'_>) {
    if !is_wrong(message) || !message.is(ExchangeType::QuickMode) {
        return;
    }
    // Only an ESP proposal with an SPI of its own tells an answer from an offer.
    let spi = message.sa().and_then(|sa| super::negotiation::spi(sa));
    let Some(spi) = spi.filter(|spi| spi.len() == 4) else { return };
    let name = match known.answered_by(message) {
        Some(offered)
            if super::negotiation::spi(&offered.offer)
                .is_some_and(|offered| offered.len() == 4 && offered != spi) =>
        {
            "HASH(2)"
        }
        None if known.is_begun_by(message) => "HASH(1)",
        _ => return,
    };
    message.violation(report, format!("sent a wrong {name} in Quick Mode; expected that of its payloads"));
}

/// HASH(3) is right (IKE-2409-5.5-d).
pub(super) fn quick_mode_end(message: &Message<'_>, known: &QuickModes, report: &mut Report<'_>) {
    let is_end = message.is(ExchangeType::QuickMode)
        && !message.has(PayloadType::SecurityAssociation)
        && !message.has(PayloadType::Nonce);
    let spis = known.find(message).and_then(super::negotiation::QuickMode::spis);
    let is_covered = matches!(spis, Some([offered, answered]) if offered.len() == 4 && answered.len() == 4 && offered != answered);
    if is_wrong(message) && is_end && is_covered {
        message.violation(report, "sent a wrong HASH(3) in Quick Mode; expected that of both nonces");
    }
}

/// The hash of a protected Informational is there, and right (IKE-2409-5.7-a).
pub(super) fn informational(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if !message.is(ExchangeType::Informational) || message.is_clear() || !message.is_whole() {
        return;
    }
    let first = message.payloads().first().map(|payload| payload.kind);
    if first.is_some_and(|first| first != PayloadType::Hash) {
        let text = format!("sent {} in an encrypted Informational; expected HASH first", message.summary());
        message.violation(report, text);
    } else if message.isakmp.hash == HashVerdict::Wrong {
        message.violation(report, "sent a wrong HASH in an Informational; expected that of its payloads");
    }
}
