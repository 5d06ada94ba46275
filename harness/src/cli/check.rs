//! `l2tpspec check`: captures judged by every rule, and how far their connections got.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use serde::{Deserialize, Serialize};

use super::journal::{self, Journal};
use super::{args, keys, progress::Progress};
use crate::check::expect::{Mismatch, Recording};
use crate::check::json::{self, Summary};
use crate::check::known::KnownFile;
use crate::check::{self, Checked, Known, human};
use crate::error::ExpectedError;
use crate::exit_code;

/// What is to be done with one capture.
struct Task<'a> {
    capture: &'a Path,
    recording: Option<Recording>,
    /// What came of it before this run.
    done: Option<journal::Done<Outcome>>,
}

/// What counts of one capture for the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Outcome {
    summary: Summary,
    /// Documented deviations that were seen.
    seen: Vec<Known>,
    is_unreadable: bool,
}

pub(super) fn run(args: &args::Check) -> Result<u8, ExpectedError> {
    let known = args.known.iter().map(|file| KnownFile::load(file)).collect::<Result<Vec<_>, _>>()?;
    let mut captures = Vec::new();
    for argument in &args.captures {
        captures.extend(keys::captures(argument)?);
    }
    let asks = (&args.keys, &args.known, &args.expect, args.json);
    let files = args.keys.keys.iter().chain(&args.known).chain(&args.expect);
    let asks = journal::question("check", asks, files, args.resume.as_deref());
    let journal = args.resume.as_ref().map(|file| Journal::open(file, &asks));
    let mut journal = journal.transpose()?;
    let mut tasks = Vec::new();
    for capture in &captures {
        let recording =
            args.expect.as_ref().map(|directory| Recording::load(directory, capture)).transpose()?;
        let done = journal.as_mut().and_then(|journal| journal.take(&[capture]));
        tasks.push(Task { capture, recording, done });
    }
    let waiting = tasks.iter().filter(|task| task.done.is_none());
    let total = waiting.filter_map(|task| std::fs::metadata(task.capture).ok()).map(|data| data.len()).sum();
    let label = match captures.as_slice() {
        [only] => only.display().to_string(),
        many => format!("{} captures", many.len()),
    };
    let run = Run { args, known: &known, tasks: &tasks, progress: Mutex::new(Progress::new(label, total)) };
    let (summary, seen) = (Summary::default(), Vec::new());
    let mut printer = Printer { args, journal, summary, seen, is_unreadable: false };
    run.judge(|task, checked| printer.print(task, checked))?;
    drop(run);
    printer.finish(&known)
}

/// Captures that are judged side by side.
struct Run<'a> {
    args: &'a args::Check,
    known: &'a [KnownFile],
    tasks: &'a [Task<'a>],
    progress: Mutex<Progress>,
}

