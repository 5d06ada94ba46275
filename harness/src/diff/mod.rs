//! What differs in behaviour between two recordings: who does what differently, layer by layer, whatever the addresses,
//! the order and the number of connections, and whatever chance chose.
//!
//! An observer takes notes of every connection. Like connections of both sides are put beside each other, their notes are
//! counted, and what is said, done or timed otherwise is a difference. What a side had no occasion to show, since its
//! recording is shorter or its keys are missing, is none.

pub mod align;
pub mod baseline;
pub mod cause;
pub mod class;
pub mod compare;
pub mod effect;
pub mod flat;
pub mod human;
pub mod json;
pub mod note;
pub mod observe;
mod relation;
mod side;
pub mod timing;

pub use compare::{Compared, compare};
pub use side::{Side, read};
