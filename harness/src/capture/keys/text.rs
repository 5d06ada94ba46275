//! Lines and words with their places, and the numbers in them.

use std::path::Path;
use std::sync::Arc;

use super::{AddressMatch, Family, KeyError, Origin, SecretOctets};

/// The lines of a file.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    file: Arc<Path>,
    lines: std::str::Lines<'a>,
    number: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(path: &Path, text: &'a str) -> Self {
        Self { file: path.into(), lines: text.strip_prefix('\u{feff}').unwrap_or(text).lines(), number: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let text = self.lines.next()?;
        self.number = self.number.saturating_add(1);
        Some(Line { origin: Origin { file: Arc::clone(&self.file), line: self.number }, text })
    }
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    pub(super) origin: Origin,
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// Whether there is nothing but white space and a comment.
    pub(super) fn is_blank(&self) -> bool {
        let text = self.text.trim_start();
        text.is_empty() || text.starts_with('#')
    }

    /// An error at a place of the line, in octets from its beginning.
    pub(super) fn error(&self, at: usize, what: impl Into<String>, hint: impl Into<String>) -> KeyError {
        let characters = self.text.char_indices().take_while(|&(place, _)| place < at).count();
        KeyError::Syntax {
            path: self.origin.file.to_path_buf(),
            line: self.origin.line,
            column: u32::try_from(characters).unwrap_or(u32::MAX).saturating_add(1),
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// The words of the line and where they begin. A word in double quotes keeps its quotes and its spaces.
    pub(super) fn words(&self) -> Vec<Word<'a>> {
        let mut words = Vec::new();
        let mut start = None;
        let mut quoted = false;
        let mut escaped = false;
        for (at, character) in self.text.char_indices() {
            if start.is_none() {
                if character.is_whitespace() {
                    continue;
                }
                if character == '#' {
                    return words;
                }
                start = Some(at);
                quoted = character == '"';
                escaped = false;
                continue;
            }
            let ends_quote = quoted && character == '"' && !escaped;
            escaped = quoted && character == '\\' && !escaped;
            if ends_quote {
                quoted = false;
            } else if !quoted && character.is_whitespace() {
                words.extend(start.take().map(|start| Word { at: start, text: &self.text[start..at] }));
            }
        }
        words.extend(start.map(|start| Word { at: start, text: &self.text[start..] }));
        words
    }

    /// The fields of a line of Wireshark's tables: parted by commas, in double quotes with C's escapes or bare.
    pub(super) fn fields(&self) -> Result<Vec<Field>, KeyError> {
        let mut fields = Vec::new();
        let mut rest = self.text;
        loop {
            rest = rest.trim_start();
            let at = self.text.len() - rest.len();
            let (value, behind) = match rest.strip_prefix('"') {
                Some(quoted) => unquote(quoted).map_err(|what| {
                    self.error(at, what, "write \"...\"; a quotation mark in it is \\\" and a backslash \\\\")
                })?,
                None => {
                    let end = rest.find([',', '#']).unwrap_or(rest.len());
                    (rest[..end].trim_end().as_bytes().to_vec(), &rest[end..])
                }
            };
            fields.push(Field { at, value });
            let behind = behind.trim_start();
            match behind.strip_prefix(',') {
                Some(more) => rest = more,
                None if behind.is_empty() || behind.starts_with('#') => return Ok(fields),
                None => {
                    let at = self.text.len() - behind.len();
                    return Err(self.error(
                        at,
                        "a comma is missing after a field",
                        "part the fields by commas",
                    ));
                }
            }
        }
    }
}

/// A word of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// Where it begins, in octets from the beginning of the line.
    pub(super) at: usize,
    pub(super) text: &'a str,
}

/// A field of a line of Wireshark's tables.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Where it begins, in octets from the beginning of the line.
    pub(super) at: usize,
    pub(super) value: Vec<u8>,
}

impl Field {
    /// The field as text; what is not UTF-8 fits no name and no number.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.value).unwrap_or("\u{fffd}").trim()
    }
}

