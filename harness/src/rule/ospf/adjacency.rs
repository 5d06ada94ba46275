//! How two routers compare their databases (RFC 2328 sections 10.3, 10.6, 10.8).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;

use l2tpspec_protocol::ospf::wire::{Body, DatabaseDescription, Packet};

use super::{judge, packet};
use crate::rule::l2tp::ends::Ends;
use crate::rule::ppp::links::Turn;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::connection::Role;

use DatabaseDescription as Dd;

/// Numbers of the master that the slave may still repeat.
const REMEMBERED: usize = 4;

fn description(packet: &Packet) -> Option<&DatabaseDescription> {
    match &packet.body {
        Body::DatabaseDescription(description) => Some(description),
        _ => None,
    }
}

/// OSPF-2328-10.3-b.
pub(super) fn first_description(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some(dd) = packet(seen).and_then(|(_, packet)| description(packet)).filter(|dd| dd.has(Dd::I)) else {
        return;
    };
    let headers = dd.lsa_headers.len();
    if !(dd.has(Dd::M) && dd.has(Dd::MS) && headers == 0) {
        let (m, ms) = (u8::from(dd.has(Dd::M)), u8::from(dd.has(Dd::MS)));
        let text = format!(
            "sent an initial Database Description with M {m}, MS {ms} and {headers} LSA headers; expected M 1, MS 1 and none"
        );
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// OSPF-2328-10.8-a. A smaller MTU may be the interface's own.
pub(super) fn interface_mtu() -> Box<dyn Rule> {
    judge(
        |reported: &mut BTreeSet<(usize, Role)>, turn, packet, report| {
            let Some(dd) = description(packet) else { return };
            let Some(mru) = turn.link.mru(!turn.sender) else { return };
            let mtu = dd.interface_mtu;
            if (mtu > mru || mtu == 0) && reported.insert((turn.index, turn.sender)) {
                let text = format!(
                    "sent Database Description with Interface MTU {mtu}; expected at most the MRU of the peer, {mru}"
                );
                turn.violation(report, text);
            }
        },
        |_, _| {},
    )
}

/// What was described on a link.
#[derive(Default)]
struct Exchange {
    routers: Ends<Option<Ipv4Addr>>,
    /// Numbers of the master's last packets.
    numbers: VecDeque<u32>,
    /// The master's last packet, and its frame.
    last: Option<(DatabaseDescription, u64)>,
    /// The number in the slave's last packet.
    answered: Option<u32>,
}

impl Exchange {
    /// Whether `role` has the greater Router ID; `None` if only one router was heard.
    fn is_master(&self, role: Role) -> Option<bool> {
        Some(self.routers[role]? > self.routers[!role]?)
    }

    fn note_number(&mut self, number: u32) {
        if self.numbers.len() == REMEMBERED {
            self.numbers.pop_front();
        }
        self.numbers.push_back(number);
    }
}

type Exchanges = BTreeMap<usize, Exchange>;

/// OSPF-2328-10.6-b.
pub(super) fn master() -> Box<dyn Rule> {
    judge(judge_master, |_, _| {})
}

fn judge_master(exchanges: &mut Exchanges, turn: &Turn<'_>, packet: &Packet, report: &mut Report<'_>) {
    let exchange = exchanges.entry(turn.index).or_default();
    exchange.routers[turn.sender] = Some(packet.router_id);
    let (Some(dd), Some(is_master)) = (description(packet), exchange.is_master(turn.sender)) else { return };
    let number = dd.dd_sequence_number;
    if is_master {
        exchange.note_number(number);
    }
    if dd.has(Dd::I) {
        return;
    }
    let (sent, expected) = (u8::from(dd.has(Dd::MS)), u8::from(is_master));
    if sent != expected {
        let other = exchange.routers[!turn.sender].unwrap_or(Ipv4Addr::UNSPECIFIED);
        let router = packet.router_id;
        let text = format!(
            "sent Database Description with MS {sent} as {router} to {other}; expected MS {expected}"
        );
        turn.violation(report, text);
    } else if !is_master && !exchange.numbers.contains(&number) {
        let last = exchange.numbers.back().map_or_else(|| "none yet".to_owned(), ToString::to_string);
        let text =
            format!("sent Database Description number {number} as slave; expected the master's, {last}");
        turn.suspect(text);
    }
}

/// OSPF-2328-10.6-e.
pub(super) fn numbers() -> Box<dyn Rule> {
    judge(judge_numbers, |_, _| {})
}

fn judge_numbers(exchanges: &mut Exchanges, turn: &Turn<'_>, packet: &Packet, _: &mut Report<'_>) {
    let exchange = exchanges.entry(turn.index).or_default();
    exchange.routers[turn.sender] = Some(packet.router_id);
    let (Some(dd), Some(is_master)) = (description(packet), exchange.is_master(turn.sender)) else { return };
    let number = dd.dd_sequence_number;
    if !is_master {
        if !dd.has(Dd::I) {
            exchange.answered = Some(number);
        }
        return;
    }
    if let Some((last, frame)) = &exchange.last
        && !dd.has(Dd::I)
    {
        let before = last.dd_sequence_number;
        let next = before.wrapping_add(1);
        // A recorder may see the answer before the packet.
        let is_answered = [Some(before), Some(number)].contains(&exchange.answered);
        let wrong = if number == before && dd != last {
            Some(format!(
                "number {number} of frame {frame} with other contents; expected a number one higher"
            ))
        } else if number == next && !is_answered {
            Some(format!(
                "number {number} before {before} of frame {frame} was answered; expected {before} again"
            ))
        } else if number != before && number != next {
            Some(format!("number {number} after {before} of frame {frame}; expected one more"))
        } else {
            None
        };
        if let Some(wrong) = wrong {
            turn.suspect(format!("sent Database Description {wrong}"));
        }
    }
    exchange.last = Some((dd.clone(), turn.frame));
}
