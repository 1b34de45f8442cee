//! Looking into a file that is not in use, without changing it: for checking a store as a whole.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;

use ::redb::{Builder, Database, ReadableDatabase};

use super::fence::{self, fenced};
use super::overlay::Overlay;
use super::snapshot::RedbSnapshot;
use super::{OpenError, PAIRS, create_table};
use crate::{KvError, Snapshot};

/// A key-value file that is only read.
///
/// It takes the lock that [`super::RedbKv`] takes, so that neither sees the other. A file that was left by a crash
/// is repaired in memory. The file must be writable, since the lock needs that, but nothing is written to it.
pub struct RedbInspection {
    database: Database,
}

impl RedbInspection {
    /// Opens a file that is there.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self, OpenError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(OpenError::Io)?;
        let open = move || -> Result<Database, OpenError> {
            let database = Builder::new()
                .set_cache_size(cache_bytes)
                .create_with_backend(Overlay::new(file)?)?;
            // A crash may have come before the table was made.
            create_table(&database).map_err(|error| OpenError::Unreadable {
                detail: error.to_string(),
            })?;
            Ok(database)
        };
        let database = fenced(open).unwrap_or_else(|detail| Err(OpenError::Unreadable { detail }))?;
        Ok(Self { database })
    }

    /// Verifies the checksum of every page. False if some did not match and an earlier state was found in the
    /// file, which is what snapshots show from then on.
    pub fn verify(&mut self) -> Result<bool, OpenError> {
        fenced(|| self.database.check_integrity())
            .map_err(|detail| OpenError::Unreadable { detail })?
            .map_err(OpenError::from)
    }

    /// Everything that the file holds.
    pub fn snapshot(&self) -> Result<Box<dyn Snapshot>, KvError> {
        let table = fence::read(|| Ok(self.database.begin_read()?.open_table(PAIRS)?))?;
        // Nobody writes meanwhile: one stamp does.
        Ok(Box::new(RedbSnapshot::new((Arc::new(table), 0))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RedbKv, RedbOptions};
    use super::*;
    use crate::{Batch, Kv};

    const OPTIONS: RedbOptions = RedbOptions {
        cache_bytes: 1024 * 1024,
        floor_bytes: 0,
    };

    async fn filled(path: &Path) -> RedbKv {
        let kv = RedbKv::open(path, OPTIONS).await.unwrap();
        for number in 0..200_u32 {
            let batch = Batch::new().put(number.to_be_bytes().to_vec(), vec![7; 1000]);
            kv.commit(batch).await.unwrap();
        }
        kv
    }

    async fn value(path: &Path) -> Option<usize> {
        let mut inspection = RedbInspection::open(path, 1024 * 1024).unwrap();
        assert!(inspection.verify().unwrap());
        let snapshot = inspection.snapshot().unwrap();
        let value = snapshot.get(&199_u32.to_be_bytes()).await.unwrap();
        value.map(|value| value.len())
    }

    #[tokio::test]
    async fn a_file_is_read_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kv");
        let kv = filled(&path).await;
        assert!(matches!(RedbInspection::open(&path, 4096), Err(OpenError::InUse)));
        // What a crash leaves: the file as it is while the engine has it open.
        let crashed = folder.path().join("crashed");
        std::fs::copy(&path, &crashed).unwrap();
        kv.close().await.unwrap();
        for path in [&path, &crashed] {
            let before = std::fs::read(path).unwrap();
            assert_eq!(value(path).await, Some(1000));
            assert!(std::fs::read(path).unwrap() == before, "{}", path.display());
        }
    }

    #[tokio::test]
    async fn while_it_is_looked_at_nobody_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kv");
        filled(&path).await.close().await.unwrap();
        let inspection = RedbInspection::open(&path, 4096).unwrap();
        assert!(matches!(
            RedbKv::open(&path, OPTIONS).await,
            Err(OpenError::InUse)
        ));
        drop(inspection);
        RedbKv::open(&path, OPTIONS).await.unwrap();
    }

    #[tokio::test]
    async fn every_flipped_bit_in_a_page_in_use_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kv");
        filled(&path).await.close().await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        // Values fill most of the pages in use, and their bytes are all sevens.
        let runs = whole
            .windows(64)
            .enumerate()
            .filter(|(_, window)| *window == [7; 64]);
        let mut found = 0;
        for (position, _) in runs.step_by(5000) {
            let mut damaged = whole.clone();
            damaged[position + 32] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            let verified = RedbInspection::open(&path, 1024 * 1024)
                .and_then(|mut inspection| inspection.verify())
                .unwrap_or(false);
            found += usize::from(!verified);
        }
        assert!(found > 20, "{found}");
    }

    #[tokio::test]
    async fn what_is_no_such_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kv");
        assert!(matches!(RedbInspection::open(&path, 4096), Err(OpenError::Io(_))));
        std::fs::write(&path, [9; 10_000]).unwrap();
        assert!(matches!(
            RedbInspection::open(&path, 4096),
            Err(OpenError::Unreadable { .. })
        ));
        filled(&folder.path().join("other")).await.close().await.unwrap();
        let whole = std::fs::read(folder.path().join("other")).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let opened = RedbInspection::open(&path, 4096).and_then(|mut inspection| inspection.verify());
        assert!(!opened.unwrap_or(false));
    }
}
