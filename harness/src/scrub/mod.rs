//! A copy of a capture that can be shown to anybody: it behaves as the original did, and names nobody.
//!
//! Names, addresses and what users sent are replaced, each by something of the same length; the key exchange is made again with
//! a published pre-shared key, and everything is encrypted again. Two passes: the first learns what the recording has, so that no
//! replacement is one of it.

mod authentication;
mod dns;
mod esp;
mod exchange;
mod fragments;
mod ike;
mod ip;
mod l2tp;
mod ospf;
mod ppp;
mod renaming;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use l2tpspec_protocol::esp::Sa;
use l2tpspec_protocol::ospf::wire::Lsa;

use crate::capture::LinkType;
use crate::capture::file::{CaptureFile, FrameMeta, Options};
use crate::capture::keys::{Keys, Tables};
use crate::capture::link::{self, Next};
use crate::error::ExpectedError;
use crate::transcript::ike::Sessions;
use crate::transcript::sas::Sas;
use authentication::Dialogue;
use exchange::Keymat;
use fragments::{Around, Frame, Frames, Key};
use ike::{Associations, Piece};
use ip::Ipv4;
use l2tp::TunnelEnd;
use ospf::Instance;
use ppp::LinkKey;
use renaming::{Met, Renaming};
pub use write::{Copy, MARK, Published};

/// What stands for every pre-shared key.
pub const PRE_SHARED_KEY: &str = "published-by-scrub";
/// What stands for every password; of PAP, words of its length do.
pub const PASSWORD: &str = "published-by-scrub";
/// What stands for a password that was refused.
const WRONG_PASSWORD: &str = "wrong-password";
/// What stands for the secret of every L2TP tunnel.
pub const SECRET: &str = "published-by-scrub";

/// The protocol number of UDP.
const UDP: u8 = 17;

/// What became of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Frames.
    pub frames: u64,
    /// ISAKMP messages that were encrypted again.
    pub renewed_ike: u64,
    /// ESP packets that were encrypted again.
    pub renewed_esp: u64,
    /// ISAKMP messages that nobody can read: overwritten.
    pub overwritten_ike: u64,
    /// ESP packets that nobody can read: overwritten.
    pub overwritten_esp: u64,
}

/// From whom a packet is to whom: as it was, and now.
#[derive(Debug, Clone, Copy)]
struct Ends {
    old: (IpAddr, IpAddr),
    new: (IpAddr, IpAddr),
    ports: Option<(u16, u16)>,
    /// The session that PPP is of.
    link: Option<LinkKey>,
    /// Whether another message quotes the packet, or the beginning of it.
    is_quoted: bool,
}

/// What the first pass learns for the second.
#[derive(Debug, Default)]
struct Learnt {
    addresses: Vec<IpAddr>,
    refused: BTreeSet<u64>,
    lsas: BTreeMap<Instance, Lsa>,
}

/// One pass over a recording.
struct Scrubber<'a> {
    renaming: &'a mut Renaming,
    /// What opens the original.
    sessions: Sessions,
    sas: Sas,
    /// What closes the copy.
    associations: Associations,
    keymats: BTreeMap<u32, Keymat>,
    new_sas: BTreeMap<(u32, bool), Sa>,
    keys: Tables,
    /// Addresses that may stand in NAT-D payloads.
    addresses: Vec<IpAddr>,
    tunnels: BTreeMap<TunnelEnd, TunnelEnd>,
    links: BTreeMap<LinkKey, LinkKey>,
    challenges: BTreeMap<TunnelEnd, Vec<u8>>,
    dialogues: BTreeMap<(Option<LinkKey>, u8), Dialogue>,
    refused: BTreeSet<u64>,
    newly_refused: BTreeSet<u64>,
    lsas: BTreeMap<Instance, Lsa>,
    frame: u64,
    frames: Frames,
    /// What the frame at hand brings of a message that was cut, and the message if it is complete by it.
    piece: Option<Piece>,
    whole: Option<(Key, Vec<u8>)>,
    summary: Summary,
}

