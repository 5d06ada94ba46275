//! The loop between the sockets, the device, the clock and the layers. The layers decide; this only carries.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::ppp;
use l2tpspec_protocol::ppp::LinkId;
use l2tpspec_protocol::stack::{Command, Event, Output, Stack};
use l2tpspec_protocol::time::Instant;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::attempt::Attempt;
use super::chance::{Chance, Clock};
use super::ending::{Ending, Step, Unsettled};
use super::error::LiveError;
use super::inside::{Inside, Up};
use super::netlink::Netlink;
use super::observer::{Observer, Travel};
use super::story::{Said, Story};
use super::wire::{Arrival, Source, Wire};

/// How many packets of one source are taken before others have their turn, and before the host gets them.
const BATCH: usize = 64;

/// For how long what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// A client that is not up by then gives up.
    pub patience: Option<Duration>,
    /// All ends after so long: of a client, since its link came up.
    pub length: Option<Duration>,
    /// A client begins anew so long after it has lost its connection.
    pub restart: Option<Duration>,
}

/// Why all ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was asked to, or the time was over.
    Asked,
    /// The connection of a client failed or was lost.
    Lost,
    /// A client was not up in time.
    Late,
}

/// How all ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub why: Why,
    /// How many links came up.
    pub links: u64,
}

/// What is made before it begins, each where it can fail.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) stack: Stack,
    pub(super) wire: Wire,
    pub(super) inside: Inside,
    pub(super) netlink: Netlink,
    pub(super) chance: Chance,
    pub(super) observer: Observer,
    pub(super) story: Story,
    pub(super) limits: Limits,
    /// Whom a client dials, from which address; a supernode dials nobody.
    pub(super) target: Option<(Ipv4Addr, Ipv4Addr)>,
}

/// Everything that speaks.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) parts: Parts,
    clock: Clock,
    packet: Packet,
    up: BTreeMap<LinkId, Up>,
    links: u64,
    unsettled: Unsettled,
    ending: Option<(Ending, Why)>,
    deadline: Option<Instant>,
    /// When a client dials again.
    again: Option<Instant>,
    attempt: Attempt,
}

/// The layers and what they are lent, which lie in different fields.
macro_rules! lent {
    ($engine:expr) => {
        Cx {
            now: $engine.clock.now(),
            entropy: &mut $engine.parts.chance,
            key_log: &mut $engine.parts.observer,
        }
    };
}

impl Engine {
    /// An engine that has not begun.
    pub(super) fn new(parts: Parts) -> Self {
        let limits = parts.limits;
        let deadline = if parts.target.is_some() { limits.patience } else { limits.length };
        Self {
            parts,
            clock: Clock::start(),
            packet: Packet::default(),
            up: BTreeMap::new(),
            links: 0,
            unsettled: Unsettled::default(),
            ending: None,
            deadline: deadline.map(|time| Instant::START + time),
            again: None,
            attempt: Attempt::default(),
        }
    }

    /// Tells something of the engine's own.
    pub(super) fn say(&self, layer: &'static str, event: &'static str, text: String) {
        self.parts.story.say(self.clock.now(), &Said { layer, event, text });
    }

    /// Dials, if it is a client.
    fn dial(&mut self) {
        let Some((local, peer)) = self.parts.target else { return };
        self.say("udp", "dial", format!("{local} to {peer}"));
        self.attempt.begin();
        let mut cx = lent!(self);
        let (local, peer) = (local.into(), peer.into());
        self.parts.stack.command(&mut cx, Command::Connect { local, peer });
    }

