//! The state machines under attack, in virtual time. An input is a program: what an attacker who sees everything does, or what
//! an end says in place of what it should.
//!
//! Whatever is sent from outside to an end that is connected, nothing panics, the world comes to rest, and afterwards the
//! tunnel is up and carries a ping. What an end that knows the keys says may end its own connection, and no other.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use l2tpspec_protocol::cx::{Cx, NoKeyLog};
use l2tpspec_protocol::entropy::Seeded;
use l2tpspec_protocol::layer::{Input, Layer as _};
use l2tpspec_protocol::ospf::{self, Ospf};
use l2tpspec_protocol::stack::{Command, Seam, Tap};
use l2tpspec_protocol::time::Instant;

use crate::endpoint::Endpoint;
use crate::profile::Profile;
use crate::world::link::{Conditions, Direction};
use crate::world::record::{Observed, Place, Tap as WorldTap};
use crate::world::route::Prefix;
use crate::world::station::StationId;
use crate::world::user::Ping;
use crate::world::{Attachment, Connected, HostId, World};

const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(198, 51, 101, 2);
const SUPERNODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// Steps that one input may take.
const STEPS: u64 = 400_000;
/// Operations of a program.
const OPERATIONS: usize = 64;
/// Packets that the attacker remembers.
const REMEMBERED: usize = 256;

fn profile(name: &str, text: &str) -> Profile {
    Profile::parse(Path::new(name), text).expect("a profile of the project")
}

/// The bytes of a program, read one by one; zeros behind its end.
#[derive(Debug, Clone)]
struct Program<'a>(&'a [u8]);

impl<'a> Program<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn word(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    const fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

/// The packets that crossed the link, and which way each went.
type Crossed = Rc<RefCell<Vec<(Direction, Vec<u8>)>>>;

/// Remembers what it sees on the link.
struct Memory(Crossed);

impl WorldTap for Memory {
    fn on_packet(&mut self, observed: &Observed<'_>) {
        let mut seen = self.0.borrow_mut();
        if let Place::Link { direction, .. } = observed.place
            && seen.len() < REMEMBERED
        {
            seen.push((direction, observed.octets.to_vec()));
        }
    }
}

/// A client, another one, and a supernode.
struct Scene {
    world: World,
    client: (HostId, StationId),
    other: (HostId, StationId),
    wire: Connected,
    seen: Crossed,
}

