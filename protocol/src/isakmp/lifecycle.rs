//! What an SA does on its own initiative: sends again, replaces itself, keeps a translator's memory fresh, asks whether
//! the peer lives, and ends.

use core::time::Duration;

use super::association::Probe;
use super::config::InitialContact;
use super::event::{Datagram, End, Event, Failure, Role, SaId};
use super::informational;
use super::layer::{Isakmp, Reason};
use super::policy::Lifetime;
use super::responder_lifetime;
use super::wire::{ExchangeType, Known, NotifyType, ProtocolId};
use crate::cx::Cx;
use crate::layer::Output;
use crate::time::Instant;

/// How long others may take to finish what they began.
pub(super) const HALF_OPEN: Duration = Duration::from_secs(30);
/// How long the last message of an exchange is kept, in case it has to be said again.
pub(super) const FINISHED: Duration = Duration::from_secs(60);

impl Isakmp {
    /// Waits for the answer to the flight of an exchange, if it is waited for.
    pub(super) fn arm_resend(&mut self, now: Instant, id: SaId, message_id: u32) {
        let flight = self.associations.get(&id).and_then(|association| match message_id {
            0 => Some(&association.flight),
            other => association.exchanges.get(&other).map(|exchange| &exchange.flight),
        });
        let reason = Reason::Resend(id, message_id);
        match flight
            .filter(|flight| flight.is_awaited())
            .and_then(|flight| flight.wait(&self.config.retransmission))
        {
            Some(wait) => self.deadlines.set(reason, now + wait),
            None => {
                self.deadlines.stop(&reason);
            }
        }
    }

    pub(super) fn arm_keepalive(&mut self, id: SaId) {
        // A message from behind a translator keeps its memory fresh as a keepalive does.
        self.deadlines.stop(&Reason::Keepalive(id));
        self.pending_keepalives.push(id);
    }

    /// Sets the deadlines of keepalives that sending has put off.
    pub(super) fn set_keepalives(&mut self, now: Instant) {
        for id in core::mem::take(&mut self.pending_keepalives) {
            let is_behind = self
                .associations
                .get(&id)
                .is_some_and(|association| association.is_established() && association.peer.nat.own_end);
            if let Some(nat) = self.config.nat_traversal.as_ref().filter(|_| is_behind) {
                self.deadlines.set(Reason::Keepalive(id), now + nat.keepalive);
            }
        }
    }

    /// An SA stands: tells so, sets its deadlines, and goes on to what it was wanted for.
    pub(super) fn on_established(&mut self, cx: &mut Cx<'_>, id: SaId) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        let Some(keyed) = association.keyed() else { return };
        let (suite, mut lifetime) = (keyed.choice.suite, keyed.choice.lifetime);
        let told = keyed.choice.told;
        let peer = &association.peer;
        // What is said in Main Mode is said for the initiator; Aggressive Mode has no place for it (DOI-2407-4.6.3-a).
        let says_apart = peer.role == Role::Responder && peer.exchange == ExchangeType::Aggressive;
        let told_apart = told
            .filter(|_| says_apart)
            .and_then(|lifetime| responder_lifetime::of_isakmp(&peer.cookies, lifetime));
        let claimed = peer.responder_lifetime.as_ref().map(|notification| {
            let spis = [responder_lifetime::cookie_spi(&peer.cookies)];
            responder_lifetime::read(notification, ProtocolId::Isakmp, &spis)
        });
        if let Some(Ok(claimed)) = claimed {
            lifetime = lifetime.shorter(claimed);
        }
        let Some(peer_identity) = peer.identity.clone() else { return };
        let event = Event::Phase1Established {
            sa: id,
            role: peer.role,
            local: peer.local,
            peer: peer.peer,
            cookies: peer.cookies,
            suite,
            lifetime,
            peer_identity,
            vendor_ids: peer.vendor_ids.clone(),
            nat_method: peer.nat_method,
            nat: peer.nat,
        };
        let (says_initial_contact, address) = (peer.says_initial_contact, peer.peer.ip());
        let peer_address = peer.peer;
        let (replaces, wants_child) = (association.replaces, association.wants_child);
        self.event(event);
        if let Some(Err(violation)) = claimed {
            self.rejected(peer_address, violation);
        }
        if let Some(payload) = told_apart {
            self.inform(cx, id, payload);
        }
        self.arm_phase_1(cx.now, id, lifetime);
        self.arm_keepalive(id);
        self.on_heard(cx.now, id);
        if says_initial_contact {
            self.on_initial_contact(id);
        }
        let is_first = !self.standing_with(address).any(|other| other.id != id);
        if self.config.initial_contact == InitialContact::Apart && is_first && replaces.is_none() {
            self.notify(cx, id, NotifyType::InitialContact, Vec::new());
        }
        if let Some(old) = replaces.or_else(|| self.predecessor_of_sa(id)) {
            self.take_over(cx.now, id, old);
        }
        if wants_child {
            self.start_quick_mode(cx, id, None);
        }
    }

