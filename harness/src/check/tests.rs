//! The judge with rules made for it.

use std::path::Path;

use super::*;
use crate::check::known::KnownFile;
use crate::transcript::layer::{Esp, Opening};

/// Complains of every ESP packet, and once at the end.
#[derive(Debug, Default)]
struct Grumbler {
    seen: u64,
}

impl Rule for Grumbler {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        self.seen += 1;
        report.violation(seen.entry.frame, seen.sender, format!("sent packet {}; expected none", self.seen));
    }

    fn end(&mut self, report: &mut Report<'_>) {
        report.violation(0, None, "sent too much; expected less");
    }
}

static MUST: Entered = Entered {
    requirement: "ISAKMP-2408-2.4-a",
    interest: Interest::ESP,
    make: || Box::new(Grumbler::default()),
};
static UNCONCERNED: Entered = Entered {
    requirement: "ISAKMP-2408-2.4-b",
    interest: Interest::OSPF,
    make: || Box::new(Grumbler::default()),
};

fn esp(frame: u64) -> Entry {
    let ip = crate::transcript::ip::Ipv4 {
        source: [192, 0, 2, 2].into(),
        destination: [192, 0, 2, 1].into(),
        protocol: 50,
        type_of_service: 0,
        total_length: 100,
        identification: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        time_to_live: 64,
        header_length: 20,
    };
    let sequence_number = u32::try_from(frame).unwrap_or(u32::MAX);
    let header = l2tpspec_protocol::esp::wire::Header { security_parameters_index: 7, sequence_number };
    let layers = vec![Layer::Ip(ip), Layer::Esp(Esp { header, opening: Opening::KeyAbsent, length: 80 })];
    Entry {
        frame,
        source: Some(ip.source.into()),
        destination: Some(ip.destination.into()),
        layers,
        ..Entry::default()
    }
}

fn checked(packets: u64, known: &[&KnownFile]) -> Checked {
    let mut judge = Judge::by([&MUST, &UNCONCERNED].into_iter());
    for frame in 1..=packets {
        judge.see(&esp(frame));
    }
    judge.end(Path::new("made.pcap"), known, None)
}

#[test]
fn violations_are_kept_up_to_a_hundred_and_then_counted() {
    let checked = checked(250, &[]);
    let findings = &checked.connections[0].findings;
    let counts: Vec<_> =
        findings.iter().map(|finding| (finding.role, finding.violations.len(), finding.count)).collect();
    assert_eq!(counts, [(None, 1, 1), (Some(Role::Client), 100, 250)]);
    assert_eq!(findings[1].violations[99].text, "sent packet 100; expected none");
}

#[test]
fn a_rule_that_had_nothing_to_look_at_says_nothing() {
    let checked = checked(2, &[]);
    assert!(checked.unknown().all(|finding| finding.requirement.id == "ISAKMP-2408-2.4-a"));
}

fn known_file(saying: &str) -> KnownFile {
    let file =
        std::env::temp_dir().join(format!("l2tpspec-known-{}-{}.json", std::process::id(), saying.len()));
    let text = format!(
        r#"{{ "format": 1, "daemon": "d", "version": "1", "deviations": [ {{ "requirement": "ISAKMP-2408-2.4-a",
        "role": "any", "clause": "c", "why": "w", "saying": "{saying}" }}, ] }} // trailing comma and comment"#
    );
    std::fs::write(&file, text).expect("a temporary file");
    let known = KnownFile::load(&file);
    std::fs::remove_file(&file).expect("it was just written");
    known.expect("a good file")
}

#[test]
fn what_is_known_stands_apart_from_what_is_new() {
    let known = known_file("packet 2;");
    let checked = checked(3, &[&known]);
    let sorted: Vec<_> = checked.connections[0]
        .findings
        .iter()
        .map(|finding| {
            (finding.known.is_some(), finding.violations.iter().map(|violation| violation.frame).collect())
        })
        .collect();
    assert_eq!(sorted, [(false, vec![0]), (false, vec![1, 3]), (true, vec![2])]);
    assert_eq!(checked.unknown().map(|finding| finding.count).sum::<u64>(), 3);
}

#[test]
fn what_is_not_kept_counts_as_what_most_of_the_kept_are() {
    let known = known_file("expected none");
    let checked = checked(300, &[&known]);
    let unknown: u64 = checked.unknown().map(|finding| finding.count).sum();
    assert_eq!(unknown, 1, "only what the rule says at the end is new");
}

#[test]
fn pages_are_no_wider_than_a_hundred_columns_and_lines_are_json() {
    let known = known_file("packet 2;");
    let checked = checked(120, &[&known]);
    let mut page = human::Page::default();
    human::write(&checked, &[], &mut page);
    for line in page.text().lines() {
        let mut is_escape = false;
        let columns = line
            .chars()
            .filter(|character| {
                is_escape |= *character == '\u{1b}';
                let counts = !is_escape;
                is_escape &= *character != 'm';
                counts
            })
            .count();
        assert!(columns <= 100, "{columns} columns: {line}");
    }
    let mut out = Vec::new();
    json::write(&checked, &[], &mut out);
    let types: Vec<_> = out
        .split(|octet| *octet == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<serde_json::Value>(line).expect("a JSON line")["type"].clone())
        .collect();
    assert_eq!(types.iter().filter(|kind| *kind == "known-deviation").count(), 1);
    assert_eq!(types.last(), Some(&serde_json::json!("outcome")));
}
