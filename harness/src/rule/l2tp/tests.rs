use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::l2tp::wire::{Avp, AvpValue, MessageType, ResultCode, Sequence};
use l2tpspec_protocol::ppp::Protocol;

use super::RULES;
use super::talk::{Case, SESSION, TUNNEL, Talk, assert_all_fire, control};
use crate::transcript::connection::Role::{Client, Supernode};
use crate::transcript::layer::{Named, Opening};
use crate::transcript::{Entry, Fault, FaultCause, Layer};

use MessageType as M;

const SCCRQ: MessageType = M::StartControlConnectionRequest;
const SCCRP: MessageType = M::StartControlConnectionReply;
const SCCCN: MessageType = M::StartControlConnectionConnected;

/// A tunnel and session that break nothing.
fn good() -> Talk {
    let mut talk = Talk::default();
    talk.open();
    talk.hello(Supernode);
    talk.close();
    talk
}

/// Only the tunnel and session, still up.
fn opened() -> Talk {
    let mut talk = Talk::default();
    talk.open();
    talk
}

fn avp(talk: &mut Talk, kind: MessageType, matches: impl Fn(&AvpValue) -> bool) -> &mut Avp {
    talk.message(kind).avps.iter_mut().find(|avp| matches(&avp.value)).unwrap()
}

fn drop_avp(talk: &mut Talk, kind: MessageType, matches: impl Fn(&AvpValue) -> bool) {
    talk.message(kind).avps.retain(|avp| !matches(&avp.value));
}

fn refuse(talk: &mut Talk, field: &'static str) {
    let entry = talk.entries.last_mut().unwrap();
    *entry.layers.last_mut().unwrap() = Layer::Named(Named { layer: "l2tp", why: "malformed" });
    let why = Why::Length { got: 5, want: 6 };
    entry.fault =
        Some(Fault { layer: "l2tp", cause: FaultCause::Malformed(Malformed { field, offset: 12, why }) });
}

/// A peer that is still there, heard after all that was said.
fn peer_lives(talk: &mut Talk) {
    talk.wait(500);
    talk.ppp(Supernode, Protocol::Compressed, vec![]);
}

fn stop(talk: &mut Talk) {
    let result = AvpValue::ResultCode(ResultCode { result: 1, error: None, message: Vec::new() });
    talk.control(
        Client,
        0,
        [
            AvpValue::MessageType(M::StopControlConnectionNotification),
            AvpValue::AssignedTunnelId(TUNNEL[0]),
            result,
        ],
    );
}

