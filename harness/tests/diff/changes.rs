//! One change of the supernode at a time, and several together: exactly what was changed is found, and nothing else.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::stage::{Stage, compared, shown, stage, told};

/// A change of the supernode's facts and the differences that it makes.
struct Change {
    name: &'static str,
    client: &'static str,
    facts: Value,
    finds: &'static [&'static str],
}

/// A change seen by a client like most.
fn change(name: &'static str, facts: Value, finds: &'static [&'static str]) -> Change {
    Change { name, client: "networkmanager-strongswan", facts, finds }
}

fn of(client: &'static str, name: &'static str, facts: Value, finds: &'static [&'static str]) -> Change {
    Change { name, client, facts, finds }
}

fn staged(base: &Stage, change: &Change, facts: &Value, seed: &'static str) -> Stage {
    let mut changes = base.changes.clone();
    for (fact, value) in facts.as_object().expect("facts by name") {
        match fact.as_str() {
            "client_tunnel_secret" | "supernode_tunnel_secret" => changes[fact] = value.clone(),
            _ => changes["supernode"][fact] = value.clone(),
        }
    }
    Stage { client: change.client, changes, seed, ..base.clone() }
}

/// Plays every change on every core. Both directions have to tell the same.
fn check(base: &Stage, table: &[Change]) {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(change) = table.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (old, new) = (
                        staged(base, change, &json!({}), "before"),
                        staged(base, change, &change.facts, "after"),
                    );
                    for (old, new, which) in [(&old, &new, "forth"), (&new, &old, "back")] {
                        let found = compared(&format!("{}-{which}", change.name), old, new);
                        let mut names: Vec<String> = found.differences.iter().map(shown).collect();
                        names.sort();
                        let mut finds = change.finds.to_vec();
                        finds.sort_unstable();
                        if names != finds {
                            let differences: Vec<String> = found.differences.iter().map(told).collect();
                            let hence: Vec<String> =
                                found.consequences.iter().map(|(it, _)| told(it)).collect();
                            wrong.lock().expect("no panic").push(format!(
                                "{} {which}: expected {finds:?}, found\n    {}\n  hence\n    {}",
                                change.name,
                                differences.join("\n    "),
                                hence.join("\n    ")
                            ));
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{} of {} changes:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

#[test]
fn changes_of_ike() {
    check(
        &stage(),
        &[
            change(
                "order",
                json!({"ike.phase1.suites": ["aes128-sha1-modp2048", "aes256-sha1-modp2048", "aes256-sha1-modp1024", "3des-sha1-modp1024"]}),
                &["isakmp/main.2.chosen supernode"],
            ),
            of(
                "windows-10",
                "group",
                json!({"ike.phase1.suites": ["3des-sha1-modp1024"]}),
                &["isakmp/main.2.chosen supernode"],
            ),
            change(
                "esp",
                json!({"ike.phase2.suites": ["aes128-sha1"]}),
                &["isakmp/quick.2.chosen supernode"],
            ),
            change(
                "vendors",
                json!({"ike.vendor_ids": ["xauth", "dpd", "rfc3947"]}),
                &["isakmp/main.2.vendor_ids supernode"],
            ),
            change(
                "no-dpd",
                json!({"ike.vendor_ids": ["xauth", "fragmentation-80000000", "rfc3947", "draft-03", "draft-02", "draft-02-newline"], "ike.dpd": null}),
                &["isakmp/main.2.vendor_ids supernode"],
            ),
            change(
                "nonce",
                json!({"ike.nonce_octets": 16}),
                &["isakmp/main.4.nonce_octets supernode", "isakmp/quick.2.nonce_octets supernode"],
            ),
            change(
                "refusal",
                json!({"ike.phase1.suites": ["aes256-sha256-ecp521"]}),
                &["isakmp/rung.proposal-chosen supernode"],
            ),
            of(
                "mikrotik-ros7",
                "pfs",
                json!({"ike.phase2.accepts_pfs": []}),
                &["isakmp/rung.phase2-up supernode"],
            ),
        ],
    );
}

#[test]
fn changes_of_l2tp() {
    check(
        &stage(),
        &[
            change(
                "window",
                json!({"l2tp.receive_window": 8}),
                &["l2tp/sccrp.receive_window_size supernode"],
            ),
            change("hello", json!({"l2tp.hello": "20s"}), &["l2tp/hello supernode"]),
            change("host-name", json!({"l2tp.host_name": "sn1-new"}), &["l2tp/sccrp.host_name supernode"]),
            change("length-bit", json!({"l2tp.data.length": true}), &["l2tp/data.length_bit supernode"]),
            change(
                "sequence-bit",
                json!({"l2tp.data.sequence": true}),
                &["l2tp/data.sequence_bit supernode"],
            ),
            change(
                "challenge",
                json!({"client_tunnel_secret": "x", "supernode_tunnel_secret": "x"}),
                &["l2tp/sccrp.challenge supernode", "l2tp/sccrq.challenge client"],
            ),
            change(
                "firmware",
                json!({"l2tp.messages.sccrp": [
            {"avp": "protocol-version"}, {"avp": {"framing-capabilities": 3}}, {"avp": {"bearer-capabilities": 0}},
            {"avp": {"firmware-revision": 1681}, "mandatory": false}, {"avp": "host-name"},
            {"avp": {"vendor-name": "xelerance.com"}, "mandatory": false}, {"avp": "assigned-tunnel-id"}, {"avp": "receive-window-size"}]}),
                &["l2tp/sccrp.firmware_revision supernode"],
            ),
            change(
                "vendor-avp",
                json!({"l2tp.messages.sccrp": [
            {"avp": "protocol-version"}, {"avp": {"framing-capabilities": 3}}, {"avp": {"bearer-capabilities": 0}},
            {"avp": {"firmware-revision": 1680}, "mandatory": false}, {"avp": "host-name"},
            {"avp": "assigned-tunnel-id"}, {"avp": "receive-window-size"}]}),
                &["l2tp/sccrp.vendor_name supernode"],
            ),
            change(
                "avp-order",
                json!({"l2tp.messages.sccrp": [
            {"avp": "protocol-version"}, {"avp": {"framing-capabilities": 3}}, {"avp": "host-name"}, {"avp": {"bearer-capabilities": 0}},
            {"avp": {"firmware-revision": 1680}, "mandatory": false},
            {"avp": {"vendor-name": "xelerance.com"}, "mandatory": false}, {"avp": "assigned-tunnel-id"}, {"avp": "receive-window-size"}]}),
                &["l2tp/sccrp.order supernode"],
            ),
        ],
    );
}

#[test]
fn changes_of_ppp() {
    check(
        &stage(),
        &[
            change(
                "mru",
                json!({"ppp.lcp": [{"mru": 1300}, {"accm": 0}, "authentication", "magic-number"]}),
                &["lcp/requests.mru supernode"],
            ),
            change(
                "method",
                json!({"ppp.authentication.asks": ["chap-md5"]}),
                &["lcp/requests.authentication_protocol supernode"],
            ),
            change(
                "pap",
                json!({"ppp.authentication.asks": ["pap"]}),
                &["lcp/requests.authentication_protocol supernode"],
            ),
            change(
                "name",
                json!({"ppp.authentication.name": "LinuxL2TPD"}),
                &["chap/challenge.name supernode"],
            ),
            change("echo", json!({"ppp.echo": {"interval": "10s", "failures": 4}}), &["lcp/echo supernode"]),
            change("no-echo", json!({"ppp.echo": null}), &["lcp/echo supernode"]),
            change(
                "pool",
                json!({"service.pool": {"first": "10.99.1.2", "last": "10.99.1.254"}}),
                &["ipcp/answers.ip_address supernode"],
            ),
            change(
                "dns",
                json!({"service.resolver": "10.10.10.11"}),
                &["ipcp/answers.primary_dns_address supernode"],
            ),
            change(
                "no-dns",
                json!({"service.tells_resolver": false}),
                &["ipcp/answers.primary_dns_address supernode"],
            ),
            change("ccp", json!({"ppp.ccp": [{"deflate": 15}]}), &["ccp/negotiates supernode"]),
            change("ipv6cp", json!({"ppp.ipv6cp": true}), &["ipv6cp/negotiates supernode"]),
            change(
                "accm",
                json!({"ppp.lcp": [{"mru": 1400}, "authentication", "magic-number"]}),
                &["lcp/requests.accm supernode"],
            ),
            change(
                "pfc",
                json!({"ppp.lcp": [{"mru": 1400}, {"accm": 0}, "authentication", "magic-number", "pfc"]}),
                &["lcp/requests.protocol_field_compression supernode"],
            ),
            change("secret", json!({"service.password": "another"}), &[]),
        ],
    );
}

#[test]
fn changes_of_ospf() {
    let steps = json!([
        { "do": "connect" }, { "do": "ospf.peer" }, { "wait": "120s" }, { "do": "disconnect" }, { "wait": "5s" }
    ]);
    let base = Stage { steps, ..stage() };
    check(
        &base,
        &[
            of(
                "edgeos",
                "ospf-hello",
                json!({"ospf.hello": "5s"}),
                &["ospf/hello.hello_interval supernode", "ospf/rung.ospf-two-way supernode"],
            ),
            of(
                "edgeos",
                "ospf-dead",
                json!({"ospf.dead": "20s"}),
                &["ospf/hello.router_dead_interval supernode", "ospf/rung.ospf-two-way supernode"],
            ),
            of(
                "edgeos",
                "ospf-area",
                json!({"ospf.area": "0.0.0.1"}),
                &["ospf/hello.area_id supernode", "ospf/rung.ospf-two-way supernode"],
            ),
            of(
                "edgeos",
                "ospf-mtu",
                json!({"network.mtu": 1500, "network.keeps_mtu": true}),
                &["ospf/interface_mtu supernode", "ospf/rung.ospf-full supernode"],
            ),
            of("edgeos", "ospf-cost", json!({"ospf.cost": 20}), &["ospf/cost supernode"]),
        ],
    );
}

#[test]
fn changes_of_what_is_done_again() {
    let quiet =
        Stage { changes: json!({ "supernode": { "ppp.echo": null, "l2tp.hello": "10m" } }), ..stage() };
    check(
        &quiet,
        &[
            change(
                "dpd",
                json!({"ike.dpd": {"interval": "15s", "retry": "15s", "timeout": "60s"}}),
                &["isakmp/dead_peer_detection supernode"],
            ),
            change("never-dpd", json!({"ike.dpd": null}), &["isakmp/dead_peer_detection supernode"]),
        ],
    );
    let lost = |message: &str| Stage {
        network: json!({ "rules": [{ "drop": message, "from": "supernode", "nth": [1, 2, 3] }] }),
        ..stage()
    };
    let linear = json!(["1s", "1s", "1s", "1s", "1s", "1s"]);
    check(
        &lost("l2tp.SCCRP"),
        &[change("l2tp-again", json!({"l2tp.retransmission": linear}), &["l2tp/retransmission supernode"])],
    );
    check(
        &lost("lcp.Configure-Request"),
        &[change("ppp-again", json!({"ppp.restart": "1s"}), &["ppp/retransmission supernode"])],
    );
}

/// What the reference does wrong, and the differences that it makes: relations between numbers of chance among them.
#[test]
fn faults_are_differences_in_behaviour() {
    let echoes = json!({ "client": { "ppp.echo": { "interval": "10s", "failures": 20 } } });
    let table: &[(&'static str, &[&str])] = &[
        ("ike-no-nat-d", &["isakmp/main.4.payloads supernode", "isakmp/rung.phase2-up supernode"]),
        ("ike-no-quick-2", &["isakmp/rung.phase2-up supernode"]),
        ("l2tp-no-sccrp", &["l2tp/rung.tunnel-up supernode"]),
        ("l2tp-no-icrp", &["l2tp/rung.session-up supernode"]),
        ("l2tp-m-bit", &["l2tp/sccrp.framing_capabilities.mandatory supernode"]),
        ("l2tp-stale-nr", &["l2tp/nr_acknowledges supernode"]),
        ("l2tp-iccn-without-speed", &["l2tp/iccn.tx_connect_speed client", "lcp/rung.lcp-up supernode"]),
        ("ppp-no-echo-reply", &["lcp/answers_echo supernode"]),
        ("ppp-echo-identifier", &["lcp/echo_reply_echoes supernode"]),
        ("ppp-no-configure-ack", &["lcp/rung.lcp-up supernode"]),
        ("chap-no-success", &["lcp/rung.authenticated supernode"]),
        (
            "ipcp-foreign-address",
            &["ipcp/answers.ip_address supernode", "ipcp/rung.data-both-ways supernode"],
        ),
    ];
    let mut wrong = Vec::new();
    for (fault, finds) in table {
        let base = Stage { changes: echoes.clone(), topology: "client-behind-nat", ..stage() };
        let faulty = Stage { fault: Some(*fault), seed: "faulty", ..base.clone() };
        let found = compared(&format!("fault-{fault}"), &base, &faulty);
        let names: Vec<String> = found.differences.iter().map(shown).collect();
        if names != *finds {
            let told: Vec<String> = found.differences.iter().map(told).collect();
            wrong.push(format!("{fault}: expected {finds:?}, found\n    {}", told.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn changes_that_come_together() {
    check(
        &stage(),
        &[
            change(
                "upgrade",
                json!({
                    "ike.phase2.suites": ["aes128-sha1"], "l2tp.receive_window": 8, "l2tp.host_name": "new",
                    "ppp.authentication.name": "new", "service.pool": {"first": "10.99.1.2", "last": "10.99.1.254"},
                }),
                &[
                    "isakmp/quick.2.chosen supernode",
                    "l2tp/sccrp.receive_window_size supernode",
                    "l2tp/sccrp.host_name supernode",
                    "chap/challenge.name supernode",
                    "ipcp/answers.ip_address supernode",
                ],
            ),
            of(
                "windows-10",
                "move",
                json!({
                    "ike.phase1.suites": ["3des-sha1-modp1024"], "l2tp.data.length": true, "ppp.echo": {"interval": "10s", "failures": 4},
                    "ppp.lcp": [{"mru": 1300}, {"accm": 0}, "authentication", "magic-number"],
                }),
                &[
                    "isakmp/main.2.chosen supernode",
                    "l2tp/data.length_bit supernode",
                    "lcp/requests.mru supernode",
                    "lcp/echo supernode",
                ],
            ),
        ],
    );
}
