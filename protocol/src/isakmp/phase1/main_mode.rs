//! Main Mode with a pre-shared key: SA, SA; KE and nonce, KE and nonce; ID and HASH, ID and HASH (IKE-2409-5.4-a).

use super::shared::{
    Fault, Keyed, Negotiated, Next, Peer, Stage, Started, Terms, agree, answered_vendor_ids, check_id,
    choose, clear, detect_nat, draw_own, float, group, hash_of, header, id_of, initial_contact, key_exchange,
    learn_vendor_ids, nat_d, own_id, proof, read_clear, sa, sa_of, says_initial_contact, vendor_ids,
};
use crate::crypto::equal;
use crate::cx::Cx;
use crate::isakmp::event::Role;
use crate::isakmp::policy::check_phase1_reply;
use crate::isakmp::quick_mode::{chain, generic};
use crate::isakmp::responder_lifetime;
use crate::isakmp::violation::Violation;
use crate::isakmp::wire::{Header, Message, Payload, PayloadType, Sealed};

/// Message 1.
pub(super) fn begin(terms: &Terms<'_>, peer: &mut Peer) -> Result<Next, Fault> {
    let offer = terms.config.phase1_offer.to_sa();
    let first = sa(offer.clone());
    peer.sa_body = first.body.to_octets().unwrap_or_default();
    let payloads = core::iter::once(first).chain(vendor_ids(&terms.config.vendor_ids)).collect();
    let send = clear(peer, payloads);
    Ok(Next { stage: Stage::ExpectSa(Started { offer, own: None }), send })
}

/// The initiator's steps.
pub(super) fn initiator(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &mut Peer,
    stage: &Stage,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    match stage {
        Stage::ExpectSa(started) => on_message_2(cx, terms, peer, started, sealed),
        Stage::ExpectKe(negotiated) => on_message_4(cx, terms, peer, negotiated, sealed),
        Stage::ExpectIdHash(keyed) => on_message_6(peer, keyed, sealed),
        Stage::Idle | Stage::Established(_) => Err(unexpected(sealed)),
    }
}

/// The responder's steps.
pub(super) fn responder(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &mut Peer,
    stage: &Stage,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    match stage {
        Stage::Idle => on_message_1(terms, peer, sealed),
        Stage::ExpectKe(negotiated) => on_message_3(cx, terms, peer, negotiated, sealed),
        Stage::ExpectIdHash(keyed) => on_message_5(terms, peer, keyed, sealed),
        Stage::ExpectSa(_) | Stage::Established(_) => Err(unexpected(sealed)),
    }
}

fn unexpected(sealed: &Sealed) -> Fault {
    Violation::UnexpectedMessage(sealed.header.exchange_type).into()
}

fn on_message_1(terms: &Terms<'_>, peer: &mut Peer, sealed: &Sealed) -> Result<Next, Fault> {
    let message = read_clear(sealed, Some(PayloadType::SecurityAssociation))?;
    let (offer, body) = sa_of(&message)?;
    let choice = choose(terms, &offer)?;
    peer.sa_body = body;
    learn_vendor_ids(peer, terms, &message);
    let answer = core::iter::once(sa(choice.reply.clone()));
    let send = clear(peer, answer.chain(vendor_ids(answered_vendor_ids(peer, terms))).collect());
    Ok(Next { stage: Stage::ExpectKe(Negotiated { choice, own: None }), send })
}

fn on_message_2(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &mut Peer,
    started: &Started,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    let message = read_clear(sealed, Some(PayloadType::SecurityAssociation))?;
    let choice = check_phase1_reply(&started.offer, sa_of(&message)?.0)?;
    peer.cookies.responder = message.header.responder_cookie;
    learn_vendor_ids(peer, terms, &message);
    let own = draw_own(cx, terms.config, group(&choice)?)?;
    let payloads = key_exchange(&own).into_iter().chain(nat_d(peer, &choice)).collect();
    let send = clear(peer, payloads);
    Ok(Next { stage: Stage::ExpectKe(Negotiated { choice, own: Some(own) }), send })
}

