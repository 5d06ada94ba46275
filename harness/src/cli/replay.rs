//! `l2tpspec replay` and `regress`: recorded clients dial a subject again, recorded supernodes are dialled by one, and what the
//! subject does is compared with what was recorded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::diff::Report;
use super::progress::Progress;
use super::run::{lab_subject, load, root};
use super::{args, keys, live};
use crate::diff::{self, Side};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::lab;
use crate::lift::{self, Lifted, Request};
use crate::profile::{Profile, Role as ProfileRole};
use crate::scenario::away::Away;
use crate::scenario::hosted::Hosted;
use crate::scenario::play::{Options, play, play_with};
use crate::scenario::report::Junit;
use crate::scenario::suite::Suite;
use crate::scenario::verdict::{Played, Verdict};
use crate::transcript::connection::Role;

/// The supernode that the reference plays as a subject unless another is named.
const SUPERNODE: &str = "strongswan-xl2tpd";
/// How long a live connection is kept at least and at most.
const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(120);

pub(super) fn replay(args: &args::Replay) -> Result<u8, ExpectedError> {
    let captures = keys::captures(&args.capture)?;
    let [capture] = captures.as_slice() else {
        return Err(ExpectedError::Usage(format!(
            "{} holds {} recordings\nhint: name one of them, or `l2tpspec regress {0}` replays all",
            args.capture.display(),
            captures.len()
        )));
    };
    let mut replayer = Replayer::new(&args.against)?;
    let comparison = args.against.comparison(capture, None);
    let mut report = Report::of_one_end(&comparison, replayer.role, false, None)?;
    match replayer.reenact(capture, args.connection)? {
        Outcome::Played { sides, note } => {
            let [old, new] = &*sides;
            let said = report.said("", [old, new], note.as_deref());
            report.keep(&[], said)?;
            report.is_about(replayer.hosted());
            report.finish(&[])
        }
        Outcome::Blocked(why) => {
            eprintln!("blocked: {why}");
            Ok(exit_code::NOTHING_JUDGED)
        }
    }
}

pub(super) fn regress(args: &args::Regress) -> Result<u8, ExpectedError> {
    let captures = folder(&args.captures)?;
    let mut replayer = Replayer::new(&args.against)?;
    let comparison = args.against.comparison(&args.captures, args.resume.clone());
    let journal = super::diff::open(&comparison, "regress", Some(&args.against))?;
    let mut report = Report::of_one_end(&comparison, replayer.role, true, journal)?;
    let mut junit = Junit::new(&args.against.subject);
    let mut progress = Progress::of_cases("captures".to_owned(), captures.len() as u64);
    let mut blocked = Vec::new();
    for (at, capture) in captures.iter().enumerate() {
        let name = capture.strip_prefix(&args.captures).unwrap_or(capture).display().to_string();
        let text =
            |differences: usize| format!("{differences} differences; l2tpspec replay {}", capture.display());
        let verdict = |differences: usize| if differences > 0 { Verdict::Fail } else { Verdict::Pass };
        if let Some(differences) = progress.suspend(|| report.write_before(&[capture]))? {
            junit.add_plain(&name, verdict(differences), &text(differences));
            progress.at(at as u64 + 1);
            continue;
        }
        let outcome = replayer.reenact(capture, 1);
        progress.suspend(|| -> Result<(), ExpectedError> {
            match outcome {
                Ok(Outcome::Played { sides, note }) => {
                    let [old, new] = &*sides;
                    let said = report.said(&name, [old, new], note.as_deref());
                    let differences = report.keep(&[capture], said)?;
                    junit.add_plain(&name, verdict(differences), &text(differences));
                }
                Ok(Outcome::Blocked(why)) => {
                    junit.add_plain(&name, Verdict::Blocked, &why);
                    blocked.push(format!("{name}: {why}"));
                }
                // One recording that cannot be read does not keep others from being judged.
                Err(error) => {
                    eprintln!("error: {name}: {error}");
                    junit.add_plain(&name, Verdict::Fail, &error.to_string());
                    report.count_unreadable();
                }
            }
            Ok(())
        })?;
        progress.at(at as u64 + 1);
    }
    drop(progress);
    let hosted = replayer.hosted();
    junit.say(hosted.as_slice());
    report.is_about(hosted);
    if let Some(path) = &args.junit {
        let failed = |source| ExpectedError::File { path: path.clone(), source };
        std::fs::write(path, junit.document()).map_err(failed)?;
    }
    let all_blocked = blocked.len() == captures.len();
    let code = report.finish(&blocked)?;
    Ok(match code {
        _ if all_blocked => exit_code::NOTHING_JUDGED,
        // A recording that was not judged is not as expected.
        exit_code::AS_EXPECTED if !blocked.is_empty() => exit_code::FOUND,
        code => code,
    })
}

