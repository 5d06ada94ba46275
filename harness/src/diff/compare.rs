//! The comparison of like connections: what was always, sometimes, never so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Side;
use super::tally::{FRAMES, Key, Measured, Members, Tally, measures, parts, real, tallies};
use super::timing::Measure;
use crate::transcript::connection::Role;

/// What one side says of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The value; `None` where it is absent.
    pub value: Option<Arc<str>>,
    /// In how many connections.
    pub connections: usize,
    /// Of how many that tell.
    pub of: usize,
    /// Frames that show it, some of them.
    pub frames: Vec<u64>,
}

/// A difference in behaviour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Wireshark's name of the layer.
    pub layer: String,
    /// The message and its part, or what is done.
    pub field: String,
    /// Who does it.
    pub role: Role,
    /// What the old recording says.
    pub old: Vec<Said>,
    /// What the new one says.
    pub new: Vec<Said>,
    /// What the failure is put down to, where a rung is not reached any more.
    pub because: Option<String>,
}

/// A chance that is taken for one: what would happen more rarely is a difference.
const CHANCE: f64 = 0.05;

/// Compares like connections of two sides.
#[must_use]
pub fn compare(old: (&Side, &[usize]), new: (&Side, &[usize])) -> Vec<Difference> {
    let parts: BTreeMap<Key, Arc<str>> = parts(old).into_iter().chain(parts(new)).collect();
    let is_blurred = old.0.is_scrubbed || new.0.is_scrubbed;
    let (before, after) = (tallies(old, &parts, is_blurred), tallies(new, &parts, is_blurred));
    let mut differences = Vec::new();
    for (key, then) in &before {
        let Some(now) = after.get(key) else { continue };
        if differs(&key.0, key.1, then, now) {
            let because = failure(&key.0, new);
            differences.push(difference(key, then.said(), now.said(), because));
        }
    }
    let (before, after) = (measures(old), measures(new));
    for (key, then) in &before {
        let Some(now) = after.get(key) else { continue };
        differences.extend(timed(key, then, now));
    }
    differences
}

fn difference(key: &Key, old: Vec<Said>, new: Vec<Said>, because: Option<String>) -> Difference {
    let (layer, field) = key.0.split_once('/').unwrap_or(("", &key.0));
    Difference { layer: layer.to_owned(), field: field.to_owned(), role: key.1, old, new, because }
}

/// Why connections of the new side fail, where a rung is at stake.
fn failure(key: &str, (side, members): Members<'_>) -> Option<String> {
    let of = members.iter().filter_map(|at| side.connections.get(*at));
    let mut causes = of.filter_map(|observed| observed.outcome.cause().map(str::to_owned));
    if key.contains("/rung.") { causes.next() } else { None }
}

/// What depends on loss and on what users do: there rare values are chance.
fn is_chancy(key: &str) -> bool {
    let (layer, field) = key.split_once('/').unwrap_or(("", key));
    field.starts_with("rung.")
        || super::relation::requirement(field).is_some()
        || matches!(field, "negotiates" | "echo_at_open" | "refusal")
        || field.starts_with("data.")
        || matches!(layer, "ip" | "tcp" | "icmp")
}

fn differs(key: &str, role: Role, then: &Tally, now: &Tally) -> bool {
    if then.varies() || now.varies() {
        return false;
    }
    // Devices of one kind have names of their own.
    if key == "l2tp/sccrq.host_name" && role == Role::Client && then.values.len().max(now.values.len()) > 1 {
        return false;
    }
    if key.ends_with(".order")
        && let (Some(a), Some(b)) = (then.only(), now.only())
    {
        return !is_same_order(a, b);
    }
    let is_lost = |from: &Tally, to: &Tally| {
        from.values.keys().filter(|value| !to.values.contains_key(*value)).any(|value| {
            let rest = 1.0 - from.share(value);
            !is_chancy(key) || rest.powf(real(to.total)) < CHANCE
        })
    };
    is_lost(then, now) || is_lost(now, then)
}

/// Whether what two lists have in common stands in the same order: what one of them lacks is a difference of its own.
fn is_same_order(a: &str, b: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split("; ").collect(), b.split("; ").collect());
    let common = |list: &[&str], other: &[&str]| -> Vec<String> {
        list.iter().filter(|item| other.contains(item)).map(|item| (*item).to_owned()).collect()
    };
    common(&a, &b) == common(&b, &a)
}

fn timed(key: &Key, then: &Measured, now: &Measured) -> Option<Difference> {
    let is_again = |all: &Measured| all.iter().any(|(measure, _)| matches!(measure, Measure::Again(_)));
    // What counts as silence before a keepalive differs, IKE, ESP or both: only another order is another interval.
    let is_rough = &*key.0 == "udpencap/keepalive";
    let agrees = if is_again(then) || is_again(now) {
        then.iter().any(|(a, _)| now.iter().any(|(b, _)| a.agrees(b)))
    } else {
        let (a, b) = (&typical(then)?.0, &typical(now)?.0);
        a.agrees(b) || is_rough && a.is_of_order(b)
    };
    if agrees {
        return None;
    }
    let said = |all: &Measured| {
        let (measure, frame) = typical(all)?;
        let value = Some(Arc::from(measure.words()));
        Some(vec![Said { value, connections: all.len(), of: all.len(), frames: vec![*frame] }])
    };
    Some(difference(key, said(then)?, said(now)?, None))
}

