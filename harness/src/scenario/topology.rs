//! Topologies: data files that say what lies between the ends.
//!
//! ```json
//! { "format": 1, "title": "...", "nat": { "ports": "kept", "udp": "30s", "passes_esp": false } }
//! ```

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::known::{format_1, schema_1};
use crate::check::lenient;
use crate::error::ExpectedError;
use crate::profile::{Named, Span, Word, json_files};
use crate::world::nat::{NatConfig, Outside, PortPolicy};

/// The topology of a scenario that names none.
pub const DIRECT: &str = "direct";

/// The ports that a translator gives.
const GIVEN: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// What lies between the ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Its name: that of its file.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// The translator before the clients, if there is one.
    pub nat: Option<Translator>,
}

/// A translator of addresses and ports.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Translator {
    /// What becomes of the ports of those inside.
    pub ports: Named<Ports>,
    /// After how long without a packet a mapping of UDP is forgotten.
    pub udp: Span,
    /// Whether ESP without UDP goes through.
    pub passes_esp: bool,
}

/// What becomes of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// They stay where they are free.
    Kept,
    /// Each flow gets another one.
    Changed,
}

impl Word for Ports {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("kept", Self::Kept), ("changed", Self::Changed)]
    }
}

impl Translator {
    /// How the translator of the world works that has this interface outside.
    #[must_use]
    pub fn config(&self, outside: Outside) -> NatConfig {
        let mut config = NatConfig::new(outside);
        config.ports = match self.ports.0 {
            Ports::Kept => PortPolicy::Preserve(GIVEN),
            Ports::Changed => PortPolicy::FromRange(GIVEN),
        };
        config.time_outs.udp = self.udp.0;
        config.passes_esp = self.passes_esp;
        config
    }
}

/// A topology as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    #[serde(rename = "format", deserialize_with = "format_1")]
    #[schemars(schema_with = "schema_1")]
    _format: (),
    /// What it is, in a line.
    title: String,
    /// The translator before the clients, if there is one.
    #[serde(deserialize_with = "Option::deserialize")]
    nat: Option<Translator>,
}

/// The schema of topologies, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Written).to_value()
}

/// Reads every topology of a directory of scenarios, by name.
///
/// # Errors
/// A directory or file that cannot be read, or a file that is not understood.
pub fn load_all(scenarios: &Path) -> Result<Vec<Topology>, ExpectedError> {
    let mut all = Vec::new();
    for path in json_files(&scenarios.join("topologies"))? {
        let Written { title, nat, .. } = lenient::read(&path)?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        all.push(Topology { name: name.unwrap_or_default(), title, nat });
    }
    Ok(all)
}
