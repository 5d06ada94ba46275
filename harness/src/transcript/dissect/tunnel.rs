//! From the tunnel to what it carries: IKE, ESP, L2TP, PPP, and OSPF over it.

use l2tpspec_protocol::codec::{Codec as _, Reader};
use l2tpspec_protocol::esp::{self, nat_t};
use l2tpspec_protocol::l2tp::wire as l2tp;
use l2tpspec_protocol::ospf::wire as ospf;
use l2tpspec_protocol::ppp::{self, Control, Protocol, control};

use super::walk::Walk;
use super::{Dissector, MAX_LAYERS, Waiting};
use crate::transcript::entry::FaultCause;
use crate::transcript::ike;
use crate::transcript::layer::{Esp, Layer, Opening, UdpEncap};

impl Dissector {
    pub(super) fn udp_encap(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        match nat_t::Datagram::decode(octets) {
            Ok(nat_t::Datagram::Keepalive) => {
                walk.push(Layer::UdpEncap(UdpEncap::Keepalive));
            }
            Ok(nat_t::Datagram::Ike(message)) => {
                walk.push(Layer::UdpEncap(UdpEncap::Ike));
                self.isakmp(message, walk);
            }
            Ok(nat_t::Datagram::Esp(packet)) => {
                walk.push(Layer::UdpEncap(UdpEncap::Esp));
                self.esp(packet, walk);
            }
            Err(malformed) => walk.refuse("udpencap", malformed),
        }
    }

