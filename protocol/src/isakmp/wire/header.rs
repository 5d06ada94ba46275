//! The ISAKMP header (RFC 2408 section 3.1), and which version of IKE a datagram speaks.

use super::{ExchangeType, PayloadType};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// The 28 octets that every IKE message begins with, of version 1 or 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Chosen by who began phase 1, whoever sends this message.
    pub initiator_cookie: [u8; 8],
    /// Chosen by the other side; zero in the first message.
    pub responder_cookie: [u8; 8],
    /// What the first payload is. A [`super::Message`] encodes that of its first payload instead.
    pub next_payload: PayloadType,
    /// Major version in the high four bits, minor version in the low four bits.
    pub version: u8,
    /// The exchange that the message belongs to.
    pub exchange_type: ExchangeType,
    /// Bits 0 encryption, 1 commit, 2 authentication only; the others are reserved.
    pub flags: u8,
    /// Zero in phase 1, else the number of the exchange.
    pub message_id: u32,
    /// Octets of the message with this header, as found. [`super::Message`] and [`super::Sealed`] encode the
    /// right one instead.
    pub length: u32,
}

impl Header {
    /// Octets of a header.
    pub const LEN: usize = 28;
    /// The version octet of IKEv1.
    pub const VERSION_1_0: u8 = 0x10;
    /// The flag of an encrypted body (RFC 2408 section 3.1).
    pub const ENCRYPTION: u8 = 0x01;
    /// The flag that asks to wait for CONNECTED (RFC 2408 section 3.1).
    pub const COMMIT: u8 = 0x02;
    /// The flag of a body that is authenticated but not encrypted (RFC 2408 section 3.1).
    pub const AUTHENTICATION_ONLY: u8 = 0x04;

    /// The major version.
    #[must_use]
    pub const fn major(&self) -> u8 {
        self.version >> 4
    }

    /// The minor version.
    #[must_use]
    pub const fn minor(&self) -> u8 {
        self.version & 0x0f
    }

    /// Whether the encryption bit is set.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.flags & Self::ENCRYPTION != 0
    }

    /// Whether a key is needed to read the body. That of a fragment is clear, whatever the encryption bit says.
    #[must_use]
    pub const fn has_encrypted_body(&self) -> bool {
        self.is_encrypted() && !matches!(self.next_payload, PayloadType::Fragment)
    }

    /// Whether the commit bit is set.
    #[must_use]
    pub const fn is_commit(&self) -> bool {
        self.flags & Self::COMMIT != 0
    }

    /// Whether the authentication-only bit is set.
    #[must_use]
    pub const fn is_authentication_only(&self) -> bool {
        self.flags & Self::AUTHENTICATION_ONLY != 0
    }

    const fn flags_name(&self) -> Option<&'static str> {
        match self.flags {
            0 => Some("none"),
            1 => Some("encryption"),
            2 => Some("commit"),
            3 => Some("encryption, commit"),
            4 => Some("authentication only"),
            5 => Some("encryption, authentication only"),
            6 => Some("commit, authentication only"),
            7 => Some("encryption, commit, authentication only"),
            _ => None,
        }
    }
}

impl Codec for Header {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            initiator_cookie: r.array("Initiator Cookie")?,
            responder_cookie: r.array("Responder Cookie")?,
            next_payload: r.u8("Next Payload")?.into(),
            version: r.u8("Version")?,
            exchange_type: r.u8("Exchange Type")?.into(),
            flags: r.u8("Flags")?,
            message_id: r.u32("Message ID")?,
            length: r.u32("Length")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.initiator_cookie);
        w.put(&self.responder_cookie);
        w.u8(self.next_payload.number());
        w.u8(self.version);
        w.u8(self.exchange_type.number());
        w.u8(self.flags);
        w.u32(self.message_id);
        w.u32(self.length);
    }
}

impl Show for Header {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("initiator_cookie", Value::Octets(&self.initiator_cookie));
        sink.field("responder_cookie", Value::Octets(&self.responder_cookie));
        sink.field("next_payload", self.next_payload.shown());
        sink.field("version", Value::Word(&format!("{}.{}", self.major(), self.minor())));
        sink.field("exchange_type", self.exchange_type.shown());
        sink.field("flags", Value::Code { number: u64::from(self.flags), name: self.flags_name() });
        sink.field("message_id", Value::Number(u64::from(self.message_id)));
        sink.field("length", Value::Number(u64::from(self.length)));
    }
}

/// What a datagram on an IKE port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// IKEv1: to be read as [`super::Sealed`] or [`super::Message`].
    IkeV1,
    /// IKEv2, of which only the header is read.
    IkeV2(Header),
    /// Another major version.
    Other {
        /// The major version.
        major: u8,
    },
    /// Too short for a header.
    Short(Malformed),
}

/// Tells which version of IKE the octets of a datagram speak. They begin with the header, after any non-ESP
/// marker.
#[must_use]
pub fn recognise(octets: &[u8]) -> Recognised {
    match Header::decode(&mut Reader::new(octets)) {
        Err(malformed) => Recognised::Short(malformed),
        Ok(header) => match header.major() {
            1 => Recognised::IkeV1,
            2 => Recognised::IkeV2(header),
            major => Recognised::Other { major },
        },
    }
}
