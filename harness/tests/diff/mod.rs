//! What `diff` finds: nothing between two recordings of one configuration, and exactly what was changed between two that
//! are not.

mod changes;
mod command;
mod fields;
mod recorded;
mod same;
mod stage;
