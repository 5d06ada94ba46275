use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::samples::{Kind, Sample, all, hex, named};
use super::*;
use crate::codec::{Codec, Malformed, Reader, Unencodable, Why, Writer};
use crate::show::{Show, Sink, Value};

mod fragments;
mod random;
mod refusals;

/// Writes each field as a line, indented by its depth.
#[derive(Default)]
struct Lines {
    text: String,
    depth: usize,
}

fn word(value: Value<'_>) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Code { number, name } => format!("{number} ({})", name.unwrap_or("?")),
        Value::Flag(flag) => flag.to_string(),
        Value::Text(octets) => format!("{:?}", String::from_utf8_lossy(octets)),
        Value::Word(word) => word.to_owned(),
        Value::Octets(octets) => octets.iter().fold(String::from("0x"), |mut text, octet| {
            write!(text, "{octet:02x}").unwrap();
            text
        }),
        Value::Ipv4(address) => address.to_string(),
        Value::Ipv6(address) => address.to_string(),
        Value::Secret { .. } => "secret".to_owned(),
    }
}

impl Lines {
    fn line(&mut self, text: &str) {
        writeln!(self.text, "{}{text}", "  ".repeat(self.depth)).unwrap();
    }
}

impl Sink for Lines {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        self.line(&format!("{name}: {}", word(value)));
    }
    fn begin_list(&mut self, name: &'static str) {
        self.line(&format!("{name}:"));
        self.depth += 1;
    }
    fn begin_item(&mut self) {
        self.line("-");
        self.depth += 1;
    }
    fn end_item(&mut self) {
        self.depth -= 1;
    }
    fn end_list(&mut self) {
        self.depth -= 1;
    }
    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        let words: Vec<String> = values.map(word).collect();
        self.line(&format!("{name}: [{}]", words.join(", ")));
    }
}

fn shown(value: &dyn Show) -> String {
    let mut lines = Lines::default();
    value.show(&mut lines);
    assert_eq!(lines.depth, 0, "every list and item ends");
    lines.text
}

fn message(name: &str) -> Message {
    let octets = named(name);
    Message::decode_all(&octets).unwrap_or_else(|malformed| panic!("{name}: {malformed}"))
}

fn sa(message: &Message) -> &Sa {
    let Body::SecurityAssociation(sa) = &message.find(PayloadType::SecurityAssociation).unwrap().body else {
        panic!("{message}")
    };
    sa
}

fn vendor_ids(message: &Message) -> Vec<&VendorId> {
    message
        .payloads
        .iter()
        .filter_map(|payload| if let Body::VendorId(found) = &payload.body { Some(found) } else { None })
        .collect()
}

fn attributes(transform: &Transform) -> Vec<(u16, u64)> {
    transform.attributes.iter().map(|attribute| (attribute.class, attribute.value_u64().unwrap())).collect()
}

#[test]
fn round_trips_every_sample() {
    let samples = all();
    assert!(samples.len() > 50, "{} samples", samples.len());
    for Sample { kind, name, octets } in samples {
        let sealed = Sealed::decode_all(&octets).unwrap_or_else(|malformed| panic!("{name}: {malformed}"));
        assert_eq!(sealed.to_octets().unwrap(), octets, "{name} sealed");
        assert_eq!(recognise(&octets), Recognised::IkeV1, "{name}");
        assert_eq!(sealed.header.is_encrypted(), kind != Kind::Clear, "{name}");
        if kind == Kind::Sealed {
            continue;
        }
        let message = Message::decode_all(&octets).unwrap_or_else(|malformed| panic!("{name}: {malformed}"));
        assert_eq!(message.to_octets().unwrap(), octets, "{name}");
        assert_eq!(Message::open(sealed.header, &sealed.body), Ok(message.clone()), "{name}");
        assert_eq!(message.body_octets().unwrap(), sealed.body, "{name}");
        assert!(!message.payloads.iter().any(|payload| matches!(payload.body, Body::Unknown(_))), "{name}");
        assert!(shown(&message).contains("payloads:"), "{name}");
    }
}

