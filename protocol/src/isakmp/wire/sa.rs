//! The Security Association payload with its proposals and transforms (RFC 2408 sections 3.4 to 3.6, RFC 2407
//! section 4.6.1).
//!
//! ```text
//! DOI 4 | Situation 4 | Proposal: Next Payload 1, RESERVED 1, Payload Length 2, Proposal # 1, Protocol-Id 1,
//!                                 SPI Size 1, # of Transforms 1, SPI
//!                       | Transform: Next Payload 1, RESERVED 1, Payload Length 2, Transform # 1,
//! Transform-Id 1,
//!                                    RESERVED2 2, SA Attributes
//! ```

use super::attribute::show_list;
use super::payload::body_length;
use super::{Attribute, AttributeRegistry, Doi, PayloadType, ProtocolId, transform_name};
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value, list};

/// What a side offers, or has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sa {
    /// Under whose rules the rest is read.
    pub doi: Doi,
    /// The situation, and what follows it if it is not understood here.
    pub situation: Situation,
    /// The proposals; none if the situation is not understood here.
    pub proposals: Vec<Proposal>,
}

/// Under which circumstances an SA is negotiated (RFC 2407 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Situation {
    /// `SIT_IDENTITY_ONLY`: the proposals follow.
    IdentityOnly,
    /// A labelled situation, or that of an unknown DOI: all octets after the DOI.
    Other(Vec<u8>),
}

impl Situation {
    /// The number of `SIT_IDENTITY_ONLY`.
    pub const IDENTITY_ONLY: u32 = 1;
}

/// One protocol of an offer. Proposals of the same number belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The RESERVED octet of its header.
    pub reserved: u8,
    /// The proposal number.
    pub number: u8,
    /// The protocol that it is about.
    pub protocol: ProtocolId,
    /// The sender's SPI: as a rule none in phase 1 and four octets in phase 2.
    pub spi: Vec<u8>,
    /// The alternatives, the one preferred most first.
    pub transforms: Vec<Transform>,
}

/// One alternative of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transform {
    /// The RESERVED octet of its header.
    pub reserved: u8,
    /// The transform number.
    pub number: u8,
    /// The transform identifier, named by [`transform_name`].
    pub id: u8,
    /// The RESERVED2 field.
    pub reserved2: u16,
    /// The attributes, named by the [`AttributeRegistry`] of the protocol.
    pub attributes: Vec<Attribute>,
}

impl Transform {
    /// The first attribute of a class.
    #[must_use]
    pub fn attribute(&self, class: u16) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.class == class)
    }

    /// Its Payload Length, in octets.
    #[must_use]
    pub fn length(&self) -> usize {
        self.attributes.iter().map(Attribute::length).fold(8, usize::saturating_add)
    }
}

impl Proposal {
    /// Its Payload Length, in octets.
    #[must_use]
    pub fn length(&self) -> usize {
        let header = self.spi.len().saturating_add(8);
        self.transforms.iter().map(Transform::length).fold(header, usize::saturating_add)
    }
}

impl Codec for Sa {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let doi = Doi::from_number(r.u32("DOI")?);
        if matches!(doi, Doi::Unknown(_)) {
            let situation = Situation::Other(r.take_rest().to_vec());
            return Ok(Self { doi, situation, proposals: Vec::new() });
        }
        // DOI-2407-4.2.1-a
        let mut ahead = *r;
        if ahead.u32("Situation")? != Situation::IDENTITY_ONLY {
            let situation = Situation::Other(r.take_rest().to_vec());
            return Ok(Self { doi, situation, proposals: Vec::new() });
        }
        *r = ahead;
        let proposals = decode_chain(r, PayloadType::Proposal, "Proposal", decode_proposal)?;
        Ok(Self { doi, situation: Situation::IdentityOnly, proposals })
    }

    fn encode(&self, w: &mut Writer) {
        w.u32(self.doi.number());
        match &self.situation {
            Situation::IdentityOnly => w.u32(Situation::IDENTITY_ONLY),
            Situation::Other(octets) => w.put(octets),
        }
        encode_chain(w, PayloadType::Proposal, &self.proposals, encode_proposal);
    }
}

