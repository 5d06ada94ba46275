//! Quick Mode: a pair of ESP SAs under an ISAKMP SA (RFC 2409 section 5.5), with or without a key exchange of its own.

use core::net::IpAddr;

use super::config::Config;
use super::event::{Child, DirectionKeys, Failure, Role, SaId};
use super::keys::{self, KeymatInputs, Nonces};
use super::phase1::{Fault, Keyed, Own, Peer, draw_own, hash_of, key_exchange, nonce_of, public_of};
use super::policy::{Phase2Choice, check_phase2_reply, choose_phase2};
use super::responder_lifetime;
use super::violation::Violation;
use super::wire::{
    Body, EncapsulationMode, ExchangeType, Header, Id, IdType, Message, NatOa, Payload, PayloadType,
    ProtocolId, Sa, Sealed, encode_chain,
};
use crate::codec::Writer;
use crate::crypto::{dh, equal};
use crate::cx::{Cx, Secret};
use crate::esp::Integrity;

/// UDP, which is all that is protected here.
const UDP: u8 = 17;
/// `PROTO_IPSEC_ESP`, as keys are derived with it.
const ESP: u8 = 3;

/// The ISAKMP SA that an exchange is protected by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Under<'a> {
    pub(super) config: &'a Config,
    pub(super) id: SaId,
    pub(super) peer: &'a Peer,
    pub(super) keyed: &'a Keyed,
}

/// What the next message of an exchange has to be.
#[derive(Debug)]
pub(super) enum Stage {
    /// The initiator has made its offer.
    ExpectAnswer(Offered),
    /// The responder has answered.
    ExpectHash(Answered),
    /// All is said.
    Done,
}

#[derive(Debug)]
pub(super) struct Offered {
    offer: Sa,
    own: Option<Own>,
    own_spi: u32,
    nonce: Vec<u8>,
    ids: [Id; 2],
}

#[derive(Debug)]
pub(super) struct Answered {
    nonces: [Vec<u8>; 2],
    child: Child,
}

/// What a step leads to.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) stage: Stage,
    pub(super) send: Option<Vec<u8>>,
    pub(super) child: Option<Child>,
    /// What of the message was set aside.
    pub(super) aside: Option<Violation>,
}

impl Under<'_> {
    /// The header of a message of phase 2.
    pub(super) const fn header(&self, exchange_type: ExchangeType, message_id: u32) -> Header {
        Header {
            initiator_cookie: self.peer.cookies.initiator,
            responder_cookie: self.peer.cookies.responder,
            next_payload: PayloadType::Hash,
            version: Header::VERSION_1_0,
            exchange_type,
            flags: Header::ENCRYPTION,
            message_id,
            length: 0,
        }
    }

    /// The encapsulation mode of the path (NATT-3947-5.1-a).
    fn mode(&self) -> EncapsulationMode {
        match self.peer.nat_method {
            Some(method) if self.peer.nat.is_any() => method.encapsulation(),
            _ => EncapsulationMode::Transport,
        }
    }

    /// Puts the hash before the payloads of a message, number `step` of its exchange, and seals them.
    pub(super) fn seal(
        &self,
        iv: &mut Vec<u8>,
        step: u8,
        header: Header,
        payloads: &[Payload],
        hash: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Option<Vec<u8>> {
        let first = payloads.first().map_or(PayloadType::None, |payload| payload.kind);
        let (header, rest) =
            self.config.editor.edited(step, Header { next_payload: first, ..header }, chain(payloads));
        let hash = hash(&rest);
        let body = [generic(header.next_payload, &hash)?, rest].concat();
        let header = Header { next_payload: PayloadType::Hash, ..header };
        self.keyed.secrets.seal_chain(iv, header, body, self.config.padding)
    }

    /// Opens a message and checks that its hash comes first and fits (IKE-2409-5.5-b, ISAKMP-2408-5.11-a).
    pub(super) fn open(
        &self,
        iv: &mut Vec<u8>,
        sealed: &Sealed,
        hash: impl FnOnce(&Message, &[u8]) -> Result<Vec<u8>, Violation>,
    ) -> Result<Message, Violation> {
        let mut next = iv.clone();
        let message = self.keyed.secrets.open(&mut next, sealed)?;
        let not_first = Violation::NotFirst(PayloadType::Hash);
        let (first, rest) = message.payloads.split_first().ok_or(not_first)?;
        if first.kind != PayloadType::Hash {
            return Err(not_first);
        }
        if !equal(&hash(&message, &chain(rest))?, hash_of(&message)?) {
            return Err(Violation::WrongHash);
        }
        *iv = next;
        Ok(message)
    }
}

