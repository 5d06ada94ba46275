//! `l2tpspec check` over the recordings, as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Exit statuses of the command.
const AS_EXPECTED: i32 = 0;
const FOUND: i32 = 1;
const BAD_INPUT: i32 = 2;
const NOTHING_JUDGED: i32 = 3;

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../captures")
}

fn capture(name: &str) -> PathBuf {
    captures().join(format!("{name}.pcap"))
}

fn check<I: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = I>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_l2tpspec")).arg("check").args(args).output().expect("the command runs")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// The JSON lines of a check of one recording, with its keys or without.
fn lines(name: &str, with_keys: bool) -> Vec<Value> {
    let mut args = vec![capture(name).into_os_string(), "--json".into()];
    if with_keys {
        args.extend(["--keys".into(), captures().into_os_string()]);
    }
    let output = check(args);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn outcome(name: &str, with_keys: bool) -> Value {
    let mut outcomes: Vec<_> =
        lines(name, with_keys).into_iter().filter(|line| line["type"] == "outcome").collect();
    assert_eq!(outcomes.len(), 1, "{name}");
    outcomes.remove(0)
}

/// A file of this test alone.
fn temporary(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-{name}"));
    std::fs::write(&path, content).expect("a temporary file");
    path
}

#[test]
fn every_recording_shows_what_its_file_says() {
    let mut args: Vec<PathBuf> = std::fs::read_dir(captures())
        .expect("the recordings are there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .collect();
    args.sort();
    assert_eq!(args.len(), 25);
    args.extend(["--keys".into(), captures(), "--expect".into(), captures()]);
    let output = check(&args);
    assert_eq!(status(&output), AS_EXPECTED, "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn a_connection_that_works_ends() {
    for (name, client, phase2_generations) in [
        ("strongswan-xl2tpd-direct", "192.0.2.2", 1),
        ("strongswan-xl2tpd-nat", "192.0.2.254", 1),
        ("child-rekey", "192.0.2.254", 2),
    ] {
        let outcome = outcome(name, true);
        assert_eq!(outcome["rung"], "ended", "{name}");
        assert_eq!(outcome["failed"], false, "{name}");
        assert_eq!(outcome["cause"], Value::Null, "{name}");
        assert_eq!(outcome["client"], client, "{name}");
        assert_eq!(outcome["supernode"], "192.0.2.1", "{name}");
        assert_eq!(outcome["phase2_generations"], phase2_generations, "{name}");
        assert_eq!(outcome["lost"], 0, "{name}");
        assert_eq!(outcome["hidden"], Value::Array(Vec::new()), "{name}");
    }
}

#[test]
fn a_connection_that_fails_says_why() {
    for (name, rung, words) in [
        ("wrong-psk", "key-exchanged", &["pre-shared keys differ", "frames 7, 9, 13, 15, 17 and 1 more"][..]),
        ("no-proposal-chosen", "ike-answered", &["AES-CBC 256, SHA1, MODP1024, pre-shared key", "frame 4"]),
        (
            "wrong-ppp-password",
            "lcp-up",
            &["691", "AUTHENTICATION_FAILURE", "MS-CHAPv2", "\"nycmesh\"", "frame 31"],
        ),
        ("ospf-mtu-mismatch", "ospf-two-way", &["1500 at the client", "1400 at the supernode", "ExStart"]),
    ] {
        let outcome = outcome(name, true);
        assert_eq!(outcome["rung"], rung, "{name}");
        assert_eq!(outcome["failed"], true, "{name}");
        assert_eq!(outcome["cause"], outcome["causes"][0], "{name}");
        let cause = outcome["cause"].as_str().expect("a sentence");
        for word in words {
            assert!(cause.contains(word), "{name}: {word:?} is not in {cause:?}");
        }
    }
}

#[test]
fn without_keys_the_clear_part_is_judged_and_the_rest_is_said_to_be_hidden() {
    for name in [
        "strongswan-xl2tpd-direct",
        "strongswan-xl2tpd-nat",
        "child-rekey",
        "wrong-ppp-password",
        "ospf-mtu-mismatch",
    ] {
        let outcome = outcome(name, false);
        assert_eq!(outcome["rung"], "esp-both-ways", "{name}");
        assert_eq!(outcome["failed"], false, "{name}");
        assert_eq!(outcome["hidden"], serde_json::json!(["isakmp", "esp", "l2tp", "ppp"]), "{name}");
        assert!(
            outcome["hidden_because"][0].as_str().expect("a sentence").contains("no key is given"),
            "{name}"
        );
    }
    assert_eq!(outcome("child-rekey", false)["phase2_generations"], 2);
    let outcome = outcome("wrong-psk", false);
    assert_eq!((&outcome["rung"], &outcome["failed"]), (&"key-exchanged".into(), &true.into()));
    assert_eq!(outcome["hidden"], serde_json::json!(["isakmp"]));
}

#[test]
fn a_wrong_key_is_called_wrong_and_not_absent() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check-wrong-keys");
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    for table in ["esp_sa", "ikev1_decryption_table"] {
        let right = std::fs::read_to_string(captures().join("strongswan-xl2tpd-direct.keys").join(table))
            .expect("readable");
        // The last digit of the key changes.
        let wrong: String = right
            .lines()
            .map(|line| match line.strip_suffix('"') {
                Some(quoted) => format!("{}{}\"\n", &quoted[..quoted.len() - 1], flipped(quoted)),
                None => format!("{}{}\n", &line[..line.len() - 1], flipped(line)),
            })
            .collect();
        std::fs::write(directory.join(table), wrong).expect("a temporary file");
    }
    let output = check([capture("strongswan-xl2tpd-direct"), "--json".into(), "--keys".into(), directory]);
    let stdout = text(&output.stdout);
    let outcome: Value = stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"))
        .find(|line| line["type"] == "outcome")
        .expect("an outcome");
    assert_eq!((&outcome["rung"], &outcome["failed"]), (&"esp-both-ways".into(), &false.into()), "{stdout}");
    let because = outcome["hidden_because"].to_string();
    assert!(because.contains("isakmp: the key given is wrong"), "{because}");
    assert!(because.contains("of the client: the key given is wrong"), "{because}");
    assert!(!because.contains("no key is given"), "{because}");
}

fn flipped(digits: &str) -> char {
    if digits.ends_with('0') { '1' } else { '0' }
}

#[test]
fn the_outcome_has_the_keys_of_the_contract_in_their_order() {
    let output = check([capture("wrong-ppp-password"), "--json".into(), "--keys".into(), captures()]);
    let stdout = text(&output.stdout);
    let line = stdout.lines().find(|line| line.contains("\"type\":\"outcome\"")).expect("an outcome");
    let start = r#"{"type":"outcome","connection":1,"client":"192.0.2.2","supernode":"192.0.2.1","rung":"lcp-up","failed":true,"cause":""#;
    assert!(line.starts_with(start), "{line}");
    for secret in ["nycmeshnet", "101dcbdc1731d07736360438cf4c5aae"] {
        assert!(!stdout.contains(secret));
    }
    let last = stdout.lines().last().expect("a summary");
    assert!(
        last.starts_with(r#"{"type":"summary","captures":1,"unreadable":0,"connections":1,"failed":1,"#),
        "{last}"
    );
}

#[test]
fn statuses_tell_failure_from_success() {
    let run = |name: &str| {
        status(&check([capture(name), "--keys".into(), captures(), "--expect".into(), captures()]))
    };
    assert_eq!(run("strongswan-xl2tpd-nat"), AS_EXPECTED);
    assert_eq!(run("wrong-psk"), AS_EXPECTED, "it is expected to fail");
    let output = check([capture("wrong-psk")]);
    assert_eq!(status(&output), FOUND);
    let page = text(&output.stdout);
    assert!(page.contains("failed after key-exchanged"), "{page}");
    assert!(page.contains("✗ phase1-up"), "{page}");
    assert!(!page.contains('\u{1b}'), "no colours into a pipe");
    assert!(page.lines().skip(1).all(|line| line.chars().count() <= 100), "{page}");
}

#[test]
fn an_unreadable_capture_does_not_stop_the_others() {
    let broken = temporary("broken.pcap", "this is no capture");
    let output = check([
        broken.clone(),
        capture("wrong-psk"),
        "/nonexistent.pcap".into(),
        capture("no-proposal-chosen"),
    ]);
    assert_eq!(status(&output), BAD_INPUT);
    let (page, errors) = (text(&output.stdout), text(&output.stderr));
    let psk = page.find("wrong-psk.pcap").expect("judged");
    let proposal = page.find("no-proposal-chosen.pcap").expect("judged");
    assert!(psk < proposal, "in the order of the arguments");
    assert!(errors.contains("is not a capture"), "{errors}");
    assert!(errors.contains("/nonexistent.pcap: cannot be opened"), "{errors}");
    assert!(page.contains("4 captures, 2 connections (2 failed)"), "{page}");
    let output = check([broken, "--json".into()]);
    assert_eq!(status(&output), BAD_INPUT);
    assert!(text(&output.stdout).starts_with(r#"{"type":"error","file":"#));
}

#[test]
fn what_comes_before_a_damage_is_reported() {
    let whole = std::fs::read(capture("wrong-psk")).expect("readable");
    let cut = temporary("cut.pcap", &whole[..whole.len() - 10]);
    let output = check([cut]);
    assert_eq!(status(&output), BAD_INPUT);
    assert!(text(&output.stdout).contains("the pre-shared keys differ"));
    assert!(text(&output.stderr).contains("frame 23"), "{}", text(&output.stderr));
}

#[test]
fn a_capture_without_connections_cannot_be_judged() {
    let header = &std::fs::read(capture("wrong-psk")).expect("readable")[..24];
    let empty = temporary("empty.pcap", header);
    let output = check([empty.clone()]);
    assert_eq!(status(&output), NOTHING_JUDGED, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("no connection"));
    assert_eq!(status(&check([empty, capture("strongswan-xl2tpd-nat")])), AS_EXPECTED);
}

#[test]
fn a_mismatch_is_named_and_found() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check-mismatch");
    std::fs::create_dir_all(directory.join("known")).expect("a temporary directory");
    for entry in std::fs::read_dir(captures().join("known")).expect("there").flatten() {
        std::fs::copy(entry.path(), directory.join("known").join(entry.file_name())).expect("copied");
    }
    let file = std::fs::read_to_string(captures().join("wrong-psk.json")).expect("readable");
    let other =
        file.replace("\"key-exchanged\"", "\"phase1-up\"").replace("the pre-shared keys differ", "gremlins");
    std::fs::write(directory.join("wrong-psk.json"), other).expect("a temporary file");
    let output = check([capture("wrong-psk"), "--expect".into(), directory.clone()]);
    assert_eq!(status(&output), FOUND);
    let page = text(&output.stdout);
    assert!(page.contains("connection 1: rung is key-exchanged, expected phase1-up"), "{page}");
    assert!(page.contains("expected gremlins"), "{page}");
    let output = check([capture("wrong-psk"), "--json".into(), "--expect".into(), directory.clone()]);
    assert!(text(&output.stdout).contains(r#"{"type":"mismatch","#));
    let output = check([capture("child-rekey"), "--expect".into(), directory]);
    assert_eq!(status(&output), BAD_INPUT, "nothing is expected of it");
    assert!(text(&output.stderr).contains("child-rekey.json"));
}

#[test]
fn a_file_of_deviations_that_is_not_understood_stops_the_run_at_its_place() {
    let entry = r#""requirement": "L2TP-2661-9.9-z", "role": "any", "clause": "c", "why": "w""#;
    let file = format!(
        "{{ \"format\": 1, \"daemon\": \"d\", \"version\": \"1\",\n \"deviations\": [ {{ {entry} }} ] }}"
    );
    let known = temporary("known.json", file);
    let output = check([capture("wrong-psk"), "--known".into(), known.clone()]);
    assert_eq!(status(&output), BAD_INPUT);
    let error = text(&output.stderr);
    assert!(error.starts_with(&format!("error: {}:2:", known.display())), "{error}");
    assert!(
        error.contains("no requirement is called \"L2TP-2661-9.9-z\"; did you mean L2TP-2661-"),
        "{error}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_deviation_that_is_not_seen_is_noted_and_no_failure() {
    let entry = r#""requirement": "ISAKMP-2408-2.4-a", "role": "any", "clause": "c", "why": "w", "saying": "gremlins""#;
    let file = format!(
        "{{ \"format\": 1, \"daemon\": \"d\", \"version\": \"1\", \"deviations\": [ {{ {entry} }} ] }}"
    );
    let known = temporary("unseen.json", file);
    let expect = ["--expect".into(), captures(), "--keys".into(), captures()];
    let output = check([capture("strongswan-xl2tpd-nat"), "--known".into(), known].into_iter().chain(expect));
    assert_eq!(status(&output), AS_EXPECTED);
    // Where lines break depends on how long the file's path is.
    let page = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains("the deviation from ISAKMP-2408-2.4-a was not seen"), "{page}");
}

#[test]
fn wrong_usage_is_told_apart_from_failures() {
    assert_eq!(status(&check(Vec::<String>::new())), BAD_INPUT);
    assert_eq!(status(&check(["--nonsense"])), BAD_INPUT);
}

/// Each thread judges a share of the connections; together they say what one alone says.
#[test]
fn a_capture_is_judged_alike_on_any_number_of_threads() {
    use l2tpspec::capture::keys::Keys;
    use l2tpspec::check;

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check-threads");
    let status = Command::new(env!("CARGO_BIN_EXE_l2tpspec"))
        .args(["run", "guides/two-clients-one-nat", "museum", "--record"])
        .arg(&folder)
        .args(["--scenarios".as_ref(), captures().join("../scenarios").as_os_str()])
        .output()
        .expect("the command runs")
        .status;
    assert!(status.success());
    let mut waiting = vec![folder];
    let mut all: Vec<(PathBuf, PathBuf)> =
        vec![(capture("child-rekey"), captures().join("child-rekey.keys"))];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.ends_with("wire.pcapng") {
                let keys = path.with_file_name("keys");
                all.push((path, keys));
            }
        }
    }
    let mut most = 0;
    for (capture, keys) in all {
        let judged = |threads| {
            let keys = Ok(Keys::load(&keys).expect("its keys"));
            let checked = check::capture_on(threads, &capture, keys, Default::default(), &[], |_| true);
            let mut out = Vec::new();
            check::json::write(&checked, &[], &mut out);
            (text(&out), checked.connections.len())
        };
        let (alone, connections) = judged(1);
        most = most.max(connections);
        for threads in [2, 3] {
            assert_eq!(judged(threads), (alone.clone(), connections), "{} on {threads}", capture.display());
        }
    }
    assert!(most >= 2, "only {most} connections in any of them");
}
