//! Transfers that were ended in the middle and go on, against the real server.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use daypass_api::object::ObjectInfo;
use daypass_testkit::TestServer;

use super::transfers::{bytes, names, store, uploads};
use super::{bucket, key};
use crate::{Error, ObjectClient, Observer, Stop, Stored, Transfer, request};

const MIB: usize = 1024 * 1024;
const LENGTH: usize = 6 * MIB + 7;

/// Counts what moves, and stops everything when it is too much.
pub(super) struct Fuse {
    stop: Stop,
    left: AtomicI64,
    expected: AtomicU64,
}

impl Observer for Fuse {
    fn expect(&self, bytes: u64) {
        self.expected.fetch_add(bytes, Ordering::SeqCst);
    }

    fn moved(&self, bytes: i64) {
        if self.left.fetch_sub(bytes, Ordering::SeqCst) < bytes {
            self.stop.stop();
        }
    }
}

pub(super) struct Fixture {
    pub(super) server: TestServer,
    pub(super) client: ObjectClient,
    folder: tempfile::TempDir,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let (server, client) = store().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("from"), bytes(LENGTH)).unwrap();
        std::fs::create_dir(folder.path().join("to")).unwrap();
        Self {
            server,
            client,
            folder,
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A transfer with checkpoints that is stopped when more than so many bytes have moved.
    pub(super) fn transfer(&self, most: usize) -> (Transfer, Arc<Fuse>) {
        let fuse = Arc::new(Fuse {
            stop: Stop::new(),
            left: AtomicI64::new(most as i64),
            expected: AtomicU64::new(0),
        });
        let transfer = Transfer::new(MIB as u64, 2)
            .unwrap()
            .with_observer(Arc::clone(&fuse) as Arc<dyn Observer>)
            .with_stop(fuse.stop.clone())
            .with_checkpoints(&self.path("state/checkpoints"));
        (transfer, fuse)
    }

    /// How it ended, and how many bytes were to be moved.
    pub(super) async fn upload(&self, most: usize) -> (Result<Stored, Error>, u64) {
        let (transfer, fuse) = self.transfer(most);
        let put = request::put_object(&bucket(), &key());
        let outcome = self.client.upload_file(put, &self.path("from"), &transfer).await;
        (outcome, fuse.expected.load(Ordering::SeqCst))
    }

    pub(super) async fn download(&self, most: usize) -> (Result<ObjectInfo, Error>, u64) {
        let (transfer, fuse) = self.transfer(most);
        let read = request::read_object(&bucket(), &key());
        let outcome = self
            .client
            .download_file(read, &self.path("to/file"), &transfer)
            .await;
        (outcome, fuse.expected.load(Ordering::SeqCst))
    }

    async fn stored_bytes(&self) -> Vec<u8> {
        let read = request::read_object(&bucket(), &key());
        self.client
            .get_object(read)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
            .to_vec()
    }

    pub(super) fn checkpoints(&self) -> Vec<PathBuf> {
        names(&self.path("state/checkpoints"))
    }
}

pub(super) const ALL: usize = usize::MAX >> 1;

#[tokio::test]
async fn an_upload_goes_on_where_it_was_stopped() {
    let fixture = Fixture::new().await;
    let (ended, expected) = fixture.upload(3 * MIB + 1000).await;
    assert!(matches!(ended, Err(Error::Stopped)), "{ended:?}");
    assert_eq!(expected, LENGTH as u64);
    assert_eq!(
        (uploads(&fixture.client).await, fixture.checkpoints().len()),
        (1, 1)
    );
    let (stored, expected) = fixture.upload(ALL).await;
    stored.unwrap();
    assert!(expected < (LENGTH - MIB) as u64 && expected > 0, "{expected}");
    assert!(fixture.stored_bytes().await == bytes(LENGTH));
    assert_eq!(
        (uploads(&fixture.client).await, fixture.checkpoints().len()),
        (0, 0)
    );
    // Done is done: the next one begins anew.
    assert_eq!(fixture.upload(ALL).await.1, LENGTH as u64);
    fixture.server.stop().await;
}

#[tokio::test]
async fn an_upload_of_another_file_does_not_go_on() {
    let fixture = Fixture::new().await;
    fixture.upload(3 * MIB + 1000).await.0.unwrap_err();
    let other: Vec<u8> = bytes(LENGTH).into_iter().map(|byte| !byte).collect();
    std::fs::write(fixture.path("from"), &other).unwrap();
    let (stored, expected) = fixture.upload(ALL).await;
    stored.unwrap();
    assert_eq!(expected, LENGTH as u64);
    assert!(fixture.stored_bytes().await == other);
    assert_eq!(
        uploads(&fixture.client).await,
        0,
        "the parts of the former one are gone"
    );
    fixture.server.stop().await;
}

