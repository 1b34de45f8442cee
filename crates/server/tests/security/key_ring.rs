//! The operator and the key ring: looking at it, rotating it, and ending every session at once.

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, act, call, code, expect, mint, policy, server, user};

async fn ring(server: &TestServer, action: &str) -> Vec<Value> {
    let answer = call(server, &Key::root(), action, json!({})).await;
    assert_eq!(code(&answer), "", "{answer}");
    answer["Epochs"].as_array().unwrap().clone()
}

fn ids(epochs: &[Value]) -> Vec<u64> {
    epochs.iter().map(|epoch| epoch["Id"].as_u64().unwrap()).collect()
}

async fn lives(server: &TestServer, key: &Key) -> bool {
    let answer = act(server, key, "GET", "/", b"").await;
    if answer.status != 200 {
        expect(&answer, 403, "AccessDenied");
    }
    answer.status == 200
}

#[tokio::test]
async fn a_rotation_spares_what_is_out_and_the_end_of_all_spares_nothing() {
    let server = server().await;
    let root = Key::root();
    let old = mint(&server, &root, None, 1800).await;
    assert_eq!(ids(&ring(&server, "DescribeKeyRing").await), [1]);
    server.clock.advance_seconds(1);
    let rotated = ring(&server, "RotateKeyRing").await;
    assert_eq!(ids(&rotated), [2, 1]);
    assert_eq!(
        (&rotated[0]["Seals"], &rotated[0]["OpensUntil"]),
        (&json!(true), &Value::Null)
    );
    assert!(rotated[1]["OpensUntil"].is_string(), "{rotated:?}");
    let new = mint(&server, &root, None, 1800).await;
    assert!(lives(&server, &old).await && lives(&server, &new).await);

    assert_eq!(ids(&ring(&server, "EndAllSessions").await), [3]);
    for key in [&old, &new] {
        assert!(!lives(&server, key).await);
        let answer = call(&server, key, "GetCallerIdentity", json!({})).await;
        assert_eq!(code(&answer), "AuthFailure.TokenFailure", "{answer}");
    }
    let later = mint(&server, &root, None, 1800).await;
    assert!(lives(&server, &later).await && lives(&server, &root).await);
    let server = server.restart().await;
    assert!(!lives(&server, &old).await && !lives(&server, &new).await);
    assert!(lives(&server, &later).await);
    assert_eq!(ids(&ring(&server, "DescribeKeyRing").await), [3]);
    server.stop().await;
}

#[tokio::test]
async fn it_is_the_operator_s_affair() {
    let server = server().await;
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let ann = user(&server, "ann", &everything).await;
    let session = mint(&server, &Key::root(), None, 1800).await;
    let made = call(&server, &Key::root(), "CreateRootAccount", json!({})).await;
    let other = Key::permanent(
        made["SecretId"].as_str().unwrap(),
        made["SecretKey"].as_str().unwrap(),
    );
    for action in ["DescribeKeyRing", "RotateKeyRing", "EndAllSessions"] {
        for key in [&ann.key, &session, &other] {
            let answer = call(&server, key, action, json!({})).await;
            assert!(
                code(&answer).contains("UnauthorizedOperation"),
                "{action}: {answer}"
            );
        }
        let answer = call(&server, &Key::root(), action, json!({ "Now": true })).await;
        assert_eq!(code(&answer), "UnknownParameter", "{answer}");
    }
    assert_eq!(ids(&ring(&server, "DescribeKeyRing").await), [1]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_end_with_one_ring_and_no_older_token() {
    let server = server().await;
    let old = mint(&server, &Key::root(), None, 1800).await;
    let actions = (0..12).map(|round| match round % 3 {
        0 => "EndAllSessions",
        _ => "RotateKeyRing",
    });
    let all = actions.map(|action| ring(&server, action));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.len(), 12);
    let left = ids(&ring(&server, "DescribeKeyRing").await);
    assert_eq!(left.first(), Some(&13));
    assert!(!lives(&server, &old).await);
    let server = server.restart().await;
    assert_eq!(ids(&ring(&server, "DescribeKeyRing").await), left);
    server.stop().await;
}

/// The server is cut off in the middle by a client that does not wait: what it began is done all the same, or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_does_not_leave_memory_and_store_apart() {
    let server = server().await;
    for _ in 0..20 {
        let cut = std::time::Duration::from_micros(300);
        // It may be done in time.
        let _ = tokio::time::timeout(cut, ring(&server, "EndAllSessions")).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let left = ids(&ring(&server, "DescribeKeyRing").await);
    let key = mint(&server, &Key::root(), None, 1800).await;
    let server = server.restart().await;
    assert_eq!(ids(&ring(&server, "DescribeKeyRing").await), left);
    assert!(lives(&server, &key).await);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_exchanged_while_keys_are_made_and_used() {
    let server = server().await;
    let nothing = policy(&[("allow", &["*"], &["*"])]);
    let session = mint(&server, &Key::root(), None, 1800).await;
    let rotate = async || {
        for _ in 0..4 {
            let answer = call(&server, &Key::root(), "RotateMasterKey", json!({})).await;
            assert_eq!(code(&answer), "", "{answer}");
        }
    };
    let make = async |number: usize| {
        let ann = user(&server, &format!("ann{number}"), &nothing).await;
        assert!(lives(&server, &ann.key).await);
        ann.key
    };
    let (keys, ()) = tokio::join!(futures_util::future::join_all((0..24).map(make)), rotate());
    let server = server.restart().await;
    for key in keys.iter().chain([&Key::root(), &session]) {
        assert!(lives(&server, key).await);
    }
    server.stop().await;
}