/// The octets up to the closing quotation mark, and what stands behind it.
pub(super) fn unquote(text: &str) -> Result<(Vec<u8>, &str), &'static str> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        let Some(stop) = rest.find(['"', '\\']) else {
            return Err("the closing quotation mark is missing");
        };
        value.extend_from_slice(&rest.as_bytes()[..stop]);
        let (mark, behind) = rest[stop..].split_at(1);
        if mark == "\"" {
            return Ok((value, behind));
        }
        let mut escape = behind.chars();
        match escape.next() {
            Some('x') => {
                let digits = behind.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                value.push(digits.ok_or("\\x needs two hexadecimal digits")?);
                rest = &behind[3..];
                continue;
            }
            Some('"') => value.push(b'"'),
            Some('\\') => value.push(b'\\'),
            Some('n') => value.push(b'\n'),
            Some('r') => value.push(b'\r'),
            Some('t') => value.push(b'\t'),
            _ => return Err("a backslash stands before a character that it does not escape"),
        }
        rest = escape.as_str();
    }
}

/// Octets from hexadecimal digits, two each.
pub(super) fn hexadecimal(digits: &str) -> Result<Vec<u8>, &'static str> {
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("something other than hexadecimal digits");
    }
    if !digits.len().is_multiple_of(2) {
        return Err("an odd number of hexadecimal digits");
    }
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => digit - b'0',
        // Only hexadecimal digits are left.
        _ => (digit | 0x20) - b'a' + 10,
    };
    Ok(digits.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect())
}

/// What follows `0x`.
pub(super) fn after_0x(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// A 32-bit number, decimal or hexadecimal after `0x`.
pub(super) fn number(text: &str) -> Option<u32> {
    match after_0x(text) {
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None if text.bytes().all(|digit| digit.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

/// The initiator cookie: 16 hexadecimal digits.
pub(super) fn cookie(text: &str) -> Result<[u8; 8], &'static str> {
    let octets = hexadecimal(after_0x(text).unwrap_or(text))?;
    octets.try_into().map_err(|_| "another number of octets than 8")
}

/// Keys that are hexadecimal after `0x` and the octets of their text else.
pub(super) fn key(value: &[u8]) -> Result<SecretOctets, &'static str> {
    match std::str::from_utf8(value).ok().and_then(after_0x) {
        Some(digits) => hexadecimal(digits).map(SecretOctets::new),
        None => Ok(SecretOctets::new(value.to_vec())),
    }
}

/// Addresses: `*`, an address, one with `*` in the place of numbers (Wireshark), or one with a prefix length.
pub(super) fn addresses(text: &str, family: Family) -> Option<AddressMatch> {
    if text == "*" {
        return Some(AddressMatch::Any);
    }
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
        None => (text, None),
    };
    match family {
        Family::Ipv4 => {
            let (mut bits, mut mask, mut parts) = (0, 0, 0);
            for part in address.split('.') {
                let (number, known) = if part == "*" { (0, 0) } else { (part.parse::<u8>().ok()?, 0xff) };
                (bits, mask, parts) = (bits << 8 | u32::from(number), mask << 8 | known, parts + 1);
            }
            let cut = match prefix {
                None => u32::MAX,
                Some(0) => 0,
                Some(length) => u32::MAX << 32u32.checked_sub(length)?,
            };
            (parts == 4).then_some(AddressMatch::Ipv4 { bits, mask: mask & cut })
        }
        Family::Ipv6 => {
            // A `*` may stand for one group; `::` is left to the standard library.
            let known: std::net::Ipv6Addr = address
                .split(':')
                .map(|group| if group == "*" { "0" } else { group })
                .collect::<Vec<_>>()
                .join(":")
                .parse()
                .ok()?;
            let mut mask = u128::MAX;
            if address.contains('*') {
                let before = address.split("::").next().unwrap_or_default();
                let groups = |part: &str| part.split(':').map(|group| group == "*").collect::<Vec<_>>();
                let head = if before.is_empty() { Vec::new() } else { groups(before) };
                let tail = address.split_once("::").map_or_else(Vec::new, |(_, tail)| groups(tail));
                let is_free = |group: usize| {
                    let from_end =
                        7usize.checked_sub(group).and_then(|back| tail.len().checked_sub(back + 1));
                    head.get(group).copied().unwrap_or(false) || from_end.is_some_and(|at| tail[at])
                };
                // `at` is less than the length of `tail`.
                mask = (0..8).fold(0, |mask, group| mask << 16 | if is_free(group) { 0 } else { 0xffff });
            }
            let cut = match prefix {
                None => u128::MAX,
                Some(0) => 0,
                Some(length) => u128::MAX << 128u32.checked_sub(length)?,
            };
            Some(AddressMatch::Ipv6 { bits: known.to_bits(), mask: mask & cut })
        }
    }
}
