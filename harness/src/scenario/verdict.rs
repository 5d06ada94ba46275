//! What comes of a case.

use std::time::Duration;

use super::record::Recording;
use crate::check::Checked;

/// The verdict on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Verdict {
    /// All as expected.
    Pass,
    /// Something was not as expected.
    Fail,
    /// It could not be run.
    Blocked,
    /// The subject's file says that it cannot do this.
    Unsupported,
    /// It failed as a file of known failures says.
    KnownFailure,
    /// It passed though a file says that it fails.
    UnexpectedPass,
    /// The user left it out.
    Skipped,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Pass,
        Self::Fail,
        Self::Blocked,
        Self::Unsupported,
        Self::KnownFailure,
        Self::UnexpectedPass,
        Self::Skipped,
    ];

    /// The word of the reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Blocked => "blocked",
            Self::Unsupported => "unsupported",
            Self::KnownFailure => "known-failure",
            Self::UnexpectedPass => "unexpected-pass",
            Self::Skipped => "skipped",
        }
    }

    /// Whether it makes the whole run fail.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Fail | Self::UnexpectedPass)
    }
}

/// Where and why a case failed or could not be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step, as `step 3`, or another part of the scenario.
    pub at: String,
    /// The line of the file, from 1, if it is a step.
    pub line: Option<usize>,
    /// What was expected and what came.
    pub text: String,
    /// The messages since the last one that was expected, a line each.
    pub since: Vec<String>,
    /// Whether the subject does not do any more what it is for.
    pub is_down: bool,
}

impl Failure {
    /// A failure outside the steps.
    pub fn of(at: &str, text: impl Into<String>) -> Self {
        Self { at: at.to_owned(), line: None, text: text.into(), since: Vec::new(), is_down: false }
    }
}

/// What came of a case.
#[derive(Debug)]
pub struct Played {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, if it is not `pass`.
    pub failure: Option<Failure>,
    /// How much time passed in the world.
    pub elapsed: Duration,
    /// What the judges say of the transcript.
    pub checked: Option<Checked>,
    /// The recording, if one was wanted.
    pub recording: Option<Recording>,
    /// The names of the messages that crossed, in order, and who sent each.
    pub messages: usize,
    /// What a subject that is elsewhere has to say of a case that did not pass.
    pub log: Option<String>,
}

impl Played {
    /// A case that could not be played.
    #[must_use]
    pub const fn blocked(failure: Failure) -> Self {
        Self {
            verdict: Verdict::Blocked,
            failure: Some(failure),
            elapsed: Duration::ZERO,
            checked: None,
            recording: None,
            messages: 0,
            log: None,
        }
    }
}
