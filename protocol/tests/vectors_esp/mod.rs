//! ESP packets of the RFCs, of recordings and of another implementation, opened and sealed again.

use crate::support::{digits, hex_field, text};
use l2tpspec_protocol::codec::Codec;
use l2tpspec_protocol::esp::wire::Header;
use l2tpspec_protocol::esp::{Encryption, Integrity, Job, Opened, Refused, Sa, open, open_batch};
use serde_json::Value;

/// One packet with all that is known about it.
struct Vector {
    source: String,
    sa: Sa,
    packet: Vec<u8>,
    payload: Vec<u8>,
    pad_length: u8,
    next_header: u8,
}

/// The vectors of `esp_packets.json`.
fn vectors() -> Vec<Vector> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/esp_packets.json")).unwrap();
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 34);
    vectors.iter().map(read).collect()
}

fn read(vector: &Value) -> Vector {
    let (encryption, integrity) = (text(vector, "encryption"), text(vector, "integrity"));
    let packet = hex_field(vector, "packet");
    let sa = Sa::new(
        Header::decode_all(&packet[..8]).unwrap().security_parameters_index,
        Encryption::ALL.into_iter().find(|known| known.to_string() == encryption).unwrap(),
        &hex_field(vector, "encryption_key"),
        Integrity::ALL.into_iter().find(|known| known.to_string() == integrity).unwrap(),
        &hex_field(vector, "integrity_key"),
    );
    Vector {
        source: format!("{} {encryption} {integrity}", text(vector, "source")),
        sa: sa.unwrap(),
        packet,
        payload: hex_field(vector, "payload"),
        pad_length: vector["pad_length"].as_u64().unwrap().try_into().unwrap(),
        next_header: vector["next_header"].as_u64().unwrap().try_into().unwrap(),
    }
}

impl Vector {
    fn assert_opened(&self, outcome: Result<Opened, Refused>, packet: &[u8]) {
        let opened = outcome.unwrap_or_else(|refused| panic!("{}: {refused}", self.source));
        assert_eq!(digits(&packet[opened.payload.clone()]), digits(&self.payload), "{}", self.source);
        assert_eq!(opened.pad_length, self.pad_length, "{}", self.source);
        assert_eq!(opened.next_header, self.next_header, "{}", self.source);
        assert!(opened.padding_is_sequential, "{}", self.source);
    }
}

#[test]
fn every_packet_opens_to_its_payload() {
    for vector in vectors() {
        let mut packet = vector.packet.clone();
        let outcome = open(&vector.sa, &mut packet);
        vector.assert_opened(outcome, &packet);
    }
}

#[test]
fn packets_of_many_associations_open_in_one_batch() {
    let vectors = vectors();
    let mut packets: Vec<_> = vectors.iter().map(|vector| vector.packet.clone()).collect();
    let mut jobs: Vec<_> =
        vectors.iter().zip(&mut packets).map(|(vector, packet)| Job::new(&vector.sa, packet)).collect();
    open_batch(&mut jobs);
    for (vector, job) in vectors.iter().zip(jobs) {
        vector.assert_opened(job.outcome, job.packet);
    }
}

#[test]
fn every_payload_seals_to_its_packet() {
    for vector in vectors() {
        let header = Header::decode_all(&vector.packet[..8]).unwrap();
        let iv = &vector.packet[8..vector.sa.header_len()];
        if vector.pad_length != vector.sa.pad_length(vector.payload.len()) {
            assert!(vector.source.starts_with("draft-mcgrew"), "{} pads more than it must", vector.source);
            continue;
        }
        let packet = vector.sa.seal(header.sequence_number, iv, vector.next_header, &vector.payload).unwrap();
        assert_eq!(digits(&packet), digits(&vector.packet), "{}", vector.source);
    }
}

/// Every octet is covered by the Integrity Check Value, which is checked before anything is decrypted
/// (ESP-4303-3.4.4-a).
#[test]
fn a_changed_octet_is_refused_and_leaves_the_packet_alone() {
    for vector in vectors().into_iter().filter(|vector| vector.sa.icv_len() > 0) {
        for at in 0..vector.packet.len() {
            let mut packet = vector.packet.clone();
            packet[at] ^= 0x40;
            let changed = packet.clone();
            assert_eq!(open(&vector.sa, &mut packet), Err(Refused::BadIcv), "{} {at}", vector.source);
            assert_eq!(packet, changed, "{} {at}", vector.source);
        }
    }
}

/// A peer with the truncation fault (CRYP-4868-2.3-a): refused at 128 bits, recognised at 96, and opened once
/// the association is told.
#[test]
fn the_truncation_fault_is_recognised() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/esp_packets.json")).unwrap();
    let faulty = vectors.as_array().unwrap().iter().find(|it| text(it, "integrity") == "HMAC-SHA-256-96");
    let faulty = faulty.unwrap();
    let (key, mac_key) = (hex_field(faulty, "encryption_key"), hex_field(faulty, "integrity_key"));
    let sa = Sa::new(1, Encryption::AesCbc, &key, Integrity::HmacSha256_128, &mac_key).unwrap();
    let packet = hex_field(faulty, "packet");
    assert_eq!(open(&sa, &mut packet.clone()), Err(Refused::BadIcv));
    assert!(sa.verifies_at(&packet, 12));
    assert!(!sa.verifies_at(&packet, sa.icv_len()));
    let told = Sa::new(1, Encryption::AesCbc, &key, Integrity::HmacSha256_96, &mac_key).unwrap();
    assert!(open(&told, &mut packet.clone()).is_ok());
    assert!(!told.verifies_at(&packet, 16));
}
