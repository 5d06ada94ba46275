//! The ISAKMP header: cookies, version, flags, length, Message ID.

use std::collections::BTreeMap;
use std::net::IpAddr;

use l2tpspec_protocol::codec::Why;
use l2tpspec_protocol::isakmp::wire::{ExchangeType, Header, NotifyType, PayloadType};

use super::judge::Memory;
use super::message::Message;
use crate::rule::{Report, Rule, Seen};

/// Where the Length field stands in the header.
const LENGTH_AT: usize = 24;
/// The flags that have a meaning.
const FLAGS: u8 = Header::ENCRYPTION | Header::COMMIT | Header::AUTHENTICATION_ONLY;
/// Exchanges or cookies remembered of one ISAKMP SA.
const MAX_REMEMBERED: usize = 1024;

/// A cookie in the text of a violation.
fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A message with an SA payload that already names a responder.
#[derive(Debug, Default)]
pub(super) struct FirstOffer(Option<(IpAddr, u64, [u8; 8])>);

impl Memory for FirstOffer {
    fn learn(&mut self, message: &Message<'_>) {
        if self.0.is_none()
            && message.negotiates_phase1()
            && !message.is_opening()
            && let Some(source) = message.source()
        {
            self.0 = Some((source, message.seen.entry.frame, message.header().responder_cookie));
        }
    }
}

/// The opening message has the initiator's cookie alone, and Message ID zero (ISAKMP-2408-2.4-a).
pub(super) fn opening(message: &Message<'_>, first: &FirstOffer, report: &mut Report<'_>) {
    if !message.negotiates_phase1() {
        return;
    }
    let header = message.header();
    if message.is_opening() {
        if header.initiator_cookie == [0; 8] {
            message
                .violation(report, "sent an initiator cookie of zero; expected a cookie of the sender's own");
        }
        if header.message_id != 0 {
            let text =
                format!("sent Message ID {:#010x} in the opening message; expected 0", header.message_id);
            message.violation(report, text);
        }
        return;
    }
    // Both sides sent an SA payload with a responder cookie: the first of them was the offer.
    if let FirstOffer(Some((offerer, frame, cookie))) = first
        && message.source().is_some_and(|source| source != *offerer)
    {
        let text = format!("sent responder cookie {} in the opening message; expected zero", hex(cookie));
        report.violation(*frame, message.seen.sender.map(|role| !role), text);
    }
}

/// The responder cookies of an ISAKMP SA.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// Those that came with a responder's SA payload.
    answered: Vec<[u8; 8]>,
    /// The first one heard, if the answer was not recorded.
    heard: Option<[u8; 8]>,
}

impl Memory for Pairs {
    fn learn(&mut self, message: &Message<'_>) {
        let cookie = message.header().responder_cookie;
        if cookie == [0; 8] || is_unprotected_report(message) {
            return;
        }
        if message.negotiates_phase1() {
            if self.answered.len() < MAX_REMEMBERED {
                self.answered.push(cookie);
            }
        } else {
            self.heard.get_or_insert(cookie);
        }
    }
}

/// An error may be reported before, or after, the sender has an ISAKMP SA to name.
fn is_unprotected_report(message: &Message<'_>) -> bool {
    message.is(ExchangeType::Informational) && message.is_clear()
}

/// Both cookies are there from the first reply on, and stay (ISAKMP-2408-2.4-b).
pub(super) fn cookies_stay(message: &Message<'_>, pairs: &Pairs, report: &mut Report<'_>) {
    let header = message.header();
    if is_unprotected_report(message) || message.is_opening() || message.is_fragment() {
        return;
    }
    let cookie = header.responder_cookie;
    let what = header.exchange_type;
    if cookie == [0; 8] {
        if message.is_whole() || !message.is_clear() {
            message.violation(
                report,
                format!("sent a {what} message with responder cookie zero; expected both cookies"),
            );
        }
        return;
    }
    if message.negotiates_phase1() {
        return;
    }
    let expected = match pairs.answered.last() {
        Some(_) if pairs.answered.contains(&cookie) => return,
        Some(answered) => *answered,
        None => match pairs.heard {
            Some(heard) if heard != cookie => heard,
            _ => return,
        },
    };
    let text =
        format!("sent a {what} message with responder cookie {}; expected {}", hex(&cookie), hex(&expected));
    message.violation(report, text);
}

