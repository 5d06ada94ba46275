//! What L2TP shows of an end.

use l2tpspec_protocol::l2tp::wire::{Avp, AvpValue, ControlMessage, MessageType};
use serde_json::{Value, json};

use super::patch::Draft;
use super::said::{Talk, What};
use crate::transcript::connection::Role;

/// The messages of a profile, and what they are called there.
const MESSAGES: [(MessageType, &str); 8] = [
    (MessageType::StartControlConnectionRequest, "sccrq"),
    (MessageType::StartControlConnectionReply, "sccrp"),
    (MessageType::StartControlConnectionConnected, "scccn"),
    (MessageType::StopControlConnectionNotification, "stop_ccn"),
    (MessageType::IncomingCallRequest, "icrq"),
    (MessageType::IncomingCallReply, "icrp"),
    (MessageType::IncomingCallConnected, "iccn"),
    (MessageType::CallDisconnectNotify, "cdn"),
];

pub(super) fn lift(talk: &Talk, by: Role, draft: &mut Draft) {
    for (kind, name) in MESSAGES {
        let Some((frame, message)) = talk.l2tp(by).find(|(_, message)| message.message_type() == Some(kind))
        else {
            continue;
        };
        let parts: Vec<Value> = message.avps.iter().filter_map(part).collect();
        draft.put(&format!("l2tp.messages.{name}"), json!(parts), frame);
        values(message, frame, draft);
    }
    if by == Role::Client
        && let (Some(port), Some((frame, _))) = (talk.client_port, talk.l2tp(by).next())
    {
        let port = if port == 1701 { 1701 } else { 0 };
        draft.put("l2tp.source_port", json!(port), frame);
    }
    if talk.l2tp(by).next().is_some() && !talk.l2tp(by).any(|(_, message)| has_challenge(message)) {
        let frame = talk.l2tp(by).next().map_or(0, |(frame, _)| frame);
        draft.put("l2tp.challenge_octets", json!(null), frame);
    }
    let data = talk.all.iter().find_map(|said| match &said.what {
        What::Data(header) if said.by == by => Some((said.frame, header)),
        _ => None,
    });
    if let Some((frame, header)) = data {
        draft.put("l2tp.data.length", json!(header.length.is_some()), frame);
        draft.put("l2tp.data.sequence", json!(header.sequence.is_some()), frame);
        draft.put("l2tp.data.offset", json!(header.offset_size), frame);
    }
}

fn has_challenge(message: &ControlMessage) -> bool {
    message.avps.iter().any(|avp| matches!(avp.value, AvpValue::Challenge(_)))
}

/// Values that a profile has beside the messages.
fn values(message: &ControlMessage, frame: u64, draft: &mut Draft) {
    for avp in &message.avps {
        match &avp.value {
            AvpValue::HostName(name) => {
                draft.put("l2tp.host_name", json!(String::from_utf8_lossy(name)), frame);
            }
            AvpValue::ReceiveWindowSize(size) => draft.put("l2tp.receive_window", json!(size), frame),
            AvpValue::Challenge(challenge) => {
                draft.put("l2tp.challenge_octets", json!(challenge.len()), frame);
            }
            AvpValue::ResultCode(code) => {
                if message.message_type() == Some(MessageType::CallDisconnectNotify) {
                    draft.put("l2tp.hangup_result", json!(code.result), frame);
                }
                // Little-endian, and six octets of nothing behind it.
                let is_apple = code.message == [0; 4] && code.result.trailing_zeros() >= 8;
                let form = match code.error {
                    _ if is_apple => "apple",
                    Some(_) => "with-error",
                    None => "bare",
                };
                draft.put("l2tp.result_form", json!(form), frame);
                if !code.message.is_empty() && !is_apple {
                    draft.put("l2tp.result_text", json!(String::from_utf8_lossy(&code.message)), frame);
                }
            }
            AvpValue::IllSized(octets) if avp.attribute_type == 1 && octets.len() == 8 => {
                draft.put("l2tp.result_form", json!("apple"), frame);
            }
            _ => {}
        }
    }
}

/// An AVP as a profile has it; the Message Type goes without saying.
fn part(avp: &Avp) -> Option<Value> {
    let said = match &avp.value {
        AvpValue::MessageType(_) => return None,
        AvpValue::ProtocolVersion { version: 1, revision: 0 } => json!("protocol-version"),
        AvpValue::FramingCapabilities(bits) => json!({ "framing-capabilities": bits }),
        AvpValue::BearerCapabilities(bits) => json!({ "bearer-capabilities": bits }),
        AvpValue::FirmwareRevision(revision) => json!({ "firmware-revision": revision }),
        AvpValue::VendorName(name) => json!({ "vendor-name": String::from_utf8_lossy(name) }),
        AvpValue::BearerType(bits) => json!({ "bearer-type": bits }),
        AvpValue::FramingType(bits) => json!({ "framing-type": bits }),
        AvpValue::TxConnectSpeed(speed) => json!({ "tx-connect-speed": speed }),
        AvpValue::RxConnectSpeed(speed) => json!({ "rx-connect-speed": speed }),
        AvpValue::HostName(_) => json!("host-name"),
        AvpValue::AssignedTunnelId(_) => json!("assigned-tunnel-id"),
        AvpValue::ReceiveWindowSize(_) => json!("receive-window-size"),
        AvpValue::Challenge(_) => json!("challenge"),
        AvpValue::ChallengeResponse(_) => json!("challenge-response"),
        AvpValue::TieBreaker(_) => json!("tie-breaker"),
        AvpValue::AssignedSessionId(_) => json!("assigned-session-id"),
        AvpValue::CallSerialNumber(_) => json!("call-serial-number"),
        AvpValue::ResultCode(_) => json!("result-code"),
        AvpValue::Opaque(octets) | AvpValue::IllSized(octets) if avp.vendor_id != 0 => {
            json!({ "vendor": {
                "vendor": avp.vendor_id, "attribute": avp.attribute_type, "value": hexadecimal(octets)
            } })
        }
        // Apple's Result Code.
        AvpValue::IllSized(_) if avp.attribute_type == 1 => json!("result-code"),
        _ => return None,
    };
    let mut part = json!({ "avp": said });
    if !avp.mandatory {
        part["mandatory"] = json!(false);
    }
    if avp.hidden {
        part["hidden"] = json!(true);
    }
    Some(part)
}

pub(super) fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
}