const CASES: &[Case] = &[
    ("L2TP-2661-3.1-a", Client, |talk| talk.message(SCCRQ).header.has_length = false),
    ("L2TP-2661-3.1-a", Client, |talk| talk.message(SCCRQ).header.has_priority = true),
    ("L2TP-2661-3.1-a", Supernode, |talk| talk.message(SCCRP).header.offset = Some(Vec::new())),
    ("L2TP-2661-3.1-b", Client, |talk| talk.message(SCCRQ).header.reserved = 0x0400),
    ("L2TP-2661-3.1-c", Client, |talk| {
        talk.say(Client, vec![Layer::Named(Named { layer: "l2tp", why: "unknown version" })]);
    }),
    // A session that nobody assigned, and an SCCRP for another tunnel.
    ("L2TP-2661-3.1-d", Client, |talk| talk.message(M::CallDisconnectNotify).header.session_id = 99),
    ("L2TP-2661-3.1-d", Supernode, |talk| talk.message(SCCRP).header.tunnel_id = 99),
    ("L2TP-2661-4.1-a", Client, |talk| talk.message(SCCRQ).avps[2].reserved = 1),
    ("L2TP-2661-4.1-d", Supernode, |talk| refuse(talk, "AVP Length")),
    ("L2TP-2661-4.3-a", Client, |talk| {
        let avp = avp(talk, SCCRQ, |value| matches!(value, AvpValue::FramingCapabilities(_)));
        (avp.hidden, avp.value) = (true, AvpValue::Hidden(vec![0; 16]));
    }),
    ("L2TP-2661-4.4.1-a", Client, |talk| talk.message(SCCRQ).avps[0].mandatory = false),
    ("L2TP-2661-4.4.1-a", Client, |talk| talk.message(SCCRQ).avps.rotate_left(1)),
    ("L2TP-2661-4.4.2-a", Client, |talk| {
        let avp = avp(talk, M::CallDisconnectNotify, |value| matches!(value, AvpValue::ResultCode(_)));
        avp.value = AvpValue::IllSized(vec![0; 3]);
    }),
    ("L2TP-2661-4.4.2-a", Client, |talk| {
        let avp = avp(talk, M::CallDisconnectNotify, |value| matches!(value, AvpValue::ResultCode(_)));
        avp.value =
            AvpValue::ResultCode(ResultCode { result: 2, error: Some(6.into()), message: vec![0xff] });
    }),
    ("L2TP-2661-4.4.3-a", Supernode, |talk| {
        let avp = avp(talk, SCCRP, |value| matches!(value, AvpValue::ProtocolVersion { .. }));
        avp.value = AvpValue::ProtocolVersion { version: 2, revision: 0 };
    }),
    ("L2TP-2661-4.4.3-b", Client, |talk| {
        avp(talk, SCCRP, |value| matches!(value, AvpValue::FramingCapabilities(_))).value =
            AvpValue::FramingCapabilities(2);
    }),
    ("L2TP-2661-4.4.3-e", Client, |talk| {
        avp(talk, SCCRQ, |value| matches!(value, AvpValue::HostName(_))).value =
            AvpValue::IllSized(Vec::new());
        talk.message(SCCRQ).avps[2].attribute_type = 7;
    }),
    ("L2TP-2661-4.4.3-f", Client, |talk| {
        avp(talk, SCCRQ, |value| matches!(value, AvpValue::AssignedTunnelId(_))).value =
            AvpValue::AssignedTunnelId(0);
    }),
    ("L2TP-2661-4.4.3-f", Client, |talk| talk.message(SCCRQ).header.tunnel_id = 5),
    ("L2TP-2661-4.4.3-f", Client, |talk| talk.message(SCCCN).header.tunnel_id = 0),
    ("L2TP-2661-4.4.3-g", Client, |talk| {
        let kind = M::StopControlConnectionNotification;
        avp(talk, kind, |value| matches!(value, AvpValue::AssignedTunnelId(_))).value =
            AvpValue::AssignedTunnelId(77);
    }),
    ("L2TP-2661-4.4.3-i", Supernode, |talk| {
        talk.message(SCCRQ).avps.push(Avp::new(AvpValue::Challenge(vec![1; 16])));
    }),
    ("L2TP-2661-4.4.3-i", Client, |talk| {
        talk.message(SCCRP).avps.push(Avp::new(AvpValue::Challenge(vec![1; 16])));
        let mut response = Avp::new(AvpValue::ChallengeResponse([0; 16]));
        response.value = AvpValue::IllSized(vec![0; 15]);
        talk.message(SCCCN).avps.push(response);
    }),
    ("L2TP-2661-4.4.4-a", Client, |talk| talk.message(M::IncomingCallRequest).header.session_id = 5),
    ("L2TP-2661-4.4.4-a", Client, |talk| talk.message(M::IncomingCallConnected).header.session_id = 0),
    ("L2TP-2661-4.4.4-a", Client, |talk| {
        let kind = M::CallDisconnectNotify;
        avp(talk, kind, |value| matches!(value, AvpValue::AssignedSessionId(_))).value =
            AvpValue::AssignedSessionId(5);
    }),
    ("L2TP-2661-4.4.4-b", Supernode, |talk| {
        *talk = opened();
        talk.message(M::IncomingCallConnected).avps.push(Avp::new(AvpValue::SequencingRequired));
        talk.wait(2000);
        talk.ppp(Supernode, Protocol::Compressed, vec![]);
        talk.ppp(Supernode, Protocol::Compressed, vec![]);
    }),
    ("L2TP-2661-4.4.4-c", Client, |talk| {
        avp(talk, SCCRQ, |value| matches!(value, AvpValue::HostName(_))).mandatory = false;
    }),
    ("L2TP-2661-4.4.4-c", Client, |talk| {
        let avp = avp(talk, SCCRQ, |value| matches!(value, AvpValue::HostName(_)));
        (avp.hidden, avp.value) = (true, AvpValue::Hidden(vec![0; 16]));
        talk.message(SCCRQ).avps.insert(1, Avp::new(AvpValue::RandomVector(vec![0; 16])));
    }),
    ("L2TP-2661-5.0-a", Client, |talk| {
        *talk = Talk::default();
        talk.open();
        talk.entries.truncate(5);
        talk.message(SCCCN).avps[0].value = AvpValue::MessageType(M::Hello);
    }),
    ("L2TP-2661-5.0-a", Supernode, |talk| {
        *talk = opened();
        let connected = Layer::L2tpControl(Box::new(talk.message(M::IncomingCallConnected).clone()));
        talk.entries.truncate(6);
        talk.ppp(Supernode, Protocol::Compressed, vec![]);
        talk.wait(1000);
        talk.say(Client, vec![connected]);
        for entry in &mut talk.entries[6..] {
            number_esp(entry, 4);
        }
    }),
    ("L2TP-2661-5.7-a", Supernode, |talk| {
        *talk = opened();
        stop(talk);
        talk.repeat_last(Client, &[1000, 2000, 4000]);
        peer_lives(talk);
    }),
    ("L2TP-2661-5.8-a", Client, |talk| {
        talk.entries.truncate(1);
        talk.message(SCCRQ).header.sequence = Some(Sequence { ns: 1, nr: 0 });
    }),
    ("L2TP-2661-5.8-a", Client, |talk| {
        talk.message(M::IncomingCallRequest).header.sequence = Some(Sequence { ns: 1, nr: 1 });
    }),
    // A number is left out, and the peer waits for it.
    ("L2TP-2661-5.8-a", Client, |talk| {
        *talk = opened();
        stop(talk);
        control(talk.entries.last_mut().unwrap()).unwrap().header.sequence = Some(Sequence { ns: 5, nr: 2 });
        talk.repeat_last(Client, &[1000, 2000]);
        talk.zlb(Supernode);
        control(talk.entries.last_mut().unwrap()).unwrap().header.sequence = Some(Sequence { ns: 2, nr: 4 });
    }),
    ("L2TP-2661-5.8-b", Supernode, |talk| {
        *talk = opened();
        talk.zlb(Supernode);
        control(talk.entries.last_mut().unwrap()).unwrap().header.sequence = Some(Sequence { ns: 2, nr: 5 });
        talk.wait(1000);
        talk.control(Client, 0, [AvpValue::MessageType(M::Hello)]);
    }),
    ("L2TP-2661-5.8-b", Supernode, |talk| {
        *talk = opened();
        talk.wait(3000);
        talk.zlb(Supernode);
        control(talk.entries.last_mut().unwrap()).unwrap().header.sequence = Some(Sequence { ns: 2, nr: 3 });
    }),
    ("L2TP-2661-5.8-e", Supernode, |talk| {
        *talk = opened();
        talk.control(Supernode, 0, [AvpValue::MessageType(M::Hello)]);
        talk.hello(Client);
        let hello = talk.position(M::Hello);
        let message = control(&mut talk.entries[hello]).unwrap().clone();
        talk.wait(1000);
        talk.say(Supernode, vec![Layer::L2tpControl(Box::new(message))]);
    }),
    ("L2TP-2661-5.8-f", Client, |talk| {
        *talk = opened();
        stop(talk);
        talk.repeat_last(Client, &[1000, 1000, 1000]);
    }),
    ("L2TP-2661-5.8-i", Client, |talk| {
        avp(talk, SCCRQ, |value| matches!(value, AvpValue::ReceiveWindowSize(_))).value =
            AvpValue::ReceiveWindowSize(0);
    }),
    ("L2TP-2661-5.8-i", Client, |talk| {
        *talk = opened();
        for _ in 0..6 {
            talk.control(Client, 0, [AvpValue::MessageType(M::Hello)]);
        }
    }),
    ("L2TP-2661-6.1-a", Client, |talk| drop_avp(talk, SCCRQ, |value| matches!(value, AvpValue::HostName(_)))),
    ("L2TP-2661-6.4-a", Client, |talk| {
        let kind = M::StopControlConnectionNotification;
        drop_avp(talk, kind, |value| matches!(value, AvpValue::ResultCode(_)));
    }),
    ("L2TP-2661-6.5-a", Supernode, |talk| talk.message(M::Hello).header.session_id = SESSION[0]),
    ("L2TP-2661-6.5-a", Supernode, |talk| {
        *talk = opened();
        talk.control(Client, 0, [AvpValue::MessageType(M::Hello)]);
        talk.repeat_last(Client, &[1000, 2000, 4000]);
        peer_lives(talk);
    }),
    ("L2TP-2661-6.6-a", Client, |talk| {
        drop_avp(talk, M::IncomingCallConnected, |value| matches!(value, AvpValue::TxConnectSpeed(_)));
    }),
    ("L2TP-2661-6.7-a", Supernode, |talk| {
        drop_avp(talk, M::IncomingCallReply, |value| matches!(value, AvpValue::AssignedSessionId(_)));
    }),
    ("L2TP-2661-6.9-a", Client, |talk| {
        talk.message(M::IncomingCallRequest).avps[0].value = AvpValue::MessageType(M::OutgoingCallRequest);
    }),
    ("L2TP-2661-6.12-a", Client, |talk| {
        drop_avp(talk, M::CallDisconnectNotify, |value| matches!(value, AvpValue::ResultCode(_)));
    }),
    ("L2TP-2661-8.1-a", Client, |talk| *udp(&mut talk.entries[0]).0 = 1702),
    ("L2TP-2661-8.1-a", Supernode, |talk| *udp(&mut talk.entries[1]).0 = 1702),
    ("L2TP-2661-8.1-a", Supernode, |talk| *udp(&mut talk.entries[5]).1 = 1702),
];

