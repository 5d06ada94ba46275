//! A recording of the virtual world, judged by tshark: nothing malformed, and every checksum right.

use std::fs;

use super::recording::recording;
use super::support::scratch;
use super::tshark;

/// What tshark finds wrong, a line a finding.
pub(crate) fn faults() -> Vec<String> {
    let path = scratch("world.pcapng");
    let (octets, packets) = recording();
    fs::write(&path, octets).unwrap();
    let preferences = ["ip", "udp", "tcp"].map(|protocol| format!("{protocol}.check_checksum:TRUE"));
    let names = ["frame.interface_name", "icmp.type", "_ws.malformed", "_ws.expert.message"];
    let lines = tshark::fields(&path, &preferences, &names);
    let mut faults = Vec::new();
    if lines.len() as u64 != packets {
        faults.push(format!("{packets} packets were recorded, tshark has {}", lines.len()));
    }
    for name in ["link0", "link1", "link2"] {
        if !lines.iter().any(|line| line[0] == name) {
            faults.push(format!("no packet on {name}"));
        }
    }
    for (number, line) in (1..).zip(&lines) {
        // tshark checks the TCP checksum even of what an ICMP error quotes only the beginning of.
        let is_error = matches!(line[1].as_str(), "3" | "11");
        let words = [line[2].as_str(), line[3].as_str()];
        let says = |fault: &str| words.iter().any(|word| word.contains(fault));
        if says("alformed") || says("Bogus") || (!is_error && says("hecksum")) {
            faults.push(format!("frame {number}: {words:?}"));
        }
    }
    faults
}
