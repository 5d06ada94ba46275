//! How an end behaves: what it offers and accepts, and the habits in which implementations differ.

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use super::policy::{Phase1Acceptance, Phase1Offer, Phase2Acceptance, Phase2Offer};
use super::wire::{EncapsulationMode, Header, Id, Known, PayloadType, VendorId};
use crate::codec::{Codec as _, Reader};

/// How phase 1 is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Main Mode (RFC 2409 section 5.4).
    Main,
    /// Aggressive Mode: three messages, and the identities are not hidden.
    Aggressive,
}

/// A variant of NAT traversal. They differ in numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NatMethod {
    /// RFC 3947.
    Rfc3947,
    /// Draft 03.
    Draft03,
    /// Draft 02, whose vendor ID is the digest of its name and a newline.
    Draft02Newline,
    /// Draft 02.
    Draft02,
}

impl NatMethod {
    /// The method that a vendor ID announces.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "other vendor IDs announce none")]
    pub fn of(vendor_id: &VendorId) -> Option<Self> {
        match vendor_id.known()? {
            Known::Rfc3947 => Some(Self::Rfc3947),
            Known::NatTDraft03 => Some(Self::Draft03),
            Known::NatTDraft02Newline => Some(Self::Draft02Newline),
            Known::NatTDraft02 => Some(Self::Draft02),
            _ => None,
        }
    }

    /// Its vendor ID.
    #[must_use]
    pub fn vendor_id(self) -> Option<VendorId> {
        VendorId::of(match self {
            Self::Rfc3947 => Known::Rfc3947,
            Self::Draft03 => Known::NatTDraft03,
            Self::Draft02Newline => Known::NatTDraft02Newline,
            Self::Draft02 => Known::NatTDraft02,
        })
    }

    /// The number of its NAT-D payload.
    #[must_use]
    pub const fn nat_d(self) -> PayloadType {
        match self {
            Self::Rfc3947 => PayloadType::NatD,
            Self::Draft03 | Self::Draft02Newline | Self::Draft02 => PayloadType::NatDDraft00,
        }
    }

    /// The number of its NAT-OA payload.
    #[must_use]
    pub const fn nat_oa(self) -> PayloadType {
        match self {
            Self::Rfc3947 => PayloadType::NatOa,
            Self::Draft03 | Self::Draft02Newline | Self::Draft02 => PayloadType::NatOaDraft00,
        }
    }

    /// The number of UDP-encapsulated transport mode.
    #[must_use]
    pub const fn encapsulation(self) -> EncapsulationMode {
        match self {
            Self::Rfc3947 => EncapsulationMode::UdpEncapsulatedTransport,
            Self::Draft03 | Self::Draft02Newline | Self::Draft02 => {
                EncapsulationMode::UdpEncapsulatedTransportDraft
            }
        }
    }
}

/// NAT traversal of one end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatTraversal {
    /// The methods that are announced by the vendor IDs and taken, the one preferred most first.
    pub methods: Vec<NatMethod>,
    /// How long the path may be silent before a keepalive is sent (NATT-3948-4-b).
    pub keepalive: Duration,
    /// Whether Quick Mode tells original addresses: both of them, or none.
    pub sends_original_addresses: bool,
}

/// How an end calls itself in phase 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnIdentity {
    /// Its address, as it sees it, with a protocol and a port: 0 and 0, or 17 and 500 (DOI-2407-4.6.2-a).
    Address {
        /// Protocol ID.
        protocol: u8,
        /// Port.
        port: u16,
    },
    /// Something else.
    Other(Id),
}

/// Where INITIAL-CONTACT is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialContact {
    /// Nowhere.
    Never,
    /// In the last message of phase 1 that its sender encrypts.
    InPhase1,
    /// In an Informational exchange after phase 1.
    Apart,
}

/// Dead peer detection (RFC 3706).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadPeerDetection {
    /// How long nothing may be heard of the peer before it is asked; never if there is none, which still answers.
    pub interval: Option<Duration>,
    /// How long to wait for an answer before asking again.
    pub retry: Duration,
    /// After how long without an answer the peer is dead.
    pub timeout: Duration,
}

/// How message IDs are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageIds {
    /// At random (RFC 2409 section 5.5).
    Random,
    /// Counting from 1, as Windows does.
    Sequential,
}

/// How the last cipher block is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// With as few octets as it takes, or none.
    Least,
    /// With at least one octet, as strongSwan does.
    AtLeastOne,
}

/// A key shared with peers.
#[derive(Clone, PartialEq, Eq)]
pub struct PreSharedKey {
    /// The peer's address, or any.
    pub peer: Option<IpAddr>,
    /// The key.
    pub key: Vec<u8>,
}

impl fmt::Debug for PreSharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreSharedKey").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// When SAs are replaced, measured back from the end of their lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rekey {
    /// How long before its end an ISAKMP SA is replaced; never by this end if there is none.
    pub phase1_margin: Option<Duration>,
    /// How long before its end a pair of ESP SAs is replaced; never by this end if there is none.
    pub phase2_margin: Option<Duration>,
    /// How long an SA that was replaced is still kept.
    pub overlap: Duration,
}

