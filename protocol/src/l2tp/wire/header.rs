//! The header that control and data messages share (RFC 2661 section 3.1).
//!
//! ```text
//! |T|L|x|x|S|x|O|P|x|x|x|x|  Ver  |        [Length]               |
//! |          Tunnel ID            |          Session ID           |
//! |            [Ns]               |            [Nr]               |
//! |        [Offset Size]          |   [Offset pad] ...
//! ```

use crate::codec::{Malformed, Reader, Why, Writer};
use crate::show::{Sink, Value};

const T: u16 = 0x8000;
const L: u16 = 0x4000;
const S: u16 = 0x0800;
const O: u16 = 0x0200;
const P: u16 = 0x0100;
const VERSION: u16 = 0x000f;
const RESERVED: u16 = 0x34f0;

/// Octets from the start of a message to the end of its Length field.
const TO_LENGTH: usize = 4;

/// The header of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whether a Length follows (L bit). The Length itself is computed.
    pub has_length: bool,
    /// Whether the message asks to be preferred (P bit).
    pub has_priority: bool,
    /// The reserved bits, in their places: those of 0x34f0. Others are not encoded.
    pub reserved: u16,
    /// The version (Ver), four bits; 2 in everything that decodes.
    pub version: u8,
    /// The number that the receiver gave the tunnel.
    pub tunnel_id: u16,
    /// The number that the receiver gave the session, 0 if the message is about the tunnel.
    pub session_id: u16,
    /// The sequence numbers, if there are any (S bit).
    pub sequence: Option<Sequence>,
    /// The octets between header and payload, if the header states their number (O bit).
    pub offset: Option<Vec<u8>>,
}

/// The sequence numbers of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequence {
    /// The number of this message (Ns).
    pub ns: u16,
    /// The number expected next from the receiver (Nr). It means nothing in a data message.
    pub nr: u16,
}

impl Header {
    /// The header of a control message as requirement L2TP-2661-3.1-a wants it.
    #[must_use]
    pub const fn control(tunnel_id: u16, session_id: u16, ns: u16, nr: u16) -> Self {
        Self {
            has_length: true,
            has_priority: false,
            reserved: 0,
            version: 2,
            tunnel_id,
            session_id,
            sequence: Some(Sequence { ns, nr }),
            offset: None,
        }
    }

    /// Takes a header and splits off its message's body. `r` is left with what follows the Length.
    pub(super) fn decode<'a>(r: &mut Reader<'a>, is_control: bool) -> Result<(Self, Reader<'a>), Malformed> {
        let (fields, body) = Fields::decode(r, is_control)?;
        let header = Self {
            has_length: fields.length.is_some(),
            has_priority: fields.has_priority,
            reserved: fields.reserved,
            version: 2,
            tunnel_id: fields.tunnel_id,
            session_id: fields.session_id,
            sequence: fields.sequence,
            offset: fields.offset.map(<[u8]>::to_vec),
        };
        Ok((header, body))
    }

    /// Appends the header and what `body` writes.
    pub(super) fn encode(&self, w: &mut Writer, is_control: bool, body: impl FnOnce(&mut Writer)) {
        let version = w.fit("Ver", usize::from(self.version), usize::from(VERSION));
        let mut first = u16::try_from(version).unwrap_or(VERSION) | (self.reserved & RESERVED);
        for (is_set, bit) in [
            (is_control, T),
            (self.has_length, L),
            (self.sequence.is_some(), S),
            (self.offset.is_some(), O),
            (self.has_priority, P),
        ] {
            first |= if is_set { bit } else { 0 };
        }
        w.u16(first);
        let rest = |w: &mut Writer| {
            w.u16(self.tunnel_id);
            w.u16(self.session_id);
            if let Some(sequence) = self.sequence {
                w.u16(sequence.ns);
                w.u16(sequence.nr);
            }
            if let Some(pad) = &self.offset {
                w.length_u16("Offset Size", 0, |w| w.put(pad));
            }
            body(w);
        };
        if self.has_length { w.length_u16("Length", TO_LENGTH, rest) } else { rest(w) }
    }

    /// Shows the fields of a message `length` octets long.
    pub(super) fn show(&self, sink: &mut dyn Sink, kind: &'static str, length: usize) {
        sink.field("type", Value::Word(kind));
        sink.field("length_bit", Value::Flag(self.has_length));
        sink.field("sequence_bit", Value::Flag(self.sequence.is_some()));
        sink.field("offset_bit", Value::Flag(self.offset.is_some()));
        sink.field("priority_bit", Value::Flag(self.has_priority));
        sink.field("reserved", Value::Number(u64::from(self.reserved & RESERVED)));
        sink.field("version", Value::Number(u64::from(self.version)));
        if self.has_length {
            sink.field("length", number(length));
        }
        sink.field("tunnel_id", Value::Number(u64::from(self.tunnel_id)));
        sink.field("session_id", Value::Number(u64::from(self.session_id)));
        if let Some(sequence) = self.sequence {
            sequence.show(sink);
        }
        if let Some(pad) = &self.offset {
            sink.field("offset_size", number(pad.len()));
            sink.field("offset_pad", Value::Octets(pad));
        }
    }
}

