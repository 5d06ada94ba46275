//! The same files read by tshark: numbers, times, lengths and link layers of every frame must agree.

use std::fs;
use std::path::Path;

use l2tpspec::capture::link::{Next, strip};
use l2tpspec::capture::{CaptureFile, Options};

use super::support::{Frame, Order, read_all, scratch};
use super::tshark;

fn ours(file: &Path) -> Vec<Frame> {
    let capture = CaptureFile::open(file, &Options::default()).unwrap();
    let (frames, error) = read_all(capture);
    assert!(error.is_none(), "{}: {}", file.display(), error.unwrap());
    frames
}

/// What [`compare_frames`] and [`compare_layers`] need of tshark, in this order.
pub(crate) const FIELDS: [&str; 5] =
    ["frame.number", "frame.protocols", "frame.time_epoch", "frame.cap_len", "frame.len"];

/// Numbers, times and lengths of every frame, where `theirs` begins with [`FIELDS`].
pub(crate) fn compare_frames(file: &Path, theirs: &[Vec<String>]) -> Vec<String> {
    let ours: Vec<[String; 4]> = ours(file)
        .iter()
        .map(|(meta, _)| {
            let time = meta.time.map_or_else(String::new, |time| time.to_string());
            [meta.number.to_string(), time, meta.captured_len.to_string(), meta.original_len.to_string()]
        })
        .collect();
    let theirs: Vec<_> =
        theirs.iter().map(|line| [0, 2, 3, 4].map(|at| line.get(at).cloned().unwrap_or_default())).collect();
    let mut differences = Vec::new();
    if ours.len() != theirs.len() {
        differences.push(format!("{} frames, tshark has {}", ours.len(), theirs.len()));
    }
    let unequal = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
    differences.extend(unequal.map(|(ours, theirs)| format!("frame {ours:?}, tshark has {theirs:?}")));
    differences
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

/// Layers up to IP or PPP of every frame, where `theirs` begins with [`FIELDS`].
pub(crate) fn compare_layers(file: &Path, theirs: &[Vec<String>]) -> Vec<String> {
    let mut differences = Vec::new();
    for (frame, theirs) in ours(file).iter().zip(theirs) {
        let (ours, whole) = protocols(frame);
        let theirs = &theirs[1];
        let agree = match theirs.strip_prefix(&ours) {
            Some(rest) => rest.is_empty() || rest.starts_with(':'),
            None => false,
        };
        if !(agree || !whole && ours.is_empty()) {
            let link = strip(frame.0.link_type, &frame.1);
            differences
                .push(format!("frame {}: {ours}, tshark has {theirs}; {:?}", frame.0.number, link.next));
        }
    }
    differences
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

/// Layers of frames that no capture at hand has: stacks of tags, rare link types.
pub(crate) fn compare_made_up_frames() -> Vec<String> {
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
    assert_eq!(ours(&file).len(), made_up().len());
    compare_layers(&file, &tshark::fields(&file, &[], &FIELDS))
}
