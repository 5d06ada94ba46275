//! What IKE messages say of a connection, from their clear headers alone where no key is known.

use l2tpspec_protocol::isakmp::wire::{
    Body, Delete, ExchangeType, Known, Notification, NotifyType, ProtocolId,
};

use super::mark::{Both, Frames, Mark, Side};
use super::offer;
use super::phase1::{Cookie, PhaseOne, Refusal};
use super::quick::Quick;
use crate::transcript::layer::{Isakmp, Protection};

/// Phase 1 security associations of one attempt, and Quick Modes, that are remembered.
const MOST: usize = 256;

/// IKE of one attempt to connect.
#[derive(Debug, Default)]
pub(super) struct Ike {
    /// The first is the one that the attempt began with, the others are rekeys.
    pub(super) phase1: Vec<PhaseOne>,
    pub(super) quick: Vec<Quick>,
    /// Quick Modes completed.
    pub(super) generations: u64,
    /// Phase 1 exchanges completed, those no longer remembered included.
    pub(super) deleted_spis: Vec<(u32, Mark)>,
    /// R-U-THERE that nothing answered so far.
    pub(super) unanswered: Both<Frames>,
}

/// One message as IKE takes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) isakmp: &'a Isakmp,
    pub(super) side: Side,
    pub(super) mark: Mark,
    pub(super) on_4500: bool,
    /// Whether its payloads can be relied on.
    pub(super) is_readable: bool,
}

impl<'a> Message<'a> {
    /// `is_faulty` says that the dissection stopped in this message.
    pub(super) fn new(isakmp: &'a Isakmp, side: Side, mark: Mark, on_4500: bool, is_faulty: bool) -> Self {
        // What opens to noise was encrypted under another key.
        let is_readable = match isakmp.protection {
            Protection::Clear => true,
            Protection::Opened => !is_faulty,
            Protection::KeyAbsent | Protection::NegotiationMissing | Protection::KeyWrong => false,
        };
        Self { isakmp, side, mark, on_4500, is_readable }
    }

    pub(super) fn cookie(&self) -> Cookie {
        self.isakmp.header.initiator_cookie
    }

    /// Whether it opens a phase 1.
    pub(super) fn is_opening(&self) -> bool {
        let header = &self.isakmp.header;
        header.responder_cookie == [0; 8]
            && !header.has_encrypted_body()
            && matches!(header.exchange_type, ExchangeType::IdentityProtection | ExchangeType::Aggressive)
            && self.has(|body| matches!(body, Body::SecurityAssociation(_)))
    }

    pub(super) fn has(&self, wanted: impl Fn(&Body) -> bool) -> bool {
        self.isakmp.payloads.iter().any(|payload| wanted(&payload.body))
    }

    /// The payloads that can be relied on.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &'a Body> {
        let payloads: &[_] = if self.is_readable { &self.isakmp.payloads } else { &[] };
        payloads.iter().map(|payload| &payload.body)
    }
}

impl Ike {
    /// Whether this attempt knows the security association of a message.
    pub(super) fn knows(&self, cookie: &Cookie) -> bool {
        self.phase1.iter().any(|phase1| phase1.cookie == *cookie)
    }

    /// The exchange that this attempt stands or falls with.
    pub(super) fn primary(&self) -> Option<&PhaseOne> {
        self.phase1.first()
    }

    /// How many phase 1 exchanges were completed.
    pub(super) fn phase1_generations(&self) -> u64 {
        self.phase1.iter().filter(|phase1| phase1.up().is_some()).count() as u64
    }

    /// When the first Quick Mode was completed.
    pub(super) fn phase2_up(&self) -> Option<Mark> {
        self.quick.iter().filter_map(|quick| quick.completed).min()
    }

    pub(super) fn see(&mut self, message: &Message<'_>) {
        let Message { side, mark, .. } = *message;
        self.unanswered[!side] = Frames::default();
        let at = self.place(message);
        match message.isakmp.header.exchange_type {
            ExchangeType::QuickMode => {
                if let Some(phase1) = self.phase1.get_mut(at) {
                    phase1.after.get_or_insert(mark);
                }
                self.quick_mode(message);
            }
            ExchangeType::Transaction => {
                if let Some(phase1) = self.phase1.get_mut(at) {
                    phase1.after.get_or_insert(mark);
                }
            }
            ExchangeType::Informational => self.informational(message, at),
            ExchangeType::IdentityProtection | ExchangeType::Aggressive => {
                if let Some(phase1) = self.phase1.get_mut(at) {
                    phase1.see(message);
                }
            }
            _ => {}
        }
    }

    /// The security association of a message, made if it is new.
    fn place(&mut self, message: &Message<'_>) -> usize {
        let cookie = message.cookie();
        if let Some(at) = self.phase1.iter().position(|phase1| phase1.cookie == cookie) {
            return at;
        }
        if self.phase1.len() < MOST {
            let is_rekey = !self.phase1.is_empty();
            self.phase1.push(PhaseOne::new(message, is_rekey));
        }
        self.phase1.len() - 1
    }

