//! What came of captures, for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::expect::Mismatch;
use super::json::Summary;
use super::known::KnownFile;
use super::{Checked, Finding, Judged, Known};
use crate::transcript::connection::Role;
use crate::triage::{Outcome, Rung, Step};

/// Columns of a line at most.
const WIDTH: usize = 100;
/// Violations of a requirement that are written out.
const SHOWN: usize = 5;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// Text with styles, wrapped.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// The text, with escape sequences for its styles.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn blank(&mut self) {
        self.0.push('\n');
    }

    /// Writes `text` behind `lead`; further lines begin below where the first does.
    pub(crate) fn line(&mut self, indent: usize, lead: &str, style: Style, text: &str) {
        let start = indent + lead.chars().count();
        let mut lead = format!("{:indent$}{style}{lead}{style:#}", "");
        for line in wrapped(text, WIDTH.saturating_sub(start).max(20)) {
            writeln!(self.0, "{}{line}", std::mem::replace(&mut lead, " ".repeat(start)))
                .expect("a string takes every string");
        }
    }

    pub(crate) fn styled(&mut self, indent: usize, style: Style, text: &str) {
        for line in wrapped(text, WIDTH - indent) {
            writeln!(self.0, "{:indent$}{style}{line}{style:#}", "").expect("a string takes every string");
        }
    }
}

/// Breaks text at spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push(String::new());
            column = 0;
        }
        if let Some(line) = lines.last_mut() {
            if column > 0 {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += length;
        }
    }
    lines
}

