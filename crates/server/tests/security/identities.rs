//! Rights over users, keys and policies: what they reach, and that nobody widens what bounds it.

use serde_json::json;

use crate::kit::{Key, act, call, code, expect, mint, policy, server, user};

const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);
const DENIED: &str = "AuthFailure.UnauthorizedOperation";

fn user_resource(uin: u64) -> String {
    format!("qcs::cam::uin/100000000001:uin/{uin}")
}

#[tokio::test]
async fn mechanism_3_nobody_edits_what_bounds_it_without_the_right() {
    let server = server().await;
    let user = user(&server, "eve", &policy(&[NOTHING])).await;
    let attach = json!({ "AttachUin": user.uin, "PolicyId": 1 });
    let detach = json!({ "DetachUin": user.uin, "PolicyId": user.policy });
    let delete = json!({ "PolicyId": [user.policy] });
    for (action, parameters) in [
        ("AttachUserPolicy", attach.clone()),
        ("DetachUserPolicy", detach),
        ("DeletePolicy", delete),
    ] {
        assert_eq!(
            code(&call(&server, &user.key, action, parameters).await),
            DENIED,
            "{action}"
        );
    }
    // Even an administrator's session does not, for itself or anybody.
    let root = Key::root();
    assert_eq!(
        code(&call(&server, &root, "AttachUserPolicy", attach.clone()).await),
        ""
    );
    let session = mint(&server, &user.key, None, 1800).await;
    let attach = json!({ "AttachUin": user.uin, "PolicyId": 2 });
    assert_eq!(
        code(&call(&server, &session, "AttachUserPolicy", attach.clone()).await),
        DENIED
    );
    // Its permanent key does: whoever may attach policies is an administrator, as in the original.
    assert_eq!(
        code(&call(&server, &user.key, "AttachUserPolicy", attach).await),
        ""
    );
    server.stop().await;
}

#[tokio::test]
async fn mechanism_4_a_right_over_one_user_reaches_no_other() {
    let server = server().await;
    let victim = user(&server, "victim", &policy(&[NOTHING])).await;
    let keeper = user(&server, "keeper", &policy(&[NOTHING])).await;
    let own = policy(&[("allow", &["cam:*"], &[&user_resource(keeper.uin)])]);
    let limited = json!({ "PolicyName": "own", "PolicyDocument": own });
    let made = call(&server, &Key::root(), "CreatePolicy", limited).await;
    let attach = json!({ "AttachUin": keeper.uin, "PolicyId": made["PolicyId"] });
    assert_eq!(
        code(&call(&server, &Key::root(), "AttachUserPolicy", attach).await),
        ""
    );
    for target in [victim.uin, 100_000_000_001, 1, u64::MAX] {
        for (action, parameters) in [
            ("CreateAccessKey", json!({ "TargetUin": target })),
            ("ListAccessKeys", json!({ "TargetUin": target })),
            (
                "UpdateAccessKey",
                json!({ "TargetUin": target, "AccessKeyId": victim.key.id, "Status": "Inactive" }),
            ),
            (
                "DeleteAccessKey",
                json!({ "TargetUin": target, "AccessKeyId": victim.key.id }),
            ),
            ("AttachUserPolicy", json!({ "AttachUin": target, "PolicyId": 1 })),
            (
                "DetachUserPolicy",
                json!({ "DetachUin": target, "PolicyId": victim.policy }),
            ),
            ("ListAttachedUserPolicies", json!({ "TargetUin": target })),
        ] {
            let answer = call(&server, &keeper.key, action, parameters).await;
            assert_eq!(code(&answer), DENIED, "{action} {target}");
        }
    }
    for (action, parameters) in [
        ("DeleteUser", json!({ "Name": "victim", "Force": 1 })),
        ("GetUser", json!({ "Name": "victim" })),
        ("GetUser", json!({ "Name": "not-there" })),
        ("AddUser", json!({ "Name": "new" })),
        ("ListUsers", json!({})),
    ] {
        assert_eq!(
            code(&call(&server, &keeper.key, action, parameters).await),
            DENIED,
            "{action}"
        );
    }
    // Its own number does not lend it another's key.
    let foreign = json!({ "AccessKeyId": victim.key.id, "Status": "Inactive" });
    let answer = call(&server, &keeper.key, "UpdateAccessKey", foreign).await;
    assert_eq!(code(&answer), "OperationDenied.UinNotMatch");
    // What it does reach.
    assert_eq!(
        code(&call(&server, &keeper.key, "ListAccessKeys", json!({})).await),
        ""
    );
    assert_eq!(
        code(&call(&server, &keeper.key, "CreateAccessKey", json!({})).await),
        ""
    );
    server.stop().await;
}

