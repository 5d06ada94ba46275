//! Whole endpoints: IKE, ESP, L2TP and PPP above each other, in virtual time.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use l2tpspec_protocol::cx::{Cx, NoKeyLog};
use l2tpspec_protocol::entropy::Seeded;
use l2tpspec_protocol::isakmp::wire::Group;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::ppp::{LinkId, Method};
use l2tpspec_protocol::stack::{Command, Config, Event, Output, Reach, Role, Stack};
use l2tpspec_protocol::time::Instant;
use l2tpspec_protocol::{isakmp, l2tp};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const SUPERNODE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 254));
const LATENCY: Duration = Duration::from_millis(10);

fn config(role: Role, has_ipsec: bool) -> Config {
    let is_client = matches!(role, Role::Client { .. });
    let ppp = if is_client {
        crate::ppp::support::client(&[Method::MsChapV2])
    } else {
        crate::ppp::support::server(&[Method::MsChapV2])
    };
    Config {
        role,
        isakmp: has_ipsec.then(|| crate::isakmp::support::config(Group::Modp1024)),
        l2tp: crate::l2tp::support::config(if is_client { "client" } else { "sn1" }),
        ppp: Arc::new(ppp),
        l2tp_port: 1701,
        interface_mtu: None,
        keeps_mtu: false,
        replay_window: Some(64),
    }
}

/// What is on the wire: an ESP packet without ports, or a UDP payload.
#[derive(Debug, Clone)]
struct Wire {
    to: usize,
    from: IpAddr,
    ports: Option<(u16, u16)>,
    octets: Vec<u8>,
}

struct End {
    stack: Stack,
    entropy: Seeded,
    events: Vec<(Instant, Event)>,
    links: BTreeMap<LinkId, (Ipv4Addr, Ipv4Addr, u16)>,
    received: Vec<Vec<u8>>,
}

/// Two endpoints, the client's perhaps behind a translator.
struct Net {
    now: Instant,
    ends: [End; 2],
    arrivals: BTreeMap<(Instant, u64), Wire>,
    sent: u64,
    /// The port that the translator gives to port 500; the next one is for 4500.
    nat: Option<u16>,
    is_out: bool,
    /// Datagrams of L2TP in the clear.
    clear: usize,
}

impl Net {
    fn new(has_ipsec: bool, nat: Option<u16>, restart: Option<Duration>) -> Self {
        let end = |role, seed: &[u8]| End {
            stack: Stack::new(config(role, has_ipsec)),
            entropy: Seeded::new(seed),
            events: Vec::new(),
            links: BTreeMap::new(),
            received: Vec::new(),
        };
        Self {
            now: Instant::START,
            ends: [end(Role::Client { restart }, b"client"), end(Role::Supernode, b"supernode")],
            arrivals: BTreeMap::new(),
            sent: 0,
            nat,
            is_out: false,
            clear: 0,
        }
    }

    fn on(&mut self, number: usize, act: impl FnOnce(&mut Stack, &mut Cx<'_>)) {
        let now = self.now;
        let end = &mut self.ends[number];
        let mut cx = Cx { now, entropy: &mut end.entropy, key_log: &mut NoKeyLog };
        act(&mut end.stack, &mut cx);
        let mut packet = Packet::default();
        let mut wires = Vec::new();
        while let Some(output) = end.stack.poll_output(&mut packet) {
            let octets = packet.octets().to_vec();
            match output {
                Output::Udp { local, peer } => wires.push((Some((local.port(), peer.port())), octets)),
                Output::Esp { .. } => wires.push((None, octets)),
                Output::User { .. } => end.received.push(octets),
                Output::LinkUp { link, own, peer, mtu, .. } => {
                    end.links.insert(link, (own, peer, mtu));
                }
                Output::LinkDown { link } => {
                    end.links.remove(&link);
                }
                Output::Event(event) => end.events.push((now, event)),
            }
        }
        for (ports, octets) in wires {
            self.clear += usize::from(ports.is_some_and(|(local, _)| local == 1701));
            if self.is_out {
                continue;
            }
            let own = if number == 0 { CLIENT } else { SUPERNODE };
            let (from, ports) = self.translate(number, own, ports);
            self.sent += 1;
            let wire = Wire { to: 1 - number, from, ports, octets };
            self.arrivals.insert((now + LATENCY, self.sent), wire);
        }
    }

    fn translate(
        &self,
        number: usize,
        own: IpAddr,
        ports: Option<(u16, u16)>,
    ) -> (IpAddr, Option<(u16, u16)>) {
        let (Some(outside), Some((local, peer))) = (self.nat, ports) else { return (own, ports) };
        if number == 0 {
            (OUTSIDE, Some((outside + u16::from(local == 4500), peer)))
        } else {
            (own, Some((local, if peer == outside { 500 } else { 4500 })))
        }
    }

    fn run(&mut self, duration: Duration) {
        let until = self.now + duration;
        for _ in 0..100_000 {
            let arrival = self.arrivals.keys().next().map(|(moment, _)| *moment);
            let timers = [0, 1].map(|number| self.ends[number].stack.next_timeout());
            let next = arrival.into_iter().chain(timers.into_iter().flatten()).min();
            let Some(next) = next.filter(|next| *next <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, wire) = self.arrivals.pop_first().expect("an arrival");
                self.arrive(&wire);
            } else {
                let number = usize::from(timers[0] != Some(next));
                self.on(number, |stack, cx| stack.on_timeout(cx));
            }
        }
        panic!("the ends never come to rest");
    }

