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
