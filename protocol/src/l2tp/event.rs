//! What the layer is told and what it tells.

use core::net::SocketAddr;

use super::violation::Violation;
use super::wire::{ErrorCode, MessageType};

/// Where datagrams of a tunnel travel. `link` is a number of the owner's that tells two peers apart which have the same
/// address and port, as behind one translator; 0 where nothing is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub peer: SocketAddr,
    /// What else tells the peer apart.
    pub link: u32,
}

/// A UDP payload on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Where it travels.
    pub path: Path,
    /// The control message.
    pub octets: Vec<u8>,
}

/// A tunnel, by the ID that we have assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelId(pub u16);

/// A session, by the IDs that we have assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    /// The tunnel.
    pub tunnel: TunnelId,
    /// The session in it.
    pub session: u16,
}

/// Why a tunnel or session ends, as it is said on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The result code of a `StopCCN` or CDN.
    pub result: u16,
    /// The general error code.
    pub error: Option<ErrorCode>,
    /// A text.
    pub message: Vec<u8>,
}

impl Reason {
    /// A result without an error.
    #[must_use]
    pub const fn plain(result: u16) -> Self {
        Self { result, error: None, message: Vec::new() }
    }
}

/// Who ended a tunnel or session, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// We were told to.
    Commanded(Reason),
    /// The peer said so.
    ByPeer(Reason),
    /// The peer broke a rule.
    Violated(Violation),
    /// The peer does not answer.
    NoAnswer,
    /// Its tunnel ended.
    TunnelDown,
    /// The peer's SCCRQ crossed ours and won (L2TP-2661-4.4.3-d).
    LostTie,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A tunnel, and a session in it.
    Open {
        /// Where the peer is.
        path: Path,
    },
    /// A tunnel without a session.
    OpenTunnel {
        /// Where the peer is.
        path: Path,
    },
    /// One more session.
    OpenSession {
        /// In which tunnel.
        tunnel: TunnelId,
    },
    /// The end of a session.
    CloseSession {
        /// Which one.
        session: SessionId,
        /// Why.
        reason: Reason,
    },
    /// The end of a tunnel with all sessions.
    CloseTunnel {
        /// Which one.
        tunnel: TunnelId,
        /// Why.
        reason: Reason,
    },
    /// A Hello, now.
    SayHello {
        /// In which tunnel.
        tunnel: TunnelId,
    },
    /// Another way to the peer from now on, for every tunnel over the link.
    MovePath {
        /// The link.
        link: u32,
        /// The way.
        path: Path,
    },
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A tunnel is up.
    TunnelUp {
        /// Which one.
        tunnel: TunnelId,
        /// The ID that the peer has assigned.
        peer_tunnel: u16,
        /// Where the peer is.
        path: Path,
        /// The peer's name.
        host_name: Vec<u8>,
        /// Whether the peer has proved that it knows the secret.
        is_authenticated: bool,
    },
    /// A session is up: PPP may begin.
    SessionUp {
        /// Which one.
        session: SessionId,
        /// The ID that the peer has assigned.
        peer_session: u16,
        /// Whether we have asked for it.
        is_ours: bool,
        /// The Tx Connect Speed of the LAC, bits a second.
        tx_connect_speed: Option<u32>,
    },
    /// A session has ended, or never was.
    SessionDown {
        /// Which one.
        session: SessionId,
        /// Why.
        why: End,
    },
    /// A tunnel has ended, or never was.
    TunnelDown {
        /// Which one.
        tunnel: TunnelId,
        /// Where the peer is.
        path: Path,
        /// Why.
        why: End,
    },
    /// A tunnel that has ended has nothing more to say: the peer knows, or is given up (L2TP-2661-5.8-l). What protects it
    /// may end too.
    TunnelSettled {
        /// Which one.
        tunnel: TunnelId,
    },
    /// A datagram was set aside, and nothing changed by it.
    Rejected {
        /// Where it came from.
        path: Path,
        /// Why.
        violation: Violation,
    },
    /// A message was sent once more.
    Retransmitted {
        /// In which tunnel.
        tunnel: TunnelId,
        /// Its number.
        ns: u16,
        /// How many times it was sent by now.
        times: usize,
    },
    /// The peer has acknowledged a message.
    Acknowledged {
        /// In which tunnel.
        tunnel: TunnelId,
        /// The message.
        message: MessageType,
    },
}
