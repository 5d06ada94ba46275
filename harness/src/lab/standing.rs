//! Labs that stand: a subject whose guest goes on in a network namespace, for whoever wants to dial it, be dialled by it, or
//! look at it, until it is taken down.
//!
//! A process of its own holds the guest and carries packets between its card and a TUN device of the namespace. What is known of
//! it lies in a folder of this machine's run files; what a holder that was killed has left is found there and removed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::agent::Answer;
use super::{LabError, output};

/// Where run files of this machine lie.
const FOLDER: &str = "/run/l2tpspec";
/// What the names of our namespaces begin with.
const NAMESPACE: &str = "l2tpspec-";
/// What keeps two processes from doing things to labs at once.
const GUARD: &str = "/run/l2tpspec.lock";
/// Where the system keeps namespaces that have names.
const NAMESPACES: &str = "/run/netns";
/// What is needed to make namespaces and devices, and its place among the capabilities (capabilities(7)).
const NEEDED: [(&str, u32); 2] = [("CAP_NET_ADMIN", 12), ("CAP_SYS_ADMIN", 21)];
/// How long a holder may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(10);

/// A lab that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Its subject's name.
    pub subject: String,
    /// Whether the subject is a client.
    pub is_client: bool,
    /// Whether it does without IPsec.
    pub in_clear: bool,
    /// The network namespace.
    pub namespace: String,
    /// The process that holds it.
    pub pid: i32,
    /// The guest's address.
    pub guest: Ipv4Addr,
    /// The address of the namespace that the guest reaches.
    pub outside: Ipv4Addr,
    /// What the guest is made of, with versions.
    pub versions: String,
}

/// What a holder is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// To run a script in the guest.
    Run(String),
    /// To make the subject do something that has a name in its file.
    Do(String),
    /// To end.
    End,
}

/// The file of a lab.
pub(super) fn file(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name).with_extension("json")
}

/// The socket of its holder.
pub(super) fn socket(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name).with_extension("sock")
}

/// What its holder has said.
fn log(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name).with_extension("log")
}

/// The namespace of a lab.
pub(super) fn namespace(name: &str) -> String {
    format!("{NAMESPACE}{name}")
}

/// Whether a name can be that of a lab: it becomes part of a namespace's and of files'.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= 40 && name.chars().all(plain)
}

/// The capabilities that a process has in effect, by `/proc/PID/status`.
fn lacking(status: &str) -> Vec<&'static str> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let has = line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default();
    NEEDED.iter().filter(|(_, bit)| has >> bit & 1 == 0).map(|(name, _)| *name).collect()
}

fn may() -> Result<(), LabError> {
    let status = fs::read_to_string("/proc/self/status").map_err(LabError::io("/proc/self/status"))?;
    match lacking(&status).as_slice() {
        [] => Ok(()),
        names => Err(LabError::Missing {
            what: format!("a privilege ({})", names.join(", ")),
            how: "a lab that stands has a network namespace and a device: run it as root".to_owned(),
        }),
    }
}

impl Standing {
    /// Asks its holder for something.
    ///
    /// # Errors
    /// A holder that does not answer.
    pub fn ask(&self, ask: &Ask) -> Result<Answer, LabError> {
        let path = socket(&self.name);
        let failed = || LabError::io(path.display().to_string());
        let mut stream = UnixStream::connect(&path).map_err(failed())?;
        let mut line = serde_json::to_vec(ask).map_err(|error| failed()(error.into()))?;
        line.push(b'\n');
        stream.write_all(&line).map_err(failed())?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).map_err(failed())?;
        serde_json::from_str(&answer).map_err(|error| failed()(error.into()))
    }

    /// What somebody may type now.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let Self { name, namespace, guest, outside, .. } = self;
        let clear = if self.in_clear { " --clear" } else { "" };
        let inside = format!("ip netns exec {namespace}");
        let talk = if self.is_client {
            vec![
                format!("{inside} l2tpspec serve --bind {outside}{clear}"),
                format!("l2tpspec lab tell {name} connect"),
            ]
        } else {
            vec![format!("{inside} l2tpspec connect {guest} --profile networkmanager-strongswan{clear}")]
        };
        let rest = [
            format!("{inside} tcpdump -i wan"),
            format!("l2tpspec lab shell {name}"),
            format!("l2tpspec lab down {name}"),
        ];
        talk.into_iter().chain(rest).collect()
    }
}

/// Every lab that stands. What others have left, whose holders are gone, is removed, and their names are given, too.
///
/// # Errors
/// A folder or a file that cannot be read, or something left that cannot be removed.
pub fn standing() -> Result<(Vec<Standing>, Vec<String>), LabError> {
    let (mut found, mut removed) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for path in entries(Path::new(FOLDER))? {
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    for path in entries(Path::new(NAMESPACES))? {
        let namespace = path.file_name().map(|name| name.to_string_lossy().into_owned());
        names.extend(namespace.and_then(|namespace| Some(namespace.strip_prefix(NAMESPACE)?.to_owned())));
    }
    for name in names {
        if !is_held(&name) {
            let _guard = guard()?;
            // Another process may have put it up, or removed it, meanwhile.
            if !is_held(&name) && (file(&name).exists() || log(&name).exists() || has_namespace(&name)) {
                remove(&name)?;
                removed.push(name);
            }
            continue;
        }
        // One that is being set up has no file yet.
        if let Ok(text) = fs::read(file(&name)) {
            let standing = serde_json::from_slice(&text);
            found.push(
                standing.map_err(|error| LabError::io(file(&name).display().to_string())(error.into()))?,
            );
        }
    }
    Ok((found, removed))
}

/// What there is in a folder; nothing if there is no folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, LabError> {
    let failed = || LabError::io(folder.display().to_string());
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry.map_err(failed())?.path())).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed()(error)),
    }
}

