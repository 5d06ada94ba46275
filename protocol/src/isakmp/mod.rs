//! IKEv1 (RFC 2407, RFC 2408, RFC 2409).

pub mod keys;
