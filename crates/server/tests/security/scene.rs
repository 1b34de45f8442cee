//! The life of a temporary key: minted, used inside A ∩ B and nowhere else, and ended by every cause there is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::kit::{Key, User, act, call, code, expect, mint, object_resource, policy, server, user};

const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);

/// A user who may do everything with objects below `a/`, and a key of it for `a/b/`, `c/`.
async fn played(server: &daypass_testkit::TestServer, seconds: i64) -> (User, Key) {
    let own = policy(&[("allow", &["cos:*"], &[&object_resource("a/*")])]);
    let user = user(server, "player", &own).await;
    let narrowed = policy(&[(
        "allow",
        &["cos:PutObject", "cos:GetObject"],
        &[&object_resource("a/b/*"), &object_resource("c/*")],
    )]);
    let key = mint(server, &user.key, Some(&narrowed), seconds).await;
    (user, key)
}

#[tokio::test]
async fn a_key_does_what_both_allow_and_no_more() {
    let server = server().await;
    let (user, key) = played(&server, 1800).await;
    expect(&act(&server, &key, "PUT", "/a/b/1", b"one").await, 200, "");
    let read = act(&server, &key, "GET", "/a/b/1", b"").await;
    assert_eq!((read.status, read.body.as_slice()), (200, &b"one"[..]));

    // Outside B, though A allows it.
    expect(
        &act(&server, &key, "PUT", "/a/c", b"x").await,
        403,
        "AccessDenied",
    );
    expect(
        &act(&server, &key, "DELETE", "/a/b/1", b"").await,
        403,
        "AccessDenied",
    );
    expect(
        &act(&server, &key, "GET", "/?prefix=a/", b"").await,
        403,
        "AccessDenied",
    );
    // Outside A, though B allows it.
    expect(
        &act(&server, &key, "PUT", "/c/1", b"x").await,
        403,
        "AccessDenied",
    );
    // The user itself: inside A, and outside.
    expect(&act(&server, &user.key, "PUT", "/a/c", b"x").await, 200, "");
    expect(
        &act(&server, &user.key, "PUT", "/c/1", b"x").await,
        403,
        "AccessDenied",
    );
    expect(
        &act(&server, &Key::root(), "GET", "/c/1", b"").await,
        404,
        "NoSuchKey",
    );
    server.stop().await;
}

#[tokio::test]
async fn a_counts_live() {
    let server = server().await;
    let root = Key::root();
    let (user, key) = played(&server, 1800).await;
    expect(&act(&server, &key, "PUT", "/a/b/1", b"1").await, 200, "");
    let which = json!({ "DetachUin": user.uin, "PolicyId": user.policy });
    assert_eq!(code(&call(&server, &root, "DetachUserPolicy", which).await), "");
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"2").await,
        403,
        "AccessDenied",
    );
    let which = json!({ "AttachUin": user.uin, "PolicyId": user.policy });
    assert_eq!(code(&call(&server, &root, "AttachUserPolicy", which).await), "");
    expect(&act(&server, &key, "PUT", "/a/b/1", b"3").await, 200, "");
    // A policy that is removed is taken from everybody.
    let which = json!({ "PolicyId": [user.policy] });
    assert_eq!(code(&call(&server, &root, "DeletePolicy", which).await), "");
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"4").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

#[tokio::test]
async fn a_disabled_parent_key_ends_its_keys_and_enabled_again_revives_them() {
    let server = server().await;
    let root = Key::root();
    let (user, key) = played(&server, 1800).await;
    let set = |status: &str| json!({ "AccessKeyId": user.key.id, "TargetUin": user.uin, "Status": status });
    expect(&act(&server, &key, "PUT", "/a/b/1", b"1").await, 200, "");
    assert_eq!(
        code(&call(&server, &root, "UpdateAccessKey", set("Inactive")).await),
        ""
    );
    for dead in [&key, &user.key] {
        expect(
            &act(&server, dead, "PUT", "/a/b/1", b"2").await,
            403,
            "InvalidAccessKeyId",
        );
        let who = call(&server, dead, "GetCallerIdentity", json!({})).await;
        assert_eq!(code(&who), "AuthFailure.SecretIdNotFound");
    }
    let minted = call(&server, &user.key, "GetFederationToken", json!({ "Name": "x" })).await;
    assert_eq!(code(&minted), "AuthFailure.SecretIdNotFound");
    assert_eq!(
        code(&call(&server, &root, "UpdateAccessKey", set("Active")).await),
        ""
    );
    expect(&act(&server, &key, "PUT", "/a/b/1", b"3").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_parent_key_ends_its_keys_for_good() {
    let server = server().await;
    let root = Key::root();
    let (user, key) = played(&server, 1800).await;
    let which = json!({ "AccessKeyId": user.key.id, "TargetUin": user.uin });
    assert_eq!(code(&call(&server, &root, "DeleteAccessKey", which).await), "");
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"1").await,
        403,
        "InvalidAccessKeyId",
    );
    // A new key of the same user does not bring the session back.
    let made = call(
        &server,
        &root,
        "CreateAccessKey",
        json!({ "TargetUin": user.uin }),
    )
    .await;
    assert_eq!(code(&made), "");
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"1").await,
        403,
        "InvalidAccessKeyId",
    );
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_user_takes_its_keys_along_and_its_namesake_gets_none() {
    let server = server().await;
    let root = Key::root();
    let (old, key) = played(&server, 1800).await;
    let gone = call(
        &server,
        &root,
        "DeleteUser",
        json!({ "Name": old.name, "Force": 1 }),
    )
    .await;
    assert_eq!(code(&gone), "");
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"1").await,
        403,
        "InvalidAccessKeyId",
    );
    expect(
        &act(&server, &old.key, "PUT", "/a/b/1", b"1").await,
        403,
        "InvalidAccessKeyId",
    );
    let made = call(
        &server,
        &root,
        "AddUser",
        json!({ "Name": old.name, "UseApi": 1 }),
    )
    .await;
    assert_ne!(
        made["Uin"].as_u64().unwrap(),
        old.uin,
        "numbers are never given again"
    );
    let which = json!({ "AttachUin": made["Uin"], "PolicyId": old.policy });
    assert_eq!(code(&call(&server, &root, "AttachUserPolicy", which).await), "");
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"1").await,
        403,
        "InvalidAccessKeyId",
    );
    expect(
        &act(&server, &old.key, "PUT", "/a/b/1", b"1").await,
        403,
        "InvalidAccessKeyId",
    );
    server.stop().await;
}

