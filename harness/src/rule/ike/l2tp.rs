//! L2TP under IPsec (RFC 3193): selectors of the Quick Mode, and nothing in clear.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use l2tpspec_protocol::isakmp::wire::Id;
use l2tpspec_protocol::l2tp::wire::ControlMessage;

use super::message::{Flow, Message};
use super::negotiation::QuickModes;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::connection::Role;
use crate::transcript::layer::{Layer, UdpEncap};

/// Port of L2TP.
const PORT: u16 = 1701;
/// Protocol number of UDP.
const UDP: u8 = 17;
/// Nanoseconds between an ESP packet and the clear copy of it that a recorder on one of the hosts sees.
const COPY_WITHIN: i64 = 1_000_000_000;
/// Octets that ESP adds behind its header: initialisation vector, trailer, integrity check value.
const OVERHEAD: std::ops::RangeInclusive<usize> = 10..=80;
/// Packets remembered.
const MAX_WAITING: usize = 64;
const MAX_CLEAR: usize = 256;

/// Quick Mode identities for L2TP carry the UDP ports of both sockets (L2IP-3193-4.2.2-b).
pub(super) fn selectors(message: &Message<'_>, known: &QuickModes, report: &mut Report<'_>) {
    if !known.is_begun_by(message) {
        return;
    }
    let ids = message.ids();
    let is_l2tp = |id: &&Id| (id.protocol, id.port) == (UDP, PORT);
    let other = match ids.as_slice() {
        [one, other] if is_l2tp(one) => other,
        [one, other] if is_l2tp(other) => one,
        _ => return,
    };
    if other.protocol != UDP || other.port == 0 {
        let text = format!(
            "offered identities 17/1701 and {}/{}; expected 17 and a port for both",
            other.protocol, other.port
        );
        message.violation(report, text);
    }
}

/// A control message that nothing protects.
#[derive(Debug)]
struct Clear {
    frame: u64,
    role: Option<Role>,
    time: i64,
    source: IpAddr,
    octets: usize,
    what: String,
    is_zlb: bool,
    ns: u16,
}

/// Clear control messages of a connection that uses IPsec. A recorder on one of the hosts sees each packet of its peer
/// twice, in ESP and then opened: such a copy is no clear message.
#[derive(Debug, Default)]
struct ClearControl {
    uses_ipsec: bool,
    /// ESP packets of each sender that a clear copy may follow: when, and how many octets.
    esp: BTreeMap<IpAddr, VecDeque<(i64, usize)>>,
    found: Vec<Clear>,
}

impl ClearControl {
    fn see(&mut self, seen: &Seen<'_>) {
        let Some(flow) = Flow::of(seen) else { return };
        let time = seen.entry.time;
        match seen.layers {
            [Layer::Esp(esp), ..] | [Layer::UdpEncap(UdpEncap::Esp), Layer::Esp(esp), ..] => {
                self.uses_ipsec = true;
                let is_copy = |clear: &Clear| {
                    clear.source == flow.source
                        && time - clear.time <= COPY_WITHIN
                        && OVERHEAD.contains(&esp.length.saturating_sub(clear.octets))
                };
                if let Some(at) = self.found.iter().position(is_copy) {
                    self.found.remove(at);
                    return;
                }
                let waiting = self.esp.entry(flow.source).or_default();
                if waiting.len() == MAX_WAITING {
                    waiting.pop_front();
                }
                waiting.push_back((time, esp.length));
            }
            [Layer::L2tpControl(message), ..] if self.uses_ipsec && self.found.len() < MAX_CLEAR => {
                self.see_clear(seen, flow, message);
            }
            _ => {}
        }
    }

