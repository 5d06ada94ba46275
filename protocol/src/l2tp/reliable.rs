//! Reliable delivery of control messages (RFC 2661 section 5.8, appendix A): numbers, window, slow start, retransmission.

use core::time::Duration;
use std::collections::VecDeque;

use super::wire::{Avp, ControlMessage, Header, MessageType};
use crate::codec::Codec;

/// The window of a peer that advertises none, in messages (L2TP-2661-4.4.3-h).
const DEFAULT_WINDOW: u16 = 4;

/// A message on its way. It is encoded whenever it is sent, for its Nr is always of today (L2TP-2661-5.8-e).
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) tunnel_id: u16,
    pub(super) session_id: u16,
    pub(super) avps: Vec<Avp>,
}

impl Outgoing {
    pub(super) fn message_type(&self) -> Option<MessageType> {
        let header = Header::control(0, 0, 0, 0);
        let first = self.avps.first()?.clone();
        ControlMessage { header, avps: vec![first], padding: Vec::new() }.message_type()
    }
}

/// What became of a message that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It is the next one.
    InOrder,
    /// It was here before.
    Duplicate,
    /// Others are missing before it.
    Ahead,
}

/// One direction's numbers each, and what is not acknowledged.
#[derive(Debug)]
pub(super) struct Channel {
    /// The Ns of the next message.
    next: u16,
    /// The Ns expected next of the peer, our Nr.
    expected: u16,
    /// Messages that were sent and not acknowledged, the oldest first, and how often the oldest was sent.
    outstanding: VecDeque<Outgoing>,
    times: usize,
    /// Messages that wait for the window.
    waiting: VecDeque<Outgoing>,
    peer_window: u16,
    /// Congestion window, slow start threshold, and acknowledgments since the window grew.
    window: u16,
    threshold: u16,
    grown: u16,
    /// Whether the peer waits for an acknowledgment.
    owes_acknowledgment: bool,
}

impl Channel {
    pub(super) const fn new() -> Self {
        Self {
            next: 0,
            expected: 0,
            outstanding: VecDeque::new(),
            times: 0,
            waiting: VecDeque::new(),
            peer_window: DEFAULT_WINDOW,
            window: 1,
            threshold: DEFAULT_WINDOW,
            grown: 0,
            owes_acknowledgment: false,
        }
    }

    /// Takes the peer's window.
    pub(super) const fn set_peer_window(&mut self, window: u16) {
        self.peer_window = window;
        self.threshold = window;
    }

    /// Queues a message.
    pub(super) fn push(&mut self, message: Outgoing) {
        self.waiting.push_back(message);
    }

