//! Packet formats (RFC 1661 section 5, RFC 1570 section 1, RFC 1962 section 3, RFC 2153 section 1).

use super::option::{self, OptionSet};
use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::ppp::text::{self, Quoted, parenthesised};
use crate::ppp::{Protocol, envelope};
use crate::show::{self, Show, Sink, Value};
use core::fmt;

code_points! {
    /// The kind of a packet.
    pub enum Code: u8 {
        VendorSpecific = 0 => "Vendor-Specific",
        ConfigureRequest = 1 => "Configure-Request",
        ConfigureAck = 2 => "Configure-Ack",
        ConfigureNak = 3 => "Configure-Nak",
        ConfigureReject = 4 => "Configure-Reject",
        TerminateRequest = 5 => "Terminate-Request",
        TerminateAck = 6 => "Terminate-Ack",
        CodeReject = 7 => "Code-Reject",
        ProtocolReject = 8 => "Protocol-Reject",
        EchoRequest = 9 => "Echo-Request",
        EchoReply = 10 => "Echo-Reply",
        DiscardRequest = 11 => "Discard-Request",
        Identification = 12 => "Identification",
        TimeRemaining = 13 => "Time-Remaining",
        ResetRequest = 14 => "Reset-Request",
        ResetAck = 15 => "Reset-Ack",
    }
}

/// The codes that a control protocol has besides 0 to 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes {
    /// Those of LCP, 8 to 13.
    Link,
    /// None, as in IPCP and IPV6CP (IPCP-1332-2-b).
    Network,
    /// Those of CCP, 14 and 15 (CCP-1962-2-a).
    Compression,
}

impl Codes {
    /// The code of a number, `Unknown` if only other protocols have it.
    #[must_use]
    pub const fn code(self, number: u8) -> Code {
        match (self, number) {
            (_, 0..=7) | (Self::Link, 8..=13) | (Self::Compression, 14..=15) => Code::from_number(number),
            (Self::Link | Self::Network | Self::Compression, _) => Code::Unknown(number),
        }
    }
}

/// A packet of a control protocol with options `O`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<O> {
    /// Code.
    pub code: Code,
    /// Identifier, which an answer repeats.
    pub identifier: u8,
    /// What follows the Length.
    pub body: Body<O>,
    /// Octets behind the Length, to be ignored (LCP-1661-5-c).
    pub padding: Vec<u8>,
}

/// What follows the Length, by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<O> {
    /// Of Vendor-Specific.
    VendorSpecific {
        /// Magic-Number of the sender.
        magic_number: u32,
        /// OUI of the vendor.
        organizationally_unique_identifier: [u8; 3],
        /// Kind, as the vendor numbers them.
        kind: u8,
        /// Value(s).
        values: Vec<u8>,
    },
    /// Options of Configure-Request, -Ack, -Nak and -Reject.
    Options(Vec<O>),
    /// Rejected-Packet of Code-Reject, from its Code on.
    RejectedPacket(Vec<u8>),
    /// Of Protocol-Reject.
    RejectedProtocol {
        /// Rejected-Protocol.
        protocol: Protocol,
        /// Rejected-Information, the beginning of the frame's.
        information: Vec<u8>,
    },
    /// Of Echo-Request, Echo-Reply and Discard-Request.
    Echo {
        /// Magic-Number of the sender, or zero.
        magic_number: u32,
        /// Data.
        data: Vec<u8>,
    },
    /// Of Identification.
    Identification {
        /// Magic-Number of the sender, or zero.
        magic_number: u32,
        /// Message.
        message: Vec<u8>,
    },
    /// Of Time-Remaining.
    TimeRemaining {
        /// Magic-Number of the sender, or zero.
        magic_number: u32,
        /// Seconds-Remaining in the session, all ones if without end.
        seconds_remaining: u32,
        /// Message.
        message: Vec<u8>,
    },
    /// Data of Terminate-Request, Terminate-Ack, Reset-Request and Reset-Ack, and what an unknown code carries.
    Data(Vec<u8>),
}

impl<O: OptionSet> Codec for Packet<O> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let opened = envelope::open(r)?;
        let code = O::CODES.code(opened.code);
        let body = Body::decode(code, opened.body)?;
        Ok(Self { code, identifier: opened.identifier, body, padding: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        envelope::close(w, self.code.number(), self.identifier, &self.padding, |w| self.body.encode(w));
    }
}

