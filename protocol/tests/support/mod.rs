//! Reading vectors, and two ends of a layer in virtual time.

pub(crate) mod pair;

use serde_json::Value;

/// The octets of hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "odd number of digits: {digits}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The hexadecimal digits of octets.
pub(crate) fn digits(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The octets of a field of a JSON object that holds hexadecimal digits.
pub(crate) fn hex_field(object: &Value, field: &str) -> Vec<u8> {
    hex(text(object, field).trim_start_matches("0x"))
}

/// A text field of a JSON object.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_else(|| panic!("no text {field} in {object}"))
}

/// Octets as an array.
pub(crate) fn array<const N: usize>(octets: &[u8]) -> [u8; N] {
    octets.try_into().unwrap()
}
