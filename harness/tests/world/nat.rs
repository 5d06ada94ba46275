//! Translators: what others see of the hosts behind them.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use l2tpspec::world::host::Filter;
use l2tpspec::world::icmp::Problem;
use l2tpspec::world::link::Conditions;
use l2tpspec::world::nat::{Nat, NatConfig, Outside, PortPolicy};
use l2tpspec::world::tcp::Load;
use l2tpspec::world::user::{Ping, SocketId};
use l2tpspec::world::{Connected, HostId, World};

use super::tunnel::{Carrier, Plain};
use super::{connect, default_route, ip, ping, received};

/// Two clients, 10.1.0.1 and 10.1.1.1, behind a translator that others see as 10.2.0.1; behind a router the server,
/// 10.3.0.2.
struct Behind {
    world: World,
    clients: [HostId; 2],
    nat: HostId,
    server: HostId,
    wan: Connected,
}

const SEEN: Ipv4Addr = ip(2, 0, 1);
const SERVER: Ipv4Addr = ip(3, 0, 2);

impl Behind {
    fn new(change: impl FnOnce(&mut NatConfig)) -> Self {
        let mut world = World::new(b"nat");
        let clients = [world.add_host(), world.add_host()];
        let (nat, router, server) = (world.add_router(), world.add_router(), world.add_host());
        for (client, network) in clients.into_iter().zip(0..) {
            let link = connect(&mut world, [client, nat], (1, network), Conditions::default());
            default_route(&mut world, client, link.interfaces[0]);
        }
        let wan = connect(&mut world, [nat, router], (2, 0), Conditions::default());
        let last = connect(&mut world, [router, server], (3, 0), Conditions::default());
        default_route(&mut world, nat, wan.interfaces[0]);
        default_route(&mut world, server, last.interfaces[1]);
        let mut config = NatConfig::new(Outside::Interface(wan.interfaces[0]));
        change(&mut config);
        world.host_mut(nat).set_nat(Nat::new(config));
        Self { world, clients, nat, server, wan }
    }

    /// Sends a datagram from a client's socket to a port of the server; whom the server saw.
    fn seen(&mut self, client: usize, from: SocketId, to: SocketId) -> SocketAddrV4 {
        let destination = SocketAddrV4::new(SERVER, to.port());
        self.world.send_udp(self.clients[client], from, destination, b"out");
        self.world.run_for(Duration::from_millis(10)).unwrap();
        received(&mut self.world, self.server, to).last().expect("it arrived").from
    }

    /// Answers to what the server saw; whether the client got it.
    fn answer(&mut self, client: usize, to: SocketId, from: SocketId, seen: SocketAddrV4) -> bool {
        self.world.send_udp(self.server, from, seen, b"back");
        self.world.run_for(Duration::from_millis(10)).unwrap();
        !received(&mut self.world, self.clients[client], to).is_empty()
    }
}

#[test]
fn two_clients_with_the_same_source_port_are_told_apart() {
    for port in [500, 1701] {
        let mut behind = Behind::new(|_| {});
        let server = behind.world.bind_udp(behind.server, Some(port)).unwrap();
        let sockets = behind.clients.map(|client| behind.world.bind_udp(client, Some(port)).unwrap());
        let first = behind.seen(0, sockets[0], server);
        let second = behind.seen(1, sockets[1], server);
        assert_eq!(first, SocketAddrV4::new(SEEN, port), "the port is preserved while it is free");
        assert_eq!(second, SocketAddrV4::new(SEEN, 32_768), "the first of the range");
        assert_eq!(behind.seen(0, sockets[0], server), first, "a mapping stays");
        assert!(behind.answer(0, sockets[0], server, first));
        assert!(behind.answer(1, sockets[1], server, second));
        assert_eq!(behind.world.host(behind.nat).nat().unwrap().mappings().count(), 2);
    }
}

