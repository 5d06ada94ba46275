//! A scenario as it is written canonically: what belongs together on a line, a step on a line, lines of 118 columns.

use std::fmt::Write as _;

use super::source::{Kind, Member, Node};

/// Columns of a line at most, where a value can be broken.
const WIDTH: usize = 118;

/// Keys that share a line.
const TOGETHER: &[&[&str]] = &[&["$schema", "format"], &["subject", "client", "supernode", "topology"]];

/// Keys in their order.
const ORDER: &[&str] = &[
    "$schema",
    "format",
    "id",
    "title",
    "cites",
    "seen_in",
    "subject",
    "client",
    "supernode",
    "topology",
    "params",
    "combine",
    "changes",
    "network",
    "ambient",
    "breaks",
    "steps",
    "outcome",
];

/// Whether a text has comments, which the canonical form would lose.
#[must_use]
pub fn has_comments(text: &str) -> bool {
    let mut in_string = false;
    let mut before = ' ';
    for c in text.chars() {
        match (in_string, before, c) {
            (false, '/', '/' | '*') => return true,
            (false, _, '"') => in_string = true,
            (true, '\\', _) => {
                before = ' ';
                continue;
            }
            (true, _, '"') => in_string = false,
            _ => {}
        }
        before = c;
    }
    false
}

/// The canonical form of a scenario.
#[must_use]
pub fn canonical(root: &Node) -> String {
    let Kind::Object(members) = &root.kind else { return inline(root) + "\n" };
    let mut members: Vec<&Member> = members.iter().collect();
    members.sort_by_key(|member| ORDER.iter().position(|key| *key == member.key).unwrap_or(ORDER.len()));
    let mut lines: Vec<String> = Vec::new();
    let mut waiting = members.into_iter().peekable();
    while let Some(member) = waiting.next() {
        let group = TOGETHER.iter().find(|group| group.contains(&&member.key[..]));
        let mut line = format!("  {}: {}", quoted(&member.key), value(member));
        while let Some(next) =
            waiting.next_if(|next| group.is_some_and(|group| group.contains(&&next.key[..])))
        {
            let _ = write!(line, ", {}: {}", quoted(&next.key), inline(&next.value));
        }
        lines.push(line);
    }
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn value(member: &Member) -> String {
    match &member.value.kind {
        Kind::List(steps) if member.key == "steps" => {
            let lines: Vec<String> = steps.iter().map(|step| format!("    {}", inline(step))).collect();
            format!("[\n{}\n  ]", lines.join(",\n"))
        }
        _ => block(&member.value, 2, member.key.chars().count() + 4),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn inline(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".to_owned(),
        Kind::Flag(flag) => flag.to_string(),
        Kind::Number(text) => text.clone(),
        Kind::Text(text) => quoted(text),
        Kind::List(items) => {
            let all: Vec<String> = items.iter().map(inline).collect();
            let is_of_objects =
                !items.is_empty() && items.iter().all(|item| matches!(item.kind, Kind::Object(_)));
            if is_of_objects { format!("[ {} ]", all.join(", ")) } else { format!("[{}]", all.join(", ")) }
        }
        Kind::Object(members) if members.is_empty() => "{}".to_owned(),
        Kind::Object(members) => {
            let all: Vec<String> = members
                .iter()
                .map(|member| format!("{}: {}", quoted(&member.key), inline(&member.value)))
                .collect();
            format!("{{ {} }}", all.join(", "))
        }
    }
}

/// A value that takes several lines if one is too short.
fn block(node: &Node, indent: usize, used: usize) -> String {
    let line = inline(node);
    if line.chars().count() + indent + used <= WIDTH {
        return line;
    }
    let pad = " ".repeat(indent + 2);
    let end = " ".repeat(indent);
    match &node.kind {
        Kind::Object(members) => {
            let lines: Vec<String> = members
                .iter()
                .map(|member| {
                    let key = quoted(&member.key);
                    format!("{pad}{key}: {}", block(&member.value, indent + 2, key.chars().count() + 2))
                })
                .collect();
            format!("{{\n{}\n{end}}}", lines.join(",\n"))
        }
        Kind::List(items)
            if items.iter().all(|item| !matches!(item.kind, Kind::List(_) | Kind::Object(_))) =>
        {
            let mut lines = vec![String::new()];
            for (at, item) in items.iter().enumerate() {
                let word = inline(item) + if at + 1 < items.len() { "," } else { "" };
                let last = lines.last_mut().map(|line| line.chars().count()).unwrap_or(0);
                if last > 0 && pad.len() + last + 1 + word.chars().count() > WIDTH {
                    lines.push(word);
                } else if let Some(line) = lines.last_mut() {
                    if !line.is_empty() {
                        line.push(' ');
                    }
                    line.push_str(&word);
                }
            }
            let lines: Vec<String> = lines.into_iter().map(|line| format!("{pad}{line}")).collect();
            format!("[\n{}\n{end}]", lines.join("\n"))
        }
        Kind::List(items) => {
            let lines: Vec<String> =
                items.iter().map(|item| format!("{pad}{}", block(item, indent + 2, 0))).collect();
            format!("[\n{}\n{end}]", lines.join(",\n"))
        }
        _ => line,
    }
}
