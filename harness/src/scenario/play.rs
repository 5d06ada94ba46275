//! Plays a case: step after step in virtual time, until one fails or all are done.

use std::collections::BTreeMap;
use std::time::Duration;

use l2tpspec_protocol::stack::{Command, Reach};
use l2tpspec_protocol::time::Instant;
use serde_json::Value;

use super::away::{Away, Remotes};
use super::cast::{Cast, Profiles};
use super::faults::Fault;
use super::message::{self, Message};
use super::model::{Case, Expect, Matcher, Never, Step, Verb};
use super::net::Net;
use super::record::Recording;
use super::seams::{self, Stage};
use super::verdict::{Failure, Played, Verdict};
use crate::transcript::connection::Role;

/// The most repetitions of steps.
const REPEATS: u32 = 10_000;
/// How long a message of a daemon may take at least.
pub(super) const PATIENCE_ELSEWHERE: Duration = Duration::from_secs(10);

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something was not as expected.
    Failed(String),
    /// It could not be done.
    Blocked(String),
}

pub(super) type Done = Result<(), Stop>;

/// A case that is being played.
#[derive(Debug)]
pub(super) struct Play<'a> {
    pub(super) case: &'a Case,
    pub(super) cast: Cast,
    pub(super) net: Net,
    /// The first message that no step has looked at.
    pub(super) cursor: usize,
    /// The moment of the step before.
    pub(super) mark: Instant,
    pub(super) saved: BTreeMap<String, Vec<Value>>,
    /// Whether the client was told to connect.
    pub(super) is_begun: bool,
    /// Those that are elsewhere.
    pub(super) remotes: Remotes<'a>,
}

/// How cases are played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Whether the wire is recorded.
    pub records: bool,
    /// What one end does wrong.
    pub fault: Option<&'a Fault>,
}

/// Plays a case from a seed.
#[must_use]
pub fn play(case: &Case, profiles: &Profiles, seed: &[u8], options: Options<'_>) -> Played {
    play_with(case, profiles, seed, options, None)
}

/// Plays a case from a seed, with a subject that may be elsewhere.
#[must_use]
pub fn play_with(
    case: &Case,
    profiles: &Profiles,
    seed: &[u8],
    options: Options<'_>,
    mut away: Option<&mut Away<'_>>,
) -> Played {
    if let Some(why) = away.as_ref().and_then(|away| away.unsupported(case)) {
        return Played { verdict: Verdict::Unsupported, ..Played::blocked(Failure::of("the subject", why)) };
    }
    let cast = match Cast::of(case, profiles) {
        Ok(cast) => cast,
        Err(why) => return Played::blocked(Failure::of("changes", why)),
    };
    if case.mutates() {
        let happy = match &mut away {
            Some(away) => away.happy(case, |away| happy_path(case, profiles, seed, Some(away))),
            None => happy_path(case, profiles, seed, None),
        };
        if let Err(why) = happy {
            return Played::blocked(Failure::of("before the case", why));
        }
    }
    let are_both = away.as_ref().is_some_and(|away| away.are_both());
    let recording = (options.records || are_both).then(Recording::new);
    let deviations = {
        let profile = |role| away.as_ref().and_then(|away| away.profile(role));
        profiles.deviations(case, [profile(Role::Client), profile(Role::Supernode)])
    };
    let mut play = match Play::new(case, cast, seed, recording, away) {
        Ok(play) => play,
        Err(why) => return Played::blocked(Failure::of("the subject", why)),
    };
    seams::open(&play.net.plan).fault = options.fault.cloned();
    play.net.set_conditions(&case.network);
    let result = play.steps(&case.steps);
    let result = match result {
        Ok(()) => play.probe_after_mutation(),
        Err(failed) => Err(play.probe_after_failure(failed)),
    };
    if are_both {
        let texts = match play.keys_abroad() {
            Ok(texts) => texts,
            Err(Stop::Failed(why) | Stop::Blocked(why)) => {
                return Played::blocked(Failure::of("the keys of both ends", why));
            }
        };
        if let Some(recording) = &mut play.net.watch.borrow_mut().recording {
            texts.into_iter().for_each(|(name, text)| recording.say(name, text));
        }
    }
    let log = if options.records { play.log_abroad() } else { None };
    let played = play.end(result, &deviations);
    let played = Played { recording: played.recording.filter(|_| options.records), ..played };
    Played { log: log.filter(|_| played.verdict != Verdict::Pass), ..played }
}

