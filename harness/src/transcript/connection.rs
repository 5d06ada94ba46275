//! Who talks with whom: entries sorted into connections, each with a client and a supernode.
//!
//! A connection is a pair of addresses; several clients behind one NAT, which share an address, are told apart by the
//! cookies of their IKE messages and by their UDP ports.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::entry::Entry;
use super::layer::Layer;

/// Connections told apart; the traffic of further ones is counted with the last.
const MAX_CONNECTIONS: usize = 65_536;

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Role {
    /// IKE initiator, LAC, and the PPP peer that is authenticated.
    Client,
    /// IKE responder, LNS, and PPP authenticator.
    Supernode,
}

impl Role {
    /// The word of the reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Supernode => "supernode",
        }
    }
}

impl std::ops::Not for Role {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Client => Self::Supernode,
            Self::Supernode => Self::Client,
        }
    }
}

/// Where an entry belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Index of the connection, from 0.
    pub connection: usize,
    /// Who sent the entry; `None` on a link that does not say.
    pub sender: Option<Role>,
    /// Index of the first layer that belongs to the connection: ISAKMP, UDP encapsulation, ESP, L2TP or PPP.
    pub from_layer: usize,
}

/// One connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Address of the client; `None` on a bare PPP link.
    pub client: Option<IpAddr>,
    /// Address of the supernode.
    pub supernode: Option<IpAddr>,
    /// UDP ports of the client seen from the supernode.
    ports: Vec<u16>,
    certainty: Certainty,
}

/// How well the ends are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    /// Whoever was heard first.
    Guessed,
    /// From the ports.
    Ports,
    /// From an SCCRQ.
    Tunnel,
    /// From the opening message of phase 1.
    Phase1,
}

