//! What is particular to files: damage, restarts, the lock, a full disk.

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::conformance;

const OPTIONS: LocalOptions = LocalOptions { floor_bytes: 0 };
const ID: BlobId = BlobId::from_bytes([0xab; 16]);
const OTHER: BlobId = BlobId::from_bytes([0xcd; 16]);

async fn open(directory: &TempDir) -> Result<LocalBlobs, OpenError> {
    LocalBlobs::open(directory.path().join("blobs"), OPTIONS).await
}

async fn store(blobs: &LocalBlobs, id: BlobId, data: impl Into<Bytes>) -> Result<u64, BlobError> {
    let mut writer = blobs.create(id).await?;
    writer.write(data.into()).await?;
    writer.finish().await
}

async fn read(blobs: &LocalBlobs, id: BlobId, offset: u64, length: u64) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<Bytes> = blobs.read(id, offset, length).await?.try_collect().await?;
    Ok(pieces.concat())
}

fn path(blobs: &LocalBlobs, id: BlobId) -> PathBuf {
    blobs.store.places.blob(id)
}

fn unfinished(directory: &TempDir) -> usize {
    fs::read_dir(directory.path().join("blobs/unfinished"))
        .unwrap()
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let directory = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicUsize::new(0);
    conformance::run(async || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = directory.path().join(number.to_string());
        Arc::new(LocalBlobs::open(path, OPTIONS).await.unwrap()) as Arc<dyn Blobs>
    })
    .await;
}

#[tokio::test]
async fn files_are_as_described() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    store(&blobs, ID, vec![9; 70_000]).await.unwrap();
    let expected = directory
        .path()
        .join("blobs/blobs/ab/a/abababababababababababababababab");
    assert_eq!(path(&blobs, ID), expected);
    let file = fs::read(expected).unwrap();
    assert_eq!(file.len(), 48 + 65_536 + 8 + 4_464 + 8);
    assert_eq!(file[..48], layout::header(ID, 70_000));
    let last = [&ID.as_bytes()[..], &[1, 0, 0, 0, 0, 0, 0, 0], &[9; 4_464]].concat();
    let checksum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &last);
    assert_eq!(file[file.len() - 8..], checksum.to_le_bytes());
    assert_eq!(
        fs::read(directory.path().join("blobs/format")).unwrap(),
        b"daypass-blobs 1\n"
    );
}

#[tokio::test]
async fn finished_blobs_survive_and_unfinished_ones_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    store(&blobs, ID, "here").await.unwrap();
    let mut writer = blobs.create(OTHER).await.unwrap();
    writer.write(Bytes::from(vec![1; 3_000_000])).await.unwrap();
    // A crash: nobody cleans up.
    let left = directory.path().join("blobs/unfinished").join(OTHER.to_string());
    let copy = fs::read(&left).unwrap();
    drop(writer);
    drop(blobs);
    fs::write(&left, copy).unwrap();
    assert_eq!(unfinished(&directory), 1);
    let blobs = open(&directory).await.unwrap();
    assert_eq!(unfinished(&directory), 0);
    assert_eq!(read(&blobs, ID, 0, 4).await.unwrap(), b"here");
    assert!(matches!(blobs.length(OTHER).await, Err(BlobError::NotFound)));
    store(&blobs, OTHER, "again").await.unwrap();
}

#[tokio::test]
async fn abandoned_and_finished_blobs_leave_no_unfinished_file() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    store(&blobs, ID, "here").await.unwrap();
    assert!(matches!(
        blobs.create(ID).await.err(),
        Some(BlobError::AlreadyExists)
    ));
    let mut writer = blobs.create(OTHER).await.unwrap();
    writer.write(Bytes::from(vec![1; 3_000_000])).await.unwrap();
    assert_eq!(unfinished(&directory), 1);
    drop(writer);
    assert_eq!(unfinished(&directory), 0);
}

/// A dropped call may have lost bytes, so the writer must not pretend that it did not.
#[tokio::test]
async fn an_interrupted_writer_refuses_to_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    let mut writer = blobs.create(ID).await.unwrap();
    let data = Bytes::from(vec![1; 40_000_000]);
    tokio::select! {
        biased;
        _ = writer.write(data) => panic!("a write of many runs has to wait"),
        () = std::future::ready(()) => {}
    }
    assert!(matches!(
        writer.write(Bytes::from("more")).await,
        Err(BlobError::Interrupted)
    ));
    assert!(matches!(writer.finish().await, Err(BlobError::Interrupted)));
    assert!(matches!(blobs.length(ID).await, Err(BlobError::NotFound)));
    assert_eq!(unfinished(&directory), 0);
}

#[tokio::test]
async fn a_directory_in_use_is_not_opened_twice() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    let writer = blobs.create(ID).await.unwrap();
    let check = async || matches!(open(&directory).await.err(), Some(OpenError::InUse));
    assert!(check().await);
    drop(blobs);
    assert!(check().await, "a writer still writes there");
    drop(writer);
    open(&directory).await.unwrap();
}

#[tokio::test]
async fn a_directory_of_another_format_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let format = directory.path().join("blobs/format");
    let check = async |text: &str, expected: Option<&str>| {
        drop(open(&directory).await);
        fs::write(&format, text).unwrap();
        let error = open(&directory).await.err().map(|error| error.to_string());
        let expected = expected.map(|found| format!("the blob directory has an unknown format `{found}`"));
        assert_eq!(error, expected);
        let after = if expected.is_some() {
            text
        } else {
            "daypass-blobs 1\n"
        };
        assert_eq!(fs::read_to_string(&format).unwrap(), after);
        fs::write(&format, "").unwrap();
    };
    check("daypass-blobs 2\n", Some("daypass-blobs 2")).await;
    check("daypass-blobs 1\nmore", Some("daypass-blobs 1\nmore")).await;
    check("daypass-blobs 1\n", None).await;
    check("daypass-bl", None).await;
    check("", None).await;
}

