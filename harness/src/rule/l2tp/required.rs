//! Which AVPs a message must carry (RFC 2661 section 6).

use l2tpspec_protocol::l2tp::wire::{MessageType, required_attributes};

use crate::rule::l2tp::path;
use crate::rule::{Report, Seen};

use MessageType as M;

/// L2TP-2661-6.1-a.
pub(super) fn opening(seen: &Seen<'_>, report: &mut Report<'_>) {
    carries(&[M::StartControlConnectionRequest, M::StartControlConnectionReply], seen, report);
}

/// L2TP-2661-6.4-a.
pub(super) fn stop(seen: &Seen<'_>, report: &mut Report<'_>) {
    carries(&[M::StopControlConnectionNotification], seen, report);
}

/// L2TP-2661-6.6-a.
pub(super) fn incoming_by_lac(seen: &Seen<'_>, report: &mut Report<'_>) {
    carries(&[M::IncomingCallRequest, M::IncomingCallConnected], seen, report);
}

/// L2TP-2661-6.7-a.
pub(super) fn incoming_reply(seen: &Seen<'_>, report: &mut Report<'_>) {
    carries(&[M::IncomingCallReply], seen, report);
}

/// L2TP-2661-6.9-a.
pub(super) fn outgoing_request(seen: &Seen<'_>, report: &mut Report<'_>) {
    carries(&[M::OutgoingCallRequest], seen, report);
}

/// L2TP-2661-6.12-a.
pub(super) fn disconnect(seen: &Seen<'_>, report: &mut Report<'_>) {
    carries(&[M::CallDisconnectNotify], seen, report);
}

fn carries(messages: &[MessageType], seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some(message) = path::control(seen) else { return };
    let Some(message_type) = message.message_type().filter(|kind| messages.contains(kind)) else { return };
    let missing: Vec<_> = required_attributes(message_type)
        .iter()
        .filter(|attribute| message.find(**attribute).is_none())
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let text =
            format!("sent {message_type} without {missing}; expected every AVP that {message_type} requires");
        report.violation(seen.entry.frame, seen.sender, text);
    }
}
