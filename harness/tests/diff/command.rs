//! The command: statuses, JSON, baselines, mistakes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::stage::{Stage, record, scenarios, scratch, stage};

fn captures() -> PathBuf {
    crate::support::recordings()
}

fn diff(arguments: &[&Path], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2tpspec"));
    command.arg("diff").args(arguments).arg("--scenarios").arg(scenarios()).args(more);
    command.output().expect("the program starts")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Recordings before and after a change of two facts.
fn pair(name: &str) -> [PathBuf; 2] {
    let steps = json!([{ "do": "connect" }, { "do": "ping" }, { "do": "disconnect" }]);
    let changes =
        json!({ "supernode": { "l2tp.receive_window": 8, "ppp.authentication.asks": ["chap-md5"] } });
    let before = Stage { steps, ..stage() };
    let after = Stage { changes, seed: "2", ..before.clone() };
    let folder = |which: &str| scratch(&format!("{name}-{which}"));
    [record(&before, &folder("before")), record(&after, &folder("after"))]
}

#[test]
fn a_difference_is_an_object_and_the_summary_is_the_last() {
    let [old, new] = pair("json");
    let output = diff(&[&old, &new], &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let lines = lines(&output);
    let window = lines.iter().find(|line| line["field"] == "sccrp.receive_window_size").expect("the window");
    assert_eq!((&window["type"], &window["layer"]), (&"difference".into(), &"l2tp".into()));
    assert_eq!(
        (&window["role"], &window["old"], &window["new"]),
        (&"supernode".into(), &"4".into(), &"8".into())
    );
    assert_eq!(window["old_seen"][0]["seen"], "always");
    assert!(window["new_seen"][0]["frames"][0].as_u64().is_some_and(|frame| frame > 0));
    let method =
        lines.iter().find(|line| line["field"] == "requests.authentication_protocol").expect("the method");
    assert!(method["new"].as_str().is_some_and(|new| new.contains("MD5")), "{method}");
    let last = lines.last().expect("a summary");
    assert_eq!((&last["type"], &last["differences"]), (&"summary".into(), &2.into()));
}

#[test]
fn the_same_recording_twice_differs_in_nothing() {
    let [old, _] = pair("twice");
    let output = diff(&[&old, &old], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("no difference in behaviour"), "{}", text(&output));
}

#[test]
fn what_is_accepted_counts_no_more_and_an_allowance_without_its_difference_is_red() {
    let [old, new] = pair("accept");
    let baseline = scratch("baseline.json");
    fs::remove_file(&baseline).ok();
    let baseline = baseline.to_str().expect("a path that is text");
    let accept = |field, why| diff(&[&old, &new], &["--baseline", baseline, "--accept", field, "--why", why]);
    assert_eq!(accept("l2tp/sccrp.receive_window_size", "a larger window is faster").status.code(), Some(1));
    assert_eq!(
        accept("lcp/requests.authentication_protocol", "agreed with all users").status.code(),
        Some(1)
    );
    let output = diff(&[&old, &new], &["--baseline", baseline, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let kinds: Vec<Value> = lines(&output).iter().map(|line| line["type"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "allowed").count(), 2);
    let output = diff(&[&old, &old], &["--baseline", baseline]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("stale allowance l2tp/sccrp.receive_window_size"), "{}", text(&output));
    let output = accept("l2tp/nonsense", "no");
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("nothing differs in `l2tp/nonsense`"), "{}", errors(&output));
}

#[test]
fn without_keys_the_clear_part_is_compared_and_the_rest_is_named() {
    let [old, new] = ["strongswan-xl2tpd-direct", "no-proposal-chosen"]
        .map(|name| captures().join(format!("{name}.pcap")));
    let output = diff(&[&old, &new], &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let lines = lines(&output);
    assert_eq!(lines[0]["field"], "rung.proposal-chosen");
    assert!(lines[0]["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{}", lines[0]);
    let unseen = lines.iter().find(|line| line["type"] == "not-compared").expect("what could not be seen");
    assert!(unseen["text"].as_str().is_some_and(|text| text.contains("want of keys")), "{unseen}");
    let effects = lines[0]["effects"].to_string();
    assert!(effects.contains("edgeos"), "{effects}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let good = captures().join("strongswan-xl2tpd-direct.pcap");
    let missing = captures().join("missing.pcap");
    let output = diff(&[&good, &missing], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("missing.pcap"), "{}", errors(&output));

    let octets = fs::read(&good).expect("a recording");
    let cut = scratch("cut.pcap");
    fs::create_dir_all(cut.parent().expect("a folder")).expect("room for files");
    fs::write(&cut, &octets[..octets.len() - 7]).expect("room for files");
    let output = diff(&[&good, &cut], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("cut.pcap: "), "{}", errors(&output));

    let empty = scratch("empty.pcap");
    fs::write(&empty, &octets[..24]).expect("room for files");
    let output = diff(&[&good, &empty], &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(errors(&output).contains("empty.pcap: no connection"), "{}", errors(&output));
}

#[test]
fn folders_are_compared_case_by_case() {
    let [old, new] = pair("folders");
    let parent = scratch("folders");
    fs::remove_dir_all(&parent).ok();
    for (side, case, capture) in [("a", "x", &old), ("a", "y", &old), ("b", "x", &new), ("b", "z", &old)] {
        let folder = parent.join(side).join(case);
        fs::create_dir_all(folder.join("keys")).expect("room for files");
        fs::copy(capture, folder.join("wire.pcapng")).expect("room for files");
        for name in ["esp_sa", "ikev1_decryption_table"] {
            fs::copy(capture.with_file_name("keys").join(name), folder.join("keys").join(name))
                .expect("room for files");
        }
    }
    let output = diff(&[&parent.join("a"), &parent.join("b")], &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let lines = lines(&output);
    assert!(lines.iter().filter(|line| line["type"] == "difference").all(|line| line["recording"] == "x"));
    let alone: Vec<_> = lines.iter().filter(|line| line["type"] == "not-compared").collect();
    assert_eq!(alone.len(), 2, "{alone:?}");
    let output = diff(&[&parent.join("a"), &old], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("holds several recordings"), "{}", errors(&output));
}
