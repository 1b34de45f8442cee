//! Lists of temporary keys: each with what became of it, as a request with the key would find out; never those of
//! another account, and whoever is not allowed to is told nothing.

use std::io;
use std::path::Path;
use std::time::Duration;

use daypass_audit::{Disk, SegmentFile, SystemDisk};
use daypass_server::Ground;
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, call, code, key_of, mint, policy, server, user};

async fn assume(server: &TestServer, by: &Key, name: &str) -> Key {
    let arn = "qcs::cam::uin/100000000001:roleName/deep";
    let parameters = json!({ "RoleArn": arn, "RoleSessionName": name });
    key_of(&call(server, by, "AssumeRole", parameters).await)
}

/// What a list tells, at once: it waits for the records of keys that were minted before it was asked for.
async fn listed(server: &TestServer, parameters: Value, expected: usize) -> Vec<Value> {
    let answer = call(server, &Key::root(), "ListSessions", parameters.clone()).await;
    assert_eq!(code(&answer), "", "{answer}");
    let sessions = answer["Sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), expected, "{parameters}");
    sessions
}

/// The disk of the machine, which takes its time with every write.
struct Slow;

struct SlowFile(Box<dyn SegmentFile>);

impl Disk for Slow {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(SlowFile(SystemDisk.create(path)?)))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(SlowFile(SystemDisk.reopen(path, length)?)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }
}

impl SegmentFile for SlowFile {
    fn write_at(&self, length: u64, bytes: &[u8]) -> io::Result<()> {
        std::thread::sleep(Duration::from_millis(150));
        self.0.write_at(length, bytes)
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

#[tokio::test]
async fn a_key_is_listed_as_soon_as_it_is_minted() {
    let ground = Ground {
        audit_disk: Box::new(Slow),
        ..Ground::default()
    };
    let server = TestServer::on(|_| {}, ground).await.unwrap();
    for expected in 1..=3 {
        let key = mint(&server, &Key::root(), None, 1800).await;
        assert_eq!(state(&listed(&server, json!({}), expected).await, &key), "Live");
    }
    server.stop().await;
}

fn state<'s>(sessions: &'s [Value], key: &Key) -> &'s str {
    let found = sessions
        .iter()
        .find(|session| session["TmpSecretId"] == key.id.as_str());
    found.unwrap()["State"].as_str().unwrap()
}

