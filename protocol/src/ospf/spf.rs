//! The shortest ways (RFC 2328 section 16): a tree over the routers of the area, their stub networks, and networks outside.

use core::cmp::Ordering;
use core::net::Ipv4Addr;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::database::{Database, Key, MAX_AGE};
use super::event::{InterfaceId, PathType, Route};
use super::wire::{LinkType, LsType, LsaBody, RouterLsa};
use crate::time::Instant;

/// A node of the tree. Of two that are as near networks come first, so that no equal way over them is missed (section 16.1
/// step 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Vertex {
    /// A network with many routers, by the address of its designated one.
    Network(Ipv4Addr),
    Router(Ipv4Addr),
}

/// The interfaces by which a way may begin: of equal ways all (section 16.8).
type Hops = BTreeSet<InterfaceId>;

/// How far each node is, and by which interfaces it is left for; there are none to ourselves.
type Reached = BTreeMap<Vertex, (u32, Hops)>;

/// How a network of our own is reached: by an interface at a cost, or not by OSPF.
pub(super) type Own = BTreeMap<(Ipv4Addr, u8), Option<(InterfaceId, u32)>>;

/// What the tree grows from.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) database: &'a Database,
    pub(super) now: Instant,
    pub(super) router_id: Ipv4Addr,
    /// The interface to each neighbour that is fully adjacent, by its Router ID and our address there.
    pub(super) neighbors: &'a BTreeMap<(Ipv4Addr, Ipv4Addr), InterfaceId>,
    /// Networks that are our own, and need no way.
    pub(super) own: &'a Own,
}

