//! All scenarios of a directory: found, read, chosen, played on every core.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::away::Away;
use super::cast::Profiles;
use super::model::Case;
use super::parse;
use super::play::{Options, play, play_with};
use super::source::Problems;
use super::verdict::Played;
use crate::error::ExpectedError;

/// The folders of a directory of scenarios that hold other things.
const OTHERS: &[&str] = &["clients", "supernodes", "schema", "subjects", "deviations", "known", "topologies"];

/// The scenarios of a directory, with the profiles that they refer to.
#[derive(Debug)]
pub struct Suite {
    /// The profiles.
    pub profiles: Profiles,
    /// The cases, by id.
    pub cases: Vec<Case>,
    /// The files that could not be understood.
    pub problems: Vec<Problems>,
    /// How many scenario files there are.
    pub files: usize,
}

impl Suite {
    /// Reads every scenario below a directory.
    ///
    /// # Errors
    /// A file that cannot be opened, or a profile that is not understood. Scenarios that are not understood are in
    /// [`Suite::problems`].
    pub fn load(root: &Path) -> Result<Self, ExpectedError> {
        let profiles = Profiles::load(root)?;
        let known = profiles.known();
        let (mut cases, mut problems) = (Vec::new(), Vec::new());
        let paths = files(root)?;
        let count = paths.len();
        for path in paths {
            let text = read(&path)?;
            match parse::cases(&path, &id_of(root, &path), &text, &known) {
                Ok(found) => cases.extend(found),
                Err(found) => problems.push(found),
            }
        }
        Ok(Self { profiles, cases, problems, files: count })
    }

    /// Reads a scenario that lies elsewhere, with the profiles beside it. Its id is the name of its file.
    ///
    /// # Errors
    /// A file that cannot be opened, or a profile that is not understood. A scenario that is not understood is in
    /// [`Suite::problems`].
    pub fn add(&mut self, path: &Path) -> Result<String, ExpectedError> {
        self.profiles.add_beside(path)?;
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match parse::cases(path, &id, &read(path)?, &self.profiles.known()) {
            Ok(found) => self.cases.extend(found),
            Err(found) => self.problems.push(found),
        }
        Ok(id)
    }
}

fn read(path: &Path) -> Result<String, ExpectedError> {
    std::fs::read_to_string(path).map_err(|source| ExpectedError::File { path: path.to_owned(), source })
}

/// The scenario files below a directory, in order.
///
/// # Errors
/// A directory that cannot be read.
pub fn files(root: &Path) -> Result<Vec<PathBuf>, ExpectedError> {
    let mut found = Vec::new();
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| ExpectedError::File { path, source }
    };
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).map_err(failed(&directory))? {
            let path = entry.map_err(failed(&directory))?.path();
            let is_other = directory == root
                && path.file_name().is_some_and(|name| OTHERS.iter().any(|other| name == *other));
            if path.is_dir() && !is_other {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") && directory != root {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The id of a scenario: its path below the directory, without `.json`.
#[must_use]
pub fn id_of(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let parts = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    parts.collect::<Vec<_>>().join("/")
}

/// Plays cases on so many threads and hands over what came of each, in the order of the cases. The seed of each follows
/// from its name, so that no case depends on another.
pub fn run(
    cases: &[&Case],
    profiles: &Profiles,
    seed: &str,
    options: Options<'_>,
    threads: usize,
    mut on_played: impl FnMut(usize, Played),
) {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, cases.len().max(1)) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { return };
                    let seed = format!("{seed}/{}", case.name());
                    if sender.send((at, play(case, profiles, seed.as_bytes(), options))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = std::collections::BTreeMap::new();
        let mut due = 0;
        for (at, played) in receiver {
            waiting.insert(at, played);
            while let Some(played) = waiting.remove(&due) {
                on_played(due, played);
                due += 1;
            }
        }
    });
}

/// Plays cases one after another with a subject that is elsewhere, and hands over what came of each.
pub fn run_away(
    cases: &[&Case],
    profiles: &Profiles,
    seed: &str,
    options: Options<'_>,
    away: &mut Away<'_>,
    mut on_played: impl FnMut(usize, Played),
) {
    for (at, case) in cases.iter().enumerate() {
        let seed = format!("{seed}/{}", case.name());
        on_played(at, play_with(case, profiles, seed.as_bytes(), options, Some(away)));
    }
}

/// Whether a case is chosen by a word of the user's: its id, its name, a folder of it, or a pattern with `*`.
#[must_use]
pub fn is_chosen(case: &Case, word: &str) -> bool {
    let word = word.trim_end_matches('/');
    let name = case.name();
    let folder = format!("{word}/");
    case.id == word
        || name == word
        || case.id.starts_with(&folder)
        || fits(word, &case.id)
        || fits(word, &name)
}

/// Whether a text fits a pattern in which `*` stands for anything.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}
