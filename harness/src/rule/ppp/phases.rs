//! What may be sent in which phase (RFC 1661 sections 3.5 and 3.6; RFC 1332, 1962 and 5072 section 2).
//!
//! A judge here accuses a sender only of what it could know: that its peer had not yet said what opens a protocol.

use std::collections::BTreeSet;

use l2tpspec_protocol::ppp::control::Code;
use l2tpspec_protocol::ppp::{Control, Protocol, chap, eap, pap};

use super::judge::{Looks, judge, judge_with_end};
use super::links::{Links, Turn};
use super::rejects::Codes;
use crate::rule::Rule;
use crate::transcript::Layer;
use crate::transcript::connection::Role;

/// Ends of links that were reported.
type Reported = BTreeSet<(usize, Role)>;
/// The IPCP option that asks for compression.
const IP_COMPRESSION_PROTOCOL: u8 = 2;

/// Suspects the sender, once for each link.
fn suspect_once(reported: &mut Reported, turn: &Turn<'_>, text: impl Into<String>) {
    if turn.link.is_whole && reported.insert((turn.index, turn.sender)) {
        turn.suspect(text);
    }
}

/// LCP-1661-3.5-a.
pub(super) fn asked_for_authentication() -> Box<dyn Rule> {
    judge(Looks::AtControl, |reported: &mut Reported, turn, _| {
        let protocol = match turn.control {
            Some(Control::Chap(packet)) if packet.code == chap::Code::Challenge => Protocol::Chap,
            Some(Control::Eap(packet)) if packet.code == eap::Code::Request => Protocol::Eap,
            Some(Control::Pap(packet)) if packet.code != pap::Code::AuthenticateRequest => Protocol::Pap,
            _ => return,
        };
        if turn.link.agreed(turn.sender).is_some() && turn.link.demanded(turn.sender) != Some(protocol) {
            let agreed = turn
                .link
                .demanded(turn.sender)
                .map_or_else(|| "none".to_owned(), |agreed| agreed.to_string());
            let text = format!(
                "sent {protocol} as authenticator; expected the Authentication-Protocol agreed in LCP, {agreed}"
            );
            suspect_once(reported, turn, text);
        }
    })
}

/// LCP-1661-3.5-b.
pub(super) fn authenticated_first() -> Box<dyn Rule> {
    judge(Looks::AtControl, |reported: &mut Reported, turn, _| {
        let Some(message) = turn.message.as_ref().filter(|message| message.protocol.is_network_control())
        else {
            return;
        };
        let (link, own, peer) = (turn.link, turn.sender, !turn.sender);
        let is_pending = |demanding| {
            link.demanded(demanding).is_some_and(authenticates) && !link.end(demanding).has_accepted
        };
        if is_pending(peer) {
            let text =
                format!("sent {message} before its peer accepted its authentication; expected it afterwards");
            suspect_once(reported, turn, text);
        } else if is_pending(own) && !link.end(peer).has_answered {
            let text = format!("sent {message} before its peer authenticated itself; expected it afterwards");
            suspect_once(reported, turn, text);
        }
    })
}

/// Whether the course of this protocol is known here.
fn authenticates(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Pap | Protocol::Chap | Protocol::Eap)
}

/// IPCP-1332-2-a.
pub(super) fn ipcp() -> Box<dyn Rule> {
    judge(Looks::AtControl, |reported: &mut Reported, turn, _| {
        before_network_phase(Protocol::Ipcp, reported, turn);
    })
}

/// CCP-1962-2-a.
pub(super) fn ccp() -> Box<dyn Rule> {
    judge_with_end(
        Looks::AtAll,
        |(reported, codes): &mut (Reported, Codes), turn, _| {
            before_network_phase(Protocol::Ccp, reported, turn);
            codes.note(Protocol::Ccp, turn);
        },
        |(_, codes), links: &Links, report| codes.judge(links, report),
    )
}

fn before_network_phase(protocol: Protocol, reported: &mut Reported, turn: &Turn<'_>) {
    let Some(message) = turn.message.as_ref().filter(|message| message.protocol == protocol) else { return };
    if !turn.link.can_be_open(turn.sender, Protocol::Lcp) {
        let text = format!("sent {message} before LCP was Opened; expected it in the network phase");
        suspect_once(reported, turn, text);
    }
}

/// IPCP-1332-2.1-a.
pub(super) fn ipv4() -> Box<dyn Rule> {
    judge(Looks::AtAll, |state: &mut (Reported, Reported), turn, _| {
        if turn.header.protocol != Protocol::Ipv4 {
            return;
        }
        before_opened(Protocol::Ipcp, &mut state.0, turn);
        let (Some(Layer::Ip(ip)), Some(mru)) = (turn.next, turn.link.mru(!turn.sender)) else { return };
        if ip.total_length > mru {
            let text = format!(
                "sent an IP datagram of {} octets; expected fragments of at most the peer's MRU, {mru}",
                ip.total_length
            );
            suspect_once(&mut state.1, turn, text);
        }
    })
}

/// IPV6CP-5072-2-a.
pub(super) fn ipv6() -> Box<dyn Rule> {
    judge(Looks::AtAll, |reported: &mut Reported, turn, _| {
        if turn.header.protocol == Protocol::Ipv6 {
            before_opened(Protocol::Ipv6cp, reported, turn);
        }
    })
}

fn before_opened(protocol: Protocol, reported: &mut Reported, turn: &Turn<'_>) {
    if !turn.link.can_be_open(turn.sender, protocol) {
        let sent = turn.header.protocol;
        let text = format!("sent {sent} before {protocol} was Opened; expected it afterwards");
        suspect_once(reported, turn, text);
    }
}

/// IPCP-1332-4-a.
pub(super) fn van_jacobson() -> Box<dyn Rule> {
    judge(Looks::AtAll, |state: &mut (Reported, BTreeSet<(usize, Role)>), turn, _| {
        // Only a request for Van Jacobson compression counts, not one for another.
        if let Some(message) = turn.message.as_ref().filter(|message| message.protocol == Protocol::Ipcp)
            && let Some(options) = message.options(Code::ConfigureRequest)
            && options.iter().any(|option| {
                option.number == IP_COMPRESSION_PROTOCOL
                    && option.data.starts_with(&Protocol::VanJacobsonCompressed.number().to_be_bytes())
            })
        {
            state.1.insert((turn.index, turn.sender));
        }
        let is_compressed = matches!(
            turn.header.protocol,
            Protocol::VanJacobsonCompressed | Protocol::VanJacobsonUncompressed
        );
        if is_compressed && !state.1.contains(&(turn.index, !turn.sender)) {
            let sent = turn.header.protocol;
            let text =
                format!("sent {sent}; expected plain IP, for the peer did not ask for this compression");
            suspect_once(&mut state.0, turn, text);
        }
    })
}
