//! One ISAKMP SA anew: other cookies, public values and nonces, a published pre-shared key, and all that follows from them
//! (RFC 2409 sections 5 and 5.5, appendix B).

use std::collections::BTreeMap;

use l2tpspec_protocol::codec::Writer;
use l2tpspec_protocol::crypto::cbc::Cipher;
use l2tpspec_protocol::crypto::dh::Group;
use l2tpspec_protocol::crypto::hash::Hash;
use l2tpspec_protocol::isakmp::keys::{
    self, Cookies, Derivation, KeymatInputs, Nonces, Proof, PublicValues, SaKeys,
};
use l2tpspec_protocol::isakmp::wire::{
    Body, ExchangeType, Header, Payload, ProtocolId, Sa, Transform, encode_chain,
};

use super::PRE_SHARED_KEY;
use super::renaming::Renaming;
use crate::transcript::ike::Chain;

/// Which end: its index in a pair.
pub(super) const INITIATOR: usize = 0;
const RESPONDER: usize = 1;

/// Classes of phase 1 attributes (RFC 2409 appendix A), and that of the group in phase 2 (RFC 2407 section 4.5).
const ENCRYPTION: u16 = 1;
const HASH: u16 = 2;
const GROUP: u16 = 4;
const KEY_LENGTH: u16 = 14;
const CHILD_GROUP: u16 = 3;

/// One end's public value: as it was, and anew.
#[derive(Debug, Default)]
struct Value {
    original: Vec<u8>,
    private: Vec<u8>,
    public: Vec<u8>,
}

impl Value {
    /// Another value of the group; of one that is not known, octets of the same length.
    fn new(group: Option<Group>, original: &[u8], renaming: &Renaming) -> Self {
        // Of ECP a private value has the length of the order, and is smaller than it.
        let length = match group {
            Some(group @ (Group::Ecp256 | Group::Ecp384 | Group::Ecp521)) => group.shared_len(),
            _ => 32,
        };
        let mut private = renaming.random("private value", original, length);
        if let Some(first) = private.first_mut() {
            *first = 0;
        }
        let public = group.and_then(|group| group.public(&private).ok());
        let public = public
            .filter(|public| public.len() == original.len())
            .unwrap_or_else(|| renaming.random("public value", original, original.len()));
        Self { original: original.to_vec(), private, public }
    }
}

#[derive(Debug, Clone, Copy)]
struct Suite {
    cipher: Cipher,
    hash: Hash,
}

/// What follows from the key exchange.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    skeyid: Vec<u8>,
    skeyid_d: Vec<u8>,
    skeyid_a: Vec<u8>,
    pub(super) cipher_key: Vec<u8>,
    pub(super) shared: Vec<u8>,
}

/// What the keys of a pair of ESP SAs are made of.
#[derive(Debug, Clone)]
pub(super) struct Keymat {
    hash: Hash,
    skeyid_d: Vec<u8>,
    shared: Option<Vec<u8>>,
    nonces: [Vec<u8>; 2],
}

impl Keymat {
    /// The keys of the SA with an SPI.
    pub(super) fn keys(&self, spi: u32, lengths: (usize, usize)) -> Option<(Vec<u8>, Vec<u8>)> {
        let [initiator, responder] = &self.nonces;
        let inputs = KeymatInputs {
            skeyid_d: &self.skeyid_d,
            shared_secret: self.shared.as_deref(),
            protocol: ProtocolId::Esp.number(),
            spi: &spi.to_be_bytes(),
            nonces: Nonces { initiator, responder },
        };
        let keymat = keys::keymat(self.hash, &inputs, lengths.0 + lengths.1);
        let SaKeys { encryption, integrity } = keys::split_keymat(&keymat, lengths.0, lengths.1)?;
        Some((encryption.to_vec(), integrity.to_vec()))
    }
}