/// The captures of a folder, and the recordings in folders of their own below it.
fn folder(path: &Path) -> Result<Vec<PathBuf>, ExpectedError> {
    if !path.is_dir() {
        return keys::captures(path);
    }
    let failed = |source| ExpectedError::File { path: path.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        let is_capture =
            entry.extension().is_some_and(|end| end == "pcap" || end == "pcapng" || end == "cap");
        if entry.is_file() && is_capture {
            found.push(entry);
        }
    }
    found.extend(keys::captures(path).unwrap_or_default());
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(ExpectedError::Usage(format!(
            "{}: no capture in it\nhint: captures end in .pcap, .pcapng or .cap, or are folders of `run --record` or the kit",
            path.display()
        )));
    }
    Ok(found)
}

/// What came of one recording.
enum Outcome {
    /// The old side and the new one, and what kept the scenario from going on, if something did.
    Played { sides: Box<[Side; 2]>, note: Option<String> },
    /// Why nothing was played.
    Blocked(String),
}

/// Who is tried.
enum Subject {
    /// The reference, as a profile.
    Own,
    /// A guest.
    Lab(Box<lab::Subject>),
    /// A host on the network.
    Live(String),
    /// Why there is none.
    Missing(String),
}

/// A subject, and what plays the other end.
struct Replayer<'a> {
    against: &'a args::Against,
    root: PathBuf,
    suite: Suite,
    role: Role,
    /// The profile that stands for the subject.
    profile: String,
    subject: Subject,
    work: Work,
}

/// A folder for what is made on the way, which goes with its owner unless the user wants it.
struct Work {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.is_kept {
            let _gone = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Work {
    fn new(record: Option<&Path>) -> Result<Self, ExpectedError> {
        let path = record.map_or_else(
            || std::env::temp_dir().join(format!("l2tpspec-replay-{}", std::process::id())),
            Path::to_owned,
        );
        std::fs::create_dir_all(&path)
            .map_err(|source| ExpectedError::File { path: path.clone(), source })?;
        Ok(Self { path, is_kept: record.is_some() })
    }
}

impl<'a> Replayer<'a> {
    fn new(against: &'a args::Against) -> Result<Self, ExpectedError> {
        let root = root(against.scenarios.as_deref())?;
        let suite = load(&root)?;
        let (subject, role, profile) = match against.subject.split_once(':') {
            Some(("lab", name)) => {
                let file = lab_subject(name, &root)?;
                let (role, profile) = (file.role.into(), file.profile.clone());
                let agent = std::env::current_exe().map_err(ExpectedError::Output)?;
                let subject = match lab::Subject::boot(file, &agent) {
                    Ok(subject) => Subject::Lab(Box::new(subject)),
                    Err(why) => Subject::Missing(why.to_string()),
                };
                (subject, role, profile)
            }
            Some(("udp", host)) => (Subject::Live(host.to_owned()), Role::Supernode, SUPERNODE.to_owned()),
            None if against.subject == "self" => {
                let name = against.profile.as_deref().unwrap_or(SUPERNODE);
                let found = suite.profiles.all().find(|profile| profile.name == name);
                let Some(profile) = found else {
                    return Err(ExpectedError::Usage(format!(
                        "no profile is called `{name}`\nhint: `l2tpspec list profiles` shows all"
                    )));
                };
                let role = if profile.role == ProfileRole::Client { Role::Client } else { Role::Supernode };
                (Subject::Own, role, name.to_owned())
            }
            _ => {
                return Err(ExpectedError::Usage(format!(
                    "subject `{}` is not known here\nhint: write self, lab:NAME or udp:HOST",
                    against.subject
                )));
            }
        };
        let work = Work::new(against.record.as_deref())?;
        Ok(Self { against, root, suite, role, profile, subject, work })
    }

    /// Who of the lab is tried.
    fn hosted(&self) -> Option<Hosted> {
        match &self.subject {
            Subject::Lab(subject) => Some(subject.hosted()),
            _ => None,
        }
    }

    /// Plays one connection of a recording again; numbers are from 1.
    fn reenact(&mut self, capture: &Path, connection: usize) -> Result<Outcome, ExpectedError> {
        if let Subject::Missing(why) = &self.subject {
            return Ok(Outcome::Blocked(why.clone()));
        }
        let number = connection.checked_sub(1).ok_or_else(|| {
            ExpectedError::Usage("--connection 0: connections are numbered from 1".to_owned())
        })?;
        let given = self.against.keys_for(capture);
        let loaded = keys::load(&given, capture)?;
        let name = name_of(capture);
        let request = Request {
            capture,
            keys: &loaded,
            options: keys::options(&given),
            connection: number,
            scenarios: &self.root,
            client: self.against.base.as_deref(),
            supernode: SUPERNODE,
            name: &name,
        };
        let mut lifted = lift::lift(&request, |_| {})?;
        self.cast(&mut lifted, &name);
        let folder = self.work.path.join(&name);
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| ExpectedError::File { path, source }
        };
        std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let paths = lift::paths(&folder.join(format!("{name}.json")));
        lifted.save(&paths)?;
        let note = match self.play(&paths[0], &paths[1], &folder)? {
            Ok(note) => note,
            Err(why) => return Ok(Outcome::Blocked(why)),
        };
        let wire = folder.join("wire.pcapng");
        let mut old = diff::read(capture, Ok(loaded), keys::options(&given), |_| {});
        let mut at = 0;
        old.connections.retain(|_| {
            at += 1;
            at == connection
        });
        let own = keys::load(&args::Keys { keys: Vec::new(), l2tp_secret: None }, &wire);
        let new = diff::read(&wire, own, keys::options(&given), |_| {});
        Ok(Outcome::Played { sides: Box::new([old, new]), note })
    }

