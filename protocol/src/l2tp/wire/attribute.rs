//! What RFC 2661 says of each AVP: bits, lengths, and the messages that need it. Data for rules.

use super::{AttributeType, MessageType};

/// What the RFC lays down for an AVP of Vendor ID 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeRule {
    /// The RFC's name.
    pub name: &'static str,
    /// Whether the M bit must be set; otherwise it must be clear.
    pub must_be_mandatory: bool,
    /// Whether the H bit may be set.
    pub may_be_hidden: bool,
    /// The least length of the AVP when it is not hidden, in octets with its header.
    pub least_length: usize,
    /// The greatest such length.
    pub greatest_length: usize,
}

/// Octets of an AVP before its value (RFC 2661 section 4.1).
pub(super) const AVP_HEADER: usize = 6;
/// The greatest length that ten bits state (RFC 2661 section 4.1).
pub(super) const AVP_LIMIT: usize = 0x03ff;

/// The rule for an AVP of Vendor ID 0 (requirement L2TP-2661-4.4.4-c), `None` if its number is unknown.
#[must_use]
pub const fn rule_for(attribute: AttributeType) -> Option<AttributeRule> {
    use AttributeType as A;
    // M bit, H bit allowed, least and greatest length.
    let (must_be_mandatory, may_be_hidden, least_length, greatest_length) = match attribute {
        A::MessageType | A::ProtocolVersion | A::ReceiveWindowSize => (true, false, 8, 8),
        A::ResultCode => (true, false, 8, AVP_LIMIT),
        A::FramingCapabilities
        | A::BearerCapabilities
        | A::CallSerialNumber
        | A::MinimumBps
        | A::MaximumBps
        | A::BearerType
        | A::FramingType
        | A::TxConnectSpeed => (true, true, 10, 10),
        A::TieBreaker => (false, false, 14, 14),
        A::FirmwareRevision | A::ProxyAuthenType | A::ProxyAuthenId => (false, true, 8, 8),
        A::HostName => (true, false, 7, AVP_LIMIT),
        A::AssignedTunnelId | A::AssignedSessionId => (true, true, 8, 8),
        A::Challenge => (true, true, 7, AVP_LIMIT),
        A::CauseCode => (true, false, 9, AVP_LIMIT),
        A::ChallengeResponse => (true, true, 22, 22),
        A::CalledNumber | A::CallingNumber | A::SubAddress => (true, true, 6, AVP_LIMIT),
        A::PhysicalChannelId | A::RxConnectSpeed => (false, true, 10, 10),
        A::VendorName
        | A::InitialReceivedLcpConfreq
        | A::LastSentLcpConfreq
        | A::LastReceivedLcpConfreq
        | A::ProxyAuthenName
        | A::ProxyAuthenChallenge
        | A::ProxyAuthenResponse
        | A::PrivateGroupId => (false, true, 6, AVP_LIMIT),
        A::CallErrors => (true, true, 32, 32),
        A::Accm => (true, true, 16, 16),
        A::RandomVector => (true, false, 6, AVP_LIMIT),
        A::SequencingRequired => (true, false, 6, 6),
        A::DisconnectCause => (false, true, 11, AVP_LIMIT),
        A::Unknown(_) => return None,
    };
    match attribute.name() {
        Some(name) => {
            Some(AttributeRule { name, must_be_mandatory, may_be_hidden, least_length, greatest_length })
        }
        None => None,
    }
}

/// The AVPs that a message must carry besides its Message Type (requirements L2TP-2661-6.1-a to L2TP-2661-6.12-a).
/// Those that only a challenge or a capability makes necessary are not among them.
#[must_use]
pub const fn required_attributes(message_type: MessageType) -> &'static [AttributeType] {
    use AttributeType as A;
    use MessageType as M;
    match message_type {
        M::StartControlConnectionRequest | M::StartControlConnectionReply => {
            &[A::ProtocolVersion, A::HostName, A::FramingCapabilities, A::AssignedTunnelId]
        }
        M::StartControlConnectionConnected | M::Hello | M::Unknown(_) => &[],
        M::StopControlConnectionNotification => &[A::AssignedTunnelId, A::ResultCode],
        M::OutgoingCallRequest => &[
            A::AssignedSessionId,
            A::CallSerialNumber,
            A::MinimumBps,
            A::MaximumBps,
            A::BearerType,
            A::FramingType,
            A::CalledNumber,
        ],
        M::OutgoingCallReply | M::IncomingCallReply => &[A::AssignedSessionId],
        M::OutgoingCallConnected | M::IncomingCallConnected => &[A::TxConnectSpeed, A::FramingType],
        M::IncomingCallRequest => &[A::AssignedSessionId, A::CallSerialNumber],
        M::CallDisconnectNotify => &[A::ResultCode, A::AssignedSessionId],
        M::WanErrorNotify => &[A::CallErrors],
        M::SetLinkInfo => &[A::Accm],
    }
}
