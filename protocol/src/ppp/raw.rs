//! Options of control protocols that are negotiated as in RFC 1661 but whose options have no fields here, such as
//! Apple's ACSCP (0x8235), OSINLCP and ECP.

use super::control::{self, Codes, OptionSet};
use crate::codec::{Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

/// A packet whose options are not interpreted.
pub type Packet = control::Packet<Option>;

/// An option that is not interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Option {
    /// Type.
    pub number: u8,
    /// Data.
    pub data: Vec<u8>,
}

impl OptionSet for Option {
    const CODES: Codes = Codes::Network;

    fn number(&self) -> u8 {
        self.number
    }

    fn decode_data(number: u8, data: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { number, data: data.take_rest().to_vec() })
    }

    fn ill_sized(number: u8, data: Vec<u8>) -> Self {
        Self { number, data }
    }

    fn encode_data(&self, w: &mut Writer) {
        w.put(&self.data);
    }
}

impl Show for Option {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("option", Value::Number(u64::from(self.number)));
        sink.field("length", control::shown_length(self));
        control::show_data(sink, &self.data);
    }
}

impl fmt::Display for Option {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option {}", self.number)
    }
}
