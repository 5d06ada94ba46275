//! From a profile to the configuration of IKE.

use l2tpspec_protocol::isakmp::policy::{
    Lifetime, Phase1Acceptance, Phase1Offer, Phase1Suite, Phase2Acceptance, Phase2Offer, Phase2Suite,
    Preference, Rewriting,
};
use l2tpspec_protocol::isakmp::wire::{Phase1Class, Phase2Class};
use l2tpspec_protocol::isakmp::{Config, DeadPeerDetection, NatTraversal, OwnIdentity, PreSharedKey, Rekey};

use super::{HALF_OPEN_LIMIT, durations};
use crate::profile::ike::{AnswerForm, Ike, Phase1, Phase2};
use crate::profile::word::{EspSuite, IkeSuite, Span, values};
use crate::profile::{Profile, Role};

/// The length of private Diffie-Hellman values, in octets: enough for every group, and nobody sees it.
const PRIVATE_OCTETS: usize = 32;

impl Profile {
    /// The configuration of IKE, with the keys that it shares with peers and the UDP port that its L2TP is sent from.
    /// Devices answer only those to whom they have connected.
    #[must_use]
    pub fn isakmp(&self, pre_shared_keys: Vec<PreSharedKey>, l2tp_port: u16) -> Config {
        let ike = &self.ike;
        Config {
            mode: ike.mode.value.0,
            phase1_offer: ike.phase1.offer(),
            phase1_acceptance: Some(ike.phase1.acceptance()),
            phase2_offer: ike.phase2.offer(),
            phase2_acceptance: Some(ike.phase2.acceptance(ike)),
            editor: l2tpspec_protocol::isakmp::Editor::default(),
            answers_strangers: self.role == Role::Supernode,
            pre_shared_keys,
            identity: OwnIdentity::Address {
                protocol: ike.identity.value.protocol,
                port: ike.identity.value.port,
            },
            vendor_ids: values(&ike.vendor_ids.value),
            nat_traversal: ike.nat_traversal(),
            nonce_octets: ike.nonce_octets.value,
            private_octets: PRIVATE_OCTETS,
            initial_contact: ike.initial_contact.value.0,
            dead_peer_detection: ike.dead_peer_detection(),
            retransmission: durations(&ike.retransmission.value),
            message_ids: ike.message_ids.value.0,
            padding: ike.padding.value.0,
            cuts_sha256_to_96: ike.phase2.cuts_sha256_to_96.value,
            own_port: ike.phase2.own_port.value.unwrap_or(l2tp_port),
            peer_port: ike.phase2.peer_port.value,
            fragment_octets: ike.fragmentation.value,
            rekey: Rekey {
                phase1_margin: ike.rekey.phase1_margin.value.map(|Span(margin)| margin),
                phase2_margin: ike.rekey.phase2_margin.value.map(|Span(margin)| margin),
                overlap: ike.rekey.overlap.value.0,
            },
            sends_deletes: ike.sends_deletes.value,
            half_open_limit: HALF_OPEN_LIMIT,
        }
    }
}

impl Ike {
    fn nat_traversal(&self) -> Option<NatTraversal> {
        let methods = values(&self.nat.methods.value);
        (!methods.is_empty()).then_some(NatTraversal {
            methods,
            keepalive: self.nat.keepalive.value.0,
            sends_original_addresses: self.nat.original_addresses.value,
        })
    }

    fn dead_peer_detection(&self) -> Option<DeadPeerDetection> {
        self.dpd.value.map(|dpd| DeadPeerDetection {
            interval: dpd.interval.map(|Span(interval)| interval),
            retry: dpd.retry.0,
            timeout: dpd.timeout.0,
        })
    }
}

impl Phase1 {
    /// The offer. `life` stands for two classes, type and duration, which the offer writes together.
    fn offer(&self) -> Phase1Offer {
        Phase1Offer {
            proposal_number: self.proposal_number.value,
            first_transform: self.first_transform.value,
            order: with_duration(values(&self.attribute_order.value)),
            lifetime: Lifetime::seconds(self.life_seconds.value),
            encoding: self.life_encoding.value.0,
            suites: ike_suites(&self.suites.value),
        }
    }

    fn acceptance(&self) -> Phase1Acceptance {
        let accepts = self.accepts.as_ref().unwrap_or(&self.suites);
        Phase1Acceptance {
            suites: ike_suites(&accepts.value),
            preference: self.preference(),
            lifetime: Lifetime::seconds(self.life_seconds.value),
            lifetime_policy: self.life_policy.value.0,
            rewriting: self.is_rewritten().then(|| Rewriting {
                transform_number: self.first_transform.value,
                order: with_duration(values(&self.attribute_order.value))
                    .into_iter()
                    .map(Phase1Class::number)
                    .collect(),
                encoding: self.life_encoding.value.0,
            }),
        }
    }

    fn is_rewritten(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.value.0 == AnswerForm::Rewritten)
    }

    /// RFC 2408 section 4.2 leaves the choice to the responder; the initiator's order is what most follow.
    fn preference(&self) -> Preference {
        self.preference.as_ref().map_or(Preference::Peer, |preference| preference.value.0)
    }
}

fn with_duration(order: Vec<Phase1Class>) -> Vec<Phase1Class> {
    let mut all = Vec::with_capacity(order.len() + 1);
    for class in order {
        all.push(class);
        if class == Phase1Class::LifeType {
            all.push(Phase1Class::LifeDuration);
        }
    }
    all
}

impl Phase2 {
    fn lifetime(&self) -> Lifetime {
        Lifetime { kilobytes: self.life_kilobytes.value, ..Lifetime::seconds(self.life_seconds.value) }
    }

    fn offer(&self) -> Phase2Offer {
        Phase2Offer {
            structure: self.structure.value.0,
            first_proposal: self.first_proposal.value,
            first_transform: self.first_transform.value,
            order: values(&self.attribute_order.value),
            lifetime: self.lifetime(),
            encoding: self.life_encoding.value.0,
            group: self.pfs.value.map(|group| group.0),
            suites: esp_suites(&self.suites.value),
        }
    }

    fn acceptance(&self, ike: &Ike) -> Phase2Acceptance {
        let accepts = self.accepts.as_ref().unwrap_or(&self.suites);
        let groups = self.accepts_pfs.as_ref().map(|groups| values(&groups.value)).unwrap_or_default();
        Phase2Acceptance {
            suites: esp_suites(&accepts.value),
            preference: ike.phase1.preference(),
            groups: std::iter::once(None).chain(groups.into_iter().map(Some)).collect(),
            lifetime: self.lifetime(),
            lifetime_policy: ike.phase1.life_policy.value.0,
            rewriting: ike.phase1.is_rewritten().then(|| Rewriting {
                transform_number: self.first_transform.value,
                order: values(&self.attribute_order.value).into_iter().map(Phase2Class::number).collect(),
                encoding: self.life_encoding.value.0,
            }),
        }
    }
}

fn ike_suites(suites: &[IkeSuite]) -> Vec<Phase1Suite> {
    suites.iter().map(|suite| suite.0).collect()
}

fn esp_suites(suites: &[EspSuite]) -> Vec<Phase2Suite> {
    suites.iter().map(|suite| suite.0).collect()
}
