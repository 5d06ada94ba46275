//! Capture files of every kind, whole and damaged.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use l2tpspec::capture::{CaptureError, CaptureFile, LinkType, Options};

use super::support::{Frame, Order, fixture, read_all, read_octets, scratch};

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

fn times(frames: &[Frame]) -> Vec<String> {
    frames
        .iter()
        .map(|(meta, _)| meta.time.map_or_else(|| "none".to_owned(), |time| time.to_string()))
        .collect()
}

fn whole(octets: &[u8]) -> Vec<Frame> {
    let (frames, error) = read_octets(octets);
    assert!(error.is_none(), "{}", error.unwrap());
    frames
}

fn refused(octets: &[u8]) -> (Vec<Frame>, CaptureError) {
    let (frames, error) = read_octets(octets);
    (frames, error.expect("an error"))
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn reads_pcap_of_both_byte_orders_and_both_resolutions() {
    for order in [Order(false), Order(true)] {
        for (magic, time) in [(MICROSECONDS, "7.000123000"), (NANOSECONDS, "7.000000123")] {
            let octets = [order.pcap(magic, 101), order.record(7, 123, 90, b"frame")].concat();
            let frames = whole(&octets);
            assert_eq!(times(&frames), [time], "{order:?}");
            let (meta, frame) = &frames[0];
            assert_eq!((meta.number, meta.link_type), (1, LinkType::Raw));
            assert_eq!((meta.captured_len, meta.original_len, meta.is_cut()), (5, 90, true));
            assert_eq!(frame, b"frame");
        }
    }
}

#[test]
fn the_snapshot_length_of_a_pcap_file_is_not_believed() {
    let mut octets = Order(false).pcap(MICROSECONDS, 1);
    octets[16..20].copy_from_slice(&1u32.to_le_bytes());
    octets.extend(Order(false).record(0, 0, 2, b"longer than it was"));
    assert_eq!(whole(&octets).len(), 1);
}

/// tshark reads the lower half of the field alone as well: tcpdump's `heapoverflow-ppp_hdlc_if_print.pcap` states
/// 0x30000032.
#[test]
fn a_frame_check_sequence_length_is_no_part_of_the_link_type() {
    let octets = [Order(false).pcap(MICROSECONDS, 0x3000_0032), Order(false).record(0, 0, 1, b"x")].concat();
    assert_eq!(whole(&octets)[0].0.link_type, LinkType::PppSerial);
}

#[test]
fn reads_pcapng_of_both_byte_orders_with_several_interfaces_and_sections() {
    for order in [Order(false), Order(true)] {
        let tsoffset = if order.0 { 100i64.to_be_bytes() } else { 100i64.to_le_bytes() };
        let octets = [
            order.section(),
            order.interface(1, 0, &[]),
            order.interface(9, 0, &[(2, b"ppp0"), (9, &[9]), (0, &[])]),
            order.interface(228, 0, &[(9, &[0x80 | 10]), (14, &tsoffset)]),
            order.enhanced(0, 1_500_000, b"microseconds"),
            order.enhanced(1, 1_500_000, b"nanoseconds"),
            order.enhanced(2, 1536, b"1024ths, and 100 seconds more"),
            order.section(),
            order.interface(101, 0, &[(9, &[3])]),
            order.enhanced(0, 1500, b"milliseconds"),
        ]
        .concat();
        let frames = whole(&octets);
        assert_eq!(times(&frames), ["1.500000000", "0.001500000", "101.500000000", "1.500000000"]);
        let link_types: Vec<LinkType> = frames.iter().map(|(meta, _)| meta.link_type).collect();
        assert_eq!(link_types, [LinkType::Ethernet, LinkType::Ppp, LinkType::Ipv4, LinkType::Raw]);
        assert_eq!(frames[3].1, b"milliseconds");
    }
}

#[test]
fn reads_simple_and_obsolete_packets_and_skips_what_it_does_not_know() {
    let order = Order(false);
    let obsolete =
        [&order.u16(0)[..], &order.u16(3), &order.u32(0), &order.u32(9), &order.u32(3), &order.u32(4)];
    let octets = [
        order.section(),
        order.block(0x0000_0bad, b"a custom block"),
        order.interface(1, 4, &[]),
        order.block(5, &[0; 12]),
        order.block(3, &[&order.u32(9)[..], b"simp"].concat()),
        order.block(2, &[&obsolete.concat()[..], b"old"].concat()),
        order.block(0x8000_0001, &[]),
    ]
    .concat();
    let frames = whole(&octets);
    assert_eq!(times(&frames), ["none", "0.000009000"]);
    assert_eq!((frames[0].0.captured_len, frames[0].0.original_len, &frames[0].1[..]), (4, 9, &b"simp"[..]));
    assert_eq!((frames[1].0.captured_len, frames[1].0.original_len, &frames[1].1[..]), (3, 4, &b"old"[..]));
}

#[test]
fn options_that_nobody_reads_do_no_harm() {
    let order = Order(false);
    let latin1: &[u8] = b"M\xfcller";
    let mut enhanced = order.enhanced(0, 0, b"four");
    // A comment that is not UTF-8, and a list of options without its end mark.
    let comment = [&order.u16(1)[..], &order.u16(6), latin1, &[0, 0]].concat();
    let at = enhanced.len() - 4;
    enhanced.splice(at..at, comment.iter().copied());
    let length = order.u32(u32::try_from(enhanced.len()).unwrap());
    enhanced[4..8].copy_from_slice(&length);
    let at = enhanced.len() - 4;
    enhanced[at..].copy_from_slice(&length);
    let octets = [order.section(), order.interface(1, 0, &[(2, latin1), (10, &[0; 4])]), enhanced].concat();
    assert_eq!(whole(&octets)[0].1, b"four");
}

/// Wireshark rounds such a length up as well.
#[test]
fn a_block_length_that_does_not_count_the_padding_is_understood() {
    let order = Order(false);
    let mut odd = order.block(0x999, b"12345");
    let length = order.u32(17);
    let at = odd.len() - 4;
    odd[4..8].copy_from_slice(&length);
    odd[at..].copy_from_slice(&length);
    let octets = [order.section(), order.interface(1, 0, &[]), odd, order.enhanced(0, 0, b"f")].concat();
    assert_eq!(whole(&octets).len(), 1);
}

#[test]
fn a_time_beyond_what_can_be_told_is_none() {
    let order = Order(false);
    let octets =
        [order.section(), order.interface(1, 0, &[(9, &[0])]), order.enhanced(0, u64::MAX, b"f")].concat();
    assert_eq!(times(&whole(&octets)), ["none"]);
}

#[test]
fn reads_gzip_of_one_and_of_several_members() {
    let octets = fs::read(fixture("captures/no-proposal-chosen.pcap")).unwrap();
    let plain = whole(&octets);
    assert_eq!(plain.len(), 6);
    assert_eq!(whole(&gzip(&octets)), plain);
    let (head, tail) = octets.split_at(100);
    assert_eq!(whole(&[gzip(head), gzip(tail)].concat()), plain);
}

#[test]
fn gzip_that_was_cut_short_gives_the_frames_before_the_cut() {
    let octets = fs::read(fixture("captures/no-proposal-chosen.pcap")).unwrap();
    let compressed = gzip(&octets);
    let (frames, error) = refused(&compressed[..compressed.len() - 30]);
    assert!(!frames.is_empty() && frames.len() < 6, "{} frames", frames.len());
    assert!(matches!(error, CaptureError::Truncated { .. }), "{error}");
    // Only the checksum is missing: every frame is there, but nobody knows whether it is the right one.
    let (frames, error) = refused(&compressed[..compressed.len() - 4]);
    assert_eq!(frames.len(), 6);
    assert!(matches!(error, CaptureError::Unreadable { frame: 7, .. }), "{error}");
    let mut damaged = compressed;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    refused(&damaged);
}

/// The frame check sequence of RFC 1662 section C.2 over a frame, as it is sent.
fn fcs(frame: &[u8]) -> [u8; 2] {
    let mut fcs = u16::MAX;
    for octet in frame {
        fcs ^= u16::from(*octet);
        for _ in 0..8 {
            fcs = if fcs & 1 == 1 { fcs >> 1 ^ 0x8408 } else { fcs >> 1 };
        }
    }
    (!fcs).to_le_bytes()
}

/// A log as pppd 2.4 writes it: the dialogue with a modem, then `frame` in two parts.
fn pppd(frame: &[u8]) -> Vec<u8> {
    let stuffed: Vec<u8> =
        [frame, &fcs(frame)].concat().iter().flat_map(|octet| [0x7d, octet ^ 0x20]).collect();
    let (head, tail) = stuffed.split_at(7);
    let sent = |octets: &[u8]| [&[1, 0, u8::try_from(octets.len()).unwrap()], octets].concat();
    [
        // 100 seconds after the epoch; 1.5 seconds later.
        [7, 0, 0, 0, 100, 6, 15].to_vec(),
        sent(b"AT\r"),
        // The flag that ends the dialogue begins the frame.
        sent(&[&[0x7e], head].concat()),
        [5, 0, 0, 0, 10, 2, 0, 1, 0x7e, 4, 3].to_vec(),
        sent(&[tail, &[0x7e, 0x7e]].concat()),
    ]
    .concat()
}

#[test]
fn reads_what_pppd_records() {
    let frame = [0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0];
    let octets = pppd(&frame);
    let frames = whole(&octets);
    assert_eq!(times(&frames), ["101.500000000", "102.500000000"]);
    // The dialogue has no frame check sequence to take off.
    assert_eq!(frames[0].1, b"\x01AT\r");
    assert_eq!(frames[0].0.captured_len, 3);
    assert_eq!(frames[1].1, [&[1][..], &frame].concat());
    assert_eq!((frames[1].0.captured_len, frames[1].0.link_type), (14, LinkType::PppWithDirection));
    // Cut anywhere, it is a shorter record or says so.
    for cut in 6..octets.len() {
        let (frames, error) = read_octets(&octets[..cut]);
        assert!(frames.len() <= 2);
        if let Some(error) = error {
            assert!(matches!(error, CaptureError::Truncated { .. }), "cut at {cut}: {error}");
        }
    }
}

#[test]
fn a_capture_cut_anywhere_gives_every_frame_before_the_cut() {
    let order = Order(false);
    let pcap: Vec<Vec<u8>> =
        vec![order.pcap(MICROSECONDS, 1), order.record(1, 0, 5, b"first"), order.record(2, 0, 6, b"second")];
    let pcapng: Vec<Vec<u8>> = vec![
        [order.section(), order.interface(1, 0, &[])].concat(),
        order.enhanced(0, 1, b"first"),
        order.enhanced(0, 2, b"second"),
    ];
    for parts in [pcap, pcapng] {
        let octets = parts.concat();
        let ends = [parts[0].len(), parts[0].len() + parts[1].len(), octets.len()];
        for cut in 24..octets.len() {
            let (frames, error) = read_octets(&octets[..cut]);
            let expected = ends[1..].iter().filter(|end| cut >= **end).count();
            assert_eq!(frames.len(), expected, "cut at {cut}");
            if ends.contains(&cut) || cut == parts[0].len() - 20 && parts[0].len() > 24 {
                assert!(error.is_none(), "cut at {cut}: {}", error.unwrap());
                continue;
            }
            let Some(CaptureError::Truncated { frame, offset, need, have, .. }) = error else {
                panic!("cut at {cut}: {error:?}");
            };
            assert_eq!(frame, expected as u64 + 1, "cut at {cut}");
            assert!(offset <= cut as u64 && have < need && offset + have <= cut as u64, "cut at {cut}");
            if cut >= ends[0] {
                assert_eq!(offset, ends[expected] as u64, "cut at {cut}");
            }
        }
    }
}

#[test]
fn a_claimed_length_of_4_gib_is_refused_and_not_allocated() {
    let order = Order(false);
    let mut pcap = [order.pcap(MICROSECONDS, 1), order.record(0, 0, 3, b"abc")].concat();
    pcap[32..36].copy_from_slice(&[0xff; 4]);
    let (_, error) = refused(&pcap);
    assert!(
        matches!(error, CaptureError::TooLong { frame: 1, offset: 24, length: 0xffff_ffff, .. }),
        "{error}"
    );

    let head = [order.section(), order.interface(1, 0, &[])].concat();
    let mut claims = order.enhanced(0, 0, b"abcd");
    claims[20..24].copy_from_slice(&[0xff; 4]);
    let (_, error) = refused(&[&head[..], &claims].concat());
    assert!(matches!(error, CaptureError::TooLong { .. }), "{error}");

    // An unknown block of that length is skipped in vain.
    let (_, error) = refused(&[&head[..], &order.u32(0x999), &[0xfc, 0xff, 0xff, 0xff], &[0; 100]].concat());
    assert!(matches!(error, CaptureError::Truncated { need: 0xffff_fffc, have: 108, .. }), "{error}");
    let (_, error) = refused(&[&head[..], &order.u32(1), &[0xfc, 0xff, 0xff, 0xff], &[0; 100]].concat());
    assert!(matches!(error, CaptureError::Corrupt { .. }), "{error}");
}

#[test]
fn a_limit_is_what_the_caller_says() {
    let octets = [Order(false).pcap(MICROSECONDS, 1), Order(false).record(0, 0, 300, &[7; 300])].concat();
    let mut options = Options::default();
    options.limit = 299;
    let capture = CaptureFile::read("made.pcap", Box::new(std::io::Cursor::new(octets)), &options).unwrap();
    let (_, error) = read_all(capture);
    assert!(matches!(error, Some(CaptureError::TooLong { length: 300, limit: 299, .. })));
}

#[test]
fn a_damaged_block_names_its_place() {
    let order = Order(false);
    let head = [order.section(), order.interface(1, 0, &[]), order.enhanced(0, 0, b"good")].concat();
    let mut tail = order.enhanced(0, 0, b"evil");
    let last = tail.len() - 4;
    tail[last] += 4;
    let mut room = order.enhanced(0, 0, b"evil");
    room[20] = 9;
    let mut magic = order.section();
    magic[8] = 0;
    let mut version = order.section();
    version[12] = 2;
    let short = [order.u32(6), order.u32(16), order.u32(0), order.u32(16)].concat();
    for (block, why) in [
        (tail, "block length 36 is repeated as 40"),
        (room, "a frame of 9 octets in a block with room for 4"),
        (order.enhanced(7, 0, b"evil"), "a frame of interface 7, where 1 are described"),
        (magic, "section header without a byte-order magic"),
        (version, "section of version 2, where 1 is known"),
        (short, "block of type 6 has 16 octets, it needs at least 32"),
        (vec![0; 16], "block of type 0 has 0 octets, it needs at least 12"),
    ] {
        let (frames, error) = refused(&[&head[..], &block].concat());
        assert_eq!(frames.len(), 1);
        let CaptureError::Corrupt { frame: 2, offset, why: told, .. } = error else { panic!("{error}") };
        assert_eq!((told.as_str(), offset), (why, head.len() as u64));
    }
}

#[test]
fn files_that_are_no_captures_are_told_apart() {
    let missing = CaptureFile::open("no-such-file.pcap", &Options::default()).unwrap_err();
    let text = missing.to_string();
    assert!(
        text.starts_with("no-such-file.pcap: cannot be opened: ") && text.contains("\nhint: check the name"),
        "{text}"
    );
    let directory = CaptureFile::open(env!("CARGO_MANIFEST_DIR"), &Options::default()).unwrap_err();
    assert!(matches!(directory, CaptureError::Directory { .. }));
    let empty = scratch("empty.pcap");
    fs::write(&empty, "").unwrap();
    assert!(matches!(CaptureFile::open(&empty, &Options::default()), Err(CaptureError::Empty { .. })));
    assert!(matches!(refused(&gzip(b"")).1, CaptureError::Empty { .. }));

    let (_, error) = refused(b"hello, world");
    assert_eq!(
        error.to_string(),
        "made.pcap: is not a capture: begins with 68 65 6c 6c 6f 2c 20 77\n\
         hint: pcap, pcapng and pppd's record are read, each also compressed with gzip"
    );
    let (_, error) = refused(&[0x28, 0xb5, 0x2f, 0xfd, 0]);
    assert!(error.to_string().ends_with("hint: this is zstd: decompress it first"), "{error}");
    let (_, error) = refused(&[0xd4]);
    assert!(matches!(error, CaptureError::NotACapture { .. }));
    let (_, error) = refused(&Order(false).pcap(MICROSECONDS, 1)[..23]);
    assert_eq!(
        error.to_string(),
        "made.pcap: frame 1, octet 0: the file ends in the middle of a record of 24 octets, 23 are there\n\
         hint: the capture was cut short; the frames before this one can be used"
    );
}
