//! Takes notes of one connection, entry by entry. What is kept does not grow with the length of the recording.

mod closing;
mod ike;
mod l2tp;
mod ospf;
mod packet;
mod ppp;

use std::net::IpAddr;

use l2tpspec_protocol::isakmp::wire::Body;
use l2tpspec_protocol::l2tp::wire::MessageType;
use l2tpspec_protocol::ppp::control::Code;
use l2tpspec_protocol::ppp::{Control, chap, pap};

use super::note::{Notebook, Notes, Words};
use super::relation::Relations;
use super::timing::Periodic;
use crate::rule::Seen;
use crate::scenario::message::Namer;
use crate::transcript::Layer;
use crate::transcript::connection::{Connection, Role};
use crate::transcript::layer::UdpEncap;
use crate::triage::{Mark, Outcome, Triage};

/// One value for each end.
#[derive(Debug, Default)]
struct Ends<T> {
    client: T,
    supernode: T,
}

impl<T> Ends<T> {
    const fn of(&self, role: Role) -> &T {
        match role {
            Role::Client => &self.client,
            Role::Supernode => &self.supernode,
        }
    }

    const fn of_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Client => &mut self.client,
            Role::Supernode => &mut self.supernode,
        }
    }

    fn turn(&mut self) {
        std::mem::swap(&mut self.client, &mut self.supernode);
    }
}

/// When each end was heard last.
type Heard = Ends<Option<i64>>;

impl Heard {
    /// How long an end has been silent.
    fn silence(&self, role: Role, now: i64) -> i64 {
        self.of(role).map_or(0, |heard| now - heard)
    }
}

/// Watches one connection.
#[derive(Debug, Default)]
pub(super) struct Observer {
    notes: Notes,
    /// Who the client was taken for.
    client: Option<IpAddr>,
    triage: Triage,
    relations: Relations,
    heard: Heard,
    ike: ike::Ike,
    l2tp: l2tp::L2tp,
    ppp: ppp::Ppp,
    ospf: ospf::Ospf,
    packets: packet::Packets,
    keepalive: Ends<Periodic>,
    /// When somebody last said that it goes no further.
    refused: Option<i64>,
    /// What was said tells that the ends are the other way round than they were taken for.
    is_turned: bool,
    /// Something was said that only one of the ends says.
    is_told: bool,
}

/// What is known of one connection when the recording has ended.
#[derive(Debug)]
pub struct Observed {
    /// What was noted.
    pub notes: Notes,
    /// How far it got.
    pub outcome: Outcome,
}

impl Observer {
    /// Looks at the next entry of the connection.
    pub(super) fn see(&mut self, seen: &Seen<'_>, namer: &mut Namer, words: &mut Words) {
        self.triage.see(seen);
        let Some(mut by) = seen.sender else { return };
        if self.client != seen.connection.client {
            if self.client.is_some() {
                self.turn();
            }
            self.client = seen.connection.client;
        }
        if !seen.connection.is_known()
            && let Some(told) = seen.layers.iter().find_map(sender)
        {
            self.is_told = true;
            if told != (if self.is_turned { !by } else { by }) {
                self.turn();
                self.is_turned = !self.is_turned;
            }
        }
        self.is_turned &= !seen.connection.is_known();
        if self.is_turned {
            by = !by;
        }
        self.relations.see(seen);
        let (now, frame) = (seen.entry.time, seen.entry.frame);
        let notes = &mut self.notes;
        let mut book = Notebook { words, notes, by, frame };
        for role in [Role::Client, Role::Supernode] {
            let silence = self.heard.silence(!role, now);
            self.ike.occasion(role, now, silence);
            self.l2tp.occasion(role, now, silence);
            self.ppp.occasion(role, now, silence);
        }
        let mut is_control = false;
        if seen.layers.iter().any(refuses) {
            self.refused = Some(now);
        }
        for (at, layer) in seen.layers.iter().enumerate() {
            match layer {
                Layer::UdpEncap(what) => encapsulated(&mut self.keepalive, &self.heard, *what, &book, now),
                Layer::Isakmp(message) => {
                    let name = namer.name(seen.entry, by);
                    let silence = self.heard.silence(!by, now);
                    self.ike.see(message, &name, now, silence, &mut book);
                    is_control = true;
                }
                Layer::Esp(packet) => self.packets.esp(packet, &mut book),
                Layer::L2tpControl(message) => {
                    if self.l2tp.see(message, layer, now, &mut book) {
                        self.ppp.begin_anew(&mut book);
                    }
                    self.ppp.ends(message);
                    is_control = true;
                }
                Layer::L2tpData(header) => {
                    let carried = seen.layers.get(at + 1..).unwrap_or_default();
                    self.packets.data(header, carried, &mut book);
                }
                Layer::Ppp(header) => self.packets.framing(header, &mut book),
                Layer::PppControl(control) => {
                    let silence = self.heard.silence(!by, now);
                    self.ppp.see(control, layer, now, silence, &mut book);
                    is_control = true;
                    break;
                }
                Layer::Ospf(packet) => {
                    self.ospf.see(packet, layer, now, &mut book);
                    is_control = true;
                }
                Layer::Icmp(icmp) if icmp.quotes() => {
                    packet::too_big(icmp, &mut book);
                    break;
                }
                Layer::Ip(header) => self.packets.inner(header, &mut book),
                Layer::Tcp(header) => self.packets.segment(header, &mut book),
                _ => {}
            }
        }
        if !is_control {
            self.packets.outer(seen.entry, &mut book);
        }
        *self.heard.of_mut(by) = Some(now);
    }

