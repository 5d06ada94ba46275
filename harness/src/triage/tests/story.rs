//! Entries as the dissector makes them, told message by message. A second passes before each.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use l2tpspec_protocol::esp;
use l2tpspec_protocol::isakmp::wire::{
    Attribute, Body, Doi, ExchangeType, Header, Notification, NotifyType, Payload, PayloadType, Proposal,
    ProtocolId, Sa, Situation, Transform,
};
use l2tpspec_protocol::l2tp::wire::{
    AvpValue, ControlMessage, DataHeader, Header as L2tpHeader, MessageType,
};
use l2tpspec_protocol::ospf::wire as ospf;
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{Control, Protocol};

use crate::check::{Checked, Judge};
use crate::transcript::ip::{Icmp, Ipv4, Udp};
use crate::transcript::layer::{Esp, HashVerdict, Isakmp, Opening, Protection, UdpEncap};
use crate::transcript::{Entry, Layer};
use crate::triage::Outcome;

pub(super) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
pub(super) const SUPERNODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

const SECOND: i64 = 1_000_000_000;
/// Tunnel and session numbers that client and supernode assign.
const IDS: [u16; 2] = [11, 22];

#[derive(Debug, Default)]
pub(super) struct Story {
    entries: Vec<Entry>,
    time: i64,
    client_port: Option<u16>,
    /// IKE is on port 4500, and ESP inside of UDP.
    is_encapsulated: bool,
    /// L2TP and PPP travel inside of ESP that was opened.
    is_protected: bool,
    sequence_number: u32,
    /// Ns that comes next, of client and supernode.
    next_ns: [u16; 2],
    digest: u64,
}

const fn ip(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8) -> Ipv4 {
    Ipv4 {
        source,
        destination,
        protocol,
        type_of_service: 0,
        total_length: 100,
        identification: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        time_to_live: 64,
        header_length: 20,
    }
}

const fn udp(source_port: u16, destination_port: u16) -> Udp {
    Udp { source_port, destination_port, length: 80, checksum: 0 }
}

fn other(sender: Ipv4Addr) -> Ipv4Addr {
    if sender == CLIENT { SUPERNODE } else { CLIENT }
}

pub(super) fn icmp(icmp_type: u8, code: u8) -> Layer {
    Layer::Icmp(Icmp { icmp_type, code, checksum: 0, rest: [0; 4], data_length: 56 })
}

impl Story {
    /// What comes of it.
    pub(super) fn checked(&self) -> Checked {
        let mut judge = Judge::new();
        for entry in &self.entries {
            judge.see(entry);
        }
        judge.end(Path::new("story.pcap"), &[], None)
    }

    pub(super) fn outcome(&self) -> Outcome {
        let mut checked = self.checked();
        assert_eq!(checked.connections.len(), 1);
        checked.connections.remove(0).outcome
    }

    /// The frame that comes next.
    pub(super) fn next_frame(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    pub(super) fn repeat(&mut self, times: usize, mut tell: impl FnMut(&mut Self)) -> &mut Self {
        for _ in 0..times {
            tell(self);
        }
        self
    }

    pub(super) fn client_port(&mut self, port: u16) -> &mut Self {
        self.client_port = Some(port);
        self
    }

    /// From here on, the ends use UDP port 4500.
    pub(super) fn float(&mut self) -> &mut Self {
        self.is_encapsulated = true;
        self
    }

    /// From here on, L2TP is inside of ESP.
    pub(super) fn protect(&mut self) -> &mut Self {
        self.is_protected = true;
        self
    }

    pub(super) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.time += seconds * SECOND;
        self
    }

    fn push(&mut self, sender: Ipv4Addr, layers: Vec<Layer>) -> &mut Self {
        self.time += SECOND;
        let entry = Entry {
            frame: self.next_frame(),
            time: self.time,
            source: Some(IpAddr::from(sender)),
            destination: Some(IpAddr::from(other(sender))),
            layers,
            ..Entry::default()
        };
        self.entries.push(entry);
        self
    }

    /// A frame that is no part of anything.
    pub(super) fn nothing(&mut self) -> &mut Self {
        self.push(CLIENT, Vec::new())
    }

    /// An ICMP error of the receiver about a datagram of the sender.
    pub(super) fn unreachable(&mut self, sender: Ipv4Addr, code: u8, port: u16) -> &mut Self {
        let layers = vec![
            Layer::Ip(ip(other(sender), sender, 1)),
            icmp(3, code),
            Layer::Ip(ip(sender, other(sender), 17)),
            Layer::Udp(udp(port, port)),
        ];
        self.push(other(sender), layers)
    }

