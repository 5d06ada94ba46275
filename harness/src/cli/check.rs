//! `l2tpspec check`: captures judged by every rule, and how far their connections got.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

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
}

pub(super) fn run(args: &args::Check) -> Result<u8, ExpectedError> {
    let known = args.known.iter().map(|file| KnownFile::load(file)).collect::<Result<Vec<_>, _>>()?;
    let mut captures = Vec::new();
    for argument in &args.captures {
        captures.extend(keys::captures(argument)?);
    }
    let mut tasks = Vec::new();
    for capture in &captures {
        let recording =
            args.expect.as_ref().map(|directory| Recording::load(directory, capture)).transpose()?;
        tasks.push(Task { capture, recording });
    }
    let total =
        captures.iter().filter_map(|capture| std::fs::metadata(capture).ok()).map(|data| data.len()).sum();
    let label = match captures.as_slice() {
        [only] => only.display().to_string(),
        many => format!("{} captures", many.len()),
    };
    let run = Run { args, known: &known, tasks: &tasks, progress: Mutex::new(Progress::new(label, total)) };
    let mut printer = Printer { args, summary: Summary::default(), seen: Vec::new(), is_unreadable: false };
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
        mut on_checked: impl FnMut(&Task<'_>, Checked) -> Result<(), ExpectedError>,
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
                    if let Some(checked) = waiting.remove(&i) {
                        break checked;
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
        let i = next.fetch_add(1, Ordering::Relaxed);
        self.tasks.get(i).map(|task| (i, task))
    }

    fn check(&self, task: &Task<'_>, octets: &AtomicU64, is_stopped: &AtomicBool) -> Checked {
        let own = task.recording.iter().flat_map(|recording| &recording.known);
        let known: Vec<&KnownFile> = self.known.iter().chain(own).collect();
        let keys = keys::load(&self.args.keys, task.capture);
        let mut before = 0;
        check::capture(task.capture, keys, keys::options(&self.args.keys), &known, |position| {
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
    summary: Summary,
    /// Documented deviations that were seen.
    seen: Vec<Known>,
    is_unreadable: bool,
}

impl Printer<'_> {
    fn print(&mut self, task: &Task<'_>, checked: Checked) -> Result<(), ExpectedError> {
        let mismatches: Vec<Mismatch> = match &task.recording {
            Some(recording) if checked.error.is_none() => recording.compare(&checked),
            _ => Vec::new(),
        };
        self.summary.add(&checked, &mismatches);
        for known in checked
            .connections
            .iter()
            .flat_map(|judged| &judged.findings)
            .filter_map(|finding| finding.known.as_ref())
        {
            if !self.seen.contains(known) {
                self.seen.push(known.clone());
            }
        }
        // A capture of which nothing was read has nothing to be reported.
        if self.args.json {
            let mut out = Vec::new();
            json::write(&checked, &mismatches, &mut out);
            write_out(&out)?;
        } else if checked.error.is_none() || checked.frames > 0 {
            let mut page = human::Page::default();
            human::write(&checked, &mismatches, &mut page);
            write_page(&page)?;
        }
        if let Some(error) = checked.error {
            self.is_unreadable = true;
            eprintln!("error: {error}");
        }
        Ok(())
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
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(page.text().as_bytes()).and_then(|()| stdout.flush()).map_err(ExpectedError::Output)
}
