//! Each rule is shown to fire on one change of a right connection, and to be silent about it unchanged.

pub(in crate::rule) mod build;
mod encapsulation;
mod header;
mod informational;
mod l2tp;
mod natt;
mod offer;
mod payload;

use build::{aggressive, behind_nat, direct, run};

#[test]
fn right_connections_break_no_rule() {
    for good in [direct, behind_nat, aggressive] {
        assert_eq!(run(None, good()), []);
    }
}

#[test]
fn copies_and_a_late_start_break_no_rule() {
    for good in [direct, behind_nat, aggressive] {
        let doubled: Vec<_> = good().into_iter().zip(good()).flat_map(|(one, copy)| [one, copy]).collect();
        assert_eq!(run(None, doubled), []);
        for start in 1..good().len() {
            assert_eq!(run(None, good().split_off(start)), [], "from step {start}");
        }
    }
}

#[test]
fn a_gap_breaks_no_rule() {
    for good in [direct, behind_nat, aggressive] {
        for missing in 0..good().len() {
            let mut steps = good();
            steps.remove(missing);
            assert_eq!(run(None, steps), [], "without step {missing}");
        }
    }
}

#[test]
fn what_cannot_be_read_breaks_no_rule() {
    use crate::transcript::layer::Protection;
    for good in [direct, behind_nat] {
        for protection in [Protection::KeyAbsent, Protection::NegotiationMissing, Protection::KeyWrong] {
            let mut steps = good();
            for step in &mut steps {
                let time = u32::try_from(step.time).expect("short");
                let isakmp = step.isakmp();
                if isakmp.header.is_encrypted() {
                    isakmp.payloads.clear();
                    isakmp.padding.clear();
                    isakmp.protection = protection;
                    // Without its payloads only the header tells one message from another.
                    isakmp.header.length = isakmp.header.message_id + time;
                }
            }
            assert_eq!(run(None, steps), []);
        }
    }
}
