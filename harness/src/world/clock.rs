//! The world itself, and how its time passes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use l2tpspec_protocol::cx::{KeyLog, NoKeyLog};
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

use super::fabric::Fabric;
use super::host::{Host, Work};
use super::queue::Event;
use super::{HostId, LinkId, TooManySteps};

/// Hosts, links, and what will happen.
#[derive(Debug)]
pub struct World {
    pub(super) fabric: Fabric,
    pub(super) hosts: Vec<Host>,
    /// What has arrived at hosts that are elsewhere.
    pub(super) outlets: BTreeMap<HostId, VecDeque<(LinkId, Packet)>>,
    steps: u64,
    /// The most steps that one call of [`World::run_until`] makes.
    pub step_limit: u64,
}

impl World {
    /// An empty world at the start of its time. All chance follows from the seed.
    #[must_use]
    pub fn new(seed: &[u8]) -> Self {
        Self::with_key_log(seed, Box::new(NoKeyLog))
    }

    /// An empty world whose stations and services log their secrets.
    #[must_use]
    pub fn with_key_log(seed: &[u8], key_log: Box<dyn KeyLog>) -> Self {
        let (fabric, outlets) = (Fabric::new(seed, key_log), BTreeMap::new());
        Self { fabric, hosts: Vec::new(), outlets, steps: 0, step_limit: 100_000_000 }
    }

    /// The moment.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.fabric.now
    }

    /// How many events there have been.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The moment of the next event.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.fabric.queue.next()
    }

    /// Lets a host do what there is to do.
    pub(super) fn settle(&mut self, host: HostId) {
        self.hosts[host.index()].settle(&mut self.fabric);
    }

    /// Lets the next event happen. Its moment, or `None` if nothing will happen any more.
    pub fn step(&mut self) -> Option<Instant> {
        let (moment, event) = self.fabric.queue.pop()?;
        self.fabric.now = moment;
        self.steps += 1;
        match event {
            Event::Arrival { link, direction, packet } => {
                let (host, interface) = self.fabric.links[link.index()].ends[direction.to()];
                if let Some(outlet) = self.outlets.get_mut(&host) {
                    outlet.push_back((link, packet));
                    return Some(moment);
                }
                self.fabric.work.push_back(Work::Arrived(interface, packet));
                self.settle(host);
            }
            Event::Wake { host } => self.hosts[host.index()].on_wake(&mut self.fabric),
        }
        Some(moment)
    }

    /// Lets everything happen up to a moment, that moment included, and sets the clock to it. How many steps it took.
    ///
    /// # Errors
    ///
    /// If that takes more than [`World::step_limit`] steps.
    pub fn run_until(&mut self, moment: Instant) -> Result<u64, TooManySteps> {
        let before = self.steps;
        while self.next_event().is_some_and(|next| next <= moment) {
            let steps = self.steps - before;
            if steps >= self.step_limit {
                return Err(TooManySteps { steps, now: self.now() });
            }
            self.step();
        }
        self.fabric.now = self.now().max(moment);
        Ok(self.steps - before)
    }

    /// Lets everything happen for so long.
    ///
    /// # Errors
    ///
    /// If that takes more than [`World::step_limit`] steps.
    pub fn run_for(&mut self, time: Duration) -> Result<u64, TooManySteps> {
        self.run_until(self.now() + time)
    }
}
