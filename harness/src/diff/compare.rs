//! Counts what each side shows, and tells what differs from what chance explains.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::align::{self, Pair};
use super::observe::Observed;
use super::timing::Measure;
use super::{Side, cause};
use crate::transcript::connection::Role;

/// Frames that are named of a value.
const NAMED: usize = 5;

/// What some connections of one side show and none of the other is a difference if chance would hide it less often.
const CHANCE: f64 = 0.05;

/// Reasons that are named why something could not be seen.
const REASONS: usize = 32;

/// Differences, and what follows from them with the index of its cause.
pub type Sorted = (Vec<Difference>, Vec<(Difference, usize)>);

/// Behaviour that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Wireshark's name of the layer.
    pub layer: String,
    /// The message and its part, or what is done.
    pub field: String,
    /// Whose behaviour it is.
    pub role: Role,
    /// What was so before.
    pub old: Shown,
    /// What is so now.
    pub new: Shown,
    /// Why a rung is not reached, as triage has it.
    pub cause: Option<String>,
}

/// What one side shows of a behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Every value, that of most connections first.
    pub values: Vec<ShownValue>,
    /// Connections that had occasion to show it.
    pub of: usize,
}

/// A value that a side shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownValue {
    /// The value; `None` where the message came without it.
    pub text: Option<String>,
    /// Connections that show it.
    pub connections: usize,
    /// The first frames of some of them.
    pub frames: Vec<u64>,
}

/// What came of comparing two sides.
#[derive(Debug, Default)]
pub struct Compared {
    /// What differs, from the outermost layer inwards.
    pub differences: Vec<Difference>,
    /// What follows from a difference, with the index of that.
    pub consequences: Vec<(Difference, usize)>,
    /// Behaviours that both sides show.
    pub compared: BTreeSet<(String, Role)>,
    /// Connections of each side that were compared.
    pub connections: [usize; 2],
    /// Layers that a connection of either side hides for want of keys.
    pub hidden: BTreeSet<&'static str>,
    /// What could not be seen or compared, and why.
    pub unseen: Vec<String>,
}

impl Difference {
    /// Layer and field, as in `l2tp/sccrp.host_name`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.layer, self.field)
    }

    /// What was so before; `None` if it was absent.
    #[must_use]
    pub fn old_text(&self) -> Option<String> {
        self.old.text()
    }

    /// What is so now; `None` if it is absent.
    #[must_use]
    pub fn new_text(&self) -> Option<String> {
        self.new.text()
    }
}

impl Shown {
    /// The values as one text; `None` if all that there is is absence.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self.values.as_slice() {
            [only] => only.text.clone(),
            many => Some(many.iter().map(ShownValue::word).collect::<Vec<_>>().join(" or ")),
        }
    }

    fn has(&self, text: Option<&str>) -> bool {
        self.values.iter().any(|value| value.text.as_deref() == text)
    }

    fn count(&mut self, text: Option<&str>, frame: u64) {
        if !self.has(text) {
            self.values.push(ShownValue {
                text: text.map(str::to_owned),
                connections: 0,
                frames: Vec::new(),
            });
        }
        if let Some(value) = self.values.iter_mut().find(|value| value.text.as_deref() == text) {
            value.connections += 1;
            if value.frames.len() < NAMED {
                value.frames.push(frame);
            }
        }
    }
}

impl ShownValue {
    /// The value as a word.
    #[must_use]
    pub fn word(&self) -> &str {
        self.text.as_deref().unwrap_or("absent")
    }
}

/// What is compared: layer and field in one, and whose it is.
type Subject = (Arc<str>, Role);

