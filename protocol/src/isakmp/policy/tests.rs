use super::*;
use crate::codec::Codec;
use crate::esp::{Encryption, Integrity};
use crate::isakmp::wire::samples::named;
use crate::isakmp::wire::{
    Attribute, AuthenticationAlgorithm as Authentication, Body, EncapsulationMode,
    EncryptionAlgorithm as Cipher, EspTransform, Group, HashAlgorithm as Hash, Message, PayloadType,
    Phase1Class, Phase2Class, ProtocolId, Sa,
};

const AES: Cipher = Cipher::AesCbc;
const DES3: Cipher = Cipher::TripleDesCbc;

fn suites(of: &[(Cipher, u16, Hash, Group)]) -> Vec<Phase1Suite> {
    of.iter()
        .map(|(cipher, bits, hash, group)| {
            Phase1Suite::psk(*cipher, (*bits > 0).then_some(*bits), *hash, *group)
        })
        .collect()
}

fn windows() -> Phase1Offer {
    Phase1Offer {
        proposal_number: 1,
        first_transform: 1,
        order: Phase1Offer::ENCRYPTION_FIRST.to_vec(),
        lifetime: Lifetime::seconds(28_800),
        encoding: Encoding::FourOctets,
        suites: suites(&[
            (AES, 256, Hash::Sha1, Group::Ecp384),
            (AES, 128, Hash::Sha1, Group::Ecp256),
            (AES, 256, Hash::Sha1, Group::Modp2048),
            (DES3, 0, Hash::Sha1, Group::Modp2048),
            (DES3, 0, Hash::Sha1, Group::Modp1024),
        ]),
    }
}

fn network_manager() -> Phase1Offer {
    let (g14, g5, g2) = (Group::Modp2048, Group::Modp1536, Group::Modp1024);
    Phase1Offer {
        proposal_number: 0,
        encoding: Encoding::Shortest,
        lifetime: Lifetime::seconds(10_800),
        suites: suites(&[
            (AES, 256, Hash::Sha2_256, g14),
            (AES, 256, Hash::Sha2_256, g5),
            (AES, 256, Hash::Sha2_256, g2),
            (AES, 256, Hash::Sha1, g14),
            (AES, 256, Hash::Sha1, g5),
            (AES, 256, Hash::Sha1, g2),
            (AES, 256, Hash::Sha1, Group::Ecp384),
            (AES, 128, Hash::Sha1, g2),
            (AES, 128, Hash::Sha1, Group::Ecp256),
            (DES3, 0, Hash::Sha1, g14),
            (DES3, 0, Hash::Sha1, g2),
        ]),
        ..windows()
    }
}

fn apple() -> Phase1Offer {
    let (g14, g5, g2) = (Group::Modp2048, Group::Modp1536, Group::Modp1024);
    Phase1Offer {
        order: Phase1Offer::RACOON.to_vec(),
        encoding: Encoding::Shortest,
        lifetime: Lifetime::seconds(3600),
        suites: suites(&[
            (AES, 256, Hash::Sha2_256, g14),
            (AES, 256, Hash::Sha1, g14),
            (AES, 256, Hash::Md5, g14),
            (AES, 256, Hash::Sha2_512, g14),
            (AES, 256, Hash::Sha2_256, g5),
            (AES, 256, Hash::Sha1, g5),
            (AES, 256, Hash::Md5, g5),
            (AES, 256, Hash::Sha2_256, g2),
            (AES, 256, Hash::Sha1, g2),
            (AES, 256, Hash::Md5, g2),
            (AES, 128, Hash::Sha1, g2),
            (AES, 128, Hash::Md5, g2),
            (DES3, 0, Hash::Sha1, g2),
            (DES3, 0, Hash::Md5, g2),
        ]),
        ..windows()
    }
}

fn sa_of(sample: &str) -> Sa {
    let message = Message::decode_all(&named(sample)).unwrap();
    let Body::SecurityAssociation(sa) = &message.find(PayloadType::SecurityAssociation).unwrap().body else {
        panic!("{message:?}")
    };
    sa.clone()
}

fn octets(sa: &Sa) -> Vec<u8> {
    sa.to_octets().unwrap()
}