#[test]
fn every_payload_of_rfc_2408_but_the_rarest_occurs_in_the_samples() {
    let seen: BTreeSet<PayloadType> = all()
        .iter()
        .filter(|sample| sample.kind != Kind::Sealed)
        .flat_map(|sample| Message::decode_all(&sample.octets).unwrap().payloads)
        .map(|payload| payload.kind)
        .collect();
    for number in [1, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 20, 21] {
        assert!(seen.contains(&PayloadType::from_number(number)), "payload {number} is in no sample");
    }
}

#[test]
fn summaries_are_one_short_line() {
    let summary = |name| message(name).to_string();
    assert_eq!(summary("windows-10-mm1"), "Identity Protection: SA(1 proposal, 5 transforms) VID x8");
    assert_eq!(summary("pluto-mm3"), "Identity Protection: KE(128) NONCE(16) NAT-D x2");
    assert_eq!(summary("rubnds-5"), "Identity Protection: ID(ID_IPV4_ADDR) HASH");
    assert_eq!(
        summary("nat-9"),
        "Quick Mode: HASH SA(1 proposal, 1 transform) NONCE(32) ID(ID_IPV4_ADDR) x2 NAT-OA x2"
    );
    assert_eq!(summary("nat-65"), "Informational: HASH D(PROTO_IPSEC_ESP, 1 SPI)");
    assert_eq!(summary("no-proposal-chosen"), "Informational: N(NO-PROPOSAL-CHOSEN)");
    assert_eq!(summary("certificate"), "Identity Protection: SA(0 proposals, 0 transforms) CERT");
    assert_eq!(summary("no-payloads"), "Identity Protection: no payloads");
    let sealed = Sealed::decode_all(&named("pluto-mm5")).unwrap();
    assert_eq!(sealed.to_string(), "Identity Protection: 40 encrypted octets");
}

#[test]
fn windows_offers_five_transforms_and_eight_vendor_ids() {
    let message = message("windows-10-mm1");
    let header = &message.header;
    assert_eq!(header.initiator_cookie, [0x08, 0x0f, 0xd6, 0xf2, 0x05, 0xd3, 0x87, 0x9d]);
    assert_eq!(header.responder_cookie, [0; 8]);
    assert_eq!((header.major(), header.minor()), (1, 0));
    assert_eq!((header.exchange_type, header.flags), (ExchangeType::IdentityProtection, 0));
    assert_eq!((header.message_id, header.length), (0, 408));
    let sa = sa(&message);
    assert_eq!((sa.doi, &sa.situation), (Doi::Ipsec, &Situation::IdentityOnly));
    let [proposal] = sa.proposals.as_slice() else { panic!("{sa:?}") };
    assert_eq!((proposal.number, proposal.protocol, proposal.spi.len()), (1, ProtocolId::Isakmp, 0));
    let expected = [
        vec![(1, 7), (14, 256), (2, 2), (4, 20), (3, 1), (11, 1), (12, 28800)],
        vec![(1, 7), (14, 128), (2, 2), (4, 19), (3, 1), (11, 1), (12, 28800)],
        vec![(1, 7), (14, 256), (2, 2), (4, 14), (3, 1), (11, 1), (12, 28800)],
        vec![(1, 5), (2, 2), (4, 14), (3, 1), (11, 1), (12, 28800)],
        vec![(1, 5), (2, 2), (4, 2), (3, 1), (11, 1), (12, 28800)],
    ];
    assert_eq!(proposal.transforms.iter().map(attributes).collect::<Vec<_>>(), expected);
    assert_eq!(
        proposal.transforms.iter().map(|t| (t.number, t.id)).collect::<Vec<_>>(),
        [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]
    );
    let lifetime = proposal.transforms[0].attribute(Phase1Class::LifeDuration.number()).unwrap();
    assert_eq!(lifetime.form, Form::Variable(vec![0, 0, 0x70, 0x80]));
    let names: Vec<_> = vendor_ids(&message).iter().map(|vendor_id| vendor_id.name().unwrap()).collect();
    assert_eq!(
        names,
        [
            "MS KEY_MODS (AUTHIP)",
            "MS NT5 ISAKMPOAKLEY (Windows 8/8.1/10/2012R2/2016)",
            "RFC 3947",
            "draft-ietf-ipsec-nat-t-ike-02\\n",
            "FRAGMENTATION",
            "MS-Negotiation Discovery Capable",
            "Vid-Initial-Contact",
            "IKE CGA version 1",
        ]
    );
    assert_eq!(vendor_ids(&message)[1].known(), Some(Known::MsNt5 { version: 9 }));
    assert_eq!(vendor_ids(&message)[4].known(), Some(Known::Fragmentation));
    assert_eq!(vendor_ids(&message)[4].fragmentation_capability(), None);
}

