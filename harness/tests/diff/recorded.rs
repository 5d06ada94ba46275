//! Changes that only a real server shows, recorded before and after in the lab: strongSwan 5.9.8, xl2tpd 1.3.18, pppd 2.4.9 and BIRD
//! 2.0.12 of Debian 12, the reference as the client. `lab/changes` made them.

use std::path::{Path, PathBuf};

use l2tpspec::capture::keys::Keys;
use l2tpspec::diff::{self, Side};

use super::stage::told;

/// A change, and what is told of it forth and back.
const CHANGES: [(&str, [&str; 2]); 5] = [
    (
        "child-rekey",
        [
            "isakmp/phase2_replaced supernode: never in 30.8 s -> every 8 s",
            "isakmp/phase2_replaced supernode: every 8 s -> never in 30.8 s",
        ],
    ),
    (
        "encap",
        [
            "isakmp/phase1.place_by_nat_d supernode: where the client finds it -> elsewhere",
            "isakmp/phase1.place_by_nat_d supernode: elsewhere -> where the client finds it",
        ],
    ),
    (
        "ppp-rechallenge",
        [
            "chap/challenged_again supernode: never in 24.3 s -> every 7 s",
            "chap/challenged_again supernode: every 7 s -> never in 24.3 s",
        ],
    ),
    (
        "ppp-mtu",
        [
            "ip/cut_in_tunnel supernode: 1400 octets pass whole -> cut to pieces of 996 octets",
            "ip/cut_in_tunnel supernode: cut to pieces of 996 octets -> 1400 octets pass whole",
        ],
    ),
    (
        "ospf-network",
        [
            "ospf/router_lsa.stub_network supernode: 10.10.10.0/24 -> 10.10.20.0/24",
            "ospf/router_lsa.stub_network supernode: 10.10.20.0/24 -> 10.10.10.0/24",
        ],
    ),
];

fn read(name: &str) -> Side {
    let capture: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diff/recordings").join(format!("{name}.pcap"));
    let keys = Keys::load(capture.with_extension("keys")).expect("its keys");
    diff::read(&capture, Ok(keys), l2tpspec::transcript::Options::default(), |_| ())
}

#[test]
fn each_change_is_told_and_nothing_else() {
    for (name, wanted) in CHANGES {
        let [old, new] = ["old", "new"].map(|side| read(&format!("{name}-{side}")));
        for (found, wanted) in [diff::compare(&old, &new), diff::compare(&new, &old)].into_iter().zip(wanted)
        {
            assert_eq!(found.connections, [1, 1], "{name}");
            assert_eq!(found.differences.iter().map(told).collect::<Vec<_>>(), [wanted], "{name}");
        }
    }
}