/// A Quick Mode, or another exchange under the SA.
#[derive(Debug, Default)]
struct Exchange {
    chain: Chain,
    /// Which end of the SA began it.
    begun_by: usize,
    nonces: [Vec<u8>; 2],
    values: [Value; 2],
    spis: Vec<u32>,
    group: Option<Group>,
}

/// An ISAKMP SA anew.
#[derive(Debug, Default)]
pub(super) struct Renewed {
    pub(super) cookies: [[u8; 8]; 2],
    suite: Option<Suite>,
    group: Option<Group>,
    offer: Vec<u8>,
    values: [Value; 2],
    nonces: [Vec<u8>; 2],
    identities: [Vec<u8>; 2],
    secrets: Option<Secrets>,
    phase1: Chain,
    exchanges: BTreeMap<u32, Exchange>,
}

const fn is_phase1(header: &Header) -> bool {
    matches!(header.exchange_type, ExchangeType::IdentityProtection | ExchangeType::Aggressive)
}

impl Renewed {
    /// The hash that was negotiated.
    pub(super) fn hash_algorithm(&self) -> Option<Hash> {
        self.suite.map(|suite| suite.hash)
    }

    /// What follows from the key exchange, once it is complete.
    pub(super) const fn secrets(&self) -> Option<&Secrets> {
        self.secrets.as_ref()
    }

    /// Renews the key exchange in the payloads of a message that one end sent; names and addresses have been replaced.
    /// Gives the SPIs of ESP for which keys are known by it, and what these are made of.
    pub(super) fn renew(
        &mut self,
        header: &Header,
        payloads: &mut [Payload],
        side: usize,
        renaming: &Renaming,
    ) -> Option<(Vec<u32>, Keymat)> {
        let child = if is_phase1(header) {
            self.learn_phase1(header, payloads, side, renaming);
            None
        } else {
            self.learn_phase2(header, payloads, side, renaming)
        };
        self.prove(header, payloads, side);
        child
    }

    fn learn_phase1(&mut self, header: &Header, payloads: &mut [Payload], side: usize, renaming: &Renaming) {
        if header.responder_cookie != [0; 8] {
            self.cookies[RESPONDER] = header.responder_cookie;
        }
        for payload in payloads.iter() {
            let Body::SecurityAssociation(sa) = &payload.body else { continue };
            if side == INITIATOR {
                self.offer = payload.body.to_octets().unwrap_or_default();
                // In Aggressive Mode the group is that of the first transform.
                self.group = self.group.or_else(|| first_transform(sa).and_then(group_of));
            } else if let Some(transform) = first_transform(sa) {
                let value = |class| number(transform, class);
                let cipher = value(ENCRYPTION).and_then(|id| Cipher::from_phase1(id, value(KEY_LENGTH)));
                let hash = value(HASH).and_then(Hash::from_phase1);
                self.suite = cipher.zip(hash).map(|(cipher, hash)| Suite { cipher, hash });
                self.group = group_of(transform);
            }
        }
        for payload in payloads.iter_mut() {
            match &mut payload.body {
                Body::KeyExchange(value) => {
                    if self.values[side].original != *value {
                        self.values[side] = Value::new(self.group, value, renaming);
                    }
                    value.clone_from(&self.values[side].public);
                }
                Body::Nonce(nonce) => {
                    renaming.replace("nonce", nonce);
                    self.nonces[side].clone_from(nonce);
                }
                _ => {}
            }
        }
        if let Some(identity) =
            payloads.iter().find(|payload| matches!(payload.body, Body::Identification(_)))
        {
            self.identities[side] = identity.body.to_octets().unwrap_or_default();
        }
        self.derive();
    }

