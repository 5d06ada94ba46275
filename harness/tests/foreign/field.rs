//! Fields that both sides show: tshark's name, and where ours stands in the JSON of `decode`.

use serde_json::Value;

use super::transcript::layers;

/// A field that both show.
pub(crate) struct Field {
    /// tshark's name.
    pub(crate) name: &'static str,
    /// Our values, in the order of the frame.
    pub(crate) ours: fn(&Value) -> Vec<String>,
    /// tshark's way of writing a value made ours.
    pub(crate) normal: fn(&str) -> String,
}

/// A number, decimal or hexadecimal; a flag as 0 or 1.
fn number(text: &str) -> String {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.eq_ignore_ascii_case("true") => Some(1),
        None if text.eq_ignore_ascii_case("false") => Some(0),
        None => text.parse().ok(),
    };
    parsed.map_or_else(|| text.to_owned(), |number| number.to_string())
}

/// Octets without separators.
fn octets(text: &str) -> String {
    text.replace(':', "").to_ascii_lowercase()
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Every value at a path of keys below the layers of these names; lists are walked.
fn at(entry: &Value, names: &[&str], path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for layer in layers(entry).filter(|layer| names.contains(&layer["layer"].as_str().unwrap_or_default())) {
        walk(layer, &path.split('/').collect::<Vec<_>>(), &mut found);
    }
    found
}

fn walk(value: &Value, path: &[&str], found: &mut Vec<String>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| walk(item, path, found)),
        (Value::Object(members), [key, rest @ ..]) => {
            if let Some(member) = members.get(*key) {
                walk(member, rest, found);
            }
        }
        (Value::String(text), []) => found.push(text.clone()),
        (Value::Bool(flag), []) => found.push(u8::from(*flag).to_string()),
        (Value::Number(number), []) => found.push(number.to_string()),
        _ => {}
    }
}

/// Types and lengths of payloads, with the proposals and transforms inside of them.
fn payloads(entry: &Value, of: fn(&Value, u8) -> String) -> Vec<String> {
    let mut found = Vec::new();
    for layer in layers(entry).filter(|layer| layer["layer"] == "isakmp") {
        for payload in layer["payloads"].as_array().into_iter().flatten() {
            found.push(of(payload, 0));
            for proposal in payload["proposals"].as_array().into_iter().flatten() {
                found.push(of(proposal, 2));
                let transforms = proposal["transforms"].as_array().into_iter().flatten();
                found.extend(transforms.map(|transform| of(transform, 3)));
            }
        }
    }
    found
}

/// Values of one attribute class in the transforms of ISAKMP or of the other protocols.
fn attributes(entry: &Value, is_phase1: bool, class: u64) -> Vec<String> {
    let mut found = Vec::new();
    for layer in layers(entry).filter(|layer| layer["layer"] == "isakmp") {
        let payloads = layer["payloads"].as_array().into_iter().flatten();
        for proposal in payloads.flat_map(|payload| payload["proposals"].as_array().into_iter().flatten()) {
            if (proposal["protocol_id"] == 1) != is_phase1 {
                continue;
            }
            let transforms = proposal["transforms"].as_array().into_iter().flatten();
            for attribute in
                transforms.flat_map(|transform| transform["attributes"].as_array().into_iter().flatten())
            {
                if attribute["class"] == class {
                    found.push(attribute["value"].to_string());
                }
            }
        }
    }
    found
}

/// Values of a key in the payloads of some types.
fn in_payload(entry: &Value, types: &[u64], key: &str) -> Vec<String> {
    let mut found = Vec::new();
    for layer in layers(entry).filter(|layer| layer["layer"] == "isakmp") {
        for payload in layer["payloads"].as_array().into_iter().flatten() {
            if payload["payload_type"].as_u64().is_some_and(|kind| types.contains(&kind)) {
                walk(payload, &[key], &mut found);
            }
        }
    }
    found
}

/// The protocols that share the codes of RFC 1661.
const NEGOTIATED: [&str; 5] = ["lcp", "ipcp", "ipv6cp", "ccp", "ppp"];