#[test]
fn offers_are_written_as_the_devices_write_them() {
    assert_eq!(octets(&windows().to_sa()), octets(&sa_of("windows-10-mm1")));
    assert_eq!(octets(&apple().to_sa()), octets(&sa_of("apple-current")));
    let number = sa_of("nm-l2tp-strongswan").proposals[0].number;
    let offer = Phase1Offer { proposal_number: number, ..network_manager() };
    assert_eq!(octets(&offer.to_sa()), octets(&sa_of("nm-l2tp-strongswan")));
    let (g2, old) = (Group::Modp1024, sa_of("android-4.0-6"));
    let ciphers = [(AES, 256), (AES, 128), (DES3, 0), (Cipher::DesCbc, 0)];
    let all = ciphers
        .iter()
        .flat_map(|(cipher, bits)| [Hash::Sha1, Hash::Md5].map(|hash| (*cipher, *bits, hash, g2)));
    let android = Phase1Offer {
        suites: suites(&all.collect::<Vec<_>>()),
        lifetime: Lifetime::seconds(28_800),
        ..apple()
    };
    assert_eq!(octets(&android.to_sa()), octets(&old));
}

#[test]
fn durations_beyond_two_octets_take_four() {
    let offer = Phase1Offer { lifetime: Lifetime::seconds(86_400), ..network_manager() };
    let sa = offer.to_sa();
    let duration = sa.proposals[0].transforms[0].attribute(Phase1Class::LifeDuration.number()).unwrap();
    assert_eq!(duration, &Attribute::variable(12, 86_400_u32.to_be_bytes()));
}

fn acceptance(of: &[(Cipher, u16, Hash, Group)]) -> Phase1Acceptance {
    Phase1Acceptance {
        suites: suites(of),
        preference: Preference::Peer,
        lifetime: Lifetime::seconds(10_800),
        lifetime_policy: LifetimePolicy::Obey,
        rewriting: None,
    }
}

#[test]
fn one_transform_is_chosen_and_comes_back_unchanged() {
    let offer = windows().to_sa();
    let accepted = [(DES3, 0, Hash::Sha1, Group::Modp1024), (AES, 256, Hash::Sha1, Group::Modp2048)];
    let choice = choose_phase1(&offer, &acceptance(&accepted)).unwrap();
    assert_eq!(choice.suite.group, Group::Modp2048, "the peer's order decides");
    assert_eq!(choice.reply.proposals[0].transforms, [offer.proposals[0].transforms[2].clone()]);
    assert_eq!(choice.lifetime, Lifetime::seconds(28_800));
    let own = Phase1Acceptance { preference: Preference::Own, ..acceptance(&accepted) };
    assert_eq!(choose_phase1(&offer, &own).unwrap().suite.group, Group::Modp1024);
    let checked = check_phase1_reply(&offer, choice.reply.clone());
    assert_eq!(checked, Ok(Phase1Choice { lifetime: Lifetime::seconds(28_800), ..choice }));
}

#[test]
fn lifetimes_are_obeyed_refused_or_shortened_by_policy() {
    let offer = windows().to_sa();
    let accepts = |policy| Phase1Acceptance {
        lifetime_policy: policy,
        ..acceptance(&[(AES, 256, Hash::Sha1, Group::Modp2048)])
    };
    let lifetime = |policy| choose_phase1(&offer, &accepts(policy)).map(|choice| choice.lifetime);
    assert_eq!(lifetime(LifetimePolicy::Obey), Ok(Lifetime::seconds(28_800)));
    assert_eq!(lifetime(LifetimePolicy::Strict), Err(Incompatible::Lifetime));
    assert_eq!(lifetime(LifetimePolicy::Claim), Ok(Lifetime::seconds(10_800)));
}

#[test]
fn offers_without_common_ground_say_why() {
    let offer = windows().to_sa();
    let none = choose_phase1(&offer, &acceptance(&[(AES, 256, Hash::Sha2_512, Group::Modp4096)]));
    assert_eq!(none, Err(Incompatible::NoSuiteAccepted));
    let mut foreign = offer;
    foreign.proposals[0].protocol = ProtocolId::Ah;
    let any = acceptance(&[(AES, 256, Hash::Sha1, Group::Modp2048)]);
    assert_eq!(choose_phase1(&foreign, &any), Err(Incompatible::NothingUnderstood));
}

