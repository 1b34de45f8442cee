//! Writing: blocks and their checksums gather in memory, and go to the file in runs of 256 KiB.
//!
//! While one run is being written the next one gathers, so a writer holds at most two, however long the blob.
//! The unfinished file belongs to a guard that removes it, wherever the writer ends; only a completed rename
//! disarms it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::mem;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use crc_fast::Digest;
use tokio::task::JoinHandle;

use super::layout::{self, BLOCK_BYTES, HEADER_BYTES, RUN_BYTES};
use super::memory::Memory;
use super::places::Places;
use super::{Store, blocking};
use crate::{BlobError, BlobId, BlobWriter};

/// Begins a blob, on the blocking pool.
pub(super) fn begin(store: &Arc<Store>, id: BlobId) -> Result<LocalWriter, BlobError> {
    store.health.check()?;
    store.floor.admit(HEADER_BYTES)?;
    let unfinished = Unfinished::create(store.places.unfinished(id))?;
    // Asked only now: a writer that was faster has either its unfinished file or its finished one.
    if store.places.blob(id).try_exists()? {
        return Err(BlobError::AlreadyExists);
    }
    Ok(LocalWriter {
        store: Arc::clone(store),
        unfinished,
        gathering: Gathering::new(id, empty_memory(store)),
        position: HEADER_BYTES as u64,
        under_way: None,
        interrupted: false,
    })
}

/// A blob being written.
pub(super) struct LocalWriter {
    store: Arc<Store>,
    unfinished: Unfinished,
    gathering: Gathering,
    // Where the next run goes in the file.
    position: u64,
    // The run that is being written.
    under_way: Option<JoinHandle<Result<(), BlobError>>>,
    // Set while a call runs, so that it stays set if the call fails or is dropped.
    interrupted: bool,
}

#[async_trait]
impl BlobWriter for LocalWriter {
    async fn write(&mut self, mut data: Bytes) -> Result<(), BlobError> {
        if mem::replace(&mut self.interrupted, true) {
            return Err(BlobError::Interrupted);
        }
        while !data.is_empty() {
            let piece = data.split_to(data.len().min(self.gathering.room()));
            self.gathering.append(&piece);
            if self.gathering.run.len() >= RUN_BYTES {
                self.send_run().await?;
            }
        }
        self.interrupted = false;
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<u64, BlobError> {
        if self.interrupted {
            return Err(BlobError::Interrupted);
        }
        self.written_run().await?;
        let Self {
            store,
            unfinished,
            mut gathering,
            position,
            ..
        } = *self;
        gathering.end_block();
        blocking(move || finish(&store, unfinished, &gathering, position)).await
    }
}

impl LocalWriter {
    /// Has the gathered run written, once the one before is.
    async fn send_run(&mut self) -> Result<(), BlobError> {
        self.written_run().await?;
        let run = mem::replace(&mut self.gathering.run, empty_memory(&self.store));
        let position = self.position;
        self.position = position.saturating_add(run.len() as u64);
        let (store, file) = (Arc::clone(&self.store), Arc::clone(&self.unfinished.file));
        self.under_way = Some(tokio::task::spawn_blocking(move || {
            write_at(&store, &file, &run, position)
        }));
        Ok(())
    }

    /// Waits for the run that is being written.
    async fn written_run(&mut self) -> Result<(), BlobError> {
        let Some(under_way) = self.under_way.take() else {
            return Ok(());
        };
        under_way
            .await
            .unwrap_or_else(|error| Err(BlobError::Io(io::Error::other(error))))
    }
}

fn empty_memory(store: &Store) -> Memory {
    let mut memory = store.memories.take();
    memory.clear();
    memory
}

/// Makes the blob durable, then visible, then its visibility durable. Runs on the blocking pool.
fn finish(
    store: &Store,
    unfinished: Unfinished,
    gathering: &Gathering,
    position: u64,
) -> Result<u64, BlobError> {
    store.health.check()?;
    write_at(store, &unfinished.file, &gathering.run, position)?;
    write_at(
        store,
        &unfinished.file,
        &layout::header(gathering.id, gathering.length),
        0,
    )?;
    store.health.flush(&unfinished.file)?;
    store.places.make_directory_of(gathering.id)?;
    unfinished.settle(&store.places, gathering.id)?;
    Ok(gathering.length)
}

fn write_at(store: &Store, file: &File, bytes: &[u8], position: u64) -> Result<(), BlobError> {
    store.floor.admit(bytes.len())?;
    Ok(file.write_all_at(bytes, position)?)
}

/// The bytes of a blob on their way to a run.
struct Gathering {
    id: BlobId,
    run: Memory,
    // The number, checksum so far and data bytes of the block that is being filled.
    block: u64,
    digest: Digest,
    filled: usize,
    length: u64,
}

impl Gathering {
    fn new(id: BlobId, run: Memory) -> Self {
        let digest = layout::block_digest(id, 0);
        Self {
            id,
            run,
            block: 0,
            digest,
            filled: 0,
            length: 0,
        }
    }

    /// The data bytes that the block still takes; never none.
    fn room(&self) -> usize {
        BLOCK_BYTES.saturating_sub(self.filled)
    }

    /// Takes at most [`Self::room`] bytes.
    fn append(&mut self, piece: &[u8]) {
        self.run.extend_from_slice(piece);
        self.digest.update(piece);
        self.filled = self.filled.saturating_add(piece.len());
        self.length = self.length.saturating_add(piece.len() as u64);
        if self.filled == BLOCK_BYTES {
            self.end_block();
        }
    }

    /// Ends the block with its checksum, unless it is empty.
    fn end_block(&mut self) {
        if self.filled == 0 {
            return;
        }
        self.run.extend_from_slice(&self.digest.finalize().to_le_bytes());
        self.block = self.block.saturating_add(1);
        self.digest = layout::block_digest(self.id, self.block);
        self.filled = 0;
    }
}

/// An unfinished file, removed on drop.
struct Unfinished {
    file: Arc<File>,
    path: Option<PathBuf>,
}

impl Unfinished {
    fn create(path: PathBuf) -> Result<Self, BlobError> {
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let file = created.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BlobError::AlreadyExists,
            _ => BlobError::Io(error),
        })?;
        Ok(Self {
            file: Arc::new(file),
            path: Some(path),
        })
    }

    /// Moves the file to its place, durably. Once it is moved it is no longer removed on drop.
    fn settle(mut self, places: &Places, id: BlobId) -> io::Result<()> {
        if let Some(path) = &self.path {
            places.settle(path, id)?;
        }
        self.path = None;
        places.flush_directory_of(id)
    }
}

/// Removing the name of an open file is quick and done on the spot. The space is freed when the file is closed,
/// which takes long for a large one, so that is left to the blocking pool where there is one.
impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(path) = self.path.take() else { return };
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an unfinished blob stays until restart"
            );
        }
        let file = Arc::clone(&self.file);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(file));
        }
    }
}
