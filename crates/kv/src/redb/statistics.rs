//! What the engine has done since it was opened, for whoever watches it.
//!
//! The writer adds once for each group, so counting costs nothing beside the flush.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the classes of groups, in batches.
const BOUNDS: [u64; 8] = [1, 2, 4, 8, 16, 64, 256, 1024];

/// Figures of an engine that only grow.
#[derive(Debug, Default)]
pub struct Statistics {
    batches: AtomicU64,
    flushes: AtomicU64,
    groups: [AtomicU64; BOUNDS.len()],
    larger_groups: AtomicU64,
}

impl Statistics {
    /// Batches that were judged, those that conflicted too.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// Transactions that were made durable.
    pub fn flushes(&self) -> u64 {
        self.flushes.load(Ordering::Relaxed)
    }

    /// How many groups had up to so many batches and more than the class before; the last class has no bound.
    pub fn groups(&self) -> Vec<(Option<u64>, u64)> {
        let bounds = BOUNDS.iter().map(|bound| Some(*bound)).chain([None]);
        let counts = self.groups.iter().chain([&self.larger_groups]);
        bounds
            .zip(counts.map(|count| count.load(Ordering::Relaxed)))
            .collect()
    }

    /// Counts a group that is being judged.
    pub(super) fn count_group(&self, batches: usize) {
        let batches = batches as u64;
        let mut classes = BOUNDS.iter().zip(&self.groups);
        let class = classes.find(|(bound, _)| batches <= **bound);
        class
            .map_or(&self.larger_groups, |(_, class)| class)
            .fetch_add(1, Ordering::Relaxed);
        self.batches.fetch_add(batches, Ordering::Relaxed);
    }

    /// Counts a transaction that was made durable.
    pub(super) fn count_flush(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_fall_into_their_classes() {
        let check = |batches: usize, expected: Option<u64>| {
            let statistics = Statistics::default();
            statistics.count_group(batches);
            let class = statistics.groups().into_iter().find(|(_, count)| *count == 1);
            assert_eq!(class, Some((expected, 1)), "{batches}");
            assert_eq!(statistics.batches(), batches as u64);
        };
        check(1, Some(1));
        check(3, Some(4));
        check(1024, Some(1024));
        check(1025, None);
    }
}
