//! Copies: what they share with their source, and what outlives what.

use std::time::Duration;

use daypass_api::attributes::QueryValue;
use daypass_api::object::{ETagMatch, Span, StorageClass};
use daypass_api::operation::UploadPartCopy;

use super::*;

impl Fixture {
    /// Everything that is not referred to any more is gone after this.
    async fn forget_all(&self) {
        for seconds in [0, 90_000, 180_000] {
            let now = NOW.plus_seconds(seconds);
            self.store.sweep(now, Duration::ZERO, 1000).await.unwrap();
        }
    }

    async fn part_copy(&self, part: &UploadPartCopy) -> Result<Copied, Error> {
        let view = self.store.view().await?;
        match self
            .store
            .upload_part_copy(view, part, NOW, &*self.random)
            .await?
        {
            Outcome::PartCopied(copied) => Ok(copied),
            other => panic!("{other:?}"),
        }
    }

    /// An object of two parts, the second of which is inline.
    async fn put_in_parts(&self, name: &str) -> Bytes {
        let upload = self.begin(name).await.unwrap();
        let (first, last) = (bytes(MIB, 1), bytes(INLINE, 2));
        let tags = [
            self.part(&upload, 1, &first).await.unwrap(),
            self.part(&upload, 2, &last).await.unwrap(),
        ];
        self.complete(&upload, &[entry(1, &tags[0]), entry(2, &tags[1])])
            .await
            .unwrap();
        [first, last].concat().into()
    }
}

#[tokio::test]
async fn a_copy_outlives_its_source_and_the_other_way_round() {
    for length in [0, 10, 5000] {
        let fixture = with_bucket().await;
        let data = bytes(length, 1);
        let etag = fixture.put("a", &data).await.unwrap();
        let copied = fixture.copy("a", "b").await.unwrap();
        assert_eq!((copied.etag, copied.last_modified), (etag, NOW));
        fixture.copy("b", "c").await.unwrap();
        fixture.delete("a").await.unwrap();
        fixture.forget_all().await;
        assert_eq!(fixture.get("b").await.unwrap(), data);
        fixture.delete("c").await.unwrap();
        fixture.forget_all().await;
        assert_eq!(fixture.get("b").await.unwrap(), data);
        fixture.audit_after_sweeps().await;
    }
}

