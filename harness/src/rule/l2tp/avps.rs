//! What single AVPs must look like (RFC 2661 sections 4.1 to 4.4).

use l2tpspec_protocol::codec::Malformed;
use l2tpspec_protocol::l2tp::wire::{AttributeType, Avp, AvpValue, ControlMessage, MessageType, rule_for};

use crate::rule::l2tp::path;
use crate::rule::{Report, Seen};

/// L2TP-2661-4.1-a.
pub(super) fn reserved(seen: &Seen<'_>, report: &mut Report<'_>) {
    for_each_avp(seen, report, |message, avp| {
        (avp.reserved != 0).then(|| {
            let reserved = avp.reserved;
            format!(
                "sent {} with reserved AVP bits {reserved:#x} in {}; expected zero",
                name(avp),
                kind(message)
            )
        })
    });
}

/// L2TP-2661-4.1-d.
pub(super) fn length(seen: &Seen<'_>, report: &mut Report<'_>) {
    if let Some(malformed @ Malformed { field: "AVP Length", .. }) = path::refusal(seen, "l2tp") {
        let text = format!(
            "sent an AVP that does not fit ({malformed}); expected 6 to 1023 octets within the message"
        );
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// L2TP-2661-4.3-a.
pub(super) fn random_vector(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some(message) = path::control(seen) else { return };
    for avp in &message.avps {
        if avp.attribute() == Some(AttributeType::RandomVector) {
            return;
        }
        if avp.hidden {
            let text = format!(
                "sent {} hidden in {} without a Random Vector before it; expected one",
                name(avp),
                kind(message)
            );
            return report.violation(seen.entry.frame, seen.sender, text);
        }
    }
}

/// L2TP-2661-4.4.1-a.
pub(super) fn message_type(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some(message) = path::control(seen) else { return };
    let Some(first) = message.avps.first() else { return };
    let wrong = match (&first.value, first.attribute()) {
        // The M bit of an unknown message says whether the message may be ignored.
        (AvpValue::MessageType(kind), _) if !first.mandatory && kind.name().is_some() => {
            format!("Message Type {kind} with M clear")
        }
        (AvpValue::MessageType(_), _) => return,
        (AvpValue::Hidden(_), Some(AttributeType::MessageType)) => "a hidden Message Type".to_owned(),
        (_, Some(AttributeType::MessageType)) => format!("a Message Type of {} octets", first.length()),
        _ => format!("{} as the first AVP", name(first)),
    };
    let text = format!("sent {wrong}; expected Message Type first, of 8 octets, with M set and H clear");
    report.violation(seen.entry.frame, seen.sender, text);
}

/// L2TP-2661-4.4.2-a.
pub(super) fn result_code(seen: &Seen<'_>, report: &mut Report<'_>) {
    for_each_avp(seen, report, |message, avp| {
        if avp.attribute() != Some(AttributeType::ResultCode) {
            return None;
        }
        let wrong = match &avp.value {
            AvpValue::Hidden(_) => "hidden".to_owned(),
            AvpValue::ResultCode(code) if std::str::from_utf8(&code.message).is_err() => {
                "with a message that is not UTF-8".to_owned()
            }
            AvpValue::ResultCode(_) if !avp.mandatory => "with M clear".to_owned(),
            AvpValue::ResultCode(_) => return None,
            _ => format!("of {} octets", avp.length()),
        };
        let kind = kind(message);
        Some(format!(
            "sent Result Code {wrong} in {kind}; expected it in clear, M set, of 8 octets, or 10 and UTF-8 text"
        ))
    });
}

/// L2TP-2661-4.4.3-a.
pub(super) fn protocol_version(seen: &Seen<'_>, report: &mut Report<'_>) {
    for_each_avp(seen, report, |message, avp| {
        if avp.attribute() != Some(AttributeType::ProtocolVersion) {
            return None;
        }
        let wrong = match &avp.value {
            AvpValue::ProtocolVersion { version: 1, revision: 0 } if avp.mandatory => return None,
            AvpValue::ProtocolVersion { version: 1, revision: 0 } => "1.0 with M clear".to_owned(),
            AvpValue::ProtocolVersion { version, revision } => format!("{version}.{revision}"),
            AvpValue::Hidden(_) => "hidden".to_owned(),
            _ => format!("of {} octets", avp.length()),
        };
        Some(format!("sent Protocol Version {wrong} in {}; expected 1.0, M set and H clear", kind(message)))
    });
}

/// L2TP-2661-4.4.3-e.
pub(super) fn host_name(seen: &Seen<'_>, report: &mut Report<'_>) {
    for_each_avp(seen, report, |message, avp| {
        let is_empty = avp.attribute() == Some(AttributeType::HostName) && avp.length() == 6;
        is_empty.then(|| format!("sent an empty Host Name in {}; expected at least one octet", kind(message)))
    });
}

/// L2TP-2661-4.4.4-c. Message Type, Result Code and Protocol Version have requirements of their own.
pub(super) fn bits(seen: &Seen<'_>, report: &mut Report<'_>) {
    use AttributeType as A;
    for_each_avp(seen, report, |message, avp| {
        let attribute = avp.attribute()?;
        if matches!(attribute, A::MessageType | A::ResultCode | A::ProtocolVersion) {
            return None;
        }
        let rule = rule_for(attribute)?;
        let (m, want) = (bit(avp.mandatory), bit(rule.must_be_mandatory));
        if avp.mandatory != rule.must_be_mandatory {
            return Some(format!("sent {} with M {m} in {}; expected M {want}", rule.name, kind(message)));
        }
        (avp.hidden && !rule.may_be_hidden)
            .then(|| format!("sent {} hidden in {}; expected it in clear", rule.name, kind(message)))
    });
}

const fn bit(is_set: bool) -> &'static str {
    if is_set { "set" } else { "clear" }
}

fn for_each_avp(
    seen: &Seen<'_>,
    report: &mut Report<'_>,
    judge: impl Fn(&ControlMessage, &Avp) -> Option<String>,
) {
    let Some(message) = path::control(seen) else { return };
    for text in message.avps.iter().filter_map(|avp| judge(message, avp)) {
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// What an AVP is called in a report.
fn name(avp: &Avp) -> String {
    match avp.attribute() {
        Some(attribute) if attribute.name().is_some() => attribute.to_string(),
        _ => format!("AVP {} of vendor {}", avp.attribute_type, avp.vendor_id),
    }
}

/// What a message is called in a report.
pub(super) fn kind(message: &ControlMessage) -> String {
    match message.message_type() {
        Some(kind) if kind.name().is_some() => kind.to_string(),
        Some(MessageType::Unknown(number)) => format!("message type {number}"),
        _ if message.is_zlb() => "ZLB".to_owned(),
        _ => "a message without type".to_owned(),
    }
}
