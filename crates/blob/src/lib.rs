//! The byte seam: blobs that are written once as a stream, read by ranges, and deleted.
//!
//! A blob is named by sixteen random bytes that the caller chooses, never by anything a user typed. The crate
//! does not know what a blob is for, which blobs are still needed, or how objects are made of them. It
//! promises two things: what `finish` acknowledged is on stable storage, and no byte is handed out whose
//! checksum was not verified.
//!
//! Engines: [`local`] keeps one file per blob below a directory, [`memory`] keeps nothing. With the feature
//! `testing` there are also `faulty`, which fails on request, and `conformance`, which every engine passes.

mod error;
mod id;

pub mod local;
pub mod memory;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
pub mod faulty;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use error::BlobError;
pub use id::{BlobId, InvalidBlobId};

/// The bytes of a range in order, in pieces of the engine's choice, none of them empty.
///
/// After an error the stream ends, and once it has ended it may be polled on.
pub type BlobStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// A store of immutable blobs that survives the process.
///
/// A blob is there from the moment its writer's `finish` succeeds until `delete`, and never changes in
/// between. All methods may be called from many tasks at once.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Begins a blob. Nothing of it can be seen before the writer's [`BlobWriter::finish`].
    ///
    /// Fails with [`BlobError::AlreadyExists`] if there is such a blob, or another writer is making it.
    async fn create(&self, id: BlobId) -> Result<Box<dyn BlobWriter>, BlobError>;

    /// Reads `length` bytes from `offset` on. Each byte is verified before it is handed out.
    ///
    /// A range that leaves the blob is refused with [`BlobError::OutOfRange`], a blob that is not there with
    /// [`BlobError::NotFound`]. A stream that is open while its blob is deleted may go on or end in an error.
    async fn read(&self, id: BlobId, offset: u64, length: u64) -> Result<BlobStream, BlobError>;

    /// The number of bytes in a blob.
    async fn length(&self, id: BlobId) -> Result<u64, BlobError>;

    /// Removes a blob for good: it does not come back after a crash once this has returned.
    ///
    /// Removing a blob that is not there succeeds, so that a removal can be repeated. A blob that is still
    /// being written is not there yet.
    async fn delete(&self, id: BlobId) -> Result<(), BlobError>;

    /// Names the first `limit` finished blobs after `after`, in the order of their ids.
    ///
    /// For checking a store as a whole. Blobs created or deleted meanwhile may be listed or not, so this never
    /// decides what to delete.
    async fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, BlobError>;

    /// Reads a whole blob to see that it is intact, and returns its length.
    async fn verify(&self, id: BlobId) -> Result<u64, BlobError>;
}

/// A blob being written. Dropping the writer before it is finished leaves nothing behind.
#[async_trait]
pub trait BlobWriter: Send {
    /// Appends bytes. They may wait in memory, in bounded amount, and reach stable storage with `finish`.
    ///
    /// After an error, and after a call that was dropped half-way, the writer refuses to go on.
    async fn write(&mut self, data: Bytes) -> Result<(), BlobError>;

    /// Makes the blob durable and then visible, and returns its length.
    ///
    /// After an error, and after a call that was dropped half-way, the blob may be there or not.
    async fn finish(self: Box<Self>) -> Result<u64, BlobError>;
}
