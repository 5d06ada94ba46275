//! What phase 1 and the Quick Modes of an ISAKMP SA offered and chose.

use std::collections::BTreeMap;
use std::net::IpAddr;

use l2tpspec_protocol::crypto::hash::Hash;
use l2tpspec_protocol::isakmp::wire::{
    Attribute, AuthenticationMethod, ExchangeType, Form, Id, Phase1Class, ProtocolId, Sa, Transform,
};

use super::judge::Memory;
use super::message::{Message, Side};

/// Quick Modes remembered of one ISAKMP SA.
const MAX_QUICK_MODES: usize = 32;

/// The value of an attribute without leading zeros, which the short and the long form share (IKE-2409-5-f).
pub(super) fn value(attribute: &Attribute) -> Vec<u8> {
    let octets = match &attribute.form {
        Form::Basic(value) => value.to_be_bytes().to_vec(),
        Form::Variable(octets) => octets.clone(),
    };
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets[zeros..].to_vec()
}

/// The attributes of a transform, comparable whatever their order and form.
pub(super) fn attributes(transform: &Transform) -> Vec<(u16, Vec<u8>)> {
    let mut all: Vec<_> =
        transform.attributes.iter().map(|attribute| (attribute.class, value(attribute))).collect();
    all.sort();
    all
}

/// The value of an attribute that is a small number.
pub(in crate::rule) fn number(transform: &Transform, class: u16) -> Option<u16> {
    u16::try_from(transform.attribute(class)?.value_u64()?).ok()
}

/// What phase 1 negotiated.
#[derive(Debug, Default)]
pub(in crate::rule) struct Phase1 {
    /// The initiator's offer.
    pub(super) offer: Option<Sa>,
    /// There were several that differ, so that nobody can tell which one was answered.
    is_ambiguous: bool,
    /// What the responder chose.
    pub(super) chosen: Option<Transform>,
}

impl Memory for Phase1 {
    fn learn(&mut self, message: &Message<'_>) {
        let (true, Some(sa)) = (message.negotiates_phase1() && message.is_whole(), message.sa()) else {
            return;
        };
        if message.is_opening() {
            if self.offer.as_ref().is_some_and(|offer| offer != sa) {
                self.is_ambiguous = true;
            }
            self.offer = if self.is_ambiguous { None } else { Some(sa.clone()) };
        } else if message.side == Some(Side::Responder)
            && let [proposal] = sa.proposals.as_slice()
            && let [transform] = proposal.transforms.as_slice()
        {
            self.chosen = Some(transform.clone());
        }
    }
}

impl Phase1 {
    /// An attribute of the chosen transform.
    pub(super) fn chosen(&self, class: Phase1Class) -> Option<u16> {
        number(self.chosen.as_ref()?, class.number())
    }

    /// An attribute that is the same in all transforms of an offer.
    pub(super) fn of_all(sa: &Sa, class: Phase1Class) -> Option<u16> {
        let mut values = sa
            .proposals
            .iter()
            .flat_map(|proposal| &proposal.transforms)
            .map(|transform| number(transform, class.number()));
        let first = values.next()??;
        values.all(|value| value == Some(first)).then_some(first)
    }

    /// The negotiated hash.
    pub(super) fn hash(&self) -> Option<Hash> {
        Hash::from_phase1(self.chosen(Phase1Class::HashAlgorithm)?)
    }

    /// Octets in a block of the negotiated cipher.
    pub(super) fn block(&self) -> Option<usize> {
        match self.chosen(Phase1Class::EncryptionAlgorithm)? {
            1..=6 => Some(8),
            7 | 8 => Some(16),
            _ => None,
        }
    }

    /// Whether the peers authenticate by a pre-shared key alone.
    pub(super) fn is_pre_shared_key(&self) -> bool {
        self.chosen(Phase1Class::AuthenticationMethod) == Some(AuthenticationMethod::PreSharedKey.number())
    }
}

