//! An OSPF adjacency over the link (RFC 2328 section 10), as far as its packets show it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use l2tpspec_protocol::ospf::wire::{
    AuthenticationType, Body, DatabaseDescription, Hello, LinkStateRequestEntry, Options, Packet,
};

use super::mark::{Both, Frames, Mark, Side};

/// Requests for LSAs that are remembered.
const MOST_WANTED: usize = 65_536;

/// What a Hello says of its sender's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) hello_interval: u16,
    pub(super) router_dead_interval: u32,
    pub(super) options: Options,
    pub(super) network_mask: Ipv4Addr,
}

type LsaKey = (u32, Ipv4Addr, Ipv4Addr);

/// One router.
#[derive(Debug, Default)]
pub(super) struct Router {
    pub(super) id: Option<Ipv4Addr>,
    pub(super) area: Option<Ipv4Addr>,
    pub(super) authentication: Option<AuthenticationType>,
    pub(super) key_id: Option<u8>,
    pub(super) interface: Option<Interface>,
    pub(super) packets: Frames,
    pub(super) hellos: Frames,
    listed: Vec<Ipv4Addr>,
    /// When it first listed the other router.
    pub(super) lists_peer: Option<Mark>,
    pub(super) descriptions: Frames,
    pub(super) mtu: Option<u16>,
    /// Its first description after the opening ones.
    pub(super) exchanging: Option<Mark>,
    /// Its last description: no more follow.
    pub(super) described: Option<Mark>,
    wanted: BTreeSet<LsaKey>,
    pub(super) requests: Frames,
    /// When the last LSA that it asked for came.
    satisfied: Option<Mark>,
    pub(super) updates: Frames,
    pub(super) acknowledgments: Frames,
}

impl Router {
    /// LSAs that it asked for and did not get.
    pub(super) fn missing(&self) -> usize {
        self.wanted.len()
    }
}

/// Both routers of a link.
#[derive(Debug, Default)]
pub(super) struct Adjacency {
    pub(super) routers: Both<Router>,
    /// Whether it was full before and began anew.
    pub(super) was_full: bool,
}

impl Adjacency {
    pub(super) fn see(&mut self, packet: &Packet, side: Option<Side>, mark: Mark) {
        let side = side.unwrap_or_else(|| self.side_of(packet.router_id));
        if let Body::DatabaseDescription(description) = &packet.body
            && description.has(DatabaseDescription::I)
            && self.routers[side].described.is_some()
        {
            self.begin_anew();
        }
        let router = &mut self.routers[side];
        router.packets.note(mark);
        router.id = Some(packet.router_id);
        router.area = Some(packet.area_id);
        router.authentication = Some(packet.authentication.authentication_type());
        if let l2tpspec_protocol::ospf::wire::Authentication::Cryptographic { key_id, .. } =
            packet.authentication
        {
            router.key_id = Some(key_id);
        }
        match &packet.body {
            Body::Hello(hello) => self.hello(hello, side, mark),
            Body::DatabaseDescription(description) => {
                router.descriptions.note(mark);
                router.mtu = Some(description.interface_mtu);
                if !description.has(DatabaseDescription::I) {
                    router.exchanging.get_or_insert(mark);
                    if !description.has(DatabaseDescription::M) {
                        router.described.get_or_insert(mark);
                    }
                }
            }
            Body::LinkStateRequest(request) => {
                router.requests.note(mark);
                let wanted = request.entries.iter().map(key);
                let room = MOST_WANTED.saturating_sub(router.wanted.len());
                router.wanted.extend(wanted.take(room));
            }
            Body::LinkStateUpdate(update) => {
                router.updates.note(mark);
                let asking = &mut self.routers[!side];
                if !asking.wanted.is_empty() {
                    for lsa in &update.lsas {
                        let header = &lsa.header;
                        let number = u32::from(header.ls_type.number());
                        asking.wanted.remove(&(number, header.link_state_id, header.advertising_router));
                    }
                    if asking.wanted.is_empty() {
                        asking.satisfied = Some(mark);
                    }
                }
            }
            Body::LinkStateAcknowledgment(_) => router.acknowledgments.note(mark),
            Body::Unknown { .. } => {}
        }
    }

    fn hello(&mut self, hello: &Hello, side: Side, mark: Mark) {
        let router = &mut self.routers[side];
        router.hellos.note(mark);
        router.interface = Some(Interface {
            hello_interval: hello.hello_interval,
            router_dead_interval: hello.router_dead_interval,
            options: hello.options,
            network_mask: hello.network_mask,
        });
        router.listed.clone_from(&hello.neighbors);
        for side in Side::ALL {
            let Some(id) = self.routers[!side].id else { continue };
            let router = &mut self.routers[side];
            if router.listed.contains(&id) {
                router.lists_peer.get_or_insert(mark);
            }
        }
    }

    /// Keeps what the routers are and forgets how far they got.
    fn begin_anew(&mut self) {
        self.was_full |= self.full().is_some();
        for side in Side::ALL {
            let router = &mut self.routers[side];
            router.exchanging = None;
            router.described = None;
            router.wanted.clear();
            router.satisfied = None;
        }
    }

    /// On a link that does not say who sends: the router that is known by this number, or the one that is not known.
    fn side_of(&self, id: Ipv4Addr) -> Side {
        match self.routers[Side::A].id {
            None => Side::A,
            Some(known) if known == id => Side::A,
            Some(_) => Side::B,
        }
    }

    /// When both listed each other.
    pub(super) fn two_way(&self) -> Option<Mark> {
        self.routers.later(|router| router.lists_peer.or(router.exchanging))
    }

    /// When an exchange of databases was first tried.
    pub(super) fn exchange_tried(&self) -> Option<Mark> {
        self.routers.earlier(|router| router.descriptions.begin())
    }

    /// When both had described their databases and got what they asked for. Where the recording begins later,
    /// flooding and its acknowledgement in both directions tell the same.
    pub(super) fn full(&self) -> Option<Mark> {
        if self.exchange_tried().is_none() {
            let flooded = self.routers.later(|router| router.updates.begin());
            let acknowledged = self.routers.later(|router| router.acknowledgments.begin());
            return flooded.zip(acknowledged).map(|(flooded, acknowledged)| flooded.max(acknowledged));
        }
        let described = self.routers.later(|router| router.described)?;
        let is_complete = Side::ALL.iter().all(|side| self.routers[*side].wanted.is_empty());
        let last = Side::ALL.iter().filter_map(|side| self.routers[*side].satisfied).max();
        is_complete.then(|| last.map_or(described, |last| last.max(described)))
    }
}

fn key(entry: &LinkStateRequestEntry) -> LsaKey {
    (entry.ls_type, entry.link_state_id, entry.advertising_router)
}
