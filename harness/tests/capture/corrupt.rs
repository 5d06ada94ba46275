//! Random octets and damaged captures: never a panic, always an end.

use std::fs;
use std::path::Path;

use l2tpspec::capture::LinkType;
use l2tpspec::capture::keys::Keys;
use l2tpspec::capture::link::strip;
use proptest::prelude::*;

use super::support::{Order, fixture, read_octets};

/// Frames end, and each of them can be stripped.
fn read(octets: &[u8]) -> Result<(), TestCaseError> {
    let (frames, error) = read_octets(octets);
    prop_assert!(frames.len() <= octets.len(), "every frame takes octets of the file");
    for (meta, frame) in frames {
        let link = strip(meta.link_type, &frame);
        prop_assert!(link.offset <= link.end && link.end <= frame.len());
    }
    if let Some(error) = error {
        prop_assert!(error.to_string().contains("hint: "));
    }
    Ok(())
}

fn samples() -> Vec<Vec<u8>> {
    let order = Order(true);
    let frame = [0; 60];
    vec![
        fs::read(fixture("captures/no-proposal-chosen.pcap")).unwrap(),
        [
            order.section(),
            order.interface(1, 0, &[(2, b"eth0"), (9, &[9]), (14, &[0; 8]), (0, &[])]),
            order.enhanced(0, 1 << 40, &frame),
            order.block(3, &frame),
            order.block(2, &[0; 24]),
            order.block(0x999, b"unknown"),
        ]
        .concat(),
        [
            &[7, 0, 0, 0, 9, 6, 1][..],
            &[1, 0, 6, 0x7e, 1, 2, 0x7d, 3, 0x7e],
            &[2, 0, 2, 5, 0x7e],
            &[5, 0, 0, 0, 7, 3, 4],
        ]
        .concat(),
    ]
}

fn any_link_type() -> impl Strategy<Value = LinkType> {
    (0usize..LinkType::NAMED.len()).prop_map(|index| LinkType::NAMED[index])
}

/// Beginnings that let random octets get further than the first look at a file.
const BEGINNINGS: [&[u8]; 6] = [
    &[],
    &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0],
    &[0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4],
    &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
    &[7, 0, 0, 0, 0, 1],
    &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
];

/// Pieces of every kind of file of keys.
const WORDS: [&str; 34] = [
    "\"IPv4\",",
    "\"IPv6\",",
    "\"*\",",
    "*",
    "::1",
    "10.0.0.1/33",
    "0x",
    "0x12",
    "\"AES-CBC [RFC3602]\",",
    "\"NULL\"",
    "\"\\x4",
    "\"",
    "\\",
    ",",
    "#",
    "src 10.0.0.1 dst 10.0.0.2",
    "\n",
    "\n\t",
    "proto esp spi 0x1",
    "enc cbc(aes) 0x00",
    "auth-trunc hmac(sha1) 0x00 96",
    "aead rfc4106(gcm(aes)) 0x00 128",
    "05[IKE] ",
    "06[CHD] ",
    "SKEYID => 4 bytes @ 0x0\n",
    "   0: 01 02 03 04",
    "encryption key Ka => 0 bytes @ 0x0\n",
    "HASH_I data => 4 bytes @ 0x0\n",
    "using NULL for encryption\n",
    "psk",
    "0011223344556677",
    " dh-secret ",
    "é",
    "\0",
];

proptest! {
    #[test]
    fn random_octets_are_read_to_an_end(
        beginning in 0..BEGINNINGS.len(),
        octets in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        read(&[BEGINNINGS[beginning], &octets].concat())?;
    }

    #[test]
    fn damaged_captures_are_read_to_an_end(
        sample in 0usize..3,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut octets = samples().swap_remove(sample);
        for (place, octet) in changes {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        if is_cut {
            octets.truncate(cut.index(octets.len()));
        }
        read(&octets)?;
    }

    #[test]
    fn random_frames_are_stripped(link_type in any_link_type(), octets in proptest::collection::vec(any::<u8>(), 0..80)) {
        let link = strip(link_type, &octets);
        prop_assert!(link.offset <= link.end && link.end <= octets.len());
        prop_assert_eq!(link.payload(&octets).len(), link.end - link.offset);
    }

    #[test]
    fn random_key_files_are_read_or_refused(
        name in prop::sample::select(vec!["esp_sa", "ikev1_decryption_table", "ike_secrets", "xfrm.txt", "charon.log"]),
        words in proptest::collection::vec(prop::sample::select(WORDS.to_vec()), 0..40),
        octets in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut file = words.concat().into_bytes();
        file.extend(octets);
        let mut keys = Keys::default();
        if let Err(error) = keys.read(Path::new(name), &file) {
            prop_assert!(error.to_string().contains("hint: "));
        }
    }
}
