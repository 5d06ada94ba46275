//! A guest: booted, told what to do, and gone when it is dropped. It is a machine of QEMU or namespaces of this kernel, and
//! who talks to it does not see which.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::agent::{Answer, Request};
use super::hosting::Hosting;
use super::nic::Nic;
use super::{LabError, apt, cache, namespaces, qemu};

/// What a script has come to.
pub type Said = Answer;

/// How long a guest may take to boot on a busy machine.
const BOOT: Duration = Duration::from_secs(120);
/// How many lines of its console are kept.
const LINES: usize = 40;

/// What a guest is to be.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    /// Debian's packages that it has beside what this machine has.
    pub packages: &'a [&'a str],
    /// Its memory, in MiB, where it has one of its own.
    pub memory: u32,
    /// The `l2tpspec` that runs in it.
    pub agent: &'a Path,
    /// What it is made of, where this machine is not to decide.
    pub hosting: Option<Hosting>,
}

/// Gets what a guest boots and what it has beside that, so that it can boot where there is no network.
///
/// # Errors
/// What is missing on this machine, or cannot be downloaded.
pub(super) fn fetch(packages: &[&str]) -> Result<(), LabError> {
    let cache = cache()?;
    match Hosting::chosen(&cache)? {
        Hosting::Qemu => qemu::fetch(&cache)?,
        Hosting::Namespaces => {}
    }
    apt::unpack(&cache, packages).map(|_| ())
}

/// What a guest gets of the sockets between it and this process.
pub(super) struct Ends {
    /// The agent's, a stream of lines.
    pub(super) agent: OwnedFd,
    /// The network card's, a frame a datagram.
    pub(super) card: OwnedFd,
}

/// How a guest is started.
pub(super) struct Prepared {
    /// The command, but for its standard error.
    pub(super) command: Command,
    /// The version of its kernel.
    pub(super) kernel: String,
}

/// A guest that runs.
#[derive(Debug)]
pub struct Guest {
    child: Child,
    agent: BufReader<UnixStream>,
    /// What has come of an answer.
    part: Vec<u8>,
    console: Arc<Mutex<VecDeque<String>>>,
    /// Its network card.
    pub card: Nic,
    /// Packages and their versions, and the kernel's.
    pub versions: Vec<(String, String)>,
    /// How long it took to boot.
    pub boot: Duration,
}

