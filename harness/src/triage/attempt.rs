//! One attempt to connect: from the first message of phase 1, or of whatever comes first, to the next attempt.

use std::collections::BTreeSet;

use super::esp::Associations;
use super::ike::Ike;
use super::l2tp::{Session, Tunnels};
use super::ladder::Ladder;
use super::mark::{Both, Frames, Mark, Side};
use super::phase1::Cookie;
use super::rung::Rung;

/// What one attempt shows.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) begin: Option<Mark>,
    pub(super) ike: Ike,
    /// ESP under associations that this attempt made, or found.
    pub(super) esp: Both<Frames>,
    /// ESP inside of UDP.
    pub(super) is_encapsulated: bool,
    pub(super) tunnels: Tunnels,
}

impl Attempt {
    /// Whether anything was seen of it.
    pub(super) fn has_begun(&self) -> bool {
        !self.ike.phase1.is_empty() || !self.tunnels.list.is_empty() || self.esp_begin().is_some()
    }

    fn esp_begin(&self) -> Option<Mark> {
        self.esp.earlier(Frames::begin)
    }

    /// When both ends had sent ESP.
    pub(super) fn esp_both_ways(&self) -> Option<Mark> {
        self.esp.later(Frames::begin)
    }

    /// Whether the connection stands, so that a new phase 1 renews its keys.
    pub(super) fn is_alive(&self) -> bool {
        let is_up = self.ike.phase2_up().is_some() || self.esp_both_ways().is_some();
        is_up && self.ended().is_none()
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.tunnels.current()?.current()
    }

    /// When and how the end was said: `StopCCN` or CDN acknowledged, LCP Terminate, or IKE Delete.
    pub(super) fn ended(&self) -> Option<(Mark, &'static str)> {
        let tunnel = self.tunnels.current();
        let session = self.session();
        let stopped = tunnel.and_then(|tunnel| tunnel.stop.as_ref()?.acknowledged);
        let disconnected = session.and_then(|session| session.stop.as_ref()?.acknowledged);
        let terminated = session.and_then(|session| session.ppp.ended());
        let deleted = self.ike.ended().filter(|mark| {
            // Both ends go on sending user packets: other associations carry them.
            !Side::ALL.iter().all(|side| self.esp[*side].is_after(Some(*mark)))
        });
        [
            (stopped, "StopCCN acknowledged"),
            (disconnected, "CDN acknowledged"),
            (terminated, "LCP Terminate-Request"),
            (deleted, "IKE Delete"),
        ]
        .into_iter()
        .filter_map(|(mark, how)| Some((mark?, how)))
        .min_by_key(|(mark, _)| *mark)
    }

    /// All rungs of the attempt.
    pub(super) fn climb(&self, client: Option<Side>, end: Mark) -> Ladder {
        let mut ladder = Ladder::default();
        if let Some(phase1) = self.ike.primary() {
            phase1.climb(&mut ladder, end);
        }
        let quick_begin = self.ike.quick.first().map(|quick| quick.begin);
        ladder.set(Rung::Phase2Up, quick_begin, self.ike.phase2_up());
        ladder.set(Rung::EspBothWays, self.esp_begin(), self.esp_both_ways());
        if let Some(tunnel) = self.tunnels.current() {
            ladder.set(Rung::TunnelUp, tunnel.request.begin(), tunnel.established);
            if let Some(session) = tunnel.current() {
                ladder.set(Rung::SessionUp, session.request.begin(), session.established);
                session.ppp.climb(&mut ladder, client, end);
                let both_talk = session.ppp.frames.later(Frames::begin);
                if let Some(mark) = both_talk {
                    for rung in [Rung::TunnelUp, Rung::SessionUp] {
                        let step = ladder.step(rung);
                        if step.tried.is_some() && step.reached.is_none() {
                            ladder.set(rung, step.tried, Some(mark));
                        }
                    }
                }
            }
        }
        ladder.imply(Rung::TunnelUp..=Rung::TunnelUp, Rung::SessionUp);
        if !self.tunnels.protected.is_empty() {
            for proof in [Rung::TunnelUp, Rung::SessionUp, Rung::LcpUp] {
                ladder.imply(Rung::IkeAnswered..=Rung::EspBothWays, proof);
            }
        }
        ladder.imply(Rung::IkeAnswered..=Rung::Phase2Up, Rung::EspBothWays);
        ladder.imply(Rung::IkeAnswered..=Rung::Phase1Up, Rung::Phase2Up);
        ladder.set(Rung::Ended, None, self.ended().map(|(mark, _)| mark));
        ladder
    }

    /// The cookies of the attempt, so that late messages of it are known.
    pub(super) fn cookies(&self) -> BTreeSet<Cookie> {
        self.ike.phase1.iter().map(|phase1| phase1.cookie).collect()
    }

    /// Phase 1 exchanges that were to renew keys and failed, after which nothing was sent in both directions.
    pub(super) fn deadly_rekey(&self, associations: &Associations, end: Mark) -> Option<String> {
        let goes_on = |since: Mark| {
            Side::ALL.iter().all(|side| {
                associations
                    .list
                    .iter()
                    .any(|association| association.sender == *side && association.last > since)
            })
        };
        let is_late = |begin: Mark| end.time - begin.time >= 5_000_000_000;
        let phase1 = self.ike.phase1.iter().find(|phase1| {
            phase1.is_rekey
                && phase1.is_whole
                && phase1.up().is_none()
                && is_late(phase1.begin)
                && !goes_on(phase1.begin)
        });
        if let Some(phase1) = phase1 {
            return Some(format!(
                "the renewal of phase 1 that begins in frame {} failed",
                phase1.begin.frame
            ));
        }
        let up = self.ike.phase2_up()?;
        let quick = self.ike.quick.iter().find(|quick| {
            quick.begin > up && quick.completed.is_none() && is_late(quick.begin) && !goes_on(quick.begin)
        })?;
        Some(format!("the renewal of phase 2 that begins in frame {} failed", quick.begin.frame))
    }
}
