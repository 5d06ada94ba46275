//! Transcripts made of protocol values, for tests: a whole connection inside ESP that breaks nothing, to be changed.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use l2tpspec_protocol::esp::wire::Header as EspHeader;
use l2tpspec_protocol::l2tp::wire::{AvpValue, ControlMessage, DataHeader, Header, MessageType, ResultCode};
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{Control, Protocol};

use crate::rule::{self, Entered, Interest, Report, Rule, Seen, Violation};
use crate::transcript::connection::{Connections, Role};
use crate::transcript::ip::{Ipv4, Udp};
use crate::transcript::layer::{Esp, Opening};
use crate::transcript::{Entry, Layer};

use MessageType as M;
use Role::{Client, Supernode};

/// Numbers by which the ends want tunnel and session called.
pub(in crate::rule) const TUNNEL: [u16; 2] = [11, 12];
pub(in crate::rule) const SESSION: [u16; 2] = [21, 22];

const fn of(role: Role, [client, supernode]: [u16; 2]) -> u16 {
    match role {
        Client => client,
        Supernode => supernode,
    }
}

/// The address of an end.
pub(in crate::rule) const fn address(role: Role) -> Ipv4Addr {
    match role {
        Client => Ipv4Addr::new(192, 0, 2, 2),
        Supernode => Ipv4Addr::new(192, 0, 2, 1),
    }
}

/// What was said.
#[derive(Default)]
pub(in crate::rule) struct Talk {
    pub(in crate::rule) entries: Vec<Entry>,
    now: i64,
    /// Packets that each end has sent in ESP.
    packets: [u32; 2],
    /// Ns of the next control message of each end.
    ns: [u16; 2],
}

impl Talk {
    /// Lets time pass.
    pub(in crate::rule) fn wait(&mut self, milliseconds: i64) {
        self.now += milliseconds * 1_000_000;
    }

    /// Says something inside UDP and ESP, 10 ms after the last.
    pub(in crate::rule) fn say(&mut self, sender: Role, layers: Vec<Layer>) {
        self.wait(10);
        let number = &mut self.packets[sender as usize];
        *number += 1;
        let header = EspHeader { security_parameters_index: 1000 + sender as u32, sequence_number: *number };
        let opening = Opening::Opened {
            next_header: 17,
            pad_length: 2,
            padding_is_sequential: true,
            is_verified: true,
        };
        let (source, destination) = (address(sender), address(!sender));
        let mut all = vec![
            Layer::Ip(ip(source, destination, 50, 100)),
            Layer::Esp(Esp { header, opening, length: 100 }),
            Layer::Udp(Udp { source_port: 1701, destination_port: 1701, length: 80, checksum: 0 }),
        ];
        all.extend(layers);
        self.entries.push(Entry {
            frame: self.entries.len() as u64 + 1,
            time: self.now,
            source: Some(source.into()),
            destination: Some(destination.into()),
            layers: all,
            fault: None,
            snapped: 0,
        });
    }

    /// Sends a control message with the right numbers; nothing but `session_id` is left to the caller.
    pub(in crate::rule) fn control(
        &mut self,
        sender: Role,
        session_id: u16,
        values: impl IntoIterator<Item = AvpValue>,
    ) {
        let values: Vec<_> = values.into_iter().collect();
        let is_first = values.first() == Some(&AvpValue::MessageType(M::StartControlConnectionRequest));
        let tunnel_id = if is_first { 0 } else { of(!sender, TUNNEL) };
        let (ns, nr) = (self.ns[sender as usize], self.ns[!sender as usize]);
        self.ns[sender as usize] += u16::from(!values.is_empty());
        let message = ControlMessage::new(Header::control(tunnel_id, session_id, ns, nr), values);
        self.say(sender, vec![Layer::L2tpControl(Box::new(message))]);
    }

    /// Sends a ZLB.
    pub(in crate::rule) fn zlb(&mut self, sender: Role) {
        self.control(sender, 0, []);
    }

    /// Sends a HELLO, which is acknowledged.
    pub(in crate::rule) fn hello(&mut self, sender: Role) {
        self.control(sender, 0, [AvpValue::MessageType(M::Hello)]);
        self.zlb(!sender);
    }

