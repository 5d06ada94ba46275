//! What differs, for people: by layer and by who does it.

use anstyle::Style;

use super::baseline::Allowance;
use super::compare::{Difference, Said};
use super::json::Summary;
use super::{Compared, Side};
use crate::check::human::{BAD, FAINT, GOOD, Page, STRONG, WARNING, counted, seconds};
use crate::transcript::connection::Role;

/// The layers in the order in which a connection climbs them.
const LAYERS: &[&str] = &[
    "ip", "udpencap", "isakmp", "esp", "l2tp", "ppp", "lcp", "pap", "chap", "eap", "ipcp", "ipv6cp", "ccp",
    "ospf", "icmp", "tcp",
];

/// What is to be told of one difference.
#[derive(Debug)]
pub struct Told<'a> {
    /// The difference.
    pub difference: &'a Difference,
    /// What it means for users.
    pub effects: Vec<String>,
    /// What follows from it.
    pub consequences: Vec<&'a Difference>,
    /// Who accepted it.
    pub allowance: Option<&'a Allowance>,
}

/// Writes what came of two recordings.
pub fn write(old: &Side, new: &Side, compared: &Compared, told: &[Told<'_>], page: &mut Page) {
    for (what, side) in [("old", old), ("new", new)] {
        let connections = counted(side.connections.len() as u64, "connection");
        let (frames, duration) = (counted(side.frames, "frame"), seconds(side.duration));
        let text = format!("{}: {connections}, {frames} in {duration}", side.path.display());
        page.line(0, &format!("{what} "), FAINT, &text);
    }
    let rank = |layer: &str| LAYERS.iter().position(|known| *known == layer).unwrap_or(LAYERS.len());
    let mut sorted: Vec<&Told<'_>> = told.iter().collect();
    sorted.sort_by_key(|told| (rank(&told.difference.layer), told.difference.role == Role::Client));
    let mut group = None;
    for told in sorted {
        let own = (told.difference.layer.as_str(), told.difference.role);
        if group != Some(own) {
            page.blank();
            page.styled(2, STRONG, &format!("{}, {}", own.0, own.1.word()));
            group = Some(own);
        }
        one(told, page);
    }
    if told.is_empty() && !compared.connections.contains(&0) {
        page.blank();
        page.styled(2, GOOD, "no difference in behaviour");
    }
    if !compared.unseen.is_empty() {
        page.blank();
        page.styled(2, WARNING, "not compared");
        compared.unseen.iter().for_each(|unseen| page.line(4, "- ", WARNING, unseen));
    }
    page.blank();
}

fn one(told: &Told<'_>, page: &mut Page) {
    let difference = told.difference;
    let style = if told.allowance.is_some() { FAINT } else { BAD };
    page.styled(4, style, &difference.field);
    if let (Some(old), Some(new)) = (list(&difference.old), list(&difference.new))
        && old.len() + new.len() > 2
    {
        let gone = old.iter().filter(|item| !new.contains(item));
        let added = new.iter().filter(|item| !old.contains(item));
        let (gone, added): (Vec<_>, Vec<_>) = (gone.collect(), added.collect());
        gone.iter().for_each(|item| page.line(6, "gone  ", FAINT, item));
        added.iter().for_each(|item| page.line(6, "added ", FAINT, item));
        if gone.is_empty() && added.is_empty() {
            page.styled(6, FAINT, "the same in another order");
        }
    }
    values(&difference.old, "   ", page);
    values(&difference.new, "-> ", page);
    if let Some(because) = &difference.because {
        page.line(6, "cause ", WARNING, because);
    }
    told.effects.iter().for_each(|effect| page.line(6, "means ", WARNING, effect));
    for hence in &told.consequences {
        let word = |text: Option<String>| text.unwrap_or_else(|| "absent".to_owned());
        let (old, new) = (word(hence.old_text()), word(hence.new_text()));
        let text = format!("{}/{} of the {}: {old} -> {new}", hence.layer, hence.field, hence.role.word());
        page.line(6, "hence ", FAINT, &text);
    }
    if let Some(allowance) = told.allowance {
        page.line(6, "accepted: ", FAINT, &allowance.why);
    }
}

/// The items of the only value of a side.
fn list(said: &[Said]) -> Option<Vec<&str>> {
    match said {
        [Said { value: Some(value), .. }] => Some(value.split("; ").collect()),
        _ => None,
    }
}

fn values(said: &[Said], lead: &str, page: &mut Page) {
    for said in said {
        let value = said.value.as_deref().unwrap_or("absent");
        let frames: Vec<String> = said.frames.iter().map(u64::to_string).collect();
        let how_often = match (said.connections == said.of, said.of) {
            (true, 1) => String::new(),
            (true, of) => format!(", always, {of} connections"),
            (false, of) => format!(", sometimes, {} of {of} connections", said.connections),
        };
        let plural = if frames.len() == 1 { "" } else { "s" };
        page.line(
            6,
            lead,
            Style::new(),
            &format!("{value} (frame{plural} {}{how_often})", frames.join(", ")),
        );
    }
}

/// Writes allowances that accept nothing any more.
pub fn write_stale(allowance: &Allowance, page: &mut Page) {
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "absent".to_owned());
    let Allowance { field, role, old, new, .. } = allowance;
    let text = format!(
        "{field} of the {role}, {} -> {}: the difference is gone, and the allowance has to go too",
        word(old),
        word(new)
    );
    page.line(0, "stale allowance ", BAD, &text);
}

/// Writes the last line of a run.
pub fn write_summary(summary: &Summary, page: &mut Page) {
    let [old, new] = summary.connections;
    let mut words = vec![counted(summary.differences as u64, "difference")];
    let others = [
        (summary.consequences, "following"),
        (summary.allowed, "accepted"),
        (summary.stale, "stale allowances"),
    ];
    words
        .extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    words.push(format!("{old} old and {new} new connections compared"));
    page.styled(0, STRONG, &words.join(", "));
    if let Some(hosted) = &summary.hosted {
        page.styled(0, Style::new(), &hosted.to_string());
    }
}