/// Makes the copy of a capture. `secret` is what replacements are drawn from; `progress` is told of octets read, of both passes.
///
/// # Errors
/// A file that cannot be read or written, or a key that does not fit its algorithm. No part of a copy is left then.
pub fn scrub(
    path: &Path,
    keys: &Keys,
    secret: Vec<u8>,
    copy: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Summary, ExpectedError> {
    let mut renaming = Renaming::new(secret, Met::default());
    let mut file = CaptureFile::open(path, &Options::default())?;
    let mut first = Scrubber::new(keys, &mut renaming, Learnt::default())?;
    first.pass(&mut file, |_| Ok(()), &mut progress)?;
    let learnt = Learnt { addresses: first.addresses, refused: first.newly_refused, lsas: first.lsas };
    let whole = file.octets_read();
    let (secret, met) = renaming.into_met();
    let mut renaming = Renaming::new(secret, met);
    let mut file = CaptureFile::open(path, &Options::default())?;
    let mut second = Scrubber::new(keys, &mut renaming, learnt)?;
    let mut copy = Copy::create(copy)?;
    second.pass(&mut file, |frame| copy.write(frame), |octets| progress(whole + octets))?;
    copy.finish(second.keys)?;
    Ok(second.summary)
}

impl<'a> Scrubber<'a> {
    fn new(keys: &Keys, renaming: &'a mut Renaming, learnt: Learnt) -> Result<Self, ExpectedError> {
        Ok(Self {
            renaming,
            sessions: Sessions::new(keys),
            sas: Sas::new(keys)?,
            associations: Associations::new(),
            keymats: BTreeMap::new(),
            new_sas: BTreeMap::new(),
            keys: Tables::default(),
            addresses: learnt.addresses,
            tunnels: BTreeMap::new(),
            links: BTreeMap::new(),
            challenges: BTreeMap::new(),
            dialogues: BTreeMap::new(),
            refused: learnt.refused,
            newly_refused: BTreeSet::new(),
            lsas: learnt.lsas,
            frame: 0,
            frames: Frames::default(),
            piece: None,
            whole: None,
            summary: Summary::default(),
        })
    }

    fn pass(
        &mut self,
        file: &mut CaptureFile,
        mut sink: impl FnMut(&Frame) -> Result<(), ExpectedError>,
        mut progress: impl FnMut(u64),
    ) -> Result<(), ExpectedError> {
        let mut arena = Vec::new();
        loop {
            arena.clear();
            let next = file.next_into(&mut arena)?;
            let is_end = next.is_none();
            if let Some(meta) = next {
                let octets = meta.octets(&arena).to_vec();
                self.take(meta, octets);
                progress(file.octets_read());
            }
            let renaming = &*self.renaming;
            while let Some(frame) = self.frames.pop(is_end, |frame, range| {
                renaming.blank(frame.octets.get_mut(range).unwrap_or_default());
            }) {
                sink(&frame)?;
                self.summary.frames += 1;
            }
            if is_end {
                return Ok(());
            }
        }
    }

    /// Rewrites a frame, or puts it aside until the rest of what it brings a piece of is there.
    fn take(&mut self, meta: FrameMeta, mut octets: Vec<u8>) {
        self.frame = meta.number;
        let link = link::strip(meta.link_type, &octets);
        let (at, end) = (link.offset.min(octets.len()), link.end.min(octets.len()));
        self.link_header(meta.link_type, &mut octets[..at]);
        octets[end..].fill(0);
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let ends =
            Ends { old: (nobody, nobody), new: (nobody, nobody), ports: None, link: None, is_quoted: false };
        let payload = &mut octets[at..end];
        match link.next {
            Next::Ipv4 => return self.ipv4_frame(meta, octets, at..end, &ends),
            Next::Ipv6 => self.ipv6(payload, &ends),
            // As a dissector has it: the number of a protocol where an Ethertype stands.
            Next::Ppp if link.layers.names().last() == Some(&"ethertype") => {
                match l2tpspec_protocol::ppp::frame::FrameHeader::decode(payload) {
                    Ok((header, start)) if start <= payload.len() => {
                        self.ppp_protocol(header.protocol, &mut payload[start..], &ends);
                    }
                    _ => self.renaming.blank(payload),
                }
            }
            Next::Ppp => self.ppp(payload, &ends),
            Next::Other("arp") | Next::Ethertype(0x0806) => self.arp(payload),
            Next::Eapol | Next::Other(_) | Next::Ethertype(_) | Next::LinkType(_) | Next::Malformed(_) => {
                self.renaming.blank(payload);
            }
        }
        // A piece of a message over IPv6 is not put together with others here.
        if self.piece.take().is_some() {
            self.renaming.blank(octets.get_mut(at + ip::IPV6..end).unwrap_or_default());
        }
        self.frames.push(meta, octets);
    }

    fn ipv4_frame(
        &mut self,
        meta: FrameMeta,
        mut octets: Vec<u8>,
        range: std::ops::Range<usize>,
        ends: &Ends,
    ) {
        let (at, end) = (range.start, range.end);
        let Some(read) = Ipv4::read(&octets[range.clone()]) else {
            self.renaming.blank(&mut octets[range]);
            return self.frames.push(meta, octets);
        };
        let payload = at + read.header..at + read.header + read.payload;
        let new = if read.is_fragment {
            octets[payload.end..end].fill(0);
            self.ipv4_header(&mut octets[at..end], &read)
        } else {
            self.ipv4(&mut octets[range], ends);
            (self.renaming.ipv4(read.source).into(), self.renaming.ipv4(read.destination).into())
        };
        let old = (read.source.into(), read.destination.into());
        if read.is_fragment {
            let key = Key::Ip(old.0, old.1, read.protocol, read.identification);
            let whole = self.frames.push_piece((meta, octets), key, read.offset, payload, !read.more);
            if let Some(mut whole) = whole {
                self.transport(read.protocol, &mut whole, &Ends { old, new, ..*ends });
                if self.piece.take().is_some() {
                    self.renaming.blank(whole.get_mut(8..).unwrap_or_default());
                }
                self.frames.resolve(key, &whole, |_| {});
            }
            return;
        }
        let Some(piece) = self.piece.take() else { return self.frames.push(meta, octets) };
        let data = payload.end - piece.length.min(payload.len())..payload.end;
        let udp = octets.get(payload.clone()).unwrap_or_default();
        let is_summed = udp.get(6..8).is_some_and(|sum| sum != [0, 0]);
        let around = Around { was_right: ip::is_right(UDP, udp, new), udp: payload, new };
        let _none = self.frames.push_piece((meta, octets), piece.key, piece.number, data, piece.is_last);
        if let Some(frame) = self.frames.last_mut().filter(|_| is_summed) {
            frame.around = Some(around);
        }
        if let Some((key, whole)) = self.whole.take() {
            self.frames.resolve(key, &whole, |frame| {
                let Some(around) = frame.around.take() else { return };
                if let Some(udp) = frame.octets.get_mut(around.udp) {
                    ip::sum(UDP, udp, around.new, 6, around.was_right);
                }
            });
        }
    }

    /// Addresses of Ethernet interfaces.
    fn link_header(&mut self, link_type: LinkType, octets: &mut [u8]) {
        match link_type {
            LinkType::Ethernet if octets.len() >= 12 => {
                let (destination, rest) = octets.split_at_mut(6);
                self.renaming.hardware(destination);
                self.renaming.hardware(&mut rest[..6]);
            }
            LinkType::LinuxSll if octets.len() >= 16 => self.renaming.hardware(&mut octets[6..12]),
            LinkType::LinuxSll2 if octets.len() >= 20 => self.renaming.hardware(&mut octets[12..18]),
            _ => {}
        }
    }

    fn arp(&mut self, octets: &mut [u8]) {
        let Some(packet) = octets.get_mut(..28) else { return self.renaming.blank(octets) };
        for at in [8, 18] {
            self.renaming.hardware(&mut packet[at..at + 6]);
        }
        for at in [14, 24] {
            ike::address(&mut packet[at..at + 4], self.renaming);
        }
        octets[28..].fill(0);
    }

    /// Puts a message in the place of what it was. Of other length it cannot be: then it is overwritten.
    fn put(&self, new: &[u8], octets: &mut [u8]) {
        if new.len() == octets.len() {
            octets.copy_from_slice(new);
        } else {
            self.renaming.blank(octets);
        }
    }

    /// Replaces the names that a text for people has; other words stay.
    fn text(&mut self, text: &mut [u8]) {
        self.renaming.text(text);
    }
}
