//! The capture kit: a script that records on a live supernode with what is installed there.

/// The script, for any POSIX shell.
pub const SCRIPT: &str = include_str!("record.sh");
