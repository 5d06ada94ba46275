//! What is said under an ISAKMP SA that stands: Quick Modes and Informational exchanges.

use core::net::SocketAddr;

use super::association::Exchange;
use super::config::MessageIds;
use super::event::{Child, End, Event, Failure, Role, SaId};
use super::flight::Flight;
use super::informational;
use super::layer::{ChildRecord, Isakmp, Reason, told};
use super::phase1::{Fault, Stage as Phase1Stage, notify};
use super::quick_mode::{self, Stage};
use super::violation::Violation;
use super::wire::{Body, Delete, Message, Notification, NotifyType, Payload, ProtocolId, Sealed};
use crate::codec::Codec;
use crate::cx::Cx;

/// Quick Modes of one SA that are not forgotten yet; one more than that waits for nobody.
const EXCHANGES: usize = 64;
/// SPIs below this are reserved (ESP-4303-2.1-a).
const FIRST_SPI: u32 = 256;
/// Notify types below this are errors (RFC 2408 section 3.14.1).
const FIRST_STATUS: u16 = 16_384;

impl Isakmp {
    fn draw_message_id(&mut self, cx: &mut Cx<'_>, id: SaId) -> u32 {
        let Some(association) = self.associations.get_mut(&id) else { return 1 };
        match self.config.message_ids {
            MessageIds::Sequential => {
                let message_id = association.next_message_id;
                association.next_message_id = message_id.wrapping_add(1).max(1);
                message_id
            }
            MessageIds::Random => u32::from_be_bytes(cx.draw("isakmp.message_id")).max(1),
        }
    }

    fn draw_spi(&self, cx: &mut Cx<'_>) -> u32 {
        let mut spi = u32::from_be_bytes(cx.draw("isakmp.spi"));
        while spi < FIRST_SPI || self.children.contains_key(&spi) {
            spi = spi.wrapping_add(FIRST_SPI).wrapping_mul(3);
        }
        spi
    }

    /// Begins a Quick Mode.
    pub(super) fn start_quick_mode(&mut self, cx: &mut Cx<'_>, id: SaId, replaces: Option<u32>) {
        let (spi, message_id) = (self.draw_spi(cx), self.draw_message_id(cx, id));
        // A pair protects what the one before it did.
        let ports = replaces.and_then(|old| self.children.get(&old)).map(|record| record.ports);
        let ports = ports.unwrap_or([self.config.own_port, self.config.peer_port]);
        let Some(association) = self.associations.get_mut(&id) else { return };
        let Some(under) = association.under(&self.config) else { return };
        let mut iv = under.keyed.secrets.exchange_iv(&under.keyed.iv, message_id);
        match quick_mode::begin(cx, under, (message_id, spi), ports, &mut iv) {
            Ok(next) => {
                let mut flight = Flight::default();
                if let Some(octets) = &next.send {
                    flight.send(octets, true);
                }
                let exchange = Exchange { stage: next.stage, iv, flight, replaces };
                association.exchanges.insert(message_id, Box::new(exchange));
                association.used_message_ids.insert(message_id);
                if let Some(octets) = next.send {
                    self.send(id, &octets);
                }
                self.arm_resend(cx.now, id, message_id);
            }
            Err(fault) => self.quick_mode_fault(cx, id, message_id, fault),
        }
    }

