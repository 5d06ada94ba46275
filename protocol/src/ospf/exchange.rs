//! The exchange of databases (RFC 2328 sections 10.6 to 10.9).

use super::database::{Key, MAX_AGE, newer};
use super::event::{InterfaceId, Violation};
use super::layer::{Ospf, Reason};
use super::neighbor::{Described, Unacknowledged};
use super::table::{Neighbor as State, NeighborEvent};
use super::wire::{
    Body, DatabaseDescription, LinkStateRequest, LinkStateRequestEntry, LinkStateUpdate, LsType, Lsa,
    LsaHeader, Options,
};
use crate::cx::Cx;

/// The octets of IPv4's and OSPF's headers, of a digest, and of what stands before a list.
const HEADERS: u16 = 20 + 24 + 16 + 8;
/// The octets of an LSA's header.
const LSA_HEADER: u16 = 20;
/// The octets of an entry of a request.
const ENTRY: u16 = 12;

/// The flags of the first Database Description.
const FIRST: u8 = DatabaseDescription::I | DatabaseDescription::M | DatabaseDescription::MS;

/// Whether LSAs of a type are known here.
pub(super) const fn is_known(ls_type: LsType) -> bool {
    !matches!(ls_type, LsType::Unknown(_))
}

impl Ospf {
    /// How many parts of a size fit a packet.
    fn room(&self, id: InterfaceId, size: u16) -> usize {
        let mtu = self.interfaces.get(&id).map_or(576, |interface| interface.config.mtu);
        usize::from(mtu.saturating_sub(HEADERS).checked_div(size).unwrap_or(1)).max(1)
    }

    /// Claims to lead (OSPF-2328-10.3-b).
    pub(super) fn begin_exchange(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let mtu = interface.config.mtu;
        let Some(neighbor) = &mut interface.neighbor else { return };
        // A number that no exchange before had: the first is the time of day (section 10.8).
        neighbor.sequence = match neighbor.sequence {
            0 => u32::try_from(cx.now.as_micros() & 0x3fff_ffff).unwrap_or(0).max(1),
            last => last.wrapping_add(1),
        };
        neighbor.is_master = true;
        let description = DatabaseDescription {
            interface_mtu: mtu,
            options: Options(Options::E),
            flags: FIRST,
            dd_sequence_number: neighbor.sequence,
            lsa_headers: Vec::new(),
        };
        self.send_description(cx, id, description);
    }

    fn send_description(&mut self, cx: &Cx<'_>, id: InterfaceId, description: DatabaseDescription) {
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let wait = interface.config.retransmission;
        let Some(neighbor) = &mut interface.neighbor else { return };
        let repeats = neighbor.is_master;
        neighbor.last_sent = Some(description.clone());
        self.send(id, Body::DatabaseDescription(description));
        // OSPF-2328-10.6-e: only the master repeats of its own accord.
        if repeats {
            self.deadlines.set(Reason::Description(id), cx.now + wait);
        } else {
            self.deadlines.stop(&Reason::Description(id));
        }
    }

    /// Repeats the last Database Description.
    pub(super) fn describe_again(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let neighbor = self.interfaces.get(&id).and_then(|interface| interface.neighbor.as_ref());
        let is_due = |state| matches!(state, State::ExStart | State::Exchange);
        let last = neighbor
            .filter(|neighbor| is_due(neighbor.state))
            .and_then(|neighbor| neighbor.last_sent.clone());
        if let Some(last) = last {
            self.send_description(cx, id, last);
        }
    }

    /// Lists the whole database for the neighbour; what is about to go is not described but sent until it is acknowledged
    /// (section 10.3).
    pub(super) fn summarise(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let keys = self.database.entries.keys();
        let headers = keys.filter_map(|key| self.database.header(cx.now, key));
        let (old, live): (Vec<_>, Vec<_>) = headers.partition(|header| header.ls_age >= MAX_AGE);
        let Some(neighbor) = self.interfaces.get_mut(&id).and_then(|interface| interface.neighbor.as_mut())
        else {
            return;
        };
        neighbor.summary = live.into();
        let waiting = |header: LsaHeader| (Key::of(&header), Unacknowledged { header, sent: cx.now });
        neighbor.retransmissions.extend(old.iter().copied().map(waiting));
        let lsas: Vec<Lsa> = old
            .iter()
            .filter_map(|header| self.database.entries.get(&Key::of(header)))
            .map(|entry| entry.aged(cx.now))
            .collect();
        if !lsas.is_empty() {
            self.send_update(id, lsas);
            self.wait_for_acknowledgment(cx.now, id);
        }
    }