#[test]
fn every_vendor_id_of_the_samples_has_a_name() {
    for sample in all().iter().filter(|sample| sample.kind != Kind::Sealed) {
        for vendor_id in vendor_ids(&Message::decode_all(&sample.octets).unwrap()) {
            // Cisco IOS draws one of its own at random; scapy's peer is of no known kind.
            if !sample.name.starts_with("scapy") && sample.name != "cisco-3" {
                assert!(vendor_id.name().is_some(), "{}: {vendor_id:?}", sample.name);
            }
        }
    }
}

#[test]
fn openswan_numbers_transforms_from_zero() {
    let message = message("openswan-nat-mm1");
    let [proposal] = sa(&message).proposals.as_slice() else { panic!() };
    assert_eq!(proposal.number, 0);
    assert_eq!(proposal.transforms.iter().map(|t| t.number).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(vendor_ids(&message)[0].known(), Some(Known::Openswan));
    assert_eq!(vendor_ids(&message)[1].known(), Some(Known::Dpd));
}

#[test]
fn composed_offers_have_the_length_of_those_that_were_logged() {
    assert_eq!(message("nm-l2tp-strongswan").header.length, 532);
    assert_eq!(message("android-7.0-xauth").header.length, 612);
    assert_eq!(sa(&message("apple-current")).proposals[0].transforms.len(), 14);
    let fragmentation = vendor_ids(&message("apple-current"))[10].fragmentation_capability();
    assert_eq!(fragmentation, Some(0x8000_0000));
}

/// A quick mode of a client behind a NAT: ID and NAT-OA of both ends, in this order.
#[test]
fn quick_mode_behind_a_nat_shows_selectors_and_original_addresses() {
    let message = message("nat-9");
    assert_eq!(message.padding.len(), 16);
    let text = shown(&message);
    for expected in [
        "initiator_cookie: 0xc62eb4c295baba28\nresponder_cookie: 0xcb89d52c3045a376\nnext_payload: 8 (Hash)\n\
         version: 1.0\nexchange_type: 32 (Quick Mode)\nflags: 1 (encryption)\nmessage_id: 4066574573\nlength: 204\n",
        "    payload: ID\n    payload_type: 5 (Identification)\n    payload_reserved: 0\n    payload_length: 12\n    \
         id_type: 1 (ID_IPV4_ADDR)\n    protocol_id: 17\n    port: 1701\n    address: 192.168.1.10\n",
        "    payload: NAT-OA\n    payload_type: 21 (NAT-OA)\n    payload_reserved: 0\n    payload_length: 12\n    \
         id_type: 1 (ID_IPV4_ADDR)\n    reserved: 0x000000\n    address: 192.0.2.1\n",
    ] {
        assert!(text.contains(expected), "{expected}\nis not in\n{text}");
    }
    assert_eq!(shown(sa(&message)), QUICK_MODE_SA);
}

const QUICK_MODE_SA: &str = "\
doi: 1 (IPSEC)
situation: 1 (SIT_IDENTITY_ONLY)
proposals:
  -
    reserved: 0
    proposal_number: 1
    protocol_id: 3 (PROTO_IPSEC_ESP)
    payload_length: 40
    spi: 0xcd4eb820
    number_of_transforms: 1
    transforms:
      -
        reserved: 0
        payload_length: 28
        transform_number: 1
        transform_id: 12 (ESP_AES-CBC)
        reserved2: 0
        attributes:
          -
            class: 6 (Key Length)
            form: basic
            value: 256
          -
            class: 5 (Authentication Algorithm)
            form: basic
            value: 2 (HMAC-SHA)
          -
            class: 4 (Encapsulation Mode)
            form: basic
            value: 4 (UDP-Encapsulated-Transport)
          -
            class: 1 (SA Life Type)
            form: basic
            value: 1 (seconds)
          -
            class: 2 (SA Life Duration)
            form: basic
            value: 3960
";

#[test]
fn phase_1_attributes_have_the_names_of_phase_1() {
    let text = shown(sa(&message("scapy-two-transforms")));
    for expected in [
        "class: 1 (Encryption Algorithm)\n            form: basic\n            value: 7 (AES-CBC)\n",
        "class: 2 (Hash Algorithm)\n            form: basic\n            value: 1 (MD5)\n",
        "class: 3 (Authentication Method)\n            form: basic\n            value: 1 (pre-shared key)\n",
        "class: 4 (Group Description)\n            form: basic\n            value: 5 (MODP1536)\n",
        "class: 12 (Life Duration)\n            form: variable\n            length: 3\n            value: 86400\n",
    ] {
        assert!(text.contains(expected), "{expected}\nis not in\n{text}");
    }
}

#[test]
fn the_drafts_nat_d_keeps_its_number() {
    let kinds: Vec<_> = message("cisco-3").payloads.iter().map(|payload| payload.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == PayloadType::NatDDraft04).count(), 2, "{kinds:?}");
}

