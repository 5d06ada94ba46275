//! The ways through an area: RFC 2328 sections 16.1 to 16.4.

use std::net::Ipv4Addr;

use l2tpspec_protocol::ospf::PathType;
use l2tpspec_protocol::ospf::wire::{LinkType, LsType, LsaBody, NetworkLsa, SummaryLsa};

use super::RIGHT;
use super::forge::{external, full, hear_lsas, id, link, lsa, routing};

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
                routing(vec![to_left, to_network(Ipv4Addr::new(10, 9, 0, 2), 3)]),
            ),
            lsa(LsType::Router, third, 3, first, 0, routing(vec![to_network(dr, 40), stub])),
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
