//! What a peer may not send, or not now; and the answer to it, which stands here and nowhere else.

use core::fmt;

use super::policy::BadReply;
use super::responder_lifetime::BadLifetime;
use super::wire::{ExchangeType, IdType, NotifyType, PayloadType};
use crate::codec::Malformed;
use crate::crypto::dh::BadValue;

/// What the peer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// It sent octets that are no message.
    Malformed(Malformed),
    /// It speaks another version.
    Version(u8),
    /// It named an SA that is not known.
    UnknownCookies,
    /// It sent a message of an exchange that does not fit the state of the SA.
    UnexpectedExchange(ExchangeType),
    /// It sent a message that was not waited for.
    UnexpectedMessage(ExchangeType),
    /// It left a payload out.
    MissingPayload(PayloadType),
    /// It put another payload where the SA payload, or the hash, has to be the first.
    NotFirst(PayloadType),
    /// It sent in the clear what has to be encrypted.
    NotEncrypted,
    /// It encrypted what is not whole blocks.
    NotWholeBlocks {
        /// Octets of the body.
        got: usize,
    },
    /// It sent a hash that does not fit.
    WrongHash,
    /// It chose what was not offered.
    BadReply(BadReply),
    /// Its public value is no value of the group.
    BadPublicValue(BadValue),
    /// Its nonce has a length that no nonce may have, in octets.
    NonceLength(usize),
    /// It named itself by a type of identification that is not known.
    IdentificationType(IdType),
    /// It named itself for a protocol and port other than those of IKE, or none.
    IdentificationPort {
        /// The IP protocol.
        protocol: u8,
        /// The port.
        port: u16,
    },
    /// It chose other selectors than were offered.
    SelectorsChanged,
    /// It spoke from another address before it was authenticated.
    AnotherAddress,
    /// It began more exchanges than are kept.
    TooManyHalfOpen,
    /// It answered a question that was not asked.
    WrongSequenceNumber(u32),
    /// It asked after an SA with cookies that are not of that SA.
    WrongSpi,
    /// It told a lifetime in a form that none has.
    ResponderLifetime(BadLifetime),
}

impl Violation {
    /// The requirement that is violated.
    #[must_use]
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "ISAKMP-2408-5.1-a",
            Self::Version(_) => "ISAKMP-2408-5.2-c",
            Self::UnknownCookies => "ISAKMP-2408-5.2-a",
            Self::UnexpectedExchange(_) => "IKE-2409-5-a",
            Self::UnexpectedMessage(_) => "ISAKMP-2408-5.2-e",
            Self::MissingPayload(_) => "IKE-2409-5.4-a",
            Self::NotFirst(PayloadType::Hash) => "IKE-2409-5.5-b",
            Self::NotFirst(_) => "IKE-2409-5-b",
            Self::NotEncrypted => "IKE-2409-5.5-a",
            Self::NotWholeBlocks { .. } => "IKE-2409-AppB-d",
            Self::WrongHash => "ISAKMP-2408-5.11-a",
            Self::BadReply(_) => "ISAKMP-2408-4.2-d",
            Self::BadPublicValue(_) => "CRYP-2412-2.3.1.1-a",
            Self::NonceLength(_) => "IKE-2409-5-d",
            Self::IdentificationType(_) => "ISAKMP-2408-5.8-a",
            Self::IdentificationPort { .. } => "DOI-2407-4.6.2-a",
            Self::SelectorsChanged => "IKE-2409-5.5-g",
            Self::AnotherAddress | Self::TooManyHalfOpen => "ISAKMP-2408-2.5.3-a",
            Self::WrongSequenceNumber(_) => "DPD-3706-5.3-b",
            Self::WrongSpi => "DPD-3706-6.1-a",
            Self::ResponderLifetime(_) => "DOI-2407-4.6.3.1-a",
        }
    }

    /// What the peer is told, if it is told anything. Before keys are agreed on, nothing may be answered that makes us
    /// a mirror for forged addresses, so few are.
    #[must_use]
    pub const fn answer(&self) -> Option<NotifyType> {
        match self {
            Self::Version(_) => Some(NotifyType::InvalidMajorVersion),
            Self::BadReply(_) => Some(NotifyType::BadProposalSyntax),
            Self::SelectorsChanged => Some(NotifyType::InvalidIdInformation),
            Self::Malformed(_)
            | Self::UnknownCookies
            | Self::UnexpectedExchange(_)
            | Self::UnexpectedMessage(_)
            | Self::MissingPayload(_)
            | Self::NotFirst(_)
            | Self::NotEncrypted
            | Self::NotWholeBlocks { .. }
            | Self::WrongHash
            | Self::BadPublicValue(_)
            | Self::NonceLength(_)
            | Self::IdentificationType(_)
            | Self::IdentificationPort { .. }
            | Self::AnotherAddress
            | Self::TooManyHalfOpen
            | Self::WrongSequenceNumber(_)
            | Self::WrongSpi
            | Self::ResponderLifetime(_) => None,
        }
    }
}

impl From<Malformed> for Violation {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<BadReply> for Violation {
    fn from(bad: BadReply) -> Self {
        Self::BadReply(bad)
    }
}

impl From<BadValue> for Violation {
    fn from(bad: BadValue) -> Self {
        Self::BadPublicValue(bad)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Version(major) => write!(f, "message of IKE version {major}"),
            Self::UnknownCookies => f.write_str("message under cookies that are not known"),
            Self::UnexpectedExchange(exchange) => write!(f, "message of {exchange} in another exchange"),
            Self::UnexpectedMessage(exchange) => write!(f, "message of {exchange} that is not waited for"),
            Self::MissingPayload(kind) => write!(f, "message without {kind} payload"),
            Self::NotFirst(kind) => write!(f, "message that does not begin with its {kind} payload"),
            Self::NotEncrypted => f.write_str("message that is not encrypted"),
            Self::NotWholeBlocks { got } => write!(f, "encrypted body of {got} octets, not whole blocks"),
            Self::WrongHash => f.write_str("hash that does not fit"),
            Self::BadReply(bad) => bad.fmt(f),
            Self::BadPublicValue(bad) => bad.fmt(f),
            Self::NonceLength(got) => write!(f, "nonce of {got} octets"),
            Self::IdentificationType(kind) => write!(f, "identification of type {kind}"),
            Self::IdentificationPort { protocol, port } => {
                write!(f, "identification for protocol {protocol}, port {port}")
            }
            Self::SelectorsChanged => f.write_str("selectors other than those offered"),
            Self::AnotherAddress => f.write_str("message from another address before authentication"),
            Self::TooManyHalfOpen => f.write_str("exchange begun while too many are unfinished"),
            Self::WrongSequenceNumber(got) => write!(f, "answer with sequence number {got}"),
            Self::WrongSpi => f.write_str("question about an SA with cookies that are not its own"),
            Self::ResponderLifetime(bad) => bad.fmt(f),
        }
    }
}

impl core::error::Error for Violation {}
