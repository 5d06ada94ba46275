//! Payloads and their chain (RFC 2408 sections 3.2 to 3.16).
//!
//! Each payload begins with Next Payload 1, RESERVED 1, Payload Length 2; the Next Payload octet says what
//! the *following* payload is.

use super::{
    CertificateEncoding, Config, Delete, Fragment, Id, NatOa, Notification, PayloadType, Sa, VendorId,
};
use crate::codec::{Codec, Malformed, Reader, Unencodable, Why, Writer};
use crate::show::{Show, Sink, Value};

/// Octets of the generic header.
const HEADER: usize = 4;
/// From the Next Payload octet of the ISAKMP header to the first payload.
const FIRST_NAMED_BEFORE: usize = 12;

/// One payload. What it is stands in what precedes it, so `kind` is encoded there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The number under which it travels.
    pub kind: PayloadType,
    /// The RESERVED octet.
    pub reserved: u8,
    /// What it says.
    pub body: Body,
}

/// What a payload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// An offer, or what was chosen of it.
    SecurityAssociation(Sa),
    /// A public Diffie-Hellman value.
    KeyExchange(Vec<u8>),
    /// Who a side is, or which traffic an SA is for.
    Identification(Id),
    /// A certificate.
    Certificate {
        /// How the data are encoded.
        encoding: CertificateEncoding,
        /// The certificate.
        data: Vec<u8>,
    },
    /// A request for a certificate.
    CertificateRequest {
        /// How the wanted certificate is to be encoded.
        encoding: CertificateEncoding,
        /// The acceptable authority, or nothing.
        data: Vec<u8>,
    },
    /// A keyed digest.
    Hash(Vec<u8>),
    /// A digital signature.
    Signature(Vec<u8>),
    /// Fresh random octets.
    Nonce(Vec<u8>),
    /// An error or a status.
    Notification(Notification),
    /// Deleted SAs.
    Delete(Delete),
    /// A mark of an implementation or of a capability.
    VendorId(VendorId),
    /// Settings.
    Attributes(Config),
    /// A digest of cookies, address and port (RFC 3947 section 3.2).
    NatD(Vec<u8>),
    /// An address before translation.
    NatOa(NatOa),
    /// A piece of a message.
    Fragment(Fragment),
    /// A payload type that is not read here.
    Unknown(Vec<u8>),
}

impl Payload {
    /// A payload with a zero RESERVED octet.
    #[must_use]
    pub const fn new(kind: PayloadType, body: Body) -> Self {
        Self { kind, reserved: 0, body }
    }

    /// Takes a payload of type `kind`, and says what follows it.
    fn decode(kind: PayloadType, r: &mut Reader<'_>) -> Result<(PayloadType, Self), Malformed> {
        let next = r.u8("Next Payload")?.into();
        let reserved = r.u8("RESERVED")?;
        let mut sub = body_length(r)?;
        let body = Body::decode(kind, &mut sub)?;
        Ok((next, Self { kind, reserved, body }))
    }

    fn encode(&self, next: PayloadType, w: &mut Writer) {
        w.u8(next.number());
        w.u8(self.reserved);
        w.length_u16("Payload Length", HEADER, |w| self.body.encode(w));
    }

