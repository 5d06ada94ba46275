//! `replay` and `regress`, as they are typed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::recordings;

const PROGRAM: &str = env!("CARGO_BIN_EXE_l2tpspec");

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

fn l2tpspec(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).arg("--scenarios").arg(scenarios()).output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Records a device that follows its guide against `sn3`.
    fn record(&self, client: &str) {
        let case = format!("guides/connect[client={client},supernode=sn3,topology=client-behind-nat]");
        let output = l2tpspec(&["run", &case, "--record", self.text()]);
        assert!(output.status.success(), "{}", text(&output.stdout));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_supernode_that_has_not_changed_is_as_it_was_for_every_recorded_device() {
    let folder = Folder::new("same");
    for client in ["windows-10", "macos", "android-11"] {
        folder.record(client);
    }
    let junit = folder.0.join("junit.xml");
    let output = l2tpspec(&[
        "regress",
        folder.text(),
        "--subject",
        "self",
        "--as",
        "sn3",
        "--junit",
        junit.to_str().unwrap(),
    ]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    assert!(said.contains("0 differences, 3 old and 3 new connections compared"), "{said}");
    let junit = std::fs::read_to_string(junit).unwrap();
    assert!(junit.contains("tests=\"3\"") && junit.contains("failures=\"0\""), "{junit}");
}

#[test]
fn a_supernode_that_lost_a_group_breaks_the_devices_that_have_no_other() {
    let folder = Folder::new("lost");
    for client in ["windows-10", "android-11"] {
        folder.record(client);
    }
    let arguments = ["regress", folder.text(), "--subject", "self", "--as", "libreswan-xl2tpd", "--json"];
    let output = l2tpspec(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rungs: Vec<_> = lines.iter().filter(|line| line["field"] == "rung.proposal-chosen").collect();
    let [broken] = rungs.as_slice() else { panic!("{lines:#?}") };
    assert!(broken["recording"].as_str().unwrap().contains("client=android-11"), "{broken}");
    assert!(broken.to_string().contains("MODP1024"), "{broken}");
    // What differs is accepted with a reason, and then is as expected; an allowance that no longer applies is red.
    let baseline = folder.0.join("baseline.json");
    let baseline = baseline.to_str().unwrap();
    let mut names: Vec<String> = lines
        .iter()
        .filter(|line| line["type"] == "difference")
        .map(|line| format!("{}/{}", line["layer"].as_str().unwrap(), line["field"].as_str().unwrap()))
        .collect();
    names.dedup();
    let mut accept = arguments.to_vec();
    for name in &names {
        accept.extend(["--accept", name]);
    }
    accept.extend(["--why", "the other daemon is wanted", "--baseline", baseline]);
    l2tpspec(&accept);
    let mut again = arguments.to_vec();
    again.extend(["--baseline", baseline]);
    let output = l2tpspec(&again);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let stale = ["regress", folder.text(), "--subject", "self", "--as", "sn3", "--baseline", baseline];
    assert_eq!(l2tpspec(&stale).status.code(), Some(1));
}

#[test]
fn a_recorded_supernode_is_dialled_by_the_device_that_is_tried() {
    let folder = Folder::new("client");
    folder.record("edgeos");
    let same = l2tpspec(&["replay", folder.text(), "--subject", "self", "--as", "edgeos"]);
    assert_eq!(same.status.code(), Some(0), "{}{}", text(&same.stdout), text(&same.stderr));
    let other = l2tpspec(&["replay", folder.text(), "--subject", "self", "--as", "windows-10"]);
    let said = text(&other.stdout);
    assert_eq!(other.status.code(), Some(1));
    assert!(said.contains("isakmp, client") && said.contains("main.1.vendor_ids"), "{said}");
    assert!(!said.contains("isakmp, supernode"), "what the supernode does is not tried: {said}");
}

#[test]
fn recordings_of_daemons_are_replayed_and_what_is_kept_can_be_read() {
    let (folder, captures) = (Folder::new("kept"), recordings());
    let capture = captures.join("strongswan-xl2tpd-nat.pcap");
    let output = l2tpspec(&[
        "replay",
        capture.to_str().unwrap(),
        "--subject",
        "self",
        "--as",
        "sn1",
        "--record",
        folder.text(),
    ]);
    let said = text(&output.stdout);
    assert!(said.contains("1 old and 1 new connections compared"), "{said}{}", text(&output.stderr));
    // The name that it calls itself by is the recorded one: that is no difference.
    assert!(!said.contains("host_name"), "{said}");
    for part in
        ["strongswan-xl2tpd-nat.json", "strongswan-xl2tpd-nat.client.json", "wire.pcapng", "keys/esp_sa"]
    {
        assert!(folder.0.join("strongswan-xl2tpd-nat").join(part).is_file(), "{part}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let folder = Folder::new("wrong");
    let capture = recordings().join("strongswan-xl2tpd-nat.pcap");
    let capture = capture.to_str().unwrap();
    let octets = std::fs::read(capture).unwrap();
    let cut = folder.0.join("cut.pcap");
    std::fs::write(&cut, &octets[..3000]).unwrap();
    let empty = Folder::new("empty");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["replay", capture, "--subject", "lab:nobody"], 2, "subject `lab:nobody` is not known here"),
        (&["replay", capture, "--subject", "someone"], 2, "write self, lab:NAME or udp:HOST"),
        (&["replay", capture, "--subject", "self", "--as", "sn9"], 2, "no profile is called `sn9`"),
        (&["replay", capture, "--subject", "self", "--connection", "9"], 2, "it has one: --connection 1"),
        (&["replay", capture, "--subject", "self", "--connection", "0"], 2, "numbered from 1"),
        (&["replay", "nowhere.pcap", "--subject", "self"], 2, "nowhere.pcap"),
        (&["regress", empty.text(), "--subject", "self"], 2, "no capture in it"),
    ];
    for (arguments, status, why) in cases {
        let output = l2tpspec(arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {told}");
        assert!(told.contains(why), "{arguments:?}: {told}");
    }
    // One that cannot be read to its end is told, and does not pass for one that was judged.
    let output = l2tpspec(&["regress", folder.text(), "--subject", "self"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cut.pcap"), "{}", text(&output.stderr));
}
