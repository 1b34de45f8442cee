//! Reading the audit trail while it is written: for lists of sessions, and for whoever searches it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use daypass_api::{Error, ErrorCode};
use tokio::sync::Semaphore;

use crate::service::Service;

/// Most readings at a time: each takes a thread and reads files.
const AT_A_TIME: usize = 2;

/// Longest that a reading waits for records that are on their way to the disk. It then tells what is there: a disk that
/// takes nothing for so long makes the trail refuse requests, or tell of a gap, as is configured.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How often it looks whether they are there; the trail is written every few milliseconds.
const LOOKS_AGAIN: Duration = Duration::from_millis(2);

/// Where the trail is, and who reads it now.
pub(crate) struct TrailReader {
    directory: PathBuf,
    turns: Semaphore,
}

impl TrailReader {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            turns: Semaphore::new(AT_A_TIME),
        }
    }
}

impl Service {
    /// Reads the trail, with all that was answered before.
    pub(crate) async fn read_trail<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.catch_up().await;
        let unreadable = |cause: &dyn std::fmt::Display| {
            tracing::error!(%cause, "the audit trail cannot be read");
            Error::with_message(ErrorCode::InternalError, "the audit trail cannot be read")
        };
        let _turn = self
            .trail
            .turns
            .acquire()
            .await
            .map_err(|error| unreadable(&error))?;
        let directory = self.trail.directory.clone();
        let done = tokio::task::spawn_blocking(move || read(&directory)).await;
        done.map_err(|error| unreadable(&error))?
            .map_err(|error| unreadable(&error))
    }

    /// Waits until what was answered before can be read in the trail: a record is put there before its answer goes out.
    async fn catch_up(&self) {
        let figures = self.audit.figures();
        let put = figures.put();
        let written = async {
            while figures.written() < put {
                tokio::time::sleep(LOOKS_AGAIN).await;
            }
        };
        // Past the bound, what is there is told.
        let _ = tokio::time::timeout(LONGEST_WAIT, written).await;
    }
}
