//! `l2tpspec lab matrix`: every client by every supernode.

use std::path::{Path, PathBuf};

use super::args;
use super::journal::{self, Journal};
use super::progress::Progress;
use super::run::{lab_subject, load, peer, play_away, root, write};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::lab::{self, SubjectFile};
use crate::scenario::away;
use crate::scenario::matrix::{COLUMNS, Matrix, column};
use crate::scenario::model::Case;
use crate::scenario::play::Options;
use crate::scenario::report;
use crate::scenario::suite::{self, Suite};
use crate::scenario::verdict::{Played, Verdict};

pub(super) fn run(args: &args::Matrix) -> Result<u8, ExpectedError> {
    let root = root(args.scenarios.as_deref())?;
    let suite = load(&root)?;
    let pairs = pairs(&args.subjects, &args.peers, &root)?;
    let columns = chosen_columns(&args.columns)?;
    let cases = chosen_cases(&suite, &args.clients, &columns)?;
    let played: Vec<Vec<&Case>> =
        pairs.iter().map(|(subject, peer)| played_by(&cases, subject.as_ref(), peer.as_ref())).collect();
    let total = played.iter().map(Vec::len).sum::<usize>() as u64;
    // Other subjects and columns may be asked for the next time, but they are to be the same ones.
    let named = args
        .subjects
        .iter()
        .chain(&args.peers)
        .map(|word| PathBuf::from(word.strip_prefix("lab:").unwrap_or(word)));
    let files: Vec<PathBuf> = named.filter(|path| path.is_file()).chain([root]).collect();
    let asks = journal::question("matrix", (), &files, args.resume.as_deref());
    let journal = args.resume.as_ref().map(|file| Journal::open(file, &asks)).transpose()?;
    let mut run = Run {
        journal,
        matrix: Matrix::new(),
        progress: Progress::of_cases("cells".to_owned(), total),
        done: 0,
        json: args.json,
        record: args.record.as_deref(),
        error: None,
    };
    for (pair, cases) in pairs.into_iter().zip(&played) {
        run.pair(&suite, pair, cases)?;
    }
    let Run { matrix, progress, error, .. } = run;
    drop(progress);
    if let Some(error) = error {
        return Err(error);
    }
    write(&if args.json { format!("{}\n", matrix.summary()) } else { matrix.human() })?;
    let judged =
        Verdict::ALL.iter().filter(|verdict| !matches!(verdict, Verdict::Blocked | Verdict::Unsupported));
    let bad = Verdict::ALL.iter().filter(|verdict| verdict.is_bad());
    Ok(if bad.map(|verdict| matrix.count(*verdict)).sum::<usize>() > 0 {
        exit_code::FOUND
    } else if judged.map(|verdict| matrix.count(*verdict)).sum::<usize>() == 0 {
        exit_code::NOTHING_JUDGED
    } else {
        exit_code::AS_EXPECTED
    })
}

/// Whom a cell is about, and who dials it; the reference where that is nobody.
type Pair = (Option<SubjectFile>, Option<SubjectFile>);

/// What is done with what comes of the cells.
struct Run<'a> {
    journal: Option<Journal<(Verdict, Option<String>)>>,
    matrix: Matrix,
    progress: Progress,
    done: u64,
    json: bool,
    record: Option<&'a Path>,
    error: Option<ExpectedError>,
}

impl Run<'_> {
    /// Lets a subject and its peer play their cases; the reference where there is none.
    fn pair(&mut self, suite: &Suite, (subject, peer): Pair, cases: &[&Case]) -> Result<(), ExpectedError> {
        let options = Options { records: self.record.is_some(), fault: None };
        let mut name =
            subject.as_ref().map_or_else(|| "self".to_owned(), |file| format!("lab:{}", file.name));
        if let Some(peer) = &peer {
            name = format!("{name} by lab:{}", peer.name);
        }
        let mut waiting = Vec::new();
        for case in cases {
            let known = self.journal.as_mut().and_then(|it| it.take_named(&cell(case, &name)));
            match known {
                Some((verdict, why)) => self.add(case, &name, verdict, why)?,
                None => waiting.push(*case),
            }
        }
        let cases = &*waiting;
        let Some(file) = subject else {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            suite::run(cases, &suite.profiles, "1", options, threads, |at, played| {
                self.note(cases[at], "self", played);
            });
            return Ok(());
        };
        if cases.is_empty() {
            return Ok(());
        }
        let pair = (file, peer);
        let note = |at: usize, played| self.note(cases[at], &name, played);
        let hosted = play_away(pair, suite, cases, "1", options, note)?;
        self.matrix.has_hosted(hosted);
        Ok(())
    }

    fn note(&mut self, case: &Case, subject: &str, played: Played) {
        if self.error.is_none() {
            self.error = self.noted(case, subject, played).err();
        }
    }

    fn noted(&mut self, case: &Case, subject: &str, played: Played) -> Result<(), ExpectedError> {
        let Played { verdict, failure, recording, log, .. } = played;
        if let (Some(directory), Some(recording)) = (self.record, recording) {
            let directory = report::evidence(&directory.join(subject.replace([':', ' '], "-")), case);
            recording.save(&directory)?;
            if let Some(log) = log {
                let path = directory.join("subject.log");
                std::fs::write(&path, log).map_err(|source| ExpectedError::File { path, source })?;
            }
        }
        let why = failure.map(|failure| failure.text);
        if let Some(journal) = &mut self.journal {
            journal.keep_named(&cell(case, subject), (verdict, why.clone()))?;
        }
        self.add(case, subject, verdict, why)
    }

    /// Puts a cell into the matrix. What it is is told when it comes: the others take hours.
    fn add(
        &mut self,
        case: &Case,
        subject: &str,
        verdict: Verdict,
        why: Option<String>,
    ) -> Result<(), ExpectedError> {
        let is_new = why.is_some() && verdict != Verdict::Pass;
        let cell = self.matrix.add(case, subject, verdict, why);
        self.done += 1;
        self.progress.at(self.done);
        match cell.filter(|_| self.json) {
            Some(cell) => write(&format!("{cell}\n")),
            None => match self.matrix.last_reason().filter(|_| is_new && !self.json) {
                Some(reason) => self.progress.suspend(|| write(&reason)),
                None => Ok(()),
            },
        }
    }
}

