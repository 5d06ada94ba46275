//! The data path: headers of data messages taken off and put on in place (RFC 2661 sections 3.1 and 5.4).

use core::fmt;

use super::event::{Path, SessionId, TunnelId};
use super::layer::L2tp;
use super::violation::Violation;
use super::wire::DataHeader;
use crate::packet::Packet;
use crate::time::Instant;

/// Why a data message is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It breaks a rule.
    Violation(Violation),
    /// Its session is not up (L2TP-2661-5.0-a).
    NotUp,
    /// Its number is not above that of the message delivered last (L2TP-2661-5.4-c).
    OutOfOrder,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => violation.fmt(f),
            Self::NotUp => f.write_str("message for a session that is not up"),
            Self::OutOfOrder => f.write_str("message that is not above the one delivered last"),
        }
    }
}

/// The numbers of the data of a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbering {
    /// Whether we number what we send.
    pub(super) is_on: bool,
    /// Whether that was agreed on and does not follow the peer (L2TP-2661-4.4.4-b).
    pub(super) is_required: bool,
    next: u16,
    /// The number expected next of the peer.
    expected: u16,
}

impl Numbering {
    /// Numbers that begin at 0.
    pub(super) const fn new(is_on: bool) -> Self {
        Self { is_on, is_required: false, next: 0, expected: 0 }
    }
}

impl L2tp {
    /// Takes the header off a data message and says whose session it is. What is left in `packet` is the PPP frame.
    ///
    /// # Errors
    /// Why the message is dropped.
    pub fn data_from_below(
        &mut self,
        now: Instant,
        path: Path,
        packet: &mut Packet,
    ) -> Result<SessionId, Dropped> {
        let (header, payload) =
            DataHeader::decode(packet.octets()).map_err(|malformed| Dropped::Violation(malformed.into()))?;
        let id = TunnelId(header.tunnel_id);
        let tunnel = self.tunnels.get_mut(&id).ok_or(Dropped::Violation(Violation::NoSuchTunnel(id.0)))?;
        if !tunnel.is_of(path) {
            return Err(Dropped::Violation(Violation::AnotherPath));
        }
        tunnel.heard = now;
        let no_session = Dropped::Violation(Violation::NoSuchSession(header.session_id));
        let session = tunnel.sessions.get_mut(&header.session_id).ok_or(no_session)?;
        if !session.is_up() {
            return Err(Dropped::NotUp);
        }
        let numbering = &mut session.numbering;
        match header.sequence {
            Some(sequence) => {
                // L2TP-2661-5.4-a
                numbering.is_on = true;
                if sequence.ns.wrapping_sub(numbering.expected) >= 0x8000 {
                    return Err(Dropped::OutOfOrder);
                }
                numbering.expected = sequence.ns.wrapping_add(1);
            }
            None if !numbering.is_required && !self.config.data.is_numbered => numbering.is_on = false,
            None => {}
        }
        let short = Dropped::Violation(Violation::NotControl);
        packet.narrow(payload).ok_or(short)?;
        Ok(SessionId { tunnel: id, session: header.session_id })
    }

    /// Puts the header of a session before a PPP frame and says where it goes. `None` if the session is not up.
    pub fn data_from_above(&mut self, session: SessionId, packet: &mut Packet) -> Option<Path> {
        let habit = self.config.data;
        let tunnel = self.tunnels.get_mut(&session.tunnel)?;
        let peer_tunnel = tunnel.peer_id;
        let path = tunnel.path;
        let session = tunnel.sessions.get_mut(&session.session)?;
        if !session.is_up() {
            return None;
        }
        if let Some(pad) = habit.offset_size {
            for _ in 0..pad {
                packet.prepend(&[0]);
            }
            packet.prepend(&pad.to_be_bytes());
        }
        let mut flags = 0x0002_u16;
        if habit.offset_size.is_some() {
            flags |= 0x0200;
        }
        if session.numbering.is_on {
            // Nr means nothing in data (L2TP-2661-3.1-e).
            packet.prepend(&[0, 0]);
            packet.prepend(&session.numbering.next.to_be_bytes());
            session.numbering.next = session.numbering.next.wrapping_add(1);
            flags |= 0x0800;
        }
        packet.prepend(&session.peer_id.to_be_bytes());
        packet.prepend(&peer_tunnel.to_be_bytes());
        if habit.has_length {
            let length = u16::try_from(packet.len().saturating_add(4)).ok()?;
            packet.prepend(&length.to_be_bytes());
            flags |= 0x4000;
        }
        packet.prepend(&flags.to_be_bytes());
        Some(path)
    }
}
