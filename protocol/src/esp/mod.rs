//! The Encapsulating Security Payload (RFC 4303, RFC 2406): packets as they are on the wire, opened and sealed
//! under given keys, and the layer that keeps security associations. Reassembly is the caller's business.

mod algorithm;
mod event;
mod layer;
pub mod nat_t;
mod open;
pub mod replay_window;
mod sa;
mod seal;
#[cfg(test)]
mod tests;
pub mod wire;

pub use algorithm::{Encryption, Integrity};
pub use event::{Event, Path, Ports, Violation};
pub use layer::{Arrival, Esp, Pair, Received};
pub use open::{Job, Opened, Refused, open, open_batch};
pub use sa::{BadKey, Sa};
pub use seal::Unsealable;
