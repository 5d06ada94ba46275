//! Headers of PPP frames (RFC 1661 sections 2, 5, 6.5, 6.6; RFC 1662 section 3.2).

use std::collections::BTreeSet;

use l2tpspec_protocol::ppp::Protocol;
use l2tpspec_protocol::ppp::control::Code;

use super::dialogue::Dialogue;
use super::judge::{Looks, judge};
use super::links::Turn;
use crate::rule::l2tp::path;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::connection::Role;

/// Ends of links that were reported.
type Reported = BTreeSet<(usize, Role)>;
/// Numbers of LCP options.
const PROTOCOL_FIELD_COMPRESSION: u8 = 7;
const ADDRESS_AND_CONTROL_FIELD_COMPRESSION: u8 = 8;
/// The number that looks like an address field.
const FF: u16 = 0x00ff;

/// LCP-1661-2-a.
pub(super) fn parity(seen: &Seen<'_>, report: &mut Report<'_>) {
    if let Some((header, _)) = path::ppp(seen)
        && !header.protocol.is_well_formed()
    {
        let number = header.protocol.number();
        let text = format!("sent protocol {number:#06x}; expected an even high octet and an odd low one");
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// HDLC-1662-3.2-a.
pub(super) fn protocol_ff(seen: &Seen<'_>, report: &mut Report<'_>) {
    if let Some((header, _)) = path::ppp(seen)
        && header.protocol.number() == FF
    {
        let text = "sent a frame that begins with FF but not with FF 03; expected FF 03 or another protocol";
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// LCP-1661-5-a: what an agreement about headers must not change. Without one, see `address_and_control`.
pub(super) fn plain_negotiation() -> Box<dyn Rule> {
    judge(Looks::AtControl, |reported: &mut Reported, turn, report| {
        let Some(message) = turn.lcp() else { return };
        let is_wrong = is_bare(turn) && is_negotiation(message.code) && may_leave_out(turn);
        if is_wrong && reported.insert((turn.index, turn.sender)) {
            let text = format!("sent {message} without FF 03; expected FF 03 C0 21 whatever was agreed");
            turn.violation(report, text);
        }
    })
}

/// LCP-1661-6.6-a.
pub(super) fn address_and_control() -> Box<dyn Rule> {
    judge(Looks::AtControl, |reported: &mut Reported, turn, report| {
        let Some(message) = turn.lcp() else { return };
        let is_wrong = is_bare(turn) && !(is_negotiation(message.code) && may_leave_out(turn));
        if is_wrong && reported.insert((turn.index, turn.sender)) {
            turn.violation(
                report,
                format!("sent {message} without FF 03; expected FF 03 before every LCP packet"),
            );
        }
    })
}

/// Address and control are left out. PPP over Ethernet never has them.
fn is_bare(turn: &Turn<'_>) -> bool {
    turn.link.is_l2tp && !turn.header.has_address_and_control
}

fn is_negotiation(code: Code) -> bool {
    (1..=7).contains(&code.number())
}

/// Whether the peer has agreed that the sender leave out address and control.
fn may_leave_out(turn: &Turn<'_>) -> bool {
    turn.link.agreed_option(!turn.sender, ADDRESS_AND_CONTROL_FIELD_COMPRESSION).is_some()
}

/// LCP-1661-6.5-a.
pub(super) fn compressed_protocol() -> Box<dyn Rule> {
    judge(Looks::AtAll, |reported: &mut Reported, turn, _| {
        // Protocol FF is no compressed one.
        if !turn.header.is_protocol_compressed || turn.header.protocol.number() == FF || !turn.link.is_whole {
            return;
        }
        let asked = |dialogue: &Dialogue| dialogue.asked.contains(&PROTOCOL_FIELD_COMPRESSION);
        let is_agreed = turn.link.dialogue(!turn.sender, Protocol::Lcp).is_some_and(asked);
        if !is_agreed && reported.insert((turn.index, turn.sender)) {
            let number = turn.header.protocol.number();
            let text = format!(
                "sent protocol {number:#04x} in one octet; expected two, for the peer did not ask for PFC"
            );
            turn.suspect(text);
        }
    })
}
