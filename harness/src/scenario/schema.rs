//! The JSON Schema of scenarios, generated from the words that the parser knows, for editors that complete and underline.

use serde_json::{Map, Value, json};

use super::cast::Profiles;
use super::step::{CHANGES, PARTIES, VERBS};
use super::topology;
use super::vocabulary::{LAYERS, MESSAGES, Macro, Subject};
use crate::check::known as deviations;
use crate::lab::subject;
use crate::profile;
use crate::triage::Rung;

/// Every schema, with the name of its file in the directory of schemas.
#[must_use]
pub fn all(profiles: &Profiles) -> Vec<(&'static str, Value)> {
    vec![
        ("scenario.json", scenario(profiles)),
        ("faults.json", faults()),
        ("profile.json", profile::schema()),
        ("subject.json", subject::schema()),
        ("topology.json", topology::schema()),
        ("deviations.json", deviations::schema()),
        ("known-failures.json", super::known::schema()),
    ]
}

/// The schema of scenarios.
#[must_use]
pub fn scenario(profiles: &Profiles) -> Value {
    let known = profiles.known();
    let parameter = json!({ "type": "string", "pattern": "^\\$" });
    let or_parameter = |words: Vec<String>| json!({ "anyOf": [{ "enum": words }, parameter] });
    let topologies = known.topologies.into_iter().map(|topology| topology.name).collect();
    let rungs: Vec<&str> = Rung::ALL.iter().map(|rung| rung.word()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a scenario of l2tpspec",
        "type": "object",
        "required": ["format", "id", "title", "cites", "subject", "client", "supernode", "steps"],
        "additionalProperties": false,
        "properties": {
            "$schema": { "type": "string" },
            "format": { "const": 1 },
            "id": { "type": "string", "description": "the path of the file below scenarios, without .json" },
            "title": { "type": "string", "description": "what holds, in a sentence" },
            "cites": { "type": "array", "items": { "type": "string" }, "description": "ids of the requirement catalogue" },
            "breaks": { "type": "array", "items": { "type": "string" }, "description": "requirements broken on purpose" },
            "seen_in": { "type": "array", "items": { "type": "string" } },
            "subject": or_parameter(vec!["client".to_owned(), "supernode".to_owned()]),
            "client": or_parameter(known.clients),
            "supernode": or_parameter(known.supernodes),
            "topology": or_parameter(topologies),
            "params": { "type": "object", "additionalProperties": { "type": "array", "minItems": 1 } },
            "combine": { "enum": ["pairs", "all"] },
            "changes": { "type": "object" },
            "network": { "$ref": "#/$defs/network" },
            "ambient": { "type": "array", "items": { "$ref": "#/$defs/message" } },
            "steps": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/step" } },
            "outcome": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "rung": { "enum": rungs },
                    "failed": { "type": "boolean" },
                    "cause": { "type": "string" }
                }
            }
        },
        "$defs": {
            "message": message(&parameter),
            "time": { "anyOf": [{ "type": "string", "pattern": "^[0-9.]+(ms|s|m|h)$" }, parameter] },
            "network": network(),
            "mutation": mutation(),
            "step": step(),
        }
    })
}

/// The schema of faults.
fn faults() -> Value {
    let fault = json!({
        "type": "object",
        "required": ["id", "title", "of", "breaks", "message"],
        "additionalProperties": false,
        "oneOf": [{ "required": ["drop"] }, { "required": ["mutate"] }],
        "properties": {
            "id": { "type": "string" },
            "title": { "type": "string", "description": "what the reference does wrong, in a sentence" },
            "of": { "enum": ["client", "supernode"] },
            "breaks": { "type": "array", "items": { "type": "string" }, "description": "ids of the requirement catalogue" },
            "message": { "type": "string", "description": "the messages that are changed or not sent" },
            "drop": { "const": true },
            "mutate": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/mutation" } }
        }
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "faults of the reference",
        "type": "object",
        "required": ["format", "faults"],
        "additionalProperties": false,
        "properties": {
            "$schema": { "type": "string" },
            "format": { "const": 1 },
            "faults": { "type": "array", "items": fault }
        },
        "$defs": { "mutation": mutation() }
    })
}

fn message(parameter: &Value) -> Value {
    let all: Vec<String> = LAYERS.iter().map(|(layer, _)| format!("{layer}.*")).collect();
    let names: Vec<&String> = MESSAGES.iter().chain(&all).collect();
    json!({ "anyOf": [{ "enum": names }, { "const": "*" }, parameter] })
}

fn network() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "delay": { "$ref": "#/$defs/time" },
            "loss": {}, "duplication": {}, "reordering": {}, "corruption": {},
            "bits_per_second": { "type": "integer" },
            "mtu": { "type": "integer" },
            "up": { "type": "boolean" },
            "rebind": { "type": "boolean" },
            "rules": { "type": "array", "items": { "type": "object" } }
        }
    })
}

fn mutation() -> Value {
    let alternatives: Vec<Value> = CHANGES.iter().map(|change| json!({ "required": [change] })).collect();
    json!({ "type": "object", "oneOf": alternatives })
}

fn step() -> Value {
    let words = |all: Vec<&'static str>| json!({ "enum": all });
    let parties: Vec<&str> = PARTIES.iter().map(|(name, _)| *name).collect();
    let mut properties = Map::new();
    for what in Macro::ALL {
        for key in what.keys() {
            properties.insert((*key).to_owned(), json!({}));
        }
    }
    let own = json!({
        "do": words(Macro::ALL.iter().map(|what| what.word()).collect()),
        "send": { "$ref": "#/$defs/message" },
        "expect": { "$ref": "#/$defs/message" },
        "never": { "$ref": "#/$defs/message" },
        "any_of": { "type": "array" },
        "repeat": { "type": "integer" },
        "steps": { "type": "array", "items": { "$ref": "#/$defs/step" } },
        "wait": { "$ref": "#/$defs/time" },
        "network": { "$ref": "#/$defs/network" },
        "check": words(Subject::ALL.iter().map(|what| what.word()).collect()),
        "note": { "type": "string" },
        "of": words(parties),
        "from": {},
        "is": { "type": "object" },
        "within": { "$ref": "#/$defs/time" },
        "after": { "$ref": "#/$defs/time" },
        "for": { "$ref": "#/$defs/time" },
        "with": { "type": "object" },
        "mutate": { "type": "array", "items": { "$ref": "#/$defs/mutation" } },
        "refused": { "type": "string" },
        "save": { "type": "string" },
        "retransmits": { "type": "object" },
        "why": { "type": "string" }
    });
    if let Value::Object(own) = own {
        properties.extend(own);
    }
    let alternatives: Vec<Value> = VERBS.iter().map(|verb| json!({ "required": [verb] })).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "oneOf": alternatives })
}
