//! Subjects: data files that say which packages a daemon is made of, how it is configured, started and told what to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use schemars::JsonSchema;
use serde::Deserialize;

use super::LabError;
use super::guest::{Guest, Machine, Said};
use crate::check::known::{distance, schema_1};
use crate::check::lenient;
use crate::error::ExpectedError;
use crate::scenario::abroad::{Abroad, Setting};
use crate::scenario::hosted::{Hosted, versions};
use crate::transcript::connection::Role;

/// How long a step of a subject may take.
const STEP: Duration = Duration::from_secs(40);

/// The file of a subject.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectFile {
    /// The schema that editors complete it by.
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    /// The version of the format: 1.
    #[schemars(schema_with = "schema_1")]
    pub format: u32,
    /// Its name: that of the file.
    #[serde(skip)]
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// The role that it plays.
    pub role: SubjectRole,
    /// The profile that describes it.
    pub profile: String,
    /// Whether it does without IPsec.
    #[serde(default)]
    pub in_clear: bool,
    /// Debian's packages that it is made of.
    pub packages: Vec<String>,
    /// The memory of its guest, in MiB.
    #[serde(default = "memory")]
    pub memory: u32,
    /// Its files, by path.
    pub files: BTreeMap<String, Lines>,
    /// What is run, by what it is for: `start`, `ready` and `stop`, and whatever else it can be told to do.
    pub scripts: BTreeMap<String, Lines>,
    /// The cases that it cannot play, by patterns of their ids or names, and why.
    #[serde(default)]
    pub unsupported: BTreeMap<String, String>,
    /// The profiles of which it agrees to no proposal, and why: it plays their cases only where they offer something
    /// else or where the refusal is what the case is about.
    #[serde(default)]
    pub disagrees: BTreeMap<String, String>,
}

const fn memory() -> u32 {
    384
}

/// Which end it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubjectRole {
    /// The end that dials.
    Client,
    /// The end that is dialled.
    Supernode,
}

impl From<SubjectRole> for Role {
    fn from(role: SubjectRole) -> Self {
        match role {
            SubjectRole::Client => Self::Client,
            SubjectRole::Supernode => Self::Supernode,
        }
    }
}

/// A text, a line an entry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Lines(Vec<String>);

/// A subject that is another one but for what it says: a server after an upgrade, or with another line in its configuration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedFile {
    /// The schema that editors complete it by.
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    /// The version of the format: 1.
    #[schemars(schema_with = "schema_1")]
    pub format: u32,
    /// The subject that it is like.
    pub extends: String,
    /// What it is, in a line.
    pub title: String,
    /// The profile that describes it, where that of the other does not.
    #[serde(default)]
    pub profile: Option<String>,
    /// Packages beside those of the other.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Packages of the other that it does without.
    #[serde(default)]
    pub without: Vec<String>,
    /// Files that stand in for the other's or beside them.
    #[serde(default)]
    pub files: BTreeMap<String, Lines>,
    /// Lines of the other's files and what stands in their place, by the file.
    #[serde(default)]
    pub edits: BTreeMap<String, Vec<Edit>>,
    /// Scripts that stand in for the other's or beside them.
    #[serde(default)]
    pub scripts: BTreeMap<String, Lines>,
    /// Cases that it cannot play beside those that the other cannot.
    #[serde(default)]
    pub unsupported: BTreeMap<String, String>,
}

/// A line that is another one now.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The line as the file has it, without the blanks around it. It stands there once.
    pub line: String,
    /// What stands in its place: nothing, or lines.
    pub becomes: Lines,
}

/// What both kinds of file have, to tell them apart by.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    extends: Option<serde_json::Value>,
}

/// How many subjects may extend each other in a row.
const GENERATIONS: u32 = 8;

/// The scripts that every subject has.
const NEEDED: [&str; 3] = ["start", "ready", "stop"];

impl SubjectFile {
    /// Reads one. Whom it extends is looked for in a folder.
    ///
    /// # Errors
    /// What cannot be read or is not understood, and where.
    pub fn load(path: &Path, folder: &Path) -> Result<Self, ExpectedError> {
        Self::load_within(path, folder, GENERATIONS)
    }

