//! Whoever stands between the layers of an end: lets nothing beyond a stage go down before its time, and changes the
//! messages that a scenario wants changed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::isakmp::Editor;
use l2tpspec_protocol::isakmp::wire::{ExchangeType, Header, PayloadType, walk};
use l2tpspec_protocol::l2tp::wire::MessageType;
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{self, Protocol};
use l2tpspec_protocol::stack::{Seam, Tap};

use super::faults::Fault;
use super::mutation::{self, Mutation};
use super::vocabulary::Selector;
use crate::transcript::connection::Role;

/// How far a connection is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Phase 1.
    Phase1,
    /// Quick Mode.
    Phase2,
    /// The tunnel.
    Tunnel,
    /// The session.
    Session,
    /// LCP.
    Lcp,
    /// Authentication.
    Authentication,
    /// Everything.
    Network,
}

/// What both ends of a case have at their seams.
#[derive(Debug)]
pub struct Plan {
    /// How far it may go.
    pub gate: Stage,
    /// What is to be changed, in order.
    pub armed: VecDeque<Armed>,
    /// What was changed, as it was before: a retransmission is changed in the same way.
    changed: Vec<(Vec<u8>, Armed)>,
    /// What an end does wrong all the time.
    pub fault: Option<Fault>,
    /// What could not be changed, and why.
    pub failed: Option<String>,
}

/// A message that is to be changed.
#[derive(Debug, Clone)]
pub struct Armed {
    /// Whose.
    pub from: Role,
    /// Which.
    pub message: Selector,
    /// How.
    pub mutations: Vec<Mutation>,
}

/// A share in the plan.
pub type Shared = Arc<Mutex<Plan>>;

/// The plan, to be looked at or changed. No other thread has it.
pub(super) fn open(plan: &Shared) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Plan {
    /// Nothing is held back and nothing changed.
    #[must_use]
    pub fn new() -> Shared {
        Arc::new(Mutex::new(Self {
            gate: Stage::Network,
            armed: VecDeque::new(),
            changed: Vec::new(),
            fault: None,
            failed: None,
        }))
    }
}

/// The seams of one end.
#[derive(Debug, Clone)]
pub struct Seams {
    role: Role,
    plan: Shared,
}

impl Seams {
    /// The seams of an end under a plan.
    #[must_use]
    pub const fn new(role: Role, plan: Shared) -> Self {
        Self { role, plan }
    }
}

impl Tap for Seams {
    fn descending(&mut self, seam: Seam, unit: &mut Vec<u8>) {
        let mut plan = open(&self.plan);
        let Some((name, stage)) = named(seam, unit, self.role) else { return };
        // What L2TP holds back it does not number.
        if seam != Seam::L2tp && stage > plan.gate {
            unit.clear();
            return;
        }
        // What an Informational says is encrypted here already.
        let is_named = |message: &Selector| {
            let is_told = message.name().is_some_and(|own| own.starts_with("info"));
            message.matches(&name) || name == "ike.info" && is_told
        };
        if let Some(fault) = plan.fault.clone()
            && fault.of == self.role
            && is_named(&fault.message)
        {
            if fault.mutate.is_empty() {
                return unit.clear();
            }
            let layer = name.split('.').next().unwrap_or_default();
            // A message without the part is as it should be.
            let _ = mutation::apply(layer, unit, &fault.mutate);
        }
        let identity = identity(seam, unit);
        let again = plan.changed.iter().find(|(known, _)| *known == identity).map(|(_, armed)| armed.clone());
        let is_meant = |armed: &Armed| armed.from == self.role && is_named(&armed.message);
        let armed = match again {
            Some(armed) => armed,
            None if plan.armed.front().is_some_and(is_meant) => {
                let Some(armed) = plan.armed.pop_front() else { return };
                plan.changed.push((identity, armed.clone()));
                armed
            }
            None => return,
        };
        let layer = name.split('.').next().unwrap_or_default();
        if let Err(why) = mutation::apply(layer, unit, &armed.mutations) {
            plan.failed = Some(why);
        }
    }
}

/// Changes messages of IKE before they are hashed and encrypted.
#[must_use]
pub fn editor(role: Role, plan: &Shared) -> Editor {
    let plan = Arc::clone(plan);
    Editor(Some(Arc::new(move |step, octets: &mut Vec<u8>| edit(role, &mut open(&plan), step, octets))))
}

fn edit(role: Role, plan: &mut Plan, step: u8, octets: &mut Vec<u8>) {
    let Some(name) = plain(step, octets) else { return };
    let is_meant = |armed: &Armed| {
        armed.from == role
            && armed.message.matches(&name)
            && !armed.mutations.iter().any(Mutation::is_of_sealed)
    };
    if let Some(fault) = plan.fault.clone()
        && fault.of == role
        && fault.message.matches(&name)
        && !fault.mutate.is_empty()
        && !fault.mutate.iter().any(Mutation::is_of_sealed)
    {
        // A message without the part is as it should be.
        let _ = mutation::apply("ike", octets, &fault.mutate);
    }
    if !plan.armed.front().is_some_and(is_meant) {
        return;
    }
    if let Some(armed) = plan.armed.pop_front()
        && let Err(why) = mutation::apply("ike", octets, &armed.mutations)
    {
        plan.failed = Some(why);
    }
}

