//! Recordings of the virtual world, made with facts of the profiles changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use l2tpspec::capture::keys::Keys;
use l2tpspec::diff::compare::Difference;
use l2tpspec::diff::{self, Compared, Side};
use l2tpspec::scenario::cast::Profiles;
use l2tpspec::scenario::faults::{self, Fault};
use l2tpspec::scenario::parse;
use l2tpspec::scenario::play::{Options, play};
use l2tpspec::scenario::verdict::Verdict;
use serde_json::{Value, json};

static PROFILES: LazyLock<Profiles> =
    LazyLock::new(|| Profiles::load(&scenarios()).expect("the project's profiles"));

static FAULTS: LazyLock<Vec<Fault>> =
    LazyLock::new(|| faults::load(&scenarios()).expect("the project's faults"));

pub(super) fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// What is played and recorded.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) client: &'static str,
    pub(super) supernode: &'static str,
    pub(super) topology: &'static str,
    pub(super) changes: Value,
    pub(super) network: Value,
    pub(super) steps: Value,
    pub(super) seed: &'static str,
    /// What the reference does wrong.
    pub(super) fault: Option<&'static str>,
}

/// A connection that lasts long enough for every timer to run twice.
pub(super) fn stage() -> Stage {
    Stage {
        client: "networkmanager-strongswan",
        supernode: "strongswan-xl2tpd",
        topology: "direct",
        changes: json!({}),
        network: json!({}),
        steps: json!([
            { "do": "connect" },
            { "do": "ping", "to": "10.70.72.1", "size": 1000, "is": { "replies": 3 } },
            { "wait": "150s" },
            { "do": "disconnect" },
            { "wait": "5s" }
        ]),
        seed: "1",
        fault: None,
    }
}

/// Plays and records. What comes of the steps is part of the behaviour, so that it may be a failure.
pub(super) fn record(stage: &Stage, folder: &Path) -> PathBuf {
    let text = json!({
        "format": 1, "id": "diff/stage", "title": "a connection that is recorded", "cites": ["IKE-2409-5.4-a"],
        "subject": "supernode", "client": stage.client, "supernode": stage.supernode, "topology": stage.topology,
        "changes": stage.changes, "network": stage.network, "steps": stage.steps,
    });
    let known = PROFILES.known();
    let cases = parse::cases(Path::new("stage.json"), "diff/stage", &text.to_string(), &known);
    let cases = cases.unwrap_or_else(|problems| panic!("{problems}"));
    let fault =
        stage.fault.map(|id| FAULTS.iter().find(|fault| fault.id == id).expect("a fault of the project's"));
    let played = play(&cases[0], &PROFILES, stage.seed.as_bytes(), Options { records: true, fault });
    assert!(played.verdict != Verdict::Blocked, "{:?}", played.failure);
    fs::remove_dir_all(folder).ok();
    played.recording.expect("a recording").save(folder).expect("room for files");
    folder.join("wire.pcapng")
}

/// Notes of a recording, with its keys or without.
pub(super) fn read(capture: &Path, with_keys: bool) -> Side {
    let keys = if with_keys {
        Keys::load(capture.with_file_name("keys")).expect("its keys")
    } else {
        Keys::default()
    };
    diff::read(capture, Ok(keys), l2tpspec::transcript::Options::default(), |_| ())
}

pub(super) fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("diff").join(name)
}

pub(super) fn compared(name: &str, old: &Stage, new: &Stage) -> Compared {
    let side = |stage, which| read(&record(stage, &scratch(&format!("{name}-{which}"))), true);
    diff::compare(&side(old, "old"), &side(new, "new"))
}

/// A difference as the tables write it: `layer/field role`.
pub(super) fn shown(difference: &Difference) -> String {
    format!("{} {}", difference.name(), difference.role.word())
}

/// A difference with what it is between.
pub(super) fn told(difference: &Difference) -> String {
    let word = |text: Option<String>| text.unwrap_or_else(|| "absent".to_owned());
    format!("{}: {} -> {}", shown(difference), word(difference.old_text()), word(difference.new_text()))
}
