//! The embedded engine: one redb file, read through snapshots and written by one thread.
//!
//! The file format and its crash safety are redb's. What is added here: one writer that makes many batches
//! durable with one flush (see `writer`), a refusal to go on after a failed flush, a guard against a full
//! disk (see `space`), and errors that say what to do. redb 4 may panic on a file that was damaged behind
//! its back, so every call into it is fenced and such a panic becomes [`KvError::Corrupt`].

mod current;
mod fence;
mod health;
mod inspection;
mod overlay;
mod snapshot;
mod space;
mod statistics;
mod writer;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::redb::{Database, DatabaseError, StorageError, TableDefinition};
use async_trait::async_trait;

use crate::{Batch, CommitError, Kv, KvError, Limits, Snapshot};
use current::Current;
use fence::fenced;
use health::Health;
use snapshot::RedbSnapshot;
use space::Floor;
pub use statistics::Statistics;
use writer::{Queue, Writer};

pub use inspection::RedbInspection;

/// All pairs live in one table; it exists from the first opening on.
const PAIRS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("pairs");

/// How an engine is opened.
#[derive(Debug, Clone, Copy)]
pub struct RedbOptions {
    /// The memory for cached pages.
    pub cache_bytes: usize,
    /// The space that must stay free on the file system. Batches that reclaim space may use half of it.
    pub floor_bytes: u64,
}

impl RedbOptions {
    /// The cache where nobody says how large. Pages that are not in it mostly are in the system's page cache, from
    /// where they come in microseconds, so that a larger one saves little.
    pub const CACHE_BYTES: usize = 64 * 1024 * 1024;
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self {
            cache_bytes: Self::CACHE_BYTES,
            floor_bytes: 256 * 1024 * 1024,
        }
    }
}

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another engine in this one, has the file open.
    #[error("the key-value file is already in use")]
    InUse,
    /// The file is not a key-value file, is damaged, or is of a version this program does not read.
    #[error("the key-value file cannot be read: {detail}")]
    Unreadable {
        /// What was found.
        detail: String,
    },
    /// The file system failed.
    #[error("the key-value file cannot be opened")]
    Io(#[source] io::Error),
}

/// A key-value engine in one local file.
pub struct RedbKv {
    health: Arc<Health>,
    statistics: Arc<Statistics>,
    open: Mutex<Option<Open>>,
    // Serializes closing, so that a second caller returns only when the first is done.
    closing: tokio::sync::Mutex<()>,
}

/// What is there until the engine is closed.
struct Open {
    database: Arc<Database>,
    current: Arc<Current>,
    queue: Queue,
    writer: std::thread::JoinHandle<()>,
}

impl RedbKv {
    /// Opens the file, creating it if it is not there or empty. The directory must exist.
    pub async fn open(path: impl AsRef<Path>, options: RedbOptions) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(&path, options)).await;
        opened.unwrap_or_else(|error| {
            Err(OpenError::Unreadable {
                detail: error.to_string(),
            })
        })
    }

    fn open_blocking(path: &Path, options: RedbOptions) -> Result<Self, OpenError> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or_else(|| Path::new("."));
        create_private(path, directory).map_err(OpenError::Io)?;
        let database = fenced(|| open_database(path, options.cache_bytes))
            .unwrap_or_else(|detail| Err(OpenError::Unreadable { detail }))?;
        Self::start(database, Floor::new(directory, options.floor_bytes)).map_err(OpenError::Io)
    }

    fn start(database: Database, floor: Floor) -> io::Result<Self> {
        let database = Arc::new(database);
        let health = Arc::new(Health::default());
        let statistics = Arc::new(Statistics::default());
        let current = Arc::new(Current::default());
        let (queue, writer) = Writer::start(
            Arc::clone(&database),
            Arc::clone(&current),
            Arc::clone(&health),
            floor,
            Arc::clone(&statistics),
        )?;
        let open = Mutex::new(Some(Open {
            database,
            current,
            queue,
            writer,
        }));
        Ok(Self {
            health,
            statistics,
            open,
            closing: tokio::sync::Mutex::new(()),
        })
    }

    /// What it has done; the figures go on after the engine is closed.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.statistics)
    }

    /// A panic while the lock is held cannot leave the option half changed.
    fn opened(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Kv for RedbKv {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, KvError> {
        let open = self.opened();
        let open = open.as_ref().ok_or(KvError::Closed)?;
        Ok(Box::new(RedbSnapshot::new(open.current.table(&open.database)?)))
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.limits().check(&batch)?;
        let queue = self.opened().as_ref().map(|open| open.queue.clone());
        match queue {
            Some(queue) => queue.commit(batch, &self.health).await,
            None => Err(CommitError::NotApplied(KvError::Closed)),
        }
    }

    fn limits(&self) -> Limits {
        Limits::STANDARD
    }

    async fn close(&self) -> Result<(), KvError> {
        let _one_at_a_time = self.closing.lock().await;
        let Some(open) = self.opened().take() else {
            return Ok(());
        };
        let closed = tokio::task::spawn_blocking(move || close_blocking(open)).await;
        closed.unwrap_or_else(|error| {
            Err(KvError::Corrupt {
                detail: error.to_string(),
            })
        })
    }
}

/// Without a preceding `close` the file is closed here, so that it can be opened again right away. That
/// waits for the batches already queued, which is a matter of a few flushes.
impl Drop for RedbKv {
    fn drop(&mut self) {
        let Some(open) = self.opened().take() else { return };
        if let Err(error) = close_blocking(open) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "closing the key-value file failed"
            );
        }
    }
}

fn close_blocking(open: Open) -> Result<(), KvError> {
    let Open {
        database,
        current,
        queue,
        writer,
    } = open;
    queue.close();
    current.forget();
    if writer.join().is_err() {
        return Err(KvError::Poisoned);
    }
    // Snapshots hold their table only, so nobody else has the database any more.
    match Arc::into_inner(database) {
        Some(database) => fence::read(|| Ok(database.close()?)),
        None => Ok(()),
    }
}

/// Creates the file readable for its owner only, and makes its name durable.
fn create_private(path: &Path, directory: &Path) -> io::Result<()> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => File::open(directory)?.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn open_database(path: &Path, cache_bytes: usize) -> Result<Database, OpenError> {
    let database = Database::builder().set_cache_size(cache_bytes).create(path)?;
    create_table(&database).map_err(|error| OpenError::Unreadable {
        detail: error.to_string(),
    })?;
    Ok(database)
}

fn create_table(database: &Database) -> Result<(), ::redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(PAIRS)?;
    Ok(transaction.commit()?)
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            DatabaseError::Storage(StorageError::Io(error)) if error.kind() != io::ErrorKind::InvalidData => {
                Self::Io(error)
            }
            other => Self::Unreadable {
                detail: other.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
