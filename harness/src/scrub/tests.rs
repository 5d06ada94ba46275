//! Packets of users, which no recording of the project has in all kinds.

use std::net::{IpAddr, Ipv4Addr};

use etherparse::PacketBuilder;
use l2tpspec_protocol::codec::Codec as _;

use super::renaming::{Met, Renaming};
use super::*;

const SOURCE: [u8; 4] = [10, 70, 72, 2];
const DESTINATION: [u8; 4] = [203, 0, 113, 9];

fn scrubbed(packet: &[u8]) -> Vec<u8> {
    let mut renaming = Renaming::new(b"1".to_vec(), Met::default());
    let mut scrubber = Scrubber::new(&Keys::default(), &mut renaming, Learnt::default()).unwrap();
    let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let ends =
        Ends { old: (nobody, nobody), new: (nobody, nobody), ports: None, link: None, is_quoted: false };
    let mut octets = packet.to_vec();
    scrubber.ipv4(&mut octets, &ends);
    octets
}

fn holds(octets: &[u8], needle: &[u8]) -> bool {
    octets.windows(needle.len()).any(|window| window == needle)
}

/// A datagram as a builder makes it, with right checksums.
fn built(step: etherparse::PacketBuilderStep<etherparse::UdpHeader>, payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    step.write(&mut octets, payload).unwrap();
    octets
}

/// Whether etherparse finds both checksums right, which it computes for itself.
fn sums_are_right(octets: &[u8]) -> bool {
    let headers = etherparse::PacketHeaders::from_ip_slice(octets).unwrap();
    let Some(etherparse::NetHeaders::Ipv4(header, _)) = &headers.net else { return false };
    let payload = headers.payload.slice();
    let is_right = match &headers.transport {
        Some(etherparse::TransportHeader::Udp(udp)) => {
            udp.checksum == udp.calc_checksum_ipv4(header, payload).unwrap()
        }
        Some(etherparse::TransportHeader::Tcp(tcp)) => {
            tcp.checksum == tcp.calc_checksum_ipv4(header, payload).unwrap()
        }
        Some(etherparse::TransportHeader::Icmpv4(icmp)) => {
            icmp.checksum == icmp.icmp_type.calc_checksum(payload)
        }
        _ => false,
    };
    header.header_checksum == header.calc_header_checksum() && is_right
}

#[test]
fn contents_of_udp_are_replaced() {
    let packet = built(PacketBuilder::ipv4(SOURCE, DESTINATION, 63).udp(40000, 5060), b"INVITE sip:alice");
    let copy = scrubbed(&packet);
    assert_eq!(copy.len(), packet.len());
    assert!(!holds(&copy, b"alice") && !holds(&copy, &SOURCE) && !holds(&copy, &DESTINATION));
    assert!(sums_are_right(&copy));
    assert_eq!(copy[8], 63);
    assert_eq!(copy[20..24], packet[20..24], "ports say what was used");
}

#[test]
fn a_wrong_checksum_stays_wrong() {
    let mut packet =
        built(PacketBuilder::ipv4(SOURCE, DESTINATION, 63).udp(40000, 5060), b"INVITE sip:alice");
    packet[26] ^= 1;
    assert!(!sums_are_right(&scrubbed(&packet)));
    packet[26..28].fill(0);
    assert_eq!(scrubbed(&packet)[26..28], [0, 0], "none stays none");
}

#[test]
fn contents_of_tcp_are_replaced() {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(SOURCE, DESTINATION, 63)
        .tcp(40000, 80, 7, 1024)
        .write(&mut packet, b"GET /secret")
        .unwrap();
    let copy = scrubbed(&packet);
    assert!(!holds(&copy, b"secret") && sums_are_right(&copy));
    assert_eq!(copy[24..28], packet[24..28], "sequence numbers stay");
}

#[test]
fn a_ping_and_its_echo_stay_a_pair() {
    let ping = |reply: bool, data: &[u8]| {
        let mut packet = Vec::new();
        let builder = PacketBuilder::ipv4(SOURCE, DESTINATION, 63);
        let step = if reply { builder.icmpv4_echo_reply(7, 1) } else { builder.icmpv4_echo_request(7, 1) };
        step.write(&mut packet, data).unwrap();
        scrubbed(&packet)
    };
    let [request, reply, other] =
        [ping(false, b"how are you?"), ping(true, b"how are you?"), ping(true, b"how are they")];
    assert!(!holds(&request, b"how are") && sums_are_right(&request) && sums_are_right(&reply));
    assert_eq!(request[28..], reply[28..]);
    assert_ne!(request[28..], other[28..]);
}

#[test]
fn what_an_error_quotes_is_replaced_too() {
    let quoted = built(PacketBuilder::ipv4(SOURCE, DESTINATION, 1).udp(40000, 5060), b"INVITE sip:alice");
    let mut packet = Vec::new();
    let unreachable =
        etherparse::Icmpv4Type::DestinationUnreachable(etherparse::icmpv4::DestUnreachableHeader::Port);
    PacketBuilder::ipv4(DESTINATION, SOURCE, 60).icmpv4(unreachable).write(&mut packet, &quoted).unwrap();
    let copy = scrubbed(&packet);
    assert!(!holds(&copy, b"alice") && !holds(&copy, &SOURCE) && !holds(&copy, &DESTINATION));
    assert_eq!(copy[12..16], copy[28 + 16..28 + 20], "who is told of is who is quoted");
}

