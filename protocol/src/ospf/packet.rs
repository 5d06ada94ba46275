//! Packets out and in: authentication, and what is checked of each before it is looked at (RFC 2328 sections 8.1 and 8.2).

use core::net::Ipv4Addr;

use super::authentication::authenticate_md5;
use super::config::Authenticates;
use super::event::{InterfaceId, Unit, Violation};
use super::layer::Ospf;
use super::wire::{Authentication, Body, Packet};
use crate::codec::Codec as _;
use crate::layer::Output;

/// `AllSPFRouters`.
pub(super) const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 5);

/// The Length of an MD5 digest.
const DIGEST: usize = 16;

impl Ospf {
    /// Sends a packet to the router at the other end (OSPF-2328-8.1-a).
    pub(super) fn send(&mut self, id: InterfaceId, body: Body) {
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let authentication = match &interface.config.authentication {
            Authenticates::Null => Authentication::Null([0; 8]),
            Authenticates::Simple(password) => Authentication::Simple(*password),
            Authenticates::Md5 { key_id, .. } => {
                self.cryptographic = self.cryptographic.wrapping_add(1);
                let (key_id, sequence) = (*key_id, self.cryptographic);
                Authentication::Cryptographic {
                    checksum: 0,
                    zero: 0,
                    key_id,
                    sequence,
                    digest: vec![0; DIGEST],
                }
            }
        };
        let (router_id, area_id) = (self.config.router_id, self.config.area_id);
        let mut packet = Packet { version: 2, router_id, area_id, authentication, body, lls: Vec::new() };
        if let Authenticates::Md5 { key, .. } = &interface.config.authentication
            && let Ok(covered) = packet.covered_octets()
            && let Authentication::Cryptographic { digest, .. } = &mut packet.authentication
        {
            *digest = authenticate_md5(&covered, key).to_vec();
        }
        // Lists are cut to the MTU before they get here, so that every length fits its field.
        if let Ok(octets) = packet.to_octets() {
            let source = interface.config.address;
            let unit = Unit { interface: id, source, destination: ALL_ROUTERS, octets };
            self.outputs.push_back(Output::ToBelow(unit));
        }
    }

    /// Reads a packet and checks what has to fit the interface (OSPF-2328-8.2-a).
    pub(super) fn checked(&mut self, unit: &Unit) -> Result<Packet, Violation> {
        let packet = Packet::decode_all(&unit.octets)?;
        if packet.area_id != self.config.area_id {
            return Err(Violation::Area(packet.area_id));
        }
        let Some(interface) = self.interfaces.get_mut(&unit.interface) else {
            return Err(Violation::Authentication);
        };
        // Nobody is designated on a link of two ends, so that nothing for AllDRouters is for us.
        if ![ALL_ROUTERS, interface.config.address].contains(&unit.destination) {
            return Err(Violation::Destination(unit.destination));
        }
        if unit.source == interface.config.address {
            return Err(Violation::Source(unit.source));
        }
        match (&interface.config.authentication, &packet.authentication) {
            (Authenticates::Null, Authentication::Null(_)) => {}
            (Authenticates::Simple(own), Authentication::Simple(got)) if own == got => {}
            (
                Authenticates::Md5 { key_id, key },
                Authentication::Cryptographic { key_id: got_id, sequence, digest, .. },
            ) if key_id == got_id => {
                let covered = packet.covered_octets().map_err(|_| Violation::Authentication)?;
                if authenticate_md5(&covered, key).as_slice() != digest.as_slice() {
                    return Err(Violation::Authentication);
                }
                let known = interface.neighbor.as_ref().filter(|known| known.router_id == packet.router_id);
                let last = known.and_then(|known| known.cryptographic);
                // OSPF-2328-D.4.3-a
                if last.is_some_and(|last| *sequence < last) {
                    return Err(Violation::Replayed);
                }
            }
            _ => return Err(Violation::Authentication),
        }
        if packet.router_id == self.config.router_id {
            return Err(Violation::OwnRouterId);
        }
        self.remember_sequence(unit.interface, &packet);
        Ok(packet)
    }

    /// Keeps the cryptographic sequence number of a packet for its sender, if that is the neighbour; it is forgotten with it.
    pub(super) fn remember_sequence(&mut self, id: InterfaceId, packet: &Packet) {
        let Authentication::Cryptographic { sequence, .. } = &packet.authentication else { return };
        let neighbor = self.interfaces.get_mut(&id).and_then(|interface| interface.neighbor.as_mut());
        if let Some(neighbor) = neighbor.filter(|known| known.router_id == packet.router_id) {
            neighbor.cryptographic = Some(*sequence);
        }
    }
}
