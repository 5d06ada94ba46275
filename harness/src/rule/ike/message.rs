//! An ISAKMP message as the rules of this layer see it: who sends it in the roles of phase 1, over which addresses and
//! ports, and how far its payloads can be trusted.

use std::net::IpAddr;

use l2tpspec_protocol::codec::Malformed;
use l2tpspec_protocol::isakmp::wire::{
    Body, ExchangeType, Header, Id, NatOa, Notification, Payload, PayloadType, Sa, VendorId,
};

use crate::rule::{Report, Seen};
use crate::transcript::FaultCause;
use crate::transcript::layer::{Isakmp, Layer, Protection, UdpEncap};

/// Lengths of the digests that a HASH payload may hold.
const HASH_LENGTHS: [usize; 5] = [16, 20, 32, 48, 64];
/// Octets of a generic payload header.
const GENERIC_HEADER: usize = 4;

/// A role of phase 1, which lasts as long as the ISAKMP SA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rule) enum Side {
    /// Began phase 1.
    Initiator,
    /// Answered it.
    Responder,
}

impl Side {
    /// Index of the side in a pair.
    pub(in crate::rule) const fn index(self) -> usize {
        match self {
            Self::Initiator => 0,
            Self::Responder => 1,
        }
    }

    /// The word of the reports.
    pub(in crate::rule) const fn word(self) -> &'static str {
        match self {
            Self::Initiator => "initiator",
            Self::Responder => "responder",
        }
    }
}

/// The addresses and ports that carry a message or packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rule) struct Flow {
    pub(in crate::rule) source: IpAddr,
    pub(in crate::rule) destination: IpAddr,
    /// Source and destination port; zero without UDP.
    pub(in crate::rule) ports: [u16; 2],
}

impl Flow {
    /// The innermost addresses and ports below the connection's first layer; `None` if the ends cannot be told apart.
    pub(in crate::rule) fn of(seen: &Seen<'_>) -> Option<Self> {
        let below = seen.entry.layers.len().checked_sub(seen.layers.len())?;
        let mut addresses = None;
        let mut ports = [0; 2];
        for layer in &seen.entry.layers[..below] {
            match layer {
                Layer::Ip(header) => addresses = Some((header.source.into(), header.destination.into())),
                Layer::Ipv6(header) => addresses = Some((header.source.into(), header.destination.into())),
                Layer::Udp(header) => ports = [header.source_port, header.destination_port],
                _ => {}
            }
        }
        let (source, destination) = addresses?;
        (source != destination).then_some(Self { source, destination, ports })
    }
}

/// An ISAKMP message and what carries it.
#[derive(Debug, Clone, Copy)]
pub(in crate::rule) struct Message<'a> {
    pub(in crate::rule) seen: Seen<'a>,
    pub(in crate::rule) isakmp: &'a Isakmp,
    pub(in crate::rule) flow: Option<Flow>,
    /// Behind a non-ESP marker.
    pub(in crate::rule) is_encapsulated: bool,
    /// Who sends it in the roles of phase 1, once known.
    pub(in crate::rule) side: Option<Side>,
}

impl<'a> Message<'a> {
    /// The message of an entry. One within a tunnel is the business of another connection.
    pub(in crate::rule) fn of(seen: &Seen<'a>) -> Option<Self> {
        let (isakmp, is_encapsulated) = match seen.layers {
            [Layer::Isakmp(isakmp), ..] => (isakmp, false),
            [Layer::UdpEncap(UdpEncap::Ike), Layer::Isakmp(isakmp), ..] => (isakmp, true),
            _ => return None,
        };
        Some(Self { seen: *seen, isakmp, flow: Flow::of(seen), is_encapsulated, side: None })
    }

