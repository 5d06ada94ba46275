//! PAP, CHAP and EAP (RFC 1334, RFC 1994, RFC 3748).

use std::collections::{BTreeMap, BTreeSet};

use l2tpspec_protocol::ppp::control::Code;
use l2tpspec_protocol::ppp::{Control, Protocol, chap, eap, pap};

use super::judge::{Looks, judge};
use super::links::{AUTHENTICATION, Turn};
use crate::rule::Rule;
use crate::rule::l2tp::path::REORDERING;
use crate::transcript::connection::Role;

/// An end of a link.
type End = (usize, Role);
/// Identifiers that each end may be answered under.
type Identifiers = BTreeMap<End, BTreeSet<u8>>;

fn pap<'a>(turn: &Turn<'a>) -> Option<&'a pap::Packet> {
    match turn.control? {
        Control::Pap(packet) => Some(packet),
        _ => None,
    }
}

/// PAP-1334-2.2.1-a.
pub(super) fn pap_repeats() -> Box<dyn Rule> {
    judge(Looks::AtControl, |last: &mut BTreeMap<End, (u8, u64, i64)>, turn, report| {
        let Some(packet) = pap(turn).filter(|packet| packet.code == pap::Code::AuthenticateRequest) else {
            return;
        };
        let now = (packet.identifier, turn.frame, turn.time);
        let Some((identifier, frame, time)) = last.insert((turn.index, turn.sender), now) else { return };
        // The recorder may have seen one frame twice.
        if identifier == packet.identifier && turn.time - time > REORDERING {
            let text = format!(
                "sent PAP Authenticate-Request id {identifier} as in frame {frame}; expected a new identifier"
            );
            turn.violation(report, text);
        }
    })
}

/// PAP-1334-2.2.2-a.
pub(super) fn pap_verdict() -> Box<dyn Rule> {
    judge(Looks::AtControl, |requests: &mut Identifiers, turn, _| {
        let Some(packet) = pap(turn) else { return };
        match packet.code {
            pap::Code::AuthenticateRequest => allow(requests, (turn.index, turn.sender), packet.identifier),
            pap::Code::AuthenticateAck | pap::Code::AuthenticateNak => {
                check(
                    requests,
                    turn,
                    packet.identifier,
                    &format!("PAP {}", packet.code),
                    "Authenticate-Request",
                );
            }
            pap::Code::Unknown(_) => {}
        }
    })
}

fn allow(identifiers: &mut Identifiers, end: End, identifier: u8) {
    identifiers.entry(end).or_default().insert(identifier);
}

/// Suspects an answer under an identifier that nothing had which it can be an answer to.
fn check(identifiers: &Identifiers, turn: &Turn<'_>, identifier: u8, sent: &str, asked: &str) {
    let allowed = identifiers.get(&(turn.index, !turn.sender));
    if !allowed.is_some_and(|allowed| allowed.contains(&identifier)) {
        let text = format!(
            "sent {sent} id {identifier} while no {asked} had this identifier; expected that of the {asked}"
        );
        turn.suspect(text);
    }
}

/// CHAP-1994-3-a.
pub(super) fn chap_option() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some(options) = turn.lcp().and_then(|message| message.options(Code::ConfigureRequest)) else {
            return;
        };
        for option in options.iter().filter(|option| option.number == AUTHENTICATION) {
            if option.data.starts_with(&Protocol::Chap.number().to_be_bytes()) && option.data.len() != 3 {
                let length = option.data.len() + 2;
                let text = format!(
                    "sent Authentication-Protocol CHAP of length {length}; expected 5, with an algorithm"
                );
                turn.violation(report, text);
            }
        }
    })
}

/// CHAP-1994-4.1-b.
pub(super) fn chap_response() -> Box<dyn Rule> {
    judge(Looks::AtControl, |challenges: &mut Identifiers, turn, _| {
        let Some(packet) = turn.chap() else { return };
        let own = (turn.index, turn.sender);
        match packet.code {
            chap::Code::Challenge => allow(challenges, own, packet.identifier),
            // A retry that MS-CHAP allows has the next identifier and no Challenge of its own (MSCHAP-2759-6-b).
            chap::Code::Failure => allow(challenges, own, packet.identifier.wrapping_add(1)),
            chap::Code::Response => {
                check(challenges, turn, packet.identifier, "CHAP Response", "Challenge");
            }
            _ => {}
        }
    })
}

/// CHAP-1994-4.2-a.
pub(super) fn chap_verdict() -> Box<dyn Rule> {
    judge(Looks::AtControl, |responses: &mut Identifiers, turn, _| {
        let Some(packet) = turn.chap() else { return };
        match packet.code {
            chap::Code::Challenge | chap::Code::Unknown(_) => {}
            chap::Code::Success | chap::Code::Failure => {
                check(responses, turn, packet.identifier, &format!("CHAP {}", packet.code), "Response");
            }
            // A Change-Password packet is a response too.
            _ => allow(responses, (turn.index, turn.sender), packet.identifier),
        }
    })
}

/// EAP-3748-4.2-a.
pub(super) fn eap_verdict() -> Box<dyn Rule> {
    judge(Looks::AtControl, |last: &mut BTreeMap<End, (eap::Code, u8, u64, i64)>, turn, report| {
        let Some(Control::Eap(packet)) = turn.control else { return };
        if !matches!(packet.code, eap::Code::Success | eap::Code::Failure) {
            last.remove(&(turn.index, turn.sender));
            return;
        }
        let (code, identifier) = (packet.code, packet.identifier);
        if let eap::Body::Data(data) = &packet.body
            && !data.is_empty()
        {
            let length = data.len() + 4;
            turn.violation(report, format!("sent EAP {code} of {length} octets; expected 4"));
        }
        let is_authenticator = turn.link.demanded(turn.sender) == Some(Protocol::Eap);
        let is_peer = turn.link.demanded(!turn.sender) == Some(Protocol::Eap);
        if is_peer && !is_authenticator && turn.link.agreed(turn.sender).is_some() {
            turn.violation(
                report,
                format!("sent EAP {code} while being authenticated; expected it from the authenticator only"),
            );
        }
        let now = (code, identifier, turn.frame, turn.time);
        if let Some(before) = last.insert((turn.index, turn.sender), now)
            && (before.0, before.1) == (code, identifier)
            && turn.time - before.3 > REORDERING
        {
            let frame = before.2;
            turn.violation(
                report,
                format!("sent EAP {code} id {identifier} of frame {frame} again; expected it once"),
            );
        }
    })
}
