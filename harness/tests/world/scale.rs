//! Many hosts in one world.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec::world::host::Host;
use l2tpspec::world::icmp;
use l2tpspec::world::link::Conditions;
use l2tpspec::world::route::Prefix;
use l2tpspec::world::station::{Claim, Station, StationOutput, TunnelId};
use l2tpspec::world::user::Ping;
use l2tpspec::world::{Attachment, World};
use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

/// The steps that a world takes in which so many hosts around one router each ping the next one.
fn steps_with(hosts: u32) -> u64 {
    let mut world = World::new(b"scale");
    let router = world.add_router();
    let address = |number: u32| Ipv4Addr::from_bits(0x0a00_0000 + number * 4 + 2);
    let clients: Vec<_> = (0..hosts)
        .map(|number| {
            let host = world.add_host();
            let near = Attachment { host, address: address(number), length: 30 };
            let gateway = Ipv4Addr::from_bits(u32::from(address(number)) - 1);
            let far = Attachment { host: router, address: gateway, length: 30 };
            let link = world.connect([near, far], Conditions::default());
            world.host_mut(host).add_route(Prefix::ALL, link.interfaces[0]);
            host
        })
        .collect();
    let pings: Vec<_> = (0..hosts)
        .zip(&clients)
        .map(|(number, client)| world.ping(*client, Ping::new(address((number + 1) % hosts))))
        .collect();
    let steps = world.run_for(Duration::from_secs(10)).unwrap();
    for (client, ping) in clients.iter().zip(pings) {
        let report = world.ping_report(*client, ping).unwrap();
        assert_eq!((report.replies.len(), report.errors.len()), (3, 0));
    }
    assert_eq!(world.next_event(), None, "nothing happens in an idle world");
    steps
}

#[test]
fn ten_thousand_hosts_take_ten_times_the_steps_of_a_thousand() {
    // Three echoes, of which the first starts at once and two wake their host; each crosses two links each way.
    assert_eq!(steps_with(1000), 1000 * (3 * 4 + 2));
    assert_eq!(steps_with(10_000), 10_000 * (3 * 4 + 2));
}

/// A station with many tunnels, out of which every packet comes back with its addresses swapped.
#[derive(Debug)]
struct Mirrors {
    up: u32,
    tunnels: u32,
    back: VecDeque<(TunnelId, Packet)>,
}

impl Station for Mirrors {
    fn claims(&self, _claim: &Claim) -> bool {
        false
    }

    fn on_datagram(&mut self, _cx: &mut Cx<'_>, _packet: &mut Packet) {}

    fn on_user_packet(&mut self, _cx: &mut Cx<'_>, tunnel: TunnelId, packet: &mut Packet) {
        // An echo becomes its reply: the sum of the header stays, that of the message grows by the type.
        let octets = packet.octets_mut();
        let (source, destination) = octets[12..20].split_at_mut(4);
        source.swap_with_slice(destination);
        let data = octets[28..].to_vec();
        let (identifier, sequence) = ([octets[24], octets[25]], [octets[26], octets[27]]);
        let mut message = Packet::new(&data);
        icmp::wrap_echo(&mut message, true, u16::from_be_bytes(identifier), u16::from_be_bytes(sequence));
        message.prepend(&octets[..20]);
        self.back.push_back((tunnel, message));
    }

    fn on_timeout(&mut self, _cx: &mut Cx<'_>) {}

    fn poll_output(&mut self, packet: &mut Packet) -> Option<StationOutput> {
        if self.up < self.tunnels {
            self.up += 1;
            let (tunnel, address) = (TunnelId(self.up), Ipv4Addr::new(172, 16, 0, 1));
            return Some(StationOutput::TunnelUp { tunnel, address, peer: peer(self.up), mtu: 1400 });
        }
        let (tunnel, mut back) = self.back.pop_front()?;
        std::mem::swap(packet, &mut back);
        Some(StationOutput::UserPacket { tunnel })
    }

    fn next_timeout(&self) -> Option<Instant> {
        None
    }
}

fn peer(tunnel: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 + tunnel)
}

#[test]
fn one_host_holds_ten_thousand_tunnels_and_sends_each_packet_into_the_right_one() {
    let mut two = super::Two::new(b"", Conditions::default());
    let station = two.world.add_station(two.a, Mirrors { up: 0, tunnels: 10_000, back: VecDeque::new() });
    for tunnel in [1, 5000, 10_000] {
        let interface = two.world.host(two.a).tunnel(station, TunnelId(tunnel)).unwrap();
        let found = two.world.host(two.a).routes.find(peer(tunnel), |_| true).unwrap();
        assert_eq!(found.interface, interface);
        let report = super::ping(&mut two.world, two.a, Ping::new(peer(tunnel)));
        assert_eq!((report.lost(), report.replies[0].from), (0, peer(tunnel)));
    }
}

#[test]
fn an_idle_host_is_small() {
    assert!(size_of::<Host>() <= 512, "{} octets", size_of::<Host>());
}

#[test]
fn a_run_that_takes_too_many_steps_is_stopped() {
    let mut two = super::Two::new(b"", Conditions::default());
    two.world.step_limit = 5;
    two.world.ping(two.a, Ping { count: 100, ..Ping::new(super::ip(0, 0, 2)) });
    let stopped = two.world.run_for(Duration::from_secs(100)).unwrap_err();
    assert_eq!(stopped.steps, 5);
    assert_eq!(stopped.now, two.world.now());
}
