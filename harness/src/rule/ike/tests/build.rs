//! Transcripts made by hand.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::Ipv4Addr;

use l2tpspec_protocol::crypto::hash::Hash;
use l2tpspec_protocol::isakmp::keys::{self, Cookies};
use l2tpspec_protocol::isakmp::wire::{
    Attribute, Body, Delete, Doi, ExchangeType, Header, Id, Known, NatOa, Notification, NotifyType, Payload,
    PayloadType, Proposal, ProtocolId, Sa, Situation, Transform, VendorId,
};

use crate::rule::{self, Interest, Report, Seen, Violation};
use crate::transcript::connection::{Connections, Role};
use crate::transcript::ip::{Ipv4, Udp};
use crate::transcript::layer::{HashVerdict, Isakmp, Layer, Protection, UdpEncap};
use crate::transcript::{Entry, Fault};

pub(in crate::rule) const COOKIE_I: [u8; 8] = [0x11; 8];
pub(in crate::rule) const COOKIE_R: [u8; 8] = [0x22; 8];
pub(in crate::rule) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
pub(in crate::rule) const SUPERNODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const NAT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);
const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 10);
pub(in crate::rule) const SPI_C: u32 = 0xcb08_f262;
pub(in crate::rule) const SPI_S: u32 = 0xc00a_7e96;

/// One frame.
#[derive(Debug)]
pub(in crate::rule) struct Step {
    pub(in crate::rule) role: Role,
    /// Address of the client on the wire.
    pub(in crate::rule) client: Ipv4Addr,
    /// Ports of client and supernode; none for a packet without UDP.
    pub(in crate::rule) ports: Option<[u16; 2]>,
    /// What UDP or IP carries.
    pub(in crate::rule) layers: Vec<Layer>,
    pub(in crate::rule) fault: Option<Fault>,
    /// Milliseconds.
    pub(in crate::rule) time: i64,
}

impl Step {
    pub(in crate::rule) fn isakmp(&mut self) -> &mut Isakmp {
        let found = self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Isakmp(isakmp) => Some(isakmp),
            _ => None,
        });
        found.expect("an ISAKMP message")
    }

    pub(in crate::rule) fn payloads(&mut self) -> &mut Vec<Payload> {
        &mut self.isakmp().payloads
    }

    pub(in crate::rule) fn body(&mut self, kind: PayloadType) -> &mut Body {
        &mut self.payloads().iter_mut().find(|payload| payload.kind == kind).expect("the payload").body
    }

    pub(in crate::rule) fn sa(&mut self) -> &mut Sa {
        match self.body(PayloadType::SecurityAssociation) {
            Body::SecurityAssociation(sa) => sa,
            _ => unreachable!(),
        }
    }

    pub(in crate::rule) fn transform(&mut self) -> &mut Transform {
        &mut self.sa().proposals[0].transforms[0]
    }

    /// Sets an attribute of every transform, or takes it away.
    pub(in crate::rule) fn attribute(&mut self, class: u16, value: impl Into<Option<Attribute>>) {
        let value = value.into();
        for transform in self.sa().proposals.iter_mut().flat_map(|proposal| &mut proposal.transforms) {
            let at = transform.attributes.iter().position(|attribute| attribute.class == class);
            match (at, value.clone()) {
                (Some(at), Some(value)) => transform.attributes[at] = value,
                (Some(at), None) => drop(transform.attributes.remove(at)),
                (None, Some(value)) => transform.attributes.push(value),
                (None, None) => {}
            }
        }
    }

    pub(in crate::rule) fn notification(&mut self) -> &mut Notification {
        match self.body(PayloadType::Notification) {
            Body::Notification(notification) => notification,
            _ => unreachable!(),
        }
    }

    pub(in crate::rule) fn remove(&mut self, kind: PayloadType) {
        self.payloads().retain(|payload| payload.kind != kind);
    }

    pub(in crate::rule) fn push(&mut self, kind: PayloadType, body: Body) {
        self.payloads().push(Payload::new(kind, body));
    }

    fn entry(mut self, frame: u64) -> Entry {
        let digest = |isakmp: &Isakmp| {
            let mut hasher = DefaultHasher::new();
            format!("{:?}", (isakmp.header, &isakmp.payloads, &isakmp.padding)).hash(&mut hasher);
            hasher.finish()
        };
        for layer in &mut self.layers {
            if let Layer::Isakmp(isakmp) = layer {
                isakmp.digest = digest(isakmp);
            }
        }
        let (source, destination) = match self.role {
            Role::Client => (self.client, SUPERNODE),
            Role::Supernode => (SUPERNODE, self.client),
        };
        let mut layers = vec![Layer::Ip(ipv4(source, destination))];
        if let Some([client, supernode]) = self.ports {
            let (source_port, destination_port) = match self.role {
                Role::Client => (client, supernode),
                Role::Supernode => (supernode, client),
            };
            layers.push(Layer::Udp(Udp { source_port, destination_port, length: 100, checksum: 0 }));
        }
        layers.extend(self.layers);
        Entry {
            frame,
            time: self.time * 1_000_000,
            source: Some(source.into()),
            destination: Some(destination.into()),
            layers,
            fault: self.fault,
            snapped: 0,
        }
    }
}

