//! What a link makes of the frames that come in.
#![expect(clippy::wildcard_enum_match_arm, reason = "every other protocol or packet is treated alike")]

use super::{LOOPS, Link, Outbox, REJECTED};
use crate::codec::Codec;
use crate::cx::Cx;
use crate::ppp::control::{Body, Code, OptionSet, Packet};
use crate::ppp::event::{End, Event, Violation};
use crate::ppp::frame::FrameHeader;
use crate::ppp::negotiation::{Desire, Effect, Negotiation};
use crate::ppp::{Protocol, chap, eap, lcp, pap};
use crate::time::Instant;

impl Link {
    /// Takes a frame that is no user packet.
    pub(in crate::ppp) fn on_frame(&mut self, cx: &mut Cx<'_>, frame: &[u8], out: &mut Outbox) {
        let (header, start) = match FrameHeader::decode(frame) {
            Ok(decoded) => decoded,
            Err(malformed) => return self.rejected(malformed.into(), out),
        };
        let information = frame.get(start..).unwrap_or_default();
        let protocol = header.protocol;
        if protocol == Protocol::Lcp {
            return self.on_lcp_octets(cx, information, out);
        }
        // LCP-1661-3.4-a
        if !self.lcp.is_opened() {
            return self.rejected(Violation::WrongPhase(protocol), out);
        }
        let is_known = match protocol {
            Protocol::Pap | Protocol::Chap | Protocol::Eap => {
                return self.on_authentication(cx, protocol, information, out);
            }
            // User packets take the data path; one that comes here is of no use, but its protocol is known.
            Protocol::Ipv4 | Protocol::Ipv6 => return self.rejected(Violation::Unasked(protocol), out),
            Protocol::Ipcp => self.config.ipcp.is_some(),
            Protocol::Ipv6cp => self.config.has_ipv6,
            Protocol::Ccp => self.config.ccp.is_some(),
            _ => false,
        };
        if !is_known {
            return self.reject_protocol(protocol, information, out);
        }
        if !self.is_network {
            return self.rejected(Violation::WrongPhase(protocol), out);
        }
        let now = cx.now;
        if protocol == Protocol::Ipcp {
            let effects = self.ipcp.as_mut().map(|ncp| take(ncp, now, information));
            self.apply(effects, protocol, out, Self::on_ipcp);
        } else if protocol == Protocol::Ipv6cp {
            let effects = self.ipv6cp.as_mut().map(|ncp| take(ncp, now, information));
            self.apply(effects, protocol, out, Self::on_ipv6cp);
        } else {
            let effects = self.ccp.as_mut().map(|ncp| take(ncp, now, information));
            self.apply(effects, protocol, out, Self::on_ccp);
        }
    }

    fn apply(
        &mut self,
        effects: Option<Result<Option<Vec<Effect>>, Violation>>,
        protocol: Protocol,
        out: &mut Outbox,
        on: fn(&mut Self, Vec<Effect>, &mut Outbox),
    ) {
        match effects {
            Some(Ok(Some(effects))) => on(self, effects, out),
            Some(Ok(None)) => self.rejected(Violation::Unasked(protocol), out),
            Some(Err(violation)) => self.rejected(violation, out),
            None => {}
        }
    }

    fn on_lcp_octets(&mut self, cx: &mut Cx<'_>, octets: &[u8], out: &mut Outbox) {
        let packet = match lcp::Packet::decode_all(octets) {
            Ok(packet) => packet,
            Err(malformed) => return self.rejected(malformed.into(), out),
        };
        match (packet.code, &packet.body) {
            (Code::ProtocolReject, Body::RejectedProtocol { protocol, .. }) => {
                self.on_protocol_reject(cx, *protocol, out);
            }
            (Code::EchoRequest, Body::Echo { magic_number, data }) => {
                self.on_echo_request(cx, packet.identifier, *magic_number, data, out);
            }
            (Code::EchoReply, Body::Echo { .. }) => self.unanswered = 0,
            (Code::DiscardRequest | Code::Identification | Code::TimeRemaining, _) => {}
            _ => {
                if packet.code == Code::TerminateRequest && self.lcp.is_opened() {
                    self.end.get_or_insert(End::ByPeer);
                }
                let effects = self.lcp.on_packet(cx.now, &packet);
                self.watch_for_loops(cx, out);
                match effects {
                    Some(effects) => self.on_lcp(cx, effects, out),
                    None => self.rejected(Violation::Unasked(Protocol::Lcp), out),
                }
            }
        }
    }

    /// A peer whose magic number is always ours is ourselves (LCP-1661-6.4-a).
    fn watch_for_loops(&mut self, cx: &mut Cx<'_>, out: &mut Outbox) {
        if core::mem::take(&mut self.lcp.desire.is_loop_suspected) {
            self.loops = self.loops.saturating_add(1);
            if self.loops >= LOOPS {
                self.close(cx, End::LoopedBack, out);
            }
        }
    }

