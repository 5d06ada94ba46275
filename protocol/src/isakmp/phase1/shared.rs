//! What both modes and both ends share: building and checking payloads, NAT detection, keys.

use core::net::SocketAddr;
use std::sync::Arc;

use crate::codec::Codec;
use crate::crypto::dh;
use crate::cx::Cx;
use crate::isakmp::config::{Config, InitialContact, NatMethod, OwnIdentity};
use crate::isakmp::event::{Failure, NatSituation, Role};
use crate::isakmp::keys::{self, Cookies, Nonces, Proof, PublicValues};
use crate::isakmp::policy::{Incompatible, Phase1Choice, choose_phase1};
use crate::isakmp::secrets::Secrets;
use crate::isakmp::violation::Violation;
use crate::isakmp::wire::{
    Body, Doi, ExchangeType, Header, Id, IdType, Known, Message, Notification, NotifyType, Payload,
    PayloadType, ProtocolId, Sa, Sealed, VendorId,
};

/// What an end brings to the exchange.
#[derive(Debug, Clone, Copy)]
pub(in crate::isakmp) struct Terms<'a> {
    pub(in crate::isakmp) config: &'a Config,
    /// Whether nothing is known of the peer, so that INITIAL-CONTACT is true.
    pub(in crate::isakmp) is_first_contact: bool,
}

/// What is known of the peer and the path to it.
#[derive(Debug)]
pub(in crate::isakmp) struct Peer {
    pub(in crate::isakmp) role: Role,
    pub(in crate::isakmp) exchange: ExchangeType,
    pub(in crate::isakmp) local: SocketAddr,
    pub(in crate::isakmp) peer: SocketAddr,
    pub(in crate::isakmp) cookies: Cookies,
    /// The body of the initiator's SA payload.
    pub(in crate::isakmp) sa_body: Vec<u8>,
    pub(in crate::isakmp) vendor_ids: Vec<VendorId>,
    pub(in crate::isakmp) nat_method: Option<NatMethod>,
    pub(in crate::isakmp) nat: NatSituation,
    pub(in crate::isakmp) identity: Option<Id>,
    /// Whether INITIAL-CONTACT was said in phase 1.
    pub(in crate::isakmp) says_initial_contact: bool,
    /// The RESPONDER-LIFETIME that was said in phase 1.
    pub(in crate::isakmp) responder_lifetime: Option<Notification>,
}

/// What the next message has to be.
#[derive(Debug)]
pub(in crate::isakmp) enum Stage {
    /// Nothing was said yet.
    Idle,
    /// The initiator has made its offer.
    ExpectSa(Started),
    /// The suite is chosen.
    ExpectKe(Negotiated),
    /// Keys are agreed on.
    ExpectIdHash(Keyed),
    /// Both ends are authenticated.
    Established(Keyed),
}

/// An offer made, and in Aggressive Mode all else that the first message holds.
#[derive(Debug)]
pub(in crate::isakmp) struct Started {
    pub(in crate::isakmp) offer: Sa,
    pub(in crate::isakmp) own: Option<Own>,
}

/// A suite chosen.
#[derive(Debug)]
pub(in crate::isakmp) struct Negotiated {
    pub(in crate::isakmp) choice: Phase1Choice,
    /// Our part of the key exchange, if it was sent.
    pub(in crate::isakmp) own: Option<Own>,
}

/// Keys agreed on. `iv` is that of the next message of phase 1, and then that which all later exchanges start from.
#[derive(Debug, Clone)]
pub(in crate::isakmp) struct Keyed {
    pub(in crate::isakmp) choice: Phase1Choice,
    pub(in crate::isakmp) secrets: Arc<Secrets>,
    /// The initiator's and the responder's public value.
    pub(in crate::isakmp) public_values: [Vec<u8>; 2],
    pub(in crate::isakmp) iv: Vec<u8>,
}

impl Keyed {
    /// The same keys before the next message.
    pub(super) fn with_iv(&self, iv: Vec<u8>) -> Self {
        Self { iv, ..self.clone() }
    }
}

/// Our part of a key exchange.
#[derive(Clone)]
pub(in crate::isakmp) struct Own {
    pub(in crate::isakmp) group: dh::Group,
    pub(in crate::isakmp) private: Vec<u8>,
    pub(in crate::isakmp) public: Vec<u8>,
    pub(in crate::isakmp) nonce: Vec<u8>,
}

impl core::fmt::Debug for Own {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Own").field("group", &self.group).finish_non_exhaustive()
    }
}

