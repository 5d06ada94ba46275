//! Flooding (RFC 2328 section 13), ageing (section 14), and the life of our own LSAs.

use core::time::Duration;

use super::database::{INITIAL_SEQUENCE, Key, MAX_AGE, MAX_SEQUENCE, newer};
use super::event::{InterfaceId, Violation};
use super::exchange::is_known;
use super::layer::{Ospf, Reason};
use super::neighbor::Unacknowledged;
use super::origination::MIN_INTERVAL;
use super::table::{Neighbor as State, NeighborEvent};
use super::wire::{Body, LinkStateAcknowledgment, LinkStateUpdate, Lsa, LsaHeader};
use crate::cx::Cx;
use crate::time::Instant;

/// `MinLSArrival` (appendix B).
const MIN_ARRIVAL: Duration = Duration::from_secs(1);
/// `LSRefreshTime`, in seconds.
const REFRESH: u16 = 1800;

impl Ospf {
    /// An update: each LSA by itself, so that a bad one takes no other with it (OSPF-2328-13-b).
    pub(super) fn on_update(&mut self, cx: &Cx<'_>, id: InterfaceId, update: LinkStateUpdate) {
        let mut acknowledged = Vec::new();
        for lsa in update.lsas {
            if !lsa.checksum_fits() {
                self.rejected(id, Violation::LsaChecksum);
            } else if !is_known(lsa.header.ls_type) {
                self.rejected(id, Violation::LsaType);
            } else {
                self.on_lsa(cx, id, &lsa, &mut acknowledged);
            }
        }
        if !acknowledged.is_empty() {
            // OSPF-2328-13.5-a
            let body = LinkStateAcknowledgment { lsa_headers: acknowledged };
            self.send(id, Body::LinkStateAcknowledgment(body));
        }
        self.forget_old(cx.now);
        self.recompute(cx.now);
    }

    fn is_exchanging(&self) -> bool {
        self.interfaces.values().any(|interface| {
            interface
                .neighbor
                .as_ref()
                .is_some_and(|neighbor| matches!(neighbor.state, State::Exchange | State::Loading))
        })
    }

    /// One LSA of an update (section 13).
    fn on_lsa(&mut self, cx: &Cx<'_>, id: InterfaceId, lsa: &Lsa, acknowledged: &mut Vec<LsaHeader>) {
        let key = Key::of(&lsa.header);
        let own = self.database.header(cx.now, &key);
        if lsa.header.ls_age >= MAX_AGE && own.is_none() && !self.is_exchanging() {
            return acknowledged.push(lsa.header);
        }
        let Some(own) = own else { return self.accept(cx, id, lsa, acknowledged) };
        match newer(&lsa.header, &own) {
            core::cmp::Ordering::Greater => {
                let received = self.database.entries.get(&key).and_then(|entry| entry.received);
                // OSPF-2328-13-c; what we have said ourselves keeps nobody from correcting it.
                if received.is_some_and(|received| cx.now.since(received) < MIN_ARRIVAL) {
                    return self.rejected(id, Violation::TooSoon);
                }
                self.accept(cx, id, lsa, acknowledged);
            }
            order @ (core::cmp::Ordering::Less | core::cmp::Ordering::Equal) => {
                let neighbor = self.interfaces.get_mut(&id).and_then(|interface| interface.neighbor.as_mut());
                let Some(neighbor) = neighbor else { return };
                if neighbor.requests.contains_key(&key) {
                    return self.happens(cx, id, NeighborEvent::BadLsReq);
                }
                if order.is_lt() {
                    return self.send_back(cx, id, &key);
                }
                // An update in answer to ours is an acknowledgement too.
                if neighbor.retransmissions.remove(&key).is_none() {
                    acknowledged.push(lsa.header);
                }
            }
        }
    }

