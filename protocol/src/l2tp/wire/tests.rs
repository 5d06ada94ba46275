use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::codec::{Codec, Malformed, Why};
use crate::l2tp::hidden;
use crate::show::{Show, Sink, Value};

/// Every control message of the recorded captures.
const RECORDED: &str = include_str!("../../../tests/vectors/recorded_l2tp_control.txt");

/// Control messages of other software.
const OTHERS: &[&str] = &[
    // Windows 10 SCCRQ, host DESKTOP-CKVB8TM (constants of a public fuzzer).
    "c802006c0000000000000000 8008000000000001 8008000000020100 800a0000000300000001 800a0000000400000000 \
     0008000000060a00 8015000000074445534b544f502d434b564238544d 000f000000084d6963726f736f6674 \
     800800000009000f 80080000000a0008",
    // Windows 2000 SCCRQ, host wfU (constants of public UDP scanners).
    "c80200600000000000000000 8008000000000001 8008000000020100 800a0000000300000001 800a0000000400000000 \
     0008000000060500 800900000007776655 000f000000084d6963726f736f6674 8008000000090001 80080000000a0008",
    // Android SCCRQ (xelerance/Openswan#204).
    "c80200450000000000000000 8008000000000001 8008000000020100 800f00000007616e6f6e796d6f7573 \
     800a0000000300000003 8008000000090d6a 80080000000a0001",
    // xl2tpd 1.3.13 SCCRQ (xelerance/xl2tpd#166), Hello and ZLB (xelerance/xl2tpd#144).
    "c80200640000000000000000 8008000000000001 8008000000020100 800a0000000300000003 800a0000000400000000 \
     0008000000060690 8009000000074d324d 00130000000878656c6572616e63652e636f6d 800800000009e7f6 \
     80080000000a0008",
    "c80200141dde000000130002 8008000000000006",
    "c802000c8371000000020013",
    // Apple SCCRQ, host iPhone with a NUL (made from Apple's published source).
    "c80200430000000000000000 8008000000000001 8008000000020100 800a0000000300000003 \
     800d000000076950686f6e6500 8008000000090001 80080000000a0004",
    // katalix/go-l2tp l2tp/msg_test.go (MIT): HELLO and ZLB.
    "c8020014000100000001000180080000 00000006",
    "c802000c0001000000010001",
    // Without S bit, and without L and S bit.
    "c0020010 0001 0002 8008 0000 0000 0006",
    "8002 0001 0002 8008 0000 0000 0006",
];

/// Data messages.
const DATA: &[&str] = &[
    // strongswan-xl2tpd-direct, frame 22: an LCP Configure-Request of pppd.
    "0002 47f5 b880 ff03c02101010014010405780206000000000506429e6d9c",
    // Headers of nb6-startup: offset size 0, and the P bit.
    "0202 4a32 d35e 0000",
    "0302 4a32 d35e 0000",
    // All optional fields, an offset pad of two octets and padding behind the Length.
    "4a02 0014 0001 0002 0003 0004 0002 aabb c0210900 ffff",
    // Apple: always an L bit.
    "4002 000c 0001 0002 c0210900",
    // Reserved bits.
    "34f2 0001 0002",
];

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn samples() -> Vec<Vec<u8>> {
    let recorded = RECORDED.lines().filter(|line| !line.starts_with('#'));
    let recorded = recorded.map(|line| octets(line.rsplit(' ').next().unwrap()));
    recorded.chain(OTHERS.iter().map(|hex| octets(hex))).collect()
}

fn control(hex: &str) -> ControlMessage {
    ControlMessage::decode_all(&octets(hex)).unwrap()
}

/// A message of one AVP.
fn with_avp(hex: &str) -> ControlMessage {
    let mut message = octets("c802 0000 0001 0000 0000 0000");
    message.extend(octets(hex));
    message[3] = u8::try_from(message.len()).unwrap();
    ControlMessage::decode_all(&message).unwrap()
}

/// The fields that a value shows, a line each.
#[derive(Default)]
struct Lines(String);

