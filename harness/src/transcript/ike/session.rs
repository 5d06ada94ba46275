//! One ISAKMP security association.

use std::collections::{BTreeMap, VecDeque};

use l2tpspec_protocol::codec::{Malformed, Reader, Why};
use l2tpspec_protocol::crypto::cbc::Cipher;
use l2tpspec_protocol::crypto::dh::Group;
use l2tpspec_protocol::crypto::hash::Hash;
use l2tpspec_protocol::esp::{Encryption, Integrity};
use l2tpspec_protocol::isakmp::keys::{self, Cookies, Derivation, KeymatInputs, Nonces, Proof, PublicValues};
use l2tpspec_protocol::isakmp::wire::{
    self, Body, ExchangeType, Header, Payload, Proposal, ProtocolId, Sa, Transform, Walk,
};

use super::Cookie;
use super::chain::Chain;
use crate::capture::keys::{IkeSecrets, Ikev1Key, SecretOctets};
use crate::transcript::layer::{HashVerdict, Isakmp, Protection};

/// Phase 2 exchanges remembered; the oldest goes first.
const MAX_EXCHANGES: usize = 64;

/// Index of the initiator's part in a pair, and of the responder's.
const INITIATOR: usize = 0;
const RESPONDER: usize = 1;

/// Classes of phase 1 attributes (RFC 2409 appendix A).
mod phase1 {
    pub(super) const ENCRYPTION: u16 = 1;
    pub(super) const HASH: u16 = 2;
    pub(super) const GROUP: u16 = 4;
    pub(super) const KEY_LENGTH: u16 = 14;
}

/// Classes of phase 2 attributes (RFC 2407 section 4.5).
mod phase2 {
    pub(super) const AUTHENTICATION: u16 = 5;
    pub(super) const KEY_LENGTH: u16 = 6;
}

/// A pair of ESP security associations whose keys were derived.
#[derive(Debug)]
pub struct Child {
    /// How both encrypt.
    pub encryption: Encryption,
    /// How both authenticate.
    pub integrity: Integrity,
    /// Towards the initiator, and towards the responder.
    pub associations: [ChildSa; 2],
}

/// One of them.
#[derive(Debug)]
pub struct ChildSa {
    /// The SPI that the receiver chose.
    pub spi: u32,
    /// The encryption key, with the salt of a counter mode behind it.
    pub encryption_key: SecretOctets,
    /// The integrity key.
    pub integrity_key: SecretOctets,
}

/// A key that may be that of this association, and the keys beside it as far as they are known.
#[derive(Debug, Clone)]
struct Candidate {
    key: SecretOctets,
    skeyid: Option<SecretOctets>,
    skeyid_d: Option<SecretOctets>,
    skeyid_a: Option<SecretOctets>,
}

/// What phase 1 agreed on.
#[derive(Debug, Clone, Copy)]
struct Suite {
    cipher: Cipher,
    hash: Hash,
    group: Option<Group>,
}

/// One security association.
#[derive(Debug, Default)]
pub(super) struct Session {
    cookies: [Cookie; 2],
    suite: Option<Suite>,
    /// Body of the initiator's SA payload.
    offer: Vec<u8>,
    public: [Vec<u8>; 2],
    nonce: [Vec<u8>; 2],
    /// Keys to be tried. Once one opened a message it is the only one, and what it opens badly is the sender's fault.
    candidates: Vec<Candidate>,
    is_proven: bool,
    is_derived: bool,
    phase1: Chain,
    exchanges: BTreeMap<u32, Exchange>,
    exchange_order: VecDeque<u32>,
}

/// A phase 2 or informational exchange.
#[derive(Debug, Default)]
struct Exchange {
    chain: Chain,
    nonce: [Vec<u8>; 2],
    spi: [Option<u32>; 2],
    has_key_exchange: bool,
}

