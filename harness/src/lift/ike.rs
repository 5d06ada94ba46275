//! What IKE shows of an end.

use l2tpspec_protocol::isakmp::policy::{Phase1Suite, Phase2Suite};
use l2tpspec_protocol::isakmp::wire::{
    Attribute, Body, ExchangeType, Form, Header, NotifyType, Payload, Phase1Class, Phase2Class, ProtocolId,
    Sa, Transform,
};
use serde_json::json;

use super::patch::Draft;
use super::said::{Talk, What};
use crate::profile::{esp_suite_text, ike_suite_text, vendor_id_text, word_of};
use crate::transcript::connection::Role;

/// What is taken where all that was offered was refused: the first that was not.
const OTHERS: [&str; 2] = ["aes256-sha512-ecp521", "des-md5-modp768"];

pub(super) fn lift(talk: &Talk, by: Role, draft: &mut Draft) {
    let is_phase1 = |header: &Header| {
        matches!(header.exchange_type, ExchangeType::IdentityProtection | ExchangeType::Aggressive)
    };
    let first = talk.isakmp(by).find(|(_, header, payloads)| is_phase1(header) && sa_of(payloads).is_some());
    if let Some((frame, header, payloads)) = first {
        let mode = if header.exchange_type == ExchangeType::Aggressive { "aggressive" } else { "main" };
        if by == Role::Client {
            draft.put("ike.mode", json!(mode), frame);
        }
        if let Some(sa) = sa_of(payloads) {
            phase1(sa, by, frame, draft);
        }
        let ids: Vec<String> = payloads
            .iter()
            .filter_map(|payload| match &payload.body {
                Body::VendorId(id) => Some(vendor_id_text(id)),
                _ => None,
            })
            .collect();
        vendor_ids(&ids, frame, draft);
    } else if by == Role::Supernode && refuses_all(talk) {
        let offered: Vec<String> = talk
            .isakmp(Role::Client)
            .filter_map(|(_, _, payloads)| sa_of(payloads))
            .flat_map(|sa| sa.proposals.iter().flat_map(|proposal| &proposal.transforms))
            .filter_map(|transform| ike_suite_text(&Phase1Suite::of(transform)?))
            .collect();
        let other = OTHERS.iter().find(|other| !offered.iter().any(|offered| offered == *other));
        draft.guess("ike.phase1.suites", json!([other]), "it refuses all that is offered");
        draft.remove("ike.phase1.accepts");
    }
    let mut has_identity = false;
    for (frame, _, payloads) in talk.isakmp(by).filter(|(_, header, _)| is_phase1(header)) {
        for payload in payloads {
            match &payload.body {
                Body::Nonce(nonce) => draft.put("ike.nonce_octets", json!(nonce.len()), frame),
                // Later SAs are no first contact.
                Body::Identification(id) if !has_identity => {
                    has_identity = true;
                    let identity = json!({ "protocol": id.protocol, "port": id.port });
                    draft.put("ike.identity", identity, frame);
                    let is_here = payloads.iter().any(|payload| says(payload, NotifyType::InitialContact));
                    let place = if is_here { "in-phase1" } else { "never" };
                    draft.put("ike.initial_contact", json!(place), frame);
                }
                _ => {}
            }
        }
    }
    let apart = talk.isakmp(by).find(|(_, header, payloads)| {
        header.exchange_type == ExchangeType::Informational
            && payloads.iter().any(|payload| says(payload, NotifyType::InitialContact))
    });
    if let Some((frame, ..)) = apart {
        draft.put("ike.initial_contact", json!("apart"), frame);
    }
    let is_offer = |header: &Header, payloads: &[Payload]| {
        header.exchange_type == ExchangeType::QuickMode && sa_of(payloads).is_some()
    };
    let quick = talk.isakmp(by).find(|(_, header, payloads)| is_offer(header, payloads));
    if let Some((frame, _, payloads)) = quick {
        phase2(payloads, by, talk.is_translated, frame, draft);
    }
    if by == Role::Supernode {
        own_offer(talk, draft);
        answer(talk, draft);
    }
    let deletes = talk
        .isakmp(by)
        .find(|(_, _, payloads)| payloads.iter().any(|payload| matches!(payload.body, Body::Delete(_))));
    if let Some((frame, ..)) = deletes {
        draft.put("ike.sends_deletes", json!(true), frame);
    }
}