    /// Reads one that may stand at the end of so many that extend each other.
    fn load_within(path: &Path, folder: &Path, generations: u32) -> Result<Self, ExpectedError> {
        let wrong =
            |problem: String| ExpectedError::Json { path: path.to_owned(), line: 1, column: 1, problem };
        let head: Head = lenient::read(path)?;
        let mut file: Self = match head.extends {
            None => lenient::read(path)?,
            Some(_) => {
                let derived: DerivedFile = lenient::read(path)?;
                let base = folder.join(&derived.extends).with_extension("json");
                if !base.is_file() {
                    let (name, folder) = (&derived.extends, folder.display());
                    return Err(wrong(format!(
                        "it extends `{name}`, and {folder} has no subject of that name"
                    )));
                }
                let Some(generations) = generations.checked_sub(1) else {
                    return Err(wrong(format!(
                        "it extends `{}`, which comes back to it or extends others {GENERATIONS} times",
                        derived.extends
                    )));
                };
                Self::load_within(&base, folder, generations)?.derive(derived).map_err(wrong)?
            }
        };
        file.name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if file.format != 1 {
            return Err(wrong(format!("format {} is not known here, but 1 is", file.format)));
        }
        if let Some(name) = NEEDED.iter().find(|name| !file.scripts.contains_key(**name)) {
            return Err(wrong(format!("it has no script `{name}`")));
        }
        Ok(file)
    }

    /// What becomes of it by what another says.
    ///
    /// # Errors
    /// What the other takes to be there and is not.
    pub fn derive(mut self, derived: DerivedFile) -> Result<Self, String> {
        self.format = derived.format;
        self.title = derived.title;
        self.profile = derived.profile.unwrap_or(self.profile);
        for name in &derived.without {
            let at = self.packages.iter().position(|package| package == name);
            self.packages
                .remove(at.ok_or_else(|| format!("`{}` has no package `{name}` to do without", self.name))?);
        }
        self.packages.extend(derived.packages);
        self.files.extend(derived.files);
        self.scripts.extend(derived.scripts);
        self.unsupported.extend(derived.unsupported);
        for (path, edits) in derived.edits {
            let of = &self.name;
            let lines =
                &mut self.files.get_mut(&path).ok_or_else(|| format!("`{of}` has no file {path} to edit"))?.0;
            for Edit { line, becomes } in edits {
                let mut found = (0..lines.len()).filter(|at| lines[*at].trim() == line.trim());
                let at = match (found.next(), found.next()) {
                    (Some(at), None) => at,
                    (Some(_), Some(_)) => {
                        return Err(format!("{path} of `{of}` has the line `{line}` more than once"));
                    }
                    (None, _) => {
                        let nearest = lines.iter().min_by_key(|other| distance(other.trim(), line.trim()));
                        let nearest = nearest.map(|line| format!("; the nearest is `{}`", line.trim()));
                        return Err(format!(
                            "{path} of `{of}` has no line `{line}`{}",
                            nearest.unwrap_or_default()
                        ));
                    }
                };
                lines.splice(at..=at, becomes.0);
            }
        }
        Ok(self)
    }
}

/// The schema of subjects, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut generator = schemars::SchemaGenerator::default();
    let either = [generator.subschema_for::<SubjectFile>(), generator.subschema_for::<DerivedFile>()];
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a subject of l2tpspec: whole, or another one with changes",
        "anyOf": either,
        "$defs": generator.take_definitions(true),
    })
}

/// Every subject of a directory of scenarios.
///
/// # Errors
/// One that cannot be read.
pub fn subjects(scenarios: &Path) -> Result<Vec<(PathBuf, SubjectFile)>, ExpectedError> {
    let mut found = Vec::new();
    let folder = scenarios.join("subjects");
    for path in crate::profile::json_files(&folder)? {
        let file = SubjectFile::load(&path, &folder)?;
        found.push((path, file));
    }
    Ok(found)
}

/// A subject in its guest.
#[derive(Debug)]
pub struct Subject {
    file: SubjectFile,
    guest: Guest,
    resets: u32,
    resetting: Duration,
}

impl Subject {
    /// Boots it.
    ///
    /// # Errors
    /// What is missing, or does not come up.
    pub fn boot(file: SubjectFile, agent: &Path) -> Result<Self, LabError> {
        let packages: Vec<&str> = file.packages.iter().map(String::as_str).collect();
        let machine = Machine { packages: &packages, memory: file.memory, agent, hosting: None };
        let guest = Guest::boot(&machine)?;
        Ok(Self { file, guest, resets: 0, resetting: Duration::ZERO })
    }

    /// Gets what it is made of, so that it can be booted where there is no network.
    ///
    /// # Errors
    /// What is missing on this machine, or cannot be downloaded.
    pub fn fetch(file: &SubjectFile) -> Result<(), LabError> {
        let packages: Vec<&str> = file.packages.iter().map(String::as_str).collect();
        super::guest::fetch(&packages)
    }

