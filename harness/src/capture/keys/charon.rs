//! A log of charon with `ike = 4` and `chd = 4`, from a file, syslog or the journal.
//!
//! Lines end in `05[IKE] text`: the thread, the subsystem, the text. Octets come as a line that names them and tells
//! their number, and lines of up to 16 octets in hexadecimal:
//!
//! ```text
//! 05[IKE] SKEYID_e => 20 bytes @ 0x7f0f2c001230
//! 05[IKE]    0: 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F  ................
//! 05[IKE]   16: 10 11 12 13                                      ....
//! ```
//!
//! Threads interleave, so that each has its own state here. The initiator cookie stands in what the hash of phase 1
//! is computed over, and in the lines of the subsystem MGR at level 2; the SPI of an ESP SA in what its keys are
//! computed from.

use std::collections::BTreeMap;

use super::algorithm::{CHARON_ENCRYPTION, CHARON_INTEGRITY, named};
use super::text::{Lines, hexadecimal};
use super::{
    AddressMatch, EspIntegrity, EspSaEntry, Ikev1Derivation, Ikev1Key, Keys, LeftOut, Origin, SecretOctets,
};

/// charon's subsystems.
const SUBSYSTEMS: [&str; 18] = [
    "DMN", "MGR", "IKE", "CHD", "JOB", "CFG", "KNL", "NET", "ASN", "ENC", "TNC", "IMC", "IMV", "PTS", "TLS",
    "APP", "ESP", "LIB",
];
/// The most octets of a value that are believed.
const VALUE_LIMIT: usize = 64 * 1024;
/// The most threads that are told apart; charon has 16 unless configured.
const THREAD_LIMIT: usize = 4096;
/// The protocol number of ESP (RFC 2407 section 4.4.1).
const PROTO_IPSEC_ESP: u8 = 3;

/// Whether a line is one of charon's.
pub(super) fn looks_like_charon(line: &str) -> bool {
    split(line).is_some()
}

/// The thread, the subsystem and the text of a line.
fn split(line: &str) -> Option<(u32, &str, &str)> {
    for (at, _) in line.match_indices('[') {
        let (before, after) = (&line[..at], &line[at + 1..]);
        let digits = before.len() - before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let Ok(thread) = before[digits..].parse() else { continue };
        let Some((subsystem, text)) = after.split_once(']') else { continue };
        // `log_level = yes` writes `IKE4`.
        let subsystem = subsystem.trim_end_matches(|c: char| c.is_ascii_digit());
        if !SUBSYSTEMS.contains(&subsystem) {
            continue;
        }
        let text = text.strip_prefix(' ').unwrap_or(text);
        return Some((thread, subsystem, without_connection(text)));
    }
    None
}

/// The text without the `<name|1>` that `ike_name = yes` puts before it.
fn without_connection(text: &str) -> &str {
    let Some((name, rest)) = text.strip_prefix('<').and_then(|text| text.split_once("> ")) else {
        return text;
    };
    let number = name.rsplit_once('|').map_or(name, |(_, number)| number);
    if !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()) { rest } else { text }
}

/// What one thread is at.
#[derive(Default)]
struct Thread {
    dump: Option<Dump>,
    cookie: Option<[u8; 8]>,
    derivation: Ikev1Derivation,
    /// Which key of `Keys::ikev1` the thread derived last.
    last_key: Option<usize>,
    child: Child,
}

/// Octets being read.
struct Dump {
    name: String,
    origin: Origin,
    length: usize,
    octets: Vec<u8>,
}

/// The keys of a pair of ESP SAs being derived.
#[derive(Default)]
struct Child {
    encryption: Option<String>,
    integrity: Option<String>,
    /// Octets of the Diffie-Hellman secret of Quick Mode, which stand first in a seed.
    secret_length: usize,
    /// The SPIs of the SAs from the initiator and from the responder.
    spis: [Option<u32>; 2],
    encryption_keys: [Option<SecretOctets>; 2],
    integrity_keys: [Option<SecretOctets>; 2],
}

