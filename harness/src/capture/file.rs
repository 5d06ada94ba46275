//! Frames of a capture file, one after the other, in constant memory.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::error::{CaptureError, Stop};
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::pppd::PppdRecord;
use super::source::Source;
use super::{LinkType, Timestamp};

/// How to read a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Octets of the longest frame that is believed; 256 KiB unless told, as in Wireshark.
    pub limit: u32,
    /// Octets read ahead of the frame at hand; 256 KiB unless told.
    pub read_ahead: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { limit: 256 * 1024, read_ahead: 256 * 1024 }
    }
}

/// What a capture tells of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameMeta {
    /// Its number, from 1, as in Wireshark.
    pub number: u64,
    /// When it was captured; `None` where the format has no place for that.
    pub time: Option<Timestamp>,
    /// What its first octets are.
    pub link_type: LinkType,
    /// Octets captured, as Wireshark counts them: without the direction that [`LinkType::PppWithDirection`] puts
    /// before a frame, with the frame check sequence that a pppd record holds.
    pub captured_len: u32,
    /// Octets that it had on the link, counted in the same way.
    pub original_len: u32,
    /// Where its octets stand in the arena. Of a pppd record they are the direction and the frame, without its
    /// frame check sequence if that is right.
    pub range: Range<usize>,
}

impl FrameMeta {
    /// The frame's octets; `arena` is what it was read into.
    #[must_use]
    pub fn octets<'a>(&self, arena: &'a [u8]) -> &'a [u8] {
        arena.get(self.range.clone()).unwrap_or_default()
    }

    /// Whether the capture holds fewer octets than the frame had.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.captured_len < self.original_len
    }
}

/// A frame as a reader of one format delivers it.
#[derive(Debug)]
pub(crate) struct Record {
    time: Option<Timestamp>,
    link_type: LinkType,
    captured: u32,
    original: u32,
    range: Range<usize>,
    /// Records before it that Wireshark counts as frames and that hold none.
    passed: u64,
}

impl Record {
    /// A frame whose octets stand at `range` of the arena, lengths as the file states them.
    pub(crate) const fn new(
        time: Option<Timestamp>,
        link_type: LinkType,
        captured: u32,
        original: u32,
        range: Range<usize>,
    ) -> Self {
        Self { time, link_type, captured, original, range, passed: 0 }
    }

    /// The same after `passed` records that count as frames.
    pub(crate) const fn after(mut self, passed: u64) -> Self {
        self.passed = passed;
        self
    }
}

#[derive(Debug)]
enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
    Pppd(Box<PppdRecord>),
}

/// An open capture: pcap of either byte order and resolution, pcapng, or a record that pppd wrote, each of them
/// compressed with gzip or not.
#[derive(Debug)]
pub struct CaptureFile {
    path: PathBuf,
    source: Source,
    format: Format,
    limit: u32,
    /// Frames counted so far.
    frames: u64,
    /// Nothing more comes: the end or an error was reported.
    ended: bool,
}

