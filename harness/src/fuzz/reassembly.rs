//! Fragments of IPv4 datagrams and of IKE messages.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::isakmp::wire::fragment::{MAX_FRAGMENTS, MAX_MESSAGES, MAX_OCTETS, Reassembly};
use l2tpspec_protocol::isakmp::wire::{ExchangeType, Fragment, Header, PayloadType};

use super::check::{is_well_formed, same_octets};
use crate::capture::Timestamp;
use crate::capture::reassembly as ip;

/// First octet of an input that is one message to be split, and brought in another order.
pub(super) const SPLIT: u8 = 0;
/// Octets before the data of a piece, in an input that is a sequence of pieces.
const PIECE: usize = 5;

/// The places of `count` pieces, turned and perhaps reversed.
fn order(count: usize, turn: u8) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.rotate_left(usize::from(turn >> 1) % count.max(1));
    if turn & 1 == 1 {
        order.reverse();
    }
    order
}

/// A message that is split, or pieces one after the other.
///
/// # Panics
/// What was split does not come together again, or more is held than the limits say.
pub fn isakmp_fragments_reassemble(octets: &[u8]) {
    match octets {
        [SPLIT, size, turn, message @ ..] if !message.is_empty() => isakmp_split(*size, *turn, message),
        [_, pieces @ ..] => isakmp_pieces(pieces),
        [] => {}
    }
}

fn carrier(cookie: u8) -> Header {
    Header {
        initiator_cookie: [cookie; 8],
        responder_cookie: [1; 8],
        next_payload: PayloadType::Fragment,
        version: Header::VERSION_1_0,
        exchange_type: ExchangeType::IdentityProtection,
        flags: 0,
        message_id: 0,
        length: 0,
    }
}

fn isakmp_split(size: u8, turn: u8, message: &[u8]) {
    let size = usize::from(size).max(message.len().div_ceil(MAX_FRAGMENTS)).max(1);
    let pieces: Vec<&[u8]> = message.chunks(size).collect();
    let last = pieces.len() - 1;
    let mut reassembly = Reassembly::new();
    let order = order(pieces.len(), turn);
    for (pushed, place) in order.iter().enumerate() {
        let fragment = Fragment {
            id: 1,
            number: u8::try_from(place + 1).expect("at most 64 pieces"),
            flags: u8::from(*place == last),
            data: pieces[*place].to_vec(),
        };
        let came = reassembly.push(&carrier(0), &fragment).expect("a piece of a message fits");
        if pushed == last {
            assert_eq!(came.as_deref(), Some(message), "what was split comes together");
            assert!(reassembly.is_empty());
        } else {
            assert_eq!(came, None);
            assert_eq!(reassembly.push(&carrier(0), &fragment), Ok(None), "the same piece may come twice");
            assert_eq!(reassembly.len(), 1);
        }
    }
}

fn isakmp_pieces(mut octets: &[u8]) {
    let mut reassembly = Reassembly::new();
    while let Some((&[cookie, id, number, flags, length], rest)) = octets.split_first_chunk::<PIECE>() {
        let (data, rest) = rest.split_at(usize::from(length).min(rest.len()));
        octets = rest;
        let fragment = Fragment { id: id.into(), number, flags, data: data.to_vec() };
        let own = fragment.to_octets().expect("a piece encodes");
        assert_eq!(same_octets::<Fragment>(&own).as_ref(), Some(&fragment));
        is_well_formed(&fragment, &[]);
        match reassembly.push(&carrier(cookie), &fragment) {
            Ok(Some(whole)) => {
                assert!(whole.len() <= MAX_OCTETS);
                assert!(!fragment.is_last() || whole.ends_with(data), "the last piece ends the message");
            }
            Ok(None) => assert!(!reassembly.is_empty()),
            Err(malformed) => assert!(!malformed.field.is_empty()),
        }
        assert!(reassembly.len() <= MAX_MESSAGES);
    }
}