/// Writes what came of one capture.
pub fn write(checked: &Checked, mismatches: &[Mismatch], page: &mut Page) {
    let frames = counted(checked.frames, "frame");
    let duration = seconds(checked.duration);
    let what = match (checked.connections.is_empty(), checked.passed_over) {
        (false, _) => String::new(),
        (true, 0) => ", no connection".to_owned(),
        (true, _) => ", no connection of L2TP or IKEv1".to_owned(),
    };
    page.styled(0, STRONG, &format!("{}: {frames} in {duration}{what}", checked.path.display()));
    for judged in &checked.connections {
        write_connection(judged, page);
    }
    if !mismatches.is_empty() {
        page.blank();
        page.styled(2, BAD, "not as expected");
        for mismatch in mismatches {
            let of = mismatch.connection.map(|number| format!("connection {number}: ")).unwrap_or_default();
            let Mismatch { field, expected, got, .. } = mismatch;
            page.line(
                4,
                "- ",
                BAD,
                &format!("{of}{field} is {}, expected {}", or_none(got), or_none(expected)),
            );
        }
    }
    page.blank();
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

fn write_connection(judged: &Judged, page: &mut Page) {
    let outcome = &judged.outcome;
    page.blank();
    let (style, verdict) = if outcome.failed {
        (BAD, format!("failed after {}", outcome.rung))
    } else {
        (GOOD, outcome.rung.to_string())
    };
    page.line(2, &format!("connection {}: ", judged.number), STRONG, &format!("{style}{verdict}{style:#}"));
    write_ends(outcome, page);
    write_ladder(outcome, page);
    for (i, cause) in outcome.causes.iter().enumerate() {
        page.line(4, if i == 0 { "cause    " } else { "or else  " }, BAD, cause);
    }
    if outcome.attempts > 1 {
        page.line(4, "attempts ", FAINT, &format!("{}; shown is the last one that tells", outcome.attempts));
    }
    write_associations(outcome, page);
    if !outcome.hidden.is_empty() {
        page.line(4, "hidden   ", WARNING, &outcome.hidden.join(", "));
        for because in &outcome.hidden_because {
            page.line(6, "- ", WARNING, because);
        }
    }
    for note in &outcome.notes {
        page.line(4, "note     ", WARNING, note);
    }
    let (known, new): (Vec<_>, Vec<_>) = judged.findings.iter().partition(|finding| finding.known.is_some());
    if !new.is_empty() {
        page.styled(4, BAD, "violations");
        for finding in new {
            write_finding(finding, page);
        }
    }
    if !known.is_empty() {
        page.styled(4, FAINT, "known deviations");
        for finding in known {
            write_known(finding, page);
        }
    }
}

fn write_ends(outcome: &Outcome, page: &mut Page) {
    let ends = [("client", outcome.client), ("supernode", outcome.supernode)];
    for ((who, address), told) in ends.into_iter().zip(&outcome.software) {
        let Some(address) = address else { continue };
        let mut words = vec![match outcome.inside.filter(|_| who == "client") {
            Some(inside) => format!("{address} ({inside} before translation)"),
            None => address.to_string(),
        }];
        words.extend(told.iter().cloned());
        page.line(4, &format!("{who:<9} "), FAINT, &words.join(", "));
    }
    if outcome.is_translated {
        page.line(4, "through   ", FAINT, "a translator: UDP port 4500 is used");
    }
}

fn write_ladder(outcome: &Outcome, page: &mut Page) {
    let mut untried: Vec<Rung> = Vec::new();
    for rung in Rung::ALL.into_iter().skip(1) {
        let step = outcome.ladder.step(rung);
        let detail =
            outcome.details.iter().find(|(of, _)| *of == rung).map_or("", |(_, detail)| detail.as_str());
        let (style, sign, verb, mark) = match step {
            Step { reached: Some(mark), .. } => (GOOD, '✓', "", mark),
            Step { tried: Some(mark), .. } => (BAD, '✗', "tried in ", mark),
            Step { tried: None, .. } => {
                untried.push(rung);
                continue;
            }
        };
        flush_untried(&mut untried, outcome, page);
        let place = format!("{verb}frame {}", mark.frame);
        let place = format!("{rung:<16} {place:<18} {detail}", rung = rung.word());
        page.line(4, &format!("{sign} "), style, place.trim_end());
    }
    flush_untried(&mut untried, outcome, page);
}

/// Rungs in a row that nothing tried, or that are hidden, stand on one line.
fn flush_untried(untried: &mut Vec<Rung>, outcome: &Outcome, page: &mut Page) {
    let words = match untried.as_slice() {
        [] => return,
        [only] => only.to_string(),
        [first, second] => format!("{first}, {second}"),
        [first, .., last] => format!("{first} to {last}"),
    };
    let is_hidden = outcome.hidden.contains(&"ppp") && untried.iter().all(|rung| *rung > Rung::EspBothWays);
    let why = if is_hidden { "hidden, for want of keys" } else { "not tried" };
    page.styled(4, FAINT, &format!("· {words}: {why}"));
    untried.clear();
}

fn write_associations(outcome: &Outcome, page: &mut Page) {
    const NAMED: usize = 8;
    if outcome.phase1_generations + outcome.phase2_generations == 0 {
        return;
    }
    let packets = outcome.associations.iter().map(|used| used.packets).sum();
    let lost = match outcome.lost() {
        0 => "no sequence number missing".to_owned(),
        lost => format!("{} missing", counted(lost, "sequence number")),
    };
    let (phase1, phase2) = (times(outcome.phase1_generations), times(outcome.phase2_generations));
    let associations = counted(outcome.associations.len() as u64, "ESP association");
    let text =
        format!("phase 1 {phase1}, phase 2 {phase2}, {associations}, {}, {lost}", counted(packets, "packet"));
    page.line(4, "IPsec    ", FAINT, &text);
    let odd = outcome.associations.iter().filter(|used| used.lost + used.duplicates > 0);
    for used in odd.take(NAMED) {
        let who = used.sender.map_or("an unknown end", Role::word);
        let text = format!(
            "{:#010x} from {who}: {}, {} missing, {} seen again",
            used.spi,
            counted(used.packets, "packet"),
            used.lost,
            used.duplicates
        );
        page.line(6, "- ", FAINT, &text);
    }
}

fn write_finding(finding: &Finding, page: &mut Page) {
    let requirement = finding.requirement;
    let rfc = match requirement.rfc.parse::<u32>() {
        Ok(number) => format!("RFC {number}"),
        Err(_) => requirement.rfc.clone(),
    };
    let who = finding.role.map_or("unknown end", Role::word);
    let head = format!(
        "{} {}, {rfc} section {}, {who}, {}",
        requirement.strength.word(),
        requirement.id,
        requirement.section,
        times(finding.count)
    );
    page.line(6, "- ", BAD, &head);
    page.styled(8, FAINT, &requirement.text);
    for violation in finding.violations.iter().take(SHOWN) {
        page.line(8, &format!("frame {}: ", violation.frame), Style::new(), &violation.text);
    }
    let further = finding.count.saturating_sub(SHOWN as u64);
    if further > 0 {
        page.styled(8, FAINT, &format!("and {further} more"));
    }
}

fn write_known(finding: &Finding, page: &mut Page) {
    let Some(Known { daemon, version, deviation }) = &finding.known else { return };
    let who = finding.role.map_or("unknown end", Role::word);
    let text = format!(
        "{} of {daemon} {version} ({who}, {}, {}): {}",
        finding.requirement.id,
        deviation.clause,
        times(finding.count),
        deviation.why
    );
    page.line(6, "- ", FAINT, &text);
}

/// Writes which entries of a file documented nothing in the whole run.
pub fn write_unmatched(file: &KnownFile, found: &[Known], page: &mut Page) {
    for deviation in file.unmatched(found) {
        let text =
            format!("{}: the deviation from {} was not seen", file.path.display(), deviation.requirement);
        page.line(0, "note ", WARNING, &text);
    }
}

/// Writes the last line of a run.
pub fn write_summary(summary: &Summary, page: &mut Page) {
    let mut words = vec![
        counted(summary.captures, "capture"),
        format!("{} ({} failed)", counted(summary.connections, "connection"), summary.failed),
        counted(summary.violations, "violation"),
    ];
    if summary.known_deviations > 0 {
        words.push(counted(summary.known_deviations, "known deviation"));
    }
    if summary.unreadable > 0 {
        words.push(format!("{} could not be read to the end", summary.unreadable));
    }
    if summary.mismatches > 0 {
        words.push(format!("{} not as expected", summary.mismatches));
    }
    page.styled(0, STRONG, &words.join(", "));
}

pub(crate) fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn times(count: u64) -> String {
    match count {
        0 => "not seen".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

pub(crate) fn seconds(nanoseconds: i64) -> String {
    let tenths = (nanoseconds + 50_000_000) / 100_000_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_below_where_the_text_begins() {
        let mut page = Page::default();
        page.line(4, "1. ", Style::new(), &"word ".repeat(30));
        let lines: Vec<_> = page.text().lines().collect();
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert!(lines[0].starts_with("    1. word"));
        assert!(lines[1].starts_with("       word"));
    }

    #[test]
    fn a_word_that_is_longer_than_a_line_stays_whole() {
        let long = "x".repeat(150);
        assert_eq!(wrapped(&format!("a {long} b"), 20), ["a", long.as_str(), "b"]);
    }
}
