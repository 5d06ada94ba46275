//! What every packet must look like (RFC 2328 sections 8.1, A.1, A.3.1, D.4.3).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use l2tpspec_protocol::codec::Malformed;
use l2tpspec_protocol::ospf::wire::{Authentication, PacketType};

use super::{carried, judge, packet};
use crate::rule::l2tp::path::REORDERING;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::{FaultCause, Layer};

/// `AllSPFRouters`.
const ALL_SPF_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 5);
/// Internetwork Control, the precedence.
const INTERNETWORK_CONTROL: u8 = 6;
/// Octets of the digests of keyed MD5 and of RFC 5709.
const DIGESTS: [usize; 5] = [16, 20, 32, 48, 64];

/// OSPF-2328-8.1-a. Updates are left alone, for retransmissions go to the neighbour itself (RFC 2328 section 13.6).
pub(super) fn destination(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some((ip, packet)) = packet(seen) else { return };
    let packet_type = packet.body.packet_type();
    if ip.destination != ALL_SPF_ROUTERS && packet_type != PacketType::LinkStateUpdate {
        let text = format!(
            "sent {packet_type} to {}; expected {ALL_SPF_ROUTERS} on a point-to-point link",
            ip.destination
        );
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// OSPF-2328-A.1-a.
pub(super) fn ip_header(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some((ip, packet)) = packet(seen) else { return };
    let packet_type = packet.body.packet_type();
    if ip.destination.is_multicast() && ip.time_to_live != 1 {
        let text =
            format!("sent {packet_type} to {} with TTL {}; expected TTL 1", ip.destination, ip.time_to_live);
        report.violation(seen.entry.frame, seen.sender, text);
    }
    let precedence = ip.type_of_service >> 5;
    if precedence != INTERNETWORK_CONTROL {
        let text = format!(
            "sent {packet_type} with IP precedence {precedence}; expected {INTERNETWORK_CONTROL}, Internetwork Control"
        );
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// OSPF-2328-A.3.1-a.
pub(super) fn checksum(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some(fault) = seen.entry.fault.as_ref().filter(|fault| fault.layer == "ospf") else { return };
    let is_own = matches!(carried(seen), Some((_, Layer::Named(named))) if named.layer == "ospf");
    if let FaultCause::Malformed(malformed @ Malformed { field: "Checksum" | "Packet length", .. }) =
        fault.cause
        && is_own
    {
        let text = format!(
            "sent an OSPF packet with a wrong header ({malformed}); expected a checksum and length that fit"
        );
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// The last cryptographic sequence number of a router on a link under a key: number, frame, time.
type Last = BTreeMap<(usize, Ipv4Addr, u8), (u32, u64, i64)>;

/// OSPF-2328-D.4.3-a. Without the key the digest itself cannot be judged.
pub(super) fn cryptographic() -> Box<dyn Rule> {
    judge(
        |last: &mut Last, turn, packet, report| {
            let Authentication::Cryptographic { checksum, key_id, sequence, digest, .. } =
                &packet.authentication
            else {
                return;
            };
            let packet_type = packet.body.packet_type();
            if *checksum != 0 {
                turn.violation(
                    report,
                    format!(
                        "sent {packet_type} with a digest and checksum {checksum:#06x}; expected checksum 0"
                    ),
                );
            }
            if !DIGESTS.contains(&digest.len()) {
                turn.violation(
                    report,
                    format!("sent {packet_type} with a digest of {} octets; expected 16", digest.len()),
                );
            }
            let known = last
                .entry((turn.index, packet.router_id, *key_id))
                .or_insert((*sequence, turn.frame, turn.time));
            if *sequence >= known.0 {
                *known = (*sequence, turn.frame, turn.time);
            } else if turn.time - known.2 > REORDERING {
                let (before, frame, _) = *known;
                let text = format!(
                    "sent {packet_type} with sequence number {sequence} after {before} of frame {frame}; expected at least that"
                );
                turn.violation(report, text);
            }
        },
        |_, _| {},
    )
}
