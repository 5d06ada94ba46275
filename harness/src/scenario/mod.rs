//! Scenarios: files that say who talks to whom over what, what is done, and what has to come of it.

mod fields;
mod matcher;
pub mod model;
pub mod mutation;
mod params;
pub mod parse;
pub mod source;
mod step;
pub mod vocabulary;
pub mod wire;