impl Scene {
    fn new<T: Tap + 'static>(tap: T) -> Self {
        let supernode = profile("sn1.json", include_str!("../../../scenarios/supernodes/sn1.json"));
        let edgeos = profile("edgeos.json", include_str!("../../../scenarios/clients/edgeos.json"));
        let service = supernode.service.clone().expect("a supernode serves");
        let mut world = World::new(b"machine");
        world.step_limit = STEPS;
        let [client, other, server] = [world.add_host(), world.add_host(), world.add_host()];
        let mut link = |host, address, near| {
            let attach = |host, address| Attachment { host, address, length: 24 };
            world.connect([attach(host, address), attach(server, near)], Conditions::default())
        };
        let wire = link(client, CLIENT, SUPERNODE);
        let by = link(other, OTHER, Ipv4Addr::new(198, 51, 101, 1));
        world.host_mut(client).add_route(Prefix::ALL, wire.interfaces[0]);
        world.host_mut(other).add_route(Prefix::ALL, by.interfaces[0]);
        world.host_mut(server).add_route(Prefix::new(CLIENT, 32), wire.interfaces[1]);
        world.host_mut(server).add_route(Prefix::new(OTHER, 32), by.interfaces[1]);
        world.add_station(server, Endpoint::new(supernode.stack(&service, 1701)));
        let config = edgeos.stack(&service, 1701);
        let own = world.add_station(client, Endpoint::with_tap(config.clone(), tap));
        let others = world.add_station(other, Endpoint::new(config));
        let seen = Crossed::default();
        world.add_tap(Memory(Rc::clone(&seen)));
        Self { world, client: (client, own), other: (other, others), wire, seen }
    }

    fn connect<T: Tap + 'static>(&mut self, (host, station): (HostId, StationId), local: Ipv4Addr) {
        let command = Command::Connect { local: local.into(), peer: SUPERNODE.into() };
        let told =
            self.world.with_station(host, station, |end: &mut Endpoint<T>, cx| end.command(cx, command));
        assert!(told.is_some(), "an endpoint of that type");
    }

    fn run(&mut self, time: Duration) {
        self.world.run_for(time).expect("the world comes to rest");
    }

    fn pings(&mut self, host: HostId) -> bool {
        let ping = Ping { count: 1, ..Ping::new(Ipv4Addr::new(10, 70, 72, 1)) };
        let id = self.world.ping(host, ping);
        self.run(Duration::from_secs(3));
        self.world.ping_report(host, id).is_some_and(|report| report.replies.len() == 1)
    }

    /// Does what a program says.
    fn attack(&mut self, program: &mut Program<'_>) {
        for _ in 0..OPERATIONS {
            if program.is_over() {
                return;
            }
            match program.byte() % 8 {
                0 => self.run(Duration::from_millis(10 * (1 + program.word() as u64 % 1000))),
                1 | 2 => self.repeat(program),
                3 => self.forge(program, 500, false),
                4 => self.forge(program, 4500, true),
                5 => self.forge(program, 4500, false),
                6 => self.forge(program, 1701, false),
                _ => self.forge(program, 0, false),
            }
        }
    }

    /// Sends a packet again that was seen, changed in up to three octets behind the IPv4 header.
    fn repeat(&mut self, program: &mut Program<'_>) {
        let found = {
            let seen = self.seen.borrow();
            let at = program.word().checked_rem(seen.len());
            at.and_then(|at| seen.get(at).cloned())
        };
        let Some((direction, mut octets)) = found else { return };
        for _ in 0..program.byte() % 4 {
            let (at, with) = (program.word(), program.byte());
            let length = octets.len().saturating_sub(20).max(1);
            if let Some(octet) = octets.get_mut(20 + at % length) {
                *octet ^= with;
            }
        }
        if octets.get(9) == Some(&17)
            && let Some(checksum) = octets.get_mut(26..28)
        {
            // No checksum, so that the change gets as far as the protocol.
            checksum.fill(0);
        }
        self.world.inject(self.wire.link, direction, &octets);
    }

    /// Sends octets of the program's in a datagram with the addresses of the two; ESP without a port.
    fn forge(&mut self, program: &mut Program<'_>, port: u16, is_marked: bool) {
        let is_back = program.byte() & 1 == 1;
        let length = usize::from(program.byte());
        let mut payload = if is_marked { vec![0; 4] } else { Vec::new() };
        payload.extend_from_slice(program.take(length));
        let (source, destination) = if is_back { (SUPERNODE, CLIENT) } else { (CLIENT, SUPERNODE) };
        let mut octets = Vec::new();
        let written = if port == 0 {
            let header = etherparse::Ipv4Header::new(
                u16::try_from(payload.len()).unwrap_or(0),
                64,
                etherparse::IpNumber::ENCAPSULATING_SECURITY_PAYLOAD,
                source.octets(),
                destination.octets(),
            );
            header.is_ok_and(|mut header| {
                header.header_checksum = header.calc_header_checksum();
                octets.extend_from_slice(&header.to_bytes());
                octets.extend_from_slice(&payload);
                true
            })
        } else {
            let builder = etherparse::PacketBuilder::ipv4(source.octets(), destination.octets(), 64);
            builder.udp(port, port).write(&mut octets, &payload).is_ok()
        };
        if written {
            let direction = if is_back { Direction::Back } else { Direction::Forth };
            self.world.inject(self.wire.link, direction, &octets);
        }
    }
}

/// An attacker between two ends that are connected: repeats, changes and forges packets. The tunnel stays up.
///
/// # Panics
/// If anything that is asserted does not hold.
pub fn established_attack(input: &[u8]) {
    use l2tpspec_protocol::stack::NoTap;

    let mut scene = Scene::new(NoTap);
    scene.connect::<NoTap>(scene.client, CLIENT);
    scene.run(Duration::from_secs(5));
    let host = scene.client.0;
    assert!(scene.pings(host), "the two get on");
    scene.attack(&mut Program(input));
    scene.run(Duration::from_secs(10));
    assert!(scene.pings(host), "what comes from outside breaks no tunnel");
}

/// An attacker from the first message on. A connection may come to nothing; another client still gets through, and what the
/// supernode keeps is bounded.
///
/// # Panics
/// If anything that is asserted does not hold.
pub fn handshake_attack(input: &[u8]) {
    use l2tpspec_protocol::stack::NoTap;

    let mut scene = Scene::new(NoTap);
    scene.connect::<NoTap>(scene.client, CLIENT);
    scene.run(Duration::from_millis(1 + u64::from(input.first().copied().unwrap_or(0))));
    scene.attack(&mut Program(input.get(1..).unwrap_or_default()));
    scene.run(Duration::from_secs(30));
    scene.connect::<NoTap>(scene.other, OTHER);
    scene.run(Duration::from_secs(60));
    let host = scene.other.0;
    assert!(scene.pings(host), "another client gets through");
}

/// What an end says in place of what it should: the program decides about each unit between the layers.
struct Garble(Rc<RefCell<Vec<u8>>>);

