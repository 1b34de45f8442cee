//! Two gateways over one store: what is ended at one is refused by the other from the next request on, however long it
//! has known it, and whatever was forgotten meanwhile.

use daypass_server::Engines;
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::{TRUSTS_ROOT, role};
use crate::kit::{Key, act, call, code, key_of, mint, policy, user};
use crate::one_store::{MASTER_KEY, engines, told};

/// Both of them wrap what they store under the same key.
async fn gateway(engines: &Engines) -> TestServer {
    told(engines, MASTER_KEY).await.unwrap()
}

async fn lives(server: &TestServer, key: &Key) -> bool {
    let answer = call(server, key, "GetCallerIdentity", json!({})).await;
    assert!(
        ["", "AuthFailure.TokenFailure"].contains(&code(&answer)),
        "{answer}"
    );
    code(&answer).is_empty()
}

async fn revoke(server: &TestServer, parameters: Value) {
    let answer = call(server, &Key::root(), "RevokeSession", parameters).await;
    assert_eq!(code(&answer), "", "{answer}");
}

async fn assume(server: &TestServer, by: &Key, name: &str) -> Key {
    let arn = "qcs::cam::uin/100000000001:roleName/dev";
    let parameters = json!({ "RoleArn": arn, "RoleSessionName": name });
    key_of(&call(server, by, "AssumeRole", parameters).await)
}

#[tokio::test]
async fn what_is_ended_at_one_gateway_is_refused_by_the_other() {
    let engines = engines();
    let (here, there) = (gateway(&engines).await, gateway(&engines).await);
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let ann = user(&here, "ann", &everything).await;
    let id = role(&there, "dev", TRUSTS_ROOT, &everything).await;
    for way in 0..6 {
        // Minted at one, known by both.
        let first = assume(&here, &ann.key, "first").await;
        let child = assume(&there, &first, "child").await;
        let other = mint(&there, &Key::root(), None, 1800).await;
        for server in [&here, &there] {
            for key in [&first, &child, &other] {
                assert!(lives(server, key).await, "{way}");
            }
        }
        let (target, ends_first) = match way {
            0 => (json!({ "TmpSecretIds": [first.id] }), true),
            1 => (json!({ "TmpSecretIds": [child.id] }), false),
            2 => (json!({ "TargetUin": ann.uin }), true),
            3 => (json!({ "RoleId": id }), true),
            4 => (json!({ "SecretId": ann.key.id }), true),
            _ => (json!({ "SessionName": "first" }), true),
        };
        let (ending, told) = if way % 2 == 0 {
            (&here, &there)
        } else {
            (&there, &here)
        };
        revoke(ending, target).await;
        // The very next request at the other.
        assert!(!lives(told, &child).await, "{way}");
        assert_eq!(lives(told, &first).await, !ends_first, "{way}");
        assert!(lives(told, &other).await && lives(ending, &other).await, "{way}");
        for server in [&here, &there] {
            server.clock.advance_seconds(2);
        }
    }
    here.stop().await;
}

#[tokio::test]
async fn many_revocations_at_both_are_all_seen_by_both() {
    let engines = engines();
    let (here, there) = (gateway(&engines).await, gateway(&engines).await);
    let mut keys = Vec::new();
    for _ in 0..24 {
        keys.push(mint(&here, &Key::root(), None, 1800).await);
    }
    let end = async |server: &TestServer, other: &TestServer, keys: Vec<Key>| {
        for key in keys {
            revoke(server, json!({ "TmpSecretIds": [key.id] })).await;
            assert!(!lives(other, &key).await);
        }
    };
    let half = |odd: usize| keys.iter().skip(odd).step_by(2).take(10).cloned().collect();
    // At once, so that they meet at the end of the log.
    tokio::join!(end(&here, &there, half(0)), end(&there, &here, half(1)));
    for server in [&here, &there] {
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(lives(server, key).await, place >= 20, "{place}");
        }
    }
    // One that starts later knows them all.
    let late = gateway(&engines).await;
    for (place, key) in keys.iter().enumerate() {
        assert_eq!(lives(&late, key).await, place >= 20, "{place}");
    }
    here.stop().await;
}

#[tokio::test]
async fn a_key_that_is_disabled_at_one_gateway_signs_nothing_at_the_other() {
    let engines = engines();
    let (here, there) = (gateway(&engines).await, gateway(&engines).await);
    let ann = user(&here, "ann", &policy(&[("allow", &["*"], &["*"])])).await;
    let session = mint(&there, &ann.key, None, 1800).await;
    assert!(lives(&here, &session).await && lives(&there, &session).await);
    let status = |status| json!({ "TargetUin": ann.uin, "AccessKeyId": ann.key.id, "Status": status });
    for (word, expected) in [("Inactive", 403), ("Active", 404), ("Inactive", 403)] {
        let set = call(&here, &Key::root(), "UpdateAccessKey", status(word)).await;
        assert_eq!(code(&set), "", "{set}");
        for key in [&ann.key, &session] {
            assert_eq!(act(&there, key, "GET", "/", b"").await.status, expected, "{word}");
        }
    }
    here.stop().await;
}
