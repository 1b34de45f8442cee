//! Buckets and objects, one operation after another.

use std::time::Duration;

use daypass_api::acl::{Acl, Grant, Grantee, ObjectAcl, Permission};
use daypass_api::object::{ByteRange, ETagMatch};
use daypass_api::operation::ListBuckets;
use futures_util::FutureExt;

use super::*;

#[tokio::test]
async fn a_bucket_is_made_found_listed_and_removed() {
    let fixture = fixture().await;
    assert_eq!(fixture.view().await.bucket(&photos()).await.unwrap(), None);
    assert_eq!(
        fixture.create_bucket("photos").await.unwrap(),
        Outcome::BucketCreated
    );
    let found = fixture.view().await.bucket(&photos()).await.unwrap().unwrap();
    assert_eq!(
        (found.name, found.owner, found.region, found.created),
        (photos(), OWNER, region(), NOW)
    );
    assert_eq!((found.policy, found.tags), (None, Vec::new()));
    let grantee = Grantee::User {
        owner_uin: OWNER.owner_uin,
        uin: OWNER.owner_uin,
    };
    assert_eq!(
        found.acl,
        Acl {
            grants: vec![Grant {
                grantee,
                permission: Permission::FullControl
            }]
        }
    );

    let view = fixture.view().await;
    let head = fixture.store.head_bucket(&view, &photos()).await.unwrap();
    assert_eq!(head, Outcome::BucketHead { region: region() });
    assert_eq!(
        fixture.store.bucket_location(&view, &photos()).await.unwrap(),
        Outcome::Location(region())
    );
    assert_eq!(fixture.delete_bucket("photos").await.unwrap(), Outcome::Deleted);
    assert_eq!(
        code(fixture.delete_bucket("photos").await),
        ErrorCode::NoSuchBucket
    );
    // The view is older than the removal.
    fixture.store.head_bucket(&view, &photos()).await.unwrap();
    let view = fixture.view().await;
    assert_eq!(
        code(fixture.store.head_bucket(&view, &photos()).await),
        ErrorCode::NoSuchBucket
    );
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn bucket_names_are_taken_once_and_counted() {
    let fixture = fixture().await;
    let other = Account {
        app_id: OWNER.app_id,
        owner_uin: Uin(5),
    };
    let create = async |name: &str, owner, most| {
        let create = CreateBucket {
            bucket: bucket(name),
            acl: BucketAclPreset::Private.into(),
            tags: Vec::new(),
        };
        fixture
            .store
            .create_bucket(fixture.view().await, &create, owner, &region(), most, NOW)
            .await
    };
    create("a", OWNER, 2).await.unwrap();
    assert_eq!(code(create("a", OWNER, 2).await), ErrorCode::BucketAlreadyOwned);
    assert_eq!(code(create("a", other, 2).await), ErrorCode::BucketAlreadyExists);
    create("b", OWNER, 2).await.unwrap();
    assert_eq!(code(create("c", OWNER, 2).await), ErrorCode::TooManyBuckets);
    fixture.delete_bucket("a").await.unwrap();
    create("c", OWNER, 2).await.unwrap();
    let foreign = Account {
        app_id: AppId(9),
        owner_uin: Uin(5),
    };
    assert_eq!(code(create("d", foreign, 2).await), ErrorCode::AccessDenied);
}

#[tokio::test]
async fn buckets_are_listed_by_name() {
    let fixture = fixture().await;
    for name in ["b", "a", "d", "c"] {
        fixture.create_bucket(name).await.unwrap();
    }
    let check = async |list: ListBuckets, expected: &[&str], truncated: bool| {
        let listed = fixture
            .store
            .list_buckets(&fixture.view().await, &list, OWNER)
            .await
            .unwrap();
        let Outcome::Buckets(listed) = listed else {
            panic!("{listed:?}")
        };
        let names: Vec<_> = listed
            .buckets
            .iter()
            .map(|bucket| bucket.name.short_name())
            .collect();
        assert_eq!((&names[..], listed.truncated), (expected, truncated), "{list:?}");
        assert_eq!((listed.owner_uin, listed.marker), (OWNER.owner_uin, list.marker));
    };
    let all = ListBuckets {
        max_keys: 1000,
        ..Default::default()
    };
    check(all.clone(), &["a", "b", "c", "d"], false).await;
    check(
        ListBuckets {
            max_keys: 2,
            ..all.clone()
        },
        &["a", "b"],
        true,
    )
    .await;
    check(
        ListBuckets {
            max_keys: 4,
            ..all.clone()
        },
        &["a", "b", "c", "d"],
        false,
    )
    .await;
    check(
        ListBuckets {
            max_keys: 0,
            ..all.clone()
        },
        &[],
        false,
    )
    .await;
    let marker = Some(bucket("b").to_string());
    check(
        ListBuckets {
            marker,
            ..all.clone()
        },
        &["c", "d"],
        false,
    )
    .await;
    check(
        ListBuckets {
            region: Some("ap-guangzhou".to_owned()),
            ..all.clone()
        },
        &["a", "b", "c", "d"],
        false,
    )
    .await;
    check(
        ListBuckets {
            region: Some("ap-beijing".to_owned()),
            ..all
        },
        &[],
        false,
    )
    .await;
}

#[tokio::test]
async fn objects_of_every_size_read_back() {
    let fixture = with_bucket().await;
    for length in [0, 1, INLINE, INLINE + 1, 300_000, 3 * MIB] {
        let data = bytes(length, 3);
        let etag = fixture.put("a", &data).await.unwrap();
        let (info, found) = fixture.read(&read("a")).await.unwrap();
        assert_eq!(found, data, "{length}");
        assert_eq!(
            (info.length, &info.etag, info.last_modified),
            (length as u64, &etag, NOW)
        );
        assert_eq!(info.crc64, crate::objects::crc64_for_tests(&data));
        fixture.audit().await;
    }
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 1);
}

