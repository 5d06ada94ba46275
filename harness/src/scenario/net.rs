//! The world of a case: clients behind a router that may translate, one wire, the supernode, and the mesh behind it.
//!
//! ```text
//! laptop -- client ----.
//!        neighbour ----- edge ==wire== supernode -- resolver, authoritative
//!                             prober ------'
//! ```

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;

use l2tpspec_protocol::stack::{Command, Config};

use super::cast::Cast;
use super::model::{Case, Party};
use super::record::Recording;
use super::seams::{self, Plan, Seams, Shared as SharedPlan};
use super::watch::{Gatekeeper, Reader, Shared as SharedWatch, Watch, Witness};
use crate::dns::{self, Forwarder, NameServer};
use crate::endpoint::Endpoint;
use crate::transcript::connection::Role;
use crate::world::interface::InterfaceId;
use crate::world::link::Conditions;
use crate::world::nat::{Nat, Outside};
use crate::world::route::Prefix;
use crate::world::station::StationId;
use crate::world::{Attachment, Connected, HostId, LinkId, World};

/// An endpoint with somebody at its seams.
pub(super) type End = Endpoint<Seams>;

/// The supernode's address outside.
pub const SUPERNODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The address of the router before the clients, seen from the supernode.
pub const EDGE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);
/// The address of the client that probes.
const PROBER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);
/// The laptop's address.
pub const LAPTOP: Ipv4Addr = Ipv4Addr::new(192, 168, 88, 10);
/// The client's address on its LAN, where it forwards queries for names.
pub const FORWARDER: Ipv4Addr = Ipv4Addr::new(192, 168, 88, 1);

/// The resolver of the clients' line.
pub const ISP: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 53);
/// Names in the mesh.
const MESH: &[(&str, Ipv4Addr)] =
    &[("wiki.mesh", Ipv4Addr::new(10, 10, 10, 80)), ("sn1.mesh", Ipv4Addr::new(10, 70, 72, 1))];
/// Names outside.
const OUTSIDE: &[(&str, Ipv4Addr)] = &[("www.example.net", Ipv4Addr::new(198, 18, 0, 80))];

/// Gives the mesh its name server and its resolver, the line its resolver, and the client the forwarder of its router.
fn serve_names(world: &mut World, cast: &Cast, client: HostId, resolver: [HostId; 2], isp: HostId) {
    let everything = [MESH, OUTSIDE].concat();
    world.add_service(resolver[0], dns::PORT, NameServer::new(&["mesh", "net"], &everything));
    world.add_service(resolver[1], dns::PORT, NameServer::new(&["mesh"], MESH));
    world.add_service(isp, dns::PORT, NameServer::new(&["", "net"], OUTSIDE));
    let rules: Vec<(&str, Ipv4Addr)> =
        cast.service.authoritative.value.iter().map(|server| ("mesh", *server)).collect();
    world.add_service(client, dns::PORT, Forwarder::new(&rules, Some(ISP)));
}

/// An end of the case: its host, its station there, and its address.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    /// The host.
    pub host: HostId,
    /// The station.
    pub station: StationId,
    /// The address.
    pub address: Ipv4Addr,
}

/// Everything that a case plays in.
#[derive(Debug)]
pub struct Net {
    /// The world.
    pub world: World,
    /// The client.
    pub client: Seat,
    /// Another client of the same profile.
    pub neighbour: Seat,
    /// A client with nothing changed, for probes.
    pub prober: Seat,
    /// The supernode.
    pub supernode: Seat,
    /// A host behind the client.
    pub laptop: HostId,
    /// The resolver behind the supernode, and the authoritative server.
    pub resolver: [HostId; 2],
    /// The router that may translate.
    pub edge: HostId,
    /// The wire.
    pub wire: LinkId,
    /// What the wire carries.
    pub watch: SharedWatch,
    /// What is held back and changed.
    pub plan: SharedPlan,
    /// The roles whose ends are elsewhere: those at their seats do nothing.
    pub foreign: Vec<Role>,
}

