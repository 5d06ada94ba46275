//! Options of the network control protocols (RFC 1332, RFC 1877, RFC 5072, RFC 3078).

use std::collections::BTreeMap;

use l2tpspec_protocol::ppp::ccp::SupportedBits;
use l2tpspec_protocol::ppp::control::Code;
use l2tpspec_protocol::ppp::{Protocol, ccp, ipcp, ipv6cp};

use super::judge::{Looks, judge};
use super::links::Turn;
use super::message::{Choice, Message};
use crate::rule::{Report, Rule};
use crate::transcript::connection::Role;

const IP_ADDRESS: u8 = ipcp::OptionType::IpAddress.number();
const INTERFACE_IDENTIFIER: u8 = ipv6cp::OptionType::InterfaceIdentifier.number();
const MPPE: u8 = ccp::OptionType::Mppe.number();
/// The bits of an interface identifier's first octet: universal, and group.
const UNIVERSAL: u8 = 0x02;
const GROUP: u8 = 0x01;

/// The packet and its options, if it is of this protocol and one of these codes.
fn options<'a>(
    turn: &'a Turn<'_>,
    protocol: Protocol,
    codes: &[Code],
) -> Option<(&'a Message, &'a [Choice])> {
    let message = turn.message.as_ref().filter(|message| message.protocol == protocol)?;
    let code = codes.iter().find(|code| **code == message.code)?;
    Some((message, message.options(*code)?))
}

/// IPCP-1332-3.3-a.
pub(super) fn address_zero() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let codes = [Code::ConfigureAck, Code::ConfigureNak];
        let Some((message, options)) = options(turn, Protocol::Ipcp, &codes) else { return };
        let is_zero = |option: &&Choice| option.number == IP_ADDRESS && option.data == [0; 4];
        let asked = turn.link.dialogue(!turn.sender, Protocol::Ipcp);
        let has_asked = asked
            .into_iter()
            .flat_map(|asked| asked.requests(message.identifier))
            .any(|request| request.options.iter().any(|option| is_zero(&option)));
        if has_asked && options.iter().any(|option| is_zero(&option)) {
            turn.violation(
                report,
                format!("sent {message} with IP-Address 0.0.0.0; expected Configure-Nak with an address"),
            );
        }
    })
}

/// IPCP-1877-1-a.
pub(super) fn name_servers() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let codes = [Code::ConfigureRequest, Code::ConfigureNak];
        let Some((message, options)) = options(turn, Protocol::Ipcp, &codes) else { return };
        for option in
            options.iter().filter(|option| (129..=132).contains(&option.number) && option.data.len() != 4)
        {
            let length = option.data.len() + 2;
            turn.violation(
                report,
                format!("sent {message} with option {} of {length} octets; expected 6", option.number),
            );
        }
    })
}

fn identifier(options: &[Choice]) -> Option<[u8; 8]> {
    let option = options.iter().find(|option| option.number == INTERFACE_IDENTIFIER)?;
    option.data.as_slice().try_into().ok()
}

/// The identifier that `role` asked for last.
fn requested(turn: &Turn<'_>, role: Role) -> Option<[u8; 8]> {
    identifier(&turn.link.dialogue(role, Protocol::Ipv6cp)?.last()?.options)
}

fn hexadecimal(identifier: [u8; 8]) -> String {
    format!("{:016x}", u64::from_be_bytes(identifier))
}

/// IPV6CP-5072-4.1-a.
pub(super) fn one_identifier() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some((message, options)) = options(turn, Protocol::Ipv6cp, &[Code::ConfigureRequest]) else {
            return;
        };
        let own = turn.link.dialogue(turn.sender, Protocol::Ipv6cp);
        let is_rejected = own.is_some_and(|own| own.ever_rejected.contains(&INTERFACE_IDENTIFIER));
        let all: Vec<_> = options.iter().filter(|option| option.number == INTERFACE_IDENTIFIER).collect();
        let wrong = match all.as_slice() {
            [] if is_rejected => return,
            // Of a link that the recording has only in part it is not known whether it was rejected.
            [] => {
                return turn
                    .suspect(format!("sent {message} without Interface-Identifier; expected exactly one"));
            }
            [one] if one.data.len() == 8 => return,
            [one] => format!("an Interface-Identifier of length {}", one.data.len() + 2),
            other => format!("{} Interface-Identifiers", other.len()),
        };
        turn.violation(report, format!("sent {message} with {wrong}; expected exactly one, of length 10"));
    })
}

