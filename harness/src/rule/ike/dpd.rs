//! Dead peer detection (RFC 3706).

use std::net::IpAddr;

use l2tpspec_protocol::isakmp::wire::{
    ExchangeType, Known, Notification, NotifyType, PayloadType, ProtocolId, VendorId,
};

use super::judge::Memory;
use super::message::{Message, Side};
use crate::rule::Report;

/// The vendor ID of dead peer detection, without its version.
const VENDOR: [u8; 14] = [0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57];
/// Queries remembered of one ISAKMP SA.
const MAX_QUERIES: usize = 256;
/// How far a counter may move where frames are missing from a recording, plus so much for each second.
const SLACK: u32 = 16;
const SLACK_PER_SECOND: u32 = 10;
/// Answered queries with one sequence number: the answer to one of them may have been lost behind the recorder.
const MAX_ANSWERED_TWINS: usize = 2;

fn find<'a>(message: &Message<'a>, notify_type: NotifyType) -> Option<&'a Notification> {
    message.notifications().find(|notification| notification.notify_type == notify_type)
}

/// Who announced dead peer detection, and whether all of phase 1 was read.
#[derive(Debug, Default)]
pub(super) struct Announced {
    has: [bool; 2],
    offers: [bool; 2],
    public: [bool; 2],
    proofs: [bool; 2],
    is_aggressive: bool,
}

impl Memory for Announced {
    fn learn(&mut self, message: &Message<'_>) {
        let Some(at) = message.side.map(Side::index).filter(|_| message.is_phase1() && message.is_whole())
        else {
            return;
        };
        self.has[at] |= message.vendor_ids().any(|vendor_id| vendor_id.known() == Some(Known::Dpd));
        self.offers[at] |= message.sa().is_some();
        self.public[at] |= message.key_exchange().is_some();
        self.proofs[at] |= message.has(PayloadType::Hash) || message.has(PayloadType::Signature);
        self.is_aggressive |= message.is(ExchangeType::Aggressive);
    }
}

impl Announced {
    fn is_all_read(&self) -> bool {
        self.offers[0]
            && (self.offers[1] || self.is_aggressive)
            && [self.public, self.proofs] == [[true; 2]; 2]
    }
}

/// No query is sent unless both sides announced it (DPD-3706-5.1-a).
pub(super) fn announced(message: &Message<'_>, known: &Announced, report: &mut Report<'_>) {
    if find(message, NotifyType::RUThere).is_none() || !known.is_all_read() {
        return;
    }
    let silent = [Side::Initiator, Side::Responder].into_iter().find(|side| !known.has[side.index()]);
    if let Some(side) = silent {
        let text =
            format!("sent R-U-THERE although the {} sent no vendor ID for it; expected none", side.word());
        message.violation(report, text);
    }
}

/// The vendor ID names version 1.0 (DPD-3706-5.1-b).
pub(super) fn vendor_id(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    for VendorId(octets) in message.vendor_ids() {
        if let Some(version) = octets.strip_prefix(&VENDOR)
            && version != [1, 0]
        {
            let text = format!(
                "sent the vendor ID of dead peer detection with version {version:02x?}; expected [01, 00]"
            );
            message.violation(report, text);
        }
    }
}

/// Protocol and data of query and answer (DPD-3706-5.3-a). DOI and SPI are recommended only.
pub(super) fn form(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    for notify_type in [NotifyType::RUThere, NotifyType::RUThereAck] {
        let Some(found) = find(message, notify_type) else { continue };
        if found.protocol != ProtocolId::Isakmp {
            let text = format!("sent {notify_type} for protocol {}; expected PROTO_ISAKMP", found.protocol);
            message.violation(report, text);
        } else if found.data.len() != 4 {
            let text = format!("sent {notify_type} with {} octets of data; expected 4", found.data.len());
            message.violation(report, text);
        }
    }
}

/// A query.
#[derive(Debug)]
struct Query {
    source: IpAddr,
    number: u32,
    time: i64,
    is_answered: bool,
}

/// The queries of one ISAKMP SA.
#[derive(Debug, Default)]
pub(super) struct Queries(Vec<Query>);

impl Memory for Queries {
    fn learn(&mut self, message: &Message<'_>) {
        let Some(source) = message.source() else { return };
        if let Some(number) = find(message, NotifyType::RUThere).and_then(Notification::sequence_number) {
            if self.0.len() == MAX_QUERIES {
                self.0.remove(0);
            }
            self.0.push(Query { source, number, time: message.seen.entry.time, is_answered: false });
        }
        if let Some(number) = find(message, NotifyType::RUThereAck).and_then(Notification::sequence_number) {
            let query =
                self.0.iter_mut().rev().find(|query| query.source != source && query.number == number);
            if let Some(query) = query {
                query.is_answered = true;
            }
        }
    }
}

/// The answer repeats the sequence number (DPD-3706-5.3-b). The next number is left alone: the query that it answers may
/// be missing from the recording.
pub(super) fn answer_number(message: &Message<'_>, known: &Queries, report: &mut Report<'_>) {
    let (Some(source), Some(number)) =
        (message.source(), find(message, NotifyType::RUThereAck).and_then(Notification::sequence_number))
    else {
        return;
    };
    let asked: Vec<_> = known.0.iter().filter(|query| query.source != source).collect();
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else { return };
    let is_explained = last.is_answered
        || asked.iter().any(|query| query.number == number)
        || number == last.number.wrapping_add(1)
        || number == first.number.wrapping_sub(1);
    if !is_explained {
        let text =
            format!("answered R-U-THERE with sequence number {number}; expected {}, as asked", last.number);
        message.violation(report, text);
    }
}

/// A side counts its queries upwards (DPD-3706-6.2-a).
pub(super) fn query_number(message: &Message<'_>, known: &Queries, report: &mut Report<'_>) {
    let (Some(source), Some(number)) =
        (message.source(), find(message, NotifyType::RUThere).and_then(Notification::sequence_number))
    else {
        return;
    };
    let own: Vec<_> = known.0.iter().filter(|query| query.source == source).collect();
    let Some(last) = own.last() else { return };
    let step = number.wrapping_sub(last.number);
    let seconds =
        u32::try_from((message.seen.entry.time - last.time).max(0) / 1_000_000_000).unwrap_or(u32::MAX);
    let most = SLACK_PER_SECOND.saturating_mul(seconds).saturating_add(SLACK);
    let answered_twins = own.iter().filter(|query| query.number == number && query.is_answered).count();
    if step > most || (step == 0 && answered_twins == MAX_ANSWERED_TWINS) {
        let expected = last.number.wrapping_add(1);
        message
            .violation(report, format!("sent R-U-THERE with sequence number {number}; expected {expected}"));
    }
}
