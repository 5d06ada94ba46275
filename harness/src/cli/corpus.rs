//! `l2tpspec corpus`: what captures hold for the fuzz targets.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use l2tpspec_protocol::crypto::hash::Hash;

use super::{args, keys};
use crate::capture::file::{CaptureFile, Options};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::fuzz::seed::{self, Seed};
use crate::fuzz::{TARGETS, composed};

pub(super) fn run(args: &args::Corpus) -> Result<u8, ExpectedError> {
    let mut seeds = composed::seeds();
    let mut captures = Vec::new();
    for argument in &args.captures {
        captures.extend(keys::captures(argument)?);
    }
    for capture in &captures {
        let keys = keys::load(&args.keys, capture)?;
        let mut file = CaptureFile::open(capture, &Options::default())?;
        seeds.append(&mut seed::grow(&mut file, &keys)?);
        for path in &keys.read {
            seeds.extend(of_keys(path)?);
        }
    }
    let mut counts: BTreeMap<_, usize> = TARGETS.iter().map(|(name, _)| (*name, 0)).collect();
    for seed in &seeds {
        write(&args.output, seed)?;
        *counts.entry(seed.target).or_default() += 1;
    }
    let mut stdout = std::io::stdout().lock();
    for (target, count) in counts {
        writeln!(stdout, "{count:6} {target}").map_err(ExpectedError::Output)?;
    }
    Ok(exit_code::AS_EXPECTED)
}

fn of_keys(path: &Path) -> Result<Option<Seed>, ExpectedError> {
    let text = fs::read(path).map_err(|source| ExpectedError::File { path: path.to_owned(), source })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(seed::of_keys(&name, &text))
}

/// Writes an input unless it is there.
fn write(output: &Path, seed: &Seed) -> Result<(), ExpectedError> {
    let name =
        Hash::Sha1.digest(&[&seed.octets]).iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let folder = output.join(seed.target);
    let failed = |path: &Path| {
        let path: PathBuf = path.to_owned();
        move |source| ExpectedError::File { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    let path = folder.join(name);
    fs::write(&path, &seed.octets).map_err(failed(&path))
}
