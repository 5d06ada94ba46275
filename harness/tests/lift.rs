//! What `lift` makes of a recording re-enacts it: played by the reference, it gives back a recording that `diff` finds equal.

use std::path::{Path, PathBuf};

use l2tpspec::capture::keys::Keys;
use l2tpspec::diff::{self, Compared};
use l2tpspec::lift::{Lifted, Request, lift, paths};
use l2tpspec::profile::{Confidence, Profile};
use l2tpspec::scenario::play::{Options, play};
use l2tpspec::scenario::suite::Suite;
use l2tpspec::scenario::verdict::Verdict;
use l2tpspec::transcript;

use crate::support::recordings;

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lift-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn lifted(capture: &Path, keys: &Keys, base: Option<&str>) -> Lifted {
    lifted_of(capture, keys, base, 0)
}

fn lifted_of(capture: &Path, keys: &Keys, base: Option<&str>, connection: usize) -> Lifted {
    let scenarios = scenarios();
    let request = Request {
        capture,
        keys,
        options: transcript::Options::default(),
        connection,
        scenarios: &scenarios,
        client: base,
        supernode: "strongswan-xl2tpd",
        name: "lifted",
    };
    lift(&request, |_| {}).unwrap()
}

/// Writes what was lifted, plays it, and compares.
fn reenacted(capture: &Path, keys: &Keys, suite: &mut Suite, folder: &Folder) -> Compared {
    reenacted_of(capture, keys, suite, folder, 0)
}

fn reenacted_of(
    capture: &Path,
    keys: &Keys,
    suite: &mut Suite,
    folder: &Folder,
    connection: usize,
) -> Compared {
    let lifted = lifted_of(capture, keys, None, connection);
    let paths = paths(&folder.0.join("lifted.json"));
    lifted.save(&paths).unwrap();
    suite.cases.clear();
    suite.add(&paths[0]).unwrap();
    assert!(suite.problems.is_empty(), "{}: {:?}", capture.display(), suite.problems);
    let [case] = suite.cases.as_slice() else { panic!("{} cases", suite.cases.len()) };
    let played = play(case, &suite.profiles, b"1", Options { records: true, fault: None });
    assert_eq!(played.verdict, Verdict::Pass, "{}: {:?}", capture.display(), played.failure);
    let recorded = folder.0.join("recorded");
    played.recording.unwrap().save(&recorded).unwrap();
    let read = |path: &Path, keys: Keys| diff::read(path, Ok(keys), transcript::Options::default(), |_| {});
    let mut old = read(capture, keys.clone());
    let mut at = 0..;
    old.connections.retain(|_| at.next() == Some(connection));
    let new = read(&recorded.join("wire.pcapng"), Keys::load(recorded.join("keys")).unwrap());
    diff::compare(&old, &new)
}

#[test]
fn every_recording_is_reenacted() {
    let mut suite = Suite::load(&scenarios()).unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(recordings()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "pcap") {
            continue;
        }
        let folder = Folder::new(&path.file_stem().unwrap().to_string_lossy());
        let keys = Keys::load(path.with_extension("keys")).unwrap();
        let compared = reenacted(&path, &keys, &mut suite, &folder);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(compared.differences.is_empty(), "{name}: {:#?}", compared.differences);
        assert_eq!(compared.connections, [1, 1], "{name}");
        count += 1;
    }
    assert!(count >= 12, "{count}");
}

/// Every device, as the reference plays it: what it says and does comes back from what was lifted of it alone.
#[test]
fn every_device_is_reenacted_from_its_recording() {
    let mut suite = Suite::load(&scenarios()).unwrap();
    let cases = std::mem::take(&mut suite.cases);
    let mut count = 0;
    for case in cases.iter().filter(|case| case.id == "guides/connect" && case.supernode == "sn3") {
        let folder = Folder::new(&format!("device-{count}"));
        let played = play(case, &suite.profiles, b"1", Options { records: true, fault: None });
        let recorded = folder.0.join("original");
        played.recording.unwrap().save(&recorded).unwrap();
        let (wire, keys) = (recorded.join("wire.pcapng"), Keys::load(recorded.join("keys")).unwrap());
        let compared = reenacted(&wire, &keys, &mut suite, &folder);
        assert!(compared.differences.is_empty(), "{}: {:#?}", case.name(), compared.differences);
        count += 1;
    }
    assert_eq!(count, 24, "twelve devices, direct and behind a translator");
}

