//! Offers and the answers to them, in both phases: proposals, transforms and their numbers.

use l2tpspec_protocol::isakmp::wire::{
    AttributeRegistry, ExchangeType, PayloadType, Phase2Class, Proposal, ProtocolId, Sa, Transform,
};

use super::message::Message;
use super::negotiation::{Negotiations, attributes, number, value};
use crate::rule::Report;

/// Every transform of an SA payload with the proposal that it stands in.
fn transforms(sa: &Sa) -> impl Iterator<Item = Offered<'_>> {
    sa.proposals
        .iter()
        .flat_map(|proposal| proposal.transforms.iter().map(move |transform| (proposal, transform)))
}

/// Proposals, and the transforms in each, are numbered upwards (ISAKMP-2408-4.2-a).
pub(super) fn numbers_rise(message: &Message<'_>, known: &Negotiations, report: &mut Report<'_>) {
    let Some(sa) = message.sa().filter(|_| known.is_offer(message)) else { return };
    for pair in sa.proposals.windows(2) {
        let [one, next] = pair else { continue };
        if next.number < one.number {
            let text = format!(
                "offered proposal {} after proposal {}; expected rising numbers",
                next.number, one.number
            );
            return message.violation(report, text);
        }
    }
    for proposal in &sa.proposals {
        for pair in proposal.transforms.windows(2) {
            let [one, next] = pair else { continue };
            if next.number <= one.number {
                let text = format!(
                    "offered transform {} after transform {} of proposal {}; expected rising numbers",
                    next.number, one.number, proposal.number
                );
                return message.violation(report, text);
            }
        }
    }
}

/// The numbers of the transforms of a proposal differ (ISAKMP-2408-3.5-a).
pub(super) fn numbers_differ(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if let Some(text) = super::chain::nested_next_payload(message) {
        return message.violation(report, text);
    }
    let Some(sa) = message.sa() else { return };
    for proposal in &sa.proposals {
        let numbers: Vec<_> = proposal.transforms.iter().map(|transform| transform.number).collect();
        let again = numbers.iter().enumerate().find(|(at, number)| numbers[..*at].contains(number));
        if let Some((_, number)) = again {
            let text = format!(
                "sent two transforms {number} in proposal {}; expected distinct numbers",
                proposal.number
            );
            return message.violation(report, text);
        }
    }
}

/// An answer has one proposal, and one transform for each protocol of it (ISAKMP-2408-4.2-b).
pub(super) fn answer_selects(message: &Message<'_>, known: &Negotiations, report: &mut Report<'_>) {
    let Some(sa) = message.sa() else { return };
    if known.offer_to(message).is_none() || !message.is_whole() {
        return;
    }
    let mut numbers: Vec<_> = sa.proposals.iter().map(|proposal| proposal.number).collect();
    numbers.dedup();
    if numbers.len() != 1 {
        let text = format!("answered with {} proposals; expected the one chosen", numbers.len());
        return message.violation(report, text);
    }
    if let Some(proposal) = sa.proposals.iter().find(|proposal| proposal.transforms.len() != 1) {
        let text = format!(
            "answered with {} transforms for {}; expected the one chosen",
            proposal.transforms.len(),
            proposal.protocol
        );
        message.violation(report, text);
    }
}

/// A transform that was offered, and the proposal that it stands in.
type Offered<'a> = (&'a Proposal, &'a Transform);

/// An answered transform, if it is the only one, and those that were offered for its protocol.
fn answered<'a>(
    message: &Message<'a>,
    known: &'a Negotiations,
) -> Option<(&'a Proposal, &'a Transform, Vec<Offered<'a>>)> {
    let offer = known.offer_to(message)?;
    let [proposal] = message.sa()?.proposals.as_slice() else { return None };
    let [transform] = proposal.transforms.as_slice() else { return None };
    let offered = transforms(offer).filter(|(offered, _)| offered.protocol == proposal.protocol).collect();
    Some((proposal, transform, offered))
}

/// The numbers of what was chosen come back unchanged (ISAKMP-2408-4.2-c).
pub(super) fn numbers_return(message: &Message<'_>, known: &Negotiations, report: &mut Report<'_>) {
    let Some((proposal, transform, offered)) = answered(message, known) else { return };
    let numbers = |(proposal, transform): &(&Proposal, &Transform)| (proposal.number, transform.number);
    let got = numbers(&(proposal, transform));
    let same: Vec<_> = offered
        .iter()
        .filter(|(_, offered)| offered.id == transform.id && attributes(offered) == attributes(transform))
        .map(numbers)
        .collect();
    if same.contains(&got) {
        return;
    }
    let expected = match same.as_slice() {
        [] if offered.iter().map(numbers).any(|offered| offered == got) => return,
        [] => "numbers that were offered".to_owned(),
        [(proposal, transform), ..] => format!("proposal {proposal} transform {transform}, which it equals"),
    };
    let text = format!("answered with proposal {} transform {}; expected {expected}", got.0, got.1);
    message.violation(report, text);
}

