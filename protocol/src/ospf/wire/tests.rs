use core::net::Ipv4Addr;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::codec::{Codec, Malformed, Why};
use crate::ospf::authentication::authenticate_md5;
use crate::show::{Show, Sink, Value};

/// Packets and LSAs of holo-routing/holo, `holo-ospf/tests/packet/ospfv2.rs`, commit c52e1aa8be49 (MIT).
const HOLO: &str = include_str!("../../../tests/vectors/holo_ospfv2.json");
/// Every packet of the recorded capture ospf-mtu-mismatch.
const RECORDED: &str = include_str!("../../../tests/vectors/recorded_ospf.txt");

/// Scapy test/contrib/ospf.uts, commit ac38b273405b: a router-LSA.
const SCAPY_ROUTER: &str = "02040040 c0a8aa08 00000001 961f 0000 0000000000000000 00000001 \
     03e20201 c0a8aa08 c0a8aa08 80000dc3 2506 0024 02000001 c0a8aa00 ffffff00 0300000a";

/// Scapy test/contrib/ospf.uts, commit ac38b273405b: an opaque LSA for traffic engineering.
const SCAPY_OPAQUE: &str = "020400a01103030300000064399f00000000000000000000000000010001200a01000000110303038000001fabd90084 \
     000100041103030300020064000100010200000000020004d200000200030004d200000100040004d200000200050004 \
     000003e80006000449989680000700044998968000080020491896804918968049189680491896804918968049189680 \
     4918968049189680000900040000000092e6b63a";

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// The vectors whose names `is_wanted`.
fn holo(is_wanted: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(HOLO).unwrap();
    let text = |vector: &serde_json::Value, key: &str| vector[key].as_str().unwrap().to_owned();
    let all = vectors.iter().map(|vector| (text(vector, "name"), octets(&text(vector, "bytes"))));
    all.filter(|(name, _)| is_wanted(name)).collect()
}

fn holo_one(wanted: &str) -> Vec<u8> {
    holo(|name| name == wanted).remove(0).1
}

fn is_lsa(name: &str) -> bool {
    name.contains("LSA")
}

fn samples() -> Vec<Vec<u8>> {
    let recorded = RECORDED.lines().filter(|line| !line.starts_with('#'));
    let recorded = recorded.map(|line| octets(line.rsplit(' ').next().unwrap()));
    let holo = holo(|name| !is_lsa(name)).into_iter().map(|(_, packet)| packet);
    let mut samples: Vec<_> = recorded.chain(holo).chain([SCAPY_ROUTER, SCAPY_OPAQUE].map(octets)).collect();
    samples.extend(made().iter().map(|packet| packet.to_octets().unwrap()));
    samples
}

fn packet(body: Body) -> Packet {
    Packet {
        version: 2,
        router_id: Ipv4Addr::new(1, 1, 1, 1),
        area_id: Ipv4Addr::UNSPECIFIED,
        authentication: Authentication::Null([0; 8]),
        body,
        lls: Vec::new(),
    }
}

fn lsa(ls_type: LsType, body: LsaBody) -> Lsa {
    let header = LsaHeader {
        ls_age: 1,
        options: Options(Options::E),
        ls_type,
        link_state_id: Ipv4Addr::new(10, 0, 0, 0),
        advertising_router: Ipv4Addr::new(1, 1, 1, 1),
        ls_sequence_number: 0x8000_0001,
        ls_checksum: 0,
        length: 0,
    };
    Lsa { header, body }.with_checksum()
}

