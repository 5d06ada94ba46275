//! Transfers over TCP.

use std::net::SocketAddrV4;
use std::time::Duration;

use l2tpspec::world::icmp::Problem;
use l2tpspec::world::link::{Chance, Conditions};
use l2tpspec::world::tcp::Load;

use super::{Line, Two, ip};

const MEGABYTE: u64 = 1_000_000;

#[test]
fn a_megabyte_each_way_over_a_link_that_loses_reorders_and_corrupts_arrives_as_it_was() {
    let conditions = Conditions {
        loss: Chance::percent(2),
        duplication: Chance::percent(1),
        reordering: Chance::percent(1),
        corruption: Chance::percent(1),
        delay: Duration::from_millis(5),
        ..Conditions::default()
    };
    let run = || {
        let mut two = Two::new(b"tcp", conditions);
        let load = Load { send: MEGABYTE, receive: MEGABYTE };
        let address = SocketAddrV4::new(ip(0, 0, 2), 80);
        let transfer = two.world.transfer(two.a, two.b, address, load).unwrap();
        two.world.run_for(Duration::from_secs(3600)).unwrap();
        [transfer.client, transfer.server]
            .map(|(host, id)| two.world.transfer_report(host, id).unwrap().clone())
    };
    let reports = run();
    for report in &reports {
        assert_eq!((report.sent, report.received, report.first_wrong), (MEGABYTE, MEGABYTE, None));
        assert!(report.finished_at.is_some() && !report.is_broken);
    }
    assert_eq!(reports, run(), "the same seed, the same moments");
}

#[test]
fn a_transfer_finds_a_path_with_a_smaller_mtu() {
    let mut line = Line::new(Conditions::default());
    line.world.link_mut(line.links[1].link).conditions.mtu = 1280;
    let [a, _, _, b] = line.hosts;
    let load = Load { send: 100_000, receive: 100_000 };
    let transfer = line.world.transfer(a, b, SocketAddrV4::new(Line::far(), 80), load).unwrap();
    line.world.run_for(Duration::from_secs(60)).unwrap();
    for (host, id) in [transfer.client, transfer.server] {
        let report = line.world.transfer_report(host, id).unwrap();
        assert_eq!((report.received, report.first_wrong), (100_000, None));
        assert!(
            report.errors.iter().all(|heard| heard.problem == Problem::FragmentationNeeded { mtu: 1280 })
        );
        assert!(!report.errors.is_empty());
    }
}

#[test]
fn a_transfer_over_a_cut_link_ends_broken() {
    let mut two = Two::new(b"", Conditions::default());
    let load = Load { send: MEGABYTE, receive: 0 };
    let transfer = two.world.transfer(two.a, two.b, SocketAddrV4::new(ip(0, 0, 2), 80), load).unwrap();
    two.world.run_for(Duration::from_millis(5)).unwrap();
    two.world.link_mut(two.link.link).conditions.is_up = false;
    two.world.run_for(Duration::from_secs(3600)).unwrap();
    let report = two.world.transfer_report(two.a, transfer.client.1).unwrap();
    assert!(report.is_broken && report.finished_at.is_none());
    let steps = two.world.run_for(Duration::from_secs(3600)).unwrap();
    assert_eq!(steps, 0, "nothing is tried any more");
}

#[test]
fn a_connection_to_a_port_that_nobody_waits_at_is_refused_at_once() {
    let mut two = Two::new(b"", Conditions::default());
    let id = two.world.connect_tcp(two.a, SocketAddrV4::new(ip(0, 0, 2), 80), Load::default()).unwrap();
    two.world.run_for(Duration::from_millis(3)).unwrap();
    let report = two.world.transfer_report(two.a, id).unwrap();
    assert!(report.is_broken && report.finished_at.is_none());
    assert_eq!(two.world.link(two.link.link).counters.entered, 2, "a SYN and a reset");
}