/// The measurement that stands for all: the median of what was done, or the longest occasion of what never was.
fn typical(all: &Measured) -> Option<&(Measure, u64)> {
    let rank = |measure: &Measure| match measure {
        Measure::Every { time, .. } | Measure::Took(time) => *time,
        Measure::Never { time, silence } => time + silence,
        Measure::Again(times) => i64::try_from(times.len()).unwrap_or(i64::MAX),
        Measure::Passed { whole, cut } => cut.unwrap_or(*whole),
    };
    let is_done = |measure: &Measure| !matches!(measure, Measure::Never { .. });
    let mut done: Vec<_> = all.iter().filter(|(measure, _)| is_done(measure)).collect();
    done.sort_by_key(|(measure, _)| rank(measure));
    if done.iter().any(|(measure, _)| matches!(measure, Measure::Again(_))) {
        return done.last().copied();
    }
    done.get(done.len() / 2).copied().or_else(|| all.iter().max_by_key(|(measure, _)| rank(measure)))
}

impl Difference {
    /// The layer and the field, by which it is accepted.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.layer, self.field)
    }

    /// What the old recording says, in one line; `None` where it is absent.
    #[must_use]
    pub fn old_text(&self) -> Option<String> {
        text(&self.old)
    }

    /// What the new recording says.
    #[must_use]
    pub fn new_text(&self) -> Option<String> {
        text(&self.new)
    }
}

/// One value, or several with how often.
fn text(said: &[Said]) -> Option<String> {
    let word = |said: &Said| said.value.as_deref().unwrap_or("absent").to_owned();
    match said {
        [] => None,
        [only] => only.value.as_deref().map(str::to_owned),
        many if many.iter().all(|said| said.connections == said.of) => {
            Some(many.iter().map(word).collect::<Vec<_>>().join(" and "))
        }
        many => {
            let each =
                many.iter().map(|said| format!("{} (in {} of {})", word(said), said.connections, said.of));
            Some(each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The differences of like connections, and what follows from them, with the number of the difference that it follows from.
pub type Sorted = (Vec<Difference>, Vec<(Difference, usize)>);

/// Puts together what is the same in several groups of connections.
#[must_use]
pub fn merged(all: Vec<Sorted>) -> Sorted {
    let (mut differences, mut consequences): Sorted = Default::default();
    for (own, following) in all {
        let moved: Vec<usize> =
            own.into_iter().map(|difference| merge(&mut differences, difference)).collect();
        for (difference, cause) in following {
            let Some(cause) = moved.get(cause).copied() else { continue };
            let is_same =
                |(other, of): &&mut (Difference, usize)| *of == cause && is_alike(other, &difference);
            match consequences.iter_mut().find(is_same) {
                Some((same, _)) => join(same, difference),
                None => consequences.push((difference, cause)),
            }
        }
    }
    (differences, consequences)
}

/// Adds a difference, or joins it to the same one. Where it is then.
fn merge(all: &mut Vec<Difference>, difference: Difference) -> usize {
    match all.iter_mut().enumerate().find(|(_, other)| is_alike(other, &difference)) {
        Some((at, same)) => {
            join(same, difference);
            at
        }
        None => {
            all.push(difference);
            all.len() - 1
        }
    }
}

fn is_alike(a: &Difference, b: &Difference) -> bool {
    let values = |said: &[Said]| said.iter().map(|said| said.value.clone()).collect::<BTreeSet<_>>();
    (a.role, &a.layer, &a.field) == (b.role, &b.layer, &b.field)
        && values(&a.old) == values(&b.old)
        && values(&a.new) == values(&b.new)
}

fn join(into: &mut Difference, other: Difference) {
    for (mine, others) in [(&mut into.old, other.old), (&mut into.new, other.new)] {
        let of = others.first().map_or(0, |said| said.of);
        for said in mine.iter_mut() {
            said.of += of;
            if let Some(same) = others.iter().find(|other| other.value == said.value) {
                said.connections += same.connections;
                let room = FRAMES.saturating_sub(said.frames.len());
                said.frames.extend(same.frames.iter().copied().take(room));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(values: &[(&str, usize)]) -> Tally {
        let mut tally = Tally::default();
        for (value, count) in values {
            for _ in 0..*count {
                tally.add(Some(Arc::from(*value)), 1);
                tally.total += 1;
            }
        }
        tally
    }

    #[test]
    fn a_value_that_came_or_went_is_a_difference_and_a_rare_failure_is_chance() {
        let differs = |key, a: &[(&str, usize)], b: &[(&str, usize)]| {
            differs(key, Role::Supernode, &tally(a), &tally(b))
        };
        assert!(!differs("lcp/x", &[("a", 5)], &[("a", 1)]));
        assert!(differs("lcp/x", &[("a", 5)], &[("b", 1)]));
        assert!(differs("lcp/x", &[("a", 5)], &[("a", 4), ("b", 1)]));
        assert!(!differs("lcp/x", &[("a", 4), ("b", 1)], &[("a", 1), ("b", 4)]));
        assert!(!differs("lcp/rung.lcp-up", &[("reached", 5)], &[("reached", 4), ("not reached", 1)]));
        assert!(differs("lcp/rung.lcp-up", &[("reached", 5)], &[("reached", 1), ("not reached", 4)]));
        assert!(differs("lcp/rung.lcp-up", &[("reached", 1)], &[("not reached", 1)]));
        assert!(!differs("l2tp/x", &[("a", 1), ("b", 1), ("c", 1)], &[("d", 1)]));
    }

    #[test]
    fn an_order_is_that_of_what_both_have() {
        assert!(is_same_order("a; b; c", "a; c; d"));
        assert!(!is_same_order("a; b; c", "c; b"));
    }
}
