//! The reference against itself in the virtual world: clients behind translators, a supernode, and pings through the tunnel.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use l2tpspec::endpoint::Endpoint;
use l2tpspec::profile::{Profile, Role};
use l2tpspec::world::link::Conditions;
use l2tpspec::world::nat::{Nat, NatConfig, Outside};
use l2tpspec::world::route::Prefix;
use l2tpspec::world::station::StationId;
use l2tpspec::world::station::TunnelId;
use l2tpspec::world::user::Ping;
use l2tpspec::world::{HostId, World};
use l2tpspec_protocol::stack::Command;

use crate::world::{connect, default_route, ip};

fn profiles() -> Vec<Profile> {
    Profile::load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios"))
        .expect("well-formed profiles")
}

fn named(name: &str) -> Profile {
    profiles().into_iter().find(|profile| profile.name == name).expect("a profile of this name")
}

const SUPERNODE: Ipv4Addr = ip(3, 0, 2);
/// The port of devices without a fixed one.
const EPHEMERAL: u16 = 50_431;
const THROUGH: Ipv4Addr = ip(70, 72, 1);

struct Net {
    world: World,
    clients: [(HostId, StationId); 2],
    nat: HostId,
    mtu: u16,
}

/// Two clients, 10.1.0.1 and 10.1.1.1, behind a router that may translate; behind another router the supernode.
fn net(client: &Profile, supernode: &Profile, translates: bool) -> Net {
    let service = supernode.service.as_ref().expect("a supernode serves");
    let mut world = World::new(b"endpoint");
    let clients = [world.add_host(), world.add_host()];
    let (nat, router, server) = (world.add_router(), world.add_router(), world.add_host());
    let mut inside = Vec::new();
    for (client, network) in clients.into_iter().zip(0..) {
        let link = connect(&mut world, [client, nat], (1, network), Conditions::default());
        default_route(&mut world, client, link.interfaces[0]);
        inside.push(link);
    }
    let wan = connect(&mut world, [nat, router], (2, 0), Conditions::default());
    let last = connect(&mut world, [router, server], (3, 0), Conditions::default());
    default_route(&mut world, nat, wan.interfaces[0]);
    default_route(&mut world, router, wan.interfaces[1]);
    default_route(&mut world, server, last.interfaces[1]);
    if translates {
        world.host_mut(nat).set_nat(Nat::new(NatConfig::new(Outside::Interface(wan.interfaces[0]))));
    }
    world.add_station(server, Endpoint::new(supernode.stack(service, EPHEMERAL)));
    let stations =
        clients.map(|host| (host, world.add_station(host, Endpoint::new(client.stack(service, EPHEMERAL)))));
    Net { world, clients: stations, nat, mtu: client.network.mtu.value.min(supernode.network.mtu.value) }
}

impl Net {
    fn command(&mut self, client: usize, command: Command) {
        let (host, station) = self.clients[client];
        let did = self.world.with_station(host, station, |endpoint: &mut Endpoint, cx| {
            endpoint.command(cx, command);
        });
        assert_eq!(did, Some(()));
    }

    fn connect(&mut self, client: usize) {
        let local = ip(1, u8::try_from(client).unwrap(), 1).into();
        self.command(client, Command::Connect { local, peer: SUPERNODE.into() });
    }

    fn run(&mut self, seconds: u64) {
        self.world.run_for(Duration::from_secs(seconds)).expect("no live-lock");
    }

    /// How many of three pings with datagrams as long as the device takes come back through the tunnel.
    fn replies(&mut self, client: usize) -> usize {
        let ping =
            Ping { data_octets: usize::from(self.mtu) - 28, dont_fragment: true, ..Ping::new(THROUGH) };
        let id = self.world.ping(self.clients[client].0, ping);
        self.run(10);
        self.world.ping_report(self.clients[client].0, id).expect("a report").replies.len()
    }
}

/// Every device against every supernode of the network, directly and behind a translator.
#[test]
fn every_device_connects_to_every_supernode_and_ends_in_order() {
    let profiles = profiles();
    let (clients, supernodes): (Vec<_>, Vec<_>) =
        profiles.iter().partition(|profile| profile.role == Role::Client);
    let mut broken = Vec::new();
    let mut cells = 0;
    for supernode in supernodes.iter().filter(|supernode| supernode.name.starts_with("sn")) {
        for client in &clients {
            for translates in [false, true] {
                let mut net = net(client, supernode, translates);
                net.connect(0);
                net.run(10);
                let connected = net.replies(0);
                net.command(0, Command::Disconnect);
                net.run(60);
                let ended = net.replies(0);
                cells += 1;
                if (connected, ended) != (3, 0) {
                    let (host, station) = net.clients[0];
                    let events = net.world.station::<Endpoint>(host, station).expect("there").events.clone();
                    let cell = format!("{} to {}, translated: {translates}", client.name, supernode.name);
                    broken.push(format!("{cell}: {connected}, then {ended}: {:?}", events.last()));
                }
            }
        }
    }
    assert_eq!(cells, 48);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A router that announces its own address outside leads its peer's way to it into the tunnel.
#[test]
fn a_tunnel_that_is_routed_into_itself_carries_nothing_and_the_world_goes_on() {
    let mut net = net(&named("edgeos"), &named("sn1"), false);
    net.connect(0);
    net.run(10);
    assert_eq!(net.replies(0), 3);
    let (host, station) = net.clients[0];
    let stack = net.world.station::<Endpoint>(host, station).expect("there").stack();
    let link = stack.links().next().expect("a link is up");
    let tunnel = net.world.host(host).tunnel(station, TunnelId(link.0)).expect("an interface");
    net.world.host_mut(host).add_route(Prefix::new(SUPERNODE, 32), tunnel);
    assert_eq!(net.replies(0), 0);
    let counters = &net.world.host(host).counters;
    assert!((3..100).contains(&counters.looped), "{}", counters.looped);
    assert_eq!(counters.overruns, 0);
}

#[test]
fn two_clients_behind_one_translator_do_not_disturb_each_other() {
    let mut net = net(&named("edgeos"), &named("sn1"), true);
    net.connect(0);
    net.connect(1);
    net.run(5);
    assert_eq!((net.replies(0), net.replies(1)), (3, 3));
    net.command(1, Command::Disconnect);
    net.run(5);
    assert_eq!((net.replies(0), net.replies(1)), (3, 0));
}

#[test]
fn a_translator_that_forgets_breaks_no_tunnel() {
    let mut net = net(&named("edgeos"), &named("sn1"), true);
    net.connect(0);
    net.run(5);
    assert_eq!(net.replies(0), 3);
    net.world.host_mut(net.nat).nat_mut().expect("a translator").rebind();
    assert_eq!(net.replies(0), 3);
}
