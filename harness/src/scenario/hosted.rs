//! What a subject that has played was made of, and what it took to host it: the part of a report that says of whom it is.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// A subject that has played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    /// Its name, as `--subject` takes it.
    pub subject: String,
    /// Packages and their versions, and the kernel's.
    pub versions: Vec<(String, String)>,
    /// How long its guest took to boot.
    pub boot: Duration,
    /// How often it was made to forget what was before.
    pub resets: u32,
    /// How long that took in all.
    pub resetting: Duration,
}

impl Hosted {
    /// How long a reset took on average; zero where there was none.
    #[must_use]
    pub fn reset(&self) -> Duration {
        self.resetting.checked_div(self.resets).unwrap_or_default()
    }

    /// The object of a report, with times in seconds.
    #[must_use]
    pub fn json(&self) -> Value {
        let versions: serde_json::Map<_, _> =
            self.versions.iter().map(|(name, version)| (name.clone(), json!(version))).collect();
        let seconds = |time: Duration| (time.as_secs_f64() * 1000.0).round() / 1000.0;
        json!({
            "subject": self.subject, "versions": versions, "boot_seconds": seconds(self.boot),
            "resets": self.resets, "reset_seconds": seconds(self.reset())
        })
    }

    /// The versions in a line.
    #[must_use]
    pub fn versions(&self) -> String {
        versions(&self.versions)
    }
}

impl fmt::Display for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, boot, resets, .. } = self;
        let times = if *resets == 1 { "time" } else { "times" };
        write!(
            f,
            "{subject} is {}; booted in {:.1} s, reset {resets} {times} in {:.1} s each",
            self.versions(),
            boot.as_secs_f64(),
            self.reset().as_secs_f64()
        )
    }
}

/// Versions in a line.
pub(crate) fn versions(all: &[(String, String)]) -> String {
    all.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_played_is_told_with_versions_and_the_mean_of_its_resets() {
        let mut hosted = Hosted {
            subject: "lab:xl2tpd".to_owned(),
            versions: vec![
                ("xl2tpd".to_owned(), "1.3.18-1".to_owned()),
                ("linux".to_owned(), "6.1.0".to_owned()),
            ],
            boot: Duration::from_millis(12_340),
            resets: 4,
            resetting: Duration::from_secs(5),
        };
        assert_eq!(
            hosted.to_string(),
            "lab:xl2tpd is xl2tpd 1.3.18-1, linux 6.1.0; booted in 12.3 s, reset 4 times in 1.2 s each"
        );
        assert_eq!(
            hosted.json(),
            json!({
                "subject": "lab:xl2tpd", "versions": { "xl2tpd": "1.3.18-1", "linux": "6.1.0" },
                "boot_seconds": 12.34, "resets": 4, "reset_seconds": 1.25
            })
        );
        hosted.resets = 0;
        assert_eq!(hosted.reset(), Duration::ZERO);
    }
}
