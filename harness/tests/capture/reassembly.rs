//! Fragments in every order, and those that lie.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use l2tpspec::capture::Timestamp;
use l2tpspec::capture::reassembly::{DATAGRAMS, Datagram, Fragment, Outcome, Reassembly, Why};
use proptest::prelude::*;

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const DESTINATION: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn fragment(identification: u32, offset: usize, payload: &[u8], more: bool) -> Fragment<'_> {
    Fragment {
        source: SOURCE,
        destination: DESTINATION,
        protocol: 17,
        identification,
        offset,
        more,
        payload,
        frame: 1,
        time: None,
    }
}

fn at(seconds: i64, fragment: Fragment<'_>) -> Fragment<'_> {
    Fragment { time: Some(Timestamp::from_nanoseconds(seconds * 1_000_000_000)), ..fragment }
}

#[test]
fn only_the_frame_that_completes_a_datagram_carries_it() {
    let mut reassembly = Reassembly::new();
    let last = Fragment { frame: 5, ..fragment(1, 16, b"end", false) };
    let first = Fragment { frame: 6, ..fragment(1, 0, b"the firs", true) };
    let middle = Fragment { frame: 9, ..fragment(1, 8, b"t middle", true) };
    assert_eq!(reassembly.push(&last), Outcome::Pending);
    assert_eq!(reassembly.push(&first), Outcome::Pending);
    let whole = Datagram { protocol: 17, payload: b"the first middleend".to_vec(), frames: vec![5, 6, 9] };
    assert_eq!(reassembly.push(&middle), Outcome::Whole(whole));
    assert_eq!(reassembly.in_progress(), 0);
}

#[test]
fn datagrams_are_told_apart_by_addresses_protocol_and_identification() {
    let mut reassembly = Reassembly::new();
    let first = fragment(1, 0, b"12345678", true);
    let last = fragment(1, 8, b"9", false);
    assert_eq!(reassembly.push(&first), Outcome::Pending);
    for other in [
        Fragment { identification: 2, ..last },
        Fragment { protocol: 50, ..last },
        Fragment { source: DESTINATION, ..last },
        Fragment { destination: SOURCE, ..last },
    ] {
        assert_eq!(reassembly.push(&other), Outcome::Pending);
    }
    assert!(matches!(reassembly.push(&last), Outcome::Whole(_)));
    assert_eq!(reassembly.in_progress(), 4);
}

/// RFC 8200 section 4.5: the Next Header of the first fragment counts, those of the others may differ.
#[test]
fn in_ipv6_the_first_fragment_tells_the_protocol() {
    let v6 = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last));
    let mut reassembly = Reassembly::new();
    let base = Fragment { source: v6(1), destination: v6(2), ..fragment(7, 0, b"12345678", true) };
    let last = Fragment { offset: 8, payload: b"9", more: false, protocol: 60, ..base };
    assert_eq!(reassembly.push(&last), Outcome::Pending);
    let Outcome::Whole(whole) = reassembly.push(&base) else { panic!("not whole") };
    assert_eq!((whole.protocol, whole.payload.as_slice()), (17, &b"123456789"[..]));
}

#[test]
fn what_was_heard_first_wins_and_a_repetition_changes_nothing() {
    let mut reassembly = Reassembly::new();
    assert_eq!(reassembly.push(&fragment(1, 8, b"bbbbbbbb", true)), Outcome::Pending);
    assert_eq!(reassembly.push(&fragment(1, 8, b"bbbbbbbb", true)), Outcome::Pending);
    let overlap = Outcome::Refused(Why::Overlap { start: 8, end: 16 });
    assert_eq!(reassembly.push(&fragment(1, 8, b"EVILEVIL", true)), overlap);
    assert_eq!(reassembly.push(&fragment(1, 0, &[b'x'; 24], true)), overlap);
    assert_eq!(reassembly.push(&fragment(1, 0, b"aaaaaaaa", true)), Outcome::Pending);
    let Outcome::Whole(whole) = reassembly.push(&fragment(1, 16, b"c", false)) else { panic!("not whole") };
    assert_eq!(whole.payload, b"aaaaaaaabbbbbbbbc");
}