/// Plays a scenario and lifts each of its connections. The steps that were lifted.
fn each_connection_of(
    name: &str,
    scenario: &serde_json::Value,
    connections: usize,
) -> Vec<serde_json::Value> {
    let mut suite = Suite::load(&scenarios()).unwrap();
    let folder = Folder::new(name);
    let path = folder.0.join("original.json");
    std::fs::write(&path, scenario.to_string()).unwrap();
    suite.cases.clear();
    suite.add(&path).unwrap();
    assert!(suite.problems.is_empty(), "{:?}", suite.problems);
    let played = play(&suite.cases[0], &suite.profiles, b"1", Options { records: true, fault: None });
    assert_eq!(played.verdict, Verdict::Pass, "{:?}", played.failure);
    let recorded = folder.0.join("original");
    played.recording.unwrap().save(&recorded).unwrap();
    let (wire, keys) = (recorded.join("wire.pcapng"), Keys::load(recorded.join("keys")).unwrap());
    let mut steps = Vec::new();
    for connection in 0..connections {
        steps.push(lifted_of(&wire, &keys, None, connection).scenario["steps"].clone());
        let compared = reenacted_of(&wire, &keys, &mut suite, &folder, connection);
        assert!(compared.differences.is_empty(), "{name} {connection}: {:#?}", compared.differences);
        assert_eq!(compared.connections, [1, 1], "{name} {connection}");
    }
    steps
}

fn scenario(
    client: &str,
    topology: &str,
    changes: &serde_json::Value,
    steps: &serde_json::Value,
) -> serde_json::Value {
    serde_json::json!({
        "format": 1, "id": "original", "title": "what is lifted", "cites": ["IKE-2409-5.4-a"], "subject": "supernode",
        "client": client, "supernode": "sn1", "topology": topology, "changes": changes, "steps": steps,
    })
}

#[test]
fn each_of_two_connections_is_reenacted() {
    let steps = serde_json::json!([
        { "do": "connect" }, { "do": "connect", "client": "neighbour" }, { "do": "ping", "size": 500, "count": 2 },
        { "do": "ping", "from": "neighbour", "size": 900 }, { "do": "disconnect" }
    ]);
    each_connection_of("two", &scenario("macos", "client-behind-nat", &serde_json::json!({}), &steps), 2);
}

#[test]
fn what_happens_in_a_connection_is_reenacted_in_its_order() {
    let none = serde_json::json!({});
    let steps = serde_json::json!([
        { "do": "connect" }, { "do": "ping", "size": 1200, "count": 2 }, { "wait": "100s" }, { "do": "rekey", "phase": 2 },
        { "do": "ping", "from": "supernode", "to": "client", "size": 300, "count": 4 }, { "wait": "50s" },
        { "send": "l2tp.StopCCN", "from": "supernode" }, { "wait": "5s" }
    ]);
    let lifted =
        each_connection_of("order", &scenario("networkmanager-strongswan", "direct", &none, &steps), 1);
    // Who pings whom and who ends it is no behaviour that `diff` compares. A step of pings waits for the last reply, too.
    let due = serde_json::json!([
        { "do": "connect" }, { "do": "ping", "size": 1200, "count": 2 }, { "wait": "104s" },
        { "do": "rekey", "phase": 2, "by": "client" },
        { "do": "ping", "size": 300, "count": 4, "from": "supernode", "to": "client" }, { "wait": "54s" },
        { "send": "l2tp.StopCCN", "from": "supernode" }, { "wait": "10s" }
    ]);
    assert_eq!(lifted, [due]);
}

