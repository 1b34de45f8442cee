//! What is particular to the engine on disk: reopening, locking, grouping, a full disk, a damaged file.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ::redb::StorageBackend;
use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::conformance;

const OPTIONS: RedbOptions = RedbOptions {
    cache_bytes: 4 * 1024 * 1024,
    floor_bytes: 0,
};

async fn open(directory: &TempDir) -> Result<RedbKv, OpenError> {
    RedbKv::open(directory.path().join("kv"), OPTIONS).await
}

async fn value(kv: &RedbKv, key: &str) -> Option<Bytes> {
    kv.snapshot().await.unwrap().get(key.as_bytes()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let directory = tempfile::tempdir().unwrap();
    let number = AtomicUsize::new(0);
    conformance::run(async || {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let path = directory.path().join(number.to_string());
        Arc::new(RedbKv::open(path, OPTIONS).await.unwrap()) as Arc<dyn Kv>
    })
    .await;
}

#[tokio::test]
async fn committed_batches_survive_dropping_and_closing() {
    let directory = tempfile::tempdir().unwrap();
    let kv = open(&directory).await.unwrap();
    kv.commit(Batch::new().put("a", "1").put("b", "2")).await.unwrap();
    drop(kv);
    let kv = open(&directory).await.unwrap();
    kv.commit(Batch::new().require_equals("a", "1").delete("b"))
        .await
        .unwrap();
    kv.close().await.unwrap();
    // Closed, not dropped: the file is free again all the same.
    let again = open(&directory).await.unwrap();
    assert_eq!(
        (value(&again, "a").await, value(&again, "b").await),
        (Some(Bytes::from("1")), None)
    );
}

#[tokio::test]
async fn a_file_in_use_is_not_opened_twice() {
    let directory = tempfile::tempdir().unwrap();
    let kv = open(&directory).await.unwrap();
    let error = open(&directory).await.err().unwrap();
    assert!(matches!(error, OpenError::InUse), "{error:?}");
    assert_eq!(error.to_string(), "the key-value file is already in use");
    kv.commit(Batch::new().put("a", "1")).await.unwrap();
    drop(kv);
    open(&directory).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_something_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kv");
    std::fs::write(&path, [b'x'; 10_000]).unwrap();
    let error = open(&directory).await.err().unwrap();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error:?}");
    assert_eq!(std::fs::read(&path).unwrap(), [b'x'; 10_000]);
}

#[tokio::test]
async fn a_missing_directory_is_an_error() {
    let error = RedbKv::open("does/not/exist", OPTIONS).await.err().unwrap();
    assert!(matches!(error, OpenError::Io(_)), "{error:?}");
}

