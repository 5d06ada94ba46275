//! Which difference follows from which: whoever is asked for something else answers something else.

use super::compare::{Difference, Sorted};
use crate::transcript::connection::Role;

/// Sets apart what follows from another difference.
#[must_use]
pub fn sorted(all: Vec<Difference>) -> Sorted {
    let cause = |effect: &Difference| all.iter().position(|cause| cause != effect && follows(effect, cause));
    let causes: Vec<Option<usize>> = all.iter().map(cause).collect();
    // A cause may follow from another; the first of all counts. Two that follow from each other both stay.
    let root = |mut at: usize| {
        let mut seen = vec![at];
        while let Some(next) = causes.get(at).copied().flatten() {
            if seen.contains(&next) {
                return None;
            }
            seen.push(next);
            at = next;
        }
        Some(at)
    };
    let mut place = vec![0; all.len()];
    let (mut differences, mut waiting) = (Vec::new(), Vec::new());
    let roots: Vec<Option<usize>> = (0..all.len()).map(root).collect();
    for (at, difference) in all.into_iter().enumerate() {
        match roots.get(at).copied().flatten() {
            Some(root) if root != at => waiting.push((difference, root)),
            _ => {
                if let Some(place) = place.get_mut(at) {
                    *place = differences.len();
                }
                differences.push(difference);
            }
        }
    }
    let consequences =
        waiting.into_iter().map(|(it, root)| (it, place.get(root).copied().unwrap_or(0))).collect();
    (differences, consequences)
}

/// Whether a difference follows from another.
fn follows(effect: &Difference, cause: &Difference) -> bool {
    let is_part = effect.layer == cause.layer
        && effect.role == cause.role
        && effect.field.strip_prefix(&cause.field).is_some_and(|rest| rest.starts_with('.'))
        && (cause.old_text().is_none() || cause.new_text().is_none());
    is_part
        || is_displaced(effect, cause)
        || match effect.layer.as_str() {
            "isakmp" => isakmp(effect, cause),
            "l2tp" => l2tp(effect, cause),
            "lcp" | "ipcp" | "ipv6cp" | "ccp" => negotiation(effect, cause),
            "chap" | "pap" | "eap" => cause.layer == "lcp" && is_about(cause, &["authentication_protocol"]),
            "ppp" => framing(effect, cause),
            "tcp" | "ip" => is_mru(cause),
            "ospf" => match effect.field.as_str() {
                "hello_seen" => cause.name() == "ospf/hello.hello_interval",
                "interface_mtu" => is_mru(cause),
                _ => false,
            },
            _ => false,
        }
}

/// Who asks more often leaves its peer no silence to ask in.
fn is_displaced(effect: &Difference, cause: &Difference) -> bool {
    let is_never = |text: Option<String>| text.is_some_and(|text| text.starts_with("never"));
    let stops = |it: &Difference| is_never(it.old_text()) || is_never(it.new_text());
    matches!(effect.field.as_str(), "hello" | "dead_peer_detection" | "echo")
        && effect.name() == cause.name()
        && effect.role != cause.role
        && stops(effect)
        && !stops(cause)
}

fn isakmp(effect: &Difference, cause: &Difference) -> bool {
    if cause.layer != "isakmp" {
        return false;
    }
    let (of, about) = (effect.field.as_str(), cause.field.as_str());
    let (message, field) = of.rsplit_once('.').unwrap_or(("", of));
    let (cause_message, cause_field) = about.rsplit_once('.').unwrap_or(("", about));
    let is_answer = match (message.strip_suffix('2'), cause_message.strip_suffix('1')) {
        (Some(answer), Some(question)) => answer == question && effect.role != cause.role,
        _ => false,
    };
    let is_vendor = cause_field == "vendor_ids";
    if of.strip_prefix("rekey.").is_some_and(|first| first == about || is_renewed(first, about)) {
        return true;
    }
    match field {
        "chosen" => is_answer && cause_field == "offered",
        "lifetime" => is_answer && matches!(cause_field, "lifetime" | "offered"),
        "pfs" => is_answer && cause_field == "pfs",
        "vendor_ids" => is_answer && is_vendor,
        "notifications" => cause_field == "lifetime",
        "payloads" => is_vendor || is_answer && cause_field == "payloads",
        "attribute_order_of_choice" => {
            is_phase(message, cause_message)
                && matches!(cause_field, "attribute_order_of_offer" | "chosen" | "offered" | "lifetime")
        }
        "attribute_order_of_offer" => {
            matches!(cause_field, "offered" | "lifetime") && effect.role == cause.role
        }
        "structure" | "numbering" => cause_field == "offered" && effect.role == cause.role,
        "dead_peer_detection" | "udp_encapsulation" | "fragment_octets" => is_vendor,
        _ => message == "time_to" && matches!(cause_field, "chosen" | "offered"),
    }
}

/// Whether a message, or another way of naming a phase, belongs to a phase.
fn is_phase(phase: &str, message: &str) -> bool {
    match phase {
        "phase1" => matches!(message.split('.').next(), Some("main" | "aggressive" | "phase1")),
        "phase2" => matches!(message.split('.').next(), Some("quick" | "phase2")),
        _ => message.starts_with(phase),
    }
}

/// What is renewed is asked for as the first time; by which end, is chance.
fn is_renewed(first: &str, about: &str) -> bool {
    let field = |name: &str| name.rsplit('.').next().map(str::to_owned);
    let is_suite = |name: &str| name.ends_with(".offered") || name.ends_with(".chosen");
    field(first) == field(about) && about.starts_with("quick.")
        || is_suite(first) && is_suite(about) && about.starts_with("quick.")
}

