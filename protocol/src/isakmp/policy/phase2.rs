//! Offers and choices of phase 2 (RFC 2409 section 5.5, RFC 2407 section 4.5): ESP in transport mode, with or without
//! UDP encapsulation.

use super::phase1::{is_same_choice, number, only_transform};
use super::{BadReply, Encoding, Incompatible, Lifetime, LifetimePolicy, Preference, Rewriting};
use crate::esp::{Encryption, Integrity};
use crate::isakmp::wire::{
    Attribute, AuthenticationAlgorithm, Doi, EncapsulationMode, EspTransform, Group, Phase2Class, Proposal,
    ProtocolId, Sa, Situation, Transform,
};

/// The algorithms of a pair of ESP SAs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phase2Suite {
    /// The transform.
    pub transform: EspTransform,
    /// Key Length, in bits; none for ciphers with one length.
    pub key_length: Option<u16>,
    /// Authentication Algorithm; none for transforms with their own.
    pub authentication: Option<AuthenticationAlgorithm>,
}

impl Phase2Suite {
    /// Reads the suite of a transform.
    #[must_use]
    pub fn of(transform: &Transform) -> Self {
        let value = |class: Phase2Class| number(transform, class.number());
        Self {
            transform: EspTransform::from_number(transform.id),
            key_length: value(Phase2Class::KeyLength),
            authentication: value(Phase2Class::AuthenticationAlgorithm).map(Into::into),
        }
    }

    /// The encryption with the length of its key in octets, if they are known here.
    #[must_use]
    pub fn encryption(&self) -> Option<(Encryption, usize)> {
        let encryption = Encryption::from_transform(self.transform.number())?;
        Some((encryption, encryption.key_len(self.key_length)?))
    }

    /// The integrity algorithm, if it is known here. Encryption without integrity is for transforms that bring their
    /// own, and neither is for nobody (ESP-4303-3.2-a, DOI-2407-4.5-d).
    #[must_use]
    pub fn integrity(&self) -> Option<Integrity> {
        let (encryption, _) = self.encryption()?;
        match (self.authentication, encryption.own_icv_len()) {
            (None, Some(_)) => Some(Integrity::None),
            (None, None) | (Some(_), Some(_)) => None,
            (Some(algorithm), None) => Integrity::from_authentication_algorithm(algorithm.number()),
        }
    }
}

/// How alternatives are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// One proposal, whose transforms are the alternatives.
    OneProposal,
    /// A proposal each, with one transform, as Windows does.
    ProposalEach,
}

/// What is offered, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase2Offer {
    /// How alternatives are written.
    pub structure: Structure,
    /// The number of the first proposal.
    pub first_proposal: u8,
    /// The number of the first transform of a proposal.
    pub first_transform: u8,
    /// The order of the attributes. A class that a suite has no value for is left out.
    pub order: Vec<Phase2Class>,
    /// The lifetime of every suite.
    pub lifetime: Lifetime,
    /// How durations are written.
    pub encoding: Encoding,
    /// The group of the key exchange that gives perfect forward secrecy.
    pub group: Option<Group>,
    /// The suites, the one preferred most first.
    pub suites: Vec<Phase2Suite>,
}

impl Phase2Offer {
    /// The order of strongSwan.
    pub const STRONGSWAN: [Phase2Class; 6] = [
        Phase2Class::KeyLength,
        Phase2Class::AuthenticationAlgorithm,
        Phase2Class::GroupDescription,
        Phase2Class::EncapsulationMode,
        Phase2Class::SaLifeType,
        Phase2Class::SaLifeDuration,
    ];
    /// The order of racoon, which Apple and Android use.
    pub const RACOON: [Phase2Class; 6] = [
        Phase2Class::SaLifeType,
        Phase2Class::SaLifeDuration,
        Phase2Class::EncapsulationMode,
        Phase2Class::KeyLength,
        Phase2Class::AuthenticationAlgorithm,
        Phase2Class::GroupDescription,
    ];
    /// The order of libreswan.
    pub const LIBRESWAN: [Phase2Class; 6] = [
        Phase2Class::GroupDescription,
        Phase2Class::EncapsulationMode,
        Phase2Class::SaLifeType,
        Phase2Class::SaLifeDuration,
        Phase2Class::AuthenticationAlgorithm,
        Phase2Class::KeyLength,
    ];

