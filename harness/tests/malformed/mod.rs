//! Messages that are cut short: every strict beginning of every message of every recording is refused, at a field and an
//! offset, unless its format cannot tell.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use l2tpspec::capture::keys::Keys;
use l2tpspec::capture::{CaptureFile, Options};
use l2tpspec::fuzz::seed::{self, Seed};
use l2tpspec::fuzz::{composed, esp as suites};
use l2tpspec::transcript::{FaultCause, pipeline};
use l2tpspec_protocol::codec::{Codec, Malformed, Reader, Why};
use l2tpspec_protocol::esp::{self, nat_t::Datagram};
use l2tpspec_protocol::isakmp::wire as isakmp;
use l2tpspec_protocol::l2tp::wire as l2tp;
use l2tpspec_protocol::ospf::wire as ospf;
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{ccp, chap, decode_control, eap, ipcp, ipv6cp, lcp, pap};

use crate::support::recordings;

fn captures() -> Vec<PathBuf> {
    let folder = recordings();
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut captures: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    captures.retain(|path| path.extension().is_some_and(|ending| ending == "pcap"));
    captures.sort();
    assert!(captures.len() >= 7, "the recordings are in {}", folder.display());
    captures
}

/// The messages of all recordings, and those that no recording holds.
fn messages() -> BTreeSet<Seed> {
    let mut seeds = composed::seeds();
    for capture in captures() {
        let keys = Keys::load(capture.with_extension("keys")).unwrap();
        let mut file = CaptureFile::open(&capture, &Options::default()).unwrap();
        seeds.append(&mut seed::grow(&mut file, &keys).unwrap());
    }
    seeds
}

/// What a message decodes to, as far as this test wants to know.
type Decoded = Result<(), Malformed>;

/// Decodes octets as what their target takes; `None` for what is no message.
fn decode(target: &str, octets: &[u8]) -> Option<Decoded> {
    fn all<T: Codec>(octets: &[u8]) -> Option<Decoded> {
        Some(T::decode_all(octets).map(drop))
    }
    match target {
        "isakmp_message_round_trip" => all::<isakmp::Message>(octets),
        "isakmp_sa_round_trip" => all::<isakmp::Sa>(octets),
        "l2tp_control_round_trip" => all::<l2tp::ControlMessage>(octets),
        "l2tp_avp_round_trip" => all::<l2tp::Avp>(octets),
        "l2tp_header_round_trip" => Some(l2tp::DataHeader::decode(octets).map(drop)),
        "ppp_frame_round_trip" => Some(frame(octets)),
        "ppp_lcp_options_round_trip" => all::<lcp::Packet>(octets),
        "ppp_ipcp_options_round_trip" => all::<ipcp::Packet>(octets),
        "ppp_ipv6cp_options_round_trip" => all::<ipv6cp::Packet>(octets),
        "ppp_ccp_options_round_trip" => all::<ccp::Packet>(octets),
        "ppp_pap_round_trip" => all::<pap::Packet>(octets),
        "ppp_chap_round_trip" => all::<chap::Packet>(octets),
        "ppp_eap_round_trip" => all::<eap::Packet>(octets),
        "ospf_packet_round_trip" => all::<ospf::Packet>(octets),
        "ospf_lsa_round_trip" => all::<ospf::Lsa>(octets),
        "esp_datagram_round_trip" => Some(Datagram::decode(octets).map(drop)),
        _ => None,
    }
}

fn frame(octets: &[u8]) -> Decoded {
    let (header, start) = FrameHeader::decode(octets)?;
    match decode_control(header.protocol, &octets[start..], start) {
        Some(decoded) => decoded.map(drop),
        None => Ok(()),
    }
}