/// A payload behind its generic header (RFC 2408 section 3.2).
pub(super) fn generic(next: PayloadType, body: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(body.len().checked_add(4)?).ok()?;
    let [high, low] = length.to_be_bytes();
    Some([&[next.number(), 0, high, low], body].concat())
}

pub(super) fn chain(payloads: &[Payload]) -> Vec<u8> {
    let mut w = Writer::new();
    encode_chain(payloads, &mut w);
    w.into_octets().unwrap_or_default()
}

/// Begins an exchange that protects these UDP ports, ours and the peer's: the state, and the first message.
pub(super) fn begin(
    cx: &mut Cx<'_>,
    under: Under<'_>,
    (message_id, own_spi): (u32, u32),
    [own_port, peer_port]: [u16; 2],
    iv: &mut Vec<u8>,
) -> Result<Next, Fault> {
    let config = under.config;
    let offer = config.phase2_offer.to_sa(own_spi, under.mode());
    let group = config.phase2_offer.group.and_then(|group| dh::Group::from_number(group.number()));
    let own = group.map(|group| draw_own(cx, config, group)).transpose()?;
    let nonce = match &own {
        Some(own) => own.nonce.clone(),
        None => cx.draw_vec("isakmp.nonce", config.nonce_octets),
    };
    let ids = [selector(under.peer.local.ip(), own_port), selector(under.peer.peer.ip(), peer_port)];
    let sa = Payload::new(PayloadType::SecurityAssociation, Body::SecurityAssociation(offer.clone()));
    let payloads: Vec<Payload> = core::iter::once(sa)
        .chain(key_part(own.as_ref(), &nonce))
        .chain(ids.iter().map(identification))
        .chain(original_addresses(under, Role::Initiator))
        .collect();
    let secrets = &under.keyed.secrets;
    let send = under.seal(iv, 1, under.header(ExchangeType::QuickMode, message_id), &payloads, |rest| {
        keys::hash_1(secrets.hash, &secrets.skeyid_a, message_id, rest)
    });
    let offered = Offered { offer, own, own_spi, nonce, ids };
    Ok(Next { stage: Stage::ExpectAnswer(offered), send, child: None, aside: None })
}

/// Takes the first message and answers it.
pub(super) fn answer(
    cx: &mut Cx<'_>,
    under: Under<'_>,
    own_spi: u32,
    iv: &mut Vec<u8>,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    let message_id = sealed.header.message_id;
    let secrets = &under.keyed.secrets;
    let message = under
        .open(iv, sealed, |_, rest| Ok(keys::hash_1(secrets.hash, &secrets.skeyid_a, message_id, rest)))?;
    let offer = sa_second(&message)?;
    let ids = selectors_of(under, &message)?;
    let acceptance = under
        .config
        .phase2_acceptance
        .as_ref()
        .ok_or(Fault::Over(Failure::NothingChosen(super::policy::Incompatible::NoSuiteAccepted)))?;
    let choice = choose_phase2(offer, acceptance, &[under.mode()], own_spi)?;
    let own = own_of_choice(cx, under.config, &choice)?;
    let peer_nonce = nonce_of(&message)?.to_vec();
    let nonce = match &own {
        Some(own) => own.nonce.clone(),
        None => cx.draw_vec("isakmp.nonce", under.config.nonce_octets),
    };
    let shared = shared_secret(own.as_ref(), &message)?;
    let told = choice.told.and_then(|lifetime| responder_lifetime::of_child(own_spi, lifetime));
    let reply = choice.reply.clone();
    let nonces = [peer_nonce, nonce];
    let [peer_selector, own_selector] = ids.clone();
    let agreed = Agreed { choice, own_spi, shared, nonces: &nonces, own_selector, peer_selector };
    let child = derive(cx, under, Role::Responder, agreed)?;
    let sa = Payload::new(PayloadType::SecurityAssociation, Body::SecurityAssociation(reply));
    let has_ids = message.find(PayloadType::Identification).is_some();
    let payloads: Vec<Payload> = core::iter::once(sa)
        .chain(key_part(own.as_ref(), &nonces[1]))
        .chain(ids.iter().map(identification).filter(|_| has_ids))
        .chain(original_addresses(under, Role::Responder))
        .chain(told)
        .collect();
    let send = under.seal(iv, 2, under.header(ExchangeType::QuickMode, message_id), &payloads, |rest| {
        keys::hash_2(secrets.hash, &secrets.skeyid_a, message_id, &nonces[0], rest)
    });
    Ok(Next { stage: Stage::ExpectHash(Answered { nonces, child }), send, child: None, aside: None })
}

