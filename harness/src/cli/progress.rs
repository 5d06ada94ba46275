//! Progress on standard error, for what takes longer than a second.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that appears after a second, and only on a terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    label: String,
    total: u64,
    start: Instant,
    template: &'static str,
}

const OF_OCTETS: &str = "{prefix} {wide_bar} {bytes}/{total_bytes} {eta}";
const OF_CASES: &str = "{prefix} {wide_bar} {pos}/{len} {eta}";

impl Progress {
    pub(super) fn new(label: String, total: u64) -> Self {
        Self { bar: None, label, total, start: Instant::now(), template: OF_OCTETS }
    }

    pub(super) fn of_cases(label: String, total: u64) -> Self {
        Self { bar: None, label, total, start: Instant::now(), template: OF_CASES }
    }

    /// Lets something be written without the bar in its way.
    pub(super) fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Notes how much is done.
    pub(super) fn at(&mut self, done: u64) {
        if self.bar.is_none() && self.start.elapsed() > Duration::from_secs(1) {
            let style = ProgressStyle::with_template(self.template).expect("a template of ours");
            let bar = ProgressBar::with_draw_target(Some(self.total), ProgressDrawTarget::stderr_with_hz(10))
                .with_style(style)
                .with_prefix(self.label.clone());
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done.min(self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
