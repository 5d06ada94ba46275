//! The steps of a scenario: one verb each.

use std::time::Duration;

use super::fields::{self, Fields};
use super::matcher;
use super::model::{Act, Do, Expect, Matcher, Network, Never, Party, Retransmits, Rule, Send, Step, Verb};
use super::mutation::{Change, MESSAGE, Mutation, Raw};
use super::parse::{PATIENCE, role};
use super::source::{Kind, Node, Problem};
use super::vocabulary::{self, MESSAGES, Macro, Selector, Subject, normalised};

/// The verbs. Exactly one stands in a step.
pub(super) const VERBS: &[&str] =
    &["do", "send", "expect", "any_of", "never", "repeat", "wait", "network", "check", "note"];

/// How long an expected message may take unless the step says so.
const SOON: Duration = Duration::from_secs(10);

/// Reads a list of steps.
pub(super) fn steps(node: &Node, text: &str, problems: &mut Vec<Problem>) -> Vec<Step> {
    let mut saved = Vec::new();
    let steps = read_steps(node, text, "", &mut saved, problems);
    if steps.is_empty() {
        problems.push(Problem::new(node.span.clone(), "a scenario without steps shows nothing"));
    }
    for Saved { name, span, is_used } in saved {
        if !is_used {
            let what = format!("`{name}` is saved and never used");
            let help = format!("compare a field with \"${name}.FIELD\", or remove the key `save`");
            problems.push(Problem::new(span, what).help(help));
        }
    }
    steps
}

/// A name that a step gives to a message.
struct Saved {
    name: String,
    span: std::ops::Range<usize>,
    is_used: bool,
}

fn read_steps(
    node: &Node,
    text: &str,
    prefix: &str,
    saved: &mut Vec<Saved>,
    problems: &mut Vec<Problem>,
) -> Vec<Step> {
    let items = fields::list(node, problems).iter().enumerate();
    items
        .filter_map(|(at, item)| {
            let number = format!("{prefix}{}", at + 1);
            let line = text.get(..item.span.start).unwrap_or_default().matches('\n').count() + 1;
            let mut f = Fields::new(item, problems)?;
            let why = f.get("why").and_then(|node| fields::text(node, problems));
            let verbs: Vec<_> =
                f.members().iter().filter(|member| VERBS.contains(&&member.key[..])).collect();
            let verb = match &verbs[..] {
                [verb] => &verb.key[..],
                [] => {
                    let what = "a step needs a verb";
                    let keys = f.members().iter().map(|member| &member.key[..]).collect::<Vec<_>>();
                    let guess = keys.first().copied().unwrap_or_default();
                    let unknown = Problem::unknown(f.span(), "verb", guess, VERBS.iter().copied());
                    problems.push(Problem { what: what.to_owned(), ..unknown });
                    return None;
                }
                [first, second, ..] => {
                    let what = format!("a second verb `{}` beside `{}`", second.key, first.key);
                    problems.push(
                        Problem::new(second.span.clone(), what).help("one verb a step: make it two steps"),
                    );
                    return None;
                }
            };
            let verb = read_verb(verb, &mut f, text, &number, saved, problems);
            f.finish("key", problems);
            Some(Step { number, line, verb: verb?, why })
        })
        .collect()
}

fn read_verb(
    verb: &str,
    f: &mut Fields<'_>,
    text: &str,
    number: &str,
    saved: &mut Vec<Saved>,
    problems: &mut Vec<Problem>,
) -> Option<Verb> {
    Some(match verb {
        "do" => Verb::Do(read_do(f, problems)?),
        "send" => Verb::Send(Box::new(read_send(f, saved, problems)?)),
        "expect" => Verb::Expect(vec![read_expect(f, saved, problems)?]),
        "any_of" => {
            let mut alternatives = Vec::new();
            for item in fields::list(f.get("any_of")?, problems) {
                let mut f = Fields::new(item, problems)?;
                f.get("why");
                alternatives.extend(read_expect(&mut f, saved, problems));
                f.finish("key", problems);
            }
            Verb::Expect(alternatives)
        }
        "never" => {
            let message = selector(f.get("never")?, problems)?;
            let from = f.get("from").and_then(|node| role(node, problems));
            let with = read_with(f.get("with"), &message, saved, problems);
            let time = f.need("for", problems).and_then(|node| fields::time(node, problems))?;
            Verb::Never(Never { message, from, with, time })
        }
        "repeat" => {
            let times = fields::number(f.get("repeat")?, problems)?;
            let steps = f.need("steps", problems)?;
            let steps = read_steps(steps, text, &format!("{number}."), saved, problems);
            Verb::Repeat { times: u32::try_from(times).unwrap_or(u32::MAX), steps }
        }
        "wait" => Verb::Wait(fields::time(f.get("wait")?, problems)?),
        "network" => Verb::Network(Box::new(network(f.get("network")?, problems)?)),
        "check" => read_check(f, problems)?,
        _ => {
            fields::text(f.get("note")?, problems)?;
            Verb::Note
        }
    })
}

