//! An entry as a JSON line and as a line for people.

use std::io::Write as _;

use l2tpspec_protocol::codec::Why;
use l2tpspec_protocol::show::Show as _;

use super::entry::{Entry, Fault, FaultCause};
use super::layer::{Layer, Opening, Protection};
use crate::report::json::Json;
use crate::report::text::Tree;

impl Entry {
    /// Writes the entry as a JSON line of type `frame`.
    pub fn write_json(&self, out: &mut Vec<u8>, show_secrets: bool) {
        let mut json = Json::new(out, show_secrets);
        json.begin_object();
        json.key("type");
        json.string("frame");
        json.key("frame");
        json.number(self.frame);
        json.key("time");
        json.seconds(self.time);
        for (name, address) in [("src", self.source), ("dst", self.destination)] {
            json.key(name);
            match address {
                Some(address) => json.address(address),
                None => json.null(),
            }
        }
        json.key("layers");
        json.begin_array();
        for layer in &self.layers {
            json.begin_object();
            json.key("layer");
            json.string(layer.name());
            layer.show(&mut json);
            json.end_object();
        }
        json.end_array();
        if self.snapped > 0 {
            json.key("snapped");
            json.number(self.snapped.into());
        }
        json.key("error");
        match &self.fault {
            Some(fault) => fault.write_json(&mut json),
            None => json.null(),
        }
        json.end_object();
        json.end_line();
    }

    /// Writes the entry as one line for people: frame, time, addresses, layers, and what the innermost layer says.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        write_padded(out, self.frame, 6);
        out.push(b' ');
        write_time(out, self.time);
        out.extend_from_slice(b"  ");
        write_address(out, self.source);
        out.extend_from_slice(b" > ");
        write_address(out, self.destination);
        out.push(b' ');
        for layer in &self.layers {
            out.push(b' ');
            out.extend_from_slice(layer.name().as_bytes());
        }
        if let Some(layer) = self.layers.iter().rev().find(|layer| says_something(layer)) {
            out.extend_from_slice(b"  ");
            write_said(out, layer);
        }
        if let Some(fault) = &self.fault {
            write!(out, "  [{fault}]").expect("a buffer in memory takes every string");
        }
        out.push(b'\n');
    }

    /// Writes every field of every layer as indented lines.
    pub fn write_details(&self, out: &mut Vec<u8>, show_secrets: bool) {
        let mut text = String::new();
        for layer in &self.layers {
            text.push_str("         ");
            text.push_str(layer.name());
            text.push('\n');
            layer.show(&mut Tree::new(&mut text, 5, show_secrets));
        }
        out.extend_from_slice(text.as_bytes());
    }
}

impl Fault {
    fn write_json(&self, json: &mut Json<'_>) {
        json.begin_object();
        json.key("layer");
        json.string(self.layer);
        match self.cause {
            FaultCause::Malformed(malformed) => {
                json.key("kind");
                json.string(match malformed.why {
                    Why::Truncated { .. } => "truncated",
                    Why::Trailing { .. } => "trailing",
                    Why::Length { .. } => "length",
                    Why::Value { .. } => "value",
                    Why::Checksum { .. } => "checksum",
                    Why::Limit { .. } => "limit",
                });
                json.key("field");
                json.string(malformed.field);
                json.key("offset");
                json.number(malformed.offset as u64);
            }
            FaultCause::Fragment(_) => {
                json.key("kind");
                json.string("fragment");
            }
            FaultCause::Snapped => {
                json.key("kind");
                json.string("snapped");
            }
            FaultCause::TooDeep => {
                json.key("kind");
                json.string("too-deep");
            }
        }
        json.key("text");
        json.string(&self.to_string());
        json.end_object();
    }
}

fn says_something(layer: &Layer) -> bool {
    !matches!(layer, Layer::Ip(_) | Layer::Ipv6(_) | Layer::Udp(_) | Layer::Ppp(_) | Layer::L2tpData(_))
}

