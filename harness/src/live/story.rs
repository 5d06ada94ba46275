//! What happens, told line by line as it does: for people, or one JSON object a line.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::IpAddr;

use l2tpspec_protocol::isakmp::policy::Phase1Suite;
use l2tpspec_protocol::isakmp::{self, NatSituation};
use l2tpspec_protocol::l2tp::TunnelId;
use l2tpspec_protocol::ppp::LinkId;
use l2tpspec_protocol::stack::Event;
use l2tpspec_protocol::time::Instant;
use l2tpspec_protocol::{l2tp, ppp};

use super::inside::Up;
use crate::report::json::Json;
use crate::scenario::look::{l2tp_end, ppp_end, refusal};

/// How many lines about what was set aside are written: a stranger must not get to fill a disk.
const REFUSALS: u32 = 200;

/// Something that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The layer, by the name that its messages have.
    pub(super) layer: &'static str,
    /// What happened, as a word.
    pub(super) event: &'static str,
    /// The rest.
    pub(super) text: String,
}

/// Who tells.
#[derive(Debug)]
pub(super) struct Story {
    is_json: bool,
    /// Where tunnels lead.
    peers: BTreeMap<TunnelId, IpAddr>,
    /// Who is at the other end of links.
    names: BTreeMap<LinkId, String>,
    refusals: u32,
}

impl Story {
    pub(super) const fn new(is_json: bool) -> Self {
        Self { is_json, peers: BTreeMap::new(), names: BTreeMap::new(), refusals: 0 }
    }

    /// Tells what has happened in a layer.
    pub(super) fn tell(&mut self, at: Instant, event: &Event) {
        let said = match event {
            Event::Isakmp(event) => on_isakmp(event),
            Event::L2tp(event) => self.on_l2tp(event),
            Event::Ppp(event) => self.on_ppp(event),
            Event::Esp(_) | Event::ClearL2tp { .. } | Event::DataDropped(_) => None,
        };
        let said = said.or_else(|| self.on_refusal(event));
        if let Some(said) = said {
            self.say(at, &said);
        }
    }

    /// Tells that a link carries IPv4, by which device.
    pub(super) fn link_up(&mut self, at: Instant, up: &Up, device: Option<&str>) {
        let Up { own, peer, mtu, .. } = up;
        let device = device.map_or_else(|| "no device".to_owned(), |name| format!("device {name}"));
        let dns: Vec<String> = up.dns.iter().flatten().map(ToString::to_string).collect();
        let dns = if dns.is_empty() { String::new() } else { format!(", resolvers {}", dns.join(" ")) };
        let who = self.who(up.link);
        let text = format!("{own} to {peer}{who}, MTU {mtu}, {device}{dns}");
        self.say(at, &Said { layer: "ip", event: "link-up", text });
    }

    /// Tells that a link carries nothing any more.
    pub(super) fn link_down(&mut self, at: Instant, up: &Up) {
        let text = format!("{} to {}{}", up.own, up.peer, self.who(up.link));
        self.names.remove(&up.link);
        self.say(at, &Said { layer: "ip", event: "link-down", text });
    }

    fn who(&self, link: LinkId) -> String {
        let tunnel = TunnelId(u16::try_from(link.0 >> 16).unwrap_or(0));
        let name = self.names.get(&link).map(|name| format!(", {name}"));
        let place = self.peers.get(&tunnel).map(|peer| format!(" at {peer}"));
        name.unwrap_or_default() + &place.unwrap_or_default()
    }

    /// Tells something.
    pub(super) fn say(&self, at: Instant, said: &Said) {
        let mut out = Vec::new();
        if self.is_json {
            let mut json = Json::new(&mut out, false);
            json.begin_object();
            for (key, value) in [("type", "event"), ("layer", said.layer), ("event", said.event)] {
                json.key(key);
                json.string(value);
            }
            json.key("time");
            json.seconds(i64::try_from(at.as_micros()).unwrap_or(i64::MAX).saturating_mul(1000));
            json.key("text");
            json.string(&said.text);
            json.end_object();
            json.end_line();
        } else {
            let Said { layer, event, text } = said;
            let micros = at.as_micros();
            let (seconds, millis) = (micros / 1_000_000, micros / 1000 % 1000);
            out = format!("{seconds:>5}.{millis:03}  {layer:<7}{event:<16}{text}\n").into_bytes();
        }
        // Whoever has stopped reading misses the rest; the tunnel goes on.
        let mut stdout = std::io::stdout().lock();
        let _unread = stdout.write_all(&out).and_then(|()| stdout.flush());
    }

