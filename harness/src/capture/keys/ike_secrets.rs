//! Our own file of what ISAKMP keys can be computed from, one exchange a line:
//!
//! ```text
//! # initiator cookie, or * for every exchange
//! 64a7d5a00552789b psk "an example" dh-private-responder 0x0123456789abcdef
//! ```
//!
//! Then come pairs in any order: `psk` with text in double quotes or `0x` and hexadecimal digits; `dh-secret`,
//! `dh-private-initiator` or `dh-private-responder` with hexadecimal digits. A pre-shared key alone opens no recorded
//! exchange.

use super::text::{Line, Lines, Word, after_0x, cookie, hexadecimal, unquote};
use super::{IkeSecrets, KeyError, Keys, SecretOctets};

const SHAPE: &str = "write <initiator cookie> psk \"<text>\"|0x<hexadecimal> [dh-secret|dh-private-initiator|dh-private-responder <hexadecimal>]";

pub(super) fn read(lines: Lines<'_>, keys: &mut Keys) -> Result<(), KeyError> {
    for line in lines.filter(|line| !line.is_blank()) {
        let entry = entry(&line)?;
        keys.secrets.push(entry);
    }
    Ok(())
}

fn entry(line: &Line<'_>) -> Result<IkeSecrets, KeyError> {
    let words = line.words();
    let Some((first, pairs)) = words.split_first() else {
        return Err(line.error(0, "nothing", SHAPE));
    };
    let initiator_cookie = match first.text {
        "*" => None,
        text => {
            Some(cookie(text).map_err(|what| line.error(first.at, format!("a cookie with {what}"), SHAPE))?)
        }
    };
    let mut secrets = IkeSecrets {
        initiator_cookie,
        pre_shared_key: None,
        dh_secret: None,
        dh_private_initiator: None,
        dh_private_responder: None,
        origin: line.origin.clone(),
    };
    if pairs.is_empty() {
        return Err(line.error(line.text.len(), "a cookie and nothing about it", SHAPE));
    }
    for pair in pairs.chunks(2) {
        let [name, value] = pair else {
            return Err(line.error(line.text.len(), "a word without its value", SHAPE));
        };
        let (place, octets) = match name.text {
            "psk" => (&mut secrets.pre_shared_key, text_or_octets(line, value)?),
            "dh-secret" => (&mut secrets.dh_secret, octets(line, value)?),
            "dh-private-initiator" => (&mut secrets.dh_private_initiator, octets(line, value)?),
            "dh-private-responder" => (&mut secrets.dh_private_responder, octets(line, value)?),
            _ => {
                let hint = "known are psk, dh-secret, dh-private-initiator and dh-private-responder";
                return Err(line.error(name.at, "a word without a meaning here", hint));
            }
        };
        if place.replace(octets).is_some() {
            return Err(line.error(
                name.at,
                format!("{} for the second time", name.text),
                "once a line is enough",
            ));
        }
    }
    Ok(secrets)
}

fn octets(line: &Line<'_>, value: &Word<'_>) -> Result<SecretOctets, KeyError> {
    match hexadecimal(after_0x(value.text).unwrap_or(value.text)) {
        Ok(octets) if octets.is_empty() => Err(line.error(value.at, "a value with no octets", SHAPE)),
        Ok(octets) => Ok(SecretOctets::new(octets)),
        Err(what) => Err(line.error(value.at, format!("a value with {what}"), SHAPE)),
    }
}

fn text_or_octets(line: &Line<'_>, value: &Word<'_>) -> Result<SecretOctets, KeyError> {
    let Some(quoted) = value.text.strip_prefix('"') else {
        return if after_0x(value.text).is_some() {
            octets(line, value)
        } else {
            Err(line.error(
                value.at,
                "a key that is neither in quotation marks nor hexadecimal after 0x",
                SHAPE,
            ))
        };
    };
    let hint = "write \"...\"; a quotation mark in it is \\\" and a backslash \\\\";
    match unquote(quoted) {
        Ok((octets, "")) => Ok(SecretOctets::new(octets)),
        Ok(_) => Err(line.error(value.at, "something right behind the closing quotation mark", hint)),
        Err(what) => Err(line.error(value.at, what, hint)),
    }
}