    /// Sends a PPP frame.
    pub(in crate::rule) fn ppp(&mut self, sender: Role, protocol: Protocol, layers: Vec<Layer>) {
        let (tunnel_id, session_id) = (of(!sender, TUNNEL), of(!sender, SESSION));
        let header = DataHeader { tunnel_id, session_id, ..DataHeader::default() };
        let mut all = vec![Layer::L2tpData(header), Layer::Ppp(FrameHeader::uncompressed(protocol))];
        all.extend(layers);
        self.say(sender, all);
    }

    /// Sends a PPP control packet.
    pub(in crate::rule) fn packet(&mut self, sender: Role, control: Control) {
        let protocol = match &control {
            Control::Lcp(_) => Protocol::Lcp,
            Control::Pap(_) => Protocol::Pap,
            Control::Chap(_) => Protocol::Chap,
            Control::Eap(_) => Protocol::Eap,
            Control::Cbcp(_) => Protocol::Cbcp,
            Control::Ipcp(_) => Protocol::Ipcp,
            Control::Ipv6cp(_) => Protocol::Ipv6cp,
            Control::Ccp(_) => Protocol::Ccp,
            Control::Other { protocol, .. } => *protocol,
        };
        self.ppp(sender, protocol, vec![Layer::PppControl(Box::new(control))]);
    }

    /// Sends an IPv4 datagram over the link, whose header `edit` completes, and what it carries.
    pub(in crate::rule) fn ipv4(
        &mut self,
        sender: Role,
        edit: impl FnOnce(&mut Ipv4),
        carried: Option<Layer>,
    ) {
        let mut header = ip(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2), 17, 100);
        edit(&mut header);
        self.ppp(sender, Protocol::Ipv4, [Some(Layer::Ip(header)), carried].into_iter().flatten().collect());
    }

    /// Opens the tunnel and the session.
    pub(in crate::rule) fn open(&mut self) {
        let says = |kind, role| {
            vec![
                AvpValue::MessageType(kind),
                AvpValue::ProtocolVersion { version: 1, revision: 0 },
                AvpValue::HostName(b"host".to_vec()),
                AvpValue::FramingCapabilities(3),
                AvpValue::AssignedTunnelId(of(role, TUNNEL)),
                AvpValue::ReceiveWindowSize(4),
            ]
        };
        self.control(Client, 0, says(M::StartControlConnectionRequest, Client));
        self.control(Supernode, 0, says(M::StartControlConnectionReply, Supernode));
        self.control(Client, 0, [AvpValue::MessageType(M::StartControlConnectionConnected)]);
        self.zlb(Supernode);
        let request = [
            AvpValue::MessageType(M::IncomingCallRequest),
            AvpValue::AssignedSessionId(of(Client, SESSION)),
            AvpValue::CallSerialNumber(1),
        ];
        self.control(Client, 0, request);
        let reply = [
            AvpValue::MessageType(M::IncomingCallReply),
            AvpValue::AssignedSessionId(of(Supernode, SESSION)),
        ];
        self.control(Supernode, of(Client, SESSION), reply);
        let connected = [
            AvpValue::MessageType(M::IncomingCallConnected),
            AvpValue::TxConnectSpeed(1),
            AvpValue::FramingType(1),
        ];
        self.control(Client, of(Supernode, SESSION), connected);
        self.zlb(Supernode);
    }

    /// Ends the session and the tunnel.
    pub(in crate::rule) fn close(&mut self) {
        let result = || AvpValue::ResultCode(ResultCode { result: 1, error: None, message: Vec::new() });
        let disconnect = [
            AvpValue::MessageType(M::CallDisconnectNotify),
            result(),
            AvpValue::AssignedSessionId(of(Client, SESSION)),
        ];
        self.control(Client, of(Supernode, SESSION), disconnect);
        self.zlb(Supernode);
        let stop = [
            AvpValue::MessageType(M::StopControlConnectionNotification),
            AvpValue::AssignedTunnelId(of(Client, TUNNEL)),
            result(),
        ];
        self.control(Client, 0, stop);
        self.zlb(Supernode);
    }

    /// The first control message of this type, to be changed.
    pub(in crate::rule) fn message(&mut self, kind: MessageType) -> &mut ControlMessage {
        let at = self.position(kind);
        control(&mut self.entries[at]).unwrap()
    }

    /// Where the first control message of this type stands.
    pub(in crate::rule) fn position(&mut self, kind: MessageType) -> usize {
        let is_kind =
            |entry: &mut Entry| control(entry).is_some_and(|message| message.message_type() == Some(kind));
        self.entries.iter_mut().position(is_kind).unwrap()
    }

    /// The PPP control packets, and who sent them.
    pub(in crate::rule) fn packets(
        &mut self,
    ) -> impl Iterator<Item = (Role, &mut FrameHeader, &mut Control)> {
        self.entries.iter_mut().filter_map(|entry| {
            let sender = if entry.source == Some(address(Client).into()) { Client } else { Supernode };
            match &mut entry.layers[..] {
                [.., Layer::Ppp(header), Layer::PppControl(control)] => {
                    Some((sender, header, &mut **control))
                }
                _ => None,
            }
        })
    }

    /// Lets the last entry be sent again and again, so many milliseconds after the last.
    pub(in crate::rule) fn repeat_last(&mut self, sender: Role, after: &[i64]) {
        for milliseconds in after {
            let last = self.entries.last_mut().unwrap();
            let layer = match last.layers.last_mut().unwrap() {
                Layer::L2tpControl(message) => Layer::L2tpControl(message.clone()),
                other => panic!("{other:?} is no control message"),
            };
            self.wait(milliseconds - 10);
            self.say(sender, vec![layer]);
        }
    }

    /// What the rules find, in order.
    pub(in crate::rule) fn judge(&self) -> Vec<Violation> {
        judge(self.entries.iter())
    }
}