/// Takes the next message of an exchange.
pub(super) fn on_message(
    cx: &mut Cx<'_>,
    under: Under<'_>,
    stage: &Stage,
    iv: &mut Vec<u8>,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    match stage {
        Stage::ExpectAnswer(offered) => on_answer(cx, under, offered, iv, sealed),
        Stage::ExpectHash(answered) => on_hash(under, answered, iv, sealed),
        Stage::Done => Err(Violation::UnexpectedMessage(sealed.header.exchange_type).into()),
    }
}

fn on_answer(
    cx: &mut Cx<'_>,
    under: Under<'_>,
    offered: &Offered,
    iv: &mut Vec<u8>,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    let message_id = sealed.header.message_id;
    let secrets = &under.keyed.secrets;
    let mut next_iv = iv.clone();
    let message = under.open(&mut next_iv, sealed, |_, rest| {
        Ok(keys::hash_2(secrets.hash, &secrets.skeyid_a, message_id, &offered.nonce, rest))
    })?;
    let mut choice = check_phase2_reply(&offered.offer, sa_second(&message)?.clone())?;
    let claimed = responder_lifetime::said(&message.payloads).map(|notification| {
        let spis = [offered.own_spi, choice.peer_spi].map(|spi| spi.to_be_bytes().to_vec());
        responder_lifetime::read(notification, ProtocolId::Esp, &spis)
    });
    if let Some(Ok(claimed)) = claimed {
        choice.lifetime = choice.lifetime.shorter(claimed);
    }
    let ids: Vec<&Id> = ids_of(&message).collect();
    let nat = under.peer.nat;
    if !ids.is_empty() && !answers(&ids, &offered.ids, [nat.own_end, nat.peer_end]) {
        return Err(Violation::SelectorsChanged.into());
    }
    let shared = shared_secret(offered.own.as_ref(), &message)?;
    let nonces = [offered.nonce.clone(), nonce_of(&message)?.to_vec()];
    let [own_selector, peer_selector] = offered.ids.clone();
    let agreed =
        Agreed { choice, own_spi: offered.own_spi, shared, nonces: &nonces, own_selector, peer_selector };
    let child = derive(cx, under, Role::Initiator, agreed)?;
    let hash = hash_3(under, message_id, &nonces);
    let payloads = [Payload::new(PayloadType::Hash, Body::Hash(hash))];
    let header = under.header(ExchangeType::QuickMode, message_id);
    let send = secrets.seal(&mut next_iv, header, &payloads, under.config.padding);
    *iv = next_iv;
    Ok(Next { stage: Stage::Done, send, child: Some(child), aside: claimed.and_then(Result::err) })
}

fn on_hash(under: Under<'_>, answered: &Answered, iv: &mut Vec<u8>, sealed: &Sealed) -> Result<Next, Fault> {
    let message_id = sealed.header.message_id;
    under.open(iv, sealed, |_, _| Ok(hash_3(under, message_id, &answered.nonces)))?;
    Ok(Next { stage: Stage::Done, send: None, child: Some(answered.child.clone()), aside: None })
}

