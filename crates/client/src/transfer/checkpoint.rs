//! What a transfer has done so far, kept in a file, so that one that was ended goes on instead of beginning again.
//!
//! A checkpoint is a file of JSON lines: the first says which transfer it is of, each further one what is done. Lines are
//! only appended, and the last one may be torn: what it says is done again. Nothing in it is believed without looking: the
//! server is asked which parts it has, and what was written to a file is read again. Whoever works with a checkpoint
//! holds a lock on it; a second one does the whole work by itself.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use md5::{Digest, Md5};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest checkpoint that is read, in bytes: ten thousand parts take less.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A folder for checkpoints. What they say is no secret, but is nobody else's business either.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints(PathBuf);

/// One checkpoint, which nobody else works with meanwhile.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
    /// Lines come from several parts at once.
    file: Mutex<File>,
}

impl Checkpoints {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The checkpoint of the transfer of this name; none when somebody else works with it.
    pub(super) fn open(&self, name: &str) -> io::Result<Option<Checkpoint>> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)?;
        let path = self.0.join(format!("{}.jsonl", short(name)));
        let file = File::options()
            .create(true)
            .read(true)
            .append(true)
            .mode(0o600)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Checkpoint {
                path,
                file: Mutex::new(file),
            })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// A name of letters and digits for a name of anything.
pub(super) fn short(name: &str) -> String {
    Md5::digest(name)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Checkpoint {
    /// Which transfer it is of, and what is done of it; nothing where it is new or says what is not understood.
    pub(super) fn read<H: DeserializeOwned, L: DeserializeOwned>(&self) -> io::Result<Option<(H, Vec<L>)>> {
        let mut text = String::new();
        let mut file = self.file();
        file.seek(SeekFrom::Start(0))?;
        let read = Read::by_ref(&mut *file).take(MAX_BYTES).read_to_string(&mut text);
        if read.is_err() {
            return Ok(None);
        }
        let mut lines = text.lines();
        let header = lines.next().and_then(|line| serde_json::from_str(line).ok());
        let done = lines.map_while(|line| serde_json::from_str(line).ok());
        Ok(header.map(|header| (header, done.collect())))
    }

    /// Begins anew.
    pub(super) fn begin(&self, header: &impl Serialize) -> io::Result<()> {
        self.file().set_len(0)?;
        self.add(header)
    }

    /// Adds that something is done.
    pub(super) fn add(&self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file().write_all(&text)
    }

    /// Ends it: the transfer is done, or is not to go on.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    fn file(&self) -> std::sync::MutexGuard<'_, File> {
        self.file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_read_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(&folder.path().join("a/b"));
        let checkpoint = checkpoints.open("x").unwrap().unwrap();
        assert_eq!(checkpoint.read::<String, u32>().unwrap(), None);
        checkpoint.begin(&"old").unwrap();
        checkpoint.begin(&"new").unwrap();
        for line in [1, 2] {
            checkpoint.add(&line).unwrap();
        }
        assert!(checkpoints.open("x").unwrap().is_none(), "somebody works with it");
        assert!(checkpoints.open("y").unwrap().is_some());
        let expected = Some(("new".to_owned(), vec![1, 2]));
        assert_eq!(checkpoint.read().unwrap(), expected);
        let path = checkpoint.path.clone();
        drop(checkpoint);
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"\"3")
            .unwrap();
        let checkpoint = checkpoints.open("x").unwrap().unwrap();
        assert_eq!(checkpoint.read().unwrap(), expected);
        checkpoint.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn nonsense_is_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path());
        let path = folder.path().join(format!("{}.jsonl", short("x")));
        for nonsense in [&b"\xff\xfe"[..], b"{}", b"", b"{\"a\":"] {
            fs::write(&path, nonsense).unwrap();
            let checkpoint = checkpoints.open("x").unwrap().unwrap();
            assert_eq!(checkpoint.read::<String, u32>().unwrap(), None);
        }
    }
}
