//! Every packet of the captures, the shapes of clients that are known without a capture, and octets that are no packet.

mod client;
mod malformed;
mod sample;

use super::frame::FrameHeader;
use super::{Control, Protocol, decode_control};
use crate::codec::{Malformed, Writer};
use crate::show::{Show, Sink, Value};
use std::fmt::Write;

/// The octets of hexadecimal digits with or without spaces.
pub(super) fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        hex.chars().filter(|digit| *digit != ' ').map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// Reads the packet of a frame.
fn control(frame: &[u8]) -> Result<Control, Malformed> {
    let (header, information) = FrameHeader::decode(frame)?;
    decode_control(header.protocol, &frame[information..], information).unwrap()
}

/// Reads a packet that must encode to its octets again.
pub(super) fn round_trip(protocol: Protocol, hex: &str) -> Control {
    let information = octets(hex);
    let packet = decode_control(protocol, &information, 0).unwrap().unwrap();
    assert_eq!(encoded(&packet), information, "{packet}");
    packet
}

fn encoded(packet: &Control) -> Vec<u8> {
    let mut w = Writer::new();
    packet.encode(&mut w);
    w.into_octets().unwrap()
}

/// The fields of a value on one line, secrets hidden.
pub(super) fn shown(value: &impl Show) -> String {
    let mut line = Line::default();
    value.show(&mut line);
    line.0
}

#[derive(Default)]
struct Line(String);

impl Line {
    fn separate(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with(['[', '{']) {
            self.0.push(' ');
        }
    }

    fn value(&mut self, value: Value<'_>) {
        let text = &mut self.0;
        match value {
            Value::Number(number) => write!(text, "{number}"),
            Value::Code { number, name } => write!(text, "{number}:{}", name.unwrap_or("?")),
            Value::Flag(flag) => write!(text, "{flag}"),
            Value::Text(octets) => write!(text, "\"{}\"", octets.escape_ascii()),
            Value::Word(word) => write!(text, "{word}"),
            Value::Octets(octets) => octets.iter().try_for_each(|octet| write!(text, "{octet:02x}")),
            Value::Ipv4(address) => write!(text, "{address}"),
            Value::Ipv6(address) => write!(text, "{address}"),
            Value::Secret { .. } => write!(text, "***"),
        }
        .unwrap();
    }
}

impl Sink for Line {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        self.separate();
        write!(self.0, "{name}=").unwrap();
        self.value(value);
    }

    fn begin_list(&mut self, name: &'static str) {
        self.separate();
        write!(self.0, "{name}=[").unwrap();
    }

    fn begin_item(&mut self) {
        self.separate();
        self.0.push('{');
    }

    fn end_item(&mut self) {
        self.0.push('}');
    }

    fn end_list(&mut self) {
        self.0.push(']');
    }

    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        self.begin_list(name);
        for value in values {
            self.separate();
            self.value(value);
        }
        self.end_list();
    }
}
