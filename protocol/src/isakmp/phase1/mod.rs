//! Phase 1: an ISAKMP SA by Main Mode or Aggressive Mode with a pre-shared key (RFC 2409 sections 5.1 and 5.4).
//!
//! Each step takes the message that its state waits for and gives the next state, or leaves everything as it was.

mod aggressive_mode;
mod main_mode;
mod shared;

pub(super) use shared::{
    Fault, Keyed, Next, Own, Peer, Stage, Terms, draw_own, hash_of, key_exchange, nonce_of, notify, public_of,
};

use super::event::Role;
use super::wire::{ExchangeType, Sealed};
use crate::cx::Cx;

/// Begins an exchange as its initiator. The first message.
pub(super) fn begin(cx: &mut Cx<'_>, terms: &Terms<'_>, peer: &mut Peer) -> Result<Next, Fault> {
    if peer.exchange == ExchangeType::Aggressive {
        aggressive_mode::begin(cx, terms, peer)
    } else {
        main_mode::begin(terms, peer)
    }
}

/// Takes a message of phase 1.
pub(super) fn on_message(
    cx: &mut Cx<'_>,
    terms: &Terms<'_>,
    peer: &mut Peer,
    stage: &Stage,
    sealed: &Sealed,
) -> Result<Next, Fault> {
    match (peer.exchange, peer.role) {
        (ExchangeType::Aggressive, Role::Initiator) => {
            aggressive_mode::initiator(cx, terms, peer, stage, sealed)
        }
        (ExchangeType::Aggressive, Role::Responder) => {
            aggressive_mode::responder(cx, terms, peer, stage, sealed)
        }
        (_main, Role::Initiator) => main_mode::initiator(cx, terms, peer, stage, sealed),
        (_main, Role::Responder) => main_mode::responder(cx, terms, peer, stage, sealed),
    }
}
