//! `rubnds_ikev1_handshakes.json`: a Main Mode and Quick Mode between RUB-NDS's state machine extractor and
//! strongSwan, replayed from the pre-shared key and the initiator's private value alone.

use super::*;

const HASH: Hash = Hash::Sha1;
const CIPHER: Cipher = Cipher::AesCbc128;

/// A message of the recording.
struct Message {
    exchange: u64,
    is_encrypted: bool,
    message_id: u32,
    raw: Vec<u8>,
    iv: Vec<u8>,
    plain: Vec<u8>,
    padding: Vec<u8>,
    payloads: Vec<(u64, Vec<u8>)>,
}

impl Message {
    fn read(message: &Value) -> Self {
        let optional = |name: &str| message.get(name).map_or(Vec::new(), |_| hex_field(message, name));
        Self {
            exchange: message["exchange"].as_u64().unwrap(),
            is_encrypted: message["flags"].as_u64() == Some(1),
            message_id: u32::from_str_radix(text(message, "mid"), 16).unwrap(),
            raw: hex_field(message, "raw"),
            iv: optional("iv"),
            plain: optional("plain"),
            padding: optional("pad"),
            payloads: message["payloads"]
                .as_array()
                .unwrap()
                .iter()
                .map(|payload| (payload[0].as_u64().unwrap(), hex(payload[1].as_str().unwrap())))
                .collect(),
        }
    }

    /// The body of the only payload of a type.
    fn body(&self, payload_type: u64) -> &[u8] {
        &self.payloads.iter().find(|(found, _)| *found == payload_type).unwrap().1
    }

    /// All that follows the HASH payload which comes first, without the padding.
    fn after_hash(&self) -> &[u8] {
        &self.plain[4 + HASH.len()..self.plain.len() - self.padding.len()]
    }

    fn last_block(&self) -> &[u8] {
        &self.raw[self.raw.len() - CIPHER.block_len()..]
    }
}

const SA: u64 = 1;
const KE: u64 = 4;
const ID: u64 = 5;
const HASH_PAYLOAD: u64 = 8;
const NONCE: u64 = 10;

#[test]
fn a_recorded_handshake_is_replayed_from_the_key_and_the_private_value() {
    let recording: Value =
        serde_json::from_str(include_str!("../vectors/rubnds_ikev1_handshakes.json")).unwrap();
    let recording = &recording["main_psk"];
    let messages: Vec<_> = recording["messages"].as_array().unwrap().iter().map(Message::read).collect();
    let [m1, _, m3, m4, m5, m6, q1, q2, q3] = &messages[..] else { panic!("nine messages") };
    let cookies = Cookies { initiator: array(&m3.raw[..8]), responder: array(&m3.raw[8..16]) };
    let expected = |name| text(recording, name);

    let secret = Group::Modp1024.shared(&hex_field(recording, "x_i"), m4.body(KE)).unwrap();
    assert_eq!(digits(&secret), expected("gxy"));
    assert_eq!(secret[0], 0, "IKE-2409-5-c: the secret keeps its leading zero");
    assert_eq!(Group::Modp1024.public(&hex_field(recording, "x_i")).unwrap(), m3.body(KE));

    let nonces = Nonces { initiator: m3.body(NONCE), responder: m4.body(NONCE) };
    let skeyid = skeyid_pre_shared_key(HASH, text(recording, "psk").as_bytes(), nonces);
    assert_eq!(digits(&skeyid), expected("SKEYID"));
    let from = Derivation { skeyid: &skeyid, shared_secret: &secret, cookies };
    let d = skeyid_d(HASH, &from);
    let a = skeyid_a(HASH, &from, &d);
    let e = skeyid_e(HASH, &from, &a);
    assert_eq!(digits(&d), expected("SKEYID_d"));
    assert_eq!(digits(&a), expected("SKEYID_a"));
    assert_eq!(digits(&e), expected("SKEYID_e"));
    let key = cipher_key(HASH, &e, CIPHER.key_len());
    assert_eq!(digits(&key), expected("enc_key"));

    let public_values = PublicValues { initiator: m3.body(KE), responder: m4.body(KE) };
    let first_iv = phase_1_iv(HASH, public_values, CIPHER.block_len());
    assert_eq!(digits(&first_iv), expected("phase1_iv"));
    let mut previous: Option<&Message> = None;
    for message in messages.iter().filter(|message| message.is_encrypted) {
        let iv = match previous {
            None => first_iv.clone(),
            Some(before) if before.exchange == message.exchange => before.last_block().to_vec(),
            Some(_) => phase_2_iv(HASH, m6.last_block(), message.message_id, CIPHER.block_len()),
        };
        assert_eq!(digits(&iv), digits(&message.iv));
        let mut octets = message.raw[28..].to_vec();
        CIPHER.decrypt_cbc(&key, &iv, &mut octets).unwrap();
        assert_eq!(digits(&octets), digits(&message.plain));
        assert!(message.padding.iter().all(|octet| *octet == 0), "IKE-2409-AppB-d");
        CIPHER.encrypt_cbc(&key, &iv, &mut octets).unwrap();
        assert_eq!(digits(&octets), digits(&message.raw[28..]));
        previous = Some(message);
    }

    let proof = |identification| Proof {
        skeyid: &skeyid,
        public_values,
        cookies,
        initiator_sa: m1.body(SA),
        identification,
    };
    assert_eq!(digits(&hash_i(HASH, &proof(m5.body(ID)))), digits(m5.body(HASH_PAYLOAD)));
    assert_eq!(digits(&hash_r(HASH, &proof(m6.body(ID)))), digits(m6.body(HASH_PAYLOAD)));

    let id = q1.message_id;
    let nonces = Nonces { initiator: q1.body(NONCE), responder: q2.body(NONCE) };
    assert_eq!(digits(&hash_1(HASH, &a, id, q1.after_hash())), digits(q1.body(HASH_PAYLOAD)));
    assert_eq!(
        digits(&hash_2(HASH, &a, id, nonces.initiator, q2.after_hash())),
        digits(q2.body(HASH_PAYLOAD))
    );
    assert_eq!(digits(&hash_3(HASH, &a, id, nonces)), digits(q3.body(HASH_PAYLOAD)));
    assert_eq!(
        informational_hash(HASH, &a, id, q1.after_hash()),
        hash_1(HASH, &a, id, q1.after_hash()),
        "one formula with two names"
    );

    for (spi, want) in [("spi_i", "keymat_spi_i_aes128_sha1"), ("spi_r", "keymat_spi_r_aes128_sha1")] {
        let quick_mode = &recording["qm"];
        let spi = &hex_field(quick_mode, spi);
        let inputs = KeymatInputs { skeyid_d: &d, shared_secret: None, protocol: 3, spi, nonces };
        assert_eq!(digits(&keymat(HASH, &inputs, 36)), text(quick_mode, want));
    }
}
