//! An object that is read key by key; what is not asked for is an error in the end.

use std::ops::Range;
use std::time::Duration;

use serde_json::Value;

use super::source::{Kind, Member, Node, Problem};

/// The members of an object, and which were read.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    span: Range<usize>,
    members: &'a [Member],
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The members of an object.
    pub(super) fn new(node: &'a Node, problems: &mut Vec<Problem>) -> Option<Self> {
        match &node.kind {
            Kind::Object(members) => Some(Self { span: node.span.clone(), members, asked: Vec::new() }),
            other => {
                problems.push(Problem::new(
                    node.span.clone(),
                    format!("expected an object, not {}", other.word()),
                ));
                None
            }
        }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub(super) fn members(&self) -> &'a [Member] {
        self.members
    }

    /// The value of a key.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// The value of a key that has to be there.
    pub(super) fn need(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() {
            let start = self.span.start;
            problems.push(Problem::new(start..start + 1, format!("missing key `{key}`")));
        }
        found
    }

    /// Complains of every key that nobody asked for.
    pub(super) fn finish(self, sort: &str, problems: &mut Vec<Problem>) {
        for member in self.members {
            if !self.asked.contains(&&member.key[..]) {
                let asked = self.asked.iter().copied();
                problems.push(Problem::unknown(member.span.clone(), sort, &member.key, asked));
            }
        }
    }
}

/// A string.
pub(super) fn text(node: &Node, problems: &mut Vec<Problem>) -> Option<String> {
    match &node.kind {
        Kind::Text(text) => Some(text.clone()),
        other => wrong(node, "a string", other, problems),
    }
}

/// A number that is whole and not negative.
pub(super) fn number(node: &Node, problems: &mut Vec<Problem>) -> Option<u64> {
    match &node.kind {
        Kind::Number(text) if text.parse::<u64>().is_ok() => text.parse().ok(),
        Kind::Text(text) if text.starts_with("0x") && u64::from_str_radix(&text[2..], 16).is_ok() => {
            u64::from_str_radix(&text[2..], 16).ok()
        }
        other => wrong(node, "a whole number", other, problems),
    }
}

/// `true` or `false`.
pub(super) fn flag(node: &Node, problems: &mut Vec<Problem>) -> Option<bool> {
    match &node.kind {
        Kind::Flag(flag) => Some(*flag),
        other => wrong(node, "true or false", other, problems),
    }
}

/// A list.
pub(super) fn list<'a>(node: &'a Node, problems: &mut Vec<Problem>) -> &'a [Node] {
    match &node.kind {
        Kind::List(items) => items,
        other => {
            let _: Option<()> = wrong(node, "a list", other, problems);
            &[]
        }
    }
}

/// A list of strings.
pub(super) fn texts(node: &Node, problems: &mut Vec<Problem>) -> Vec<String> {
    list(node, problems).iter().filter_map(|item| text(item, problems)).collect()
}

/// A time: a number with its unit, as in `20ms`, `1.5s`, `3m`, `8h`.
pub(super) fn time(node: &Node, problems: &mut Vec<Problem>) -> Option<Duration> {
    let said = text(node, problems)?;
    let parsed = parse_time(&said);
    if parsed.is_none() {
        problems.push(
            Problem::new(node.span.clone(), format!("`{said}` is no time"))
                .help("a number and its unit: ms, s, m or h, as in `1.5s`"),
        );
    }
    parsed
}

fn parse_time(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    let milliseconds = match unit {
        "ms" => 1.0,
        "s" => 1000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * milliseconds / 1000.0;
    Duration::try_from_secs_f64(seconds).ok()
}

/// A rate: `10%`, or a number between 0 and 1. In a million.
pub(super) fn rate(node: &Node, problems: &mut Vec<Problem>) -> Option<u32> {
    let parsed = match &node.kind {
        Kind::Text(text) => {
            text.strip_suffix('%').and_then(|text| text.parse::<f64>().ok()).map(|n| n / 100.0)
        }
        Kind::Number(text) => text.parse().ok(),
        _ => None,
    };
    match parsed.filter(|rate| (0.0..=1.0).contains(rate)) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a million"
        )]
        Some(rate) => Some((rate * 1_000_000.0).round() as u32),
        None => {
            let what = Problem::new(node.span.clone(), "this is no rate".to_owned());
            problems.push(what.help("a percentage as in `10%`, or a number between 0 and 1"));
            None
        }
    }
}

/// Octets as hexadecimal digits.
pub(super) fn octets(node: &Node, problems: &mut Vec<Problem>) -> Option<Vec<u8>> {
    let said = text(node, problems)?;
    let digits: Vec<char> = said.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16));
    match pairs.collect::<Result<Vec<u8>, _>>() {
        Ok(octets) if digits.len().is_multiple_of(2) => Some(octets),
        _ => {
            problems.push(Problem::new(node.span.clone(), format!("`{said}` are no hexadecimal octets")));
            None
        }
    }
}

/// Any value, as `serde_json` has it.
pub(super) fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Flag(flag) => Value::Bool(*flag),
        Kind::Number(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        Kind::Text(text) => Value::String(text.clone()),
        Kind::List(items) => Value::Array(items.iter().map(json).collect()),
        Kind::Object(members) => {
            Value::Object(members.iter().map(|member| (member.key.clone(), json(&member.value))).collect())
        }
    }
}

fn wrong<T>(node: &Node, want: &str, got: &Kind, problems: &mut Vec<Problem>) -> Option<T> {
    problems.push(Problem::new(node.span.clone(), format!("expected {want}, not {}", got.word())));
    None
}
