//! Every scenario against the built-in reference: one trial a scenario, all of its combinations. Its name is the
//! scenario's id, so that `cargo nextest run -E 'test(/^l2tp/)'` chooses by folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use l2tpspec::scenario::cast::Profiles;
use l2tpspec::scenario::parse;
use l2tpspec::scenario::play::{Options, play};
use l2tpspec::scenario::suite;
use l2tpspec::scenario::verdict::Verdict;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let trials = match suite::files(&root) {
        Ok(paths) => paths.into_iter().map(|path| trial(&root, path)).collect(),
        Err(error) => {
            let error = error.to_string();
            vec![Trial::test("the_directory_of_scenarios", move || Err(error.into()))]
        }
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(root: &Path, path: PathBuf) -> Trial {
    let (root, id) = (root.to_owned(), suite::id_of(root, &path));
    Trial::test(id.clone(), move || run(&root, &path, &id)).with_kind("self")
}

/// Plays every combination of a scenario.
fn run(root: &Path, path: &Path, id: &str) -> Result<(), Failed> {
    let profiles = Profiles::load(root).map_err(|error| error.to_string())?;
    let text = std::fs::read_to_string(path)?;
    let cases = parse::cases(path, id, &text, &profiles.known()).map_err(|problems| problems.to_string())?;
    if cases.is_empty() {
        return Err("the scenario has no case".into());
    }
    let mut wrong = Vec::new();
    for case in &cases {
        let seed = format!("1/{}", case.name());
        let played = play(case, &profiles, seed.as_bytes(), Options::default());
        if played.verdict != Verdict::Pass {
            wrong.push(format!("{}: {} {:?}", case.name(), played.verdict.word(), played.failure));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
