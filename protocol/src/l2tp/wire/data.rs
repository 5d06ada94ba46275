//! Data messages (RFC 2661 sections 3.1 and 5.4): a PPP frame behind a header.

use core::fmt;
use core::ops::Range;

use super::Sequence;
use super::header::{Fields, Header, number};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// The header of a data message, without its offset pad. Made for the path of user packets: it allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DataHeader {
    /// Whether the message asks to be preferred (P bit).
    pub has_priority: bool,
    /// The reserved bits, in their places.
    pub reserved: u16,
    /// The length of the message in octets as its header states it.
    pub length: Option<u16>,
    /// The number that the receiver gave the tunnel.
    pub tunnel_id: u16,
    /// The number that the receiver gave the session.
    pub session_id: u16,
    /// The sequence numbers, if there are any.
    pub sequence: Option<Sequence>,
    /// How many octets stand between header and payload, if the header says so.
    pub offset_size: Option<u16>,
}

impl DataHeader {
    /// Reads the header of a data message, and tells where in `octets` its payload is. Octets beyond the Length are
    /// not payload.
    ///
    /// # Errors
    /// The first field that is not well-formed.
    pub fn decode(octets: &[u8]) -> Result<(Self, Range<usize>), Malformed> {
        let (fields, mut body) = Fields::decode(&mut Reader::new(octets), false)?;
        let start = body.offset();
        body.take_rest();
        let header = Self {
            has_priority: fields.has_priority,
            reserved: fields.reserved,
            length: fields.length,
            tunnel_id: fields.tunnel_id,
            session_id: fields.session_id,
            sequence: fields.sequence,
            offset_size: fields.offset.and_then(|pad| u16::try_from(pad.len()).ok()),
        };
        Ok((header, start..body.offset()))
    }

    /// Appends the header and `payload`. An offset pad is zeros; the Length, if there is one, is computed.
    pub fn encode(&self, w: &mut Writer, payload: &[u8]) {
        let header = Header {
            has_length: self.length.is_some(),
            has_priority: self.has_priority,
            reserved: self.reserved,
            version: 2,
            tunnel_id: self.tunnel_id,
            session_id: self.session_id,
            sequence: self.sequence,
            offset: self.offset_size.map(|size| vec![0; usize::from(size)]),
        };
        header.encode(w, false, |w| w.put(payload));
    }
}

impl Show for DataHeader {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("type", Value::Word("data"));
        sink.field("length_bit", Value::Flag(self.length.is_some()));
        sink.field("sequence_bit", Value::Flag(self.sequence.is_some()));
        sink.field("offset_bit", Value::Flag(self.offset_size.is_some()));
        sink.field("priority_bit", Value::Flag(self.has_priority));
        sink.field("reserved", Value::Number(u64::from(self.reserved)));
        sink.field("version", Value::Number(2));
        if let Some(length) = self.length {
            sink.field("length", Value::Number(u64::from(length)));
        }
        sink.field("tunnel_id", Value::Number(u64::from(self.tunnel_id)));
        sink.field("session_id", Value::Number(u64::from(self.session_id)));
        if let Some(sequence) = self.sequence {
            sequence.show(sink);
        }
        if let Some(size) = self.offset_size {
            sink.field("offset_size", Value::Number(u64::from(size)));
        }
    }
}

impl fmt::Display for DataHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        summary(f, self.tunnel_id, self.session_id, self.sequence)
    }
}

/// A data message, every octet of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataMessage {
    /// The header.
    pub header: Header,
    /// The PPP frame, without flags, transparency and check sequence (requirement L2TP-2661-5.3-a).
    pub payload: Vec<u8>,
    /// Octets of the datagram beyond the Length.
    pub padding: Vec<u8>,
}

impl DataMessage {
    fn encode_unpadded(&self, w: &mut Writer) {
        self.header.encode(w, false, |w| w.put(&self.payload));
    }
}

impl Codec for DataMessage {
    /// Takes the whole datagram.
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (header, mut body) = Header::decode(r, false)?;
        Ok(Self { header, payload: body.take_rest().to_vec(), padding: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        self.encode_unpadded(w);
        w.put(&self.padding);
    }
}

impl Show for DataMessage {
    fn show(&self, sink: &mut dyn Sink) {
        let mut w = Writer::new();
        self.encode_unpadded(&mut w);
        self.header.show(sink, "data", w.len());
        sink.field("payload_octets", number(self.payload.len()));
        sink.field("payload", Value::Octets(&self.payload));
        if !self.padding.is_empty() {
            sink.field("padding", Value::Octets(&self.padding));
        }
    }
}

impl fmt::Display for DataMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        summary(f, self.header.tunnel_id, self.header.session_id, self.header.sequence)?;
        write!(f, " (octets {})", self.payload.len())
    }
}

fn summary(
    f: &mut fmt::Formatter<'_>,
    tunnel_id: u16,
    session_id: u16,
    sequence: Option<Sequence>,
) -> fmt::Result {
    write!(f, "data tunnel {tunnel_id} session {session_id}")?;
    match sequence {
        Some(sequence) => write!(f, " Ns {} Nr {}", sequence.ns, sequence.nr),
        None => Ok(()),
    }
}
