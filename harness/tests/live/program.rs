//! The program under test, running in a namespace: what it tells, one JSON object a line, is waited for.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::namespace::Namespace;

/// The program.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_l2tpspec");
/// How long something may take to be told. What is waited for takes a second.
const PATIENCE: Duration = Duration::from_secs(40);

/// The directory of profiles.
pub(super) fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// A run of the program.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    lines: Receiver<String>,
    /// What it has told so far.
    pub(super) told: Vec<Value>,
}

/// What is left of a run.
#[derive(Debug)]
pub(super) struct Rest {
    /// The exit status.
    pub(super) status: Option<i32>,
    /// Everything that it told.
    pub(super) told: Vec<Value>,
    /// What it wrote besides.
    pub(super) errors: String,
}

impl Program {
    /// Starts it in a namespace.
    pub(super) fn start(namespace: &Namespace, arguments: &[&str]) -> Result<Self, Failed> {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--json").arg("--scenarios").arg(scenarios());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            namespace.within(|| command.spawn()).map_err(|error| format!("{PROGRAM}: {error}"))?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines, told: Vec::new() })
    }

    /// Waits until it tells of an event, in words that contain a text.
    pub(super) fn await_event(&mut self, event: &str, text: &str) -> Result<(), Failed> {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            let value: Value = serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
            let is_it =
                value["event"] == event && value["text"].as_str().is_some_and(|said| said.contains(text));
            self.told.push(value);
            if is_it {
                return Ok(());
            }
        }
        Err(format!("`{event}` with `{text}` was not told; told was {:#?}", self.told).into())
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Failed> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("no such process")?;
        kill_process(pid, signal).map_err(|error| error.to_string().into())
    }

    /// Waits until it has ended.
    pub(super) fn rest(mut self) -> Result<Rest, Failed> {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.told.push(serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?);
        }
        if Instant::now() >= until {
            return Err(format!("it does not end; told was {:#?}", self.told).into());
        }
        let status = self.child.wait().map_err(|error| error.to_string())?.code();
        let mut errors = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut errors).map_err(|error| error.to_string())?;
        }
        Ok(Rest { status, told: std::mem::take(&mut self.told), errors })
    }

    /// Asks it to end, and waits.
    pub(super) fn end(self, signal: Signal) -> Result<Rest, Failed> {
        self.signal(signal)?;
        self.rest()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Rest {
    /// Fails unless the exit status is that.
    pub(super) fn expect_status(&self, status: i32) -> Result<(), Failed> {
        if self.status == Some(status) {
            return Ok(());
        }
        let Self { status: got, told, errors } = self;
        Err(format!("exit status {got:?} where {status} is due: {errors}\n{told:#?}").into())
    }

    /// The outcome of its only connection.
    pub(super) fn outcome(&self) -> Result<&Value, Failed> {
        let mut outcomes = self.told.iter().filter(|value| value["type"] == "outcome");
        match (outcomes.next(), outcomes.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(format!("not one outcome: {:#?}", self.told).into()),
        }
    }

    /// Whether a text is anywhere in what it wrote.
    pub(super) fn says(&self, text: &str) -> bool {
        self.errors.contains(text) || self.told.iter().any(|value| value.to_string().contains(text))
    }
}
