//! Who proves what to whom, and what becomes of those who cannot.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use l2tpspec_protocol::cx::{Cx, NoKeyLog};
use l2tpspec_protocol::entropy::{Scripted, Seeded};
use l2tpspec_protocol::layer::{Input, Layer, Output};
use l2tpspec_protocol::ppp::{Command, End, Event, Frame, LcpRequest, Method, Ppp, Refusal, RefusalHabit};
use l2tpspec_protocol::time::Instant;

use super::support::{LINK, assert_up, client, pair, secret, server};
use crate::support::pair::Side;
use crate::support::{digits, hex};

const SOON: Duration = Duration::from_secs(2);
const ALL: [Method; 5] =
    [Method::Pap, Method::ChapMd5, Method::MsChapV2, Method::EapMd5, Method::EapMsChapV2];

fn down(events: &[(Instant, Event)]) -> Option<End> {
    events.iter().find_map(|(_, event)| match event {
        Event::LinkDown { why, .. } => Some(why.clone()),
        _ => None,
    })
}

#[test]
fn every_method_lets_in_who_knows_the_secret() {
    for method in ALL {
        let mut pair = pair(client(&[method]), server(&[method]));
        pair.run(SOON);
        assert_up(&pair, &format!("{method:?}"));
        let name = pair.right.events.iter().find_map(|(_, event)| match event {
            Event::Authenticated { method: it, is_peer: true, name, .. } if *it == method => {
                Some(name.clone())
            }
            _ => None,
        });
        assert_eq!(name.as_deref(), Some(&b"nycmesh"[..]), "{method:?}");
    }
}

#[test]
fn every_method_keeps_out_who_does_not() {
    for method in ALL {
        for (name, password) in [("nycmesh", "guess"), ("stranger", "nycmeshnet")] {
            let mut guest = client(&[method]);
            guest.authentication.name = name.as_bytes().to_vec();
            guest.authentication.secrets = vec![secret(name, None, password)];
            let mut pair = pair(guest, server(&[method]));
            pair.run(Duration::from_secs(20));
            let theirs = down(&pair.left.events);
            assert!(
                matches!(theirs, Some(End::NotAuthenticated(Refusal::ByPeer(_)))),
                "{method:?}, {name}: {theirs:?}"
            );
            let ours = down(&pair.right.events);
            assert_eq!(ours, Some(End::NotAuthenticated(Refusal::WrongProof)), "{method:?}, {name}");
            assert_eq!(pair.right.layer.leases().count(), 0);
        }
    }
}

/// MSCHAP-2759-6-b: the failure that a wrong password draws says 691 and that there is no retry.
#[test]
fn ms_chap_v2_says_why_it_refuses() {
    for method in [Method::MsChapV2, Method::EapMsChapV2] {
        let mut guest = client(&[method]);
        guest.authentication.secrets = vec![secret("nycmesh", None, "guess")];
        let mut pair = pair(guest, server(&[method]));
        pair.run(Duration::from_secs(20));
        let Some(End::NotAuthenticated(Refusal::ByPeer(message))) = down(&pair.left.events) else {
            panic!("{:?}", pair.left.events)
        };
        let message = String::from_utf8(message).expect("text");
        assert!(message.starts_with("E=691 R=0 C=") && message.contains(" V=3 M="), "{message}");
    }
}

/// What pppd writes instead, which a peer takes for the same.
#[test]
fn a_refusal_says_what_it_is_set_up_to_say() {
    let mut guest = client(&[Method::MsChapV2]);
    guest.authentication.secrets = vec![secret("nycmesh", None, "guess")];
    let mut host = server(&[Method::MsChapV2]);
    host.authentication.refusal = RefusalHabit { is_retry_allowed: true, version: 0 };
    let mut pair = pair(guest, host);
    pair.run(Duration::from_secs(20));
    let Some(End::NotAuthenticated(Refusal::ByPeer(message))) = down(&pair.left.events) else {
        panic!("{:?}", pair.left.events)
    };
    let message = String::from_utf8(message).expect("text");
    assert!(message.starts_with("E=691 R=1 C=") && message.contains(" V=0 M="), "{message}");
}

/// RFC 2759 section 7: a peer whose password has expired is invited to change it. It does not, and says no more than that it
/// has heard: the link ends, and no Change-Password (code 7) is sent.
#[test]
fn a_password_that_has_expired_is_not_changed() {
    for method in [Method::MsChapV2, Method::EapMsChapV2] {
        let mut guest = client(&[method]);
        guest.authentication.secrets = vec![secret("nycmesh", None, "guess")];
        let mut pair = pair(guest, server(&[method]));
        let said = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&said);
        pair.link = Box::new(move |side, _, mut frame: Frame| {
            let error = frame.octets.windows(5).position(|octets| octets == b"E=691");
            if let (Side::Right, Some(at)) = (side, error) {
                frame.octets[at..at + 5].copy_from_slice(b"E=648");
            }
            if side == Side::Left {
                seen.borrow_mut().push(frame.octets.clone());
            }
            vec![(Duration::ZERO, frame)]
        });
        pair.run(Duration::from_secs(20));
        let Some(End::NotAuthenticated(Refusal::ByPeer(message))) = down(&pair.left.events) else {
            panic!("{:?}", pair.left.events)
        };
        assert!(message.starts_with(b"E=648 R=0"), "{message:?}");
        // CHAP code 7 is Change-Password; inside EAP it is the OpCode after Type 26.
        let is_change = |octets: &Vec<u8>| {
            let chap = octets.windows(3).any(|it| it == [0xc2, 0x23, 7]);
            chap || octets.windows(2).any(|it| it == [0xc2, 0x27])
                && octets.windows(2).any(|it| it == [26, 7])
        };
        assert!(!said.borrow().iter().any(is_change), "{method:?}");
    }
}

