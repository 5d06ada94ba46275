//! ESP packets under a fixed security association of every suite, and what UDP carries on port 4500.

use std::sync::OnceLock;

use l2tpspec_protocol::codec::{Codec as _, Reader};
use l2tpspec_protocol::esp::nat_t::Datagram;
use l2tpspec_protocol::esp::wire::Header;
use l2tpspec_protocol::esp::{self, Encryption, Integrity, Job, Opened, Refused, Sa};

use super::check::{shows, summarises};

/// The SPI of all of them.
pub(super) const SPI: u32 = 0x0000_1000;
/// Packets in a batch: enough to be verified side by side.
const BATCH: usize = 5;

/// The associations: every transform with every key size and every integrity algorithm that goes with it, all of
/// them with the same SPI.
///
/// # Panics
/// Never: every key has the length that its algorithm takes.
#[must_use]
pub fn suites() -> &'static [Sa] {
    static SUITES: OnceLock<Vec<Sa>> = OnceLock::new();
    SUITES.get_or_init(|| {
        let key: Vec<u8> = (1..=64).collect();
        let mut suites = Vec::new();
        for encryption in Encryption::ALL {
            for length in encryption.key_lens() {
                for integrity in Integrity::ALL {
                    let (own, mac) = (&key[..*length], &key[..integrity.key_len()]);
                    suites.extend(Sa::new(SPI, encryption, own, integrity, mac).ok());
                }
            }
        }
        suites
    })
}

fn suite(which: u8) -> &'static Sa {
    let suites = suites();
    &suites[usize::from(which) % suites.len()]
}

/// A suite and a packet, which is opened as it is, and once more after it was sealed with the octets as plaintext.
///
/// # Panics
/// A packet that opens does not seal to the same octets, one that was sealed does not open, or a batch gives something
/// else than a packet alone.
pub fn packet_open(octets: &[u8]) {
    let Some((which, packet)) = octets.split_first() else { return };
    let sa = suite(*which);
    let Ok(header) = Header::decode(&mut Reader::new(packet)) else {
        assert!(esp::open(sa, &mut packet.to_vec()).is_err(), "what has no header does not open");
        return;
    };
    summarises(&header);
    shows(&header);
    let mut plain = packet.to_vec();
    let outcome = esp::open(sa, &mut plain);
    judge(sa, packet, &plain, &outcome);
    let Some(iv) = packet.get(Header::LEN..sa.header_len()) else { return };
    if outcome.is_ok() && header.security_parameters_index == sa.spi() {
        sa.seal_plaintext_in_place(header.sequence_number, iv, &mut plain).expect("what opened seals");
        assert_eq!(plain, packet, "what opened seals to the same octets");
    }
    let mut sealed = packet.to_vec();
    if sa.seal_plaintext_in_place(header.sequence_number, iv, &mut sealed).is_err() {
        return;
    }
    let mut plain = sealed.clone();
    let outcome = esp::open(sa, &mut plain);
    judge(sa, &sealed, &plain, &outcome);
    match &outcome {
        Ok(_) | Err(Refused::BadPadLength { .. }) => {
            let body = sa.header_len()..packet.len() - sa.icv_len();
            assert_eq!(plain.get(body.clone()), packet.get(body), "the plaintext comes back");
        }
        Err(Refused::Truncated { need, .. }) => assert!(packet.len() < *need),
        Err(refused) => panic!("what was sealed under {sa} does not open: {refused}"),
    }
    batch(sa, &sealed, &plain, &outcome);
}

fn judge(sa: &Sa, packet: &[u8], plain: &[u8], outcome: &Result<Opened, Refused>) {
    assert_eq!(packet.len(), plain.len());
    match outcome {
        Ok(opened) => {
            let end = packet.len() - sa.icv_len();
            assert_eq!(opened.payload.start, sa.header_len());
            assert_eq!(opened.payload.end + usize::from(opened.pad_length) + 2, end);
            assert_eq!(plain.get(end - 2..end), Some(&[opened.pad_length, opened.next_header][..]));
        }
        Err(refused) => summarises(refused),
    }
}

/// Copies of a packet, one of them damaged if its suite can tell, opened together.
fn batch(sa: &Sa, sealed: &[u8], plain: &[u8], outcome: &Result<Opened, Refused>) {
    let mut packets: [Vec<u8>; BATCH] = std::array::from_fn(|_| sealed.to_vec());
    let is_damaged = sa.icv_len() > 0 && outcome.is_ok();
    if is_damaged && let Some(octet) = packets[2].last_mut() {
        *octet ^= 0x80;
    }
    let mut jobs: Vec<Job<'_>> = packets.iter_mut().map(|packet| Job::new(sa, packet)).collect();
    esp::open_batch(&mut jobs);
    for (place, job) in jobs.iter().enumerate() {
        if is_damaged && place == 2 {
            assert_eq!(job.outcome, Err(Refused::BadIcv), "damage is seen");
        } else {
            assert_eq!(&job.outcome, outcome, "a batch opens what a packet alone opens");
            assert_eq!(job.packet, plain, "and to the same plaintext");
        }
    }
}

/// A suite, a Next Header, a place to damage, and a payload that is sealed, opened, and refused once damaged.
///
/// # Panics
/// The payload does not come back, or damage is not seen.
pub fn payload_seal_open(octets: &[u8]) {
    let Some((&[which, next_header, at, bit], payload)) = octets.split_first_chunk::<4>() else { return };
    let sa = suite(which);
    let iv = [0x5a; 16];
    let iv = &iv[..sa.encryption().iv_len()];
    let sealed = sa.seal(7, iv, next_header, payload).expect("the IV fits");
    assert_eq!(sealed.len(), sa.sealed_len(payload.len()));
    let mut packet = sealed.clone();
    let opened = esp::open(sa, &mut packet).expect("what was sealed opens");
    assert_eq!(packet.get(opened.payload.clone()), Some(payload), "the payload comes back");
    assert_eq!((opened.next_header, opened.padding_is_sequential), (next_header, true));
    assert_eq!(opened.pad_length, sa.pad_length(payload.len()));
    if sa.icv_len() > 0 {
        let mut damaged = sealed;
        let at = usize::from(at) % damaged.len();
        damaged[at] ^= 1 << (bit % 8);
        assert_eq!(esp::open(sa, &mut damaged), Err(Refused::BadIcv), "damage at octet {at} is seen");
    }
}

/// The payload of a datagram on port 4500.
///
/// # Panics
/// It does not come together again.
pub fn datagram_round_trip(octets: &[u8]) {
    match Datagram::decode(octets) {
        Ok(datagram) => {
            assert_eq!(datagram.to_octets(), octets, "a datagram encodes to the same octets");
            if let Datagram::Ike(inner) | Datagram::Esp(inner) = datagram {
                assert_eq!(octets.get(datagram.offset()..), Some(inner));
            }
        }
        Err(malformed) => {
            assert!(octets.len() < Header::LEN && !malformed.field.is_empty());
        }
    }
}