fn ipv4(source: Ipv4Addr, destination: Ipv4Addr) -> Ipv4 {
    Ipv4 {
        source,
        destination,
        protocol: 17,
        type_of_service: 0,
        total_length: 0,
        identification: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        time_to_live: 64,
        header_length: 20,
    }
}

/// What the rule of a requirement, or every rule, says of a transcript.
pub(in crate::rule) fn run(requirement: Option<&str>, steps: Vec<Step>) -> Vec<Violation> {
    let entries: Vec<_> = steps.into_iter().zip(1..).map(|(step, frame)| step.entry(frame)).collect();
    let mut connections = Connections::default();
    let mut violations = Vec::new();
    let is_wanted = |id: &str| requirement.is_none_or(|requirement| requirement == id);
    for entered in rule::all().filter(|entered| is_wanted(entered.requirement)) {
        let mut rule = (entered.make)();
        let mut report =
            Report { requirement: entered.requirement, connection: 0, violations: &mut violations };
        for entry in &entries {
            let Some(placed) = connections.place(entry) else { continue };
            let connection = connections.list()[placed.connection].clone();
            let layers = &entry.layers[placed.from_layer..];
            let seen = Seen { entry, layers, sender: placed.sender, connection: &connection };
            if entered.interest.meets(Interest::of(&seen)) {
                rule.see(&seen, &mut report);
            }
        }
        rule.end(&mut report);
    }
    violations
}

/// Asserts that the rule of `requirement` accuses `role` in `frame` of a changed transcript, once, in words that contain
/// `text`, and that it is silent about the unchanged one.
#[track_caller]
pub(in crate::rule) fn fires(
    requirement: &str,
    good: fn() -> Vec<Step>,
    (frame, role): (u64, Role),
    text: &str,
    change: impl FnOnce(&mut Vec<Step>),
) {
    assert!(rule::all().any(|entered| entered.requirement == requirement), "there is no rule {requirement}");
    assert_eq!(run(Some(requirement), good()), []);
    let mut steps = good();
    change(&mut steps);
    let found = run(Some(requirement), steps);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].frame, found[0].role), (frame, Some(role)), "{found:#?}");
    assert!(found[0].text.contains(text), "{found:#?}");
}

/// Asserts that the rule of `requirement` says nothing of a changed transcript.
#[track_caller]
pub(in crate::rule) fn silent(
    requirement: &str,
    good: fn() -> Vec<Step>,
    change: impl FnOnce(&mut Vec<Step>),
) {
    let mut steps = good();
    change(&mut steps);
    assert_eq!(run(Some(requirement), steps), []);
}

pub(in crate::rule) fn message(
    exchange_type: ExchangeType,
    flags: u8,
    message_id: u32,
    payloads: Vec<(PayloadType, Body)>,
) -> Isakmp {
    let payloads: Vec<_> = payloads.into_iter().map(|(kind, body)| Payload::new(kind, body)).collect();
    Isakmp {
        header: Header {
            initiator_cookie: COOKIE_I,
            responder_cookie: COOKIE_R,
            next_payload: payloads.first().map_or(PayloadType::None, |payload| payload.kind),
            version: 0x10,
            exchange_type,
            flags,
            message_id,
            length: 0,
        },
        payloads,
        padding: if flags == 0 { Vec::new() } else { vec![0; 12] },
        protection: if flags == 0 { Protection::Clear } else { Protection::Opened },
        hash: HashVerdict::Unknown,
        is_reassembled: false,
        digest: 0,
    }
}

fn sa(protocol: ProtocolId, spi: Vec<u8>, transforms: Vec<Transform>) -> (PayloadType, Body) {
    let proposal = Proposal { reserved: 0, number: 1, protocol, spi, transforms };
    let sa = Sa { doi: Doi::Ipsec, situation: Situation::IdentityOnly, proposals: vec![proposal] };
    (PayloadType::SecurityAssociation, Body::SecurityAssociation(sa))
}

fn transform(number: u8, id: u8, attributes: &[(u16, u16)]) -> Transform {
    let attributes = attributes.iter().map(|(class, value)| Attribute::basic(*class, *value)).collect();
    Transform { reserved: 0, number, id, reserved2: 0, attributes }
}