    fn derive(&mut self) {
        let (Some(suite), Some(group)) = (self.suite, self.group) else { return };
        let [initiator, responder] = &self.nonces;
        if self.secrets.is_some() || responder.is_empty() || self.values[RESPONDER].public.is_empty() {
            return;
        }
        let Ok(shared) = group.shared(&self.values[INITIATOR].private, &self.values[RESPONDER].public) else {
            return;
        };
        let hash = suite.hash;
        let nonces = Nonces { initiator, responder };
        let skeyid = keys::skeyid_pre_shared_key(hash, PRE_SHARED_KEY.as_bytes(), nonces);
        let from = Derivation { skeyid: &skeyid, shared_secret: &shared, cookies: self.both_cookies() };
        let skeyid_d = keys::skeyid_d(hash, &from);
        let skeyid_a = keys::skeyid_a(hash, &from, &skeyid_d);
        let skeyid_e = keys::skeyid_e(hash, &from, &skeyid_a);
        let cipher_key = keys::cipher_key(hash, &skeyid_e, suite.cipher.key_len());
        self.secrets = Some(Secrets { skeyid, skeyid_d, skeyid_a, cipher_key, shared });
    }

    const fn both_cookies(&self) -> Cookies {
        Cookies { initiator: self.cookies[INITIATOR], responder: self.cookies[RESPONDER] }
    }

    fn learn_phase2(
        &mut self,
        header: &Header,
        payloads: &mut [Payload],
        side: usize,
        renaming: &Renaming,
    ) -> Option<(Vec<u32>, Keymat)> {
        let (secrets, suite) = (self.secrets.clone(), self.suite);
        let is_new = !self.exchanges.contains_key(&header.message_id);
        let exchange = self.exchanges.entry(header.message_id).or_default();
        if is_new {
            exchange.begun_by = side;
        }
        let side = usize::from(side != exchange.begun_by);
        let mut completes = false;
        for payload in payloads.iter_mut() {
            match &mut payload.body {
                Body::SecurityAssociation(sa) => {
                    exchange.group = first_transform(sa)
                        .and_then(|transform| number(transform, CHILD_GROUP))
                        .and_then(Group::from_number);
                    exchange.spis.extend(sa.proposals.iter().filter_map(esp_spi));
                    completes = side == RESPONDER;
                }
                Body::Nonce(nonce) => {
                    renaming.replace("nonce", nonce);
                    exchange.nonces[side].clone_from(nonce);
                }
                _ => {}
            }
        }
        for payload in payloads.iter_mut() {
            let Body::KeyExchange(value) = &mut payload.body else { continue };
            if exchange.values[side].original != *value {
                exchange.values[side] = Value::new(exchange.group, value, renaming);
            }
            value.clone_from(&exchange.values[side].public);
        }
        let (Some(secrets), Some(suite)) = (secrets, suite) else { return None };
        if !completes {
            return None;
        }
        let [initiator, responder] = &exchange.values;
        let shared = match exchange.group {
            Some(group) if !responder.public.is_empty() => {
                Some(group.shared(&initiator.private, &responder.public).ok()?)
            }
            _ => None,
        };
        let keymat =
            Keymat { hash: suite.hash, skeyid_d: secrets.skeyid_d, shared, nonces: exchange.nonces.clone() };
        Some((exchange.spis.clone(), keymat))
    }

    /// Writes the hash that the message has to have. Of an SA without keys, octets that say nothing stay.
    fn prove(&self, header: &Header, payloads: &mut [Payload], side: usize) {
        let Some(at) = payloads.iter().position(|payload| matches!(payload.body, Body::Hash(_))) else {
            return;
        };
        let found = match &payloads[at].body {
            Body::Hash(found) => found.len(),
            _ => 0,
        };
        let right = self.hash(header, payloads, side).filter(|right| right.len() == found);
        // What it was proves the old secret to whoever guesses it.
        payloads[at].body = Body::Hash(right.unwrap_or_else(|| vec![0; found]));
    }

