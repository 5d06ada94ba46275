//! The values of AVPs (RFC 2661 section 4.4, RFC 3145 section 2).

use super::attribute::{AVP_HEADER, rule_for};
use super::code_point::{
    AttributeType, DisconnectCode, DisconnectDirection, ErrorCode, MessageType, ProxyAuthenType,
};
use crate::codec::{Malformed, Reader, Writer};

/// The value of an AVP.
///
/// A known AVP whose value has the wrong size is [`AvpValue::IllSized`], so that the rest of the message can be read
/// and a rule can judge it by its M bit (requirement L2TP-2661-7.1-a).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AvpValue {
    /// What message this is.
    MessageType(MessageType),
    /// Why a tunnel or session ends.
    ResultCode(ResultCode),
    /// The version of the protocol: 1.0.
    ProtocolVersion {
        /// The version, 1.
        version: u8,
        /// The revision, 0.
        revision: u8,
    },
    /// The framings that the sender can do: bit 0 synchronous, bit 1 asynchronous.
    FramingCapabilities(u32),
    /// The bearers that the sender can do: bit 0 digital, bit 1 analog.
    BearerCapabilities(u32),
    /// Whose tunnel stays if two SCCRQs cross: the lower.
    TieBreaker([u8; 8]),
    /// The sender's firmware, in a vendor's coding.
    FirmwareRevision(u16),
    /// The sender's name.
    HostName(Vec<u8>),
    /// The sender's vendor, as text.
    VendorName(Vec<u8>),
    /// The number by which the sender wants the tunnel called.
    AssignedTunnelId(u16),
    /// How many messages may be outstanding towards the sender.
    ReceiveWindowSize(u16),
    /// The octets that the receiver shall digest.
    Challenge(Vec<u8>),
    /// Why an ISDN call ended.
    CauseCode(CauseCode),
    /// The digest of a challenge.
    ChallengeResponse([u8; 16]),
    /// The number by which the sender wants the session called.
    AssignedSessionId(u16),
    /// A number for administrators of both ends.
    CallSerialNumber(u32),
    /// The lowest acceptable line speed, bits a second.
    MinimumBps(u32),
    /// The highest acceptable line speed, bits a second.
    MaximumBps(u32),
    /// The bearer of a call: bit 0 digital, bit 1 analog.
    BearerType(u32),
    /// The framing of a call: bit 0 synchronous, bit 1 asynchronous.
    FramingType(u32),
    /// The number called.
    CalledNumber(Vec<u8>),
    /// The number that calls.
    CallingNumber(Vec<u8>),
    /// More of the number called.
    SubAddress(Vec<u8>),
    /// The line speed towards the peer, bits a second.
    TxConnectSpeed(u32),
    /// The physical channel of a call, in a vendor's coding.
    PhysicalChannelId(u32),
    /// The options of the first Configure-Request that the LAC received.
    InitialReceivedLcpConfreq(Vec<u8>),
    /// The options of the last Configure-Request that the LAC sent.
    LastSentLcpConfreq(Vec<u8>),
    /// The options of the last Configure-Request that the LAC received.
    LastReceivedLcpConfreq(Vec<u8>),
    /// How the LAC authenticated the peer.
    ProxyAuthenType(ProxyAuthenType),
    /// The name that the peer gave the LAC.
    ProxyAuthenName(Vec<u8>),
    /// The challenge that the LAC gave the peer.
    ProxyAuthenChallenge(Vec<u8>),
    /// The identifier of that challenge.
    ProxyAuthenId {
        /// Reserved.
        reserved: u8,
        /// The identifier.
        id: u8,
    },
    /// The peer's response to the LAC, or its password.
    ProxyAuthenResponse(Vec<u8>),
    /// Errors of the line since the call began.
    CallErrors(CallErrors),
    /// The async control character maps of a link.
    Accm {
        /// Reserved.
        reserved: u16,
        /// For what the LAC sends to the PPP peer.
        send: u32,
        /// For what the LAC receives from the PPP peer.
        receive: u32,
    },
    /// What masks the hidden AVPs after it.
    RandomVector(Vec<u8>),
    /// The customer or network that a call belongs to.
    PrivateGroupId(Vec<u8>),
    /// The line speed from the peer, bits a second.
    RxConnectSpeed(u32),
    /// Data messages must be numbered.
    SequencingRequired,
    /// Why PPP ended.
    DisconnectCause(DisconnectCause),
    /// The value of an AVP whose H bit is set.
    Hidden(Vec<u8>),
    /// The value of an AVP of another vendor or of an unknown type.
    Opaque(Vec<u8>),
    /// The value of a known AVP that no value of this type can have.
    IllSized(Vec<u8>),
}

/// Why a tunnel or session ends (RFC 2661 section 4.4.2). What `result` means depends on the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultCode {
    /// The result. `StopControlConnectionNotificationResult` and `CallDisconnectNotifyResult` name it.
    pub result: u16,
    /// The general error, if it is there.
    pub error: Option<ErrorCode>,
    /// A text, UTF-8. It can only stand behind an error code.
    pub message: Vec<u8>,
}