#[tokio::test]
async fn a_full_disk_refuses_writing_only() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    store(&blobs, ID, "here").await.unwrap();
    drop(blobs);
    let options = LocalOptions {
        floor_bytes: u64::MAX,
    };
    let blobs = LocalBlobs::open(directory.path().join("blobs"), options)
        .await
        .unwrap();
    assert!(matches!(
        store(&blobs, OTHER, "x").await,
        Err(BlobError::Full {
            floor_bytes: u64::MAX,
            ..
        })
    ));
    assert_eq!(read(&blobs, ID, 0, 4).await.unwrap(), b"here");
    blobs.delete(ID).await.unwrap();
    assert_eq!(unfinished(&directory), 0);
}

#[tokio::test]
async fn a_blob_in_the_wrong_place_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    store(&blobs, ID, vec![1; 70_000]).await.unwrap();
    store(&blobs, OTHER, vec![1; 70_000]).await.unwrap();
    let right = fs::read(path(&blobs, ID)).unwrap();
    let mut wrong = fs::read(path(&blobs, OTHER)).unwrap();
    fs::write(path(&blobs, ID), &wrong).unwrap();
    assert!(matches!(
        blobs.length(ID).await,
        Err(BlobError::Corrupt { block: None })
    ));
    // Equal bytes, but another blob's block.
    wrong[..48].copy_from_slice(&right[..48]);
    fs::write(path(&blobs, ID), &wrong).unwrap();
    assert!(matches!(
        blobs.verify(ID).await,
        Err(BlobError::Corrupt { block: Some(0) })
    ));
    fs::write(path(&blobs, ID), &right).unwrap();
    assert_eq!(blobs.verify(ID).await.unwrap(), 70_000);
}

/// A blob of three blocks on disk, and its file as it should be.
async fn three_blocks() -> (TempDir, LocalBlobs, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    let data: Vec<u8> = (0..140_000u32).map(|position| (position % 249) as u8).collect();
    store(&blobs, ID, data).await.unwrap();
    let file = fs::read(path(&blobs, ID)).unwrap();
    (directory, blobs, file)
}

/// The block that a byte of the file belongs to; none for the header.
fn block_of(position: usize) -> Option<u64> {
    position
        .checked_sub(48)
        .map(|position| (position / 65_544) as u64)
}

#[test]
fn any_damaged_byte_is_found_by_whoever_reads_its_block() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_directory, blobs, file) = runtime.block_on(three_blocks());
    let position = prop_oneof![
        0..48usize,
        48..file.len(),
        (file.len() - 16)..file.len(),
        65_576..65_600usize
    ];
    proptest!(ProptestConfig::with_cases(200), |(position in position, change in 1..=255u8)| {
        let mut damaged = file.clone();
        damaged[position] ^= change;
        fs::write(path(&blobs, ID), damaged).unwrap();
        let expected = block_of(position);
        for block in 0..3u64 {
            let begin = block * 65_536;
            let found = runtime.block_on(read(&blobs, ID, begin, (140_000 - begin).min(65_536)));
            let hit = expected.is_none_or(|expected| expected == block);
            prop_assert_eq!(found.is_err(), hit, "block {}", block);
            if let Err(error) = found {
                let right = matches!(error, BlobError::Corrupt { block } if block == expected);
                prop_assert!(right, "{:?}", error);
            }
        }
        let verified = runtime.block_on(blobs.verify(ID));
        let right = matches!(verified, Err(BlobError::Corrupt { block }) if block == expected);
        prop_assert!(right, "{:?}", verified);
    });
}

#[tokio::test]
async fn a_file_of_another_length_is_corrupt() {
    let (_directory, blobs, file) = three_blocks().await;
    let check = async |bytes: &[u8]| {
        fs::write(path(&blobs, ID), bytes).unwrap();
        let length = blobs.length(ID).await;
        assert!(
            matches!(length, Err(BlobError::Corrupt { block: None })),
            "{} bytes: {length:?}",
            bytes.len()
        );
        assert!(matches!(
            blobs.read(ID, 0, 1).await.err(),
            Some(BlobError::Corrupt { block: None })
        ));
    };
    for kept in [
        0,
        1,
        47,
        48,
        49,
        48 + 65_536,
        48 + 65_544,
        file.len() - 9,
        file.len() - 8,
        file.len() - 1,
    ] {
        check(&file[..kept]).await;
    }
    check(&[&file[..], b"x"].concat()).await;
}

/// The good blocks before the bad one are handed out, and nothing after it.
#[tokio::test]
async fn a_long_read_ends_at_the_damage() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = open(&directory).await.unwrap();
    store(&blobs, ID, vec![5; 3_000_000]).await.unwrap();
    let mut file = fs::read(path(&blobs, ID)).unwrap();
    file[48 + 20 * 65_544 + 100] ^= 1;
    fs::write(path(&blobs, ID), file).unwrap();
    let mut pieces = blobs.read(ID, 10, 2_999_990).await.unwrap();
    let mut found = 0;
    let error = loop {
        match pieces.try_next().await {
            Ok(piece) => found += piece.unwrap().len(),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, BlobError::Corrupt { block: Some(20) }),
        "{error:?}"
    );
    assert_eq!(found, 20 * 65_536 - 10);
    assert!(pieces.try_next().await.unwrap().is_none());
}