    pub(super) fn on_quick_mode(
        &mut self,
        cx: &mut Cx<'_>,
        id: SaId,
        path: (SocketAddr, SocketAddr),
        octets: &[u8],
        sealed: &Sealed,
    ) {
        let message_id = sealed.header.message_id;
        let spi = self.draw_spi_for(cx, id, message_id);
        let predecessor = self.predecessor(id);
        let Some(association) = self.associations.get_mut(&id) else { return };
        let unexpected = Violation::UnexpectedMessage(sealed.header.exchange_type);
        let Some(under) = association.under(&self.config) else {
            // IKE-2409-4-a
            return self.event(Event::Rejected { peer: path.1, violation: unexpected });
        };
        if let Some(exchange) = association.exchanges.get(&message_id)
            && let Some(repeated) = exchange.flight.repeated(octets)
        {
            let repeated = repeated.map(<[u8]>::to_vec);
            if let Some(octets) = repeated {
                self.event(Event::Retransmitted { sa: id, message_id, times: 0 });
                self.send(id, &octets);
            }
            return;
        }
        let is_new = !association.exchanges.contains_key(&message_id);
        if message_id == 0
            || is_new
                && (association.used_message_ids.contains(&message_id)
                    || association.exchanges.len() >= EXCHANGES)
        {
            return self.event(Event::Rejected { peer: path.1, violation: unexpected });
        }
        let (mut iv, next) = match association.exchanges.get(&message_id) {
            Some(exchange) => {
                let mut iv = exchange.iv.clone();
                let next = quick_mode::on_message(cx, under, &exchange.stage, &mut iv, sealed);
                (iv, next)
            }
            None => {
                let mut iv = under.keyed.secrets.exchange_iv(&under.keyed.iv, message_id);
                let next = quick_mode::answer(cx, under, spi, &mut iv, sealed);
                (iv, next)
            }
        };
        match next {
            Ok(next) => {
                self.on_authenticated(cx, id, path);
                let Some(association) = self.associations.get_mut(&id) else { return };
                association.used_message_ids.insert(message_id);
                let exchange = association.exchanges.entry(message_id).or_insert_with(|| {
                    let (stage, iv, flight) = (Stage::Done, Vec::new(), Flight::default());
                    Box::new(Exchange { stage, iv, flight, replaces: predecessor })
                });
                exchange.iv = core::mem::take(&mut iv);
                let is_done = matches!(next.stage, Stage::Done);
                exchange.flight.answer(octets, next.send.as_deref(), !is_done);
                exchange.stage = next.stage;
                let replaces = exchange.replaces;
                if let Some(octets) = next.send {
                    self.send(id, &octets);
                }
                self.arm_resend(cx.now, id, message_id);
                if is_done {
                    self.deadlines.set(Reason::Forget(id, message_id), cx.now + super::lifecycle::FINISHED);
                }
                if let Some(violation) = next.aside {
                    self.rejected(path.1, violation);
                }
                if let Some(child) = next.child {
                    self.on_child(cx, child, replaces);
                }
            }
            Err(Fault::SetAside(violation)) if !is_new || violation.answer().is_none() => {
                self.event(Event::Rejected { peer: path.1, violation });
            }
            Err(fault) => self.quick_mode_fault(cx, id, message_id, fault),
        }
    }

    /// An SPI is drawn only where an exchange begins, so that a script of draws fits.
    fn draw_spi_for(&self, cx: &mut Cx<'_>, id: SaId, message_id: u32) -> u32 {
        let is_new = self.associations.get(&id).is_some_and(|association| {
            association.is_established() && !association.used_message_ids.contains(&message_id)
        });
        if is_new { self.draw_spi(cx) } else { 0 }
    }

    /// Ends a Quick Mode and tells the peer under the protection of the SA.
    fn quick_mode_fault(&mut self, cx: &mut Cx<'_>, id: SaId, message_id: u32, fault: Fault) {
        let why = match fault {
            Fault::SetAside(violation) => Failure::Violated(violation),
            Fault::Over(why) => why,
        };
        if let Some(association) = self.associations.get_mut(&id) {
            association.exchanges.remove(&message_id);
            association.used_message_ids.insert(message_id);
        }
        self.deadlines.stop(&Reason::Resend(id, message_id));
        if let Some(notify_type) = told(why) {
            self.notify(cx, id, notify_type, Vec::new());
        }
        self.event(Event::Failed { sa: id, message_id, why });
    }

    /// Takes note of a pair of ESP SAs, and of the end of the pair that it replaces.
    fn on_child(&mut self, cx: &mut Cx<'_>, mut child: Child, replaces: Option<u32>) {
        let inbound_spi = child.inbound.spi;
        let id = child.sa;
        child.replaces = replaces;
        self.established_children = self.established_children.saturating_add(1);
        let record = ChildRecord {
            sa: id,
            outbound_spi: child.outbound.spi,
            is_replaced: false,
            role: child.role,
            number: self.established_children,
            ports: [child.own_selector.port, child.peer_selector.port],
        };
        self.children.insert(inbound_spi, record);
        if let Some(association) = self.associations.get_mut(&id) {
            association.children.insert(inbound_spi);
        }
        self.arm_child(cx.now, inbound_spi, child.lifetime);
        if let Some(old) = child.replaces
            && let Some(record) = self.children.get_mut(&old)
        {
            let is_second = core::mem::replace(&mut record.is_replaced, true);
            self.deadlines.stop(&Reason::RekeyChild(old));
            // Two exchanges that crossed leave two pairs. If each of them were replaced by both ends in turn, there would
            // be twice as many after every life.
            if is_second {
                self.deadlines.stop(&Reason::RekeyChild(inbound_spi));
            }
            // Whoever began the exchange ends the old pair; the other waits a little longer for that.
            let wait = match child.role {
                Role::Initiator => self.config.rekey.overlap,
                Role::Responder => self.config.rekey.overlap.saturating_mul(2),
            };
            let end = cx.now + wait;
            if self.deadlines.get(&Reason::ExpireChild(old)).is_none_or(|expires| expires > end) {
                self.deadlines.set(Reason::ExpireChild(old), end);
            }
        }
        self.event(Event::ChildEstablished(Box::new(child)));
    }

