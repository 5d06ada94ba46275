//! PPP as a layer: two ends in virtual time (RFC 1661).

mod authentication;
mod damage;
pub(crate) mod support;

use std::sync::Arc;
use std::time::Duration;

use l2tpspec_protocol::layer::Layer;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::ppp;
use l2tpspec_protocol::ppp::{
    Command, Compression, End, Event, IpcpRequest, LcpRequest, Method, Protocol, Received, ccp, lcp,
};

use crate::support::pair::Side;
use support::{DNS, FIRST, LINK, OWN, addresses, assert_up, client, joined, pair, server};

const SOON: Duration = Duration::from_secs(2);

#[test]
fn a_link_comes_up_and_both_know_addresses_resolver_and_mtu() {
    let mut pair = pair(client(&[Method::MsChapV2]), server(&[Method::MsChapV2]));
    pair.run(SOON);
    assert_up(&pair, "plain");
    let (dns, mtu) = pair
        .left
        .events
        .iter()
        .find_map(|(_, event)| match event {
            Event::IpcpUp { dns, mtu, .. } => Some((*dns, *mtu)),
            _ => None,
        })
        .expect("IPCP");
    assert_eq!((dns, mtu), ([Some(DNS), None], 1400));
    let ipv6 = |(_, event): &(_, Event)| matches!(event, Event::Ipv6cpUp { own, peer, .. } if own != peer);
    assert!(pair.left.events.iter().any(ipv6) && pair.right.events.iter().any(ipv6));
    assert_eq!(pair.right.layer.leases().collect::<Vec<_>>(), [(FIRST, LINK)]);
    assert_eq!((pair.left.layer.next_timeout(), pair.right.layer.next_timeout()), (None, None));
}

/// What Windows asks for: Callback is rejected and not asked for again, and NBNS is rejected.
#[test]
fn windows_options_are_rejected_and_left_out_the_second_time() {
    let mut windows = client(&[Method::MsChapV2]);
    windows.first_identifier = 0;
    windows.lcp = vec![
        LcpRequest::MaximumReceiveUnit(1400),
        LcpRequest::MagicNumber,
        LcpRequest::ProtocolFieldCompression,
        LcpRequest::AddressAndControlFieldCompression,
        LcpRequest::Other(lcp::Option::Callback { operation: lcp::CallbackOperation::Cbcp, message: vec![] }),
    ];
    if let Some(ipcp) = &mut windows.ipcp {
        ipcp.requests.insert(2, IpcpRequest::PrimaryNbns);
        ipcp.requests.push(IpcpRequest::SecondaryNbns);
    }
    windows.ccp = Some(vec![ccp::Option::Mppe(ccp::SupportedBits(0x0100_0000))]);
    let mut pair = pair(windows, server(&[Method::MsChapV2]));
    pair.run(SOON);
    assert_up(&pair, "Windows");
    let first = &pair.left.sent[0].1.octets;
    let digits = crate::support::digits(first);
    assert!(digits.starts_with("ff03c0210100001501040578"), "{digits}");
    assert!(digits.ends_with("070208020d0306"), "{digits}");
    let second = crate::support::digits(&pair.left.sent[2].1.octets);
    assert!(second.starts_with("ff03c02101010012") && second.ends_with("07020802"), "{second}");
    let rejected =
        |(_, event): &(_, Event)| matches!(event, Event::ProtocolRejected { protocol: Protocol::Ccp, .. });
    assert!(pair.left.events.iter().any(rejected), "the server speaks no CCP");
}

/// LCP-1661-6.5-a, LCP-1661-6.6-a, HDLC-1662-3.2-a.
#[test]
fn fields_are_compressed_where_the_peer_allows_it_and_never_in_lcp() {
    let mut plain = server(&[Method::Pap]);
    plain.address_and_control = Compression::Never;
    plain.protocol_field = Compression::Never;
    let mut pair = pair(client(&[Method::Pap]), plain);
    pair.run(SOON);
    let mut packet = Packet::new(b"IP packet");
    assert_eq!(pair.right.layer.data_from_above(LINK, Protocol::Ipv4, &mut packet), Some(()));
    assert_eq!(packet.octets()[..4], [0xff, 0x03, 0x00, 0x21]);
    assert_eq!(pair.left.layer.data_from_below(LINK, &mut packet), Received::Ipv4);
    assert_eq!(packet.octets(), b"IP packet");
    // The server did not ask for compression, so the client may not use it.
    assert_eq!(pair.left.layer.data_from_above(LINK, Protocol::Ipv4, &mut packet), Some(()));
    assert_eq!(packet.octets()[..4], [0xff, 0x03, 0x00, 0x21]);
    let mut both = support::pair(client(&[]), client(&[]));
    both.run(SOON);
    let mut packet = Packet::new(b"IP packet");
    assert_eq!(both.left.layer.data_from_above(LINK, Protocol::Ipv6, &mut packet), Some(()));
    assert_eq!(packet.octets()[..2], [0x57, b'I']);
    assert_eq!(both.right.layer.data_from_below(LINK, &mut packet), Received::Ipv6);
    assert!(
        both.left.sent.iter().filter(|(_, frame)| frame.octets[..4] == [0xff, 3, 0xc0, 0x21]).count() >= 2
    );
}

