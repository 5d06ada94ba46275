//! Recordings of a world.

use std::fs;
use std::process::Command;
use std::time::Duration;

use l2tpspec::world::link::Conditions;
use l2tpspec::world::record::Recorder;
use l2tpspec::world::rule::{Nth, Verdict};
use l2tpspec::world::user::Ping;

use super::tunnel::tunnelled;
use super::{Line, ip, ping};
use crate::capture::support::{read_octets, scratch};

/// A ping with fragments, an error, a dropped packet and some TCP, recorded.
fn recording() -> Vec<u8> {
    let mut line = Line::new(Conditions::default());
    line.world.link_mut(line.links[1].link).conditions.mtu = 576;
    let tap = line.world.add_tap(Recorder::new(Vec::new()).unwrap());
    line.world.add_rule(line.links[2].link, Nth::new(4, Verdict::Drop, |_, _| true));
    let wanted = Ping { data_octets: 1000, count: 2, ..Ping::new(Line::far()) };
    ping(&mut line.world, line.hosts[0], wanted);
    ping(&mut line.world, line.hosts[0], Ping { count: 1, ..Ping::new(ip(77, 0, 1)) });
    let load = l2tpspec::world::tcp::Load { send: 3000, receive: 100 };
    let address = std::net::SocketAddrV4::new(Line::far(), 80);
    line.world.transfer(line.hosts[0], line.hosts[3], address, load).unwrap();
    line.world.run_for(Duration::from_secs(20)).unwrap();
    let recorder: Recorder<Vec<u8>> = line.world.remove_tap(tap).unwrap();
    let packets = recorder.packets();
    let octets = recorder.finish().unwrap();
    assert!(packets > 30);
    assert_eq!(read_octets(&octets).0.len() as u64, packets);
    octets
}

#[test]
fn a_recording_is_read_back_with_exact_times_and_an_interface_a_link() {
    let octets = recording();
    let (frames, error) = read_octets(&octets);
    assert!(error.is_none());
    let times: Vec<_> = frames.iter().map(|(meta, _)| meta.time.unwrap().nanoseconds()).collect();
    // The echo enters the first link at once; its two fragments enter the second link a millisecond later.
    assert_eq!(times[..3], [0, 1_000_000, 1_000_000]);
    assert!(times.is_sorted());
    assert_eq!(frames[0].1.len(), 1028);
    assert!(frames.iter().all(|(_, octets)| octets[0] == 0x45));
    assert_eq!(recording(), octets, "the same world, the same octets");
}

#[test]
fn packets_of_tunnel_interfaces_are_told_from_those_of_links_or_left_out() {
    for records_tunnels in [true, false] {
        let (mut line, _) = tunnelled();
        let mut recorder = Recorder::new(Vec::new()).unwrap();
        recorder.records_tunnels = records_tunnels;
        let tap = line.world.add_tap(recorder);
        ping(&mut line.world, line.hosts[0], Ping { count: 1, ..Ping::new(Line::far()) });
        let octets = line.world.remove_tap::<Recorder<Vec<u8>>>(tap).unwrap().finish().unwrap();
        let has = |name: &[u8]| octets.windows(name.len()).any(|window| window == name);
        assert!(has(b"link1"));
        assert_eq!([has(b"host1-tunnel2"), has(b"host2-tunnel2")], [records_tunnels; 2]);
        assert_eq!(read_octets(&octets).0.len(), if records_tunnels { 8 } else { 6 });
    }
}

#[test]
fn tshark_finds_no_fault_in_a_recording() {
    let path = scratch("world.pcapng");
    fs::write(&path, recording()).unwrap();
    let fields =
        ["-T", "fields", "-e", "frame.interface_name", "-e", "_ws.malformed", "-e", "_ws.expert.message"];
    let checks = ["ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "tcp.check_checksum:TRUE"];
    let mut command = Command::new("tshark");
    // tshark checks the TCP checksum even of what an ICMP error quotes only the beginning of.
    command
        .arg("-r")
        .arg(&path)
        .args(["-Y", "!(icmp.type == 3 && tcp)"])
        .args(fields)
        .args(checks.iter().flat_map(|check| ["-o", check]));
    let Ok(output) = command.output() else {
        println!("skipped: tshark is not installed");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(["link0", "link1", "link2"].iter().all(|name| text.contains(name)), "{text}");
    for fault in ["alformed", "hecksum", "Bogus", "incorrect"] {
        assert!(!text.contains(fault), "{text}");
    }
}