    /// One word or a few, without secrets.
    pub(super) fn summary(&self) -> String {
        let word = self.kind.abbreviation();
        match &self.body {
            Body::SecurityAssociation(sa) => {
                let transforms: usize = sa.proposals.iter().map(|proposal| proposal.transforms.len()).sum();
                format!(
                    "{word}({}, {})",
                    counted(sa.proposals.len(), "proposal"),
                    counted(transforms, "transform")
                )
            }
            Body::KeyExchange(octets) | Body::Nonce(octets) => format!("{word}({})", octets.len()),
            Body::Identification(id) => format!("{word}({})", id.id_type),
            Body::Notification(notification) => format!("{word}({})", notification.notify_type),
            Body::Delete(delete) => {
                format!("{word}({}, {})", delete.protocol, counted(delete.spis.len(), "SPI"))
            }
            Body::Attributes(config) => format!("{word}({})", config.config_type),
            Body::Fragment(fragment) => {
                let last = if fragment.is_last() { ", last" } else { "" };
                format!("{word}(id {}, number {}{last})", fragment.id, fragment.number)
            }
            Body::Unknown(_) => format!("payload {}", self.kind.number()),
            Body::Certificate { .. }
            | Body::CertificateRequest { .. }
            | Body::Hash(_)
            | Body::Signature(_)
            | Body::VendorId(_)
            | Body::NatD(_)
            | Body::NatOa(_) => word.to_owned(),
        }
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Takes a Payload Length and splits off the body that it measures, which is behind four octets of header.
pub(super) fn body_length<'a>(r: &mut Reader<'a>) -> Result<Reader<'a>, Malformed> {
    const FIELD: &str = "Payload Length";
    let offset = r.offset();
    let length = usize::from(r.u16(FIELD)?);
    r.sub_after_header(FIELD, length, HEADER).map_err(|malformed| Malformed { offset, ..malformed })
}

impl Body {
    /// Reads a body of type `kind` that fills `r`.
    fn decode(kind: PayloadType, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let body = match kind {
            PayloadType::SecurityAssociation => Self::SecurityAssociation(Sa::decode(r)?),
            PayloadType::KeyExchange => Self::KeyExchange(r.take_rest().to_vec()),
            PayloadType::Identification => Self::Identification(Id::decode(r)?),
            PayloadType::Certificate => {
                Self::Certificate { encoding: certificate_encoding(r)?, data: r.take_rest().to_vec() }
            }
            PayloadType::CertificateRequest => {
                Self::CertificateRequest { encoding: certificate_encoding(r)?, data: r.take_rest().to_vec() }
            }
            PayloadType::Hash => Self::Hash(r.take_rest().to_vec()),
            PayloadType::Signature => Self::Signature(r.take_rest().to_vec()),
            PayloadType::Nonce => Self::Nonce(r.take_rest().to_vec()),
            PayloadType::Notification => Self::Notification(Notification::decode(r)?),
            PayloadType::Delete => Self::Delete(Delete::decode(r)?),
            PayloadType::VendorId => Self::VendorId(VendorId(r.take_rest().to_vec())),
            PayloadType::Attributes => Self::Attributes(Config::decode(r)?),
            PayloadType::NatD | PayloadType::NatDDraft00 | PayloadType::NatDDraft04 => {
                Self::NatD(r.take_rest().to_vec())
            }
            PayloadType::NatOa | PayloadType::NatOaDraft00 | PayloadType::NatOaDraft04 => {
                Self::NatOa(NatOa::decode(r)?)
            }
            PayloadType::Fragment => Self::Fragment(Fragment::decode(r)?),
            PayloadType::None | PayloadType::Proposal | PayloadType::Transform | PayloadType::Unknown(_) => {
                Self::Unknown(r.take_rest().to_vec())
            }
        };
        r.finish("Payload Length")?;
        Ok(body)
    }

    fn encode(&self, w: &mut Writer) {
        match self {
            Self::SecurityAssociation(sa) => sa.encode(w),
            Self::Identification(id) => id.encode(w),
            Self::Certificate { encoding, data } | Self::CertificateRequest { encoding, data } => {
                w.u8(encoding.number());
                w.put(data);
            }
            Self::Notification(notification) => notification.encode(w),
            Self::Delete(delete) => delete.encode(w),
            Self::Attributes(config) => config.encode(w),
            Self::NatOa(nat_oa) => nat_oa.encode(w),
            Self::Fragment(fragment) => fragment.encode(w),
            Self::KeyExchange(octets)
            | Self::Hash(octets)
            | Self::Signature(octets)
            | Self::Nonce(octets)
            | Self::VendorId(VendorId(octets))
            | Self::NatD(octets)
            | Self::Unknown(octets) => w.put(octets),
        }
    }

