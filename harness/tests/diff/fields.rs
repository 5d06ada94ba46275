//! Every field that the dissector shows stands in the table of classes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use l2tpspec::capture::file::{CaptureFile, Options};
use l2tpspec::capture::keys::Keys;
use l2tpspec::diff::flat::Flat;
use l2tpspec::transcript::pipeline;
use serde_json::json;

use super::stage::{Stage, record, scratch, stage};

/// The fields of a capture that the table lacks, and how many fields there are.
fn unknown(capture: &Path, keys: &Keys, missing: &mut BTreeSet<String>) -> usize {
    let Ok(mut file) = CaptureFile::open(capture, &Options::default()) else { return 0 };
    let mut count = 0;
    let _ = pipeline::run(&mut file, keys, l2tpspec::transcript::Options::default(), |entry, _| {
        for layer in &entry.layers {
            for field in Flat::of(layer).all() {
                count += 1;
                if field.class.is_none() {
                    missing.insert(format!("{} {}", layer.name(), field.path));
                }
            }
        }
        true
    });
    count
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_field_of_every_recording_has_a_class() {
    let (mut missing, mut count) = (BTreeSet::new(), 0);
    let captures = crate::support::recordings();
    for path in std::fs::read_dir(&captures).expect("recordings").flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "pcap") {
            let keys = Keys::load(path.with_extension("keys")).expect("its keys");
            count += unknown(&path, &keys, &mut missing);
        }
    }
    let mut others = Vec::new();
    if let Some(extra) = crate::support::extra_captures() {
        files(&extra, &mut others);
    }
    for path in others {
        unknown(&path, &Keys::default(), &mut missing);
    }
    for (client, more) in
        [("windows-10", "ping"), ("edgeos", "ospf.peer"), ("mikrotik-ros7", "ping"), ("ios", "ping")]
    {
        let steps = json!([{ "do": "connect" }, { "do": more }, { "wait": "130s" }, { "do": "disconnect" }]);
        let recording = record(&Stage { client, steps, ..stage() }, &scratch(&format!("fields-{client}")));
        let keys = Keys::load(recording.with_file_name("keys")).expect("its keys");
        count += unknown(&recording, &keys, &mut missing);
    }
    assert!(count > 10_000, "{count} fields");
    assert!(missing.is_empty(), "no class for {missing:?}");
}
