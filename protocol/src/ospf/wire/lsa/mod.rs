//! A link state advertisement (RFC 2328 section A.4).

mod external;
mod header;
mod router;
mod summary;

pub use external::{AsExternalLsa, ExternalRoute};
pub use header::LsaHeader;
pub use router::{NetworkLsa, RouterLink, RouterLsa, TosMetric};
pub use summary::{SummaryLsa, SummaryTosMetric};

use super::checksum;
use super::code_point::LsType;
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value};

/// Octets of the LS age, which the checksum leaves out.
const AGE: usize = 2;

/// A link state advertisement.
///
/// A wrong checksum does not keep it from decoding, and is encoded again: only this LSA is to be skipped (requirement
/// OSPF-2328-13-b), see [`Lsa::checksum_fits`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lsa {
    /// The header. Its length is what was found; encoding writes the right one.
    pub header: LsaHeader,
    /// What is advertised.
    pub body: LsaBody,
}

/// What an LSA advertises, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LsaBody {
    /// The links of a router.
    Router(RouterLsa),
    /// The routers on a network.
    Network(NetworkLsa),
    /// A route to another area, or to a boundary router there.
    Summary(SummaryLsa),
    /// A route out of the autonomous system, type 5.
    AsExternal(AsExternalLsa),
    /// A route out of a not-so-stubby area, type 7 (RFC 3101), in the format of type 5.
    Nssa(AsExternalLsa),
    /// What an application wants flooded (RFC 5250).
    Opaque(Vec<u8>),
    /// The body of a type without a format here.
    Unknown(Vec<u8>),
    /// A body that its type cannot have.
    IllFormed(Vec<u8>),
}

impl Lsa {
    /// Whether the checksum is not zero and fits the octets (requirement OSPF-2328-12.1.7-a).
    #[must_use]
    pub fn checksum_fits(&self) -> bool {
        let mut w = Writer::new();
        self.encode(&mut w);
        self.header.ls_checksum != 0 && checksum::fletcher_fits(w.written_from(AGE))
    }

    /// The LSA with the right checksum and length.
    #[must_use]
    pub fn with_checksum(mut self) -> Self {
        let mut w = Writer::new();
        self.encode(&mut w);
        self.header.ls_checksum = checksum::fletcher(w.written_from(AGE), LsaHeader::CHECKSUM_AT - AGE);
        self.header.length = self.length();
        self
    }

    /// Octets of header and body; the greatest number if there are more than the length field holds.
    fn length(&self) -> u16 {
        let mut w = Writer::new();
        self.encode(&mut w);
        u16::try_from(w.len()).unwrap_or(u16::MAX)
    }
}

impl LsaBody {
    /// Never fails, for an ill-formed body makes only its own LSA useless.
    fn decode(ls_type: LsType, octets: &[u8]) -> Self {
        let body = match ls_type {
            LsType::Router => RouterLsa::decode_all(octets).map(Self::Router),
            LsType::Network => NetworkLsa::decode_all(octets).map(Self::Network),
            LsType::SummaryNetwork | LsType::SummaryBoundaryRouter => {
                SummaryLsa::decode_all(octets).map(Self::Summary)
            }
            LsType::AsExternal => AsExternalLsa::decode_all(octets).map(Self::AsExternal),
            LsType::Nssa => AsExternalLsa::decode_all(octets).map(Self::Nssa),
            LsType::OpaqueLink | LsType::OpaqueArea | LsType::OpaqueAs => Ok(Self::Opaque(octets.to_vec())),
            LsType::GroupMembership | LsType::ExternalAttributes | LsType::Unknown(_) => {
                Ok(Self::Unknown(octets.to_vec()))
            }
        };
        body.unwrap_or_else(|_| Self::IllFormed(octets.to_vec()))
    }

    fn encode(&self, w: &mut Writer) {
        match self {
            Self::Router(body) => body.encode(w),
            Self::Network(body) => body.encode(w),
            Self::Summary(body) => body.encode(w),
            Self::AsExternal(body) | Self::Nssa(body) => body.encode(w),
            Self::Opaque(octets) | Self::Unknown(octets) | Self::IllFormed(octets) => w.put(octets),
        }
    }
}

impl Codec for Lsa {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut ahead = *r;
        let header = LsaHeader::decode(&mut ahead)?;
        let length = usize::from(header.length);
        if length < LsaHeader::LENGTH {
            return Err(r.refuse("LSA length", Why::Length { got: length, want: LsaHeader::LENGTH }));
        }
        let mut lsa = r.sub("LSA length", length)?;
        lsa.take("LSA header", LsaHeader::LENGTH)?;
        Ok(Self { header, body: LsaBody::decode(header.ls_type, lsa.take_rest()) })
    }

    fn encode(&self, w: &mut Writer) {
        self.header.encode_to_length(w);
        w.length_u16("LSA length", LsaHeader::LENGTH, |w| self.body.encode(w));
    }
}

impl Show for Lsa {
    fn show(&self, sink: &mut dyn Sink) {
        LsaHeader { length: self.length(), ..self.header }.show(sink);
        sink.field("ls_checksum_fits", Value::Flag(self.checksum_fits()));
        match &self.body {
            LsaBody::Router(body) => body.show(sink),
            LsaBody::Network(body) => body.show(sink),
            LsaBody::Summary(body) => body.show(sink),
            LsaBody::AsExternal(body) | LsaBody::Nssa(body) => body.show(sink),
            LsaBody::Opaque(octets) => sink.field("opaque_information", Value::Octets(octets)),
            LsaBody::Unknown(octets) => sink.field("body", Value::Octets(octets)),
            LsaBody::IllFormed(octets) => sink.field("ill_formed_body", Value::Octets(octets)),
        }
    }
}
