//! L2TPv2 (RFC 2661): its messages, the hiding of AVPs, tunnel authentication, and the layer of LAC and LNS.

pub mod authentication;
mod config;
mod data;
mod event;
pub mod hidden;
mod layer;
mod read;
mod reliable;
mod session_control;
mod table;
mod tunnel;
mod tunnel_control;
mod violation;
pub mod wire;

pub use config::{Config, Content, DataHabit, Messages, Numbers, Part, ResultForm};
pub use data::Dropped;
pub use event::{Command, Datagram, End, Event, Path, Reason, SessionId, TunnelId};
pub use layer::L2tp;
pub use violation::Violation;
