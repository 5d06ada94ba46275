use std::path::PathBuf;

use super::*;

fn scenarios() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

#[test]
fn every_profile_loads() {
    let profiles = Profile::load_all(&scenarios()).expect("every file is well-formed");
    assert_eq!(profiles.len(), 16);
}

#[test]
fn a_typo_in_a_profile_is_refused() {
    let path = scenarios().join("clients/windows-10.json");
    let text = std::fs::read_to_string(&path).expect("the file is there");
    assert!(Profile::parse(&path, &text).is_ok());
    let error = Profile::parse(&path, &text.replacen("\"ike\"", "\"ikee\"", 1)).expect_err("refused");
    assert!(error.to_string().contains("ikee"), "{error}");
}
