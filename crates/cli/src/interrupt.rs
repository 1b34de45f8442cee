//! An interrupt from the keyboard, or a request to end: transfers stop in good order, so that nothing half-done is left.
//! Whoever cannot wait for that interrupts a second time.

use anyhow::{Context, Result};
use daypass_client::Stop;
use tokio::signal::unix::{SignalKind, signal};

/// What the shell takes for the end by an interrupt.
const INTERRUPTED: i32 = 130;

/// What is stopped by the next interrupt.
pub(crate) fn stop() -> Result<Stop> {
    let stop = Stop::new();
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        stopping.stop();
        next().await;
        #[expect(clippy::exit, reason = "the user asked twice")]
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}