impl View<'_> {
    fn body(&self, key: &Key) -> Option<&LsaBody> {
        let entry = self.database.entries.get(key)?;
        // OSPF-2328-14-a: what is about to go leads nowhere.
        (entry.age(self.now) < MAX_AGE).then_some(&entry.lsa.body)
    }

    fn router(&self, id: Ipv4Addr) -> Option<&RouterLsa> {
        let key = Key { ls_type: LsType::Router, link_state_id: id, advertising_router: id };
        let Some(LsaBody::Router(body)) = self.body(&key) else { return None };
        Some(body)
    }

    /// The routers of a network with a designated router.
    fn attached(&self, id: Ipv4Addr) -> Vec<Ipv4Addr> {
        let all = self.database.entries.iter();
        let found = all.filter(|(key, _)| key.ls_type == LsType::Network && key.link_state_id == id);
        found
            .filter_map(|(key, _)| {
                let Some(LsaBody::Network(body)) = self.body(key) else { return None };
                Some(body.attached_routers.clone())
            })
            .flatten()
            .collect()
    }

    /// Where a node leads, at what cost, and over which of its links; only what leads back counts (section 16.1 step 2b).
    fn edges(&self, vertex: Vertex) -> Vec<(Vertex, u32, Ipv4Addr)> {
        match vertex {
            Vertex::Router(id) => {
                let links = self.router(id).map(|router| router.links.as_slice()).unwrap_or_default();
                let edge = |link: &super::wire::RouterLink| {
                    let to = match link.link_type {
                        LinkType::PointToPoint => Vertex::Router(link.link_id),
                        LinkType::Transit => Vertex::Network(link.link_id),
                        LinkType::Stub | LinkType::Virtual | LinkType::Unknown(_) => return None,
                    };
                    self.leads_to(to, vertex).then_some((to, u32::from(link.metric), link.link_data))
                };
                links.iter().filter_map(edge).collect()
            }
            Vertex::Network(id) => {
                let routers = self.attached(id).into_iter().map(Vertex::Router);
                let back = routers.filter(|router| self.leads_to(*router, vertex));
                back.map(|router| (router, 0, Ipv4Addr::UNSPECIFIED)).collect()
            }
        }
    }

    fn leads_to(&self, from: Vertex, to: Vertex) -> bool {
        match (from, to) {
            (Vertex::Router(id), _) => self.router(id).is_some_and(|router| {
                router.links.iter().any(|link| match (link.link_type, to) {
                    (LinkType::PointToPoint, Vertex::Router(to))
                    | (LinkType::Transit, Vertex::Network(to)) => link.link_id == to,
                    _ => false,
                })
            }),
            (Vertex::Network(id), Vertex::Router(to)) => self.attached(id).contains(&to),
            (Vertex::Network(_), Vertex::Network(_)) => false,
        }
    }

    /// Every node that can be reached (section 16.1).
    fn tree(&self) -> Reached {
        let root = Vertex::Router(self.router_id);
        let mut reached = Reached::new();
        let mut open = Reached::from([(root, (0, Hops::new()))]);
        let mut order = BTreeSet::from([(0_u32, root)]);
        while let Some((cost, vertex)) = order.pop_first() {
            let Some((_, by)) = open.remove(&vertex) else { continue };
            for (to, more, over) in self.edges(vertex) {
                let hops = match to {
                    // Of several links to a neighbour each is a way of its own.
                    Vertex::Router(id) if vertex == root => {
                        self.neighbors.get(&(id, over)).copied().into_iter().collect()
                    }
                    Vertex::Router(_) | Vertex::Network(_) => by.clone(),
                };
                // A way whose first step is no adjacency of ours is none.
                if hops.is_empty() || to == vertex || reached.contains_key(&to) {
                    continue;
                }
                let total = cost.saturating_add(more);
                match open.get_mut(&to) {
                    Some((known, _)) if *known < total => {}
                    Some((known, equal)) if *known == total => equal.extend(hops),
                    other => {
                        if let Some((known, _)) = other {
                            order.remove(&(*known, to));
                        }
                        open.insert(to, (total, hops));
                        order.insert((total, to));
                    }
                }
            }
            reached.insert(vertex, (cost, by));
        }
        reached
    }

    /// The ways to all networks but our own.
    pub(super) fn routes(&self) -> Vec<Route> {
        let reached = self.tree();
        let mut table = Table { own: self.own, best: BTreeMap::new(), borders: BTreeMap::new() };
        for (vertex, (cost, by)) in &reached {
            match vertex {
                Vertex::Router(id) => {
                    let Some(router) = self.router(*id) else { continue };
                    for link in router.links.iter().filter(|link| link.link_type == LinkType::Stub) {
                        let cost = cost.saturating_add(link.metric.into());
                        table.offer(prefix(link.link_id, link.link_data), Cost::inside(cost), by);
                    }
                    // Step 4: who does not say that it is at the border of the system is not looked for there.
                    if router.flags & RouterLsa::E != 0 {
                        table.borders.insert(*id, (Cost::inside(*cost), by.clone()));
                    }
                }
                Vertex::Network(id) => {
                    for mask in self.masks(*id) {
                        table.offer(prefix(*id, mask), Cost::inside(*cost), by);
                    }
                }
            }
        }
        self.summaries(&reached, &mut table);
        self.externals(&mut table);
        let ways = |((network, length), (cost, by)): ((Ipv4Addr, u8), (Cost, Hops))| {
            let way =
                move |interface| Route { network, length, interface, kind: cost.kind, cost: cost.major };
            by.into_iter().map(way)
        };
        table.best.into_iter().flat_map(ways).collect()
    }

    /// The masks of a network with a designated router: one, unless two routers claim it.
    fn masks(&self, id: Ipv4Addr) -> Vec<Ipv4Addr> {
        let keys = self.database.entries.keys();
        let found = keys.filter(|key| key.ls_type == LsType::Network && key.link_state_id == id);
        let mask = |key: &Key| {
            let Some(LsaBody::Network(body)) = self.body(key) else { return None };
            Some(body.network_mask)
        };
        found.filter_map(mask).collect()
    }

    /// Networks and routers of other areas, by the routers at the border (section 16.2).
    fn summaries(&self, reached: &Reached, table: &mut Table<'_>) {
        for key in self.database.entries.keys() {
            // What we say ourselves is no way for us.
            if key.advertising_router == self.router_id {
                continue;
            }
            let Some(LsaBody::Summary(body)) = self.body(key) else { continue };
            // Only a router at the border of the area is asked (step 4).
            let is_border =
                self.router(key.advertising_router).is_some_and(|it| it.flags & RouterLsa::B != 0);
            let way = reached.get(&Vertex::Router(key.advertising_router)).filter(|_| is_border);
            let Some((cost, by)) = way.filter(|_| body.metric < UNREACHABLE) else { continue };
            let cost = Cost { kind: PathType::InterArea, major: cost.saturating_add(body.metric), minor: 0 };
            if key.ls_type == LsType::SummaryNetwork {
                table.offer(prefix(key.link_state_id, body.network_mask), cost, by);
            } else {
                offer(&mut table.borders, key.link_state_id, cost, by);
            }
        }
    }

    /// Networks outside (section 16.4).
    fn externals(&self, table: &mut Table<'_>) {
        let inside = table.best.clone();
        for key in self.database.entries.keys().filter(|key| key.ls_type == LsType::AsExternal) {
            if key.advertising_router == self.router_id {
                continue;
            }
            let Some(LsaBody::AsExternal(body)) = self.body(key) else { continue };
            // Even where datagrams go elsewhere, who says so has to be reached (step 3).
            let border = table.borders.get(&key.advertising_router).cloned();
            let Some(border) = border.filter(|_| body.route.metric < UNREACHABLE) else { continue };
            let to = body.route.forwarding_address;
            let way = if to.is_unspecified() { Some(border) } else { nearest(&inside, self.own, to) };
            let Some((way, by)) = way else { continue };
            let metric = body.route.metric;
            let cost = if body.route.is_type_2 {
                Cost { kind: PathType::External2, major: metric, minor: way.major }
            } else {
                Cost { kind: PathType::External1, major: way.major.saturating_add(metric), minor: 0 }
            };
            table.offer(prefix(key.link_state_id, body.network_mask), cost, &by);
        }
    }
}

