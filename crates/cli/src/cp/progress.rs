//! The progress bar, on standard error, when that is a terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const KNOWN: &str = "{bar:30} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}";
const UNKNOWN: &str = "{spinner} {bytes}  {bytes_per_sec}";

/// How much has been copied.
#[derive(Clone)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many bytes, when that is known.
    pub(super) fn of(length: Option<u64>) -> Self {
        // The library shows nothing when standard error is no terminal.
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        let template = if length.is_some() { KNOWN } else { UNKNOWN };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(bar.with_style(style))
    }

    /// So many more bytes.
    pub(super) fn add(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }

    /// The share of one piece, which may have to start again.
    pub(super) fn share(&self) -> Share {
        Share {
            progress: self.clone(),
            counted: Arc::default(),
        }
    }

    /// Takes the bar away: what stays on the terminal is the outcome.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// What one piece has added.
#[derive(Clone)]
pub(super) struct Share {
    progress: Progress,
    counted: Arc<AtomicU64>,
}

impl Share {
    pub(super) fn add(&self, bytes: usize) {
        self.counted.fetch_add(bytes as u64, Ordering::Relaxed);
        self.progress.add(bytes);
    }

    /// Takes back what the piece has added.
    pub(super) fn restart(&self) {
        self.progress.0.dec(self.counted.swap(0, Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_starts_again_counts_once() {
        let progress = Progress::of(Some(10));
        let share = progress.share();
        progress.add(1);
        share.add(2);
        share.restart();
        share.add(3);
        assert_eq!(progress.0.position(), 4);
    }

    #[test]
    fn the_templates_are_templates() {
        for template in [KNOWN, UNKNOWN] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
