//! PPP: the frame header, the packets of every control and authentication protocol met over L2TP, and their options.
//! The layer negotiates with them on any number of links; the wire formats decide nothing.
//!
//! RFC 1661 and 1570 (LCP), 1662 (framing), 1334 (PAP), 1994 (CHAP), 2433 and 2759 (MS-CHAP), 1332 and 1877 (IPCP),
//! 5072 (IPV6CP), 1962 (CCP) with 1974, 1977, 1978, 1979 and 3078 (its options), 3748 (EAP), 1990 and 2153.

mod any;
mod authentication;
mod automaton;
pub mod cbcp;
pub mod ccp;
pub mod chap;
mod config;
pub mod control;
mod desire;
pub mod eap;
mod envelope;
mod event;
pub mod frame;
pub mod ipcp;
pub mod ipv6cp;
mod layer;
pub mod lcp;
mod link;
mod negotiation;
mod number;
pub mod pap;
pub mod raw;
#[cfg(test)]
mod tests;
mod text;

pub use any::{Control, decode_control};
pub use config::{
    Authentication, Compression, Config, Echo, Ipcp, IpcpRequest, LcpRequest, Method, Pool, RefusalHabit,
    Secret,
};
pub use event::{Command, End, Event, Frame, LinkId, Refusal, Violation};
pub use layer::{Ppp, Received};
pub use negotiation::Timers;
pub use number::Protocol;