    fn arrive(&mut self, wire: &Wire) {
        let own = if wire.to == 0 { CLIENT } else { SUPERNODE };
        let mut packet = Packet::new(&wire.octets);
        self.on(wire.to, |stack, cx| match wire.ports {
            Some((source, destination)) => {
                let (local, peer) = (SocketAddr::new(own, destination), SocketAddr::new(wire.from, source));
                stack.udp_in(cx, local, peer, &mut packet);
            }
            None => stack.esp_in(cx, own, wire.from, &mut packet),
        });
    }

    fn connect(&mut self) {
        self.on(0, |stack, cx| stack.command(cx, Command::Connect { local: CLIENT, peer: SUPERNODE }));
        self.run(Duration::from_secs(5));
    }

    fn link(&self, number: usize) -> Option<LinkId> {
        self.ends[number].links.keys().next().copied()
    }

    /// Sends a user's packet each way, and says whether both arrive as they were sent.
    fn exchange(&mut self) -> bool {
        let mut octets = vec![0x45; 1400];
        let mut arrived = true;
        for number in [0, 1] {
            octets[1] = number as u8;
            let Some(link) = self.link(number) else { return false };
            let mut packet = Packet::new(&octets);
            self.ends[1 - number].received.clear();
            self.on(number, |stack, cx| assert_eq!(stack.user_in(cx, link, &mut packet), Some(())));
            self.run(Duration::from_millis(50));
            arrived &= self.ends[1 - number].received == [octets.clone()];
        }
        arrived
    }
}

#[test]
fn a_client_connects_and_packets_of_1400_octets_travel_both_ways() {
    for (has_ipsec, nat) in [(true, None), (true, Some(40_000)), (false, None)] {
        let mut net = Net::new(has_ipsec, nat, None);
        net.connect();
        let expected = Some(&(Ipv4Addr::new(10, 70, 72, 10), Ipv4Addr::new(10, 70, 72, 1), 1400));
        let events = &net.ends[0].events;
        assert_eq!(net.ends[0].links.values().next(), expected, "{has_ipsec}, {nat:?}: {events:?}");
        assert!(net.exchange(), "{has_ipsec}, {nat:?}");
        assert_eq!(net.clear == 0, has_ipsec, "{nat:?}: {} datagrams in the clear", net.clear);
    }
}

#[test]
fn a_client_that_is_to_open_a_tunnel_opens_no_session_before_it_is_told() {
    for has_ipsec in [true, false] {
        let mut net = Net::new(has_ipsec, None, None);
        net.on(0, |stack, cx| stack.command(cx, Command::Reach(Reach::Tunnel)));
        net.connect();
        let open = |net: &Net| {
            let l2tp = net.ends[0].stack.l2tp();
            (l2tp.tunnels().count(), l2tp.sessions().count())
        };
        assert_eq!(open(&net), (1, 0), "IPsec {has_ipsec}: {:?}", net.ends[0].events);
        // Told twice before the first call is up, it opens no second one.
        net.on(0, |stack, cx| {
            stack.command(cx, Command::Reach(Reach::Link));
            stack.command(cx, Command::Reach(Reach::Link));
        });
        net.run(Duration::from_secs(5));
        assert_eq!(open(&net), (1, 1), "IPsec {has_ipsec}");
        assert!(net.exchange(), "IPsec {has_ipsec}");
    }
}