impl Session {
    /// An association with the keys given for its cookie; those that a log gives without a cookie are tried too.
    pub(super) fn new(cookie: Cookie, keys: &[Ikev1Key]) -> Self {
        let mut session = Self { cookies: [cookie, [0; 8]], ..Self::default() };
        for key in keys {
            session.learn_key(cookie, key);
        }
        session
    }

    /// Takes a key, if it is for the cookie.
    pub(super) fn learn_key(&mut self, cookie: Cookie, key: &Ikev1Key) {
        if key.initiator_cookie.is_none_or(|own| own == cookie) && !self.is_proven {
            self.candidates.push(Candidate {
                key: key.key.clone(),
                skeyid: key.derivation.skeyid.clone(),
                skeyid_d: key.derivation.skeyid_d.clone(),
                skeyid_a: key.derivation.skeyid_a.clone(),
            });
        }
    }

    /// Learns what a clear phase 1 message negotiates.
    pub(super) fn learn(&mut self, header: &Header, payloads: &[Payload]) {
        let is_first = header.responder_cookie == [0; 8];
        if !is_first {
            self.cookies[RESPONDER] = header.responder_cookie;
        }
        let sa = payloads.iter().find_map(|payload| match &payload.body {
            Body::SecurityAssociation(sa) => Some((payload, sa)),
            _ => None,
        });
        match sa {
            Some((payload, _)) if is_first => self.offer = body_of(payload),
            Some((_, sa)) => self.choose(sa),
            None => {}
        }
        // Aggressive Mode: the answer has an SA too. Main Mode: the initiator's KE comes first.
        let side = match header.exchange_type {
            ExchangeType::Aggressive => usize::from(!is_first),
            _ => usize::from(!self.public[INITIATOR].is_empty()),
        };
        for payload in payloads {
            let (known, value) = match &payload.body {
                Body::KeyExchange(value) => (&mut self.public, value),
                Body::Nonce(value) => (&mut self.nonce, value),
                _ => continue,
            };
            if !known.contains(value) && known[side].is_empty() {
                known[side].clone_from(value);
            }
        }
    }

    /// Notes the transform that the responder chose.
    fn choose(&mut self, sa: &Sa) {
        let Some(transform) = sa.proposals.first().and_then(|proposal| proposal.transforms.first()) else {
            return;
        };
        let value = |class| number(transform, class);
        let cipher = value(phase1::ENCRYPTION)
            .and_then(|encryption| Cipher::from_phase1(encryption, value(phase1::KEY_LENGTH)));
        let hash = value(phase1::HASH).and_then(Hash::from_phase1);
        if let (Some(cipher), Some(hash)) = (cipher, hash) {
            let group = value(phase1::GROUP).and_then(Group::from_number);
            self.suite = Some(Suite { cipher, hash, group });
        }
    }

    /// Derives SKEYID and the cipher key where the Diffie-Hellman secret, or a private value, and the pre-shared key
    /// are given.
    pub(super) fn derive(&mut self, secrets: &[IkeSecrets]) {
        let Some(suite) = self.suite else { return };
        if self.is_derived || self.nonce[RESPONDER].is_empty() || self.public[RESPONDER].is_empty() {
            return;
        }
        self.is_derived = true;
        let cookie = self.cookies[INITIATOR];
        for secret in secrets.iter().filter(|secret| secret.initiator_cookie.is_none_or(|own| own == cookie))
        {
            self.candidates.extend(self.candidate(suite, secret));
        }
    }

