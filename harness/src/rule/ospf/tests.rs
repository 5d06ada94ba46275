use std::net::Ipv4Addr;

use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::ospf::wire::{
    Authentication, Body, DatabaseDescription, Hello, LinkStateUpdate, LsType, Lsa, LsaBody, LsaHeader,
    Options, Packet, RouterLsa,
};

use super::RULES;
use crate::rule::l2tp::talk::{Case, Talk, assert_all_fire};
use crate::rule::ppp::tests::{authenticate, negotiate_ip};
use crate::transcript::connection::Role::{self, Client, Supernode};
use crate::transcript::ip::Ipv4;
use crate::transcript::layer::Named;
use crate::transcript::{Fault, FaultCause, Layer};

use DatabaseDescription as Dd;

const ALL: u8 = Dd::I | Dd::M | Dd::MS;

/// The Router ID of an end; the client has the greater one, and so is master.
fn router(role: Role) -> Ipv4Addr {
    match role {
        Client => Ipv4Addr::new(10, 70, 72, 2),
        Supernode => Ipv4Addr::new(10, 70, 72, 1),
    }
}

fn packet(role: Role, body: Body) -> Packet {
    Packet {
        version: 2,
        router_id: router(role),
        area_id: Ipv4Addr::UNSPECIFIED,
        authentication: Authentication::Null([0; 8]),
        body,
        lls: Vec::new(),
    }
}

fn say(talk: &mut Talk, role: Role, packet: Packet) {
    let edit = |ip: &mut Ipv4| {
        ip.destination = Ipv4Addr::new(224, 0, 0, 5);
        (ip.protocol, ip.time_to_live, ip.type_of_service) = (89, 1, 0xc0);
    };
    talk.ipv4(role, edit, Some(Layer::Ospf(Box::new(packet))));
}

fn hello(talk: &mut Talk, role: Role, is_heard: bool) {
    let body = Hello {
        network_mask: Ipv4Addr::UNSPECIFIED,
        hello_interval: 5,
        options: Options(Options::E),
        router_priority: 1,
        router_dead_interval: 20,
        designated_router: Ipv4Addr::UNSPECIFIED,
        backup_designated_router: Ipv4Addr::UNSPECIFIED,
        neighbors: if is_heard { vec![router(!role)] } else { Vec::new() },
    };
    say(talk, role, packet(role, Body::Hello(body)));
}

fn describe(talk: &mut Talk, role: Role, flags: u8, number: u32) {
    let body = Dd {
        interface_mtu: 1400,
        options: Options(Options::E),
        flags,
        dd_sequence_number: number,
        lsa_headers: Vec::new(),
    };
    say(talk, role, packet(role, Body::DatabaseDescription(body)));
}

/// The client becomes master, and goes on like this.
fn exchange(talk: &mut Talk, more: &[(Role, u8, u32)]) {
    *talk = linked();
    let first = [(Supernode, ALL, 500), (Client, ALL, 100), (Supernode, Dd::M, 100)];
    for (role, flags, number) in first.iter().chain(more) {
        describe(talk, *role, *flags, *number);
    }
}

fn update(talk: &mut Talk, role: Role) {
    let header = LsaHeader {
        ls_age: 1,
        options: Options(Options::E),
        ls_type: LsType::Router,
        link_state_id: router(role),
        advertising_router: router(role),
        ls_sequence_number: 0x8000_0001,
        ls_checksum: 0,
        length: 0,
    };
    let body = LsaBody::Router(RouterLsa { flags: 0, reserved: 0, links: Vec::new() });
    let lsas = vec![Lsa { header, body }.with_checksum()];
    say(talk, role, packet(role, Body::LinkStateUpdate(LinkStateUpdate { lsas })));
}

/// Two routers that find each other and compare their databases, and go on saying Hello.
pub(in crate::rule) fn route(talk: &mut Talk) {
    hello(talk, Supernode, false);
    hello(talk, Client, true);
    for (role, flags, number) in [
        (Client, ALL, 100),
        (Supernode, ALL, 500),
        (Client, ALL, 100),
        (Supernode, Dd::M, 100),
        (Client, Dd::MS | Dd::M, 101),
        (Supernode, 0, 101),
        (Client, Dd::MS, 102),
        (Supernode, 0, 102),
    ] {
        describe(talk, role, flags, number);
    }
    update(talk, Client);
    update(talk, Supernode);
    for _ in 0..8 {
        talk.wait(4980);
        hello(talk, Client, true);
        hello(talk, Supernode, true);
    }
}

/// A link up to IPCP.
fn linked() -> Talk {
    let mut talk = Talk::default();
    talk.open();
    authenticate(&mut talk);
    negotiate_ip(&mut talk);
    talk
}

fn good() -> Talk {
    let mut talk = linked();
    route(&mut talk);
    talk
}

/// The IPv4 header and the packet of the nth OSPF entry.
fn nth(talk: &mut Talk, n: usize) -> (&mut Ipv4, &mut Packet) {
    let packets = talk.entries.iter_mut().filter_map(|entry| match &mut entry.layers[..] {
        [.., Layer::Ip(ip), Layer::Ospf(packet)] => Some((ip, &mut **packet)),
        _ => None,
    });
    packets.into_iter().nth(n).unwrap()
}

