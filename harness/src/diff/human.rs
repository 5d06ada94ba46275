//! What differs, for people: by layer, and by who does it.

use super::baseline::Allowance;
use super::compare::{Difference, Shown, ShownValue};
use super::json::{Summary, Told};
use crate::check::human::{BAD, FAINT, GOOD, Page, STRONG, WARNING, counted};
use crate::transcript::connection::Role;

/// Where on the page the last difference stands.
#[derive(Debug, Default)]
pub struct Place {
    layer: String,
    role: Option<Role>,
}

/// Writes a difference, under its layer and who does it.
pub fn write_difference(told: &Told<'_>, consequences: &[&Difference], place: &mut Place, page: &mut Page) {
    let difference = told.difference;
    if place.layer != difference.layer {
        page.blank();
        page.styled(2, STRONG, &difference.layer);
        *place = Place { layer: difference.layer.clone(), role: None };
    }
    if place.role.replace(difference.role) != Some(difference.role) {
        page.styled(4, FAINT, difference.role.word());
    }
    let style = if told.why.is_some() { FAINT } else { BAD };
    let change = format!("{} -> {}", words(&difference.old), words(&difference.new));
    page.line(6, &format!("{}  ", difference.field), style, &change);
    page.line(8, "", FAINT, &format!("{} -> {}", frames(&difference.old), frames(&difference.new)));
    for (lead, text) in [("allowed: ", told.why), ("cause: ", difference.cause.as_deref())] {
        if let Some(text) = text {
            page.line(8, lead, FAINT, text);
        }
    }
    for effect in told.effects {
        page.line(8, "means: ", WARNING, effect);
    }
    if !consequences.is_empty() {
        let names: Vec<String> =
            consequences.iter().map(|it| format!("{} ({})", it.name(), it.role.word())).collect();
        page.line(8, "hence: ", FAINT, &names.join(", "));
    }
}

/// Writes what could not be compared.
pub fn write_unseen(unseen: &[String], page: &mut Page) {
    if !unseen.is_empty() {
        page.blank();
        page.styled(2, WARNING, "not compared");
    }
    unseen.iter().for_each(|text| page.line(4, "- ", WARNING, text));
}

/// Writes an allowance that nothing needs any more.
pub fn write_stale(allowance: &Allowance, page: &mut Page) {
    let Allowance { field, role, why, .. } = allowance;
    page.styled(
        0,
        BAD,
        &format!("stale allowance {field} of the {role}: nothing differs so any more ({why})"),
    );
}

/// Writes the name of a pair of recordings.
pub fn write_head(old: &str, new: &str, connections: [usize; 2], page: &mut Page) {
    let [before, after] = connections.map(|count| counted(count as u64, "connection"));
    page.styled(0, STRONG, &format!("{old} ({before}) -> {new} ({after})"));
}

impl Summary {
    /// Writes the last line.
    pub fn human(&self, page: &mut Page) {
        page.blank();
        let seen = counted(self.compared as u64, "behaviour");
        let text = match (self.differences, self.compared) {
            (0, 0) => "nothing could be compared".to_owned(),
            (0, _) => format!("no difference in behaviour; {seen} compared"),
            (many, _) => format!("{} in behaviour; {seen} compared", counted(many as u64, "difference")),
        };
        let allowed = if self.allowed > 0 { format!("; {} allowed", self.allowed) } else { String::new() };
        let style = if self.differences + self.stale == 0 { GOOD } else { BAD };
        page.styled(0, style, &(text + &allowed));
    }
}

fn words(shown: &Shown) -> String {
    let counted = |value: &ShownValue| format!("{} ({} of {})", value.word(), value.connections, shown.of);
    match shown.values.as_slice() {
        [only] => only.word().to_owned(),
        many => many.iter().map(counted).collect::<Vec<_>>().join(" or "),
    }
}

fn frames(shown: &Shown) -> String {
    let all: Vec<String> = shown.values.iter().flat_map(|value| &value.frames).map(u64::to_string).collect();
    let word = if all.len() == 1 { "frame" } else { "frames" };
    let connections = shown.values.iter().map(|value| value.connections).max().unwrap_or_default();
    let place =
        format!("in {connections} of {}, {word} {}", counted(shown.of as u64, "connection"), all.join(", "));
    place
}