impl CaptureFile {
    /// Opens a capture and reads its header.
    ///
    /// # Errors
    /// The file cannot be opened, is no capture, or ends inside of its header.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, CaptureError> {
        let path = path.as_ref();
        let unopenable = |source: io::Error| CaptureError::Unopenable {
            path: path.to_owned(),
            hint: match source.kind() {
                io::ErrorKind::NotFound => "check the name; relative names begin at the current directory",
                io::ErrorKind::PermissionDenied => {
                    "captures made by root are readable by root alone; copy the file"
                }
                _ => "check that the file can be read",
            },
            source,
        };
        let file = File::open(path).map_err(unopenable)?;
        if file.metadata().map_err(unopenable)?.is_dir() {
            return Err(CaptureError::Directory { path: path.to_owned() });
        }
        Self::read(path, Box::new(file), options)
    }

    /// Reads a capture from anywhere; `path` is its name in messages.
    ///
    /// # Errors
    /// The same as [`CaptureFile::open`].
    pub fn read(
        path: impl Into<PathBuf>,
        mut reader: Box<dyn Read + Send>,
        options: &Options,
    ) -> Result<Self, CaptureError> {
        let path = path.into();
        let mut magic = Vec::with_capacity(2);
        let unreadable = |path: &Path, source| CaptureError::Unreadable {
            path: path.to_owned(),
            frame: 1,
            offset: 0,
            source,
        };
        reader.by_ref().take(2).read_to_end(&mut magic).map_err(|error| unreadable(&path, error))?;
        if magic.is_empty() {
            return Err(CaptureError::Empty { path });
        }
        let gzip = magic == [0x1f, 0x8b];
        let whole = io::Cursor::new(magic).chain(reader);
        let reader: Box<dyn Read + Send> =
            if gzip { Box::new(MultiGzDecoder::new(BufReader::new(whole))) } else { Box::new(whole) };
        let mut source = Source::new(reader, options.limit as usize + options.read_ahead as usize);

        source.fill(24).map_err(|error| unreadable(&path, error))?;
        let first = source.octets();
        let opened = if first.is_empty() {
            return Err(CaptureError::Empty { path });
        } else if Pcap::begins(first) {
            Pcap::open(&mut source).map(Format::Pcap)
        } else if Pcapng::begins(first) {
            Ok(Format::Pcapng(Pcapng::new()))
        } else if PppdRecord::begins(first) {
            Ok(Format::Pppd(Box::default()))
        } else {
            return Err(not_a_capture(path, first));
        };
        match opened {
            Ok(format) => Ok(Self { path, source, format, limit: options.limit, frames: 0, ended: false }),
            Err(stop) => Err(error(path, stop, 1, 0, options.limit)),
        }
    }

    /// Appends the next frame's octets to `arena` and tells about it; `None` after the last one.
    ///
    /// # Errors
    /// The file ends inside of a frame or is damaged. Frames before that were delivered; nothing comes after it.
    pub fn next_into(&mut self, arena: &mut Vec<u8>) -> Result<Option<FrameMeta>, CaptureError> {
        if self.ended {
            return Ok(None);
        }
        let before = arena.len();
        let result = match &mut self.format {
            Format::Pcap(pcap) => {
                let offset = self.source.offset();
                pcap.next(&mut self.source, self.limit, arena).map_err(|stop| (stop, offset))
            }
            Format::Pcapng(pcapng) => pcapng.next(&mut self.source, self.limit, arena),
            Format::Pppd(record) => record.next(&mut self.source, self.limit, arena),
        };
        match result {
            Ok(None) => {
                self.ended = true;
                if self.source.is_cut() {
                    let stop = Stop::Io(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the compressed file was cut short",
                    ));
                    return Err(error(
                        self.path.clone(),
                        stop,
                        self.frames + 1,
                        self.source.offset(),
                        self.limit,
                    ));
                }
                Ok(None)
            }
            Ok(Some(record)) => {
                self.frames += 1 + record.passed;
                // Wireshark does not count what a link type puts before the frame.
                let pseudo = u32::from(record.link_type == LinkType::PppWithDirection);
                Ok(Some(FrameMeta {
                    number: self.frames,
                    time: record.time,
                    link_type: record.link_type,
                    captured_len: record.captured.saturating_sub(pseudo),
                    original_len: record.original.saturating_sub(pseudo),
                    range: record.range,
                }))
            }
            Err((stop, offset)) => {
                self.ended = true;
                arena.truncate(before);
                Err(error(self.path.clone(), stop, self.frames + 1, offset, self.limit))
            }
        }
    }

    /// The file's name, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Octets of the file read so far; of a compressed file, of what it decompresses to.
    #[must_use]
    pub const fn octets_read(&self) -> u64 {
        self.source.offset()
    }
}

fn error(path: PathBuf, stop: Stop, frame: u64, offset: u64, limit: u32) -> CaptureError {
    match stop {
        Stop::Io(source) => CaptureError::Unreadable { path, frame, offset, source },
        Stop::Truncated { need, have } => CaptureError::Truncated { path, frame, offset, need, have },
        Stop::Corrupt(why) => CaptureError::Corrupt { path, frame, offset, why },
        Stop::TooLong { length } => CaptureError::TooLong { path, frame, offset, length, limit },
    }
}

fn not_a_capture(path: PathBuf, octets: &[u8]) -> CaptureError {
    let first: Vec<String> = octets.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    let hint = match octets {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "this is zstd: decompress it first",
        [0x04, 0x22, 0x4d, 0x18, ..] => "this is lz4: decompress it first",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "this is xz: decompress it first",
        [b'B', b'Z', b'h', ..] => "this is bzip2: decompress it first",
        [b'P', b'K', 3, 4, ..] => "this is a zip archive: extract the capture first",
        [b's', b'n', b'o', b'o', b'p', 0, ..]
        | [b'G', b'M', b'B', b'U', ..]
        | [b'R', b'T', b'S', b'S', ..]
        | [0xa1, 0xb2, 0xcd, 0x34, ..]
        | [0x34, 0xcd, 0xb2, 0xa1, ..] => "convert it with `editcap -F pcapng IN OUT`",
        _ => "pcap, pcapng and pppd's record are read, each also compressed with gzip",
    };
    CaptureError::NotACapture { path, first: first.join(" "), hint }
}
