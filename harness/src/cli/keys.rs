//! Which keys belong to which capture.

use std::path::Path;

use super::args;
use crate::capture::keys::Keys;
use crate::error::ExpectedError;
use crate::transcript::Options;

/// Loads the keys for one capture: from every `--keys`, and of a directory that holds `NAME.keys`, that one.
pub(super) fn load(args: &args::Keys, capture: &Path) -> Result<Keys, ExpectedError> {
    let mut all = Keys::default();
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
