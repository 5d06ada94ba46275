//! Packets opened in place: Integrity Check Values verified, then ciphertext decrypted, then padding taken off
//! (RFC 4303 section 3.4.4).

use super::sa::{Cipher, Sa};
use super::wire::Header;
use crate::crypto::{equal, hmac, lanes};
use core::fmt;
use core::ops::Range;

/// One packet to be opened.
#[derive(Debug)]
pub struct Job<'a> {
    /// The association that the packet belongs to.
    pub sa: &'a Sa,
    /// The packet, from its SPI to the last octet of its Integrity Check Value. If it is opened, or refused for
    /// its [padding](Refused::BadPadLength), its ciphertext is plaintext afterwards; else it is untouched, except
    /// that AES-GCM also decrypts what is [not whole blocks](Refused::NotWholeBlocks).
    pub packet: &'a mut [u8],
    /// What came of it.
    pub outcome: Result<Opened, Refused>,
}

impl<'a> Job<'a> {
    /// A packet that nobody tried to open yet.
    #[must_use]
    pub const fn new(sa: &'a Sa, packet: &'a mut [u8]) -> Self {
        Self { sa, packet, outcome: Err(Refused::NotTried) }
    }
}

/// A packet that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Where the payload stands in the packet, in octets.
    pub payload: Range<usize>,
    /// Pad Length, in octets.
    pub pad_length: u8,
    /// Next Header.
    pub next_header: u8,
    /// Whether the padding is 1, 2, 3 and so on (ESP-4303-2.4-a, ESP-4303-2.4-b). Without an integrity algorithm
    /// this is the best sign that the key was right; no padding at all is sequential.
    pub padding_is_sequential: bool,
}

/// Why a packet was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nobody tried yet.
    NotTried,
    /// The packet is shorter than the shortest of its association, in octets.
    Truncated {
        /// The shortest length.
        need: usize,
        /// The packet's length.
        have: usize,
    },
    /// The Integrity Check Value does not fit (ESP-4303-3.4.4-a).
    BadIcv,
    /// The ciphertext does not fill blocks or four-octet words, though the Integrity Check Value fits if there is
    /// one (ESP-4303-2.4-c).
    NotWholeBlocks {
        /// The length of the ciphertext, in octets.
        got: usize,
        /// What it has to be a multiple of.
        block: usize,
    },
    /// The Pad Length reaches beyond the plaintext (ESP-4303-2.4-d).
    BadPadLength {
        /// The Pad Length, in octets.
        pad_length: u8,
        /// Octets before the Pad Length field.
        room: usize,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTried => f.write_str("not tried"),
            Self::Truncated { need, have } => write!(f, "needs {need} octets, {have} are there"),
            Self::BadIcv => f.write_str("Integrity Check Value does not fit"),
            Self::NotWholeBlocks { got, block } => {
                write!(f, "ciphertext of {got} octets does not fill blocks of {block}")
            }
            Self::BadPadLength { pad_length, room } => {
                write!(f, "Pad Length {pad_length} where {room} octets precede it")
            }
        }
    }
}

impl core::error::Error for Refused {}

/// Packets whose Integrity Check Values are computed together.
const GROUP: usize = 64;
/// Fewer packets than this are verified one by one: most lanes would idle.
const WORTH_LANES: usize = 4;