/// Gives the ESP packet of an entry a number.
fn number_esp(entry: &mut Entry, number: u32) {
    match entry.layers.iter_mut().find(|layer| matches!(layer, Layer::Esp(_))).unwrap() {
        Layer::Esp(esp) => esp.header.sequence_number = number,
        _ => unreachable!(),
    }
}

/// Destination and source port of an entry.
fn udp(entry: &mut Entry) -> (&mut u16, &mut u16) {
    match entry.layers.iter_mut().find(|layer| matches!(layer, Layer::Udp(_))).unwrap() {
        Layer::Udp(udp) => (&mut udp.destination_port, &mut udp.source_port),
        _ => unreachable!(),
    }
}

#[test]
fn a_good_tunnel_breaks_nothing() {
    assert_eq!(good().judge(), []);
}

#[test]
fn every_requirement_is_found_broken_once() {
    assert_all_fire(RULES, good, CASES);
}

#[test]
fn what_is_repeated_is_reported_once() {
    let mut talk = Talk::default();
    talk.open();
    talk.entries.truncate(1);
    talk.message(SCCRQ).header.reserved = 0x0400;
    talk.repeat_last(Client, &[1000, 2000, 4000]);
    assert_eq!(talk.judge().len(), 1);
}

/// All transcripts that end in silence or repeats, none of which is anybody's fault.
#[test]
fn lost_messages_and_repeats_with_growing_intervals_break_nothing() {
    let mut talk = opened();
    stop(&mut talk);
    talk.repeat_last(Client, &[1000, 2000, 4000, 8000, 8000]);
    assert_eq!(talk.judge(), []);
    // The peer has acknowledged every copy.
    let mut talk = opened();
    for copies in 0..4 {
        if copies > 0 {
            talk.wait(1000 << copies);
        }
        let sent = talk.entries.len();
        stop(&mut talk);
        let message = control(&mut talk.entries[sent]).unwrap();
        message.header.sequence = Some(Sequence { ns: 4, nr: 2 });
        talk.zlb(Supernode);
        control(talk.entries.last_mut().unwrap()).unwrap().header.sequence = Some(Sequence { ns: 2, nr: 5 });
    }
    assert_eq!(talk.judge(), []);
}

