//! L2TPv2 as a layer: two ends in virtual time (RFC 2661).

mod damage;
mod data;
mod samples;
pub(crate) mod support;

use std::time::Duration;

use l2tpspec_protocol::l2tp::wire::{AvpValue, ControlMessage, MessageType};
use l2tpspec_protocol::l2tp::{Command, Content, DataHabit, End, Event, Part, Reason, ResultForm, Violation};
use l2tpspec_protocol::layer::Layer;

use crate::support::pair::Side;
use support::{CLIENT, assert_up, config, joined, open, pair, sessions, tunnels};

const SOON: Duration = Duration::from_secs(1);

fn types(sent: &[(l2tpspec_protocol::time::Instant, l2tpspec_protocol::l2tp::Datagram)]) -> Vec<String> {
    use l2tpspec_protocol::codec::Codec;
    sent.iter()
        .map(|(_, datagram)| {
            let message = ControlMessage::decode_all(&datagram.octets).expect("a control message");
            message.message_type().map_or_else(|| "ZLB".to_owned(), |kind| kind.to_string())
        })
        .collect()
}

/// L2TP-2661-7.2.1-a, L2TP-2661-7.4.1-a, L2TP-2661-7.4.2-a.
#[test]
fn a_tunnel_and_a_call_come_up_and_are_acknowledged() {
    let mut pair = pair(config("edgerouter"), config("sn1"));
    open(&mut pair);
    pair.run(SOON);
    assert_up(&pair, "plain");
    assert_eq!(types(&pair.left.sent), ["SCCRQ", "SCCCN", "ICRQ", "ICCN"]);
    assert_eq!(types(&pair.right.sent), ["SCCRP", "ZLB", "ICRP", "ZLB"]);
    let speed = pair.right.events.iter().find_map(|(_, event)| match event {
        Event::SessionUp { tx_connect_speed, is_ours, .. } => Some((*tx_connect_speed, *is_ours)),
        _ => None,
    });
    assert_eq!(speed, Some((Some(100_000_000), false)));
    assert_eq!(pair.right.layer.half_open(), 0);
}

/// L2TP-2661-4.4.3-i, L2TP-2661-4.4.3-j, L2TP-2661-4.3-a.
#[test]
fn ends_that_share_a_secret_prove_it_and_hide_what_is_to_be_hidden() {
    let secret = |name| {
        let mut config = config(name);
        config.secret = Some(b"secret".to_vec());
        config.challenge_octets = Some(16);
        config.messages.icrq = config.messages.icrq.into_iter().map(Part::hidden).collect();
        config.messages.sccrp[0].hidden = false;
        config
    };
    let mut pair = pair(secret("lac"), secret("lns"));
    open(&mut pair);
    pair.run(SOON);
    assert_up(&pair, "authenticated");
    for end in [&pair.left, &pair.right] {
        let proved = end.events.iter().find_map(|(_, event)| match event {
            Event::TunnelUp { is_authenticated, .. } => Some(*is_authenticated),
            _ => None,
        });
        assert_eq!(proved, Some(true));
    }
    use l2tpspec_protocol::codec::Codec;
    let icrq = ControlMessage::decode_all(&pair.left.sent[2].1.octets).expect("an ICRQ");
    assert!(icrq.avps.iter().skip(2).all(|avp| matches!(avp.value, AvpValue::Hidden(_))), "{icrq:?}");
}

/// L2TP-2661-5.1.1-a.
#[test]
fn a_peer_without_the_secret_is_not_let_in() {
    for (own, peer) in [(Some("secret"), Some("guess")), (Some("secret"), None), (None, Some("secret"))] {
        let with = |name, secret: Option<&str>| {
            let mut config = config(name);
            config.secret = secret.map(|secret| secret.as_bytes().to_vec());
            config.challenge_octets = secret.map(|_| 16);
            config
        };
        let mut pair = pair(with("lac", peer), with("lns", own));
        open(&mut pair);
        pair.run(SOON);
        assert_eq!(pair.left.layer.tunnels().count(), 0, "{own:?}, {peer:?}");
        assert_eq!(pair.right.layer.tunnels().count(), 0, "{own:?}, {peer:?}");
        let ended = pair.left.events.iter().chain(&pair.right.events).find_map(|(_, event)| match event {
            Event::TunnelDown { why: End::ByPeer(reason), .. } => Some(reason.result),
            _ => None,
        });
        assert_eq!(ended, Some(4), "{own:?}, {peer:?}: not authorised");
    }
}