/// A configuration whose IKE lets the plan change its messages.
fn edited(config: &Config, role: Role, plan: &SharedPlan) -> Config {
    let mut config = config.clone();
    if let Some(isakmp) = &mut config.isakmp {
        isakmp.editor = seams::editor(role, plan);
    }
    config
}

/// Links two hosts; the second end is the router.
fn link(world: &mut World, ends: [(HostId, Ipv4Addr); 2]) -> Connected {
    let attach = |(host, address)| Attachment { host, address, length: 24 };
    world.connect(ends.map(attach), Conditions::default())
}

fn default_route(world: &mut World, host: HostId, interface: InterfaceId) {
    world.host_mut(host).add_route(Prefix::ALL, interface);
}

impl Net {
    /// The world of a case.
    #[must_use]
    pub fn new(case: &Case, cast: &Cast, seed: &[u8], recording: Option<Recording>) -> Self {
        let reader = Reader(Rc::new(RefCell::new(None)));
        let mut world = World::with_key_log(seed, Box::new(reader.clone()));
        world.step_limit = 3_000_000;
        let [client, neighbour, prober] = [world.add_router(), world.add_host(), world.add_host()];
        let (edge, supernode) = (world.add_router(), world.add_router());
        let laptop = world.add_host();
        let resolver = [world.add_host(), world.add_host()];
        // Behind a translator addresses are private ones.
        let inside = |network: u8, host: u8| {
            if case.topology.nat.is_some() {
                Ipv4Addr::new(192, 168, network, host)
            } else {
                Ipv4Addr::new(198, 51, 100 + network, host)
            }
        };
        let mut addresses = Vec::new();
        for (host, network) in [client, neighbour].into_iter().zip(1..) {
            let address = inside(network, 2);
            let made = link(&mut world, [(host, address), (edge, inside(network, 1))]);
            default_route(&mut world, host, made.interfaces[0]);
            addresses.push((host, address));
        }
        let wire = link(&mut world, [(edge, EDGE), (supernode, SUPERNODE)]);
        default_route(&mut world, supernode, wire.interfaces[1]);
        // Probes go by another way, so that the transcript is that of the case.
        let way = link(&mut world, [(prober, PROBER), (supernode, Ipv4Addr::new(203, 0, 113, 1))]);
        default_route(&mut world, prober, way.interfaces[0]);
        if let Some(translator) = &case.topology.nat {
            let outside = Outside::Interface(wire.interfaces[0]);
            world.host_mut(edge).set_nat(Nat::new(translator.config(outside)));
        }
        let lan = link(&mut world, [(laptop, LAPTOP), (client, FORWARDER)]);
        default_route(&mut world, laptop, lan.interfaces[0]);
        let servers = [cast.service.resolver.value, cast.service.authoritative.value];
        for ((host, server), network) in resolver.iter().zip(servers).zip(100..) {
            let Some(address) = server else { continue };
            let near = Ipv4Addr::new(10, 70, network, 1);
            let attach = |host, address, length| Attachment { host, address, length };
            let ends = [attach(*host, address, 32), attach(supernode, near, 32)];
            let made = world.connect(ends, Conditions::default());
            default_route(&mut world, *host, made.interfaces[0]);
            world.host_mut(supernode).add_route(Prefix::new(address, 32), made.interfaces[1]);
        }
        let isp = world.add_host();
        let made = link(&mut world, [(isp, ISP), (edge, Ipv4Addr::new(198, 18, 0, 1))]);
        default_route(&mut world, isp, made.interfaces[0]);
        serve_names(&mut world, cast, client, resolver, isp);
        let watch = Watch::new(wire.link, SUPERNODE, recording);
        *reader.0.borrow_mut() = Some(Rc::clone(&watch));
        world.add_rule(wire.link, Gatekeeper(Rc::clone(&watch)));
        world.add_tap(Witness(Rc::clone(&watch)));
        let plan = Plan::new();
        let mut seat = |host, address, role, config: &Config, plan: &SharedPlan| {
            let end = End::with_tap(edited(config, role, plan), Seams::new(role, Arc::clone(plan)));
            Seat { host, station: world.add_station(host, end), address }
        };
        let nobody = Plan::new();
        let client = seat(addresses[0].0, addresses[0].1, Role::Client, &cast.client, &plan);
        let neighbour = seat(addresses[1].0, addresses[1].1, Role::Client, &cast.client, &nobody);
        let prober = seat(prober, PROBER, Role::Client, &cast.prober, &nobody);
        let supernode = seat(supernode, SUPERNODE, Role::Supernode, &cast.supernode, &plan);
        let wire = wire.link;
        Self {
            world,
            client,
            neighbour,
            prober,
            supernode,
            laptop,
            resolver,
            edge,
            wire,
            watch,
            plan,
            foreign: Vec::new(),
        }
    }

