//! The trail on its disk: appending in groups, beginning and ending segments, repairing after a crash, removing what is old.
//!
//! Nothing here is lost by a write that fails: lines wait in a buffer, at their place in the chain, until the disk takes
//! them, and every step that changes files can be tried again. [`crate::writer`] drives it from its thread.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread::JoinHandle;

use serde::Serialize;

use crate::batch::Waiting;
use crate::disk::{Disk, SegmentFile};
use crate::index::{self, Builder};
use crate::line::{self, Chain, Line};
use crate::record::{
    Abandoned, Anchor, Gap, Repaired, Request, SegmentBegun, SegmentClosed, Started, Stopped,
};
use crate::segment::{self, Lines, Unread};

/// Version of the format of segments.
pub(crate) const VERSION: u32 = 1;

const DAY_MILLIS: i64 = 86_400_000;

/// Where the trail is and how long it is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory; made when it is not there.
    pub directory: PathBuf,
    /// A segment ends when it has this many bytes; at most 1 GiB.
    pub segment_bytes: u64,
    /// A segment ends when it is this old.
    pub segment_millis: i64,
    /// The oldest segments are removed when all together have more bytes than this.
    pub keep_bytes: u64,
    /// A segment is removed when all of it is older than this.
    pub keep_millis: i64,
}

impl Options {
    /// Largest segment.
    pub const MAX_SEGMENT_BYTES: u64 = 1 << 30;

    /// The usual segments, kept within these bounds.
    pub fn keeping(directory: PathBuf, bytes: u64, days: u64) -> Self {
        Self {
            directory,
            segment_bytes: (bytes / 8).clamp(1024 * 1024, 16 * 1024 * 1024),
            segment_millis: DAY_MILLIS,
            keep_bytes: bytes,
            keep_millis: i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY_MILLIS),
        }
    }
}

/// Why the trail cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The directory or a file in it.
    #[error("`{path}` could not be used for the audit trail", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes there.
    #[error("another process writes the audit trail in `{path}`", path = .0.display())]
    InUse(PathBuf),
    /// The last segment was written by a newer program.
    #[error("`{path}` has version {version} of the audit trail, which this program does not know", path = path.display())]
    Version {
        /// Which segment.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A record could not be spelled.
    #[error("a record could not be written")]
    Record(#[from] serde_json::Error),
    /// The writer's thread is gone.
    #[error("the writer of the audit trail is gone")]
    Gone,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> AuditError + '_ {
    move |source| AuditError::File {
        path: path.to_owned(),
        source,
    }
}

/// A segment that ended.
struct Closed {
    first: u64,
    bytes: u64,
    /// When the next one began.
    ended: i64,
}

/// The segment that is written.
struct Open {
    first: u64,
    begun: i64,
    file: Arc<dyn SegmentFile>,
    /// How long the file is, as far as it is sound.
    length: u64,
    builder: Builder,
    /// After a restart, what was there before.
    earlier: Option<Earlier>,
    closed: bool,
}

/// Reads the records of a resumed segment aside: neither the start nor the end of the segment waits for that.
struct Earlier(io::Result<JoinHandle<Option<Builder>>>);

impl Earlier {
    fn read(path: PathBuf, length: u64) -> Self {
        let collect = move || {
            let (builder, _, end) = index::collect(&path, length).ok().flatten()?;
            (end == length).then_some(builder)
        };
        let thread = std::thread::Builder::new().name("daypass-audit-index".to_owned());
        Self(thread.spawn(collect))
    }

    fn builder(self) -> Option<Builder> {
        self.0.ok()?.join().ok().flatten()
    }
}

/// A flush on a thread of its own.
struct Flushing {
    path: PathBuf,
    outcome: Receiver<io::Result<()>>,
}

impl Flushing {
    fn begin(
        file: Arc<dyn SegmentFile>,
        path: PathBuf,
        when_done: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (tell, outcome) = mpsc::sync_channel(1);
        let flush = move || {
            // A log that is gone has no use for it.
            let _ = tell.send(file.flush());
            when_done();
        };
        std::thread::Builder::new()
            .name("audit-flush".to_owned())
            .spawn(flush)?;
        Ok(Self { path, outcome })
    }

    /// None while it runs.
    fn outcome(&self) -> Option<Result<(), AuditError>> {
        match self.outcome.try_recv() {
            Ok(flushed) => Some(flushed.map_err(at(&self.path))),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(AuditError::Gone)),
        }
    }

    fn wait(self) -> Result<(), AuditError> {
        let flushed = self.outcome.recv().map_err(|_| AuditError::Gone)?;
        flushed.map_err(at(&self.path))
    }
}

