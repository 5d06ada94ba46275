//! The layer: interfaces come and go, Hellos find neighbours, and everything else follows from their states.

use core::convert::Infallible;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::config::{Config, network};
use super::database::{Database, Key};
use super::event::{Command, Event, InterfaceId, Route, Unit, Violation};
use super::neighbor::{Interface, Neighbor};
use super::spf::{Own, View};
use super::table::{self, Conditions, InterfaceEvent, Neighbor as State, NeighborEvent};
use super::wire::{Body, Hello, Options};
use crate::cx::Cx;
use crate::layer::{Input, Layer, Output};
use crate::time::{Deadlines, Instant};

/// What the layer wants to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// When to send a Hello.
    Hello(InterfaceId),
    /// When a neighbour counts as gone.
    Inactivity(InterfaceId),
    /// When to repeat a Database Description.
    Description(InterfaceId),
    /// When to ask again.
    Request(InterfaceId),
    /// When to send again what was not acknowledged.
    Retransmission(InterfaceId),
    /// When to describe ourselves again.
    Origination,
    /// When an LSA gets too old, or one of ours has to be renewed.
    Age,
}

/// The OSPFv2 layer of one router.
#[derive(Debug)]
pub struct Ospf {
    pub(super) config: Config,
    pub(super) interfaces: BTreeMap<InterfaceId, Interface>,
    pub(super) database: Database,
    pub(super) deadlines: Deadlines<Reason>,
    /// When each LSA of ours was last originated.
    pub(super) originated: BTreeMap<Key, Instant>,
    /// Those that are to be originated once `MinLSInterval` is over.
    pub(super) postponed: BTreeSet<Key>,
    /// The cryptographic sequence number of our last packet, on whichever interface: it never falls while the router lives.
    pub(super) cryptographic: u32,
    routes: Vec<Route>,
    pub(super) outputs: VecDeque<Output<Unit, Infallible, Event>>,
}

impl Ospf {
    /// A router without interfaces.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            interfaces: BTreeMap::new(),
            database: Database::default(),
            deadlines: Deadlines::default(),
            originated: BTreeMap::new(),
            postponed: BTreeSet::new(),
            cryptographic: 0,
            routes: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The neighbours: interface, Router ID and state.
    pub fn neighbors(&self) -> impl Iterator<Item = (InterfaceId, Ipv4Addr, State)> {
        self.interfaces.iter().filter_map(|(id, interface)| {
            interface.neighbor.as_ref().map(|neighbor| (*id, neighbor.router_id, neighbor.state))
        })
    }

    /// The ways to networks that are not our own; to one network several if they are equal.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What is known of the area, by type, Link State ID and Advertising Router, with sequence number and age.
    pub fn database(&self, now: Instant) -> impl Iterator<Item = (Key, u32, u16)> {
        self.database
            .entries
            .iter()
            .map(move |(key, entry)| (*key, entry.lsa.header.ls_sequence_number, entry.age(now)))
    }

    pub(super) fn rejected(&mut self, interface: InterfaceId, violation: Violation) {
        self.outputs.push_back(Output::Event(Event::Rejected { interface, violation }));
    }

    fn interface_up(&mut self, cx: &Cx<'_>, id: InterfaceId, config: super::config::InterfaceConfig) {
        if self.interfaces.get(&id).is_some_and(|known| known.config == config) {
            return;
        }
        self.interface_down(cx, id);
        let state = table::interface(table::Interface::Down, InterfaceEvent::InterfaceUp);
        self.interfaces.insert(id, Interface { config, state, neighbor: None });
        self.deadlines.set(Reason::Hello(id), cx.now);
        self.describe(cx.now);
        self.recompute(cx.now);
    }

    fn interface_down(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        self.happens(cx, id, NeighborEvent::KillNbr);
        let Some(interface) = self.interfaces.remove(&id) else { return };
        debug_assert!(interface.state != table::Interface::Down, "an interface that is there works");
        self.deadlines.stop(&Reason::Hello(id));
        self.describe(cx.now);
        self.recompute(cx.now);
    }

