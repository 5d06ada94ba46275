//! What triage says of a connection.

use std::net::{IpAddr, Ipv4Addr};

use super::ladder::Ladder;
use super::mark::Mark;
use super::rung::Rung;
use crate::transcript::connection::Role;

/// How far a connection got, why it got no further, and what could not be read.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Address of the client; `None` on a bare PPP link.
    pub client: Option<IpAddr>,
    /// Address of the supernode.
    pub supernode: Option<IpAddr>,
    /// How far it got.
    pub rung: Rung,
    /// Whether it failed: the next rung was tried and not reached, or the connection died.
    pub failed: bool,
    /// Every rung with the frames that tried and reached it.
    pub ladder: Ladder,
    /// Why it failed, the likeliest first; none if it did not.
    pub causes: Vec<String>,
    /// Layers that could not be read for want of keys.
    pub hidden: Vec<&'static str>,
    /// What exactly could not be read, and whether a key was absent or wrong.
    pub hidden_because: Vec<String>,
    /// What else is worth knowing and decides nothing.
    pub notes: Vec<String>,
    /// What was agreed on, by rung.
    pub details: Vec<(Rung, String)>,
    /// How often the client tried to connect.
    pub attempts: u64,
    /// Phase 1 exchanges completed.
    pub phase1_generations: u64,
    /// Quick Modes completed, or pairs of associations used if that is more.
    pub phase2_generations: u64,
    /// ESP security associations in use, in the order of their first packet.
    pub associations: Vec<Used>,
    /// What the ends say that they are: the client, the supernode.
    pub software: [Vec<String>; 2],
    /// Whether a translator stands between them, or at least one end believes so.
    pub is_translated: bool,
    /// The client's address before translation, if it says one.
    pub inside: Option<Ipv4Addr>,
    /// The first frame of the connection.
    pub begin: Mark,
    /// The last.
    pub last: Mark,
}

/// One direction of an ESP security association as it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Security Parameters Index.
    pub spi: u32,
    /// Who sends with it, if that is known.
    pub sender: Option<Role>,
    /// Packets in the recording.
    pub packets: u64,
    /// Sequence numbers between the lowest and the highest that the recording lacks.
    pub lost: u64,
    /// Packets with a sequence number that came before.
    pub duplicates: u64,
}

impl Outcome {
    /// The likeliest cause.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.causes.first().map(String::as_str)
    }

    /// Sequence numbers that the recording lacks, of all associations.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.associations.iter().map(|used| used.lost).sum()
    }
}
