//! `l2tpspec run`: scenarios against a subject.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::args;
use super::progress::Progress;
use crate::error::ExpectedError;
use crate::exit_code;
use crate::lab::{self, SubjectFile};
use crate::scenario::away::{self, Away};
use crate::scenario::captured::Captured;
use crate::scenario::faults;
use crate::scenario::hosted::Hosted;
use crate::scenario::known::KnownFailures;
use crate::scenario::model::Case;
use crate::scenario::play::Options;
use crate::scenario::report::{self, Junit, Result as CaseResult, Tally};
use crate::scenario::suite::{self, Suite};
use crate::scenario::verdict::{Failure, Played, Verdict};
use crate::transcript::connection::Role;

/// The directory of scenarios unless the user names one.
pub(super) const SCENARIOS: &str = "scenarios";

pub(super) fn run(args: &args::Run) -> Result<u8, ExpectedError> {
    let root = root(args.scenarios.as_deref())?;
    let captured = args.subject.strip_prefix("capture:").map(|file| captured(args, Path::new(file)));
    let captured = captured.transpose()?;
    let subject = if captured.is_some() { None } else { subject(&args.subject, &root)? };
    let peer = match &args.peer {
        Some(word) => Some(peer(word, subject.as_ref(), &root)?),
        None => None,
    };
    let mut suite = load(&root)?;
    let words = elsewhere(&mut suite, &root, &args.words)?;
    let mut known = match &args.known {
        Some(file) => Some(KnownFailures::load(file)?),
        None => KnownFailures::about(&args.subject, &root)?,
    };
    if let Some(file) = known.as_ref().filter(|file| file.subject != args.subject) {
        let (path, subject) = (file.path.display(), &file.subject);
        return Err(ExpectedError::Usage(format!("{path} is about `{subject}`, not `{}`", args.subject)));
    }
    let mut cases = chosen(&suite, &words)?;
    if let Some((captured, client)) = &captured {
        choose_captured(&mut cases, captured, client.as_deref());
    }
    if let Some(file) = &subject {
        let profile = peer.as_ref().map(|peer| &peer.profile[..]);
        away::choose(&mut cases, file.role.into(), &file.profile, profile);
    }
    let mut printer = Printer {
        args,
        tally: Tally::default(),
        junit: Junit::new(&args.subject),
        error: None,
        progress: Progress::of_cases("cases".to_owned(), cases.len() as u64),
        today: chrono::Utc::now().date_naive().to_string(),
    };
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let faults = match &args.fault {
        Some(_) => faults::load(&root)?,
        None => Vec::new(),
    };
    let fault = match &args.fault {
        Some(id) => Some(faults.iter().find(|fault| fault.id == *id).ok_or_else(|| {
            ExpectedError::Usage(format!("no fault is called `{id}`\nhint: `l2tpspec list faults` shows all"))
        })?),
        None => None,
    };
    let options = Options { records: args.record.is_some(), fault };
    let mut on_played = |at: usize, played| {
        if printer.error.is_none() {
            printer.error = printer.print(cases[at], played, known.as_mut()).err();
        }
    };
    if let Some((captured, _)) = captured {
        for (at, case) in cases.iter().enumerate() {
            on_played(at, captured.play(case));
        }
        return printer.finish(known.as_ref(), &[]);
    }
    if let Some(file) = subject {
        let hosted = play_away((file, peer), &suite, &cases, &args.seed, options, on_played)?;
        return printer.finish(known.as_ref(), &hosted);
    }
    suite::run(&cases, &suite.profiles, &args.seed, options, threads, on_played);
    printer.finish(known.as_ref(), &[])
}

