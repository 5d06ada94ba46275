//! Captures and files of keys.

use std::io::{self, Cursor, Read};
use std::path::Path;

use super::check::summarises;
use crate::capture::file::{CaptureFile, FrameMeta, Options};
use crate::capture::keys::Keys;

/// Octets of the longest frame that is believed here.
const LIMIT: u32 = 16 * 1024;
/// Octets read ahead here: the window is made anew for every input.
const READ_AHEAD: u32 = 4 * 1024;

/// Names of files that tell what is in them, and one that does not.
pub(super) const KEY_FILES: [&str; 5] =
    ["esp_sa", "ikev1_decryption_table", "ike_secrets", "ikev2_decryption_table", "other.txt"];

/// The magic numbers of pcap: both byte orders, microseconds and nanoseconds.
const PCAP: [[u8; 4]; 4] =
    [[0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0xc3, 0xd4], [0x4d, 0x3c, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d]];
const PCAPNG: [[u8; 4]; 1] = [[0x0a, 0x0d, 0x0d, 0x0a]];

/// Reads a few octets at a time.
struct Dribble(Cursor<Vec<u8>>);

impl Read for Dribble {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let few = into.len().min(7);
        self.0.read(&mut into[..few])
    }
}

/// Frames, their octets, and the error that ended the reading.
type Everything = (Vec<FrameMeta>, Vec<u8>, Option<String>);

fn read(reader: Box<dyn Read + Send>) -> Everything {
    let options = Options { limit: LIMIT, read_ahead: READ_AHEAD };
    let (mut frames, mut arena) = (Vec::new(), Vec::new());
    let mut file = match CaptureFile::read("fuzz", reader, &options) {
        Ok(file) => file,
        Err(error) => return (frames, arena, Some(error.to_string())),
    };
    loop {
        let before = arena.len();
        match file.next_into(&mut arena) {
            Ok(Some(meta)) => {
                assert_eq!(meta.range, before..arena.len(), "the frame is what was appended");
                assert!(meta.range.len() <= LIMIT as usize, "a frame is no longer than the limit");
                assert!(frames.last().is_none_or(|last: &FrameMeta| last.number < meta.number));
                frames.push(meta);
            }
            Ok(None) => return (frames, arena, None),
            Err(error) => {
                assert_eq!(arena.len(), before, "an error appends nothing");
                assert!(matches!(file.next_into(&mut arena), Ok(None)), "nothing comes after an error");
                return (frames, arena, Some(error.to_string()));
            }
        }
    }
}

fn captured(octets: Vec<u8>) {
    let at_once = read(Box::new(Cursor::new(octets.clone())));
    let in_pieces = read(Box::new(Dribble(Cursor::new(octets))));
    assert_eq!(at_once, in_pieces, "how octets arrive makes no difference");
}

/// The octets, beginning with one of the magic numbers.
fn with_magic(octets: &[u8], magics: &[[u8; 4]]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    if let Some(first) = octets.first_chunk_mut::<4>()
        && !magics.contains(first)
    {
        *first = magics[usize::from(first[0]) % magics.len()];
    }
    octets
}

/// A pcap file.
///
/// # Panics
/// A frame is not where it is said to be, or reading depends on how the octets arrive.
pub fn pcap_read(octets: &[u8]) {
    captured(with_magic(octets, &PCAP));
}

/// A pcapng file.
///
/// # Panics
/// A frame is not where it is said to be, or reading depends on how the octets arrive.
pub fn pcapng_read(octets: &[u8]) {
    captured(with_magic(octets, &PCAPNG));
}

/// A record of pppd.
///
/// # Panics
/// A frame is not where it is said to be, or reading depends on how the octets arrive.
pub fn pppd_read(octets: &[u8]) {
    let mut octets = octets.to_vec();
    if let Some([start, .., kind]) = octets.first_chunk_mut::<6>() {
        // A start time and another record behind it.
        *start = 7;
        *kind = if matches!(*kind, 1 | 2 | 5 | 6 | 7) { *kind } else { 1 };
    }
    captured(octets);
}

/// A file of keys, its kind in the first octet.
///
/// # Panics
/// A message or a note about what was left out steers the terminal.
pub fn keys_read(octets: &[u8]) {
    let Some((which, text)) = octets.split_first() else { return };
    let path = Path::new(KEY_FILES[usize::from(*which) % KEY_FILES.len()]);
    let mut keys = Keys::default();
    let result = keys.read(path, text);
    match &result {
        Ok(()) => assert_eq!(keys.read.len() + keys.ignored.len(), 1, "a file is read or ignored"),
        Err(error) => super::check::lines_are_harmless(&error.to_string()),
    }
    for left in &keys.left_out {
        assert!(left.origin.line > 0);
        summarises(&left.origin);
        super::check::lines_are_harmless(&left.why);
    }
    // Keys of a wrong length are refused where they are expanded.
    let _ = crate::transcript::sas::Sas::new(&keys);
}
