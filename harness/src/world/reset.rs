//! The answer to a TCP segment that no connection takes (RFC 9293 section 3.5.2).

use etherparse::{Ipv4Header, TcpHeader};
use l2tpspec_protocol::packet::Packet;

/// The window of a reset, which means nothing.
const WINDOW: u16 = 0;

/// Makes `out` the reset that answers a segment. `false` if none does: the segment is a reset, or damaged.
pub(crate) fn answer(header: &Ipv4Header, segment: &[u8], out: &mut Packet) -> bool {
    let Ok((tcp, payload)) = TcpHeader::from_slice(segment) else { return false };
    let checksum = tcp.calc_checksum_ipv4_raw(header.source, header.destination, payload);
    if tcp.rst || checksum != Ok(tcp.checksum) {
        return false;
    }
    let number = if tcp.ack { tcp.acknowledgment_number } else { 0 };
    let mut reset = TcpHeader::new(tcp.destination_port, tcp.source_port, number, WINDOW);
    reset.rst = true;
    if !tcp.ack {
        // A segment is as long as its payload, and SYN and FIN count as an octet each. A segment is at most 64 KiB.
        let octets = u32::try_from(payload.len()).unwrap_or_default();
        let length = octets + u32::from(tcp.syn) + u32::from(tcp.fin);
        reset.ack = true;
        reset.acknowledgment_number = tcp.sequence_number.wrapping_add(length);
    }
    let Ok(checksum) = reset.calc_checksum_ipv4_raw(header.destination, header.source, &[]) else {
        return false;
    };
    reset.checksum = checksum;
    out.set(&reset.to_bytes());
    true
}