/// AES-256, SHA-1, MODP1024, pre-shared key, an hour.
fn phase1(number: u8, group: u16) -> Transform {
    transform(number, 1, &[(1, 7), (14, 256), (2, 2), (4, group), (3, 1), (11, 1), (12, 3600)])
}

fn esp(number: u8, mode: u16) -> Transform {
    transform(number, 12, &[(6, 256), (5, 2), (4, mode), (1, 1), (2, 3600)])
}

fn vendor_id(known: Known) -> (PayloadType, Body) {
    (PayloadType::VendorId, Body::VendorId(VendorId::of(known).expect("a vendor ID")))
}

pub(in crate::rule) fn hash() -> (PayloadType, Body) {
    (PayloadType::Hash, Body::Hash(vec![0xaa; 20]))
}

fn nonce(octet: u8) -> (PayloadType, Body) {
    (PayloadType::Nonce, Body::Nonce(vec![octet; 32]))
}

pub(in crate::rule) fn id(address: Ipv4Addr, protocol: u8, port: u16) -> (PayloadType, Body) {
    (PayloadType::Identification, Body::Identification(Id::ipv4(address, protocol, port)))
}

pub(in crate::rule) fn nat_oa(address: Ipv4Addr) -> (PayloadType, Body) {
    (PayloadType::NatOa, Body::NatOa(NatOa::ipv4(address)))
}

pub(in crate::rule) fn nat_d(address: Ipv4Addr, port: u16) -> (PayloadType, Body) {
    let cookies = Cookies { initiator: COOKIE_I, responder: COOKIE_R };
    (PayloadType::NatD, Body::NatD(keys::nat_d(Hash::Sha1, &cookies, address.into(), port)))
}

pub(in crate::rule) fn notification(notify_type: NotifyType, data: Vec<u8>) -> (PayloadType, Body) {
    let spi = [COOKIE_I, COOKIE_R].concat();
    let notification = Notification { doi: Doi::Ipsec, protocol: ProtocolId::Isakmp, spi, notify_type, data };
    (PayloadType::Notification, Body::Notification(notification))
}

fn delete(protocol: ProtocolId, spi: Vec<u8>) -> (PayloadType, Body) {
    let spi_size = u8::try_from(spi.len()).expect("a short SPI");
    (PayloadType::Delete, Body::Delete(Delete { doi: Doi::Ipsec, protocol, spi_size, spis: vec![spi] }))
}

pub(in crate::rule) fn informational(message_id: u32, payload: (PayloadType, Body)) -> Isakmp {
    message(ExchangeType::Informational, 1, message_id, vec![hash(), payload])
}

/// Indices of the steps.
pub(in crate::rule) const MM1: usize = 0;
pub(in crate::rule) const MM2: usize = 1;
pub(in crate::rule) const MM3: usize = 2;
pub(in crate::rule) const MM4: usize = 3;
pub(in crate::rule) const MM5: usize = 4;
pub(in crate::rule) const MM6: usize = 5;
pub(in crate::rule) const QM1: usize = 6;
pub(in crate::rule) const QM2: usize = 7;
pub(in crate::rule) const QM3: usize = 8;
pub(in crate::rule) const ASK: usize = 9;
pub(in crate::rule) const ACK: usize = 10;
pub(in crate::rule) const ASK_AGAIN: usize = 11;
pub(in crate::rule) const ACK_AGAIN: usize = 12;
pub(in crate::rule) const DELETE_ESP: usize = 13;
pub(in crate::rule) const DELETE_ISAKMP: usize = 14;