#[test]
fn names_in_dns_are_replaced_alike() {
    // www.example.mesh A? with an answer that points at the question, from hickory's own encoder.
    use hickory_proto::op::{Message, MessageType, OpCode, Query};
    use hickory_proto::rr::{Name, RData, Record, RecordType};
    let name = Name::from_ascii("www.example.mesh.").unwrap();
    let mut message = Message::new(9, MessageType::Response, OpCode::Query);
    message.add_query(Query::query(name.clone(), RecordType::A));
    message.add_answer(Record::from_rdata(name, 60, RData::A(Ipv4Addr::from(DESTINATION).into())));
    let octets = message.to_vec().unwrap();
    let copy = scrubbed(&built(PacketBuilder::ipv4(SOURCE, DESTINATION, 63).udp(40000, 53), &octets));
    assert!(!holds(&copy, b"example") && !holds(&copy, b"mesh") && sums_are_right(&copy));
    let copied = Message::from_vec(&copy[28..]).unwrap();
    assert_eq!(copied.queries[0].name(), &copied.answers[0].name);
    assert_eq!(copied.queries[0].name().num_labels(), 3);
    let RData::A(address) = &copied.answers[0].data else { panic!("{:?}", copied.answers) };
    assert_eq!(address.octets()[..], copy[16..20], "the address asked for is the one that is spoken to");
}

#[test]
fn a_link_state_database_stays_one() {
    use l2tpspec_protocol::ospf::wire::{
        Authentication, Body, DatabaseDescription, LinkStateUpdate, LinkType, LsType, Lsa, LsaBody,
        LsaHeader, Options as Bits, Packet, RouterLink, RouterLsa,
    };
    let router = Ipv4Addr::from(SOURCE);
    let link = RouterLink {
        link_id: Ipv4Addr::new(10, 70, 72, 0),
        link_data: Ipv4Addr::new(255, 255, 255, 0),
        link_type: LinkType::Stub,
        metric: 1,
        tos_metrics: Vec::new(),
    };
    let header = LsaHeader {
        ls_age: 1,
        options: Bits(2),
        ls_type: LsType::Router,
        link_state_id: router,
        advertising_router: router,
        ls_sequence_number: 0x8000_0001,
        ls_checksum: 0,
        length: 0,
    };
    let body = LsaBody::Router(RouterLsa { flags: 0, reserved: 0, links: vec![link] });
    let lsa = Lsa { header, body }.with_checksum();
    let packet = |body: Body| Packet {
        version: 2,
        router_id: router,
        area_id: Ipv4Addr::UNSPECIFIED,
        authentication: Authentication::Null([0; 8]),
        body,
        lls: Vec::new(),
    };
    let description = packet(Body::DatabaseDescription(DatabaseDescription {
        interface_mtu: 1400,
        options: Bits(2),
        flags: 0,
        dd_sequence_number: 1,
        lsa_headers: vec![lsa.header],
    }));
    let update = packet(Body::LinkStateUpdate(LinkStateUpdate { lsas: vec![lsa] }));
    let mut renaming = Renaming::new(b"1".to_vec(), Met::default());
    // The header alone comes first; what it is of is known from the pass before.
    let mut learnt = Learnt::default();
    let mut copies = Vec::new();
    for _ in 0..2 {
        let mut scrubber =
            Scrubber::new(&Keys::default(), &mut renaming, std::mem::take(&mut learnt)).unwrap();
        copies = [&description, &update]
            .map(|packet| {
                let mut octets = packet.to_octets().unwrap();
                scrubber.ospf(&mut octets);
                Packet::decode_all(&octets).unwrap()
            })
            .to_vec();
        learnt.lsas = scrubber.lsas;
    }
    let (Body::DatabaseDescription(described), Body::LinkStateUpdate(updated)) =
        (&copies[0].body, &copies[1].body)
    else {
        panic!("{copies:?}")
    };
    assert_eq!(described.lsa_headers[0], updated.lsas[0].header);
    assert!(updated.lsas[0].checksum_fits());
    assert_ne!(updated.lsas[0].header.advertising_router, router);
    let LsaBody::Router(router) = &updated.lsas[0].body else { panic!("{updated:?}") };
    let own = updated.lsas[0].header.advertising_router.octets();
    assert_eq!(router.links[0].link_id.octets()[..3], own[..3], "the network is the router's still");
}

#[test]
fn sources_of_multicast_are_replaced() {
    let report = [
        0x22,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
        1,
        0,
        0,
        1,
        232,
        0,
        0,
        7,
        DESTINATION[0],
        DESTINATION[1],
        DESTINATION[2],
        DESTINATION[3],
    ];
    let mut packet = Vec::new();
    let length = u16::try_from(report.len()).unwrap();
    etherparse::Ipv4Header::new(length, 1, etherparse::IpNumber::IGMP, SOURCE, [224, 0, 0, 22])
        .unwrap()
        .write(&mut packet)
        .unwrap();
    packet.extend(report);
    let copy = scrubbed(&packet);
    assert!(!holds(&copy, &DESTINATION) && !holds(&copy, &SOURCE));
    assert_eq!(copy[32..36], [232, 0, 0, 7], "the group stays");
}