pub(crate) struct Log {
    options: Options,
    disk: Box<dyn Disk>,
    trail: String,
    open: Option<Open>,
    closed: Vec<Closed>,
    chain: Chain,
    next: u64,
    buffer: Vec<u8>,
    unflushed: bool,
    flushing: Option<Flushing>,
    /// Whether the last flush failed.
    is_doubtful: bool,
    flushes_failed: u64,
    /// Segments that an anchor says are gone, and that may still be there.
    doomed: Vec<u64>,
    _lock: File,
}

impl Log {
    /// Opens the trail, and repairs its end after a crash. `fresh` names the trail if it is a new one.
    pub(crate) fn open(
        options: Options,
        disk: Box<dyn Disk>,
        fresh: [u8; 16],
        now: i64,
    ) -> Result<Self, AuditError> {
        let directory = options.directory.clone();
        make_directory(&directory).map_err(at(&directory))?;
        let lock = lock(&directory)?;
        let mut segments = segment::list(&directory).map_err(at(&directory))?;
        let mut log = Self {
            disk,
            trail: fresh.iter().map(|byte| format!("{byte:02x}")).collect(),
            open: None,
            closed: Vec::new(),
            chain: Chain::default(),
            next: 1,
            buffer: Vec::new(),
            unflushed: false,
            flushing: None,
            is_doubtful: false,
            flushes_failed: 0,
            doomed: Vec::new(),
            _lock: lock,
            options,
        };
        let last = segments.pop();
        log.read_closed(&segments, last)?;
        let end = match last {
            Some(first) => log.resume(first)?,
            None => End {
                clean: true,
                ..End::default()
            },
        };
        if log.open.is_none() {
            log.begin(now)?;
        }
        log.tell_end(&end, now)?;
        log.commit()?;
        log.flush()?;
        Ok(log)
    }

    fn path(&self, first: u64) -> PathBuf {
        segment::path(&self.options.directory, first)
    }

    fn read_closed(&mut self, segments: &[u64], last: Option<u64>) -> Result<(), AuditError> {
        let next = segments.iter().copied().skip(1).chain(last);
        for (first, next) in segments.iter().copied().zip(next) {
            let path = self.path(first);
            let bytes = std::fs::metadata(&path).map_err(at(&path))?.len();
            // One that cannot be read is as old as the trail: it is not removed for its age before the others are.
            let ended = segment::beginning(&self.path(next)).map_err(at(&path))?;
            let ended = ended.map_or(i64::MAX, |begun| begun.time);
            self.closed.push(Closed { first, bytes, ended });
        }
        Ok(())
    }

    /// Takes up the last segment where its last sound record ends.
    fn resume(&mut self, first: u64) -> Result<End, AuditError> {
        let path = self.path(first);
        let file_error = || at(&path);
        let found = Found::read(&path, first).map_err(file_error())?;
        let bytes = std::fs::metadata(&path).map_err(file_error())?.len();
        let Some(begun) = found.begun else {
            // The crash came between the file's name and its first line.
            self.chain = self.chain_before(first)?;
            self.next = first;
            return if found.torn == bytes {
                Ok(End {
                    clean: false,
                    ..End::default()
                })
            } else {
                Err(AuditError::File {
                    path: path.clone(),
                    source: io::ErrorKind::InvalidData.into(),
                })
            };
        };
        if begun.version != VERSION {
            return Err(AuditError::Version {
                path,
                version: begun.version,
            });
        }
        self.trail = begun.trail;
        self.chain = found.chain;
        self.next = found.next;
        let clean = found.last_kind == Stopped::KIND || found.last_kind == SegmentClosed::KIND;
        let damage = bytes.saturating_sub(found.length).saturating_sub(found.torn);
        if damage > 0 || found.last_kind == SegmentClosed::KIND {
            self.closed.push(Closed {
                first,
                bytes,
                ended: i64::MAX,
            });
            let abandoned = (damage > 0).then_some((first, damage.saturating_add(found.torn)));
            return Ok(End {
                clean,
                torn: 0,
                abandoned,
            });
        }
        self.open = Some(Open {
            first,
            begun: begun.time,
            file: Arc::from(self.disk.reopen(&path, found.length).map_err(file_error())?),
            length: found.length,
            builder: Builder::default(),
            earlier: Some(Earlier::read(path, found.length)),
            closed: false,
        });
        Ok(End {
            clean,
            torn: found.torn,
            abandoned: None,
        })
    }

