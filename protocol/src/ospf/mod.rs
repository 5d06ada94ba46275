//! OSPFv2 (RFC 2328): its packets, and what authenticates them.

pub mod authentication;
pub mod wire;
