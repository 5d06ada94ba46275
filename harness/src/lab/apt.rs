//! Debian's packages, downloaded and unpacked beside the system: nothing is installed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{LabError, output};

/// Packages that were unpacked.
#[derive(Debug, Clone)]
pub(super) struct Unpacked {
    /// The folder that holds their files.
    pub(super) root: PathBuf,
    /// The version of each that was asked for.
    pub(super) versions: BTreeMap<String, String>,
}

/// The packages by these names, with whatever they need that this machine has not.
pub(super) fn unpack(cache: &Path, names: &[&str]) -> Result<Unpacked, LabError> {
    let place = cache.join("packages").join(names.join("+"));
    let lock = lock(cache, &names.join("+"))?;
    let versions = place.join("versions.json");
    if !versions.is_file() {
        fetch(&place, names)?;
    }
    drop(lock);
    let failed = || LabError::io(versions.display().to_string());
    let text = fs::read_to_string(&versions).map_err(failed())?;
    let versions = serde_json::from_str(&text).map_err(|error| failed()(error.into()))?;
    Ok(Unpacked { root: place.join("root"), versions })
}

/// Holds others off while something is made. The lock is let go when the file is closed.
pub(super) fn lock(cache: &Path, name: &str) -> Result<File, LabError> {
    let place = cache.join("locks");
    fs::create_dir_all(&place).map_err(LabError::io(place.display().to_string()))?;
    let path = place.join(name);
    let file = File::create(&path).map_err(LabError::io(path.display().to_string()))?;
    file.lock().map_err(LabError::io(path.display().to_string()))?;
    Ok(file)
}

fn fetch(place: &Path, names: &[&str]) -> Result<(), LabError> {
    let made = |path: &Path| {
        let path = path.display().to_string();
        LabError::io(path)
    };
    // What an interrupted run has left is not trusted.
    if place.exists() {
        fs::remove_dir_all(place).map_err(made(place))?;
    }
    let (root, archives) = (place.join("root"), place.join("archives"));
    for folder in [&root, &archives] {
        fs::create_dir_all(folder).map_err(made(folder))?;
    }
    let wanted = needed(names)?;
    let specified: Vec<String> = wanted.iter().map(|(name, version)| format!("{name}={version}")).collect();
    output(Command::new("apt-get").args(["-q", "download"]).args(&specified).current_dir(&archives), "apt")?;
    for entry in fs::read_dir(&archives).map_err(made(&archives))? {
        let path = entry.map_err(made(&archives))?.path();
        output(Command::new("dpkg-deb").arg("-x").arg(&path).arg(&root), "dpkg")?;
    }
    fs::remove_dir_all(&archives).map_err(made(&archives))?;
    for name in ["bin", "sbin", "lib", "lib64"] {
        merge_usr(&root, name).map_err(made(&root))?;
    }
    let versions: BTreeMap<&str, &str> =
        wanted.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
    let path = place.join("versions.json");
    let text = serde_json::to_string_pretty(&versions).map_err(|error| made(&path)(error.into()))?;
    fs::write(&path, text).map_err(made(&path))
}

/// Moves what packages still have in `/lib` and the like to `/usr/lib`, as an installation would follow the link there.
fn merge_usr(root: &Path, name: &str) -> io::Result<()> {
    let (old, new) = (root.join(name), root.join("usr").join(name));
    if old.is_dir() {
        move_into(&old, &new)?;
        std::os::unix::fs::symlink(Path::new("usr").join(name), old)?;
    }
    Ok(())
}

fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() && target.is_dir() {
            move_into(&entry.path(), &target)?;
        } else {
            fs::rename(entry.path(), target)?;
        }
    }
    fs::remove_dir(from)
}

/// What would be installed, with versions: what was asked for, and what that needs and is not here.
fn needed(names: &[&str]) -> Result<Vec<(String, String)>, LabError> {
    let simulated = output(
        Command::new("apt-get")
            .args(["-q", "-s", "--no-install-recommends", "--reinstall", "install"])
            .args(names)
            .env("LC_ALL", "C"),
        "apt",
    )?;
    let text = String::from_utf8_lossy(&simulated.stdout).into_owned();
    let found: Vec<(String, String)> = text.lines().filter_map(installed).collect();
    match names.iter().find(|name| !found.iter().any(|(found, _)| found == *name)) {
        None => Ok(found),
        Some(name) => Err(LabError::Missing {
            what: format!("the package {name}"),
            how: "apt-get update, on a Debian that has it".to_owned(),
        }),
    }
}

/// The name and version in a line such as `Inst ppp [2.4.9-1] (2.4.9-1+b1 Debian:12 [amd64])`.
fn installed(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("Inst ")?;
    let name = rest.split(' ').next()?;
    let version = rest.split_once('(')?.1.split(' ').next()?;
    Some((name.to_owned(), version.to_owned()))
}

/// The package that a package without content stands for.
pub(super) fn dependency(of: &str, prefix: &str) -> Result<String, LabError> {
    let shown = output(Command::new("apt-cache").args(["depends", of]).env("LC_ALL", "C"), "apt")?;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    let found = text.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    found.map(str::trim).find(|name| name.starts_with(prefix)).map(str::to_owned).ok_or_else(|| {
        LabError::Missing {
            what: format!("the package that {of} stands for"),
            how: "apt-get update, on a Debian that has it".to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::installed;

    #[test]
    fn a_simulated_installation_is_read() {
        let line =
            "Inst libevent-2.1-7 [2.1.12-stable-8] (2.1.12-stable-8+deb12u1 Debian-Security:12/x [amd64])";
        let found = installed(line).expect("a package");
        assert_eq!(found, ("libevent-2.1-7".to_owned(), "2.1.12-stable-8+deb12u1".to_owned()));
        let line = "Inst xl2tpd (1.3.18-1 Debian:12.15/oldstable [amd64])";
        assert_eq!(installed(line), Some(("xl2tpd".to_owned(), "1.3.18-1".to_owned())));
        assert_eq!(installed("Conf xl2tpd (1.3.18-1 Debian:12.15/oldstable [amd64])"), None);
    }
}
