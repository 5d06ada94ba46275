//! `l2tpspec diff`: what differs in behaviour between two recordings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::check::{write_out, write_page};
use super::progress::Progress;
use super::{args, keys};
use crate::check::human::Page;
use crate::diff::baseline::Baseline;
use crate::diff::human::Place;
use crate::diff::json::{Summary, Told};
use crate::diff::{self, Compared, Side, effect, human, json};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::profile::Profile;

pub(super) fn run(args: &args::Diff) -> Result<u8, ExpectedError> {
    if args.keys.keys.len() > 2 {
        return Err(ExpectedError::Usage(
            "--keys is given once for both recordings, or once for each".to_owned(),
        ));
    }
    let profiles = profiles(args)?;
    let mut baseline = match &args.baseline {
        Some(path) if args.why.is_some() => Baseline::load_or_begin(path)?,
        Some(path) => Baseline::load(path)?,
        None => Baseline::default(),
    };
    let plan = Plan::of(&args.old, &args.new)?;
    let sides = read(args, &plan);
    let compared: Vec<Compared> = sides.iter().map(|[old, new]| diff::compare(old, new)).collect();
    if let Some(why) = &args.why {
        let all: Vec<_> = compared.iter().flat_map(|it| &it.differences).collect();
        for field in &args.accept {
            baseline.accept(field, why, &all)?;
        }
        baseline.save()?;
    }
    Report { args, plan: &plan, sides: &sides, compared: &compared, baseline: &baseline, profiles: &profiles }
        .write()
}

/// The profiles by which is told which devices are hit; without a directory of them, none.
fn profiles(args: &args::Diff) -> Result<Vec<Profile>, ExpectedError> {
    let root = match &args.scenarios {
        Some(named) => super::run::root(Some(named))?,
        None => PathBuf::from(super::run::SCENARIOS),
    };
    if root.join("clients").is_dir() { Profile::load_all(&root) } else { Ok(Vec::new()) }
}

/// Which capture is compared with which.
#[derive(Debug, Default)]
struct Plan {
    pairs: Vec<(Option<String>, [PathBuf; 2])>,
    /// Recordings of a folder that the other lacks.
    alone: Vec<String>,
}

impl Plan {
    fn of(old: &Path, new: &Path) -> Result<Self, ExpectedError> {
        let [olds, news] = [keys::captures(old)?, keys::captures(new)?];
        if let ([a], [b]) = (olds.as_slice(), news.as_slice()) {
            return Ok(Self { pairs: vec![(None, [a.clone(), b.clone()])], alone: Vec::new() });
        }
        for (folder, other) in [(old, new), (new, old)] {
            if folder.is_dir() && !other.is_dir() {
                let (folder, other) = (folder.display(), other.display());
                return Err(ExpectedError::Usage(format!(
                    "{folder} holds several recordings, and {other} is one\nhint: name one of them, or two folders"
                )));
            }
        }
        let case = |root: &Path, path: &Path| {
            let folder = path.parent().unwrap_or(path);
            folder.strip_prefix(root).unwrap_or(folder).display().to_string()
        };
        let mut by_case: BTreeMap<String, [Option<PathBuf>; 2]> = BTreeMap::new();
        for path in olds {
            let case = case(old, &path);
            by_case.entry(case).or_default()[0] = Some(path);
        }
        for path in news {
            let case = case(new, &path);
            by_case.entry(case).or_default()[1] = Some(path);
        }
        let mut plan = Self::default();
        for (case, both) in by_case {
            match both {
                [Some(old), Some(new)] => plan.pairs.push((Some(case), [old, new])),
                [Some(_), None] => plan.alone.push(format!("only the old folder has a recording of {case}")),
                [None, _] => plan.alone.push(format!("only the new folder has a recording of {case}")),
            }
        }
        Ok(plan)
    }
}

/// Reads both sides side by side.
fn read(args: &args::Diff, plan: &Plan) -> Vec<[Side; 2]> {
    let all = || plan.pairs.iter().flat_map(|(_, both)| both);
    let total = all().filter_map(|path| std::fs::metadata(path).ok()).map(|data| data.len()).sum();
    let label = format!("{} -> {}", args.old.display(), args.new.display());
    let progress = Mutex::new((Progress::new(label, total), 0));
    let is_shared = args.keys.keys.len() == 1;
    let side = |at: usize| -> Vec<Side> {
        let own = args.keys.keys.get(at).or_else(|| args.keys.keys.first());
        let keys = args::Keys {
            keys: own.cloned().into_iter().collect(),
            l2tp_secret: args.keys.l2tp_secret.clone(),
        };
        let captures = plan.pairs.iter().filter_map(|(_, both)| both.get(at));
        captures.map(|capture| read_one(capture, &keys, is_shared, &progress)).collect()
    };
    let (old, new) = std::thread::scope(|scope| {
        let old = scope.spawn(|| side(0));
        let new = side(1);
        (old.join(), new)
    });
    // A panic of the other thread goes on in this one.
    let old = old.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    old.into_iter().zip(new).map(|(old, new)| [old, new]).collect()
}

