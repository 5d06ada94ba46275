//! The ways through an area: RFC 2328 sections 16.1 to 16.4.

use std::net::Ipv4Addr;

use l2tpspec_protocol::ospf::wire::{
    LinkType, LsType, Lsa, LsaBody, NetworkLsa, RouterLink, RouterLsa, SummaryLsa,
};
use l2tpspec_protocol::ospf::{Ospf, PathType};

use super::forge::{at_border, external, full, hear_lsas, id, link, lsa, routing};
use super::{LAN, LINK, OTHER, RIGHT, other_up, run, state};
use crate::support::pair::{Pair, Side};

const ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const FIRST: u32 = 0x8000_0001;

const fn net(second: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, second, 0, 0)
}

/// The router-LSA of the right router, at cost 10 from the left one, with more links.
fn right(flags: u8, more: Vec<RouterLink>) -> Lsa {
    let mut links = vec![link(LinkType::PointToPoint, id(1), RIGHT, 10)];
    links.extend(more);
    lsa(LsType::Router, id(2), 2, 0x8000_0100, 0, at_border(flags, links))
}

/// A router behind the right one, that many further.
fn behind(last: u8, flags: u8, cost: u16) -> (RouterLink, Lsa) {
    let back = link(LinkType::PointToPoint, id(2), ANY, 1);
    let body = at_border(flags, vec![back]);
    (link(LinkType::PointToPoint, id(last), ANY, cost), lsa(LsType::Router, id(last), last, FIRST, 0, body))
}

fn outside(by: u8, second: u8, metric: u32, is_type_2: bool, to: Ipv4Addr) -> Lsa {
    lsa(LsType::AsExternal, net(second), by, FIRST, 0, external(metric, is_type_2, to))
}

fn summary(ls_type: LsType, to: Ipv4Addr, by: u8, metric: u32) -> Lsa {
    let network_mask = Ipv4Addr::new(255, 255, 0, 0);
    let body = SummaryLsa { network_mask, reserved: 0, metric, tos_metrics: Vec::new() };
    lsa(ls_type, to, by, FIRST, 0, LsaBody::Summary(body))
}

/// The kind and the cost of the way to 10.x.0.0/16.
fn way(pair: &Pair<Ospf>, second: u8) -> Option<(PathType, u32)> {
    let mut ways = pair.left.layer.routes().iter();
    ways.find(|way| (way.network, way.length) == (net(second), 16)).map(|way| (way.kind, way.cost))
}

/// RFC 2328 sections 16.1 to 16.4, over an area of three routers: the left one, the right one at cost 10, and a third behind a
/// network with many routers, at the border of the area and of the system.
#[test]
fn ways_lead_over_networks_into_other_areas_and_outside() {
    let mut pair = full();
    let (net, third) = (|a, b| Ipv4Addr::new(a, b, 0, 0), id(3));
    let mask = Ipv4Addr::new(255, 255, 0, 0);
    let (dr, far) = (Ipv4Addr::new(10, 9, 0, 1), Ipv4Addr::new(10, 9, 0, 99));
    let any = Ipv4Addr::UNSPECIFIED;
    let summary = |metric| {
        LsaBody::Summary(SummaryLsa { network_mask: mask, reserved: 0, metric, tos_metrics: Vec::new() })
    };
    let first = 0x8000_0001;
    let to_left = link(LinkType::PointToPoint, id(1), RIGHT, 10);
    let to_network = |own, metric| link(LinkType::Transit, dr, own, metric);
    let stub = link(LinkType::Stub, net(172, 16), mask, 1);
    hear_lsas(
        &mut pair,
        vec![
            lsa(
                LsType::Router,
                id(2),
                2,
                0x8000_0100,
                0,
                at_border(RouterLsa::E, vec![to_left, to_network(Ipv4Addr::new(10, 9, 0, 2), 3)]),
            ),
            lsa(
                LsType::Router,
                third,
                3,
                first,
                0,
                at_border(RouterLsa::E | RouterLsa::B, vec![to_network(dr, 40), stub]),
            ),
            lsa(
                LsType::Network,
                dr,
                3,
                first,
                0,
                LsaBody::Network(NetworkLsa {
                    network_mask: Ipv4Addr::new(255, 255, 255, 0),
                    attached_routers: vec![id(2), third],
                }),
            ),
            lsa(LsType::SummaryNetwork, net(10, 50), 3, first, 0, summary(4)),
            lsa(LsType::SummaryNetwork, net(10, 51), 3, first, 0, summary(0x00ff_ffff)),
            // A border of the system in another area, known by a summary.
            lsa(LsType::SummaryBoundaryRouter, id(4), 3, first, 0, summary(6)),
            lsa(LsType::AsExternal, net(10, 60), 4, first, 0, external(5, false, any)),
            // Datagrams go straight to a neighbour of the third router.
            lsa(LsType::AsExternal, net(10, 61), 3, first, 0, external(5, false, far)),
            // Nobody knows the way to where they should go.
            lsa(LsType::AsExternal, net(10, 62), 3, first, 0, external(5, false, Ipv4Addr::new(9, 9, 9, 9))),
            // The first type is better than the second, however dear it is.
            lsa(LsType::AsExternal, net(10, 63), 3, first, 0, external(1, true, any)),
            lsa(LsType::AsExternal, net(10, 63), 2, first, 0, external(900, false, any)),
            // Inside is better than outside.
            lsa(LsType::AsExternal, net(10, 50), 2, first, 0, external(1, false, any)),
            // Who says so is not to be found.
            lsa(LsType::AsExternal, net(10, 64), 9, first, 0, external(1, true, any)),
        ],
    );
    let ways = pair.left.layer.routes();
    let found: Vec<_> = ways.iter().map(|way| (way.network, way.length, way.kind, way.cost)).collect();
    let outside = (any, 0, PathType::External2, 3);
    let expected = [
        outside,
        (Ipv4Addr::new(10, 9, 0, 0), 24, PathType::IntraArea, 13),
        (net(10, 50), 16, PathType::InterArea, 17),
        (net(10, 60), 16, PathType::External1, 13 + 6 + 5),
        (net(10, 61), 16, PathType::External1, 13 + 5),
        (net(10, 63), 16, PathType::External1, 10 + 900),
        (net(172, 16), 16, PathType::IntraArea, 14),
    ];
    assert_eq!(found, expected);
}

