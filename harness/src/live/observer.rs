//! Who looks on: a recording of what travels, with its keys, and triage, which says in the end how far each connection got
//! and why it got no further.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use l2tpspec_protocol::cx::{KeyLog, Secret};
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use crate::check::{Checked, Judge};
use crate::error::ExpectedError;
use crate::scenario::record::Recording;
use crate::transcript::Entry;
use crate::transcript::live::Live;
use crate::world::ip::{self, Fields};

/// How many datagrams triage looks at: enough for what agreeing on a connection takes, many times over. User packets of a
/// tunnel that is up tell nothing new, and looking costs more than carrying them.
const LOOKED_AT: u32 = 5000;
/// How many more it looks at when all ends.
const AT_THE_END: u32 = 500;
/// How much is recorded, in octets.
const RECORDED: usize = 256 << 20;

/// Where datagrams go and come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Travel {
    /// As UDP, from and to.
    Udp(SocketAddr, SocketAddr),
    /// As ESP, from and to.
    Esp(IpAddr, IpAddr),
}

/// The looker-on.
#[derive(Debug)]
pub(super) struct Observer {
    live: Live,
    judge: Judge,
    entry: Entry,
    /// How many datagrams are still looked at.
    left: u32,
    recording: Option<(PathBuf, Recording)>,
    recorded: usize,
    datagram: Packet,
}

impl Observer {
    /// A looker-on that records into a directory, if there is one.
    pub(super) fn new(directory: Option<&Path>) -> Self {
        Self {
            live: Live::new(),
            judge: Judge::without_rules(),
            entry: Entry::default(),
            left: LOOKED_AT,
            recording: directory.map(|directory| (directory.to_owned(), Recording::new())),
            recorded: 0,
            datagram: Packet::default(),
        }
    }

    /// Looks closely again, because the end begins.
    pub(super) fn look_at_the_end(&mut self) {
        self.left = self.left.max(AT_THE_END);
    }

    /// Looks at a datagram.
    pub(super) fn see(&mut self, at: Instant, travel: Travel, payload: &[u8]) {
        let records = self.recording.is_some() && self.recorded < RECORDED;
        // IKE is always looked at: it is rare.
        let is_ike = matches!(travel, Travel::Udp(from, to) if is_ike(from, to, payload));
        if self.left == 0 && !records && !is_ike {
            return;
        }
        self.datagram.set(payload);
        if !wrap(&mut self.datagram, travel) {
            return;
        }
        let octets = self.datagram.octets();
        if self.left == 0 && !is_ike {
            if let Some((_, recording)) = &mut self.recording {
                recording.packet(at, octets, None);
                self.recorded += octets.len();
            }
            return;
        }
        self.left = self.left.saturating_sub(1);
        let opened = self.live.see(at.as_micros(), octets, &mut self.entry);
        if let Some((_, recording)) = self.recording.as_mut().filter(|_| records) {
            recording.packet(at, octets, opened);
            self.recorded += octets.len() + opened.map_or(0, <[u8]>::len);
        }
        self.judge.see(&self.entry);
    }

    /// Writes what was recorded, and says what came of the connections.
    ///
    /// # Errors
    /// A recording that cannot be written; what came of the connections is said all the same.
    pub(super) fn finish(self, name: &str) -> (Checked, Result<(), ExpectedError>) {
        let saved = match self.recording {
            Some((directory, recording)) => recording.save(&directory),
            None => Ok(()),
        };
        (self.judge.end(Path::new(name), &[], None), saved)
    }
}

impl KeyLog for Observer {
    fn log(&mut self, secret: Secret<'_>) {
        self.live.learn(&secret);
        if let Some((_, recording)) = &mut self.recording {
            recording.secret(&secret);
        }
    }
}

fn is_ike(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> bool {
    let is_at = |port: u16| from.port() == port || to.port() == port;
    // The marker that sets IKE apart from ESP (RFC 3948 section 2.2).
    is_at(500) || is_at(4500) && payload.starts_with(&[0; 4])
}

/// Puts the headers before a payload that the system puts there, or took off.
fn wrap(packet: &mut Packet, travel: Travel) -> bool {
    let (source, destination, protocol) = match travel {
        Travel::Udp(SocketAddr::V4(from), SocketAddr::V4(to)) => {
            if !ip::wrap_udp(packet, from, to) {
                return false;
            }
            (*from.ip(), *to.ip(), ip::UDP)
        }
        Travel::Esp(IpAddr::V4(from), IpAddr::V4(to)) => (from, to, ip::ESP),
        Travel::Udp(..) | Travel::Esp(..) => return false,
    };
    let (identification, time_to_live, dont_fragment) = (0, 64, false);
    ip::wrap(packet, &Fields { source, destination, protocol, identification, time_to_live, dont_fragment })
}