pub(super) fn read(lines: Lines<'_>, keys: &mut Keys) {
    let first = keys.ikev1.len();
    let found = (keys.ikev1.len(), keys.esp.len(), keys.left_out.len());
    let mut threads: BTreeMap<u32, Thread> = BTreeMap::new();
    let mut origin = None;
    for line in lines {
        let Some((number, subsystem, text)) = split(line.text) else { continue };
        origin.get_or_insert_with(|| line.origin.clone());
        if threads.len() == THREAD_LIMIT && !threads.contains_key(&number) {
            continue;
        }
        let thread = threads.entry(number).or_default();
        if !thread.dump.as_mut().is_some_and(|dump| dump.take(text)) {
            thread.dump = None;
            thread.line(subsystem, text, &line.origin);
        }
        let ended = thread.dump.as_ref().is_some_and(|dump| dump.octets.len() == dump.length);
        if ended && let Some(dump) = thread.dump.take() {
            thread.value(dump, keys, first);
        }
    }
    let nothing = found == (keys.ikev1.len(), keys.esp.len(), keys.left_out.len());
    if let Some(origin) = origin.filter(|_| nothing) {
        let why = "a log of charon without keys; it logs them with `ike = 4` and `chd = 4`".to_owned();
        keys.left_out.push(LeftOut { origin, why });
    }
}

impl Dump {
    /// Takes a line of octets, `false` if it is none.
    fn take(&mut self, text: &str) -> bool {
        let Some((offset, octets)) = text.trim_start().split_once(": ") else { return false };
        if offset.parse() != Ok(self.octets.len()) {
            return false;
        }
        let wanted = (self.length - self.octets.len()).min(16);
        let mut line = Vec::with_capacity(wanted);
        for pair in octets.split(' ').take(wanted) {
            match hexadecimal(pair) {
                Ok(octet) if octet.len() == 1 => line.extend(octet),
                _ => return false,
            }
        }
        self.octets.extend_from_slice(&line);
        line.len() == wanted
    }
}

impl Thread {
    /// Takes a line that is no line of octets.
    fn line(&mut self, subsystem: &str, text: &str, origin: &Origin) {
        if let Some((name, rest)) = text.split_once(" => ")
            && let Some((length, _)) = rest.split_once(" bytes @ ")
            && let Ok(length) = length.parse()
            && length <= VALUE_LIMIT
        {
            self.dump =
                Some(Dump { name: name.to_owned(), origin: origin.clone(), length, octets: Vec::new() });
            return;
        }
        match subsystem {
            "MGR" => {
                if let Some(cookie) = cookie_of(text) {
                    self.cookie = Some(cookie);
                } else if text.starts_with("checkin") {
                    self.cookie = None;
                }
            }
            "CHD" => {
                let algorithm =
                    |end| text.trim_start().strip_prefix("using ").and_then(|name| name.strip_suffix(end));
                if let Some(name) = algorithm(" for encryption") {
                    self.child = Child { encryption: Some(name.to_owned()), ..Child::default() };
                } else if let Some(name) = algorithm(" for integrity") {
                    self.child.integrity = Some(name.to_owned());
                }
            }
            _ => {}
        }
    }

    /// Takes octets that are complete.
    fn value(&mut self, dump: Dump, keys: &mut Keys, first: usize) {
        let Dump { name, origin, octets, .. } = dump;
        let secret = SecretOctets::new(octets);
        match name.as_str() {
            "shared Diffie Hellman secret" => {
                self.derivation = Ikev1Derivation { dh_secret: Some(secret), ..Ikev1Derivation::default() };
            }
            "SKEYID" => self.derivation.skeyid = Some(secret),
            "SKEYID_d" => self.derivation.skeyid_d = Some(secret),
            "SKEYID_a" => self.derivation.skeyid_a = Some(secret),
            "SKEYID_e" => self.derivation.skeyid_e = Some(secret),
            "encryption key Ka" => {
                self.last_key = Some(keys.ikev1.len());
                let derivation = std::mem::take(&mut self.derivation);
                keys.ikev1.push(Ikev1Key {
                    initiator_cookie: self.cookie.take(),
                    key: secret,
                    derivation,
                    origin,
                });
                return;
            }
            "initial IV" => {
                if let Some(key) = self.last_key.and_then(|key| keys.ikev1.get_mut(key)) {
                    key.derivation.initial_iv = Some(secret);
                }
            }
            // `first` is how many keys there were before this log.
            "HASH_I data" => hashed(&mut keys.ikev1[first..], secret.expose(), 0),
            "HASH_R data" => hashed(&mut keys.ikev1[first..], secret.expose(), 8),
            "DH secret" => self.child.secret_length = secret.len(),
            "initiator SA seed" => self.child.spis[0] = self.child.spi(secret.expose()),
            "responder SA seed" => self.child.spis[1] = self.child.spi(secret.expose()),
            "encryption initiator key" => self.child.encryption_keys[0] = Some(secret),
            "encryption responder key" => self.child.encryption_keys[1] = Some(secret),
            "integrity initiator key" => self.child.integrity_keys[0] = Some(secret),
            "integrity responder key" => self.child.integrity_keys[1] = Some(secret),
            _ => return,
        }
        if (name.starts_with("encryption ") || name.starts_with("integrity ")) && self.child.is_complete() {
            std::mem::take(&mut self.child).finish(&origin, keys);
        }
    }
}

