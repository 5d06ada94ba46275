//! `l2tpspec scrub`: a copy of a capture that may be shown to anybody.

use std::path::Path;

use super::progress::Progress;
use super::{args, keys};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::scrub::{Summary, scrub};

/// Octets of what replacements are drawn from.
const SECRET: usize = 32;

pub(super) fn run(args: &args::Scrub) -> Result<u8, ExpectedError> {
    let captures = keys::captures(&args.capture)?;
    let [capture] = captures.as_slice() else {
        return Err(ExpectedError::Usage(format!(
            "{} holds {} recordings\nhint: name one of them",
            args.capture.display(),
            captures.len()
        )));
    };
    refuse_to_overwrite(&args.output)?;
    let loaded = keys::load(&args.keys, capture)?;
    let secret = match &args.seed {
        Some(seed) => seed.clone().into_bytes(),
        None => chance()?,
    };
    // Both passes.
    let total = std::fs::metadata(capture).map_or(0, |data| 2 * data.len());
    let mut progress = Progress::new(capture.display().to_string(), total);
    let summary = scrub(capture, &loaded, secret, &args.output, |done| progress.at(done))?;
    drop(progress);
    tell(args, &summary);
    Ok(exit_code::AS_EXPECTED)
}

fn refuse_to_overwrite(output: &Path) -> Result<(), ExpectedError> {
    for path in [output.to_owned(), output.with_extension("keys")] {
        if path.exists() {
            return Err(ExpectedError::Usage(format!(
                "{} is there already\nhint: name another file with -o, or remove it",
                path.display()
            )));
        }
    }
    Ok(())
}

fn chance() -> Result<Vec<u8>, ExpectedError> {
    let mut secret = vec![0; SECRET];
    getrandom::fill(&mut secret)
        .map_err(|error| ExpectedError::Usage(format!("the system has no random octets: {error}")))?;
    Ok(secret)
}

fn tell(args: &args::Scrub, summary: &Summary) {
    let Summary { frames, renewed_ike, renewed_esp, overwritten_ike, overwritten_esp } = summary;
    eprintln!(
        "{}: {frames} frames; encrypted again: {renewed_ike} messages of IKE, {renewed_esp} packets of ESP; keys in {}",
        args.output.display(),
        args.output.with_extension("keys").display()
    );
    if overwritten_ike + overwritten_esp > 0 {
        eprintln!(
            "note: no key opens {overwritten_ike} messages of IKE and {overwritten_esp} packets of ESP: they are \
             overwritten, and the copy shows nothing of them"
        );
    }
}
