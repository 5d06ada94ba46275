//! What `run --record` leaves of the scenarios, read by tshark with the keys written beside it: the same layers and fields
//! as ours, nothing malformed, no bad integrity check value.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use l2tpspec::scenario::model::{Act, Case, Rule};
use l2tpspec::scenario::play::{Options, play};
use l2tpspec::scenario::suite::Suite;
use l2tpspec::scenario::verdict::Verdict;

use super::support::scratch;
use super::{Capture, transcript, tshark};

/// The folders of scenarios.
pub(crate) fn folders(root: &Path) -> Vec<String> {
    let suite = Suite::load(root).expect("scenarios that are understood");
    let folders: BTreeSet<String> =
        suite.cases.iter().filter_map(|case| Some(case.id.split_once('/')?.0.to_owned())).collect();
    folders.into_iter().collect()
}

/// Records the first combination of every scenario of a folder, in one capture those in which every message is right and in
/// another those in which some are made wrong, and compares. Where octets are damaged behind ESP nothing can be read.
pub(crate) fn compare(root: &Path, folder: &str) -> Vec<String> {
    let suite = Suite::load(root).expect("scenarios that are understood");
    let prefix = format!("{folder}/");
    let mut done = BTreeSet::new();
    let cases: Vec<&Case> = suite
        .cases
        .iter()
        .filter(|case| case.id.starts_with(&prefix) && !is_damaged(case) && done.insert(&case.id))
        .collect();
    let (wrong, right): (Vec<&Case>, Vec<&Case>) = cases.into_iter().partition(|case| is_wrong(case));
    let mut differences = Vec::new();
    for (cases, name) in [(right, "right"), (wrong, "wrong")] {
        if cases.is_empty() {
            continue;
        }
        let place = scratch(&format!("recorded-{folder}-{name}"));
        record(&cases, &suite, &place, &mut differences);
        let (path, keys) = (place.join("wire.pcapng"), place.join("keys"));
        differences.extend(faults(&path, &keys, name == "right"));
        // What is made wrong is read by each in its own way.
        if name == "right" {
            let capture = Capture { name: format!("scenarios/{folder}"), path, keys: Some(keys) };
            differences.extend(transcript::compare(&capture));
        }
    }
    differences
}

/// Whether messages are made wrong in a case. With another pre-shared key each end has another cipher key, of which the
/// table takes one.
fn is_wrong(case: &Case) -> bool {
    case.mutates() || case.changes.pre_shared_key.is_some()
}

/// Whether the wire of a case carries what tshark cannot read: damaged octets, or copies of encrypted messages of IKE, after
/// which it takes the wrong initialisation vector (RFC 2409 appendix B).
fn is_damaged(case: &Case) -> bool {
    let is_corrupt = |rule: &Rule| {
        rule.act == Act::Corrupt || rule.act == Act::Duplicate && rule.selector.layer() == "ike"
    };
    case.network.corruption.is_some() || case.network.rules.iter().flatten().any(is_corrupt)
}

/// Plays cases and leaves their recordings as one, section behind section.
fn record(cases: &[&Case], suite: &Suite, place: &Path, differences: &mut Vec<String>) {
    let (mut octets, mut tables) = (Vec::new(), TABLES.map(|_| String::new()));
    for case in cases {
        let seed = format!("1/{}", case.name());
        let played = play(case, &suite.profiles, seed.as_bytes(), Options { records: true, fault: None });
        if played.verdict != Verdict::Pass {
            differences.push(format!("{}: {:?}", case.name(), played.failure));
        }
        played.recording.expect("a recording was wanted").save(place).expect("room for it");
        octets.extend(fs::read(place.join("wire.pcapng")).expect("it was written"));
        for (table, name) in tables.iter_mut().zip(TABLES) {
            table.push_str(&fs::read_to_string(place.join("keys").join(name)).expect("it was written"));
        }
    }
    fs::write(place.join("wire.pcapng"), octets).expect("room for the capture");
    for (table, name) in tables.iter().zip(TABLES) {
        fs::write(place.join("keys").join(name), table).expect("room for the keys");
    }
}

/// Wireshark's tables of keys.
const TABLES: [&str; 2] = ["esp_sa", "ikev1_decryption_table"];

/// Frames of a capture that tshark finds fault with, or cannot open.
pub(crate) fn faults_of(path: &Path, keys: &Path) -> Vec<String> {
    let mut preferences = tshark::preferences(keys);
    preferences.push("esp.enable_authentication_check:TRUE".to_owned());
    let names = ["frame.number", "frame.protocols", "esp.icv_bad", "_ws.malformed"];
    let lines = tshark::fields(path, &preferences, &names);
    let is_bad = |line: &&Vec<String>| {
        matches!(&line[2][..], "1" | "True") || !line[3].is_empty() || line[1].ends_with(":esp")
    };
    lines.iter().filter(is_bad).map(|line| format!("frame {}: {} {}", line[0], line[1], line[3])).collect()
}

/// Frames that tshark finds fault with.
fn faults(path: &Path, keys: &Path, is_right: bool) -> Vec<String> {
    let mut preferences = tshark::preferences(keys);
    preferences.push("esp.enable_authentication_check:TRUE".to_owned());
    let names = ["frame.number", "frame.protocols", "esp.icv_bad", "_ws.malformed"];
    let lines = tshark::fields(path, &preferences, &names);
    let is_bad =
        |line: &&Vec<String>| matches!(&line[2][..], "1" | "True") || is_right && !line[3].is_empty();
    let shown = |line: &Vec<String>| format!("frame {}: {} {} {}", line[0], line[1], line[2], line[3]);
    let mut faults: Vec<String> = lines.iter().filter(is_bad).map(shown).collect();
    // Where nothing is opened nothing can be wrong.
    if is_right && !lines.iter().any(|line| line[1].contains("esp:udp:l2tp")) {
        faults.push("tshark has opened nothing".to_owned());
    }
    faults
}
