//! Datagrams for the host itself: put together, and given to the station, service or user that they are for.

use std::net::{Ipv4Addr, SocketAddrV4};

use etherparse::Ipv4Header;
use l2tpspec_protocol::packet::Packet;

use super::Host;
use crate::world::fabric::Fabric;
use crate::world::icmp::{self, Message, Problem};
use crate::world::interface::InterfaceId;
use crate::world::station::Claim;
use crate::world::user::{Heard, Received};
use crate::world::{ip, reset};

impl Host {
    /// Takes a datagram for the host, or a fragment of one.
    pub(super) fn deliver(
        &mut self,
        fabric: &mut Fabric,
        interface: InterfaceId,
        mut header: Ipv4Header,
        mut packet: Packet,
    ) {
        if !self.make_whole(fabric, &mut header, &mut packet) {
            return fabric.recycle(packet);
        }
        self.counters.delivered += 1;
        let segment = ip::payload(&header, packet.octets());
        let claim = Claim {
            source: Ipv4Addr::from(header.source),
            destination: Ipv4Addr::from(header.destination),
            protocol: header.protocol.0,
            ports: if header.protocol.0 == ip::UDP { ip::ports(segment) } else { None },
        };
        if let Some(station) = self.stations.iter_mut().find(|station| station.claims(&claim)) {
            station.on_datagram(&mut fabric.cx(), &mut packet);
            return fabric.recycle(packet);
        }
        if let Some(routing) = self.routing.as_mut().filter(|routing| routing.protocol() == header.protocol.0)
        {
            let octets = ip::payload(&header, packet.octets());
            routing.on_packet(&mut fabric.cx(), interface, claim.source, claim.destination, octets);
            return fabric.recycle(packet);
        }
        let is_for_one = !claim.destination.is_multicast() && !claim.destination.is_broadcast();
        let problem = match header.protocol.0 {
            ip::ICMP => self.on_icmp(fabric, &header, &packet),
            ip::UDP => self.on_udp(fabric, &header, &packet),
            ip::TCP => self.on_tcp(fabric, &header, &packet),
            _ => Some(Problem::ProtocolUnreachable),
        };
        if let Some(problem) = problem.filter(|_| is_for_one) {
            self.complain(fabric, problem, &header, &packet, Some(interface));
        }
        fabric.recycle(packet);
    }

    fn on_icmp(&mut self, fabric: &mut Fabric, header: &Ipv4Header, packet: &Packet) -> Option<Problem> {
        let (source, destination) = (Ipv4Addr::from(header.source), Ipv4Addr::from(header.destination));
        match icmp::open(ip::payload(header, packet.octets())) {
            Some(Message::Echo { is_reply: false, identifier, sequence, data }) => {
                // RFC 1122 section 3.2.2.6: an echo to many need not be answered.
                if self.has_address(destination) {
                    let mut payload = fabric.packet(data);
                    icmp::wrap_echo(&mut payload, true, identifier, sequence);
                    let fields = self.fields(destination, source, ip::ICMP);
                    self.send_payload(fabric, payload, &fields);
                }
            }
            Some(Message::Echo { is_reply: true, identifier, sequence, .. }) => {
                if let Some(user) = &mut self.user {
                    user.on_echo_reply(fabric.now, identifier, sequence, source, header.time_to_live);
                }
            }
            Some(Message::Error { problem, original }) => {
                self.hear(fabric, &Heard { at: fabric.now, from: source, problem }, original);
            }
            None => self.counters.bad_checksums += 1,
        }
        None
    }

    /// Tells the station or the user who sent a datagram what went wrong with it.
    pub(super) fn hear(&mut self, fabric: &mut Fabric, heard: &Heard, original: &[u8]) {
        let claim = Claim::of_answer(original);
        let sender = claim.and_then(|claim| self.stations.iter_mut().find(|station| station.claims(&claim)));
        if let Some(station) = sender {
            station.on_error(&mut fabric.cx(), heard, original);
        } else if let Some(user) = &mut self.user {
            user.on_error(*heard, original);
        }
    }

    fn on_udp(&mut self, fabric: &mut Fabric, header: &Ipv4Header, packet: &Packet) -> Option<Problem> {
        let Some((udp, payload)) = ip::open_udp(header, ip::payload(header, packet.octets())) else {
            self.counters.bad_checksums += 1;
            return None;
        };
        let source = SocketAddrV4::new(Ipv4Addr::from(header.source), udp.source_port);
        let destination = SocketAddrV4::new(Ipv4Addr::from(header.destination), udp.destination_port);
        let port = udp.destination_port;
        let service = match self.services.contains_key(&port) {
            true => self.services.get_mut(&port),
            false => self.services.values_mut().find(|service| service.takes(port)),
        };
        if let Some(service) = service {
            service.on_datagram(&mut fabric.cx(), source, destination, payload);
            return None;
        }
        let socket = self.user.as_mut().and_then(|user| user.sockets.get_mut(&udp.destination_port));
        let Some(socket) = socket else { return Some(Problem::PortUnreachable) };
        socket.received.push_back(Received {
            at: fabric.now,
            from: source,
            to: *destination.ip(),
            time_to_live: header.time_to_live,
            octets: payload.to_vec(),
        });
        None
    }

    fn on_tcp(&mut self, fabric: &mut Fabric, header: &Ipv4Header, packet: &Packet) -> Option<Problem> {
        let segment = ip::payload(header, packet.octets());
        let (_, port) = ip::ports(segment)?;
        if let Some(connection) = self.user.as_mut().and_then(|user| user.connections.get_mut(&port)) {
            connection.on_datagram(fabric.now, packet.octets());
            return None;
        }
        let (source, destination) = (Ipv4Addr::from(header.source), Ipv4Addr::from(header.destination));
        let mut answer = fabric.packet(&[]);
        if self.has_address(destination) && reset::answer(header, segment, &mut answer) {
            let fields = self.fields(destination, source, ip::TCP);
            self.send_payload(fabric, answer, &fields);
        } else {
            self.counters.undeliverable += 1;
            fabric.recycle(answer);
        }
        None
    }
}
