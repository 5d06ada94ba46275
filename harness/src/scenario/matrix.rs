//! The matrix: which client gets on with which supernode, how far.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::hosted::Hosted;
use super::model::Case;
use super::verdict::Verdict;
use crate::transcript::connection::Role;

/// What is tried, in order: the name of its scenario below `matrix/client` and `matrix/supernode`, and its letter.
pub const COLUMNS: [(&str, char); 8] = [
    ("connect", 'C'),
    ("data", 'D'),
    ("dns", 'N'),
    ("rekey-phase2", 'Q'),
    ("rekey-phase1", 'M'),
    ("dpd", 'P'),
    ("end", 'E'),
    ("ospf", 'O'),
];

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();

/// The column that a case fills, if it is one of the matrix.
#[must_use]
pub fn column(case: &Case) -> Option<usize> {
    let (role, name) = case.id.strip_prefix("matrix/")?.split_once('/')?;
    let is_own = role == case.subject.word();
    COLUMNS.iter().position(|(column, _)| *column == name && is_own)
}

/// Who talks to whom over what: a line of the matrix and a place in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    client: String,
    topology: String,
    supernode: String,
}

/// What has come of the cases.
#[derive(Debug, Default)]
pub struct Matrix {
    cells: BTreeMap<Place, [Option<Verdict>; COLUMNS.len()]>,
    supernodes: Vec<String>,
    reasons: Vec<(String, Verdict, String)>,
    counts: BTreeMap<Verdict, usize>,
    hosted: Vec<Hosted>,
}

impl Matrix {
    /// Nothing has been tried.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many cases came to a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.counts.get(&verdict).copied().unwrap_or(0)
    }

    /// Notes who of the lab has played.
    pub fn has_hosted(&mut self, hosted: Vec<Hosted>) {
        self.hosted.extend(hosted);
    }

    /// Notes what came of a case against a subject, as one object of the type `cell`. The subject plays the role that the case
    /// is about, the reference the other under its profile.
    ///
    /// A case that is none of the matrix is not noted.
    pub fn add(
        &mut self,
        case: &Case,
        subject: &str,
        verdict: Verdict,
        why: Option<String>,
    ) -> Option<Value> {
        let column = column(case)?;
        let is_self = subject == "self";
        let (client, supernode) = match case.subject {
            Role::Client if !is_self => (subject.to_owned(), format!("self:{}", case.supernode)),
            Role::Supernode if !is_self => (case.client.clone(), subject.to_owned()),
            Role::Client | Role::Supernode => (case.client.clone(), format!("self:{}", case.supernode)),
        };
        if !self.supernodes.contains(&supernode) {
            self.supernodes.push(supernode.clone());
        }
        let topology = case.topology.name.clone();
        let name = COLUMNS[column].0;
        let cell = json!({
            "type": "cell", "client": client, "supernode": supernode, "topology": topology, "column": name,
            "verdict": verdict.word(), "why": why
        });
        if let Some(why) = why.filter(|_| verdict != Verdict::Pass) {
            self.reasons.push((format!("{client} x {supernode}, {topology}, {name}"), verdict, why));
        }
        *self.counts.entry(verdict).or_default() += 1;
        self.cells.entry(Place { client, topology, supernode }).or_default()[column] = Some(verdict);
        Some(cell)
    }

    /// Why the last cell did not pass, for people that wait for the next.
    #[must_use]
    pub fn last_reason(&self) -> Option<String> {
        let (place, verdict, _) = self.reasons.last()?;
        let style = if verdict.is_bad() { BAD } else { WARNING };
        Some(format!("{style}{}{style:#} {place}\n", verdict.word()))
    }

    /// The last object: of the type `summary`.
    #[must_use]
    pub fn summary(&self) -> Value {
        let counts: serde_json::Map<_, _> = Verdict::ALL
            .iter()
            .map(|verdict| (verdict.word().to_owned(), json!(self.count(*verdict))))
            .collect();
        json!({ "type": "summary", "cells": self.counts.values().sum::<usize>(), "verdicts": counts,
            "hosted": self.hosted.iter().map(Hosted::json).collect::<Vec<_>>() })
    }

    /// The table for people, and under it why each cell that did not pass is as it is.
    #[must_use]
    pub fn human(&self) -> String {
        let mut out = String::new();
        let rows: Vec<(&str, &str)> = {
            let mut rows: Vec<_> =
                self.cells.keys().map(|place| (&place.client[..], &place.topology[..])).collect();
            rows.dedup();
            rows
        };
        let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::len).max().unwrap_or(0);
        let client_width = width(&mut rows.iter().map(|(client, _)| *client));
        let topology_width = width(&mut rows.iter().map(|(_, topology)| *topology));
        let _ = write!(out, "{:client_width$}  {:topology_width$}", "", "");
        for supernode in &self.supernodes {
            let _ = write!(out, "  {supernode:width$}", width = COLUMNS.len());
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        for (client, topology) in rows {
            let _ = write!(out, "{client:client_width$}  {topology:topology_width$}");
            for supernode in &self.supernodes {
                out.push_str("  ");
                let place = Place {
                    client: client.to_owned(),
                    topology: topology.to_owned(),
                    supernode: supernode.clone(),
                };
                let none = [None; COLUMNS.len()];
                let cells = self.cells.get(&place).unwrap_or(&none);
                for (verdict, (_, letter)) in cells.iter().zip(COLUMNS) {
                    let (style, letter) = shown(*verdict, letter);
                    let _ = write!(out, "{style}{letter}{style:#}");
                }
                let _ = write!(out, "{:1$}", "", supernode.len().saturating_sub(COLUMNS.len()));
            }
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
        let legend: Vec<String> = COLUMNS.iter().map(|(name, letter)| format!("{letter} {name}")).collect();
        let _ = writeln!(
            out,
            "\n{}\na small letter failed, ? is blocked, - unsupported, . was not tried",
            legend.join(", ")
        );
        if !self.reasons.is_empty() {
            out.push('\n');
        }
        for (place, verdict, why) in &self.reasons {
            let style = if verdict.is_bad() { BAD } else { WARNING };
            let why = why.replace('\n', "\n    ");
            let _ = writeln!(out, "{style}{}{style:#} {place}\n    {why}", verdict.word());
        }
        let counts: Vec<String> = Verdict::ALL
            .iter()
            .filter(|verdict| self.count(**verdict) > 0)
            .map(|verdict| format!("{} {}", self.count(*verdict), verdict.word()))
            .collect();
        let _ = writeln!(out, "\n{} cells: {}", self.counts.values().sum::<usize>(), counts.join(", "));
        for each in &self.hosted {
            let _ = writeln!(out, "{each}");
        }
        out
    }
}

/// How a cell is shown.
const fn shown(verdict: Option<Verdict>, letter: char) -> (Style, char) {
    match verdict {
        Some(Verdict::Pass) => (GOOD, letter),
        Some(Verdict::Fail | Verdict::UnexpectedPass) => (BAD, letter.to_ascii_lowercase()),
        Some(Verdict::KnownFailure) => (WARNING, letter.to_ascii_lowercase()),
        Some(Verdict::Blocked) => (WARNING, '?'),
        Some(Verdict::Unsupported) => (FAINT, '-'),
        Some(Verdict::Skipped) | None => (FAINT, '.'),
    }
}
