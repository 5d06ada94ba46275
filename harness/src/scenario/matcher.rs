//! What a value has to be, read and compared.

use serde_json::Value;

use super::fields::{self, Fields};
use super::model::{Expression, Matcher};
use super::source::{Kind, Node, Problem};

/// Reads an object of matchers.
pub(super) fn members(node: &Node, problems: &mut Vec<Problem>) -> Vec<(String, Matcher)> {
    match &node.kind {
        Kind::Object(members) => members
            .iter()
            .filter_map(|member| Some((member.key.clone(), read(&member.value, problems)?)))
            .collect(),
        other => {
            problems
                .push(Problem::new(node.span.clone(), format!("expected an object, not {}", other.word())));
            Vec::new()
        }
    }
}

fn read(node: &Node, problems: &mut Vec<Problem>) -> Option<Matcher> {
    let text = match &node.kind {
        Kind::Object(members) => {
            let mut f = Fields::new(node, problems)?;
            let matcher = match members.first().map(|member| &member.key[..]) {
                Some("in") => {
                    Matcher::In(fields::list(f.get("in")?, problems).iter().map(fields::json).collect())
                }
                Some("range") => {
                    let node = f.get("range")?;
                    let ends: Vec<f64> = fields::list(node, problems)
                        .iter()
                        .filter_map(|item| fields::json(item).as_f64())
                        .collect();
                    let [low, high] = ends[..] else {
                        problems.push(Problem::new(node.span.clone(), "a range has two numbers"));
                        return None;
                    };
                    Matcher::Range(low, high)
                }
                Some("len") => {
                    let length = fields::number(f.get("len")?, problems)?;
                    Matcher::Length(usize::try_from(length).ok()?)
                }
                Some("bytes") => Matcher::Octets(fields::octets(f.get("bytes")?, problems)?),
                other => {
                    let word = other.unwrap_or_default();
                    let all = ["in", "range", "len", "bytes"];
                    problems.push(Problem::unknown(node.span.clone(), "comparison", word, all));
                    return None;
                }
            };
            f.finish("key", problems);
            return Some(matcher);
        }
        Kind::Text(text) => text,
        _ => return Some(Matcher::Is(fields::json(node))),
    };
    Some(match &text[..] {
        "present" => Matcher::Present,
        "absent" => Matcher::Absent,
        _ if text.starts_with('$') => match expression(text) {
            Some(expression) => Matcher::Expression(expression),
            None => {
                problems.push(
                    Problem::new(node.span.clone(), format!("`{text}` is no expression"))
                        .help("a field of a saved message, and a number: \"$name.FIELD + 1\""),
                );
                return None;
            }
        },
        _ => Matcher::Is(Value::String(text.clone())),
    })
}

/// Reads `$name.Field` with a number added or taken.
fn expression(text: &str) -> Option<Expression> {
    let text = text.strip_prefix('$')?;
    let (path, plus) = match (text.split_once(" + "), text.split_once(" - ")) {
        (Some((path, number)), _) => (path, number.trim().parse::<i64>().ok()?),
        (None, Some((path, number))) => (path, number.trim().parse::<i64>().ok()?.checked_neg()?),
        (None, None) => (text, 0),
    };
    let (variable, field) = path.trim().split_once('.')?;
    let is_word = !variable.is_empty() && variable.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_word && !field.is_empty()).then(|| Expression {
        variable: variable.to_owned(),
        field: field.to_owned(),
        plus,
    })
}

impl Matcher {
    /// Whether a value fits; `None` where the message has no such field. `name` is what a registry calls a number.
    /// `lookup` finds the fields of saved messages.
    #[must_use]
    pub fn fits(
        &self,
        value: Option<&Value>,
        name: Option<&str>,
        lookup: &dyn Fn(&str, &str) -> Option<Value>,
    ) -> bool {
        let same = |wanted: &Value| {
            value == Some(wanted)
                || wanted.as_str().is_some_and(|wanted| name == Some(wanted))
                || matches!((wanted, value), (Value::String(wanted), Some(Value::Array(items)))
                    if items.iter().any(|item| item.as_str() == Some(wanted)))
        };
        match self {
            Self::Is(wanted) => same(wanted),
            Self::In(all) => all.iter().any(same),
            Self::Range(low, high) => {
                value.and_then(Value::as_f64).is_some_and(|value| (*low..=*high).contains(&value))
            }
            Self::Length(length) => match value {
                Some(Value::String(text)) => text.len() == *length || text.len() == length * 2,
                Some(Value::Array(items)) => items.len() == *length,
                _ => false,
            },
            Self::Octets(octets) => {
                let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
                value.and_then(Value::as_str) == Some(&hex)
            }
            Self::Present => value.is_some(),
            Self::Absent => value.is_none(),
            Self::Expression(Expression { variable, field, plus }) => {
                let Some(found) = lookup(variable, field) else { return false };
                if *plus == 0 {
                    return value == Some(&found);
                }
                // Numbers of a sequence start anew after their last.
                let sum = found.as_i64().map(|number| (number + plus).rem_euclid(0x1_0000));
                sum.is_some() && value.and_then(Value::as_i64) == sum
            }
        }
    }

    /// What is wanted, for people.
    #[must_use]
    pub fn wanted(&self) -> String {
        match self {
            Self::Is(value) => value.to_string(),
            Self::In(all) => format!("one of {}", Value::Array(all.clone())),
            Self::Range(low, high) => format!("{low} to {high}"),
            Self::Length(length) => format!("{length} octets"),
            Self::Octets(octets) => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
            Self::Present => "present".to_owned(),
            Self::Absent => "absent".to_owned(),
            Self::Expression(Expression { variable, field, plus }) => match plus {
                0 => format!("{field} of `{variable}`"),
                plus => format!("{field} of `{variable}` {plus:+}"),
            },
        }
    }
}