/// ISAKMP-2408-4.2-d, IKE-2409-5-g.
#[test]
fn replies_that_choose_what_was_not_offered_are_refused() {
    let offer = windows().to_sa();
    assert_eq!(
        check_phase1_reply(&offer, offer.clone()),
        Err(BadReply::NotOne { proposals: 1, transforms: 5 })
    );
    let chosen = acceptance(&[(AES, 256, Hash::Sha1, Group::Modp2048)]);
    let reply = choose_phase1(&offer, &chosen).unwrap().reply;
    let mut renumbered = reply.clone();
    renumbered.proposals[0].transforms[0].number = 1;
    assert!(check_phase1_reply(&offer, renumbered).is_ok(), "some number the transform of a reply anew");
    for (class, value) in [(12, 28_801), (1, 5), (14, 128), (4, 2)] {
        let mut reply = reply.clone();
        for attribute in &mut reply.proposals[0].transforms[0].attributes {
            if attribute.class == class {
                *attribute = Attribute::basic(class, value);
            }
        }
        assert_eq!(check_phase1_reply(&offer, reply), Err(BadReply::NotOffered), "class {class}");
    }
    let mut longer = reply;
    longer.proposals[0].transforms[0].attributes.push(Attribute::basic(13, 1));
    assert_eq!(check_phase1_reply(&offer, longer), Err(BadReply::NotOffered));
}

const SHA: Option<Authentication> = Some(Authentication::HmacSha);

const fn esp(bits: u16) -> Phase2Suite {
    Phase2Suite { transform: EspTransform::AesCbc, key_length: Some(bits), authentication: SHA }
}

fn windows_2() -> Phase2Offer {
    Phase2Offer {
        structure: Structure::ProposalEach,
        first_proposal: 1,
        first_transform: 1,
        order: Phase2Offer::RACOON.to_vec(),
        lifetime: Lifetime { seconds: Some(3600), kilobytes: Some(250_000) },
        encoding: Encoding::FourOctets,
        group: None,
        suites: vec![
            esp(256),
            esp(128),
            Phase2Suite { transform: EspTransform::TripleDes, key_length: None, authentication: SHA },
        ],
    }
}

fn acceptance_2() -> Phase2Acceptance {
    Phase2Acceptance {
        suites: vec![esp(128), esp(256)],
        preference: Preference::Peer,
        groups: vec![None],
        lifetime: Lifetime::seconds(3600),
        lifetime_policy: LifetimePolicy::Obey,
        rewriting: None,
    }
}

const MODES: [EncapsulationMode; 1] = [EncapsulationMode::UdpEncapsulatedTransport];

fn choose(offer: &Phase2Offer) -> Result<Phase2Choice, Incompatible> {
    choose_phase2(&offer.to_sa(0xc0de_0001, MODES[0]), &acceptance_2(), &MODES, 0xc0de_0002)
}

