//! From profiles to the configurations of the layers.

mod isakmp;
mod l2tp;
mod ppp;
mod stack;

use super::word::Span;
use std::time::Duration;

/// How many exchanges of others may be unfinished: RFCs and devices leave it open.
const HALF_OPEN_LIMIT: usize = 1000;

fn durations(spans: &[Span]) -> Vec<Duration> {
    spans.iter().map(|span| span.0).collect()
}
