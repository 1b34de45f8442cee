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