    fn hello(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let Some(interface) = self.interfaces.get(&id) else { return };
        let config = &interface.config;
        let heard = interface.neighbor_from(State::Init);
        let body = Hello {
            network_mask: Ipv4Addr::UNSPECIFIED,
            hello_interval: u16::try_from(config.hello.as_secs()).unwrap_or(u16::MAX),
            options: Options(Options::E),
            router_priority: 1,
            router_dead_interval: u32::try_from(config.dead.as_secs()).unwrap_or(u32::MAX),
            designated_router: Ipv4Addr::UNSPECIFIED,
            backup_designated_router: Ipv4Addr::UNSPECIFIED,
            neighbors: heard.map(|neighbor| neighbor.router_id).into_iter().collect(),
        };
        let wait = config.hello;
        self.send(id, Body::Hello(body));
        // OSPF-2328-9.5-a
        self.deadlines.set(Reason::Hello(id), cx.now + wait.max(Duration::from_secs(1)));
    }

    fn on_packet(&mut self, cx: &mut Cx<'_>, unit: &Unit) {
        let id = unit.interface;
        if !self.interfaces.contains_key(&id) {
            return;
        }
        let packet = match self.checked(unit) {
            Ok(packet) => packet,
            Err(violation) => return self.rejected(id, violation),
        };
        if let Body::Hello(hello) = &packet.body {
            self.on_hello(cx, id, packet.router_id, hello);
            self.remember_sequence(id, &packet);
            return;
        }
        let known = self.interfaces.get(&id).and_then(|interface| interface.neighbor.as_ref());
        // OSPF-2328-8.2-c
        let Some(state) = known.filter(|known| known.router_id == packet.router_id).map(|known| known.state)
        else {
            return self.rejected(id, Violation::Stranger(packet.router_id));
        };
        match packet.body {
            Body::DatabaseDescription(description) => self.on_description(cx, id, &description),
            Body::LinkStateRequest(_) | Body::LinkStateUpdate(_) | Body::LinkStateAcknowledgment(_)
                if state < State::Exchange =>
            {
                self.rejected(id, Violation::State(state));
            }
            Body::LinkStateRequest(request) => self.on_request(cx, id, &request),
            Body::LinkStateUpdate(update) => self.on_update(cx, id, update),
            Body::LinkStateAcknowledgment(acknowledgment) => self.on_acknowledgment(cx, id, &acknowledgment),
            Body::Hello(_) => {}
            Body::Unknown { packet_type, .. } => self.rejected(id, Violation::PacketType(packet_type)),
        }
    }

    /// A Hello (section 10.5). The mask is not looked at on a point-to-point link (OSPF-2328-10.5-b), and who sends is known
    /// by the Router ID (OSPF-2328-8.2-b).
    fn on_hello(&mut self, cx: &mut Cx<'_>, id: InterfaceId, router_id: Ipv4Addr, hello: &Hello) {
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let config = &interface.config;
        let own = (config.hello.as_secs(), config.dead.as_secs());
        if own != (hello.hello_interval.into(), hello.router_dead_interval.into()) {
            let violation = Violation::Intervals(hello.hello_interval, hello.router_dead_interval);
            return self.rejected(id, violation);
        }
        if !hello.options.has(Options::E) {
            return self.rejected(id, Violation::ExternalRouting);
        }
        let dead = config.dead;
        if interface.neighbor.as_ref().is_some_and(|known| known.router_id != router_id) {
            self.happens(cx, id, NeighborEvent::KillNbr);
        }
        if let Some(interface) = self.interfaces.get_mut(&id) {
            interface.neighbor.get_or_insert_with(|| Neighbor::new(router_id));
        }
        self.deadlines.set(Reason::Inactivity(id), cx.now + dead);
        self.happens(cx, id, NeighborEvent::HelloReceived);
        // OSPF-2328-10.5-d
        let lists_us = hello.neighbors.contains(&self.config.router_id);
        let event = if lists_us { NeighborEvent::TwoWayReceived } else { NeighborEvent::OneWay };
        self.happens(cx, id, event);
    }

