//! A run that was interrupted says, once it is taken up again, what one run would have said.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::recordings;

fn l2tpspec(args: &[&str], resume: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2tpspec"));
    command.args(args).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    if let Some(file) = resume {
        command.arg("--resume").arg(file);
    }
    command.output().expect("the command runs")
}

fn file(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("resume-{name}-{}.jsonl", std::process::id()));
    let _gone = std::fs::remove_file(&path);
    path
}

/// Runs without the file, with it, and from every point at which it may have been interrupted.
fn same_from_anywhere(name: &str, args: &[&str]) {
    let plain = l2tpspec(args, None);
    let file = file(name);
    let whole = l2tpspec(args, Some(&file));
    let told = |output: &Output| {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        // How long it took to read is another each time.
        let out = text(&output.stdout)
            .lines()
            .filter(|line| !line.contains(" frames in "))
            .collect::<Vec<_>>()
            .join("\n");
        // Notes are about reading.
        let err = text(&output.stderr)
            .lines()
            .filter(|line| line.starts_with("error"))
            .collect::<Vec<_>>()
            .join("\n");
        (output.status.code(), out, err)
    };
    assert_eq!(told(&whole), told(&plain), "{name}");
    let kept = std::fs::read(&file).expect("it is there");
    let lines = kept.iter().filter(|octet| **octet == b'\n').count();
    assert!(lines > 3, "{name}: only {lines} lines");
    for cut in [0, 20, kept.len() / 3, kept.len() / 2, kept.len() - 1, kept.len()] {
        std::fs::write(&file, &kept[..cut]).expect("it is written");
        let resumed = l2tpspec(args, Some(&file));
        assert_eq!(told(&resumed), told(&plain), "{name}, cut at {cut}");
        let again = std::fs::read(&file).expect("it is there");
        assert_eq!(again.iter().filter(|octet| **octet == b'\n').count(), lines, "{name}, cut at {cut}");
    }
    std::fs::remove_file(&file).expect("it was there");
}

#[test]
fn check_goes_on_where_it_was() {
    let mut captures: Vec<String> = std::fs::read_dir(recordings())
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .map(|path| path.display().to_string())
        .collect();
    captures.sort();
    captures.push("captures/there-is-none.pcap".to_owned());
    let keys = ["check", "--keys", "captures", "--known", "captures/known/xl2tpd-1.3.18.json"];
    for form in [&[][..], &["--json"][..]] {
        let args: Vec<&str> = keys
            .iter()
            .copied()
            .chain(form.iter().copied())
            .chain(captures.iter().map(String::as_str))
            .collect();
        same_from_anywhere("check", &args);
    }
}

#[test]
fn diff_goes_on_where_it_was() {
    let folder = |seed: &str| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("resume-diff-{seed}"));
        let _gone = std::fs::remove_dir_all(&folder);
        let path = folder.display().to_string();
        let status = l2tpspec(&["run", "museum", "--seed", seed, "--record", &path], None).status;
        assert!(status.success());
        path
    };
    let (old, new) = (folder("1"), folder("2"));
    same_from_anywhere("diff", &["diff", &old, &new]);
    same_from_anywhere("diff-json", &["diff", "--json", &old, &new]);
}

#[test]
fn regress_goes_on_where_it_was() {
    same_from_anywhere("regress", &["regress", "captures", "--subject", "self", "--json"]);
}

#[test]
fn a_file_of_another_run_is_refused() {
    let file = file("other");
    let capture = "captures/wrong-psk.pcap";
    let first = l2tpspec(&["check", capture], Some(&file));
    assert_eq!(first.status.code(), Some(1));
    let other = l2tpspec(&["check", "--json", capture], Some(&file));
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!(other.status.code(), Some(2), "{said}");
    assert!(said.contains("no file of this run") && said.contains("hint: remove it"), "{said}");
    std::fs::remove_file(&file).expect("it was there");
}
