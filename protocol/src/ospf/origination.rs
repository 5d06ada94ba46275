//! Our own LSAs (RFC 2328 section 12.4).

use core::net::Ipv4Addr;
use core::time::Duration;
use std::collections::BTreeMap;

use super::config::External;
use super::database::{Entry, Key, MAX_AGE};
use super::layer::{Ospf, Reason};
use super::spf::mask;
use super::table::Neighbor as State;
use super::wire::{
    AsExternalLsa, ExternalRoute, LinkType, LsType, Lsa, LsaBody, LsaHeader, Options, RouterLink, RouterLsa,
};
use crate::time::Instant;

/// `MinLSInterval` (appendix B).
pub(super) const MIN_INTERVAL: Duration = Duration::from_secs(5);

impl Ospf {
    /// What is to be said of us, by LSA.
    fn own(&self) -> BTreeMap<Key, LsaBody> {
        let id = self.config.router_id;
        let key = |ls_type, link_state_id| Key { ls_type, link_state_id, advertising_router: id };
        let mut bodies = BTreeMap::from([(key(LsType::Router, id), LsaBody::Router(self.router_lsa()))]);
        let mut externals: Vec<&External> = self.config.externals.iter().collect();
        externals.sort_by_key(|external| external.prefix());
        for external in externals {
            let (network, length) = external.prefix();
            // Of networks with one address the widest is named by it, the others by their last addresses (appendix E);
            // that leaves no name for a single address.
            let last = Ipv4Addr::from(u32::from(network) | !u32::from(mask(length)));
            let names = [network, last].map(|name| key(LsType::AsExternal, name));
            if let Some(name) = names.into_iter().find(|name| !bodies.contains_key(name)) {
                bodies.insert(name, LsaBody::AsExternal(external_lsa(external)));
            }
        }
        bodies
    }

    /// The router-LSA (OSPF-2328-12.4.1.1-a).
    fn router_lsa(&self) -> RouterLsa {
        let link = |link_id, link_data, link_type, metric| RouterLink {
            link_id,
            link_data,
            link_type,
            metric,
            tos_metrics: Vec::new(),
        };
        let mut links = Vec::new();
        for interface in self.interfaces.values() {
            let config = &interface.config;
            if let Some(neighbor) = interface.neighbor_from(State::Full) {
                links.push(link(neighbor.router_id, config.address, LinkType::PointToPoint, config.cost));
            }
            links.push(link(config.peer, mask(32), LinkType::Stub, config.cost));
        }
        for own in &self.config.networks {
            let (network, length) = own.prefix();
            links.push(link(network, mask(length), LinkType::Stub, own.cost));
        }
        let flags = if self.config.externals.is_empty() { 0 } else { RouterLsa::E };
        RouterLsa { flags, reserved: 0, links }
    }

    /// Says of us what has changed, not more often than once in `MinLSInterval` (OSPF-2328-12.4-a).
    ///
    /// What is said no more is flushed (section 14.1).
    pub(super) fn describe(&mut self, now: Instant) {
        let own = self.own();
        let router_id = self.config.router_id;
        let is_said = |(key, entry): &(&Key, &Entry)| {
            key.advertising_router == router_id && entry.age(now) < MAX_AGE && !own.contains_key(key)
        };
        let said: Vec<Key> = self.database.entries.iter().filter(is_said).map(|(key, _)| *key).collect();
        for key in said {
            self.flush(now, &key);
        }
        for (key, body) in own {
            let known = self.database.entries.get(&key);
            let is_flushed = known.is_some_and(|entry| entry.age(now) >= MAX_AGE);
            if known.is_some_and(|entry| entry.lsa.body == body) && !is_flushed {
                continue;
            }
            self.originate(now, key, body);
        }
    }

    /// Says the same again, under the next number.
    pub(super) fn renew(&mut self, now: Instant, key: &Key) {
        match self.own().remove(key) {
            Some(body) => self.originate(now, *key, body),
            None => self.flush(now, key),
        }
    }

    /// Says what was not to be said again so soon, and whatever else is to be said of us.
    pub(super) fn say_postponed(&mut self, now: Instant) {
        for key in core::mem::take(&mut self.postponed) {
            self.renew(now, &key);
        }
        self.describe(now);
    }

    /// Whether we are who has to answer for an LSA: it is said to be ours, or it describes a network whose designated router has
    /// one of our addresses (section 13.4).
    pub(super) fn is_self_originated(&self, key: &Key) -> bool {
        let is_our_address = || {
            let mut own = self.interfaces.values().map(|interface| interface.config.address);
            own.any(|address| address == key.link_state_id)
        };
        key.advertising_router == self.config.router_id || key.ls_type == LsType::Network && is_our_address()
    }

    /// Says more than somebody else claims that we have said, or takes it back (OSPF-2328-13.4-a).
    pub(super) fn outbid(&mut self, now: Instant, claimed: &LsaHeader) {
        self.renew(now, &Key::of(claimed));
    }

    fn originate(&mut self, now: Instant, key: Key, body: LsaBody) {
        let last = self.originated.get(&key).copied();
        if let Some(last) = last.filter(|last| now.since(*last) < MIN_INTERVAL) {
            self.postponed.insert(key);
            let moment = last + MIN_INTERVAL;
            let earliest = self.deadlines.get(&Reason::Origination).map_or(moment, |set| set.min(moment));
            return self.deadlines.set(Reason::Origination, earliest);
        }
        let known = self.database.entries.get(&key).map(|entry| entry.lsa.header.ls_sequence_number);
        let Some(ls_sequence_number) = Self::next_sequence(known) else { return self.flush(now, &key) };
        let header = LsaHeader {
            ls_age: 0,
            options: Options(Options::E),
            ls_type: key.ls_type,
            link_state_id: key.link_state_id,
            advertising_router: key.advertising_router,
            ls_sequence_number,
            ls_checksum: 0,
            length: 0,
        };
        let lsa = Lsa { header, body }.with_checksum();
        self.originated.insert(key, now);
        self.install(now, lsa.clone());
        self.flood(now, &lsa, None);
    }

    /// Lets an LSA of ours grow old at once, everywhere (section 14.1).
    fn flush(&mut self, now: Instant, key: &Key) {
        let Some(entry) = self.database.entries.get(key) else { return };
        let mut lsa = entry.lsa.clone();
        lsa.header.ls_age = MAX_AGE;
        self.install(now, lsa.clone());
        self.flood(now, &lsa, None);
        self.forget_old(now);
    }
}

fn external_lsa(external: &External) -> AsExternalLsa {
    AsExternalLsa {
        network_mask: mask(external.length),
        route: ExternalRoute {
            is_type_2: external.is_type_2,
            tos: 0,
            metric: external.cost.min(0x00ff_fffe),
            forwarding_address: Ipv4Addr::UNSPECIFIED,
            external_route_tag: 0,
        },
        tos_routes: Vec::new(),
    }
}
