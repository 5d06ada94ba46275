//! What the Quick Modes that could be read say of the SPIs they announce.

use std::collections::BTreeMap;

use l2tpspec_protocol::esp::{Encryption, Integrity};
use l2tpspec_protocol::isakmp::wire::{EncapsulationMode, Phase2Class, ProtocolId, Sa, Transform};

use crate::rule::Seen;
use crate::rule::ike::judge::{Copies, Memory as _, Sas};
use crate::rule::ike::message::Message;
use crate::rule::ike::negotiation::{QuickModes, number};
use crate::transcript::layer::{Esp, Layer, UdpEncap};

/// SPIs remembered of one connection.
const MAX_SPIS: usize = 4096;
/// Protocol number of UDP.
const UDP: u8 = 17;

/// The ESP packet of an entry, if it is the connection's own and not one within it.
pub(super) fn packet<'a>(seen: &Seen<'a>) -> Option<&'a Esp> {
    match seen.layers {
        [Layer::Esp(esp), ..] | [Layer::UdpEncap(UdpEncap::Esp), Layer::Esp(esp), ..] => Some(esp),
        _ => None,
    }
}

/// The layers within the ESP packet of an entry.
pub(super) fn inner<'a>(seen: &Seen<'a>) -> &'a [Layer] {
    match seen.layers {
        [Layer::Esp(_), inner @ ..] | [Layer::UdpEncap(UdpEncap::Esp), Layer::Esp(_), inner @ ..] => inner,
        _ => &[],
    }
}

/// What was negotiated for an SPI.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    /// The initialisation vector, in octets.
    pub(super) vector: Option<usize>,
    /// The integrity check value, in octets.
    pub(super) check_value: Option<usize>,
    /// Both client identities are UDP.
    pub(super) is_udp: bool,
    /// Transport mode, within UDP or not.
    pub(super) is_transport: bool,
}

/// What was negotiated for the SPIs of a connection.
#[derive(Debug, Default)]
pub(super) struct Children {
    copies: Copies,
    sas: Sas<QuickModes>,
    by_spi: BTreeMap<u32, Child>,
}

/// The transform and the SPI of ESP in an SA payload.
fn esp_of(sa: &Sa) -> Option<(u32, &Transform)> {
    let proposal = sa.proposals.iter().find(|proposal| proposal.protocol == ProtocolId::Esp)?;
    let spi = <[u8; 4]>::try_from(proposal.spi.as_slice()).ok()?;
    Some((u32::from_be_bytes(spi), proposal.transforms.first()?))
}

impl Children {
    /// Learns from an entry; returns the SPIs that it announces.
    pub(super) fn see(&mut self, seen: &Seen<'_>) -> Vec<u32> {
        let Some(mut message) = Message::of(seen) else { return Vec::new() };
        if !self.copies.is_new(message.isakmp.digest) {
            return Vec::new();
        }
        let quick_modes = self.sas.of(&mut message);
        let announced = message
            .sa()
            .into_iter()
            .flat_map(|sa| &sa.proposals)
            .filter(|proposal| proposal.protocol == ProtocolId::Esp)
            .filter_map(|proposal| <[u8; 4]>::try_from(proposal.spi.as_slice()).ok().map(u32::from_be_bytes))
            .collect();
        if let (Some(quick_mode), Some((spi, transform))) =
            (quick_modes.answered_by(&message), message.sa().and_then(esp_of))
            && self.by_spi.len() < MAX_SPIS
        {
            let number = |class: Phase2Class| number(transform, class.number());
            let encryption = Encryption::from_transform(transform.id);
            let integrity = match number(Phase2Class::AuthenticationAlgorithm) {
                Some(algorithm) => Integrity::from_authentication_algorithm(algorithm),
                None => Some(Integrity::None),
            };
            let ids = message.ids();
            let mode = number(Phase2Class::EncapsulationMode).map(EncapsulationMode::from_number);
            let child = Child {
                vector: encryption.map(Encryption::iv_len),
                check_value: encryption.zip(integrity).map(|(encryption, integrity)| {
                    encryption.own_icv_len().unwrap_or_else(|| integrity.icv_len())
                }),
                is_udp: ids.len() == 2 && ids.iter().all(|id| id.protocol == UDP),
                is_transport: matches!(
                    mode,
                    Some(
                        EncapsulationMode::Transport
                            | EncapsulationMode::UdpEncapsulatedTransport
                            | EncapsulationMode::UdpEncapsulatedTransportDraft
                    )
                ),
            };
            self.by_spi.insert(spi, child);
            if let Some((spi, _)) = esp_of(quick_mode.offer()) {
                self.by_spi.insert(spi, child);
            }
        }
        quick_modes.learn(&message);
        announced
    }

    /// What was negotiated for an SPI.
    pub(super) fn find(&self, spi: u32) -> Option<&Child> {
        self.by_spi.get(&spi)
    }
}