#[tokio::test]
async fn mechanism_4_no_administrator_reaches_the_root_s_keys() {
    let server = server().await;
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let admin = user(&server, "admin", &everything).await;
    let root = json!(100_000_000_001_u64);
    for (action, parameters) in [
        ("CreateAccessKey", json!({ "TargetUin": root })),
        (
            "UpdateAccessKey",
            json!({ "TargetUin": root, "AccessKeyId": Key::root().id, "Status": "Inactive" }),
        ),
        (
            "DeleteAccessKey",
            json!({ "TargetUin": root, "AccessKeyId": Key::root().id }),
        ),
    ] {
        assert_eq!(
            code(&call(&server, &admin.key, action, parameters).await),
            DENIED,
            "{action}"
        );
    }
    let attach = json!({ "AttachUin": root, "PolicyId": 1 });
    let answer = call(&server, &admin.key, "AttachUserPolicy", attach).await;
    assert_eq!(code(&answer), "ResourceNotFound.UserNotExist");
    // The root itself may have a second key, and may end the first with it.
    let made = call(&server, &Key::root(), "CreateAccessKey", json!({})).await;
    let second = Key::permanent(
        made["AccessKey"]["AccessKeyId"].as_str().unwrap(),
        made["AccessKey"]["SecretAccessKey"].as_str().unwrap(),
    );
    let first = json!({ "AccessKeyId": Key::root().id });
    assert_eq!(code(&call(&server, &second, "DeleteAccessKey", first).await), "");
    expect(
        &act(&server, &Key::root(), "GET", "/", b"").await,
        403,
        "InvalidAccessKeyId",
    );
    expect(&act(&server, &second, "GET", "/", b"").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn mechanism_5_and_7_no_surplus_parameter_is_taken() {
    let server = server().await;
    let root = Key::root();
    for (action, parameters) in [
        ("AddUser", json!({ "Name": "n", "PolicyDocument": "x" })),
        ("AddUser", json!({ "Name": "n", "Uin": 100_000_000_001_u64 })),
        (
            "CreateAccessKey",
            json!({ "AccessKeyId": "AKIDchosen0123456789" }),
        ),
        ("CreateAccessKey", json!({ "SecretAccessKey": "chosen" })),
        ("GetFederationToken", json!({ "Name": "n", "Uin": 1 })),
        ("GetFederationToken", json!({ "Name": "n", "Claims": {} })),
        ("GetCallerIdentity", json!({ "Uin": 1 })),
    ] {
        let answer = call(&server, &root, action, parameters.clone()).await;
        assert_eq!(code(&answer), "UnknownParameter", "{action} {parameters}");
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_12_and_13_a_policy_is_what_it_says_at_this_moment() {
    let server = server().await;
    let user = user(
        &server,
        "moved",
        &policy(&[("allow", &["cos:GetBucket"], &["*"])]),
    )
    .await;
    expect(&act(&server, &user.key, "GET", "/", b"").await, 200, "");
    let deny = policy(&[("deny", &["*"], &["*"])]);
    let made = call(
        &server,
        &Key::root(),
        "CreatePolicy",
        json!({ "PolicyName": "deny", "PolicyDocument": deny }),
    )
    .await;
    let attach = json!({ "AttachUin": user.uin, "PolicyId": made["PolicyId"] });
    assert_eq!(
        code(&call(&server, &Key::root(), "AttachUserPolicy", attach).await),
        ""
    );
    expect(
        &act(&server, &user.key, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    // Being an administrator beside it does not help.
    let attach = json!({ "AttachUin": user.uin, "PolicyId": 1 });
    assert_eq!(
        code(&call(&server, &Key::root(), "AttachUserPolicy", attach).await),
        ""
    );
    expect(
        &act(&server, &user.key, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

#[tokio::test]
async fn mechanism_16_a_key_without_permissions_has_none() {
    let server = server().await;
    let root = Key::root();
    let made = call(&server, &root, "AddUser", json!({ "Name": "bare", "UseApi": 1 })).await;
    let key = Key::permanent(
        made["SecretId"].as_str().unwrap(),
        made["SecretKey"].as_str().unwrap(),
    );
    for (method, target) in [("GET", "/"), ("PUT", "/k"), ("DELETE", "/"), ("GET", "/k")] {
        expect(
            &act(&server, &key, method, target, b"").await,
            403,
            "AccessDenied",
        );
    }
    // Nor has a key that it mints, whatever its policy says.
    let everything = policy(&[("allow", &["*"], &["*"])]);
    for narrowed in [None, Some(everything.as_str())] {
        let minted = mint(&server, &key, narrowed, 1800).await;
        expect(&act(&server, &minted, "GET", "/", b"").await, 403, "AccessDenied");
        assert_eq!(
            code(&call(&server, &minted, "ListUsers", json!({})).await),
            DENIED
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_19_absent_empty_deny_and_allow_on_both_sides() {
    let server = server().await;
    let allow = policy(&[("allow", &["cos:GetBucket"], &["*"])]);
    let deny = policy(&[("deny", &["cos:GetBucket"], &["*"])]);
    let other = policy(&[NOTHING]);
    for (index, (own, own_allows)) in [(&allow, true), (&deny, false), (&other, false)]
        .into_iter()
        .enumerate()
    {
        let user = user(&server, &format!("user{index}"), own).await;
        for (narrowed, allows) in [
            (None, true),
            (Some(&allow), true),
            (Some(&deny), false),
            (Some(&other), false),
        ] {
            let key = mint(&server, &user.key, narrowed.map(String::as_str), 1800).await;
            let answer = act(&server, &key, "GET", "/", b"").await;
            assert_eq!(answer.status == 200, own_allows && allows, "{own} {narrowed:?}");
        }
    }
    // A policy that is there and says nothing is refused instead of widened.
    for empty in [
        "{}",
        r#"{"version":"2.0"}"#,
        r#"{"version":"2.0","statement":[]}"#,
    ] {
        let parameters = json!({ "Name": "n", "Policy": empty });
        let minted = call(&server, &Key::root(), "GetFederationToken", parameters).await;
        assert_ne!(code(&minted), "", "{empty:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_55_a_signature_is_no_permission() {
    let server = server().await;
    let user = user(&server, "signer", &policy(&[NOTHING])).await;
    for (action, parameters) in [
        ("ListUsers", json!({})),
        ("ListPolicies", json!({})),
        ("GetPolicy", json!({ "PolicyId": 1 })),
        ("ListAccessKeys", json!({})),
        ("ListAccessKeys", json!({ "TargetUin": 100_000_000_001_u64 })),
    ] {
        assert_eq!(
            code(&call(&server, &user.key, action, parameters).await),
            DENIED,
            "{action}"
        );
    }
    server.stop().await;
}
