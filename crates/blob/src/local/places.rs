//! Where things are: names, directories, the lock, and making all of these durable.
//!
//! ```text
//! format               says `daypass-blobs 1`; whoever holds its lock owns the directory
//! unfinished/ID        blobs being written
//! blobs/XX/Y/ID        finished blobs; XX and Y are the first two and the third digit of the id
//! ```
//!
//! Ids are random, so the 4,096 directories fill evenly. They are made when they are first needed. Files with
//! other names are nobody's business here and are passed over.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::OpenError;
use super::health::Health;
use crate::BlobId;

const FORMAT: &str = "daypass-blobs 1\n";

pub(super) struct Places {
    root: PathBuf,
    health: Arc<Health>,
    // The directories known to be durable.
    made: Mutex<HashSet<Shard>>,
}

/// The two levels of a directory of blobs: a byte and the upper half of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Shard(u8, u8);

impl Shard {
    fn of(id: BlobId) -> Self {
        let [first, second, ..] = *id.as_bytes();
        Self(first, second >> 4)
    }

    fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).flat_map(|first| (0..16).map(move |second| Self(first, second)))
    }
}

impl Places {
    pub(super) fn new(root: &Path, health: Arc<Health>) -> Self {
        Self {
            root: root.to_owned(),
            health,
            made: Mutex::default(),
        }
    }

    /// Makes the directories that are always there.
    pub(super) fn prepare(&self) -> io::Result<()> {
        self.make_directory(&self.root)?;
        self.make_directory(&self.unfinished_directory())?;
        self.make_directory(&self.blobs_directory())
    }

    /// Takes the directory into possession until the returned file is dropped.
    pub(super) fn lock(&self) -> Result<File, OpenError> {
        let path = self.root.join("format");
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .mode(0o600)
            .clone();
        let mut file = options.open(path)?;
        if is_complete(&file)? {
            return Ok(file);
        }
        file.rewind()?;
        file.write_all(FORMAT.as_bytes())?;
        self.health.flush(&file)?;
        self.flush_directory(&self.root)?;
        Ok(file)
    }

    /// The same without making or completing anything.
    pub(super) fn lock_to_read(&self) -> Result<File, OpenError> {
        let file = File::open(self.root.join("format"))?;
        is_complete(&file)?;
        Ok(file)
    }

    /// Removes all unfinished blobs and tells how many there were. Only the owner of the lock may ask.
    pub(super) fn remove_unfinished(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(self.unfinished_directory())? {
            fs::remove_file(entry?.path())?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Where a blob is while it is written.
    pub(super) fn unfinished(&self, id: BlobId) -> PathBuf {
        self.unfinished_directory().join(id.to_string())
    }

    /// Where a finished blob is.
    pub(super) fn blob(&self, id: BlobId) -> PathBuf {
        self.shard_directory(Shard::of(id)).join(id.to_string())
    }

    /// Makes the directory of a finished blob, durably, unless that is known to be done.
    pub(super) fn make_directory_of(&self, id: BlobId) -> io::Result<()> {
        let shard = Shard::of(id);
        // A panic while the lock is held cannot leave the set half changed.
        if self
            .made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&shard)
        {
            return Ok(());
        }
        let directory = self.shard_directory(shard);
        if let Some(parent) = directory.parent() {
            self.make_directory(parent)?;
        }
        self.make_directory(&directory)?;
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(shard);
        Ok(())
    }

    /// Moves a finished file to its place. The directory must be there and is to be flushed next.
    pub(super) fn settle(&self, unfinished: &Path, id: BlobId) -> io::Result<()> {
        fs::rename(unfinished, self.blob(id))
    }

    /// Makes the coming and going of a blob's file durable.
    pub(super) fn flush_directory_of(&self, id: BlobId) -> io::Result<()> {
        self.flush_directory(&self.shard_directory(Shard::of(id)))
    }

    /// Removes a finished blob, durably. If it is not there, someone may have removed it a moment ago and not
    /// flushed yet, so the directory is flushed all the same.
    pub(super) fn remove(&self, id: BlobId) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.blob(id)))?;
        absent_is_fine(self.flush_directory_of(id))
    }

    /// The first finished blobs after one, in order.
    pub(super) fn list(&self, after: Option<BlobId>, limit: usize) -> io::Result<Vec<BlobId>> {
        let mut listed = Vec::new();
        for shard in Shard::all().filter(|shard| after.is_none_or(|after| *shard >= Shard::of(after))) {
            if listed.len() >= limit {
                break;
            }
            let mut ids = self.ids_in(shard)?;
            ids.retain(|id| after.is_none_or(|after| *id > after));
            ids.sort_unstable();
            listed.extend(ids);
        }
        listed.truncate(limit);
        Ok(listed)
    }

    fn ids_in(&self, shard: Shard) -> io::Result<Vec<BlobId>> {
        let entries = match fs::read_dir(self.shard_directory(shard)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let id_of = |name: std::ffi::OsString| name.to_str().and_then(|name| name.parse::<BlobId>().ok());
        // A blob in another's place cannot be read, so it is not there.
        let id_here = |name| id_of(name).filter(|id| Shard::of(*id) == shard);
        let ids = entries.map(|entry| entry.map(|entry| id_here(entry.file_name())));
        ids.filter_map(Result::transpose).collect()
    }

    /// Makes a directory for its owner only. Its name is durable afterwards, also if it was there already,
    /// since whoever made it may not have come so far.
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        self.flush_directory(parent.unwrap_or_else(|| Path::new(".")))
    }

    fn flush_directory(&self, path: &Path) -> io::Result<()> {
        self.health.flush(&File::open(path)?)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn unfinished_directory(&self) -> PathBuf {
        self.root.join("unfinished")
    }

    pub(super) fn blobs_directory(&self) -> PathBuf {
        self.root.join("blobs")
    }

    fn shard_directory(&self, Shard(first, second): Shard) -> PathBuf {
        self.blobs_directory()
            .join(format!("{first:02x}"))
            .join(format!("{second:x}"))
    }
}

/// Takes the lock on the format file and reads it. False if it holds a beginning of its text, which was left by a
/// crash while the directory was made.
fn is_complete(file: &File) -> Result<bool, OpenError> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let mut found = Vec::new();
    file.take(64).read_to_end(&mut found)?;
    if found == FORMAT.as_bytes() {
        return Ok(true);
    }
    if !FORMAT.as_bytes().starts_with(&found) {
        return Err(OpenError::UnknownFormat {
            found: String::from_utf8_lossy(&found).trim_end().to_owned(),
        });
    }
    Ok(false)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
