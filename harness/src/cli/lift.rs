//! `l2tpspec lift`: a capture becomes profiles and a scenario.

use super::progress::Progress;
use super::run::root;
use super::{args, keys};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::lift::{Request, lift, paths};

pub(super) fn run(args: &args::Lift) -> Result<u8, ExpectedError> {
    let captures = keys::captures(&args.capture)?;
    let [capture] = captures.as_slice() else {
        return Err(ExpectedError::Usage(format!(
            "{} holds {} recordings\nhint: name one of them",
            args.capture.display(),
            captures.len()
        )));
    };
    let scenarios = root(args.scenarios.as_deref())?;
    let name = args.output.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let is_json = args.output.extension().is_some_and(|extension| extension == "json");
    if !is_json || name.is_empty() || name.contains('.') {
        return Err(ExpectedError::Usage(format!(
            "{}: a scenario is a file such as `lifted/sn1.json`, without another dot in its name",
            args.output.display()
        )));
    }
    let paths = paths(&args.output);
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        return Err(ExpectedError::Usage(format!(
            "{} is there already\nhint: name another file with -o, or remove it",
            there.display()
        )));
    }
    let connection = args.connection.checked_sub(1).ok_or_else(|| {
        ExpectedError::Usage("--connection 0: connections are numbered from 1, as `check` does".to_owned())
    })?;
    let loaded = keys::load(&args.keys, capture)?;
    let total = std::fs::metadata(capture).map_or(0, |data| data.len());
    let mut progress = Progress::new(capture.display().to_string(), total);
    let request = Request {
        capture,
        keys: &loaded,
        options: keys::options(&args.keys),
        connection,
        scenarios: &scenarios,
        client: args.base.as_deref(),
        supernode: &args.supernode_base,
        name: &name,
    };
    let lifted = lift(&request, |done| progress.at(done))?;
    drop(progress);
    lifted.save(&paths)?;
    let [scenario, client, supernode] = &paths;
    eprintln!("{}, with {} and {}", scenario.display(), client.display(), supernode.display());
    eprintln!(
        "note: what the capture does not show is as {} and {} have it, marked as guessed",
        lifted.base, args.supernode_base
    );
    if lifted.connections > 1 {
        eprintln!(
            "note: connection {} of {}; --connection takes another",
            args.connection, lifted.connections
        );
    }
    if !lifted.hidden.is_empty() {
        eprintln!("note: no key opens {}: what it says is guessed too", lifted.hidden.join(", "));
    }
    Ok(exit_code::AS_EXPECTED)
}