/// The version is 1.0 (ISAKMP-2408-3.1-a).
pub(super) fn version(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let version = message.header().version;
    if version != Header::VERSION_1_0 {
        message.violation(report, format!("sent version octet {version:#04x}; expected 0x10"));
    }
}

/// Only the three defined flags are set (ISAKMP-2408-3.1-b).
pub(super) fn flags(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let flags = message.header().flags;
    if flags & !FLAGS != 0 {
        message.violation(report, format!("sent Flags {flags:#04x}; expected no flag beyond {FLAGS:#04x}"));
    }
}

/// The Length is that of the message (ISAKMP-2408-3.1-c).
pub(super) fn length(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let Some(malformed) = message.malformed() else { return };
    if (malformed.field, malformed.offset) != ("Length", LENGTH_AT) {
        return;
    }
    let octets = match malformed.why {
        Why::Length { want, .. } => want,
        Why::Truncated { have, .. } => have,
        _ => return,
    };
    let text =
        format!("sent Length {} in a message of {octets} octets; expected {octets}", message.header().length);
    message.violation(report, text);
}

/// Who sent a public value.
#[derive(Debug, Default)]
pub(super) struct KeyExchanges {
    from: Vec<IpAddr>,
    is_encrypted: bool,
}

impl Memory for KeyExchanges {
    fn learn(&mut self, message: &Message<'_>) {
        self.is_encrypted |= !message.is_clear();
        if message.is_phase1()
            && message.has(PayloadType::KeyExchange)
            && let Some(source) = message.source()
            && !self.from.contains(&source)
        {
            self.from.push(source);
        }
    }
}

/// Main Mode is encrypted once both public values have crossed (ISAKMP-2408-3.1-e).
pub(super) fn encryption_begins(message: &Message<'_>, known: &KeyExchanges, report: &mut Report<'_>) {
    if known.from.len() >= 2
        && message.is(ExchangeType::IdentityProtection)
        && message.is_clear()
        && message.is_whole()
        && !message.has(PayloadType::SecurityAssociation)
        && !message.has(PayloadType::KeyExchange)
    {
        let text = format!(
            "sent {} of Main Mode in clear; expected encryption after both public values",
            message.summary()
        );
        message.violation(report, text);
    }
}

/// An Informational before there is an ISAKMP SA is clear and has no HASH (IKE-2409-5.7-c).
pub(super) fn early_informational(message: &Message<'_>, known: &KeyExchanges, report: &mut Report<'_>) {
    if !message.is(ExchangeType::Informational) || message.side.is_none() || known.is_encrypted {
        return;
    }
    if message.is_clear() {
        if message.has(PayloadType::Hash) {
            message.violation(report, "sent a HASH payload in an Informational in clear; expected none");
        }
    } else if known.from.is_empty() {
        message.violation(
            report,
            "sent an encrypted Informational before any public value; expected it in clear",
        );
    }
}

/// Which Message IDs were used, by whom.
#[derive(Debug, Default)]
pub(super) struct MessageIds(BTreeMap<(u8, u32), Vec<IpAddr>>);

impl Memory for MessageIds {
    fn learn(&mut self, message: &Message<'_>) {
        let header = message.header();
        if message.is_clear()
            || message.is_fragment()
            || message.is_phase1()
            || self.0.len() == MAX_REMEMBERED
        {
            return;
        }
        if let Some(source) = message.source() {
            let senders = self.0.entry((header.exchange_type.number(), header.message_id)).or_default();
            if senders.len() < 4 {
                senders.push(source);
            }
        }
    }
}

/// The Message ID is zero in phase 1, else not zero and never used again (ISAKMP-2408-3.1-f).
pub(super) fn message_id(message: &Message<'_>, known: &MessageIds, report: &mut Report<'_>) {
    let header = message.header();
    let id = header.message_id;
    let what = header.exchange_type;
    if message.is_fragment() {
        return;
    }
    if message.is_phase1() {
        // That of the opening message is ISAKMP-2408-2.4-a's business.
        if id != 0 && !message.is_opening() {
            message.violation(report, format!("sent Message ID {id:#010x} in {what}; expected 0"));
        }
        return;
    }
    let is_phase2 = matches!(what, ExchangeType::QuickMode | ExchangeType::NewGroupMode)
        || (message.is(ExchangeType::Informational) && !message.is_clear());
    if !is_phase2 {
        return;
    }
    if id == 0 {
        message.violation(report, format!("sent Message ID 0 in {what}; expected a random one"));
        return;
    }
    let (Some(source), Some(senders)) = (message.source(), known.0.get(&(what.number(), id))) else { return };
    let before = senders.iter().filter(|sender| **sender == source).count();
    let others = senders.len() - before;
    // A Quick Mode has two messages of its initiator and one of its responder, in whichever order they were recorded.
    let fits = |own: usize| match what {
        ExchangeType::QuickMode => (own <= 2 && others <= 1) || (own <= 1 && others <= 2),
        ExchangeType::Informational => own <= 1,
        _ => true,
    };
    if fits(before) && !fits(before + 1) {
        let text = format!("sent Message ID {id:#010x} in another {what} again; expected a fresh one");
        message.violation(report, text);
    }
}