    fn on_refusal(&mut self, event: &Event) -> Option<Said> {
        let text = refusal(event)?;
        self.refusals = self.refusals.saturating_add(1);
        let layer = match event {
            Event::Isakmp(_) => "isakmp",
            Event::Esp(_) => "esp",
            Event::L2tp(_) | Event::ClearL2tp { .. } | Event::DataDropped(_) => "l2tp",
            Event::Ppp(_) => "ppp",
        };
        let from = match event {
            Event::Isakmp(isakmp::Event::Rejected { peer, .. }) | Event::ClearL2tp { peer } => {
                format!("of {peer}: ")
            }
            _ => String::new(),
        };
        match self.refusals {
            count if count < REFUSALS => Some(Said { layer, event: "set-aside", text: from + &text }),
            REFUSALS => Some(Said { layer, event: "set-aside", text: "more is not shown".to_owned() }),
            _ => None,
        }
    }

    fn on_l2tp(&mut self, event: &l2tp::Event) -> Option<Said> {
        let said = |event, text| Some(Said { layer: "l2tp", event, text });
        match event {
            l2tp::Event::TunnelUp { tunnel, path, host_name, .. } => {
                self.peers.insert(*tunnel, path.peer.ip());
                said("tunnel-up", format!("tunnel {} to {} {}", tunnel.0, path.peer, quoted(host_name)))
            }
            l2tp::Event::SessionUp { session, .. } => {
                said("session-up", format!("session {} of tunnel {}", session.session, session.tunnel.0))
            }
            l2tp::Event::SessionDown { session, why } => {
                said("session-down", format!("session {}: {}", session.session, l2tp_end(why)))
            }
            l2tp::Event::TunnelDown { tunnel, why, .. } => {
                said("tunnel-down", format!("tunnel {}: {}", tunnel.0, l2tp_end(why)))
            }
            l2tp::Event::TunnelSettled { tunnel } => {
                self.peers.remove(tunnel);
                None
            }
            l2tp::Event::Retransmitted { tunnel, ns, times } => {
                said("sent-again", format!("tunnel {}, Ns {ns}: {times} times by now", tunnel.0))
            }
            l2tp::Event::Rejected { .. } | l2tp::Event::Acknowledged { .. } => None,
        }
    }

    fn on_ppp(&mut self, event: &ppp::Event) -> Option<Said> {
        let said = |layer, event, text| Some(Said { layer, event, text });
        match event {
            ppp::Event::LcpUp { own, peer, .. } => {
                let options = |list: &[ppp::lcp::Option]| {
                    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                };
                said("lcp", "lcp-up", format!("ours: {}; theirs: {}", options(own), options(peer)))
            }
            ppp::Event::Authenticated { link, method, is_peer, name } => {
                let name = quoted(name);
                if *is_peer {
                    self.names.insert(*link, name.clone());
                }
                let who = if *is_peer { "the peer" } else { "we" };
                said("ppp", "authenticated", format!("{who} as {name}, {}", method_name(*method)))
            }
            ppp::Event::SecretMissing { client, server, .. } => {
                let (client, server) = (quoted(client), quoted(server));
                said("ppp", "secret-missing", format!("of {client} for {server}"))
            }
            ppp::Event::LinkDown { why, .. } => said("ppp", "ppp-down", ppp_end_with_message(why)),
            ppp::Event::ProtocolRejected { protocol, .. } => {
                said("lcp", "not-spoken", format!("the peer does not know {protocol}"))
            }
            ppp::Event::IpcpUp { .. }
            | ppp::Event::IpcpDown { .. }
            | ppp::Event::Ipv6cpUp { .. }
            | ppp::Event::CcpUp { .. }
            | ppp::Event::Rejected { .. } => None,
        }
    }
}

fn on_isakmp(event: &isakmp::Event) -> Option<Said> {
    let said = |event, text| Some(Said { layer: "isakmp", event, text });
    match event {
        isakmp::Event::Phase1Established { peer, suite, nat, .. } => {
            said("phase1-up", format!("with {peer}, {}{}", suite_name(suite), nat_name(*nat)))
        }
        isakmp::Event::ChildEstablished(child) => {
            let way = if child.is_encapsulated { "in UDP" } else { "as protocol 50" };
            let event = if child.replaces.is_some() { "rekeyed" } else { "phase2-up" };
            let (peer, encryption, integrity) = (child.peer.ip(), child.encryption, child.integrity);
            said(event, format!("ESP with {peer}, {encryption} {integrity}, {way}"))
        }
        isakmp::Event::Failed { message_id, why, .. } => {
            let what = if *message_id == 0 { "phase 1" } else { "phase 2" };
            let why = match why {
                isakmp::Failure::NoAnswer => "no answer".to_owned(),
                isakmp::Failure::NothingChosen(why) => format!("no proposal chosen: {why}"),
                isakmp::Failure::Refused(kind) => format!("the peer says {kind}"),
                isakmp::Failure::NoKey => "no key is shared with the peer".to_owned(),
                isakmp::Failure::Violated(violation) => format!("{violation} [{}]", violation.clause()),
            };
            said("failed", format!("{what}: {why}"))
        }
        isakmp::Event::NotifyReceived { notify, is_authenticated, .. } => {
            let proof = if *is_authenticated { "" } else { ", which anybody could have sent" };
            said("notify", format!("the peer says {notify}{proof}"))
        }
        isakmp::Event::Retransmitted { message_id, times, .. } => {
            let what = if *message_id == 0 { "phase 1" } else { "phase 2" };
            said("sent-again", format!("{what}: {times} times by now"))
        }
        isakmp::Event::PeerDead { .. } => said("peer-dead", "it answers no probe".to_owned()),
        isakmp::Event::PeerMoved { peer, .. } => said("peer-moved", format!("it speaks from {peer} now")),
        isakmp::Event::Phase1Deleted { why, .. } => said("phase1-down", sa_end(*why).to_owned()),
        isakmp::Event::ChildDeleted { why, .. } => said("phase2-down", sa_end(*why).to_owned()),
        isakmp::Event::Rejected { .. } | isakmp::Event::PeerAlive { .. } => None,
    }
}

