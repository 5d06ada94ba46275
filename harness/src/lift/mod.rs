//! From a recording to a client profile, a supernode profile and a scenario that re-enacts it.
//!
//! What the recording shows becomes facts, each with its frame; what chance gave is left to chance; what is not shown is taken
//! from a profile that is known, as a guess.

mod ike;
mod l2tp;
mod patch;
mod ppp;
mod said;
mod steps;
mod timers;

use std::path::{Path, PathBuf};

use l2tpspec_protocol::ppp::{Control, chap, pap};
use serde_json::{Value, json};

use crate::capture::keys::Keys;
use crate::check::{self, Judged, lenient};
use crate::error::ExpectedError;
use crate::transcript::Options;
use crate::transcript::connection::Role;
use crate::triage::Rung;
use patch::Draft;
use said::{Talk, What};

/// What stands for a pre-shared key and a password, which no recording shows.
const SECRET: &str = "lifted-secret";
/// What stands for one that the other end does not know.
const OTHER_SECRET: &str = "another-secret";

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The recording.
    pub capture: &'a Path,
    /// Its keys.
    pub keys: &'a Keys,
    /// How it is read.
    pub options: Options,
    /// Which connection, from 0.
    pub connection: usize,
    /// The directory of scenarios, for the profiles that fill what the recording does not show.
    pub scenarios: &'a Path,
    /// The profile of a client that does so; found by likeness unless it is given.
    pub client: Option<&'a str>,
    /// That of a supernode.
    pub supernode: &'a str,
    /// What the scenario is to be called.
    pub name: &'a str,
}

/// What was lifted.
#[derive(Debug)]
pub struct Lifted {
    /// The client's profile.
    pub client: Value,
    /// The supernode's profile.
    pub supernode: Value,
    /// The scenario.
    pub scenario: Value,
    /// Whose profile stands behind the client's.
    pub base: String,
    /// How many connections the recording has.
    pub connections: usize,
    /// What could not be seen, for want of keys.
    pub hidden: Vec<&'static str>,
}

/// Lifts one connection.
///
/// # Errors
/// A recording or profile that cannot be read, or one without that connection.
pub fn lift(request: &Request<'_>, mut on_progress: impl FnMut(u64)) -> Result<Lifted, ExpectedError> {
    let Request { capture, keys, connection, .. } = *request;
    let talk = said::read(capture, keys, request.options.clone(), connection, &mut on_progress)?;
    if talk.all.is_empty() {
        let (path, count) = (capture.display(), talk.connections);
        let hint = match count {
            0 => "`l2tpspec decode` shows what is in it".to_owned(),
            1 => "it has one: --connection 1".to_owned(),
            many => format!("it has {many}: --connection 1 to {many}"),
        };
        return Err(ExpectedError::Usage(format!("{path}: no such connection\nhint: {hint}")));
    }
    let checked = check::capture(capture, Ok(keys.clone()), request.options.clone(), &[], |_| true);
    let judged = checked.connections.iter().find(|judged| judged.number == connection + 1);
    let outcome = judged.map(|judged| &judged.outcome);
    let recording = capture.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();

    let (base, client) = match request.client {
        Some(name) => (name.to_owned(), profile(request.scenarios, "clients", name)?),
        None => nearest(request.scenarios, &talk)?,
    };
    let mut client = Draft::new(&base, client, &recording);
    let supernode = profile(request.scenarios, "supernodes", request.supernode)?;
    let mut supernode = Draft::new(request.supernode, supernode, &recording);
    let side = crate::diff::read(capture, Ok(keys.clone()), request.options.clone(), |_| {});
    for (by, draft) in [(Role::Client, &mut client), (Role::Supernode, &mut supernode)] {
        ike::lift(&talk, by, draft);
        l2tp::lift(&talk, by, draft);
        ppp::lift(&talk, by, draft);
        timers::lift(&side, connection, by, draft);
        let word = if by == Role::Client { "client" } else { "supernode" };
        draft.put_plain("title", json!(format!("the {word} of {recording}")));
        draft.remove_plain("$schema");
    }
    for (fact, value) in
        [("service.pre_shared_key", SECRET), ("service.password", SECRET), ("service.name", "lifted.example")]
    {
        supernode.guess(fact, json!(value), "no recording shows it");
    }
    let scenario = scenario(request, &talk, judged);
    let hidden = outcome.map(|outcome| outcome.hidden.clone()).unwrap_or_default();
    Ok(Lifted {
        client: client.into_value(),
        supernode: supernode.into_value(),
        scenario,
        base,
        connections: talk.connections,
        hidden,
    })
}

fn profile(scenarios: &Path, folder: &str, name: &str) -> Result<Value, ExpectedError> {
    let path = scenarios.join(folder).join(format!("{name}.json"));
    if path.is_file() {
        return lenient::read(&path);
    }
    let known: Vec<String> = crate::profile::json_files(&scenarios.join(folder))?
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    Err(ExpectedError::Usage(format!("no profile is called `{name}`\nhint: there are {}", known.join(", "))))
}