    /// The SA payload of the offer for an SPI and an encapsulation mode, which depends on the path
    /// (DOI-2407-4.5-c, NATT-3947-5.1-a).
    #[must_use]
    pub fn to_sa(&self, spi: u32, mode: EncapsulationMode) -> Sa {
        let transform = |number, suite| self.transform(number, suite, mode);
        let proposals = match self.structure {
            Structure::OneProposal => {
                let numbers = self.first_transform..=u8::MAX;
                let transforms =
                    numbers.zip(&self.suites).map(|(number, suite)| transform(number, suite)).collect();
                vec![proposal(self.first_proposal, spi, transforms)]
            }
            Structure::ProposalEach => (self.first_proposal..=u8::MAX)
                .zip(&self.suites)
                .map(|(number, suite)| proposal(number, spi, vec![transform(self.first_transform, suite)]))
                .collect(),
        };
        Sa { doi: Doi::Ipsec, situation: Situation::IdentityOnly, proposals }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "suites have no value of another class")]
    fn transform(&self, number: u8, suite: &Phase2Suite, mode: EncapsulationMode) -> Transform {
        let mut attributes = Vec::new();
        for class in &self.order {
            let value = match class {
                Phase2Class::KeyLength => suite.key_length,
                Phase2Class::AuthenticationAlgorithm => {
                    suite.authentication.map(AuthenticationAlgorithm::number)
                }
                Phase2Class::GroupDescription => self.group.map(Group::number),
                Phase2Class::EncapsulationMode => Some(mode.number()),
                Phase2Class::SaLifeType => {
                    for (kind, duration) in self.lifetime.parts() {
                        attributes.push(Attribute::basic(class.number(), kind.number()));
                        let class = Phase2Class::SaLifeDuration.number();
                        attributes.push(self.encoding.attribute(class, duration));
                    }
                    None
                }
                _ => None,
            };
            attributes.extend(value.map(|value| Attribute::basic(class.number(), value)));
        }
        Transform { reserved: 0, number, id: suite.transform.number(), reserved2: 0, attributes }
    }
}

fn proposal(number: u8, spi: u32, transforms: Vec<Transform>) -> Proposal {
    let spi = spi.to_be_bytes().to_vec();
    Proposal { reserved: 0, number, protocol: ProtocolId::Esp, spi, transforms }
}

/// What is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase2Acceptance {
    /// The suites, the one preferred most first.
    pub suites: Vec<Phase2Suite>,
    /// Whose order decides.
    pub preference: Preference,
    /// The groups accepted; `None` stands for no perfect forward secrecy.
    pub groups: Vec<Option<Group>>,
    /// The lifetime of one's own.
    pub lifetime: Lifetime,
    /// What is done about another one.
    pub lifetime_policy: LifetimePolicy,
    /// How the choice is written, if not as it was offered.
    pub rewriting: Option<Rewriting>,
}

/// What was agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase2Choice {
    /// The SA payload that says so: one proposal with one transform.
    pub reply: Sa,
    /// The SPI of whoever sent the payload that was judged.
    pub peer_spi: u32,
    /// The algorithms.
    pub suite: Phase2Suite,
    /// Encapsulation Mode.
    pub mode: EncapsulationMode,
    /// The group of the key exchange, if there is one.
    pub group: Option<Group>,
    /// For how long; 28800 seconds where nothing is said (DOI-2407-4.5-b).
    pub lifetime: Lifetime,
    /// What the initiator is to be told of it with RESPONDER-LIFETIME, for it offered more (DOI-2407-4.5.4-a).
    pub told: Option<Lifetime>,
}

/// The lifetime of SAs whose offer names none, in seconds (DOI-2407-4.5-b).
const DEFAULT_SECONDS: u32 = 28_800;

struct Offered<'a> {
    proposal: &'a Proposal,
    transform: &'a Transform,
    suite: Phase2Suite,
    mode: EncapsulationMode,
    group: Option<Group>,
    spi: u32,
}

fn offered<'a>(proposal: &'a Proposal, transform: &'a Transform) -> Option<Offered<'a>> {
    let value = |class: Phase2Class| number(transform, class.number());
    let suite = Phase2Suite::of(transform);
    suite.integrity()?;
    let spi = u32::from_be_bytes(proposal.spi.as_slice().try_into().ok()?);
    Some(Offered {
        proposal,
        transform,
        suite,
        mode: value(Phase2Class::EncapsulationMode)?.into(),
        group: value(Phase2Class::GroupDescription).map(Into::into),
        spi,
    })
}

