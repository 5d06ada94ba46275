//! MS-CHAPv2 inside EAP (draft-kamath-pppext-eap-mschapv2 section 2).
//!
//! ```text
//! OpCode (1)  MS-CHAPv2-ID (1)  MS-Length (2)  as in CHAP ...
//! ```
//! MS-Length counts from the `OpCode` on. A Response to Success or Failure ends after the `OpCode`.

use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::ppp::text::{self, Quoted};
use crate::show::{Show, Sink, Value};
use core::fmt;

/// Octets from the `OpCode` up to the MS-Length, which it counts as well.
const HEADER: usize = 4;

code_points! {
    /// What the packet is.
    pub enum OpCode: u8 {
        Challenge = 1 => "Challenge",
        Response = 2 => "Response",
        Success = 3 => "Success",
        Failure = 4 => "Failure",
        ChangePassword = 7 => "Change-Password",
    }
}

/// The Type-Data of a Request or Response of type 26.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// `OpCode`.
    pub op_code: OpCode,
    /// The rest, unless the `OpCode` is all.
    pub rest: Option<Rest>,
}

/// What follows the `OpCode`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// MS-CHAPv2-ID.
    pub identifier: u8,
    /// What follows the MS-Length.
    pub body: Body,
}

/// What follows the MS-Length, by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Of Challenge and Response.
    Value {
        /// Value, as in CHAP.
        value: Vec<u8>,
        /// Name of the sender.
        name: Vec<u8>,
    },
    /// Message of Success and Failure, as in CHAP.
    Message(Vec<u8>),
    /// Of Change-Password and of unknown codes.
    Data(Vec<u8>),
}

impl Codec for Packet {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let have = r.len();
        let op_code = OpCode::from_number(r.u8("OpCode")?);
        if r.is_empty() {
            return Ok(Self { op_code, rest: None });
        }
        let identifier = r.u8("MS-CHAPv2-ID")?;
        let at = *r;
        let length = usize::from(r.u16("MS-Length")?);
        if length != have || have < HEADER {
            return Err(at.refuse("MS-Length", Why::Length { got: length, want: have }));
        }
        let body = match op_code {
            OpCode::Challenge | OpCode::Response => {
                let size = usize::from(r.u8("Value-Size")?);
                Body::Value { value: r.take("Value", size)?.to_vec(), name: r.take_rest().to_vec() }
            }
            OpCode::Success | OpCode::Failure => Body::Message(r.take_rest().to_vec()),
            OpCode::ChangePassword | OpCode::Unknown(_) => Body::Data(r.take_rest().to_vec()),
        };
        Ok(Self { op_code, rest: Some(Rest { identifier, body }) })
    }

    fn encode(&self, w: &mut Writer) {
        w.u8(self.op_code.number());
        let Some(Rest { identifier, body }) = &self.rest else { return };
        w.u8(*identifier);
        w.length_u16("MS-Length", HEADER, |w| match body {
            Body::Value { value, name } => {
                w.counted_u8("Value", value);
                w.put(name);
            }
            Body::Message(octets) | Body::Data(octets) => w.put(octets),
        });
    }
}

impl Show for Packet {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("op_code", self.op_code.shown());
        let Some(Rest { identifier, body }) = &self.rest else { return };
        sink.field("ms_chapv2_id", Value::Number(u64::from(*identifier)));
        match body {
            Body::Value { value, name } => {
                sink.field("value", Value::Octets(value));
                sink.field("name", Value::Text(name));
            }
            Body::Message(message) => sink.field("message", Value::Text(message)),
            Body::Data(data) => sink.field("data", Value::Octets(data)),
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::name(f, self.op_code.name(), "op-code", self.op_code.number())?;
        match self.rest.as_ref().map(|rest| &rest.body) {
            Some(Body::Value { name: text, .. } | Body::Message(text)) => write!(f, " {}", Quoted(text)),
            Some(Body::Data(_)) | None => Ok(()),
        }
    }
}