/// `LSInfinity` (appendix B).
const UNREACHABLE: u32 = 0x00ff_ffff;

/// What a way costs, in the order in which ways are preferred: by kind, by cost, and of two of the second external type with the
/// same cost outside by that of the way to the border (section 16.4 step 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    kind: PathType,
    major: u32,
    minor: u32,
}

impl Cost {
    const fn inside(cost: u32) -> Self {
        Self { kind: PathType::IntraArea, major: cost, minor: 0 }
    }
}

/// The best ways found, to networks by prefix and to routers at borders by Router ID.
#[derive(Debug)]
struct Table<'a> {
    own: &'a Own,
    best: BTreeMap<(Ipv4Addr, u8), (Cost, Hops)>,
    borders: BTreeMap<Ipv4Addr, (Cost, Hops)>,
}

impl Table<'_> {
    fn offer(&mut self, network: (Ipv4Addr, u8), cost: Cost, by: &Hops) {
        if !by.is_empty() && !self.own.contains_key(&network) {
            offer(&mut self.best, network, cost, by);
        }
    }
}

/// Takes a way if it is better than what is known, or another one of the same cost.
fn offer<K: Ord>(table: &mut BTreeMap<K, (Cost, Hops)>, to: K, cost: Cost, by: &Hops) {
    match table.entry(to) {
        Entry::Vacant(vacant) => {
            vacant.insert((cost, by.clone()));
        }
        Entry::Occupied(mut known) => match cost.cmp(&known.get().0) {
            Ordering::Less => {
                known.insert((cost, by.clone()));
            }
            Ordering::Equal => known.get_mut().1.extend(by),
            Ordering::Greater => {}
        },
    }
}

/// The way inside to an address: that of the longest prefix (section 11.1). There is none to a network of our own that OSPF does
/// not lead into, though it has the longest.
fn nearest(inside: &BTreeMap<(Ipv4Addr, u8), (Cost, Hops)>, own: &Own, to: Ipv4Addr) -> Option<(Cost, Hops)> {
    let holds =
        |(network, length): &(Ipv4Addr, u8)| u32::from(to) & u32::from(mask(*length)) == u32::from(*network);
    let learnt = inside.keys().chain(own.keys()).filter(|prefix| holds(prefix));
    let longest = learnt.max_by_key(|(_, length)| *length)?;
    match own.get(longest) {
        Some(way) => way.map(|(by, cost)| (Cost::inside(cost), Hops::from([by]))),
        None => inside.get(longest).cloned(),
    }
}

/// A network and the bits of its mask.
fn prefix(network: Ipv4Addr, mask: Ipv4Addr) -> (Ipv4Addr, u8) {
    let bits = u32::from(mask);
    let length = u8::try_from(bits.leading_ones()).unwrap_or(32);
    (Ipv4Addr::from(u32::from(network) & bits), length)
}

/// The mask of so many bits.
#[must_use]
pub(super) fn mask(length: u8) -> Ipv4Addr {
    let host = 32_u32.saturating_sub(length.into());
    Ipv4Addr::from(u32::MAX.checked_shl(host).unwrap_or(0))
}
