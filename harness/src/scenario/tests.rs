//! What is said of mistakes in scenarios, word for word.

use std::path::Path;

use super::parse::{self, Known};
use super::topology::Topology;

/// A scenario in which a line is replaced.
fn with(line: &str, replacement: &str) -> String {
    let text = "{
  \"$schema\": \"../schema/scenario.json\", \"format\": 1,
  \"id\": \"l2tp/x\",
  \"title\": \"a title\",
  \"cites\": [\"L2TP-2661-4.4.2-a\"],
  \"subject\": \"supernode\", \"client\": \"edgeos\", \"supernode\": \"sn1\",
  \"params\": { \"bit\": [true, false] },
  \"steps\": [
    { \"send\": \"l2tp.StopCCN\", \"from\": \"client\", \"mutate\": [ { \"set_bit\": \"length\", \"to\": \"$bit\" } ] },
    { \"expect\": \"l2tp.ZLB\", \"from\": \"supernode\", \"with\": { \"Nr\": \"$sent.Ns + 1\" } },
  ],
}
";
    assert_eq!(text.matches(line).count(), 1, "{line} stands there once");
    text.replace(line, replacement)
}

fn said(text: &str) -> String {
    let topologies = ["direct", "client-behind-nat"];
    let topologies =
        topologies.map(|name| Topology { name: name.to_owned(), title: String::new(), nat: None });
    let known = Known {
        clients: vec!["edgeos".to_owned()],
        supernodes: vec!["sn1".to_owned()],
        topologies: topologies.to_vec(),
    };
    match parse::cases(Path::new("x.json"), "l2tp/x", text, &known) {
        Ok(cases) => format!("{} cases", cases.len()),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn a_scenario_without_a_mistake_becomes_its_combinations() {
    assert_eq!(said(&with("a title", "another")), "2 cases");
}

#[test]
fn a_typo_in_a_key() {
    assert_eq!(
        said(&with("\"expect\": \"l2tp.ZLB\", \"from\":", "\"expect\": \"l2tp.ZLB\", \"form\":")),
        "x.json:10:29: unknown key `form`
   10 |     { \"expect\": \"l2tp.ZLB\", \"form\": \"supernode\", \"with\": { \"Nr\": \"$sent.Ns + 1\" } },
      |                             ^^^^^^
      = did you mean `from`? allowed: why, expect, from, within, after, with, save, retransmits"
    );
}

#[test]
fn an_unknown_message() {
    let said = said(&with("l2tp.ZLB", "l2tp.ZBL"));
    assert!(
        said.starts_with(
            "x.json:10:17: unknown message `l2tp.ZBL`
   10 |     { \"expect\": \"l2tp.ZBL\", \"from\": \"supernode\", \"with\": { \"Nr\": \"$sent.Ns + 1\" } },
      |                 ^^^^^^^^^^
      = did you mean `l2tp.ZLB`? allowed: l2tp.ZLB,"
        ),
        "{said}"
    );
}

#[test]
fn an_unknown_avp() {
    let said = said(&with(
        "{ \"set_bit\": \"length\", \"to\": \"$bit\" }",
        "{ \"resize\": \"Resolt Code\", \"to\": 8 }, { \"set_bit\": \"length\", \"to\": \"$bit\" }",
    ));
    assert!(said.starts_with("x.json:9:73: unknown field `Resolt Code`\n"), "{said}");
    assert!(said.contains("      = did you mean `Result Code`? allowed: "), "{said}");
}

#[test]
fn an_unknown_field() {
    let said = said(&with("\"Nr\":", "\"Mr\":"));
    assert!(said.starts_with("x.json:10:60: unknown field `Mr`\n"), "{said}");
    assert!(said.contains("did you mean `nr`?"), "{said}");
}

#[test]
fn two_verbs_in_a_step() {
    assert_eq!(
        said(&with("\"with\": { \"Nr\": \"$sent.Ns + 1\" } }", "\"wait\": \"1s\" }")),
        "x.json:10:50: a second verb `wait` beside `expect`
   10 |     { \"expect\": \"l2tp.ZLB\", \"from\": \"supernode\", \"wait\": \"1s\" },
      |                                                  ^^^^^^
      = one verb a step: make it two steps"
    );
}

#[test]
fn a_duplicate_key() {
    assert_eq!(
        said(&with("\"title\": \"a title\",", "\"title\": \"a title\", \"title\": \"b\",")),
        "x.json:4:23: key `title` stands here twice
    4 |   \"title\": \"a title\", \"title\": \"b\",
      |                       ^^^^^^^
      = the second would silently replace the first: remove one"
    );
}

#[test]
fn a_wrong_requirement() {
    let said = said(&with("L2TP-2661-4.4.2-a", "L2TP-2661-4.4.2-z"));
    assert!(
        said.starts_with(
            "x.json:5:13: unknown requirement `L2TP-2661-4.4.2-z`
    5 |   \"cites\": [\"L2TP-2661-4.4.2-z\"],
      |             ^^^^^^^^^^^^^^^^^^^
      = did you mean `L2TP-2661-4.4.2-a`? allowed: L2TP-2661-4.4.2-a, L2TP-2661-4.4.2-b,"
        ),
        "{said}"
    );
}

#[test]
fn an_unused_variable() {
    assert_eq!(
        said(&with("\"from\": \"supernode\", \"with\"", "\"from\": \"supernode\", \"save\": \"zlb\", \"with\"")),
        "x.json:10:58: `zlb` is saved and never used
   10 |     { \"expect\": \"l2tp.ZLB\", \"from\": \"supernode\", \"save\": \"zlb\", \"with\": { \"Nr\": \"$sent.Ns + 1\" } },
      |                                                          ^^^^^
      = compare a field with \"$zlb.FIELD\", or remove the key `save`"
    );
}

#[test]
fn an_unknown_variable() {
    let said = said(&with("$sent.Ns + 1", "$snt.Ns + 1"));
    assert!(said.starts_with("x.json:10:66: unknown variable `snt`\n"), "{said}");
    assert!(said.ends_with("      = did you mean `sent`? allowed: sent, last"), "{said}");
}

#[test]
fn an_unused_parameter() {
    assert_eq!(
        said(&with("\"to\": \"$bit\"", "\"to\": true")),
        "x.json:7:15: parameter `bit` is not used
    7 |   \"params\": { \"bit\": [true, false] },
      |               ^^^^^
      = refer to it as \"$bit\", or remove it"
    );
}

#[test]
fn missing_cites_an_unknown_profile_and_a_wrong_id_are_all_said_at_once() {
    let text = with("  \"cites\": [\"L2TP-2661-4.4.2-a\"],\n", "");
    let said = said(&text.replace("edgeos", "edgos").replace("l2tp/x", "l2tp/y"));
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("x.json")).collect();
    assert_eq!(
        lines,
        [
            "x.json:1:1: missing key `cites`",
            "x.json:3:9: id `l2tp/y` is not the path of the file",
            "x.json:5:37: unknown client profile `edgos`",
        ]
    );
}

#[test]
fn a_format_of_the_future_is_all_that_is_said() {
    let said = said(&with("\"format\": 1", "\"format\": 2, \"new\": true"));
    assert!(said.starts_with("x.json:2:51: this format is not known\n"), "{said}");
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn a_time_without_a_unit() {
    let said = said(&with("\"with\": { \"Nr\": \"$sent.Ns + 1\" }", "\"within\": \"3\""));
    assert!(said.starts_with("x.json:10:60: `3` is no time\n"), "{said}");
}
