//! The library face of the harness, in one binary.

mod capture;
mod check;
mod cli;
mod corpus;
mod deep;
mod endpoint;
mod machine;
mod malformed;
mod opening;
mod scenario_cli;
#[expect(dead_code, reason = "other people's captures have a binary of their own")]
mod support;
mod world;
