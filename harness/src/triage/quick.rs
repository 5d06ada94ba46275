//! One Quick Mode (RFC 2409 section 5.5).

use l2tpspec_protocol::isakmp::wire::{Body, ProtocolId};

use super::ike::Message;
use super::mark::{Both, Frames, Mark, Side};
use super::offer;
use super::phase1::{Cookie, Refusal};

/// One Quick Mode. Without keys, its messages are told by who sent them and by their digests.
#[derive(Debug)]
pub(super) struct Quick {
    pub(super) cookie: Cookie,
    pub(super) id: u32,
    pub(super) initiator: Side,
    pub(super) begin: Mark,
    /// Messages seen, copies included.
    pub(super) messages: u64,
    pub(super) first: Frames,
    first_digest: u64,
    pub(super) second: Frames,
    pub(super) third: Frames,
    pub(super) completed: Option<Mark>,
    pub(super) offered: Vec<String>,
    pub(super) chosen: Option<String>,
    /// The identities that stand for the traffic, the initiator's first.
    pub(super) selectors: Vec<String>,
    pub(super) has_key_exchange: bool,
    /// The SPI that each end chose.
    pub(super) spis: Both<Option<u32>>,
    pub(super) unreadable: Frames,
    pub(super) refusals: Vec<Refusal>,
}

impl Quick {
    pub(super) fn new(message: &Message<'_>) -> Self {
        Self {
            cookie: message.cookie(),
            id: message.isakmp.header.message_id,
            initiator: message.side,
            begin: message.mark,
            messages: 0,
            first: Frames::default(),
            first_digest: message.isakmp.digest,
            second: Frames::default(),
            third: Frames::default(),
            completed: None,
            offered: Vec::new(),
            chosen: None,
            selectors: Vec::new(),
            has_key_exchange: false,
            spis: Both::default(),
            unreadable: Frames::default(),
            refusals: Vec::new(),
        }
    }

    pub(super) fn see(&mut self, message: &Message<'_>) {
        let Message { side, mark, .. } = *message;
        self.messages += 1;
        let is_initiator = side == self.initiator;
        if !is_initiator {
            self.second.note(mark);
        } else if message.isakmp.digest == self.first_digest {
            self.first.note(mark);
        } else {
            self.third.note(mark);
        }
        if !self.second.is_empty() && !self.third.is_empty() {
            self.completed.get_or_insert(mark);
        }
        for body in message.bodies() {
            match body {
                Body::SecurityAssociation(sa) => {
                    if is_initiator && self.offered.is_empty() {
                        self.offered = offer::transforms(sa);
                    } else if !is_initiator && self.chosen.is_none() {
                        self.chosen = offer::transforms(sa).into_iter().next();
                    }
                    let esp = sa.proposals.iter().find(|proposal| proposal.protocol == ProtocolId::Esp);
                    if let Some(spi) = esp.and_then(|esp| <[u8; 4]>::try_from(esp.spi.as_slice()).ok()) {
                        self.spis[side].get_or_insert_with(|| u32::from_be_bytes(spi));
                    }
                }
                Body::Identification(id) if is_initiator && self.selectors.len() < 2 => {
                    self.selectors.push(offer::identity(id));
                }
                Body::KeyExchange(_) if is_initiator => self.has_key_exchange = true,
                Body::Notification(notification)
                    if (1..8192).contains(&notification.notify_type.number()) =>
                {
                    self.refusals.push(Refusal { side, frame: mark.frame, notify: notification.notify_type });
                }
                _ => {}
            }
        }
    }
}
