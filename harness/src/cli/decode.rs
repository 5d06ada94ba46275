//! `l2tpspec decode`: the transcript of a capture.

use std::io::Write as _;

use super::{args, keys, progress::Progress};
use crate::capture::file::{CaptureFile, Options};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::transcript::pipeline;

/// Octets of output gathered before they are written.
const FLUSH: usize = 256 * 1024;

pub(super) fn run(args: &args::Decode) -> Result<u8, ExpectedError> {
    let keys = keys::load(&args.keys, &args.capture)?;
    let mut file = CaptureFile::open(&args.capture, &Options::default())?;
    let mut progress = Progress::new(
        args.capture.display().to_string(),
        std::fs::metadata(&args.capture).map_or(0, |data| data.len()),
    );
    let mut stdout = std::io::stdout().lock();
    let mut out = Vec::with_capacity(FLUSH + 64 * 1024);
    let mut failure = None;
    let read = pipeline::run(&mut file, &keys, keys::options(&args.keys), |entry, position| {
        if args.json {
            entry.write_json(&mut out, args.show_secrets);
        } else {
            entry.write_text(&mut out);
            if args.verbose {
                entry.write_details(&mut out, args.show_secrets);
            }
        }
        if out.len() >= FLUSH {
            progress.at(position);
            if let Err(error) = stdout.write_all(&out) {
                failure = Some(error);
            }
            out.clear();
        }
        failure.is_none()
    });
    if let Some(error) = failure {
        return Err(ExpectedError::Output(error));
    }
    // What came before an error is still reported.
    stdout.write_all(&out).and_then(|()| stdout.flush()).map_err(ExpectedError::Output)?;
    drop(progress);
    read?;
    Ok(exit_code::AS_EXPECTED)
}
