//! How fast `decode` is beside tshark, in one run on one core: `cargo bench`.
//!
//! Generates a capture (half UDP-encapsulated, half raw ESP; AES-256-CBC with HMAC-SHA1-96; L2TP, PPP, IP and ICMP
//! inside), checks that both tools decrypt it, runs them in turn on the same core and prints medians of the ratios of
//! each round. Rates are packets over wall-clock time of the whole process. tshark's JSON is so much slower that it is
//! given the first packets of the same capture only.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use l2tpspec_protocol::esp::{Encryption, Integrity, Sa};

/// Packets of the capture, unless `L2TPSPEC_BENCH_PACKETS` says otherwise.
const PACKETS: u32 = 1_000_000;
/// Packets of the capture that tshark writes as JSON.
const JSON_PACKETS: u32 = 25_000;
/// Rounds, each running every variant once.
const ROUNDS: usize = 3;
/// The ratios to reach.
const WANTED: [(&str, f64); 2] = [("lines", 14.0), ("JSON", 60.0)];

const EDGES: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];

fn main() {
    let packets =
        std::env::var("L2TPSPEC_BENCH_PACKETS").ok().and_then(|text| text.parse().ok()).unwrap_or(PACKETS);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("decode-bench");
    fs::create_dir_all(&folder).expect("a folder below target");
    let keys = folder.join("keys");
    fs::create_dir_all(&keys).expect("a folder below target");
    fs::write(keys.join("esp_sa"), esp_sa()).expect("a file below target");
    let whole = folder.join(format!("{packets}.pcap"));
    generate(&whole, packets);
    let part = folder.join("part.pcap");
    generate(&part, JSON_PACKETS.min(packets));

    if Command::new("tshark").arg("--version").output().is_err() {
        println!("tshark is not installed: no ratio can be measured");
        return;
    }
    check_both_decrypt(&part, &keys);
    println!("{packets} packets, one core, {ROUNDS} rounds");
    let mut ratios: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        let ours_lines = run(&mut ours(&whole, &keys, &[]), packets);
        let theirs_lines = run(&mut theirs(&whole, &[]), packets);
        let ours_json = run(&mut ours(&whole, &keys, &["--json"]), packets);
        let theirs_json = run(&mut theirs(&part, &["-T", "json"]), JSON_PACKETS.min(packets));
        ratios[0].push(ours_lines.rate / theirs_lines.rate);
        ratios[1].push(ours_json.rate / theirs_json.rate);
        println!(
            "round {round}: lines {:.0} and {:.1} kpackets/s, JSON {:.0} and {:.2} kpackets/s; ours takes {} MiB",
            ours_lines.rate / 1e3,
            theirs_lines.rate / 1e3,
            ours_json.rate / 1e3,
            theirs_json.rate / 1e3,
            ours_lines.peak_kib.max(ours_json.peak_kib).div_ceil(1024)
        );
    }
    for ((what, wanted), ratios) in WANTED.iter().zip(&mut ratios) {
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        println!("{what}: {median:.1} times as fast as tshark (to reach: {wanted})");
    }
}

/// What one run took.
struct Taken {
    /// Packets a second.
    rate: f64,
    /// Most memory in use at once.
    peak_kib: u64,
}

fn ours(capture: &Path, keys: &Path, options: &[&str]) -> Command {
    let mut command = pinned(env!("CARGO_BIN_EXE_l2tpspec"));
    command.arg("decode").arg(capture).arg("--keys").arg(keys).args(options);
    command
}

fn theirs(capture: &Path, options: &[&str]) -> Command {
    let mut command = pinned("tshark");
    command.arg("-n").arg("-r").arg(capture).args(options);
    command.args(["-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE"]);
    for line in esp_sa().lines() {
        command.args(["-o", &format!("uat:esp_sa:{line}")]);
    }
    command
}

/// A command on the last core only.
fn pinned(program: &str) -> Command {
    let core = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), program]);
    command
}

fn run(command: &mut Command, packets: u32) -> Taken {
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("taskset and the tool are installed");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_kib = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().expect("a child of ours") {
            break ended;
        }
        // taskset becomes the tool, so the process id is the tool's.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        peak_kib = peak_kib.max(peak.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(ended.success(), "{command:?}: {ended}");
    Taken { rate: f64::from(packets) / start.elapsed().as_secs_f64(), peak_kib }
}

