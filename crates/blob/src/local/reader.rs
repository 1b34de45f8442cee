//! Reading: whole runs of blocks at a time, each block verified before a byte of it is handed out.
//!
//! A read fills one run and hands out slices of it, so nothing is copied on the way to the socket. While one run is on
//! that way the next one is read; a reader holds at most two, beside what the socket still holds. What a run finds
//! before a damaged block is still handed out; the error comes after it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::task::JoinHandle;

use super::layout::{self, BLOCK_BYTES, CHECKSUM_BYTES, HEADER_BYTES, RUN_BLOCKS};
use super::memory::Memories;
use crate::{BlobError, BlobId, BlobStream};

/// A finished blob, its header verified.
pub(super) struct Reader {
    file: File,
    id: BlobId,
    length: u64,
}

/// What one run of blocks gave.
#[derive(Default)]
struct Run {
    pieces: VecDeque<Bytes>,
    failure: Option<BlobError>,
}

/// A part of a blob that is still to be read.
struct Rest {
    reader: Reader,
    offset: u64,
    end: u64,
    memories: Arc<Memories>,
}

/// A run that is being read, with what is left after it.
type UnderWay = JoinHandle<(Run, Rest)>;

pub(super) fn open(path: &Path, id: BlobId) -> Result<Reader, BlobError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => BlobError::NotFound,
        _ => BlobError::Io(error),
    })?;
    let mut header = [0; HEADER_BYTES];
    read_exact(&file, &mut header, 0, None)?;
    let length = layout::length_in(&header, id)?;
    if layout::file_length(length) != Some(file.metadata()?.len()) {
        return Err(BlobError::Corrupt { block: None });
    }
    Ok(Reader { file, id, length })
}

impl Reader {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads the first run and returns a stream of all. If already the first block is damaged, this fails.
    pub(super) fn read(
        self,
        offset: u64,
        length: u64,
        memories: Arc<Memories>,
    ) -> Result<BlobStream, BlobError> {
        let end = offset.checked_add(length).filter(|end| *end <= self.length);
        let end = end.ok_or(BlobError::OutOfRange { length: self.length })?;
        let mut rest = Rest {
            reader: self,
            offset,
            end,
            memories,
        };
        let mut first = rest.next_run();
        match first.failure.take_if(|_| first.pieces.is_empty()) {
            Some(failure) => Err(failure),
            None => Ok(stream_of(first, rest)),
        }
    }

    /// Reads and verifies one block out of a run, and returns the part of it that was asked for.
    fn block(&self, block: u64, stored: &Bytes, offset: u64, end: u64) -> Result<Bytes, BlobError> {
        let corrupt = || BlobError::Corrupt { block: Some(block) };
        let (data, checksum) = stored.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(corrupt)?;
        let mut digest = layout::block_digest(self.id, block);
        digest.update(data);
        if digest.finalize().to_le_bytes() != *checksum {
            return Err(corrupt());
        }
        let begin = block.saturating_mul(BLOCK_BYTES as u64);
        let within = |position: u64| {
            usize::try_from(position.saturating_sub(begin))
                .unwrap_or(usize::MAX)
                .min(data.len())
        };
        Ok(stored.slice(within(offset)..within(end)))
    }
}

impl Rest {
    /// Begins to read the next run on the blocking pool; none if this one was the last or failed.
    fn read_ahead(mut self, run: &Run) -> Option<UnderWay> {
        let goes_on = run.failure.is_none() && self.offset < self.end;
        goes_on.then(|| tokio::task::spawn_blocking(move || (self.next_run(), self)))
    }

    /// Reads up to [`RUN_BLOCKS`] blocks.
    fn next_run(&mut self) -> Run {
        let mut run = Run::default();
        if self.offset >= self.end {
            return run;
        }
        let first = self.offset / BLOCK_BYTES as u64;
        let mut stored = match self.stored_run(first) {
            Ok(stored) => stored,
            Err(error) => return Run::failed(error),
        };
        for block in first.. {
            if stored.is_empty() {
                break;
            }
            let one = stored.split_to(stored.len().min(BLOCK_BYTES + CHECKSUM_BYTES));
            match self.reader.block(block, &one, self.offset, self.end) {
                Ok(piece) => {
                    self.offset = self.offset.saturating_add(piece.len() as u64);
                    run.pieces.push_back(piece);
                }
                Err(error) => {
                    return Run {
                        failure: Some(error),
                        ..run
                    };
                }
            }
        }
        run
    }

    /// The bytes of a run as they are in the file: from block `first` to the last one that is needed.
    fn stored_run(&self, first: u64) -> Result<Bytes, BlobError> {
        let corrupt = BlobError::Corrupt { block: Some(first) };
        let needed = self
            .end
            .div_ceil(BLOCK_BYTES as u64)
            .min(first.saturating_add(RUN_BLOCKS as u64));
        let begin = layout::block_position(first);
        let end = layout::block_position(needed).zip(layout::file_length(self.reader.length));
        let span = begin
            .zip(end)
            .map(|(begin, (end, file_end))| (begin, end.min(file_end).saturating_sub(begin)));
        let Some((begin, Ok(bytes))) = span.map(|(begin, bytes)| (begin, usize::try_from(bytes))) else {
            return Err(corrupt);
        };
        let mut stored = self.memories.take();
        stored.resize(bytes, 0);
        read_exact(&self.reader.file, &mut stored, begin, Some(first))?;
        Ok(Bytes::from_owner(stored))
    }
}

impl Run {
    fn failed(error: BlobError) -> Self {
        Self {
            failure: Some(error),
            ..Self::default()
        }
    }
}

/// What a stream of pieces goes through.
enum Stage {
    /// Nothing was asked of it yet: only the first run is there.
    Begun(Run, Rest),
    /// The pieces of one run are handed out while the next one is read.
    Reading(Run, Option<UnderWay>),
}

fn stream_of(first: Run, rest: Rest) -> BlobStream {
    stream::unfold(Stage::Begun(first, rest), |stage| async move {
        let (mut run, mut next) = match stage {
            Stage::Begun(run, rest) => {
                let next = rest.read_ahead(&run);
                (run, next)
            }
            Stage::Reading(run, next) => (run, next),
        };
        loop {
            if let Some(piece) = run.pieces.pop_front() {
                return Some((Ok(piece), Stage::Reading(run, next)));
            }
            if let Some(failure) = run.failure.take() {
                return Some((Err(failure), Stage::Reading(run, None)));
            }
            (run, next) = match next?.await {
                Ok((run, rest)) => {
                    let next = rest.read_ahead(&run);
                    (run, next)
                }
                Err(error) => (Run::failed(io::Error::other(error).into()), None),
            };
        }
    })
    .fuse()
    .boxed()
}

/// Reads on the blocking pool. A file that ends early is as corrupt as one with wrong bytes.
fn read_exact(file: &File, into: &mut [u8], position: u64, block: Option<u64>) -> Result<(), BlobError> {
    file.read_exact_at(into, position)
        .map_err(|error: io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => BlobError::Corrupt { block },
            _ => BlobError::Io(error),
        })
}