/// The client profile of which most stays as it is.
fn nearest(scenarios: &Path, talk: &Talk) -> Result<(String, Value), ExpectedError> {
    let mut best: Option<(usize, String, Value)> = None;
    for path in crate::profile::json_files(&scenarios.join("clients"))? {
        let value: Value = lenient::read(&path)?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut draft = Draft::new(&name, value.clone(), "");
        ike::lift(talk, Role::Client, &mut draft);
        l2tp::lift(talk, Role::Client, &mut draft);
        ppp::lift(talk, Role::Client, &mut draft);
        let changed = differences(&value, &draft.into_value());
        if best.as_ref().is_none_or(|(fewest, ..)| changed < *fewest) {
            best = Some((changed, name, value));
        }
    }
    let hint = "name a directory of scenarios with --scenarios";
    let (_, name, value) = best.ok_or_else(|| {
        ExpectedError::Usage(format!("{}: no profile of a client\nhint: {hint}", scenarios.display()))
    })?;
    Ok((name, value))
}

/// How many facts have another value.
fn differences(a: &Value, b: &Value) -> usize {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) if a.contains_key("confidence") => {
            usize::from(a.get("value") != b.get("value"))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.iter().map(|(key, value)| b.get(key).map_or(1, |other| differences(value, other))).sum()
        }
        _ => 0,
    }
}

fn scenario(request: &Request<'_>, talk: &Talk, judged: Option<&Judged>) -> Value {
    let outcome = judged.map(|judged| &judged.outcome);
    let name = request.name;
    let recording = request.capture.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut scenario = json!({
        "format": 1,
        "id": name,
        "title": format!("what {} shows", recording.unwrap_or_default()),
        "cites": if talk.is_protected { json!(["IKE-2409-5.4-a"]) } else { json!(["L2TP-2661-3.1-a"]) },
        "subject": "supernode",
        "client": format!("{name}.client"),
        "supernode": format!("{name}.supernode"),
        "topology": if talk.is_translated { "client-behind-nat" } else { "direct" },
    });
    let changes = changes(talk);
    if !changes.is_empty() {
        scenario["changes"] = Value::Object(changes);
    }
    // What the original breaks, whoever lifts it may break too.
    let broken: Vec<&str> =
        judged.iter().flat_map(|judged| &judged.findings).map(|it| it.requirement.id.as_str()).collect();
    if !broken.is_empty() {
        scenario["breaks"] = json!(broken);
    }
    let failed = outcome.is_some_and(|outcome| outcome.failed);
    let is_up = outcome.is_none_or(|outcome| outcome.rung >= Rung::IpcpUp);
    scenario["steps"] = if is_up {
        steps::of(talk, outcome)
    } else {
        json!([{ "do": "begin" }, { "wait": format!("{}s", talk.seconds() + 2) }])
    };
    if let Some(outcome) = outcome.filter(|outcome| outcome.hidden.is_empty()) {
        scenario["outcome"] = json!({ "rung": outcome.rung.word(), "failed": failed });
    }
    scenario
}

/// What the client has that does not fit: a key or a password of its own.
fn changes(talk: &Talk) -> serde_json::Map<String, Value> {
    let mut changes = serde_json::Map::new();
    let is_refused = talk.ppp(Role::Supernode).any(|(_, control)| match control {
        Control::Chap(packet) => packet.code == chap::Code::Failure,
        Control::Pap(packet) => packet.code == pap::Code::AuthenticateNak,
        _ => false,
    });
    if is_refused {
        changes.insert("password".to_owned(), json!(OTHER_SECRET));
    }
    if is_key_wrong(talk) {
        changes.insert("pre_shared_key".to_owned(), json!(OTHER_SECRET));
    }
    changes
}

/// Whether phase 1 comes to no end at its first encrypted message, said again and again.
fn is_key_wrong(talk: &Talk) -> bool {
    let closed = |by: Role| {
        talk.all.iter().filter(move |said| {
            said.by == by
                && matches!(&said.what, What::Closed(header) | What::Isakmp(header, _)
                    if header.has_encrypted_body() && header.message_id == 0)
        })
    };
    closed(Role::Client).count() > 1 && closed(Role::Supernode).next().is_none()
}

impl Lifted {
    /// Writes the scenario and both profiles: all three or none.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, paths: &[PathBuf; 3]) -> Result<(), ExpectedError> {
        let part = |path: &Path| path.with_extension("part");
        let mut renamed: Vec<&Path> = Vec::new();
        let parts: Vec<PathBuf> = paths.iter().map(|path| part(path)).collect();
        let mut write = || {
            for (path, value) in parts.iter().zip([&self.scenario, &self.client, &self.supernode]) {
                let text = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
                std::fs::write(path, text)
                    .map_err(|source| ExpectedError::File { path: path.clone(), source })?;
            }
            for (from, to) in parts.iter().zip(paths) {
                std::fs::rename(from, to)
                    .map_err(|source| ExpectedError::File { path: to.clone(), source })?;
                renamed.push(to);
            }
            Ok(())
        };
        let written = write();
        if written.is_err() {
            for path in parts.iter().map(PathBuf::as_path).chain(renamed) {
                let _gone = std::fs::remove_file(path);
            }
        }
        written
    }
}

/// Where each part goes: the scenario, and beside it both profiles.
#[must_use]
pub fn paths(scenario: &Path) -> [PathBuf; 3] {
    [scenario.to_owned(), scenario.with_extension("client.json"), scenario.with_extension("supernode.json")]
}