/// RFC 3748 section 5.3.1: an end that is asked for another type of EAP than it does names its own, and is asked for that.
#[test]
fn an_eap_type_that_is_not_done_is_exchanged_for_one_that_is() {
    let mut agreed = pair(client(&[Method::EapMd5]), server(&[Method::EapMsChapV2, Method::EapMd5]));
    agreed.run(SOON);
    assert_up(&agreed, "MD5-Challenge in common");
    let mut agreed = pair(client(&[Method::EapMsChapV2]), server(&[Method::EapMd5, Method::EapMsChapV2]));
    agreed.run(SOON);
    assert_up(&agreed, "MS-CHAPv2 in common");
    let mut lost = pair(client(&[Method::EapMd5]), server(&[Method::EapMsChapV2]));
    lost.run(Duration::from_secs(20));
    assert_eq!(down(&lost.right.events), Some(End::NotAuthenticated(Refusal::WrongProof)));
}

/// An end that says Success though it has proved nothing is not believed, with either packaging of MS-CHAPv2.
#[test]
fn an_eap_success_out_of_nothing_is_not_believed() {
    let mut pair = pair(client(&[Method::EapMsChapV2]), server(&[Method::EapMsChapV2]));
    pair.link = Box::new(|side, _, mut frame: Frame| {
        let at = frame.octets.windows(2).position(|octets| octets == [0xc2, 0x27]);
        // The challenge becomes an EAP-Success of the same identifier.
        if let (Side::Right, Some(at), true) = (side, at, frame.octets.windows(2).any(|it| it == [26, 1])) {
            frame.octets.truncate(at + 6);
            frame.octets[at + 2] = 3;
            frame.octets[at + 4..].copy_from_slice(&[0, 4]);
        }
        vec![(Duration::ZERO, frame)]
    });
    pair.run(Duration::from_secs(20));
    assert_eq!(down(&pair.left.events), Some(End::NotAuthenticated(Refusal::PeerNotProved)));
}

/// MSCHAP-2759-5-a: an impostor that lets everybody in is found out.
#[test]
fn a_server_that_does_not_know_the_secret_is_not_trusted() {
    for method in [Method::MsChapV2, Method::EapMsChapV2] {
        let mut pair = pair(client(&[method]), server(&[method]));
        pair.link = Box::new(|side, _, mut frame: Frame| {
            if side == Side::Right && frame.octets.windows(2).any(|octets| octets == b"S=") {
                let at = frame.octets.windows(2).position(|octets| octets == b"S=").expect("found") + 2;
                frame.octets[at] = if frame.octets[at] == b'0' { b'1' } else { b'0' };
            }
            vec![(Duration::ZERO, frame)]
        });
        pair.run(Duration::from_secs(20));
        assert_eq!(down(&pair.left.events), Some(End::NotAuthenticated(Refusal::PeerNotProved)));
    }
}

#[test]
fn the_first_method_that_both_know_is_taken_and_none_is_an_end() {
    let mut agreed =
        pair(client(&[Method::Pap, Method::ChapMd5]), server(&[Method::MsChapV2, Method::ChapMd5]));
    agreed.run(SOON);
    assert_up(&agreed, "CHAP in common");
    let mut lost = pair(client(&[]), server(&[Method::MsChapV2]));
    lost.run(Duration::from_secs(40));
    assert_eq!(down(&lost.right.events), Some(End::NotAuthenticated(Refusal::NoCommonMethod)));
}

/// The table of secrets of an `EdgeOS` that knows its server by another name than the server uses: no secret is found until
/// remotename says which one is meant.
#[test]
fn a_secret_for_another_server_is_not_found_until_remotename_names_it() {
    let mut edge = client(&[Method::ChapMd5]);
    edge.authentication.secrets = vec![secret("nycmesh", Some("xl2tpd"), "nycmeshnet")];
    let mut broken = pair(edge.clone(), server(&[Method::ChapMd5]));
    broken.run(Duration::from_secs(20));
    let missing = |(_, event): &(_, Event)| matches!(event, Event::SecretMissing { client, server, .. } if client == b"nycmesh" && server == b"sn1");
    assert!(broken.left.events.iter().any(missing));
    assert!(matches!(down(&broken.left.events), Some(End::NotAuthenticated(Refusal::ByPeer(_)))));
    edge.authentication.remote_name = Some(b"xl2tpd".to_vec());
    let mut mended = pair(edge, server(&[Method::ChapMd5]));
    mended.run(SOON);
    assert_up(&mended, "with remotename");
}

