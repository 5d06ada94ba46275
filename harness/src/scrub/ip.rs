//! IP datagrams: addresses, and what they carry. Of what users sent, headers stay and contents go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use l2tpspec_protocol::esp::nat_t;

use super::{Ends, Scrubber};

const ICMP: u8 = 1;
const IGMP: u8 = 2;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP_V6: u8 = 58;

/// Octets of an IPv4 header without options, and of IPv6's.
const IPV4: usize = 20;
pub(super) const IPV6: usize = 40;

impl Scrubber<'_> {
    /// An IPv4 datagram, and octets behind it that are none of it.
    pub(super) fn ipv4(&mut self, octets: &mut [u8], ends: &Ends) {
        let Some(read) = Ipv4::read(octets) else { return self.renaming.blank(octets) };
        let new = self.ipv4_header(octets, &read);
        let ends = Ends { old: (read.source.into(), read.destination.into()), new, ports: None, ..*ends };
        let Some(rest) = octets.get_mut(read.header..) else { return };
        let (payload, trailer) = rest.split_at_mut(read.payload.min(rest.len()));
        trailer.fill(0);
        if read.is_fragment {
            return self.renaming.blank(payload);
        }
        self.transport(read.protocol, payload, &ends);
    }

    /// Replaces the addresses of a header. What they are now.
    pub(super) fn ipv4_header(&mut self, octets: &mut [u8], read: &Ipv4) -> (IpAddr, IpAddr) {
        let was_right = checksum(&[&octets[..read.header]]) == 0;
        let new = (self.renaming.ipv4(read.source), self.renaming.ipv4(read.destination));
        octets[12..16].copy_from_slice(&new.0.octets());
        octets[16..20].copy_from_slice(&new.1.octets());
        // Options may list routers: Router Alert stays, the others become No Operation.
        for option in octets[IPV4..read.header].chunks_exact_mut(4) {
            if option[0] != 148 {
                option.fill(1);
            }
        }
        put_checksum(&mut octets[..read.header], 10, was_right, &[]);
        (new.0.into(), new.1.into())
    }

    pub(super) fn ipv6(&mut self, octets: &mut [u8], ends: &Ends) {
        let Some(head) = octets.get(..IPV6) else { return self.renaming.blank(octets) };
        let address = |at: usize| {
            let mut address = [0; 16];
            address.copy_from_slice(&head[at..at + 16]);
            Ipv6Addr::from(address)
        };
        let (source, destination) = (address(8), address(24));
        let (next, length) = (head[6], usize::from(u16::from_be_bytes([head[4], head[5]])));
        let new = (self.renaming.ipv6(source), self.renaming.ipv6(destination));
        octets[8..24].copy_from_slice(&new.0.octets());
        octets[24..40].copy_from_slice(&new.1.octets());
        let ends = Ends {
            old: (source.into(), destination.into()),
            new: (new.0.into(), new.1.into()),
            ports: None,
            ..*ends
        };
        let rest = &mut octets[IPV6..];
        let (payload, trailer) = rest.split_at_mut(length.min(rest.len()));
        trailer.fill(0);
        let (mut next, mut at) = (next, 0);
        // Options carry nothing that names anybody; a routing header does.
        while let (0 | 60, Some(&[following, words])) =
            (next, payload.get(at..).and_then(<[u8]>::first_chunk))
        {
            (next, at) = (following, at + 8 * (usize::from(words) + 1));
        }
        let Some(payload) = payload.get_mut(at..) else { return };
        match next {
            43 | 44 => self.renaming.blank(payload.get_mut(8..).unwrap_or_default()),
            _ => self.transport(next, payload, &ends),
        }
    }

    /// What IP carries, by protocol number.
    pub(super) fn transport(&mut self, protocol: u8, octets: &mut [u8], ends: &Ends) {
        match protocol {
            ICMP => self.icmp(octets, ends),
            IGMP => self.igmp(octets),
            4 => self.ipv4(octets, ends),
            TCP => self.tcp(octets, ends),
            UDP => self.udp(octets, ends),
            41 => self.ipv6(octets, ends),
            47 => self.renaming.blank(octets.get_mut(4..).unwrap_or_default()),
            50 => self.esp(octets, ends),
            ICMP_V6 => self.icmp_v6(octets, ends),
            89 => self.ospf(octets),
            _ => self.renaming.blank(octets),
        }
    }

    fn udp(&mut self, octets: &mut [u8], ends: &Ends) {
        let Some(&[a, b, c, d, e, f, g, h]) = octets.first_chunk::<8>() else {
            return self.renaming.blank(octets);
        };
        let ports = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let length = usize::from(u16::from_be_bytes([e, f])).clamp(8, octets.len());
        let (datagram, trailer) = octets.split_at_mut(length);
        self.renaming.blank(trailer);
        let is_summed = [g, h] != [0, 0];
        let was_right = is_right(UDP, datagram, ends.old);
        let inner = Ends { ports: Some(ports), ..*ends };
        let payload = &mut datagram[8..];
        // As a dissector has it: the lower port first.
        let (low, high) = (ports.0.min(ports.1), ports.0.max(ports.1));
        let known = [low, high].into_iter().find(|port| matches!(port, 53 | 500 | 848 | 4500 | 1701));
        match known {
            _ if payload.is_empty() => {}
            Some(53) => self.dns(payload),
            Some(500 | 848) => self.isakmp(payload, &inner),
            Some(4500) => self.udp_encapsulated(payload, &inner),
            Some(_) => self.l2tp(payload, &inner),
            None => self.renaming.blank(payload),
        }
        if is_summed {
            sum(UDP, datagram, ends.new, 6, was_right);
        }
    }

    fn udp_encapsulated(&mut self, octets: &mut [u8], ends: &Ends) {
        const MARKER: usize = 4;
        match nat_t::Datagram::decode(octets) {
            Ok(nat_t::Datagram::Keepalive) => {}
            Ok(nat_t::Datagram::Ike(_)) => self.isakmp(&mut octets[MARKER..], ends),
            Ok(nat_t::Datagram::Esp(_)) => self.esp(octets, ends),
            Err(_) => self.renaming.blank(octets),
        }
    }

    fn tcp(&mut self, octets: &mut [u8], ends: &Ends) {
        if octets.len() < 20 {
            return self.renaming.blank(octets);
        }
        let was_right = is_right(TCP, octets, ends.old);
        let ports = [u16::from_be_bytes([octets[0], octets[1]]), u16::from_be_bytes([octets[2], octets[3]])];
        let header = usize::from(octets[12] >> 4) * 4;
        let payload = octets.get_mut(header.max(20)..).unwrap_or_default();
        match payload {
            [high, low, message @ ..]
                if ports.contains(&53) && usize::from(u16::from_be_bytes([*high, *low])) == message.len() =>
            {
                self.dns(message);
            }
            _ => self.renaming.blank(payload),
        }
        if !ends.is_quoted {
            sum(TCP, octets, ends.new, 16, was_right);
        }
    }

    fn icmp(&mut self, octets: &mut [u8], ends: &Ends) {
        const HEADER: usize = 8;
        let was_right = checksum(&[octets]) == 0;
        match octets {
            [3 | 4 | 5 | 11 | 12, ..] if octets.len() >= HEADER && !ends.is_quoted => {
                // A redirect names a router.
                if octets[0] == 5 {
                    super::ike::address(&mut octets[4..HEADER], self.renaming);
                }
                self.ipv4(&mut octets[HEADER..], &Ends { is_quoted: true, ..*ends });
            }
            _ => self.renaming.blank(octets.get_mut(HEADER..).unwrap_or_default()),
        }
        if octets.len() >= HEADER {
            put_checksum(octets, 2, was_right, &[]);
        }
    }

    /// Groups are multicast, which names nobody; sources of `IGMPv3` do (RFC 3376 section 4).
    fn igmp(&mut self, octets: &mut [u8]) {
        const HEADER: usize = 8;
        let was_right = checksum(&[octets]) == 0;
        match octets {
            [0x11, _, _, _, _, _, _, _, _, _, _, _, sources @ ..] => {
                sources.chunks_exact_mut(4).for_each(|source| super::ike::address(source, self.renaming));
            }
            [0x11 | 0x12 | 0x16 | 0x17, ..] if octets.len() == HEADER => {}
            [0x22, _, _, _, _, _, _, _, records @ ..] => {
                let mut rest = records;
                while let [_, words, high, low, _, _, _, _, behind @ ..] = rest {
                    let sources = 4 * usize::from(u16::from_be_bytes([*high, *low]));
                    let length = sources + 4 * usize::from(*words);
                    let (record, next) = behind.split_at_mut(length.min(behind.len()));
                    let (sources, auxiliary) = record.split_at_mut(sources.min(record.len()));
                    sources.chunks_exact_mut(4).for_each(|source| super::ike::address(source, self.renaming));
                    self.renaming.blank(auxiliary);
                    rest = next;
                }
            }
            _ => self.renaming.blank(octets.get_mut(4..).unwrap_or_default()),
        }
        if octets.len() >= HEADER {
            put_checksum(octets, 2, was_right, &[]);
        }
    }

    fn icmp_v6(&mut self, octets: &mut [u8], ends: &Ends) {
        const HEADER: usize = 8;
        let was_right = is_right(ICMP_V6, octets, ends.old);
        match octets {
            [1..=4, ..] if octets.len() >= HEADER && !ends.is_quoted => {
                self.ipv6(&mut octets[HEADER..], &Ends { is_quoted: true, ..*ends });
            }
            // Neighbour solicitation and advertisement name their target.
            [135 | 136, ..] if octets.len() >= HEADER + 16 => {
                super::ike::address(&mut octets[HEADER..HEADER + 16], self.renaming);
                self.renaming.blank(&mut octets[HEADER + 16..]);
            }
            _ => self.renaming.blank(octets.get_mut(HEADER..).unwrap_or_default()),
        }
        if octets.len() >= HEADER {
            sum(ICMP_V6, octets, ends.new, 2, was_right);
        }
    }
}

