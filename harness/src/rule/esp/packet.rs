//! Single ESP packets. Each security association is blamed once.

use std::collections::BTreeSet;

use l2tpspec_protocol::codec::Why;
use l2tpspec_protocol::isakmp::wire::{ExchangeType, ProtocolId};

use super::child::{Children, inner, packet};
use crate::rule::ike::message::Message;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::FaultCause;
use crate::transcript::layer::{Layer, Opening};

/// SPIs blamed at most.
const MAX_BLAMED: usize = 4096;
/// SPIs below this are reserved.
const FIRST_FREE_SPI: u32 = 256;
/// Next Header of a dummy packet.
const DUMMY: u8 = 59;
/// Next Header of UDP.
const UDP: u8 = 17;
/// What every ESP packet is a multiple of, whatever its cipher and integrity algorithm.
const WORD: usize = 4;

/// The SPIs that a rule has reported.
#[derive(Debug, Default)]
struct Blamed(BTreeSet<u32>);

impl Blamed {
    fn is_new(&mut self, spi: u32) -> bool {
        self.0.len() < MAX_BLAMED && self.0.insert(spi)
    }
}

/// SPIs 0 to 255 are never used (ESP-4303-2.1-a).
#[derive(Debug, Default)]
pub(super) struct ReservedSpis {
    /// What comes to port 4500 need not be IPsec at all.
    has_ike: bool,
    blamed: Blamed,
}

impl Rule for ReservedSpis {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        if let Some(message) = Message::of(seen) {
            self.has_ike = true;
            let Some(sa) = message.sa().filter(|_| message.is(ExchangeType::QuickMode)) else { return };
            for proposal in sa.proposals.iter().filter(|proposal| proposal.protocol == ProtocolId::Esp) {
                if let Ok(spi) = <[u8; 4]>::try_from(proposal.spi.as_slice()).map(u32::from_be_bytes)
                    && spi < FIRST_FREE_SPI
                    && self.blamed.is_new(spi)
                {
                    message
                        .violation(report, format!("announced SPI {spi} for ESP; expected one from 256 on"));
                }
            }
            return;
        }
        let Some(esp) = packet(seen) else { return };
        let spi = esp.header.security_parameters_index;
        let is_ipsec = self.has_ike || matches!(seen.layers, [Layer::Esp(_), ..]);
        if spi < FIRST_FREE_SPI && is_ipsec && self.blamed.is_new(spi) {
            report.violation(
                seen.entry.frame,
                seen.sender,
                format!("sent ESP with SPI {spi}; expected one from 256 on"),
            );
        }
    }
}

/// Padding counts 1, 2, 3 (ESP-4303-2.4-a).
#[derive(Debug, Default)]
pub(super) struct Padding(Blamed);

impl Rule for Padding {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        if let Some(esp) = packet(seen)
            && let Opening::Opened { pad_length, padding_is_sequential: false, is_verified: true, .. } =
                esp.opening
            && self.0.is_new(esp.header.security_parameters_index)
        {
            let text = format!(
                "sent {pad_length} octets of ESP padding that do not count; expected 1, 2, 3 and so on"
            );
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// Padding right-aligns the trailer in a word of four octets (ESP-4303-2.4-c). Vectors and integrity check values are
/// whole words too, so that no key is needed to see it.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    has_ike: bool,
    blamed: Blamed,
}

impl Rule for Alignment {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        self.has_ike |= Message::of(seen).is_some();
        let Some(esp) = packet(seen) else { return };
        let is_ipsec = self.has_ike || matches!(seen.layers, [Layer::Esp(_), ..]);
        // What the recorder cut, or a fault below, leaves the length unknown.
        let is_whole = seen.entry.snapped == 0 && seen.entry.fault.is_none();
        if is_ipsec
            && is_whole
            && !esp.length.is_multiple_of(WORD)
            && self.blamed.is_new(esp.header.security_parameters_index)
        {
            let text =
                format!("sent ESP with {} octets behind its header; expected a multiple of 4", esp.length);
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// Next Header names the protected protocol (ESP-4303-2.6-a): UDP, where that is all that was negotiated.
#[derive(Debug, Default)]
pub(super) struct NextHeader {
    children: Children,
    blamed: Blamed,
}

impl Rule for NextHeader {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        self.children.see(seen);
        let Some(esp) = packet(seen) else { return };
        let spi = esp.header.security_parameters_index;
        let (Some(child), Opening::Opened { next_header, is_verified: true, .. }) =
            (self.children.find(spi), esp.opening)
        else {
            return;
        };
        if child.is_transport
            && child.is_udp
            && !matches!(next_header, UDP | DUMMY)
            && self.blamed.is_new(spi)
        {
            let text =
                format!("sent ESP with Next Header {next_header} for UDP in transport mode; expected 17");
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// IKEv1 agrees to no traffic flow confidentiality padding, so none is behind the datagram (ESP-4303-2.7-a).
#[derive(Debug, Default)]
pub(super) struct TrafficFlowPadding {
    children: Children,
    blamed: Blamed,
}

impl Rule for TrafficFlowPadding {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        self.children.see(seen);
        let Some(esp) = packet(seen) else { return };
        let spi = esp.header.security_parameters_index;
        let (
            Some(child),
            Opening::Opened { next_header: UDP, pad_length, is_verified: true, .. },
            [Layer::Udp(udp), ..],
        ) = (self.children.find(spi), esp.opening, inner(seen))
        else {
            return;
        };
        let (Some(vector), Some(check_value)) = (child.vector, child.check_value) else { return };
        // Pad Length and Next Header take two octets.
        let around = vector + check_value + usize::from(pad_length) + 2;
        let Some(payload) = esp.length.checked_sub(around) else { return };
        let stated = usize::from(udp.length);
        if payload > stated && stated >= 8 && self.blamed.is_new(spi) {
            let text = format!(
                "sent {payload} octets in ESP for a UDP Length of {stated}; expected no octets beyond it"
            );
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// In transport mode ESP protects whole datagrams (ESP-4303-3.3.4-a).
#[derive(Debug, Default)]
pub(super) struct WholeDatagrams(Blamed);

impl Rule for WholeDatagrams {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let Some(esp) = packet(seen) else { return };
        let (Opening::Opened { next_header: UDP, is_verified: true, .. }, [Layer::Udp(udp)], Some(fault), 0) =
            (esp.opening, inner(seen), seen.entry.fault, seen.entry.snapped)
        else {
            return;
        };
        if let FaultCause::Malformed(malformed) = fault.cause
            && let Why::Truncated { have, .. } = malformed.why
            && (fault.layer, malformed.field) == ("udp", "Length")
            && self.0.is_new(esp.header.security_parameters_index)
        {
            let text = format!(
                "sent {have} octets in ESP for a UDP Length of {}; expected the whole datagram",
                udp.length
            );
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// HMAC-SHA-256 is cut to 128 bits, not to 96 (CRYP-4868-2.3-a).
#[derive(Debug, Default)]
pub(super) struct Truncation(Blamed);

impl Rule for Truncation {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        if let Some(esp) = packet(seen)
            && matches!(esp.opening, Opening::OpenedTruncated { .. })
            && self.0.is_new(esp.header.security_parameters_index)
        {
            let text = "sent an integrity check value of HMAC-SHA-256 cut to 96 bits; expected 128";
            report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}
