//! What to offer and what to choose (RFC 2408 section 4.2, RFC 2409 section 4, RFC 2407 section 4.5): pure functions
//! from a policy and an SA payload to an SA payload.
//!
//! An offer says not only which suites are wanted but how they are written, for every implementation numbers, orders
//! and encodes in a way of its own, and some peers are particular about it.

mod answer;
mod lifetime;
mod phase1;
mod phase2;

pub use answer::Rewriting;
pub use lifetime::{Encoding, Lifetime, LifetimePolicy};
pub use phase1::{
    Phase1Acceptance, Phase1Choice, Phase1Offer, Phase1Suite, check_phase1_reply, choose_phase1,
};
pub use phase2::{
    Phase2Acceptance, Phase2Choice, Phase2Offer, Phase2Suite, Structure, check_phase2_reply, choose_phase2,
};

#[cfg(test)]
mod tests;

use core::fmt;

/// Whose order decides between suites that both ends take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// The first offered that is accepted.
    Peer,
    /// The first accepted that is offered.
    Own,
}

/// Why nothing of an offer is chosen. Legal, but no common ground; answered with NO-PROPOSAL-CHOSEN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incompatible {
    /// It holds no proposal that is understood.
    NothingUnderstood,
    /// No suite offered is accepted.
    NoSuiteAccepted,
    /// A suite would be accepted but for its lifetime.
    Lifetime,
    /// A suite would be accepted but for the group of its key exchange, or the lack of one.
    Group,
}

impl fmt::Display for Incompatible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingUnderstood => "the offer holds no proposal that is understood",
            Self::NoSuiteAccepted => "no suite of the offer is accepted",
            Self::Lifetime => "a suite would be accepted with another lifetime",
            Self::Group => "a suite would be accepted with another key exchange group",
        })
    }
}

/// What is wrong with the answer to an offer (ISAKMP-2408-4.2-d).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadReply {
    /// It has not exactly one proposal with one transform.
    NotOne {
        /// Proposals.
        proposals: usize,
        /// Transforms of the first proposal.
        transforms: usize,
    },
    /// What it chose was not offered.
    NotOffered,
}

impl fmt::Display for BadReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOne { proposals, transforms } => {
                write!(
                    f,
                    "{proposals} proposals with {transforms} transforms in the first where one of each is due"
                )
            }
            Self::NotOffered => f.write_str("a transform that was not offered"),
        }
    }
}
