//! Captures and keys.

mod corrupt;
mod file;
mod keys;
mod link;
mod reassembly;
pub(crate) mod support;
