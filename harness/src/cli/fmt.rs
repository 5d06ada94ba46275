//! `l2tpspec fmt`: scenarios in their canonical form, and their schema.

use std::path::{Path, PathBuf};

use super::args;
use super::run::{root, write};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::scenario::cast::Profiles;
use crate::scenario::{fmt, schema, source, suite};

pub(super) fn run(args: &args::Fmt) -> Result<u8, ExpectedError> {
    let root = root(args.scenarios.as_deref())?;
    let paths = if args.files.is_empty() { suite::files(&root)? } else { args.files.clone() };
    let mut other = Vec::new();
    for path in &paths {
        let text = read(path)?;
        let node =
            source::parse(path, &text).map_err(|problems| ExpectedError::Scenario(problems.to_string()))?;
        if fmt::has_comments(&text) {
            eprintln!("{}: left as it is, for it has comments", path.display());
            continue;
        }
        settle(path, &text, &fmt::canonical(&node), args.check, &mut other)?;
    }
    if args.files.is_empty() {
        let folder = root.join("schema");
        if !args.check {
            std::fs::create_dir_all(&folder)
                .map_err(|source| ExpectedError::File { path: folder.clone(), source })?;
        }
        for (name, schema) in schema::all(&Profiles::load(&root)?) {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let wanted = serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n";
            settle(&path, &text, &wanted, args.check, &mut other)?;
        }
    }
    for path in &other {
        write(&format!("{} {}\n", if args.check { "not canonical:" } else { "written:" }, path.display()))?;
    }
    Ok(if args.check && !other.is_empty() { exit_code::FOUND } else { exit_code::AS_EXPECTED })
}

fn read(path: &Path) -> Result<String, ExpectedError> {
    std::fs::read_to_string(path).map_err(|source| ExpectedError::File { path: path.to_owned(), source })
}

/// Writes a file that is other than it should be, unless that is only to be found out.
fn settle(
    path: &Path,
    text: &str,
    wanted: &str,
    is_check: bool,
    other: &mut Vec<PathBuf>,
) -> Result<(), ExpectedError> {
    if text == wanted {
        return Ok(());
    }
    other.push(path.to_owned());
    if is_check {
        return Ok(());
    }
    std::fs::write(path, wanted).map_err(|source| ExpectedError::File { path: path.to_owned(), source })
}
