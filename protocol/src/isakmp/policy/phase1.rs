//! Offers and choices of phase 1 (RFC 2409 section 5, appendix A).

use super::{BadReply, Encoding, Incompatible, Lifetime, LifetimePolicy, Preference, Rewriting};
use crate::crypto::cbc::Cipher;
use crate::crypto::dh;
use crate::crypto::hash::Hash;
use crate::isakmp::wire::{
    Attribute, AuthenticationMethod, Doi, EncryptionAlgorithm, Group, HashAlgorithm, IsakmpTransform,
    Phase1Class, Proposal, ProtocolId, Sa, Situation, Transform,
};

/// The algorithms of an ISAKMP SA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phase1Suite {
    /// Encryption Algorithm.
    pub encryption: EncryptionAlgorithm,
    /// Key Length, in bits; none for ciphers with one length.
    pub key_length: Option<u16>,
    /// Hash Algorithm.
    pub hash: HashAlgorithm,
    /// Group Description.
    pub group: Group,
    /// Authentication Method.
    pub authentication: AuthenticationMethod,
}

impl Phase1Suite {
    /// A suite that is authenticated by a pre-shared key.
    #[must_use]
    pub const fn psk(
        encryption: EncryptionAlgorithm,
        key_length: Option<u16>,
        hash: HashAlgorithm,
        group: Group,
    ) -> Self {
        Self { encryption, key_length, hash, group, authentication: AuthenticationMethod::PreSharedKey }
    }

    /// The cipher, if it is known here.
    #[must_use]
    pub const fn cipher(&self) -> Option<Cipher> {
        Cipher::from_phase1(self.encryption.number(), self.key_length)
    }

    /// The hash, if it is known here.
    #[must_use]
    pub const fn hash(&self) -> Option<Hash> {
        Hash::from_phase1(self.hash.number())
    }

    /// The group, if it is known here.
    #[must_use]
    pub fn group(&self) -> Option<dh::Group> {
        dh::Group::from_number(self.group.number())
    }

    /// Reads the suite of a transform; `None` if a class is missing or its value is no number of 16 bits.
    #[must_use]
    pub fn of(transform: &Transform) -> Option<Self> {
        let value = |class: Phase1Class| number(transform, class.number());
        Some(Self {
            encryption: value(Phase1Class::EncryptionAlgorithm)?.into(),
            key_length: value(Phase1Class::KeyLength),
            hash: value(Phase1Class::HashAlgorithm)?.into(),
            group: value(Phase1Class::GroupDescription)?.into(),
            authentication: value(Phase1Class::AuthenticationMethod)?.into(),
        })
    }

    /// Whether every algorithm is known here.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.cipher().is_some()
            && self.hash().is_some()
            && self.group().is_some()
            && self.authentication == AuthenticationMethod::PreSharedKey
    }
}

/// The value of an attribute as a number of 16 bits.
pub(super) fn number(transform: &Transform, class: u16) -> Option<u16> {
    transform.attribute(class)?.value_u64()?.try_into().ok()
}

/// What is offered, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase1Offer {
    /// Proposal number.
    pub proposal_number: u8,
    /// The number of the first transform; the others count on from it.
    pub first_transform: u8,
    /// The order of the attributes. A class that a suite has no value for is left out.
    pub order: Vec<Phase1Class>,
    /// The lifetime of every suite.
    pub lifetime: Lifetime,
    /// How durations are written.
    pub encoding: Encoding,
    /// The suites, the one preferred most first.
    pub suites: Vec<Phase1Suite>,
}

