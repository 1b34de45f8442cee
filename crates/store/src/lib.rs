//! Operations on buckets, objects, uploads and identities, over any key-value engine and any blob engine.
//!
//! A request takes one [`View`], decides on it, and hands it to one method here; each method answers an
//! [`daypass_api::Outcome`] or an [`daypass_api::Error`]. What changes together goes into one conditional batch
//! that `metadata` composes; after a conflict the operation reads and judges again, a bounded number of times.
//! Nothing here knows signatures, policies or HTTP. Time and randomness are arguments.
//!
//! Failures of an engine are logged here, with their cause and without content, and become `InternalError` or
//! `ServiceUnavailable` for the caller.

mod fault;
mod marks;
mod view;

pub mod identity;
pub mod objects;

mod sweep;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use daypass_blob::Blobs;
use daypass_kv::{Batch, CommitError, Kv};
use daypass_metadata::{FORMAT_VERSION, FormatRecord, Record, keys};

use fault::NotCommitted;
use identity::PresetPolicy;
use marks::KnownMarks;

pub use fault::OpenError;
pub use objects::{BodyStream, ObjectReader};
pub use sweep::SweepReport;
pub use view::{Bucket, View};

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills the bytes, unpredictably for anybody else.
    fn fill(&self, bytes: &mut [u8]);
}

/// How a store works.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Bodies up to this length are stored beside the records instead of in a blob of their own. Much larger
    /// than the default makes the key-value engine carry what blobs are for; a mebibyte at most is used.
    pub inline_bytes: usize,
    /// An upload that has neither finished nor failed after this time is taken for dead, and its blob removed.
    /// It must be longer than any request may last.
    pub stale_intent: Duration,
    /// The policies that come with the service.
    pub presets: Arc<[PresetPolicy]>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            inline_bytes: 32 * 1024,
            stale_intent: Duration::from_secs(24 * 3600),
            presets: Arc::new([]),
        }
    }
}

/// Far below what the key-value seam accepts as one value.
const MAX_INLINE_BYTES: usize = 1024 * 1024;

/// All buckets, objects and identities of one service.
#[derive(Clone)]
pub struct Store {
    kv: Arc<dyn Kv>,
    blobs: Arc<dyn Blobs>,
    options: StoreOptions,
    // Changes of identities all depend on one generation. One at a time in a process, they conflict only with
    // those of other gateways.
    identity_turn: Arc<tokio::sync::Mutex<()>>,
    // Revocations depend on the end of their log alone.
    revocation_turn: Arc<tokio::sync::Mutex<()>>,
    known_marks: Arc<KnownMarks>,
}

impl Store {
    /// Opens a store on these engines. An empty key-value engine becomes an empty store; one with a layout that
    /// this program does not know is refused.
    pub async fn open(
        kv: Arc<dyn Kv>,
        blobs: Arc<dyn Blobs>,
        options: StoreOptions,
    ) -> Result<Self, OpenError> {
        let options = StoreOptions {
            inline_bytes: options.inline_bytes.min(MAX_INLINE_BYTES),
            ..options
        };
        let store = Self {
            kv,
            blobs,
            options,
            identity_turn: Arc::default(),
            revocation_turn: Arc::default(),
            known_marks: Arc::default(),
        };
        store.check_format().await?;
        Ok(store)
    }

    /// Takes one consistent view of everything. All that a request reads comes from one view.
    pub async fn view(&self) -> Result<View, daypass_api::Error> {
        let snapshot = self.kv.snapshot().await.map_err(fault::reading)?;
        Ok(View::new(
            snapshot,
            Arc::clone(&self.known_marks),
            Arc::clone(&self.options.presets),
        ))
    }

    /// Finishes what is being written and refuses everything after. Nothing is lost without it; the next opening is
    /// faster.
    pub async fn close(&self) -> Result<(), daypass_api::Error> {
        self.kv.close().await.map_err(fault::reading)
    }

    async fn check_format(&self) -> Result<(), OpenError> {
        let mark = Batch::new()
            .require_absent(keys::format())
            .put(keys::format(), FormatRecord::CURRENT.encode());
        match self.kv.commit(mark).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(OpenError::Commit(error)),
        }
        let snapshot = self.kv.snapshot().await?;
        let stored = snapshot.get(&keys::format()).await?.unwrap_or_default();
        match FormatRecord::decode(&stored) {
            Ok(FormatRecord {
                layout: FORMAT_VERSION,
            }) => Ok(()),
            Ok(FormatRecord { layout }) => Err(OpenError::UnknownLayout(layout)),
            Err(error) => Err(OpenError::NotAStore(error)),
        }
    }

    /// Applies a batch; false if something changed since it was composed.
    async fn commit(&self, batch: Batch) -> Result<bool, NotCommitted> {
        match self.kv.commit(batch).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict { .. }) => Ok(false),
            Err(error) => Err(fault::committing(error)),
        }
    }
}

/// Counts the attempts of one operation, so that it cannot go on for ever under contention.
#[derive(Default)]
struct Attempts(u32);

impl Attempts {
    /// At least one of the operations that contend for something succeeds in each round, so this many of them
    /// at once all succeed.
    const MOST: u32 = 256;

    /// Begins another attempt; refuses with `SlowDown` after too many.
    async fn another(&mut self) -> Result<(), daypass_api::Error> {
        if self.0 >= Self::MOST {
            return Err(daypass_api::ErrorCode::SlowDown.into());
        }
        if self.0 > 0 {
            tokio::task::yield_now().await;
        }
        self.0 = self.0.saturating_add(1);
        Ok(())
    }
}
