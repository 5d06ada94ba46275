//! Everything that a user, a file or a machine can cause, and the exit status of each.

use std::path::{Path, PathBuf};

use crate::capture::CaptureError;
use crate::capture::keys::{KeyError, Keys};
use crate::exit_code;
use crate::transcript::Opened;

/// An error that is not a bug of ours.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// A capture that cannot be read.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// Keys that cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Keys of which none is for the capture.
    #[error("{}: none of the {keys} keys is for this capture, whose encrypted messages have {have}\nhint: {hint}", .path.display())]
    StrangeKeys {
        /// The capture.
        path: PathBuf,
        /// How many keys there are.
        keys: usize,
        /// SPIs and cookies of the capture.
        have: String,
        /// What to do.
        hint: &'static str,
    },
    /// A file of ours that cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A JSON file that says something we do not understand.
    #[error("{path}:{line}:{column}: {problem}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Scenarios that say something we do not understand.
    #[error("{0}")]
    Scenario(String),
    /// Options that do not fit together.
    #[error("{0}")]
    Usage(String),
    /// A lab that does not come up, or does not go on.
    #[error(transparent)]
    Lab(#[from] crate::lab::LabError),
    /// Real sockets that cannot be had, or do not go on.
    #[error(transparent)]
    Live(#[from] crate::live::LiveError),
    /// Standard output is gone.
    #[error("cannot write the report: {0}")]
    Output(std::io::Error),
}

impl ExpectedError {
    /// Keys that open nothing of a capture.
    pub(crate) fn strange_keys(path: &Path, keys: &Keys, opened: &Opened) -> Self {
        let spis = opened.absent_spis.iter().map(|spi| format!("SPI {spi:#010x}"));
        let cookies = opened
            .absent_cookies
            .iter()
            .map(|cookie| format!("initiator cookie {:016x}", u64::from_be_bytes(*cookie)));
        Self::StrangeKeys {
            path: path.to_owned(),
            keys: keys.esp.len() + keys.ikev1.len() + keys.secrets.len(),
            have: spis.chain(cookies).collect::<Vec<_>>().join(", "),
            hint: "give the keys of the same connection; without --keys the clear part is read",
        }
    }

    /// The exit status.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Capture(_)
            | Self::Keys(_)
            | Self::StrangeKeys { .. }
            | Self::File { .. }
            | Self::Json { .. }
            | Self::Scenario(_)
            | Self::Usage(_)
            | Self::Lab(crate::lab::LabError::Standing(_))
            | Self::Output(_) => exit_code::BAD_INPUT,
            Self::Lab(_) | Self::Live(_) => exit_code::NOTHING_JUDGED,
        }
    }

    /// Whether the reader of our output went away, which is no reason to complain.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