/// Why an ISDN call ended (RFC 2661 section 4.4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseCode {
    /// The Q.931 cause code.
    pub cause_code: u16,
    /// The Q.931 message that it came in.
    pub cause_message: u8,
    /// A text.
    pub advisory_message: Vec<u8>,
}

/// Errors of a line since its call began (RFC 2661 section 4.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallErrors {
    /// Reserved.
    pub reserved: u16,
    /// Frames with a wrong check sequence.
    pub crc_errors: u32,
    /// Frames with wrong framing.
    pub framing_errors: u32,
    /// Overruns of the receive buffer.
    pub hardware_overruns: u32,
    /// Overruns of a buffer in software.
    pub buffer_overruns: u32,
    /// Time-outs.
    pub timeout_errors: u32,
    /// Alignment errors.
    pub alignment_errors: u32,
}

/// Why PPP ended (RFC 3145 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisconnectCause {
    /// The reason.
    pub disconnect_code: DisconnectCode,
    /// The PPP protocol that the reason is about, 0 if none.
    pub control_protocol_number: u16,
    /// Which side the reason is about.
    pub direction: DisconnectDirection,
    /// A text, UTF-8.
    pub message: Vec<u8>,
}

impl AvpValue {
    /// Reads the value of an AVP that is not hidden. Never fails: what has no type here stays octets.
    #[must_use]
    pub fn decode(vendor_id: u16, attribute_type: u16, octets: &[u8]) -> Self {
        let attribute = AttributeType::from_number(attribute_type);
        let Some(rule) = rule_for(attribute).filter(|_| vendor_id == 0) else {
            return Self::Opaque(octets.to_vec());
        };
        let lengths = rule.least_length..=rule.greatest_length;
        let mut r = Reader::new(octets);
        match Self::typed(attribute, &mut r) {
            Ok(value) if r.is_empty() && lengths.contains(&octets.len().saturating_add(AVP_HEADER)) => value,
            _ => Self::IllSized(octets.to_vec()),
        }
    }

    fn typed(attribute: AttributeType, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        use AttributeType as A;
        // Field names of refusals in here reach nobody: every refusal becomes `IllSized`.
        let field = "Attribute Value";
        Ok(match attribute {
            A::MessageType => Self::MessageType(r.u16(field)?.into()),
            A::ResultCode => Self::ResultCode(ResultCode::decode(r)?),
            A::ProtocolVersion => Self::ProtocolVersion { version: r.u8(field)?, revision: r.u8(field)? },
            A::FramingCapabilities => Self::FramingCapabilities(r.u32(field)?),
            A::BearerCapabilities => Self::BearerCapabilities(r.u32(field)?),
            A::TieBreaker => Self::TieBreaker(r.array(field)?),
            A::FirmwareRevision => Self::FirmwareRevision(r.u16(field)?),
            A::HostName => Self::HostName(r.take_rest().to_vec()),
            A::VendorName => Self::VendorName(r.take_rest().to_vec()),
            A::AssignedTunnelId => Self::AssignedTunnelId(r.u16(field)?),
            A::ReceiveWindowSize => Self::ReceiveWindowSize(r.u16(field)?),
            A::Challenge => Self::Challenge(r.take_rest().to_vec()),
            A::CauseCode => Self::CauseCode(CauseCode {
                cause_code: r.u16(field)?,
                cause_message: r.u8(field)?,
                advisory_message: r.take_rest().to_vec(),
            }),
            A::ChallengeResponse => Self::ChallengeResponse(r.array(field)?),
            A::AssignedSessionId => Self::AssignedSessionId(r.u16(field)?),
            A::CallSerialNumber => Self::CallSerialNumber(r.u32(field)?),
            A::MinimumBps => Self::MinimumBps(r.u32(field)?),
            A::MaximumBps => Self::MaximumBps(r.u32(field)?),
            A::BearerType => Self::BearerType(r.u32(field)?),
            A::FramingType => Self::FramingType(r.u32(field)?),
            A::CalledNumber => Self::CalledNumber(r.take_rest().to_vec()),
            A::CallingNumber => Self::CallingNumber(r.take_rest().to_vec()),
            A::SubAddress => Self::SubAddress(r.take_rest().to_vec()),
            A::TxConnectSpeed => Self::TxConnectSpeed(r.u32(field)?),
            A::PhysicalChannelId => Self::PhysicalChannelId(r.u32(field)?),
            A::InitialReceivedLcpConfreq => Self::InitialReceivedLcpConfreq(r.take_rest().to_vec()),
            A::LastSentLcpConfreq => Self::LastSentLcpConfreq(r.take_rest().to_vec()),
            A::LastReceivedLcpConfreq => Self::LastReceivedLcpConfreq(r.take_rest().to_vec()),
            A::ProxyAuthenType => Self::ProxyAuthenType(r.u16(field)?.into()),
            A::ProxyAuthenName => Self::ProxyAuthenName(r.take_rest().to_vec()),
            A::ProxyAuthenChallenge => Self::ProxyAuthenChallenge(r.take_rest().to_vec()),
            A::ProxyAuthenId => Self::ProxyAuthenId { reserved: r.u8(field)?, id: r.u8(field)? },
            A::ProxyAuthenResponse => Self::ProxyAuthenResponse(r.take_rest().to_vec()),
            A::CallErrors => Self::CallErrors(CallErrors::decode(r)?),
            A::Accm => Self::Accm { reserved: r.u16(field)?, send: r.u32(field)?, receive: r.u32(field)? },
            A::RandomVector => Self::RandomVector(r.take_rest().to_vec()),
            A::PrivateGroupId => Self::PrivateGroupId(r.take_rest().to_vec()),
            A::RxConnectSpeed => Self::RxConnectSpeed(r.u32(field)?),
            A::SequencingRequired => Self::SequencingRequired,
            A::DisconnectCause => Self::DisconnectCause(DisconnectCause {
                disconnect_code: r.u16(field)?.into(),
                control_protocol_number: r.u16(field)?,
                direction: r.u8(field)?.into(),
                message: r.take_rest().to_vec(),
            }),
            A::Unknown(_) => Self::Opaque(r.take_rest().to_vec()),
        })
    }

