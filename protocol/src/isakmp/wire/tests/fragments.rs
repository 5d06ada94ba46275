//! Messages in pieces.

use super::super::fragment::{MAX_FRAGMENTS, MAX_MESSAGES, Reassembly};
use super::*;

fn header(cookie: u8) -> Header {
    Header {
        initiator_cookie: [cookie; 8],
        responder_cookie: [9; 8],
        next_payload: PayloadType::Fragment,
        version: Header::VERSION_1_0,
        exchange_type: ExchangeType::IdentityProtection,
        flags: 0,
        message_id: 0,
        length: 0,
    }
}

fn piece(id: u16, number: u8, is_last: bool, data: &[u8]) -> Fragment {
    Fragment { id, number, flags: u8::from(is_last), data: data.to_vec() }
}

/// As strongSwan, libreswan and racoon do it: the inner message goes in whole, header included.
#[test]
fn a_message_in_three_pieces_becomes_whole_in_any_order() {
    let inner = named("apple-current");
    let chunks: Vec<&[u8]> = inner.chunks(300).collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut reassembly = Reassembly::new();
        let mut whole = None;
        for at in order {
            assert_eq!(whole, None);
            let fragment = piece(1, u8::try_from(at).unwrap() + 1, at == 2, chunks[at]);
            let carrier =
                Message::new(header(1), vec![Payload::new(PayloadType::Fragment, Body::Fragment(fragment))]);
            let carrier = Message::decode_all(&carrier.to_octets().unwrap()).unwrap();
            let Body::Fragment(fragment) = &carrier.payloads[0].body else { panic!() };
            whole = reassembly.push(&carrier.header, fragment).unwrap();
        }
        assert_eq!(whole.as_ref(), Some(&inner));
        assert!(reassembly.is_empty());
        assert!(Message::decode_all(&whole.unwrap()).is_ok());
    }
}

/// racoon copies the flags of the phase 1 that it fragments.
#[test]
fn a_fragment_is_clear_even_if_marked_encrypted() {
    let fragment = Payload::new(PayloadType::Fragment, Body::Fragment(piece(1, 1, true, b"all")));
    let carrier = Message::new(Header { flags: Header::ENCRYPTION, ..header(1) }, vec![fragment]);
    assert!(carrier.header.is_encrypted() && !carrier.header.has_encrypted_body());
    assert_eq!(Message::decode_all(&carrier.to_octets().unwrap()), Ok(carrier));
    assert!(Sealed::decode_all(&named("pluto-mm5")).unwrap().header.has_encrypted_body());
}

#[test]
fn a_single_last_piece_is_whole() {
    assert_eq!(Reassembly::new().push(&header(1), &piece(7, 1, true, b"all")), Ok(Some(b"all".to_vec())));
}

#[test]
fn messages_are_kept_apart_by_cookies_and_id() {
    let mut reassembly = Reassembly::new();
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, false, b"a")), Ok(None));
    assert_eq!(reassembly.push(&header(2), &piece(1, 2, true, b"B")), Ok(None));
    assert_eq!(reassembly.push(&header(1), &piece(2, 2, true, b"C")), Ok(None));
    assert_eq!(reassembly.push(&header(1), &piece(1, 2, true, b"b")), Ok(Some(b"ab".to_vec())));
    assert_eq!(reassembly.len(), 2);
}

#[test]
fn the_same_piece_may_come_twice() {
    let mut reassembly = Reassembly::new();
    for _ in 0..3 {
        assert_eq!(reassembly.push(&header(1), &piece(1, 2, true, b"b")), Ok(None));
    }
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, false, b"a")), Ok(Some(b"ab".to_vec())));
}

/// Otherwise the pieces of a lost message would block the sender's next one, which often has the same ID.
#[test]
fn a_different_piece_of_the_same_number_is_refused_and_the_message_given_up() {
    let refused =
        |number| Err(Malformed { field: "Fragment Number", offset: 34, why: Why::Value { got: number } });
    let mut reassembly = Reassembly::new();
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, false, b"old")), Ok(None));
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, false, b"new")), refused(1));
    assert!(reassembly.is_empty());
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, false, b"new")), Ok(None));
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, true, b"new")), refused(1));
}

#[test]
fn numbers_that_contradict_the_last_piece_are_refused() {
    for (first, second) in [
        (piece(1, 2, true, b"b"), piece(1, 3, false, b"c")),
        (piece(1, 3, false, b"c"), piece(1, 2, true, b"b")),
        (piece(1, 3, true, b"c"), piece(1, 2, true, b"b")),
    ] {
        let mut reassembly = Reassembly::new();
        assert_eq!(reassembly.push(&header(1), &first), Ok(None));
        let malformed = reassembly.push(&header(1), &second).unwrap_err();
        assert_eq!((malformed.field, malformed.offset), ("Fragment Number", 34));
    }
}

#[test]
fn numbers_out_of_range_are_refused_and_disturb_nothing() {
    let mut reassembly = Reassembly::new();
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, false, b"a")), Ok(None));
    let zero = reassembly.push(&header(1), &piece(1, 0, false, b"")).unwrap_err();
    assert_eq!(zero.why, Why::Value { got: 0 });
    let many = reassembly.push(&header(1), &piece(1, 65, false, b"")).unwrap_err();
    assert_eq!(many.why, Why::Limit { limit: MAX_FRAGMENTS });
    assert_eq!(reassembly.push(&header(1), &piece(1, 2, true, b"b")), Ok(Some(b"ab".to_vec())));
}

#[test]
fn octets_are_bounded() {
    let mut reassembly = Reassembly::new();
    assert_eq!(reassembly.push(&header(1), &piece(1, 1, false, &[0; 65535])), Ok(None));
    let malformed = reassembly.push(&header(1), &piece(1, 2, true, &[0])).unwrap_err();
    assert_eq!(malformed, Malformed { field: "Fragment Data", offset: 36, why: Why::Limit { limit: 65535 } });
}

#[test]
fn incomplete_messages_are_bounded_and_the_oldest_goes_first() {
    let mut reassembly = Reassembly::new();
    for id in 0..=u16::try_from(MAX_MESSAGES).unwrap() {
        assert_eq!(reassembly.push(&header(1), &piece(id, 1, false, b"a")), Ok(None));
    }
    assert_eq!(reassembly.len(), MAX_MESSAGES);
    assert_eq!(reassembly.push(&header(1), &piece(1, 2, true, b"b")), Ok(Some(b"ab".to_vec())));
    assert_eq!(reassembly.push(&header(1), &piece(0, 2, true, b"b")), Ok(None));
}