impl Guest {
    /// Boots one.
    ///
    /// # Errors
    /// What is missing on this machine, and how to get it; or a guest that does not come up.
    pub fn boot(machine: &Machine<'_>) -> Result<Self, LabError> {
        let cache = cache()?;
        let hosting = machine.hosting.map_or_else(|| Hosting::chosen(&cache), Ok)?;
        let packages = apt::unpack(&cache, machine.packages)?;
        let started = Instant::now();
        let (own, guests) = UnixStream::pair().map_err(LabError::io("a socket pair"))?;
        let (card, wire) = Nic::new()?;
        let ends = Ends { agent: guests.into(), card: wire };
        let agent = machine.agent;
        let agent = std::path::absolute(agent).map_err(LabError::io(agent.display().to_string()))?;
        let machine = &Machine { agent: &agent, ..machine.clone() };
        let prepared = match hosting {
            Hosting::Qemu => qemu::command(machine, &cache, &packages.root, ends)?,
            Hosting::Namespaces => namespaces::command(machine, &cache, &packages.root, ends)?,
        };
        let Prepared { mut command, kernel } = prepared;
        let spawned = command.stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|source| match source.kind() {
            ErrorKind::NotFound => LabError::Missing {
                what: command.get_program().to_string_lossy().into_owned(),
                how: "apt-get install util-linux".to_owned(),
            },
            _ => LabError::Io { what: "a guest".to_owned(), source },
        })?;
        // The command holds the guest's ends of the sockets.
        drop(command);
        let console = Arc::default();
        for output in [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)] {
            listen(output, &console);
        }
        let mut versions: Vec<(String, String)> = machine
            .packages
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), packages.versions.get(*name)?.clone())))
            .collect();
        versions.push(("linux".to_owned(), kernel));
        let (agent, part) = (BufReader::new(own), Vec::new());
        let mut guest = Self { child, agent, part, console, card, versions, boot: Duration::ZERO };
        guest.answer("booted", BOOT)?;
        guest.boot = started.elapsed();
        Ok(guest)
    }

    /// Runs a script in it.
    ///
    /// # Errors
    /// A guest that does not answer.
    pub fn run(&mut self, script: &str, within: Duration) -> Result<Said, LabError> {
        self.begin(script, within)?;
        self.answer("answered", within + Duration::from_secs(20))
    }

    /// Begins a script, which [`Self::ended`] then asks after. Nothing else is asked for in between.
    ///
    /// # Errors
    /// A guest that has gone.
    pub fn begin(&mut self, script: &str, within: Duration) -> Result<(), LabError> {
        let milliseconds = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        self.ask(&Request::Run { script: script.to_owned(), within: milliseconds })
    }

    /// What the script that was begun has come to, if it has ended.
    ///
    /// # Errors
    /// A guest that has gone.
    pub fn ended(&mut self) -> Result<Option<Said>, LabError> {
        self.hear("answered", Duration::from_millis(1))
    }

    /// Runs a script that has to succeed.
    ///
    /// # Errors
    /// A guest that does not answer, or a script that fails.
    pub fn do_step(&mut self, step: &str, script: &str, within: Duration) -> Result<String, LabError> {
        let Said { status, said } = self.run(script, within)?;
        if status == Some(0) {
            return Ok(said);
        }
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        Err(LabError::Step { step: step.to_owned(), status, said: gist(&said) })
    }

    /// Writes a file in it.
    ///
    /// # Errors
    /// A guest that does not answer, or a place that cannot be written.
    pub fn write(&mut self, path: &str, text: &str, mode: u32) -> Result<(), LabError> {
        self.ask(&Request::Write { path: path.to_owned(), text: text.to_owned(), mode })?;
        let Said { status, said } = self.answer("answered", Duration::from_secs(20))?;
        if status == Some(0) {
            return Ok(());
        }
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        Err(LabError::Step { step: format!("writing {path}"), status, said })
    }

    fn ask(&mut self, request: &Request) -> Result<(), LabError> {
        let failed = || LabError::io("the guest's agent");
        let mut line = serde_json::to_vec(request).map_err(|error| failed()(error.into()))?;
        line.push(b'\n');
        self.agent.get_mut().write_all(&line).map_err(failed())
    }

    fn answer(&mut self, what: &str, within: Duration) -> Result<Answer, LabError> {
        match self.hear(what, within)? {
            Some(answer) => Ok(answer),
            None => Err(self.silent(what, within.as_secs())),
        }
    }

    fn hear(&mut self, what: &str, within: Duration) -> Result<Option<Answer>, LabError> {
        let failed = || LabError::io("the guest's agent");
        self.agent.get_ref().set_read_timeout(Some(within)).map_err(failed())?;
        match self.agent.read_until(b'\n', &mut self.part) {
            Ok(_) if self.part.ends_with(b"\n") => {
                let line = std::mem::take(&mut self.part);
                serde_json::from_slice(&line).map(Some).map_err(|error| failed()(error.into()))
            }
            Ok(_) => Err(self.silent(what, 0)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(error) => Err(failed()(error)),
        }
    }

    fn silent(&self, what: &str, seconds: u64) -> LabError {
        LabError::Silent { what: what.to_owned(), seconds, console: self.console() }
    }

    /// The end of what its console says.
    #[must_use]
    pub fn console(&self) -> String {
        let lines = self.console.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The beginning and the end of what a program says: the one has what went wrong first, the other why it ended.
fn gist(said: &str) -> String {
    const LINES: usize = 4;
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [first @ .., _, _, _, _] if first.len() > LINES => {
            let last = &lines[lines.len() - LINES..];
            format!("{}; ...; {}", first[..LINES].join("; "), last.join("; "))
        }
        all => all.join("; "),
    }
}

/// Keeps the end of what is said, until nothing more is.
fn listen(output: Option<OwnedFd>, console: &Arc<Mutex<VecDeque<String>>>) {
    let Some(output) = output else { return };
    let console = Arc::clone(console);
    std::thread::spawn(move || {
        for line in BufReader::new(std::fs::File::from(output)).split(b'\n').map_while(Result::ok) {
            let mut lines = console.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() >= LINES {
                lines.pop_front();
            }
            lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
    });
}
