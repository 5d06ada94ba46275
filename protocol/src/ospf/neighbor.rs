//! What is kept of an interface and of the neighbour on it.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, VecDeque};

use super::config::InterfaceConfig;
use super::database::Key;
use super::table;
use super::wire::{DatabaseDescription, LsaHeader, Options};
use crate::time::Instant;

/// What tells a Database Description from the one before it (RFC 2328 section 10.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) flags: u8,
    pub(super) options: Options,
    pub(super) sequence: u32,
}

/// An LSA that was sent and is not acknowledged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unacknowledged {
    pub(super) header: LsaHeader,
    /// When it was sent last.
    pub(super) sent: Instant,
}

/// A neighbour (section 10).
#[derive(Debug)]
pub(super) struct Neighbor {
    pub(super) router_id: Ipv4Addr,
    pub(super) state: table::Neighbor,
    pub(super) options: Options,
    /// Whether we lead the exchange.
    pub(super) is_master: bool,
    /// `DD sequence number`.
    pub(super) sequence: u32,
    pub(super) last_received: Option<Described>,
    /// The last Database Description of ours, to be repeated.
    pub(super) last_sent: Option<DatabaseDescription>,
    /// `Database summary list`: what is still to be described.
    pub(super) summary: VecDeque<LsaHeader>,
    /// `Link state request list`.
    pub(super) requests: BTreeMap<Key, LsaHeader>,
    /// What was asked for and has not come.
    pub(super) asked: Vec<Key>,
    /// `Link state retransmission list`.
    pub(super) retransmissions: BTreeMap<Key, Unacknowledged>,
    /// The last cryptographic sequence number.
    pub(super) cryptographic: Option<u32>,
}

impl Neighbor {
    pub(super) const fn new(router_id: Ipv4Addr) -> Self {
        Self {
            router_id,
            state: table::Neighbor::Down,
            options: Options(0),
            is_master: true,
            sequence: 0,
            last_received: None,
            last_sent: None,
            summary: VecDeque::new(),
            requests: BTreeMap::new(),
            asked: Vec::new(),
            retransmissions: BTreeMap::new(),
            cryptographic: None,
        }
    }

    /// Takes an LSA off the list of requests. Whether that was the last one that was asked for and had not come.
    pub(super) fn has_come(&mut self, key: &Key) -> bool {
        let is_asked = !self.asked.is_empty();
        self.requests.remove(key);
        self.asked.retain(|asked| asked != key);
        is_asked && self.asked.is_empty()
    }

    /// Clears all lists (OSPF-2328-10.3-a).
    pub(super) fn clear(&mut self) {
        self.summary.clear();
        self.requests.clear();
        self.asked.clear();
        self.retransmissions.clear();
        self.last_received = None;
        self.last_sent = None;
    }
}

/// An interface (section 9).
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) config: InterfaceConfig,
    pub(super) state: table::Interface,
    pub(super) neighbor: Option<Neighbor>,
}

impl Interface {
    /// The neighbour, if its state is at least this.
    pub(super) fn neighbor_from(&self, least: table::Neighbor) -> Option<&Neighbor> {
        self.neighbor.as_ref().filter(|neighbor| neighbor.state >= least)
    }
}