#[test]
fn ports_come_from_the_range_and_reserved_ones_do_not() {
    let mut behind = Behind::new(|config| {
        config.ports = PortPolicy::FromRange(4000..=4002);
        config.reserved.insert(4001);
    });
    let server = behind.world.bind_udp(behind.server, Some(500)).unwrap();
    let sockets = behind.clients.map(|client| behind.world.bind_udp(client, Some(500)).unwrap());
    let seen = [0, 1].map(|client| behind.seen(client, sockets[client], server).port());
    assert_eq!(seen, [4000, 4002]);
    let third = behind.world.bind_udp(behind.clients[0], Some(501)).unwrap();
    behind.world.send_udp(behind.clients[0], third, SocketAddrV4::new(SERVER, 500), b"none is free");
    behind.world.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(received(&mut behind.world, behind.server, server), []);
    assert_eq!(behind.world.host(behind.nat).counters.refused, 1);
}

#[test]
fn a_mapping_is_forgotten_after_its_time_without_a_packet() {
    let mut behind = Behind::new(|config| config.time_outs.udp = Duration::from_secs(20));
    let server = behind.world.bind_udp(behind.server, Some(4500)).unwrap();
    let client = behind.world.bind_udp(behind.clients[0], Some(4500)).unwrap();
    let seen = behind.seen(0, client, server);
    behind.world.run_for(Duration::from_secs(19)).unwrap();
    assert!(behind.answer(0, client, server, seen), "still there, and used");
    behind.world.run_for(Duration::from_secs(19)).unwrap();
    assert!(behind.answer(0, client, server, seen), "what comes in keeps it too");
    behind.world.run_for(Duration::from_secs(20)).unwrap();
    assert!(!behind.answer(0, client, server, seen), "forgotten");
}

#[test]
fn a_rebinding_gives_other_ports_and_the_old_ones_lead_nowhere() {
    let mut behind = Behind::new(|_| {});
    let server = behind.world.bind_udp(behind.server, Some(4500)).unwrap();
    let client = behind.world.bind_udp(behind.clients[0], Some(4500)).unwrap();
    let before = behind.seen(0, client, server);
    behind.world.host_mut(behind.nat).nat_mut().unwrap().rebind();
    assert!(!behind.answer(0, client, server, before));
    let after = behind.seen(0, client, server);
    assert_eq!((before.port(), after.port()), (4500, 32_768));
    assert!(behind.answer(0, client, server, after));
}

#[test]
fn a_new_outside_address_is_seen_at_once() {
    let mut behind = Behind::new(|_| {});
    let server = behind.world.bind_udp(behind.server, Some(4500)).unwrap();
    let client = behind.world.bind_udp(behind.clients[0], Some(4500)).unwrap();
    behind.seen(0, client, server);
    let interface = behind.wan.interfaces[0];
    behind.world.host_mut(behind.nat).clear_addresses(interface, 24);
    behind.world.host_mut(behind.nat).add_address(interface, ip(2, 0, 77), 24);
    let after = behind.seen(0, client, server);
    assert_eq!(after, SocketAddrV4::new(ip(2, 0, 77), 4500));
    assert!(behind.answer(0, client, server, after));
}

#[test]
fn echoes_of_two_clients_with_one_identifier_come_back_to_each() {
    let mut behind = Behind::new(|_| {});
    let ids = behind.clients.map(|client| behind.world.ping(client, Ping::new(SERVER)));
    behind.world.run_for(Duration::from_secs(10)).unwrap();
    for (client, id) in behind.clients.into_iter().zip(ids) {
        let report = behind.world.ping_report(client, id).unwrap();
        assert_eq!((report.lost(), report.replies.len()), (0, 3));
    }
}

#[test]
fn fragments_are_translated_as_the_datagram_they_are_of() {
    let mut behind = Behind::new(|_| {});
    let wanted = Ping { data_octets: 4000, count: 1, ..Ping::new(SERVER) };
    assert_eq!(ping(&mut behind.world, behind.clients[0], wanted).lost(), 0);
}