/// A case that sends what the profiles would not says nothing if they do not get on without.
fn happy_path(
    case: &Case,
    profiles: &Profiles,
    seed: &[u8],
    away: Option<&mut Away<'_>>,
) -> Result<(), String> {
    let plain = Case { steps: Vec::new(), network: super::model::Network::default(), ..case.clone() };
    let cast = Cast::of(&plain, profiles)?;
    let mut play = Play::new(&plain, cast, seed, None, away)?;
    play.probe().map_err(|stop| {
        let (Stop::Failed(why) | Stop::Blocked(why)) = stop;
        format!("without the mutation the two do not get on: {why}")
    })
}

impl<'a> Play<'a> {
    /// Everybody in place.
    fn new(
        case: &'a Case,
        mut cast: Cast,
        seed: &[u8],
        recording: Option<Recording>,
        away: Option<&'a mut Away<'_>>,
    ) -> Result<Self, String> {
        if away.as_ref().is_some_and(|away| away.is_in_clear()) {
            for config in [&mut cast.client, &mut cast.prober, &mut cast.supernode] {
                config.isakmp = None;
            }
        }
        let mut net = Net::new(case, &cast, seed, recording);
        let remotes = match away {
            Some(away) => away.prepare(&mut net, &cast, case)?,
            None => Remotes::none(),
        };
        let saved = BTreeMap::new();
        Ok(Self { case, cast, net, cursor: 0, mark: Instant::START, saved, is_begun: false, remotes })
    }
}