    /// Speaks until all has ended.
    ///
    /// # Errors
    /// If the host refuses what goes with a link, or the sockets or the device are gone.
    pub(super) async fn run(&mut self) -> Result<Ended, LiveError> {
        let listen = |kind| signal(kind).map_err(LiveError::host("signals"));
        // A terminal that is closed must not leave the host changed.
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(listen);
        let mut signals = [interrupt?, terminate?, hangup?];
        self.dial();
        loop {
            self.drain().await?;
            self.parts.inside.flush().await;
            if let Some((step, why)) = self.end() {
                match step {
                    Step::Moved => continue,
                    Step::Over => return Ok(Ended { why, links: self.links }),
                    Step::Waits => {}
                }
            }
            let when = self.next().map(|next| self.clock.when(next));
            let timer = async {
                match when {
                    Some(when) => tokio::time::sleep_until(when).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                source = self.parts.wire.ready() => {
                    self.outside(source.map_err(LiveError::host("waiting for sockets"))?).await?;
                }
                readable = self.parts.inside.readable() => {
                    readable.map_err(LiveError::host("waiting for the device"))?;
                    self.inside().await?;
                }
                () = timer => self.on_time(),
                () = any(&mut signals) => self.stop(Why::Asked),
            }
        }
    }

    /// Takes what a socket has.
    async fn outside(&mut self, source: Source) -> Result<(), LiveError> {
        for _ in 0..BATCH {
            let Some(arrival) = self.parts.wire.receive(source, &mut self.packet) else { break };
            let now = self.clock.now();
            match arrival {
                Arrival::Udp { local, peer } => {
                    let (local, peer) = (local.into(), peer.into());
                    self.parts.observer.see(now, Travel::Udp(peer, local), self.packet.octets());
                    let mut cx = lent!(self);
                    self.parts.stack.udp_in(&mut cx, local, peer, &mut self.packet);
                }
                Arrival::Esp { local, peer } => {
                    let (local, peer) = (local.into(), peer.into());
                    self.parts.observer.see(now, Travel::Esp(peer, local), self.packet.octets());
                    let mut cx = lent!(self);
                    self.parts.stack.esp_in(&mut cx, local, peer, &mut self.packet);
                }
            }
            self.drain().await?;
        }
        Ok(())
    }

    /// Takes what the host has sent.
    async fn inside(&mut self) -> Result<(), LiveError> {
        for _ in 0..BATCH {
            let received = self.parts.inside.receive(&mut self.packet);
            if !received.map_err(LiveError::host("reading from the device"))? {
                break;
            }
            if let Some(link) = self.parts.inside.link_for(&self.packet) {
                let mut cx = lent!(self);
                // A link that is going down takes no more; the packet is lost like any other.
                let _sent = self.parts.stack.user_in(&mut cx, link, &mut self.packet);
                self.drain().await?;
            }
        }
        Ok(())
    }

    /// Carries what the layers have to say.
    async fn drain(&mut self) -> Result<(), LiveError> {
        while let Some(output) = self.parts.stack.poll_output(&mut self.packet) {
            let now = self.clock.now();
            match output {
                Output::Udp { local, peer } => {
                    self.parts.observer.see(now, Travel::Udp(local, peer), self.packet.octets());
                    self.parts.wire.send_udp(local.port(), peer, self.packet.octets());
                }
                Output::Esp { local, peer } => {
                    self.parts.observer.see(now, Travel::Esp(local, peer), self.packet.octets());
                    self.parts.wire.send_esp(peer, self.packet.octets());
                }
                Output::User { link, version: 4 } => {
                    if self.parts.inside.deliver(&mut self.packet) {
                        let mut cx = lent!(self);
                        let _sent = self.parts.stack.user_in(&mut cx, link, &mut self.packet);
                    }
                }
                // The device is given IPv4 addresses only.
                Output::User { .. } => {}
                Output::LinkUp { link, own, peer, dns, mtu } => {
                    self.link_up(now, Up { link, own, peer, dns, mtu }).await?;
                }
                Output::LinkDown { link } => {
                    if let Some(up) = self.up.remove(&link) {
                        self.parts.story.link_down(now, &up);
                    }
                    self.parts.inside.link_down(link).await?;
                }
                Output::Event(event) => self.on_event(now, &event),
            }
        }
        Ok(())
    }

    async fn link_up(&mut self, now: Instant, up: Up) -> Result<(), LiveError> {
        self.links += 1;
        self.up.insert(up.link, up);
        if self.parts.target.is_some() && self.ending.is_none() {
            self.again = None;
            self.deadline = self.parts.limits.length.map(|length| now + length);
        }
        self.parts.inside.link_up(&self.parts.netlink, up).await?;
        self.parts.story.link_up(now, &up, self.parts.inside.device());
        Ok(())
    }

    fn on_event(&mut self, now: Instant, event: &Event) {
        self.unsettled.note(event);
        self.parts.story.tell(now, event);
        let is_loss = self.attempt.loses_by(event);
        if self.parts.target.is_none() || self.ending.is_some() || !is_loss {
            return;
        }
        match self.parts.limits.restart.filter(|_| !is_refusal(event)) {
            // What is left of the connection ends meanwhile.
            Some(wait) => _ = self.again.get_or_insert(now + wait),
            None => self.stop(Why::Lost),
        }
    }

    /// Begins the end; asked twice, all ends at once.
    fn stop(&mut self, why: Why) {
        if let Some((ending, _)) = &mut self.ending {
            return ending.hurry();
        }
        self.parts.observer.look_at_the_end();
        (self.deadline, self.again) = (None, None);
        let mut cx = lent!(self);
        self.ending = Some((Ending::begin(&mut cx, &mut self.parts.stack), why));
    }

    /// Goes on with the end, if it has begun.
    fn end(&mut self) -> Option<(Step, Why)> {
        let mut cx = lent!(self);
        let (ending, why) = self.ending.as_mut()?;
        Some((ending.go_on(&mut cx, &mut self.parts.stack, &self.unsettled), *why))
    }

    /// The next moment at which something is due.
    fn next(&self) -> Option<Instant> {
        let ending = self.ending.as_ref().map(|(ending, _)| ending.until());
        [self.parts.stack.next_timeout(), ending, self.deadline, self.again].into_iter().flatten().min()
    }

    fn on_time(&mut self) {
        let mut cx = lent!(self);
        let now = cx.now;
        self.parts.stack.on_timeout(&mut cx);
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            let is_late = self.parts.target.is_some() && self.up.is_empty();
            self.stop(if is_late { Why::Late } else { Why::Asked });
        }
        if self.again.take_if(|again| *again <= now).is_some() {
            self.dial();
        }
    }
}

/// Waits for one of the signals.
async fn any([interrupt, terminate, hangup]: &mut [Signal; 3]) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Whether it would come to the same a second time.
const fn is_refusal(event: &Event) -> bool {
    matches!(event, Event::Ppp(ppp::Event::LinkDown { why: ppp::End::NotAuthenticated(_), .. }))
}
