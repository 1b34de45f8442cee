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

/// Calls an action as the root, and fails if it is refused.
async fn done(
    server: &daypass_testkit::TestServer,
    action: &str,
    parameters: serde_json::Value,
) -> serde_json::Value {
    let answer = call(server, &Key::root(), action, parameters).await;
    assert_eq!(code(&answer), "", "{action}: {answer}");
    answer
}

async fn policy_of(server: &daypass_testkit::TestServer, name: &str, document: &str) -> u64 {
    let parameters = json!({ "PolicyName": name, "PolicyDocument": document });
    let made = done(server, "CreatePolicy", parameters).await;
    made["PolicyId"].as_u64().unwrap()
}

#[tokio::test]
async fn a_group_gives_and_takes_with_the_next_request() {
    let server = server().await;
    let user = user(&server, "ann", &policy(&[NOTHING])).await;
    let session = mint(&server, &user.key, None, 1800).await;
    let group = done(&server, "CreateGroup", json!({ "GroupName": "g" })).await["GroupId"].clone();
    let all = policy_of(&server, "all", &policy(&[("allow", &["cos:*"], &["*"])])).await;
    let none = policy_of(&server, "none", &policy(&[("deny", &["cos:*"], &["*"])])).await;
    let info = json!({ "Info": [{ "GroupId": group, "Uin": user.uin }] });
    let attach = |policy: u64| json!({ "AttachGroupId": group, "PolicyId": policy });
    let detach = |policy: u64| json!({ "DetachGroupId": group, "PolicyId": policy });
    let steps = [
        ("AttachGroupPolicy", attach(all), 403),
        ("AddUserToGroup", info.clone(), 200),
        ("AttachGroupPolicy", attach(none), 403),
        ("DetachGroupPolicy", detach(none), 200),
        ("RemoveUserFromGroup", info.clone(), 403),
        ("AddUserToGroup", info, 200),
        ("DeleteGroup", json!({ "GroupId": group }), 403),
    ];
    for (action, parameters, expected) in steps {
        done(&server, action, parameters).await;
        for key in [&user.key, &session] {
            let answer = act(&server, key, "PUT", "/k", b"v").await;
            assert_eq!(answer.status, expected, "after {action}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_boundary_binds_keys_and_sessions_from_the_next_request() {
    let server = server().await;
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let user = user(&server, "ann", &everything).await;
    let session = mint(&server, &user.key, None, 1800).await;
    let reading = policy(&[("allow", &["cos:GetObject"], &["*"])]);
    let writing = policy(&[("allow", &["cos:PutObject"], &["*"])]);
    let bound = policy_of(&server, "bound", &reading).await;
    assert_eq!(act(&server, &user.key, "PUT", "/k", b"v").await.status, 200);
    let check = async |put: u16, get: u16| {
        for key in [&user.key, &session] {
            assert_eq!(act(&server, key, "PUT", "/k", b"v").await.status, put);
            assert_eq!(act(&server, key, "GET", "/k", b"").await.status, get);
        }
    };
    let put = json!({ "TargetUin": user.uin, "PolicyId": bound });
    done(&server, "PutUserPermissionsBoundary", put).await;
    check(403, 200).await;
    // A boundary is no right.
    let detach = json!({ "DetachUin": user.uin, "PolicyId": user.policy });
    done(&server, "DetachUserPolicy", detach).await;
    check(403, 403).await;
    let attach = json!({ "AttachUin": user.uin, "PolicyId": user.policy });
    done(&server, "AttachUserPolicy", attach).await;
    // The default version counts, for boundaries too.
    let version = json!({ "PolicyId": bound, "PolicyDocument": writing, "SetAsDefault": true });
    done(&server, "CreatePolicyVersion", version).await;
    check(200, 403).await;
    done(
        &server,
        "SetDefaultPolicyVersion",
        json!({ "PolicyId": bound, "VersionId": 1 }),
    )
    .await;
    check(403, 200).await;
    let refused = call(
        &server,
        &Key::root(),
        "DeletePolicy",
        json!({ "PolicyId": [bound] }),
    )
    .await;
    assert_eq!(code(&refused), "ResourceInUse");
    done(
        &server,
        "DeleteUserPermissionsBoundary",
        json!({ "TargetUin": user.uin }),
    )
    .await;
    check(200, 200).await;
    server.stop().await;
}

/// Whoever may manage groups but not this one, or everybody but this user, is held to that.
#[tokio::test]
async fn rights_over_groups_are_rights_over_single_ones() {
    let server = server().await;
    let nothing = policy(&[NOTHING]);
    let eve = user(&server, "eve", &nothing).await;
    let boss = user(&server, "boss", &nothing).await;
    let one = done(&server, "CreateGroup", json!({ "GroupName": "one" })).await["GroupId"].clone();
    let two = done(&server, "CreateGroup", json!({ "GroupName": "two" })).await["GroupId"].clone();
    let group = |id: &serde_json::Value| format!("qcs::cam::uin/100000000001:groupid/{id}");
    let administrator = "qcs::cam::uin/100000000001:policyid/1";
    let rights = policy(&[
        (
            "allow",
            &["cam:AddUserToGroup", "cam:AttachGroupPolicy"],
            &[&group(&one)],
        ),
        ("allow", &["cam:*"], &[&user_resource(eve.uin)]),
        ("deny", &["cam:*"], &[&user_resource(boss.uin)]),
        ("deny", &["cam:AttachGroupPolicy"], &[administrator]),
    ]);
    let rights = policy_of(&server, "rights", &rights).await;
    done(
        &server,
        "AttachUserPolicy",
        json!({ "AttachUin": eve.uin, "PolicyId": rights }),
    )
    .await;
    let join = |group: &serde_json::Value, uin: u64| json!({ "Info": [{ "GroupId": group, "Uin": uin }] });
    let check = async |action: &str, parameters: serde_json::Value, expected: &str| {
        let answer = call(&server, &eve.key, action, parameters).await;
        assert_eq!(code(&answer), expected, "{action}: {answer}");
    };
    check("AddUserToGroup", join(&one, eve.uin), "").await;
    // The right over itself is none over a group.
    check("AddUserToGroup", join(&two, eve.uin), DENIED).await;
    check("AddUserToGroup", join(&one, boss.uin), DENIED).await;
    let uid = done(&server, "GetUser", json!({ "Name": "boss" })).await["Uid"].clone();
    check(
        "AddUserToGroup",
        json!({ "Info": [{ "GroupId": one, "Uid": uid }] }),
        DENIED,
    )
    .await;
    check(
        "AttachGroupPolicy",
        json!({ "AttachGroupId": one, "PolicyId": 2 }),
        "",
    )
    .await;
    check(
        "AttachGroupPolicy",
        json!({ "AttachGroupId": one, "PolicyId": 1 }),
        DENIED,
    )
    .await;
    check(
        "AttachGroupPolicy",
        json!({ "AttachGroupId": two, "PolicyId": 2 }),
        DENIED,
    )
    .await;
    server.stop().await;
}

/// The right over a policy is one over it by name as well.
#[tokio::test]
async fn a_policy_that_is_named_is_the_policy_that_is_judged() {
    let server = server().await;
    let eve = user(&server, "eve", &policy(&[NOTHING])).await;
    let mine = policy_of(&server, "mine", &policy(&[NOTHING])).await;
    let resource = format!("qcs::cam::uin/100000000001:policyid/{mine}");
    let rights = policy(&[("allow", &["cam:UpdatePolicy"], &[&resource])]);
    let rights = policy_of(&server, "rights", &rights).await;
    done(
        &server,
        "AttachUserPolicy",
        json!({ "AttachUin": eve.uin, "PolicyId": rights }),
    )
    .await;
    let by_name = |name: &str| json!({ "PolicyName": name, "Description": "d" });
    let answer = call(&server, &eve.key, "UpdatePolicy", by_name("mine")).await;
    assert_eq!(answer["PolicyId"], json!(mine));
    for other in ["rights", "AdministratorAccess", "missing"] {
        let answer = call(&server, &eve.key, "UpdatePolicy", by_name(other)).await;
        assert_eq!(code(&answer), DENIED, "{other}");
    }
    let missing = call(&server, &Key::root(), "UpdatePolicy", by_name("missing")).await;
    assert_eq!(code(&missing), "ResourceNotFound.PolicyIdNotFound");
    server.stop().await;
}