/// Whether the supernode gives what it chooses back as it was offered or writes it anew, and how.
fn answer(talk: &Talk, draft: &mut Draft) {
    let phases = [ProtocolId::Isakmp, ProtocolId::Esp];
    let first = |by: Role, protocol: ProtocolId| {
        talk.isakmp(by).find_map(|(frame, _, payloads)| {
            let sa = sa_of(payloads)?;
            let is_it = sa.proposals.first().is_some_and(|proposal| proposal.protocol == protocol);
            is_it.then_some((frame, sa))
        })
    };
    let transforms =
        |sa: &'_ Sa| sa.proposals.iter().flat_map(|it| it.transforms.clone()).collect::<Vec<_>>();
    let mut chosen = Vec::new();
    for (phase, protocol) in ["ike.phase1", "ike.phase2"].into_iter().zip(phases) {
        let (Some((at, offer)), Some((frame, choice))) =
            (first(Role::Client, protocol), first(Role::Supernode, protocol))
        else {
            continue;
        };
        if let (true, [transform]) = (at < frame, &*transforms(choice)) {
            chosen.push((phase, frame, transform.clone(), transforms(offer).contains(transform)));
        }
    }
    let Some((_, frame, ..)) = chosen.first() else { return };
    let is_rewritten = chosen.iter().any(|(.., is_as_offered)| !is_as_offered);
    draft.put("ike.phase1.answer", json!(if is_rewritten { "rewritten" } else { "as-offered" }), *frame);
    for (phase, frame, transform, _) in chosen.iter().filter(|_| is_rewritten) {
        let words: Vec<String> = match *phase {
            "ike.phase1" => words_of(transform, |class| word_of(&Phase1Class::from_number(class))),
            _ => words_of(transform, |class| word_of(&Phase2Class::from_number(class))),
        };
        draft.put(&format!("{phase}.attribute_order"), json!(words), *frame);
        draft.put(&format!("{phase}.first_transform"), json!(transform.number), *frame);
    }
}

/// The words for the classes of the attributes of a transform, each once.
fn words_of(transform: &Transform, word: impl Fn(u16) -> Option<&'static str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for attribute in &transform.attributes {
        if let Some(word) = word(attribute.class).filter(|word| !words.iter().any(|other| other == word)) {
            words.push(word.to_owned());
        }
    }
    words
}

/// A supernode that renews keys offers; what it takes of others' offers it has chosen before.
fn own_offer(talk: &Talk, draft: &mut Draft) {
    let mut begun: Vec<u32> = Vec::new();
    for said in &talk.all {
        let What::Isakmp(header, payloads) = &said.what else { continue };
        if header.exchange_type != ExchangeType::QuickMode || begun.contains(&header.message_id) {
            continue;
        }
        begun.push(header.message_id);
        let Some(sa) = sa_of(payloads).filter(|_| said.by == Role::Supernode) else { continue };
        let transforms = sa.proposals.iter().flat_map(|proposal| &proposal.transforms);
        let suites: Vec<String> =
            transforms.filter_map(|transform| esp_suite_text(&Phase2Suite::of(transform))).collect();
        if let Some(chosen) = draft.get("ike.phase2.suites").cloned().filter(|_| !suites.is_empty()) {
            draft.put("ike.phase2.accepts", chosen, said.frame);
            draft.put("ike.phase2.suites", json!(suites), said.frame);
            let structure = if sa.proposals.len() > 1 { "proposal-each" } else { "one-proposal" };
            draft.put("ike.phase2.structure", json!(structure), said.frame);
        }
        return;
    }
}

fn sa_of(payloads: &[Payload]) -> Option<&Sa> {
    payloads.iter().find_map(|payload| match &payload.body {
        Body::SecurityAssociation(sa) => Some(sa),
        _ => None,
    })
}

fn says(payload: &Payload, what: NotifyType) -> bool {
    matches!(&payload.body, Body::Notification(notification) if notification.notify_type == what)
}

fn refuses_all(talk: &Talk) -> bool {
    talk.all.iter().any(|said| {
        said.by == Role::Supernode
            && matches!(&said.what, What::Isakmp(_, payloads)
                if payloads.iter().any(|payload| says(payload, NotifyType::NoProposalChosen)))
    })
}

fn phase1(sa: &Sa, by: Role, frame: u64, draft: &mut Draft) {
    let Some(proposal) = sa.proposals.first() else { return };
    let suites = proposal.transforms.iter().filter_map(Phase1Suite::of);
    let suites: Vec<String> = suites.filter_map(|suite| ike_suite_text(&suite)).collect();
    if suites.is_empty() {
        return;
    }
    draft.put("ike.phase1.suites", json!(suites), frame);
    if by == Role::Supernode {
        draft.remove("ike.phase1.accepts");
    }
    let Some(transform) = proposal.transforms.first() else { return };
    let attributes = &transform.attributes;
    if by == Role::Client {
        draft.put("ike.phase1.proposal_number", json!(proposal.number), frame);
        draft.put("ike.phase1.first_transform", json!(transform.number), frame);
        let classes = attributes.iter().map(|attribute| Phase1Class::from_number(attribute.class));
        let order: Vec<&str> = classes.filter_map(|class| word_of(&class)).collect();
        draft.put("ike.phase1.attribute_order", json!(order), frame);
    }
    let duration = attributes.iter().find(|attribute| attribute.class == Phase1Class::LifeDuration.number());
    life("ike.phase1", duration, frame, draft);
}

