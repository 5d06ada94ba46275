//! What lies behind the links: the host by a TUN device, or nobody, who answers pings all the same.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::ppp::LinkId;

use super::error::LiveError;
use super::netlink::{Netlink, Pinned};
use super::resolver::Resolver;
use super::tun::Tun;
use crate::world::icmp::{self, Message};
use crate::world::ip::{self, Fields};
use crate::world::route::Prefix;

/// The default route as two halves: each is longer than the default route of the host, which stays where it is.
const HALVES: [Prefix; 2] = [Prefix::half(false), Prefix::half(true)];
/// The Time to Live of answers.
const TIME_TO_LIVE: u8 = 64;

/// What the host is to be changed in while a client's link is up.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What is led into the tunnel besides the peer's own address.
    pub routes: Vec<Prefix>,
    /// Whether everything else is too.
    pub default_route: bool,
    /// The file of resolvers that gets those of the tunnel.
    pub resolver_file: Option<PathBuf>,
}

/// A link that carries IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Up {
    pub(super) link: LinkId,
    pub(super) own: Ipv4Addr,
    pub(super) peer: Ipv4Addr,
    pub(super) dns: [Option<Ipv4Addr>; 2],
    pub(super) mtu: u16,
}

/// Who is behind the links.
#[derive(Debug)]
pub(super) enum Door {
    /// The host.
    Tun(Box<Tun>),
    /// Nobody.
    Closed {
        /// Packets that nobody took.
        refused: u64,
    },
}

/// The inside.
#[derive(Debug)]
pub(super) struct Inside {
    /// Put back first: the resolvers of the tunnel are of no use without it.
    resolver: Option<Resolver>,
    pinned: Option<Pinned>,
    door: Door,
    by_peer: BTreeMap<Ipv4Addr, LinkId>,
    /// The one link of a client, which takes whatever the host sends into it.
    only: Option<LinkId>,
    own: Vec<Ipv4Addr>,
    client: Option<(Settings, Ipv4Addr)>,
    next_identification: u16,
}

impl Inside {
    /// Behind a client, whose supernode is at an address.
    pub(super) const fn of_client(door: Door, settings: Settings, supernode: Ipv4Addr) -> Self {
        Self::new(door, Some((settings, supernode)))
    }

    /// Behind a supernode that gives addresses from `first` to `last`: all of them are led into the device at once.
    ///
    /// # Errors
    /// If the host refuses that.
    pub(super) async fn of_supernode(
        door: Door,
        own: Ipv4Addr,
        [first, last]: [Ipv4Addr; 2],
        mtu: u16,
    ) -> Result<Self, LiveError> {
        if let Door::Tun(tun) = &door {
            tun.set_up(own, None, mtu).await?;
            for prefix in Prefix::cover(first, last) {
                tun.route(prefix).await?;
            }
        }
        let mut inside = Self::new(door, None);
        inside.own.push(own);
        Ok(inside)
    }

    const fn new(door: Door, client: Option<(Settings, Ipv4Addr)>) -> Self {
        Self {
            resolver: None,
            pinned: None,
            door,
            by_peer: BTreeMap::new(),
            only: None,
            own: Vec::new(),
            client,
            next_identification: 0,
        }
    }

    /// The name of the device.
    pub(super) fn device(&self) -> Option<&str> {
        match &self.door {
            Door::Tun(tun) => Some(tun.name()),
            Door::Closed { .. } => None,
        }
    }

    /// How many packets nobody took.
    pub(super) const fn refused(&self) -> u64 {
        match &self.door {
            Door::Tun(tun) => tun.refused,
            Door::Closed { refused } => *refused,
        }
    }

    /// A link is up.
    ///
    /// # Errors
    /// If the host refuses what goes with it.
    pub(super) async fn link_up(&mut self, netlink: &Netlink, up: Up) -> Result<(), LiveError> {
        self.by_peer.insert(up.peer, up.link);
        let Some((settings, supernode)) = &self.client else { return Ok(()) };
        self.only = Some(up.link);
        self.own = vec![up.own];
        let Door::Tun(tun) = &self.door else { return Ok(()) };
        let swallows = |prefix: &Prefix| prefix.contains(*supernode);
        if settings.default_route || settings.routes.iter().any(swallows) || up.peer == *supernode {
            // Before any route leads the tunnel into itself.
            let pinned = Pinned::host(netlink, *supernode).await;
            self.pinned = pinned.map_err(|source| LiveError::NoWay { to: *supernode, source })?;
        }
        tun.set_up(up.own, Some(up.peer), up.mtu).await?;
        let halves = if settings.default_route { &HALVES[..] } else { &[] };
        for prefix in settings.routes.iter().chain(halves) {
            tun.route(*prefix).await?;
        }
        let servers: Vec<Ipv4Addr> = up.dns.into_iter().flatten().collect();
        if let Some(path) = settings.resolver_file.as_ref().filter(|_| !servers.is_empty()) {
            let what = path.display().to_string();
            self.resolver = Some(Resolver::replace(path, &servers).map_err(LiveError::host(what))?);
        }
        Ok(())
    }

    /// A link is down.
    ///
    /// # Errors
    /// If the host refuses what goes with it.
    pub(super) async fn link_down(&mut self, link: LinkId) -> Result<(), LiveError> {
        self.by_peer.retain(|_, of| *of != link);
        if self.only.take_if(|only| *only == link).is_some() {
            (self.resolver, self.pinned) = (None, None);
            self.own.clear();
            if let Door::Tun(tun) = &self.door {
                tun.set_down().await?;
            }
        }
        Ok(())
    }

