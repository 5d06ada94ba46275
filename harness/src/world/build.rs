//! What a world is built of, and changed by while it runs.

use std::any::Any;

use l2tpspec_protocol::cx::Cx;

use super::host::Host;
use super::interface::Kind;
use super::link::{Conditions, Direction, Link};
use super::record::{Tap, TapId};
use super::rule::{Rule, RuleId};
use super::station::{Routing, Service, Station, StationId};
use super::{Attachment, Connected, HostId, InterfaceId, LinkId, World};

impl World {
    /// Adds a host that passes nothing on.
    pub fn add_host(&mut self) -> HostId {
        self.add(false)
    }

    /// Adds a host that passes packets on.
    pub fn add_router(&mut self) -> HostId {
        self.add(true)
    }

    fn add(&mut self, is_forwarding: bool) -> HostId {
        let id = HostId(u32::try_from(self.hosts.len()).expect("fewer hosts than 2^32"));
        self.hosts.push(Host::new(id, is_forwarding));
        id
    }

    /// How many hosts there are.
    #[must_use]
    pub const fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// A host of this world.
    #[must_use]
    pub fn host(&self, id: HostId) -> &Host {
        &self.hosts[id.index()]
    }

    /// A host of this world, to be configured.
    pub fn host_mut(&mut self, id: HostId) -> &mut Host {
        &mut self.hosts[id.index()]
    }

    /// A link of this world.
    #[must_use]
    pub fn link(&self, id: LinkId) -> &Link {
        &self.fabric.links[id.index()]
    }

    /// A link of this world, to change its conditions.
    pub fn link_mut(&mut self, id: LinkId) -> &mut Link {
        &mut self.fabric.links[id.index()]
    }

    /// Links two hosts by a new interface of each.
    ///
    /// # Panics
    ///
    /// If a host is not of this world, or there are 2^32 links.
    pub fn connect(&mut self, ends: [Attachment; 2], conditions: Conditions) -> Connected {
        let link = LinkId(u32::try_from(self.fabric.links.len()).expect("fewer links than 2^32"));
        let mut interfaces = [InterfaceId::default(); 2];
        for (end, attachment) in ends.iter().enumerate() {
            let host = &mut self.hosts[attachment.host.index()];
            interfaces[end] = host.add_interface(Kind::Link { link, end });
            host.add_address(interfaces[end], attachment.address, attachment.length);
        }
        let ends = [(ends[0].host, interfaces[0]), (ends[1].host, interfaces[1])];
        self.fabric.links.push(Link::new(ends, conditions));
        Connected { link, interfaces }
    }

    /// Adds a rule to a link, behind those it has.
    pub fn add_rule(&mut self, link: LinkId, rule: impl Rule + 'static) -> RuleId {
        self.link_mut(link).add_rule(Box::new(rule))
    }

    /// How many packets a rule has decided about rather than passed. `None` if there is no such rule.
    #[must_use]
    pub fn rule_hits(&self, link: LinkId, rule: RuleId) -> Option<u64> {
        self.link(link).rule_hits(rule)
    }

    /// Removes a rule; what it held is delivered. Whether there was such a rule.
    pub fn remove_rule(&mut self, link: LinkId, rule: RuleId) -> bool {
        let Some(held) = self.link_mut(link).remove_rule(rule) else { return false };
        for (direction, octets) in held {
            self.fabric.inject(link, direction, &octets);
        }
        true
    }

    /// Lets an IPv4 datagram, or any octets, come out of a link, past its rules and rates.
    pub fn inject(&mut self, link: LinkId, direction: Direction, octets: &[u8]) {
        self.fabric.inject(link, direction, octets);
    }

    /// Adds a tap, which sees every packet from now on.
    pub fn add_tap(&mut self, tap: impl Tap) -> TapId {
        let id = TapId(self.fabric.next_tap);
        self.fabric.next_tap += 1;
        self.fabric.taps.insert(id, Box::new(tap));
        id
    }

    /// Takes a tap back. `None`, and it stays, if there is none of that type by that name.
    pub fn remove_tap<T: Tap>(&mut self, id: TapId) -> Option<T> {
        let tap: &dyn Any = &**self.fabric.taps.get(&id)?;
        tap.is::<T>().then_some(())?;
        let tap: Box<dyn Any> = self.fabric.taps.remove(&id)?;
        tap.downcast().ok().map(|tap| *tap)
    }

    /// Puts a station on a host.
    pub fn add_station(&mut self, host: HostId, station: impl Station) -> StationId {
        let stations = &mut self.hosts[host.index()].stations;
        stations.push(Box::new(station));
        let id = StationId(stations.len() - 1);
        self.settle(host);
        id
    }

    /// A station, if there is one of that type by that name.
    #[must_use]
    pub fn station<T: Station>(&self, host: HostId, id: StationId) -> Option<&T> {
        let station: &dyn Any = &**self.host(host).stations.get(id.0)?;
        station.downcast_ref()
    }

    /// Calls upon a station, as for a command, and does what follows. `None` if there is none of that type.
    pub fn with_station<T: Station, R>(
        &mut self,
        host: HostId,
        id: StationId,
        call: impl FnOnce(&mut T, &mut Cx<'_>) -> R,
    ) -> Option<R> {
        let station: &mut dyn Any = &mut **self.hosts[host.index()].stations.get_mut(id.0)?;
        let result = call(station.downcast_mut()?, &mut self.fabric.cx());
        self.settle(host);
        Some(result)
    }

    /// Puts a service on a UDP port of a host, in place of the one before.
    pub fn add_service(&mut self, host: HostId, port: u16, service: impl Service) {
        self.hosts[host.index()].services.insert(port, Box::new(service));
        self.settle(host);
    }

    /// Puts a routing protocol on a host, in place of the one before.
    pub fn set_routing(&mut self, host: HostId, mut routing: impl Routing) {
        for tunnel in self.host(host).tunnel_interfaces() {
            routing.on_up(&mut self.fabric.cx(), tunnel);
        }
        let live = &mut self.hosts[host.index()];
        // What the one before has learnt goes with it.
        for old in std::mem::take(&mut live.learnt) {
            live.routes.remove_learnt(&old);
        }
        live.routing = Some(Box::new(routing));
        self.settle(host);
    }

    /// The routing protocol of a host, if it is of that type.
    #[must_use]
    pub fn routing<T: Routing>(&self, host: HostId) -> Option<&T> {
        let routing: &dyn Any = &**self.host(host).routing.as_ref()?;
        routing.downcast_ref()
    }

    /// A service, if there is one of that type on that port.
    #[must_use]
    pub fn service<T: Service>(&self, host: HostId, port: u16) -> Option<&T> {
        let service: &dyn Any = &**self.host(host).services.get(&port)?;
        service.downcast_ref()
    }
}