#[test]
fn identities_are_typed() {
    let message = message("openswan-quick-mode");
    let ids: Vec<_> = message
        .payloads
        .iter()
        .filter_map(
            |payload| if let Body::Identification(id) = &payload.body { Some(id.identity()) } else { None },
        )
        .collect();
    assert_eq!(
        ids,
        [
            Identity::Ipv4Subnet([10, 1, 0, 10].into(), [255, 255, 255, 255].into()),
            Identity::Ipv4Subnet([10, 2, 0, 0].into(), [255, 255, 0, 0].into()),
        ]
    );
    let id = |id_type, data: &'static [u8]| Id { id_type, protocol: 0, port: 0, data: data.to_vec() };
    assert_eq!(id(IdType::Fqdn, b"alice").identity(), Identity::Fqdn(b"alice"));
    assert_eq!(id(IdType::KeyId, b"k").identity(), Identity::KeyId(b"k"));
    let range = id(IdType::Ipv6AddrRange, &[1; 32]);
    assert_eq!(range.identity(), Identity::Ipv6Range([1; 16].into(), [1; 16].into()));
    assert_eq!(id(IdType::Ipv4Addr, &[1; 5]).identity(), Identity::Other(&[1; 5]));
}

#[test]
fn notifications_are_typed() {
    let notification = |notify_type, data: &[u8]| Notification {
        doi: Doi::Ipsec,
        protocol: ProtocolId::Isakmp,
        spi: vec![7; 16],
        notify_type,
        data: data.to_vec(),
    };
    let query = notification(NotifyType::RUThere, &[0, 0, 1, 2]);
    assert_eq!(query.sequence_number(), Some(0x0102));
    assert_eq!(query.to_octets().unwrap(), hex(&format!("00000001 01 10 8d28 {} 00000102", "07".repeat(16))));
    assert!(shown(&query).ends_with("sequence_number: 258\n"));
    assert_eq!(notification(NotifyType::RUThereAck, &[0, 1]).sequence_number(), None);
    assert_eq!(notification(NotifyType::ReplayStatus, &[0, 0, 0, 1]).replay_status(), Some(1));
    let lifetime = notification(NotifyType::ResponderLifetime, &hex("800b0001800c0e10"));
    assert_eq!(lifetime.lifetime(), Some(vec![Attribute::basic(11, 1), Attribute::basic(12, 3600)]));
    assert!(shown(&lifetime).contains("class: 12 (Life Duration)"));
}