    /// Its file.
    #[must_use]
    pub const fn file(&self) -> &SubjectFile {
        &self.file
    }

    /// Lets it be another one that is made of the same packages, from the next case on.
    ///
    /// # Errors
    /// The packages that only one of them has.
    pub fn become_another(&mut self, file: SubjectFile) -> Result<(), String> {
        let only = |of: &SubjectFile, other: &SubjectFile| {
            of.packages.iter().filter(|name| !other.packages.contains(name)).cloned().collect::<Vec<_>>()
        };
        let different = [only(&self.file, &file), only(&file, &self.file)].concat();
        if !different.is_empty() {
            let (name, packages) = (&file.name, different.join(", "));
            return Err(format!("{name} takes a guest of its own: {packages} is not in both"));
        }
        self.file = file;
        Ok(())
    }

    /// Its guest.
    pub const fn guest(&mut self) -> &mut Guest {
        &mut self.guest
    }

    /// The versions of what it is made of, in a line.
    #[must_use]
    pub fn versions(&self) -> String {
        versions(&self.guest.versions)
    }

    /// What it is made of and what it has taken so far.
    #[must_use]
    pub fn hosted(&self) -> Hosted {
        Hosted {
            subject: format!("lab:{}", self.file.name),
            versions: self.guest.versions.clone(),
            boot: self.guest.boot,
            resets: self.resets,
            resetting: self.resetting,
        }
    }

    fn script(&self, name: &str, setting: &Setting) -> Result<Option<String>, String> {
        self.file.scripts.get(name).map(|lines| rendered(name, lines, setting)).transpose()
    }

    fn prepared(&mut self, setting: &Setting) -> Result<(), String> {
        let told = |error: LabError| error.to_string();
        let script = |name: &str| self.script(name, setting).map(Option::unwrap_or_default);
        let (stop, start, ready) = (script("stop")?, script("start")?, script("ready")?);
        let mut files = Vec::new();
        for (path, lines) in &self.file.files {
            files.push((path.clone(), rendered(path, lines, setting)?));
        }
        self.guest.run(&stop, STEP).map_err(told)?;
        for (path, text) in files {
            let mode = if text.starts_with("#!") { 0o700 } else { 0o600 };
            self.guest.write(&path, &text, mode).map_err(told)?;
        }
        self.guest.do_step("the network", &network(setting), STEP).map_err(told)?;
        self.guest.do_step("start", &start, STEP).map_err(told)?;
        let until = Instant::now() + STEP;
        loop {
            let Said { status, said } = self.guest.run(&ready, STEP).map_err(told)?;
            match status {
                Some(0) => return Ok(()),
                _ if Instant::now() < until => std::thread::sleep(Duration::from_millis(100)),
                _ => {
                    return Err(format!(
                        "{} is not ready after {} s: {said}",
                        self.file.name,
                        STEP.as_secs()
                    ));
                }
            }
        }
    }
}

impl Abroad for Subject {
    fn role(&self) -> Role {
        self.file.role.into()
    }

    fn profile(&self) -> &str {
        &self.file.profile
    }

    fn unsupported(&self, case: &str) -> Option<String> {
        let found =
            self.file.unsupported.iter().find(|(pattern, _)| crate::scenario::suite::fits(pattern, case));
        found.map(|(_, why)| why.clone())
    }

    fn disagrees(&self, profile: &str) -> Option<String> {
        self.file.disagrees.get(profile).cloned()
    }

    fn is_in_clear(&self) -> bool {
        self.file.in_clear
    }

    fn prepare(&mut self, setting: &Setting) -> Result<(), String> {
        let started = Instant::now();
        self.prepared(setting)?;
        self.resets += 1;
        self.resetting += started.elapsed();
        // What the case before has left on the way is not this one's.
        while self.receive().is_some() {}
        Ok(())
    }

    fn send(&mut self, datagram: &[u8]) {
        self.guest.card.send(datagram);
    }

    fn receive(&mut self) -> Option<&[u8]> {
        self.guest.card.receive()
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        Some(self.guest.card.readiness())
    }

    fn begin(&mut self, action: &str, setting: &Setting) -> Result<bool, String> {
        let Some(script) = self.script(action, setting)? else { return Ok(false) };
        self.guest.begin(&script, STEP).map_err(|error| error.to_string())?;
        Ok(true)
    }