fn read_do(f: &mut Fields<'_>, problems: &mut Vec<Problem>) -> Option<Do> {
    let node = f.get("do")?;
    let word = fields::text(node, problems)?;
    let Some(what) = Macro::from_word(&word) else {
        let all = Macro::ALL.iter().map(|one| one.word());
        problems.push(Problem::unknown(node.span.clone(), "action", &word, all));
        return None;
    };
    let arguments = what.keys().iter().filter_map(|key| Some(((*key).to_owned(), fields::json(f.get(key)?))));
    let arguments = arguments.collect();
    let is = f.get("is").map(|node| matcher::members(node, problems)).unwrap_or_default();
    let within = f.get("within").and_then(|node| fields::time(node, problems)).unwrap_or(PATIENCE);
    Some(Do { what, arguments, is, within })
}

fn read_send(f: &mut Fields<'_>, saved: &mut Vec<Saved>, problems: &mut Vec<Problem>) -> Option<Send> {
    let message = selector(f.get("send")?, problems)?;
    let from = f.need("from", problems).and_then(|node| role(node, problems))?;
    let mutate = match f.get("mutate") {
        Some(node) => fields::list(node, problems)
            .iter()
            .filter_map(|item| mutation(item, message.layer(), problems))
            .collect(),
        None => Vec::new(),
    };
    let save = read_save(f, saved, problems);
    let refused = f.get("refused").and_then(|node| fields::text(node, problems));
    Some(Send { message, from, mutate, save, refused })
}

fn read_save(f: &mut Fields<'_>, saved: &mut Vec<Saved>, problems: &mut Vec<Problem>) -> Option<String> {
    let node = f.get("save")?;
    let name = fields::text(node, problems)?;
    if saved.iter().any(|other| other.name == name) {
        problems.push(Problem::new(node.span.clone(), format!("`{name}` is saved twice")));
    }
    saved.push(Saved { name: name.clone(), span: node.span.clone(), is_used: false });
    Some(name)
}

fn read_expect(f: &mut Fields<'_>, saved: &mut Vec<Saved>, problems: &mut Vec<Problem>) -> Option<Expect> {
    let message = selector(f.need("expect", problems)?, problems)?;
    let from = f.get("from").and_then(|node| role(node, problems));
    let within = f.get("within").and_then(|node| fields::time(node, problems)).unwrap_or(SOON);
    let after = f.get("after").and_then(|node| fields::time(node, problems)).unwrap_or_default();
    let with = read_with(f.get("with"), &message, saved, problems);
    let save = read_save(f, saved, problems);
    let retransmits = f.get("retransmits").and_then(|node| {
        let mut f = Fields::new(node, problems)?;
        let at = f.need("at", problems)?;
        let at = fields::list(at, problems).iter().filter_map(|item| fields::time(item, problems)).collect();
        let slack = f.get("slack").and_then(|node| fields::rate(node, problems)).unwrap_or(100_000);
        f.finish("key", problems);
        Some(Retransmits { at, slack: slack / 10_000 })
    });
    Some(Expect { message, from, within, after, with, save, retransmits })
}

/// The fields of a message, each of them known.
fn read_with(
    node: Option<&Node>,
    message: &Selector,
    saved: &mut [Saved],
    problems: &mut Vec<Problem>,
) -> Vec<(String, Matcher)> {
    let Some(node) = node else { return Vec::new() };
    let known = vocabulary::fields(message.layer());
    if let Kind::Object(members) = &node.kind {
        for member in members {
            let first = member.key.split('.').next().unwrap_or_default();
            let is_known = known.iter().any(|name| normalised(name) == normalised(first));
            if !is_known && message.layer() != "*" {
                let known = known.iter().map(|name| &name[..]);
                problems.push(Problem::unknown(member.span.clone(), "field", &member.key, known));
            }
        }
    }
    let with = matcher::members(node, problems);
    for (key, matcher) in &with {
        let Matcher::Expression(expression) = matcher else { continue };
        match saved.iter_mut().find(|saved| saved.name == expression.variable) {
            Some(saved) => saved.is_used = true,
            None if matches!(&expression.variable[..], "sent" | "last") => {}
            None => {
                let names: Vec<String> = saved.iter().map(|saved| saved.name.clone()).collect();
                let names = names.iter().map(|name| &name[..]).chain(["sent", "last"]);
                let span = match &node.kind {
                    Kind::Object(members) => members.iter().find(|member| member.key == *key),
                    _ => None,
                };
                let span = span.map_or_else(|| node.span.clone(), |member| member.value.span.clone());
                problems.push(Problem::unknown(span, "variable", &expression.variable, names));
            }
        }
    }
    with
}

