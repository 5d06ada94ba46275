//! What control messages say, as far as it is needed.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an AVP of any other kind says nothing of what is looked for"
)]

use super::event::Reason;
use super::violation::Violation;
use super::wire::{AttributeType, AvpValue, ControlMessage, MessageType};

/// The version of the protocol (L2TP-2661-4.4.3-a).
const VERSION: u8 = 1;

/// What a start of a tunnel says.
pub(super) struct Start {
    pub(super) peer_id: u16,
    pub(super) window: Option<u16>,
    pub(super) host_name: Vec<u8>,
    pub(super) challenge: Option<Vec<u8>>,
    pub(super) response: Option<[u8; 16]>,
    pub(super) tie_breaker: Option<[u8; 8]>,
}

/// Whether a message is about a call.
pub(super) const fn is_of_session(kind: MessageType) -> bool {
    matches!(
        kind,
        MessageType::IncomingCallRequest
            | MessageType::IncomingCallReply
            | MessageType::IncomingCallConnected
            | MessageType::OutgoingCallRequest
            | MessageType::OutgoingCallReply
            | MessageType::OutgoingCallConnected
            | MessageType::CallDisconnectNotify
            | MessageType::WanErrorNotify
            | MessageType::SetLinkInfo
    )
}

/// Reads an SCCRQ or SCCRP (L2TP-2661-6.1-a).
pub(super) fn start_of(message: &ControlMessage) -> Result<Start, Violation> {
    let find = |attribute: AttributeType| message.find(attribute).map(|avp| &avp.value);
    let missing = Violation::MissingAvp;
    match find(AttributeType::ProtocolVersion) {
        Some(AvpValue::ProtocolVersion { version: VERSION, .. }) => {}
        Some(AvpValue::ProtocolVersion { version, .. }) => {
            return Err(Violation::ProtocolVersion(*version));
        }
        _ => return Err(missing(AttributeType::ProtocolVersion)),
    }
    let peer_id = match find(AttributeType::AssignedTunnelId) {
        Some(AvpValue::AssignedTunnelId(0)) => return Err(Violation::ZeroId),
        Some(AvpValue::AssignedTunnelId(id)) => *id,
        _ => return Err(missing(AttributeType::AssignedTunnelId)),
    };
    // L2TP-2661-4.4.3-e
    let host_name = match find(AttributeType::HostName) {
        Some(AvpValue::HostName(name)) if !name.is_empty() => name.clone(),
        _ => return Err(missing(AttributeType::HostName)),
    };
    if find(AttributeType::FramingCapabilities).is_none() {
        return Err(missing(AttributeType::FramingCapabilities));
    }
    let window = match find(AttributeType::ReceiveWindowSize) {
        Some(AvpValue::ReceiveWindowSize(0)) => return Err(Violation::ZeroWindow),
        Some(AvpValue::ReceiveWindowSize(window)) => Some(*window),
        _ => None,
    };
    let challenge = match find(AttributeType::Challenge) {
        Some(AvpValue::Challenge(octets)) => Some(octets.clone()),
        _ => None,
    };
    let response = match find(AttributeType::ChallengeResponse) {
        Some(AvpValue::ChallengeResponse(response)) => Some(*response),
        _ => None,
    };
    let tie_breaker = match find(AttributeType::TieBreaker) {
        Some(AvpValue::TieBreaker(octets)) => Some(*octets),
        _ => None,
    };
    Ok(Start { peer_id, window, host_name, challenge, response, tie_breaker })
}

/// The ID that a peer assigns to a session.
pub(super) fn assigned_session(message: &ControlMessage) -> Result<u16, Violation> {
    match message.find(AttributeType::AssignedSessionId).map(|avp| &avp.value) {
        Some(AvpValue::AssignedSessionId(0)) => Err(Violation::ZeroId),
        Some(AvpValue::AssignedSessionId(id)) => Ok(*id),
        _ => Err(Violation::MissingAvp(AttributeType::AssignedSessionId)),
    }
}

/// The reason that a peer gives. Apple's has eight octets, of which only the first two mean anything.
pub(super) fn reason_of(message: &ControlMessage) -> Reason {
    match message.find(AttributeType::ResultCode).map(|avp| &avp.value) {
        Some(AvpValue::ResultCode(code)) => {
            Reason { result: code.result, error: code.error, message: code.message.clone() }
        }
        _ => Reason::plain(0),
    }
}

/// The ID that a peer assigns to the tunnel, wherever it says so.
pub(super) fn assigned_tunnel(message: &ControlMessage) -> Option<u16> {
    message.avps.iter().find_map(|avp| match avp.value {
        AvpValue::AssignedTunnelId(value) => Some(value),
        _ => None,
    })
}

/// The answer to our challenge.
pub(super) fn response(message: &ControlMessage) -> Option<[u8; 16]> {
    message.avps.iter().find_map(|avp| match avp.value {
        AvpValue::ChallengeResponse(value) => Some(value),
        _ => None,
    })
}

/// The Call Serial Number.
pub(super) fn call_serial_number(message: &ControlMessage) -> Option<u32> {
    message.avps.iter().find_map(|avp| match avp.value {
        AvpValue::CallSerialNumber(value) => Some(value),
        _ => None,
    })
}

/// The Tx Connect Speed, bits a second.
pub(super) fn tx_connect_speed(message: &ControlMessage) -> Option<u32> {
    message.avps.iter().find_map(|avp| match avp.value {
        AvpValue::TxConnectSpeed(value) => Some(value),
        _ => None,
    })
}