    fn shell(&mut self, script: &str) -> Result<(), String> {
        self.guest.begin(script, STEP).map_err(|error| error.to_string())
    }

    fn ended(&mut self) -> Result<Option<Result<String, String>>, String> {
        let ended = self.guest.ended().map_err(|error| error.to_string())?;
        Ok(ended.map(|Said { status, said }| match status {
            Some(0) => Ok(said),
            Some(status) => Err(format!("status {status}: {}", said.trim_end())),
            None => Err(format!("it did not end in time: {}", said.trim_end())),
        }))
    }
}

fn rendered(name: &str, lines: &Lines, setting: &Setting) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    let syntax = syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    let mut text = lines.0.join("\n");
    text.push('\n');
    environment.render_str(&text, Serde(setting)).map_err(|error| format!("{name}: {error:#}"))
}

/// Gives the guest its addresses and routes. Every neighbour answers for every address.
fn network(setting: &Setting) -> String {
    let mut script =
        "set -e\nip link set eth0 up\nip route flush dev eth0\nip addr flush dev eth0\n".to_owned();
    for (address, length) in &setting.addresses {
        let _ = writeln!(script, "ip addr add {address}/{length} dev eth0");
    }
    for (prefix, length) in &setting.routes {
        let _ = writeln!(script, "ip route replace {prefix}/{length} dev eth0");
    }
    script.push_str("echo 1 > /proc/sys/net/ipv4/ip_forward\n");
    script
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/subjects")
    }

    fn derived(more: &Value) -> Result<SubjectFile, String> {
        let base = SubjectFile::load(&folder().join("strongswan-xl2tpd.json"), &folder()).unwrap();
        let mut file = json!({ "format": 1, "extends": "strongswan-xl2tpd", "title": "another" });
        for (key, value) in more.as_object().unwrap() {
            file[key] = value.clone();
        }
        base.derive(serde_json::from_value(file).unwrap())
    }

    #[test]
    fn a_line_becomes_others_and_the_rest_stays() {
        let edit = json!({ "line": "length bit = yes", "becomes": ["length bit = no", "flow bit = yes"] });
        let file = derived(&json!({ "edits": { "/etc/xl2tpd/xl2tpd.conf": [edit] } })).unwrap();
        let lines = &file.files["/etc/xl2tpd/xl2tpd.conf"].0;
        assert!(lines.windows(2).any(|pair| pair == ["length bit = no", "flow bit = yes"]));
        assert!(!lines.iter().any(|line| line == "length bit = yes"));
        assert_eq!((file.title.as_str(), file.profile.as_str()), ("another", "strongswan-xl2tpd"));
        assert!(file.scripts.contains_key("start"));
    }

    #[test]
    fn what_is_not_there_cannot_be_changed() {
        let edit = |path: &str, line: &str| {
            derived(&json!({ "edits": { path: [{ "line": line, "becomes": [] }] } })).unwrap_err()
        };
        let said = edit("/etc/xl2tpd/xl2tpd.conf", "lenght bit = yes");
        assert!(said.contains("has no line `lenght bit = yes`; the nearest is `length bit = yes`"), "{said}");
        let said = edit("/etc/swanctl/conf.d/l2tp.conf", "}");
        assert!(said.contains("has the line `}` more than once"), "{said}");
        assert!(edit("/etc/there-is-none", "x").contains("has no file /etc/there-is-none"));
        let said = derived(&json!({ "without": ["libreswan"] })).unwrap_err();
        assert!(said.contains("has no package `libreswan`"), "{said}");
    }

    #[test]
    fn those_that_extend_each_other_for_ever_are_refused() {
        let place = std::env::temp_dir().join(format!("l2tpspec-subjects-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        for (name, other) in [("a", "b"), ("b", "a")] {
            let text = json!({ "format": 1, "extends": other, "title": name }).to_string();
            std::fs::write(place.join(name).with_extension("json"), text).unwrap();
        }
        let said = SubjectFile::load(&place.join("a.json"), &place).unwrap_err().to_string();
        std::fs::remove_dir_all(&place).unwrap();
        assert!(said.contains("comes back to it"), "{said}");
        let lost = std::env::temp_dir().join(format!("l2tpspec-lost-{}.json", std::process::id()));
        std::fs::write(&lost, json!({ "format": 1, "extends": "nobody", "title": "x" }).to_string()).unwrap();
        let said = SubjectFile::load(&lost, &folder()).unwrap_err().to_string();
        std::fs::remove_file(&lost).unwrap();
        assert!(said.contains("has no subject of that name"), "{said}");
    }
}
