//! How values of the protocols are written in profiles: as words.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use l2tpspec_protocol::isakmp::policy::{
    Encoding, LifetimePolicy, Phase1Suite, Phase2Suite, Preference, Structure,
};
use l2tpspec_protocol::isakmp::wire::{
    AuthenticationAlgorithm, EncryptionAlgorithm, EspTransform, Group, HashAlgorithm, Known, Phase1Class,
    Phase2Class, VendorId,
};
use l2tpspec_protocol::isakmp::{InitialContact, MessageIds, Mode, NatMethod, Padding};
use l2tpspec_protocol::l2tp::{Numbers, ResultForm};

use super::ike::AnswerForm;
use crate::check::known::distance;

/// A kind of value, each of which has a word.
pub trait Word: Sized {
    /// What values without a word look like, where they can be written.
    const OTHER: Option<&'static str> = None;

    /// The words and what they mean.
    fn words() -> Vec<(&'static str, Self)>;

    /// What a text means that is none of the words, where values without a word can be written.
    fn other(_text: &str) -> Option<Self> {
        None
    }
}

/// A value that is written as its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<T>(pub T);

impl<'de, T: Word> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match T::other(&text) {
            Some(value) => Ok(Self(value)),
            None => look_up(&text).map(Self).map_err(D::Error::custom),
        }
    }
}

// Each kind of value has a name of its own only in the program; in the schema its words stand where it is used.
impl<T: Word> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("one_of_{}", names::<T>().join("_")).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        match T::OTHER {
            Some(pattern) => json_schema!({
                "anyOf": [{ "enum": names::<T>() }, { "type": "string", "pattern": pattern }]
            }),
            None => json_schema!({ "enum": names::<T>() }),
        }
    }
}

/// The words of a kind of value.
fn names<T: Word>() -> Vec<&'static str> {
    T::words().into_iter().map(|(word, _)| word).collect()
}

/// A pattern that a text of the words of several kinds follows.
fn pattern(kinds: &[Vec<&'static str>]) -> String {
    let kinds: Vec<_> = kinds.iter().map(|words| format!("({})", words.join("|"))).collect();
    format!("^{}$", kinds.join("-"))
}

/// Declares a schema of texts that follow a pattern.
macro_rules! texts {
    ($($type:ident $name:literal $description:literal $pattern:expr;)+) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $description, "pattern": $pattern })
            }
        })+
    };
}

texts! {
    IkeSuite "ike_suite" "cipher, hash and group: aes256-sha1-modp2048"
        pattern(&[names::<Cipher>(), names::<HashAlgorithm>(), names::<Group>()]);
    EspSuite "esp_suite" "cipher and authentication: aes256-sha1"
        pattern(&[names::<Cipher>(), names::<AuthenticationAlgorithm>()]);
    Span "time" "a time such as 500ms, 20s, 30m or 8h" "^[0-9]+(ms|s|m|h)$";
    Octets "octets" "octets in hexadecimal" "^([0-9a-fA-F]{2})*$";
}

/// The values of a list of words.
#[must_use]
pub fn values<T: Clone>(list: &[Named<T>]) -> Vec<T> {
    list.iter().map(|Named(value)| value.clone()).collect()
}

fn look_up<T: Word>(word: &str) -> Result<T, String> {
    let mut words = T::words();
    match words.iter().position(|(known, _)| *known == word) {
        Some(at) => Ok(words.swap_remove(at).1),
        None => {
            let known: Vec<_> = words.iter().map(|(known, _)| *known).collect();
            let all = known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
            Err(format!("`{word}` is not known here{}; expected one of {all}", suggestion(word, &known)))
        }
    }
}

/// The nearest of some words, as the end of a message; nothing if none is near.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|known| (distance(known, word), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 1 + known.len() / 3 => format!(", did you mean `{known}`?"),
        _ => String::new(),
    }
}

/// Declares the words of a type.
macro_rules! words {
    ($($type:ty { $($word:literal => $value:expr),+ $(,)? })+) => {
        $(impl Word for $type {
            fn words() -> Vec<(&'static str, Self)> {
                vec![$(($word, $value)),+]
            }
        })+
    };
}