/// L2TP-2661-5.8-f, L2TP-2661-5.8-h.
#[test]
fn without_an_answer_the_tunnel_is_given_up_after_the_last_wait() {
    let mut pair = joined(config("lac"), config("lns"), |_, _| Vec::new());
    open(&mut pair);
    pair.run(Duration::from_secs(60));
    let sent: Vec<u64> = pair.left.sent.iter().map(|(moment, _)| moment.as_micros() / 1_000_000).collect();
    assert_eq!(sent, [0, 1, 3, 7, 15, 23]);
    let down = pair.left.events.iter().find_map(|(moment, event)| match event {
        Event::TunnelDown { why, .. } => Some((moment.as_micros() / 1_000_000, why.clone())),
        _ => None,
    });
    assert_eq!(down, Some((31, End::NoAnswer)));
    assert_eq!(pair.left.layer.next_timeout(), None);
}

/// L2TP-2661-6.5-a, L2TP-2661-6.5-b.
#[test]
fn silence_is_broken_by_hello_and_a_dead_peer_is_noticed() {
    let outage = std::rc::Rc::new(std::cell::Cell::new(false));
    let is_out = outage.clone();
    let mut supernode = config("lns");
    supernode.hello = None;
    let mut pair =
        joined(
            config("lac"),
            supernode,
            move |_, _| {
                if is_out.get() { Vec::new() } else { vec![Duration::ZERO] }
            },
        );
    open(&mut pair);
    pair.run(Duration::from_secs(130));
    assert_eq!(types(&pair.left.sent)[4..], ["HELLO", "HELLO"]);
    assert_up(&pair, "after two minutes");
    outage.set(true);
    pair.run(Duration::from_secs(130));
    assert_eq!(pair.left.layer.tunnels().count(), 0);
    let gone = |(_, event): &(_, Event)| matches!(event, Event::SessionDown { why: End::NoAnswer, .. });
    assert!(pair.left.events.iter().any(gone));
    assert_eq!(pair.right.layer.tunnels().count(), 1, "who says nothing notices nothing");
}

#[test]
fn sessions_and_tunnels_end_in_order_whoever_ends_them() {
    for side in [Side::Left, Side::Right] {
        let mut pair = pair(config("lac"), config("lns"));
        open(&mut pair);
        pair.run(SOON);
        let end = pair.end(side);
        let (session, tunnel) = (sessions(&end.events)[0], tunnels(&end.events)[0]);
        pair.command(side, Command::CloseSession { session, reason: Reason::plain(3) });
        pair.run(SOON);
        let told = |(_, event): &(_, Event)| {
            matches!(event, Event::SessionDown { why: End::ByPeer(Reason { result: 3, .. }), .. })
        };
        assert!(pair.end(!side).events.iter().any(told), "{side:?}");
        assert_eq!(pair.left.layer.tunnels().count() + pair.right.layer.tunnels().count(), 2);
        pair.command(side, Command::CloseTunnel { tunnel, reason: Reason::plain(6) });
        pair.run(SOON);
        let told = |(_, event): &(_, Event)| {
            matches!(event, Event::TunnelDown { why: End::ByPeer(Reason { result: 6, .. }), .. })
        };
        assert!(pair.end(!side).events.iter().any(told), "{side:?}");
        pair.run(Duration::from_secs(40));
        for end in [&pair.left, &pair.right] {
            assert_eq!(end.layer.tunnels().count() + end.layer.sessions().count(), 0);
            assert_eq!(end.layer.next_timeout(), None, "nothing is left: {:?}", end.events);
        }
    }
}