impl Phase1Offer {
    /// The order of Windows and strongSwan.
    pub const ENCRYPTION_FIRST: [Phase1Class; 7] = [
        Phase1Class::EncryptionAlgorithm,
        Phase1Class::KeyLength,
        Phase1Class::HashAlgorithm,
        Phase1Class::GroupDescription,
        Phase1Class::AuthenticationMethod,
        Phase1Class::LifeType,
        Phase1Class::LifeDuration,
    ];
    /// The order of racoon, which Apple and Android use.
    pub const RACOON: [Phase1Class; 7] = [
        Phase1Class::LifeType,
        Phase1Class::LifeDuration,
        Phase1Class::EncryptionAlgorithm,
        Phase1Class::KeyLength,
        Phase1Class::AuthenticationMethod,
        Phase1Class::HashAlgorithm,
        Phase1Class::GroupDescription,
    ];
    /// The order of libreswan.
    pub const LIBRESWAN: [Phase1Class; 7] = [
        Phase1Class::LifeType,
        Phase1Class::LifeDuration,
        Phase1Class::EncryptionAlgorithm,
        Phase1Class::HashAlgorithm,
        Phase1Class::AuthenticationMethod,
        Phase1Class::GroupDescription,
        Phase1Class::KeyLength,
    ];

    /// The SA payload of the offer: one proposal, for an offer of phase 1 has no other way to make alternatives
    /// (IKE-2409-5-e).
    #[must_use]
    pub fn to_sa(&self) -> Sa {
        let numbers = self.first_transform..=u8::MAX;
        let transforms =
            numbers.zip(&self.suites).map(|(number, suite)| self.transform(number, suite)).collect();
        let proposal = Proposal {
            reserved: 0,
            number: self.proposal_number,
            protocol: ProtocolId::Isakmp,
            spi: Vec::new(),
            transforms,
        };
        Sa { doi: Doi::Ipsec, situation: Situation::IdentityOnly, proposals: vec![proposal] }
    }

    fn transform(&self, number: u8, suite: &Phase1Suite) -> Transform {
        let mut attributes = Vec::new();
        for class in &self.order {
            self.push(*class, suite, &mut attributes);
        }
        Transform { reserved: 0, number, id: IsakmpTransform::KeyIke.number(), reserved2: 0, attributes }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "suites have no value of another class")]
    fn push(&self, class: Phase1Class, suite: &Phase1Suite, attributes: &mut Vec<Attribute>) {
        let value = match class {
            Phase1Class::EncryptionAlgorithm => Some(suite.encryption.number()),
            Phase1Class::KeyLength => suite.key_length,
            Phase1Class::HashAlgorithm => Some(suite.hash.number()),
            Phase1Class::GroupDescription => Some(suite.group.number()),
            Phase1Class::AuthenticationMethod => Some(suite.authentication.number()),
            Phase1Class::LifeType => {
                // Type and duration belong together: each duration follows its type.
                for (kind, duration) in self.lifetime.parts() {
                    attributes.push(Attribute::basic(class.number(), kind.number()));
                    attributes.push(self.encoding.attribute(Phase1Class::LifeDuration.number(), duration));
                }
                None
            }
            _ => None,
        };
        attributes.extend(value.map(|value| Attribute::basic(class.number(), value)));
    }
}

/// What is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase1Acceptance {
    /// The suites, the one preferred most first.
    pub suites: Vec<Phase1Suite>,
    /// Whose order decides.
    pub preference: Preference,
    /// The lifetime of one's own.
    pub lifetime: Lifetime,
    /// What is done about another one.
    pub lifetime_policy: LifetimePolicy,
    /// How the choice is written, if not as it was offered.
    pub rewriting: Option<Rewriting>,
}

/// What was agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase1Choice {
    /// The SA payload that says so: one proposal with one transform.
    pub reply: Sa,
    /// The algorithms.
    pub suite: Phase1Suite,
    /// For how long.
    pub lifetime: Lifetime,
    /// What the initiator is to be told of it with RESPONDER-LIFETIME, for it offered more (DOI-2407-4.5.4-a).
    pub told: Option<Lifetime>,
}

fn lifetime(transform: &Transform) -> Lifetime {
    Lifetime::of(transform, Phase1Class::LifeType.number(), Phase1Class::LifeDuration.number())
}