impl Tap for Garble {
    fn descending(&mut self, _seam: Seam, unit: &mut Vec<u8>) {
        let mut program = self.0.borrow_mut();
        let mut byte = || if program.is_empty() { 255 } else { program.remove(0) };
        match byte() {
            0..=15 => unit.clear(),
            16..=99 => {
                for _ in 0..=(byte() & 3) {
                    let (at, with) = (usize::from(byte()), byte());
                    let length = unit.len().max(1);
                    if let Some(octet) = unit.get_mut(at % length) {
                        *octet ^= with;
                    }
                }
            }
            100..=119 => unit.truncate(usize::from(byte())),
            120..=139 => unit.extend(std::iter::repeat_with(&mut byte).take(16)),
            140..=149 => {
                let length = unit.len().min(64);
                *unit = std::iter::repeat_with(&mut byte).take(length).collect();
            }
            _ => {}
        }
    }
}

/// A client that says what it should not. Its connection may end; the supernode serves the next one.
///
/// # Panics
/// If anything that is asserted does not hold.
pub fn peer_garbage(input: &[u8]) {
    use l2tpspec_protocol::stack::NoTap;

    let mut scene = Scene::new(Garble(Rc::new(RefCell::new(input.iter().copied().take(512).collect()))));
    scene.connect::<Garble>(scene.client, CLIENT);
    scene.run(Duration::from_secs(60));
    scene.connect::<NoTap>(scene.other, OTHER);
    scene.run(Duration::from_secs(60));
    let host = scene.other.0;
    assert!(scene.pings(host), "the supernode serves the next client");
}

/// Packets of OSPF in any order, and time: nothing panics, and the timers come to rest.
///
/// # Panics
/// If anything that is asserted does not hold.
pub fn ospf_packets(input: &[u8]) {
    let address = Ipv4Addr::new(10, 0, 0, 1);
    let peer = Ipv4Addr::new(10, 0, 0, 2);
    let config = |id| ospf::Config {
        router_id: id,
        area_id: Ipv4Addr::UNSPECIFIED,
        networks: Vec::new(),
        externals: Vec::new(),
    };
    let mut routers = [Ospf::new(config(address)), Ospf::new(config(peer))];
    let (mut entropy, mut log) = (Seeded::new(b"ospf"), NoKeyLog);
    let mut now = Instant::START;
    let interface = ospf::InterfaceId(0);
    let mut program = Program(input);
    let mut packets: Vec<ospf::Unit> = Vec::new();
    for (router, (own, other)) in routers.iter_mut().zip([(address, peer), (peer, address)]) {
        let config = ospf::InterfaceConfig::new(own, other, 1400);
        let mut cx = Cx { now, entropy: &mut entropy, key_log: &mut log };
        router.handle_input(&mut cx, Input::Command(ospf::Command::InterfaceUp { interface, config }));
    }
    for _ in 0..512 {
        let side = usize::from(program.byte() & 1);
        let router = &mut routers[side];
        let input = match program.byte() % 4 {
            0 => {
                now = router.next_timeout().unwrap_or(now).max(now);
                Input::Timeout
            }
            1 | 2 if !packets.is_empty() => {
                let mut unit = packets[program.word() % packets.len()].clone();
                for _ in 0..program.byte() % 3 {
                    let (at, with) = (program.word(), program.byte());
                    let length = unit.octets.len().max(1);
                    if let Some(octet) = unit.octets.get_mut(at % length) {
                        *octet ^= with;
                    }
                }
                right_checksum(&mut unit.octets);
                Input::FromBelow(unit)
            }
            _ => {
                let length = usize::from(program.byte());
                let mut octets = program.take(length).to_vec();
                right_checksum(&mut octets);
                Input::FromBelow(ospf::Unit { interface, source: peer, destination: address, octets })
            }
        };
        let mut cx = Cx { now, entropy: &mut entropy, key_log: &mut log };
        router.handle_input(&mut cx, input);
        while let Some(output) = router.poll_output() {
            if let l2tpspec_protocol::layer::Output::ToBelow(unit) = output
                && packets.len() < REMEMBERED
            {
                packets.push(unit);
            }
        }
        assert!(
            router.next_timeout().is_none_or(|next| next > now),
            "a moment that has passed is waited for"
        );
        if program.is_over() {
            return;
        }
    }
}

/// Puts the checksum of an OSPF packet right, so that a change of it gets as far as its meaning.
fn right_checksum(octets: &mut [u8]) {
    if octets.len() < 24 {
        return;
    }
    octets[12..14].fill(0);
    let sum = octets
        .chunks(2)
        .enumerate()
        .filter(|(at, _)| !(8..12).contains(at))
        .map(|(_, pair)| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)))
        .fold(0_u32, u32::wrapping_add);
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    let checksum = !u16::try_from(folded).unwrap_or(u16::MAX);
    octets[12..14].copy_from_slice(&checksum.to_be_bytes());
}
