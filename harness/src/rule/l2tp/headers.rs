//! What every header must look like (RFC 2661 section 3.1).

use crate::rule::l2tp::ends::Ends;
use crate::rule::l2tp::path;
use crate::rule::{Report, Rule, Seen};
use crate::transcript::Layer;

/// L2TP-2661-3.1-a.
pub(super) fn flags(seen: &Seen<'_>, report: &mut Report<'_>) {
    let Some(message) = path::control(seen) else { return };
    let header = &message.header;
    let mut wrong = Vec::new();
    for (is_wrong, what) in [
        (!header.has_length, "L clear"),
        (header.sequence.is_none(), "S clear"),
        (header.offset.is_some(), "O set"),
        (header.has_priority, "P set"),
    ] {
        if is_wrong {
            wrong.push(what);
        }
    }
    if !wrong.is_empty() {
        let text = format!("sent {message} with {}; expected L and S set, O and P clear", wrong.join(", "));
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// L2TP-2661-3.1-b.
pub(super) fn reserved(seen: &Seen<'_>, report: &mut Report<'_>) {
    let control = path::control(seen).map(|message| ("control", message.header.reserved));
    let data = || path::data(seen).map(|header| ("data", header.reserved));
    if let Some((kind, reserved)) = control.or_else(data)
        && reserved != 0
    {
        let text = format!("sent a {kind} message with reserved header bits {reserved:#06x}; expected zero");
        report.violation(seen.entry.frame, seen.sender, text);
    }
}

/// L2TP-2661-3.1-c: only a peer that has spoken version 2 is held to it, for other things are sent to port 1701 too,
/// L2F and L2TPv3 among them.
pub(super) fn version() -> Box<dyn Rule> {
    Box::new(Version::default())
}

#[derive(Default)]
struct Version {
    speaks_version_2: Ends<bool>,
}

impl Rule for Version {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let Some(sender) = seen.sender else { return };
        if path::control(seen).is_some() || path::data(seen).is_some() {
            self.speaks_version_2[sender] = true;
        } else if self.speaks_version_2[sender] && is_of_unknown_version(seen) {
            report.violation(
                seen.entry.frame,
                seen.sender,
                "sent a message of an unknown version; expected version 2",
            );
        }
    }
}

fn is_of_unknown_version(seen: &Seen<'_>) -> bool {
    matches!(seen.layers.last(), Some(Layer::Named(named)) if named.layer == "l2tp" && named.why == "unknown version")
        && !seen.layers.iter().any(|layer| matches!(layer, Layer::Ppp(_) | Layer::Icmp(_)))
}
