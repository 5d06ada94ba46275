//! What SA payloads say: situation, protocols, and the attributes of transforms.

use l2tpspec_protocol::isakmp::wire::{
    Attribute, AttributeRegistry, Doi, EncryptionAlgorithm, EspTransform, Form, Id, LifeType, Phase1Class,
    Phase2Class, Proposal, ProtocolId, Sa, Situation, Transform,
};

use super::message::Message;
use super::negotiation::number;
use crate::rule::Report;

/// Port of L2TP.
const L2TP_PORT: u16 = 1701;
/// Protocol number of UDP.
const UDP: u8 = 17;

/// Basic attributes of phase 1 (RFC 2409 appendix A).
const BASIC_1: [Phase1Class; 9] = [
    Phase1Class::EncryptionAlgorithm,
    Phase1Class::HashAlgorithm,
    Phase1Class::AuthenticationMethod,
    Phase1Class::GroupDescription,
    Phase1Class::GroupType,
    Phase1Class::LifeType,
    Phase1Class::Prf,
    Phase1Class::KeyLength,
    Phase1Class::FieldSize,
];

/// Basic attributes of phase 2 (RFC 2407 section 4.5).
const BASIC_2: [Phase2Class; 7] = [
    Phase2Class::SaLifeType,
    Phase2Class::GroupDescription,
    Phase2Class::EncapsulationMode,
    Phase2Class::AuthenticationAlgorithm,
    Phase2Class::KeyLength,
    Phase2Class::KeyRounds,
    Phase2Class::CompressDictionarySize,
];

/// Reports what `wrong` says of the first transform of which it says something.
fn each(
    message: &Message<'_>,
    report: &mut Report<'_>,
    wrong: impl Fn(&Proposal, &Transform) -> Option<String>,
) {
    let Some(sa) = message.sa() else { return };
    let found = sa.proposals.iter().find_map(|proposal| {
        proposal.transforms.iter().find_map(|transform| {
            wrong(proposal, transform).map(|text| {
                format!("sent proposal {} transform {} {text}", proposal.number, transform.number)
            })
        })
    });
    if let Some(text) = found {
        message.violation(report, text);
    }
}

fn is_phase1(proposal: &Proposal) -> bool {
    proposal.protocol == ProtocolId::Isakmp
}

fn is_esp(proposal: &Proposal) -> bool {
    proposal.protocol == ProtocolId::Esp
}

/// The Situation is identity only (DOI-2407-4.2.1-a).
pub(super) fn situation(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if let Some(Sa { doi: Doi::Ipsec, situation: Situation::Other(octets), .. }) = message.sa() {
        let got = octets.first_chunk::<4>().map_or(0, |octets| u32::from_be_bytes(*octets));
        message.violation(report, format!("sent Situation {got:#010x}; expected 0x00000001"));
    }
}

/// Phase 1 negotiates `PROTO_ISAKMP` by `KEY_IKE` (DOI-2407-4.4.2-a).
pub(super) fn key_ike(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if !message.negotiates_phase1() {
        return;
    }
    each(message, report, |proposal, transform| {
        if proposal.protocol != ProtocolId::Isakmp {
            return Some(format!("of protocol {}; expected PROTO_ISAKMP", proposal.protocol));
        }
        (transform.id != 1).then(|| format!("of identifier {}; expected KEY_IKE (1)", transform.id))
    });
}

/// A phase 1 transform states cipher, hash, authentication method and group (IKE-2409-4-c).
pub(super) fn complete(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if !message.negotiates_phase1() {
        return;
    }
    each(message, report, |_, transform| {
        let has = |class: Phase1Class| transform.attribute(class.number()).is_some();
        let group =
            has(Phase1Class::GroupDescription) || has(Phase1Class::GroupType) || has(Phase1Class::GroupPrime);
        let missing = [
            (has(Phase1Class::EncryptionAlgorithm), "an encryption algorithm"),
            (has(Phase1Class::HashAlgorithm), "a hash algorithm"),
            (has(Phase1Class::AuthenticationMethod), "an authentication method"),
            (group, "a group"),
        ];
        missing
            .iter()
            .find(|(is_there, _)| !is_there)
            .map(|(_, what)| format!("without {what}; expected all four"))
    });
}

/// A basic attribute is written in two octets (IKE-2409-AppA-a; RFC 2407 section 4.5 says the same of phase 2).
pub(super) fn basic_form(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    each(message, report, |proposal, transform| {
        let registry = AttributeRegistry::of(proposal.protocol);
        let is_basic = |class: u16| match registry {
            AttributeRegistry::Phase1 => BASIC_1.iter().any(|basic| basic.number() == class),
            AttributeRegistry::Phase2 => BASIC_2.iter().any(|basic| basic.number() == class),
            AttributeRegistry::Config | AttributeRegistry::Unnamed => false,
        };
        let is_long =
            |attribute: &&Attribute| matches!(attribute.form, Form::Variable(_)) && is_basic(attribute.class);
        let found = transform.attributes.iter().find(is_long)?;
        let name = registry.class_name(found.class).unwrap_or("an attribute");
        Some(format!("with {name} behind a length; expected the basic form"))
    });
}

