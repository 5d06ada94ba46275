//! L2TP: control messages with their AVPs, Hellos, retransmissions.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use l2tpspec_protocol::codec::{Codec as _, Writer};
use l2tpspec_protocol::l2tp::wire::{ControlMessage, MessageType};

use super::super::flat::Flat;
use super::super::note::Notebook;
use super::super::timing::{Copies, Measure, Periodic};
use super::{Ends, Heard};
use crate::scenario::vocabulary::normalised;
use crate::transcript::Layer;
use crate::transcript::connection::Role;

/// Wireshark's name of the layer.
pub(super) const LAYER: &str = "l2tp";

/// What is remembered of L2TP.
#[derive(Debug, Default)]
pub(super) struct L2tp {
    copies: Copies,
    hellos: Ends<Periodic>,
    /// When each end last sent a control message: that is what a Hello is sent for want of.
    heard: Heard,
    is_up: bool,
}

impl L2tp {
    pub(super) fn turn(&mut self) {
        self.hellos.turn();
        self.heard.turn();
    }

    pub(super) const fn hellos(&self, role: Role) -> &Periodic {
        self.hellos.of(role)
    }

    /// There is occasion for a Hello.
    pub(super) fn occasion(&mut self, role: Role, now: i64, silence: i64) {
        if self.is_up {
            self.hellos.of_mut(role).occasion(now, silence);
        }
    }

    /// Looks at a message. Whether it begins a tunnel or a call.
    pub(super) fn see(
        &mut self,
        message: &ControlMessage,
        layer: &Layer,
        now: i64,
        book: &mut Notebook<'_>,
    ) -> bool {
        let silence = self.heard.silence(!book.by, now);
        if !message.is_zlb() {
            *self.heard.of_mut(book.by) = Some(now);
        }
        let Some(kind) = message.message_type() else { return false };
        let (is_copy, left) = self.copies.see(digest(message), book.by, now, book.frame);
        if let Some((by, again, _)) = left {
            book.timed(by, LAYER, "retransmission", Measure::Again(again));
        }
        if is_copy {
            return false;
        }
        match kind {
            MessageType::Hello => self.hellos.of_mut(book.by).done(now, silence, book.frame),
            MessageType::StartControlConnectionConnected => self.is_up = true,
            MessageType::StopControlConnectionNotification => self.is_up = false,
            _ => {}
        }
        let name = normalised(&kind.to_string());
        let carrier = book.message(LAYER, &name);
        let flat = Flat::of(layer);
        let parts = || flat.parts.iter().filter(|part| part.name != "message_type");
        for part in parts() {
            book.part(carrier, &part.name, &part.value());
            // Where the AVP is absent, nothing is known of its flags.
            for flag in ["mandatory", "hidden"] {
                let field = format!("{name}.{}.{flag}", part.name);
                book.alone(LAYER, &field, part.field(flag).unwrap_or("false"));
            }
        }
        let order: Vec<&str> = parts().map(|part| part.name.as_str()).collect();
        book.part(carrier, "order", &order.join("; "));
        matches!(kind, MessageType::StartControlConnectionRequest | MessageType::IncomingCallRequest)
    }

    /// What is still remembered when the recording ends.
    pub(super) fn schedules(&mut self) -> (bool, Vec<(Role, Vec<i64>, u64)>) {
        (self.copies.is_any, self.copies.end())
    }
}

/// What copies of a message have in common: all but Nr (RFC 2661 section 5.8).
fn digest(message: &ControlMessage) -> u64 {
    let mut message = message.clone();
    if let Some(sequence) = &mut message.header.sequence {
        sequence.nr = 0;
    }
    let mut w = Writer::new();
    message.encode(&mut w);
    let mut hasher = DefaultHasher::new();
    w.into_octets().unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