fn lifetime(transform: &Transform) -> Lifetime {
    Lifetime::of(transform, Phase2Class::SaLifeType.number(), Phase2Class::SaLifeDuration.number())
}

/// Chooses one transform of an offer whose encapsulation mode is one of `modes`, and answers with an SPI of one's own.
/// Proposals of one number are wanted together (ISAKMP-2408-4.2-a); a combination with AH or IPCOMP is not chosen.
///
/// # Errors
/// Why there is none.
pub fn choose_phase2(
    offer: &Sa,
    acceptance: &Phase2Acceptance,
    modes: &[EncapsulationMode],
    own_spi: u32,
) -> Result<Phase2Choice, Incompatible> {
    let is_alone = |proposal: &Proposal| {
        offer.proposals.iter().filter(|other| other.number == proposal.number).count() == 1
    };
    let understood: Vec<Offered<'_>> = offer
        .proposals
        .iter()
        .filter(|proposal| proposal.protocol == ProtocolId::Esp && is_alone(proposal))
        .flat_map(|proposal| proposal.transforms.iter().filter_map(|transform| offered(proposal, transform)))
        .filter(|offered| modes.contains(&offered.mode))
        .collect();
    if understood.is_empty() {
        return Err(Incompatible::NothingUnderstood);
    }
    let rank = |offered: &Offered<'_>| acceptance.suites.iter().position(|suite| *suite == offered.suite);
    let mut accepted: Vec<_> =
        understood.into_iter().filter_map(|offered| Some((rank(&offered)?, offered))).collect();
    if accepted.is_empty() {
        return Err(Incompatible::NoSuiteAccepted);
    }
    accepted.retain(|(_, offered)| acceptance.groups.contains(&offered.group));
    if accepted.is_empty() {
        return Err(Incompatible::Group);
    }
    if acceptance.preference == Preference::Own {
        accepted.sort_by_key(|(rank, _)| *rank);
    }
    accepted
        .into_iter()
        .find_map(|(_, offered)| {
            let asked = lifetime(offered.transform);
            let is_silent = asked == Lifetime::default();
            let asked = match acceptance.lifetime_policy {
                LifetimePolicy::Claim if is_silent => Lifetime::seconds(DEFAULT_SECONDS),
                LifetimePolicy::Claim | LifetimePolicy::Obey | LifetimePolicy::Strict => asked,
            };
            let lifetime = asked.judged(acceptance.lifetime, acceptance.lifetime_policy)?;
            let told = lifetime.told_of(asked, acceptance.lifetime_policy);
            let spi = own_spi.to_be_bytes().to_vec();
            let life = [Phase2Class::SaLifeType.number(), Phase2Class::SaLifeDuration.number()];
            let transforms = vec![match &acceptance.rewriting {
                Some(rewriting) => rewriting.of(offered.transform, life),
                None => offered.transform.clone(),
            }];
            let proposal = Proposal { spi, transforms, ..offered.proposal.clone() };
            let reply = Sa { proposals: vec![proposal], ..offer.clone() };
            Some(Phase2Choice { told, ..chosen(reply, &offered, lifetime) })
        })
        .ok_or(Incompatible::Lifetime)
}

fn chosen(reply: Sa, offered: &Offered<'_>, lifetime: Lifetime) -> Phase2Choice {
    let lifetime =
        if lifetime == Lifetime::default() { Lifetime::seconds(DEFAULT_SECONDS) } else { lifetime };
    Phase2Choice {
        reply,
        peer_spi: offered.spi,
        suite: offered.suite,
        mode: offered.mode,
        group: offered.group,
        lifetime,
        told: None,
    }
}

/// Checks that a reply chooses one transform that was offered and changes nothing of it (ISAKMP-2408-4.2-d,
/// IKE-2409-5-g).
///
/// # Errors
/// What is wrong with it.
pub fn check_phase2_reply(offer: &Sa, reply: Sa) -> Result<Phase2Choice, BadReply> {
    let (proposal, transform) = only_transform(&reply)?;
    let was_offered = offer.proposals.iter().any(|offered| {
        offered.protocol == proposal.protocol
            && offered.transforms.iter().any(|offered| is_same_choice(offered, transform))
    });
    let chosen_of = |reply: Sa| {
        let (proposal, transform) = only_transform(&reply).ok()?;
        let offered = offered(proposal, transform)?;
        Some(chosen(reply.clone(), &offered, lifetime(transform)))
    };
    if !was_offered {
        return Err(BadReply::NotOffered);
    }
    chosen_of(reply).ok_or(BadReply::NotOffered)
}