impl Play<'_> {
    fn steps(&mut self, steps: &[Step]) -> Result<(), (Verdict, Failure)> {
        for step in steps {
            let first = self.cursor;
            let result = match &step.verb {
                Verb::Repeat { times, steps } => {
                    for _ in 0..(*times).min(REPEATS) {
                        self.steps(steps)?;
                    }
                    Ok(())
                }
                _ => self.step(step),
            };
            let (verdict, text) = match result {
                Ok(()) => continue,
                Err(Stop::Failed(text)) => (Verdict::Fail, text),
                Err(Stop::Blocked(text)) => (Verdict::Blocked, text),
            };
            let since = self.net.watch.borrow().messages.iter().skip(first).map(line).collect();
            let text = match &step.why {
                Some(why) => format!("{text} ({why})"),
                None => text,
            };
            let at = format!("step {}", step.number);
            let failure = Failure { line: Some(step.line), since, ..Failure::of(&at, text) };
            return Err((verdict, failure));
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Done {
        let is_talk = matches!(step.verb, Verb::Send(_) | Verb::Expect(_) | Verb::Never(_));
        if is_talk && self.remotes.are_both() {
            let why = "both ends are elsewhere: what they say is opened when all is over";
            return Err(Stop::Blocked(why.to_owned()));
        }
        match &step.verb {
            Verb::Do(action) => {
                self.act(action)?;
                self.look_away();
                Ok(())
            }
            Verb::Send(send) => self.send(send),
            Verb::Expect(alternatives) => self.expect(alternatives),
            Verb::Never(never) => self.never(never),
            Verb::Wait(time) => {
                let until = self.net.world.now() + *time;
                self.advance(until, |_| false)?;
                self.look_away();
                Ok(())
            }
            Verb::Network(network) => {
                self.net.set_conditions(network);
                Ok(())
            }
            Verb::Check { what, of, is, within } => self.check(*what, *of, is, *within),
            Verb::Repeat { .. } | Verb::Note => Ok(()),
        }
    }

    /// What came so far is nobody's concern any more.
    pub(super) fn look_away(&mut self) {
        self.cursor = self.net.watch.borrow().messages.len();
        self.mark = self.net.world.now();
    }

    /// Lets time pass until something is so, at most until a moment. Whether it is so.
    pub(super) fn advance(
        &mut self,
        until: Instant,
        mut is_so: impl FnMut(&Net) -> bool,
    ) -> Result<bool, Stop> {
        if !self.remotes.is_empty() {
            return self.advance_for_real(until, is_so);
        }
        let limit = self.net.world.steps() + self.net.world.step_limit;
        loop {
            if is_so(&self.net) {
                return Ok(true);
            }
            if self.net.world.next_event().is_none_or(|next| next > until) {
                let ran = self.net.world.run_until(until);
                ran.map_err(|error| Stop::Failed(error.to_string()))?;
                return Ok(is_so(&self.net));
            }
            if self.net.world.steps() > limit {
                return Err(Stop::Failed("the world does not come to rest".to_owned()));
            }
            self.net.world.step();
            let rebinds = std::mem::take(&mut self.net.watch.borrow_mut().rebinds);
            if rebinds {
                self.net.rebind();
            }
        }
    }

    fn expect(&mut self, alternatives: &[Expect]) -> Done {
        let latest = alternatives.iter().map(|expect| self.patience(expect)).max().unwrap_or_default();
        let until = self.mark + latest;
        loop {
            let count = self.net.watch.borrow().messages.len();
            while self.cursor < count {
                let at = self.cursor;
                self.cursor += 1;
                if let Some(expect) = self.met(at, alternatives)? {
                    return self.retransmits(expect, at);
                }
            }
            let is_more = |net: &Net| net.watch.borrow().messages.len() > count;
            if !self.advance(until, is_more)? {
                let wanted: Vec<String> = alternatives.iter().map(described).collect();
                let within = latest.as_secs_f64();
                return Err(Stop::Failed(format!(
                    "expected {} within {within} s; it did not come",
                    wanted.join(" or ")
                )));
            }
        }
    }

    /// How long a message may take. A daemon on a busy machine takes its time, and repeats what was lost before it was there.
    fn patience(&self, expect: &Expect) -> Duration {
        if self.remotes.is_empty() { expect.within } else { expect.within.max(PATIENCE_ELSEWHERE) }
    }

    /// Whether a message is one of those expected. One that nobody expects is a failure.
    fn met<'e>(&mut self, at: usize, alternatives: &'e [Expect]) -> Result<Option<&'e Expect>, Stop> {
        let watch = self.net.watch.borrow();
        let found = &watch.messages[at];
        let mut differs = None;
        for expect in alternatives {
            let is_named =
                expect.message.matches(&found.name) && expect.from.is_none_or(|from| from == found.from);
            if !is_named {
                continue;
            }
            let since = found.at.since(self.mark);
            if since > self.patience(expect) {
                continue;
            }
            if since < expect.after {
                let (since, after) = (since.as_secs_f64(), expect.after.as_secs_f64());
                return Err(Stop::Failed(format!(
                    "{} came after {since} s, not before {after} s was expected",
                    found.name
                )));
            }
            match self.difference(&found.fields(), &expect.with) {
                None => {
                    let (moment, fields) = (found.at, found.fields());
                    drop(watch);
                    self.mark = moment;
                    if let Some(name) = &expect.save {
                        self.saved.insert(name.clone(), fields.clone());
                    }
                    self.saved.insert("last".to_owned(), fields);
                    return Ok(Some(expect));
                }
                Some(difference) => differs = Some(difference),
            }
        }
        let is_ambient = self.case.ambient.iter().any(|selector| selector.matches(&found.name));
        let concerns = alternatives.iter().any(|expect| expect.from.is_none_or(|from| from == found.from));
        if is_ambient || found.is_repeated || !concerns {
            return Ok(None);
        }
        let wanted: Vec<String> = alternatives.iter().map(described).collect();
        Err(Stop::Failed(match differs {
            Some(difference) => format!("{} came, but {difference}", found.name),
            None => format!(
                "expected {}; {} came from the {}",
                wanted.join(" or "),
                found.name,
                found.from.word()
            ),
        }))
    }

    /// The first field that is not what it has to be.
    fn difference(&self, fields: &[Value], with: &[(String, Matcher)]) -> Option<String> {
        let lookup = |variable: &str, field: &str| {
            self.saved.get(variable).and_then(|fields| message::find(fields, field)).map(|(value, _)| value)
        };
        with.iter().find_map(|(path, matcher)| {
            let found = message::find(fields, path);
            let (value, name) = match &found {
                Some((value, name)) => (Some(value), name.as_deref()),
                None => (None, None),
            };
            if matcher.fits(value, name, &lookup) {
                return None;
            }
            let got = value.map_or_else(|| "absent".to_owned(), Value::to_string);
            let name = name.map_or_else(String::new, |name| format!(" ({name})"));
            Some(format!("{path} is {got}{name}, not {}", matcher.wanted()))
        })
    }

    fn retransmits(&mut self, expect: &Expect, at: usize) -> Done {
        let Some(schedule) = &expect.retransmits else { return Ok(()) };
        let first = self.mark;
        for due in &schedule.at {
            let slack = *due * schedule.slack / 100;
            let (earliest, latest) = (first + due.saturating_sub(slack), first + *due + slack);
            let (name, from) = {
                let watch = self.net.watch.borrow();
                (watch.messages[at].name.clone(), watch.messages[at].from)
            };
            let start = self.cursor;
            let again = |found: &Message| found.name == name && found.from == from;
            let came =
                self.advance(latest, |net| net.watch.borrow().messages.iter().skip(start).any(again))?;
            let watch = self.net.watch.borrow();
            let found = watch.messages.iter().enumerate().skip(start).find(|(_, found)| again(found));
            let Some((at, found)) = found.filter(|_| came) else {
                return Err(Stop::Failed(format!(
                    "{name} was not sent again {} s after the first time",
                    due.as_secs_f64()
                )));
            };
            if found.at < earliest {
                let early = found.at.since(first).as_secs_f64();
                return Err(Stop::Failed(format!(
                    "{name} was sent again after {early} s, not after {} s",
                    due.as_secs_f64()
                )));
            }
            self.mark = found.at;
            self.cursor = at + 1;
        }
        Ok(())
    }

    fn never(&mut self, never: &Never) -> Done {
        let until = self.mark + never.time;
        let is_it = |found: &Message, play: &Self| {
            never.message.matches(&found.name)
                && never.from.is_none_or(|from| from == found.from)
                && play.difference(&found.fields(), &never.with).is_none()
        };
        self.advance(until, |_| false)?;
        let watch = self.net.watch.borrow();
        let came = watch.messages.iter().skip(self.cursor).find(|found| is_it(found, self));
        if let Some(found) = came {
            let frame = found.frame;
            return Err(Stop::Failed(format!(
                "{} came from the {} in frame {frame}",
                found.name,
                found.from.word()
            )));
        }
        drop(watch);
        self.look_away();
        Ok(())
    }

    /// A case that changes messages and has come to its end: whether the subject does what it is for.
    fn probe_after_mutation(&mut self) -> Result<(), (Verdict, Failure)> {
        if !self.case.mutates() || self.case.steps.last().is_some_and(is_probe) {
            return Ok(());
        }
        self.probe().map_err(|stop| {
            let (Stop::Failed(why) | Stop::Blocked(why)) = stop;
            (Verdict::Fail, Failure { is_down: true, ..Failure::of("after the case", why) })
        })
    }

    /// A mutation that is not taken as it should be may be the end of the subject as well. The next case starts another one,
    /// which would not show that.
    fn probe_after_failure(&mut self, (verdict, mut failure): (Verdict, Failure)) -> (Verdict, Failure) {
        if verdict != Verdict::Fail || self.remotes.are_both() || !self.case.mutates() {
            return (verdict, failure);
        }
        let failed = self.case.steps.iter().find(|step| Some(step.line) == failure.line);
        if failed.is_some_and(is_probe) {
            failure.is_down = true;
            return (verdict, failure);
        }
        seams::open(&self.net.plan).armed.clear();
        if let Err(Stop::Failed(why) | Stop::Blocked(why)) = self.probe() {
            failure.is_down = true;
            failure.text.push_str(&format!("; and it is down after that: {why}"));
        }
        (verdict, failure)
    }
}

