//! The Encapsulating Security Payload (RFC 4303, RFC 2406): packets as they are on the wire, opened and sealed
//! under given keys. Looking up the SA of a packet is the caller's business, and so is reassembly.

mod algorithm;
pub mod nat_t;
mod open;
pub mod replay_window;
mod sa;
mod seal;
#[cfg(test)]
mod tests;
pub mod wire;

pub use algorithm::{Encryption, Integrity};
pub use open::{Job, Opened, Refused, open, open_batch};
pub use sa::{BadKey, Sa};
pub use seal::Unsealable;