/// Logs show messages whose three proposals take 164 octets, behind the 12 of the payload's own fields.
#[test]
fn windows_writes_a_proposal_for_each_suite() {
    let sa = windows_2().to_sa(0xc0de_0001, MODES[0]);
    assert_eq!(sa.proposals.iter().map(|proposal| proposal.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(octets(&sa).len() + 4, 12 + 164);
}

#[test]
fn a_choice_of_phase_2_gives_keys_spis_and_both_lifetimes() {
    let choice = choose(&windows_2()).unwrap();
    assert_eq!(choice.suite, esp(256));
    assert_eq!(choice.suite.encryption(), Some((Encryption::AesCbc, 32)));
    assert_eq!(choice.suite.integrity(), Some(Integrity::HmacSha1_96));
    assert_eq!(choice.peer_spi, 0xc0de_0001);
    assert_eq!(choice.reply.proposals[0].spi, [0xc0, 0xde, 0, 2]);
    assert_eq!(choice.lifetime, Lifetime { seconds: Some(3600), kilobytes: Some(250_000) });
    let seen = check_phase2_reply(&windows_2().to_sa(0xc0de_0001, MODES[0]), choice.reply).unwrap();
    assert_eq!((seen.peer_spi, seen.suite, seen.mode), (0xc0de_0002, esp(256), MODES[0]));
    let nothing_said = Phase2Offer { lifetime: Lifetime::default(), ..windows_2() };
    let obeys = choose(&nothing_said).unwrap();
    assert_eq!(obeys.lifetime, Lifetime::seconds(3600));
}

#[test]
fn groups_and_modes_have_to_fit() {
    let with_group = Phase2Offer { group: Some(Group::Modp1024), ..windows_2() };
    assert_eq!(choose(&with_group), Err(Incompatible::Group));
    let offer = windows_2().to_sa(1, EncapsulationMode::Tunnel);
    let refused = choose_phase2(&offer, &acceptance_2(), &MODES, 2);
    assert_eq!(refused, Err(Incompatible::NothingUnderstood));
}

/// ISAKMP-2408-4.2-a: proposals of one number are wanted together.
#[test]
fn a_combination_with_another_protocol_is_not_chosen_in_part() {
    let mut offer = windows_2().to_sa(1, MODES[0]);
    let mut ah = offer.proposals[0].clone();
    ah.protocol = ProtocolId::Ah;
    offer.proposals.insert(0, ah);
    let choice = choose_phase2(&offer, &acceptance_2(), &MODES, 2).unwrap();
    assert_eq!((choice.suite, choice.reply.proposals[0].number), (esp(128), 2));
}

/// ESP-4303-3.2-a, DOI-2407-4.5-d.
#[test]
fn encryption_needs_integrity() {
    let bare = Phase2Suite { authentication: None, ..esp(256) };
    assert_eq!(bare.integrity(), None);
    let offer = Phase2Offer { suites: vec![bare], ..windows_2() };
    assert_eq!(choose(&offer), Err(Incompatible::NothingUnderstood));
    assert_eq!(Lifetime::of_attributes(&[], Phase2Class::SaLifeType.number(), 2), Lifetime::default());
}

/// strongSwan answers Windows, which writes durations in four octets behind a type, in a hand of its own.
#[test]
fn a_choice_may_be_written_anew_and_is_still_what_was_offered() {
    let offer = windows().to_sa();
    let accepted = [(AES, 256, Hash::Sha1, Group::Modp2048)];
    let rewriting = Rewriting {
        transform_number: 1,
        order: Phase1Offer::RACOON.iter().map(|class| class.number()).collect(),
        encoding: Encoding::Shortest,
    };
    let own = Phase1Acceptance { rewriting: Some(rewriting), ..acceptance(&accepted) };
    let choice = choose_phase1(&offer, &own).unwrap();
    let [transform] = choice.reply.proposals[0].transforms.as_slice() else { panic!("one transform") };
    let classes: Vec<u16> = transform.attributes.iter().map(|attribute| attribute.class).collect();
    assert_eq!(classes, Phase1Offer::RACOON.map(Phase1Class::number));
    assert_eq!(transform.attributes[1], Attribute::basic(Phase1Class::LifeDuration.number(), 28_800));
    assert_eq!(transform.number, 1, "the third was chosen");
    assert_eq!(check_phase1_reply(&offer, choice.reply.clone()), Ok(choice));
}

/// Each duration stays behind the type that it is of.
#[test]
fn both_lifetimes_of_phase_2_are_written_anew() {
    let rewriting = Rewriting {
        transform_number: 1,
        order: Phase2Offer::STRONGSWAN.iter().map(|class| class.number()).collect(),
        encoding: Encoding::Shortest,
    };
    let own = Phase2Acceptance { rewriting: Some(rewriting), ..acceptance_2() };
    let offer = windows_2().to_sa(0xc0de_0001, MODES[0]);
    let choice = choose_phase2(&offer, &own, &MODES, 0xc0de_0002).unwrap();
    assert_eq!(choice.lifetime, Lifetime { seconds: Some(3600), kilobytes: Some(250_000) });
    assert!(check_phase2_reply(&offer, choice.reply.clone()).is_ok());
    let [transform] = choice.reply.proposals[0].transforms.as_slice() else { panic!("one transform") };
    let classes: Vec<u16> = transform.attributes.iter().map(|attribute| attribute.class).collect();
    assert_eq!(
        classes,
        [6, 5, 4, 1, 2, 1, 2],
        "key length, authentication, mode, and each type with its duration"
    );
}
