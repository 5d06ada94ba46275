//! Cases over a recording: what was to be done has been done in it or not, and what the end under test said is looked at.
//!
//! What the end under test is told to say becomes something that is expected; a stimulus that the recording lacks leaves the case
//! blocked, and so does a recording that ends before a message is due.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use l2tpspec_protocol::time::Instant;
use serde_json::{Value, json};

use super::message::{self, Message, Namer};
use super::model::{Case, Changes, Do, Expect, Matcher, Network, Never, Send, Step, Verb};
use super::verdict::{Failure, Played, Verdict};
use super::vocabulary::Macro;
use crate::capture::file::{CaptureFile, Options as CaptureOptions};
use crate::capture::keys::Keys;
use crate::check::{Checked, Judge, Judged};
use crate::error::ExpectedError;
use crate::transcript::connection::{Connections, Role};
use crate::transcript::{Options, pipeline};
use crate::triage::Rung;

/// Messages kept of a connection.
const MOST: usize = 100_000;

/// One connection of a recording.
#[derive(Debug)]
pub struct Captured {
    messages: Vec<Message>,
    checked: Checked,
    number: usize,
    end: Instant,
    /// Whether the client is behind a translator.
    pub is_translated: bool,
}

/// Why a case does not go on.
enum Stop {
    Failed(String),
    Blocked(String),
}

type Done = Result<(), Stop>;
/// Where it does not go on: the step and its line, or another part.
type Ended = Result<(), (Stop, String, Option<usize>)>;

impl Captured {
    /// Reads a connection; numbers are from 1.
    ///
    /// # Errors
    /// A recording that cannot be read, or one without that connection.
    pub fn read(
        path: &Path,
        keys: &Keys,
        options: Options,
        number: usize,
        mut on_progress: impl FnMut(u64),
    ) -> Result<Self, ExpectedError> {
        let mut file = CaptureFile::open(path, &CaptureOptions::default())?;
        let (mut connections, mut namer, mut judge) =
            (Connections::default(), Namer::default(), Judge::new());
        let (mut messages, mut is_translated, mut end) = (Vec::new(), false, Instant::START);
        pipeline::run(&mut file, keys, options, |entry, octets| {
            on_progress(octets);
            judge.see(entry);
            let at = Instant::START + Duration::from_nanos(u64::try_from(entry.time).unwrap_or(0));
            let Some(placed) = connections.place(entry) else { return true };
            let Some(from) = placed.sender.filter(|_| placed.connection + 1 == number) else { return true };
            end = at;
            let name = namer.name(entry, from);
            is_translated |= entry.layers.iter().any(|layer| layer.name() == "udpencap");
            if messages.len() < MOST {
                let layers = std::mem::take(&mut entry.layers);
                let (is_lost, is_repeated) = (false, false);
                messages.push(Message { frame: entry.frame, at, from, name, is_lost, is_repeated, layers });
            }
            true
        })?;
        let checked = judge.end(path, &[], None);
        if messages.is_empty() {
            return Err(ExpectedError::Usage(format!(
                "{}: no connection {number} of L2TP or IKEv1\nhint: `l2tpspec check` numbers them",
                path.display()
            )));
        }
        Ok(Self { messages, checked, number, end, is_translated })
    }

    fn judged(&self) -> Option<&Judged> {
        self.checked.connections.iter().find(|judged| judged.number == self.number)
    }

    /// Judges a case.
    #[must_use]
    pub fn play(&self, case: &Case) -> Played {
        let mut look = Look {
            case,
            captured: self,
            cursor: 0,
            mark: self.messages.first().map_or(Instant::START, |message| message.at),
            saved: BTreeMap::new(),
            is_connected: false,
            looked_at: 0,
        };
        let result = look.setting().and_then(|()| look.steps(&case.steps)).and_then(|()| look.end());
        let elapsed = self.end.since(Instant::START);
        let (verdict, failure) = match result {
            Ok(()) => (Verdict::Pass, None),
            Err((stop, at, line)) => {
                let (verdict, text) = match stop {
                    Stop::Failed(text) => (Verdict::Fail, text),
                    Stop::Blocked(text) => (Verdict::Blocked, text),
                };
                (verdict, Some(Failure { line, ..Failure::of(&at, text) }))
            }
        };
        let (checked, recording, log) = (None, None, None);
        Played { verdict, failure, elapsed, checked, recording, messages: self.messages.len(), log }
    }
}

/// A case that is being judged.
struct Look<'a> {
    case: &'a Case,
    captured: &'a Captured,
    /// The first message that no step has looked at.
    cursor: usize,
    /// The moment of the step before.
    mark: Instant,
    saved: BTreeMap<String, Vec<Value>>,
    is_connected: bool,
    /// How much was looked at: of nothing, nothing can be said.
    looked_at: usize,
}