    fn hash(&self, header: &Header, payloads: &[Payload], side: usize) -> Option<Vec<u8>> {
        let (secrets, suite) = (self.secrets.as_ref()?, self.suite?);
        let id = header.message_id;
        if is_phase1(header) {
            let proof = Proof {
                skeyid: &secrets.skeyid,
                public_values: self.public_values(),
                cookies: self.both_cookies(),
                initiator_sa: &self.offer,
                identification: &self.identities[side],
            };
            let hash = if side == INITIATOR { keys::hash_i } else { keys::hash_r };
            return Some(hash(suite.hash, &proof));
        }
        let rest = chain_octets(payloads.get(1..)?)?;
        if header.exchange_type != ExchangeType::QuickMode {
            return Some(keys::informational_hash(suite.hash, &secrets.skeyid_a, id, &rest));
        }
        let exchange = self.exchanges.get(&id)?;
        let [initiator, responder] = &exchange.nonces;
        let has_sa = payloads.iter().any(|payload| matches!(payload.body, Body::SecurityAssociation(_)));
        Some(match (has_sa, side == exchange.begun_by) {
            (true, true) => keys::hash_1(suite.hash, &secrets.skeyid_a, id, &rest),
            (true, false) => keys::hash_2(suite.hash, &secrets.skeyid_a, id, initiator, &rest),
            (false, true) => keys::hash_3(suite.hash, &secrets.skeyid_a, id, Nonces { initiator, responder }),
            // A fourth message (RFC 2408 section 3.1, Commit Bit) is hashed as an Informational is.
            (false, false) => keys::informational_hash(suite.hash, &secrets.skeyid_a, id, &rest),
        })
    }

    fn public_values(&self) -> PublicValues<'_> {
        PublicValues { initiator: &self.values[INITIATOR].public, responder: &self.values[RESPONDER].public }
    }

    /// Encrypts the body of a message in place. `digest` tells copies of the original. Whether there was a key for it.
    pub(super) fn seal(&mut self, header: &Header, digest: u64, body: &mut [u8]) -> bool {
        let (Some(secrets), Some(suite)) = (self.secrets.clone(), self.suite) else { return false };
        let block = suite.cipher.block_len();
        let first = keys::phase_1_iv(suite.hash, self.public_values(), block);
        let (chain, vector) = if is_phase1(header) {
            let vector = self.phase1.vector(digest, || first);
            (&mut self.phase1, vector)
        } else {
            let last_phase1 = self.phase1.last_block().map_or(first, <[u8]>::to_vec);
            let chain = &mut self.exchanges.entry(header.message_id).or_default().chain;
            let id = header.message_id;
            let vector = chain.vector(digest, || keys::phase_2_iv(suite.hash, &last_phase1, id, block));
            (chain, vector)
        };
        if suite.cipher.encrypt_cbc(&secrets.cipher_key, &vector, body).is_err() {
            return false;
        }
        let last_block =
            body.len().checked_sub(block).and_then(|start| body.get(start..)).unwrap_or_default();
        chain.advance(digest, vector, last_block);
        true
    }
}

/// The octets of payloads that follow a first one.
pub(super) fn chain_octets(payloads: &[Payload]) -> Option<Vec<u8>> {
    let mut w = Writer::new();
    encode_chain(payloads, &mut w);
    w.into_octets().ok()
}

fn first_transform(sa: &Sa) -> Option<&Transform> {
    sa.proposals.first()?.transforms.first()
}

fn group_of(transform: &Transform) -> Option<Group> {
    number(transform, GROUP).and_then(Group::from_number)
}

fn esp_spi(proposal: &l2tpspec_protocol::isakmp::wire::Proposal) -> Option<u32> {
    let is_esp = proposal.protocol == ProtocolId::Esp;
    is_esp.then(|| proposal.spi.as_slice().try_into().ok().map(u32::from_be_bytes)).flatten()
}

fn number(transform: &Transform, class: u16) -> Option<u16> {
    u16::try_from(transform.attribute(class)?.value_u64()?).ok()
}
