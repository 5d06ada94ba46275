//! Stations and services on hosts.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use l2tpspec::world::icmp::Problem;
use l2tpspec::world::interface::Kind;
use l2tpspec::world::ip::{self as wire, ESP, Fields, UDP};
use l2tpspec::world::link::Conditions;
use l2tpspec::world::nat::{Nat, NatConfig, Outside};
use l2tpspec::world::route::Prefix;
use l2tpspec::world::station::{Claim, Reply, Service, Station, StationOutput, TunnelId};
use l2tpspec::world::tcp::Load;
use l2tpspec::world::user::{Heard, Ping};
use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::{Kept, Line, connect, default_route, ip, ping, received};

/// What a plain tunnel puts its users' packets into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    Udp,
    Esp,
}

/// A station with one tunnel that puts users' packets into datagrams as they are.
#[derive(Debug)]
pub(crate) struct Plain {
    own: Ipv4Addr,
    peer: Ipv4Addr,
    carrier: Carrier,
    outputs: VecDeque<(StationOutput, Vec<u8>)>,
    /// What went wrong with its datagrams.
    errors: Vec<Problem>,
    /// When the tunnel goes down by itself.
    down_at: Option<Instant>,
}

const TUNNEL: TunnelId = TunnelId(7);

impl Plain {
    pub(crate) fn new(own: Ipv4Addr, peer: Ipv4Addr, carrier: Carrier) -> Self {
        Self { own, peer, carrier, outputs: VecDeque::new(), errors: Vec::new(), down_at: None }
    }

    /// Brings the tunnel up.
    pub(crate) fn tunnel(&mut self, address: Ipv4Addr, peer: Ipv4Addr) {
        let up = StationOutput::TunnelUp { tunnel: TUNNEL, address, peer, mtu: 1400 };
        self.outputs.push_back((up, Vec::new()));
    }
}

impl Station for Plain {
    fn claims(&self, claim: &Claim) -> bool {
        match self.carrier {
            Carrier::Udp => claim.ports.is_some_and(|(_, destination)| destination == 1701),
            Carrier::Esp => claim.protocol == ESP,
        }
    }

    fn on_datagram(&mut self, _cx: &mut Cx<'_>, packet: &mut Packet) {
        let head = 20 + if self.carrier == Carrier::Udp { 8 } else { 0 };
        packet.strip_front(head).unwrap();
        self.outputs.push_back((StationOutput::UserPacket { tunnel: TUNNEL }, packet.octets().to_vec()));
    }

    fn on_user_packet(&mut self, _cx: &mut Cx<'_>, tunnel: TunnelId, packet: &mut Packet) {
        assert_eq!(tunnel, TUNNEL);
        let (own, peer) = (SocketAddrV4::new(self.own, 1701), SocketAddrV4::new(self.peer, 1701));
        let protocol = if self.carrier == Carrier::Udp { UDP } else { ESP };
        if self.carrier == Carrier::Udp {
            assert!(wire::wrap_udp(packet, own, peer));
        }
        let (source, destination) = (self.own, self.peer);
        let fields = Fields {
            source,
            destination,
            protocol,
            identification: 0,
            time_to_live: 64,
            dont_fragment: false,
        };
        assert!(wire::wrap(packet, &fields));
        self.outputs.push_back((StationOutput::Datagram, packet.octets().to_vec()));
    }

    fn on_error(&mut self, _cx: &mut Cx<'_>, heard: &Heard, original: &[u8]) {
        assert_eq!(original[9], UDP, "the outer datagram");
        self.errors.push(heard.problem);
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>) {
        assert_eq!(self.down_at.take(), Some(cx.now), "not before and not after");
        self.outputs.push_back((StationOutput::TunnelDown { tunnel: TUNNEL }, Vec::new()));
    }

    fn poll_output(&mut self, packet: &mut Packet) -> Option<StationOutput> {
        let (output, octets) = self.outputs.pop_front()?;
        packet.set(&octets);
        Some(output)
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.down_at
    }
}