    /// IP and UDP below a message, and UDP encapsulation if it is on.
    fn under(&self, sender: Ipv4Addr, port: u16, encapsulated: Option<UdpEncap>) -> Vec<Layer> {
        let port = if encapsulated.is_some() { 4500 } else { port };
        let of_client = self.client_port.unwrap_or(port);
        let ports = if sender == CLIENT { udp(of_client, port) } else { udp(port, of_client) };
        let mut layers = vec![Layer::Ip(ip(sender, other(sender), 17)), Layer::Udp(ports)];
        layers.extend(encapsulated.map(Layer::UdpEncap));
        layers
    }

    /// Any IKE message. `digest` tells copies from others.
    fn isakmp(&mut self, sender: Ipv4Addr, header: Header, payloads: Vec<Body>, digest: u64) -> &mut Self {
        let is_encrypted = header.is_encrypted();
        let protection = match (is_encrypted, payloads.is_empty()) {
            (false, _) => Protection::Clear,
            (true, true) => Protection::KeyAbsent,
            (true, false) => Protection::Opened,
        };
        let payload = |body| Payload { kind: PayloadType::None, reserved: 0, body };
        let message = Isakmp {
            header,
            payloads: payloads.into_iter().map(payload).collect(),
            padding: Vec::new(),
            protection,
            hash: HashVerdict::Unknown,
            is_reassembled: false,
            digest,
        };
        let mut layers = self.under(sender, 500, self.is_encapsulated.then_some(UdpEncap::Ike));
        layers.push(Layer::Isakmp(Box::new(message)));
        self.push(sender, layers)
    }

    /// Message `number` of Main Mode from 0, or a copy of it.
    pub(super) fn main_mode(&mut self, sender: Ipv4Addr, cookie: u8, number: usize) -> &mut Self {
        let responder = if number == 0 { 0 } else { 0x99 };
        let header = header(cookie, responder, ExchangeType::IdentityProtection, number > 3, 0);
        let body = match number {
            0 | 1 => vec![Body::SecurityAssociation(phase1_sa())],
            2 | 3 => vec![Body::KeyExchange(vec![1; 128]), Body::Nonce(vec![2; 32])],
            _ => Vec::new(),
        };
        self.isakmp(sender, header, body, u64::from(cookie) * 100 + number as u64)
    }

    /// A whole Main Mode, its last two messages closed.
    pub(super) fn phase1(&mut self, cookie: u8) -> &mut Self {
        self.phase1_up_to(cookie, 6)
    }

    /// The first messages of a Main Mode.
    pub(super) fn phase1_up_to(&mut self, cookie: u8, messages: usize) -> &mut Self {
        for number in 0..messages {
            let sender = if number.is_multiple_of(2) { CLIENT } else { SUPERNODE };
            self.main_mode(sender, cookie, number);
        }
        self
    }

    /// Message `number` of an Aggressive Mode from 0.
    pub(super) fn aggressive_mode(&mut self, sender: Ipv4Addr, number: usize) -> &mut Self {
        let responder = if number == 0 { 0 } else { 0x99 };
        let header = header(1, responder, ExchangeType::Aggressive, false, 0);
        let body = match number {
            0 | 1 => vec![Body::SecurityAssociation(phase1_sa()), Body::KeyExchange(vec![1; 128])],
            _ => vec![Body::Hash(vec![3; 20])],
        };
        self.isakmp(sender, header, body, 500 + number as u64)
    }

    /// Message `number` of a Quick Mode from 0, or a copy of it; closed unless `payloads` say what is in it.
    pub(super) fn quick(&mut self, cookie: u8, id: u32, number: usize, payloads: Vec<Body>) -> &mut Self {
        let sender = if number.is_multiple_of(2) { CLIENT } else { SUPERNODE };
        let header = header(cookie, 0x99, ExchangeType::QuickMode, true, id);
        self.isakmp(sender, header, payloads, 10_000 + u64::from(id) * 10 + number as u64)
    }

    pub(super) fn quick_mode(&mut self, cookie: u8, id: u32) -> &mut Self {
        for number in 0..3 {
            self.quick(cookie, id, number, Vec::new());
        }
        self
    }

    /// An Informational, closed unless `payloads` say what is in it.
    pub(super) fn informational(&mut self, sender: Ipv4Addr, cookie: u8, payloads: Vec<Body>) -> &mut Self {
        self.digest += 1;
        let digest = 1_000_000 + self.digest;
        let id = u32::try_from(digest).unwrap_or(u32::MAX);
        let header = header(cookie, 0x99, ExchangeType::Informational, true, id);
        self.isakmp(sender, header, payloads, digest)
    }