    /// Waits until the host has sent something.
    ///
    /// # Errors
    /// If the device is gone.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match &self.door {
            Door::Tun(tun) => tun.readable().await,
            Door::Closed { .. } => std::future::pending().await,
        }
    }

    /// Takes what the host has sent. Whether there was anything.
    ///
    /// # Errors
    /// If the device is gone.
    pub(super) fn receive(&mut self, packet: &mut Packet) -> io::Result<bool> {
        match &mut self.door {
            Door::Tun(tun) => tun.receive(packet),
            Door::Closed { .. } => Ok(false),
        }
    }

    /// The link that a packet of the host's belongs on: a client has one for all, a supernode one for each address.
    pub(super) fn link_for(&self, packet: &Packet) -> Option<LinkId> {
        let octets = packet.octets();
        if octets.first().is_none_or(|first| first >> 4 != 4) {
            return None;
        }
        self.only.or_else(|| {
            let destination: [u8; 4] = octets.get(16..20)?.try_into().ok()?;
            self.by_peer.get(&Ipv4Addr::from(destination)).copied()
        })
    }

    /// Hands over a packet that came by a link. Whether it has become an answer, which goes back by the same link.
    pub(super) fn deliver(&mut self, packet: &mut Packet) -> bool {
        if let Door::Tun(tun) = &mut self.door {
            tun.send(packet.octets());
            return false;
        }
        let is_answer = self.answer(packet);
        if let Door::Closed { refused } = &mut self.door {
            *refused += u64::from(!is_answer);
        }
        is_answer
    }

    /// Lets the host have all that was handed over.
    pub(super) async fn flush(&mut self) {
        if let Door::Tun(tun) = &mut self.door {
            tun.flush().await;
        }
    }

    /// Turns an Echo-Request for us into the reply to it (RFC 1122 section 3.2.2.6).
    fn answer(&mut self, packet: &mut Packet) -> bool {
        let Some(header) = ip::header(packet) else { return false };
        let (source, destination) = (Ipv4Addr::from(header.source), Ipv4Addr::from(header.destination));
        let is_whole = !header.is_fragmenting_payload() && header.protocol.0 == ip::ICMP;
        if !is_whole || !self.own.contains(&destination) {
            return false;
        }
        let Some(Message::Echo { is_reply: false, identifier, sequence, data }) =
            icmp::open(ip::payload(&header, packet.octets()))
        else {
            return false;
        };
        let length = data.len();
        if packet.strip_front(packet.len() - length).is_none() {
            return false;
        }
        icmp::wrap_echo(packet, true, identifier, sequence);
        self.next_identification = self.next_identification.wrapping_add(1);
        let fields = Fields {
            source: destination,
            destination: source,
            protocol: ip::ICMP,
            identification: self.next_identification,
            time_to_live: TIME_TO_LIVE,
            dont_fragment: header.dont_fragment,
        };
        ip::wrap(packet, &fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 1);
    const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 9);

    fn echo(destination: Ipv4Addr, protocol: u8) -> Packet {
        let mut packet = Packet::new(b"are you there");
        icmp::wrap_echo(&mut packet, false, 7, 8);
        let (source, identification, time_to_live) = (CLIENT, 1, 9);
        let dont_fragment = false;
        let fields = Fields { source, destination, protocol, identification, time_to_live, dont_fragment };
        assert!(ip::wrap(&mut packet, &fields));
        packet
    }

    fn closed() -> Inside {
        let mut inside = Inside::new(Door::Closed { refused: 0 }, None);
        inside.own.push(OWN);
        inside
    }

    #[test]
    fn nobody_answers_pings() {
        let (mut inside, mut packet) = (closed(), echo(OWN, ip::ICMP));
        assert!(inside.deliver(&mut packet));
        let header = ip::header(&mut packet).expect("a header with its checksum right");
        assert_eq!((header.source, header.destination), (OWN.octets(), CLIENT.octets()));
        let reply = Message::Echo { is_reply: true, identifier: 7, sequence: 8, data: b"are you there" };
        assert_eq!(icmp::open(ip::payload(&header, packet.octets())), Some(reply));
        // The reply to a reply would go on for ever.
        assert!(!closed().deliver(&mut packet));
        assert_eq!(inside.refused(), 0);
    }

    #[test]
    fn nobody_takes_anything_else() {
        let mut inside = closed();
        let mut broken = echo(OWN, ip::ICMP);
        broken.octets_mut()[30] ^= 1;
        for mut packet in [echo(CLIENT, ip::ICMP), echo(OWN, ip::UDP), broken, Packet::new(b"E")] {
            assert!(!inside.deliver(&mut packet));
        }
        assert_eq!(inside.refused(), 4);
    }

    #[test]
    fn a_packet_goes_to_the_client_that_has_its_address() {
        let mut inside = closed();
        inside.by_peer.insert(CLIENT, LinkId(3));
        assert_eq!(inside.link_for(&echo(CLIENT, ip::ICMP)), Some(LinkId(3)));
        assert_eq!(inside.link_for(&echo(OWN, ip::ICMP)), None);
        assert_eq!(inside.link_for(&Packet::new(&[0x60; 40])), None, "IPv6");
        inside.only = Some(LinkId(5));
        assert_eq!(inside.link_for(&echo(OWN, ip::ICMP)), Some(LinkId(5)));
    }
}