/// What an IPv4 header says of its datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ipv4 {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) protocol: u8,
    pub(super) identification: u16,
    /// Octets of the header, and of what follows.
    pub(super) header: usize,
    pub(super) payload: usize,
    pub(super) is_fragment: bool,
    /// Where the fragment's payload belongs, and whether more come.
    pub(super) offset: usize,
    pub(super) more: bool,
}

impl Ipv4 {
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let fixed = octets.first_chunk::<IPV4>()?;
        let header = usize::from(fixed[0] & 0xf) * 4;
        if fixed[0] >> 4 != 4 || header < IPV4 || header > octets.len() {
            return None;
        }
        let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        // A recorder beside the network card sees datagrams whose length is written later: zero.
        let total = match usize::from(word(2)) {
            0 => octets.len(),
            total => total.clamp(header, octets.len()),
        };
        let offset = usize::from(word(6) & 0x1fff) * 8;
        let more = word(6) & 0x2000 != 0;
        Some(Self {
            source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
            destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
            protocol: fixed[9],
            identification: word(4),
            header,
            payload: total - header,
            is_fragment: offset > 0 || more,
            offset,
            more,
        })
    }
}

/// The Internet checksum (RFC 1071) of octets that hold none: zero of those that hold a right one.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    !u16::try_from(sum).unwrap_or(0)
}