/// Packets of the types and LSAs that no vector has.
fn made() -> Vec<Packet> {
    let mask = Ipv4Addr::new(255, 0, 0, 0);
    let route = |tos| ExternalRoute {
        is_type_2: true,
        tos,
        metric: 0x00ff_ffff,
        forwarding_address: Ipv4Addr::UNSPECIFIED,
        external_route_tag: 7,
    };
    let external = AsExternalLsa { network_mask: mask, route: route(0), tos_routes: vec![route(8)] };
    let tos_metrics = vec![SummaryTosMetric { tos: 8, metric: 4 }];
    let summary = SummaryLsa { network_mask: mask, reserved: 0, metric: 3, tos_metrics };
    let network = NetworkLsa { network_mask: mask, attached_routers: vec![mask, mask] };
    let link = RouterLink {
        link_id: mask,
        link_data: mask,
        link_type: LinkType::PointToPoint,
        metric: 10,
        tos_metrics: vec![TosMetric { tos: 8, reserved: 0, metric: 20 }],
    };
    let router = RouterLsa { flags: RouterLsa::E, reserved: 0, links: vec![link.clone(), link] };
    let lsas = vec![
        lsa(LsType::Router, LsaBody::Router(router)),
        lsa(LsType::Network, LsaBody::Network(network)),
        lsa(LsType::SummaryBoundaryRouter, LsaBody::Summary(summary)),
        lsa(LsType::AsExternal, LsaBody::AsExternal(external.clone())),
        lsa(LsType::Nssa, LsaBody::Nssa(external)),
        lsa(LsType::OpaqueAs, LsaBody::Opaque(vec![1, 2, 3])),
        lsa(LsType::Unknown(99), LsaBody::Unknown(vec![4])),
    ];
    let entry = LinkStateRequestEntry { ls_type: 1, link_state_id: mask, advertising_router: mask };
    let lsa_headers = lsas.iter().map(|lsa| lsa.header).collect();
    let mut simple = packet(Body::LinkStateRequest(LinkStateRequest { entries: vec![entry, entry] }));
    simple.authentication = Authentication::Simple(*b"secret\0\0");
    let mut unknown = packet(Body::Unknown { packet_type: 9, octets: vec![1, 2, 3] });
    unknown.authentication = Authentication::Unknown { authentication_type: 5, checksum: 1, octets: [7; 8] };
    vec![
        packet(Body::LinkStateUpdate(LinkStateUpdate { lsas })),
        packet(Body::LinkStateAcknowledgment(LinkStateAcknowledgment { lsa_headers })),
        simple,
        unknown,
    ]
}

/// The fields that a value shows, a line each.
#[derive(Default)]
struct Lines(String);

impl Sink for Lines {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        let value = match value {
            Value::Number(number) => number.to_string(),
            Value::Code { number, name } => format!("{number} {}", name.unwrap_or("?")),
            Value::Ipv4(address) => address.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Secret { .. } => "secret".to_owned(),
            Value::Text(_) | Value::Word(_) | Value::Octets(_) | Value::Ipv6(_) => format!("{value:?}"),
        };
        writeln!(self.0, "{name} {value}").unwrap();
    }
    fn begin_list(&mut self, name: &'static str) {
        writeln!(self.0, "{name}:").unwrap();
    }
    fn begin_item(&mut self) {
        self.0.push_str("- ");
    }
    fn end_item(&mut self) {}
    fn end_list(&mut self) {}
    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        writeln!(self.0, "{name} {:?}", values.collect::<Vec<_>>()).unwrap();
    }
}

fn shown(value: &impl Show) -> String {
    let mut lines = Lines::default();
    value.show(&mut lines);
    lines.0
}

#[test]
fn round_trips_every_sample() {
    let samples = samples();
    assert_eq!(samples.len(), 24 + 9 + 2 + 4);
    for sample in samples {
        let packet = Packet::decode_all(&sample).unwrap();
        assert_eq!(packet.to_octets().unwrap(), sample, "{packet}");
    }
    for packet in made() {
        assert_eq!(Packet::decode_all(&packet.to_octets().unwrap()), Ok(packet));
    }
}

