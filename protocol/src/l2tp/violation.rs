//! What a peer may not send, or not now; and the answer to it, which stands here and nowhere else.

use core::fmt;

use super::event::Reason;
use super::wire::{
    AttributeType, CallDisconnectNotifyResult, ErrorCode, MessageType,
    StopControlConnectionNotificationResult,
};
use crate::codec::Malformed;

/// What the peer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// It sent octets that are no message.
    Malformed(Malformed),
    /// It speaks another version.
    Version,
    /// It sent a control message without the T, L or S bit.
    NotControl,
    /// It named a tunnel that is not known.
    NoSuchTunnel(u16),
    /// It named a session that is not known.
    NoSuchSession(u16),
    /// It spoke of a tunnel from elsewhere.
    AnotherPath,
    /// It acknowledged what was not sent.
    NotSent {
        /// Its Nr.
        nr: u16,
    },
    /// It sent a message before its turn, or beyond the window.
    Ahead {
        /// Its Ns.
        ns: u16,
        /// The one expected.
        expected: u16,
    },
    /// It sent a message whose first AVP is no Message Type.
    NoMessageType,
    /// It sent a mandatory message that is not known.
    UnknownMessage(u16),
    /// It sent a mandatory AVP that is not known or has an impossible value.
    UnknownMandatory {
        /// Its Vendor ID.
        vendor_id: u16,
        /// Its Attribute Type.
        attribute_type: u16,
    },
    /// It left an AVP out that the message needs.
    MissingAvp(AttributeType),
    /// It named its tunnel or session 0.
    ZeroId,
    /// It advertised a window of 0.
    ZeroWindow,
    /// It speaks a version of the protocol that is not 1.0.
    ProtocolVersion(u8),
    /// It sent a message that the state of the tunnel does not admit.
    UnexpectedInTunnel(MessageType),
    /// It sent a message that the state of the session does not admit.
    UnexpectedInSession(MessageType),
    /// It did not prove that it knows the secret.
    NotAuthenticated,
    /// It asks for a tunnel where none is given.
    NotAccepted,
    /// It asks for a call that is not placed here.
    NoOutgoingCalls,
    /// It begins more tunnels than are kept unfinished.
    TooManyHalfOpen,
}

