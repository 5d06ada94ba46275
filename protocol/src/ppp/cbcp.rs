//! Callback Control Protocol (protocol c029, draft-gidwani-ppp-callback-cp section 3): packets of options whose contents
//! are not interpreted.

use super::control;
use super::{envelope, raw, text};
use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{self, Show, Sink};
use core::fmt;

code_points! {
    /// The kind of a packet.
    pub enum Code: u8 {
        CallbackRequest = 1 => "Callback-Request",
        CallbackResponse = 2 => "Callback-Response",
        CallbackAck = 3 => "Callback-Ack",
    }
}

/// A CBCP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Code.
    pub code: Code,
    /// Identifier, which an answer repeats.
    pub identifier: u8,
    /// Callback options.
    pub options: Vec<raw::Option>,
    /// Octets behind the Length, to be ignored.
    pub padding: Vec<u8>,
}

impl Packet {
    fn encode_options(&self, w: &mut Writer) {
        self.options.iter().for_each(|option| control::encode_option(option, w));
    }
}

impl Codec for Packet {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut opened = envelope::open(r)?;
        let code = Code::from_number(opened.code);
        let options = control::decode_options(&mut opened.body)?;
        Ok(Self { code, identifier: opened.identifier, options, padding: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        envelope::close(w, self.code.number(), self.identifier, &self.padding, |w| self.encode_options(w));
    }
}

impl Show for Packet {
    fn show(&self, sink: &mut dyn Sink) {
        envelope::show(sink, self.code.shown(), self.identifier, |w| self.encode_options(w));
        show::list(sink, "options", &self.options);
        envelope::show_padding(sink, &self.padding);
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::head(f, self.code.name(), self.code.number(), self.identifier)?;
        text::parenthesised(f, &self.options)
    }
}
