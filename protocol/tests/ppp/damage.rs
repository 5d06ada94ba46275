//! Lost, repeated, late, damaged and forged frames.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use l2tpspec_protocol::layer::Input;
use l2tpspec_protocol::ppp::{Frame, Method};

use super::support::{LINK, assert_up, client, joined, server};
use crate::support::pair::Side;

#[test]
fn each_frame_may_be_lost_or_doubled_or_late() {
    let fates: [(&str, Vec<Duration>); 3] = [
        ("lost", vec![]),
        ("doubled", vec![Duration::ZERO, Duration::from_millis(5)]),
        ("late", vec![Duration::from_millis(500)]),
    ];
    for method in [Method::Pap, Method::ChapMd5, Method::MsChapV2] {
        for (what, fate) in &fates {
            for (side, number) in (0..9).flat_map(|number| [(Side::Left, number), (Side::Right, number)]) {
                let meant = fate.clone();
                let mut pair = joined(client(&[method]), server(&[method]), move |from, sent| {
                    if (from, sent) == (side, number) { meant.clone() } else { vec![Duration::ZERO] }
                });
                pair.run(Duration::from_secs(60));
                assert_up(&pair, &format!("{method:?}: frame {number} of {side:?} {what}"));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Frames that are no control packets of the codes 1 to 9, which a peer may rightly end or begin anything with.
    #[test]
    fn random_frames_never_panic_and_never_bring_a_link_down(
        frames in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..60), 0_usize..8), 1..30),
    ) {
        let mut pair = joined(client(&[Method::ChapMd5]), server(&[Method::ChapMd5]), |_, _| vec![Duration::ZERO]);
        pair.run(Duration::from_secs(2));
        const HEADS: [&[u8]; 8] = [
            &[],
            &[0xff, 3, 0xc0, 0x21],
            &[0xff, 3, 0x80, 0x21],
            &[0xff, 3, 0xc2, 0x23],
            &[0x80, 0x57],
            &[0x80, 0xfd],
            &[0xff, 3, 0xc0, 0x23],
            &[0xff, 3, 0x82, 0x35],
        ];
        for (to_left, mut random, head) in frames {
            if let Some(code) = random.first_mut() && matches!(head, 1 | 2 | 4) {
                *code |= 0x10;
            }
            let octets = [HEADS[head], &random[..]].concat();
            // Without a head, what is random may be a header of its own.
            if head == 0 && octets.len() > 1 && octets[0] & 0xc0 != 0 {
                continue;
            }
            let side = if to_left { Side::Left } else { Side::Right };
            pair.input(side, Input::FromBelow(Frame { link: LINK, octets }));
            pair.run(Duration::from_millis(10));
        }
        assert_up(&pair, "random");
    }

    #[test]
    fn no_damage_panics(at in 0_usize..200, with in 1_u8..) {
        let mut pair = joined(client(&[Method::MsChapV2]), server(&[Method::MsChapV2]), |_, _| vec![Duration::ZERO]);
        // For a while only: what is damaged is rejected, and the rejection damaged in turn.
        pair.link = Box::new(move |_, number, frame: Frame| {
            if number > 20 {
                return vec![(Duration::ZERO, frame)];
            }
            let mut damaged = frame.clone();
            let at = at % damaged.octets.len();
            damaged.octets[at] ^= with;
            vec![(Duration::ZERO, damaged), (Duration::from_millis(1), frame)]
        });
        pair.run(Duration::from_secs(60));
        prop_assert!(pair.right.layer.leases().count() <= 1);
    }
}

/// LCP-1661-6.4-e: who has agreed to no Magic-Number sends zero in its place.
#[test]
fn without_a_magic_number_it_is_zero() {
    use l2tpspec_protocol::ppp::LcpRequest;
    for has_magic in [true, false] {
        let mut plain = client(&[Method::Pap]);
        plain.identification = vec![b"WHO".to_vec()];
        if !has_magic {
            plain.lcp.retain(|request| *request != LcpRequest::MagicNumber);
        }
        let mut pair = super::support::pair(plain, server(&[Method::Pap]));
        let said = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&said);
        pair.link = Box::new(move |side, _, frame: Frame| {
            if side == Side::Left && frame.octets.starts_with(&[0xff, 0x03, 0xc0, 0x21, 12]) {
                seen.borrow_mut().extend_from_slice(&frame.octets[8..12]);
            }
            vec![(Duration::ZERO, frame)]
        });
        pair.run(Duration::from_secs(2));
        assert_up(&pair, "with and without a number");
        assert_eq!(said.borrow().len(), 4);
        assert_eq!(said.borrow().iter().any(|octet| *octet != 0), has_magic);
    }
}

/// RFC 1570 section 1.1: what an end says of itself comes once LCP is open, in order and under its magic number, and draws
/// nothing.
#[test]
fn identification_is_said_once_lcp_is_open_and_draws_nothing() {
    use super::support::pair;
    use l2tpspec_protocol::ppp::Event;
    let mut windows = client(&[Method::MsChapV2]);
    windows.identification = vec![b"MSRASV5.20".to_vec(), b"MSRAS-0-HOST".to_vec()];
    let mut pair = pair(windows, server(&[Method::MsChapV2]));
    let said = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&said);
    pair.link = Box::new(move |side, _, frame: Frame| {
        // Address, control, LCP.
        if frame.octets.starts_with(&[0xff, 0x03, 0xc0, 0x21]) {
            seen.borrow_mut().push((side, frame.octets[4..].to_vec()));
        }
        vec![(Duration::ZERO, frame)]
    });
    pair.run(Duration::from_secs(2));
    assert_up(&pair, "with Identification");
    let said = said.borrow();
    let magic = said.iter().find_map(|(side, octets)| {
        let at = octets.windows(2).position(|it| it == [5, 6])?;
        (*side == Side::Right && octets[0] == 2).then(|| octets[at + 2..at + 6].to_vec())
    });
    let found: Vec<_> = said.iter().filter(|(_, octets)| octets[0] == 12).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    for ((side, octets), text) in found.into_iter().zip([&b"MSRASV5.20"[..], b"MSRAS-0-HOST"]) {
        assert_eq!(*side, Side::Left);
        assert_eq!(Some(&octets[4..8]), magic.as_deref());
        assert_eq!(&octets[8..], text);
    }
    assert!(!said.iter().any(|(_, octets)| octets[0] == 7), "no Code-Reject");
    assert!(!pair.right.events.iter().any(|(_, event)| matches!(event, Event::Rejected { .. })));
}
