//! A translator (RFC 3022, RFC 4787): the addresses and ports of the hosts behind it become one address and ports of
//! its own. Mappings do not depend on the other end, and whoever knows one may use it.
//!
//! It changes what it must and corrects checksums by the difference (RFC 1624), so that what was damaged before
//! stays damaged behind.

mod rewrite;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::time::Duration;

use etherparse::Ipv4Header;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::{InterfaceId, ip};

/// Which interfaces lead outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// One.
    Interface(InterfaceId),
    /// Every tunnel interface of the host.
    Tunnels,
}

/// How a port is chosen for a new mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortPolicy {
    /// The inside port if it is free, else the first free one of the range.
    Preserve(RangeInclusive<u16>),
    /// The first free one of the range after the one chosen last.
    FromRange(RangeInclusive<u16>),
}

/// After how long without a packet a mapping is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOuts {
    /// Of UDP. RFC 4787 REQ-5 wants two minutes or more; many devices take less.
    pub udp: Duration,
    /// Of TCP (RFC 5382 REQ-5: two hours and four minutes).
    pub tcp: Duration,
    /// Of ICMP echo (RFC 5508 REQ-2: 60 seconds).
    pub icmp: Duration,
    /// Of ESP.
    pub esp: Duration,
}

/// How a translator works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatConfig {
    /// Which interfaces lead outside; the address of the interface is the outside address.
    pub outside: Outside,
    /// How ports are chosen.
    pub ports: PortPolicy,
    /// Ports that are never chosen, because the host itself uses them.
    pub reserved: BTreeSet<u16>,
    /// When mappings are forgotten.
    pub time_outs: TimeOuts,
    /// Whether ESP without UDP goes through: its address is translated, for the last inside host that sent to a
    /// destination.
    pub passes_esp: bool,
}

impl NatConfig {
    /// A translator that preserves ports if it can, forgets UDP after 30 seconds and lets no ESP through.
    #[must_use]
    pub const fn new(outside: Outside) -> Self {
        Self {
            outside,
            ports: PortPolicy::Preserve(32_768..=60_999),
            reserved: BTreeSet::new(),
            time_outs: TimeOuts {
                udp: Duration::from_secs(30),
                tcp: Duration::from_secs(7440),
                icmp: Duration::from_secs(60),
                esp: Duration::from_secs(600),
            },
            passes_esp: false,
        }
    }
}

/// One end of a mapping: the protocol, an address and a port or echo identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    protocol: u8,
    end: SocketAddrV4,
}

/// A mapping, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// IPv4's Protocol.
    pub protocol: u8,
    /// The address and port behind the translator.
    pub inside: SocketAddrV4,
    /// The address and port that others see.
    pub outside: SocketAddrV4,
    /// When it was used last.
    pub used: Instant,
}

/// What has happened to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Translation {
    /// It was translated.
    Done,
    /// It is none of the translator's.
    NotMine,
    /// It cannot be translated and must be dropped.
    Impossible,
}

/// A translator.
#[derive(Debug)]
pub struct Nat {
    config: NatConfig,
    by_inside: BTreeMap<Key, Mapping>,
    by_outside: BTreeMap<Key, Key>,
    /// Outside ports that the mappings before the last rebinding had.
    retired: BTreeSet<(u8, u16)>,
    next_port: u16,
    esp: BTreeMap<Ipv4Addr, (Ipv4Addr, Instant)>,
}

impl Nat {
    /// A translator without mappings.
    #[must_use]
    pub fn new(config: NatConfig) -> Self {
        let (PortPolicy::Preserve(range) | PortPolicy::FromRange(range)) = &config.ports;
        Self {
            next_port: *range.start(),
            config,
            by_inside: BTreeMap::new(),
            by_outside: BTreeMap::new(),
            retired: BTreeSet::new(),
            esp: BTreeMap::new(),
        }
    }

    /// How it works.
    #[must_use]
    pub const fn config(&self) -> &NatConfig {
        &self.config
    }