    /// A Database Description (section 10.6).
    pub(super) fn on_description(&mut self, cx: &mut Cx<'_>, id: InterfaceId, got: &DatabaseDescription) {
        let own_id = self.config.router_id;
        let Some(interface) = self.interfaces.get(&id) else { return };
        let (own, ignores) = (interface.config.mtu, interface.config.ignores_mtu);
        // OSPF-2328-10.6-a
        if got.interface_mtu > own && !ignores {
            return self.rejected(id, Violation::Mtu { got: got.interface_mtu, own });
        }
        if interface.neighbor.as_ref().is_some_and(|neighbor| neighbor.state == State::Init) {
            self.happens(cx, id, NeighborEvent::TwoWayReceived);
        }
        let Some(neighbor) = self.interfaces.get_mut(&id).and_then(|interface| interface.neighbor.as_mut())
        else {
            return;
        };
        let described =
            Described { flags: got.flags, options: got.options, sequence: got.dd_sequence_number };
        let is_repeated = neighbor.last_received == Some(described);
        match neighbor.state {
            State::Down | State::Attempt | State::Init | State::TwoWay => {
                let state = neighbor.state;
                self.rejected(id, Violation::State(state));
            }
            State::ExStart => {
                // OSPF-2328-10.6-b
                let is_first = got.flags & FIRST == FIRST && got.lsa_headers.is_empty();
                let is_answer = !got.has(DatabaseDescription::I)
                    && !got.has(DatabaseDescription::MS)
                    && got.dd_sequence_number == neighbor.sequence;
                if is_first && neighbor.router_id > own_id {
                    neighbor.is_master = false;
                    neighbor.sequence = got.dd_sequence_number;
                } else if is_answer && neighbor.router_id < own_id {
                    neighbor.is_master = true;
                } else {
                    return;
                }
                neighbor.options = got.options;
                self.happens(cx, id, NeighborEvent::NegotiationDone);
                self.take_description(cx, id, got, described);
            }
            State::Exchange if is_repeated => self.answer_again(cx, id),
            State::Exchange => {
                let wants_master = !neighbor.is_master;
                let expected =
                    if neighbor.is_master { neighbor.sequence } else { neighbor.sequence.wrapping_add(1) };
                // OSPF-2328-10.6-c
                let fits = got.has(DatabaseDescription::MS) == wants_master
                    && !got.has(DatabaseDescription::I)
                    && got.options == neighbor.options
                    && got.dd_sequence_number == expected;
                if fits {
                    self.take_description(cx, id, got, described);
                } else {
                    self.mismatch(cx, id);
                }
            }
            // OSPF-2328-10.6-d
            State::Loading | State::Full if is_repeated => self.answer_again(cx, id),
            State::Loading | State::Full => self.mismatch(cx, id),
        }
    }

    fn mismatch(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        self.rejected(id, Violation::SequenceMismatch);
        self.happens(cx, id, NeighborEvent::SeqNumberMismatch);
    }

    /// A repeated description is answered again by the slave, and nobody else (OSPF-2328-10.6-d).
    fn answer_again(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let neighbor = self.interfaces.get(&id).and_then(|interface| interface.neighbor.as_ref());
        let last =
            neighbor.filter(|neighbor| !neighbor.is_master).and_then(|neighbor| neighbor.last_sent.clone());
        if let Some(last) = last {
            self.send_description(cx, id, last);
        }
    }

    /// Takes a description that fits, and goes on.
    fn take_description(
        &mut self,
        cx: &Cx<'_>,
        id: InterfaceId,
        got: &DatabaseDescription,
        described: Described,
    ) {
        if got.lsa_headers.iter().any(|header| !is_known(header.ls_type)) {
            return self.mismatch(cx, id);
        }
        let missing: Vec<_> = got
            .lsa_headers
            .iter()
            .filter(|header| {
                let own = self.database.header(cx.now, &Key::of(header));
                own.is_none_or(|own| newer(header, &own).is_gt())
            })
            .copied()
            .collect();
        let room = self.room(id, LSA_HEADER);
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let mtu = interface.config.mtu;
        let Some(neighbor) = &mut interface.neighbor else { return };
        neighbor.last_received = Some(described);
        neighbor.requests.extend(missing.into_iter().map(|header| (Key::of(&header), header)));
        let sent_all = neighbor.last_sent.as_ref().is_some_and(|sent| !sent.has(DatabaseDescription::M));
        let has_more = got.has(DatabaseDescription::M);
        if neighbor.is_master {
            neighbor.sequence = neighbor.sequence.wrapping_add(1);
            if sent_all && !has_more {
                self.deadlines.stop(&Reason::Description(id));
                return self.happens(cx, id, NeighborEvent::ExchangeDone);
            }
        } else {
            neighbor.sequence = got.dd_sequence_number;
        }
        let count = room.min(neighbor.summary.len());
        let lsa_headers: Vec<_> = neighbor.summary.drain(..count).collect();
        let is_last = neighbor.summary.is_empty();
        let mut flags = if neighbor.is_master { DatabaseDescription::MS } else { 0 };
        if !is_last {
            flags |= DatabaseDescription::M;
        }
        let is_slave = !neighbor.is_master;
        let description = DatabaseDescription {
            interface_mtu: mtu,
            options: Options(Options::E),
            flags,
            dd_sequence_number: neighbor.sequence,
            lsa_headers,
        };
        self.send_description(cx, id, description);
        if is_slave && is_last && !has_more {
            self.happens(cx, id, NeighborEvent::ExchangeDone);
        }
        self.ask_if_idle(cx, id);
    }

