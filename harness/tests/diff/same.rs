//! Two recordings of one configuration.

use std::path::Path;

use l2tpspec::capture::keys::Keys;
use l2tpspec::diff::{self, Side};
use serde_json::json;

use super::stage::{Stage, compared, stage, told};

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
