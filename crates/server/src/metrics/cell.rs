//! What figures are kept in: plain atomics.
//!
//! Recording is one relaxed addition: no lock, no allocation, no text. A reader may see one figure of a moment before
//! another; each by itself is exact and never goes back.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A figure that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A figure that goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Counts some more, or fewer.
    pub(crate) fn add(&self, difference: i64) {
        self.0.fetch_add(difference, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the classes of durations, in microseconds, with their spelling in seconds.
pub(super) const BOUNDS: [(u64, &str); 15] = [
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
];

/// How durations are spread.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    classes: [Counter; BOUNDS.len()],
    longer: Counter,
    micros: Counter,
}

impl Durations {
    pub(crate) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let mut bounds = BOUNDS.iter().zip(&self.classes);
        let class = bounds.find(|((bound, _), _)| micros <= *bound);
        class.map_or(&self.longer, |(_, class)| class).one();
        self.micros.add(micros);
    }

    /// How many were at most as long as each bound, and how many there were.
    pub(super) fn cumulative(&self) -> (Vec<(&'static str, u64)>, u64) {
        let mut sum = 0_u64;
        let classes = BOUNDS.iter().zip(&self.classes).map(|((_, bound), class)| {
            sum = sum.saturating_add(class.value());
            (*bound, sum)
        });
        let classes = classes.collect();
        (classes, sum.saturating_add(self.longer.value()))
    }

    /// All of them together.
    pub(super) fn seconds(&self) -> f64 {
        self.micros.value() as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_their_classes() {
        let check = |micros: u64, first_bound: Option<&str>| {
            let durations = Durations::default();
            durations.record(Duration::from_micros(micros));
            let (classes, count) = durations.cumulative();
            let first = classes.iter().find(|(_, count)| *count == 1);
            assert_eq!(first.map(|(bound, _)| *bound), first_bound, "{micros}");
            assert_eq!(count, 1);
        };
        check(0, Some("0.00025"));
        check(250, Some("0.00025"));
        check(251, Some("0.0005"));
        check(30_000_000, Some("30"));
        check(30_000_001, None);
        check(u64::MAX, None);
    }

    #[test]
    fn bounds_are_spelled_as_they_are() {
        for (micros, seconds) in BOUNDS {
            assert_eq!(seconds.parse::<f64>().unwrap(), micros as f64 / 1e6);
        }
        assert!(BOUNDS.is_sorted());
    }
}
