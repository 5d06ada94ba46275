//! What a profile says about IKE.

use schemars::JsonSchema;
use serde::Deserialize;

use l2tpspec_protocol::isakmp::policy::{Encoding, LifetimePolicy, Preference, Structure};
use l2tpspec_protocol::isakmp::wire::{Group, Phase1Class, Phase2Class, VendorId};
use l2tpspec_protocol::isakmp::{InitialContact, MessageIds, Mode, NatMethod, Padding};

use super::fact::Fact;
use super::word::{EspSuite, IkeSuite, Named, Span};

/// IKE.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ike {
    /// How phase 1 is begun.
    pub mode: Fact<Named<Mode>>,
    /// Phase 1.
    pub phase1: Phase1,
    /// Phase 2.
    pub phase2: Phase2,
    /// The vendor IDs, in order.
    pub vendor_ids: Fact<Vec<Named<VendorId>>>,
    /// The length of nonces, in octets.
    pub nonce_octets: Fact<usize>,
    /// How it calls itself.
    pub identity: Fact<Identity>,
    /// Where it says INITIAL-CONTACT.
    pub initial_contact: Fact<Named<InitialContact>>,
    /// NAT traversal.
    pub nat: Nat,
    /// Dead peer detection.
    pub dpd: Fact<Option<DeadPeerDetection>>,
    /// How long it waits after each sending of a message.
    pub retransmission: Fact<Vec<Span>>,
    /// How it chooses message IDs.
    pub message_ids: Fact<Named<MessageIds>>,
    /// How it fills cipher blocks.
    pub padding: Fact<Named<Padding>>,
    /// The greatest message that it does not send in fragments, in octets, if it sends fragments.
    pub fragmentation: Fact<Option<usize>>,
    /// When SAs are replaced.
    pub rekey: Rekey,
    /// Whether it tells the peer of SAs that end.
    pub sends_deletes: Fact<bool>,
    /// What else is known of it.
    pub reactions: Vec<Fact<String>>,
}

/// How the transform that was chosen is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerForm {
    /// Octet by octet as it was offered.
    AsOffered,
    /// Anew, as one's own offers are written.
    Rewritten,
}

/// What is offered and taken in phase 1.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase1 {
    /// The suites offered, in order.
    pub suites: Fact<Vec<IkeSuite>>,
    /// The suites taken; those offered if this is left out. Only supernodes answer.
    pub accepts: Option<Fact<Vec<IkeSuite>>>,
    /// Whose order decides.
    pub preference: Option<Fact<Named<Preference>>>,
    /// How the choice is written: as it was offered, which is meant if this is left out, or with the order, the form and the first
    /// number of one's own offers. Only supernodes answer.
    pub answer: Option<Fact<Named<AnswerForm>>>,
    /// The order of attributes.
    pub attribute_order: Fact<Vec<Named<Phase1Class>>>,
    /// The lifetime, in seconds.
    pub life_seconds: Fact<u32>,
    /// How durations are written.
    pub life_encoding: Fact<Named<Encoding>>,
    /// What is done about another lifetime.
    pub life_policy: Fact<Named<LifetimePolicy>>,
    /// The number of the proposal.
    pub proposal_number: Fact<u8>,
    /// The number of the first transform.
    pub first_transform: Fact<u8>,
}

/// What is offered and taken in phase 2.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase2 {
    /// How alternatives are written.
    pub structure: Fact<Named<Structure>>,
    /// The suites offered, in order.
    pub suites: Fact<Vec<EspSuite>>,
    /// The suites taken; those offered if this is left out. Only supernodes answer.
    pub accepts: Option<Fact<Vec<EspSuite>>>,
    /// The order of attributes.
    pub attribute_order: Fact<Vec<Named<Phase2Class>>>,
    /// The lifetime, in seconds.
    pub life_seconds: Fact<u32>,
    /// The lifetime, in kilobytes.
    pub life_kilobytes: Fact<Option<u32>>,
    /// How durations are written.
    pub life_encoding: Fact<Named<Encoding>>,
    /// The number of the first proposal.
    pub first_proposal: Fact<u8>,
    /// The number of the first transform.
    pub first_transform: Fact<u8>,
    /// The group of perfect forward secrecy.
    pub pfs: Fact<Option<Named<Group>>>,
    /// The groups of perfect forward secrecy that are taken besides none. Only supernodes answer.
    pub accepts_pfs: Option<Fact<Vec<Named<Group>>>>,
    /// The UDP port of its own in its identity; 0 is any, and null the one that L2TP is sent from.
    pub own_port: Fact<Option<u16>>,
    /// The UDP port of the peer's in its identity; 0 is any.
    pub peer_port: Fact<u16>,
    /// Whether it cuts HMAC-SHA-256 to 96 bits.
    pub cuts_sha256_to_96: Fact<bool>,
}

/// An identity of phase 1: the sender's address, with a protocol and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Protocol ID.
    pub protocol: u8,
    /// Port.
    pub port: u16,
}

/// NAT traversal.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nat {
    /// The methods that it is able to use, the one preferred most first.
    pub methods: Fact<Vec<Named<NatMethod>>>,
    /// How long the path may be silent before a keepalive.
    pub keepalive: Fact<Span>,
    /// Whether Quick Mode tells original addresses.
    pub original_addresses: Fact<bool>,
}

/// Dead peer detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadPeerDetection {
    /// After what silence it asks; never if this is null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub interval: Option<Span>,
    /// How long it waits before asking again.
    pub retry: Span,
    /// When the peer is dead.
    pub timeout: Span,
}

/// When SAs are replaced, back from the end of their lives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rekey {
    /// ISAKMP SAs; never by this end if it is null.
    pub phase1_margin: Fact<Option<Span>>,
    /// ESP SAs; never by this end if it is null.
    pub phase2_margin: Fact<Option<Span>>,
    /// How long an SA that was replaced is kept.
    pub overlap: Fact<Span>,
}