/// Both tools see an ICMP message in the last packet, so neither is timed doing nothing.
fn check_both_decrypt(capture: &Path, keys: &Path) {
    let last = |command: &mut Command| {
        let output = command.output().expect("the tool is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().next_back().unwrap_or_default().to_owned()
    };
    let (ours, theirs) = (last(&mut ours(capture, keys, &[])), last(&mut theirs(capture, &[])));
    assert!(ours.contains("icmp"), "ours did not decrypt: {ours}");
    assert!(theirs.contains("ICMP"), "tshark did not decrypt: {theirs}");
}

fn keys() -> ([u8; 32], [u8; 20]) {
    (std::array::from_fn(|i| (i * 7 + 1) as u8), std::array::from_fn(|i| (i * 3 + 9) as u8))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold("0x".to_owned(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// The keys as Wireshark's table has them: raw and encapsulated, each way.
fn esp_sa() -> String {
    let (encryption, integrity) = keys();
    (0..4).fold(String::new(), |mut table, sa| {
        let [source, destination] = if sa < 2 { EDGES } else { [EDGES[1], EDGES[0]] };
        let _ = writeln!(
            table,
            "\"IPv4\",\"{}\",\"{}\",\"0x1111000{}\",\"AES-CBC [RFC3602]\",\"{}\",\"HMAC-SHA-1-96 [RFC2404]\",\"{}\"",
            std::net::Ipv4Addr::from(source),
            std::net::Ipv4Addr::from(destination),
            sa + 1,
            hex(&encryption),
            hex(&integrity)
        );
        table
    })
}

/// Writes the capture, unless it is there from an earlier run.
fn generate(path: &Path, packets: u32) {
    let marker = path.with_extension("done");
    if marker.exists() {
        return;
    }
    let (encryption, integrity) = keys();
    let sas: Vec<Sa> = (1..=4)
        .map(|sa| {
            Sa::new(0x1111_0000 + sa, Encryption::AesCbc, &encryption, Integrity::HmacSha1_96, &integrity)
                .expect("keys of the right lengths")
        })
        .collect();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).expect("a file below target"));
    let mut header = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    header.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0]);
    out.write_all(&header).expect("space on the disk");
    let mut chance = Chance(88_172_645_463_325_252);
    for i in 0..packets {
        let frame = frame(i, &sas, &mut chance);
        let length = u32::try_from(frame.len()).expect("a frame is short").to_le_bytes();
        let record = [1_700_000_000 + i / 100_000, i % 100_000 * 10].map(u32::to_le_bytes).concat();
        for part in [&record[..], &length, &length, &frame] {
            out.write_all(part).expect("space on the disk");
        }
    }
    out.flush().expect("space on the disk");
    fs::write(marker, "").expect("a file below target");
}

/// One Ethernet frame: direction and encapsulation alternate, sizes are 300 to 1400 octets.
fn frame(i: u32, sas: &[Sa], chance: &mut Chance) -> Vec<u8> {
    let (back, is_encapsulated) = ((i & 1) as usize, i >> 1 & 1 == 1);
    let sa = &sas[back * 2 + usize::from(is_encapsulated)];
    let [source, destination] = if back == 0 { EDGES } else { [EDGES[1], EDGES[0]] };
    let length = 240 + (chance.next() % 1060) as usize;
    let mut icmp = vec![if back == 0 { 8 } else { 0 }, 0, 0, 0, 0x12, 0x34, (i >> 8) as u8, i as u8];
    icmp.extend((0..length).map(|octet| octet as u8));
    let sum = checksum(&icmp).to_be_bytes();
    icmp[2..4].copy_from_slice(&sum);
    let inner = [[10, 9, 0, 2], [10, 9, 0, 1]];
    let inner = ipv4(inner[back], inner[1 - back], 1, &icmp, i as u16);
    let l2tp = [&[0, 2, 0, 17, 0, 33, 0xff, 3, 0, 0x21][..], &inner].concat();
    let payload = udp(1701, &l2tp);
    let iv = [chance.next().to_be_bytes(), chance.next().to_be_bytes()].concat();
    let packet = sa.seal(i / 4 + 1, &iv, 17, &payload).expect("a packet that fits");
    let outer = if is_encapsulated {
        ipv4(source, destination, 17, &udp(4500, &packet), i as u16)
    } else {
        ipv4(source, destination, 50, &packet, i as u16)
    };
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0][..], &outer].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("a datagram is short");
    [&port.to_be_bytes()[..], &port.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

fn ipv4(source: [u8; 4], destination: [u8; 4], protocol: u8, payload: &[u8], id: u16) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("a datagram is short").to_be_bytes();
    let [high, low] = id.to_be_bytes();
    let mut header = vec![0x45, 0, length[0], length[1], high, low, 0x40, 0, 64, protocol, 0, 0];
    header.extend(source);
    header.extend(destination);
    let sum = checksum(&header).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    header.extend_from_slice(payload);
    header
}

fn checksum(octets: &[u8]) -> u16 {
    let sum: u32 = octets
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)))
        .sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !((sum & 0xffff) + (sum >> 16)) as u16
}

/// Marsaglia's xorshift: the same capture on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
