//! How an end behaves: what its messages are made of, and the habits in which implementations differ.

use core::fmt;
use core::time::Duration;

use super::wire::{Avp, AvpValue};

/// One AVP of a message, to be filled in when the message is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Our Host Name.
    HostName,
    /// Our Assigned Tunnel ID.
    AssignedTunnelId,
    /// Our Receive Window Size.
    ReceiveWindowSize,
    /// A Challenge, if we authenticate the peer; else it is left out.
    Challenge,
    /// The Challenge Response, if the peer asked for it; else it is left out.
    ChallengeResponse,
    /// A Tie Breaker.
    TieBreaker,
    /// Our Assigned Session ID.
    AssignedSessionId,
    /// The Call Serial Number.
    CallSerialNumber,
    /// The Result Code, in our form.
    ResultCode,
    /// A value that is always the same.
    Fixed(AvpValue),
    /// Another AVP as a whole, such as a vendor's.
    Whole(Avp),
}

/// One AVP of a message and its bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it says.
    pub content: Content,
    /// Its M bit.
    pub mandatory: bool,
    /// Whether it is hidden where a secret is shared.
    pub hidden: bool,
}

impl Part {
    /// An AVP with the M bit set, in the clear.
    #[must_use]
    pub const fn mandatory(content: Content) -> Self {
        Self { content, mandatory: true, hidden: false }
    }

    /// An AVP with the M bit clear, in the clear.
    #[must_use]
    pub const fn optional(content: Content) -> Self {
        Self { content, mandatory: false, hidden: false }
    }

    /// The same AVP, hidden where a secret is shared.
    #[must_use]
    pub fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }
}

/// What follows the Message Type in each message, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Messages {
    /// Start-Control-Connection-Request.
    pub sccrq: Vec<Part>,
    /// Start-Control-Connection-Reply.
    pub sccrp: Vec<Part>,
    /// Start-Control-Connection-Connected.
    pub scccn: Vec<Part>,
    /// Stop-Control-Connection-Notification.
    pub stop_ccn: Vec<Part>,
    /// Incoming-Call-Request.
    pub icrq: Vec<Part>,
    /// Incoming-Call-Reply.
    pub icrp: Vec<Part>,
    /// Incoming-Call-Connected.
    pub iccn: Vec<Part>,
    /// Call-Disconnect-Notify.
    pub cdn: Vec<Part>,
}

impl Messages {
    /// What the RFC asks for and xl2tpd sends, with this vendor name and firmware revision.
    #[must_use]
    pub fn xl2tpd(vendor_name: &[u8], firmware: u16) -> Self {
        use Content as C;
        let (must, may) = (Part::mandatory, Part::optional);
        let start = || {
            vec![
                must(C::Fixed(AvpValue::ProtocolVersion { version: 1, revision: 0 })),
                must(C::Fixed(AvpValue::FramingCapabilities(3))),
                must(C::Fixed(AvpValue::BearerCapabilities(0))),
                may(C::Fixed(AvpValue::FirmwareRevision(firmware))),
                must(C::HostName),
                may(C::Fixed(AvpValue::VendorName(vendor_name.to_vec()))),
                must(C::AssignedTunnelId),
                must(C::ReceiveWindowSize),
                must(C::ChallengeResponse),
                must(C::Challenge),
            ]
        };
        Self {
            sccrq: start(),
            sccrp: start(),
            scccn: vec![must(C::ChallengeResponse)],
            stop_ccn: vec![must(C::AssignedTunnelId), must(C::ResultCode)],
            icrq: vec![
                must(C::AssignedSessionId),
                must(C::CallSerialNumber),
                must(C::Fixed(AvpValue::BearerType(0))),
            ],
            icrp: vec![must(C::AssignedSessionId)],
            iccn: vec![
                must(C::Fixed(AvpValue::TxConnectSpeed(100_000_000))),
                must(C::Fixed(AvpValue::FramingType(1))),
                may(C::Fixed(AvpValue::RxConnectSpeed(100_000_000))),
            ],
            cdn: vec![must(C::ResultCode), must(C::AssignedSessionId)],
        }
    }
}

/// How tunnel and session IDs, and call serial numbers, are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// At random (L2TP-2661-9.1-a).
    Random,
    /// Counting from 1.
    Sequential,
}

/// How a Result Code is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultForm {
    /// With an error code, zero if there is none, and the text.
    WithError,
    /// With an error code only where there is one, as Android and `RouterOS` do (L2TP-2661-4.4.2-a).
    Bare,
    /// As macOS and iOS write it: the result little-endian, and six octets of nothing behind it.
    Apple,
}

/// How data messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DataHabit {
    /// Whether they state their length (L bit).
    pub has_length: bool,
    /// Whether they are numbered though nobody asks for it (S bit).
    pub is_numbered: bool,
    /// The Offset Size, if they state one (O bit).
    pub offset_size: Option<u16>,
}

/// One end.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// What its messages are made of.
    pub messages: Messages,
    /// Its name; some send a NUL with it.
    pub host_name: Vec<u8>,
    /// Its receive window, in messages; zero is invalid (L2TP-2661-5.8-i).
    pub receive_window: u16,
    /// The secret that it shares with its peers.
    pub secret: Option<Vec<u8>>,
    /// Whether the peer has to prove that it knows the secret, and how long the challenge is, in octets.
    pub challenge_octets: Option<usize>,
    /// After what silence of the peer it says Hello (L2TP-2661-6.5-b).
    pub hello: Option<Duration>,
    /// How long to wait after each sending of a message; the tunnel is cleared after the last wait (L2TP-2661-5.8-f,
    /// L2TP-2661-5.8-h).
    pub retransmission: Vec<Duration>,
    /// How long an acknowledgment may wait for a message to travel with.
    pub acknowledgment_delay: Duration,
    /// How it chooses tunnel and session IDs.
    pub ids: Numbers,
    /// How it chooses call serial numbers.
    pub call_serial_numbers: Numbers,
    /// How it writes a Result Code.
    pub result_form: ResultForm,
    /// What it says for people in a Result Code where it has nothing else to say.
    pub result_text: Vec<u8>,
    /// The result of a CDN where what the call was for has ended (RFC 2661 section 4.4.2).
    pub hangup_result: u16,
    /// How it writes data messages.
    pub data: DataHabit,
    /// Whether it answers tunnels and calls of others.
    pub accepts_tunnels: bool,
    /// How many tunnels begun by others may not be up.
    pub half_open_limit: usize,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("host_name", &self.host_name).finish_non_exhaustive()
    }
}

impl Config {
    /// The waits that RFC 2661 section 5.8 recommends: 1 s, doubled up to 8 s, five repeats.
    pub const RECOMMENDED_RETRANSMISSION: [Duration; 6] = [
        Duration::from_secs(1),
        Duration::from_secs(2),
        Duration::from_secs(4),
        Duration::from_secs(8),
        Duration::from_secs(8),
        Duration::from_secs(8),
    ];
}
