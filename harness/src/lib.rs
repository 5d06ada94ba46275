//! The library behind the `l2tpspec` command: captures in, transcript, judges, reports.

pub mod capture;
pub mod check;
pub mod cli;
pub mod diff;
pub mod dns;
pub mod endpoint;
pub mod error;
pub mod exit_code;
pub mod fuzz;
pub mod kit;
pub mod lab;
pub mod lift;
pub mod live;
pub mod profile;
pub mod report;
pub mod router;
pub mod rule;
pub mod scenario;
pub mod scrub;
pub mod transcript;
pub mod triage;
pub mod world;
