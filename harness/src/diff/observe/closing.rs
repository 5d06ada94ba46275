//! What can only be said when the recording has ended: what never came, how far it got, what it took.

use super::super::note::{Notebook, Words};
use super::super::timing::{Drive, Measure, SECOND};
use super::{Observer, ike, l2tp, ospf};
use crate::transcript::connection::Role;
use crate::triage::{Mark, Outcome, Rung};

/// How long an end has to have had time for what it never did.
const OCCASION: i64 = 4 * SECOND;
/// How long an answer may take before its absence is a failure and not the end of the recording.
const PATIENCE: i64 = 10 * SECOND;

/// The end of a connection.
struct Last {
    /// The end of the recording.
    time: i64,
    /// When somebody last said that it goes no further.
    refused: Option<i64>,
    /// Something was sent again.
    has_repeated: bool,
}

impl Observer {
    pub(super) fn close(&mut self, outcome: &Outcome, end: Mark, words: &mut Words) {
        let schedules = [
            (ike::LAYER, self.ike.schedules()),
            (l2tp::LAYER, self.l2tp.schedules()),
            ("ppp", self.ppp.schedules()),
        ];
        let mut book =
            Notebook { words, notes: &mut self.notes, by: Role::Client, frame: outcome.begin.frame };
        let mut has_repeated = false;
        for (layer, (is_any, all)) in schedules {
            has_repeated |= is_any;
            for (by, again, frame) in all {
                book.frame = frame;
                book.timed(by, layer, "retransmission", Measure::Again(again));
            }
        }
        for by in [Role::Client, Role::Supernode] {
            let all = [
                (ike::LAYER, "dead_peer_detection", self.ike.probes(by), Drive::Silence, Rung::Phase1Up),
                (l2tp::LAYER, "hello", self.l2tp.hellos(by), Drive::Either, Rung::TunnelUp),
                ("lcp", "echo", self.ppp.echoes(by), Drive::Clock, Rung::LcpUp),
                ("chap", "challenged_again", self.ppp.challenges(by), Drive::Clock, Rung::Authenticated),
                (ospf::LAYER, "hello_seen", self.ospf.hellos(by), Drive::Clock, Rung::IpcpUp),
                ("udpencap", "keepalive", self.keepalive.of(by), Drive::Either, Rung::Phase1Up),
            ];
            for (layer, field, periodic, drive, rung) in all {
                book.frame = periodic.frame.max(outcome.begin.frame);
                let measure = periodic.measure(drive);
                // Below that rung nobody had occasion.
                let had_occasion = outcome.ladder.step(rung).reached.is_some();
                if let Some(measure) =
                    measure.filter(|it| had_occasion || !matches!(it, Measure::Never { .. }))
                {
                    book.timed(by, layer, field, measure);
                }
            }
            if let Some((measure, frame)) = self.packets.passed(by) {
                book.frame = frame.max(outcome.begin.frame);
                book.timed(by, "ip", "cut_in_tunnel", measure);
            }
            if let Some((measure, frame)) = self.ike.replacement(by) {
                book.frame = frame.max(outcome.begin.frame);
                book.timed(by, ike::LAYER, "phase2_replaced", measure);
            }
            book.frame = self.ppp.echoes(by).frame.max(outcome.begin.frame);
            if let Some((time, is_at_once)) = self.ppp.echoes(by).beginning()
                && self.ppp.is_from_begin()
                && (is_at_once || time > OCCASION)
            {
                book.of(by, "lcp", "echo_at_open", if is_at_once { "sent" } else { "not sent" });
            }
        }
        self.relations.close(&mut book);
        let last = Last { time: end.time, refused: self.refused, has_repeated };
        let reached = |rung: Rung| outcome.ladder.step(rung).reached;
        let Some(network) = reached(Rung::IpcpUp) else {
            rungs(outcome, &last, &mut book);
            return;
        };
        let had_time = self.ppp.is_from_begin()
            && (outcome.last.time - network.time > OCCASION
                || (outcome.lost() == 0 && reached(Rung::DataBothWays).is_some_and(|mark| mark > network)));
        for by in [Role::Client, Role::Supernode] {
            for layer in ["ccp", "ipv6cp"] {
                book.frame = network.frame;
                match self.ppp.has_asked(layer, by) {
                    true => book.of(by, layer, "negotiates", "yes"),
                    false if had_time => book.of(by, layer, "negotiates", "no"),
                    false => {}
                }
            }
        }
        rungs(outcome, &last, &mut book);
    }
}

/// Which layer a rung belongs to.
pub(crate) const fn layer_of(rung: Rung) -> &'static str {
    match rung {
        Rung::NothingHeard
        | Rung::IkeAnswered
        | Rung::ProposalChosen
        | Rung::KeyExchanged
        | Rung::Phase1Up
        | Rung::Phase2Up => "isakmp",
        Rung::EspBothWays => "esp",
        Rung::TunnelUp | Rung::SessionUp | Rung::Ended => "l2tp",
        Rung::LcpUp | Rung::Authenticated => "lcp",
        Rung::IpcpUp | Rung::DataBothWays => "ipcp",
        Rung::OspfTwoWay | Rung::OspfFull => "ospf",
    }
}

/// Which rungs were reached, which were tried in vain, and how long each took. How it ended is the user's doing.
fn rungs(outcome: &Outcome, last: &Last, book: &mut Notebook<'_>) {
    let lossless = outcome.lost() == 0 && !last.has_repeated && outcome.attempts <= 1;
    let mut has_begun = false;
    for rung in Rung::ALL.into_iter().skip(1).filter(|rung| *rung != Rung::Ended) {
        // What comes before ESP and PPP is missing where the recording begins late: then nothing is said of a failure.
        has_begun |=
            matches!(rung, Rung::IkeAnswered | Rung::TunnelUp) && outcome.ladder.step(rung).tried.is_some();
        let step = outcome.ladder.step(rung);
        let layer = layer_of(rung);
        match (step.tried, step.reached) {
            (tried, Some(reached)) => {
                book.frame = reached.frame;
                book.of(Role::Supernode, layer, &format!("rung.{rung}"), "reached");
                let by_user = matches!(
                    rung,
                    Rung::DataBothWays | Rung::OspfTwoWay | Rung::OspfFull | Rung::EspBothWays
                );
                if let (Some(tried), true, false) = (tried, lossless, by_user) {
                    let took = Measure::Took(reached.time - tried.time);
                    book.timed(Role::Supernode, layer, &format!("time_to.{rung}"), took);
                }
            }
            (Some(tried), None) => {
                let is_over = last.time - tried.time > PATIENCE
                    || outcome.failed && last.refused.is_some_and(|refused| refused >= tried.time);
                if is_over && has_begun {
                    book.frame = tried.frame;
                    book.of(Role::Supernode, layer, &format!("rung.{rung}"), "not reached");
                }
                // What comes after it is its consequence.
                return;
            }
            (None, None) => {}
        }
    }
}
