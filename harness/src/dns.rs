//! DNS in the virtual world, the messages by hickory: a server that knows names, a forwarder that sends some names one way
//! and all others another, as dnsmasq does, and what a user asks and hears.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::time::Instant;

use crate::world::station::{Reply, Service};

/// The port of DNS.
pub const PORT: u16 = 53;
/// The time to live of an answer, in seconds.
const TTL: u32 = 60;
/// How long a forwarder waits for an upstream server before it asks again, and then gives up.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a forwarder asks.
const TRIES: u32 = 2;
/// Queries that a forwarder has open at most.
const OPEN: usize = 1024;
/// The ports that a forwarder asks from (DNS-5452-9.2-a).
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A name from the root on, in lower case.
fn whole(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?.to_lowercase();
    name.set_fqdn(true);
    Some(name)
}

/// A query for the IPv4 address of a name; `None` if that is no name.
#[must_use]
pub fn query(id: u16, name: &str) -> Option<Vec<u8>> {
    let mut name = Name::from_ascii(name).ok()?;
    name.set_fqdn(true);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, RecordType::A));
    message.to_vec().ok()
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which query it answers.
    pub id: u16,
    /// The response code, as in `No Error` and `Non-Existent Domain`.
    pub code: String,
    /// The addresses.
    pub addresses: Vec<Ipv4Addr>,
}

/// Reads an answer.
#[must_use]
pub fn answer(octets: &[u8]) -> Option<Answer> {
    let message = Message::from_vec(octets).ok()?;
    if message.metadata.message_type != MessageType::Response {
        return None;
    }
    let address = |record: &Record| match &record.data {
        RData::A(address) => Some(address.0),
        _ => None,
    };
    Some(Answer {
        id: message.metadata.id,
        code: message.metadata.response_code.to_string(),
        addresses: message.answers.iter().filter_map(address).collect(),
    })
}

/// A server that knows the addresses of some names and answers for some domains.
#[derive(Debug, Default)]
pub struct NameServer {
    names: BTreeMap<Name, Ipv4Addr>,
    /// The domains that it is the authority for. Of other names that it does not know it says nothing (REFUSED).
    domains: Vec<Name>,
    replies: VecDeque<Reply>,
}

impl NameServer {
    /// A server for domains and names in them, or elsewhere. What is no name is left out.
    #[must_use]
    pub fn new(domains: &[&str], names: &[(&str, Ipv4Addr)]) -> Self {
        Self {
            names: names.iter().filter_map(|(text, address)| Some((whole(text)?, *address))).collect(),
            domains: domains.iter().filter_map(|text| whole(text)).collect(),
            replies: VecDeque::new(),
        }
    }

    fn answer(&self, question: &Message) -> Option<Message> {
        let query = question.queries.first()?;
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata.recursion_desired = question.metadata.recursion_desired;
        answer.add_query(query.clone());
        let name = query.name().to_lowercase();
        let is_ours = self.domains.iter().any(|domain| domain.zone_of(&name));
        answer.metadata.authoritative = is_ours;
        answer.metadata.response_code = match self.names.get(&name) {
            Some(address) => {
                if query.query_type() == RecordType::A {
                    let data = RData::A(A(*address));
                    answer.add_answer(Record::from_rdata(query.name().clone(), TTL, data));
                }
                ResponseCode::NoError
            }
            None if is_ours => ResponseCode::NXDomain,
            None => ResponseCode::Refused,
        };
        Some(answer)
    }
}

impl Service for NameServer {
    fn on_datagram(
        &mut self,
        _cx: &mut Cx<'_>,
        source: SocketAddrV4,
        destination: SocketAddrV4,
        octets: &[u8],
    ) {
        let Ok(question) = Message::from_vec(octets) else { return };
        if question.metadata.message_type != MessageType::Query {
            return;
        }
        if let Some(octets) = self.answer(&question).and_then(|answer| answer.to_vec().ok()) {
            self.replies.push_back(Reply { source: destination, destination: source, octets });
        }
    }

    fn poll_output(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }
}

/// A query that an upstream server is to answer.
#[derive(Debug)]
struct Pending {
    /// Who asked, whom, and under which ID.
    client: SocketAddrV4,
    asked: SocketAddrV4,
    id: u16,
    upstream: SocketAddrV4,
    query: Message,
    tries: u32,
    due: Instant,
}

/// A forwarder. `server=/mesh/10.10.10.11` of dnsmasq is a rule of it.
#[derive(Debug)]
pub struct Forwarder {
    /// Domains and who is asked for the names in them.
    rules: Vec<(Name, SocketAddrV4)>,
    /// Who is asked for all others.
    upstream: Option<SocketAddrV4>,
    /// By the port and ID of our own query.
    pending: BTreeMap<(u16, u16), Pending>,
    replies: VecDeque<Reply>,
}

