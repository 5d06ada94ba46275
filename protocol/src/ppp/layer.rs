//! The PPP layer: any number of links, each by its number.
#![expect(clippy::wildcard_enum_match_arm, reason = "every other protocol is a matter of its link")]

use core::convert::Infallible;
use core::net::Ipv4Addr;
use std::collections::{BTreeMap, VecDeque};

use super::Protocol;
use super::config::{Config, Pool};
use super::event::{Command, End, Event, Frame, LinkId, Violation};
use super::frame::FrameHeader;
use super::link::{Link, Outbox};
use crate::cx::Cx;
use crate::layer::{Input, Layer, Output};
use crate::packet::Packet;
use crate::time::{Deadlines, Instant};

/// What a frame is that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// An IPv4 packet, which is all that is left of the frame.
    Ipv4,
    /// An IPv6 packet, which is all that is left of the frame.
    Ipv6,
    /// Something for [`Input::FromBelow`]; the frame is whole.
    Control,
    /// A user packet that may not travel yet, or is of no known link.
    Dropped(Violation),
}

/// The PPP layer of one host.
#[derive(Debug, Default)]
pub struct Ppp {
    /// Boxed, as a node of the map has room for eleven.
    links: BTreeMap<LinkId, Box<Link>>,
    leases: BTreeMap<Ipv4Addr, LinkId>,
    deadlines: Deadlines<LinkId>,
    outputs: VecDeque<Output<Frame, Infallible, Event>>,
}

impl Ppp {
    /// A host without links.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The links, in order.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.links.keys().copied()
    }

    /// The addresses that are given away, and on which link.
    pub fn leases(&self) -> impl Iterator<Item = (Ipv4Addr, LinkId)> {
        self.leases.iter().map(|(address, link)| (*address, *link))
    }

    /// Takes the header off a frame that holds a user packet. Nothing is allocated.
    pub fn data_from_below(&self, link: LinkId, packet: &mut Packet) -> Received {
        let Ok((header, start)) = FrameHeader::decode(packet.octets()) else { return Received::Control };
        let received = match header.protocol {
            Protocol::Ipv4 => Received::Ipv4,
            Protocol::Ipv6 => Received::Ipv6,
            _ => return Received::Control,
        };
        let Some(state) = self.links.get(&link) else {
            return Received::Dropped(Violation::NoSuchLink);
        };
        if !state.carries(header.protocol) || packet.strip_front(start).is_none() {
            return Received::Dropped(Violation::WrongPhase(header.protocol));
        }
        received
    }

    /// Puts the header of a link before a user packet. `None` if the protocol may not travel.
    pub fn data_from_above(&self, link: LinkId, protocol: Protocol, packet: &mut Packet) -> Option<()> {
        let link = self.links.get(&link).filter(|link| link.carries(protocol))?;
        let (octets, length) = link.header(protocol).octets();
        packet.prepend(octets.get(..length)?);
        Some(())
    }

    /// Leases the lowest address that is free.
    fn lease(&mut self, pool: Pool, link: LinkId) -> Option<Ipv4Addr> {
        let (first, last) = (u32::from(pool.first), u32::from(pool.last));
        let mut free = first;
        for taken in self.leases.range(pool.first..=pool.last).map(|(address, _)| u32::from(*address)) {
            if taken != free {
                break;
            }
            free = free.checked_add(1)?;
        }
        let address = (free <= last).then(|| Ipv4Addr::from(free))?;
        self.leases.insert(address, link);
        Some(address)
    }

    fn up(&mut self, cx: &mut Cx<'_>, id: LinkId, config: &std::sync::Arc<Config>) {
        self.on(cx, id, |link, cx, out| link.down(cx, out));
        let pool = config.ipcp.as_ref().and_then(|ipcp| ipcp.pool);
        let lease = pool.and_then(|pool| self.lease(pool, id));
        let link = Link::new(cx, id, config.clone(), lease);
        self.links.insert(id, Box::new(link));
        self.on(cx, id, |link, cx, out| link.begin(cx, out));
    }

    /// Does something with a link, and passes on what it has to say.
    fn on(
        &mut self,
        cx: &mut Cx<'_>,
        id: LinkId,
        act: impl FnOnce(&mut Link, &mut Cx<'_>, &mut Outbox),
    ) -> bool {
        let Some(link) = self.links.get_mut(&id) else { return false };
        let mut out = Outbox::default();
        act(link, cx, &mut out);
        for octets in out.frames {
            self.outputs.push_back(Output::ToBelow(Frame { link: id, octets }));
        }
        self.outputs.extend(out.events.into_iter().map(Output::Event));
        if out.is_over {
            let link = self.links.remove(&id);
            if let Some(lease) = link.and_then(|link| link.lease) {
                self.leases.remove(&lease);
            }
            self.deadlines.stop(&id);
        } else {
            match self.links.get(&id).and_then(|link| link.deadline()) {
                Some(deadline) => self.deadlines.set(id, deadline),
                None => {
                    self.deadlines.stop(&id);
                }
            }
        }
        true
    }
}

impl Layer for Ppp {
    type Below = Frame;
    type Above = Infallible;
    type Command = Command;
    type Event = Event;

    fn handle_input(&mut self, cx: &mut Cx<'_>, input: Input<Frame, Infallible, Command>) {
        match input {
            Input::FromBelow(Frame { link, octets }) => {
                if !self.on(cx, link, |link, cx, out| link.on_frame(cx, &octets, out)) {
                    let violation = Violation::NoSuchLink;
                    self.outputs.push_back(Output::Event(Event::Rejected { link, violation }));
                }
            }
            Input::FromAbove(never) => match never {},
            Input::Command(Command::Up { link, config }) => self.up(cx, link, &config),
            Input::Command(Command::Close { link }) => {
                self.on(cx, link, |link, cx, out| link.close(cx, End::Commanded, out));
            }
            Input::Command(Command::Down { link }) => {
                self.on(cx, link, |link, cx, out| link.down(cx, out));
            }
            Input::Command(Command::Reauthenticate { link }) => {
                self.on(cx, link, |link, cx, out| link.reauthenticate(cx, out));
            }
            Input::Command(Command::SayEcho { link }) => {
                self.on(cx, link, |link, _, out| link.say_echo(out));
            }
            Input::Timeout => {
                while let Some(link) = self.deadlines.take_due(cx.now) {
                    self.on(cx, link, |link, cx, out| link.on_timeout(cx, out));
                }
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output<Frame, Infallible, Event>> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}
