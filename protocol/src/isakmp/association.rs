//! An ISAKMP SA and the exchanges under it.

use std::collections::{BTreeMap, BTreeSet};

use super::event::SaId;
use super::flight::Flight;
use super::phase1::{Keyed, Peer, Stage};
use super::quick_mode::{self, Under};
use super::wire::Known;
use super::wire::fragment::Reassembly;
use crate::isakmp::config::Config;
use crate::time::Instant;

/// An ISAKMP SA, from its first message on.
#[derive(Debug)]
pub(super) struct Association {
    pub(super) id: SaId,
    pub(super) peer: Peer,
    pub(super) stage: Stage,
    pub(super) flight: Flight,
    pub(super) fragments: Reassembly,
    pub(super) exchanges: BTreeMap<u32, Box<Exchange>>,
    /// Message IDs that were used once and may not be again.
    pub(super) used_message_ids: BTreeSet<u32>,
    /// The inbound SPIs of the ESP SAs that were agreed on under it.
    pub(super) children: BTreeSet<u32>,
    /// What is wanted as soon as it stands.
    pub(super) wants_child: bool,
    /// The SA that it is to replace.
    pub(super) replaces: Option<SaId>,
    /// Whether another SA has taken its place.
    pub(super) is_replaced: bool,
    pub(super) next_message_id: u32,
    pub(super) heard: Instant,
    pub(super) probe: Option<Probe>,
    pub(super) asked_at: Instant,
    pub(super) next_sequence_number: u32,
}

/// A question whether the peer is alive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    /// When it was asked first.
    pub(super) first: Instant,
}

/// A Quick Mode.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) stage: quick_mode::Stage,
    pub(super) iv: Vec<u8>,
    pub(super) flight: Flight,
    pub(super) replaces: Option<u32>,
}

impl Association {
    /// The keys of an SA that stands.
    pub(super) const fn keyed(&self) -> Option<&Keyed> {
        match &self.stage {
            Stage::Established(keyed) => Some(keyed),
            Stage::Idle | Stage::ExpectSa(_) | Stage::ExpectKe(_) | Stage::ExpectIdHash(_) => None,
        }
    }

    /// What exchanges under an SA that stands are protected by.
    pub(super) fn under<'a>(&'a self, config: &'a Config) -> Option<Under<'a>> {
        Some(Under { config, id: self.id, peer: &self.peer, keyed: self.keyed()? })
    }

    pub(super) const fn is_established(&self) -> bool {
        self.keyed().is_some()
    }

    /// Whether the peer announced something.
    pub(super) fn has_announced(&self, what: Known) -> bool {
        self.peer.vendor_ids.iter().any(|id| id.known() == Some(what))
    }

    /// Whether the peer takes fragments.
    pub(super) fn takes_fragments(&self) -> bool {
        self.peer.vendor_ids.iter().any(|id| matches!(id.known(), Some(Known::Fragmentation)))
    }
}