    fn quick_mode(&mut self, message: &Message<'_>) {
        let id = message.isakmp.header.message_id;
        let cookie = message.cookie();
        let at = self.quick.iter().rposition(|quick| quick.id == id && quick.cookie == cookie);
        let at = match at {
            Some(at) => at,
            None => {
                if self.quick.len() == MOST {
                    self.quick.remove(1);
                }
                self.quick.push(Quick::new(message));
                self.quick.len() - 1
            }
        };
        let quick = &mut self.quick[at];
        let was_completed = quick.completed.is_some();
        quick.see(message);
        if quick.completed.is_some() && !was_completed {
            self.generations += 1;
        }
    }

    fn informational(&mut self, message: &Message<'_>, at: usize) {
        let Message { side, mark, .. } = *message;
        let Some(phase1) = self.phase1.get_mut(at) else { return };
        if side != phase1.initiator {
            phase1.answered.get_or_insert(mark);
        }
        phase1.heard_on_4500[side] |= message.on_4500;
        let quick =
            self.quick.iter_mut().rev().find(|quick| {
                quick.cookie == phase1.cookie && quick.completed.is_none() && quick.messages > 0
            });
        if !message.is_readable {
            match quick {
                Some(quick) if side != quick.initiator => quick.unreadable.note(mark),
                Some(_) => {}
                None if side != phase1.initiator && phase1.up().is_none() => phase1.unreadable.note(mark),
                None => {}
            }
            return;
        }
        for body in message.bodies() {
            match body {
                Body::Notification(notification) => {
                    let refusal = Refusal { side, frame: mark.frame, notify: notification.notify_type };
                    match &mut self
                        .quick
                        .iter_mut()
                        .rev()
                        .find(|quick| quick.cookie == message.cookie() && quick.completed.is_none())
                    {
                        Some(quick) if is_error(notification.notify_type) => quick.refusals.push(refusal),
                        None if is_error(notification.notify_type) => {
                            if let Some(phase1) = self.phase1.get_mut(at) {
                                phase1.refusals.push(refusal);
                            }
                        }
                        _ => {}
                    }
                    self.dead_peer_detection(notification, side, mark);
                }
                Body::Delete(delete) => self.delete(delete, mark),
                _ => {}
            }
        }
    }

    fn dead_peer_detection(&mut self, notification: &Notification, side: Side, mark: Mark) {
        if notification.notify_type == NotifyType::RUThere {
            self.unanswered[side].note(mark);
        }
    }

    fn delete(&mut self, delete: &Delete, mark: Mark) {
        for spi in &delete.spis {
            match delete.protocol {
                ProtocolId::Isakmp => {
                    let found = self.phase1.iter_mut().find(|phase1| spi.starts_with(&phase1.cookie));
                    if let Some(phase1) = found {
                        phase1.deleted.get_or_insert(mark);
                    }
                }
                ProtocolId::Esp => {
                    if let Ok(spi) = <[u8; 4]>::try_from(spi.as_slice())
                        && self.deleted_spis.len() < MOST
                    {
                        self.deleted_spis.push((u32::from_be_bytes(spi), mark));
                    }
                }
                _ => {}
            }
        }
    }

    /// When IKE said the end: the newest security association was deleted, or the newest pair of ESP, and no other
    /// was begun after that.
    pub(super) fn ended(&self) -> Option<Mark> {
        let newest = self.phase1.iter().rev().find(|phase1| phase1.up().is_some());
        let of_phase1 = newest.and_then(|phase1| phase1.deleted);
        let newest = self.quick.iter().rev().find(|quick| quick.completed.is_some());
        let of_esp = self.deleted_spis.iter().find(|(spi, _)| {
            match newest.and_then(|quick| quick.spis.zip(|spi| *spi)) {
                Some((a, b)) => [a, b].contains(spi),
                None => true,
            }
        });
        let mark = of_phase1.into_iter().chain(of_esp.map(|(_, mark)| *mark)).min()?;
        let is_begun_anew = self.quick.iter().any(|quick| quick.begin > mark)
            || self.phase1.iter().any(|phase1| phase1.begin > mark);
        (!is_begun_anew).then_some(mark)
    }
}

/// Whether a notification refuses something (RFC 2408 section 3.14.1).
fn is_error(notify: NotifyType) -> bool {
    (1..8192).contains(&notify.number())
}

/// What a vendor ID tells of the software, if it names any.
pub(super) fn software(body: &Body) -> Option<&'static str> {
    let Body::VendorId(vendor_id) = body else { return None };
    match vendor_id.known() {
        Some(Known::StrongSwan | Known::Kame | Known::Openswan | Known::MsNt5 { .. }) => vendor_id.name(),
        Some(_) => None,
        None => vendor_id.name().filter(|name| {
            ["MS NT5", "Forti", "Cisco VPN", "HUAWEI"].iter().any(|maker| name.starts_with(maker))
        }),
    }
}

/// The address that an end has before translation, from its own identity.
pub(super) fn own_address(body: &Body) -> Option<std::net::Ipv4Addr> {
    match body {
        Body::Identification(id) => offer::address(id),
        _ => None,
    }
}
