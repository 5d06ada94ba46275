//! What every target asserts of a value.

use std::fmt::{Debug, Display};

use l2tpspec_protocol::codec::Codec;
use l2tpspec_protocol::show::{Show, Sink, Value};
use serde::de::IgnoredAny;

use crate::report::json::Json;
use crate::report::text::Tree;

/// Decodes `octets`, and asserts that what decodes encodes back to them and shows itself well.
pub(super) fn round_trip<T: Codec + Show + Debug>(octets: &[u8]) -> Option<T> {
    let value = same_octets::<T>(octets)?;
    shows(&value);
    Some(value)
}

/// Decodes `octets`, and asserts that what decodes encodes back to them.
pub(super) fn same_octets<T: Codec + Debug>(octets: &[u8]) -> Option<T> {
    match T::decode_all(octets) {
        Ok(value) => {
            let again = value.to_octets().expect("what decodes encodes");
            assert_eq!(again, octets, "what decodes encodes to the same octets: {value:02x?}");
            Some(value)
        }
        Err(malformed) => {
            assert!(!malformed.field.is_empty(), "a refusal names a field");
            assert!(malformed.offset <= octets.len(), "{malformed} lies within {} octets", octets.len());
            None
        }
    }
}

/// Asserts that a value shows a well-formed structure without a name twice, as valid JSON and as text.
pub(super) fn shows(value: &impl Show) {
    is_well_formed(value, &[]);
    let mut octets = Vec::with_capacity(1024);
    let mut json = Json::new(&mut octets, true);
    json.begin_object();
    value.show(&mut json);
    json.end_object();
    json_is_valid(&octets);
    let mut text = String::with_capacity(1024);
    value.show(&mut Tree::new(&mut text, 0, true));
    lines_are_harmless(&text);
}

/// Asserts that a value shows a well-formed structure without a name twice, nor one of `taken`, which stand beside it.
pub(super) fn is_well_formed(value: &impl Show, taken: &[&'static str]) {
    let mut form = Form::beside(taken);
    value.show(&mut form);
    form.finish();
}

/// Asserts that octets are one JSON document.
pub(super) fn json_is_valid(octets: &[u8]) {
    let text = std::str::from_utf8(octets).expect("JSON is UTF-8");
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        panic!("{error}: {text}");
    }
}

/// Asserts that a summary is one line without anything that steers a terminal.
pub(super) fn summarises(value: &impl Display) {
    let line = value.to_string();
    assert!(!line.is_empty() && !line.contains('\n'), "a summary is one line: {line:?}");
    lines_are_harmless(&line);
}

/// Asserts that nothing but the ends of lines steers a terminal.
pub(super) fn lines_are_harmless(text: &str) {
    // Control characters are below 20, 7f, and two octets of which the first is c2.
    let is_suspect = |octet: u8| (octet < 0x20 && octet != b'\n') | (octet == 0x7f) | (octet == 0xc2);
    if text.bytes().fold(false, |before, octet| before | is_suspect(octet)) {
        let is_harmful = |letter: char| letter.is_control() && letter != '\n';
        assert!(!text.contains(is_harmful), "text does not steer the terminal: {text:?}");
    }
}

/// What is open while a value shows itself.
enum Open {
    /// A structure and the names in it. `true` marks a name with `_name` behind it, which JSON adds to a code point.
    Item(Vec<(&'static str, bool)>),
    List,
}

/// Checks the calls of a value that shows itself.
struct Form(Vec<Open>);

impl Form {
    fn beside(taken: &[&'static str]) -> Self {
        Self(vec![Open::Item(taken.iter().map(|name| (*name, false)).collect())])
    }

    fn finish(self) {
        assert!(matches!(self.0.as_slice(), [Open::Item(_)]), "all that was begun is ended");
    }

    fn name(&mut self, name: &'static str, is_suffixed: bool) {
        let is_fit = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_';
        assert!(!name.is_empty() && name.bytes().all(is_fit), "{name:?} is in snake_case");
        let Some(Open::Item(names)) = self.0.last_mut() else {
            panic!("{name} stands in a structure");
        };
        let is_known = names.iter().any(|known| is_same(*known, (name, is_suffixed)));
        assert!(!is_known, "{name} stands once among {names:?}");
        names.push((name, is_suffixed));
    }
}

fn is_same(a: (&str, bool), b: (&str, bool)) -> bool {
    match (a.1, b.1) {
        (true, false) => b.0.strip_suffix("_name") == Some(a.0),
        (false, true) => a.0.strip_suffix("_name") == Some(b.0),
        _ => a.0 == b.0,
    }
}

impl Sink for Form {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        self.name(name, false);
        if let Value::Code { name: Some(word), .. } = value {
            assert!(!word.is_empty(), "the name of {name} is not empty");
            self.name(name, true);
        }
    }

    fn begin_list(&mut self, name: &'static str) {
        self.name(name, false);
        self.0.push(Open::List);
    }

    fn begin_item(&mut self) {
        assert!(matches!(self.0.last(), Some(Open::List)), "a structure stands in a list");
        self.0.push(Open::Item(Vec::new()));
    }

    fn end_item(&mut self) {
        assert!(matches!(self.0.pop(), Some(Open::Item(_))), "a structure ends before its list");
        assert!(!self.0.is_empty(), "what ends was begun");
    }

    fn end_list(&mut self) {
        assert!(matches!(self.0.pop(), Some(Open::List)), "a list ends after its structures");
    }

    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        self.name(name, false);
        values.for_each(drop);
    }
}
