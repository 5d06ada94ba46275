//! Which connections of one recording are put beside which of the other: by what their clients are and want, whatever
//! their addresses, order and number.

use std::collections::{BTreeMap, BTreeSet};

use super::Side;
use super::note::Note;
use super::observe::Observed;
use crate::transcript::connection::Role;

/// Connections that belong together: indices into either side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pair {
    /// Of the old recording.
    pub old: Vec<usize>,
    /// Of the new one.
    pub new: Vec<usize>,
}

/// What was put beside each other.
#[derive(Debug, Default)]
pub struct Aligned {
    /// Like connections of both sides.
    pub pairs: Vec<Pair>,
    /// What has nothing like it on the other side, in words.
    pub alone: Vec<String>,
}

/// What a client shows of itself, as `layer/field=value`.
type Signature = BTreeSet<String>;

/// Fields that say who somebody is, not what.
const WHO: &[&str] = &["l2tp/sccrq.host_name", "l2tp/sccrq.tx_connect_speed"];

/// Puts like connections beside each other.
#[must_use]
pub fn align(old: &Side, new: &Side) -> Aligned {
    let (mut left_old, mut left_new) = (groups(old), groups(new));
    let mut aligned = Aligned::default();
    for (signature, members) in std::mem::take(&mut left_old) {
        match left_new.remove(&signature) {
            Some(others) => aligned.pairs.push(Pair { old: members, new: others }),
            None => {
                left_old.insert(signature, members);
            }
        }
    }
    while let Some((a, b)) = likest(&left_old, &left_new, aligned.pairs.is_empty()) {
        if let (Some(old), Some(new)) = (left_old.remove(&a), left_new.remove(&b)) {
            aligned.pairs.push(Pair { old, new });
        }
    }
    for (what, side, left) in [("old", old, left_old), ("new", new, left_new)] {
        for members in left.into_values() {
            let client =
                members.first().and_then(|at| side.connections.get(*at)).map(described).unwrap_or_default();
            aligned.alone.push(format!(
                "only in the {what} recording: {} of a client like {client}",
                match members.len() {
                    1 => "a connection".to_owned(),
                    many => format!("{many} connections"),
                }
            ));
        }
    }
    aligned
}

fn described(observed: &Observed) -> String {
    let [client, _] = &observed.outcome.software;
    let address =
        observed.outcome.client.map_or_else(|| "an unknown one".to_owned(), |address| address.to_string());
    if client.is_empty() { address } else { format!("{address} ({})", client.join(", ")) }
}

/// The connections of a side by what their clients show first.
fn groups(side: &Side) -> BTreeMap<Signature, Vec<usize>> {
    let mut groups: BTreeMap<Signature, Vec<usize>> = BTreeMap::new();
    for (at, observed) in side.connections.iter().enumerate() {
        groups.entry(signature(side, observed)).or_default().push(at);
    }
    groups
}

/// What a client opens with: its first message of IKE, which is never hidden, or else that of L2TP.
fn signature(side: &Side, observed: &Observed) -> Signature {
    let said = |prefixes: &[&str]| -> Signature {
        let own = observed.notes.list.iter().filter(|note| note.by == Role::Client);
        let text = |note: &Note| {
            let key = side.words.text(note.key);
            let is_meant = prefixes.iter().any(|prefix| key.starts_with(prefix)) && !WHO.contains(&&*key);
            let value = note.value.map(|value| side.words.text(value))?;
            is_meant.then(|| format!("{key}={value}"))
        };
        own.filter_map(text).collect()
    };
    let opening = said(&["isakmp/main.1.", "isakmp/aggressive.1."]);
    if opening.is_empty() { said(&["l2tp/sccrq."]) } else { opening }
}

/// The two groups that are likest; at all alike unless they are all that there is.
fn likest(
    old: &BTreeMap<Signature, Vec<usize>>,
    new: &BTreeMap<Signature, Vec<usize>>,
    is_nothing_paired: bool,
) -> Option<(Signature, Signature)> {
    let pairs = old.keys().flat_map(|a| new.keys().map(move |b| (likeness(a, b), a, b)));
    let (likeness, a, b) = pairs.max_by_key(|(likeness, ..)| *likeness)?;
    let are_all = old.len() == 1 && new.len() == 1 && is_nothing_paired;
    (are_all || likeness >= 300).then(|| (a.clone(), b.clone()))
}

/// How much two clients have in common, in thousandths. One whose opening is not in the recording may be anybody.
fn likeness(a: &Signature, b: &Signature) -> usize {
    if a.is_empty() || b.is_empty() {
        return 300;
    }
    let common = a.intersection(b).count();
    1000 * common / (a.len() + b.len() - common).max(1)
}