/// The exchanges that an Informational may answer.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// Message ID, who sent first, and whether the commit bit was raised.
    known: BTreeMap<u32, (IpAddr, ExchangeType, bool)>,
}

impl Memory for Exchanges {
    fn learn(&mut self, message: &Message<'_>) {
        let header = message.header();
        if message.is_clear() || header.message_id == 0 || self.known.len() == MAX_REMEMBERED {
            return;
        }
        if let Some(source) = message.source() {
            let first = (source, header.exchange_type, false);
            let (_, _, is_committed) = self.known.entry(header.message_id).or_insert(first);
            *is_committed |= header.is_commit();
        }
    }
}

/// An Informational has a Message ID of its own (IKE-2409-5.7-b). CONNECTED, which the commit bit asks for, is the
/// exception that ISAKMP-2408-3.1-d makes.
pub(super) fn informational_id(message: &Message<'_>, exchanges: &Exchanges, report: &mut Report<'_>) {
    let id = message.header().message_id;
    if !message.is(ExchangeType::Informational) || message.is_fragment() {
        return;
    }
    let Some((first, exchange, is_committed)) = exchanges.known.get(&id) else { return };
    let is_connected =
        message.notifications().any(|notification| notification.notify_type == NotifyType::Connected);
    // The sender's own Informational with this Message ID is ISAKMP-2408-3.1-f's business.
    let is_own = *exchange == ExchangeType::Informational && message.source() == Some(*first);
    if !is_committed && !is_connected && !is_own {
        let text = format!(
            "sent an Informational with Message ID {id:#010x} of a {exchange}; expected one of its own"
        );
        message.violation(report, text);
    }
}

/// Phase 1 ends in the mode in which it began.
#[derive(Debug, Default)]
pub(super) struct Mode(Option<ExchangeType>);

impl Memory for Mode {
    fn learn(&mut self, message: &Message<'_>) {
        if message.negotiates_phase1() {
            self.0 = Some(message.header().exchange_type);
        }
    }
}

/// Main Mode stays Main Mode, and Aggressive Mode Aggressive Mode (IKE-2409-5-a).
pub(super) fn mode_stays(message: &Message<'_>, mode: &Mode, report: &mut Report<'_>) {
    let exchange = message.header().exchange_type;
    if let Mode(Some(began)) = mode
        && message.is_phase1()
        && !message.is_opening()
        && exchange != *began
    {
        message.violation(
            report,
            format!("sent a message of {exchange}; expected {began}, in which phase 1 began"),
        );
    }
}

/// Cookies keep their places for the life of the ISAKMP SA, whoever begins an exchange (IKE-2409-4-b).
#[derive(Debug, Default)]
pub(super) struct CookiePlaces {
    pairs: Vec<([u8; 8], [u8; 8])>,
    copies: super::judge::Copies,
}

impl Rule for CookiePlaces {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let Some(message) = Message::of(seen) else { return };
        let header = message.header();
        let pair = (header.initiator_cookie, header.responder_cookie);
        let swapped = (pair.1, pair.0);
        if pair.0 == pair.1 || !self.copies.is_new(message.isakmp.digest) {
            return;
        }
        if message.negotiates_phase1() {
            if pair.1 != [0; 8] && self.pairs.len() < MAX_REMEMBERED && !self.pairs.contains(&pair) {
                self.pairs.push(pair);
            }
        } else if self.pairs.contains(&swapped) && !self.pairs.contains(&pair) {
            let text = format!(
                "sent a {} message with cookies {} and {}; expected them the other way round, as in phase 1",
                header.exchange_type,
                hex(&pair.0),
                hex(&pair.1),
            );
            message.violation(report, text);
        }
    }
}
