//! A world in which a little of everything happens, recorded: for this library to read back and for tshark to judge.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use l2tpspec::world::link::Conditions;
use l2tpspec::world::nat::{Nat, NatConfig, Outside, PortPolicy};
use l2tpspec::world::record::Recorder;
use l2tpspec::world::route::Prefix;
use l2tpspec::world::rule::{Nth, Verdict};
use l2tpspec::world::tcp::Load;
use l2tpspec::world::user::Ping;
use l2tpspec::world::{Attachment, World};

/// A client behind a translator, a link of 576 octets, and a server: pings in fragments, one of them lost, errors of
/// every kind, UDP and TCP. The file, and how many packets it holds.
pub(crate) fn recording() -> (Vec<u8>, u64) {
    let ip = |network, last| Ipv4Addr::new(10, 0, network, last);
    let mut world = World::new(b"recording");
    let [client, nat, router, server] = [false, true, true, false]
        .map(|is_router| if is_router { world.add_router() } else { world.add_host() });
    let [lan, wan, far] = [(client, nat, 1, 1500), (nat, router, 2, 576), (router, server, 3, 1500)].map(
        |(one, other, network, mtu)| {
            let end = |host, last| Attachment { host, address: ip(network, last), length: 24 };
            world.connect([end(one, 1), end(other, 2)], Conditions { mtu, ..Conditions::default() })
        },
    );
    for (host, interface) in
        [(client, lan.interfaces[0]), (nat, wan.interfaces[0]), (server, far.interfaces[1])]
    {
        world.host_mut(host).add_route(Prefix::ALL, interface);
    }
    let mut config = NatConfig::new(Outside::Interface(wan.interfaces[0]));
    config.ports = PortPolicy::FromRange(40_000..=40_100);
    world.host_mut(nat).set_nat(Nat::new(config));
    world.add_rule(far.link, Nth::new(4, Verdict::Drop, |_, _| true));
    let tap = world.add_tap(Recorder::new(Vec::new()).unwrap());

    let once = |destination| Ping { count: 1, ..Ping::new(destination) };
    world.ping(client, Ping { data_octets: 1000, count: 2, ..Ping::new(ip(3, 2)) });
    world.ping(client, Ping { data_octets: 1000, dont_fragment: true, ..once(ip(3, 2)) });
    world.ping(client, Ping { time_to_live: 2, ..once(ip(3, 2)) });
    world.ping(client, once(ip(77, 1)));
    let socket = world.bind_udp(client, None).unwrap();
    world.send_udp(client, socket, SocketAddrV4::new(ip(3, 2), 9), b"nobody listens");
    let load = Load { send: 3000, receive: 5000 };
    world.connect_tcp(client, SocketAddrV4::new(ip(3, 2), 81), Load::default()).unwrap();
    let transfer = world.transfer(client, server, SocketAddrV4::new(ip(3, 2), 80), load).unwrap();
    world.run_for(Duration::from_secs(60)).unwrap();
    let report = world.transfer_report(client, transfer.client.1).unwrap();
    assert!(report.finished_at.is_some() && report.first_wrong.is_none());
    let recorder: Recorder<Vec<u8>> = world.remove_tap(tap).unwrap();
    let packets = recorder.packets();
    (recorder.finish().unwrap(), packets)
}