#[test]
fn round_trips_every_lsa_and_its_checksum_fits() {
    let lsas = holo(is_lsa);
    assert_eq!(lsas.len(), 3);
    for (name, sample) in lsas {
        let lsa = Lsa::decode_all(&sample).unwrap();
        assert_eq!(lsa.to_octets().unwrap(), sample, "{name}");
        assert!(lsa.checksum_fits(), "{name}");
        assert_eq!(lsa.clone().with_checksum(), lsa, "{name}");
    }
}

#[test]
fn rejects_every_truncation_of_every_sample() {
    for sample in samples() {
        let packet = Packet::decode_all(&sample).unwrap();
        // What follows packet and digest may be cut off without a trace.
        let needed = sample.len() - packet.lls.len();
        for end in 0..needed {
            assert!(Packet::decode_all(&sample[..end]).is_err(), "{end} of {sample:02x?}");
        }
    }
}

#[test]
fn accepts_the_hellos_of_the_vectors() {
    let hello = Hello {
        network_mask: Ipv4Addr::new(255, 255, 255, 0),
        hello_interval: 3,
        options: Options(Options::E),
        router_priority: 1,
        router_dead_interval: 36,
        designated_router: Ipv4Addr::UNSPECIFIED,
        backup_designated_router: Ipv4Addr::UNSPECIFIED,
        neighbors: vec![Ipv4Addr::new(1, 1, 1, 1)],
    };
    let expected = Packet {
        router_id: Ipv4Addr::new(2, 2, 2, 2),
        area_id: Ipv4Addr::new(0, 0, 0, 1),
        ..packet(Body::Hello(hello.clone()))
    };
    assert_eq!(Packet::decode_all(&holo_one("HELLO1")).unwrap(), expected);

    let with_lls = Packet {
        body: Body::Hello(Hello { options: Options(Options::E | Options::L), ..hello }),
        lls: octets("fff400030001000400000003"),
        ..expected
    };
    assert_eq!(Packet::decode_all(&holo_one("HELLO1_LLS")).unwrap(), with_lls);
}

#[test]
fn a_digest_stands_between_packet_and_link_local_signalling() {
    let packet = Packet::decode_all(&holo_one("HELLO1_HMAC_SHA1_LLS")).unwrap();
    let Authentication::Cryptographic { key_id, sequence, digest, .. } = &packet.authentication else {
        panic!("{packet:?}")
    };
    assert_eq!((*key_id, *sequence), (1, 0x3245_d014));
    assert_eq!(*digest, octets("6884763922f560e76a1c5e9189701f6e8e02184c"));
    assert_eq!(packet.lls[..4], octets("0000000a"));
    let digest = |name| Packet::decode_all(&holo_one(name)).unwrap().authentication.digest().len();
    assert_eq!((digest("HELLO1_HMAC_SHA1"), digest("HELLO1_HMAC_SHA384")), (20, 48));
}

/// John the Ripper `net_md5_fmt_plug.c`, and holo's packet (requirement OSPF-2328-D.4.3-a).
#[test]
fn md5_matches_the_vectors() {
    let packet =
        octets("0201002cac1001010000000000000002000001105267ff8fffffff00000a0201000000280000000000000000");
    let digest = octets("445ecbb27272bd791a757a6c85856150");
    assert_eq!(authenticate_md5(&packet, b"abcdefghijklmnop")[..], digest);
    let with_digest = Packet::decode_all(&[packet.clone(), digest].concat()).unwrap();
    assert_eq!(with_digest.covered_octets().unwrap(), packet);

    let packet = Packet::decode_all(&holo_one("HELLO1_MD5")).unwrap();
    let digest = authenticate_md5(&packet.covered_octets().unwrap(), b"HOLO");
    assert_eq!(packet.authentication.digest(), digest);
}

