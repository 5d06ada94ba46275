//! The host's resolvers: a file that is replaced while a tunnel is up, and put back.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// What a file of ours begins with.
const MARK: &str = "# of a tunnel of l2tpspec";

/// The resolvers of a tunnel in place of the host's. What was there comes back when this goes.
#[derive(Debug)]
pub(super) struct Resolver {
    path: PathBuf,
    /// What was there, kept beside the file too: a run that is killed puts nothing back, and the next one finds it.
    backup: PathBuf,
    written: String,
}

impl Resolver {
    /// Writes the resolvers of a tunnel into the file. It is written in place, because it may be a mount.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(super) fn replace(path: &Path, servers: &[Ipv4Addr]) -> io::Result<Self> {
        let backup = beside(path);
        // What a killed run has written is not what was there before.
        let is_left_over = fs::read(path)?.starts_with(MARK.as_bytes()) && fs::exists(&backup)?;
        if !is_left_over {
            fs::copy(path, &backup)?;
        }
        let lines: String = servers.iter().map(|server| format!("nameserver {server}\n")).collect();
        let written = format!("{MARK}; what was here is in {}\n{lines}", backup.display());
        fs::write(path, &written)?;
        Ok(Self { path: path.to_owned(), backup, written })
    }

    fn put_back(&self) -> io::Result<()> {
        // What somebody else has written since is not ours to undo.
        if fs::read(&self.path)? == self.written.as_bytes() {
            fs::write(&self.path, fs::read(&self.backup)?)?;
        }
        fs::remove_file(&self.backup)
    }
}

/// Where what was in a file is kept.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".before-l2tpspec");
    path.with_file_name(name)
}

impl Drop for Resolver {
    fn drop(&mut self) {
        if let Err(error) = self.put_back() {
            let (path, backup) = (self.path.display(), self.backup.display());
            eprintln!("warning: {path} could not be put back: {error}; what it was is in {backup}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "search mesh.example\nnameserver 192.0.2.53\n";

    fn file(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("l2tpspec-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("resolv.conf");
        fs::write(&path, BEFORE).expect("a file");
        path
    }

    fn forget(path: &Path) {
        fs::remove_dir_all(path.parent().expect("a directory")).expect("it goes");
    }

    #[test]
    fn the_file_is_replaced_and_put_back_to_the_octet() {
        let path = file("plain");
        let resolver = Resolver::replace(&path, &[Ipv4Addr::new(10, 10, 10, 10)]).expect("it is written");
        let text = fs::read_to_string(&path).expect("it is read");
        assert!(text.contains("\nnameserver 10.10.10.10\n") && !text.contains("192.0.2.53"), "{text}");
        drop(resolver);
        assert_eq!(fs::read_to_string(&path).expect("it is read"), BEFORE);
        assert!(!beside(&path).exists());
        forget(&path);
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let path = file("changed");
        let resolver = Resolver::replace(&path, &[Ipv4Addr::new(10, 10, 10, 10)]).expect("it is written");
        fs::write(&path, "nameserver 198.51.100.1\n").expect("it is written");
        drop(resolver);
        assert_eq!(fs::read_to_string(&path).expect("it is read"), "nameserver 198.51.100.1\n");
        forget(&path);
    }

    #[test]
    fn what_a_killed_run_left_is_put_back_by_the_next() {
        let path = file("killed");
        std::mem::forget(Resolver::replace(&path, &[Ipv4Addr::new(10, 0, 0, 1)]).expect("it is written"));
        drop(Resolver::replace(&path, &[Ipv4Addr::new(10, 0, 0, 2)]).expect("it is written"));
        assert_eq!(fs::read_to_string(&path).expect("it is read"), BEFORE);
        assert!(!beside(&path).exists());
        // Nor is what such a run left put back once somebody else has written.
        std::mem::forget(Resolver::replace(&path, &[Ipv4Addr::new(10, 0, 0, 1)]).expect("it is written"));
        fs::write(&path, "nameserver 198.51.100.1\n").expect("it is written");
        drop(Resolver::replace(&path, &[Ipv4Addr::new(10, 0, 0, 2)]).expect("it is written"));
        assert_eq!(fs::read_to_string(&path).expect("it is read"), "nameserver 198.51.100.1\n");
        forget(&path);
    }
}
