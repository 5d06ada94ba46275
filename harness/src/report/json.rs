//! JSON lines, written straight into a buffer: one object a line, keys in wire order.

use l2tpspec_protocol::show::{Sink, Value};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// One JSON value after another into a buffer that the caller owns and reuses.
#[derive(Debug)]
pub struct Json<'a> {
    out: &'a mut Vec<u8>,
    /// Whether a comma must precede the next member.
    comma: bool,
    show_secrets: bool,
}

impl<'a> Json<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, show_secrets: bool) -> Self {
        Self { out, comma: false, show_secrets }
    }

    /// Begins an object.
    pub fn begin_object(&mut self) {
        self.separate();
        self.out.push(b'{');
        self.comma = false;
    }

    /// Ends an object.
    pub fn end_object(&mut self) {
        self.out.push(b'}');
        self.comma = true;
    }

    /// Begins an array.
    pub fn begin_array(&mut self) {
        self.separate();
        self.out.push(b'[');
        self.comma = false;
    }

    /// Ends an array.
    pub fn end_array(&mut self) {
        self.out.push(b']');
        self.comma = true;
    }

    /// Ends a line. The next value begins a new document.
    pub fn end_line(&mut self) {
        self.out.push(b'\n');
        self.comma = false;
    }

    /// Writes a key; its value must follow. Keys are names of ours and need no escapes.
    pub fn key(&mut self, name: &str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
    }

    /// Writes a key made of `name` and a suffix.
    fn suffixed_key(&mut self, name: &str, suffix: &str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(suffix.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
    }

    /// Writes a string.
    pub fn string(&mut self, text: &str) {
        self.separate();
        if text.bytes().all(|octet| (0x20..0x7f).contains(&octet) && octet != b'"' && octet != b'\\') {
            self.out.push(b'"');
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(b'"');
        } else {
            // A buffer in memory takes every string.
            let _ = serde_json::to_writer(&mut *self.out, text);
        }
        self.comma = true;
    }

    /// Writes a number.
    pub fn number(&mut self, number: u64) {
        self.separate();
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.comma = true;
    }

    /// Writes nanoseconds as seconds with at least one and at most nine decimals.
    pub fn seconds(&mut self, nanoseconds: i64) {
        self.separate();
        if nanoseconds < 0 {
            self.out.push(b'-');
        }
        let magnitude = nanoseconds.unsigned_abs();
        self.out.extend_from_slice(itoa::Buffer::new().format(magnitude / 1_000_000_000).as_bytes());
        self.out.push(b'.');
        let mut fraction = magnitude % 1_000_000_000;
        let mut scale = 100_000_000;
        loop {
            self.out.push(b'0' + u8::try_from(fraction / scale).unwrap_or(9));
            fraction %= scale;
            scale /= 10;
            if fraction == 0 || scale == 0 {
                break;
            }
        }
        self.comma = true;
    }

    /// Writes `true` or `false`.
    pub fn boolean(&mut self, flag: bool) {
        self.separate();
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
        self.comma = true;
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.separate();
        self.out.extend_from_slice(b"null");
        self.comma = true;
    }

    /// Writes a value that is there as a whole.
    pub fn tree(&mut self, value: &serde_json::Value) {
        self.separate();
        self.out.extend_from_slice(value.to_string().as_bytes());
        self.comma = true;
    }

    /// Writes octets as a string of hexadecimal digits.
    pub fn hex(&mut self, octets: &[u8]) {
        self.separate();
        self.out.push(b'"');
        self.out.extend(
            octets.iter().flat_map(|octet| [HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]),
        );
        self.out.push(b'"');
        self.comma = true;
    }

    /// Writes an IPv4 address as a string.
    pub fn ipv4(&mut self, address: std::net::Ipv4Addr) {
        self.separate();
        let mut digits = itoa::Buffer::new();
        let mut before = b'"';
        for octet in address.octets() {
            self.out.push(before);
            self.out.extend_from_slice(digits.format(octet).as_bytes());
            before = b'.';
        }
        self.out.push(b'"');
        self.comma = true;
    }

    /// Writes an address as a string.
    pub fn address(&mut self, address: std::net::IpAddr) {
        match address {
            std::net::IpAddr::V4(address) => self.ipv4(address),
            std::net::IpAddr::V6(address) => self.string(&address.to_string()),
        }
    }

    fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Number(number) | Value::Code { number, .. } => self.number(number),
            Value::Flag(flag) => self.boolean(flag),
            Value::Text(octets) => self.string(&String::from_utf8_lossy(octets)),
            Value::Word(word) => self.string(word),
            Value::Octets(octets) => self.hex(octets),
            Value::Ipv4(address) => self.ipv4(address),
            Value::Ipv6(address) => self.string(&address.to_string()),
            Value::Secret { octets, is_text } => match (self.show_secrets, is_text) {
                (false, _) => self.string("(secret)"),
                (true, true) => self.string(&String::from_utf8_lossy(octets)),
                (true, false) => self.hex(octets),
            },
        }
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
    }
}

impl Sink for Json<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        self.key(name);
        self.value(value);
        if let Value::Code { name: Some(word), .. } = value {
            self.suffixed_key(name, "_name");
            self.string(word);
        }
    }

    fn begin_list(&mut self, name: &'static str) {
        self.key(name);
        self.begin_array();
    }

    fn begin_item(&mut self) {
        self.begin_object();
    }

    fn end_item(&mut self) {
        self.end_object();
    }

    fn end_list(&mut self) {
        self.end_array();
    }

    fn values(&mut self, name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        self.key(name);
        self.begin_array();
        for value in values {
            self.value(value);
        }
        self.end_array();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Json<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Json::new(&mut out, false));
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn nested_lists_are_valid_json() {
        let text = written(|json| {
            json.begin_object();
            json.field("length", Value::Number(7));
            json.begin_list("items");
            for _ in 0..2 {
                json.begin_item();
                json.field("code", Value::Code { number: 3, name: Some("three") });
                json.end_item();
            }
            json.end_list();
            json.values("plain", &mut [Value::Flag(true), Value::Octets(&[0xde, 0x0f])].into_iter());
            json.end_object();
        });
        let value: serde_json::Value = serde_json::from_str(&text).expect("valid");
        assert_eq!(
            value,
            serde_json::json!({"length": 7, "items": [{"code": 3, "code_name": "three"}, {"code": 3, "code_name": "three"}], "plain": [true, "de0f"]})
        );
    }

    #[test]
    fn text_is_escaped_and_need_not_be_utf8() {
        let text = written(|json| json.value(Value::Text(b"a\"\\\0\xff")));
        assert_eq!(serde_json::from_str::<String>(&text).expect("valid"), "a\"\\\0\u{fffd}");
    }

    #[test]
    fn seconds_keep_every_nanosecond() {
        assert_eq!(written(|json| json.seconds(0)), "0.0");
        assert_eq!(written(|json| json.seconds(1_000_000_001)), "1.000000001");
        assert_eq!(written(|json| json.seconds(-2_500_000_000)), "-2.5");
    }

    #[test]
    fn a_secret_is_not_written_unless_asked_for() {
        let secret = Value::Secret { octets: b"hunter2", is_text: true };
        assert_eq!(written(|json| json.value(secret)), "\"(secret)\"");
        let mut out = Vec::new();
        Json::new(&mut out, true).value(secret);
        assert_eq!(out, b"\"hunter2\"");
    }
}
