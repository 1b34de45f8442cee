//! What is said about buckets and objects beside their contents.

use daypass_api::acl::{Acl, AclRequest, Grant, Grantee, Permission};
use daypass_api::cors::{CorsMethod, CorsRule, CorsRules};
use daypass_api::operation::Preflight;
use daypass_api::outcome::AclReport;

use super::*;

fn reader(uin: u64) -> Grant {
    Grant {
        grantee: Grantee::User {
            owner_uin: Uin(uin),
            uin: Uin(uin),
        },
        permission: Permission::Read,
    }
}

fn report(outcome: Outcome) -> AclReport {
    match outcome {
        Outcome::Acl(report) => report,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn lists_of_buckets_are_replaced() {
    let fixture = with_bucket().await;
    let store = &fixture.store;
    let shown = async || report(store.bucket_acl(&fixture.view().await, &photos()).await.unwrap());
    let before = shown().await;
    assert_eq!((before.owner_uin, before.inherited), (OWNER.owner_uin, false));
    let put = async |acl| {
        let view = fixture.view().await;
        store.put_bucket_acl(view, &photos(), &acl).await.map(drop)
    };
    put(BucketAclPreset::PublicRead.into()).await.unwrap();
    assert_eq!(shown().await.acl, BucketAclPreset::PublicRead.acl(OWNER));
    put(AclRequest::Grants(vec![reader(5)])).await.unwrap();
    assert_eq!(shown().await.acl.grants.last(), Some(&reader(5)));
    assert_eq!(shown().await.acl.grants.len(), 2);
    let list = Acl {
        grants: vec![reader(6)],
    };
    put(AclRequest::List(list.clone())).await.unwrap();
    assert_eq!(shown().await.acl, list);
    let missing = store
        .put_bucket_acl(fixture.view().await, &bucket("none"), &AclRequest::List(list))
        .await;
    assert_eq!(code(missing), ErrorCode::NoSuchBucket);
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn lists_of_objects_are_replaced_and_their_bytes_stay() {
    let fixture = with_bucket().await;
    let store = &fixture.store;
    let etag = fixture.put("a", &bytes(5000, 1)).await.unwrap();
    let shown = async || {
        let view = fixture.view().await;
        report(store.object_acl(&view, &photos(), &key("a")).await.unwrap())
    };
    assert_eq!(
        (shown().await.inherited, shown().await.acl),
        (true, BucketAclPreset::Private.acl(OWNER))
    );
    let put = async |name: &str, acl| {
        let view = fixture.view().await;
        store
            .put_object_acl(view, &photos(), &key(name), &acl)
            .await
            .map(drop)
    };
    put("a", ObjectAclPreset::PublicRead.into()).await.unwrap();
    assert_eq!(
        (shown().await.inherited, shown().await.acl),
        (false, BucketAclPreset::PublicRead.acl(OWNER))
    );
    put("a", AclRequest::default()).await.unwrap();
    assert!(shown().await.inherited);
    let (info, data) = fixture.read(&read("a")).await.unwrap();
    assert_eq!((info.etag, data), (etag, bytes(5000, 1)));
    let missing = put("none", AclRequest::default()).await;
    assert_eq!(code(missing), ErrorCode::NoSuchKey);
    fixture.delete("a").await.unwrap();
    assert_eq!(code(put("a", AclRequest::default()).await), ErrorCode::NoSuchKey);
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn an_object_that_was_replaced_is_not_changed_unjudged() {
    let fixture = with_bucket().await;
    fixture.put("a", &bytes(10, 1)).await.unwrap();
    let judged = fixture.view().await;
    fixture.put("a", &bytes(10, 2)).await.unwrap();
    let open = ObjectAclPreset::PublicRead.into();
    let late = fixture
        .store
        .put_object_acl(judged, &photos(), &key("a"), &open)
        .await;
    assert_eq!(code(late), ErrorCode::SlowDown);
}

#[tokio::test]
async fn rules_for_other_origins_end_with_their_bucket() {
    let fixture = with_bucket().await;
    let store = &fixture.store;
    let rules = CorsRules {
        rules: vec![CorsRule {
            origins: vec!["http://a".to_owned()],
            methods: vec![CorsMethod::Put],
            ..CorsRule::default()
        }],
        vary: Some(true),
    };
    let shown = async || store.bucket_cors(&fixture.view().await, &photos()).await;
    let ask = async |origin: &str| {
        let preflight = Preflight {
            bucket: photos(),
            origin: origin.to_owned(),
            method: "PUT".to_owned(),
            headers: Vec::new(),
        };
        store.preflight(&fixture.view().await, &preflight).await
    };
    assert_eq!(code(shown().await), ErrorCode::NoSuchCors);
    assert_eq!(store.put_bucket_cors(&photos(), None).await, Ok(Outcome::Deleted));
    let put = store.put_bucket_cors(&photos(), Some(rules.clone())).await;
    assert_eq!(put, Ok(Outcome::Changed));
    assert_eq!(shown().await, Ok(Outcome::Cors(rules.clone())));
    assert!(ask("http://a").await.is_ok());
    assert_eq!(code(ask("http://b").await), ErrorCode::CorsForbidden);
    fixture.delete_bucket("photos").await.unwrap();
    assert_eq!(code(shown().await), ErrorCode::NoSuchBucket);
    assert_eq!(code(ask("http://a").await), ErrorCode::CorsForbidden);
    let late = store.put_bucket_cors(&photos(), Some(rules)).await;
    assert_eq!(code(late), ErrorCode::NoSuchBucket);
    fixture.create_bucket("photos").await.unwrap();
    assert_eq!(code(shown().await), ErrorCode::NoSuchCors);
    fixture.audit_after_sweeps().await;
}

fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn tags_of_buckets_and_objects() {
    let fixture = with_bucket().await;
    let store = &fixture.store;
    let of_bucket = async || store.bucket_tags(&fixture.view().await, &photos()).await;
    let of = async |name: &str| {
        store
            .object_tags(&fixture.view().await, &photos(), &key(name))
            .await
    };
    assert_eq!(code(of_bucket().await), ErrorCode::NoSuchTags);
    let (one, two) = (tags(&[("a", "1")]), tags(&[("b", ""), ("c", "3")]));
    store
        .put_bucket_tags(fixture.view().await, &photos(), &one)
        .await
        .unwrap();
    assert_eq!(of_bucket().await, Ok(Outcome::Tags(one.clone())));
    let seen = fixture.view().await.bucket(&photos()).await.unwrap().unwrap();
    assert_eq!(seen.tags, one);

    let tagged = PutObject {
        tags: one.clone(),
        ..put("a")
    };
    fixture.put_request(&tagged, &bytes(5000, 1)).await.unwrap();
    assert_eq!(of("a").await, Ok(Outcome::Tags(one.clone())));
    store
        .put_object_tags(fixture.view().await, &photos(), &key("a"), &two)
        .await
        .unwrap();
    assert_eq!(of("a").await, Ok(Outcome::Tags(two.clone())));
    let mut request = copy("a", "b");
    request.put.tags = one.clone();
    fixture.copy_request(&request).await.unwrap();
    assert_eq!(of("b").await, Ok(Outcome::Tags(two)));
    request.replaces_tags = true;
    fixture.copy_request(&request).await.unwrap();
    assert_eq!(of("b").await, Ok(Outcome::Tags(one)));
    fixture.put("b", &bytes(10, 1)).await.unwrap();
    assert_eq!(code(of("b").await), ErrorCode::NoSuchTags);
    assert_eq!(code(of("none").await), ErrorCode::NoSuchKey);
    assert_eq!(fixture.get("a").await.unwrap(), bytes(5000, 1));
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn tags_of_an_upload_become_those_of_its_object() {
    let fixture = with_bucket().await;
    let request = InitiateMultipartUpload {
        tags: tags(&[("a", "1")]),
        ..initiate("a")
    };
    let view = fixture.view().await;
    let started = fixture
        .store
        .initiate_multipart(view, &request, OWNERSHIP, NOW, &*fixture.random);
    let Outcome::UploadStarted { upload_id, .. } = started.await.unwrap() else {
        panic!("not started");
    };
    let upload = UploadRef {
        bucket: photos(),
        key: key("a"),
        upload_id,
    };
    let tag = fixture.part(&upload, 1, &bytes(10, 1)).await.unwrap();
    fixture.complete(&upload, &[entry(1, &tag)]).await.unwrap();
    let found = fixture
        .store
        .object_tags(&fixture.view().await, &photos(), &key("a"))
        .await;
    assert_eq!(found, Ok(Outcome::Tags(tags(&[("a", "1")]))));
}
