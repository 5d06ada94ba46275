//! The link state database (RFC 2328 section 12) and which of two instances is newer (section 13.1).

use core::cmp::Ordering;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::collections::BTreeMap;

use super::wire::{LsType, Lsa, LsaHeader};
use crate::time::Instant;

/// `MaxAge`, in seconds (appendix B).
pub const MAX_AGE: u16 = 3600;
/// `MaxAgeDiff`, in seconds.
pub const MAX_AGE_DIFF: u16 = 900;
/// The first sequence number of all.
pub const INITIAL_SEQUENCE: u32 = 0x8000_0001;
/// The last one.
pub const MAX_SEQUENCE: u32 = 0x7fff_ffff;

/// What an LSA is known by: type, Link State ID, Advertising Router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The type.
    pub ls_type: LsType,
    /// The Link State ID.
    pub link_state_id: Ipv4Addr,
    /// The Advertising Router.
    pub advertising_router: Ipv4Addr,
}

impl Key {
    /// What an LSA with this header is known by.
    #[must_use]
    pub const fn of(header: &LsaHeader) -> Self {
        Self {
            ls_type: header.ls_type,
            link_state_id: header.link_state_id,
            advertising_router: header.advertising_router,
        }
    }
}

/// Which of two instances is newer (OSPF-2328-13.1-a): the larger signed sequence number, then the larger checksum, then
/// the one of `MaxAge`, then the younger if their ages differ by more than `MaxAgeDiff`.
#[must_use]
pub fn newer(a: &LsaHeader, b: &LsaHeader) -> Ordering {
    let sequence = |header: &LsaHeader| header.ls_sequence_number.cast_signed();
    let is_old = |header: &LsaHeader| header.ls_age >= MAX_AGE;
    sequence(a)
        .cmp(&sequence(b))
        .then(a.ls_checksum.cmp(&b.ls_checksum))
        .then(is_old(a).cmp(&is_old(b)))
        .then_with(|| match a.ls_age.abs_diff(b.ls_age) {
            difference if difference > MAX_AGE_DIFF => b.ls_age.cmp(&a.ls_age),
            _ => Ordering::Equal,
        })
}

/// An LSA and when it came.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) lsa: Lsa,
    pub(super) installed: Instant,
    /// When it came from a neighbour, if it did.
    pub(super) received: Option<Instant>,
    /// When it was last sent back to somebody who had an older one.
    pub(super) sent_back: Option<Instant>,
}

impl Entry {
    /// Its age now, in seconds.
    pub(super) fn age(&self, now: Instant) -> u16 {
        let since = u16::try_from(now.since(self.installed).as_secs()).unwrap_or(MAX_AGE);
        self.lsa.header.ls_age.saturating_add(since).min(MAX_AGE)
    }

    /// The LSA as it is now.
    pub(super) fn aged(&self, now: Instant) -> Lsa {
        let mut lsa = self.lsa.clone();
        lsa.header.ls_age = self.age(now);
        lsa
    }

    /// When it reaches an age, in seconds; at once if it has.
    pub(super) fn reaches(&self, age: u16) -> Instant {
        self.installed + Duration::from_secs(age.saturating_sub(self.lsa.header.ls_age).into())
    }
}

/// All LSAs.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub(super) entries: BTreeMap<Key, Entry>,
}

impl Database {
    pub(super) fn install(&mut self, now: Instant, lsa: Lsa) {
        let entry = Entry { lsa, installed: now, received: None, sent_back: None };
        self.entries.insert(Key::of(&entry.lsa.header), entry);
    }

    /// The header of an LSA as it is now.
    pub(super) fn header(&self, now: Instant, key: &Key) -> Option<LsaHeader> {
        self.entries.get(key).map(|entry| LsaHeader { ls_age: entry.age(now), ..entry.lsa.header })
    }
}