/// Why the first `length` octets of a message are a message of their own.
fn excuse(target: &str, octets: &[u8], length: usize) -> Option<&'static str> {
    let cut = &octets[..length];
    let big_endian = |at: usize| octets.get(at..at + 2).map(|field| u16::from_be_bytes([field[0], field[1]]));
    match target {
        "isakmp_sa_round_trip" if length == 8 => Some(
            "an SA payload without proposals: the Payload Length before it tells whether any are missing",
        ),
        "l2tp_header_round_trip" if octets[0] & 0x40 == 0 && length >= header_length(octets) => {
            Some("without an L bit the UDP datagram says how long the frame is")
        }
        "l2tp_control_round_trip" if length >= usize::from(big_endian(2)?) => {
            Some("octets beyond the Length are padding")
        }
        "ppp_frame_round_trip" if cut == [0xff] => {
            Some("without 03 after it, FF is a protocol of one octet (RFC 1662 section 3.2)")
        }
        "ppp_frame_round_trip" => {
            let (header, start) = FrameHeader::decode(octets).ok()?;
            match decode_control(header.protocol, &octets[start..], start) {
                None if length >= start => Some("IP says how long its datagram is"),
                Some(_) if length >= start + usize::from(big_endian(start + 2)?) => {
                    Some("octets beyond the Length are padding")
                }
                _ => None,
            }
        }
        target if target.starts_with("ppp_") && length >= usize::from(big_endian(2)?) => {
            Some("octets beyond the Length are padding")
        }
        "ospf_packet_round_trip" if big_endian(14)? != 2 && length >= usize::from(big_endian(2)?) => {
            Some("a block of link-local signalling is told by the length of the IP datagram")
        }
        "esp_datagram_round_trip" if length >= 8 => Some("ESP and ISAKMP have checks of their own"),
        "esp_datagram_round_trip" if cut == [0xff] => Some("a NAT-keepalive"),
        _ => None,
    }
}

/// Octets of the header of an L2TP data message.
fn header_length(octets: &[u8]) -> usize {
    let optional = [(0x40, 2), (0x08, 4), (0x02, 2)];
    6 + optional.iter().filter(|(bit, _)| octets[0] & bit != 0).map(|(_, length)| length).sum::<usize>()
}

#[test]
fn every_beginning_of_every_recorded_message_is_refused_at_a_field() {
    let (mut tried, mut failed) = (BTreeSet::new(), Vec::new());
    for Seed { target, octets } in messages() {
        if !matches!(decode(target, &octets), Some(Ok(()))) {
            continue;
        }
        tried.insert(target);
        for length in 0..octets.len() {
            let place = || format!("{target}, {length} of {} octets", octets.len());
            match decode(target, &octets[..length]) {
                Some(Err(malformed)) if malformed.field.is_empty() || malformed.offset > length => {
                    failed.push(format!("{}: {malformed:?}", place()));
                }
                Some(Ok(())) if excuse(target, &octets, length).is_none() => failed.push(place()),
                _ => {}
            }
        }
    }
    assert!(failed.is_empty(), "{} are not refused:\n{}", failed.len(), failed.join("\n"));
    assert_eq!(tried.len(), 16, "every format has messages: {tried:#?}");
}

/// A list of attributes has no length of its own: what is left of it must be attributes from the beginning.
#[test]
fn every_beginning_of_recorded_attributes_is_refused_or_the_attributes_before() {
    fn attributes(octets: &[u8]) -> Result<Vec<isakmp::Attribute>, Malformed> {
        let mut r = Reader::new(octets);
        let mut attributes = Vec::new();
        while !r.is_empty() {
            attributes.push(isakmp::Attribute::decode(&mut r)?);
        }
        Ok(attributes)
    }
    for Seed { octets, .. } in messages().iter().filter(|seed| seed.target == "isakmp_attributes_round_trip")
    {
        let whole = attributes(octets).unwrap();
        for length in 0..octets.len() {
            match attributes(&octets[..length]) {
                Ok(before) => assert!(whole.starts_with(&before) && before.len() < whole.len()),
                Err(malformed) => assert!(!malformed.field.is_empty() && malformed.offset <= length),
            }
        }
    }
}

/// Under a key a cut packet is refused by its Integrity Check Value, or is too short to have one.
#[test]
fn every_beginning_of_every_sealed_packet_is_refused() {
    let mut tried = 0;
    for Seed { octets, .. } in messages().iter().filter(|seed| seed.target == "esp_packet_open") {
        let (which, packet) = octets.split_first().unwrap();
        let sa = &suites::suites()[usize::from(*which)];
        if sa.icv_len() == 0 {
            continue;
        }
        esp::open(sa, &mut packet.to_vec()).unwrap();
        for length in 0..packet.len() {
            let refused = esp::open(sa, &mut packet[..length].to_vec()).unwrap_err();
            assert!(matches!(refused, esp::Refused::BadIcv | esp::Refused::Truncated { .. }), "{refused:?}");
            tried += 1;
        }
    }
    assert!(tried > 10_000, "{tried}");
}