/// Reads structures whose Next Payload octet is `own` before another one and zero in the last
/// (ISAKMP-2408-3.5-a).
fn decode_chain<T>(
    r: &mut Reader<'_>,
    own: PayloadType,
    what: &'static str,
    body: fn(u8, &mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut items = Vec::new();
    let mut is_last = r.is_empty();
    while !is_last {
        let at_next = *r;
        let next = PayloadType::from_number(r.u8("Next Payload")?);
        is_last = next == PayloadType::None;
        if !is_last && next != own {
            return Err(at_next.refuse("Next Payload", Why::Value { got: u64::from(next.number()) }));
        }
        let reserved = r.u8("RESERVED")?;
        let mut sub = body_length(r)?;
        items.push(body(reserved, &mut sub)?);
        sub.finish(what)?;
    }
    r.finish(what)?;
    Ok(items)
}

fn encode_chain<T>(w: &mut Writer, own: PayloadType, items: &[T], body: fn(&T, &mut Writer)) {
    let mut items = items.iter().peekable();
    while let Some(item) = items.next() {
        let next = if items.peek().is_some() { own } else { PayloadType::None };
        w.u8(next.number());
        body(item, w);
    }
}

fn decode_proposal(reserved: u8, r: &mut Reader<'_>) -> Result<Proposal, Malformed> {
    let number = r.u8("Proposal #")?;
    let protocol = r.u8("Protocol-Id")?.into();
    let spi_size = r.u8("SPI Size")?;
    let at_count = *r;
    let count = usize::from(r.u8("# of Transforms")?);
    let spi = r.take("SPI", usize::from(spi_size))?.to_vec();
    let transforms = decode_chain(r, PayloadType::Transform, "Transform", decode_transform)?;
    if transforms.len() != count {
        return Err(at_count.refuse("# of Transforms", Why::Length { got: count, want: transforms.len() }));
    }
    Ok(Proposal { reserved, number, protocol, spi, transforms })
}

fn encode_proposal(proposal: &Proposal, w: &mut Writer) {
    w.u8(proposal.reserved);
    w.length_u16("Payload Length", 4, |w| {
        let octet = usize::from(u8::MAX);
        let spi_size = w.fit("SPI Size", proposal.spi.len(), octet);
        let count = w.fit("# of Transforms", proposal.transforms.len(), octet);
        w.u8(proposal.number);
        w.u8(proposal.protocol.number());
        w.u8(u8::try_from(spi_size).unwrap_or(u8::MAX));
        w.u8(u8::try_from(count).unwrap_or(u8::MAX));
        w.put(&proposal.spi);
        encode_chain(w, PayloadType::Transform, &proposal.transforms, encode_transform);
    });
}

fn decode_transform(reserved: u8, r: &mut Reader<'_>) -> Result<Transform, Malformed> {
    Ok(Transform {
        reserved,
        number: r.u8("Transform #")?,
        id: r.u8("Transform-Id")?,
        reserved2: r.u16("RESERVED2")?,
        attributes: Attribute::decode_list(r)?,
    })
}

fn encode_transform(transform: &Transform, w: &mut Writer) {
    w.u8(transform.reserved);
    w.length_u16("Payload Length", 4, |w| {
        w.u8(transform.number);
        w.u8(transform.id);
        w.u16(transform.reserved2);
        Attribute::encode_list(&transform.attributes, w);
    });
}

impl Show for Sa {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("doi", self.doi.shown());
        match &self.situation {
            Situation::IdentityOnly => sink.field(
                "situation",
                Value::Code { number: u64::from(Situation::IDENTITY_ONLY), name: Some("SIT_IDENTITY_ONLY") },
            ),
            Situation::Other(octets) => sink.field("situation", Value::Octets(octets)),
        }
        list(sink, "proposals", &self.proposals);
    }
}

impl Show for Proposal {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("reserved", Value::Number(u64::from(self.reserved)));
        sink.field("proposal_number", Value::Number(u64::from(self.number)));
        sink.field("protocol_id", self.protocol.shown());
        sink.field("payload_length", Value::Number(self.length() as u64));
        sink.field("spi", Value::Octets(&self.spi));
        sink.field("number_of_transforms", Value::Number(self.transforms.len() as u64));
        sink.begin_list("transforms");
        for transform in &self.transforms {
            sink.begin_item();
            sink.field("reserved", Value::Number(u64::from(transform.reserved)));
            sink.field("payload_length", Value::Number(transform.length() as u64));
            sink.field("transform_number", Value::Number(u64::from(transform.number)));
            let name = transform_name(self.protocol, transform.id);
            sink.field("transform_id", Value::Code { number: u64::from(transform.id), name });
            sink.field("reserved2", Value::Number(u64::from(transform.reserved2)));
            show_list(AttributeRegistry::of(self.protocol), &transform.attributes, sink);
            sink.end_item();
        }
        sink.end_list();
    }
}
