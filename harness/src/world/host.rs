//! A host or router: interfaces, routes, and what lives on it. An idle one is small: what only some hosts have is
//! behind a pointer.

mod arrive;
mod deliver;
mod leave;
mod live;

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::interface::{Interface, InterfaceId, Kind};
use super::nat::Nat;
use super::route::{Prefix, Route, Routes};
use super::station::{Routing, Service, Station, StationId, TunnelId, TunnelInterface};
use super::user::User;
use super::{HostId, ip};
use crate::capture::reassembly::Reassembly;

/// The Time to Live of what a host makes (RFC 1340).
pub(crate) const TIME_TO_LIVE: u8 = 64;

/// What a host refuses to take in: clear L2TP on a WAN interface, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// On which interface.
    pub interface: InterfaceId,
    /// IPv4's Protocol.
    pub protocol: u8,
    /// To which port of UDP or TCP; any if none is named.
    pub destination_port: Option<u16>,
    /// Whether the sender is told (RFC 1812 section 5.2.7.1, code 13).
    pub answers: bool,
}

impl Filter {
    /// Drops L2TP that is not protected by ESP: UDP to port 1701.
    #[must_use]
    pub const fn clear_l2tp(interface: InterfaceId) -> Self {
        Self { interface, protocol: ip::UDP, destination_port: Some(1701), answers: false }
    }
}

/// What has happened on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostCounters {
    /// Packets that came in.
    pub arrived: u64,
    /// Packets for the host itself.
    pub delivered: u64,
    /// Packets passed on.
    pub forwarded: u64,
    /// Datagrams cut into fragments.
    pub fragmented: u64,
    /// Datagrams put together from fragments.
    pub reassembled: u64,
    /// Packets whose IPv4 header or checksum was wrong.
    pub bad_headers: u64,
    /// Packets whose UDP or ICMP checksum was wrong.
    pub bad_checksums: u64,
    /// Packets that nothing could be done with: not for the host, no route, Time to Live run out, too long.
    pub undeliverable: u64,
    /// Packets that a filter or the translator dropped.
    pub refused: u64,
    /// Datagrams of an endpoint whose route leads into a tunnel of its own.
    pub looped: u64,
    /// Times that the host was stopped because it gave itself work without end.
    pub overruns: u64,
}

/// Something that a host has to do now.
#[derive(Debug)]
pub(crate) enum Work {
    /// A packet came in by an interface.
    Arrived(InterfaceId, Packet),
    /// A packet that the host made is to be sent.
    Send(Packet),
    /// The same, of a datagram that carries what is in the tunnels of an endpoint.
    SendOutside(StationId, Packet),
    /// A datagram of the host's own that leaves by this interface, whatever the routes say.
    Emit(InterfaceId, Packet),
}

/// A host or router.
pub struct Host {
    /// Whether it passes on packets that are not for it.
    pub is_forwarding: bool,
    /// What it refuses to take in.
    pub filters: Vec<Filter>,
    /// Where packets go.
    pub routes: Routes,
    /// What has happened.
    pub counters: HostCounters,
    pub(crate) id: HostId,
    pub(crate) nat: Option<Box<Nat>>,
    pub(crate) woken_at: Option<Instant>,
    interfaces: Vec<Option<Interface>>,
    /// Every address of the host, with how many interfaces have it.
    addresses: BTreeMap<Ipv4Addr, u32>,
    tunnels: BTreeMap<(StationId, TunnelId), InterfaceId>,
    free_interfaces: Vec<InterfaceId>,
    pub(crate) stations: Vec<Box<dyn Station>>,
    pub(crate) services: BTreeMap<u16, Box<dyn Service>>,
    pub(crate) routing: Option<Box<dyn Routing>>,
    /// The routes that it has learnt.
    pub(crate) learnt: Vec<Route>,
    user: Option<Box<User>>,
    reassembly: Option<Box<Reassembly>>,
    next_identification: u16,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("id", &self.id)
            .field("interfaces", &self.interfaces)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Host {
    pub(crate) fn new(id: HostId, is_forwarding: bool) -> Self {
        Self {
            is_forwarding,
            filters: Vec::new(),
            routes: Routes::default(),
            counters: HostCounters::default(),
            id,
            nat: None,
            woken_at: None,
            interfaces: Vec::new(),
            addresses: BTreeMap::new(),
            tunnels: BTreeMap::new(),
            free_interfaces: Vec::new(),
            stations: Vec::new(),
            services: BTreeMap::new(),
            routing: None,
            learnt: Vec::new(),
            user: None,
            reassembly: None,
            next_identification: 0,
        }
    }

    /// The tunnel interfaces that it has.
    pub(crate) fn tunnel_interfaces(&self) -> Vec<TunnelInterface> {
        let described = |(id, entry): (InterfaceId, &Interface)| match entry.kind {
            Kind::Tunnel { peer, mtu, .. } => {
                let address = *entry.addresses.first()?;
                Some(TunnelInterface { interface: id, address, peer, mtu })
            }
            Kind::Link { .. } => None,
        };
        self.interfaces().filter_map(described).collect()
    }

    /// One of its interfaces.
    #[must_use]
    pub fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        self.interfaces.get(id.0)?.as_ref()
    }