    /// The octets of all messages that the window admits now. Each carries our Nr, so nothing else has to acknowledge.
    pub(super) fn take_sendable(&mut self) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        // L2TP-2661-5.8-i, L2TP-2661-5.8-j
        while self.outstanding.len() < usize::from(self.window.min(self.peer_window)) {
            let Some(message) = self.waiting.pop_front() else { break };
            sent.extend(self.encode(self.next, &message));
            self.next = self.next.wrapping_add(1);
            if self.outstanding.is_empty() {
                self.times = 1;
            }
            self.outstanding.push_back(message);
        }
        self.owes_acknowledgment &= sent.is_empty();
        sent
    }

    fn encode(&self, ns: u16, message: &Outgoing) -> Option<Vec<u8>> {
        let header = Header::control(message.tunnel_id, message.session_id, ns, self.expected);
        let avps = message.avps.clone();
        ControlMessage { header, avps, padding: Vec::new() }.to_octets().ok()
    }

    /// A ZLB, if one is owed (L2TP-2661-5.8-a).
    pub(super) fn acknowledgment(&mut self, tunnel_id: u16) -> Option<Vec<u8>> {
        if !core::mem::take(&mut self.owes_acknowledgment) {
            return None;
        }
        self.encode(self.next, &Outgoing { tunnel_id, session_id: 0, avps: Vec::new() })
    }

    pub(super) const fn owes_acknowledgment(&self) -> bool {
        self.owes_acknowledgment
    }

    /// Takes the Nr of a message: what it acknowledges, or `None` if it acknowledges what was not sent.
    pub(super) fn on_acknowledged(&mut self, nr: u16) -> Option<Vec<MessageType>> {
        let oldest = self.next.wrapping_sub(u16::try_from(self.outstanding.len()).unwrap_or(u16::MAX));
        let count = nr.wrapping_sub(oldest);
        if usize::from(count) > self.outstanding.len() {
            // One that repeats what is long acknowledged is late, not wrong.
            return (oldest.wrapping_sub(nr) < 0x8000).then(Vec::new);
        }
        let mut acknowledged = Vec::new();
        for _ in 0..count {
            acknowledged.extend(self.outstanding.pop_front().and_then(|message| message.message_type()));
            self.grow();
        }
        if count > 0 {
            self.times = 1;
        }
        Some(acknowledged)
    }

    /// Slow start below the threshold, congestion avoidance above it (RFC 2661 appendix A).
    fn grow(&mut self) {
        if self.window < self.threshold {
            self.window = self.window.saturating_add(1);
        } else {
            self.grown = self.grown.saturating_add(1);
            if self.grown >= self.window {
                self.grown = 0;
                self.window = self.window.saturating_add(1).min(self.peer_window.max(1));
            }
        }
    }

    /// Judges the Ns of a message that is no ZLB (L2TP-2661-5.8-c, L2TP-2661-5.8-d).
    pub(super) const fn on_arrival(&mut self, ns: u16) -> Arrival {
        let ahead = ns.wrapping_sub(self.expected);
        if ahead == 0 {
            self.expected = self.expected.wrapping_add(1);
            self.owes_acknowledgment = true;
            Arrival::InOrder
        } else if ahead >= 0x8000 {
            self.owes_acknowledgment = true;
            Arrival::Duplicate
        } else {
            Arrival::Ahead
        }
    }

    pub(super) const fn expected(&self) -> u16 {
        self.expected
    }

    /// Whether nothing is left to be sent or acknowledged.
    pub(super) fn is_idle(&self) -> bool {
        self.outstanding.is_empty() && self.waiting.is_empty()
    }

    /// How long to wait for an acknowledgment now; `None` if nothing is outstanding, or the last wait is over.
    pub(super) fn wait(&self, waits: &[Duration]) -> Option<Duration> {
        if self.outstanding.is_empty() {
            return None;
        }
        waits.get(self.times.saturating_sub(1)).copied()
    }

    /// Sends the oldest message again: its octets, Ns and how often it was sent. `None` after the last wait.
    pub(super) fn again(&mut self, waits: &[Duration]) -> Option<(Vec<u8>, u16, usize)> {
        if self.times >= waits.len() {
            return None;
        }
        self.times = self.times.saturating_add(1);
        self.threshold = (self.window / 2).max(1);
        self.window = 1;
        self.grown = 0;
        let ns = self.next.wrapping_sub(u16::try_from(self.outstanding.len()).unwrap_or(u16::MAX));
        let octets = self.encode(ns, self.outstanding.front()?)?;
        self.owes_acknowledgment = false;
        Some((octets, ns, self.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::l2tp::wire::AvpValue;

    fn hello() -> Outgoing {
        let avps = vec![Avp::new(AvpValue::MessageType(MessageType::Hello))];
        Outgoing { tunnel_id: 7, session_id: 0, avps }
    }

    fn ns_of(octets: &[u8]) -> u16 {
        u16::from_be_bytes([octets[8], octets[9]])
    }

    const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

    /// L2TP-2661-5.8-j.
    #[test]
    fn the_window_grows_from_one_to_the_peers_and_falls_back_on_a_repeat() {
        let mut channel = Channel::new();
        channel.set_peer_window(4);
        for _ in 0..40 {
            channel.push(hello());
        }
        let mut acknowledged = 0;
        let mut sizes = Vec::new();
        for _ in 0..5 {
            let sent = channel.take_sendable();
            sizes.push(sent.len());
            acknowledged += u16::try_from(sent.len()).unwrap();
            assert_eq!(channel.on_acknowledged(acknowledged).unwrap().len(), sent.len());
        }
        assert_eq!(sizes, [1, 2, 4, 4, 4]);
        assert_eq!(channel.take_sendable().len(), 4);
        let (octets, ns, times) = channel.again(&WAITS).unwrap();
        assert_eq!((ns_of(&octets), ns, times), (acknowledged, acknowledged, 2));
        channel.on_acknowledged(acknowledged + 4).unwrap();
        assert!(channel.take_sendable().len() <= 3, "from one again, and slowly above half of what it was");
    }

    /// L2TP-2661-5.8-a, L2TP-2661-5.8-b.
    #[test]
    fn numbers_wrap() {
        let (mut left, mut right) = (Channel::new(), Channel::new());
        for number in 0..=u16::MAX {
            left.push(hello());
            let sent = left.take_sendable();
            assert_eq!(ns_of(&sent[0]), number);
            assert_eq!(right.on_arrival(number), Arrival::InOrder);
            let zlb = right.acknowledgment(7).unwrap();
            assert_eq!(ns_of(&zlb), 0, "a ZLB uses up no number");
            let nr = u16::from_be_bytes([zlb[10], zlb[11]]);
            assert_eq!(left.on_acknowledged(nr).unwrap(), [MessageType::Hello]);
        }
        assert_eq!(right.expected(), 0);
        assert!(left.is_idle());
    }

    /// L2TP-2661-5.8-c.
    #[test]
    fn the_last_32767_numbers_are_duplicates_and_all_others_come_early() {
        let mut channel = Channel::new();
        for ns in 0..100 {
            channel.on_arrival(ns);
        }
        assert_eq!(channel.acknowledgment(1).map(|octets| octets.len()), Some(12));
        assert_eq!(channel.on_arrival(99), Arrival::Duplicate);
        assert!(channel.owes_acknowledgment());
        assert_eq!(channel.on_arrival(100_u16.wrapping_sub(0x8000)), Arrival::Duplicate);
        assert_eq!(channel.on_arrival(100_u16.wrapping_sub(0x8001)), Arrival::Ahead);
        assert_eq!(channel.on_arrival(101), Arrival::Ahead);
        assert_eq!(channel.on_arrival(100), Arrival::InOrder);
    }

    #[test]
    fn what_was_not_sent_cannot_be_acknowledged() {
        let mut channel = Channel::new();
        channel.push(hello());
        channel.take_sendable();
        assert_eq!(channel.on_acknowledged(2), None);
        assert_eq!(channel.on_acknowledged(0), Some(vec![]));
        assert_eq!(channel.on_acknowledged(1), Some(vec![MessageType::Hello]));
        assert_eq!(channel.on_acknowledged(0), Some(vec![]), "a late one changes nothing");
        assert_eq!(channel.wait(&WAITS), None);
    }

    #[test]
    fn waits_are_taken_in_turn_and_then_it_is_over() {
        let mut channel = Channel::new();
        channel.push(hello());
        channel.take_sendable();
        let mut waits = Vec::new();
        while let Some(wait) = channel.wait(&WAITS) {
            waits.push(wait);
            if channel.again(&WAITS).is_none() {
                break;
            }
        }
        assert_eq!(waits, WAITS);
    }
}
