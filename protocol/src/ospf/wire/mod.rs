//! Packets of OSPFv2 as values (RFC 2328 appendix A, RFC 3101, RFC 5250, RFC 5613). Whether a neighbour may send one
//! is not decided here.

mod authentication;
mod body;
mod checksum;
mod code_point;
mod database_description;
mod hello;
mod link_state;
mod lsa;
mod packet;

pub use authentication::Authentication;
pub use body::Body;
pub use code_point::{AuthenticationType, LinkType, LsType, Options, PacketType};
pub use database_description::DatabaseDescription;
pub use hello::Hello;
pub use link_state::{LinkStateAcknowledgment, LinkStateRequest, LinkStateRequestEntry, LinkStateUpdate};
pub use lsa::{
    AsExternalLsa, ExternalRoute, Lsa, LsaBody, LsaHeader, NetworkLsa, RouterLink, RouterLsa, SummaryLsa,
    SummaryTosMetric, TosMetric,
};
pub use packet::{Packet, Recognised, recognise};

#[cfg(test)]
mod tests;
