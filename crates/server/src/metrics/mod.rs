//! What the server counts, and the page that tells it.
//!
//! Figures lie in plain atomics (`cell`), by names of the program's own (`rows`); `catalogue` lists them all with their
//! texts, `render` writes the page. What hot paths do here is an addition or two: nothing locks, allocates or formats
//! before somebody asks for the page.

mod blobs;
mod catalogue;
mod cell;
mod page;
mod process;
mod render;
mod requests;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use daypass_api::Timestamp;
use daypass_door::Meter;
use daypass_kv::redb::Statistics;
use daypass_store::SweepReport;

pub(crate) use blobs::{BlobMeter, MeteredBlobs};
pub(crate) use cell::{Counter, Gauge};
pub(crate) use page::CONTENT_TYPE;
pub(crate) use requests::{Observed, RequestMeter};

/// All figures of a server.
pub(crate) struct Metrics {
    pub(crate) requests: RequestMeter,
    pub(crate) sweep: SweepMeter,
    pub(crate) listeners: Listeners,
    pub(crate) opened_tokens: CacheMeter,
    pub(crate) blobs: Arc<BlobMeter>,
    kv: Arc<Statistics>,
    started: Timestamp,
    connections_limit: usize,
}

impl Metrics {
    /// Nothing counted yet; what the engines count is theirs.
    pub(crate) fn new(
        blobs: Arc<BlobMeter>,
        kv: Arc<Statistics>,
        started: Timestamp,
        connections_limit: usize,
    ) -> Self {
        Self {
            requests: RequestMeter::default(),
            sweep: SweepMeter::default(),
            listeners: Listeners::default(),
            opened_tokens: CacheMeter::default(),
            blobs,
            kv,
            started,
            connections_limit,
        }
    }
}

/// The figures of each listener.
#[derive(Default)]
pub(crate) struct Listeners {
    pub(crate) http: Arc<ListenerMeter>,
    pub(crate) https: Arc<ListenerMeter>,
    pub(crate) console: Arc<ListenerMeter>,
}

/// The figures of one listener.
#[derive(Default)]
pub(crate) struct ListenerMeter {
    pub(crate) open: Gauge,
    pub(crate) accepted: Counter,
    /// Closed because their address has too many.
    pub(crate) over_address_limit: Counter,
    /// Not accepted by the system.
    pub(crate) failed: Counter,
    pub(crate) handshakes_failed: Counter,
    pub(crate) heads_unreadable: Counter,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
}

impl Meter for ListenerMeter {
    fn opened(&self) {
        self.accepted.one();
        self.open.add(1);
    }

    fn closed(&self) {
        self.open.add(-1);
    }

    fn not_accepted(&self) {
        self.failed.one();
    }

    fn over_address_limit(&self) {
        self.over_address_limit.one();
    }

    fn handshake_failed(&self) {
        self.handshakes_failed.one();
    }

    fn head_unreadable(&self) {
        self.heads_unreadable.one();
    }

    fn received(&self, bytes: u64) {
        self.received.add(bytes);
    }

    fn sent(&self, bytes: u64) {
        self.sent.add(bytes);
    }
}

/// The figures of one cache.
#[derive(Debug, Default)]
pub(crate) struct CacheMeter {
    hits: Counter,
    misses: Counter,
}

impl CacheMeter {
    /// Counts a look-up, and hands on what it found.
    pub(crate) fn count<T>(&self, found: Option<T>) -> Option<T> {
        match &found {
            Some(_) => self.hits.one(),
            None => self.misses.one(),
        }
        found
    }
}

/// The figures of the sweep.
#[derive(Default)]
pub(crate) struct SweepMeter {
    last_millis: Gauge,
    last_micros: Gauge,
    failed: Counter,
    step_failures: Counter,
    intents: Counter,
    released: Counter,
    marked: Counter,
    removed: Counter,
    freed_bytes: Counter,
}

impl SweepMeter {
    /// Counts what a sweep did that ended at this moment; none when it ended early.
    pub(crate) fn count(&self, report: Option<&SweepReport>, ended: Timestamp, took: Duration) {
        self.last_micros
            .set(i64::try_from(took.as_micros()).unwrap_or(i64::MAX));
        self.last_millis.set(ended.unix_millis());
        let Some(report) = report else {
            return self.failed.one();
        };
        self.step_failures.add(report.failures as u64);
        self.intents.add(report.intents_abandoned as u64);
        self.released.add(report.references_released as u64);
        self.marked.add(report.blobs_marked as u64);
        self.removed.add(report.blobs_removed as u64);
        self.freed_bytes.add(report.bytes_freed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_add_up() {
        let meter = SweepMeter::default();
        let report = SweepReport {
            blobs_marked: 3,
            blobs_removed: 2,
            bytes_freed: 1000,
            failures: 1,
            ..SweepReport::default()
        };
        let at = Timestamp::from_unix_millis;
        meter.count(Some(&report), at(5000), Duration::from_millis(20));
        meter.count(Some(&report), at(6000), Duration::from_millis(30));
        meter.count(None, at(7000), Duration::from_millis(1));
        assert_eq!((meter.marked.value(), meter.removed.value()), (6, 4));
        assert_eq!(
            (meter.freed_bytes.value(), meter.step_failures.value()),
            (2000, 2)
        );
        assert_eq!((meter.failed.value(), meter.intents.value()), (1, 0));
        assert_eq!(
            (meter.last_millis.value(), meter.last_micros.value()),
            (7000, 1000)
        );
    }

    #[test]
    fn look_ups_are_hits_or_misses() {
        let meter = CacheMeter::default();
        assert_eq!(meter.count(Some(1)), Some(1));
        assert_eq!(meter.count::<u8>(None), None);
        assert_eq!(meter.count::<u8>(None), None);
        assert_eq!((meter.hits.value(), meter.misses.value()), (1, 2));
    }
}
