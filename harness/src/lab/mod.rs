//! Real daemons on real kernels, as the other end of a scenario.
//!
//! A subject's daemons run in a guest with the subject's packages laid over this machine's files, which they do not
//! change: a machine of QEMU that boots Debian's kernel and takes no privilege, or namespaces of this kernel where it has ESP,
//! PPP and L2TP and root asks. Its network card is a socket of this process: a link of the virtual [world](crate::world), which
//! then runs by the clock on the wall. So NAT, delay, loss and the other hosts of a scenario are what they are in virtual time,
//! nothing is installed, and nothing is left when the guest has gone.

pub mod agent;
mod apt;
mod guest;
pub mod holder;
mod hosting;
mod image;
pub mod namespaces;
mod nic;
mod qemu;
pub mod standing;
pub mod subject;

pub use guest::{Guest, Machine, Said};
pub use hosting::Hosting;
pub use nic::Nic;
pub use subject::{Lines, Subject, SubjectFile, SubjectRole, subjects};

use std::path::PathBuf;
use std::process::{Command, Output};

/// Why there is no lab, or it does not go on.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Something is not on this machine.
    #[error("{what} is missing: {how}")]
    Missing {
        /// What.
        what: String,
        /// How to get it.
        how: String,
    },
    /// A program has failed.
    #[error("{program}: {said}")]
    Program {
        /// The program and what it was to do.
        program: String,
        /// What it said.
        said: String,
    },
    /// A file or a socket.
    #[error("{what}: {source}")]
    Io {
        /// What was to be done.
        what: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A guest that does not answer.
    #[error("the guest has not {what} within {seconds} s; its console: {console}")]
    Silent {
        /// What it should have done.
        what: String,
        /// How long was waited.
        seconds: u64,
        /// The end of what its console says.
        console: String,
    },
    /// A lab that is not to be put up under that name.
    #[error("{0}")]
    Standing(String),
    /// A step of a subject that has failed in the guest.
    #[error("{step} failed with status {status}: {said}")]
    Step {
        /// The step.
        step: String,
        /// The status, or `none` if it did not end in time.
        status: String,
        /// The end of what it said.
        said: String,
    },
}

impl LabError {
    /// An error of the operating system.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Where what was downloaded and unpacked is kept: `L2TPSPEC_CACHE`, or `l2tpspec` in the user's folder for such things.
///
/// # Errors
/// If neither is known, or the path has a character that an overlay cannot name.
pub fn cache() -> Result<PathBuf, LabError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let found = variable("L2TPSPEC_CACHE").or_else(|| {
        let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Some(base.join("l2tpspec"))
    });
    let found = found.ok_or_else(|| LabError::Missing {
        what: "a folder for the lab's packages".to_owned(),
        how: "set L2TPSPEC_CACHE".to_owned(),
    })?;
    let absolute = std::path::absolute(&found).map_err(LabError::io(found.display().to_string()))?;
    if absolute
        .to_str()
        .is_none_or(|text| text.contains([':', ',', '\\', '"']) || text.contains(char::is_whitespace))
    {
        return Err(LabError::Missing {
            what: "a folder for the lab's packages with a plain name".to_owned(),
            how: format!("{} has a blank, a colon or a comma; set L2TPSPEC_CACHE", absolute.display()),
        });
    }
    Ok(absolute)
}

/// Runs a program to its end.
fn output(command: &mut Command, package: &str) -> Result<Output, LabError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.stdin(std::process::Stdio::null()).output().map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            LabError::Missing { what: program.clone(), how: format!("apt-get install {package}") }
        } else {
            LabError::Io { what: program.clone(), source }
        }
    })?;
    if done.status.success() {
        return Ok(done);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.lines().rev().take(3).collect::<Vec<_>>();
    let said = said.into_iter().rev().collect::<Vec<_>>().join("; ");
    Err(LabError::Program { program, said })
}
