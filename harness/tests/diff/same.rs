//! Two recordings of one configuration.

use std::path::Path;

use l2tpspec::capture::file::{CaptureFile, Options};
use l2tpspec::capture::keys::Keys;
use l2tpspec::diff::{self, Reader, Side};
use l2tpspec::transcript::pipeline;
use serde_json::json;

use super::stage::{Stage, compared, record, scratch, stage, told};

#[test]
fn seeds_addresses_loss_and_translation_are_no_behaviour() {
    let clients = [
        "windows-10",
        "macos",
        "ios",
        "android-11",
        "networkmanager-libreswan",
        "edgeos",
        "mikrotik-ros7",
        "openwrt",
    ];
    let mut wrong = Vec::new();
    for client in clients {
        let base = Stage { client, ..stage() };
        let short = json!([{ "do": "connect" }, { "do": "ping", "size": 300 }]);
        let others = [
            ("seed", Stage { seed: "another", ..base.clone() }),
            (
                "loss",
                Stage { seed: "lossy", network: json!({ "loss": 0.1, "delay": "40ms" }), ..base.clone() },
            ),
            ("nat", Stage { seed: "translated", topology: "client-behind-nat", ..base.clone() }),
            ("short", Stage { seed: "short", steps: short, ..base.clone() }),
        ];
        for (what, other) in others {
            let found = compared(&format!("same-{client}-{what}"), &base, &other);
            assert_eq!(found.connections, [1, 1], "{client} {what}");
            wrong.extend(found.differences.iter().map(|it| format!("{client} {what}: {}", told(it))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn two_clients_behind_one_translator_are_two_connections_on_either_side() {
    let steps = json!([
        { "do": "connect" }, { "do": "connect", "client": "neighbour" },
        { "do": "ping", "from": "client" }, { "do": "ping", "from": "neighbour" }, { "do": "disconnect", "client": "neighbour" }
    ]);
    let base = Stage { steps, topology: "client-behind-nat", ..stage() };
    let found = compared("two-clients", &base, &Stage { seed: "another", ..base.clone() });
    assert_eq!(found.connections, [2, 2]);
    let told: Vec<String> = found.differences.iter().map(told).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Two recordings of different addresses as one side, one after the other.
fn joined(captures: [&Path; 2]) -> Side {
    let mut reader = Reader::default();
    for capture in captures {
        let keys = Keys::load(capture.with_file_name("keys")).expect("its keys");
        let mut file = CaptureFile::open(capture, &Options::default()).expect("a capture");
        let read = pipeline::run(&mut file, &keys, l2tpspec::transcript::Options::default(), |entry, _| {
            reader.see(entry);
            true
        });
        read.expect("a capture that can be read");
    }
    reader.end(captures[0], None)
}

#[test]
fn what_was_always_so_and_is_now_only_sometimes_is_told_with_how_often() {
    let changes = json!({ "supernode": { "l2tp.receive_window": 8 } });
    let translated = Stage { topology: "client-behind-nat", seed: "translated", ..stage() };
    let direct = record(&stage(), &scratch("sometimes-direct"));
    let nat = record(&translated, &scratch("sometimes-nat"));
    let changed = record(&Stage { changes, ..translated }, &scratch("sometimes-changed"));
    let (always, sometimes) = (joined([&direct, &nat]), joined([&direct, &changed]));
    let found = diff::compare(&always, &sometimes);
    assert_eq!(found.connections, [2, 2]);
    let [window] = found.differences.as_slice() else { panic!("{:?}", found.differences) };
    assert_eq!(window.name(), "l2tp/sccrp.receive_window_size");
    assert_eq!(window.old_text().as_deref(), Some("4"));
    assert_eq!(window.new_text().as_deref(), Some("4 (in 1 of 2), 8 (in 1 of 2)"));
    assert!(diff::compare(&sometimes, &sometimes).differences.is_empty());
}

#[test]
fn a_client_without_its_like_on_the_other_side_is_named_and_not_compared() {
    let nat = Stage { client: "windows-10", topology: "client-behind-nat", seed: "translated", ..stage() };
    let (one, other) = (record(&stage(), &scratch("alone-one")), record(&nat, &scratch("alone-other")));
    let found = diff::compare(&joined([&one, &other]), &joined([&one, &one]));
    assert_eq!(found.connections, [1, 1]);
    assert!(found.differences.is_empty(), "{:?}", found.differences);
    assert!(
        found.unseen[0].starts_with("only in the old recording: a connection of a client like"),
        "{:?}",
        found.unseen
    );
}

fn recording(name: &str) -> Side {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../captures");
    let keys = Keys::load(captures.join(format!("{name}.keys"))).expect("its keys");
    let capture = captures.join(format!("{name}.pcap"));
    diff::read(&capture, Ok(keys), l2tpspec::transcript::Options::default(), |_| ())
}

#[test]
fn recordings_of_the_same_daemons_show_no_difference_but_how_far_they_got() {
    let whole = ["strongswan-xl2tpd-direct", "strongswan-xl2tpd-nat", "child-rekey", "ospf-mtu-mismatch"];
    let broken = [
        ("wrong-ppp-password", "lcp/rung.authenticated"),
        ("wrong-psk", "isakmp/rung.phase1-up"),
        ("no-proposal-chosen", "isakmp/rung.proposal-chosen"),
    ];
    for old in whole {
        for new in whole {
            let found = diff::compare(&recording(old), &recording(new));
            let told: Vec<String> = found.differences.iter().map(told).collect();
            assert!(told.is_empty(), "{old} and {new}: {}", told.join("\n"));
        }
        for (new, rung) in broken {
            let found = diff::compare(&recording(old), &recording(new));
            let names: Vec<String> = found.differences.iter().map(|it| it.name()).collect();
            assert_eq!(names, [rung], "{old} and {new}");
        }
    }
}

/// What a recording shows that begins late or ends early. The dissector has seen all of it, as keys given would allow.
fn part(capture: &Path, keys: &Keys, frames: std::ops::RangeInclusive<u64>) -> Side {
    let mut reader = Reader::default();
    let mut file = CaptureFile::open(capture, &Options::default()).expect("a capture");
    let read = pipeline::run(&mut file, keys, l2tpspec::transcript::Options::default(), |entry, _| {
        if frames.contains(&entry.frame) {
            reader.see(entry);
        }
        true
    });
    read.expect("a capture that can be read");
    reader.end(capture, None)
}

#[test]
fn what_a_recording_that_begins_late_or_ends_early_lacks_is_no_difference() {
    let captures = crate::support::recordings();
    let names = [
        "strongswan-xl2tpd-direct",
        "strongswan-xl2tpd-nat",
        "child-rekey",
        "ospf-mtu-mismatch",
        "wrong-ppp-password",
    ];
    let mut all: Vec<_> = names
        .iter()
        .map(|name| {
            let keys = Keys::load(captures.join(format!("{name}.keys"))).expect("its keys");
            (captures.join(format!("{name}.pcap")), keys)
        })
        .collect();
    for client in ["windows-10", "edgeos"] {
        let made = record(&Stage { client, ..stage() }, &scratch(&format!("part-{client}")));
        let keys = Keys::load(made.with_file_name("keys")).expect("its keys");
        all.push((made, keys));
    }
    let mut wrong = Vec::new();
    for (capture, keys) in &all {
        let whole = part(capture, keys, 0..=u64::MAX);
        for cut in 1..whole.frames {
            for frames in [1..=cut, cut..=u64::MAX] {
                let found = diff::compare(&whole, &part(capture, keys, frames.clone()));
                wrong.extend(
                    found
                        .differences
                        .iter()
                        .map(|it| format!("{} {frames:?}: {}", capture.display(), told(it))),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
}