#[tokio::test]
async fn headers_and_acl_are_kept() {
    let fixture = with_bucket().await;
    let headers = ObjectHeaders {
        content_type: Some("image/png".to_owned()),
        user_metadata: vec![("who".to_owned(), "me".to_owned())],
        ..Default::default()
    };
    let request = PutObject {
        headers: headers.clone(),
        acl: ObjectAclPreset::PublicRead.into(),
        ..put("a")
    };
    fixture.put_request(&request, &bytes(1, 0)).await.unwrap();
    assert_eq!(fixture.read(&read("a")).await.unwrap().0.headers, headers);
    let view = fixture.view().await;
    assert_eq!(view.object_acl(&photos(), &key("b")).await.unwrap(), None);
    let acl = view.object_acl(&photos(), &key("a")).await.unwrap().unwrap();
    assert_eq!(acl, ObjectAclPreset::PublicRead.acl(OWNER));
    fixture.put("a", &bytes(1, 0)).await.unwrap();
    let acl = fixture
        .view()
        .await
        .object_acl(&photos(), &key("a"))
        .await
        .unwrap();
    assert_eq!(acl, Some(ObjectAcl::Inherit));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let fixture = with_bucket().await;
    assert_eq!(code(fixture.get("a").await), ErrorCode::NoSuchKey);
    assert_eq!(fixture.delete("a").await.unwrap(), Outcome::Deleted);
    let nowhere = bucket("nowhere");
    let view = fixture.view().await;
    let read = ReadObject {
        bucket: nowhere.clone(),
        ..read("a")
    };
    assert_eq!(
        code(fixture.store.head_object(&view, &read).await),
        ErrorCode::NoSuchBucket
    );
    let request = PutObject {
        bucket: nowhere.clone(),
        ..put("a")
    };
    assert_eq!(
        code(fixture.put_request(&request, &bytes(1, 0)).await),
        ErrorCode::NoSuchBucket
    );
    let delete = DeleteObject {
        bucket: nowhere.clone(),
        key: key("a"),
    };
    assert_eq!(
        code(fixture.store.delete_object(view, &delete, NOW).await),
        ErrorCode::NoSuchBucket
    );
    let list = ListObjects {
        bucket: nowhere,
        ..list("", "", "", 1)
    };
    assert_eq!(code(fixture.list(&list).await), ErrorCode::NoSuchBucket);
}

#[tokio::test]
async fn ranges_of_one_piece() {
    let fixture = with_bucket().await;
    for length in [INLINE, 200_000] {
        let data = bytes(length, 1);
        fixture.put("a", &data).await.unwrap();
        let check = async |range, expected: Option<std::ops::Range<usize>>| {
            let read = ReadObject {
                range: Some(range),
                ..read("a")
            };
            let found = fixture
                .read(&read)
                .await
                .map(|(_, data)| data)
                .map_err(|error| error.code);
            let expected = expected
                .map(|range| data.slice(range))
                .ok_or(ErrorCode::InvalidRange);
            assert_eq!(found, expected, "{range:?} of {length}");
        };
        check(ByteRange::From(0, Some(0)), Some(0..1)).await;
        check(ByteRange::From(5, Some(99)), Some(5..100)).await;
        check(ByteRange::From(500, None), Some(500..length)).await;
        check(ByteRange::Suffix(7), Some(length - 7..length)).await;
        check(ByteRange::Suffix(10_000_000), Some(0..length)).await;
        check(ByteRange::From(length as u64, None), None).await;
        check(ByteRange::Suffix(0), None).await;
    }
}