/// One Quick Mode.
#[derive(Debug)]
pub(in crate::rule) struct QuickMode {
    /// Who began it, and in which frame.
    pub(super) from: Option<IpAddr>,
    pub(super) frame: u64,
    /// What it offered.
    pub(super) offer: Sa,
    /// The client identities of its first message.
    pub(super) ids: Vec<Id>,
    /// What was chosen.
    pub(super) answer: Option<Sa>,
}

impl QuickMode {
    /// What it offered.
    pub(in crate::rule) const fn offer(&self) -> &Sa {
        &self.offer
    }

    /// The SPIs of ESP that both sides announced first.
    pub(super) fn spis(&self) -> Option<[&[u8]; 2]> {
        Some([spi(&self.offer)?, spi(self.answer.as_ref()?)?])
    }
}

/// The SPI that an SA payload announces first for ESP.
pub(super) fn spi(sa: &Sa) -> Option<&[u8]> {
    let esp = sa.proposals.iter().find(|proposal| proposal.protocol == ProtocolId::Esp)?;
    Some(esp.spi.as_slice())
}

/// The Quick Modes of one ISAKMP SA that could be read, by Message ID.
#[derive(Debug, Default)]
pub(in crate::rule) struct QuickModes(BTreeMap<u32, QuickMode>);

impl Memory for QuickModes {
    fn learn(&mut self, message: &Message<'_>) {
        let (true, Some(sa)) = (message.is(ExchangeType::QuickMode), message.sa()) else { return };
        let id = message.header().message_id;
        match self.0.get_mut(&id) {
            Some(quick_mode) if quick_mode.from != message.source() => {
                quick_mode.answer = Some(sa.clone());
            }
            Some(_) => {}
            None => {
                if self.0.len() == MAX_QUICK_MODES {
                    self.0.pop_first();
                }
                let ids = message.ids().into_iter().cloned().collect();
                let (from, frame) = (message.source(), message.seen.entry.frame);
                self.0.insert(id, QuickMode { from, frame, offer: sa.clone(), ids, answer: None });
            }
        }
    }
}

impl QuickModes {
    /// The Quick Mode with a message's Message ID, as far as it was seen before.
    pub(super) fn find(&self, message: &Message<'_>) -> Option<&QuickMode> {
        self.0.get(&message.header().message_id)
    }

    /// The Quick Mode that a message answers; `None` if it begins one.
    pub(in crate::rule) fn answered_by(&self, message: &Message<'_>) -> Option<&QuickMode> {
        if !message.is(ExchangeType::QuickMode) {
            return None;
        }
        self.0.get(&message.header().message_id).filter(|known| known.from != message.source())
    }

    /// Whether a message is the first of a Quick Mode.
    pub(super) fn is_begun_by(&self, message: &Message<'_>) -> bool {
        message.is(ExchangeType::QuickMode)
            && message.sa().is_some()
            && !self.0.contains_key(&message.header().message_id)
    }
}

/// What both phases negotiated.
#[derive(Debug, Default)]
pub(in crate::rule) struct Negotiations {
    pub(super) phase1: Phase1,
    pub(super) quick_modes: QuickModes,
}

impl Memory for Negotiations {
    fn learn(&mut self, message: &Message<'_>) {
        self.phase1.learn(message);
        self.quick_modes.learn(message);
    }
}

impl Negotiations {
    /// The offer that a message answers.
    pub(super) fn offer_to(&self, message: &Message<'_>) -> Option<&Sa> {
        if message.negotiates_phase1() {
            let is_answer = !message.is_opening() && message.side == Some(Side::Responder);
            return if is_answer { self.phase1.offer.as_ref() } else { None };
        }
        self.quick_modes.answered_by(message).map(|quick_mode| &quick_mode.offer)
    }

    /// Whether a message with an SA payload offers.
    pub(super) fn is_offer(&self, message: &Message<'_>) -> bool {
        message.is_opening() || self.quick_modes.is_begun_by(message)
    }
}