/// What a step leads to.
#[derive(Debug)]
pub(in crate::isakmp) struct Next {
    pub(in crate::isakmp) stage: Stage,
    /// What to send.
    pub(in crate::isakmp) send: Option<Vec<u8>>,
}

/// Why a step leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::isakmp) enum Fault {
    /// The message is set aside and what was waited for is still waited for.
    SetAside(Violation),
    /// The exchange is over.
    Over(Failure),
}

impl<T: Into<Violation>> From<T> for Fault {
    fn from(violation: T) -> Self {
        Self::SetAside(violation.into())
    }
}

impl From<Incompatible> for Fault {
    fn from(why: Incompatible) -> Self {
        Self::Over(Failure::NothingChosen(why))
    }
}

pub(super) const fn header(peer: &Peer) -> Header {
    Header {
        initiator_cookie: peer.cookies.initiator,
        responder_cookie: peer.cookies.responder,
        next_payload: PayloadType::None,
        version: Header::VERSION_1_0,
        exchange_type: peer.exchange,
        flags: 0,
        message_id: 0,
        length: 0,
    }
}

/// A message in the clear.
pub(super) fn clear(peer: &Peer, payloads: Vec<Payload>) -> Option<Vec<u8>> {
    Message::new(header(peer), payloads).to_octets().ok()
}

pub(super) const fn sa(sa: Sa) -> Payload {
    Payload::new(PayloadType::SecurityAssociation, Body::SecurityAssociation(sa))
}

pub(super) fn vendor_ids<'a>(ids: impl IntoIterator<Item = &'a VendorId>) -> impl Iterator<Item = Payload> {
    ids.into_iter().map(|id| Payload::new(PayloadType::VendorId, Body::VendorId(id.clone())))
}

/// Reads a message in the clear that begins with a payload of the wanted kind, if one is wanted.
pub(super) fn read_clear(sealed: &Sealed, first: Option<PayloadType>) -> Result<Message, Violation> {
    if sealed.header.is_encrypted() {
        return Err(Violation::UnexpectedMessage(sealed.header.exchange_type));
    }
    let octets = sealed.to_octets().map_err(|_| Violation::UnexpectedMessage(sealed.header.exchange_type))?;
    let message = Message::decode_all(&octets)?;
    match (first, message.payloads.first().map(|payload| payload.kind)) {
        (Some(first), found) if found != Some(first) => Err(Violation::NotFirst(first)),
        _ => Ok(message),
    }
}

/// The SA payload of a message, and its body's octets.
pub(super) fn sa_of(message: &Message) -> Result<(Sa, Vec<u8>), Violation> {
    let missing = Violation::MissingPayload(PayloadType::SecurityAssociation);
    let payload = message.find(PayloadType::SecurityAssociation).ok_or(missing)?;
    let Body::SecurityAssociation(sa) = &payload.body else { return Err(missing) };
    let body = payload.body.to_octets().map_err(|_| missing)?;
    Ok((sa.clone(), body))
}

/// The key exchange payload of a message.
pub(in crate::isakmp) fn public_of(message: &Message) -> Result<&[u8], Violation> {
    match message.find(PayloadType::KeyExchange).map(|payload| &payload.body) {
        Some(Body::KeyExchange(octets)) => Ok(octets),
        _ => Err(Violation::MissingPayload(PayloadType::KeyExchange)),
    }
}

/// The nonce of a message (IKE-2409-5-d).
pub(in crate::isakmp) fn nonce_of(message: &Message) -> Result<&[u8], Violation> {
    match message.find(PayloadType::Nonce).map(|payload| &payload.body) {
        Some(Body::Nonce(octets)) if (8..=256).contains(&octets.len()) => Ok(octets),
        Some(Body::Nonce(octets)) => Err(Violation::NonceLength(octets.len())),
        _ => Err(Violation::MissingPayload(PayloadType::Nonce)),
    }
}

pub(in crate::isakmp) fn hash_of(message: &Message) -> Result<&[u8], Violation> {
    match message.find(PayloadType::Hash).map(|payload| &payload.body) {
        Some(Body::Hash(octets)) => Ok(octets),
        _ => Err(Violation::MissingPayload(PayloadType::Hash)),
    }
}

/// The identity of a message, and its body's octets.
pub(super) fn id_of(message: &Message) -> Result<(&Id, Vec<u8>), Violation> {
    let missing = Violation::MissingPayload(PayloadType::Identification);
    let payload = message.find(PayloadType::Identification).ok_or(missing)?;
    let Body::Identification(id) = &payload.body else { return Err(missing) };
    Ok((id, payload.body.to_octets().map_err(|_| missing)?))
}

