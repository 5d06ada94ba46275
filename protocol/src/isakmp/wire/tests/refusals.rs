//! What is refused, where, and why.

use super::*;

fn refused(octets: &[u8]) -> Malformed {
    Message::decode_all(octets).unwrap_err()
}

/// A message in the clear whose first payload is of type `first`, with a fitting length.
fn clear(first: u8, body: &str) -> Vec<u8> {
    let body = hex(body);
    let header = Header {
        initiator_cookie: [1; 8],
        responder_cookie: [2; 8],
        next_payload: first.into(),
        version: Header::VERSION_1_0,
        exchange_type: ExchangeType::IdentityProtection,
        flags: 0,
        message_id: 0,
        length: 0,
    };
    Sealed { header, body }.to_octets().unwrap()
}

fn patched(mut octets: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(octets.len()).unwrap();
    octets[24..28].copy_from_slice(&length.to_be_bytes());
    octets
}

#[test]
fn rejects_every_truncation_of_every_sample() {
    for sample in all().iter().filter(|sample| sample.kind == Kind::Clear) {
        for end in 0..sample.octets.len() {
            let malformed = refused(&sample.octets[..end]);
            assert!(malformed.offset <= end.max(24), "{} cut to {end}: {malformed}", sample.name);
        }
    }
}

#[test]
fn rejects_every_truncation_whose_header_states_it() {
    for sample in all().iter().filter(|sample| sample.kind == Kind::Clear) {
        for end in Header::LEN..sample.octets.len() {
            let malformed = refused(&patched(sample.octets[..end].to_vec()));
            assert!(
                matches!(malformed.why, Why::Truncated { .. }),
                "{} cut to {end}: {malformed}",
                sample.name
            );
            assert!(malformed.offset <= end, "{} cut to {end}: {malformed}", sample.name);
        }
    }
}

/// ISAKMP-2408-5.1-a.
#[test]
fn rejects_a_length_one_too_big_and_one_too_small() {
    for (by, octets) in [(1_i64, named("pluto-mm1")), (-1, named("pluto-mm5"))] {
        let mut octets = octets;
        let right = octets.len();
        let wrong = usize::try_from(i64::try_from(right).unwrap() + by).unwrap();
        octets[24..28].copy_from_slice(&u32::try_from(wrong).unwrap().to_be_bytes());
        let expected =
            Malformed { field: "Length", offset: 24, why: Why::Length { got: wrong, want: right } };
        assert_eq!(Sealed::decode_all(&octets), Err(expected));
        assert_eq!(Message::decode_all(&octets), Err(expected));
    }
}

/// zeek-spicy-ipsec's ipsec-ikev1-zero-length: an ordinary offer whose header says zero.
#[test]
fn rejects_a_header_length_of_zero() {
    let mut octets = named("duplicate-proposals");
    octets[24..28].fill(0);
    let want = octets.len();
    assert_eq!(
        refused(&octets),
        Malformed { field: "Length", offset: 24, why: Why::Length { got: 0, want } }
    );
}

/// secdev/scapy test/scapy/layers/isakmp.uts: composed with a count of zero.
#[test]
fn rejects_a_transform_count_that_is_not_that_of_the_list() {
    let mut octets = named("scapy-two-transforms");
    octets[47] = 0;
    assert_eq!(
        refused(&octets),
        Malformed { field: "# of Transforms", offset: 47, why: Why::Length { got: 0, want: 2 } }
    );
}

/// RUB-NDS IKEv1HandshakeTest.java: two messages in one buffer.
#[test]
fn rejects_two_messages_in_one_datagram() {
    let mut octets = named("rubnds-1");
    octets.extend(named("rubnds-payload-malformed"));
    assert_eq!(
        refused(&octets),
        Malformed { field: "Length", offset: 24, why: Why::Length { got: 84, want: 84 + 40 } }
    );
}

