//! What PPP, and OSPF over it, show of an end.

use std::net::Ipv4Addr;

use l2tpspec_protocol::codec::Reader;
use l2tpspec_protocol::ospf::wire::Body as OspfBody;
use l2tpspec_protocol::ppp::control::{Body, Code, Packet};
use l2tpspec_protocol::ppp::{Control, Protocol, ccp, chap, ipcp, lcp, pap};
use serde_json::{Value, json};

use super::l2tp::hexadecimal;
use super::patch::Draft;
use super::said::{Talk, What};
use crate::transcript::connection::Role;

pub(super) fn lift(talk: &Talk, by: Role, draft: &mut Draft) {
    options(talk, by, draft);
    authentication(talk, by, draft);
    refusal(talk, by, draft);
    network(talk, by, draft);
    ospf(talk, by, draft);
    if by == Role::Supernode {
        service(talk, draft);
    }
}

fn lcp_of(control: &Control) -> Option<&lcp::Packet> {
    if let Control::Lcp(packet) = control { Some(packet) } else { None }
}

/// The first packet of a code, of those that a protocol's packets are picked by.
fn first<'t, O: 't>(
    talk: &'t Talk,
    by: Role,
    pick: impl Fn(&'t Control) -> Option<&'t Packet<O>> + 't,
    code: Code,
) -> Option<(u64, &'t Packet<O>)> {
    talk.ppp(by)
        .filter_map(move |(frame, control)| Some((frame, pick(control)?)))
        .find(|(_, packet)| packet.code == code)
}

fn options(talk: &Talk, by: Role, draft: &mut Draft) {
    if let Some((frame, packet)) = first(talk, by, lcp_of, Code::ConfigureRequest)
        && let Body::Options(options) = &packet.body
    {
        let asked: Vec<Value> = options.iter().filter_map(lcp_option).collect();
        draft.put("ppp.lcp", json!(asked), frame);
        draft.put("ppp.first_identifier", json!(packet.identifier), frame);
    }
    let identifications: Vec<(u64, String)> = talk
        .ppp(by)
        .filter_map(|(frame, control)| match &lcp_of(control)?.body {
            Body::Identification { message, .. } => {
                Some((frame, String::from_utf8_lossy(message).into_owned()))
            }
            _ => None,
        })
        .collect();
    let is_up = talk.ppp(by).any(|(_, control)| !matches!(control, Control::Lcp(_)));
    if let Some((frame, _)) = identifications.first() {
        let mut texts: Vec<&String> = Vec::new();
        for (_, text) in &identifications {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        draft.put("ppp.identification", json!(texts), *frame);
    } else if is_up {
        draft.guess("ppp.identification", json!([]), "it says none");
    }
    if let Some((frame, packet)) = first(talk, by, lcp_of, Code::TerminateRequest)
        && let Body::Data(data) = &packet.body
    {
        draft.put("ppp.terminate_data", json!(hexadecimal(data)), frame);
    }
    echo(talk, by, is_up, draft);
}

/// Whether an end says Echo-Requests, and whether at once: before anything of a protocol above.
fn echo(talk: &Talk, by: Role, is_up: bool, draft: &mut Draft) {
    let first_echo = first(talk, by, lcp_of, Code::EchoRequest);
    let Some((frame, _)) = first_echo else {
        let lasted = talk.seconds();
        let every = draft.get("ppp.echo").and_then(|echo| seconds(echo.get("interval")?.as_str()?));
        if is_up && every.is_some_and(|every| lasted > 2 * every) {
            draft.guess("ppp.echo", json!(null), "it says none all the time");
        }
        return;
    };
    let time = |wanted: u64| talk.all.iter().find(|said| said.frame == wanted).map(|said| said.time);
    let acknowledged = talk
        .ppp(by)
        .filter_map(|(frame, control)| Some((frame, lcp_of(control)?)))
        .filter(|(_, packet)| packet.code == Code::ConfigureAck)
        .last()
        .and_then(|(frame, _)| time(frame));
    let is_soon = |(echo, ack): (i64, i64)| echo - ack < 1_500_000_000;
    let at_once = time(frame).zip(acknowledged).is_some_and(is_soon);
    let mut echo = draft.get("ppp.echo").cloned().unwrap_or(Value::Null);
    if !echo.is_object() {
        echo = json!({ "interval": "30s", "failures": 4 });
    }
    if at_once {
        echo["at_once"] = json!(true);
    }
    draft.put("ppp.echo", echo, frame);
}

pub(super) fn seconds(text: &str) -> Option<u64> {
    let number = |unit| text.strip_suffix(unit)?.parse::<u64>().ok();
    number("ms").map(|ms| ms / 1000).or_else(|| number("s")).or_else(|| Some(60 * number("m")?))
}

fn lcp_option(option: &lcp::Option) -> Option<Value> {
    Some(match option {
        lcp::Option::MaximumReceiveUnit(octets) => json!({ "mru": octets }),
        lcp::Option::AsyncControlCharacterMap(map) => json!({ "accm": map }),
        lcp::Option::AuthenticationProtocol { .. } => json!("authentication"),
        lcp::Option::MagicNumber(_) => json!("magic-number"),
        lcp::Option::ProtocolFieldCompression => json!("pfc"),
        lcp::Option::AddressAndControlFieldCompression => json!("acfc"),
        lcp::Option::Callback { operation, .. } => json!({ "callback": operation.number() }),
        _ => return None,
    })
}

fn method(option: &lcp::Option) -> Option<&'static str> {
    let lcp::Option::AuthenticationProtocol { protocol, .. } = option else { return None };
    match (protocol, option.algorithm()) {
        (Protocol::Pap, _) => Some("pap"),
        (Protocol::Eap, _) => Some("eap-md5"),
        (Protocol::Chap, Some(chap::Algorithm::Md5)) => Some("chap-md5"),
        (Protocol::Chap, Some(chap::Algorithm::MsChap)) => Some("ms-chap-v1"),
        (Protocol::Chap, Some(chap::Algorithm::MsChapV2)) => Some("ms-chap-v2"),
        _ => None,
    }
}

/// The methods that options name, each once, in order, and the first frame.
fn methods(talk: &Talk, by: Role, codes: &[Code]) -> Option<(u64, Vec<&'static str>)> {
    let mut found: Vec<&'static str> = Vec::new();
    let mut frame = None;
    for (at, control) in talk.ppp(by) {
        let Some(packet) = lcp_of(control).filter(|packet| codes.contains(&packet.code)) else { continue };
        let Body::Options(options) = &packet.body else { continue };
        for method in options.iter().filter_map(method) {
            frame.get_or_insert(at);
            if !found.contains(&method) {
                found.push(method);
            }
        }
    }
    Some((frame?, found))
}

fn authentication(talk: &Talk, by: Role, draft: &mut Draft) {
    let has_spoken = first(talk, by, lcp_of, Code::ConfigureRequest).is_some();
    match methods(talk, by, &[Code::ConfigureRequest]) {
        Some((frame, asks)) => draft.put("ppp.authentication.asks", json!(asks), frame),
        None if has_spoken => draft.guess("ppp.authentication.asks", json!([]), "it asks for none"),
        None => {}
    }
    // What it agrees to it does; what it names instead of something it does too.
    if let Some((frame, does)) = methods(talk, by, &[Code::ConfigureAck, Code::ConfigureNak]) {
        draft.put("ppp.authentication.does", json!(does), frame);
    }
    let name = talk.ppp(by).find_map(|(frame, control)| match control {
        Control::Chap(chap::Packet {
            code: chap::Code::Challenge,
            body: chap::Body::Value { name, .. },
            ..
        }) => Some((frame, String::from_utf8_lossy(name).into_owned())),
        _ => None,
    });
    if let Some((frame, name)) = name {
        draft.put("ppp.authentication.name", json!(name), frame);
    }
}

/// How a wrong MS-CHAPv2 response is refused.
fn refusal(talk: &Talk, by: Role, draft: &mut Draft) {
    let failure = talk.ppp(by).find_map(|(frame, control)| match control {
        Control::Chap(chap::Packet {
            code: chap::Code::Failure, body: chap::Body::Message(text), ..
        }) => Some((frame, chap::mschap::Failure::parse(Reader::new(text)).ok()?)),
        _ => None,
    });
    if let Some((frame, failure)) = failure {
        let retry = failure.is_retry_allowed.unwrap_or(false);
        let said = json!({ "retry": retry, "version": failure.version.unwrap_or(3) });
        draft.put("ppp.authentication.refusal", said, frame);
    }
}

fn ipcp_of(control: &Control) -> Option<&ipcp::Packet> {
    if let Control::Ipcp(packet) = control { Some(packet) } else { None }
}

fn ccp_of(control: &Control) -> Option<&ccp::Packet> {
    if let Control::Ccp(packet) = control { Some(packet) } else { None }
}

fn network(talk: &Talk, by: Role, draft: &mut Draft) {
    let Some((frame, packet)) = first(talk, by, ipcp_of, Code::ConfigureRequest) else { return };
    if let Body::Options(options) = &packet.body {
        let asked: Vec<Value> = options.iter().filter_map(ipcp_option).collect();
        draft.put("ppp.ipcp", json!(asked), frame);
    }
    let ipv6 = talk.ppp(by).find(
        |(_, control)| matches!(control, Control::Ipv6cp(packet) if packet.code == Code::ConfigureRequest),
    );
    match ipv6 {
        Some((frame, _)) => draft.put("ppp.ipv6cp", json!(true), frame),
        None => draft.guess("ppp.ipv6cp", json!(false), "it begins none"),
    }
    match first(talk, by, ccp_of, Code::ConfigureRequest) {
        Some((frame, packet)) => {
            if let Body::Options(options) = &packet.body {
                let asked: Vec<Value> = options.iter().filter_map(ccp_option).collect();
                draft.put("ppp.ccp", json!(asked), frame);
            }
        }
        None => draft.guess("ppp.ccp", json!(null), "it begins none"),
    }
}

fn ipcp_option(option: &ipcp::Option) -> Option<Value> {
    Some(match option {
        ipcp::Option::IpAddress(_) => json!("address"),
        ipcp::Option::IpCompressionProtocol { data, .. } => {
            json!({ "van-jacobson": data.first().copied().unwrap_or(15) })
        }
        ipcp::Option::PrimaryDnsAddress(_) => json!("primary-dns"),
        ipcp::Option::SecondaryDnsAddress(_) => json!("secondary-dns"),
        ipcp::Option::PrimaryNbnsAddress(_) => json!("primary-nbns"),
        ipcp::Option::SecondaryNbnsAddress(_) => json!("secondary-nbns"),
        _ => return None,
    })
}

fn ccp_option(option: &ccp::Option) -> Option<Value> {
    let window = |deflate: &ccp::Deflate| (deflate.window_and_method >> 4) + 8;
    Some(match option {
        ccp::Option::Mppe(bits) => json!({ "mppe": bits.0 }),
        ccp::Option::Deflate(deflate) => json!({ "deflate": window(deflate) }),
        ccp::Option::DraftDeflate(deflate) => json!({ "draft-deflate": window(deflate) }),
        ccp::Option::BsdCompress { dictionary_bits, .. } => json!({ "bsd": dictionary_bits }),
        _ => return None,
    })
}

/// What the supernode gives, and to whom.
fn service(talk: &Talk, draft: &mut Draft) {
    let user = talk.ppp(Role::Client).find_map(|(frame, control)| match control {
        Control::Chap(chap::Packet {
            code: chap::Code::Response,
            body: chap::Body::Value { name, .. },
            ..
        }) => Some((frame, name.clone())),
        Control::Pap(pap::Packet { body: pap::Body::Request { peer_id, .. }, .. }) => {
            Some((frame, peer_id.clone()))
        }
        _ => None,
    });
    if let Some((frame, user)) = user {
        draft.put("service.user", json!(String::from_utf8_lossy(&user)), frame);
    }
    let mut told: [Option<(u64, Ipv4Addr)>; 2] = [None; 2];
    for (frame, control) in talk.ppp(Role::Supernode) {
        let Some(packet) = ipcp_of(control) else { continue };
        let Body::Options(options) = &packet.body else { continue };
        for option in options {
            match (packet.code, option) {
                (Code::ConfigureRequest, ipcp::Option::IpAddress(own)) => {
                    draft.put("service.address", json!(own), frame);
                }
                (Code::ConfigureNak | Code::ConfigureAck, ipcp::Option::IpAddress(given)) => {
                    let [a, b, c, _] = given.octets();
                    let last = Ipv4Addr::new(a, b, c, 254).max(*given);
                    draft.put("service.pool", json!({ "first": given, "last": last }), frame);
                }
                (Code::ConfigureNak, ipcp::Option::PrimaryDnsAddress(server)) => {
                    told[0] = Some((frame, *server));
                }
                (Code::ConfigureNak, ipcp::Option::SecondaryDnsAddress(server)) => {
                    told[1] = Some((frame, *server));
                }
                _ => {}
            }
        }
    }
    if let Some((frame, server)) = told[0] {
        draft.put("service.resolver", json!(server), frame);
        draft.put("service.tells_resolver", json!(true), frame);
    } else if first(talk, Role::Supernode, ipcp_of, Code::ConfigureRequest).is_some() {
        draft.guess("service.tells_resolver", json!(false), "it tells none");
    }
    if let Some((frame, server)) = told[1] {
        draft.put("service.second_resolver", json!(server), frame);
    }
}

fn ospf(talk: &Talk, by: Role, draft: &mut Draft) {
    let packets = talk.all.iter().filter_map(|said| match &said.what {
        What::Ospf(packet) if said.by == by => Some((said.frame, packet)),
        _ => None,
    });
    let mut has_hello = false;
    for (frame, packet) in packets {
        match &packet.body {
            OspfBody::Hello(hello) if !has_hello => {
                has_hello = true;
                draft.put("ospf.area", json!(packet.area_id), frame);
                draft.put("ospf.hello", json!(format!("{}s", hello.hello_interval)), frame);
                draft.put("ospf.dead", json!(format!("{}s", hello.router_dead_interval)), frame);
                if draft.get("ospf.network").is_none() {
                    draft.guess("ospf.network", json!("point-to-point"), "Hellos do not tell");
                    draft.guess("ospf.cost", json!(10), "Hellos do not tell");
                }
            }
            OspfBody::DatabaseDescription(description) if description.interface_mtu > 0 => {
                draft.put("network.mtu", json!(description.interface_mtu), frame);
                draft.put("network.keeps_mtu", json!(true), frame);
            }
            _ => {}
        }
    }
}