/// The form of Android's racoon: DOI 1, protocol 1, an SPI of both cookies, no data.
#[test]
fn initial_contact_round_trips() {
    let octets = hex("00000001 01 10 6002 11223344556677888877665544332211");
    let notification = Notification::decode_all(&octets).unwrap();
    assert_eq!(notification.notify_type, NotifyType::InitialContact);
    assert_eq!((notification.spi.len(), notification.data.len()), (16, 0));
    assert_eq!(notification.to_octets().unwrap(), octets);
}

#[test]
fn passwords_of_extended_authentication_are_secret() {
    let config = Config {
        config_type: ConfigType::Reply,
        reserved: 0,
        identifier: 7,
        attributes: vec![Attribute::variable(16521, *b"user"), Attribute::variable(16522, *b"word")],
    };
    let text = shown(&config);
    assert!(text.contains("value: \"user\"") && text.contains("value: secret"), "{text}");
    assert_eq!(Config::decode_all(&config.to_octets().unwrap()), Ok(config));
}

#[test]
fn a_situation_that_is_not_understood_is_kept() {
    for octets in
        ["00000007 000000010000000200", "00000001 00000003 00000005", "00000001 00000000", "00000009"]
    {
        let octets = hex(octets);
        let sa = Sa::decode_all(&octets).unwrap();
        assert!(matches!(sa.situation, Situation::Other(_)) && sa.proposals.is_empty());
        assert_eq!(sa.to_octets().unwrap(), octets);
    }
    let generic = Sa::decode_all(&hex("00000000 00000001")).unwrap();
    assert_eq!((generic.doi, generic.situation), (Doi::Isakmp, Situation::IdentityOnly));
}

#[test]
fn a_proposal_of_any_protocol_round_trips() {
    // Protocol 9 with an SPI of two octets; reserved octets set.
    let octets = hex("00000001 00000001 00aa0016 01090201 beef 00bb000c 0107 1234 80010002");
    let sa = Sa::decode_all(&octets).unwrap();
    assert_eq!(sa.to_octets().unwrap(), octets);
    let [proposal] = sa.proposals.as_slice() else { panic!() };
    assert_eq!(
        (proposal.reserved, proposal.protocol, proposal.spi.as_slice()),
        (0xaa, ProtocolId::Unknown(9), [0xbe, 0xef].as_slice())
    );
    assert_eq!((proposal.transforms[0].reserved, proposal.transforms[0].reserved2), (0xbb, 0x1234));
    assert!(shown(&sa).contains("class: 1 (?)"));
}