    /// Where the chain stands at the end of the segment before one that has no line.
    fn chain_before(&mut self, first: u64) -> Result<Chain, AuditError> {
        let Some(before) = self.closed.last().map(|closed| closed.first) else {
            return Ok(Chain::default());
        };
        let path = self.path(before);
        let found = Found::read(&path, before).map_err(at(&path))?;
        if let Some(begun) = found.begun {
            self.trail = begun.trail;
        }
        if found.next != first {
            return Err(AuditError::File {
                path,
                source: io::ErrorKind::InvalidData.into(),
            });
        }
        Ok(found.chain)
    }

    fn tell_end(&mut self, end: &End, now: i64) -> Result<(), AuditError> {
        if end.torn > 0 {
            self.add(
                Repaired::KIND,
                &Repaired {
                    time: now,
                    torn_bytes: end.torn,
                },
            )?;
        }
        if let Some((segment, bytes)) = end.abandoned {
            self.add(
                Abandoned::KIND,
                &Abandoned {
                    time: now,
                    segment,
                    bytes,
                },
            )?;
        }
        self.add(
            Started::KIND,
            &Started {
                time: now,
                clean: end.clean,
            },
        )
    }

    fn add<T: Serialize>(&mut self, kind: &str, fields: &T) -> Result<(), AuditError> {
        self.chain = line::encode(&mut self.buffer, self.next, kind, fields, &self.chain)?;
        self.next += 1;
        Ok(())
    }

    /// Adds a request to the buffer.
    pub(crate) fn add_request(&mut self, record: Waiting<'_>) {
        let start = self.buffer.len() as u64;
        self.chain = line::encode_spelled(
            &mut self.buffer,
            self.next,
            Request::KIND,
            record.fields,
            &self.chain,
        );
        self.next += 1;
        if let Some(open) = &mut self.open {
            let start = open.length.saturating_add(start);
            open.builder.add_hashes(record.time, record.terms, start);
        }
    }

    /// Adds that records are missing.
    pub(crate) fn add_gap(&mut self, gap: &Gap) -> Result<(), AuditError> {
        self.add(Gap::KIND, gap)
    }

    /// Whether lines wait that the disk has not taken.
    pub(crate) fn is_behind(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Writes what waits.
    pub(crate) fn commit(&mut self) -> Result<(), AuditError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if self.buffer.is_empty() {
            return Ok(());
        }
        let path = segment::path(&self.options.directory, open.first);
        open.file.write_at(open.length, &self.buffer).map_err(at(&path))?;
        open.length = open.length.saturating_add(self.buffer.len() as u64);
        self.buffer.clear();
        self.unflushed = true;
        Ok(())
    }

    /// Makes what was written durable, and waits for that.
    pub(crate) fn flush(&mut self) -> Result<(), AuditError> {
        if let Some(flushing) = self.flushing.take() {
            self.note_flush(flushing.wait())?;
        }
        let Some(open) = self.open.as_ref().filter(|_| self.unflushed) else {
            return Ok(());
        };
        let flushed = open.file.flush().map_err(at(&self.path(open.first)));
        self.unflushed = false;
        self.note_flush(flushed)
    }

