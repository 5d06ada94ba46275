//! The corpora of the fuzz targets, replayed without a fuzzer, and what belongs to each target.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use l2tpspec::fuzz::TARGETS;

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn targets() -> BTreeSet<String> {
    TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn every_input_of_every_corpus_satisfies_its_target() {
    let mut failed = Vec::new();
    for (name, run) in TARGETS {
        let folder = fuzz_folder().join("corpus").join(name);
        for input in names_in(&folder) {
            let octets = fs::read(folder.join(&input)).unwrap();
            if catch_unwind(|| run(&octets)).is_err() {
                failed.push(format!("{name}/{input}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// What a fuzzer begins with by itself, and what a shorter or longer frame leaves of an input.
#[test]
fn every_target_takes_any_beginning_of_its_inputs() {
    let mut failed = Vec::new();
    for (name, run) in TARGETS {
        let folder = fuzz_folder().join("corpus").join(name);
        let Some(input) = names_in(&folder).into_iter().next() else { continue };
        let octets = fs::read(folder.join(&input)).unwrap();
        for length in 0..octets.len().min(300) {
            if catch_unwind(|| run(&octets[..length])).is_err() {
                failed.push(format!("{name}/{input} cut to {length} octets"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let corpus = fuzz_folder().join("corpus");
    assert_eq!(names_in(&corpus), targets());
    for name in targets() {
        assert!(!names_in(&corpus.join(&name)).is_empty(), "{name} begins with nothing");
    }
}

#[test]
fn every_target_is_declared_and_runs_its_own_body() {
    let manifest = fs::read_to_string(fuzz_folder().join("Cargo.toml")).unwrap();
    let declared: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
        .collect();
    assert_eq!(declared.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), targets());
    assert_eq!(declared.len(), TARGETS.len(), "none is declared twice");
    for name in &declared {
        let bin = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&bin), "{name} has a [[bin]] of its own name");
        let wrapper = fs::read_to_string(fuzz_folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        // `isakmp_message_round_trip` runs `isakmp::message_round_trip`, or `reassembly::...` by its whole name.
        let calls = |path: &str| wrapper.contains(&format!("l2tpspec::fuzz::{path}(octets)"));
        let (module, function) = name.split_once('_').unwrap();
        assert!(
            calls(&format!("{module}::{function}")) || calls(&format!("reassembly::{name}")),
            "{wrapper}"
        );
    }
}

#[test]
fn targets_stand_in_the_order_of_their_names() {
    assert!(TARGETS.is_sorted_by_key(|(name, _)| *name));
}
