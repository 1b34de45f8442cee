//! The guard against a full disk.
//!
//! redb has had trouble reopening a file after a write met a full disk, so a batch is refused while there is
//! still room. Half of the reserve is left to batches that make room, or a full store could not be emptied.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Batch, CommitError, KvError, Write};

/// The space that must stay free on one file system.
pub(super) struct Floor {
    directory: PathBuf,
    floor_bytes: u64,
}

/// What one group of batches may still use.
pub(super) struct Allowance {
    free_bytes: u64,
    floor_bytes: u64,
}

impl Floor {
    pub(super) fn new(directory: &Path, floor_bytes: u64) -> Self {
        Self {
            directory: directory.to_owned(),
            floor_bytes,
        }
    }

    /// Asks the file system, which costs a microsecond or two, so once for each group.
    pub(super) fn allowance(&self) -> Result<Allowance, KvError> {
        let status = rustix::fs::statvfs(&self.directory)
            .map_err(|error| KvError::Engine(Box::new(io::Error::from(error))))?;
        let free_bytes = status.f_bavail.saturating_mul(status.f_frsize);
        Ok(Allowance {
            free_bytes,
            floor_bytes: self.floor_bytes,
        })
    }
}

impl Allowance {
    /// Counts a batch in, or refuses it.
    pub(super) fn admit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let only_deletes = batch
            .writes
            .iter()
            .all(|write| matches!(write, Write::Delete { .. }));
        let floor_bytes = match batch.reclaiming || only_deletes {
            true => self.floor_bytes / 2,
            false => self.floor_bytes,
        };
        let left = self.free_bytes.checked_sub(batch.bytes() as u64);
        match left.filter(|left| *left >= floor_bytes) {
            Some(left) => self.free_bytes = left,
            None if batch.writes.is_empty() => {}
            None => {
                return Err(CommitError::Full {
                    free_bytes: self.free_bytes,
                    floor_bytes,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_holds_at_its_bound() {
        let check = |free_bytes, batch: &Batch, admitted: bool| {
            let mut allowance = Allowance {
                free_bytes,
                floor_bytes: 100,
            };
            assert_eq!(allowance.admit(batch).is_ok(), admitted, "{free_bytes} {batch:?}");
        };
        let put = Batch::new().put("k", "value");
        check(106, &put, true);
        check(105, &put, false);
        check(56, &put.clone().reclaiming(), true);
        check(55, &put.reclaiming(), false);
        check(54, &Batch::new().delete("four"), true);
        check(53, &Batch::new().delete("four"), false);
        check(0, &Batch::new().require_present("k"), true);
    }

    #[test]
    fn batches_of_a_group_add_up() {
        let mut allowance = Allowance {
            free_bytes: 110,
            floor_bytes: 100,
        };
        assert!(allowance.admit(&Batch::new().put("k", "value")).is_ok());
        let refused = allowance.admit(&Batch::new().put("k", "value")).unwrap_err();
        assert!(
            matches!(
                refused,
                CommitError::Full {
                    free_bytes: 104,
                    floor_bytes: 100
                }
            ),
            "{refused:?}"
        );
    }
}
