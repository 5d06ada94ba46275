//! The ISAKMP security associations of a recording: what they negotiated, which keys open them, and the chain of
//! initialisation vectors of every exchange (RFC 2409 section 5 and appendix B).
//!
//! A recording shows only what crossed the wire, so keys are given, or derived from a given Diffie-Hellman secret.

mod chain;
mod session;

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hasher as _};

use l2tpspec_protocol::codec::{Codec as _, Malformed, Reader, Why};
use l2tpspec_protocol::isakmp::wire::{self, Body, ExchangeType, Header, Recognised};

use super::layer::{HashVerdict, Isakmp, Protection};
use crate::capture::keys::{IkeSecrets, Ikev1Key, Keys};
pub(crate) use chain::Chain;
use session::Session;
pub use session::{Child, ChildSa};

/// Security associations remembered at once; the oldest goes first.
const MAX_SESSIONS: usize = 4096;
/// Where the Length field stands in the header.
const LENGTH_AT: usize = 24;

/// The initiator's cookie, which tells security associations apart.
pub(crate) type Cookie = [u8; 8];

/// All security associations of a recording.
#[derive(Debug)]
pub struct Sessions {
    sessions: BTreeMap<Cookie, Session>,
    order: VecDeque<Cookie>,
    keys: Vec<Ikev1Key>,
    secrets: Vec<IkeSecrets>,
    fragments: wire::fragment::Reassembly,
}

/// What a datagram on an IKE port is.
#[derive(Debug)]
pub enum Seen {
    /// A message of IKEv1.
    Message {
        /// The message.
        message: Box<Isakmp>,
        /// What is malformed in it.
        malformed: Option<Malformed>,
        /// A pair of ESP security associations whose keys this message completed.
        child: Option<Child>,
    },
    /// Another version, which is named and left alone.
    Other {
        /// The header, which is the same in every version.
        header: Header,
        /// What it is.
        why: &'static str,
    },
    /// No ISAKMP message: its Length does not even cover the header.
    Nothing(Malformed),
}

impl Sessions {
    /// Sessions opened with the keys of a key directory.
    #[must_use]
    pub fn new(keys: &Keys) -> Self {
        Self {
            sessions: BTreeMap::new(),
            order: VecDeque::new(),
            keys: keys.ikev1.clone(),
            secrets: keys.secrets.clone(),
            fragments: wire::fragment::Reassembly::new(),
        }
    }

    /// Takes the key of an association that may have begun already.
    pub(crate) fn learn_key(&mut self, key: Ikev1Key) {
        for (cookie, session) in &mut self.sessions {
            session.learn_key(*cookie, &key);
        }
        self.keys.push(key);
    }

    /// Reads a datagram on an IKE port. `is_live` is false for one that only another message quotes.
    ///
    /// # Errors
    /// A header that cannot be read.
    pub fn see(&mut self, octets: &[u8], is_live: bool) -> Result<Seen, Malformed> {
        let mut reader = Reader::new(octets);
        let header = Header::decode(&mut reader)?;
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        if length < Header::LEN {
            let why = Why::Length { got: length, want: Header::LEN };
            return Ok(Seen::Nothing(Malformed { field: "Length", offset: LENGTH_AT, why }));
        }
        match wire::recognise(octets) {
            Recognised::IkeV1 => {}
            Recognised::IkeV2(_) => return Ok(Seen::Other { header, why: "IKEv2" }),
            Recognised::Other { .. } => return Ok(Seen::Other { header, why: "unknown major version" }),
            Recognised::Short(malformed) => return Err(malformed),
        }
        let body = reader.take_rest();
        // ISAKMP-2408-5.1-a: the length has to be that of the datagram. What is there is read all the same.
        let misfit = (length != octets.len()).then(|| {
            let why = if length > octets.len() {
                Why::Truncated { need: length, have: octets.len() }
            } else {
                Why::Length { got: length, want: octets.len() }
            };
            Malformed { field: "Length", offset: LENGTH_AT, why }
        });
        let body = &body[..body.len().min(length - Header::LEN)];
        let mut message = Box::new(Isakmp {
            header,
            payloads: Vec::new(),
            padding: Vec::new(),
            protection: Protection::Clear,
            hash: HashVerdict::Unknown,
            is_reassembled: false,
            digest: digest_of(octets),
        });
        if header.has_encrypted_body() {
            let (child, malformed) = self.open(body, &mut message, is_live);
            return Ok(Seen::Message { message, malformed: misfit.or(malformed), child });
        }
        let walk = wire::walk(header.next_payload, &mut Reader::at(body, Header::LEN));
        let trailing = (!walk.padding.is_empty()).then(|| Malformed {
            field: "message",
            offset: Header::LEN + body.len() - walk.padding.len(),
            why: Why::Trailing { extra: walk.padding.len() },
        });
        message.payloads = walk.payloads;
        message.padding = walk.padding;
        let mut malformed = misfit.or(walk.refused).or(trailing);
        if is_live {
            if let Some(whole) = self.whole_of_fragments(&message, &mut malformed) {
                let seen = self.see(&whole, true)?;
                if let Seen::Message { message: mut inner, malformed, child } = seen {
                    inner.is_reassembled = true;
                    return Ok(Seen::Message { message: inner, malformed, child });
                }
                return Ok(seen);
            }
            self.learn(&message);
        }
        Ok(Seen::Message { message, malformed, child: None })
    }

    /// Puts Microsoft's and Cisco's fragments together; the frame of the last one carries the message.
    fn whole_of_fragments(&mut self, message: &Isakmp, malformed: &mut Option<Malformed>) -> Option<Vec<u8>> {
        let fragment = message.payloads.iter().find_map(|payload| match &payload.body {
            Body::Fragment(fragment) => Some(fragment),
            _ => None,
        })?;
        match self.fragments.push(&message.header, fragment) {
            Ok(whole) => whole,
            Err(refused) => {
                *malformed = malformed.or(Some(refused));
                None
            }
        }
    }

    /// Learns what a clear phase 1 message negotiates.
    fn learn(&mut self, message: &Isakmp) {
        let header = &message.header;
        if !matches!(header.exchange_type, ExchangeType::IdentityProtection | ExchangeType::Aggressive) {
            return;
        }
        let cookie = header.initiator_cookie;
        if !self.sessions.contains_key(&cookie) {
            if self.sessions.len() == MAX_SESSIONS
                && let Some(oldest) = self.order.pop_front()
            {
                self.sessions.remove(&oldest);
            }
            self.order.push_back(cookie);
        }
        let keys = &self.keys;
        let session = self.sessions.entry(cookie).or_insert_with(|| Session::new(cookie, keys));
        session.learn(header, &message.payloads);
        session.derive(&self.secrets);
    }

    fn open(
        &mut self,
        body: &[u8],
        message: &mut Isakmp,
        is_live: bool,
    ) -> (Option<Child>, Option<Malformed>) {
        message.protection = Protection::KeyAbsent;
        let cookie = message.header.initiator_cookie;
        match self.sessions.get_mut(&cookie) {
            Some(session) if is_live => session.open(body, message),
            None if self.keys.iter().any(|key| key.initiator_cookie == Some(cookie)) => {
                message.protection = Protection::NegotiationMissing;
                (None, None)
            }
            _ => (None, None),
        }
    }
}

/// Tells copies of a message from others.
fn digest_of(octets: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(octets);
    hasher.finish()
}
