//! What a layer may not have of its own and is lent for the length of one call: time, chance, and somewhere to
//! log the secrets that open a recording.

use core::fmt;
use core::net::IpAddr;

use crate::crypto::cbc;
use crate::esp::{Encryption, Integrity};
use crate::time::Instant;

/// Time, chance and the log of secrets, lent for one call.
pub struct Cx<'a> {
    /// The moment of the call. It never goes back from one call to the next.
    pub now: Instant,
    /// Where random octets come from.
    pub entropy: &'a mut dyn Entropy,
    /// Where keys are logged.
    pub key_log: &'a mut dyn KeyLog,
}

impl Cx<'_> {
    /// `N` random octets.
    pub fn draw<const N: usize>(&mut self, label: &'static str) -> [u8; N] {
        let mut octets = [0; N];
        self.entropy.fill(label, &mut octets);
        octets
    }

    /// As many random octets as are wanted.
    pub fn draw_vec(&mut self, label: &'static str, length: usize) -> Vec<u8> {
        let mut octets = vec![0; length];
        self.entropy.fill(label, &mut octets);
        octets
    }
}

impl fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").field("now", &self.now).finish_non_exhaustive()
    }
}

/// A source of chance. Every draw has a name, as in `isakmp.cookie`, so that one draw can be replaced or replayed
/// without a change to any other.
pub trait Entropy {
    /// Fills `out` with the next octets drawn under this label.
    fn fill(&mut self, label: &'static str, out: &mut [u8]);
}

/// Who is told the secrets that open a recording of what is said.
pub trait KeyLog {
    /// Takes one secret.
    fn log(&mut self, secret: Secret<'_>);
}

/// A secret that opens part of a recording. `Debug` shows none of it.
pub enum Secret<'a> {
    /// The cipher of the exchanges under one ISAKMP SA.
    IsakmpSa {
        /// The initiator's cookie.
        initiator_cookie: [u8; 8],
        /// The responder's cookie.
        responder_cookie: [u8; 8],
        /// The cipher.
        cipher: cbc::Cipher,
        /// Its key.
        key: &'a [u8],
    },
    /// One direction of an ESP SA.
    EspSa {
        /// Who sends, as that end sees its own address: behind a translator this is the private one.
        source: IpAddr,
        /// Who receives, as the sender sees the address.
        destination: IpAddr,
        /// The Security Parameters Index.
        spi: u32,
        /// The transform.
        encryption: Encryption,
        /// Its key, with the nonce or salt.
        encryption_key: &'a [u8],
        /// The integrity algorithm.
        integrity: Integrity,
        /// Its key.
        integrity_key: &'a [u8],
    },
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IsakmpSa { .. } => "Secret::IsakmpSa",
            Self::EspSa { .. } => "Secret::EspSa",
        })
    }
}

/// Forgets every secret.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeyLog;

impl KeyLog for NoKeyLog {
    fn log(&mut self, _secret: Secret<'_>) {}
}
