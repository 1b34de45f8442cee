//! The read transaction that snapshots share until something is committed.
//!
//! Beginning one costs a lock of redb and a walk to the table, for every request anew; between two commits they all see
//! the same. It is let go of after each commit and before that commit is answered, so a snapshot that is taken later
//! sees the commit, and nothing old is pinned by a server that nobody asks anything.

use std::sync::{Arc, Mutex, PoisonError};

use ::redb::{Database, ReadableDatabase};

use super::snapshot::Table;
use super::{PAIRS, fence};
use crate::KvError;

/// The shared transaction; none when nobody read since the last commit.
#[derive(Default)]
pub(super) struct Current(Mutex<Option<Arc<Table>>>);

impl Current {
    /// The table as it is now. The lock is held while a transaction begins: one that began before a commit must not
    /// be put here after that commit was forgotten about.
    pub(super) fn table(&self, database: &Database) -> Result<Arc<Table>, KvError> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = &*current {
            return Ok(Arc::clone(table));
        }
        // Done on the spot: it takes a lock for a moment and looks at pages that are always cached.
        let table = fence::read(|| Ok(database.begin_read()?.open_table(PAIRS)?))?;
        Ok(Arc::clone(current.insert(Arc::new(table))))
    }

    /// Lets go of what was shared so far; whoever still reads from it keeps it.
    pub(super) fn forget(&self) {
        let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(shared);
    }
}
