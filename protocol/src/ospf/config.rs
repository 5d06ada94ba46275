//! How a router behaves.

use core::net::Ipv4Addr;
use core::time::Duration;

use super::spf::mask;

/// One router in one area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its name in the area.
    pub router_id: Ipv4Addr,
    /// The area.
    pub area_id: Ipv4Addr,
    /// Networks that it announces as its own.
    pub networks: Vec<Announced>,
    /// Networks outside of OSPF that it announces (AS-external-LSAs).
    pub externals: Vec<External>,
}

/// A network and what it costs to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// The network.
    pub network: Ipv4Addr,
    /// The bits of its mask.
    pub length: u8,
    /// The cost.
    pub cost: u16,
}

impl Announced {
    /// The network without the bits of hosts, and its length.
    pub(super) fn prefix(&self) -> (Ipv4Addr, u8) {
        (network(self.network, self.length), self.length)
    }
}

impl External {
    /// The network without the bits of hosts, and its length.
    pub(super) fn prefix(&self) -> (Ipv4Addr, u8) {
        (network(self.network, self.length), self.length)
    }
}

/// The address without the bits of hosts.
pub(super) fn network(address: Ipv4Addr, length: u8) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(address) & u32::from(mask(length)))
}

/// A network outside of OSPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct External {
    /// The network.
    pub network: Ipv4Addr,
    /// The bits of its mask.
    pub length: u8,
    /// The cost, below 2^24.
    pub cost: u32,
    /// Whether the cost counts for more than any way to the router (type 2).
    pub is_type_2: bool,
}

/// A network that is announced while the router runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// As the router's own, by a stub link of its router-LSA.
    Network(Announced),
    /// As one outside of OSPF, by an AS-external-LSA.
    External(External),
}

impl Config {
    /// Announces a network from now on; one that is announced already changes, in kind and cost.
    pub(super) fn announce(&mut self, announcement: Announcement) {
        match announcement {
            Announcement::Network(announced) => {
                self.withdraw(announced.prefix());
                self.networks.push(announced);
            }
            Announcement::External(external) => {
                self.withdraw(external.prefix());
                self.externals.push(external);
            }
        }
    }

    /// Announces a network no longer.
    pub(super) fn withdraw(&mut self, prefix: (Ipv4Addr, u8)) {
        self.networks.retain(|known| known.prefix() != prefix);
        self.externals.retain(|known| known.prefix() != prefix);
    }
}

/// How packets are authenticated (RFC 2328 appendix D).
#[derive(Clone, PartialEq, Eq)]
pub enum Authenticates {
    /// Not at all.
    Null,
    /// By a password in the clear, filled up with zeros.
    Simple([u8; 8]),
    /// By a digest.
    Md5 {
        /// Which key it is.
        key_id: u8,
        /// The key, at most 16 octets of which count.
        key: Vec<u8>,
    },
}

impl core::fmt::Debug for Authenticates {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Simple(_) => "Simple(..)",
            Self::Md5 { .. } => "Md5(..)",
        })
    }
}

/// A point-to-point interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceConfig {
    /// Its own address.
    pub address: Ipv4Addr,
    /// The peer's address.
    pub peer: Ipv4Addr,
    /// The largest datagram that it passes unfragmented, in octets.
    pub mtu: u16,
    /// Whether a greater MTU of the neighbour is taken all the same.
    pub ignores_mtu: bool,
    /// What it costs.
    pub cost: u16,
    /// `HelloInterval`.
    pub hello: Duration,
    /// `RouterDeadInterval`.
    pub dead: Duration,
    /// `RxmtInterval`.
    pub retransmission: Duration,
    /// `InfTransDelay`, above zero.
    pub transmission_delay: Duration,
    /// How packets are authenticated.
    pub authentication: Authenticates,
}

impl InterfaceConfig {
    /// An interface with the numbers that most routers have.
    #[must_use]
    pub const fn new(address: Ipv4Addr, peer: Ipv4Addr, mtu: u16) -> Self {
        Self {
            address,
            peer,
            mtu,
            ignores_mtu: false,
            cost: 10,
            hello: Duration::from_secs(10),
            dead: Duration::from_secs(40),
            retransmission: Duration::from_secs(5),
            transmission_delay: Duration::from_secs(1),
            authentication: Authenticates::Null,
        }
    }
}