    fn see_clear(&mut self, seen: &Seen<'_>, flow: Flow, message: &ControlMessage) {
        let below = &seen.entry.layers[..seen.entry.layers.len() - seen.layers.len()];
        let Some(Layer::Udp(udp)) = below.last() else { return };
        let octets = usize::from(udp.length);
        let time = seen.entry.time;
        let waiting = self.esp.entry(flow.source).or_default();
        let copied = waiting.iter().position(|(sent, length)| {
            time - sent <= COPY_WITHIN && OVERHEAD.contains(&length.saturating_sub(octets))
        });
        if let Some(at) = copied {
            waiting.drain(..=at);
            return;
        }
        let what =
            message.message_type().map_or_else(|| "ZLB".to_owned(), |message_type| message_type.to_string());
        self.found.push(Clear {
            frame: seen.entry.frame,
            role: seen.sender,
            time,
            source: flow.source,
            octets,
            what,
            is_zlb: message.is_zlb(),
            ns: message.header.sequence.map_or(0, |sequence| sequence.ns),
        });
    }
}

/// Control messages are protected (L2IP-3193-2-a). Each sender is blamed once.
#[derive(Debug, Default)]
pub(super) struct Protected(ClearControl);

impl Rule for Protected {
    fn see(&mut self, seen: &Seen<'_>, _: &mut Report<'_>) {
        self.0.see(seen);
    }

    fn end(&mut self, report: &mut Report<'_>) {
        let mut blamed: Vec<IpAddr> = Vec::new();
        for clear in &self.0.found {
            if !blamed.contains(&clear.source) {
                blamed.push(clear.source);
                let text = format!(
                    "sent {} to UDP port 1701 in clear beside ESP; expected it within ESP",
                    clear.what
                );
                report.violation(clear.frame, clear.role, text);
            }
        }
    }
}

/// L2TP accepts nothing that IPsec did not open (L2IP-3193-3.3-a). That a clear message was accepted shows when the other
/// side acknowledges it.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    clear: ClearControl,
    /// Control messages under ESP: when, who, Ns.
    protected: VecDeque<(i64, IpAddr, u16)>,
    /// Acknowledgements, however they came.
    acknowledged: VecDeque<Acknowledged>,
}

#[derive(Debug)]
struct Acknowledged {
    frame: u64,
    role: Option<Role>,
    time: i64,
    source: IpAddr,
    nr: u16,
}

impl Rule for Accepted {
    fn see(&mut self, seen: &Seen<'_>, _: &mut Report<'_>) {
        self.clear.see(seen);
        let (Some(flow), true) = (Flow::of(seen), self.clear.uses_ipsec) else { return };
        let control = seen.layers.iter().position(|layer| matches!(layer, Layer::L2tpControl(_)));
        let Some((at, Layer::L2tpControl(message))) = control.map(|at| (at, &seen.layers[at])) else {
            return;
        };
        let Some(sequence) = message.header.sequence else { return };
        if self.acknowledged.len() == MAX_CLEAR {
            self.acknowledged.pop_front();
            self.protected.pop_front();
        }
        let (time, source) = (seen.entry.time, flow.source);
        self.acknowledged.push_back(Acknowledged {
            frame: seen.entry.frame,
            role: seen.sender,
            time,
            source,
            nr: sequence.nr,
        });
        if at > 0 && !message.is_zlb() {
            self.protected.push_back((time, source, sequence.ns));
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        let mut blamed: Vec<IpAddr> = Vec::new();
        for clear in self.clear.found.iter().filter(|clear| !clear.is_zlb) {
            let is_protected = |before: i64| {
                self.protected
                    .iter()
                    .any(|(time, source, ns)| *source == clear.source && *ns == clear.ns && *time <= before)
            };
            let answer = self.acknowledged.iter().find(|answer| {
                answer.source != clear.source
                    && answer.time >= clear.time
                    && answer.nr == clear.ns.wrapping_add(1)
            });
            if let Some(answer) =
                answer.filter(|answer| !is_protected(answer.time) && !blamed.contains(&answer.source))
            {
                blamed.push(answer.source);
                let text = format!(
                    "acknowledged the clear {} of frame {}; expected it to be dropped",
                    clear.what, clear.frame
                );
                report.violation(answer.frame, answer.role, text);
            }
        }
    }
}
