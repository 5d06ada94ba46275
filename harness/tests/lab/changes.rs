//! Changes of a real server, one at a time and a few together: `diff` tells exactly what was changed, and nothing of two recordings
//! of one configuration.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use l2tpspec::capture::keys::Keys;
use l2tpspec::diff::compare::Difference;
use l2tpspec::diff::{self, Side};
use l2tpspec::lab::subject::DerivedFile;
use l2tpspec::lab::{Subject, SubjectFile};
use l2tpspec::scenario::away::Away;
use l2tpspec::scenario::cast::Profiles;
use l2tpspec::scenario::parse;
use l2tpspec::scenario::play::{Options, play_with};
use l2tpspec::scenario::verdict::Verdict;
use libtest_mimic::Failed;
use serde::Deserialize;
use serde_json::{Value, json};

/// A change and what it shows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) name: String,
    /// Who connects.
    client: String,
    #[serde(default = "direct")]
    topology: String,
    /// How long a connection is made, and with what.
    #[serde(default = "short")]
    steps: String,
    /// What the scenario says of the ends.
    #[serde(default)]
    changes: Value,
    /// Lines of the subject before the change.
    #[serde(default)]
    old: Value,
    /// Lines of it after the change.
    #[serde(default)]
    new: Value,
    /// Another subject that stands in its place after the change.
    subject: Option<String>,
    /// The fields that differ, and who does it.
    finds: Vec<String>,
}

fn direct() -> String {
    "direct".to_owned()
}

fn short() -> String {
    "short".to_owned()
}

/// The changes, from the file beside this one.
pub(super) fn all() -> Vec<Change> {
    serde_json::from_str(include_str!("changes.json")).expect("changes.json")
}

fn steps(name: &str) -> Value {
    match name {
        "long" => json!([
            { "do": "connect" }, { "do": "ping", "to": "10.70.72.1", "size": 1000 }, { "wait": "21s" },
            { "do": "disconnect" }, { "wait": "2s" }
        ]),
        "large" => json!([
            { "do": "connect" }, { "do": "ping", "to": "10.70.72.1", "size": "mtu" }, { "do": "disconnect" }, { "wait": "2s" }
        ]),
        "ospf" => json!([
            { "do": "connect" }, { "do": "ospf.peer" }, { "wait": "25s" }, { "do": "disconnect" }, { "wait": "2s" }
        ]),
        _ => json!([
            { "do": "connect" }, { "do": "ping", "to": "10.70.72.1", "size": 1000 }, { "wait": "2s" },
            { "do": "disconnect" }, { "wait": "2s" }
        ]),
    }
}

/// Plays changes of a subject and compares. Recordings stay in the folder of the tests, so that one that surprises can be read.
pub(super) fn played(
    base: &SubjectFile,
    others: &[SubjectFile],
    root: &Path,
    agent: &Path,
    changes: &[Change],
) -> Result<(), Failed> {
    let profiles = Profiles::load(root).map_err(|error| error.to_string())?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab-changes").join(&base.name);
    let boot = |file: &SubjectFile| Subject::boot(file.clone(), agent).map_err(|error| error.to_string());
    let mut subject = boot(base)?;
    let mut known: HashMap<String, PathBuf> = HashMap::new();
    let mut wrong = Vec::new();
    for change in changes {
        let same =
            json!([change.client, change.topology, change.steps, change.changes, change.old]).to_string();
        let old = match known.get(&same) {
            Some(old) if !change.finds.is_empty() => Ok(old.clone()),
            _ => {
                let folder = folder.join(&change.name).join("old");
                record(&mut subject, base, &profiles, change, &change.old, &folder)
            }
        };
        let new = folder.join(&change.name).join("new");
        let new = match &change.subject {
            None => record(&mut subject, base, &profiles, change, &change.new, &new),
            Some(name) => {
                let other =
                    others.iter().find(|file| file.name == *name).ok_or("there is no such subject")?;
                record(&mut boot(other)?, other, &profiles, change, &change.new, &new)
            }
        };
        let (old, new) = match (old, new) {
            (Ok(old), Ok(new)) => (old, new),
            (old, new) => {
                let why = [old.err(), new.err()].into_iter().flatten().collect::<Vec<_>>().join("; ");
                wrong.push(format!("{}: {why}", change.name));
                continue;
            }
        };
        known.entry(same).or_insert_with(|| old.clone());
        let found = diff::compare(&read(&old)?, &read(&new)?);
        let mut shown: Vec<String> = found.differences.iter().map(shown).collect();
        shown.sort();
        let mut finds = change.finds.clone();
        finds.sort();
        if shown != finds || found.connections != [1, 1] {
            let told: Vec<String> = found.differences.iter().map(told).collect();
            wrong.push(format!(
                "{} ({:?} connections): expected {finds:?}, found\n    {}",
                change.name,
                found.connections,
                told.join("\n    ")
            ));
        }
    }
    let (count, all) = (wrong.len(), changes.len());
    if wrong.is_empty() { Ok(()) } else { Err(format!("{count} of {all}:\n{}", wrong.join("\n")).into()) }
}

fn record(
    subject: &mut Subject,
    base: &SubjectFile,
    profiles: &Profiles,
    change: &Change,
    edits: &Value,
    folder: &Path,
) -> Result<PathBuf, String> {
    let edits = if edits.is_null() { json!({}) } else { edits.clone() };
    let derived = json!({ "format": 1, "extends": base.name, "title": change.name, "edits": edits });
    let derived: DerivedFile = serde_json::from_value(derived).map_err(|error| error.to_string())?;
    subject.become_another(base.clone().derive(derived)?)?;
    let changes = if change.changes.is_null() { json!({}) } else { change.changes.clone() };
    let text = json!({
        "format": 1, "id": "lab/change", "title": "a connection that is recorded", "cites": ["IKE-2409-5.4-a"],
        "subject": "supernode", "client": change.client, "supernode": "sn1", "topology": change.topology,
        "changes": changes, "steps": steps(&change.steps),
    });
    let cases = parse::cases(Path::new("change.json"), "lab/change", &text.to_string(), &profiles.known());
    let cases = cases.map_err(|problems| problems.to_string())?;
    let mut away = Away::new(subject);
    let options = Options { records: true, fault: None };
    let played = play_with(&cases[0], profiles, b"1", options, Some(&mut away));
    if matches!(played.verdict, Verdict::Blocked | Verdict::Unsupported) {
        return Err(format!("{:?}", played.failure));
    }
    std::fs::remove_dir_all(folder).ok();
    let recording = played.recording.ok_or("no recording")?;
    recording.save(folder).map_err(|error| error.to_string())?;
    if let Some(log) = played.log {
        std::fs::write(folder.join("subject.log"), log).map_err(|error| error.to_string())?;
    }
    Ok(folder.join("wire.pcapng"))
}

fn read(capture: &Path) -> Result<Side, String> {
    let keys = Keys::load(capture.with_file_name("keys")).map_err(|error| error.to_string())?;
    Ok(diff::read(capture, Ok(keys), l2tpspec::transcript::Options::default(), |_| ()))
}

/// A difference as the table writes it: `layer/field role`.
fn shown(difference: &Difference) -> String {
    format!("{} {}", difference.name(), difference.role.word())
}

fn told(difference: &Difference) -> String {
    let word = |text: Option<String>| text.unwrap_or_else(|| "absent".to_owned());
    format!("{}: {} -> {}", shown(difference), word(difference.old_text()), word(difference.new_text()))
}
