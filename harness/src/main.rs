//! The `l2tpspec` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    l2tpspec::cli::run()
}
