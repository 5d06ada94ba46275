//! Informational exchanges, and the notifications and deletions in any exchange.

use std::collections::BTreeSet;
use std::net::IpAddr;

use l2tpspec_protocol::isakmp::wire::{
    Body, Delete, Doi, ExchangeType, Notification, NotifyType, PayloadType, ProtocolId,
};

use super::attribute::states_lifetime;
use super::judge::{Copies, Memory};
use super::message::Message;
use crate::rule::{Report, Rule, Seen};

/// SPIs and cookie pairs remembered of one connection.
const MAX_REMEMBERED: usize = 1024;

/// Who has shown that it holds the keys.
#[derive(Debug, Default)]
pub(super) struct Keyed(BTreeSet<IpAddr>);

impl Memory for Keyed {
    fn learn(&mut self, message: &Message<'_>) {
        // An Informational alone proves nothing: a side with another pre-shared key encrypts its complaint too.
        if !message.is_clear()
            && !message.is_fragment()
            && !message.is(ExchangeType::Informational)
            && let Some(source) = message.source()
        {
            self.0.insert(source);
        }
    }
}

/// Errors that a side reports which has no key to protect them: it knows no such ISAKMP SA, or no such version.
fn is_unprotectable(notification: &Notification) -> bool {
    matches!(
        notification.notify_type,
        NotifyType::InvalidCookie | NotifyType::InvalidMajorVersion | NotifyType::InvalidMinorVersion
    )
}

/// Under an ISAKMP SA an Informational is protected (ISAKMP-2408-4.8-a). Before it is established RFC 2409 section 5.7
/// wants the contrary of what this says, so nobody is blamed there.
pub(super) fn protected(message: &Message<'_>, keyed: &Keyed, report: &mut Report<'_>) {
    if message.is(ExchangeType::Informational)
        && message.is_clear()
        && message.is_whole()
        && keyed.0.len() >= 2
        && message.source().is_some_and(|source| keyed.0.contains(&source))
        && !message.notifications().any(is_unprotectable)
    {
        let text = format!("sent {} in clear under an ISAKMP SA; expected encryption", message.summary());
        message.violation(report, text);
    }
}

/// A deletion is protected (ISAKMP-2408-5.15-a).
pub(super) fn delete_protected(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if message.is_clear() && message.has(PayloadType::Delete) {
        message.violation(report, "sent a Delete payload in clear; expected the protection of an ISAKMP SA");
    }
}

/// A deletion names SPIs of its protocol that the sender owns (ISAKMP-2408-3.15-a).
#[derive(Debug, Default)]
pub(super) struct Deletions {
    copies: Copies,
    pairs: BTreeSet<([u8; 8], [u8; 8])>,
    /// SPIs of ESP with who announced them, and so receives on them.
    spis: BTreeSet<(Vec<u8>, IpAddr)>,
}

impl Rule for Deletions {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let Some(message) = Message::of(seen) else { return };
        if !self.copies.is_new(message.isakmp.digest) {
            return;
        }
        for payload in message.payloads() {
            if let Body::Delete(delete) = &payload.body
                && let Some(text) = self.wrong(&message, delete)
            {
                message.violation(report, text);
            }
        }
        self.learn(&message);
    }
}

impl Deletions {
    fn learn(&mut self, message: &Message<'_>) {
        let header = message.header();
        if header.responder_cookie != [0; 8] && self.pairs.len() < MAX_REMEMBERED {
            self.pairs.insert((header.initiator_cookie, header.responder_cookie));
        }
        if !message.is(ExchangeType::QuickMode) || self.spis.len() >= MAX_REMEMBERED {
            return;
        }
        let (Some(sa), Some(source)) = (message.sa(), message.source()) else { return };
        let esp = sa.proposals.iter().filter(|proposal| proposal.protocol == ProtocolId::Esp);
        self.spis.extend(esp.map(|proposal| (proposal.spi.clone(), source)));
    }

    fn wrong(&self, message: &Message<'_>, delete: &Delete) -> Option<String> {
        let wanted = match delete.protocol {
            ProtocolId::Isakmp => 16,
            ProtocolId::Ah | ProtocolId::Esp => 4,
            ProtocolId::Ipcomp | ProtocolId::Unknown(_) => return None,
        };
        if delete.spi_size != wanted {
            let (protocol, got) = (delete.protocol, delete.spi_size);
            return Some(format!("deleted {protocol} with SPIs of {got} octets; expected {wanted}"));
        }
        delete.spis.iter().find_map(|spi| match delete.protocol {
            ProtocolId::Isakmp => self.wrong_cookies(spi),
            ProtocolId::Esp => self.wrong_spi(message, spi),
            _ => None,
        })
    }

