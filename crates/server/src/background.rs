//! Work that nobody asked for: rotating the key ring, sweeping up blobs that nothing refers to, and writing down when
//! access keys were last used.

use std::sync::Arc;
use std::time::Duration;

use daypass_api::{Error, ErrorCode};
use daypass_store::SweepReport;
use daypass_store::identity::WrappedKeyRing;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::bootstrap::StoredRing;
use crate::service::Service;

/// How often the work is looked at.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long a blob that lost its last reference stays readable for those who are still at it.
const SWEEP_GRACE: Duration = Duration::from_secs(15 * 60);
/// Most blobs looked at in one sweep.
const SWEEP_LIMIT: usize = 10_000;

/// Runs until `stop` turns true.
pub(crate) async fn run(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = service.rotate_ring_when_due().await {
            tracing::error!(%error, "the key ring could not be rotated");
        }
        service.write_last_uses_when_due().await;
        if let Err(error) = service.sweep().await {
            tracing::error!(%error, "the sweep failed");
        }
        if let Err(error) = service.forget_revocations().await {
            tracing::error!(%error, "revocations that ended could not be removed");
        }
    }
}

impl Service {
    async fn rotate_ring_when_due(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let current = self.ring();
        if !current.ring.needs_rotation(now) {
            return Ok(());
        }
        let failed = |error: &dyn std::error::Error| {
            tracing::error!(%error, "the key ring could not be renewed");
            Error::new(ErrorCode::InternalError)
        };
        let ring = current
            .ring
            .with_new_epoch(now, &self.random.bytes())
            .map_err(|error| failed(&error))?;
        let wrapped = ring
            .wrap(&self.master, &self.random.bytes())
            .map_err(|error| failed(&error))?;
        let wrapped = WrappedKeyRing {
            wrapped: wrapped.into(),
        };
        let next = StoredRing::new(ring, wrapped);
        // Stored first: a token must never be sealed under an epoch that a restart forgets.
        if !self
            .store
            .replace_key_ring(Some(&current.wrapped), &next.wrapped, now)
            .await?
        {
            return Err(Error::new(ErrorCode::ServiceUnavailable));
        }
        tracing::info!(epoch = next.ring.current(), "the key ring has a new epoch");
        self.replace_ring(next);
        Ok(())
    }

    async fn sweep(&self) -> Result<(), Error> {
        let begun = Instant::now();
        let swept = self.store.sweep(self.clock.now(), SWEEP_GRACE, SWEEP_LIMIT).await;
        let took = begun.elapsed();
        self.metrics
            .sweep
            .count(swept.as_ref().ok(), self.clock.now(), took);
        let report = swept?;
        if report != SweepReport::default() {
            tell(&report, took);
        }
        Ok(())
    }
}

/// The same figures that the metrics add up.
fn tell(report: &SweepReport, took: Duration) {
    let SweepReport {
        intents_abandoned,
        references_released,
        blobs_marked,
        blobs_removed,
        bytes_freed,
        failures,
        more,
    } = report;
    tracing::info!(
        millis = took.as_millis(),
        stale_intents = intents_abandoned,
        references_released,
        blobs_marked,
        blobs_removed,
        bytes_freed,
        failures,
        more,
        "swept"
    );
}
