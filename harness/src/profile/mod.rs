//! Profiles: data files that make the reference behave as one device or one server. Every fact in them says how well
//! it is known and where from.

mod convert;
mod fact;
mod ike;
mod l2tp;
mod network;
mod ppp;
#[cfg(test)]
mod tests;
mod word;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub use fact::{Confidence, Counts, Fact, Listed};
pub use ike::{AnswerForm, DeadPeerDetection, Identity, Ike, Nat, Phase1, Phase2, Rekey};
pub use l2tp::{Avp, Data, L2tp, Messages, Part, VendorAvp};
pub use network::{Network, NetworkType, Ospf, Pool, SecretText, Service};
pub use ppp::{Authentication, CcpOption, Echo, IpcpOption, LcpOption, Method, Ppp, Refusal};
pub use word::{
    EspSuite, IkeSuite, Named, Octets, Span, Word, esp_suite_text, ike_suite_text, values, vendor_id_text,
    word_of,
};

use crate::check::known::{format_1, schema_1};
use crate::check::lenient;
use crate::error::ExpectedError;

/// Which end a profile describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A device that dials in: IKE initiator, LAC, PPP peer.
    Client,
    /// A server: IKE responder, LNS, PPP authenticator.
    Supernode,
}

/// A device or a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name: that of its file.
    pub name: String,
    /// Which end it is.
    pub role: Role,
    /// What people call it.
    pub title: String,
    /// IKE.
    pub ike: Ike,
    /// L2TP.
    pub l2tp: L2tp,
    /// PPP.
    pub ppp: Ppp,
    /// Addresses, routes, sizes.
    pub network: Network,
    /// OSPF, if it speaks it.
    pub ospf: Option<Ospf>,
    /// What a supernode offers to those who dial in.
    pub service: Option<Service>,
    /// Every fact without its value, to be listed.
    pub facts: Vec<Listed>,
}

/// A profile as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    #[serde(rename = "format", deserialize_with = "format_1")]
    #[schemars(schema_with = "schema_1")]
    _format: (),
    role: Role,
    title: String,
    ike: Ike,
    l2tp: L2tp,
    ppp: Ppp,
    network: Network,
    ospf: Option<Ospf>,
    service: Option<Service>,
}

impl Profile {
    /// Reads a profile; its name is that of the file.
    ///
    /// # Errors
    /// A file that cannot be read, or says something that is not understood; the error names line and column.
    pub fn load(path: &Path) -> Result<Self, ExpectedError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ExpectedError::File { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a profile.
    ///
    /// # Errors
    /// Something that is not understood; the error names line and column.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ExpectedError> {
        let written: Written = lenient::parse(path, text).map_err(suggested)?;
        let value: Value = lenient::parse(path, text)?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let Written { role, title, ike, l2tp, ppp, network, ospf, service, .. } = written;
        let facts = fact::listed(&value);
        let name = name.unwrap_or_default();
        Ok(Self { name, role, title, ike, l2tp, ppp, network, ospf, service, facts })
    }

    /// Reads every profile of a directory of scenarios, clients before supernodes, each by name.
    ///
    /// # Errors
    /// A directory or file that cannot be read, or a file that is not understood.
    pub fn load_all(scenarios: &Path) -> Result<Vec<Self>, ExpectedError> {
        let mut profiles = Vec::new();
        for directory in ["clients", "supernodes"] {
            for path in json_files(&scenarios.join(directory))? {
                profiles.push(Self::load(&path)?);
            }
        }
        Ok(profiles)
    }

    /// How many of its facts are known how well.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(&self.facts)
    }
}

/// The schema of profiles, for editors.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(Written).to_value()
}

/// The JSON files of a directory, by name.
pub(crate) fn json_files(directory: &Path) -> Result<Vec<PathBuf>, ExpectedError> {
    let read = || {
        let entries = std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
        Ok(entries.into_iter().map(|entry| entry.path()))
    };
    let paths = read().map_err(|source| ExpectedError::File { path: directory.to_owned(), source })?;
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    paths.sort();
    Ok(paths)
}

/// An error about a name, with the name that was probably meant.
fn suggested(error: ExpectedError) -> ExpectedError {
    let ExpectedError::Json { path, line, column, problem } = error else { return error };
    let suggestion = match problem.strip_prefix("unknown ") {
        None => None,
        Some(rest) => {
            let mut names = rest.split('`').skip(1).step_by(2);
            names.next().map(|unknown| word::suggestion(unknown, &names.collect::<Vec<_>>()))
        }
    };
    let problem = problem + &suggestion.unwrap_or_default();
    ExpectedError::Json { path, line, column, problem }
}
