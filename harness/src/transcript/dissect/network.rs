//! From IP to what it carries.

use l2tpspec_protocol::codec::{Malformed, Why};

use super::walk::Walk;
use super::{Dissector, MAX_LAYERS};
use crate::capture::reassembly::{Fragment, Outcome};
use crate::transcript::dns;
use crate::transcript::entry::FaultCause;
use crate::transcript::ip::{self, Addresses};
use crate::transcript::layer::Layer;

impl Dissector {
    pub(super) fn ipv4(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::ipv4(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("ip", malformed),
        };
        let header = read.header;
        let addresses = Addresses { source: header.source.into(), destination: header.destination.into() };
        self.enter_ip(Layer::Ip(header), addresses, read.missing, octets.len(), walk);
        if let Some(refused) = read.refused {
            return walk.fault("ip", refused);
        }
        let is_fragment = header.more_fragments || header.fragment_offset > 0;
        if is_fragment && (read.missing > 0 || walk.is_quoted) {
            // A fragment with octets missing is put together with none; the first one still shows what it begins.
            if header.fragment_offset == 0 {
                walk.is_snapped = true;
                self.transport(header.protocol, read.payload, walk);
            }
            return;
        }
        if is_fragment {
            let fragment = Fragment {
                source: addresses.source,
                destination: addresses.destination,
                protocol: header.protocol,
                identification: header.identification.into(),
                offset: header.fragment_offset.into(),
                more: header.more_fragments,
                payload: read.payload,
                frame: walk.entry.frame,
                time: walk.time,
            };
            if let Some(whole) = self.fragment("ip", &fragment, walk) {
                let arena = walk.arena.take();
                self.transport(header.protocol, &whole, walk);
                walk.arena = arena;
            }
            return;
        }
        self.transport(header.protocol, read.payload, walk);
    }

    pub(super) fn ipv6(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::ipv6(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("ipv6", malformed),
        };
        let header = read.header;
        let addresses = Addresses { source: header.source.into(), destination: header.destination.into() };
        self.enter_ip(Layer::Ipv6(header), addresses, read.missing, octets.len(), walk);
        let mut next = header.next_header;
        let mut payload = read.payload;
        for _ in 0..16 {
            match (next, payload) {
                // Hop-by-hop options, routing, destination options: a length in units of eight octets, less one.
                (0 | 43 | 60, &[following, length, ..]) => {
                    let Some(rest) = payload.get(8 * (usize::from(length) + 1)..) else { return };
                    (next, payload) = (following, rest);
                }
                (44, &[following, _, offset_high, offset_low, a, b, c, d, ref rest @ ..]) => {
                    let offset = u16::from_be_bytes([offset_high, offset_low]);
                    let (start, more) = (usize::from(offset & 0xfff8), offset & 1 == 1);
                    if start == 0 && !more {
                        (next, payload) = (following, rest);
                        continue;
                    }
                    let fragment = Fragment {
                        source: addresses.source,
                        destination: addresses.destination,
                        protocol: following,
                        identification: u32::from_be_bytes([a, b, c, d]),
                        offset: start,
                        more,
                        payload: rest,
                        frame: walk.entry.frame,
                        time: walk.time,
                    };
                    if let Some(whole) = self.fragment("ipv6", &fragment, walk) {
                        let arena = walk.arena.take();
                        self.transport(following, &whole, walk);
                        walk.arena = arena;
                    }
                    return;
                }
                _ => break,
            }
        }
        self.transport(next, payload, walk);
    }

    pub(super) fn enter_ip(
        &mut self,
        layer: Layer,
        addresses: Addresses,
        missing: usize,
        have: usize,
        walk: &mut Walk<'_>,
    ) {
        let name = layer.name();
        walk.push(layer);
        if walk.entry.source.is_none() {
            walk.entry.source = Some(addresses.source);
            walk.entry.destination = Some(addresses.destination);
        }
        walk.addresses = Some(addresses);
        if missing > 0 {
            let why = Why::Truncated { need: have + missing, have };
            let field = if name == "ip" { "Total Length" } else { "Payload Length" };
            walk.fault(name, Malformed { field, offset: if name == "ip" { 2 } else { 4 }, why });
        }
    }

    pub(super) fn fragment(
        &mut self,
        layer: &'static str,
        fragment: &Fragment<'_>,
        walk: &mut Walk<'_>,
    ) -> Option<Vec<u8>> {
        let reassembly = if walk.is_inner { &mut self.inner_reassembly } else { &mut self.reassembly };
        match reassembly.push(fragment) {
            Outcome::Whole(whole) => Some(whole.payload),
            Outcome::Pending => None,
            Outcome::Refused(why) => {
                walk.fault_cause(layer, FaultCause::Fragment(why));
                None
            }
        }
    }