fn read_check(f: &mut Fields<'_>, problems: &mut Vec<Problem>) -> Option<Verb> {
    let node = f.get("check")?;
    let word = fields::text(node, problems)?;
    let Some(what) = Subject::from_word(&word) else {
        let all = Subject::ALL.iter().map(|one| one.word());
        problems.push(Problem::unknown(node.span.clone(), "thing to check", &word, all));
        return None;
    };
    let of = f.need("of", problems).and_then(|node| party(node, problems))?;
    let node = f.need("is", problems)?;
    if let Kind::Object(members) = &node.kind {
        for member in members {
            if !what.keys().contains(&&member.key[..]) {
                let keys = what.keys().iter().copied();
                problems.push(Problem::unknown(member.span.clone(), "property", &member.key, keys));
            }
        }
    }
    let is = matcher::members(node, problems);
    let within = f.get("within").and_then(|node| fields::time(node, problems)).unwrap_or_default();
    Some(Verb::Check { what, of, is, within })
}

/// The names of those in the world.
pub(super) const PARTIES: &[(&str, Party)] = &[
    ("client", Party::Client),
    ("neighbour", Party::Neighbour),
    ("supernode", Party::Supernode),
    ("laptop", Party::Laptop),
    ("resolver", Party::Resolver),
];

fn party(node: &Node, problems: &mut Vec<Problem>) -> Option<Party> {
    let word = fields::text(node, problems)?;
    let found = PARTIES.iter().find(|(name, _)| *name == word).map(|(_, party)| *party);
    if found.is_none() {
        let all = PARTIES.iter().map(|(name, _)| *name);
        problems.push(Problem::unknown(node.span.clone(), "party", &word, all));
    }
    found
}

/// Reads which messages are meant.
pub(super) fn selector(node: &Node, problems: &mut Vec<Problem>) -> Option<Selector> {
    let word = fields::text(node, problems)?;
    let found = Selector::parse(&word);
    if found.is_none() {
        let all = MESSAGES.iter().map(|name| &name[..]);
        problems.push(Problem::unknown(node.span.clone(), "message", &word, all));
    }
    found
}

/// Reads conditions of the network.
pub(super) fn network(node: &Node, problems: &mut Vec<Problem>) -> Option<Network> {
    let mut f = Fields::new(node, problems)?;
    let mut network =
        Network { delay: f.get("delay").and_then(|node| fields::time(node, problems)), ..Network::default() };
    network.loss = f.get("loss").and_then(|node| fields::rate(node, problems));
    network.duplication = f.get("duplication").and_then(|node| fields::rate(node, problems));
    network.reordering = f.get("reordering").and_then(|node| fields::rate(node, problems));
    network.corruption = f.get("corruption").and_then(|node| fields::rate(node, problems));
    network.rate = f.get("bits_per_second").and_then(|node| fields::number(node, problems));
    network.mtu =
        f.get("mtu").and_then(|node| fields::number(node, problems)).and_then(|n| n.try_into().ok());
    network.is_up = f.get("up").and_then(|node| fields::flag(node, problems));
    network.rebinds = f.get("rebind").and_then(|node| fields::flag(node, problems)).unwrap_or_default();
    network.rules = f
        .get("rules")
        .map(|node| fields::list(node, problems).iter().filter_map(|item| rule(item, problems)).collect());
    f.finish("key", problems);
    Some(network)
}

/// What a rule can do.
const ACTS: &[&str] = &["drop", "dup", "hold", "swap", "corrupt", "nat_rebind"];