/// corelight/zeek-spicy-ipsec tests/traces/ipsec-ikev1-payload-bad-length.pcap: the first vendor ID has
/// length 3.
#[test]
fn rejects_a_payload_length_below_its_header() {
    let octets = hex(
        "e47a591fd057587f00000000000000000110020000000000000000a80d00003c00000001000000010000003001010001000000280101\
         000080010007800e0080800200028004000280030001800b0001000c0004000151800d0000034a131c81070358455c5728f20e95452f\
         0d000014439b59f8ba676c4c7737ae22eab8f5820d0000147d9419a65310ca6f2c179d9215529d560000001490cb80913ebb696e0863\
         81b5ec427b1f",
    );
    let expected =
        Malformed { field: "Payload Length", offset: 28 + 60 + 2, why: Why::Length { got: 3, want: 4 } };
    assert_eq!(refused(&octets), expected);
    // What comes before it can still be read.
    let mut body = Reader::at(&octets[28..], 28);
    let walk = walk(PayloadType::SecurityAssociation, &mut body);
    assert_eq!((walk.payloads.len(), walk.refused), (1, Some(expected)));
    assert_eq!((body.offset(), walk.padding.len()), (28 + 60, 0));
}

#[test]
fn rejects_an_identification_shorter_than_its_header() {
    assert_eq!(
        refused(&clear(5, "00000001 0002")),
        Malformed { field: "Payload Length", offset: 30, why: Why::Length { got: 1, want: 4 } }
    );
    assert_eq!(
        refused(&clear(5, "00000007 010000")),
        Malformed { field: "Port", offset: 34, why: Why::Truncated { need: 2, have: 1 } }
    );
}

/// the-tcpdump-group/tcpdump tests/isakmp-identification-segfault.pcap: a name of 248 NULs. Odd, but an
/// identity.
#[test]
fn keeps_a_name_of_nuls() {
    let octets = clear(5, &format!("00000100 02000000 {}", "00".repeat(248)));
    let message = Message::decode_all(&octets).unwrap();
    let Body::Identification(id) = &message.payloads[0].body else { panic!() };
    assert_eq!(id.identity(), Identity::Fqdn(&[0; 248]));
}

/// the-tcpdump-group/tcpdump tests/isakmp-no-none-np.pcapng: the last payload names a further one.
#[test]
fn rejects_a_chain_that_does_not_end() {
    let notification = "0b00001c 00000001 01100005 000000000b1005005f724dc600000054";
    let octets = clear(11, &format!("{notification} {notification}"));
    let expected = Malformed { field: "Next Payload", offset: 84, why: Why::Truncated { need: 1, have: 0 } };
    assert_eq!(refused(&octets), expected);
    let walk = walk(PayloadType::Notification, &mut Reader::at(&octets[28..], 28));
    assert_eq!((walk.payloads.len(), walk.refused), (2, Some(expected)));
}

/// the-tcpdump-group/tcpdump tests/isakmp-various-oobr.pcap: a payload that runs past the end.
#[test]
fn rejects_a_payload_that_runs_past_the_end() {
    let octets = hex("ffff7f0036000017000cfb007f01101022101010101010107f0000000100000500");
    let why = Why::Length { got: 0x7f00_0000, want: 33 };
    assert_eq!(refused(&octets), Malformed { field: "Length", offset: 24, why });
    let why = Why::Truncated { need: 1, have: 0 };
    assert_eq!(refused(&patched(octets)), Malformed { field: "Next Payload", offset: 33, why });
    let why = Why::Truncated { need: 2, have: 1 };
    assert_eq!(refused(&clear(10, "00000006 00")), Malformed { field: "Payload Length", offset: 30, why });
}

/// the-tcpdump-group/tcpdump tests/ikev1_id_ipv6_addr_subnet-oobr.pcap: 24 octets for an address and a mask.
#[test]
fn rejects_a_subnet_of_a_wrong_size() {
    let octets = patched(hex(
        "49001d0036000017000cfb007f011010051010100d101010ff00000091000020061010100d1080ff0a00000000150001000a0000000d0110\
         10051010100d101010",
    ));
    let malformed = refused(&octets);
    assert_eq!((malformed.field, malformed.offset), ("Identification Data", 36));
    assert_eq!(malformed.why, Why::Length { got: 24, want: 32 });
}

