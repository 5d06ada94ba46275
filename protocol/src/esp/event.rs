//! What happens to ESP packets that their owner has to know.

use core::fmt;
use core::net::IpAddr;

use super::{Refused, replay_window};

/// The UDP ports of encapsulated packets (RFC 3948).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports {
    /// Our port.
    pub local: u16,
    /// The peer's, as it is seen here.
    pub peer: u16,
}

/// Where packets travel: between which addresses, and inside of UDP or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// Our address.
    pub local: IpAddr,
    /// The peer's address, as it is seen here.
    pub peer: IpAddr,
    /// The ports, where packets travel inside of UDP.
    pub ports: Option<Ports>,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The first packet of a new inbound SA was opened: the peer uses it.
    FirstOpened {
        /// Whose SA it is.
        link: u32,
        /// Its SPI.
        inbound_spi: u32,
    },
    /// A packet that verified came from elsewhere than the link's packets go to: a translator has moved the peer
    /// (NATT-3948-2.3-a).
    PeerMoved {
        /// The link.
        link: u32,
        /// Where the packet came from.
        path: Path,
    },
    /// As many octets went through a pair of SAs as it was to be used for.
    VolumeReached {
        /// The link.
        link: u32,
        /// The SPI of the inbound SA of the pair.
        inbound_spi: u32,
    },
    /// The pair sends nothing more: its sequence numbers have been used up (ESP-4303-3.3.3-b).
    SequenceNumbersUsedUp {
        /// The link.
        link: u32,
        /// The SPI of the inbound SA of the pair.
        inbound_spi: u32,
    },
    /// A packet was discarded.
    Discarded {
        /// Where it came from.
        path: Path,
        /// Its SPI, if it is long enough to have one.
        spi: Option<u32>,
        /// Why.
        why: Violation,
    },
}

/// What is wrong with a packet that is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// It is too short for a header.
    NoHeader,
    /// No SA has its SPI.
    NoSuchSa,
    /// Its sequence number is not new.
    NotNew(replay_window::Verdict),
    /// It does not open.
    NotOpened(Refused),
}

impl Violation {
    /// The requirement by which the packet is discarded.
    #[must_use]
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::NoHeader | Self::NoSuchSa => "ESP-4303-3.4.2-a",
            Self::NotNew(_) => "ESP-4303-3.4.3-c",
            Self::NotOpened(Refused::BadPadLength { .. }) => "ESP-4303-2.4-d",
            Self::NotOpened(Refused::NotWholeBlocks { .. }) => "ESP-4303-2.4-c",
            Self::NotOpened(Refused::BadIcv | Refused::NotTried | Refused::Truncated { .. }) => {
                "ESP-4303-3.4.4-a"
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader => f.write_str("packet without SPI and sequence number"),
            Self::NoSuchSa => f.write_str("no security association has this SPI"),
            Self::NotNew(replay_window::Verdict::Zero) => f.write_str("sequence number 0"),
            Self::NotNew(replay_window::Verdict::TooOld) => f.write_str("sequence number left of the window"),
            Self::NotNew(_) => f.write_str("sequence number that was seen before"),
            Self::NotOpened(refused) => refused.fmt(f),
        }
    }
}

impl core::error::Error for Violation {}
