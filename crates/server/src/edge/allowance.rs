//! How long a body may keep the server waiting: a while, and longer only for what it brings.
//!
//! Patience that begins anew with every byte is endless: one byte every few seconds would hold a connection for ever. So
//! waiting uses an allowance up, and bytes earn it back at the least rate that is put up with, up to the whole patience.
//! Time in which the server itself is busy costs nothing.

use std::time::Duration;

use tokio::time::Instant;

/// How patient the server is with a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Longest wait for a piece.
    pub(crate) longest: Duration,
    /// Least rate over time, in bytes a second; 0 when any will do.
    pub(crate) bytes_per_second: u64,
}

/// What is left of the patience with one body.
pub(crate) struct Allowance {
    patience: Patience,
    left: Duration,
    waiting_since: Option<Instant>,
}

impl Allowance {
    pub(crate) fn new(patience: Patience) -> Self {
        Self {
            patience,
            left: patience.longest,
            waiting_since: None,
        }
    }

    /// Begins to wait; the moment at which to give up, unless it waits already.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Instant> {
        if self.waiting_since.is_some() {
            return None;
        }
        self.waiting_since = Some(now);
        Some(now + self.left)
    }

    /// Takes note of bytes that came.
    pub(crate) fn earn(&mut self, bytes: usize, now: impl FnOnce() -> Instant) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(now().saturating_duration_since(since));
        }
        let earned = match self.patience.bytes_per_second {
            0 => self.patience.longest,
            rate => Duration::from_micros((bytes as u64).saturating_mul(1_000_000) / rate),
        };
        self.left = self.left.saturating_add(earned).min(self.patience.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether a body is put up with that brings so many bytes every so many seconds, a hundred times.
    fn check(rate: u64, bytes: usize, seconds: u32, expected: bool) {
        let mut now = Instant::now();
        let mut allowance = Allowance::new(Patience {
            longest: 30 * SECOND,
            bytes_per_second: rate,
        });
        let lasts = (0..100).all(|_| {
            let end = allowance.wait(now).unwrap();
            assert_eq!(allowance.wait(now), None);
            now += seconds * SECOND;
            allowance.earn(bytes, || now);
            now <= end
        });
        assert_eq!(lasts, expected, "{rate} {bytes} {seconds}");
    }

    #[test]
    fn slow_bodies() {
        check(1000, 1, 29, false);
        check(1000, 1, 1, false);
        check(1000, 29_000, 29, true);
        check(1000, 28_000, 29, false);
        check(1000, 1000, 1, true);
        check(1000, usize::MAX, 31, false);
        check(0, 1, 29, true);
        check(0, 1, 31, false);
    }

    #[test]
    fn the_servers_own_time_costs_nothing() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(Patience {
            longest: 30 * SECOND,
            bytes_per_second: 1000,
        });
        allowance.earn(10, || unreachable!("nothing was waited for"));
        assert_eq!(allowance.wait(begin + 100 * SECOND), Some(begin + 130 * SECOND));
    }
}
