//! A guest of QEMU: booted, told what to do, and gone when it is dropped.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt as _, FdMapping};

use super::agent::{Answer, Request};
use super::image::Image;
use super::nic::Nic;
use super::{LabError, apt, cache};

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
    /// How many network cards it has.
    pub cards: usize,
    /// Its memory, in MiB.
    pub memory: u32,
    /// The `l2tpspec` that runs in it.
    pub agent: &'a Path,
}

/// Gets what a guest boots and what it has beside that, so that it can boot where there is no network.
///
/// # Errors
/// What is missing on this machine, or cannot be downloaded.
pub(super) fn fetch(packages: &[&str]) -> Result<(), LabError> {
    let cache = cache()?;
    Image::new(&cache)?;
    apt::unpack(&cache, packages).map(|_| ())
}

/// A guest that runs.
#[derive(Debug)]
pub struct Guest {
    child: Child,
    agent: BufReader<UnixStream>,
    /// What has come of an answer.
    part: Vec<u8>,
    console: Arc<Mutex<VecDeque<String>>>,
    /// Its network cards.
    pub cards: Vec<Nic>,
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
        let image = Image::new(&cache)?;
        let packages = apt::unpack(&cache, machine.packages)?;
        let started = Instant::now();
        let failed = || LabError::io("a socket pair");
        let (own, guests) = UnixStream::pair().map_err(failed())?;
        let mut fds: Vec<OwnedFd> = vec![guests.into()];
        let mut cards = Vec::new();
        for place in 0..machine.cards {
            let (card, guests) = Nic::new(place)?;
            cards.push(card);
            fds.push(guests);
        }
        let mut command = command(machine, &image, &packages.root, &cards)?;
        let mapped = (FIRST_FD..).zip(fds).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
        command
            .fd_mappings(mapped.collect())
            .map_err(|error| LabError::io("sockets of a guest")(std::io::Error::other(error)))?;
        let mut child = command.spawn().map_err(|source| match source.kind() {
            ErrorKind::NotFound => LabError::Missing {
                what: QEMU.to_owned(),
                how: "apt-get install --no-install-recommends qemu-system-x86".to_owned(),
            },
            _ => LabError::Io { what: QEMU.to_owned(), source },
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
        versions.push(("linux".to_owned(), image.version));
        let (agent, part) = (BufReader::new(own), Vec::new());
        let mut guest = Self { child, agent, part, console, cards, versions, boot: Duration::ZERO };
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

const QEMU: &str = "qemu-system-x86_64";
/// The agent's socket in QEMU; those of the cards follow.
const FIRST_FD: i32 = 10;

fn command(
    machine: &Machine<'_>,
    image: &Image,
    packages: &Path,
    cards: &[Nic],
) -> Result<Command, LabError> {
    let agent: PathBuf =
        std::path::absolute(machine.agent).map_err(LabError::io(machine.agent.display().to_string()))?;
    if agent.to_str().is_none_or(|text| text.contains(char::is_whitespace)) {
        return Err(LabError::Missing {
            what: "an l2tpspec whose path has no blank".to_owned(),
            how: format!("move {}", agent.display()),
        });
    }
    // A guest ends with the process that holds it, however that ends.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", QEMU]);
    command.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
    command.args(["-accel", "tcg", "-cpu", "max", "-smp", "1"]);
    command.args(["-m", &machine.memory.to_string(), "-serial", "stdio"]);
    command.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(&image.initrd);
    command.arg("-append").arg(format!(
        "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on l2tpspec.modules={} l2tpspec.agent={}",
        image.modules.display(),
        agent.display(),
    ));
    for (tag, path) in [("host", Path::new("/")), ("packages", packages)] {
        let path = path.display();
        let options = "security_model=none,readonly=on,multidevs=remap";
        command.args(["-fsdev", &format!("local,id={tag},path={path},{options}")]);
        command.args(["-device", &format!("virtio-9p-pci,fsdev={tag},mount_tag={tag}")]);
    }
    command.args(["-chardev", &format!("socket,id=agent,fd={FIRST_FD}")]);
    command.args(["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,nr=1,name=agent"]);
    for (card, fd) in cards.iter().zip(FIRST_FD + 1..) {
        let mac = card.mac();
        command.args(["-netdev", &format!("dgram,id=card{fd},local.type=fd,local.str={fd}")]);
        // No option ROM: it would try to boot from the card.
        command.args(["-device", &format!("virtio-net-pci,netdev=card{fd},mac={mac},romfile=")]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
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
