//! What the layer is told and what it tells.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use super::config::NatMethod;
use super::policy::{Incompatible, Lifetime, Phase1Suite};
use super::violation::Violation;
use super::wire::{Id, NotifyType, VendorId};
use crate::esp::{Encryption, Integrity};

/// A number for an ISAKMP SA that is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaId(pub u64);

/// Which end of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Who began it.
    Initiator,
    /// Who answers.
    Responder,
}

impl core::ops::Not for Role {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }
}

/// What travels below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datagram {
    /// An ISAKMP message, without the non-ESP marker that stands before it on port 4500.
    Message {
        /// Our address and port.
        local: SocketAddr,
        /// The peer's.
        peer: SocketAddr,
        /// The message.
        octets: Vec<u8>,
    },
    /// A NAT keepalive (NATT-3948-2.3-a).
    Keepalive {
        /// Our address and port.
        local: SocketAddr,
        /// The peer's.
        peer: SocketAddr,
    },
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// An ISAKMP SA, and a pair of ESP SAs under it.
    Connect {
        /// Our address and port 500.
        local: SocketAddr,
        /// The peer's.
        peer: SocketAddr,
    },
    /// One more pair of ESP SAs.
    StartQuickMode {
        /// Under which ISAKMP SA.
        sa: SaId,
    },
    /// A pair of ESP SAs that replaces one.
    RekeyChild {
        /// The SPI of the inbound SA to be replaced.
        inbound_spi: u32,
    },
    /// An ISAKMP SA that replaces one.
    RekeyPhase1 {
        /// Which one.
        sa: SaId,
    },
    /// The end of a pair of ESP SAs.
    DeleteChild {
        /// The SPI of its inbound SA.
        inbound_spi: u32,
    },
    /// The end of an ISAKMP SA and of all under it.
    DeleteSa {
        /// Which one.
        sa: SaId,
    },
    /// A question whether the peer is alive, now.
    Probe {
        /// Under which ISAKMP SA.
        sa: SaId,
    },
    /// What a packet of the peer's proves that was opened: it lives (DPD-3706-5.4-a).
    PeerHeard {
        /// Under which ISAKMP SA its keys were agreed on.
        sa: SaId,
    },
    /// A translator has moved the peer, as a packet of ESP proves.
    PeerMoved {
        /// The ISAKMP SA.
        sa: SaId,
        /// Where it is now.
        peer: SocketAddr,
    },
}

/// Which end, if any, is behind a translator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NatSituation {
    /// We are.
    pub own_end: bool,
    /// The peer is.
    pub peer_end: bool,
}

impl NatSituation {
    /// Whether anybody is.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.own_end || self.peer_end
    }
}

/// Keys of one direction. `Debug` shows none.
#[derive(Clone, PartialEq, Eq)]
pub struct DirectionKeys {
    /// The Security Parameters Index.
    pub spi: u32,
    /// The key of the transform, with the nonce or salt.
    pub encryption_key: Vec<u8>,
    /// The key of the integrity algorithm.
    pub integrity_key: Vec<u8>,
}

impl fmt::Debug for DirectionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectionKeys")
            .field("spi", &format_args!("{:#010x}", self.spi))
            .finish_non_exhaustive()
    }
}

/// A pair of ESP SAs that was agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The ISAKMP SA.
    pub sa: SaId,
    /// Our role in the exchange.
    pub role: Role,
    /// The transform.
    pub encryption: Encryption,
    /// The integrity algorithm.
    pub integrity: Integrity,
    /// For packets that come in.
    pub inbound: DirectionKeys,
    /// For packets that go out.
    pub outbound: DirectionKeys,
    /// Our address and the port of IKE, which is that of encapsulated packets.
    pub local: SocketAddr,
    /// The peer's.
    pub peer: SocketAddr,
    /// Whether packets travel inside of UDP.
    pub is_encapsulated: bool,
    /// What is protected at our end.
    pub own_selector: Id,
    /// What is protected at the peer's.
    pub peer_selector: Id,
    /// For how long.
    pub lifetime: Lifetime,
    /// The SPI of the inbound SA of the pair that this one replaces.
    pub replaces: Option<u32>,
}

/// Why an exchange came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No answer after the last wait.
    NoAnswer,
    /// We chose nothing of the peer's offer.
    NothingChosen(Incompatible),
    /// The peer says so.
    Refused(NotifyType),
    /// No key is shared with the peer.
    NoKey,
    /// The peer broke a rule in a way that ends the exchange.
    Violated(Violation),
}

/// Why an SA is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// We were told to.
    Commanded,
    /// The peer deleted it.
    DeletedByPeer,
    /// Its life is over.
    Expired,
    /// Another one has taken its place.
    Replaced,
    /// The peer is dead.
    PeerDead,
    /// The peer has forgotten it and begins anew (DOI-2407-4.6.3.3-b).
    InitialContact,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An ISAKMP SA stands.
    Phase1Established {
        /// Its number.
        sa: SaId,
        /// Our role.
        role: Role,
        /// Our address and port.
        local: SocketAddr,
        /// The peer's.
        peer: SocketAddr,
        /// The cookies.
        cookies: super::keys::Cookies,
        /// The algorithms.
        suite: Phase1Suite,
        /// For how long.
        lifetime: Lifetime,
        /// How the peer calls itself.
        peer_identity: Id,
        /// The peer's vendor IDs.
        vendor_ids: Vec<VendorId>,
        /// The NAT traversal method agreed on.
        nat_method: Option<NatMethod>,
        /// Who is behind a translator.
        nat: NatSituation,
    },
    /// A pair of ESP SAs stands.
    ChildEstablished(Box<Child>),
    /// A pair of ESP SAs is no more.
    ChildDeleted {
        /// The ISAKMP SA.
        sa: SaId,
        /// The SPI of its inbound SA.
        inbound_spi: u32,
        /// Why.
        why: End,
    },
    /// An ISAKMP SA is no more.
    Phase1Deleted {
        /// Its number.
        sa: SaId,
        /// Why.
        why: End,
    },
    /// An exchange came to nothing; the SA too if it was of phase 1.
    Failed {
        /// The ISAKMP SA.
        sa: SaId,
        /// Zero in phase 1, else the message ID of the exchange.
        message_id: u32,
        /// Why.
        why: Failure,
    },
    /// A message was set aside, and nothing changed by it.
    Rejected {
        /// Whom it came from.
        peer: SocketAddr,
        /// Why.
        violation: Violation,
    },
    /// The peer told something.
    NotifyReceived {
        /// The ISAKMP SA, if it was said under one.
        sa: Option<SaId>,
        /// What.
        notify: NotifyType,
        /// Whether it was authenticated.
        is_authenticated: bool,
    },
    /// A flight was sent once more.
    Retransmitted {
        /// The ISAKMP SA.
        sa: SaId,
        /// Zero in phase 1, else the message ID of the exchange.
        message_id: u32,
        /// How many times it was sent by now.
        times: usize,
    },
    /// The peer answered a question whether it is alive.
    PeerAlive {
        /// The ISAKMP SA.
        sa: SaId,
        /// How long it took.
        after: Duration,
    },
    /// The peer does not answer; its SAs are no more.
    PeerDead {
        /// The ISAKMP SA.
        sa: SaId,
    },
    /// The peer speaks from elsewhere now.
    PeerMoved {
        /// The ISAKMP SA.
        sa: SaId,
        /// Our address and port now.
        local: SocketAddr,
        /// Its address and port now.
        peer: SocketAddr,
    },
}
