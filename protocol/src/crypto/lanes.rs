//! HMAC-SHA-1 of many messages at once (RFC 2104, FIPS 180-4): sixteen lanes side by side where the processor has
//! AVX-512, each lane working through its own message and taking the next one when it is done.
//!
//! SHA-1 is a chain of dependent steps, so one message cannot go faster than the chain; sixteen can share it. The
//! vector instructions are those of the crate `pulp`, whose tokens prove that the processor has them.

/// Messages side by side.
pub const LANES: usize = 16;

/// The five words of a SHA-1 state.
pub type State = [u32; 5];

/// One message to be authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// State after the block of the key and the inner pad.
    pub inner: &'a State,
    /// State after the block of the key and the outer pad.
    pub outer: &'a State,
    /// The octets.
    pub octets: &'a [u8],
}

/// Whether [`hmac_sha1`] can work here.
#[must_use]
pub fn is_available() -> bool {
    #[cfg(target_arch = "x86_64")]
    let is_available = pulp::x86::V4::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    let is_available = false;
    is_available
}

/// Writes the HMAC-SHA-1 of each message to the place of the same index. Returns whether it did: it does nothing
/// where [`is_available`] says no.
pub fn hmac_sha1(messages: &[Message<'_>], digests: &mut [[u8; 20]]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V4::try_new() {
        simd.vectorize(avx512::Work { simd, messages, digests });
        return true;
    }
    let _ = (messages, digests);
    false
}

#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_wrap,
    reason = "arrays of sixteen lanes indexed by constants and lane numbers; a message's length fits its bit count"
)]
mod avx512 {
    use core::arch::x86_64::__m512i;

    use pulp::x86::V4;

    use super::{LANES, Message, State};

    /// Octets of a block.
    const BLOCK: usize = 64;

    /// Bits under the outer pad: its block and the inner digest.
    const OUTER_BITS: u16 = (64 + 20) * 8;

    static ZERO: [u8; BLOCK] = [0; BLOCK];

    /// The lanes' states, word by word.
    type States = [[u32; LANES]; 5];

