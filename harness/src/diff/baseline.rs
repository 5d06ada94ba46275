//! Differences that somebody accepted, each with the reason.
//!
//! ```json
//! { "format": 1, "allowances": [
//!     { "field": "isakmp/main.2.chosen", "role": "supernode", "old": "...", "new": "...", "why": "..." } ] }
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::compare::Difference;
use crate::check::known::format_1;
use crate::check::lenient;
use crate::error::ExpectedError;

/// A difference that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Layer and field.
    pub field: String,
    /// Whose behaviour.
    pub role: String,
    /// What the old recording says; `null` where it is absent.
    pub old: Option<String>,
    /// What the new one says.
    pub new: Option<String>,
    /// Why that is well.
    pub why: String,
}

/// A file of allowances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The file.
    pub path: PathBuf,
    /// What is accepted.
    pub allowances: Vec<Allowance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "format", deserialize_with = "format_1")]
    _format: (),
    allowances: Vec<Allowance>,
}

#[derive(Serialize)]
struct Writing<'a> {
    format: u32,
    allowances: &'a [Allowance],
}

impl Baseline {
    /// Reads a file; one that is not there accepts nothing.
    ///
    /// # Errors
    /// A file that cannot be read, or says something that is not understood; the error names line and column.
    pub fn load(path: &Path) -> Result<Self, ExpectedError> {
        if !path.exists() {
            return Ok(Self { path: path.to_owned(), allowances: Vec::new() });
        }
        let written: Written = lenient::read(path)?;
        Ok(Self { path: path.to_owned(), allowances: written.allowances })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self) -> Result<(), ExpectedError> {
        let failed = |source| ExpectedError::File { path: self.path.clone(), source };
        let writing = Writing { format: 1, allowances: &self.allowances };
        let mut text = serde_json::to_string_pretty(&writing).map_err(|error| failed(error.into()))?;
        text.push('\n');
        std::fs::write(&self.path, text).map_err(failed)
    }

    /// Which allowance accepts a difference.
    #[must_use]
    pub fn find(&self, difference: &Difference) -> Option<&Allowance> {
        self.allowances.iter().find(|allowance| allowance.is(difference))
    }

    /// Accepts differences.
    pub fn accept<'a>(&mut self, differences: impl Iterator<Item = &'a Difference>, why: &str) {
        for difference in differences {
            let allowance = Allowance {
                field: difference.name(),
                role: difference.role.word().to_owned(),
                old: difference.old_text(),
                new: difference.new_text(),
                why: why.to_owned(),
            };
            self.allowances.retain(|other| !other.is(difference));
            self.allowances.push(allowance);
        }
    }
}

impl Allowance {
    /// Whether it is about a difference.
    #[must_use]
    pub fn is(&self, difference: &Difference) -> bool {
        self.field == difference.name()
            && self.role == difference.role.word()
            && self.old == difference.old_text()
            && self.new == difference.new_text()
    }
}
