//! The virtual world, seen from outside.

mod forwarding;
mod link;
mod nat;
mod record;
mod recording;
mod scale;
mod tcp;
mod tunnel;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use l2tpspec::world::interface::InterfaceId;
use l2tpspec::world::link::Conditions;
use l2tpspec::world::record::{Observed, Tap};
use l2tpspec::world::route::Prefix;
use l2tpspec::world::user::{Ping, PingReport, Received, SocketId};
use l2tpspec::world::{Attachment, Connected, HostId, World};

/// An address of the network 10.a.b.0.
pub(crate) const fn ip(a: u8, b: u8, last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, a, b, last)
}

/// Links two hosts by addresses 1 and 2 of the network 10.a.b.0/24.
pub(crate) fn connect(
    world: &mut World,
    hosts: [HostId; 2],
    (a, b): (u8, u8),
    conditions: Conditions,
) -> Connected {
    let end = |host, last| Attachment { host, address: ip(a, b, last), length: 24 };
    world.connect([end(hosts[0], 1), end(hosts[1], 2)], conditions)
}

/// Sends all that a host has no other route for through an interface.
pub(crate) fn default_route(world: &mut World, host: HostId, interface: InterfaceId) {
    world.host_mut(host).add_route(Prefix::ALL, interface);
}

/// Two hosts and one link between them.
pub(crate) struct Two {
    pub(crate) world: World,
    pub(crate) a: HostId,
    pub(crate) b: HostId,
    pub(crate) link: Connected,
    /// Where numbers arrive, once some were sent.
    pub(crate) numbers: Option<SocketId>,
}

impl Two {
    /// Hosts 10.0.0.1 and 10.0.0.2.
    pub(crate) fn new(seed: &[u8], conditions: Conditions) -> Self {
        let mut world = World::new(seed);
        let (a, b) = (world.add_host(), world.add_host());
        let link = connect(&mut world, [a, b], (0, 0), conditions);
        Self { world, a, b, link, numbers: None }
    }

    /// Sends numbered datagrams of four octets from `a` to `b`, a millisecond apart, and gives the numbers that
    /// arrived within two seconds.
    pub(crate) fn send_numbers(&mut self, count: u32) -> Vec<u32> {
        let from = self.world.bind_udp(self.a, None).unwrap();
        let to = *self.numbers.get_or_insert_with(|| self.world.bind_udp(self.b, Some(9)).unwrap());
        for number in 0..count {
            self.world.send_udp(self.a, from, SocketAddrV4::new(ip(0, 0, 2), 9), &number.to_be_bytes());
            self.world.run_for(Duration::from_millis(1)).unwrap();
        }
        self.world.run_for(Duration::from_secs(2)).unwrap();
        let octets = received(&mut self.world, self.b, to).into_iter().map(|received| received.octets);
        octets.map(|octets| u32::from_be_bytes(octets.try_into().unwrap())).collect()
    }
}

/// A line of hosts `a` - router - router - `b`: 10.0.1.1, then networks 10.0.1, 10.0.2 and 10.0.3, then 10.0.3.2.
pub(crate) struct Line {
    pub(crate) world: World,
    pub(crate) hosts: [HostId; 4],
    pub(crate) links: [Connected; 3],
}

impl Line {
    /// Every link under the same conditions.
    pub(crate) fn new(conditions: Conditions) -> Self {
        let mut world = World::new(b"line");
        let hosts = [world.add_host(), world.add_router(), world.add_router(), world.add_host()];
        let links = [(0, 1), (1, 2), (2, 3)]
            .map(|(at, network)| connect(&mut world, [hosts[at], hosts[at + 1]], (0, network), conditions));
        default_route(&mut world, hosts[0], links[0].interfaces[0]);
        default_route(&mut world, hosts[1], links[1].interfaces[0]);
        default_route(&mut world, hosts[2], links[1].interfaces[1]);
        default_route(&mut world, hosts[3], links[2].interfaces[1]);
        Self { world, hosts, links }
    }

    /// The last host's address.
    pub(crate) const fn far() -> Ipv4Addr {
        ip(0, 3, 2)
    }
}

/// Runs a series of echoes to its end.
pub(crate) fn ping(world: &mut World, host: HostId, ping: Ping) -> PingReport {
    let time = ping.interval * u32::from(ping.count) + Duration::from_secs(5);
    let id = world.ping(host, ping);
    world.run_for(time).unwrap();
    world.ping_report(host, id).unwrap().clone()
}

/// Everything that waits in a socket.
pub(crate) fn received(world: &mut World, host: HostId, socket: SocketId) -> Vec<Received> {
    std::iter::from_fn(|| world.receive_udp(host, socket)).collect()
}

/// A tap that keeps everything: micros, where, whether lost, octets.
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) Vec<(u64, String, bool, Vec<u8>)>);

impl Tap for Kept {
    fn on_packet(&mut self, seen: &Observed<'_>) {
        self.0.push((seen.now.as_micros(), format!("{:?}", seen.place), seen.is_lost, seen.octets.to_vec()));
    }
}