/// The name of a message of IKE before it is encrypted.
fn plain(step: u8, octets: &[u8]) -> Option<String> {
    let mut r = l2tpspec_protocol::codec::Reader::new(octets);
    let header = Header::decode(&mut r).ok()?;
    Some(match header.exchange_type {
        ExchangeType::IdentityProtection => format!("ike.main.{step}"),
        ExchangeType::QuickMode => format!("ike.quick.{step}"),
        ExchangeType::Informational => {
            let payloads = walk(header.next_payload, &mut r).payloads;
            super::message::told(&payloads)
        }
        _ => return None,
    })
}

/// What a unit and its retransmissions have in common: all but the Nr of L2TP.
fn identity(seam: Seam, unit: &[u8]) -> Vec<u8> {
    let mut identity = unit.to_vec();
    if let (Seam::L2tp, Some(nr)) = (seam, identity.get_mut(10..12)) {
        nr.fill(0);
    }
    identity
}

/// The name of a unit and the stage that it belongs to.
fn named(seam: Seam, unit: &[u8], role: Role) -> Option<(String, Stage)> {
    match seam {
        Seam::Isakmp => isakmp(unit, role),
        Seam::L2tp => Some(l2tp(unit)),
        Seam::Ppp => ppp(unit),
    }
}

fn isakmp(unit: &[u8], role: Role) -> Option<(String, Stage)> {
    let is_answer = usize::from(role == Role::Supernode);
    let header = Header::decode(&mut l2tpspec_protocol::codec::Reader::new(unit)).ok()?;
    Some(match header.exchange_type {
        ExchangeType::IdentityProtection => {
            let number = match header.next_payload {
                _ if header.has_encrypted_body() => 5,
                PayloadType::SecurityAssociation => 1,
                _ => 3,
            };
            (format!("ike.main.{}", number + is_answer), Stage::Phase1)
        }
        ExchangeType::Aggressive => {
            let number = match (role, header.responder_cookie) {
                (Role::Supernode, _) => 2,
                (Role::Client, [0, 0, 0, 0, 0, 0, 0, 0]) => 1,
                (Role::Client, _) => 3,
            };
            (format!("ike.aggressive.{number}"), Stage::Phase1)
        }
        ExchangeType::QuickMode => (format!("ike.quick.{}", 1 + is_answer), Stage::Phase2),
        _ => ("ike.info".to_owned(), Stage::Phase1),
    })
}

fn l2tp(unit: &[u8]) -> (String, Stage) {
    // The Message Type AVP is the first, behind twelve octets of header and six of its own.
    let Some([high, low]) = unit.get(18..20) else { return ("l2tp.ZLB".to_owned(), Stage::Tunnel) };
    let kind = MessageType::from_number(u16::from_be_bytes([*high, *low]));
    let stage = match kind {
        MessageType::IncomingCallRequest
        | MessageType::IncomingCallReply
        | MessageType::IncomingCallConnected => Stage::Session,
        _ => Stage::Tunnel,
    };
    (format!("l2tp.{}", kind.name().unwrap_or("unknown")), stage)
}

fn ppp(unit: &[u8]) -> Option<(String, Stage)> {
    let (header, start) = FrameHeader::decode(unit).ok()?;
    let code = *unit.get(start)?;
    let negotiation = ppp::control::Code::from_number(code).name();
    let (layer, name, stage) = match header.protocol {
        Protocol::Lcp => ("lcp", negotiation, Stage::Lcp),
        Protocol::Pap => ("pap", ppp::pap::Code::from_number(code).name(), Stage::Authentication),
        Protocol::Chap => ("chap", ppp::chap::Code::from_number(code).name(), Stage::Authentication),
        Protocol::Eap => ("eap", ppp::eap::Code::from_number(code).name(), Stage::Authentication),
        Protocol::Ipcp => ("ipcp", negotiation, Stage::Network),
        Protocol::Ipv6cp => ("ipv6cp", negotiation, Stage::Network),
        Protocol::Ccp => ("ccp", negotiation, Stage::Network),
        _ => ("ppp", Some("frame"), Stage::Network),
    };
    Some((format!("{layer}.{}", name.unwrap_or("unknown")), stage))
}

/// The stage that a message belongs to.
#[must_use]
pub fn stage_of(message: &Selector) -> Stage {
    match (message.layer(), message.name()) {
        ("ike", Some(name)) if name.starts_with("quick") => Stage::Phase2,
        ("ike", _) => Stage::Phase1,
        ("l2tp", Some("ICRQ" | "ICRP" | "ICCN" | "CDN")) => Stage::Session,
        ("l2tp", _) => Stage::Tunnel,
        ("lcp", _) => Stage::Lcp,
        ("pap" | "chap" | "eap", _) => Stage::Authentication,
        _ => Stage::Network,
    }
}
