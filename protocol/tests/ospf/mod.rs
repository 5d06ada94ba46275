//! Two routers on a point-to-point link (RFC 2328).

mod announced;
mod forge;
mod lists;
mod own;
mod packets;
mod table;
mod ways;

use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::ospf::database::{MAX_AGE, newer};
use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::wire::{LsType, LsaHeader, Options};
use l2tpspec_protocol::ospf::{
    Announced, Authenticates, Command, Config, Event, External, InterfaceConfig, InterfaceId, Ospf, Unit,
    Violation,
};
use proptest::prelude::*;

use crate::support::pair::{Link, Pair, Side};

const LINK: InterfaceId = InterfaceId(1);
const OTHER: InterfaceId = InterfaceId(2);
const LEFT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const RIGHT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const LAN: Announced = Announced { network: Ipv4Addr::new(192, 168, 88, 0), length: 24, cost: 5 };
const MESH: Announced = Announced { network: Ipv4Addr::new(10, 10, 0, 0), length: 16, cost: 7 };
const OUTSIDE: External = External { network: Ipv4Addr::UNSPECIFIED, length: 0, cost: 3, is_type_2: true };

fn router(id: u8, networks: Vec<Announced>, externals: Vec<External>) -> Ospf {
    let router_id = Ipv4Addr::new(1, 1, 1, id);
    Ospf::new(Config { router_id, area_id: Ipv4Addr::UNSPECIFIED, networks, externals })
}

/// Two routers whose link is down.
fn routers() -> Pair<Ospf> {
    Pair::new(router(1, vec![LAN], Vec::new()), router(2, vec![MESH], vec![OUTSIDE]))
}

fn up(pair: &mut Pair<Ospf>, change: impl Fn(Side, &mut InterfaceConfig)) {
    for (side, own, peer) in [(Side::Left, LEFT, RIGHT), (Side::Right, RIGHT, LEFT)] {
        let mut config = InterfaceConfig::new(own, peer, 1400);
        change(side, &mut config);
        pair.command(side, Command::InterfaceUp { interface: LINK, config });
    }
}

/// Brings a second link between the two up.
fn other_up(pair: &mut Pair<Ospf>, change: impl Fn(&mut InterfaceConfig)) {
    let [left, right] = [LEFT, RIGHT].map(|end| Ipv4Addr::from(u32::from(end) + 0x100));
    for (side, own, peer) in [(Side::Left, left, right), (Side::Right, right, left)] {
        let mut config = InterfaceConfig::new(own, peer, 1400);
        change(&mut config);
        pair.command(side, Command::InterfaceUp { interface: OTHER, config });
    }
}

fn state(pair: &mut Pair<Ospf>, side: Side) -> State {
    pair.end(side).layer.neighbors().next().map_or(State::Down, |(_, _, state)| state)
}

fn states(pair: &mut Pair<Ospf>) -> [State; 2] {
    [Side::Left, Side::Right].map(|side| state(pair, side))
}

fn networks(pair: &mut Pair<Ospf>, side: Side) -> Vec<(Ipv4Addr, u8, u32)> {
    pair.end(side).layer.routes().iter().map(|route| (route.network, route.length, route.cost)).collect()
}

/// What each learns of the other: the cost of the link and that of the network; a network outside of type 2 comes after all.
fn assert_learnt(pair: &mut Pair<Ospf>) {
    let outside = 3;
    let expected = [(OUTSIDE.network, 0, outside), (MESH.network, 16, 17)];
    assert_eq!(networks(pair, Side::Left), expected);
    assert_eq!(networks(pair, Side::Right), [(LAN.network, 24, 15)]);
}

fn run(pair: &mut Pair<Ospf>, seconds: u64) {
    pair.run(Duration::from_secs(seconds));
}

#[test]
fn two_routers_become_adjacent_and_learn_routes_both_ways() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 20);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    assert_learnt(&mut pair);
    let order: Vec<State> = pair
        .left
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Neighbor { to, .. } => Some(*to),
            _ => None,
        })
        .collect();
    assert_eq!(order.first(), Some(&State::Init));
    assert_eq!(order.last(), Some(&State::Full));
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn every_packet_of_the_exchange_may_be_lost_or_come_twice() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 20);
    let count = pair.left.sent.len().max(pair.right.sent.len());
    for lost in 0..count {
        for side in [Side::Left, Side::Right] {
            for copies in [0, 2] {
                let mut pair = routers();
                pair.link = Box::new(move |from, number, unit| {
                    let is_it = from == side && number == lost;
                    vec![(Duration::ZERO, unit); if is_it { copies } else { 1 }]
                });
                up(&mut pair, |_, _| {});
                run(&mut pair, 60);
                assert_eq!(states(&mut pair), [State::Full; 2], "{side:?} {lost} {copies}");
                assert_learnt(&mut pair);
            }
        }
    }
}

