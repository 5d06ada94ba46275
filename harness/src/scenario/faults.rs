//! Faults: named deviations of the reference, which prove that a case can fail.
//!
//! ```json
//! { "format": 1, "faults": [
//!     { "id": "no-zlb", "title": "acknowledges nothing", "of": "supernode", "breaks": ["L2TP-2661-5.8-b"],
//!       "message": "l2tp.ZLB", "drop": true } ] }
//! ```

use std::path::Path;

use super::fields::{self, Fields};
use super::mutation::Mutation;
use super::parse::role;
use super::source::{self, Problem, Problems};
use super::step;
use super::vocabulary::Selector;
use crate::error::ExpectedError;
use crate::rule::catalogue;
use crate::transcript::connection::Role;

/// A fault of one end.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its name.
    pub id: String,
    /// What the end does wrong.
    pub title: String,
    /// Which end.
    pub of: Role,
    /// What it breaks.
    pub breaks: Vec<String>,
    /// In which messages.
    pub message: Selector,
    /// How they are changed; nothing of them is sent if that is empty.
    pub mutate: Vec<Mutation>,
}

/// The faults of a directory of scenarios.
///
/// # Errors
/// A file that cannot be read or is not understood.
pub fn load(scenarios: &Path) -> Result<Vec<Fault>, ExpectedError> {
    let path = scenarios.join("faults.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|source| ExpectedError::File { path: path.clone(), source })?;
    parse(&path, &text).map_err(|problems| ExpectedError::Scenario(problems.to_string()))
}

fn parse(path: &Path, text: &str) -> Result<Vec<Fault>, Problems> {
    let root = source::parse(path, text)?;
    let mut problems = Vec::new();
    let faults = read(&root, &mut problems).unwrap_or_default();
    if problems.is_empty() { Ok(faults) } else { Err(Problems::new(path, text, problems)) }
}

fn read(root: &source::Node, problems: &mut Vec<Problem>) -> Option<Vec<Fault>> {
    let mut f = Fields::new(root, problems)?;
    f.get("$schema");
    f.need("format", problems);
    let list = f.need("faults", problems)?;
    f.finish("key", problems);
    let mut faults: Vec<Fault> = Vec::new();
    for item in fields::list(list, problems) {
        let Some(fault) = read_fault(item, problems) else { continue };
        if faults.iter().any(|other| other.id == fault.id) {
            problems.push(Problem::new(item.span.clone(), format!("a second fault `{}`", fault.id)));
        }
        faults.push(fault);
    }
    Some(faults)
}

fn read_fault(node: &source::Node, problems: &mut Vec<Problem>) -> Option<Fault> {
    let mut f = Fields::new(node, problems)?;
    let id = f.need("id", problems).and_then(|node| fields::text(node, problems));
    let title = f.need("title", problems).and_then(|node| fields::text(node, problems));
    let of = f.need("of", problems).and_then(|node| role(node, problems));
    let message = f.need("message", problems).and_then(|node| step::selector(node, problems));
    let mut breaks = Vec::new();
    if let Some(node) = f.need("breaks", problems) {
        for item in fields::list(node, problems) {
            let Some(id) = fields::text(item, problems) else { continue };
            if catalogue::find(&id).is_none() {
                let all = catalogue::all().iter().map(|requirement| &requirement.id[..]);
                problems.push(Problem::unknown(item.span.clone(), "requirement", &id, all));
            }
            breaks.push(id);
        }
    }
    let drops = f.get("drop").and_then(|node| fields::flag(node, problems)).unwrap_or(false);
    let layer = message.as_ref().map(|message| message.layer().to_owned()).unwrap_or_default();
    let mutate: Vec<Mutation> = match f.get("mutate") {
        Some(node) => {
            let items = fields::list(node, problems).iter();
            items.filter_map(|item| step::mutation(item, &layer, problems)).collect()
        }
        None => Vec::new(),
    };
    if drops != mutate.is_empty() {
        problems.push(
            Problem::new(f.span(), "a fault drops its messages or changes them")
                .help("\"drop\": true, or \"mutate\": [..]"),
        );
    }
    f.finish("key", problems);
    Some(Fault { id: id?, title: title?, of: of?, breaks, message: message?, mutate })
}