    /// The pair that a peer means to replace by the exchange that it begins now: IKEv1 does not say so, but an SA serves one
    /// pair of ports here, so it is the newest. Asked when the exchange begins and not when it ends: a pair that comes to
    /// stand in between is of an exchange that crosses this one, and two ends that judged at the end could each take the
    /// other's pair for the older one and be left with none.
    fn predecessor(&self, id: SaId) -> Option<u32> {
        let peer = &self.associations.get(&id)?.peer;
        // Where two ends replaced the ISAKMP SA at the same time, each may think of its pairs as of another one.
        let is_same = |other: &&super::association::Association| {
            (other.peer.peer, &other.peer.identity) == (peer.peer, &peer.identity)
        };
        let same = self.standing_with(peer.peer.ip()).filter(is_same);
        let children = same.flat_map(|association| &association.children);
        let record = |spi: &u32| self.children.get(spi).map(|record| (*spi, *record));
        let alive = children.filter_map(record).filter(|(_, record)| !record.is_replaced);
        alive.max_by_key(|(_, record)| record.number).map(|(spi, _)| spi)
    }

    /// What a message that was authenticated proves: the peer lives, and where it is (NATT-3947-4-c).
    fn on_authenticated(&mut self, cx: &Cx<'_>, id: SaId, (local, peer): (SocketAddr, SocketAddr)) {
        self.on_heard(cx.now, id);
        let Some(association) = self.associations.get_mut(&id) else { return };
        if (association.peer.local, association.peer.peer) != (local, peer) {
            let old = core::mem::replace(&mut association.peer.peer, peer);
            association.peer.local = local;
            self.set_address(id, old.ip());
            self.event(Event::PeerMoved { sa: id, local, peer });
        }
    }

    /// Says something about the SA under its protection.
    pub(super) fn notify(&mut self, cx: &mut Cx<'_>, id: SaId, notify_type: NotifyType, data: Vec<u8>) {
        let Some(association) = self.associations.get(&id) else { return };
        let payload = notify(notify_type, &association.peer.cookies, data);
        self.inform(cx, id, payload);
    }

    /// Sends one payload under the protection of the SA.
    pub(super) fn inform(&mut self, cx: &mut Cx<'_>, id: SaId, payload: Payload) {
        let message_id = u32::from_be_bytes(cx.draw("isakmp.message_id")).max(1);
        let Some(association) = self.associations.get(&id) else { return };
        let Some(under) = association.under(&self.config) else { return };
        if let Some(octets) = informational::protected(under, message_id, &[payload]) {
            self.send(id, &octets);
        }
    }

    pub(super) fn on_informational(
        &mut self,
        cx: &mut Cx<'_>,
        id: SaId,
        path: (SocketAddr, SocketAddr),
        sealed: &Sealed,
    ) {
        let Some(association) = self.associations.get(&id) else { return };
        let Some(under) = association.under(&self.config) else {
            return self.on_clear_informational(id, path.1, sealed);
        };
        match informational::open(under, sealed) {
            Ok(message) => {
                self.on_authenticated(cx, id, path);
                for payload in &message.payloads {
                    if let Body::Notification(notification) = &payload.body {
                        self.on_notification(cx, id, notification);
                    } else if let Body::Delete(delete) = &payload.body {
                        self.on_delete(id, delete);
                    }
                }
            }
            Err(violation) => self.event(Event::Rejected { peer: path.1, violation }),
        }
    }

    /// A notification before there are keys. Anybody can forge it, so it ends an exchange only at its beginning, where
    /// nothing is lost; a deletion is never taken (ISAKMP-2408-5.15-a).
    fn on_clear_informational(&mut self, id: SaId, peer: SocketAddr, sealed: &Sealed) {
        let Some(association) = self.associations.get(&id) else { return };
        let may_end = association.peer.role == Role::Initiator
            && association.peer.peer.ip() == peer.ip()
            && matches!(association.stage, Phase1Stage::ExpectSa(_));
        let message = sealed.to_octets().ok().and_then(|octets| Message::decode_all(&octets).ok());
        let notify = message.iter().flat_map(|message| &message.payloads).find_map(|payload| {
            if let Body::Notification(it) = &payload.body { Some(it.notify_type) } else { None }
        });
        let Some(notify) = notify else {
            let violation = Violation::NotEncrypted;
            return self.event(Event::Rejected { peer, violation });
        };
        self.event(Event::NotifyReceived { sa: Some(id), notify, is_authenticated: false });
        if may_end && notify.number() < FIRST_STATUS {
            self.remove(id);
            self.event(Event::Failed { sa: id, message_id: 0, why: Failure::Refused(notify) });
        }
    }

