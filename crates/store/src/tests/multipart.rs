//! Uploads in parts.

use daypass_api::object::ByteRange;
use daypass_api::operation::ListParts;
use daypass_api::outcome::PartList;

use daypass_kv::Kv;
use daypass_metadata::keys;
use daypass_metadata::object::{Content, ObjectRecord};
use daypass_metadata::upload::Completion;

use super::*;
use crate::objects::read_part;

/// A part that need not be the last.
fn large(seed: u64) -> Bytes {
    bytes(MIB, seed)
}

impl Fixture {
    /// An object of many small pieces of the given length.
    async fn plant_manifest(&self, name: &str, count: u32, length: usize) -> Vec<u8> {
        let upload = self.begin(name).await.unwrap();
        let mut whole = Vec::new();
        for number in 1..=count {
            let data = bytes(length, u64::from(number));
            self.part(&upload, number, &data).await.unwrap();
            whole.extend_from_slice(&data);
        }
        let view = self.view().await;
        let record = view.upload(&upload).await.unwrap();
        let parts = view.all(keys::parts(record.content)).await.unwrap();
        let listed: Vec<_> = parts
            .into_iter()
            .map(|(key, value)| read_part(&key, value).unwrap())
            .collect();
        let completion = Completion {
            bucket: &upload.bucket,
            key: &upload.key,
            id: &upload.upload_id,
            content: record.content,
            listed: &listed,
            unlisted: &[],
            previous: None,
        };
        let object = ObjectRecord {
            length: whole.len() as u64,
            etag: ETag::from_md5([0; 16]),
            crc64: 0,
            last_modified: NOW,
            headers: ObjectHeaders::default(),
            acl: Default::default(),
            content: Content::Empty,
            tags: Vec::new(),
        };
        self.kv.commit(completion.batch(object)).await.unwrap();
        whole
    }