impl Look<'_> {
    /// What has to be known of the recorded ends before anything can be said of them.
    fn setting(&self) -> Ended {
        let why = if self.case.changes != Changes::default() {
            "it is about ends that are set up in another way than their profiles have it"
        } else if self.case.network != Network::default() {
            "what the wire did is not known of a recording"
        } else {
            return Ok(());
        };
        Err((blocked(why), "the case".to_owned(), None))
    }

    fn steps(&mut self, steps: &[Step]) -> Ended {
        for step in steps {
            self.step(step).map_err(|stop| (stop, format!("step {}", step.number), Some(step.line)))?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Done {
        if self.mark > self.captured.end && !matches!(step.verb, Verb::Wait(_) | Verb::Note) {
            return Err(blocked("the recording ends before this"));
        }
        match &step.verb {
            Verb::Do(action) => self.act(action),
            Verb::Send(send) => self.send(send),
            Verb::Expect(alternatives) => self.expect(alternatives),
            Verb::Never(never) => self.never(never),
            Verb::Repeat { times, steps } => {
                for _ in 0..*times {
                    self.steps(steps).map_err(|(stop, ..)| stop)?;
                }
                Ok(())
            }
            Verb::Wait(time) => {
                self.mark = self.mark + *time;
                Ok(())
            }
            Verb::Network(_) => Err(blocked("what the wire did is not known of a recording")),
            // Nobody can look into an end that only left its words.
            Verb::Check { .. } | Verb::Note => Ok(()),
        }
    }

    /// The message after those looked at that fits; it is looked at then.
    fn find(&mut self, fits: impl Fn(&Message) -> bool) -> Option<&Message> {
        let at = self.cursor + self.captured.messages.get(self.cursor..)?.iter().position(fits)?;
        self.cursor = at + 1;
        let found = self.captured.messages.get(at)?;
        self.mark = found.at;
        Some(found)
    }

    fn act(&mut self, action: &Do) -> Done {
        match action.what {
            Macro::Begin => Ok(()),
            Macro::Connect if action.text("client").is_some() || self.is_connected => {
                Err(blocked("a second connection beside it is not known of a recording"))
            }
            Macro::Connect => {
                self.is_connected = true;
                let step = self.captured.judged().map(|judged| judged.outcome.ladder.step(Rung::IpcpUp));
                let Some(reached) = step.and_then(|step| step.reached) else {
                    let cause = self.captured.judged().and_then(|judged| judged.outcome.cause());
                    return Err(blocked(format!(
                        "the recorded connection does not come up: {}",
                        cause.unwrap_or("it is not seen to")
                    )));
                };
                let is_later = |message: &Message| message.frame > reached.frame;
                let all = &self.captured.messages;
                self.cursor = all.iter().position(is_later).unwrap_or(all.len());
                self.mark = all.get(self.cursor.saturating_sub(1)).map_or(self.mark, |message| message.at);
                Ok(())
            }
            Macro::Ping => self.ping(action),
            Macro::Disconnect => {
                let is_end = |message: &Message| {
                    message.from == Role::Client
                        && matches!(&message.name[..], "l2tp.StopCCN" | "l2tp.CDN" | "lcp.Terminate-Request")
                };
                self.find(is_end)
                    .map(|_| ())
                    .ok_or_else(|| blocked("the recorded client does not say an end"))
            }
            Macro::Rekey => {
                let by = if action.text("by") == Some("supernode") { Role::Supernode } else { Role::Client };
                let phase = action.argument("phase").and_then(Value::as_u64).unwrap_or(2);
                let name = if phase == 1 { "ike.main.1" } else { "ike.quick.1" };
                self.find(|message| message.name == name && message.from == by).map(|_| ()).ok_or_else(|| {
                    blocked(format!("the recorded {} renews no keys of phase {phase}", by.word()))
                })
            }
            _ => Err(blocked(format!("`{}` is not known to have been done in it", action.what.word()))),
        }
    }

    /// Echoes from the client and what came back: as many as were recorded of those wanted.
    fn ping(&mut self, action: &Do) -> Done {
        let is_plain = action.text("to").is_none_or(|to| to == "supernode" || to == "10.70.72.1");
        if action.text("from").is_some() || !is_plain {
            return Err(blocked("whom users reach, and through whom, is not known of a recording"));
        }
        let count = action.argument("count").and_then(Value::as_u64).unwrap_or(3);
        let (mut asked, mut replies, mut ttl) = (0_u64, 0_u64, None);
        while asked < count && self.find(|message| message.name == "icmp.echo").is_some() {
            asked += 1;
            let next = self.captured.messages.get(self.cursor..).unwrap_or_default();
            let reply = next
                .iter()
                .take_while(|message| message.name != "icmp.echo")
                .find(|message| message.name == "icmp.echo-reply");
            if let Some(reply) = reply {
                replies += 1;
                let found = message::find(&reply.fields(), "time_to_live");
                ttl = ttl.or_else(|| found.map(|(value, _)| value));
            }
        }
        if asked == 0 {
            return Err(blocked("nobody pings in the recording"));
        }
        let all = [("replies".to_owned(), Matcher::Is(json!(count)))];
        let wanted = if action.is.is_empty() { &all[..] } else { &action.is };
        for (property, matcher) in wanted {
            let got = match property.as_str() {
                // All of fewer are as good as all.
                "replies" => Some(json!(if replies == asked { count } else { replies })),
                "ttl" => ttl.clone(),
                _ => continue,
            };
            self.looked_at += 1;
            if !matcher.fits(got.as_ref(), None, &|_, _| None) {
                let got = got.map_or_else(|| "absent".to_owned(), |value| value.to_string());
                return Err(Stop::Failed(format!("ping: {property} is {got}, not {}", matcher.wanted())));
            }
        }
        Ok(())
    }

    fn send(&mut self, send: &Send) -> Done {
        if !send.mutate.is_empty() {
            return Err(blocked(format!("no recorded {} is changed in that way", send.message)));
        }
        let (message, from) = (&send.message, send.from);
        let found =
            self.find(|found| message.matches(&found.name) && found.from == from).map(Message::fields);
        match found {
            Some(fields) => {
                if from == self.case.subject {
                    self.looked_at += 1;
                }
                if let Some(name) = &send.save {
                    self.saved.insert(name.clone(), fields.clone());
                }
                self.saved.insert("sent".to_owned(), fields);
                Ok(())
            }
            None => Err(blocked(format!("the recorded {} says no {message} here", from.word()))),
        }
    }

    fn expect(&mut self, alternatives: &[Expect]) -> Done {
        let captured = self.captured;
        let latest = alternatives.iter().map(|expect| expect.within).max().unwrap_or_default();
        let until = self.mark + latest;
        let mut differs = None;
        while let Some(found) = captured.messages.get(self.cursor) {
            if found.at > until {
                break;
            }
            self.cursor += 1;
            for expect in alternatives {
                let is_named =
                    expect.message.matches(&found.name) && expect.from.is_none_or(|from| from == found.from);
                let since = found.at.since(self.mark);
                if !is_named || since > expect.within || since < expect.after {
                    continue;
                }
                let fields = found.fields();
                match self.difference(&fields, &expect.with) {
                    None => {
                        self.looked_at += 1;
                        self.mark = found.at;
                        if let Some(name) = &expect.save {
                            self.saved.insert(name.clone(), fields);
                        }
                        return Ok(());
                    }
                    Some(what) => differs = Some(format!("{} in frame {}: {what}", found.name, found.frame)),
                }
            }
        }
        let wanted: Vec<String> = alternatives.iter().map(|expect| expect.message.to_string()).collect();
        let wanted = wanted.join(" or ");
        match differs {
            Some(what) => Err(Stop::Failed(what)),
            None if alternatives
                .iter()
                .all(|expect| expect.from.is_some_and(|from| from != self.case.subject)) =>
            {
                Err(blocked(format!("the other end does not say {wanted}, so that there is nothing to see")))
            }
            None if captured.end < until => {
                Err(blocked(format!("the recording ends before {wanted} is due")))
            }
            None => {
                let within = latest.as_secs_f64();
                Err(Stop::Failed(format!("expected {wanted} within {within} s; it did not come")))
            }
        }
    }

    fn never(&mut self, never: &Never) -> Done {
        let until = self.mark + never.time;
        let after = self.captured.messages.get(self.cursor..).unwrap_or_default();
        let meant = after.iter().take_while(|found| found.at <= until).find(|found| {
            never.message.matches(&found.name)
                && never.from.is_none_or(|from| from == found.from)
                && self.difference(&found.fields(), &never.with).is_none()
        });
        self.looked_at += 1;
        match meant {
            Some(found) => Err(Stop::Failed(format!("{} came in frame {}", found.name, found.frame))),
            None => Ok(()),
        }
    }

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
            Some(format!("{path} is {got}, not {}", matcher.wanted()))
        })
    }

    /// What the rules say of the requirements that the case is about, of the end under test.
    fn end(&self) -> Ended {
        let Some(judged) = self.captured.judged() else { return Ok(()) };
        let is_meant = |requirement: &str| self.case.cites.iter().any(|cited| cited == requirement);
        let broken = judged.findings.iter().find(|finding| {
            is_meant(&finding.requirement.id)
                && finding.role == Some(self.case.subject)
                && !self.case.breaks.contains(&finding.requirement.id)
        });
        if let Some(finding) = broken
            && let Some(violation) = finding.violations.first()
        {
            let (id, frame, text) = (&finding.requirement.id, violation.frame, &violation.text);
            let why = Stop::Failed(format!("{id} is broken in frame {frame}: {text}"));
            return Err((why, "rules".to_owned(), None));
        }
        if self.looked_at == 0 {
            let why = blocked("nothing that it asks for can be seen in a recording");
            return Err((why, "the case".to_owned(), None));
        }
        Ok(())
    }
}

fn blocked(why: impl Into<String>) -> Stop {
    Stop::Blocked(why.into())
}
