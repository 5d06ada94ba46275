//! Small captures: frames of a recording that come after one another, and datagrams made by hand.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::seed::{LONGEST, Seed};
use crate::capture::file::FrameMeta;
use crate::capture::{LinkType, Timestamp};

/// An IPv4 datagram. Its header checksum is zero, which the dissector does not look at.
pub(super) fn ipv4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len() + 20).unwrap_or(0).to_be_bytes();
    let head = [0x45, 0, high, low, 0, 0, 0, 0, 64, protocol, 0, 0];
    [&head[..], &source.octets(), &destination.octets(), payload].concat()
}

/// An IPv4 datagram from the client to the supernode.
pub(super) fn ipv4_datagram(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4(Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(192, 0, 2, 1), protocol, payload)
}

/// A UDP datagram between two equal ports, in IPv4.
pub(super) fn datagram(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap_or(0).to_be_bytes();
    ipv4_datagram(17, &[&port.to_be_bytes()[..], &port.to_be_bytes(), &length, &[0; 2], payload].concat())
}

/// A capture of IPv4 datagrams.
pub(super) fn raw_capture(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let records = (0..).zip(datagrams).map(|(time, datagram)| pcap_record(time, datagram));
    [vec![pcap_header(LinkType::Raw)], records.collect()].concat().concat()
}

/// Frames that come after one another, as small captures.
pub(super) struct Window {
    /// The link type of all frames; `None` for that of each.
    link_type: Option<LinkType>,
    current: Option<LinkType>,
    pcap: Vec<u8>,
    pcapng: Vec<u8>,
}

impl Window {
    pub(super) const fn new(link_type: Option<LinkType>) -> Self {
        Self { link_type, current: None, pcap: Vec::new(), pcapng: Vec::new() }
    }

    pub(super) fn push(&mut self, meta: &FrameMeta, octets: &[u8], seeds: &mut BTreeSet<Seed>) {
        let link_type = self.link_type.unwrap_or(meta.link_type);
        let is_full = self.pcapng.len() + octets.len() + 64 > LONGEST;
        if is_full || self.current != Some(link_type) {
            self.finish(seeds);
            self.current = Some(link_type);
            self.pcap = pcap_header(link_type);
            self.pcapng = pcapng_header(link_type);
        }
        let time = u64::try_from(meta.time.map_or(0, Timestamp::nanoseconds) / 1000).unwrap_or(0);
        self.pcap.extend(pcap_record(time, octets));
        self.pcapng.extend(pcapng_packet(time, octets));
    }

    pub(super) fn finish(&mut self, seeds: &mut BTreeSet<Seed>) {
        let (pcap, pcapng) = (std::mem::take(&mut self.pcap), std::mem::take(&mut self.pcapng));
        if pcap.is_empty() || pcapng.len() > LONGEST {
            return;
        }
        // Readers of captures do not look into frames: the first window of a capture is enough.
        if !seeds.iter().any(|seed| seed.target == "capture_pcap_read") {
            seeds.insert(Seed { target: "capture_pcap_read", octets: pcap.clone() });
            seeds.insert(Seed { target: "capture_pcapng_read", octets: pcapng });
        }
        seeds.insert(Seed { target: "transcript_capture_dissect", octets: pcap });
    }
}

fn pcap_header(link_type: LinkType) -> Vec<u8> {
    let mut octets = [0xa1b2_c3d4_u32.to_le_bytes(), [2, 0, 4, 0], [0; 4], [0; 4]].concat();
    octets.extend([65_535_u32.to_le_bytes(), u32::from(link_type.number()).to_le_bytes()].concat());
    octets
}

fn pcap_record(microseconds: u64, frame: &[u8]) -> Vec<u8> {
    let length = length_of(frame);
    let [seconds, fraction] = [microseconds / 1_000_000, microseconds % 1_000_000]
        .map(|part| u32::try_from(part).unwrap_or(0).to_le_bytes());
    [&seconds[..], &fraction, &length, &length, frame].concat()
}

fn pcapng_block(kind: u32, body: &[&[u8]]) -> Vec<u8> {
    let mut body = body.concat();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = u32::try_from(body.len() + 12).unwrap_or(0).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &body, &length].concat()
}

fn pcapng_header(link_type: LinkType) -> Vec<u8> {
    let section = pcapng_block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes(), &[1, 0, 0, 0], &[0xff; 8]]);
    let interface = pcapng_block(1, &[&link_type.number().to_le_bytes(), &[0; 6]]);
    [section, interface].concat()
}

fn pcapng_packet(microseconds: u64, frame: &[u8]) -> Vec<u8> {
    let length = length_of(frame);
    let (high, low) = (microseconds >> 32, microseconds & 0xffff_ffff);
    let [high, low] = [high, low].map(|part| u32::try_from(part).unwrap_or(0).to_le_bytes());
    pcapng_block(6, &[&[0; 4], &high, &low, &length, &length, frame])
}

fn length_of(frame: &[u8]) -> [u8; 4] {
    u32::try_from(frame.len()).unwrap_or(0).to_le_bytes()
}