impl Forwarder {
    /// A forwarder with rules, and who is asked for all other names.
    #[must_use]
    pub fn new(rules: &[(&str, Ipv4Addr)], upstream: Option<Ipv4Addr>) -> Self {
        let server = |address: Ipv4Addr| SocketAddrV4::new(address, PORT);
        let rule = |(domain, address): &(&str, Ipv4Addr)| Some((whole(domain)?, server(*address)));
        Self {
            rules: rules.iter().filter_map(rule).collect(),
            upstream: upstream.map(server),
            pending: BTreeMap::new(),
            replies: VecDeque::new(),
        }
    }

    /// Who is asked for a name: the longest domain that it is in decides, by whole labels and whatever the case of its
    /// letters (DNS-1034-3.1-a).
    fn upstream_for(&self, name: &Name) -> Option<SocketAddrV4> {
        let name = name.to_lowercase();
        let rules = self.rules.iter().filter(|(domain, _)| domain.zone_of(&name));
        rules.max_by_key(|(domain, _)| domain.num_labels()).map(|(_, server)| *server).or(self.upstream)
    }

    fn on_query(&mut self, cx: &mut Cx<'_>, client: SocketAddrV4, asked: SocketAddrV4, query: Message) {
        let Some(name) = query.queries.first().map(|query| query.name().clone()) else { return };
        let upstream = self.upstream_for(&name).filter(|_| self.pending.len() < OPEN);
        let Some(upstream) = upstream else {
            return self.fail(client, asked, &query);
        };
        // DNS-5452-9.2-a
        let [a, b, c, d] = cx.draw("dns.forward");
        let id = u16::from_be_bytes([a, b]);
        let port = PORTS.start + u16::from_be_bytes([c, d]) % (PORTS.end - PORTS.start);
        let own = query.metadata.id;
        let pending = Pending { client, asked, id: own, upstream, query, tries: 1, due: cx.now + PATIENCE };
        self.ask((port, id), &pending);
        self.pending.insert((port, id), pending);
    }

    fn ask(&mut self, (port, id): (u16, u16), pending: &Pending) {
        // DNS-5625-4.1-a: all but the ID stays.
        let mut query = pending.query.clone();
        query.metadata.id = id;
        let Ok(octets) = query.to_vec() else { return };
        let source = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
        self.replies.push_back(Reply { source, destination: pending.upstream, octets });
    }

    fn fail(&mut self, client: SocketAddrV4, asked: SocketAddrV4, query: &Message) {
        let mut answer =
            Message::error_msg(query.metadata.id, query.metadata.op_code, ResponseCode::ServFail);
        answer.queries.clone_from(&query.queries);
        if let Ok(octets) = answer.to_vec() {
            self.replies.push_back(Reply { source: asked, destination: client, octets });
        }
    }
}

impl Service for Forwarder {
    fn takes(&self, port: u16) -> bool {
        self.pending.keys().any(|(own, _)| *own == port)
    }

    fn on_datagram(
        &mut self,
        cx: &mut Cx<'_>,
        source: SocketAddrV4,
        destination: SocketAddrV4,
        octets: &[u8],
    ) {
        let Ok(message) = Message::from_vec(octets) else { return };
        if message.metadata.message_type == MessageType::Query {
            if destination.port() == PORT {
                self.on_query(cx, source, destination, message);
            }
            return;
        }
        // DNS-5452-9.1-a: ID, ports, address and question have to fit.
        let key = (destination.port(), message.metadata.id);
        let is_due = self
            .pending
            .get(&key)
            .is_some_and(|pending| pending.upstream == source && pending.query.queries == message.queries);
        if let Some(pending) = is_due.then(|| self.pending.remove(&key)).flatten() {
            let mut answer = message;
            answer.metadata.id = pending.id;
            if let Ok(octets) = answer.to_vec() {
                let Pending { asked, client, .. } = pending;
                self.replies.push_back(Reply { source: asked, destination: client, octets });
            }
        }
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>) {
        let is_due = |pending: &Pending| pending.due <= cx.now;
        let due: Vec<(u16, u16)> =
            self.pending.iter().filter(|(_, pending)| is_due(pending)).map(|(key, _)| *key).collect();
        for key in due {
            let Some(mut pending) = self.pending.remove(&key) else { continue };
            if pending.tries < TRIES {
                pending.tries += 1;
                pending.due = cx.now + PATIENCE;
                self.ask(key, &pending);
                self.pending.insert(key, pending);
            } else {
                self.fail(pending.client, pending.asked, &pending.query);
            }
        }
    }

    fn poll_output(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.pending.values().map(|pending| pending.due).min()
    }
}
