//! What an end does again and again, by the clock or by silence: as `diff` measures it.

use serde_json::{Value, json};

use super::patch::Draft;
use crate::diff::Side;
use crate::diff::timing::Measure;
use crate::transcript::connection::Role;

/// A second.
const SECOND: i64 = 1_000_000_000;

pub(super) fn lift(side: &Side, connection: usize, by: Role, draft: &mut Draft) {
    let Some(observed) = side.connections.get(connection) else { return };
    let timed = || observed.notes.timed.iter().filter(|timed| timed.by == by);
    for (name, fact) in
        [("isakmp/retransmission", "ike.retransmission"), ("l2tp/retransmission", "l2tp.retransmission")]
    {
        let schedules = timed().filter(|timed| *side.words.text(timed.key) == *name);
        let copies = schedules.filter_map(|timed| match &timed.measure {
            Measure::Again(times) => Some((times, timed.frame)),
            _ => None,
        });
        if let Some((times, frame)) = copies.max_by_key(|(times, _)| times.len()) {
            let mut before = 0;
            let gaps = times.iter().map(|time| span(time - std::mem::replace(&mut before, *time)));
            // What comes after the last that was seen is as it was known.
            let known = draft.get(fact).and_then(Value::as_array).cloned().unwrap_or_default();
            let rest = known.into_iter().skip(times.len());
            draft.put(fact, gaps.map(Value::String).chain(rest).collect::<Vec<_>>(), frame);
        }
    }
    for timed in timed() {
        let name = side.words.text(timed.key);
        let fact = match &*name {
            "lcp/echo" => "ppp.echo",
            "isakmp/dead_peer_detection" => "ike.dpd",
            "l2tp/hello" => "l2tp.hello",
            "udpencap/keepalive" => "ike.nat.keepalive",
            _ => continue,
        };
        let known = draft.get(fact).cloned().unwrap_or(Value::Null);
        match timed.measure {
            Measure::Every { time, .. } => {
                let value = match fact {
                    "ppp.echo" => with_interval(known, time, &json!({ "interval": "30s", "failures": 4 })),
                    "ike.dpd" => {
                        let plain = json!({ "interval": "30s", "retry": "30s", "timeout": "120s" });
                        with_interval(known, time, &plain)
                    }
                    _ => json!(span(time)),
                };
                draft.put(fact, value, timed.frame);
            }
            // It says nothing of an end that would have waited longer.
            Measure::Never { silence, .. } if fact == "ike.dpd" => {
                let due = known.get("interval").and_then(Value::as_str).and_then(super::ppp::seconds);
                if due.is_some_and(|due| {
                    silence > 2 * SECOND * i64::try_from(due).unwrap_or(i64::MAX / 4 / SECOND)
                }) {
                    let mut value = known;
                    value["interval"] = Value::Null;
                    draft.guess(fact, value, "it does not ask in so long a silence");
                }
            }
            _ => {}
        }
    }
}

fn with_interval(known: Value, time: i64, plain: &Value) -> Value {
    let mut value = if known.is_object() { known } else { plain.clone() };
    value["interval"] = json!(span(time));
    value
}

/// A span of time as profiles write it, without the jitter of the network.
fn span(time: i64) -> String {
    let seconds = (time + SECOND / 2) / SECOND;
    if seconds > 0 && (time - seconds * SECOND).abs() < SECOND / 4 {
        format!("{seconds}s")
    } else {
        format!("{}ms", time / 1_000_000)
    }
}
