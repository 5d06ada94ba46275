//! Which payloads a message of each exchange has, and in which order.

use l2tpspec_protocol::isakmp::wire::{
    AuthenticationMethod, ExchangeType, Id, IdType, PayloadType, Phase1Class,
};

use super::message::Message;
use super::negotiation::{Phase1, QuickModes};
use crate::rule::Report;

/// The payloads of `wanted` that a message lacks, in the RFC's abbreviations.
fn missing(message: &Message<'_>, wanted: &[PayloadType]) -> Vec<&'static str> {
    wanted.iter().filter(|kind| !message.has(**kind)).map(|kind| kind.abbreviation()).collect()
}

/// The payloads of `unwanted` that a message has, in the RFC's abbreviations.
fn present(message: &Message<'_>, unwanted: &[PayloadType]) -> Vec<&'static str> {
    unwanted.iter().filter(|kind| message.has(**kind)).map(|kind| kind.abbreviation()).collect()
}

/// In phase 1 the SA payload comes first (IKE-2409-5-b).
pub(super) fn sa_first(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let Some(first) = message.payloads().first() else { return };
    if message.is_phase1() && message.sa().is_some() && first.kind != PayloadType::SecurityAssociation {
        let text = format!("sent {} before the SA payload; expected SA first", first.kind.abbreviation());
        message.violation(report, text);
    }
}

/// Main Mode with a pre-shared key: SA, then KE and nonce, then ID and HASH (IKE-2409-5.4-a).
pub(super) fn main_mode(message: &Message<'_>, phase1: &Phase1, report: &mut Report<'_>) {
    use PayloadType::{Hash, Identification, KeyExchange, Nonce, SecurityAssociation, Signature};
    if !message.is(ExchangeType::IdentityProtection) || !message.is_whole() {
        return;
    }
    // An offer of several methods may be answered with another one.
    let offers = message.sa().and_then(|sa| Phase1::of_all(sa, Phase1Class::AuthenticationMethod));
    let is_pre_shared_key = match message.sa() {
        Some(_) => offers == Some(AuthenticationMethod::PreSharedKey.number()),
        None => phase1.is_pre_shared_key(),
    };
    if !is_pre_shared_key {
        return;
    }
    let (wanted, unwanted): (&[_], &[_]) = if message.has(SecurityAssociation) {
        (&[], &[KeyExchange, Nonce, Identification, Hash])
    } else if message.is_clear() {
        (&[KeyExchange, Nonce], &[Identification, Hash, Signature])
    } else {
        (&[Identification, Hash], &[KeyExchange, Nonce, Signature])
    };
    let (missing, present) = (missing(message, wanted), present(message, unwanted));
    if !missing.is_empty() || !present.is_empty() {
        let expected = match (missing.is_empty(), present.is_empty()) {
            (false, _) => format!("expected {} too", missing.join(" ")),
            (true, _) => format!("expected no {}", present.join(" ")),
        };
        message.violation(
            report,
            format!("sent {} in Main Mode with a pre-shared key; {expected}", message.summary()),
        );
    }
}

/// Aggressive Mode with a pre-shared key: SA, KE, nonce and ID, the same with HASH, then HASH (IKE-2409-5.4-c).
pub(super) fn aggressive_mode(message: &Message<'_>, phase1: &Phase1, report: &mut Report<'_>) {
    use PayloadType::{Hash, Identification, KeyExchange, Nonce};
    if !message.is(ExchangeType::Aggressive) || !message.is_whole() {
        return;
    }
    let is_pre_shared_key = match message.sa() {
        Some(sa) => {
            Phase1::of_all(sa, Phase1Class::AuthenticationMethod)
                == Some(AuthenticationMethod::PreSharedKey.number())
        }
        None => phase1.is_pre_shared_key(),
    };
    if !is_pre_shared_key {
        return;
    }
    let wanted: &[_] = match message.sa() {
        Some(_) if message.is_opening() => &[KeyExchange, Nonce, Identification],
        Some(_) => &[KeyExchange, Nonce, Identification, Hash],
        None => &[Hash],
    };
    let missing = missing(message, wanted);
    if !missing.is_empty() {
        let text = format!(
            "sent {} in Aggressive Mode with a pre-shared key; expected {} too",
            message.summary(),
            missing.join(" ")
        );
        message.violation(report, text);
    }
}

/// Quick Mode is encrypted (IKE-2409-5.5-a).
pub(super) fn quick_mode_encrypted(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if message.is(ExchangeType::QuickMode) && message.is_clear() && !message.is_fragment() {
        message.violation(report, "sent a Quick Mode message in clear; expected encryption");
    }
}

/// In Quick Mode HASH comes first, and SA follows it (IKE-2409-5.5-b).
pub(super) fn hash_first(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if !message.is(ExchangeType::QuickMode) || !message.is_whole() {
        return;
    }
    let kinds: Vec<_> = message.payloads().iter().map(|payload| payload.kind).collect();
    let needs_sa =
        kinds.iter().any(|kind| matches!(kind, PayloadType::SecurityAssociation | PayloadType::Nonce));
    let is_right = kinds.first() == Some(&PayloadType::Hash)
        && (!needs_sa || kinds.get(1) == Some(&PayloadType::SecurityAssociation));
    if !is_right {
        let expected = if needs_sa { "HASH and then SA first" } else { "HASH first" };
        message.violation(report, format!("sent {} in Quick Mode; expected {expected}", message.summary()));
    }
}

fn shown(id: &Id) -> String {
    let octets = id.data.as_slice();
    let address = match id.id_type {
        IdType::Ipv4Addr => {
            <[u8; 4]>::try_from(octets).ok().map(|octets| std::net::IpAddr::from(octets).to_string())
        }
        IdType::Ipv6Addr => {
            <[u8; 16]>::try_from(octets).ok().map(|octets| std::net::IpAddr::from(octets).to_string())
        }
        _ => None,
    };
    format!("{} {}/{}", address.unwrap_or_else(|| id.id_type.to_string()), id.protocol, id.port)
}

/// The address that an identity is, if it is one.
fn address(id: &Id) -> Option<std::net::IpAddr> {
    match id.id_type {
        IdType::Ipv4Addr => <[u8; 4]>::try_from(id.data.as_slice()).ok().map(Into::into),
        IdType::Ipv6Addr => <[u8; 16]>::try_from(id.data.as_slice()).ok().map(Into::into),
        _ => None,
    }
}

/// Client identities are two, the initiator's and then the responder's (IKE-2409-5.5-g).
pub(super) fn client_identities(message: &Message<'_>, known: &QuickModes, report: &mut Report<'_>) {
    if !message.is(ExchangeType::QuickMode) || !message.is_whole() {
        return;
    }
    let ids = message.ids();
    let (first, second) = match ids.as_slice() {
        [] => return,
        [first, second] => (*first, *second),
        _ => {
            let text = format!("sent {} client identities in Quick Mode; expected two or none", ids.len());
            return message.violation(report, text);
        }
    };
    let Some(quick_mode) = known.answered_by(message) else { return };
    let [one, other] = quick_mode.ids.as_slice() else { return };
    if one == second && other == first && one != other {
        let text = format!(
            "answered with identities {} and {}; expected them as offered",
            shown(first),
            shown(second)
        );
        return message.violation(report, text);
    }
    // Swapped against who began: told only where both are the addresses on the wire, so that no NAT is in between.
    if let Some(flow) = message.flow
        && address(one) == Some(flow.source)
        && address(other) == Some(flow.destination)
    {
        let text =
            format!("sent identities {} and {}; expected the sender's own first", shown(one), shown(other));
        report.violation(quick_mode.frame, message.seen.sender.map(|role| !role), text);
    }
}