    /// The octets without the generic header, as the digests of RFC 2409 section 5 take them.
    ///
    /// # Errors
    /// A field whose length field cannot hold its length.
    pub fn to_octets(&self) -> Result<Vec<u8>, Unencodable> {
        let mut w = Writer::new();
        self.encode(&mut w);
        w.into_octets()
    }
}

fn certificate_encoding(r: &mut Reader<'_>) -> Result<CertificateEncoding, Malformed> {
    r.u8("Certificate Encoding").map(CertificateEncoding::from_number)
}

/// What a chain of payloads has before it ends or breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The payloads before the first bad one.
    pub payloads: Vec<Payload>,
    /// What follows the last payload; empty if the chain is broken.
    pub padding: Vec<u8>,
    /// What is wrong with the first bad payload.
    pub refused: Option<Malformed>,
}

/// Reads a chain whose first payload is of type `first`, as far as it goes. If it breaks, `body` is left at
/// the first bad payload.
pub fn walk(first: PayloadType, body: &mut Reader<'_>) -> Walk {
    let mut payloads = Vec::new();
    let mut kind = first;
    let mut named_at = body.offset().saturating_sub(FIRST_NAMED_BEFORE);
    while kind != PayloadType::None {
        // ISAKMP-2408-3.4-a: these two stand in an SA payload only.
        if matches!(kind, PayloadType::Proposal | PayloadType::Transform) {
            let why = Why::Value { got: u64::from(kind.number()) };
            let refused = Some(Malformed { field: "Next Payload", offset: named_at, why });
            return Walk { payloads, padding: Vec::new(), refused };
        }
        let mut ahead = *body;
        match Payload::decode(kind, &mut ahead) {
            Ok((next, payload)) => {
                named_at = body.offset();
                kind = next;
                *body = ahead;
                payloads.push(payload);
            }
            Err(malformed) => return Walk { payloads, padding: Vec::new(), refused: Some(malformed) },
        }
    }
    Walk { payloads, padding: body.take_rest().to_vec(), refused: None }
}

/// Appends payloads, each naming the one after it (ISAKMP-2408-3.2-a).
pub fn encode_chain(payloads: &[Payload], w: &mut Writer) {
    let mut payloads = payloads.iter().peekable();
    while let Some(payload) = payloads.next() {
        let next = payloads.peek().map_or(PayloadType::None, |next| next.kind);
        payload.encode(next, w);
    }
}

impl Show for Payload {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("payload", Value::Word(self.kind.abbreviation()));
        sink.field("payload_type", self.kind.shown());
        sink.field("payload_reserved", Value::Number(u64::from(self.reserved)));
        let length = self.body.to_octets().map_or(0, |octets| octets.len().saturating_add(HEADER));
        sink.field("payload_length", Value::Number(u64::try_from(length).unwrap_or(u64::MAX)));
        match &self.body {
            Body::SecurityAssociation(sa) => sa.show(sink),
            Body::KeyExchange(octets) => sink.field("key_exchange_data", Value::Octets(octets)),
            Body::Identification(id) => id.show(sink),
            Body::Certificate { encoding, data } => {
                sink.field("certificate_encoding", encoding.shown());
                sink.field("certificate_data", Value::Octets(data));
            }
            Body::CertificateRequest { encoding, data } => {
                sink.field("certificate_type", encoding.shown());
                sink.field("certificate_authority", Value::Octets(data));
            }
            Body::Hash(octets) => sink.field("hash_data", Value::Octets(octets)),
            Body::Signature(octets) => sink.field("signature_data", Value::Octets(octets)),
            Body::Nonce(octets) => sink.field("nonce_data", Value::Octets(octets)),
            Body::Notification(notification) => notification.show(sink),
            Body::Delete(delete) => delete.show(sink),
            Body::VendorId(vendor_id) => vendor_id.show(sink),
            Body::Attributes(config) => config.show(sink),
            Body::NatD(octets) => sink.field("hash_of_address_and_port", Value::Octets(octets)),
            Body::NatOa(nat_oa) => nat_oa.show(sink),
            Body::Fragment(fragment) => fragment.show(sink),
            Body::Unknown(octets) => sink.field("data", Value::Octets(octets)),
        }
    }
}
