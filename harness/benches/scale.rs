//! `check` and `diff` over captures of a supernode with many connections at once: how fast, in how much memory, on how many cores.
//!
//! `cargo bench --bench scale`. The captures are recorded in the virtual world, every connection to its end with packets of 1400
//! octets in it, and stay below `target/` for the next run. `L2TPSPEC_BENCH_GIB` (1 unless told) is the size of the largest,
//! `L2TPSPEC_BENCH_CONNECTIONS` (1000) the number of connections. Memory is to depend on the connections and not on the size.

mod clients;

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::BufWriter;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use l2tpspec::capture::keys::Tables;
use l2tpspec::endpoint::Endpoint;
use l2tpspec::world::World;
use l2tpspec::world::record::Recorder;
use l2tpspec::world::user::Ping;
use l2tpspec_protocol::cx::{KeyLog, Secret};
use l2tpspec_protocol::stack::{Command, NoTap};

use clients::{SUPERNODE, Seat, profile, seat};

const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 1);
/// Octets of a ping's data that fill a packet of 1400 octets, and what such a packet takes in the file with all that is around it.
const DATA: usize = 1372;
const PACKET: u64 = 1560;

/// How much more memory the large capture may take than one of a tenth of its size.
const LIMIT: f64 = 1.25;

#[derive(Clone, Default)]
struct Keys(Rc<RefCell<Tables>>);

impl KeyLog for Keys {
    fn log(&mut self, secret: Secret<'_>) {
        match secret {
            Secret::IsakmpSa { initiator_cookie, key, .. } => {
                self.0.borrow_mut().isakmp(initiator_cookie, key);
            }
            Secret::EspSa { spi, encryption, encryption_key, integrity, integrity_key, .. } => {
                self.0.borrow_mut().esp(spi, (encryption, encryption_key), (integrity, integrity_key));
            }
        }
    }
}

/// Records so many connections and so many packets, unless they are there from an earlier run.
fn record(folder: &Path, connections: usize, pings: u16, resolver: Ipv4Addr) -> PathBuf {
    let folder = folder.join(format!("{connections}-{pings}-{resolver}"));
    let (wire, done) = (folder.join("wire.pcapng"), folder.join("done"));
    if done.exists() {
        return wire;
    }
    fs::create_dir_all(&folder).expect("a folder below target");
    let (client, mut supernode) = (profile("clients", "edgeos"), profile("supernodes", "sn1"));
    let serves = supernode.service.as_mut().expect("a supernode serves");
    serves.pool.value.last = Ipv4Addr::new(10, 70, 255, 254);
    serves.resolver.value = Some(resolver);
    let service = serves.clone();
    let keys = Keys::default();
    let mut world = World::with_key_log(folder.to_string_lossy().as_bytes(), Box::new(keys.clone()));
    world.step_limit = u64::MAX;
    let file = BufWriter::with_capacity(1 << 20, File::create(&wire).expect("room below target"));
    let mut recorder = Recorder::new(file).expect("room below target");
    recorder.records_tunnels = false;
    let tap = world.add_tap(recorder);
    let server = world.add_host();
    world.add_station(server, Endpoint::new(supernode.stack(&service, 1701)));
    let config = client.stack(&service, 1701);
    let seats: Vec<_> = (0..connections).map(|number| seat(&mut world, server, number, &config)).collect();
    let command = |world: &mut World, (host, station, _): &Seat, command| {
        world.with_station(*host, *station, |end: &mut Endpoint<NoTap>, cx| end.command(cx, command));
        world.run_for(Duration::from_millis(2)).expect("no live-lock");
    };
    for seat in &seats {
        command(&mut world, seat, Command::Connect { local: seat.2.into(), peer: SUPERNODE.into() });
    }
    world.run_for(Duration::from_secs(10)).expect("no live-lock");
    let interval = Duration::from_millis(100);
    for (host, ..) in &seats {
        let ping = Ping { count: pings, interval, data_octets: DATA, ..Ping::new(INSIDE) };
        world.ping(*host, ping);
        world.run_for(Duration::from_micros(90)).expect("no live-lock");
    }
    world.run_for(interval * u32::from(pings) + Duration::from_secs(5)).expect("no live-lock");
    for seat in &seats {
        command(&mut world, seat, Command::Disconnect);
    }
    world.run_for(Duration::from_secs(10)).expect("no live-lock");
    let recorder: Recorder<BufWriter<File>> = world.remove_tap(tap).expect("it was there");
    recorder.finish().expect("room below target");
    drop(world);
    let keys = Rc::into_inner(keys.0).expect("nobody else holds the keys").into_inner();
    keys.save(&folder.join("keys")).expect("room below target");
    fs::write(done, "").expect("room below target");
    wire
}