#[tokio::test]
async fn reads_obey_conditions() {
    let fixture = with_bucket().await;
    let etag = fixture.put("a", &bytes(10, 1)).await.unwrap();
    let conditional = async |preconditions| {
        let read = ReadObject {
            preconditions,
            ..read("a")
        };
        fixture
            .store
            .get_object(&fixture.view().await, &read)
            .await
            .map(|(outcome, reader)| (matches!(outcome, Outcome::NotModified { .. }), reader.is_some()))
    };
    let same = Some(ETagMatch::OneOf(vec![etag]));
    let other = Some(ETagMatch::OneOf(vec![ETag::from_text("x")]));
    let failed = conditional(Preconditions {
        if_match: other,
        ..Default::default()
    })
    .await;
    assert_eq!(code(failed), ErrorCode::PreconditionFailed);
    let fresh = conditional(Preconditions {
        if_none_match: same.clone(),
        ..Default::default()
    })
    .await;
    assert_eq!(fresh.unwrap(), (true, false));
    let served = conditional(Preconditions {
        if_match: same,
        ..Default::default()
    })
    .await;
    assert_eq!(served.unwrap(), (false, true));
}

#[tokio::test]
async fn writes_obey_conditions_before_their_body_is_read() {
    let fixture = with_bucket().await;
    let etag = fixture.put("a", &bytes(10, 1)).await.unwrap();
    let untouched =
        || stream::poll_fn(|_| -> std::task::Poll<Option<_>> { panic!("the body is read") }).boxed();
    let check = async |request: PutObject, expected| {
        let view = fixture.view().await;
        let put = fixture
            .store
            .put_object(view, &request, untouched(), NOW, &*fixture.random)
            .await;
        assert_eq!(code(put), expected);
    };
    check(
        PutObject {
            forbid_overwrite: true,
            ..put("a")
        },
        ErrorCode::ObjectExists,
    )
    .await;
    let preconditions = Preconditions {
        if_none_match: Some(ETagMatch::Any),
        ..Default::default()
    };
    check(
        PutObject {
            preconditions,
            ..put("a")
        },
        ErrorCode::PreconditionFailed,
    )
    .await;
    let other = Some(ETagMatch::OneOf(vec![ETag::from_text("x")]));
    let preconditions = Preconditions {
        if_match: other,
        ..Default::default()
    };
    check(
        PutObject {
            preconditions: preconditions.clone(),
            ..put("a")
        },
        ErrorCode::PreconditionFailed,
    )
    .await;
    check(
        PutObject {
            preconditions,
            ..put("b")
        },
        ErrorCode::PreconditionFailed,
    )
    .await;
    let length = Some(5 * 1024 * 1024 * 1024 + 1);
    let body = BodyClaims {
        length,
        ..Default::default()
    };
    check(PutObject { body, ..put("b") }, ErrorCode::EntityTooLarge).await;

    let same = Some(ETagMatch::OneOf(vec![etag]));
    let preconditions = Preconditions {
        if_match: same,
        ..Default::default()
    };
    fixture
        .put_request(
            &PutObject {
                preconditions,
                ..put("a")
            },
            &bytes(5, 2),
        )
        .await
        .unwrap();
    assert_eq!(fixture.get("a").await.unwrap(), bytes(5, 2));
    fixture
        .put_request(
            &PutObject {
                forbid_overwrite: true,
                ..put("new")
            },
            &bytes(5, 2),
        )
        .await
        .unwrap();
}