    fn candidate(&self, suite: Suite, secret: &IkeSecrets) -> Option<Candidate> {
        let pre_shared_key = secret.pre_shared_key.as_ref()?;
        let computed = |private: &Option<SecretOctets>, public: &[u8]| {
            suite.group?.shared(private.as_ref()?.expose(), public).ok()
        };
        let given = secret.dh_secret.as_ref().map(|shared| shared.expose().to_vec());
        let shared_secret = given
            .or_else(|| computed(&secret.dh_private_initiator, &self.public[RESPONDER]))
            .or_else(|| computed(&secret.dh_private_responder, &self.public[INITIATOR]))?;
        let [initiator, responder] = &self.nonce;
        let nonces = Nonces { initiator, responder };
        let skeyid = keys::skeyid_pre_shared_key(suite.hash, pre_shared_key.expose(), nonces);
        let from = Derivation { skeyid: &skeyid, shared_secret: &shared_secret, cookies: self.cookies() };
        let skeyid_d = keys::skeyid_d(suite.hash, &from);
        let skeyid_a = keys::skeyid_a(suite.hash, &from, &skeyid_d);
        let skeyid_e = keys::skeyid_e(suite.hash, &from, &skeyid_a);
        Some(Candidate {
            key: SecretOctets::new(keys::cipher_key(suite.hash, &skeyid_e, suite.cipher.key_len())),
            skeyid: Some(SecretOctets::new(skeyid)),
            skeyid_d: Some(SecretOctets::new(skeyid_d)),
            skeyid_a: Some(SecretOctets::new(skeyid_a)),
        })
    }

    fn cookies(&self) -> Cookies {
        Cookies { initiator: self.cookies[INITIATOR], responder: self.cookies[RESPONDER] }
    }

