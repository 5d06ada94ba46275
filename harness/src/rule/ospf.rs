//! Rules of one layer.

use super::Entered;

/// Rules of this layer.
pub(super) static RULES: &[Entered] = &[];