    async fn parts(
        &self,
        upload: &UploadRef,
        part_number_marker: u32,
        max_parts: u32,
    ) -> Result<PartList, Error> {
        let list = ListParts {
            upload: upload.clone(),
            part_number_marker,
            max_parts,
            url_encoding: false,
        };
        match self.store.list_parts(&self.store.view().await?, &list).await? {
            Outcome::Parts(parts) => Ok(parts),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn parts_become_an_object() {
    let fixture = with_bucket().await;
    for last in [0, 10, INLINE, 5000] {
        let upload = fixture.begin("a").await.unwrap();
        let two = fixture.part(&upload, 2, &bytes(last, 2)).await.unwrap();
        let one = fixture.part(&upload, 1, &large(1)).await.unwrap();
        let (etag, crc64) = fixture
            .complete(&upload, &[entry(1, &one), entry(2, &two)])
            .await
            .unwrap();
        let whole = Bytes::from([large(1), bytes(last, 2)].concat());
        let (info, data) = fixture.read(&read("a")).await.unwrap();
        assert_eq!(data, whole, "{last}");
        assert_eq!(
            (info.etag, info.crc64, info.length),
            (etag.clone(), crc64, whole.len() as u64)
        );
        assert_eq!(crc64, crate::objects::crc64_for_tests(&whole));
        assert!(
            etag.as_str().len() == 34 && etag.as_str().ends_with("-2"),
            "{etag:?}"
        );
        assert_eq!(
            code(fixture.complete(&upload, &[entry(1, &one)]).await),
            ErrorCode::NoSuchUpload
        );
        fixture.audit().await;
    }
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn an_upload_of_one_part_is_marked_as_such() {
    let fixture = with_bucket().await;
    for length in [0, 10, 5000] {
        let upload = fixture.begin("a").await.unwrap();
        let one = fixture.part(&upload, 1, &bytes(length, 1)).await.unwrap();
        let (etag, _) = fixture.complete(&upload, &[entry(1, &one)]).await.unwrap();
        assert!(etag.as_str().ends_with("-1"));
        assert_eq!(fixture.get("a").await.unwrap(), bytes(length, 1));
    }
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn ranges_cross_parts() {
    let fixture = with_bucket().await;
    let upload = fixture.begin("a").await.unwrap();
    let mut entries = Vec::new();
    let mut whole = Vec::new();
    for number in 1..=3 {
        let data = if number == 3 { bytes(700, 3) } else { large(number) };
        whole.extend_from_slice(&data);
        entries.push(entry(
            number as u32,
            &fixture.part(&upload, number as u32, &data).await.unwrap(),
        ));
    }
    fixture.complete(&upload, &entries).await.unwrap();
    let check = async |first: usize, last: usize| {
        let range = Some(ByteRange::From(first as u64, Some(last as u64)));
        let found = fixture.read(&ReadObject { range, ..read("a") }).await.unwrap().1;
        assert!(found == whole[first..=last], "{first} to {last}");
    };
    check(0, 0).await;
    check(MIB - 1, MIB).await;
    check(MIB, 2 * MIB - 1).await;
    check(MIB - 5, 2 * MIB + 5).await;
    check(2 * MIB + 1, 2 * MIB + 699).await;
    check(0, 2 * MIB + 699).await;
}

/// More segments than one chunk of a manifest holds; too small for an upload, so they are planted.
#[tokio::test]
async fn a_manifest_of_several_chunks() {
    let fixture = with_bucket().await;
    let whole = fixture.plant_manifest("a", 2500, 10).await;
    assert_eq!(fixture.get("a").await.unwrap(), whole);
    for first in [0, 9_995, 9_999, 10_000, 10_001, 19_999, 20_000, 24_990] {
        for length in [1, 10, 4_000] {
            let last = (first + length - 1).min(whole.len() - 1);
            let range = Some(ByteRange::From(first as u64, Some(last as u64)));
            let found = fixture.read(&ReadObject { range, ..read("a") }).await.unwrap().1;
            assert_eq!(found, whole[first..=last], "{first} to {last}");
        }
    }
    fixture.audit().await;
    fixture.delete("a").await.unwrap();
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn a_part_can_be_sent_again() {
    let fixture = with_bucket().await;
    let upload = fixture.begin("a").await.unwrap();
    let first = fixture.part(&upload, 1, &bytes(5000, 1)).await.unwrap();
    let second = fixture.part(&upload, 1, &bytes(6000, 2)).await.unwrap();
    fixture.audit().await;
    assert_eq!(
        code(fixture.complete(&upload, &[entry(1, &first)]).await),
        ErrorCode::InvalidPart
    );
    fixture.complete(&upload, &[entry(1, &second)]).await.unwrap();
    assert_eq!(fixture.get("a").await.unwrap(), bytes(6000, 2));
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 1);
}

#[tokio::test]
async fn lists_that_do_not_fit_are_refused_and_the_upload_goes_on() {
    let fixture = with_bucket().await;
    let upload = fixture.begin("a").await.unwrap();
    let mut tags = Vec::new();
    for number in 1..=4 {
        let data = if number == 3 {
            bytes(MIB - 1, 3)
        } else {
            large(number)
        };
        tags.push(fixture.part(&upload, number as u32, &data).await.unwrap());
    }
    let listed = |numbers: &[u32]| -> Vec<PartEntry> {
        numbers
            .iter()
            .map(|number| entry(*number, tags.get(*number as usize - 1).unwrap_or(&tags[0])))
            .collect()
    };
    let check = async |parts: Vec<PartEntry>, expected| {
        assert_eq!(
            code(fixture.complete(&upload, &parts).await),
            expected,
            "{parts:?}"
        );
    };
    check(Vec::new(), ErrorCode::InvalidPart).await;
    check(listed(&[1, 5]), ErrorCode::InvalidPart).await;
    check(listed(&[1, 3]), ErrorCode::InvalidPart).await;
    check(listed(&[2, 1]), ErrorCode::InvalidPartOrder).await;
    check(listed(&[1, 1]), ErrorCode::InvalidPartOrder).await;
    check(vec![entry(1, &tags[1])], ErrorCode::InvalidPart).await;
    check(listed(&[2, 3, 4]), ErrorCode::EntityTooSmall).await;
    fixture.complete(&upload, &listed(&[2, 3])).await.unwrap();
    assert_eq!(
        fixture.get("a").await.unwrap(),
        [large(2), bytes(MIB - 1, 3)].concat()
    );
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 2);
}

#[tokio::test]
async fn an_upload_counts_only_with_its_bucket_and_key() {
    let fixture = with_bucket().await;
    fixture.create_bucket("other").await.unwrap();
    let upload = fixture.begin("a").await.unwrap();
    let elsewhere = [
        UploadRef {
            key: key("b"),
            ..upload.clone()
        },
        UploadRef {
            bucket: bucket("other"),
            ..upload.clone()
        },
        fixture.unknown_upload("a"),
    ];
    for wrong in elsewhere {
        assert_eq!(
            code(fixture.part(&wrong, 1, &bytes(1, 1)).await),
            ErrorCode::NoSuchUpload
        );
        assert_eq!(code(fixture.parts(&wrong, 0, 10).await), ErrorCode::NoSuchUpload);
        assert_eq!(code(fixture.complete(&wrong, &[]).await), ErrorCode::NoSuchUpload);
        assert_eq!(code(fixture.abort(&wrong).await), ErrorCode::NoSuchUpload);
    }
    let nowhere = UploadRef {
        bucket: bucket("nowhere"),
        ..upload
    };
    assert_eq!(code(fixture.abort(&nowhere).await), ErrorCode::NoSuchBucket);
}

#[tokio::test]
async fn part_numbers_are_bounded() {
    let fixture = with_bucket().await;
    let upload = fixture.begin("a").await.unwrap();
    for number in [0, 10_001, u32::MAX] {
        assert_eq!(
            code(fixture.part(&upload, number, &bytes(1, 1)).await),
            ErrorCode::InvalidArgument
        );
    }
    for number in [1, 10_000] {
        fixture.part(&upload, number, &bytes(1, 1)).await.unwrap();
    }
}

#[tokio::test]
async fn parts_are_listed_in_pages() {
    let fixture = with_bucket().await;
    let upload = fixture.begin("a").await.unwrap();
    for number in [300, 2, 1, 256] {
        fixture
            .part(&upload, number, &bytes(number as usize, 1))
            .await
            .unwrap();
    }
    let check = async |marker, most, expected: &[u32], truncated| {
        let parts = fixture.parts(&upload, marker, most).await.unwrap();
        let numbers: Vec<_> = parts.parts.iter().map(|part| part.part_number).collect();
        assert_eq!(
            (&numbers[..], parts.truncated),
            (expected, truncated),
            "{marker} {most}"
        );
        assert!(
            parts
                .parts
                .iter()
                .all(|part| part.length == u64::from(part.part_number))
        );
        assert_eq!(parts.ownership, OWNERSHIP);
    };
    check(0, 1000, &[1, 2, 256, 300], false).await;
    check(0, 2, &[1, 2], true).await;
    check(2, 2, &[256, 300], false).await;
    check(2, 1, &[256], true).await;
    check(300, 10, &[], false).await;
    check(0, 0, &[], false).await;
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let fixture = with_bucket().await;
    let upload = fixture.begin("a").await.unwrap();
    fixture.part(&upload, 1, &bytes(5000, 1)).await.unwrap();
    fixture.part(&upload, 2, &bytes(5, 1)).await.unwrap();
    assert_eq!(fixture.abort(&upload).await.unwrap(), Outcome::Deleted);
    assert_eq!(code(fixture.abort(&upload).await), ErrorCode::NoSuchUpload);
    assert_eq!(
        code(fixture.part(&upload, 3, &bytes(5000, 1)).await),
        ErrorCode::NoSuchUpload
    );
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 0);
}

#[tokio::test]
async fn overwriting_can_be_forbidden_at_the_beginning_and_at_the_end() {
    let fixture = with_bucket().await;
    let request = InitiateMultipartUpload {
        forbid_overwrite: true,
        ..initiate("a")
    };
    let begin = async || {
        let view = fixture.view().await;
        fixture
            .store
            .initiate_multipart(view, &request, OWNERSHIP, NOW, &*fixture.random)
            .await
    };
    let Outcome::UploadStarted { upload_id, .. } = begin().await.unwrap() else {
        panic!("no upload")
    };
    let careful = UploadRef {
        bucket: photos(),
        key: key("a"),
        upload_id,
    };
    let careless = fixture.begin("a").await.unwrap();
    let tag = fixture.part(&careful, 1, &bytes(10, 1)).await.unwrap();
    fixture.part(&careless, 1, &bytes(10, 1)).await.unwrap();
    fixture.put("a", &bytes(3, 3)).await.unwrap();
    assert_eq!(code(begin().await), ErrorCode::ObjectExists);
    assert_eq!(
        code(fixture.complete(&careful, &[entry(1, &tag)]).await),
        ErrorCode::ObjectExists
    );
    let view = fixture.view().await;
    let forbidden = fixture
        .store
        .complete_multipart(view, &careless, true, &[entry(1, &tag)], NOW)
        .await;
    assert_eq!(code(forbidden), ErrorCode::ObjectExists);
    assert_eq!(fixture.get("a").await.unwrap(), bytes(3, 3));
    fixture.complete(&careless, &[entry(1, &tag)]).await.unwrap();
    assert_eq!(fixture.get("a").await.unwrap(), bytes(10, 1));
}
