//! Aggressive Mode with a pre-shared key: SA, KE, nonce and ID; the same with `HASH_R`; `HASH_I` (IKE-2409-5.4-c).

use super::shared::{
    Fault, Keyed, Next, Peer, Stage, Started, Terms, agree, answered_vendor_ids, check_id, choose, clear,
    detect_nat, draw_own, float, group, hash_of, header, id_of, initial_contact, key_exchange,
    learn_vendor_ids, nat_d, own_id, proof, read_clear, sa, sa_of, says_initial_contact, vendor_ids,
};
use crate::crypto::{dh, equal};
use crate::cx::Cx;
use crate::isakmp::event::{Failure, Role};
use crate::isakmp::policy::{Incompatible, check_phase1_reply};
use crate::isakmp::violation::Violation;
use crate::isakmp::wire::{Body, Payload, PayloadType, Sealed};

/// Message 1. All transforms have to be of one group, that of the key exchange value.
pub(super) fn begin(cx: &mut Cx<'_>, terms: &Terms<'_>, peer: &mut Peer) -> Result<Next, Fault> {
    let offer = terms.config.phase1_offer.to_sa();
    let first = sa(offer.clone());
    peer.sa_body = first.body.to_octets().unwrap_or_default();
    let of_offer = terms.config.phase1_offer.suites.first().and_then(|suite| suite.group());
    let group: dh::Group = of_offer.ok_or(Fault::Over(Failure::NothingChosen(Incompatible::Group)))?;
    let own = draw_own(cx, terms.config, group)?;
    let payloads = core::iter::once(first)
        .chain(key_exchange(&own))
        .chain([own_id(peer, terms.config)])
        .chain(vendor_ids(&terms.config.vendor_ids))
        .collect();
    let send = clear(peer, payloads);
    Ok(Next { stage: Stage::ExpectSa(Started { offer, own: Some(own) }), send })
}

/// The initiator's step.
pub(super) fn initiator(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &mut Peer,
    stage: &Stage,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    let Stage::ExpectSa(Started { offer, own: Some(own) }) = stage else {
        return Err(Violation::UnexpectedMessage(sealed.header.exchange_type).into());
    };
    let message = read_clear(sealed, Some(PayloadType::SecurityAssociation))?;
    let choice = check_phase1_reply(offer, sa_of(&message)?.0)?;
    let before = peer.cookies;
    peer.cookies.responder = message.header.responder_cookie;
    let keyed = agree(cx, terms, peer, choice, own, &message)?;
    let (id, body) = id_of(&message)?;
    if !equal(&proof(peer, &keyed, Role::Responder, &body), hash_of(&message)?) {
        peer.cookies = before;
        return Err(Violation::WrongHash.into());
    }
    check_id(id)?;
    peer.identity = Some(id.clone());
    learn_vendor_ids(peer, terms, &message);
    detect_nat(peer, &keyed.choice, &message);
    let digests = nat_d(peer, &keyed.choice);
    float(peer);
    let own_body = own_id(peer, terms.config).body.to_octets().unwrap_or_default();
    let hash = proof(peer, &keyed, Role::Initiator, &own_body);
    let payloads: Vec<Payload> = core::iter::once(Payload::new(PayloadType::Hash, Body::Hash(hash)))
        .chain(digests)
        .chain(initial_contact(peer, terms))
        .collect();
    let mut keyed = keyed;
    let send = keyed.secrets.seal(&mut keyed.iv, header(peer), &payloads, terms.config.padding);
    Ok(Next { stage: Stage::Established(keyed), send })
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
        Stage::Idle => on_message_1(cx, terms, peer, sealed),
        Stage::ExpectIdHash(keyed) => on_message_3(peer, keyed, sealed),
        Stage::ExpectSa(_) | Stage::ExpectKe(_) | Stage::Established(_) => {
            Err(Violation::UnexpectedMessage(sealed.header.exchange_type).into())
        }
    }
}

fn on_message_1(cx: &mut Cx<'_>, terms: &Terms<'_>, peer: &mut Peer, sealed: &Sealed) -> Result<Next, Fault> {
    let message = read_clear(sealed, Some(PayloadType::SecurityAssociation))?;
    let (offer, body) = sa_of(&message)?;
    let choice = choose(terms, &offer)?;
    let own = draw_own(cx, terms.config, group(&choice)?)?;
    peer.sa_body = body;
    let (id, _) = id_of(&message)?;
    check_id(id)?;
    peer.identity = Some(id.clone());
    learn_vendor_ids(peer, terms, &message);
    let reply = sa(choice.reply.clone());
    let digests = nat_d(peer, &choice);
    let keyed = agree(cx, terms, peer, choice, &own, &message)?;
    let id = own_id(peer, terms.config);
    let hash = proof(peer, &keyed, Role::Responder, &id.body.to_octets().unwrap_or_default());
    let payloads = core::iter::once(reply)
        .chain(key_exchange(&own))
        .chain([id, Payload::new(PayloadType::Hash, Body::Hash(hash))])
        .chain(vendor_ids(answered_vendor_ids(peer, terms)))
        .chain(digests)
        .collect();
    Ok(Next { stage: Stage::ExpectIdHash(keyed), send: clear(peer, payloads) })
}

/// The last message, encrypted or in the clear (IKE-2409-5-k).
fn on_message_3(peer: &mut Peer, keyed: &Keyed, sealed: &Sealed) -> Result<Next, Fault> {
    let mut iv = keyed.iv.clone();
    let message = if sealed.header.is_encrypted() {
        keyed.secrets.open(&mut iv, sealed)?
    } else {
        read_clear(sealed, Some(PayloadType::Hash))?
    };
    let id = peer.identity.clone().ok_or(Violation::MissingPayload(PayloadType::Identification))?;
    let body = Body::Identification(id).to_octets().unwrap_or_default();
    if !equal(&proof(peer, keyed, Role::Initiator, &body), hash_of(&message)?) {
        return Err(Violation::WrongHash.into());
    }
    detect_nat(peer, &keyed.choice, &message);
    peer.says_initial_contact = says_initial_contact(&message);
    Ok(Next { stage: Stage::Established(keyed.with_iv(iv)), send: None })
}
