//! PPP: names, passwords, addresses and identifiers of hardware in control packets.

use std::net::IpAddr;

use l2tpspec_protocol::codec::Writer;
use l2tpspec_protocol::ppp::control::{Body, Packet};
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::lcp::EndpointClass;
use l2tpspec_protocol::ppp::{Control, Protocol, cbcp, decode_control, eap, ipcp, ipv6cp, lcp, pap};

use super::{Ends, Scrubber};

/// A session by the end that its caller is: address, tunnel and session.
pub(super) type LinkKey = (IpAddr, u16, u16);

/// Where an IPv4 header has its protocol, and TCP.
const PROTOCOL_AT: usize = 9;
const TCP: u8 = 6;

impl Scrubber<'_> {
    pub(super) fn ppp(&mut self, octets: &mut [u8], ends: &Ends) {
        match FrameHeader::decode(octets) {
            Ok((header, start)) => {
                if let Some(payload) = octets.get_mut(start..) {
                    self.ppp_protocol(header.protocol, payload, ends);
                }
            }
            Err(_) => self.renaming.blank(octets),
        }
    }

    pub(super) fn ppp_protocol(&mut self, protocol: Protocol, octets: &mut [u8], ends: &Ends) {
        match protocol {
            Protocol::Ipv4 => return self.ipv4(octets, ends),
            Protocol::Ipv6 => return self.ipv6(octets, ends),
            Protocol::VanJacobsonUncompressed => {
                // A connection's number stands where the protocol does (RFC 1144 section 3.2.3).
                let number = octets.get(PROTOCOL_AT).copied();
                let set = |octets: &mut [u8], octet| {
                    if let Some(place) = octets.get_mut(PROTOCOL_AT) {
                        *place = octet;
                    }
                };
                set(octets, TCP);
                self.ipv4(octets, ends);
                return set(octets, number.unwrap_or(TCP));
            }
            _ => {}
        }
        match decode_control(protocol, octets, 0) {
            Some(Ok(mut control)) => {
                self.ppp_control(&mut control, protocol, ends);
                let mut w = Writer::new();
                control.encode(&mut w);
                self.put(&w.into_octets().unwrap_or_default(), octets);
            }
            // Compressed or encrypted: nothing in it can be told apart.
            Some(Err(_)) | None => self.renaming.blank(octets),
        }
    }

    fn ppp_control(&mut self, control: &mut Control, protocol: Protocol, ends: &Ends) {
        match control {
            Control::Lcp(packet) => {
                self.negotiation(packet, protocol, ends);
                if let Body::Options(options) = &mut packet.body {
                    options.iter_mut().for_each(|option| self.lcp_option(option));
                }
            }
            Control::Ipcp(packet) => {
                self.negotiation(packet, protocol, ends);
                if let Body::Options(options) = &mut packet.body {
                    options.iter_mut().for_each(|option| self.ipcp_option(option));
                }
            }
            Control::Ipv6cp(packet) => {
                self.negotiation(packet, protocol, ends);
                let Body::Options(options) = &mut packet.body else { return };
                for option in options {
                    if let ipv6cp::Option::InterfaceIdentifier(identifier) = option {
                        self.renaming.interface_identifier(identifier);
                    }
                }
            }
            Control::Ccp(packet) => self.negotiation(packet, protocol, ends),
            Control::Pap(packet) => match &mut packet.body {
                pap::Body::Request { peer_id, password } => {
                    self.renaming.name(peer_id);
                    self.renaming.name(password);
                }
                pap::Body::Verdict(Some(message)) => self.text(message),
                pap::Body::Verdict(None) => {}
                pap::Body::Unknown(octets) => self.renaming.blank(octets),
            },
            Control::Chap(packet) => self.chap(packet, ends),
            Control::Eap(packet) => self.eap(packet, ends),
            Control::Cbcp(cbcp::Packet { options, padding, .. }) => {
                // The delay and the kind of address stand before a number to call.
                for option in options {
                    self.renaming.blank(option.data.get_mut(2..).unwrap_or_default());
                }
                self.renaming.blank(padding);
            }
            Control::Other { packet, .. } => {
                self.negotiation(packet, protocol, ends);
                if let Body::Options(options) = &mut packet.body {
                    options.iter_mut().for_each(|option| self.renaming.blank(&mut option.data));
                }
            }
        }
    }

    /// What control packets of all protocols have.
    fn negotiation<O>(&mut self, packet: &mut Packet<O>, protocol: Protocol, ends: &Ends) {
        match &mut packet.body {
            Body::VendorSpecific { values, .. } => self.renaming.blank(values),
            Body::RejectedPacket(octets) if !ends.is_quoted => {
                self.ppp_protocol(protocol, octets, &Ends { is_quoted: true, ..*ends });
            }
            Body::RejectedProtocol { protocol, information } if !ends.is_quoted => {
                self.ppp_protocol(*protocol, information, &Ends { is_quoted: true, ..*ends });
            }
            Body::RejectedPacket(octets) | Body::RejectedProtocol { information: octets, .. } => {
                self.renaming.blank(octets);
            }
            Body::Echo { data, .. } => self.renaming.blank(data),
            Body::Identification { message, .. } => self.identification(message),
            Body::TimeRemaining { message, .. } | Body::Data(message) => self.text(message),
            Body::Options(_) => {}
        }
        self.renaming.blank(&mut packet.padding);
    }

    /// Windows names its version in one message and its host behind these words in another.
    fn identification(&mut self, message: &mut [u8]) {
        const BEFORE_HOST: &[u8] = b"MSRAS-0-";
        match message.strip_prefix(BEFORE_HOST) {
            Some(_) => self.renaming.name(&mut message[BEFORE_HOST.len()..]),
            None => self.text(message),
        }
    }

    fn lcp_option(&mut self, option: &mut lcp::Option) {
        match option {
            lcp::Option::EndpointDiscriminator { class, address } => match class {
                EndpointClass::IpAddress => super::ike::address(address, self.renaming),
                EndpointClass::MacAddress => self.renaming.hardware(address),
                _ => self.renaming.replace("discriminator", address),
            },
            lcp::Option::Callback { message, .. } => self.renaming.name(message),
            lcp::Option::VendorSpecific { values, .. } => self.renaming.blank(values),
            _ => {}
        }
    }

    fn ipcp_option(&mut self, option: &mut ipcp::Option) {
        match option {
            ipcp::Option::IpAddress(address)
            | ipcp::Option::PrimaryDnsAddress(address)
            | ipcp::Option::PrimaryNbnsAddress(address)
            | ipcp::Option::SecondaryDnsAddress(address)
            | ipcp::Option::SecondaryNbnsAddress(address) => *address = self.renaming.ipv4(*address),
            ipcp::Option::IpAddresses { source, destination } => {
                *source = self.renaming.ipv4(*source);
                *destination = self.renaming.ipv4(*destination);
            }
            ipcp::Option::Unknown { data, .. } | ipcp::Option::IllSized { data, .. } => {
                if data.len() == 4 {
                    super::ike::address(data, self.renaming);
                }
            }
            ipcp::Option::IpCompressionProtocol { .. } => {}
        }
    }

    fn eap(&mut self, packet: &mut eap::Packet, ends: &Ends) {
        let id = packet.identifier;
        match &mut packet.body {
            eap::Body::Method(method) => match method {
                eap::Method::Identity(name) => self.renaming.name(name),
                eap::Method::Notification(text) => self.text(text),
                eap::Method::Nak(_) => {}
                eap::Method::Md5Challenge { value, name } => {
                    let is_response = packet.code == eap::Code::Response;
                    self.renaming.name(name);
                    self.value(value, name, id, is_response, ends);
                }
                eap::Method::MsChapV2(eap::mschapv2::Packet { op_code, rest: Some(rest) }) => {
                    let id = rest.identifier;
                    match &mut rest.body {
                        eap::mschapv2::Body::Value { value, name } => {
                            let is_response = *op_code == eap::mschapv2::OpCode::Response;
                            self.renaming.name(name);
                            self.value(value, name, id, is_response, ends);
                        }
                        eap::mschapv2::Body::Message(message) => {
                            let is_success = *op_code == eap::mschapv2::OpCode::Success;
                            self.verdict(message, id, is_success, ends);
                        }
                        eap::mschapv2::Body::Data(octets) => self.renaming.replace("unreadable", octets),
                    }
                }
                eap::Method::MsChapV2(_) => {}
                eap::Method::OneTimePassword(octets)
                | eap::Method::GenericTokenCard(octets)
                | eap::Method::Tls(octets)
                | eap::Method::Expanded { data: octets, .. }
                | eap::Method::Unknown { data: octets, .. } => self.renaming.replace("unreadable", octets),
            },
            eap::Body::Data(octets) => self.renaming.blank(octets),
        }
    }
}