/// Opens every packet of a batch in place and writes the outcomes. Packets may belong to any associations and
/// have any lengths; nothing is allocated.
pub fn open_batch(jobs: &mut [Job<'_>]) {
    for group in jobs.chunks_mut(GROUP) {
        let verdicts = verify_group(group);
        for (job, verdict) in group.iter_mut().zip(verdicts) {
            job.outcome = open_one(job.sa, job.packet, verdict);
        }
    }
}

/// Verifies those packets of a group whose HMACs can be computed side by side: whether each one fits, `None` if it was
/// left to be verified alone.
fn verify_group(jobs: &[Job<'_>]) -> [Option<bool>; GROUP] {
    let mut verdicts = [None; GROUP];
    if jobs.len() < WORTH_LANES || !lanes::is_available() {
        return verdicts;
    }
    const NO_STATE: &lanes::State = &[0; 5];
    let mut messages = [lanes::Message { inner: NO_STATE, outer: NO_STATE, octets: &[] }; GROUP];
    let mut digests = [[0; 20]; GROUP];
    let mut icvs: [(usize, &[u8]); GROUP] = [(0, &[]); GROUP];
    let mut count = 0_usize;
    for (place, job) in jobs.iter().enumerate() {
        let Some((inner, outer)) = job.sa.mac.as_ref().and_then(hmac::Key::sha1_states) else { continue };
        let covered = job.packet.len().checked_sub(job.sa.icv_len());
        let Some((octets, icv)) = covered.and_then(|covered| job.packet.split_at_checked(covered)) else {
            continue;
        };
        if let (Some(message), Some(of)) = (messages.get_mut(count), icvs.get_mut(count)) {
            *message = lanes::Message { inner, outer, octets };
            *of = (place, icv);
            count = count.saturating_add(1);
        }
    }
    let (Some(messages), Some(used)) = (messages.get(..count), digests.get_mut(..count)) else {
        return verdicts;
    };
    if count >= WORTH_LANES && lanes::hmac_sha1(messages, used) {
        for (digest, (place, icv)) in used.iter().zip(icvs) {
            let fits = digest.get(..icv.len()).is_some_and(|digest| equal(digest, icv));
            if let Some(verdict) = verdicts.get_mut(place) {
                *verdict = Some(fits);
            }
        }
    }
    verdicts
}

/// Opens one packet in place: a batch of one.
///
/// # Errors
/// Why it was not opened.
pub fn open(sa: &Sa, packet: &mut [u8]) -> Result<Opened, Refused> {
    let mut jobs = [Job::new(sa, packet)];
    open_batch(&mut jobs);
    let [job] = jobs;
    job.outcome
}

/// Opens one packet. `verdict` says whether its HMAC fits, if that is known already.
fn open_one(sa: &Sa, packet: &mut [u8], verdict: Option<bool>) -> Result<Opened, Refused> {
    let (header_len, icv_len, block) = (sa.header_len(), sa.icv_len(), sa.encryption().alignment());
    let have = packet.len();
    let need = header_len.saturating_add(block).saturating_add(icv_len);
    let truncated = Refused::Truncated { need, have };
    if have < need {
        return Err(truncated);
    }
    let covered_len = have.checked_sub(icv_len).ok_or(truncated)?;
    let (covered, icv) = packet.split_at_mut_checked(covered_len).ok_or(truncated)?;
    if let Some(mac) = &sa.mac
        && !verdict.unwrap_or_else(|| mac.verifies(covered, icv))
    {
        return Err(Refused::BadIcv);
    }
    let (header, body) = covered.split_at_mut_checked(header_len).ok_or(truncated)?;
    let (header, iv) = header.split_at_checked(Header::LEN).ok_or(truncated)?;
    if let Cipher::Gcm(key) = &sa.cipher {
        let iv = iv.try_into().map_err(|_| truncated)?;
        key.open(iv, header, body, icv).map_err(|_| Refused::BadIcv)?;
    }
    let not_whole = Refused::NotWholeBlocks { got: body.len(), block };
    if !body.len().is_multiple_of(block) {
        return Err(not_whole);
    }
    match &sa.cipher {
        Cipher::Null | Cipher::Gcm(_) => {}
        Cipher::Cbc(key) => key.decrypt(iv, body).map_err(|_| not_whole)?,
        Cipher::Ctr(key) => key.apply(iv.try_into().map_err(|_| truncated)?, body),
    }
    trailer(body, header_len).ok_or(truncated)?
}

/// Reads Padding, Pad Length and Next Header (RFC 4303 sections 2.4 to 2.6) off a plaintext that stands at
/// `start` of its packet. `None` if it has not two octets.
fn trailer(plaintext: &[u8], start: usize) -> Option<Result<Opened, Refused>> {
    let (before, [pad_length, next_header]) = plaintext.split_last_chunk::<2>()?;
    let (pad_length, next_header, room) = (*pad_length, *next_header, before.len());
    let Some(payload_len) = room.checked_sub(usize::from(pad_length)) else {
        return Some(Err(Refused::BadPadLength { pad_length, room }));
    };
    let padding = before.get(payload_len..)?;
    Some(Ok(Opened {
        payload: start..start.checked_add(payload_len)?,
        pad_length,
        next_header,
        padding_is_sequential: padding.iter().copied().eq((1..=u8::MAX).take(padding.len())),
    }))
}
