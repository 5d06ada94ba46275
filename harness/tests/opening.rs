//! What keys open: a Main Mode and Quick Mode whose private value is published (the RUB-NDS vectors), and an ESP packet
//! under the keys that follow from it.

use std::fs;
use std::path::{Path, PathBuf};

use l2tpspec::capture::keys::Keys;
use l2tpspec::capture::{CaptureFile, Options};
use l2tpspec::error::ExpectedError;
use l2tpspec::transcript::{Opened, pipeline};
use l2tpspec_protocol::crypto::cbc::Cipher;
use l2tpspec_protocol::esp::{Encryption, Integrity, Sa};
use serde_json::Value;

const VECTORS: &str = include_str!("../../protocol/tests/vectors/rubnds_ikev1_handshakes.json");
const INITIATOR: [u8; 4] = [10, 0, 3, 1];
const RESPONDER: [u8; 4] = [10, 0, 3, 10];

fn handshake() -> Value {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    vectors["main_psk"].clone()
}

fn octets(value: &Value) -> Vec<u8> {
    let digits = value.as_str().expect("digits").trim_start_matches("0x");
    (0..digits.len() / 2)
        .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("hexadecimal"))
        .collect()
}

fn ipv4(source: [u8; 4], destination: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("short").to_be_bytes();
    let header =
        [&[0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0][..], &source, &destination];
    [&header.concat()[..], payload].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("short").to_be_bytes();
    [&port.to_be_bytes()[..], &port.to_be_bytes(), &length, &[0, 0], payload].concat()
}

/// The nine messages, and a ZLB to the responder under the pair's keys.
fn frames() -> Vec<Vec<u8>> {
    let handshake = handshake();
    let messages = handshake["messages"].as_array().expect("a list");
    let mut frames: Vec<_> = messages
        .iter()
        .map(|message| {
            let payload = udp(500, &octets(&message["raw"]));
            match message["dir"].as_str() {
                Some("I") => ipv4(INITIATOR, RESPONDER, 17, &payload),
                _ => ipv4(RESPONDER, INITIATOR, 17, &payload),
            }
        })
        .collect();
    let keymat = octets(&handshake["qm"]["keymat_spi_r_aes128_sha1"]);
    let spi = u32::from_be_bytes(octets(&handshake["qm"]["spi_r"]).try_into().expect("four octets"));
    let sa =
        Sa::new(spi, Encryption::AesCbc, &keymat[..16], Integrity::HmacSha1_96, &keymat[16..]).expect("keys");
    let zlb = udp(1701, &[0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 1, 0, 1]);
    let packet = sa.seal(1, &[7; 16], 17, &zlb).expect("short");
    frames.push(ipv4(INITIATOR, RESPONDER, 50, &packet));
    frames
}

/// The entries of the capture under a file of keys, and what was opened.
fn entries(name: &str, keys: &str) -> (Vec<Value>, Result<Opened, ExpectedError>) {
    entries_of(&frames(), name, keys)
}

