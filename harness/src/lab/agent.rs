//! What runs in a guest and does there what it is told: one JSON object a line, one answer for each.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read, Seek as _, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The most that is told of what a script said, in octets.
const TOLD: u64 = 1 << 20;

/// What the agent is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// To run a script by the shell.
    Run {
        /// The script.
        script: String,
        /// How long it may take, in milliseconds.
        within: u64,
    },
    /// To write a file.
    Write {
        /// Where.
        path: String,
        /// What.
        text: String,
        /// Its permissions.
        mode: u32,
    },
}

/// What the agent answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The exit status; `None` if the script did not end in time or was killed.
    pub status: Option<i32>,
    /// What it said, standard output and error together.
    pub said: String,
}

impl Answer {
    fn failed(said: &std::io::Error) -> Self {
        Self { status: Some(125), said: said.to_string() }
    }
}

/// Serves at a device until its other end is closed.
///
/// # Errors
/// A device that cannot be opened, read or written.
pub fn serve(device: &Path) -> std::io::Result<()> {
    let port = OpenOptions::new().read(true).write(true).open(device)?;
    attend(port.try_clone()?, port)
}

/// Does what is asked for, until nothing more is.
///
/// # Errors
/// What cannot be read or written.
pub(super) fn attend(requests: impl Read, mut answers: impl Write) -> std::io::Result<()> {
    let mut lines = BufReader::new(requests);
    let mut line = String::new();
    say(&mut answers, &Answer { status: Some(0), said: "ready".to_owned() })?;
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str(&line) {
            Ok(Request::Run { script, within }) => run(&script, Duration::from_millis(within)),
            Ok(Request::Write { path, text, mode }) => write(Path::new(&path), &text, mode),
            Err(error) => Err(error.into()),
        };
        say(&mut answers, &answer.unwrap_or_else(|error| Answer::failed(&error)))?;
    }
}

fn say(answers: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    answers.write_all(&line)
}

fn write(path: &Path, text: &str, mode: u32) -> std::io::Result<Answer> {
    use std::os::unix::fs::OpenOptionsExt as _;

    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(Answer { status: Some(0), said: String::new() })
}

/// Runs a script. What it says goes to a file and not to a pipe, so that what it leaves running does not keep it open.
fn run(script: &str, within: Duration) -> std::io::Result<Answer> {
    let path = std::env::temp_dir().join("l2tpspec-said");
    let mut said = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(script)
        .stdin(Stdio::null())
        .stdout(said.try_clone()?)
        .stderr(said.try_clone()?)
        .spawn()?;
    let until = Instant::now() + within;
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let length = said.seek(SeekFrom::End(0))?;
    said.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
    let mut octets = Vec::new();
    said.take(TOLD).read_to_end(&mut octets)?;
    Ok(Answer { status, said: String::from_utf8_lossy(&octets).into_owned() })
}
