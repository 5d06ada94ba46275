//! Password Authentication Protocol (RFC 1334 section 2).
//!
//! ```text
//! Authenticate-Request:        Peer-ID Length (1)  Peer-ID ...  Passwd-Length (1)  Password ...
//! Authenticate-Ack and -Nak:   Msg-Length (1)  Message ...
//! ```

use super::envelope;
use super::text::{self, Quoted};
use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

code_points! {
    /// The kind of a packet.
    pub enum Code: u8 {
        AuthenticateRequest = 1 => "Authenticate-Request",
        AuthenticateAck = 2 => "Authenticate-Ack",
        AuthenticateNak = 3 => "Authenticate-Nak",
    }
}

/// A PAP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Code.
    pub code: Code,
    /// Identifier, which an answer repeats.
    pub identifier: u8,
    /// What follows the Length.
    pub body: Body,
    /// Octets behind the Length, to be ignored.
    pub padding: Vec<u8>,
}

/// What follows the Length, by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Of Authenticate-Request.
    Request {
        /// Peer-ID.
        peer_id: Vec<u8>,
        /// Password, in the clear.
        password: Vec<u8>,
    },
    /// Of Authenticate-Ack and -Nak: the Message, or none where even the Msg-Length is left out, as pppd accepts.
    Verdict(Option<Vec<u8>>),
    /// What an unknown code carries.
    Unknown(Vec<u8>),
}

impl Codec for Packet {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let opened = envelope::open(r)?;
        let code = Code::from_number(opened.code);
        let body = Body::decode(code, opened.body)?;
        Ok(Self { code, identifier: opened.identifier, body, padding: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        envelope::close(w, self.code.number(), self.identifier, &self.padding, |w| self.body.encode(w));
    }
}

/// Takes octets that are preceded by their number (PAP-1334-2.2.2-a).
fn counted(r: &mut Reader<'_>, length: &'static str, field: &'static str) -> Result<Vec<u8>, Malformed> {
    let n = usize::from(r.u8(length)?);
    r.take(field, n).map(<[u8]>::to_vec)
}

impl Body {
    fn decode(code: Code, mut r: Reader<'_>) -> Result<Self, Malformed> {
        let body = match code {
            Code::AuthenticateRequest => Self::Request {
                peer_id: counted(&mut r, "Peer-ID Length", "Peer-ID")?,
                password: counted(&mut r, "Passwd-Length", "Password")?,
            },
            Code::AuthenticateAck | Code::AuthenticateNak if r.is_empty() => Self::Verdict(None),
            Code::AuthenticateAck | Code::AuthenticateNak => {
                Self::Verdict(Some(counted(&mut r, "Msg-Length", "Message")?))
            }
            Code::Unknown(_) => Self::Unknown(r.take_rest().to_vec()),
        };
        r.finish("Length")?;
        Ok(body)
    }

    fn encode(&self, w: &mut Writer) {
        match self {
            Self::Request { peer_id, password } => {
                w.counted_u8("Peer-ID", peer_id);
                w.counted_u8("Password", password);
            }
            Self::Verdict(Some(message)) => w.counted_u8("Message", message),
            Self::Verdict(None) => {}
            Self::Unknown(data) => w.put(data),
        }
    }
}

impl Show for Packet {
    fn show(&self, sink: &mut dyn Sink) {
        envelope::show(sink, self.code.shown(), self.identifier, |w| self.body.encode(w));
        match &self.body {
            Body::Request { peer_id, password } => {
                sink.field("peer_id", Value::Text(peer_id));
                sink.field("password", Value::Secret { octets: password, is_text: true });
            }
            Body::Verdict(Some(message)) => sink.field("message", Value::Text(message)),
            Body::Verdict(None) => {}
            Body::Unknown(data) => sink.field("data", Value::Octets(data)),
        }
        envelope::show_padding(sink, &self.padding);
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::head(f, self.code.name(), self.code.number(), self.identifier)?;
        match &self.body {
            Body::Request { peer_id, .. } => write!(f, " ({})", Quoted(peer_id)),
            Body::Verdict(Some(message)) if !message.is_empty() => write!(f, " ({})", Quoted(message)),
            Body::Verdict(_) => Ok(()),
            Body::Unknown(data) => write!(f, " ({})", text::Octets(data.len())),
        }
    }
}