    pub(in crate::rule) const fn header(&self) -> &'a Header {
        &self.isakmp.header
    }

    pub(in crate::rule) fn source(&self) -> Option<IpAddr> {
        self.flow.map(|flow| flow.source)
    }

    /// Reports against the sender.
    pub(in crate::rule) fn violation(&self, report: &mut Report<'_>, text: impl Into<String>) {
        report.violation(self.seen.entry.frame, self.seen.sender, text);
    }

    /// What is malformed in the message itself.
    pub(in crate::rule) fn malformed(&self) -> Option<Malformed> {
        match self.seen.entry.fault {
            Some(fault) if fault.layer == "isakmp" => match fault.cause {
                FaultCause::Malformed(malformed) => Some(malformed),
                _ => None,
            },
            _ => None,
        }
    }

    /// The payloads that are what the sender wrote. What a wrong key or vector left of a message is not.
    pub(in crate::rule) fn payloads(&self) -> &'a [Payload] {
        let is_readable = match self.isakmp.protection {
            Protection::Clear => true,
            Protection::Opened => self.seen.entry.fault.is_none() || self.begins_well(),
            Protection::KeyAbsent | Protection::NegotiationMissing | Protection::KeyWrong => false,
        };
        if is_readable { &self.isakmp.payloads } else { &[] }
    }

    /// Whether the first block of an opened message is plausible: a wrong vector garbles that block alone.
    pub(in crate::rule) fn begins_well(&self) -> bool {
        match self.isakmp.payloads.first().map(|payload| &payload.body) {
            Some(Body::Hash(hash)) => HASH_LENGTHS.contains(&hash.len()),
            Some(_) => self.header().exchange_type == ExchangeType::IdentityProtection,
            None => false,
        }
    }

    /// Whether everything in it could be read, so that what is not there was not sent.
    pub(in crate::rule) fn is_whole(&self) -> bool {
        matches!(self.isakmp.protection, Protection::Clear | Protection::Opened)
            && self.seen.entry.fault.is_none()
            && !self.is_fragment()
    }

    /// Whether it is a piece of another message.
    pub(in crate::rule) fn is_fragment(&self) -> bool {
        self.header().next_payload == PayloadType::Fragment
            || self.isakmp.payloads.iter().any(|payload| matches!(payload.body, Body::Fragment(_)))
    }

    pub(in crate::rule) const fn is_clear(&self) -> bool {
        !self.header().is_encrypted()
    }

    /// Main Mode or Aggressive Mode.
    pub(in crate::rule) const fn is_phase1(&self) -> bool {
        matches!(self.header().exchange_type, ExchangeType::IdentityProtection | ExchangeType::Aggressive)
    }

    pub(in crate::rule) fn is(&self, exchange: ExchangeType) -> bool {
        self.header().exchange_type == exchange
    }

    /// A clear phase 1 message that offers, or that tells what was chosen.
    pub(in crate::rule) fn negotiates_phase1(&self) -> bool {
        self.is_phase1() && self.is_clear() && (self.sa().is_some() || self.starts_with_sa())
    }

    fn starts_with_sa(&self) -> bool {
        self.header().next_payload == PayloadType::SecurityAssociation
    }

    /// The first message of phase 1: the responder's cookie is still missing.
    pub(in crate::rule) fn is_opening(&self) -> bool {
        self.negotiates_phase1() && self.header().responder_cookie == [0; 8]
    }

    pub(in crate::rule) fn has(&self, kind: PayloadType) -> bool {
        self.payloads().iter().any(|payload| payload.kind == kind)
    }

    pub(in crate::rule) fn sa(&self) -> Option<&'a Sa> {
        self.payloads().iter().find_map(|payload| match &payload.body {
            Body::SecurityAssociation(sa) => Some(sa),
            _ => None,
        })
    }

    pub(in crate::rule) fn key_exchange(&self) -> Option<&'a [u8]> {
        self.payloads().iter().find_map(|payload| match &payload.body {
            Body::KeyExchange(value) => Some(value.as_slice()),
            _ => None,
        })
    }

    pub(in crate::rule) fn nonce(&self) -> Option<&'a [u8]> {
        self.payloads().iter().find_map(|payload| match &payload.body {
            Body::Nonce(value) => Some(value.as_slice()),
            _ => None,
        })
    }

    pub(in crate::rule) fn ids(&self) -> Vec<&'a Id> {
        let id = |payload: &'a Payload| match &payload.body {
            Body::Identification(id) => Some(id),
            _ => None,
        };
        self.payloads().iter().filter_map(id).collect()
    }

    pub(in crate::rule) fn notifications(&self) -> impl Iterator<Item = &'a Notification> + use<'a> {
        self.payloads().iter().filter_map(|payload| match &payload.body {
            Body::Notification(notification) => Some(notification),
            _ => None,
        })
    }

    pub(in crate::rule) fn vendor_ids(&self) -> impl Iterator<Item = &'a VendorId> + use<'a> {
        self.payloads().iter().filter_map(|payload| match &payload.body {
            Body::VendorId(vendor_id) => Some(vendor_id),
            _ => None,
        })
    }

    /// NAT-OA payloads under the number of the RFC.
    pub(in crate::rule) fn nat_oas(&self) -> Vec<&'a NatOa> {
        let nat_oa = |payload: &'a Payload| match &payload.body {
            Body::NatOa(nat_oa) if payload.kind == PayloadType::NatOa => Some(nat_oa),
            _ => None,
        };
        self.payloads().iter().filter_map(nat_oa).collect()
    }

    /// NAT-D payloads under any number.
    pub(in crate::rule) fn nat_ds(&self) -> Vec<&'a [u8]> {
        let nat_d = |payload: &'a Payload| match &payload.body {
            Body::NatD(digest) => Some(digest.as_slice()),
            _ => None,
        };
        self.payloads().iter().filter_map(nat_d).collect()
    }

    /// Where the payload after the last one that could be read begins, in octets of the message.
    pub(in crate::rule) fn end_of_read(&self) -> usize {
        let length =
            |payload: &Payload| GENERIC_HEADER + payload.body.to_octets().map_or(0, |octets| octets.len());
        Header::LEN + self.isakmp.payloads.iter().map(length).sum::<usize>()
    }

    /// The payloads in the RFC's abbreviations, such as `HASH SA NONCE`.
    pub(in crate::rule) fn summary(&self) -> String {
        let words: Vec<_> = self.payloads().iter().map(|payload| payload.kind.abbreviation()).collect();
        if words.is_empty() { "no payload".to_owned() } else { words.join(" ") }
    }
}
