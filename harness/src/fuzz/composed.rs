//! What no recording of ours holds: messages composed for the targets that would begin with nothing.

use std::collections::BTreeSet;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::crypto::cbc::Cipher;
use l2tpspec_protocol::crypto::hash::Hash;
use l2tpspec_protocol::esp::{Encryption, Integrity, Sa as EspSa};
use l2tpspec_protocol::isakmp::keys::{self, Cookies, Derivation, KeymatInputs, Nonces, Proof, PublicValues};
use l2tpspec_protocol::isakmp::wire::{
    Attribute, Body, Doi, ExchangeType, Header, Id, IdType, Message, Payload, PayloadType, Proposal,
    ProtocolId, Sa, Sealed, Situation, Transform,
};

use super::seed::{Seed, of_keys};
use super::window::{datagram, ipv4_datagram, raw_capture};

/// Messages, each with the target that it is for.
const MESSAGES: &[(&str, &[u8])] = &[
    // Authenticate-Request for "user" and "pw", and an Ack with and one without a message.
    ("ppp_pap_round_trip", b"\x01\x01\x00\x0c\x04user\x02pw"),
    ("ppp_pap_round_trip", b"\x02\x01\x00\x08\x03Hi!"),
    ("ppp_pap_round_trip", b"\x03\x01\x00\x04"),
    // Identity, MD5-Challenge, Nak, MS-CHAPv2 Challenge and Success, Expanded; Success.
    ("ppp_eap_round_trip", b"\x02\x01\x00\x09\x01user"),
    ("ppp_eap_round_trip", b"\x01\x02\x00\x0d\x04\x04abcdsn1"),
    ("ppp_eap_round_trip", b"\x02\x02\x00\x07\x03\x1a\x04"),
    ("ppp_eap_round_trip", b"\x01\x03\x00\x0f\x1a\x01\x03\x00\x0a\x04abcde"),
    ("ppp_eap_round_trip", b"\x01\x03\x00\x0c\x1a\x03\x03\x00\x07S=0"),
    ("ppp_eap_round_trip", b"\x01\x04\x00\x0f\xfe\x00\x01\x37\x00\x00\x00\x01abc"),
    ("ppp_eap_round_trip", b"\x03\x05\x00\x04"),
    // MPPE, BSD Compress, Deflate, draft Deflate, Predictor type 1, Stac, OUI.
    (
        "ppp_ccp_options_round_trip",
        b"\x01\x01\x00\x24\x12\x06\x01\x00\x00\x60\x15\x03\x2f\x1a\x04\x78\x00\x18\x04\x78\x00\x01\x02\
          \x11\x05\x00\x01\x04\x00\x06\x00\x00\x5e\x01",
    ),
    ("ppp_ccp_options_round_trip", b"\x12\x06\x01\x00\x00\x60\x15\x03\x2f\x1a\x04\x78\x00"),
    ("ppp_ccp_options_round_trip", b"\x0e\x01\x00\x04"),
    ("ppp_chap_round_trip", b"S=0123456789ABCDEF0123456789ABCDEF01234567 M=Welcome"),
    ("ppp_chap_round_trip", b"E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=No"),
    // A configuration with a name and a password.
    ("isakmp_attributes_round_trip", b"\xc0\x88\x00\x00\x40\x89\x00\x04user\x40\x8a\x00\x02pw"),
    // A keepalive.
    ("esp_datagram_round_trip", b"\xff"),
    // Router, network, summary and AS-external LSAs.
    (
        "ospf_lsa_round_trip",
        b"\x00\x01\x02\x01\x0a\x00\x00\x01\x0a\x00\x00\x01\x80\x00\x00\x01\x00\x00\x00\x30\x00\x00\x00\x02\
          \x0a\x00\x00\x02\x0a\x00\x00\x01\x01\x00\x00\x0a\x0a\x01\x00\x00\xff\xff\x00\x00\x03\x00\x00\x0a",
    ),
    (
        "ospf_lsa_round_trip",
        b"\x00\x01\x02\x02\x0a\x00\x00\x01\x0a\x00\x00\x01\x80\x00\x00\x01\x00\x00\x00\x20\xff\xff\xff\x00\
          \x0a\x00\x00\x01\x0a\x00\x00\x02",
    ),
    (
        "ospf_lsa_round_trip",
        b"\x00\x01\x02\x03\x0a\x02\x00\x00\x0a\x00\x00\x01\x80\x00\x00\x01\x00\x00\x00\x20\xff\xff\x00\x00\
          \x00\x00\x00\x0a\x08\x00\x00\x14",
    ),
    (
        "ospf_lsa_round_trip",
        b"\x00\x01\x02\x05\x00\x00\x00\x00\x0a\x00\x00\x01\x80\x00\x00\x01\x00\x00\x00\x24\x00\x00\x00\x00\
          \x80\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x07",
    ),
    // Link State Update with a router LSA, Request, and a Hello with a digest behind it.
    (
        "ospf_packet_round_trip",
        b"\x02\x04\x00\x40\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
          \x00\x00\x00\x01\x00\x01\x02\x01\x0a\x00\x00\x01\x0a\x00\x00\x01\x80\x00\x00\x01\x00\x00\x00\x24\
          \x00\x00\x00\x01\x0a\x00\x00\x02\x0a\x00\x00\x01\x01\x00\x00\x0a",
    ),
    (
        "ospf_packet_round_trip",
        b"\x02\x03\x00\x24\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
          \x00\x00\x00\x01\x0a\x00\x00\x01\x0a\x00\x00\x01",
    ),
    (
        "ospf_packet_round_trip",
        b"\x02\x01\x00\x2c\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x01\x04\x00\x00\x00\x09\
          \xff\xff\xff\x00\x00\x0a\x02\x01\x00\x00\x00\x28\x00\x00\x00\x00\x00\x00\x00\x00abcd",
    ),
    // A record of pppd: LCP Echo-Requests in both directions with escapes, and steps in time.
    (
        "capture_pppd_read",
        b"\x07\x65\x00\x00\x00\x01\x00\x12\x7e\xff\x7d\x23\xc0\x21\x7d\x29\x00\x00\x08\x01\x02\x03\x04\x12\x34\
          \x7e\x06\x03\x02\x00\x12\x7e\xff\x7d\x23\xc0\x21\x7d\x29\x00\x00\x08\x01\x02\x03\x04\x12\x34\x7e\
          \x05\x00\x00\x00\x09\x03\x04",
    ),
];

