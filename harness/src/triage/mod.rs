//! Triage: how far a connection got, and if it failed, the likely causes.
//!
//! It reads the transcript of one connection and needs no keys for what clear headers tell: who answered, how many
//! messages of which exchange there were, whether both ends sent ESP.

mod attempt;
mod authentication;
mod cause;
mod data;
mod esp;
mod hidden;
mod ike;
mod l2tp;
mod ladder;
mod mark;
mod negotiation;
pub(crate) mod offer;
mod ospf;
mod outcome;
mod phase1;
mod ppp;
mod quick;
mod rung;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use l2tpspec_protocol::isakmp::wire::ExchangeType;

pub use ladder::{Ladder, Step};
pub use mark::Mark;
pub use outcome::{Outcome, Used};
pub use rung::Rung;

use attempt::Attempt;
use cause::{Case, Names, Unreachable};
use esp::Associations;
use hidden::Hidden;
use ike::Message;
use mark::{Both, Side};
use phase1::Cookie;

use crate::rule::Seen;
use crate::transcript::connection::{Connection, Role};
use crate::transcript::layer::{Isakmp, UdpEncap};
use crate::transcript::{Entry, Layer};

/// Cookies of past attempts, ICMP errors, and past attempts that are remembered.
const MOST: usize = 1024;

/// Judges one connection, entry by entry.
#[derive(Debug, Default)]
pub struct Triage {
    /// Address and port of side A.
    first: Option<(IpAddr, u16)>,
    begin: Option<Mark>,
    last: Option<Mark>,
    /// The last frame of each end.
    heard: Both<Option<Mark>>,
    attempt: Attempt,
    past: Vec<Attempt>,
    attempts_begun: u64,
    past_phase1: u64,
    past_phase2: u64,
    past_cookies: BTreeSet<Cookie>,
    associations: Associations,
    hidden: Hidden,
    software: Both<Vec<String>>,
    inside: Both<Option<Ipv4Addr>>,
    on_4500: bool,
    unreachable: Vec<Unreachable>,
    /// Protocols that are named and not judged.
    others: BTreeSet<&'static str>,
    is_judged: bool,
}

impl Triage {
    /// Looks at the next entry of the connection.
    pub fn see(&mut self, seen: &Seen<'_>) {
        let entry = seen.entry;
        let mark = Mark { frame: entry.frame, time: entry.time };
        let side = self.side(seen);
        self.begin.get_or_insert(mark);
        self.last = Some(mark);
        if let Some(side) = side {
            self.heard[side] = Some(mark);
        }
        let mut on_4500 = false;
        let mut in_esp = false;
        for (i, layer) in seen.layers.iter().enumerate() {
            match layer {
                Layer::UdpEncap(what) => {
                    on_4500 = true;
                    self.on_4500 |= *what != UdpEncap::Keepalive;
                }
                Layer::Isakmp(message) => self.isakmp(message, side, mark, on_4500, entry),
                Layer::Esp(packet) => {
                    in_esp = true;
                    self.is_judged = true;
                    let Some(side) = side else { continue };
                    let begin = self.associations.see(packet, side, mark);
                    // What the attempt before this one still sends says nothing of this one.
                    if self.attempt.begin.is_none_or(|attempt| begin >= attempt) {
                        self.attempt.esp[side].note(mark);
                        self.attempt.is_encapsulated |= on_4500;
                    }
                }
                Layer::L2tpControl(message) => {
                    self.is_judged = true;
                    if let Some(side) = side {
                        self.attempt.tunnels.see(message, side, mark, in_esp);
                    }
                }
                Layer::L2tpData(header) => {
                    self.is_judged = true;
                    self.attempt.tunnels.link(header, side).see(&seen.layers[i + 1..], side, mark);
                    return;
                }
                Layer::Ppp(_) | Layer::PppControl(_) => {
                    self.is_judged = true;
                    self.attempt.tunnels.bare_link().see(&seen.layers[i..], side, mark);
                    return;
                }
                // What it quotes was not sent here.
                Layer::Icmp(icmp) if icmp.quotes() => {
                    self.unreachable(entry, seen.layers.get(i..).unwrap_or_default());
                    return;
                }
                Layer::Named(named) => self.named(named.why),
                _ => {}
            }
        }
    }

    /// Takes a layer that is not read.
    fn named(&mut self, why: &str) {
        let other = match why {
            "IKEv2" => "IKEv2",
            "version 3" => "L2TPv3",
            "version 1 (L2F)" => "L2F",
            "malformed" => {
                self.is_judged = true;
                return;
            }
            _ => return,
        };
        self.others.insert(other);
    }

    /// Looks at an ICMP error that quotes a datagram of the connection: `layers` begin with it.
    pub fn unreachable(&mut self, entry: &Entry, layers: &[Layer]) {
        if let Some(error) = Unreachable::new(entry, layers)
            && self.unreachable.len() < MOST
        {
            self.unreachable.push(error);
        }
    }

    /// Who sent an entry. Roles may change once an opening message is seen; addresses do not.
    fn side(&mut self, seen: &Seen<'_>) -> Option<Side> {
        let connection = seen.connection;
        let (own, other) = match seen.sender? {
            Role::Client => (connection.client?, connection.supernode?),
            Role::Supernode => (connection.supernode?, connection.client?),
        };
        let port = || {
            seen.entry.layers.iter().rev().skip(seen.layers.len()).find_map(|layer| match layer {
                Layer::Udp(udp) => Some((udp.source_port, udp.destination_port)),
                _ => None,
            })
        };
        // Two ends on one machine differ in their ports only.
        if own == other {
            let (source, destination) = port()?;
            let (_, first) = *self.first.get_or_insert((own, source));
            return (source != destination).then_some(if source == first { Side::A } else { Side::B });
        }
        let (first, _) = *self.first.get_or_insert((own, 0));
        Some(if first == own { Side::A } else { Side::B })
    }