/// the-tcpdump-group/tcpdump tests/isakmp-ikev1_n_print-oobr.pcap: version 2.12, a notification too short.
#[test]
fn leaves_another_version_alone() {
    let octets = hex("3c003d809b0000fdf2f3ff7f7f0110ee0b2c231010101010ff0000007efb00050000000080006001041b");
    assert!(matches!(recognise(&octets), Recognised::IkeV2(header) if header.minor() == 12));
    let malformed = refused(&patched(octets));
    assert_eq!(malformed, Malformed { field: "Major Version", offset: 17, why: Why::Value { got: 2 } });
}

/// Type and octets of the first payload, and what is refused.
const BROKEN_BODIES: &[(u8, &str, &str, usize, Why)] = &[
    // Delete: two SPIs of 16 octets, only one there; a count without a size; octets left over.
    (
        12,
        "0000001c 00000001 01 10 0002 00112233445566778899aabbccddeeff",
        "SPI",
        56,
        Why::Truncated { need: 16, have: 0 },
    ),
    (12, "0000000c 00000001 03 00 ffff", "# of SPIs", 38, Why::Value { got: 65535 }),
    (12, "00000012 00000001 03 04 0001 00112233 4455", "SPI", 44, Why::Trailing { extra: 2 }),
    (12, "00000009 00000001 03", "SPI Size", 37, Why::Truncated { need: 1, have: 0 }),
    // Notification: an SPI longer than the payload.
    (11, "0000000e 00000001 01 10 0005 0011", "SPI", 40, Why::Truncated { need: 16, have: 2 }),
    // DOI-2407-4.6.2.1-a.
    (5, "0000000b 01 00 0000 010203", "Identification Data", 36, Why::Length { got: 3, want: 4 }),
    (5, "0000000c 04 00 0000 01020304", "Identification Data", 36, Why::Length { got: 4, want: 8 }),
    (5, "00000006 0100", "Port", 34, Why::Truncated { need: 2, have: 0 }),
    (21, "0000000c 05 000000 01020304", "NAT-OA Address", 36, Why::Length { got: 4, want: 16 }),
    // Security Association.
    (1, "00000008 00000001", "Situation", 36, Why::Truncated { need: 4, have: 0 }),
    (1, "00000014 00000001 00000001 01000008 01010000", "Next Payload", 40, Why::Value { got: 1 }),
    (
        1,
        "00000014 00000001 00000001 02000008 01010000",
        "Next Payload",
        48,
        Why::Truncated { need: 1, have: 0 },
    ),
    (
        1,
        "00000014 00000001 00000001 00000008 01010001",
        "# of Transforms",
        47,
        Why::Length { got: 1, want: 0 },
    ),
    (
        1,
        "0000001c 00000001 00000001 00000010 01010000 00000008 01010000",
        "# of Transforms",
        47,
        Why::Length { got: 0, want: 1 },
    ),
    (
        1,
        "0000001c 00000001 00000001 00000010 01010001 02000008 01010000",
        "Next Payload",
        48,
        Why::Value { got: 2 },
    ),
    (1, "00000016 00000001 00000001 00000008 01010000 aabb", "Proposal", 48, Why::Trailing { extra: 2 }),
    (
        1,
        "00000014 00000001 00000001 00000003 01010000",
        "Payload Length",
        42,
        Why::Length { got: 3, want: 4 },
    ),
    (1, "00000014 00000001 00000001 00000008 01010400", "SPI", 48, Why::Truncated { need: 4, have: 0 }),
    // Attributes.
    (
        1,
        "0000001e 00000001 00000001 00000012 01010001 0000000a 01010000 8001",
        "Attribute Value",
        58,
        Why::Truncated { need: 2, have: 0 },
    ),
    (
        1,
        "00000022 00000001 00000001 00000016 01010001 0000000e 01010000 000c0004 0001",
        "Attribute Value",
        60,
        Why::Truncated { need: 4, have: 2 },
    ),
    (14, "00000009 01 00 0000 80", "Attribute Type", 36, Why::Truncated { need: 2, have: 1 }),
    // Others.
    (6, "00000004", "Certificate Encoding", 32, Why::Truncated { need: 1, have: 0 }),
    (132, "00000007 0001 01", "Flags", 35, Why::Truncated { need: 1, have: 0 }),
    (13, "0d000008 00112233 00000004 ff", "Padding", 40, Why::Trailing { extra: 1 }),
    (0, "00", "Padding", 28, Why::Trailing { extra: 1 }),
    // ISAKMP-2408-3.4-a.
    (2, "00000004", "Next Payload", 16, Why::Value { got: 2 }),
    (13, "0d000004 03000004 00000004", "Next Payload", 32, Why::Value { got: 3 }),
];