fn hash_3(under: Under<'_>, message_id: u32, [initiator, responder]: &[Vec<u8>; 2]) -> Vec<u8> {
    let secrets = &under.keyed.secrets;
    keys::hash_3(secrets.hash, &secrets.skeyid_a, message_id, Nonces { initiator, responder })
}

/// The SA payload, which follows the hash directly (IKE-2409-5.5-b).
fn sa_second(message: &Message) -> Result<&Sa, Violation> {
    match message.payloads.get(1).map(|payload| &payload.body) {
        Some(Body::SecurityAssociation(sa)) => Ok(sa),
        _ => Err(Violation::MissingPayload(PayloadType::SecurityAssociation)),
    }
}

fn ids_of(message: &Message) -> impl Iterator<Item = &Id> {
    message
        .payloads
        .iter()
        .filter_map(|payload| if let Body::Identification(id) = &payload.body { Some(id) } else { None })
}

/// Whether selectors answer those that were asked for. Of an end behind a translator the peer may say the address that it sees
/// (strongSwan does), and where any protocol or port was asked for it may choose one.
fn answers(ids: &[&Id], asked: &[Id; 2], is_translated: [bool; 2]) -> bool {
    let fits = |((id, asked), is_translated): ((&&Id, &Id), bool)| {
        id.id_type == asked.id_type
            && (asked.protocol == 0 || id.protocol == asked.protocol)
            && (asked.port == 0 || id.port == asked.port)
            && (is_translated || id.data == asked.data)
    };
    ids.len() == 2 && ids.iter().zip(asked).zip(is_translated).all(fits)
}

/// The selectors that an initiator asks for, its own first (IKE-2409-5.5-g): single addresses, and UDP or any protocol.
/// Without any, those of the ends (RFC 2409 section 5.5).
fn selectors_of(under: Under<'_>, message: &Message) -> Result<[Id; 2], Violation> {
    let ids: Vec<&Id> = ids_of(message).collect();
    let is_single =
        |id: &Id| matches!(id.id_type, IdType::Ipv4Addr | IdType::Ipv6Addr) && matches!(id.protocol, 0 | UDP);
    match ids.as_slice() {
        [] => Ok([any(under.peer.peer.ip()), any(under.peer.local.ip())]),
        [initiator, responder] if is_single(initiator) && is_single(responder) => {
            Ok([(*initiator).clone(), (*responder).clone()])
        }
        _ => Err(Violation::SelectorsChanged),
    }
}

fn any(address: IpAddr) -> Id {
    Id { protocol: 0, ..selector(address, 0) }
}

fn selector(address: IpAddr, port: u16) -> Id {
    match address {
        IpAddr::V4(address) => Id::ipv4(address, UDP, port),
        IpAddr::V6(address) => {
            Id { id_type: IdType::Ipv6Addr, protocol: UDP, port, data: address.octets().to_vec() }
        }
    }
}

fn identification(id: &Id) -> Payload {
    Payload::new(PayloadType::Identification, Body::Identification(id.clone()))
}

/// The nonce, and the public value where there is one. The order is that of RFC 2409 section 5.5.
fn key_part(own: Option<&Own>, nonce: &[u8]) -> Vec<Payload> {
    match own {
        Some(own) => {
            let [key, nonce] = key_exchange(own);
            vec![nonce, key]
        }
        None => vec![Payload::new(PayloadType::Nonce, Body::Nonce(nonce.to_vec()))],
    }
}

fn own_of_choice(cx: &mut Cx<'_>, config: &Config, choice: &Phase2Choice) -> Result<Option<Own>, Fault> {
    let Some(group) = choice.group else { return Ok(None) };
    let unknown = Fault::Over(Failure::NothingChosen(super::policy::Incompatible::Group));
    let group = dh::Group::from_number(group.number()).ok_or(unknown)?;
    Ok(Some(draw_own(cx, config, group)?))
}