    fn on_notification(&mut self, cx: &mut Cx<'_>, id: SaId, notification: &Notification) {
        let notify = notification.notify_type;
        self.event(Event::NotifyReceived { sa: Some(id), notify, is_authenticated: true });
        if matches!(notify, NotifyType::RUThere | NotifyType::RUThereAck)
            && self.is_of_another(id, &notification.spi)
        {
            let Some(association) = self.associations.get(&id) else { return };
            let peer = association.peer.peer;
            self.event(Event::Rejected { peer, violation: Violation::WrongSpi });
        } else if notify == NotifyType::RUThere && self.config.dead_peer_detection.is_some() {
            // DPD-3706-5.2-a, DPD-3706-5.3-b
            self.notify(cx, id, NotifyType::RUThereAck, notification.data.clone());
        } else if notify == NotifyType::RUThereAck {
            self.on_alive(cx, id, notification.sequence_number());
        } else if notify == NotifyType::InitialContact {
            self.on_initial_contact(id);
        } else if notify == NotifyType::ResponderLifetime {
            self.on_responder_lifetime(cx.now, id, notification);
        } else if notify.number() < FIRST_STATUS {
            self.refused(id, notify);
        }
    }

    /// Whether the cookies of a question are not those of the SA that it came under (DPD-3706-6.1-a). That there are any is
    /// recommended and no more.
    fn is_of_another(&self, id: SaId, spi: &[u8]) -> bool {
        let Some(association) = self.associations.get(&id) else { return false };
        let cookies = association.peer.cookies;
        spi.len() == 16 && spi != [cookies.initiator, cookies.responder].concat()
    }

    /// An error that is told under the protection of the SA ends the Quick Mode that was begun last: which one is meant is
    /// not said by all peers.
    fn refused(&mut self, id: SaId, notify: NotifyType) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        let waiting = association
            .exchanges
            .iter()
            .find(|(_, exchange)| matches!(exchange.stage, Stage::ExpectAnswer(_)))
            .map(|(message_id, _)| *message_id);
        if let Some(message_id) = waiting {
            association.exchanges.remove(&message_id);
            self.deadlines.stop(&Reason::Resend(id, message_id));
            self.event(Event::Failed { sa: id, message_id, why: Failure::Refused(notify) });
        }
    }

    /// The peer's deletions (ISAKMP-2408-5.15-b): of ESP it names the SPIs that it receives on.
    fn on_delete(&mut self, id: SaId, delete: &Delete) {
        match delete.protocol {
            ProtocolId::Esp => {
                let spis: Vec<u32> = delete
                    .spis
                    .iter()
                    .filter_map(|spi| Some(u32::from_be_bytes(spi.as_slice().try_into().ok()?)))
                    .collect();
                let Some(address) = self.associations.get(&id).map(|it| it.peer.peer.ip()) else { return };
                let is_meant = |inbound_spi: &&u32| {
                    self.children.get(inbound_spi).is_some_and(|record| spis.contains(&record.outbound_spi))
                };
                let children = self.standing_with(address).flat_map(|association| &association.children);
                let meant: Vec<u32> = children.filter(is_meant).copied().collect();
                for inbound_spi in meant {
                    self.drop_child(inbound_spi, End::DeletedByPeer);
                }
            }
            ProtocolId::Isakmp => {
                let cookies = delete.spis.iter().filter_map(|spi| {
                    let (initiator, responder) = spi.split_first_chunk::<8>()?;
                    Some((*initiator, responder.try_into().ok()?))
                });
                let own = self.associations.get(&id).map(|association| association.peer.peer.ip());
                let meant: Vec<SaId> =
                    cookies.filter_map(|cookies| self.by_cookies.get(&cookies).copied()).collect();
                for sa in meant {
                    if self.associations.get(&sa).map(|association| association.peer.peer.ip()) == own {
                        self.drop_sa(sa, End::DeletedByPeer);
                    }
                }
            }
            ProtocolId::Ah | ProtocolId::Ipcomp | ProtocolId::Unknown(_) => {}
        }
    }
}
