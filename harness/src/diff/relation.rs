//! Relations between values that are chance themselves: an echo that repeats what it answers, a number that goes up by
//! one, a hash that is right. The rules that judge them on any transcript judge them here.

use super::note::Notebook;
use crate::rule::{self, Entered, Interest, Report, Rule, Seen, Violation};
use crate::transcript::connection::Role;

/// The requirements that are about such a relation, with the layer and the name under which a difference is reported.
const RELATIONS: &[(&str, &str, &str)] = &[
    ("ISAKMP-2408-2.4-b", "isakmp", "cookies_stay"),
    ("ISAKMP-2408-3.1-f", "isakmp", "message_id_is_echoed"),
    ("ISAKMP-2408-5.13-a", "isakmp", "nonces_are_fresh"),
    ("IKE-2409-5-j", "isakmp", "phase1_hash_is_right"),
    ("IKE-2409-5.5-c", "isakmp", "quick_mode_hashes_are_right"),
    ("IKE-2409-5.5-d", "isakmp", "quick_mode_hash_3_is_right"),
    ("IKE-2409-5.7-a", "isakmp", "informational_hash_is_right"),
    ("NATT-3947-3.2-b", "isakmp", "nat_d_fits_its_address"),
    ("DPD-3706-5.3-b", "isakmp", "dpd_acknowledgement_repeats_the_number"),
    ("DPD-3706-6.2-a", "isakmp", "dpd_number_goes_up_by_one"),
    ("L2TP-2661-3.1-d", "l2tp", "ids_are_those_assigned"),
    ("L2TP-2661-4.4.3-i", "l2tp", "challenge_is_answered"),
    ("L2TP-2661-5.8-a", "l2tp", "ns_goes_up_by_one"),
    ("L2TP-2661-5.8-b", "l2tp", "nr_acknowledges"),
    ("L2TP-2661-5.8-e", "l2tp", "copies_keep_ns"),
    ("LCP-1661-5.2-a", "lcp", "ack_repeats_the_options"),
    ("LCP-1661-5.8-a", "lcp", "echo_reply_echoes"),
    ("LCP-1661-6.4-e", "lcp", "magic_number_is_the_negotiated"),
    ("PAP-1334-2.2.2-a", "pap", "answer_repeats_the_identifier"),
    ("CHAP-1994-4.1-b", "chap", "response_repeats_the_identifier"),
    ("CHAP-1994-4.2-a", "chap", "result_repeats_the_identifier"),
    ("OSPF-2328-10.6-b", "ospf", "master_is_the_larger_router_id"),
    ("OSPF-2328-10.6-e", "ospf", "dd_sequence_number_goes_up_by_one"),
    ("OSPF-2328-12.1.7-a", "ospf", "ls_checksum_is_right"),
];

/// The rules of the relations, on one connection.
#[derive(Default)]
pub(super) struct Relations {
    /// A rule is made when it first has something to look at.
    rules: Vec<Option<Box<dyn Rule>>>,
    fresh: Vec<Violation>,
    broken: Vec<Violation>,
}

impl std::fmt::Debug for Relations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relations").field("broken", &self.broken).finish_non_exhaustive()
    }
}

/// A rule, and under which names what it finds is reported.
type Named = (&'static Entered, &'static str, &'static str);

fn rules() -> &'static [Named] {
    static RULES: std::sync::LazyLock<Vec<Named>> = std::sync::LazyLock::new(|| {
        let named = |entered: &'static Entered| {
            let row = RELATIONS.iter().find(|(requirement, ..)| *requirement == entered.requirement)?;
            Some((entered, row.1, row.2))
        };
        rule::all().filter_map(named).collect()
    });
    &RULES
}

/// The requirement behind a relation's name.
pub(super) fn requirement(name: &str) -> Option<&'static str> {
    RELATIONS.iter().find(|(.., own)| *own == name).map(|(requirement, ..)| *requirement)
}

impl Relations {
    pub(super) fn see(&mut self, seen: &Seen<'_>) {
        let interest = Interest::of(seen);
        for (at, (entered, ..)) in rules().iter().enumerate() {
            if !entered.interest.meets(interest) {
                continue;
            }
            if self.rules.is_empty() {
                self.rules.resize_with(rules().len(), || None);
            }
            let Some(slot) = self.rules.get_mut(at) else { continue };
            let rule = slot.get_or_insert_with(entered.make);
            let requirement = entered.requirement;
            rule.see(seen, &mut Report { requirement, connection: 0, violations: &mut self.fresh });
            for violation in self.fresh.drain(..) {
                keep(&mut self.broken, violation);
            }
        }
    }

    /// Notes which relations hold and which are broken.
    pub(super) fn close(&mut self, book: &mut Notebook<'_>) {
        for ((entered, layer, name), rule) in rules().iter().zip(&mut self.rules) {
            let Some(rule) = rule else { continue };
            let requirement = entered.requirement;
            rule.end(&mut Report { requirement, connection: 0, violations: &mut self.fresh });
            for violation in self.fresh.drain(..) {
                keep(&mut self.broken, violation);
            }
            for role in [Role::Client, Role::Supernode] {
                let broken =
                    self.broken.iter().find(|it| it.requirement == requirement && it.role == Some(role));
                if let Some(broken) = broken {
                    book.frame = broken.frame;
                }
                book.of(role, layer, name, if broken.is_some() { "no" } else { "yes" });
            }
        }
    }
}

/// One of a kind is enough.
fn keep(broken: &mut Vec<Violation>, violation: Violation) {
    if !broken.iter().any(|it| it.requirement == violation.requirement && it.role == violation.role) {
        broken.push(violation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_has_a_rule() {
        assert_eq!(rules().len(), RELATIONS.len());
    }
}
