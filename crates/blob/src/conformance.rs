//! The conformance suite: what every engine must do, checked through the traits alone.
//!
//! [`run`] panics with an explanation when an engine deviates. It asks for a fresh, empty engine for each
//! part. Durability and damage are not in here, since they take an engine's own means to look behind it.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test suite fails by panicking"
)]

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;

use crate::{BlobError, BlobId, Blobs};

/// Lengths at which blocks and runs of blocks end, for blocks of 64 KiB in runs of 256 KiB.
const LENGTHS: [usize; 14] = [
    0, 1, 2, 65_535, 65_536, 65_537, 131_072, 200_000, 262_143, 262_144, 262_145, 524_288, 1_048_577,
    1_700_000,
];

/// Runs the whole suite against engines from `make`, each of which must be empty.
pub async fn run(make: impl AsyncFn() -> Arc<dyn Blobs>) {
    blobs_come_back_as_written(make().await.as_ref()).await;
    ranges_are_exact_at_every_edge(make().await.as_ref()).await;
    ranges_outside_are_refused(make().await.as_ref()).await;
    missing_blobs_are_missing(make().await.as_ref()).await;
    nothing_is_seen_before_the_end(make().await.as_ref()).await;
    ids_are_taken_once(make().await.as_ref()).await;
    an_abandoned_blob_leaves_nothing(make().await.as_ref()).await;
    deleted_blobs_are_gone(make().await.as_ref()).await;
    an_open_stream_never_lies(make().await.as_ref()).await;
    blobs_are_listed_in_order(make().await.as_ref()).await;
    many_tasks_do_not_disturb_each_other(make().await).await;
    one_of_many_writers_wins(make().await).await;
}

async fn blobs_come_back_as_written(blobs: &dyn Blobs) {
    for (number, length) in LENGTHS.into_iter().enumerate() {
        for (other, piece) in [usize::MAX, 100_000, 4_093].into_iter().enumerate() {
            let id = id(number as u8, other as u8);
            let data = pattern(length);
            assert_eq!(
                store(blobs, id, &data, piece).await,
                length as u64,
                "length {length}"
            );
            assert_eq!(blobs.length(id).await.unwrap(), length as u64);
            assert_eq!(blobs.verify(id).await.unwrap(), length as u64);
            let found = read(blobs, id, 0, length as u64).await.unwrap();
            assert!(found == data, "length {length} written in pieces of {piece}");
        }
    }
}

async fn ranges_are_exact_at_every_edge(blobs: &dyn Blobs) {
    let data = pattern(200_000);
    store(blobs, id(1, 1), &data, 70_000).await;
    let edges = [
        0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 196_608, 199_999, 200_000,
    ];
    for start in edges {
        for end in edges.into_iter().filter(|end| *end >= start) {
            let found = read(blobs, id(1, 1), start as u64, (end - start) as u64)
                .await
                .unwrap();
            assert!(found == data.slice(start..end), "bytes {start} to {end}");
        }
    }
    // Longer than a run, begun and ended inside blocks.
    let data = pattern(3_300_000);
    store(blobs, id(1, 2), &data, usize::MAX).await;
    for (start, end) in [
        (5, 3_299_999),
        (65_540, 1_200_000),
        (1_048_570, 1_048_580),
        (1_100_000, 3_300_000),
    ] {
        let found = read(blobs, id(1, 2), start as u64, (end - start) as u64)
            .await
            .unwrap();
        assert!(found == data.slice(start..end), "bytes {start} to {end}");
    }
}

async fn ranges_outside_are_refused(blobs: &dyn Blobs) {
    let check = async |length: usize, offset: u64, count: u64, inside: bool| {
        let id = id(2, length as u8);
        match read(blobs, id, offset, count).await {
            Ok(_) => assert!(inside, "{count} bytes from {offset} of {length}"),
            Err(BlobError::OutOfRange { length: known }) => {
                assert!(!inside, "{count} bytes from {offset} of {length}");
                assert_eq!(known, length as u64);
            }
            Err(error) => panic!("{error:?}"),
        }
    };
    for length in [0, 10] {
        store(blobs, id(2, length as u8), &pattern(length), usize::MAX).await;
    }
    check(10, 0, 10, true).await;
    check(10, 0, 11, false).await;
    check(10, 10, 0, true).await;
    check(10, 10, 1, false).await;
    check(10, 11, 0, false).await;
    check(10, 1, u64::MAX, false).await;
    check(10, u64::MAX, 1, false).await;
    check(10, u64::MAX, u64::MAX, false).await;
    check(0, 0, 0, true).await;
    check(0, 0, 1, false).await;
}

async fn missing_blobs_are_missing(blobs: &dyn Blobs) {
    let id = id(3, 0);
    assert!(matches!(blobs.length(id).await, Err(BlobError::NotFound)));
    assert!(matches!(blobs.verify(id).await, Err(BlobError::NotFound)));
    assert!(matches!(read(blobs, id, 0, 0).await, Err(BlobError::NotFound)));
    blobs.delete(id).await.unwrap();
}

async fn nothing_is_seen_before_the_end(blobs: &dyn Blobs) {
    let id = id(4, 0);
    let mut writer = blobs.create(id).await.unwrap();
    writer.write(pattern(3_000_000)).await.unwrap();
    assert!(matches!(blobs.length(id).await, Err(BlobError::NotFound)));
    assert!(matches!(read(blobs, id, 0, 1).await, Err(BlobError::NotFound)));
    assert_eq!(blobs.list(None, 10).await.unwrap(), []);
    // It is not there yet, so deleting it does nothing.
    blobs.delete(id).await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), 3_000_000);
    assert_eq!(blobs.verify(id).await.unwrap(), 3_000_000);
}