#[tokio::test]
async fn an_object_of_parts_is_copied_with_all_of_them() {
    let fixture = with_bucket().await;
    let data = fixture.put_in_parts("a").await;
    fixture.copy("a", "b").await.unwrap();
    fixture.put("a", &bytes(10, 3)).await.unwrap();
    fixture.forget_all().await;
    assert!(fixture.get("b").await.unwrap() == data);
    fixture.copy("b", "a").await.unwrap();
    fixture.delete("b").await.unwrap();
    fixture.forget_all().await;
    assert!(fixture.get("a").await.unwrap() == data);
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn copies_cross_buckets_and_replace_what_is_there() {
    let fixture = with_bucket().await;
    fixture.create_bucket("other").await.unwrap();
    fixture.put("a", &bytes(5000, 1)).await.unwrap();
    let mut across = copy("a", "b");
    across.put.bucket = bucket("other");
    fixture.copy_request(&across).await.unwrap();
    fixture.put("b", &bytes(6000, 2)).await.unwrap();
    let mut back = copy("b", "a");
    back.source.bucket = bucket("other");
    fixture.copy_request(&back).await.unwrap();
    assert_eq!(fixture.get("a").await.unwrap(), bytes(5000, 1));
    across.put.bucket = bucket("nowhere");
    assert_eq!(code(fixture.copy_request(&across).await), ErrorCode::NoSuchBucket);
    back.source.bucket = bucket("nowhere");
    assert_eq!(code(fixture.copy_request(&back).await), ErrorCode::NoSuchBucket);
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn headers_come_from_one_side() {
    let fixture = with_bucket().await;
    let mut original = put("a");
    original.headers.content_type = Some("text/plain".to_owned());
    original.headers.storage_class = StorageClass::StandardIa;
    original.acl = ObjectAclPreset::PublicRead.into();
    fixture.put_request(&original, &bytes(5000, 1)).await.unwrap();
    let mut request = copy("a", "b");
    request.put.headers.content_type = Some("text/html".to_owned());
    let headers = async |request: &CopyObject| {
        fixture.copy_request(request).await.unwrap();
        let (info, data) = fixture.read(&read("b")).await.unwrap();
        assert_eq!(data, bytes(5000, 1));
        (info.headers.content_type, info.headers.storage_class)
    };
    // The class is the request's in both cases, and so is the list.
    let kept = (Some("text/plain".to_owned()), StorageClass::Standard);
    assert_eq!(headers(&request).await, kept);
    let acl = fixture
        .view()
        .await
        .object_acl(&photos(), &key("b"))
        .await
        .unwrap();
    assert_eq!(acl, Some(daypass_api::acl::ObjectAcl::Inherit));
    request.replaces_headers = true;
    assert_eq!(headers(&request).await.0, Some("text/html".to_owned()));
    // Onto itself.
    request.source = source("b");
    request.put.headers.content_type = Some("text/css".to_owned());
    assert_eq!(headers(&request).await.0, Some("text/css".to_owned()));
    fixture.forget_all().await;
    assert_eq!(fixture.get("b").await.unwrap(), bytes(5000, 1));
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn sources_that_will_not_do() {
    let fixture = with_bucket().await;
    let etag = fixture.put("a", &bytes(10, 1)).await.unwrap();
    assert_eq!(code(fixture.copy("none", "b").await), ErrorCode::NoSuchKey);
    let with = async |preconditions| {
        let mut request = copy("a", "b");
        request.source.preconditions = preconditions;
        fixture
            .copy_request(&request)
            .await
            .map(drop)
            .map_err(|error| error.code)
    };
    let same = || Some(ETagMatch::OneOf(vec![etag.clone()]));
    let if_match = Preconditions {
        if_match: same(),
        ..Default::default()
    };
    assert_eq!(with(if_match).await, Ok(()));
    let if_none_match = Preconditions {
        if_none_match: same(),
        ..Default::default()
    };
    assert_eq!(with(if_none_match).await, Err(ErrorCode::PreconditionFailed));
    let if_modified = Preconditions {
        if_modified_since: Some(NOW),
        ..Default::default()
    };
    assert_eq!(with(if_modified).await, Err(ErrorCode::PreconditionFailed));
    let mut version = copy("a", "b");
    version.source.version_id = Some(QueryValue {
        raw: "v".to_owned(),
        decoded: "v".to_owned(),
    });
    assert_eq!(
        code(fixture.copy_request(&version).await),
        ErrorCode::NoSuchVersion
    );
    let mut careful = copy("a", "b");
    careful.put.forbid_overwrite = true;
    assert_eq!(
        code(fixture.copy_request(&careful).await),
        ErrorCode::ObjectExists
    );
}

#[tokio::test]
async fn parts_of_any_stretch() {
    let fixture = with_bucket().await;
    let data = fixture.put_in_parts("a").await;
    let upload = fixture.begin("b").await.unwrap();
    let part = |part_number, span: Option<(u64, u64)>| UploadPartCopy {
        source: source("a"),
        span: span.map(|(start, length)| Span { start, length }),
        upload: upload.clone(),
        part_number,
    };
    let whole = fixture.part_copy(&part(1, None)).await.unwrap();
    let stretch = fixture
        .part_copy(&part(2, Some((1, MIB as u64 + 1))))
        .await
        .unwrap();
    let length = data.len() as u64;
    for beyond in [(0, length + 1), (length, 1), (u64::MAX, 1)] {
        let refused = fixture.part_copy(&part(3, Some(beyond))).await;
        assert_eq!(code(refused), ErrorCode::InvalidRange, "{beyond:?}");
    }
    let mut missing = part(3, None);
    missing.source = source("none");
    assert_eq!(code(fixture.part_copy(&missing).await), ErrorCode::NoSuchKey);
    fixture.delete("a").await.unwrap();
    fixture
        .complete(&upload, &[entry(1, &whole.etag), entry(2, &stretch.etag)])
        .await
        .unwrap();
    fixture.forget_all().await;
    let expected: Vec<u8> = [&data[..], &data[1..MIB + 2]].concat();
    assert!(fixture.get("b").await.unwrap() == expected);
    fixture.audit_after_sweeps().await;
}