    /// The SA that a peer replaces by a new one.
    fn predecessor_of_sa(&self, id: SaId) -> Option<SaId> {
        let new = self.associations.get(&id)?;
        if new.peer.role == Role::Initiator {
            return None;
        }
        let is_older = |other: &&super::association::Association| {
            other.id != id
                && !other.is_replaced
                && other.peer.peer == new.peer.peer
                && other.peer.identity == new.peer.identity
        };
        self.standing_with(new.peer.peer.ip()).rfind(is_older).map(|other| other.id)
    }

    /// Gives the children of an SA to its successor and lets it end after the overlap.
    fn take_over(&mut self, now: Instant, new: SaId, old: SaId) {
        let Some(association) = self.associations.get_mut(&old) else { return };
        let is_second = core::mem::replace(&mut association.is_replaced, true);
        self.give_children(old, new);
        if is_second {
            // Of two that crossed, one is replaced in its turn.
            self.deadlines.stop(&Reason::RekeyPhase1(new));
        }
        self.deadlines.stop(&Reason::RekeyPhase1(old));
        self.deadlines.stop(&Reason::Probe(old));
        self.deadlines.set(Reason::ExpirePhase1(old), now + self.config.rekey.overlap);
    }

    pub(super) fn arm_phase_1(&mut self, now: Instant, id: SaId, lifetime: Lifetime) {
        let Some(life) = seconds(lifetime) else { return };
        self.deadlines.set(Reason::ExpirePhase1(id), now + life);
        if let Some(margin) = self.config.rekey.phase1_margin {
            self.deadlines.set(Reason::RekeyPhase1(id), now + until_rekey(life, margin));
        }
    }

    /// Sets the deadlines of a pair, by the SPI of its inbound SA.
    pub(super) fn arm_child(&mut self, now: Instant, spi: u32, lifetime: Lifetime) {
        let Some(life) = seconds(lifetime) else { return };
        self.deadlines.set(Reason::ExpireChild(spi), now + life);
        if let Some(margin) = self.config.rekey.phase2_margin {
            self.deadlines.set(Reason::RekeyChild(spi), now + until_rekey(life, margin));
        }
    }

