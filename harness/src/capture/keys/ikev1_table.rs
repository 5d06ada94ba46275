//! Wireshark's table of ISAKMP keys: the initiator cookie and the encryption key, in hexadecimal, parted by a comma.

use super::text::{Field, Line, Lines, after_0x, cookie, hexadecimal};
use super::{Ikev1Derivation, Ikev1Key, KeyError, Keys, SecretOctets};

const SHAPE: &str = "write <initiator cookie, 16 hexadecimal digits>,<key, two digits an octet>";

pub(super) fn read(lines: Lines<'_>, keys: &mut Keys) -> Result<(), KeyError> {
    for line in lines.filter(|line| !line.is_blank()) {
        let key = entry(&line)?;
        keys.ikev1.push(key);
    }
    Ok(())
}

fn entry(line: &Line<'_>) -> Result<Ikev1Key, KeyError> {
    let fields = line.fields()?;
    let [initiator, key] = fields.as_slice() else {
        let at = fields.get(2).map_or(line.text.len(), |field| field.at);
        return Err(line.error(at, format!("{} fields, where 2 are needed", fields.len()), SHAPE));
    };
    let refuse =
        |field: &Field, name: &str, what: &str| line.error(field.at, format!("{name} with {what}"), SHAPE);
    let initiator_cookie = cookie(initiator.text()).map_err(|what| refuse(initiator, "a cookie", what))?;
    let text = key.text();
    let octets = hexadecimal(after_0x(text).unwrap_or(text)).map_err(|what| refuse(key, "a key", what))?;
    if octets.is_empty() {
        return Err(refuse(key, "a key", "no octets"));
    }
    Ok(Ikev1Key {
        initiator_cookie: Some(initiator_cookie),
        key: SecretOctets::new(octets),
        derivation: Ikev1Derivation::default(),
        origin: line.origin.clone(),
    })
}
