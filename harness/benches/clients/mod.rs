//! Clients of one supernode, each on a host of its own.

use std::net::Ipv4Addr;
use std::path::Path;

use l2tpspec::endpoint::Endpoint;
use l2tpspec::profile::Profile;
use l2tpspec::world::link::Conditions;
use l2tpspec::world::route::Prefix;
use l2tpspec::world::station::StationId;
use l2tpspec::world::{Attachment, HostId, World};
use l2tpspec_protocol::stack::Config;

pub(super) const SUPERNODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

pub(super) fn profile(folder: &str, name: &str) -> Profile {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    Profile::load(&scenarios.join(folder).join(format!("{name}.json"))).expect("a profile of the project")
}

/// A client, linked to the supernode: its host, its endpoint and its address.
pub(super) type Seat = (HostId, StationId, Ipv4Addr);

pub(super) fn seat(world: &mut World, server: HostId, number: usize, config: &Config) -> Seat {
    let network = 0xc612_0000 + u32::try_from(number).expect("few tunnels") * 4;
    let (address, near) = (Ipv4Addr::from(network + 1), Ipv4Addr::from(network + 2));
    let host = world.add_host();
    let attach = |host, address| Attachment { host, address, length: 30 };
    let made = world.connect([attach(host, address), attach(server, near)], Conditions::default());
    world.host_mut(host).add_route(Prefix::ALL, made.interfaces[0]);
    if number == 0 {
        world.host_mut(server).add_address(made.interfaces[1], SUPERNODE, 32);
    }
    (host, world.add_station(host, Endpoint::new(config.clone())), address)
}
