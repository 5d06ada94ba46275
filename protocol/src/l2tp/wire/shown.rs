//! Which AVP a value belongs to, and how it shows its fields.

use super::avp::Context;
use super::code_point::{
    AttributeType, CallDisconnectNotifyResult, MessageType, ProxyAuthenType,
    StopControlConnectionNotificationResult,
};
use super::value::{AvpValue, ResultCode};
use crate::show::{Sink, Value};

impl AvpValue {
    /// The attribute type that this value belongs to; `None` for octets without a type of their own.
    #[must_use]
    pub const fn attribute(&self) -> Option<AttributeType> {
        use AttributeType as A;
        Some(match self {
            Self::MessageType(_) => A::MessageType,
            Self::ResultCode(_) => A::ResultCode,
            Self::ProtocolVersion { .. } => A::ProtocolVersion,
            Self::FramingCapabilities(_) => A::FramingCapabilities,
            Self::BearerCapabilities(_) => A::BearerCapabilities,
            Self::TieBreaker(_) => A::TieBreaker,
            Self::FirmwareRevision(_) => A::FirmwareRevision,
            Self::HostName(_) => A::HostName,
            Self::VendorName(_) => A::VendorName,
            Self::AssignedTunnelId(_) => A::AssignedTunnelId,
            Self::ReceiveWindowSize(_) => A::ReceiveWindowSize,
            Self::Challenge(_) => A::Challenge,
            Self::CauseCode(_) => A::CauseCode,
            Self::ChallengeResponse(_) => A::ChallengeResponse,
            Self::AssignedSessionId(_) => A::AssignedSessionId,
            Self::CallSerialNumber(_) => A::CallSerialNumber,
            Self::MinimumBps(_) => A::MinimumBps,
            Self::MaximumBps(_) => A::MaximumBps,
            Self::BearerType(_) => A::BearerType,
            Self::FramingType(_) => A::FramingType,
            Self::CalledNumber(_) => A::CalledNumber,
            Self::CallingNumber(_) => A::CallingNumber,
            Self::SubAddress(_) => A::SubAddress,
            Self::TxConnectSpeed(_) => A::TxConnectSpeed,
            Self::PhysicalChannelId(_) => A::PhysicalChannelId,
            Self::InitialReceivedLcpConfreq(_) => A::InitialReceivedLcpConfreq,
            Self::LastSentLcpConfreq(_) => A::LastSentLcpConfreq,
            Self::LastReceivedLcpConfreq(_) => A::LastReceivedLcpConfreq,
            Self::ProxyAuthenType(_) => A::ProxyAuthenType,
            Self::ProxyAuthenName(_) => A::ProxyAuthenName,
            Self::ProxyAuthenChallenge(_) => A::ProxyAuthenChallenge,
            Self::ProxyAuthenId { .. } => A::ProxyAuthenId,
            Self::ProxyAuthenResponse(_) => A::ProxyAuthenResponse,
            Self::CallErrors(_) => A::CallErrors,
            Self::Accm { .. } => A::Accm,
            Self::RandomVector(_) => A::RandomVector,
            Self::PrivateGroupId(_) => A::PrivateGroupId,
            Self::RxConnectSpeed(_) => A::RxConnectSpeed,
            Self::SequencingRequired => A::SequencingRequired,
            Self::DisconnectCause(_) => A::DisconnectCause,
            Self::Hidden(_) | Self::Opaque(_) | Self::IllSized(_) => return None,
        })
    }

    pub(super) fn show_in(&self, context: Context, sink: &mut dyn Sink) {
        match self {
            Self::MessageType(code) => sink.field("message_type", code.shown()),
            Self::ResultCode(value) => value.show_in(context, sink),
            Self::ProtocolVersion { version, revision } => {
                number(sink, "protocol_version", *version);
                number(sink, "protocol_revision", *revision);
            }
            Self::FramingCapabilities(bits) => framing(sink, "framing_capabilities", *bits),
            Self::BearerCapabilities(bits) => bearer(sink, "bearer_capabilities", *bits),
            Self::TieBreaker(octets) => sink.field("tie_breaker", Value::Octets(octets)),
            Self::FirmwareRevision(value) => number(sink, "firmware_revision", *value),
            Self::HostName(text) => sink.field("host_name", Value::Text(text)),
            Self::VendorName(text) => sink.field("vendor_name", Value::Text(text)),
            Self::AssignedTunnelId(value) => number(sink, "assigned_tunnel_id", *value),
            Self::ReceiveWindowSize(value) => number(sink, "receive_window_size", *value),
            Self::Challenge(octets) => sink.field("challenge", Value::Octets(octets)),
            Self::CauseCode(value) => {
                number(sink, "cause_code", value.cause_code);
                number(sink, "cause_message", value.cause_message);
                sink.field("advisory_message", Value::Text(&value.advisory_message));
            }
            Self::ChallengeResponse(octets) => sink.field("challenge_response", Value::Octets(octets)),
            Self::AssignedSessionId(value) => number(sink, "assigned_session_id", *value),
            Self::CallSerialNumber(value) => number(sink, "call_serial_number", *value),
            Self::MinimumBps(value) => number(sink, "minimum_bps", *value),
            Self::MaximumBps(value) => number(sink, "maximum_bps", *value),
            Self::BearerType(bits) => bearer(sink, "bearer_type", *bits),
            Self::FramingType(bits) => framing(sink, "framing_type", *bits),
            Self::CalledNumber(text) => sink.field("called_number", Value::Text(text)),
            Self::CallingNumber(text) => sink.field("calling_number", Value::Text(text)),
            Self::SubAddress(text) => sink.field("sub_address", Value::Text(text)),
            Self::TxConnectSpeed(value) => number(sink, "tx_connect_speed", *value),
            Self::RxConnectSpeed(value) => number(sink, "rx_connect_speed", *value),
            Self::PhysicalChannelId(value) => number(sink, "physical_channel_id", *value),
            Self::PrivateGroupId(octets) => sink.field("private_group_id", Value::Octets(octets)),
            Self::RandomVector(octets) => sink.field("random_vector", Value::Octets(octets)),
            Self::SequencingRequired => sink.field("sequencing_required", Value::Flag(true)),
            Self::Hidden(octets) => sink.field("hidden_value", Value::Octets(octets)),
            Self::Opaque(octets) => sink.field("value", Value::Octets(octets)),
            Self::IllSized(octets) => sink.field("ill_sized_value", Value::Octets(octets)),
            Self::InitialReceivedLcpConfreq(_)
            | Self::LastSentLcpConfreq(_)
            | Self::LastReceivedLcpConfreq(_)
            | Self::ProxyAuthenType(_)
            | Self::ProxyAuthenName(_)
            | Self::ProxyAuthenChallenge(_)
            | Self::ProxyAuthenId { .. }
            | Self::ProxyAuthenResponse(_)
            | Self::CallErrors(_)
            | Self::Accm { .. }
            | Self::DisconnectCause(_) => self.show_about_ppp(context, sink),
        }
    }

