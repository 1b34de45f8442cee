//! What the trail needs of a file system, as a seam: a test's disk can be full, or fail to flush.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Mode of every file of the trail.
const PRIVATE: u32 = 0o600;

/// A disk that segments are written to.
pub trait Disk: Send {
    /// Makes a new file, readable by its owner only, whose name is durable when this returns.
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;

    /// Opens a file that is there, to append to its first `length` bytes; what is behind them is gone after this.
    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn SegmentFile>>;

    /// Removes a file; one that is not there is removed already.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// An open segment. It may be written while it is flushed.
pub trait SegmentFile: Send + Sync {
    /// Writes all bytes after `length`, wherever an earlier attempt that failed has ended. It fails as a whole.
    fn write_at(&self, length: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written before this call durable.
    fn flush(&self) -> io::Result<()>;
}

/// The disk of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(PRIVATE)
            .open(path)?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(Box::new(Segment(file)))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn SegmentFile>> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        Ok(Box::new(Segment(file)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

struct Segment(File);

impl SegmentFile for Segment {
    fn write_at(&self, length: u64, bytes: &[u8]) -> io::Result<()> {
        let written = self.0.write_all_at(bytes, length);
        if written.is_err() {
            // Half a line is taken back at once where that is possible; the next attempt overwrites it anyway.
            let _ = self.0.set_len(length);
        }
        written
    }

    fn flush(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
