//! The verb `lab`.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{Lab, LabVerb};
use super::run as cases;
use crate::error::ExpectedError;
use crate::lab::{self, LabError, Subject};
use crate::scenario::abroad::Abroad as _;
use crate::{exit_code, scenario};

/// How long a line of the shell may take.
const LINE: Duration = Duration::from_secs(60);

pub(super) fn run(args: &Lab) -> Result<u8, ExpectedError> {
    match &args.verb {
        LabVerb::Agent { device } => {
            let path = device.clone();
            lab::agent::serve(device).map_err(|source| ExpectedError::File { path, source })?;
            Ok(exit_code::AS_EXPECTED)
        }
        LabVerb::Matrix(args) => super::matrix::run(args),
        LabVerb::Shell { name, scenarios } => shell(name, scenarios.as_deref()),
    }
}

fn shell(name: &str, scenarios: Option<&Path>) -> Result<u8, ExpectedError> {
    let root = cases::root(scenarios)?;
    let file = cases::lab_subject(name, &root)?;
    let suite = cases::load(&root)?;
    let setting = scenario::away::plain(&suite, file.role.into())?;
    let agent = std::env::current_exe().map_err(LabError::io("this program"))?;
    let mut subject = Subject::boot(file, &agent)?;
    let boot = subject.guest().boot.as_secs_f64();
    eprintln!("{}: booted in {boot:.1} s", subject.versions());
    let started = Instant::now();
    subject.prepare(&setting).map_err(ExpectedError::Usage)?;
    eprintln!("ready in {:.1} s; every line is run by the guest's shell", started.elapsed().as_secs_f64());
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(ExpectedError::Output)?;
        let said = subject.guest().run(&line, LINE)?;
        cases::write(&said.said)?;
        match said.status {
            Some(0) => {}
            Some(status) => eprintln!("status {status}"),
            None => eprintln!("it did not end in time"),
        }
        std::io::stdout().flush().map_err(ExpectedError::Output)?;
    }
    Ok(exit_code::AS_EXPECTED)
}
