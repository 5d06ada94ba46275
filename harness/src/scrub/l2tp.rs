//! L2TP control messages: names, numbers and challenges.

use std::net::IpAddr;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::crypto::mschap::l2tp_challenge_response;
use l2tpspec_protocol::l2tp::wire::{
    AvpValue, ControlMessage, DataHeader, MessageType, Recognised, recognise,
};
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{Protocol, decode_control};

use super::ppp::LinkKey;
use super::{Ends, SECRET, Scrubber};

/// One end of a tunnel: its address, and the ID that it gave.
pub(super) type TunnelEnd = (IpAddr, u16);

/// Whether a quotation holds a whole packet of LCP, which is scrubbed as the packet itself is. Others may be cut anywhere.
fn is_quoted_lcp(octets: &[u8]) -> bool {
    let payload = match recognise(octets) {
        Recognised::Version2Data => DataHeader::decode(octets).ok().and_then(|(_, place)| octets.get(place)),
        _ => None,
    };
    let Some(payload) = payload else { return false };
    FrameHeader::decode(payload).is_ok_and(|(header, start)| {
        let packet = payload.get(start..).unwrap_or_default();
        header.protocol == Protocol::Lcp && matches!(decode_control(header.protocol, packet, 0), Some(Ok(_)))
    })
}

impl Scrubber<'_> {
    pub(super) fn l2tp(&mut self, octets: &mut [u8], ends: &Ends) {
        if ends.is_quoted && !is_quoted_lcp(octets) {
            // Behind the header of a control message, or of the shortest data message.
            return self.renaming.blank(octets.get_mut(6..).unwrap_or_default());
        }
        match recognise(octets) {
            Recognised::Version2Control => match ControlMessage::decode_all(octets) {
                Ok(mut message) => {
                    self.control(&mut message, ends);
                    self.put(&message.to_octets().unwrap_or_default(), octets);
                }
                Err(_) => self.renaming.blank(octets.get_mut(12..).unwrap_or_default()),
            },
            Recognised::Version2Data => match DataHeader::decode(octets) {
                Ok((header, payload)) => {
                    let to = (ends.old.1, header.tunnel_id, header.session_id);
                    let link = self.links.get(&to).copied().unwrap_or(to);
                    let ends = Ends { link: Some(link), ..*ends };
                    if let Some(payload) = octets.get_mut(payload) {
                        self.ppp(payload, &ends);
                    }
                }
                Err(_) => self.renaming.blank(octets.get_mut(6..).unwrap_or_default()),
            },
            Recognised::Version3 | Recognised::L2f | Recognised::Other => self.renaming.blank(octets),
        }
    }

    fn control(&mut self, message: &mut ControlMessage, ends: &Ends) {
        let (kind, to) = (message.message_type(), message.header.tunnel_id);
        let assigned = message.avps.iter().find_map(|avp| match avp.value {
            AvpValue::AssignedTunnelId(id) => Some(id),
            _ => None,
        });
        let session = message.avps.iter().find_map(|avp| match avp.value {
            AvpValue::AssignedSessionId(id) => Some(id),
            _ => None,
        });
        // Both ends' IDs, once both are known: what goes to one belongs to the other.
        if let (Some(MessageType::StartControlConnectionReply), Some(own)) = (kind, assigned) {
            self.tunnels.insert((ends.old.0, own), (ends.old.1, to));
            self.tunnels.insert((ends.old.1, to), (ends.old.0, own));
        }
        if let (Some(MessageType::IncomingCallReply | MessageType::OutgoingCallReply), Some(own)) =
            (kind, session)
            && let Some(&(_, tunnel)) = self.tunnels.get(&(ends.old.1, to))
        {
            let caller: LinkKey = (ends.old.1, to, message.header.session_id);
            self.links.insert((ends.old.0, tunnel, own), caller);
        }
        let challenge_of = self.challenges.get(&(ends.old.1, to)).cloned();
        for avp in &mut message.avps {
            match &mut avp.value {
                AvpValue::HostName(name)
                | AvpValue::CalledNumber(name)
                | AvpValue::CallingNumber(name)
                | AvpValue::SubAddress(name)
                | AvpValue::ProxyAuthenName(name)
                | AvpValue::PrivateGroupId(name) => self.renaming.name(name),
                AvpValue::Challenge(challenge) => {
                    self.renaming.replace("challenge", challenge);
                    if let Some(own) = assigned {
                        self.challenges.insert((ends.old.0, own), challenge.clone());
                    }
                }
                AvpValue::ChallengeResponse(response) => match (&challenge_of, kind) {
                    (Some(challenge), Some(kind)) => {
                        // The identifier is the type of the message that carries it (RFC 2661 section 4.4.3).
                        let id = u8::try_from(kind.number()).unwrap_or(0);
                        *response = l2tp_challenge_response(id, SECRET.as_bytes(), challenge);
                    }
                    _ => self.renaming.replace("response", response),
                },
                AvpValue::TieBreaker(value) => self.renaming.replace("tie breaker", value),
                AvpValue::InitialReceivedLcpConfreq(octets)
                | AvpValue::LastSentLcpConfreq(octets)
                | AvpValue::LastReceivedLcpConfreq(octets)
                | AvpValue::ProxyAuthenChallenge(octets)
                | AvpValue::ProxyAuthenResponse(octets)
                | AvpValue::RandomVector(octets)
                | AvpValue::Hidden(octets) => self.renaming.replace("unreadable", octets),
                AvpValue::Opaque(octets) | AvpValue::IllSized(octets) => self.renaming.blank(octets),
                _ => {}
            }
        }
    }
}
