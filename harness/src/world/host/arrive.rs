//! Packets that come in by an interface, and those that are passed on.

use std::net::Ipv4Addr;

use etherparse::Ipv4Header;
use l2tpspec_protocol::packet::Packet;

use super::{Filter, Host};
use crate::world::fabric::Fabric;
use crate::world::icmp::Problem;
use crate::world::interface::{InterfaceId, Kind};
use crate::world::nat::{Outside, Translation};
use crate::world::{fragment, ip};

impl Host {
    /// Takes a packet that came in.
    pub(super) fn on_arrival(&mut self, fabric: &mut Fabric, interface: InterfaceId, mut packet: Packet) {
        self.counters.arrived += 1;
        if !self.is_usable(interface) {
            self.counters.undeliverable += 1;
            return fabric.recycle(packet);
        }
        let Some(mut header) = ip::header(&mut packet) else {
            self.counters.bad_headers += 1;
            return fabric.recycle(packet);
        };
        if let Some(filter) = self.filter(interface, &header, &packet) {
            self.counters.refused += 1;
            if filter.answers {
                self.complain(fabric, Problem::Prohibited, &header, &packet, Some(interface));
            }
            return fabric.recycle(packet);
        }
        if self.is_outside(interface) && self.has_address(Ipv4Addr::from(header.destination)) {
            if !self.make_whole(fabric, &mut header, &mut packet) {
                return fabric.recycle(packet);
            }
            if let Some(nat) = &mut self.nat
                && nat.inbound(fabric.now, &mut header, &mut packet) == Translation::Done
            {
                return self.forward(fabric, interface, header, packet);
            }
        }
        let destination = Ipv4Addr::from(header.destination);
        if self.has_address(destination) || destination.is_multicast() || destination.is_broadcast() {
            return self.deliver(fabric, interface, header, packet);
        }
        self.forward(fabric, interface, header, packet);
    }

    /// Passes a packet on (RFC 1812 section 5.2.1).
    fn forward(
        &mut self,
        fabric: &mut Fabric,
        ingress: InterfaceId,
        mut header: Ipv4Header,
        mut packet: Packet,
    ) {
        if !self.is_forwarding {
            self.counters.undeliverable += 1;
            return fabric.recycle(packet);
        }
        // RFC 1812 section 5.3.1: a packet whose Time to Live would become zero goes no further.
        if header.time_to_live <= 1 {
            return self.refuse(fabric, Problem::TimeExceeded, &header, packet, Some(ingress));
        }
        header.time_to_live -= 1;
        ip::rewrite(&mut packet, &mut header);
        let Some(egress) = self.route(&header) else {
            let problem = self.why_no_route(&header);
            return self.refuse(fabric, problem, &header, packet, Some(ingress));
        };
        self.counters.forwarded += 1;
        let is_translated = self.is_outside(egress) && !self.is_outside(ingress);
        // Before translation, so that the error is about the packet as its sender knows it.
        if !self.fits(fabric, egress, &header, &packet) {
            let mtu = self.mtu(fabric, egress);
            let problem = Problem::FragmentationNeeded { mtu };
            return self.refuse(fabric, problem, &header, packet, Some(ingress));
        }
        if is_translated && !self.translate(fabric, egress, &mut header, &mut packet) {
            return fabric.recycle(packet);
        }
        self.emit_in_pieces(fabric, egress, &header, packet);
    }

    /// Translates a packet that goes outside. Whether it may go on.
    fn translate(
        &mut self,
        fabric: &mut Fabric,
        egress: InterfaceId,
        header: &mut Ipv4Header,
        packet: &mut Packet,
    ) -> bool {
        if !self.make_whole(fabric, header, packet) {
            return false;
        }
        let Some(address) = self.address_of(egress) else { return false };
        let Some(nat) = &mut self.nat else { return true };
        let is_done = nat.outbound(fabric.now, address, header, packet) == Translation::Done;
        if !is_done {
            self.counters.refused += 1;
        }
        is_done
    }

    /// Puts fragments together. Whether the packet now is a whole datagram.
    pub(super) fn make_whole(
        &mut self,
        fabric: &Fabric,
        header: &mut Ipv4Header,
        packet: &mut Packet,
    ) -> bool {
        if !header.is_fragmenting_payload() {
            return true;
        }
        let reassembly = self.reassembly.get_or_insert_default();
        let is_whole = fragment::join(reassembly, fabric.now, header, packet);
        if is_whole {
            self.counters.reassembled += 1;
        }
        is_whole
    }

    fn filter(&self, interface: InterfaceId, header: &Ipv4Header, packet: &Packet) -> Option<Filter> {
        let matches = |filter: &&Filter| {
            filter.interface == interface
                && filter.protocol == header.protocol.0
                && filter.destination_port.is_none_or(|port| {
                    // A later fragment has no ports.
                    let is_first = header.fragment_offset.value() == 0;
                    let ports = ip::ports(ip::payload(header, packet.octets()));
                    is_first && ports.is_some_and(|(_, destination)| destination == port)
                })
        };
        self.filters.iter().find(matches).copied()
    }

    fn is_outside(&self, interface: InterfaceId) -> bool {
        match self.nat.as_ref().map(|nat| nat.config().outside) {
            Some(Outside::Interface(outside)) => outside == interface,
            Some(Outside::Tunnels) => {
                self.interface(interface).is_some_and(|entry| matches!(entry.kind, Kind::Tunnel { .. }))
            }
            None => false,
        }
    }
}