    /// A notification in clear.
    pub(super) fn notify_in_clear(&mut self, sender: Ipv4Addr, cookie: u8, notify: NotifyType) -> &mut Self {
        let header = header(cookie, 0x99, ExchangeType::Informational, false, 77);
        self.isakmp(sender, header, vec![notification(notify)], 77)
    }

    /// A closed ESP packet.
    pub(super) fn esp(&mut self, sender: Ipv4Addr, spi: u32) -> &mut Self {
        let layers = self.esp_layers(sender, spi, Opening::KeyAbsent);
        self.push(sender, layers)
    }

    pub(super) fn esp_truncated(&mut self, sender: Ipv4Addr, spi: u32) -> &mut Self {
        let layers = self.esp_layers(sender, spi, Opening::OpenedTruncated { next_header: 17 });
        self.push(sender, layers)
    }

    fn esp_layers(&mut self, sender: Ipv4Addr, spi: u32, opening: Opening) -> Vec<Layer> {
        self.sequence_number += 1;
        let mut layers = if self.is_encapsulated {
            self.under(sender, 4500, Some(UdpEncap::Esp))
        } else {
            vec![Layer::Ip(ip(sender, other(sender), 50))]
        };
        let header =
            esp::wire::Header { security_parameters_index: spi, sequence_number: self.sequence_number };
        layers.push(Layer::Esp(Esp { header, opening, length: 80 }));
        layers
    }

    /// What is below L2TP: UDP, or ESP and UDP.
    fn below_l2tp(&mut self, sender: Ipv4Addr) -> Vec<Layer> {
        if !self.is_protected {
            return self.under(sender, 1701, None);
        }
        let opening = Opening::Opened {
            next_header: 17,
            pad_length: 0,
            padding_is_sequential: true,
            is_verified: true,
        };
        let spi = if sender == CLIENT { 7 } else { 8 };
        let mut layers = self.esp_layers(sender, spi, opening);
        layers.push(Layer::Udp(udp(1701, 1701)));
        layers
    }

    /// An L2TP control message; `None` is a ZLB. `ns` is the number of a copy, else the next one is taken.
    fn control(
        &mut self,
        sender: Ipv4Addr,
        session: u16,
        values: Vec<AvpValue>,
        ns: Option<u16>,
    ) -> &mut Self {
        let own = usize::from(sender != CLIENT);
        let is_zlb = values.is_empty();
        let next = self.next_ns[own];
        let ns = ns.unwrap_or(next);
        if !is_zlb && ns == next {
            self.next_ns[own] += 1;
        }
        let is_first =
            matches!(values.first(), Some(AvpValue::MessageType(MessageType::StartControlConnectionRequest)));
        let tunnel = if is_first { 0 } else { IDS[1 - own] };
        let header = L2tpHeader::control(tunnel, session, ns, self.next_ns[1 - own]);
        let mut layers = self.below_l2tp(sender);
        layers.push(Layer::L2tpControl(Box::new(ControlMessage::new(header, values))));
        self.push(sender, layers)
    }

    pub(super) fn acknowledge(&mut self, sender: Ipv4Addr) -> &mut Self {
        self.control(sender, 0, Vec::new(), None)
    }

    pub(super) fn l2tp(&mut self, sender: Ipv4Addr, kind: MessageType) -> &mut Self {
        self.l2tp_with(sender, kind, Vec::new(), None)
    }

    /// A copy of the sender's message `ns`.
    pub(super) fn l2tp_copy(&mut self, sender: Ipv4Addr, kind: MessageType, ns: u16) -> &mut Self {
        self.l2tp_with(sender, kind, Vec::new(), Some(ns))
    }

    pub(super) fn l2tp_with(
        &mut self,
        sender: Ipv4Addr,
        kind: MessageType,
        more: Vec<AvpValue>,
        ns: Option<u16>,
    ) -> &mut Self {
        use MessageType as M;
        let own = usize::from(sender != CLIENT);
        let mut values = vec![AvpValue::MessageType(kind)];
        let session = match kind {
            M::StartControlConnectionRequest
            | M::StartControlConnectionReply
            | M::StopControlConnectionNotification => {
                values.push(AvpValue::AssignedTunnelId(IDS[own]));
                0
            }
            M::IncomingCallRequest => {
                values.push(AvpValue::AssignedSessionId(IDS[own]));
                0
            }
            M::IncomingCallReply | M::CallDisconnectNotify => {
                values.push(AvpValue::AssignedSessionId(IDS[own]));
                IDS[1 - own]
            }
            M::IncomingCallConnected => IDS[1 - own],
            _ => 0,
        };
        values.extend(more);
        self.control(sender, session, values, ns)
    }

