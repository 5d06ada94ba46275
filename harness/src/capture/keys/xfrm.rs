//! The output of `ip xfrm state`: an SA begins with `src A dst B` at the beginning of a line; indented lines tell the
//! SPI, the algorithms with their keys, and the UDP ports. `ip xfrm monitor` says before `src` what became of the SA.

use std::net::IpAddr;

use super::algorithm::{linux_combined, linux_encryption, linux_integrity};
use super::text::{Line, Lines, Word, after_0x, hexadecimal, number};
use super::{
    AddressMatch, EspEncryption, EspIntegrity, EspSaEntry, Family, KeyError, Keys, LeftOut, Origin,
    SecretOctets,
};

const SHAPE: &str = "keep the output of `ip xfrm state` as it is";

/// Whether a line is the first one of an SA, as nothing but `ip xfrm state` writes it.
pub(super) fn looks_like_xfrm(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(5).collect();
    matches!(of_sa(&words), ["src", source, "dst", destination, ..]
        if source.parse::<IpAddr>().is_ok() && destination.parse::<IpAddr>().is_ok())
}

/// The words of an SA's first line, without what `ip xfrm monitor` says became of it.
fn of_sa<'a, 'w>(words: &'a [&'w str]) -> &'a [&'w str] {
    match words {
        ["Deleted" | "Updated" | "Expired", sa @ ..] => sa,
        _ => words,
    }
}

/// An SA whose lines are being read.
struct Partial {
    origin: Origin,
    source: IpAddr,
    destination: IpAddr,
    is_esp: bool,
    spi: Option<u32>,
    encryption: Option<(EspEncryption, SecretOctets)>,
    integrity: Option<(EspIntegrity, SecretOctets)>,
    extended: bool,
    encapsulation: Option<(u16, u16)>,
    /// Why it cannot be used.
    left_out: Option<String>,
}

pub(super) fn read(lines: Lines<'_>, keys: &mut Keys) -> Result<(), KeyError> {
    let mut current: Option<Partial> = None;
    for line in lines.filter(|line| !line.is_blank()) {
        let words = line.words();
        let texts: Vec<&str> = words.iter().map(|word| word.text).collect();
        // A selector is `sel src A dst B`, so that only an SA begins with `src`.
        if let ["src", source, "dst", destination, ..] = of_sa(&texts) {
            finish(current.take(), keys);
            // The output of `ip xfrm policy` behind it has prefixes here.
            if let (Ok(source), Ok(destination)) = (source.parse(), destination.parse()) {
                current = Some(Partial::new(line.origin.clone(), source, destination));
            }
        } else if let Some(current) = &mut current {
            current.detail(&line, &words, &texts)?;
        }
    }
    finish(current, keys);
    Ok(())
}

fn finish(partial: Option<Partial>, keys: &mut Keys) {
    let Some(partial) = partial else { return };
    let origin = partial.origin.clone();
    match partial.entry() {
        Ok(Some(entry)) => keys.esp.push(entry),
        Ok(None) => {}
        Err(why) => keys.left_out.push(LeftOut { origin, why }),
    }
}

impl Partial {
    const fn new(origin: Origin, source: IpAddr, destination: IpAddr) -> Self {
        Self {
            origin,
            source,
            destination,
            is_esp: false,
            spi: None,
            encryption: None,
            integrity: None,
            extended: false,
            encapsulation: None,
            left_out: None,
        }
    }

    fn detail(&mut self, line: &Line<'_>, words: &[Word<'_>], texts: &[&str]) -> Result<(), KeyError> {
        match *texts {
            ["proto", protocol, "spi", spi, ..] => {
                self.is_esp = protocol == "esp";
                // With details, `0x12345678(305419896)`.
                let digits = spi.split('(').next().unwrap_or_default();
                // The pattern has four words.
                let spi = number(digits).ok_or_else(|| line.error(words[3].at, "not an SPI", SHAPE))?;
                self.spi = Some(spi);
            }
            ["replay-window" | "flag", ..] => self.extended |= texts.contains(&"esn"),
            ["enc", name, ..] => {
                let key = self.key(line, words.get(2))?;
                match linux_encryption(name) {
                    Some(algorithm) => self.encryption = Some((algorithm, key)),
                    None => self
                        .leave_out(format!("encryption algorithm {} is not supported", name.escape_debug())),
                }
            }
            ["auth", name, ..] => {
                let key = self.key(line, words.get(2))?;
                self.authenticated(name, 96, key);
            }
            ["auth-trunc", name, .., bits] => {
                let key = self.key(line, words.get(2))?;
                self.authenticated(name, number(bits).unwrap_or_default(), key);
            }
            ["aead", name, .., bits] => {
                let key = self.key(line, words.get(2))?;
                match linux_combined(name, number(bits).unwrap_or_default()) {
                    Some(algorithm) => self.encryption = Some((algorithm, key)),
                    None => {
                        self.leave_out(format!(
                            "combined algorithm {} is not supported",
                            name.escape_debug()
                        ));
                    }
                }
            }
            ["encap", "type", "espinudp", "sport", source, "dport", destination, ..] => {
                self.encapsulation = source.parse().ok().zip(destination.parse().ok());
            }
            _ => {}
        }
        Ok(())
    }

    fn authenticated(&mut self, name: &str, bits: u32, key: SecretOctets) {
        match linux_integrity(name, bits) {
            Some(algorithm) => self.integrity = Some((algorithm, key)),
            None => self.leave_out(format!(
                "integrity algorithm {} with {bits} bits is not supported",
                name.escape_debug()
            )),
        }
    }

    /// The key in the third word: hexadecimal after `0x`, or nothing.
    fn key(&mut self, line: &Line<'_>, word: Option<&Word<'_>>) -> Result<SecretOctets, KeyError> {
        let Some(word) = word else { return Ok(SecretOctets::default()) };
        if word.text.starts_with("<<") {
            self.leave_out("the keys are hidden; run `ip xfrm state` without `nokeys`, as root".to_owned());
            return Ok(SecretOctets::default());
        }
        match after_0x(word.text).map(hexadecimal) {
            Some(Ok(octets)) => Ok(SecretOctets::new(octets)),
            Some(Err(what)) => Err(line.error(word.at, format!("a key with {what}"), SHAPE)),
            None => Err(line.error(word.at, "a key that does not begin with 0x", SHAPE)),
        }
    }

    fn leave_out(&mut self, why: String) {
        self.left_out.get_or_insert(why);
    }

    /// The SA, nothing if it is none of ESP, or why it cannot be used.
    fn entry(self) -> Result<Option<EspSaEntry>, String> {
        if !self.is_esp {
            return Ok(None);
        }
        if let Some(why) = self.left_out {
            return Err(why);
        }
        // Without an algorithm it is a larval SA: an SPI that was allocated and never used.
        let Some((encryption, encryption_key)) = self.encryption else {
            return Err("an SA without an encryption algorithm".to_owned());
        };
        let (integrity, integrity_key) =
            self.integrity.unwrap_or_else(|| (EspIntegrity::Null, SecretOctets::default()));
        Ok(Some(EspSaEntry {
            family: Some(Family::of(self.destination)),
            source: AddressMatch::exactly(self.source),
            destination: AddressMatch::exactly(self.destination),
            spi: self.spi,
            encryption,
            encryption_key,
            integrity,
            integrity_key,
            extended_sequence_numbers: Some(self.extended),
            encapsulation: self.encapsulation,
            origin: self.origin,
        }))
    }
}
