//! OSPFv2 (RFC 2328): its packets, what authenticates them, and a router on point-to-point links.

pub mod authentication;
pub mod config;
pub mod database;
mod event;
mod exchange;
mod flooding;
mod layer;
mod neighbor;
mod origination;
mod packet;
mod spf;
pub mod table;
pub mod wire;

pub use config::{Announced, Announcement, Authenticates, Config, External, InterfaceConfig};
pub use event::{Command, Event, InterfaceId, PathType, Route, Unit, Violation};
pub use layer::Ospf;