/// The condition held when the body began, and somebody else wrote before it ended.
#[tokio::test]
async fn writes_obey_conditions_at_their_commit() {
    let fixture = with_bucket().await;
    for length in [10, 5000] {
        let name = format!("a{length}");
        let request = PutObject {
            forbid_overwrite: true,
            ..put(&name)
        };
        let meanwhile = fixture.clone();
        let other = name.clone();
        let late = stream::once(async move {
            meanwhile.put(&other, &bytes(3, 9)).await.unwrap();
            Ok(bytes(length, 1))
        });
        let view = fixture.view().await;
        let put = fixture
            .store
            .put_object(view, &request, late.boxed(), NOW, &*fixture.random)
            .await;
        assert_eq!(code(put), ErrorCode::ObjectExists, "{length}");
        assert_eq!(fixture.get(&name).await.unwrap(), bytes(3, 9));
        assert_eq!(fixture.blob_count().await, 0);
    }
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn claims_that_do_not_hold_leave_nothing() {
    let fixture = with_bucket().await;
    for length in [10_usize, 5000] {
        let data = bytes(length, 1);
        let check = async |body: BodyClaims, expected| {
            let put = fixture.put_request(&PutObject { body, ..put("a") }, &data).await;
            assert_eq!(code(put), expected);
            assert_eq!(code(fixture.get("a").await), ErrorCode::NoSuchKey);
            assert_eq!(fixture.blob_count().await, 0);
        };
        let announced = Some(length as u64 + 1);
        check(
            BodyClaims {
                length: announced,
                ..Default::default()
            },
            ErrorCode::IncompleteBody,
        )
        .await;
        check(
            BodyClaims {
                md5: Some([0; 16]),
                ..Default::default()
            },
            ErrorCode::BadDigest,
        )
        .await;
        check(
            BodyClaims {
                sha1: Some([0; 20]),
                ..Default::default()
            },
            ErrorCode::InvalidSha1Digest,
        )
        .await;
    }
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn a_bucket_with_objects_or_uploads_stays() {
    let fixture = with_bucket().await;
    fixture.put("a", &bytes(1, 0)).await.unwrap();
    assert_eq!(
        code(fixture.delete_bucket("photos").await),
        ErrorCode::BucketNotEmpty
    );
    fixture.delete("a").await.unwrap();
    let upload = fixture.begin("a").await.unwrap();
    assert_eq!(
        code(fixture.delete_bucket("photos").await),
        ErrorCode::BucketNotEmpty
    );
    fixture.abort(&upload).await.unwrap();
    fixture.delete_bucket("photos").await.unwrap();
    // A bucket whose name begins with another's is another bucket.
    fixture.create_bucket("pho").await.unwrap();
    fixture.create_bucket("photos").await.unwrap();
    fixture.put("a", &bytes(1, 0)).await.unwrap();
    fixture.delete_bucket("pho").await.unwrap();
}

#[tokio::test]
async fn a_read_goes_on_although_the_object_is_replaced() {
    let fixture = with_bucket().await;
    for length in [INLINE, 300_000] {
        fixture.put("a", &bytes(length, 1)).await.unwrap();
        let view = fixture.view().await;
        let (_, reader) = fixture.store.get_object(&view, &read("a")).await.unwrap();
        drop(view);
        fixture.put("a", &bytes(5000, 2)).await.unwrap();
        fixture.delete("a").await.unwrap();
        fixture
            .sweep_all(NOW.plus_seconds(60), Duration::from_secs(3600))
            .await;
        let pieces: Vec<Bytes> = reader.unwrap().try_collect().await.unwrap();
        assert_eq!(pieces.concat(), bytes(length, 1));
    }
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 0);
}

#[tokio::test]
async fn an_upload_that_the_client_leaves_is_swept() {
    let fixture = with_bucket().await;
    let request = put("a");
    let stalled = stream::iter([Ok(bytes(5000, 1))])
        .chain(stream::pending())
        .boxed();
    let view = fixture.view().await;
    let mut put = Box::pin(
        fixture
            .store
            .put_object(view, &request, stalled, NOW, &*fixture.random),
    );
    assert!((&mut put).now_or_never().is_none());
    drop(put);
    assert_eq!(code(fixture.get("a").await), ErrorCode::NoSuchKey);
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn corrupt_bytes_are_an_error_and_not_an_answer() {
    let fixture = with_bucket().await;
    fixture.put("a", &bytes(300_000, 1)).await.unwrap();
    let [id] = fixture.blobs_listed().await[..] else {
        panic!("one blob")
    };
    fixture.blobs.corrupt_byte(id, 100_000);
    assert_eq!(code(fixture.get("a").await), ErrorCode::InternalError);
    let early = ReadObject {
        range: Some(ByteRange::From(0, Some(9))),
        ..read("a")
    };
    assert_eq!(fixture.read(&early).await.unwrap().1, bytes(10, 1));
    fixture.blobs.truncate(id);
    let view = fixture.view().await;
    assert_eq!(
        code(fixture.store.get_object(&view, &read("a")).await.map(|_| ())),
        ErrorCode::InternalError
    );
}

#[tokio::test]
async fn many_are_removed_each_by_itself() {
    let fixture = with_bucket().await;
    for name in ["a", "b", "c"] {
        fixture.put(name, &bytes(2000, 1)).await.unwrap();
    }
    let keys: Vec<_> = ["a", "none", "a", "c"].map(key).to_vec();
    let removed = fixture
        .store
        .delete_objects(fixture.view().await, &photos(), keys.clone(), NOW)
        .await
        .unwrap();
    assert_eq!(removed, vec![Ok(()); 4]);
    assert_eq!(code(fixture.get("a").await), ErrorCode::NoSuchKey);
    assert_eq!(fixture.get("b").await.unwrap(), bytes(2000, 1));
    let nowhere = fixture
        .store
        .delete_objects(fixture.view().await, &bucket("other"), keys, NOW)
        .await;
    assert_eq!(code(nowhere), ErrorCode::NoSuchBucket);
    fixture.audit_after_sweeps().await;
}
