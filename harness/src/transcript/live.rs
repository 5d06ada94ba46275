//! A transcript of what is being said: datagrams are dissected one by one as they travel, with keys that become known
//! on the way.

use std::sync::Arc;

use l2tpspec_protocol::cx::Secret;

use super::dissect::Dissector;
use super::entry::Entry;
use crate::capture::file::FrameMeta;
use crate::capture::keys::{Ikev1Derivation, Ikev1Key, Origin, SecretOctets};
use crate::capture::{LinkType, Timestamp};

/// Dissects IPv4 datagrams as they travel.
#[derive(Debug)]
pub struct Live {
    dissector: Dissector,
    arena: Vec<u8>,
    origin: Origin,
    frames: u64,
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

impl Live {
    /// A transcript of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            dissector: Dissector::empty(),
            arena: Vec::new(),
            origin: Origin { file: Arc::from(std::path::Path::new("key log")), line: 0 },
            frames: 0,
        }
    }

    /// Takes a secret that opens what comes from now on.
    pub fn learn(&mut self, secret: &Secret<'_>) {
        match secret {
            Secret::IsakmpSa { initiator_cookie, key, .. } => self.dissector.learn_isakmp(Ikev1Key {
                initiator_cookie: Some(*initiator_cookie),
                key: SecretOctets::from(key.to_vec()),
                derivation: Ikev1Derivation::default(),
                origin: self.origin.clone(),
            }),
            Secret::EspSa { spi, encryption, encryption_key, integrity, integrity_key, .. } => {
                self.dissector.learn_esp(*spi, (*encryption, encryption_key), (*integrity, integrity_key));
            }
        }
    }

    /// Dissects the next datagram. The octets that ESP protected in it, from the next header's on, if it was opened.
    pub fn see(&mut self, microseconds: u64, octets: &[u8], entry: &mut Entry) -> Option<&[u8]> {
        self.frames += 1;
        self.arena.clear();
        self.arena.extend_from_slice(octets);
        let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        let meta = FrameMeta {
            number: self.frames,
            time: Timestamp::checked_from_nanoseconds(i128::from(microseconds) * 1000),
            link_type: LinkType::Raw,
            captured_len: length,
            original_len: length,
            range: 0..octets.len(),
        };
        let opened = self.dissector.dissect(&meta, &mut self.arena, entry);
        // In a recording the opened packet follows as a frame of its own.
        self.frames += u64::from(opened.is_some());
        opened
    }
}
