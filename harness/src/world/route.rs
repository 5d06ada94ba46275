//! Routes of a host: the longest prefix wins (RFC 1812 section 5.2.4.3), then the lowest metric, then the oldest.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::InterfaceId;

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    network: u32,
    length: u8,
}

impl Prefix {
    /// Every address.
    pub const ALL: Self = Self { network: 0, length: 0 };

    /// The block of that length around an address; a length beyond 32 is 32.
    #[must_use]
    pub fn new(address: Ipv4Addr, length: u8) -> Self {
        let length = length.min(32);
        Self { network: u32::from(address) & mask(length), length }
    }

    /// The lower or upper half of all addresses.
    #[must_use]
    pub const fn half(is_upper: bool) -> Self {
        Self { network: if is_upper { 1 << 31 } else { 0 }, length: 1 }
    }

    /// The fewest blocks that hold the addresses from `first` to `last` and no others, from the lowest.
    #[must_use]
    pub fn cover(first: Ipv4Addr, last: Ipv4Addr) -> Vec<Self> {
        let (mut next, last) = (u64::from(u32::from(first)), u64::from(u32::from(last)));
        let mut blocks = Vec::new();
        while next <= last {
            // As large as its place allows, and as what is left fills.
            let aligned = next.trailing_zeros().min(32);
            let free = (last - next + 1).ilog2();
            let bits = aligned.min(free);
            let network = u32::try_from(next).unwrap_or(u32::MAX);
            blocks.push(Self::new(Ipv4Addr::from_bits(network), u8::try_from(32 - bits).unwrap_or(32)));
            next += 1 << bits;
        }
        blocks
    }

    /// Whether the address lies within.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.length) == self.network
    }

    /// The first address.
    #[must_use]
    pub const fn network(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.network)
    }

    /// How many leading bits its addresses share.
    #[must_use]
    pub const fn length(self) -> u8 {
        self.length
    }
}

fn mask(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

/// Where packets for a block of addresses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// For whom.
    pub prefix: Prefix,
    /// Through which interface. Links have two ends, so there is no next hop to name.
    pub interface: InterfaceId,
    /// The lower is preferred among equal prefixes.
    pub metric: u32,
}

/// The routes of a host. A look-up costs one step of a tree for each prefix length in use.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// By length, by network; the preferred one first.
    by_length: BTreeMap<u8, BTreeMap<u32, Vec<Route>>>,
    by_interface: BTreeSet<(InterfaceId, Prefix)>,
}

impl Routes {
    /// Adds a route behind those of the same prefix and metric.
    pub fn add(&mut self, route: Route) {
        let Prefix { network, length } = route.prefix;
        let routes = self.by_length.entry(length).or_default().entry(network).or_default();
        let at = routes.partition_point(|other| other.metric <= route.metric);
        routes.insert(at, route);
        self.by_interface.insert((route.interface, route.prefix));
    }

    /// Removes the routes to this block through this interface. Whether there were any.
    pub fn remove(&mut self, prefix: Prefix, interface: InterfaceId) -> bool {
        self.by_interface.remove(&(interface, prefix));
        let Some(networks) = self.by_length.get_mut(&prefix.length) else { return false };
        let Some(routes) = networks.get_mut(&prefix.network) else { return false };
        let before = routes.len();
        routes.retain(|route| route.interface != interface);
        let is_removed = routes.len() < before;
        if routes.is_empty() {
            networks.remove(&prefix.network);
        }
        if networks.is_empty() {
            self.by_length.remove(&prefix.length);
        }
        is_removed
    }

    /// Removes one route that a routing protocol has added.
    pub(crate) fn remove_learnt(&mut self, route: &Route) {
        let Prefix { network, length } = route.prefix;
        let Some(networks) = self.by_length.get_mut(&length) else { return };
        let Some(routes) = networks.get_mut(&network) else { return };
        routes.retain(|other| other != route);
        if !routes.iter().any(|other| other.interface == route.interface) {
            self.by_interface.remove(&(route.interface, route.prefix));
        }
        if routes.is_empty() {
            networks.remove(&network);
        }
        if networks.is_empty() {
            self.by_length.remove(&length);
        }
    }

    /// Removes every route through an interface.
    pub(crate) fn remove_interface(&mut self, interface: InterfaceId) {
        let first = (interface, Prefix::ALL);
        let through = self.by_interface.range(first..).take_while(|(other, _)| *other == interface);
        for (_, prefix) in through.copied().collect::<Vec<_>>() {
            self.remove(prefix, interface);
        }
    }

    /// The best route to an address among those whose interface is usable.
    pub fn find(&self, address: Ipv4Addr, is_usable: impl Fn(InterfaceId) -> bool) -> Option<Route> {
        self.by_length.iter().rev().find_map(|(&length, networks)| {
            let routes = networks.get(&(u32::from(address) & mask(length)))?;
            routes.iter().find(|route| is_usable(route.interface)).copied()
        })
    }

    /// Every route, the longest prefixes first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.by_length.values().rev().flat_map(|networks| networks.values().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(prefix: Prefix, interface: usize, metric: u32) -> Route {
        Route { prefix, interface: InterfaceId(interface), metric }
    }

    #[test]
    fn blocks_cover_addresses_and_no_others() {
        let address = |last: u8| Ipv4Addr::new(10, 70, 72, last);
        let blocks = |first, last| {
            let blocks = Prefix::cover(first, last).into_iter();
            blocks.map(|block| format!("{}/{}", block.network(), block.length())).collect::<Vec<_>>()
        };
        assert_eq!(blocks(address(2), address(9)), ["10.70.72.2/31", "10.70.72.4/30", "10.70.72.8/31"]);
        assert_eq!(blocks(address(7), address(7)), ["10.70.72.7/32"]);
        assert_eq!(blocks(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST), ["0.0.0.0/0"]);
        assert!(Prefix::cover(address(9), address(8)).is_empty());
        for (first, last) in [(0, 255), (2, 254), (31, 33), (255, 255)] {
            let blocks = Prefix::cover(address(first), address(last));
            for candidate in 0..=255 {
                let holding = blocks.iter().filter(|block| block.contains(address(candidate))).count();
                assert_eq!(holding, usize::from((first..=last).contains(&candidate)), "{candidate}");
            }
        }
    }

    #[test]
    fn the_longest_prefix_wins_then_the_lowest_metric() {
        let address = Ipv4Addr::new(10, 1, 2, 3);
        let mut routes = Routes::default();
        routes.add(route(Prefix::ALL, 0, 0));
        routes.add(route(Prefix::new(address, 16), 1, 9));
        routes.add(route(Prefix::new(address, 16), 2, 5));
        routes.add(route(Prefix::new(address, 32), 3, 99));
        let find = |routes: &Routes, down: usize| {
            routes.find(address, |interface| interface.0 != down).map(|route| route.interface.0)
        };
        assert_eq!([3, 2, 1].map(|down| find(&routes, down)), [Some(2), Some(3), Some(3)]);
        assert!(routes.remove(Prefix::new(address, 32), InterfaceId(3)));
        assert!(!routes.remove(Prefix::new(address, 32), InterfaceId(3)));
        assert_eq!(find(&routes, 9), Some(2));
        assert_eq!(routes.iter().count(), 3);
        assert_eq!(routes.find(Ipv4Addr::new(9, 9, 9, 9), |_| true).map(|route| route.interface.0), Some(0));
    }
}