fn shared_secret(own: Option<&Own>, message: &Message) -> Result<Option<Vec<u8>>, Fault> {
    let Some(own) = own else { return Ok(None) };
    Ok(Some(own.group.shared(&own.private, public_of(message)?)?))
}

/// NAT-OA of the initiator, then of the responder, where encapsulation is wanted (NATT-3947-5.2-a, NATT-3947-5.2-b).
/// Each end tells its own address and the one that it sees of the peer.
fn original_addresses(under: Under<'_>, role: Role) -> Vec<Payload> {
    let nat = under.config.nat_traversal.as_ref().filter(|nat| nat.sends_original_addresses);
    let (Some(_), Some(method), true) = (nat, under.peer.nat_method, under.peer.nat.is_any()) else {
        return Vec::new();
    };
    let (own, peer) = (under.peer.local.ip(), under.peer.peer.ip());
    let addresses = match role {
        Role::Initiator => [own, peer],
        Role::Responder => [peer, own],
    };
    addresses
        .map(|address| {
            let original = match address {
                IpAddr::V4(address) => NatOa::ipv4(address),
                IpAddr::V6(address) => {
                    NatOa { id_type: IdType::Ipv6Addr, reserved: [0; 3], address: address.octets().to_vec() }
                }
            };
            Payload::new(method.nat_oa(), Body::NatOa(original))
        })
        .into()
}

struct Agreed<'a> {
    choice: Phase2Choice,
    own_spi: u32,
    shared: Option<Vec<u8>>,
    nonces: &'a [Vec<u8>; 2],
    own_selector: Id,
    peer_selector: Id,
}

/// Derives the keys of both directions, each with the SPI that its receiver chose (IKE-2409-5.5-i, IKE-2409-5.5-k),
/// and logs them.
fn derive(cx: &mut Cx<'_>, under: Under<'_>, role: Role, agreed: Agreed<'_>) -> Result<Child, Fault> {
    let not_known = Fault::Over(Failure::NothingChosen(super::policy::Incompatible::NothingUnderstood));
    let (encryption, encryption_len) = agreed.choice.suite.encryption().ok_or(not_known)?;
    let agreed_integrity = agreed.choice.suite.integrity().ok_or(not_known)?;
    let is_cut = agreed_integrity == Integrity::HmacSha256_128 && under.config.cuts_sha256_to_96;
    let integrity = if is_cut { Integrity::HmacSha256_96 } else { agreed_integrity };
    let [initiator, responder] = agreed.nonces;
    let direction = |spi: u32| {
        let from = KeymatInputs {
            skeyid_d: &under.keyed.secrets.skeyid_d,
            shared_secret: agreed.shared.as_deref(),
            protocol: ESP,
            spi: &spi.to_be_bytes(),
            nonces: Nonces { initiator, responder },
        };
        let length = encryption_len.saturating_add(integrity.key_len());
        let keymat = keys::keymat(under.keyed.secrets.hash, &from, length);
        let keys = keys::split_keymat(&keymat, encryption_len, integrity.key_len()).ok_or(not_known)?;
        Ok::<_, Fault>(DirectionKeys {
            spi,
            encryption_key: keys.encryption.to_vec(),
            integrity_key: keys.integrity.to_vec(),
        })
    };
    let (inbound, outbound) = (direction(agreed.own_spi)?, direction(agreed.choice.peer_spi)?);
    let (own, peer) = (under.peer.local.ip(), under.peer.peer.ip());
    for (source, destination, keys) in [(peer, own, &inbound), (own, peer, &outbound)] {
        cx.key_log.log(Secret::EspSa {
            source,
            destination,
            spi: keys.spi,
            encryption,
            encryption_key: &keys.encryption_key,
            integrity,
            integrity_key: &keys.integrity_key,
        });
    }
    Ok(Child {
        sa: under.id,
        role,
        encryption,
        integrity,
        inbound,
        outbound,
        local: under.peer.local,
        peer: under.peer.peer,
        is_encapsulated: agreed.choice.mode != EncapsulationMode::Transport,
        own_selector: agreed.own_selector,
        peer_selector: agreed.peer_selector,
        lifetime: agreed.choice.lifetime,
        replaces: None,
    })
}
