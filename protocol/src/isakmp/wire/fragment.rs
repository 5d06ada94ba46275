//! The Fragment payload of Microsoft, Cisco and those who followed them (MS-IKEE section 2.2.3.1), and how
//! the pieces become a message again.
//!
//! A message of one Fragment payload carries a piece of a complete ISAKMP message, header included. Its own
//! header repeats the cookies; its body is never encrypted, although racoon marks it so (see
//! [`Header::has_encrypted_body`]). The message ID and the exchange type need not be those of the whole.

use std::collections::BTreeMap;

use super::Header;
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value};

/// A piece of an ISAKMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The same in all pieces of one message. Many senders use 1 for every message.
    pub id: u16,
    /// The place of the piece, from 1.
    pub number: u8,
    /// Bit 0 marks the last piece; the others are reserved.
    pub flags: u8,
    /// The octets of the piece.
    pub data: Vec<u8>,
}

impl Fragment {
    /// The flag of the last piece.
    pub const LAST: u8 = 0x01;

    /// Whether this is the last piece.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.flags & Self::LAST != 0
    }
}

impl Codec for Fragment {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            id: r.u16("Fragment ID")?,
            number: r.u8("Fragment Number")?,
            flags: r.u8("Flags")?,
            data: r.take_rest().to_vec(),
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u16(self.id);
        w.u8(self.number);
        w.u8(self.flags);
        w.put(&self.data);
    }
}

impl Show for Fragment {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("fragment_id", Value::Number(u64::from(self.id)));
        sink.field("fragment_number", Value::Number(u64::from(self.number)));
        let name = match self.flags {
            0 => Some("none"),
            Self::LAST => Some("LAST_FRAGMENT"),
            _ => None,
        };
        sink.field("flags", Value::Code { number: u64::from(self.flags), name });
        sink.field("fragment_data", Value::Octets(&self.data));
    }
}

/// Fragments a message may have.
pub const MAX_FRAGMENTS: usize = 64;
/// Octets a message may have.
pub const MAX_OCTETS: usize = 65535;
/// Messages that may be incomplete at a time.
pub const MAX_MESSAGES: usize = 16;

/// Where the fields of the only payload of a fragment message stand.
const NUMBER_AT: usize = 34;
const DATA_AT: usize = 36;

/// Messages of one direction that are not complete yet.
///
/// The two directions number their fragments independently, so each needs its own.
#[derive(Debug, Clone, Default)]
pub struct Reassembly {
    /// The oldest first.
    incomplete: Vec<Incomplete>,
}

#[derive(Debug, Clone)]
struct Incomplete {
    key: Key,
    pieces: BTreeMap<u8, Vec<u8>>,
    last: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    initiator_cookie: [u8; 8],
    responder_cookie: [u8; 8],
    id: u16,
}

impl Reassembly {
    /// A reassembly of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { incomplete: Vec::new() }
    }

    /// Messages of which a piece was pushed and a piece is missing.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.incomplete.len()
    }

    /// Whether no message is incomplete.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// Adds the piece of a message whose only payload it was, and returns the inner message, header included,
    /// once it is complete. The same piece may come twice. If [`MAX_MESSAGES`] are incomplete, the oldest is
    /// given up.
    ///
    /// # Errors
    /// A number that no piece may have, or a piece that does not fit those that came before it; the offset is
    /// that in the message that carried it. In the latter case they are given up with it, since senders use
    /// the same ID for their next message.
    pub fn push(&mut self, header: &Header, fragment: &Fragment) -> Result<Option<Vec<u8>>, Malformed> {
        if fragment.number == 0 {
            return Err(refused_number(Why::Value { got: 0 }));
        }
        if usize::from(fragment.number) > MAX_FRAGMENTS {
            return Err(refused_number(Why::Limit { limit: MAX_FRAGMENTS }));
        }
        let key = Key {
            initiator_cookie: header.initiator_cookie,
            responder_cookie: header.responder_cookie,
            id: fragment.id,
        };
        let before = self.incomplete.iter().position(|message| message.key == key);
        let (at, mut message) = match before {
            Some(at) => (at, self.incomplete.remove(at)),
            None => (usize::MAX, Incomplete { key, pieces: BTreeMap::new(), last: None }),
        };
        message.add(fragment)?;
        if let Some(octets) = message.complete() {
            return Ok(Some(octets));
        }
        if self.incomplete.len() >= MAX_MESSAGES {
            self.incomplete.remove(0);
        }
        self.incomplete.insert(at.min(self.incomplete.len()), message);
        Ok(None)
    }
}

const fn refused_number(why: Why) -> Malformed {
    Malformed { field: "Fragment Number", offset: NUMBER_AT, why }
}

impl Incomplete {
    fn add(&mut self, fragment: &Fragment) -> Result<(), Malformed> {
        let number = fragment.number;
        let impossible = refused_number(Why::Value { got: u64::from(number) });
        if let Some(before) = self.pieces.get(&number) {
            let is_same = *before == fragment.data && fragment.is_last() == (self.last == Some(number));
            return if is_same { Ok(()) } else { Err(impossible) };
        }
        let greatest = self.pieces.last_key_value().map_or(0, |(greatest, _)| *greatest);
        let is_behind_last = self.last.is_some_and(|last| number > last);
        let is_second_last = fragment.is_last() && (self.last.is_some() || number < greatest);
        if is_behind_last || is_second_last {
            return Err(impossible);
        }
        let octets = self.pieces.values().map(Vec::len).fold(fragment.data.len(), usize::saturating_add);
        if octets > MAX_OCTETS {
            let why = Why::Limit { limit: MAX_OCTETS };
            return Err(Malformed { field: "Fragment Data", offset: DATA_AT, why });
        }
        if fragment.is_last() {
            self.last = Some(number);
        }
        self.pieces.insert(number, fragment.data.clone());
        Ok(())
    }

    /// The whole, if every piece from 1 to the last is there.
    fn complete(&self) -> Option<Vec<u8>> {
        let last = self.last?;
        if self.pieces.len() != usize::from(last) {
            return None;
        }
        Some(self.pieces.values().flatten().copied().collect())
    }
}
