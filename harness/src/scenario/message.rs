//! A message of a transcript under the name that scenarios give it.

use std::collections::BTreeMap;

use l2tpspec_protocol::isakmp::wire::{Body, ExchangeType, Payload, PayloadType};
use l2tpspec_protocol::l2tp::wire::AvpValue;
use l2tpspec_protocol::ppp::control;
use l2tpspec_protocol::show::Show as _;
use l2tpspec_protocol::time::Instant;
use l2tpspec_protocol::{ospf, ppp};
use serde_json::Value;

use super::vocabulary::normalised;
use crate::report::json::Json;
use crate::transcript::connection::Role;
use crate::transcript::layer::{Isakmp, UdpEncap};
use crate::transcript::{Entry, Layer};

/// A message that was seen.
#[derive(Debug)]
pub struct Message {
    /// Number of the frame in the recording, from 1.
    pub frame: u64,
    /// When.
    pub at: Instant,
    /// Who sent it.
    pub from: Role,
    /// Its name, as in `l2tp.SCCRP`.
    pub name: String,
    /// Whether it was lost on the wire.
    pub is_lost: bool,
    /// Whether the same was seen before.
    pub is_repeated: bool,
    /// From the outermost inwards.
    pub layers: Vec<Layer>,
}

impl Message {
    /// The fields of its layers, innermost first; secrets stay hidden.
    #[must_use]
    pub fn fields(&self) -> Vec<Value> {
        let shown = self.layers.iter().rev().map(|layer| {
            let mut out = Vec::new();
            let mut json = Json::new(&mut out, false);
            json.begin_object();
            layer.show(&mut json);
            json.end_object();
            serde_json::from_slice(&out).unwrap_or(Value::Null)
        });
        shown.collect()
    }
}

/// The value of a field, and what a registry calls it. A field is named as in a report, or as an RFC calls a part of the
/// message: an AVP, an option, a payload, an attribute. A part's own field follows behind a dot.
#[must_use]
pub fn find(layers: &[Value], path: &str) -> Option<(Value, Option<String>)> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    layers.iter().find_map(|layer| find_in(layer, &normalised(first), &normalised(rest)))
}

fn find_in(value: &Value, name: &str, rest: &str) -> Option<(Value, Option<String>)> {
    match value {
        Value::Object(members) => {
            if let (Some(found), true) = (members.get(name), rest.is_empty()) {
                let word = members.get(&format!("{name}_name")).and_then(Value::as_str);
                return Some((found.clone(), word.map(str::to_owned)));
            }
            if members.iter().any(|(key, value)| is_name_of(key, value, name)) {
                return principal(members, name, rest);
            }
            members.values().find_map(|value| find_in(value, name, rest))
        }
        Value::Array(items) => items.iter().find_map(|item| find_in(item, name, rest)),
        _ => None,
    }
}

/// Whether a member says that the object is the part of this name.
fn is_name_of(key: &str, value: &Value, name: &str) -> bool {
    let tells =
        matches!(key, "avp_type_name" | "option_name" | "payload_type_name" | "payload" | "class_name");
    tells && value.as_str().is_some_and(|own| normalised(own) == name)
}

/// What a part says: the field that is named, or its value, or all of it.
fn principal(
    members: &serde_json::Map<String, Value>,
    name: &str,
    rest: &str,
) -> Option<(Value, Option<String>)> {
    let own = |key: &str| {
        let word = members.get(&format!("{key}_name")).and_then(Value::as_str);
        members.get(key).map(|value| (value.clone(), word.map(str::to_owned)))
    };
    if !rest.is_empty() {
        return own(rest).or_else(|| members.values().find_map(|value| find_in(value, rest, "")));
    }
    const ABOUT: &[&str] =
        &["mandatory", "hidden", "reserved", "length", "vendor_id", "payload_reserved", "payload_length"];
    own(name).or_else(|| own("value")).or_else(|| {
        let tells = |key: &str| {
            ABOUT.contains(&key)
                || key.ends_with("_name")
                || key.ends_with("type")
                || key == "option"
                || key == "payload"
        };
        let mut values = members.iter().filter(|(key, _)| !tells(key));
        match (values.next(), values.next()) {
            (Some((_, only)), None) => Some((only.clone(), None)),
            _ => Some((Value::Object(members.clone()), None)),
        }
    })
}

/// Gives messages their names, which for exchanges of IKE depends on what was said before.
#[derive(Debug, Default)]
pub struct Namer {
    /// Who began each phase 1, by its cookie.
    initiators: BTreeMap<[u8; 8], Role>,
    /// Who began each exchange of phase 2, and who spoke last, how many messages there were, and their digests.
    exchanges: BTreeMap<([u8; 8], u32), Exchange>,
}

#[derive(Debug)]
struct Exchange {
    initiator: Role,
    digests: Vec<(u64, Role)>,
}

