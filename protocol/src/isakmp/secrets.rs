//! The keys of an ISAKMP SA, and messages sealed and opened with them (RFC 2409 section 5, appendix B).

use core::fmt;

use super::config::Padding;
use super::keys::{self, Cookies, Derivation, Nonces};
use super::policy::Phase1Suite;
use super::violation::Violation;
use super::wire::{Header, Message, Payload, Sealed, encode_chain};
use crate::codec::{Codec, Writer};
use crate::crypto::cbc::{self, Cipher};
use crate::crypto::hash::Hash;
use crate::cx::{Cx, Secret};

/// What both ends know and nobody else.
pub(super) struct Secrets {
    pub(super) hash: Hash,
    cipher: Cipher,
    key: cbc::Key,
    pub(super) skeyid: Vec<u8>,
    pub(super) skeyid_d: Vec<u8>,
    pub(super) skeyid_a: Vec<u8>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("hash", &self.hash)
            .field("cipher", &self.cipher)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// Derives them from the pre-shared key and the exchange (IKE-2409-5-h, IKE-2409-5-i), and logs the cipher key.
    pub(super) fn derive(
        cx: &mut Cx<'_>,
        suite: &Phase1Suite,
        pre_shared_key: &[u8],
        nonces: Nonces<'_>,
        shared_secret: &[u8],
        cookies: Cookies,
    ) -> Option<Self> {
        let (hash, cipher) = (suite.hash()?, suite.cipher()?);
        let skeyid = keys::skeyid_pre_shared_key(hash, pre_shared_key, nonces);
        let from = Derivation { skeyid: &skeyid, shared_secret, cookies };
        let skeyid_d = keys::skeyid_d(hash, &from);
        let skeyid_a = keys::skeyid_a(hash, &from, &skeyid_d);
        let skeyid_e = keys::skeyid_e(hash, &from, &skeyid_a);
        let octets = keys::cipher_key(hash, &skeyid_e, cipher.key_len());
        cx.key_log.log(Secret::IsakmpSa {
            initiator_cookie: cookies.initiator,
            responder_cookie: cookies.responder,
            cipher,
            key: &octets,
        });
        let key = cbc::Key::new(cipher, &octets).ok()?;
        Some(Self { hash, cipher, key, skeyid, skeyid_d, skeyid_a })
    }

    pub(super) const fn block_len(&self) -> usize {
        self.cipher.block_len()
    }

    /// The IV of an exchange of phase 2 (IKE-2409-AppB-c).
    pub(super) fn exchange_iv(&self, last_phase_1_block: &[u8], message_id: u32) -> Vec<u8> {
        keys::phase_2_iv(self.hash, last_phase_1_block, message_id, self.block_len())
    }

    /// Seals payloads. `iv` becomes that of the next message of the exchange (IKE-2409-AppB-b).
    pub(super) fn seal(
        &self,
        iv: &mut Vec<u8>,
        header: Header,
        payloads: &[Payload],
        padding: Padding,
    ) -> Option<Vec<u8>> {
        let mut w = Writer::new();
        encode_chain(payloads, &mut w);
        let header = Header { next_payload: payloads.first()?.kind, ..header };
        self.seal_chain(iv, header, w.into_octets().ok()?, padding)
    }

    /// Seals a chain of payloads, of which the header names the first.
    pub(super) fn seal_chain(
        &self,
        iv: &mut Vec<u8>,
        header: Header,
        mut body: Vec<u8>,
        padding: Padding,
    ) -> Option<Vec<u8>> {
        let block = self.block_len();
        let least = match padding {
            Padding::Least => body.len(),
            Padding::AtLeastOne => body.len().saturating_add(1),
        };
        body.resize(least.next_multiple_of(block), 0);
        self.key.encrypt(iv, &mut body).ok()?;
        *iv = body.last_chunk_of(block)?;
        let header = Header { flags: header.flags | Header::ENCRYPTION, ..header };
        Sealed { header, body }.to_octets().ok()
    }

    /// Opens a message. `iv` becomes that of the next message if this one is well-formed; else it stays.
    pub(super) fn open(&self, iv: &mut Vec<u8>, sealed: &Sealed) -> Result<Message, Violation> {
        let (header, mut body) = (sealed.header, sealed.body.clone());
        if !header.is_encrypted() {
            return Err(Violation::NotEncrypted);
        }
        let not_whole = Violation::NotWholeBlocks { got: body.len() };
        let next = body.last_chunk_of(self.block_len()).ok_or(not_whole)?;
        self.key.decrypt(iv, &mut body).map_err(|_| not_whole)?;
        let message = Message::open(header, &body)?;
        *iv = next;
        Ok(message)
    }
}

trait LastChunk {
    fn last_chunk_of(&self, length: usize) -> Option<Vec<u8>>;
}

impl LastChunk for Vec<u8> {
    /// The last octets; `None` if there are fewer.
    fn last_chunk_of(&self, length: usize) -> Option<Vec<u8>> {
        self.get(self.len().checked_sub(length)?..).map(<[u8]>::to_vec)
    }
}