/// Checks an identity that was proved. Port 0 with UDP is what NATT-3947-4-f asks for, and 4500 what some send for it.
pub(super) fn check_id(id: &Id) -> Result<(), Violation> {
    match (id.protocol, id.port) {
        _ if matches!(id.id_type, IdType::Unknown(_)) => Err(Violation::IdentificationType(id.id_type)),
        (0, 0) | (17, 0 | 500 | 4500) => Ok(()),
        (protocol, port) => Err(Violation::IdentificationPort { protocol, port }),
    }
}

/// Takes the peer's vendor IDs and what they announce (NATT-3947-3.1-a).
pub(super) fn learn_vendor_ids(peer: &mut Peer, terms: &Terms<'_>, message: &Message) {
    peer.vendor_ids = message
        .payloads
        .iter()
        .filter_map(|payload| if let Body::VendorId(id) = &payload.body { Some(id.clone()) } else { None })
        .collect();
    let methods = terms.config.nat_traversal.iter().flat_map(|nat| &nat.methods);
    let announced =
        |method: &&NatMethod| peer.vendor_ids.iter().any(|id| NatMethod::of(id) == Some(**method));
    peer.nat_method = methods.copied().find(|method| announced(&method));
}

/// The vendor IDs of an answer: all but those that announce a NAT traversal method that is not used, and FRAGMENTATION
/// only to peers that sent it.
pub(super) fn answered_vendor_ids<'a>(
    peer: &'a Peer,
    terms: &Terms<'a>,
) -> impl Iterator<Item = &'a VendorId> {
    let has_fragmentation = peer.vendor_ids.iter().any(|id| matches!(id.known(), Some(Known::Fragmentation)));
    terms.config.vendor_ids.iter().filter(move |id| match NatMethod::of(id) {
        Some(method) => peer.nat_method == Some(method),
        None => has_fragmentation || !matches!(id.known(), Some(Known::Fragmentation)),
    })
}

/// Draws our part of a key exchange.
pub(in crate::isakmp) fn draw_own(
    cx: &mut Cx<'_>,
    config: &Config,
    group: dh::Group,
) -> Result<Own, Violation> {
    let length = config.private_octets.min(group.shared_len());
    let mut private = cx.draw_vec("isakmp.dh_private", length);
    let public = match group.public(&private) {
        Ok(public) => public,
        // A curve takes no value beyond its order: one draw in very many.
        Err(_) => {
            private = cx.draw_vec("isakmp.dh_private", length);
            group.public(&private)?
        }
    };
    let nonce = cx.draw_vec("isakmp.nonce", config.nonce_octets);
    Ok(Own { group, private, public, nonce })
}

pub(in crate::isakmp) fn key_exchange(own: &Own) -> [Payload; 2] {
    [
        Payload::new(PayloadType::KeyExchange, Body::KeyExchange(own.public.clone())),
        Payload::new(PayloadType::Nonce, Body::Nonce(own.nonce.clone())),
    ]
}

/// The NAT-D payloads: the remote end first, then our own (NATT-3947-3.2-c).
pub(super) fn nat_d(peer: &Peer, choice: &Phase1Choice) -> Vec<Payload> {
    let (Some(method), Some(hash)) = (peer.nat_method, choice.suite.hash()) else { return Vec::new() };
    [peer.peer, peer.local]
        .map(|at| {
            let digest = keys::nat_d(hash, &peer.cookies, at.ip(), at.port());
            Payload::new(method.nat_d(), Body::NatD(digest))
        })
        .into()
}

/// Compares the peer's NAT-D payloads with what is seen here (NATT-3947-3.2-d).
pub(super) fn detect_nat(peer: &mut Peer, choice: &Phase1Choice, message: &Message) {
    let (Some(method), Some(hash)) = (peer.nat_method, choice.suite.hash()) else { return };
    let of_method = message.payloads.iter().filter(|payload| payload.kind == method.nat_d());
    let mut digests = of_method
        .filter_map(|payload| if let Body::NatD(digest) = &payload.body { Some(digest) } else { None });
    let Some(of_us) = digests.next() else { return };
    let own = keys::nat_d(hash, &peer.cookies, peer.local.ip(), peer.local.port());
    let seen = keys::nat_d(hash, &peer.cookies, peer.peer.ip(), peer.peer.port());
    peer.nat.own_end = *of_us != own;
    peer.nat.peer_end = !digests.any(|digest| *digest == seen);
}

/// Moves to port 4500 where somebody is behind a translator (NATT-3947-4-a).
pub(super) const fn float(peer: &mut Peer) {
    if peer.nat.is_any() && peer.local.port() != 4500 {
        peer.local.set_port(4500);
        peer.peer.set_port(4500);
    }
}