#[tokio::test]
async fn a_list_tells_what_became_of_each_temporary_key() {
    let server = server().await;
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let ann = user(&server, "ann", &everything).await;
    let role = crate::acting::role(&server, "deep", crate::acting::TRUSTS_ROOT, &everything).await;
    let first = assume(&server, &ann.key, "first").await;
    let child = assume(&server, &first, "child").await;
    server.clock.advance_seconds(1);
    let own = mint(&server, &ann.key, None, 1800).await;

    let all = listed(&server, json!({}), 3).await;
    assert_eq!(all[0]["TmpSecretId"], own.id.as_str(), "the newest is first");
    assert_eq!(
        (&all[0]["Type"], &all[0]["Uin"]),
        (&json!("Federation"), &json!(ann.uin))
    );
    assert_eq!(all[0]["MintedBy"], ann.key.id.as_str());
    let (told_child, told_first) = (&all[1], &all[2]);
    assert_eq!(
        (&told_child["RoleId"], &told_child["RoleName"]),
        (&json!(role), &json!("deep"))
    );
    assert_eq!(told_child["MintedBy"], first.id.as_str());
    assert_eq!(told_child["SecretId"], ann.key.id.as_str());
    assert_eq!(
        (&told_child["Ancestors"], &told_first["Ancestors"]),
        (&json!(1), &json!(0))
    );
    assert!(
        [&first, &child, &own]
            .iter()
            .all(|key| state(&all, key) == "Live")
    );

    for (filter, expected) in [
        (json!({ "RoleName": "deep" }), 2),
        (json!({ "RoleId": role }), 2),
        (json!({ "TargetUin": ann.uin }), 3),
        (json!({ "SecretId": ann.key.id }), 3),
        (json!({ "SessionName": "child" }), 1),
        (json!({ "SessionName": "nobody" }), 0),
        (json!({ "LiveOnly": 1 }), 3),
    ] {
        listed(&server, filter, expected).await;
    }

    // A page goes on where the one before ended.
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let mut page = json!({ "Limit": 1 });
        if let Some(before) = before {
            page["Before"] = before;
        }
        let answer = call(&server, &Key::root(), "ListSessions", page).await;
        pages.extend(answer["Sessions"].as_array().unwrap().clone());
        match answer.get("Next") {
            Some(next) => before = Some(next.clone()),
            None => break,
        }
    }
    assert_eq!(pages, all);

    // A child falls with what it was minted from; what was minted beside stays.
    call(
        &server,
        &Key::root(),
        "RevokeSession",
        json!({ "TmpSecretIds": [first.id] }),
    )
    .await;
    let after = listed(&server, json!({}), 3).await;
    assert_eq!(
        (state(&after, &first), state(&after, &child)),
        ("Revoked", "Revoked")
    );
    assert_eq!(state(&after, &own), "Live");
    listed(&server, json!({ "LiveOnly": 1 }), 1).await;

    // A disabled key takes what it began with it, and so does time.
    let disable = json!({ "TargetUin": ann.uin, "AccessKeyId": ann.key.id, "Status": "Inactive" });
    let disabled = call(&server, &Key::root(), "UpdateAccessKey", disable).await;
    assert_eq!(code(&disabled), "", "{disabled}");
    assert_eq!(state(&listed(&server, json!({}), 3).await, &own), "Orphaned");
    server.clock.advance_seconds(7200);
    assert_eq!(state(&listed(&server, json!({}), 3).await, &own), "Expired");
    server.stop().await;
}

#[tokio::test]
async fn keys_fall_with_the_ring_that_sealed_them() {
    let server = server().await;
    let key = mint(&server, &Key::root(), None, 1800).await;
    assert_eq!(state(&listed(&server, json!({}), 1).await, &key), "Live");
    call(&server, &Key::root(), "EndAllSessions", json!({})).await;
    assert_eq!(state(&listed(&server, json!({}), 1).await, &key), "Revoked");
    server.stop().await;
}

#[tokio::test]
async fn nobody_sees_sessions_that_are_not_his_to_see() {
    let server = server().await;
    mint(&server, &Key::root(), None, 1800).await;
    listed(&server, json!({}), 1).await;
    let made = call(&server, &Key::root(), "CreateRootAccount", json!({})).await;
    let other = Key {
        id: made["SecretId"].as_str().unwrap().to_owned(),
        secret: made["SecretKey"].as_str().unwrap().to_owned(),
        token: None,
    };
    let answer = call(&server, &other, "ListSessions", json!({})).await;
    assert_eq!(answer["Sessions"], json!([]), "{answer}");
    let nothing = policy(&[("allow", &["cos:NoSuchAction"], &["*"])]);
    let bob = user(&server, "bob", &nothing).await;
    let refused = call(&server, &bob.key, "ListSessions", json!({})).await;
    assert_eq!(code(&refused), "UnauthorizedOperation", "{refused}");
    server.stop().await;
}

#[tokio::test]
async fn bounds_of_a_list() {
    let server = server().await;
    for (parameters, expected) in [
        (json!({ "Limit": 200 }), ""),
        (json!({ "Limit": 201 }), "InvalidParameterValue"),
        (json!({ "Limit": 0 }), "InvalidParameterValue"),
        (json!({ "Before": -1 }), "InvalidParameterValue"),
        (json!({ "LiveOnly": 2 }), "InvalidParameterValue"),
        (
            json!({ "SessionName": "a", "TargetUin": 1 }),
            "InvalidParameterValue",
        ),
        (json!({ "Unknown": 1 }), "UnknownParameter"),
    ] {
        let answer = call(&server, &Key::root(), "ListSessions", parameters.clone()).await;
        assert_eq!(code(&answer), expected, "{parameters}");
    }
    server.stop().await;
}