#[test]
fn an_error_from_outside_reaches_the_client_it_concerns() {
    let mut behind = Behind::new(|config| config.ports = PortPolicy::FromRange(4000..=4100));
    let client = behind.clients[1];
    let socket = behind.world.bind_udp(client, Some(1701)).unwrap();
    behind.world.send_udp(client, socket, SocketAddrV4::new(SERVER, 1701), b"nobody listens");
    behind.world.run_for(Duration::from_secs(1)).unwrap();
    let heard = behind.world.udp_error(client, socket).unwrap();
    assert_eq!((heard.problem, heard.from), (Problem::PortUnreachable, SERVER));
    let wanted = Ping { time_to_live: 2, count: 1, ..Ping::new(SERVER) };
    let report = ping(&mut behind.world, client, wanted);
    assert_eq!((report.errors[0].problem, report.errors[0].from), (Problem::TimeExceeded, ip(2, 0, 2)));
}

#[test]
fn an_error_from_inside_reaches_the_server_as_one_about_what_it_sent() {
    let mut behind = Behind::new(|config| config.ports = PortPolicy::FromRange(4000..=4100));
    let server = behind.world.bind_udp(behind.server, Some(4500)).unwrap();
    let client = behind.world.bind_udp(behind.clients[0], Some(4500)).unwrap();
    let seen = behind.seen(0, client, server);
    behind.world.close_udp(behind.clients[0], client);
    assert!(!behind.answer(0, client, server, seen));
    let heard = behind.world.udp_error(behind.server, server).unwrap();
    assert_eq!((heard.problem, heard.from), (Problem::PortUnreachable, SEEN));
}

#[test]
fn tcp_goes_through_in_both_directions() {
    let mut behind = Behind::new(|_| {});
    let load = Load { send: 5000, receive: 5000 };
    let (client, server) = (behind.clients[0], behind.server);
    let transfer = behind.world.transfer(client, server, SocketAddrV4::new(SERVER, 80), load).unwrap();
    behind.world.run_for(Duration::from_secs(60)).unwrap();
    let report = behind.world.transfer_report(client, transfer.client.1).unwrap();
    assert_eq!((report.received, report.first_wrong), (5000, None));
    assert!(report.finished_at.is_some());
}

#[test]
fn clear_l2tp_is_filtered_on_the_wan_and_other_traffic_is_not() {
    let mut behind = Behind::new(|_| {});
    let filter = Filter::clear_l2tp(behind.wan.interfaces[0]);
    behind.world.host_mut(behind.nat).filters.push(filter);
    let clear = behind.world.bind_udp(behind.server, Some(1701)).unwrap();
    let other = behind.world.bind_udp(behind.server, Some(4500)).unwrap();
    let sockets = [1701, 4500].map(|port| behind.world.bind_udp(behind.clients[0], Some(port)).unwrap());
    let seen = behind.seen(0, sockets[0], clear);
    assert!(!behind.answer(0, sockets[0], clear, seen));
    let seen = behind.seen(0, sockets[1], other);
    assert!(behind.answer(0, sockets[1], other, seen));
    assert_eq!(behind.world.host(behind.nat).counters.refused, 1);
}

#[test]
fn esp_goes_through_only_where_it_is_passed() {
    for passes_esp in [false, true] {
        let mut behind = Behind::new(|config| config.passes_esp = passes_esp);
        let (client, server) = (behind.clients[0], behind.server);
        let mut inside = Plain::new(ip(1, 0, 1), SERVER, Carrier::Esp);
        inside.tunnel(ip(9, 0, 1), ip(9, 0, 2));
        let mut outside = Plain::new(SERVER, SEEN, Carrier::Esp);
        outside.tunnel(ip(9, 0, 2), ip(9, 0, 1));
        behind.world.add_station(client, inside);
        behind.world.add_station(server, outside);
        let report = ping(&mut behind.world, client, Ping::new(ip(9, 0, 2)));
        assert_eq!(report.lost(), if passes_esp { 0 } else { 3 });
    }
}
