//! The interfaces of a host: ends of links, and ends of tunnels.

use std::net::Ipv4Addr;

use super::LinkId;
use super::station::{StationId, TunnelId};

/// Names an interface of one host for as long as the interface exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct InterfaceId(pub(crate) usize);

impl InterfaceId {
    /// The interface of a number.
    #[must_use]
    pub const fn from_index(index: usize) -> Self {
        Self(index)
    }

    /// Its number: interfaces of a host are counted from zero, and that of a tunnel that went down is used again.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// What an interface is an end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A link.
    Link {
        /// Which.
        link: LinkId,
        /// Which end of it: 0 is the one named first.
        end: usize,
    },
    /// A tunnel.
    Tunnel {
        /// Of which station of the host.
        station: StationId,
        /// Which of its tunnels.
        tunnel: TunnelId,
        /// The address of the other end.
        peer: Ipv4Addr,
        /// The longest datagram that goes through, in octets.
        mtu: u16,
    },
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// What it is an end of.
    pub kind: Kind,
    /// Its addresses; the first one is used as a source.
    pub addresses: Vec<Ipv4Addr>,
    /// Whether packets leave by it and come in.
    pub is_up: bool,
}