/// The initiator cookie in `... SPIs 64a7d5a00552789b_i 0c7f79d21d01f351_r`.
fn cookie_of(text: &str) -> Option<[u8; 8]> {
    let (before, _) = text.split_once("_i")?;
    let digits = before.rsplit(' ').next()?;
    hexadecimal(digits).ok()?.try_into().ok()
}

/// Finds the initiator cookie in what a hash of phase 1 is computed over (RFC 2409 section 5) and gives it to the key
/// that it belongs to: the last one derived whose Diffie-Hellman values have a fitting length. `skip` is how many
/// octets stand between those values and the initiator cookie.
fn hashed(keys: &mut [Ikev1Key], data: &[u8], skip: usize) {
    /// The Domain of Interpretation and the Situation of RFC 2407 with which an SA payload begins.
    const SITUATION: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
    for key in keys.iter_mut().rev() {
        let Some(secret) = &key.derivation.dh_secret else { continue };
        // A public value is as long as the secret, or has two coordinates of that length.
        for values in [2 * secret.len(), 4 * secret.len()] {
            let Some(cookies) = data.get(values..values + 16) else { continue };
            if data.get(values + 16..values + 24) != Some(&SITUATION) {
                continue;
            }
            let Some(cookie) = cookies[skip..].first_chunk::<8>() else { continue };
            if key.initiator_cookie.is_none() {
                key.initiator_cookie = Some(*cookie);
                return;
            }
            if key.initiator_cookie == Some(*cookie) {
                return;
            }
        }
    }
}

impl Child {
    /// The SPI in a seed: the secret of Quick Mode, the protocol, the SPI, the nonces (RFC 2409 section 5.5).
    fn spi(&self, seed: &[u8]) -> Option<u32> {
        let seed = seed.get(self.secret_length..)?;
        let (protocol, rest) = seed.split_first()?;
        (*protocol == PROTO_IPSEC_ESP).then_some(u32::from_be_bytes(*rest.first_chunk()?))
    }

    /// Whether all keys came that the algorithms need.
    fn is_complete(&self) -> bool {
        let is_null = self.encryption.as_deref() == Some("NULL");
        (is_null || self.encryption_keys.iter().all(Option::is_some))
            && (self.integrity.is_none() || self.integrity_keys.iter().all(Option::is_some))
    }

    fn finish(self, origin: &Origin, keys: &mut Keys) {
        let mut leave_out = |why: String| keys.left_out.push(LeftOut { origin: origin.clone(), why });
        let Some(encryption_name) = self.encryption else {
            return leave_out("keys of a CHILD_SA whose algorithms the log does not tell".to_owned());
        };
        let Some(encryption) = named(CHARON_ENCRYPTION, &encryption_name) else {
            return leave_out(format!(
                "encryption algorithm {} is not supported",
                encryption_name.escape_debug()
            ));
        };
        let integrity = match self.integrity.as_deref() {
            None => EspIntegrity::Null,
            Some(name) => match named(CHARON_INTEGRITY, name) {
                Some(algorithm) => algorithm,
                None => {
                    return leave_out(format!(
                        "integrity algorithm {} is not supported",
                        name.escape_debug()
                    ));
                }
            },
        };
        if self.spis.contains(&None) {
            return leave_out("keys of a CHILD_SA without its SPIs: of IKEv2, or not of ESP".to_owned());
        }
        let entries = self.spis.into_iter().zip(self.encryption_keys).zip(self.integrity_keys);
        keys.esp.extend(entries.map(|((spi, encryption_key), integrity_key)| EspSaEntry {
            family: None,
            source: AddressMatch::Any,
            destination: AddressMatch::Any,
            spi,
            encryption,
            encryption_key: encryption_key.unwrap_or_default(),
            integrity,
            integrity_key: integrity_key.unwrap_or_default(),
            extended_sequence_numbers: None,
            encapsulation: None,
            origin: origin.clone(),
        }));
    }
}