/// What one run took.
struct Taken {
    time: Duration,
    cores: f64,
    peak_mib: f64,
    said: String,
}

fn run(arguments: &[&str], captures: &[&Path]) -> Taken {
    let mut command = Process::new(env!("CARGO_BIN_EXE_l2tpspec"));
    command.args(arguments);
    for capture in captures {
        // A folder of `run --record` brings its own keys.
        command.arg(capture.parent().expect("a folder"));
    }
    let start = Instant::now();
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program under test");
    let mut out = child.stdout.take().expect("a pipe");
    let said = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut out, &mut text).expect("text");
        text
    });
    let (status, stat) = (format!("/proc/{}/status", child.id()), format!("/proc/{}/stat", child.id()));
    let (mut peak_kib, mut ticks) = (0.0_f64, 0.0_f64);
    while child.try_wait().expect("a child of ours").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        peak_kib = peak_kib.max(peak.unwrap_or(0.0));
        // User and system time are the 14th and the 15th field, in hundredths of a second.
        let text = fs::read_to_string(&stat).unwrap_or_default();
        let fields = text.split_ascii_whitespace().skip(13).take(2);
        let sum: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
        ticks = ticks.max(sum);
        std::thread::sleep(Duration::from_millis(20));
    }
    let time = start.elapsed();
    let said = said.join().expect("no panic");
    Taken { time, cores: ticks / 100.0 / time.as_secs_f64(), peak_mib: peak_kib / 1024.0, said }
}

fn number(variable: &str, otherwise: f64) -> f64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let gib = number("L2TPSPEC_BENCH_GIB", 1.0);
    let connections = number("L2TPSPEC_BENCH_CONNECTIONS", 1000.0) as usize;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scale-bench");
    let mut peaks: [Vec<f64>; 2] = Default::default();
    for part in [0.1, 1.0] {
        let octets = (gib * part * f64::from(1_u32 << 30)) as u64;
        let pings = octets / (2 * PACKET * connections as u64);
        let pings = u16::try_from(pings).expect("fewer octets, or more connections");
        let [old, new] = [[10, 10, 10, 10], [9, 9, 9, 9]]
            .map(|resolver| record(&folder, connections, pings, Ipv4Addr::from(resolver)));
        let size = fs::metadata(&old).expect("it is there").len() as f64 / f64::from(1_u32 << 30);
        for (peaks, (what, captures)) in
            peaks.iter_mut().zip([("check", &[&*old][..]), ("diff", &[&*old, &*new][..])])
        {
            let taken = run(&[what, "--json"], captures);
            let gib = size * captures.len() as f64;
            println!(
                "{what} {gib:.2} GiB, {connections} connections: {:.1} s, {:.0} MiB/s, {:.2} cores, {:.0} MiB of memory",
                taken.time.as_secs_f64(),
                gib * 1024.0 / taken.time.as_secs_f64(),
                taken.cores,
                taken.peak_mib
            );
            // Neither is timed doing nothing.
            let is_right = match what {
                "check" => taken.said.matches("\"connection\"").count() >= connections,
                _ => taken.said.contains("primary_dns_address"),
            };
            assert!(is_right, "{what}: {}", &taken.said[taken.said.len().saturating_sub(2000)..]);
            peaks.push(taken.peak_mib);
        }
    }
    for (what, peaks) in ["check", "diff"].iter().zip(&peaks) {
        let ratio = peaks[1] / peaks[0];
        println!("{what}: {ratio:.2} times the memory for ten times the capture (at most {LIMIT})");
        assert!(ratio <= LIMIT, "memory grows with the capture");
    }
}
