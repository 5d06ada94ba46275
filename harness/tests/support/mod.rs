//! Where captures are.

use std::path::{Path, PathBuf};

/// The project's own recordings, with their keys beside them.
pub(crate) fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../captures")
}

/// A folder of other people's captures, with an `INDEX.md`, if one is named.
pub(crate) fn extra_captures() -> Option<PathBuf> {
    std::env::var_os("L2TPSPEC_EXTRA_CAPTURES").map(PathBuf::from)
}