#[tokio::test]
async fn a_key_ends_at_its_exact_second() {
    let server = server().await;
    let begun = crate::kit::now(&server);
    let (_, key) = played(&server, 1800).await;
    server
        .clock
        .advance_seconds(begun + 1799 - crate::kit::now(&server));
    expect(&act(&server, &key, "PUT", "/a/b/1", b"1").await, 200, "");
    server.clock.advance_seconds(1);
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"1").await,
        400,
        "ExpiredToken",
    );
    let who = call(&server, &key, "GetCallerIdentity", json!({})).await;
    assert_eq!(code(&who), "AuthFailure.TokenFailure");
    server.stop().await;
}

#[tokio::test]
async fn two_keys_of_one_user_end_apart() {
    let server = server().await;
    let own = policy(&[EVERYTHING]);
    let user = user(&server, "twice", &own).await;
    let begun = crate::kit::now(&server);
    let short = mint(&server, &user.key, None, 1800).await;
    let long = mint(&server, &user.key, None, 3600).await;
    server
        .clock
        .advance_seconds(begun + 1800 - crate::kit::now(&server));
    expect(
        &act(&server, &short, "PUT", "/k", b"1").await,
        400,
        "ExpiredToken",
    );
    expect(&act(&server, &long, "PUT", "/k", b"1").await, 200, "");
    server.clock.advance_seconds(1800);
    expect(&act(&server, &long, "PUT", "/k", b"1").await, 400, "ExpiredToken");
    expect(&act(&server, &user.key, "PUT", "/k", b"1").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn how_long_a_key_may_live() {
    let server = server().await;
    let user = user(&server, "long", &policy(&[EVERYTHING])).await;
    let root = Key::root();
    for (key, seconds, expected) in [
        (&root, 7200, ""),
        (&root, 7201, "InvalidParameter.OverTimeError"),
        (&user.key, 129_600, ""),
        (&user.key, 129_601, "InvalidParameter.OverTimeError"),
        (&root, 1799, "InvalidParameter.ParamError"),
        (&root, -1, "InvalidParameter.ParamError"),
    ] {
        let parameters = json!({ "Name": "n", "DurationSeconds": seconds });
        let minted = call(&server, key, "GetFederationToken", parameters).await;
        assert_eq!(code(&minted), expected, "{seconds}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_tokens_good_and_what_was_taken_away_gone() {
    let server = server().await;
    let (user, key) = played(&server, 1800).await;
    let server = server.restart().await;
    expect(&act(&server, &key, "PUT", "/a/b/1", b"1").await, 200, "");
    let set = json!({ "AccessKeyId": user.key.id, "TargetUin": user.uin, "Status": "Inactive" });
    assert_eq!(
        code(&call(&server, &Key::root(), "UpdateAccessKey", set).await),
        ""
    );
    let server = server.restart().await;
    expect(
        &act(&server, &key, "PUT", "/a/b/1", b"1").await,
        403,
        "InvalidAccessKeyId",
    );
    server.stop().await;
}

/// The epoch of the key ring that a token was sealed under.
fn epoch(key: &Key) -> u32 {
    let token = URL_SAFE_NO_PAD.decode(key.token.as_ref().unwrap()).unwrap();
    u32::from_be_bytes(token[1..5].try_into().unwrap())
}

#[tokio::test]
async fn a_new_key_ring_keeps_old_tokens_good_until_they_expire() {
    let server = server().await;
    let user = user(&server, "patient", &policy(&[EVERYTHING])).await;
    let begun = crate::kit::now(&server);
    let old = mint(&server, &user.key, None, 129_600).await;
    server.clock.advance_seconds(25 * 3600);
    // The ring is looked at when the server starts.
    let server = server.restart().await;
    let mut new = mint(&server, &user.key, None, 1800).await;
    for _ in 0..200 {
        if epoch(&new) != epoch(&old) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        new = mint(&server, &user.key, None, 1800).await;
    }
    assert_eq!(epoch(&new), epoch(&old) + 1);
    for key in [&old, &new] {
        expect(&act(&server, key, "PUT", "/k", b"1").await, 200, "");
    }
    let server = server.restart().await;
    server
        .clock
        .advance_seconds(begun + 129_599 - crate::kit::now(&server));
    expect(&act(&server, &old, "PUT", "/k", b"1").await, 200, "");
    server.clock.advance_seconds(1);
    expect(&act(&server, &old, "PUT", "/k", b"1").await, 400, "ExpiredToken");
    // Once its epoch is dropped, it is no token any more.
    server.clock.advance_seconds(10 * 24 * 3600);
    let server = server.restart().await;
    let answer = act(&server, &old, "PUT", "/k", b"1").await;
    assert!(
        matches!(answer.code(), "ExpiredToken" | "AccessDenied"),
        "{}",
        answer.code()
    );
    server.stop().await;
}