    /// The seat of a role.
    #[must_use]
    pub const fn seat(&self, role: Role) -> Seat {
        match role {
            Role::Client => self.client,
            Role::Supernode => self.supernode,
        }
    }

    /// The seats of the client and the supernode that are of this process.
    pub fn own_seats(&self) -> impl Iterator<Item = Seat> + use<> {
        let of = |role: Role| (!self.foreign.contains(&role)).then(|| self.seat(role));
        [of(Role::Client), of(Role::Supernode)].into_iter().flatten()
    }

    /// The host of somebody.
    #[must_use]
    pub const fn host(&self, party: Party) -> HostId {
        match party {
            Party::Client => self.client.host,
            Party::Neighbour => self.neighbour.host,
            Party::Supernode => self.supernode.host,
            Party::Laptop => self.laptop,
            Party::Resolver => self.resolver[0],
        }
    }

    /// The endpoint at a seat.
    ///
    /// # Panics
    /// If nobody sits there, which no seat of ours allows.
    #[must_use]
    pub fn end(&self, seat: Seat) -> &End {
        self.world.station::<End>(seat.host, seat.station).expect("an endpoint at every seat")
    }

    /// Tells an endpoint what is wanted.
    pub fn command(&mut self, seat: Seat, command: Command) {
        let done =
            self.world.with_station(seat.host, seat.station, |end: &mut End, cx| end.command(cx, command));
        debug_assert!(done.is_some(), "an endpoint at every seat");
    }

    /// An endpoint loses all that it knows.
    pub fn restart(&mut self, seat: Seat, config: &Config, role: Role) {
        let seams = Seams::new(role, Arc::clone(&self.plan));
        let config = edited(config, role, &self.plan);
        let done = self.world.with_station(seat.host, seat.station, |end: &mut End, _| {
            end.restart(config, seams);
        });
        debug_assert!(done.is_some(), "an endpoint at every seat");
    }

    /// Gives the wire other conditions.
    pub fn set_conditions(&mut self, network: &super::model::Network) {
        use crate::world::link::Chance;

        let conditions = &mut self.world.link_mut(self.wire).conditions;
        let chance = |rate: u32| Chance::per_million(rate);
        conditions.delay = network.delay.unwrap_or(conditions.delay);
        conditions.loss = network.loss.map_or(conditions.loss, chance);
        conditions.duplication = network.duplication.map_or(conditions.duplication, chance);
        conditions.reordering = network.reordering.map_or(conditions.reordering, chance);
        conditions.corruption = network.corruption.map_or(conditions.corruption, chance);
        conditions.bits_per_second = network.rate.or(conditions.bits_per_second);
        conditions.mtu = network.mtu.unwrap_or(conditions.mtu);
        conditions.is_up = network.is_up.unwrap_or(conditions.is_up);
        if network.rebinds {
            self.rebind();
        }
        if let Some(rules) = &network.rules {
            self.watch.borrow_mut().set_rules(rules.clone());
        }
    }

    /// The translator forgets.
    pub fn rebind(&mut self) {
        if let Some(nat) = self.world.host_mut(self.edge).nat_mut() {
            nat.rebind();
        }
    }
}
