//! Whole ISAKMP messages: sealed as they travel, and open as they are read (RFC 2408 section 3.1).

use core::fmt;

use super::payload::Walk;
use super::{Header, Payload, PayloadType, encode_chain, walk};
use crate::codec::{Codec, Malformed, Reader, Unencodable, Why, Writer};
use crate::show::{Show, Sink, Value, list};

/// Where the fields of the header stand that are checked here.
const VERSION_AT: usize = 17;
const LENGTH_AT: usize = 24;
const LENGTH_TO_END: usize = 4;

/// A message whose body is not looked into, of any major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The header. Its length is encoded as what it has to be.
    pub header: Header,
    /// Everything after the header.
    pub body: Vec<u8>,
}

/// A message of IKEv1 that is clear, or was decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The header. Its first payload's type and its length are encoded as what they have to be.
    pub header: Header,
    /// The payloads.
    pub payloads: Vec<Payload>,
    /// What filled the last cipher block; empty unless the encryption flag is set.
    pub padding: Vec<u8>,
}

/// Takes a header whose length covers it and all that follows (ISAKMP-2408-5.1-a).
fn header_of_all(r: &mut Reader<'_>) -> Result<Header, Malformed> {
    let offset = r.offset().saturating_add(LENGTH_AT);
    let header = Header::decode(r)?;
    check_length(&header, r.len(), offset)?;
    Ok(header)
}

fn check_length(header: &Header, body: usize, offset: usize) -> Result<(), Malformed> {
    let want = body.saturating_add(Header::LEN);
    let got = usize::try_from(header.length).unwrap_or(usize::MAX);
    if got == want {
        Ok(())
    } else {
        Err(Malformed { field: "Length", offset, why: Why::Length { got, want } })
    }
}

/// Writes a header with the length of all that `body` writes behind it.
fn encode_with_length(header: Header, w: &mut Writer, body: impl FnOnce(&mut Writer)) {
    let start = w.len();
    header.encode(w);
    let length_at = w.len().saturating_sub(LENGTH_TO_END);
    body(w);
    let length = w.len().saturating_sub(start);
    let limit = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
    let length = w.fit("Length", length, limit);
    w.patch_u32(length_at, u32::try_from(length).unwrap_or(u32::MAX));
}

impl Codec for Sealed {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let header = header_of_all(r)?;
        Ok(Self { header, body: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        encode_with_length(self.header, w, |w| w.put(&self.body));
    }
}

impl Message {
    /// A message of IKEv1 without padding. The header's first payload and length are set to what they will
    /// be.
    #[must_use]
    pub fn new(header: Header, payloads: Vec<Payload>) -> Self {
        let mut message = Self { header, payloads, padding: Vec::new() };
        message.header.next_payload = message.first();
        if let Ok(body) = message.body_octets() {
            let length = body.len().saturating_add(Header::LEN);
            message.header.length = u32::try_from(length).unwrap_or(u32::MAX);
        }
        message
    }

    /// Reads the decrypted body of a sealed message. Offsets count from the start of the whole message.
    ///
    /// # Errors
    /// The first field that is not well-formed; also if the header's length does not fit `plaintext`.
    pub fn open(header: Header, plaintext: &[u8]) -> Result<Self, Malformed> {
        check_length(&header, plaintext.len(), LENGTH_AT)?;
        Self::read(header, &mut Reader::at(plaintext, Header::LEN))
    }

    /// The payloads and the padding: the octets to be encrypted.
    ///
    /// # Errors
    /// A field whose length field cannot hold its length.
    pub fn body_octets(&self) -> Result<Vec<u8>, Unencodable> {
        let mut w = Writer::new();
        self.encode_body(&mut w);
        w.into_octets()
    }

    /// The first payload of a type.
    #[must_use]
    pub fn find(&self, kind: PayloadType) -> Option<&Payload> {
        self.payloads.iter().find(|payload| payload.kind == kind)
    }

    fn first(&self) -> PayloadType {
        self.payloads.first().map_or(PayloadType::None, |payload| payload.kind)
    }

    fn read(header: Header, body: &mut Reader<'_>) -> Result<Self, Malformed> {
        if header.major() != 1 {
            let why = Why::Value { got: u64::from(header.major()) };
            let offset = body.offset().saturating_sub(Header::LEN).saturating_add(VERSION_AT);
            return Err(Malformed { field: "Major Version", offset, why });
        }
        let Walk { payloads, padding, refused } = walk(header.next_payload, body);
        if let Some(malformed) = refused {
            return Err(malformed);
        }
        // ISAKMP-2408-3.2-a: only a cipher leaves octets behind the last payload.
        if !padding.is_empty() && !header.is_encrypted() {
            let offset = body.offset().saturating_sub(padding.len());
            return Err(Malformed { field: "Padding", offset, why: Why::Trailing { extra: padding.len() } });
        }
        Ok(Self { header, payloads, padding })
    }

    fn encode_body(&self, w: &mut Writer) {
        encode_chain(&self.payloads, w);
        w.put(&self.padding);
    }
}

impl Codec for Message {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let header = header_of_all(r)?;
        Self::read(header, r)
    }

    fn encode(&self, w: &mut Writer) {
        let header = Header { next_payload: self.first(), ..self.header };
        encode_with_length(header, w, |w| self.encode_body(w));
    }
}

impl Show for Sealed {
    fn show(&self, sink: &mut dyn Sink) {
        self.header.show(sink);
        sink.field("body", Value::Octets(&self.body));
    }
}

impl Show for Message {
    fn show(&self, sink: &mut dyn Sink) {
        self.header.show(sink);
        list(sink, "payloads", &self.payloads);
        sink.field("padding", Value::Octets(&self.padding));
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.header.has_encrypted_body() { "encrypted" } else { "clear" };
        write!(f, "{}: {} {word} octets", self.header.exchange_type, self.body.len())
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.header.exchange_type)?;
        if self.payloads.is_empty() {
            return f.write_str(" no payloads");
        }
        let mut summaries = self.payloads.iter().map(Payload::summary).peekable();
        while let Some(summary) = summaries.next() {
            let mut times = 1_usize;
            while summaries.next_if_eq(&summary).is_some() {
                times = times.saturating_add(1);
            }
            write!(f, " {summary}")?;
            if times > 1 {
                write!(f, " x{times}")?;
            }
        }
        Ok(())
    }
}
