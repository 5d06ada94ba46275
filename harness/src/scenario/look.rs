//! A look at an end: what is up, what was said when it went down, what was set aside.

use std::net::Ipv4Addr;

use l2tpspec_protocol::isakmp::Isakmp;
use l2tpspec_protocol::ppp::LinkId;
use l2tpspec_protocol::stack::Event;
use l2tpspec_protocol::{esp, isakmp, l2tp, ppp};
use serde_json::{Value, json};

use super::net::End;
use super::vocabulary::Subject;

/// A property of an end; `None` if there is nothing of that kind to have it.
pub(super) fn property(end: &End, what: Subject, name: &str) -> Option<Value> {
    let stack = end.stack();
    let count = match what {
        Subject::Isakmp => stack.isakmp().map_or(0, |isakmp| isakmp.established().count()),
        Subject::Esp => stack.esp().links().map(|link| stack.esp().pairs(link).count()).sum(),
        Subject::Tunnel => stack.l2tp().tunnels().count(),
        Subject::Session => stack.l2tp().sessions().count(),
        Subject::Ppp => stack.links().count(),
        Subject::Refused => refusals(end).len(),
        Subject::Route | Subject::Ospf => return None,
    };
    match (what, name) {
        (_, "count") => Some(json!(count)),
        (_, "state") => Some(json!(if count > 0 { "up" } else { "down" })),
        (Subject::Refused, "last") => refusals(end).pop().map(Value::String),
        (_, "why") => why(end, what).map(Value::String),
        (Subject::Ppp, name) => link(end, name),
        _ => None,
    }
}

/// What was agreed on for the link that is up.
fn link(end: &End, name: &str) -> Option<Value> {
    let link = end.stack().links().next()?;
    let text = |address: Ipv4Addr| Value::String(address.to_string());
    end.events.iter().rev().find_map(|(_, event)| match event {
        Event::Ppp(ppp::Event::IpcpUp { link: of, own, peer, dns, mtu }) if *of == link => match name {
            "address" => Some(text(*own)),
            "peer" => Some(text(*peer)),
            "mtu" => Some(json!(mtu)),
            "dns" => Some(Value::Array(dns.iter().flatten().map(|address| text(*address)).collect())),
            _ => None,
        },
        Event::Ppp(ppp::Event::Authenticated { link: of, name: user, is_peer: true, .. })
            if *of == link && name == "user" =>
        {
            Some(Value::String(String::from_utf8_lossy(user).into_owned()))
        }
        _ => None,
    })
}

/// Why the last one went down.
fn why(end: &End, what: Subject) -> Option<String> {
    end.events.iter().rev().find_map(|(_, event)| match (what, event) {
        (Subject::Tunnel, Event::L2tp(l2tp::Event::TunnelDown { why, .. }))
        | (Subject::Session, Event::L2tp(l2tp::Event::SessionDown { why, .. })) => Some(l2tp_end(why)),
        (Subject::Ppp, Event::Ppp(ppp::Event::LinkDown { why, .. })) => Some(ppp_end(why)),
        _ => None,
    })
}

/// Why a tunnel or session ended.
pub(crate) fn l2tp_end(why: &l2tp::End) -> String {
    let reason = |reason: &l2tp::Reason| {
        let error = reason.error.map(|error| format!(", error {}: {error}", error.number()));
        format!("result {}{}", reason.result, error.unwrap_or_default())
    };
    match why {
        l2tp::End::Commanded(said) => format!("commanded, {}", reason(said)),
        l2tp::End::ByPeer(said) => format!("by peer, {}", reason(said)),
        l2tp::End::Violated(violation) => format!("violated: {violation}"),
        l2tp::End::NoAnswer => "no answer".to_owned(),
        l2tp::End::TunnelDown => "tunnel down".to_owned(),
        l2tp::End::LostTie => "lost tie".to_owned(),
    }
}

/// Why a link of PPP ended.
pub(crate) fn ppp_end(why: &ppp::End) -> String {
    match why {
        ppp::End::Commanded => "commanded",
        ppp::End::ByPeer => "by peer",
        ppp::End::NotAgreed => "not agreed",
        ppp::End::NotAuthenticated(refusal) => match refusal {
            ppp::Refusal::ByPeer(_) => "not authenticated: by peer",
            ppp::Refusal::WrongProof => "not authenticated: wrong proof",
            ppp::Refusal::PeerNotProved => "not authenticated: peer not proved",
            ppp::Refusal::NoAnswer => "not authenticated: no answer",
            ppp::Refusal::NoCommonMethod => "not authenticated: no common method",
        },
        ppp::End::PeerSilent => "peer silent",
        ppp::End::LoopedBack => "looped back",
        ppp::End::LinkGone => "link gone",
    }
    .to_owned()
}

/// What an end has set aside or broken off because of the other, and why, with the requirement that is violated.
pub(super) fn refusals(end: &End) -> Vec<String> {
    end.events.iter().filter_map(|(_, event)| refusal(event)).collect()
}

/// What was set aside or broken off by an event, and why.
pub(crate) fn refusal(event: &Event) -> Option<String> {
    let with = |clause: &str, text: String| Some(format!("{text} [{clause}]"));
    match event {
        Event::Isakmp(isakmp::Event::Rejected { violation, .. }) => {
            with(violation.clause(), violation.to_string())
        }
        Event::Isakmp(isakmp::Event::Failed { why, .. }) => match why {
            isakmp::Failure::Violated(violation) => with(violation.clause(), violation.to_string()),
            isakmp::Failure::NothingChosen(why) => Some(format!("no proposal chosen: {why}")),
            isakmp::Failure::Refused(kind) => Some(format!("refused: {kind}")),
            isakmp::Failure::NoKey => Some("no key".to_owned()),
            isakmp::Failure::NoAnswer => None,
        },
        Event::Esp(esp::Event::Discarded { why, .. }) => with(why.clause(), why.to_string()),
        Event::L2tp(l2tp::Event::Rejected { violation, .. }) => {
            with(violation.clause(), violation.to_string())
        }
        Event::L2tp(
            l2tp::Event::TunnelDown { why: l2tp::End::Violated(violation), .. }
            | l2tp::Event::SessionDown { why: l2tp::End::Violated(violation), .. },
        ) => with(violation.clause(), violation.to_string()),
        Event::Ppp(ppp::Event::Rejected { violation, .. }) => with(violation.clause(), violation.to_string()),
        Event::ClearL2tp { .. } => with("L2IP-3193-2-a", "L2TP in the clear".to_owned()),
        Event::DataDropped(dropped) => Some(format!("data dropped: {dropped}")),
        _ => None,
    }
}

/// How many of something happened at an end since the beginning.
pub(super) fn happened(end: &End, is_it: impl Fn(&Event) -> bool) -> usize {
    end.events.iter().filter(|(_, event)| is_it(event)).count()
}

/// The ISAKMP SAs that stand.
pub(super) fn sas(end: &End) -> Vec<isakmp::SaId> {
    end.stack().isakmp().map(Isakmp::established).into_iter().flatten().collect()
}

/// The link that is up.
pub(super) fn link_up(end: &End) -> Option<LinkId> {
    end.stack().links().next()
}

/// The SPIs of the inbound SAs that stand.
pub(super) fn inbound(end: &End) -> Vec<u32> {
    let esp = end.stack().esp();
    esp.links().flat_map(|link| esp.pairs(link).map(|(inbound, _)| inbound).collect::<Vec<_>>()).collect()
}
