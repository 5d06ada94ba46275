//! Documented deviations of a daemon and version: violations that nobody needs to hear of again.
//!
//! ```json
//! { "format": 1, "daemon": "xl2tpd", "version": "1.3.18", "deviations": [
//!     { "requirement": "L2TP-2661-...", "role": "supernode", "clause": "RFC 2661 section ...", "why": "...",
//!       "saying": "part of the violation's text" } ] }
//! ```

use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::{Known, lenient};
use crate::error::ExpectedError;
use crate::rule::Violation;
use crate::rule::catalogue;
use crate::transcript::connection::Role;

/// A file of deviations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// The file.
    pub path: PathBuf,
    daemon: String,
    version: String,
    deviations: Vec<Deviation>,
}

/// One documented deviation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The requirement that is broken.
    #[serde(deserialize_with = "requirement")]
    pub requirement: String,
    /// Who breaks it.
    pub role: Who,
    /// Where the requirement stands.
    pub clause: String,
    /// Why the daemon does so, and what it means.
    pub why: String,
    /// Where that is written.
    pub link: Option<String>,
    /// What the violation's text contains; any text if this is left out.
    pub saying: Option<String>,
}

/// Whose violations are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The client's.
    Client,
    /// The supernode's.
    Supernode,
    /// Those of both.
    Any,
}

/// The file as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    #[serde(rename = "format", deserialize_with = "format_1")]
    #[schemars(schema_with = "schema_1")]
    _format: (),
    daemon: String,
    version: String,
    deviations: Vec<Deviation>,
}

/// The schema of files of deviations, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Written).to_value()
}

impl KnownFile {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or says something that is not understood; the error names line and column.
    pub fn load(path: &Path) -> Result<Self, ExpectedError> {
        let written: Written = lenient::read(path)?;
        Ok(Self::new(path, written))
    }

    fn new(path: &Path, written: Written) -> Self {
        let Written { daemon, version, deviations, .. } = written;
        Self { path: path.to_owned(), daemon, version, deviations }
    }

    /// The daemon, or the profile, that deviates.
    #[must_use]
    pub fn daemon(&self) -> &str {
        &self.daemon
    }

    /// The entry that documents a violation.
    #[must_use]
    pub fn find(&self, violation: &Violation) -> Option<Known> {
        let deviation = self.deviations.iter().find(|deviation| deviation.is(violation))?.clone();
        Some(Known { daemon: self.daemon.clone(), version: self.version.clone(), deviation })
    }

    /// The entries that documented none of `found`.
    pub fn unmatched<'a>(&'a self, found: &'a [Known]) -> impl Iterator<Item = &'a Deviation> {
        self.deviations.iter().filter(move |deviation| {
            !found.iter().any(|known| {
                known.daemon == self.daemon && known.version == self.version && known.deviation == **deviation
            })
        })
    }
}

impl Deviation {
    /// Whether it documents a violation. Of a link that does not say who sends, either end may be meant.
    fn is(&self, violation: &Violation) -> bool {
        let is_meant = match (self.role, violation.role) {
            (Who::Any, _) | (_, None) => true,
            (Who::Client, Some(role)) => role == Role::Client,
            (Who::Supernode, Some(role)) => role == Role::Supernode,
        };
        is_meant
            && self.requirement == violation.requirement
            && self.saying.as_ref().is_none_or(|saying| violation.text.contains(saying.as_str()))
    }
}

/// The format of this file, which is 1.
pub(crate) fn format_1<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u64::deserialize(deserializer)? {
        1 => Ok(()),
        other => Err(D::Error::custom(format!("format {other} is not known; this program reads format 1"))),
    }
}

/// The schema of a format's number.
pub(crate) fn schema_1(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "const": 1 })
}

fn requirement<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if catalogue::find(&id).is_some() {
        return Ok(id);
    }
    let nearest = catalogue::all().iter().min_by_key(|requirement| distance(&requirement.id, &id));
    let hint = nearest.map(|nearest| format!("; did you mean {}?", nearest.id)).unwrap_or_default();
    Err(D::Error::custom(format!("no requirement is called {id:?}{hint}")))
}

/// How many characters to insert, delete or change to make one word of another.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.bytes().enumerate() {
            let change = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<KnownFile, String> {
        let path = Path::new("known.json");
        lenient::parse(path, text)
            .map(|written| KnownFile::new(path, written))
            .map_err(|error| error.to_string())
    }

    fn file(deviation: &str) -> String {
        format!(
            "{{ \"format\": 1, \"daemon\": \"xl2tpd\", \"version\": \"1.3.18\", \"deviations\": [\n{deviation}] }}"
        )
    }

    fn violation(role: Option<Role>, text: &str) -> Violation {
        let text = text.to_owned();
        Violation { requirement: "ISAKMP-2408-2.4-a", role, frame: 1, text, connection: 0 }
    }

    const ENTRY: &str = r#"{ "requirement": "ISAKMP-2408-2.4-a", "role": "client", "clause": "c", "why": "w", "saying": "zero" }"#;

    #[test]
    fn an_entry_documents_its_requirement_role_and_text_and_nothing_else() {
        let known = load(&file(ENTRY)).expect("a good file");
        let is_known = |role, text| known.find(&violation(role, text)).is_some();
        assert!(is_known(Some(Role::Client), "sent zero; expected one"));
        assert!(is_known(None, "sent zero; expected one"));
        assert!(!is_known(Some(Role::Supernode), "sent zero; expected one"));
        assert!(!is_known(Some(Role::Client), "sent two; expected one"));
    }

    #[test]
    fn entries_that_document_nothing_are_named() {
        let known = load(&file(ENTRY)).expect("a good file");
        assert_eq!(known.unmatched(&[]).count(), 1);
        let found = known.find(&violation(None, "zero")).expect("documented");
        assert_eq!(known.unmatched(&[found]).count(), 0);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        let refused = |text: &str| load(text).expect_err("refused");
        let error = refused(&file(&ENTRY.replace("2.4-a", "2.4.a")));
        assert!(error.starts_with("known.json:2:"), "{error}");
        assert!(error.contains("did you mean ISAKMP-2408-2.4-a?"), "{error}");
        let error = refused(&file(&ENTRY.replace("client", "server")));
        assert!(error.contains("`client`, `supernode`, `any`"), "{error}");
        let error = refused(&file(&ENTRY.replace("\"why\"", "\"because\"")));
        assert!(error.contains("unknown field `because`"), "{error}");
        let error = refused(&file(ENTRY).replace("\"format\": 1", "\"format\": 2"));
        assert!(error.contains("format 2 is not known"), "{error}");
        let error = refused(&file(&ENTRY.replace("\"why\": \"w\"", "\"why\": \"w\", \"why\": \"v\"")));
        assert!(error.contains("duplicate field `why`"), "{error}");
        let error = refused("{ \"daemon\": \"x\" }");
        assert!(error.contains("missing field `format`"), "{error}");
    }

    #[test]
    fn the_distance_of_two_words_counts_the_changes() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