/// L2TP-2661-5.7-a: the acknowledgment of a `StopCCN` is lost, and the repeat is acknowledged again.
#[test]
fn a_tunnel_that_is_over_still_acknowledges() {
    let mut pair = joined(config("lac"), config("lns"), |side, number| {
        if (side, number) == (Side::Right, 4) { Vec::new() } else { vec![Duration::ZERO] }
    });
    open(&mut pair);
    pair.run(SOON);
    let tunnel = tunnels(&pair.left.events)[0];
    pair.command(Side::Left, Command::CloseTunnel { tunnel, reason: Reason::plain(1) });
    pair.run(Duration::from_secs(10));
    assert_eq!(types(&pair.left.sent)[4..], ["StopCCN", "StopCCN"]);
    assert_eq!(types(&pair.right.sent)[4..], ["ZLB", "ZLB"]);
}

/// L2TP-2661-4.4.3-d.
#[test]
fn of_two_requests_that_cross_the_lower_tie_breaker_wins() {
    let tied = |name| {
        let mut config = config(name);
        config.messages.sccrq.push(Part::optional(Content::TieBreaker));
        config
    };
    let mut pair = pair(tied("one"), tied("other"));
    pair.command(Side::Left, Command::Open { path: CLIENT });
    let path = l2tpspec_protocol::l2tp::Path { local: CLIENT.peer, peer: CLIENT.local, link: CLIENT.link };
    pair.command(Side::Right, Command::Open { path });
    pair.run(Duration::from_secs(2));
    assert_up(&pair, "one of the two");
    let lost = |(_, event): &&(_, Event)| matches!(event, Event::TunnelDown { why: End::LostTie, .. });
    assert_eq!(pair.left.events.iter().chain(&pair.right.events).filter(lost).count(), 1);
}

/// xl2tpd says goodbye in its Result Codes.
#[test]
fn a_result_code_says_what_it_is_set_up_to_say() {
    let mut polite = config("lac");
    polite.result_text = b"Goodbye!".to_vec();
    let mut pair = pair(polite, config("lns"));
    open(&mut pair);
    pair.run(SOON);
    let tunnel = tunnels(&pair.left.events)[0];
    pair.command(Side::Left, Command::CloseTunnel { tunnel, reason: Reason::plain(1) });
    pair.run(SOON);
    let told = |(_, event): &(_, Event)| matches!(event, Event::TunnelDown { why: End::ByPeer(Reason { message, .. }), .. } if message == b"Goodbye!");
    assert!(pair.right.events.iter().any(told), "{:?}", pair.right.events);
}

/// Two clients behind one translator have the same address and port; the link tells them apart.
#[test]
fn peers_at_one_address_are_told_apart_by_their_links() {
    let mut pair = pair(config("lac"), config("lns"));
    for link in [1, 2] {
        let path = l2tpspec_protocol::l2tp::Path { link, ..CLIENT };
        pair.command(Side::Left, Command::Open { path });
    }
    pair.run(SOON);
    assert_eq!((pair.left.layer.sessions().count(), pair.right.layer.sessions().count()), (2, 2));
    let tunnel = tunnels(&pair.right.events)[1];
    pair.command(Side::Right, Command::CloseTunnel { tunnel, reason: Reason::plain(1) });
    pair.run(SOON);
    assert_eq!((pair.left.layer.sessions().count(), pair.right.layer.sessions().count()), (1, 1));
}

#[test]
fn more_unfinished_tunnels_than_are_kept_are_not_begun() {
    let mut pair = joined(config("lac"), config("lns"), |side, _| {
        if side == Side::Left { vec![Duration::ZERO] } else { Vec::new() }
    });
    for _ in 0..15 {
        open(&mut pair);
    }
    pair.run(Duration::from_millis(500));
    assert_eq!(pair.right.layer.half_open(), 10);
    let refused = |(_, event): &&(_, Event)| {
        matches!(event, Event::Rejected { violation: Violation::TooManyHalfOpen, .. })
    };
    assert_eq!(pair.right.events.iter().filter(refused).count(), 5);
    pair.run(Duration::from_secs(120));
    assert_eq!(pair.right.layer.half_open(), 0);
    assert_eq!(pair.right.layer.next_timeout(), None);
}

