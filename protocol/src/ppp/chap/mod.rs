//! Challenge Handshake Authentication Protocol (RFC 1994 section 4), with the packets that MS-CHAP adds
//! (RFC 2433 sections 9 and 10, RFC 2759 section 7).
//!
//! ```text
//! Challenge and Response:   Value-Size (1)  Value ...  Name ...
//! Success and Failure:      Message ...
//! ```

pub mod mschap;
#[cfg(test)]
mod tests;

use super::envelope;
use super::text::{self, Quoted};
use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

code_points! {
    /// How a Response is computed, as agreed in LCP.
    pub enum Algorithm: u8 {
        Md5 = 5 => "MD5",
        Sha1 = 6 => "SHA-1",
        Sha256 = 7 => "SHA-256",
        Sha3 = 8 => "SHA3-256",
        MsChap = 128 => "MS-CHAP",
        MsChapV2 = 129 => "MS-CHAPv2",
    }
}

code_points! {
    /// The kind of a packet.
    pub enum Code: u8 {
        Challenge = 1 => "Challenge",
        Response = 2 => "Response",
        Success = 3 => "Success",
        Failure = 4 => "Failure",
        ChangePassword1 = 5 => "Change-Password version 1",
        ChangePassword2 = 6 => "Change-Password version 2",
        ChangePassword3 = 7 => "Change-Password version 3",
    }
}

/// A CHAP packet.
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
    /// Of Challenge and Response.
    Value {
        /// Value: the challenge, or the response to it, whose parts [`mschap`] tells.
        value: Vec<u8>,
        /// Name of the sender.
        name: Vec<u8>,
    },
    /// Message of Success and Failure, whose parts under MS-CHAP [`mschap`] tells.
    Message(Vec<u8>),
    /// Of the Change-Password packets: encrypted passwords, hashes and flags.
    ChangePassword(Vec<u8>),
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

impl Body {
    fn decode(code: Code, mut r: Reader<'_>) -> Result<Self, Malformed> {
        Ok(match code {
            Code::Challenge | Code::Response => {
                let size = usize::from(r.u8("Value-Size")?);
                Self::Value { value: r.take("Value", size)?.to_vec(), name: r.take_rest().to_vec() }
            }
            Code::Success | Code::Failure => Self::Message(r.take_rest().to_vec()),
            Code::ChangePassword1 | Code::ChangePassword2 | Code::ChangePassword3 => {
                Self::ChangePassword(r.take_rest().to_vec())
            }
            Code::Unknown(_) => Self::Unknown(r.take_rest().to_vec()),
        })
    }

    fn encode(&self, w: &mut Writer) {
        match self {
            Self::Value { value, name } => {
                w.counted_u8("Value", value);
                w.put(name);
            }
            Self::Message(octets) | Self::ChangePassword(octets) | Self::Unknown(octets) => w.put(octets),
        }
    }
}

impl Show for Packet {
    fn show(&self, sink: &mut dyn Sink) {
        envelope::show(sink, self.code.shown(), self.identifier, |w| self.body.encode(w));
        match &self.body {
            Body::Value { value, name } => {
                sink.field("value", Value::Octets(value));
                sink.field("name", Value::Text(name));
            }
            Body::Message(message) => sink.field("message", Value::Text(message)),
            Body::ChangePassword(data) | Body::Unknown(data) => sink.field("data", Value::Octets(data)),
        }
        envelope::show_padding(sink, &self.padding);
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::head(f, self.code.name(), self.code.number(), self.identifier)?;
        match &self.body {
            Body::Value { name, .. } => write!(f, " ({})", Quoted(name)),
            Body::Message(message) if message.is_empty() => Ok(()),
            Body::Message(message) => write!(f, " ({})", Quoted(message)),
            Body::ChangePassword(data) | Body::Unknown(data) => write!(f, " ({})", text::Octets(data.len())),
        }
    }
}
