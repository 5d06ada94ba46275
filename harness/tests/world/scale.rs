//! Many hosts in one world.

use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec::world::host::Host;
use l2tpspec::world::link::Conditions;
use l2tpspec::world::route::Prefix;
use l2tpspec::world::user::Ping;
use l2tpspec::world::{Attachment, World};

/// The steps that a world takes in which so many hosts around one router each ping the next one.
fn steps_with(hosts: u32) -> u64 {
    let mut world = World::new(b"scale");
    let router = world.add_router();
    let address = |number: u32| Ipv4Addr::from_bits(0x0a00_0000 + number * 4 + 2);
    let clients: Vec<_> = (0..hosts)
        .map(|number| {
            let host = world.add_host();
            let near = Attachment { host, address: address(number), length: 30 };
            let gateway = Ipv4Addr::from_bits(u32::from(address(number)) - 1);
            let far = Attachment { host: router, address: gateway, length: 30 };
            let link = world.connect([near, far], Conditions::default());
            world.host_mut(host).add_route(Prefix::ALL, link.interfaces[0]);
            host
        })
        .collect();
    let pings: Vec<_> = (0..hosts)
        .zip(&clients)
        .map(|(number, client)| world.ping(*client, Ping::new(address((number + 1) % hosts))))
        .collect();
    let steps = world.run_for(Duration::from_secs(10)).unwrap();
    for (client, ping) in clients.iter().zip(pings) {
        let report = world.ping_report(*client, ping).unwrap();
        assert_eq!((report.replies.len(), report.errors.len()), (3, 0));
    }
    assert_eq!(world.next_event(), None, "nothing happens in an idle world");
    steps
}

#[test]
fn ten_thousand_hosts_take_ten_times_the_steps_of_a_thousand() {
    // Three echoes, of which the first starts at once and two wake their host; each crosses two links each way.
    assert_eq!(steps_with(1000), 1000 * (3 * 4 + 2));
    assert_eq!(steps_with(10_000), 10_000 * (3 * 4 + 2));
}

#[test]
fn an_idle_host_is_small() {
    assert!(size_of::<Host>() <= 512, "{} octets", size_of::<Host>());
}

#[test]
fn a_run_that_takes_too_many_steps_is_stopped() {
    let mut two = super::Two::new(b"", Conditions::default());
    two.world.step_limit = 5;
    two.world.ping(two.a, Ping { count: 100, ..Ping::new(super::ip(0, 0, 2)) });
    let stopped = two.world.run_for(Duration::from_secs(100)).unwrap_err();
    assert_eq!(stopped.steps, 5);
    assert_eq!(stopped.now, two.world.now());
}
