//! The progress bar, on standard error, when that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const KNOWN: &str = "{bar:30} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}  {msg}";
const UNKNOWN: &str = "{spinner} {bytes}  {bytes_per_sec}  {msg}";

/// How much has been moved. Clones are the same.
#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Nothing so far, of nobody knows how much.
    pub(crate) fn new() -> Self {
        // The library shows nothing when standard error is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self(bar.with_style(style(UNKNOWN)))
    }

    /// So many bytes more are to come.
    pub(crate) fn expect(&self, bytes: u64) {
        if self.0.length().is_none() {
            self.0.set_style(style(KNOWN));
        }
        self.0
            .set_length(self.0.length().unwrap_or(0).saturating_add(bytes));
    }

    /// So many bytes more have been moved, or fewer.
    pub(crate) fn moved(&self, bytes: i64) {
        match u64::try_from(bytes) {
            Ok(bytes) => self.0.inc(bytes),
            Err(_) => self.0.dec(bytes.unsigned_abs()),
        }
    }

    /// What stands behind the numbers.
    pub(crate) fn say(&self, text: String) {
        self.0.set_message(text);
    }

    /// Writes something else meanwhile, where the bar is not in its way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Takes the bar away: what stays on the terminal is the outcome.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_and_what_has_moved() {
        let progress = Progress::new();
        progress.moved(2);
        progress.expect(10);
        progress.expect(5);
        progress.moved(4);
        progress.moved(-1);
        assert_eq!((progress.0.length(), progress.0.position()), (Some(15), 5));
    }

    #[test]
    fn the_templates_are_templates() {
        for template in [KNOWN, UNKNOWN] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
