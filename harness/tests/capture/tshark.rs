//! The same files read by tshark: numbers, times, lengths and link layers of every frame must agree.

use std::fs;
use std::path::{Path, PathBuf};

use l2tpspec::capture::link::{Next, strip};
use l2tpspec::capture::{CaptureFile, Options};

use super::support::{Frame, Order, fixture, foreign_captures, read_all, scratch, tshark};

fn ours(file: &Path) -> Vec<Frame> {
    let capture = CaptureFile::open(file, &Options::default()).unwrap();
    let (frames, error) = read_all(capture);
    assert!(error.is_none(), "{}: {}", file.display(), error.unwrap());
    frames
}

fn captures() -> Vec<PathBuf> {
    let mut captures = foreign_captures();
    captures.push(fixture("captures/no-proposal-chosen.pcap"));
    captures
}

/// Differences, one line each; so that one run shows all of them.
fn report(differences: &[String]) {
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn numbers_times_and_lengths_are_those_of_tshark() {
    let fields = ["frame.number", "frame.time_epoch", "frame.cap_len", "frame.len"];
    let mut differences = Vec::new();
    for file in captures() {
        let Some(theirs) = tshark(&file, &fields) else { return };
        let ours: Vec<Vec<String>> = ours(&file)
            .iter()
            .map(|(meta, _)| {
                vec![
                    meta.number.to_string(),
                    meta.time.map_or_else(String::new, |time| time.to_string()),
                    meta.captured_len.to_string(),
                    meta.original_len.to_string(),
                ]
            })
            .collect();
        if ours != theirs {
            let first = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
            let counts = (ours.len(), theirs.len());
            differences.push(format!("{}: ours and tshark's: {counts:?}, {first:?}", file.display()));
        }
    }
    report(&differences);
}

/// The words of tshark's `frame.protocols` up to what comes after the link layers.
fn protocols((meta, octets): &Frame) -> (String, bool) {
    let link = strip(meta.link_type, octets);
    let mut words = link.layers.names().to_vec();
    let mut whole = true;
    match link.next {
        Next::Ipv4 => words.push("ip"),
        Next::Ipv6 => words.push("ipv6"),
        Next::Eapol => words.push("eapol"),
        Next::Other(name) => words.push(name),
        Next::Ethertype(_) => words.push("data"),
        // tshark names no `ppp` where the PPP Protocol stands in for the Ethertype.
        Next::Ppp if words == ["eth", "ethertype"] => match link.payload(octets) {
            [0xc0, 0x21, ..] => words.push("lcp"),
            [0x80, 0x21, ..] => words.push("ipcp"),
            _ => {}
        },
        Next::Ppp => words.push("ppp"),
        Next::LinkType(_) | Next::Malformed(_) => whole = false,
    }
    (words.join(":"), whole)
}

fn compare_layers(file: &Path, differences: &mut Vec<String>) -> bool {
    let Some(theirs) = tshark(file, &["frame.number", "frame.protocols"]) else { return false };
    for (frame, theirs) in ours(file).iter().zip(&theirs) {
        let (ours, whole) = protocols(frame);
        let theirs = &theirs[1];
        let agree = match theirs.strip_prefix(&ours) {
            Some(rest) => rest.is_empty() || rest.starts_with(':'),
            None => false,
        };
        if !(agree || !whole && ours.is_empty()) {
            let link = strip(frame.0.link_type, &frame.1);
            differences.push(format!(
                "{} frame {}: {ours} {theirs} {:?}",
                file.display(),
                frame.0.number,
                link.next
            ));
        }
    }
    true
}

#[test]
fn link_layers_are_those_of_tshark() {
    let mut differences = Vec::new();
    for file in captures() {
        if !compare_layers(&file, &mut differences) {
            return;
        }
    }
    report(&differences);
}

/// 20.1.2.3 pings 20.1.2.4, without data.
const PING: [u8; 28] =
    [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0x4e, 0xd3, 20, 1, 2, 3, 20, 1, 2, 4, 8, 0, 0xf7, 0xff, 0, 0, 0, 0];

/// A neighbour of `::1` asks nothing: an IPv6 header without a next header.
fn nothing_over_ipv6() -> Vec<u8> {
    let mut octets = vec![0x60, 0, 0, 0, 0, 0, 59, 64];
    octets.extend([[0; 15].as_slice(), &[1], &[0; 15], &[2]].concat());
    octets
}

fn made_up() -> Vec<(u32, Vec<u8>)> {
    let addresses = [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 6];
    let lcp: &[u8] = &[0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0];
    let ping: &[u8] = &PING;
    let six = nothing_over_ipv6();
    let eth = |rest: &[&[u8]]| [&addresses[..], &rest.concat()].concat();
    let sll = |hardware: u16, protocol: u16, rest: &[u8]| {
        [&[0, 0], &hardware.to_be_bytes()[..], &[0, 6, 0, 1, 2, 3, 4, 5, 0, 0], &protocol.to_be_bytes(), rest]
            .concat()
    };
    let sll2 = |hardware: u16, protocol: u16, rest: &[u8]| {
        let protocol = protocol.to_be_bytes();
        [&protocol[..], &[0; 6], &hardware.to_be_bytes(), &[0, 6, 0, 1, 2, 3, 4, 5, 0, 0], rest].concat()
    };
    let snap: &[u8] = &[0xaa, 0xaa, 3, 0, 0, 0];
    let session: &[u8] = &[0x88, 0x64, 0x11, 0, 0, 7, 0, 10];
    vec![
        (1, eth(&[&[8, 0], ping])),
        (1, eth(&[&[0x81, 0, 0, 5, 8, 0], ping])),
        (1, eth(&[&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], &six])),
        (1, eth(&[&[0x91, 0, 0, 5, 0x81, 0, 0, 6, 8, 0], ping])),
        (1, eth(&[&[0x81, 0, 0, 5], session, lcp, &[0; 20]])),
        (1, eth(&[session, lcp, &[0; 20]])),
        (1, eth(&[&[0x81, 0, 0, 5, 0, 38, 0x42, 0x42, 3], &[0; 35]])),
        (1, eth(&[&[0, 36], snap, &[8, 0], ping])),
        (1, eth(&[&[0, 36], &[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0], ping])),
        (1, eth(&[&[0, 31], &[6, 6, 3], ping])),
        (1, eth(&[&[0, 31], &[0x7a, 0x7a, 3], ping])),
        (1, eth(&[&[0x88, 0x47, 0, 1, 1, 64], ping])),
        (1, eth(&[&[0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64], ping])),
        (1, eth(&[&[0x88, 0x47, 0, 0, 1, 64], ping])),
        (1, eth(&[&[0x88, 0x47, 0, 0, 0x21, 64], &six])),
        (1, eth(&[&[0xc0, 0x21], &lcp[2..]])),
        (1, eth(&[&[0x88, 0x8e, 1, 1, 0, 0]])),
        (1, eth(&[&[0x08, 6], &[0; 28]])),
        (0, [&[2, 0, 0, 0], ping].concat()),
        (0, [&[0, 0, 0, 2], ping].concat()),
        (0, [&[30, 0, 0, 0], &six[..]].concat()),
        (0, [&[0, 0, 0, 24], &six[..]].concat()),
        (108, [&[0, 0, 0, 2], ping].concat()),
        (108, [&[0, 0, 0, 28], &six[..]].concat()),
        (12, ping.to_vec()),
        (14, ping.to_vec()),
        (101, ping.to_vec()),
        (101, six.clone()),
        (228, ping.to_vec()),
        (229, six.clone()),
        (9, [&[0xff, 3], lcp].concat()),
        (9, [&[0x21], ping].concat()),
        (50, [&[0xff, 3, 0, 0x21], ping].concat()),
        (50, [&[0x0f, 0, 8, 0], ping].concat()),
        (204, [&[1, 0xff, 3, 0, 0x21], ping].concat()),
        (51, [&session[2..], lcp].concat()),
        (104, [&[0x0f, 0, 8, 0], ping].concat()),
        (104, [&[0x8f, 0, 0x86, 0xdd], &six[..]].concat()),
        (113, sll(1, 0x0800, ping)),
        (113, sll(1, 0x86dd, &six)),
        (113, sll(1, 0x8864, &[&session[2..], lcp].concat())),
        (113, sll(1, 4, &[&[0x42, 0x42, 3][..], &[0; 35]].concat())),
        (113, sll(512, 0x0800, ping)),
        (276, sll2(1, 0x0800, ping)),
        (276, sll2(1, 0x86dd, &six)),
        (276, sll2(1, 0x8100, &[&[0, 5, 8, 0], ping].concat())),
    ]
}

#[test]
fn link_layers_of_made_up_frames_are_those_of_tshark() {
    let order = Order(false);
    let file = scratch("made-up.pcapng");
    let mut octets = order.section();
    let mut link_types = Vec::new();
    for (link_type, _) in made_up() {
        if !link_types.contains(&link_type) {
            link_types.push(link_type);
            octets.extend(order.interface(u16::try_from(link_type).unwrap(), 0, &[]));
        }
    }
    for (link_type, frame) in made_up() {
        let interface = link_types.iter().position(|known| *known == link_type).unwrap();
        octets.extend(order.enhanced(u32::try_from(interface).unwrap(), 0, &frame));
    }
    fs::write(&file, octets).unwrap();
    let mut differences = Vec::new();
    if compare_layers(&file, &mut differences) {
        assert_eq!(ours(&file).len(), made_up().len());
        report(&differences);
    }
}