    fn wrong_cookies(&self, spi: &[u8]) -> Option<String> {
        let initiator: [u8; 8] = spi.get(..8)?.try_into().ok()?;
        let responder: [u8; 8] = spi.get(8..)?.try_into().ok()?;
        if self.pairs.contains(&(initiator, responder)) {
            return None;
        }
        let is_swapped = self.pairs.contains(&(responder, initiator));
        let is_half_known = self.pairs.iter().any(|(known, _)| *known == initiator);
        (is_swapped || is_half_known).then(|| {
            "deleted an ISAKMP SA by cookies that are not its own; expected the initiator's and the responder's".to_owned()
        })
    }

    fn wrong_spi(&self, message: &Message<'_>, spi: &[u8]) -> Option<String> {
        let source = message.source()?;
        let mut owners =
            self.spis.iter().filter(|(known, _)| known == spi).map(|(_, owner)| *owner).peekable();
        owners.peek()?;
        // Only where both ends are where they were when the SPI was announced.
        let is_peers =
            owners.all(|owner| Some(owner) == message.flow.map(|flow| flow.destination) && owner != source);
        is_peers.then(|| {
            let spi: String = spi.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("deleted SPI {spi}, on which the peer receives; expected an SPI of the sender's own")
        })
    }
}

/// The IPsec DOI's own notifications.
fn is_doi_status(notification: &Notification) -> bool {
    (24_576..=32_767).contains(&notification.notify_type.number())
}

/// Status notifications go under the protection of an ISAKMP SA, and never in Aggressive Mode (DOI-2407-4.6.3-a).
pub(super) fn status_protected(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let Some(status) = message.notifications().find(|notification| is_doi_status(notification)) else {
        return;
    };
    let text = if message.is(ExchangeType::Aggressive) {
        format!(
            "sent {} in Aggressive Mode; expected it in Quick Mode or an Informational",
            status.notify_type
        )
    } else if message.is_clear() {
        format!("sent {} in clear; expected the protection of an ISAKMP SA", status.notify_type)
    } else {
        return;
    };
    message.violation(report, text);
}

/// What is wrong with the fields that the status notifications of the IPsec DOI share.
fn wrong_status(notification: &Notification, spi_sizes: &[usize]) -> Option<String> {
    if notification.doi != Doi::Ipsec {
        return Some(format!("with DOI {}; expected IPSEC", notification.doi));
    }
    let is_known = matches!(
        notification.protocol,
        ProtocolId::Isakmp | ProtocolId::Ah | ProtocolId::Esp | ProtocolId::Ipcomp
    );
    if !is_known {
        return Some(format!("with protocol {}; expected that of the chosen SA", notification.protocol));
    }
    let size = notification.spi.len();
    (!spi_sizes.contains(&size)).then(|| {
        let sizes: Vec<_> = spi_sizes.iter().map(usize::to_string).collect();
        format!("with an SPI of {size} octets; expected {}", sizes.join(" or "))
    })
}

fn status(
    message: &Message<'_>,
    report: &mut Report<'_>,
    notify_type: NotifyType,
    wrong: impl Fn(&Notification) -> Option<String>,
) {
    let mut found = message.notifications().filter(|notification| notification.notify_type == notify_type);
    if let Some(text) = found.find_map(wrong) {
        message.violation(report, format!("sent {notify_type} {text}"));
    }
}

/// The form of RESPONDER-LIFETIME (DOI-2407-4.6.3.1-a).
pub(super) fn responder_lifetime(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    status(message, report, NotifyType::ResponderLifetime, |notification| {
        wrong_status(notification, &[16, 4]).or_else(|| {
            let is_right = match notification.lifetime() {
                // Phase 1 has attribute classes of its own.
                Some(attributes) => {
                    notification.protocol == ProtocolId::Isakmp || states_lifetime(&attributes)
                }
                None => false,
            };
            (!is_right)
                .then(|| "with data that state no lifetime; expected a life type and its duration".to_owned())
        })
    });
}

/// The form of REPLAY-STATUS (DOI-2407-4.6.3.2-a).
pub(super) fn replay_status(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    status(message, report, NotifyType::ReplayStatus, |notification| {
        wrong_status(notification, &[16, 4]).or_else(|| match notification.replay_status() {
            Some(0 | 1) => None,
            Some(other) => Some(format!("{other}; expected 0 or 1")),
            None => Some(format!("with {} octets of data; expected 4", notification.data.len())),
        })
    });
}

/// The form of INITIAL-CONTACT (DOI-2407-4.6.3.3-a).
pub(super) fn initial_contact(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    let header = message.header();
    let cookies = [header.initiator_cookie, header.responder_cookie].concat();
    status(message, report, NotifyType::InitialContact, |notification| {
        wrong_status(notification, &[16]).or_else(|| {
            if notification.spi != cookies {
                return Some("with an SPI other than the cookies; expected both cookies".to_owned());
            }
            let octets = notification.data.len();
            (octets > 0).then(|| format!("with {octets} octets of data; expected none"))
        })
    });
}
