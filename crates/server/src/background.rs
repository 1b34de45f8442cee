//! Work that nobody asked for: rotating the key ring, ending exchanges of the master key that were cut off, sweeping up blobs that nothing refers to, and writing down when
//! access keys were last used.

use std::sync::Arc;
use std::time::Duration;

use daypass_api::Error;
use daypass_store::SweepReport;
use tokio::sync::watch;
use tokio::time::Instant;

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
        if let Err(error) = service.key_ring.rotate_when_due(service.clock.now()).await {
            tracing::error!(%error, "the key ring could not be rotated");
        }
        if let Err(error) = service.key_ring.finish_exchange(service.clock.now()).await {
            tracing::error!(%error, "an exchange of the master key could not be ended");
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