#[test]
fn pap_and_other_timers_are_reenacted() {
    let changes = serde_json::json!({ "supernode": {
        "ppp.authentication.asks": ["pap"], "ppp.echo": { "interval": "7s", "failures": 5 }, "l2tp.hello": "25s"
    } });
    let steps = serde_json::json!([{ "do": "connect" }, { "do": "ping" }, { "wait": "150s" }, { "do": "disconnect" }]);
    each_connection_of("pap", &scenario("edgeos", "direct", &changes, &steps), 1);
}

#[test]
fn what_is_seen_says_in_which_frame_and_the_rest_is_guessed() {
    let capture = recordings().join("strongswan-xl2tpd-nat.pcap");
    let lifted = lifted(&capture, &Keys::load(capture.with_extension("keys")).unwrap(), Some("windows-10"));
    let text = lifted.client.to_string();
    let client = Profile::parse(Path::new("lifted.client.json"), &text).unwrap();
    assert_eq!(client.l2tp.host_name.value, "edgerouter");
    assert_eq!(client.l2tp.host_name.source, "strongswan-xl2tpd-nat.pcap, frame 12");
    assert_eq!(client.l2tp.host_name.confidence, Confidence::Captured);
    // What nobody sees in a capture that is shorter than it takes.
    assert_eq!(client.ike.retransmission.confidence, Confidence::Guessed);
    assert!(client.ike.retransmission.source.starts_with("as windows-10: "));
    let supernode = Profile::parse(Path::new("s.json"), &lifted.supernode.to_string()).unwrap();
    let service = supernode.service.unwrap();
    assert_eq!(service.user.value, "nycmesh");
    assert_eq!(service.resolver.value.map(|server| server.to_string()).as_deref(), Some("10.10.10.10"));
    assert_eq!(service.pre_shared_key.confidence, Confidence::Guessed);
    let all = [&lifted.client, &lifted.supernode, &lifted.scenario].map(ToString::to_string).concat();
    assert!(!all.contains("nycmeshnet"), "a secret is not lifted");
}

#[test]
fn how_a_message_is_sent_again_is_lifted() {
    let capture = recordings().join("wrong-psk.pcap");
    let lifted = lifted(&capture, &Keys::load(capture.with_extension("keys")).unwrap(), Some("ios"));
    let fact = &lifted.client["ike"]["retransmission"];
    // charon: 4 s, and 1.8 times as long each time.
    let seen: Vec<f64> = fact["value"]
        .as_array()
        .unwrap()
        .iter()
        .take(4)
        .map(|span| {
            let span = span.as_str().unwrap();
            let ms = span.strip_suffix("ms").map(|ms| ms.parse::<f64>().unwrap() / 1000.0);
            ms.unwrap_or_else(|| span.trim_end_matches('s').parse().unwrap())
        })
        .collect();
    assert_eq!(fact["confidence"], "captured");
    for (seen, due) in seen.iter().zip([4.0, 7.2, 12.96, 23.3]) {
        assert!((seen - due).abs() < 0.3, "{fact}");
    }
    assert_eq!(seen.len(), 4, "{fact}");
}

#[test]
fn without_keys_the_clear_part_is_lifted_and_the_rest_is_said_to_be_hidden() {
    let capture = recordings().join("strongswan-xl2tpd-nat.pcap");
    let lifted = lifted(&capture, &Keys::default(), None);
    assert!(!lifted.hidden.is_empty());
    let client = Profile::parse(Path::new("c.json"), &lifted.client.to_string()).unwrap();
    assert_eq!(client.ike.phase1.suites.confidence, Confidence::Captured);
    assert_eq!(client.l2tp.host_name.confidence, Confidence::Guessed);
    assert!(lifted.scenario.get("outcome").is_none(), "how far it got is not seen");
}
