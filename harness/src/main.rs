//! The `l2tpspec` command.

fn main() {}
