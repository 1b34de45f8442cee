//! The audit trail searched by an account: all of its own, and nothing of another's.

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::cross_account::two_accounts;
use crate::kit::{Key, act, call, code, mint, object_resource, policy, server, user};
use crate::wire::BUCKET;

async fn search(server: &TestServer, key: &Key, parameters: Value) -> (Vec<Value>, Option<u64>) {
    let told = call(server, key, "SearchAudit", parameters).await;
    assert_eq!(code(&told), "", "{told}");
    (told["Records"].as_array().unwrap().clone(), told["Next"].as_u64())
}

fn ids(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record["requestId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn records_are_found_by_what_they_say() {
    let server = server().await;
    let root = Key::root();
    let ann = user(
        &server,
        "ann",
        &policy(&[
            ("allow", &["cos:*"], &[&object_resource("ann/*")]),
            ("allow", &["sts:GetFederationToken"], &["*"]),
        ]),
    )
    .await;
    let session = mint(&server, &ann.key, None, 1800).await;
    let put = act(&server, &session, "PUT", "/ann/1", b"x").await;
    let refused = act(&server, &ann.key, "GET", "/bob/1", b"").await;
    let missing = act(&server, &ann.key, "GET", "/ann/none", b"").await;
    let id = |answer: &crate::wire::Answer| answer.header("x-cos-request-id").unwrap().to_owned();
    let (put, refused, missing) = (id(&put), id(&refused), id(&missing));

    let check = async |parameters: Value, expected: &[&str]| {
        let (records, _) = search(&server, &root, parameters.clone()).await;
        assert_eq!(ids(&records), expected, "{parameters}");
    };
    check(json!({ "TargetRequestId": put }), &[&put]).await;
    check(json!({ "ActionName": "cos:PutObject" }), &[&put]).await;
    check(json!({ "Bucket": BUCKET, "Outcome": "refused" }), &[&refused]).await;
    check(json!({ "Bucket": BUCKET, "Outcome": "failed" }), &[&missing]).await;
    check(json!({ "Bucket": BUCKET, "Prefix": "ann/" }), &[&missing, &put]).await;
    check(
        json!({ "TargetUin": ann.uin, "Bucket": BUCKET }),
        &[&missing, &refused, &put],
    )
    .await;
    check(json!({ "AccessKeyId": session.id, "Bucket": BUCKET }), &[&put]).await;
    check(
        json!({ "SessionName": "tests", "Outcome": "allowed", "Bucket": BUCKET }),
        &[&put],
    )
    .await;
    check(json!({ "From": 4_000_000_000_i64 }), &[]).await;

    // Pages hang together.
    let (whole, _) = search(&server, &root, json!({ "Bucket": BUCKET })).await;
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let mut parameters = json!({ "Bucket": BUCKET, "Limit": 1 });
        if let Some(before) = before {
            parameters["Before"] = json!(before);
        }
        let (records, next) = search(&server, &root, parameters).await;
        paged.extend(records);
        before = next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(ids(&paged), ids(&whole));

    for bad in [
        json!({ "Limit": 0 }),
        json!({ "Limit": 1001 }),
        json!({ "Outcome": "x" }),
        json!({ "From": i64::MAX }),
    ] {
        assert_eq!(
            code(&call(&server, &root, "SearchAudit", bad).await),
            "InvalidParameterValue"
        );
    }
    // Nothing that could be used is told: no secret, no token.
    let told = json!(search(&server, &root, json!({ "Limit": 1000 })).await.0).to_string();
    assert!(!told.contains(session.token.as_deref().unwrap()) && !told.contains(&session.secret));
    let nobody = call(&server, &ann.key, "SearchAudit", json!({})).await;
    assert_eq!(code(&nobody), "AuthFailure.UnauthorizedOperation");
    server.stop().await;
}

#[tokio::test]
async fn the_end_of_a_key_is_told_and_who_still_tries_it() {
    let server = server().await;
    let root = Key::root();
    let ann = user(&server, "ann", &policy(&[("allow", &["*"], &["*"])])).await;
    let session = mint(&server, &ann.key, None, 1800).await;
    let ways = [
        (
            json!({ "TmpSecretIds": [session.id] }),
            format!("key/{}", session.id),
        ),
        (json!({ "SecretId": ann.key.id }), format!("key/{}", ann.key.id)),
        (json!({ "TargetUin": ann.uin }), format!("uin/{}", ann.uin)),
        (json!({ "SessionName": "tests" }), "session-name/tests".to_owned()),
    ];
    for (target, told) in ways {
        assert_eq!(code(&call(&server, &root, "RevokeSession", target).await), "");
        let calls = json!({ "ActionName": "sts:RevokeSession", "Limit": 1 });
        let (records, _) = search(&server, &root, calls).await;
        assert_eq!(records[0]["about"], json!([told]));
    }
    let tried = act(&server, &session, "GET", "/", b"").await;
    assert_eq!(tried.status, 403);
    let (records, _) = search(&server, &root, json!({ "AccessKeyId": session.id, "Limit": 1 })).await;
    assert_eq!(records[0]["requestId"], tried.header("x-cos-request-id").unwrap());
    assert_eq!(records[0]["code"], "SessionRevoked");
    assert_eq!(records[0]["proven"], true);
    assert_eq!(records[0]["originalAccessKeyId"], ann.key.id);
    server.stop().await;
}

#[tokio::test]
async fn an_account_sees_nothing_of_another() {
    let (server, other) = two_accounts().await;
    // The other one tries a bucket that is not its own, and does something at home.
    let tried = act(&server, &other.root, "GET", "/k", b"").await;
    let tried = tried.header("x-cos-request-id").unwrap().to_owned();
    call(&server, &other.root, "ListUsers", json!({})).await;

    let (own, _) = search(&server, &Key::root(), json!({ "Limit": 1000 })).await;
    let seen = own
        .iter()
        .find(|record| record["requestId"] == tried.as_str())
        .unwrap();
    assert_eq!(seen["operation"], "cos:GetObject");
    assert_eq!(seen["status"], 403);
    let told = json!(own).to_string();
    assert!(!told.contains(&other.root.id), "{seen}");
    for record in &own {
        let by_own = record["ownerUin"] == 100_000_000_001_u64;
        assert!(by_own || record["bucket"].is_string(), "{record}");
        assert!(
            by_own || record["accessKeyId"].is_null() && record["uin"].is_null() && record["ip"] == "",
            "{record}"
        );
    }
    // What is withheld is not found by looking for it either.
    let (none, _) = search(&server, &Key::root(), json!({ "AccessKeyId": other.root.id })).await;
    let made_it = |record: &Value| record["operation"] == "cam:CreateRootAccount";
    assert!(none.iter().all(made_it), "{none:?}");
    let (none, _) = search(&server, &Key::root(), json!({ "TargetUin": other.owner_uin })).await;
    assert!(none.iter().all(made_it), "{none:?}");

    // The other one sees its own requests, and not what decided in a bucket that is not its own.
    let (theirs, _) = search(&server, &other.root, json!({ "Limit": 1000 })).await;
    assert!(
        theirs.iter().all(|record| record["ownerUin"] == other.owner_uin),
        "{theirs:?}"
    );
    let seen = theirs
        .iter()
        .find(|record| record["requestId"] == tried.as_str())
        .unwrap();
    assert_eq!(seen["decision"], json!({ "allowed": false }));
    server.stop().await;
}