/// What a layer says in a few words.
fn write_said(out: &mut Vec<u8>, layer: &Layer) {
    let mut digits = itoa::Buffer::new();
    match layer {
        Layer::Icmp(icmp) => {
            let [a, b, c, d] = icmp.rest;
            match icmp.icmp_type {
                0 => out.extend_from_slice(b"Echo Reply"),
                8 => out.extend_from_slice(b"Echo"),
                other => {
                    out.extend_from_slice(b"ICMP type ");
                    out.extend_from_slice(digits.format(other).as_bytes());
                    out.extend_from_slice(b" code ");
                    out.extend_from_slice(digits.format(icmp.code).as_bytes());
                }
            }
            if icmp.is_echo() {
                out.extend_from_slice(b" id ");
                out.extend_from_slice(digits.format(u16::from_be_bytes([a, b])).as_bytes());
                out.extend_from_slice(b" seq ");
                out.extend_from_slice(digits.format(u16::from_be_bytes([c, d])).as_bytes());
            }
            out.extend_from_slice(b", ");
            out.extend_from_slice(digits.format(icmp.data_length).as_bytes());
            out.extend_from_slice(b" octets");
        }
        Layer::Esp(esp) => {
            write!(
                out,
                "SPI {:#010x} seq {}",
                esp.header.security_parameters_index, esp.header.sequence_number
            )
            .expect("a buffer in memory takes every string");
            match esp.opening {
                Opening::KeyAbsent => out.extend_from_slice(b" (no key)"),
                Opening::KeyWrong => out.extend_from_slice(b" (wrong key)"),
                Opening::Opened { .. } | Opening::OpenedTruncated { .. } => {}
            }
        }
        other => {
            write!(out, "{}", Said(other)).expect("a buffer in memory takes every string");
        }
    }
}

struct Said<'a>(&'a Layer);

impl std::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Layer::Tcp(tcp) => write!(f, "{} > {}", tcp.source_port, tcp.destination_port),
            Layer::UdpEncap(super::layer::UdpEncap::Keepalive) => f.write_str("NAT-keepalive"),
            Layer::Isakmp(message) => {
                write!(f, "{}", message.header.exchange_type)?;
                match message.protection {
                    Protection::Clear | Protection::Opened => {}
                    Protection::KeyAbsent => return f.write_str(" (encrypted, no key)"),
                    Protection::KeyWrong => return f.write_str(" (encrypted, wrong key)"),
                    Protection::NegotiationMissing => {
                        return f.write_str(" (encrypted, negotiation missing)");
                    }
                }
                for (i, payload) in message.payloads.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { ": " } else { ", " }, payload.kind)?;
                }
                Ok(())
            }
            Layer::IsakmpHeader { why, .. } => f.write_str(why),
            Layer::PppOther { packet, .. } => write!(f, "{packet}"),
            Layer::L2tpControl(message) => write!(f, "{message}"),
            Layer::PppControl(control) => write!(f, "{control}"),
            Layer::Ospf(packet) => write!(f, "{packet}"),
            Layer::Dns(dns) => {
                f.write_str(if dns.is_response { "response" } else { "query" })?;
                match dns.questions.first() {
                    Some((name, _)) => write!(f, " {name}"),
                    None => Ok(()),
                }
            }
            Layer::Named(named) => f.write_str(named.why),
            _ => Ok(()),
        }
    }
}

fn write_padded(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut digits = itoa::Buffer::new();
    let text = digits.format(number);
    out.resize(out.len() + width.saturating_sub(text.len()), b' ');
    out.extend_from_slice(text.as_bytes());
}

/// Seconds with six decimals.
fn write_time(out: &mut Vec<u8>, nanoseconds: i64) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let microseconds = nanoseconds.unsigned_abs() / 1000;
    write_padded(out, microseconds / 1_000_000, 4);
    out.push(b'.');
    let start = out.len();
    let mut digits = itoa::Buffer::new();
    let text = digits.format(microseconds % 1_000_000);
    out.resize(start + 6 - text.len(), b'0');
    out.extend_from_slice(text.as_bytes());
}

fn write_address(out: &mut Vec<u8>, address: Option<std::net::IpAddr>) {
    match address {
        Some(std::net::IpAddr::V4(address)) => {
            let mut digits = itoa::Buffer::new();
            for (i, octet) in address.octets().into_iter().enumerate() {
                if i > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice(digits.format(octet).as_bytes());
            }
        }
        Some(address) => write!(out, "{address}").expect("a buffer in memory takes every string"),
        None => out.push(b'-'),
    }
}