#[test]
fn accepts_the_database_description_of_the_vectors() {
    let packet = Packet::decode_all(&holo_one("DBDESC1")).unwrap();
    let Body::DatabaseDescription(body) = &packet.body else { panic!("{packet:?}") };
    assert_eq!((body.interface_mtu, body.flags, body.dd_sequence_number), (1500, 0, 1_320_718_126));
    assert_eq!(body.options, Options(Options::E | Options::O));
    let external = LsaHeader {
        ls_age: 3,
        options: Options(Options::E),
        ls_type: LsType::AsExternal,
        link_state_id: Ipv4Addr::new(172, 16, 1, 0),
        advertising_router: Ipv4Addr::new(1, 1, 1, 1),
        ls_sequence_number: 0x8000_0001,
        ls_checksum: 0xfcff,
        length: 36,
    };
    assert_eq!((body.lsa_headers.len(), body.lsa_headers[1]), (2, external));
}

#[test]
fn accepts_the_update_of_the_vectors() {
    let packet = Packet::decode_all(&holo_one("LSUPDATE1")).unwrap();
    let Body::LinkStateUpdate(body) = &packet.body else { panic!("{packet:?}") };
    assert!(body.lsas.iter().all(Lsa::checksum_fits));
    let link = RouterLink {
        link_id: Ipv4Addr::new(10, 0, 1, 0),
        link_data: Ipv4Addr::new(255, 255, 255, 0),
        link_type: LinkType::Stub,
        metric: 10,
        tos_metrics: Vec::new(),
    };
    let router = RouterLsa { flags: RouterLsa::B, reserved: 0, links: vec![link] };
    assert_eq!(body.lsas[0].body, LsaBody::Router(router));
    let summary = |network_mask, metric| {
        LsaBody::Summary(SummaryLsa { network_mask, reserved: 0, metric, tos_metrics: Vec::new() })
    };
    assert_eq!(body.lsas[1].body, summary(Ipv4Addr::BROADCAST, 0));
    assert_eq!(body.lsas[2].body, summary(Ipv4Addr::new(255, 255, 255, 0), 10));
    assert_eq!(packet.to_string(), "Link State Update router 2.2.2.2 area 0.0.0.1 (LSAs 3)");
}

#[test]
fn opaque_lsas_keep_their_information() {
    let grace = Lsa::decode_all(&holo_one("GRACE_LSA1")).unwrap();
    assert_eq!(grace.header.ls_type, LsType::OpaqueLink);
    assert_eq!(grace.body, LsaBody::Opaque(octets("00010004000000780002000100000000")));
}

#[test]
fn shows_every_field_of_the_recorded_database_description() {
    // ospf-mtu-mismatch: the supernode's first, over an interface of MTU 1400.
    let packet = octets("020200200a46480100000000f7ad0000000000000000000005784207f6f27576");
    let packet = Packet::decode_all(&packet).unwrap();
    let expected = "\
version 2
packet_type 2 Database Description
packet_length 32
router_id 10.70.72.1
area_id 0.0.0.0
checksum 63405
authentication_type 0 null
authentication Octets([0, 0, 0, 0, 0, 0, 0, 0])
interface_mtu 1400
options 66
option_e true
option_mc false
option_np false
option_l false
option_dc false
option_o true
flags 7
flag_i true
flag_m true
flag_ms true
dd_sequence_number 4143084918
lsa_headers:
";
    assert_eq!(shown(&packet), expected);
    let summary = "Database Description router 10.70.72.1 area 0.0.0.0 \
                   (I M MS MTU 1400 sequence 4143084918, LSA headers 0)";
    assert_eq!(packet.to_string(), summary);
}

#[test]
fn a_simple_password_is_a_secret() {
    let simple = &made()[2];
    assert!(shown(simple).contains("authentication_type 1 simple password\nauthentication secret\n"));
    assert!(!simple.to_string().contains("secret"));
    // The password is not under the checksum.
    let mut octets = simple.to_octets().unwrap();
    octets[16..24].copy_from_slice(b"another\0");
    assert!(Packet::decode_all(&octets).is_ok());
}

