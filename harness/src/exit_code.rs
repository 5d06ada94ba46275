//! The exit statuses of every command.

/// All as expected.
pub const AS_EXPECTED: u8 = 0;
/// A failure, a violation or a difference.
pub const FOUND: u8 = 1;
/// Wrong usage, or an input that cannot be read.
pub const BAD_INPUT: u8 = 2;
/// Nothing could be judged.
pub const NOTHING_JUDGED: u8 = 3;
