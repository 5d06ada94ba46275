//! LSAs and packets that the left router hears in the name of the right one.

use std::net::Ipv4Addr;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::layer::Input;
use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::wire::{
    AsExternalLsa, Authentication, Body, ExternalRoute, LinkStateUpdate, LinkType, LsType, Lsa, LsaBody,
    LsaHeader, Options, Packet, RouterLink, RouterLsa,
};
use l2tpspec_protocol::ospf::{Event, Ospf, Unit, Violation};
use l2tpspec_protocol::time::Instant;

use super::{LINK, RIGHT, routers, run, states, up};
use crate::support::pair::{End, Pair, Side};

/// `AllSPFRouters`.
pub(super) const ALL: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 5);

pub(super) const fn id(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(1, 1, 1, last)
}

pub(super) fn lsa(
    ls_type: LsType,
    link_state_id: Ipv4Addr,
    by: u8,
    sequence: u32,
    ls_age: u16,
    body: LsaBody,
) -> Lsa {
    let header = LsaHeader {
        ls_age,
        options: Options(Options::E),
        ls_type,
        link_state_id,
        advertising_router: id(by),
        ls_sequence_number: sequence,
        ls_checksum: 0,
        length: 0,
    };
    Lsa { header, body }.with_checksum()
}

pub(super) fn packet(body: Body) -> Vec<u8> {
    let authentication = Authentication::Null([0; 8]);
    let (router_id, area_id) = (id(2), Ipv4Addr::UNSPECIFIED);
    let packet = Packet { version: 2, router_id, area_id, authentication, body, lls: Vec::new() };
    packet.to_octets().expect("it fits")
}

/// Lets the left router hear something in the name of the right one.
pub(super) fn hear(pair: &mut Pair<Ospf>, destination: Ipv4Addr, octets: Vec<u8>) {
    pair.input(Side::Left, Input::FromBelow(Unit { interface: LINK, source: RIGHT, destination, octets }));
}

pub(super) fn hear_lsas(pair: &mut Pair<Ospf>, lsas: Vec<Lsa>) {
    hear(pair, ALL, packet(Body::LinkStateUpdate(LinkStateUpdate { lsas })));
}

pub(super) fn link(link_type: LinkType, link_id: Ipv4Addr, link_data: Ipv4Addr, metric: u16) -> RouterLink {
    RouterLink { link_id, link_data, link_type, metric, tos_metrics: Vec::new() }
}

pub(super) fn routing(links: Vec<RouterLink>) -> LsaBody {
    at_border(0, links)
}

/// A router with these bits of V, E and B.
pub(super) fn at_border(flags: u8, links: Vec<RouterLink>) -> LsaBody {
    LsaBody::Router(RouterLsa { flags, reserved: 0, links })
}

pub(super) fn external(metric: u32, is_type_2: bool, forwarding_address: Ipv4Addr) -> LsaBody {
    let route = ExternalRoute { is_type_2, tos: 0, metric, forwarding_address, external_route_tag: 0 };
    LsaBody::AsExternal(AsExternalLsa {
        network_mask: Ipv4Addr::new(255, 255, 0, 0),
        route,
        tos_routes: Vec::new(),
    })
}

pub(super) fn full() -> Pair<Ospf> {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 30);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    pair
}

pub(super) fn violations(pair: &Pair<Ospf>) -> Vec<Violation> {
    let all = pair.left.events.iter();
    all.filter_map(|(_, event)| match event {
        Event::Rejected { violation, .. } => Some(*violation),
        _ => None,
    })
    .collect()
}

/// What an end has sent since `begun` units: when, and what.
pub(super) fn sent(end: &End<Ospf>, begun: usize) -> impl Iterator<Item = (Instant, Unit, Body)> + '_ {
    end.sent[begun..].iter().map(|(moment, unit)| {
        let packet = Packet::decode_all(&unit.octets).expect("a packet of ours");
        (*moment, unit.clone(), packet.body)
    })
}

/// The LSAs that an end has sent in updates since `begun` units, and when.
pub(super) fn updates(end: &End<Ospf>, begun: usize) -> Vec<(Instant, Unit, Lsa)> {
    let lsas = |(moment, unit, body)| {
        let lsas = match body {
            Body::LinkStateUpdate(update) => update.lsas,
            _ => Vec::new(),
        };
        lsas.into_iter().map(move |lsa| (moment, Unit::clone(&unit), lsa))
    };
    sent(end, begun).flat_map(lsas).collect()
}

/// The sequence number and the age of an LSA in the database of an end.
pub(super) fn known(
    end: &End<Ospf>,
    now: Instant,
    ls_type: LsType,
    link_state_id: Ipv4Addr,
) -> Option<(u32, u16)> {
    let mut all = end.layer.database(now);
    let found = all.find(|(key, ..)| key.ls_type == ls_type && key.link_state_id == link_state_id);
    found.map(|(_, sequence, age)| (sequence, age))
}