/// Compares two sides.
#[must_use]
pub fn compare(old: &Side, new: &Side) -> Compared {
    let aligned = align::align(old, new);
    let mut compared = Compared { unseen: aligned.alone, ..Compared::default() };
    let mut all: Vec<Difference> = Vec::new();
    for pair in &aligned.pairs {
        compared.connections[0] += pair.old.len();
        compared.connections[1] += pair.new.len();
        for difference in differences(old, new, pair, &mut compared.compared) {
            merge(&mut all, difference);
        }
    }
    all.sort_by_key(|difference| (rank(&difference.layer), difference.role));
    (compared.differences, compared.consequences) = cause::sorted(all);
    note_hidden("old", old, &mut compared);
    note_hidden("new", new, &mut compared);
    compared
}

/// From the outermost layer inwards.
fn rank(layer: &str) -> usize {
    const ORDER: [&str; 16] = [
        "isakmp", "udpencap", "esp", "l2tp", "ppp", "lcp", "pap", "chap", "eap", "ipcp", "ipv6cp", "ccp",
        "ip", "icmp", "tcp", "ospf",
    ];
    ORDER.iter().position(|it| *it == layer).unwrap_or(ORDER.len())
}

fn note_hidden(which: &str, side: &Side, compared: &mut Compared) {
    for outcome in side.connections.iter().map(|observed| &observed.outcome) {
        compared.hidden.extend(outcome.hidden.iter().copied());
        if !outcome.hidden.is_empty() {
            let because = outcome.hidden_because.join("; ");
            let layers = outcome.hidden.join(", ");
            let text = format!("{layers} of the {which} recording, for want of keys: {because}");
            if compared.unseen.len() < REASONS && !compared.unseen.contains(&text) {
                compared.unseen.push(text);
            }
        }
    }
}

/// The same difference of several kinds of clients is one.
fn merge(all: &mut Vec<Difference>, difference: Difference) {
    let is_same = |known: &&mut Difference| {
        known.layer == difference.layer
            && known.field == difference.field
            && known.role == difference.role
            && known.old_text() == difference.old_text()
            && known.new_text() == difference.new_text()
    };
    match all.iter_mut().find(is_same) {
        Some(known) => {
            known.old.add(&difference.old);
            known.new.add(&difference.new);
        }
        None => all.push(difference),
    }
}

impl Shown {
    fn add(&mut self, other: &Self) {
        self.of += other.of;
        for (own, value) in self.values.iter_mut().zip(&other.values) {
            own.connections += value.connections;
            own.frames.extend(value.frames.iter().take(NAMED.saturating_sub(own.frames.len())));
        }
    }

    fn sorted(mut self) -> Self {
        self.values.sort_by(|a, b| b.connections.cmp(&a.connections).then_with(|| a.text.cmp(&b.text)));
        self
    }
}

/// A connection of a side.
#[derive(Debug, Clone, Copy)]
struct Member<'a> {
    observed: &'a Observed,
    side: &'a Side,
}

impl Member<'_> {
    fn text(&self, word: super::note::Word) -> Arc<str> {
        self.side.words.text(word)
    }
}

fn members<'a>(side: &'a Side, at: &[usize]) -> Vec<Member<'a>> {
    at.iter().filter_map(|at| side.connections.get(*at)).map(|observed| Member { observed, side }).collect()
}

fn differences(
    old: &Side,
    new: &Side,
    pair: &Pair,
    compared: &mut BTreeSet<(String, Role)>,
) -> Vec<Difference> {
    let (olds, news) = (members(old, &pair.old), members(new, &pair.new));
    let within = carriers(olds.iter().chain(&news));
    let (old, new) = (said(&olds, &within), said(&news, &within));
    let mut all = Vec::new();
    for (subject, old) in old {
        let Some(new) = new.get(&subject) else { continue };
        compared.insert((subject.0.to_string(), subject.1));
        if differs(&subject.0, &old, new) {
            let why = why(&subject.0, &olds, &news);
            all.push(difference(&subject, old.sorted(), new.clone().sorted(), why));
        }
    }
    let (old, new) = (measured(&olds), measured(&news));
    for (subject, old) in old {
        let Some(new) = new.get(&subject) else { continue };
        compared.insert((subject.0.to_string(), subject.1));
        if is_otherwise(&old, new) {
            all.push(difference(&subject, typical(&old), typical(new), None));
        }
    }
    all
}