fn description(talk: &mut Talk, n: usize) -> &mut DatabaseDescription {
    match &mut nth(talk, 2 + n).1.body {
        Body::DatabaseDescription(description) => description,
        other => panic!("{other:?}"),
    }
}

fn lsa(talk: &mut Talk) -> &mut Lsa {
    match &mut nth(talk, 10).1.body {
        Body::LinkStateUpdate(update) => &mut update.lsas[0],
        other => panic!("{other:?}"),
    }
}

fn with_digest(talk: &mut Talk, sequence: u32, checksum: u16, octets: usize) {
    let mut hello = nth(talk, 0).1.clone();
    let digest = vec![0; octets];
    hello.authentication = Authentication::Cryptographic { checksum, zero: 0, key_id: 1, sequence, digest };
    talk.wait(5000);
    say(talk, Supernode, hello);
}

const CASES: &[Case] = &[
    ("OSPF-2328-8.1-a", Client, |talk| nth(talk, 2).0.destination = Ipv4Addr::new(10, 70, 72, 1)),
    ("OSPF-2328-A.1-a", Supernode, |talk| nth(talk, 0).0.time_to_live = 64),
    ("OSPF-2328-A.1-a", Supernode, |talk| nth(talk, 0).0.type_of_service = 0),
    ("OSPF-2328-9.5-a", Supernode, |talk| {
        *talk = linked();
        for _ in 0..6 {
            hello(talk, Supernode, false);
            talk.wait(1000);
        }
    }),
    ("OSPF-2328-9.5-a", Supernode, |talk| {
        *talk = linked();
        for _ in 0..4 {
            hello(talk, Supernode, false);
            talk.wait(12_000);
        }
    }),
    // A neighbor that has not been heard for longer than it may be silent.
    ("OSPF-2328-9.5-a", Supernode, |talk| {
        *talk = linked();
        hello(talk, Client, false);
        for second in 0..6 {
            hello(talk, Supernode, second == 5);
            talk.wait(4990);
        }
    }),
    ("OSPF-2328-10.3-b", Supernode, |talk| description(talk, 1).flags = Dd::I | Dd::MS),
    ("OSPF-2328-10.6-b", Supernode, |talk| description(talk, 3).flags = Dd::MS | Dd::M),
    ("OSPF-2328-10.6-b", Supernode, |talk| description(talk, 5).dd_sequence_number = 777),
    ("OSPF-2328-10.6-e", Client, |talk| exchange(talk, &[(Client, Dd::MS | Dd::M, 103)])),
    // The slave has not answered the last one.
    ("OSPF-2328-10.6-e", Client, |talk| {
        exchange(talk, &[(Client, Dd::MS | Dd::M, 101), (Client, Dd::MS, 102)]);
    }),
    ("OSPF-2328-10.6-e", Client, |talk| {
        exchange(talk, &[(Client, Dd::MS | Dd::M, 101), (Client, Dd::MS, 101)]);
    }),
    ("OSPF-2328-10.8-a", Client, |talk| description(talk, 0).interface_mtu = 1500),
    ("OSPF-2328-12.1.6-a", Client, |talk| {
        lsa(talk).header.ls_sequence_number = 0x8000_0000;
        *lsa(talk) = lsa(talk).clone().with_checksum();
    }),
    ("OSPF-2328-12.1.7-a", Client, |talk| lsa(talk).header.ls_checksum ^= 1),
    ("OSPF-2328-13.3-a", Client, |talk| lsa(talk).header.ls_age = 0),
    ("OSPF-2328-A.3.1-a", Client, |talk| {
        update(talk, Client);
        let entry = talk.entries.last_mut().unwrap();
        *entry.layers.last_mut().unwrap() = Layer::Named(Named { layer: "ospf", why: "malformed" });
        let malformed = Malformed { field: "Checksum", offset: 12, why: Why::Checksum { got: 1, want: 2 } };
        entry.fault = Some(Fault { layer: "ospf", cause: FaultCause::Malformed(malformed) });
    }),
    ("OSPF-2328-D.4.3-a", Supernode, |talk| {
        with_digest(talk, 7, 0, 16);
        with_digest(talk, 6, 0, 16);
    }),
    ("OSPF-2328-D.4.3-a", Supernode, |talk| with_digest(talk, 7, 1, 16)),
    ("OSPF-2328-D.4.3-a", Supernode, |talk| with_digest(talk, 7, 0, 12)),
];

#[test]
fn good_routers_break_nothing() {
    assert_eq!(good().judge(), []);
}

#[test]
fn every_requirement_is_found_broken_once() {
    assert_all_fire(RULES, good, CASES);
}

/// Only a greater MTU is wrong, as `EdgeOS` sends it; a smaller one may be the interface's own.
#[test]
fn a_smaller_interface_mtu_than_the_mru_breaks_nothing() {
    let mut talk = good();
    for n in 0..8 {
        description(&mut talk, n).interface_mtu = 1300;
    }
    assert_eq!(talk.judge(), []);
}

#[test]
fn hellos_that_the_recording_lacks_break_nothing() {
    let mut talk = linked();
    for gap in [5, 10, 15, 5, 20, 1] {
        hello(&mut talk, Client, false);
        talk.wait(gap * 1000 - 10);
    }
    assert_eq!(talk.judge(), []);
}
