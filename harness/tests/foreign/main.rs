//! Differential tests against tshark: for every frame of every capture the same number, time, lengths and layers, and
//! the same values of the fields that both show.
//!
//! One trial a capture. The captures are the project's own and those below the folder that
//! `L2TPSPEC_EXTRA_CAPTURES` names. Without tshark the trials show as ignored; `L2TPSPEC_REQUIRE=tshark` makes that a
//! failure.

mod exceptions;
mod field;
mod link;
#[path = "../world/recording.rs"]
mod recording;
mod scenarios;
#[path = "../capture/support.rs"]
#[expect(dead_code, reason = "the tests of captures use the rest of it")]
mod support;
mod transcript;
mod tshark;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let is_required = std::env::var("L2TPSPEC_REQUIRE")
        .is_ok_and(|names| names.split(',').any(|name| name.trim() == "tshark"));
    let is_ignored = !is_required && !tshark::is_installed();
    let mut trials = vec![
        Trial::test("link_layers_of_made_up_frames", || report(&link::compare_made_up_frames())),
        Trial::test("a_recording_of_the_virtual_world_has_no_fault", || report(&world::faults())),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    for folder in scenarios::folders(&root) {
        let root = root.clone();
        trials.push(Trial::test(format!("recorded_scenarios/{folder}"), move || {
            report(&scenarios::compare(&root, &folder))
        }));
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../captures");
    let extra = std::env::var_os("L2TPSPEC_EXTRA_CAPTURES").map(PathBuf::from);
    for capture in captures(&own) {
        let name = format!("scrubbed/{}", capture.name);
        trials.push(Trial::test(name, move || report(&scrubbed(&capture))));
    }
    let folders = [Some(own), extra.clone()];
    for capture in folders.iter().flatten().flat_map(|folder| captures(folder)) {
        trials.push(Trial::test(capture.name.clone(), move || report(&transcript::compare(&capture))));
    }
    let mut trials: Vec<Trial> = trials
        .into_iter()
        .map(|trial| {
            let kind = if is_ignored { "tshark is not installed" } else { "" };
            trial.with_kind(kind).with_ignored_flag(is_ignored)
        })
        .collect();
    if extra.is_none() {
        let why = "L2TPSPEC_EXTRA_CAPTURES is not set";
        trials.push(
            Trial::test("extra_captures", move || Err(why.into())).with_kind(why).with_ignored_flag(true),
        );
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What tshark finds wrong with a scrubbed copy, or reads otherwise than we do.
fn scrubbed(capture: &Capture) -> Vec<String> {
    let Some(keys) = &capture.keys else { return vec!["it has no keys".to_owned()] };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "tshark-{}-{}",
        capture.name.replace('/', "-"),
        std::process::id()
    ));
    std::fs::create_dir_all(&folder).expect("room for a copy");
    let path = folder.join("copy.pcap");
    let secret = b"1".to_vec();
    let made = l2tpspec::scrub::scrub(&capture.path, &tshark::keys(keys), secret, &path, |_| {});
    let copy = Capture { keys: Some(path.with_extension("keys")), path, ..capture.clone() };
    let differences = match made {
        Ok(_) => {
            let was = scenarios::faults_of(&capture.path, keys);
            let now =
                copy.keys.as_deref().map_or_else(Vec::new, |keys| scenarios::faults_of(&copy.path, keys));
            // What tshark finds wrong with the original it may find wrong with the copy.
            let worse = if now.len() > was.len() { now } else { Vec::new() };
            worse.into_iter().chain(transcript::compare(&copy)).collect()
        }
        Err(error) => vec![error.to_string()],
    };
    let _gone = std::fs::remove_dir_all(&folder);
    differences
}

/// Differences, one line each, so that one run shows all of them.
fn report(differences: &[String]) -> Result<(), Failed> {
    const SHOWN: usize = 60;
    if differences.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = differences.iter().take(SHOWN).map(String::as_str).collect();
    Err(format!("{} differences:\n{}", differences.len(), shown.join("\n")).into())
}

/// A capture to be compared, and the keys that both sides get.
#[derive(Debug, Clone)]
struct Capture {
    name: String,
    path: PathBuf,
    keys: Option<PathBuf>,
}

/// Every capture below a folder, with the keys beside it (`NAME.keys`) or in the folder's `keys`.
fn captures(folder: &Path) -> Vec<Capture> {
    const ENDINGS: [&str; 5] = ["pcap", "cap", "pcapng", "gz", "pppd"];
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&current) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
                let candidates = [path.with_extension("keys"), folder.join("keys")];
                let keys = candidates.into_iter().find(|keys| keys.is_dir());
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                found.push(Capture { name, path, keys });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