#[test]
fn rejects_each_broken_body_at_its_field() {
    for (first, body, field, offset, why) in BROKEN_BODIES {
        let malformed = refused(&clear(*first, body));
        assert_eq!(malformed, Malformed { field, offset: *offset, why: *why }, "payload {first}: {body}");
    }
}

/// A Huawei router ends its first chain one vendor ID too early: a lax reader still sees what it meant to
/// say.
#[test]
fn a_walk_keeps_what_stands_behind_a_clear_chain() {
    let octets = clear(13, "00000014 4485152d18b6bbcd0be8a8469579ddcc 0000000c 09002689dfd6b712");
    assert_eq!(
        refused(&octets),
        Malformed { field: "Padding", offset: 48, why: Why::Trailing { extra: 12 } }
    );
    let walk = walk(PayloadType::VendorId, &mut Reader::at(&octets[28..], 28));
    assert_eq!((walk.payloads.len(), walk.refused), (1, None));
    assert_eq!(walk.padding, hex("0000000c 09002689dfd6b712"));
}

#[test]
fn padding_is_kept_behind_an_encrypted_chain() {
    let octets = named("rubnds-9");
    let mut message = Message::decode_all(&octets).unwrap();
    assert_eq!(message.padding, [0; 8]);
    message.padding = vec![1, 2, 3];
    let again = message.to_octets().unwrap();
    assert_eq!(Message::decode_all(&again).unwrap().padding, [1, 2, 3]);
    let sealed = Sealed::decode_all(&again).unwrap();
    let malformed = Message::open(sealed.header, &sealed.body[..10]).unwrap_err();
    assert_eq!((malformed.field, malformed.offset), ("Length", 24));
}

#[test]
fn a_broken_decrypted_body_is_refused_at_its_place_in_the_message() {
    let sealed = Sealed::decode_all(&named("rubnds-9")).unwrap();
    let mut plaintext = sealed.body.clone();
    plaintext[3] = 2;
    let malformed = Message::open(sealed.header, &plaintext).unwrap_err();
    assert_eq!(
        malformed,
        Malformed { field: "Payload Length", offset: 30, why: Why::Length { got: 2, want: 4 } }
    );
}

#[test]
fn reports_what_its_length_fields_cannot_state() {
    let unencodable = |body: Body| body.to_octets().unwrap_err();
    let delete = |spi_size, spis: &[usize]| {
        Body::Delete(Delete {
            doi: Doi::Ipsec,
            protocol: ProtocolId::Esp,
            spi_size,
            spis: spis.iter().map(|len| vec![0; *len]).collect(),
        })
    };
    assert_eq!(unencodable(delete(4, &[4, 5])), Unencodable { field: "SPI", length: 5, limit: 4 });
    assert_eq!(unencodable(delete(4, &[3])), Unencodable { field: "SPI", length: 4, limit: 3 });
    assert_eq!(unencodable(delete(0, &[0])).field, "SPI");
    let proposal = Proposal {
        reserved: 0,
        number: 1,
        protocol: ProtocolId::Esp,
        spi: vec![0; 256],
        transforms: Vec::new(),
    };
    let sa = Sa { doi: Doi::Ipsec, situation: Situation::IdentityOnly, proposals: vec![proposal] };
    assert_eq!(unencodable(Body::SecurityAssociation(sa)).field, "SPI Size");
    let attribute = Attribute::basic(0x8001, 1);
    assert_eq!(attribute.to_octets().unwrap_err().field, "Attribute Type");
    let too_long = Payload::new(PayloadType::Nonce, Body::Nonce(vec![0; 65532]));
    let mut w = Writer::new();
    encode_chain(&[too_long], &mut w);
    assert_eq!(
        w.into_octets().unwrap_err(),
        Unencodable { field: "Payload Length", length: 65536, limit: 65535 }
    );
}
