//! The engine on a local file system: one file per blob.
//!
//! A blob is written to a file under `unfinished/`, flushed, renamed to its place below two levels of
//! directories, and that directory is flushed too; so a file in its place is always whole. Unfinished files
//! have a directory of their own, rather than the one they go to, so that starting again after a crash looks
//! into one directory, however many blobs there are. The bytes of a file are described in `layout`.
//!
//! All work on files runs on tokio's blocking pool, in runs of up to 256 KiB, so that the hop costs little.

mod health;
mod inspection;
mod layout;
mod memory;
mod places;
mod reader;
mod space;
mod writer;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;

use crate::{BlobError, BlobId, BlobStream, BlobWriter, Blobs};
use health::Health;
use memory::Memories;
use places::Places;
use space::Floor;

pub use inspection::{LocalInspection, Stranger};

/// How an engine is opened.
#[derive(Debug, Clone, Copy)]
pub struct LocalOptions {
    /// The space that must stay free on the file system; writing is refused below it.
    pub floor_bytes: u64,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            floor_bytes: 512 * 1024 * 1024,
        }
    }
}

/// Why a directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another engine in this one, has the directory open.
    #[error("the blob directory is already in use")]
    InUse,
    /// The directory is not one of blobs, or of a version this program does not read.
    #[error("the blob directory has an unknown format `{found}`")]
    UnknownFormat {
        /// The beginning of what its format file says.
        found: String,
    },
    /// The file system failed.
    #[error("the blob directory cannot be opened")]
    Io(#[from] io::Error),
}

/// Blobs in files below one directory.
pub struct LocalBlobs {
    store: Arc<Store>,
}

/// What the engine and its writers share.
struct Store {
    places: Places,
    floor: Floor,
    health: Arc<Health>,
    memories: Arc<Memories>,
    // Holds the lock on the directory for as long as anyone writes to it.
    _lock: File,
}

impl LocalBlobs {
    /// Opens the directory, creating it if need be, and removes what was left unfinished. Its parent must exist.
    pub async fn open(directory: impl AsRef<Path>, options: LocalOptions) -> Result<Self, OpenError> {
        let directory = directory.as_ref().to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(&directory, options)).await;
        opened.unwrap_or_else(|error| Err(OpenError::Io(io::Error::other(error))))
    }

    fn open_blocking(directory: &Path, options: LocalOptions) -> Result<Self, OpenError> {
        let health = Arc::new(Health::default());
        let places = Places::new(directory, Arc::clone(&health));
        places.prepare()?;
        let lock = places.lock()?;
        let removed = places.remove_unfinished()?;
        if removed > 0 {
            tracing::info!(removed, "removed unfinished blobs");
        }
        let floor = Floor::new(directory, options.floor_bytes);
        let store = Store {
            places,
            floor,
            health,
            memories: Arc::default(),
            _lock: lock,
        };
        Ok(Self {
            store: Arc::new(store),
        })
    }

    /// Runs work on files on the blocking pool.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Store>) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let store = Arc::clone(&self.store);
        blocking(move || work(&store)).await
    }
}

#[async_trait]
impl Blobs for LocalBlobs {
    async fn create(&self, id: BlobId) -> Result<Box<dyn BlobWriter>, BlobError> {
        let writer = self.run(move |store| writer::begin(store, id)).await?;
        Ok(Box::new(writer))
    }

    async fn read(&self, id: BlobId, offset: u64, length: u64) -> Result<BlobStream, BlobError> {
        self.run(move |store| {
            let memories = Arc::clone(&store.memories);
            reader::open(&store.places.blob(id), id)?.read(offset, length, memories)
        })
        .await
    }

    async fn length(&self, id: BlobId) -> Result<u64, BlobError> {
        self.run(move |store| Ok(reader::open(&store.places.blob(id), id)?.length()))
            .await
    }

    async fn delete(&self, id: BlobId) -> Result<(), BlobError> {
        self.run(move |store| {
            store.health.check()?;
            Ok(store.places.remove(id)?)
        })
        .await
    }

    async fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, BlobError> {
        self.run(move |store| Ok(store.places.list(after, limit)?)).await
    }

    async fn verify(&self, id: BlobId) -> Result<u64, BlobError> {
        let length = self.length(id).await?;
        let mut pieces = self.read(id, 0, length).await?;
        while pieces.try_next().await?.is_some() {}
        Ok(length)
    }
}

/// Runs work on files on the blocking pool. It goes on to its end even if nobody waits for it any more.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(BlobError::Io(io::Error::other(error))))
}

#[cfg(test)]
mod tests;
