//! Rules of ESP: what a packet shows without a key, and what its trailer shows with one.

mod child;
mod packet;
mod sequence;
#[cfg(test)]
mod tests;

use super::{Entered, Interest, Rule};

fn boxed<R: Rule + Default + 'static>() -> Box<dyn Rule> {
    Box::new(R::default())
}

const fn own(requirement: &'static str, interest: Interest, make: fn() -> Box<dyn Rule>) -> Entered {
    Entered { requirement, interest, make }
}

/// Packets, and the Quick Modes that announce their SPIs.
const ESP: Interest = Interest::ESP.and(Interest::ISAKMP);

/// Rules of this layer.
pub(super) static RULES: &[Entered] = &[
    own("ESP-4303-2.1-a", ESP, boxed::<packet::ReservedSpis>),
    own("ESP-4303-2.4-a", Interest::ESP, boxed::<packet::Padding>),
    own("ESP-4303-2.4-c", ESP, boxed::<packet::Alignment>),
    own("ESP-4303-2.6-a", ESP, boxed::<packet::NextHeader>),
    own("ESP-4303-2.7-a", ESP, boxed::<packet::TrafficFlowPadding>),
    own("ESP-4303-3.3.3-a", ESP, boxed::<sequence::Numbers>),
    own("ESP-4303-3.3.4-a", Interest::ESP, boxed::<packet::WholeDatagrams>),
    own("CRYP-4868-2.3-a", Interest::ESP, boxed::<packet::Truncation>),
];
