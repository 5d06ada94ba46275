//! Extensible Authentication Protocol (RFC 3748 section 4; over PPP section 3.2).
//!
//! ```text
//! Request and Response:   Type (1)  Type-Data ...
//! Success and Failure:    nothing
//! ```

mod method;
pub mod mschapv2;
#[cfg(test)]
mod tests;

pub use method::{Method, MethodType};

use super::{envelope, text};
use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

code_points! {
    /// The kind of a packet.
    pub enum Code: u8 {
        Request = 1 => "Request",
        Response = 2 => "Response",
        Success = 3 => "Success",
        Failure = 4 => "Failure",
        Initiate = 5 => "Initiate",
        Finish = 6 => "Finish",
    }
}

/// An EAP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Code.
    pub code: Code,
    /// Identifier, which a Response repeats.
    pub identifier: u8,
    /// What follows the Length.
    pub body: Body,
    /// Octets behind the Length, to be ignored.
    pub padding: Vec<u8>,
}

/// What follows the Length, by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Type and Type-Data of Request and Response.
    Method(Method),
    /// What any other code carries: nothing in Success and Failure (EAP-3748-4.2-a).
    Data(Vec<u8>),
}

impl Codec for Packet {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut opened = envelope::open(r)?;
        let code = Code::from_number(opened.code);
        let body = match code {
            Code::Request | Code::Response => Body::Method(Method::decode(&mut opened.body)?),
            Code::Success | Code::Failure | Code::Initiate | Code::Finish | Code::Unknown(_) => {
                Body::Data(opened.body.take_rest().to_vec())
            }
        };
        opened.body.finish("Type-Data")?;
        Ok(Self { code, identifier: opened.identifier, body, padding: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        envelope::close(w, self.code.number(), self.identifier, &self.padding, |w| self.body.encode(w));
    }
}

impl Body {
    fn encode(&self, w: &mut Writer) {
        match self {
            Self::Method(method) => method.encode(w),
            Self::Data(data) => w.put(data),
        }
    }
}

impl Show for Packet {
    fn show(&self, sink: &mut dyn Sink) {
        envelope::show(sink, self.code.shown(), self.identifier, |w| self.body.encode(w));
        match &self.body {
            Body::Method(method) => method.show(self.code == Code::Response, sink),
            Body::Data(data) if data.is_empty() => {}
            Body::Data(data) => sink.field("data", Value::Octets(data)),
        }
        envelope::show_padding(sink, &self.padding);
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::head(f, self.code.name(), self.code.number(), self.identifier)?;
        match &self.body {
            Body::Method(method) => write!(f, " ({method})"),
            Body::Data(data) if data.is_empty() => Ok(()),
            Body::Data(data) => write!(f, " ({})", text::Octets(data.len())),
        }
    }
}
