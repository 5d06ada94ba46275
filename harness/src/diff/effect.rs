//! What a difference means for users, where that is known. Which devices lose their only proposal is computed from what
//! their profiles offer.

use std::collections::BTreeSet;

use l2tpspec_protocol::isakmp::wire::EncapsulationMode;

use super::Side;
use super::compare::Difference;
use crate::profile::{Method, Profile, Role as Kind};
use crate::transcript::connection::Role;
use crate::triage::offer;

/// Layer, beginning of the field, and what users notice.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "ipcp",
        "answers.ip_address",
        "users get addresses of another network: routes, firewalls and names by address notice",
    ),
    ("ipcp", "answers.primary_dns", "users ask another name server"),
    ("ipcp", "answers.secondary_dns", "users ask another name server"),
    (
        "lcp",
        "requests.mru",
        "the largest packet through the tunnel changes: OSPF with the old MTU stops in ExStart",
    ),
    ("ospf", "hello.", "routers whose Hello does not say the same form no adjacency (RFC 2328 section 10.5)"),
    ("ospf", "interface_mtu", "a router with a smaller MTU stays in ExStart (RFC 2328 section 10.6)"),
    (
        "chap",
        "challenge.name",
        "devices that look up their password by this name find none: remotename of pppd",
    ),
    ("l2tp", "sccrp.host_name", "devices that look up their password by this name find none"),
    ("isakmp", "dead_peer_detection", "a dead peer is noticed sooner or later than before"),
    ("isakmp", "quick.2.pfs", "a device with another setting of perfect forward secrecy gets no phase 2"),
    ("ccp", "negotiates", "user packets are compressed or not as before: load and packet sizes change"),
];

/// Profiles named in one sentence.
const NAMED: usize = 12;

/// What a difference means for users, a sentence each.
#[must_use]
pub fn of(difference: &Difference, new: &Side, profiles: &[Profile]) -> Vec<String> {
    let known = KNOWN.iter().filter(|(layer, field, _)| {
        difference.layer == *layer
            && difference.field.starts_with(field)
            && difference.role == Role::Supernode
    });
    let mut all: Vec<String> = known.map(|(.., text)| (*text).to_owned()).collect();
    let clients = || profiles.iter().filter(|profile| profile.role == Kind::Client);
    match (difference.layer.as_str(), difference.field.as_str()) {
        ("isakmp", "main.2.chosen" | "aggressive.2.chosen") => {
            all.extend(preference(difference, &clients().map(phase1).collect::<Vec<_>>()));
        }
        ("isakmp", "quick.2.chosen") => {
            all.extend(preference(difference, &clients().map(phase2).collect::<Vec<_>>()));
        }
        ("isakmp", "rung.proposal-chosen") => {
            all.extend(refused(new, "main.1.offered", &clients().map(phase1).collect::<Vec<_>>()));
        }
        ("isakmp", "rung.phase2-up") => {
            all.extend(refused(new, "quick.1.offered", &clients().map(phase2).collect::<Vec<_>>()));
        }
        ("lcp", "requests.authentication_protocol") => all.extend(authentication(difference, clients())),
        _ => {}
    }
    all
}

/// A profile's name and the suites that it offers.
type Offer = (String, Vec<String>);

fn phase1(profile: &Profile) -> Offer {
    let offered = offer::transforms(&profile.isakmp(Vec::new(), 1701).phase1_offer.to_sa());
    (profile.name.clone(), offered)
}

fn phase2(profile: &Profile) -> Offer {
    let sa = profile.isakmp(Vec::new(), 1701).phase2_offer.to_sa(256, EncapsulationMode::Transport);
    let plain = |suite: String| suite.split(", PFS ").next().map(str::to_owned).unwrap_or_default();
    (profile.name.clone(), offer::transforms(&sa).into_iter().map(plain).collect())
}

/// Something else is chosen: who does not offer that, and may lose all if the old choice is gone.
fn preference(difference: &Difference, offers: &[Offer]) -> Option<String> {
    let (old, new) = (difference.old_text()?, difference.new_text()?);
    let hit = |(_, suites): &&Offer| suites.contains(&old) && !suites.contains(&new);
    let hit: Vec<&str> = offers.iter().filter(hit).map(|(name, _)| name.as_str()).collect();
    (!hit.is_empty())
        .then(|| format!("if {old} is taken no more, these offer it and not {new}: {}", named(&hit)))
}

/// What the new side refused altogether, and whose every suite is among that.
fn refused(new: &Side, field: &str, offers: &[Offer]) -> Option<String> {
    let key = format!("isakmp/{field}");
    let chosen_key = key.replace(".1.offered", ".2.chosen");
    let (mut refused, mut chosen) = (BTreeSet::new(), BTreeSet::new());
    for observed in &new.connections {
        let text = |key: &str| {
            let note = observed.notes.list.iter().find(|note| *new.words.text(note.key) == *key)?;
            note.value.map(|value| new.words.text(value))
        };
        match (text(&chosen_key), text(&key)) {
            (Some(suite), _) => {
                chosen.insert(suite.to_string());
            }
            (None, Some(offer)) => refused.extend(offer.split("; ").map(str::to_owned)),
            (None, None) => {}
        }
    }
    let is_lost = |(_, suites): &&Offer| {
        !suites.is_empty() && suites.iter().all(|suite| refused.contains(suite) && !chosen.contains(suite))
    };
    let lost: Vec<&str> = offers.iter().filter(is_lost).map(|(name, _)| name.as_str()).collect();
    (!lost.is_empty()).then(|| format!("everything that these devices offer is refused: {}", named(&lost)))
}

/// Another method is asked for: who is not able to do it.
fn authentication<'a>(difference: &Difference, clients: impl Iterator<Item = &'a Profile>) -> Option<String> {
    let new = difference.new_text()?;
    let method = [
        ("MS-CHAPv2", Method::MsChapV2),
        ("MS-CHAP", Method::MsChapV1),
        ("MD5", Method::ChapMd5),
        ("PAP", Method::Pap),
        ("EAP", Method::EapMd5),
    ];
    let (_, method) = method.into_iter().find(|(word, _)| new.contains(word))?;
    // All of EAP are asked for alike.
    let is_it = |done: &Method| *done == method || method == Method::EapMd5 && *done == Method::EapMsChapV2;
    let unable = clients.filter(|profile| !profile.ppp.authentication.does.value.iter().any(is_it));
    let unable: Vec<&str> = unable.map(|profile| profile.name.as_str()).collect();
    (!unable.is_empty()).then(|| format!("these devices do not do {new}: {}", named(&unable)))
}

fn named(names: &[&str]) -> String {
    let further = names.len().saturating_sub(NAMED);
    let named: Vec<&str> = names.iter().copied().take(NAMED).collect();
    match further {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
