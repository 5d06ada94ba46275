//! What the layer is told and what it tells.

use core::fmt;
use core::net::Ipv4Addr;

use super::config::{Config, Method};
use super::{Protocol, lcp};
use crate::codec::Malformed;
use std::sync::Arc;

/// A number of the owner's for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// A frame on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The link.
    pub link: LinkId,
    /// The frame, from address and control or the protocol on.
    pub octets: Vec<u8>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The link is there, and is to be opened.
    Up {
        /// Which one.
        link: LinkId,
        /// How to behave on it.
        config: Arc<Config>,
    },
    /// The orderly end of a link.
    Close {
        /// Which one.
        link: LinkId,
    },
    /// The link is there no more.
    Down {
        /// Which one.
        link: LinkId,
    },
    /// The peer has to prove itself again, now.
    Reauthenticate {
        /// On which link.
        link: LinkId,
    },
    /// An Echo-Request, now.
    SayEcho {
        /// On which link.
        link: LinkId,
    },
}

/// Why authentication has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The peer says that we are not who we say, with its message.
    ByPeer(Vec<u8>),
    /// The peer is not who it says.
    WrongProof,
    /// The peer has not proved that it knows our secret, which MS-CHAPv2 asks of it.
    PeerNotProved,
    /// Nobody answers.
    NoAnswer,
    /// No method is common to both ends.
    NoCommonMethod,
}

/// Why a link is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// We were told to.
    Commanded,
    /// The peer has terminated it.
    ByPeer,
    /// LCP came to no agreement.
    NotAgreed,
    /// Authentication failed.
    NotAuthenticated(Refusal),
    /// The peer is silent.
    PeerSilent,
    /// What is sent comes back.
    LoopedBack,
    /// The link below is gone.
    LinkGone,
}

/// What a peer did that it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// It sent octets that are no packet.
    Malformed(Malformed),
    /// It sent a packet of a protocol that has no place in this phase (LCP-1661-3.4-a).
    WrongPhase(Protocol),
    /// It answered what was not asked.
    Unasked(Protocol),
    /// It sent a frame on a link that is not known.
    NoSuchLink,
}

impl Violation {
    /// The requirement that is violated.
    #[must_use]
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "LCP-1661-5-c",
            Self::WrongPhase(_) => "LCP-1661-3.4-a",
            Self::Unasked(_) => "LCP-1661-5.2-a",
            Self::NoSuchLink => "L2TP-2661-5.0-a",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::WrongPhase(protocol) => write!(f, "packet of {protocol}, which has no place in this phase"),
            Self::Unasked(protocol) => write!(f, "answer of {protocol} to what was not asked"),
            Self::NoSuchLink => f.write_str("frame for a link that is not known"),
        }
    }
}

impl core::error::Error for Violation {}

impl From<Malformed> for Violation {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// LCP is agreed on.
    LcpUp {
        /// The link.
        link: LinkId,
        /// What we were granted.
        own: Vec<lcp::Option>,
        /// What the peer was granted.
        peer: Vec<lcp::Option>,
    },
    /// An end has proved who it is.
    Authenticated {
        /// The link.
        link: LinkId,
        /// How.
        method: Method,
        /// Whether it was the peer, to us.
        is_peer: bool,
        /// Its name.
        name: Vec<u8>,
    },
    /// A secret of ours for the peer of this name is looked for and not found; an empty one is used, as pppd does.
    SecretMissing {
        /// The link.
        link: LinkId,
        /// How we call ourselves.
        client: Vec<u8>,
        /// How the peer is called.
        server: Vec<u8>,
    },
    /// IPv4 may travel.
    IpcpUp {
        /// The link.
        link: LinkId,
        /// Our address.
        own: Ipv4Addr,
        /// The peer's address.
        peer: Ipv4Addr,
        /// The resolvers that we were told.
        dns: [Option<Ipv4Addr>; 2],
        /// The greatest packet that the peer takes, in octets.
        mtu: u16,
    },
    /// IPv4 may travel no more.
    IpcpDown {
        /// The link.
        link: LinkId,
    },
    /// IPv6 may travel.
    Ipv6cpUp {
        /// The link.
        link: LinkId,
        /// Our interface identifier.
        own: [u8; 8],
        /// The peer's.
        peer: [u8; 8],
    },
    /// The compressions are agreed on.
    CcpUp {
        /// The link.
        link: LinkId,
    },
    /// The peer does not know a protocol.
    ProtocolRejected {
        /// The link.
        link: LinkId,
        /// Which one.
        protocol: Protocol,
    },
    /// The link is down.
    LinkDown {
        /// The link.
        link: LinkId,
        /// Why.
        why: End,
    },
    /// A frame was set aside, and nothing changed by it.
    Rejected {
        /// The link.
        link: LinkId,
        /// Why.
        violation: Violation,
    },
}
