//! Recordings of a world.

use l2tpspec::world::record::Recorder;
use l2tpspec::world::user::Ping;

use super::recording::recording;
use super::tunnel::tunnelled;
use super::{Line, ping};
use crate::capture::support::read_octets;

#[test]
fn a_recording_is_read_back_with_exact_times_and_an_interface_a_link() {
    let (octets, packets) = recording();
    let (frames, error) = read_octets(&octets);
    assert!(error.is_none());
    assert_eq!(frames.len() as u64, packets);
    let times: Vec<_> = frames.iter().map(|(meta, _)| meta.time.unwrap().nanoseconds()).collect();
    // Seven packets enter the first link at once: four echoes, a datagram, two SYNs. The first echo enters the second
    // link a millisecond later, in two fragments.
    assert_eq!(times[..9], [0, 0, 0, 0, 0, 0, 0, 1_000_000, 1_000_000]);
    assert!(times.is_sorted());
    assert_eq!([0, 7, 8].map(|at: usize| frames[at].1.len()), [1028, 572, 476]);
    assert_eq!(recording().0, octets, "the same world, the same octets");
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
