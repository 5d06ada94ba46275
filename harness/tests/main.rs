//! The library face of the harness, in one binary.

mod capture;
mod captured;
mod check;
mod cli;
mod corpus;
mod deep;
mod diff;
mod endpoint;
mod lift;
mod machine;
mod malformed;
mod opening;
mod replay;
mod resume;
mod scenario_cli;
mod schemas;
mod scrub;
mod support;
mod world;