impl Violation {
    /// The requirement that is violated.
    #[must_use]
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "L2TP-2661-7.1-a",
            Self::Version => "L2TP-2661-3.1-c",
            Self::NotControl => "L2TP-2661-3.1-a",
            Self::NoSuchTunnel(_) | Self::NoSuchSession(_) => "L2TP-2661-3.1-d",
            Self::AnotherPath => "L2TP-2661-8.1-a",
            Self::NotSent { .. } => "L2TP-2661-5.8-b",
            Self::Ahead { .. } => "L2TP-2661-5.8-d",
            Self::NoMessageType => "L2TP-2661-4.4.1-a",
            Self::UnknownMessage(_) => "L2TP-2661-4.4.1-b",
            Self::UnknownMandatory { .. } => "L2TP-2661-4.1-b",
            Self::MissingAvp(AttributeType::CallSerialNumber | AttributeType::TxConnectSpeed) => {
                "L2TP-2661-6.6-a"
            }
            Self::MissingAvp(_) => "L2TP-2661-6.1-a",
            Self::ZeroId => "L2TP-2661-4.4.3-f",
            Self::ZeroWindow => "L2TP-2661-5.8-i",
            Self::ProtocolVersion(_) => "L2TP-2661-4.4.3-a",
            Self::UnexpectedInTunnel(_) => "L2TP-2661-7.2.1-a",
            Self::UnexpectedInSession(_) => "L2TP-2661-7.4.2-a",
            Self::NotAuthenticated => "L2TP-2661-5.1.1-a",
            Self::NotAccepted | Self::TooManyHalfOpen => "L2TP-2661-7.2.1-a",
            Self::NoOutgoingCalls => "L2TP-2661-7.5-a",
        }
    }

    /// The reason that a `StopCCN` gives, where the tunnel ends by it.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the RFC has no code of its own for the others")]
    pub fn stop_reason(&self) -> Reason {
        use StopControlConnectionNotificationResult as R;
        let error = |error| Reason { error: Some(error), ..Reason::plain(R::GeneralError.number()) };
        match self {
            Self::ProtocolVersion(_) | Self::Version => {
                // The highest version that is spoken here stands in place of an error code (RFC 2661 section 4.4.2).
                Reason {
                    error: Some(ErrorCode::from_number(0x0100)),
                    ..Reason::plain(R::VersionNotSupported.number())
                }
            }
            Self::NotAuthenticated | Self::NotAccepted => Reason::plain(R::NotAuthorised.number()),
            Self::UnknownMandatory { attribute_type, .. } => {
                // L2TP-2661-4.4.2-b
                let message = format!("attribute {attribute_type}").into_bytes();
                Reason { message, ..error(ErrorCode::UnknownMandatoryAvp) }
            }
            Self::TooManyHalfOpen => error(ErrorCode::NoResources),
            Self::ZeroId | Self::ZeroWindow => error(ErrorCode::ValueOutOfRange),
            _ => Reason::plain(R::StateMachineError.number()),
        }
    }

    /// The reason that a CDN gives, where only the session ends by it.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the RFC has no code of its own for the others")]
    pub fn disconnect_reason(&self) -> Reason {
        use CallDisconnectNotifyResult as R;
        let error = |error| Reason { error: Some(error), ..Reason::plain(R::GeneralError.number()) };
        match self {
            Self::UnknownMandatory { attribute_type, .. } => {
                let message = format!("attribute {attribute_type}").into_bytes();
                Reason { message, ..error(ErrorCode::UnknownMandatoryAvp) }
            }
            Self::ZeroId => error(ErrorCode::ValueOutOfRange),
            Self::NoSuchSession(_) => error(ErrorCode::InvalidSessionId),
            Self::NoOutgoingCalls => Reason::plain(R::NoFacilities.number()),
            _ => Reason::plain(R::Administrative.number()),
        }
    }
}

impl From<Malformed> for Violation {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Version => f.write_str("message of another version"),
            Self::NotControl => f.write_str("control message without T, L or S bit"),
            Self::NoSuchTunnel(id) => write!(f, "message for tunnel {id}, which is not known"),
            Self::NoSuchSession(id) => write!(f, "message for session {id}, which is not known"),
            Self::AnotherPath => f.write_str("message for a tunnel from elsewhere"),
            Self::NotSent { nr } => write!(f, "acknowledgment of messages before {nr}, which were not sent"),
            Self::Ahead { ns, expected } => write!(f, "message {ns} where {expected} is expected"),
            Self::NoMessageType => f.write_str("message that does not begin with a Message Type"),
            Self::UnknownMessage(number) => write!(f, "mandatory message of unknown type {number}"),
            Self::UnknownMandatory { vendor_id, attribute_type } => {
                write!(
                    f,
                    "mandatory attribute {attribute_type} of vendor {vendor_id}, not known or ill-sized"
                )
            }
            Self::MissingAvp(attribute) => write!(f, "message without {attribute}"),
            Self::ZeroId => f.write_str("tunnel or session ID 0"),
            Self::ZeroWindow => f.write_str("receive window of 0"),
            Self::ProtocolVersion(version) => write!(f, "protocol version {version}"),
            Self::UnexpectedInTunnel(message) => write!(f, "{message} in this state of the tunnel"),
            Self::UnexpectedInSession(message) => write!(f, "{message} in this state of the session"),
            Self::NotAuthenticated => f.write_str("challenge response that is wrong or missing"),
            Self::NotAccepted => f.write_str("request for a tunnel where none is given"),
            Self::NoOutgoingCalls => f.write_str("request for an outgoing call"),
            Self::TooManyHalfOpen => f.write_str("tunnel begun while too many are unfinished"),
        }
    }
}

impl core::error::Error for Violation {}