#[tokio::test]
async fn the_file_is_for_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let _kv = open(&directory).await.unwrap();
    let mode = std::fs::metadata(directory.path().join("kv"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_snapshot_that_outlives_the_engine_fails_and_keeps_no_lock() {
    let directory = tempfile::tempdir().unwrap();
    let kv = open(&directory).await.unwrap();
    kv.commit(Batch::new().put("a", "1")).await.unwrap();
    let snapshot = kv.snapshot().await.unwrap();
    drop(kv);
    // The pages it has seen may still answer; what it must not do is panic or block the file.
    let _ = snapshot.get(b"a").await;
    open(&directory).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_all_but_reclaiming_batches() {
    let directory = tempfile::tempdir().unwrap();
    let free = free_bytes(directory.path());
    let options = RedbOptions {
        floor_bytes: free / 2 * 3,
        ..OPTIONS
    };
    let kv = RedbKv::open(directory.path().join("kv"), options).await.unwrap();
    let put = || Batch::new().put("a", "1");
    let refused = kv.commit(put()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Full { .. }), "{refused:?}");
    assert_eq!(value(&kv, "a").await, None);
    kv.commit(put().reclaiming()).await.unwrap();
    kv.commit(Batch::new().delete("a")).await.unwrap();
    assert_eq!(value(&kv, "a").await, None);
}

fn free_bytes(path: &Path) -> u64 {
    let status = rustix::fs::statvfs(path).unwrap();
    status.f_bavail * status.f_frsize
}

/// Judged by the writer as one group, in the order of queueing.
#[tokio::test]
async fn a_conflict_does_not_hurt_its_neighbours() {
    let directory = tempfile::tempdir().unwrap();
    let kv = open(&directory).await.unwrap();
    let once = || Batch::new().require_absent("once").put("once", "1");
    let (first, second, third, fourth) = tokio::join!(
        kv.commit(Batch::new().put("a", "1")),
        kv.commit(once()),
        kv.commit(once().put("lost", "1")),
        kv.commit(Batch::new().require_present("once").put("b", "1")),
    );
    first.unwrap();
    second.unwrap();
    assert!(
        matches!(third, Err(CommitError::Conflict { precondition: 0 })),
        "{third:?}"
    );
    fourth.unwrap();
    let found = (
        value(&kv, "a").await,
        value(&kv, "b").await,
        value(&kv, "lost").await,
    );
    assert_eq!(found, (Some(Bytes::from("1")), Some(Bytes::from("1")), None));
}

/// The failure is simulated where the writer would note it.
#[tokio::test]
async fn a_poisoned_engine_refuses_to_write_and_still_reads() {
    let directory = tempfile::tempdir().unwrap();
    let kv = open(&directory).await.unwrap();
    kv.commit(Batch::new().put("a", "1")).await.unwrap();
    kv.health.poison();
    let refused = kv.commit(Batch::new().put("a", "2")).await.unwrap_err();
    assert!(
        matches!(refused, CommitError::NotApplied(KvError::Poisoned)),
        "{refused:?}"
    );
    assert_eq!(value(&kv, "a").await, Some(Bytes::from("1")));
}

#[tokio::test]
async fn a_failed_flush_poisons_the_engine() {
    let disk = Disk::default();
    let directory = tempfile::tempdir().unwrap();
    let kv = open_on(&disk, &directory);
    kv.commit(Batch::new().put("a", "1")).await.unwrap();
    disk.fails.store(true, Ordering::Relaxed);
    let failed = kv.commit(Batch::new().put("a", "2")).await.unwrap_err();
    assert!(
        matches!(failed, CommitError::Unknown(KvError::Engine(_))),
        "{failed:?}"
    );
    disk.fails.store(false, Ordering::Relaxed);
    let refused = kv.commit(Batch::new().put("a", "3")).await.unwrap_err();
    assert!(
        matches!(refused, CommitError::NotApplied(KvError::Poisoned)),
        "{refused:?}"
    );
    drop(kv);
    let after_crash = open_on(&disk.after_power_loss(), &directory);
    assert_eq!(value(&after_crash, "a").await, Some(Bytes::from("1")));
}

/// The disk forgets everything since the last flush at the moment of an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_was_flushed() {
    let disk = Disk::default();
    let directory = tempfile::tempdir().unwrap();
    let kv = Arc::new(open_on(&disk, &directory));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..48u8 {
        let (kv, disk) = (Arc::clone(&kv), disk.clone());
        tasks.spawn(async move {
            kv.commit(Batch::new().put(vec![number], vec![number; 500]))
                .await
                .unwrap();
            (number % 8 == 0).then(|| (number, disk.after_power_loss()))
        });
    }
    for (number, disk) in tasks.join_all().await.into_iter().flatten() {
        let after_crash = open_on(&disk, &directory);
        let value = after_crash
            .snapshot()
            .await
            .unwrap()
            .get(&[number])
            .await
            .unwrap();
        assert_eq!(value, Some(Bytes::from(vec![number; 500])), "{number}");
    }
}

/// Whatever byte is damaged while nobody has the file open: an error or an answer, but no panic.
#[tokio::test]
async fn a_damaged_file_never_panics() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kv");
    let kv = open(&directory).await.unwrap();
    for number in 0..40u8 {
        kv.commit(Batch::new().put(vec![number], vec![number; 300]))
            .await
            .unwrap();
    }
    drop(kv);
    let intact = std::fs::read(&path).unwrap();
    for position in (0..intact.len()).step_by(intact.len() / 60) {
        let mut damaged = intact.clone();
        damaged[position] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        let Ok(kv) = open(&directory).await else { continue };
        if let Ok(snapshot) = kv.snapshot().await {
            let _ = snapshot.get(&[7]).await;
            let _ = snapshot
                .range(crate::KeyRange::all(), crate::Direction::Forward, 1000)
                .await;
        }
        let _ = kv.commit(Batch::new().put("a", "1")).await;
    }
}

fn open_on(disk: &Disk, directory: &TempDir) -> RedbKv {
    let database = Database::builder().create_with_backend(disk.clone()).unwrap();
    create_table(&database).unwrap();
    RedbKv::start(database, Floor::new(directory.path(), 0)).unwrap()
}

/// A disk in memory that knows what was flushed, and fails on request.
#[derive(Debug, Clone, Default)]
struct Disk {
    written: Arc<Mutex<Vec<u8>>>,
    flushed: Arc<Mutex<Vec<u8>>>,
    fails: Arc<AtomicBool>,
}

impl Disk {
    fn after_power_loss(&self) -> Self {
        let flushed = self.flushed.lock().unwrap().clone();
        Self {
            written: Arc::new(Mutex::new(flushed)),
            ..Self::default()
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.fails.load(Ordering::Relaxed) {
            Err(io::Error::other("a planned fault"))
        } else {
            Ok(())
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        out.copy_from_slice(&self.written.lock().unwrap()[offset..offset + out.len()]);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.check()?;
        self.written.lock().unwrap().resize(length as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.check()?;
        self.flushed
            .lock()
            .unwrap()
            .clone_from(&self.written.lock().unwrap());
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = offset as usize;
        self.written.lock().unwrap()[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}