/// A lifetime of phase 1 is a type and a duration (IKE-2409-AppA-c).
pub(super) fn phase1_lifetime(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    each(message, report, |proposal, transform| {
        if !is_phase1(proposal) {
            return None;
        }
        let count = |class: Phase1Class| {
            transform.attributes.iter().filter(|attribute| attribute.class == class.number()).count()
        };
        let (types, durations) = (count(Phase1Class::LifeType), count(Phase1Class::LifeDuration));
        if types != durations {
            return Some(format!(
                "with {types} Life Types and {durations} Life Durations; expected one for the other"
            ));
        }
        // Above 65000 the values are private.
        let is_assigned = |value: u64| matches!(value, 1 | 2 | 65_001..);
        let life_types =
            transform.attributes.iter().filter(|attribute| attribute.class == Phase1Class::LifeType.number());
        let other = life_types.filter_map(Attribute::value_u64).find(|value| !is_assigned(*value))?;
        Some(format!("with Life Type {other}; expected seconds or kilobytes"))
    });
}

/// An SA Life Duration follows the SA Life Type that gives its unit (DOI-2407-4.5-a).
pub(super) fn life_type_first(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    each(message, report, |proposal, transform| {
        if is_phase1(proposal) {
            return None;
        }
        let mut has_type = false;
        for attribute in &transform.attributes {
            match Phase2Class::from_number(attribute.class) {
                Phase2Class::SaLifeType => has_type = true,
                Phase2Class::SaLifeDuration if !has_type => {
                    return Some(
                        "with an SA Life Duration before its SA Life Type; expected the type first"
                            .to_owned(),
                    );
                }
                Phase2Class::SaLifeDuration => has_type = false,
                _ => {}
            }
        }
        None
    });
}

fn is_l2tp(id: &Id) -> bool {
    (id.protocol, id.port) == (UDP, L2TP_PORT)
}

/// A transform that is to protect L2TP states its encapsulation mode (DOI-2407-4.5-c).
pub(super) fn encapsulation_stated(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    if !message.ids().into_iter().any(is_l2tp) {
        return;
    }
    each(message, report, |proposal, transform| {
        let is_stated = transform.attribute(Phase2Class::EncapsulationMode.number()).is_some();
        (is_esp(proposal) && !is_stated).then(|| {
            "for UDP port 1701 without an Encapsulation Mode; expected transport mode to be stated".to_owned()
        })
    });
}

/// ESP names an integrity algorithm or none, and `ESP_NULL` always one (DOI-2407-4.5-d).
pub(super) fn integrity_stated(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    each(message, report, |proposal, transform| {
        if !is_esp(proposal) {
            return None;
        }
        match number(transform, Phase2Class::AuthenticationAlgorithm.number()) {
            None if transform.id == EspTransform::Null.number() => {
                Some("of ESP_NULL without an Authentication Algorithm; expected one".to_owned())
            }
            Some(0) => {
                Some("with Authentication Algorithm 0; expected an algorithm, or no attribute".to_owned())
            }
            _ => None,
        }
    });
}

/// Ciphers with keys of one length have no Key Length, and AES states one (DOI-2407-4.5-e).
pub(super) fn key_length(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    each(message, report, |proposal, transform| {
        if !is_esp(proposal) {
            return None;
        }
        let cipher = EspTransform::from_number(transform.id);
        let has_length = transform.attribute(Phase2Class::KeyLength.number()).is_some();
        match cipher {
            EspTransform::Des | EspTransform::TripleDes | EspTransform::Null if has_length => {
                Some(format!("of {cipher} with a Key Length; expected none"))
            }
            EspTransform::AesCbc
            | EspTransform::AesCtr
            | EspTransform::AesCcm8
            | EspTransform::AesCcm12
            | EspTransform::AesCcm16
            | EspTransform::AesGcm8
            | EspTransform::AesGcm12
            | EspTransform::AesGcm16
                if !has_length =>
            {
                Some(format!("of {cipher} without a Key Length; expected one"))
            }
            _ => None,
        }
    });
}

/// AES-CBC has a Key Length in both phases (CRYP-3602-5.3-a).
pub(super) fn aes_key_length(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    each(message, report, |proposal, transform| {
        let (is_aes, class) = match proposal.protocol {
            ProtocolId::Isakmp => {
                let cipher = number(transform, Phase1Class::EncryptionAlgorithm.number());
                (cipher == Some(EncryptionAlgorithm::AesCbc.number()), Phase1Class::KeyLength.number())
            }
            ProtocolId::Esp => {
                (transform.id == EspTransform::AesCbc.number(), Phase2Class::KeyLength.number())
            }
            _ => return None,
        };
        (is_aes && transform.attribute(class).is_none())
            .then(|| "of AES-CBC without a Key Length; expected 128, 192 or 256".to_owned())
    });
}

/// Whether a list of attributes states a lifetime: a type, and behind it a duration.
pub(super) fn states_lifetime(attributes: &[Attribute]) -> bool {
    let kind = |attribute: &Attribute| Phase2Class::from_number(attribute.class);
    let life_type = attributes.iter().position(|attribute| {
        kind(attribute) == Phase2Class::SaLifeType
            && [LifeType::Seconds, LifeType::Kilobytes]
                .iter()
                .any(|life_type| attribute.value_u64() == Some(life_type.number().into()))
    });
    let duration = attributes.iter().position(|attribute| kind(attribute) == Phase2Class::SaLifeDuration);
    matches!((life_type, duration), (Some(life_type), Some(duration)) if life_type < duration)
}