    /// Appends the octets of the value.
    pub fn encode(&self, w: &mut Writer) {
        match self {
            Self::MessageType(code) => w.u16(code.number()),
            Self::ProxyAuthenType(code) => w.u16(code.number()),
            Self::FirmwareRevision(number)
            | Self::AssignedTunnelId(number)
            | Self::ReceiveWindowSize(number)
            | Self::AssignedSessionId(number) => w.u16(*number),
            Self::FramingCapabilities(number)
            | Self::BearerCapabilities(number)
            | Self::CallSerialNumber(number)
            | Self::MinimumBps(number)
            | Self::MaximumBps(number)
            | Self::BearerType(number)
            | Self::FramingType(number)
            | Self::TxConnectSpeed(number)
            | Self::PhysicalChannelId(number)
            | Self::RxConnectSpeed(number) => w.u32(*number),
            Self::HostName(octets)
            | Self::VendorName(octets)
            | Self::Challenge(octets)
            | Self::CalledNumber(octets)
            | Self::CallingNumber(octets)
            | Self::SubAddress(octets)
            | Self::InitialReceivedLcpConfreq(octets)
            | Self::LastSentLcpConfreq(octets)
            | Self::LastReceivedLcpConfreq(octets)
            | Self::ProxyAuthenName(octets)
            | Self::ProxyAuthenChallenge(octets)
            | Self::ProxyAuthenResponse(octets)
            | Self::RandomVector(octets)
            | Self::PrivateGroupId(octets)
            | Self::Hidden(octets)
            | Self::Opaque(octets)
            | Self::IllSized(octets) => w.put(octets),
            Self::TieBreaker(octets) => w.put(octets),
            Self::ChallengeResponse(octets) => w.put(octets),
            Self::ProtocolVersion { version, revision } => w.put(&[*version, *revision]),
            Self::ProxyAuthenId { reserved, id } => w.put(&[*reserved, *id]),
            Self::Accm { reserved, send, receive } => {
                w.u16(*reserved);
                w.u32(*send);
                w.u32(*receive);
            }
            Self::ResultCode(value) => value.encode(w),
            Self::CauseCode(value) => {
                w.u16(value.cause_code);
                w.u8(value.cause_message);
                w.put(&value.advisory_message);
            }
            Self::CallErrors(value) => value.encode(w),
            Self::DisconnectCause(value) => {
                w.u16(value.disconnect_code.number());
                w.u16(value.control_protocol_number);
                w.u8(value.direction.number());
                w.put(&value.message);
            }
            Self::SequencingRequired => {}
        }
    }
}

impl ResultCode {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let result = r.u16("Result Code")?;
        let error = if r.is_empty() { None } else { Some(r.u16("Error Code")?.into()) };
        Ok(Self { result, error, message: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        w.u16(self.result);
        if let Some(error) = self.error {
            w.u16(error.number());
        }
        w.put(&self.message);
    }
}

impl CallErrors {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            reserved: r.u16("Reserved")?,
            crc_errors: r.u32("CRC Errors")?,
            framing_errors: r.u32("Framing Errors")?,
            hardware_overruns: r.u32("Hardware Overruns")?,
            buffer_overruns: r.u32("Buffer Overruns")?,
            timeout_errors: r.u32("Time-out Errors")?,
            alignment_errors: r.u32("Alignment Errors")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u16(self.reserved);
        w.u32(self.crc_errors);
        w.u32(self.framing_errors);
        w.u32(self.hardware_overruns);
        w.u32(self.buffer_overruns);
        w.u32(self.timeout_errors);
        w.u32(self.alignment_errors);
    }
}