fn read_one(path: &Path, keys: &args::Keys, is_shared: bool, progress: &Mutex<(Progress, u64)>) -> Side {
    let mut before = 0;
    let on_progress = |position: u64| {
        if let Ok(mut progress) = progress.lock() {
            progress.1 += position - before;
            before = position;
            let done = progress.1;
            progress.0.at(done);
        }
    };
    let side = diff::read(path, keys::load(keys, path), keys::options(keys), on_progress);
    match &side.error {
        // Keys that are given for both may be those of the other one.
        Some(error @ ExpectedError::StrangeKeys { .. }) if is_shared => {
            eprintln!("note: {error}");
            Side { error: None, ..side }
        }
        _ => side,
    }
}

/// What is written, and the status that follows.
struct Report<'a> {
    args: &'a args::Diff,
    plan: &'a Plan,
    sides: &'a [[Side; 2]],
    compared: &'a [Compared],
    baseline: &'a Baseline,
    profiles: &'a [Profile],
}

impl Report<'_> {
    fn write(&self) -> Result<u8, ExpectedError> {
        let mut summary = Summary::default();
        let (mut page, mut out) = (Page::default(), Vec::new());
        for (((label, paths), sides), compared) in self.plan.pairs.iter().zip(self.sides).zip(self.compared) {
            summary.add(compared);
            let [old, new] = paths.each_ref().map(|path| path.display().to_string());
            if sides.iter().all(|side| side.frames > 0) {
                human::write_head(&old, &new, compared.connections, &mut page);
            }
            let mut place = Place::default();
            for (at, difference) in compared.differences.iter().enumerate() {
                let why = self.baseline.why(difference);
                *if why.is_some() { &mut summary.allowed } else { &mut summary.differences } += 1;
                let effects = effect::of(difference, &sides[1], self.profiles);
                let told = Told { difference, recording: label.as_deref(), why, effects: &effects };
                let hence = compared.consequences.iter().filter(|(_, cause)| *cause == at).map(|(it, _)| it);
                let hence: Vec<_> = hence.collect();
                human::write_difference(&told, &hence, &mut place, &mut page);
                json::write_difference(&told, &hence, &mut out);
            }
            human::write_unseen(&compared.unseen, &mut page);
            compared.unseen.iter().for_each(|text| json::write_unseen(text, label.as_deref(), &mut out));
        }
        human::write_unseen(&self.plan.alone, &mut page);
        self.plan.alone.iter().for_each(|text| json::write_unseen(text, None, &mut out));
        let all: Vec<&Compared> = self.compared.iter().collect();
        for stale in self.baseline.stale(&all) {
            summary.stale += 1;
            human::write_stale(stale, &mut page);
            json::write_stale(stale, &mut out);
        }
        let errors: Vec<String> = self
            .sides
            .iter()
            .flatten()
            .filter_map(|side| side.error.as_ref())
            .map(ToString::to_string)
            .collect();
        errors.iter().for_each(|error| json::write_error(error, &mut out));
        summary.human(&mut page);
        summary.write(&mut out);
        if self.args.json {
            write_out(&out)?;
        } else if self.sides.iter().flatten().any(|side| side.frames > 0) {
            write_page(&page)?;
        }
        errors.iter().for_each(|error| eprintln!("error: {error}"));
        Ok(self.status(&summary, !errors.is_empty()))
    }

    fn status(&self, summary: &Summary, is_unreadable: bool) -> u8 {
        for side in
            self.sides.iter().flatten().filter(|side| side.connections.is_empty() && side.error.is_none())
        {
            eprintln!(
                "note: {}: no connection of L2TP or IKEv1 in {} frames",
                side.path.display(),
                side.frames
            );
        }
        if is_unreadable {
            exit_code::BAD_INPUT
        } else if summary.differences + summary.stale > 0 {
            exit_code::FOUND
        } else if summary.compared == 0 {
            exit_code::NOTHING_JUDGED
        } else {
            exit_code::AS_EXPECTED
        }
    }
}