    /// Sends what is newer here to somebody who has something older (OSPF-2328-13-d).
    fn send_back(&mut self, cx: &Cx<'_>, id: InterfaceId, key: &Key) {
        let Some(entry) = self.database.entries.get_mut(key) else { return };
        let header = entry.lsa.header;
        if entry.age(cx.now) >= MAX_AGE && header.ls_sequence_number == MAX_SEQUENCE {
            return;
        }
        if entry.sent_back.is_none_or(|sent| cx.now.since(sent) >= MIN_ARRIVAL) {
            entry.sent_back = Some(cx.now);
            let lsa = entry.aged(cx.now);
            self.send_update(id, vec![lsa]);
        }
    }

    /// Takes a newer LSA: floods, installs, acknowledges it, and corrects it if it is one of ours.
    fn accept(&mut self, cx: &Cx<'_>, id: InterfaceId, lsa: &Lsa, acknowledged: &mut Vec<LsaHeader>) {
        let (key, header) = (Key::of(&lsa.header), lsa.header);
        self.install(cx.now, lsa.clone());
        if let Some(entry) = self.database.entries.get_mut(&key) {
            entry.received = Some(cx.now);
        }
        self.flood(cx.now, lsa, Some(id));
        acknowledged.push(header);
        self.on_answered(cx, id, &header);
        // OSPF-2328-13.4-a
        if self.is_self_originated(&key) {
            self.outbid(cx.now, &header);
        }
    }

    /// Puts an LSA into the database in place of the one before it.
    pub(super) fn install(&mut self, now: Instant, lsa: Lsa) {
        let key = Key::of(&lsa.header);
        for interface in self.interfaces.values_mut() {
            if let Some(neighbor) = &mut interface.neighbor {
                neighbor.retransmissions.remove(&key);
            }
        }
        self.database.install(now, lsa);
        self.arm_age(now);
    }

    /// Floods an LSA to every neighbour but the one it came from (section 13.3).
    pub(super) fn flood(&mut self, now: Instant, lsa: &Lsa, from: Option<InterfaceId>) {
        let key = Key::of(&lsa.header);
        let ids: Vec<InterfaceId> = self.interfaces.keys().copied().collect();
        for id in ids {
            let Some(interface) = self.interfaces.get_mut(&id) else { continue };
            let Some(neighbor) = interface.neighbor.as_mut().filter(|known| known.state >= State::Exchange)
            else {
                continue;
            };
            if neighbor.state < State::Full
                && let Some(wanted) = neighbor.requests.get(&key).copied()
                && from != Some(id)
            {
                // Step 1b.
                let order = newer(&lsa.header, &wanted);
                if order.is_lt() {
                    continue;
                }
                if neighbor.has_come(&key) {
                    // It owes nothing more: what is missing yet is asked for at once.
                    self.deadlines.set(Reason::Request(id), now);
                }
                if order.is_eq() {
                    continue;
                }
            }
            if from == Some(id) {
                continue;
            }
            neighbor.retransmissions.insert(key, Unacknowledged { header: lsa.header, sent: now });
            self.send_update(id, vec![lsa.clone()]);
            self.wait_for_acknowledgment(now, id);
        }
    }

    /// Something was sent that is to be acknowledged: it will be looked after in time, unless that is sooner already.
    pub(super) fn wait_for_acknowledgment(&mut self, now: Instant, id: InterfaceId) {
        let Some(interface) = self.interfaces.get(&id) else { return };
        if self.deadlines.get(&Reason::Retransmission(id)).is_none() {
            let moment = now + interface.config.retransmission;
            self.deadlines.set(Reason::Retransmission(id), moment);
        }
    }

    /// Sends again what was not acknowledged (OSPF-2328-13.6-a).
    pub(super) fn flood_again(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let wait = interface.config.retransmission;
        let Some(neighbor) = interface.neighbor.as_mut().filter(|known| known.state >= State::Exchange)
        else {
            return;
        };
        let mut keys = Vec::new();
        for (key, waiting) in &mut neighbor.retransmissions {
            if waiting.sent + wait <= cx.now {
                waiting.sent = cx.now;
                keys.push(*key);
            }
        }
        let Some(next) = neighbor.retransmissions.values().map(|waiting| waiting.sent + wait).min() else {
            return;
        };
        let entries = keys.iter().filter_map(|key| self.database.entries.get(key));
        let lsas: Vec<Lsa> = entries.map(|entry| entry.aged(cx.now)).collect();
        self.send_update(id, lsas);
        self.deadlines.set(Reason::Retransmission(id), next);
    }

