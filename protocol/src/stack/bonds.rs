//! What belongs together across the layers: SAs of IKE, links of ESP, tunnels of L2TP.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Event;
use crate::isakmp::{self, SaId};
use crate::l2tp::{self, TunnelId};

/// What is known of a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bond {
    pub(super) sa: SaId,
}

/// Who belongs to whom.
#[derive(Debug, Default)]
pub(super) struct Bonds {
    /// Links, each with the ISAKMP SA that its newest keys are of.
    links: BTreeMap<u32, Bond>,
    /// The link of each pair of ESP SAs, by inbound SPI.
    by_spi: BTreeMap<u32, u32>,
    tunnels: BTreeMap<TunnelId, u32>,
    next_link: u32,
    new_links: BTreeSet<u32>,
}

impl Bonds {
    pub(super) fn link_of_spi(&self, inbound_spi: u32) -> Option<u32> {
        self.by_spi.get(&inbound_spi).copied()
    }

    pub(super) fn bond(&self, link: u32) -> Option<Bond> {
        self.links.get(&link).copied()
    }

    pub(super) fn link_of_tunnel(&self, tunnel: TunnelId) -> Option<u32> {
        self.tunnels.get(&tunnel).copied()
    }

    pub(super) fn tunnels_of(&self, link: u32) -> impl Iterator<Item = TunnelId> {
        self.tunnels.iter().filter(move |(_, of)| **of == link).map(|(tunnel, _)| *tunnel)
    }

    /// Whether a pair of ESP SAs is left on a link.
    pub(super) fn has_keys(&self, link: u32) -> bool {
        self.by_spi.values().any(|of| *of == link)
    }

    /// Whether the last pair that was noted made a link that was not there.
    pub(super) fn is_new(&self, link: u32) -> bool {
        self.new_links.contains(&link)
    }

    /// Takes note of what an event binds or parts.
    pub(super) fn note(&mut self, event: &Event) {
        self.new_links.clear();
        match event {
            Event::Isakmp(isakmp::Event::ChildEstablished(child)) => {
                let old = child.replaces.and_then(|old| self.link_of_spi(old));
                let link = old.unwrap_or_else(|| {
                    self.next_link = self.next_link.wrapping_add(1).max(1);
                    self.new_links.insert(self.next_link);
                    self.next_link
                });
                self.links.insert(link, Bond { sa: child.sa });
                self.by_spi.insert(child.inbound.spi, link);
            }
            Event::L2tp(
                l2tp::Event::TunnelUp { tunnel, path, .. } | l2tp::Event::TunnelDown { tunnel, path, .. },
            ) => {
                self.tunnels.insert(*tunnel, path.link);
            }
            Event::Isakmp(_)
            | Event::Esp(_)
            | Event::L2tp(_)
            | Event::Ppp(_)
            | Event::ClearL2tp { .. }
            | Event::DataDropped(_) => {}
        }
    }

    /// Forgets a pair of ESP SAs. The link, if it has none any more.
    pub(super) fn part_spi(&mut self, inbound_spi: u32) -> Option<u32> {
        let link = self.by_spi.remove(&inbound_spi)?;
        if self.has_keys(link) {
            return None;
        }
        self.links.remove(&link);
        Some(link)
    }

    pub(super) fn part_tunnel(&mut self, tunnel: TunnelId) {
        self.tunnels.remove(&tunnel);
    }
}
