//! Rules of L2TPv2 (RFC 2661).

mod avps;
mod delivery;
pub(in crate::rule) mod ends;
mod flow;
mod headers;
mod identifiers;
mod order;
pub(in crate::rule) mod path;
mod required;
#[cfg(test)]
pub(in crate::rule) mod talk;
#[cfg(test)]
mod tests;
pub(in crate::rule) mod tunnels;

use std::collections::BTreeSet;

use super::{Entered, Interest, Report, Rule, Seen};
use crate::transcript::connection::Role;

/// Each control message alone.
const CONTROL: Interest = Interest::L2TP_CONTROL;
/// Each message alone.
const ANY: Interest = Interest::L2TP_CONTROL.and(Interest::L2TP_DATA);
/// The control messages of a tunnel, and what may be one and cannot be read.
const TUNNEL: Interest = CONTROL.and(Interest::ESP).and(Interest::FAULT);
/// All messages of a tunnel, and what may be one and cannot be read.
const TUNNEL_DATA: Interest = ANY.and(Interest::ESP).and(Interest::FAULT);

/// Rules of this layer.
pub(super) static RULES: &[Entered] = &[
    Entered { requirement: "L2TP-2661-3.1-a", interest: CONTROL, make: || each(headers::flags) },
    Entered { requirement: "L2TP-2661-3.1-b", interest: ANY, make: || each(headers::reserved) },
    Entered { requirement: "L2TP-2661-3.1-c", interest: TUNNEL_DATA, make: headers::version },
    Entered { requirement: "L2TP-2661-3.1-d", interest: TUNNEL_DATA, make: identifiers::recipients },
    Entered { requirement: "L2TP-2661-4.1-a", interest: CONTROL, make: || each(avps::reserved) },
    Entered { requirement: "L2TP-2661-4.1-d", interest: Interest::FAULT, make: || each(avps::length) },
    Entered { requirement: "L2TP-2661-4.3-a", interest: CONTROL, make: || each(avps::random_vector) },
    Entered { requirement: "L2TP-2661-4.4.1-a", interest: CONTROL, make: || each(avps::message_type) },
    Entered { requirement: "L2TP-2661-4.4.2-a", interest: CONTROL, make: || each(avps::result_code) },
    Entered { requirement: "L2TP-2661-4.4.3-a", interest: CONTROL, make: || each(avps::protocol_version) },
    Entered { requirement: "L2TP-2661-4.4.3-b", interest: TUNNEL, make: order::framing },
    Entered { requirement: "L2TP-2661-4.4.3-e", interest: CONTROL, make: || each(avps::host_name) },
    Entered { requirement: "L2TP-2661-4.4.3-f", interest: CONTROL, make: || each(identifiers::tunnel_id) },
    Entered { requirement: "L2TP-2661-4.4.3-g", interest: TUNNEL, make: identifiers::stop_repeats },
    Entered { requirement: "L2TP-2661-4.4.3-i", interest: TUNNEL, make: order::challenge },
    Entered { requirement: "L2TP-2661-4.4.4-a", interest: TUNNEL, make: identifiers::session_id },
    Entered { requirement: "L2TP-2661-4.4.4-b", interest: TUNNEL_DATA, make: order::sequencing },
    Entered { requirement: "L2TP-2661-4.4.4-c", interest: CONTROL, make: || each(avps::bits) },
    Entered { requirement: "L2TP-2661-5.0-a", interest: TUNNEL_DATA, make: order::up_first },
    Entered { requirement: "L2TP-2661-5.7-a", interest: TUNNEL_DATA, make: delivery::stop_acknowledged },
    Entered { requirement: "L2TP-2661-5.8-a", interest: TUNNEL, make: delivery::numbers },
    Entered { requirement: "L2TP-2661-5.8-b", interest: TUNNEL, make: delivery::acknowledgements },
    Entered { requirement: "L2TP-2661-5.8-e", interest: TUNNEL, make: delivery::refreshed },
    Entered { requirement: "L2TP-2661-5.8-f", interest: TUNNEL, make: delivery::back_off },
    Entered { requirement: "L2TP-2661-5.8-i", interest: TUNNEL, make: delivery::window },
    Entered { requirement: "L2TP-2661-6.1-a", interest: CONTROL, make: || each(required::opening) },
    Entered { requirement: "L2TP-2661-6.4-a", interest: CONTROL, make: || each(required::stop) },
    Entered { requirement: "L2TP-2661-6.5-a", interest: TUNNEL_DATA, make: delivery::hello },
    Entered { requirement: "L2TP-2661-6.6-a", interest: CONTROL, make: || each(required::incoming_by_lac) },
    Entered { requirement: "L2TP-2661-6.7-a", interest: CONTROL, make: || each(required::incoming_reply) },
    Entered { requirement: "L2TP-2661-6.9-a", interest: CONTROL, make: || each(required::outgoing_request) },
    Entered { requirement: "L2TP-2661-6.12-a", interest: CONTROL, make: || each(required::disconnect) },
    Entered { requirement: "L2TP-2661-8.1-a", interest: TUNNEL_DATA, make: identifiers::ports },
];

/// A judge that looks at each entry alone. What a sender repeats is reported once.
pub(in crate::rule) struct Each {
    look: fn(&Seen<'_>, &mut Report<'_>),
    said: BTreeSet<(Option<Role>, String)>,
}

/// Makes a judge that looks at each entry alone.
pub(in crate::rule) fn each(look: fn(&Seen<'_>, &mut Report<'_>)) -> Box<dyn Rule> {
    Box::new(Each { look, said: BTreeSet::new() })
}

impl Rule for Each {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let before = report.violations.len();
        (self.look)(seen, report);
        if report.violations.len() > before {
            let mut new = report.violations.split_off(before);
            new.retain(|violation| self.said.insert((violation.role, violation.text.clone())));
            report.violations.append(&mut new);
        }
    }
}