/// Derives the keys of the exchange.
pub(super) fn agree(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &Peer,
    choice: Phase1Choice,
    own: &Own,
    message: &Message,
) -> Result<Keyed, Fault> {
    let (peer_public, peer_nonce) = (public_of(message)?, nonce_of(message)?);
    let shared = own.group.shared(&own.private, peer_public)?;
    let key = terms.config.key_for(peer.peer.ip()).ok_or(Fault::Over(Failure::NoKey))?;
    let (own_part, peer_part) = ((&own.public, &own.nonce), (peer_public.to_vec(), peer_nonce.to_vec()));
    let ((public_i, nonce_i), (public_r, nonce_r)) = match peer.role {
        Role::Initiator => ((own_part.0.clone(), own_part.1.clone()), peer_part),
        Role::Responder => (peer_part, (own_part.0.clone(), own_part.1.clone())),
    };
    let nonces = Nonces { initiator: &nonce_i, responder: &nonce_r };
    let secrets = Secrets::derive(cx, &choice.suite, key, nonces, &shared, peer.cookies)
        .ok_or(Fault::Over(Failure::NothingChosen(Incompatible::NothingUnderstood)))?;
    let public_values = PublicValues { initiator: &public_i, responder: &public_r };
    let iv = keys::phase_1_iv(secrets.hash, public_values, secrets.block_len());
    let secrets = Arc::new(secrets);
    Ok(Keyed { choice, secrets, public_values: [public_i, public_r], iv })
}

/// The hash by which an end proves itself, over the body of its ID payload (IKE-2409-5-j).
pub(super) fn proof(peer: &Peer, keyed: &Keyed, of: Role, identification: &[u8]) -> Vec<u8> {
    let [initiator, responder] = &keyed.public_values;
    let proof = Proof {
        skeyid: &keyed.secrets.skeyid,
        public_values: PublicValues { initiator, responder },
        cookies: peer.cookies,
        initiator_sa: &peer.sa_body,
        identification,
    };
    match of {
        Role::Initiator => keys::hash_i(keyed.secrets.hash, &proof),
        Role::Responder => keys::hash_r(keyed.secrets.hash, &proof),
    }
}

/// Our ID payload.
pub(super) fn own_id(peer: &Peer, config: &Config) -> Payload {
    let id = match &config.identity {
        OwnIdentity::Other(id) => id.clone(),
        OwnIdentity::Address { protocol, port } => {
            let (id_type, data) = match peer.local.ip() {
                core::net::IpAddr::V4(address) => (IdType::Ipv4Addr, address.octets().to_vec()),
                core::net::IpAddr::V6(address) => (IdType::Ipv6Addr, address.octets().to_vec()),
            };
            Id { id_type, protocol: *protocol, port: *port, data }
        }
    };
    Payload::new(PayloadType::Identification, Body::Identification(id))
}

/// INITIAL-CONTACT, where it belongs here and is true (DOI-2407-4.6.3.3-a).
pub(super) fn initial_contact(peer: &Peer, terms: &Terms<'_>) -> Option<Payload> {
    (terms.config.initial_contact == InitialContact::InPhase1 && terms.is_first_contact)
        .then(|| notify(NotifyType::InitialContact, &peer.cookies, Vec::new()))
}

/// A notification about the ISAKMP SA.
pub(in crate::isakmp) fn notify(notify_type: NotifyType, cookies: &Cookies, data: Vec<u8>) -> Payload {
    let spi = [cookies.initiator, cookies.responder].concat();
    let notification = Notification { doi: Doi::Ipsec, protocol: ProtocolId::Isakmp, spi, notify_type, data };
    Payload::new(PayloadType::Notification, Body::Notification(notification))
}

/// Whether a message says INITIAL-CONTACT.
pub(super) fn says_initial_contact(message: &Message) -> bool {
    message.payloads.iter().any(|payload| {
        matches!(&payload.body, Body::Notification(it) if it.notify_type == NotifyType::InitialContact)
    })
}

/// Chooses a suite as responder.
pub(super) fn choose(terms: &Terms<'_>, offer: &Sa) -> Result<Phase1Choice, Fault> {
    let acceptance = terms
        .config
        .phase1_acceptance
        .as_ref()
        .ok_or(Fault::Over(Failure::NothingChosen(Incompatible::NoSuiteAccepted)))?;
    Ok(choose_phase1(offer, acceptance)?)
}

/// The group of a choice.
pub(super) fn group(choice: &Phase1Choice) -> Result<dh::Group, Fault> {
    choice.suite.group().ok_or(Fault::Over(Failure::NothingChosen(Incompatible::Group)))
}
