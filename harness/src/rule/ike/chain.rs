//! The chain of payloads: reserved fields, lengths, order of what is nested, padding.

use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::isakmp::wire::{Body, ExchangeType, Header, Identity, Payload, PayloadType};

use super::message::Message;
use super::negotiation::Phase1;
use crate::rule::Report;

/// Where the Next Payload octet stands in the ISAKMP header.
const FIRST_NEXT_PAYLOAD_AT: usize = 16;

/// Every RESERVED field is zero (ISAKMP-2408-2.5.2-a).
pub(super) fn reserved(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let found = message.payloads().iter().find_map(reserved_of);
    if let Some((what, got)) = found {
        message.violation(report, format!("sent {what} with a reserved field of {got}; expected 0"));
    }
}

fn reserved_of(payload: &Payload) -> Option<(String, u16)> {
    let kind = payload.kind.abbreviation();
    if payload.reserved != 0 {
        return Some((format!("a {kind} payload"), payload.reserved.into()));
    }
    match &payload.body {
        Body::SecurityAssociation(sa) => sa.proposals.iter().find_map(|proposal| {
            if proposal.reserved != 0 {
                return Some((format!("proposal {}", proposal.number), proposal.reserved.into()));
            }
            proposal.transforms.iter().find_map(|transform| {
                let got =
                    if transform.reserved != 0 { transform.reserved.into() } else { transform.reserved2 };
                (got != 0).then(|| (format!("transform {}", transform.number), got))
            })
        }),
        _ => None,
    }
}

/// What is malformed where the sender alone can be to blame: not in what a wrong vector may have garbled.
fn blamed(message: &Message<'_>) -> Option<Malformed> {
    let malformed = message.malformed()?;
    if message.is_fragment() || !message.is_clear() && !message.begins_well() {
        return None;
    }
    Some(malformed)
}

/// Whether the generic header of a payload of the outer chain is malformed.
fn is_outer_header(message: &Message<'_>, malformed: &Malformed) -> bool {
    let start = message.end_of_read();
    matches!(malformed.field, "Next Payload" | "RESERVED" | "Payload Length")
        && (start..start + 4).contains(&malformed.offset)
}

/// Where the Next Payload octet stands that names the payload after those that could be read.
fn outer_next_payload_at(message: &Message<'_>) -> usize {
    match message.isakmp.payloads.last() {
        Some(last) => message.end_of_read() - 4 - last.body.to_octets().map_or(0, |octets| octets.len()),
        None => FIRST_NEXT_PAYLOAD_AT,
    }
}

/// Whether a payload of the outer chain claims to be a Proposal or a Transform.
fn is_nested_kind_outside(message: &Message<'_>, malformed: &Malformed) -> Option<u64> {
    match malformed.why {
        Why::Value { got: got @ (2 | 3) }
            if malformed.field == "Next Payload" && malformed.offset == outer_next_payload_at(message) =>
        {
            Some(got)
        }
        _ => None,
    }
}

/// Payloads form a chain that fills the message (ISAKMP-2408-3.2-a).
pub(super) fn chain(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let Some(malformed) = blamed(message) else { return };
    let after_sa = matches!(message.isakmp.payloads.last(), Some(payload) if payload.kind == PayloadType::SecurityAssociation);
    if let Why::Trailing { extra } = malformed.why
        && malformed.field == "message"
    {
        let text =
            format!("sent {extra} octets behind the last payload; expected payloads that fill the message");
        message.violation(report, text);
    } else if is_outer_header(message, &malformed)
        || !after_sa && is_nested_kind_outside(message, &malformed).is_some()
    {
        let text = format!(
            "sent a chain of payloads that breaks ({malformed}); expected each Next Payload and Payload Length to fit"
        );
        message.violation(report, text);
    }
}

/// The Next Payload octet of an SA payload skips what is nested in it (ISAKMP-2408-3.4-a).
pub(super) fn sa_next_payload(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let after_sa = matches!(message.isakmp.payloads.last(), Some(payload) if payload.kind == PayloadType::SecurityAssociation);
    if let Some(got) = blamed(message).and_then(|malformed| is_nested_kind_outside(message, &malformed))
        && after_sa
    {
        let text = format!("sent Next Payload {got} in an SA payload; expected the payload after it");
        message.violation(report, text);
    }
}

/// What is wrong with a Next Payload octet of a proposal or a transform, if it is (ISAKMP-2408-3.5-a).
pub(super) fn nested_next_payload(message: &Message<'_>) -> Option<String> {
    let malformed = blamed(message)?;
    match malformed.why {
        Why::Value { got }
            if malformed.field == "Next Payload" && is_nested_kind_outside(message, &malformed).is_none() =>
        {
            Some(format!(
                "sent Next Payload {got} within an SA payload; expected 2 or 0 in a proposal, 3 or 0 in a transform"
            ))
        }
        _ => None,
    }
}

/// An attribute has the octets that its form and length claim (ISAKMP-2408-3.3-a).
pub(super) fn attribute_length(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if let Some(malformed) = blamed(message)
        && matches!(malformed.field, "Attribute Type" | "Attribute Length" | "Attribute Value")
        && malformed.offset >= Header::LEN
    {
        message.violation(report, format!("sent an attribute that breaks ({malformed}); expected it to fit"));
    }
}

/// Identity data have the size of their type (DOI-2407-4.6.2.1-a).
pub(super) fn identity_size(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if let Some(Malformed { field: "Identification Data", why: Why::Length { got, want }, .. }) =
        blamed(message)
    {
        message.violation(report, format!("sent {got} octets of Identification Data; expected {want}"));
        return;
    }
    let ends_in_nul = |name: &[u8]| name.last() == Some(&0);
    let named = message.ids().into_iter().any(|id| match id.identity() {
        Identity::Fqdn(name) | Identity::UserFqdn(name) => ends_in_nul(name),
        _ => false,
    });
    if named {
        message.violation(report, "sent a name that ends in NUL as identity; expected the name alone");
    }
}

/// Vendor IDs are sent in phase 1 only (ISAKMP-2408-3.16-a).
pub(super) fn vendor_ids(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let is_phase2 =
        matches!(message.header().exchange_type, ExchangeType::QuickMode | ExchangeType::NewGroupMode)
            || (message.is(ExchangeType::Informational) && !message.is_clear());
    if is_phase2 && message.has(PayloadType::VendorId) {
        let text = format!(
            "sent a Vendor ID payload in {}; expected it in phase 1 only",
            message.header().exchange_type
        );
        message.violation(report, text);
    }
}

/// Cipher padding is zero octets, of one block at most (IKE-2409-AppB-d). Many implementations pad a whole block where
/// nothing is missing, which is no deviation that anybody could observe.
pub(super) fn padding(message: &Message<'_>, phase1: &Phase1, report: &mut Report<'_>) {
    if message.is_clear() || !message.is_whole() || message.payloads().is_empty() {
        return;
    }
    let padding = &message.isakmp.padding;
    if let Some(octet) = padding.iter().find(|octet| **octet != 0) {
        let text = format!("padded with octet {octet:#04x} among {} octets; expected zeros", padding.len());
        return message.violation(report, text);
    }
    if let Some(block) = phase1.block().filter(|block| padding.len() > *block) {
        let text = format!("padded with {} octets; expected at most a block of {block}", padding.len());
        message.violation(report, text);
    }
}