#[tokio::test]
async fn an_upload_that_somebody_aborted_begins_anew() {
    let fixture = Fixture::new().await;
    fixture.upload(3 * MIB + 1000).await.0.unwrap_err();
    let list = request::list_multipart_uploads(&bucket());
    let found = fixture.client.list_multipart_uploads(list).await.unwrap().uploads;
    let upload = daypass_api::operation::UploadRef {
        bucket: bucket(),
        key: key(),
        upload_id: found[0].upload_id.clone(),
    };
    fixture.client.abort_multipart_upload(&upload).await.unwrap();
    let (stored, expected) = fixture.upload(ALL).await;
    stored.unwrap();
    assert_eq!(expected, LENGTH as u64);
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_file_that_changes_under_way_leaves_nothing() {
    let fixture = Fixture::new().await;
    let (ended, _) = fixture.upload(3 * MIB + 1000).await;
    ended.unwrap_err();
    // It looks the same at first, and is another one while its parts are read.
    let (transfer, _) = fixture.transfer(ALL);
    struct Meddler(PathBuf);
    impl Observer for Meddler {
        fn expect(&self, _: u64) {
            std::fs::write(&self.0, b"other").unwrap();
        }
        fn moved(&self, _: i64) {}
    }
    let transfer = transfer.with_observer(Arc::new(Meddler(fixture.path("from"))));
    let put = request::put_object(&bucket(), &key());
    let outcome = fixture
        .client
        .upload_file(put, &fixture.path("from"), &transfer)
        .await;
    assert!(matches!(outcome, Err(Error::Source(_))), "{outcome:?}");
    assert_eq!(
        (uploads(&fixture.client).await, fixture.checkpoints().len()),
        (0, 0)
    );
    fixture.server.stop().await;
}

/// The file that a download has begun.
fn begun(folder: &Path) -> PathBuf {
    let names = names(folder);
    assert_eq!(names.len(), 1, "{names:?}");
    folder.join(&names[0])
}

#[tokio::test]
async fn a_download_goes_on_where_it_was_stopped() {
    let fixture = Fixture::new().await;
    fixture.upload(ALL).await.0.unwrap();
    let (ended, expected) = fixture.download(3 * MIB + 1000).await;
    assert!(matches!(ended, Err(Error::Stopped)), "{ended:?}");
    assert_eq!(expected, LENGTH as u64);
    let part = begun(&fixture.path("to"));
    assert_ne!(part.file_name().unwrap(), "file");
    let left = std::fs::metadata(&part).unwrap();
    let taken = left.blocks() * 512;
    assert!(
        left.len() < LENGTH as u64 && taken <= left.len() + 65_536,
        "{taken} for {}",
        left.len()
    );
    let (read, expected) = fixture.download(ALL).await;
    read.unwrap();
    assert!(expected < (LENGTH - MIB) as u64 && expected > 0, "{expected}");
    assert!(std::fs::read(fixture.path("to/file")).unwrap() == bytes(LENGTH));
    assert_eq!(begun(&fixture.path("to")), fixture.path("to/file"));
    assert_eq!(fixture.checkpoints().len(), 0);
    fixture.server.stop().await;
}

#[tokio::test]
async fn what_is_not_in_the_file_any_more_is_read_again() {
    let fixture = Fixture::new().await;
    fixture.upload(ALL).await.0.unwrap();
    fixture.download(3 * MIB + 1000).await.0.unwrap_err();
    let part = begun(&fixture.path("to"));
    let length = std::fs::metadata(&part).unwrap().len() as usize;
    std::fs::write(&part, vec![0; length]).unwrap();
    let (read, expected) = fixture.download(ALL).await;
    read.unwrap();
    assert_eq!(expected, LENGTH as u64);
    assert!(std::fs::read(fixture.path("to/file")).unwrap() == bytes(LENGTH));
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_download_of_another_object_does_not_go_on() {
    let fixture = Fixture::new().await;
    fixture.upload(ALL).await.0.unwrap();
    fixture.download(3 * MIB + 1000).await.0.unwrap_err();
    let other: Vec<u8> = bytes(LENGTH).into_iter().map(|byte| !byte).collect();
    std::fs::write(fixture.path("from"), &other).unwrap();
    fixture.upload(ALL).await.0.unwrap();
    let (read, expected) = fixture.download(ALL).await;
    read.unwrap();
    assert_eq!(expected, LENGTH as u64);
    assert!(std::fs::read(fixture.path("to/file")).unwrap() == other);
    assert_eq!(begun(&fixture.path("to")), fixture.path("to/file"));
    fixture.server.stop().await;
}
