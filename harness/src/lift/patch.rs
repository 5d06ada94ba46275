//! Facts of a profile that a recording shows, put in the place of those of the profile that it is made from.

use serde_json::{Map, Value, json};

/// A profile that is being made.
#[derive(Debug)]
pub(super) struct Draft {
    value: Value,
    /// The name of the recording, for sources.
    recording: String,
}

impl Draft {
    /// Begins with a profile that is known: what the recording does not show is a guess, as good as that one.
    pub(super) fn new(base: &str, mut value: Value, recording: &str) -> Self {
        demote(&mut value, base);
        Self { value, recording: recording.to_owned() }
    }

    /// What there is at a path, such as `ike.phase1.suites`, without how well it is known.
    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.value, |value, key| value.get(key))?.get("value")
    }

    /// Something beside the facts.
    pub(super) fn put_plain(&mut self, key: &str, value: Value) {
        if let Some(object) = self.value.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
    }

    /// Takes something beside the facts away.
    pub(super) fn remove_plain(&mut self, key: &str) {
        if let Some(object) = self.value.as_object_mut() {
            object.shift_remove(key);
        }
    }

    /// A fact that a frame shows.
    pub(super) fn put(&mut self, path: &str, value: impl Into<Value>, frame: u64) {
        let source = format!("{}, frame {frame}", self.recording);
        self.insert(path, json!({ "value": value.into(), "confidence": "captured", "source": source }));
    }

    /// A fact that follows from what the recording does not show, or is chosen because it does not show one.
    pub(super) fn guess(&mut self, path: &str, value: impl Into<Value>, why: &str) {
        let source = format!("{}: {why}", self.recording);
        self.insert(path, json!({ "value": value.into(), "confidence": "guessed", "source": source }));
    }

    /// Takes a fact away.
    pub(super) fn remove(&mut self, path: &str) {
        let Some((parent, key)) = path.rsplit_once('.') else { return };
        let parent = parent.split('.').try_fold(&mut self.value, |value, key| value.get_mut(key));
        if let Some(object) = parent.and_then(Value::as_object_mut) {
            object.shift_remove(key);
        }
    }

    fn insert(&mut self, path: &str, fact: Value) {
        let mut place = &mut self.value;
        let mut keys = path.split('.').peekable();
        while let Some(key) = keys.next() {
            let Some(object) = place.as_object_mut() else { return };
            if keys.peek().is_none() {
                object.insert(key.to_owned(), fact);
                return;
            }
            place = object.entry(key).or_insert_with(|| Value::Object(Map::new()));
        }
    }

    /// The profile.
    pub(super) fn into_value(self) -> Value {
        self.value
    }
}

/// Every fact becomes a guess that says whose it is.
fn demote(value: &mut Value, base: &str) {
    match value {
        Value::Object(object) if object.contains_key("confidence") => {
            let source = object.get("source").and_then(Value::as_str).unwrap_or_default();
            let source = format!("as {base}: {source}");
            object.insert("confidence".to_owned(), json!("guessed"));
            object.insert("source".to_owned(), Value::String(source));
        }
        Value::Object(object) => object.values_mut().for_each(|value| demote(value, base)),
        Value::Array(list) => list.iter_mut().for_each(|value| demote(value, base)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_a_fact_and_the_rest_is_a_guess() {
        let fact = |value: Value| json!({ "value": value, "confidence": "documented", "source": "a page" });
        let base = json!({ "ike": { "mode": fact(json!("main")), "nonce_octets": fact(json!(32)) } });
        let mut draft = Draft::new("edgeos", base, "sn1.pcap");
        draft.put("ike.nonce_octets", json!(16), 7);
        assert_eq!(draft.get("ike.nonce_octets"), Some(&json!(16)));
        let value = draft.into_value();
        assert_eq!(value["ike"]["mode"]["confidence"], "guessed");
        assert_eq!(value["ike"]["mode"]["source"], "as edgeos: a page");
        assert_eq!(value["ike"]["nonce_octets"]["confidence"], "captured");
        assert_eq!(value["ike"]["nonce_octets"]["source"], "sn1.pcap, frame 7");
    }
}