    /// What IP carries, by protocol number.
    pub(super) fn transport(&mut self, protocol: u8, octets: &[u8], walk: &mut Walk<'_>) {
        if walk.entry.layers.len() >= MAX_LAYERS {
            return walk.fault_cause("ip", FaultCause::TooDeep);
        }
        match protocol {
            1 => self.icmp(octets, walk),
            4 => self.ipv4(octets, walk),
            6 => self.tcp(octets, walk),
            17 => self.udp(octets, walk),
            41 => self.ipv6(octets, walk),
            47 => self.gre(octets, walk),
            50 => self.esp(octets, walk),
            51 => {
                if let Some((next, rest)) = behind_authentication_headers(octets) {
                    self.transport(next, rest, walk);
                }
            }
            89 => self.ospf(octets, walk),
            115 => walk.name("l2tp", "version 3"),
            _ => {}
        }
    }

    pub(super) fn icmp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::icmp(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("icmp", malformed),
        };
        walk.push(Layer::Icmp(read.header));
        if read.header.quotes() && !read.payload.is_empty() {
            self.quoted(walk, |dissector, walk| dissector.ipv4(read.payload, walk));
        }
    }

    /// Dissects what a message quotes: shown, but not learnt from.
    pub(super) fn quoted(&mut self, walk: &mut Walk<'_>, inner: impl FnOnce(&mut Self, &mut Walk<'_>)) {
        let was = (walk.is_quoted, walk.arena.take(), walk.addresses);
        walk.is_quoted = true;
        inner(self, walk);
        (walk.is_quoted, walk.arena, walk.addresses) = was;
    }

    pub(super) fn tcp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::tcp(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("tcp", malformed),
        };
        walk.push(Layer::Tcp(read.header));
        let ports = [read.header.source_port, read.header.destination_port];
        if ports.contains(&53)
            && let Some((&length, message)) = read.payload.split_first_chunk::<2>()
            && usize::from(u16::from_be_bytes(length)) == message.len()
        {
            self.dns(message, walk);
        }
    }

    pub(super) fn udp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::udp(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("udp", malformed),
        };
        walk.push(Layer::Udp(read.header));
        if let Some(refused) = read.refused {
            return walk.fault("udp", refused);
        }
        if read.missing > 0 {
            let why = Why::Truncated { need: octets.len() + read.missing, have: octets.len() };
            walk.fault("udp", Malformed { field: "Length", offset: 4, why });
        }
        if read.payload.is_empty() {
            return;
        }
        let (low, high) = {
            let (a, b) = (read.header.source_port, read.header.destination_port);
            (a.min(b), a.max(b))
        };
        for port in [low, high] {
            match port {
                53 => return self.dns(read.payload, walk),
                500 | 848 => return self.isakmp(read.payload, walk),
                4500 => return self.udp_encap(read.payload, walk),
                1701 => return self.l2tp(read.payload, walk),
                _ => {}
            }
        }
    }

    pub(super) fn dns(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let _ = self;
        let (dns, malformed) = dns::read(octets);
        match dns {
            Some(dns) => {
                walk.push(Layer::Dns(Box::new(dns)));
            }
            None => walk.name("dns", "malformed"),
        }
        if let Some(malformed) = malformed {
            walk.fault("dns", malformed);
        }
    }

    pub(super) fn gre(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let Some((&[flags, version, high, low], _)) = octets.split_first_chunk::<4>() else { return };
        // Checksum, routing, key and sequence number of RFC 2784 and 2890; acknowledgement of RFC 2637.
        let optional = usize::from(flags & 0xc0 != 0)
            + usize::from(flags & 0x20 != 0)
            + usize::from(flags & 0x10 != 0)
            + usize::from(version & 0x87 == 0x81);
        let Some(payload) = octets.get(4 + 4 * optional..) else { return };
        if payload.is_empty() {
            return;
        }
        match u16::from_be_bytes([high, low]) {
            0x0800 => self.ipv4(payload, walk),
            0x86dd => self.ipv6(payload, walk),
            0x880b => self.ppp(payload, walk),
            _ => {}
        }
    }
}

/// What follows one or several AHs (RFC 4302 section 2): next header, length in words less two.
fn behind_authentication_headers(mut octets: &[u8]) -> Option<(u8, &[u8])> {
    const AH: u8 = 51;
    loop {
        let (&[next, length], _) = octets.split_first_chunk::<2>()?;
        octets = octets.get(4 * (usize::from(length) + 2)..)?;
        if next != AH {
            return Some((next, octets));
        }
    }
}