/// Lets a subject of the lab, and its peer if that is one, too, play cases, and says who has played; all are blocked where it
/// does not come up.
pub(super) fn play_away(
    (subject, peer): (SubjectFile, Option<SubjectFile>),
    suite: &Suite,
    cases: &[&Case],
    seed: &str,
    options: Options<'_>,
    mut on_played: impl FnMut(usize, Played),
) -> Result<Vec<Hosted>, ExpectedError> {
    let agent = std::env::current_exe().map_err(ExpectedError::Output)?;
    let boot = |file| lab::Subject::boot(file, &agent);
    match boot(subject).and_then(|subject| Ok((subject, peer.map(boot).transpose()?))) {
        Ok((mut subject, mut peer)) => {
            let mut away = Away::new(&mut subject);
            if let Some(peer) = &mut peer {
                away = away.with(peer);
            }
            suite::run_away(cases, &suite.profiles, seed, options, &mut away, on_played);
            Ok([Some(&subject), peer.as_ref()].into_iter().flatten().map(lab::Subject::hosted).collect())
        }
        Err(why) => {
            for at in 0..cases.len() {
                on_played(at, Played::blocked(Failure::of("the subject", why.to_string())));
            }
            Ok(Vec::new())
        }
    }
}

/// A recording, and the profile that its client is most like.
fn captured(args: &args::Run, file: &Path) -> Result<(Captured, Option<String>), ExpectedError> {
    let captures = super::keys::captures(file)?;
    let [capture] = captures.as_slice() else {
        let (folder, count) = (file.display(), captures.len());
        return Err(ExpectedError::Usage(format!(
            "{folder} holds {count} recordings\nhint: name one of them"
        )));
    };
    let beside = capture.with_extension("keys");
    let mut given = args.keys.keys.clone();
    if given.is_empty() && beside.is_dir() {
        given.push(beside);
    }
    let given = args::Keys { keys: given, l2tp_secret: args.keys.l2tp_secret.clone() };
    let (loaded, options) = (super::keys::load(&given, capture)?, super::keys::options(&given));
    let total = std::fs::metadata(capture).map_or(0, |data| data.len());
    let mut progress = Progress::new(capture.display().to_string(), total);
    let captured =
        Captured::read(capture, &loaded, options.clone(), args.connection, |done| progress.at(done))?;
    drop(progress);
    let root = root(args.scenarios.as_deref())?;
    let request = crate::lift::Request {
        capture,
        keys: &loaded,
        options,
        connection: args.connection.saturating_sub(1),
        scenarios: &root,
        client: None,
        supernode: "strongswan-xl2tpd",
        name: "capture",
    };
    let lifted = crate::lift::lift(&request, |_| {})?;
    eprintln!("note: the recorded client is taken for {}, which it is most like", lifted.base);
    Ok((captured, Some(lifted.base)))
}

/// Of every scenario the case that is most like the recording: its client, and what lies between.
fn choose_captured(cases: &mut Vec<&Case>, captured: &Captured, client: Option<&str>) {
    let mut seen = BTreeSet::new();
    cases.retain(|case| {
        // A scenario about one device says nothing of others.
        let is_alike = Some(case.client.as_str()) == client;
        let way = if captured.is_translated { "client-behind-nat" } else { "direct" };
        let is_way = case.topology.name == way;
        // What else the parameters say is kept apart.
        let plain = case
            .name()
            .replace(&format!("supernode={}", case.supernode), "")
            .replace(&format!("client={}", case.client), "")
            .replace(&format!("topology={}", case.topology.name), "");
        is_alike && is_way && seen.insert(plain)
    });
}

/// The subject that a word means; `None` is the reference.
fn subject(word: &str, root: &Path) -> Result<Option<SubjectFile>, ExpectedError> {
    match word.strip_prefix("lab:") {
        _ if word == "self" => Ok(None),
        Some(name) => lab_subject(name, root).map(Some),
        None => Err(unknown(word, root)),
    }
}

