//! Networks that are announced and withdrawn while the routers run: RFC 2328 sections 12.4, 14.1 and appendix E.

use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::ospf::database::MAX_AGE;
use l2tpspec_protocol::ospf::wire::{LsType, LsaBody, RouterLsa};
use l2tpspec_protocol::ospf::{Announced, Announcement, Command, External, Ospf, PathType};

use super::forge::{full, known, updates};
use super::{assert_learnt, networks, run};
use crate::support::pair::{Pair, Side};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);

fn announce(pair: &mut Pair<Ospf>, announcement: Announcement) {
    pair.command(Side::Left, Command::Announce(announcement));
}

const fn external(length: u8, cost: u32) -> Announcement {
    Announcement::External(External { network: ADDRESS, length, cost, is_type_2: false })
}

const fn own(cost: u16) -> Announcement {
    Announcement::Network(Announced { network: ADDRESS, length: 8, cost })
}

const fn withdraw(length: u8) -> Command {
    Command::Withdraw { network: ADDRESS, length }
}

/// The ways of the right router to the network, by length and cost.
fn learnt(pair: &mut Pair<Ospf>) -> Vec<(u8, u32)> {
    let all = networks(pair, Side::Right).into_iter();
    all.filter(|(network, ..)| *network == ADDRESS).map(|(_, length, cost)| (length, cost)).collect()
}

/// Section 14.1: a network outside that is withdrawn is flushed, and whoever announces none is at no border any more.
#[test]
fn a_network_outside_comes_and_goes() {
    let mut pair = full();
    let begun = pair.left.sent.len();
    announce(&mut pair, external(8, 3));
    run(&mut pair, 10);
    let route = pair.right.layer.routes().iter().find(|way| way.network == ADDRESS).expect("learnt");
    assert_eq!((route.kind, route.cost), (PathType::External1, 13));
    pair.command(Side::Left, withdraw(8));
    run(&mut pair, 10);
    assert_learnt(&mut pair);
    for end in [&pair.left, &pair.right] {
        assert_eq!(known(end, pair.now, LsType::AsExternal, ADDRESS), None);
    }
    let flags: Vec<u8> = updates(&pair.left, begun)
        .into_iter()
        .filter_map(|(.., lsa)| match lsa.body {
            LsaBody::Router(body) => Some(body.flags),
            _ => None,
        })
        .collect();
    assert_eq!(flags, [RouterLsa::E, 0]);
    let ages: Vec<u16> = updates(&pair.left, begun)
        .into_iter()
        .filter(|(.., lsa)| lsa.header.ls_type == LsType::AsExternal)
        .map(|(.., lsa)| lsa.header.ls_age)
        .collect();
    assert_eq!(ages, [1, MAX_AGE]);
}

/// A network that was withdrawn a moment ago and is announced again is said again after `MinLSInterval`, and is learnt again.
#[test]
fn a_network_that_comes_back_at_once_is_learnt_again() {
    let mut pair = full();
    announce(&mut pair, external(8, 3));
    run(&mut pair, 10);
    announce(&mut pair, external(8, 4));
    pair.command(Side::Left, withdraw(8));
    announce(&mut pair, external(8, 5));
    run(&mut pair, 10);
    assert_eq!(learnt(&mut pair), [(8, 15)]);
    run(&mut pair, 4000);
    assert_eq!(learnt(&mut pair), [(8, 15)]);
}

/// OSPF-2328-12.4-a: however often a cost changes, an LSA is not said more often than once in `MinLSInterval`, and what is said last
/// is what holds.
#[test]
fn what_changes_often_is_said_seldom_and_ends_up_right() {
    let mut pair = full();
    let begun = pair.left.sent.len();
    for cost in 1..=20 {
        announce(&mut pair, own(cost));
        pair.run(Duration::from_millis(700));
    }
    run(&mut pair, 10);
    assert_eq!(learnt(&mut pair), [(8, 30)]);
    let said: Vec<_> = updates(&pair.left, begun)
        .into_iter()
        .filter(|(.., lsa)| lsa.header.ls_type == LsType::Router)
        .map(|(moment, ..)| moment)
        .collect();
    assert!((3..=5).contains(&said.len()), "{said:?}");
    for pair in said.windows(2) {
        assert!(pair[1].since(pair[0]) >= Duration::from_secs(5), "{said:?}");
    }
    pair.command(Side::Left, withdraw(8));
    run(&mut pair, 10);
    assert_eq!(learnt(&mut pair), []);
}

/// What is announced in another way is announced in the former one no longer.
#[test]
fn a_network_is_announced_in_one_way_at_a_time() {
    let mut pair = full();
    announce(&mut pair, external(8, 3));
    run(&mut pair, 10);
    announce(&mut pair, own(40));
    run(&mut pair, 10);
    let ways: Vec<_> = pair.right.layer.routes().iter().filter(|way| way.network == ADDRESS).collect();
    assert_eq!(ways.len(), 1);
    assert_eq!((ways[0].kind, ways[0].cost), (PathType::IntraArea, 50));
    assert_eq!(known(&pair.right, pair.now, LsType::AsExternal, ADDRESS), None);
}

/// Appendix E: networks of one address and different lengths have different Link State IDs, whichever is announced first.
#[test]
fn networks_of_one_address_are_told_apart() {
    for order in [[8, 16, 24], [24, 16, 8], [16, 8, 24]] {
        let mut pair = full();
        for length in order {
            announce(&mut pair, external(length, length.into()));
            run(&mut pair, 1);
        }
        run(&mut pair, 20);
        assert_eq!(learnt(&mut pair), [(8, 18), (16, 26), (24, 34)], "{order:?}");
        let names = [ADDRESS, Ipv4Addr::new(10, 0, 255, 255), Ipv4Addr::new(10, 0, 0, 255)];
        for name in names {
            assert!(known(&pair.right, pair.now, LsType::AsExternal, name).is_some(), "{name} {order:?}");
        }
        pair.command(Side::Left, withdraw(8));
        run(&mut pair, 20);
        assert_eq!(learnt(&mut pair), [(16, 26), (24, 34)], "{order:?}");
    }
}
