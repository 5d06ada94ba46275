//! RESPONDER-LIFETIME (RFC 2407 sections 4.5.4 and 4.6.3.1): a responder that takes an offer as it is, and keeps the SA for a
//! shorter time, says for how long.

use core::fmt;

use super::event::Role;
use super::layer::{Isakmp, Reason};
use super::policy::{Encoding, Lifetime};
use super::violation::Violation;
use super::wire::{
    Attribute, Body, Doi, Notification, NotifyType, Payload, PayloadType, Phase1Class, Phase2Class,
    ProtocolId,
};
use super::{SaId, keys::Cookies};
use crate::codec::Writer;
use crate::time::Instant;

/// What is wrong with the form of a RESPONDER-LIFETIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLifetime {
    /// It is not of the IPsec DOI.
    Doi(Doi),
    /// It is about a protocol that has no such SA.
    Protocol(ProtocolId),
    /// It names no SA that the one who is told has begun under these cookies.
    Spi,
    /// It is no list of attributes that states a lifetime, or states one of nothing.
    Data,
}

impl fmt::Display for BadLifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doi(doi) => write!(f, "RESPONDER-LIFETIME of DOI {}", doi.number()),
            Self::Protocol(protocol) => write!(f, "RESPONDER-LIFETIME for protocol {}", protocol.number()),
            Self::Spi => f.write_str("RESPONDER-LIFETIME for an SA that was not asked for"),
            Self::Data => f.write_str("RESPONDER-LIFETIME that states no lifetime"),
        }
    }
}

/// The classes of a life type and of its duration, which differ between the phases.
const fn classes(protocol: ProtocolId) -> Option<[u16; 2]> {
    match protocol {
        ProtocolId::Isakmp => Some([Phase1Class::LifeType.number(), Phase1Class::LifeDuration.number()]),
        ProtocolId::Esp => Some([Phase2Class::SaLifeType.number(), Phase2Class::SaLifeDuration.number()]),
        ProtocolId::Ah | ProtocolId::Ipcomp | ProtocolId::Unknown(_) => None,
    }
}

/// Says for how long an SA is kept (DOI-2407-4.6.3.1-a).
fn payload(protocol: ProtocolId, spi: Vec<u8>, lifetime: Lifetime) -> Option<Payload> {
    let [kind, duration] = classes(protocol)?;
    let attributes: Vec<Attribute> = lifetime
        .parts()
        .flat_map(|(life_type, value)| {
            [Attribute::basic(kind, life_type.number()), Encoding::Shortest.attribute(duration, value)]
        })
        .collect();
    let mut w = Writer::new();
    Attribute::encode_list(&attributes, &mut w);
    let data = w.into_octets().ok()?;
    let notify_type = NotifyType::ResponderLifetime;
    let notification = Notification { doi: Doi::Ipsec, protocol, spi, notify_type, data };
    Some(Payload::new(PayloadType::Notification, Body::Notification(notification)))
}

/// Says it of an ISAKMP SA.
pub(super) fn of_isakmp(cookies: &Cookies, lifetime: Lifetime) -> Option<Payload> {
    payload(ProtocolId::Isakmp, cookie_spi(cookies), lifetime)
}

/// Says it of a pair of ESP SAs, by the SPI that the message's own SA payload tells.
pub(super) fn of_child(own_spi: u32, lifetime: Lifetime) -> Option<Payload> {
    payload(ProtocolId::Esp, own_spi.to_be_bytes().to_vec(), lifetime)
}

/// The SPI by which an ISAKMP SA is told.
pub(super) fn cookie_spi(cookies: &Cookies) -> Vec<u8> {
    [cookies.initiator, cookies.responder].concat()
}

/// The first RESPONDER-LIFETIME among payloads.
pub(super) fn said(payloads: &[Payload]) -> Option<&Notification> {
    let mut notifications = payloads.iter().filter_map(|payload| {
        if let Body::Notification(notification) = &payload.body { Some(notification) } else { None }
    });
    notifications.find(|notification| notification.notify_type == NotifyType::ResponderLifetime)
}

/// Reads what was said of an SA of this protocol that is known by one of these SPIs.
pub(super) fn read(
    notification: &Notification,
    protocol: ProtocolId,
    spis: &[Vec<u8>],
) -> Result<Lifetime, Violation> {
    let bad = |why| Err(Violation::ResponderLifetime(why));
    if notification.doi != Doi::Ipsec {
        return bad(BadLifetime::Doi(notification.doi));
    }
    let (Some([kind, duration]), true) = (classes(protocol), notification.protocol == protocol) else {
        return bad(BadLifetime::Protocol(notification.protocol));
    };
    if !spis.contains(&notification.spi) {
        return bad(BadLifetime::Spi);
    }
    let attributes = notification.lifetime().unwrap_or_default();
    let lifetime = Lifetime::of_attributes(&attributes, kind, duration);
    let is_nothing = lifetime == Lifetime::default() || lifetime.parts().any(|(_, value)| value == 0);
    if is_nothing { bad(BadLifetime::Data) } else { Ok(lifetime) }
}

impl Isakmp {
    /// A lifetime that was told apart, in an Informational exchange. It is counted from now, as what follows the exchange
    /// directly, and lengthens nothing. Only seconds can still be heeded here.
    pub(super) fn on_responder_lifetime(&mut self, now: Instant, id: SaId, notification: &Notification) {
        let Some(association) = self.associations.get(&id) else { return };
        let peer = association.peer.peer;
        let outcome = match notification.protocol {
            ProtocolId::Esp => self.shorten_child(now, id, notification),
            ProtocolId::Isakmp | ProtocolId::Ah | ProtocolId::Ipcomp | ProtocolId::Unknown(_) => {
                let spis = match association.peer.role {
                    Role::Initiator => vec![cookie_spi(&association.peer.cookies)],
                    Role::Responder => Vec::new(),
                };
                let is_replaced = association.is_replaced;
                read(notification, ProtocolId::Isakmp, &spis).map(|lifetime| {
                    if !is_replaced && self.is_sooner(now, Reason::ExpirePhase1(id), lifetime) {
                        self.arm_phase_1(now, id, lifetime);
                    }
                })
            }
        };
        if let Err(violation) = outcome {
            self.rejected(peer, violation);
        }
    }

    fn shorten_child(
        &mut self,
        now: Instant,
        id: SaId,
        notification: &Notification,
    ) -> Result<(), Violation> {
        let mut found = None;
        for (inbound_spi, record) in &self.children {
            let spis = [*inbound_spi, record.outbound_spi].map(|spi| spi.to_be_bytes().to_vec());
            if record.sa == id && record.role == Role::Initiator && spis.contains(&notification.spi) {
                found = Some((*inbound_spi, record.is_replaced));
            }
        }
        let spis: Vec<Vec<u8>> = found.iter().map(|_| notification.spi.clone()).collect();
        let lifetime = read(notification, ProtocolId::Esp, &spis)?;
        if let Some((inbound_spi, false)) = found
            && self.is_sooner(now, Reason::ExpireChild(inbound_spi), lifetime)
        {
            self.arm_child(now, inbound_spi, lifetime);
        }
        Ok(())
    }

    /// Whether a lifetime that is counted from now is over before an SA ends anyway.
    fn is_sooner(&self, now: Instant, end: Reason, lifetime: Lifetime) -> bool {
        let ends = self.deadlines.get(&end);
        super::lifecycle::seconds(lifetime).is_some_and(|life| ends.is_none_or(|ends| now + life < ends))
    }
}