    /// Something was heard of the peer that nobody else can say (DPD-3706-5.4-a).
    pub(super) fn on_heard(&mut self, now: Instant, id: SaId) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        association.heard = now;
        association.probe = None;
        let interval = self.config.dead_peer_detection.and_then(|detection| detection.interval);
        // DPD-3706-5.1-a
        if let Some(interval) = interval
            && association.is_established()
            && !association.is_replaced
            && association.has_announced(Known::Dpd)
        {
            self.deadlines.set(Reason::Probe(id), now + interval);
        }
    }

    /// Asks whether the peer is alive.
    pub(super) fn probe(&mut self, cx: &mut Cx<'_>, id: SaId) {
        let Some(detection) = self.config.dead_peer_detection else { return };
        let Some(association) = self.associations.get_mut(&id) else { return };
        if !association.is_established() {
            return;
        }
        let sequence_number = association.next_sequence_number;
        association.next_sequence_number = sequence_number.wrapping_add(1);
        let first = association.probe.map_or(cx.now, |probe| probe.first);
        association.probe = Some(Probe { first });
        association.asked_at = cx.now;
        self.notify(cx, id, NotifyType::RUThere, sequence_number.to_be_bytes().to_vec());
        let dead = first + detection.timeout;
        self.deadlines.set(Reason::Probe(id), dead.min(cx.now + detection.retry));
    }

    /// The peer says that it is alive.
    pub(super) fn on_alive(&mut self, cx: &Cx<'_>, id: SaId, sequence_number: Option<u32>) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        // The message itself, being authenticated, has put the question out of mind already.
        let asked = association.next_sequence_number.wrapping_sub(1);
        match sequence_number {
            Some(number) if number == asked => {
                let after = cx.now.since(association.asked_at);
                self.event(Event::PeerAlive { sa: id, after });
            }
            number => {
                let peer = association.peer.peer;
                let violation = super::violation::Violation::WrongSequenceNumber(number.unwrap_or_default());
                self.event(Event::Rejected { peer, violation });
            }
        }
    }

    /// The peer has forgotten all other SAs with us (DOI-2407-4.6.3.3-b). One behind the same translator that calls itself
    /// the same is told from it by its port.
    pub(super) fn on_initial_contact(&mut self, id: SaId) {
        let Some(new) = self.associations.get(&id) else { return };
        let (identity, address) = (new.peer.identity.clone(), new.peer.peer.ip());
        let old: Vec<SaId> = self
            .standing_with(address)
            .filter(|other| other.id != id && other.peer.identity == identity)
            .map(|other| other.id)
            .collect();
        for old in old {
            self.drop_sa(old, End::InitialContact);
        }
    }

    pub(super) fn rekey_phase_1(&mut self, cx: &mut Cx<'_>, id: SaId) {
        let Some(association) = self.associations.get(&id) else { return };
        if association.is_established() && !association.is_replaced {
            let (local, peer) = (association.peer.local, association.peer.peer);
            self.begin(cx, local, peer, false, Some(id));
        }
    }

    /// Ends a pair of ESP SAs and tells the peer.
    pub(super) fn delete_child(&mut self, cx: &mut Cx<'_>, inbound_spi: u32, why: End) {
        let Some(record) = self.children.get(&inbound_spi).copied() else { return };
        if self.config.sends_deletes {
            self.inform(cx, record.sa, informational::delete_child(inbound_spi));
        }
        self.drop_child(inbound_spi, why);
    }

    /// Ends a pair of ESP SAs without a word.
    pub(super) fn drop_child(&mut self, inbound_spi: u32, why: End) {
        let Some(record) = self.children.remove(&inbound_spi) else { return };
        self.deadlines.stop(&Reason::RekeyChild(inbound_spi));
        self.deadlines.stop(&Reason::ExpireChild(inbound_spi));
        if let Some(association) = self.associations.get_mut(&record.sa) {
            association.children.remove(&inbound_spi);
        }
        self.event(Event::ChildDeleted { sa: record.sa, inbound_spi, why });
    }

    /// Ends an ISAKMP SA with all under it and tells the peer.
    pub(super) fn delete_sa(&mut self, cx: &mut Cx<'_>, id: SaId, why: End) {
        if matches!(why, End::Replaced | End::Expired) {
            self.bequeath(id);
        }
        let Some(association) = self.associations.get(&id) else { return };
        let cookies = association.peer.cookies;
        let children: Vec<u32> = association.children.iter().copied().collect();
        if self.config.sends_deletes && association.is_established() {
            for spi in children {
                self.inform(cx, id, informational::delete_child(spi));
            }
            self.inform(cx, id, informational::delete_sa(&cookies));
        }
        self.drop_sa(id, why);
    }

    /// Gives the children of an SA that ends to the newest other one with the same peer, if there is one. Of two SAs that
    /// replaced a third at the same time, the ends may disagree which has the children.
    fn bequeath(&mut self, id: SaId) {
        let Some(old) = self.associations.get(&id) else { return };
        let is_heir = |other: &&super::association::Association| {
            other.id != id
                && !other.is_replaced
                && other.peer.peer == old.peer.peer
                && other.peer.identity == old.peer.identity
        };
        let heir = self.standing_with(old.peer.peer.ip()).rfind(is_heir).map(|heir| heir.id);
        if let Some(heir) = heir {
            self.give_children(id, heir);
        }
    }

    fn give_children(&mut self, from: SaId, to: SaId) {
        let Some(association) = self.associations.get_mut(&from) else { return };
        let children = core::mem::take(&mut association.children);
        for spi in &children {
            if let Some(record) = self.children.get_mut(spi) {
                record.sa = to;
            }
        }
        if let Some(association) = self.associations.get_mut(&to) {
            association.children.extend(children);
        }
    }

    /// Ends an ISAKMP SA with all under it without a word. What the peer deletes is the SA alone; its children live on under
    /// another one, if there is one, for the peer names those that end (ISAKMP-2408-5.15-b).
    pub(super) fn drop_sa(&mut self, id: SaId, why: End) {
        if why == End::DeletedByPeer {
            self.bequeath(id);
        }
        let Some(association) = self.associations.get(&id) else { return };
        let children: Vec<u32> = association.children.iter().copied().collect();
        for spi in children {
            self.drop_child(spi, why);
        }
        self.remove(id);
        self.event(Event::Phase1Deleted { sa: id, why });
    }

    pub(super) fn on_due(&mut self, cx: &mut Cx<'_>, reason: Reason) {
        match reason {
            Reason::Resend(id, message_id) => self.on_resend(cx, id, message_id),
            Reason::Forget(id, 0) => {
                self.remove(id);
                self.event(Event::Failed { sa: id, message_id: 0, why: Failure::NoAnswer });
            }
            Reason::Forget(id, message_id) => {
                if let Some(association) = self.associations.get_mut(&id) {
                    association.exchanges.remove(&message_id);
                }
            }
            Reason::RekeyPhase1(id) => self.rekey_phase_1(cx, id),
            Reason::ExpirePhase1(id) => {
                let is_replaced =
                    self.associations.get(&id).is_some_and(|association| association.is_replaced);
                self.delete_sa(cx, id, if is_replaced { End::Replaced } else { End::Expired });
            }
            Reason::RekeyChild(spi) => {
                if let Some(record) = self.children.get(&spi).copied() {
                    self.start_quick_mode(cx, record.sa, Some(spi));
                }
            }
            Reason::ExpireChild(spi) => {
                let is_replaced = self.children.get(&spi).is_some_and(|record| record.is_replaced);
                self.delete_child(cx, spi, if is_replaced { End::Replaced } else { End::Expired });
            }
            Reason::Keepalive(id) => {
                if let Some(association) = self.associations.get(&id) {
                    let (local, peer) = (association.peer.local, association.peer.peer);
                    self.outputs.push_back(Output::ToBelow(Datagram::Keepalive { local, peer }));
                    self.arm_keepalive(id);
                }
            }
            Reason::Probe(id) => self.on_silence(cx, id),
        }
    }

    /// Nothing was heard of the peer for too long: asks, asks again, and gives it up (DPD-3706-5.4-b).
    fn on_silence(&mut self, cx: &mut Cx<'_>, id: SaId) {
        let Some(detection) = self.config.dead_peer_detection else { return };
        let Some(association) = self.associations.get(&id) else { return };
        let is_dead = association.probe.is_some_and(|probe| cx.now >= probe.first + detection.timeout);
        if is_dead {
            self.event(Event::PeerDead { sa: id });
            self.drop_sa(id, End::PeerDead);
        } else {
            self.probe(cx, id);
        }
    }

    /// No answer came: sends again, or gives up after the last wait (ISAKMP-2408-5.1-d).
    fn on_resend(&mut self, cx: &mut Cx<'_>, id: SaId, message_id: u32) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        let flight = match message_id {
            0 => Some(&mut association.flight),
            other => association.exchanges.get_mut(&other).map(|exchange| &mut exchange.flight),
        };
        let Some(flight) = flight else { return };
        let Some((octets, times)) = flight.again() else { return };
        if times <= self.config.retransmission.len() {
            let octets = octets.to_vec();
            self.event(Event::Retransmitted { sa: id, message_id, times });
            self.send(id, &octets);
            self.arm_resend(cx.now, id, message_id);
        } else if message_id == 0 {
            self.remove(id);
            self.event(Event::Failed { sa: id, message_id, why: Failure::NoAnswer });
        } else {
            association.exchanges.remove(&message_id);
            self.event(Event::Failed { sa: id, message_id, why: Failure::NoAnswer });
        }
    }
}

pub(super) fn seconds(lifetime: Lifetime) -> Option<Duration> {
    lifetime.seconds.map(|seconds| Duration::from_secs(seconds.into()))
}

/// When to replace an SA of this life. A responder may claim a life that is shorter than the margin: half of it has to be
/// left, or an SA would be replaced as soon as it stands, and so without end.
fn until_rekey(life: Duration, margin: Duration) -> Duration {
    life.saturating_sub(margin.min(life.checked_div(2).unwrap_or_default()))
}