#[test]
fn values_of_attributes_are_numbers_up_to_64_bits() {
    let value = |octets: &[u8]| Attribute::variable(12, octets).value_u64();
    assert_eq!(value(&[]), None);
    assert_eq!(value(&[1, 0x51, 0x80]), Some(86400));
    assert_eq!(value(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(u64::MAX));
    assert_eq!(value(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(Attribute::basic(12, 28800).value_u64(), Some(28800));
    assert_eq!(
        AttributeRegistry::of(ProtocolId::Esp).value_name(4, 61444),
        Some("UDP-Encapsulated-Transport (draft)")
    );
    assert_eq!(AttributeRegistry::of(ProtocolId::Isakmp).value_name(4, 0x1_0002), None);
}

#[test]
fn vendor_ids_that_are_digests_are_those_of_their_texts() {
    use md5::{Digest as _, Md5};
    let digest = |text: &str| VendorId(Md5::digest(text.as_bytes()).to_vec());
    for draft in 0..=9 {
        let text = format!("draft-ietf-ipsec-nat-t-ike-0{draft}");
        assert_eq!(digest(&text).name(), Some(text.as_str()));
    }
    for (text, known) in [
        ("RFC 3947", Some(Known::Rfc3947)),
        ("draft-ietf-ipsec-nat-t-ike-02", Some(Known::NatTDraft02)),
        ("draft-ietf-ipsec-nat-t-ike-02\n", Some(Known::NatTDraft02Newline)),
        ("draft-ietf-ipsec-nat-t-ike", Some(Known::NatTApple)),
        ("draft-stenberg-ipsec-nat-traversal-01", Some(Known::NatTStenberg01)),
        ("draft-stenberg-ipsec-nat-traversal-02", Some(Known::NatTStenberg02)),
        ("FRAGMENTATION", Some(Known::Fragmentation)),
        ("MS-Negotiation Discovery Capable", Some(Known::MsNegotiationDiscovery)),
        ("Vid-Initial-Contact", Some(Known::MsVidInitialContact)),
        ("IKE CGA version 1", Some(Known::MsIkeCga)),
        ("strongSwan", Some(Known::StrongSwan)),
        ("KAME/racoon", Some(Known::Kame)),
    ] {
        assert_eq!(digest(text).known(), known, "{text}");
    }
    for text in ["MS NT5 ISAKMPOAKLEY", "GSSAPI", "A GSS-API Authentication Method for IKE", "NLBS_PRESENT"] {
        assert!(digest(text).name().is_some(), "{text}");
    }
    // The last two octets of this one are a version.
    let unity = Md5::digest(b"CISCO-UNITY");
    assert_eq!(VendorId::of(Known::Unity).unwrap().0[..14], unity[..14]);
}

#[test]
fn vendor_ids_and_their_meanings_match_both_ways() {
    for known in [
        Known::Rfc3947,
        Known::NatTDraft02Newline,
        Known::NatTDraft08,
        Known::Dpd,
        Known::Xauth,
        Known::Unity,
        Known::Fragmentation,
        Known::MsNt5 { version: 8 },
        Known::MsNt5 { version: 77 },
        Known::StrongSwan,
    ] {
        assert_eq!(VendorId::of(known).unwrap().known(), Some(known));
    }
    assert_eq!(VendorId::of(Known::Openswan), None);
    assert_eq!(VendorId(hex("1f07f70eaa6514d3b0fa96542a500100")).name(), Some("Cisco VPN concentrator"));
    assert_eq!(VendorId(hex("afcad71368a1f1c96b8696fc77570200")).known(), None);
    for unknown in
        ["", "00", "4a131c81070358455c5728f20e95452f00", "4048b7d56ebce88525e7de7f00d6c2d38000000000"]
    {
        assert_eq!(VendorId(hex(unknown)).name(), None, "{unknown}");
    }
}

#[test]
fn versions_are_told_apart() {
    // An IKE_SA_INIT response with NO_PROPOSAL_CHOSEN alone.
    let version_2 = hex("0102030405060708 0000000000000000 29 20 22 20 00000000 00000024 000000080100000e");
    let Recognised::IkeV2(header) = recognise(&version_2) else { panic!() };
    assert_eq!((header.exchange_type, header.length), (ExchangeType::IkeSaInit, 36));
    assert_eq!(recognise(&[0x30; 28]), Recognised::Other { major: 3 });
    assert!(matches!(recognise(&[0x10; 27]), Recognised::Short(malformed) if malformed.field == "Length"));
    let refused = Message::decode_all(&version_2).unwrap_err();
    assert_eq!(refused, Malformed { field: "Major Version", offset: 17, why: Why::Value { got: 2 } });
    assert!(Sealed::decode_all(&version_2).is_ok());
}

#[test]
fn a_new_message_states_its_first_payload_and_length() {
    let octets = named("pluto-mm3");
    let found = Message::decode_all(&octets).unwrap();
    let header = Header { next_payload: PayloadType::None, length: 0, ..found.header };
    let composed = Message::new(header, found.payloads.clone());
    assert_eq!(composed, found);
    assert_eq!(composed.to_octets().unwrap(), octets);
}

/// The digests of RFC 2409 section 5 take bodies without their header, and chains without what precedes them.
#[test]
fn bodies_and_rests_of_chains_are_available_for_digests() {
    let message = message("rubnds-1");
    let octets = named("rubnds-1");
    assert_eq!(message.payloads[0].body.to_octets().unwrap(), octets[32..]);
    let quick_mode = self::message("rubnds-7");
    let mut w = Writer::new();
    encode_chain(&quick_mode.payloads[1..], &mut w);
    assert_eq!(w.into_octets().unwrap(), named("rubnds-7")[28 + 24..named("rubnds-7").len() - 8]);
}
