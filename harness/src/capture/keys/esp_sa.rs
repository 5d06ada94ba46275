//! Wireshark's table of ESP SAs: one a line, eight fields in double quotes parted by commas (family, source,
//! destination, SPI, encryption algorithm and key, integrity algorithm and key), in newer versions followed by the
//! length of sequence numbers and the high bits of extended ones.

use super::algorithm::{WIRESHARK_ENCRYPTION, WIRESHARK_INTEGRITY, named};
use super::text::{Field, Line, Lines, addresses, after_0x, key, number};
use super::{EspSaEntry, Family, KeyError, Keys};

const SHAPE: &str = "write \"IPv4\",\"*\",\"*\",\"0x<SPI>\",\"AES-CBC [RFC3602]\",\"0x<key>\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x<key>\"";

pub(super) fn read(lines: Lines<'_>, keys: &mut Keys) -> Result<(), KeyError> {
    for line in lines.filter(|line| !line.is_blank()) {
        let entry = entry(&line)?;
        keys.esp.push(entry);
    }
    Ok(())
}

fn entry(line: &Line<'_>) -> Result<EspSaEntry, KeyError> {
    let fields = line.fields()?;
    let Some((
        [family, source, destination, spi, encryption, encryption_key, integrity, integrity_key],
        more @ ([] | [_] | [_, _]),
    )) = fields.split_first_chunk::<8>()
    else {
        let what = format!("{} fields, where 8 to 10 are needed", fields.len());
        return Err(line.error(fields.get(10).map_or(line.text.len(), |field| field.at), what, SHAPE));
    };
    let family = match family.text() {
        text if text.eq_ignore_ascii_case("ipv4") => Family::Ipv4,
        text if text.eq_ignore_ascii_case("ipv6") => Family::Ipv6,
        _ => {
            return Err(line.error(
                family.at,
                "neither IPv4 nor IPv6",
                "the first field is \"IPv4\" or \"IPv6\"",
            ));
        }
    };
    let address = |field: &Field| {
        addresses(field.text(), family).ok_or_else(|| {
            line.error(
                field.at,
                "not an address of the line's family",
                "write an address, address/prefix, or * for any",
            )
        })
    };
    let algorithm = |field: &Field, known: Vec<&str>| {
        let hint = format!("known are {}", known.join(", "));
        line.error(field.at, "an algorithm without a meaning here", hint)
    };
    let key = |field: &Field| {
        key(&field.value).map_err(|what| {
            line.error(
                field.at,
                format!("a key with {what}"),
                "write 0x and two hexadecimal digits an octet, or the key as text",
            )
        })
    };
    Ok(EspSaEntry {
        family: Some(family),
        source: address(source)?,
        destination: address(destination)?,
        spi: self::spi(line, spi)?,
        encryption: named(WIRESHARK_ENCRYPTION, encryption.text()).ok_or_else(|| {
            algorithm(encryption, WIRESHARK_ENCRYPTION.iter().map(|known| known.0).collect())
        })?,
        encryption_key: key(encryption_key)?,
        integrity: named(WIRESHARK_INTEGRITY, integrity.text())
            .ok_or_else(|| algorithm(integrity, WIRESHARK_INTEGRITY.iter().map(|known| known.0).collect()))?,
        integrity_key: key(integrity_key)?,
        extended_sequence_numbers: sequence_numbers(line, more)?,
        encapsulation: None,
        origin: line.origin.clone(),
    })
}

/// A number, or `*` in the place of all of it or all of its digits.
fn spi(line: &Line<'_>, field: &Field) -> Result<Option<u32>, KeyError> {
    let text = field.text();
    let digits = after_0x(text).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|digit| digit == b'*') {
        return Ok(None);
    }
    match number(text) {
        Some(number) => Ok(Some(number)),
        None => Err(line.error(
            field.at,
            "not an SPI",
            "write 0x and up to 8 hexadecimal digits, a decimal number, or * for any",
        )),
    }
}

fn sequence_numbers(line: &Line<'_>, more: &[Field]) -> Result<Option<bool>, KeyError> {
    let Some(field) = more.first() else { return Ok(None) };
    match field.text() {
        "" => Ok(None),
        text if text.starts_with("32") => Ok(Some(false)),
        text if text.starts_with("64") => Ok(Some(true)),
        _ => Err(line.error(
            field.at,
            "not a length of sequence numbers",
            "the ninth field is \"32-bit\" or \"64-bit\"",
        )),
    }
}