/// A cell, by its case and who plays it.
fn cell(case: &Case, subject: &str) -> String {
    format!("{subject} {}", case.name())
}

/// The subjects, the reference first as `None`.
fn chosen_subjects(words: &[String], root: &Path) -> Result<Vec<Option<SubjectFile>>, ExpectedError> {
    if words.is_empty() {
        let all = lab::subjects(root)?.into_iter().map(|(_, file)| Some(file));
        return Ok(std::iter::once(None).chain(all).collect());
    }
    let one = |word: &String| match &word[..] {
        "self" => Ok(None),
        word => lab_subject(word.strip_prefix("lab:").unwrap_or(word), root).map(Some),
    };
    words.iter().map(one).collect()
}

/// Every subject with every peer; with the reference where there is none.
fn pairs(subjects: &[String], peers: &[String], root: &Path) -> Result<Vec<Pair>, ExpectedError> {
    let subjects = chosen_subjects(subjects, root)?;
    if peers.is_empty() {
        return Ok(subjects.into_iter().map(|subject| (subject, None)).collect());
    }
    let mut pairs = Vec::new();
    for subject in subjects {
        for word in peers {
            let word = format!("lab:{}", word.strip_prefix("lab:").unwrap_or(word));
            let peer = peer(&word, subject.as_ref(), root)?;
            pairs.push((subject.clone(), Some(peer)));
        }
    }
    Ok(pairs)
}

fn chosen_columns(words: &[String]) -> Result<Vec<usize>, ExpectedError> {
    if words.is_empty() {
        return Ok((0..COLUMNS.len()).collect());
    }
    let one = |word: &String| {
        COLUMNS.iter().position(|(name, _)| name == word).ok_or_else(|| {
            let all: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
            ExpectedError::Usage(format!("no column is called `{word}`\nhint: there are {}", all.join(", ")))
        })
    };
    words.iter().map(one).collect()
}

/// The cases of the matrix that are asked for.
fn chosen_cases<'a>(
    suite: &'a Suite,
    clients: &[String],
    columns: &[usize],
) -> Result<Vec<&'a Case>, ExpectedError> {
    let of_matrix: Vec<&Case> = suite.cases.iter().filter(|case| column(case).is_some()).collect();
    for word in clients {
        if !of_matrix.iter().any(|case| suite::fits(word, &case.client)) {
            return Err(ExpectedError::Usage(format!(
                "no client of the matrix is called `{word}`\nhint: `l2tpspec list profiles` shows all"
            )));
        }
    }
    let is_asked = |case: &&Case| {
        let is_client = clients.is_empty() || clients.iter().any(|word| suite::fits(word, &case.client));
        is_client && column(case).is_some_and(|column| columns.contains(&column))
    };
    Ok(of_matrix.into_iter().filter(is_asked).collect())
}

/// The cases that a subject plays: those about its role, and of a client those about its device. The reference plays those
/// about supernodes, at both ends.
fn played_by<'a>(
    cases: &[&'a Case],
    subject: Option<&SubjectFile>,
    peer: Option<&SubjectFile>,
) -> Vec<&'a Case> {
    let mut cases = cases.to_vec();
    match subject {
        Some(file) => {
            away::choose(&mut cases, file.role.into(), &file.profile, peer.map(|peer| &peer.profile[..]));
        }
        None => cases.retain(|case| case.id.starts_with("matrix/supernode/")),
    }
    cases
}
