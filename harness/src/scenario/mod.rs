//! Scenarios: files that say who talks to whom over what, what is done, and what has to come of it.

pub mod abroad;
mod act;
pub mod away;
mod both;
pub mod captured;
pub mod cast;
mod ending;
pub mod faults;
mod fields;
pub mod fmt;
pub mod hosted;
pub mod known;
pub(crate) mod look;
mod matcher;
pub mod matrix;
pub mod message;
pub mod model;
pub mod mutation;
pub mod net;
mod params;
pub mod parse;
pub mod play;
pub mod record;
pub mod report;
mod routing;
mod say;
pub mod schema;
pub mod seams;
pub mod source;
mod step;
pub mod suite;
pub mod topology;
mod traffic;
pub mod verdict;
pub mod vocabulary;
pub mod watch;
pub mod wire;

#[cfg(test)]
mod tests;
