//! What routers and hosts do with packets.

use std::net::SocketAddrV4;
use std::time::Duration;

use l2tpspec::world::icmp::Problem;
use l2tpspec::world::link::Conditions;
use l2tpspec::world::user::Ping;

use super::{Line, Two, connect, default_route, ip, ping, received};

fn mtu(mtu: u16) -> Conditions {
    Conditions { mtu, ..Conditions::default() }
}

#[test]
fn a_ping_across_two_routers_takes_six_delays_and_two_hops_each_way() {
    let mut line = Line::new(Conditions { delay: Duration::from_millis(7), ..Conditions::default() });
    let report = ping(&mut line.world, line.hosts[0], Ping::new(Line::far()));
    assert_eq!((report.sent, report.replies.len(), report.lost()), (3, 3, 0));
    for (number, reply) in (0..).zip(&report.replies) {
        assert_eq!((reply.sequence, reply.from), (number, Line::far()));
        assert_eq!(reply.round_trip, Duration::from_millis(42));
        assert_eq!(reply.time_to_live, 62);
    }
    assert_eq!(line.world.host(line.hosts[1]).counters.forwarded, 6);
}

#[test]
fn a_slow_link_adds_the_time_that_the_bits_take() {
    let conditions =
        Conditions { bits_per_second: Some(8000), delay: Duration::ZERO, ..Conditions::default() };
    let mut two = Two::new(b"", conditions);
    // 20 octets of IPv4, 8 of ICMP, 72 of data: 100 ms each way at one octet a millisecond.
    let wanted = Ping { data_octets: 72, count: 1, ..Ping::new(ip(0, 0, 2)) };
    let report = ping(&mut two.world, two.a, wanted);
    assert_eq!(report.replies[0].round_trip, Duration::from_millis(200));
}

#[test]
fn the_time_to_live_runs_out_at_each_router_in_turn() {
    let mut line = Line::new(Conditions::default());
    for (time_to_live, from) in [(1, ip(0, 1, 2)), (2, ip(0, 2, 2))] {
        let wanted = Ping { time_to_live, count: 1, ..Ping::new(Line::far()) };
        let report = ping(&mut line.world, line.hosts[0], wanted);
        assert_eq!(report.replies, []);
        assert_eq!(report.errors.len(), 1);
        assert_eq!((report.errors[0].problem, report.errors[0].from), (Problem::TimeExceeded, from));
    }
    let wanted = Ping { time_to_live: 3, count: 1, ..Ping::new(Line::far()) };
    assert_eq!(ping(&mut line.world, line.hosts[0], wanted).lost(), 0);
}

#[test]
fn what_is_longer_than_the_mtu_is_fragmented_on_the_way_and_put_together_at_the_end() {
    for narrow in [1400, 576] {
        let mut line = Line::new(Conditions::default());
        line.world.link_mut(line.links[1].link).conditions = mtu(narrow);
        let wanted = Ping { data_octets: 4000, count: 1, ..Ping::new(Line::far()) };
        let report = ping(&mut line.world, line.hosts[0], wanted);
        assert_eq!((report.lost(), report.errors.len()), (0, 0), "MTU {narrow}");
        assert_eq!(line.world.host(line.hosts[3]).counters.reassembled, 1);
        assert_eq!(line.world.host(line.hosts[0]).counters.reassembled, 1);
        // The host makes three fragments, of which the first two are too long for the router.
        assert_eq!(line.world.host(line.hosts[1]).counters.fragmented, if narrow == 576 { 3 } else { 2 });
    }
}

#[test]
fn what_is_too_long_and_may_not_be_fragmented_is_reported_with_the_mtu() {
    let mut line = Line::new(Conditions::default());
    line.world.link_mut(line.links[1].link).conditions = mtu(1400);
    let wanted = |data_octets| Ping { data_octets, count: 1, dont_fragment: true, ..Ping::new(Line::far()) };
    let report = ping(&mut line.world, line.hosts[0], wanted(1373));
    assert_eq!((report.replies.len(), report.errors.len()), (0, 1));
    assert_eq!(report.errors[0].problem, Problem::FragmentationNeeded { mtu: 1400 });
    assert_eq!(report.errors[0].from, ip(0, 1, 2));
    assert_eq!(ping(&mut line.world, line.hosts[0], wanted(1372)).lost(), 0, "1400 octets in all");
    let report = ping(&mut line.world, line.hosts[0], wanted(1473));
    assert_eq!(report.errors[0].problem, Problem::FragmentationNeeded { mtu: 1500 }, "the host's own link");
}