/// OSPF-2328-A.3.1-a.
#[test]
fn rejects_a_wrong_packet_checksum_unless_a_digest_covers_the_packet() {
    let mut hello = holo_one("HELLO1");
    hello[13] ^= 1;
    let why = Why::Checksum { got: 0xf69f, want: 0xf69e };
    assert_eq!(Packet::decode_all(&hello), Err(Malformed { field: "Checksum", offset: 12, why }));
    let mut hello = holo_one("HELLO1_MD5");
    hello[13] = 1;
    let packet = Packet::decode_all(&hello).unwrap();
    assert_eq!(packet.authentication.checksum_as_found(), Some(1));
    assert_eq!(packet.to_octets().unwrap(), hello);
}

#[test]
fn rejects_a_wrong_packet_length() {
    // gopacket testPacketOSPFInvalidLSA.
    let overflow = octets("020400a28000011f080045006f766572666c7fff1212005af673a2ba81900001");
    let at_length = |why| Err(Malformed { field: "Packet length", offset: 2, why });
    let why = Why::Truncated { need: 162, have: 32 };
    assert_eq!(Packet::decode_all(&overflow), at_length(why));
    let mut short = holo_one("HELLO1");
    short[3] = 23;
    assert_eq!(Packet::decode_all(&short), at_length(Why::Length { got: 23, want: 24 }));
}

/// A packet that a digest covers, so that its body alone decides.
fn under_digest(packet_type: u8, body: &str) -> Result<Packet, Malformed> {
    let body = octets(body);
    let length = u8::try_from(24 + body.len()).unwrap();
    let header = octets("01010101 00000000 0000 0002 0000 01 00 00000001");
    Packet::decode_all(&[&[2, packet_type, 0, length], &header[..], &body].concat())
}

#[test]
fn rejects_bodies_that_their_type_cannot_have() {
    let hello = "ffffff00 0003 02 01 00000024 00000000 00000000";
    assert!(under_digest(1, hello).is_ok());
    let refused = |kind, body: &str| under_digest(kind, body).unwrap_err();
    let truncated =
        |field, offset, need, have| Malformed { field, offset, why: Why::Truncated { need, have } };
    assert_eq!(refused(1, &format!("{hello} 0101")), truncated("Neighbor", 44, 4, 2));
    assert_eq!(refused(2, "05dc 02 07 00000001 0001"), truncated("Options", 34, 1, 0));
    assert_eq!(refused(3, "00000001 01010101"), truncated("Advertising Router", 32, 4, 0));
    assert_eq!(refused(4, "00000001"), truncated("LS age", 28, 2, 0));
    assert_eq!(
        refused(4, "00000000 00"),
        Malformed { field: "Packet length", offset: 28, why: Why::Trailing { extra: 1 } }
    );
    let header = "0001 02 01 01010101 01010101 80000001 0000";
    let short = Why::Length { got: 19, want: 20 };
    let at_lsa = Malformed { field: "LSA length", offset: 28, why: short };
    assert_eq!(refused(4, &format!("00000001 {header} 0013")), at_lsa);
    let beyond = truncated("LSA length", 28, 21, 20);
    assert_eq!(refused(4, &format!("00000001 {header} 0015")), beyond);
}

/// OSPF-2328-13-b: three LSAs, the middle one bad.
#[test]
fn an_lsa_with_a_bad_checksum_or_body_does_not_take_its_packet_along() {
    let Body::LinkStateUpdate(mut update) = made().remove(0).body else { panic!() };
    update.lsas.truncate(3);
    update.lsas[1].header.ls_checksum ^= 1;
    let packet = packet(Body::LinkStateUpdate(update));
    let decoded = Packet::decode_all(&packet.to_octets().unwrap()).unwrap();
    assert_eq!(decoded, packet);
    let Body::LinkStateUpdate(update) = decoded.body else { panic!() };
    let fits: Vec<bool> = update.lsas.iter().map(Lsa::checksum_fits).collect();
    assert_eq!(fits, [true, false, true]);

    let two_links_announced = "01 00 0002 0a000100 ffffff00 03 00 000a";
    let body = octets(two_links_announced);
    let ill_formed = lsa(LsType::Router, LsaBody::IllFormed(body));
    assert_eq!(Lsa::decode_all(&ill_formed.to_octets().unwrap()), Ok(ill_formed.clone()));
    assert!(ill_formed.checksum_fits());
    assert!(shown(&ill_formed).contains("ill_formed_body"));
}

