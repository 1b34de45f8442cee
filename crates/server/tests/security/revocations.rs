//! Sessions that are ended before their time: whichever way they are named, with all that descend from them, from the
//! very next request on, after a restart, too.

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, act, call, code, expect, key_of, mint, policy, server, user};

const TRUST: &str = crate::acting::TRUSTS_ROOT;

async fn revoke(server: &TestServer, parameters: Value) {
    let answer = call(server, &Key::root(), "RevokeSession", parameters).await;
    assert_eq!(code(&answer), "", "{answer}");
}

async fn lives(server: &TestServer, key: &Key) -> bool {
    let answer = act(server, key, "GET", "/", b"").await;
    let caller = call(server, key, "GetCallerIdentity", json!({})).await;
    if answer.status == 200 {
        assert_eq!(code(&caller), "", "{caller}");
        return true;
    }
    expect(&answer, 403, "AccessDenied");
    assert_eq!(code(&caller), "AuthFailure.TokenFailure", "{caller}");
    false
}

async fn assume(server: &TestServer, by: &Key, name: &str) -> Key {
    let arn = "qcs::cam::uin/100000000001:roleName/deep";
    let parameters = json!({ "RoleArn": arn, "RoleSessionName": name });
    key_of(&call(server, by, "AssumeRole", parameters).await)
}

/// A server with a user and a role that may do everything.
async fn stage() -> (TestServer, crate::kit::User, String) {
    let server = server().await;
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let ann = user(&server, "ann", &everything).await;
    let role = crate::acting::role(&server, "deep", TRUST, &everything).await;
    (server, ann, role)
}

#[tokio::test]
async fn whichever_way_a_session_is_named_it_ends_with_what_descends_from_it() {
    let (server, ann, role) = stage().await;
    let root = Key::root();
    for way in 0..7 {
        let first = assume(&server, &ann.key, "first").await;
        let child = assume(&server, &first, "child").await;
        let other = mint(&server, &root, None, 1800).await;
        assert!(lives(&server, &first).await && lives(&server, &child).await);
        let (target, ends_first) = match way {
            0 => (json!({ "TmpSecretIds": [first.id] }), true),
            1 => (json!({ "TmpSecretIds": [child.id] }), false),
            2 => (json!({ "TargetUin": ann.uin }), true),
            3 => (json!({ "RoleId": role }), true),
            4 => (json!({ "RoleName": "deep" }), true),
            5 => (json!({ "SecretId": ann.key.id }), true),
            _ => (json!({ "SessionName": "first" }), true),
        };
        revoke(&server, target).await;
        assert_eq!(lives(&server, &first).await, !ends_first, "{way}");
        assert!(!lives(&server, &child).await, "{way}");
        assert!(lives(&server, &other).await, "{way}");
        server.clock.advance_seconds(1);
        // What is made afterwards is another session.
        let later = assume(&server, &ann.key, "first").await;
        assert!(lives(&server, &later).await, "{way}");
        server.clock.advance_seconds(1);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_bound_spares_what_is_younger_but_not_the_children_of_what_is_older() {
    let (server, ann, _) = stage().await;
    let old = assume(&server, &ann.key, "old").await;
    let bound = daypass_server::Clock::now(&*server.clock).iso_millis();
    server.clock.advance_seconds(60);
    let child = assume(&server, &old, "child").await;
    let young = assume(&server, &ann.key, "young").await;
    revoke(&server, json!({ "RoleName": "deep", "IssuedBefore": bound })).await;
    assert!(!lives(&server, &old).await && !lives(&server, &child).await);
    assert!(lives(&server, &young).await);
    let server = server.restart().await;
    assert!(!lives(&server, &old).await && !lives(&server, &child).await);
    assert!(lives(&server, &young).await);
    let listed = call(&server, &Key::root(), "ListRevocations", json!({ "Limit": 1 })).await;
    assert_eq!(listed["Revocations"][0]["Type"], "Role", "{listed}");
    assert_eq!(listed["Revocations"][0]["IssuedBefore"], bound);
    server.stop().await;
}

#[tokio::test]
async fn what_is_refused() {
    let (server, ann, _) = stage().await;
    let nothing = policy(&[("allow", &["cos:NoSuchAction"], &["*"])]);
    let bob = user(&server, "bob", &nothing).await;
    let refused = async |key: &Key, parameters: Value, expected: &str| {
        let answer = call(&server, key, "RevokeSession", parameters).await;
        assert_eq!(code(&answer), expected, "{answer}");
    };
    let (root, bad) = (Key::root(), "InvalidParameterValue");
    refused(&root, json!({}), bad).await;
    refused(&root, json!({ "SessionName": "a", "TargetUin": 1 }), bad).await;
    refused(&root, json!({ "TmpSecretIds": [] }), bad).await;
    refused(&root, json!({ "TmpSecretIds": vec!["AKIDx"; 1001] }), bad).await;
    refused(&root, json!({ "TmpSecretIds": [ann.key.id] }), bad).await;
    let future = json!({ "SessionName": "a", "IssuedBefore": "2100-01-01T00:00:00Z" });
    refused(&root, future, bad).await;
    let name = json!({ "SessionName": "tests" });
    refused(&bob.key, name.clone(), "UnauthorizedOperation").await;
    let narrowed = mint(
        &server,
        &ann.key,
        Some(&policy(&[("allow", &["*"], &["*"])])),
        1800,
    )
    .await;
    refused(&narrowed, name.clone(), "UnauthorizedOperation").await;
    refused(&ann.key, name, "").await;
    assert!(!lives(&server, &narrowed).await);
    server.stop().await;
}
