//! Captures made by hand, and reading them to the end.

use std::fs;
use std::path::{Path, PathBuf};

use l2tpspec::capture::{CaptureError, CaptureFile, FrameMeta, Options};

/// One frame and its octets.
pub(crate) type Frame = (FrameMeta, Vec<u8>);

/// A file of the repository's test data.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A file of its own for one test.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capture");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Every frame, and the error that ended the reading.
pub(crate) fn read_all(mut capture: CaptureFile) -> (Vec<Frame>, Option<CaptureError>) {
    let mut frames = Vec::new();
    let mut arena = Vec::new();
    loop {
        arena.clear();
        match capture.next_into(&mut arena) {
            Ok(Some(meta)) => {
                let octets = meta.octets(&arena).to_vec();
                assert_eq!(meta.range, 0..arena.len(), "the frame is what was appended");
                frames.push((meta, octets));
            }
            Ok(None) => return (frames, None),
            Err(error) => {
                assert!(arena.is_empty(), "an error appends nothing");
                assert!(capture.next_into(&mut arena).unwrap().is_none(), "nothing comes after an error");
                return (frames, Some(error));
            }
        }
    }
}

/// Every frame of `octets` as a file named `made.pcap`, and the error that ended the reading.
pub(crate) fn read_octets(octets: &[u8]) -> (Vec<Frame>, Option<CaptureError>) {
    let reader = Box::new(std::io::Cursor::new(octets.to_vec()));
    match CaptureFile::read("made.pcap", reader, &Options::default()) {
        Ok(capture) => read_all(capture),
        Err(error) => (Vec::new(), Some(error)),
    }
}

/// A number in the byte order of a capture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order(pub(crate) bool);

impl Order {
    pub(crate) fn u16(self, n: u16) -> [u8; 2] {
        if self.0 { n.to_be_bytes() } else { n.to_le_bytes() }
    }

    pub(crate) fn u32(self, n: u32) -> [u8; 4] {
        if self.0 { n.to_be_bytes() } else { n.to_le_bytes() }
    }

    /// A pcap file header.
    pub(crate) fn pcap(self, magic: u32, link_type: u32) -> Vec<u8> {
        let mut octets = self.u32(magic).to_vec();
        octets.extend([self.u16(2), self.u16(4)].concat());
        octets.extend([self.u32(0), self.u32(0), self.u32(65_535), self.u32(link_type)].concat());
        octets
    }

    /// A pcap record.
    pub(crate) fn record(self, seconds: u32, fraction: u32, original: u32, frame: &[u8]) -> Vec<u8> {
        let length = u32::try_from(frame.len()).unwrap();
        let head = [self.u32(seconds), self.u32(fraction), self.u32(length), self.u32(original)].concat();
        [&head, frame].concat()
    }

    /// A pcapng block.
    pub(crate) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = self.u32(u32::try_from(padded + 12).unwrap());
        let padding = vec![0; padded - body.len()];
        [&self.u32(kind)[..], &length, body, &padding, &length].concat()
    }

    /// A pcapng section header.
    pub(crate) fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    /// A pcapng interface description with options as code and value.
    pub(crate) fn interface(self, link_type: u16, snapshot: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = [&self.u16(link_type)[..], &[0; 2], &self.u32(snapshot)].concat();
        for (code, value) in options {
            body.extend([self.u16(*code), self.u16(u16::try_from(value.len()).unwrap())].concat());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body)
    }

    /// A pcapng enhanced packet.
    pub(crate) fn enhanced(self, interface: u32, units: u64, frame: &[u8]) -> Vec<u8> {
        let length = u32::try_from(frame.len()).unwrap();
        let high = u32::try_from(units >> 32).unwrap();
        let low = u32::try_from(units & 0xffff_ffff).unwrap();
        let head = [interface, high, low, length, length].map(|number| self.u32(number)).concat();
        self.block(6, &[&head, frame].concat())
    }
}
