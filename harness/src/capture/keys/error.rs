//! Why keys cannot be read.

use std::io;
use std::path::{Path, PathBuf};

/// Why keys cannot be read. Messages quote nothing that could be a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system does not let the file or directory be read.
    #[error("{}: cannot be read: {source}\nhint: {hint}", .path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What to try.
        hint: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The one file named holds no keys of a kind known here.
    #[error("{}: is no file of keys\nhint: known are {KNOWN}", .path.display())]
    NotKeys {
        /// The file.
        path: PathBuf,
    },
    /// The file is longer than any file of keys.
    #[error("{}: has more than {limit} octets\nhint: keep the part of the log around the connection", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most octets that are read.
        limit: u64,
    },
    /// A line does not follow the file's format.
    #[error("{}:{line}:{column}: {what}\nhint: {hint}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u32,
        /// The column in characters, from 1.
        column: u32,
        /// What is wrong.
        what: String,
        /// What to write instead.
        hint: String,
    },
}

/// The kinds of files known here.
const KNOWN: &str = "`esp_sa` and `ikev1_decryption_table` as Wireshark has them, the output of `ip xfrm state`, \
                     a charon log at level 4, and `ike_secrets`";

impl KeyError {
    pub(super) fn unreadable(path: &Path, source: io::Error) -> Self {
        let hint = match source.kind() {
            io::ErrorKind::NotFound => "check the name; relative names begin at the current directory",
            io::ErrorKind::PermissionDenied => "keys are often readable by root alone; copy them",
            _ => "check that it can be read",
        };
        Self::Unreadable { path: path.to_owned(), hint, source }
    }
}