async fn ids_are_taken_once(blobs: &dyn Blobs) {
    let id = id(5, 0);
    let mut writer = blobs.create(id).await.unwrap();
    assert!(
        matches!(blobs.create(id).await.err(), Some(BlobError::AlreadyExists)),
        "while it is written"
    );
    writer.write(Bytes::from("first")).await.unwrap();
    writer.finish().await.unwrap();
    assert!(
        matches!(blobs.create(id).await.err(), Some(BlobError::AlreadyExists)),
        "once it is there"
    );
    assert_eq!(read(blobs, id, 0, 5).await.unwrap(), "first");
}

async fn an_abandoned_blob_leaves_nothing(blobs: &dyn Blobs) {
    let id = id(6, 0);
    for length in [0, 5, 3_000_000] {
        let mut writer = blobs.create(id).await.unwrap();
        writer.write(pattern(length)).await.unwrap();
        drop(writer);
        assert!(matches!(blobs.length(id).await, Err(BlobError::NotFound)));
        assert_eq!(blobs.list(None, 10).await.unwrap(), []);
    }
    store(blobs, id, &pattern(7), usize::MAX).await;
}

async fn deleted_blobs_are_gone(blobs: &dyn Blobs) {
    let (gone, kept) = (id(7, 0), id(7, 1));
    store(blobs, gone, &pattern(100), usize::MAX).await;
    store(blobs, kept, &pattern(100), usize::MAX).await;
    blobs.delete(gone).await.unwrap();
    blobs.delete(gone).await.unwrap();
    assert!(matches!(blobs.length(gone).await, Err(BlobError::NotFound)));
    assert_eq!(blobs.list(None, 10).await.unwrap(), [kept]);
    assert_eq!(blobs.verify(kept).await.unwrap(), 100);
}

async fn an_open_stream_never_lies(blobs: &dyn Blobs) {
    let data = pattern(3_000_000);
    store(blobs, id(8, 0), &data, usize::MAX).await;
    let mut pieces = blobs.read(id(8, 0), 0, 3_000_000).await.unwrap();
    blobs.delete(id(8, 0)).await.unwrap();
    let mut found = 0;
    while let Ok(Some(piece)) = pieces.try_next().await {
        assert!(!piece.is_empty(), "pieces are not empty");
        assert!(piece == data.slice(found..found + piece.len()));
        found += piece.len();
    }
    assert!(
        pieces.try_next().await.unwrap().is_none(),
        "a stream that ended stays ended"
    );
}

async fn blobs_are_listed_in_order(blobs: &dyn Blobs) {
    let ids = [
        id(0, 0),
        id(0, 1),
        id(0, 0xff),
        id(1, 0),
        id(0x80, 7),
        id(0x8f, 0),
        id(0xff, 0xff),
    ];
    for id in ids.into_iter().rev() {
        store(blobs, id, &Bytes::new(), usize::MAX).await;
    }
    assert_eq!(blobs.list(None, 100).await.unwrap(), ids);
    assert_eq!(blobs.list(None, 0).await.unwrap(), []);
    for (position, after) in ids.into_iter().enumerate() {
        let rest = &ids[position + 1..];
        assert_eq!(blobs.list(Some(after), 100).await.unwrap(), rest);
        assert_eq!(
            blobs.list(Some(after), 2).await.unwrap(),
            &rest[..rest.len().min(2)]
        );
    }
}

async fn many_tasks_do_not_disturb_each_other(blobs: Arc<dyn Blobs>) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32u8 {
        let blobs = Arc::clone(&blobs);
        tasks.spawn(async move {
            let data = pattern(usize::from(number) * 10_007);
            store(blobs.as_ref(), id(number, 9), &data, 33_333).await;
            assert!(
                read(blobs.as_ref(), id(number, 9), 0, data.len() as u64)
                    .await
                    .unwrap()
                    == data
            );
            if number % 2 == 0 {
                blobs.delete(id(number, 9)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(blobs.list(None, 100).await.unwrap().len(), 16);
}

async fn one_of_many_writers_wins(blobs: Arc<dyn Blobs>) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32u8 {
        let blobs = Arc::clone(&blobs);
        tasks.spawn(async move {
            let mut writer = match blobs.create(id(10, 0)).await {
                Ok(writer) => writer,
                Err(BlobError::AlreadyExists) => return None,
                Err(error) => panic!("{error:?}"),
            };
            writer.write(Bytes::from(vec![number])).await.unwrap();
            writer.finish().await.unwrap();
            Some(number)
        });
    }
    let winners: Vec<u8> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(read(blobs.as_ref(), id(10, 0), 0, 1).await.unwrap(), winners);
}

/// Ids that differ at both ends, so that they meet in directories and in lists.
fn id(first: u8, last: u8) -> BlobId {
    let mut bytes = [0x5a; 16];
    (bytes[0], bytes[15]) = (first, last);
    BlobId::from_bytes(bytes)
}

/// Bytes that differ from block to block.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|position| (position % 251) as u8).collect()
}

async fn store(blobs: &dyn Blobs, id: BlobId, data: &Bytes, piece: usize) -> u64 {
    let mut writer = blobs.create(id).await.unwrap();
    let mut rest = data.clone();
    while !rest.is_empty() {
        writer.write(rest.split_to(rest.len().min(piece))).await.unwrap();
    }
    writer.write(Bytes::new()).await.unwrap();
    writer.finish().await.unwrap()
}

async fn read(blobs: &dyn Blobs, id: BlobId, offset: u64, length: u64) -> Result<Bytes, BlobError> {
    let pieces: Vec<Bytes> = blobs.read(id, offset, length).await?.try_collect().await?;
    assert!(
        pieces.iter().all(|piece| !piece.is_empty()),
        "pieces are not empty"
    );
    Ok(pieces.concat().into())
}
