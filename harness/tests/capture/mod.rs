//! Captures and keys.

mod corrupt;
mod file;
mod keys;
mod link;
mod reassembly;
mod support;