/// L2TP-2661-5.8-d: who drops what is ahead of its turn owes no acknowledgement of it; the one who skipped a number is at fault.
#[test]
fn a_hello_ahead_of_its_turn_need_not_be_acknowledged() {
    let broken = |ahead: u16| {
        let mut talk = opened();
        talk.control(Client, 0, [AvpValue::MessageType(M::Hello)]);
        let header = &mut control(talk.entries.last_mut().unwrap()).unwrap().header;
        let Sequence { ns, nr } = header.sequence.unwrap();
        header.sequence = Some(Sequence { ns: ns + ahead, nr });
        talk.repeat_last(Client, &[1000, 2000, 4000]);
        peer_lives(&mut talk);
        format!("{:?}", talk.judge())
    };
    assert!(broken(0).contains("sent no acknowledgement of the HELLO"), "{}", broken(0));
    assert!(!broken(5).contains("sent no acknowledgement"), "{}", broken(5));
    assert!(broken(5).contains("was not sent; expected Ns"), "{}", broken(5));
}

#[test]
fn what_cannot_be_read_is_held_against_nobody() {
    let mut talk = opened();
    stop(&mut talk);
    // The acknowledgement may be among what a missing key hides.
    talk.say(Supernode, vec![]);
    let entry = talk.entries.last_mut().unwrap();
    entry.layers.truncate(2);
    match entry.layers.last_mut().unwrap() {
        Layer::Esp(esp) => esp.opening = Opening::KeyAbsent,
        other => panic!("{other:?}"),
    }
    let hidden = talk.entries.pop().unwrap();
    talk.repeat_last(Client, &[1000, 2000, 4000]);
    peer_lives(&mut talk);
    assert_eq!(talk.judge().len(), 1);
    talk.entries.insert(9, hidden);
    assert_eq!(talk.judge(), []);
}

#[test]
fn an_opened_hidden_avp_and_a_random_vector_before_a_hidden_one_break_nothing() {
    let mut talk = good();
    let message = talk.message(SCCRQ);
    let avp =
        message.avps.iter_mut().find(|avp| matches!(avp.value, AvpValue::FramingCapabilities(_))).unwrap();
    (avp.hidden, avp.value) = (true, AvpValue::Hidden(vec![0; 16]));
    message.avps.insert(1, Avp::new(AvpValue::RandomVector(vec![0; 16])));
    assert_eq!(talk.judge(), []);
}

#[test]
fn an_l2tp_message_that_user_traffic_carries_is_left_alone() {
    let mut talk = opened();
    talk.ppp(Client, Protocol::Ipv4, vec![]);
    let inner = talk.message(SCCRQ).clone();
    let mut inner = Layer::L2tpControl(Box::new(inner));
    if let Layer::L2tpControl(message) = &mut inner {
        message.header.reserved = 0x0400;
    }
    let mut talk = opened();
    talk.ppp(Client, Protocol::Compressed, vec![inner]);
    assert_eq!(talk.judge(), []);
}
