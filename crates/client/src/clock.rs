//! The time of day, which goes into every signature.
//!
//! A seam, so that a test can make a signature at a known moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use daypass_api::Timestamp;

/// Where the time of day comes from.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one clock of the client")]
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_unix_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// How far the server's clock is from ours, in milliseconds; shared by all clones of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skew(Arc<AtomicI64>);

/// What is no fault of a clock: a signature has more room than that.
const SLIGHT_MILLIS: i64 = 30_000;

impl Skew {
    /// A moment by the server's clock.
    pub(crate) fn corrected(&self, now: Timestamp) -> Timestamp {
        let skew = self.0.load(Ordering::Relaxed);
        Timestamp::from_unix_millis(now.unix_millis().saturating_add(skew))
    }

    /// Takes the server's word for the time, and tells whether that makes much of a difference.
    pub(crate) fn correct(&self, now: Timestamp, date: Option<Timestamp>) -> bool {
        let Some(date) = date else { return false };
        let skew = date.unix_millis().saturating_sub(now.unix_millis());
        let before = self.0.load(Ordering::Relaxed);
        let differs = skew.saturating_sub(before).saturating_abs() > SLIGHT_MILLIS;
        if differs {
            self.0.store(skew, Ordering::Relaxed);
        }
        differs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_word_counts_where_it_makes_a_difference() {
        let at = Timestamp::from_unix_seconds;
        let skew = Skew::default();
        assert!(!skew.correct(at(1000), None));
        assert!(!skew.correct(at(1000), Some(at(1030))));
        assert_eq!(skew.corrected(at(1000)), at(1000));
        assert!(skew.correct(at(1000), Some(at(4600))));
        assert_eq!(skew.corrected(at(1001)), at(4601));
        // The same word again is no news, and so is not tried again.
        assert!(!skew.correct(at(1002), Some(at(4602))));
        assert!(skew.correct(at(1002), Some(at(1002))));
        assert_eq!(skew.corrected(at(1003)), at(1003));
    }
}