    /// SCCRQ to ICCN, all acknowledged.
    pub(super) fn call(&mut self) -> &mut Self {
        self.l2tp(CLIENT, MessageType::StartControlConnectionRequest)
            .l2tp(SUPERNODE, MessageType::StartControlConnectionReply)
            .l2tp(CLIENT, MessageType::StartControlConnectionConnected)
            .l2tp(CLIENT, MessageType::IncomingCallRequest)
            .l2tp(SUPERNODE, MessageType::IncomingCallReply)
            .l2tp(CLIENT, MessageType::IncomingCallConnected)
            .acknowledge(SUPERNODE)
    }

    fn ppp_layers(&mut self, sender: Ipv4Addr, protocol: Protocol) -> Vec<Layer> {
        let own = usize::from(sender != CLIENT);
        let mut layers = self.below_l2tp(sender);
        let header =
            DataHeader { tunnel_id: IDS[1 - own], session_id: IDS[1 - own], ..DataHeader::default() };
        layers.push(Layer::L2tpData(header));
        layers.push(Layer::Ppp(FrameHeader::uncompressed(protocol)));
        layers
    }

    pub(super) fn ppp(&mut self, sender: Ipv4Addr, control: Control) -> &mut Self {
        let mut layers = self.ppp_layers(sender, Protocol::Lcp);
        layers.push(Layer::PppControl(Box::new(control)));
        self.push(sender, layers)
    }

    /// A PPP packet on a link that does not say who sends.
    pub(super) fn bare_ppp(&mut self, control: Control) -> &mut Self {
        self.push(
            CLIENT,
            vec![Layer::Ppp(FrameHeader::uncompressed(Protocol::Lcp)), Layer::PppControl(Box::new(control))],
        );
        if let Some(entry) = self.entries.last_mut() {
            (entry.source, entry.destination) = (None, None);
        }
        self
    }

    /// A user packet to an address, with what it carries.
    pub(super) fn packet(&mut self, sender: Ipv4Addr, to: Ipv4Addr, inner: Layer) -> &mut Self {
        let mut layers = self.ppp_layers(sender, Protocol::Ipv4);
        let from = if sender == CLIENT { Ipv4Addr::new(10, 70, 72, 2) } else { Ipv4Addr::new(10, 70, 72, 1) };
        layers.push(Layer::Ip(ip(from, to, 1)));
        layers.push(inner);
        self.push(sender, layers)
    }

    pub(super) fn ospf(&mut self, sender: Ipv4Addr, packet: ospf::Packet) -> &mut Self {
        self.packet(sender, Ipv4Addr::new(224, 0, 0, 5), Layer::Ospf(Box::new(packet)))
    }
}

fn header(
    initiator: u8,
    responder: u8,
    exchange_type: ExchangeType,
    is_encrypted: bool,
    message_id: u32,
) -> Header {
    Header {
        initiator_cookie: [initiator; 8],
        responder_cookie: [responder; 8],
        next_payload: PayloadType::None,
        version: Header::VERSION_1_0,
        exchange_type,
        flags: u8::from(is_encrypted),
        message_id,
        length: 100,
    }
}

fn sa(protocol: ProtocolId, id: u8, spi: Vec<u8>, attributes: &[(u16, u16)]) -> Sa {
    let attributes = attributes.iter().map(|(class, value)| Attribute::basic(*class, *value)).collect();
    let transform = Transform { reserved: 0, number: 1, id, reserved2: 0, attributes };
    let proposal = Proposal { reserved: 0, number: 1, protocol, spi, transforms: vec![transform] };
    Sa { doi: Doi::Ipsec, situation: Situation::IdentityOnly, proposals: vec![proposal] }
}

fn phase1_sa() -> Sa {
    sa(ProtocolId::Isakmp, 1, Vec::new(), &[(1, 7), (14, 256), (2, 2), (4, 14), (3, 1)])
}

/// AES-128, HMAC-SHA1, transport mode.
pub(super) fn phase2_sa(spi: u32) -> Body {
    Body::SecurityAssociation(sa(
        ProtocolId::Esp,
        12,
        spi.to_be_bytes().to_vec(),
        &[(6, 128), (5, 2), (4, 2)],
    ))
}

pub(super) fn notification(notify_type: NotifyType) -> Body {
    Body::Notification(Notification {
        doi: Doi::Ipsec,
        protocol: ProtocolId::Isakmp,
        spi: Vec::new(),
        notify_type,
        data: Vec::new(),
    })
}
