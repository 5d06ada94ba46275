//! Rules of PPP: LCP, authentication, and the network control protocols.

mod authentication;
mod dialogue;
mod echo;
mod framing;
pub(in crate::rule) mod judge;
pub(in crate::rule) mod links;
pub(crate) mod message;
mod microsoft;
mod network;
mod options;
mod phases;
mod rejects;
mod terminate;
#[cfg(test)]
pub(in crate::rule) mod tests;

use super::l2tp::each;
use super::{Entered, Interest};

/// What tells links apart, the packets that negotiate them, and what may be one of them and cannot be read.
const CONTROL: Interest =
    Interest::L2TP_CONTROL.and(Interest::PPP_CONTROL).and(Interest::ESP).and(Interest::FAULT);
/// The same, and user traffic.
const ANY: Interest = CONTROL.and(Interest::PPP);

/// Rules of this layer.
pub(super) static RULES: &[Entered] = &[
    Entered { requirement: "LCP-1661-2-a", interest: Interest::PPP, make: || each(framing::parity) },
    Entered { requirement: "LCP-1661-3.5-a", interest: CONTROL, make: phases::asked_for_authentication },
    Entered { requirement: "LCP-1661-3.5-b", interest: CONTROL, make: phases::authenticated_first },
    Entered { requirement: "LCP-1661-5-a", interest: CONTROL, make: framing::plain_negotiation },
    Entered { requirement: "LCP-1661-5.1-a", interest: CONTROL, make: options::defaults },
    Entered { requirement: "LCP-1661-5.2-a", interest: CONTROL, make: options::ack },
    Entered { requirement: "LCP-1661-5.3-a", interest: CONTROL, make: options::nak },
    Entered { requirement: "LCP-1661-5.3-b", interest: CONTROL, make: options::nak_without_value },
    Entered { requirement: "LCP-1661-5.4-a", interest: CONTROL, make: options::reject },
    Entered { requirement: "LCP-1661-5.4-b", interest: CONTROL, make: options::rejected_again },
    Entered { requirement: "LCP-1661-5.5-a", interest: ANY, make: terminate::answered },
    Entered { requirement: "LCP-1661-5.6-a", interest: ANY, make: rejects::code_of_lcp },
    Entered { requirement: "LCP-1661-5.7-b", interest: ANY, make: rejects::protocol },
    Entered { requirement: "LCP-1661-5.8-a", interest: ANY, make: echo::replies },
    Entered { requirement: "LCP-1661-5.8-b", interest: CONTROL, make: echo::only_opened },
    Entered { requirement: "LCP-1661-6-b", interest: Interest::FAULT, make: || each(options::beyond_packet) },
    Entered { requirement: "LCP-1661-6.2-a", interest: CONTROL, make: options::one_authentication },
    Entered { requirement: "LCP-1661-6.4-c", interest: CONTROL, make: options::magic_zero },
    Entered { requirement: "LCP-1661-6.4-e", interest: CONTROL, make: echo::magic },
    Entered { requirement: "LCP-1661-6.5-a", interest: ANY, make: framing::compressed_protocol },
    Entered { requirement: "LCP-1661-6.6-a", interest: CONTROL, make: framing::address_and_control },
    Entered { requirement: "HDLC-1662-3.2-a", interest: Interest::PPP, make: || each(framing::protocol_ff) },
    Entered { requirement: "PAP-1334-2.2.1-a", interest: CONTROL, make: authentication::pap_repeats },
    Entered { requirement: "PAP-1334-2.2.2-a", interest: CONTROL, make: authentication::pap_verdict },
    Entered { requirement: "CHAP-1994-3-a", interest: CONTROL, make: authentication::chap_option },
    Entered { requirement: "CHAP-1994-4.1-b", interest: CONTROL, make: authentication::chap_response },
    Entered { requirement: "CHAP-1994-4.2-a", interest: CONTROL, make: authentication::chap_verdict },
    Entered { requirement: "MSCHAP-2433-4-a", interest: CONTROL, make: microsoft::challenge_1 },
    Entered { requirement: "MSCHAP-2433-6-a", interest: CONTROL, make: microsoft::response_1 },
    Entered { requirement: "MSCHAP-2759-2-a", interest: CONTROL, make: microsoft::challenge_2 },
    Entered { requirement: "MSCHAP-2759-4-a", interest: CONTROL, make: microsoft::response_2 },
    Entered { requirement: "MSCHAP-2759-5-a", interest: CONTROL, make: microsoft::success_2 },
    Entered { requirement: "MSCHAP-2759-6-a", interest: CONTROL, make: microsoft::failure_challenge },
    Entered { requirement: "MSCHAP-2759-6-b", interest: CONTROL, make: microsoft::failure_version },
    Entered { requirement: "IPCP-1332-2-a", interest: CONTROL, make: phases::ipcp },
    Entered { requirement: "IPCP-1332-2-b", interest: ANY, make: rejects::code_of_ipcp },
    Entered { requirement: "IPCP-1332-2.1-a", interest: ANY, make: phases::ipv4 },
    Entered { requirement: "IPCP-1332-3.3-a", interest: CONTROL, make: network::address_zero },
    Entered { requirement: "IPCP-1332-4-a", interest: ANY, make: phases::van_jacobson },
    Entered { requirement: "IPCP-1877-1-a", interest: CONTROL, make: network::name_servers },
    Entered { requirement: "IPV6CP-5072-2-a", interest: ANY, make: phases::ipv6 },
    Entered { requirement: "IPV6CP-5072-4.1-a", interest: CONTROL, make: network::one_identifier },
    Entered { requirement: "IPV6CP-5072-4.1-c", interest: CONTROL, make: network::zero_identifier },
    Entered { requirement: "IPV6CP-5072-4.1-d", interest: CONTROL, make: network::equal_identifiers },
    Entered { requirement: "IPV6CP-5072-4.1-f", interest: CONTROL, make: network::universal_bit },
    Entered { requirement: "CCP-1962-2-a", interest: ANY, make: phases::ccp },
    Entered { requirement: "MPPE-3078-2-a", interest: CONTROL, make: network::encryption_bits },
    Entered { requirement: "EAP-3748-4.2-a", interest: CONTROL, make: authentication::eap_verdict },
];