fn life(place: &str, duration: Option<&Attribute>, frame: u64, draft: &mut Draft) {
    let Some(duration) = duration else { return };
    if let Some(seconds) = duration.value_u64() {
        draft.put(&format!("{place}.life_seconds"), json!(seconds), frame);
        let is_long = matches!(&duration.form, Form::Variable(octets) if octets.len() == 4);
        // What does not fit into two octets is written in four by everybody.
        if seconds <= u64::from(u16::MAX) {
            let encoding = if is_long { "four-octets" } else { "shortest" };
            draft.put(&format!("{place}.life_encoding"), json!(encoding), frame);
        }
    }
}

fn vendor_ids(ids: &[String], frame: u64, draft: &mut Draft) {
    draft.put("ike.vendor_ids", json!(ids), frame);
    // A method is used by who names it; the first that both name is taken.
    let known = draft.get("ike.nat.methods").and_then(|value| value.as_array().cloned()).unwrap_or_default();
    let named: Vec<&str> = ["rfc3947", "draft-03", "draft-02-newline", "draft-02"]
        .into_iter()
        .filter(|method| ids.iter().any(|id| id == method))
        .collect();
    let mut methods: Vec<&str> =
        known.iter().filter_map(|method| method.as_str()).filter(|method| named.contains(method)).collect();
    methods.extend(named.iter().filter(|method| !known.contains(&json!(method))));
    draft.put("ike.nat.methods", json!(methods), frame);
}

fn phase2(payloads: &[Payload], by: Role, is_translated: bool, frame: u64, draft: &mut Draft) {
    let Some(sa) = sa_of(payloads) else { return };
    let transforms = || sa.proposals.iter().flat_map(|proposal| &proposal.transforms);
    let suites: Vec<String> =
        transforms().filter_map(|transform| esp_suite_text(&Phase2Suite::of(transform))).collect();
    let Some((proposal, transform)) =
        sa.proposals.first().and_then(|proposal| Some((proposal, proposal.transforms.first()?)))
    else {
        return;
    };
    if suites.is_empty() {
        return;
    }
    draft.put("ike.phase2.suites", json!(suites), frame);
    if by == Role::Supernode {
        draft.remove("ike.phase2.accepts");
    } else {
        let structure = if sa.proposals.len() > 1 { "proposal-each" } else { "one-proposal" };
        draft.put("ike.phase2.structure", json!(structure), frame);
        draft.put("ike.phase2.first_proposal", json!(proposal.number), frame);
        draft.put("ike.phase2.first_transform", json!(transform.number), frame);
        let classes = transform.attributes.iter().map(|attribute| Phase2Class::from_number(attribute.class));
        let mut order: Vec<&str> = classes.filter_map(|class| word_of(&class)).collect();
        order.dedup();
        let mut once: Vec<&str> = Vec::new();
        for word in order {
            if !once.contains(&word) {
                once.push(word);
            }
        }
        if !once.contains(&"group") {
            // Where a group would stand if there were one.
            once.push("group");
        }
        draft.put("ike.phase2.attribute_order", json!(once), frame);
        let group = transform
            .attributes
            .iter()
            .find(|attribute| attribute.class == Phase2Class::GroupDescription.number())
            .and_then(Attribute::value_u64)
            .and_then(|number| u16::try_from(number).ok())
            .map(l2tpspec_protocol::isakmp::wire::Group::from_number);
        draft.put("ike.phase2.pfs", json!(group.and_then(|group| word_of(&group))), frame);
        identities(payloads, frame, draft);
        if is_translated {
            let tells = payloads.iter().any(|payload| matches!(payload.body, Body::NatOa(_)));
            draft.put("ike.nat.original_addresses", json!(tells), frame);
        }
    }
    lives(&transform.attributes, frame, draft);
}

/// Each duration follows the type that it is of.
fn lives(attributes: &[Attribute], frame: u64, draft: &mut Draft) {
    const SECONDS: u64 = 1;
    const KILOBYTES: u64 = 2;
    let mut kind = None;
    let mut kilobytes = None;
    for attribute in attributes {
        if attribute.class == Phase2Class::SaLifeType.number() {
            kind = attribute.value_u64();
        } else if attribute.class == Phase2Class::SaLifeDuration.number() {
            match kind {
                Some(SECONDS) => life("ike.phase2", Some(attribute), frame, draft),
                Some(KILOBYTES) => kilobytes = attribute.value_u64(),
                _ => {}
            }
        }
    }
    draft.put("ike.phase2.life_kilobytes", json!(kilobytes), frame);
}

fn identities(payloads: &[Payload], frame: u64, draft: &mut Draft) {
    let mut ports = payloads.iter().filter_map(|payload| match &payload.body {
        Body::Identification(id) => Some(id.port),
        _ => None,
    });
    if let Some(own) = ports.next() {
        draft.put("ike.phase2.own_port", json!(own), frame);
    }
    if let Some(peer) = ports.next() {
        draft.put("ike.phase2.peer_port", json!(peer), frame);
    }
}
