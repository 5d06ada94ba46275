//! `l2tpspec list`: what there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{self, Kind};
use super::run::{load, root, write};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::lab;
use crate::profile::Role;
use crate::rule;
use crate::rule::catalogue;
use crate::scenario::cast::Profiles;
use crate::scenario::faults;
use crate::scenario::topology::{self, Topology};
use crate::scenario::vocabulary::{LAYERS, MESSAGES, Macro, Subject, fields};
use crate::transcript::connection::Role as TranscriptRole;

/// A thing to be listed.
struct Item {
    kind: &'static str,
    id: String,
    title: String,
    more: Value,
}

pub(super) fn run(args: &args::List) -> Result<u8, ExpectedError> {
    let kinds = if args.kinds.is_empty() {
        vec![
            Kind::Scenarios,
            Kind::Profiles,
            Kind::Subjects,
            Kind::Topologies,
            Kind::Requirements,
            Kind::Faults,
        ]
    } else {
        args.kinds.clone()
    };
    let mut out = String::new();
    for kind in kinds {
        let items = items(kind, args)?;
        if args.json {
            for item in items {
                let mut object = json!({ "type": item.kind, "id": item.id, "title": item.title });
                if let (Some(object), Value::Object(more)) = (object.as_object_mut(), item.more) {
                    object.extend(more);
                }
                let _ = writeln!(out, "{object}");
            }
            continue;
        }
        let width = items.iter().map(|item| item.id.chars().count()).max().unwrap_or(0).min(44);
        let _ = writeln!(out, "{} {}", items.len(), kind.word());
        for item in items {
            let _ = writeln!(out, "  {:width$}  {}", item.id, item.title);
        }
    }
    write(&out)?;
    Ok(exit_code::AS_EXPECTED)
}

fn items(kind: Kind, args: &args::List) -> Result<Vec<Item>, ExpectedError> {
    Ok(match kind {
        Kind::Scenarios => scenarios(args)?,
        Kind::Profiles => profiles(args)?,
        Kind::Subjects => subjects(args)?,
        Kind::Topologies => topologies(args)?,
        Kind::Requirements => requirements(),
        Kind::Faults => {
            let all = faults::load(&root(args.scenarios.as_deref())?)?;
            let item = |fault: faults::Fault| Item {
                kind: "fault",
                id: fault.id,
                title: fault.title,
                more: json!({ "role": fault.of.word(), "breaks": fault.breaks }),
            };
            all.into_iter().map(item).collect()
        }
        Kind::Words => words(),
    })
}

fn scenarios(args: &args::List) -> Result<Vec<Item>, ExpectedError> {
    let suite = load(&root(args.scenarios.as_deref())?)?;
    let mut by_id: BTreeMap<&str, Item> = BTreeMap::new();
    for case in &suite.cases {
        let item = by_id.entry(&case.id).or_insert_with(|| Item {
            kind: "scenario",
            id: case.id.clone(),
            title: case.title.clone(),
            more: json!({ "subject": case.subject.word(), "requirements": case.cites, "seen_in": case.seen_in, "cases": 0 }),
        });
        if let Some(count) = item.more["cases"].as_u64() {
            item.more["cases"] = json!(count + 1);
        }
    }
    Ok(by_id.into_values().collect())
}

fn profiles(args: &args::List) -> Result<Vec<Item>, ExpectedError> {
    let profiles = Profiles::load(&root(args.scenarios.as_deref())?)?;
    let item = |profile: &crate::profile::Profile| {
        let role = if profile.role == Role::Client { "client" } else { "supernode" };
        let counts = profile.counts();
        let known = json!({
            "captured": counts.captured, "documented": counts.documented, "guessed": counts.guessed
        });
        Item {
            kind: "profile",
            id: profile.name.clone(),
            title: format!(
                "{role}: {} ({} facts captured, {} documented, {} guessed)",
                profile.title, counts.captured, counts.documented, counts.guessed
            ),
            more: json!({ "role": role, "facts": known }),
        }
    };
    Ok(profiles.all().map(item).collect())
}

fn subjects(args: &args::List) -> Result<Vec<Item>, ExpectedError> {
    let own = Item {
        kind: "subject",
        id: "self".to_owned(),
        title: "the built-in reference, both ends, in virtual time".to_owned(),
        more: Value::Null,
    };
    let item = |(_, file): (_, lab::SubjectFile)| {
        let role = TranscriptRole::from(file.role).word();
        Item {
            kind: "subject",
            id: format!("lab:{}", file.name),
            title: format!("{role}: {}", file.title),
            more: json!({ "role": role, "packages": file.packages, "profile": file.profile }),
        }
    };
    let known = lab::subjects(&root(args.scenarios.as_deref())?)?;
    Ok(std::iter::once(own).chain(known.into_iter().map(item)).collect())
}

fn topologies(args: &args::List) -> Result<Vec<Item>, ExpectedError> {
    let item = |topology: Topology| Item {
        kind: "topology",
        id: topology.name,
        title: topology.title,
        more: json!({ "nat": topology.nat.is_some() }),
    };
    Ok(topology::load_all(&root(args.scenarios.as_deref())?)?.into_iter().map(item).collect())
}

fn requirements() -> Vec<Item> {
    let ruled: Vec<&str> = rule::all().map(|entered| entered.requirement).collect();
    let item = |requirement: &catalogue::Requirement| Item {
        kind: "requirement",
        id: requirement.id.clone(),
        title: format!(
            "{} {}, {}: {}",
            requirement.strength.word(),
            requirement.rfc,
            requirement.section,
            requirement.text
        ),
        more: json!({
            "rfc": requirement.rfc,
            "section": requirement.section,
            "strength": requirement.strength.word(),
            "binds": requirement.binds,
            "has_rule": ruled.contains(&&requirement.id[..]),
        }),
    };
    catalogue::all().iter().map(item).collect()
}

fn words() -> Vec<Item> {
    let item = |kind, id: &str, title: String| Item { kind, id: id.to_owned(), title, more: Value::Null };
    let messages = MESSAGES.iter().map(|name| item("message", name, "a message".to_owned()));
    let macros = Macro::ALL
        .iter()
        .map(|what| item("action", what.word(), format!("an action with {}", listed(what.keys()))));
    let subjects = Subject::ALL
        .iter()
        .map(|what| item("check", what.word(), format!("what `check` looks at: {}", listed(what.keys()))));
    let fields = LAYERS.iter().map(|(layer, _)| item("fields", layer, fields(layer).join(", ")));
    messages.chain(macros).chain(subjects).chain(fields).collect()
}

fn listed(keys: &[&str]) -> String {
    if keys.is_empty() { "no arguments".to_owned() } else { keys.join(", ") }
}
