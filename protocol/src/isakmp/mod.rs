//! IKEv1: ISAKMP (RFC 2408), its domain of interpretation (RFC 2407), the exchanges (RFC 2409), dead peer
//! detection (RFC 3706) and NAT traversal (RFC 3947).

pub mod keys;
pub mod policy;
pub mod wire;
