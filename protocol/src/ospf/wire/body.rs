//! What a packet says, by its type.

use core::fmt;

use super::code_point::PacketType;
use super::database_description::DatabaseDescription;
use super::hello::Hello;
use super::link_state::{LinkStateAcknowledgment, LinkStateRequest, LinkStateUpdate};
use crate::codec::{Codec as _, Malformed, Reader, Writer};
use crate::show::{Show as _, Sink, Value};

/// The body of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Who is heard on the link.
    Hello(Hello),
    /// What a database holds.
    DatabaseDescription(DatabaseDescription),
    /// Which LSAs are wanted.
    LinkStateRequest(LinkStateRequest),
    /// LSAs.
    LinkStateUpdate(LinkStateUpdate),
    /// Which LSAs have arrived.
    LinkStateAcknowledgment(LinkStateAcknowledgment),
    /// A packet of a type without a name.
    Unknown {
        /// The type.
        packet_type: u8,
        /// The body.
        octets: Vec<u8>,
    },
}

impl Body {
    /// The type on the wire.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Hello(_) => PacketType::Hello,
            Self::DatabaseDescription(_) => PacketType::DatabaseDescription,
            Self::LinkStateRequest(_) => PacketType::LinkStateRequest,
            Self::LinkStateUpdate(_) => PacketType::LinkStateUpdate,
            Self::LinkStateAcknowledgment(_) => PacketType::LinkStateAcknowledgment,
            Self::Unknown { packet_type, .. } => PacketType::from_number(*packet_type),
        }
    }

    pub(super) fn decode(r: &mut Reader<'_>, packet_type: PacketType) -> Result<Self, Malformed> {
        Ok(match packet_type {
            PacketType::Hello => Self::Hello(Hello::decode(r)?),
            PacketType::DatabaseDescription => Self::DatabaseDescription(DatabaseDescription::decode(r)?),
            PacketType::LinkStateRequest => Self::LinkStateRequest(LinkStateRequest::decode(r)?),
            PacketType::LinkStateUpdate => Self::LinkStateUpdate(LinkStateUpdate::decode(r)?),
            PacketType::LinkStateAcknowledgment => {
                Self::LinkStateAcknowledgment(LinkStateAcknowledgment::decode(r)?)
            }
            PacketType::Unknown(packet_type) => Self::Unknown { packet_type, octets: r.take_rest().to_vec() },
        })
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        match self {
            Self::Hello(body) => body.encode(w),
            Self::DatabaseDescription(body) => body.encode(w),
            Self::LinkStateRequest(body) => body.encode(w),
            Self::LinkStateUpdate(body) => body.encode(w),
            Self::LinkStateAcknowledgment(body) => body.encode(w),
            Self::Unknown { octets, .. } => w.put(octets),
        }
    }

    pub(super) fn show(&self, sink: &mut dyn Sink) {
        match self {
            Self::Hello(body) => body.show(sink),
            Self::DatabaseDescription(body) => body.show(sink),
            Self::LinkStateRequest(body) => body.show(sink),
            Self::LinkStateUpdate(body) => body.show(sink),
            Self::LinkStateAcknowledgment(body) => body.show(sink),
            Self::Unknown { octets, .. } => sink.field("body", Value::Octets(octets)),
        }
    }

    pub(super) fn summarise(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello(body) => write!(f, " (neighbors {})", body.neighbors.len()),
            Self::DatabaseDescription(body) => body.summarise(f),
            Self::LinkStateRequest(body) => write!(f, " (LSAs {})", body.entries.len()),
            Self::LinkStateUpdate(body) => write!(f, " (LSAs {})", body.lsas.len()),
            Self::LinkStateAcknowledgment(body) => write!(f, " (LSAs {})", body.lsa_headers.len()),
            Self::Unknown { octets, .. } => write!(f, " (octets {})", octets.len()),
        }
    }
}
