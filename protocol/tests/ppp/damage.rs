//! Lost, repeated, late, damaged and forged frames.

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