/// LCP-1661-4.6-a: every three seconds, ten times.
#[test]
fn without_an_answer_the_link_is_given_up_after_ten_requests() {
    let mut pair = joined(client(&[]), server(&[]), |_, _| Vec::new());
    pair.run(Duration::from_secs(60));
    let sent: Vec<u64> = pair.left.sent.iter().map(|(moment, _)| moment.as_micros() / 1_000_000).collect();
    assert_eq!(sent, [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
    let down = pair.left.events.last().map(|(moment, event)| (moment.as_micros() / 1_000_000, event.clone()));
    assert_eq!(down, Some((30, Event::LinkDown { link: LINK, why: End::NotAgreed })));
    assert_eq!(pair.left.layer.links().count(), 0);
}

#[test]
fn a_link_ends_in_order_and_its_address_is_free_again() {
    for side in [Side::Left, Side::Right] {
        let mut pair = pair(client(&[Method::ChapMd5]), server(&[Method::ChapMd5]));
        pair.run(SOON);
        assert_up(&pair, "before the end");
        pair.command(side, Command::Close { link: LINK });
        pair.run(Duration::from_secs(10));
        let down = |why| {
            move |(_, event): &(_, Event)| *event == Event::LinkDown { link: LINK, why: End::clone(&why) }
        };
        assert!(pair.end(side).events.iter().any(down(End::Commanded)), "{side:?}");
        assert!(pair.end(!side).events.iter().any(down(End::ByPeer)), "{side:?}");
        assert_eq!(pair.right.layer.leases().count(), 0);
        assert_eq!(pair.left.layer.next_timeout(), None);
    }
}

/// LCP-1661-5.8-a: a silent peer is noticed by its missing answers.
#[test]
fn echoes_are_answered_and_a_silent_peer_is_given_up() {
    let outage = std::rc::Rc::new(std::cell::Cell::new(false));
    let is_out = outage.clone();
    let mut watchful = client(&[Method::Pap]);
    watchful.echo = Some(ppp::Echo { interval: Duration::from_secs(10), failures: 4, is_at_once: false });
    let mut pair = joined(watchful, server(&[Method::Pap]), move |_, _| {
        if is_out.get() { Vec::new() } else { vec![Duration::ZERO] }
    });
    pair.run(Duration::from_secs(95));
    assert_up(&pair, "after nine echoes");
    outage.set(true);
    pair.run(Duration::from_secs(100));
    let down = pair.left.events.iter().find_map(|(moment, event)| match event {
        Event::LinkDown { why, .. } => Some((moment.as_micros() / 1_000_000, why.clone())),
        _ => None,
    });
    assert_eq!(down, Some((146, End::PeerSilent)));
}

/// LCP-1661-5.8-a: pppd asks as soon as it may.
#[test]
fn the_first_echo_goes_out_at_once_where_it_is_wanted() {
    for is_at_once in [false, true] {
        let mut watchful = client(&[Method::Pap]);
        watchful.echo = Some(ppp::Echo { interval: Duration::from_secs(10), failures: 4, is_at_once });
        let asked = std::rc::Rc::new(std::cell::Cell::new(0));
        let count = asked.clone();
        let mut pair = pair(watchful, server(&[Method::Pap]));
        pair.link = Box::new(move |_, _, frame| {
            // Protocol, then the code.
            let is_echo = frame.octets.windows(3).take(3).any(|octets| octets == [0xc0, 0x21, 9]);
            count.set(count.get() + u32::from(is_echo));
            vec![(Duration::ZERO, frame)]
        });
        pair.run(Duration::from_secs(9));
        assert_eq!(asked.get(), u32::from(is_at_once));
        pair.run(Duration::from_secs(2));
        assert_eq!(asked.get(), 1 + u32::from(is_at_once));
    }
}

/// LCP-1661-6.4-a.
#[test]
fn a_link_that_is_looped_back_is_recognised() {
    let mut pair = pair(client(&[]), client(&[]));
    pair.link =
        Box::new(|side, _, frame| if side == Side::Left { vec![(Duration::ZERO, frame)] } else { vec![] });
    let (mut loops, mut now) = (0, pair.now);
    // The left end hears itself.
    for _ in 0..40 {
        let sent: Vec<_> = pair.left.sent.drain(..).map(|(_, frame)| frame).collect();
        if sent.is_empty() {
            now = now + Duration::from_secs(3);
            pair.now = now;
            pair.input(Side::Left, l2tpspec_protocol::layer::Input::Timeout);
        }
        for frame in sent {
            loops += 1;
            pair.input(Side::Left, l2tpspec_protocol::layer::Input::FromBelow(frame));
        }
    }
    let looped = |(_, event): &(_, Event)| matches!(event, Event::LinkDown { why: End::LoopedBack, .. });
    assert!(pair.left.events.iter().any(looped), "{loops} frames: {:?}", pair.left.events);
}

#[test]
fn protocols_that_are_not_spoken_are_rejected_as_such() {
    let mut apple = server(&[Method::Pap]);
    apple.has_ipv6 = false;
    let mut pair = pair(client(&[Method::Pap]), apple);
    pair.run(SOON);
    assert_up(&pair, "without IPv6");
    let rejected = |protocol: Protocol| move |(_, event): &(_, Event)| matches!(event, Event::ProtocolRejected { protocol: it, .. } if *it == protocol);
    assert!(pair.left.events.iter().any(rejected(Protocol::Ipv6cp)));
    // Apple's ACSCP, as macOS sends it.
    let octets = crate::support::hex("ff03823501010010010600000001020600000001");
    let frame = ppp::Frame { link: LINK, octets };
    pair.input(Side::Left, l2tpspec_protocol::layer::Input::FromBelow(frame));
    pair.run(SOON);
    assert!(pair.right.events.iter().any(rejected(Protocol::Acscp)));
    assert_up(&pair, "after a protocol that is not spoken");
}

#[test]
fn addresses_are_given_in_order_and_given_again_when_they_are_free() {
    let mut pair = pair(client(&[]), server(&[]));
    pair.run(SOON);
    for number in 8..11 {
        let link = ppp::LinkId(number);
        pair.command(Side::Right, Command::Up { link, config: Arc::new(server(&[])) });
        pair.command(Side::Left, Command::Up { link, config: Arc::new(client(&[])) });
    }
    pair.run(SOON);
    let last =
        |pair: &crate::support::pair::Pair<_>| addresses(&pair.left.events).map(|(own, _)| own.octets()[3]);
    assert_eq!(last(&pair), Some(13));
    pair.command(Side::Right, Command::Down { link: ppp::LinkId(8) });
    assert_eq!(pair.right.layer.leases().count(), 3);
    let link = ppp::LinkId(20);
    pair.command(Side::Right, Command::Up { link, config: Arc::new(server(&[])) });
    pair.command(Side::Left, Command::Up { link, config: Arc::new(client(&[])) });
    pair.run(SOON);
    assert_eq!(last(&pair), Some(11), "the lowest that is free");
    assert_eq!(OWN.octets()[3], 1);
}

#[test]
fn a_passive_end_waits_for_the_first_request() {
    let mut passive = server(&[Method::Pap]);
    passive.is_passive = true;
    let mut pair = joined(client(&[Method::Pap]), passive, |_, _| vec![Duration::ZERO]);
    pair.run(SOON);
    assert_up(&pair, "passive");
    assert!(pair.right.sent[0].0 > pair.left.sent[0].0);
}

#[test]
fn data_before_ipcp_and_on_unknown_links_are_dropped() {
    let pair = pair(client(&[]), server(&[]));
    let mut packet = Packet::new(&[0xff, 3, 0, 0x21, 0x45]);
    assert!(matches!(pair.left.layer.data_from_below(LINK, &mut packet), Received::Dropped(_)));
    let other = ppp::LinkId(99);
    assert!(matches!(pair.left.layer.data_from_below(other, &mut packet), Received::Dropped(_)));
    assert_eq!(packet.len(), 5, "what is dropped is left alone");
    assert_eq!(pair.left.layer.data_from_above(LINK, Protocol::Ipv4, &mut packet), None);
    assert_eq!(pair.left.layer.data_from_below(LINK, &mut Packet::new(&[0xff])), Received::Control);
}