    /// Begins to make what was written durable, on a thread of its own: a busy disk may take seconds, and lines are
    /// written meanwhile. `when_done` is called at its end. After a flush that failed, it is waited for instead: whoever
    /// writes is to know whether the disk can be trusted again.
    pub(crate) fn begin_flush(
        &mut self,
        when_done: impl FnOnce() + Send + 'static,
    ) -> Result<(), AuditError> {
        let may_begin = self.unflushed && self.flushing.is_none() && !self.is_doubtful;
        let Some(open) = self.open.as_ref().filter(|_| may_begin) else {
            return self.flush();
        };
        let begun = Flushing::begin(Arc::clone(&open.file), self.path(open.first), when_done);
        let Ok(flushing) = begun else {
            return self.flush();
        };
        self.flushing = Some(flushing);
        self.unflushed = false;
        Ok(())
    }

    /// Whether a flush that was begun has not been found to be over.
    pub(crate) fn is_flushing(&self) -> bool {
        self.flushing.is_some()
    }

    /// Whether the last flush failed, and none has succeeded since.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Finds out how the flush that was begun has ended, if it has.
    pub(crate) fn hear_of_flush(&mut self) -> Result<(), AuditError> {
        let Some(flushed) = self.flushing.as_ref().and_then(Flushing::outcome) else {
            return Ok(());
        };
        self.flushing = None;
        self.note_flush(flushed)
    }

    fn note_flush(&mut self, flushed: Result<(), AuditError>) -> Result<(), AuditError> {
        self.is_doubtful = flushed.is_err();
        if flushed.is_err() {
            self.unflushed = true;
            self.flushes_failed += 1;
        }
        flushed
    }

    /// How many flushes failed since this was asked last.
    pub(crate) fn take_flushes_failed(&mut self) -> u64 {
        std::mem::take(&mut self.flushes_failed)
    }

    /// Ends the segment when it is large or old enough, and sees to it that there is one. To be called when nothing waits.
    pub(crate) fn maintain(&mut self, now: i64) -> Result<(), AuditError> {
        let due = self.open.as_ref().is_none_or(|open| {
            open.closed
                || open.length >= self.options.segment_bytes
                || now.saturating_sub(open.begun) >= self.options.segment_millis
        });
        if due {
            self.end_segment(now)?;
            self.begin(now)?;
            self.commit()?;
            self.flush()?;
        }
        Ok(())
    }

