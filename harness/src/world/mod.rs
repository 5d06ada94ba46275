//! The virtual world: hosts, links between them, one clock and one queue of what will happen. The same seed and the
//! same calls give the same octets at the same moments.
//!
//! A packet is an IPv4 datagram; there is nothing below. A link has two ends, so a shared network is a router with
//! an interface for each of its hosts. What lives on a host is lent time, chance and buffers, and never touches the
//! operating system. Neither time nor memory is spent on a host that nothing happens to.

mod build;
mod clock;
mod fabric;
mod fragment;
pub mod host;
pub mod icmp;
pub mod interface;
pub mod ip;
pub mod link;
pub mod nat;
mod outlet;
mod queue;
pub mod record;
mod reset;
pub mod route;
pub mod rule;
pub mod station;
pub mod tcp;
pub mod user;
mod users;

use std::net::Ipv4Addr;

use l2tpspec_protocol::time::Instant;

pub use self::clock::World;
use self::interface::InterfaceId;

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
