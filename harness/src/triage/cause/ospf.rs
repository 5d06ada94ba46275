//! Why routers did not become neighbours.

use l2tpspec_protocol::ospf::wire::Options;

use super::Case;
use crate::triage::mark::Side;
use crate::triage::ospf::{Adjacency, Router};

impl Case<'_> {
    fn adjacency(&self) -> Option<&Adjacency> {
        self.attempt.session().map(|session| &session.ppp.adjacency)
    }

    /// The routers of client and supernode, or of either end.
    fn routers<'a>(&self, adjacency: &'a Adjacency) -> [(&'static str, &'a Router); 2] {
        let first = self.names.client.unwrap_or(Side::A);
        [first, !first].map(|side| (self.names.of(side), &adjacency.routers[side]))
    }

    pub(super) fn ospf_two_way(&self) -> Vec<String> {
        let Some(adjacency) = self.adjacency() else { return Vec::new() };
        let routers = self.routers(adjacency);
        let [(own, a), (peer, b)] = routers;
        let mut causes = Vec::new();
        for ((who, router), (other, silent)) in [(routers[0], routers[1]), (routers[1], routers[0])] {
            if silent.packets.is_empty() {
                causes.push(format!(
                    "only {who} speaks OSPF ({}): {other} has no OSPF on this interface, or drops multicast to 224.0.0.5",
                    router.packets
                ));
            }
        }
        if !causes.is_empty() {
            return causes;
        }
        let mut differ = |what: &str, of_own: String, of_peer: String| {
            if of_own != of_peer {
                causes.push(format!(
                    "the {what} differ: {of_own} at {own} and {of_peer} at {peer} ({} and {}); make them equal",
                    a.packets, b.packets
                ));
            }
        };
        if let Some((a, b)) = a.area.zip(b.area) {
            differ("areas", a.to_string(), b.to_string());
        }
        if let Some((a, b)) = a.authentication.zip(b.authentication) {
            differ("authentication types", a.to_string(), b.to_string());
        }
        if let Some((a, b)) = a.key_id.zip(b.key_id) {
            differ("key IDs", a.to_string(), b.to_string());
        }
        if let Some((a, b)) = a.interface.zip(b.interface) {
            differ("hello intervals", format!("{} s", a.hello_interval), format!("{} s", b.hello_interval));
            differ(
                "dead intervals",
                format!("{} s", a.router_dead_interval),
                format!("{} s", b.router_dead_interval),
            );
            for (bit, kind) in [(Options::E, "stub area"), (Options::NP, "not-so-stubby area")] {
                let word =
                    |options: Options| if options.has(bit) == (bit == Options::E) { "no" } else { "yes" };
                differ(
                    &format!("kinds of area ({kind})"),
                    word(a.options).to_owned(),
                    word(b.options).to_owned(),
                );
            }
        }
        if let Some(id) = a.id.filter(|id| Some(*id) == b.id) {
            causes.push(format!(
                "both routers call themselves {id} ({} and {}): give each a Router ID of its own",
                a.packets, b.packets
            ));
        }
        if causes.is_empty() {
            for ((who, deaf), (other, heard)) in [(routers[0], routers[1]), (routers[1], routers[0])] {
                if deaf.lists_peer.is_none() && !deaf.hellos.is_empty() {
                    causes.push(format!(
                        "{who} does not list {other} in its Hellos ({}) although {other} sends some ({}): they do not reach it, or the \
                         passwords or network types differ",
                        deaf.hellos, heard.hellos
                    ));
                }
            }
        }
        causes
    }

    pub(super) fn ospf_full(&self) -> Vec<String> {
        let Some(adjacency) = self.adjacency() else { return Vec::new() };
        let routers = self.routers(adjacency);
        let [(own, a), (peer, b)] = routers;
        let mut causes = Vec::new();
        if let Some((mtu, peer_mtu)) = a.mtu.zip(b.mtu)
            && mtu != peer_mtu
        {
            let (larger, smaller) = if mtu > peer_mtu { (own, peer) } else { (peer, own) };
            causes.push(format!(
                "the interface MTUs differ, so that {smaller} drops {larger}'s Database Descriptions and the neighbours stay in ExStart: \
                 {mtu} at {own} ({}) and {peer_mtu} at {peer} ({}); set both to {}",
                a.descriptions,
                b.descriptions,
                mtu.min(peer_mtu)
            ));
            return causes;
        }
        for ((who, router), (other, silent)) in [(routers[0], routers[1]), (routers[1], routers[0])] {
            if silent.descriptions.is_empty() {
                causes.push(format!(
                    "{other} never answers {who}'s Database Descriptions ({}): they do not reach it, or its interface MTU differs from {}",
                    router.descriptions,
                    router.mtu.unwrap_or_default()
                ));
            }
        }
        for (who, router) in routers {
            if router.missing() > 0 {
                causes.push(format!(
                    "{who} asked for LSAs and did not get {} of them ({}): large updates are lost on the way, so lower the MTU",
                    router.missing(),
                    router.requests
                ));
            }
        }
        if causes.is_empty() {
            let described =
                |router: &Router| if router.described.is_some() { "complete" } else { "incomplete" };
            causes.push(format!(
                "the exchange of Database Descriptions comes to no end: {} from {own} ({}), {} from {peer} ({})",
                described(a),
                a.descriptions,
                described(b),
                b.descriptions
            ));
        }
        if adjacency.was_full {
            causes.push("the neighbours were full before and lost each other".to_owned());
        }
        causes
    }

    /// A supernode that offers OSPF to a client that speaks none is no failure.
    pub(super) fn note_ospf(&self, notes: &mut Vec<String>) {
        let (Some(adjacency), Some(client)) = (self.adjacency(), self.names.client) else { return };
        let [own, peer] = [client, !client].map(|side| &adjacency.routers[side]);
        if own.packets.is_empty() && !peer.packets.is_empty() {
            notes.push(format!("the supernode speaks OSPF ({}) and the client does not", peer.packets));
        }
    }
}