/// Everything composed.
#[must_use]
pub fn seeds() -> BTreeSet<Seed> {
    let message = |(target, octets): &(&'static str, &[u8])| Seed { target, octets: octets.to_vec() };
    let mut seeds: BTreeSet<Seed> = MESSAGES.iter().map(message).collect();
    for (name, text) in [
        ("ike_secrets", include_str!("keys/ike_secrets")),
        ("xfrm.txt", include_str!("keys/xfrm.txt")),
        ("charon.log", include_str!("keys/charon.log")),
    ] {
        seeds.extend(of_keys(name, text.as_bytes()));
    }
    seeds.insert(Seed { target: "transcript_capture_dissect", octets: raw_capture(&exchange()) });
    seeds
}

const COOKIES: Cookies = Cookies { initiator: [0x11; 8], responder: [0x22; 8] };
const PUBLIC: PublicValues<'static> = PublicValues { initiator: &[0x33; 32], responder: &[0x44; 32] };
const NONCES: Nonces<'static> = Nonces { initiator: &[0x55; 16], responder: &[0x66; 16] };
/// As in `keys/ike_secrets`.
const PRE_SHARED_KEY: &[u8] = b"nycmeshnet";
const SHARED_SECRET: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const HASH: Hash = Hash::Sha1;
const CIPHER: Cipher = Cipher::AesCbc128;
const BLOCK: usize = 16;
/// Chosen by the initiator, and by the responder.
const SPIS: [[u8; 4]; 2] = [[0x0a, 0, 0, 1], [0x0b, 0, 0, 2]];

fn header(exchange_type: ExchangeType, message_id: u32, is_encrypted: bool) -> Header {
    Header {
        initiator_cookie: COOKIES.initiator,
        responder_cookie: COOKIES.responder,
        next_payload: PayloadType::None,
        version: Header::VERSION_1_0,
        exchange_type,
        flags: u8::from(is_encrypted),
        message_id,
        length: 0,
    }
}

fn offer(protocol: ProtocolId, spi: &[u8], id: u8, attributes: &[(u16, u16)]) -> Payload {
    let attributes = attributes.iter().map(|(class, value)| Attribute::basic(*class, *value)).collect();
    let transforms = vec![Transform { reserved: 0, number: 1, id, reserved2: 0, attributes }];
    let proposals = vec![Proposal { reserved: 0, number: 1, protocol, spi: spi.to_vec(), transforms }];
    let sa = Sa { doi: Doi::Ipsec, situation: Situation::IdentityOnly, proposals };
    Payload::new(PayloadType::SecurityAssociation, Body::SecurityAssociation(sa))
}

fn payload(kind: PayloadType, octets: &[u8]) -> Payload {
    let body = match kind {
        PayloadType::KeyExchange => Body::KeyExchange(octets.to_vec()),
        PayloadType::Nonce => Body::Nonce(octets.to_vec()),
        _ => Body::Hash(octets.to_vec()),
    };
    Payload::new(kind, body)
}

/// Messages of one exchange, each encrypted with the last block before it.
struct Chained {
    key: Vec<u8>,
    vector: Vec<u8>,
}

impl Chained {
    fn seal(&mut self, header: Header, payloads: Vec<Payload>) -> Vec<u8> {
        let message = Message::new(header, payloads);
        let mut body = message.body_octets().unwrap_or_default();
        body.resize(body.len().next_multiple_of(BLOCK), 0);
        CIPHER.encrypt_cbc(&self.key, &self.vector, &mut body).expect("whole blocks under a key that fits");
        self.vector = body[body.len() - BLOCK..].to_vec();
        Sealed { header: message.header, body }.to_octets().expect("a short message encodes")
    }
}

/// Main Mode, Quick Mode and a packet under the keys that they give, as datagrams.
fn exchange() -> Vec<Vec<u8>> {
    use ExchangeType::{IdentityProtection, QuickMode};
    use PayloadType::{Hash as HashPayload, KeyExchange, Nonce};
    const MESSAGE_ID: u32 = 7;
    let clear = |header: Header, payloads| Message::new(header, payloads).to_octets().unwrap_or_default();
    let phase1 = || offer(ProtocolId::Isakmp, &[], 1, &[(1, 7), (14, 128), (2, 2), (3, 1), (4, 2)]);
    let main = header(IdentityProtection, 0, false);
    let first = Header { responder_cookie: [0; 8], ..main };
    let keying = |public: &[u8], nonce: &[u8]| vec![payload(KeyExchange, public), payload(Nonce, nonce)];
    let mut messages = vec![
        clear(first, vec![phase1()]),
        clear(main, vec![phase1()]),
        clear(main, keying(PUBLIC.initiator, NONCES.initiator)),
        clear(main, keying(PUBLIC.responder, NONCES.responder)),
    ];

    let skeyid = keys::skeyid_pre_shared_key(HASH, PRE_SHARED_KEY, NONCES);
    let from = Derivation { skeyid: &skeyid, shared_secret: &SHARED_SECRET, cookies: COOKIES };
    let skeyid_d = keys::skeyid_d(HASH, &from);
    let skeyid_a = keys::skeyid_a(HASH, &from, &skeyid_d);
    let skeyid_e = keys::skeyid_e(HASH, &from, &skeyid_a);
    let key = keys::cipher_key(HASH, &skeyid_e, CIPHER.key_len());
    let vector = keys::phase_1_iv(HASH, PUBLIC, BLOCK);
    let mut phase1_cipher = Chained { key: key.clone(), vector };
    let id = Id { id_type: IdType::Ipv4Addr, protocol: 17, port: 500, data: vec![192, 0, 2, 1] };
    let identification = id.to_octets().unwrap_or_default();
    let offered = phase1().body.to_octets().unwrap_or_default();
    let proof = Proof {
        skeyid: &skeyid,
        public_values: PUBLIC,
        cookies: COOKIES,
        initiator_sa: &offered,
        identification: &identification,
    };
    for hash in [keys::hash_i(HASH, &proof), keys::hash_r(HASH, &proof)] {
        let identity = Payload::new(PayloadType::Identification, Body::Identification(id.clone()));
        let payloads = vec![identity, payload(HashPayload, &hash)];
        messages.push(phase1_cipher.seal(header(IdentityProtection, 0, true), payloads));
    }

    let vector = keys::phase_2_iv(HASH, &phase1_cipher.vector, MESSAGE_ID, BLOCK);
    let mut quick = Chained { key, vector };
    let quick_header = header(QuickMode, MESSAGE_ID, true);
    let child = |spi: &[u8], nonce| {
        vec![offer(ProtocolId::Esp, spi, 12, &[(4, 2), (5, 2), (6, 128)]), payload(Nonce, nonce)]
    };
    let rest = |payloads: &[Payload]| {
        Message::new(quick_header, payloads.to_vec()).body_octets().unwrap_or_default()
    };
    let [initiator, responder] = SPIS;
    let payloads = child(&initiator, NONCES.initiator);
    let hash = keys::hash_1(HASH, &skeyid_a, MESSAGE_ID, &rest(&payloads));
    messages.push(quick.seal(quick_header, [vec![payload(HashPayload, &hash)], payloads].concat()));
    let payloads = child(&responder, NONCES.responder);
    let hash = keys::hash_2(HASH, &skeyid_a, MESSAGE_ID, NONCES.initiator, &rest(&payloads));
    messages.push(quick.seal(quick_header, [vec![payload(HashPayload, &hash)], payloads].concat()));
    let hash = keys::hash_3(HASH, &skeyid_a, MESSAGE_ID, NONCES);
    messages.push(quick.seal(quick_header, vec![payload(HashPayload, &hash)]));

    let mut datagrams: Vec<_> = messages.iter().map(|message| datagram(500, message)).collect();
    datagrams.extend(protected(&skeyid_d, responder));
    datagrams
}

/// A packet towards the side that chose `spi`.
fn protected(skeyid_d: &[u8], spi: [u8; 4]) -> Option<Vec<u8>> {
    let protocol = ProtocolId::Esp.number();
    let inputs = KeymatInputs { skeyid_d, shared_secret: None, protocol, spi: &spi, nonces: NONCES };
    let keymat = keys::keymat(HASH, &inputs, 36);
    let (own, mac) = keymat.split_at_checked(16)?;
    let (cipher, integrity) = (Encryption::AesCbc, Integrity::HmacSha1_96);
    let sa = EspSa::new(u32::from_be_bytes(spi), cipher, own, integrity, mac).ok()?;
    // A Hello of L2TP in UDP.
    let plain = b"\x06\xa5\x06\xa5\x00\x1c\x00\x00\xc8\x02\x00\x14\x00\x01\x00\x00\x00\x01\x00\x01\x80\x08\x00\x00\x00\x00\x00\x06";
    let packet = sa.seal(1, &[0x77; 16], 17, plain).ok()?;
    Some(ipv4_datagram(50, &packet))
}
