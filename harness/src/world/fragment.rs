//! Fragmentation (RFC 791 section 3.2) as a router does it, and reassembly as a host does it.

use std::net::Ipv4Addr;

use etherparse::{IpFragOffset, Ipv4Header};
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::fabric::Fabric;
use super::ip;
use crate::capture::Timestamp;
use crate::capture::reassembly::{Fragment, Outcome, Reassembly};

/// Splits a datagram into fragments of at most `mtu` octets, each given to `emit`. `false`, and none, if the MTU
/// leaves no room for eight octets. Options are kept in every fragment.
pub(crate) fn split(
    fabric: &mut Fabric,
    header: &Ipv4Header,
    packet: &Packet,
    mtu: u16,
    mut emit: impl FnMut(&mut Fabric, Packet),
) -> bool {
    let room = usize::from(mtu).saturating_sub(header.header_len()) / 8 * 8;
    if room == 0 {
        return false;
    }
    let payload = ip::payload(header, packet.octets());
    let mut units = header.fragment_offset.value();
    let mut rest = payload;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(room.min(rest.len()));
        let mut head = header.clone();
        let Ok(offset) = IpFragOffset::try_new(units) else { return false };
        head.fragment_offset = offset;
        head.more_fragments = header.more_fragments || !behind.is_empty();
        // A piece is no longer than the payload of a datagram.
        head.total_len = u16::try_from(head.header_len() + piece.len()).unwrap_or(u16::MAX);
        head.header_checksum = head.calc_header_checksum();
        let mut fragment = fabric.packet(piece);
        fragment.prepend(&head.to_bytes());
        emit(fabric, fragment);
        units += u16::try_from(piece.len() / 8).unwrap_or(u16::MAX);
        rest = behind;
    }
    true
}

/// Takes a fragment. Whether `packet` and `header` now are the whole datagram.
pub(crate) fn join(
    reassembly: &mut Reassembly,
    now: Instant,
    header: &mut Ipv4Header,
    packet: &mut Packet,
) -> bool {
    let nanoseconds = i64::try_from(now.as_micros()).unwrap_or(i64::MAX).saturating_mul(1000);
    let outcome = reassembly.push(&Fragment {
        source: Ipv4Addr::from(header.source).into(),
        destination: Ipv4Addr::from(header.destination).into(),
        protocol: header.protocol.0,
        identification: u32::from(header.identification),
        offset: usize::from(header.fragment_offset.value()) * 8,
        more: header.more_fragments,
        payload: ip::payload(header, packet.octets()),
        frame: 0,
        time: Some(Timestamp::from_nanoseconds(nanoseconds)),
    });
    let Outcome::Whole(datagram) = outcome else { return false };
    header.fragment_offset = IpFragOffset::ZERO;
    header.more_fragments = false;
    let Ok(total) = u16::try_from(header.header_len() + datagram.payload.len()) else { return false };
    header.total_len = total;
    header.header_checksum = header.calc_header_checksum();
    packet.set(&datagram.payload);
    packet.prepend(&header.to_bytes());
    true
}