fn on_message_3(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &mut Peer,
    negotiated: &Negotiated,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    let message = read_clear(sealed, None)?;
    let choice = negotiated.choice.clone();
    let own = draw_own(cx, terms.config, group(&choice)?)?;
    detect_nat(peer, &choice, &message);
    let payloads = key_exchange(&own).into_iter().chain(nat_d(peer, &choice)).collect();
    let keyed = agree(cx, terms, peer, choice, &own, &message)?;
    Ok(Next { stage: Stage::ExpectIdHash(keyed), send: clear(peer, payloads) })
}

fn on_message_4(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &mut Peer,
    negotiated: &Negotiated,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    let unexpected = unexpected(sealed);
    let message = read_clear(sealed, None)?;
    let own = negotiated.own.as_ref().ok_or(unexpected)?;
    let mut keyed = agree(cx, terms, peer, negotiated.choice.clone(), own, &message)?;
    detect_nat(peer, &keyed.choice, &message);
    float(peer);
    let send = identify(terms, peer, &mut keyed, Role::Initiator);
    Ok(Next { stage: Stage::ExpectIdHash(keyed), send })
}

fn on_message_5(terms: &Terms<'_>, peer: &mut Peer, keyed: &Keyed, sealed: &Sealed) -> Result<Next, Fault> {
    let (message, iv) = authenticate(peer, keyed, Role::Initiator, sealed)?;
    peer.says_initial_contact = says_initial_contact(&message);
    let mut keyed = keyed.with_iv(iv);
    let send = identify(terms, peer, &mut keyed, Role::Responder);
    Ok(Next { stage: Stage::Established(keyed), send })
}

fn on_message_6(peer: &mut Peer, keyed: &Keyed, sealed: &Sealed) -> Result<Next, Fault> {
    let (message, iv) = authenticate(peer, keyed, Role::Responder, sealed)?;
    peer.responder_lifetime = responder_lifetime::said(&message.payloads).cloned();
    Ok(Next { stage: Stage::Established(keyed.with_iv(iv)), send: None })
}

/// ID and HASH of an end, sealed.
fn identify(terms: &Terms<'_>, peer: &Peer, keyed: &mut Keyed, own: Role) -> Option<Vec<u8>> {
    let told = keyed.choice.told.filter(|_| own == Role::Responder);
    let payloads: Vec<Payload> = core::iter::once(own_id(peer, terms.config))
        .chain(initial_contact(peer, terms))
        .chain(told.and_then(|lifetime| responder_lifetime::of_isakmp(&peer.cookies, lifetime)))
        .collect();
    let plain = Header { next_payload: PayloadType::Identification, ..header(peer) };
    let step = if own == Role::Initiator { 5 } else { 6 };
    let (header, mut body) = terms.config.editor.edited(step, plain, chain(&payloads));
    // The hash covers the identification as it is sent, and stands behind it.
    let [next, _, high, low, ..] = *body.as_slice() else { return None };
    let rest = body.split_off(usize::from(u16::from_be_bytes([high, low])).clamp(4, body.len()));
    let hash = proof(peer, keyed, own, body.get(4..)?);
    if let Some(first) = body.first_mut() {
        *first = PayloadType::Hash.number();
    }
    let body = [body, generic(PayloadType::from_number(next), &hash)?, rest].concat();
    keyed.secrets.seal_chain(&mut keyed.iv, header, body, terms.config.padding)
}

/// Opens the message in which an end identifies itself and checks its hash (ISAKMP-2408-5.11-a). What a wrong key makes
/// of it is rarely a chain of payloads, so that is reported as it is seen.
fn authenticate(
    peer: &mut Peer,
    keyed: &Keyed,
    whose: Role,
    sealed: &Sealed,
) -> Result<(Message, Vec<u8>), Fault> {
    let mut iv = keyed.iv.clone();
    let message = keyed.secrets.open(&mut iv, sealed)?;
    let (id, body) = id_of(&message)?;
    if !equal(&proof(peer, keyed, whose, &body), hash_of(&message)?) {
        return Err(Violation::WrongHash.into());
    }
    check_id(id)?;
    peer.identity = Some(id.clone());
    Ok((message, iv))
}
