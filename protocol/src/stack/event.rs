//! What an endpoint is told and what it tells.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::ppp::LinkId;
use crate::{esp, isakmp, l2tp, ppp};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A connection.
    Connect {
        /// Our address.
        local: IpAddr,
        /// The supernode's.
        peer: IpAddr,
    },
    /// The orderly end of every connection: PPP, then the tunnel, then the SAs.
    Disconnect,
    /// How far the endpoint goes by itself from now on. What waited goes on.
    Reach(Reach),
    /// Something of IKE.
    Isakmp(isakmp::Command),
    /// Something of L2TP.
    L2tp(l2tp::Command),
    /// Something of PPP.
    Ppp(ppp::Command),
}

/// Which layers an endpoint brings up by itself, each when the one below is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// IKE and ESP.
    Associations,
    /// L2TP's tunnel too.
    Tunnel,
    /// Its session too.
    Session,
    /// All, PPP too.
    Link,
}

/// What has happened, and in which layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// In IKE.
    Isakmp(isakmp::Event),
    /// In ESP.
    Esp(esp::Event),
    /// In L2TP.
    L2tp(l2tp::Event),
    /// In PPP.
    Ppp(ppp::Event),
    /// L2TP came in the clear where it has to be protected (L2IP-3193-2-a).
    ClearL2tp {
        /// From whom.
        peer: SocketAddr,
    },
    /// A data message was dropped.
    DataDropped(l2tp::Dropped),
}

/// What is to be done outside. Octets stand in the packet that was lent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A UDP payload to send.
    Udp {
        /// From where.
        local: SocketAddr,
        /// To whom.
        peer: SocketAddr,
    },
    /// An ESP packet to send, as protocol 50 of IP.
    Esp {
        /// From where.
        local: IpAddr,
        /// To whom.
        peer: IpAddr,
    },
    /// A user's packet that has come.
    User {
        /// Over which link.
        link: LinkId,
        /// Which version of IP it is.
        version: u8,
    },
    /// A link is up: the host gets an interface for it.
    LinkUp {
        /// Which.
        link: LinkId,
        /// Our address.
        own: Ipv4Addr,
        /// The peer's address.
        peer: Ipv4Addr,
        /// The resolvers that we were told.
        dns: [Option<Ipv4Addr>; 2],
        /// The greatest packet, in octets.
        mtu: u16,
    },
    /// A link is down.
    LinkDown {
        /// Which.
        link: LinkId,
    },
    /// Something has happened.
    Event(Event),
}