words! {
    Mode { "main" => Self::Main, "aggressive" => Self::Aggressive }
    Encoding { "shortest" => Self::Shortest, "four-octets" => Self::FourOctets }
    LifetimePolicy { "obey" => Self::Obey, "strict" => Self::Strict, "claim" => Self::Claim }
    Preference { "peer" => Self::Peer, "own" => Self::Own }
    AnswerForm { "as-offered" => Self::AsOffered, "rewritten" => Self::Rewritten }
    Structure { "one-proposal" => Self::OneProposal, "proposal-each" => Self::ProposalEach }
    InitialContact { "never" => Self::Never, "in-phase1" => Self::InPhase1, "apart" => Self::Apart }
    MessageIds { "random" => Self::Random, "sequential" => Self::Sequential }
    Padding { "least" => Self::Least, "at-least-one" => Self::AtLeastOne }
    Numbers { "random" => Self::Random, "sequential" => Self::Sequential }
    ResultForm { "with-error" => Self::WithError, "bare" => Self::Bare, "apple" => Self::Apple }
    NatMethod {
        "rfc3947" => Self::Rfc3947,
        "draft-03" => Self::Draft03,
        "draft-02-newline" => Self::Draft02Newline,
        "draft-02" => Self::Draft02,
    }
    Group {
        "modp768" => Self::Modp768,
        "modp1024" => Self::Modp1024,
        "modp1536" => Self::Modp1536,
        "modp2048" => Self::Modp2048,
        "modp3072" => Self::Modp3072,
        "modp4096" => Self::Modp4096,
        "ecp256" => Self::Ecp256,
        "ecp384" => Self::Ecp384,
        "ecp521" => Self::Ecp521,
    }
    HashAlgorithm {
        "md5" => Self::Md5,
        "sha1" => Self::Sha1,
        "sha256" => Self::Sha2_256,
        "sha384" => Self::Sha2_384,
        "sha512" => Self::Sha2_512,
    }
    AuthenticationAlgorithm {
        "md5" => Self::HmacMd5,
        "sha1" => Self::HmacSha,
        "sha256" => Self::HmacSha2_256,
        "sha384" => Self::HmacSha2_384,
        "sha512" => Self::HmacSha2_512,
    }
    Phase1Class {
        "encryption" => Self::EncryptionAlgorithm,
        "key-length" => Self::KeyLength,
        "hash" => Self::HashAlgorithm,
        "group" => Self::GroupDescription,
        "authentication" => Self::AuthenticationMethod,
        "life" => Self::LifeType,
    }
    Phase2Class {
        "key-length" => Self::KeyLength,
        "authentication" => Self::AuthenticationAlgorithm,
        "group" => Self::GroupDescription,
        "mode" => Self::EncapsulationMode,
        "life" => Self::SaLifeType,
    }
}

/// A cipher with the length of its key: of phase 1, and of ESP.
#[derive(Debug, Clone, Copy)]
struct Cipher(EncryptionAlgorithm, EspTransform, Option<u16>);

impl Word for Cipher {
    fn words() -> Vec<(&'static str, Self)> {
        use EncryptionAlgorithm as E;
        use EspTransform as T;
        vec![
            ("aes256", Self(E::AesCbc, T::AesCbc, Some(256))),
            ("aes192", Self(E::AesCbc, T::AesCbc, Some(192))),
            ("aes128", Self(E::AesCbc, T::AesCbc, Some(128))),
            ("3des", Self(E::TripleDesCbc, T::TripleDes, None)),
            ("des", Self(E::DesCbc, T::Des, None)),
        ]
    }
}

/// A suite of phase 1, written as strongSwan does: `aes256-sha1-modp2048`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IkeSuite(pub Phase1Suite);

impl<'de> Deserialize<'de> for IkeSuite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts: Vec<&str> = text.split('-').collect();
        let [cipher, hash, group] = parts.as_slice() else {
            return Err(D::Error::custom(format!("`{text}` is not written as aes256-sha1-modp2048")));
        };
        let suite = || {
            let Cipher(encryption, _, bits) = look_up(cipher)?;
            Ok(Self(Phase1Suite::psk(encryption, bits, look_up(hash)?, look_up(group)?)))
        };
        suite().map_err(|problem: String| D::Error::custom(problem))
    }
}

/// A suite of phase 2, written as strongSwan does: `aes256-sha1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EspSuite(pub Phase2Suite);

impl<'de> Deserialize<'de> for EspSuite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let Some((cipher, authentication)) = text.split_once('-') else {
            return Err(D::Error::custom(format!("`{text}` is not written as aes256-sha1")));
        };
        let suite = || {
            let Cipher(_, transform, key_length) = look_up(cipher)?;
            let authentication = Some(look_up(authentication)?);
            Ok(Self(Phase2Suite { transform, key_length, authentication }))
        };
        suite().map_err(|problem: String| D::Error::custom(problem))
    }
}

impl Word for VendorId {
    const OTHER: Option<&'static str> = Some("^0x([0-9a-fA-F]{2})+$");

