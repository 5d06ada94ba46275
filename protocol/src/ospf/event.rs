//! What the layer is told and what it tells.

use core::fmt;
use core::net::Ipv4Addr;

use super::config::{Announcement, InterfaceConfig};
use super::table::Neighbor as State;
use crate::codec::Malformed;

/// A number of the owner's for an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId(pub u32);

/// The payload of an IP datagram of protocol 89.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Over which interface.
    pub interface: InterfaceId,
    /// The sender's address; our own in what is to be sent.
    pub source: Ipv4Addr,
    /// The destination.
    pub destination: Ipv4Addr,
    /// The OSPF packet.
    pub octets: Vec<u8>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An interface is up, or is another one now.
    InterfaceUp {
        /// Which.
        interface: InterfaceId,
        /// How it behaves.
        config: InterfaceConfig,
    },
    /// An interface is down.
    InterfaceDown {
        /// Which.
        interface: InterfaceId,
    },
    /// A network is to be announced from now on, or in another way than before.
    Announce(Announcement),
    /// A network is to be announced no longer, whichever way it was.
    Withdraw {
        /// The network.
        network: Ipv4Addr,
        /// The bits of its mask.
        length: u8,
    },
}

/// The kinds of ways, each preferred to those after it (RFC 2328 section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathType {
    /// Inside the area.
    IntraArea,
    /// Into another area.
    InterArea,
    /// Outside, at a cost that adds to that of the way to the border.
    External1,
    /// Outside, at a cost greater than any inside.
    External2,
}

/// A way to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The network.
    pub network: Ipv4Addr,
    /// The bits of its mask.
    pub length: u8,
    /// The interface that it leaves by.
    pub interface: InterfaceId,
    /// Which kind of way it is.
    pub kind: PathType,
    /// The cost; of the second type of external ways that outside.
    pub cost: u32,
}

/// Why a packet was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// It cannot be read.
    Malformed(Malformed),
    /// It is for an address that is neither ours nor that of all routers.
    Destination(Ipv4Addr),
    /// It comes from our own address: what we have sent came back.
    Source(Ipv4Addr),
    /// Its type is not known.
    PacketType(u8),
    /// It is of another area.
    Area(Ipv4Addr),
    /// It is not authenticated as the interface wants it, or wrongly.
    Authentication,
    /// Its cryptographic sequence number is an old one.
    Replayed,
    /// It comes from a router with our own name.
    OwnRouterId,
    /// Its intervals are not those of the interface: `HelloInterval` and `RouterDeadInterval`, in seconds.
    Intervals(u16, u32),
    /// Its E bit does not fit the area.
    ExternalRouting,
    /// It is no Hello and comes from a router that is no neighbour.
    Stranger(Ipv4Addr),
    /// Its Interface MTU is greater than ours, in octets.
    Mtu {
        /// The neighbour's.
        got: u16,
        /// Ours.
        own: u16,
    },
    /// It has no place in the state of the neighbour.
    State(State),
    /// A Database Description that does not fit the exchange.
    SequenceMismatch,
    /// A request for what is not there.
    UnknownLsa,
    /// An LSA whose checksum is wrong.
    LsaChecksum,
    /// An LSA of a type that is not known.
    LsaType,
    /// A newer LSA too soon after the last.
    TooSoon,
}

impl Violation {
    /// The requirement that is at stake.
    #[must_use]
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::Malformed(_)
            | Self::Destination(_)
            | Self::Source(_)
            | Self::PacketType(_)
            | Self::Area(_)
            | Self::Authentication => "OSPF-2328-8.2-a",
            Self::Replayed => "OSPF-2328-D.4.3-a",
            Self::OwnRouterId | Self::Stranger(_) => "OSPF-2328-8.2-c",
            Self::Intervals(..) => "OSPF-2328-10.5-a",
            Self::ExternalRouting => "OSPF-2328-10.5-c",
            Self::Mtu { .. } => "OSPF-2328-10.6-a",
            Self::State(_) => "OSPF-2328-13-a",
            Self::SequenceMismatch => "OSPF-2328-10.6-c",
            Self::UnknownLsa => "OSPF-2328-10.7-a",
            Self::LsaChecksum | Self::LsaType => "OSPF-2328-13-b",
            Self::TooSoon => "OSPF-2328-13-c",
        }
    }
}

impl From<Malformed> for Violation {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Destination(address) => write!(f, "packet for {address}"),
            Self::Source(address) => write!(f, "packet from our own address {address}"),
            Self::PacketType(number) => write!(f, "packet of unknown type {number}"),
            Self::Area(area) => write!(f, "packet of area {area}"),
            Self::Authentication => f.write_str("packet that is not authenticated as it should be"),
            Self::Replayed => f.write_str("packet with an old cryptographic sequence number"),
            Self::OwnRouterId => f.write_str("packet with our own Router ID"),
            Self::Intervals(hello, dead) => {
                write!(f, "Hello with HelloInterval {hello} and RouterDeadInterval {dead}")
            }
            Self::ExternalRouting => f.write_str("Hello whose E bit does not fit the area"),
            Self::Stranger(router) => write!(f, "packet of router {router}, which is no neighbour"),
            Self::Mtu { got, own } => {
                write!(f, "Database Description with Interface MTU {got}, beyond {own}")
            }
            Self::State(state) => write!(f, "packet that has no place in {state:?}"),
            Self::SequenceMismatch => f.write_str("Database Description that does not fit the exchange"),
            Self::UnknownLsa => f.write_str("request for an LSA that is not there"),
            Self::LsaChecksum => f.write_str("LSA whose checksum is wrong"),
            Self::LsaType => f.write_str("LSA of an unknown type"),
            Self::TooSoon => f.write_str("LSA too soon after the one before it"),
        }
    }
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A neighbour is in another state.
    Neighbor {
        /// On which interface.
        interface: InterfaceId,
        /// Its Router ID.
        router_id: Ipv4Addr,
        /// The state it was in.
        from: State,
        /// The state it is in.
        to: State,
    },
    /// The ways to networks are others now.
    Routes(Vec<Route>),
    /// A packet, or an LSA in it, was set aside.
    Rejected {
        /// On which interface.
        interface: InterfaceId,
        /// Why.
        violation: Violation,
    },
}
