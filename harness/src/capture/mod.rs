//! Captures and keys in: frames of a file one by one, what a frame's link layers hold, fragments put together
//! again, and the keys that open what is encrypted.
//!
//! Nothing here decodes a protocol above IP or PPP, and nothing decrypts.

mod error;
pub mod file;
pub mod keys;
pub mod link;
mod link_type;
mod pcap;
mod pcapng;
mod pppd;
pub mod reassembly;
mod source;
mod time;

pub use error::CaptureError;
pub use file::{CaptureFile, FrameMeta, Options};
pub use link_type::LinkType;
pub use time::Timestamp;
