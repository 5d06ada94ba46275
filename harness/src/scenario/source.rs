//! A JSON file as a tree in which every value knows where it stands, and what is wrong with it, with a caret.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use crate::check::lenient;

/// A value and the octets of the file that it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// First octet and the one after the last.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object, in the order of the file.
    Object(Vec<Member>),
}

impl Kind {
    /// What people call it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The key.
    pub key: String,
    /// Where it stands, with its quotation marks.
    pub span: Range<usize>,
    /// The value.
    pub value: Node,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which octets.
    pub span: Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// Something wrong, without advice.
    pub fn new(span: Range<usize>, what: impl Into<String>) -> Self {
        Self { span, what: what.into(), help: None }
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A word that is none of those allowed.
    pub fn unknown<'a>(
        span: Range<usize>,
        sort: &str,
        word: &str,
        allowed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let allowed: Vec<&str> = allowed.into_iter().collect();
        let what = format!("unknown {sort} `{word}`");
        Self { span, what, help: Some(advice(word, &allowed)) }
    }
}

/// The nearest word, and all of them unless they are too many.
fn advice(word: &str, allowed: &[&str]) -> String {
    const MANY: usize = 24;
    let mut by_distance: Vec<(usize, &str)> =
        allowed.iter().map(|known| (crate::check::known::distance(known, word), *known)).collect();
    by_distance.sort_unstable();
    by_distance.dedup();
    let near = by_distance.first().filter(|(distance, known)| *distance <= 1 + known.len() / 3);
    let guess = near.map(|(_, known)| format!("did you mean `{known}`? "));
    let (some, more) = if allowed.len() > MANY {
        let nearest: Vec<&str> = by_distance.iter().take(MANY / 2).map(|(_, known)| *known).collect();
        (nearest, format!(", and {} more: `l2tpspec list words` shows all", allowed.len() - MANY / 2))
    } else {
        (allowed.to_vec(), String::new())
    };
    format!("{}allowed: {}{more}", guess.unwrap_or_default(), some.join(", "))
}

/// A file that could not be understood, with everything that is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    path: PathBuf,
    text: String,
    problems: Vec<Problem>,
}

impl Problems {
    /// What is wrong in a file of this text, in the order of the file.
    pub fn new(path: &Path, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        problems.dedup();
        Self { path: path.to_owned(), text: text.to_owned(), problems }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.problems.len()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            let (line, column) = place(&self.text, problem.span.start);
            write!(f, "{}:{line}:{column}: {}", self.path.display(), problem.what)?;
            let source = self.text.lines().nth(line - 1).unwrap_or_default();
            let left = source.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' });
            let left: String = left.collect();
            let marked = self.text.get(problem.span.clone()).unwrap_or_default().lines().next();
            let carets = "^".repeat(marked.map_or(1, |marked| marked.chars().count().max(1)));
            write!(f, "\n{line:>5} | {source}\n      | {left}{carets}")?;
            if let Some(help) = &problem.help {
                write!(f, "\n      = {help}")?;
            }
        }
        Ok(())
    }
}

/// Line and column of an octet, from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// Reads a file's text as JSON with comments and trailing commas.
///
/// # Errors
/// Text that is no JSON, or an object with the same key twice.
pub fn parse(path: &Path, text: &str) -> Result<Node, Problems> {
    let blanked = lenient::blanked(text);
    let raw: &RawValue = serde_json::from_str(&blanked).map_err(|error| {
        let at = offset(text, error.line(), error.column());
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or(&said).to_owned();
        Problems::new(path, text, vec![Problem::new(at..at, what)])
    })?;
    let mut problems = Vec::new();
    let node = node(&blanked, raw, &mut problems);
    if problems.is_empty() { Ok(node) } else { Err(Problems::new(path, text, problems)) }
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    // serde_json counts octets, and points behind what it does not understand.
    let at = (before + column.saturating_sub(1)).min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A member of an object with its value unread.
struct RawObject<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawObject(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The tree below a value that is known to be JSON.
fn node(text: &str, raw: &RawValue, problems: &mut Vec<Problem>) -> Node {
    let octets = raw.get();
    // A raw value is a slice of the text that it was read from.
    let start = octets.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let span = start..start + octets.len();
    let kind = match octets.as_bytes().first() {
        Some(b'{') => {
            let RawObject(members) = serde_json::from_str(octets).unwrap_or(RawObject(Vec::new()));
            let mut object: Vec<Member> = Vec::new();
            for (key, value) in members {
                let value = node(text, value, problems);
                let span = key_before(text, value.span.start);
                if object.iter().any(|other| other.key == key) {
                    problems.push(
                        Problem::new(span.clone(), format!("key `{key}` stands here twice"))
                            .help("the second would silently replace the first: remove one"),
                    );
                }
                object.push(Member { key, span, value });
            }
            Kind::Object(object)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(octets).unwrap_or_default();
            Kind::List(items.into_iter().map(|item| node(text, item, problems)).collect())
        }
        Some(b'"') => Kind::Text(serde_json::from_str(octets).unwrap_or_default()),
        Some(b't') => Kind::Flag(true),
        Some(b'f') => Kind::Flag(false),
        Some(b'n') => Kind::Null,
        _ => Kind::Number(octets.to_owned()),
    };
    Node { span, kind }
}

/// Where the key of a value stands that begins at an octet: before blanks, a colon, and blanks.
fn key_before(text: &str, value: usize) -> Range<usize> {
    let before = text.get(..value).unwrap_or_default();
    let key_end = before.trim_end().trim_end_matches(':').trim_end().len();
    let octets = text.as_bytes();
    let mut start = key_end.saturating_sub(2);
    while start > 0 && (octets.get(start) != Some(&b'"') || is_escaped(octets, start)) {
        start -= 1;
    }
    start..key_end
}

/// Whether an odd number of backslashes stands before an octet.
fn is_escaped(octets: &[u8], at: usize) -> bool {
    octets.get(..at).unwrap_or_default().iter().rev().take_while(|octet| **octet == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(Path::new("x.json"), text).expect_err("a mistake").to_string()
    }

    #[test]
    fn every_value_knows_its_place() {
        let text = "{ // comment\n  \"a\\\"b\" : [1, \"é\", {\"c\": null,},],\n}";
        let node = parse(Path::new("x.json"), text).expect("JSON");
        let Kind::Object(members) = &node.kind else { panic!("an object") };
        assert_eq!(members[0].key, "a\"b");
        assert_eq!(&text[members[0].span.clone()], "\"a\\\"b\"");
        let Kind::List(items) = &members[0].value.kind else { panic!("a list") };
        assert_eq!(&text[items[1].span.clone()], "\"é\"");
        let Kind::Object(inner) = &items[2].kind else { panic!("an object") };
        assert_eq!(&text[inner[0].span.clone()], "\"c\"");
    }

    #[test]
    fn what_is_no_json_is_pointed_at() {
        assert_eq!(
            error("{\n  \"é\": x\n}"),
            "x.json:2:8: expected value\n    2 |   \"é\": x\n      |        ^"
        );
    }

    #[test]
    fn a_key_may_stand_once() {
        let said = error("{\"a\": 1,\n \"a\": 2}");
        assert!(said.starts_with("x.json:2:2: key `a` stands here twice\n"), "{said}");
        assert!(said.contains("\n      |  ^^^\n"), "{said}");
    }
}