    /// Lets an event happen to the neighbour of an interface, and does what its new state asks for.
    pub(super) fn happens(&mut self, cx: &Cx<'_>, id: InterfaceId, event: NeighborEvent) {
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let Some(neighbor) = &mut interface.neighbor else { return };
        let conditions = Conditions { wants_adjacency: true, has_requests: !neighbor.requests.is_empty() };
        let (from, router_id) = (neighbor.state, neighbor.router_id);
        let to = table::neighbor(from, event, conditions);
        if to == from {
            return;
        }
        neighbor.state = to;
        if to < State::Exchange {
            neighbor.clear();
            for reason in [Reason::Description(id), Reason::Request(id), Reason::Retransmission(id)] {
                self.deadlines.stop(&reason);
            }
        }
        if to == State::Down {
            interface.neighbor = None;
            self.deadlines.stop(&Reason::Inactivity(id));
        }
        self.outputs.push_back(Output::Event(Event::Neighbor { interface: id, router_id, from, to }));
        match to {
            State::ExStart => self.begin_exchange(cx, id),
            State::Exchange => self.summarise(cx, id),
            State::Loading => self.load(cx, id),
            // Before the Hello says so, the neighbour does not know that it was heard.
            State::Init => self.hello(cx, id),
            State::Down | State::Attempt | State::TwoWay | State::Full => {}
        }
        if from >= State::Exchange {
            // What waited for this neighbour waits no more (section 14).
            self.forget_old(cx.now);
        }
        if from == State::Full || to == State::Full {
            self.describe(cx.now);
            self.recompute(cx.now);
        }
    }

    /// Computes the ways anew and tells if they are others.
    pub(super) fn recompute(&mut self, now: Instant) {
        let full = self.interfaces.iter().filter_map(|(id, interface)| {
            let neighbor = interface.neighbor_from(State::Full)?;
            Some(((neighbor.router_id, interface.config.address), *id))
        });
        let neighbors: BTreeMap<(Ipv4Addr, Ipv4Addr), InterfaceId> = full.collect();
        let networks = self.config.networks.iter().map(|own| (own.prefix(), None));
        let ends = self.interfaces.iter().flat_map(|(id, interface)| {
            let config = &interface.config;
            [((config.peer, 32), Some((*id, config.cost.into()))), ((config.address, 32), None)]
        });
        let own: Own = networks.chain(ends).collect();
        let view = View {
            database: &self.database,
            now,
            router_id: self.config.router_id,
            neighbors: &neighbors,
            own: &own,
        };
        let routes = view.routes();
        if routes != self.routes {
            self.routes.clone_from(&routes);
            self.outputs.push_back(Output::Event(Event::Routes(routes)));
        }
    }

    fn on_due(&mut self, cx: &mut Cx<'_>, reason: Reason) {
        match reason {
            Reason::Hello(id) => self.hello(cx, id),
            // OSPF-2328-10.3-a
            Reason::Inactivity(id) => self.happens(cx, id, NeighborEvent::InactivityTimer),
            Reason::Description(id) => self.describe_again(cx, id),
            Reason::Request(id) => self.ask(cx, id),
            Reason::Retransmission(id) => self.flood_again(cx, id),
            Reason::Origination => {
                self.say_postponed(cx.now);
                self.recompute(cx.now);
            }
            Reason::Age => self.on_age(cx.now),
        }
    }
}

impl Layer for Ospf {
    type Below = Unit;
    type Above = Infallible;
    type Command = Command;
    type Event = Event;

    fn handle_input(&mut self, cx: &mut Cx<'_>, input: Input<Unit, Infallible, Command>) {
        match input {
            Input::FromBelow(unit) => self.on_packet(cx, &unit),
            Input::FromAbove(never) => match never {},
            Input::Command(Command::InterfaceUp { interface, config }) => {
                self.interface_up(cx, interface, config);
            }
            Input::Command(Command::InterfaceDown { interface }) => self.interface_down(cx, interface),
            Input::Command(Command::Announce(announcement)) => {
                self.config.announce(announcement);
                self.describe(cx.now);
                self.recompute(cx.now);
            }
            Input::Command(Command::Withdraw { network: address, length }) => {
                self.config.withdraw((network(address, length), length));
                self.describe(cx.now);
                self.recompute(cx.now);
            }
            Input::Timeout => {}
        }
        while let Some(reason) = self.deadlines.take_due(cx.now) {
            self.on_due(cx, reason);
        }
    }

    fn poll_output(&mut self) -> Option<Output<Unit, Infallible, Event>> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}
