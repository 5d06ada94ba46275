//! Sequence numbers of ESP.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use super::child::{Children, inner, packet};
use crate::rule::ike::message::{Flow, Message};
use crate::rule::{Report, Rule, Seen};
use crate::transcript::connection::Role;
use crate::transcript::layer::{Esp, Layer, Opening};

/// Packets remembered of one security association, to know copies from reuse.
const MAX_RECENT: usize = 1024;
/// How far behind the highest number only a counter that was set back is, and how many such packets show it.
const BEYOND_REORDERING: u32 = 1024;
const RUN: u32 = 3;
/// Packets by which the lowest number of a new association is known, and the highest number that the loss of those before
/// explains.
const FIRST_PACKETS: u32 = 8;
const FIRST_NUMBER_WITH_LOSS: u32 = 4;
/// Above this the low half of a 64-bit counter may wrap next.
const NEAR_WRAP: u32 = u32::MAX - 0x1_0000;
/// Associations remembered of one connection.
const MAX_ASSOCIATIONS: usize = 1024;

/// The counter starts at one and rises by one (ESP-4303-3.3.3-a). Gaps and reordering are the network's and the
/// recorder's; what they cannot explain is a number that comes again with other content, a counter that goes back, or one
/// that starts far from one after the Quick Mode that made it.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    children: Children,
    /// Numbers may start again under keys that were set by hand.
    has_ike: bool,
    announced: BTreeSet<u32>,
    counters: BTreeMap<(u32, IpAddr), Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    highest: u32,
    recent: VecDeque<Packet>,
    packets: u32,
    lowest: u32,
    first: (u64, Option<Role>),
    is_announced: bool,
    back: u32,
    back_run: u32,
    is_blamed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packet {
    number: u32,
    length: usize,
    /// Checksum of the UDP datagram within, if there is one.
    checksum: Option<u16>,
}

impl Packet {
    fn of(esp: &Esp, seen: &Seen<'_>) -> Self {
        let checksum = match inner(seen) {
            [Layer::Udp(udp), ..] if udp.checksum != 0 => Some(udp.checksum),
            _ => None,
        };
        Self { number: esp.header.sequence_number, length: esp.length, checksum }
    }

    fn is_other_content(&self, other: &Self) -> bool {
        self.length != other.length
            || matches!((self.checksum, other.checksum), (Some(one), Some(other)) if one != other)
    }
}

impl Rule for Numbers {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        if Message::of(seen).is_some() {
            self.has_ike = true;
            for spi in self.children.see(seen) {
                if self.announced.len() < MAX_ASSOCIATIONS {
                    self.announced.insert(spi);
                }
                self.counters.retain(|(known, _), _| *known != spi);
            }
            return;
        }
        let (Some(esp), Some(flow)) = (packet(seen), Flow::of(seen)) else { return };
        let is_forged = esp.opening == Opening::KeyWrong;
        let is_cut = seen.entry.snapped > 0
            || seen.entry.fault.is_some_and(|fault| matches!(fault.layer, "ip" | "ipv6"));
        if !self.has_ike || is_forged || is_cut {
            return;
        }
        let spi = esp.header.security_parameters_index;
        let key = (spi, flow.source);
        if !self.counters.contains_key(&key) && self.counters.len() >= MAX_ASSOCIATIONS {
            return;
        }
        let is_announced = self.announced.contains(&spi);
        let counter = self.counters.entry(key).or_default();
        if let Some(text) = counter.see(Packet::of(esp, seen), is_announced, (seen.entry.frame, seen.sender))
        {
            report.violation(seen.entry.frame, seen.sender, text);
        }
        counter.judge_start(report, false);
    }

    fn end(&mut self, report: &mut Report<'_>) {
        for counter in self.counters.values_mut() {
            counter.judge_start(report, true);
        }
    }
}

impl Counter {
    fn see(&mut self, packet: Packet, is_announced: bool, first: (u64, Option<Role>)) -> Option<String> {
        let number = packet.number;
        if self.packets == 0 {
            *self = Self { highest: number, lowest: number, first, is_announced, ..Self::default() };
        }
        self.packets = self.packets.saturating_add(1);
        self.lowest = self.lowest.min(number);
        if self.is_blamed {
            return None;
        }
        let text = self.wrong(packet);
        self.is_blamed = text.is_some();
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(packet);
        text
    }

    fn wrong(&mut self, packet: Packet) -> Option<String> {
        let number = packet.number;
        if self.highest > NEAR_WRAP {
            // A 64-bit counter, of which half is seen, may wrap; then the window says nothing.
            if number < BEYOND_REORDERING {
                self.highest = number;
                self.recent.clear();
            }
            self.highest = self.highest.max(number);
            return None;
        }
        if number == 0 {
            return Some("sent ESP with sequence number 0; expected 1 first".to_owned());
        }
        if number > self.highest {
            self.highest = number;
            self.back_run = 0;
            return None;
        }
        match self.recent.iter().rev().find(|recent| recent.number == number) {
            Some(before) if before.is_other_content(&packet) => {
                return Some(format!(
                    "sent sequence number {number} again with other content; expected a higher one"
                ));
            }
            Some(_) => return None,
            None => {}
        }
        if self.highest - number < BEYOND_REORDERING {
            return None;
        }
        self.back_run = if number == self.back.wrapping_add(1) { self.back_run + 1 } else { 1 };
        self.back = number;
        (self.back_run == RUN).then(|| {
            format!("sent sequence numbers up to {number} after {}; expected higher ones", self.highest)
        })
    }

    fn judge_start(&mut self, report: &mut Report<'_>, is_end: bool) {
        if !self.is_announced
            || self.is_blamed
            || self.packets > FIRST_PACKETS
            || (self.packets < FIRST_PACKETS && !is_end)
        {
            return;
        }
        if self.lowest > FIRST_NUMBER_WITH_LOSS {
            self.is_blamed = true;
            let text =
                format!("began a security association with sequence number {}; expected 1", self.lowest);
            report.violation(self.first.0, self.first.1, text);
        }
    }
}
