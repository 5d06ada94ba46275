//! One frame of a transcript.

use std::net::IpAddr;

use l2tpspec_protocol::codec::Malformed;

use super::layer::Layer;
use crate::capture::reassembly;

/// What one frame says: when, who to whom, and the whole path of layers.
#[derive(Debug, Default)]
pub struct Entry {
    /// Number of the frame, from 1 as in Wireshark.
    pub frame: u64,
    /// Nanoseconds since the first frame of the capture.
    pub time: i64,
    /// Outermost source address.
    pub source: Option<IpAddr>,
    /// Outermost destination address.
    pub destination: Option<IpAddr>,
    /// From the outermost inwards.
    pub layers: Vec<Layer>,
    /// Why dissection stopped early, if it did.
    pub fault: Option<Fault>,
    /// Octets of the frame that the recorder cut off.
    pub snapped: u32,
}

impl Entry {
    /// Makes it an empty entry again, keeping its memory.
    pub fn clear(&mut self) {
        self.layers.clear();
        self.fault = None;
        self.source = None;
        self.destination = None;
        self.snapped = 0;
    }
}

/// Why dissection of a frame stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The layer that could not be read on.
    pub layer: &'static str,
    /// What is wrong with it.
    pub cause: FaultCause,
}

/// What is wrong with a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCause {
    /// Its octets are not a message; the offset counts from the layer's first octet.
    Malformed(Malformed),
    /// The recorder cut the frame here. Nobody is to blame.
    Snapped,
    /// A fragment that cannot be put together with others.
    Fragment(reassembly::Why),
    /// Layers are nested more deeply than this dissector follows.
    TooDeep,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.cause {
            FaultCause::Malformed(malformed) => write!(f, "{}: {malformed}", self.layer),
            FaultCause::Fragment(why) => write!(f, "{}: {why}", self.layer),
            FaultCause::Snapped => write!(f, "{}: the recorder cut the frame here", self.layer),
            FaultCause::TooDeep => write!(f, "{}: layers are nested too deeply", self.layer),
        }
    }
}
