//! Packets that leave: routed, cut to the MTU, put into a link or a tunnel; and errors about those that cannot.

use std::net::Ipv4Addr;

use etherparse::Ipv4Header;
use l2tpspec_protocol::packet::Packet;

use super::{Host, TIME_TO_LIVE};
use crate::world::fabric::Fabric;
use crate::world::icmp::{self, Problem};
use crate::world::interface::{InterfaceId, Kind};
use crate::world::ip::{self, Fields};
use crate::world::link::Direction;
use crate::world::record::Place;
use crate::world::station::StationId;
use crate::world::user::Heard;
use crate::world::{fragment, host::Work};

impl Host {
    /// Sends a datagram that the host made; `outside` is the endpoint whose tunnels it carries.
    pub(super) fn on_send(&mut self, fabric: &mut Fabric, mut packet: Packet, outside: Option<StationId>) {
        let Some(header) = ip::header(&mut packet) else {
            self.counters.bad_headers += 1;
            return fabric.recycle(packet);
        };
        let destination = Ipv4Addr::from(header.destination);
        if self.has_address(destination) {
            return self.deliver(fabric, InterfaceId(0), header, packet);
        }
        let Some(egress) = self.route(&header) else {
            let problem = self.why_no_route(&header);
            return self.refuse(fabric, problem, &header, packet, None);
        };
        // A tunnel that is routed into itself carries nothing, as in a kernel, which drops what comes round again.
        let kind = self.interface(egress).map(|interface| interface.kind);
        if matches!(kind, Some(Kind::Tunnel { station, .. }) if Some(station) == outside) {
            self.counters.looped += 1;
            return fabric.recycle(packet);
        }
        if !self.fits(fabric, egress, &header, &packet) {
            let problem = Problem::FragmentationNeeded { mtu: self.mtu(fabric, egress) };
            return self.refuse(fabric, problem, &header, packet, None);
        }
        self.emit_in_pieces(fabric, egress, &header, packet);
    }

    /// Wraps a payload into a datagram of the host and puts it with what is to be sent.
    pub(super) fn send_payload(&mut self, fabric: &mut Fabric, mut payload: Packet, fields: &Fields) {
        if ip::wrap(&mut payload, fields) {
            fabric.work.push_back(Work::Send(payload));
        } else {
            self.counters.undeliverable += 1;
            fabric.recycle(payload);
        }
    }

    /// The fields of a datagram that the host makes.
    pub(super) fn fields(&mut self, source: Ipv4Addr, destination: Ipv4Addr, protocol: u8) -> Fields {
        let identification = self.identification();
        let time_to_live = TIME_TO_LIVE;
        Fields { source, destination, protocol, identification, time_to_live, dont_fragment: false }
    }

    pub(super) fn route(&self, header: &Ipv4Header) -> Option<InterfaceId> {
        let destination = Ipv4Addr::from(header.destination);
        let route = self.routes.find(destination, |interface| self.is_usable(interface))?;
        Some(route.interface)
    }

    /// RFC 1812 section 5.2.7.1: code 0 where no route leads, code 1 where one does but the way is cut off.
    pub(super) fn why_no_route(&self, header: &Ipv4Header) -> Problem {
        let is_known = self.routes.find(Ipv4Addr::from(header.destination), |_| true).is_some();
        if is_known { Problem::HostUnreachable } else { Problem::NetUnreachable }
    }

    /// The longest datagram that leaves by an interface, in octets.
    pub(crate) fn mtu(&self, fabric: &Fabric, interface: InterfaceId) -> u16 {
        match self.interface(interface).map(|interface| interface.kind) {
            Some(Kind::Link { link, .. }) => fabric.links[link.index()].conditions.mtu,
            Some(Kind::Tunnel { mtu, .. }) => mtu,
            None => 0,
        }
    }

    /// The longest datagram that leaves by the interface that has an address, in octets.
    pub(crate) fn mtu_of_address(&self, fabric: &Fabric, address: Ipv4Addr) -> Option<u16> {
        let (id, _) = self.interfaces().find(|(_, interface)| interface.addresses.contains(&address))?;
        Some(self.mtu(fabric, id))
    }

    /// Whether a packet is short enough, or may be cut.
    pub(super) fn fits(
        &self,
        fabric: &Fabric,
        egress: InterfaceId,
        header: &Ipv4Header,
        packet: &Packet,
    ) -> bool {
        !header.dont_fragment || packet.len() <= usize::from(self.mtu(fabric, egress))
    }

    /// Lets a packet leave, in fragments if it is too long.
    pub(super) fn emit_in_pieces(
        &mut self,
        fabric: &mut Fabric,
        egress: InterfaceId,
        header: &Ipv4Header,
        packet: Packet,
    ) {
        let mtu = self.mtu(fabric, egress);
        if packet.len() <= usize::from(mtu) {
            return self.emit(fabric, egress, packet);
        }
        let is_cut = fragment::split(fabric, header, &packet, mtu, |fabric, piece| {
            self.emit(fabric, egress, piece);
        });
        if is_cut {
            self.counters.fragmented += 1;
        } else {
            self.counters.undeliverable += 1;
        }
        fabric.recycle(packet);
    }

    pub(super) fn emit(&mut self, fabric: &mut Fabric, egress: InterfaceId, mut packet: Packet) {
        match self.interface(egress).map(|interface| interface.kind) {
            Some(Kind::Link { link, end }) => fabric.transmit(link, Direction::from_end(end), packet),
            Some(Kind::Tunnel { station, tunnel, .. }) => {
                let place = Place::Tunnel { host: self.id, interface: egress, is_outbound: true };
                fabric.observe(place, false, packet.octets());
                self.stations[station.0].on_user_packet(&mut fabric.cx(), tunnel, &mut packet);
                fabric.recycle(packet);
            }
            None => fabric.recycle(packet),
        }
    }

    /// Drops a packet and says why.
    pub(super) fn refuse(
        &mut self,
        fabric: &mut Fabric,
        problem: Problem,
        header: &Ipv4Header,
        packet: Packet,
        ingress: Option<InterfaceId>,
    ) {
        self.counters.undeliverable += 1;
        self.complain(fabric, problem, header, &packet, ingress);
        fabric.recycle(packet);
    }

    /// Says what is wrong with a packet: to its sender if it came in by an interface, else to whoever sent it.
    pub(super) fn complain(
        &mut self,
        fabric: &mut Fabric,
        problem: Problem,
        header: &Ipv4Header,
        packet: &Packet,
        ingress: Option<InterfaceId>,
    ) {
        let source = Ipv4Addr::from(header.source);
        let Some(ingress) = ingress else {
            self.hear(fabric, &Heard { at: fabric.now, from: source, problem }, packet.octets());
            return;
        };
        if !icmp::may_cause_error(header, ip::payload(header, packet.octets())) {
            return;
        }
        let Some(own) = self.address_of(ingress) else { return };
        let mut payload = fabric.packet(packet.octets());
        icmp::wrap_error(&mut payload, problem);
        let fields = self.fields(own, source, ip::ICMP);
        self.send_payload(fabric, payload, &fields);
    }
}