fn difference(subject: &Subject, old: Shown, new: Shown, cause: Option<String>) -> Difference {
    let (layer, field) = subject.0.split_once('/').unwrap_or(("", &subject.0));
    Difference { layer: layer.to_owned(), field: field.to_owned(), role: subject.1, old, new, cause }
}

/// Why a rung is reached on one side only: what triage says of the other.
fn why(key: &str, old: &[Member<'_>], new: &[Member<'_>]) -> Option<String> {
    key.contains("/rung.").then_some(())?;
    new.iter().chain(old).find_map(|member| member.observed.outcome.cause()).map(str::to_owned)
}

/// The message of every part.
fn carriers<'a>(members: impl Iterator<Item = &'a Member<'a>>) -> BTreeMap<Subject, Arc<str>> {
    let mut within = BTreeMap::new();
    for member in members {
        for note in &member.observed.notes.list {
            if let Some(carrier) = note.within {
                within.insert((member.text(note.key), note.by), member.text(carrier));
            }
        }
    }
    within
}

/// What the connections of a side say. A part is absent where its message came without it.
fn said(members: &[Member<'_>], within: &BTreeMap<Subject, Arc<str>>) -> BTreeMap<Subject, Shown> {
    let mut all: BTreeMap<Subject, Shown> = BTreeMap::new();
    for member in members {
        let mut messages: BTreeMap<Subject, u64> = BTreeMap::new();
        let mut has: BTreeSet<Subject> = BTreeSet::new();
        for note in &member.observed.notes.list {
            let subject = (member.text(note.key), note.by);
            let Some(value) = note.value else {
                messages.entry(subject).or_insert(note.frame);
                continue;
            };
            let shown = all.entry(subject.clone()).or_default();
            shown.count(Some(&*member.text(value)), note.frame);
            shown.of += usize::from(has.insert(subject));
        }
        for (part, carrier) in within {
            if let (false, Some(frame)) = (has.contains(part), messages.get(&(Arc::clone(carrier), part.1))) {
                let shown = all.entry(part.clone()).or_default();
                shown.count(None, *frame);
                shown.of += 1;
            }
        }
    }
    all
}

/// Whether chance does not explain it.
fn differs(key: &str, old: &Shown, new: &Shown) -> bool {
    if key.ends_with(".order") {
        return is_ordered_otherwise(old, new);
    }
    if !old.values.iter().any(|value| new.has(value.text.as_deref())) {
        return true;
    }
    let is_missing = |from: &Shown, to: &Shown| {
        from.values.iter().filter(|value| !to.has(value.text.as_deref())).any(|value| {
            // One more connection without it, which nobody happened to record.
            let share = count(value.connections) / (count(from.of) + 1.0);
            (1.0 - share).powf(count(to.of)) < CHANCE
        })
    };
    is_missing(old, new) || is_missing(new, old)
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// Whether what both have comes in another order. What only one has is a difference of its own.
fn is_ordered_otherwise(old: &Shown, new: &Shown) -> bool {
    let lists = |shown: &Shown| -> Vec<Vec<String>> {
        let texts = shown.values.iter().map(|value| value.text.as_deref().unwrap_or_default());
        texts.map(|text| text.split("; ").map(str::to_owned).collect()).collect()
    };
    let is_like = |a: &[String], b: &[String]| {
        let common_of_a = a.iter().filter(|item| b.contains(item));
        let common_of_b = b.iter().filter(|item| a.contains(item));
        common_of_a.eq(common_of_b)
    };
    let new = lists(new);
    !lists(old).iter().any(|a| new.iter().any(|b| is_like(a, b)))
}

/// Measurements of a side, each with its connection and frame.
type Measured = Vec<(Measure, usize, u64)>;

fn measured(members: &[Member<'_>]) -> BTreeMap<Subject, Measured> {
    let mut all: BTreeMap<Subject, Measured> = BTreeMap::new();
    for (number, member) in members.iter().enumerate() {
        for timed in &member.observed.notes.timed {
            let subject = (member.text(timed.key), timed.by);
            all.entry(subject).or_default().push((timed.measure.clone(), number, timed.frame));
        }
    }
    all
}

/// Measurements that are compared of a side: they are compared each with each.
const MOST: usize = 200;

/// Whether most of what either side measures agrees with nothing that the other does.
fn is_otherwise(old: &Measured, new: &Measured) -> bool {
    let are_strange = |from: &Measured, to: &Measured| {
        let from = from.iter().take(MOST);
        let all = from.len();
        let strange =
            from.filter(|(it, ..)| !to.iter().take(MOST).any(|(other, ..)| it.agrees(other))).count();
        2 * strange > all
    };
    are_strange(old, new) && are_strange(new, old)
}

/// The measurement that agrees with most others, and of these the one that tells most.
fn typical(measured: &Measured) -> Shown {
    let agreeing =
        |measure: &Measure| measured.iter().take(MOST).filter(|(other, ..)| other.agrees(measure)).count();
    let tells = |measure: &Measure| match measure {
        Measure::Again(times) => times.len(),
        _ => 0,
    };
    let best = measured.iter().take(MOST).max_by_key(|(measure, ..)| (agreeing(measure), tells(measure)));
    let Some((measure, ..)) = best else { return Shown::default() };
    let connections = |all: &mut dyn Iterator<Item = &(Measure, usize, u64)>| {
        all.map(|(_, member, _)| *member).collect::<BTreeSet<_>>().len()
    };
    let mut alike = measured.iter().filter(|(other, ..)| other.agrees(measure));
    let frames = alike.clone().map(|(.., frame)| *frame).take(NAMED).collect();
    let value = ShownValue { text: Some(measure.words()), connections: connections(&mut alike), frames };
    Shown { values: vec![value], of: connections(&mut measured.iter()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[(Option<&str>, usize)], of: usize) -> Shown {
        let value = |(text, connections): &(Option<&str>, usize)| ShownValue {
            text: text.map(str::to_owned),
            connections: *connections,
            frames: Vec::new(),
        };
        Shown { values: values.iter().map(value).collect(), of }
    }

    #[test]
    fn what_chance_explains_is_no_difference() {
        let always = |text, of| shown(&[(Some(text), of)], of);
        assert!(differs("l2tp/x", &always("a", 1), &always("b", 1)));
        assert!(!differs("l2tp/x", &always("a", 5), &always("a", 1)));
        let one_of_five = shown(&[(Some("a"), 4), (Some("b"), 1)], 5);
        assert!(!differs("l2tp/x", &one_of_five, &always("a", 5)), "a rare one may be missing");
        let half_of_many = shown(&[(Some("a"), 20), (None, 20)], 40);
        assert!(differs("l2tp/x", &half_of_many, &always("a", 40)), "half of all may not");
    }

    #[test]
    fn an_order_is_that_of_what_both_have() {
        let list = |text| shown(&[(Some(text), 1)], 1);
        assert!(!differs("l2tp/x.order", &list("a; b; c"), &list("a; c; d")));
        assert!(differs("l2tp/x.order", &list("a; b; c"), &list("b; a; c")));
    }

    #[test]
    fn a_schedule_that_most_messages_do_not_keep_is_another() {
        let again =
            |times: &[i64]| (Measure::Again(times.iter().map(|it| it * 1_000_000_000).collect()), 0, 1);
        let exponential = vec![again(&[1, 3, 7]), again(&[1, 3, 7, 15])];
        assert!(!is_otherwise(&exponential, &vec![again(&[1])]));
        assert!(is_otherwise(&exponential, &vec![again(&[1, 2, 3, 4])]));
        assert_eq!(typical(&exponential).text().as_deref(), Some("again after 1 s, 2 s, 4 s, 8 s"));
    }
}
