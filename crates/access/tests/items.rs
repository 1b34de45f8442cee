//! An operation on items that are judged one by one: each gets its own answer, as if it had been asked for alone.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use daypass_access::{
    BucketFacts, Caller, Decision, Environment, Facts, Identity, Layers, Principal, Question, decide,
};
use daypass_api::acl::{Acl, BucketAclPreset};
use daypass_api::attributes::Attributes;
use daypass_api::names::{AccessKeyId, Account, AppId, BucketName, ObjectKey, Region, Uin};
use daypass_api::operation::{DeleteEntry, DeleteObjects, ObjectOperation};
use daypass_api::{Operation, Timestamp};
use daypass_policy::{DocumentKind, OwnerAccount, parse};

const OWNER: Account = Account {
    app_id: AppId(125),
    owner_uin: Uin(900),
};

fn delete(entries: &[(&str, Option<&str>)]) -> Operation {
    let entries = entries.iter().map(|(key, version_id)| DeleteEntry {
        key: ObjectKey::parse(key.as_bytes()).unwrap(),
        version_id: version_id.map(str::to_owned),
    });
    Operation::Object(ObjectOperation::DeleteObjects(DeleteObjects {
        bucket: BucketName::parse("photos-125").unwrap(),
        quiet: false,
        entries: entries.collect(),
    }))
}

fn user() -> Caller {
    Caller::Identified(Identity {
        account: OWNER,
        principal: Principal::User(Uin(901)),
        origin: daypass_token::Origin::Key {
            caller: Uin(901),
            key: AccessKeyId::parse("AKIDexample").unwrap(),
        },
        session: None,
    })
}

/// What is decided for a caller with this statement, of a bucket with this list.
fn decided(caller: &Caller, statement: &str, acl: Acl, entries: &[(&str, Option<&str>)]) -> Decision {
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let text = format!(r#"{{"version":"2.0","statement":[{statement}]}}"#);
    let policy = parse(&text, DocumentKind::Identity, &owner).unwrap();
    let layers = Layers {
        identity: Arc::new([Some(Arc::new(policy))]),
        ..Layers::default()
    };
    let facts = Facts {
        operator: None,
        buckets: vec![BucketFacts {
            name: BucketName::parse("photos-125").unwrap(),
            owner: OWNER,
            region: Region::parse("ap-guangzhou").unwrap(),
            acl,
            policy: None,
            tags: Vec::new(),
            objects: Vec::new(),
        }],
        ..Facts::default()
    };
    let attributes = Attributes {
        content_length: Some("5000".to_owned()),
        ..Attributes::default()
    };
    let environment = Environment {
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        tls_version: None,
        now: Timestamp::default(),
    };
    let question = Question {
        caller,
        layers: &layers,
        facts: &facts,
        attributes: &attributes,
        environment: &environment,
    };
    decide(&delete(entries), &question)
}

const ALLOW_MINE: &str = r#"{"effect":"allow","action":"cos:DeleteObject","resource":"qcs::cos:ap-guangzhou:uid/125:photos-125/mine/*"}"#;

#[test]
fn each_item_has_its_own_answer() {
    let entries = [("mine/a", None), ("yours/b", None), ("mine/c", None)];
    let decision = decided(&user(), ALLOW_MINE, Acl::default(), &entries);
    assert_eq!((decision.allowed, decision.is_whole()), (true, false));
    assert_eq!(decision.items, [true, false, true]);
    assert!(decision.deciding().is_some());
    let decision = decided(&user(), ALLOW_MINE, Acl::default(), &entries[..1]);
    assert!(decision.is_whole());
}

#[test]
fn removing_many_is_not_an_action_of_its_own() {
    let statement = ALLOW_MINE.replace("DeleteObject", "DeleteMultipleObjects");
    let decision = decided(&user(), &statement, Acl::default(), &[("mine/a", None)]);
    assert_eq!(decision.items, [false]);
}

#[test]
fn the_values_of_the_request_are_not_those_of_its_items() {
    let with = |condition: &str| {
        let condition = format!(r#"{condition},"resource""#);
        ALLOW_MINE.replacen(r#""resource""#, &condition, 1)
    };
    let entries = [("mine/a", Some("v1")), ("mine/b", Some("v2")), ("mine/c", None)];
    let version = with(r#""condition":{"string_equal":{"cos:versionid":"v1"}}"#);
    let decision = decided(&user(), &version, Acl::default(), &entries);
    assert_eq!(decision.items, [true, false, false]);
    // The length is that of the list.
    let length = with(r#""condition":{"numeric_equal":{"cos:content-length":"5000"}}"#);
    let decision = decided(&user(), &length, Acl::default(), &entries);
    assert_eq!(decision.items, [false, false, false]);
}

#[test]
fn nobody_who_does_not_sign_gets_a_list_of_refusals() {
    let entries = [("mine/a", None)];
    let private = decided(
        &Caller::Anonymous,
        ALLOW_MINE,
        BucketAclPreset::Private.acl(OWNER),
        &entries,
    );
    assert!(!private.allowed);
    let public = BucketAclPreset::PublicReadWrite.acl(OWNER);
    let public = decided(&Caller::Anonymous, ALLOW_MINE, public, &entries);
    assert_eq!((public.allowed, public.items), (true, vec![true]));
}
