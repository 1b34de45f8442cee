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

/// The shared transaction.
#[derive(Default)]
pub(super) struct Current(Mutex<Shared>);

#[derive(Default)]
struct Shared {
    /// None when nobody read since the last commit.
    table: Option<Arc<Table>>,
    /// How many were begun so far: the stamp of the last one.
    begun: u64,
}

impl Current {
    /// The table as it is now, with the stamp that only those have who share it. The lock is held while a transaction
    /// begins: one that began before a commit must not be put here after that commit was forgotten about.
    pub(super) fn table(&self, database: &Database) -> Result<(Arc<Table>, u64), KvError> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = &shared.table {
            return Ok((Arc::clone(table), shared.begun));
        }
        // Done on the spot: it takes a lock for a moment and looks at pages that are always cached.
        let table = fence::read(|| Ok(database.begin_read()?.open_table(PAIRS)?))?;
        shared.begun += 1;
        Ok((Arc::clone(shared.table.insert(Arc::new(table))), shared.begun))
    }

    /// Lets go of what was shared so far; whoever still reads from it keeps it.
    pub(super) fn forget(&self) {
        let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner).table.take();
        drop(shared);
    }
}
