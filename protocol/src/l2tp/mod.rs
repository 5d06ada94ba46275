//! L2TPv2 (RFC 2661): its messages, the hiding of AVPs, and tunnel authentication.

pub mod authentication;
pub mod hidden;
pub mod wire;
