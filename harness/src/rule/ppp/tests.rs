mod cases;
mod good;

use l2tpspec_protocol::l2tp::wire::{AvpValue, MessageType};
use l2tpspec_protocol::ppp::control::{Body, Code};
use l2tpspec_protocol::ppp::{Protocol, chap, lcp};

use self::cases::{CASES, CHAP_V2, by, chap_packet, opened, terminate, value};
use self::good::{ask_lcp, good, ipcp_packet, lcp_packet, whole};
pub(in crate::rule) use self::good::{authenticate, negotiate_ip};
use super::RULES;
use crate::rule::Violation;
use crate::rule::l2tp::talk::{Talk, address, assert_all_fire, judge};
use crate::transcript::Layer;
use crate::transcript::connection::Role::{Client, Supernode};

#[test]
fn a_good_link_breaks_nothing() {
    assert_eq!(whole().judge(), []);
}

#[test]
fn every_requirement_is_found_broken_once() {
    assert_all_fire(RULES, good, CASES);
}

/// xl2tpd says `StopCCN` first; the Terminate-Requests of both pppds then stay unanswered, however often repeated.
#[test]
fn a_silence_of_both_ends_is_found_once_for_each() {
    let mut talk = opened(None);
    talk.control(Client, 0, [AvpValue::MessageType(MessageType::Hello)]);
    talk.zlb(Supernode);
    for identifier in 2..=4 {
        terminate(&mut talk, Supernode, identifier);
        terminate(&mut talk, Client, identifier);
        talk.wait(3000);
    }
    let found: Vec<_> =
        talk.judge().into_iter().map(|Violation { requirement, role, .. }| (requirement, role)).collect();
    assert_eq!(found, [("LCP-1661-5.5-a", Some(Supernode)), ("LCP-1661-5.5-a", Some(Client))]);
}

#[test]
fn a_recording_that_lacks_any_one_frame_breaks_nothing() {
    let talk = whole();
    for missing in 0..talk.entries.len() {
        let rest = talk.entries.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, entry)| entry);
        assert_eq!(judge(rest), [], "without frame {}", missing + 1);
    }
}

#[test]
fn a_recording_that_begins_late_or_ends_early_breaks_nothing() {
    let talk = whole();
    for at in 0..talk.entries.len() {
        assert_eq!(judge(talk.entries[at..].iter()), [], "from frame {}", at + 1);
        assert_eq!(judge(talk.entries[..at].iter()), [], "up to frame {at}");
    }
}

#[test]
fn a_frame_recorded_twice_breaks_nothing() {
    let talk = whole();
    for twice in 0..talk.entries.len() {
        let entries = talk.entries.iter().enumerate();
        let doubled =
            entries.flat_map(|(at, entry)| std::iter::repeat_n(entry, if at == twice { 2 } else { 1 }));
        assert_eq!(judge(doubled), [], "frame {} twice", twice + 1);
    }
}

/// A link that does not say who sends: nothing is held against anybody, and nothing panics.
#[test]
fn a_bare_link_without_senders_breaks_nothing() {
    let mut talk = whole();
    for entry in &mut talk.entries {
        let at = entry.layers.iter().position(|layer| matches!(layer, Layer::Ppp(_)));
        entry.layers.drain(..at.unwrap_or(entry.layers.len()));
        (entry.source, entry.destination) = (None, None);
    }
    assert_eq!(talk.judge(), []);
    assert_ne!(address(Client), address(Supernode));
}

/// What pppd does: Echo-Request right after its own Opened, while its peer still waits for an acknowledgement.
#[test]
fn an_echo_that_overtakes_the_peers_opened_breaks_nothing() {
    let mut talk = Talk::default();
    talk.open();
    ask_lcp(&mut talk, Client, 1, vec![lcp::Option::MagicNumber(good::MAGIC[0])]);
    ask_lcp(&mut talk, Supernode, 1, vec![lcp::Option::MagicNumber(good::MAGIC[1])]);
    let ack = |magic| lcp_packet(Code::ConfigureAck, 1, Body::Options(vec![lcp::Option::MagicNumber(magic)]));
    talk.packet(Client, ack(good::MAGIC[1]));
    // The supernode's own acknowledgement is lost on the way.
    let body = Body::Echo { magic_number: good::MAGIC[1], data: Vec::new() };
    talk.packet(Supernode, lcp_packet(Code::EchoRequest, 0, body));
    assert_eq!(talk.judge(), []);
}

/// Options that MS-CHAPv2 pins down, as Windows and pppd send them.
#[test]
fn a_retry_under_the_next_identifier_breaks_nothing() {
    let mut talk = opened(Some(&by(Protocol::Chap, CHAP_V2)));
    talk.packet(Supernode, chap_packet(chap::Code::Challenge, 1, value(16)));
    talk.packet(Client, chap_packet(chap::Code::Response, 1, value(49)));
    let message = b"E=691 R=1 C=101DCBDC1731D07736360438CF4C5AAE V=3 M=again".to_vec();
    talk.packet(Supernode, chap_packet(chap::Code::Failure, 1, chap::Body::Message(message)));
    talk.packet(Client, chap_packet(chap::Code::Response, 2, value(49)));
    assert_eq!(talk.judge(), []);
}

#[test]
fn two_links_of_a_connection_are_kept_apart() {
    let mut talk = Talk::default();
    talk.open();
    authenticate(&mut talk);
    negotiate_ip(&mut talk);
    // The numbers of the second session are other ones, so that nothing of the first counts for it.
    let first = talk.entries.len();
    talk.packet(Client, ipcp_packet(Code::ConfigureAck, 200, vec![]));
    assert_eq!(talk.judge().len(), 1);
    for layer in &mut talk.entries[first].layers {
        if let Layer::L2tpData(header) = layer {
            header.session_id += 1;
        }
    }
    let found = talk.judge();
    assert_eq!(found.iter().map(|violation| violation.requirement).collect::<Vec<_>>(), ["L2TP-2661-3.1-d"]);
}

#[test]
fn two_frames_recorded_in_the_wrong_order_break_nothing() {
    for first in 0..whole().entries.len() - 1 {
        let mut talk = whole();
        talk.entries[first + 1].time = talk.entries[first].time;
        talk.entries.swap(first, first + 1);
        assert_eq!(talk.judge(), [], "frame {} before frame {}", first + 2, first + 1);
    }
}