/// The control message of an entry.
pub(in crate::rule) fn control(entry: &mut Entry) -> Option<&mut ControlMessage> {
    match entry.layers.last_mut()? {
        Layer::L2tpControl(message) => Some(message),
        _ => None,
    }
}

/// An IPv4 header.
pub(in crate::rule) fn ip(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, total_length: u16) -> Ipv4 {
    Ipv4 {
        source,
        destination,
        protocol,
        type_of_service: 0,
        total_length,
        identification: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        time_to_live: 64,
        header_length: 20,
    }
}

/// What the rules of L2TP, PPP and OSPF find in these entries.
pub(in crate::rule) fn judge<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Violation> {
    let mut connections = Connections::default();
    let mut violations = Vec::new();
    let mut rules: Vec<(&Entered, Box<dyn Rule>)> =
        own().map(|entered| (entered, (entered.make)())).collect();
    for entry in entries {
        let Some(placed) = connections.place(entry) else { continue };
        let layers = &entry.layers[placed.from_layer..];
        let connection = &connections.list()[placed.connection];
        let seen = Seen { entry, layers, sender: placed.sender, connection };
        let interest = Interest::of(&seen);
        for (entered, rule) in rules.iter_mut().filter(|(entered, _)| entered.interest.meets(interest)) {
            let requirement = entered.requirement;
            rule.see(&seen, &mut Report { requirement, connection: 0, violations: &mut violations });
        }
    }
    for (entered, rule) in &mut rules {
        let requirement = entered.requirement;
        rule.end(&mut Report { requirement, connection: 0, violations: &mut violations });
    }
    violations
}

/// The rules of L2TP, PPP and OSPF.
fn own() -> impl Iterator<Item = &'static Entered> {
    [super::RULES, rule::ppp::RULES, rule::ospf::RULES].into_iter().flatten()
}

/// A requirement, who breaks it, and how.
pub(in crate::rule) type Case = (&'static str, Role, fn(&mut Talk));

/// Checks that every case is found, and that there is one for every rule of a table.
pub(in crate::rule) fn assert_all_fire(rules: &[Entered], good: impl Fn() -> Talk, cases: &[Case]) {
    let mut wrong = Vec::new();
    for (at, (requirement, role, break_it)) in cases.iter().enumerate() {
        let mut talk = good();
        break_it(&mut talk);
        let found = talk.judge();
        let own: Vec<_> = found.iter().filter(|violation| violation.requirement == *requirement).collect();
        let is_right = |violation: &Violation| {
            let is_worded = violation.text.starts_with("sent ") && violation.text.contains("; expected ");
            let is_shown = talk.entries.iter().any(|entry| entry.frame == violation.frame);
            violation.role == Some(*role) && is_worded && is_shown
        };
        if own.len() != 1 || !is_right(own[0]) {
            wrong.push(format!("case {at}, {requirement} by the {}: {found:#?}", role.word()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let covered: BTreeSet<_> = cases.iter().map(|(requirement, ..)| *requirement).collect();
    let all: BTreeSet<_> = rules.iter().map(|rule| rule.requirement).collect();
    assert_eq!(covered, all);
}
