//! IKEv1: ISAKMP (RFC 2408), its domain of interpretation (RFC 2407), the exchanges (RFC 2409), dead peer
//! detection (RFC 3706) and NAT traversal (RFC 3947).

mod association;
mod config;
mod event;
mod flight;
mod informational;
pub mod keys;
mod layer;
mod lifecycle;
mod phase1;
mod phase2;
pub mod policy;
mod quick_mode;
mod responder_lifetime;
mod secrets;
mod violation;
pub mod wire;

pub use config::{
    Config, DeadPeerDetection, Edit, Editor, InitialContact, MessageIds, Mode, NatMethod, NatTraversal,
    OwnIdentity, Padding, PreSharedKey, Rekey,
};
pub use event::{Child, Command, Datagram, DirectionKeys, End, Event, Failure, NatSituation, Role, SaId};
pub use layer::Isakmp;
pub use responder_lifetime::BadLifetime;
pub use violation::Violation;
