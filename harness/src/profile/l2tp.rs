//! What a profile says about L2TP.

use schemars::JsonSchema;
use serde::Deserialize;

use l2tpspec_protocol::l2tp::{Numbers, ResultForm};

use super::fact::Fact;
use super::word::{Named, Octets, Span};

/// L2TP.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct L2tp {
    /// The UDP port that it sends from; 0 is an ephemeral one.
    pub source_port: Fact<u16>,
    /// Its Host Name, with a NUL where it sends one.
    pub host_name: Fact<String>,
    /// Receive Window Size.
    pub receive_window: Fact<u16>,
    /// The length of its challenges, in octets, if it authenticates the peer where a secret is shared.
    pub challenge_octets: Fact<Option<usize>>,
    /// After what silence it says Hello.
    pub hello: Fact<Option<Span>>,
    /// How long it waits after each sending of a message.
    pub retransmission: Fact<Vec<Span>>,
    /// How long an acknowledgment waits for a message to travel with.
    pub acknowledgment_delay: Fact<Span>,
    /// How it chooses tunnel and session IDs.
    pub ids: Fact<Named<Numbers>>,
    /// How it chooses call serial numbers.
    pub call_serial_numbers: Fact<Named<Numbers>>,
    /// How it writes a Result Code.
    pub result_form: Fact<Named<ResultForm>>,
    /// What it says for people in a Result Code; nothing if this is left out.
    pub result_text: Option<Fact<String>>,
    /// The result of its CDN where the link has ended; 3, administrative reasons, if this is left out.
    pub hangup_result: Option<Fact<u16>>,
    /// Its data messages.
    pub data: Data,
    /// What its messages are made of.
    pub messages: Messages,
    /// What else is known of it.
    pub reactions: Vec<Fact<String>>,
}

/// How data messages are written.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Whether they state their length (L bit).
    pub length: Fact<bool>,
    /// Whether they are numbered though nobody asks for it (S bit).
    pub sequence: Fact<bool>,
    /// The Offset Size, if they state one (O bit).
    pub offset: Fact<Option<u16>>,
}

/// What follows the Message Type in each message, in order; nothing where it never sends one.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// Start-Control-Connection-Request.
    pub sccrq: Option<Fact<Vec<Part>>>,
    /// Start-Control-Connection-Reply.
    pub sccrp: Option<Fact<Vec<Part>>>,
    /// Start-Control-Connection-Connected.
    pub scccn: Option<Fact<Vec<Part>>>,
    /// Stop-Control-Connection-Notification.
    pub stop_ccn: Fact<Vec<Part>>,
    /// Incoming-Call-Request.
    pub icrq: Option<Fact<Vec<Part>>>,
    /// Incoming-Call-Reply.
    pub icrp: Option<Fact<Vec<Part>>>,
    /// Incoming-Call-Connected.
    pub iccn: Option<Fact<Vec<Part>>>,
    /// Call-Disconnect-Notify.
    pub cdn: Fact<Vec<Part>>,
}

/// An AVP and its bits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it says.
    pub avp: Avp,
    /// Its M bit, which is set if this is left out.
    #[serde(default = "set")]
    pub mandatory: bool,
    /// Whether it is hidden where a secret is shared.
    #[serde(default)]
    pub hidden: bool,
}

const fn set() -> bool {
    true
}

/// What an AVP says: a value of its own, or one that is filled in when the message is made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Avp {
    /// Protocol Version 1.0.
    ProtocolVersion,
    /// Framing Capabilities.
    FramingCapabilities(u32),
    /// Bearer Capabilities.
    BearerCapabilities(u32),
    /// Firmware Revision.
    FirmwareRevision(u16),
    /// Vendor Name.
    VendorName(String),
    /// Bearer Type.
    BearerType(u32),
    /// Framing Type.
    FramingType(u32),
    /// Tx Connect Speed.
    TxConnectSpeed(u32),
    /// Rx Connect Speed.
    RxConnectSpeed(u32),
    /// The Host Name.
    HostName,
    /// The Assigned Tunnel ID.
    AssignedTunnelId,
    /// The Receive Window Size.
    ReceiveWindowSize,
    /// A Challenge, if the peer is authenticated.
    Challenge,
    /// The Challenge Response, if the peer asked for it.
    ChallengeResponse,
    /// A Tie Breaker.
    TieBreaker,
    /// The Assigned Session ID.
    AssignedSessionId,
    /// The Call Serial Number.
    CallSerialNumber,
    /// The Result Code.
    ResultCode,
    /// A vendor's.
    Vendor(VendorAvp),
}

/// An AVP that a vendor numbers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorAvp {
    /// Vendor ID.
    pub vendor: u16,
    /// Attribute Type.
    pub attribute: u16,
    /// Attribute Value.
    pub value: Octets,
}