    fn other(text: &str) -> Option<Self> {
        octets(text.strip_prefix("0x")?).filter(|octets| !octets.is_empty()).map(Self)
    }

    fn words() -> Vec<(&'static str, Self)> {
        const KEY_MODS: u128 = 0x0152_8bbb_c006_9612_1849_ab9a_1c5b_2a51;
        const CAPABILITY: [u8; 4] = [0x80, 0, 0, 0];
        let known = [
            ("rfc3947", Known::Rfc3947),
            ("draft-00", Known::NatTDraft00),
            ("draft-02", Known::NatTDraft02),
            ("draft-02-newline", Known::NatTDraft02Newline),
            ("draft-03", Known::NatTDraft03),
            ("draft-04", Known::NatTDraft04),
            ("draft-05", Known::NatTDraft05),
            ("draft-06", Known::NatTDraft06),
            ("draft-07", Known::NatTDraft07),
            ("draft-08", Known::NatTDraft08),
            ("apple-nat-t", Known::NatTApple),
            ("dpd", Known::Dpd),
            ("xauth", Known::Xauth),
            ("unity", Known::Unity),
            ("fragmentation", Known::Fragmentation),
            ("ms-nt5-8", Known::MsNt5 { version: 8 }),
            ("ms-nt5-9", Known::MsNt5 { version: 9 }),
            ("ms-negotiation-discovery", Known::MsNegotiationDiscovery),
            ("ms-initial-contact", Known::MsVidInitialContact),
            ("ms-ike-cga", Known::MsIkeCga),
        ];
        let with = |head: &[u8], tail: &[u8]| Self([head, tail].concat());
        let mut words: Vec<_> =
            known.into_iter().filter_map(|(word, known)| Some((word, Self::of(known)?))).collect();
        let fragmentation = Self::of(Known::Fragmentation).map(|id| with(&id.0, &CAPABILITY));
        words.extend(fragmentation.map(|id| ("fragmentation-80000000", id)));
        words.push(("ms-key-mods-1", with(&KEY_MODS.to_be_bytes(), &1_u32.to_be_bytes())));
        words
    }
}

/// A time, written with its unit: `500ms`, `20s`, `30m`, `8h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        let milliseconds = match unit {
            "ms" => Some(1),
            "s" => Some(1000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            _ => None,
        };
        let span = milliseconds.zip(number.parse::<u64>().ok()).and_then(|(unit, n)| n.checked_mul(unit));
        span.map(|span| Self(Duration::from_millis(span)))
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no time such as 500ms, 20s, 30m or 8h")))
    }
}

/// Octets, written in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        octets(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no octets in hexadecimal")))
    }
}

/// The octets that hexadecimal digits write.
fn octets(text: &str) -> Option<Vec<u8>> {
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|c| c.is_ascii_hexdigit());
    is_hex.then(|| text.as_bytes().chunks(2).map(octet).collect::<Option<Vec<u8>>>()).flatten()
}

/// The word of a value.
#[must_use]
pub fn word_of<T: Word + PartialEq>(value: &T) -> Option<&'static str> {
    T::words().into_iter().find(|(_, known)| known == value).map(|(word, _)| word)
}

/// How a vendor ID is written: by its word, or as octets.
#[must_use]
pub fn vendor_id_text(id: &VendorId) -> String {
    let octets = || id.0.iter().fold(String::from("0x"), |text, octet| format!("{text}{octet:02x}"));
    word_of(id).map_or_else(octets, str::to_owned)
}

/// How a suite of phase 1 is written; `None` if it has no words.
#[must_use]
pub fn ike_suite_text(suite: &Phase1Suite) -> Option<String> {
    let is_it = |cipher: &Cipher| cipher.0 == suite.encryption && cipher.2 == suite.key_length;
    let (cipher, _) = Cipher::words().into_iter().find(|(_, cipher)| is_it(cipher))?;
    let is_psk = *suite == Phase1Suite::psk(suite.encryption, suite.key_length, suite.hash, suite.group);
    is_psk.then_some(())?;
    Some(format!("{cipher}-{}-{}", word_of(&suite.hash)?, word_of(&suite.group)?))
}

/// How a suite of phase 2 is written; `None` if it has no words.
#[must_use]
pub fn esp_suite_text(suite: &Phase2Suite) -> Option<String> {
    let is_it = |cipher: &Cipher| cipher.1 == suite.transform && cipher.2 == suite.key_length;
    let (cipher, _) = Cipher::words().into_iter().find(|(_, cipher)| is_it(cipher))?;
    Some(format!("{cipher}-{}", word_of(&suite.authentication?)?))
}