    /// The ends turn out to be the other way round.
    fn turn(&mut self) {
        self.notes.turn();
        self.heard.turn();
        self.keepalive.turn();
        self.ike.turn();
        self.l2tp.turn();
        self.ppp.turn();
        self.ospf.turn();
        self.packets = packet::Packets::default();
    }

    /// What is known when the recording has ended at `end`; `None` if nothing of it could be judged.
    pub(super) fn end(mut self, connection: &Connection, end: Mark, words: &mut Words) -> Option<Observed> {
        let outcome = std::mem::take(&mut self.triage).end(connection, end)?;
        self.close(&outcome, end, words);
        // Of ends that may be the other way round, nothing can be compared.
        if !connection.is_known() && !self.is_told {
            self.notes = Notes::default();
        }
        Some(Observed { notes: self.notes, outcome })
    }
}

/// Keepalives, which silence of the sender itself brings about.
fn encapsulated(
    keepalive: &mut Ends<Periodic>,
    heard: &Heard,
    what: UdpEncap,
    book: &Notebook<'_>,
    now: i64,
) {
    for role in [Role::Client, Role::Supernode] {
        keepalive.of_mut(role).occasion(now, heard.silence(role, now));
    }
    if what == UdpEncap::Keepalive {
        keepalive.of_mut(book.by).done(now, heard.silence(book.by, now), book.frame);
    }
}

/// Whether a message ends what was begun, so that nobody waits for more.
fn refuses(layer: &Layer) -> bool {
    /// The first notification that is no error (RFC 2408 section 3.14.1).
    const STATUS: u16 = 16_384;
    match layer {
        Layer::Isakmp(message) => message.payloads.iter().any(
            |payload| matches!(&payload.body, Body::Notification(told) if told.notify_type.number() < STATUS),
        ),
        Layer::L2tpControl(message) => matches!(
            message.message_type(),
            Some(MessageType::StopControlConnectionNotification | MessageType::CallDisconnectNotify)
        ),
        Layer::PppControl(control) => match &**control {
            Control::Lcp(packet) => packet.code == Code::TerminateRequest,
            Control::Chap(packet) => packet.code == chap::Code::Failure,
            Control::Pap(packet) => packet.code == pap::Code::AuthenticateNak,
            _ => false,
        },
        _ => false,
    }
}

/// Who sends what only one of the ends sends.
fn sender(layer: &Layer) -> Option<Role> {
    match layer {
        Layer::L2tpControl(message) => match message.message_type()? {
            MessageType::StartControlConnectionReply | MessageType::IncomingCallReply => {
                Some(Role::Supernode)
            }
            MessageType::StartControlConnectionConnected
            | MessageType::IncomingCallRequest
            | MessageType::IncomingCallConnected => Some(Role::Client),
            _ => None,
        },
        Layer::PppControl(control) => match &**control {
            Control::Chap(packet) if packet.code == chap::Code::Response => Some(Role::Client),
            Control::Chap(_) => Some(Role::Supernode),
            Control::Pap(packet) if packet.code == pap::Code::AuthenticateRequest => Some(Role::Client),
            Control::Pap(_) => Some(Role::Supernode),
            _ => None,
        },
        _ => None,
    }
}
