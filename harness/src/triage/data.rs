//! User packets over a PPP link.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use l2tpspec_protocol::ppp::Protocol;

use super::mark::{Both, Frames, Mark, Side};
use crate::transcript::Layer;
use crate::transcript::ip::{Icmp, Ipv4};

/// Pairs of addresses remembered on a link that does not say who sends.
const MOST_PAIRS: usize = 1024;
/// How long a question may go unanswered until that counts, nanoseconds.
const PATIENCE: i64 = 2_000_000_000;

/// What was carried.
#[derive(Debug, Default)]
pub(super) struct Data {
    /// Packets of any kind.
    pub(super) any: Both<Frames>,
    /// Packets to one receiver.
    pub(super) unicast: Both<Frames>,
    /// Of these, what wants an answer: echo requests, TCP segments, DNS questions.
    pub(super) questions: Both<Frames>,
    /// Where the last question went.
    pub(super) asked: Option<Ipv4Addr>,
    ipv4: Both<Option<Mark>>,
    /// On a link that does not say who sends, a packet and another one back tell that both ends send.
    pairs: BTreeSet<(Ipv4Addr, Ipv4Addr)>,
    answered: Option<Mark>,
}

impl Data {
    pub(super) fn see(&mut self, protocol: Protocol, inner: &[Layer], side: Option<Side>, mark: Mark) {
        let is_opaque = matches!(
            protocol,
            Protocol::Compressed
                | Protocol::IndividualLinkCompressed
                | Protocol::Encryption
                | Protocol::IndividualLinkEncryption
                | Protocol::Multilink
                | Protocol::VanJacobsonCompressed
                | Protocol::VanJacobsonUncompressed
        );
        if !is_opaque && !matches!(protocol, Protocol::Ipv4 | Protocol::Ipv6) {
            return;
        }
        let Some(side) = side else { return self.see_loose(inner, mark) };
        self.any[side].note(mark);
        match inner.first() {
            Some(Layer::Ip(ip)) => {
                if protocol == Protocol::Ipv4 {
                    self.ipv4[side].get_or_insert(mark);
                }
                if !is_to_one(ip) {
                    return;
                }
                self.unicast[side].note(mark);
                if wants_answer(inner.get(1)) {
                    self.asked = Some(ip.destination);
                    self.questions[side].note(mark);
                }
            }
            Some(Layer::Ipv6(ip)) if !ip.destination.is_multicast() => self.unicast[side].note(mark),
            _ if is_opaque => self.unicast[side].note(mark),
            _ => {}
        }
    }

    fn see_loose(&mut self, inner: &[Layer], mark: Mark) {
        let Some(Layer::Ip(ip)) = inner.first() else { return };
        if self.answered.is_some() || !is_to_one(ip) {
            return;
        }
        if self.pairs.contains(&(ip.destination, ip.source)) {
            self.answered = Some(mark);
        } else if self.pairs.len() < MOST_PAIRS {
            self.pairs.insert((ip.source, ip.destination));
        }
    }

    /// When packets had gone in both directions. What is sent to everybody counts where nobody asked anything.
    pub(super) fn both_ways(&self) -> Option<Mark> {
        let unicast = self.unicast.later(Frames::begin).or(self.answered);
        let nobody_asked = Side::ALL.iter().all(|side| self.questions[*side].is_empty());
        unicast.or_else(|| self.any.later(Frames::begin).filter(|_| nobody_asked))
    }

    /// Whether IPv4 went in both directions.
    pub(super) fn ipv4_both_ways(&self) -> bool {
        self.ipv4.later(|mark| *mark).is_some() || self.answered.is_some()
    }

    /// When an answer was first asked for, if there was time for it.
    pub(super) fn tried(&self, end: Mark) -> Option<Mark> {
        let asked = |questions: &Frames| {
            questions.begin().filter(|begin| questions.count() > 1 || end.time - begin.time >= PATIENCE)
        };
        self.questions.earlier(asked)
    }
}

fn is_to_one(ip: &Ipv4) -> bool {
    let to = ip.destination;
    let [.., last] = to.octets();
    !to.is_multicast() && !to.is_unspecified() && last != 255
}

fn wants_answer(layer: Option<&Layer>) -> bool {
    match layer {
        Some(Layer::Icmp(Icmp { icmp_type, .. })) => *icmp_type == 8,
        Some(Layer::Tcp(_)) => true,
        Some(Layer::Udp(udp)) => udp.destination_port == 53,
        _ => false,
    }
}