    pub(super) struct Work<'w, 'm> {
        pub(super) simd: V4,
        pub(super) messages: &'m [Message<'m>],
        pub(super) digests: &'w mut [[u8; 20]],
    }

    impl pulp::NullaryFnOnce for Work<'_, '_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            run(self.simd, self.messages, self.digests);
        }
    }

    /// What a lane does next.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Stage {
        /// Whole blocks of the message.
        Body,
        /// The rest of the message with its padding, `left` blocks of the lane's tail.
        Tail { left: usize },
        /// The inner digest under the outer pad.
        Outer,
        /// Nothing.
        Idle,
    }

    #[derive(Clone, Copy)]
    struct Lane<'m> {
        stage: Stage,
        body: &'m [[u8; BLOCK]],
        index: usize,
    }

    #[inline(always)]
    fn run(simd: V4, messages: &[Message<'_>], digests: &mut [[u8; 20]]) {
        let mut states: States = [[0; LANES]; 5];
        let mut tails = [[[0_u8; BLOCK]; 2]; LANES];
        let mut lanes = [Lane { stage: Stage::Idle, body: &[], index: 0 }; LANES];
        let mut queue = messages.iter().enumerate();
        for (lane, tail) in tails.iter_mut().enumerate() {
            load(&mut lanes[lane], tail, &mut states, lane, queue.next());
        }
        loop {
            let mut is_busy = false;
            let mut blocks = [&ZERO; LANES];
            for ((lane, tail), block) in lanes.iter().zip(&tails).zip(&mut blocks) {
                *block = match lane.stage {
                    Stage::Body => &lane.body[0],
                    Stage::Tail { left: 2 } => &tail[0],
                    Stage::Tail { .. } | Stage::Outer => &tail[1],
                    Stage::Idle => continue,
                };
                is_busy = true;
            }
            if !is_busy {
                return;
            }
            compress(simd, &mut states, &blocks);
            for (number, (lane, tail)) in lanes.iter_mut().zip(&mut tails).enumerate() {
                match lane.stage {
                    Stage::Body => {
                        lane.body = &lane.body[1..];
                        if lane.body.is_empty() {
                            lane.stage = Stage::Tail { left: tail_blocks(messages[lane.index].octets.len()) };
                        }
                    }
                    Stage::Tail { left: 2 } => lane.stage = Stage::Tail { left: 1 },
                    Stage::Tail { .. } => {
                        let block = &mut tail[1];
                        block.fill(0);
                        for (place, word) in block.chunks_exact_mut(4).zip(&states) {
                            place.copy_from_slice(&word[number].to_be_bytes());
                        }
                        block[20] = 0x80;
                        block[62..].copy_from_slice(&OUTER_BITS.to_be_bytes());
                        set(&mut states, number, messages[lane.index].outer);
                        lane.stage = Stage::Outer;
                    }
                    Stage::Outer => {
                        for (place, word) in digests[lane.index].chunks_exact_mut(4).zip(&states) {
                            place.copy_from_slice(&word[number].to_be_bytes());
                        }
                        load(lane, tail, &mut states, number, queue.next());
                    }
                    Stage::Idle => {}
                }
            }
        }
    }

    /// Blocks that the rest of a message and its padding take.
    const fn tail_blocks(length: usize) -> usize {
        if length % BLOCK + 9 <= BLOCK { 1 } else { 2 }
    }

    fn set(states: &mut States, lane: usize, state: &State) {
        for (word, value) in states.iter_mut().zip(state) {
            word[lane] = *value;
        }
    }

    /// Gives a lane the next message.
    #[inline(always)]
    fn load<'m>(
        lane: &mut Lane<'m>,
        tail: &mut [[u8; BLOCK]; 2],
        states: &mut States,
        number: usize,
        next: Option<(usize, &'m Message<'m>)>,
    ) {
        let Some((index, message)) = next else {
            lane.stage = Stage::Idle;
            return;
        };
        let (body, rest) = message.octets.as_chunks::<BLOCK>();
        let blocks = tail_blocks(message.octets.len());
        let octets = tail.as_flattened_mut();
        octets.fill(0);
        let start = (2 - blocks) * BLOCK;
        octets[start..start + rest.len()].copy_from_slice(rest);
        octets[start + rest.len()] = 0x80;
        let bits = (BLOCK as u64 + message.octets.len() as u64) * 8;
        octets[2 * BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
        set(states, number, message.inner);
        let stage = if body.is_empty() { Stage::Tail { left: blocks } } else { Stage::Body };
        *lane = Lane { stage, body, index };
    }

    /// One block in every lane.
    #[inline(always)]
    #[expect(unused_assignments, reason = "the unrolled rounds keep words that the last rounds do not read")]
    fn compress(simd: V4, states: &mut States, blocks: &[&[u8; BLOCK]; LANES]) {
        let (f, bw) = (simd.avx512f, simd.avx512bw);
        let swap = f._mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203);
        let constant = |k: u32| f._mm512_set1_epi32(k as i32);
        let k = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6].map(constant);
        let before: [__m512i; 5] = states.map(pulp::cast);
        let mut w = [f._mm512_setzero_si512(); 16];
        for (word, block) in w.iter_mut().zip(blocks) {
            *word = bw._mm512_shuffle_epi8(pulp::cast(**block), swap);
        }
        transpose(simd, &mut w);
        let [mut a, mut b, mut c, mut d, mut e] = before;
        macro_rules! round {
            ($t:expr, $choice:literal, $k:expr) => {{
                let word = if $t < 16 {
                    w[$t & 15]
                } else {
                    let mixed = f._mm512_ternarylogic_epi32::<0x96>(
                        w[($t + 13) & 15],
                        w[($t + 8) & 15],
                        w[($t + 2) & 15],
                    );
                    let mixed = f._mm512_rol_epi32::<1>(f._mm512_xor_si512(mixed, w[$t & 15]));
                    w[$t & 15] = mixed;
                    mixed
                };
                let chosen = f._mm512_ternarylogic_epi32::<$choice>(b, c, d);
                let sum = f._mm512_add_epi32(f._mm512_rol_epi32::<5>(a), chosen);
                let sum = f._mm512_add_epi32(sum, f._mm512_add_epi32(f._mm512_add_epi32(e, $k), word));
                (e, d, c, b, a) = (d, c, f._mm512_rol_epi32::<30>(b), a, sum);
            }};
        }
        macro_rules! rounds {
            ($from:literal, $choice:literal, $k:expr) => {{
                round!($from, $choice, $k);
                round!($from + 1, $choice, $k);
                round!($from + 2, $choice, $k);
                round!($from + 3, $choice, $k);
                round!($from + 4, $choice, $k);
                round!($from + 5, $choice, $k);
                round!($from + 6, $choice, $k);
                round!($from + 7, $choice, $k);
                round!($from + 8, $choice, $k);
                round!($from + 9, $choice, $k);
                round!($from + 10, $choice, $k);
                round!($from + 11, $choice, $k);
                round!($from + 12, $choice, $k);
                round!($from + 13, $choice, $k);
                round!($from + 14, $choice, $k);
                round!($from + 15, $choice, $k);
                round!($from + 16, $choice, $k);
                round!($from + 17, $choice, $k);
                round!($from + 18, $choice, $k);
                round!($from + 19, $choice, $k);
            }};
        }
        // Choose, parity, majority, parity, as truth tables of three inputs.
        rounds!(0, 0xca, k[0]);
        rounds!(20, 0x96, k[1]);
        rounds!(40, 0xe8, k[2]);
        rounds!(60, 0x96, k[3]);
        let after = [a, b, c, d, e];
        for ((state, old), new) in states.iter_mut().zip(before).zip(after) {
            *state = pulp::cast(f._mm512_add_epi32(old, new));
        }
    }

    /// Sixteen blocks of sixteen words become sixteen words of sixteen lanes.
    #[inline(always)]
    fn transpose(simd: V4, r: &mut [__m512i; 16]) {
        let f = simd.avx512f;
        let mut t = [f._mm512_setzero_si512(); 16];
        for i in 0..8 {
            t[2 * i] = f._mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
            t[2 * i + 1] = f._mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
        }
        for i in 0..4 {
            r[4 * i] = f._mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
            r[4 * i + 1] = f._mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
            r[4 * i + 2] = f._mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
            r[4 * i + 3] = f._mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
        }
        for i in 0..4 {
            t[i] = f._mm512_shuffle_i32x4::<0x88>(r[i], r[i + 4]);
            t[i + 4] = f._mm512_shuffle_i32x4::<0xdd>(r[i], r[i + 4]);
            t[i + 8] = f._mm512_shuffle_i32x4::<0x88>(r[i + 8], r[i + 12]);
            t[i + 12] = f._mm512_shuffle_i32x4::<0xdd>(r[i + 8], r[i + 12]);
        }
        for i in 0..8 {
            r[i] = f._mm512_shuffle_i32x4::<0x88>(t[i], t[i + 8]);
            r[i + 8] = f._mm512_shuffle_i32x4::<0xdd>(t[i], t[i + 8]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hash::Hash;

    /// Octets of a block.
    const BLOCK: usize = 64;

    const KEY: [u8; 20] = *b"an integrity key, 20";

    fn state_after(pad: u8) -> State {
        let mut block = [pad; BLOCK];
        for (octet, key) in block.iter_mut().zip(KEY) {
            *octet ^= key;
        }
        let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
        sha1::block_api::compress(&mut state, &[block]);
        state
    }

    #[test]
    fn every_length_gives_what_one_message_alone_gives() {
        let (inner, outer) = (state_after(0x36), state_after(0x5c));
        let texts: Vec<Vec<u8>> =
            (0..700_usize).map(|length| (0..length).map(|i| (i * 31 + length) as u8).collect()).collect();
        // In this order neighbouring lanes have very different lengths.
        let order: Vec<usize> = (0..texts.len()).map(|i| i * 457 % texts.len()).collect();
        let messages: Vec<_> =
            order.iter().map(|i| Message { inner: &inner, outer: &outer, octets: &texts[*i] }).collect();
        let mut digests = vec![[0; 20]; messages.len()];
        assert_eq!(hmac_sha1(&messages, &mut digests), is_available());
        if !is_available() {
            assert!(digests.iter().all(|digest| *digest == [0; 20]), "untouched without AVX-512");
            return;
        }
        for (i, digest) in order.iter().zip(&digests) {
            assert_eq!(digest[..], Hash::Sha1.hmac(&KEY, &[&texts[*i]]), "a message of {i} octets");
        }
    }

    #[test]
    fn any_number_of_messages_works() {
        let (inner, outer) = (state_after(0x36), state_after(0x5c));
        for count in 0..40 {
            let text = vec![7; count * 3];
            let messages = vec![Message { inner: &inner, outer: &outer, octets: &text }; count];
            let mut digests = vec![[0; 20]; count];
            if hmac_sha1(&messages, &mut digests) {
                let expected = Hash::Sha1.hmac(&KEY, &[&text]);
                assert!(digests.iter().all(|digest| digest[..] == expected), "{count} messages");
            }
        }
    }
}