/// IPV6CP-5072-4.1-c.
pub(super) fn zero_identifier() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let codes = [Code::ConfigureAck, Code::ConfigureNak];
        let Some((message, options)) = options(turn, Protocol::Ipv6cp, &codes) else { return };
        let (Some(answer), Some(asked)) = (identifier(options), requested(turn, !turn.sender)) else {
            return;
        };
        let own = requested(turn, turn.sender);
        // That both are zero is a matter of its own.
        if asked != [0; 8] || own == Some(asked) || (message.code == Code::ConfigureAck && answer != asked) {
            return;
        }
        if answer == [0; 8] || Some(answer) == own {
            let answer = hexadecimal(answer);
            let text = format!(
                "sent {message} with {answer} for a zero identifier; expected Configure-Nak with one that neither end has"
            );
            turn.violation(report, text);
        }
    })
}

/// IPV6CP-5072-4.1-d.
pub(super) fn equal_identifiers() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let codes = [Code::ConfigureAck, Code::ConfigureNak];
        let Some((message, options)) = options(turn, Protocol::Ipv6cp, &codes) else { return };
        let (Some(answer), Some(asked)) = (identifier(options), requested(turn, !turn.sender)) else {
            return;
        };
        // The answerer's own one, and the one that it was asked for, are the same.
        if requested(turn, turn.sender) != Some(asked) {
            return;
        }
        let is_wrong = match message.code {
            Code::ConfigureAck => answer == asked,
            // Two zeros are rejected.
            _ => asked == [0; 8] || answer == [0; 8] || answer == asked,
        };
        if is_wrong {
            let answer = hexadecimal(answer);
            let text = format!(
                "sent {message} with {answer} for an identifier that both ends have; expected Configure-Nak with another, or Configure-Reject of zero"
            );
            turn.violation(report, text);
        }
    })
}

/// IPV6CP-5072-4.1-f. Where an identifier comes from cannot be seen, except that no device has a group address, and
/// that one device does not have those of two makers.
pub(super) fn universal_bit() -> Box<dyn Rule> {
    judge(Looks::AtControl, judge_universal_bit)
}

fn judge_universal_bit(makers: &mut BTreeMap<Role, [u8; 8]>, turn: &Turn<'_>, report: &mut Report<'_>) {
    let codes = [Code::ConfigureRequest, Code::ConfigureNak];
    let Some((message, options)) = options(turn, Protocol::Ipv6cp, &codes) else { return };
    let Some(identifier) = identifier(options).filter(|identifier| identifier[0] & UNIVERSAL != 0) else {
        return;
    };
    let is_adopted = turn.link.dialogue(turn.sender, Protocol::Ipv6cp).is_some_and(|own| {
        own.suggested.iter().any(|option| option.number == INTERFACE_IDENTIFIER && option.data == identifier)
    });
    let is_own = message.code == Code::ConfigureRequest && !is_adopted;
    let before = if is_own { *makers.entry(turn.sender).or_insert(identifier) } else { identifier };
    if is_adopted {
        return;
    }
    let shown = hexadecimal(identifier);
    if identifier[0] & GROUP != 0 {
        let text =
            format!("sent {message} with {shown}, whose u and g bits are set; expected the u bit clear");
        turn.violation(report, text);
    } else if before[..3] != identifier[..3] {
        let before = hexadecimal(before);
        let text =
            format!("sent {message} with {shown} after {before}, both with the u bit set; expected it clear");
        turn.violation(report, text);
    }
}

/// MPPE-3078-2-a.
pub(super) fn encryption_bits() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let codes = [Code::ConfigureRequest, Code::ConfigureNak];
        let Some((message, options)) = options(turn, Protocol::Ccp, &codes) else { return };
        for option in options.iter().filter(|option| option.number == MPPE) {
            let wrong = match <[u8; 4]>::try_from(option.data.as_slice()) {
                Err(_) => format!("MPPE of length {}", option.data.len() + 2),
                Ok(bits) => match SupportedBits(u32::from_be_bytes(bits)).unnamed() {
                    0 => continue,
                    unnamed => format!("MPPE bits {unnamed:#010x}"),
                },
            };
            turn.violation(
                report,
                format!("sent {message} with {wrong}; expected length 6 and no bits but H, M, S, L, D, C"),
            );
        }
    })
}
