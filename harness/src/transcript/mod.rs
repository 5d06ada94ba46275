//! Frames and keys become a transcript: the decoded, decrypted messages in time order. One dissector makes it, whoever
//! talked, and no judge looks at octets.

pub mod connection;
pub mod dissect;
mod dns;
pub mod entry;
pub mod ike;
pub mod ip;
pub mod layer;
pub mod live;
mod opened;
pub mod pipeline;
pub mod sas;
mod write;

pub use dissect::{Dissector, Options};
pub use entry::{Entry, Fault, FaultCause};
pub use layer::Layer;
pub use opened::Opened;
