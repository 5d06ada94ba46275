//! A packet: header, body, digest and link-local signalling (RFC 2328 section A.3.1).
//!
//! ```text
//! |   Version #   |     Type      |         Packet length         |
//! |                          Router ID                            |
//! |                           Area ID                             |
//! |           Checksum            |             AuType            |
//! |                       Authentication (8)                      |
//! | body ... | [digest] | [link-local signalling or padding]
//! ```

use core::fmt;
use core::net::Ipv4Addr;

use super::authentication::Authentication;
use super::body::Body;
use super::checksum;
use super::code_point::PacketType;
use crate::codec::{Codec, Malformed, Reader, Unencodable, Why, Writer};
use crate::show::{Show, Sink, Value};

/// Octets of a header.
const HEADER: usize = 24;
/// Octets from the start of a packet to the end of its Packet length.
const TO_LENGTH: usize = 4;
/// Where the Checksum stands.
const CHECKSUM_AT: usize = 12;
/// Where the authentication field, which the checksum leaves out, begins.
const AUTHENTICATION_AT: usize = 16;

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The version; 2 in everything that decodes.
    pub version: u8,
    /// Who sends.
    pub router_id: Ipv4Addr,
    /// The area of the link.
    pub area_id: Ipv4Addr,
    /// The authentication fields, and the digest that follows the packet.
    pub authentication: Authentication,
    /// What the packet says.
    pub body: Body,
    /// Octets behind packet and digest: a block of link-local signalling (RFC 5613), or padding.
    pub lls: Vec<u8>,
}

impl Packet {
    /// The octets that Packet length counts, without digest and link-local signalling: those that a digest covers.
    ///
    /// # Errors
    /// A field whose length field cannot hold its length.
    pub fn covered_octets(&self) -> Result<Vec<u8>, Unencodable> {
        let mut w = Writer::new();
        self.encode_covered(&mut w);
        w.into_octets()
    }

    fn encode_covered(&self, w: &mut Writer) {
        let at = w.len();
        w.u8(self.version);
        w.u8(self.body.packet_type().number());
        w.length_u16("Packet length", TO_LENGTH, |w| {
            w.put(&self.router_id.octets());
            w.put(&self.area_id.octets());
            w.u16(self.authentication.checksum_as_found().unwrap_or_default());
            w.u16(self.authentication.authentication_type().number());
            self.authentication.encode(w);
            self.body.encode(w);
        });
        if self.authentication.checksum_as_found().is_none() {
            let checksum = covered_checksum(w.written_from(at));
            w.patch_u16(at.saturating_add(CHECKSUM_AT), checksum);
        }
    }
}

/// The checksum of a packet whatever its Checksum field holds (requirement OSPF-2328-A.3.1-a).
fn covered_checksum(packet: &[u8]) -> u16 {
    let before = packet.iter().take(CHECKSUM_AT);
    let between = packet.iter().take(AUTHENTICATION_AT).skip(CHECKSUM_AT + 2);
    checksum::internet(before.chain(between).chain(packet.iter().skip(HEADER)))
}

impl Codec for Packet {
    /// Takes the whole payload of an IP datagram.
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let start = *r;
        let version = r.u8("Version #")?;
        if version != 2 {
            return Err(start.refuse("Version #", Why::Value { got: u64::from(version) }));
        }
        let packet_type = PacketType::from_number(r.u8("Type")?);
        let at_length = *r;
        let length = usize::from(r.u16("Packet length")?);
        if length < HEADER {
            return Err(at_length.refuse("Packet length", Why::Length { got: length, want: HEADER }));
        }
        let have = start.len();
        let Some(packet) = start.peek().get(..length) else {
            return Err(at_length.refuse("Packet length", Why::Truncated { need: length, have }));
        };
        let mut inner = r.sub_after_header("Packet length", length, TO_LENGTH)?;
        let router_id = inner.ipv4("Router ID")?;
        let area_id = inner.ipv4("Area ID")?;
        let at_checksum = inner;
        let checksum = inner.u16("Checksum")?;
        let authentication_type = inner.u16("AuType")?.into();
        let authentication = Authentication::decode(&mut inner, authentication_type, checksum, r)?;
        let want = covered_checksum(packet);
        if authentication.checksum_as_found().is_none() && checksum != want {
            return Err(at_checksum.refuse("Checksum", Why::Checksum { got: checksum, want }));
        }
        let body = Body::decode(&mut inner, packet_type)?;
        inner.finish("Packet length")?;
        Ok(Self { version, router_id, area_id, authentication, body, lls: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        self.encode_covered(w);
        w.put(self.authentication.digest());
        w.put(&self.lls);
    }
}

impl Show for Packet {
    fn show(&self, sink: &mut dyn Sink) {
        let mut w = Writer::new();
        self.encode_covered(&mut w);
        let length = u64::try_from(w.len()).unwrap_or(u64::MAX);
        let mut from_checksum = Reader::new(w.written_from(CHECKSUM_AT));
        let checksum = from_checksum.u16("Checksum").unwrap_or_default();
        sink.field("version", Value::Number(u64::from(self.version)));
        sink.field("packet_type", self.body.packet_type().shown());
        sink.field("packet_length", Value::Number(length));
        sink.field("router_id", Value::Ipv4(self.router_id));
        sink.field("area_id", Value::Ipv4(self.area_id));
        sink.field("checksum", Value::Number(u64::from(checksum)));
        self.authentication.show(sink);
        self.body.show(sink);
        if !self.authentication.digest().is_empty() {
            sink.field("message_digest", Value::Octets(self.authentication.digest()));
        }
        if !self.lls.is_empty() {
            sink.field("lls", Value::Octets(&self.lls));
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packet_type = self.body.packet_type();
        match packet_type.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "packet type {packet_type}")?,
        }
        write!(f, " router {} area {}", self.router_id, self.area_id)?;
        self.body.summarise(f)
    }
}

/// What the first octet of a payload of IP protocol 89 says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// OSPFv2.
    Version2,
    /// OSPFv3 (RFC 5340), not read here.
    Version3,
    /// Another version, or nothing at all.
    Other,
}

/// Tells what a payload of IP protocol 89 is by its version.
#[must_use]
pub const fn recognise(octets: &[u8]) -> Recognised {
    match octets.first() {
        Some(2) => Recognised::Version2,
        Some(3) => Recognised::Version3,
        Some(_) | None => Recognised::Other,
    }
}
