//! What a profile says about PPP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::word::{Octets, Span};

/// PPP.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ppp {
    /// The options that it asks for in LCP, in order.
    pub lcp: Fact<Vec<LcpOption>>,
    /// The identifier of its first Configure-Request.
    pub first_identifier: Fact<u8>,
    /// The restart timer.
    pub restart: Fact<Span>,
    /// How many Configure-Requests go unanswered.
    pub max_configure: Fact<u32>,
    /// Whether it waits for the peer's first request.
    pub is_passive: Fact<bool>,
    /// Whether it leaves out address and control where the peer allows it.
    pub compresses_address_and_control: Fact<bool>,
    /// Whether it leaves out an octet of the protocol where the peer allows it.
    pub compresses_protocol: Fact<bool>,
    /// Whether it takes the peer's request for both.
    pub grants_compression: Fact<bool>,
    /// Its Echo-Requests.
    pub echo: Fact<Option<Echo>>,
    /// After what idle time it hangs up.
    pub idle: Fact<Option<Span>>,
    /// Authentication.
    pub authentication: Authentication,
    /// The options that it asks for in IPCP, in order.
    pub ipcp: Fact<Vec<IpcpOption>>,
    /// Whether it lets the peer bring an address.
    pub accepts_peer_address: Fact<bool>,
    /// Whether it speaks IPv6.
    pub ipv6cp: Fact<bool>,
    /// What it asks for in CCP; null if it rejects CCP as a protocol.
    pub ccp: Fact<Option<Vec<CcpOption>>>,
    /// What its LCP Identification packets say.
    pub identification: Fact<Vec<String>>,
    /// What its Terminate-Requests carry.
    pub terminate_data: Fact<Octets>,
    /// What else is known of it.
    pub reactions: Vec<Fact<String>>,
}

/// An option of LCP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LcpOption {
    /// Maximum-Receive-Unit, in octets.
    Mru(u16),
    /// Async-Control-Character-Map.
    Accm(u32),
    /// Authentication-Protocol: the first of the methods asked for that is not refused.
    Authentication,
    /// Magic-Number.
    MagicNumber,
    /// Protocol-Field-Compression.
    Pfc,
    /// Address-and-Control-Field-Compression.
    Acfc,
    /// Callback with this operation and no more.
    Callback(u8),
}

/// An option of IPCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IpcpOption {
    /// IP-Address: a client asks to be given one, a supernode tells its own.
    Address,
    /// Van Jacobson compression with slots up to this one, the slot compressed too.
    VanJacobson(u8),
    /// Primary-DNS-Address.
    PrimaryDns,
    /// Secondary-DNS-Address.
    SecondaryDns,
    /// Primary-NBNS-Address.
    PrimaryNbns,
    /// Secondary-NBNS-Address.
    SecondaryNbns,
}

/// An option of CCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CcpOption {
    /// MPPE with these Supported Bits.
    Mppe(u32),
    /// Deflate with a window of this many bits.
    Deflate(u8),
    /// Deflate by its draft's number, likewise.
    DraftDeflate(u8),
    /// BSD Compress with codes of this many bits.
    Bsd(u8),
}

/// How a peer proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// PAP.
    Pap,
    /// CHAP with MD5.
    ChapMd5,
    /// MS-CHAP version 1.
    MsChapV1,
    /// MS-CHAP version 2.
    MsChapV2,
    /// EAP with MD5-Challenge.
    EapMd5,
    /// EAP with MS-CHAP version 2.
    EapMsChapV2,
}

/// Authentication.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// What it asks of the peer, the one preferred most first.
    pub asks: Fact<Vec<Method>>,
    /// What it does itself, the one preferred most first.
    pub does: Fact<Vec<Method>>,
    /// Its name in challenges; that of the user if it is null.
    pub name: Fact<Option<String>>,
    /// The name of the peer by which it looks up a secret, whatever the peer calls itself.
    pub remote_name: Fact<Option<String>>,
    /// What it says beside the error where it refuses an MS-CHAPv2 response; no retry and version 3 if this is left out.
    pub refusal: Option<Fact<Refusal>>,
}

/// What an MS-CHAPv2 Failure says beside the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Whether it says that another response may be sent.
    pub retry: bool,
    /// The version of the password protocol.
    pub version: u32,
}

/// Echo-Requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// How often.
    pub interval: Span,
    /// How many may go unanswered.
    pub failures: u32,
    /// Whether the first is sent as soon as LCP is up; not if this is left out.
    #[serde(default)]
    pub at_once: bool,
}