/// The line of hosts with a tunnel from the near router, 10.9.0.1, to the far one, 10.9.0.2, by which the near one
/// reaches the last host.
pub(crate) fn tunnelled() -> (Line, [l2tpspec::world::station::StationId; 2]) {
    let mut line = Line::new(Conditions::default());
    let [_, near, far, _] = line.hosts;
    let mut one = Plain::new(ip(0, 2, 1), ip(0, 2, 2), Carrier::Udp);
    one.tunnel(ip(9, 0, 1), ip(9, 0, 2));
    let mut other = Plain::new(ip(0, 2, 2), ip(0, 2, 1), Carrier::Udp);
    other.tunnel(ip(9, 0, 2), ip(9, 0, 1));
    let one = line.world.add_station(near, one);
    let other = line.world.add_station(far, other);
    let interface = line.world.host(near).tunnel(one, TUNNEL).unwrap();
    line.world.host_mut(near).add_route(Prefix::new(ip(0, 3, 0), 24), interface);
    (line, [one, other])
}

#[test]
fn packets_of_a_host_behind_go_through_the_tunnel_and_count_its_ends_as_hops() {
    let (mut line, _) = tunnelled();
    let tap = line.world.add_tap(Kept::default());
    let report = ping(&mut line.world, line.hosts[0], Ping { count: 1, ..Ping::new(Line::far()) });
    assert_eq!(report.lost(), 0);
    assert_eq!(report.replies[0].time_to_live, 62);
    let kept: Kept = line.world.remove_tap(tap).unwrap();
    let places: Vec<_> = kept.0.iter().map(|(_, place, _, octets)| (&place[..6], octets.len())).collect();
    // There through the tunnel, back past it: the far router has no route into the tunnel.
    let through = [("Link {", 84), ("Tunnel", 84), ("Link {", 112), ("Tunnel", 84), ("Link {", 84)];
    assert_eq!(places, [&through[..], &[("Link {", 84); 3]].concat());
}

#[test]
fn what_does_not_fit_into_the_tunnel_is_cut_or_refused_by_its_mtu() {
    let (mut line, _) = tunnelled();
    let wanted = Ping { data_octets: 1400, count: 1, ..Ping::new(Line::far()) };
    assert_eq!(ping(&mut line.world, line.hosts[0], wanted.clone()).lost(), 0);
    let report = ping(&mut line.world, line.hosts[0], Ping { dont_fragment: true, ..wanted });
    assert_eq!(report.errors[0].problem, Problem::FragmentationNeeded { mtu: 1400 });
}

#[test]
fn a_tunnel_that_goes_down_takes_its_interface_addresses_and_routes_along() {
    let (mut line, [one, _]) = tunnelled();
    let near = line.hosts[1];
    assert!(line.world.host(near).has_address(ip(9, 0, 1)));
    assert_eq!(ping(&mut line.world, near, Ping::new(ip(9, 0, 2))).lost(), 0);
    let down_at = line.world.now() + Duration::from_secs(3);
    line.world.with_station(near, one, |station: &mut Plain, _| station.down_at = Some(down_at)).unwrap();
    line.world.run_until(down_at).unwrap();
    let host = line.world.host(near);
    assert_eq!(host.tunnel(one, TUNNEL), None);
    assert!(!host.has_address(ip(9, 0, 1)));
    assert!(host.interfaces().all(|(_, interface)| matches!(interface.kind, Kind::Link { .. })));
    assert_eq!(host.routes.iter().count(), 3, "two links and the default");
    let interfaces = host.interfaces().count();
    line.world
        .with_station(near, one, |station: &mut Plain, _| station.tunnel(ip(9, 0, 1), ip(9, 0, 2)))
        .unwrap();
    assert_eq!(line.world.host(near).interfaces().count(), interfaces + 1);
    assert_eq!(line.world.host(near).tunnel(one, TUNNEL).unwrap().index(), interfaces, "used again");
}