    /// Shows the AVPs that are about the PPP link at the LAC.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other half of an exhaustive match")]
    fn show_about_ppp(&self, context: Context, sink: &mut dyn Sink) {
        match self {
            Self::InitialReceivedLcpConfreq(octets) => {
                sink.field("initial_received_lcp_confreq", Value::Octets(octets));
            }
            Self::LastSentLcpConfreq(octets) => sink.field("last_sent_lcp_confreq", Value::Octets(octets)),
            Self::LastReceivedLcpConfreq(octets) => {
                sink.field("last_received_lcp_confreq", Value::Octets(octets));
            }
            Self::ProxyAuthenType(code) => sink.field("proxy_authen_type", code.shown()),
            Self::ProxyAuthenName(text) => sink.field("proxy_authen_name", Value::Text(text)),
            Self::ProxyAuthenChallenge(octets) => {
                sink.field("proxy_authen_challenge", Value::Octets(octets));
            }
            Self::ProxyAuthenId { reserved, id } => {
                number(sink, "proxy_authen_reserved", *reserved);
                number(sink, "proxy_authen_id", *id);
            }
            Self::ProxyAuthenResponse(octets) => {
                sink.field("proxy_authen_response", context.response(octets));
            }
            Self::CallErrors(value) => {
                number(sink, "call_errors_reserved", value.reserved);
                number(sink, "crc_errors", value.crc_errors);
                number(sink, "framing_errors", value.framing_errors);
                number(sink, "hardware_overruns", value.hardware_overruns);
                number(sink, "buffer_overruns", value.buffer_overruns);
                number(sink, "timeout_errors", value.timeout_errors);
                number(sink, "alignment_errors", value.alignment_errors);
            }
            Self::Accm { reserved, send, receive } => {
                number(sink, "accm_reserved", *reserved);
                number(sink, "send_accm", *send);
                number(sink, "receive_accm", *receive);
            }
            Self::DisconnectCause(value) => {
                sink.field("disconnect_code", value.disconnect_code.shown());
                number(sink, "control_protocol_number", value.control_protocol_number);
                sink.field("direction", value.direction.shown());
                sink.field("message", Value::Text(&value.message));
            }
            _ => {}
        }
    }
}

impl Context {
    /// A Proxy Authen Response: the digest of a challenge in the types known to have one, else maybe a password.
    const fn response(self, octets: &[u8]) -> Value<'_> {
        match self.proxy_authen_type {
            Some(ProxyAuthenType::Chap | ProxyAuthenType::MicrosoftChap) => Value::Octets(octets),
            None | Some(_) => Value::Secret { octets, is_text: true },
        }
    }
}

impl ResultCode {
    fn show_in(&self, context: Context, sink: &mut dyn Sink) {
        let result = match context.message_type {
            Some(MessageType::StopControlConnectionNotification) => {
                StopControlConnectionNotificationResult::from_number(self.result).shown()
            }
            Some(MessageType::CallDisconnectNotify) => {
                CallDisconnectNotifyResult::from_number(self.result).shown()
            }
            None | Some(_) => Value::Code { number: u64::from(self.result), name: None },
        };
        sink.field("result_code", result);
        if let Some(error) = self.error {
            sink.field("error_code", error.shown());
        }
        if !self.message.is_empty() {
            sink.field("error_message", Value::Text(&self.message));
        }
    }
}

fn number(sink: &mut dyn Sink, name: &'static str, number: impl Into<u64>) {
    sink.field(name, Value::Number(number.into()));
}

fn framing(sink: &mut dyn Sink, name: &'static str, bits: u32) {
    number(sink, name, bits);
    sink.field("synchronous", Value::Flag(bits & 1 != 0));
    sink.field("asynchronous", Value::Flag(bits & 2 != 0));
}

fn bearer(sink: &mut dyn Sink, name: &'static str, bits: u32) {
    number(sink, name, bits);
    sink.field("digital", Value::Flag(bits & 1 != 0));
    sink.field("analog", Value::Flag(bits & 2 != 0));
}