/// Main Mode, Quick Mode, two queries of dead peer detection, and the end. `client` is where the client really is.
fn connection(client: Ipv4Addr, mode: u16) -> Vec<Isakmp> {
    use ExchangeType::{IdentityProtection as Main, QuickMode as Quick};
    let behind_nat = client != CLIENT;
    let (outside, outside_port) = if behind_nat { (NAT, 61_000) } else { (client, 500) };
    let oas = || if behind_nat { vec![nat_oa(client), nat_oa(SUPERNODE)] } else { Vec::new() };
    let quick = |spi: u32, octet: u8, transforms| {
        let sa = sa(ProtocolId::Esp, spi.to_be_bytes().to_vec(), transforms);
        let mut payloads = vec![hash(), sa, nonce(octet), id(client, 17, 1701), id(SUPERNODE, 17, 1701)];
        payloads.extend(oas());
        message(Quick, 1, 0x77, payloads)
    };
    let key = |octet: u8| (PayloadType::KeyExchange, Body::KeyExchange(vec![octet; 128]));
    let ours = || vec![vendor_id(Known::Rfc3947), vendor_id(Known::Dpd)];
    let first = |mut payloads: Vec<(PayloadType, Body)>| {
        payloads.extend(ours());
        message(Main, 0, 0, payloads)
    };
    let mut opening = first(vec![sa(ProtocolId::Isakmp, Vec::new(), vec![phase1(1, 2), phase1(2, 5)])]);
    opening.header.responder_cookie = [0; 8];
    let sequence = |number: u32| number.to_be_bytes().to_vec();
    vec![
        opening,
        first(vec![sa(ProtocolId::Isakmp, Vec::new(), vec![phase1(1, 2)])]),
        message(Main, 0, 0, vec![key(1), nonce(1), nat_d(SUPERNODE, 500), nat_d(client, 500)]),
        message(Main, 0, 0, vec![key(2), nonce(2), nat_d(outside, outside_port), nat_d(SUPERNODE, 500)]),
        message(Main, 1, 0, vec![id(client, 0, 0), hash()]),
        message(Main, 1, 0, vec![id(SUPERNODE, 0, 0), hash()]),
        quick(SPI_C, 3, vec![esp(1, mode), esp(2, mode)]),
        quick(SPI_S, 4, vec![esp(1, mode)]),
        message(Quick, 1, 0x77, vec![hash()]),
        informational(0x78, notification(NotifyType::RUThere, sequence(100))),
        informational(0x79, notification(NotifyType::RUThereAck, sequence(100))),
        informational(0x7a, notification(NotifyType::RUThere, sequence(101))),
        informational(0x7b, notification(NotifyType::RUThereAck, sequence(101))),
        informational(0x7c, delete(ProtocolId::Esp, SPI_C.to_be_bytes().to_vec())),
        informational(0x7d, delete(ProtocolId::Isakmp, [COOKIE_I, COOKIE_R].concat())),
    ]
}

fn steps(messages: Vec<Isakmp>, client: Ipv4Addr) -> Vec<Step> {
    let by_supernode = [MM2, MM4, MM6, QM2, ACK, ACK_AGAIN];
    let step = |(at, isakmp): (usize, Isakmp)| {
        let floats = client == NAT && at >= MM5;
        let ports = match (client == NAT, floats) {
            (false, _) => [500, 500],
            (true, false) => [61_000, 500],
            (true, true) => [62_000, 4500],
        };
        let mut layers = if floats { vec![Layer::UdpEncap(UdpEncap::Ike)] } else { Vec::new() };
        layers.push(Layer::Isakmp(Box::new(isakmp)));
        Step {
            role: if by_supernode.contains(&at) { Role::Supernode } else { Role::Client },
            client,
            ports: Some(ports),
            layers,
            fault: None,
            time: 100 * i64::try_from(at).expect("few steps"),
        }
    };
    messages.into_iter().enumerate().map(step).collect()
}

/// A connection without NAT.
pub(in crate::rule) fn direct() -> Vec<Step> {
    steps(connection(CLIENT, 2), CLIENT)
}

/// A client behind a NAT.
pub(in crate::rule) fn behind_nat() -> Vec<Step> {
    steps(connection(INSIDE, 4), NAT)
}

/// Aggressive Mode with a pre-shared key.
pub(in crate::rule) fn aggressive() -> Vec<Step> {
    use ExchangeType::Aggressive;
    let key = |octet: u8| (PayloadType::KeyExchange, Body::KeyExchange(vec![octet; 128]));
    let offer = || sa(ProtocolId::Isakmp, Vec::new(), vec![phase1(1, 2)]);
    let mut opening = message(Aggressive, 0, 0, vec![offer(), key(1), nonce(1), id(CLIENT, 0, 0)]);
    opening.header.responder_cookie = [0; 8];
    let messages = vec![
        opening,
        message(Aggressive, 0, 0, vec![offer(), key(2), nonce(2), id(SUPERNODE, 0, 0), hash()]),
        message(Aggressive, 0, 0, vec![hash()]),
    ];
    steps(messages, CLIENT)
}

/// Puts a message of `role` at the end, 100 ms after the last.
pub(in crate::rule) fn then(steps: &mut Vec<Step>, role: Role, isakmp: Isakmp) {
    let last = steps.last().expect("a step");
    let (client, ports, time) = (last.client, last.ports, last.time + 100);
    let mut layers = Vec::new();
    if matches!(last.layers.first(), Some(Layer::UdpEncap(_))) {
        layers.push(Layer::UdpEncap(UdpEncap::Ike));
    }
    layers.push(Layer::Isakmp(Box::new(isakmp)));
    steps.push(Step { role, client, ports, layers, fault: None, time });
}
