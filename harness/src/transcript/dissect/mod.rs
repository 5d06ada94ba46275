//! Frames to entries. A batch of frames is read, what is encrypted is collected and opened together, and the entries
//! come out in the order of the frames.
//!
//! Three passes over a batch: from the link up to ESP (or to the end, where there is none); opening; from ESP up.

mod network;
mod tunnel;
mod walk;

use l2tpspec_protocol::esp::{Encryption, Integrity};
use l2tpspec_protocol::ppp;

use super::entry::Entry;
use super::ike::{self, Child};
use super::ip::Addresses;
use super::layer::{Layer, Opening};
use super::sas::Sas;
use crate::capture::Timestamp;
use crate::capture::file::FrameMeta;
use crate::capture::keys::{Ikev1Key, KeyError, Keys};
use crate::capture::link::{self, Next};
use crate::capture::reassembly::Reassembly;
pub(super) use tunnel::control_layer;
use walk::Walk;

/// How deeply layers may nest.
const MAX_LAYERS: usize = 48;

/// What the user asks of a dissection.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Secret of the L2TP tunnel, which opens hidden AVPs.
    pub l2tp_secret: Option<Vec<u8>>,
}

/// Turns frames into entries.
#[derive(Debug)]
pub struct Dissector {
    sessions: ike::Sessions,
    sas: Sas,
    reassembly: Reassembly,
    inner_reassembly: Reassembly,
    options: Options,
    first_time: Option<Timestamp>,
    /// Children that an IKE message of the first pass completed.
    children: Vec<Child>,
}

/// ESP that waits for the second pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// Index of the entry in its batch.
    pub(crate) entry: usize,
    /// Index of the security association.
    pub(crate) sa: usize,
    /// First octet in the arena: the SPI.
    pub(crate) start: usize,
    /// Octet after the last.
    pub(crate) end: usize,
}

impl Dissector {
    /// A dissector that opens what `keys` open.
    ///
    /// # Errors
    /// A key that does not fit its algorithm; the error names the line.
    pub fn new(keys: &Keys, options: Options) -> Result<Self, KeyError> {
        Ok(Self {
            sessions: ike::Sessions::new(keys),
            sas: Sas::new(keys)?,
            reassembly: Reassembly::default(),
            inner_reassembly: Reassembly::default(),
            options,
            first_time: None,
            children: Vec::new(),
        })
    }

    /// A dissector without keys.
    pub(super) fn empty() -> Self {
        Self {
            sessions: ike::Sessions::new(&Keys::default()),
            sas: Sas::empty(),
            reassembly: Reassembly::default(),
            inner_reassembly: Reassembly::default(),
            options: Options::default(),
            first_time: None,
            children: Vec::new(),
        }
    }

    /// Takes the key of an ISAKMP SA.
    pub(super) fn learn_isakmp(&mut self, key: Ikev1Key) {
        self.sessions.learn_key(key);
    }

    /// Takes the keys of an ESP SA. Whether they fit its algorithms.
    pub(super) fn learn_esp(
        &mut self,
        spi: u32,
        encryption: (Encryption, &[u8]),
        integrity: (Integrity, &[u8]),
    ) -> bool {
        self.sas.learn(spi, encryption, integrity)
    }

    /// All passes over one frame. What ESP protected in it, if it was opened.
    pub(super) fn dissect<'a>(
        &mut self,
        meta: &FrameMeta,
        arena: &'a mut [u8],
        entry: &mut Entry,
    ) -> Option<&'a [u8]> {
        let waiting = self.ascend(meta, arena, entry, 0)?;
        let packet = arena.get_mut(waiting.start..waiting.end)?;
        let (opening, payload) = self.sas.open_one(waiting.sa, packet);
        let plain = arena.get(waiting.start + payload.start..waiting.start + payload.end)?;
        self.ascend_from_esp(plain, entry, opening);
        matches!(opening, Opening::Opened { .. } | Opening::OpenedTruncated { .. }).then_some(plain)
    }

    /// The security associations known so far.
    #[must_use]
    pub(crate) fn sas(&self) -> &Sas {
        &self.sas
    }

    /// First pass: everything up to ESP that waits to be opened, or to the innermost layer if there is none.
    pub(crate) fn ascend(
        &mut self,
        meta: &FrameMeta,
        arena: &[u8],
        entry: &mut Entry,
        index: usize,
    ) -> Option<Waiting> {
        entry.clear();
        entry.frame = meta.number;
        entry.time = match (meta.time, self.first_time) {
            (Some(time), Some(first)) => time.since(first),
            (Some(time), None) => {
                self.first_time = Some(time);
                0
            }
            (None, _) => 0,
        };
        entry.snapped = meta.original_len.saturating_sub(meta.captured_len);
        let octets = &arena[meta.range.clone()];
        let is_snapped = entry.snapped > 0;
        let mut walk = Walk {
            entry,
            arena: Some(arena),
            waiting: None,
            addresses: None,
            is_quoted: false,
            time: meta.time,
            is_snapped,
            is_inner: false,
        };
        self.link(meta, octets, &mut walk);
        let waiting = walk.waiting.map(|waiting| Waiting { entry: index, ..waiting });
        for child in self.children.drain(..) {
            self.sas.install(&child);
        }
        waiting
    }

    /// Third pass: what an opened packet carries.
    pub(crate) fn ascend_from_esp(&mut self, plain: &[u8], entry: &mut Entry, opening: Opening) {
        let addresses = entry
            .source
            .zip(entry.destination)
            .map(|(source, destination)| Addresses { source, destination });
        let is_snapped = entry.snapped > 0;
        let mut walk = Walk {
            entry,
            arena: None,
            waiting: None,
            addresses,
            is_quoted: false,
            time: None,
            is_snapped,
            is_inner: true,
        };
        if let Some(Layer::Esp(esp)) = walk.entry.layers.last_mut() {
            esp.opening = opening;
        }
        if let Opening::Opened { next_header, .. } | Opening::OpenedTruncated { next_header } = opening {
            self.transport(next_header, plain, &mut walk);
        }
    }

    fn link(&mut self, meta: &FrameMeta, octets: &[u8], walk: &mut Walk<'_>) {
        let link = link::strip(meta.link_type, octets);
        let payload = link.payload(octets);
        match link.next {
            Next::Ipv4 => self.ipv4(payload, walk),
            Next::Ipv6 => self.ipv6(payload, walk),
            // Some recorders write the number of a PPP protocol where an Ethertype stands: no PPP layer of its own.
            Next::Ppp if link.layers.names().last() == Some(&"ethertype") => {
                if let Ok((header, start)) = ppp::frame::FrameHeader::decode(payload) {
                    self.ppp_protocol(header.protocol, payload.get(start..).unwrap_or_default(), walk);
                }
            }
            Next::Ppp => self.ppp(payload, walk),
            Next::Malformed(malformed) => walk.fault("link", malformed),
            Next::Eapol | Next::Other(_) | Next::Ethertype(_) | Next::LinkType(_) => {}
        }
    }
}