macro_rules! fields {
    ($($name:literal $normal:ident $ours:expr;)*) => {
        &[$(Field { name: $name, ours: $ours, normal: $normal }),*]
    };
}

/// Every field compared.
pub(crate) const FIELDS: &[Field] = fields! {
    "ip.src" text |e| at(e, &["ip"], "source");
    "ip.dst" text |e| at(e, &["ip"], "destination");
    "ip.proto" number |e| at(e, &["ip"], "protocol");
    "ip.ttl" number |e| at(e, &["ip"], "time_to_live");
    "ip.id" number |e| at(e, &["ip"], "identification");
    "ip.len" number |e| at(e, &["ip"], "total_length");
    "ipv6.src" text |e| at(e, &["ipv6"], "source");
    "ipv6.dst" text |e| at(e, &["ipv6"], "destination");
    "udp.srcport" number |e| at(e, &["udp"], "source_port");
    "udp.dstport" number |e| at(e, &["udp"], "destination_port");
    "udp.length" number |e| at(e, &["udp"], "length");
    "tcp.srcport" number |e| at(e, &["tcp"], "source_port");
    "tcp.dstport" number |e| at(e, &["tcp"], "destination_port");
    "tcp.seq_raw" number |e| at(e, &["tcp"], "sequence_number");
    "icmp.type" number |e| at(e, &["icmp"], "icmp_type");
    "icmp.code" number |e| at(e, &["icmp"], "code");
    "icmp.checksum" number |e| at(e, &["icmp"], "checksum");
    "icmp.seq" number |e| at(e, &["icmp"], "sequence_number");
    "isakmp.ispi" octets |e| at(e, &["isakmp"], "initiator_cookie");
    "isakmp.rspi" octets |e| at(e, &["isakmp"], "responder_cookie");
    "isakmp.exchangetype" number |e| at(e, &["isakmp"], "exchange_type");
    "isakmp.flags" number |e| at(e, &["isakmp"], "flags");
    "isakmp.messageid" number |e| at(e, &["isakmp"], "message_id");
    "isakmp.length" number |e| at(e, &["isakmp"], "length");
    "isakmp.typepayload" number |e| payloads(e, |payload, kind| match kind {
        0 => payload["payload_type"].to_string(),
        kind => kind.to_string(),
    });
    "isakmp.payloadlength" number |e| payloads(e, |payload, _| payload["payload_length"].to_string());
    "isakmp.prop.number" number |e| at(e, &["isakmp"], "payloads/proposals/proposal_number");
    "isakmp.prop.transforms" number |e| at(e, &["isakmp"], "payloads/proposals/number_of_transforms");
    "isakmp.trans.number" number |e| at(e, &["isakmp"], "payloads/proposals/transforms/transform_number");
    "isakmp.trans.id" number |e| at(e, &["isakmp"], "payloads/proposals/transforms/transform_id");
    "isakmp.ike.attr.encryption_algorithm" number |e| attributes(e, true, 1);
    "isakmp.ike.attr.hash_algorithm" number |e| attributes(e, true, 2);
    "isakmp.ike.attr.authentication_method" number |e| attributes(e, true, 3);
    "isakmp.ike.attr.group_description" number |e| attributes(e, true, 4);
    "isakmp.ike.attr.life_type" number |e| attributes(e, true, 11);
    "isakmp.ike.attr.life_duration" number |e| attributes(e, true, 12);
    "isakmp.ike.attr.key_length" number |e| attributes(e, true, 14);
    "isakmp.ipsec.attr.life_type" number |e| attributes(e, false, 1);
    "isakmp.ipsec.attr.life_duration" number |e| attributes(e, false, 2);
    "isakmp.ipsec.attr.group_description" number |e| attributes(e, false, 3);
    "isakmp.ipsec.attr.encap_mode" number |e| attributes(e, false, 4);
    "isakmp.ipsec.attr.auth_algorithm" number |e| attributes(e, false, 5);
    "isakmp.ipsec.attr.key_length" number |e| attributes(e, false, 6);
    "isakmp.key_exchange.data" octets |e| in_payload(e, &[4], "key_exchange_data");
    "isakmp.nonce" octets |e| in_payload(e, &[10], "nonce_data");
    "isakmp.id.type" number |e| in_payload(e, &[5, 21, 131], "id_type");
    "isakmp.id.port" number |e| in_payload(e, &[5], "port");
    "isakmp.notify.msgtype" number |e| in_payload(e, &[11], "notify_message_type");
    "isakmp.vid_bytes" octets |e| in_payload(e, &[13], "vendor_id");
    "isakmp.ike.nat_hash" octets |e| in_payload(e, &[15, 20, 130], "hash_of_address_and_port");
    "esp.spi" number |e| at(e, &["esp"], "security_parameters_index");
    "esp.sequence" number |e| at(e, &["esp"], "sequence_number");
    "esp.pad_len" number |e| at(e, &["esp"], "pad_length");
    "esp.protocol" number |e| at(e, &["esp"], "next_header");
    "l2tp.type" number |e| at(e, &["l2tp"], "type").into_iter().map(|word| u8::from(word == "control").to_string()).collect();
    "l2tp.version" number |e| at(e, &["l2tp"], "version");
    "l2tp.length" number |e| at(e, &["l2tp"], "length");
    "l2tp.tunnel" number |e| at(e, &["l2tp"], "tunnel_id");
    "l2tp.session" number |e| at(e, &["l2tp"], "session_id");
    "l2tp.Ns" number |e| at(e, &["l2tp"], "ns");
    "l2tp.Nr" number |e| at(e, &["l2tp"], "nr");
    "l2tp.avp.type" number |e| at(e, &["l2tp"], "avps/avp_type");
    "l2tp.avp.mandatory" number |e| at(e, &["l2tp"], "avps/mandatory");
    "l2tp.avp.hidden" number |e| at(e, &["l2tp"], "avps/hidden");
    "l2tp.avp.length" number |e| at(e, &["l2tp"], "avps/length");
    "l2tp.avp.message_type" number |e| at(e, &["l2tp"], "avps/message_type");
    "l2tp.avp.assigned_tunnel_id" number |e| at(e, &["l2tp"], "avps/assigned_tunnel_id");
    "l2tp.avp.assigned_session_id" number |e| at(e, &["l2tp"], "avps/assigned_session_id");
    "l2tp.avp.host_name" text |e| at(e, &["l2tp"], "avps/host_name");
    "l2tp.avp.vendor_name" text |e| at(e, &["l2tp"], "avps/vendor_name");
    "l2tp.avp.receive_window_size" number |e| at(e, &["l2tp"], "avps/receive_window_size");
    "l2tp.avp.chap_challenge" octets |e| at(e, &["l2tp"], "avps/challenge");
    "l2tp.avp.chap_challenge_response" octets |e| at(e, &["l2tp"], "avps/challenge_response");
    "l2tp.result_code" number |e| at(e, &["l2tp"], "avps/result_code");
    "l2tp.avp.call_serial_number" number |e| at(e, &["l2tp"], "avps/call_serial_number");
    "ppp.protocol" number |e| at(e, &["ppp"], "protocol");
    "ppp.code" number |e| at(e, &NEGOTIATED, "code");
    "lcp.opt.type" number |e| at(e, &["lcp"], "options/option");
    "lcp.opt.mru" number |e| at(e, &["lcp"], "options/mru");
    "lcp.opt.auth_protocol" number |e| at(e, &["lcp"], "options/authentication_protocol");
    "lcp.opt.algorithm" number |e| at(e, &["lcp"], "options/algorithm");
    "lcp.opt.magic_number" number |e| at(e, &["lcp"], "options/magic_number");
    "lcp.opt.asyncmap" number |e| at(e, &["lcp"], "options/async_control_character_map");
    "lcp.magic_number" number |e| at(e, &["lcp"], "magic_number");
    "lcp.rej_proto" number |e| at(e, &["lcp"], "rejected_protocol");
    "pap.code" number |e| at(e, &["pap"], "code");
    "pap.peer_id" text |e| at(e, &["pap"], "peer_id");
    "pap.password" text |e| at(e, &["pap"], "password");
    "pap.message" text |e| at(e, &["pap"], "message");
    "chap.code" number |e| at(e, &["chap"], "code");
    "chap.identifier" number |e| at(e, &["chap"], "identifier");
    "chap.value" octets |e| at(e, &["chap"], "value");
    "chap.name" text |e| at(e, &["chap"], "name");
    "chap.message" text |e| at(e, &["chap"], "message");
    "ipcp.opt.type" number |e| at(e, &["ipcp"], "options/option");
    "ipcp.opt.ip_address" text |e| at(e, &["ipcp"], "options/ip_address");
    "ipcp.opt.pri_dns_address" text |e| at(e, &["ipcp"], "options/primary_dns_address");
    "ipcp.opt.sec_dns_address" text |e| at(e, &["ipcp"], "options/secondary_dns_address");
    "ipv6cp.opt.type" number |e| at(e, &["ipv6cp"], "options/option");
    "ipv6cp.interface_identifier" octets |e| at(e, &["ipv6cp"], "options/interface_identifier");
    "ccp.opt.type" number |e| at(e, &["ccp"], "options/option");
    "eap.code" number |e| at(e, &["eap"], "code");
    "eap.id" number |e| at(e, &["eap"], "identifier");
    "ospf.version" number |e| at(e, &["ospf"], "version");
    "ospf.msg" number |e| at(e, &["ospf"], "packet_type");
    "ospf.packet_length" number |e| at(e, &["ospf"], "packet_length");
    "ospf.srcrouter" text |e| at(e, &["ospf"], "router_id");
    "ospf.area_id" text |e| at(e, &["ospf"], "area_id");
    "ospf.checksum" number |e| at(e, &["ospf"], "checksum");
    "ospf.auth.type" number |e| at(e, &["ospf"], "authentication_type");
    "ospf.auth.crypt.key_id" number |e| at(e, &["ospf"], "key_id");
    "ospf.auth.crypt.seq_nbr" number |e| at(e, &["ospf"], "cryptographic_sequence_number");
    "ospf.hello.network_mask" text |e| at(e, &["ospf"], "network_mask");
    "ospf.hello.hello_interval" number |e| at(e, &["ospf"], "hello_interval");
    "ospf.hello.router_priority" number |e| at(e, &["ospf"], "router_priority");
    "ospf.hello.router_dead_interval" number |e| at(e, &["ospf"], "router_dead_interval");
    "ospf.hello.designated_router" text |e| at(e, &["ospf"], "designated_router");
    "ospf.hello.backup_designated_router" text |e| at(e, &["ospf"], "backup_designated_router");
    "ospf.hello.active_neighbor" text |e| at(e, &["ospf"], "neighbors");
    "ospf.db.interface_mtu" number |e| at(e, &["ospf"], "interface_mtu");
    "ospf.db.dd_sequence" number |e| at(e, &["ospf"], "dd_sequence_number");
    "ospf.lsa.seqnum" number |e| lsas(e, "ls_sequence_number");
    "ospf.lsa.chksum" number |e| lsas(e, "ls_checksum");
    "ospf.lsa.age" number |e| lsas(e, "ls_age");
    "ospf.lsa.length" number |e| lsas(e, "length");
    "ospf.advrouter" text |e| [lsas(e, "advertising_router"), at(e, &["ospf"], "requests/advertising_router")].concat();
    "dns.id" number |e| at(e, &["dns"], "id");
    "dns.qry.name" text |e| at(e, &["dns"], "questions/name");
    "dns.qry.type" number |e| at(e, &["dns"], "questions/record_type");
};

/// A key of every LSA or LSA header.
fn lsas(entry: &Value, key: &str) -> Vec<String> {
    let mut found = at(entry, &["ospf"], &format!("lsa_headers/{key}"));
    found.extend(at(entry, &["ospf"], &format!("lsas/{key}")));
    found
}
