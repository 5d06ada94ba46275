//! Link state advertisements (RFC 2328 sections 12.1.6, 12.1.7, 13.3).

use l2tpspec_protocol::ospf::wire::{Body, Lsa, Packet};

use super::packet;
use crate::rule::{Report, Seen};

/// The sequence number that is never used.
const RESERVED: u32 = 0x8000_0000;

fn for_each_lsa(
    seen: &Seen<'_>,
    report: &mut Report<'_>,
    judge: impl Fn(&Packet, &Lsa, &str) -> Option<String>,
) {
    let Some((_, packet)) = packet(seen) else { return };
    let Body::LinkStateUpdate(update) = &packet.body else { return };
    for lsa in &update.lsas {
        let header = &lsa.header;
        let name = format!("{} {} of {}", header.ls_type, header.link_state_id, header.advertising_router);
        if let Some(text) = judge(packet, lsa, &name) {
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// OSPF-2328-12.1.6-a. Whoever passes an LSA on does not choose its number.
pub(super) fn sequence(seen: &Seen<'_>, report: &mut Report<'_>) {
    for_each_lsa(seen, report, |packet, lsa, name| {
        let is_own = lsa.header.advertising_router == packet.router_id;
        (is_own && lsa.header.ls_sequence_number == RESERVED).then(|| {
            format!(
                "sent {name} with sequence number {RESERVED:#010x}; expected {:#010x} or later",
                RESERVED + 1
            )
        })
    });
}

/// OSPF-2328-12.1.7-a.
pub(super) fn checksum(seen: &Seen<'_>, report: &mut Report<'_>) {
    for_each_lsa(seen, report, |_, lsa, name| {
        let checksum = lsa.header.ls_checksum;
        (!lsa.checksum_fits()).then(|| {
            format!("sent {name} with checksum {checksum:#06x}; expected the Fletcher checksum of its octets")
        })
    });
}

/// OSPF-2328-13.3-a: even a new LSA is as old as its way over the link is long.
pub(super) fn age(seen: &Seen<'_>, report: &mut Report<'_>) {
    for_each_lsa(seen, report, |_, lsa, name| {
        (lsa.header.ls_age == 0)
            .then(|| format!("sent {name} with age 0; expected at least InfTransDelay, 1"))
    });
}