    fn public_values(&self) -> PublicValues<'_> {
        PublicValues { initiator: &self.public[INITIATOR], responder: &self.public[RESPONDER] }
    }

    /// Opens an encrypted message. Returns the ESP keys that it completed, and what is malformed in it.
    pub(super) fn open(&mut self, body: &[u8], message: &mut Isakmp) -> (Option<Child>, Option<Malformed>) {
        if self.candidates.is_empty() {
            return (None, None);
        }
        let Some(suite) = self.suite else {
            message.protection = Protection::NegotiationMissing;
            return (None, None);
        };
        let header = message.header;
        let block = suite.cipher.block_len();
        let Some(last_block) = body.len().checked_sub(block).and_then(|start| body.get(start..)) else {
            message.protection = Protection::KeyWrong;
            let why = Why::Truncated { need: block, have: body.len() };
            return (None, Some(Malformed { field: "encrypted body", offset: Header::LEN, why }));
        };
        let is_phase1 =
            matches!(header.exchange_type, ExchangeType::IdentityProtection | ExchangeType::Aggressive);
        let vector = self.vector(suite, &header, message.digest, is_phase1);
        let opened = self.candidates.iter().enumerate().find_map(|(index, candidate)| {
            let mut plain = body.to_vec();
            suite.cipher.decrypt_cbc(candidate.key.expose(), &vector, &mut plain).ok()?;
            let walk = wire::walk(header.next_payload, &mut Reader::at(&plain, Header::LEN));
            (self.is_proven || is_plausible(&walk, block)).then_some((index, plain, walk))
        });
        let Some((index, plain, walk)) = opened else {
            message.protection = Protection::KeyWrong;
            return (None, None);
        };
        self.candidates = vec![self.candidates.swap_remove(index)];
        self.is_proven = true;
        message.protection = Protection::Opened;
        message.payloads = walk.payloads;
        message.padding = walk.padding;
        let chain = if is_phase1 { &mut self.phase1 } else { &mut self.exchange(header.message_id).chain };
        chain.advance(message.digest, vector, last_block);
        let child = if header.exchange_type == ExchangeType::QuickMode {
            self.learn_quick_mode(header.message_id, &message.payloads, suite.hash)
        } else {
            None
        };
        message.hash = self.verify(&header, &plain, message, suite.hash);
        (child, walk.refused)
    }

    fn vector(&mut self, suite: Suite, header: &Header, digest: u64, is_phase1: bool) -> Vec<u8> {
        let block = suite.cipher.block_len();
        let first = keys::phase_1_iv(suite.hash, self.public_values(), block);
        if is_phase1 {
            return self.phase1.vector(digest, || first);
        }
        let last_phase1 = self.phase1.last_block().map_or(first, <[u8]>::to_vec);
        let message_id = header.message_id;
        self.exchange(message_id)
            .chain
            .vector(digest, || keys::phase_2_iv(suite.hash, &last_phase1, message_id, block))
    }

    fn exchange(&mut self, message_id: u32) -> &mut Exchange {
        if !self.exchanges.contains_key(&message_id) {
            if self.exchange_order.len() == MAX_EXCHANGES
                && let Some(oldest) = self.exchange_order.pop_front()
            {
                self.exchanges.remove(&oldest);
            }
            self.exchange_order.push_back(message_id);
        }
        self.exchanges.entry(message_id).or_default()
    }

    /// Learns a Quick Mode, and derives the keys of the pair that its second message completes.
    fn learn_quick_mode(&mut self, message_id: u32, payloads: &[Payload], hash: Hash) -> Option<Child> {
        let skeyid_d = self.candidates.first().and_then(|candidate| candidate.skeyid_d.clone());
        let exchange = self.exchange(message_id);
        let sa = payloads.iter().find_map(|payload| match &payload.body {
            Body::SecurityAssociation(sa) => Some(sa),
            _ => None,
        })?;
        let spi = esp_spi(sa)?;
        let side = usize::from(exchange.spi[INITIATOR].is_some_and(|known| known != spi));
        exchange.spi[side].get_or_insert(spi);
        for payload in payloads {
            match &payload.body {
                Body::Nonce(nonce) => exchange.nonce[side].clone_from(nonce),
                Body::KeyExchange(_) => exchange.has_key_exchange = true,
                _ => {}
            }
        }
        // The Diffie-Hellman secret of a Quick Mode is another one, and is not given.
        if side == INITIATOR || exchange.has_key_exchange {
            return None;
        }
        let transform = esp_proposal(sa)?.transforms.first()?;
        let encryption = Encryption::from_transform(transform.id)?;
        let integrity = match number(transform, phase2::AUTHENTICATION) {
            Some(algorithm) => Integrity::from_authentication_algorithm(algorithm)?,
            None => Integrity::None,
        };
        let encryption_length = encryption.key_len(number(transform, phase2::KEY_LENGTH))?;
        let length = encryption_length + integrity.key_len();
        let skeyid_d = skeyid_d?;
        let [initiator, responder] = &exchange.nonce;
        let nonces = Nonces { initiator, responder };
        let association = |spi: u32| {
            let inputs = KeymatInputs {
                skeyid_d: skeyid_d.expose(),
                shared_secret: None,
                protocol: ProtocolId::Esp.number(),
                spi: &spi.to_be_bytes(),
                nonces,
            };
            let keymat = keys::keymat(hash, &inputs, length);
            let split = keys::split_keymat(&keymat, encryption_length, integrity.key_len())?;
            Some(ChildSa {
                spi,
                encryption_key: SecretOctets::new(split.encryption.to_vec()),
                integrity_key: SecretOctets::new(split.integrity.to_vec()),
            })
        };
        let associations = [association(exchange.spi[INITIATOR]?)?, association(spi)?];
        Some(Child { encryption, integrity, associations })
    }

    /// Checks the HASH payload of an opened message where the keys beside the cipher's are known.
    fn verify(&mut self, header: &Header, plain: &[u8], message: &Isakmp, hash: Hash) -> HashVerdict {
        let Some(candidate) = self.candidates.first().cloned() else { return HashVerdict::Unknown };
        let found = message.payloads.iter().find_map(|payload| match &payload.body {
            Body::Hash(found) => Some(found),
            _ => None,
        });
        let Some(found) = found else { return HashVerdict::Unknown };
        let expected = match header.exchange_type {
            ExchangeType::IdentityProtection => {
                candidate.skeyid.map(|skeyid| self.proof(message, skeyid.expose(), hash))
            }
            ExchangeType::QuickMode | ExchangeType::Informational => {
                candidate.skeyid_a.and_then(|skeyid_a| {
                    let end = plain.len() - message.padding.len();
                    let rest = plain.get(4 + found.len()..end).unwrap_or_default();
                    self.phase_2_hash(header, message, skeyid_a.expose(), hash, rest)
                })
            }
            _ => None,
        };
        match expected {
            None => HashVerdict::Unknown,
            Some(expected) if *found == expected => HashVerdict::Fits,
            Some(_) => HashVerdict::Wrong,
        }
    }

    /// What the hash of a phase 2 message has to be; `None` where an earlier message of its exchange is missing.
    fn phase_2_hash(
        &mut self,
        header: &Header,
        message: &Isakmp,
        skeyid_a: &[u8],
        hash: Hash,
        rest: &[u8],
    ) -> Option<Vec<u8>> {
        let id = header.message_id;
        if header.exchange_type == ExchangeType::Informational {
            return Some(keys::informational_hash(hash, skeyid_a, id, rest));
        }
        let exchange = self.exchange(id);
        let [initiator, responder] = &exchange.nonce;
        let sa = message.payloads.iter().find_map(|payload| match &payload.body {
            Body::SecurityAssociation(sa) => Some(sa),
            _ => None,
        });
        let Some(sa) = sa else {
            let nonces = Nonces { initiator, responder };
            let is_known = !initiator.is_empty() && !responder.is_empty();
            return is_known.then(|| keys::hash_3(hash, skeyid_a, id, nonces));
        };
        let spi = esp_spi(sa)?;
        if exchange.spi[RESPONDER] == Some(spi) {
            return (!initiator.is_empty()).then(|| keys::hash_2(hash, skeyid_a, id, initiator, rest));
        }
        Some(keys::hash_1(hash, skeyid_a, id, rest))
    }

    /// What `HASH_I` or `HASH_R` has to be. The initiator's comes first; a copy of it is told by its payload.
    fn proof(&self, message: &Isakmp, skeyid: &[u8], hash: Hash) -> Vec<u8> {
        let identification = message
            .payloads
            .iter()
            .find(|payload| matches!(payload.body, Body::Identification(_)))
            .map(body_of)
            .unwrap_or_default();
        let proof = Proof {
            skeyid,
            public_values: self.public_values(),
            cookies: self.cookies(),
            initiator_sa: &self.offer,
            identification: &identification,
        };
        let as_initiator = keys::hash_i(hash, &proof);
        let is_initiator = message
            .payloads
            .iter()
            .any(|payload| matches!(&payload.body, Body::Hash(found) if *found == as_initiator));
        if is_initiator { as_initiator } else { keys::hash_r(hash, &proof) }
    }
}

fn esp_proposal(sa: &Sa) -> Option<&Proposal> {
    sa.proposals.iter().find(|proposal| proposal.protocol == ProtocolId::Esp)
}

fn esp_spi(sa: &Sa) -> Option<u32> {
    Some(u32::from_be_bytes(esp_proposal(sa)?.spi.as_slice().try_into().ok()?))
}

/// Whether what a key left can be a message: a chain that ends, and zeros in less than a block after it.
/// Implementations that pad otherwise, RFC 2408 allows it, still leave less than a block or a length octet.
fn is_plausible(walk: &Walk, block: usize) -> bool {
    walk.refused.is_none() && !walk.payloads.is_empty() && walk.padding.len() <= 2 * block
}

/// The body of a payload, without its generic header.
fn body_of(payload: &Payload) -> Vec<u8> {
    payload.body.to_octets().unwrap_or_default()
}

/// The value of an attribute that is a small number.
fn number(transform: &Transform, class: u16) -> Option<u16> {
    u16::try_from(transform.attribute(class)?.value_u64()?).ok()
}