impl<O: OptionSet> Body<O> {
    fn decode(code: Code, mut r: Reader<'_>) -> Result<Self, Malformed> {
        Ok(match code {
            Code::VendorSpecific => Self::VendorSpecific {
                magic_number: r.u32("Magic-Number")?,
                organizationally_unique_identifier: r.array("OUI")?,
                kind: r.u8("Kind")?,
                values: r.take_rest().to_vec(),
            },
            Code::ConfigureRequest | Code::ConfigureAck | Code::ConfigureNak | Code::ConfigureReject => {
                Self::Options(option::decode_options(&mut r)?)
            }
            Code::CodeReject => Self::RejectedPacket(r.take_rest().to_vec()),
            Code::ProtocolReject => Self::RejectedProtocol {
                protocol: Protocol::from_number(r.u16("Rejected-Protocol")?),
                information: r.take_rest().to_vec(),
            },
            Code::EchoRequest | Code::EchoReply | Code::DiscardRequest => {
                Self::Echo { magic_number: r.u32("Magic-Number")?, data: r.take_rest().to_vec() }
            }
            Code::Identification => {
                Self::Identification { magic_number: r.u32("Magic-Number")?, message: r.take_rest().to_vec() }
            }
            Code::TimeRemaining => Self::TimeRemaining {
                magic_number: r.u32("Magic-Number")?,
                seconds_remaining: r.u32("Seconds-Remaining")?,
                message: r.take_rest().to_vec(),
            },
            Code::TerminateRequest
            | Code::TerminateAck
            | Code::ResetRequest
            | Code::ResetAck
            | Code::Unknown(_) => Self::Data(r.take_rest().to_vec()),
        })
    }

    fn encode(&self, w: &mut Writer) {
        match self {
            Self::VendorSpecific { magic_number, organizationally_unique_identifier, kind, values } => {
                w.u32(*magic_number);
                w.put(organizationally_unique_identifier);
                w.u8(*kind);
                w.put(values);
            }
            Self::Options(options) => options.iter().for_each(|each| option::encode_option(each, w)),
            Self::RejectedProtocol { protocol, information } => {
                w.u16(protocol.number());
                w.put(information);
            }
            Self::Echo { magic_number, data: octets }
            | Self::Identification { magic_number, message: octets } => {
                w.u32(*magic_number);
                w.put(octets);
            }
            Self::TimeRemaining { magic_number, seconds_remaining, message } => {
                w.u32(*magic_number);
                w.u32(*seconds_remaining);
                w.put(message);
            }
            Self::RejectedPacket(octets) | Self::Data(octets) => w.put(octets),
        }
    }
}

impl<O: OptionSet> Show for Packet<O> {
    fn show(&self, sink: &mut dyn Sink) {
        envelope::show(sink, self.code.shown(), self.identifier, |w| self.body.encode(w));
        self.body.show(sink);
        envelope::show_padding(sink, &self.padding);
    }
}

impl<O: OptionSet> Show for Body<O> {
    fn show(&self, sink: &mut dyn Sink) {
        match self {
            Self::VendorSpecific { magic_number, organizationally_unique_identifier, kind, values } => {
                sink.field("magic_number", Value::Number(u64::from(*magic_number)));
                sink.field(
                    "organizationally_unique_identifier",
                    Value::Octets(organizationally_unique_identifier),
                );
                sink.field("kind", Value::Number(u64::from(*kind)));
                sink.field("values", Value::Octets(values));
            }
            Self::Options(options) => show::list(sink, "options", options),
            Self::RejectedPacket(octets) => sink.field("rejected_packet", Value::Octets(octets)),
            Self::RejectedProtocol { protocol, information } => {
                sink.field("rejected_protocol", protocol.shown());
                sink.field("rejected_information", Value::Octets(information));
            }
            Self::Echo { magic_number, data } => {
                sink.field("magic_number", Value::Number(u64::from(*magic_number)));
                sink.field("data", Value::Octets(data));
            }
            Self::Identification { magic_number, message } => {
                sink.field("magic_number", Value::Number(u64::from(*magic_number)));
                sink.field("message", Value::Text(message));
            }
            Self::TimeRemaining { magic_number, seconds_remaining, message } => {
                sink.field("magic_number", Value::Number(u64::from(*magic_number)));
                sink.field("seconds_remaining", Value::Number(u64::from(*seconds_remaining)));
                sink.field("message", Value::Text(message));
            }
            Self::Data(data) => sink.field("data", Value::Octets(data)),
        }
    }
}

impl<O: OptionSet> fmt::Display for Packet<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::head(f, self.code.name(), self.code.number(), self.identifier)?;
        match &self.body {
            Body::VendorSpecific { kind, .. } => write!(f, " (kind {kind})"),
            Body::Options(options) => parenthesised(f, options),
            Body::RejectedPacket(octets) => write!(f, " ({})", text::Octets(octets.len())),
            Body::RejectedProtocol { protocol, .. } => write!(f, " ({})", text::Protocol(*protocol)),
            Body::Echo { data, .. } if data.is_empty() => Ok(()),
            Body::Echo { data, .. } => write!(f, " ({})", text::Octets(data.len())),
            Body::TimeRemaining { seconds_remaining, .. } => write!(f, " ({seconds_remaining} s)"),
            Body::Data(octets) if octets.is_empty() => Ok(()),
            Body::Identification { message: octets, .. } | Body::Data(octets) => {
                write!(f, " ({})", Quoted(octets))
            }
        }
    }
}