/// The subject that a word means as the other end of a subject of the lab.
pub(super) fn peer(word: &str, of: Option<&SubjectFile>, root: &Path) -> Result<SubjectFile, ExpectedError> {
    let usage = |text: String| Err(ExpectedError::Usage(text));
    let Some(name) = word.strip_prefix("lab:") else {
        return usage(format!("peer `{word}` is none of the lab\nhint: `l2tpspec list subjects` shows all"));
    };
    let file = lab_subject(name, root)?;
    match of {
        Some(of) if of.role != file.role => Ok(file),
        Some(of) => {
            usage(format!("{} and {} both play the {}", of.name, file.name, Role::from(of.role).word()))
        }
        None => usage("a peer of the lab takes a subject of the lab: --subject lab:NAME".to_owned()),
    }
}

/// The subject of the lab that has a name, or that a file describes.
pub(super) fn lab_subject(name: &str, root: &Path) -> Result<SubjectFile, ExpectedError> {
    let path = Path::new(name);
    if path.extension().is_some_and(|end| end == "json") {
        return SubjectFile::load(path, &root.join("subjects"));
    }
    let found = lab::subjects(root)?.into_iter().find(|(_, file)| file.name == name);
    found.map(|(_, file)| file).ok_or_else(|| unknown(&format!("lab:{name}"), root))
}

fn unknown(word: &str, root: &Path) -> ExpectedError {
    let known = match lab::subjects(root) {
        Ok(known) => known,
        Err(error) => return error,
    };
    let all: Vec<String> = known.iter().map(|(_, file)| format!("`lab:{}`", file.name)).collect();
    let all = all.join(", ");
    ExpectedError::Usage(format!(
        "subject `{word}` is not known here\nhint: `self` is the built-in reference; others are capture:FILE, lab:FILE.json, {all}"
    ))
}

/// The directory of scenarios.
pub(super) fn root(named: Option<&Path>) -> Result<PathBuf, ExpectedError> {
    let root = named.unwrap_or_else(|| Path::new(SCENARIOS));
    if root.is_dir() {
        return Ok(root.to_owned());
    }
    Err(ExpectedError::Usage(format!(
        "no directory {}\nhint: run it where `scenarios/` lies, or name it: --scenarios DIR",
        root.display()
    )))
}

/// Every scenario of a directory; what is not understood is an error.
pub(super) fn load(root: &Path) -> Result<Suite, ExpectedError> {
    let suite = Suite::load(root)?;
    if suite.problems.is_empty() {
        return Ok(suite);
    }
    let all: Vec<String> = suite.problems.iter().map(ToString::to_string).collect();
    Err(ExpectedError::Scenario(all.join("\n\n")))
}

/// The ids that words stand for: files and folders of the directory are named as the shell completes them, and files elsewhere
/// are read.
fn elsewhere(suite: &mut Suite, root: &Path, words: &[String]) -> Result<Vec<String>, ExpectedError> {
    let whole = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let root = whole(root);
    let mut ids = Vec::new();
    for word in words {
        let path = Path::new(word);
        if !path.exists() {
            ids.push(word.clone());
            continue;
        }
        let below = whole(path);
        if below.starts_with(&root) {
            ids.push(suite::id_of(&root, &below));
        } else if path.is_file() {
            ids.push(suite.add(path)?);
        } else {
            ids.push(word.clone());
        }
    }
    if let Some(problem) = suite.problems.first() {
        return Err(ExpectedError::Scenario(problem.to_string()));
    }
    Ok(ids)
}

/// The cases that the user's words choose; all of them without a word.
fn chosen<'a>(suite: &'a Suite, words: &[String]) -> Result<Vec<&'a Case>, ExpectedError> {
    if words.is_empty() {
        return Ok(suite.cases.iter().collect());
    }
    let mut is_in = vec![false; suite.cases.len()];
    for id in words {
        let everything = id.is_empty();
        let mut found = false;
        for (case, is_in) in suite.cases.iter().zip(&mut is_in) {
            if everything || suite::is_chosen(case, id) {
                (*is_in, found) = (true, true);
            }
        }
        if !found {
            return Err(ExpectedError::Usage(format!("no scenario is chosen by `{id}`{}", guess(suite, id))));
        }
    }
    Ok(suite.cases.iter().zip(is_in).filter(|(_, is_in)| *is_in).map(|(case, _)| case).collect())
}