/// Whether a process holds the lab of a name, or is about to.
fn is_held(name: &str) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes.filter_map(Result::ok).any(|process| {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|octet| *octet == 0).collect();
        words.windows(3).any(|three| three == [b"lab".as_slice(), b"hold", name.as_bytes()])
    })
}

fn has_namespace(name: &str) -> bool {
    Path::new(NAMESPACES).join(namespace(name)).exists()
}

/// Keeps others from removing what is about to be held. It is let go when it is dropped.
fn guard() -> Result<fs::File, LabError> {
    let failed = || LabError::io(GUARD);
    let file = fs::File::create(GUARD).map_err(failed())?;
    file.lock().map_err(failed())?;
    Ok(file)
}

/// Removes what there is of a lab whose holder is gone.
fn remove(name: &str) -> Result<(), LabError> {
    if has_namespace(name) {
        output(Command::new("ip").args(["netns", "del", &namespace(name)]), "iproute2")?;
    }
    for path in [socket(name), log(name), file(name).with_extension("part"), file(name)] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(LabError::io(path.display().to_string())(error));
            }
            _ => {}
        }
    }
    // The folder goes with the last of them.
    let _ = fs::remove_dir(FOLDER);
    Ok(())
}

/// Puts up a lab of a subject. `own` is this program, `scenarios` where the subject's file and profiles are.
///
/// # Errors
/// What is missing; a name that is taken; a guest that does not come up, after which nothing is left.
pub fn up(own: &Path, subject: &str, name: &str, scenarios: &Path) -> Result<Standing, LabError> {
    may()?;
    if !is_name(name) {
        return Err(LabError::Standing(format!(
            "`{name}` is no name of a lab: letters, digits, - and _, at most 40"
        )));
    }
    let (all, _) = standing()?;
    if let Some(other) = all.iter().find(|other| other.name == name) {
        return Err(LabError::Standing(format!(
            "`{name}` stands already, held by process {}: take it down, or give this one another name with --as",
            other.pid
        )));
    }
    let guard = guard()?;
    fs::create_dir_all(FOLDER).map_err(LabError::io(FOLDER))?;
    output(Command::new("ip").args(["netns", "add", &namespace(name)]), "iproute2")?;
    let held = hold(own, subject, name, scenarios, guard);
    if held.is_err() {
        // What has failed says why; that nothing is left of it is tried as well as can be.
        let _ = remove(name);
    }
    held
}

fn hold(
    own: &Path,
    subject: &str,
    name: &str,
    scenarios: &Path,
    guard: fs::File,
) -> Result<Standing, LabError> {
    let failed = |what: &Path| LabError::io(what.display().to_string());
    let told = fs::File::create(log(name)).map_err(failed(&log(name)))?;
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &namespace(name), "setsid"]).arg(own).args(["lab", "hold", name, subject]);
    command.arg("--scenarios").arg(scenarios);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(told);
    let mut child = command.spawn().map_err(LabError::io("ip"))?;
    while !is_held(name) && child.try_wait().is_ok_and(|ended| ended.is_none()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(guard);
    let mut line = String::new();
    if let Some(said) = child.stdout.take() {
        BufReader::new(said).read_line(&mut line).map_err(LabError::io("the holder of the lab"))?;
    }
    serde_json::from_str(&line).map_err(|_| {
        let _ = child.wait();
        let said = fs::read_to_string(log(name)).unwrap_or_default();
        LabError::Program { program: "the holder of the lab".to_owned(), said: said.trim().to_owned() }
    })
}

/// Takes a lab down: its guest, its device, its namespace, its files.
///
/// # Errors
/// What cannot be removed.
pub fn down(standing: &Standing) -> Result<(), LabError> {
    // A holder that does not answer is ended by force, below.
    let _ = standing.ask(&Ask::End);
    let until = Instant::now() + FAREWELL;
    let name = &standing.name;
    while is_held(name) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    if is_held(name)
        && let Some(pid) = Pid::from_raw(standing.pid)
    {
        kill_process(pid, Signal::KILL).map_err(|error| LabError::io("ending the holder")(error.into()))?;
        while is_held(name) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    remove(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_those_of_namespaces_and_files() {
        assert!(is_name("sn1") && is_name("strongswan-xl2tpd_2"));
        for name in ["", "../sn1", "a b", "sn1.json", &"x".repeat(41)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn what_a_process_may_not_is_named() {
        let status = |bits: u64| format!("Name:\tl2tpspec\nCapEff:\t{bits:016x}\nSeccomp:\t0\n");
        assert_eq!(lacking(&status(u64::MAX)), [""; 0]);
        assert_eq!(lacking(&status(1 << 21)), ["CAP_NET_ADMIN"]);
        assert_eq!(lacking(&status(0)), ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]);
        assert_eq!(lacking("Name: x\n"), ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]);
    }

    #[test]
    fn what_nobody_holds_is_not_held_and_what_stands_tells_what_may_be_typed() {
        let standing = Standing {
            name: "sn1".to_owned(),
            subject: "strongswan-xl2tpd".to_owned(),
            is_client: false,
            in_clear: true,
            namespace: "l2tpspec-sn1".to_owned(),
            pid: 1,
            guest: Ipv4Addr::LOCALHOST,
            outside: Ipv4Addr::LOCALHOST,
            versions: String::new(),
        };
        assert!(!is_held("sn1"));
        assert!(
            standing
                .hints()
                .iter()
                .any(|hint| hint.contains("connect 127.0.0.1") && hint.contains("--clear"))
        );
    }
}
