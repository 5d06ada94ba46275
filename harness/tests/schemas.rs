//! The committed files follow the committed schemas, and the schemas find what is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(
        &fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    )
    .expect("it is JSON")
}

/// Files and directories of JSON files under a directory, at any depth.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_file_follows_the_schema_that_it_names() {
    let mut judged = 0;
    for path in files(&scenarios()) {
        let value = read(&path);
        let Some(schema) = value.get("$schema").and_then(Value::as_str) else { continue };
        if schema.starts_with("http") {
            continue;
        }
        let schema = read(&path.parent().expect("a directory").join(schema));
        let validator = jsonschema::validator_for(&schema).expect("it is a schema");
        let problems: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{}: {problems:?}", path.display());
        judged += 1;
    }
    assert!(judged > 150, "only {judged} files name a schema");
}

#[test]
fn profiles_subjects_and_what_is_known_of_them_all_name_one() {
    for folder in ["clients", "supernodes", "subjects", "deviations", "known", "topologies"] {
        for path in files(&scenarios().join(folder)) {
            assert!(read(&path).get("$schema").is_some(), "{}", path.display());
        }
    }
}

#[test]
fn a_profile_that_is_wrong_does_not_follow_its_schema() {
    let schema = read(&scenarios().join("schema/profile.json"));
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let profile = read(&scenarios().join("clients/windows-10.json"));
    assert!(validator.is_valid(&profile));
    let wrong: [(&str, Value); 8] = [
        ("/role", json!("router")),
        ("/ike/mode/value", json!("quick")),
        ("/ike/mode/confidence", json!("certain")),
        ("/ike/mode/source", json!("/a/path")),
        ("/ike/phase1/suites/value/0", json!("aes256-sha1-modp2047")),
        ("/ike/phase2/own_port/value", json!(65_536)),
        ("/ike/nat/keepalive/value", json!("20")),
        ("/format", json!(2)),
    ];
    for (pointer, value) in wrong {
        let mut changed = profile.clone();
        *changed.pointer_mut(pointer).expect("it is there") = value;
        assert!(!validator.is_valid(&changed), "{pointer}");
    }
    let mut lacking = profile.clone();
    lacking.pointer_mut("/ike/dpd").and_then(Value::as_object_mut).expect("a fact").remove("value");
    assert!(!validator.is_valid(&lacking), "a fact without its value");
    let mut more = profile;
    more.as_object_mut().expect("an object").insert("ikev2".to_owned(), json!({}));
    assert!(!validator.is_valid(&more), "a key that is not known");
}
