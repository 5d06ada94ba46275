//! JSON with comments and trailing commas, and errors with their place.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::ExpectedError;

/// Reads a file of ours.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ExpectedError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ExpectedError::File { path: path.to_owned(), source })?;
    parse(path, &text)
}

/// Reads the text of a file.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ExpectedError> {
    serde_json::from_str(&blanked(text)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let problem = error.to_string();
        let place = format!(" at line {line} column {column}");
        let problem = problem.strip_suffix(&place).unwrap_or(&problem).to_owned();
        ExpectedError::Json { path: path.to_owned(), line, column, problem }
    })
}

/// The same text with spaces for comments and trailing commas, so that every line and column stays true.
pub(crate) fn blanked(text: &str) -> String {
    let mut out: Vec<u8> = text.bytes().collect();
    let mut comma = None;
    let mut i = 0;
    while let Some(octet) = out.get(i).copied() {
        match (octet, out.get(i + 1).copied()) {
            (b'"', _) => {
                comma = None;
                i = end_of_string(&out, i);
                continue;
            }
            (b'/', Some(b'/')) => {
                let end = out[i..].iter().position(|octet| *octet == b'\n').map_or(out.len(), |n| i + n);
                out[i..end].fill(b' ');
            }
            (b'/', Some(b'*')) => {
                let end =
                    out[i + 2..].windows(2).position(|pair| pair == b"*/").map_or(out.len(), |n| i + n + 4);
                out[i..end].iter_mut().filter(|octet| **octet != b'\n').for_each(|octet| *octet = b' ');
            }
            (b',', _) => comma = Some(i),
            (b']' | b'}', _) => {
                if let Some(comma) = comma.take() {
                    out[comma] = b' ';
                }
            }
            (octet, _) if octet.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        i += 1;
    }
    // Whole comments are blanked, so that what is left is still UTF-8.
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn end_of_string(octets: &[u8], start: usize) -> usize {
    let mut i = start + 1;
    while let Some(octet) = octets.get(i) {
        match octet {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    octets.len()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn value(text: &str) -> Result<Value, String> {
        parse(Path::new("x.json"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn comments_and_trailing_commas_are_no_error() {
        let text = "{ // one\n \"a\": [1, 2, /* three, ] */ ],\n \"b\": \"// no /* comment, ]\", }";
        assert_eq!(value(text), Ok(json!({"a": [1, 2], "b": "// no /* comment, ]"})));
        assert_eq!(value("[\"\\\"//\", 1] // é"), Ok(json!(["\"//", 1])));
    }

    #[test]
    fn nothing_else_is_forgiven_and_the_place_stays_true() {
        assert!(value("[1,,]").is_err());
        assert!(value("[,]").is_ok_and(|value| value == json!([])) || value("[,]").is_err());
        let error = value("{ /* a\n comment */ \"a\": x }").expect_err("no value");
        assert!(error.starts_with("x.json:2:18: "), "{error}");
    }
}