    /// Its interfaces, those of tunnels behind those that were there before.
    pub fn interfaces(&self) -> impl Iterator<Item = (InterfaceId, &Interface)> {
        let numbered = self.interfaces.iter().enumerate();
        numbered.filter_map(|(id, interface)| Some((InterfaceId(id), interface.as_ref()?)))
    }

    /// The interface of a tunnel that is up.
    #[must_use]
    pub fn tunnel(&self, station: StationId, tunnel: TunnelId) -> Option<InterfaceId> {
        self.tunnels.get(&(station, tunnel)).copied()
    }

    /// Whether an address is one of its own.
    #[must_use]
    pub fn has_address(&self, address: Ipv4Addr) -> bool {
        self.addresses.contains_key(&address)
    }

    /// The address that a packet to `destination` would come from.
    #[must_use]
    pub fn source_for(&self, destination: Ipv4Addr) -> Option<Ipv4Addr> {
        if self.has_address(destination) {
            return Some(destination);
        }
        let route = self.routes.find(destination, |interface| self.is_usable(interface))?;
        self.address_of(route.interface)
    }

    /// Gives an interface one more address, and a route to its block. Whether there is such an interface.
    pub fn add_address(&mut self, interface: InterfaceId, address: Ipv4Addr, length: u8) -> bool {
        let Some(Some(entry)) = self.interfaces.get_mut(interface.0) else { return false };
        entry.addresses.push(address);
        *self.addresses.entry(address).or_default() += 1;
        self.routes.add(Route { prefix: Prefix::new(address, length), interface, metric: 0 });
        true
    }

    /// Takes every address of an interface, and the routes to their block of that length. What routes lead elsewhere
    /// stay.
    pub fn clear_addresses(&mut self, interface: InterfaceId, length: u8) {
        let Some(Some(entry)) = self.interfaces.get_mut(interface.0) else { return };
        for address in std::mem::take(&mut entry.addresses) {
            self.routes.remove(Prefix::new(address, length), interface);
            self.forget_address(address);
        }
    }

    /// Adds a route.
    pub fn add_route(&mut self, prefix: Prefix, interface: InterfaceId) {
        self.routes.add(Route { prefix, interface, metric: 0 });
    }

    /// Lets packets pass an interface, or not. Whether there is such an interface.
    pub fn set_up(&mut self, interface: InterfaceId, is_up: bool) -> bool {
        let Some(Some(entry)) = self.interfaces.get_mut(interface.0) else { return false };
        entry.is_up = is_up;
        true
    }

    /// Its translator.
    #[must_use]
    pub fn nat(&self) -> Option<&Nat> {
        self.nat.as_deref()
    }

    /// Its translator, to be rebound.
    pub fn nat_mut(&mut self) -> Option<&mut Nat> {
        self.nat.as_deref_mut()
    }

    /// Puts a translator on the host, which forgets the one before.
    pub fn set_nat(&mut self, nat: Nat) {
        self.nat = Some(Box::new(nat));
    }

    pub(crate) fn add_interface(&mut self, kind: Kind) -> InterfaceId {
        let interface = Some(Interface { kind, addresses: Vec::new(), is_up: true });
        if let Some(id) = self.free_interfaces.pop() {
            self.interfaces[id.0] = interface;
            return id;
        }
        self.interfaces.push(interface);
        InterfaceId(self.interfaces.len() - 1)
    }

    pub(crate) fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }

    pub(crate) fn user_mut(&mut self) -> &mut User {
        self.user.get_or_insert_default()
    }

    fn is_usable(&self, interface: InterfaceId) -> bool {
        self.interface(interface).is_some_and(|interface| interface.is_up)
    }

    fn address_of(&self, interface: InterfaceId) -> Option<Ipv4Addr> {
        let own = self.interface(interface).and_then(|interface| interface.addresses.first().copied());
        own.or_else(|| self.addresses.keys().next().copied())
    }

    fn forget_address(&mut self, address: Ipv4Addr) {
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }

    fn identification(&mut self) -> u16 {
        self.next_identification = self.next_identification.wrapping_add(1);
        self.next_identification
    }
}