    fn end_segment(&mut self, now: i64) -> Result<(), AuditError> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let (first, closed) = (open.first, open.closed);
        if !closed {
            let records = self.next.saturating_sub(first).saturating_add(1);
            self.add(SegmentClosed::KIND, &SegmentClosed { time: now, records })?;
            if let Some(open) = &mut self.open {
                open.closed = true;
            }
        }
        self.commit()?;
        self.flush()?;
        let path = self.path(first);
        if let Some(open) = self.open.take() {
            let index = match open.earlier.map(Earlier::builder) {
                None => Some(open.builder.finish(open.length, &self.chain)),
                Some(Some(mut builder)) => {
                    builder.join(open.builder);
                    Some(builder.finish(open.length, &self.chain))
                }
                // It could not be read aside.
                Some(None) => index::build(&path).ok().flatten(),
            };
            self.closed.push(Closed {
                first,
                bytes: open.length,
                ended: now,
            });
            // Without it queries are slower; it can be made again at any time.
            let _ = index.map(|index| self.write_index(&index::path(&path), &index));
        }
        Ok(())
    }

    fn write_index(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = self.disk.create(path)?;
        file.write_at(0, bytes)?;
        file.flush()
    }

    fn begin(&mut self, now: i64) -> Result<(), AuditError> {
        let first = self.next;
        let path = self.path(first);
        let file = Arc::from(self.disk.create(&path).map_err(at(&path))?);
        self.open = Some(Open {
            first,
            begun: now,
            file,
            length: 0,
            builder: Builder::default(),
            earlier: None,
            closed: false,
        });
        let from = self.chain.to_string();
        let trail = self.trail.clone();
        self.add(
            SegmentBegun::KIND,
            &SegmentBegun {
                time: now,
                version: VERSION,
                trail,
                from,
            },
        )
    }

    /// Removes what is kept no longer: says first what will be gone, and removes it when that is durable.
    pub(crate) fn retain(&mut self, now: i64) -> Result<(), AuditError> {
        let open_bytes = self.open.as_ref().map_or(0, |open| open.length);
        let mut total: u64 = self
            .closed
            .iter()
            .map(|closed| closed.bytes)
            .sum::<u64>()
            .saturating_add(open_bytes);
        let (mut count, mut bytes) = (0, 0_u64);
        for closed in &self.closed {
            let is_old = now.saturating_sub(closed.ended) > self.options.keep_millis;
            if !is_old && total <= self.options.keep_bytes {
                break;
            }
            total = total.saturating_sub(closed.bytes);
            bytes = bytes.saturating_add(closed.bytes);
            count += 1;
        }
        if count > 0 {
            self.tell_removal(count, bytes, now)?;
        }
        while let Some(first) = self.doomed.first().copied() {
            let path = self.path(first);
            self.disk.remove(&index::path(&path)).map_err(at(&path))?;
            self.disk.remove(&path).map_err(at(&path))?;
            self.doomed.remove(0);
        }
        Ok(())
    }

    fn tell_removal(&mut self, count: usize, bytes: u64, now: i64) -> Result<(), AuditError> {
        let kept = self.closed.get(count).map(|closed| closed.first);
        let before = kept
            .or(self.open.as_ref().map(|open| open.first))
            .unwrap_or(self.next);
        let path = self.path(before);
        let begun = segment::beginning(&path).map_err(at(&path))?;
        let from = begun.map(|begun| begun.from).unwrap_or_default();
        let segments = count as u64;
        self.add(
            Anchor::KIND,
            &Anchor {
                time: now,
                before,
                from,
                segments,
                bytes,
            },
        )?;
        self.doomed
            .extend(self.closed.drain(..count).map(|closed| closed.first));
        self.commit()?;
        self.flush()
    }

    /// Ends in good order.
    pub(crate) fn stop(&mut self, now: i64) -> Result<(), AuditError> {
        self.commit()?;
        self.add(Stopped::KIND, &Stopped { time: now })?;
        self.commit()?;
        self.flush()
    }
}

/// How the trail ended before.
#[derive(Default)]
struct End {
    clean: bool,
    torn: u64,
    abandoned: Option<(u64, u64)>,
}

/// What is sound in the last segment.
#[derive(Default)]
struct Found {
    begun: Option<SegmentBegun>,
    chain: Chain,
    next: u64,
    length: u64,
    torn: u64,
    last_kind: String,
}

impl Found {
    fn read(path: &Path, first: u64) -> io::Result<Self> {
        let mut lines = Lines::open(path)?;
        let mut found = Self {
            next: first,
            ..Self::default()
        };
        loop {
            let read = lines.read()?.map(|bytes| found.take(bytes, first));
            match read {
                Ok(Some(())) => found.length = lines.end(),
                Err(Unread::Torn) => {
                    found.torn = lines.end() - lines.start();
                    return Ok(found);
                }
                Ok(None) | Err(Unread::End | Unread::TooLong) => return Ok(found),
            }
        }
    }

    /// Takes a line that fits; its request, if it is one.
    fn take(&mut self, bytes: &[u8], first: u64) -> Option<()> {
        let line = Line::parse(bytes)?;
        if line.sequence != self.next {
            return None;
        }
        if line.sequence == first {
            let begun: SegmentBegun = segment::fields(bytes)?;
            self.chain = Chain::parse(&begun.from)?;
            self.begun = Some(begun);
        }
        if !line.follows(&self.chain) {
            return None;
        }
        self.chain = line.chain;
        self.next += 1;
        line.kind.clone_into(&mut self.last_kind);
        Some(())
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// One process writes a trail. The lock ends with the process.
fn lock(directory: &Path) -> Result<File, AuditError> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = directory.join("lock");
    let mut options = File::options();
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AuditError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(at(&path)(error)),
    }
}