const fn sa_end(why: isakmp::End) -> &'static str {
    match why {
        isakmp::End::Commanded => "by us",
        isakmp::End::DeletedByPeer => "by the peer",
        isakmp::End::Expired => "its life is over",
        isakmp::End::Replaced => "another one has taken its place",
        isakmp::End::PeerDead => "the peer is dead",
        isakmp::End::InitialContact => "the peer begins anew",
    }
}

/// Why a link ended, with what the peer says of it.
fn ppp_end_with_message(why: &ppp::End) -> String {
    match why {
        ppp::End::NotAuthenticated(ppp::Refusal::ByPeer(message)) if !message.is_empty() => {
            format!("{}: {}", ppp_end(why), quoted(message))
        }
        _ => ppp_end(why),
    }
}

fn suite_name(suite: &Phase1Suite) -> String {
    let Phase1Suite { encryption, key_length, hash, group, .. } = suite;
    let bits = key_length.map(|bits| format!(" {bits}")).unwrap_or_default();
    format!("{encryption}{bits}, {hash}, {group}")
}

const fn nat_name(nat: NatSituation) -> &'static str {
    match (nat.own_end, nat.peer_end) {
        (false, false) => "",
        (true, false) => ", we are behind a translator",
        (false, true) => ", the peer is behind a translator",
        (true, true) => ", both ends are behind translators",
    }
}

const fn method_name(method: ppp::Method) -> &'static str {
    match method {
        ppp::Method::Pap => "PAP",
        ppp::Method::ChapMd5 => "CHAP with MD5",
        ppp::Method::MsChapV2 => "MS-CHAPv2",
        ppp::Method::EapMd5 => "EAP with MD5",
        ppp::Method::EapMsChapV2 => "EAP with MS-CHAPv2",
    }
}

/// Octets of a peer as text: it does not get to steer the terminal.
fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", String::from_utf8_lossy(octets).escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, SocketAddr};

    const LINK: LinkId = LinkId(7 << 16 | 3);

    fn peer() -> SocketAddr {
        SocketAddr::new(Ipv4Addr::new(192, 0, 2, 2).into(), 1701)
    }

    #[test]
    fn a_link_is_told_with_who_is_at_its_end_and_where() {
        let mut story = Story::new(false);
        assert_eq!(story.who(LINK), "");
        let path = l2tp::Path { local: peer(), peer: peer(), link: 1 };
        let host_name = b"phone".to_vec();
        let tunnel = TunnelId(7);
        let up = l2tp::Event::TunnelUp { tunnel, peer_tunnel: 1, path, host_name, is_authenticated: false };
        let said = story.on_l2tp(&up).expect("it is told");
        assert_eq!(said.text, "tunnel 7 to 192.0.2.2:1701 \"phone\"");
        let (method, name) = (ppp::Method::MsChapV2, b"mesh".to_vec());
        story.on_ppp(&ppp::Event::Authenticated { link: LINK, method, is_peer: true, name });
        assert_eq!(story.who(LINK), ", \"mesh\" at 192.0.2.2");
        story.on_l2tp(&l2tp::Event::TunnelSettled { tunnel });
        assert_eq!(story.who(LINK), ", \"mesh\"");
    }

    #[test]
    fn what_a_peer_says_does_not_steer_the_terminal() {
        let message = b"go away\x1b[2J\n".to_vec();
        let why = ppp::End::NotAuthenticated(ppp::Refusal::ByPeer(message));
        let said = ppp_end_with_message(&why);
        assert_eq!(said, "not authenticated: by peer: \"go away\\u{1b}[2J\\n\"");
    }

    #[test]
    fn a_stranger_fills_no_disk() {
        let mut story = Story::new(false);
        let event = Event::ClearL2tp { peer: peer() };
        let told = (0..3 * REFUSALS).filter_map(|_| story.on_refusal(&event)).count();
        assert_eq!(told, REFUSALS as usize);
    }
}