#[test]
fn hosts_behind_are_seen_as_the_address_of_the_tunnel() {
    let (mut line, _) = tunnelled();
    let [a, near, far, b] = line.hosts;
    line.world.host_mut(near).set_nat(Nat::new(NatConfig::new(Outside::Tunnels)));
    default_route(&mut line.world, b, line.links[2].interfaces[1]);
    let (socket, there) =
        (line.world.bind_udp(a, Some(5000)).unwrap(), line.world.bind_udp(b, Some(53)).unwrap());
    line.world.send_udp(a, socket, SocketAddrV4::new(Line::far(), 53), b"who am I?");
    line.world.run_for(Duration::from_secs(1)).unwrap();
    let seen = received(&mut line.world, b, there)[0].from;
    assert_eq!(seen, SocketAddrV4::new(ip(9, 0, 1), 5000));
    line.world.send_udp(b, there, seen, b"you");
    line.world.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(received(&mut line.world, a, socket)[0].octets, b"you");
    let load = Load { send: 50_000, receive: 100_000 };
    let transfer = line.world.transfer(a, b, SocketAddrV4::new(Line::far(), 80), load).unwrap();
    line.world.run_for(Duration::from_secs(60)).unwrap();
    let report = line.world.transfer_report(a, transfer.client.1).unwrap();
    assert_eq!((report.received, report.first_wrong), (100_000, None));
    assert!(report.finished_at.is_some());
    assert!(line.world.host(far).counters.forwarded > 100);
}

#[test]
fn a_station_hears_what_goes_wrong_with_its_datagrams() {
    let mut line = Line::new(Conditions::default());
    let near = line.hosts[1];
    let mut lonely = Plain::new(ip(0, 2, 1), ip(0, 2, 2), Carrier::Udp);
    lonely.tunnel(ip(9, 0, 1), ip(9, 0, 2));
    let station = line.world.add_station(near, lonely);
    let once = Ping { count: 1, ..Ping::new(ip(9, 0, 2)) };
    assert_eq!(ping(&mut line.world, near, once.clone()).errors, [], "the user knows nothing of the tunnel");
    line.world.host_mut(near).set_up(line.links[1].interfaces[0], false);
    ping(&mut line.world, near, once);
    let station: &Plain = line.world.station(near, station).unwrap();
    assert_eq!(station.errors, [Problem::PortUnreachable, Problem::HostUnreachable]);
}

/// Answers with the octets turned round, a second later.
#[derive(Debug, Default)]
struct Reverse {
    due: VecDeque<(Instant, Reply)>,
    now: Instant,
}

impl Service for Reverse {
    fn on_datagram(
        &mut self,
        cx: &mut Cx<'_>,
        source: SocketAddrV4,
        destination: SocketAddrV4,
        octets: &[u8],
    ) {
        let octets = octets.iter().rev().copied().collect();
        let reply = Reply { source: destination, destination: source, octets };
        self.due.push_back((cx.now + Duration::from_secs(1), reply));
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>) {
        self.now = cx.now;
    }

    fn poll_output(&mut self) -> Option<Reply> {
        let (due, _) = self.due.front()?;
        if *due > self.now {
            return None;
        }
        self.due.pop_front().map(|(_, reply)| reply)
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.due.front().map(|(due, _)| *due)
    }
}

#[test]
fn a_service_answers_at_its_moment_from_the_address_that_was_asked() {
    let mut world = l2tpspec::world::World::new(b"");
    let (a, b) = (world.add_host(), world.add_host());
    connect(&mut world, [a, b], (0, 0), Conditions::default());
    world.add_service(b, 53, Reverse::default());
    assert_eq!(world.bind_udp(b, Some(53)), None, "the port is taken");
    let socket = world.bind_udp(a, None).unwrap();
    world.send_udp(a, socket, SocketAddrV4::new(ip(0, 0, 2), 53), b"abc");
    world.run_for(Duration::from_secs(2)).unwrap();
    let answers = received(&mut world, a, socket);
    assert_eq!(answers.len(), 1);
    assert_eq!((&answers[0].octets[..], answers[0].from), (&b"cba"[..], SocketAddrV4::new(ip(0, 0, 2), 53)));
    assert_eq!(answers[0].at, Instant::from_micros(1_002_000));
}
