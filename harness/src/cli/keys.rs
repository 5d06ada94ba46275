//! Which keys belong to which capture.

use std::path::{Path, PathBuf};

use super::args;
use crate::capture::keys::Keys;
use crate::error::ExpectedError;
use crate::transcript::Options;

/// The captures that an argument names: itself, or of a folder that `run --record` or the kit wrote, every recording in it.
pub(super) fn captures(argument: &Path) -> Result<Vec<PathBuf>, ExpectedError> {
    if !argument.is_dir() {
        return Ok(vec![argument.to_owned()]);
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| ExpectedError::File { path, source }
    };
    let (mut found, mut waiting) = (Vec::new(), vec![argument.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).map_err(failed(&folder))? {
            let path = entry.map_err(failed(&folder))?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if is_recording(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        let folder = argument.display();
        return Err(ExpectedError::Usage(format!(
            "{folder}: a folder without a {}\nhint: name captures, or a folder that `run --record` or the kit wrote",
            RECORDINGS.join(" or ")
        )));
    }
    Ok(found)
}

/// What `run --record` calls a capture, and what the kit does. Its keys lie beside it, in `keys`.
const RECORDINGS: [&str; 2] = ["wire.pcapng", "wire.pcap"];

fn is_recording(path: &Path) -> bool {
    path.file_name().is_some_and(|name| RECORDINGS.iter().any(|recording| name == *recording))
}

/// Loads the keys for one capture: from every `--keys`, and of a directory that holds `NAME.keys`, that one. A recording in a
/// folder of its own brings its own.
pub(super) fn load(args: &args::Keys, capture: &Path) -> Result<Keys, ExpectedError> {
    let mut all = Keys::default();
    let beside = capture.with_file_name("keys");
    if is_recording(capture) && beside.is_dir() {
        all.extend(Keys::load(&beside)?);
    }
    for path in &args.keys {
        let own = capture.file_stem().map(|stem| {
            let mut name = stem.to_os_string();
            name.push(".keys");
            path.join(name)
        });
        let path = own.filter(|own| own.is_dir()).unwrap_or_else(|| path.clone());
        all.extend(Keys::load(&path)?);
    }
    for note in notes(&all) {
        eprintln!("note: {note}");
    }
    Ok(all)
}

/// What of the keys is of no use, and why.
fn notes(keys: &Keys) -> Vec<String> {
    let mut notes: Vec<_> =
        keys.left_out.iter().map(|left| format!("{}: {}", left.origin, left.why)).collect();
    // Other files beside the keys are nobody's mistake; other files and no keys are.
    if let Some(ignored) = keys.ignored.first().filter(|_| keys.read.is_empty()) {
        let folder = ignored.parent().unwrap_or(ignored);
        notes.push(format!("{}: holds no keys of a kind known here", folder.display()));
    }
    for entry in &keys.esp {
        if !entry.encryption.is_opened() {
            notes.push(format!("{}: {:?} is not decrypted here", entry.origin, entry.encryption));
        }
        if entry.extended_sequence_numbers == Some(true) {
            notes.push(format!(
                "{}: extended sequence numbers are not followed: packets of this association do not verify",
                entry.origin
            ));
        }
    }
    for secret in &keys.secrets {
        let has_dh = secret.dh_secret.is_some()
            || secret.dh_private_initiator.is_some()
            || secret.dh_private_responder.is_some();
        if !has_dh {
            notes.push(format!(
                "{}: a pre-shared key alone cannot open a recorded exchange: the Diffie-Hellman secret, or a private \
                 value, is missing",
                secret.origin
            ));
        }
    }
    notes
}

/// What the user asks of the dissection.
pub(super) fn options(args: &args::Keys) -> Options {
    Options { l2tp_secret: args.l2tp_secret.as_ref().map(|secret| secret.clone().into_bytes()) }
}