impl Sink for Lines {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        let value = match value {
            Value::Number(number) => number.to_string(),
            Value::Code { number, name } => format!("{number} {}", name.unwrap_or("?")),
            Value::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
            Value::Secret { .. } => "secret".to_owned(),
            Value::Flag(_) | Value::Word(_) | Value::Octets(_) | Value::Ipv4(_) | Value::Ipv6(_) => {
                format!("{value:?}")
            }
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
    assert_eq!(samples.len(), 58 + OTHERS.len());
    for sample in samples {
        let message = ControlMessage::decode_all(&sample).unwrap();
        assert_eq!(message.to_octets().unwrap(), sample, "{message}");
        assert!(message.avps.iter().all(Avp::is_recognised), "{message}");
    }
    for sample in DATA {
        let sample = octets(sample);
        let message = DataMessage::decode_all(&sample).unwrap();
        assert_eq!(message.to_octets().unwrap(), sample, "{message}");
    }
}

#[test]
fn rejects_every_truncation_of_every_sample() {
    for sample in samples() {
        // Without a Length nothing tells where the message ends.
        let has_length = sample[0] & 0x40 != 0;
        for end in 0..sample.len() {
            let refused = ControlMessage::decode_all(&sample[..end]);
            assert!(refused.is_err() || !has_length, "{end} of {sample:02x?}");
        }
    }
}

#[test]
fn accepts_the_recorded_sccrq_field_by_field() {
    let message = ControlMessage::decode_all(&samples()[0]).unwrap();
    assert_eq!(message.header, Header::control(0, 0, 0, 0));
    assert_eq!(message.message_type(), Some(MessageType::StartControlConnectionRequest));
    let values: Vec<AvpValue> = message.avps.iter().map(|avp| avp.value.clone()).collect();
    let expected = [
        AvpValue::MessageType(MessageType::StartControlConnectionRequest),
        AvpValue::ProtocolVersion { version: 1, revision: 0 },
        AvpValue::FramingCapabilities(3),
        AvpValue::BearerCapabilities(0),
        AvpValue::FirmwareRevision(0x0690),
        AvpValue::HostName(b"edgerouter".to_vec()),
        AvpValue::VendorName(b"xelerance.com".to_vec()),
        AvpValue::AssignedTunnelId(0x318a),
        AvpValue::ReceiveWindowSize(4),
    ];
    assert_eq!(values, expected);
    assert_eq!(message, ControlMessage::new(Header::control(0, 0, 0, 0), expected));
    assert_eq!(message.to_string(), "SCCRQ tunnel 0 session 0 Ns 0 Nr 0");
}

#[test]
fn shows_every_field_of_a_stopccn() {
    // strongswan-xl2tpd-direct, frame 58.
    let stop = control(
        "c802002e47f5000000040002 8008000000000004 800800000009318a 80120000000100010000476f6f6462796521",
    );
    let expected = "\
type Word(\"control\")
length_bit Flag(true)
sequence_bit Flag(true)
offset_bit Flag(false)
priority_bit Flag(false)
reserved 0
version 2
length 46
tunnel_id 18421
session_id 0
ns 4
nr 2
avps:
- mandatory Flag(true)
hidden Flag(false)
reserved 0
length 8
vendor_id 0
avp_type 0 Message Type
message_type 4 StopCCN
- mandatory Flag(true)
hidden Flag(false)
reserved 0
length 8
vendor_id 0
avp_type 9 Assigned Tunnel ID
assigned_tunnel_id 12682
- mandatory Flag(true)
hidden Flag(false)
reserved 0
length 18
vendor_id 0
avp_type 1 Result Code
result_code 1 general request to clear the control connection
error_code 0 no general error
error_message \"Goodbye!\"
";
    assert_eq!(shown(&stop), expected);
    assert_eq!(stop.to_string(), "StopCCN tunnel 18421 session 0 Ns 4 Nr 2");
}

#[test]
fn a_result_code_is_named_by_its_message() {
    // wrong-ppp-password, frame 36.
    let cdn = control("c8020026f6b6983e00020004 800800000000000e 800a0000000100010000 80080000000e0dfd");
    assert!(shown(&cdn).contains("result_code 1 loss of carrier\n"));
}

/// L2TP-2661-4.4.2-a: Android leaves out the error code; Apple writes 14 octets, the code's octets swapped.
#[test]
fn result_codes_of_eight_and_of_fourteen_octets_decode_and_of_nine_do_not() {
    let result = |hex| with_avp(hex).avps.remove(0).value;
    let android = ResultCode { result: 6, error: None, message: Vec::new() };
    assert_eq!(result("8008 0000 0001 0006"), AvpValue::ResultCode(android));
    let garbage = ErrorCode::Unknown(0xdead);
    let apple = ResultCode { result: 0x0100, error: Some(garbage), message: vec![0xbe, 0xef, 1, 2] };
    assert_eq!(result("800e 0000 0001 0100 dead beef0102"), AvpValue::ResultCode(apple));
    assert_eq!(result("8009 0000 0001 0006 00"), AvpValue::IllSized(vec![0, 6, 0]));
}

/// L2TP-2661-7.1-a: the rest of a message with an ill-sized AVP can be read.
#[test]
fn an_ill_sized_avp_keeps_its_octets_and_its_message() {
    let message = with_avp("8008 0000 0000 000c 0008 0000 0026 0001 800a 0000 0018 00000001");
    assert_eq!(message.message_type(), Some(MessageType::IncomingCallConnected));
    let [_, rx, tx] = &message.avps[..] else { panic!("{message:?}") };
    assert_eq!(rx.value, AvpValue::IllSized(vec![0, 1]));
    assert!(!rx.is_recognised());
    assert_eq!(tx.value, AvpValue::TxConnectSpeed(1));
    assert!(shown(&message).contains("avp_type 38 Rx Connect Speed\nill_sized_value Octets([0, 1])\n"));
    assert_eq!(with_avp("8006 0000 0007").avps[0].value, AvpValue::IllSized(Vec::new()));
    assert_eq!(with_avp("8007 0000 0027 00").avps[0].value, AvpValue::IllSized(vec![0]));
}

#[test]
fn an_avp_of_another_vendor_is_opaque_whatever_its_number() {
    // Windows ICRQ: Vendor ID 311, type 1, a GUID.
    let guid = "00112233445566778899aabbccddeeff";
    let message = with_avp(&format!("0016 0137 0001 {guid}"));
    assert_eq!(message.avps[0].value, AvpValue::Opaque(octets(guid)));
    assert_eq!(message.avps[0].attribute(), None);
    assert_eq!(message.find(AttributeType::ResultCode), None);
    assert!(shown(&message).contains("vendor_id 311\navp_type 1\nvalue Octets("));
}

#[test]
fn a_disconnect_cause_decodes() {
    let message = with_avp("0013 0000 002e 0010 c223 01 6661696c65642121");
    let expected = DisconnectCause {
        disconnect_code: DisconnectCode::AuthenticationFailed,
        control_protocol_number: 0xc223,
        direction: DisconnectDirection::Peer,
        message: b"failed!!".to_vec(),
    };
    assert_eq!(message.avps[0].value, AvpValue::DisconnectCause(expected));
}

/// Every typed AVP at its least length, hidden and clear, with M as its rule says.
#[test]
fn every_attribute_type_has_a_rule_and_a_typed_value() {
    for attribute in AttributeType::NAMED {
        let rule = rule_for(*attribute).unwrap();
        let value = vec![0; rule.least_length - 6];
        let typed = AvpValue::decode(0, attribute.number(), &value);
        assert_eq!(typed.attribute(), Some(*attribute));
        let avp = Avp::new(typed);
        assert_eq!((avp.mandatory, avp.length()), (rule.must_be_mandatory, rule.least_length));
        assert_eq!(Avp::decode_all(&avp.to_octets().unwrap()).unwrap(), avp);
        assert!(shown(&avp).lines().count() > 6, "{attribute}");
        if rule.greatest_length < 1023 {
            let long = vec![0; rule.greatest_length - 5];
            let value = AvpValue::decode(0, attribute.number(), &long);
            assert_eq!(value, AvpValue::IllSized(long), "{attribute}");
        }
    }
    assert_eq!(rule_for(AttributeType::Unknown(20)), None);
}

/// L2TP-2661-4.1-d.
#[test]
fn rejects_an_avp_length_below_six_and_beyond_the_message() {
    let zlb = "c802 0012 0001 0000 0000 0000";
    let refused = |avp: &str| ControlMessage::decode_all(&octets(&format!("{zlb} {avp}"))).unwrap_err();
    let at_avp = |why| Malformed { field: "AVP Length", offset: 12, why };
    assert_eq!(refused("8000 0000 0000"), at_avp(Why::Length { got: 0, want: 6 }));
    assert_eq!(refused("8005 0000 0000"), at_avp(Why::Length { got: 5, want: 6 }));
    assert_eq!(refused("8007 0000 0000"), at_avp(Why::Truncated { need: 7, have: 6 }));
    let second = octets("c802 0015 0001 0000 0000 0000 8008 0000 0000 0006 80");
    let refused = ControlMessage::decode_all(&second).unwrap_err();
    assert_eq!(
        refused,
        Malformed { field: "AVP Length", offset: 20, why: Why::Truncated { need: 2, have: 1 } }
    );
}

#[test]
fn rejects_a_length_below_its_header_and_beyond_the_datagram() {
    let refused = |hex| ControlMessage::decode_all(&octets(hex)).unwrap_err();
    let at_length = |why| Malformed { field: "Length", offset: 2, why };
    assert_eq!(refused("c802 000b 0001 0000 0000 0000"), at_length(Why::Length { got: 11, want: 12 }));
    assert_eq!(refused("c802 000d 0001 0000 0000 0000"), at_length(Why::Truncated { need: 13, have: 12 }));
    // tcpdump tests/l2tp-avp-overflow.pcap, frame 1: a Length of 514 in a short datagram.
    let overflow = refused("f002 0202 0230 0808 08080000ee230530");
    assert_eq!(overflow, at_length(Why::Truncated { need: 514, have: 16 }));
    // Scapy test/scapy/layers/l2tp.uts: Ns and Nr without the S bit that makes them so.
    let numbers = refused("c002 000c 0001 0002 0000 0000");
    let why = Why::Length { got: 0, want: 6 };
    assert_eq!(numbers, Malformed { field: "AVP Length", offset: 8, why });
    // The overflow with the Length that fits: the AVP's length is 8, two octets are missing.
    let overflow = refused("f002 000f 0230 0808 08080000ee2305");
    let why = Why::Truncated { need: 8, have: 7 };
    assert_eq!(overflow, Malformed { field: "AVP Length", offset: 8, why });
    let data = DataMessage::decode_all(&octets("4002 0007 0001 0000")).unwrap_err();
    assert_eq!(data, at_length(Why::Length { got: 7, want: 8 }));
}

#[test]
fn rejects_an_offset_size_beyond_the_message() {
    let message = octets("0202 0001 0002 0005 ff03c021");
    let expected = Malformed { field: "Offset Size", offset: 6, why: Why::Truncated { need: 5, have: 4 } };
    assert_eq!(DataHeader::decode(&message), Err(expected));
    assert_eq!(DataMessage::decode_all(&message), Err(expected));
}

/// L2TP-2661-3.1-f: every combination of the optional fields, an LCP Echo-Request inside.
#[test]
fn a_data_header_finds_its_payload_under_all_flags() {
    let echo = octets("c021 0901 0008 00000000");
    for flags in 0..8_u8 {
        let header = DataHeader {
            length: (flags & 1 != 0).then_some(0),
            sequence: (flags & 2 != 0).then_some(Sequence { ns: 7, nr: 9 }),
            offset_size: (flags & 4 != 0).then_some(3),
            tunnel_id: 1,
            session_id: 2,
            ..DataHeader::default()
        };
        let mut w = crate::codec::Writer::new();
        header.encode(&mut w, &echo);
        let mut datagram = w.into_octets().unwrap();
        let length = u16::try_from(datagram.len()).unwrap();
        let expected = DataHeader { length: header.length.and(Some(length)), ..header };
        if flags & 1 != 0 {
            datagram.push(0xff);
        }
        let (found, payload) = DataHeader::decode(&datagram).unwrap();
        assert_eq!((found, &datagram[payload]), (expected, &echo[..]));
    }
}

#[test]
fn versions_are_told_apart_and_only_two_is_read() {
    assert_eq!(recognise(&octets("c802")), Recognised::Version2Control);
    assert_eq!(recognise(&octets("4a02")), Recognised::Version2Data);
    // katalix/go-l2tp: the first octets of an SCCRQ of L2TPv3.
    let version3 = octets("c803007c0000000000000000");
    assert_eq!(recognise(&version3), Recognised::Version3);
    assert_eq!(recognise(&octets("c801")), Recognised::L2f);
    assert_eq!(recognise(&octets("c800")), Recognised::Other);
    assert_eq!(recognise(&octets("c8")), Recognised::Other);
    let refused = ControlMessage::decode_all(&version3).unwrap_err();
    assert_eq!(refused, Malformed { field: "Ver", offset: 0, why: Why::Value { got: 3 } });
    let refused = ControlMessage::decode_all(&octets("4a02000c0000000000000000")).unwrap_err();
    assert_eq!(refused.field, "T bit");
}

#[test]
fn a_message_too_long_for_its_length_fields_is_not_encoded() {
    let host = Avp::new(AvpValue::HostName(vec![b'a'; 1018]));
    assert_eq!(host.to_octets().unwrap_err().field, "AVP Length");
    let mut reserved = Avp::new(AvpValue::SequencingRequired);
    reserved.reserved = 16;
    assert_eq!(reserved.to_octets().unwrap_err().field, "AVP reserved bits");
    let message = ControlMessage::new(
        Header::control(1, 0, 0, 0),
        (0..80).map(|_| AvpValue::HostName(vec![b'a'; 1000])),
    );
    assert_eq!(message.to_octets().unwrap_err().field, "Length");
}

/// Computed independently; the method compared with accel-ppp's.
#[test]
fn hides_and_opens_the_samples() {
    let vector = octets("00112233445566778899aabbccddeeff");
    let clear = Avp::new(AvpValue::AssignedTunnelId(0x1337));
    let hidden = hidden::hide(&clear, b"secret", &vector, &[]).unwrap();
    assert_eq!(hidden.to_octets().unwrap(), octets("c00a00000009 7efd2c99"));
    assert_eq!(hidden::open(&hidden, b"secret", &vector), Ok(clear));

    let mut clear = Avp::new(AvpValue::VendorName(b"test vendor".to_vec()));
    clear.mandatory = true;
    let hidden = hidden::hide(&clear, b"my_super_secret", &octets("deadbeef"), &[]).unwrap();
    let expected = octets("c01300000008f7dda988cd544a2cc31f253f90");
    assert_eq!(hidden.to_octets().unwrap(), expected);
    assert_eq!(hidden::open(&hidden, b"my_super_secret", &octets("deadbeef")), Ok(clear));
    let refused = hidden::open(&hidden, b"another secret", &octets("deadbeef")).unwrap_err();
    assert_eq!((refused.field, refused.offset), ("Original Attribute Value", 2));
}

/// L2TP-2661-4.3-b: values of 1 to 40 octets and padding, hence up to four blocks.
#[test]
fn hiding_is_undone_at_every_length() {
    for length in 1..40 {
        let clear = Avp::new(AvpValue::Challenge((0..length).collect()));
        let hidden = hidden::hide(&clear, b"s", b"v", &vec![0xa5; usize::from(length % 16)]).unwrap();
        assert_eq!(hidden::open(&hidden, b"s", b"v"), Ok(clear));
    }
}

/// L2TP-2661-4.3-a and L2TP-2661-4.3-c.
#[test]
fn a_hidden_avp_is_opened_with_the_nearest_vector_before_it() {
    let tunnel = Avp::new(AvpValue::AssignedTunnelId(7));
    let vector = |octets: &[u8]| Avp::new(AvpValue::RandomVector(octets.to_vec()));
    let hide = |vector: &[u8]| hidden::hide(&tunnel, b"secret", vector, &[]).unwrap();
    let mut message = ControlMessage::new(
        Header::control(0, 0, 0, 0),
        [AvpValue::MessageType(MessageType::StartControlConnectionReply)],
    );
    message.avps.extend([hide(b"one"), vector(b"one"), hide(b"one"), vector(b"two"), hide(b"two")]);
    let opened = message.open_hidden(b"secret");
    assert_eq!(opened.avps[1], message.avps[1]);
    assert_eq!((&opened.avps[3], &opened.avps[5]), (&tunnel, &tunnel));
    assert_eq!(message.open_hidden(b"wrong").avps.len(), message.avps.len());
    let octets = message.to_octets().unwrap();
    assert_eq!(ControlMessage::decode_all(&octets).unwrap(), message);
}

#[test]
fn a_proxied_password_is_a_secret_and_a_proxied_digest_is_not() {
    let iccn = |kind| {
        let values = [
            AvpValue::MessageType(MessageType::IncomingCallConnected),
            AvpValue::ProxyAuthenType(kind),
            AvpValue::ProxyAuthenResponse(b"hunter2".to_vec()),
        ];
        shown(&ControlMessage::new(Header::control(1, 1, 0, 0), values))
    };
    assert!(iccn(ProxyAuthenType::Pap).contains("proxy_authen_response secret\n"));
    assert!(iccn(ProxyAuthenType::Text).contains("proxy_authen_response secret\n"));
    assert!(iccn(ProxyAuthenType::Chap).contains("proxy_authen_response Octets("));
}

#[test]
fn summaries_say_what_is_missing() {
    assert_eq!(control("c802000c8371000000020013").to_string(), "ZLB tunnel 33649 session 0 Ns 2 Nr 19");
    let first = with_avp("8008 0000 0009 0001");
    assert_eq!(first.to_string(), "control message without Message Type tunnel 1 session 0 Ns 0 Nr 0");
    let unknown = with_avp("8008 0000 0000 0063");
    assert_eq!(unknown.to_string(), "message type 99 tunnel 1 session 0 Ns 0 Nr 0");
    let data = DataMessage::decode_all(&octets(DATA[3])).unwrap();
    assert_eq!(data.to_string(), "data tunnel 1 session 2 Ns 3 Nr 4 (octets 4)");
}

/// Octets near enough to a message to get past its header now and then.
fn near_messages() -> impl Strategy<Value = Vec<u8>> {
    let sample = proptest::sample::select(samples());
    let changed = (sample, proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4));
    let changed = changed.prop_map(|(mut sample, changes)| {
        for (index, octet) in changes {
            let length = sample.len();
            sample[index.index(length)] = octet;
        }
        sample
    });
    let without_length = (any::<u16>(), proptest::collection::vec(any::<u8>(), 0..80));
    let without_length = without_length.prop_map(|(flags, rest)| {
        let flags = (flags & 0xbff0) | 2;
        [flags.to_be_bytes().to_vec(), rest].concat()
    });
    prop_oneof![changed, without_length, proptest::collection::vec(any::<u8>(), 0..80)]
}

proptest! {
    #[test]
    fn whatever_decodes_is_encoded_to_the_same_octets(octets in near_messages()) {
        let _ = recognise(&octets);
        if let Ok(message) = ControlMessage::decode_all(&octets) {
            prop_assert_eq!(message.to_octets().unwrap(), octets.clone());
            shown(&message.open_hidden(b"secret"));
        }
        let data = DataMessage::decode_all(&octets);
        match (&data, DataHeader::decode(&octets)) {
            (Ok(message), Ok((_, payload))) => {
                prop_assert_eq!(&message.payload, &octets[payload]);
                prop_assert_eq!(message.to_octets().unwrap(), octets.clone());
                shown(message);
            }
            (Err(one), Err(other)) => prop_assert_eq!(*one, other),
            (one, other) => prop_assert!(false, "{:?} but {:?}", one, other),
        }
    }

    #[test]
    fn every_value_is_encoded_to_the_same_octets(number in 0_u16..50, value in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut w = crate::codec::Writer::new();
        AvpValue::decode(0, number, &value).encode(&mut w);
        prop_assert_eq!(w.into_octets().unwrap(), value);
    }
}
