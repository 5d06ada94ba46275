//! The library behind the `l2tpspec` command: captures in, transcript, judges, reports.

pub mod capture;
