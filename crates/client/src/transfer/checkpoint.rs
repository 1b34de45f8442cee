//! What a transfer has done so far, kept in a file, so that one that was ended goes on instead of beginning again.
//!
//! A checkpoint is a file of JSON lines: the first says which transfer it is of, each further one what is done. Lines are
//! only appended, and the last one may be torn: what it says is done again. Nothing in it is believed without looking: the
//! server is asked which parts it has, and what was written to a file is read again. Whoever works with a checkpoint
//! holds a lock on it; a second one does the whole work by itself.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use daypass_api::Timestamp;
use md5::{Digest, Md5};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::given_up::is_older;

/// Largest checkpoint that is read, in bytes: ten thousand parts take less.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A folder for checkpoints. What they say is no secret, but is nobody else's business either.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    folder: PathBuf,
    /// Whether it was looked through for old ones; once is enough for all clones.
    searched: Arc<AtomicBool>,
}

/// One checkpoint, which nobody else works with meanwhile.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
    /// Lines come from several parts at once.
    file: Mutex<File>,
}

impl Checkpoints {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            searched: Arc::default(),
        }
    }

    /// The checkpoint of the transfer of this name; none when somebody else works with it.
    pub(super) fn open(&self, name: &str) -> io::Result<Option<Checkpoint>> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let path = self.folder.join(format!("{}.jsonl", short(name)));
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

    /// Those that were last written before this moment and that nobody works with; none when it was asked before.
    pub(super) fn older_than(&self, before: Timestamp) -> impl Iterator<Item = Checkpoint> + Send {
        let was_searched = self.searched.swap(true, Ordering::Relaxed);
        let folder = (!was_searched).then(|| fs::read_dir(&self.folder).ok()).flatten();
        let entries = folder.into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(move |entry| Checkpoint::if_older(entry.path(), before))
    }
}

/// Whether a file in the folder has the name of a checkpoint.
fn is_name_of_one(path: &Path) -> bool {
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let is_short = stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_short && path.extension().is_some_and(|extension| extension == "jsonl")
}

/// A name of letters and digits for a name of anything.
pub(super) fn short(name: &str) -> String {
    Md5::digest(name)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Checkpoint {
    /// The checkpoint in this file, if it is one, was last written before this moment, and nobody works with it.
    fn if_older(path: PathBuf, before: Timestamp) -> Option<Self> {
        if !is_name_of_one(&path) || !is_older(&path, before) {
            return None;
        }
        let file = File::options().read(true).append(true).open(&path).ok()?;
        file.try_lock().ok()?;
        // Somebody may have finished with it, or have begun anew, before it was held.
        let is_still_it =
            is_older(&path, before) && fs::metadata(&path).ok()?.ino() == file.metadata().ok()?.ino();
        is_still_it.then(|| Self {
            path,
            file: Mutex::new(file),
        })
    }

    /// Whether it is that of the transfer of this name.
    pub(super) fn is_of(&self, name: &str) -> bool {
        self.path.file_stem().is_some_and(|stem| *stem == *short(name))
    }

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
    fn old_ones_that_nobody_works_with_are_found_once() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = || Checkpoints::new(folder.path());
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "{}").unwrap();
            path
        };
        let name = |of: &str| format!("{}.jsonl", short(of));
        let (old, held) = (write(&name("old")), checkpoints().open("held").unwrap());
        write("notes.jsonl");
        write(&short("no extension"));
        let at = |seconds: i64| {
            let time = fs::metadata(&old).unwrap().modified().unwrap();
            let since = time.duration_since(std::time::UNIX_EPOCH).unwrap();
            Timestamp::from_unix_millis(since.as_millis() as i64 + seconds * 1000)
        };
        assert_eq!(checkpoints().older_than(at(-60)).count(), 0, "none is that old");
        let checkpoints = checkpoints();
        let found: Vec<_> = checkpoints.older_than(at(60)).collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].is_of("old") && !found[0].is_of("held"));
        drop((found, held));
        assert_eq!(
            checkpoints.clone().older_than(at(60)).count(),
            0,
            "once is enough"
        );
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
