//! What was judged before an interruption: a file with a line for each recording that is done, so that the next run takes up where the
//! last one was and says in the end what one run would have said.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ExpectedError;

/// What came of one recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Done<T> {
    /// Which recording, as it then was.
    of: String,
    /// What was written about it, on standard output and on standard error.
    pub(super) out: String,
    pub(super) err: String,
    /// What counts for the end.
    pub(super) result: T,
}

/// The first line: results of another question are none of this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    l2tpspec: String,
    asks: String,
}

/// The file, and what it said when it was opened.
#[derive(Debug)]
pub(super) struct Journal<T> {
    path: PathBuf,
    file: File,
    done: BTreeMap<String, Done<T>>,
}

impl<T: Serialize + DeserializeOwned> Journal<T> {
    /// Opens a file or begins one. `asks` is what the run is asked, as far as it matters for what is written.
    ///
    /// # Errors
    /// A file that cannot be read or written, or that another question was asked for.
    pub(super) fn open(path: &Path, asks: &str) -> Result<Self, ExpectedError> {
        let failed = |source| ExpectedError::File { path: path.to_owned(), source };
        let head = Head { l2tpspec: env!("CARGO_PKG_VERSION").to_owned(), asks: asks.to_owned() };
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        file.try_lock().map_err(|error| failed(error.into()))?;
        let octets = std::fs::read(path).map_err(failed)?;
        let mut done = BTreeMap::new();
        // The last line may have been cut short, perhaps inside of a character.
        let whole = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
        let text = String::from_utf8_lossy(&octets[..whole]);
        let mut lines = text.lines();
        if lines.next().is_some_and(|line| serde_json::from_str::<Head>(line).ok().as_ref() != Some(&head)) {
            return Err(ExpectedError::Usage(format!(
                "{}: it is no file of this run: the version, the options or the kind of run differ\nhint: remove it, or name \
                 another with --resume",
                path.display()
            )));
        }
        for (at, line) in lines.enumerate() {
            let entry: Done<T> = serde_json::from_str(line).map_err(|error| ExpectedError::Json {
                path: path.to_owned(),
                line: at + 2,
                column: error.column(),
                problem: error.to_string(),
            })?;
            done.insert(entry.of.clone(), entry);
        }
        file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let mut journal = Self { path: path.to_owned(), file, done };
        if whole == 0 {
            journal.append(&head)?;
        }
        Ok(journal)
    }

    fn append(&mut self, line: &impl Serialize) -> Result<(), ExpectedError> {
        let failed = |source| ExpectedError::File { path: self.path.clone(), source };
        let mut octets = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        octets.push(b'\n');
        self.file.write_all(&octets).map_err(failed)
    }

    /// What came of a recording before, unless it has changed since.
    pub(super) fn take(&mut self, captures: &[&Path]) -> Option<Done<T>> {
        self.done.remove(&key(captures))
    }

    /// What came of something else before, by its name.
    pub(super) fn take_named(&mut self, name: &str) -> Option<T> {
        self.done.remove(name).map(|done| done.result)
    }

    /// Keeps what came of something by its name.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn keep_named(&mut self, name: &str, result: T) -> Result<(), ExpectedError> {
        self.append(&Done { of: name.to_owned(), out: String::new(), err: String::new(), result })
    }

    /// Keeps what came of a recording.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn keep(
        &mut self,
        captures: &[&Path],
        out: String,
        err: String,
        result: T,
    ) -> Result<(), ExpectedError> {
        let done = Done { of: key(captures), out, err, result };
        self.append(&done)
    }
}

/// What a run is asked, in a few characters: its options, and the files that bear on what comes of it, as they are. Secrets among the
/// options are not to be read in the file. `own` is that file, which may lie among them.
pub(super) fn question<'p>(
    verb: &str,
    asks: impl std::fmt::Debug,
    files: impl IntoIterator<Item = &'p PathBuf>,
    own: Option<&Path>,
) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    let mut hasher = DefaultHasher::new();
    format!("{asks:?}").hash(&mut hasher);
    let own = own.map(|own| own.display().to_string() + " ");
    let is_own = |stamp: &String| own.as_ref().is_some_and(|own| stamp.starts_with(own));
    for stamp in files.into_iter().flat_map(|path| stamp(path)).filter(|stamp| !is_own(stamp)) {
        stamp.hash(&mut hasher);
    }
    format!("{verb} {:016x}", hasher.finish())
}

/// The names of recordings, with their sizes and the times of their last change, and of the keys that lie beside them.
fn key(captures: &[&Path]) -> String {
    let one = |path: &&Path| {
        let beside = [path.with_extension("keys"), path.with_file_name("keys")];
        let keys = beside.iter().filter(|keys| keys.is_dir()).flat_map(|keys| stamp(keys));
        stamp(path).into_iter().chain(keys).collect::<Vec<_>>().join(", ")
    };
    captures.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A file, or every file below a folder: its name, its size, and when it was changed.
fn stamp(path: &Path) -> Vec<String> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut below: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        below.sort();
        return below.iter().flat_map(|path| stamp(path)).collect();
    }
    let data = std::fs::metadata(path).ok();
    let octets = data.as_ref().map_or(0, std::fs::Metadata::len);
    let changed = data.and_then(|data| data.modified().ok());
    let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    vec![format!("{} {octets} {}", path.display(), changed.as_nanos())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("l2tpspec-journal-{}-{name}", std::process::id()));
        let _gone = std::fs::remove_file(&path);
        path
    }

    #[test]
    fn what_was_kept_is_there_again_and_a_line_cut_short_is_not() {
        let path = file("kept");
        let (one, two) = (Path::new("one.pcap"), Path::new("two.pcap"));
        let mut journal: Journal<u32> = Journal::open(&path, "check").unwrap();
        journal.keep(&[one], "said".to_owned(), String::new(), 7).unwrap();
        assert!(Journal::<u32>::open(&path, "check").is_err(), "another run has it");
        journal.keep(&[two], "said ✓".to_owned(), String::new(), 8).unwrap();
        drop(journal);
        let octets = std::fs::read(&path).unwrap();
        let mark = octets.windows(3).position(|three| three == "✓".as_bytes()).unwrap();
        std::fs::write(&path, &octets[..=mark]).unwrap();
        let mut journal: Journal<u32> = Journal::open(&path, "check").unwrap();
        let done = journal.take(&[one]).unwrap();
        assert_eq!((done.out.as_str(), done.result), ("said", 7));
        assert!(journal.take(&[two]).is_none());
        journal.keep(&[two], "said again".to_owned(), String::new(), 9).unwrap();
        drop(journal);
        let mut journal: Journal<u32> = Journal::open(&path, "check").unwrap();
        assert_eq!(journal.take(&[two]).unwrap().result, 9);
        drop(journal);
        let other = Journal::<u32>::open(&path, "diff").unwrap_err().to_string();
        assert!(other.contains("no file of this run"), "{other}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn another_file_of_the_same_name_is_another_question() {
        let folder = std::env::temp_dir().join(format!("l2tpspec-journal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let asked = |text: &str| {
            std::fs::write(folder.join("subject.json"), text).unwrap();
            std::fs::write(folder.join("own.jsonl"), text.repeat(2)).unwrap();
            question("regress", "lab:subject.json", [&folder], Some(&folder.join("own.jsonl")))
        };
        assert_eq!(asked("{}").len(), "regress ".len() + 16);
        let (one, other) = (asked("{}"), asked("{ \"extends\": \"strongswan-xl2tpd\" }"));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_ne!(one, other);
    }
}