    /// An acknowledgement (section 13.7).
    pub(super) fn on_acknowledgment(&mut self, cx: &Cx<'_>, id: InterfaceId, got: &LinkStateAcknowledgment) {
        let Some(neighbor) = self.interfaces.get_mut(&id).and_then(|interface| interface.neighbor.as_mut())
        else {
            return;
        };
        for header in &got.lsa_headers {
            let key = Key::of(header);
            if neighbor.retransmissions.get(&key).is_some_and(|sent| newer(header, &sent.header).is_eq()) {
                neighbor.retransmissions.remove(&key);
            }
        }
        if neighbor.retransmissions.is_empty() {
            self.deadlines.stop(&Reason::Retransmission(id));
        }
        self.forget_old(cx.now);
    }

    /// When the next LSA gets too old, or has to be renewed.
    pub(super) fn arm_age(&mut self, now: Instant) {
        let own = self.config.router_id;
        let due = self.database.entries.iter().filter_map(|(key, entry)| {
            let is_over = entry.age(now) >= MAX_AGE;
            let is_ours = key.advertising_router == own;
            let limit = if is_ours { REFRESH } else { MAX_AGE };
            // One of ours that came back old is not renewed before it may be.
            let least = self.originated.get(key).filter(|_| is_ours).map(|last| *last + MIN_INTERVAL);
            (!is_over).then(|| entry.reaches(limit).max(least.unwrap_or(now)))
        });
        match due.min() {
            Some(moment) => self.deadlines.set(Reason::Age, moment.max(now)),
            None => {
                self.deadlines.stop(&Reason::Age);
            }
        }
    }

    /// Renews what is ours (OSPF-2328-12.4-a) and lets go what is too old (OSPF-2328-14-a).
    pub(super) fn on_age(&mut self, now: Instant) {
        let own = self.config.router_id;
        let all = self.database.entries.iter();
        let due: Vec<(Key, bool)> = all
            .filter_map(|(key, entry)| {
                let age = entry.age(now);
                let is_ours = key.advertising_router == own && entry.lsa.header.ls_age < MAX_AGE;
                (age >= MAX_AGE || is_ours && age >= REFRESH).then_some((*key, is_ours))
            })
            .collect();
        for (key, is_ours) in due {
            if is_ours {
                self.renew(now, &key);
            } else if let Some(entry) = self.database.entries.get(&key)
                && entry.lsa.header.ls_age < MAX_AGE
            {
                let lsa = entry.aged(now);
                self.install(now, lsa.clone());
                self.flood(now, &lsa, None);
            }
        }
        self.forget_old(now);
        self.recompute(now);
        self.arm_age(now);
    }

    /// Removes LSAs of `MaxAge` that everybody has acknowledged; what was flushed to begin anew begins anew. One of ours that is
    /// to be outbid stays until it is, so that its number is not forgotten.
    pub(super) fn forget_old(&mut self, now: Instant) {
        if self.is_exchanging() {
            return;
        }
        let waits = |key: &Key| {
            self.interfaces.values().any(|interface| {
                interface.neighbor.as_ref().is_some_and(|known| known.retransmissions.contains_key(key))
            })
        };
        let old: Vec<Key> = self
            .database
            .entries
            .iter()
            .filter(|(key, entry)| entry.age(now) >= MAX_AGE && !waits(key) && !self.postponed.contains(*key))
            .map(|(key, _)| *key)
            .collect();
        let mut is_ours_gone = false;
        for key in old {
            self.database.entries.remove(&key);
            is_ours_gone |= key.advertising_router == self.config.router_id;
        }
        if is_ours_gone {
            self.describe(now);
        }
    }

    /// The sequence number after another (OSPF-2328-12.1.6-a); `None` after the last.
    pub(super) const fn next_sequence(last: Option<u32>) -> Option<u32> {
        match last {
            None => Some(INITIAL_SEQUENCE),
            Some(MAX_SEQUENCE) => None,
            Some(last) => Some(last.wrapping_add(1)),
        }
    }
}