/// OSPF-2328-12.1.7-a.
#[test]
fn the_age_is_not_under_the_checksum_and_zero_is_never_a_checksum() {
    let mut aged = Lsa::decode_all(&holo_one("LSA1")).unwrap();
    aged.header.ls_age = 3600;
    assert!(aged.checksum_fits());
    aged.header.ls_checksum = 0;
    assert!(!aged.checksum_fits());
    aged.header.ls_sequence_number = 0x8000_0003;
    assert!(aged.with_checksum().checksum_fits());
}

#[test]
fn versions_are_told_apart_and_only_two_is_read() {
    assert_eq!(recognise(&[2]), Recognised::Version2);
    assert_eq!(recognise(&[3]), Recognised::Version3);
    assert_eq!(recognise(&[]), Recognised::Other);
    let refused = Packet::decode_all(&octets("03010024")).unwrap_err();
    assert_eq!(refused, Malformed { field: "Version #", offset: 0, why: Why::Value { got: 3 } });
}

#[test]
fn numbers_too_large_for_their_fields_are_not_encoded() {
    let summary = SummaryLsa {
        network_mask: Ipv4Addr::BROADCAST,
        reserved: 0,
        metric: 0x0100_0000,
        tos_metrics: Vec::new(),
    };
    assert_eq!(summary.to_octets().unwrap_err().field, "metric");
    let neighbors = vec![Ipv4Addr::BROADCAST; 20_000];
    let Body::Hello(hello) = Packet::decode_all(&holo_one("HELLO1")).unwrap().body else { panic!() };
    let hello = packet(Body::Hello(Hello { neighbors, ..hello }));
    assert_eq!(hello.to_octets().unwrap_err().field, "Packet length");
}

/// Samples with octets changed, and with the authentication that does without a checksum.
fn near_packets() -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4);
    let sample = proptest::sample::select(samples());
    (sample, changes, any::<bool>()).prop_map(|(mut sample, changes, is_covered)| {
        for (index, octet) in changes {
            let length = sample.len();
            sample[index.index(length)] = octet;
        }
        if is_covered {
            sample[15] = 2;
            sample[19] = 0;
        }
        sample
    })
}

proptest! {
    #[test]
    fn whatever_decodes_is_encoded_to_the_same_octets(octets in near_packets()) {
        if let Ok(packet) = Packet::decode_all(&octets) {
            prop_assert_eq!(packet.to_octets().unwrap(), octets);
            shown(&packet);
        }
    }

    #[test]
    fn random_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = Packet::decode_all(&octets);
        if let Ok(lsa) = Lsa::decode_all(&octets) {
            prop_assert_eq!(lsa.to_octets().unwrap(), octets);
        }
    }

    #[test]
    fn every_lsa_body_is_encoded_to_the_same_octets(
        ls_type in 0_u8..13,
        body in proptest::collection::vec(0_u8..4, 0..64),
    ) {
        let mut octets = vec![0, 1, 2, ls_type];
        octets.extend([0; 14]);
        octets.extend(u16::try_from(20 + body.len()).unwrap().to_be_bytes());
        octets.extend(body);
        let lsa = Lsa::decode_all(&octets).unwrap();
        prop_assert_eq!(lsa.to_octets().unwrap(), octets);
        prop_assert!(lsa.with_checksum().checksum_fits());
    }
}
