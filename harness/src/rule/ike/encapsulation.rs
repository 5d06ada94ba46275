//! UDP encapsulation on port 4500: the marker, the ports, keepalives.

use std::collections::BTreeSet;
use std::net::IpAddr;

use l2tpspec_protocol::codec::Why;
use l2tpspec_protocol::isakmp::wire::{ExchangeType, ProtocolId};

use super::judge::{Copies, Memory as _, Sas};
use super::message::{Flow, Message, Side};
use super::natt::Nat;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::FaultCause;
use crate::transcript::layer::{Esp, Layer, UdpEncap};

/// Cookies and port pairs remembered of one connection.
const MAX_REMEMBERED: usize = 1024;

/// An ESP packet within UDP.
fn encapsulated<'a>(seen: &Seen<'a>) -> Option<&'a Esp> {
    match seen.layers {
        [Layer::UdpEncap(UdpEncap::Esp), Layer::Esp(esp), ..] => Some(esp),
        _ => None,
    }
}

/// IKE on port 4500 is behind the non-ESP marker (NATT-3947-4-b): without it the initiator's cookie would be read as SPI
/// and sequence number.
#[derive(Debug, Default)]
pub(super) struct Marker {
    cookies: BTreeSet<[u8; 8]>,
}

impl Rule for Marker {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        if let Some(message) = Message::of(seen) {
            if self.cookies.len() < MAX_REMEMBERED {
                self.cookies.insert(message.header().initiator_cookie);
            }
        } else if let Some(esp) = encapsulated(seen)
            && self.cookies.contains(&esp.header.octets())
        {
            let text = "sent IKE on port 4500 without the non-ESP marker; expected four octets of zero before the header";
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// SPI zero is never announced for ESP (NATT-3948-1-a).
pub(super) fn spi_not_zero(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let Some(sa) = message.sa().filter(|_| message.is(ExchangeType::QuickMode)) else { return };
    let mut esp = sa.proposals.iter().filter(|proposal| proposal.protocol == ProtocolId::Esp);
    if esp.any(|proposal| proposal.spi == [0; 4]) {
        message.violation(report, "announced SPI 0 for ESP; expected another, since zero marks IKE");
    }
}

/// UDP-encapsulated ESP uses the ports of IKE (NATT-3948-2.1-a). A NAT may give its side a new port at any time, and ESP
/// may be the first to show it; so the port of a side counts only where no NAT stands before it.
#[derive(Debug, Default)]
pub(super) struct Ports {
    sas: Sas<Nat>,
    copies: Copies,
    /// Address and port of each end of encrypted IKE.
    ends: BTreeSet<(IpAddr, u16)>,
    /// Addresses that no NAT stands before.
    bare: BTreeSet<IpAddr>,
    reported: BTreeSet<(IpAddr, u16)>,
}

impl Rule for Ports {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        if let Some(mut message) = Message::of(seen) {
            if self.copies.is_new(message.isakmp.digest) {
                self.learn(&mut message);
            }
            return;
        }
        let (Some(_), Some(flow)) = (encapsulated(seen), Flow::of(seen)) else { return };
        for (address, port) in [(flow.source, flow.ports[0]), (flow.destination, flow.ports[1])] {
            let known = self.ends.iter().find(|(known, _)| *known == address);
            if let Some((_, expected)) = known
                && self.bare.contains(&address)
                && !self.ends.contains(&(address, port))
                && self.reported.insert((address, port))
            {
                let text = format!(
                    "sent UDP-encapsulated ESP with port {port} of {address}; expected {expected}, as IKE uses"
                );
                report.violation(seen.entry.frame, seen.sender, text);
            }
        }
    }
}

impl Ports {
    fn learn(&mut self, message: &mut Message<'_>) {
        let nat = self.sas.of(message);
        nat.learn(message);
        let Some(flow) = message.flow else { return };
        if let (Some([initiator, responder]), Some(side)) = (nat.found(), message.side) {
            let [own, peers] = match side {
                Side::Initiator => [initiator, responder],
                Side::Responder => [responder, initiator],
            };
            for (address, is_behind) in [(flow.source, own), (flow.destination, peers)] {
                if is_behind {
                    self.bare.remove(&address);
                } else {
                    self.bare.insert(address);
                }
            }
        }
        if !message.is_clear() && self.ends.len() < MAX_REMEMBERED {
            self.ends.insert((flow.source, flow.ports[0]));
            self.ends.insert((flow.destination, flow.ports[1]));
        }
    }
}

/// What is neither IKE nor ESP on port 4500 is a keepalive: the single octet FF (NATT-3948-2.3-a).
#[derive(Debug, Default)]
pub(super) struct Keepalives;

impl Rule for Keepalives {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let [Layer::Named(named), ..] = seen.layers else { return };
        let Some(fault) = seen.entry.fault.filter(|_| named.layer == "udpencap" && seen.entry.snapped == 0)
        else {
            return;
        };
        if let FaultCause::Malformed(malformed) = fault.cause
            && fault.layer == "udpencap"
            && let Why::Truncated { have, .. } = malformed.why
        {
            let text = match have {
                1 => "sent one octet other than FF on port 4500; expected FF in a keepalive".to_owned(),
                _ => format!(
                    "sent {have} octets on port 4500; expected a keepalive of one octet FF, IKE or ESP"
                ),
            };
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}