    /// Asks during the exchange too, one packet at a time (section 10.9).
    fn ask_if_idle(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let neighbor =
            self.interfaces.get(&id).and_then(|interface| interface.neighbor_from(State::Exchange));
        if neighbor.is_some_and(|neighbor| neighbor.asked.is_empty() && !neighbor.requests.is_empty()) {
            self.ask(cx, id);
        }
    }

    /// All has been described: what was asked for during the exchange is waited for, and the rest is asked for.
    pub(super) fn load(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let neighbor = self.interfaces.get(&id).and_then(|interface| interface.neighbor.as_ref());
        if neighbor.is_some_and(|neighbor| neighbor.asked.is_empty()) {
            self.ask(cx, id);
        }
    }

    /// Asks for what is missing (OSPF-2328-10.9-a), or says that nothing is.
    pub(super) fn ask(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let room = self.room(id, ENTRY);
        let Some(interface) = self.interfaces.get_mut(&id) else { return };
        let wait = interface.config.retransmission;
        let Some(neighbor) = interface.neighbor.as_mut().filter(|neighbor| neighbor.state >= State::Exchange)
        else {
            return;
        };
        neighbor.asked = neighbor.requests.keys().take(room).copied().collect();
        if neighbor.asked.is_empty() {
            self.deadlines.stop(&Reason::Request(id));
            return self.happens(cx, id, NeighborEvent::LoadingDone);
        }
        let entry = |key: &Key| LinkStateRequestEntry {
            ls_type: key.ls_type.number().into(),
            link_state_id: key.link_state_id,
            advertising_router: key.advertising_router,
        };
        let entries = neighbor.asked.iter().map(entry).collect();
        self.send(id, Body::LinkStateRequest(LinkStateRequest { entries }));
        self.deadlines.set(Reason::Request(id), cx.now + wait);
    }

    /// A request (OSPF-2328-10.7-a).
    pub(super) fn on_request(&mut self, cx: &Cx<'_>, id: InterfaceId, request: &LinkStateRequest) {
        let found: Option<Vec<Lsa>> = request
            .entries
            .iter()
            .map(|entry| {
                let key = Key {
                    ls_type: LsType::from_number(u8::try_from(entry.ls_type).ok()?),
                    link_state_id: entry.link_state_id,
                    advertising_router: entry.advertising_router,
                };
                self.database.entries.get(&key).map(|entry| entry.aged(cx.now))
            })
            .collect();
        match found {
            Some(lsas) => self.send_update(id, lsas),
            None => {
                self.rejected(id, Violation::UnknownLsa);
                self.happens(cx, id, NeighborEvent::BadLsReq);
            }
        }
    }

    /// An LSA has come from the neighbour. An older instance than the one that was described is no answer (section 13.3 step
    /// 1b).
    pub(super) fn on_answered(&mut self, cx: &Cx<'_>, id: InterfaceId, got: &LsaHeader) {
        let Some(neighbor) = self.interfaces.get_mut(&id).and_then(|interface| interface.neighbor.as_mut())
        else {
            return;
        };
        let key = &Key::of(got);
        if neighbor.requests.get(key).is_none_or(|wanted| newer(got, wanted).is_lt()) {
            return;
        }
        if neighbor.has_come(key) && neighbor.state >= State::Exchange {
            self.ask_or_finish(cx, id);
        }
    }

    /// The neighbour has answered all that it was asked: the next packet of requests, or the end of them.
    fn ask_or_finish(&mut self, cx: &Cx<'_>, id: InterfaceId) {
        let neighbor = self.interfaces.get(&id).and_then(|interface| interface.neighbor.as_ref());
        let is_loading = neighbor.is_some_and(|neighbor| neighbor.state == State::Loading);
        let has_requests = neighbor.is_some_and(|neighbor| !neighbor.requests.is_empty());
        if is_loading || has_requests {
            self.ask(cx, id);
        } else {
            self.deadlines.stop(&Reason::Request(id));
        }
    }

    /// Sends LSAs, each with its age raised by `InfTransDelay` (OSPF-2328-13.3-a), in packets that fit.
    pub(super) fn send_update(&mut self, id: InterfaceId, lsas: Vec<Lsa>) {
        let Some(interface) = self.interfaces.get(&id) else { return };
        let delay = u16::try_from(interface.config.transmission_delay.as_secs()).unwrap_or(1).max(1);
        let room = usize::from(interface.config.mtu.saturating_sub(HEADERS));
        let mut packet: Vec<Lsa> = Vec::new();
        let mut used = 0_usize;
        for mut lsa in lsas {
            let length = usize::from(lsa.header.length);
            if !packet.is_empty() && used.saturating_add(length) > room {
                let lsas = core::mem::take(&mut packet);
                self.send(id, Body::LinkStateUpdate(LinkStateUpdate { lsas }));
                used = 0;
            }
            lsa.header.ls_age = lsa.header.ls_age.saturating_add(delay).min(MAX_AGE);
            used = used.saturating_add(length);
            packet.push(lsa);
        }
        if !packet.is_empty() {
            self.send(id, Body::LinkStateUpdate(LinkStateUpdate { lsas: packet }));
        }
    }
}