/// What the initiator offered comes back with the same attributes (IKE-2409-5-f).
pub(super) fn attributes_return(message: &Message<'_>, known: &Negotiations, report: &mut Report<'_>) {
    let Some((proposal, transform, offered)) = answered(message, known) else { return };
    if offered
        .iter()
        .any(|(_, offered)| offered.id == transform.id && attributes(offered) == attributes(transform))
    {
        return;
    }
    // Blame the attributes that differ from the transform it pretends to be, else from the nearest one.
    let difference = |offered: &Transform| {
        let (theirs, ours) = (attributes(offered), attributes(transform));
        let differs = |one: &[(u16, Vec<u8>)], other: &[(u16, Vec<u8>)]| {
            one.iter()
                .filter(|attribute| !other.contains(attribute))
                .map(|(class, _)| *class)
                .collect::<Vec<_>>()
        };
        let mut classes = differs(&ours, &theirs);
        classes.extend(differs(&theirs, &ours));
        classes.sort_unstable();
        classes.dedup();
        classes
    };
    let named = offered
        .iter()
        .find(|(of, offered)| (of.number, offered.number) == (proposal.number, transform.number))
        .or_else(|| offered.iter().min_by_key(|(_, offered)| difference(offered).len()));
    let Some((_, offered)) = named else { return };
    let registry = AttributeRegistry::of(proposal.protocol);
    let differing: Vec<_> = difference(offered)
        .into_iter()
        .map(|class| {
            let name = registry.class_name(class).map_or_else(|| format!("attribute {class}"), str::to_owned);
            let shown = |transform: &Transform| {
                transform.attribute(class).map_or_else(
                    || "absent".to_owned(),
                    |attribute| match attribute.value_u64() {
                        Some(value) => value.to_string(),
                        None => format!("{:02x?}", value(attribute)),
                    },
                )
            };
            format!("{name} {} where {} was offered", shown(transform), shown(offered))
        })
        .collect();
    let text = if differing.is_empty() {
        format!("answered with transform identifier {}; expected {}, as offered", transform.id, offered.id)
    } else {
        format!("answered with {}; expected the values offered", differing.join(", "))
    };
    message.violation(report, text);
}

/// A phase 1 offer is one SA payload with one proposal (IKE-2409-5-e).
pub(super) fn one_proposal(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if !message.is_opening() || !message.is_whole() {
        return;
    }
    let payloads =
        message.payloads().iter().filter(|payload| payload.kind == PayloadType::SecurityAssociation).count();
    if payloads > 1 {
        return message.violation(report, format!("offered {payloads} SA payloads in phase 1; expected one"));
    }
    if let Some(sa) = message.sa().filter(|sa| sa.proposals.len() > 1) {
        let text = format!(
            "offered {} proposals in phase 1; expected one that holds all transforms",
            sa.proposals.len()
        );
        message.violation(report, text);
    }
}

/// A Quick Mode with a KE payload names the same group in every transform (IKE-2409-5.5-f).
pub(super) fn one_group(message: &Message<'_>, known: &Negotiations, report: &mut Report<'_>) {
    let Some(sa) = message.sa() else { return };
    if !message.is(ExchangeType::QuickMode) || !known.is_offer(message) || message.key_exchange().is_none() {
        return;
    }
    let groups: Vec<_> = transforms(sa)
        .filter(|(proposal, _)| proposal.protocol != ProtocolId::Ipcomp)
        .map(|(_, transform)| number(transform, Phase2Class::GroupDescription.number()))
        .collect();
    if groups.contains(&None) {
        return message.violation(
            report,
            "offered a KE payload and a transform without a group; expected one in every transform",
        );
    }
    if let Some(other) = groups.iter().find(|group| **group != groups[0]) {
        let shown = |group: &Option<u16>| group.map_or(0, |group| group);
        let text = format!(
            "offered groups {} and {} with one KE payload; expected one group",
            shown(&groups[0]),
            shown(other)
        );
        message.violation(report, text);
    }
}
