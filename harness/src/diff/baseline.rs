//! Differences that were looked at and allowed, each with its reason.
//!
//! ```json
//! { "format": 1, "allowances": [
//!     { "field": "l2tp/sccrp.host_name", "role": "supernode", "old": "\"sn1\"", "new": "\"sn1b\"",
//!       "why": "the machine was replaced" } ] }
//! ```
//!
//! `null` stands for what is absent.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::compare::{Compared, Difference};
use crate::check::known::{distance, format_1};
use crate::check::lenient;
use crate::error::ExpectedError;
use crate::scenario::suite::fits;

/// A file of allowances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What is allowed.
    pub allowances: Vec<Allowance>,
    path: PathBuf,
}

/// One difference that is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Layer and field as the report names them, as in `l2tp/sccrp.host_name`.
    pub field: String,
    /// Whose behaviour it is.
    pub role: String,
    /// What was so before.
    #[serde(deserialize_with = "Option::deserialize")]
    pub old: Option<String>,
    /// What is so now.
    #[serde(deserialize_with = "Option::deserialize")]
    pub new: Option<String>,
    /// Why it is allowed.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    #[serde(rename = "format", deserialize_with = "format_1")]
    _format: (),
    allowances: Vec<Allowance>,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    allowances: &'a [Allowance],
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or says something that is not understood; the error names line and column.
    pub fn load(path: &Path) -> Result<Self, ExpectedError> {
        let Read { allowances, .. } = lenient::read(path)?;
        Ok(Self { allowances, path: path.to_owned() })
    }

    /// Reads a file to which allowances are to be added; one that does not exist allows nothing yet.
    ///
    /// # Errors
    /// As [`Baseline::load`].
    pub fn load_or_begin(path: &Path) -> Result<Self, ExpectedError> {
        if path.exists() { Self::load(path) } else { Ok(Self { path: path.to_owned(), ..Self::default() }) }
    }

    /// Allows what differs in a field: `layer/field`, `field`, or a pattern with `*`.
    ///
    /// # Errors
    /// A field in which nothing differs.
    pub fn accept(
        &mut self,
        field: &str,
        why: &str,
        differences: &[&Difference],
    ) -> Result<(), ExpectedError> {
        let is_named =
            |difference: &&&Difference| fits(field, &difference.name()) || fits(field, &difference.field);
        let mut is_any = false;
        for difference in differences.iter().filter(is_named) {
            is_any = true;
            self.allowances.retain(|allowance| !allowance.is_about(difference));
            self.allowances.push(Allowance {
                field: difference.name(),
                role: difference.role.word().to_owned(),
                old: difference.old_text(),
                new: difference.new_text(),
                why: why.to_owned(),
            });
        }
        if is_any {
            return Ok(());
        }
        let nearest =
            differences.iter().map(|difference| difference.name()).min_by_key(|name| distance(name, field));
        let hint = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "nothing differs at all".to_owned(),
        };
        Err(ExpectedError::Usage(format!("nothing differs in `{field}`\nhint: {hint}")))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self) -> Result<(), ExpectedError> {
        let written = Written { format: 1, allowances: &self.allowances };
        let failed = |source| ExpectedError::File { path: self.path.clone(), source };
        let text = serde_json::to_string_pretty(&written).map_err(|error| failed(error.into()))?;
        std::fs::write(&self.path, text + "\n").map_err(failed)
    }

    /// Why a difference is allowed, if it is.
    #[must_use]
    pub fn why(&self, difference: &Difference) -> Option<&str> {
        self.allowances
            .iter()
            .find(|allowance| allowance.allows(difference))
            .map(|allowance| allowance.why.as_str())
    }

    /// The allowances that nothing needs any more. Where keys are missing to tell, none is.
    pub fn stale<'a>(&'a self, compared: &'a [&'a Compared]) -> impl Iterator<Item = &'a Allowance> {
        self.allowances.iter().filter(|allowance| {
            let is_used =
                |it: &&&Compared| it.differences.iter().any(|difference| allowance.allows(difference));
            let is_hidden = |it: &&&Compared| is_hidden(&allowance.field, it);
            !compared.iter().any(|it| is_used(&it) || is_hidden(&it))
        })
    }
}

/// Whether keys are missing to tell of a field.
fn is_hidden(field: &str, compared: &Compared) -> bool {
    let layer = field.split('/').next().unwrap_or(field);
    match layer {
        "esp" | "udpencap" => false,
        "isakmp" | "l2tp" => compared.hidden.contains(layer),
        _ => !compared.hidden.is_empty(),
    }
}

impl Allowance {
    fn is_about(&self, difference: &Difference) -> bool {
        self.field == difference.name() && self.role == difference.role.word()
    }

    fn allows(&self, difference: &Difference) -> bool {
        self.is_about(difference) && self.old == difference.old_text() && self.new == difference.new_text()
    }
}