#[test]
fn what_cannot_be_delivered_is_reported_for_what_it_is() {
    let mut line = Line::new(Conditions::default());
    let [a, near, far, b] = line.hosts;
    let world = &mut line.world;
    let socket = world.bind_udp(a, None).unwrap();
    world.send_udp(a, socket, SocketAddrV4::new(Line::far(), 7), b"nobody listens");
    world.run_for(Duration::from_secs(1)).unwrap();
    let heard = world.udp_error(a, socket).unwrap();
    assert_eq!((heard.problem, heard.from), (Problem::PortUnreachable, Line::far()));

    world.host_mut(far).set_up(line.links[2].interfaces[0], false);
    world.host_mut(far).routes.remove(l2tpspec::world::route::Prefix::ALL, line.links[1].interfaces[1]);
    world
        .host_mut(far)
        .add_route(l2tpspec::world::route::Prefix::new(ip(0, 1, 0), 24), line.links[1].interfaces[1]);
    let report = ping(world, a, Ping { count: 1, ..Ping::new(Line::far()) });
    assert_eq!(report.errors[0].problem, Problem::HostUnreachable);
    let report = ping(world, a, Ping { count: 1, ..Ping::new(ip(9, 9, 9)) });
    assert_eq!(report.errors[0].problem, Problem::NetUnreachable);
    world.host_mut(near).is_forwarding = false;
    let report = ping(world, a, Ping { count: 1, ..Ping::new(Line::far()) });
    assert_eq!((report.errors.len(), report.lost()), (0, 1), "a host that is no router says nothing");
    assert_eq!(world.host(b).counters.arrived, 1);
}

#[test]
fn a_host_talks_to_itself_without_a_link() {
    let mut two = Two::new(b"", Conditions::default());
    let report = ping(&mut two.world, two.a, Ping::new(ip(0, 0, 1)));
    assert_eq!((report.lost(), report.replies[0].round_trip), (0, Duration::ZERO));
    let socket = two.world.bind_udp(two.a, Some(53)).unwrap();
    two.world.send_udp(two.a, socket, SocketAddrV4::new(ip(0, 0, 1), 53), b"to myself");
    assert_eq!(received(&mut two.world, two.a, socket)[0].octets, b"to myself");
    assert_eq!(two.world.link(two.link.link).counters.entered, 0);
}

#[test]
fn the_longer_prefix_is_taken_until_its_interface_goes_down() {
    let mut world = l2tpspec::world::World::new(b"");
    let (a, left, right, b) = (world.add_host(), world.add_router(), world.add_router(), world.add_host());
    let by_left = connect(&mut world, [a, left], (1, 0), Conditions::default());
    let by_right = connect(&mut world, [a, right], (2, 0), Conditions::default());
    let to_left = connect(&mut world, [left, b], (3, 0), Conditions::default());
    let to_right = connect(&mut world, [right, b], (4, 0), Conditions::default());
    default_route(&mut world, a, by_left.interfaces[0]);
    default_route(&mut world, right, to_right.interfaces[0]);
    default_route(&mut world, b, to_left.interfaces[1]);
    let prefix = l2tpspec::world::route::Prefix::new(ip(3, 0, 0), 24);
    world.host_mut(a).add_route(prefix, by_right.interfaces[0]);
    let wanted = Ping { source: Some(ip(1, 0, 1)), count: 1, ..Ping::new(ip(3, 0, 2)) };
    assert_eq!(ping(&mut world, a, wanted.clone()).lost(), 0);
    assert_eq!(world.host(right).counters.forwarded, 1);
    world.host_mut(a).set_up(by_right.interfaces[0], false);
    assert_eq!(ping(&mut world, a, wanted).lost(), 0);
    assert_eq!(world.host(right).counters.forwarded, 1);
}
