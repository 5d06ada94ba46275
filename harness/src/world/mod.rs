//! The virtual world: hosts, links between them, one clock and one queue of what will happen. The same seed and the
//! same calls give the same octets at the same moments.
//!
//! A packet is an IPv4 datagram; there is nothing below. A link has two ends, so a shared network is a router with
//! an interface for each of its hosts. What lives on a host is lent time, chance and buffers, and never touches the
//! operating system. Neither time nor memory is spent on a host that nothing happens to.

mod fabric;
mod fragment;
pub mod host;
pub mod icmp;
pub mod interface;
pub mod ip;
pub mod link;
pub mod nat;
mod queue;
pub mod record;
pub mod route;
pub mod rule;
pub mod station;
pub mod tcp;
pub mod user;
pub mod users;

use std::any::Any;
use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::cx::{Cx, KeyLog, NoKeyLog};
use l2tpspec_protocol::time::Instant;

use self::fabric::Fabric;
use self::host::{Host, Work};
pub use self::interface::InterfaceId;
use self::interface::Kind;
use self::link::{Conditions, Direction, Link};
use self::queue::Event;
use self::record::{Tap, TapId};
use self::rule::{Rule, RuleId};
use self::station::{Service, Station, StationId};

/// Names a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HostId(u32);

/// Names a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LinkId(u32);

impl HostId {
    /// Its number: hosts are counted from zero.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl LinkId {
    /// Its number: links are counted from zero.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One end of a link that is to be: a host, the address that its new interface gets, and the length of the block of
/// addresses that lies behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment {
    /// The host.
    pub host: HostId,
    /// The address.
    pub address: Ipv4Addr,
    /// How many leading bits the addresses behind the interface share.
    pub length: u8,
}

/// A link that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// The link.
    pub link: LinkId,
    /// The interface at each end, in the order in which the ends were named.
    pub interfaces: [InterfaceId; 2],
}

/// A run that does not come to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the virtual world did not reach its moment in {steps} steps and stands at {now}")]
pub struct TooManySteps {
    /// How many were made.
    pub steps: u64,
    /// Where the clock stands.
    pub now: Instant,
}

/// Hosts, links, and what will happen.
#[derive(Debug)]
pub struct World {
    fabric: Fabric,
    hosts: Vec<Host>,
    steps: u64,
    /// The most steps that one call of [`World::run_until`] makes.
    pub step_limit: u64,
}

impl World {
    /// An empty world at the start of its time. All chance follows from the seed.
    #[must_use]
    pub fn new(seed: &[u8]) -> Self {
        Self::with_key_log(seed, Box::new(NoKeyLog))
    }

    /// An empty world whose stations and services log their secrets.
    #[must_use]
    pub fn with_key_log(seed: &[u8], key_log: Box<dyn KeyLog>) -> Self {
        Self { fabric: Fabric::new(seed, key_log), hosts: Vec::new(), steps: 0, step_limit: 100_000_000 }
    }

    /// The moment.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.fabric.now
    }

    /// How many events there have been.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The moment of the next event.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.fabric.queue.next()
    }

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
        let id = TapId(self.fabric.taps.last_key_value().map_or(0, |(last, _)| last.0 + 1));
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

    /// A service, if there is one of that type on that port.
    #[must_use]
    pub fn service<T: Service>(&self, host: HostId, port: u16) -> Option<&T> {
        let service: &dyn Any = &**self.host(host).services.get(&port)?;
        service.downcast_ref()
    }

    fn settle(&mut self, host: HostId) {
        self.hosts[host.index()].settle(&mut self.fabric);
    }

    /// Lets the next event happen. Its moment, or `None` if nothing will happen any more.
    pub fn step(&mut self) -> Option<Instant> {
        let (moment, event) = self.fabric.queue.pop()?;
        self.fabric.now = moment;
        self.steps += 1;
        match event {
            Event::Arrival { link, direction, packet } => {
                let (host, interface) = self.fabric.links[link.index()].ends[direction.to()];
                self.fabric.work.push_back(Work::Arrived(interface, packet));
                self.settle(host);
            }
            Event::Wake { host } => self.hosts[host.index()].on_wake(&mut self.fabric),
        }
        Some(moment)
    }

    /// Lets everything happen up to a moment, that moment included, and sets the clock to it. How many steps it took.
    ///
    /// # Errors
    ///
    /// If that takes more than [`World::step_limit`] steps.
    pub fn run_until(&mut self, moment: Instant) -> Result<u64, TooManySteps> {
        let before = self.steps;
        while self.next_event().is_some_and(|next| next <= moment) {
            let steps = self.steps - before;
            if steps >= self.step_limit {
                return Err(TooManySteps { steps, now: self.now() });
            }
            self.step();
        }
        self.fabric.now = self.now().max(moment);
        Ok(self.steps - before)
    }

    /// Lets everything happen for so long.
    ///
    /// # Errors
    ///
    /// If that takes more than [`World::step_limit`] steps.
    pub fn run_for(&mut self, time: Duration) -> Result<u64, TooManySteps> {
        self.run_until(self.now() + time)
    }
}