/// CHAP-1994-2-b: the challenge comes again while packets travel.
#[test]
fn a_peer_proves_itself_again_and_again() {
    let mut strict = server(&[Method::ChapMd5]);
    strict.authentication.again = Some(Duration::from_secs(60));
    let mut pair = pair(client(&[Method::ChapMd5]), strict);
    pair.run(Duration::from_secs(200));
    assert_up(&pair, "after three more challenges");
    let proofs = pair.right.events.iter().filter(|(_, event)| matches!(event, Event::Authenticated { .. }));
    assert_eq!(proofs.count(), 4);
    pair.command(Side::Right, Command::Reauthenticate { link: LINK });
    pair.run(SOON);
    assert_up(&pair, "after one more");
}

/// Both ends ask: each proves itself to the other.
#[test]
fn both_ends_may_have_to_prove_themselves() {
    let mut mutual = client(&[Method::ChapMd5]);
    mutual.lcp.push(LcpRequest::Authentication);
    mutual.authentication.asks = vec![Method::ChapMd5];
    mutual.authentication.secrets.push(secret("sn1", None, "other"));
    let mut host = server(&[Method::ChapMd5]);
    host.authentication.does = vec![Method::ChapMd5];
    host.authentication.secrets.push(secret("sn1", None, "other"));
    let mut pair = pair(mutual, host);
    pair.run(SOON);
    assert_up(&pair, "mutual");
    let of_peer = |(_, event): &(_, Event)| matches!(event, Event::Authenticated { is_peer: true, .. });
    assert!(pair.left.events.iter().any(of_peer) && pair.right.events.iter().any(of_peer));
}

/// RFC 2759 section 9.2, through the machine of either end: the peer says its NT-Response, the authenticator its own proof.
#[test]
fn ms_chap_v2_says_what_rfc_2759_says() {
    let challenge = hex("5b5d7c7d7b3f2f3e3c2c602132262628");
    let peer_challenge = hex("21402324255e262a28295f2b3a337c7e");
    let response =
        "21402324255e262a28295f2b3a337c7e000000000000000082309ecd8d708b5ea08faa3981cd83544233114a3d85d6df00";
    let success = b"S=407A5589115FD0D6209F510FE9C04566932CDA56";
    let user = |mut config: l2tpspec_protocol::ppp::Config| {
        config.authentication.name = b"User".to_vec();
        config.authentication.secrets = vec![secret("User", None, "clientPass")];
        config
    };
    let mut host = server(&[Method::MsChapV2]);
    host.authentication.secrets = vec![secret("User", None, "clientPass")];
    let mut pair = pair(user(client(&[Method::MsChapV2])), host);
    pair.left.layer = Ppp::new();
    pair.right.layer = Ppp::new();
    let mut ends = [
        (Ppp::new(), Scripted::new(Seeded::new(b"left")).then("ppp.mschap_peer_challenge", &peer_challenge)),
        (Ppp::new(), Scripted::new(Seeded::new(b"right")).then("ppp.chap_challenge", &challenge)),
    ];
    let mut host = server(&[Method::MsChapV2]);
    host.authentication.secrets = vec![secret("User", None, "clientPass")];
    let configs = [user(client(&[Method::MsChapV2])), host];
    let mut waiting: Vec<(usize, Frame)> = Vec::new();
    let mut said = Vec::new();
    for (number, config) in configs.into_iter().enumerate() {
        let command = Command::Up { link: LINK, config: std::sync::Arc::new(config) };
        step(&mut ends[number], number, Input::Command(command), &mut waiting, &mut said);
    }
    while !waiting.is_empty() {
        let (to, frame) = waiting.remove(0);
        step(&mut ends[to], to, Input::FromBelow(frame), &mut waiting, &mut said);
    }
    assert!(said.iter().any(|frame| digits(frame).contains(response)), "the peer's response");
    assert!(said.iter().any(|frame| frame.windows(success.len()).any(|octets| octets == success)));
    assert!(ends.iter().all(|(_, script)| script.left() == 0));
}

fn step(
    (layer, script): &mut (Ppp, Scripted<Seeded>),
    number: usize,
    input: Input<Frame, std::convert::Infallible, Command>,
    waiting: &mut Vec<(usize, Frame)>,
    said: &mut Vec<Vec<u8>>,
) {
    let mut cx = Cx { now: Instant::START, entropy: script, key_log: &mut NoKeyLog };
    layer.handle_input(&mut cx, input);
    while let Some(output) = layer.poll_output() {
        if let Output::ToBelow(frame) = output {
            said.push(frame.octets.clone());
            waiting.push((1 - number, frame));
        }
    }
}
