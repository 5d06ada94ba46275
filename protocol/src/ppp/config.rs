//! How an end behaves on a link: what it asks for and takes, and the habits in which implementations differ.

use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;

use super::negotiation::Timers;
use super::{ccp, lcp};

/// How a peer proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// PAP: the password in the clear (RFC 1334).
    Pap,
    /// CHAP with MD5 (RFC 1994).
    ChapMd5,
    /// MS-CHAP version 2, of both ends (RFC 2759).
    MsChapV2,
    /// EAP with MD5-Challenge (RFC 3748).
    EapMd5,
    /// EAP with MS-CHAP version 2, of both ends (draft-kamath-pppext-eap-mschapv2).
    EapMsChapV2,
}

/// An option that is asked for in LCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LcpRequest {
    /// Maximum-Receive-Unit, in octets.
    MaximumReceiveUnit(u16),
    /// Async-Control-Character-Map.
    AsyncControlCharacterMap(u32),
    /// Authentication-Protocol: the first method that is asked of the peer and not refused.
    Authentication,
    /// Magic-Number.
    MagicNumber,
    /// Protocol-Field-Compression.
    ProtocolFieldCompression,
    /// Address-and-Control-Field-Compression.
    AddressAndControlFieldCompression,
    /// Another option, always the same.
    Other(lcp::Option),
}

/// When address and control are left out of what is sent, once the peer allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Never.
    Never,
    /// In every frame but those of LCP.
    WhereAllowed,
}

/// A row of the table of secrets, as of pppd's chap-secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Who proves that it knows the secret.
    pub client: Vec<u8>,
    /// To whom; anybody if there is none.
    pub server: Option<Vec<u8>>,
    /// The secret.
    pub secret: Vec<u8>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("client", &self.client)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// How an end authenticates and is authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// What is asked of the peer, the one preferred most first; nothing if the peer need not prove anything.
    pub asks: Vec<Method>,
    /// What the end itself is ready to do, the one preferred most first.
    pub does: Vec<Method>,
    /// Its own name.
    pub name: Vec<u8>,
    /// The name of the peer by which a secret is looked up, whatever the peer calls itself; pppd's remotename.
    pub remote_name: Option<Vec<u8>>,
    /// The secrets.
    pub secrets: Vec<Secret>,
    /// How often the peer has to prove itself again.
    pub again: Option<Duration>,
    /// How long to wait for an answer before asking again, and how many times to ask.
    pub retry: Duration,
    /// See [`Authentication::retry`].
    pub tries: u32,
    /// How a wrong MS-CHAPv2 response is refused.
    pub refusal: RefusalHabit,
}

/// What an MS-CHAPv2 Failure says beside the error (RFC 2759 section 6). Another response is never waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalHabit {
    /// Whether it says that another may be sent.
    pub is_retry_allowed: bool,
    /// The version of the password protocol.
    pub version: u32,
}

impl Default for RefusalHabit {
    /// MSCHAP-2759-6-b.
    fn default() -> Self {
        Self { is_retry_allowed: false, version: 3 }
    }
}

/// An option that is asked for in IPCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpcpRequest {
    /// IP-Address: one's own, or unspecified to be given one.
    Address(Ipv4Addr),
    /// IP-Compression-Protocol: Van Jacobson's, with these slots.
    VanJacobson {
        /// Max-Slot-Id.
        max_slot_id: u8,
        /// Comp-Slot-Id.
        comp_slot_id: u8,
    },
    /// Primary-DNS-Address.
    PrimaryDns,
    /// Secondary-DNS-Address.
    SecondaryDns,
    /// Primary-NBNS-Address.
    PrimaryNbns,
    /// Secondary-NBNS-Address.
    SecondaryNbns,
}

/// Addresses to give away: from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// The first.
    pub first: Ipv4Addr,
    /// The last.
    pub last: Ipv4Addr,
}

/// IPv4 on a link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ipcp {
    /// What is asked for, in order.
    pub requests: Vec<IpcpRequest>,
    /// What is given to a peer that asks for an address.
    pub pool: Option<Pool>,
    /// Whether a peer may bring its own address.
    pub accepts_peer_address: bool,
    /// The resolvers that are told, primary and secondary; a request for them is rejected if there are none.
    pub dns: [Option<Ipv4Addr>; 2],
    /// The name servers of `NetBIOS`, likewise.
    pub nbns: [Option<Ipv4Addr>; 2],
}

/// When Echo-Requests are sent (RFC 1661 section 5.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// How often.
    pub interval: Duration,
    /// How many may go unanswered.
    pub failures: u32,
    /// Whether the first is sent as soon as LCP is up.
    pub is_at_once: bool,
}

/// One end of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What is asked for in LCP, in order.
    pub lcp: Vec<LcpRequest>,
    /// The identifier of the first Configure-Request.
    pub first_identifier: u8,
    /// Counters and timers.
    pub timers: Timers,
    /// Whether it waits for the peer's first request before it says anything.
    pub is_passive: bool,
    /// When address and control are left out.
    pub address_and_control: Compression,
    /// When the protocol takes one octet.
    pub protocol_field: Compression,
    /// Whether it takes the peer's request for PFC and ACFC.
    pub grants_compression: bool,
    /// How often an Echo-Request is sent and how many may go unanswered.
    pub echo: Option<Echo>,
    /// Authentication.
    pub authentication: Authentication,
    /// IPv4.
    pub ipcp: Option<Ipcp>,
    /// Whether IPv6 is spoken.
    pub has_ipv6: bool,
    /// What is asked for in CCP; nothing, and CCP is rejected as a protocol, if there is none.
    pub ccp: Option<Vec<ccp::Option>>,
    /// What Identification packets say once LCP is open, in order (RFC 1570 section 1.1).
    pub identification: Vec<Vec<u8>>,
    /// What Terminate-Requests carry.
    pub terminate_data: Vec<u8>,
}