/// One end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How it begins phase 1. As responder it takes both modes.
    pub mode: Mode,
    /// What it offers in phase 1.
    pub phase1_offer: Phase1Offer,
    /// What it accepts in phase 1; nothing if it answers nobody.
    pub phase1_acceptance: Option<Phase1Acceptance>,
    /// What it offers in phase 2.
    pub phase2_offer: Phase2Offer,
    /// What it accepts in phase 2; nothing if it answers nobody.
    pub phase2_acceptance: Option<Phase2Acceptance>,
    /// The keys, those of one peer before those of any.
    pub pre_shared_keys: Vec<PreSharedKey>,
    /// How it calls itself.
    pub identity: OwnIdentity,
    /// The vendor IDs that it sends first, in order. As responder it sends, of those that announce a NAT traversal
    /// method, only the one that is used (NATT-3947-3.1-a).
    pub vendor_ids: Vec<VendorId>,
    /// NAT traversal, if it is able to.
    pub nat_traversal: Option<NatTraversal>,
    /// The length of its nonces, in octets (IKE-2409-5-d).
    pub nonce_octets: usize,
    /// The length of its private Diffie-Hellman values, in octets; no group takes more than it has.
    pub private_octets: usize,
    /// Where it says INITIAL-CONTACT.
    pub initial_contact: InitialContact,
    /// Dead peer detection, if it is able to.
    pub dead_peer_detection: Option<DeadPeerDetection>,
    /// How long to wait after each sending of a flight; the exchange fails after the last wait.
    pub retransmission: Vec<Duration>,
    /// How it chooses message IDs.
    pub message_ids: MessageIds,
    /// How it fills cipher blocks.
    pub padding: Padding,
    /// Who may change messages before they are hashed and encrypted.
    pub editor: Editor,
    /// Whether it cuts HMAC-SHA-256 of ESP to 96 bits, as old kernels do.
    pub cuts_sha256_to_96: bool,
    /// Whether it answers those who begin phase 1 and have no SA with it yet.
    pub answers_strangers: bool,
    /// The UDP port of its own that is protected; 0 is any port.
    pub own_port: u16,
    /// The UDP port of the peer's that is protected; 0 is any port.
    pub peer_port: u16,
    /// The greatest message that is not sent in fragments to a peer that takes them, in octets.
    pub fragment_octets: Option<usize>,
    /// When SAs are replaced.
    pub rekey: Rekey,
    /// Whether the peer is told of SAs that end.
    pub sends_deletes: bool,
    /// How many exchanges of phase 1 may be begun by others and not be finished. One more takes the place of the oldest whose
    /// initiator has only spoken once, and is not begun if there is none.
    pub half_open_limit: usize,
}

impl Config {
    /// The waits of strongSwan: 4 s, each 1.8 times as long as the one before, five times.
    pub const STRONGSWAN_RETRANSMISSION: [Duration; 6] = [
        Duration::from_millis(4000),
        Duration::from_millis(7200),
        Duration::from_millis(12_960),
        Duration::from_millis(23_328),
        Duration::from_millis(41_990),
        Duration::from_millis(75_582),
    ];

    /// The key for a peer.
    #[must_use]
    pub fn key_for(&self, peer: IpAddr) -> Option<&[u8]> {
        let own = self.pre_shared_keys.iter().find(|key| key.peer == Some(peer));
        let any = || self.pre_shared_keys.iter().find(|key| key.peer.is_none());
        own.or_else(any).map(|key| key.key.as_slice())
    }
}

/// Somebody who may look at a message before it is hashed and encrypted, and change it: the header, with the encryption flag
/// clear, and all payloads but the hash.
#[derive(Clone, Default)]
pub struct Editor(pub Option<Arc<Edit>>);

/// A change to the octets of a message in the clear, by which message of its exchange it is, from 1.
pub type Edit = dyn Fn(u8, &mut Vec<u8>) + Send + Sync;

impl Editor {
    /// The header and the chain of payloads as they are to be sent. What is no message any more is left as it was.
    pub(super) fn edited(&self, step: u8, header: Header, chain: Vec<u8>) -> (Header, Vec<u8>) {
        let Some(edit) = &self.0 else { return (header, chain) };
        let plain = Header { flags: header.flags & !Header::ENCRYPTION, ..header };
        let Ok(mut octets) = plain.to_octets() else { return (header, chain) };
        octets.extend_from_slice(&chain);
        edit(step, &mut octets);
        let mut r = Reader::new(&octets);
        match Header::decode(&mut r) {
            Ok(edited) => (edited, r.take_rest().to_vec()),
            Err(_) => (header, chain),
        }
    }
}

impl fmt::Debug for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Editor(..)" } else { "Editor(None)" })
    }
}

impl PartialEq for Editor {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            _ => false,
        }
    }
}

impl Eq for Editor {}
