//! Roles and those who act as them, for tests.

#![allow(dead_code, reason = "each test binary uses a part")]

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, User, act, call, done, key_of, policy_of};

/// The root account of the test server.
pub(crate) const OWNER: u64 = 100_000_000_001;
/// A trust policy that names the root account, which is everybody in it who has a right of his own.
pub(crate) const TRUSTS_ROOT: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"name/sts:AssumeRole","principal":{"qcs":["qcs::cam::uin/100000000001:root"]}}]}"#;

pub(crate) fn trusts(who: &str) -> String {
    TRUSTS_ROOT.replace("qcs::cam::uin/100000000001:root", who)
}

pub(crate) fn trusts_user(user: &User) -> String {
    trusts(&format!("qcs::cam::uin/{OWNER}:uin/{}", user.uin))
}

/// A role with this trust and these permissions; its number.
pub(crate) async fn role(server: &TestServer, name: &str, trust: &str, document: &str) -> String {
    let made = done(
        server,
        "CreateRole",
        json!({ "RoleName": name, "PolicyDocument": trust }),
    )
    .await;
    let id = made["RoleId"].as_str().unwrap().to_owned();
    // Policies outlive roles, so that each gets a name of its own.
    let policy = policy_of(server, &format!("of-role-{id}"), document).await;
    let attach = json!({ "AttachRoleId": id, "PolicyId": policy });
    done(server, "AttachRolePolicy", attach).await;
    id
}

pub(crate) fn asked(name: &str) -> Value {
    json!({
        "RoleArn": format!("qcs::cam::uin/{OWNER}:roleName/{name}"),
        "RoleSessionName": "session",
        "DurationSeconds": 1800,
    })
}

pub(crate) fn with(mut parameters: Value, name: &str, value: impl Into<Value>) -> Value {
    parameters[name] = value.into();
    parameters
}

pub(crate) async fn assume(server: &TestServer, by: &Key, name: &str) -> Value {
    call(server, by, "AssumeRole", asked(name)).await
}

/// A session of this role.
pub(crate) async fn session(server: &TestServer, by: &Key, name: &str) -> Key {
    key_of(&assume(server, by, name).await)
}

pub(crate) async fn may_list(server: &TestServer, key: &Key) -> bool {
    act(server, key, "GET", "/", b"").await.status == 200
}