/// All connections of a transcript.
#[derive(Debug, Default)]
pub struct Connections {
    list: Vec<Connection>,
    by_pair: BTreeMap<(Option<IpAddr>, Option<IpAddr>), Vec<usize>>,
    by_cookie: BTreeMap<[u8; 8], usize>,
    /// The pair and ports placed last, and where: user traffic comes in runs.
    last: Option<(Flow, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flow {
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
    source_port: u16,
    destination_port: u16,
}

impl Connections {
    /// The connections found so far, in the order of their first entry.
    #[must_use]
    pub fn list(&self) -> &[Connection] {
        &self.list
    }

    /// Where `entry` belongs; `None` if it is no part of a connection, such as ARP or a quoted datagram.
    pub fn place(&mut self, entry: &Entry) -> Option<Placed> {
        let (from_layer, flow) = flow(entry)?;
        let opening = opening(entry, from_layer);
        let connection = match (&self.last, &opening) {
            (Some((last, connection)), None) if *last == flow => *connection,
            _ => self.find(&flow, &opening),
        };
        self.last = Some((flow, connection));
        let known = &mut self.list[connection];
        known.learn(&flow, &opening);
        let sender = if flow.source.is_none() {
            None
        } else if known.client == flow.source {
            Some(Role::Client)
        } else {
            Some(Role::Supernode)
        };
        Some(Placed { connection, sender, from_layer })
    }

    fn find(&mut self, flow: &Flow, opening: &Option<Opening>) -> usize {
        let pair = if flow.source <= flow.destination {
            (flow.source, flow.destination)
        } else {
            (flow.destination, flow.source)
        };
        let cookie = match opening {
            Some(Opening::Phase1 { cookie, .. }) => Some(*cookie),
            _ => None,
        };
        if let Some(index) = cookie.and_then(|cookie| self.by_cookie.get(&cookie)) {
            return *index;
        }
        let candidates = self.by_pair.entry(pair).or_default();
        let is_well_known = |port: u16| matches!(port, 0 | 500 | 1701 | 4500);
        let client_port = |client: Option<IpAddr>| {
            if flow.source == client { flow.source_port } else { flow.destination_port }
        };
        let found = candidates.iter().rev().copied().find(|index| {
            let known = &self.list[*index];
            let port = client_port(known.client);
            known.ports.contains(&port)
        });
        // A port of its own and a cookie of its own: another client behind the same NAT.
        let is_another = matches!(opening, Some(Opening::Phase1 { is_first: true, .. }))
            && candidates.last().is_some_and(|index| !is_well_known(client_port(self.list[*index].client)));
        let found = found.or_else(|| if is_another { None } else { candidates.last().copied() });
        let index = match found {
            Some(index) => index,
            None if self.list.len() == MAX_CONNECTIONS => MAX_CONNECTIONS - 1,
            None => {
                let index = self.list.len();
                self.list.push(Connection {
                    client: flow.source,
                    supernode: flow.destination,
                    ports: Vec::new(),
                    certainty: Certainty::Guessed,
                });
                candidates.push(index);
                index
            }
        };
        if let Some(cookie) = cookie {
            self.by_cookie.insert(cookie, index);
        }
        index
    }
}

impl Connection {
    /// Whether a message or a port has told which end is the client; otherwise whoever was heard first is taken for it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.certainty > Certainty::Guessed
    }

    fn learn(&mut self, flow: &Flow, opening: &Option<Opening>) {
        let is_service = |port: u16| matches!(port, 500 | 1701 | 4500);
        let certainty = match opening {
            Some(Opening::Phase1 { is_first: true, .. }) => Certainty::Phase1,
            Some(Opening::Tunnel) => Certainty::Tunnel,
            _ if is_service(flow.destination_port)
                && !is_service(flow.source_port)
                && flow.source_port != 0 =>
            {
                Certainty::Ports
            }
            _ => Certainty::Guessed,
        };
        if certainty > self.certainty {
            self.certainty = certainty;
            self.client = flow.source;
            self.supernode = flow.destination;
        }
        let port = if self.client == flow.source { flow.source_port } else { flow.destination_port };
        if port != 0 && !self.ports.contains(&port) && self.ports.len() < 16 {
            self.ports.push(port);
        }
    }
}

/// A message that opens something, and so tells who is the client.
#[derive(Debug, Clone, Copy)]
enum Opening {
    Phase1 { cookie: [u8; 8], is_first: bool },
    Tunnel,
}

fn opening(entry: &Entry, from_layer: usize) -> Option<Opening> {
    entry.layers[from_layer..].iter().find_map(|layer| match layer {
        Layer::Isakmp(message) => Some(Opening::Phase1 {
            cookie: message.header.initiator_cookie,
            is_first: message.header.responder_cookie == [0; 8] && message.header.message_id == 0,
        }),
        Layer::L2tpControl(message)
            if message.message_type()
                == Some(l2tpspec_protocol::l2tp::wire::MessageType::StartControlConnectionRequest) =>
        {
            Some(Opening::Tunnel)
        }
        _ => None,
    })
}

/// The first layer of a connection, and the addresses and ports under it.
fn flow(entry: &Entry) -> Option<(usize, Flow)> {
    let mut flow = Flow { source: None, destination: None, source_port: 0, destination_port: 0 };
    for (index, layer) in entry.layers.iter().enumerate() {
        match layer {
            Layer::Ip(header) => {
                flow = Flow {
                    source: Some(header.source.into()),
                    destination: Some(header.destination.into()),
                    source_port: 0,
                    destination_port: 0,
                };
            }
            Layer::Ipv6(header) => {
                flow = Flow {
                    source: Some(header.source.into()),
                    destination: Some(header.destination.into()),
                    source_port: 0,
                    destination_port: 0,
                };
            }
            Layer::Udp(header) => {
                flow.source_port = header.source_port;
                flow.destination_port = header.destination_port;
            }
            Layer::Icmp(_) => return None,
            Layer::UdpEncap(_)
            | Layer::Isakmp(_)
            | Layer::IsakmpHeader { .. }
            | Layer::Esp(_)
            | Layer::L2tpControl(_)
            | Layer::L2tpData(_)
            | Layer::Ppp(_)
            | Layer::PppOther { .. }
            | Layer::PppControl(_) => return Some((index, flow)),
            Layer::Named(named) if matches!(named.layer, "isakmp" | "l2tp" | "esp" | "udpencap" | "ppp") => {
                return Some((index, flow));
            }
            Layer::Tcp(_) | Layer::Ospf(_) | Layer::Dns(_) | Layer::Named(_) => {}
        }
    }
    None
}
