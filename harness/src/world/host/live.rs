//! What a host does when something has come or its moment has: it works until nothing is left, then says when to
//! come back.

use std::net::{Ipv4Addr, SocketAddrV4};

use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::{Host, Work};
use crate::world::fabric::Fabric;
use crate::world::icmp;
use crate::world::interface::{InterfaceId, Kind};
use crate::world::ip::{self, Fields};
use crate::world::record::Place;
use crate::world::route::{Prefix, Route};
use crate::world::station::{RoutingOutput, StationId, StationOutput, TunnelId, TunnelInterface};

/// The most packets that a host handles at one moment because of one event. What goes beyond is a loop.
const MOST_WORK: usize = 1_000_000;

impl Host {
    /// Works until nothing is left, and asks to be woken when there will be more.
    pub(crate) fn settle(&mut self, fabric: &mut Fabric) {
        let mut left = MOST_WORK;
        'busy: loop {
            self.poll_stations(fabric);
            self.poll_services(fabric);
            self.poll_routing(fabric);
            self.poll_user(fabric);
            if fabric.work.is_empty() {
                break;
            }
            while let Some(work) = fabric.work.pop_front() {
                if left == 0 {
                    self.counters.overruns += 1;
                    fabric.work.clear();
                    break 'busy;
                }
                left -= 1;
                match work {
                    Work::Arrived(interface, packet) => self.on_arrival(fabric, interface, packet),
                    Work::Send(packet) => self.on_send(fabric, packet, None),
                    Work::SendOutside(station, packet) => self.on_send(fabric, packet, Some(station)),
                    Work::Emit(interface, packet) => self.emit(fabric, interface, packet),
                }
            }
        }
        if let Some(next) = self.next_timeout()
            && self.woken_at.is_none_or(|woken| next < woken || woken < fabric.now)
        {
            let next = next.max(fabric.now);
            self.woken_at = Some(next);
            fabric.wake(self.id, next);
        }
    }

    /// Its moment may have come.
    pub(crate) fn on_wake(&mut self, fabric: &mut Fabric) {
        if self.woken_at != Some(fabric.now) {
            return;
        }
        self.woken_at = None;
        let now = fabric.now;
        let is_due = |next: Option<Instant>| next.is_some_and(|next| next <= now);
        for station in self.stations.iter_mut().filter(|station| is_due(station.next_timeout())) {
            station.on_timeout(&mut fabric.cx());
        }
        for service in self.services.values_mut().filter(|service| is_due(service.next_timeout())) {
            service.on_timeout(&mut fabric.cx());
        }
        if let Some(routing) = self.routing.as_mut().filter(|routing| is_due(routing.next_timeout())) {
            routing.on_timeout(&mut fabric.cx());
        }
        self.settle(fabric);
    }

    fn next_timeout(&self) -> Option<Instant> {
        let stations = self.stations.iter().filter_map(|station| station.next_timeout()).min();
        let services = self.services.values().filter_map(|service| service.next_timeout()).min();
        let user = self.user.as_ref().and_then(|user| user.next_timeout());
        let routing = self.routing.as_ref().and_then(|routing| routing.next_timeout());
        [stations, services, user, routing].into_iter().flatten().min()
    }

    fn poll_stations(&mut self, fabric: &mut Fabric) {
        for index in 0..self.stations.len() {
            let mut packet = fabric.packet(&[]);
            while let Some(output) = self.stations[index].poll_output(&mut packet) {
                self.on_output(fabric, StationId(index), output, &mut packet);
            }
            fabric.recycle(packet);
        }
    }

    fn on_output(
        &mut self,
        fabric: &mut Fabric,
        station: StationId,
        output: StationOutput,
        packet: &mut Packet,
    ) {
        match output {
            StationOutput::Datagram => {
                let next = fabric.packet(&[]);
                fabric.work.push_back(Work::SendOutside(station, std::mem::replace(packet, next)));
            }
            StationOutput::UserPacket { tunnel } => {
                let Some(interface) = self.tunnel(station, tunnel) else {
                    self.counters.undeliverable += 1;
                    return;
                };
                let place = Place::Tunnel { host: self.id, interface, is_outbound: false };
                fabric.observe(place, false, packet.octets());
                let next = fabric.packet(&[]);
                fabric.work.push_back(Work::Arrived(interface, std::mem::replace(packet, next)));
            }
            StationOutput::TunnelUp { tunnel, address, peer, mtu } => {
                self.tunnel_down(fabric, station, tunnel);
                let interface = self.add_interface(Kind::Tunnel { station, tunnel, peer, mtu });
                self.tunnels.insert((station, tunnel), interface);
                self.add_own_address(interface, address);
                self.routes.add(Route { prefix: Prefix::new(peer, 32), interface, metric: 0 });
                if let Some(routing) = &mut self.routing {
                    let up = TunnelInterface { interface, address, peer, mtu };
                    routing.on_up(&mut fabric.cx(), up);
                }
            }
            StationOutput::TunnelDown { tunnel } => self.tunnel_down(fabric, station, tunnel),
        }
    }

    /// An address of a point-to-point interface: no block of addresses lies behind it.
    fn add_own_address(&mut self, interface: InterfaceId, address: Ipv4Addr) {
        if let Some(Some(entry)) = self.interfaces.get_mut(interface.0) {
            entry.addresses.push(address);
            *self.addresses.entry(address).or_default() += 1;
        }
    }

    fn tunnel_down(&mut self, fabric: &mut Fabric, station: StationId, tunnel: TunnelId) {
        let Some(interface) = self.tunnels.remove(&(station, tunnel)) else { return };
        if let Some(routing) = &mut self.routing {
            routing.on_down(&mut fabric.cx(), interface);
        }
        let Some(entry) = self.interfaces[interface.0].take() else { return };
        for address in entry.addresses {
            self.forget_address(address);
        }
        self.routes.remove_interface(interface);
        self.free_interfaces.push(interface);
    }

    /// What the routing protocol has to say: packets, and ways that take the place of those before.
    pub(crate) fn poll_routing(&mut self, fabric: &mut Fabric) {
        let Some(mut routing) = self.routing.take() else { return };
        while let Some(output) = routing.poll_output() {
            match output {
                RoutingOutput::Packet { interface, source, destination, octets } => {
                    let mut packet = fabric.packet(&octets);
                    let fields = self.fields(source, destination, routing.protocol());
                    if ip::wrap_control(&mut packet, &fields) {
                        fabric.work.push_back(Work::Emit(interface, packet));
                    }
                }
                RoutingOutput::Routes(routes) => {
                    for old in std::mem::replace(&mut self.learnt, routes.clone()) {
                        self.routes.remove_learnt(&old);
                    }
                    for route in routes {
                        self.routes.add(route);
                    }
                }
            }
        }
        self.routing = Some(routing);
    }

    fn poll_services(&mut self, fabric: &mut Fabric) {
        let mut services = std::mem::take(&mut self.services);
        for service in services.values_mut() {
            while let Some(reply) = service.poll_output() {
                self.send_udp(fabric, reply.source, reply.destination, &reply.octets);
            }
        }
        self.services = services;
    }

    /// Sends a payload over UDP; an unspecified source address is that of the interface it leaves by.
    pub(crate) fn send_udp(
        &mut self,
        fabric: &mut Fabric,
        source: SocketAddrV4,
        destination: SocketAddrV4,
        octets: &[u8],
    ) {
        let own = if source.ip().is_unspecified() {
            self.source_for(*destination.ip())
        } else {
            Some(*source.ip())
        };
        let Some(own) = own else {
            self.counters.undeliverable += 1;
            return;
        };
        let mut packet = fabric.packet(octets);
        if ip::wrap_udp(&mut packet, SocketAddrV4::new(own, source.port()), destination) {
            let fields = self.fields(own, *destination.ip(), ip::UDP);
            self.send_payload(fabric, packet, &fields);
        } else {
            self.counters.undeliverable += 1;
            fabric.recycle(packet);
        }
    }

    fn poll_user(&mut self, fabric: &mut Fabric) {
        let Some(mut user) = self.user.take() else { return };
        while let Some(due) = user.due_echo(fabric.now) {
            let destination = due.ping.destination;
            let Some(source) = due.ping.source.or_else(|| self.source_for(destination)) else {
                self.counters.undeliverable += 1;
                continue;
            };
            let fields = Fields {
                time_to_live: due.ping.time_to_live,
                dont_fragment: due.ping.dont_fragment,
                ..self.fields(source, destination, ip::ICMP)
            };
            let mut payload = fabric.packet(&[]);
            payload.resize(due.ping.data_octets);
            for (octet, value) in payload.octets_mut().iter_mut().zip((0..=u8::MAX).cycle()) {
                *octet = value;
            }
            icmp::wrap_echo(&mut payload, false, due.identifier, due.sequence);
            self.send_payload(fabric, payload, &fields);
        }
        for connection in user.connections.values_mut() {
            connection.on_timeout(fabric.now);
            while let Some(octets) = connection.poll_output() {
                let packet = fabric.packet(&octets);
                fabric.work.push_back(Work::Send(packet));
            }
        }
        self.user = Some(user);
    }
}