fn is_probe(step: &Step) -> bool {
    matches!(&step.verb, Verb::Do(action) if action.what == super::vocabulary::Macro::Probe)
}

/// A message in one line.
pub(super) fn line(message: &Message) -> String {
    let arrow = match message.from {
        Role::Client => "->",
        Role::Supernode => "<-",
    };
    let lost = if message.is_lost { " (lost)" } else { "" };
    let seconds = message.at.since(Instant::START).as_secs_f64();
    format!("{seconds:11.6} {arrow} {}{lost}  frame {}", message.name, message.frame)
}

fn described(expect: &Expect) -> String {
    match expect.from {
        Some(from) => format!("{} from the {}", expect.message, from.word()),
        None => expect.message.to_string(),
    }
}

impl Play<'_> {
    /// Lets a connection go as far as a stage.
    pub(super) fn open_to(&mut self, stage: Stage) {
        seams::open(&self.net.plan).gate = stage;
        let reach = match stage {
            Stage::Phase1 | Stage::Phase2 => Reach::Associations,
            Stage::Tunnel => Reach::Tunnel,
            Stage::Session => Reach::Session,
            Stage::Lcp | Stage::Authentication | Stage::Network => Reach::Link,
        };
        for seat in [self.net.client, self.net.supernode] {
            self.net.command(seat, Command::Reach(reach));
        }
    }
}
