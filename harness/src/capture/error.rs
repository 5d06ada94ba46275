//! Why a capture cannot be read, or not to its end.

use std::io;
use std::path::PathBuf;

/// Why a capture cannot be read, or not to its end. Frames before the place named were delivered.
///
/// Offsets count octets from the beginning of the file; of a compressed file, of what it decompresses to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// A directory where a file is needed.
    #[error("{}: is a directory, not a capture\nhint: name one capture file", .path.display())]
    Directory {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened.
    #[error("{}: cannot be opened: {source}\nhint: {hint}", .path.display())]
    Unopenable {
        /// The file.
        path: PathBuf,
        /// What to try.
        hint: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// No octet in the file.
    #[error("{}: is empty\nhint: the capture may have been stopped before its buffer was written; `tcpdump -U` writes each frame at once", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Neither pcap nor pcapng nor a pppd record.
    #[error("{}: is not a capture: begins with {first}\nhint: {hint}", .path.display())]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// The first octets, in hexadecimal.
        first: String,
        /// What to try.
        hint: &'static str,
    },
    /// The system, or the decompressor, failed in the middle.
    #[error("{}: frame {frame}, octet {offset}: cannot be read: {source}\nhint: the frames before it can be used; fetch the file again for the rest", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The frame that was to come.
        frame: u64,
        /// Where its record begins.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The file ends inside of a record.
    #[error("{}: frame {frame}, octet {offset}: the file ends in the middle of a record of {need} octets, {have} are there\nhint: the capture was cut short; the frames before this one can be used", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The frame that was to come.
        frame: u64,
        /// Where its record begins.
        offset: u64,
        /// Octets of the record, as far as is known.
        need: u64,
        /// Octets of the record that are there.
        have: u64,
    },
    /// A record that its format forbids.
    #[error("{}: frame {frame}, octet {offset}: {why}\nhint: the file is damaged here; the frames before this one can be used", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The frame that was to come.
        frame: u64,
        /// Where its record begins.
        offset: u64,
        /// What is wrong.
        why: String,
    },
    /// A frame with more octets than [`super::Options::limit`].
    #[error("{}: frame {frame}, octet {offset}: claims {length} captured octets, more than the limit of {limit}\nhint: no link carries such frames; the file is damaged here", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The frame that was to come.
        frame: u64,
        /// Where its record begins.
        offset: u64,
        /// Octets that it claims.
        length: u64,
        /// The limit.
        limit: u32,
    },
}

/// What stops a reader of one format; [`super::file::CaptureFile`] adds the file, the frame and the place.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Reading failed.
    Io(io::Error),
    /// The record has `need` octets, `have` of them are there.
    Truncated { need: u64, have: u64 },
    /// The record is impossible.
    Corrupt(String),
    /// The record claims too long a frame.
    TooLong { length: u64 },
}

impl Stop {
    /// A record that its format forbids.
    pub(crate) fn corrupt(why: impl Into<String>) -> Self {
        Self::Corrupt(why.into())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
