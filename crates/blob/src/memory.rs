//! An engine without a disk, for tests and demonstrations.
//!
//! Its bytes cannot be damaged, so there is nothing to verify; everything else is as on a disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use crate::{BlobError, BlobId, BlobStream, BlobWriter, Blobs};

/// The longest piece that a read hands out.
const PIECE_BYTES: usize = 65_536;

/// What is known under an id: nothing but a reservation while the blob is being written.
type Stored = BTreeMap<BlobId, Option<Bytes>>;

/// Blobs in memory; nothing survives the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryBlobs {
    stored: Arc<Mutex<Stored>>,
}

impl MemoryBlobs {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `act` on the blobs. Each change is one call on the map, so a poisoned lock is fine.
    fn with_stored<T>(&self, act: impl FnOnce(&mut Stored) -> T) -> T {
        act(&mut self.stored.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn blob(&self, id: BlobId) -> Result<Bytes, BlobError> {
        self.with_stored(|stored| stored.get(&id).cloned().flatten())
            .ok_or(BlobError::NotFound)
    }
}

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn create(&self, id: BlobId) -> Result<Box<dyn BlobWriter>, BlobError> {
        self.with_stored(|stored| match stored.contains_key(&id) {
            true => Err(BlobError::AlreadyExists),
            false => Ok(stored.insert(id, None)),
        })?;
        Ok(Box::new(MemoryWriter {
            blobs: self.clone(),
            id,
            data: BytesMut::new(),
        }))
    }

    async fn read(&self, id: BlobId, offset: u64, length: u64) -> Result<BlobStream, BlobError> {
        let blob = self.blob(id)?;
        let out_of_range = || BlobError::OutOfRange {
            length: blob.len() as u64,
        };
        let end = offset
            .checked_add(length)
            .and_then(|end| usize::try_from(end).ok());
        let end = end.filter(|end| *end <= blob.len()).ok_or_else(out_of_range)?;
        let start = usize::try_from(offset).map_err(|_| out_of_range())?;
        let pieces = (start..end).step_by(PIECE_BYTES);
        let pieces = pieces.map(move |from| Ok(blob.slice(from..end.min(from.saturating_add(PIECE_BYTES)))));
        Ok(stream::iter(pieces).boxed())
    }

    async fn length(&self, id: BlobId) -> Result<u64, BlobError> {
        Ok(self.blob(id)?.len() as u64)
    }

    async fn delete(&self, id: BlobId) -> Result<(), BlobError> {
        self.with_stored(|stored| {
            if let Some(Some(_)) = stored.get(&id) {
                stored.remove(&id);
            }
        });
        Ok(())
    }

    async fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, BlobError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.with_stored(|stored| {
            let finished = stored
                .range((start, Bound::Unbounded))
                .filter(|(_, blob)| blob.is_some());
            finished.map(|(id, _)| *id).take(limit).collect()
        }))
    }

    async fn verify(&self, id: BlobId) -> Result<u64, BlobError> {
        self.length(id).await
    }
}

struct MemoryWriter {
    blobs: MemoryBlobs,
    id: BlobId,
    data: BytesMut,
}

#[async_trait]
impl BlobWriter for MemoryWriter {
    async fn write(&mut self, data: Bytes) -> Result<(), BlobError> {
        self.data.extend_from_slice(&data);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<u64, BlobError> {
        let data = self.data.split().freeze();
        let length = data.len() as u64;
        self.blobs
            .with_stored(|stored| stored.insert(self.id, Some(data)));
        Ok(length)
    }
}

/// Gives the reservation up if the blob was not finished.
impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.blobs.with_stored(|stored| {
            if let Some(None) = stored.get(&self.id) {
                stored.remove(&self.id);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        conformance::run(async || Arc::new(MemoryBlobs::new()) as Arc<dyn Blobs>).await;
    }
}
