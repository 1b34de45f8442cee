//! A blob engine that counts what passes, around any other.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use daypass_blob::{BlobError, BlobId, BlobStream, BlobWriter, Blobs};
use futures_util::StreamExt;

use super::cell::Counter;

/// The figures of a blob engine.
#[derive(Default)]
pub(crate) struct BlobMeter {
    pub(super) writes: Counter,
    pub(super) written_bytes: Counter,
    pub(super) reads: Counter,
    pub(super) read_bytes: Counter,
    pub(super) checksum_failures: Counter,
}

impl BlobMeter {
    fn checked<T>(&self, outcome: Result<T, BlobError>) -> Result<T, BlobError> {
        if let Err(BlobError::Corrupt { .. }) = outcome {
            self.checksum_failures.one();
        }
        outcome
    }
}

/// An engine whose doings are counted.
pub(crate) struct MeteredBlobs<B> {
    engine: B,
    meter: Arc<BlobMeter>,
}

impl<B: Blobs> MeteredBlobs<B> {
    pub(crate) fn new(engine: B, meter: Arc<BlobMeter>) -> Self {
        Self { engine, meter }
    }
}

#[async_trait]
impl<B: Blobs> Blobs for MeteredBlobs<B> {
    async fn create(&self, id: BlobId) -> Result<Box<dyn BlobWriter>, BlobError> {
        let writer = self.engine.create(id).await?;
        let meter = Arc::clone(&self.meter);
        Ok(Box::new(MeteredWriter { writer, meter }))
    }

    async fn read(&self, id: BlobId, offset: u64, length: u64) -> Result<BlobStream, BlobError> {
        self.meter.reads.one();
        let stream = self.meter.checked(self.engine.read(id, offset, length).await)?;
        let meter = Arc::clone(&self.meter);
        let counted = stream.inspect(move |piece| match piece {
            Ok(piece) => meter.read_bytes.add(piece.len() as u64),
            Err(BlobError::Corrupt { .. }) => meter.checksum_failures.one(),
            Err(_) => {}
        });
        Ok(counted.boxed())
    }

    async fn length(&self, id: BlobId) -> Result<u64, BlobError> {
        self.meter.checked(self.engine.length(id).await)
    }

    async fn delete(&self, id: BlobId) -> Result<(), BlobError> {
        self.engine.delete(id).await
    }

    async fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, BlobError> {
        self.engine.list(after, limit).await
    }

    async fn verify(&self, id: BlobId) -> Result<u64, BlobError> {
        self.meter.checked(self.engine.verify(id).await)
    }
}

struct MeteredWriter {
    writer: Box<dyn BlobWriter>,
    meter: Arc<BlobMeter>,
}

#[async_trait]
impl BlobWriter for MeteredWriter {
    async fn write(&mut self, data: Bytes) -> Result<(), BlobError> {
        self.writer.write(data).await
    }

    async fn finish(self: Box<Self>) -> Result<u64, BlobError> {
        let length = self.writer.finish().await?;
        self.meter.writes.one();
        self.meter.written_bytes.add(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use daypass_blob::local::{LocalBlobs, LocalOptions};
    use futures_util::TryStreamExt;

    use super::*;

    /// The one file that is larger than this blob's first bytes.
    fn file_of_blob(folder: &Path) -> PathBuf {
        let entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        for path in entries {
            if path.is_dir() {
                let inside = file_of_blob(&path);
                if inside.is_file() {
                    return inside;
                }
            } else if path.metadata().unwrap().len() > 100_000 {
                return path;
            }
        }
        PathBuf::new()
    }

    #[tokio::test]
    async fn damage_is_counted_once_for_each_read_that_meets_it() {
        let folder = tempfile::tempdir().unwrap();
        let options = LocalOptions { floor_bytes: 0 };
        let engine = LocalBlobs::open(folder.path().join("blobs"), options)
            .await
            .unwrap();
        let meter = Arc::new(BlobMeter::default());
        let blobs = MeteredBlobs::new(engine, Arc::clone(&meter));
        let id = BlobId::from_bytes([7; 16]);
        let mut writer = blobs.create(id).await.unwrap();
        writer.write(Bytes::from(vec![1; 200_000])).await.unwrap();
        assert_eq!(meter.writes.value(), 0);
        writer.finish().await.unwrap();
        assert_eq!((meter.writes.value(), meter.written_bytes.value()), (1, 200_000));

        let read = async |offset, length| -> Result<Vec<Bytes>, BlobError> {
            blobs.read(id, offset, length).await?.try_collect().await
        };
        read(0, 200_000).await.unwrap();
        let path = file_of_blob(folder.path());
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        read(0, 1).await.unwrap();
        assert_eq!(meter.checksum_failures.value(), 0);
        for expected in 1..3 {
            assert!(read(0, 200_000).await.is_err());
            assert_eq!(meter.checksum_failures.value(), expected);
        }
        assert!(blobs.verify(id).await.is_err());
        assert_eq!(meter.checksum_failures.value(), 3);
        assert_eq!(meter.reads.value(), 4);
    }
}