impl Run<'_> {
    /// Judges every capture and hands the results over in the order of the arguments.
    fn judge(
        &self,
        mut on_checked: impl FnMut(&Task<'_>, Option<Checked>) -> Result<(), ExpectedError>,
    ) -> Result<(), ExpectedError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (next, octets, is_stopped) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..cores.min(self.tasks.len()) {
                let sender = sender.clone();
                let (next, octets, is_stopped) = (&next, &octets, &is_stopped);
                scope.spawn(move || {
                    while let Some((i, task)) = self.take(next) {
                        let checked = self.check(task, octets, is_stopped);
                        if is_stopped.load(Ordering::Relaxed) || sender.send((i, checked)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let mut waiting = BTreeMap::new();
            for (i, task) in self.tasks.iter().enumerate() {
                let checked = loop {
                    if task.done.is_some() {
                        break None;
                    }
                    if let Some(checked) = waiting.remove(&i) {
                        break Some(checked);
                    }
                    match receiver.recv() {
                        Ok((done, checked)) => {
                            waiting.insert(done, checked);
                        }
                        // A worker is gone; the scope passes its panic on.
                        Err(mpsc::RecvError) => return Ok(()),
                    }
                };
                if let Err(error) = on_checked(task, checked) {
                    is_stopped.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
            Ok(())
        })
    }

    fn take(&self, next: &AtomicUsize) -> Option<(usize, &Task<'_>)> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let task = self.tasks.get(i)?;
            if task.done.is_none() {
                return Some((i, task));
            }
        }
    }

    fn check(&self, task: &Task<'_>, octets: &AtomicU64, is_stopped: &AtomicBool) -> Checked {
        let own = task.recording.iter().flat_map(|recording| &recording.known);
        let known: Vec<&KnownFile> = self.known.iter().chain(own).collect();
        let keys = keys::load(&self.args.keys, task.capture);
        let mut before = 0;
        // What captures leave of the cores.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores / self.tasks.len().max(1);
        check::capture_on(threads, task.capture, keys, keys::options(&self.args.keys), &known, |position| {
            let read = octets.fetch_add(position - before, Ordering::Relaxed) + position - before;
            before = position;
            if let Ok(mut progress) = self.progress.lock() {
                progress.at(read);
            }
            !is_stopped.load(Ordering::Relaxed)
        })
    }
}

/// Writes what comes of each capture as soon as its turn is there.
struct Printer<'a> {
    args: &'a args::Check,
    journal: Option<Journal<Outcome>>,
    summary: Summary,
    /// Documented deviations that were seen.
    seen: Vec<Known>,
    is_unreadable: bool,
}

impl Printer<'_> {
    fn print(&mut self, task: &Task<'_>, checked: Option<Checked>) -> Result<(), ExpectedError> {
        let (out, err, result) = match (&task.done, checked) {
            (Some(done), _) => (done.out.clone(), done.err.clone(), done.result.clone()),
            (None, Some(checked)) => self.said(task, checked),
            (None, None) => return Ok(()),
        };
        if self.args.json {
            write_out(out.as_bytes())?;
        } else {
            write_text(&out)?;
        }
        eprint!("{err}");
        self.summary.join(&result.summary);
        self.is_unreadable |= result.is_unreadable;
        self.seen.extend(
            result.seen.iter().filter(|known| !self.seen.contains(known)).cloned().collect::<Vec<_>>(),
        );
        match self.journal.as_mut().filter(|_| task.done.is_none()) {
            Some(journal) => journal.keep(&[task.capture], out, err, result),
            None => Ok(()),
        }
    }

    /// What is written about a capture, and what counts of it.
    fn said(&self, task: &Task<'_>, checked: Checked) -> (String, String, Outcome) {
        let mismatches: Vec<Mismatch> = match &task.recording {
            Some(recording) if checked.error.is_none() => recording.compare(&checked),
            _ => Vec::new(),
        };
        let mut summary = Summary::default();
        summary.add(&checked, &mismatches);
        let findings = checked.connections.iter().flat_map(|judged| &judged.findings);
        let mut seen: Vec<Known> = Vec::new();
        for known in findings.filter_map(|finding| finding.known.as_ref()) {
            if !seen.contains(known) {
                seen.push(known.clone());
            }
        }
        // A capture of which nothing was read has nothing to be reported.
        let mut out = String::new();
        if self.args.json {
            let mut octets = Vec::new();
            json::write(&checked, &mismatches, &mut octets);
            out = String::from_utf8_lossy(&octets).into_owned();
        } else if checked.error.is_none() || checked.frames > 0 {
            let mut page = human::Page::default();
            human::write(&checked, &mismatches, &mut page);
            page.text().clone_into(&mut out);
        }
        let is_unreadable = checked.error.is_some();
        let err = checked.error.map(|error| format!("error: {error}\n")).unwrap_or_default();
        (out, err, Outcome { summary, seen, is_unreadable })
    }

    fn finish(self, known: &[KnownFile]) -> Result<u8, ExpectedError> {
        if self.args.json {
            let mut out = Vec::new();
            self.summary.write(&mut out);
            write_out(&out)?;
        } else {
            let mut page = human::Page::default();
            for file in known {
                human::write_unmatched(file, &self.seen, &mut page);
            }
            human::write_summary(&self.summary, &mut page);
            write_page(&page)?;
        }
        let Summary { connections, failed, violations, mismatches, .. } = self.summary;
        // What a recording is expected to show, failures and violations, is none of either.
        let found = if self.args.expect.is_some() { mismatches } else { failed + violations };
        Ok(if self.is_unreadable {
            exit_code::BAD_INPUT
        } else if found > 0 {
            exit_code::FOUND
        } else if connections == 0 && self.args.expect.is_none() {
            exit_code::NOTHING_JUDGED
        } else {
            exit_code::AS_EXPECTED
        })
    }
}

pub(super) fn write_out(octets: &[u8]) -> Result<(), ExpectedError> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(octets).and_then(|()| stdout.flush()).map_err(ExpectedError::Output)
}

/// Writes a page; its styles only reach a terminal.
pub(super) fn write_page(page: &human::Page) -> Result<(), ExpectedError> {
    write_text(page.text())
}

/// Writes a text; its styles only reach a terminal.
pub(super) fn write_text(text: &str) -> Result<(), ExpectedError> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(ExpectedError::Output)
}