fn entries_of(frames: &[Vec<u8>], name: &str, keys: &str) -> (Vec<Value>, Result<Opened, ExpectedError>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("opening").join(name);
    fs::create_dir_all(&folder).expect("a folder below target");
    let mut capture =
        vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0];
    for frame in frames {
        let length = u32::try_from(frame.len()).expect("short").to_le_bytes();
        capture.extend([&[0; 8][..], &length, &length, frame].concat());
    }
    let path: PathBuf = folder.join("capture.pcap");
    fs::write(&path, capture).expect("a file below target");
    let mut all = Keys::default();
    all.read(Path::new(name), keys.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let mut file = CaptureFile::open(&path, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let mut entries = Vec::new();
    let opened = pipeline::run(&mut file, &all, l2tpspec::transcript::Options::default(), |entry, _| {
        let mut line = Vec::new();
        entry.write_json(&mut line, false);
        entries.push(serde_json::from_slice(&line).expect("JSON"));
        true
    });
    assert!(
        entries.iter().all(|entry: &Value| entry["error"].is_null()),
        "nothing is malformed: {entries:?}"
    );
    (entries, opened)
}

fn protections(entries: &[Value]) -> Vec<String> {
    let layer = |entry: &Value| {
        let layers = entry["layers"].as_array().expect("a list").clone();
        layers
            .into_iter()
            .find(|layer| layer["layer"] == "isakmp" || layer["layer"] == "esp")
            .expect("a layer")
    };
    entries.iter().map(|entry| layer(entry)["protection"].as_str().unwrap_or_default().to_owned()).collect()
}

fn secrets(psk: &str, rest: &str) -> String {
    format!("{} psk \"{psk}\" {rest}\n", handshake()["CKY_I"].as_str().expect("digits"))
}

fn assert_all_open(entries: &[Value]) {
    let expected = [vec!["clear"; 4], vec!["opened"; 6]].concat();
    assert_eq!(protections(entries), expected);
    for entry in &entries[4..9] {
        assert_eq!(entry["layers"][2]["hash_is_right"], true, "frame {}", entry["frame"]);
    }
    let names: Vec<_> =
        entries[9]["layers"].as_array().expect("a list").iter().map(|layer| &layer["layer"]).collect();
    assert_eq!(names, ["ip", "esp", "udp", "l2tp"]);
}

#[test]
fn a_pre_shared_key_and_a_private_value_open_everything() {
    let private = handshake()["x_i"].as_str().expect("digits").to_owned();
    let (entries, opened) =
        entries("private.ike_secrets", &secrets("AAAA", &format!("dh-private-initiator {private}")));
    assert_all_open(&entries);
    assert_eq!(opened.map(|opened| opened.opened).ok(), Some(6));
}

#[test]
fn a_pre_shared_key_and_the_shared_secret_open_everything() {
    let shared = handshake()["gxy"].as_str().expect("digits").to_owned();
    let (entries, _) = entries("shared.ike_secrets", &secrets("AAAA", &format!("dh-secret {shared}")));
    assert_all_open(&entries);
}

#[test]
fn a_wrong_pre_shared_key_is_a_wrong_key_and_nothing_malformed() {
    let shared = handshake()["gxy"].as_str().expect("digits").to_owned();
    let (entries, _) = entries("wrong.ike_secrets", &secrets("BBBB", &format!("dh-secret {shared}")));
    let expected = [vec!["clear"; 4], vec!["key wrong"; 5], vec!["key absent"]].concat();
    assert_eq!(protections(&entries), expected);
}

#[test]
fn a_pre_shared_key_alone_opens_nothing() {
    let (entries, opened) = entries("alone.ike_secrets", &secrets("AAAA", ""));
    assert_eq!(protections(&entries), [vec!["clear"; 4], vec!["key absent"; 6]].concat());
    assert!(matches!(opened, Err(ExpectedError::StrangeKeys { .. })));
}

#[test]
fn the_cipher_key_alone_opens_ike_and_not_esp() {
    let handshake = handshake();
    let table = format!(
        "{},{}\n",
        handshake["CKY_I"].as_str().expect("digits"),
        handshake["enc_key"].as_str().expect("digits")
    );
    let (entries, _) = entries("cipher/ikev1_decryption_table", &table);
    assert_eq!(protections(&entries), [vec!["clear"; 4], vec!["opened"; 5], vec!["key absent"]].concat());
    assert!(entries[4]["layers"][2]["hash_is_right"].is_null(), "it takes SKEYID to judge a hash");
}

#[test]
fn keys_for_another_exchange_are_refused() {
    let table = "0102030405060708,6c40f4ee0189ebbfcdb7a4630732e95d\n";
    let (_, opened) = entries("another/ikev1_decryption_table", table);
    let Err(error) = opened else { panic!("no key was for this capture") };
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("59cedc5dcea558fe"), "{error}");
}

#[test]
fn a_wrong_esp_key_is_a_wrong_key_and_nothing_malformed() {
    let zeros = "00".repeat(16);
    let line = format!(
        "\"IPv4\",\"*\",\"*\",\"0xc6bf8b4d\",\"AES-CBC [RFC3602]\",\"0x{zeros}\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x{zeros}00000000\"\n"
    );
    let (entries, _) = entries("esp_sa", &line);
    assert_eq!(protections(&entries).last().map(String::as_str), Some("key wrong"));
}

/// The last message of the Quick Mode is HASH(3) alone: one octet of it is changed, and it is encrypted again.
#[test]
fn a_hash_that_is_wrong_is_called_wrong() {
    let handshake = handshake();
    let last = &handshake["messages"][8];
    let mut plain = octets(&last["plain"]);
    plain[10] ^= 1;
    Cipher::AesCbc128
        .encrypt_cbc(&octets(&handshake["enc_key"]), &octets(&last["iv"]), &mut plain)
        .expect("whole blocks");
    let raw = [&octets(&last["raw"])[..28], &plain].concat();
    let mut frames = frames();
    frames[8] = ipv4(INITIATOR, RESPONDER, 17, &udp(500, &raw));
    let shared = handshake["gxy"].as_str().expect("digits").to_owned();
    let (entries, _) =
        entries_of(&frames, "hash.ike_secrets", &secrets("AAAA", &format!("dh-secret {shared}")));
    let verdicts: Vec<_> =
        entries[4..9].iter().map(|entry| entry["layers"][2]["hash_is_right"].clone()).collect();
    assert_eq!(verdicts, [true, true, true, true, false]);
}

/// A sender that cuts HMAC-SHA-256 to 96 bits where RFC 4868 wants 128 is opened all the same, and named.
#[test]
fn the_truncation_bug_is_named() {
    let sa = Sa::new(0x1000, Encryption::AesCbc, &[5; 16], Integrity::HmacSha256_96, &[6; 32]).expect("keys");
    let zlb = udp(1701, &[0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 1, 0, 1]);
    let frames = [ipv4(INITIATOR, RESPONDER, 50, &sa.seal(1, &[7; 16], 17, &zlb).expect("short"))];
    let line = format!(
        "\"IPv4\",\"*\",\"*\",\"0x00001000\",\"AES-CBC [RFC3602]\",\"0x{}\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x{}\"\n",
        "05".repeat(16),
        "06".repeat(32)
    );
    let (entries, opened) = entries_of(&frames, "truncated/esp_sa", &line);
    assert_eq!(protections(&entries), ["opened with the 96-bit truncation bug"]);
    let names: Vec<_> =
        entries[0]["layers"].as_array().expect("a list").iter().map(|layer| &layer["layer"]).collect();
    assert_eq!(names, ["ip", "esp", "udp", "l2tp"]);
    assert_eq!(opened.map(|opened| opened.opened).ok(), Some(1));
}