/// Section 16.1 step 4, 16.2 step 4 and 16.4 step 3: a router counts as one at a border if its router-LSA says so, and what others
/// claim to know of other areas or of the outside is nothing.
#[test]
fn only_routers_at_a_border_speak_of_what_is_behind_it() {
    for (flags, area, system) in [
        (0, None, None),
        (RouterLsa::V, None, None),
        (RouterLsa::E, None, Some((PathType::External1, 15))),
        (RouterLsa::B, Some((PathType::InterArea, 14)), None),
    ] {
        let mut pair = full();
        let lsas = vec![
            right(flags, Vec::new()),
            summary(LsType::SummaryNetwork, net(50), 2, 4),
            outside(2, 60, 5, false, ANY),
        ];
        hear_lsas(&mut pair, lsas);
        assert_eq!((way(&pair, 50), way(&pair, 60)), (area, system), "{flags:#x}");
    }
}

/// Section 16.2 step 4 and 16.4 step 3 once more: a router at the border of the system in another area is known by a summary, but
/// one that is found inside is reached inside, though the summary is cheaper.
#[test]
fn a_way_inside_to_the_border_of_the_system_is_better_than_a_summary() {
    let mut pair = full();
    let (to_third, third) = behind(3, RouterLsa::B, 5);
    let (to_fourth, fourth) = behind(4, RouterLsa::E, 50);
    let lsas = vec![
        right(0, vec![to_third, to_fourth]),
        third,
        fourth,
        summary(LsType::SummaryBoundaryRouter, id(4), 3, 1),
        summary(LsType::SummaryBoundaryRouter, id(5), 3, 1),
        summary(LsType::SummaryBoundaryRouter, id(6), 3, 0x00ff_ffff),
        outside(4, 60, 5, false, ANY),
        outside(5, 61, 5, false, ANY),
        outside(6, 62, 5, false, ANY),
    ];
    hear_lsas(&mut pair, lsas);
    assert_eq!(way(&pair, 60), Some((PathType::External1, 10 + 50 + 5)));
    assert_eq!(way(&pair, 61), Some((PathType::External1, 10 + 5 + 1 + 5)));
    assert_eq!(way(&pair, 62), None, "LSInfinity");
}