    /// Puts the subject into its place.
    fn cast(&self, lifted: &mut Lifted, name: &str) {
        let scenario = &mut lifted.scenario;
        let place = if self.role == Role::Client { "client" } else { "supernode" };
        scenario["subject"] = json!(place);
        scenario[place] = json!(self.profile);
        let other = if self.role == Role::Client { "supernode" } else { "client" };
        scenario[other] = json!(format!("{name}.{other}"));
        // How far it gets is what is to be seen.
        if let Some(scenario) = scenario.as_object_mut() {
            scenario.shift_remove("outcome");
        }
    }

    /// Plays the scenario and leaves the recording in a folder. What kept it from going on; or why nothing was played.
    fn play(
        &mut self,
        scenario: &Path,
        client: &Path,
        folder: &Path,
    ) -> Result<Result<Option<String>, String>, ExpectedError> {
        if let Subject::Live(host) = &self.subject {
            return self.dial(host, client, folder).map(Ok);
        }
        self.suite.cases.clear();
        self.suite.add(scenario)?;
        if let Some(problem) = self.suite.problems.pop() {
            return Err(ExpectedError::Scenario(problem.to_string()));
        }
        let Some(case) = self.suite.cases.first() else { return Ok(Err("no case".to_owned())) };
        let options = Options { records: true, fault: None };
        let played = match &mut self.subject {
            Subject::Lab(subject) => {
                let mut away = Away::new(&mut **subject);
                play_with(case, &self.suite.profiles, b"1", options, Some(&mut away))
            }
            _ => play(case, &self.suite.profiles, b"1", options),
        };
        let Played { verdict, failure, recording, .. } = played;
        let why = failure.map(|failure| format!("{}: {}", failure.at, failure.text));
        match recording {
            Some(recording) if !matches!(verdict, Verdict::Blocked | Verdict::Unsupported) => {
                recording.save(folder)?;
                Ok(Ok(why.filter(|_| verdict != Verdict::Pass)))
            }
            _ => Ok(Err(why.unwrap_or_else(|| verdict.word().to_owned()))),
        }
    }

    /// Dials a host on the network as the lifted client: one connection, without user data.
    fn dial(&self, host: &str, client: &Path, folder: &Path) -> Result<Option<String>, ExpectedError> {
        let profile = Profile::load(client)?;
        let length = self.against.length.map_or(SHORTEST, Duration::from_secs).clamp(SHORTEST, LONGEST);
        let seconds = length.as_secs();
        eprintln!(
            "to {host}: one connection as {}: IKE on UDP 500 and 4500, ESP, L2TP and PPP inside, Echo-Requests of LCP; no user \
             data, nothing malformed; it ends after {seconds} s, or after 60 s if it does not come up",
            profile.title
        );
        live::dial(host, profile, &self.root, length, folder)
    }
}

impl args::Against {
    /// The keys for a capture: those given, else those that lie beside it.
    fn keys_for(&self, capture: &Path) -> args::Keys {
        let beside = capture.with_extension("keys");
        let mut keys = self.keys.keys.clone();
        if keys.is_empty() && beside.is_dir() {
            keys.push(beside);
        }
        args::Keys { keys, l2tp_secret: self.keys.l2tp_secret.clone() }
    }

    /// What `diff` would be asked.
    fn comparison(&self, old: &Path, resume: Option<PathBuf>) -> args::Diff {
        args::Diff {
            old: old.to_owned(),
            new: old.to_owned(),
            keys: args::Keys { keys: Vec::new(), l2tp_secret: None },
            baseline: self.baseline.clone(),
            accept: self.accept.clone(),
            why: self.why.clone(),
            scenarios: self.scenarios.clone(),
            resume,
            json: self.json,
        }
    }
}

/// A name for the scenario of a capture: letters, digits and dashes.
fn name_of(capture: &Path) -> String {
    let is_recording = capture.file_stem().is_some_and(|stem| stem == "wire");
    let named = if is_recording { capture.parent().unwrap_or(capture) } else { capture };
    let stem = named.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let safe: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let safe = safe.trim_matches('-').to_owned();
    if safe.is_empty() { "capture".to_owned() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_have_plain_names() {
        assert_eq!(name_of(Path::new("captures/SN1 before.pcap")), "sn1-before");
        assert_eq!(name_of(Path::new("rec/guides/connect[client=ios]/wire.pcapng")), "connect-client-ios");
        assert_eq!(name_of(Path::new("...pcap")), "capture");
    }
}
