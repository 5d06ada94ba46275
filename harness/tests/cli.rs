//! The command as a user types it: output, messages and exit status.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NO_PROPOSAL: &str = "tests/fixtures/captures/no-proposal-chosen.pcap";

fn l2tpspec(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_l2tpspec"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command was built")
}

/// A file of its own for one test.
fn scratch(name: &str, octets: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli");
    fs::create_dir_all(&folder).expect("a folder below target");
    let path = folder.join(name);
    fs::write(&path, octets).expect("a file below target");
    path
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("the command writes UTF-8")
}

/// One error, which says `what`, and a hint; exit status 2.
fn assert_refused(output: &Output, what: &str) {
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert_eq!(errors.matches("error: ").count(), 1, "{errors}");
    assert!(errors.contains(what), "{errors}");
    assert!(errors.contains("hint: "), "{errors}");
}

fn refused(path: &Path, what: &str) -> Output {
    let output = l2tpspec(&["decode", path.to_str().expect("ASCII")]);
    assert_refused(&output, what);
    output
}

#[test]
fn an_empty_file_is_refused() {
    let output = refused(&scratch("empty.pcap", &[]), "is empty");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_file_that_is_no_capture_is_refused() {
    refused(&scratch("letter.pcap", b"Dear reader,\n"), "is not a capture");
}

#[test]
fn a_directory_is_refused() {
    refused(Path::new(env!("CARGO_TARGET_TMPDIR")), "is a directory");
}

#[test]
fn a_missing_file_is_refused() {
    refused(Path::new("/nonexistent/capture.pcap"), "cannot be opened");
}

#[test]
fn of_a_capture_cut_in_mid_packet_what_came_before_is_reported() {
    let whole = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(NO_PROPOSAL)).expect("a fixture");
    let all = l2tpspec(&["decode", NO_PROPOSAL]);
    let all = text(&all.stdout);
    let cut = scratch("cut.pcap", &whole[..whole.len() - 10]);
    let output = refused(&cut, "in the middle of a record");
    let lines: Vec<_> = all.lines().collect();
    let reported = text(&output.stdout);
    assert_eq!(reported.lines().collect::<Vec<_>>(), lines[..lines.len() - 1]);
    assert!(text(&output.stderr).contains(&format!("frame {}", lines.len())));
}

#[test]
fn keys_that_cannot_be_read_are_refused() {
    let missing = l2tpspec(&["decode", NO_PROPOSAL, "--keys", "/nonexistent/keys"]);
    assert_refused(&missing, "/nonexistent/keys");
    let garbled = scratch(
        "garbled.esp_sa",
        b"\"IPv4\",\"*\",\"*\",\"0x1\",\"AES-CBC [RFC3602]\",\"0x12\",\"NULL\",\"\"\n",
    );
    let output = l2tpspec(&["decode", NO_PROPOSAL, "--keys", garbled.to_str().expect("ASCII")]);
    assert_refused(&output, "garbled.esp_sa:1");
}

#[test]
fn a_json_line_describes_each_frame() {
    let output = l2tpspec(&["decode", "--json", NO_PROPOSAL]);
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().all(|line| line["type"] == "frame"));
    let frames: Vec<_> = lines.iter().filter_map(|line| line["frame"].as_u64()).collect();
    assert_eq!(frames, (1..=lines.len() as u64).collect::<Vec<_>>());
    let offer = &lines[2];
    assert_eq!((offer["src"].as_str(), offer["dst"].as_str()), (Some("192.0.2.2"), Some("192.0.2.1")));
    let layers: Vec<_> =
        offer["layers"].as_array().expect("a list").iter().map(|layer| &layer["layer"]).collect();
    assert_eq!(layers, ["ip", "udp", "isakmp"]);
    assert!(offer["error"].is_null());
}

#[test]
fn details_show_every_field_and_no_password() {
    let pap = [
        0xff, 0x03, 0xc0, 0x23, 1, 1, 0, 16, 4, b'u', b's', b'e', b'r', 6, b's', b'e', b'c', b'r', b'e', b't',
    ];
    let mut capture =
        vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 9, 0, 0, 0];
    capture.extend([0; 8]);
    let length = u32::try_from(pap.len()).expect("short").to_le_bytes();
    capture.extend([length, length].concat());
    capture.extend(pap);
    let path = scratch("pap.pcap", &capture);
    let path = path.to_str().expect("ASCII");
    for arguments in [&["decode", "-v", path][..], &["decode", "--json", path], &["decode", path]] {
        let output = text(&l2tpspec(arguments).stdout);
        assert!(output.contains("user"), "{output}");
        assert!(!output.contains("secret\""), "{output}");
        assert!(!output.contains("736563726574"), "{output}");
    }
    let shown = text(&l2tpspec(&["decode", "-v", "--show-secrets", path]).stdout);
    assert!(shown.contains("password: \"secret\""), "{shown}");
}

#[test]
fn a_typo_is_answered_with_what_was_meant() {
    let output = l2tpspec(&["decod", NO_PROPOSAL]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("'decode'"));
}

#[test]
fn keys_of_an_algorithm_that_is_not_decrypted_are_named() {
    let line = b"\"IPv4\",\"*\",\"*\",\"0x00000101\",\"CAST5-CBC [RFC2144]\",\"0x00112233445566778899aabbccddeeff\",\"NULL\",\"\"\n";
    let table = scratch("cast.esp_sa", line);
    let output = l2tpspec(&["decode", NO_PROPOSAL, "--keys", table.to_str().expect("ASCII")]);
    let notes = text(&output.stderr);
    assert!(notes.contains("cast.esp_sa:1: Cast5Cbc is not decrypted here"), "{notes}");
    assert_eq!(output.status.code(), Some(0), "the capture holds nothing encrypted: {notes}");
}
