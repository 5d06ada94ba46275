//! The library face of the harness, in one binary.

mod capture;
mod cli;
mod corpus;
mod malformed;
mod opening;
