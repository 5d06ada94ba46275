use super::*;
use proptest::prelude::*;

/// An association of each transform and key length with each integrity algorithm that it goes with.
fn associations() -> Vec<Sa> {
    let mut all = Vec::new();
    for encryption in Encryption::ALL {
        for length in encryption.key_lens() {
            for integrity in Integrity::ALL {
                if encryption.own_icv_len().is_some() && integrity != Integrity::None {
                    continue;
                }
                let (key, mac_key) = (vec![0x3c; *length], vec![0x69; integrity.key_len()]);
                all.push(Sa::new(0x1234_5678, encryption, &key, integrity, &mac_key).unwrap());
            }
        }
    }
    all
}

fn iv(sa: &Sa) -> Vec<u8> {
    vec![0xa7; sa.encryption().iv_len()]
}

/// A packet with a plaintext of the caller's, trailer included.
fn with_plaintext(sa: &Sa, plaintext: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; sa.header_len()];
    packet.extend_from_slice(plaintext);
    packet.resize(packet.len() + sa.icv_len(), 0);
    sa.seal_plaintext_in_place(7, &iv(sa), &mut packet).unwrap();
    packet
}

#[test]
fn every_association_opens_what_it_sealed() {
    for sa in associations() {
        for length in 0..70 {
            let payload: Vec<u8> = (0..length).collect();
            let mut packet = sa.seal(9, &iv(&sa), 17, &payload).unwrap();
            assert_eq!(packet.len(), sa.sealed_len(payload.len()), "{sa}");
            assert_eq!(packet[..8], [0x12, 0x34, 0x56, 0x78, 0, 0, 0, 9], "{sa}");
            let opened = open(&sa, &mut packet).unwrap();
            assert_eq!(packet[opened.payload.clone()], payload, "{sa}");
            assert_eq!(opened.next_header, 17, "{sa}");
            assert_eq!(opened.pad_length, sa.pad_length(payload.len()), "{sa}");
            assert!(usize::from(opened.pad_length) < sa.encryption().alignment(), "{sa}");
            assert!(opened.padding_is_sequential, "{sa}");
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    for sa in associations() {
        let packet = sa.seal(9, &iv(&sa), 17, &[5; 40]).unwrap();
        let need = sa.header_len() + sa.encryption().alignment() + sa.icv_len();
        for have in 0..packet.len() {
            let refused = open(&sa, &mut packet[..have].to_vec());
            if have < need {
                assert_eq!(refused, Err(Refused::Truncated { need, have }), "{sa}");
            } else if sa.icv_len() > 0 {
                assert_eq!(refused, Err(Refused::BadIcv), "{sa} {have}");
            }
        }
    }
}

/// ESP-4303-2.4-d: any Pad Length that fits is taken off, up to 255 octets.
#[test]
fn long_and_unusual_padding_is_taken_off() {
    for sa in associations() {
        let mut plaintext = vec![b'x'; 255];
        plaintext.extend(1..=255);
        plaintext.extend([255, 59]);
        let mut packet = with_plaintext(&sa, &plaintext);
        let opened = open(&sa, &mut packet).unwrap();
        assert_eq!(packet[opened.payload.clone()], [b'x'; 255], "{sa}");
        assert_eq!((opened.pad_length, opened.next_header), (255, 59), "{sa}");
        assert!(opened.padding_is_sequential, "{sa}");

        plaintext[300] = 0;
        let mut packet = with_plaintext(&sa, &plaintext);
        assert!(!open(&sa, &mut packet).unwrap().padding_is_sequential, "ESP-4303-2.4-b {sa}");
    }
}

/// ESP-4303-2.4-d.
#[test]
fn a_pad_length_beyond_the_plaintext_is_refused() {
    for sa in associations() {
        let mut plaintext = [0; 16];
        plaintext[14] = 15;
        let mut packet = with_plaintext(&sa, &plaintext);
        let refused = Refused::BadPadLength { pad_length: 15, room: 14 };
        assert_eq!(open(&sa, &mut packet), Err(refused), "{sa}");
        plaintext[14] = 14;
        let mut packet = with_plaintext(&sa, &plaintext);
        assert_eq!(open(&sa, &mut packet).unwrap().payload.len(), 0, "{sa}");
    }
}

/// ESP-4303-2.4-c: an Integrity Check Value that fits proves that the peer itself misaligned its packet.
#[test]
fn ciphertext_that_fills_no_blocks_is_refused_after_its_icv_was_verified() {
    for sa in associations().into_iter().filter(|sa| sa.mac.is_some()) {
        let block = sa.encryption().alignment();
        let mut packet = vec![1; sa.header_len() + block + 1];
        let tag = sa.mac.as_ref().unwrap().tag(&packet);
        packet.extend_from_slice(&tag[..sa.icv_len()]);
        let refused = Refused::NotWholeBlocks { got: block + 1, block };
        assert_eq!(open(&sa, &mut packet), Err(refused), "{sa}");
        let last = packet.len() - 1;
        packet[last] ^= 1;
        assert_eq!(open(&sa, &mut packet), Err(Refused::BadIcv), "{sa}");
    }
}

/// Without an integrity algorithm padding alone tells a wrong key, and only mostly.
#[test]
fn a_wrong_key_without_integrity_shows_in_the_padding() {
    let association = |key: &[u8]| Sa::new(300, Encryption::AesCbc, key, Integrity::None, &[]).unwrap();
    let sealed = association(&[1; 16]).seal(1, &[9; 16], 17, &[0; 20]).unwrap();
    let taken = (0..200_u8).filter(|other| {
        let opened = open(&association(&[*other; 16]), &mut sealed.clone());
        opened.is_ok_and(|opened| opened.padding_is_sequential && opened.next_header == 17)
    });
    assert_eq!(taken.collect::<Vec<_>>(), [1]);
}

#[test]
fn keys_of_wrong_lengths_are_refused() {
    for encryption in Encryption::ALL {
        for got in 0..=40 {
            let sa = Sa::new(300, encryption, &vec![0; got], Integrity::None, &[]);
            let want = encryption.key_lens();
            let refused = (!want.contains(&got)).then_some(BadKey::Encryption { got, want });
            assert_eq!(sa.err(), refused, "{encryption} {got}");
        }
    }
    for integrity in Integrity::ALL {
        let (got, want) = (integrity.key_len() + 1, integrity.key_len());
        let sa = Sa::new(300, Encryption::Null, &[], integrity, &vec![0; got]);
        assert_eq!(sa.err(), Some(BadKey::Integrity { got, want }), "{integrity}");
    }
    let both = Sa::new(300, Encryption::AesGcm16, &[0; 20], Integrity::HmacSha1_96, &[0; 20]);
    assert_eq!(both.err(), Some(BadKey::SecondIntegrity));
}

#[test]
fn key_lengths_follow_the_key_length_attribute() {
    assert_eq!(Encryption::AesCbc.key_len(Some(256)), Some(32));
    assert_eq!(Encryption::AesCbc.key_len(None), Some(16));
    assert_eq!(Encryption::AesCbc.key_len(Some(100)), None);
    assert_eq!(Encryption::AesCtr.key_len(Some(192)), Some(28), "CRYP-3686-5.1-a");
    assert_eq!(Encryption::AesGcm16.key_len(Some(128)), Some(20), "CRYP-4106-3-a");
    assert_eq!(Encryption::TripleDesCbc.key_len(None), Some(24));
    assert_eq!(Encryption::TripleDesCbc.key_len(Some(192)), None);
    assert_eq!(Encryption::Null.key_len(None), Some(0));
}

#[test]
fn numbers_name_the_algorithms_of_the_registry() {
    let named: Vec<_> =
        (0..=255).filter_map(|number| Some((number, Encryption::from_transform(number)?))).collect();
    assert_eq!(
        named,
        [
            (2, Encryption::DesCbc),
            (3, Encryption::TripleDesCbc),
            (11, Encryption::Null),
            (12, Encryption::AesCbc),
            (13, Encryption::AesCtr),
            (18, Encryption::AesGcm8),
            (19, Encryption::AesGcm12),
            (20, Encryption::AesGcm16),
        ]
    );
    assert_eq!(Integrity::from_authentication_algorithm(5), Some(Integrity::HmacSha256_128));
    assert_eq!(Integrity::from_authentication_algorithm(3), None);
}

#[test]
fn what_cannot_be_sealed_leaves_the_packet_alone() {
    let sa = Sa::new(300, Encryption::AesCbc, &[0; 16], Integrity::HmacSha1_96, &[0; 20]).unwrap();
    assert_eq!(sa.seal(1, &[0; 8], 17, &[]), Err(Unsealable::Iv { got: 8, want: 16 }));
    let mut packet = vec![7; sa.sealed_len(5) + 1];
    let (got, want) = (packet.len(), packet.len() - 1);
    assert_eq!(sa.seal_in_place(1, &[0; 16], 17, 5, &mut packet), Err(Unsealable::Buffer { got, want }));
    let refused = sa.seal_plaintext_in_place(1, &[0; 16], &mut packet);
    assert_eq!(refused, Err(Unsealable::NotWholeBlocks { got: 17, block: 16 }));
    assert!(packet.iter().all(|octet| *octet == 7));
    let refused = sa.seal_plaintext_in_place(1, &[0; 16], &mut [0; 35]);
    assert_eq!(refused, Err(Unsealable::Buffer { got: 35, want: 36 }));
}

#[test]
fn a_shown_association_tells_no_key() {
    let sa = Sa::new(300, Encryption::AesCbc, &[0xab; 16], Integrity::HmacSha1_96, &[0xcd; 20]).unwrap();
    assert_eq!(format!("{sa:?}"), "Sa { spi: 0x0000012c, encryption: AesCbc, integrity: HmacSha1_96, .. }");
    assert_eq!(sa.to_string(), "ESP SPI 0x0000012c AES-CBC HMAC-SHA-1-96");
}

proptest! {
    /// Nothing panics, and what is opened without keys to protect it lies within its packet.
    #[test]
    fn random_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        for sa in associations() {
            let mut packet = octets.clone();
            if let Ok(opened) = open(&sa, &mut packet) {
                prop_assert!(opened.payload.end + usize::from(opened.pad_length) + 2 <= packet.len());
            }
            let _ = sa.verifies_at(&octets, 12);
        }
    }
}

/// Large batches verify many HMACs side by side; what is damaged has to be seen there as it is alone, and in its place.
#[test]
fn a_large_batch_refuses_exactly_what_is_damaged() {
    let keys = [[0x11; 20], [0x22; 20]];
    let sas =
        keys.map(|key| Sa::new(0x0100, Encryption::AesCbc, &[7; 16], Integrity::HmacSha1_96, &key).unwrap());
    let other =
        Sa::new(0x0101, Encryption::AesCbc, &[7; 16], Integrity::HmacSha256_128, &[0x33; 32]).unwrap();
    let sa_of = |i: usize| if i % 7 == 3 { &other } else { &sas[i % 2] };
    let is_damaged = |i: usize| i % 5 == 2;
    let mut packets: Vec<Vec<u8>> = (0..150_usize)
        .map(|i| {
            let payload = vec![i as u8; i * 37 % 700];
            let mut packet = sa_of(i).seal(i as u32 + 1, &[i as u8; 16], 17, &payload).unwrap();
            if is_damaged(i) {
                let at = i * 13 % packet.len();
                packet[at] ^= 0x40;
            }
            packet
        })
        .collect();
    let alone: Vec<_> =
        packets.iter().enumerate().map(|(i, packet)| open(sa_of(i), &mut packet.clone())).collect();
    let mut jobs: Vec<_> =
        packets.iter_mut().enumerate().map(|(i, packet)| Job::new(sa_of(i), packet)).collect();
    open_batch(&mut jobs);
    for (i, (job, alone)) in jobs.iter().zip(&alone).enumerate() {
        assert_eq!(job.outcome, *alone, "packet {i}");
        assert_eq!(job.outcome == Err(Refused::BadIcv), is_damaged(i), "packet {i}");
    }
}