    /// Its mappings, those included whose time is over but which nobody has asked for since.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        self.by_inside.values()
    }

    /// Forgets every mapping, as a restart does, and chooses other ports from now on than those it had.
    pub fn rebind(&mut self) {
        self.retired = self.by_outside.keys().map(|key| (key.protocol, key.end.port())).collect();
        self.by_inside.clear();
        self.by_outside.clear();
        self.esp.clear();
    }

    /// Translates a whole datagram that goes outside.
    pub(crate) fn outbound(
        &mut self,
        now: Instant,
        address: Ipv4Addr,
        header: &mut Ipv4Header,
        packet: &mut Packet,
    ) -> Translation {
        let source = Ipv4Addr::from(header.source);
        if header.protocol.0 == ip::ESP {
            return self.outbound_esp(now, address, header, packet);
        }
        if let Some(flow) = rewrite::Embedded::of(header, packet) {
            return self.outbound_error(now, address, flow, header, packet);
        }
        let Some(port) = rewrite::source_port(header, packet) else { return Translation::Impossible };
        let inside = Key { protocol: header.protocol.0, end: SocketAddrV4::new(source, port) };
        let Some(outside) = self.map(now, inside, address) else { return Translation::Impossible };
        rewrite::source(header, packet, outside);
        Translation::Done
    }

    /// Translates a whole datagram that came from outside.
    pub(crate) fn inbound(
        &mut self,
        now: Instant,
        header: &mut Ipv4Header,
        packet: &mut Packet,
    ) -> Translation {
        if header.protocol.0 == ip::ESP {
            return self.inbound_esp(now, header, packet);
        }
        let embedded = rewrite::Embedded::of(header, packet);
        let (protocol, end) = match embedded {
            Some(flow) => (flow.protocol, flow.source),
            None => {
                let Some(port) = rewrite::destination_port(header, packet) else {
                    return Translation::NotMine;
                };
                (header.protocol.0, SocketAddrV4::new(Ipv4Addr::from(header.destination), port))
            }
        };
        let Some(inside) = self.inside_of(now, Key { protocol, end }) else { return Translation::NotMine };
        match embedded {
            Some(flow) => rewrite::error_to_inside(header, packet, flow, inside),
            None => rewrite::destination(header, packet, inside),
        }
        Translation::Done
    }

    fn inside_of(&mut self, now: Instant, outside: Key) -> Option<SocketAddrV4> {
        let inside = *self.by_outside.get(&outside)?;
        let mapping = self.by_inside.get_mut(&inside)?;
        if now.since(mapping.used) >= time_out(&self.config.time_outs, inside.protocol) {
            self.forget(inside);
            return None;
        }
        mapping.used = now;
        Some(inside.end)
    }

    fn forget(&mut self, inside: Key) {
        if let Some(mapping) = self.by_inside.remove(&inside) {
            self.by_outside.remove(&Key { protocol: inside.protocol, end: mapping.outside });
        }
    }

    /// The outside end of a flow, by a mapping that is there or a new one.
    fn map(&mut self, now: Instant, inside: Key, address: Ipv4Addr) -> Option<SocketAddrV4> {
        if let Some(mapping) = self.by_inside.get_mut(&inside) {
            let is_alive = now.since(mapping.used) < time_out(&self.config.time_outs, inside.protocol);
            if is_alive && *mapping.outside.ip() == address {
                mapping.used = now;
                return Some(mapping.outside);
            }
            self.forget(inside);
        }
        let outside = SocketAddrV4::new(address, self.choose_port(now, inside, address)?);
        let protocol = inside.protocol;
        self.by_inside.insert(inside, Mapping { protocol, inside: inside.end, outside, used: now });
        self.by_outside.insert(Key { protocol, end: outside }, inside);
        Some(outside)
    }

    fn choose_port(&mut self, now: Instant, inside: Key, address: Ipv4Addr) -> Option<u16> {
        let range = match &self.config.ports {
            PortPolicy::Preserve(range) => {
                let (port, range) = (inside.end.port(), range.clone());
                if self.is_free(now, inside.protocol, address, port) {
                    return Some(port);
                }
                range
            }
            PortPolicy::FromRange(range) => range.clone(),
        };
        for _ in range.clone() {
            let port = self.next_port;
            self.next_port = if port >= *range.end() { *range.start() } else { port + 1 };
            if self.is_free(now, inside.protocol, address, port) {
                return Some(port);
            }
        }
        None
    }

    /// Whether a port can be chosen; the mapping that has it gives way once its time is over.
    fn is_free(&mut self, now: Instant, protocol: u8, address: Ipv4Addr, port: u16) -> bool {
        if self.config.reserved.contains(&port) || self.retired.contains(&(protocol, port)) {
            return false;
        }
        let outside = Key { protocol, end: SocketAddrV4::new(address, port) };
        let Some(inside) = self.by_outside.get(&outside).copied() else { return true };
        let is_over = self
            .by_inside
            .get(&inside)
            .is_none_or(|mapping| now.since(mapping.used) >= time_out(&self.config.time_outs, protocol));
        if is_over {
            self.forget(inside);
        }
        is_over
    }

    /// An error from inside about a packet that came from outside: its mapping is there.
    fn outbound_error(
        &mut self,
        now: Instant,
        address: Ipv4Addr,
        flow: rewrite::Embedded,
        header: &mut Ipv4Header,
        packet: &mut Packet,
    ) -> Translation {
        let inside = Key { protocol: flow.protocol, end: flow.destination };
        let time_out = time_out(&self.config.time_outs, flow.protocol);
        match self.by_inside.get(&inside) {
            Some(mapping) if now.since(mapping.used) < time_out => {
                rewrite::error_to_outside(header, packet, flow, address, mapping.outside);
                Translation::Done
            }
            _ => Translation::Impossible,
        }
    }

    fn outbound_esp(
        &mut self,
        now: Instant,
        address: Ipv4Addr,
        header: &mut Ipv4Header,
        packet: &mut Packet,
    ) -> Translation {
        if !self.config.passes_esp {
            return Translation::Impossible;
        }
        self.esp.insert(Ipv4Addr::from(header.destination), (Ipv4Addr::from(header.source), now));
        header.source = address.octets();
        ip::rewrite(packet, header);
        Translation::Done
    }

    fn inbound_esp(&mut self, now: Instant, header: &mut Ipv4Header, packet: &mut Packet) -> Translation {
        match self.esp.get_mut(&Ipv4Addr::from(header.source)) {
            Some((inside, used)) if now.since(*used) < self.config.time_outs.esp => {
                *used = now;
                header.destination = inside.octets();
                ip::rewrite(packet, header);
                Translation::Done
            }
            _ => Translation::NotMine,
        }
    }
}

const fn time_out(time_outs: &TimeOuts, protocol: u8) -> Duration {
    match protocol {
        ip::TCP => time_outs.tcp,
        ip::ICMP => time_outs.icmp,
        _ => time_outs.udp,
    }
}