#[test]
fn a_greater_mtu_of_the_neighbour_keeps_the_exchange_from_beginning_unless_it_is_ignored() {
    let mut pair = routers();
    up(&mut pair, |side, config| config.mtu = if side == Side::Left { 1400 } else { 1500 });
    run(&mut pair, 100);
    let [left, right] = states(&mut pair);
    assert_eq!(left, State::ExStart, "it does not take 1500");
    assert!(right < State::Full, "{right:?}");
    let mtu = Violation::Mtu { got: 1500, own: 1400 };
    assert!(
        pair.left
            .events
            .iter()
            .any(|(_, event)| *event == Event::Rejected { interface: LINK, violation: mtu })
    );
    assert_eq!(networks(&mut pair, Side::Right), []);

    let mut pair = routers();
    up(&mut pair, |side, config| {
        config.mtu = if side == Side::Left { 1400 } else { 1500 };
        config.ignores_mtu = true;
    });
    run(&mut pair, 60);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    assert_learnt(&mut pair);
}

#[test]
fn intervals_that_differ_make_strangers() {
    let mut pair = routers();
    up(&mut pair, |side, config| {
        if side == Side::Right {
            config.hello = Duration::from_secs(5);
        }
    });
    run(&mut pair, 100);
    assert_eq!(states(&mut pair), [State::Down; 2]);
}

#[test]
fn a_silent_neighbour_is_gone_after_the_dead_interval_and_comes_back() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 20);
    pair.link = Box::new(|_, _, _| Vec::new());
    run(&mut pair, 30);
    assert_eq!(states(&mut pair), [State::Full; 2], "30 s are not 40");
    run(&mut pair, 15);
    assert_eq!(states(&mut pair), [State::Down; 2]);
    assert_eq!(networks(&mut pair, Side::Left), []);
    pair.link = Box::new(|_, _, unit| vec![(Duration::ZERO, unit)]);
    run(&mut pair, 60);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    assert_learnt(&mut pair);
}

#[test]
fn packets_are_authenticated() {
    let md5 = |key: &[u8]| Authenticates::Md5 { key_id: 7, key: key.to_vec() };
    let simple = |word: &[u8; 8]| Authenticates::Simple(*word);
    let cases = [
        (md5(b"mesh"), md5(b"mesh"), true),
        (md5(b"mesh"), md5(b"mush"), false),
        (simple(b"mesh\0\0\0\0"), simple(b"mesh\0\0\0\0"), true),
        (simple(b"mesh\0\0\0\0"), simple(b"mush\0\0\0\0"), false),
        (Authenticates::Null, simple(b"mesh\0\0\0\0"), false),
    ];
    for (left, right, fits) in cases {
        let mut pair = routers();
        up(&mut pair, |side, config| {
            config.authentication = if side == Side::Left { left.clone() } else { right.clone() };
        });
        run(&mut pair, 60);
        let wanted = if fits { State::Full } else { State::Down };
        assert_eq!(states(&mut pair), [wanted; 2], "{left:?} {right:?}");
    }
}

#[test]
fn lsas_are_renewed_before_they_are_old_and_adjacency_lasts_for_days() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 20);
    let events = pair.left.events.len();
    run(&mut pair, 100_000);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    assert_eq!(pair.left.events.len(), events, "nothing happens: {:?}", &pair.left.events[events..]);
    let now = pair.now;
    assert!(pair.left.layer.database(now).all(|(_, _, age)| age <= 1802));
    let own =
        pair.left.layer.database(now).find(|(key, _, _)| key.advertising_router == Ipv4Addr::new(1, 1, 1, 1));
    let (_, sequence, _) = own.expect("our own router-LSA");
    assert!(sequence > 0x8000_0030, "renewed every 1800 s: {sequence:x}");
}

