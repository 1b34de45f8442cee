//! A file that is read, with everything that is written to it kept in memory and forgotten at the end.
//!
//! redb repairs a file on opening it after a crash, and commits to it when it verifies all of its checksums. Over
//! this backend it may do both without a byte of the file changing. What it writes is little: the header and the
//! pages that say which pages are free.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::redb::backends::FileBackend;
use ::redb::{BackendError, DatabaseError, StorageBackend};

/// The unit in which changes are kept.
const PAGE_BYTES: usize = 4096;

type Page = Box<[u8; PAGE_BYTES]>;

/// The file, and what was written over it.
#[derive(Debug)]
pub(super) struct Overlay {
    file: File,
    /// Takes and releases the locks that an engine which writes takes; never asked for anything else.
    locks: FileBackend,
    changes: Mutex<Changes>,
}

/// INVARIANT: bytes of the file at and after `kept` are never shown; they read as zero unless written since.
struct Changes {
    length: u64,
    kept: u64,
    pages: BTreeMap<u64, Page>,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "Changes({} of {} bytes)",
            self.pages.len(),
            self.length
        )
    }
}

impl Overlay {
    /// Over an open file; the locks need it to be open for writing.
    pub(super) fn new(file: File) -> Result<Self, DatabaseError> {
        let length = file.metadata()?.len();
        Ok(Self {
            locks: FileBackend::new(file.try_clone()?)?,
            file,
            changes: Mutex::new(Changes {
                length,
                kept: length,
                pages: BTreeMap::new(),
            }),
        })
    }

    /// A panic while the lock is held cannot leave a page half changed that anybody reads: redb is fenced.
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from the file; what lies beyond what is kept of it is zero.
    fn read_file(&self, offset: u64, out: &mut [u8], kept: u64) -> io::Result<()> {
        let there = kept.saturating_sub(offset).min(out.len() as u64);
        let (from_file, beyond) = out
            .split_at_mut_checked(usize::try_from(there).unwrap_or(usize::MAX))
            .ok_or(ErrorKind::InvalidInput)?;
        beyond.fill(0);
        self.file.read_exact_at(from_file, offset)
    }
}

/// The pages that a stretch touches: of each its number, and the parts of the page and of the stretch that meet.
fn touched(
    offset: u64,
    length: usize,
) -> impl Iterator<Item = (u64, std::ops::Range<usize>, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= length {
            return None;
        }
        let position = offset.saturating_add(done as u64);
        let within = (position % PAGE_BYTES as u64) as usize;
        let count = (PAGE_BYTES - within).min(length - done);
        let step = (
            position / PAGE_BYTES as u64,
            within..within + count,
            done..done + count,
        );
        done += count;
        Some(step)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        let end = offset.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > changes.length) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.read_file(offset, out, changes.kept)?;
        for (number, within, place) in touched(offset, out.len()) {
            let page = changes.pages.get(&number).and_then(|page| page.get(within));
            if let (Some(page), Some(out)) = (page, out.get_mut(place)) {
                out.copy_from_slice(page);
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut changes = self.changes();
        changes.kept = changes.kept.min(length);
        changes.length = length;
        let first_gone = length.div_ceil(PAGE_BYTES as u64);
        drop(changes.pages.split_off(&first_gone));
        let within = (length % PAGE_BYTES as u64) as usize;
        if let Some(tail) = changes
            .pages
            .get_mut(&(length / PAGE_BYTES as u64))
            .and_then(|page| page.get_mut(within..))
        {
            tail.fill(0);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        let kept = changes.kept;
        for (number, within, place) in touched(offset, data.len()) {
            if let std::collections::btree_map::Entry::Vacant(vacant) = changes.pages.entry(number) {
                let mut page = Box::new([0; PAGE_BYTES]);
                self.read_file(number * PAGE_BYTES as u64, &mut page[..], kept)?;
                vacant.insert(page);
            }
            let page = changes
                .pages
                .get_mut(&number)
                .and_then(|page| page.get_mut(within));
            if let (Some(page), Some(data)) = (page, data.get(place)) {
                page.copy_from_slice(data);
            }
        }
        changes.length = changes.length.max(offset.saturating_add(data.len() as u64));
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.locks.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.locks.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.locks.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.locks.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.locks.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.locks.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.locks.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Action {
        Write(u64, Vec<u8>),
        Cut(u64),
    }

    fn action() -> impl Strategy<Value = Action> {
        let bytes = (1..9000_usize, 1..=255_u8).prop_map(|(length, byte)| vec![byte; length]);
        prop_oneof![
            (0..20_000_u64, bytes).prop_map(|(offset, data)| Action::Write(offset, data)),
            (0..20_000_u64).prop_map(Action::Cut),
        ]
    }

    proptest! {
        #[test]
        fn it_reads_as_a_file_would_and_the_file_stays(
            original in proptest::collection::vec(any::<u8>(), 0..15_000),
            actions in proptest::collection::vec(action(), 0..8),
        ) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &original).unwrap();
            let overlay = Overlay::new(file.reopen().unwrap()).unwrap();
            let mut expected = original.clone();
            for action in actions {
                match action {
                    Action::Write(offset, data) => {
                        overlay.write(offset, &data).unwrap();
                        let end = offset as usize + data.len();
                        expected.resize(expected.len().max(end), 0);
                        expected[offset as usize..end].copy_from_slice(&data);
                    }
                    Action::Cut(length) => {
                        overlay.set_len(length).unwrap();
                        expected.resize(length as usize, 0);
                    }
                }
                prop_assert_eq!(overlay.len().unwrap(), expected.len() as u64);
                let mut found = vec![1; expected.len()];
                overlay.read(0, &mut found).unwrap();
                prop_assert!(found == expected);
            }
            prop_assert!(overlay.read(expected.len() as u64, &mut [0]).is_err());
            prop_assert_eq!(std::fs::read(file.path()).unwrap(), original);
        }
    }
}
