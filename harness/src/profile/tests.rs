use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use l2tpspec_protocol::codec::Codec;
use l2tpspec_protocol::cx::{Cx, NoKeyLog};
use l2tpspec_protocol::entropy::{Scripted, Seeded};
use l2tpspec_protocol::isakmp::wire::{Body, Message, PayloadType};
use l2tpspec_protocol::isakmp::{self, Isakmp};
use l2tpspec_protocol::layer::{Input, Layer, Output};
use l2tpspec_protocol::ppp::{IpcpRequest, LcpRequest, Method as PppMethod};
use l2tpspec_protocol::time::Instant;
use l2tpspec_protocol::{l2tp as l2tp_layer, ppp as ppp_layer};

use super::*;

const COOKIE: [u8; 8] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];

fn scenarios() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

fn all() -> Vec<Profile> {
    Profile::load_all(&scenarios()).expect("every file is understood")
}

fn named(name: &str) -> Profile {
    all().into_iter().find(|profile| profile.name == name).expect("a profile of this name")
}

const fn at(host: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), port)
}

/// The first datagram that a layer sends after a command.
fn first<L: Layer>(mut layer: L, command: L::Command, draws: &[(&'static str, &[u8])]) -> L::Below {
    let scripted = Scripted::new(Seeded::new(b"profile"));
    let mut entropy = draws.iter().fold(scripted, |script, (label, octets)| script.then(label, octets));
    let mut cx = Cx { now: Instant::START, entropy: &mut entropy, key_log: &mut NoKeyLog };
    layer.handle_input(&mut cx, Input::Command(command));
    std::iter::from_fn(|| layer.poll_output())
        .find_map(|output| match output {
            Output::ToBelow(datagram) => Some(datagram),
            Output::ToAbove(_) | Output::Event(_) => None,
        })
        .expect("a datagram")
}

fn message_1(profile: &Profile) -> Vec<u8> {
    let key = isakmp::PreSharedKey { peer: None, key: b"nycmeshnet".to_vec() };
    let layer = Isakmp::new(profile.isakmp(vec![key], 50_431));
    let command = isakmp::Command::Connect { local: at(2, 500), peer: at(1, 500) };
    match first(layer, command, &[("isakmp.cookie", &COOKIE)]) {
        isakmp::Datagram::Message { octets, .. } => octets,
        keepalive @ isakmp::Datagram::Keepalive { .. } => panic!("{keepalive:?}"),
    }
}

/// The SCCRQ of a client, whose tunnel ID is this one where it draws it at random.
fn sccrq(profile: &Profile, tunnel_id: u16) -> Vec<u8> {
    let path = l2tp_layer::Path { local: at(2, 1701), peer: at(1, 1701), link: 1 };
    let layer = l2tp_layer::L2tp::new(profile.l2tp(None));
    let command = l2tp_layer::Command::Open { path };
    first(layer, command, &[("l2tp.tunnel_id", &tunnel_id.to_be_bytes())]).octets
}

/// A message of the samples of IKE, which name where each is from.
fn sample(name: &str) -> Vec<u8> {
    let samples = include_str!("../../../protocol/src/isakmp/wire/samples.txt");
    let mut lines = samples.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let line = lines.find(|line| line.get(1) == Some(&name)).expect("a sample of this name");
    hex(line[2])
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}

#[test]
fn every_profile_loads_and_every_fact_has_a_public_source() {
    let profiles = all();
    assert_eq!(profiles.len(), 17);
    for profile in &profiles {
        assert!(profile.facts.len() > 80, "{}: {}", profile.name, profile.facts.len());
        let Counts { captured, documented, guessed } = profile.counts();
        assert_eq!(captured + documented + guessed, profile.facts.len(), "{}", profile.name);
        for fact in &profile.facts {
            let is_public = !fact.source.contains("file-id") && !fact.source.starts_with('/');
            assert!(is_public && !fact.source.trim().is_empty(), "{}: {fact:?}", profile.name);
        }
    }
}

#[test]
fn clients_can_begin_and_supernodes_can_answer() {
    for profile in all() {
        let (l2tp, isakmp) = (profile.l2tp(None), profile.isakmp(Vec::new(), 1701));
        let is_supernode = profile.role == Role::Supernode;
        assert_eq!(profile.service.is_some(), is_supernode, "{}", profile.name);
        assert_eq!(isakmp.answers_strangers, is_supernode, "{}", profile.name);
        assert_eq!(!l2tp.messages.sccrp.is_empty(), is_supernode, "{}", profile.name);
        assert_eq!(l2tp.messages.sccrq.is_empty(), is_supernode, "{}", profile.name);
    }
}

#[test]
fn message_1_has_the_octets_that_are_known() {
    let known = [
        ("windows-10", "windows-10-mm1", 408),
        ("windows-11", "windows-10-mm1", 408),
        ("macos", "apple-current", 788),
        ("ios", "apple-current", 788),
        ("android-9", "android-7.1.2-11", 724),
        ("android-11", "android-7.1.2-11", 724),
        ("networkmanager-strongswan", "nm-l2tp-strongswan", 532),
        ("edgeos", "edgeos-nycmesh", 180),
    ];
    for (name, expected, size) in known {
        let (got, expected) = (message_1(&named(name)), sample(expected));
        assert_eq!(got.len(), size, "{name}");
        // The cookie of a capture is its own.
        assert_eq!(got[8..], expected[8..], "{name}");
        assert_eq!(got[..8], COOKIE, "{name}");
    }
}

/// 384 octets: those of Windows 10 less the vendor ID of 24 octets that it does not have.
#[test]
fn windows_7_sends_one_vendor_id_less_than_windows_10() {
    let octets = message_1(&named("windows-7"));
    assert_eq!(octets.len(), 384);
    let message = Message::decode_all(&octets).expect("a message");
    let vendor_ids = message.payloads.iter().filter(|payload| matches!(payload.body, Body::VendorId(_)));
    assert_eq!(vendor_ids.count(), 7);
}

/// Nobody has published these messages: their sizes are added up from the profiles, 28 octets of header, 20 of SA and
/// proposal, the transforms and the vendor IDs.
#[test]
fn message_1_of_the_others_offers_what_their_profiles_say() {
    for (name, size) in [("networkmanager-libreswan", 416), ("openwrt", 180), ("mikrotik-ros7", 300)] {
        let profile = named(name);
        let octets = message_1(&profile);
        assert_eq!(octets.len(), size, "{name}");
        let message = Message::decode_all(&octets).expect("a message");
        let sa = message.find(PayloadType::SecurityAssociation).expect("an SA payload");
        let Body::SecurityAssociation(sa) = &sa.body else { panic!("{name}: {sa:?}") };
        let transforms = sa.proposals.iter().map(|proposal| proposal.transforms.len()).sum::<usize>();
        assert_eq!(transforms, profile.ike.phase1.suites.value.len(), "{name}");
    }
}

/// Sources of the octets: xelerance/xl2tpd#219 and #166, xelerance/Openswan#204; those of iOS follow from its source.
#[test]
fn the_sccrq_has_the_octets_that_are_known() {
    // The tunnel of the capture is the 15th of its host; ours is the first.
    let windows = "c802006c000000000000000080080000000000018008000000020100800a0000000300000001800a0000000400\
        0000000008000000060a008015000000074445534b544f502d434b564238544d000f000000084d6963726f736f\
        6674800800000009000180080000000a0008";
    let android = "c8020045000000000000000080080000000000018008000000020100800f00000007616e6f6e796d6f7573800a\
        00000003000000038008000000090d6a80080000000a0001";
    let xl2tpd = "c8020064000000000000000080080000000000018008000000020100800a0000000300000003800a0000000400\
        00000000080000000606908009000000074d324d00130000000878656c6572616e63652e636f6d800800000009\
        e7f680080000000a0008";
    let ios = "c8020043000000000000000080080000000000018008000000020100800a0000000300000003800d0000000769\
        50686f6e6500800800000009000180080000000a0004";
    let cases = [
        ("windows-10", 1, windows),
        ("android-9", 0x0d6a, android),
        ("networkmanager-strongswan", 0xe7f6, xl2tpd),
        ("networkmanager-libreswan", 0xe7f6, xl2tpd),
        ("ios", 1, ios),
    ];
    for (name, tunnel_id, expected) in cases {
        assert_eq!(sccrq(&named(name), tunnel_id), hex(expected), "{name}");
    }
}

#[test]
fn the_sccrq_of_every_client_names_its_host() {
    for profile in all().into_iter().filter(|profile| profile.role == Role::Client) {
        let octets = sccrq(&profile, 7);
        let host_name = profile.l2tp.host_name.value.as_bytes();
        let is_named = octets.windows(host_name.len()).any(|window| window == host_name);
        assert!(is_named, "{}: {octets:02x?}", profile.name);
    }
}

#[test]
fn ppp_asks_in_the_order_of_the_profile() {
    let windows = named("windows-10").ppp("nycmesh", Vec::new());
    let kinds = windows.lcp.iter().map(|request| matches!(request, LcpRequest::Other(_))).collect::<Vec<_>>();
    assert_eq!(kinds, [false, false, false, false, true], "{:?}", windows.lcp);
    let unspecified = IpcpRequest::Address(Ipv4Addr::UNSPECIFIED);
    let wanted = [
        unspecified,
        IpcpRequest::PrimaryDns,
        IpcpRequest::PrimaryNbns,
        IpcpRequest::SecondaryDns,
        IpcpRequest::SecondaryNbns,
    ];
    assert_eq!(windows.ipcp.map(|ipcp| ipcp.requests).as_deref(), Some(&wanted[..]));
    let supernode = named("sn1").ppp("", Vec::new());
    assert_eq!(supernode.authentication.asks, [PppMethod::MsChapV2, PppMethod::ChapMd5]);
    let ipcp = supernode.ipcp.expect("IPCP");
    assert_eq!(ipcp.requests, [IpcpRequest::Address(Ipv4Addr::new(10, 70, 72, 1))]);
    assert_eq!(ipcp.dns, [Some(Ipv4Addr::new(10, 10, 10, 10)), None]);
    let edgeos: ppp_layer::Config = named("edgeos").ppp("nycmesh", Vec::new());
    assert_eq!(edgeos.authentication.remote_name.as_deref(), Some(&b"xl2tpd"[..]));
}

#[test]
fn a_password_is_not_shown() {
    let shown = format!("{:?}", named("sn3"));
    assert!(!shown.contains("nycmeshnet"), "{shown}");
}

/// What is said of a profile in which `from` stands as `to`.
fn refused(from: &str, to: &str) -> String {
    let path = scenarios().join("clients/windows-10.json");
    let text = std::fs::read_to_string(&path).expect("the file is there");
    assert!(text.contains(from), "{from}");
    let error = Profile::parse(Path::new("p.json"), &text.replacen(from, to, 1)).expect_err("a mistake");
    error.to_string()
}

#[test]
fn mistakes_are_refused_with_their_place_and_a_suggestion() {
    let error = refused("\"phase1\": {", "\"phase_1\": {");
    assert!(error.starts_with("p.json:7:") && error.contains("did you mean `phase1`?"), "{error}");
    let error = refused("\"aes256-sha1-ecp384\"", "\"aes256-sha1-ecp348\"");
    assert!(error.contains("did you mean `ecp384`?") && error.contains("`modp2048`"), "{error}");
    let error = refused("\"ms-ike-cga\"", "\"ms-ike\"");
    assert!(error.contains("`ms-ike` is not known here"), "{error}");
    let error = refused("\"confidence\": \"captured\"", "\"confidence\": \"certain\"");
    assert!(error.contains("unknown variant `certain`"), "{error}");
    let error = refused("\"role\": \"client\"", "\"role\": \"client\", \"role\": \"client\"");
    assert!(error.contains("duplicate field `role`"), "{error}");
    let error = refused("\"format\": 1", "\"format\": 2");
    assert!(error.contains("format 2 is not known"), "{error}");
    let error = refused("\"value\": \"20s\"", "\"value\": \"20 s\"");
    assert!(error.contains("is no time such as"), "{error}");
    let error = refused("\"value\": null, ", "");
    assert!(error.contains("missing field `value`"), "{error}");
}

#[test]
fn a_source_is_public_and_not_empty() {
    let source = "\"source\": \"xelerance/xl2tpd#219; apache/cloudstack#872\"";
    assert!(refused(source, "\"source\": \" \"").contains("a fact needs a source"));
    assert!(refused(source, "\"source\": \"/tmp/x\"").contains("not a path"));
}

#[test]
fn comments_and_trailing_commas_are_no_mistakes() {
    let text = std::fs::read_to_string(scenarios().join("clients/ios.json")).expect("the file is there");
    let text = text.replacen("\"format\": 1,", "// The format.\n\"format\": 1, /* and then */", 1);
    let end = text.rfind('}').expect("an object");
    let text = format!("{},\n}}\n", &text[..end].trim_end());
    assert!(Profile::parse(Path::new("ios.json"), &text).is_ok_and(|profile| profile.name == "ios"));
}