#[test]
fn a_router_that_starts_anew_outbids_what_it_said_before() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 5000);
    pair.end(Side::Left).layer = router(1, vec![LAN], Vec::new());
    pair.command(
        Side::Left,
        Command::InterfaceUp { interface: LINK, config: InterfaceConfig::new(LEFT, RIGHT, 1400) },
    );
    run(&mut pair, 120);
    assert_eq!(states(&mut pair), [State::Full; 2]);
    assert_learnt(&mut pair);
    let now = pair.now;
    let of = |layer: &Ospf| {
        layer.database(now).find(|(key, _, _)| *key == own_key()).map(|(_, sequence, _)| sequence)
    };
    assert!(of(&pair.left.layer) > Some(0x8000_0003));
    assert_eq!(of(&pair.left.layer), of(&pair.right.layer));
}

fn own_key() -> l2tpspec_protocol::ospf::database::Key {
    let id = Ipv4Addr::new(1, 1, 1, 1);
    l2tpspec_protocol::ospf::database::Key {
        ls_type: LsType::Router,
        link_state_id: id,
        advertising_router: id,
    }
}

#[test]
fn an_interface_that_goes_down_takes_its_routes_along() {
    let mut pair = routers();
    up(&mut pair, |_, _| {});
    run(&mut pair, 20);
    pair.command(Side::Left, Command::InterfaceDown { interface: LINK });
    assert_eq!(networks(&mut pair, Side::Left), []);
    assert_eq!(pair.left.layer.neighbors().count(), 0);
}

/// OSPF-2328-13.1-a, clause by clause.
#[test]
fn which_of_two_instances_is_newer() {
    let header = |ls_sequence_number, ls_checksum, ls_age| LsaHeader {
        ls_age,
        options: Options(0),
        ls_type: LsType::Router,
        link_state_id: LEFT,
        advertising_router: LEFT,
        ls_sequence_number,
        ls_checksum,
        length: 20,
    };
    let order = [
        (header(0x8000_0002, 1, 0), header(0x8000_0001, 9, 0), "the number decides first"),
        (header(1, 0, 0), header(0x8000_0001, 9, 0), "and is signed"),
        (header(1, 2, 0), header(1, 1, 0), "then the checksum"),
        (header(1, 1, MAX_AGE), header(1, 1, 0), "then MaxAge"),
        (header(1, 1, 10), header(1, 1, 911), "then the younger, if by more than 900 s"),
    ];
    for (new, old, why) in order {
        assert!(newer(&new, &old).is_gt(), "{why}");
        assert!(newer(&old, &new).is_lt(), "{why}");
    }
    assert!(newer(&header(1, 1, 10), &header(1, 1, 910)).is_eq());
}

/// Packets that pass unchanged, and others.
fn disturbed(damage: Vec<(usize, usize, u8)>) -> Link<Unit> {
    Box::new(move |side, number, unit| {
        let mut fate = vec![(Duration::ZERO, unit.clone())];
        if side == Side::Left {
            for (at, octet, with) in damage.iter().filter(|(at, _, _)| *at == number % 64) {
                let mut copy = unit.clone();
                let length = copy.octets.len();
                copy.octets[octet % length] ^= (*with).max(1);
                fate.insert(at % 2, (Duration::ZERO, copy));
            }
        }
        fate
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Damaged copies of packets, before or behind the true ones, break nothing: the checksum gives them away.
    #[test]
    fn damaged_copies_break_no_adjacency(damage in prop::collection::vec((0..64_usize, any::<usize>(), any::<u8>()), 1..60)) {
        let mut pair = routers();
        pair.link = disturbed(damage);
        up(&mut pair, |_, _| {});
        run(&mut pair, 400);
        prop_assert_eq!(states(&mut pair), [State::Full; 2]);
        assert_learnt(&mut pair);
    }

    /// Any octets at all are set aside.
    #[test]
    fn noise_is_set_aside(noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..50)) {
        let mut pair = routers();
        up(&mut pair, |_, _| {});
        run(&mut pair, 20);
        for octets in noise {
            let unit = Unit { interface: LINK, source: RIGHT, destination: LEFT, octets };
            pair.input(Side::Left, l2tpspec_protocol::layer::Input::FromBelow(unit));
        }
        run(&mut pair, 60);
        prop_assert_eq!(states(&mut pair), [State::Full; 2]);
    }
}
