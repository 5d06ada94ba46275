//! Public values and nonces.

use std::collections::BTreeMap;
use std::net::IpAddr;

use l2tpspec_protocol::isakmp::wire::{ExchangeType, Group, Phase1Class, Phase2Class};

use super::judge::Copies;
use super::message::Message;
use super::negotiation::{Negotiations, Phase1, number};
use crate::rule::{Report, Rule, Seen};

/// Nonces remembered of one connection.
const MAX_NONCES: usize = 1024;
/// Shorter nonces are IKE-2409-5-d's business.
const MIN_NONCE: usize = 8;
const MAX_NONCE: usize = 256;

/// The group that a message's public value belongs to.
fn group(message: &Message<'_>, known: &Negotiations) -> Option<Group> {
    let number = if message.is(ExchangeType::QuickMode) {
        let sa = message.sa()?;
        let mut groups = sa
            .proposals
            .iter()
            .flat_map(|proposal| &proposal.transforms)
            .filter_map(|transform| number(transform, Phase2Class::GroupDescription.number()));
        let first = groups.next()?;
        groups.all(|group| group == first).then_some(first)?
    } else if message.is(ExchangeType::Aggressive) {
        Phase1::of_all(message.sa()?, Phase1Class::GroupDescription)?
    } else if message.is(ExchangeType::IdentityProtection) {
        known.phase1.chosen(Phase1Class::GroupDescription)?
    } else {
        return None;
    };
    Some(Group::from_number(number))
}

/// Octets of a public value of a group of integers.
fn modulus(group: Group) -> Option<usize> {
    Some(match group {
        Group::Modp768 => 96,
        Group::Modp1024 | Group::Modp1024S160 => 128,
        Group::Modp1536 => 192,
        Group::Modp2048 | Group::Modp2048S224 | Group::Modp2048S256 => 256,
        Group::Modp3072 => 384,
        Group::Modp4096 => 512,
        Group::Modp6144 => 768,
        Group::Modp8192 => 1024,
        _ => return None,
    })
}

/// Octets of both coordinates of a point.
fn coordinates(group: Group) -> Option<usize> {
    match group {
        Group::Ecp256 => Some(64),
        Group::Ecp384 => Some(96),
        Group::Ecp521 => Some(132),
        _ => None,
    }
}

fn length(
    message: &Message<'_>,
    known: &Negotiations,
    report: &mut Report<'_>,
    wanted: fn(Group) -> Option<usize>,
) {
    let (Some(value), Some(group)) = (message.key_exchange(), group(message, known)) else { return };
    if let Some(wanted) = wanted(group)
        && value.len() != wanted
    {
        let text = format!("sent a KE value of {} octets for group {group}; expected {wanted}", value.len());
        message.violation(report, text);
    }
}

/// A public value is as long as the modulus (IKE-2409-5-c).
pub(super) fn modulus_length(message: &Message<'_>, known: &Negotiations, report: &mut Report<'_>) {
    length(message, known, report, modulus);
}

/// A public value of an elliptic curve is both coordinates (CRYP-5903-7-a).
pub(super) fn coordinates_length(message: &Message<'_>, known: &Negotiations, report: &mut Report<'_>) {
    length(message, known, report, coordinates);
}

/// A nonce has 8 to 256 octets (IKE-2409-5-d).
pub(super) fn nonce_length(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if let Some(nonce) = message.nonce()
        && !(MIN_NONCE..=MAX_NONCE).contains(&nonce.len())
    {
        message.violation(report, format!("sent a nonce of {} octets; expected 8 to 256", nonce.len()));
    }
}

/// Each nonce is fresh (ISAKMP-2408-5.13-a).
#[derive(Debug, Default)]
pub(super) struct FreshNonces {
    seen: BTreeMap<Vec<u8>, (Exchange, u64)>,
    copies: Copies,
}

/// Whose nonce it is: initiator's cookie, Message ID, sender.
type Exchange = ([u8; 8], u32, Option<IpAddr>);

impl Rule for FreshNonces {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let Some(message) = Message::of(seen) else { return };
        if !self.copies.is_new(message.isakmp.digest) || message.flow.is_none() {
            return;
        }
        let Some(nonce) = message.nonce().filter(|nonce| nonce.len() >= MIN_NONCE) else { return };
        let header = message.header();
        let exchange = (header.initiator_cookie, header.message_id, message.source());
        match self.seen.get(nonce) {
            Some((before, frame)) if *before != exchange => {
                message.violation(
                    report,
                    format!("sent the nonce of frame {frame} again; expected a fresh one"),
                );
            }
            Some(_) => {}
            None if self.seen.len() < MAX_NONCES => {
                self.seen.insert(nonce.to_vec(), (exchange, message.seen.entry.frame));
            }
            None => {}
        }
    }
}
