//! The ordered key-value seam: snapshots to read from, and one kind of write, the conditional batch.
//!
//! The crate knows bytes only. What a bucket is, how records are encoded and when a conflict is worth
//! another try belongs to the callers. The traits are narrow and every call is one message, so that an
//! engine on the other side of a network can serve each with one round trip; that is why a batch carries
//! its preconditions with it, and why a grouped listing is one call and not a loop of seeks.
//!
//! Engines: [`redb`] keeps one file on a local disk, [`memory`] keeps nothing. With the feature `testing`
//! there are also `faulty`, which fails on request, and `conformance`, which every engine passes.

mod batch;
mod error;
mod limits;
mod range;
mod scan;

pub mod memory;
pub mod redb;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
pub mod faulty;

use std::ops::Bound;

use async_trait::async_trait;
use bytes::Bytes;

pub use batch::{Batch, Precondition, Write};
pub use error::{CommitError, KvError};
pub use limits::{LimitExceeded, Limits, Measure};
pub use range::{Direction, KeyRange};
pub use scan::{Entry, ScanPage};

/// A key and its value.
pub type Pair = (Bytes, Bytes);

/// An ordered map from bytes to bytes that survives the process.
///
/// Keys are ordered byte by byte. The empty key is a key like any other. All methods may be called from
/// many tasks at once.
#[async_trait]
pub trait Kv: Send + Sync {
    /// Opens a consistent view of everything committed so far.
    ///
    /// A snapshot taken after [`Kv::commit`] returned sees that batch, from whichever task. It sees a batch
    /// whole or not at all, and nothing that is committed later. Engines keep old data for as long as a
    /// snapshot lives: hold it for one operation, not longer.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, KvError>;

    /// Applies a batch whole or not at all, and returns when it is on stable storage.
    ///
    /// All preconditions are judged against the state right before the batch, in their order, and hold
    /// until it is applied. [`CommitError::Conflict`] names the first that did not hold; it is an answer and
    /// not a failure, and an engine never gives it for another reason: what it can retry by itself, it does.
    /// The writes are applied in their order, the last write to a key wins. An empty batch is nothing to do.
    ///
    /// Dropping the future does not take the batch back: it may still be applied.
    async fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// The sizes this engine accepts. A batch beyond them is refused with [`CommitError::TooLarge`].
    fn limits(&self) -> Limits;

    /// Finishes the commits under way and refuses all that come later; may be called more than once.
    ///
    /// Nothing is lost without this call, it only makes the next opening faster and certain.
    async fn close(&self) -> Result<(), KvError>;
}

/// A consistent view of a [`Kv`], unchanged by later commits.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// A number that two snapshots of one open engine have in common only if they show the same, so that what was
    /// worked out from one need not be worked out again from the next. None where the engine cannot tell.
    fn stamp(&self) -> Option<u64> {
        None
    }

    /// The value of one key.
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError>;

    /// The first `limit` pairs of a range, in the order of the direction.
    ///
    /// Fewer than `limit` pairs means that the range has no more. The caller bounds the memory by `limit`.
    async fn range(&self, range: KeyRange, direction: Direction, limit: usize) -> Result<Vec<Pair>, KvError>;

    /// Lists the keys that begin with `prefix`, folding those that continue with a `delimiter` further on.
    ///
    /// A key that has `delimiter` somewhere after `prefix` is not listed by itself: all that share the bytes
    /// up to and including the first such delimiter become one [`Entry::Prefix`]. An empty delimiter folds
    /// nothing. Entries come in byte order, `limit` counts both kinds, and a folded group costs one seek
    /// however many keys it has.
    ///
    /// With `Bound::Included(start)` only keys from `start` on take part, with `Bound::Excluded(start)` only
    /// keys after it. If an excluded `start` is itself a folded prefix, the whole group is passed over; so
    /// the last entry of one page, excluded, starts the next, and a marker of a listing may be given as is.
    async fn scan_prefixes(
        &self,
        prefix: &[u8],
        delimiter: &[u8],
        start: Bound<&[u8]>,
        limit: usize,
    ) -> Result<ScanPage, KvError>;
}