    fn isakmp(&mut self, isakmp: &Isakmp, side: Option<Side>, mark: Mark, on_4500: bool, entry: &Entry) {
        if isakmp.header.major() != 1 || isakmp.header.exchange_type == ExchangeType::None {
            return;
        }
        self.is_judged = true;
        let Some(side) = side else { return };
        let is_faulty = entry.fault.is_some_and(|fault| fault.layer == "isakmp");
        let message = Message::new(isakmp, side, mark, on_4500, is_faulty);
        self.hidden.isakmp(isakmp, mark);
        for body in message.bodies() {
            if let Some(name) = ike::software(body)
                && !self.software[side].iter().any(|known| known == name)
            {
                self.software[side].push(name.to_owned());
            }
            if isakmp.header.exchange_type == ExchangeType::IdentityProtection
                && let Some(address) = ike::own_address(body)
            {
                self.inside[side].get_or_insert(address);
            }
        }
        if self.past_cookies.contains(&message.cookie()) {
            return;
        }
        if message.is_opening()
            && !self.attempt.ike.knows(&message.cookie())
            && self.attempt.has_begun()
            && !self.attempt.is_alive(mark)
        {
            self.begin_anew(mark);
        }
        self.attempt.ike.see(&message);
    }

    fn begin_anew(&mut self, mark: Mark) {
        let past = std::mem::replace(&mut self.attempt, Attempt { begin: Some(mark), ..Attempt::default() });
        self.attempts_begun += 1;
        self.past_phase1 += past.ike.phase1_generations();
        self.past_phase2 += past.ike.generations;
        if self.past_cookies.len() < MOST {
            self.past_cookies.extend(past.cookies());
        }
        // The one before is enough to tell why, should the last one be cut short by the end of the recording.
        self.past.clear();
        self.past.push(past);
    }

    /// What is to be said of the connection when the recording has ended at `end`; `None` if nothing of it could be
    /// judged.
    #[must_use]
    pub fn end(mut self, connection: &Connection, end: Mark) -> Option<Outcome> {
        if !self.is_judged {
            return None;
        }
        let names = self.names(connection);
        let client = names.side(Role::Client);
        let mut ladder = self.attempt.climb(client, end);
        let mut attempt = std::mem::take(&mut self.attempt);
        let attempts = self.attempts_begun + u64::from(attempt.has_begun());
        let phase1_generations = self.past_phase1 + attempt.ike.phase1_generations();
        let phase2_generations =
            (self.past_phase2 + attempt.ike.generations).max(self.associations.generations());
        if let Some(before) = self.past.pop() {
            let ladder_before = before.climb(client, end);
            if is_cut_short(&ladder, end) && ladder_before.verdict() >= ladder.verdict() {
                (attempt, ladder) = (before, ladder_before);
            }
        }
        let (rung, failed_at) = ladder.verdict();
        let case = Case {
            attempt: &attempt,
            ladder: &ladder,
            associations: &self.associations,
            unreachable: &self.unreachable,
            heard: &self.heard,
            names,
            end,
        };
        let causes = case.causes(failed_at);
        let hidden = self.hidden.layers(&self.associations, &attempt.tunnels);
        let details = cause::details(&attempt);
        let mut notes = case.notes();
        notes.extend(
            self.others.iter().map(|other| format!("{other} is spoken as well, which is not judged here")),
        );
        Some(Outcome {
            client: connection.client,
            supernode: connection.supernode,
            rung,
            failed: !causes.is_empty(),
            causes,
            hidden_because: self.hidden.because(&self.associations, &attempt.tunnels, names),
            hidden,
            notes,
            details,
            attempts,
            phase1_generations,
            phase2_generations,
            associations: self.used(names),
            software: [Role::Client, Role::Supernode].map(|role| self.told(names.side(role), &attempt)),
            is_translated: self.on_4500,
            inside: client
                .and_then(|side| self.inside[side])
                .filter(|inside| Some(IpAddr::from(*inside)) != connection.client),
            ladder,
            begin: self.begin.unwrap_or(end),
            last: self.last.unwrap_or(end),
        })
    }

    fn names(&self, connection: &Connection) -> Names {
        match (self.first, connection.client, connection.supernode) {
            (Some((first, _)), Some(client), Some(supernode)) if client != supernode => {
                Names { client: Some(if first == client { Side::A } else { Side::B }) }
            }
            // On one machine, whoever spoke first opened the connection.
            (Some(_), Some(_), Some(_)) => Names { client: Some(Side::A) },
            _ => Names { client: None },
        }
    }

    fn used(&self, names: Names) -> Vec<Used> {
        let used = |association: &esp::Association| Used {
            spi: association.spi,
            sender: names.role(association.sender),
            packets: association.packets,
            lost: association.lost(),
            duplicates: association.duplicates,
        };
        self.associations.list.iter().map(used).collect()
    }

    /// What an end says that it is.
    fn told(&self, side: Option<Side>, attempt: &Attempt) -> Vec<String> {
        let Some(side) = side else { return Vec::new() };
        let mut told = self.software[side].clone();
        told.extend(attempt.tunnels.names[side].clone());
        told
    }
}

/// Whether the failure may be the end of the recording: what was tried last had no time for an answer.
fn is_cut_short(ladder: &Ladder, end: Mark) -> bool {
    const TOO_SHORT: i64 = 3_000_000_000;
    let (_, failed_at) = ladder.verdict();
    let tried = failed_at.and_then(|rung| ladder.step(rung).tried);
    tried.is_some_and(|tried| end.time - tried.time < TOO_SHORT)
}