/// Chooses one transform of an offer and gives it back unchanged, or in a hand of one's own (ISAKMP-2408-4.2-b,
/// ISAKMP-2408-4.2-c, IKE-2409-5-f).
///
/// # Errors
/// Why there is none.
pub fn choose_phase1(offer: &Sa, acceptance: &Phase1Acceptance) -> Result<Phase1Choice, Incompatible> {
    let offered: Vec<(&Proposal, &Transform, Phase1Suite)> = offer
        .proposals
        .iter()
        .filter(|proposal| proposal.protocol == ProtocolId::Isakmp)
        .flat_map(|proposal| proposal.transforms.iter().map(move |transform| (proposal, transform)))
        .filter(|(_, transform)| transform.id == IsakmpTransform::KeyIke.number())
        .filter_map(|(proposal, transform)| Some((proposal, transform, Phase1Suite::of(transform)?)))
        .filter(|(_, _, suite)| suite.is_known())
        .collect();
    if offered.is_empty() {
        return Err(Incompatible::NothingUnderstood);
    }
    let rank = |suite: &Phase1Suite| acceptance.suites.iter().position(|accepted| accepted == suite);
    let mut accepted: Vec<_> =
        offered.into_iter().filter_map(|offered| Some((rank(&offered.2)?, offered))).collect();
    if accepted.is_empty() {
        return Err(Incompatible::NoSuiteAccepted);
    }
    if acceptance.preference == Preference::Own {
        accepted.sort_by_key(|(rank, _)| *rank);
    }
    accepted
        .into_iter()
        .find_map(|(_, (proposal, transform, suite))| {
            let asked = lifetime(transform);
            let lifetime = asked.judged(acceptance.lifetime, acceptance.lifetime_policy)?;
            let told = lifetime.told_of(asked, acceptance.lifetime_policy);
            let life = [Phase1Class::LifeType.number(), Phase1Class::LifeDuration.number()];
            let transform = match &acceptance.rewriting {
                Some(rewriting) => rewriting.of(transform, life),
                None => transform.clone(),
            };
            let proposal = Proposal { transforms: vec![transform], ..proposal.clone() };
            let reply = Sa { proposals: vec![proposal], ..offer.clone() };
            Some(Phase1Choice { reply, suite, lifetime, told })
        })
        .ok_or(Incompatible::Lifetime)
}

/// Checks that a reply chooses one transform that was offered and changes nothing of it (ISAKMP-2408-4.2-d,
/// IKE-2409-5-g).
///
/// # Errors
/// What is wrong with it.
pub fn check_phase1_reply(offer: &Sa, reply: Sa) -> Result<Phase1Choice, BadReply> {
    let (proposal, transform) = only_transform(&reply)?;
    let was_offered = offer.proposals.iter().any(|offered| {
        offered.protocol == proposal.protocol
            && offered.transforms.iter().any(|offered| is_same_choice(offered, transform))
    });
    match Phase1Suite::of(transform) {
        Some(suite) if was_offered && suite.is_known() => {
            let lifetime = lifetime(transform);
            Ok(Phase1Choice { suite, lifetime, told: None, reply })
        }
        _ => Err(BadReply::NotOffered),
    }
}

/// The only proposal and transform of a reply (ISAKMP-2408-4.2-b).
pub(super) fn only_transform(reply: &Sa) -> Result<(&Proposal, &Transform), BadReply> {
    if let [proposal] = reply.proposals.as_slice()
        && let [transform] = proposal.transforms.as_slice()
    {
        return Ok((proposal, transform));
    }
    let transforms = reply.proposals.first().map_or(0, |proposal| proposal.transforms.len());
    Err(BadReply::NotOne { proposals: reply.proposals.len(), transforms })
}

/// Whether a transform is the other one, attribute by attribute in any order and encoding, whatever number it bears:
/// strongSwan and others number the transform of a reply anew.
pub(super) fn is_same_choice(offered: &Transform, chosen: &Transform) -> bool {
    let values = |transform: &Transform| {
        let mut values: Vec<_> =
            transform.attributes.iter().map(|attribute| (attribute.class, attribute.value_u64())).collect();
        values.sort_unstable();
        values
    };
    offered.id == chosen.id && values(offered) == values(chosen)
}