    pub(super) fn isakmp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        if octets == [0xff] {
            return walk.name("isakmp", "NAT-keepalive on the IKE port");
        }
        match self.sessions.see(octets, !walk.is_quoted) {
            Ok(ike::Seen::Message { message, malformed, child }) => {
                walk.push(Layer::Isakmp(message));
                if let Some(malformed) = malformed {
                    walk.fault("isakmp", malformed);
                }
                self.children.extend(child);
            }
            Ok(ike::Seen::Nothing(malformed)) => walk.fault("isakmp", malformed),
            Ok(ike::Seen::Other { header, why }) => {
                walk.push(Layer::IsakmpHeader { header, why });
            }
            Err(malformed) => walk.refuse("isakmp", malformed),
        }
    }

    pub(super) fn esp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let header = match esp::wire::Header::decode(&mut Reader::new(octets)) {
            Ok(header) => header,
            Err(malformed) => return walk.refuse("esp", malformed),
        };
        let length = octets.len() - 8;
        walk.push(Layer::Esp(Esp { header, opening: Opening::KeyAbsent, length }));
        let Some(addresses) = walk.addresses else { return };
        if walk.is_quoted || walk.entry.fault.is_some() {
            return;
        }
        let Some(sa) = self.sas.find(header.security_parameters_index, addresses) else { return };
        if let Some(arena) = walk.arena {
            let start = octets.as_ptr().addr() - arena.as_ptr().addr();
            walk.waiting = Some(Waiting { entry: 0, sa, start, end: start + octets.len() });
            return;
        }
        let mut packet = octets.to_vec();
        let (opening, payload) = self.sas.open_one(sa, &mut packet);
        if let Some(Layer::Esp(esp)) = walk.entry.layers.last_mut() {
            esp.opening = opening;
        }
        if let Opening::Opened { next_header, .. } | Opening::OpenedTruncated { next_header } = opening {
            walk.is_inner = true;
            self.transport(next_header, &packet[payload], walk);
        }
    }

    pub(super) fn l2tp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        match l2tp::recognise(octets) {
            l2tp::Recognised::Version2Control => match l2tp::ControlMessage::decode_all(octets) {
                Ok(message) => {
                    let message = match &self.options.l2tp_secret {
                        Some(secret) => message.open_hidden(secret),
                        None => message,
                    };
                    walk.push(Layer::L2tpControl(Box::new(message)));
                }
                Err(malformed) => walk.refuse("l2tp", malformed),
            },
            l2tp::Recognised::Version2Data => match l2tp::DataHeader::decode(octets) {
                Ok((header, payload)) => {
                    walk.push(Layer::L2tpData(header));
                    self.ppp(&octets[payload], walk);
                }
                Err(malformed) => walk.refuse("l2tp", malformed),
            },
            l2tp::Recognised::Version3 => walk.name("l2tp", "version 3"),
            l2tp::Recognised::L2f => walk.name("l2tp", "version 1 (L2F)"),
            l2tp::Recognised::Other => walk.name("l2tp", "unknown version"),
        }
    }

    pub(super) fn ppp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        if octets.is_empty() {
            return;
        }
        let (header, start) = match ppp::frame::FrameHeader::decode(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("ppp", malformed),
        };
        walk.push(Layer::Ppp(header));
        if let Some(payload) = octets.get(start..) {
            self.ppp_protocol(header.protocol, payload, walk);
        }
    }

    pub(super) fn ppp_protocol(&mut self, protocol: Protocol, octets: &[u8], walk: &mut Walk<'_>) {
        // A rejected packet may quote another rejected packet, and so on.
        if walk.entry.layers.len() >= MAX_LAYERS {
            return walk.fault_cause("ppp", FaultCause::TooDeep);
        }
        match protocol {
            Protocol::Ipv4 => return self.ipv4(octets, walk),
            Protocol::Ipv6 => return self.ipv6(octets, walk),
            Protocol::VanJacobsonUncompressed => return self.van_jacobson_uncompressed(octets, walk),
            _ => {}
        }
        let Some(decoded) = ppp::decode_control(protocol, octets, 0) else { return };
        match decoded {
            Ok(control @ (Control::Cbcp(_) | Control::Other { .. })) => {
                // Not among the layers that are named: shown with its frame.
                match walk.entry.layers.pop() {
                    Some(Layer::Ppp(header)) => {
                        walk.push(Layer::PppOther { header, packet: Box::new(control) });
                    }
                    other => walk.entry.layers.extend(other),
                }
            }
            Ok(control) => {
                let rejected = rejected_protocol(&control);
                walk.push(Layer::PppControl(Box::new(control)));
                if let Some((protocol, packet)) = rejected
                    && !packet.is_empty()
                {
                    self.quoted(walk, |dissector, walk| dissector.ppp_protocol(protocol, &packet, walk));
                }
            }
            Err(malformed) => match control_name(protocol) {
                Some(name) => walk.refuse(name, malformed),
                None => walk.fault("ppp", malformed),
            },
        }
    }

    /// An IP datagram whose protocol number makes room for a connection number (RFC 1144 section 3.2.3): it is TCP.
    pub(super) fn van_jacobson_uncompressed(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        const PROTOCOL_AT: usize = 9;
        const TCP: u8 = 6;
        let mut datagram = octets.to_vec();
        if let Some(protocol) = datagram.get_mut(PROTOCOL_AT) {
            *protocol = TCP;
        }
        let arena = walk.arena.take();
        self.ipv4(&datagram, walk);
        walk.arena = arena;
    }

    pub(super) fn ospf(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let _ = self;
        if octets.first().is_some_and(|version| *version != 2) {
            return walk.name("ospf", "not version 2");
        }
        match ospf::Packet::decode_all(octets) {
            Ok(packet) => {
                walk.push(Layer::Ospf(Box::new(packet)));
            }
            Err(malformed) => walk.refuse("ospf", malformed),
        }
    }
}

/// What a Protocol-Reject quotes.
fn rejected_protocol(control: &Control) -> Option<(Protocol, Vec<u8>)> {
    match control {
        Control::Lcp(packet) => match &packet.body {
            control::Body::RejectedProtocol { protocol, information } => {
                Some((*protocol, information.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Wireshark's name of the layer of a control packet, for those that are layers of their own.
pub(in crate::transcript) fn control_layer(control: &Control) -> &'static str {
    match control {
        Control::Lcp(_) => "lcp",
        Control::Pap(_) => "pap",
        Control::Chap(_) => "chap",
        Control::Eap(_) => "eap",
        Control::Ipcp(_) => "ipcp",
        Control::Ipv6cp(_) => "ipv6cp",
        Control::Ccp(_) => "ccp",
        Control::Cbcp(_) | Control::Other { .. } => "ppp",
    }
}

/// Wireshark's name of the layer of a control protocol, for those that are layers of their own.
fn control_name(protocol: Protocol) -> Option<&'static str> {
    Some(match protocol {
        Protocol::Lcp => "lcp",
        Protocol::Pap => "pap",
        Protocol::Chap => "chap",
        Protocol::Eap => "eap",
        Protocol::Ipcp => "ipcp",
        Protocol::Ipv6cp => "ipv6cp",
        Protocol::Ccp | Protocol::IndividualLinkCcp => "ccp",
        _ => return None,
    })
}
