//! The virtual world: how much memory an idle tunnel takes, both ends, their hosts and links; and how the time that a tunnel
//! takes to come up grows with their number, on one core.
//!
//! `cargo bench --bench world`; with `--quick` up to a thousand tunnels.

mod clients;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use l2tpspec::endpoint::Endpoint;
use l2tpspec::world::World;
use l2tpspec_protocol::stack::{Command, NoTap};
use peak_alloc::PeakAlloc;

use clients::{SUPERNODE, Seat, profile, seat};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Octets that an idle tunnel may take.
const LIMIT: usize = 64 * 1024;

/// What came of so many tunnels.
struct Measured {
    tunnels: usize,
    time: Duration,
    octets: usize,
}

/// Connects so many clients, one every two milliseconds of the world's time, and lets them idle for a minute.
fn measure(tunnels: usize) -> Measured {
    let (client, mut supernode) = (profile("clients", "edgeos"), profile("supernodes", "sn1"));
    // The real pool has room for 253.
    supernode.service.as_mut().expect("a supernode serves").pool.value.last = Ipv4Addr::new(10, 70, 255, 254);
    let service = supernode.service.clone().expect("a supernode serves");
    let before = MEMORY.current_usage();
    let mut world = World::new(b"bench");
    let server = world.add_host();
    let serving = world.add_station(server, Endpoint::new(supernode.stack(&service, 1701)));
    let config = client.stack(&service, 1701);
    let seats: Vec<Seat> = (0..tunnels).map(|number| seat(&mut world, server, number, &config)).collect();
    let start = Instant::now();
    for (host, station, address) in &seats {
        let command = Command::Connect { local: (*address).into(), peer: SUPERNODE.into() };
        world.with_station(*host, *station, |end: &mut Endpoint<NoTap>, cx| end.command(cx, command));
        world.run_for(Duration::from_millis(2)).expect("no live-lock");
    }
    world.run_for(Duration::from_secs(10)).expect("no live-lock");
    let time = start.elapsed();
    world.run_for(Duration::from_secs(60)).expect("no live-lock");
    let up = world.station::<Endpoint<NoTap>>(server, serving).expect("there").stack().links().count();
    assert_eq!(up, tunnels, "every tunnel is up");
    Measured { tunnels, time, octets: MEMORY.current_usage().saturating_sub(before) / tunnels }
}

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let counts: &[usize] = if is_quick { &[100, 1000] } else { &[100, 1000, 10_000] };
    // Warm caches and allocator.
    measure(20);
    let mut first = None;
    let mut is_over = false;
    for count in counts {
        let Measured { tunnels, time, octets } = measure(*count);
        let each = time.as_secs_f64() * 1e6 / *count as f64;
        let base = *first.get_or_insert(each);
        println!(
            "{tunnels:>6} tunnels up in {:.2} s: {each:.0} µs each, {:.2} times what each of {} took; idle {:.1} KiB each",
            time.as_secs_f64(),
            each / base,
            counts[0],
            octets as f64 / 1024.0
        );
        is_over |= octets > LIMIT;
    }
    assert!(!is_over, "an idle tunnel takes more than {} KiB", LIMIT / 1024);
}