#[test]
fn fragments_that_cannot_be_are_refused() {
    let mut reassembly = Reassembly::new();
    let mut refused = |fragment| match reassembly.push(&fragment) {
        Outcome::Refused(why) => why,
        outcome => panic!("{outcome:?}"),
    };
    assert_eq!(refused(fragment(1, 0, b"", true)), Why::Empty);
    assert_eq!(refused(fragment(1, 0, b"123", true)), Why::Unaligned { length: 3 });
    assert_eq!(refused(fragment(1, 65_528, &[0; 8], false)), Why::TooLong { end: 65_536 });
    assert_eq!(refused(fragment(1, usize::MAX, &[0; 8], false)), Why::TooLong { end: usize::MAX });
    assert_eq!(reassembly.in_progress(), 0);

    assert_eq!(reassembly.push(&fragment(1, 16, b"end", false)), Outcome::Pending);
    let beyond = reassembly.push(&fragment(1, 16, b"beyond it", false));
    assert_eq!(beyond, Outcome::Refused(Why::EndDisagrees { end: 25, known: 19 }));
    let before = reassembly.push(&fragment(1, 8, b"before", false));
    assert_eq!(before, Outcome::Refused(Why::EndDisagrees { end: 14, known: 19 }));
}

#[test]
fn a_datagram_is_given_up_after_30_seconds() {
    let mut reassembly = Reassembly::new();
    assert_eq!(reassembly.push(&at(100, fragment(1, 0, b"12345678", true))), Outcome::Pending);
    assert_eq!(reassembly.push(&at(131, fragment(1, 8, b"9", false))), Outcome::Pending);
    assert_eq!(
        reassembly.push(&at(161, fragment(1, 0, b"12345678", true))),
        Outcome::Whole(Datagram { protocol: 17, payload: b"123456789".to_vec(), frames: vec![1, 1] })
    );
}

#[test]
fn the_oldest_datagram_gives_way() {
    let mut reassembly = Reassembly::new();
    let count = u32::try_from(DATAGRAMS).unwrap();
    for identification in 0..=count {
        assert_eq!(reassembly.push(&fragment(identification, 0, b"12345678", true)), Outcome::Pending);
    }
    assert_eq!(reassembly.in_progress(), DATAGRAMS);
    assert!(matches!(reassembly.push(&fragment(1, 8, b"9", false)), Outcome::Whole(_)));
    assert_eq!(reassembly.push(&fragment(0, 8, b"9", false)), Outcome::Pending);
}

proptest! {
    #[test]
    fn every_order_gives_the_same_datagram(
        payload in proptest::collection::vec(any::<u8>(), 9..400),
        order in proptest::collection::vec(any::<u32>(), 50),
        size in 1usize..6,
    ) {
        let mut pieces: Vec<_> = payload.chunks(size * 8).enumerate().collect();
        let count = pieces.len();
        let mut keys = order.into_iter().cycle();
        pieces.sort_by_cached_key(|_| keys.next());
        let mut reassembly = Reassembly::new();
        for (done, (index, piece)) in pieces.into_iter().enumerate() {
            let outcome = reassembly.push(&fragment(1, index * size * 8, piece, index + 1 < count));
            match outcome {
                Outcome::Whole(whole) => {
                    prop_assert_eq!(done + 1, count);
                    prop_assert_eq!(whole.payload, payload.clone());
                }
                outcome => {
                    prop_assert_eq!(outcome, Outcome::Pending);
                    prop_assert!(done + 1 < count);
                }
            }
        }
    }

    #[test]
    fn random_fragments_never_hold_more_than_the_bounds(
        fragments in proptest::collection::vec((0u32..80, 0usize..70_000, 0usize..3000, any::<bool>()), 0..300),
    ) {
        let octets = [0; 3000];
        let mut reassembly = Reassembly::new();
        for (identification, offset, length, more) in fragments {
            if let Outcome::Whole(whole) = reassembly.push(&fragment(identification, offset & !7, &octets[..length], more)) {
                prop_assert!(whole.payload.len() <= 65_535);
            }
            prop_assert!(reassembly.in_progress() <= DATAGRAMS);
        }
    }
}
