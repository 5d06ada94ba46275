//! The orderly end: links of PPP first, then tunnels, then SAs, each given time to say so and to be heard.

use std::collections::BTreeSet;
use std::time::Duration;

use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::isakmp::{self, Isakmp, SaId};
use l2tpspec_protocol::l2tp::wire::StopControlConnectionNotificationResult;
use l2tpspec_protocol::l2tp::{self, Reason, TunnelId};
use l2tpspec_protocol::stack::{Command, Event, Stack};
use l2tpspec_protocol::time::Instant;

/// How long one layer has to end. A peer that is gone answers nothing.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tunnels that have something to say still.
#[derive(Debug, Default)]
pub(super) struct Unsettled(BTreeSet<TunnelId>);

impl Unsettled {
    /// Takes note of what has happened.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::L2tp(l2tp::Event::TunnelUp { tunnel, .. } | l2tp::Event::TunnelDown { tunnel, .. }) => {
                self.0.insert(*tunnel);
            }
            Event::L2tp(l2tp::Event::TunnelSettled { tunnel }) => {
                self.0.remove(tunnel);
            }
            _ => {}
        }
    }
}

/// What is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Links of PPP.
    Links,
    /// Tunnels.
    Tunnels,
    /// SAs.
    Associations,
}

/// What came of going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It went on, and what it said is to be carried.
    Moved,
    /// A layer has not ended yet.
    Waits,
    /// All is over.
    Over,
}

/// How far the end has come.
#[derive(Debug)]
pub(super) struct Ending {
    stage: Stage,
    until: Instant,
}

impl Ending {
    /// Begins to end.
    pub(super) fn begin(cx: &mut Cx<'_>, stack: &mut Stack) -> Self {
        if stack.ppp().links().next().is_some() {
            stack.command(cx, Command::Disconnect);
        }
        Self { stage: Stage::Links, until: cx.now + PATIENCE }
    }

    /// Goes on with the end by one layer, if the one above has ended.
    pub(super) fn go_on(&mut self, cx: &mut Cx<'_>, stack: &mut Stack, unsettled: &Unsettled) -> Step {
        let is_late = cx.now >= self.until;
        match self.stage {
            Stage::Links if is_late || stack.ppp().links().next().is_none() => {
                let tunnels: Vec<TunnelId> = stack.l2tp().tunnels().collect();
                for tunnel in tunnels {
                    let result = StopControlConnectionNotificationResult::GeneralRequest.number();
                    let reason = Reason::plain(result);
                    stack.command(cx, Command::L2tp(l2tp::Command::CloseTunnel { tunnel, reason }));
                }
                self.enter(Stage::Tunnels, cx.now);
            }
            Stage::Tunnels if is_late || unsettled.0.is_empty() => {
                let sas: Vec<SaId> = stack.isakmp().map(Isakmp::established).into_iter().flatten().collect();
                for sa in sas {
                    stack.command(cx, Command::Isakmp(isakmp::Command::DeleteSa { sa }));
                }
                self.enter(Stage::Associations, cx.now);
            }
            // Nothing answers a Delete.
            Stage::Associations => return Step::Over,
            Stage::Links | Stage::Tunnels => return Step::Waits,
        }
        Step::Moved
    }

    /// Gives the layer no more time.
    pub(super) const fn hurry(&mut self) {
        self.until = Instant::START;
    }

    /// When the layer that is ending has no more time.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    fn enter(&mut self, stage: Stage, now: Instant) {
        // Who is in a hurry stays so.
        let patience = if self.until == Instant::START { Duration::ZERO } else { PATIENCE };
        (self.stage, self.until) = (stage, if patience.is_zero() { Instant::START } else { now + patience });
    }
}
