//! Rules of OSPFv2 on a point-to-point PPP link (RFC 2328).

mod adjacency;
mod hello;
mod lsas;
mod packets;
#[cfg(test)]
pub(in crate::rule) mod tests;

use l2tpspec_protocol::ospf::wire::Packet;

use super::l2tp::{each, path};
use super::ppp::judge::Suspicions;
use super::ppp::links::{Links, Turn};
use super::{Entered, Interest, Report, Rule, Seen};
use crate::transcript::Layer;
use crate::transcript::ip::Ipv4;

/// Each packet alone.
const PACKET: Interest = Interest::OSPF;
/// The packets of a link, and what tells links apart and may not be readable.
const LINK: Interest =
    PACKET.and(Interest::L2TP_CONTROL).and(Interest::PPP_CONTROL).and(Interest::ESP).and(Interest::FAULT);

/// Rules of this layer.
pub(super) static RULES: &[Entered] = &[
    Entered { requirement: "OSPF-2328-8.1-a", interest: PACKET, make: || each(packets::destination) },
    Entered { requirement: "OSPF-2328-A.1-a", interest: PACKET, make: || each(packets::ip_header) },
    Entered { requirement: "OSPF-2328-9.5-a", interest: LINK, make: hello::intervals },
    Entered {
        requirement: "OSPF-2328-10.3-b",
        interest: PACKET,
        make: || each(adjacency::first_description),
    },
    Entered { requirement: "OSPF-2328-10.6-b", interest: LINK, make: adjacency::master },
    Entered { requirement: "OSPF-2328-10.6-e", interest: LINK, make: adjacency::numbers },
    Entered { requirement: "OSPF-2328-10.8-a", interest: LINK, make: adjacency::interface_mtu },
    Entered { requirement: "OSPF-2328-12.1.6-a", interest: PACKET, make: || each(lsas::sequence) },
    Entered { requirement: "OSPF-2328-12.1.7-a", interest: PACKET, make: || each(lsas::checksum) },
    Entered { requirement: "OSPF-2328-13.3-a", interest: PACKET, make: || each(lsas::age) },
    Entered { requirement: "OSPF-2328-A.3.1-a", interest: Interest::FAULT, make: || each(packets::checksum) },
    Entered { requirement: "OSPF-2328-D.4.3-a", interest: LINK, make: packets::cryptographic },
];

/// The layers right behind the connection's own PPP header: IPv4, and what it carries.
fn carried<'a>(seen: &Seen<'a>) -> Option<(&'a Ipv4, &'a Layer)> {
    path::ppp(seen)?;
    let at = seen.layers.iter().position(|layer| matches!(layer, Layer::Ppp(_)))?;
    match seen.layers.get(at + 1..)? {
        [Layer::Ip(ip), carried, ..] => Some((ip, carried)),
        _ => None,
    }
}

/// The OSPF packet on the connection's own PPP link, and the IPv4 header before it.
fn packet<'a>(seen: &Seen<'a>) -> Option<(&'a Ipv4, &'a Packet)> {
    match carried(seen)? {
        (ip, Layer::Ospf(packet)) => Some((ip, packet)),
        _ => None,
    }
}

/// A judge of what routers say on links.
struct Judge<S> {
    links: Links,
    suspicions: Suspicions,
    state: S,
    look: fn(&mut S, &Turn<'_>, &Packet, &mut Report<'_>),
    look_back: fn(&mut S, &mut Report<'_>),
}

/// Makes a judge that looks at each packet, and back at the end.
fn judge<S: Default + 'static>(
    look: fn(&mut S, &Turn<'_>, &Packet, &mut Report<'_>),
    look_back: fn(&mut S, &mut Report<'_>),
) -> Box<dyn Rule> {
    let (links, suspicions, state) = (Links::default(), Suspicions::default(), S::default());
    Box::new(Judge { links, suspicions, state, look, look_back })
}

impl<S> Rule for Judge<S> {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        self.suspicions.cross(seen);
        if self.links.watch(seen) {
            self.suspicions.explain(seen.entry.time);
        }
        if let Some((_, packet)) = packet(seen)
            && let Some(turn) = self.links.turn(seen)
        {
            (self.look)(&mut self.state, &turn, packet, report);
            self.suspicions.take(&turn);
        }
        self.links.learn(seen);
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.suspicions.report(report);
        (self.look_back)(&mut self.state, report);
    }
}