fn l2tp(effect: &Difference, cause: &Difference) -> bool {
    // The client numbers its data where the supernode does (RFC 2661 section 5.4).
    if effect.field.strip_prefix("data.of_users.").is_some_and(|bit| cause.field == format!("data.{bit}")) {
        return cause.layer == "l2tp" && effect.role == cause.role;
    }
    let is_numbering = effect.field.ends_with(".sequence_bit") && cause.field.ends_with(".sequence_bit");
    if is_numbering && (effect.role, cause.role) == (Role::Client, Role::Supernode) {
        return true;
    }
    let asked = match effect.field.as_str() {
        "sccrp.challenge_response" | "sccrp.challenge_response.mandatory" => "sccrq.challenge",
        "scccn.challenge_response" | "scccn.challenge_response.mandatory" => "sccrp.challenge",
        _ => return false,
    };
    cause.layer == "l2tp" && cause.field == asked && cause.role != effect.role
}

fn negotiation(effect: &Difference, cause: &Difference) -> bool {
    if effect.field == "echo_reply_echoes" {
        return cause.name() == "lcp/answers_echo" && cause.role == effect.role;
    }
    if effect.field == "echo_at_open" {
        return cause.name() == "lcp/echo" && cause.role == effect.role;
    }
    if effect.layer != cause.layer {
        return false;
    }
    // Who is given one name server is given it twice.
    if effect.field == "answers.secondary_dns_address" && cause.field == "answers.primary_dns_address" {
        let values = |it: &Difference| (it.old_text(), it.new_text());
        return effect.role == cause.role && values(effect) == values(cause);
    }
    if cause.field == "negotiates" && effect.field != "negotiates" {
        return true;
    }
    let (what, option) = effect.field.split_once('.').unwrap_or((&effect.field, ""));
    let (cause_what, cause_option) = cause.field.split_once('.').unwrap_or((&cause.field, ""));
    if option != cause_option {
        return false;
    }
    match (what, cause_what) {
        ("answers", "requests") | ("agreed", "answers") => effect.role != cause.role,
        ("agreed", "requests") => effect.role == cause.role,
        _ => false,
    }
}

fn framing(effect: &Difference, cause: &Difference) -> bool {
    match effect.field.as_str() {
        "address_and_control" | "protocol_field" => {
            cause.layer == "lcp"
                && cause.field.split_once('.').is_some_and(|(_, option)| option.contains("compression"))
        }
        "user_packets" => cause.layer == "ccp",
        _ => false,
    }
}

fn is_mru(cause: &Difference) -> bool {
    cause.layer == "lcp" && is_about(cause, &["mru", "maximum_receive_unit"])
}

fn is_about(cause: &Difference, options: &[&str]) -> bool {
    cause.field.split_once('.').is_some_and(|(_, option)| options.contains(&option))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::compare::Said;
    use super::*;

    fn difference(name: &str, role: Role, old: Option<&str>, new: Option<&str>) -> Difference {
        let said = |value: Option<&str>| {
            vec![Said { value: value.map(Arc::from), connections: 1, of: 1, frames: vec![1] }]
        };
        let (layer, field) = name.split_once('/').expect("layer/field");
        Difference {
            layer: layer.to_owned(),
            field: field.to_owned(),
            role,
            old: said(old),
            new: said(new),
            because: None,
        }
    }

    fn names(all: &[Difference]) -> Vec<String> {
        all.iter().map(Difference::name).collect()
    }

    #[test]
    fn what_follows_from_another_difference_is_set_apart_under_the_first_of_them() {
        let (client, supernode) = (Role::Client, Role::Supernode);
        let (differences, consequences) = sorted(vec![
            difference("lcp/agreed.mru", client, Some("1400"), Some("1300")),
            difference("lcp/answers.mru", supernode, Some("granted"), Some("nak'd to 1300")),
            difference("lcp/requests.mru", client, Some("1400"), Some("1500")),
            difference("l2tp/sccrp.host_name", supernode, Some("a"), Some("b")),
        ]);
        assert_eq!(names(&differences), ["lcp/requests.mru", "l2tp/sccrp.host_name"]);
        assert_eq!(consequences.len(), 2);
        assert!(consequences.iter().all(|(_, of)| *of == 0));
    }

    #[test]
    fn what_both_do_otherwise_are_two_differences() {
        let hello = |role, new| difference("l2tp/hello", role, Some("every 60 s"), Some(new));
        let both = vec![hello(Role::Client, "every 30 s"), hello(Role::Supernode, "every 20 s")];
        assert_eq!(sorted(both).0.len(), 2);
        let displaced = vec![hello(Role::Client, "never in 150 s"), hello(Role::Supernode, "every 20 s")];
        let (differences, consequences) = sorted(displaced);
        assert_eq!((differences.len(), consequences.len()), (1, 1));
        assert_eq!(differences[0].role, Role::Supernode);
    }

    #[test]
    fn a_name_server_given_twice_is_one_difference() {
        let dns = |which, new| {
            let name = format!("ipcp/answers.{which}_dns_address");
            difference(&name, Role::Supernode, Some("nak'd to 10.10.10.10"), Some(new))
        };
        let same = vec![dns("primary", "nak'd to 9.9.9.9"), dns("secondary", "nak'd to 9.9.9.9")];
        assert_eq!(sorted(same).0.len(), 1);
        let two = vec![dns("primary", "nak'd to 9.9.9.9"), dns("secondary", "nak'd to 8.8.8.8")];
        assert_eq!(sorted(two).0.len(), 2);
    }
}