impl Sequence {
    pub(super) fn show(self, sink: &mut dyn Sink) {
        sink.field("ns", Value::Number(u64::from(self.ns)));
        sink.field("nr", Value::Number(u64::from(self.nr)));
    }
}

/// The fields of a header, nothing copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) has_priority: bool,
    pub(super) reserved: u16,
    pub(super) length: Option<u16>,
    pub(super) tunnel_id: u16,
    pub(super) session_id: u16,
    pub(super) sequence: Option<Sequence>,
    pub(super) offset: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// Takes a header and splits off its message's body. `r` is left with what follows the Length.
    pub(super) fn decode(r: &mut Reader<'a>, is_control: bool) -> Result<(Self, Reader<'a>), Malformed> {
        let start = *r;
        let first = r.u16("Flags and Version")?;
        if (first & T != 0) != is_control {
            return Err(start.refuse("T bit", Why::Value { got: u64::from(first & T != 0) }));
        }
        if first & VERSION != 2 {
            return Err(start.refuse("Ver", Why::Value { got: u64::from(first & VERSION) }));
        }
        let mut length = None;
        let mut body = *r;
        if first & L == 0 {
            r.take_rest();
        } else {
            let at_length = *r;
            let stated = r.u16("Length")?;
            let (need, have, least) = (usize::from(stated), start.len(), header_octets(first));
            if need < least {
                return Err(at_length.refuse("Length", Why::Length { got: need, want: least }));
            }
            if need > have {
                return Err(at_length.refuse("Length", Why::Truncated { need, have }));
            }
            body = r.sub_after_header("Length", need, TO_LENGTH)?;
            length = Some(stated);
        }
        let tunnel_id = body.u16("Tunnel ID")?;
        let session_id = body.u16("Session ID")?;
        let sequence = match first & S {
            0 => None,
            _ => Some(Sequence { ns: body.u16("Ns")?, nr: body.u16("Nr")? }),
        };
        let offset = match first & O {
            0 => None,
            _ => {
                let at_size = body;
                let size = usize::from(body.u16("Offset Size")?);
                let pad = body.take("Offset Size", size);
                Some(pad.map_err(|refused| Malformed { offset: at_size.offset(), ..refused })?)
            }
        };
        let has_priority = first & P != 0;
        let reserved = first & RESERVED;
        Ok((Self { has_priority, reserved, length, tunnel_id, session_id, sequence, offset }, body))
    }
}

/// Octets of a header with these flags, up to the Offset Size.
fn header_octets(first: u16) -> usize {
    let optional = [(L, 2), (S, 4), (O, 2)].into_iter().filter(|(bit, _)| first & bit != 0);
    optional.fold(6, |sum: usize, (_, octets)| sum.wrapping_add(octets))
}

/// What the first two octets of a UDP payload on port 1701 say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// A control message of L2TPv2.
    Version2Control,
    /// A data message of L2TPv2.
    Version2Data,
    /// L2TPv3 (RFC 3931), not read here.
    Version3,
    /// L2F (RFC 2341), told by version 1 and not read here.
    L2f,
    /// None of these, or too short to tell.
    Other,
}

/// Tells what a UDP payload on port 1701 is by its version (requirement L2TP-2661-3.1-c).
#[must_use]
pub const fn recognise(octets: &[u8]) -> Recognised {
    let Some((first, _)) = octets.split_first_chunk::<2>() else {
        return Recognised::Other;
    };
    let first = u16::from_be_bytes(*first);
    match first & VERSION {
        1 => Recognised::L2f,
        2 if first & T != 0 => Recognised::Version2Control,
        2 => Recognised::Version2Data,
        3 => Recognised::Version3,
        _ => Recognised::Other,
    }
}

/// A count of octets, to be shown.
pub(super) fn number(count: usize) -> Value<'static> {
    Value::Number(u64::try_from(count).unwrap_or(u64::MAX))
}
