//! The shortest ways (RFC 2328 section 16): a tree over the routers of the area, their stub networks, and networks outside.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use super::database::{Database, Key, MAX_AGE};
use super::event::{InterfaceId, Route};
use super::wire::{LinkType, LsType, LsaBody, RouterLsa};
use crate::time::Instant;

/// A node of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Vertex {
    Router(Ipv4Addr),
    /// A network with many routers, by the address of its designated one.
    Network(Ipv4Addr),
}

/// How far it is, and by which interface it is left; ours has none.
type Reached = BTreeMap<Vertex, (u32, Option<InterfaceId>)>;

/// What the tree grows from.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) database: &'a Database,
    pub(super) now: Instant,
    pub(super) router_id: Ipv4Addr,
    /// The interface to each neighbour that is fully adjacent.
    pub(super) neighbors: &'a BTreeMap<Ipv4Addr, InterfaceId>,
    /// Networks that are our own, and need no way.
    pub(super) own: &'a BTreeSet<(Ipv4Addr, u8)>,
}

impl View<'_> {
    fn body(&self, key: &Key) -> Option<&LsaBody> {
        let entry = self.database.entries.get(key)?;
        // OSPF-2328-14-a: what is about to go leads nowhere.
        (entry.age(self.now) < MAX_AGE).then_some(&entry.lsa.body)
    }

    fn router(&self, id: Ipv4Addr) -> Option<&RouterLsa> {
        let key = Key { ls_type: LsType::Router, link_state_id: id, advertising_router: id };
        match self.body(&key)? {
            LsaBody::Router(body) => Some(body),
            LsaBody::Network(_)
            | LsaBody::Summary(_)
            | LsaBody::AsExternal(_)
            | LsaBody::Nssa(_)
            | LsaBody::Opaque(_)
            | LsaBody::Unknown(_)
            | LsaBody::IllFormed(_) => None,
        }
    }

    /// The routers of a network with a designated router.
    fn attached(&self, id: Ipv4Addr) -> Vec<Ipv4Addr> {
        let all = self.database.entries.iter();
        let found = all.filter(|(key, _)| key.ls_type == LsType::Network && key.link_state_id == id);
        found
            .filter_map(|(key, _)| match self.body(key)? {
                LsaBody::Network(body) => Some(body.attached_routers.clone()),
                LsaBody::Router(_)
                | LsaBody::Summary(_)
                | LsaBody::AsExternal(_)
                | LsaBody::Nssa(_)
                | LsaBody::Opaque(_)
                | LsaBody::Unknown(_)
                | LsaBody::IllFormed(_) => None,
            })
            .flatten()
            .collect()
    }

    /// Where a node leads, and at what cost; only what leads back counts (section 16.1 step 2b).
    fn edges(&self, vertex: Vertex) -> Vec<(Vertex, u32)> {
        match vertex {
            Vertex::Router(id) => {
                let links = self.router(id).map(|router| router.links.as_slice()).unwrap_or_default();
                let edge = |link: &super::wire::RouterLink| {
                    let to = match link.link_type {
                        LinkType::PointToPoint => Vertex::Router(link.link_id),
                        LinkType::Transit => Vertex::Network(link.link_id),
                        LinkType::Stub | LinkType::Virtual | LinkType::Unknown(_) => return None,
                    };
                    self.leads_to(to, vertex).then_some((to, u32::from(link.metric)))
                };
                links.iter().filter_map(edge).collect()
            }
            Vertex::Network(id) => {
                let routers = self.attached(id).into_iter().map(Vertex::Router);
                routers.filter(|router| self.leads_to(*router, vertex)).map(|router| (router, 0)).collect()
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
        let mut candidates: BTreeSet<(u32, Vertex, Option<InterfaceId>)> = BTreeSet::from([(0, root, None)]);
        while let Some((cost, vertex, by)) = candidates.pop_first() {
            if reached.contains_key(&vertex) {
                continue;
            }
            reached.insert(vertex, (cost, by));
            for (to, more) in self.edges(vertex) {
                let first = match to {
                    Vertex::Router(id) if vertex == root => self.neighbors.get(&id).copied(),
                    Vertex::Router(_) | Vertex::Network(_) => None,
                };
                let by = by.or(first);
                // A way whose first step is no adjacency of ours is none.
                if by.is_some() && !reached.contains_key(&to) {
                    candidates.insert((cost.saturating_add(more), to, by));
                }
            }
        }
        reached
    }

    /// The ways to all networks but our own.
    pub(super) fn routes(&self) -> Vec<Route> {
        let reached = self.tree();
        let mut best: BTreeMap<(Ipv4Addr, u8), (u32, InterfaceId)> = BTreeMap::new();
        let mut offer = |network: (Ipv4Addr, u8), cost: u32, by: Option<InterfaceId>| {
            let Some(by) = by else { return };
            let better = best.get(&network).is_none_or(|(known, _)| cost < *known);
            if better && !self.own.contains(&network) {
                best.insert(network, (cost, by));
            }
        };
        for (vertex, (cost, by)) in &reached {
            let Vertex::Router(id) = vertex else { continue };
            let links = self.router(*id).map(|router| router.links.as_slice()).unwrap_or_default();
            for link in links.iter().filter(|link| link.link_type == LinkType::Stub) {
                offer(prefix(link.link_id, link.link_data), cost.saturating_add(link.metric.into()), *by);
            }
        }
        self.externals(&reached, &mut offer);
        let route = |((network, length), (cost, interface)): ((Ipv4Addr, u8), (u32, InterfaceId))| Route {
            network,
            length,
            interface,
            cost,
        };
        best.into_iter().map(route).collect()
    }

    /// Networks outside (section 16.4): any way inside is better, and of two kinds of cost the first.
    fn externals(&self, reached: &Reached, offer: &mut impl FnMut((Ipv4Addr, u8), u32, Option<InterfaceId>)) {
        const INSIDE: u32 = 0x0100_0000;
        for key in self.database.entries.keys().filter(|key| key.ls_type == LsType::AsExternal) {
            let Some(LsaBody::AsExternal(body)) = self.body(key) else { continue };
            let way = reached.get(&Vertex::Router(key.advertising_router));
            let Some((cost, by)) = way.filter(|_| body.route.metric < 0x00ff_ffff) else { continue };
            let total = if body.route.is_type_2 {
                INSIDE.saturating_mul(2).saturating_add(body.route.metric)
            } else {
                INSIDE.saturating_add(*cost).saturating_add(body.route.metric)
            };
            offer(prefix(key.link_state_id, body.network_mask), total, *by);
        }
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