/// L2TP-2661-4.1-b, L2TP-2661-4.1-c: the same strange AVP, mandatory or not, in a message of a tunnel and of a session.
#[test]
fn an_unknown_avp_is_skipped_or_ends_what_it_belongs_to_by_its_m_bit() {
    use l2tpspec_protocol::l2tp::wire::Avp;
    let strange = |mandatory| {
        let value = AvpValue::Opaque(vec![1, 2]);
        let avp = Avp { mandatory, hidden: false, reserved: 0, vendor_id: 3561, attribute_type: 2, value };
        Part { content: Content::Whole(avp), mandatory, hidden: false }
    };
    for (mandatory, in_session, tunnels_left, sessions_left) in
        [(false, false, 1, 1), (false, true, 1, 1), (true, false, 0, 0), (true, true, 1, 0)]
    {
        let mut client = config("lac");
        let parts = if in_session { &mut client.messages.icrq } else { &mut client.messages.sccrq };
        parts.push(strange(mandatory));
        let mut pair = pair(client, config("lns"));
        open(&mut pair);
        pair.run(SOON);
        for end in [&pair.left, &pair.right] {
            let left = (end.layer.tunnels().count(), end.layer.sessions().count());
            assert_eq!(left, (tunnels_left, sessions_left), "mandatory {mandatory}, in session {in_session}");
        }
    }
}

/// L2TP-2661-4.4.2-a: Android's and `RouterOS`'s form, and Apple's.
#[test]
fn every_form_of_a_result_code_is_understood_as_an_end() {
    for (form, result) in [(ResultForm::WithError, 1), (ResultForm::Bare, 1), (ResultForm::Apple, 0x0100)] {
        let mut client = config("lac");
        client.result_form = form;
        let mut pair = pair(client, config("lns"));
        open(&mut pair);
        pair.run(SOON);
        let tunnel = tunnels(&pair.left.events)[0];
        pair.command(Side::Left, Command::CloseTunnel { tunnel, reason: Reason::plain(1) });
        pair.run(SOON);
        let told = pair.right.events.iter().find_map(|(_, event)| match event {
            Event::TunnelDown { why: End::ByPeer(reason), .. } => Some(reason.result),
            _ => None,
        });
        assert_eq!(told, Some(result), "{form:?}");
    }
}

#[test]
fn calls_out_are_refused_and_the_tunnel_stays() {
    use l2tpspec_protocol::codec::Codec;
    use l2tpspec_protocol::l2tp::wire::{Avp, Header};
    use l2tpspec_protocol::layer::Input;
    let mut pair = pair(config("lac"), config("lns"));
    open(&mut pair);
    pair.run(SOON);
    let tunnel = tunnels(&pair.right.events)[0];
    let values = [AvpValue::MessageType(MessageType::OutgoingCallRequest), AvpValue::AssignedSessionId(9)];
    let message = ControlMessage {
        header: Header::control(tunnel.0, 0, 4, 2),
        avps: values.map(Avp::new).to_vec(),
        padding: Vec::new(),
    };
    let datagram = l2tpspec_protocol::l2tp::Datagram {
        path: l2tpspec_protocol::l2tp::Path { local: CLIENT.peer, peer: CLIENT.local, link: 1 },
        octets: message.to_octets().expect("short"),
    };
    pair.input(Side::Right, Input::FromBelow(datagram));
    assert_eq!(types(&pair.right.sent).last().map(String::as_str), Some("CDN"));
    assert_eq!(pair.right.layer.sessions().count(), 1);
}

#[test]
fn numbered_data_with_every_field_come_out_as_they_went_in() {
    data::every_habit(&[
        DataHabit::default(),
        DataHabit { has_length: true, ..DataHabit::default() },
        DataHabit { has_length: true, is_numbered: true, offset_size: Some(4) },
        DataHabit { has_length: false, is_numbered: true, offset_size: None },
        DataHabit { has_length: false, is_numbered: false, offset_size: Some(0) },
    ]);
}
