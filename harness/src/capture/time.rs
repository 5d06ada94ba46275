//! When a frame was captured.

use std::fmt;

const NANOSECONDS: i64 = 1_000_000_000;

/// Nanoseconds since 1970-01-01 00:00:00 UTC: the years 1677 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time `nanoseconds` after the epoch.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// The time `nanoseconds` after the epoch, `None` if it lies outside of what can be told.
    #[must_use]
    pub fn checked_from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        i64::try_from(nanoseconds).ok().map(Self)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanoseconds(self) -> i64 {
        self.0
    }

    /// Nanoseconds from `earlier` to this time, negative if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Seconds since the epoch with nine decimals, as `tshark -e frame.time_epoch` prints them.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let second = NANOSECONDS.unsigned_abs();
        write!(f, "{sign}{}.{:09}", magnitude / second, magnitude % second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_seconds_with_nine_decimals() {
        assert_eq!(
            Timestamp::from_nanoseconds(1_185_482_495_400_000_000).to_string(),
            "1185482495.400000000"
        );
        assert_eq!(Timestamp::from_nanoseconds(-1).to_string(), "-0.000000001");
    }
}
