//! The verb `lab`.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{Lab, LabVerb};
use super::run as cases;
use crate::error::ExpectedError;
use crate::lab::standing::{self, Ask, Standing};
use crate::lab::{self, LabError, Said, Subject};
use crate::scenario::abroad::Abroad as _;
use crate::{exit_code, scenario};

/// How long a line of the shell may take.
const LINE: Duration = Duration::from_secs(60);

pub(super) fn run(args: &Lab) -> Result<u8, ExpectedError> {
    match &args.verb {
        LabVerb::Agent { device } => {
            let path = device.clone().unwrap_or_else(|| "standard input".into());
            let served = device.as_deref().map_or_else(lab::namespaces::serve, lab::agent::serve);
            served.map_err(|source| ExpectedError::File { path, source })?;
            Ok(exit_code::AS_EXPECTED)
        }
        LabVerb::Matrix(args) => super::matrix::run(args),
        LabVerb::Shell { name, scenarios } => match known()?.into_iter().find(|lab| lab.name == *name) {
            Some(lab) => lines(|line| Ok(lab.ask(&Ask::Run(line.to_owned()))?)),
            None => shell(name, scenarios.as_deref()),
        },
        LabVerb::Up { name, called, scenarios } => up(name, called.as_deref(), scenarios.as_deref()),
        LabVerb::Down { name } => down(name.as_deref()),
        LabVerb::Status { json } => status(*json),
        LabVerb::Tell { name, action } => {
            let Said { status, said } = named(name)?.ask(&Ask::Do(action.clone()))?;
            match status {
                Some(0) => {
                    cases::write(&said)?;
                    Ok(exit_code::AS_EXPECTED)
                }
                Some(_) => {
                    eprintln!("error: `{action}` of {name} failed: {}", said.trim_end());
                    Ok(exit_code::FOUND)
                }
                None => Err(ExpectedError::Usage(said)),
            }
        }
        LabVerb::Hold { name, subject, scenarios } => {
            let file = cases::lab_subject(subject, scenarios)?;
            let suite = cases::load(scenarios)?;
            let setting = scenario::away::plain(&suite, file.role.into())?;
            lab::holder::hold(name, file, &setting, &own()?)?;
            Ok(exit_code::AS_EXPECTED)
        }
    }
}

/// This program, which runs in guests, too.
fn own() -> Result<std::path::PathBuf, ExpectedError> {
    Ok(std::env::current_exe().map_err(LabError::io("this program"))?)
}

fn up(subject: &str, called: Option<&str>, scenarios: Option<&Path>) -> Result<u8, ExpectedError> {
    let root = cases::root(scenarios)?;
    let file = cases::lab_subject(subject, &root)?;
    let started = Instant::now();
    eprintln!("note: getting packages that are not there yet, then booting {}", file.name);
    Subject::fetch(&file)?;
    let lab = standing::up(&own()?, subject, called.unwrap_or(&file.name), &root)?;
    let seconds = started.elapsed().as_secs_f64();
    let mut text = format!("{} is up after {seconds:.1} s\n", lab.name);
    for hint in lab.hints() {
        text += &format!("  {hint}\n");
    }
    cases::write(&text)?;
    Ok(exit_code::AS_EXPECTED)
}

/// The labs that stand; what others have left is removed, which is said.
fn known() -> Result<Vec<Standing>, ExpectedError> {
    let (found, removed) = standing::standing()?;
    for name in removed {
        eprintln!("note: {name} was left by a process that is gone, and is removed");
    }
    Ok(found)
}

fn named(name: &str) -> Result<Standing, ExpectedError> {
    let all = known()?;
    let names: Vec<String> = all.iter().map(|lab| lab.name.clone()).collect();
    all.into_iter().find(|lab| lab.name == name).ok_or_else(|| {
        let hint = match names.as_slice() {
            [] => "none does: l2tpspec lab up NAME".to_owned(),
            names => format!("these do: {}", names.join(", ")),
        };
        ExpectedError::Usage(format!("no lab `{name}` stands\nhint: {hint}"))
    })
}

fn down(name: Option<&str>) -> Result<u8, ExpectedError> {
    let all = match name {
        Some(name) => vec![named(name)?],
        None => known()?,
    };
    for lab in &all {
        standing::down(lab)?;
        cases::write(&format!("{} is down\n", lab.name))?;
    }
    if all.is_empty() {
        eprintln!("note: no lab stands");
    }
    Ok(exit_code::AS_EXPECTED)
}

fn status(json: bool) -> Result<u8, ExpectedError> {
    let all = known()?;
    for lab in &all {
        let text = if json {
            let mut value = serde_json::json!(lab);
            value["type"] = "lab".into();
            format!("{value}\n")
        } else {
            let Standing { name, namespace, pid, guest, outside, versions, .. } = lab;
            format!(
                "{name}\n  {guest} in namespace {namespace}, from {outside}, held by process {pid}\n  {versions}\n"
            )
        };
        cases::write(&text)?;
    }
    if all.is_empty() && !json {
        cases::write("no lab stands\n")?;
    }
    Ok(exit_code::AS_EXPECTED)
}

fn shell(name: &str, scenarios: Option<&Path>) -> Result<u8, ExpectedError> {
    let root = cases::root(scenarios)?;
    let file = cases::lab_subject(name, &root)?;
    let suite = cases::load(&root)?;
    let setting = scenario::away::plain(&suite, file.role.into())?;
    let mut subject = Subject::boot(file, &own()?)?;
    let boot = subject.guest().boot.as_secs_f64();
    eprintln!("{}: booted in {boot:.1} s", subject.versions());
    let started = Instant::now();
    subject.prepare(&setting).map_err(ExpectedError::Usage)?;
    eprintln!("ready in {:.1} s; every line is run by the guest's shell", started.elapsed().as_secs_f64());
    lines(|line| Ok(subject.guest().run(line, LINE)?))
}

/// Lets each line of standard input be run, and tells what it has come to.
fn lines(mut run: impl FnMut(&str) -> Result<Said, ExpectedError>) -> Result<u8, ExpectedError> {
    for line in std::io::stdin().lock().lines() {
        let said = run(&line.map_err(ExpectedError::Output)?)?;
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
