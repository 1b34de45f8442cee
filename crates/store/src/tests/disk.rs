//! The same store over files: what was acknowledged is there after opening again.

use daypass_blob::local::{LocalBlobs, LocalOptions};
use daypass_kv::redb::{RedbKv, RedbOptions};

use super::*;
use crate::OpenError;

async fn open(directory: &std::path::Path) -> Fixture {
    let options = RedbOptions {
        floor_bytes: 0,
        ..Default::default()
    };
    let kv = RedbKv::open(directory.join("metadata.redb"), options)
        .await
        .unwrap();
    let blobs = LocalBlobs::open(directory.join("blobs"), LocalOptions { floor_bytes: 0 })
        .await
        .unwrap();
    let options = StoreOptions {
        inline_bytes: INLINE,
        ..Default::default()
    };
    fixture_on(Arc::new(kv), Arc::new(blobs), options).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stored_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let fixture = open(directory.path()).await;
    fixture.create_bucket("photos").await.unwrap();
    fixture.put("small", &bytes(100, 1)).await.unwrap();
    fixture.put("large", &bytes(300_000, 2)).await.unwrap();
    let upload = fixture.begin("parts").await.unwrap();
    let one = fixture.part(&upload, 1, &bytes(MIB, 3)).await.unwrap();
    let two = fixture.part(&upload, 2, &bytes(100, 4)).await.unwrap();
    fixture
        .complete(&upload, &[entry(1, &one), entry(2, &two)])
        .await
        .unwrap();
    fixture.put("large", &bytes(200_000, 5)).await.unwrap();
    fixture.audit().await;
    let random = Arc::clone(&fixture.random);
    drop(fixture);

    let fixture = Fixture {
        random,
        ..open(directory.path()).await
    };
    assert_eq!(fixture.get("small").await.unwrap(), bytes(100, 1));
    assert_eq!(fixture.get("large").await.unwrap(), bytes(200_000, 5));
    assert_eq!(
        fixture.get("parts").await.unwrap(),
        [bytes(MIB, 3), bytes(100, 4)].concat()
    );
    assert_eq!(
        fixture.list(&list("", "", "", 10)).await.unwrap().objects.len(),
        3
    );
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 2);
}

#[tokio::test]
async fn a_store_of_another_layout_is_refused() {
    use daypass_metadata::{FormatRecord, Record, keys};
    async fn check(stored: Bytes, expected: fn(&OpenError) -> bool) {
        let kv = Arc::new(MemoryKv::new());
        kv.commit(daypass_kv::Batch::new().put(keys::format(), stored))
            .await
            .unwrap();
        let opened = Store::open(kv, Arc::new(MemoryBlobs::new()), StoreOptions::default()).await;
        assert!(opened.is_err_and(|error| expected(&error)));
    }
    check(FormatRecord { layout: 2 }.encode(), |error| {
        matches!(error, OpenError::UnknownLayout(2))
    })
    .await;
    check(Bytes::from("x"), |error| matches!(error, OpenError::NotAStore(_))).await;
}