/// Writes a checksum: a right one where one was, else one that is as wrong as it was.
fn put_checksum(octets: &mut [u8], at: usize, was_right: bool, before: &[u8]) {
    octets[at..at + 2].fill(0);
    let right = checksum(&[before, octets]);
    let sum = if was_right { right } else { right ^ 0x0101 };
    octets[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The pseudo-header of a transport protocol.
fn pseudo(protocol: u8, length: usize, ends: (IpAddr, IpAddr)) -> Vec<u8> {
    let length = u32::try_from(length).unwrap_or(0).to_be_bytes();
    let mut pseudo = Vec::with_capacity(IPV6);
    for address in [ends.0, ends.1] {
        match address {
            IpAddr::V4(address) => pseudo.extend(address.octets()),
            IpAddr::V6(address) => pseudo.extend(address.octets()),
        }
    }
    pseudo.extend(length);
    pseudo.extend([0, 0, 0, protocol]);
    pseudo
}

pub(super) fn is_right(protocol: u8, octets: &[u8], ends: (IpAddr, IpAddr)) -> bool {
    checksum(&[&pseudo(protocol, octets.len(), ends), octets]) == 0
}

/// Writes the checksum of a transport protocol.
pub(super) fn sum(protocol: u8, octets: &mut [u8], ends: (IpAddr, IpAddr), at: usize, was_right: bool) {
    let pseudo = pseudo(protocol, octets.len(), ends);
    put_checksum(octets, at, was_right, &pseudo);
    // Zero means none in UDP (RFC 768).
    if protocol == UDP && octets[at..at + 2] == [0, 0] {
        octets[at..at + 2].fill(0xff);
    }
}