/// A payload that is split, or fragments one after the other, compared with what a table of octets says.
///
/// # Panics
/// What was split does not come together again, or the table says something else.
pub fn ipv4_fragments_reassemble(octets: &[u8]) {
    match octets {
        [SPLIT, size, turn, payload @ ..] if !payload.is_empty() => ipv4_split(*size, *turn, payload),
        [_, pieces @ ..] => {
            ipv4_pieces(pieces);
            ipv4_many(pieces);
        }
        [] => {}
    }
}

fn fragment(identification: u8, offset: usize, more: bool, payload: &[u8], frame: u64) -> ip::Fragment<'_> {
    ip::Fragment {
        source: Ipv4Addr::new(192, 0, 2, 1).into(),
        destination: Ipv4Addr::new(192, 0, 2, 2).into(),
        protocol: 17,
        identification: identification.into(),
        offset,
        more,
        payload,
        frame,
        time: None,
    }
}

fn ipv4_split(size: u8, turn: u8, payload: &[u8]) {
    let size = 8 * (usize::from(size) % 32 + 1);
    let pieces: Vec<&[u8]> = payload.chunks(size).collect();
    let last = pieces.len() - 1;
    let mut reassembly = ip::Reassembly::new();
    for (frame, place) in (1_u64..).zip(order(pieces.len(), turn)) {
        let fragment = fragment(0, place * size, place != last, pieces[place], frame);
        let outcome = reassembly.push(&fragment);
        if frame == pieces.len() as u64 {
            let ip::Outcome::Whole(whole) = outcome else {
                panic!("the last fragment completes: {outcome:?}")
            };
            assert_eq!(whole.payload, payload, "what was split comes together");
            assert!(whole.frames.iter().copied().eq(1..=frame), "every frame is named once");
        } else {
            assert_eq!(outcome, ip::Outcome::Pending);
            assert_eq!(reassembly.push(&fragment), ip::Outcome::Pending, "the same fragment may come twice");
        }
    }
    assert_eq!(reassembly.in_progress(), 0);
}

fn pieces(mut octets: &[u8]) -> impl Iterator<Item = (u8, usize, bool, &[u8])> {
    std::iter::from_fn(move || {
        let (&[identification, offset, scale, more, length], rest) = octets.split_first_chunk::<PIECE>()?;
        let (data, rest) = rest.split_at(usize::from(length).min(rest.len()));
        octets = rest;
        // Most fragments are near the beginning, some at the end of what there can be.
        let offset = (8 * usize::from(offset)) << (scale % 8).min(5);
        Some((identification, offset, more & 1 == 1, data))
    })
}

fn ipv4_pieces(octets: &[u8]) {
    let mut reassembly = ip::Reassembly::new();
    let mut held: BTreeMap<u8, BTreeMap<usize, u8>> = BTreeMap::new();
    for (frame, (identification, offset, more, data)) in (1_u64..).zip(pieces(octets)) {
        let identification = identification % 4;
        let outcome = reassembly.push(&fragment(identification, offset, more, data, frame));
        if let ip::Outcome::Refused(_) = outcome {
            continue;
        }
        let own = held.entry(identification).or_default();
        for (at, octet) in (offset..).zip(data) {
            assert_eq!(own.insert(at, *octet).unwrap_or(*octet), *octet, "what was heard first stays");
        }
        if let ip::Outcome::Whole(whole) = outcome {
            assert!(own.keys().copied().eq(0..whole.payload.len()), "a whole has no gap");
            assert!(own.values().eq(&whole.payload), "a whole is what was heard");
            held.remove(&identification);
        }
        assert!(reassembly.in_progress() <= 4);
    }
}

/// More datagrams than are held, and time that passes.
fn ipv4_many(octets: &[u8]) {
    let mut reassembly = ip::Reassembly::new();
    for (frame, (identification, offset, more, data)) in (1_i64..).zip(pieces(octets)) {
        let fragment = ip::Fragment {
            time: Some(Timestamp::from_nanoseconds(frame * ip::TIME_OUT / 100)),
            ..fragment(identification, offset, more, data, 1)
        };
        if let ip::Outcome::Whole(whole) = reassembly.push(&fragment) {
            assert!(whole.payload.len() <= ip::OCTETS);
        }
        assert!(reassembly.in_progress() <= ip::DATAGRAMS);
    }
}