fn rule(node: &Node, problems: &mut Vec<Problem>) -> Option<Rule> {
    let mut f = Fields::new(node, problems)?;
    let (act, target) = ACTS.iter().find_map(|act| Some((*act, f.get(act)?))).or_else(|| {
        let first = f.members().first().map(|member| member.key.clone()).unwrap_or_default();
        problems.push(Problem::unknown(node.span.clone(), "rule", &first, ACTS.iter().copied()));
        None
    })?;
    let selector = selector(target, problems)?;
    let act = match act {
        "drop" => Act::Drop,
        "dup" => Act::Duplicate,
        "hold" => Act::Hold(f.need("for", problems).and_then(|node| fields::time(node, problems))?),
        "swap" => Act::Swap,
        "corrupt" => Act::Corrupt,
        _ => Act::Rebind,
    };
    let from = f.get("from").and_then(|node| role(node, problems));
    let nth = match f.get("nth") {
        None => Vec::new(),
        Some(node @ Node { kind: Kind::List(_), .. }) => {
            fields::list(node, problems).iter().filter_map(|item| fields::number(item, problems)).collect()
        }
        Some(node) => fields::number(node, problems).into_iter().collect(),
    };
    f.finish("key", problems);
    Some(Rule { act, selector, from, nth })
}

/// What a mutation can do.
pub(super) const CHANGES: &[&str] = &[
    "resize",
    "truncate",
    "pad",
    "drop_field",
    "duplicate_field",
    "reorder",
    "set_bit",
    "set_raw",
    "xor",
    "length",
    "retype",
    "add_field",
];

pub(super) fn mutation(node: &Node, layer: &str, problems: &mut Vec<Problem>) -> Option<Mutation> {
    let mut f = Fields::new(node, problems)?;
    let (verb, target) = CHANGES.iter().find_map(|verb| Some((*verb, f.get(verb)?))).or_else(|| {
        let first = f.members().first().map(|member| member.key.clone()).unwrap_or_default();
        problems.push(Problem::unknown(node.span.clone(), "mutation", &first, CHANGES.iter().copied()));
        None
    })?;
    let number = |f: &mut Fields<'_>, key, problems: &mut Vec<Problem>| {
        let node = f.need(key, problems)?;
        fields::number(node, problems).and_then(|number| usize::try_from(number).ok())
    };
    let mut part = match &target.kind {
        Kind::Number(text) => text.clone(),
        _ => fields::text(target, problems)?,
    };
    let change = match verb {
        "resize" => Change::Resize(number(&mut f, "to", problems)?),
        "truncate" => Change::Truncate(number(&mut f, "by", problems)?),
        "pad" => Change::Pad(number(&mut f, "by", problems)?),
        "drop_field" => Change::Drop,
        "duplicate_field" => Change::Duplicate,
        "reorder" => Change::Reorder(number(&mut f, "to", problems)?),
        "length" => Change::Length(number(&mut f, "to", problems)?),
        "retype" => Change::Retype(u32::try_from(number(&mut f, "to", problems)?).ok()?),
        "xor" => Change::Xor(fields::octets(f.need("with", problems)?, problems)?),
        "set_bit" => {
            let bit = std::mem::replace(&mut part, MESSAGE.to_owned());
            if let Some(node) = f.get("of") {
                part = fields::text(node, problems)?;
            }
            Change::SetBit(bit, f.get("to").and_then(|node| fields::flag(node, problems)).unwrap_or(true))
        }
        "set_raw" => {
            let to = f.need("to", problems)?;
            Change::SetRaw(match &to.kind {
                Kind::Object(_) => {
                    let mut f = Fields::new(to, problems)?;
                    let octets = fields::octets(f.need("bytes", problems)?, problems)?;
                    f.finish("key", problems);
                    Raw::Octets(octets)
                }
                _ => Raw::Number(fields::number(to, problems)?),
            })
        }
        _ => {
            part = MESSAGE.to_owned();
            let kind = u32::try_from(fields::number(target, problems)?).ok()?;
            let value = f.get("bytes").and_then(|node| fields::octets(node, problems)).unwrap_or_default();
            let is_mandatory = f.get("mandatory").and_then(|node| fields::flag(node, problems));
            let vendor = f.get("vendor").and_then(|node| fields::number(node, problems)).unwrap_or(0);
            let (is_mandatory, vendor) = (is_mandatory.unwrap_or(false), u16::try_from(vendor).ok()?);
            Change::Add { kind, value, is_mandatory, vendor }
        }
    };
    let known = [vocabulary::fields(layer), vec![MESSAGE.to_owned(), "body".to_owned()]].concat();
    let is_known =
        part.parse::<u32>().is_ok() || known.iter().any(|name| normalised(name) == normalised(&part));
    if !is_known {
        let known = known.iter().map(|name| &name[..]);
        problems.push(Problem::unknown(target.span.clone(), "field", &part, known));
    }
    f.finish("key", problems);
    Some(Mutation { part, change })
}
