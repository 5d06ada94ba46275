//! Scenarios over recordings: what can be seen is judged, what cannot is blocked.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::recordings;

fn run(words: &[&str], capture: &Path) -> Output {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2tpspec"));
    command.arg("run").args(words).arg("--scenarios").arg(scenarios);
    command.arg("--subject").arg(format!("capture:{}", capture.display()));
    command.output().unwrap()
}

fn cases(output: &Output) -> Vec<(String, String, String)> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    lines
        .filter(|line| line["type"] == "case")
        .map(|line| (word(&line, "id"), word(&line, "verdict"), line["failure"].to_string()))
        .collect()
}

fn nat() -> PathBuf {
    recordings().join("strongswan-xl2tpd-nat.pcap")
}

#[test]
fn what_a_recording_shows_is_judged() {
    let output = run(&["--json", "guides/connect"], &nat());
    let all = cases(&output);
    let [(id, verdict, _)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(id, "guides/connect[client=edgeos,supernode=sn1,topology=client-behind-nat]");
    assert_eq!(verdict, "pass", "{all:?}");
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("the recorded client is taken for edgeos"), "{told}");
}

/// A pppd whose tunnel is gone does not hear that the link is to end.
#[test]
fn a_supernode_that_does_not_answer_fails() {
    let output = run(&["--json", "ppp/lcp/terminate"], &nat());
    let failed: Vec<_> = cases(&output).into_iter().filter(|(_, verdict, _)| verdict == "fail").collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed.iter().all(|(_, _, failure)| failure.contains("lcp.Terminate-Ack")), "{failed:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_a_recording_lacks_is_blocked_with_the_reason() {
    let reasons = [
        ("ppp/lcp/unknown-code", "is changed in that way"),
        ("guides/wrong-password", "set up in another way"),
        ("ike/life/phase1-expires", ""),
    ];
    for (id, why) in reasons {
        let output = run(&["--json", id], &nat());
        let all = cases(&output);
        assert!(!all.is_empty(), "{id}");
        for (id, verdict, failure) in &all {
            assert_eq!(verdict, "blocked", "{id}: {failure}");
            assert!(failure.contains(why), "{id}: {failure}");
        }
        assert_eq!(output.status.code(), Some(3), "{id}");
    }
    // One that came up to no connection has nothing to show of it.
    let output = run(&["--json", "guides/connect"], &recordings().join("wrong-psk.pcap"));
    assert_eq!(output.status.code(), Some(3));
    let all = cases(&output);
    assert!(all.iter().all(|(_, verdict, _)| verdict == "blocked") && !all.is_empty(), "{all:?}");
    assert!(all[0].2.contains("does not come up: the pre-shared keys differ"), "{all:?}");
}

#[test]
fn mistakes_are_told() {
    let output = run(&["--connection", "7"], &nat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("no connection 7"), "{told}");
    let output = run(&[], Path::new("nowhere.pcap"));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere.pcap"));
}