/// Section 16.4 step 6: type 1 before type 2; of type 1 the shorter whole way; of type 2 the lower cost outside, and of equal ones
/// the one whose border is nearer.
#[test]
fn ways_outside_are_compared_by_type_then_cost_then_distance() {
    type Claims<'a> = &'a [(u8, u32, bool)];
    let cases: [(Claims<'_>, _); 5] = [
        (&[(3, 1, true), (4, 4000, false)], (PathType::External1, 10 + 20 + 4000)),
        (&[(3, 100, false), (4, 86, false)], (PathType::External1, 10 + 5 + 100)),
        (&[(3, 100, false), (4, 84, false)], (PathType::External1, 10 + 20 + 84)),
        (&[(3, 8, true), (4, 7, true)], (PathType::External2, 7)),
        (&[(3, 0x00ff_ffff, true), (4, 0x00ff_fffe, true)], (PathType::External2, 0x00ff_fffe)),
    ];
    for (claims, wanted) in cases {
        let mut pair = full();
        let (to_third, third) = behind(3, RouterLsa::E, 5);
        let (to_fourth, fourth) = behind(4, RouterLsa::E, 20);
        let mut lsas = vec![right(0, vec![to_third, to_fourth]), third, fourth];
        lsas.extend(claims.iter().map(|(by, metric, is_type_2)| outside(*by, 60, *metric, *is_type_2, ANY)));
        hear_lsas(&mut pair, lsas);
        assert_eq!(way(&pair, 60), Some(wanted), "{claims:?}");
    }
}

/// Section 16.4 step 3: where datagrams are sent to a forwarding address, it is the way there that counts. It has to be inside, and
/// the longest prefix tells; a network of our own that no interface of OSPF leads into is no way.
#[test]
fn a_forwarding_address_is_looked_up_inside() {
    let mut pair = full();
    let (to_third, third) = behind(3, RouterLsa::E | RouterLsa::B, 5);
    let wide =
        |first, cost| link(LinkType::Stub, Ipv4Addr::new(first, 0, 0, 0), Ipv4Addr::new(255, 0, 0, 0), cost);
    let narrow = link(LinkType::Stub, Ipv4Addr::new(172, 16, 0, 0), Ipv4Addr::new(255, 255, 0, 0), 30);
    let on_lan = Ipv4Addr::from(u32::from(LAN.network) + 7);
    let lsas = vec![
        right(0, vec![to_third, wide(172, 1), wide(192, 1), narrow]),
        third,
        summary(LsType::SummaryNetwork, net(50), 3, 4),
        outside(3, 60, 2, false, Ipv4Addr::new(172, 16, 0, 1)),
        outside(3, 61, 2, false, Ipv4Addr::new(172, 17, 0, 1)),
        outside(3, 62, 2, false, Ipv4Addr::new(10, 50, 0, 1)),
        // Behind the default way outside, and no other.
        outside(3, 63, 2, false, Ipv4Addr::new(8, 8, 8, 8)),
        // The other end of the link, at the cost of the link.
        outside(3, 64, 2, false, RIGHT),
        // Within 192/8, which the right router has, and within our own LAN, which is longer.
        outside(3, 65, 2, false, on_lan),
        // Our own end.
        outside(3, 66, 2, false, super::LEFT),
        outside(3, 67, 2, true, Ipv4Addr::new(172, 16, 0, 1)),
    ];
    hear_lsas(&mut pair, lsas);
    let found: Vec<_> = (60..=67).map(|second| way(&pair, second)).collect();
    let first = |cost| Some((PathType::External1, cost));
    let second = Some((PathType::External2, 2));
    let expected = [
        first(10 + 30 + 2),
        first(10 + 1 + 2),
        first(10 + 5 + 4 + 2),
        None,
        first(10 + 2),
        None,
        None,
        second,
    ];
    assert_eq!(found, expected);
}

/// Section 16.8: of equal ways, over links side by side, all are kept; of others the cheapest, and the other when it is gone.
#[test]
fn links_side_by_side() {
    let by = |pair: &Pair<Ospf>| -> Vec<_> {
        let ways = pair.left.layer.routes().iter().filter(|way| way.network == super::MESH.network);
        ways.map(|way| (way.interface, way.cost)).collect()
    };
    for (cost, wanted) in
        [(10, vec![(LINK, 17), (OTHER, 17)]), (11, vec![(LINK, 17)]), (9, vec![(OTHER, 16)])]
    {
        let mut pair = full();
        other_up(&mut pair, |config| config.cost = cost);
        run(&mut pair, 30);
        assert_eq!(by(&pair), wanted, "{cost}");
        pair.command(Side::Left, l2tpspec_protocol::ospf::Command::InterfaceDown { interface: LINK });
        assert_eq!(by(&pair), [(OTHER, 7 + u32::from(cost))]);
    }
}

/// Section 16.1 step 2: a link that leads nowhere back, a network that does not list the router, and what is too old are no way.
#[test]
fn only_what_leads_back_is_a_way() {
    let mut pair = full();
    let dr = Ipv4Addr::new(10, 9, 0, 1);
    let stub = |second| link(LinkType::Stub, net(second), Ipv4Addr::new(255, 255, 0, 0), 1);
    let network = |attached_routers| {
        let body = NetworkLsa { network_mask: Ipv4Addr::new(255, 255, 255, 0), attached_routers };
        lsa(LsType::Network, dr, 3, FIRST, 0, LsaBody::Network(body))
    };
    let third = lsa(LsType::Router, id(3), 3, FIRST, 0, routing(vec![stub(71)]));
    let fourth =
        lsa(LsType::Router, id(4), 4, FIRST, 0, routing(vec![stub(72), link(LinkType::Transit, dr, dr, 1)]));
    let links =
        vec![link(LinkType::PointToPoint, id(3), ANY, 1), link(LinkType::Transit, dr, ANY, 1), stub(70)];
    hear_lsas(&mut pair, vec![right(0, links), third, fourth, network(vec![id(2)])]);
    let inside = |cost| Some((PathType::IntraArea, cost));
    assert_eq!([70, 71, 72].map(|second| way(&pair, second)), [inside(11), None, None]);
    assert_eq!(state(&mut pair, Side::Left), l2tpspec_protocol::ospf::table::Neighbor::Full);
}