    fn on_echo_request(
        &mut self,
        cx: &mut Cx<'_>,
        identifier: u8,
        magic: u32,
        data: &[u8],
        out: &mut Outbox,
    ) {
        if !self.lcp.answers_echo() {
            return;
        }
        if magic != 0 && magic == self.lcp.desire.magic() {
            self.loops = self.loops.saturating_add(1);
            if self.loops >= LOOPS {
                return self.close(cx, End::LoopedBack, out);
            }
        }
        let body = Body::Echo { magic_number: self.lcp.desire.magic(), data: data.to_vec() };
        self.send_lcp(Code::EchoReply, identifier, body, out);
    }

    pub(in crate::ppp) fn reject_protocol(
        &mut self,
        protocol: Protocol,
        information: &[u8],
        out: &mut Outbox,
    ) {
        let information = information.get(..REJECTED.min(information.len())).unwrap_or_default().to_vec();
        let identifier = self.lcp.next_identifier();
        self.send_lcp(
            Code::ProtocolReject,
            identifier,
            Body::RejectedProtocol { protocol, information },
            out,
        );
    }

    fn on_protocol_reject(&mut self, cx: &mut Cx<'_>, protocol: Protocol, out: &mut Outbox) {
        if !self.lcp.is_opened() {
            return self.rejected(Violation::WrongPhase(Protocol::Lcp), out);
        }
        out.events.push(Event::ProtocolRejected { link: self.id, protocol });
        let now = cx.now;
        match protocol {
            Protocol::Lcp => {
                let effects = self.lcp.protocol_rejected(now);
                self.on_lcp(cx, effects, out);
            }
            Protocol::Ipcp | Protocol::Ipv4 => {
                let effects = self.ipcp.as_mut().map(|ncp| ncp.protocol_rejected(now)).unwrap_or_default();
                self.on_ipcp(effects, out);
            }
            Protocol::Ipv6cp | Protocol::Ipv6 => {
                let effects = self.ipv6cp.as_mut().map(|ncp| ncp.protocol_rejected(now)).unwrap_or_default();
                self.on_ipv6cp(effects, out);
            }
            Protocol::Ccp => {
                let effects = self.ccp.as_mut().map(|ncp| ncp.protocol_rejected(now)).unwrap_or_default();
                self.on_ccp(effects, out);
            }
            _ => {}
        }
    }

    fn on_authentication(&mut self, cx: &mut Cx<'_>, protocol: Protocol, octets: &[u8], out: &mut Outbox) {
        let config = self.config.clone();
        let config = &config.authentication;
        let (mut of_peer, mut of_us) = (None, None);
        let read = match protocol {
            Protocol::Pap => pap::Packet::decode_all(octets).map(|packet| {
                of_peer = self.authenticator.as_mut().and_then(|it| it.on_pap(cx.now, config, &packet));
                of_us = self.applicant.as_mut().and_then(|it| it.on_pap(config, &packet));
            }),
            Protocol::Chap => chap::Packet::decode_all(octets).map(|packet| {
                of_peer = self.authenticator.as_mut().and_then(|it| it.on_chap(cx.now, config, &packet));
                of_us = self.applicant.as_mut().and_then(|it| it.on_chap(cx, config, &packet));
            }),
            _ => eap::Packet::decode_all(octets).map(|packet| {
                of_peer = self.authenticator.as_mut().and_then(|it| it.on_eap(cx, config, &packet));
                of_us = self.applicant.as_mut().and_then(|it| it.on_eap(cx, config, &packet));
            }),
        };
        if let Err(malformed) = read {
            return self.rejected(malformed.into(), out);
        }
        if of_peer.is_none() && of_us.is_none() {
            return self.rejected(Violation::Unasked(protocol), out);
        }
        if let (Some(step), Some(method)) = (of_peer, self.authenticator.as_ref().map(|it| it.method)) {
            self.on_step(cx, step, true, method, out);
        }
        if let (Some(step), Some(method)) = (of_us, self.applicant.as_ref().map(|it| it.method)) {
            self.on_step(cx, step, false, method, out);
        }
    }
}

/// Gives a packet to a network protocol: what comes of it, `None` if it was not asked for.
fn take<D: Desire>(
    ncp: &mut Negotiation<D>,
    now: Instant,
    octets: &[u8],
) -> Result<Option<Vec<Effect>>, Violation>
where
    D::Option: OptionSet,
{
    let packet = Packet::<D::Option>::decode_all(octets)?;
    Ok(ncp.on_packet(now, &packet))
}