impl Namer {
    /// The name of a message that `from` sent.
    pub fn name(&mut self, entry: &Entry, from: Role) -> String {
        let mut name = None;
        for layer in &entry.layers {
            name = match layer {
                Layer::Isakmp(message) => Some(self.isakmp(message, from)),
                Layer::IsakmpHeader { .. } => Some("ike.info".to_owned()),
                Layer::UdpEncap(UdpEncap::Keepalive) => Some("nat.keepalive".to_owned()),
                Layer::Esp(_) => Some("esp.packet".to_owned()),
                Layer::L2tpControl(message) => Some(l2tp(message)),
                Layer::L2tpData(_) => Some("l2tp.data".to_owned()),
                Layer::Ppp(_) | Layer::PppOther { .. } => Some("ppp.frame".to_owned()),
                // What a Protocol-Reject returns stands behind it.
                Layer::PppControl(control) => return ppp_control(layer.name(), control),
                Layer::Ospf(packet) => Some(ospf_packet(packet)),
                Layer::Dns(message) => {
                    Some(if message.is_response { "dns.response" } else { "dns.query" }.to_owned())
                }
                Layer::Icmp(message) => {
                    let word = match message.icmp_type {
                        8 => "icmp.echo",
                        0 => "icmp.echo-reply",
                        _ => return "icmp.error".to_owned(),
                    };
                    Some(word.to_owned())
                }
                Layer::Tcp(_) => Some("tcp.segment".to_owned()),
                Layer::Udp(_) if name.as_deref() == Some("ppp.frame") => Some("udp.datagram".to_owned()),
                _ => name,
            };
        }
        name.unwrap_or_else(|| "udp.datagram".to_owned())
    }

    fn isakmp(&mut self, message: &Isakmp, from: Role) -> String {
        let header = &message.header;
        let has = |kind| message.payloads.iter().any(|payload| payload.kind == kind);
        if has(PayloadType::Fragment) && !message.is_reassembled {
            return "ike.fragment".to_owned();
        }
        match header.exchange_type {
            ExchangeType::IdentityProtection => {
                let is_first = header.responder_cookie == [0; 8];
                let initiator = *self.initiators.entry(header.initiator_cookie).or_insert(from);
                let number = if is_first {
                    1
                } else if header.has_encrypted_body() {
                    5
                } else if has(PayloadType::SecurityAssociation) {
                    return "ike.main.2".to_owned();
                } else {
                    3
                };
                format!("ike.main.{}", number + usize::from(from != initiator && !is_first))
            }
            ExchangeType::Aggressive => {
                let is_answer = has(PayloadType::SecurityAssociation) && header.responder_cookie != [0; 8];
                let number = match (header.responder_cookie == [0; 8], is_answer) {
                    (true, _) => 1,
                    (false, true) => 2,
                    (false, false) => 3,
                };
                if number == 1 {
                    self.initiators.insert(header.initiator_cookie, from);
                }
                format!("ike.aggressive.{number}")
            }
            ExchangeType::QuickMode => {
                let number = self.quick(message, from);
                format!("ike.quick.{number}")
            }
            ExchangeType::Informational => informational(message),
            _ => "ike.transaction".to_owned(),
        }
    }

    /// The place of a message in its Quick Mode: the ends take turns, and a copy keeps the number of the first.
    fn quick(&mut self, message: &Isakmp, from: Role) -> usize {
        let key = (message.header.initiator_cookie, message.header.message_id);
        let exchange =
            self.exchanges.entry(key).or_insert_with(|| Exchange { initiator: from, digests: Vec::new() });
        let copy = exchange.digests.iter().position(|(digest, _)| *digest == message.digest);
        let at = copy.unwrap_or_else(|| {
            exchange.digests.push((message.digest, from));
            exchange.digests.len() - 1
        });
        let before = exchange.digests.iter().take(at + 1).filter(|(_, sender)| *sender == from).count();
        let before = before.max(1);
        (if from == exchange.initiator { before * 2 - 1 } else { before * 2 }).min(4)
    }
}

fn informational(message: &Isakmp) -> String {
    told(&message.payloads)
}

/// The name of an Informational by what it tells.
pub(super) fn told(payloads: &[Payload]) -> String {
    let tells = payloads.iter().find_map(|payload| match &payload.body {
        Body::Notification(notification) => {
            Some(notification.notify_type.name().unwrap_or("").to_owned()).filter(|name| !name.is_empty())
        }
        Body::Delete(_) => Some("Delete".to_owned()),
        _ => None,
    });
    tells.map_or_else(|| "ike.info".to_owned(), |name| format!("ike.info.{name}"))
}

fn l2tp(message: &l2tpspec_protocol::l2tp::wire::ControlMessage) -> String {
    let kind = message.avps.iter().find_map(|avp| match &avp.value {
        AvpValue::MessageType(kind) => Some(*kind),
        _ => None,
    });
    match kind.map(|kind| kind.name()) {
        None if message.avps.is_empty() => "l2tp.ZLB".to_owned(),
        Some(Some(name)) => format!("l2tp.{name}"),
        _ => "l2tp.unknown".to_owned(),
    }
}

fn ppp_control(layer: &str, control: &ppp::Control) -> String {
    let code: Option<&'static str> = match control {
        ppp::Control::Lcp(packet) => control_name(packet.code),
        ppp::Control::Ipcp(packet) => control_name(packet.code),
        ppp::Control::Ipv6cp(packet) => control_name(packet.code),
        ppp::Control::Ccp(packet) => control_name(packet.code),
        ppp::Control::Pap(packet) => packet.code.name(),
        ppp::Control::Chap(packet) => packet.code.name(),
        ppp::Control::Eap(packet) => packet.code.name(),
        _ => None,
    };
    format!("{layer}.{}", code.unwrap_or("unknown"))
}

const fn control_name(code: control::Code) -> Option<&'static str> {
    code.name()
}

fn ospf_packet(packet: &ospf::wire::Packet) -> String {
    format!("ospf.{}", packet.body.packet_type().name().unwrap_or("unknown"))
}
