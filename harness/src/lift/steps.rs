//! What happened once the connection was up, in the order and at the pace in which it happened.

use l2tpspec_protocol::isakmp::wire::{ExchangeType, Header};
use l2tpspec_protocol::l2tp::wire::MessageType;
use serde_json::{Value, json};

use super::said::{Talk, What};
use crate::transcript::connection::Role;
use crate::triage::{Outcome, Rung};

/// A second.
const SECOND: i64 = 1_000_000_000;
/// A pause that is shorter is none.
const PAUSE: i64 = 3 * SECOND;
/// The longest pause, and the longest that all of them are together: what a recording of hours does again and again shows in that.
const LONGEST: i64 = 180 * SECOND;
const IN_ALL: i64 = 600 * SECOND;
/// How long routers may take to meet; those that were recorded may have met sooner.
const MEETING: i64 = 30 * SECOND;
/// Pings of one kind in a row, and in all, that are re-enacted.
const IN_A_ROW: usize = 10;
const KINDS: usize = 20;

/// What tells an exchange from others: its type, the initiator's cookie, the Message ID.
type Exchange = (ExchangeType, [u8; 8], u32);

/// Something that an end did or that was done by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Ping { by: Role, octets: usize, count: usize },
    Rekey { phase: u8, by: Role },
    OspfPeer,
    End { by: Role, message: &'static str },
}

/// An event, and from when until when it was.
#[derive(Debug)]
struct Timed {
    event: Event,
    from: i64,
    until: i64,
}

/// The steps of a connection that comes up.
pub(super) fn of(talk: &Talk, outcome: Option<&Outcome>) -> Value {
    let reached = |rung: Rung| outcome.and_then(|outcome| outcome.ladder.step(rung).reached);
    let mut steps = vec![json!({ "do": "connect" })];
    let events = events(talk, reached(Rung::IpcpUp).map_or(0, |mark| mark.frame));
    let mut spare = IN_ALL;
    let mut pause = |time: i64, steps: &mut Vec<Value>| {
        let time = time.min(LONGEST).min(spare);
        if time >= PAUSE {
            spare -= time;
            steps.push(json!({ "wait": format!("{}s", time / SECOND) }));
        }
    };
    let mut before = reached(Rung::IpcpUp).map(|mark| mark.time);
    // Whatever users sent, a ping shows that it is carried.
    let is_ping = |timed: &Timed| matches!(timed.event, Event::Ping { .. });
    if !events.iter().any(is_ping) && reached(Rung::DataBothWays).is_some() {
        steps.push(json!({ "do": "ping" }));
    }
    for Timed { event, from, until } in &events {
        pause(from - before.unwrap_or(*from), &mut steps);
        before = Some(*until);
        steps.push(event.step());
        if *event == Event::OspfPeer {
            steps.push(json!({ "wait": format!("{}s", MEETING / SECOND) }));
            before = Some(until + MEETING);
        }
    }
    let last = talk.all.last().map_or(0, |said| said.time);
    if events.iter().any(|timed| matches!(timed.event, Event::End { .. })) {
        steps.push(json!({ "wait": "10s" }));
    } else {
        pause(last - before.unwrap_or(last), &mut steps);
    }
    Value::Array(steps)
}

impl Event {
    fn step(self) -> Value {
        match self {
            Self::Ping { by, octets, count } => {
                let size = if octets >= 1300 { json!("mtu") } else { json!(octets) };
                let mut step = json!({ "do": "ping", "size": size, "count": count });
                if by == Role::Supernode {
                    step["from"] = json!("supernode");
                    step["to"] = json!("client");
                }
                step
            }
            Self::Rekey { phase, by } => json!({ "do": "rekey", "phase": phase, "by": by.word() }),
            Self::OspfPeer => json!({ "do": "ospf.peer" }),
            Self::End { by: Role::Client, .. } => json!({ "do": "disconnect" }),
            Self::End { by: Role::Supernode, message } => {
                json!({ "send": format!("l2tp.{message}"), "from": "supernode" })
            }
        }
    }
}

/// What happened behind the frame with which the connection was up.
fn events(talk: &Talk, up: u64) -> Vec<Timed> {
    let mut events: Vec<Timed> = Vec::new();
    let mut known: Vec<Exchange> = Vec::new();
    let mut kinds = 0;
    for said in &talk.all {
        let is_up = said.frame > up;
        let event = match &said.what {
            What::Isakmp(header, _) | What::Closed(header) => {
                let Some((phase, exchange)) = exchange(header) else { continue };
                if known.contains(&exchange) {
                    continue;
                }
                known.push(exchange);
                Event::Rekey { phase, by: said.by }
            }
            What::Ping(octets) => {
                let again = events.last_mut().filter(|last| said.time - last.until < PAUSE);
                if let Some(Timed { event: Event::Ping { by, octets: before, count }, until, .. }) = again
                    && (*by, *before) == (said.by, *octets)
                {
                    *count = (*count + 1).min(IN_A_ROW);
                    *until = said.time;
                    continue;
                }
                kinds += 1;
                if kinds > KINDS {
                    continue;
                }
                Event::Ping { by: said.by, octets: *octets, count: 1 }
            }
            What::Ospf(_) if !events.iter().any(|timed| timed.event == Event::OspfPeer) => Event::OspfPeer,
            What::L2tp(message) => match message.message_type() {
                Some(MessageType::StopControlConnectionNotification) => {
                    Event::End { by: said.by, message: "StopCCN" }
                }
                Some(MessageType::CallDisconnectNotify) if said.by == Role::Supernode => {
                    Event::End { by: said.by, message: "CDN" }
                }
                _ => continue,
            },
            _ => continue,
        };
        if !is_up {
            continue;
        }
        events.push(Timed { event, from: said.time, until: said.time });
        if matches!(event, Event::End { .. }) {
            break;
        }
    }
    events
}

/// The phase that a message belongs to, and what tells its exchange from others.
fn exchange(header: &Header) -> Option<(u8, Exchange)> {
    let kind = header.exchange_type;
    match kind {
        ExchangeType::IdentityProtection | ExchangeType::Aggressive => {
            Some((1, (kind, header.initiator_cookie, 0)))
        }
        ExchangeType::QuickMode => Some((2, (kind, header.initiator_cookie, header.message_id))),
        _ => None,
    }
}