fn guess(suite: &Suite, word: &str) -> String {
    let nearest =
        suite.cases.iter().map(|case| (crate::check::known::distance(&case.id, word), &case.id)).min();
    match nearest {
        Some((distance, id)) if distance <= 2 + word.len() / 3 => {
            format!("\nhint: did you mean `{id}`? `l2tpspec list scenarios` shows all")
        }
        _ => "\nhint: `l2tpspec list scenarios` shows all".to_owned(),
    }
}

/// Writes what comes of each case as soon as its turn is there.
struct Printer<'a> {
    args: &'a args::Run,
    tally: Tally,
    junit: Junit,
    error: Option<ExpectedError>,
    progress: Progress,
    today: String,
}

impl Printer<'_> {
    fn print(
        &mut self,
        case: &Case,
        played: Played,
        known: Option<&mut KnownFailures>,
    ) -> Result<(), ExpectedError> {
        let Played { verdict, failure, elapsed, recording, log, .. } = played;
        let (verdict, known) = match known {
            Some(file) => file.judge(case, verdict, failure.as_ref(), &self.today),
            None => (verdict, None),
        };
        let evidence = match (&self.args.record, recording) {
            (Some(directory), Some(recording)) => {
                let directory = report::evidence(directory, case);
                recording.save(&directory)?;
                if let Some(log) = log {
                    let path = directory.join("subject.log");
                    std::fs::write(&path, log).map_err(|source| ExpectedError::File { path, source })?;
                }
                Some(directory.display().to_string())
            }
            _ => None,
        };
        self.tally.add(case, verdict);
        self.progress.at(self.tally.all() as u64);
        let failure = failure.as_ref();
        let subject = &self.args.subject;
        let result = CaseResult { case, subject, verdict, failure, known, elapsed, evidence };
        self.junit.add(&result);
        // Most of what is asked of ends that do as they are told cannot be asked of a recording.
        let is_captured = self.args.subject.starts_with("capture:");
        if self.args.json {
            write(&(result.json() + "\n"))
        } else if self.args.verbose
            || verdict != Verdict::Pass && !(is_captured && verdict == Verdict::Blocked)
        {
            self.progress.suspend(|| write(&result.human()))
        } else {
            Ok(())
        }
    }

    fn finish(self, known: Option<&KnownFailures>, hosted: &[Hosted]) -> Result<u8, ExpectedError> {
        let Self { args, tally, mut junit, error, progress, .. } = self;
        drop(progress);
        if let Some(error) = error {
            return Err(error);
        }
        junit.say(hosted);
        if let Some(path) = &args.junit {
            std::fs::write(path, junit.document())
                .map_err(|source| ExpectedError::File { path: path.clone(), source })?;
        }
        // Where only some cases were run, nothing is known of the others.
        let stale: Vec<_> = known
            .filter(|_| args.words.is_empty())
            .map(|known| known.unmatched().collect())
            .unwrap_or_default();
        if args.json {
            write(&(tally.json(&args.subject, &args.seed, hosted) + "\n"))?;
        } else {
            write(&tally.human(&args.subject, hosted))?;
        }
        for entry in &stale {
            let path = known.map(|known| known.path.display().to_string()).unwrap_or_default();
            eprintln!("error: {path}: `{}` is a known failure that no case shows any more", entry.pattern);
        }
        let bad = Verdict::ALL.iter().filter(|verdict| verdict.is_bad()).map(|verdict| tally.of(*verdict));
        let judged = tally.all() - tally.of(Verdict::Blocked) - tally.of(Verdict::Unsupported);
        Ok(if bad.sum::<usize>() > 0 || !stale.is_empty() {
            exit_code::FOUND
        } else if judged == 0 {
            exit_code::NOTHING_JUDGED
        } else {
            exit_code::AS_EXPECTED
        })
    }
}

/// Writes to standard output; styles only reach a terminal.
pub(super) fn write(text: &str) -> Result<(), ExpectedError> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(ExpectedError::Output)
}