/// L2IP-3193-3.1-a: PPP, the tunnel and both SAs end, in this order.
#[test]
fn an_orderly_end_leaves_nothing_at_either_end() {
    let mut net = Net::new(true, Some(40_000), None);
    net.connect();
    net.on(0, |stack, cx| stack.command(cx, Command::Disconnect));
    net.run(Duration::from_secs(60));
    for (number, end) in net.ends.iter().enumerate() {
        assert!(end.links.is_empty(), "{number}");
        assert_eq!(end.stack.isakmp().expect("IKE").established().count(), 0, "{number}: {:?}", end.events);
        assert_eq!(end.stack.esp().links().count(), 0, "{number}");
        assert_eq!(end.stack.l2tp().tunnels().count(), 0, "{number}");
        assert_eq!(end.stack.ppp().links().count(), 0, "{number}");
        assert_eq!(end.stack.next_timeout(), None, "{number}: {:?}", end.events);
        // L2TP-2661-5.8-l: the SAs last until the peer has acknowledged the end of the tunnel.
        let again = |(_, event): &(_, Event)| matches!(event, Event::L2tp(l2tp::Event::Retransmitted { .. }));
        assert!(!end.events.iter().any(again), "{number}: {:?}", end.events);
    }
}

/// L2IP-3193-2-a.
#[test]
fn a_tunnel_in_the_clear_is_not_answered_by_who_wants_it_protected() {
    let mut net = Net::new(false, None, None);
    net.ends[1].stack = Stack::new(config(Role::Supernode, true));
    net.connect();
    assert!(net.ends[0].links.is_empty());
    let refused = |(_, event): &(_, Event)| matches!(event, Event::ClearL2tp { .. });
    assert!(net.ends[1].events.iter().any(refused));
    assert!(net.ends[1].stack.l2tp().tunnels().next().is_none());
}

#[test]
fn keys_are_replaced_under_a_tunnel_that_does_not_notice() {
    let mut net = Net::new(true, None, None);
    net.connect();
    let child = net.ends[0].events.iter().find_map(|(_, event)| match event {
        Event::Isakmp(isakmp::Event::ChildEstablished(child)) => Some(child.inbound.spi),
        _ => None,
    });
    let inbound_spi = child.expect("keys");
    net.on(0, |stack, cx| stack.command(cx, Command::Isakmp(isakmp::Command::RekeyChild { inbound_spi })));
    for _ in 0..200 {
        assert!(net.exchange());
    }
    let sa = net.ends[0].stack.isakmp().expect("IKE").established().next().expect("an SA");
    net.on(0, |stack, cx| stack.command(cx, Command::Isakmp(isakmp::Command::RekeyPhase1 { sa })));
    for _ in 0..200 {
        assert!(net.exchange());
    }
    for end in &net.ends {
        assert_eq!(end.stack.esp().links().count(), 1);
        assert_eq!(end.stack.isakmp().expect("IKE").established().count(), 1);
        let tunnels = end.events.iter().filter(|(_, event)| {
            matches!(event, Event::L2tp(l2tp::Event::TunnelUp { .. } | l2tp::Event::TunnelDown { .. }))
        });
        assert_eq!(tunnels.count(), 1);
    }
}

#[test]
fn a_translator_that_forgets_breaks_nothing() {
    let mut net = Net::new(true, Some(40_000), None);
    net.connect();
    assert!(net.exchange());
    net.nat = Some(50_000);
    net.exchange();
    assert!(net.exchange(), "after one packet of the client's the supernode knows where it is");
}

/// The restart of an `EdgeOS`: the peer is found dead, and the tunnel comes back after the outage.
#[test]
fn a_connection_that_is_lost_comes_back_by_itself() {
    let mut net = Net::new(true, None, Some(Duration::from_secs(5)));
    let mut client = config(Role::Client { restart: Some(Duration::from_secs(5)) }, true);
    if let Some(isakmp) = &mut client.isakmp {
        isakmp.dead_peer_detection = Some(isakmp::DeadPeerDetection {
            interval: Some(Duration::from_secs(30)),
            retry: Duration::from_secs(10),
            timeout: Duration::from_secs(120),
        });
    }
    net.ends[0].stack = Stack::new(client);
    net.connect();
    assert!(net.exchange());
    net.is_out = true;
    net.run(Duration::from_secs(300));
    assert!(net.ends[0].links.is_empty(), "{:?}", net.ends[0].events);
    net.is_out = false;
    net.run(Duration::from_secs(120));
    assert!(net.exchange(), "{:?}", net.ends[0].events);
}
