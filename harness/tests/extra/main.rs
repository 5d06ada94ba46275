//! Other people's captures, in the folder that `L2TPSPEC_EXTRA_CAPTURES` names: none of them stops the dissector, and
//! those that were made to break decoders end in an error that says where. Its `INDEX.md` tells which those are.
//!
//! One trial a capture; without the variable they show as one that is ignored.

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the project's own recordings are tested elsewhere")]
mod support;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flate2::read::MultiGzDecoder;
use l2tpspec::capture::keys::Keys;
use l2tpspec::capture::{CaptureFile, Options};
use l2tpspec::transcript::pipeline;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// The verdict in `INDEX.md` of a capture that was made to break decoders.
const MALFORMED: &str = "MALFORMED on purpose";

/// Captures that were made to break other decoders and hold nothing that is malformed to this one, and why.
const WELL_FORMED: &[(&str, &str)] = &[
    (
        "tcpdump/isakmp-identification-segfault.pcap",
        "its identification is a name made of zeros, of the right length",
    ),
    ("tcpdump/ikev2pI2-segfault.pcapng", "it is IKEv2, which is named and left alone"),
    (
        "tcpdump/ppp_ccp_config_deflate_option_asan.pcap",
        "the link type in its header is Ethernet: no PPP is seen",
    ),
    (
        "tcpdump/truncated-aack.pcap",
        "an Authenticate-Ack may leave out its Msg-Length; the two octets behind its Length are padding",
    ),
    ("tcpdump/heapoverflow-ppp_hdlc_if_print.pcap", "a frame may end behind its protocol number"),
    ("tcpdump/dns-zlip-1.pcap", "the UDP Length ends the datagram before the DNS message"),
    (
        "tcpdump/icmp-length-zero.pcapng",
        "a Total Length of zero is what segmentation by a network card leaves",
    ),
];

/// Captures whose frames the recorder cut, so that nobody is to blame for what is missing.
const CUT: &[&str] = &[
    "tcpdump/isakmp-rfc3948-oobr.pcap",
    "tcpdump/isakmp-ikev1_n_print-oobr.pcap",
    "tcpdump/isakmp-various-oobr.pcap",
    "tcpdump/ikev1_id_ipv6_addr_subnet-oobr.pcap",
    "tcpdump/l2tp-avp-overflow.pcap",
    "tcpdump/udp-length-heapoverflow.pcap",
    "tcpdump/icmp-icmp_print-oobr-1.pcap",
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let Some(folder) = support::extra_captures() else {
        let why = "L2TPSPEC_EXTRA_CAPTURES is not set";
        let trial =
            Trial::test("extra_captures", move || Err(why.into())).with_kind(why).with_ignored_flag(true);
        return libtest_mimic::run(&arguments, vec![trial]).exit_code();
    };
    let mut trials = Vec::new();
    for name in captures(&folder, &folder) {
        let path = folder.join(&name);
        trials.push(Trial::test(format!("dissects {name}"), move || dissects(&path)));
    }
    let malformed = malformed(&folder);
    for name in &malformed {
        let (folder, name) = (folder.clone(), name.clone());
        trials.push(Trial::test(format!("refuses {name}"), move || refuses(&folder, &name)));
    }
    trials.push(Trial::test("the_index_names_malformed_captures", move || {
        if malformed.len() < 10 { Err(format!("only {malformed:?}").into()) } else { Ok(()) }
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The captures below a folder, by their names from `root`.
fn captures(root: &Path, folder: &Path) -> Vec<String> {
    const ENDINGS: [&str; 5] = ["pcap", "cap", "pcapng", "gz", "pppd"];
    let mut names = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return names };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            names.extend(captures(root, &path));
        } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            names.extend(path.strip_prefix(root).ok().map(|name| name.display().to_string()));
        }
    }
    names.sort();
    names
}

/// The names in the first column of the rows with the verdict.
fn malformed(folder: &Path) -> Vec<String> {
    let index = fs::read_to_string(folder.join("INDEX.md")).unwrap_or_default();
    let rows = index.lines().filter(|line| line.starts_with("| "));
    rows.filter_map(|row| {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        columns.contains(&MALFORMED).then(|| columns[1].to_owned())
    })
    .collect()
}

/// The same assertions as under the fuzzer: valid JSON, no name twice, nothing that steers a terminal.
fn dissects(path: &PathBuf) -> Result<(), Failed> {
    let mut octets = fs::read(path)?;
    if octets.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(&*octets).read_to_end(&mut plain)?;
        octets = plain;
    }
    l2tpspec::fuzz::transcript::capture_dissect(&octets);
    Ok(())
}

fn refuses(folder: &Path, name: &str) -> Result<(), Failed> {
    let path = folder.join(name);
    let mut file = CaptureFile::open(&path, &Options::default())?;
    let mut lines = Vec::new();
    let options = l2tpspec::transcript::Options::default();
    pipeline::run(&mut file, &Keys::default(), options, |entry, _| {
        entry.write_json(&mut lines, false);
        true
    })?;
    let mut errors = Vec::new();
    for line in lines.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        let entry: Value = serde_json::from_slice(line)?;
        errors.extend(entry.get("error").filter(|error| !error.is_null()).cloned());
    }
    let is_placed = |error: &Value| error["kind"].is_string() && error["offset"].is_u64();
    let is_cut = |error: &Value| error["kind"] == "snapped";
    let reason = WELL_FORMED.iter().find(|(own, _)| *own == name);
    match reason {
        Some((_, why)) if errors.is_empty() => {
            println!("{name}: {why}");
            Ok(())
        }
        Some(_) => Err(format!("listed as well-formed, but: {errors:#?}").into()),
        None if CUT.contains(&name) && errors.iter().any(is_cut) => Ok(()),
        None if CUT.contains(&name) => Err(format!("listed as cut, but: {errors:#?}").into()),
        None if errors.iter().any(is_placed) => Ok(()),
        None => Err(format!("no error with a kind and an offset: {errors:#?}").into()),
    }
}
