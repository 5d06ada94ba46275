//! Hellos (RFC 2328 section 9.5).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use l2tpspec_protocol::ospf::wire::{Body, Hello, Packet};

use super::judge;
use crate::rule::l2tp::path::SECOND;
use crate::rule::ppp::links::Turn;
use crate::rule::{Report, Rule};
use crate::transcript::connection::Role;

/// Intervals remembered.
const REMEMBERED: usize = 4096;

/// OSPF-2328-9.5-a.
pub(super) fn intervals() -> Box<dyn Rule> {
    judge(note, judge_intervals)
}

/// The Hellos of a router on a link.
struct Hellos {
    role: Role,
    frame: u64,
    time: i64,
    hello_interval: u16,
    /// Nanoseconds between two of them.
    intervals: Vec<i64>,
}

#[derive(Default)]
struct Heard {
    routers: BTreeMap<(usize, Ipv4Addr), Hellos>,
    /// When the first OSPF packet of a link was recorded.
    since: BTreeMap<usize, i64>,
}

fn note(heard: &mut Heard, turn: &Turn<'_>, packet: &Packet, report: &mut Report<'_>) {
    let since = *heard.since.entry(turn.index).or_insert(turn.time);
    let Body::Hello(hello) = &packet.body else { return };
    judge_neighbors(heard, turn, hello, since, report);
    let new = || Hellos {
        role: turn.sender,
        frame: turn.frame,
        time: turn.time,
        hello_interval: hello.hello_interval,
        intervals: Vec::new(),
    };
    let known = heard.routers.entry((turn.index, packet.router_id)).or_insert_with(new);
    if known.hello_interval != hello.hello_interval {
        *known = new();
    } else if known.frame != turn.frame && known.intervals.len() < REMEMBERED {
        known.intervals.push(turn.time - known.time);
        known.time = turn.time;
        known.frame = turn.frame;
    }
}

/// A Hello names only routers that were heard in the last dead interval.
fn judge_neighbors(heard: &Heard, turn: &Turn<'_>, hello: &Hello, since: i64, report: &mut Report<'_>) {
    let dead_interval = i64::from(hello.router_dead_interval).saturating_mul(SECOND).saturating_add(SECOND);
    for neighbor in &hello.neighbors {
        let last = heard.routers.get(&(turn.index, *neighbor)).map_or(since, |known| known.time);
        let is_seen = turn.link.is_two_way() && !turn.link.is_blind;
        if turn.time - last > dead_interval && is_seen {
            let seconds = hello.router_dead_interval;
            let text = format!(
                "sent a Hello with neighbor {neighbor}; expected only routers heard in the last {seconds} s"
            );
            turn.violation(report, text);
        }
    }
}

/// Single Hellos may come early, when a neighbour appears, and the recording may lack some: only a pace that is
/// wrong throughout counts.
fn judge_intervals(heard: &mut Heard, report: &mut Report<'_>) {
    for hellos in heard.routers.values_mut() {
        let expected = i64::from(hellos.hello_interval) * SECOND;
        let intervals = &mut hellos.intervals;
        intervals.sort_unstable();
        let (Some(shortest), Some(median)) = (intervals.first(), intervals.get(intervals.len() / 2)) else {
            continue;
        };
        let is_slow = intervals.len() >= 3 && *shortest > expected + expected / 2;
        let is_fast = intervals.len() >= 5 && *median < expected / 10 * 7;
        if is_slow || is_fast {
            let (number, seconds) = (intervals.len() + 1, hellos.hello_interval);
            let milliseconds = median / (SECOND / 1000);
            let text = format!(
                "sent {number} Hellos, half of them within {milliseconds} ms of the one before; expected one every {seconds} s"
            );
            report.violation(hellos.frame, Some(hellos.role), text);
        }
    }
}
