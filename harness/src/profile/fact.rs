//! A fact about a device: what it is, how well it is known, and where from.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// How well a fact is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Seen in a capture, a log or the device's source.
    Captured,
    /// Written by the vendor or a maintainer.
    Documented,
    /// Concluded from something else.
    Guessed,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// What is so.
    // Named so that a missing value is an error even where it may be null.
    #[serde(deserialize_with = "T::deserialize", bound(deserialize = "T: Deserialize<'de>"))]
    pub value: T,
    /// How well it is known.
    pub confidence: Confidence,
    /// Where it is written: a public repository, an RFC, a page, an issue.
    #[serde(deserialize_with = "source")]
    pub source: String,
}

// By hand, for a derived schema would let a value be left out where it may be null.
impl<T: JsonSchema> JsonSchema for Fact<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Fact_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let confidence = generator.subschema_for::<Confidence>();
        json_schema!({
            "type": "object",
            "description": "a fact: what is so, how well it is known, and where from",
            "additionalProperties": false,
            "required": ["value", "confidence", "source"],
            "properties": {
                "value": value,
                "confidence": confidence,
                "source": {
                    "type": "string",
                    "pattern": "^[^/~]",
                    "description": "a public repository, an RFC, a page or an issue"
                }
            }
        })
    }
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let source = String::deserialize(deserializer)?;
    let problem = if source.trim().is_empty() {
        "a fact needs a source"
    } else if source.starts_with(['/', '~']) {
        "a source is something public, not a path"
    } else {
        return Ok(source);
    };
    Err(D::Error::custom(format!("{problem}; name a repository, an RFC, a page or an issue")))
}

/// A fact as it is listed: without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it stands in the profile, such as `ike.phase1.suites`.
    pub path: String,
    /// How well it is known.
    pub confidence: Confidence,
    /// Where it is written.
    pub source: String,
}

/// How many facts of a profile are known how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Facts that were seen.
    pub captured: usize,
    /// Facts that are documented.
    pub documented: usize,
    /// Facts that are guessed.
    pub guessed: usize,
}

impl Counts {
    /// Counts facts.
    #[must_use]
    pub fn of(facts: &[Listed]) -> Self {
        let count = |of| facts.iter().filter(|fact| fact.confidence == of).count();
        Self {
            captured: count(Confidence::Captured),
            documented: count(Confidence::Documented),
            guessed: count(Confidence::Guessed),
        }
    }
}

/// Every fact of a profile that was read without complaint.
pub(super) fn listed(value: &Value) -> Vec<Listed> {
    let mut facts = Vec::new();
    walk(value, "", &mut facts);
    facts
}

fn walk(value: &Value, path: &str, facts: &mut Vec<Listed>) {
    let fact = || {
        let confidence = Confidence::deserialize(value.get("confidence")?).ok()?;
        let source = value.get("source")?.as_str()?.to_owned();
        Some(Listed { path: path.to_owned(), confidence, source })
    };
    if let Some(fact) = fact() {
        facts.push(fact);
        return;
    }
    let within = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, member)| walk(member, &within(key), facts));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(number, item)| walk(item, &within(&number.to_string()), facts));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
