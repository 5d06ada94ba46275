//! tshark, run on one capture.

use std::path::Path;
use std::process::Command;

use l2tpspec::capture::keys::Keys;

/// Whether tshark can be run.
pub(crate) fn is_installed() -> bool {
    Command::new("tshark").arg("--version").output().is_ok()
}

/// The values of fields, a line a frame; what our recordings have opened beside the wire is left out.
pub(crate) fn fields(file: &Path, preferences: &[String], names: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args([
        "-Y",
        "not frame.interface_name == \"opened\"",
        "-T",
        "fields",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=\u{1}",
    ]);
    for preference in preferences {
        command.args(["-o", preference]);
    }
    for name in names {
        command.args(["-e", name]);
    }
    let output = command.output().expect("tshark was found");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.is_empty(), "tshark says nothing: {}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The lines of key files as preferences of tshark, which takes the same tables.
pub(crate) fn preferences(folder: &Path) -> Vec<String> {
    let mut preferences = vec!["esp.enable_encryption_decode:TRUE".to_owned()];
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder of keys").flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let table = match name.rsplit('.').next() {
            Some("esp_sa") => "esp_sa",
            Some("ikev1_decryption_table") => "ikev1_decryption_table",
            _ => continue,
        };
        let text = std::fs::read_to_string(&file).expect("keys are text");
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        preferences.extend(lines.map(|line| format!("uat:{table}:{line}")));
    }
    preferences
}

/// The keys of the same folder for us.
pub(crate) fn keys(folder: &Path) -> Keys {
    Keys::load(folder).unwrap_or_else(|error| panic!("{error}"))
}