/// A frame that ends early without the recorder saying so.
#[test]
fn every_beginning_of_every_recorded_frame_is_an_error_with_a_field() {
    for capture in captures() {
        let mut file = CaptureFile::open(&capture, &Options::default()).unwrap();
        let mut arena = Vec::new();
        let mut cut = pcap(1, []);
        let mut wanted = Vec::new();
        while let Some(meta) = file.next_into(&mut arena).unwrap() {
            let octets = meta.octets(&arena);
            // An Ethernet frame of IPv4; what follows the datagram is padding.
            if octets[12..14] == [8, 0] {
                let end = 14 + usize::from(u16::from_be_bytes([octets[16], octets[17]]));
                for length in 0..end.min(octets.len()) {
                    cut.extend(record(&octets[..length]));
                    wanted.push((meta.number, length));
                }
            }
            arena.clear();
        }
        let mut entries = 0;
        dissect(cut, &Keys::default(), |entry| {
            let (frame, length) = wanted[entries];
            entries += 1;
            let place = || format!("{} frame {frame} cut to {length} octets", capture.display());
            let Some(fault) = &entry.fault else { panic!("{} has no error", place()) };
            let FaultCause::Malformed(malformed) = fault.cause else { panic!("{}: {fault}", place()) };
            assert!(!malformed.field.is_empty() && malformed.offset <= length, "{}: {fault}", place());
        });
        assert_eq!(entries, wanted.len());
    }
}

/// Once a key was proven right, messages are opened with it whatever they look like. One with the encryption bit set and
/// nothing behind its header has no last block to go on with, and its dissection ended in a subtraction below zero.
#[test]
fn an_encrypted_message_without_a_block_is_refused_at_its_body() {
    let exchange = composed::seeds();
    let exchange = exchange.iter().find(|seed| seed.target == "transcript_capture_dissect").unwrap();
    let mut capture = exchange.octets.clone();
    let mut message = [[0x11; 8], [0x22; 8]].concat();
    // Hash first, version 1.0, Quick Mode, encrypted; message ID 7; Length 28.
    message.extend([8, 0x10, 32, 1, 0, 0, 0, 7, 0, 0, 0, 28]);
    let udp = [&[1, 0xf4, 1, 0xf4, 0, 36, 0, 0][..], &message].concat();
    let ip = [&[0x45, 0, 0, 56, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1][..], &udp].concat();
    capture.extend(record(&ip));
    let mut keys = Keys::default();
    let secrets = b"* psk \"nycmeshnet\" dh-secret 0x000102030405060708090a0b0c0d0e0f\n";
    keys.read(Path::new("ike_secrets"), secrets).unwrap();
    let mut last = None;
    dissect(capture, &keys, |entry| last = entry.fault);
    let why = Why::Truncated { need: 16, have: 0 };
    let malformed = Malformed { field: "encrypted body", offset: 28, why };
    assert_eq!(last.map(|fault| fault.cause), Some(FaultCause::Malformed(malformed)));
}

fn dissect(capture: Vec<u8>, keys: &Keys, mut on_entry: impl FnMut(&l2tpspec::transcript::Entry)) {
    let reader = Box::new(Cursor::new(capture));
    let mut file = CaptureFile::read("made.pcap", reader, &Options::default()).unwrap();
    let options = l2tpspec::transcript::Options::default();
    pipeline::run(&mut file, keys, options, |entry, _| {
        on_entry(entry);
        true
    })
    .unwrap();
}

fn pcap<'a>(link_type: u32, frames: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut octets = [0xa1b2_c3d4_u32.to_le_bytes(), [2, 0, 4, 0], [0; 4], [0; 4]].concat();
    octets.extend([65_535_u32.to_le_bytes(), link_type.to_le_bytes()].concat());
    octets.extend(frames.into_iter().flat_map(record));
    octets
}

fn record(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
    [&[0; 8][..], &length, &length, frame].concat()
}
